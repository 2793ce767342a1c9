//! The one way to a stream: data on standard output or into a file, talk on standard error.
//!
//! Files appear whole or not at all: they are written beside their target and renamed. A reader of standard output that
//! goes away ends the run quietly. Nothing here knows what is being written.

use crate::environment::Environment;
use crate::failure::{Failure, Kind};
use std::fs::{File, OpenOptions};
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

/// When to colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub(crate) enum Color {
    /// On a terminal, unless `NO_COLOR` is set; `CLICOLOR_FORCE` colours everywhere.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

impl Color {
    fn decide(self, env: &Environment, is_terminal: bool) -> bool {
        match self {
            Color::Always => true,
            Color::Never => false,
            Color::Auto if env.get("NO_COLOR").is_some() => false,
            Color::Auto if env.get("CLICOLOR_FORCE").is_some_and(|v| v != "0") => true,
            Color::Auto if env.get("TERM").is_some_and(|v| v == "dumb") => false,
            Color::Auto if env.get("CLICOLOR").is_some_and(|v| v == "0") => false,
            Color::Auto => is_terminal,
        }
    }
}

/// What is known about the streams that the program was started with.
#[derive(Debug, Clone)]
pub(crate) struct Terminal {
    /// Colour on standard output.
    pub(crate) color_out: bool,
    /// Colour on standard error.
    pub(crate) color_err: bool,
    /// Columns to fit text into.
    pub(crate) width: usize,
    /// Progress may be drawn on standard error.
    pub(crate) progress: bool,
    /// Only failures are said on standard error.
    pub(crate) quiet: bool,
}

/// The width of text that does not go to a terminal.
const DEFAULT_WIDTH: usize = 100;

impl Terminal {
    pub(crate) fn new(color: Color, quiet: bool, progress: bool, env: &Environment) -> Terminal {
        let err_is_terminal = io::stderr().is_terminal();
        Terminal {
            color_out: color.decide(env, io::stdout().is_terminal()),
            color_err: color.decide(env, err_is_terminal),
            width: width(env),
            progress: progress && !quiet && err_is_terminal && env.get("CI").is_none(),
            quiet,
        }
    }

    /// Says something on standard error, unless quiet.
    pub(crate) fn say(&self, text: &str) {
        if !self.quiet {
            talk(&format!("{}\n", printable(text)));
        }
    }

    /// Passes on a line of another program, unless quiet; its tabs are kept.
    pub(crate) fn pass_on(&self, line: &str) {
        if !self.quiet {
            let pieces: Vec<String> = line.split('\t').map(printable).collect();
            talk(&format!("{}\n", pieces.join("\t")));
        }
    }

    /// Says a warning on standard error, unless quiet.
    pub(crate) fn warn(&self, text: &str) {
        if !self.quiet {
            talk(&format!(
                "{} {}\n",
                paint(self.color_err, YELLOW, "warning:"),
                printable(text)
            ));
        }
    }

    /// Says a failure on standard error; a broken pipe is not worth a word.
    pub(crate) fn complain(&self, failure: &Failure) {
        if failure.kind != Kind::BrokenPipe {
            talk(&failure_text(failure, self.color_err));
        }
    }
}

/// Says a failure without knowing anything about the terminal.
pub(crate) fn complain_plainly(failure: &Failure) {
    talk(&failure_text(failure, false));
}

fn width(env: &Environment) -> usize {
    let from_env = env.get("COLUMNS").and_then(|v| v.to_str()?.parse().ok());
    let measured = || terminal_size::terminal_size_of(io::stdout()).map(|(w, _)| usize::from(w.0));
    from_env
        .or_else(measured)
        .filter(|w| *w > 0)
        .unwrap_or(DEFAULT_WIDTH)
}

const RED: &str = "1;31";
const YELLOW: &str = "1;33";
const GREEN: &str = "1;32";

fn paint(color: bool, style: &str, text: &str) -> String {
    if color {
        format!("\u{1b}[{style}m{text}\u{1b}[0m")
    } else {
        text.to_owned()
    }
}

/// A failure as it stands on standard error: what was attempted, why it failed, what to do next.
pub(crate) fn failure_text(failure: &Failure, color: bool) -> String {
    let heading = match failure.kind {
        Kind::Internal => "internal error:",
        Kind::Security => "SECURITY ERROR:",
        _ => "error:",
    };
    let mut text = format!(
        "{} {}\n",
        paint(color, RED, heading),
        printable(&failure.message)
    );
    for cause in &failure.causes {
        text.push_str(&format!("  caused by: {}\n", printable(cause)));
    }
    if let Some(hint) = &failure.hint {
        text.push_str(&format!(
            "{} {}\n",
            paint(color, GREEN, "hint:"),
            printable(hint)
        ));
    }
    text
}

/// `text` with control and direction characters escaped, so that file names and module paths cannot steer a terminal.
/// Line breaks too: a file name must not be able to write a line of its own.
pub(crate) fn printable(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            _ if c.is_control() || is_format_control(c) => safe.extend(c.escape_unicode()),
            _ => safe.push(c),
        }
    }
    safe
}

// Characters that reorder or hide their neighbours.
fn is_format_control(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

// Standard error that cannot be written to leaves nobody to tell.
fn talk(text: &str) {
    let _ = anstream::stderr().write_all(text.as_bytes());
}

/// Writes data to standard output.
pub(crate) fn to_stdout(bytes: &[u8]) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    out.write_all(bytes)
        .and_then(|()| out.flush())
        .map_err(|error| Failure::output("to standard output", &error))
}

/// Files that are being written and must not outlive an interrupted run.
static UNFINISHED: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// Removes files that are only partly written. For the handlers of Ctrl-C and panics.
pub(crate) fn remove_unfinished() {
    let mut unfinished = UNFINISHED
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    for path in unfinished.drain(..) {
        let _ = std::fs::remove_file(path);
    }
}

/// Writes `path` with what `write` produces: whole or not at all.
///
/// Devices, FIFOs and the like are written to directly; a symbolic link keeps pointing where it does.
pub(crate) fn to_file(
    path: &Path,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    match std::fs::metadata(path) {
        Ok(meta) if !meta.is_file() => {
            let mut file = OpenOptions::new().write(true).open(path)?;
            write(&mut file)
        }
        Ok(meta) => {
            let target = std::fs::canonicalize(path)?;
            replace(&target, Some(meta.permissions()), write)
        }
        Err(_) => replace(path, None, write),
    }
}

fn replace(
    target: &Path,
    permissions: Option<std::fs::Permissions>,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    let (mut file, unfinished) = Unfinished::beside(target)?;
    write(&mut file)?;
    if let Some(permissions) = permissions {
        file.set_permissions(permissions)?;
    }
    file.sync_all()?;
    drop(file);
    std::fs::rename(&unfinished.0, target)
}

/// A temporary file beside its target, gone when dropped (after the rename there is nothing left to remove).
struct Unfinished(PathBuf);

impl Unfinished {
    fn beside(target: &Path) -> io::Result<(File, Unfinished)> {
        let name = target.file_name().ok_or(io::ErrorKind::InvalidFilename)?;
        for attempt in 0..100u32 {
            let mut temporary = std::ffi::OsString::from(".");
            temporary.push(name);
            temporary.push(format!(".{}-{attempt}.tmp", std::process::id()));
            let path = target.with_file_name(temporary);
            match OpenOptions::new().write(true).create_new(true).open(&path) {
                Ok(file) => {
                    lock_unfinished().push(path.clone());
                    return Ok((file, Unfinished(path)));
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
        Err(io::ErrorKind::AlreadyExists.into())
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
        lock_unfinished().retain(|path| *path != self.0);
    }
}

fn lock_unfinished() -> std::sync::MutexGuard<'static, Vec<PathBuf>> {
    UNFINISHED
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(dir: &Path) -> Vec<String> {
        let mut names: Vec<_> = std::fs::read_dir(dir)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_failed_write_leaves_the_old_file_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("report.json");
        std::fs::write(&path, "old").unwrap();
        let result = to_file(&path, |out| {
            out.write_all(b"half")?;
            Err(io::ErrorKind::StorageFull.into())
        });
        assert_eq!(result.unwrap_err().kind(), io::ErrorKind::StorageFull);
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "old");
        assert_eq!(names(dir.path()), ["report.json"]);
    }

    #[test]
    #[cfg(unix)]
    fn a_link_keeps_pointing_and_its_target_is_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let (target, link) = (dir.path().join("target"), dir.path().join("link"));
        std::fs::write(&target, "old").unwrap();
        std::os::unix::fs::symlink(&target, &link).unwrap();
        to_file(&link, |out| out.write_all(b"new")).unwrap();
        assert!(link.symlink_metadata().unwrap().is_symlink());
        assert_eq!(std::fs::read_to_string(&target).unwrap(), "new");
    }

    #[test]
    #[cfg(unix)]
    fn a_device_is_written_to_and_stays_a_device() {
        to_file(Path::new("/dev/null"), |out| out.write_all(b"x")).unwrap();
        assert!(!std::fs::metadata("/dev/null").unwrap().is_file());
    }

    #[test]
    fn colour_follows_the_conventions() {
        let env = |pairs: [(&str, &str); 1]| Environment::from(pairs);
        let auto = Color::Auto;
        assert!(auto.decide(&Environment::default(), true));
        assert!(!auto.decide(&Environment::default(), false));
        assert!(!auto.decide(&env([("NO_COLOR", "1")]), true));
        assert!(
            auto.decide(&env([("NO_COLOR", "")]), true),
            "an empty NO_COLOR does not count"
        );
        assert!(auto.decide(&env([("CLICOLOR_FORCE", "1")]), false));
        assert!(!auto.decide(&env([("TERM", "dumb")]), true));
        assert!(
            Color::Always.decide(&env([("NO_COLOR", "1")]), false),
            "what was typed wins"
        );
    }

    #[test]
    fn hostile_text_cannot_steer_the_terminal() {
        assert_eq!(
            printable("a\u{1b}[2Jb\rc\u{202e}d"),
            "a\\u{1b}[2Jb\\u{d}c\\u{202e}d"
        );
    }
}
