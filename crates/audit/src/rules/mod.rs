//! The rules, one module for each row of the requirements.

mod t4;

use crate::registry::Rule;

/// All rules, by row.
pub(crate) static ALL: &[&[Rule]] = &[t4::RULES];
