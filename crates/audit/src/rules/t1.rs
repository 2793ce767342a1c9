//! T1: debug information is not shipped, and can be found where it is.

use super::support::{fail, known, lossy, not_applicable, pass, settle};
use crate::facts::Facts;
use crate::policy::{Policy, Profile};
use crate::registry::Rule;
use crate::verdict::{Level, Verdict};
use goassay_binary::image::{Format, Kind};

pub(super) static RULES: &[Rule] = &[
    Rule {
        id: "T1-debug-info",
        title: "ships without debug information",
        level: Some(Level::Warning),
        profiles: &[(Profile::Library, Some(Level::Note))],
        pass: "The section table is whole and names no debug section.",
        limits: "Names and line numbers of functions stay in the binary, because stack traces need them (pclntab).",
        help: "Nothing in production reads DWARF: stack traces, profiles and the vulnerability scan of goassay work without \
               it. It is a quarter to a third of a Go binary. Build with `-ldflags=-w`, not with `-s`: that removes the \
               symbol table too, and most scanners need it. Keep the debug information of a second build with the same \
               inputs for debuggers.",
        judge: |facts, policy| settle(debug_info(facts, policy)),
    },
    Rule {
        id: "T1-debug-findable",
        title: "separate debug information can be found",
        level: Some(Level::Note),
        profiles: &[(Profile::Distro, Some(Level::Warning))],
        pass: "The binary has an identity by which debuggers and debuginfod look for its debug information: a GNU build ID, \
               a debug link, or a Mach-O UUID.",
        limits: "That the debug information exists anywhere is not checked.",
        help: "gdb, delve and debuginfod find a separate debug file by the GNU build ID. Go 1.24 and later write one by \
               default; from Go 1.22 on, `-B gobuildid` derives it from Go's own build ID.",
        judge: |facts, policy| settle(debug_findable(facts, policy)),
    },
];

fn debug_info(facts: &Facts<'_>, _policy: &Policy) -> Result<Verdict, Verdict> {
    let sections = known(&facts.debug_info.sections)?;
    let total = facts.debug_info.total().map_err(super::support::unknown)?;
    if sections.is_empty() {
        if let Some(gap) = &facts.missing {
            return Err(super::support::unknown(gap));
        }
        return Ok(pass("no debug section"));
    }
    let len = facts.binary.image().bytes().len().max(1);
    let per_mille = total.saturating_mul(1000) / len;
    let what = format!(
        "debug information takes {total} bytes, {}.{} % of the file",
        per_mille / 10,
        per_mille % 10
    );
    let lines = sections.iter().map(|s| {
        format!(
            "{}: {} bytes, compression {}",
            lossy(s.name),
            s.len,
            s.compression.name()
        )
    });
    Ok(fail(
        what,
        lines.collect(),
        "go build -trimpath -ldflags=-w",
    ))
}

fn debug_findable(facts: &Facts<'_>, _policy: &Policy) -> Result<Verdict, Verdict> {
    let image = facts.binary.image();
    if image.kind == Kind::Object {
        return Ok(not_applicable(
            "an object of an archive has no identity yet",
        ));
    }
    let info = &facts.debug_info;
    let fix = "go build -trimpath -ldflags='-w -B gobuildid'";
    match image.format {
        Format::Elf => {
            if let Some(id) = known(&info.gnu_build_id)? {
                return Ok(pass(format!("GNU build ID of {} bytes", id.len())));
            }
            if let Some(link) = known(&info.debug_link)? {
                return Ok(pass(format!("debug link to {}", lossy(link.file))));
            }
            complete(facts)?;
            Ok(fail(
                "it has neither a GNU build ID nor a debug link",
                Vec::new(),
                fix,
            ))
        }
        Format::MachO => match known(&info.uuid)? {
            Some(_) => Ok(pass("UUID")),
            None => Ok(fail("it has no UUID (LC_UUID)", Vec::new(), fix)),
        },
        Format::Pe => Ok(not_applicable(
            "debuggers of Go programs on Windows look for no separate file",
        )),
    }
}

/// Where bytes are missing, the absence of something means nothing.
fn complete(facts: &Facts<'_>) -> Result<(), Verdict> {
    match &facts.missing {
        Some(gap) => Err(super::support::unknown(gap)),
        None => Ok(()),
    }
}
