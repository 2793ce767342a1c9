//! What this machine allows, by trying it: distributions, containers and administrators each forbid something else.

use super::Identity;
use crate::run::{self, Question};
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// Whether something is to be had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ability {
    /// It was tried and works.
    Yes,
    /// It does not, and why.
    No(String),
}

impl Ability {
    /// Whether it works.
    #[must_use]
    pub fn is_there(&self) -> bool {
        *self == Ability::Yes
    }
}

/// What this machine allows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Abilities {
    /// A private view of the files.
    pub mounts: Ability,
    /// A network of its own, without any connection.
    pub network: Ability,
    /// A host name of its own.
    pub host_name: Ability,
    /// Another user and group.
    pub user: Ability,
    pub(super) caller: Identity,
    /// Whether namespaces take a user namespace around them, because the caller is not root or not allowed to.
    pub(super) by_user_namespace: bool,
    pub(super) unshare: PathBuf,
    pub(super) setpriv: PathBuf,
}

/// Folders of the system's programs.
const FOLDERS: [&str; 4] = ["/usr/bin", "/usr/sbin", "/bin", "/sbin"];
/// Their variable.
const PATH: &str = "/usr/sbin:/usr/bin:/sbin:/bin";
/// A number that is nobody's, for trying.
const SOMEBODY: Identity = Identity {
    uid: 54_321,
    gid: 54_322,
};

impl Abilities {
    /// Tries what there is. Takes a few milliseconds and changes nothing.
    #[must_use]
    pub fn probe() -> Abilities {
        let mut can = Abilities::none("it was not tried");
        let Some(caller) = caller() else {
            return Abilities::none("namespaces are Linux's, and this is another system");
        };
        can.caller = caller;
        for (name, place) in [("unshare", &mut can.unshare), ("setpriv", &mut can.setpriv)] {
            match FOLDERS
                .map(|folder| Path::new(folder).join(name))
                .into_iter()
                .find(|p| p.is_file())
            {
                Some(path) => *place = path,
                None => return Abilities::none(&format!("there is no {name} in {PATH}")),
            }
        }
        can.by_user_namespace = caller.uid != 0 || !tried(&can, MOUNTS).is_there();
        can.mounts = tried(&can, MOUNTS);
        can.network = tried(&can, &["--net", "--", "/bin/sh", "-c", ":"]);
        can.host_name = tried(&can, &["--uts", "--", "hostname", "elsewhere"]);
        can.user = ask(become_somebody(&can));
        can
    }

    /// Abilities of a machine that allows nothing, for one reason.
    #[must_use]
    pub fn none(why: &str) -> Abilities {
        let no = || Ability::No(why.to_owned());
        Abilities {
            mounts: no(),
            network: no(),
            host_name: no(),
            user: no(),
            caller: SOMEBODY,
            by_user_namespace: false,
            unshare: PathBuf::new(),
            setpriv: PathBuf::new(),
        }
    }

    /// `unshare` up to the namespaces that are wanted.
    pub(super) fn unshare(&self) -> Vec<OsString> {
        let mut words = vec![self.unshare.clone().into()];
        if self.by_user_namespace {
            words.extend(["--user", "--map-root-user"].map(OsString::from));
        }
        words
    }
}

/// A mount over the root is seen by nobody.
const MOUNTS: &[&str] = &["--mount", "--", "mount", "-t", "tmpfs", "goassay", "/"];

/// Whether `unshare` with these further words ends well.
fn tried(can: &Abilities, words: &[&str]) -> Ability {
    let mut argv = can.unshare();
    argv.extend(words.iter().map(OsString::from));
    ask(argv)
}

/// From within the namespaces of the others, as it will be used.
fn become_somebody(can: &Abilities) -> Vec<OsString> {
    let mut argv = can.unshare();
    if can.by_user_namespace {
        argv.push("--".into());
        argv.push(can.unshare.clone().into());
    }
    let Identity { uid, gid } = SOMEBODY;
    let maps = [format!("--map-user={uid}"), format!("--map-group={gid}")];
    argv.push("--user".into());
    argv.extend(maps.map(OsString::from));
    let is_it = format!("test $(id -u) = {uid}");
    argv.extend(["--", "/bin/sh", "-c", &is_it].map(OsString::from));
    argv
}

fn ask(argv: Vec<OsString>) -> Ability {
    let answer = run::ask(&Question {
        argv,
        environment: vec![("PATH".into(), PATH.into()), ("LC_ALL".into(), "C".into())],
        folder: Path::new("/"),
    });
    match answer {
        Ok(answer) if answer.code == Some(0) => Ability::Yes,
        Ok(answer) => Ability::No(reason(&answer)),
        Err(error) => Ability::No(error.to_string()),
    }
}

fn reason(answer: &run::Answer) -> String {
    let first = answer.stderr.lines().map(str::trim).find(|l| !l.is_empty());
    match (first, answer.code) {
        (Some(line), _) => line.to_owned(),
        (None, Some(code)) => format!("it ends with exit code {code}"),
        (None, None) => "it is ended by a signal".to_owned(),
    }
}

/// Who runs this.
#[cfg(target_os = "linux")]
fn caller() -> Option<Identity> {
    use std::os::unix::fs::MetadataExt;
    let own = std::fs::metadata("/proc/self").ok()?;
    let (uid, gid) = (own.uid(), own.gid());
    Some(Identity { uid, gid })
}

#[cfg(not(target_os = "linux"))]
fn caller() -> Option<Identity> {
    None
}
