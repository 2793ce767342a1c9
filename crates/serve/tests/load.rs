//! 200 clients at once, each of which compares every byte, and what that costs in memory.

mod common;

use common::{Client, build_id, debug_file, folder, get, options, start};
use std::io::{Read, Write};
use std::sync::Arc;
use std::time::{Duration, Instant};

const CLIENTS: usize = 200;
const SIZE: usize = 8 << 20;
/// Most that the process may grow by, clients included: a small part of what is sent.
const MOST: u64 = 96 << 20;

#[test]
fn two_hundred_clients_get_every_byte_in_bounded_memory() {
    let dwarf: Vec<u8> = (0..SIZE as u64)
        .map(|at| (at.wrapping_mul(0x9e37_79b9) >> 13) as u8)
        .collect();
    let (_above, root) = folder(&dwarf);
    let expected = Arc::new(debug_file(&dwarf));
    drop(dwarf);
    let server = start(goassay_serve::Options {
        connections: CLIENTS,
        idle: Duration::from_secs(60),
        ..options(&root)
    });
    let (address, path) = (
        server.address(),
        format!("/buildid/{}/debuginfo", build_id()),
    );
    let before = memory("VmRSS:");
    // From here on the peak is that of the load.
    let is_reset = std::fs::write("/proc/self/clear_refs", "5").is_ok();
    let begun = Instant::now();
    let clients: Vec<_> = (0..CLIENTS)
        .map(|_| {
            let (expected, path) = (Arc::clone(&expected), path.clone());
            let run = move || {
                let mut client = Client::new(address);
                client.send(&format!("GET {path} HTTP/1.1\r\n\r\n"));
                assert_eq!(client.head().unwrap().status, 200);
                let mut part = vec![0; 32 * 1024];
                for piece in expected.chunks(part.len()) {
                    let part = &mut part[..piece.len()];
                    client.reader.read_exact(part).unwrap();
                    assert!(part == piece);
                }
            };
            std::thread::Builder::new()
                .stack_size(128 * 1024)
                .spawn(run)
                .unwrap()
        })
        .collect();
    for client in clients {
        client.join().unwrap();
    }
    let took = begun.elapsed();
    let grown = memory("VmHWM:").saturating_sub(before);
    let sent = (expected.len() * CLIENTS) >> 20;
    let said = format!(
        "{CLIENTS} clients, {sent} MiB in {took:.1?}; peak {} MiB above the start\n",
        grown >> 20
    );
    std::io::stderr().write_all(said.as_bytes()).unwrap();
    let counted = String::from_utf8(get(address, "/metrics").body).unwrap();
    let line = format!("sent_bytes_total {}\n", expected.len() * CLIENTS);
    assert!(counted.contains(&line), "{counted}");
    assert!(!is_reset || grown < MOST, "{grown} bytes");
    assert!(server.stop(Duration::from_secs(20)));
}

/// A line of /proc/self/status, in bytes; 0 where there is none.
fn memory(name: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<u64>().ok());
    kilobytes.unwrap_or(0) * 1024
}
