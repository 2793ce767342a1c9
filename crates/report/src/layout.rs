//! Lines of words that fit a width, with or without colours. It knows nothing of scans.

use crate::render::Style;
use crate::untrusted::Untrusted;
use std::io::{self, Write};

/// Longest hostile name that is shown whole, in characters: a binary may carry names of any length.
const LONGEST_NAME: usize = 200;

/// What a word is; decides its colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Paint {
    Plain,
    Strong,
    Faint,
    Linked,
    Package,
    Module,
    Doubt,
    Good,
}

impl Paint {
    /// Parameters of the escape sequence.
    fn code(self) -> &'static str {
        match self {
            Paint::Plain => "",
            Paint::Strong => "1",
            Paint::Faint => "2",
            Paint::Linked => "1;31",
            Paint::Package => "33",
            Paint::Module => "36",
            Paint::Doubt => "1;35",
            Paint::Good => "32",
        }
    }
}

struct Word {
    paint: Paint,
    text: String,
    glued: bool,
}

/// A logical line: words that are wrapped between, never inside.
pub(crate) struct Line {
    indent: usize,
    hang: usize,
    words: Vec<Word>,
}

impl Line {
    /// An empty line that starts in column `indent`; what does not fit goes on two columns further in.
    pub(crate) fn at(indent: usize) -> Line {
        Line {
            indent,
            hang: 2,
            words: Vec::new(),
        }
    }

    /// What does not fit goes on `columns` further in.
    pub(crate) fn hanging(mut self, columns: usize) -> Line {
        self.hang = columns;
        self
    }

    /// Whether a new line would begin where this one is already.
    fn is_hanging_at(&self, column: usize) -> bool {
        self.hang > 2 && column < self.indent + self.hang
    }

    /// Adds our own words.
    pub(crate) fn say(self, text: &str) -> Line {
        self.paint(Paint::Plain, text)
    }

    /// Adds our own words in a colour.
    pub(crate) fn paint(mut self, paint: Paint, text: &str) -> Line {
        let words = text.split(' ').filter(|word| !word.is_empty());
        self.words.extend(words.map(|word| Word {
            paint,
            text: word.to_owned(),
            glued: false,
        }));
        self
    }

    /// Adds our own text directly after the last word.
    pub(crate) fn glue(mut self, text: &str) -> Line {
        self.words.push(Word {
            paint: Paint::Plain,
            text: text.to_owned(),
            glued: true,
        });
        self
    }

    /// Adds a hostile name as one word, escaped.
    pub(crate) fn name(self, paint: Paint, name: &str) -> Line {
        if name.is_empty() {
            return self;
        }
        self.word(paint, shorten(name))
    }

    /// Adds text that must not be broken between words (a command), escaped.
    pub(crate) fn verbatim(self, paint: Paint, text: &str) -> Line {
        let text = Untrusted(text).to_string();
        self.word(paint, text)
    }

    /// Adds a hostile sentence, escaped, as words of its own.
    pub(crate) fn prose(self, text: &str) -> Line {
        text.split(' ')
            .filter(|word| !word.is_empty())
            .fold(self, |line, word| line.name(Paint::Plain, word))
    }

    fn word(mut self, paint: Paint, text: String) -> Line {
        self.words.push(Word {
            paint,
            text,
            glued: false,
        });
        self
    }
}

fn shorten(name: &str) -> String {
    let shown: String = name.chars().take(LONGEST_NAME).collect();
    let mark = if shown.len() < name.len() { "…" } else { "" };
    format!("{}{mark}", Untrusted(&shown))
}

/// Where lines go.
pub(crate) struct Page<'w> {
    out: &'w mut dyn Write,
    width: usize,
    style: Style,
}

impl<'w> Page<'w> {
    /// A page of at least 40 columns: below that no wrapping helps.
    pub(crate) fn new(out: &'w mut dyn Write, width: usize, style: Style) -> Page<'w> {
        Page {
            out,
            width: width.max(40),
            style,
        }
    }

    /// An empty line.
    pub(crate) fn blank(&mut self) -> io::Result<()> {
        self.out.write_all(b"\n")
    }

    /// Writes a line, wrapped.
    pub(crate) fn put(&mut self, line: Line) -> io::Result<()> {
        let mut column = line.indent;
        write!(self.out, "{:1$}", "", line.indent)?;
        let mut first = true;
        for unit in line.words.chunk_by(|_, next| next.glued) {
            let length: usize = unit.iter().map(|word| word.text.chars().count()).sum();
            if first {
                first = false;
            } else if column + 1 + length > self.width && !line.is_hanging_at(column) {
                column = line.indent + line.hang;
                write!(self.out, "\n{:1$}", "", column)?;
            } else {
                column += 1;
                self.out.write_all(b" ")?;
            }
            column += length;
            unit.iter().try_for_each(|word| self.word(word))?;
        }
        self.out.write_all(b"\n")
    }

    fn word(&mut self, word: &Word) -> io::Result<()> {
        match (self.style, word.paint) {
            (Style::Plain, _) | (_, Paint::Plain) => self.out.write_all(word.text.as_bytes()),
            (Style::Colour, paint) => {
                write!(self.out, "\x1b[{}m{}\x1b[0m", paint.code(), word.text)
            }
        }
    }
}

/// `1 file`, `2 files`.
pub(crate) fn counted(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

/// `line` with names separated by commas.
pub(crate) fn list<'a>(line: Line, names: impl Iterator<Item = &'a str>) -> Line {
    names.enumerate().fold(line, |line, (i, name)| {
        let line = if i == 0 { line } else { line.glue(",") };
        line.name(Paint::Plain, name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(width: usize, style: Style, line: Line) -> String {
        let mut out = Vec::new();
        Page::new(&mut out, width, style)
            .put(line)
            .expect("a vector takes everything");
        String::from_utf8(out).expect("UTF-8")
    }

    #[test]
    fn wraps_between_words_and_hangs() {
        let line = Line::at(2)
            .say("aaaaaaaaaa bbbbbbbbbb cccccccccc dddddddddd")
            .glue(",")
            .say("e");
        assert_eq!(
            put(40, Style::Plain, line),
            "  aaaaaaaaaa bbbbbbbbbb cccccccccc\n    dddddddddd, e\n"
        );
    }

    #[test]
    fn long_words_stay_whole_up_to_the_limit() {
        let line = Line::at(0).say("x").name(Paint::Plain, &"y".repeat(300));
        assert_eq!(
            put(40, Style::Plain, line),
            format!("x\n  {}…\n", "y".repeat(200))
        );
    }

    #[test]
    fn colours_only_where_wanted() {
        let line = || {
            Line::at(0)
                .paint(Paint::Linked, "LINKED")
                .name(Paint::Plain, "a\x1b[0mb")
        };
        assert_eq!(put(40, Style::Plain, line()), "LINKED a\\u{1b}[0mb\n");
        assert_eq!(
            put(40, Style::Colour, line()),
            "\x1b[1;31mLINKED\x1b[0m a\\u{1b}[0mb\n"
        );
    }
}
