//! Which licence a module is under, as far as a recognisable file in it shows.
//!
//! [`recognise`] takes a text and gives an SPDX identifier or nothing; [`ModuleCache`] finds the text of a module in the go
//! command's cache. Nothing is guessed: a file that is anything but one known licence is not recognised.

mod cache;
mod text;

pub(crate) use cache::says_license;
pub use cache::{ModuleCache, of_module};
pub use text::recognise;

/// What is known of a module's licence.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Standing {
    /// Nobody looked.
    NotChecked,
    /// The module cache has no copy of the module with the recorded hash.
    NoCopy,
    /// The module has no file whose name says licence.
    NoFile,
    /// It has such files (sorted), and they are not one known licence.
    NotRecognised(Vec<String>),
    /// Its licence file is this licence's text.
    Recognised {
        /// Identifier of the SPDX licence list.
        id: &'static str,
        /// The file.
        file: String,
    },
}
