//! What a run costs: by the clock, and in processor time of all its processes.

use crate::run::{Context, Outcome, output};
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;
use std::process::Command;
use std::time::Instant;

/// Seconds by the clock, and of processors.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cost {
    pub(crate) wall: f64,
    pub(crate) processor: f64,
}

/// Runs a command to its end, and accounts for it and all that it waited for. One at a time: the kernel's account is that of all
/// finished children.
pub(crate) fn cost(command: &mut Command) -> Outcome<Cost> {
    let processor = || -> Outcome<f64> {
        let usage = getrusage(UsageWho::RUSAGE_CHILDREN).context("getrusage")?;
        Ok((usage.user_time() + usage.system_time()).num_microseconds() as f64 / 1e6)
    };
    let (before, began) = (processor()?, Instant::now());
    output(command)?;
    let wall = began.elapsed().as_secs_f64();
    Ok(Cost {
        wall,
        processor: processor()? - before,
    })
}

/// The median of each number.
pub(crate) fn median(costs: &[Cost]) -> Cost {
    let of = |number: fn(&Cost) -> f64| {
        let mut numbers: Vec<f64> = costs.iter().map(number).collect();
        numbers.sort_by(f64::total_cmp);
        numbers.get(numbers.len() / 2).copied().unwrap_or(f64::NAN)
    };
    Cost {
        wall: of(|cost| cost.wall),
        processor: of(|cost| cost.processor),
    }
}
