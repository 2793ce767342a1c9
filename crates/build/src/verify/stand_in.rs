//! A program that stands in for git where the files of a module are given instead of its repository: it answers the two questions of
//! the go command (cmd/go/internal/vcs, gitStatus; modfetch/codehost, statLocal) with what the file says of its commit.
//!
//! That makes nothing equal that is not: the answers go into the rebuilt file as they went into the first. What they claim is not shown.

use super::Stop;
use super::claim::Claim;
use jiff::Timestamp;
use std::fs;
use std::path::{Path, PathBuf};

/// What git would say: only plain characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Answers {
    revision: String,
    /// Seconds since 1970.
    time: i64,
    is_modified: bool,
    /// The tag of the main module's version.
    tag: Option<String>,
}

/// What git would have to say; none where the file says nothing, or what no git says.
pub(super) fn answers(claim: &Claim) -> Option<Answers> {
    let revision = claim.setting("vcs.revision")?;
    let is_plain =
        matches!(revision.len(), 40 | 64) && revision.bytes().all(|byte| byte.is_ascii_hexdigit());
    let time: Timestamp = claim.setting("vcs.time")?.parse().ok()?;
    let version = &claim.main.version;
    let is_tag = version.starts_with('v')
        && version
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || ".-".contains(c));
    is_plain.then(|| Answers {
        revision: revision.to_owned(),
        time: time.as_second(),
        is_modified: claim.setting("vcs.modified") == Some("true"),
        tag: is_tag.then(|| version.clone()),
    })
}

/// Puts the program into a folder of its own, and what makes a folder a checkout into `checkout`; gives the program's folder.
pub(super) fn install(answers: &Answers, checkout: &Path, work: &Path) -> Result<PathBuf, Stop> {
    let (folder, marker) = (work.join("git"), checkout.join(".git"));
    for folder in [&folder, &marker] {
        fs::create_dir_all(folder).map_err(Stop::file(folder))?;
    }
    let program = folder.join("git");
    fs::write(&program, script(answers)).map_err(Stop::file(&program))?;
    executable(&program)?;
    Ok(folder)
}

fn script(answers: &Answers) -> String {
    let Answers {
        revision,
        time,
        is_modified,
        tag,
    } = answers;
    let status = if *is_modified { "echo ' M file'" } else { ":" };
    let names = tag
        .as_ref()
        .map_or_else(|| "HEAD".to_owned(), |tag| format!("HEAD, tag: {tag}"));
    let tag = tag.as_deref().unwrap_or_default();
    format!(
        "#!/bin/sh\ncase \"$*\" in\n*'status --porcelain'*) {status} ;;\n*'%H:%ct'*) echo {revision}:{time} ;;\n\
         *'%H %ct %D'*) echo '{revision} {time} {names}' ;;\n*'tag '*|*for-each-ref*) echo {tag} ;;\n*) exit 1 ;;\nesac\n"
    )
}

#[cfg(unix)]
fn executable(program: &Path) -> Result<(), Stop> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(program, fs::Permissions::from_mode(0o755)).map_err(Stop::file(program))
}

#[cfg(not(unix))]
fn executable(_: &Path) -> Result<(), Stop> {
    Ok(())
}
