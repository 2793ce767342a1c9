//! Text that somebody else chose: paths, names and versions from binaries, file names, messages of the system.
//!
//! The one place that knows which characters are dangerous where the output is shown: terminals (escape sequences,
//! C1 controls), readers' eyes (bidirectional overrides, invisible characters) and CI logs (`::error`, `##[…]`). It is
//! used by the renderers only; below them text stays what it is.

use std::fmt::{self, Display, Formatter, Write};

/// Hostile text, made visible when displayed: dangerous characters appear as `\u{1b}`, and what a CI system would take
/// for a command is broken up. Never contains a line break.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Untrusted<'a>(pub &'a str);

impl Display for Untrusted<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for piece in pieces(self.0) {
            match piece {
                Piece::Plain(text) => f.write_str(text)?,
                Piece::Escape(c) => write!(f, "\\u{{{:x}}}", u32::from(c))?,
            }
        }
        Ok(())
    }
}

/// Writes `text` as the inside of a JSON string in which quotes, backslashes and C0 controls are escaped already:
/// everything else that is dangerous becomes `\uXXXX`, also `<` and `>`, so that a document inlined in a page stays data.
pub(crate) fn escape_json(text: &str, out: &mut impl Write) -> fmt::Result {
    for piece in pieces(text) {
        match piece {
            Piece::Plain(text) => escape_angles(text, out)?,
            Piece::Escape(c) => json_escape(c, out)?,
        }
    }
    Ok(())
}

fn escape_angles(text: &str, out: &mut impl Write) -> fmt::Result {
    text.chars().try_for_each(|c| match c {
        '<' | '>' => json_escape(c, out),
        _ => out.write_char(c),
    })
}

fn json_escape(c: char, out: &mut impl Write) -> fmt::Result {
    c.encode_utf16(&mut [0; 2])
        .iter()
        .try_for_each(|unit| write!(out, "\\u{unit:04x}"))
}

/// Hostile text as text, or as a quoted attribute, of HTML and SVG: dangerous characters visible, none of it markup.
pub(crate) fn escape_markup(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in Untrusted(text).to_string().chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            _ => safe.push(c),
        }
    }
    safe
}

enum Piece<'a> {
    Plain(&'a str),
    Escape(char),
}

/// `text` cut into what may be shown as it is and what must be escaped.
fn pieces(text: &str) -> impl Iterator<Item = Piece<'_>> {
    let mut rest = text;
    let mut before = None;
    std::iter::from_fn(move || {
        let first = rest.chars().next()?;
        if is_dangerous(first, before) {
            rest = &rest[first.len_utf8()..];
            before = None;
            return Some(Piece::Escape(first));
        }
        let mut end = 0;
        for c in rest.chars() {
            if is_dangerous(c, before) {
                break;
            }
            end += c.len_utf8();
            before = Some(c);
        }
        let (plain, tail) = rest.split_at(end);
        rest = tail;
        Some(Piece::Plain(plain))
    })
}

/// Whether `c` must not be shown as it is after `before`. The second of two colons or hashes is escaped because
/// `::name` and `##[name]`, `##vso[…]`, `##teamcity[…]` are commands to the CI systems that read a log.
fn is_dangerous(c: char, before: Option<char>) -> bool {
    is_invisible(c) || (matches!(c, ':' | '#') && before == Some(c))
}

/// Control and format characters: C0, DEL, C1, line and paragraph separators, bidirectional controls, invisible
/// joiners and fillers, byte-order mark, interlinear annotation, tags.
fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        Untrusted(text).to_string()
    }

    fn in_json(text: &str) -> String {
        let mut out = String::new();
        escape_json(text, &mut out).expect("strings take everything");
        out
    }

    #[test]
    fn ordinary_names_stay_as_they_are() {
        for name in [
            "golang.org/x/net",
            "v1.2.3+incompatible",
            "C:\\Users\\x",
            "naïve/路径",
            "a:b#c",
            "",
        ] {
            assert_eq!(shown(name), name);
            assert_eq!(in_json(name), name);
        }
    }

    #[test]
    fn what_a_terminal_obeys_becomes_visible() {
        assert_eq!(
            shown("a\x1b[31mb\n\r\t\x07\x7f"),
            "a\\u{1b}[31mb\\u{a}\\u{d}\\u{9}\\u{7}\\u{7f}"
        );
        assert_eq!(shown("\u{9b}2J"), "\\u{9b}2J");
        assert_eq!(in_json("\u{9b}2J\u{7f}"), "\\u009b2J\\u007f");
    }

    #[test]
    fn what_deceives_the_eye_becomes_visible() {
        assert_eq!(
            shown("a\u{202e}b\u{2066}c\u{200b}d\u{feff}"),
            "a\\u{202e}b\\u{2066}c\\u{200b}d\\u{feff}"
        );
        assert_eq!(in_json("\u{202e}\u{e0041}"), "\\u202e\\udb40\\udc41");
    }

    #[test]
    fn commands_to_ci_systems_are_broken_up() {
        assert_eq!(shown("::error::x"), ":\\u{3a}error:\\u{3a}x");
        assert_eq!(shown(":::"), ":\\u{3a}:");
        assert_eq!(shown("##vso[task]"), "#\\u{23}vso[task]");
        assert_eq!(in_json("::x##y"), ":\\u003ax#\\u0023y");
    }

    #[test]
    fn json_cannot_close_a_script_element() {
        assert_eq!(in_json("</script>"), "\\u003c/script\\u003e");
    }
}
