//! Decompression of tar archives: gzip, xz, Zstandard, or none.

use super::input::{self, Input};
use super::{Error, Facts, Options, damaged};
use goassay_binary::bytes::hexadecimal;
use std::io::{BufReader, Read};

/// Most memory for a dictionary: the largest of `xz -9` is 64 MiB.
const MAX_DICTIONARY: u32 = 128 << 20;

/// The plain bytes, and what the compressed ones say beyond them.
pub(super) fn plain(input: &Input, options: &Options<'_>) -> Result<(Input, Facts), Error> {
    let mut facts = Facts::new();
    let mut head = Vec::new();
    input.clone().take(6).read_to_end(&mut head)?;
    let buffered = BufReader::with_capacity(1 << 16, input.clone());
    let (name, mut reader): (_, Box<dyn Read>) = match head.as_slice() {
        [0x1f, 0x8b, ..] => {
            gzip_header(input, &mut facts);
            let decoder = flate2::bufread::MultiGzDecoder::new(buffered);
            ("gzip", Box::new(decoder))
        }
        [0xfd, b'7', b'z', b'X', b'Z', 0] => {
            let limit = MAX_DICTIONARY >> 10;
            let decoder = lzma_rust2::XzReader::new_mem_limit(buffered, true, limit);
            ("xz", Box::new(decoder))
        }
        [0x28, 0xb5, 0x2f, 0xfd, ..] => {
            let window = u64::from(MAX_DICTIONARY);
            let decoder =
                ruzstd::decoding::StreamingDecoder::new_with_max_window_size(buffered, window);
            let decoder = decoder.map_err(|error| damaged(error.to_string()))?;
            ("zstd", Box::new(decoder))
        }
        _ => return Ok((input.clone(), facts)),
    };
    facts.insert("compression".to_owned(), name.to_owned());
    let all = super::Sum::read(&mut input.clone(), u64::MAX)?;
    facts.insert(COMPRESSED.to_owned(), hexadecimal(&all.sha256));
    let plain = input::spool(&mut *reader, options.scratch, &options.limits)?;
    Ok((plain, facts))
}

/// The fact that follows from contents: hash of the compressed bytes.
pub(super) const COMPRESSED: &str = "compressed bytes";

fn gzip_header(input: &Input, facts: &mut Facts) {
    let decoder = flate2::bufread::GzDecoder::new(BufReader::new(input.clone()));
    let Some(header) = decoder.header() else {
        return;
    };
    let mut add = |name: &str, value: String| facts.insert(format!("gzip {name}"), value);
    add("time", header.mtime().to_string());
    add("system", header.operating_system().to_string());
    for (name, text) in [
        ("name", header.filename()),
        ("comment", header.comment()),
        ("extra", header.extra()),
    ] {
        if let Some(text) = text {
            add(name, String::from_utf8_lossy(text).into_owned());
        }
    }
}
