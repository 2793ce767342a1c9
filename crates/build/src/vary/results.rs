//! What was built before, so that it is not built again: kept in the folder of the work, for as long as tree, command and environment are the same.

use super::Finding;
use super::bench::Bench;
use super::change::Change;
use super::outputs::{Output, Outputs};
use goassay_binary::bytes::hexadecimal;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// Variables that say who sits where, and change from one terminal to the next.
const OF_A_SESSION: [&str; 12] = [
    "PWD",
    "OLDPWD",
    "SHLVL",
    "_",
    "WINDOWID",
    "TERM",
    "COLUMNS",
    "LINES",
    "SSH_CLIENT",
    "SSH_CONNECTION",
    "SSH_TTY",
    "SSH_AUTH_SOCK",
];
/// Changed when what is kept would mean something else.
const FORM: &str = "goassay-vary-results/2";

/// What was built before.
#[derive(Debug)]
pub struct Results {
    file: PathBuf,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Kept {
    key: String,
    bases: BTreeMap<String, BTreeMap<String, Output>>,
    findings: BTreeMap<String, Finding>,
}

impl Results {
    /// What is kept for this project as it is now; what was kept for another state of it goes.
    ///
    /// # Errors
    /// The tree cannot be read, or the folder not be written.
    pub fn of(bench: &Bench, fresh: bool) -> io::Result<Results> {
        let key = key(bench)?;
        let file = bench.work.join("results.json");
        let kept = fs::read(&file)
            .ok()
            .and_then(|bytes| serde_json::from_slice::<Kept>(&bytes).ok());
        let kept = match kept.filter(|kept| kept.key == key && !fresh) {
            Some(kept) => kept,
            None => {
                let builds = bench.work.join("builds");
                if builds.exists() {
                    fs::remove_dir_all(&builds)?;
                }
                Kept {
                    key,
                    ..Kept::default()
                }
            }
        };
        let kept = Mutex::new(kept);
        Ok(Results { file, kept })
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes at once, so that a run that is ended loses nothing. What cannot be kept is built again, which is no fault.
    fn write(&self, kept: &Kept) {
        let new = self.file.with_extension("new");
        let written = serde_json::to_vec(kept)
            .map_err(io::Error::other)
            .and_then(|bytes| fs::write(&new, bytes));
        let _ = written.and_then(|()| fs::rename(&new, &self.file));
    }

    /// The files of a base build, where they are still what they were.
    pub(super) fn base(&self, name: &str, folder: &Path) -> Option<Outputs> {
        let outputs = Outputs::kept(folder).ok()?;
        (self.kept().bases.get(name)? == &outputs.files).then_some(outputs)
    }

    pub(super) fn keep_base(&self, name: &str, outputs: &Outputs) {
        let mut kept = self.kept();
        kept.bases.insert(name.to_owned(), outputs.files.clone());
        // What was found was found beside another base.
        kept.findings.clear();
        self.write(&kept);
    }

    pub(super) fn finding(&self, name: &str, change: &Change) -> Option<Finding> {
        self.kept().findings.get(&entry(name, change)).cloned()
    }

    /// Keeps what was found; a build that failed is tried again.
    pub(super) fn keep_finding(&self, name: &str, change: &Change, finding: &Finding) {
        if matches!(finding, Finding::Same | Finding::Differs(_)) {
            let mut kept = self.kept();
            kept.findings.insert(entry(name, change), finding.clone());
            self.write(&kept);
        }
    }
}

fn entry(name: &str, change: &Change) -> String {
    let digest = hexadecimal(&Sha256::digest(format!("{change:?}")));
    format!("{name} {digest}")
}

/// Everything that the base is made of, as far as it is known.
fn key(bench: &Bench) -> io::Result<String> {
    let project = &bench.project;
    let environment: BTreeMap<_, _> = bench
        .machine
        .environment
        .iter()
        .filter(|(name, _)| !OF_A_SESSION.iter().any(|of| name.as_os_str() == *of))
        .collect();
    let parts = format!(
        "{FORM} {} {:?} {:?} {:?} {environment:?} {:?} {:?} {}",
        project.tree.digest()?,
        project.below,
        project.argv,
        project.outputs,
        bench.machine.go,
        bench.machine.abilities,
        bench.shared_cache,
    );
    Ok(hexadecimal(&Sha256::digest(parts)))
}
