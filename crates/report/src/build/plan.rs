//! A plan: for people, as our versioned document `goassay-build-plan/1` (docs/formats/build.md), as a script.

use super::PlanFormat;
use crate::document::Tool;
use crate::harmless;
use crate::untrusted::Untrusted;
use crate::wire::ToolWire;
use goassay_build::plan::{Build, Plan, Setting, Stamp, script};
use serde::Serialize;
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io::{self, Write};

/// Name and version of the document.
pub const PLAN_SCHEMA: &str = "goassay-build-plan/1";

/// Writes a plan.
///
/// # Errors
/// It cannot be written.
pub fn render_plan(
    plan: &Plan,
    tool: &Tool,
    format: PlanFormat,
    out: &mut dyn Write,
) -> io::Result<()> {
    match format {
        PlanFormat::Text => text(plan, out),
        PlanFormat::Json => harmless::write(
            out,
            &PlanWire {
                schema: PLAN_SCHEMA,
                tool: ToolWire::from(tool),
                notes: &plan.notes,
                builds: plan.builds.iter().map(BuildWire::new).collect(),
            },
        ),
        PlanFormat::Sh => out.write_all(script(plan).as_bytes()),
    }
}

fn text(plan: &Plan, out: &mut dyn Write) -> io::Result<()> {
    for (at, build) in plan.builds.iter().enumerate() {
        if at > 0 {
            writeln!(out)?;
        }
        one(build, out)?;
    }
    for note in &plan.notes {
        writeln!(out, "\nnote: {}", Untrusted(note))?;
    }
    Ok(())
}

fn one(build: &Build, out: &mut dyn Write) -> io::Result<()> {
    writeln!(
        out,
        "{} for {}, version {}",
        Untrusted(&build.package),
        build.target,
        Untrusted(said(&build.stamp))
    )?;
    writeln!(out, "  in {}", Untrusted(&build.folder.to_string_lossy()))?;
    let width = build
        .environment
        .iter()
        .map(shown)
        .map(|text| text.len())
        .filter(|&width| width <= WIDEST);
    let width = width.max().unwrap_or(0);
    for setting in &build.environment {
        writeln!(
            out,
            "    {:<width$}  {}",
            Untrusted(&shown(setting)).to_string(),
            setting.reason
        )?;
    }
    for word in &build.argv {
        writeln!(out, "  {}", Untrusted(&word.to_string_lossy()))?;
    }
    Ok(())
}

/// Longer settings have their reason where they end.
const WIDEST: usize = 48;

fn shown(setting: &Setting) -> String {
    match &setting.value {
        Some(value) => format!("{}={}", setting.name, value.to_string_lossy()),
        None => format!("{} is kept out", setting.name),
    }
}

fn said(stamp: &Stamp) -> &str {
    match stamp {
        Stamp::Tag(version) => version,
        Stamp::Packed(packed) => &packed.version,
        Stamp::Commit => "made of the commit",
        Stamp::Devel(_) => "(devel)",
        Stamp::Nothing => "not known",
    }
}

#[derive(Serialize)]
struct PlanWire<'a> {
    schema: &'static str,
    tool: ToolWire<'a>,
    builds: Vec<BuildWire<'a>>,
    notes: &'a [String],
}

#[derive(Serialize)]
struct BuildWire<'a> {
    package: &'a str,
    target: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<&'a str>,
    folder: String,
    argv: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    argv_with_debug: Option<Vec<String>>,
    environment: Vec<SettingWire<'a>>,
    file: String,
    recorded: BTreeMap<&'static str, &'a str>,
}

/// A variable: with a value, it is set; without, it is kept out.
#[derive(Serialize)]
struct SettingWire<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<String>,
    reason: &'a str,
}

impl<'a> BuildWire<'a> {
    fn new(build: &'a Build) -> BuildWire<'a> {
        let text = |text: &OsStr| text.to_string_lossy().into_owned();
        let setting = |setting: &'a Setting| SettingWire {
            name: setting.name,
            value: setting.value.as_deref().map(text),
            reason: setting.reason,
        };
        let words = |argv: &[OsString]| argv.iter().map(|word| text(word)).collect();
        BuildWire {
            package: &build.package,
            target: build.target.to_string(),
            version: build.stamp.version(),
            folder: text(build.folder.as_os_str()),
            argv: words(&build.argv),
            argv_with_debug: build.argv_with_debug.as_deref().map(words),
            environment: build.environment.iter().map(setting).collect(),
            file: text(build.file.as_os_str()),
            recorded: build
                .recorded
                .iter()
                .map(|(key, value)| (*key, value.as_str()))
                .collect(),
        }
    }
}
