//! SARIF 2.1.0: a rule for each rule of the registry that was asked for, a result for each verdict that is no pass.
//!
//! Rules that could not be judged are results of kind `open`; failures are notifications of the invocation. Fingerprints
//! name rule, program and platform, not addresses or directories, so that they survive a rebuild.

use super::json::rules;
use super::{Report, Run, Sort, Target, sort};
use crate::harmless;
use crate::render::names::{file_name, hex_sha256, uri};
use goassay_audit::page;
use goassay_audit::policy::Profile;
use goassay_audit::registry::Rule;
use goassay_audit::verdict::{Judged, Level};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::{self, Write};

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";
const FINGERPRINT: &str = "goassayRule/v1";

/// Writes the log.
pub(super) fn render(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let run = report.run();
    let rules = rules(run);
    let log = json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": run.tool.name,
                "semanticVersion": run.tool.version,
                "rules": rules.iter().map(|rule| rule_wire(rule, run.profile)).collect::<Vec<_>>(),
            }},
            "invocations": [{
                "executionSuccessful": report.verdict().obstacles.is_empty(),
                "exitCode": report.exit_code(),
                "toolExecutionNotifications": notifications(run),
            }],
            "results": results(run, &rules),
            "properties": {
                "asOf": run.as_of,
                "profile": run.profile.name(),
                "failOn": run.fail_on.name(),
                "verdict": report.verdict().outcome.name(),
            },
        }],
    });
    harmless::write(out, &log)
}

/// No `helpUri`: the pages have no address that stays, so that the whole text is here.
fn rule_wire(rule: &Rule, profile: Profile) -> Value {
    let text = format!(
        "{} A pass means: {} It does not mean: {}",
        rule.help, rule.pass, rule.limits
    );
    let mut wire = json!({
        "id": rule.id,
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": rule.pass},
        "help": {"text": text, "markdown": page::body(rule)},
        "properties": {"tags": ["build", rule.row()]},
    });
    if let Some(of_profile) = rule.level_in(profile) {
        wire["defaultConfiguration"] = json!({"level": level(of_profile)});
    }
    wire
}

fn notifications(run: &Run) -> Vec<Value> {
    let failures = run.failures.iter().map(|failure| {
        let hint = failure.hint.as_ref().map(|hint| format!(". {hint}"));
        let mut notification = json!({
            "descriptor": {"id": format!("failure/{}", failure.kind.name())},
            "level": "error",
            "message": {"text": format!("{}{}", failure.message, hint.unwrap_or_default())},
        });
        if !failure.path.is_empty() {
            notification["locations"] = json!([location(&failure.path)]);
        }
        notification
    });
    failures.collect()
}

fn location(path: &str) -> Value {
    json!({"physicalLocation": {"artifactLocation": {"uri": uri(path)}}})
}

fn results(run: &Run, rules: &[&Rule]) -> Vec<Value> {
    let mut results = Vec::new();
    let mut fingerprints = BTreeMap::new();
    for target in &run.targets {
        for judged in &target.judged {
            let Some((kind, message)) = result(judged) else {
                continue;
            };
            let index = rules.iter().position(|rule| rule.id == judged.rule.id);
            let mut result = json!({
                "ruleId": judged.rule.id,
                "ruleIndex": index,
                "kind": kind,
                "level": if kind == "fail" { level(judged.level) } else { "none" },
                "message": {"text": message},
                "locations": [location(&target.path)],
                "partialFingerprints": {FINGERPRINT: fingerprint(&mut fingerprints, target, judged)},
                "suppressions": suppressions(judged),
            });
            if let Some(member) = &target.member {
                result["properties"] = json!({"member": member});
            }
            results.push(result);
        }
    }
    results
}

/// Kind and message of a verdict that is worth a result.
fn result(judged: &Judged) -> Option<(&'static str, String)> {
    match sort(judged) {
        Sort::Failed(failing) | Sort::Waived(failing) => {
            let evidence = failing.evidence.iter().take(5).cloned();
            let evidence: Vec<String> = evidence.collect();
            let evidence = if evidence.is_empty() {
                String::new()
            } else {
                format!(" Evidence: {}.", evidence.join("; "))
            };
            let message = format!("{}.{evidence} To do: {}", failing.what, failing.fix);
            Some(("fail", message))
        }
        Sort::Unknown(_) => Some((
            "open",
            format!("Not known: {}.", super::gaps_in_words(judged)),
        )),
        Sort::Passed(_) | Sort::NotApplicable(_) => None,
    }
}

fn level(level: Level) -> &'static str {
    match level {
        Level::Error => "error",
        Level::Warning => "warning",
        Level::Note => "note",
    }
}

fn suppressions(judged: &Judged) -> Vec<Value> {
    let waived = judged.waived.iter();
    waived
        .map(|by| json!({"kind": "external", "justification": by.reason}))
        .collect()
}

/// A fingerprint, each once in a run: the same program in another directory gets a number.
fn fingerprint(seen: &mut BTreeMap<String, usize>, target: &Target, judged: &Judged) -> String {
    let facts = &target.facts;
    let parts: [&str; 6] = [
        judged.rule.id,
        file_name(&target.path),
        target.member.as_deref().unwrap_or(""),
        facts.main_package.as_deref().unwrap_or(""),
        facts.os.as_deref().unwrap_or(""),
        &facts.arch,
    ];
    let hash = hex_sha256(parts.join("\0").as_bytes());
    let count = seen.entry(hash.clone()).or_insert(0);
    *count += 1;
    format!("{hash}:{count}")
}
