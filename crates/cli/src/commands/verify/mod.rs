//! `goassay verify`: programs built again from what they say of themselves, and what stands beside them.

mod around;
mod programs;

use super::toolchain::verify::{key, read_small};
use super::toolchain::{Fetching, Places, Waiting, certificates, failure};
use crate::args::Common;
use crate::args::verify::Verify;
use crate::documents;
use crate::environment::Environment;
use crate::failure::{Failure, Kind};
use crate::go_settings::GoSettings;
use crate::interrupt;
use crate::net::Modules;
use crate::output::Terminal;
use crate::settings;
use around::WithRecord;
use goassay_binary::bytes::hexadecimal;
use goassay_build::archive;
use goassay_build::module::Module;
use goassay_build::record::Record;
use goassay_build::sandbox::{Abilities, Ability};
use goassay_build::signing::{Key, PublicKey};
use goassay_build::sumdb::{self, Duty};
use goassay_build::toolchain::{Fetcher, Name, Outcome};
use goassay_build::verify::beside::{self, Around, Beside, Finding, Nothing, Subject};
use goassay_build::verify::{self, Event, Stop, Tools, Verification};
use goassay_report::rebuilt::{self, File, Report};
use programs::{Program, Search};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

pub(crate) fn run(
    args: &Verify,
    common: &Common,
    env: &Environment,
    terminal: &Terminal,
) -> Result<u8, Failure> {
    interrupt::install();
    let outputs = documents::resolve(&args.documents)?;
    let given = Given::read(args)?;
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
        let mut verifying = Verifying {
            fetcher,
            settings: &settings,
            waiting: &waiting,
            terminal,
            abilities: &abilities,
            environment: &environment,
            store: &store,
            args,
            given: &given,
            done: BTreeMap::new(),
        };
        verifying.all(&args.paths)
    })?;
    documents::write(&outputs, terminal, |format, style, out| {
        rebuilt::render(&report, format, style, given.key.as_ref(), out)
    })?;
    Ok(report.exit_code())
}

/// What is given besides programs.
struct Given {
    /// A build record, as it stands.
    record: Option<String>,
    public_key: Option<PublicKey>,
    /// Signs summaries.
    key: Option<Key>,
}

impl Given {
    fn read(args: &Verify) -> Result<Given, Failure> {
        let public_key = |path: &PathBuf| {
            PublicKey::parse(&read_small(path)?).map_err(|why| {
                Failure::input(format!("{} is no public key", path.display()))
                    .cause(why)
                    .hint("`openssl pkey -in key.pem -pubout` writes that of a key")
            })
        };
        Ok(Given {
            record: args.record.as_deref().map(read_small).transpose()?,
            public_key: args.public_key.as_ref().map(public_key).transpose()?,
            key: args.key.as_deref().map(key).transpose()?,
        })
    }
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
    args: &'a Verify,
    given: &'a Given,
    /// What came of programs, by SHA-256: the same one can lie in several archives.
    done: BTreeMap<String, Verification>,
}

impl Verifying<'_> {
    fn all(&mut self, paths: &[PathBuf]) -> Result<Report, Failure> {
        let mut files = Vec::new();
        let options = archive::Options {
            platform: self.args.platform.as_deref(),
            ..archive::Options::default()
        };
        let mut each = |program: &Program<'_>| {
            files.push(self.file(program)?);
            Ok(())
        };
        let mut search = Search {
            options,
            each: &mut each,
            failures: Vec::new(),
        };
        paths.iter().try_for_each(|path| search.at(path))?;
        let failures = search.failures;
        Ok(Report {
            tool: super::tool(),
            files,
            failures,
        })
    }

    fn file(&mut self, program: &Program<'_>) -> Result<File, Failure> {
        let sha256 = hexadecimal(&Sha256::digest(program.bytes));
        let beside_it: &dyn Around = if self.args.alone {
            &Nothing
        } else {
            program.around
        };
        let given = self.given.record.as_ref().map(|record| WithRecord {
            around: beside_it,
            name: record_of(program),
            record: record.as_bytes(),
        });
        let around = given.as_ref().map_or(beside_it, |given| given);
        let debug = beside::find_debug(&program.name, program.bytes, around);
        let verification = self.verification(program, around, &sha256, debug.as_ref())?;
        let mut beside = beside::check(&Subject {
            name: &program.name,
            folder: &program.folder,
            file: program.bytes,
            sha256: &sha256,
            claim: verification.claim.as_ref(),
            key: self.given.public_key.as_ref(),
            around,
        });
        beside.extend(debug.map(|(name, contents)| Beside {
            name,
            kind: beside::Kind::Debug,
            finding: of_debug(&contents, verification.debug.clone()),
        }));
        Ok(File {
            path: program.path.clone(),
            member: program.member.clone(),
            name: program.name.clone(),
            sha256,
            size: program.bytes.len() as u64,
            verification,
            beside,
        })
    }

    /// Verifies a program, where it was not before.
    fn verification(
        &mut self,
        program: &Program<'_>,
        around: &dyn Around,
        sha256: &str,
        debug: Option<&Debug>,
    ) -> Result<Verification, Failure> {
        let record = own_record(program, around, sha256);
        let debug = debug.and_then(|(name, contents)| Some((name, contents.as_ref().ok()?)));
        if let Some(done) = self.done.get(sha256) {
            let is_enough = done.verdict.is_pass() || record.is_none();
            if is_enough && (debug.is_none() || done.debug.is_some()) {
                return Ok(done.clone());
            }
        }
        let tools = Tools {
            toolchains: &|name| self.toolchain(name),
            vouch: &|module| self.vouch(module),
            environment: self.environment,
            store: self.store,
            source: self.args.source.as_ref(),
            record: record.as_ref(),
            debug: debug.map(|(_, contents)| (program.name.as_str(), contents.as_slice())),
            abilities: self.abilities,
            max_builds: usize::from(self.args.max_builds),
            until: self.until(),
        };
        let done = verify::verify(program.bytes, &tools, &mut |event| {
            self.tell(&program.name, event);
        });
        self.waiting.clear();
        let mut done = done.map_err(|stop| match stop {
            Stop::Run(_) => Failure::new(Kind::Output, stop.to_string()),
            stop => Failure::new(
                Kind::Output,
                format!("{} cannot be verified here", program.path),
            )
            .because(&stop)
            .hint("make room, or choose another place with TMPDIR"),
        })?;
        if let (Some(folder), Some(rebuilt)) = (&self.args.keep, done.rebuilt.take()) {
            self.keep(folder, program, sha256, &rebuilt)?;
        }
        self.done.insert(sha256.to_owned(), done.clone());
        Ok(done)
    }

    /// When a program's time is up.
    fn until(&self) -> Option<Instant> {
        let minutes = self.args.max_minutes?;
        Instant::now().checked_add(Duration::from_secs(u64::from(minutes) * 60))
    }

    /// Leaves both sides in a folder of their own.
    fn keep(
        &self,
        folder: &Path,
        program: &Program<'_>,
        sha256: &str,
        rebuilt: &[u8],
    ) -> Result<(), Failure> {
        let short = sha256.get(..12).unwrap_or_default();
        let name: String = program.name.chars().map(plain).collect();
        let folder = folder.join(format!("{name}-{short}"));
        let failed = |error| Failure::file(Kind::Output, "keep both sides in", &folder, &error);
        std::fs::create_dir_all(&folder).map_err(failed)?;
        std::fs::write(folder.join("given"), program.bytes).map_err(failed)?;
        std::fs::write(folder.join("rebuilt"), rebuilt).map_err(failed)?;
        self.terminal.say(&format!(
            "{}: both sides in {}",
            &program.name,
            folder.display()
        ));
        Ok(())
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
                        .chain(said.hint)
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

    fn tell(&self, name: &str, event: Event<'_>) {
        self.waiting.clear();
        match event {
            Event::Toolchain(toolchain) => self.terminal.say(&format!("{name}: {toolchain}")),
            Event::Downloading(what) => {
                self.terminal.say(&format!("{name}: the modules of {what}"))
            }
            Event::Proving => self.terminal.say(&format!("{name}: proving them")),
            Event::Building(number, what) => self
                .terminal
                .say(&format!("{name}: build {number}, {what}")),
            Event::Debug => self
                .terminal
                .say(&format!("{name}: once more, with debug information")),
        }
    }
}

/// Debug information around a program: its name, and its contents or why they cannot be read.
type Debug = (String, Result<Vec<u8>, String>);

/// The name of a program's build record.
fn record_of(program: &Program<'_>) -> String {
    format!("{}.build.json", &program.name)
}

/// The build record beside a program, where it is that of this program.
fn own_record(program: &Program<'_>, around: &dyn Around, sha256: &str) -> Option<Record> {
    let record = around.read(&record_of(program), beside::LONGEST)?.ok()?;
    let record = Record::parse(&record).ok()?;
    let is_its = record
        .outputs
        .first()
        .is_some_and(|output| output.sha256 == sha256);
    is_its.then_some(record)
}

fn of_debug(contents: &Result<Vec<u8>, String>, found: Option<Finding>) -> Finding {
    match (contents, found) {
        (Err(why), _) => Finding::NotChecked(why.clone()),
        (Ok(_), Some(found)) => found,
        (Ok(_), None) => Finding::NotChecked(
            "the program could not be built the same, so that nothing is there to compare with"
                .to_owned(),
        ),
    }
}

/// A letter of a hostile name in the name of a folder.
fn plain(letter: char) -> char {
    match letter.is_ascii_alphanumeric() || "-_".contains(letter) {
        true => letter,
        false => '_',
    }
}
