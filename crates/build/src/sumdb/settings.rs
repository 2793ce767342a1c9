//! Which database: the value of GOSUMDB.
//!
//! The key of the public database is built in **without its name**. The name comes from the user's settings, and the
//! key's hash says whether it is the one that belongs to this key.

use super::error::{Error, Kind};
use super::note::{self, Key};

/// Hash and key of the public database. The hash binds its name, which GOSUMDB says.
const PUBLIC: (u32, &str) = (0x033d_e0ae, "Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8");

/// A database that can be verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Database {
    key: Key,
    url: Option<String>,
}

impl Database {
    /// Reads `NAME`, `NAME URL`, `NAME+HASH+KEY` or `NAME+HASH+KEY URL`.
    ///
    /// # Errors
    /// [`Kind::Key`].
    pub fn parse(gosumdb: &str) -> Result<Database, Error> {
        let mut fields = gosumdb.split_whitespace();
        let (name, url) = match (fields.next(), fields.next(), fields.next()) {
            (None, ..) => return Err(Error::new(Kind::Key, "GOSUMDB is empty")),
            (Some("off"), None, _) => return Err(Error::new(Kind::Key, "GOSUMDB is off")),
            (Some(name), url, None) => (name, url),
            _ => {
                return Err(Error::new(
                    Kind::Key,
                    "GOSUMDB has more than a key and a URL",
                ));
            }
        };
        let key = if name.contains('+') {
            Key::parse(name)?
        } else {
            public(name)?
        };
        if !is_host_and_path(key.name()) {
            let why = format!("`{}` is not of the form HOST or HOST/PATH", key.name());
            return Err(Error::new(Kind::Key, why));
        }
        let url = match url.map(|url| url.trim_end_matches('/')) {
            Some(url) if !url.contains("://") => {
                return Err(Error::new(
                    Kind::Key,
                    format!("`{url}` in GOSUMDB is no URL"),
                ));
            }
            url => url.map(str::to_owned),
        };
        Ok(Database { key, url })
    }

    /// Its key.
    #[must_use]
    pub fn key(&self) -> &Key {
        &self.key
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.key.name()
    }

    /// Where it is asked whatever the proxies say.
    pub(super) fn url(&self) -> Option<&str> {
        self.url.as_deref()
    }
}

/// The public database, if that is its name.
fn public(name: &str) -> Result<Key, Error> {
    let key = note::decode(PUBLIC.1).and_then(|key| Key::of(name, &key));
    key.filter(|key| key.hash() == PUBLIC.0).ok_or_else(|| {
        let why = format!(
            "`{name}` is not the name of the public database, and GOSUMDB says no key for it"
        );
        Error::new(Kind::Key, why)
    })
}

fn is_host_and_path(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || ".-_~/:".contains(c);
    let elements = || {
        name.split('/')
            .all(|e| !e.is_empty() && e != "." && e != "..")
    };
    name.chars().all(plain) && elements()
}

#[cfg(test)]
mod tests {
    use super::super::note::testing::Signer;
    use super::*;

    #[test]
    fn keys_and_addresses() {
        let vkey = Signer::new("sums.example/db", 7).vkey();
        let plain = Database::parse(&vkey).unwrap();
        assert_eq!((plain.name(), plain.url()), ("sums.example/db", None));
        let both = Database::parse(&format!(" {vkey}  https://mirror.example/x/ ")).unwrap();
        assert_eq!(both.url(), Some("https://mirror.example/x"));
    }

    #[test]
    fn a_name_alone_has_to_be_the_one_that_the_key_is_bound_to() {
        let error = Database::parse("sums.example").unwrap_err();
        assert_eq!(error.kind, Kind::Key);
        assert!(
            error
                .to_string()
                .contains("is not the name of the public database"),
            "{error}"
        );
        let (hash, key) = PUBLIC;
        let forged = format!("sums.example+{hash:08x}+{key}");
        assert!(
            Database::parse(&forged)
                .unwrap_err()
                .to_string()
                .contains("does not bind")
        );
    }

    #[test]
    fn what_is_no_database() {
        let vkey = Signer::new("a/../b", 7).vkey();
        for text in [
            "",
            " ",
            "off",
            "a b c",
            &vkey,
            "a+b",
            &(Signer::new("a", 1).vkey() + " host"),
        ] {
            assert_eq!(Database::parse(text).unwrap_err().kind, Kind::Key, "{text}");
        }
    }
}
