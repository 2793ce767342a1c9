//! Keys from files, and what is signed with them: entries of ledgers, statements in DSSE envelopes.
//!
//! A key file is what `openssl genpkey` writes (PKCS #8 in PEM), for Ed25519 (RFC 8032) or ECDSA with P-256 and SHA-256. Both sign the same bytes
//! the same way every time (ECDSA by RFC 6979). No key is ever made or kept here.

mod public;

pub use public::{PublicKey, opened};

use crate::sumdb::note::encode;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use p256::ecdsa::SigningKey;
use p256::ecdsa::signature::Signer;
use p256::pkcs8::DecodePrivateKey;
use ring::signature::{Ed25519KeyPair, KeyPair};
use serde::{Deserialize, Serialize};

/// A key that signs.
#[derive(Debug)]
pub struct Key(Kind);

#[derive(Debug)]
enum Kind {
    Ed25519(Ed25519KeyPair),
    P256(Box<SigningKey>),
}

/// A signature, and the public key that it can be checked with.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signature {
    /// The public key, base64: 32 bytes of Ed25519, or a point of P-256 without compression (SEC 1, 65 bytes).
    pub key: String,
    /// The signature, base64; that of ECDSA in ASN.1.
    pub signature: String,
}

/// Begins a key file.
const BEGIN: &str = "-----BEGIN PRIVATE KEY-----";

/// What stands in PEM (RFC 7468) behind a line; none where there is no such line.
fn body(pem: &str, begin: &str) -> Result<Option<Vec<u8>>, String> {
    let lines = pem.lines().map(str::trim);
    let body: String = lines
        .skip_while(|line| *line != begin)
        .skip(1)
        .take_while(|line| !line.starts_with("-----"))
        .collect();
    let der = STANDARD.decode(body).map_err(|error| error.to_string())?;
    Ok(Some(der).filter(|der| !der.is_empty()))
}

impl Key {
    /// Reads a key.
    ///
    /// # Errors
    /// It is none, in words.
    pub fn parse(pem: &str) -> Result<Key, String> {
        let der = body(pem, BEGIN)?.ok_or("it has no `BEGIN PRIVATE KEY`: not a PKCS #8 key in PEM (`openssl pkcs8 -topk8 -nocrypt` makes one of other forms)")?;
        if let Ok(pair) = Ed25519KeyPair::from_pkcs8_maybe_unchecked(&der) {
            return Ok(Key(Kind::Ed25519(pair)));
        }
        match SigningKey::from_pkcs8_der(&der) {
            Ok(key) => Ok(Key(Kind::P256(Box::new(key)))),
            Err(_) => Err("it is neither an Ed25519 key nor one of ECDSA with P-256".to_owned()),
        }
    }

    /// The public key, base64.
    #[must_use]
    pub fn public(&self) -> String {
        encode(&self.public_bytes())
    }

    fn public_bytes(&self) -> Vec<u8> {
        match &self.0 {
            Kind::Ed25519(pair) => pair.public_key().as_ref().to_vec(),
            Kind::P256(key) => key.verifying_key().to_sec1_point(false).as_bytes().to_vec(),
        }
    }

    /// Signs bytes for a purpose: a signature for one is none for another.
    #[must_use]
    pub fn sign(&self, purpose: &str, bytes: &[u8]) -> Signature {
        let text = authenticated(purpose, bytes);
        let signature = match &self.0 {
            Kind::Ed25519(pair) => pair.sign(&text).as_ref().to_vec(),
            Kind::P256(key) => {
                let signature: p256::ecdsa::DerSignature = key.sign(&text);
                signature.as_bytes().to_vec()
            }
        };
        Signature {
            key: self.public(),
            signature: encode(&signature),
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
        PublicKey::of(key).signed(&authenticated(purpose, bytes), &signature)
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

/// An in-toto statement in a DSSE envelope. It names no key: each verifier has names of its own for keys, and skips signatures with others.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Envelope {
    payload_type: &'static str,
    payload: String,
    signatures: Vec<EnvelopeSignature>,
}

#[derive(Debug, Clone, Serialize)]
struct EnvelopeSignature {
    sig: String,
}

impl Envelope {
    /// Signs a statement.
    #[must_use]
    pub fn of_statement(statement: &[u8], key: &Key) -> Envelope {
        let signed = EnvelopeSignature {
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
    use goassay_binary::bytes::hexadecimal;

    /// Made with `openssl genpkey -algorithm ed25519`, for tests only.
    pub(crate) const PEM: &str = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEINjDsN5foD3xqhlLFVOzBrck7QXHs1Ugdy/gG48z040o\n-----END PRIVATE KEY-----\n";

    /// Its public key, by `openssl pkey -pubout`.
    pub(crate) const PEM_PUBLIC: &str = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAvSBI2xfT1zHJrQdH+HO4R4kRJXIVM521n1sz/jPIuGo=\n-----END PUBLIC KEY-----\n";

    /// Made with `openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256`, for tests only.
    pub(crate) const P256: &str = "-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgxlHfIiqXIW2+QqGt\nOedpKYL+mJLTHnf+I+9fcQK2gW+hRANCAAR7ickkEcwmRzl4mdVaD/voU3cwReDY\n1LDJMcmKm19vGNCFHwEcQ1vYfLDj/b0z892HN5xXUDUcGiKcNvfylIEe\n-----END PRIVATE KEY-----\n";

    #[test]
    fn a_signature_is_of_these_bytes_for_this_purpose() {
        for pem in [PEM, P256] {
            let key = Key::parse(pem).unwrap();
            let signature = key.sign("a", b"bytes");
            assert!(signature.is_of("a", b"bytes"));
            assert!(!signature.is_of("a", b"Bytes") && !signature.is_of("b", b"bytes"));
            let again = Key::parse(pem).unwrap().sign("a", b"bytes");
            assert_eq!(signature, again, "the same every time");
            let other = Signature {
                key: encode(&[1; 32]),
                ..signature.clone()
            };
            assert!(!other.is_of("a", b"bytes"));
        }
    }

    #[test]
    fn the_example_of_rfc_6979() {
        // A.2.5, P-256 with SHA-256, message "sample".
        let secret = "c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721";
        let byte = |at: usize| u8::from_str_radix(&secret[at * 2..at * 2 + 2], 16).unwrap();
        let secret: Vec<u8> = (0..32).map(byte).collect();
        let signature: p256::ecdsa::Signature =
            SigningKey::from_slice(&secret).unwrap().sign(b"sample");
        assert_eq!(
            hexadecimal(&signature.to_bytes()),
            "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8"
        );
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
