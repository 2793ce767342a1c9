//! A program that stands in for git where the files of a module are given instead of its repository: it answers the questions of
//! the go command (cmd/go/internal/vcs, gitStatus; modfetch/codehost, statLocal, RecentTag, Tags, ReadFile) with what the file says of its
//! commit. Releases of Go make other versions of the same answers, as they do of the same repository.
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
    tags: Tags,
}

/// What the main module's version says of tags.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Tags {
    /// There are none that count.
    None,
    /// The commit has this one.
    Here(String),
    /// The nearest one before it.
    Before(String),
    /// The go command did not ask, or got no answer: it says `(devel)`.
    Silent,
}

/// What git would have to say; none where the file says nothing, or what no git says.
pub(super) fn answers(claim: &Claim) -> Option<Answers> {
    let revision = claim.setting("vcs.revision")?;
    let is_plain =
        matches!(revision.len(), 40 | 64) && revision.bytes().all(|byte| byte.is_ascii_hexdigit());
    let time: Timestamp = claim.setting("vcs.time")?.parse().ok()?;
    is_plain.then(|| Answers {
        revision: revision.to_owned(),
        time: time.as_second(),
        is_modified: claim.setting("vcs.modified") == Some("true"),
        tags: Tags::of(&claim.main.version),
    })
}

impl Tags {
    /// Tags with which the go command gives a commit this version (x/mod/module, pseudo-versions).
    fn of(version: &str) -> Tags {
        let (version, build) = version.split_once('+').unwrap_or((version, ""));
        let is_known = ["", "dirty", "incompatible", "incompatible.dirty"].contains(&build);
        let is_plain = version.starts_with('v')
            && version
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || ".-".contains(c));
        if !is_known || !is_plain {
            return Tags::Silent;
        }
        match pseudo_base(version) {
            None => Tags::Here(version.to_owned()),
            Some(None) => Tags::None,
            Some(Some(tag)) => Tags::Before(tag),
        }
    }

    /// The tag on the commit, and the one that is there at all.
    fn named(&self) -> [&str; 2] {
        match self {
            Tags::None | Tags::Silent => ["", ""],
            Tags::Here(tag) => [tag, tag],
            Tags::Before(tag) => ["", tag],
        }
    }
}

/// The tag that a pseudo-version stands behind, if any; none where it is no pseudo-version.
fn pseudo_base(version: &str) -> Option<Option<String>> {
    let (rest, hash) = version.rsplit_once('-')?;
    let is_hash = hash.len() == 12 && hash.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let cut = rest.rfind(['-', '.'])?;
    let (base, stamp) = (rest.get(..cut)?, rest.get(cut + 1..)?);
    let is_stamp = stamp.len() == 14 && stamp.bytes().all(|byte| byte.is_ascii_digit());
    if !is_hash || !is_stamp {
        return None;
    }
    let Some(before) = base.strip_suffix("-0") else {
        // `v1.2.3-pre.0.STAMP-HASH`, or `v1.0.0-STAMP-HASH`.
        return Some(
            base.strip_suffix(".0")
                .filter(|tag| tag.contains('-'))
                .map(str::to_owned),
        );
    };
    let (minor, patch) = before.rsplit_once('.')?;
    let patch = patch.parse::<u64>().ok()?.checked_sub(1)?;
    Some(Some(format!("{minor}.{patch}")))
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
        tags,
    } = answers;
    let status = if *is_modified { "echo ' M file'" } else { ":" };
    let [here, any] = tags.named();
    let names = match here {
        "" => "HEAD".to_owned(),
        tag => format!("HEAD, tag: {tag}"),
    };
    let commit = match tags {
        Tags::Silent => "exit 1".to_owned(),
        _ => format!("echo '{revision} {time} {names}'"),
    };
    let [all, listed] = match any {
        "" => [":".to_owned(), ":".to_owned()],
        tag => [format!("echo refs/tags/{tag}"), format!("echo {tag}")],
    };
    format!(
        "#!/bin/sh\ncase \"$*\" in\n*'status --porcelain'*) {status} ;;\n*'%H:%ct'*) echo {revision}:{time} ;;\n\
         *'%H %ct %D'*) {commit} ;;\n*for-each-ref*) {all} ;;\n'tag -l') {listed} ;;\n*' blob '*:go.mod) cat go.mod ;;\n*) exit 1 ;;\nesac\n"
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_say_which_tags_there_were() {
        let here = |tag: &str| Tags::Here(tag.to_owned());
        let before = |tag: &str| Tags::Before(tag.to_owned());
        for (version, tags) in [
            ("v1.2.3", here("v1.2.3")),
            ("v1.2.3+dirty", here("v1.2.3")),
            ("v2.0.0+incompatible.dirty", here("v2.0.0")),
            ("v1.0.0-rc.1", here("v1.0.0-rc.1")),
            ("v0.0.0-20260922215117-0b0b1caaa920", Tags::None),
            ("v0.0.0-20260707030041-9977d6d38fcc+dirty", Tags::None),
            ("v1.7.2-0.20260914142845-4d64ad67ce66", before("v1.7.1")),
            (
                "v1.0.0-rc.1.0.20260914142845-4d64ad67ce66",
                before("v1.0.0-rc.1"),
            ),
            ("(devel)", Tags::Silent),
            ("", Tags::Silent),
            ("v1.0.0'; rm x", Tags::Silent),
            ("v1.0.0+x", Tags::Silent),
        ] {
            assert_eq!(Tags::of(version), tags, "{version}");
        }
        assert_eq!(pseudo_base("v1.0.0-0.20260914142845-4d64ad67ce66"), None);
    }

    #[test]
    fn a_stand_in_answers_what_the_go_command_asks() {
        let mut answers = Answers {
            revision: "ab".repeat(20),
            time: 7,
            is_modified: true,
            tags: Tags::Before("v1.7.1".to_owned()),
        };
        let said = script(&answers);
        assert!(
            said.contains(&format!("echo '{} 7 HEAD' ;;", "ab".repeat(20))),
            "{said}"
        );
        assert!(
            said.contains("for-each-ref*) echo refs/tags/v1.7.1 ;;"),
            "{said}"
        );
        assert!(said.contains("'tag -l') echo v1.7.1 ;;"), "{said}");
        answers.tags = Tags::Here("v1.7.2".to_owned());
        assert!(script(&answers).contains(" 7 HEAD, tag: v1.7.2'"));
        answers.tags = Tags::Silent;
        assert!(script(&answers).contains("*'%H %ct %D'*) exit 1 ;;"));
    }
}
