//! The rules, one module for each row of the requirements.

use crate::registry::Rule;

/// All rules, by row.
pub(crate) static ALL: &[&[Rule]] = &[];
