//! The imported database and what is remembered about where it came from, in the user's data directory.
//!
//! Replacing is atomic, and an older database does not replace a newer one unless told. What is remembered is a help only:
//! without it the next update asks for everything.

use super::{Bytes, Chosen};
use crate::environment::Environment;
use crate::failure::{Failure, Kind};
use crate::map::Mapped;
use crate::net::Validators;
use crate::output;
use goassay_report::document::DatabaseOrigin;
use goassay_vuln::database::{Database, Identity, embedded};
use serde::{Deserialize, Serialize};
use std::io;
use std::path::{Path, PathBuf};

/// A folder with an imported database.
#[derive(Debug, Clone)]
pub(crate) struct Store {
    file: PathBuf,
}

/// What is remembered beside the database.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct State {
    /// Where it came from.
    pub(crate) url: String,
    pub(crate) etag: Option<String>,
    pub(crate) last_modified: Option<String>,
    /// `modified` of the published index.
    pub(crate) modified: Option<String>,
    /// SHA-256 of the database's facts, so that what is remembered is not applied to another database.
    pub(crate) sha256: String,
    /// It was taken although a newer one was there.
    pub(crate) forced: bool,
}

impl State {
    /// What to ask the server with.
    pub(crate) fn validators(&self) -> Validators {
        Validators {
            etag: self.etag.clone(),
            last_modified: self.last_modified.clone(),
        }
    }
}

impl Store {
    /// The store of the user who runs the program; `None` where there is no home directory.
    pub(crate) fn of_user(env: &Environment) -> Option<Store> {
        Some(Store {
            file: env.data_dir()?.join("vulndb.bin"),
        })
    }

    /// A store in one named file.
    pub(crate) fn at(file: PathBuf) -> Store {
        Store { file }
    }

    pub(crate) fn file(&self) -> &Path {
        &self.file
    }

    fn state_file(&self) -> PathBuf {
        self.file.with_extension("state.json")
    }

    /// Where the advisories of a mirror without a zip are kept.
    pub(crate) fn advisories_file(&self) -> PathBuf {
        self.file.with_extension("advisories.zip")
    }

    /// The imported database, if there is one.
    pub(crate) fn open(&self) -> Result<Option<Chosen>, Failure> {
        match Mapped::open(&self.file) {
            Ok(mapped) => Ok(Some(Chosen {
                bytes: Bytes::File(mapped),
                origin: DatabaseOrigin::Imported,
                why: "it was imported".to_owned(),
                path: Some(self.file.clone()),
            })),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => {
                Err(
                    Failure::file(Kind::Database, "read the database", &self.file, &error)
                        .hint("make the file readable, or name another database with --db"),
                )
            }
        }
    }

    /// What is remembered about the database that is there.
    pub(crate) fn state(&self) -> State {
        let state: State = std::fs::read(self.state_file())
            .ok()
            .and_then(|bytes| serde_json::from_slice(&bytes).ok())
            .unwrap_or_default();
        let present = self.identity().map(|identity| identity.sha256_hex());
        if present.as_ref() == Some(&state.sha256) {
            state
        } else {
            State::default()
        }
    }

    fn identity(&self) -> Option<Identity> {
        let chosen = self.open().ok()??;
        chosen
            .open()
            .ok()
            .map(|database| database.identity().clone())
    }

    /// Puts `database` in the place of the present one and gives its identity.
    ///
    /// `state` says where it came from; what it says about the database itself is filled in here.
    pub(crate) fn replace(
        &self,
        database: &[u8],
        mut state: State,
        force: bool,
    ) -> Result<Identity, Failure> {
        let identity = Database::open(database)
            .map_err(|error| {
                Failure::new(Kind::Internal, "the new database cannot be read back").because(&error)
            })?
            .identity()
            .clone();
        let older = self.older_than_present(&identity);
        match older {
            Some(refusal) if !force => return Err(refusal),
            refusal => state.forced = refusal.is_some(),
        }
        state.sha256 = identity.sha256_hex();
        self.write(database, &state)?;
        Ok(identity)
    }

    fn write(&self, database: &[u8], state: &State) -> Result<(), Failure> {
        let failed = |path: &Path, error: &io::Error| {
            Failure::file(Kind::Output, "write", path, error)
                .hint("make room or choose another place with XDG_DATA_HOME; the present database is unchanged")
        };
        if let Some(folder) = self.file.parent() {
            std::fs::create_dir_all(folder).map_err(|error| failed(folder, &error))?;
        }
        output::to_file(&self.file, |out| out.write_all(database))
            .map_err(|error| failed(&self.file, &error))?;
        let path = self.state_file();
        let text = serde_json::to_vec_pretty(state).map_err(|error| {
            Failure::new(Kind::Internal, "the state cannot be written").because(&error)
        })?;
        output::to_file(&path, |out| out.write_all(&text)).map_err(|error| failed(&path, &error))
    }

    /// Why `new` must not replace what would be used without it.
    fn older_than_present(&self, new: &Identity) -> Option<Failure> {
        let imported = self.identity();
        let own = embedded().ok().map(|database| database.identity().clone());
        let present = [("imported", imported), ("embedded", own)]
            .into_iter()
            .filter_map(|(which, identity)| Some((identity?.date?, which)))
            .max()?;
        refusal(new, present)
    }
}

fn refusal(new: &Identity, present: (goassay_vuln::date::Date, &str)) -> Option<Failure> {
    let (date, which) = present;
    let refused = Failure::database(format!("the {which} database is of {date}"));
    match new.date {
        Some(new) if new < date => {
            Some(refused.cause(format!("the new one is older: {new}")).hint(
                "pass --force to use the older one all the same; the present one is unchanged",
            ))
        }
        Some(_) => None,
        None => Some(
            refused
                .cause("the new one does not say its date, so it cannot be told which is newer")
                .hint(
                    "say it with --date YYYY-MM-DD, or pass --force; the present one is unchanged",
                ),
        ),
    }
}
