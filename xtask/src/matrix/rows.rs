//! The rows of the comparison.

use crate::go::Build;

/// What is built.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Program {
    /// `package@version` through the module proxy: a real program as its users build it.
    Package(&'static str),
    /// A folder below `fixtures/go`.
    Source(&'static str),
}

/// A change made to what was built.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Edit {
    /// None.
    None,
    /// An edit of the crate `goassay-fixtures`.
    Named(&'static str),
}

/// One way to link the program.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Variant {
    pub(super) label: &'static str,
    pub(super) ldflags: &'static str,
    pub(super) edit: Edit,
}

/// What a scan of the variants must give.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Want {
    /// The reference's findings on the unstripped twin.
    Findings,
    /// A gap whose reason has this word, and exit code 2.
    Gap(&'static str),
}

/// One program, toolchain, platform and build mode, in its variants.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Row {
    pub(super) name: String,
    pub(super) program: Program,
    pub(super) build: Build,
    /// For a universal file: what its second slice is built with.
    pub(super) second: Option<Build>,
    /// Where the reference cannot read this kind of file: the build mode of the twin that it reads instead.
    pub(super) read_instead: Option<&'static str>,
    pub(super) variants: Vec<Variant>,
    pub(super) want: Want,
    /// Part of what CI compares.
    pub(super) fixed: bool,
}

const PLAIN: Variant = Variant {
    label: "plain",
    ldflags: "",
    edit: Edit::None,
};
const NO_DWARF: Variant = Variant {
    label: "-w",
    ldflags: "-w",
    edit: Edit::None,
};
const STRIPPED: Variant = Variant {
    label: "-s -w",
    ldflags: "-s -w",
    edit: Edit::None,
};

/// Newest or most telling patch release of each minor version.
const TOOLCHAINS: [&str; 10] = [
    "1.18.10", "1.19.13", "1.20.14", "1.21.0", "1.22.12", "1.23.4", "1.24.0", "1.25.0", "1.26.0",
    "1.27.4",
];

const PLATFORMS: [(&str, &str); 7] = [
    ("linux", "amd64"),
    ("linux", "arm64"),
    ("linux", "386"),
    ("linux", "s390x"),
    ("windows", "amd64"),
    ("windows", "386"),
    ("darwin", "arm64"),
];

/// Real programs of different authors, each over 20 MB or with over 100 modules, in versions with known vulnerabilities.
const REAL: [(&str, &str, &str); 7] = [
    ("coredns", "github.com/coredns/coredns@v1.11.1", "1.21.0"),
    (
        "caddy",
        "github.com/caddyserver/caddy/v2/cmd/caddy@v2.6.4",
        "1.20.14",
    ),
    ("helm", "helm.sh/helm/v3/cmd/helm@v3.12.0", "1.22.12"),
    ("rclone", "github.com/rclone/rclone@v1.62.2", "1.20.14"),
    ("hugo", "github.com/gohugoio/hugo@v0.111.3", "1.25.0"),
    (
        "golangci-lint",
        "github.com/golangci/golangci-lint/cmd/golangci-lint@v1.52.0",
        "1.21.0",
    ),
    (
        "syft",
        "github.com/anchore/syft/cmd/syft@v0.80.0",
        "1.20.14",
    ),
];

/// Names of the rows that CI compares: one real program and six small ones that differ in format, width, byte order and
/// layout.
const FIXED: [&str; 7] = [
    "coredns",
    "small/1.18.10/linux/386/exe",
    "small/1.20.14/linux/amd64/pie",
    "small/1.21.0/linux/amd64/exe",
    "small/1.24.0/linux/s390x/exe",
    "small/1.26.0/windows/amd64/exe",
    "small/1.27.4/darwin/arm64/exe",
];

/// All rows.
pub(super) fn all() -> Vec<Row> {
    let mut rows: Vec<Row> = REAL.iter().map(real).collect();
    for go in TOOLCHAINS {
        for (goos, goarch) in PLATFORMS {
            rows.push(small(go, goos, goarch, "exe"));
            if has_pie(go, goos, goarch) {
                rows.push(small(go, goos, goarch, "pie"));
            }
        }
    }
    rows.extend(special());
    for row in &mut rows {
        row.fixed = FIXED.contains(&row.name.as_str());
    }
    rows
}

/// Whether Go's own linker makes PIEs of another kind than executables there. (For darwin an executable is one; the
/// others need the host's linker for the target.)
fn has_pie(go: &str, goos: &str, goarch: &str) -> bool {
    match (goos, goarch) {
        ("linux", "amd64" | "arm64") | ("windows", _) => true,
        ("linux", "s390x") => crate::go::minor(go) >= 27,
        _ => false,
    }
}

fn build(go: &str, goos: &str, goarch: &str, buildmode: &str, cgo: bool) -> Build {
    let [go, goos, goarch, buildmode] = [go, goos, goarch, buildmode].map(str::to_owned);
    Build {
        go,
        goos,
        goarch,
        buildmode,
        ldflags: String::new(),
        cgo,
    }
}

fn row(name: String, program: Program, build: Build) -> Row {
    let variants = vec![PLAIN, NO_DWARF, STRIPPED];
    Row {
        name,
        program,
        build,
        second: None,
        read_instead: None,
        variants,
        want: Want::Findings,
        fixed: false,
    }
}

fn real((name, package, go): &(&str, &'static str, &str)) -> Row {
    let build = build(go, "linux", "amd64", "exe", false);
    Row {
        variants: vec![PLAIN, STRIPPED],
        ..row((*name).to_owned(), Program::Package(package), build)
    }
}

fn small(go: &str, goos: &str, goarch: &str, buildmode: &str) -> Row {
    let name = format!("small/{go}/{goos}/{goarch}/{buildmode}");
    // The reference does not find the table of a PIE where it has no section of its own.
    let read_instead = (buildmode == "pie").then_some("exe");
    Row {
        read_instead,
        ..row(
            name,
            Program::Source("matrix"),
            build(go, goos, goarch, buildmode, false),
        )
    }
}

/// Kinds of files beside plain executables.
fn special() -> Vec<Row> {
    let native = |buildmode: &str, cgo| build("1.26.0", "linux", "amd64", buildmode, cgo);
    let cgo = |name: &str, buildmode: &str| {
        row(
            name.to_owned(),
            Program::Source("cgo"),
            native(buildmode, true),
        )
    };
    let external = Variant {
        label: "external",
        ldflags: "-linkmode=external",
        edit: Edit::None,
    };
    let external_stripped = Variant {
        label: "external -s -w",
        ldflags: "-linkmode=external -s -w",
        edit: Edit::None,
    };
    let mut rows = vec![
        cgo("c-shared", "c-shared"),
        Row {
            read_instead: Some("c-shared"),
            variants: vec![PLAIN, NO_DWARF],
            ..cgo("c-archive", "c-archive")
        },
        row(
            "plugin".to_owned(),
            Program::Source("plugin"),
            native("plugin", true),
        ),
        Row {
            variants: vec![external, external_stripped],
            ..cgo("cgo-pie-external", "pie")
        },
        row(
            "embedded".to_owned(),
            Program::Source("embed"),
            native("exe", false),
        ),
    ];
    for go in ["1.20.14", "1.27.4"] {
        rows.push(edited("no-section-headers", "remove-section-headers", go));
        rows.push(edited("wiped-magic", "wipe-pclntab-magic", go));
    }
    rows.push(Row {
        second: Some(build("1.25.0", "darwin", "arm64", "exe", false)),
        ..row(
            "fat".to_owned(),
            Program::Source("matrix"),
            build("1.25.0", "darwin", "amd64", "exe", false),
        )
    });
    rows.push(Row {
        variants: vec![Variant {
            label: "packed",
            ldflags: "-s -w",
            edit: Edit::Named("upx"),
        }],
        want: Want::Gap("UPX"),
        ..row(
            "upx".to_owned(),
            Program::Source("matrix"),
            native("exe", false),
        )
    });
    rows
}

fn edited(name: &str, edit: &'static str, go: &str) -> Row {
    let edited = |label, ldflags| Variant {
        label,
        ldflags,
        edit: Edit::Named(edit),
    };
    Row {
        variants: vec![
            PLAIN,
            edited("plain, edited", ""),
            edited("-s -w, edited", "-s -w"),
        ],
        ..row(
            format!("{name}/{go}"),
            Program::Source("matrix"),
            build(go, "linux", "amd64", "exe", false),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_have_names_of_their_own_and_the_fixed_ones_exist() {
        let rows = all();
        let names: std::collections::BTreeSet<&str> =
            rows.iter().map(|r| r.name.as_str()).collect();
        assert_eq!(names.len(), rows.len());
        assert_eq!(rows.iter().filter(|r| r.fixed).count(), FIXED.len());
        assert!(rows.iter().all(|r| !r.variants.is_empty()));
    }
}
