//! SLSA verification summaries: a line for each file with a verdict.

use super::{File, Report};
use crate::purl::golang;
use crate::verification::{Judgement, Summary};
use goassay_build::signing::Key;
use goassay_build::verify::Verdict;
use std::io::{self, Write};

pub(super) fn write(report: &Report, key: Option<&Key>, out: &mut dyn Write) -> io::Result<()> {
    for file in &report.files {
        if let Some(judgement) = judgement(file) {
            summary(file, judgement).put(&report.tool, key, out)?;
        }
    }
    Ok(())
}

/// A document beside a file that is wrong fails the file, too: nobody should take it for what it says.
fn judgement(file: &File) -> Option<Judgement> {
    match &file.verification.verdict {
        Verdict::NotChecked(_) => None,
        _ if file.is_other() => Some(Judgement::Failed),
        Verdict::IdenticalAfter(_) => Some(Judgement::AfterNormalisations),
        Verdict::Identical => Some(Judgement::BitForBit),
        Verdict::Different(_) | Verdict::Mismatch(_) => Some(Judgement::Failed),
    }
}

fn summary(file: &File, judgement: Judgement) -> Summary<'_> {
    let main = file.verification.claim.as_ref().map(|claim| &claim.main);
    Summary {
        name: &file.name,
        sha256: &file.sha256,
        resource: main.map_or_else(String::new, |main| golang(&main.path, &main.version)),
        judgement,
    }
}
