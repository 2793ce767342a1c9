//! `cargo xtask pairs [RULE]`: for each rule of the audit whose fix is a command, a program that fails it and the same one after
//! exactly the printed command was run.
//!
//! Needs Go (1.26 or later), gcc with a static C library, and git. What it does not show: rules whose fix needs a
//! decision or another host (private modules, signatures, packed and damaged files); the tests of `goassay-audit` have
//! made-up facts for those.

use crate::run::{Context, Outcome, output, read, write};
use goassay_audit::facts::Facts;
use goassay_audit::policy::Policy;
use goassay_audit::registry;
use goassay_audit::releases::Releases;
use goassay_audit::verdict::Verdict;
use goassay_binary::Binary;
use std::path::Path;
use std::process::Command;

/// One rule, the program, and the command that builds it so that the rule fails.
struct Pair {
    rule: &'static str,
    program: Program,
    build: &'static str,
    /// Environment of both builds.
    environment: &'static [(&'static str, &'static str)],
}

/// What is built.
#[derive(Clone, Copy)]
enum Program {
    /// Links net, os/user and crypto/tls.
    Net,
    /// Calls C.
    C,
    /// As `Net`, with a GODEBUG default in go.mod.
    Godebug,
    /// For old toolchains.
    Old,
}

const fn pair(rule: &'static str, program: Program, build: &'static str) -> Pair {
    Pair {
        rule,
        program,
        build,
        environment: &[],
    }
}

const PAIRS: &[Pair] = &[
    pair("T1-debug-info", Program::Net, "go build"),
    pair(
        "T1-debug-findable",
        Program::Net,
        "CGO_ENABLED=0 go build -ldflags='-B none'",
    ),
    pair("T2-trimpath", Program::Net, "go build"),
    pair(
        "T2-paths",
        Program::C,
        "CGO_CFLAGS='-O2 -g -I/home/eve/include' go build",
    ),
    pair(
        "T2-x-recorded",
        Program::Net,
        "go build -trimpath -ldflags='-X main.version=v1.2.3'",
    ),
    pair(
        "T2-build-date",
        Program::Net,
        "go build -ldflags='-X main.date=2026-01-02T03:04:05Z'",
    ),
    pair(
        "T2-credentials",
        Program::Net,
        "go build -ldflags='-X main.token=0123456789abcdef'",
    ),
    pair("T3-static", Program::Net, "CGO_ENABLED=1 go build"),
    pair("T3-static", Program::C, "CGO_ENABLED=1 go build"),
    pair(
        "T3-static",
        Program::Net,
        "CGO_ENABLED=0 go build -buildmode=pie",
    ),
    pair(
        "T3-static-nss",
        Program::Net,
        "CGO_ENABLED=1 go build -ldflags='-linkmode=external -extldflags=-static'",
    ),
    pair("T3-nss", Program::Net, "CGO_ENABLED=0 go build"),
    pair(
        "T3-fips-claim",
        Program::Net,
        "GOEXPERIMENT=boringcrypto CGO_ENABLED=0 go build",
    ),
    pair("T3-fips", Program::Net, "go build"),
    pair("T3-tags", Program::Net, "go build"),
    pair("T5-pie", Program::Net, "go build"),
    pair(
        "T5-relro",
        Program::Net,
        "CGO_ENABLED=0 go build -buildmode=pie",
    ),
    pair(
        "T5-interpreter",
        Program::Net,
        "CGO_ENABLED=0 go build -buildmode=pie",
    ),
    pair(
        "T5-stack",
        Program::C,
        "go build -ldflags='-linkmode=external -extldflags=-Wl,-z,execstack'",
    ),
    // Synthetic: no flag of a linker at hand makes such a segment, so the flags of the first loaded one are overwritten.
    pair(
        "T5-write-execute",
        Program::Net,
        "CGO_ENABLED=0 go build && printf '\\007' | dd of=prog bs=1 seek=180 conv=notrunc status=none",
    ),
    pair(
        "T5-runpath",
        Program::C,
        "CGO_LDFLAGS=-Wl,-rpath,/opt/lib go build",
    ),
    Pair {
        environment: &[("GOOS", "windows")],
        ..pair("T5-high-entropy", Program::Net, "go build -buildmode=exe")
    },
    pair("T6-version", Program::Net, "go build -buildvcs=false"),
    pair("T6-tag", Program::Net, "go build -buildvcs=true"),
    pair(
        "T6-clean",
        Program::Net,
        "touch new && go build -buildvcs=true",
    ),
    pair("T6-origin", Program::Net, "go build -buildvcs=false"),
    pair("T7-stack-protector", Program::C, "go build"),
    pair("T7-fortify", Program::C, "go build"),
    pair("T7-stack-clash", Program::C, "go build"),
    pair("T7-branch-protection", Program::C, "go build"),
    pair("T7-linker-flags", Program::C, "go build"),
    pair("T8-symbol-table", Program::Net, "go build -ldflags=-s"),
    pair(
        "T10-supported",
        Program::Old,
        "GOTOOLCHAIN=go1.21.0 go build",
    ),
    pair("T10-patched", Program::Old, "GOTOOLCHAIN=go1.26.0 go build"),
    pair(
        "T10-experiments",
        Program::Net,
        "GOEXPERIMENT=arenas go build",
    ),
    pair("T10-godebug", Program::Godebug, "go build"),
    pair(
        "T10-instrumented",
        Program::Net,
        "CGO_ENABLED=1 go build -race",
    ),
    pair(
        "T10-optimised",
        Program::Net,
        "go build -gcflags='all=-N -l'",
    ),
];

const MAIN: &str = r#"package main

import (
	"crypto/tls"
	"fmt"
	"net"
	"os/user"
)

var version, date, token string

func main() {
	fmt.Println(net.LookupHost("localhost"))
	fmt.Println(user.Current())
	fmt.Println(tls.Dial("tcp", "localhost:1", nil))
	fmt.Println(version, date, token)
}
"#;
const C_MAIN: &str = r#"package main

// #include <stdio.h>
// #include <string.h>
// static int length(const char *text) { char copy[64]; strcpy(copy, text); return (int)strlen(copy); }
import "C"

func main() { println(C.length(C.CString("x"))) }
"#;
const OLD_MAIN: &str = "package main\n\nfunc main() { println(1) }\n";

/// Entry point of the task.
pub(crate) fn main(args: &[String]) -> Outcome {
    let only = args.first().map(String::as_str);
    let pairs = PAIRS
        .iter()
        .filter(|pair| only.is_none_or(|rule| rule == pair.rule));
    let mut faults = 0;
    for pair in pairs {
        match run(pair) {
            Ok(fix) => println!(
                "{}: fails after `{}`, passes after `{fix}`",
                pair.rule, pair.build
            ),
            Err(error) => {
                faults += 1;
                println!("{}: NOT SHOWN: {error}", pair.rule);
            }
        }
    }
    match faults {
        0 => Ok(()),
        faults => Err(format!("{faults} of {} pairs are not shown", PAIRS.len())),
    }
}

/// Builds what fails, runs the printed fix, and gives it.
fn run(pair: &Pair) -> Outcome<String> {
    let folder = tempfile::tempdir().context("a folder")?;
    let project = folder.path().join("prog");
    lay_out(&project, pair.program)?;
    shell(&project, pair, pair.build)?;
    let name = if pair.environment.is_empty() {
        "prog"
    } else {
        "prog.exe"
    };
    let fix = match judge(pair.rule, &project.join(name))? {
        Verdict::Fail(failing) => failing.fix,
        other => return Err(format!("the first build does not fail: {other:?}")),
    };
    shell(&project, pair, &fix)?;
    match judge(pair.rule, &project.join(name))? {
        Verdict::Pass(_) => Ok(fix),
        // Where nothing of the kind is linked any more, there is nothing to judge.
        Verdict::NotApplicable(_) if pair.rule == "T3-static-nss" => Ok(fix),
        other => Err(format!("after `{fix}`: {other:?}")),
    }
}

fn lay_out(project: &Path, program: Program) -> Outcome {
    let (main, version, more) = match program {
        Program::Net => (MAIN, "1.26", ""),
        Program::C => (C_MAIN, "1.26", ""),
        Program::Godebug => (MAIN, "1.26", "\ngodebug urlstrictcolons=0\n"),
        Program::Old => (OLD_MAIN, "1.21.0", ""),
    };
    std::fs::create_dir_all(project).context("a folder")?;
    write(&project.join("main.go"), main)?;
    write(
        &project.join("go.mod"),
        format!("module goassay.example/prog\n\ngo {version}\n{more}"),
    )?;
    write(&project.join(".gitignore"), "prog\nprog.exe\n")?;
    for arguments in [
        &["init", "-q"][..],
        &["add", "."],
        &[
            "-c",
            "user.name=x",
            "-c",
            "user.email=x@example.com",
            "commit",
            "-q",
            "-m",
            "x",
        ],
    ] {
        output(Command::new("git").args(arguments).current_dir(project))?;
    }
    Ok(())
}

/// Runs a line as a user would, in the project's folder.
fn shell(project: &Path, pair: &Pair, line: &str) -> Outcome {
    let mut command = Command::new("sh");
    command.args(["-ec", line]).current_dir(project);
    for (key, _) in std::env::vars() {
        if key.starts_with("GO")
            && !key.starts_with("GOPROXY")
            && key != "GOPATH"
            && key != "GOCACHE"
        {
            command.env_remove(key);
        }
    }
    // `git stash` needs to know who stashes.
    let author = [
        ("GIT_AUTHOR_NAME", "x"),
        ("GIT_AUTHOR_EMAIL", "x@example.com"),
        ("GIT_COMMITTER_NAME", "x"),
        ("GIT_COMMITTER_EMAIL", "x@example.com"),
    ];
    command
        .envs(author)
        .env("GOFLAGS", "")
        .envs(pair.environment.iter().copied());
    output(&mut command).map(|_| ())
}

fn judge(rule: &str, file: &Path) -> Outcome<Verdict> {
    let data = read(file)?;
    let binary = Binary::parse(&data).map_err(|error| format!("{error:?}"))?;
    let facts = Facts::of(&binary);
    let mut policy = Policy {
        as_of: "2026-11-22".parse().ok(),
        releases: Some(Releases {
            newest: [(26, 8), (27, 4)].into(),
            date: "2026-11-01".parse().ok(),
        }),
        ..Policy::default()
    };
    policy.expectations.required_tags.push("netgo".to_owned());
    let rule = registry::find(rule).ok_or("no such rule")?;
    Ok((rule.judge)(&facts, &policy))
}
