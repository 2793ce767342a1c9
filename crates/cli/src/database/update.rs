//! `db update`: from a published database to the compact one, with as few requests as can be.
//!
//! `index/db.json` says whether there is anything new (conditionally, so usually the answer is empty). Then `vulndb.zip` in one
//! request; where a mirror has none, `index/vulns.json` and those `ID/*.json` that changed. Anything that fails leaves the
//! present database as it is.

use super::published::{self, Overrides, Published};
use super::store::{State, Store};
use crate::failure::{Failure, Kind};
use crate::net::{Answer, Mirror, Validators};
use crate::output;
use crate::progress::Progress;
use goassay_vuln::database::Identity;
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::io::{Cursor, Write};

const INDEX_CAP: u64 = 1 << 20;
const LIST_CAP: u64 = 64 << 20;
const ZIP_CAP: u64 = 256 << 20;
const ADVISORY_CAP: u64 = goassay_vuln::osv::MAX_FILE as u64;
/// Requests at once for a mirror without a zip.
const CONNECTIONS: usize = 8;

/// What an update came to.
pub(crate) enum Outcome {
    /// The present database is the newest.
    Current,
    /// It was replaced by this one.
    Replaced(Identity),
}

/// One update.
pub(crate) struct Update<'a> {
    pub(crate) mirror: &'a Mirror,
    pub(crate) url: &'a str,
    pub(crate) store: &'a Store,
    pub(crate) force: bool,
}

/// What the published index says.
struct Index {
    modified: Option<String>,
    validators: Validators,
}

impl Update<'_> {
    /// Runs it; `progress` makes a bar over so many requests.
    pub(crate) fn run(&self, progress: &dyn Fn(u64) -> Progress) -> Result<Outcome, Failure> {
        let known = self.known();
        let index = match self
            .mirror
            .get("index/db.json", &known.validators(), INDEX_CAP)?
        {
            Answer::NotModified => return Ok(Outcome::Current),
            Answer::Missing => Index {
                modified: None,
                validators: Validators::default(),
            },
            Answer::Body { bytes, validators } => Index {
                modified: Some(self.modified(&bytes)?),
                validators,
            },
        };
        if !self.force && index.modified.is_some() && index.modified == known.modified {
            return Ok(Outcome::Current);
        }
        self.not_older(&index, &known)?;
        let mut published = match self
            .mirror
            .get("vulndb.zip", &Validators::default(), ZIP_CAP)?
        {
            Answer::Body { bytes, .. } => {
                published::of_zip(&bytes).map_err(|problem| self.unusable(problem))?
            }
            Answer::NotModified | Answer::Missing => self.one_by_one(&index, &known, progress)?,
        };
        published.dated(index.modified.as_deref().and_then(published::day));
        let database = published.compact(self.url, &Overrides::default())?;
        let state = State {
            url: self.url.to_owned(),
            etag: index.validators.etag,
            last_modified: index.validators.last_modified,
            modified: index.modified,
            ..State::default()
        };
        self.store
            .replace(&database, state, self.force)
            .map(Outcome::Replaced)
    }

    // What is remembered counts for the same address only.
    fn known(&self) -> State {
        let state = self.store.state();
        if state.url == self.url {
            state
        } else {
            State::default()
        }
    }

    fn modified(&self, index: &[u8]) -> Result<String, Failure> {
        let modified =
            published::modified(index).filter(|time| time.parse::<jiff::Timestamp>().is_ok());
        modified.ok_or_else(|| self.strange("index/db.json", "it has no `modified` time"))
    }

    fn not_older(&self, index: &Index, known: &State) -> Result<(), Failure> {
        let time = |text: &Option<String>| text.as_ref()?.parse::<jiff::Timestamp>().ok();
        let (Some(new), Some(present)) = (time(&index.modified), time(&known.modified)) else {
            return Ok(());
        };
        if new >= present || self.force {
            return Ok(());
        }
        Err(
            Failure::database(format!("the imported database is of {present}"))
                .cause(format!("the one at {} is older: {new}", self.url))
                .hint(
                    "pass --force to use the older one all the same; the present one is unchanged",
                ),
        )
    }

    fn strange(&self, what: &str, why: &str) -> Failure {
        Failure::network(format!("cannot use {}/{what}", self.url))
            .cause(why)
            .hint("check the address; a mirror has the layout of https://vuln.go.dev")
    }

    fn unusable(&self, problem: published::Problem) -> Failure {
        let mut failure = problem.about(&format!("{}/vulndb.zip", self.url));
        failure.kind = Kind::Network;
        failure.hint("check the address; a mirror has the layout of https://vuln.go.dev; the present database is unchanged")
    }

    fn one_by_one(
        &self,
        index: &Index,
        known: &State,
        progress: &dyn Fn(u64) -> Progress,
    ) -> Result<Published, Failure> {
        let Some(modified) = &index.modified else {
            return Err(self.strange("", "it has neither index/db.json nor vulndb.zip"));
        };
        let listed = self.listed()?;
        let mut kept = self.kept(known);
        let wanted: Vec<&Listed> = listed.iter().filter(|l| !l.is_in(&kept)).collect();
        let bar = progress(wanted.len() as u64);
        let fetched = self.fetch(&wanted, &bar)?;
        drop(bar);
        self.still(modified)?;
        kept.retain(|id, _| listed.iter().any(|listed| listed.id == *id));
        kept.extend(fetched);
        let mut published = Published::default();
        for (id, bytes) in &kept {
            published
                .take(&format!("ID/{id}.json"), bytes)
                .map_err(|problem| problem.about(self.url))?;
        }
        self.keep(&kept)?;
        Ok(published)
    }

    fn listed(&self) -> Result<Vec<Listed>, Failure> {
        let path = "index/vulns.json";
        let Answer::Body { bytes, .. } = self.mirror.get(path, &Validators::default(), LIST_CAP)?
        else {
            return Err(self.strange(path, "it is missing, and there is no vulndb.zip"));
        };
        let mut listed: Vec<Listed> = serde_json::from_slice(&bytes).map_err(|error| {
            self.strange(path, "it is not a list of advisories")
                .because(&error)
        })?;
        if let Some(bad) = listed.iter().find(|listed| !is_plain_id(&listed.id)) {
            return Err(self.strange(path, &format!("`{}` is not an id", bad.id)));
        }
        listed.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(listed)
    }

    fn fetch(&self, wanted: &[&Listed], bar: &Progress) -> Result<Vec<(String, Vec<u8>)>, Failure> {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(CONNECTIONS)
            .build();
        let pool =
            pool.map_err(|error| Failure::new(Kind::Internal, "no threads").because(&error))?;
        pool.install(|| {
            wanted
                .par_iter()
                .map(|listed| {
                    let path = format!("ID/{}.json", listed.id);
                    let answer = self
                        .mirror
                        .get(&path, &Validators::default(), ADVISORY_CAP)?;
                    bar.step();
                    match answer {
                        Answer::Body { bytes, .. } => Ok((listed.id.clone(), bytes)),
                        _ => Err(self.strange(&path, "it is listed and not there")),
                    }
                })
                .collect()
        })
    }

    // Files of two states must not be mixed.
    fn still(&self, modified: &str) -> Result<(), Failure> {
        match self
            .mirror
            .get("index/db.json", &Validators::default(), INDEX_CAP)?
        {
            Answer::Body { bytes, .. } if self.modified(&bytes)? == modified => Ok(()),
            _ => Err(
                Failure::network(format!("{} changed while it was read", self.url))
                    .hint("run the command again; the present database is unchanged"),
            ),
        }
    }

    // Advisories of the last run; without them all are fetched again.
    fn kept(&self, known: &State) -> BTreeMap<String, Vec<u8>> {
        if known.modified.is_none() {
            return BTreeMap::new();
        }
        let entries = published::entries(&self.store.advisories_file()).unwrap_or_default();
        let id = |name: String| Some(name.strip_prefix("ID/")?.strip_suffix(".json")?.to_owned());
        entries
            .into_iter()
            .filter_map(|(name, bytes)| Some((id(name)?, bytes)))
            .collect()
    }

    fn keep(&self, advisories: &BTreeMap<String, Vec<u8>>) -> Result<(), Failure> {
        let path = self.store.advisories_file();
        let failed = |error: &std::io::Error| Failure::file(Kind::Output, "write", &path, error);
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(|error| failed(&error))?;
        }
        let bytes = zipped(advisories).map_err(|error| failed(&error))?;
        output::to_file(&path, |out| out.write_all(&bytes)).map_err(|error| failed(&error))
    }
}

fn zipped(advisories: &BTreeMap<String, Vec<u8>>) -> std::io::Result<Vec<u8>> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (id, bytes) in advisories {
        writer.start_file(
            format!("ID/{id}.json"),
            zip::write::SimpleFileOptions::default(),
        )?;
        writer.write_all(bytes)?;
    }
    Ok(writer.finish()?.into_inner())
}

/// One line of `index/vulns.json`.
#[derive(serde::Deserialize)]
struct Listed {
    id: String,
    modified: String,
}

impl Listed {
    /// Whether the kept advisory is the listed one. Without a real time of change it cannot be told.
    fn is_in(&self, kept: &BTreeMap<String, Vec<u8>>) -> bool {
        let same = |bytes: &Vec<u8>| published::modified(bytes).as_ref() == Some(&self.modified);
        published::day(&self.modified).is_some() && kept.get(&self.id).is_some_and(same)
    }
}

// It becomes part of an address and of a file name.
fn is_plain_id(id: &str) -> bool {
    !id.is_empty() && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}
