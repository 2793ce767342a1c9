//! Counters, in the text format of Prometheus (exposition format 0.0.4).

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// What is counted since the start.
#[derive(Debug, Default)]
pub(crate) struct Metrics {
    requests: Mutex<BTreeMap<(&'static str, u16), u64>>,
    pub(crate) bytes: AtomicU64,
    pub(crate) connections: AtomicU64,
    pub(crate) open: AtomicU64,
}

impl Metrics {
    /// Counts an answer.
    pub(crate) fn answered(&self, what: &'static str, status: u16) {
        let mut requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        *requests.entry((what, status)).or_default() += 1;
    }

    /// All of them, with the state of the index.
    pub(crate) fn text(&self, build_ids: usize, unread: usize) -> String {
        let mut out = String::new();
        let mut family = |name: &str, kind: &str, help: &str, rows: &[(String, u64)]| {
            let _ = writeln!(
                out,
                "# HELP goassay_debuginfod_{name} {help}\n# TYPE goassay_debuginfod_{name} {kind}"
            );
            for (labels, value) in rows {
                let _ = writeln!(out, "goassay_debuginfod_{name}{labels} {value}");
            }
        };
        let one = |value: u64| vec![(String::new(), value)];
        let load = |value: &AtomicU64| one(value.load(Ordering::Relaxed));
        let requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        let rows: Vec<(String, u64)> = requests
            .iter()
            .map(|((what, status), count)| {
                (format!("{{what=\"{what}\",code=\"{status}\"}}"), *count)
            })
            .collect();
        family(
            "requests_total",
            "counter",
            "Answers by what was asked for and status.",
            &rows,
        );
        family(
            "sent_bytes_total",
            "counter",
            "Bytes of answers without headers.",
            &load(&self.bytes),
        );
        family(
            "connections_total",
            "counter",
            "Connections that were accepted.",
            &load(&self.connections),
        );
        family(
            "connections",
            "gauge",
            "Connections that are open.",
            &load(&self.open),
        );
        family(
            "build_ids",
            "gauge",
            "Build IDs in the index.",
            &one(build_ids as u64),
        );
        family(
            "unread_files",
            "gauge",
            "Files and folders that could not be read.",
            &one(unread as u64),
        );
        out
    }
}
