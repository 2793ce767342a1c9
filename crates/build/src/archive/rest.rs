//! What of a file no part of it accounts for.

use super::input::Input;
use super::{Error, damaged};
use goassay_binary::bytes::hexadecimal;
use sha2::{Digest, Sha256};
use std::io::Read;

/// The SHA-256 of all bytes outside of these parts (start and length), with where they are; parts must not overlap.
pub(super) fn outside(input: &Input, parts: &[(u64, u64)]) -> Result<String, Error> {
    let mut parts = parts.to_vec();
    parts.retain(|&(_, length)| length > 0);
    parts.sort_unstable();
    parts.push((input.len(), 0));
    let mut sum = Sha256::new();
    let mut at = 0;
    let mut buffer = vec![0; 1 << 16];
    for (start, length) in parts {
        let between = start
            .checked_sub(at)
            .and_then(|length| input.part(at, length));
        let mut between = between.ok_or_else(|| damaged("parts of the file overlap"))?;
        sum.update(at.to_le_bytes());
        loop {
            let got = between.read(&mut buffer)?;
            match buffer.get(..got) {
                None | Some([]) => break,
                Some(bytes) => sum.update(bytes),
            }
        }
        at = start
            .checked_add(length)
            .ok_or_else(|| damaged("parts of the file"))?;
    }
    Ok(hexadecimal(&sum.finalize()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rest_is_all_but_the_parts() {
        let of = |bytes: &[u8], parts: &[(u64, u64)]| outside(&Input::memory(bytes.into()), parts);
        let parts = [(6, 2), (1, 2)];
        let one = of(b"a__bcd__e", &parts).unwrap();
        assert_eq!(one, of(b"axybcdzze", &parts).unwrap());
        assert_ne!(one, of(b"a__bcx__e", &parts).unwrap());
        assert_ne!(one, of(b"a__bcd__f", &parts).unwrap());
        for overlapping in [[(0, 2), (1, 2)], [(0, 9), (9, 1)], [(0, 1), (u64::MAX, 2)]] {
            assert!(of(b"a__bcd__e", &overlapping).is_err(), "{overlapping:?}");
        }
    }
}
