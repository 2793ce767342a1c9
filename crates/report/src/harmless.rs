//! JSON that may be shown anywhere: in a terminal, in a CI log, inlined in a page.
//!
//! Writes serde values indented by two spaces; strings carry no raw control, bidirectional or `<` character, whatever
//! was in them. It knows no document.

use crate::untrusted::escape_json;
use serde::Serialize;
use serde_json::ser::{CharEscape, Formatter, PrettyFormatter, Serializer};
use std::io::{self, Write};

/// Writes `value` and a line feed.
///
/// # Errors
/// It cannot be written.
pub fn write(out: &mut dyn Write, value: &impl Serialize) -> io::Result<()> {
    let mut serializer = Serializer::with_formatter(&mut *out, Harmless(PrettyFormatter::new()));
    value.serialize(&mut serializer)?;
    out.write_all(b"\n")
}

struct Harmless(PrettyFormatter<'static>);

impl Formatter for Harmless {
    fn write_string_fragment<W: ?Sized + Write>(
        &mut self,
        out: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        let mut escaped = String::with_capacity(fragment.len());
        escape_json(fragment, &mut escaped).map_err(io::Error::other)?;
        out.write_all(escaped.as_bytes())
    }

    fn write_char_escape<W: ?Sized + Write>(
        &mut self,
        out: &mut W,
        escape: CharEscape,
    ) -> io::Result<()> {
        self.0.write_char_escape(out, escape)
    }

    fn begin_array<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.begin_array(out)
    }

    fn end_array<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_array(out)
    }

    fn begin_array_value<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_array_value(out, first)
    }

    fn end_array_value<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_array_value(out)
    }

    fn begin_object<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.begin_object(out)
    }

    fn end_object<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_object(out)
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_object_key(out, first)
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.begin_object_value(out)
    }

    fn end_object_value<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_object_value(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_back_as_what_was_written() {
        let hostile = "a\u{9b}\x1b\u{202e}\u{e0041}\"\\<b>::c\n\td";
        let mut out = Vec::new();
        write(&mut out, &vec![hostile]).expect("a vector takes everything");
        let back: Vec<String> = serde_json::from_slice(&out).expect("it is JSON");
        assert_eq!(back, [hostile]);
        assert!(
            out.iter().all(|&b| b == b'\n' || (b' '..0x7f).contains(&b)),
            "{}",
            String::from_utf8_lossy(&out)
        );
    }

    #[test]
    fn indents_nested_values() {
        let mut out = Vec::new();
        write(
            &mut out,
            &std::collections::BTreeMap::from([("a", vec![1, 2])]),
        )
        .expect("a vector takes everything");
        assert_eq!(
            String::from_utf8(out).expect("UTF-8"),
            "{\n  \"a\": [\n    1,\n    2\n  ]\n}\n"
        );
    }
}
