//! What each variant of each input does on this machine, or why it cannot.

use super::change::{Change, Clock, Edit, Place};
use super::machine::Machine;
use crate::run::folders;
use crate::sandbox::{Ability, Identity};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;

type Changed = Result<Change, String>;

/// More than a year, and no multiple of a week: another year, month, day and weekday.
const DAYS: u32 = 398;
/// Where folders are laid that are seen at another place.
const ELSEWHERE: &str = "/goassay-vary";

fn allowed(ability: &Ability, what: &str) -> Result<(), String> {
    match ability {
        Ability::Yes => Ok(()),
        Ability::No(why) => Err(format!("{what} is not to be had here: {why}")),
    }
}

fn edited(edit: Edit) -> Change {
    Change {
        edits: vec![edit],
        ..Change::default()
    }
}

/// Sets the variables of these names to a value, those that the environment has, and the first one in any case.
fn renamed(machine: &Machine, names: &[&str], value: &str) -> BTreeMap<OsString, Option<OsString>> {
    let is_there = |(index, name): &(usize, &&str)| *index == 0 || machine.variable(name).is_some();
    let names = names.iter().enumerate().filter(is_there);
    names
        .map(|(_, name)| (name.into(), Some(value.into())))
        .collect()
}

pub(super) fn clock(machine: &Machine) -> Changed {
    machine.program("faketime")?;
    Ok(Change {
        clock: Some(Clock::Ahead(DAYS)),
        ..Change::default()
    })
}

pub(super) fn same_length(_: &Machine) -> Changed {
    Ok(placed(Place::SameLength))
}

pub(super) fn longer(_: &Machine) -> Changed {
    Ok(placed(Place::Longer))
}

fn placed(place: Place) -> Change {
    Change {
        place: Some(place),
        ..Change::default()
    }
}

/// A user list with one name for each number.
fn accounts(name: &str, Identity { uid, gid }: Identity, machine: &Machine) -> String {
    let home = machine.variable("HOME").unwrap_or("/".as_ref());
    format!("{name}:x:{uid}:{gid}::{}:/bin/sh\n", home.to_string_lossy())
}

pub(super) fn user_name(machine: &Machine) -> Changed {
    const NAME: &str = "goassay-somebody";
    let (identity, own) = machine
        .user
        .as_ref()
        .ok_or("it is not known who runs this")?;
    let by_list = allowed(&machine.abilities.mounts, "another list of users").is_ok();
    Ok(Change {
        environment: renamed(machine, &["USER", "LOGNAME", "USERNAME"], NAME),
        accounts: by_list.then(|| accounts(NAME, *identity, machine)),
        traces: vec![own.clone(), NAME.to_owned()],
        ..Change::default()
    })
}

pub(super) fn user_id(machine: &Machine) -> Changed {
    allowed(&machine.abilities.user, "another user")?;
    allowed(&machine.abilities.mounts, "another list of users")?;
    let (_, own) = machine
        .user
        .as_ref()
        .ok_or("it is not known who runs this")?;
    let (uid, gid) = (54_321, 54_322);
    let user = Identity { uid, gid };
    Ok(Change {
        user: Some(user),
        accounts: Some(accounts(own, user, machine)),
        traces: vec![uid.to_string(), gid.to_string()],
        ..Change::default()
    })
}

pub(super) fn home(machine: &Machine) -> Changed {
    let own = machine
        .variable("HOME")
        .map(|home| home.to_string_lossy().into_owned());
    Ok(Change {
        new_home: true,
        traces: own.into_iter().collect(),
        ..Change::default()
    })
}

pub(super) fn umask(_: &Machine) -> Changed {
    Ok(Change {
        umask: Some(0o077),
        ..edited(Edit::Modes)
    })
}

pub(super) fn locale(machine: &Machine) -> Changed {
    let (folder, name) = machine
        .locale
        .as_ref()
        .map_err(|why| format!("no locale that sorts otherwise: {why}"))?;
    let mut change = Change::of_variables(&[("LC_ALL", name), ("LANG", name)]);
    change
        .environment
        .insert("LOCPATH".into(), Some(folder.into()));
    Ok(change)
}

pub(super) fn time_zone(_: &Machine) -> Changed {
    // Written out, so that it needs no list of time zones.
    Ok(Change::of_variables(&[("TZ", "GVT-05:45")]))
}

pub(super) fn host_name(machine: &Machine) -> Changed {
    const NAME: &str = "goassay-elsewhere";
    allowed(&machine.abilities.host_name, "another host name")?;
    let mut environment = renamed(machine, &["HOSTNAME", "HOST"], NAME);
    environment.retain(|name, _| machine.environment.contains_key(name));
    Ok(Change {
        environment,
        host_name: Some(NAME.to_owned()),
        traces: vec![NAME.to_owned()],
        ..Change::default()
    })
}

pub(super) fn more_variables(_: &Machine) -> Changed {
    Ok(Change {
        traces: vec!["goassay-noise".to_owned()],
        ..Change::of_variables(&[
            ("GOASSAY_NOISE", "goassay-noise"),
            ("AAA_GOASSAY_NOISE", "goassay-noise"),
            ("BUILD_ID", "goassay-noise"),
            ("BUILD_NUMBER", "987654321"),
            ("CI", "true"),
            ("DEBUG", ""),
            ("EDITOR", "goassay-noise"),
            ("LESS", "goassay-noise"),
            ("LS_COLORS", "goassay-noise"),
            ("SSH_CONNECTION", "192.0.2.1 1 192.0.2.2 2"),
            ("TERM", "goassay-noise"),
            ("XDG_SESSION_ID", "987654321"),
        ])
    })
}

pub(super) fn fewer_variables(_: &Machine) -> Changed {
    Ok(Change {
        only_needed: true,
        ..Change::default()
    })
}

pub(super) fn processors(machine: &Machine) -> Changed {
    let taskset = machine.program("taskset");
    let one = |program: &std::path::Path| vec![program.into(), "-c".into(), "0".into()];
    Ok(Change {
        before: taskset.map(one).unwrap_or_default(),
        go_flags: vec!["-p=1"],
        ..Change::of_variables(&[("GOMAXPROCS", "1")])
    })
}

pub(super) fn warm_cache(machine: &Machine) -> Changed {
    machine.go()?;
    Ok(Change {
        warm: true,
        ..Change::default()
    })
}

pub(super) fn file_order(machine: &Machine) -> Changed {
    const MOST: u64 = 512 << 20;
    let mib = machine.tree_bytes >> 20;
    match (
        &machine.memory,
        allowed(&machine.abilities.mounts, "a private view of the files"),
    ) {
        (None, _) => Err(
            "there is no file system here that gives files in the order of their making (/dev/shm)"
                .to_owned(),
        ),
        (_, Err(why)) => Err(why),
        _ if machine.tree_bytes > MOST => Err(format!(
            "the tree has {mib} MiB, and would have to be kept in memory"
        )),
        _ => Ok(edited(Edit::Order)),
    }
}

pub(super) fn file_times(_: &Machine) -> Changed {
    Ok(edited(Edit::Times))
}

pub(super) fn temporary_folder(_: &Machine) -> Changed {
    Ok(Change {
        new_temporary: true,
        ..Change::default()
    })
}

pub(super) fn module_cache(machine: &Machine) -> Changed {
    allowed(&machine.abilities.mounts, "a private view of the files")?;
    let from = machine.go()?.modules.clone();
    if !from.is_dir() {
        return Err("there is no module cache yet".to_owned());
    }
    let to = PathBuf::from(ELSEWHERE).join("modules");
    let text = to.to_string_lossy().into_owned();
    Ok(Change {
        traces: vec![from.to_string_lossy().into_owned(), text.clone()],
        binds: vec![(from, to)],
        ..Change::of_variables(&[("GOMODCACHE", &text)])
    })
}

pub(super) fn go_folder(machine: &Machine) -> Changed {
    allowed(&machine.abilities.mounts, "a private view of the files")?;
    let from = machine.go()?.root.clone();
    let to = PathBuf::from(ELSEWHERE).join("go");
    let mut change = started_by(machine, &to);
    change.traces = [&from, &to]
        .map(|path| path.to_string_lossy().into_owned())
        .to_vec();
    change.environment.insert("GOROOT".into(), None);
    change
        .environment
        .insert("GOTOOLCHAIN".into(), Some("local".into()));
    change.binds.push((from, to));
    Ok(change)
}

/// With this Go first in `PATH`.
fn started_by(machine: &Machine, root: &std::path::Path) -> Change {
    let mut path = OsString::from(root.join("bin"));
    if let Some(rest) = machine.variable("PATH") {
        path.push(":");
        path.push(rest);
    }
    Change {
        environment: [("PATH".into(), Some(path))].into(),
        ..Change::default()
    }
}

pub(super) fn path_order(machine: &Machine) -> Changed {
    let path = machine.variable("PATH").ok_or("PATH is not set")?;
    let usual: Vec<PathBuf> = folders(path).collect();
    // The Go that is used is an input of its own.
    let own = usual.iter().find(|folder| folder.join("go").is_file());
    let turned: Vec<&PathBuf> = own.into_iter().chain(usual.iter().rev()).collect();
    let rest = |all: Vec<&PathBuf>| -> Vec<PathBuf> {
        all.into_iter()
            .filter(|folder| Some(*folder) != own)
            .cloned()
            .collect()
    };
    if rest(turned.clone()) == rest(usual.iter().collect()) {
        return Err("PATH has one folder only besides Go's".to_owned());
    }
    let text: Vec<String> = turned
        .iter()
        .map(|f| f.to_string_lossy().into_owned())
        .collect();
    Ok(Change::of_variables(&[("PATH", &text.join(":"))]))
}

pub(super) fn c_compiler(machine: &Machine) -> Changed {
    let other = machine.other_compiler()?;
    let other = other.to_string_lossy();
    Ok(Change {
        own_cache: true,
        ..Change::of_variables(&[("CC", &other)])
    })
}

pub(super) fn cgo(machine: &Machine) -> Changed {
    let other = if machine.go()?.cgo { "0" } else { "1" };
    Ok(Change::of_variables(&[("CGO_ENABLED", other)]))
}

fn repository(machine: &Machine) -> Result<(), String> {
    machine.program("git")?;
    match machine.has_repository {
        true => Ok(()),
        false => Err("there is no git repository".to_owned()),
    }
}

pub(super) fn shallow(machine: &Machine) -> Changed {
    repository(machine).map(|()| edited(Edit::Shallow))
}

pub(super) fn remote(machine: &Machine) -> Changed {
    repository(machine).map(|()| edited(Edit::Remote))
}

pub(super) fn dirty(machine: &Machine) -> Changed {
    repository(machine).map(|()| edited(Edit::Dirty))
}

pub(super) fn no_repository(machine: &Machine) -> Changed {
    repository(machine).map(|()| edited(Edit::NoRepository))
}

pub(super) fn tag(machine: &Machine) -> Changed {
    repository(machine).map(|()| edited(Edit::Tag))
}

pub(super) fn go_flags(machine: &Machine) -> Changed {
    machine.go()?;
    Ok(Change {
        go_flags: vec!["-tags=goassay_vary"],
        ..Change::default()
    })
}

pub(super) fn source_date_epoch(machine: &Machine) -> Changed {
    let other = match machine
        .variable("SOURCE_DATE_EPOCH")
        .and_then(|v| v.to_str())
    {
        Some("1000000000") => "1111111111",
        _ => "1000000000",
    };
    Ok(Change::of_variables(&[("SOURCE_DATE_EPOCH", other)]))
}

pub(super) fn host_go(machine: &Machine) -> Changed {
    let go = machine.go()?;
    let other = machine
        .other_go
        .first()
        .ok_or("no other Go is here (looked in the module cache, ~/sdk and /usr/lib)")?;
    let mut change = started_by(machine, &other.root);
    change.environment.insert("GOROOT".into(), None);
    change
        .environment
        .insert("GOTOOLCHAIN".into(), Some(go.version.clone().into()));
    Ok(change)
}

pub(super) fn go_version(machine: &Machine) -> Changed {
    let go = machine.go()?;
    let own = super::machine::minor(&go.version);
    let newer = machine
        .other_go
        .iter()
        .find(|other| super::machine::minor(&other.version) > own);
    let other = newer
        .or(machine.other_go.first())
        .ok_or("no other Go is here (looked in the module cache, ~/sdk and /usr/lib)")?;
    let mut change = started_by(machine, &other.root);
    change.environment.insert("GOROOT".into(), None);
    change
        .environment
        .insert("GOTOOLCHAIN".into(), Some("local".into()));
    change.traces = vec![other.version.clone()];
    Ok(change)
}

pub(super) fn host_architecture(machine: &Machine) -> Changed {
    let go = machine.go()?;
    Err(format!(
        "this machine runs programs of {}/{} only; `goassay toolchain verify` shows that Go itself comes out the same elsewhere",
        go.host.0, go.host.1
    ))
}
