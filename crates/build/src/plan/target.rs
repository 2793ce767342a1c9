//! What is built for: a platform, and the level of instructions that its machines have.

use crate::toolchain::Platform;
use std::fmt;

/// A platform, and perhaps a level.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Target {
    /// GOOS and GOARCH.
    pub platform: Platform,
    level: Option<String>,
}

/// The variable that holds an architecture's level, and the levels (`go help environment`).
const LEVELS: [(&str, &str, &[&str]); 9] = [
    ("386", "GO386", &["sse2", "softfloat"]),
    ("amd64", "GOAMD64", &["v1", "v2", "v3", "v4"]),
    ("arm", "GOARM", &["5", "6", "7"]),
    ("arm64", "GOARM64", &["v8.", "v9."]),
    ("mips", "GOMIPS", &["hardfloat", "softfloat"]),
    ("mips64", "GOMIPS64", &["hardfloat", "softfloat"]),
    ("ppc64le", "GOPPC64", &["power8", "power9", "power10"]),
    (
        "riscv64",
        "GORISCV64",
        &["rva20u64", "rva22u64", "rva23u64"],
    ),
    ("wasm", "GOWASM", &["satconv", "signext"]),
];

/// Where Go's own linker makes position-independent executables (internal/platform of Go 1.22 to 1.26).
const PIE: [(&str, &[&str]); 3] = [
    ("darwin", &["amd64", "arm64"]),
    ("linux", &["amd64", "arm64", "ppc64le"]),
    ("windows", &["386", "amd64", "arm64"]),
];

impl Target {
    /// Reads `linux/amd64` or `linux/amd64/v3`.
    ///
    /// # Errors
    /// It is none, or the architecture has no such level: says why.
    pub fn parse(text: &str) -> Result<Target, String> {
        let wrong = |error: &dyn fmt::Display| error.to_string();
        let mut parts = text.splitn(3, '/');
        let (os, arch) = (
            parts.next().unwrap_or_default(),
            parts.next().unwrap_or_default(),
        );
        let platform = Platform::parse(&format!("{os}/{arch}")).map_err(|error| wrong(&error))?;
        let Some(level) = parts.next() else {
            return Ok(Target {
                platform,
                level: None,
            });
        };
        let known = LEVELS.iter().find(|(of, ..)| *of == arch);
        let Some((_, variable, levels)) = known else {
            return Err(format!("{arch} has no levels, so `{level}` means nothing"));
        };
        // A value may carry options behind a comma, and arm64 has minor numbers.
        let base = level.split(',').next().unwrap_or_default();
        let fits = |known: &&str| match known.strip_suffix('.') {
            Some(major) => base
                .strip_prefix(major)
                .is_some_and(|rest| rest.starts_with('.')),
            None => *known == base,
        };
        match levels.iter().any(fits) {
            true => Ok(Target {
                platform,
                level: Some(level.to_owned()),
            }),
            false => Err(format!(
                "{variable} has no level `{level}`: there are {}",
                levels.join(", ")
            )),
        }
    }

    /// The variable and its value, where a level was asked for.
    #[must_use]
    pub fn level(&self) -> Option<(&'static str, &str)> {
        let level = self.level.as_deref()?;
        let known = LEVELS.iter().find(|(of, ..)| *of == self.platform.arch)?;
        Some((known.1, level))
    }

    /// Whether Go's linker makes position-independent executables for it.
    #[must_use]
    pub fn can_be_pie(&self) -> bool {
        let Platform { os, arch } = &self.platform;
        let known = PIE.iter().find(|(of, _)| of == os);
        known.is_some_and(|(_, all)| all.contains(&arch.as_str()))
    }

    /// Whether its executables are ELF files.
    #[must_use]
    pub fn is_elf(&self) -> bool {
        let os = self.platform.os.as_str();
        !matches!(
            os,
            "darwin" | "ios" | "windows" | "plan9" | "aix" | "js" | "wasip1"
        )
    }

    /// A name for a folder: `linux-amd64-v3`.
    #[must_use]
    pub fn folder(&self) -> String {
        self.to_string().replace(['/', ','], "-")
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.platform)?;
        match &self.level {
            Some(level) => write!(f, "/{level}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn platforms_and_levels() {
        for (text, level) in [
            ("linux/amd64", None),
            ("linux/amd64/v3", Some(("GOAMD64", "v3"))),
            ("linux/arm64/v8.2,lse", Some(("GOARM64", "v8.2,lse"))),
            ("linux/arm/6,softfloat", Some(("GOARM", "6,softfloat"))),
            ("linux/386/softfloat", Some(("GO386", "softfloat"))),
        ] {
            let target = Target::parse(text).unwrap();
            assert_eq!(
                (target.level(), target.to_string()),
                (level, text.to_owned())
            );
        }
        for text in [
            "linux",
            "linux/amd64/v5",
            "linux/arm64/v8",
            "linux/s390x/z13",
            "/",
            "linux/amd64/",
        ] {
            assert!(Target::parse(text).is_err(), "{text}");
        }
        let target = Target::parse("linux/arm64/v8.2,lse").unwrap();
        assert_eq!(target.folder(), "linux-arm64-v8.2-lse");
        assert!(target.is_elf() && target.can_be_pie());
        assert!(!Target::parse("linux/s390x").unwrap().can_be_pie());
    }
}
