//! A ledger of results: one JSON line each, only ever added to, chained by hashes, signed where a key is at hand.
//!
//! Each line has the hash of the line before it, so that nothing can be changed, removed or put in between without changing all that
//! follows; who has once seen the head (the hash of the last line) notices that the end is missing. A signature is over the
//! result itself, so it stays good when the result is copied into another ledger. What two parties say of the same archive can be
//! compared: that is what merging is.

use crate::rebuild::{Form, Verification};
use crate::signing::{Key, Signature};
use goassay_binary::bytes::hexadecimal;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// What signatures are for.
const PURPOSE: &str = "application/vnd.goassay.ledger.entry+json";
/// The hash before the first line.
const NOTHING: &str = "0000000000000000000000000000000000000000000000000000000000000000";
/// Longest line.
const MAX_LINE: usize = 64 << 10;
/// Most lines.
const MAX_LINES: usize = 1_000_000;

/// What one party found about one archive.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// The day, in UTC.
    pub date: String,
    /// The Go version.
    pub version: String,
    /// The platform.
    pub platform: String,
    /// `pass`, `fail` or `skip`.
    pub verdict: String,
    /// Names of the normalisations that were needed.
    pub normalisations: Vec<String>,
    /// Hash of the source.
    pub source: String,
    /// SHA-256 of the posted archive.
    pub posted_sha256: String,
    /// Hash of its contents.
    pub posted_h1: String,
    /// SHA-256 of the rebuilt archive.
    pub rebuilt_sha256: Option<String>,
    /// Hash of its contents.
    pub rebuilt_h1: Option<String>,
    /// The checksum database that vouches for the posted one.
    pub database: String,
    /// Where it was built.
    pub host: String,
    /// The chain that built it.
    pub chain: Vec<String>,
    /// What found this.
    pub tool: String,
}

/// A line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Line {
    schema: String,
    /// The hash of the line before it, hexadecimal.
    pub previous: String,
    /// The result.
    pub entry: Entry,
    /// Who says so.
    pub signature: Option<Signature>,
}

/// Lines whose chain is whole and whose signatures are right.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Ledger {
    lines: Vec<Line>,
    heads: Vec<String>,
}

/// Where a ledger is not one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    /// The line, counted from 1.
    pub line: usize,
    /// Why.
    pub why: String,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.why)
    }
}

impl std::error::Error for Error {}

const SCHEMA: &str = "goassay-ledger/1";

impl Entry {
    /// The results of a verification, one for each archive.
    #[must_use]
    pub fn of(verification: &Verification, date: &str, tool: &str) -> Vec<Entry> {
        let steps = verification.steps.iter().map(|step| step.status);
        let steps = steps.max().unwrap_or(crate::rebuild::Status::Skip);
        let entry = |file: &crate::rebuild::File| Entry {
            date: date.to_owned(),
            version: verification.version.to_string(),
            platform: file.platform.to_string(),
            verdict: verdict(steps, file.status).to_owned(),
            normalisations: file.normalisations.iter().cloned().collect(),
            source: verification.source.clone(),
            posted_sha256: file.posted.sha256.clone(),
            posted_h1: file.posted.h1.clone(),
            rebuilt_sha256: file.rebuilt.as_ref().map(|sums| sums.sha256.clone()),
            rebuilt_h1: file.rebuilt.as_ref().map(|sums| sums.h1.clone()),
            database: file.record.database.clone(),
            host: verification.host.to_string(),
            chain: verification.chain.iter().map(ToString::to_string).collect(),
            tool: tool.to_owned(),
        };
        // Of other forms parties have what they downloaded, or nothing.
        let modules = verification
            .files
            .iter()
            .filter(|file| file.form == Form::Module);
        modules.map(entry).collect()
    }

    fn text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Which archive it is about.
    #[must_use]
    pub fn subject(&self) -> (&str, &str) {
        (&self.version, &self.platform)
    }

    /// What two parties have to agree on, whatever their machines and chains are.
    fn finding(&self) -> [(&'static str, String); 6] {
        let text = |value: &Option<String>| value.clone().unwrap_or_else(|| "none".to_owned());
        [
            ("verdict", self.verdict.clone()),
            ("source", self.source.clone()),
            ("posted SHA-256", self.posted_sha256.clone()),
            ("posted h1", self.posted_h1.clone()),
            ("rebuilt SHA-256", text(&self.rebuilt_sha256)),
            ("rebuilt h1", text(&self.rebuilt_h1)),
        ]
    }
}

// A step that failed speaks against every archive that came of it.
fn verdict(steps: crate::rebuild::Status, file: crate::rebuild::Status) -> &'static str {
    use crate::rebuild::Status;
    match steps {
        Status::Fail | Status::Skip => steps.max(file).name(),
        Status::Pass | Status::NotPromised => file.name(),
    }
}

impl Line {
    fn text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

impl Ledger {
    /// Reads a ledger and checks all of it.
    ///
    /// # Errors
    /// The first line that is not as it should be.
    pub fn parse(text: &str) -> Result<Ledger, Error> {
        let mut ledger = Ledger::default();
        if !text.is_empty() && !text.ends_with('\n') {
            let line = text.lines().count();
            let why = "it has no end: it was not written whole".to_owned();
            return Err(Error { line, why });
        }
        for (index, line) in text.lines().enumerate() {
            let line = ledger.check(line).map_err(|why| Error {
                line: index + 1,
                why,
            })?;
            ledger.push(line);
        }
        Ok(ledger)
    }

    fn check(&self, text: &str) -> Result<Line, String> {
        if text.len() > MAX_LINE || self.lines.len() == MAX_LINES {
            return Err("it is too long".to_owned());
        }
        let line: Line = serde_json::from_str(text)
            .map_err(|error| format!("it is no line of a ledger: {error}"))?;
        if line.schema != SCHEMA {
            return Err(format!("it is of {}, not of {SCHEMA}", line.schema));
        }
        // One text for one line: else two that say the same could have two hashes.
        if line.text() != text {
            return Err("it is not in the form in which ledgers are written".to_owned());
        }
        if line.previous != self.head() {
            return Err(format!(
                "it follows a line with the hash {}, and the line before it has {}",
                line.previous,
                self.head()
            ));
        }
        let signed = line.signature.as_ref();
        if signed.is_some_and(|s| !s.is_of(PURPOSE, line.entry.text().as_bytes())) {
            return Err("its signature is not of this entry".to_owned());
        }
        Ok(line)
    }

    fn push(&mut self, line: Line) {
        self.heads.push(hexadecimal(&Sha256::digest(line.text())));
        self.lines.push(line);
    }

    /// Adds an entry; gives the text of its line, with its line feed.
    pub fn add(&mut self, entry: Entry, key: Option<&Key>) -> String {
        let signature = key.map(|key| key.sign(PURPOSE, entry.text().as_bytes()));
        self.add_signed(entry, signature)
    }

    fn add_signed(&mut self, entry: Entry, signature: Option<Signature>) -> String {
        let line = Line {
            schema: SCHEMA.to_owned(),
            previous: self.head().to_owned(),
            entry,
            signature,
        };
        let text = line.text() + "\n";
        self.push(line);
        text
    }

    /// The hash of the last line.
    #[must_use]
    pub fn head(&self) -> &str {
        self.heads.last().map_or(NOTHING, String::as_str)
    }

    /// Whether this was the head once.
    #[must_use]
    pub fn had_head(&self, head: &str) -> bool {
        head == NOTHING || self.heads.iter().any(|known| known == head)
    }

    /// The lines, oldest first.
    #[must_use]
    pub fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// The whole text.
    #[must_use]
    pub fn text(&self) -> String {
        self.lines.iter().map(|line| line.text() + "\n").collect()
    }

    /// This ledger, and after it what the other one has besides, with its signatures.
    #[must_use]
    pub fn merged(&self, other: &Ledger) -> Ledger {
        let mut all = self.clone();
        let known: BTreeSet<String> = self.lines.iter().map(signed_text).collect();
        for line in &other.lines {
            if !known.contains(&signed_text(line)) {
                all.add_signed(line.entry.clone(), line.signature.clone());
            }
        }
        all
    }

    /// Where entries about the same archive do not say the same: a line for each archive and point.
    #[must_use]
    pub fn disagreements(&self) -> Vec<String> {
        let mut said: BTreeMap<_, BTreeMap<String, BTreeSet<usize>>> = BTreeMap::new();
        for (index, line) in self.lines.iter().enumerate() {
            for (what, value) in line.entry.finding() {
                let (version, platform) = line.entry.subject();
                let key = (version, platform, what);
                let values = said.entry(key).or_default();
                values.entry(value).or_default().insert(index + 1);
            }
        }
        let line = |((version, platform, what), values): (
            (&str, &str, &str),
            BTreeMap<String, BTreeSet<usize>>,
        )| {
            let values: Vec<String> = values
                .iter()
                .map(|(value, lines)| {
                    let lines: Vec<String> = lines.iter().map(ToString::to_string).collect();
                    format!("{value} (line {})", lines.join(", "))
                })
                .collect();
            format!(
                "go{version} for {platform}, {what}: {}",
                values.join(" against ")
            )
        };
        said.into_iter()
            .filter(|(_, values)| values.len() > 1)
            .map(line)
            .collect()
    }
}

fn signed_text(line: &Line) -> String {
    let signature = line.signature.as_ref();
    format!(
        "{} {}",
        line.entry.text(),
        signature.map_or("", |s| &s.signature)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signing::tests::PEM;

    fn entry(platform: &str, rebuilt: &str) -> Entry {
        Entry {
            date: "2026-11-22".to_owned(),
            version: "1.25.14".to_owned(),
            platform: platform.to_owned(),
            verdict: "pass".to_owned(),
            normalisations: Vec::new(),
            source: "h1:s".to_owned(),
            posted_sha256: "aa".to_owned(),
            posted_h1: "h1:a".to_owned(),
            rebuilt_sha256: Some(rebuilt.to_owned()),
            rebuilt_h1: Some("h1:a".to_owned()),
            database: "sums.example".to_owned(),
            host: "linux/amd64".to_owned(),
            chain: vec!["go1.22.12 as published".to_owned()],
            tool: "goassay 0.1.0".to_owned(),
        }
    }

    fn ledger(entries: &[Entry]) -> Ledger {
        let key = Key::parse(PEM).unwrap();
        let mut ledger = Ledger::default();
        for (index, entry) in entries.iter().enumerate() {
            ledger.add(entry.clone(), (index % 2 == 0).then_some(&key));
        }
        ledger
    }

    #[test]
    fn what_is_written_is_read_again() {
        let written = ledger(&[entry("linux/amd64", "aa"), entry("linux/arm64", "aa")]);
        let read = Ledger::parse(&written.text()).unwrap();
        assert_eq!(read, written);
        assert!(read.had_head(written.head()) && read.had_head(NOTHING));
        assert!(!read.had_head("00") && read.disagreements().is_empty());
        assert_eq!(Ledger::parse("").unwrap(), Ledger::default());
    }

    #[test]
    fn every_changed_byte_is_noticed() {
        let written = ledger(&[
            entry("linux/amd64", "aa"),
            entry("linux/arm64", "aa"),
            entry("x/y", "b"),
        ]);
        let text = written.text().into_bytes();
        // Another byte in the last line makes another ledger where nothing is signed: who knows the head notices.
        for at in 0..text.len() {
            let mut bytes = text.clone();
            bytes[at] ^= 1;
            let Ok(changed) = String::from_utf8(bytes) else {
                continue;
            };
            let noticed = Ledger::parse(&changed).map(|ledger| ledger.had_head(written.head()));
            assert_ne!(noticed, Ok(true), "byte {at}");
        }
    }

    #[test]
    fn lines_that_are_missing_or_moved_are_noticed() {
        let written = ledger(&[
            entry("linux/amd64", "aa"),
            entry("linux/arm64", "aa"),
            entry("x/y", "b"),
        ]);
        let text = written.text();
        let lines: Vec<&str> = text.lines().collect();
        let of = |order: &[usize]| -> String {
            order.iter().map(|i| format!("{}\n", lines[*i])).collect()
        };
        for order in [&[1, 2][..], &[0, 2], &[1, 0, 2], &[0, 0, 1, 2]] {
            assert!(Ledger::parse(&of(order)).is_err(), "{order:?}");
        }
        let cut = Ledger::parse(&of(&[0, 1])).unwrap();
        assert!(!cut.had_head(written.head()), "the end is missing");
        assert!(
            Ledger::parse(&text[..text.len() - 1]).is_err(),
            "half a line"
        );
    }

    #[test]
    fn two_parties_agree_or_the_merge_says_where_not() {
        let ours = ledger(&[entry("linux/amd64", "aa")]);
        let mut elsewhere = entry("linux/amd64", "aa");
        elsewhere.chain = vec!["go1.24.13 as published".to_owned()];
        let theirs = ledger(&[elsewhere, entry("linux/arm64", "aa")]);
        let merged = ours.merged(&theirs);
        assert_eq!(merged.lines().len(), 3);
        assert!(merged.had_head(ours.head()), "ours is its beginning");
        assert_eq!(
            Ledger::parse(&merged.text()).as_ref(),
            Ok(&merged),
            "signatures are still good"
        );
        assert_eq!(merged.merged(&theirs), merged, "nothing twice");
        assert!(merged.disagreements().is_empty());
        let other = merged.merged(&ledger(&[entry("linux/arm64", "bb")]));
        assert_eq!(
            other.disagreements(),
            ["go1.25.14 for linux/arm64, rebuilt SHA-256: aa (line 3) against bb (line 4)"]
        );
    }
}
