//! The page: one file with its style, its script and its data. It asks for nothing from anywhere.
//!
//! Its content security policy lets only this style and this script run, each by its hash, so that not even a mistake in the
//! escaping of names would make them run.

use super::tree::groups;
use super::{Picture, data, human};
use crate::untrusted::escape_markup as escape;
use sha2::{Digest, Sha256};
use std::io::{self, Write};

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");
const BODY: &str = include_str!("page.html");
/// Groups that are listed for readers without scripts.
const MOST_LISTED: usize = 50;

/// Writes the page.
///
/// # Errors
/// Where `out` fails.
pub fn html(picture: &Picture<'_>, out: &mut dyn Write) -> io::Result<()> {
    let name = escape(picture.name);
    write!(
        out,
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'sha256-{}'; \
         script-src 'sha256-{}'; img-src data:; base-uri 'none'; form-action 'none'\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<title>{name}: sizes</title>\n\
         <link rel=\"icon\" href=\"data:,\">\n<style>{STYLE}</style>\n</head>\n<body>\n{BODY}",
        hash(STYLE),
        hash(SCRIPT)
    )?;
    without_script(picture, out)?;
    write!(out, "<script type=\"application/json\" id=\"data\">")?;
    data::write(picture, out)?;
    writeln!(
        out,
        "</script>\n<script>{SCRIPT}</script>\n</body>\n</html>"
    )
}

/// The largest groups as a plain table.
fn without_script(picture: &Picture<'_>, out: &mut dyn Write) -> io::Result<()> {
    writeln!(
        out,
        "<noscript>\n<h1>{}</h1>\n<p>{} bytes. The treemap needs scripts; these are the largest parts.</p>\n<table>",
        escape(picture.name),
        picture.size.file_len
    )?;
    for group in groups(picture.size).iter().take(MOST_LISTED) {
        let (name, size) = (escape(group.name), human(group.bytes));
        writeln!(out, "<tr><td>{name}</td><td>{size}</td></tr>")?;
    }
    writeln!(out, "</table>\n</noscript>")
}

/// SHA-256 in base64, as a content security policy names a script.
fn hash(text: &str) -> String {
    base64(&Sha256::digest(text.as_bytes()))
}

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let byte = |at: usize| u32::from(chunk.get(at).copied().unwrap_or(0));
        let group = byte(0) << 16 | byte(1) << 8 | byte(2);
        for at in 0..4 {
            let letter = LETTERS[(group >> (18 - 6 * at) & 63) as usize];
            out.push(if at <= chunk.len() {
                char::from(letter)
            } else {
                '='
            });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::base64;

    #[test]
    fn base64_is_that_of_rfc_4648() {
        let pairs = [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foobar", "Zm9vYmFy"),
        ];
        for (plain, encoded) in pairs {
            assert_eq!(base64(plain.as_bytes()), encoded);
        }
    }
}
