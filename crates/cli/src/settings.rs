//! The command line resolved: configuration file, defaults, environment and clock are applied here, so that the
//! commands see values only.

use crate::args;
use crate::args::{InspectFormat, ShowArg};
use crate::config::{self, Config};
use crate::documents::{self, Output};
use crate::environment::{self, Environment};
use crate::failure::Failure;
use crate::inputs::Place;
use crate::survey::Survey;
use goassay_audit::policy::Profile;
use goassay_audit::verdict::Level;
use goassay_report::audit;
use goassay_report::listing::{Filter, Kind};
use goassay_report::render::{Format, Show};
use goassay_report::sizes::{Budget, By};
use goassay_vuln::finding::Tier;
use jiff::civil::Date;
use std::path::{Path, PathBuf};

/// Where `db update` goes unless told otherwise.
pub(crate) const DEFAULT_URL: &str = "https://vuln.go.dev";

/// Warn about a database that is older than this many days, unless told otherwise.
pub(crate) const DEFAULT_MAX_AGE_DAYS: u32 = 60;

/// What `scan` and `check` do.
#[derive(Debug, Clone)]
pub(crate) struct Scan {
    pub(crate) places: Vec<Place>,
    pub(crate) fail_on: Tier,
    pub(crate) exit_code: u8,
    pub(crate) as_of: Date,
    pub(crate) allow_empty: bool,
    /// Database named by `--db` or the configuration file, and by which.
    pub(crate) db: Option<NamedDatabase>,
    pub(crate) max_age_days: u32,
    pub(crate) config: Config,
    pub(crate) suppress: bool,
    pub(crate) baseline: Option<PathBuf>,
    pub(crate) outputs: Vec<Output<Format>>,
    pub(crate) show: Show,
    /// Threads; 0 for as many as there are processors.
    pub(crate) jobs: usize,
}

impl Scan {
    /// Where to look.
    pub(crate) fn survey(&self) -> Survey<'_> {
        Survey {
            places: &self.places,
            jobs: self.jobs,
            allow_empty: self.allow_empty,
        }
    }
}

/// A database that was named, and by what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NamedDatabase {
    pub(crate) path: PathBuf,
    /// A clause for people: `named with --db`.
    pub(crate) why: String,
}

/// What is examined when no path is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Default {
    /// The current directory.
    Here,
    /// Installed programs.
    Installed,
}

/// The configuration file that `--config` names, or the nearest one, or none.
pub(crate) fn configuration(named: Option<&Path>) -> Result<Config, Failure> {
    match named.map(Path::to_path_buf).or(nearest_config()?) {
        Some(path) => config::load(&path),
        None => Ok(Config::default()),
    }
}

/// The nearest `goassay.toml`, from the current directory upward.
pub(crate) fn nearest_config() -> Result<Option<PathBuf>, Failure> {
    let dirs = environment::upward().map_err(|error| {
        Failure::config("cannot find the current directory")
            .because(&error)
            .hint("change to a directory that exists")
    })?;
    Ok(dirs
        .into_iter()
        .map(|dir| dir.join(config::FILE_NAME))
        .find(|path| path.is_file()))
}

/// Resolves `scan` and `check`.
pub(crate) fn scan(
    args: args::Scan,
    common: &args::Common,
    default: Default,
    env: &Environment,
) -> Result<Scan, Failure> {
    let config = configuration(common.config.as_deref())?;
    let outputs = documents::resolve(&args.documents)?;
    let judging = args.judging;
    let db = named_database(judging.db, &config);
    Ok(Scan {
        places: places(args.paths, default, env)?,
        fail_on: args
            .fail_on
            .map(|t| t.0)
            .or(config.fail_on)
            .unwrap_or(Tier::Linked),
        exit_code: judging.exit_code.unwrap_or(1),
        as_of: judging.as_of.unwrap_or_else(environment::today),
        allow_empty: judging.allow_empty,
        db,
        max_age_days: config.max_age_days.unwrap_or(DEFAULT_MAX_AGE_DAYS),
        config,
        suppress: !args.no_suppress,
        baseline: args.baseline,
        outputs,
        show: show(&args.show),
        jobs: usize::from(judging.jobs.unwrap_or(0)),
    })
}

/// What `audit` does.
#[derive(Debug, Clone)]
pub(crate) struct Audit {
    pub(crate) places: Vec<Place>,
    pub(crate) profile: Profile,
    pub(crate) fail_on: Level,
    pub(crate) exit_code: u8,
    pub(crate) as_of: Date,
    pub(crate) allow_empty: bool,
    pub(crate) db: Option<NamedDatabase>,
    pub(crate) max_age_days: u32,
    pub(crate) config: Config,
    pub(crate) waive: bool,
    pub(crate) outputs: Vec<Output<audit::Format>>,
    /// The text shows everything.
    pub(crate) all: bool,
    /// Threads; 0 for as many as there are processors.
    pub(crate) jobs: usize,
}

impl Audit {
    /// Where to look.
    pub(crate) fn survey(&self) -> Survey<'_> {
        Survey {
            places: &self.places,
            jobs: self.jobs,
            allow_empty: self.allow_empty,
        }
    }
}

/// Resolves `audit`.
pub(crate) fn audit(
    args: args::Audit,
    common: &args::Common,
    default: Default,
    env: &Environment,
) -> Result<Audit, Failure> {
    let config = configuration(common.config.as_deref())?;
    let outputs = documents::resolve(&args.documents)?;
    let judging = args.judging;
    let db = named_database(judging.db, &config);
    Ok(Audit {
        places: places(args.paths, default, env)?,
        profile: args.profile.or(config.audit.profile).unwrap_or_default(),
        fail_on: args
            .fail_on
            .or(config.audit.fail_on)
            .unwrap_or(Level::Error),
        exit_code: judging.exit_code.unwrap_or(1),
        as_of: judging.as_of.unwrap_or_else(environment::today),
        allow_empty: judging.allow_empty,
        db,
        max_age_days: config.max_age_days.unwrap_or(DEFAULT_MAX_AGE_DAYS),
        config,
        waive: !args.no_waive,
        outputs,
        all: args.show.is_some(),
        jobs: usize::from(judging.jobs.unwrap_or(0)),
    })
}

/// The audit of what `build` has built.
pub(crate) fn audit_of_build(config: &Config, profile: Profile, as_of: Date) -> Audit {
    Audit {
        places: Vec::new(),
        profile,
        fail_on: config.audit.fail_on.unwrap_or(Level::Error),
        exit_code: 1,
        as_of,
        allow_empty: false,
        db: named_database(None, config),
        max_age_days: config.max_age_days.unwrap_or(DEFAULT_MAX_AGE_DAYS),
        config: config.clone(),
        waive: true,
        outputs: Vec::new(),
        all: false,
        jobs: 0,
    }
}

/// The scan beside that audit.
pub(crate) fn scan_of_build(audit: &Audit) -> Scan {
    Scan {
        places: Vec::new(),
        fail_on: audit.config.fail_on.unwrap_or(Tier::Linked),
        exit_code: audit.exit_code,
        as_of: audit.as_of,
        allow_empty: false,
        db: audit.db.clone(),
        max_age_days: audit.max_age_days,
        config: audit.config.clone(),
        suppress: true,
        baseline: None,
        outputs: Vec::new(),
        show: Show::default(),
        jobs: 0,
    }
}

/// What `inspect` does.
#[derive(Debug, Clone)]
pub(crate) struct Inspect {
    pub(crate) places: Vec<Place>,
    pub(crate) allow_empty: bool,
    /// What is listed instead of the facts.
    pub(crate) list: Option<Kind>,
    pub(crate) filter: Filter,
    /// Sizes instead of the facts.
    pub(crate) size: Option<Sizes>,
    pub(crate) outputs: Vec<Output<InspectFormat>>,
    /// The text shows long lists in full.
    pub(crate) all: bool,
    /// Threads; 0 for as many as there are processors.
    pub(crate) jobs: usize,
}

impl Inspect {
    /// Where to look.
    pub(crate) fn survey(&self) -> Survey<'_> {
        Survey {
            places: &self.places,
            jobs: self.jobs,
            allow_empty: self.allow_empty,
        }
    }
}

/// How `inspect --size` shows sizes.
#[derive(Debug, Clone)]
pub(crate) struct Sizes {
    pub(crate) by: Option<By>,
    pub(crate) top: Option<usize>,
    pub(crate) budgets: Vec<Budget>,
    /// Two files: what grew from the first to the second.
    pub(crate) growth: bool,
}

/// Resolves `inspect`.
pub(crate) fn inspect(
    args: args::Inspect,
    common: &args::Common,
    env: &Environment,
) -> Result<Inspect, Failure> {
    let outputs = documents::resolve(&args.documents)?;
    let is_picture = |o: &Output<_>| matches!(o.format, InspectFormat::Html | InspectFormat::Svg);
    if !args.list.size && outputs.iter().any(is_picture) {
        return Err(Failure::usage("html and svg show sizes only").hint("add --size"));
    }
    let size = match args.list.size {
        true => Some(Sizes {
            by: args.by,
            top: args.top,
            budgets: budgets(args.budget, common)?,
            growth: args.paths.len() == 2,
        }),
        false => None,
    };
    let lists = [
        (args.list.functions, Kind::Functions),
        (args.list.packages, Kind::Packages),
        (args.list.modules, Kind::Modules),
        (args.list.types, Kind::Types),
    ];
    Ok(Inspect {
        places: places(args.paths, Default::Here, env)?,
        allow_empty: args.allow_empty,
        list: lists
            .iter()
            .find(|(named, _)| *named)
            .map(|(_, kind)| *kind),
        filter: Filter::new(args.filter),
        size,
        outputs,
        all: args.show.is_some(),
        jobs: usize::from(args.jobs.unwrap_or(0)),
    })
}

/// The budgets of the configuration file, where they are asked for.
fn budgets(asked: bool, common: &args::Common) -> Result<Vec<Budget>, Failure> {
    if !asked {
        return Ok(Vec::new());
    }
    let config = configuration(common.config.as_deref())?;
    if config.budgets.is_empty() {
        return Err(
            Failure::config("there is no [[budget]] to hold sizes against").hint(
                "`goassay config init` writes a commented goassay.toml; --config names another",
            ),
        );
    }
    let budgets = config.budgets.iter().map(|budget| Budget {
        of: budget.of.clone(),
        binary: budget.binary.clone(),
        most: budget.most,
        place: crate::standing::place(&config, budget.line),
    });
    Ok(budgets.collect())
}

/// The database named by an option or, failing that, by the configuration file.
pub(crate) fn named_database(option: Option<PathBuf>, config: &Config) -> Option<NamedDatabase> {
    let by_option = option.map(|path| NamedDatabase {
        path,
        why: "named with --db".to_owned(),
    });
    by_option.or_else(|| {
        let path = config.db.clone()?;
        let file = config
            .path
            .as_deref()
            .unwrap_or(Path::new(config::FILE_NAME));
        Some(NamedDatabase {
            path,
            why: format!("named in {}", file.display()),
        })
    })
}

/// The named places; standard input once at most.
pub(crate) fn named_places(paths: Vec<PathBuf>) -> Result<Vec<Place>, Failure> {
    if paths.iter().filter(|path| path.as_os_str() == "-").count() > 1 {
        return Err(Failure::usage("`-` is named more than once")
            .hint("standard input can be read once only"));
    }
    Ok(paths.into_iter().map(Place::Named).collect())
}

fn places(paths: Vec<PathBuf>, default: Default, env: &Environment) -> Result<Vec<Place>, Failure> {
    let places = match (paths.is_empty(), default) {
        (false, _) => named_places(paths)?,
        (true, Default::Here) => vec![Place::Named(PathBuf::from("."))],
        (true, Default::Installed) => env
            .program_dirs()
            .into_iter()
            .map(Place::Programs)
            .collect(),
    };
    Ok(places)
}

fn show(named: &[ShowArg]) -> Show {
    let has = |what| named.contains(&what);
    if has(ShowArg::All) {
        return Show::ALL;
    }
    Show {
        symbols: has(ShowArg::Symbols),
        package: has(ShowArg::Package),
        module: has(ShowArg::Module),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_option_beats_the_configuration_file() {
        let config = Config {
            db: Some("b".into()),
            path: Some("goassay.toml".into()),
            ..Config::default()
        };
        let named =
            |option: Option<&str>| named_database(option.map(PathBuf::from), &config).unwrap();
        assert_eq!(named(Some("a")).why, "named with --db");
        assert_eq!(
            (named(None).path, named(None).why),
            ("b".into(), "named in goassay.toml".into())
        );
    }
}
