//! What is wrapped, and, where this machine allows it, what the wrapped program then sees.

use super::*;
use crate::run::{self, Answer, Question};
use std::io::Write;
use std::path::Path;

fn words(argv: &[OsString]) -> Vec<&str> {
    argv.iter().map(|word| word.to_str().unwrap()).collect()
}

fn root_of_a_server() -> Abilities {
    Abilities {
        mounts: Ability::Yes,
        network: Ability::Yes,
        host_name: Ability::Yes,
        user: Ability::Yes,
        caller: Identity { uid: 0, gid: 0 },
        by_user_namespace: false,
        unshare: "/usr/bin/unshare".into(),
        setpriv: "/usr/bin/setpriv".into(),
    }
}

fn ordinary_user() -> Abilities {
    Abilities {
        caller: Identity {
            uid: 1000,
            gid: 100,
        },
        by_user_namespace: true,
        ..root_of_a_server()
    }
}

fn bind(from: &Path, to: &str) -> Bind {
    let (from, to) = (from.to_owned(), to.into());
    Bind { from, to }
}

#[test]
fn nothing_apart_takes_no_namespace() {
    let sandbox = Sandbox {
        umask: Some(0o27),
        ..Sandbox::default()
    };
    let argv = sandbox.wrap(&["go".into()], &Abilities::none("x")).unwrap();
    let want = [
        "/bin/sh",
        "-c",
        LAY,
        "goassay-sandbox",
        "",
        "umask",
        "0027",
        "run",
        "go",
    ];
    assert_eq!(words(&argv), want);
}

#[test]
fn folders_are_laid_from_the_outside_in_and_users_get_their_number_back() {
    let sandbox = Sandbox {
        network: false,
        binds: vec![
            bind(Path::new("/m"), "/a/go/pkg/mod"),
            bind(Path::new("/s"), "/a/go"),
        ],
        scratch: Some("/w/root".into()),
        confine: true,
        ..Sandbox::default()
    };
    let argv = sandbox
        .wrap(&["go".into(), "build".into()], &ordinary_user())
        .unwrap();
    let want = [
        "/usr/bin/unshare",
        "--user",
        "--map-root-user",
        "--mount",
        "--net",
        "--",
        "/bin/sh",
        "-c",
        LAY,
        "goassay-sandbox",
        "/w/root",
        "bind",
        "/s",
        "/a/go",
        "bind",
        "/m",
        "/a/go/pkg/mod",
        "enter",
        "run",
        "/usr/bin/setpriv",
        "--no-new-privs",
        "--",
        "/usr/bin/unshare",
        "--user",
        "--map-user=1000",
        "--map-group=100",
        "--",
        "go",
        "build",
    ];
    assert_eq!(words(&argv), want);
    let as_root = sandbox.wrap(&["go".into()], &root_of_a_server()).unwrap();
    let as_root = words(&as_root);
    assert_eq!(as_root[..4], ["/usr/bin/unshare", "--mount", "--net", "--"]);
    assert!(as_root.ends_with(&["/usr/bin/setpriv", "--no-new-privs", FILES, "--", "go"]));
}

#[test]
fn what_a_machine_does_not_allow_is_said_and_not_left_out() {
    let can = Abilities::none("the administrator says no");
    let nothing = Sandbox::default;
    let wants = [
        Sandbox {
            network: false,
            ..nothing()
        },
        Sandbox {
            binds: vec![bind(Path::new("/a"), "/b")],
            scratch: Some("/c".into()),
            ..nothing()
        },
        Sandbox {
            host_name: Some("x".into()),
            ..nothing()
        },
        Sandbox {
            user: Some(Identity { uid: 1, gid: 1 }),
            ..nothing()
        },
    ];
    for sandbox in wants {
        let unable = sandbox.wrap(&["true".into()], &can).unwrap_err();
        assert_eq!(unable.why, "the administrator says no", "{unable}");
    }
    let no_place = Sandbox {
        binds: vec![bind(Path::new("/a"), "/b")],
        ..nothing()
    };
    assert!(
        no_place
            .wrap(&["true".into()], &root_of_a_server())
            .is_err()
    );
}

/// A folder to work in, as this user and as another one: root's own temporary folders are closed to others.
struct Case {
    root: tempfile::TempDir,
}

impl Case {
    fn new() -> Case {
        let root = tempfile::tempdir().unwrap();
        for folder in ["scratch", "from/x y"] {
            std::fs::create_dir_all(root.path().join(folder)).unwrap();
        }
        std::fs::write(root.path().join("from/x y/file"), "laid").unwrap();
        Case { root }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    fn sandbox(&self, places: &[&str]) -> Sandbox {
        let from = self.path("from");
        Sandbox {
            binds: places.iter().map(|place| bind(&from, place)).collect(),
            scratch: Some(self.path("scratch")),
            ..Sandbox::default()
        }
    }

    fn said(&self, sandbox: &Sandbox, can: &Abilities, script: &str) -> String {
        let argv = ["/bin/sh", "-c", script].map(OsString::from);
        let answer = self.answer(sandbox.wrap(&argv, can).unwrap());
        assert_eq!(answer.code, Some(0), "{script}: {}", answer.stderr);
        String::from_utf8(answer.stdout).unwrap()
    }

    fn answer(&self, argv: Vec<OsString>) -> Answer {
        let environment = [
            ("PATH", "/usr/bin:/bin:/the/caller's"),
            ("goassay", "kept"),
            ("PWD", "/nowhere"),
        ];
        run::ask(&Question {
            argv,
            environment: environment.map(|(n, v)| (n.into(), v.into())).to_vec(),
            folder: self.root.path(),
        })
        .unwrap()
    }
}

/// What this machine allows as it is, and, where root runs the tests, also as an ordinary user would have it.
fn both_ways() -> Vec<Abilities> {
    let own = Abilities::probe();
    let mut ways = Vec::from([own.clone()]);
    if own.caller.uid == 0 && own.user.is_there() && !own.by_user_namespace {
        ways.push(Abilities {
            by_user_namespace: true,
            ..own
        });
    }
    ways
}

/// Says what is left out, past the capture of test output: a skipped test must not look like a passed one.
fn skipped(what: &str, ability: &Ability) -> bool {
    if let Ability::No(why) = ability {
        let _ = writeln!(std::io::stderr(), "SKIPPED: {what}: {why}");
    }
    !ability.is_there()
}

#[test]
fn folders_are_seen_at_places_that_are_not_there() {
    for can in both_ways() {
        if skipped("private view of the files", &can.mounts) {
            continue;
        }
        let case = Case::new();
        let places = [
            "/home/alice of goassay/go/pkg/mod",
            "/home/bob of goassay",
            "/build of goassay/src",
            "/usr/lib/go of goassay",
            "/root/of goassay",
        ];
        let before = names("/");
        let sandbox = case.sandbox(&places);
        for place in places {
            let script = format!("cat '{place}/x y/file'; ls /etc/passwd /usr/bin/env");
            let said = case.said(&sandbox, &can, &script);
            assert_eq!(said, "laid/etc/passwd\n/usr/bin/env\n", "{place}");
        }
        let script =
            "pwd; echo $PATH $goassay; ls from; id -u; ls / | grep -c old_root_of_goassay; true";
        let said = case.said(&sandbox, &can, script);
        let here = case.root.path().canonicalize().unwrap();
        let id = can.caller.uid;
        let want = format!(
            "{}\n/usr/bin:/bin:/the/caller's kept\nx y\n{id}\n0\n",
            here.display()
        );
        assert_eq!(said, want);
        assert_eq!(names("/"), before);
        assert!(places.iter().all(|place| !Path::new(place).exists()));
        assert_eq!(names(case.path("scratch").to_str().unwrap()), [""; 0]);
    }
}

fn names(folder: &str) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap().flatten();
    let mut names: Vec<_> = entries
        .map(|e| e.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

#[test]
fn a_place_in_a_laid_folder_and_over_the_folder_of_the_work() {
    for can in both_ways() {
        if skipped("private view of the files", &can.mounts) {
            continue;
        }
        let case = Case::new();
        let here = case.root.path().canonicalize().unwrap();
        std::fs::create_dir(case.path("inner")).unwrap();
        let mut sandbox = case.sandbox(&["/goassay outer"]);
        sandbox
            .binds
            .push(bind(&case.path("inner"), "/goassay outer/new"));
        sandbox.binds.push(bind(
            &case.path("from"),
            here.join("inner").to_str().unwrap(),
        ));
        let said = case.said(
            &sandbox,
            &can,
            "ls '/goassay outer'; ls inner; echo written >made",
        );
        assert_eq!(said, "new\nx y\nx y\n");
        // What is not covered is the real thing.
        assert_eq!(std::fs::read(case.path("made")).unwrap(), b"written\n");
        assert_eq!(names(case.path("from").to_str().unwrap()), ["x y"]);
    }
}

#[test]
fn files_host_name_user_and_umask_are_other_ones() {
    for can in both_ways() {
        let all = [&can.mounts, &can.host_name, &can.user];
        if all
            .into_iter()
            .any(|ability| skipped("another user on another host", ability))
        {
            continue;
        }
        let case = Case::new();
        std::fs::write(case.path("passwd"), "carol:x:4321:4322::/:/bin/sh\n").unwrap();
        let sandbox = Sandbox {
            covers: vec![bind(&case.path("passwd"), "/etc/passwd")],
            host_name: Some("elsewhere".into()),
            user: Some(Identity {
                uid: 4321,
                gid: 4322,
            }),
            umask: Some(0o77),
            ..Sandbox::default()
        };
        let said = case.said(
            &sandbox,
            &can,
            "id -u; id -g; id -un; uname -n; umask; echo >new",
        );
        assert_eq!(said, "4321\n4322\ncarol\nelsewhere\n0077\n");
        // On the outside it is the caller's.
        let mine = std::fs::metadata(case.path("new")).unwrap();
        let own = std::fs::metadata(case.path("passwd")).unwrap();
        use std::os::unix::fs::MetadataExt;
        assert_eq!((mine.uid(), mine.mode() & 0o777), (own.uid(), 0o600));
    }
}

#[test]
fn without_network_there_is_no_way_to_anybody() {
    for can in both_ways() {
        if skipped("a network of its own", &can.network) {
            continue;
        }
        let case = Case::new();
        let sandbox = Sandbox {
            network: false,
            ..Sandbox::default()
        };
        // The first line of each is a heading; the loopback device of this network was never started, and has no address.
        let script = "tail -n +2 /proc/net/route; cat /proc/net/if_inet6; tail -n +3 /proc/net/dev | grep -c lo:";
        assert_eq!(case.said(&sandbox, &can, script), "1\n");
    }
}

#[test]
fn a_confined_root_keeps_what_files_take() {
    for can in both_ways() {
        if skipped("a network of its own", &can.network) {
            continue;
        }
        let case = Case::new();
        let sandbox = Sandbox {
            network: false,
            confine: true,
            ..Sandbox::default()
        };
        let said = case.said(
            &sandbox,
            &can,
            "grep -E 'CapEff|NoNewPrivs' /proc/self/status | tr -s '\\t\\n' '  '",
        );
        let value = said.split_whitespace().nth(1).unwrap();
        // chown, dac_override, fowner, fsetid: nothing of mounts, networks or other processes.
        let kept = u64::from_str_radix(value, 16).unwrap();
        let is_root_of_its_own = can.by_user_namespace && can.caller.uid == 0;
        assert!(kept & !0b11011 == 0 || is_root_of_its_own, "{said}");
        assert!(said.contains("NoNewPrivs: 1"), "{said}");
    }
}

#[test]
fn a_program_that_fails_or_is_not_there_is_told_from_one_that_ends_well() {
    for can in both_ways() {
        if skipped("private view of the files", &can.mounts) {
            continue;
        }
        let case = Case::new();
        let sandbox = case.sandbox(&["/of goassay"]);
        let code = |argv: &[&str]| {
            let argv: Vec<OsString> = argv.iter().map(OsString::from).collect();
            case.answer(sandbox.wrap(&argv, &can).unwrap()).code
        };
        assert_eq!(code(&["/bin/sh", "-c", "exit 7"]), Some(7));
        assert_eq!(code(&["/no/such/program"]), Some(127));
    }
}
