//! Building the programs of the table as a user would, and asking the rules.

use super::programs::{self, AUTHOR};
use super::table::{ALWAYS, Build, Pair};
use crate::run::{Context, Outcome, output, read};
use goassay_audit::facts::Facts;
use goassay_audit::policy::Policy;
use goassay_audit::registry;
use goassay_audit::releases::Releases;
use goassay_audit::verdict::Verdict;
use goassay_binary::{Binary, NotGo, container};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What was judged on the way.
#[derive(Default)]
pub(super) struct Judged {
    pub(super) programs: usize,
    pub(super) exceptions: Vec<Exception>,
}

/// A program to which a rule that always applies does not.
pub(super) struct Exception {
    pub(super) rule: &'static str,
    pub(super) said: String,
}

impl Judged {
    fn note(&mut self, build: &Build, verdicts: &Verdicts) {
        self.programs += 1;
        for (rule, _) in ALWAYS {
            if let Some(Verdict::NotApplicable(why)) = verdicts.get(rule) {
                let said = format!("not applicable after `{}`: {why}", shown(build));
                self.exceptions.push(Exception { rule, said });
            }
        }
    }
}

/// What each rule says of a program.
type Verdicts = BTreeMap<&'static str, Verdict>;

/// The command with the environment that it has, as a person would type it.
fn shown(build: &Build) -> String {
    let variables = build.environment.iter();
    let variables: String = variables
        .map(|(key, value)| format!("{key}={value} "))
        .collect();
    format!("{variables}{}", build.command)
}

/// Builds what fails, runs the printed fix, and sees it pass.
pub(super) fn mended(pair: &Pair, judged: &mut Judged) -> Outcome<String> {
    let build = &pair.failing;
    let workshop = Workshop::new(build)?;
    workshop.run(build.command)?;
    let mut judge = |file: &str| {
        let verdicts = workshop.judge(file)?;
        judged.note(build, &verdicts);
        let verdict = verdicts.get(pair.rule).cloned();
        verdict.ok_or_else(|| "no such rule".to_owned())
    };
    let made = build.made();
    let failing = match judge(made)? {
        Verdict::Fail(failing) => failing,
        other => return Err(format!("the first build does not fail: {other:?}")),
    };
    let what = failing.what;
    let fix = failing.fix;
    workshop
        .run(&fix)
        .map_err(|error| format!("`{fix}`: {error}"))?;
    match judge(pair.fixed.unwrap_or(made))? {
        Verdict::Pass(_) => {}
        other => return Err(format!("after `{fix}`: {other:?}")),
    }
    let failing = shown(build);
    let label = pair.synthetic.map(|why| format!(" (synthetic: {why})"));
    let label = label.unwrap_or_default();
    Ok(format!(
        "fails after `{failing}`: {what}; passes after `{fix}`{label}"
    ))
}

/// Builds a program, and says why each of `rules` does not apply to it.
pub(super) fn not_applicable(
    build: &Build,
    rules: &[&'static str],
    judged: &mut Judged,
) -> Vec<(&'static str, Outcome<String>)> {
    let verdicts = || {
        let workshop = Workshop::new(build)?;
        workshop.run(build.command)?;
        workshop.judge(build.made())
    };
    let verdicts = match verdicts() {
        Ok(verdicts) => verdicts,
        Err(error) => {
            return rules
                .iter()
                .map(|rule| (*rule, Err(error.clone())))
                .collect();
        }
    };
    judged.note(build, &verdicts);
    let said = |rule: &str| match verdicts.get(rule) {
        Some(Verdict::NotApplicable(why)) => {
            Ok(format!("not applicable after `{}`: {why}", shown(build)))
        }
        other => Err(format!("after `{}`: {other:?}", shown(build))),
    };
    rules.iter().map(|rule| (*rule, said(rule))).collect()
}

/// A folder with the program's checkout and what is needed to build it.
struct Workshop<'b> {
    build: &'b Build,
    folder: tempfile::TempDir,
}

impl Workshop<'_> {
    fn new(build: &Build) -> Outcome<Workshop<'_>> {
        let folder = tempfile::tempdir().context("a folder")?;
        let workshop = Workshop { build, folder };
        build.program.lay_out(&workshop.project())?;
        programs::stand_ins(&workshop.tools())?;
        Ok(workshop)
    }

    fn project(&self) -> PathBuf {
        self.folder.path().join("prog")
    }

    fn tools(&self) -> PathBuf {
        self.folder.path().join("tools")
    }

    /// Runs a line as a user would, in the checkout; nothing of the developer's settings for Go but where its caches are.
    fn run(&self, line: &str) -> Outcome {
        const KEPT: [&str; 5] = ["GOCACHE", "GOMODCACHE", "GOPATH", "GOPROXY", "GOSUMDB"];
        let mut command = Command::new("sh");
        command.args(["-ec", line]).current_dir(self.project());
        for (key, _) in std::env::vars_os() {
            let name = key.to_string_lossy();
            if name.starts_with("GO") && !KEPT.contains(&&*name) {
                command.env_remove(&key);
            }
        }
        let path = std::env::var_os("PATH").unwrap_or_default();
        let mut folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
        // Behind the others: on macOS the real ones are used.
        folders.push(self.tools());
        command
            .env("PATH", std::env::join_paths(folders).context("PATH")?)
            .env("GOENV", "off")
            .env("GOFLAGS", "")
            .envs(AUTHOR)
            .envs(self.build.environment.iter().copied());
        output(&mut command).map(drop)
    }

    fn judge(&self, file: &str) -> Outcome<Verdicts> {
        let mut policy = Policy {
            as_of: "2026-11-22".parse().ok(),
            releases: Some(Releases {
                newest: [(26, 8), (27, 4)].into(),
                candidates: [27].into(),
                date: "2026-11-01".parse().ok(),
            }),
            ..Policy::default()
        };
        (self.build.policy)(&mut policy);
        judge(&self.project().join(file), &policy)
    }
}

/// What each rule says of the first Go binary in a file, whether the profile asks for it or not.
fn judge(file: &Path, policy: &Policy) -> Outcome<Verdicts> {
    let data = read(file)?;
    let members = container::members(&data).map_err(|gap| gap.reason)?;
    let mut why = Vec::new();
    for member in &members {
        match Binary::parse(member.data) {
            Ok(binary) => {
                let facts = Facts::of(&binary);
                let judged = registry::all().map(|rule| (rule.id, (rule.judge)(&facts, policy)));
                return Ok(judged.collect());
            }
            Err(NotGo::Packed(packer)) => {
                let judged = registry::audit_packed(packer, policy).into_iter();
                return Ok(judged.map(|j| (j.rule.id, j.verdict)).collect());
            }
            Err(other) => why.push(format!("{other:?}")),
        }
    }
    Err(format!("{}: {}", file.display(), why.join("; ")))
}
