//! The rules, one module for each row of the requirements.

mod support;
mod t1;
mod t10;
mod t2;
mod t3;
mod t4;
mod t5;
mod t6;
mod t7;
pub(crate) mod t8;

use crate::registry::Rule;

/// All rules, by row.
pub(crate) static ALL: &[&[Rule]] = &[
    t1::RULES,
    t2::RULES,
    t3::RULES,
    t4::RULES,
    t5::RULES,
    t6::RULES,
    t7::RULES,
    t8::RULES,
    t10::RULES,
];
