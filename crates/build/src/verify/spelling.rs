//! How the words for the linker were spelled, where only the Go build ID still differs.
//!
//! The first part of a build ID is a hash of what the link was asked for, the linker's words in their order among it; its last part is one
//! of the file without the ID. Where the last ones are equal and the first ones are not, the words meant the same and were written
//! otherwise (`-w -s`). The go command says what it hashes (`GODEBUG=gocachehash=1`), so spellings are tried by hashing and not by
//! building. What is found is built, and its bytes decide as ever.

use super::recipe::{Recipe, Strip};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

/// Bytes that are hashed at most: some seconds.
const MOST: usize = 3 << 30;
/// Most variables whose order is looked for.
const MOST_VARIABLES: usize = 6;

/// Whether two Go build IDs name the same result of other requests.
pub(super) fn is_other_request(file: &[u8], rebuilt: &[u8]) -> bool {
    let parts = |id: &[u8]| {
        let at = id.iter().position(|&byte| byte == b'/')?;
        Some((id.get(..at)?.to_vec(), id.get(at..)?.to_vec()))
    };
    match (parts(file), parts(rebuilt)) {
        (Some(a), Some(b)) => a.0 != b.0 && a.1 == b.1,
        _ => false,
    }
}

/// What the go command hashes for a link, but for the linker's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Request {
    before: Vec<u8>,
    after: Vec<u8>,
    /// What the whole came to, for the words that it was built with.
    id: String,
}

impl Request {
    /// Reads what a go command said of the last link that it did; none where that is not of the form that is known.
    pub(super) fn read(said: &str) -> Option<Request> {
        let lines: Vec<&str> = said
            .lines()
            .filter_map(|line| line.strip_prefix("HASH[link "))
            .collect();
        let start = lines.iter().rposition(|line| line.ends_with(']'))?;
        let (mut before, mut after, mut has_words) = (Vec::new(), Vec::new(), false);
        for line in lines.get(start + 1..)? {
            let (_, value) = line.split_once("]: ")?;
            let Ok(text) = serde_json::from_str::<String>(value) else {
                // The sum stands last, without quotes.
                let id = base64(&from_hexadecimal(value)?);
                return has_words.then_some(Request { before, after, id });
            };
            match (text.starts_with("linkflags ["), has_words) {
                (true, false) => has_words = true,
                (_, false) => before.extend_from_slice(text.as_bytes()),
                (_, true) => after.extend_from_slice(text.as_bytes()),
            }
        }
        None
    }

    /// The first part of the build ID with these words.
    fn id(&self, words: &[String]) -> String {
        let quoted: Vec<String> = words.iter().map(|word| format!("{word:?}")).collect();
        let mut hash = Sha256::new_with_prefix(&self.before);
        hash.update(format!("linkflags [{}]\n", quoted.join(" ")));
        hash.update(&self.after);
        base64(&hash.finalize())
    }

    /// The words with which a recipe gives this build ID; none where it is none of the spellings that are known.
    pub(super) fn spelled(&self, recipe: &Recipe, build_id: &[u8]) -> Option<Vec<String>> {
        let wanted = build_id.split(|&byte| byte == b'/').next()?;
        // What is not understood cannot be looked for.
        (self.id(&recipe.linker_words()) == self.id).then_some(())?;
        let size = self.before.len() + self.after.len();
        let mut left = MOST;
        spellings(recipe)
            .take_while(|words| {
                let words: usize = words.iter().map(String::len).sum();
                left = left.saturating_sub(size + words);
                left > 0
            })
            .find(|words| self.id(words).as_bytes() == wanted)
    }
}

/// Words that leave no trace in a program without C.
const SILENT: [&[&str]; 5] = [
    &[],
    &["-extldflags", "-static"],
    &["-extldflags=-static"],
    &["-linkmode=internal"],
    &["-linkmode", "internal"],
];

/// Orders of what is stripped, the variables, and the silent words.
const BLOCKS: [[usize; 3]; 6] = [
    [0, 1, 2],
    [1, 0, 2],
    [0, 2, 1],
    [2, 0, 1],
    [1, 2, 0],
    [2, 1, 0],
];

/// All spellings of a recipe's words, the usual ones first; one at a time, because values can be long.
fn spellings(recipe: &Recipe) -> impl Iterator<Item = Vec<String>> + '_ {
    let strips: &[&[&str]] = match recipe.strip {
        Strip::Nothing => &[&[]],
        Strip::Debug => &[&["-w"]],
        Strip::Table => &[&["-s"]],
        Strip::Symbols => &[&["-s", "-w"], &["-w", "-s"], &["-s"]],
    };
    let orders = orders(recipe.variables.len());
    let owned = |words: &[&str]| {
        words
            .iter()
            .map(|&word| word.to_owned())
            .collect::<Vec<_>>()
    };
    let spelling =
        move |silent: &[&str], order: &[usize], strip: &[&str], is_joined, at: &[usize; 3]| {
            let variables = order.iter().filter_map(|&at| recipe.variables.get(at));
            let blocks = [
                owned(strip),
                variable_words(variables, is_joined),
                owned(silent),
            ];
            let blocks = at.iter().filter_map(|&at| blocks.get(at));
            blocks.flatten().cloned().collect()
        };
    SILENT.into_iter().flat_map(move |silent| {
        let orders = orders.clone();
        orders.into_iter().flat_map(move |order| {
            strips.iter().flat_map(move |strip| {
                let order = order.clone();
                [false, true].into_iter().flat_map(move |is_joined| {
                    let order = order.clone();
                    BLOCKS
                        .iter()
                        .map(move |at| spelling(silent, &order, strip, is_joined, at))
                })
            })
        })
    })
}

fn variable_words<'a>(
    variables: impl Iterator<Item = &'a (String, String)>,
    is_joined: bool,
) -> Vec<String> {
    let words = variables.flat_map(|(name, value)| match is_joined {
        true => vec![format!("-X={name}={value}")],
        false => vec!["-X".to_owned(), format!("{name}={value}")],
    });
    words.collect()
}

/// All orders of a few things; that in which they are given, of many.
fn orders(len: usize) -> Vec<Vec<usize>> {
    if len > MOST_VARIABLES {
        return vec![(0..len).collect()];
    }
    (0..len).fold(vec![Vec::new()], |orders, next| {
        let longer = orders.iter().flat_map(|order: &Vec<usize>| {
            (0..=order.len()).map(move |at| {
                let mut longer = order.clone();
                longer.insert(at, next);
                longer
            })
        });
        longer.collect()
    })
}

fn from_hexadecimal(text: &str) -> Option<Vec<u8>> {
    let pairs = text.as_bytes().chunks_exact(2);
    (text.len() == 64).then_some(())?;
    pairs
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
        .collect()
}

/// As build IDs are written: the first 15 bytes (cmd/internal/buildid, HashToString).
fn base64(hash: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(hash.get(..15).unwrap_or(hash))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What go1.27.1 says, shortened; the sum is that of these lines.
    fn said(words: &str) -> String {
        let lines = [
            "go1.27.1",
            "link\\n",
            "import \\\"example.com/m\\\"\\n",
            words,
            "GOAMD64=v1\\n",
            "packagefile fmt=IaLXZXrwtj5LxWzWOklQ\\n",
        ];
        let mut hash = Sha256::new();
        let mut all = "HASH[compile x]: \"y\"\nHASH[link example.com/m]\n".to_owned();
        for line in lines {
            all.push_str(&format!("HASH[link example.com/m]: \"{line}\"\n"));
            hash.update(line.replace("\\n", "\n").replace("\\\"", "\""));
        }
        let sum: String = hash
            .finalize()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        all + &format!("HASH[link example.com/m]: {sum}\n")
    }

    fn recipe(variables: &[(&str, &str)]) -> Recipe {
        let variables = variables
            .iter()
            .map(|&(name, value)| (name.to_owned(), value.to_owned()));
        Recipe {
            strip: Strip::Symbols,
            variables: variables.collect(),
            ..Recipe::default()
        }
    }

    #[test]
    fn the_spelling_is_found_that_has_the_build_id() {
        let plain = Request::read(&said("linkflags [\\\"-s\\\" \\\"-w\\\"]\\n")).unwrap();
        let wanted = Request::read(&said("linkflags [\\\"-w\\\" \\\"-s\\\"]\\n"))
            .unwrap()
            .id;
        let id = format!("{wanted}/b/c/d");
        assert_eq!(
            plain.spelled(&recipe(&[]), id.as_bytes()).unwrap(),
            ["-w", "-s"]
        );
        assert_eq!(plain.spelled(&recipe(&[]), b"other/b/c/d"), None);
        // The words of the recipe are not those that were hashed.
        assert_eq!(
            plain.spelled(&recipe(&[("main.a", "1")]), id.as_bytes()),
            None
        );
    }

    #[test]
    fn variables_have_any_order_and_form() {
        let (a, b, c) = (("main.a", "1"), ("main.b", "2 3"), ("main.c", "4"));
        let recipe = recipe(&[a, b, c]);
        let first = recipe.linker_words();
        let request = Request {
            before: b"before".to_vec(),
            after: b"after".to_vec(),
            id: String::new(),
        };
        let request = Request {
            id: request.id(&first),
            ..request
        };
        for words in [
            vec!["-X=main.c=4", "-X=main.a=1", "-X=main.b=2 3", "-w", "-s"],
            vec![
                "-s",
                "-w",
                "-X",
                "main.b=2 3",
                "-X",
                "main.c=4",
                "-X",
                "main.a=1",
                "-extldflags",
                "-static",
            ],
        ] {
            let words: Vec<String> = words.into_iter().map(str::to_owned).collect();
            let id = request.id(&words);
            assert_eq!(request.spelled(&recipe, id.as_bytes()), Some(words));
        }
    }

    #[test]
    fn other_requests_have_the_same_result() {
        assert!(is_other_request(b"a/b/c/d", b"x/b/c/d"));
        for (one, other) in [
            ("a/b/c/d", "a/b/c/d"),
            ("a/b/c/d", "x/b/c/e"),
            ("", "x/b"),
            ("a", "b"),
        ] {
            assert!(
                !is_other_request(one.as_bytes(), other.as_bytes()),
                "{one} {other}"
            );
        }
    }

    #[test]
    fn what_is_said_otherwise_is_not_read() {
        assert_eq!(Request::read(""), None);
        assert_eq!(
            Request::read("HASH[link m]\nHASH[link m]: \"link\"\n"),
            None
        );
        assert_eq!(Request::read("HASH[link m]\nHASH[link m]: 00\n"), None);
    }

    #[test]
    fn letters_are_those_of_build_ids() {
        let sum =
            from_hexadecimal("734a7846cc641490dbd6d01e29d2c0b0c35747be0ec352486af80da3dfc1a0fd")
                .unwrap();
        assert_eq!(base64(&sum), "c0p4RsxkFJDb1tAeKdLA");
    }
}
