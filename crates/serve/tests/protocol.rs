//! The protocol through a real socket: what is served, ranges, entity tags, hostile paths and clients, changes, the end.

#![expect(clippy::disallowed_types, reason = "a client")]

mod common;

use common::{Client, build_id, debug_file, folder, get, options, program, start, write};
use std::io::{Read, Write};
use std::time::{Duration, Instant};

const DWARF: &[u8] = b"debug information";
const ENDS: Duration = Duration::from_secs(20);

#[test]
fn debug_information_code_and_sections_are_served_by_build_id() {
    let (_above, root) = folder(DWARF);
    let server = start(options(&root));
    assert_eq!(server.index().len(), 1);
    let (address, id) = (server.address(), build_id());
    let debug = get(address, &format!("/buildid/{id}/debuginfo"));
    assert_eq!((debug.status, debug.body == debug_file(DWARF)), (200, true));
    assert_eq!(debug.header("X-DEBUGINFOD-FILE"), Some("prog.debug"));
    let size = debug.body.len().to_string();
    assert_eq!(debug.header("X-DEBUGINFOD-SIZE"), Some(size.as_str()));
    assert_eq!(
        debug.header("Content-Type"),
        Some("application/octet-stream")
    );
    let code = get(
        address,
        &format!("/buildid/{}/executable", id.to_uppercase()),
    );
    assert_eq!((code.status, code.body == program()), (200, true));
    // From the debug file, and where it has no contents, from the program.
    let section = get(address, &format!("/buildid/{id}/section/.debug_info"));
    assert_eq!((section.status, &section.body[..]), (200, DWARF));
    let text = get(address, &format!("/buildid/{id}/section/.text"));
    assert_eq!(text.status, 200);
    assert_eq!(text.body, program()[0x1000..0x1000 + text.body.len()]);
    assert_eq!(
        get(address, &format!("/buildid/{id}/section/.none")).status,
        404
    );
    let metrics = String::from_utf8(get(address, "/metrics").body).unwrap();
    let line = "goassay_debuginfod_requests_total{what=\"debuginfo\",code=\"200\"} 1";
    assert!(metrics.contains(line), "{metrics}");
    assert!(
        metrics.contains("goassay_debuginfod_build_ids 1\n"),
        "{metrics}"
    );
    assert!(server.stop(ENDS));
}

#[test]
fn head_ranges_and_tags_follow_http() {
    let (_above, root) = folder(DWARF);
    let server = start(options(&root));
    let path = format!("/buildid/{}/executable", build_id());
    let whole = program();
    let mut client = Client::new(server.address());
    let head = client.ask("HEAD", &path, "");
    assert_eq!(
        head.header("Content-Length"),
        Some(whole.len().to_string().as_str())
    );
    let tag = head.header("ETag").unwrap().to_owned();
    let mut ranged = |range: &str, status: u16, expected: &[u8], of: &str| {
        let reply = client.ask("GET", &path, range);
        assert_eq!(
            (reply.status, reply.header("Content-Range")),
            (status, Some(of)),
            "{range}"
        );
        assert!(status != 206 || reply.body == expected, "{range}");
    };
    let len = whole.len();
    ranged(
        "Range: bytes=1-3\r\n",
        206,
        b"ELF",
        &format!("bytes 1-3/{len}"),
    );
    ranged(
        "Range: bytes=-2\r\n",
        206,
        &whole[len - 2..],
        &format!("bytes {}-{}/{len}", len - 2, len - 1),
    );
    ranged(
        "Range: bytes=5000-\r\n",
        206,
        &whole[5000..],
        &format!("bytes 5000-{}/{len}", len - 1),
    );
    ranged(
        &format!("Range: bytes={len}-\r\n"),
        416,
        b"",
        &format!("bytes */{len}"),
    );
    ranged(
        &format!("If-Range: {tag}\r\nRange: bytes=0-0\r\n"),
        206,
        b"\x7f",
        &format!("bytes 0-0/{len}"),
    );
    for ignored in [
        "If-Range: \"other\"\r\nRange: bytes=0-0\r\n",
        "Range: bytes=0-1,3-4\r\n",
        "Range: lines=1-2\r\n",
    ] {
        let reply = client.ask("GET", &path, ignored);
        assert_eq!((reply.status, reply.body.len()), (200, len), "{ignored}");
    }
    for known in [
        format!("If-None-Match: {tag}\r\n"),
        format!("If-None-Match: \"x\", W/{tag}\r\n"),
    ] {
        let reply = client.ask("GET", &path, &known);
        assert_eq!(
            (reply.status, reply.header("ETag")),
            (304, Some(tag.as_str()))
        );
    }
    assert_eq!(
        client.ask("GET", &path, "If-None-Match: \"x\"\r\n").status,
        200
    );
    drop(client);
    assert!(server.stop(ENDS));
}

#[test]
fn sources_are_served_and_no_path_leads_out() {
    let (above, root) = folder(DWARF);
    #[cfg(unix)]
    std::os::unix::fs::symlink(above.path(), root.join("src/up")).unwrap();
    let server = start(options(&root));
    let (address, id) = (server.address(), build_id());
    let source = |path: &str| get(address, &format!("/buildid/{id}/source/{path}"));
    let absolute = root.join("src/main.go");
    for path in [
        "src/main.go",
        "/src/main.go",
        "src%2Fmain%2ego",
        absolute.to_str().unwrap(),
    ] {
        let reply = source(path);
        assert_eq!(
            (reply.status, &reply.body[..]),
            (200, &b"package main\n"[..]),
            "{path}"
        );
    }
    let outside = above.path().join("outside.go");
    for path in [
        "../outside.go",
        "src/../../outside.go",
        "%2e%2e/outside.go",
        "..%2foutside.go",
        "%252e%252e/outside.go",
        "src/up/outside.go",
        "src/./main.go",
        "..\\outside.go",
        "%2e%2e%5coutside.go",
        "src/main.go%00.txt",
        "notes.txt",
        "bin/prog",
        ".build-id/xx/prog.debug",
        "src",
        "/",
        outside.to_str().unwrap(),
        "/etc/passwd",
    ] {
        let reply = source(path);
        assert!(
            matches!(reply.status, 400 | 404),
            "{path}: {}",
            reply.status
        );
        assert!(
            !String::from_utf8_lossy(&reply.body).contains("SECRET"),
            "{path}"
        );
    }
    let unknown = get(address, "/buildid/abcd/source/src/main.go");
    assert_eq!(unknown.status, 404);
    assert!(server.stop(ENDS));
}

#[test]
fn bad_ids_and_requests_are_refused() {
    let (_above, root) = folder(DWARF);
    let server = start(options(&root));
    let address = server.address();
    let long = "a".repeat(130);
    for (id, status) in [
        ("abc", 400),
        ("xyz0", 400),
        ("..", 400),
        ("%2e%2e", 400),
        (&long, 400),
        ("abcd", 404),
    ] {
        assert_eq!(
            get(address, &format!("/buildid/{id}/debuginfo")).status,
            status,
            "{id}"
        );
    }
    for path in [
        "/",
        "/buildid/",
        "/buildid/abcd",
        "/buildid/abcd/other",
        "/etc/passwd",
        "/../etc/passwd",
    ] {
        assert_eq!(get(address, path).status, 404, "{path}");
    }
    let refused = |text: &str| {
        let mut client = Client::new(address);
        client.send(text);
        client.head().map(|reply| reply.status)
    };
    assert_eq!(
        refused("POST /metrics HTTP/1.1\r\nContent-Length: 0\r\n\r\n"),
        Some(405)
    );
    assert_eq!(
        refused("GET /metrics HTTP/1.1\r\nContent-Length: 5\r\n\r\n"),
        Some(400)
    );
    assert_eq!(refused("nonsense\r\n\r\n"), Some(400));
    assert_eq!(
        refused(&format!("GET /{} HTTP/1.1\r\n", "a".repeat(16 * 1024 - 16))),
        Some(431)
    );
    assert!(server.stop(ENDS));
}

#[test]
fn many_requests_on_one_connection_also_in_advance() {
    let (_above, root) = folder(DWARF);
    let server = start(options(&root));
    let mut client = Client::new(server.address());
    let path = format!("/buildid/{}/section/.debug_info", build_id());
    for _ in 0..300 {
        let reply = client.ask("GET", &path, "");
        assert_eq!((reply.status, &reply.body[..]), (200, DWARF));
    }
    client.send(&format!("GET {path} HTTP/1.1\r\n\r\n").repeat(5));
    for _ in 0..5 {
        assert_eq!(client.head().unwrap().status, 200);
        client.reader.read_exact(&mut [0; DWARF.len()]).unwrap();
    }
    let last = client.ask("GET", &path, "Connection: close\r\n");
    assert_eq!(last.header("Connection"), Some("close"));
    assert!(client.head().is_none());
    assert!(server.stop(ENDS));
}

#[test]
fn slow_clients_are_closed_and_others_get_their_place() {
    let (_above, root) = folder(&vec![7; 32 << 20]);
    let server = start(goassay_serve::Options {
        connections: 2,
        idle: Duration::from_millis(700),
        ..options(&root)
    });
    let address = server.address();
    let begun = Instant::now();
    // One sends its request byte by byte, one does not read what it asked for.
    let mut dribbler = Client::new(address);
    let mut deaf = Client::new(address);
    deaf.send(&format!(
        "GET /buildid/{}/debuginfo HTTP/1.1\r\n\r\n",
        build_id()
    ));
    let dribble = std::thread::spawn(move || {
        for _ in 0..100 {
            if dribbler.reader.get_mut().write_all(b"G").is_err() {
                return None;
            }
            std::thread::sleep(Duration::from_millis(100));
            dribbler.reader.get_ref().set_nonblocking(true).unwrap();
            let said = dribbler.reader.fill_buf_len();
            dribbler.reader.get_ref().set_nonblocking(false).unwrap();
            if said > 0 {
                return dribbler.head().map(|reply| reply.status);
            }
        }
        panic!("it was never closed")
    });
    assert_eq!(get(address, "/metrics").status, 200);
    assert!(begun.elapsed() < Duration::from_secs(15));
    assert!(matches!(dribble.join().unwrap(), Some(408) | None));
    let mut rest = Vec::new();
    let got = deaf.reader.read_to_end(&mut rest);
    assert!(got.is_err() || rest.len() < 32 << 20, "it was cut off");
    assert!(server.stop(ENDS));
}

/// How many bytes can be read at once, 0 where none are there.
trait FillBuf {
    fn fill_buf_len(&mut self) -> usize;
}

impl FillBuf for std::io::BufReader<std::net::TcpStream> {
    fn fill_buf_len(&mut self) -> usize {
        std::io::BufRead::fill_buf(self).map_or(0, <[u8]>::len)
    }
}

#[test]
fn a_changed_file_is_not_served_until_it_is_indexed_again() {
    let (_above, root) = folder(DWARF);
    let path = format!("/buildid/{}/executable", build_id());
    let server = start(options(&root));
    let changed = [program(), b"more".to_vec()].concat();
    write(&root.join("bin/prog"), &changed);
    assert_eq!(get(server.address(), &path).status, 404);
    std::fs::remove_file(root.join("bin/prog")).unwrap();
    assert_eq!(get(server.address(), &path).status, 404);
    assert!(server.stop(ENDS));
    let server = start(goassay_serve::Options {
        rescan: Some(Duration::from_millis(50)),
        ..options(&root)
    });
    assert_eq!(get(server.address(), &path).status, 404);
    write(&root.join("bin/new"), &changed);
    let deadline = Instant::now() + ENDS;
    while get(server.address(), &path).body != changed {
        assert!(Instant::now() < deadline, "the new file is never found");
        std::thread::sleep(Duration::from_millis(20));
    }
    assert!(server.stop(ENDS));
}

#[test]
fn a_stop_lets_answers_finish_and_ends_idle_connections() {
    let dwarf = vec![7; 24 << 20];
    let (_above, root) = folder(&dwarf);
    let server = start(options(&root));
    let mut idle = Client::new(server.address());
    assert_eq!(idle.ask("GET", "/metrics", "").status, 200);
    let mut reading = Client::new(server.address());
    reading.send(&format!(
        "GET /buildid/{}/debuginfo HTTP/1.1\r\n\r\n",
        build_id()
    ));
    assert_eq!(reading.head().unwrap().status, 200);
    let address = server.address();
    let stopping = std::thread::spawn(move || server.stop(ENDS));
    std::thread::sleep(Duration::from_millis(200));
    let mut body = Vec::new();
    reading.reader.read_to_end(&mut body).unwrap();
    assert!(body == debug_file(&dwarf), "{}", body.len());
    assert!(idle.head().is_none());
    assert!(stopping.join().unwrap());
    assert!(std::net::TcpStream::connect(address).is_err());
}
