//! Versioned documents and their renderers: scans, audits, inspections, lists, sizes, checks of both kinds, bills of materials,
//! toolchains compared, rebuilds, rebuilds through unrelated chains, plans and records of builds.
//!
//! A renderer gets finished data and a writer. It looks nothing up, counts nothing that decides, and decides nothing.

pub mod audit;
pub mod build;
pub mod check;
pub mod difference;
pub mod diverse;
pub mod document;
pub mod harmless;
mod heading;
pub mod inspection;
mod layout;
pub mod listing;
mod paged;
mod purl;
pub mod rebuilt;
mod release;
pub mod render;
pub mod sbom;
pub mod size;
pub mod sizes;
pub mod summary;
pub mod toolchain;
pub mod untrusted;
pub mod variation;
pub mod verdict;
pub mod verification;
mod wire;
