//! T4: the instruction-set level, as recorded, as demanded when the program starts, and as its code uses it.

use crate::facts::Facts;
use crate::isa::{Feature, Isa, Level as Isl, Recorded};
use crate::policy::Policy;
use crate::registry::Rule;
use crate::verdict::{Failing, Level, Verdict};
use goassay_binary::gap::{Gap, Topic};

/// Examples of instructions that are named as evidence.
const MOST_EXAMPLES: usize = 3;

pub(super) static RULES: &[Rule] = &[
    Rule {
        id: "T4-fleet-level",
        title: "runs on every machine of the fleet",
        level: Some(Level::Error),
        profiles: &[],
        pass: "Neither what is recorded, nor what the start-up code checks for, nor any instruction in compiled code goes \
               beyond the level that the configuration says every machine has.",
        limits: "Instructions behind a check of the CPU, in assembly and in C code are not judged: they are meant to be \
                 chosen when the program runs.",
        help: "A program built for more than its machine has stops with `This program can only be run on AMD64 processors \
               with v3 microarchitecture support`, or with an illegal instruction. Say in the configuration which level the \
               oldest machine has (`GOAMD64`: v1 to v4; `GOARM64`: v8.0 to v9.5 with `,lse` and `,crypto`), and build with \
               the same value.",
        judge: fleet_level,
    },
    Rule {
        id: "T4-recorded-level",
        title: "compiled for the level that is recorded",
        level: Some(Level::Warning),
        profiles: &[],
        pass: "The recorded level has every feature that compiled code uses without a check, and the one that the start-up \
               code checks for.",
        limits: "Code can use less than its level allows, so a recorded level that is too high is not seen.",
        help: "Deployment tools read `GOAMD64` and `GOARM64` from the build information to choose machines. Where the code \
               needs more than is recorded, packages were compiled with other settings than the program (a build system \
               that mixes caches, or a changed file). Build everything with one setting.",
        judge: recorded_level,
    },
    Rule {
        id: "T4-unused-level",
        title: "compiled for all that the fleet has",
        level: Some(Level::Note),
        profiles: &[],
        pass: "The recorded level is the one that the configuration says every machine has.",
        limits: "How much faster a program gets is not known: it depends on what it does.",
        help: "From `GOAMD64=v3` on the compiler uses BMI, MOVBE and FMA without a check; from `GOARM64=v8.1` on it uses \
               atomic instructions without a check. Measure before you rely on it.",
        judge: unused_level,
    },
];

fn fleet_level(facts: &Facts<'_>, policy: &Policy) -> Verdict {
    let isa = &facts.isa;
    let fleet = match fleet(facts, policy) {
        Ok(level) => level,
        Err(verdict) => return verdict,
    };
    let mut evidence: Vec<String> = Vec::new();
    let above = |level: Isl| !fleet.covers(&level);
    if let Recorded::Level(level) = isa.recorded
        && above(level)
    {
        evidence.push(format!("recorded: {}={level}", level.setting()));
    }
    if let Some(level) = isa.demanded.filter(|&level| above(level)) {
        evidence.push(format!("the start-up code refuses machines below {level}"));
    }
    let features = proving(isa).filter(|(_, level)| above(*level));
    evidence.extend(features.map(|(feature, _)| line(feature)));
    if !evidence.is_empty() {
        let needed = isa.needed().unwrap_or(fleet);
        let setting = fleet.setting();
        return Verdict::Fail(Failing {
            what: format!("it needs {setting}={needed}, and the fleet has {fleet}"),
            evidence,
            more: 0,
            fix: rebuild(fleet),
        });
    }
    let mut gaps = gaps(isa);
    gaps.extend(match &isa.recorded {
        Recorded::Gap(gap) => Some(gap.clone()),
        Recorded::Odd(_) => Some(odd(fleet)),
        // It may be among what could not be read.
        Recorded::Absent => {
            let unread = crate::facts::settings(facts.binary).err();
            unread.or_else(|| facts.missing.clone())
        }
        Recorded::Level(_) | Recorded::NoLevels => None,
    });
    if gaps.is_empty() {
        Verdict::Pass(summary(isa))
    } else {
        Verdict::Unknown(gaps)
    }
}

fn recorded_level(facts: &Facts<'_>, _policy: &Policy) -> Verdict {
    let isa = &facts.isa;
    let recorded = match recorded(facts) {
        Ok(level) => level,
        Err(verdict) => return verdict,
    };
    let above = |level: &Isl| !recorded.covers(level);
    let demanded = isa.demanded.filter(above);
    let mut evidence: Vec<String> = demanded
        .iter()
        .map(|level| format!("the start-up code refuses machines below {level}"))
        .collect();
    let features = proving(isa).filter(|(_, level)| above(level));
    evidence.extend(features.map(|(feature, _)| line(feature)));
    if !evidence.is_empty() {
        let needed = isa.needed().unwrap_or(recorded);
        let setting = recorded.setting();
        return Verdict::Fail(Failing {
            what: format!("{setting}={recorded} is recorded, and the code needs {needed}"),
            evidence,
            more: 0,
            fix: format!("{} -a", rebuild(recorded)),
        });
    }
    match gaps(isa) {
        gaps if gaps.is_empty() => Verdict::Pass(summary(isa)),
        gaps => Verdict::Unknown(gaps),
    }
}

fn unused_level(facts: &Facts<'_>, policy: &Policy) -> Verdict {
    let (fleet, recorded) = match fleet(facts, policy).and_then(|f| Ok((f, recorded(facts)?))) {
        Ok(levels) => levels,
        Err(verdict) => return verdict,
    };
    let setting = fleet.setting();
    let recorded_line = format!("recorded: {setting}={recorded}");
    if recorded.covers(&fleet) {
        return Verdict::Pass(vec![recorded_line]);
    }
    Verdict::Fail(Failing {
        what: format!("it is built for {recorded}, and every machine has {fleet}"),
        evidence: vec![recorded_line],
        more: 0,
        fix: rebuild(fleet),
    })
}

/// The level that every machine has, or why the rule has nothing to compare with.
fn fleet(facts: &Facts<'_>, policy: &Policy) -> Result<Isl, Verdict> {
    let arch = arch(facts)?;
    let Some(setting) = Isl::setting_of(arch) else {
        return Err(no_levels(arch));
    };
    let Some(value) = policy.expectations.cpu_levels.get(setting) else {
        let why = format!("the configuration does not say which {setting} every machine has");
        return Err(Verdict::NotApplicable(why));
    };
    Isl::parse(arch, value).ok_or_else(|| {
        let reason = format!("the configured {setting} is no value that the go command knows");
        Verdict::Unknown(vec![Gap::new(Topic::Instructions, reason)])
    })
}

/// The recorded level, or why there is none.
fn recorded(facts: &Facts<'_>) -> Result<Isl, Verdict> {
    let arch = arch(facts)?;
    let unknown = |gap: Gap| Verdict::Unknown(vec![gap]);
    let Some(lowest) = Isl::lowest(arch) else {
        return Err(no_levels(arch));
    };
    let setting = lowest.setting();
    match &facts.isa.recorded {
        Recorded::Level(level) => Ok(*level),
        Recorded::NoLevels => Err(no_levels(arch)),
        Recorded::Gap(gap) => Err(unknown(gap.clone())),
        Recorded::Odd(_) => Err(unknown(odd(lowest))),
        Recorded::Absent if arch == "arm64" && minor(facts).is_some_and(|minor| minor < 23) => {
            let why = "Go before 1.23 knows no levels of arm64";
            Err(Verdict::NotApplicable(why.to_owned()))
        }
        Recorded::Absent => {
            let reason = format!("the build information has no {setting}");
            Err(unknown(Gap::new(Topic::BuildInfo, reason)))
        }
    }
}

fn arch(facts: &Facts<'_>) -> Result<&'static str, Verdict> {
    facts.binary.image().arch.ok_or_else(|| {
        let reason = "the architecture in the file's header is not one that Go knows";
        Verdict::Unknown(vec![Gap::new(Topic::Image, reason)])
    })
}

fn minor(facts: &Facts<'_>) -> Option<u32> {
    facts.toolchain.as_ref().ok()?.minor()
}

fn no_levels(arch: &str) -> Verdict {
    Verdict::NotApplicable(format!("the go command knows no levels of {arch}"))
}

fn odd(level: Isl) -> Gap {
    let setting = level.setting();
    let reason = format!("the recorded {setting} is no value that the go command knows");
    Gap::new(Topic::BuildInfo, reason)
}

/// Why it cannot be said that nothing more is needed.
fn gaps(isa: &Isa) -> Vec<Gap> {
    match &isa.used {
        Ok(used) => used.gaps.clone(),
        Err(gap) => vec![gap.clone()],
    }
}

/// The features that compiled code uses without a check, with the levels that have them.
fn proving(isa: &Isa) -> impl Iterator<Item = (&Feature, Isl)> {
    let features = isa.used.iter().flat_map(|used| &used.features);
    features
        .filter(|feature| feature.proving > 0)
        .filter_map(|feature| Some((feature, feature.level?)))
}

fn line(feature: &Feature) -> String {
    let examples: Vec<String> = feature
        .examples
        .iter()
        .take(MOST_EXAMPLES)
        .map(|e| format!("{} at {:#x} in {}", e.instruction, e.address, e.function))
        .collect();
    let level = feature
        .level
        .map(|level| format!(" ({level})"))
        .unwrap_or_default();
    format!(
        "{}{level} without a check in {} functions: {}",
        feature.name,
        feature.proving,
        examples.join(", ")
    )
}

/// What a pass rests on.
fn summary(isa: &Isa) -> Vec<String> {
    let mut lines = Vec::new();
    if let Recorded::Level(level) = isa.recorded {
        lines.push(format!("recorded: {}={level}", level.setting()));
    }
    if let Ok(used) = &isa.used {
        lines.push(format!(
            "{} compiled functions need {}",
            used.coverage.compiled, used.proven
        ));
    }
    lines
}

fn rebuild(level: Isl) -> String {
    format!("{}={level} go build", level.setting())
}
