//! One program for four platforms: the modules in its bills of materials, and the same bytes from a Go of another platform.
//!
//! That Go runs under qemu-user, with nothing of this machine's Go: what it compiles does not depend on the processor that compiles.

use super::folder::sums;
use super::plan::Planned;
use super::project::PAINT;
use super::{Bench, Ran};
use crate::fixtures::copy_tree;
use crate::go;
use crate::run::{Context, Outcome, output, read, text, write};
use serde_json::Value;
use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

const TARGETS: [&str; 4] = [
    "linux/amd64",
    "linux/arm64",
    "windows/amd64",
    "darwin/arm64",
];
const EMULATOR: &str = "qemu-aarch64-static";

/// Modules with their versions.
type Modules = BTreeSet<String>;

impl Bench {
    /// Builds for all targets and compares modules; then once more by another Go.
    pub(super) fn targets(&self) -> Outcome<String> {
        let folder = self.fresh("targets")?;
        let (source, out) = (folder.join("source"), folder.join("out"));
        PAINT.check_out(self, &source)?;
        let targets = TARGETS.join(",");
        let arguments = ["--target", &targets, "-o", &out.display().to_string()];
        let plan = self.plan(&source, &arguments)?;
        let mut command = self.goassay(&source);
        command.args(["build", "--release", "--no-progress"]);
        Ran::of(command.args(arguments))?.expect(0)?;
        sums(&out)?;
        let mut seen = Vec::new();
        for one in &plan {
            let count = same_modules(one)?;
            seen.push(format!("{} {count}", one.target));
        }
        let arm = plan.iter().find(|one| one.target == "linux/arm64");
        let emulated = self.emulated(&folder, arm.ok_or("no plan for linux/arm64")?)?;
        Ok(format!(
            "modules of the SBOMs, of go version -m and of go list -deps are the same: {}; {emulated}",
            seen.join(", ")
        ))
    }

    /// Builds by the plan with the Go for linux/arm64.
    fn emulated(&self, folder: &Path, plan: &Planned) -> Outcome<String> {
        let goroot = self.foreign(folder)?;
        let cache = folder.join("emulated-cache");
        let file = folder.join("emulated");
        let go = goroot.join("bin/go").display().to_string();
        let argv: Vec<String> = std::iter::once(EMULATOR.to_owned())
            .chain(std::iter::once(go.clone()))
            .chain(plan.argv.iter().skip(1).cloned())
            .collect();
        let mut version = Command::new(EMULATOR);
        plan.surround(version.args([&go, "version"]));
        let version = text(&mut version)?;
        // What this machine's compiler made is not taken for its own.
        let mut command = plan.command(&argv, &file);
        output(command.env("GOCACHE", &cache))?;
        let same = read(&file)? == read(Path::new(&plan.file))?;
        std::fs::remove_dir_all(&cache).context("cache")?;
        std::fs::remove_dir_all(&goroot).context("goroot")?;
        match same {
            true => Ok(format!(
                "the file for linux/arm64 is, byte for byte, what {:?} under {EMULATOR} makes with an empty cache",
                version.trim()
            )),
            false => Err("the file for linux/arm64 is another one under emulation".to_owned()),
        }
    }

    /// A copy of the same Go for linux/arm64, whose programs start under the emulator.
    fn foreign(&self, folder: &Path) -> Outcome<PathBuf> {
        let version = text(go::go().args(["env", "GOVERSION"]))?;
        let version = version.trim().trim_start_matches("go");
        let toolchain = |word: &str| {
            let mut command = self.goassay(folder);
            command.args(["toolchain", word, version, "--platform", "linux/arm64"]);
            Ran::of(&mut command)?.expect(0)
        };
        toolchain("fetch")?;
        let path = String::from_utf8(toolchain("path")?.stdout).context("path")?;
        let goroot = folder.join("goroot");
        let mut copy = Command::new("cp");
        copy.args(["-a", "--no-preserve=ownership", path.trim()]);
        output(copy.arg(&goroot))?;
        output(Command::new("chmod").args(["-R", "u+w"]).arg(&goroot))?;
        let tools = goroot.join("pkg/tool/linux_arm64");
        let programs = folder.join("tools");
        copy_tree(&tools, &programs)?;
        for entry in std::fs::read_dir(&tools).context(tools.display())? {
            let tool = entry.context(tools.display())?.path();
            let program = programs.join(tool.file_name().unwrap_or_default());
            executable(&program)?;
            let script = format!("#!/bin/sh\nexec {EMULATOR} {} \"$@\"\n", program.display());
            write(&tool, script)?;
            executable(&tool)?;
        }
        Ok(goroot)
    }
}

fn executable(file: &Path) -> Outcome {
    let mode = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(file, mode).context(file.display())
}

/// The modules that the two bills of materials, `go version -m` and `go list -deps` name; how many there are.
fn same_modules(plan: &Planned) -> Outcome<usize> {
    let linked = of_go(Path::new(&plan.file))?;
    let others = [
        ("CycloneDX", of_cyclonedx(&plan.file)?),
        ("SPDX", of_spdx(&plan.file)?),
        ("go list -deps", of_list(plan)?),
    ];
    match others.iter().find(|(_, modules)| *modules != linked) {
        None => Ok(linked.len()),
        Some((who, modules)) => Err(format!(
            "{}: go version -m has {linked:?}, {who} {modules:?}",
            plan.target
        )),
    }
}

fn of_go(file: &Path) -> Outcome<Modules> {
    let said = go::modinfo(file)?.ok_or("go version -m knows nothing")?;
    let fields = said
        .lines()
        .map(|line| line.split('\t').collect::<Vec<_>>());
    let module = |fields: Vec<&str>| match fields[..] {
        ["mod" | "dep", path, version, ..] => Some(format!("{path} {version}")),
        _ => None,
    };
    Ok(fields.filter_map(module).collect())
}

fn document(file: &str, suffix: &str) -> Outcome<Value> {
    let path = format!("{file}{suffix}");
    serde_json::from_slice(&read(Path::new(&path))?).context(path)
}

/// Name and version of each of them, but for Go itself.
fn named(list: &Value, version: &str) -> Modules {
    let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let all = list.as_array().into_iter().flatten();
    // SPDX has the file itself among the packages.
    let all = all.filter(|one| one["SPDXID"] != "SPDXRef-Binary");
    let all = all.map(|one| (word(&one["name"]), word(&one[version])));
    all.filter(|(name, version)| name != "stdlib" && !version.is_empty())
        .map(|(name, version)| format!("{name} {version}"))
        .collect()
}

fn of_cyclonedx(file: &str) -> Outcome<Modules> {
    Ok(named(
        &document(file, ".sbom.cdx.json")?["components"],
        "version",
    ))
}

fn of_spdx(file: &str) -> Outcome<Modules> {
    Ok(named(
        &document(file, ".sbom.spdx.json")?["packages"],
        "versionInfo",
    ))
}

/// Modules of the packages that the plan compiles; that of the program with the version that it was tagged with.
fn of_list(plan: &Planned) -> Outcome<Modules> {
    let program = plan.argv.first().ok_or("an empty command line")?;
    let mut command = Command::new(program);
    let module = "{{with .Module}}{{.Path}} {{.Version}}{{if .Main}}MAIN{{end}}{{end}}";
    let tags = plan.argv.iter().find(|word| word.starts_with("-tags"));
    command.args(["list", "-deps", "-f", module]).args(tags);
    plan.surround(command.arg(&plan.package));
    let said = text(&mut command)?;
    let version = PAINT.runs[0].programs[0].module.1;
    let lines = said.lines().filter(|line| !line.is_empty());
    Ok(lines.map(|line| line.replace("MAIN", version)).collect())
}
