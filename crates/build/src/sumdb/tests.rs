//! The client against an honest database, and against each way of cheating.

use super::kept::{Folders, Memory};
use super::note::testing::Signer;
use super::*;
use crate::testing::{Log, Net, PROXY, url};

struct World {
    log: Log,
    net: Net,
    kept: Memory,
    database: Database,
    proxies: Proxies,
}

impl World {
    fn new(size: usize) -> World {
        let log = Log::new(size);
        World {
            database: Database::parse(&log.signer.vkey()).unwrap(),
            proxies: Proxies::parse(PROXY, "").unwrap(),
            net: Net::default(),
            kept: Memory::default(),
            log,
        }
    }

    fn publish(&self, size: usize) {
        self.net.answers.borrow_mut().clear();
        self.log.publish(&self.net, size);
    }

    fn client(&self) -> Client<'_> {
        Client::new(&self.database, &self.net, &self.proxies, &self.kept)
    }

    fn lookup(&self, id: usize) -> Result<Statement, Error> {
        self.client().lookup(&module(id))
    }

    /// Sets the answer to a lookup.
    fn answer(&self, id: usize, text: String) {
        self.net.set(&lookup_url(id), Ok(text.into_bytes()));
    }

    /// Changes a file of the database.
    fn change(&self, path: &str, change: impl FnOnce(&mut Vec<u8>)) {
        self.net.change(&url(path), change);
    }

    fn refused(&self, id: usize) -> Kind {
        self.lookup(id).unwrap_err().kind
    }
}

/// What is done, how, and what it is called.
type Case<'a> = (&'a str, &'a dyn Fn(&World), Kind);

fn module(id: usize) -> Module {
    Module::new(format!("example.com/m{id}"), "v1.0.0")
}

fn lookup_url(id: usize) -> String {
    url(&format!("lookup/example.com/m{id}@v1.0.0"))
}

#[test]
fn an_honest_database_is_believed_as_it_grows() {
    let world = World::new(700);
    for size in [1, 5, 256, 300, 513, 700] {
        world.publish(size);
        let said = world.lookup(size - 1).unwrap();
        let want = (size as u64 - 1, size as u64, format!("h1:{}", size - 1));
        assert_eq!((said.id, said.tree_size, said.zip), want);
        assert_eq!(said.go_mod.unwrap(), format!("h1:m{}", size - 1));
        assert_eq!(world.client().latest().unwrap().size, size as u64);
    }
}

#[test]
fn what_was_proven_is_not_asked_for_again() {
    let world = World::new(300);
    world.publish(300);
    world.lookup(7).unwrap();
    let first = world.net.asked.take();
    assert_eq!(
        first.len(),
        5,
        "supported, the record, three tiles: {first:?}"
    );
    world.lookup(7).unwrap();
    assert_eq!(world.net.asked.take(), Vec::<String>::new());
}

#[test]
fn an_older_head_counts_in_a_lookup_and_is_a_replay_of_the_newest() {
    let world = World::new(400);
    world.publish(400);
    world.lookup(1).unwrap();
    let old = world.log.answer(2, 300);
    world.net.set(&lookup_url(2), Ok(old.into_bytes()));
    assert_eq!(
        world.lookup(2).unwrap().tree_size,
        400,
        "proven against the newer head"
    );
    world
        .net
        .set(&url("latest"), Ok(world.log.head(300).into_bytes()));
    assert_eq!(world.client().latest().unwrap_err().kind, Kind::Replay);
}

#[test]
fn a_database_that_goes_back_loses_its_records() {
    let world = World::new(400);
    world.publish(400);
    world.lookup(1).unwrap();
    world.publish(300);
    // The tiles of the kept head are kept too; a client that lost them cannot prove anything by the older ones.
    assert!(world.lookup(2).is_ok());
    let lost = Memory::default();
    lost.replace_head(None, world.log.head(400).as_bytes())
        .unwrap();
    let client = Client::new(&world.database, &world.net, &world.proxies, &lost);
    assert_eq!(client.lookup(&module(2)).unwrap_err().kind, Kind::Fetch);
}

#[test]
fn a_fork_is_proven_by_two_signed_heads() {
    for (seen, forked) in [(300, 400), (400, 300), (300, 300)] {
        let world = World::new(400);
        world.publish(seen);
        world.lookup(3).unwrap();
        let mut other = World::new(400);
        other.log.records[10].1 = "example.com/m10 v1.0.0 h1:evil\n".to_owned();
        other.publish(forked);
        other
            .kept
            .replace_head(None, &world.kept.head().unwrap().unwrap())
            .unwrap();
        let error = other.lookup(10).unwrap_err();
        assert_eq!(
            error.kind,
            if seen > forked {
                Kind::Fetch
            } else {
                Kind::Fork
            },
            "{seen} {forked} {error}"
        );
        if error.kind == Kind::Fork {
            assert_eq!(error.evidence.len(), 2);
            assert!(error.kind.is_misbehaviour());
        }
        assert_eq!(other.kept.head(), world.kept.head(), "the kept head stays");
    }
}

#[test]
fn an_older_fork_is_caught_by_the_kept_tiles() {
    let world = World::new(400);
    world.publish(400);
    world.lookup(3).unwrap();
    let mut other = World::new(400);
    other.log.records[10].1 = "example.com/m10 v1.0.0 h1:evil\n".to_owned();
    world
        .net
        .set(&lookup_url(10), Ok(other.log.answer(10, 300).into_bytes()));
    assert_eq!(world.refused(10), Kind::Fork);
}

#[test]
fn each_way_of_cheating_is_a_kind_of_its_own() {
    let altered = |world: &World| world.answer(4, world.log.answer(4, 300).replace("h1:4", "h1:5"));
    let other_id =
        |world: &World| world.answer(4, world.log.answer(4, 300).replacen("4\n", "5\n", 1));
    let beyond =
        |world: &World| world.answer(4, world.log.answer(4, 300).replacen("4\n", "300\n", 1));
    let of_another = |world: &World| {
        world.answer(4, world.log.answer(5, 300));
    };
    let unsigned =
        |world: &World| world.answer(4, world.log.answer(4, 300).replace("— sums", "— sumz"));
    let resigned = |world: &World| {
        world.answer(
            4,
            world.log.answer(4, 300).replace("tree\n300", "tree\n301"),
        )
    };
    let page = |world: &World| {
        world.answer(4, "<html>log in</html>".to_owned());
    };
    let tile = |world: &World| world.change("tile/8/0/000", |bytes| bytes[4 * 32] ^= 1);
    let edge = |world: &World| world.change("tile/8/0/001.p/44", |bytes| bytes[0] ^= 1);
    let short = |world: &World| world.change("tile/8/0/000", |bytes| bytes.truncate(100));
    let long = |world: &World| world.change("tile/8/1/000.p/1", |bytes| bytes.push(0));
    let gone = |world: &World| world.net.set(&lookup_url(4), Err(fetch::Kind::Missing));
    let down = |world: &World| {
        world
            .net
            .set(&url("tile/8/0/000"), Err(fetch::Kind::Unreachable))
    };
    let not_a_head = |world: &World| {
        let answer = format!(
            "4\n{}\n{}",
            world.log.records[4].1,
            world.log.signer.sign("hello\n")
        );
        world.answer(4, answer);
    };
    let narrow = |world: &World| {
        let note = world.log.signer.sign("go.sum database tree\n300\nAAAA\n");
        world.answer(4, format!("4\n{}\n{note}", world.log.records[4].1));
    };
    let cases: [Case<'_>; 15] = [
        ("altered record", &altered, Kind::AlteredRecord),
        ("another place", &other_id, Kind::AlteredRecord),
        ("place behind the end", &beyond, Kind::OutsideTree),
        ("another module's record", &of_another, Kind::NoHash),
        ("another name signs", &unsigned, Kind::UnknownKey),
        ("altered head", &resigned, Kind::BadSignature),
        ("a page", &page, Kind::MalformedRecord),
        ("altered tile", &tile, Kind::TileMismatch),
        ("altered edge", &edge, Kind::TileMismatch),
        ("short tile", &short, Kind::TileLength),
        ("long tile", &long, Kind::TileLength),
        ("no record", &gone, Kind::NoRecord),
        ("no answer", &down, Kind::Fetch),
        ("signed, but no head", &not_a_head, Kind::MalformedTree),
        ("hash of three bytes", &narrow, Kind::MalformedTree),
    ];
    for (what, cheat, want) in cases {
        let world = World::new(300);
        world.publish(300);
        cheat(&world);
        assert_eq!(world.refused(4), want, "{what}");
        assert!(!want.next_step().is_empty());
        world.publish(300);
        assert!(world.lookup(4).is_ok(), "{what}: nothing of it was kept");
    }
}

#[test]
fn another_key_is_refused() {
    let mut world = World::new(10);
    world.publish(10);
    world.database = Database::parse(&Signer::new("sums.example", 9).vkey()).unwrap();
    assert_eq!(world.refused(1), Kind::UnknownKey);
}

#[test]
fn damaged_files_of_ours_are_asked_for_again() {
    let world = World::new(300);
    world.publish(300);
    let root = tempfile::tempdir().unwrap();
    let kept = Folders::new(root.path(), root.path(), "sums.example");
    let client = || Client::new(&world.database, &world.net, &world.proxies, &kept);
    client().lookup(&module(4)).unwrap();
    let folder = root.path().join("sumdb/sums_example");
    for file in [
        "tile/8/0/000",
        "lookup/example.com/m4@v1.0.0",
        "tile/8/1/000.p/1",
    ] {
        let mut bytes = std::fs::read(folder.join(file)).unwrap();
        bytes[0] ^= 1;
        std::fs::write(folder.join(file), &bytes).unwrap();
        assert!(client().lookup(&module(4)).is_ok(), "{file}");
        assert_ne!(
            std::fs::read(folder.join(file)).unwrap(),
            bytes,
            "{file} is mended"
        );
    }
    std::fs::write(folder.join("latest"), "nonsense").unwrap();
    assert_eq!(
        client().lookup(&module(4)).unwrap_err().kind,
        Kind::KeptHead
    );
}

#[test]
fn the_database_is_asked_where_the_proxies_do_not_carry_it() {
    let world = World::new(3);
    let direct = |path: &str| format!("https://sums.example/{path}");
    let publish = |supported| {
        world.publish(3);
        let answers = world.net.answers.take();
        for (url, answer) in answers {
            world
                .net
                .set(&direct(url.rsplit_once("sums.example/").unwrap().1), answer);
        }
        world.net.set(&url("supported"), supported);
    };
    publish(Err(fetch::Kind::Missing));
    assert!(world.lookup(1).is_ok());
    publish(Err(fetch::Kind::Status(500)));
    assert_eq!(
        world.refused(2),
        Kind::Fetch,
        "a proxy that fails is not passed by"
    );
    for list in ["off", "direct", "https://proxy.example|direct"] {
        let proxies = Proxies::parse(list, "").unwrap();
        let kept = Memory::default();
        let client = Client::new(&world.database, &world.net, &proxies, &kept);
        assert!(client.lookup(&module(2)).is_ok(), "{list}");
    }
}

#[test]
fn a_partial_tile_may_be_gone_once_the_full_one_is_there() {
    let world = World::new(600);
    world.log.publish(&world.net, 600);
    world.log.publish(&world.net, 300);
    world
        .net
        .set(&url("tile/8/0/001.p/44"), Err(fetch::Kind::Missing));
    assert_eq!(world.lookup(4).unwrap().tree_size, 300);
    world
        .net
        .change(&url("tile/8/0/001"), |bytes| bytes.truncate(44 * 32));
    let kept = Memory::default();
    let client = Client::new(&world.database, &world.net, &world.proxies, &kept);
    assert_eq!(
        client.lookup(&module(4)).unwrap_err().kind,
        Kind::TileLength
    );
}

#[test]
fn who_has_to_be_in_the_database() {
    let excused = |path: &str, gosumdb: &str, gonosumdb: &str| {
        matches!(duty(path, gosumdb, gonosumdb), Duty::Excused(_))
    };
    assert!(!excused("example.com/m", "x", ""));
    assert!(excused("example.com/m", "off", ""));
    assert!(excused("example.com/m", "x", "*.org,example.com"));
    assert!(!excused(crate::toolchain::MODULE, "off", "golang.org/*"));
}
