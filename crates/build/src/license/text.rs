//! From the text of a licence to its SPDX identifier: word for word, or not at all.
//!
//! What may differ is what the SPDX guidelines for matching let differ: copyright notices, titles, list marks, punctuation,
//! capitals, line breaks, and the names that the BSD licences have in their clauses. All other words have to be the licence's in their
//! order, with none before and none behind; so a file with two licences, or with one that was changed, is not recognised.
//! The GNU licences are left out: their text does not say whether later versions may be chosen, and their identifiers do.

use sha2::{Digest, Sha256};

/// Longest text that is looked at, in bytes.
const LONGEST: usize = 256 << 10;

/// Beginning of the SHA-256 of the words of each licence, as [`essence`] leaves them.
const KNOWN: [(&str, &str); 14] = [
    ("0BSD", "342fe583c6ef0310b5ba2e1153a21da3"),
    ("Apache-2.0", "4b7bf538613ad74324b8d88607299656"),
    ("BSD-1-Clause", "6334f7d34e7631b5cc873532b7fbed83"),
    ("BSD-2-Clause", "fd0ad3b700184692cbb784accb0a0c07"),
    ("BSD-3-Clause", "cc10267f1b5a02eacd4e6cd35f49a124"),
    ("BSL-1.0", "e99a2f112bb24ef5c52cc031dfa47989"),
    ("CC0-1.0", "f3cde3e32dc7fe4173bcc75ba6b6192d"),
    ("EPL-2.0", "1aa28a7b43deb70dcb1fc4b49eeb10b7"),
    ("ISC", "b39a3e1d0c79e5f52a6dc5e879c0a912"),
    ("MIT", "aa9626e471f65dbcb5d97dd168d16f67"),
    ("MIT-0", "707a4d120ce895ac8a5e29b5db1e4929"),
    ("MPL-2.0", "8dce888cb942d93cebeb8e0fea8afac4"),
    ("Unlicense", "1e1388890dd40a72cf1d8e952051d5a9"),
    ("Zlib", "6639a2a838439b2f70d60db893a595ac"),
];

/// The same of what may stand behind the terms of the Apache licence: how to apply it, or only the notice that it asks for.
const BEHIND_APACHE: [&str; 2] = [
    "50bb8131750d8251aab3e2636df786bc",
    "7a46cf4a5d56898d746584f4fe57bdf5",
];
const END_OF_APACHE: &str = "end of terms and conditions";

/// Lines that stand above some licences and are not part of them.
const TITLES: [&str; 21] = [
    "all rights reserved",
    "bsd 2 clause license",
    "bsd 2 clause simplified license",
    "bsd 3 clause license",
    "bsd 3 clause new or revised license",
    "bsd license",
    "bsd zero clause license",
    "isc license",
    "isc license isc",
    "license",
    "mit license",
    "mit license expat",
    "mit license mit",
    "mit no attribution",
    "new bsd license",
    "simplified bsd license",
    "the 3 clause bsd license",
    "the bsd license",
    "the isc license",
    "the mit license",
    "the mit license mit",
];

/// The licence that `text` is, and nothing else.
#[must_use]
pub fn recognise(text: &str) -> Option<&'static str> {
    if text.len() > LONGEST {
        return None;
    }
    let essence = without_appendix(essence(text))?;
    let digest = digest(&essence);
    let known = KNOWN.iter().find(|(_, known)| *known == digest);
    known.map(|(id, _)| *id)
}

fn digest(words: &str) -> String {
    let digest = Sha256::digest(words.as_bytes());
    goassay_binary::bytes::hexadecimal(&digest[..16])
}

/// The terms of the Apache licence without what explains how to apply it; `None` where something else is behind them. Any
/// other text as it is.
fn without_appendix(essence: String) -> Option<String> {
    let Some((terms, behind)) = essence.split_once(END_OF_APACHE) else {
        return Some(essence);
    };
    let behind = behind.trim();
    let allowed = behind.is_empty() || BEHIND_APACHE.contains(&digest(behind).as_str());
    allowed.then(|| terms.trim().to_owned())
}

/// The words that make a licence, in small letters with one blank between them.
fn essence(text: &str) -> String {
    let lines = text.lines().filter(|line| !is_notice(line));
    let lines = lines.map(|line| words(without_mark(line)));
    let lines = lines.filter(|words| !TITLES.contains(&words.join(" ").as_str()));
    let mut words: Vec<String> = lines.flatten().collect();
    drop_between(&mut words, "neither the name", "may be used to endorse");
    drop_between(&mut words, "is provided by", "as is");
    drop_between(&mut words, "in no event shall", "be liable");
    let mut essence = words.join(" ");
    // The next paragraph is the one that disclaims; newer texts say so.
    essence = essence.replace(" including the next paragraph", "");
    essence
}

fn words(line: &str) -> Vec<String> {
    let words = line.split(|c: char| !c.is_ascii_alphanumeric());
    let words = words.filter(|word| !word.is_empty());
    words
        .map(|word| spelled(&word.to_ascii_lowercase()))
        .collect()
}

/// Spellings that mean the same.
fn spelled(word: &str) -> String {
    let same = match word {
        "licence" => "license",
        "https" => "http",
        "owner" => "holder",
        "owners" => "holders",
        other => other,
    };
    same.to_owned()
}

/// A line without what marks it as an item of a list: `1.`, `(a)`, `iv)`, `*`.
fn without_mark(line: &str) -> &str {
    let line = line.trim_start_matches(|c: char| !c.is_alphanumeric() && c != '(');
    let Some((first, rest)) = line.split_once(char::is_whitespace) else {
        return line;
    };
    let inner = first
        .trim_start_matches('(')
        .trim_end_matches(['.', ')', ':']);
    let is_number = |b: &dyn Fn(u8) -> bool| inner.len() <= 3 && inner.bytes().all(b);
    let is_item = inner.len() == 1
        || is_number(&|b| b.is_ascii_digit())
        || is_number(&|b| b"ivxIVX".contains(&b));
    let is_mark = first.ends_with(['.', ')', ':']) && is_item;
    if is_mark { rest } else { line }
}

/// Whether a line says whose copyright it is: `Copyright (c) 2009 The Go Authors.`, and not a sentence that happens to
/// break before that word.
fn is_notice(line: &str) -> bool {
    let line = line.trim_matches(|c: char| !c.is_alphanumeric() && !"(©".contains(c));
    let mut words = line.split_whitespace();
    match words.next() {
        Some("Copyright" | "Copyright:" | "COPYRIGHT") => words.next().is_none_or(|second| {
            let is_sentence = second.starts_with("License") || second.starts_with("HOLDER");
            !is_sentence
                && second != "OWNER"
                && !second.starts_with(|c: char| c.is_ascii_lowercase())
        }),
        // `(c)` is also the third item of a list.
        Some("(c)" | "(C)" | "©") => words
            .next()
            .is_some_and(|second| second.starts_with(|c: char| c.is_ascii_digit())),
        _ => false,
    }
}

/// Longest name of holders and contributors, in words.
const LONGEST_NAME: usize = 40;

/// Drops the words between `before` and the next `behind`, where they are not too many for a name. Linear in the number of words.
fn drop_between(words: &mut Vec<String>, before: &str, behind: &str) {
    let before: Vec<&str> = before.split(' ').collect();
    let behind: Vec<&str> = behind.split(' ').collect();
    let mut kept = Vec::with_capacity(words.len());
    let mut rest = words.as_slice();
    while let Some((first, others)) = rest.split_first() {
        if !starts(rest, &before) {
            kept.push(first.clone());
            rest = others;
            continue;
        }
        let (head, tail) = rest.split_at(before.len());
        kept.extend_from_slice(head);
        let name = (0..=LONGEST_NAME.min(tail.len())).find(|&at| starts(&tail[at..], &behind));
        rest = &tail[name.unwrap_or(0)..];
    }
    *words = kept;
}

fn starts(words: &[String], with: &[&str]) -> bool {
    words.len() >= with.len() && words.iter().zip(with).all(|(word, with)| word == with)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The texts of the SPDX licence list.
    fn published(id: &str) -> &'static str {
        let (_, text) = spdx::text::LICENSE_TEXTS
            .iter()
            .find(|(name, _)| *name == id)
            .unwrap_or_else(|| panic!("{id} is on the list"));
        text
    }

    #[test]
    fn the_published_text_of_each_is_recognised() {
        for (id, _) in KNOWN {
            let essence = without_appendix(essence(published(id))).expect("nothing is behind it");
            assert_eq!(
                recognise(published(id)),
                Some(id),
                "its digest is {}",
                digest(&essence)
            );
        }
    }

    #[test]
    fn no_other_published_text_is_taken_for_one_of_them() {
        let other = |(id, text): &(&'static str, &str)| {
            let found = recognise(text).filter(|found| found != id)?;
            Some((*id, found))
        };
        let taken: Vec<_> = spdx::text::LICENSE_TEXTS.iter().filter_map(other).collect();
        assert_eq!(taken, SAME_TEXT);
    }

    /// Licences of the list that have the text of another: here a notice in the source files makes the difference.
    const SAME_TEXT: [(&str, &str); 1] = [("MPL-2.0-no-copyleft-exception", "MPL-2.0")];

    #[test]
    fn notices_titles_names_and_marks_may_differ() {
        let text = published("BSD-3-Clause");
        let ours: String = text
            .replace("1. ", "   * ")
            .replace(
                "the copyright holder nor the names of its",
                "Example Inc. nor the names of its",
            )
            .lines()
            .map(|line| format!("// {line}\r\n"))
            .collect();
        let ours = format!("Copyright 2009 The Example Authors. All rights reserved.\n{ours}");
        assert_eq!(recognise(&ours), Some("BSD-3-Clause"));
    }

    #[test]
    fn a_word_more_or_less_is_another_licence() {
        let mit = published("MIT");
        for other in [
            mit.replace("free of charge", ""),
            mit.replace(
                "to deal in the Software without",
                "to deal in the Software commercially without",
            ),
            format!("{mit}\n{mit}"),
            format!("{mit}\nThe Software shall be used for Good, not Evil."),
            format!("{}\n{mit}", published("Apache-2.0")),
            format!("{}\n{mit}", published("BSD-3-Clause")),
            String::new(),
        ] {
            assert_eq!(recognise(&other), None, "{other}");
        }
    }

    #[test]
    fn a_name_cannot_hide_conditions() {
        let bsd = published("BSD-3-Clause");
        let hidden = "and everybody pays ".repeat(20);
        let longer = bsd.replace(
            "Neither the name of",
            &format!("Neither the name of {hidden}"),
        );
        assert_ne!(longer, bsd);
        assert_eq!(recognise(&longer), None);
    }
}
