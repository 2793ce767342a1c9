//! What comes from outside while the program runs: files that shrink, and Ctrl-C.

use crate::world::{AS_OF, World, sample};
use std::fs::OpenOptions;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

const FILES: usize = 6;
/// At least so many runs, then more until one has met a short file: whose turn it is, the system decides.
const RUNS: usize = 8;
const RUNS_AT_MOST: usize = 500;

/// Tells the other thread to end, also when an assertion fails: a scope waits for its threads.
struct SetOnDrop<'a>(&'a AtomicBool);

impl Drop for SetOnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[test]
fn files_that_shrink_while_they_are_read_end_no_run() {
    let world = World::new();
    let whole = sample();
    let paths: Vec<_> = (0..FILES)
        .map(|n| world.write(&format!("dir/server{n}"), &whole))
        .collect();
    let stop = AtomicBool::new(false);
    let codes: Vec<Option<i32>> = std::thread::scope(|scope| {
        scope.spawn(|| {
            for length in [4096, 500_000, 0].into_iter().cycle() {
                if stop.load(Ordering::Relaxed) {
                    return;
                }
                for path in &paths {
                    let file = OpenOptions::new().write(true).open(path).unwrap();
                    file.set_len(length).unwrap();
                    std::thread::sleep(Duration::from_millis(1));
                    file.set_len(whole.len() as u64).unwrap();
                    std::fs::write(path, &whole).unwrap();
                }
            }
        });
        let _end = SetOnDrop(&stop);
        let mut codes = Vec::new();
        while codes.len() < RUNS || (!codes.contains(&Some(2)) && codes.len() < RUNS_AT_MOST) {
            let outcome = world.scan(&["dir", "-j", "4", "-q"]);
            assert!(!outcome.stderr.contains("bug"), "{outcome}");
            let accounted =
                outcome.stdout.contains("Examined") && outcome.stdout.contains("exit code");
            assert!(accounted, "{outcome}");
            codes.push(outcome.code);
        }
        codes
    });
    let answered = codes.iter().all(|code| matches!(code, Some(1 | 2)));
    assert!(answered, "{codes:?}");
    assert!(codes.contains(&Some(2)), "nothing was disturbed: {codes:?}");
}

#[test]
#[cfg(unix)]
fn ctrl_c_ends_the_run_at_once_and_leaves_no_file() {
    use std::io::Write;
    use std::process::{Command, Stdio};

    let world = World::new();
    let mut command = world.command(&["scan", "-", "-o", "json=out.json", "--as-of", AS_OF]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // More than a pipe holds: when it is gone the program reads, so the handler is installed. It waits for the rest.
    stdin.write_all(&sample()[..1 << 20]).unwrap();
    let pid = child.id().to_string();
    let sent = Command::new("/bin/sh")
        .args(["-c", "kill -INT $0", &pid])
        .status();
    assert!(sent.unwrap().success());
    let output = child.wait_with_output().unwrap();
    drop(stdin);
    assert_eq!((output.status.code(), output.stdout.len()), (Some(130), 0));
    let left: Vec<_> = std::fs::read_dir(world.path("")).unwrap().collect();
    assert!(left.is_empty(), "{left:?}");
}
