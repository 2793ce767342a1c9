//! Fetching a tiny toolchain from a proxy and a database in memory.

use super::*;
use crate::dirhash;
use crate::sumdb::kept::Memory;
use crate::sumdb::{Client, Database, Kind};
use crate::testing::{Log, Net, PROXY};
use std::cell::RefCell;
use std::io::{Cursor, Write};
use zip::write::SimpleFileOptions;

const VERSION: &str = "v0.0.1-go1.99.1.linux-amd64";

fn name() -> Name {
    Name::of_module(VERSION).unwrap()
}

/// Files of a tiny toolchain, with modes as in a distribution.
const FILES: [(&str, &str, u32); 6] = [
    ("VERSION", "go1.99.1\n", 0o644),
    ("bin/go", "go", 0o755),
    ("pkg/tool/linux_amd64/link", "link", 0o644),
    ("src/_go.mod", "module std\n", 0o644),
    ("src/make.bash", "#!/bin/bash\n", 0o755),
    ("src/fmt/print.go", "package fmt\n", 0o644),
];

fn zip(files: &[(&str, &str, u32)]) -> Vec<u8> {
    zip_below(&format!("{MODULE}@{VERSION}/"), files)
}

fn zip_below(prefix: &str, files: &[(&str, &str, u32)]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, text, mode) in files {
        let options = SimpleFileOptions::default().unix_permissions(*mode);
        writer
            .start_file(format!("{prefix}{name}"), options)
            .unwrap();
        writer.write_all(text.as_bytes()).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// The same as a distribution: real names, and what a module does not have.
fn distribution() -> Vec<u8> {
    let files = FILES.map(|(name, text, mode)| match name {
        "src/_go.mod" => ("src/go.mod", text, mode),
        _ => (name, text, mode),
    });
    let more = [
        ("api/go1.txt", "pkg fmt\n", 0o644),
        ("test/x.go", "package x\n", 0o644),
    ];
    zip_below("go/", &[&files[..], &more].concat())
}

const PAGE: &str = "https://page.example/dl";
const LIST_URL: &str = "https://page.example/dl/?mode=json&include=all";

struct World {
    root: tempfile::TempDir,
    net: Net,
    stages: RefCell<Vec<Stage>>,
    database: Database,
    kept: Memory,
}

const ZIP_URL: &str =
    "https://proxy.example/golang.org/toolchain/@v/v0.0.1-go1.99.1.linux-amd64.zip";

impl World {
    fn new(zip: &[u8]) -> World {
        let mut log = Log::new(5);
        let h1 = dirhash::of_zip(Cursor::new(zip)).unwrap();
        log.add(
            &format!("{MODULE}@{VERSION}"),
            &format!("{MODULE} {VERSION} {h1}\n"),
        );
        let net = Net::default();
        log.publish(&net, 6);
        net.set(ZIP_URL, Ok(zip.to_vec()));
        World {
            root: tempfile::tempdir().unwrap(),
            database: Database::parse(&log.signer.vkey()).unwrap(),
            net,
            stages: RefCell::default(),
            kept: Memory::default(),
        }
    }

    fn store(&self) -> Store {
        Store::new(self.root.path().join("toolchains"))
    }

    fn get(&self) -> Result<Outcome, Error> {
        self.with(&|fetcher| fetcher.get(&name()))
    }

    fn get_from_page(&self) -> Result<Outcome, Error> {
        self.with(&|fetcher| fetcher.get_from(&Page::new(PAGE), &name()))
    }

    fn with(&self, get: &dyn Fn(&Fetcher<'_>) -> Result<Outcome, Error>) -> Result<Outcome, Error> {
        let proxies = Proxies::parse(PROXY, "").unwrap();
        get(&Fetcher {
            fetch: &self.net,
            proxies: &proxies,
            database: &Client::new(&self.database, &self.net, &proxies, &self.kept),
            store: &self.store(),
            observer: &|stage| self.stages.borrow_mut().push(stage),
        })
    }

    /// Puts an archive on the page with downloads.
    fn post(&self, archive: &[u8]) {
        let sha256 = crate::archive::Sum::of(archive).hex();
        let size = archive.len();
        let list = format!(
            r#"[{{"files":[{{"filename":"tiny","os":"linux","arch":"amd64","version":"go1.99.1","sha256":"{sha256}","size":{size},"kind":"archive"}}]}}]"#
        );
        self.net.set(LIST_URL, Ok(list.into_bytes()));
        self.net.set(&format!("{PAGE}/tiny"), Ok(archive.to_vec()));
    }

    /// Names in the store besides locks.
    fn entries(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.store().folder()).unwrap();
        let names = entries.map(|e| e.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<_> = names.filter(|n| !n.ends_with(".lock")).collect();
        names.sort();
        names
    }
}

#[test]
fn a_toolchain_is_verified_unpacked_and_found_again() {
    let world = World::new(&zip(&FILES));
    let Outcome::Fetched(installed) = world.get().unwrap() else {
        panic!("it was not there");
    };
    assert_eq!(
        (installed.receipt.files, installed.receipt.tree_size),
        (6, 6)
    );
    assert_eq!(
        std::fs::read_to_string(installed.goroot.join("src/go.mod")).unwrap(),
        "module std\n"
    );
    assert!(!installed.goroot.join("src/_go.mod").exists());
    use Stage::{Checking, Downloading, LookingUp, Unpacking};
    assert_eq!(
        world.stages.take(),
        [LookingUp, Downloading, Checking, Unpacking]
    );
    assert_eq!(world.entries(), ["go1.99.1.linux-amd64"]);
    assert_eq!(world.get().unwrap(), Outcome::Present(installed.clone()));
    assert_eq!(world.store().installed().unwrap(), [installed]);
    assert!(world.store().remove(&name()).unwrap());
    assert!(!world.store().remove(&name()).unwrap());
    assert_eq!(world.entries(), Vec::<String>::new());
}

#[test]
#[cfg(unix)]
fn modes_are_those_of_the_go_command() {
    use std::os::unix::fs::PermissionsExt;
    let world = World::new(&zip(&FILES));
    world.get().unwrap();
    let goroot = world.store().find(&name()).unwrap().goroot;
    let mode = |name: &str| goroot.join(name).metadata().unwrap().permissions().mode() & 0o777;
    let modes = [
        "bin/go",
        "pkg/tool/linux_amd64/link",
        "src/make.bash",
        "src/go.mod",
    ]
    .map(mode);
    assert_eq!(modes, [0o755, 0o755, 0o755, 0o644]);
}

#[test]
fn a_download_that_was_altered_leaves_nothing() {
    let world = World::new(&zip(&FILES));
    let mut files = FILES;
    files[1].1 = "evil";
    for bytes in [
        zip(&files),
        zip(&FILES[..5]),
        b"<html>".to_vec(),
        zip(&FILES)[..300].to_vec(),
    ] {
        world.net.set(ZIP_URL, Ok(bytes));
        assert!(matches!(
            world.get().unwrap_err(),
            Error::Zip(_)
                | Error::Database(sumdb::Error {
                    kind: Kind::WrongHash,
                    ..
                })
        ));
        assert_eq!(world.entries(), Vec::<String>::new());
    }
    world.net.set(ZIP_URL, Ok(zip(&FILES)));
    assert!(world.get().is_ok());
}

#[test]
fn hostile_names_and_links_are_refused_though_they_were_published() {
    let hostile: [&[(&str, &str, u32)]; 4] = [
        &[("../../escaped", "x", 0o644)],
        &[("src/_go.mod", "a", 0o644), ("src/go.mod", "b", 0o644)],
        &[("bin/go", "a", 0o644), ("bin/go/x", "b", 0o644)],
        &[("VERSION", "x", 0o644)],
    ];
    for files in hostile {
        let world = World::new(&zip(files));
        let error = world.get().unwrap_err();
        assert!(
            matches!(error, Error::Contents(_) | Error::File { .. }),
            "{error}"
        );
        assert_eq!(world.entries(), Vec::<String>::new());
        assert!(!world.root.path().join("escaped").exists());
    }
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let link = format!("{MODULE}@{VERSION}/bin");
    writer
        .add_symlink(link, "/etc", SimpleFileOptions::default())
        .unwrap();
    let world = World::new(&writer.finish().unwrap().into_inner());
    assert!(
        world
            .get()
            .unwrap_err()
            .to_string()
            .contains("not a plain file")
    );
}

#[test]
fn what_a_stopped_process_left_is_not_trusted() {
    let world = World::new(&zip(&FILES));
    let store = world.store().folder().to_owned();
    let left = store.join(".go1.99.1.linux-amd64.unpacked/goroot");
    std::fs::create_dir_all(&left).unwrap();
    std::fs::write(left.join("evil"), "x").unwrap();
    std::fs::write(store.join(".go1.99.1.linux-amd64.zip"), "half").unwrap();
    std::fs::create_dir_all(store.join("go1.99.1.linux-amd64/goroot")).unwrap();
    assert_eq!(world.store().find(&name()), None, "there is no receipt");
    let Outcome::Fetched(installed) = world.get().unwrap() else {
        panic!("it was not there");
    };
    assert!(!installed.goroot.join("evil").exists());
    assert_eq!(world.entries(), ["go1.99.1.linux-amd64"]);
}

#[test]
fn sweeping_spares_what_another_process_works_on() {
    let world = World::new(&zip(&FILES));
    world.get().unwrap();
    let left = world.store().folder().join(".go1.99.1.linux-amd64.zip");
    std::fs::write(&left, "half").unwrap();
    let lock = File::options()
        .append(true)
        .open(world.store().folder().join(".go1.99.1.linux-amd64.lock"))
        .unwrap();
    lock.lock().unwrap();
    assert_eq!(world.store().sweep().unwrap(), 0);
    drop(lock);
    assert_eq!(world.store().sweep().unwrap(), 1);
    assert!(!left.exists());
}

#[test]
fn the_list_has_toolchains_only_oldest_first() {
    let net = Net::default();
    let list = "v0.0.1-go1.25.10.linux-amd64\nv0.0.1-go1.25.9.linux-amd64\nv1.0.0\nv0.0.1-go1.25.9.darwin-arm64\n";
    net.set(
        "https://proxy.example/golang.org/toolchain/@v/list",
        Ok(list.into()),
    );
    let names = list_names(&net);
    assert_eq!(
        names,
        [
            "go1.25.9 for darwin/arm64",
            "go1.25.9 for linux/amd64",
            "go1.25.10 for linux/amd64"
        ]
    );
}

fn list_names(net: &Net) -> Vec<String> {
    let proxies = Proxies::parse(PROXY, "").unwrap();
    list(net, &proxies)
        .unwrap()
        .iter()
        .map(Name::to_string)
        .collect()
}

#[test]
fn processes_fetch_once() {
    let world = World::new(&zip(&FILES));
    let store = world.store();
    let claim = store.claim(&name(), &|| ()).unwrap();
    let other = store.clone();
    let waiting = std::thread::spawn(move || {
        let (tell, told) = std::sync::mpsc::channel();
        let claimed = other.claim(&name(), &|| tell.send(()).unwrap()).is_ok();
        (claimed, told.try_recv().is_ok())
    });
    while !waiting.is_finished() && std::fs::read_dir(store.folder()).unwrap().count() == 0 {}
    std::thread::sleep(std::time::Duration::from_millis(50));
    drop(claim);
    assert_eq!(waiting.join().unwrap(), (true, true));
}

/// Names, modes and contents below a folder.
#[cfg(unix)]
fn files_below(folder: &Path) -> Vec<(PathBuf, u32, Vec<u8>)> {
    use std::os::unix::fs::PermissionsExt;
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let mode = path.metadata().unwrap().permissions().mode();
            let name = path.strip_prefix(folder).unwrap().to_owned();
            files.push((name, mode, std::fs::read(path).unwrap()));
        }
    }
    files.sort();
    files
}

#[test]
#[cfg(unix)]
fn a_download_page_gives_what_the_proxy_gives() {
    let world = World::new(&zip(&FILES));
    world.post(&distribution());
    let Outcome::Fetched(installed) = world.get_from_page().unwrap() else {
        panic!("it was not there");
    };
    let of_page = files_below(&installed.goroot);
    assert_eq!(
        of_page.len(),
        FILES.len(),
        "neither api nor test, for which nobody vouches"
    );
    assert!(world.store().remove(&name()).unwrap());
    world.get().unwrap();
    let proxied = world.store().find(&name()).unwrap();
    assert_eq!(files_below(&proxied.goroot), of_page);
    assert_eq!(proxied.receipt.h1, installed.receipt.h1);
}

#[test]
fn a_download_page_that_lies_is_not_believed() {
    let world = World::new(&zip(&FILES));
    let mut files = FILES;
    files[3] = ("src/go.mod", files[3].1, files[3].2);
    let mut evil = files;
    evil[1].1 = "evil";
    for (archive, posted) in [
        ("altered", zip_below("go/", &evil)),
        ("a file is missing", zip_below("go/", &files[..5])),
        ("another root", zip_below("", &files)),
        ("a page", b"<html>".to_vec()),
        ("half", distribution()[..300].to_vec()),
    ] {
        world.post(&posted);
        let error = world.get_from_page().unwrap_err();
        assert!(
            matches!(
                error,
                Error::Page(PageError::Archive(_))
                    | Error::Database(sumdb::Error {
                        kind: Kind::WrongHash,
                        ..
                    })
            ),
            "{archive}: {error}"
        );
        assert_eq!(world.entries(), Vec::<String>::new(), "{archive}");
    }
    world.post(&distribution());
    world.net.change(&format!("{PAGE}/tiny"), |bytes| {
        bytes.pop();
    });
    let error = world.get_from_page().unwrap_err();
    assert!(
        matches!(error, Error::Page(PageError::Altered(_))),
        "{error}"
    );
    world.net.set(LIST_URL, Ok(b"[]".to_vec()));
    let error = world.get_from_page().unwrap_err();
    assert!(
        matches!(error, Error::Page(PageError::Missing(_))),
        "{error}"
    );
}
