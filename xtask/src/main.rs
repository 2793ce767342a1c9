//! Tasks of the developers: one table of name, function and help. `cargo xtask` alone prints it; CI calls the same
//! names. Nothing here is part of the program.

mod bench;
mod browser;
mod builds;
mod diffs;
mod fixtures;
mod fuzz;
mod go;
mod levels;
mod matrix;
mod pairs;
mod peers;
mod reference;
mod rules;
mod run;
mod size_page;
mod toolchains;
mod verify;
mod vulndb;

use std::process::ExitCode;

/// What a task gets: the arguments after its name. What it gives: nothing, or what went wrong.
type Task = fn(&[String]) -> Result<(), Box<dyn std::error::Error>>;

const TASKS: &[(&str, Task, &str)] = &[
    (
        "bench",
        |args| Ok(bench::main(args)?),
        "measure: scan [RUNS] against govulncheck, inspect [RUNS] against $GSA",
    ),
    (
        "builds",
        |args| Ok(builds::main(args)?),
        "build real projects with goassay, beside go, goreleaser and ko, and in trouble [--only WORD]",
    ),
    (
        "diffs",
        |args| Ok(diffs::main(args)?),
        "make pairs of programs that differ by one known change; `diff` has to name it first [--fixed | --later | --only WORD]",
    ),
    (
        "fixtures",
        |args| Ok(fixtures::main(args)?),
        "check the committed binaries; --rebuild [NAME]…: build again and compare; --update [NAME]…: write them",
    ),
    (
        "fuzz",
        |args| Ok(fuzz::main(args)?),
        "run the fuzz targets [--seconds N (each, 10 unless told)] [TARGET]…",
    ),
    (
        "fuzz-seeds",
        |args| Ok(fuzz::seeds(args)?),
        "write seeds to fuzz/corpus",
    ),
    (
        "matrix",
        |args| Ok(matrix::main(args)?),
        "compare with govulncheck over programs, Go versions, platforms and kinds of files [--prepare] [--fixed | --full | --row FILTER]",
    ),
    (
        "measure",
        |args| Ok(bench::measure_main(args)?),
        "(used by bench)",
    ),
    (
        "pairs",
        |args| Ok(pairs::main(args)?),
        "build what fails each rule of the audit, run the printed fix, see it pass, and see where it does not apply [--fixed] [RULE]",
    ),
    (
        "rules",
        |args| Ok(rules::main(args)?),
        "write the pages of the audit's rules to docs/rules",
    ),
    (
        "test-peers",
        |args| Ok(peers::main(args)?),
        "tests that need Go and other programs [--fixed] [--only WORD]",
    ),
    (
        "verify",
        |args| Ok(verify::main(args)?),
        "verify programs of another user with many settings, and published ones; writes docs/verify-programs.md [--only WORD]",
    ),
    (
        "verify-toolchains",
        |args| Ok(toolchains::main(args)?),
        "rebuild Go releases and compare them with what is posted [--full] [--only WORD]",
    ),
    (
        "vulndb",
        vulndb::run,
        "make the embedded database from the published archive ([ARCHIVE] [--check])",
    ),
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let task = arguments
        .first()
        .and_then(|name| TASKS.iter().find(|task| task.0 == name));
    let Some((name, run, _)) = task else {
        print_help();
        return ExitCode::from(2);
    };
    match run(&arguments[1..]) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask {name}: {error}");
            ExitCode::FAILURE
        }
    }
}

fn print_help() {
    eprintln!("usage: cargo xtask TASK [ARGUMENT]…");
    for (name, _, help) in TASKS {
        eprintln!("  {name:<17} {help}");
    }
}
