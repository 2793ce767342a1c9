//! Builds: the plan before anything is run, the record of what was, and the provenance for others.
//!
//! Both are made of a finished plan; the record also of what the programs say of themselves. A plan names places of the machine that
//! it is made on, a record names none.

mod plan;
mod provenance;
mod record;

pub use plan::{PLAN_SCHEMA, render_plan};
pub use provenance::render_provenance;
pub use record::{Made, RECORD_SCHEMA, Record, render_record};

/// An output format of `build --plan`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlanFormat {
    /// For people.
    Text,
    /// Our versioned document (`goassay-build-plan/1`).
    Json,
    /// A script for a POSIX shell that makes the same programs.
    Sh,
}

impl PlanFormat {
    /// All formats.
    pub const ALL: [PlanFormat; 3] = [PlanFormat::Text, PlanFormat::Json, PlanFormat::Sh];

    /// The stable word.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            PlanFormat::Text => "text",
            PlanFormat::Json => "json",
            PlanFormat::Sh => "sh",
        }
    }
}
