//! `goassay db import`, `db update` and `db status`.

use crate::args;
use crate::config::Config;
use crate::database::published::{self, Overrides};
use crate::database::store::{State, Store};
use crate::database::update::{Outcome, Update};
use crate::database::{self, Chosen};
use crate::environment::{self, Environment};
use crate::failure::{EXIT_OK, Failure, Kind};
use crate::interrupt;
use crate::net::Mirror;
use crate::output::{self, Terminal};
use crate::progress::Progress;
use crate::settings;
use goassay_vuln::database::{Database, Identity};
use jiff::civil::Date;
use std::path::Path;

pub(crate) fn run(
    command: args::Db,
    common: &args::Common,
    env: &Environment,
    terminal: &Terminal,
) -> Result<u8, Failure> {
    interrupt::install();
    match command {
        args::Db::Import(args) => import(args, env, terminal),
        args::Db::Update(args) => update(
            args,
            &settings::configuration(common.config.as_deref())?,
            env,
            terminal,
        ),
        args::Db::Status(args) => status(
            args,
            &settings::configuration(common.config.as_deref())?,
            env,
        ),
    }
}

fn store(env: &Environment) -> Result<Store, Failure> {
    Store::of_user(env).ok_or_else(|| {
        Failure::new(
            Kind::Usage,
            "there is no place for a database: no home directory is known",
        )
        .hint("set HOME or XDG_DATA_HOME; `db import -o FILE` writes to a file for --db")
    })
}

fn import(args: args::Import, env: &Environment, terminal: &Terminal) -> Result<u8, Failure> {
    let overrides = Overrides {
        name: None,
        date: args.date.and_then(published::date_of),
        revision: args.revision,
    };
    let database = compact(&args.source, &overrides)?;
    // Somewhere else there is no present database to protect.
    let (store, force) = match args.output {
        Some(file) => (Store::at(file), true),
        None => (store(env)?, args.force),
    };
    let identity = store.replace(&database, State::default(), force)?;
    terminal.say(&format!(
        "imported {} into {}",
        described(&identity),
        store.file().display()
    ));
    Ok(EXIT_OK)
}

/// The compact database in, or made from, `source`.
fn compact(source: &Path, overrides: &Overrides) -> Result<Vec<u8>, Failure> {
    let unreadable = |error: &std::io::Error| {
        Failure::file(Kind::Database, "read", source, error)
            .hint("name a directory of OSV files, a vulndb.zip or a compact database")
    };
    if std::fs::metadata(source)
        .map_err(|error| unreadable(&error))?
        .is_dir()
    {
        return published::compact(source, overrides);
    }
    let bytes = std::fs::read(source).map_err(|error| unreadable(&error))?;
    if published::is_zip(&bytes) {
        return published::compact(source, overrides);
    }
    let opened = Database::open(&bytes).map(|_| ());
    opened.map_err(|error| {
        Failure::database(format!("cannot import {}", source.display()))
            .because(&error)
            .hint(database::mending(&error))
    })?;
    if overrides.date.is_some() || overrides.revision.is_some() {
        return Err(
            Failure::usage("a compact database has a date and a revision of its own")
                .hint("leave out --date and --revision, or import the published files"),
        );
    }
    Ok(bytes)
}

fn update(
    args: args::Update,
    config: &Config,
    env: &Environment,
    terminal: &Terminal,
) -> Result<u8, Failure> {
    let url = args.url.or_else(|| config.url.clone());
    let url = url
        .as_deref()
        .unwrap_or(settings::DEFAULT_URL)
        .trim_end_matches('/');
    if args.offline && !url.starts_with("file://") {
        return Err(
            Failure::usage(format!("--offline forbids to get the database from {url}"))
                .hint("use `goassay db import` with files that are here, or --url file:///…"),
        );
    }
    let ca = args.trust.ca.or_else(|| config.ca.clone());
    let mirror = Mirror::open(url, ca.as_deref(), env)?;
    let store = store(env)?;
    let update = Update {
        mirror: &mirror,
        url,
        store: &store,
        force: args.force,
    };
    let outcome = update.run(&|total| Progress::start(terminal, "advisories", total))?;
    match outcome {
        Outcome::Current => terminal.say(&format!("the database is up to date with {url}")),
        Outcome::Replaced(identity) => {
            terminal.say(&format!(
                "updated to {} in {}",
                described(&identity),
                store.file().display()
            ));
        }
    }
    Ok(EXIT_OK)
}

fn described(identity: &Identity) -> String {
    let date = identity
        .date
        .map_or("without a date".to_owned(), |date| format!("of {date}"));
    let advisories = match identity.advisories {
        1 => "1 advisory".to_owned(),
        n => format!("{n} advisories"),
    };
    format!("{advisories} {date} from {}", identity.source)
}

fn status(args: args::Status, config: &Config, env: &Environment) -> Result<u8, Failure> {
    let named = settings::named_database(args.db, config);
    let chosen = database::choose(named.as_ref(), env)?;
    let identity = chosen.open()?.identity().clone();
    let as_of = args.as_of.unwrap_or_else(environment::today);
    let text = if args.json || args.format == args::StatusFormat::Json {
        status_json(&chosen, &identity)?
    } else {
        status_text(&chosen, &identity, as_of)
    };
    chosen.unchanged()?;
    output::to_stdout(text.as_bytes())?;
    Ok(EXIT_OK)
}

/// How old the data is, for people.
pub(crate) fn age(identity: &Identity, as_of: Date) -> Option<String> {
    Some(match published::age_in_days(identity.date, as_of)? {
        0 => "of today".to_owned(),
        1 => "1 day old".to_owned(),
        days if days < 0 => format!("from {} days after {as_of}", -days),
        days => format!("{days} days old"),
    })
}

fn status_text(chosen: &Chosen, identity: &Identity, as_of: Date) -> String {
    let described = chosen.described(identity);
    let place = chosen
        .path()
        .map(|path| format!(" {}", path.display()))
        .unwrap_or_default();
    let date = match (identity.date, age(identity, as_of)) {
        (Some(date), Some(age)) => format!("{date} ({age} as of {as_of})"),
        (Some(date), None) => date.to_string(),
        (None, _) => "not known".to_owned(),
    };
    let rows = [
        (
            "database",
            format!("{}{place} ({})", described.origin.name(), described.why),
        ),
        ("source", identity.source.clone()),
        (
            "revision",
            identity
                .revision
                .clone()
                .unwrap_or_else(|| "not known".to_owned()),
        ),
        ("date", date),
        ("advisories", identity.advisories.to_string()),
        ("sha256", identity.sha256_hex()),
        (
            "update",
            "goassay db update, or goassay db import vulndb.zip".to_owned(),
        ),
    ];
    let line = |(name, value): (&str, String)| format!("{name:<11}{}\n", output::printable(&value));
    rows.into_iter().map(line).collect()
}

fn status_json(chosen: &Chosen, identity: &Identity) -> Result<String, Failure> {
    #[derive(serde::Serialize)]
    struct Document<'a> {
        schema: &'static str,
        origin: &'static str,
        why: &'a str,
        path: Option<String>,
        source: &'a str,
        revision: Option<&'a str>,
        date: Option<&'a str>,
        advisories: u32,
        sha256: &'a str,
    }
    let described = chosen.described(identity);
    let document = Document {
        schema: "goassay-database/1",
        origin: described.origin.name(),
        why: &described.why,
        path: chosen.path().map(|path| path.display().to_string()),
        source: &described.identity.source,
        revision: described.identity.revision.as_deref(),
        date: described.identity.date.as_deref(),
        advisories: described.identity.advisories,
        sha256: &described.identity.sha256,
    };
    serde_json::to_string_pretty(&document)
        .map(|text| text + "\n")
        .map_err(|error| {
            Failure::new(Kind::Internal, "the document cannot be written").because(&error)
        })
}
