//! What is asked of a binary: profile, levels, expectations, waivers. Plain values; nothing is read here.

use crate::registry::{self, Rule};
use crate::releases::Releases;
use crate::verdict::Level;
use goassay_vuln::date::Date;
use std::collections::BTreeMap;

/// What a binary is meant for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Profile {
    /// A program for production.
    #[default]
    Production,
    /// A package of a distribution.
    Distro,
    /// A static program in an otherwise empty container image.
    StaticContainer,
    /// A program that has to use validated cryptography.
    Fips,
    /// A c-shared or c-archive library, or a plugin.
    Library,
}

impl Profile {
    /// All profiles.
    pub const ALL: [Profile; 5] = [
        Profile::Production,
        Profile::Distro,
        Profile::StaticContainer,
        Profile::Fips,
        Profile::Library,
    ];

    /// The stable word for output.
    pub fn name(self) -> &'static str {
        match self {
            Profile::Production => "production",
            Profile::Distro => "distro",
            Profile::StaticContainer => "static-container",
            Profile::Fips => "fips",
            Profile::Library => "library",
        }
    }

    /// The profile of that name.
    pub fn from_name(name: &str) -> Option<Profile> {
        Profile::ALL
            .into_iter()
            .find(|profile| profile.name() == name)
    }
}

/// Everything that verdicts depend on besides the binary.
#[derive(Debug, Clone, Default)]
pub struct Policy {
    /// The profile.
    pub profile: Profile,
    /// Levels that replace those of rules and profile; `None` switches a rule off.
    pub levels: BTreeMap<String, Option<Level>>,
    /// What this project or fleet expects.
    pub expectations: Expectations,
    /// Failures that somebody has judged.
    pub waivers: Vec<Waiver>,
    /// The day that is judged for. Without it, rules that speak of support say unknown.
    pub as_of: Option<Date>,
    /// What is known of Go's releases. Without it, rules that speak of them say unknown.
    pub releases: Option<Releases>,
}

/// What a project or a fleet expects of its binaries.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Expectations {
    /// The main module's path has to begin with one of these (`github.com/acme`); none: any may be.
    pub module_prefixes: Vec<String>,
    /// Patterns of module paths that must not be seen outside, as in `GOPRIVATE` (`*.corp.example.com,rsc.io/private`).
    pub private_modules: Vec<String>,
    /// The highest instruction-set level that every machine of the fleet has, by setting: `GOAMD64` → `v2`.
    pub cpu_levels: BTreeMap<String, String>,
    /// Build tags that have to be recorded.
    pub required_tags: Vec<String>,
    /// Build tags that may be recorded; `None`: any.
    pub allowed_tags: Option<Vec<String>>,
}

/// A failure that does not count.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Waiver {
    /// The rule.
    pub rule: String,
    /// Why; for people.
    pub reason: String,
    /// Last day on which it holds.
    pub until: Option<Date>,
    /// Only for files whose path fits this pattern (see [`goassay_vuln::suppress::fits`]).
    pub path: Option<String>,
    /// Only for binaries of this main module.
    pub module: Option<String>,
}

impl Policy {
    /// What a failure of `rule` weighs; `None` where the rule is not asked for.
    pub fn level(&self, rule: &Rule) -> Option<Level> {
        match self.levels.get(rule.id) {
            Some(level) => *level,
            None => rule.level_in(self.profile),
        }
    }

    /// Everything about it that cannot be meant: rules that do not exist, waivers without a reason, and so on. One
    /// sentence each, without a full stop.
    pub fn faults(&self) -> Vec<String> {
        let unknown = |id: &str| registry::find(id).is_none();
        let mut faults: Vec<String> = Vec::new();
        for id in self.levels.keys().filter(|id| unknown(id)) {
            faults.push(format!("there is no rule `{id}`"));
        }
        for waiver in &self.waivers {
            if unknown(&waiver.rule) {
                faults.push(format!(
                    "a waiver is for the rule `{}`, which does not exist",
                    waiver.rule
                ));
            }
            if waiver.reason.trim().is_empty() {
                faults.push(format!("the waiver for `{}` has no reason", waiver.rule));
            }
        }
        faults
    }
}

/// What waivers are matched against, besides the rule.
#[derive(Debug, Clone, Copy)]
pub struct Scope<'s> {
    /// Path of the file, as reported.
    pub path: &'s str,
    /// The main module, where it is known.
    pub module: Option<&'s str>,
    /// The day that is judged for.
    pub as_of: Date,
}

impl Waiver {
    /// Whether it has not expired.
    pub fn holds(&self, as_of: Date) -> bool {
        self.until.is_none_or(|until| as_of <= until)
    }

    /// Whether it is meant for a failure of `rule` there, expired or not.
    pub fn fits(&self, rule: &Rule, scope: &Scope<'_>) -> bool {
        let path = self.path.as_deref();
        let module = self.module.as_deref();
        self.rule == rule.id
            && path.is_none_or(|pattern| goassay_vuln::suppress::fits(pattern, scope.path))
            && module.is_none_or(|module| scope.module == Some(module))
    }
}
