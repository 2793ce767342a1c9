//! Signed notes: a text, an empty line, and lines that sign it. The form is that of `golang.org/x/mod/sumdb/note`.
//!
//! A key has a name and a hash that binds name and key; a signature counts when both are those of the key. Other
//! people's signatures on the same note are passed over, as the format wants it.

use super::error::{Error, Kind};
use base64::Engine;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use ring::signature::{ED25519, UnparsedPublicKey};
use sha2::{Digest, Sha256};
use std::fmt;

/// The one algorithm that is defined.
const ED25519_ID: u8 = 1;

/// More signatures than this make a note malformed.
const MAX_SIGNATURES: usize = 100;

/// Base64 as Go's decoder takes it: padded, and unused bits of the last letter may be anything.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::RequireCanonical),
);

/// Bytes of a base64 text.
pub(super) fn decode(text: &str) -> Option<Vec<u8>> {
    BASE64.decode(text).ok()
}

/// Base64 text of bytes.
pub(crate) fn encode(bytes: &[u8]) -> String {
    BASE64.encode(bytes)
}

/// A public key with its name.
#[derive(Clone, PartialEq, Eq)]
pub struct Key {
    name: String,
    hash: u32,
    public: [u8; 32],
}

impl Key {
    /// Reads `NAME+HASH+KEY`.
    ///
    /// # Errors
    /// It is no key, or name and key are not those that the hash binds.
    pub fn parse(text: &str) -> Result<Key, Error> {
        let malformed = || Error::new(Kind::Key, "it is not of the form NAME+HASH+KEY");
        let mut parts = text.splitn(3, '+');
        let (Some(name), Some(hash), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(malformed());
        };
        let hex = hash.len() == 8 && hash.bytes().all(|b| b.is_ascii_hexdigit());
        let hash = u32::from_str_radix(hash, 16).ok().filter(|_| hex);
        let (Some(hash), Some(key)) = (hash, decode(key)) else {
            return Err(malformed());
        };
        if !is_name(name) {
            return Err(malformed());
        }
        let Some(key) = Key::of(name, &key) else {
            return Err(Error::new(Kind::Key, "its algorithm is not Ed25519"));
        };
        if key.hash != hash {
            let why = format!("hash {hash:08x} does not bind this key to the name {name}");
            return Err(Error::new(Kind::Key, why));
        }
        Ok(key)
    }

    /// The key `key` (algorithm and public key) under a name.
    pub(super) fn of(name: &str, key: &[u8]) -> Option<Key> {
        let (algorithm, public) = key.split_first()?;
        let public = <[u8; 32]>::try_from(public).ok()?;
        (*algorithm == ED25519_ID && is_name(name)).then(|| Key {
            name: name.to_owned(),
            hash: key_hash(name, key),
            public,
        })
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The hash that binds name and key.
    #[must_use]
    pub fn hash(&self) -> u32 {
        self.hash
    }

    /// The whole key as `NAME+HASH+KEY`.
    #[must_use]
    pub fn encoded(&self) -> String {
        let key = [&[ED25519_ID], &self.public[..]].concat();
        format!("{self}+{}", encode(&key))
    }

    fn verifies(&self, text: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&ED25519, self.public)
            .verify(text, signature)
            .is_ok()
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}+{:08x}", self.name, self.hash)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({self})")
    }
}

fn key_hash(name: &str, key: &[u8]) -> u32 {
    let digest = Sha256::new()
        .chain_update(name)
        .chain_update(b"\n")
        .chain_update(key)
        .finalize();
    u32::from_be_bytes([digest[0], digest[1], digest[2], digest[3]])
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.contains(|c: char| c.is_whitespace() || c == '+')
}

/// The text of a note that `key` signed.
///
/// # Errors
/// [`Kind::MalformedNote`], [`Kind::UnknownKey`] where no signature is by this key, [`Kind::BadSignature`] where one
/// says that it is and is not.
pub fn open<'n>(note: &'n [u8], key: &Key) -> Result<&'n str, Error> {
    let note = text_of(note)?;
    let split = note
        .rfind("\n\n")
        .ok_or_else(|| malformed("it has no signatures"))?;
    let (text, signatures) = (&note[..=split], &note[split + 2..]);
    let lines = signatures
        .strip_suffix('\n')
        .ok_or_else(|| malformed("its last line does not end"))?;
    let mut signed = false;
    let mut others = Vec::new();
    for (count, line) in lines.split('\n').enumerate() {
        let (name, hash, signature) = signature(line)
            .filter(|_| count < MAX_SIGNATURES)
            .ok_or_else(|| malformed("one of its signature lines is none"))?;
        if (name, hash) != (key.name.as_str(), key.hash) {
            others.push(format!("{name}+{hash:08x}"));
        } else if signed {
            // A second signature by the same key says nothing new.
        } else if key.verifies(text.as_bytes(), &signature) {
            signed = true;
        } else {
            let why = format!("the signature by {key} is not one of this text");
            return Err(Error::new(Kind::BadSignature, why));
        }
    }
    if signed {
        Ok(text)
    } else {
        others.truncate(3);
        let why = format!("it is signed by {}, not by {key}", others.join(", "));
        Err(Error::new(Kind::UnknownKey, why))
    }
}

fn malformed(why: &str) -> Error {
    Error::new(Kind::MalformedNote, why)
}

fn text_of(note: &[u8]) -> Result<&str, Error> {
    let text = std::str::from_utf8(note).map_err(|_| malformed("it is not text"))?;
    if text.contains(|c: char| c < ' ' && c != '\n') {
        return Err(malformed("it has control characters"));
    }
    Ok(text)
}

/// Name, key hash and signature of a signature line.
fn signature(line: &str) -> Option<(&str, u32, Vec<u8>)> {
    let (name, signature) = line.strip_prefix("— ")?.split_once(' ')?;
    let bytes = decode(signature).filter(|bytes| bytes.len() >= 5)?;
    let (hash, signature) = bytes.split_first_chunk()?;
    is_name(name).then(|| (name, u32::from_be_bytes(*hash), signature.to_vec()))
}

/// Keys that sign, for tests.
#[cfg(test)]
pub(crate) mod testing {
    use super::*;
    use ring::signature::{Ed25519KeyPair, KeyPair};

    /// A key pair made of a number.
    pub(crate) struct Signer {
        pub(crate) key: Key,
        pair: Ed25519KeyPair,
    }

    impl Signer {
        pub(crate) fn new(name: &str, seed: u8) -> Signer {
            let pair = Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).unwrap();
            let encoded = [&[ED25519_ID], pair.public_key().as_ref()].concat();
            let key = Key::of(name, &encoded).unwrap();
            Signer { key, pair }
        }

        pub(crate) fn line(&self, text: &str) -> String {
            let signature = self.pair.sign(text.as_bytes());
            let bytes = [&self.key.hash.to_be_bytes(), signature.as_ref()].concat();
            format!("— {} {}\n", self.key.name, encode(&bytes))
        }

        pub(crate) fn sign(&self, text: &str) -> String {
            format!("{text}\n{}", self.line(text))
        }

        pub(crate) fn vkey(&self) -> String {
            self.key.encoded()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::testing::Signer;
    use super::*;

    fn kind(note: impl AsRef<[u8]>, key: &Key) -> Option<Kind> {
        open(note.as_ref(), key).err().map(|error| error.kind)
    }

    // The example of the package's documentation.
    const PETER: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    const NOTE: &str = "If you think cryptography is the answer to your problem,\n\
        then you don't know what your problem is.\n\n\
        — PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

    #[test]
    fn a_note_of_somebody_else_is_read() {
        let key = Key::parse(PETER).unwrap();
        let text = open(NOTE.as_bytes(), &key).unwrap();
        assert!(text.starts_with("If you think") && text.ends_with("is.\n"));
        let altered = NOTE.replace("answer", "Answer");
        assert_eq!(kind(altered, &key), Some(Kind::BadSignature));
    }

    #[test]
    fn a_key_is_bound_to_its_name() {
        let renamed = PETER.replace("PeterNeumann", "EnochRoot");
        assert!(
            Key::parse(&renamed)
                .unwrap_err()
                .to_string()
                .contains("does not bind")
        );
        for text in [
            "",
            "a",
            "a+b+c",
            "a+00000000+",
            "a b+c74f20a3+AQ==",
            "a+c74f20a+AQ==",
        ] {
            assert_eq!(Key::parse(text).unwrap_err().kind, Kind::Key, "{text}");
        }
    }

    #[test]
    fn only_the_known_key_counts() {
        let (ours, theirs) = (Signer::new("example.com/db", 1), Signer::new("other", 2));
        let both = format!("text\n\n{}{}", theirs.line("text\n"), ours.line("text\n"));
        assert_eq!(open(both.as_bytes(), &ours.key).unwrap(), "text\n");
        assert_eq!(
            kind(theirs.sign("text\n"), &ours.key),
            Some(Kind::UnknownKey)
        );
        let same_name = Signer::new("example.com/db", 3);
        assert_eq!(
            kind(same_name.sign("text\n"), &ours.key),
            Some(Kind::UnknownKey)
        );
    }

    #[test]
    fn malformed_notes_have_a_kind_of_their_own() {
        let signer = Signer::new("n", 1);
        let good = signer.sign("text\n");
        for bad in [
            String::new(),
            "text\n".to_owned(),
            good.trim_end().to_owned(),
            good.replace('—', "-"),
            good.replace("text", "te\u{1}xt"),
            good.clone() + "— n AAAA\n",
            good.clone() + "\n\n",
            good.clone() + &signer.line("text\n").repeat(100),
        ] {
            assert_eq!(kind(&bad, &signer.key), Some(Kind::MalformedNote), "{bad}");
        }
        assert_eq!(kind(b"\xff\n\n", &signer.key), Some(Kind::MalformedNote));
    }
}
