//! Signatures of the program itself.

use super::{Finding, Subject};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// What `openssl pkeyutl -sign -rawin`, `openssl dgst -sha256 -sign` and `cosign sign-blob --key` write: the signature, as it is or base64.
pub(super) fn plain(subject: &Subject<'_>, document: &[u8]) -> Finding {
    if document.starts_with(b"-----BEGIN PGP") {
        return openpgp(subject, document);
    }
    let Some(key) = subject.key else {
        return Finding::NotChecked("no key was given to believe: --public-key".to_owned());
    };
    let text = std::str::from_utf8(document).ok();
    let decoded = text.and_then(|text| STANDARD.decode(text.trim()).ok());
    let signature = decoded.as_deref().unwrap_or(document);
    match key.signed(subject.file, signature) {
        true => Finding::Holds("the given key signed the program".to_owned()),
        false => Finding::Fails("it is no signature of the program by the given key".to_owned()),
    }
}

pub(super) fn openpgp(_: &Subject<'_>, _: &[u8]) -> Finding {
    not_read("OpenPGP signatures", "gpg --verify")
}

pub(super) fn minisign(_: &Subject<'_>, _: &[u8]) -> Finding {
    not_read("signatures of minisign", "minisign -V")
}

pub(super) fn sigstore(_: &Subject<'_>, _: &[u8]) -> Finding {
    not_read("bundles of Sigstore", "cosign verify-blob")
}

fn not_read(what: &str, who: &str) -> Finding {
    Finding::NotChecked(format!("{what} are not read here: `{who}` does"))
}
