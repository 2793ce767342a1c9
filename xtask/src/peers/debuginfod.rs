//! `goassay_serve` against the clients of the protocol: debuginfod-find gets debug information, program, section and source with
//! their bytes; gdb and delve stop in the shipped file at a line with what they get from it alone, and not without it.
//!
//! What a pass does not mean: one program for linux/amd64; no proxy and no TLS between.

use super::companion::{PLACE, Pair, delve_command, gdb_command, said};
use crate::run::{Context, Outcome, read, text, write};
use goassay_build::companion::{self, Identity};
use goassay_serve::{Options, Server};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

pub(super) fn main() -> Outcome {
    let client = Command::new("debuginfod-find").arg("--version").output();
    client.context("debuginfod-find (Debian package debuginfod)")?;
    let folder = tempfile::tempdir().context("temporary folder")?;
    let folder = folder.path().canonicalize().context("temporary folder")?;
    let pair = Pair::of_this_machine(&folder.join("linked"))?;
    let (shipped, second) = (read(&pair.files[0])?, read(&pair.files[1])?);
    let made = companion::make("prog", &shipped, &second).map_err(|e| e.to_string())?;
    let Identity::BuildId(id) = &made.identity else {
        return Err(format!("identity {:?}", made.identity));
    };
    let served = folder.join("served");
    let debug = &made.files[0];
    write(&served.join(&debug.path), &debug.bytes)?;
    write(&served.join("prog"), &shipped)?;
    let source = served.join("answer.go");
    write(&source, read(&folder.join("linked/source/answer.go"))?)?;
    let server = start(&served)?;
    let url = format!("http://{}", server.address());
    let find = |what: &[&str]| {
        let mut command = Command::new("debuginfod-find");
        command
            .env("DEBUGINFOD_URLS", &url)
            .env("DEBUGINFOD_CACHE_PATH", folder.join("cache"));
        read(Path::new(text(command.args(what))?.trim()))
    };
    let same = |what: &[&str], expected: &[u8]| match find(what)? == expected {
        true => Ok(()),
        false => Err(format!("debuginfod-find {what:?} got other bytes")),
    };
    same(&["debuginfo", id], &debug.bytes)?;
    same(&["executable", id], &shipped)?;
    same(&["source", id, &source.to_string_lossy()], &read(&source)?)?;
    let section = find(&["section", id, ".debug_line"])?;
    if !debug
        .bytes
        .windows(section.len())
        .any(|part| part == section)
        || section.is_empty()
    {
        return Err("the section is not that of the debug file".to_owned());
    }
    if find(&["debuginfo", "00112233445566778899"]).is_ok() {
        return Err("an unknown build ID is found".to_owned());
    }
    let stops = stops(&pair.files[0], &folder, &url)?;
    if !server.stop(Duration::from_secs(10)) {
        return Err("the server does not end".to_owned());
    }
    println!("debuginfod: 4 kinds of files with debuginfod-find, {stops} stops of gdb and delve");
    Ok(())
}

fn start(folder: &Path) -> Outcome<Server> {
    let open = |path: &Path| Ok(Box::new(std::fs::read(path)?) as Box<dyn AsRef<[u8]>>);
    let options = Options {
        listen: "127.0.0.1:0".parse().context("address")?,
        folders: vec![folder.to_owned()],
        connections: 16,
        idle: Duration::from_secs(10),
        rescan: None,
    };
    Server::start(options, Box::new(open)).context("server")
}

/// gdb and delve, each with a cache and home of its own, with the server and without.
fn stops(program: &Path, folder: &Path, url: &str) -> Outcome<usize> {
    for name in ["gdb", "delve"] {
        for (kind, urls) in [("with", url), ("without", "")] {
            let home = folder.join(format!("{name}-{kind}"));
            write(&home.join(".keep"), "")?;
            let mut command = match name {
                "gdb" => {
                    let mut command = gdb_command(program, &home);
                    command.env("HOME", &home);
                    command
                }
                _ => delve_command(program, &home)?,
            };
            command
                .env("DEBUGINFOD_URLS", urls)
                .env("DEBUGINFOD_CACHE_PATH", home.join("cache"));
            let shown = said(&mut command)?;
            let stopped = shown.contains(PLACE) && shown.contains("given = 1");
            if stopped != (kind == "with") {
                return Err(format!("{name} {kind} the server:\n{shown}"));
            }
        }
    }
    Ok(2)
}
