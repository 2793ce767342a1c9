//! Ed25519 keys from files, and what is signed with them: entries of ledgers, statements in DSSE envelopes.
//!
//! A key file is what `openssl genpkey -algorithm ed25519` writes (PKCS #8 in PEM). No key is ever made or kept here.

use crate::sumdb::note::encode;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use goassay_binary::bytes::hexadecimal;
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// A key that signs.
#[derive(Debug)]
pub struct Key(Ed25519KeyPair);

/// A signature, and the public key that it can be checked with.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signature {
    /// The public key, base64.
    pub key: String,
    /// The signature, base64.
    pub signature: String,
}

impl Key {
    /// Reads a key.
    ///
    /// # Errors
    /// It is none, in words.
    pub fn parse(pem: &str) -> Result<Key, String> {
        let body: String = pem
            .lines()
            .map(str::trim)
            .skip_while(|line| *line != "-----BEGIN PRIVATE KEY-----")
            .skip(1)
            .take_while(|line| !line.starts_with("-----"))
            .collect();
        if body.is_empty() {
            return Err("it has no `BEGIN PRIVATE KEY`: not a PKCS #8 key in PEM".to_owned());
        }
        let der = STANDARD.decode(body).map_err(|error| error.to_string())?;
        Ed25519KeyPair::from_pkcs8_maybe_unchecked(&der)
            .map(Key)
            .map_err(|error| format!("it is no Ed25519 key: {error}"))
    }

    /// The public key, base64.
    #[must_use]
    pub fn public(&self) -> String {
        encode(self.0.public_key().as_ref())
    }

    /// A short name of the public key: the SHA-256 of its bytes, hexadecimal.
    #[must_use]
    pub fn id(&self) -> String {
        hexadecimal(&Sha256::digest(self.0.public_key().as_ref()))
    }

    /// Signs bytes for a purpose: a signature for one is none for another.
    #[must_use]
    pub fn sign(&self, purpose: &str, bytes: &[u8]) -> Signature {
        Signature {
            key: self.public(),
            signature: encode(self.0.sign(&authenticated(purpose, bytes)).as_ref()),
        }
    }
}

impl Signature {
    /// Whether it is a signature of these bytes for this purpose.
    #[must_use]
    pub fn is_of(&self, purpose: &str, bytes: &[u8]) -> bool {
        let (Ok(key), Ok(signature)) =
            (STANDARD.decode(&self.key), STANDARD.decode(&self.signature))
        else {
            return false;
        };
        UnparsedPublicKey::new(&ED25519, key)
            .verify(&authenticated(purpose, bytes), &signature)
            .is_ok()
    }
}

/// What is signed: the pre-authentication encoding of DSSE 1, in which type and body cannot run into each other.
fn authenticated(kind: &str, body: &[u8]) -> Vec<u8> {
    let mut text = format!("DSSEv1 {} {kind} {} ", kind.len(), body.len()).into_bytes();
    text.extend(body);
    text
}

/// The type of in-toto statements in envelopes.
const IN_TOTO: &str = "application/vnd.in-toto+json";

/// An in-toto statement in a DSSE envelope.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Envelope {
    payload_type: &'static str,
    payload: String,
    signatures: Vec<EnvelopeSignature>,
}

#[derive(Debug, Clone, Serialize)]
struct EnvelopeSignature {
    keyid: String,
    sig: String,
}

impl Envelope {
    /// Signs a statement.
    #[must_use]
    pub fn of_statement(statement: &[u8], key: &Key) -> Envelope {
        let signed = EnvelopeSignature {
            keyid: key.id(),
            sig: key.sign(IN_TOTO, statement).signature,
        };
        Envelope {
            payload_type: IN_TOTO,
            payload: encode(statement),
            signatures: vec![signed],
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Made with `openssl genpkey -algorithm ed25519`, for tests only.
    pub(crate) const PEM: &str = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEINjDsN5foD3xqhlLFVOzBrck7QXHs1Ugdy/gG48z040o\n-----END PRIVATE KEY-----\n";

    #[test]
    fn a_signature_is_of_these_bytes_for_this_purpose() {
        let key = Key::parse(PEM).unwrap();
        let signature = key.sign("a", b"bytes");
        assert!(signature.is_of("a", b"bytes"));
        assert!(!signature.is_of("a", b"Bytes") && !signature.is_of("b", b"bytes"));
        let other = Signature {
            key: encode(&[1; 32]),
            ..signature.clone()
        };
        assert!(!other.is_of("a", b"bytes"));
    }

    #[test]
    fn what_is_signed_is_that_of_the_specification() {
        // The example of the DSSE specification.
        let text = authenticated("http://example.com/HelloWorld", b"hello world");
        assert_eq!(
            String::from_utf8(text).unwrap(),
            "DSSEv1 29 http://example.com/HelloWorld 11 hello world"
        );
    }

    #[test]
    fn what_is_no_key_is_refused() {
        for text in [
            "",
            "-----BEGIN PRIVATE KEY-----\n%%\n-----END PRIVATE KEY-----",
            "-----BEGIN PRIVATE KEY-----\nMC4C\n-----END PRIVATE KEY-----",
            "-----BEGIN EC PRIVATE KEY-----\nMC4C\n",
        ] {
            assert!(Key::parse(text).is_err(), "{text}");
        }
    }
}
