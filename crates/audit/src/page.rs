//! The page of a rule and the index of all, as they lie in docs/rules: Markdown made from the registry alone.

use crate::policy::Profile;
use crate::registry::{self, Rule};
use crate::verdict::Level;
use std::fmt::Write;

/// Name of the file of a rule's page.
pub fn file_name(rule: &Rule) -> String {
    format!("{}.md", rule.id)
}

/// The page of a rule.
pub fn page(rule: &Rule) -> String {
    format!(
        "# {}: {}\n\n{}\n\n{}\n\n\
         A failure prints the command that mends it for this binary. `goassay.toml` can give the rule another level, switch \
         it off or waive a failure: see [configuration](../configuration.md).\n",
        rule.id,
        rule.title,
        levels(rule),
        body(rule)
    )
}

/// What the page says of the rule, without its name, level and links: it reads the same anywhere.
pub fn body(rule: &Rule) -> String {
    format!(
        "## What a pass means\n\n{}\n\n## What it does not mean\n\n{}\n\n## Why, and how to mend it\n\n{}",
        rule.pass, rule.limits, rule.help
    )
}

/// The index of all pages.
pub fn index() -> String {
    let mut out = String::from(
        "# Rules of `goassay audit`\n\nMade from the registry by `cargo xtask rules`. The part of an id before the dash is the row \
         of the requirements that the rule serves. A level is that of profile `production`; *–*: not asked for there.\n\n\
         | rule | holds where it passes | level |\n| --- | --- | --- |\n",
    );
    for rule in registry::all() {
        let level = rule.level_in(Profile::Production).map_or("–", Level::name);
        let _ = writeln!(
            out,
            "| [{}]({}) | {} | {level} |",
            rule.id,
            file_name(rule),
            rule.title
        );
    }
    out
}

/// The level of each profile, in one line.
fn levels(rule: &Rule) -> String {
    let level = |profile: Profile| rule.level_in(profile).map_or("not asked for", Level::name);
    let of_profile = |profile: Profile| format!("{}: {}", profile.name(), level(profile));
    let lines: Vec<String> = Profile::ALL.into_iter().map(of_profile).collect();
    format!("Level by profile: {}.", lines.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn rules_are_told_apart_and_say_what_they_are() {
        let mut ids = BTreeSet::new();
        for rule in registry::all() {
            assert!(ids.insert(rule.id), "{} is there twice", rule.id);
            let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
            let (row, name) = rule.id.split_once('-').expect("a row and a name");
            assert!(
                row.starts_with('T') && name.bytes().all(plain),
                "{}",
                rule.id
            );
            assert!(
                !rule.title.ends_with('.'),
                "{}: a title is no sentence",
                rule.id
            );
            for text in [rule.pass, rule.limits, rule.help] {
                assert!(text.ends_with('.'), "{}: {text:?} is no sentence", rule.id);
                assert!(
                    !text.contains("  "),
                    "{}: {text:?} is badly wrapped",
                    rule.id
                );
            }
            let asked = Profile::ALL
                .iter()
                .any(|profile| rule.level_in(*profile).is_some());
            assert!(asked, "{} is asked for by no profile", rule.id);
            let changes = rule
                .profiles
                .iter()
                .filter(|(_, level)| *level == rule.level);
            assert!(
                changes.count() == 0,
                "{} repeats its level for a profile",
                rule.id
            );
        }
        assert!(ids.len() > 40);
    }
}
