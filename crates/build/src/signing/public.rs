//! Public keys from files, and what was signed for them elsewhere.

use super::{authenticated, body};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::signature::{
    ECDSA_P256_SHA256_ASN1, ED25519, ED25519_PUBLIC_KEY_LEN, UnparsedPublicKey,
    VerificationAlgorithm,
};
use serde_json::Value;

/// A key that signatures are checked with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey {
    /// 32 bytes of Ed25519, or a point of P-256 without compression (SEC 1).
    bytes: Vec<u8>,
}

/// What stands before the key in a SubjectPublicKeyInfo (RFC 8410; RFC 5480, a point without compression).
const ED25519_INFO: &[u8] = &[0x30, 0x2a, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 3, 0x21, 0];
const P256_INFO: &[u8] = &[
    0x30, 0x59, 0x30, 0x13, 6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1, 6, 8, 0x2a, 0x86, 0x48, 0xce,
    0x3d, 3, 1, 7, 3, 0x42, 0,
];
/// Length of a point of P-256 without compression.
const P256_POINT_LEN: usize = 65;
const BEGIN: &str = "-----BEGIN PUBLIC KEY-----";

impl PublicKey {
    /// A key by its bytes; what is none has signed nothing.
    pub(super) fn of(bytes: Vec<u8>) -> PublicKey {
        PublicKey { bytes }
    }

    /// Reads what `openssl pkey -pubout` writes.
    ///
    /// # Errors
    /// It is no key, or one of another kind, in words.
    pub fn parse(pem: &str) -> Result<PublicKey, String> {
        let der = body(pem, BEGIN)?;
        let der = der.ok_or("it has no `BEGIN PUBLIC KEY`: not a public key in PEM")?;
        let kinds = [
            (ED25519_INFO, ED25519_PUBLIC_KEY_LEN),
            (P256_INFO, P256_POINT_LEN),
        ];
        let found = kinds.into_iter().find_map(|(info, length)| {
            let bytes = der.strip_prefix(info)?;
            (bytes.len() == length).then(|| PublicKey::of(bytes.to_vec()))
        });
        found.ok_or_else(|| "it is neither an Ed25519 key nor one of ECDSA with P-256".to_owned())
    }

    /// Whether it signed these bytes, as they are: Ed25519, or ECDSA with SHA-256 and the signature in ASN.1.
    #[must_use]
    pub fn signed(&self, bytes: &[u8], signature: &[u8]) -> bool {
        let algorithm: &dyn VerificationAlgorithm = match self.bytes.len() {
            ED25519_PUBLIC_KEY_LEN => &ED25519,
            _ => &ECDSA_P256_SHA256_ASN1,
        };
        let key = UnparsedPublicKey::new(algorithm, &self.bytes);
        key.verify(bytes, signature).is_ok()
    }
}

/// What is in a DSSE envelope, and whether the key signed it; without a key nobody has.
///
/// # Errors
/// It is no envelope, in words.
pub fn opened(envelope: &Value, key: Option<&PublicKey>) -> Result<(Vec<u8>, bool), String> {
    let text = |value: &Value, name: &str| {
        let text = value.get(name).and_then(Value::as_str);
        text.map(str::to_owned)
            .ok_or_else(|| format!("the envelope has no {name}"))
    };
    let kind = text(envelope, "payloadType")?;
    let payload = STANDARD.decode(text(envelope, "payload")?);
    let payload = payload.map_err(|error| format!("the envelope has no payload: {error}"))?;
    let signed = authenticated(&kind, &payload);
    let signatures = envelope.get("signatures").and_then(Value::as_array);
    let is_by = |key: &PublicKey, signature: &Value| {
        let signature = text(signature, "sig")
            .ok()
            .and_then(|sig| STANDARD.decode(sig).ok());
        signature.is_some_and(|signature| key.signed(&signed, &signature))
    };
    let is_signed = key.is_some_and(|key| {
        signatures
            .into_iter()
            .flatten()
            .any(|signature| is_by(key, signature))
    });
    Ok((payload, is_signed))
}

#[cfg(test)]
mod tests {
    use super::super::{Envelope, Key, tests};
    use super::*;

    // `openssl pkey -pubout` of the other key of the tests of signing.
    const P256_PUBLIC: &str = "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEe4nJJBHMJkc5eJnVWg/76FN3MEXg\n2NSwyTHJiptfbxjQhR8BHENb2Hyw4/29M/PdhzecV1A1HBoinDb38pSBHg==\n-----END PUBLIC KEY-----\n";

    #[test]
    fn envelopes_are_opened_by_whoever_has_the_key() {
        for (private, public, other) in [
            (tests::PEM, tests::PEM_PUBLIC, P256_PUBLIC),
            (tests::P256, P256_PUBLIC, tests::PEM_PUBLIC),
        ] {
            let envelope = Envelope::of_statement(b"{}", &Key::parse(private).unwrap());
            let mut envelope = serde_json::to_value(&envelope).unwrap();
            let [key, other] = [public, other].map(|pem| PublicKey::parse(pem).unwrap());
            assert_eq!(opened(&envelope, Some(&key)), Ok((b"{}".to_vec(), true)));
            assert_eq!(opened(&envelope, Some(&other)), Ok((b"{}".to_vec(), false)));
            assert_eq!(opened(&envelope, None), Ok((b"{}".to_vec(), false)));
            envelope["payload"] = "e30K".into();
            assert_eq!(opened(&envelope, Some(&key)), Ok((b"{}\n".to_vec(), false)));
            envelope["payload"] = "%".into();
            assert!(opened(&envelope, Some(&key)).is_err());
        }
    }

    #[test]
    fn what_is_no_public_key_is_refused() {
        for text in [
            "",
            tests::PEM,
            "-----BEGIN PUBLIC KEY-----\nMC4C\n-----END PUBLIC KEY-----",
            &tests::PEM_PUBLIC.replace("MCow", "MCox"),
        ] {
            assert!(PublicKey::parse(text).is_err(), "{text}");
        }
    }
}
