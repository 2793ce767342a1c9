//! What the build information of both sides says otherwise: the surest of causes.

use super::{Cause, Change, Kind, flags, or_none};
use crate::differences::{BuildInfo, Differences, Setting};

type Values = [Option<String>; 2];

pub(super) fn causes(found: &Differences) -> Vec<Cause> {
    let build = &found.build;
    let mut causes = Vec::new();
    causes.extend(platform(found));
    causes.extend(go(build));
    causes.extend(program(build));
    for setting in &build.settings.list {
        causes.extend(cause(build, setting));
    }
    causes.extend(ldflags(build));
    causes.extend(modules(build));
    causes.extend(version_control(found));
    causes
}

fn platform(found: &Differences) -> Option<Cause> {
    let platform = &found.container.platform;
    let settings = found.build.settings.list.iter();
    let mut settings = settings.filter(|setting| matches!(setting.key.as_str(), "GOOS" | "GOARCH"));
    let facts = platform.iter().filter(|fact| fact.name != "kind");
    let words: Vec<String> = facts
        .map(|fact| {
            let [a, b] = fact.values.each_ref().map(|value| or_none(value.as_ref()));
            format!("{} {a} and {b}", fact.name)
        })
        .collect();
    let first = settings.next().map(said);
    let what = first.or_else(|| words.first().cloned())?;
    Some(Cause::new(Kind::Platform(what), words))
}

fn go(build: &BuildInfo) -> Vec<Cause> {
    let Some([a, b]) = &build.go else {
        return Vec::new();
    };
    let split = |version: &str| -> (String, String) {
        // With a dash from Go 1.26 on.
        let split = version
            .split_once(" X:")
            .or_else(|| version.split_once("-X:"));
        let (version, experiments) = split.unwrap_or((version, ""));
        (version.to_owned(), experiments.to_owned())
    };
    let ((one, left), (other, right)) = (split(a), split(b));
    let evidence = vec![format!("the build information says {a} and {b}")];
    let mut causes = Vec::new();
    if one != other {
        let change = Change::Toolchain(one.clone());
        causes.push(Cause::new(Kind::GoVersion([one, other]), evidence.clone()).with([change]));
    }
    if left != right {
        let change = Change::Environment("GOEXPERIMENT".to_owned(), set(&left));
        let words = [left, right].map(|one| or_none(Some(&one)));
        causes.push(Cause::new(Kind::GoExperiment(words), evidence).with([change]));
    }
    causes
}

fn set(value: &str) -> Option<String> {
    (!value.is_empty()).then(|| value.to_owned())
}

fn program(build: &BuildInfo) -> Option<Cause> {
    let paths = build.path.clone()?;
    let evidence = vec![format!("the main package is {} and {}", paths[0], paths[1])];
    Some(Cause::new(Kind::Program(paths), evidence))
}

fn said(setting: &Setting) -> String {
    let [a, b] = setting
        .values
        .each_ref()
        .map(|value| or_none(value.as_ref()));
    format!("{} {a} and {b}", setting.key)
}

fn cause(build: &BuildInfo, setting: &Setting) -> Option<Cause> {
    let key = setting.key.as_str();
    let values = setting.values.clone();
    let kind = match key {
        "GOOS" | "GOARCH" | "-ldflags" | "vcs" => return None,
        "vcs.revision" | "vcs.time" | "vcs.modified" => return None,
        "GOEXPERIMENT" if build.go.is_some() => return None,
        "GOEXPERIMENT" => Kind::GoExperiment(values.clone().map(Option::unwrap_or_default)),
        "-compiler" => Kind::Compiler(values.clone()),
        "-buildmode" => Kind::BuildMode(values.clone()),
        "CGO_ENABLED" => Kind::Cgo(values.clone()),
        "GO386" | "GOAMD64" | "GOARM" | "GOARM64" | "GOMIPS" | "GOMIPS64" | "GOPPC64"
        | "GORISCV64" | "GOWASM" => Kind::CpuLevel(key.to_owned(), values.clone()),
        "-race" | "-msan" | "-asan" | "-cover" | "-covermode" => Kind::Instrumented(key.to_owned()),
        "GOFIPS140" => Kind::Fips(values.clone()),
        "-tags" => Kind::Tags(values.clone()),
        "-gcflags" | "-asmflags" | "-gccgoflags" => {
            Kind::CompilerFlags(key.to_owned(), values.clone())
        }
        "-pgo" => Kind::Pgo(values.clone()),
        "-trimpath" => Kind::TrimPath(build.trimpath),
        "DefaultGODEBUG" => Kind::Godebug(values.clone()),
        _ if key.starts_with("CGO_") => return c_flags(build, setting),
        _ => Kind::Setting(key.to_owned(), values.clone()),
    };
    let change = match key.strip_prefix('-') {
        Some(flag) => Change::Flag(format!("-{flag}"), values[0].clone()),
        None => Change::Environment(key.to_owned(), values[0].clone()),
    };
    let changes = (key != "DefaultGODEBUG").then_some(change);
    let evidence = vec![format!("the build information says {}", said(setting))];
    Some(Cause::new(kind, evidence).with(changes))
}

/// Flags for C are recorded where cgo is on, empty ones too, and not with `-trimpath`.
fn c_flags(build: &BuildInfo, setting: &Setting) -> Option<Cause> {
    let settings = &build.settings.list;
    let other = |key: &str| settings.iter().any(|one| one.key == key);
    if other("CGO_ENABLED") || build.trimpath[0] != build.trimpath[1] {
        return None;
    }
    let values: Values = setting.values.clone();
    let change = Change::Environment(setting.key.clone(), values[0].clone());
    let evidence = vec![format!("the build information says {}", said(setting))];
    let kind = Kind::CFlags(Some(setting.key.clone()), values);
    Some(Cause::new(kind, evidence).with([change]))
}

/// `-ldflags` where both sides could have recorded it.
fn ldflags(build: &BuildInfo) -> Vec<Cause> {
    let [a, b] = &build.ldflags;
    if a == b || build.trimpath[0] || build.trimpath[1] {
        return Vec::new();
    }
    let [one, other] = [a, b].map(|value| flags::flags(value.as_deref().unwrap_or_default()));
    let evidence = || {
        vec![format!(
            "-ldflags was {} and {}",
            or_none(a.as_ref()),
            or_none(b.as_ref())
        )]
    };
    let mut causes = Vec::new();
    let mut rest = [Vec::new(), Vec::new()];
    let only = |flags: &[(String, Option<String>)], others: &[(String, Option<String>)]| {
        let only = flags.iter().filter(|flag| !others.contains(flag));
        only.cloned().collect::<Vec<_>>()
    };
    let (left, right) = (only(&one, &other), only(&other, &one));
    for (side, flags) in [&left, &right].into_iter().enumerate() {
        for (name, value) in flags {
            let value = value.clone().unwrap_or_default();
            match name.as_str() {
                "X" => causes.extend(set_variable(&value, side, [&one, &other], evidence())),
                "buildid" => causes.push(Cause::new(Kind::BuildId(pair(side, value)), evidence())),
                "linkmode" => {
                    let mode = if value == "external" {
                        "external"
                    } else {
                        "internal"
                    };
                    let mut modes = ["default", "default"];
                    modes[side] = mode;
                    causes.push(Cause::new(Kind::LinkMode(modes), evidence()));
                }
                _ => rest[side].push(match value.as_str() {
                    "" => format!("-{name}"),
                    value => format!("-{name}={value}"),
                }),
            }
        }
    }
    if !rest[0].is_empty() || !rest[1].is_empty() {
        let kind = Kind::LinkerFlags(rest.each_ref().map(|words| words.join(" ")));
        causes.push(Cause::new(kind, evidence()));
    }
    let change = Change::Flag("-ldflags".to_owned(), a.clone());
    for cause in &mut causes {
        cause.changes = vec![change.clone()];
    }
    causes
}

fn pair(side: usize, value: String) -> Values {
    let mut values = [None, None];
    values[side] = Some(value);
    values
}

/// A variable that `-X` set on one side; told once where both set it.
fn set_variable(
    assignment: &str,
    side: usize,
    flags: [&[(String, Option<String>)]; 2],
    evidence: Vec<String>,
) -> Option<Cause> {
    let (name, value) = assignment.split_once('=')?;
    let there = flags[1 - side].iter().find_map(|(flag, other)| {
        let (twin, value) = other.as_ref()?.split_once('=')?;
        (flag == "X" && twin == name).then(|| value.to_owned())
    });
    if side == 1 && there.is_some() {
        return None;
    }
    let mut values = [String::new(), String::new()];
    values[side] = value.to_owned();
    values[1 - side] = there.unwrap_or_default();
    Some(Cause::new(
        Kind::VariableValue(Some(name.to_owned()), values),
        evidence,
    ))
}

fn modules(build: &BuildInfo) -> Vec<Cause> {
    let vendor = [0, 1].map(|side| {
        build.dependencies[side] > 0 && build.without_sum[side] == build.dependencies[side]
    });
    if vendor[0] != vendor[1] {
        let side = if vendor[0] { "A" } else { "B" };
        let evidence = vec![format!("no dependency of {side} has a hash")];
        let cause = Cause::new(Kind::Vendor(vendor), evidence);
        return vec![cause.with([Change::Vendor(vendor[0])])];
    }
    /// Modules that are causes of their own.
    const MOST: usize = 10;
    let modules = build.modules.list.iter().take(MOST).map(|module| {
        let mut evidence = vec![format!(
            "{} of {} and {} dependencies differ",
            build.modules.count, build.dependencies[0], build.dependencies[1]
        )];
        if module.sums[0] != module.sums[1] && module.versions[0] == module.versions[1] {
            evidence.push(format!(
                "its hash is {} and {}",
                module.sums[0], module.sums[1]
            ));
        }
        let versions = module.versions.clone();
        let change = Change::Module(module.path.clone(), versions[0].clone());
        Cause::new(Kind::ModuleVersion(module.path.clone(), versions), evidence).with([change])
    });
    modules.collect()
}

fn version_control(found: &Differences) -> Vec<Cause> {
    let build = &found.build;
    let setting = |key: &str| build.settings.list.iter().find(|one| one.key == key);
    let main = build.main.as_ref().map(|main| main.versions.clone());
    let versions = || -> Vec<String> {
        let main = main.iter();
        main.map(|[a, b]| {
            let (a, b) = (or_none(a.as_ref()), or_none(b.as_ref()));
            format!("the main module has the versions {a} and {b}")
        })
        .collect()
    };
    let with = |setting: &Setting| {
        let mut evidence = vec![format!("the build information says {}", said(setting))];
        evidence.extend(versions());
        evidence
    };
    if let Some(revision) = setting("vcs.revision").or_else(|| setting("vcs")) {
        return match revision.values.clone() {
            [Some(a), Some(b)] => {
                let change = Change::Commit(a.clone());
                vec![Cause::new(Kind::Commit([a, b]), with(revision)).with([change])]
            }
            values => {
                let stamped = values.map(|value| value.is_some());
                let value = if stamped[0] { "true" } else { "false" };
                let change = Change::Flag("-buildvcs".to_owned(), Some(value.to_owned()));
                vec![Cause::new(Kind::Stamp(stamped), with(revision)).with([change])]
            }
        };
    }
    if let Some(modified) = setting("vcs.modified") {
        let dirty = modified
            .values
            .each_ref()
            .map(|value| value.as_deref() == Some("true"));
        return vec![Cause::new(Kind::Dirty(dirty), with(modified))];
    }
    let Some(main) = main.clone() else {
        return Vec::new();
    };
    let path = build
        .main
        .as_ref()
        .map(|main| main.path.clone())
        .unwrap_or_default();
    let change = Change::Module(path, main[0].clone());
    vec![Cause::new(Kind::MainVersion(main), versions()).with([change])]
}
