//! What is asked of a binary: profile, levels, expectations.

use crate::registry::Rule;
use crate::verdict::Level;
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
    /// The stable word for output and configuration.
    pub fn name(self) -> &'static str {
        match self {
            Profile::Production => "production",
            Profile::Distro => "distro",
            Profile::StaticContainer => "static-container",
            Profile::Fips => "fips",
            Profile::Library => "library",
        }
    }
}

/// Everything that verdicts depend on besides the binary.
#[derive(Debug, Clone, Default)]
pub struct Policy {
    /// The profile.
    pub profile: Profile,
    /// Levels that replace those of the rules; `None` switches a rule off.
    pub levels: BTreeMap<String, Option<Level>>,
}

impl Policy {
    /// What a failure of `rule` weighs; `None` where the rule is not asked for.
    pub fn level(&self, rule: &Rule) -> Option<Level> {
        match self.levels.get(rule.id) {
            Some(level) => *level,
            None => Some(rule.level),
        }
    }
}
