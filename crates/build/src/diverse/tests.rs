//! Tiny toolchains (those of the tests of `rebuild`) built through several chains. Real ones: `cargo xtask verify-toolchains`.

#![cfg(unix)]

use super::*;
use crate::rebuild::chain::Link;
use crate::rebuild::tests::{BOOTSTRAP, HONEST, TARGET, Told, World, name, zip};

const COMPILE: &str = "pkg/tool/linux_amd64/compile";

fn platform() -> Platform {
    Platform::parse("linux/amd64").unwrap()
}

struct Case {
    world: World,
    request: Request,
}

impl Case {
    fn new() -> Case {
        let world = World::new(&HONEST);
        let request = Request {
            version: Version::parse(TARGET).unwrap(),
            host: platform(),
            folder: world.root.path().join("work"),
            keep: false,
        };
        Case { world, request }
    }

    fn chain(&self, name: &str, links: Vec<Link>) -> Chain {
        let planner = Planner {
            target: &self.request.version,
            host: &self.request.host,
            published: &[],
            folder: &self.request.folder,
        };
        planner.given(name, links)
    }

    /// The published bootstrap Go.
    fn published(&self) -> Chain {
        let version = Version::parse(BOOTSTRAP).unwrap();
        self.chain("", vec![Link::Published(version)])
    }

    /// A Go that is there and builds an archive with this compiler in it.
    fn goroot(&self, label: &str, built: &str) -> Chain {
        let goroot = self.world.root.path().join(label);
        let honest = self.world.fetching(|fetcher| {
            let bootstrap = Name {
                version: Version::parse(BOOTSTRAP).unwrap(),
                platform: platform(),
            };
            fetcher.get(&bootstrap).unwrap();
            fetcher.store.find(&bootstrap).unwrap().goroot
        });
        let posted = honest.join("lib/posted/linux-amd64.zip");
        let tools = goroot.join("pkg/tool/linux_amd64");
        for folder in ["lib/posted", "bin", "pkg/tool/linux_amd64"] {
            fs::create_dir_all(goroot.join(folder)).unwrap();
        }
        fs::write(goroot.join("VERSION"), "go1.97.1\n").unwrap();
        fs::write(goroot.join("bin/go"), label).unwrap();
        fs::write(tools.join("compile"), label).unwrap();
        let to = goroot.join("lib/posted/linux-amd64.zip");
        if built.is_empty() {
            fs::copy(posted, to).unwrap();
        } else {
            let files: [(&str, &[u8]); 2] =
                [("VERSION", b"go1.98.1\n"), (COMPILE, built.as_bytes())];
            fs::write(to, zip(&name(TARGET, "linux/amd64"), &files)).unwrap();
        }
        fs::write(goroot.join("lib/posted/linux-arm64.zip"), "").unwrap();
        self.chain(label, vec![Link::Folder(goroot)])
    }

    fn run(&self, chains: &[Chain]) -> Result<Bootstrap, Error> {
        self.world.fetching(|fetcher| {
            let mut session = Session::new(&self.request, fetcher);
            for chain in chains {
                session.build(chain, &Told::default())?;
            }
            Ok(session.finish(chains)?.0)
        })
    }
}

#[test]
fn unrelated_chains_that_build_what_is_posted_pass() {
    let case = Case::new();
    let chains = [case.published(), case.goroot("there", "")];
    let bootstrap = case.run(&chains).unwrap();
    assert_eq!(bootstrap.verdict(), Status::Pass, "{bootstrap:#?}");
    assert_eq!(bootstrap.roots(), 2);
    let [variant] = &bootstrap.agreement.variants[..] else {
        panic!("{bootstrap:#?}");
    };
    assert!(variant.posted);
    assert_eq!(variant.chains, ["go1.96.9", "there"]);
    assert!(bootstrap.agreement.programs.iter().all(Program::is_same));
    let [one, other] = &bootstrap.built[..] else {
        panic!("{bootstrap:#?}");
    };
    assert_eq!(
        (one.root.kind, other.root.kind),
        (Kind::Published, Kind::Goroot)
    );
    assert!(
        one.root
            .vouched_by
            .as_deref()
            .unwrap()
            .starts_with("sums.example")
    );
    assert_eq!(
        (other.root.says.as_str(), &other.root.vouched_by),
        ("go1.97.1", &None)
    );
    let left = fs::read_dir(&case.request.folder).unwrap().count();
    assert_eq!(left, 0, "nothing is left");
}

#[test]
fn a_chain_that_builds_something_else_is_named_with_what_differs() {
    let case = Case::new();
    let planted = case.goroot("planted", "compile, planted");
    let chains = [planted, case.published(), case.goroot("there", "")];
    let bootstrap = case.run(&chains).unwrap();
    assert_eq!(bootstrap.verdict(), Status::Fail);
    let variants: Vec<_> = bootstrap
        .agreement
        .variants
        .iter()
        .map(|variant| (variant.posted, variant.chains.join(" ")))
        .collect();
    let want = [
        (true, "go1.96.9 there".to_owned()),
        (false, "planted".to_owned()),
    ];
    assert_eq!(variants, want);
    let [differing] = &bootstrap.agreement.differences[..] else {
        panic!("{bootstrap:#?}");
    };
    assert_eq!(
        (&differing.chains[..], &differing.from[..]),
        (
            &["planted".to_owned()][..],
            &["go1.96.9".to_owned(), "there".to_owned()][..]
        )
    );
    assert!(
        differing.entries.iter().any(|entry| entry.name == COMPILE),
        "{differing:#?}"
    );
    let compile = bootstrap
        .agreement
        .programs
        .iter()
        .find(|p| p.name == COMPILE)
        .unwrap();
    assert!(!compile.is_same());
    // What differs can be looked at.
    assert!(case.request.folder.join("planted/go1.98.1").is_dir());
}

#[test]
fn the_same_first_link_counts_once() {
    let case = Case::new();
    let there = case.goroot("there", "");
    let again = Chain {
        name: "again".to_owned(),
        ..there.clone()
    };
    let bootstrap = case.run(&[there, again]).unwrap();
    assert_eq!((bootstrap.roots(), bootstrap.verdict()), (1, Status::Skip));
    assert_eq!(bootstrap.built[1].same_root_as.as_deref(), Some("there"));
    assert_eq!(bootstrap.agreement.variants.len(), 1);
}

#[test]
fn two_beginnings_are_needed() {
    let case = Case::new();
    let published = case.published();
    let there = |name: &str| case.chain(name, vec![Link::Folder(PathBuf::from("/there"))]);
    for few in [
        vec![],
        vec![published.clone()],
        vec![there("a"), there("b")],
    ] {
        assert!(distinct(few).is_err());
    }
    let second = case.chain("a", vec![Link::Folder(PathBuf::from("/other"))]);
    let chains = distinct(vec![there("a"), published.clone(), second, published]).unwrap();
    let names: Vec<_> = chains.iter().map(|chain| chain.name.as_str()).collect();
    assert_eq!(names, ["a", "go1.96.9", "a-2"]);
}

#[test]
fn what_the_machine_has_is_found_and_what_not_is_said() {
    let root = tempfile::tempdir().unwrap();
    let system = fs::canonicalize(root.path()).unwrap();
    let platform = platform();
    let published = [
        "1.22.12", "1.20.14", "1.25.13", "1.24.13", "1.17.13", "1.4.3",
    ];
    let published: Vec<Name> = published
        .iter()
        .map(|v| name(&format!("go{v}"), "linux/amd64"))
        .collect();
    let target = Version::parse("1.25.14").unwrap();
    let planner = Planner {
        target: &target,
        host: &platform,
        published: &published,
        folder: Path::new("/work"),
    };
    let names = |chains: &[Chain]| {
        chains
            .iter()
            .map(|c| c.name.clone())
            .filter(|name| name != "c")
            .collect::<Vec<_>>()
    };
    let (chains, missing) = planner.all(&system).unwrap();
    assert_eq!(names(&chains), ["go1.22.12", "go1.25.13"]);
    let missing: Vec<_> = missing
        .iter()
        .map(|m| m.what.as_str())
        .filter(|what| *what != "a C compiler")
        .collect();
    assert_eq!(
        missing,
        ["a Go that is installed", "gccgo", "another processor"]
    );
    for (path, text) in [
        ("usr/lib/go-1.19/VERSION", "go1.19.8"),
        ("usr/lib/go-1.19/bin/go", ""),
        ("usr/lib/go-none/VERSION", "go1.19.8"),
        ("usr/local/go/VERSION", "devel"),
        ("usr/local/go/bin/go", ""),
        ("usr/bin/go-12", ""),
        ("usr/bin/gccgo-12", ""),
        ("usr/bin/go-9", ""),
        ("usr/bin/gccgo-9", ""),
        ("usr/bin/go-13", ""),
    ] {
        let path = system.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let (chains, missing) = planner.all(&system).unwrap();
    assert_eq!(
        names(&chains),
        ["go1.22.12", "go1.25.13", "go-1.19", "gccgo-12"]
    );
    assert!(missing.iter().any(|m| m.what == "another processor"));
    let gccgo = chains.last().unwrap();
    let links: Vec<String> = gccgo
        .links
        .iter()
        .skip(1)
        .map(ToString::to_string)
        .collect();
    assert_eq!(
        links,
        ["go1.20.14 built from source", "go1.22.12 built from source"]
    );
    assert_eq!(
        gccgo.links[0],
        Link::Folder(PathBuf::from("/work/gccgo-12/goroot"))
    );
}
