//! Cases: each way of cheating that is known, and answers changed at random.

use super::log::{self, Log, Signer};
use super::{Bytes, Case, Server};
use crate::run::{Context, Outcome};
use goassay_build::module::Module;
use std::collections::BTreeMap;

/// Sizes of the trees: around the edges of tiles.
pub(super) const SIZES: [usize; 6] = [1, 5, 255, 257, 300, 700];

type Edits = BTreeMap<String, Option<Bytes>>;

fn edit(path: &str, bytes: impl Into<Vec<u8>>) -> Edits {
    Edits::from([(path.to_owned(), Some(Bytes(bytes.into())))])
}

/// What can be done to the real record of a module: the genuine one first.
pub(super) fn without_the_key(server: &Server, module: &Module) -> Outcome<Vec<Case>> {
    let lookup = format!("lookup/{}", module.escaped().context(module)?);
    let answer = server
        .files
        .get(&lookup)
        .ok_or("a record was not fetched")?
        .0
        .clone();
    let text = String::from_utf8_lossy(&answer).into_owned();
    let digit = |c: char| if c == 'A' { 'B' } else { 'A' };
    let at = text.find("h1:").ok_or("a record has no hash")? + 5;
    let altered: String = text
        .char_indices()
        .map(|(i, c)| if i == at { digit(c) } else { c })
        .collect();
    let stranger = Signer::new("sums.example", 9);
    let (body, note) = text.split_once("\n\n").ok_or("a record has no head")?;
    let head = note.rsplit_once("\n\n").ok_or("a head has no signature")?.0;
    let mut edits = vec![
        ("genuine", Edits::new()),
        ("altered record", edit(&lookup, altered)),
        (
            "another place",
            edit(&lookup, text.replacen(|c: char| c.is_ascii_digit(), "7", 1)),
        ),
        (
            "signed by a stranger",
            edit(
                &lookup,
                format!("{body}\n\n{}", stranger.sign(&format!("{head}\n"))),
            ),
        ),
        ("no signature", edit(&lookup, format!("{body}\n\n{head}\n"))),
        (
            "another size",
            edit(&lookup, text.replacen("tree\n", "tree\n1", 1)),
        ),
        ("no record", Edits::from([(lookup.clone(), None)])),
        ("a page", edit(&lookup, "<html>log in</html>\n")),
    ];
    for (path, bytes) in server
        .files
        .iter()
        .filter(|(path, _)| path.starts_with("tile/"))
    {
        let mut flipped = bytes.0.clone();
        if let Some(last) = flipped.last_mut() {
            *last ^= 1;
        }
        edits.push(("altered tile", edit(path, flipped)));
        edits.push(("truncated tile", edit(path, &bytes.0[..bytes.0.len() / 2])));
        edits.push((
            "31 bytes a hash",
            edit(
                path,
                bytes
                    .0
                    .chunks(32)
                    .flat_map(|h| &h[..31])
                    .copied()
                    .collect::<Vec<u8>>(),
            ),
        ));
        edits.push(("missing tile", Edits::from([(path.clone(), None)])));
    }
    let case = |(what, edits): (&str, Edits)| Case {
        what: what.to_owned(),
        kept: Bytes::default(),
        edits,
        path: module.path.clone(),
        version: module.version.clone(),
    };
    Ok(edits.into_iter().map(case).collect())
}

/// Numbers that look random and are the same in each run.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 11).unwrap_or(0) % limit.max(1)
    }

    fn pick<'t, T>(&mut self, from: &'t [T]) -> &'t T {
        &from[self.below(from.len())]
    }
}

/// Makes cases about one log: one that is served, one that forks from it, and heads of several sizes.
pub(super) struct Forger {
    pub(super) server: Server,
    log: Log,
    fork: Log,
    size: usize,
    before: usize,
    random: Random,
}

const HOSTILE: [&[u8]; 14] = [
    b"\n",
    b"\n\n",
    b"\r",
    b"\0",
    b"+",
    b"-",
    b" ",
    b"=",
    b"\xc2\x85",
    b"\xc2\xa0",
    b"\xff",
    b"0",
    "— ".as_bytes(),
    b"\x7f",
];

impl Forger {
    pub(super) fn new(size: usize) -> Forger {
        let log = Log::new(size, None);
        let before = size.div_ceil(2);
        Forger {
            server: log.server(before, size),
            fork: Log::new(size, Some(before / 2)),
            log,
            size,
            before,
            random: Random(0x9e37_79b9_7f4a_7c15 ^ size as u64),
        }
    }

    fn case(&self, what: &str, id: usize, kept: String, edits: Edits) -> Case {
        Case {
            what: format!("{what}, tree of {}", self.size),
            kept: Bytes(kept.into_bytes()),
            edits,
            path: log::path(id),
            version: "v1.0.0".to_owned(),
        }
    }

    fn lookup(id: usize) -> String {
        format!("lookup/{}@v1.0.0", log::path(id))
    }

    /// The answer about a record, with this note.
    fn noted(&self, id: usize, note: &str) -> Edits {
        edit(&Forger::lookup(id), self.log.answer(id, note))
    }

    /// Each known way of cheating, and what is honest though it looks odd.
    pub(super) fn planned(&mut self) -> Vec<Case> {
        let id = self.before - 1;
        let (old, new) = (self.log.head(self.before), self.log.head(self.size));
        let mut cases = vec![
            self.case("first sight", id, String::new(), Edits::new()),
            self.case("grown", id, old.clone(), Edits::new()),
            self.case("unchanged", id, new.clone(), Edits::new()),
            self.case(
                "replayed old head, same log",
                id,
                new.clone(),
                self.noted(id, &old),
            ),
            self.case(
                "old head, first sight",
                id,
                String::new(),
                self.noted(id, &old),
            ),
            self.case(
                "kept head is damaged",
                id,
                new.replace("tree", "free"),
                Edits::new(),
            ),
            self.case(
                "replayed old head of another log",
                id,
                new.clone(),
                self.noted(id, &self.fork.head(self.before)),
            ),
            self.case(
                "fork of the same size",
                id,
                new,
                self.noted(id, &self.fork.head(self.size)),
            ),
        ];
        let mut forked: Edits = self
            .fork
            .server(self.before, self.size)
            .files
            .into_iter()
            .map(|(p, b)| (p, Some(b)))
            .collect();
        cases.push(self.case(
            "a whole fork, first sight",
            id,
            String::new(),
            forked.clone(),
        ));
        cases.push(self.case("a whole fork, seen before", id, old.clone(), forked.clone()));
        forked.retain(|path, _| path.starts_with("tile/"));
        cases.push(self.case("tiles of a fork", id, old, forked));
        for text in self.heads() {
            let note = self.log.signer.sign(&text);
            cases.push(self.case(
                "odd head, well signed",
                id,
                String::new(),
                self.noted(id, &note),
            ));
            cases.push(self.case("odd head kept", id, note, Edits::new()));
        }
        for note in self.notes() {
            cases.push(self.case("odd note", id, String::new(), self.noted(id, &note)));
        }
        cases
    }

    /// Texts of heads, some of which are none. A well-signed one of 2^63-1 records is left out: the reference never comes
    /// to an end with it.
    fn heads(&self) -> Vec<String> {
        let text = self.log.head_text(self.size);
        let size = self.size.to_string();
        let sized = |other: &str| text.replacen(&size, other, 1);
        let hash = text.lines().nth(2).unwrap_or_default();
        let hashed = |other: &str| text.replace(hash, other);
        vec![
            sized("0"),
            sized("00"),
            sized("-1"),
            sized("1099511627776"),
            sized("9223372036854775808"),
            sized(&format!("0{size}")),
            sized(&format!("+{size}")),
            hashed(""),
            hashed("AAAA"),
            hashed(hash.trim_end_matches('=')),
            hashed(&hash.replace('=', "==")),
            hashed(&with_trailing_bits(hash)),
            hashed(&format!("{hash} ")),
            format!("{text}extension\n"),
            format!("{text}\n"),
            text.replace("go.sum", "go.mod"),
            text.trim_end().to_owned() + "\n\nx\n",
            "\n".to_owned(),
            format!("\n{text}"),
            "go.sum database tree\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n".to_owned(),
        ]
    }

    /// Notes, some of which are none.
    fn notes(&self) -> Vec<String> {
        let text = self.log.head_text(self.size);
        let (ours, other) = (
            self.log.signer.line(&text),
            Signer::new("other", 2).line(&text),
        );
        let twin = Signer::new("sums.example", 3).line(&text);
        let wrong = self.log.signer.line("something else\n");
        let bits = ours
            .trim_end()
            .rsplit_once(' ')
            .map(|(name, sig)| format!("{name} {}\n", with_trailing_bits(sig)))
            .unwrap_or_default();
        [
            format!("{other}{ours}"),
            format!("{ours}{other}"),
            format!("{twin}{ours}"),
            twin.clone(),
            format!("{ours}{ours}"),
            format!("{ours}{wrong}"),
            format!("{wrong}{ours}"),
            bits,
            format!("{ours}\n"),
            ours.trim_end().to_owned(),
            other.repeat(99) + &ours,
            other.repeat(100) + &ours,
            ours.replace('—', "-"),
            ours.replace("— ", "—"),
            "— sums.example AAAA\n".to_owned() + &ours,
            "— a+b AAAAAAA=\n".to_owned() + &ours,
            "— a\u{2028}b AAAAAAA=\n".to_owned() + &ours,
            "— x AAAAAAAAAA==\n".to_owned() + &ours,
            String::new(),
        ]
        .into_iter()
        .map(|lines| format!("{text}\n{lines}"))
        .collect()
    }

    /// A lookup in which something was changed.
    pub(super) fn random(&mut self) -> Case {
        let id = self.random.below(self.size);
        let kept = match self.random.below(5) {
            0 => self.log.head(self.before),
            1 => self.log.head(self.size),
            2 => self.fork.head(1 + self.random.below(self.size)),
            _ => String::new(),
        };
        let mut edits = match self.random.below(6) {
            0 => {
                let heads = self.heads();
                let head = self.random.pick(&heads).clone();
                let note = self.log.signer.sign(&head);
                self.noted(id, &note)
            }
            1 => {
                let notes = self.notes();
                let note = self.random.pick(&notes).clone();
                self.noted(id, &note)
            }
            2 => {
                let size = 1 + self.random.below(self.size);
                self.noted(id, &self.log.head(size))
            }
            _ => Edits::new(),
        };
        for _ in 0..self.random.below(3) {
            let (path, bytes) = self.changed(id, &edits);
            edits.insert(path, bytes);
        }
        self.case("changed at random", id, kept, edits)
    }

    /// One of the files that a lookup needs, changed.
    fn changed(&mut self, id: usize, edits: &Edits) -> (String, Option<Bytes>) {
        let mut paths: Vec<String> = self
            .server
            .files
            .keys()
            .filter(|p| p.starts_with("tile/"))
            .cloned()
            .collect();
        let tiles = paths.len();
        paths.extend(std::iter::repeat_n(Forger::lookup(id), tiles));
        let path = self.random.pick(&paths).clone();
        let edited = edits.get(&path).cloned().flatten();
        let mut bytes = edited.unwrap_or_else(|| self.server.files[&path].clone()).0;
        let (at, end) = (self.random.below(bytes.len()), bytes.len());
        match self.random.below(8) {
            0 if end > 0 => bytes[at] ^= 1 << self.random.below(8),
            1 => bytes.truncate(at),
            2 => bytes.extend(std::iter::repeat_n(b'x', 1 + self.random.below(300))),
            3 => bytes = self.server.files[self.random.pick(&paths)].0.clone(),
            4 => return (path, None),
            5 if end > 0 => bytes[at] = b'0' + u8::try_from(self.random.below(10)).unwrap_or(0),
            6 => {
                bytes.splice(at..at, self.random.pick(&HOSTILE).iter().copied());
            }
            _ => {
                let length = 1 + self.random.below(40);
                bytes.drain(at..end.min(at + length));
            }
        }
        (path, Some(Bytes(bytes)))
    }
}

/// The same base64 text with other unused bits in its last letter, where it has any.
fn with_trailing_bits(text: &str) -> String {
    let letters = text.trim_end_matches('=');
    let padding = text.len() - letters.len();
    match letters.chars().last() {
        Some(last @ ('A'..='Y' | 'a'..='y')) if padding > 0 => {
            let next = char::from(last as u8 + 1);
            format!(
                "{}{next}{}",
                &letters[..letters.len() - 1],
                "=".repeat(padding)
            )
        }
        _ => text.to_owned(),
    }
}
