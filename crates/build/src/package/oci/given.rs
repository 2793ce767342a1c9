//! Files that are given for an image: certificates, users, groups; and who the program runs as.
//!
//! They are checked as far as a mistake would be found only when the image runs, or would publish what nobody wants to publish.

use super::super::Member;
use std::fmt;

/// Where Go programs look for certificates, among other places.
pub const CERTIFICATES: &str = "etc/ssl/certs/ca-certificates.crt";
/// Names of users.
pub const PASSWD: &str = "etc/passwd";
/// Names of groups.
pub const GROUP: &str = "etc/group";

/// What is given.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Given {
    /// Name below the root and contents.
    files: Vec<(&'static str, Vec<u8>)>,
    /// Who the program runs as.
    pub user: User,
}

/// A user, and a group where one is named; by number or name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    name: String,
    group: Option<String>,
}

impl Default for User {
    /// Nobody whom a system has files for.
    fn default() -> User {
        let nobody = || "65532".to_owned();
        User {
            name: nobody(),
            group: Some(nobody()),
        }
    }
}

impl fmt::Display for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        match &self.group {
            Some(group) => write!(f, ":{group}"),
            None => Ok(()),
        }
    }
}

impl User {
    /// Reads `65532`, `65532:65532`, `nobody:nogroup`.
    ///
    /// # Errors
    /// It is none.
    pub fn parse(text: &str) -> Result<User, String> {
        let part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
        let fits = |name: &str| {
            !name.is_empty() && !name.starts_with(['-', '.']) && name.chars().all(part)
        };
        let (name, group) = match text.split_once(':') {
            Some((name, group)) => (name, Some(group)),
            None => (text, None),
        };
        match fits(name) && group.is_none_or(fits) {
            true => Ok(User {
                name: name.to_owned(),
                group: group.map(str::to_owned),
            }),
            false => Err(format!(
                "`{text}` is no user: `65532`, `65532:65532` or `NAME:GROUP`"
            )),
        }
    }
}

impl Given {
    /// Checks files, by their name below the root, and the user against them.
    ///
    /// # Errors
    /// What is wrong, with the name of the file.
    pub fn new(files: Vec<(&'static str, Vec<u8>)>, user: User) -> Result<Given, String> {
        for (name, bytes) in &files {
            let wrong = match *name {
                CERTIFICATES => certificates(bytes),
                PASSWD => table(bytes, 7),
                _ => table(bytes, 4),
            };
            wrong.map_err(|why| format!("as /{name}: {why}"))?;
        }
        let given = Given { files, user };
        given.knows(PASSWD, Some(&given.user.name))?;
        given.knows(GROUP, given.user.group.as_deref())?;
        Ok(given)
    }

    /// The files, as members of a layer.
    pub(super) fn members(&self) -> Vec<Member<'_>> {
        self.files()
            .map(|(name, bytes)| Member {
                name,
                bytes,
                is_program: false,
            })
            .collect()
    }

    /// Names below the root, and contents.
    pub fn files(&self) -> impl Iterator<Item = (&'static str, &[u8])> {
        self.files
            .iter()
            .map(|(name, bytes)| (*name, bytes.as_slice()))
    }

    /// A name has to be in the table; a number need not.
    fn knows(&self, table: &str, wanted: Option<&str>) -> Result<(), String> {
        let wanted = wanted.filter(|name| !name.bytes().all(|byte| byte.is_ascii_digit()));
        let Some(wanted) = wanted else {
            return Ok(());
        };
        let table_of = self.files.iter().find(|(name, _)| *name == table);
        let text = table_of.map_or("".into(), |(_, bytes)| String::from_utf8_lossy(bytes));
        let is_it = |line: &str| line.split(':').next() == Some(wanted);
        match text.lines().any(is_it) {
            true => Ok(()),
            false => Err(format!(
                "`{wanted}` of the user {} is in no /{table} of the image",
                self.user
            )),
        }
    }
}

/// A bundle of certificates in PEM, with no key in it.
fn certificates(bytes: &[u8]) -> Result<(), String> {
    let text = String::from_utf8_lossy(bytes);
    let begins = |what: &str| {
        text.lines()
            .any(|line| line.starts_with("-----BEGIN ") && line.contains(what))
    };
    if begins("PRIVATE KEY") {
        return Err("there is a private key in it".to_owned());
    }
    match begins(" CERTIFICATE-----") {
        true => Ok(()),
        false => Err("there is no certificate in PEM in it".to_owned()),
    }
}

/// Lines of so many fields between colons.
fn table(bytes: &[u8], fields: usize) -> Result<(), String> {
    let text = str::from_utf8(bytes).map_err(|_| "it is not UTF-8".to_owned())?;
    let wrong = |(_, line): &(usize, &str)| !line.is_empty() && line.split(':').count() != fields;
    match text.lines().enumerate().find(wrong) {
        Some((at, _)) => Err(format!(
            "line {} has not {fields} fields between colons",
            at + 1
        )),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CERTIFICATE: &str =
        "# a comment\n-----BEGIN CERTIFICATE-----\nMII=\n-----END CERTIFICATE-----\n";

    fn given(name: &'static str, text: &str, user: &str) -> Result<Given, String> {
        let user = User::parse(user)?;
        Given::new(vec![(name, text.as_bytes().to_vec())], user)
    }

    #[test]
    fn mistakes_are_found_before_the_image_runs() {
        let passwd = "root:x:0:0:root:/root:/none\n\napp:x:7:7::/:/none\n";
        assert!(given(CERTIFICATES, CERTIFICATE, "65532").is_ok());
        assert!(given(PASSWD, passwd, "app:7").is_ok());
        assert!(given(GROUP, "app:x:7:\n", "7:app").is_ok());
        for (name, text, user, why) in [
            (
                CERTIFICATES,
                "MII=",
                "1",
                "as /etc/ssl/certs/ca-certificates.crt: there is no certificate",
            ),
            (
                PASSWD,
                "app:x:7\n",
                "1",
                "as /etc/passwd: line 1 has not 7 fields",
            ),
            (
                PASSWD,
                passwd,
                "other",
                "`other` of the user other is in no /etc/passwd",
            ),
            (
                PASSWD,
                passwd,
                "app:app",
                "`app` of the user app:app is in no /etc/group",
            ),
            (GROUP, "app:x:7", "1", "line 1 has not 4"),
        ] {
            let found = given(name, text, user).unwrap_err();
            assert!(found.contains(why), "{found}");
        }
        let key = format!("{CERTIFICATE}-----BEGIN EC PRIVATE KEY-----\n");
        assert!(
            given(CERTIFICATES, &key, "1")
                .unwrap_err()
                .contains("private key")
        );
    }

    #[test]
    fn users() {
        for text in ["0", "65532:65532", "nobody:no-group", "a.b_c"] {
            assert_eq!(User::parse(text).unwrap().to_string(), text);
        }
        for text in ["", ":", "a:", ":b", "a b", "-a", "a:b:c", "a\n", "../a"] {
            assert!(User::parse(text).is_err(), "{text:?}");
        }
        assert_eq!(User::default().to_string(), "65532:65532");
    }
}
