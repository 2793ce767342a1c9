//! Real projects built for a release: the version that was tagged, an audit without error, the same bytes a second time.

use super::folder::sums;
use super::project::{Program, Project, Run, git};
use super::{Bench, Ran};
use crate::go;
use crate::run::{Context, Outcome, output};
use serde_json::Value;
use std::path::Path;
use std::process::Command;

/// Most failures of the audit that are waived for a project.
const WAIVERS: usize = 2;

impl Bench {
    /// Builds all programs of a project and looks at them.
    pub(super) fn project(&self, project: &Project) -> Outcome<String> {
        let folder = self.fresh(project.name)?;
        let source = folder.join("source");
        project.check_out(self, &source)?;
        let commit = git(&source, &["rev-parse", "HEAD"])?;
        let (mut seen, mut waivers) = (Vec::new(), Vec::new());
        for (index, run) in project.runs.iter().enumerate() {
            let out = folder.join(format!("out{index}"));
            let proof = self.proven(&source.join(run.folder), run, &out)?;
            for program in run.programs {
                let file = out.join(program.file);
                version(&file, program, commit.trim())?;
                starts(&file, program)?;
                let audit = self.audited(&file)?;
                waivers.extend(audit.waived);
                seen.push(format!(
                    "{} {} (audit: no error, below that {})",
                    program.file, program.module.1, audit.failing
                ));
            }
            if !seen.contains(&proof) {
                seen.push(proof);
            }
        }
        if waivers.len() > WAIVERS {
            return Err(format!("{} waivers: {}", waivers.len(), waivers.join(", ")));
        }
        Ok(format!(
            "{}; {}; waivers: {}",
            project.origin(),
            seen.join("; "),
            or_none(&waivers)
        ))
    }

    /// Builds for a release and again; gives what is said of that.
    fn proven(&self, folder: &Path, run: &Run, out: &Path) -> Outcome<String> {
        let mut command = self.goassay(folder);
        command.args(["build", "--release", "--prove", "--no-progress", "-o"]);
        let ran = Ran::of(command.arg(out).args(run.packages))?.expect(0)?;
        let mut lines = ran.stderr.lines();
        let proof = lines.find(|line| line.starts_with("identical the second time"));
        sums(out)?;
        proof
            .map(str::to_owned)
            .ok_or_else(|| format!("it does not say that it is identical: {}", ran.stderr))
    }

    /// The audit of a finished file, by a run of its own in a folder without settings.
    fn audited(&self, file: &Path) -> Outcome<Audit> {
        let mut command = self.goassay(&self.folder);
        command.args(["audit", "--json", "--profile", "production"]);
        let ran = Ran::of(command.arg(file))?.expect(0)?;
        let document: Value = serde_json::from_slice(&ran.stdout).context("the audit")?;
        let counts = &document["verdict"]["counts"];
        if counts["errors"] != 0 {
            return Err(format!("{}: {counts}", file.display()));
        }
        let verdicts = document["targets"][0]["verdicts"].as_array();
        let failing = verdicts.ok_or("no verdicts")?.iter();
        let (waived, failing): (Vec<&Value>, Vec<&Value>) = failing
            .filter(|verdict| verdict["verdict"] == "fail" || verdict["verdict"] == "unknown")
            .partition(|verdict| !verdict["waiver"].is_null());
        let named = |verdict: &&Value| {
            let word = |key: &str| verdict[key].as_str().unwrap_or_default().to_owned();
            match verdict["verdict"] == "unknown" {
                true => format!("{} {} unknown", word("level"), word("rule")),
                false => format!("{} {}", word("level"), word("rule")),
            }
        };
        Ok(Audit {
            failing: or_none(&failing.iter().map(named).collect::<Vec<_>>()),
            waived: waived.iter().map(named).collect(),
        })
    }
}

/// What an audit without errors says.
struct Audit {
    /// What fails at lower levels, or is unknown there.
    failing: String,
    /// What was waived.
    waived: Vec<String>,
}

fn or_none(words: &[String]) -> String {
    match words.is_empty() {
        true => "none".to_owned(),
        false => words.join(", "),
    }
}

/// What `go version -m` has to say.
fn version(file: &Path, program: &Program, commit: &str) -> Outcome {
    let said = go::modinfo(file)?.ok_or("go version -m knows nothing")?;
    let (path, version) = program.module;
    let wanted = [
        format!("mod\t{path}\t{version}"),
        "build\t-trimpath=true".to_owned(),
        format!("build\tvcs.revision={commit}"),
        "build\tvcs.modified=false".to_owned(),
    ];
    let missing = wanted
        .iter()
        .find(|line| !said.lines().any(|l| l.trim_end() == line.as_str()));
    match missing {
        None => Ok(()),
        Some(line) => Err(format!("go version -m does not say {line:?}:\n{said}")),
    }
}

/// It runs, and is the program that it should be.
fn starts(file: &Path, program: &Program) -> Outcome {
    let (argument, beginning) = program.says;
    let mut command = Command::new(file);
    command.args((!argument.is_empty()).then_some(argument));
    let said = output(&mut command)?;
    match said.starts_with(beginning.as_bytes()) {
        true => Ok(()),
        false => Err(format!("it says {:?}", String::from_utf8_lossy(&said))),
    }
}
