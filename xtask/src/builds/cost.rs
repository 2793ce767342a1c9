//! What a run costs: by the clock, and in processor time of all its processes.

use crate::run::{Context, Outcome, output};
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;
use std::process::Command;
use std::time::Instant;

/// Seconds by the clock, and of processors.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cost {
    pub(super) wall: f64,
    pub(super) processor: f64,
}

/// Runs a command to its end, and accounts for it and all that it waited for. One at a time: the kernel's account is that of all
/// finished children.
pub(super) fn cost(command: &mut Command) -> Outcome<Cost> {
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
