//! The part of `goassay.toml` that images of programs read: `[build.image]`.

use super::{Reader, Value};
use goassay_build::package::oci::User;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// `[build.image]`. Paths are relative to the file.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Image {
    /// Certificates that the program trusts, in PEM.
    pub(crate) certificates: Option<PathBuf>,
    /// /etc/passwd.
    pub(crate) passwd: Option<PathBuf>,
    /// /etc/group.
    pub(crate) group: Option<PathBuf>,
    /// Who the program runs as.
    pub(crate) user: Option<User>,
    /// Labels besides those that the build knows.
    pub(crate) labels: BTreeMap<String, String>,
}

const KNOWN: &str = "`ca-certificates`, `passwd`, `group`, `user`, `labels`";

impl Image {
    /// Paths from the folder of the configuration file on.
    pub(super) fn resolve(&mut self, base: &Path) {
        for path in [&mut self.certificates, &mut self.passwd, &mut self.group] {
            *path = path.take().map(|path| base.join(path));
        }
    }
}

impl Reader<'_> {
    pub(super) fn image(&mut self, value: &Value<'_>) -> Image {
        let mut image = Image::default();
        for (key, value) in self.table(value, "image") {
            let key_text = key.get_ref().as_ref();
            let path = |reader: &mut Self| reader.text(value, key_text).map(PathBuf::from);
            match key_text {
                "ca-certificates" => image.certificates = path(self),
                "passwd" => image.passwd = path(self),
                "group" => image.group = path(self),
                "user" => image.user = self.parsed(value, "user", User::parse),
                "labels" => image.labels = self.labels(value),
                other => self.unknown(key.span(), other, KNOWN),
            }
        }
        image
    }

    fn labels(&mut self, value: &Value<'_>) -> BTreeMap<String, String> {
        let mut labels = BTreeMap::new();
        for (key, value) in self.table(value, "labels") {
            let name = key.get_ref().as_ref();
            let fits = !name.is_empty() && !name.contains(|c: char| c.is_control() || c == ' ');
            match value.get_ref().as_str() {
                Some(text) if fits => {
                    labels.insert(name.to_owned(), text.to_owned());
                }
                _ => self.fault(
                    key.span(),
                    "a label is `\"name\" = \"text\"`, with no blank in the name",
                ),
            }
        }
        labels
    }
}

#[cfg(test)]
mod tests {
    use super::super::parse;
    use std::path::{Path, PathBuf};

    #[test]
    fn keys_are_read_and_others_are_faults() {
        let text = r#"
[build.image]
ca-certificates = "ca.pem"
passwd = "etc/passwd"
group = "/etc/group"
user = "app:app"
labels = { "a.b" = "", "c" = "d e" }
"#;
        let mut image = parse(text).unwrap().build.image;
        image.resolve(Path::new("/conf"));
        assert_eq!(image.certificates, Some(PathBuf::from("/conf/ca.pem")));
        assert_eq!(image.passwd, Some(PathBuf::from("/conf/etc/passwd")));
        assert_eq!(image.group, Some(PathBuf::from("/etc/group")));
        assert_eq!(image.user.unwrap().to_string(), "app:app");
        assert_eq!(image.labels["c"], "d e");
        let wrong =
            "[build.image]\nuser = \"a b\"\nbase = \"x\"\nlabels = { \"a b\" = \"\", c = 1 }\n";
        assert_eq!(parse(wrong).unwrap_err().len(), 4);
    }
}
