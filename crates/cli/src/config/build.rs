//! The part of `goassay.toml` that `build` reads: `[build]`. What the command line says wins.

use super::{Image, Reader, Value};
use goassay_build::package;
use goassay_build::plan::Target;
use goassay_build::profile::Profile;
use goassay_build::toolchain::{Platform, Version};
use goassay_report::sbom::Format;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// `[build]`.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Build {
    pub(crate) profile: Option<Profile>,
    pub(crate) targets: Vec<Target>,
    /// The Go to build with, from the store.
    pub(crate) go: Option<Version>,
    pub(crate) packages: Vec<String>,
    /// Folder for what is built; as written, below the current one.
    pub(crate) output: Option<PathBuf>,
    /// Build tags besides the profile's.
    pub(crate) tags: Vec<String>,
    /// Values of string variables (`-X`) by name.
    pub(crate) variables: BTreeMap<String, String>,
    /// C compilers by platform.
    pub(crate) compilers: BTreeMap<String, String>,
    /// Packages of what is built.
    pub(crate) package: Vec<package::Format>,
    /// What container images have besides the program.
    pub(crate) image: Image,
    /// Formats of bills of materials.
    pub(crate) sboms: Vec<Format>,
}

const KNOWN: &str = "`profile`, `targets`, `go`, `packages`, `output`, `tags`, `variables`, `compilers`, `sboms`, `package`, `image`";

fn sbom_format(name: &str) -> Result<Format, String> {
    let found = Format::ALL.into_iter().find(|format| format.name() == name);
    let known = Format::ALL.map(|format| format!("`{}`", format.name()));
    found.ok_or_else(|| {
        format!(
            "`{name}` is not a format of bills of materials ({})",
            known.join(", ")
        )
    })
}

fn package_format(name: &str) -> Result<package::Format, String> {
    let known = package::Format::ALL.map(|format| format!("`{}`", format.name()));
    package::Format::named(name).ok_or_else(|| {
        format!(
            "`{name}` is not a format of packages ({})",
            known.join(", ")
        )
    })
}

impl Reader<'_> {
    pub(super) fn build(&mut self, value: &Value<'_>) -> Build {
        let mut build = Build::default();
        for (key, value) in self.table(value, "build") {
            match key.get_ref().as_ref() {
                "profile" => build.profile = self.build_profile(value),
                "targets" => build.targets = self.list(value, "targets", Target::parse),
                "sboms" => build.sboms = self.list(value, "sboms", sbom_format),
                "go" => {
                    build.go = self.parsed(value, "go", |text| {
                        Version::parse(text).map_err(|error| error.to_string())
                    })
                }
                "packages" => build.packages = self.texts(value, "packages"),
                "output" => build.output = self.text(value, "output").map(PathBuf::from),
                "tags" => build.tags = self.texts(value, "tags"),
                "variables" => build.variables = self.variables(value),
                "compilers" => build.compilers = self.compilers(value),
                "image" => build.image = self.image(value),
                "package" => build.package = self.list(value, "package", package_format),
                other => self.unknown(key.span(), other, KNOWN),
            }
        }
        build
    }

    fn build_profile(&mut self, value: &Value<'_>) -> Option<Profile> {
        self.parsed(value, "profile", |name| {
            let known = Profile::ALL.map(|profile| format!("`{}`", profile.name));
            Profile::named(name).ok_or_else(|| {
                format!("`{name}` is not a profile of builds ({})", known.join(", "))
            })
        })
    }

    fn list<T>(
        &mut self,
        value: &Value<'_>,
        name: &str,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Vec<T> {
        let Some(array) = value.get_ref().as_array() else {
            self.fault(value.span(), format!("`{name}` must be a list of strings"));
            return Vec::new();
        };
        let entry = |entry: &Value<'_>| self.parsed(entry, name, &parse);
        array.iter().filter_map(entry).collect()
    }

    fn variables(&mut self, value: &Value<'_>) -> BTreeMap<String, String> {
        let mut variables = BTreeMap::new();
        for (key, value) in self.table(value, "variables") {
            let name = key.get_ref().as_ref();
            let is_variable = name.contains('.') && !name.contains(['=', '\'', '"', ' ']);
            match value.get_ref().as_str() {
                Some(text) if is_variable && !text.contains(['\'', '\n']) => {
                    variables.insert(name.to_owned(), text.to_owned());
                }
                _ => self.fault(key.span(), "a variable is `\"import/path.name\" = \"text\"`, without quotes or line breaks in it"),
            }
        }
        variables
    }

    fn compilers(&mut self, value: &Value<'_>) -> BTreeMap<String, String> {
        let mut compilers = BTreeMap::new();
        for (key, value) in self.table(value, "compilers") {
            let platform = Platform::parse(key.get_ref())
                .map_err(|error| self.fault(key.span(), error.to_string()));
            if let (Ok(platform), Some(command)) = (platform, self.text(value, key.get_ref())) {
                compilers.insert(platform.to_string(), command);
            }
        }
        compilers
    }

    pub(super) fn parsed<T>(
        &mut self,
        value: &Value<'_>,
        name: &str,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Option<T> {
        let text = self.text(value, name)?;
        parse(&text)
            .map_err(|why| self.fault(value.span(), why))
            .ok()
    }
}

#[cfg(test)]
mod tests {
    use super::super::parse;
    use super::*;

    #[test]
    fn keys_are_read_and_others_are_faults() {
        let text = r#"
[build]
profile = "static-container"
targets = ["linux/amd64/v3", "linux/arm64"]
go = "1.26.8"
packages = ["./cmd/..."]
output = "out"
tags = ["sqlite"]
package = ["zip", "tar.gz"]
sboms = ["cyclonedx-1.7"]
[build.variables]
"main.channel" = "stable"
[build.compilers]
"linux/arm64" = "aarch64-linux-gnu-gcc"
"#;
        let build = parse(text).unwrap().build;
        assert_eq!(
            build.profile.map(|profile| profile.name),
            Some("static-container")
        );
        let targets: Vec<String> = build.targets.iter().map(ToString::to_string).collect();
        assert_eq!(targets, ["linux/amd64/v3", "linux/arm64"]);
        assert_eq!(build.go.as_ref().map(|go| go.as_str()), Some("1.26.8"));
        assert_eq!(build.variables["main.channel"], "stable");
        assert_eq!(
            (build.packages, build.tags),
            (vec!["./cmd/...".to_owned()], vec!["sqlite".to_owned()])
        );
        assert_eq!(build.sboms, [Format::CycloneDx17]);
        assert_eq!(build.compilers["linux/arm64"], "aarch64-linux-gnu-gcc");
        assert_eq!(
            build.package,
            [package::Format::Zip, package::Format::TarGz]
        );
        let wrong = "[build]\npackage = [\"rar\"]\nprofile = \"p\"\ntargets = [\"linux\"]\ngo = \"x\"\nsboms = [\"x\"]\nother = 1\n[build.variables]\nx = \"1\"\n\"a.b\" = \"it's\"\n";
        assert_eq!(parse(wrong).unwrap_err().len(), 8);
    }
}
