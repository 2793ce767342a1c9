//! Writes the pages of the audit's rules to docs/rules. `xtask/tests/tidy.rs` checks that they are what the registry says.

use goassay_audit::{page, registry};
use std::io;
use std::path::Path;

/// Writes all pages and the index, and removes pages of rules that are no more.
pub(crate) fn main(_arguments: &[String]) -> io::Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/rules");
    std::fs::create_dir_all(&folder)?;
    for entry in std::fs::read_dir(&folder)? {
        std::fs::remove_file(entry?.path())?;
    }
    for rule in registry::all() {
        std::fs::write(folder.join(page::file_name(rule)), page::page(rule))?;
    }
    std::fs::write(folder.join("README.md"), page::index())
}
