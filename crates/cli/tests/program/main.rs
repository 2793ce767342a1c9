//! The program as its users meet it: stdout, stderr and exit code at once, in a sealed world.
//!
//! Few tests: what the pieces do is tested where they are. Snapshots are written anew by `INSTA_UPDATE=always`.

#![expect(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "tests start the program and serve a database to it"
)]

mod audit;
mod bootstrap;
mod build;
mod check;
mod database;
mod debuginfod;
mod diff;
mod disturbed;
mod documents;
mod errors;
mod inspect;
mod packages;
mod rebuilt;
mod repackaged;
mod sbom;
mod scan;
mod server;
mod size;
mod toolchain;
mod vary;
mod verify;
mod world;
