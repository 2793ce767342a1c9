//! arm64: atomic instructions of the Large System Extensions (LSE), and the cryptographic extension.
//!
//! At `GOARM64=v8.0` the compiler writes LSE instructions behind a look at a byte in the runtime's data
//! (`runtime.arm64HasATOMICS`); from `v8.1` on, or with `,lse`, without. No other level makes it write anything else, so no
//! code proves more than `v8.0,lse`. Encodings: Arm Architecture Reference Manual, C4.1.

use super::{Decoding as Decode, Kind, Level, Notes};
use goassay_binary::address::VirtualAddress;
use goassay_binary::{Binary, Code};

static KINDS: &[Kind] = &[
    Kind {
        name: "LSE",
        level: Some("v8.0,lse"),
    },
    Kind {
        name: "AES, SHA, PMULL",
        level: Some("v8.0,crypto"),
    },
];
const LSE: usize = 0;
const CRYPTO: usize = 1;

/// A kind of instruction word.
struct Pattern {
    /// The bits that count.
    mask: u32,
    /// Their values.
    value: u32,
    /// Index into [`KINDS`].
    feature: usize,
    mnemonic: &'static str,
}

const fn pattern(mask: u32, value: u32, feature: usize, mnemonic: &'static str) -> Pattern {
    Pattern {
        mask,
        value,
        feature,
        mnemonic,
    }
}

static PATTERNS: [Pattern; 14] = [
    pattern(0x3fa0_7c00, 0x08a0_7c00, LSE, "cas"),
    pattern(0xbfa0_7c00, 0x0820_7c00, LSE, "casp"),
    pattern(0x3f20_fc00, 0x3820_0000, LSE, "ldadd"),
    pattern(0x3f20_fc00, 0x3820_1000, LSE, "ldclr"),
    pattern(0x3f20_fc00, 0x3820_2000, LSE, "ldeor"),
    pattern(0x3f20_fc00, 0x3820_3000, LSE, "ldset"),
    pattern(0x3f20_fc00, 0x3820_4000, LSE, "ldsmax"),
    pattern(0x3f20_fc00, 0x3820_5000, LSE, "ldsmin"),
    pattern(0x3f20_fc00, 0x3820_6000, LSE, "ldumax"),
    pattern(0x3f20_fc00, 0x3820_7000, LSE, "ldumin"),
    pattern(0x3f20_fc00, 0x3820_8000, LSE, "swp"),
    pattern(0xff3e_0c00, 0x4e28_0800, CRYPTO, "aes"),
    pattern(0xff20_8c00, 0x5e00_0000, CRYPTO, "sha"),
    pattern(0xbfe0_fc00, 0x0ee0_e000, CRYPTO, "pmull"),
];

/// The decoder: fixed words of 32 bits, little-endian on every arm64 that Go knows.
pub(super) struct Decoding;

impl Decoding {
    pub(super) fn new() -> Decoding {
        Decoding
    }
}

impl Decode for Decoding {
    fn lowest(&self) -> Option<Level> {
        Level::lowest("arm64")
    }

    fn features(&self) -> &'static [Kind] {
        KINDS
    }

    fn function(&self, code: &Code<'_>, notes: &mut Notes) -> bool {
        let mut body = None;
        for (address, word) in words(code) {
            // Nothing that is looked for has a word below; most words end here.
            let found = PATTERNS.iter().position(|p| word & p.mask == p.value);
            if found.is_none() && !is_unallocated(word) {
                continue;
            }
            let body = body.get_or_insert_with(|| Body::of(code));
            if body.is_data(address) {
                continue;
            }
            let Some(index) = found else {
                return false;
            };
            let feature = PATTERNS.get(index).map_or(LSE, |pattern| pattern.feature);
            let proves = feature == LSE && !body.looks_at_a_byte;
            notes.add(feature, address, proves, index as u32);
        }
        true
    }

    fn mnemonic(&self, instruction: u32) -> String {
        let pattern = PATTERNS.get(instruction as usize);
        pattern.map_or("", |pattern| pattern.mnemonic).to_owned()
    }

    /// The message that the start-up code prints where the CPU has no LSE (Linux and FreeBSD, Go 1.25 and later).
    fn demanded(&self, binary: &Binary<'_>, code: &Code<'_>) -> Option<Level> {
        const MESSAGE: &[u8] = b"This program can only run on ARM64 processors with LSE support";
        let addresses = words(code).zip(words(code).skip(1));
        let shows = addresses
            .filter_map(|((at, page), (_, low))| formed_address(at, page, low))
            .any(|target| {
                let text = binary.image().tail(VirtualAddress(target));
                text.is_some_and(|text| text.data().starts_with(MESSAGE))
            });
        Level::parse("arm64", "v8.0,lse").filter(|_| shows)
    }
}

fn words<'a>(code: &Code<'a>) -> impl Iterator<Item = (u64, u32)> + use<'a> {
    let (words, _) = code.bytes.as_chunks::<4>();
    let address = code.address.0;
    let at = move |index: usize| address.wrapping_add(index as u64 * 4);
    let numbers = words.iter().map(|word| u32::from_le_bytes(*word));
    numbers.enumerate().map(move |(i, word)| (at(i), word))
}

/// True for words in the two groups of encodings that no instruction has; words of zeros, which fill gaps, are in another.
fn is_unallocated(word: u32) -> bool {
    matches!(word >> 25 & 15, 1 | 3)
}

/// The address that `adrp xN, page` and `add xN, xN, #low` form.
fn formed_address(at: u64, page: u32, low: u32) -> Option<u64> {
    let register = adrp(page)?;
    let adds =
        low & 0xffc0_0000 == 0x9100_0000 && low & 31 == register && low >> 5 & 31 == register;
    let pages = i64::from((page >> 3 & 0x1f_fffc | page >> 29 & 3).cast_signed() << 11 >> 11);
    let base = (at & !0xfff).wrapping_add_signed(pages << 12);
    adds.then(|| base.wrapping_add(u64::from(low >> 10 & 0xfff)))
}

/// How many words an `ldr` (literal) loads.
fn literal_words(word: u32) -> u64 {
    let is_vector = word >> 26 & 1 != 0;
    match (is_vector, word >> 30) {
        (true, 2) => 4,
        (_, 1) => 2,
        _ => 1,
    }
}

/// The register that an `adrp` sets.
fn adrp(word: u32) -> Option<u32> {
    (word & 0x9f00_0000 == 0x9000_0000).then_some(word & 31)
}

/// What is known of a function in which something was found.
struct Body {
    /// Address of the first word.
    start: u64,
    /// Which words instructions load as data, one bit each.
    data: Vec<u64>,
    /// It reads some single byte at a fixed address, as a check of the CPU does. Which one does not matter.
    looks_at_a_byte: bool,
}

impl Body {
    fn of(code: &Code<'_>) -> Body {
        let mut body = Body {
            start: code.address.0,
            data: vec![0; code.bytes.len().div_ceil(4 * 64)],
            looks_at_a_byte: false,
        };
        let mut fixed = 0u32;
        for (address, word) in words(code) {
            let (first, base) = (word & 31, word >> 5 & 31);
            let from_fixed = fixed >> base & 1 != 0;
            if let Some(register) = adrp(word) {
                fixed |= 1 << register;
            } else if word & 0x3b00_0000 == 0x1800_0000 {
                // ldr (literal)
                let distance = i64::from((word << 8).cast_signed() >> 13 << 2);
                let at = address.wrapping_add_signed(distance);
                // Four words at most: the largest register has 16 bytes.
                for index in 0..literal_words(word) {
                    body.note(at.wrapping_add(4 * index));
                }
            } else if from_fixed
                && (word & 0xffc0_0000 == 0x9100_0000 || word & 0xffc0_0000 == 0xf940_0000)
            {
                // add (immediate), ldr (immediate): an address, or one from the global offset table
                fixed |= 1 << first;
            }
            // ldrb (immediate)
            body.looks_at_a_byte |= from_fixed && word & 0xffc0_0000 == 0x3940_0000;
        }
        body
    }

    /// Number of the word at an address, counted from the function's first.
    fn index(&self, address: u64) -> Option<u64> {
        let distance = address.checked_sub(self.start)?;
        distance.is_multiple_of(4).then_some(distance / 4)
    }

    fn note(&mut self, address: u64) {
        let Some(index) = self.index(address) else {
            return;
        };
        let word = usize::try_from(index / 64).ok();
        if let Some(word) = word.and_then(|word| self.data.get_mut(word)) {
            *word |= 1 << (index % 64);
        }
    }

    fn is_data(&self, address: u64) -> bool {
        let Some(index) = self.index(address) else {
            return false;
        };
        let word = usize::try_from(index / 64).ok();
        let word = word.and_then(|word| self.data.get(word));
        word.is_some_and(|word| word >> (index % 64) & 1 != 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(bytes: &[u8]) -> Code<'_> {
        Code {
            name: goassay_binary::address::NameOffset(0),
            address: VirtualAddress(0x1_1000),
            bytes,
            file: None,
            assembly: false,
        }
    }

    /// Feature, mnemonic and whether it proves its level.
    fn uses(words: &[u32]) -> Vec<(&'static str, String, bool)> {
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        let mut notes = Notes::new(KINDS.len());
        assert!(Decoding.function(&code(&bytes), &mut notes));
        let kinds = KINDS.iter().zip(&notes.uses);
        let used = kinds.filter(|(_, used)| used.instructions > 0);
        used.map(|(kind, used)| (kind.name, Decoding.mnemonic(used.instruction), used.proves))
            .collect()
    }

    fn lse(mnemonic: &str, proves: bool) -> Vec<(&'static str, String, bool)> {
        vec![("LSE", mnemonic.to_owned(), proves)]
    }

    /// `ldaddal w1, w2, [x0]`
    const LDADD: u32 = 0xb8e1_0002;
    /// `adrp x27, page`
    const ADRP: u32 = 0x9000_001b;

    #[test]
    fn atomics_are_seen() {
        assert_eq!(uses(&[LDADD, 0xd65f_03c0]), lse("ldadd", true));
        // casal w1, w2, [x0]; swpal x1, x2, [x0]
        assert_eq!(uses(&[0x88e1_fc02]), lse("cas", true));
        assert_eq!(uses(&[0xf8e1_8002]), lse("swp", true));
        // ldaxr w1,[x0]; stlxr w2,w1,[x0]; ldar x1,[x0]; ldaprb w1,[x0]
        assert!(uses(&[0x885f_fc01, 0x8802_fc01, 0xc8df_fc01, 0x38bf_c001]).is_empty());
    }

    #[test]
    fn behind_a_check_they_prove_nothing() {
        // ldrb w27, [x27, #0x123]
        assert_eq!(uses(&[ADRP, 0x3944_8f7b, LDADD]), lse("ldadd", false));
        // ldr x27, [x27, #8]; ldrb w1, [x27]
        let table = [ADRP, 0xf940_077b, 0x3940_0361, LDADD];
        assert_eq!(uses(&table), lse("ldadd", false));
        // ldrb w1, [x2]: no fixed address.
        assert_eq!(uses(&[ADRP, 0x3940_0041, LDADD]), lse("ldadd", true));
    }

    #[test]
    fn literals_are_no_instructions() {
        // ldr w1, #8; ret; literal
        assert!(uses(&[0x1800_0041, 0xd65f_03c0, LDADD]).is_empty());
        // ldr q1, #8; ret; literal, of which the last word would be no instruction
        let vector = [0x9c00_0041, 0xd65f_03c0, LDADD, LDADD, LDADD, 0x0200_0000];
        assert!(uses(&vector).is_empty());
    }

    #[test]
    fn words_that_no_instruction_has_make_it_no_code() {
        let mut notes = Notes::new(KINDS.len());
        let bytes = [LDADD.to_le_bytes(), 0x0200_0000u32.to_le_bytes()].concat();
        assert!(!Decoding.function(&code(&bytes), &mut notes));
        // Zeros fill gaps between functions.
        let bytes = [LDADD.to_le_bytes(), [0; 4]].concat();
        assert!(Decoding.function(&code(&bytes), &mut notes));
    }

    #[test]
    fn addresses_are_formed_from_pages() {
        // adrp x1, +0x3000; add x1, x1, #0x21
        assert_eq!(
            formed_address(0x1_1004, 0xf000_0001, 0x9100_8421),
            Some(0x1_4021)
        );
        // adrp x1, -0x1000
        assert_eq!(
            formed_address(0x1_1004, 0xf0ff_ffe1, 0x9100_8421),
            Some(0x1_0021)
        );
        assert_eq!(formed_address(0x1_1004, 0xf000_0001, 0x9100_8422), None);
    }
}
