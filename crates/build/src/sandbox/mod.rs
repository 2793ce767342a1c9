//! One command line in namespaces of its own, made by the system's `unshare`, `mount` and `setpriv`: without network, with
//! folders at other places, under another host name or user, with another umask.
//!
//! Places may be missing on this machine (`/home/alice/go/pkg/mod`): they are made in a private root in memory, and no real file
//! system is written. Works as root and as an ordinary user of a kernel that allows user namespaces; [`Abilities::probe`] says what
//! this machine allows, and why not. This keeps a build honest about its inputs. It is no jail for hostile programs: what is not
//! covered stays readable.

mod place;
mod probe;

pub use place::{Refused, admit};
pub use probe::{Abilities, Ability};

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::PathBuf;

/// A folder or file of this machine, and the place at which it is seen.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Bind {
    /// What there is.
    pub from: PathBuf,
    /// Where it is seen.
    pub to: PathBuf,
}

/// Who the program thinks that it is. On the outside it stays the caller, so that its files are the caller's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identity {
    /// Number of the user.
    pub uid: u32,
    /// Number of the group.
    pub gid: u32,
}

/// What is other than outside. The default is nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sandbox {
    /// Whether there is a network.
    pub network: bool,
    /// Folders at other places, which need not be there; each place from [`admit`]. Nested ones are laid from the outside in.
    pub binds: Vec<Bind>,
    /// An empty folder of the caller's, needed where there are binds: the private root is laid over it, nothing is written to it.
    pub scratch: Option<PathBuf>,
    /// Files that are seen instead of others, which have to be there (`/etc/passwd`). Only by the caller's own choice.
    pub covers: Vec<Bind>,
    /// The host name.
    pub host_name: Option<String>,
    /// The user and group.
    pub user: Option<Identity>,
    /// The umask.
    pub umask: Option<u32>,
    /// No new privileges, and where the caller is root, only the capabilities that files take.
    pub confine: bool,
}

impl Default for Sandbox {
    fn default() -> Sandbox {
        Sandbox {
            network: true,
            binds: Vec::new(),
            scratch: None,
            covers: Vec::new(),
            host_name: None,
            user: None,
            umask: None,
            confine: false,
        }
    }
}

/// Why a command line cannot be wrapped: what this machine does not allow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unable {
    /// What was wanted.
    pub what: &'static str,
    /// Why it is not to be had. From the system's tools.
    pub why: String,
}

impl fmt::Display for Unable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is not to be had here: {}", self.what, self.why)
    }
}

impl std::error::Error for Unable {}

/// What lays the places, as a program of `/bin/sh`.
const LAY: &str = include_str!("lay.sh");

/// Capabilities that reading and writing files takes: all that a confined root keeps.
const FILES: &str = "--bounding-set=-all,+chown,+dac_override,+fowner,+fsetid";

impl Sandbox {
    /// The command line that runs `argv` in this sandbox. The first word of `argv` is looked for in the `PATH` of the environment
    /// that it gets; the folder that it is started in stays the same, or is what is laid there.
    ///
    /// # Errors
    /// This machine does not allow something that is asked for.
    pub fn wrap(&self, argv: &[OsString], can: &Abilities) -> Result<Vec<OsString>, Unable> {
        self.check(can)?;
        let mut words = self.namespaces(can);
        words.extend(["/bin/sh", "-c", LAY, "goassay-sandbox"].map(OsString::from));
        words.push(
            self.scratch
                .as_ref()
                .map_or_else(OsString::new, OsString::from),
        );
        words.extend(self.operations());
        words.push("run".into());
        words.extend(self.become_user(can));
        words.extend(argv.iter().cloned());
        Ok(words)
    }

    fn check(&self, can: &Abilities) -> Result<(), Unable> {
        let lays = !self.binds.is_empty() || !self.covers.is_empty();
        let wanted = [
            (lays, "a private view of the files", &can.mounts),
            (!self.network, "a build without network", &can.network),
            (
                self.host_name.is_some(),
                "another host name",
                &can.host_name,
            ),
            (self.user.is_some(), "another user", &can.user),
        ];
        for (is_wanted, what, ability) in wanted {
            if let (true, Ability::No(why)) = (is_wanted, ability) {
                let why = why.clone();
                return Err(Unable { what, why });
            }
        }
        if self.scratch.is_none() && !self.binds.is_empty() {
            let (what, why) = ("a private root", "no folder was given for it".to_owned());
            return Err(Unable { what, why });
        }
        Ok(())
    }

    /// `unshare` with what has to be apart; nothing where nothing has to.
    fn namespaces(&self, can: &Abilities) -> Vec<OsString> {
        let lays = !self.binds.is_empty() || !self.covers.is_empty();
        let apart = [
            (lays, "--mount"),
            (!self.network, "--net"),
            (self.host_name.is_some(), "--uts"),
        ];
        let apart: Vec<&str> = apart.iter().filter(|a| a.0).map(|a| a.1).collect();
        if apart.is_empty() {
            return Vec::new();
        }
        let mut words = can.unshare();
        words.extend(apart.iter().map(OsString::from));
        words.push("--".into());
        words
    }

    /// What the script is told to do.
    fn operations(&self) -> Vec<OsString> {
        let mut words: Vec<OsString> = Vec::new();
        let mut binds: Vec<&Bind> = self.binds.iter().collect();
        binds.sort_by(|a, b| a.to.cmp(&b.to));
        for bind in &binds {
            words.extend(["bind".into(), (&bind.from).into(), (&bind.to).into()]);
        }
        if !binds.is_empty() {
            words.push("enter".into());
        }
        for cover in &self.covers {
            words.extend(["cover".into(), (&cover.from).into(), (&cover.to).into()]);
        }
        if let Some(name) = &self.host_name {
            words.extend(["name".into(), name.into()]);
        }
        if let Some(umask) = self.umask {
            words.extend(["umask".into(), format!("{umask:04o}").into()]);
        }
        words
    }

    /// What stands before the program: less rights, and another user, or the caller again where a user namespace made it root.
    fn become_user(&self, can: &Abilities) -> Vec<OsString> {
        let is_apart = !self.namespaces(can).is_empty();
        let back = (is_apart && can.by_user_namespace).then_some(can.caller);
        let mut words: Vec<OsString> = Vec::new();
        if self.confine {
            words.extend([can.setpriv.as_os_str(), OsStr::new("--no-new-privs")].map(Into::into));
            let is_root = can.caller.uid == 0 && !can.by_user_namespace;
            words.extend(is_root.then(|| FILES.into()));
            words.push("--".into());
        }
        if let Some(Identity { uid, gid }) = self.user.or(back) {
            words.push(can.unshare.clone().into());
            words.push("--user".into());
            words.push(format!("--map-user={uid}").into());
            words.push(format!("--map-group={gid}").into());
            words.push("--".into());
        }
        words
    }
}

#[cfg(test)]
mod tests;
