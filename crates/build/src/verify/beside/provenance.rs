//! Provenance and other in-toto statements: as they are, or in DSSE envelopes, one or a line each.

use super::{Finding, Subject, few, members, purl, text};
use crate::dirhash;
use crate::signing::{PublicKey, opened};
use serde_json::Value;

/// What came of one statement.
enum Statement {
    /// It is about other files.
    Other,
    /// It speaks of the program: what it gets wrong.
    About(Vec<String>),
}

pub(super) fn check(subject: &Subject<'_>, document: &[u8]) -> Finding {
    let all: Result<Vec<Value>, _> = serde_json::Deserializer::from_slice(document)
        .into_iter()
        .collect();
    let all = match all {
        Ok(all) => all,
        Err(error) => return Finding::NotChecked(format!("it is no JSON: {error}")),
    };
    let (mut about, mut signed, mut wrong) = (0, Signed::default(), Vec::new());
    for value in all {
        let (statement, signature) = match read(value, subject.key) {
            Ok(read) => read,
            Err(why) => return Finding::NotChecked(why),
        };
        if let Statement::About(mistakes) = held(subject, &statement) {
            about += 1;
            wrong.extend(mistakes);
            signed.add(signature);
        }
    }
    if about == 0 {
        return Finding::NotChecked("no statement in it is about this program".to_owned());
    }
    if signed.is_forged {
        wrong.push("it is not signed by the given key".to_owned());
    }
    match (wrong.is_empty(), signed.is_unchecked) {
        (false, _) => Finding::Fails(few(&wrong)),
        (true, true) => Finding::NotChecked(
            "what it says of the program is so; who signed it is not known: --public-key"
                .to_owned(),
        ),
        (true, false) => Finding::Holds(format!(
            "it is about this program{}",
            if signed.is_by_key {
                ", and the given key signed it"
            } else {
                "; it is not signed"
            }
        )),
    }
}

/// What is known of the signatures of all statements together.
#[derive(Default)]
struct Signed {
    is_by_key: bool,
    is_forged: bool,
    is_unchecked: bool,
}

/// What is known of the signature of a statement.
enum Signature {
    None,
    ByKey,
    ByOthers,
    NotChecked,
}

impl Signed {
    fn add(&mut self, signature: Signature) {
        match signature {
            Signature::None => {}
            Signature::ByKey => self.is_by_key = true,
            Signature::ByOthers => self.is_forged = true,
            Signature::NotChecked => self.is_unchecked = true,
        }
    }
}

fn read(value: Value, key: Option<&PublicKey>) -> Result<(Value, Signature), String> {
    if text(&value, "_type").is_some_and(|kind| kind.starts_with("https://in-toto.io/Statement/")) {
        return Ok((value, Signature::None));
    }
    if value.get("payloadType").is_none() {
        return Err("it is neither an in-toto statement nor an envelope (DSSE) of one".to_owned());
    }
    let (payload, signature) = match (opened(&value, key)?, key) {
        ((payload, true), _) => (payload, Signature::ByKey),
        ((payload, false), Some(_)) => (payload, Signature::ByOthers),
        ((payload, false), None) => (payload, Signature::NotChecked),
    };
    let statement = serde_json::from_slice(&payload);
    let statement = statement.map_err(|error| format!("the envelope has no statement: {error}"))?;
    Ok((statement, signature))
}

fn held(subject: &Subject<'_>, statement: &Value) -> Statement {
    let digest = |one: &Value| text(one.get("digest")?, "sha256").map(str::to_owned);
    let is_it =
        |one: &Value| digest(one).is_some_and(|sha256| sha256.eq_ignore_ascii_case(subject.sha256));
    let is_named = |one: &Value| {
        text(one, "name").and_then(|name| name.rsplit('/').next()) == Some(subject.name)
    };
    if !members(statement, "subject").any(is_it) {
        let Some(named) = members(statement, "subject").find(|one| is_named(one)) else {
            return Statement::Other;
        };
        let sha256 = digest(named).unwrap_or_default();
        return Statement::About(vec![format!(
            "it is about {} with SHA-256 {sha256}, and the program has {}",
            subject.name, subject.sha256
        )]);
    }
    let definition = statement
        .get("predicate")
        .and_then(|predicate| predicate.get("buildDefinition"));
    let sources = definition
        .into_iter()
        .flat_map(|definition| members(definition, "resolvedDependencies"));
    Statement::About(
        sources
            .filter_map(|source| otherwise(subject, source))
            .collect(),
    )
}

/// What a source that is named has other than the program says; none where they agree, or where the program says nothing of it.
fn otherwise(subject: &Subject<'_>, source: &Value) -> Option<String> {
    let claim = subject.claim?;
    let digest = source.get("digest")?;
    let module = purl::module(text(source, "uri")?);
    if let (Some(named), Some(is), Some(module)) = (
        text(digest, "gitCommit"),
        claim.setting("vcs.revision"),
        &module,
    ) {
        let is_main = module.path == claim.main.path.to_lowercase();
        return (is_main && named != is)
            .then(|| format!("it names commit {named}, and the program {is}"));
    }
    let (named, module) = (text(digest, "dirHash")?, module?);
    let linked = claim
        .modules
        .iter()
        .find(|one| purl::folded(&one.module) == module)?;
    let is = dirhash::in_hexadecimal(&linked.sum)?;
    (named != is).then(|| format!("it has {named} for {}, and the program {is}", linked.module))
}
