//! The vendor folder of a module whose published files leave it out.

use super::Stop;
use super::claim::Claim;
use super::modules::Modules;
use std::fs;
use std::path::Path;

/// The list of what is in a vendor folder: some published modules have it, and nothing else of that folder.
const LIST: &str = "vendor/modules.txt";

/// Makes the vendor folder of the module in `folder` as it was when the program was built: filled, or not there.
pub(super) fn prepare(claim: &Claim, modules: &Modules<'_>, folder: &Path) -> Result<(), Stop> {
    let list = folder.join(LIST);
    match claim.is_vendored() {
        Some(true) => fill(modules, folder),
        Some(false) if list.exists() => fs::remove_file(&list).map_err(Stop::file(&list)),
        _ => Ok(()),
    }
}

fn fill(modules: &Modules<'_>, folder: &Path) -> Result<(), Stop> {
    // They stay as they were published.
    let kept = ["go.mod", "go.sum", LIST].map(|name| folder.join(name));
    let kept: Vec<_> = kept
        .into_iter()
        .filter_map(|file| Some((fs::read(&file).ok()?, file)))
        .collect();
    let words = ["mod", "vendor", "-e"].map(str::to_owned);
    modules.go(&words, &[], modules.store, folder)?;
    for (bytes, file) in kept {
        fs::write(&file, bytes).map_err(Stop::file(&file))?;
    }
    Ok(())
}
