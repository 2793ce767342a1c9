//! `goassay verify`: programs built again from what they say of themselves.

use super::toolchain::{Fetching, Places, Waiting, certificates, failure};
use crate::args::Common;
use crate::args::verify::Verify;
use crate::documents;
use crate::environment::Environment;
use crate::failure::{Failure, Kind};
use crate::go_settings::GoSettings;
use crate::inputs;
use crate::interrupt;
use crate::map::Mapped;
use crate::net::Modules;
use crate::output::Terminal;
use crate::settings;
use goassay_binary::bytes::hexadecimal;
use goassay_build::module::Module;
use goassay_build::sandbox::{Abilities, Ability};
use goassay_build::sumdb::{self, Duty};
use goassay_build::toolchain::{Fetcher, Name, Outcome};
use goassay_build::verify::{self, Event, Source, Stop, Tools, Verification};
use goassay_report::document::FailureKind;
use goassay_report::rebuilt::{self, File, Report};
use sha2::{Digest, Sha256};
use std::ffi::OsString;
use std::path::{Path, PathBuf};

pub(crate) fn run(
    args: &Verify,
    common: &Common,
    env: &Environment,
    terminal: &Terminal,
) -> Result<u8, Failure> {
    interrupt::install();
    let outputs = documents::resolve(&args.documents)?;
    let config = settings::configuration(common.config.as_deref())?;
    let settings = GoSettings::read(env, &config.toolchain);
    let places = Places::of_user(env)?;
    let store = places.cache().join("modules");
    let abilities = Abilities::probe();
    if let Ability::No(why) = &abilities.network {
        terminal.warn(&format!(
            "builds cannot be kept from the network here ({why}): GOPROXY=off has to do"
        ));
    }
    let waiting = Waiting::new(terminal);
    let observer = |done, total| waiting.bytes(done, total);
    let net = Modules::new(env, certificates(&args.trust, &config, env), &observer);
    let fetching = Fetching::new(&settings, net, places, &waiting)?;
    let environment = downloading(env, &settings);
    let report = fetching.with(|fetcher| {
        let verifying = Verifying {
            fetcher,
            settings: &settings,
            waiting: &waiting,
            terminal,
            abilities: &abilities,
            environment: &environment,
            store: &store,
            source: args.source.as_ref(),
            max_builds: usize::from(args.max_builds),
        };
        verifying.all(&args.paths)
    })?;
    documents::write(&outputs, terminal, |format, style, out| {
        rebuilt::render(&report, format, style, out)
    })?;
    Ok(report.exit_code())
}

/// The user's variables, with what the go command resolves `GOPROXY` and its relatives to.
fn downloading(env: &Environment, settings: &GoSettings<'_>) -> Vec<(OsString, OsString)> {
    let mut variables = env.variables();
    for name in ["GOPROXY", "GOPRIVATE", "GONOPROXY", "GOINSECURE", "GOVCS"] {
        if let Some(value) = settings.get(name) {
            variables.retain(|(other, _)| other != name);
            variables.push((name.into(), value.into()));
        }
    }
    variables
}

/// What all files share.
struct Verifying<'a> {
    fetcher: &'a Fetcher<'a>,
    settings: &'a GoSettings<'a>,
    waiting: &'a Waiting<'a>,
    terminal: &'a Terminal,
    abilities: &'a Abilities,
    environment: &'a [(OsString, OsString)],
    store: &'a Path,
    source: Option<&'a Source>,
    max_builds: usize,
}

impl Verifying<'_> {
    fn all(&self, paths: &[PathBuf]) -> Result<Report, Failure> {
        let mut report = Report {
            tool: super::tool(),
            files: Vec::new(),
            failures: Vec::new(),
        };
        for path in paths {
            match self.file(path) {
                Ok(file) => report.files.push(file),
                // Nothing else can go well then.
                Err(failure) if failure.kind == Kind::Output => return Err(failure),
                Err(failure) => report.failures.push(inputs::failure(
                    path,
                    FailureKind::Unreadable,
                    failure.message,
                    failure.hint.as_deref(),
                )),
            }
        }
        Ok(report)
    }

    fn file(&self, path: &Path) -> Result<File, Failure> {
        let cannot = |error| Failure::file(Kind::Input, "read", path, &error);
        let mapped = Mapped::open(path).map_err(cannot)?;
        let bytes = mapped.bytes();
        let file = File {
            path: path.display().to_string(),
            sha256: hexadecimal(&Sha256::digest(bytes)),
            size: bytes.len() as u64,
            verification: self.verify(path, bytes)?,
        };
        let changed = |_| Failure::input(format!("{} changed while it was read", path.display()));
        mapped.unchanged().map_err(changed)?;
        Ok(file)
    }

    fn verify(&self, path: &Path, bytes: &[u8]) -> Result<Verification, Failure> {
        let tools = Tools {
            toolchains: &|name| self.toolchain(name),
            vouch: &|module| self.vouch(module),
            environment: self.environment,
            store: self.store,
            source: self.source,
            abilities: self.abilities,
            max_builds: self.max_builds,
        };
        let done = verify::verify(bytes, &tools, &mut |event| self.tell(path, event));
        self.waiting.clear();
        done.map_err(|stop| match stop {
            Stop::Run(_) => Failure::new(Kind::Output, stop.to_string()),
            stop => Failure::new(
                Kind::Output,
                format!("{} cannot be verified here", path.display()),
            )
            .because(&stop)
            .hint("make room, or choose another place with TMPDIR"),
        })
    }

    fn toolchain(&self, name: &Name) -> Result<PathBuf, String> {
        let got = self.fetcher.get(name);
        self.waiting.clear();
        match got {
            Ok(Outcome::Present(installed) | Outcome::Fetched(installed)) => Ok(installed.goroot),
            Err(error) => {
                let said = failure(error);
                Err(
                    std::iter::once(format!("{name} cannot be had: {}", said.message))
                        .chain(said.causes)
                        .collect::<Vec<_>>()
                        .join(": "),
                )
            }
        }
    }

    fn vouch(&self, module: &Module) -> Result<Option<sumdb::Statement>, sumdb::Error> {
        let setting = |name: &str| self.settings.get(name).filter(|value| !value.is_empty());
        let excused = setting("GONOSUMDB")
            .or_else(|| setting("GOPRIVATE"))
            .unwrap_or_default();
        match sumdb::duty(
            &module.path,
            &setting("GOSUMDB").unwrap_or_default(),
            &excused,
        ) {
            Duty::Required => self.fetcher.database.lookup(module).map(Some),
            Duty::Excused(_) => Ok(None),
        }
    }

    fn tell(&self, path: &Path, event: Event<'_>) {
        self.waiting.clear();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        match event {
            Event::Toolchain(toolchain) => self.terminal.say(&format!("{name}: {toolchain}")),
            Event::Downloading(what) => {
                self.terminal.say(&format!("{name}: the modules of {what}"))
            }
            Event::Proving => self.terminal.say(&format!("{name}: proving them")),
            Event::Building(number, what) => self
                .terminal
                .say(&format!("{name}: build {number}, {what}")),
        }
    }
}
