//! The parts of `goassay.toml` that `audit` reads: `[audit]` and `[[waive]]`.

use super::{Reader, Value};
use goassay_audit::policy::{Expectations, Profile};
use goassay_audit::registry;
use goassay_audit::verdict::Level;
use jiff::civil::Date;
use std::collections::BTreeMap;

/// `[audit]`.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Audit {
    pub(crate) profile: Option<Profile>,
    pub(crate) fail_on: Option<Level>,
    /// By rule; `None` switches it off.
    pub(crate) levels: BTreeMap<String, Option<Level>>,
    pub(crate) expectations: Expectations,
}

/// One `[[waive]]` entry.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Waiver {
    /// Line of the entry, 1-based.
    pub(crate) line: usize,
    pub(crate) rule: String,
    pub(crate) reason: String,
    pub(crate) until: Option<Date>,
    pub(crate) binary: Option<String>,
    pub(crate) module: Option<String>,
}

/// Settings of the go command that name an instruction-set level.
const CPU_SETTINGS: [&str; 8] = [
    "GO386",
    "GOAMD64",
    "GOARM",
    "GOARM64",
    "GOMIPS",
    "GOMIPS64",
    "GOPPC64",
    "GORISCV64",
];

impl Reader<'_> {
    pub(super) fn audit(&mut self, value: &Value<'_>) -> Audit {
        let mut audit = Audit::default();
        for (key, value) in self.table(value, "audit") {
            match key.get_ref().as_ref() {
                "profile" => audit.profile = self.profile(value),
                "fail-on" => audit.fail_on = self.level(value, "fail-on"),
                "levels" => audit.levels = self.levels(value),
                "expect" => audit.expectations = self.expectations(value),
                other => self.unknown(
                    key.span(),
                    other,
                    "`profile`, `fail-on`, `levels`, `expect`",
                ),
            }
        }
        audit
    }

    fn profile(&mut self, value: &Value<'_>) -> Option<Profile> {
        let word = self.text(value, "profile")?;
        Profile::from_name(&word).or_else(|| {
            let known = Profile::ALL.map(|profile| format!("`{}`", profile.name()));
            let message = format!("`{word}` is not a profile ({})", known.join(", "));
            self.give_up(value.span(), message)
        })
    }

    fn level(&mut self, value: &Value<'_>, name: &str) -> Option<Level> {
        let word = self.text(value, name)?;
        level(&word).or_else(|| {
            let message = format!("`{word}` is not a level (`error`, `warning`, `note`)");
            self.give_up(value.span(), message)
        })
    }

    fn levels(&mut self, value: &Value<'_>) -> BTreeMap<String, Option<Level>> {
        let mut levels = BTreeMap::new();
        for (key, value) in self.table(value, "levels") {
            let rule = key.get_ref().as_ref();
            if registry::find(rule).is_none() {
                let message =
                    format!("there is no rule `{rule}`; `goassay audit --rules` lists them");
                self.fault(key.span(), message);
            } else if value.get_ref().as_str() == Some("off") {
                levels.insert(rule.to_owned(), None);
            } else if let Some(level) = self.level(value, rule) {
                levels.insert(rule.to_owned(), Some(level));
            }
        }
        levels
    }

    fn expectations(&mut self, value: &Value<'_>) -> Expectations {
        let mut expected = Expectations::default();
        for (key, value) in self.table(value, "expect") {
            match key.get_ref().as_ref() {
                "module-prefixes" => expected.module_prefixes = self.texts(value, key.get_ref()),
                "private-modules" => expected.private_modules = self.texts(value, key.get_ref()),
                "required-tags" => expected.required_tags = self.texts(value, key.get_ref()),
                "allowed-tags" => expected.allowed_tags = Some(self.texts(value, key.get_ref())),
                "cpu-levels" => expected.cpu_levels = self.cpu_levels(value),
                other => {
                    let known = "`module-prefixes`, `private-modules`, `required-tags`, `allowed-tags`, `cpu-levels`";
                    self.unknown(key.span(), other, known);
                }
            }
        }
        expected
    }

    pub(super) fn texts(&mut self, value: &Value<'_>, name: &str) -> Vec<String> {
        let Some(array) = value.get_ref().as_array() else {
            self.fault(value.span(), format!("`{name}` must be a list of strings"));
            return Vec::new();
        };
        array
            .iter()
            .filter_map(|entry| self.text(entry, name))
            .collect()
    }

    fn cpu_levels(&mut self, value: &Value<'_>) -> BTreeMap<String, String> {
        let mut levels = BTreeMap::new();
        for (key, value) in self.table(value, "cpu-levels") {
            let setting = key.get_ref().as_ref();
            if CPU_SETTINGS.contains(&setting) {
                if let Some(level) = self.text(value, setting) {
                    levels.insert(setting.to_owned(), level);
                }
            } else {
                let known = CPU_SETTINGS.map(|name| format!("`{name}`")).join(", ");
                self.unknown(key.span(), setting, &known);
            }
        }
        levels
    }

    pub(super) fn waivers(&mut self, value: &Value<'_>) -> Vec<Waiver> {
        let Some(array) = value.get_ref().as_array() else {
            self.fault(value.span(), "`waive` must be written as `[[waive]]`");
            return Vec::new();
        };
        array
            .iter()
            .filter_map(|entry| self.waiver(entry))
            .collect()
    }

    fn waiver(&mut self, entry: &Value<'_>) -> Option<Waiver> {
        let (line, _) = self.position(entry.span().start);
        let [mut rule, mut reason, mut binary, mut module] = [const { None }; 4];
        let mut until = None;
        let table = self.table(entry, "waive");
        for (name, why) in [
            ("rule", "which rule is waived?"),
            ("reason", "a waiver says why, for those who come after"),
        ] {
            if !table.iter().any(|(key, _)| key.get_ref() == name) {
                self.fault(entry.span(), format!("`{name}` is missing: {why}"));
            }
        }
        for &(key, value) in &table {
            match key.get_ref().as_ref() {
                "rule" => rule = self.rule(value),
                "reason" => reason = self.text(value, "reason"),
                "until" => until = self.date(value),
                "binary" => binary = self.text(value, "binary"),
                "module" => module = self.text(value, "module"),
                other => {
                    let known = "`rule`, `reason`, `until`, `binary`, `module`";
                    self.unknown(key.span(), other, known);
                }
            }
        }
        Some(Waiver {
            line,
            rule: rule?,
            reason: reason?,
            until,
            binary,
            module,
        })
    }

    fn rule(&mut self, value: &Value<'_>) -> Option<String> {
        let id = self.text(value, "rule")?;
        if registry::find(&id).is_some() {
            return Some(id);
        }
        let message = format!("there is no rule `{id}`; `goassay audit --rules` lists them");
        self.give_up(value.span(), message)
    }
}

/// The level of that name.
pub(crate) fn level(name: &str) -> Option<Level> {
    [Level::Error, Level::Warning, Level::Note]
        .into_iter()
        .find(|level| level.name() == name)
}
