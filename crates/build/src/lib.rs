//! Building Go programs and toolchains, and proving what was built: plan, run, record, rebuild, compare.
//!
//! What is here so far is where trusted inputs come from (the module proxy protocol, the checksum database with proofs of
//! its own, Go toolchains in a store that processes share) and comparing: trees of files out of archives, permitted
//! differences by name, verdicts, and an installed Go against the published one; rebuilding Go from source; ledgers of
//! results; releases through unrelated
//! chains. No socket is opened here: a [`fetch::Fetch`] is handed in; processes are started in [`run`] only.
//! Nothing here knows the environment, the home directory or a terminal.

pub mod archive;
pub mod companion;
pub mod compare;
pub mod dirhash;
pub mod diverse;
pub mod fetch;
pub mod gap;
pub mod goroot;
pub mod ledger;
pub mod license;
pub mod module;
pub mod normalize;
pub mod package;
pub mod plan;
pub mod produce;
pub mod profile;
pub mod project;
pub mod proxy;
pub mod rebuild;
pub mod record;
pub mod repackaged;
pub mod run;
pub mod sandbox;
pub mod signing;
pub mod sumdb;
pub mod toolchain;
pub mod vary;
pub mod verify;

#[cfg(test)]
mod testing;
