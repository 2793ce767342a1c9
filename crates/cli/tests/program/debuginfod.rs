//! `debuginfod` as its users start and end it; the protocol is tested in `goassay-serve`.

use crate::world::World;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};

#[test]
#[cfg(unix)]
fn it_serves_until_it_is_told_to_end() {
    let world = World::new();
    let program = goassay_fixtures::bytes("elf-amd64-go1.25");
    world.write("dist/prog", &program);
    let id = goassay_binary::debuginfo::debug_file(&program)
        .unwrap()
        .build_id
        .unwrap();
    let id = goassay_binary::bytes::hexadecimal(id);
    for signal in ["TERM", "INT"] {
        let mut command = world.command(&["debuginfod", "dist", "--listen", "127.0.0.1:0"]);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut said = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        said.read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("http://").expect(&line);
        let mut stream = TcpStream::connect(address).unwrap();
        let ask = format!("GET /buildid/{id}/executable HTTP/1.1\r\nConnection: close\r\n\r\n");
        stream.write_all(ask.as_bytes()).unwrap();
        let mut reply = Vec::new();
        stream.read_to_end(&mut reply).unwrap();
        assert!(reply.starts_with(b"HTTP/1.1 200 OK\r\n") && reply.ends_with(&program));
        let kill = format!("kill -{signal} $0");
        let sent = Command::new("/bin/sh")
            .args(["-c", &kill, &child.id().to_string()])
            .status();
        assert!(sent.unwrap().success());
        let outcome = world.outcome(&child.wait_with_output().unwrap());
        assert_eq!(outcome.code, Some(0), "{outcome}");
        assert!(
            outcome.stderr.contains("1 build IDs; Ctrl-C ends"),
            "{outcome}"
        );
    }
}

#[test]
fn what_cannot_be_served_is_said() {
    let world = World::new();
    let missing = world.run(&["debuginfod", "none"]);
    assert_eq!(missing.code, Some(2), "{missing}");
    assert!(missing.stderr.contains("cannot read none"), "{missing}");
    world.write("dist/notes.txt", "no program");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let taken = world.run(&["debuginfod", "dist", "--listen", &address]);
    assert_eq!(taken.code, Some(2), "{taken}");
    assert!(
        taken
            .stderr
            .contains(&format!("cannot listen on {address}")),
        "{taken}"
    );
}
