//! Which Go builds which: the releases' own rule, from a C compiler up.
//!
//! Go was written in C until 1.4. Each later release names the oldest Go that can build it; this is that rule as a function,
//! and the chains that follow from it. Pure: versions in, links out.

use crate::toolchain::{Name, Platform, Version};
use std::fmt;
use std::path::PathBuf;

/// Where one toolchain of a chain comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Link {
    /// A published toolchain, as the checksum database recorded it.
    Published(Version),
    /// Built from the published source of this version: by the link before it, or by the C compiler where there is none.
    Built(Version),
    /// A Go that is there, in this GOROOT: nothing vouches for it.
    Folder(PathBuf),
}

impl fmt::Display for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Link::Published(version) => write!(f, "go{version} as published"),
            Link::Built(version) => write!(f, "go{version} built from source"),
            Link::Folder(_) => f.write_str("a Go that was there"),
        }
    }
}

/// How a chain is chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Choice {
    /// One published toolchain.
    Short,
    /// Everything from the C compiler up.
    Full,
    /// These links, the last one builds the target.
    Given(Vec<Link>),
}

impl Choice {
    /// The word for it in documents.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Choice::Short => "short",
            Choice::Full => "full",
            Choice::Given(_) => "given",
        }
    }
}

/// Why there is no chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Error {
    /// No toolchain is published that could build it.
    NothingPublished {
        /// The minor version that is wanted, `1.22`.
        wanted: String,
        /// For which platform.
        platform: Platform,
    },
    /// Given links that cannot be.
    Given(String),
    /// Chains that all begin with the same.
    Alike,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::NothingPublished { wanted, platform } => {
                write!(
                    f,
                    "the proxy lists no go{wanted} for {platform}, which is needed to build it"
                )
            }
            Error::Given(why) => write!(f, "that is no chain: {why}"),
            Error::Alike => f.write_str(
                "two chains that begin differently are needed, or there is nothing to compare",
            ),
        }
    }
}

impl std::error::Error for Error {}

/// First release whose published files can be made again bit by bit.
const REPRODUCIBLE: u32 = 21;
/// Last release that a C compiler builds.
const LAST_IN_C: u32 = 4;

/// Whether the release promises that its published files can be made again bit by bit.
#[must_use]
pub fn is_reproducible(version: &Version) -> bool {
    version.minor().is_some_and(|minor| minor >= REPRODUCIBLE)
}

/// Whether it is built by a C compiler.
#[must_use]
pub fn is_built_by_c(version: &Version) -> bool {
    version.minor().is_some_and(|minor| minor <= LAST_IN_C)
}

/// The minor version of Go 1 that builds Go 1.`minor`; none where a C compiler does.
#[must_use]
pub fn builder_of(minor: u32) -> Option<u32> {
    match minor {
        0..=4 => None,
        5..=19 => Some(4),
        20..=21 => Some(17),
        22..=23 => Some(20),
        _ => Some((minor - 2) & !1),
    }
}

/// The chain that builds `target` on `host`, of what is `published`.
///
/// # Errors
/// Something that it needs is not published, or the given links are no chain.
pub fn plan(
    target: &Version,
    choice: &Choice,
    host: &Platform,
    published: &[Name],
) -> Result<Vec<Link>, Error> {
    match choice {
        Choice::Given(links) => given(target, links),
        Choice::Short => {
            let builder = target.minor().and_then(builder_of);
            let newest = builder.map(|minor| newest(minor, host, published));
            Ok(newest
                .transpose()?
                .map(Link::Published)
                .into_iter()
                .collect())
        }
        Choice::Full => {
            let mut links = Vec::new();
            let mut next = target.minor().and_then(builder_of);
            while let Some(minor) = next {
                links.push(Link::Built(newest(minor, host, published)?));
                next = builder_of(minor);
            }
            links.reverse();
            Ok(links)
        }
    }
}

/// The chain that builds `target` on `host` and begins with `first`, a Go 1.`minor`.
///
/// # Errors
/// Something that it needs is not published, or `target` is built by a C compiler.
pub fn upward(
    first: Link,
    minor: u32,
    target: &Version,
    host: &Platform,
    published: &[Name],
) -> Result<Vec<Link>, Error> {
    let mut links = Vec::new();
    let mut next = target.minor();
    loop {
        let Some(needed) = next.and_then(builder_of) else {
            return Err(Error::Given(format!(
                "Go 1.{minor} is too old to begin with"
            )));
        };
        if needed <= minor {
            break;
        }
        links.push(Link::Built(newest(needed, host, published)?));
        next = Some(needed);
    }
    links.push(first);
    links.reverse();
    Ok(links)
}

fn newest(minor: u32, host: &Platform, published: &[Name]) -> Result<Version, Error> {
    published
        .iter()
        .filter(|name| name.platform == *host && name.version.is_release())
        .filter(|name| name.version.minor() == Some(minor))
        .map(|name| &name.version)
        .max()
        .cloned()
        .ok_or_else(|| Error::NothingPublished {
            wanted: format!("1.{minor}"),
            platform: host.clone(),
        })
}

// Whether a given Go can build the next one is for the build to say: the rule names the oldest, not the only one.
fn given(target: &Version, links: &[Link]) -> Result<Vec<Link>, Error> {
    let refuse = |why: String| Err(Error::Given(why));
    for (index, link) in links.iter().enumerate() {
        match link {
            Link::Published(_) | Link::Folder(_) if index > 0 => {
                return refuse(format!("{link} can only be the first link"));
            }
            Link::Built(version) if is_built_by_c(version) != (index == 0) => {
                return refuse(format!("go{version} is built by {}", builder(version)));
            }
            Link::Published(_) | Link::Built(_) | Link::Folder(_) => {}
        }
    }
    if links.is_empty() != is_built_by_c(target) {
        return refuse(format!("go{target} is built by {}", builder(target)));
    }
    Ok(links.to_vec())
}

fn builder(version: &Version) -> &'static str {
    if is_built_by_c(version) {
        "a C compiler, not by Go"
    } else {
        "another Go, so that has to come first"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(text: &str) -> Version {
        Version::parse(text).unwrap()
    }

    fn published() -> Vec<Name> {
        let names =
            "1.4.1 1.4.3 1.17.13 1.17.2 1.20.14 1.20.2 1.22.12 1.22.6 1.22rc9 1.24.13 1.26.8";
        let of = |text: &str, platform: &str| Name {
            version: version(text),
            platform: Platform::parse(platform).unwrap(),
        };
        let mut names: Vec<Name> = names.split(' ').map(|v| of(v, "linux/amd64")).collect();
        names.push(of("1.22.99", "linux/arm64"));
        names
    }

    fn planned(target: &str, choice: &Choice) -> Result<Vec<String>, Error> {
        let host = Platform::parse("linux/amd64").unwrap();
        let links = plan(&version(target), choice, &host, &published())?;
        Ok(links.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn any_go_is_a_beginning_and_what_it_cannot_build_comes_between() {
        let host = Platform::parse("linux/amd64").unwrap();
        let planned = |minor: u32, target: &str| {
            let first = Link::Folder(PathBuf::from("/go"));
            let links = upward(first, minor, &version(target), &host, &published());
            links.map(|links| {
                let links = links.iter().map(ToString::to_string);
                links.collect::<Vec<_>>().join(", ")
            })
        };
        let there = "a Go that was there".to_owned();
        for (minor, target, want) in [
            (22, "1.25.14", ""),
            (26, "1.25.14", ""),
            (
                18,
                "1.25.14",
                ", go1.20.14 built from source, go1.22.12 built from source",
            ),
            (18, "1.21.13", ""),
            (14, "1.21.13", ", go1.17.13 built from source"),
        ] {
            assert_eq!(
                planned(minor, target),
                Ok(format!("{there}{want}")),
                "{minor}"
            );
        }
        assert!(matches!(planned(3, "1.21.13"), Err(Error::Given(_))));
        assert!(matches!(
            planned(18, "1.31.1"),
            Err(Error::NothingPublished { .. })
        ));
    }

    #[test]
    fn each_release_is_built_by_what_it_asks_for() {
        // From the installation page of Go and make.bash of each release.
        for (minor, want) in [
            (2, None),
            (4, None),
            (5, Some(4)),
            (19, Some(4)),
            (20, Some(17)),
            (21, Some(17)),
            (22, Some(20)),
            (23, Some(20)),
            (24, Some(22)),
            (25, Some(22)),
            (26, Some(24)),
            (27, Some(24)),
            (28, Some(26)),
        ] {
            assert_eq!(builder_of(minor), want, "1.{minor}");
        }
        assert!(is_reproducible(&version("1.21rc2")) && !is_reproducible(&version("1.20.14")));
    }

    #[test]
    fn chains_take_the_newest_patch_for_the_host() {
        assert_eq!(
            planned("1.25.14", &Choice::Short).unwrap(),
            ["go1.22.12 as published"]
        );
        let full = planned("1.26.8", &Choice::Full).unwrap();
        let want = ["1.4.3", "1.17.13", "1.20.14", "1.22.12", "1.24.13"];
        assert_eq!(full, want.map(|v| format!("go{v} built from source")));
        assert_eq!(
            planned("1.4.3", &Choice::Full).unwrap(),
            Vec::<String>::new(),
            "C builds it"
        );
        let error = plan(
            &version("1.25.14"),
            &Choice::Full,
            &Platform::parse("linux/arm64").unwrap(),
            &published(),
        );
        assert_eq!(
            error.unwrap_err().to_string(),
            "the proxy lists no go1.20 for linux/arm64, which is needed to build it"
        );
    }

    #[test]
    fn given_links_have_to_be_a_chain() {
        let built = |v| Link::Built(version(v));
        let given = |links| planned("1.25.14", &Choice::Given(links));
        assert!(given(vec![built("1.4.3"), built("1.17.13"), built("1.22.6")]).is_ok());
        assert!(given(vec![Link::Folder("/go".into())]).is_ok());
        assert!(given(vec![Link::Published(version("1.24.13")), built("1.26.8")]).is_ok());
        for links in [
            vec![],
            vec![built("1.22.12")],
            vec![built("1.4.3"), Link::Published(version("1.22.12"))],
            vec![built("1.4.3"), built("1.4.3")],
        ] {
            assert!(given(links.clone()).is_err(), "{links:?}");
        }
    }
}
