//! `goassay vary` on projects that leak everything that can leak, on one that leaks nothing, and on real ones.

use super::project::{COREDNS, GOVULNCHECK, Project, Source, git};
use super::{Bench, Ran, page};
use crate::run::{Context, Outcome, workspace};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// A script with one unintentional input of each kind that needs no Go.
const LEAKY: Project = planted("leaky");
/// A Go program, as most people build it and with -trimpath.
const LEAKY_GO: Project = planted("leaky-go");
/// The same kinds of things, done so that nothing matters.
const CLEAN: Project = planted("clean");
const AGE: Project = Project {
    name: "age",
    source: Source::Module("filippo.io/age@v1.2.1"),
    tags: &["v1.2.1"],
    runs: &[],
};

const MKCERT: Project = Project {
    name: "mkcert",
    source: Source::Module("filippo.io/mkcert@v1.4.4"),
    tags: &["v1.4.4"],
    runs: &[],
};

const fn planted(name: &'static str) -> Project {
    Project {
        name,
        source: Source::Folder(name),
        tags: &["v1.0.0"],
        runs: &[],
    }
}

/// Inputs that cannot make a difference to a build without Go.
const OF_GO: &str =
    "module-cache,go-folder,c-compiler,cgo,go-flags,host-go,go-version,host-architecture";

/// What each file of the script depends on: variants by the beginnings of their names.
const LEAKS: &[(&str, &[&str])] = &[
    ("time", &["time"]),
    ("time-c", &["time", "source-date-epoch"]),
    ("directory", &["directory/same-length", "directory/longer"]),
    ("directory-length", &["directory/longer"]),
    ("user-name", &["user-name"]),
    ("user-name-variable", &["user-name"]),
    ("user-id", &["user-id"]),
    ("user-id-tar", &["user-name", "user-id"]),
    ("home", &["home"]),
    ("umask", &["umask"]),
    ("umask-tar", &["umask"]),
    ("locale", &["locale"]),
    ("time-zone", &["time-zone"]),
    ("host-name", &["host-name"]),
    ("environment", &["environment/more"]),
    ("environment-fewer", &["environment/fewer"]),
    ("processors", &["processors"]),
    ("build-cache", &["build-cache"]),
    ("file-order", &["file-order"]),
    ("file-times", &["file-times"]),
    ("temporary-folder", &["temporary-folder"]),
    ("path-order", &["path-order"]),
    ("clone-history", &["clone/shallow"]),
    ("clone-remote", &["clone/other-remote"]),
    ("checkout", &["checkout/dirty"]),
    ("source-date-epoch", &["source-date-epoch"]),
    ("module-cache", &[]),
    ("nothing", &[]),
];

/// The same for both Go programs. With the version of Go that switches toolchains the place of the toolchain is another one, too.
const LEAKS_GO: &[(&str, &[&str])] = &[
    (
        "paths",
        &[
            "directory/same-length",
            "directory/longer",
            "module-cache",
            "go-folder",
            "go-flags",
            "host-go",
            "go-version",
            "checkout/dirty",
            "checkout/no-repository",
            "checkout/other-tag",
            "clone/shallow",
        ],
    ),
    (
        "program",
        &[
            "c-compiler",
            "cgo",
            "go-flags",
            "go-version",
            "checkout/dirty",
            "checkout/no-repository",
            "checkout/other-tag",
            "clone/shallow",
        ],
    ),
];

/// A document of `vary`.
struct Varied(Value);

impl Varied {
    fn variants(&self) -> impl Iterator<Item = (String, &Value)> {
        let variants = self.0["variants"].as_array().into_iter().flatten();
        variants.map(|variant| {
            let input = variant["input"].as_str().unwrap_or_default();
            let name = variant["variant"]
                .as_str()
                .map_or(input.to_owned(), |name| format!("{input}/{name}"));
            (name, variant)
        })
    }

    /// The variants that make a difference to each file.
    fn by_file(&self) -> BTreeMap<String, BTreeSet<String>> {
        let mut by_file: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for file in self.0["base"]["files"].as_array().into_iter().flatten() {
            let name = file["name"].as_str().unwrap_or_default();
            by_file.entry(name.to_owned()).or_default();
        }
        for (name, variant) in self.variants() {
            for difference in variant["differences"].as_array().into_iter().flatten() {
                let file = difference["file"].as_str().unwrap_or_default();
                by_file
                    .entry(file.to_owned())
                    .or_default()
                    .insert(name.clone());
            }
        }
        by_file
    }

    fn of(&self, relevance: &str) -> Vec<String> {
        self.variants()
            .filter(|(_, v)| v["relevance"] == relevance)
            .map(|(name, _)| name)
            .collect()
    }

    /// What is not as the table says.
    fn faults(&self, table: &[(&str, &[&str])]) -> Vec<String> {
        let by_file = self.by_file();
        let skipped: BTreeSet<String> = self.of("not-varied").into_iter().collect();
        let mut faults = Vec::new();
        for (file, variants) in table {
            let wanted: BTreeSet<String> = variants
                .iter()
                .map(|v| (*v).to_owned())
                .filter(|v| !skipped.contains(v))
                .collect();
            match by_file.get(&format!("out/{file}")) {
                Some(found) if *found == wanted => {}
                found => faults.push(format!("out/{file}: {found:?} and not {wanted:?}")),
            }
        }
        faults
    }
}

impl Bench {
    /// A checkout of a project, with a remote; that of an earlier run unless it has to be new, so that `vary` finds what it has built.
    fn vary_checkout(&self, project: &Project, anew: bool) -> Outcome<PathBuf> {
        let name = format!("vary-{}", project.name);
        let source = self.folder.join(&name).join("source");
        if !anew && source.is_dir() {
            return Ok(source);
        }
        self.fresh(&name)?;
        project.check_out(self, &source)?;
        git(
            &source,
            &["commit", "--quiet", "--allow-empty", "--message", "second"],
        )?;
        for tag in project.tags {
            git(&source, &["tag", "--force", tag])?;
        }
        git(
            &source,
            &["remote", "add", "origin", "https://example.com/project.git"],
        )?;
        Ok(source)
    }

    fn varied(
        &self,
        folder: &Path,
        code: Option<i32>,
        path: Option<&Path>,
        arguments: &[&str],
    ) -> Outcome<Varied> {
        let mut command = self.goassay(folder);
        let work = folder.parent().unwrap_or(folder).join("work");
        command
            .args(["vary", "--json", "--no-progress", "--work"])
            .arg(work)
            .args(arguments);
        command
            .env("PLANTED_VARIABLE", "planted")
            .env_remove("CI")
            .env_remove("GOCACHE");
        if let Some(first) = path {
            let rest = std::env::var("PATH").unwrap_or_default();
            command.env("PATH", format!("{}:{rest}", first.display()));
        }
        let ran = Ran::of(&mut command)?;
        let ran = match code {
            Some(code) => ran.expect(code)?,
            None => ran,
        };
        serde_json::from_slice(&ran.stdout)
            .context("the document")
            .map(Varied)
    }

    /// Every planted leak of a script is found, with its kind, and nothing else is.
    pub(super) fn vary_leaks(&self) -> Outcome<String> {
        let source = self.vary_checkout(&LEAKY, true)?;
        let tools = workspace().join("xtask/go/builds/leaky/tools");
        let two = format!(
            "{}:{}",
            tools.join("one").display(),
            tools.join("two").display()
        );
        let build = [
            "--command",
            "sh build.sh",
            "--result",
            "out",
            "--skip",
            OF_GO,
        ];
        let varied = self.varied(&source, Some(1), Some(Path::new(&two)), &build)?;
        let faults = varied.faults(LEAKS);
        let (found, skipped) = (varied.of("unintended").len(), varied.of("not-varied"));
        match faults.is_empty() && varied.0["base"]["unstable"] == Value::Array(Vec::new()) {
            true => Ok(format!(
                "{} files of a script, {found} leaking variants, each in its files alone; not varied: {}",
                LEAKS.len(),
                or_none(&skipped)
            )),
            false => Err(format!(
                "{}; unstable: {}",
                faults.join("; "),
                varied.0["base"]["unstable"]
            )),
        }
    }

    /// The same for Go programs. The C compiler is a stand-in where there is one only.
    pub(super) fn vary_leaks_go(&self) -> Outcome<String> {
        let source = self.vary_checkout(&LEAKY_GO, true)?;
        let tools = workspace().join("xtask/go/builds/leaky-go/tools");
        let build = ["--command", "sh build.sh", "--result", "out", "--warm"];
        let varied = self.varied(&source, Some(1), Some(&tools), &build)?;
        let faults = varied.faults(LEAKS_GO);
        let skipped = varied.of("not-varied");
        match faults.is_empty() {
            true => Ok(format!(
                "{} leak, {} are meant to; not varied: {}",
                varied.of("unintended").join(", "),
                varied.of("intended").join(", "),
                or_none(&skipped)
            )),
            false => Err(faults.join("; ")),
        }
    }

    /// A build that depends on nothing is said to be clean, everything at once and one by one.
    pub(super) fn vary_clean(&self) -> Outcome<String> {
        let source = self.vary_checkout(&CLEAN, true)?;
        let build = ["--command", "sh build.sh", "--result", "out", "--warm"];
        let at_once = self.varied(
            &source,
            Some(0),
            None,
            &[&build[..], &["--bisect"]].concat(),
        )?;
        let one_by_one = self.varied(&source, Some(0), None, &build)?;
        let meant = one_by_one.of("intended");
        match meant == ["go-version"] && at_once.of("intended") == meant {
            true => Ok(format!(
                "{} variants make no difference; meant to: {}; not varied: {}",
                one_by_one.of("irrelevant").len(),
                meant.join(", "),
                or_none(&one_by_one.of("not-varied"))
            )),
            false => Err(format!("meant to make a difference: {meant:?}")),
        }
    }

    /// Real projects as `go build` builds them, and what is found written to the page.
    pub(super) fn vary_projects(&self) -> Outcome<String> {
        let projects: [(&str, &Project, &[&str]); 4] = [
            ("coredns", &COREDNS, &["."]),
            ("govulncheck", &GOVULNCHECK, &["./cmd/govulncheck"]),
            ("age", &AGE, &["./cmd/age"]),
            ("mkcert", &MKCERT, &["."]),
        ];
        let mut varied = Vec::new();
        for (name, project, arguments) in projects {
            let source = self.vary_checkout(project, false)?;
            let found = self.varied(&source, None, None, &[&["--warm"], arguments].concat());
            let found = found.map_err(|why| format!("{name}: {why}"))?;
            let failure = &found.0["base"]["failure"];
            if !failure.is_null() {
                return Err(format!("{name}: the build itself fails: {failure}"));
            }
            println!("  {name}: {}", found.of("unintended").join(", "));
            varied.push((name, project, found));
            // After each, so that what was found is not lost to one that fails.
            page::update(
                "docs/vary-projects.md",
                "builds --only vary-projects",
                &matrix(&varied),
            )?;
        }
        Ok(format!("{} projects", varied.len()))
    }
}

fn or_none(names: &[String]) -> String {
    match names.is_empty() {
        true => "none".to_owned(),
        false => names.join(", "),
    }
}

/// The matrix as a table of Markdown: a row for each variant, a column for each project.
fn matrix(all: &[(&str, &Project, Varied)]) -> String {
    let mut names: Vec<String> = Vec::new();
    for (name, _) in all.iter().flat_map(|(_, _, varied)| varied.variants()) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let heads: Vec<&str> = all.iter().map(|(name, ..)| *name).collect();
    let mut text = format!(
        "| variant | {} |\n|{}\n",
        heads.join(" | "),
        " --- |".repeat(heads.len() + 1)
    );
    for name in names {
        let cells = all.iter().map(|(_, _, varied)| cell(varied, &name));
        let cells: Vec<String> = cells.collect();
        text.push_str(&format!("| {name} | {} |\n", cells.join(" | ")));
    }
    text.push('\n');
    for (name, project, varied) in all {
        let go = varied.0["go"].as_str().unwrap_or_default();
        let together = varied.0["together"]["variants"]
            .as_array()
            .map_or(0, Vec::len);
        let differs = varied.0["together"]["differences"]
            .as_array()
            .is_some_and(|d| !d.is_empty());
        let at_once = if differs {
            "make a difference at once"
        } else {
            "at once make none either"
        };
        text.push_str(&format!(
            "- {name}: {go}; {}. {together} inputs that make no difference alone {at_once}.\n",
            project.origin()
        ));
    }
    text
}

fn cell(varied: &Varied, name: &str) -> String {
    let Some((_, variant)) = varied.variants().find(|(other, _)| other == name) else {
        return String::new();
    };
    match variant["relevance"].as_str() {
        Some("irrelevant") => "same".to_owned(),
        Some("unintended") => "**leak**".to_owned(),
        Some("intended") if variant["failure"].is_null() => "meant".to_owned(),
        Some("intended") => "meant (refused)".to_owned(),
        Some("unknown") => "no build".to_owned(),
        _ => variant["not_varied"]
            .as_str()
            .unwrap_or_default()
            .to_owned(),
    }
}
