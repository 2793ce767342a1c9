//! Tree heads, records and the hashes of RFC 6962 that tie one to the other.

use super::error::{Error, Kind};
use super::note;
use sha2::{Digest, Sha256};

/// A hash in the tree.
pub type Hash = [u8; 32];

/// Longest text that can be a tree head, in bytes.
const MAX_HEAD: usize = 1_000_000;

/// The state of the log: how many records, and the hash over all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// Number of records.
    pub size: u64,
    /// Root of the tree.
    pub root: Hash,
}

impl Head {
    /// The log before its first record.
    #[must_use]
    pub fn empty() -> Head {
        Head {
            size: 0,
            root: Sha256::digest([]).into(),
        }
    }

    /// Reads the text of a signed tree head. Lines behind the third are for extensions.
    ///
    /// # Errors
    /// [`Kind::MalformedTree`].
    pub fn parse(text: &str) -> Result<Head, Error> {
        let malformed = |why: &str| Error::new(Kind::MalformedTree, why);
        let rest = text
            .strip_prefix("go.sum database tree\n")
            .filter(|_| text.len() <= MAX_HEAD)
            .ok_or_else(|| malformed("it does not begin as one"))?;
        let mut lines = rest.splitn(3, '\n');
        let (Some(size), Some(root), Some(_)) = (lines.next(), lines.next(), lines.next()) else {
            return Err(malformed("it has too few lines"));
        };
        let size = number(size)
            .filter(|n| n.to_string() == size)
            .ok_or_else(|| malformed("its size is no number"))?;
        let root = note::decode(root)
            .and_then(|bytes| bytes.try_into().ok())
            .ok_or_else(|| malformed("its hash is not 32 bytes"))?;
        Ok(Head { size, root })
    }
}

/// A number as the log counts: below 2^63.
fn number(text: &str) -> Option<u64> {
    u64::try_from(text.parse::<i64>().ok()?).ok()
}

/// The answer to a lookup.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Record<'a> {
    /// Its place in the log.
    pub id: u64,
    /// What the log says: lines of `go.sum`.
    pub text: &'a str,
    /// A signed tree head that came with it.
    pub note: &'a [u8],
}

impl<'a> Record<'a> {
    /// Takes an answer apart; nothing in it is trusted yet.
    ///
    /// # Errors
    /// [`Kind::MalformedRecord`].
    pub fn parse(answer: &'a [u8]) -> Result<Record<'a>, Error> {
        let malformed = |why: &str| Error::new(Kind::MalformedRecord, why);
        let end = answer
            .iter()
            .position(|b| *b == b'\n')
            .ok_or_else(|| malformed("it has one line only"))?;
        let id = std::str::from_utf8(&answer[..end]).ok().and_then(number);
        let id = id.ok_or_else(|| malformed("it does not begin with a number"))?;
        let body = &answer[end + 1..];
        let end = body
            .windows(2)
            .position(|pair| pair == b"\n\n")
            .ok_or_else(|| malformed("it has no tree head"))?;
        let (text, note) = (&body[..=end], &body[end + 2..]);
        let text = std::str::from_utf8(text).map_err(|_| malformed("it is not text"))?;
        if text.contains(|c: char| c < ' ' && c != '\n') {
            return Err(malformed("it has control characters"));
        }
        Ok(Record { id, text, note })
    }

    /// Its hash as a leaf.
    #[must_use]
    pub fn hash(&self) -> Hash {
        Sha256::new()
            .chain_update([0])
            .chain_update(self.text)
            .finalize()
            .into()
    }
}

/// The hash of an inner node.
#[must_use]
pub fn node(left: &Hash, right: &Hash) -> Hash {
    Sha256::new()
        .chain_update([1])
        .chain_update(left)
        .chain_update(right)
        .finalize()
        .into()
}

/// The hash over a complete subtree whose hashes one level of height 2^n below these are; none for other counts.
pub(super) fn complete(hashes: &[Hash]) -> Option<Hash> {
    match hashes {
        [one] => Some(*one),
        _ if !hashes.len().is_power_of_two() => None,
        _ => {
            let (left, right) = hashes.split_at(hashes.len() / 2);
            Some(node(&complete(left)?, &complete(right)?))
        }
    }
}

/// Appends the maximal complete subtrees of a row of hashes, from left to right.
pub(super) fn subtrees(mut row: &[Hash], out: &mut Vec<Hash>) {
    while !row.is_empty() {
        let width = 1 << row.len().ilog2();
        let (first, rest) = row.split_at(width);
        out.extend(complete(first));
        row = rest;
    }
}

/// The root over maximal complete subtrees, given from left to right.
pub(super) fn root(subtrees: &[Hash]) -> Hash {
    let Some((last, rest)) = subtrees.split_last() else {
        return Head::empty().root;
    };
    rest.iter()
        .rev()
        .fold(*last, |right, left| node(left, &right))
}

/// A log in memory, for tests: the definition of RFC 6962 as it stands there, not the one that is tested.
#[cfg(test)]
pub(crate) mod testing {
    use super::*;

    pub(crate) fn leaf(text: &str) -> Hash {
        Sha256::digest([&[0], text.as_bytes()].concat()).into()
    }

    pub(crate) fn tree_hash(leaves: &[Hash]) -> Hash {
        match leaves {
            [] => Sha256::digest([]).into(),
            [one] => *one,
            _ => {
                let split = leaves.len().next_power_of_two() / 2;
                node(&tree_hash(&leaves[..split]), &tree_hash(&leaves[split..]))
            }
        }
    }

    pub(crate) fn head_text(size: usize, root: &Hash) -> String {
        format!("go.sum database tree\n{size}\n{}\n", note::encode(root))
    }
}

#[cfg(test)]
mod tests {
    use super::testing::*;
    use super::*;

    #[test]
    fn roots_are_those_of_the_definition() {
        let leaves: Vec<Hash> = (0..70).map(|i| leaf(&i.to_string())).collect();
        for size in 0..leaves.len() {
            let mut parts = Vec::new();
            subtrees(&leaves[..size], &mut parts);
            assert_eq!(root(&parts), tree_hash(&leaves[..size]), "{size}");
        }
    }

    #[test]
    fn heads_are_read_strictly() {
        let root = leaf("x");
        let text = head_text(7, &root);
        assert_eq!(Head::parse(&text).unwrap(), Head { size: 7, root });
        assert!(Head::parse(&format!("{text}more\n")).is_ok());
        let short = note::encode(&root[..31]);
        for bad in [
            text.replace('7', "07"),
            text.replace('7', "+7"),
            text.replace('7', "-7"),
            text.replace('7', "9223372036854775808"),
            text.replace("tree", "trees"),
            text.trim_end().to_owned(),
            format!("go.sum database tree\n7\n{short}\n"),
        ] {
            assert_eq!(
                Head::parse(&bad).unwrap_err().kind,
                Kind::MalformedTree,
                "{bad}"
            );
        }
    }

    #[test]
    fn records_are_read_strictly() {
        let record = Record::parse(b"12\na v1 h1:x\nb\n\nnote").unwrap();
        assert_eq!(
            (record.id, record.text, record.note),
            (12, "a v1 h1:x\nb\n", &b"note"[..])
        );
        for bad in [
            &b""[..],
            b"12",
            b"x\na\n\n",
            b"-1\na\n\n",
            b"1\na\n",
            b"1\na\r\n\n",
            b"1\n\xff\n\n",
        ] {
            assert_eq!(
                Record::parse(bad).unwrap_err().kind,
                Kind::MalformedRecord,
                "{bad:?}"
            );
        }
    }
}
