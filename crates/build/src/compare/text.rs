//! A small difference between two texts, for people.

use similar::{ChangeTag, TextDiff};

/// Longest text that is compared, in bytes.
const MAX_TEXT: usize = 4 << 20;
/// Most lines that are compared, without those at beginning and end that are equal.
const MAX_LINES: usize = 3000;
/// Longest line that is shown, in characters.
const MAX_LINE: usize = 160;

/// The lines that differ, each with `-` (of the first) or `+` before it and without what is around them, at most `lines`, then how
/// many more there are; none where one is no text or too long.
#[must_use]
pub fn diff(one: &[u8], other: &[u8], lines: usize) -> Option<Vec<String>> {
    let (one, other) = (text(one)?, text(other)?);
    let (one, other): (Vec<&str>, Vec<&str>) = (one.lines().collect(), other.lines().collect());
    let (one, other) = without_common(&one, &other);
    if one.len().max(other.len()) > MAX_LINES {
        return None;
    }
    let diff = TextDiff::from_slices(one, other);
    let changed = diff.iter_all_changes().filter_map(|change| {
        let sign = match change.tag() {
            ChangeTag::Equal => return None,
            ChangeTag::Delete => '-',
            ChangeTag::Insert => '+',
        };
        let line = change.value();
        let mut shown: String = line.chars().take(MAX_LINE).collect();
        if shown.len() < line.len() {
            shown.push('…');
        }
        Some(format!("{sign}{shown}"))
    });
    let all: Vec<String> = changed.collect();
    let more = all.len().saturating_sub(lines);
    let mut shown: Vec<String> = all.into_iter().take(lines).collect();
    if more > 0 {
        shown.push(format!("… {more} more lines"));
    }
    Some(shown)
}

/// Without the lines at beginning and end that are equal.
fn without_common<'s, 't>(
    one: &'s [&'t str],
    other: &'s [&'t str],
) -> (&'s [&'t str], &'s [&'t str]) {
    let before = one.iter().zip(other).take_while(|(a, b)| a == b).count();
    let (one, other) = (&one.get(before..), &other.get(before..));
    let (one, other) = (one.unwrap_or_default(), other.unwrap_or_default());
    let ends = one.iter().rev().zip(other.iter().rev());
    let after = ends.take_while(|(a, b)| a == b).count();
    let cut = |lines: &'s [&'t str]| lines.get(..lines.len() - after).unwrap_or_default();
    (cut(one), cut(other))
}

fn text(bytes: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(bytes).ok()?;
    (bytes.len() <= MAX_TEXT && !bytes.contains(&0)).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::diff;

    #[test]
    fn changed_lines_are_shown() {
        let shown = diff(b"a\nb\nc\n", b"a\nB\nc\nd\n", 9).unwrap();
        assert_eq!(shown, ["-b", "+B", "+d"]);
        let shown = diff(b"a\nb\nc\n", b"", 2).unwrap();
        assert_eq!(shown, ["-a", "-b", "… 1 more lines"]);
        assert_eq!(diff(b"\0", b"a", 9), None);
        assert_eq!(diff(b"\xff", b"a", 9), None);
    }
}
