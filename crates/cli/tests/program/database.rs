//! `db import`, `db update` and `db status`, against files and a server in the published layout.

use crate::server::{Reply, Server};
use crate::world::World;
use insta::assert_snapshot;
use std::io::Write;

fn advisory(id: &str, modified: &str) -> String {
    format!(
        r#"{{"schema_version":"1.3.1","id":"{id}","modified":"{modified}","published":"2026-09-01T00:00:00Z",
"affected":[{{"package":{{"name":"example.com/m","ecosystem":"Go"}},
"ranges":[{{"type":"SEMVER","events":[{{"introduced":"0"}},{{"fixed":"1.2.3"}}]}}],
"ecosystem_specific":{{"imports":[{{"path":"example.com/m","symbols":["F"]}}]}}}}]}}"#
    )
}

fn index(modified: &str) -> Vec<u8> {
    format!(r#"{{"modified":"{modified}"}}"#).into_bytes()
}

fn zip_of(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in files {
        writer
            .start_file(*name, zip::write::SimpleFileOptions::default())
            .unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// A database of one day with these advisories.
fn publish(server: &Server, modified: &str, ids: &[&str]) {
    let index = index(modified);
    let advisories: Vec<_> = ids
        .iter()
        .map(|id| (format!("ID/{id}.json"), advisory(id, modified)))
        .collect();
    let mut files: Vec<(&str, &[u8])> = vec![("index/db.json", &index)];
    files.extend(
        advisories
            .iter()
            .map(|(name, text)| (name.as_str(), text.as_bytes())),
    );
    let zip = zip_of(&files);
    server.set("index/db.json", Reply::File(index.clone()));
    server.set("vulndb.zip", Reply::File(zip));
}

/// The same without the zip.
fn publish_files(server: &Server, modified: &str, advisories: &[(&str, &str)]) {
    server.set("index/db.json", Reply::File(index(modified)));
    let list: Vec<_> = advisories
        .iter()
        .map(|(id, m)| format!(r#"{{"id":"{id}","modified":"{m}"}}"#))
        .collect();
    server.set(
        "index/vulns.json",
        Reply::File(format!("[{}]", list.join(",")).into_bytes()),
    );
    for (id, modified) in advisories {
        server.set(
            &format!("ID/{id}.json"),
            Reply::File(advisory(id, modified).into_bytes()),
        );
    }
}

fn update(world: &World, server: &Server, more: &[&str]) -> crate::world::Outcome {
    let mut outcome = world.run(&[&["db", "update", "--url", &server.url], more].concat());
    outcome.stderr = outcome.stderr.replace(&server.url, "[URL]");
    outcome
}

#[test]
fn an_update_is_one_request_when_there_is_nothing_new() {
    let (world, server) = (World::new(), Server::start());
    publish(
        &server,
        "2026-10-01T10:00:00Z",
        &["GO-2026-0001", "GO-2026-0002"],
    );
    assert_snapshot!(update(&world, &server, &[]));
    assert_eq!(server.log(), ["/index/db.json 200", "/vulndb.zip 200"]);
    assert_snapshot!(update(&world, &server, &[]));
    assert_eq!(server.log(), ["/index/db.json 304"]);
    let mut status = world.run(&["db", "status", "--as-of", "2026-10-03"]);
    status.stdout = status.stdout.replace(&server.url, "[URL]");
    assert_snapshot!(status);
}

#[test]
fn an_older_database_is_refused_unless_told() {
    let (world, server) = (World::new(), Server::start());
    publish(
        &server,
        "2026-10-02T00:00:00Z",
        &["GO-2026-0001", "GO-2026-0002"],
    );
    assert_eq!(update(&world, &server, &[]).code, Some(0));
    publish(&server, "2026-10-01T00:00:00Z", &["GO-2026-0001"]);
    assert_snapshot!(update(&world, &server, &[]));
    assert_eq!(update(&world, &server, &["--force"]).code, Some(0));
    let other = Server::start();
    publish(&other, "2020-01-01T00:00:00Z", &["GO-2026-0001"]);
    assert_eq!(
        update(&World::new(), &other, &[]).code,
        Some(2),
        "older than the embedded one"
    );
}

#[test]
fn without_a_zip_only_what_changed_is_fetched() {
    let (world, server) = (World::new(), Server::start());
    let old = "2026-10-01T00:00:00Z";
    publish_files(
        &server,
        old,
        &[
            ("GO-2026-0001", old),
            ("GO-2026-0002", old),
            ("GO-2026-0003", old),
        ],
    );
    assert_eq!(update(&world, &server, &[]).code, Some(0));
    assert_eq!(
        server
            .log()
            .iter()
            .filter(|line| line.contains("/ID/"))
            .count(),
        3
    );
    let new = "2026-10-05T00:00:00Z";
    publish_files(
        &server,
        new,
        &[
            ("GO-2026-0001", old),
            ("GO-2026-0002", new),
            ("GO-2026-0004", new),
        ],
    );
    let outcome = update(&world, &server, &[]);
    assert!(
        outcome.stderr.contains("3 advisories of 2026-10-05"),
        "{outcome}"
    );
    let mut fetched: Vec<_> = server
        .log()
        .into_iter()
        .filter(|line| line.contains("/ID/"))
        .collect();
    fetched.sort();
    assert_eq!(
        fetched,
        ["/ID/GO-2026-0002.json 200", "/ID/GO-2026-0004.json 200"]
    );
}

#[test]
fn whatever_fails_leaves_the_present_database() {
    let (world, server) = (World::new(), Server::start());
    publish(&server, "2026-10-01T00:00:00Z", &["GO-2026-0001"]);
    assert_eq!(update(&world, &server, &[]).code, Some(0));
    let before = std::fs::read(world.imported()).unwrap();
    server.set("index/db.json", Reply::File(index("2026-10-09T00:00:00Z")));
    let circle = Reply::Redirect(format!("{}/vulndb.zip", server.url));
    let half = Reply::Truncated(zip_of(&[("ID/GO-2026-0001.json", b"{}")]));
    let broken = [
        ("a server error", Reply::Status(500)),
        ("a refusal", Reply::Status(403)),
        ("a circle", circle),
        ("a truncated file", half),
        ("no zip", Reply::File(b"<html>login</html>".to_vec())),
        (
            "no advisory",
            Reply::File(zip_of(&[("ID/GO-2026-0001.json", b"{\"id\":1}")])),
        ),
        ("too much", Reply::Huge(300 << 20)),
    ];
    let mut said = String::new();
    for (what, reply) in broken {
        server.set("vulndb.zip", reply);
        let outcome = update(&world, &server, &[]);
        assert_eq!(outcome.code, Some(2), "{what}: {outcome}");
        assert_eq!(std::fs::read(world.imported()).unwrap(), before, "{what}");
        said += &format!("## {what}\n{}", outcome.stderr);
    }
    assert_snapshot!(said);
}

#[test]
fn a_folder_is_a_mirror_and_offline_allows_it() {
    let world = World::new();
    world.write("mirror/index/db.json", index("2026-10-01T00:00:00Z"));
    world.write(
        "mirror/vulndb.zip",
        zip_of(&[(
            "ID/GO-2026-0001.json",
            advisory("GO-2026-0001", "2026-10-01T00:00:00Z").as_bytes(),
        )]),
    );
    let url = format!("file://{}", world.path("mirror").display());
    assert_eq!(
        world
            .run(&["db", "update", "--offline", "--url", &url])
            .code,
        Some(0)
    );
    assert_snapshot!(world.run(&["db", "update", "--offline"]));
}

#[test]
fn imports_say_what_they_are() {
    let world = World::new();
    world.write(
        "osv/GO-2026-0001.json",
        advisory("GO-2026-0001", "0001-01-01T00:00:00Z"),
    );
    assert_snapshot!(world.run(&["db", "import", "osv"]));
    assert_snapshot!(world.run(&[
        "db",
        "import",
        "osv",
        "--date",
        "2026-10-01",
        "--revision",
        "abc"
    ]));
    assert_snapshot!(world.run(&["db", "import", "osv", "--date", "2026-09-30"]));
    world.write("osv/package.json", "{}");
    assert_snapshot!(world.run(&["db", "import", "osv", "--date", "2026-10-02"]));
}

#[test]
fn published_files_are_read_on_the_fly() {
    let world = World::new();
    world.sample("server");
    world.write(
        "osv/ID/GO-2026-0001.json",
        advisory("GO-2026-0001", "2026-10-01T00:00:00Z"),
    );
    let outcome = world.scan(&["server", "--db", "osv"]);
    assert!(
        outcome.code == Some(0) && outcome.stdout.contains("named with --db"),
        "{outcome}"
    );
}
