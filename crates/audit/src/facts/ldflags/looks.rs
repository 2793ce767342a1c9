//! What the value of a variable looks like: a version, a date, a commit, a credential.

use crate::facts::secret;
use goassay_vuln::version::Semver;

/// What a text looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Looks {
    /// Nothing of note.
    Plain,
    /// A version.
    Version,
    /// A date, with or without a time; or seconds since 1970.
    Date,
    /// A commit.
    Revision,
    /// A credential: names the kind (`GitHub token`). The value is masked.
    Credential(&'static str),
}

impl Looks {
    /// The stable word for output.
    pub fn name(self) -> &'static str {
        match self {
            Looks::Plain => "plain",
            Looks::Version => "version",
            Looks::Date => "date",
            Looks::Revision => "revision",
            Looks::Credential(_) => "credential",
        }
    }

    pub(super) fn of(variable: &str, value: &str) -> Looks {
        if let Some(masked) = secret::judge(variable, value) {
            return Looks::Credential(masked.kind);
        }
        let bare = value.strip_prefix('v').unwrap_or(value);
        let is_version = bare.contains('.') && Semver::parse_bare(bare).is_some();
        match value {
            _ if is_date(variable, value) => Looks::Date,
            _ if is_version => Looks::Version,
            _ if is_revision(value) => Looks::Revision,
            _ => Looks::Plain,
        }
    }
}

/// `2026-11-21`, `2026-11-21T10:11:12Z`, `20261121101112`, `20261121-10:11:12` (as promu writes it),
/// `Sat Nov 21 10:11:12 UTC 2026`, `1763719872` where the variable's name says time or date, or is not known.
fn is_date(variable: &str, value: &str) -> bool {
    let name = variable
        .rsplit('.')
        .next()
        .unwrap_or(variable)
        .to_ascii_lowercase();
    let says_time = ["date", "time", "stamp", "epoch", "built"]
        .iter()
        .any(|word| name.contains(word));
    let digits = value.bytes().all(|b| b.is_ascii_digit()) && !value.is_empty();
    let recent = digits && value.len() == 10 && value.starts_with(['1', '2']);
    let seconds = recent && (says_time || name.is_empty());
    let packed = digits
        && matches!(value.len(), 8 | 14)
        && (value.starts_with("20") && (says_time || value.len() == 14));
    seconds
        || packed
        || is_packed_day_and_time(value)
        || has_iso_day(value)
        || has_month_name(value)
}

/// `20261121-10:11:12`
fn is_packed_day_and_time(value: &str) -> bool {
    let Some((day, time)) = value.split_once('-') else {
        return false;
    };
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    let clock: Vec<&str> = time.split(':').collect();
    let is_clock = clock.len() == 3 && clock.iter().all(|part| part.len() == 2 && digits(part));
    day.len() == 8 && day.starts_with("20") && digits(day) && is_clock
}

/// A day `2026-11-21` or `2026/11/21` at the start or behind a blank.
fn has_iso_day(value: &str) -> bool {
    let mut words = value.split(|c: char| c.is_whitespace() || matches!(c, 'T' | '_' | '@'));
    words.any(|word| {
        let day = word.get(..10).unwrap_or_default().replace('/', "-");
        day.parse::<goassay_vuln::date::Date>().is_ok() && (1980..2200).contains(&year(&day))
    })
}

fn year(day: &str) -> u32 {
    day.get(..4).and_then(|year| year.parse().ok()).unwrap_or(0)
}

/// `Nov 21 … 2026` or `21 Nov 2026`, as `date` prints it.
fn has_month_name(value: &str) -> bool {
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let words: Vec<&str> = value
        .split(|c: char| c.is_whitespace() || matches!(c, ',' | '-'))
        .take(12)
        .collect();
    let month = words.iter().any(|word| MONTHS.contains(word));
    let year = words
        .iter()
        .any(|word| word.len() == 4 && (1980..2200).contains(&year(word)));
    month && year
}

/// 7 to 64 hexadecimal digits with a letter and a digit among them.
fn is_revision(value: &str) -> bool {
    let value = value.strip_suffix("-dirty").unwrap_or(value);
    let lower = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
    (7..=64).contains(&value.len())
        && value.bytes().all(lower)
        && value.bytes().any(|b| b.is_ascii_digit())
        && value.bytes().any(|b| b.is_ascii_alphabetic())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_told_apart() {
        for (variable, value, expected) in [
            ("main.version", "v1.2.3", Looks::Version),
            ("main.version", "1.2.3-rc.1+x", Looks::Version),
            ("main.version", "1", Looks::Plain),
            ("main.date", "2026-11-21", Looks::Date),
            ("main.d", "2026-11-21T10:11:12Z", Looks::Date),
            ("main.d", "2026/11/21 10:11:12", Looks::Date),
            ("main.d", "Sat Nov 21 10:11:12 UTC 2026", Looks::Date),
            ("main.d", "built at 2026-11-21_10:11:12", Looks::Date),
            ("main.d", "20261121101112", Looks::Date),
            ("main.d", "20261121-10:11:12", Looks::Date),
            ("main.d", "20261121-1.2.3", Looks::Plain),
            ("", "1763719872", Looks::Date),
            ("", "9763719872", Looks::Plain),
            ("main.buildTime", "1763719872", Looks::Date),
            ("main.n", "1763719872", Looks::Plain),
            ("main.n", "2026", Looks::Plain),
            ("main.n", "Mayor 2026", Looks::Plain),
            ("main.commit", "0a1b2c3", Looks::Revision),
            ("main.word", "facade", Looks::Plain),
            ("main.x", "", Looks::Plain),
        ] {
            assert_eq!(Looks::of(variable, value), expected, "{variable}={value}");
        }
    }
}
