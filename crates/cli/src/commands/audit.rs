//! `goassay audit`: find the files, gather the facts of each, judge them by the policy, write the documents.
//!
//! What exit code 0 means: no rule at or above the threshold failed that nobody waived, and none was unknown. What it does not
//! mean: that rules below the threshold passed, or that the program is safe; each rule says what its pass does not mean.
//! A packed program fails the rule for it and leaves all others unknown, so that the exit code is 2 unless they are off.

use crate::args;
use crate::config::Config;
use crate::database::{self, published};
use crate::describe;
use crate::documents;
use crate::environment::Environment;
use crate::examine::{Located, Look, Opened, Packed};
use crate::failure::Failure;
use crate::interrupt;
use crate::output::{self, Terminal};
use crate::settings::{self, Audit};
use crate::standing;
use goassay_audit::facts::Facts;
use goassay_audit::policy::{Policy, Profile, Scope, Waiver};
use goassay_audit::registry;
use goassay_audit::releases::Releases;
use goassay_audit::verdict::Judged;
use goassay_binary::Binary;
use goassay_report::audit::{Format, IdleWaiver, Report, Run, Target, TextOptions, render};
use goassay_report::document::{DatabaseUse, FailureKind, IdleCause, TargetFacts};
use goassay_report::render::Style;
use goassay_vuln::database::{Database, Identity};
use goassay_vuln::date::Date;

pub(crate) fn run(
    args: args::Audit,
    common: &args::Common,
    env: &Environment,
    terminal: &Terminal,
) -> Result<u8, Failure> {
    interrupt::install();
    let only_rules = args.rules;
    let settings = settings::audit(args, common, settings::Default::Here, env)?;
    if only_rules {
        return list_rules(&settings);
    }
    let chosen = database::choose(settings.db.as_ref(), env)?;
    let database = chosen.open()?;
    let asked = Asked::new(&settings, &database)?;
    let binary = |opened: &Opened<'_>| Ok(asked.target(opened));
    let packed = |packed: &Packed<'_>| asked.packed(packed);
    let look = Look::binaries(&binary).and_packed(&packed);
    let surveyed = settings.survey().run(&look, terminal)?;
    chosen.unchanged()?;
    let identity = database.identity();
    let report = asked.report(&settings, chosen.described(identity), surveyed);
    super::warn_about_age(identity, settings.as_of, settings.max_age_days, terminal);
    if !documents::text_on_stdout(&settings.outputs, Format::Text) {
        super::complain_about(&report.run().failures, terminal);
        warn_about_waivers(&report, terminal);
    }
    write(&settings, &report, identity, terminal)?;
    Ok(report.exit_code())
}

fn list_rules(settings: &Audit) -> Result<u8, Failure> {
    let policy = policy(settings.profile, &settings.config, false);
    let mut text = String::new();
    for rule in registry::all() {
        let level = policy.level(rule).map_or("off", |level| level.name());
        text.push_str(&format!("{:<28} {level:<8} {}\n", rule.id, rule.title));
    }
    documents::quietly(output::to_stdout(text.as_bytes()))?;
    Ok(crate::failure::EXIT_OK)
}

/// The policy of a profile and a configuration file, without the day and what is known of releases.
fn policy(profile: Profile, config: &Config, waive: bool) -> Policy {
    let entries = config.waivers.iter().filter(|_| waive);
    let waivers = entries.map(|entry| Waiver {
        rule: entry.rule.clone(),
        reason: entry.reason.clone(),
        until: entry.until.and_then(published::date_of),
        path: entry.binary.clone(),
        module: entry.module.clone(),
    });
    Policy {
        profile,
        levels: config.audit.levels.clone(),
        expectations: config.audit.expectations.clone(),
        waivers: waivers.collect(),
        as_of: None,
        releases: None,
    }
}

/// What is asked of every binary.
pub(crate) struct Asked {
    policy: Policy,
    as_of: Date,
}

/// A binary, judged, and the waivers that made a failure of it not count (indexes into the policy's).
pub(crate) type Audited = (Target, Vec<usize>);

impl Asked {
    pub(crate) fn new(settings: &Audit, database: &Database<'_>) -> Result<Asked, Failure> {
        let as_of = super::scan::day(settings.as_of)?;
        let releases = Releases::of(database).map_err(|error| super::scan::damaged(&error))?;
        let mut policy = policy(settings.profile, &settings.config, settings.waive);
        if let [first, rest @ ..] = policy.faults().as_slice() {
            let failure = Failure::config(first.clone());
            return Err(rest
                .iter()
                .fold(failure, |failure, fault| failure.cause(fault.clone())));
        }
        policy.as_of = Some(as_of);
        policy.releases = Some(releases);
        Ok(Asked { policy, as_of })
    }

    /// Judges one binary.
    pub(crate) fn target(&self, opened: &Opened<'_>) -> Audited {
        let (target, used) = self.binary(opened.at.path(), opened.binary);
        (of_file(target, &opened.at), used)
    }

    /// Judges the binary that is called `path`.
    pub(crate) fn binary(&self, path: String, binary: &Binary<'_>) -> Audited {
        let judged = registry::audit(&Facts::of(binary), &self.policy);
        self.waived(path, describe::facts(binary), judged)
    }

    /// Judges a program whose contents are compressed.
    pub(crate) fn packed(&self, packed: &Packed<'_>) -> Audited {
        let judged = registry::audit_packed(packed.packer, &self.policy);
        let facts = describe::packed(packed.data);
        let (target, used) = self.waived(packed.at.path(), facts, judged);
        (of_file(target, &packed.at), used)
    }

    fn waived(&self, path: String, facts: TargetFacts, mut judged: Vec<Judged>) -> Audited {
        let scope = Scope {
            path: &path,
            module: facts.main_module.as_ref().map(|main| main.path.as_str()),
            as_of: self.as_of,
        };
        let used = registry::waive(&mut judged, &self.policy, &scope);
        let target = Target {
            path,
            member: None,
            also_at: Vec::new(),
            facts,
            judged,
        };
        (target, used)
    }

    /// Judges the run as a whole.
    pub(crate) fn report(
        &self,
        settings: &Audit,
        database: DatabaseUse,
        surveyed: crate::survey::Surveyed<Audited>,
    ) -> Report {
        let (targets, used): (Vec<Target>, Vec<Vec<usize>>) = surveyed.seen.into_iter().unzip();
        // A rule says so of each packed program.
        let mut failures = surveyed.failures;
        failures.retain(|failure| failure.kind != FailureKind::Packed);
        Report::new(Run {
            tool: super::tool(),
            database,
            profile: settings.profile,
            as_of: settings.as_of.to_string(),
            fail_on: settings.fail_on,
            failing_exit_code: settings.exit_code,
            targets,
            failures,
            idle_waivers: self.idle(&settings.config, &used),
        })
    }

    /// Waivers that did nothing for any binary.
    fn idle(&self, config: &Config, used: &[Vec<usize>]) -> Vec<IdleWaiver> {
        let idle = |(index, waiver): (usize, &Waiver)| {
            let is_used = used.iter().flatten().any(|&of| of == index);
            let cause = match waiver.until {
                Some(until) if until < self.as_of => IdleCause::Expired(until.to_string()),
                _ if !is_used && !used.is_empty() => IdleCause::Unused,
                _ => return None,
            };
            Some(IdleWaiver {
                rule: waiver.rule.clone(),
                place: standing::place(config, config.waivers[index].line),
                reason: waiver.reason.clone(),
                cause,
            })
        };
        let waivers = self.policy.waivers.iter().enumerate();
        waivers.filter_map(idle).collect()
    }
}

/// Where else the program is.
fn of_file(target: Target, at: &Located<'_>) -> Target {
    Target {
        member: at.member(),
        also_at: at.also_at(),
        ..target
    }
}

/// Says which waivers did nothing.
pub(super) fn warn_about_waivers(report: &Report, terminal: &Terminal) {
    for idle in &report.run().idle_waivers {
        let why = match &idle.cause {
            IdleCause::Unused => "matches no failure".to_owned(),
            IdleCause::Expired(until) => format!("expired on {until}"),
        };
        terminal.warn(&format!(
            "the waiver of {} at {} {why}",
            idle.rule, idle.place
        ));
    }
}

fn write(
    settings: &Audit,
    report: &Report,
    identity: &Identity,
    terminal: &Terminal,
) -> Result<(), Failure> {
    let mut options = TextOptions {
        width: terminal.width,
        style: Style::Plain,
        all: settings.all,
        database_age: super::db::age(identity, settings.as_of),
    };
    documents::write(&settings.outputs, terminal, |format, style, out| {
        options.style = style;
        render(report, format, &options, out)
    })
}
