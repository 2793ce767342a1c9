//! A build record: whether it is that of this program, and whether the files beside it are those that it names.

use super::{Finding, Subject, few, is_below};
use crate::record::Record;

pub(super) fn check(subject: &Subject<'_>, document: &[u8]) -> Finding {
    let record = match Record::parse(document) {
        Ok(record) => record,
        Err(why) => return Finding::NotChecked(format!("it is no build record: {why}")),
    };
    let wrong = otherwise(subject, &record);
    if !wrong.is_empty() {
        return Finding::Fails(wrong.join("; "));
    }
    let (mut there, mut others) = (0, Vec::new());
    // Names are from the folder of all targets; the program can lie in one of its own.
    let own = record
        .outputs
        .first()
        .and_then(|program| program.name.rsplit_once('/'));
    for output in record.outputs.iter().skip(1) {
        if !is_below(&output.name) {
            continue;
        }
        let below = |folder| output.name.strip_prefix(folder)?.strip_prefix('/');
        let name = match own.map(|(folder, _)| below(folder)) {
            None => output.name.clone(),
            Some(Some(below)) => below.to_owned(),
            Some(None) => format!("../{}", output.name),
        };
        match subject.around.sha256(&name) {
            Some(Ok(sha256)) if sha256 == output.sha256 => there += 1,
            Some(Ok(_)) => others.push(output.name.clone()),
            Some(Err(_)) | None => {}
        }
    }
    match others.is_empty() {
        true => Finding::Holds(format!(
            "the program is the recorded one, and so are {there} of {} files that were made with it",
            record.outputs.len() - 1
        )),
        false => Finding::Fails(format!("not the recorded files: {}", few(&others))),
    }
}

/// Where the program is another than the recorded one, or says other things of itself.
fn otherwise(subject: &Subject<'_>, record: &Record) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut compare = |what: &str, recorded: &str, is: &str| {
        if recorded != is {
            wrong.push(format!(
                "{what} {recorded} is recorded, and the program has {is}"
            ));
        }
    };
    let recorded = record.outputs.first().map_or("", |output| &output.sha256);
    compare("SHA-256", recorded, subject.sha256);
    if let Some(claim) = subject.claim {
        compare("toolchain", &record.toolchain, &claim.says);
        compare("package", &record.package, &claim.package);
        let commit = record.source.as_ref().map(|source| source.commit.as_str());
        if let (Some(recorded), Some(is)) = (commit, claim.setting("vcs.revision")) {
            compare("commit", recorded, is);
        }
    }
    wrong
}
