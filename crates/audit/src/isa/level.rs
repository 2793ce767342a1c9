//! Levels of instruction sets as the go command names them (`src/internal/buildcfg/cfg.go`): `GOAMD64=v3`, `GOARM64=v8.0,lse`.

use std::fmt;

/// A variable of the go command that chooses a level, with its values from the lowest up.
#[derive(Debug, PartialEq, Eq)]
struct Setting {
    arch: &'static str,
    name: &'static str,
    values: &'static [&'static str],
}

static SETTINGS: [Setting; 6] = [
    Setting {
        arch: "386",
        name: "GO386",
        values: &["softfloat", "sse2"],
    },
    Setting {
        arch: "amd64",
        name: "GOAMD64",
        values: &["v1", "v2", "v3", "v4"],
    },
    Setting {
        arch: "arm",
        name: "GOARM",
        values: &["5", "6", "7"],
    },
    Setting {
        arch: "arm64",
        name: "GOARM64",
        values: &[
            "v8.0", "v8.1", "v8.2", "v8.3", "v8.4", "v8.5", "v8.6", "v8.7", "v8.8", "v8.9", "v9.0",
            "v9.1", "v9.2", "v9.3", "v9.4", "v9.5",
        ],
    },
    Setting {
        arch: "ppc64",
        name: "GOPPC64",
        values: &["power8", "power9", "power10"],
    },
    Setting {
        arch: "riscv64",
        name: "GORISCV64",
        values: &["rva20u64", "rva22u64", "rva23u64"],
    },
];

/// Indexes of arm64 values: the first with LSE, and the first of Armv9, which has what Armv8.5 has.
const ARM64_LSE: u8 = 1;
const ARM64_V9: u8 = 10;

/// A level of one architecture's instruction set.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Level {
    setting: &'static Setting,
    /// Index into the values.
    index: u8,
    /// arm64: atomic instructions of the Large System Extensions, by name or because the version has them.
    lse: bool,
    /// arm64: the cryptographic extension, by name.
    crypto: bool,
}

impl Level {
    /// The lowest level of an architecture in Go's words; `None` where the go command knows no levels of it.
    pub fn lowest(arch: &str) -> Option<Level> {
        let setting = SETTINGS.iter().find(|setting| is_of(setting, arch))?;
        Some(Level::new(setting, 0, false, false))
    }

    /// The level that a value of the architecture's variable stands for; `None` where the go command would refuse it.
    pub fn parse(arch: &str, value: &str) -> Option<Level> {
        let lowest = Level::lowest(arch)?;
        let mut words = value.split(',');
        let version = words.next()?;
        let index = lowest.setting.values.iter().position(|&v| v == version)?;
        let (mut lse, mut crypto) = (false, false);
        for word in words {
            match (lowest.setting.arch, word) {
                ("arm64", "lse") => lse = true,
                ("arm64", "crypto") => crypto = true,
                // Who has the floating point unit runs either.
                ("arm", "softfloat" | "hardfloat") => {}
                _ => return None,
            }
        }
        let index = u8::try_from(index).ok()?;
        Some(Level::new(lowest.setting, index, lse, crypto))
    }

    fn new(setting: &'static Setting, index: u8, lse: bool, crypto: bool) -> Level {
        let has_lse = setting.arch == "arm64" && index >= ARM64_LSE;
        Level {
            setting,
            index,
            lse: lse || has_lse,
            crypto,
        }
    }

    /// Another level of the same architecture.
    pub(super) fn sibling(&self, value: &str) -> Option<Level> {
        Level::parse(self.setting.arch, value)
    }

    /// The variable: `GOAMD64`.
    pub fn setting(&self) -> &'static str {
        self.setting.name
    }

    /// The variable of an architecture in Go's words.
    pub fn setting_of(arch: &str) -> Option<&'static str> {
        Level::lowest(arch).map(|level| level.setting())
    }

    /// True where a machine of this level runs everything that `needed` stands for. Levels of two architectures have
    /// nothing to do with each other.
    pub fn covers(&self, needed: &Level) -> bool {
        self.setting == needed.setting
            && self.covers_version(needed.index)
            && (self.lse || !needed.lse)
            && (self.crypto || !needed.crypto)
    }

    fn covers_version(&self, needed: u8) -> bool {
        let v9 = |index| self.setting.arch == "arm64" && index >= ARM64_V9;
        if v9(self.index) && !v9(needed) {
            return needed <= self.index - ARM64_V9 + 5;
        }
        needed <= self.index
    }

    /// The higher one of two levels of one architecture; `self` where neither covers the other.
    pub(crate) fn or_higher(self, other: Level) -> Level {
        if other.covers(&self) { other } else { self }
    }
}

fn is_of(setting: &Setting, arch: &str) -> bool {
    setting.arch == arch || setting.arch == "ppc64" && arch == "ppc64le"
}

impl fmt::Debug for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={self}", self.setting.name)
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let version = self.setting.values.get(usize::from(self.index));
        f.write_str(version.copied().unwrap_or_default())?;
        if self.lse && self.index < ARM64_LSE {
            f.write_str(",lse")?;
        }
        if self.crypto {
            f.write_str(",crypto")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn covers(arch: &str, has: &str, needed: &str) -> bool {
        let level = |value| Level::parse(arch, value).expect("a level");
        level(has).covers(&level(needed))
    }

    #[test]
    fn values_are_those_of_the_go_command() {
        for (arch, value) in [
            ("amd64", "v3"),
            ("arm64", "v8.0,lse"),
            ("arm64", "v9.2,crypto"),
            ("arm64", "v8.0,lse,crypto"),
            ("ppc64le", "power9"),
            ("riscv64", "rva22u64"),
        ] {
            let level = Level::parse(arch, value).expect(value);
            assert_eq!(level.to_string(), value);
        }
        assert_eq!(
            Level::parse("arm", "7,softfloat").map(|l| l.to_string()),
            Some("7".to_owned())
        );
        for (arch, value) in [
            ("amd64", "v5"),
            ("amd64", "v3,lse"),
            ("arm64", "v8"),
            ("arm64", "v8.0,"),
            ("s390x", "z13"),
            ("amd64", ""),
        ] {
            assert_eq!(Level::parse(arch, value), None, "{arch} {value}");
        }
    }

    #[test]
    fn higher_levels_run_what_lower_ones_need() {
        assert!(covers("amd64", "v3", "v2"));
        assert!(!covers("amd64", "v2", "v3"));
        assert!(covers("arm64", "v8.1", "v8.0,lse"));
        assert!(!covers("arm64", "v8.0", "v8.0,lse"));
        assert!(!covers("arm64", "v8.2", "v8.0,crypto"));
    }

    #[test]
    fn armv9_has_what_armv8_5_has() {
        assert!(covers("arm64", "v9.0", "v8.5"));
        assert!(!covers("arm64", "v9.0", "v8.6"));
        assert!(covers("arm64", "v9.1", "v8.6"));
        assert!(!covers("arm64", "v8.9", "v9.0"));
    }

    #[test]
    fn architectures_are_kept_apart() {
        let amd64 = Level::parse("amd64", "v4").expect("a level");
        let arm64 = Level::parse("arm64", "v8.0").expect("a level");
        assert!(!amd64.covers(&arm64));
        assert_eq!(arm64.or_higher(amd64), arm64);
    }
}
