//! `goassay check`: scan and audit of the same files in one pass, as one short answer.
//!
//! What exit code 0 means is what it means for `scan` and for `audit`, both.

use super::{audit, scan};
use crate::args::{self, CheckFormat};
use crate::database;
use crate::documents::{self, Output};
use crate::environment::Environment;
use crate::examine::{Look, Opened, Packed};
use crate::failure::Failure;
use crate::interrupt;
use crate::output::Terminal;
use crate::settings;
use crate::survey::Surveyed;
use goassay_binary::Places;
use goassay_report::check::{Report, TextOptions, render_json, render_text};
use goassay_report::render::Style;
use goassay_vuln::scan::Options;

pub(crate) fn run(
    args: &args::Check,
    common: &args::Common,
    env: &Environment,
    terminal: &Terminal,
) -> Result<u8, Failure> {
    interrupt::install();
    let outputs = documents::resolve(&args.documents)?;
    let (scan_args, audit_args) = args.parts();
    let installed = settings::Default::Installed;
    let scan_settings = settings::scan(scan_args, common, installed, env)?;
    let audit_settings = settings::audit(audit_args, common, installed, env)?;
    let chosen = database::choose(scan_settings.db.as_ref(), env)?;
    let database = chosen.open()?;
    let options = Options {
        as_of: scan::day(scan_settings.as_of)?,
        places: places(&outputs),
    };
    let asked = audit::Asked::new(&audit_settings, &database)?;
    let binary = |opened: &Opened<'_>| {
        let scanned = scan::target(opened, &database, &options, false)?;
        Ok((Some(scanned), asked.target(opened)))
    };
    let packed = |packed: &Packed<'_>| (None, asked.packed(packed));
    let look = Look::binaries(&binary).and_packed(&packed);
    let surveyed = scan_settings.survey().run(&look, terminal)?;
    chosen.unchanged()?;
    let identity = database.identity();
    let described = || chosen.described(identity);
    let (scanned, audited): (Vec<Option<_>>, Vec<_>) = surveyed.seen.into_iter().unzip();
    let scanned = scanned.into_iter().flatten().collect();
    let failures = surveyed.failures;
    let audited = Surveyed {
        seen: audited,
        failures: failures.clone(),
    };
    let report = Report {
        scan: scan::report(&scan_settings, described(), scanned, failures)?,
        audit: asked.report(&audit_settings, described(), audited),
    };
    super::warn_about_age(
        identity,
        scan_settings.as_of,
        scan_settings.max_age_days,
        terminal,
    );
    if !documents::text_on_stdout(&outputs, CheckFormat::Text) {
        super::complain_about(&report.scan.run().failures, terminal);
    }
    scan::warn_about_suppressions(&report.scan, terminal);
    audit::warn_about_waivers(&report.audit, terminal);
    let mut text = TextOptions {
        width: terminal.width,
        style: Style::Plain,
        database_age: super::db::age(identity, scan_settings.as_of),
    };
    documents::write(&outputs, terminal, |format, style, out| {
        text.style = style;
        match format {
            CheckFormat::Text => render_text(&report, &text, out),
            CheckFormat::Json => render_json(&report, out),
        }
    })?;
    let exit_code = report.exit_code();
    // The process is about to end: giving back every text of every finding would only take time.
    std::mem::forget(report);
    Ok(exit_code)
}

/// The text names no place; the document has them all.
fn places(outputs: &[Output<CheckFormat>]) -> Places {
    if outputs
        .iter()
        .any(|output| output.format == CheckFormat::Json)
    {
        Places::All
    } else {
        Places::First
    }
}
