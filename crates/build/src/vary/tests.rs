//! Hunts in small projects whose build is a script: what it writes down is found, and nothing else.

use super::*;
use std::collections::BTreeSet;
use std::io::Write;
use std::path::Path;

struct Case {
    root: tempfile::TempDir,
}

impl Case {
    /// A project with this build.
    fn new(script: &str) -> Case {
        let root = tempfile::tempdir().unwrap();
        let tree = root.path().join("project");
        std::fs::create_dir_all(tree.join("data")).unwrap();
        for name in ["one", "two", "three", "four", "five", "six"] {
            std::fs::write(tree.join("data").join(name), name).unwrap();
        }
        let script = format!("set -e\nmkdir -p out\n{script}\n");
        std::fs::write(tree.join("build.sh"), script).unwrap();
        Case { root }
    }

    fn bench(&self, change: impl FnOnce(&mut Machine)) -> Bench {
        let tree = Tree::of(&self.root.path().join("project"), false).unwrap();
        let environment = [
            ("PATH", "/usr/bin:/bin"),
            ("USER", "alice"),
            ("HOME", "/home/alice"),
            ("NOBODY_NEEDS", "this"),
        ];
        let environment = environment.map(|(n, v)| (n.into(), v.into())).into();
        let mut machine = Machine::of(environment, tree.root());
        machine.tree_bytes = tree.bytes();
        change(&mut machine);
        let project = Project {
            tree,
            below: "".into(),
            argv: ["sh", "build.sh"].map(Into::into).to_vec(),
            outputs: vec![Pattern::parse("out").unwrap()],
        };
        Bench::new(project, machine, &self.root.path().join("work")).unwrap()
    }

    fn hunt(&self, bench: Bench, names: &[&str], bisect: bool) -> (Variation, usize) {
        let inputs = names
            .iter()
            .map(|name| Input::named(name).unwrap())
            .collect();
        let wanted = Wanted {
            inputs,
            bisect,
            jobs: 2,
            keep: false,
        };
        let results = Results::of(&bench, false).unwrap();
        let begun = std::sync::atomic::AtomicUsize::new(0);
        let hunt = Hunt {
            bench,
            wanted: &wanted,
            results: &results,
            tell: &|event| {
                if matches!(event, Event::Begins(_)) {
                    begun.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                }
            },
        };
        let variation = hunt.run().unwrap();
        (variation, begun.into_inner())
    }
}

fn leaks(variation: &Variation) -> BTreeSet<&str> {
    let leaks = variation
        .tested
        .iter()
        .filter(|t| t.relevance() == Relevance::Unintended);
    leaks.map(|tested| tested.input.name).collect()
}

fn of<'v>(variation: &'v Variation, name: &str) -> &'v Tested {
    variation
        .tested
        .iter()
        .find(|tested| tested.input.name == name)
        .unwrap()
}

/// Whether this machine can show it; says so where not, past the capture of test output.
fn can_lay() -> bool {
    let mounts = crate::sandbox::Abilities::probe().mounts;
    if let crate::sandbox::Ability::No(why) = &mounts {
        let _ = writeln!(std::io::stderr(), "SKIPPED: {why}");
    }
    mounts.is_there()
}

const ALWAYS: [&str; 8] = [
    "directory",
    "home",
    "umask",
    "time-zone",
    "environment",
    "file-times",
    "temporary-folder",
    "path-order",
];
const LAID: [&str; 3] = ["user-name", "user-id", "file-order"];

#[test]
fn what_a_script_writes_down_is_found_with_its_kind() {
    if !can_lay() {
        return;
    }
    let all: Vec<&str> = ALWAYS
        .into_iter()
        .chain(LAID)
        .chain(["host-name"])
        .collect();
    let leaky = [
        ("directory", "pwd"),
        ("home", "echo $HOME"),
        ("umask", "stat -c %a build.sh"),
        ("time-zone", "date -d @0 +%H:%M"),
        ("environment", "echo $NOBODY_NEEDS"),
        ("file-times", "stat -c %Y data/one"),
        ("temporary-folder", "echo ${TMPDIR:-/tmp}"),
        ("path-order", "echo $PATH"),
        ("user-name", "id -un"),
        ("user-id", "id -u"),
        ("file-order", "ls -U data"),
        ("host-name", "uname -n"),
    ];
    let script: Vec<String> = leaky
        .iter()
        .map(|(name, leak)| format!("({leak}) >out/{name}"))
        .collect();
    let case = Case::new(&script.join("\n"));
    let (variation, _) = case.hunt(case.bench(|_| ()), &all, false);
    assert_eq!(variation.base.unstable, []);
    for tested in &variation.tested {
        match &tested.finding {
            Finding::NotVaried(why) => {
                let _ = writeln!(std::io::stderr(), "SKIPPED: {}: {why}", tested.input.name);
            }
            Finding::Differs(differences) => {
                let files: Vec<&str> = differences.iter().map(|d| d.output.as_str()).collect();
                let own = format!("out/{}", tested.input.name);
                assert_eq!(files, [own], "{}", tested.variant);
            }
            // A variable is taken away by one variant only.
            other => assert_eq!(
                (tested.variant, other),
                ("more", &Finding::Same),
                "{}",
                tested.input.name
            ),
        }
    }
    assert!(variation.is_leaky() && !variation.is_open());
    let traces = |name: &str| match &of(&variation, name).finding {
        Finding::Differs(differences) => differences[0].traces.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(traces("host-name"), ["goassay-elsewhere"]);
    assert_eq!(traces("home"), ["/home/alice"]);
}

#[test]
fn a_clean_script_has_no_input_with_or_without_namespaces() {
    let all: Vec<&str> = ALWAYS
        .into_iter()
        .chain(LAID)
        .chain(["host-name", "locale"])
        .collect();
    let script = "cat data/one data/two >out/all; LC_ALL=C ls data | LC_ALL=C sort >out/names";
    for bisect in [false, true] {
        let case = Case::new(script);
        let (variation, builds) = case.hunt(case.bench(|_| ()), &all, bisect);
        assert!(
            !variation.is_leaky() && !variation.is_open(),
            "{variation:?}"
        );
        // In a run again nothing is built that was built before.
        let (again, _) = case.hunt(case.bench(|_| ()), &all, bisect);
        assert_eq!((again, builds > 0), (variation, true));
    }
    let case = Case::new(script);
    let none = || crate::sandbox::Abilities::none("it is a test");
    let (variation, _) = case.hunt(
        case.bench(|machine| machine.abilities = none()),
        &all,
        false,
    );
    assert!(
        !variation.is_leaky() && !variation.is_open(),
        "{variation:?}"
    );
    assert!(
        matches!(&of(&variation, "user-id").finding, Finding::NotVaried(why) if why.contains("it is a test"))
    );
    assert_eq!(of(&variation, "directory").finding, Finding::Same);
}

#[test]
fn without_namespaces_what_can_be_varied_is_found_all_the_same() {
    let case = Case::new("pwd >out/place; echo $USER >out/user; echo $NOBODY_NEEDS >out/variable");
    let none = || crate::sandbox::Abilities::none("it is a test");
    let (variation, _) = case.hunt(
        case.bench(|machine| machine.abilities = none()),
        &["directory", "user-name", "environment", "umask"],
        false,
    );
    assert_eq!(
        leaks(&variation),
        BTreeSet::from(["directory", "environment", "user-name"])
    );
    assert_eq!(of(&variation, "umask").finding, Finding::Same);
}

/// A checkout can lie in another one: of a release, of a monorepo, of a home.
#[test]
fn a_repository_around_the_tree_is_not_the_tree_s() {
    let case = Case::new(
        "git rev-parse --is-inside-work-tree >out/inside 2>/dev/null || echo no >out/inside",
    );
    let around = case.root.path();
    for folder in [around, &around.join("project")] {
        let who = ["-c", "user.name=a", "-c", "user.email=a@example.com"];
        let commit = ["commit", "--quiet", "--allow-empty", "--message", "first"];
        for words in [&["init", "--quiet"][..], &[&who[..], &commit].concat()] {
            let words = words.iter().map(|word| std::ffi::OsString::from(*word));
            let done = crate::project::git(words, folder, Path::new("*"), &[]).unwrap();
            assert_eq!(done.code, Some(0), "{}", done.stderr);
        }
    }
    let bench = case.bench(|machine| machine.has_repository = true);
    let (variation, _) = case.hunt(bench, &["checkout"], false);
    let without = variation
        .tested
        .iter()
        .find(|tested| tested.variant == "no-repository");
    let Finding::Differs(differences) = &without.unwrap().finding else {
        panic!("{variation:?}");
    };
    assert_eq!(differences[0].output, "out/inside");
}

#[test]
fn an_unstable_file_is_said_first_and_does_not_hide_the_others() {
    let case =
        Case::new("cat /proc/sys/kernel/random/uuid >out/id; pwd >out/place; echo same >out/same");
    let (variation, _) = case.hunt(case.bench(|_| ()), &["directory", "umask"], false);
    let unstable: Vec<&str> = variation
        .base
        .unstable
        .iter()
        .map(|d| d.output.as_str())
        .collect();
    assert_eq!(unstable, ["out/id"]);
    assert_eq!(leaks(&variation), BTreeSet::from(["directory"]));
    assert_eq!(of(&variation, "umask").finding, Finding::Same);
    assert!(variation.is_leaky());
}

#[test]
fn seconds_are_the_time_and_nothing_else_is_blamed_for_them() {
    let case = Case::new("date +%s%N >out/seconds; pwd >out/place");
    let bench = case.bench(|_| ());
    if let Err(why) = bench.machine.program("faketime") {
        let _ = writeln!(std::io::stderr(), "SKIPPED: {why}");
        return;
    }
    let (variation, _) = case.hunt(bench, &["time", "directory", "umask", "time-zone"], false);
    assert_eq!(variation.base.unstable, []);
    assert_eq!(leaks(&variation), BTreeSet::from(["time", "directory"]));
    let Finding::Differs(differences) = &of(&variation, "time").finding else {
        panic!("{variation:?}");
    };
    assert_eq!(differences[0].output, "out/seconds");
}

#[test]
fn what_matters_only_together_is_found_by_bisecting() {
    let script = "if [ \"$TZ\" = GVT-05:45 ] && [ \"$(umask)\" = 0077 ]; then echo both; else echo not both; fi >out/file";
    let case = Case::new(script);
    let names = [
        "directory",
        "home",
        "umask",
        "time-zone",
        "environment",
        "file-times",
    ];
    let (variation, _) = case.hunt(case.bench(|_| ()), &names, true);
    assert_eq!(leaks(&variation), BTreeSet::new());
    let together = variation.together.as_ref().unwrap();
    let smallest = ["umask", "time-zone"].map(str::to_owned).to_vec();
    assert_eq!(together.smallest, Some(smallest));
    assert!(variation.is_leaky());
    let (plain, _) = case.hunt(case.bench(|_| ()), &names, false);
    let together = plain.together.unwrap();
    assert_eq!((together.differences.len(), together.smallest), (1, None));
}

#[test]
fn a_build_that_fails_is_no_answer() {
    let case = Case::new("echo working; test \"$(umask)\" != 0077; echo 1 >out/file");
    // Everything at once fails, too, and that makes nothing the same.
    let (at_once, _) = case.hunt(case.bench(|_| ()), &["umask", "home"], true);
    assert_eq!(of(&at_once, "umask").relevance(), Relevance::Unknown);
    assert!(at_once.is_open());
    let (variation, _) = case.hunt(case.bench(|_| ()), &["umask", "home"], false);
    assert_eq!(of(&variation, "umask").relevance(), Relevance::Unknown);
    assert!(variation.is_open() && !variation.is_leaky());
    let Finding::Fails { status, said } = &of(&variation, "umask").finding else {
        panic!("{variation:?}");
    };
    assert_eq!(
        (status.as_str(), said[0].as_str()),
        ("exit code 1", "working")
    );
    let never = Case::new("exit 9");
    let (variation, _) = never.hunt(never.bench(|_| ()), &["umask"], false);
    assert_eq!(variation.base.failed.as_ref().unwrap().0, "exit code 9");
    assert!(variation.is_open());
    let nothing = Case::new("true");
    let (variation, _) = nothing.hunt(nothing.bench(|_| ()), &["umask"], false);
    assert!(variation.is_open());
}

#[test]
fn the_work_is_never_done_in_the_tree() {
    let case = Case::new("echo 1 >out/file");
    let bench = case.bench(|_| ());
    let inside = bench.project.tree.root().join("work");
    let error = Bench::new(bench.project.clone(), bench.machine.clone(), &inside).unwrap_err();
    let twice = Bench::new(bench.project.clone(), bench.machine.clone(), &bench.work).unwrap_err();
    assert!(
        twice.to_string().contains("another run works there"),
        "{twice}"
    );
    assert!(
        error.to_string().contains("in the tree that is copied"),
        "{error}"
    );
    let before = bench.project.tree.digest().unwrap();
    let tree = bench.project.tree.clone();
    case.hunt(bench, &["umask", "file-times", "directory"], false);
    assert_eq!(tree.digest().unwrap(), before);
    assert!(!Path::new(tree.root()).join("out").exists());
}
