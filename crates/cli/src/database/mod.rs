//! Which vulnerability database is used, and why.
//!
//! In this order: the one that was named, the imported one, the embedded one; of the last two the newer. A damaged one is
//! refused with the way to mend it: falling back in silence would answer from other data than asked for.
//! [`published`] reads the layout of the Go project, [`store`] keeps the imported one, [`update`] fetches it.

pub(crate) mod published;
pub(crate) mod store;
pub(crate) mod update;

use crate::environment::Environment;
use crate::failure::{Failure, Kind};
use crate::map::Mapped;
use crate::settings::NamedDatabase;
use goassay_report::document::{DatabaseIdentity, DatabaseOrigin, DatabaseUse};
use goassay_vuln::database::{Database, DatabaseError, Identity, embedded};
use std::path::{Path, PathBuf};
use store::Store;

/// The bytes of a compact database.
enum Bytes {
    Embedded,
    File(Mapped),
    Memory(Vec<u8>),
}

/// The database that is used.
pub(crate) struct Chosen {
    bytes: Bytes,
    origin: DatabaseOrigin,
    why: String,
    path: Option<PathBuf>,
}

impl Chosen {
    /// The embedded database.
    pub(crate) fn embedded(why: impl Into<String>) -> Chosen {
        let origin = DatabaseOrigin::Embedded;
        Chosen {
            bytes: Bytes::Embedded,
            origin,
            why: why.into(),
            path: None,
        }
    }

    /// Opens it: checked as a whole, then looked up in place.
    pub(crate) fn open(&self) -> Result<Database<'_>, Failure> {
        let opened = match &self.bytes {
            Bytes::Embedded => embedded(),
            Bytes::File(mapped) => Database::open(mapped.bytes()),
            Bytes::Memory(bytes) => Database::open(bytes),
        };
        opened.map_err(|error| self.refused(&error))
    }

    fn refused(&self, error: &DatabaseError) -> Failure {
        let name = match &self.path {
            Some(path) => path.display().to_string(),
            None => "that is part of the program".to_owned(),
        };
        let hint = match self.origin {
            DatabaseOrigin::Imported => {
                format!("{}; or remove it to use the embedded one", mending(error))
            }
            _ => mending(error),
        };
        Failure::database(format!("cannot use the database {name}"))
            .because(error)
            .hint(hint)
    }

    /// Whether what was looked up is what the file holds. Ask after the last look-up.
    pub(crate) fn unchanged(&self) -> Result<(), Failure> {
        let Bytes::File(mapped) = &self.bytes else {
            return Ok(());
        };
        mapped.unchanged().map_err(|changed| {
            let path = self.path.as_deref().unwrap_or(Path::new(""));
            Failure::database(format!("cannot use the database {}", path.display()))
                .because(&changed)
                .hint("run the command again; replace databases by renaming, as `goassay db` does")
        })
    }

    /// What a report says about it.
    pub(crate) fn described(&self, identity: &Identity) -> DatabaseUse {
        let identity = DatabaseIdentity {
            source: identity.source.clone(),
            revision: identity.revision.clone(),
            date: identity.date.map(|date| date.to_string()),
            sha256: identity.sha256_hex(),
            advisories: identity.advisories,
        };
        DatabaseUse {
            identity,
            origin: self.origin,
            why: self.why.clone(),
        }
    }

    /// The file that it is in.
    pub(crate) fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }
}

/// What mends a database that cannot be used, as a hint: without a capital.
pub(crate) fn mending(error: &DatabaseError) -> String {
    let hint = error.hint();
    let first = hint.chars().next().map(|c| c.to_ascii_lowercase());
    first.into_iter().chain(hint.chars().skip(1)).collect()
}

/// Chooses the database.
pub(crate) fn choose(named: Option<&NamedDatabase>, env: &Environment) -> Result<Chosen, Failure> {
    if let Some(named) = named {
        return given(named);
    }
    let store = Store::of_user(env);
    match store.as_ref().map(Store::open).transpose()?.flatten() {
        None => Ok(Chosen::embedded("no other was imported")),
        Some(imported) => newer(imported, store.as_ref().is_some_and(|s| s.state().forced)),
    }
}

/// The imported database, unless the program came with a newer one.
fn newer(imported: Chosen, forced: bool) -> Result<Chosen, Failure> {
    let date = imported.open()?.identity().date;
    let own = embedded()
        .ok()
        .and_then(|database| database.identity().date);
    if forced {
        return Ok(Chosen {
            why: "imported with --force".to_owned(),
            ..imported
        });
    }
    match (date, own) {
        (Some(date), Some(own)) if date < own => Ok(Chosen::embedded(format!(
            "newer than the imported one of {date}"
        ))),
        (Some(date), Some(own)) if date > own => Ok(Chosen {
            why: format!("newer than the embedded one of {own}"),
            ..imported
        }),
        _ => Ok(imported),
    }
}

/// A database that was named: compact, or published files that are read on the fly.
fn given(named: &NamedDatabase) -> Result<Chosen, Failure> {
    let path = &named.path;
    let unreadable = |error: &std::io::Error| {
        Failure::file(Kind::Database, "read the database", path, error)
            .hint("name a compact database, a directory of OSV files or a vulndb.zip")
    };
    let meta = std::fs::metadata(path).map_err(|error| unreadable(&error))?;
    let bytes = if meta.is_dir() {
        Bytes::Memory(published::compact(path, &published::Overrides::default())?)
    } else {
        let mapped = Mapped::open(path).map_err(|error| unreadable(&error))?;
        if published::is_zip(mapped.bytes()) {
            Bytes::Memory(published::compact(path, &published::Overrides::default())?)
        } else {
            Bytes::File(mapped)
        }
    };
    let origin = DatabaseOrigin::Given;
    Ok(Chosen {
        bytes,
        origin,
        why: named.why.clone(),
        path: Some(path.clone()),
    })
}
