//! What a build is meant for: named sets of settings. Pure data; nothing here knows a project or a platform.

/// A set of settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Profile {
    /// The stable word for it.
    pub name: &'static str,
    /// No path of the builder in the file (`-trimpath`).
    pub trimpath: bool,
    /// Where debug information goes.
    pub dwarf: Dwarf,
    /// Build tags that are added to the project's own.
    pub tags: &'static [&'static str],
    /// What kind of file it is to be.
    pub kind: Kind,
    /// When C is compiled.
    pub cgo: Cgo,
    /// Whether cryptography is that of Go's frozen FIPS 140 module, in its FIPS mode from the start (`GOFIPS140`).
    pub fips: bool,
}

/// Where debug information goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dwarf {
    /// Not into the shipped file.
    Apart,
    /// Into the file.
    Inside,
}

/// A kind of executable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Loaded at any address, with read-only relocations, where the platform's linker can.
    Pie,
    /// Needs nothing of the system but the kernel.
    Static,
    /// What the go command makes by itself.
    Default,
}

/// When C is compiled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cgo {
    /// Where a package outside the standard library has C in it.
    AsNeeded,
}

const PURE: &[&str] = &["netgo", "osusergo"];

impl Profile {
    /// All of them, the default first.
    pub const ALL: [Profile; 4] = [
        Profile {
            name: "production",
            trimpath: true,
            dwarf: Dwarf::Apart,
            tags: PURE,
            kind: Kind::Pie,
            cgo: Cgo::AsNeeded,
            fips: false,
        },
        Profile {
            name: "static-container",
            trimpath: true,
            dwarf: Dwarf::Apart,
            tags: PURE,
            kind: Kind::Static,
            cgo: Cgo::AsNeeded,
            fips: false,
        },
        Profile {
            name: "fips",
            trimpath: true,
            dwarf: Dwarf::Apart,
            tags: PURE,
            kind: Kind::Pie,
            cgo: Cgo::AsNeeded,
            fips: true,
        },
        Profile {
            name: "debug",
            trimpath: false,
            dwarf: Dwarf::Inside,
            tags: &[],
            kind: Kind::Default,
            cgo: Cgo::AsNeeded,
            fips: false,
        },
    ];

    /// The one of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Profile> {
        Profile::ALL
            .into_iter()
            .find(|profile| profile.name == name)
    }
}
