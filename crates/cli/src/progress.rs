//! The progress bar: talk for people who wait, on standard error, and only on a terminal.
//!
//! At most one bar is drawn at a time. Nothing depends on it.

use crate::output::Terminal;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::sync::Mutex;

static DRAWN: Mutex<Option<ProgressBar>> = Mutex::new(None);

/// A bar that disappears when dropped.
pub(crate) struct Progress(ProgressBar);

impl Progress {
    /// A bar over `total` steps of `what` (`examining`, …); with `total` 0, a counter without an end.
    pub(crate) fn start(terminal: &Terminal, what: &'static str, total: u64) -> Progress {
        let bar = if terminal.progress {
            visible(total)
        } else {
            ProgressBar::hidden()
        };
        bar.set_message(what);
        *lock() = Some(bar.clone());
        Progress(bar)
    }

    /// A bar over `total` bytes; with `total` 0, a counter without an end.
    pub(crate) fn bytes(terminal: &Terminal, what: &'static str, total: u64) -> Progress {
        let progress = Progress::start(terminal, what, total);
        let template = if total == 0 {
            "{spinner} {msg} {bytes}"
        } else {
            "{msg} [{bar:30}] {bytes}/{total_bytes} {eta}"
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            progress.0.set_style(style.progress_chars("=> "));
        }
        progress
    }

    /// So much is done.
    pub(crate) fn reach(&self, done: u64) {
        self.0.set_position(done);
    }

    /// A bar over work of any unit, with what is done now and how long it may still take beside it.
    pub(crate) fn work(terminal: &Terminal, total: u64) -> Progress {
        let progress = Progress::start(terminal, "", total.max(1));
        if let Ok(style) = ProgressStyle::with_template("[{bar:20}] {elapsed} {wide_msg}") {
            progress.0.set_style(style.progress_chars("=> "));
        }
        progress
    }

    /// So much more is to be done.
    pub(crate) fn ahead(&self, steps: u64) {
        self.0.inc_length(steps);
    }

    /// What is done now.
    pub(crate) fn tell(&self, what: String) {
        self.0.set_message(what);
    }

    /// Says something without disturbing what is drawn.
    pub(crate) fn aside(&self, say: impl FnOnce()) {
        self.0.suspend(say);
    }

    /// One step done.
    pub(crate) fn step(&self) {
        self.0.inc(1);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
        *lock() = None;
    }
}

fn visible(total: u64) -> ProgressBar {
    let (bar, template) = if total == 0 {
        (ProgressBar::new_spinner(), "{spinner} {msg} {pos}")
    } else {
        (
            ProgressBar::new(total),
            "{msg} [{bar:30}] {pos}/{len} {eta}",
        )
    };
    bar.set_draw_target(ProgressDrawTarget::stderr());
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style.progress_chars("=> "));
    }
    bar
}

/// Takes whatever is drawn off the screen.
pub(crate) fn clear_all() {
    if let Some(bar) = lock().take() {
        bar.finish_and_clear();
    }
}

fn lock() -> std::sync::MutexGuard<'static, Option<ProgressBar>> {
    DRAWN
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}
