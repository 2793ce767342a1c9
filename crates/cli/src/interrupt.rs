//! Ends that come from outside or from a bug: Ctrl-C, SIGTERM and panics.
//!
//! Both leave no half-written file and no progress bar behind. Neither is an answer, so neither may look like one.

use crate::failure::{EXIT_FAILED, EXIT_INTERRUPTED, Failure, Kind};
use crate::{output, progress};
use std::sync::mpsc::{Receiver, sync_channel};

/// Makes Ctrl-C end the run at once with the code that shells expect.
pub(crate) fn install() {
    // Without a handler Ctrl-C still ends the program, only less tidily.
    let _ = ctrlc::set_handler(|| leave(EXIT_INTERRUPTED));
}

/// Gives a channel on which the first Ctrl-C or SIGTERM is heard; the second ends the run at once.
pub(crate) fn stop_asked() -> Result<Receiver<()>, Failure> {
    let (asked, stop) = sync_channel(1);
    let mut is_first = true;
    let handler = move || {
        if !is_first || asked.try_send(()).is_err() {
            leave(EXIT_INTERRUPTED);
        }
        is_first = false;
    };
    ctrlc::set_handler(handler)
        .map_err(|e| Failure::new(Kind::Internal, "cannot listen for signals").because(&e))?;
    Ok(stop)
}

/// Makes a panic an internal error that names itself as a bug.
pub(crate) fn report_panics() {
    std::panic::set_hook(Box::new(|info| {
        let what = info.payload_as_str().unwrap_or("no message");
        let place = info
            .location()
            .map(|l| format!("{}:{}", l.file(), l.line()));
        let failure = Failure::new(Kind::Internal, what)
            .cause(format!("at {}", place.as_deref().unwrap_or("an unknown place")))
            .hint("this is a bug in goassay: please report it with the command line and, if you can, the input");
        progress::clear_all();
        output::complain_plainly(&failure);
        leave(EXIT_FAILED);
    }));
}

#[expect(
    clippy::exit,
    reason = "a signal handler and a panic have nobody to return to"
)]
fn leave(code: u8) -> ! {
    goassay_build::run::stop_all();
    progress::clear_all();
    output::remove_unfinished();
    std::process::exit(i32::from(code))
}
