//! Output folders, read whole.

use crate::run::{Context, Outcome, output, read};
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

/// Begins the names of folders that a run makes for itself.
const STAGING: &str = ".goassay-";

/// Contents by name below the folder.
pub(super) type Files = BTreeMap<String, Vec<u8>>;

/// All files under final names.
pub(super) fn files(folder: &Path) -> Outcome<Files> {
    let mut all = Files::new();
    collect(folder, "", &mut all)?;
    Ok(all)
}

fn collect(folder: &Path, prefix: &str, all: &mut Files) -> Outcome {
    for entry in std::fs::read_dir(folder).context(folder.display())? {
        let path = entry.context(folder.display())?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with(STAGING) {
            continue;
        }
        let name = format!("{prefix}{name}");
        if path.is_dir() {
            collect(&path, &format!("{name}/"), all)?;
        } else {
            all.insert(name, read(&path)?);
        }
    }
    Ok(())
}

/// Folders that runs have made for themselves and that are still there.
pub(super) fn staging(folder: &Path) -> Outcome<usize> {
    let entries = std::fs::read_dir(folder).context(folder.display())?;
    let is_staging = |entry: &std::fs::DirEntry| {
        let name = entry.file_name();
        name.to_string_lossy().starts_with(STAGING)
    };
    Ok(entries.flatten().filter(is_staging).count())
}

/// The list of sums holds, by another program.
pub(super) fn sums(folder: &Path) -> Outcome {
    let mut command = Command::new("sha256sum");
    command.args(["--check", "--strict", "--quiet", "SHA256SUMS"]);
    output(command.current_dir(folder)).map(drop)
}

/// The first name under which two folders have other contents; none where they are equal.
pub(super) fn first_difference(one: &Files, other: &Files) -> Option<String> {
    let names = one.keys().chain(other.keys());
    let mut differing = names.filter(|name| one.get(*name) != other.get(*name));
    let name = differing.next()?;
    let length = |files: &Files| {
        files
            .get(name)
            .map_or("absent".to_owned(), |b| format!("{} bytes", b.len()))
    };
    Some(format!("{name}: {} and {}", length(one), length(other)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_or_missing_file_is_a_difference() {
        let one = Files::from([("a".to_owned(), vec![1]), ("b".to_owned(), vec![2])]);
        assert_eq!(first_difference(&one, &one), None);
        let mut other = one.clone();
        other.insert("b".to_owned(), vec![3]);
        assert!(first_difference(&one, &other).unwrap().starts_with("b: "));
        other = one.clone();
        other.remove("a");
        assert!(first_difference(&other, &one).unwrap().contains("absent"));
    }
}
