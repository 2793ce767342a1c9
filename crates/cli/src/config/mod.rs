//! `goassay.toml`: defaults, database settings and suppressions.
//!
//! Read strictly: unknown keys and wrong values are faults, and all faults of a file are reported at once, each with its
//! line and column. What a suppression does is not decided here.

mod audit;
mod budget;
mod build;
mod image;
mod toolchain;

pub(crate) use audit::{Audit, Waiver, level};
pub(crate) use budget::Budget;
pub(crate) use build::Build;
pub(crate) use image::Image;
pub(crate) use toolchain::Toolchain;

use crate::failure::{Failure, Kind};
use goassay_vuln::finding::Tier;
use jiff::civil::Date;
use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Name of the file that is looked for in the current directory and those above it.
pub(crate) const FILE_NAME: &str = "goassay.toml";

/// A configuration file larger than this is somebody's mistake.
const MAX_BYTES: u64 = 16 << 20;

/// What a configuration file says.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Config {
    /// Where it was read from; `None` for the built-in defaults.
    pub(crate) path: Option<PathBuf>,
    pub(crate) fail_on: Option<Tier>,
    /// `[scan] db`, relative to the file.
    pub(crate) db: Option<PathBuf>,
    pub(crate) url: Option<String>,
    /// `[database] ca`, relative to the file.
    pub(crate) ca: Option<PathBuf>,
    pub(crate) max_age_days: Option<u32>,
    pub(crate) suppressions: Vec<Suppression>,
    pub(crate) audit: Audit,
    pub(crate) waivers: Vec<Waiver>,
    pub(crate) budgets: Vec<Budget>,
    pub(crate) toolchain: Toolchain,
    pub(crate) build: Build,
}

/// One `[[suppress]]` entry.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Suppression {
    /// Line of the entry, 1-based.
    pub(crate) line: usize,
    pub(crate) id: String,
    pub(crate) reason: String,
    pub(crate) until: Option<Date>,
    pub(crate) module: Option<String>,
    pub(crate) symbol: Option<String>,
    pub(crate) binary: Option<String>,
}

/// Something wrong in a configuration file. Line and column are 1-based; the column counts characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) line: usize,
    pub(crate) column: usize,
    pub(crate) message: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "line {}, column {}: {}",
            self.line, self.column, self.message
        )
    }
}

/// Reads and checks the file at `path`.
pub(crate) fn load(path: &Path) -> Result<Config, Failure> {
    let text = read(path)?;
    let base = path.parent().unwrap_or(Path::new(""));
    let mut config = parse(&text).map_err(|faults| faulty(path, &faults))?;
    config.path = Some(path.to_owned());
    config.db = config.db.map(|db| base.join(db));
    config.ca = config.ca.map(|ca| base.join(ca));
    config.build.image.resolve(base);
    Ok(config)
}

fn read(path: &Path) -> Result<String, Failure> {
    let cannot = |error: &std::io::Error| Failure::file(Kind::Config, "read", path, error);
    let length = std::fs::metadata(path).map_err(|e| cannot(&e))?.len();
    if length > MAX_BYTES {
        let message = format!("cannot read {}: it is larger than 16 MiB", path.display());
        return Err(Failure::config(message));
    }
    std::fs::read_to_string(path)
        .map_err(|e| cannot(&e).hint("`goassay config init` writes a commented file to start from"))
}

fn faulty(path: &Path, faults: &[Fault]) -> Failure {
    let count = match faults.len() {
        1 => "1 fault".to_owned(),
        n => format!("{n} faults"),
    };
    let failure = Failure::config(format!("{} has {count}", path.display()));
    let failure = faults
        .iter()
        .fold(failure, |failure, fault| failure.cause(fault.to_string()));
    failure.hint("mend the lines above; `goassay config check` checks again without scanning")
}

/// Checks the text of a configuration file; all faults at once, in the order of the file.
pub(crate) fn parse(text: &str) -> Result<Config, Vec<Fault>> {
    let (table, errors) = DeTable::parse_recoverable(text);
    let mut reader = Reader {
        text,
        faults: Vec::new(),
    };
    for error in errors {
        reader.fault(error.span().unwrap_or_default(), error.message());
    }
    let config = reader.config(table.get_ref());
    reader
        .faults
        .sort_by_key(|fault| (fault.line, fault.column));
    if reader.faults.is_empty() {
        Ok(config)
    } else {
        Err(reader.faults)
    }
}

/// Walks the parsed file and collects faults.
struct Reader<'t> {
    text: &'t str,
    faults: Vec<Fault>,
}

type Value<'t> = Spanned<DeValue<'t>>;

impl Reader<'_> {
    fn config(&mut self, table: &DeTable<'_>) -> Config {
        let mut config = Config::default();
        for (key, value) in table {
            match key.get_ref().as_ref() {
                "scan" => self.scan(value, &mut config),
                "database" => self.database(value, &mut config),
                "suppress" => config.suppressions = self.suppressions(value),
                "audit" => config.audit = self.audit(value),
                "waive" => config.waivers = self.waivers(value),
                "budget" => config.budgets = self.budgets(value),
                "toolchain" => config.toolchain = self.toolchain(value),
                "build" => config.build = self.build(value),
                other => self.unknown(
                    key.span(),
                    other,
                    "`scan`, `database`, `suppress`, `audit`, `waive`, `budget`, `build`, `toolchain`",
                ),
            }
        }
        config
    }

    fn scan(&mut self, value: &Value<'_>, config: &mut Config) {
        for (key, value) in self.table(value, "scan") {
            match key.get_ref().as_ref() {
                "fail-on" => config.fail_on = self.tier(value),
                "db" => config.db = self.text(value, "db").map(PathBuf::from),
                other => self.unknown(key.span(), other, "`fail-on`, `db`"),
            }
        }
    }

    fn database(&mut self, value: &Value<'_>, config: &mut Config) {
        for (key, value) in self.table(value, "database") {
            match key.get_ref().as_ref() {
                "url" => config.url = self.text(value, "url"),
                "ca" => config.ca = self.text(value, "ca").map(PathBuf::from),
                "max-age-days" => config.max_age_days = self.days(value),
                other => self.unknown(key.span(), other, "`url`, `ca`, `max-age-days`"),
            }
        }
    }

    fn suppressions(&mut self, value: &Value<'_>) -> Vec<Suppression> {
        let Some(array) = value.get_ref().as_array() else {
            self.fault(value.span(), "`suppress` must be written as `[[suppress]]`");
            return Vec::new();
        };
        array
            .iter()
            .filter_map(|entry| self.suppression(entry))
            .collect()
    }

    fn suppression(&mut self, entry: &Value<'_>) -> Option<Suppression> {
        let (line, _) = self.position(entry.span().start);
        let [mut id, mut reason, mut module, mut symbol, mut binary] = [const { None }; 5];
        let mut until = None;
        let table = self.table(entry, "suppress");
        let present = |name: &str| table.iter().any(|(key, _)| key.get_ref() == name);
        let missing: Vec<_> = ["id", "reason"]
            .into_iter()
            .filter(|name| !present(name))
            .collect();
        for &(key, value) in &table {
            match key.get_ref().as_ref() {
                "id" => id = self.id(value),
                "reason" => reason = self.text(value, "reason"),
                "until" => until = self.date(value),
                "module" => module = self.text(value, "module"),
                "symbol" => symbol = self.text(value, "symbol"),
                "binary" => binary = self.text(value, "binary"),
                other => {
                    let known = "`id`, `reason`, `until`, `module`, `symbol`, `binary`";
                    self.unknown(key.span(), other, known);
                }
            }
        }
        for name in missing {
            self.fault(
                entry.span(),
                format!("`{name}` is missing: {}", why_required(name)),
            );
        }
        Some(Suppression {
            line,
            id: id?,
            reason: reason?,
            until,
            module,
            symbol,
            binary,
        })
    }

    fn table<'v, 't>(
        &mut self,
        value: &'v Value<'t>,
        name: &str,
    ) -> Vec<(&'v Spanned<std::borrow::Cow<'t, str>>, &'v Value<'t>)> {
        match value.get_ref().as_table() {
            Some(table) => table.iter().collect(),
            None => {
                self.fault(value.span(), format!("`{name}` must be a table"));
                Vec::new()
            }
        }
    }

    fn text(&mut self, value: &Value<'_>, name: &str) -> Option<String> {
        match value.get_ref().as_str() {
            Some(text) if !text.trim().is_empty() => Some(text.to_owned()),
            Some(_) => self.give_up(value.span(), format!("`{name}` is empty")),
            None => self.give_up(value.span(), format!("`{name}` must be a string")),
        }
    }

    fn id(&mut self, value: &Value<'_>) -> Option<String> {
        let id = self.text(value, "id")?;
        if is_advisory_id(&id) {
            return Some(id);
        }
        let message = format!("`{id}` is not an advisory id (GO-2024-1234, CVE-… or GHSA-…)");
        self.give_up(value.span(), message)
    }

    fn tier(&mut self, value: &Value<'_>) -> Option<Tier> {
        let word = self.text(value, "fail-on")?;
        let tier = [Tier::Linked, Tier::Package, Tier::Module]
            .into_iter()
            .find(|t| t.name() == word);
        if tier.is_none() {
            let message = format!("`{word}` is not a tier (`linked`, `package`, `module`)");
            return self.give_up(value.span(), message);
        }
        tier
    }

    fn days(&mut self, value: &Value<'_>) -> Option<u32> {
        let days = value
            .get_ref()
            .as_integer()
            .and_then(|i| i.as_str().parse().ok());
        if days.is_none() {
            return self.give_up(
                value.span(),
                "`max-age-days` must be a number of days, 0 or more",
            );
        }
        days
    }

    fn date(&mut self, value: &Value<'_>) -> Option<Date> {
        let written = match value.get_ref() {
            DeValue::Datetime(date) => date.to_string(),
            DeValue::String(text) => text.to_string(),
            _ => String::new(),
        };
        match parse_date(&written) {
            Some(date) => Some(date),
            None => self.give_up(value.span(), "`until` must be a date: 2027-01-31"),
        }
    }

    fn unknown(&mut self, span: Range<usize>, key: &str, known: &str) {
        self.fault(span, format!("unknown key `{key}`; known here: {known}"));
    }

    fn fault(&mut self, span: Range<usize>, message: impl Into<String>) {
        let (line, column) = self.position(span.start);
        self.faults.push(Fault {
            line,
            column,
            message: message.into(),
        });
    }

    // A value that is at fault is given up.
    fn give_up<T>(&mut self, span: Range<usize>, message: impl Into<String>) -> Option<T> {
        self.fault(span, message);
        None
    }

    fn position(&self, offset: usize) -> (usize, usize) {
        let before = self.text.get(..offset).unwrap_or(self.text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let line = before.matches('\n').count() + 1;
        (line, before[line_start..].chars().count() + 1)
    }
}

fn why_required(name: &str) -> &'static str {
    match name {
        "id" => "which advisory is suppressed?",
        _ => "a suppression says why, for those who come after",
    }
}

fn is_advisory_id(id: &str) -> bool {
    let numbered = |rest: &str| {
        rest.split_once('-').is_some_and(|(year, number)| {
            let digits = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
            year.len() == 4 && digits(year) && digits(number)
        })
    };
    let lettered = |rest: &str| {
        let parts: Vec<_> = rest.split('-').collect();
        parts.len() == 3
            && parts
                .iter()
                .all(|p| p.len() == 4 && p.bytes().all(|b| b.is_ascii_alphanumeric()))
    };
    id.strip_prefix("GO-")
        .or(id.strip_prefix("CVE-"))
        .is_some_and(numbered)
        || id.strip_prefix("GHSA-").is_some_and(lettered)
}

/// A date as `YYYY-MM-DD`, nothing else.
pub(crate) fn parse_date(text: &str) -> Option<Date> {
    let date: Date = text.parse().ok()?;
    (date.to_string() == text).then_some(date)
}

/// The file that `config init` writes: every key, commented, with its default.
pub(crate) const TEMPLATE: &str = r##"# Settings of goassay. It is looked for in the current directory and those above it.

[scan]
# Findings from this tier on make the exit code 1: "linked", "package" or "module".
# fail-on = "linked"

# Use this database instead of the imported or embedded one (relative to this file).
# db = "vulndb.bin"

[database]
# Where `goassay db update` gets the database from: vuln.go.dev or a mirror of it.
# url = "https://vuln.go.dev"

# Certificates (PEM) to trust instead of the built-in ones, for mirrors and proxies of one's own.
# ca = "ca.pem"

# Warn when the database is older than this.
# max-age-days = 60

# Findings that were looked at and do not count. `id` and `reason` are required; the others narrow it.
# [[suppress]]
# id = "GO-2024-1234"
# reason = "only reachable with the debug server, which is never started"
# until = 2027-01-31
# module = "golang.org/x/net"
# symbol = "golang.org/x/net/http2.Server.ServeConn"
# binary = "coredns"

[audit]
# What the binaries are meant for: "production", "distro", "static-container", "fips" or "library".
# profile = "production"

# The level from which failed rules make the exit code 1: "error", "warning" or "note".
# fail-on = "error"

# What a failure of a rule weighs, where it is not what the profile says: "error", "warning", "note" or "off".
# [audit.levels]
# "T4-unused-level" = "off"

# What this project or fleet expects of its binaries.
# [audit.expect]
# The main module's path has to begin with one of these.
# module-prefixes = ["github.com/acme"]
# Patterns of module paths that must not be seen outside, as in GOPRIVATE.
# private-modules = ["*.corp.example.com"]
# Build tags that have to be recorded, and those that may be.
# required-tags = ["netgo"]
# allowed-tags = ["netgo", "osusergo"]
# The highest instruction-set level that every machine of the fleet has.
# cpu-levels = { GOAMD64 = "v3", GOARM64 = "v8.0" }

# Failed rules that were looked at and do not count. `rule` and `reason` are required; the others narrow it.
# [[waive]]
# rule = "T4-fleet-level"
# reason = "runs on the new machines only"
# until = 2027-01-31
# binary = "coredns"
# module = "github.com/coredns/coredns"

# The most bytes that something may take: the whole file, or a module or package in it (`goassay inspect --size --budget`).
# [[budget]]
# most = "60 MB"
# binary = "coredns"
# [[budget]]
# module = "golang.org/x/net"
# most = 2_000_000
# [[budget]]
# package = "net/http/..."
# most = "3 MiB"

[build]
# What programs are meant for: "production", "static-container" or "debug".
# profile = "production"

# What is built for which platforms, and where it goes.
# packages = ["./cmd/..."]
# targets = ["linux/amd64/v3", "linux/arm64"]
# output = "dist"

# Packages of each program besides: "tar.gz", "tar.zst", "zip", "oci".
# package = ["tar.gz"]

# The Go to build with, of those that `goassay toolchain fetch` got.
# go = "1.26.8"

# Build tags besides the profile's, and values of string variables (-X).
# tags = ["sqlite"]
# [build.variables]
# "main.channel" = "stable"

# C compilers for other platforms than this machine's.
# [build.compilers]
# "linux/arm64" = "aarch64-linux-gnu-gcc"

# What container images ("oci") have besides the program; paths are relative to this file.
# [build.image]
# ca-certificates = "image/ca-certificates.crt"
# passwd = "image/passwd"
# group = "image/group"
# user = "65532:65532"
# [build.image.labels]
# "org.opencontainers.image.source" = "https://git.example.com/server"

[toolchain]
# Where `goassay toolchain` gets Go from, where neither the environment, `go env -w` nor the installed Go says it.
# proxy = "https://proxy.corp.example.com"

# Who vouches for it, as in GOSUMDB: the name of the public checksum database, or NAME+HASH+KEY.
# sumdb = "sums.corp.example.com+0123abcd+AbCd"
"##;

#[cfg(test)]
mod tests {
    use super::*;
    use goassay_audit::policy::Profile;
    use goassay_audit::verdict::Level;

    #[test]
    fn every_key_is_read() {
        let config = parse(
            r#"
[scan]
fail-on = "package"
db = "my.bin"
[database]
url = "https://mirror.example"
ca = "ca.pem"
max-age-days = 7
[[suppress]]
id = "GO-2024-1234"
reason = "not reachable"
until = 2027-01-31
module = "m"
symbol = "s"
binary = "b"
"#,
        )
        .unwrap();
        assert_eq!(config.fail_on, Some(Tier::Package));
        assert_eq!(
            (config.db, config.ca),
            (Some("my.bin".into()), Some("ca.pem".into()))
        );
        assert_eq!(
            (config.url.as_deref(), config.max_age_days),
            (Some("https://mirror.example"), Some(7))
        );
        let suppression = &config.suppressions[0];
        assert_eq!(
            (suppression.line, suppression.until),
            (9, parse_date("2027-01-31"))
        );
        assert_eq!(suppression.binary.as_deref(), Some("b"));
    }

    #[test]
    fn every_key_of_audits_is_read() {
        let config = parse(
            r#"
[audit]
profile = "fips"
fail-on = "note"
levels = { "T4-fleet-level" = "warning", "T4-unused-level" = "off" }
[audit.expect]
module-prefixes = ["m"]
private-modules = ["p"]
required-tags = ["r"]
allowed-tags = ["r", "a"]
cpu-levels = { GOAMD64 = "v2" }
[[waive]]
rule = "T4-fleet-level"
reason = "looked at"
until = 2027-01-31
binary = "b"
module = "m"
"#,
        )
        .unwrap();
        let audit = &config.audit;
        assert_eq!(
            (audit.profile, audit.fail_on),
            (Some(Profile::Fips), Some(Level::Note))
        );
        let level = |rule: &str| audit.levels.get(rule).copied();
        assert_eq!(level("T4-fleet-level"), Some(Some(Level::Warning)));
        assert_eq!(level("T4-unused-level"), Some(None));
        let expected = &audit.expectations;
        assert_eq!(
            (&expected.module_prefixes, &expected.private_modules),
            (&vec!["m".to_owned()], &vec!["p".to_owned()])
        );
        assert_eq!(expected.required_tags, ["r"]);
        assert_eq!(
            expected.allowed_tags,
            Some(vec!["r".to_owned(), "a".to_owned()])
        );
        assert_eq!(expected.cpu_levels["GOAMD64"], "v2");
        let waiver = &config.waivers[0];
        assert_eq!((waiver.line, waiver.rule.as_str()), (12, "T4-fleet-level"));
        assert_eq!(waiver.until, parse_date("2027-01-31"));
        assert_eq!(
            (waiver.binary.as_deref(), waiver.module.as_deref()),
            (Some("b"), Some("m"))
        );
    }

    #[test]
    fn faults_of_audits_have_places() {
        let faults = parse(
            "[audit]\nprofile = \"dev\"\nfail-on = \"fatal\"\nlevels = { \"T0-x\" = \"off\" }\n\
             [audit.expect]\ncpu-levels = { GOX = \"1\" }\nrequired-tags = \"a\"\n\
             [[waive]]\nrule = \"T0-x\"\nsince = 1\n",
        )
        .unwrap_err();
        let lines: Vec<_> = faults.iter().map(|fault| fault.line).collect();
        assert_eq!(lines, [2, 3, 4, 6, 7, 8, 9, 10], "{faults:?}");
    }

    #[test]
    fn all_faults_are_reported_at_once_with_their_places() {
        let faults = parse(
            "[scan]\nfail-on = \"symbol\"\nfoo = 1\n[database]\nmax-age-days = -1\nurl = 3\n\
             [[suppress]]\nid = \"X-1\"\nuntil = \"soon\"\n[[suppress]]\nid = \"CVE-2024-1\"\nreason = \" \"\n[other]\n",
        )
        .unwrap_err();
        let said: Vec<_> = faults.iter().map(Fault::to_string).collect();
        assert_eq!(
            said,
            [
                "line 2, column 11: `symbol` is not a tier (`linked`, `package`, `module`)",
                "line 3, column 1: unknown key `foo`; known here: `fail-on`, `db`",
                "line 5, column 16: `max-age-days` must be a number of days, 0 or more",
                "line 6, column 7: `url` must be a string",
                "line 7, column 1: `reason` is missing: a suppression says why, for those who come after",
                "line 8, column 6: `X-1` is not an advisory id (GO-2024-1234, CVE-… or GHSA-…)",
                "line 9, column 9: `until` must be a date: 2027-01-31",
                "line 12, column 10: `reason` is empty",
                "line 13, column 2: unknown key `other`; known here: `scan`, `database`, `suppress`, `audit`, `waive`, `budget`, `build`, `toolchain`",
            ]
        );
    }

    #[test]
    fn syntax_errors_have_places_too() {
        let faults = parse("[scan\nfail-on = \n").unwrap_err();
        assert!(faults.len() >= 2 && faults[0].line == 1, "{faults:?}");
    }

    #[test]
    fn the_template_is_valid_and_so_is_what_it_comments_out() {
        assert_eq!(parse(TEMPLATE), Ok(Config::default()));
        let keys: String = TEMPLATE
            .lines()
            .filter_map(|line| {
                line.strip_prefix("# ")
                    .filter(|l| l.contains(" = ") || l.starts_with('['))
                    .or(line.strip_prefix('[').map(|_| line))
            })
            .fold(String::new(), |text, line| text + line + "\n");
        let config = parse(&keys).unwrap();
        assert_eq!(
            (config.suppressions.len(), config.max_age_days),
            (1, Some(60))
        );
    }

    #[test]
    fn advisory_ids() {
        assert!(is_advisory_id("GO-2024-1234") && is_advisory_id("GHSA-abcd-ef01-2345"));
        assert!(
            !is_advisory_id("GO-2024")
                && !is_advisory_id("GO-24-1")
                && !is_advisory_id("CVE-2024-x")
        );
    }
}
