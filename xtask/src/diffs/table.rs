//! The pairs: what is built on each side, and the cause that has to be named first.
//!
//! A side is lines of shell that run in a fresh copy of the program and leave `$OUT`. `b` builds the package as a release would (`-trimpath`,
//! no version control), `p` without `-trimpath`, `v` with version control.

use super::programs::{AGE, CURVE, HEY, LOCAL, Program, RESTIC, WITH_C};

/// Two builds that differ by one change.
pub(super) struct Pair {
    pub(super) name: &'static str,
    /// The change in words.
    pub(super) change: &'static str,
    pub(super) program: &'static Program,
    pub(super) sides: [&'static str; 2],
    /// Stable name of the cause.
    pub(super) cause: &'static str,
    /// Quick, and without network and other toolchains.
    pub(super) fixed: bool,
    /// Made after `diff` was finished.
    pub(super) later: bool,
}

const fn pair(
    name: &'static str,
    change: &'static str,
    program: &'static Program,
    sides: [&'static str; 2],
    cause: &'static str,
) -> Pair {
    Pair {
        name,
        change,
        program,
        sides,
        cause,
        fixed: false,
        later: false,
    }
}

impl Pair {
    const fn later(mut self) -> Pair {
        self.later = true;
        self
    }

    const fn fixed(mut self) -> Pair {
        self.fixed = true;
        self
    }
}

/// Flips a bit of the code of `main.main`.
const PATCH: &str = "b
at=$(go tool nm \"$OUT\" | awk '$3 == \"main.main\" { print $1 }')
printf '\\363' | dd of=\"$OUT\" bs=1 seek=$((0x$at - 0x400000 + 20)) conv=notrunc status=none";

const SIGN: &str = "GOOS=windows b
openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -subj /CN=example -days 30 2>/dev/null
osslsigncode sign -certs cert.pem -key key.pem -in \"$OUT\" -out \"$OUT.signed\" >/dev/null
mv \"$OUT.signed\" \"$OUT\"";

const OTHER_FOLDER: &str = "cp -r . ../elsewhere && cd ../elsewhere && p; rm -rf ../elsewhere";
const LONGER_FOLDER: &str = "mkdir -p ../a/much/longer && cp -r . ../a/much/longer/place && cd ../a/much/longer/place && p; rm -rf ../../../../a/much";

pub(super) const PAIRS: &[Pair] = &[
    pair(
        "directory",
        "another directory, without -trimpath",
        &LOCAL,
        ["p", OTHER_FOLDER],
        "directory",
    )
    .fixed(),
    pair(
        "directory-longer",
        "a longer path, without -trimpath",
        &HEY,
        ["p", LONGER_FOLDER],
        "directory",
    ),
    pair(
        "directory-modules",
        "another module cache, without -trimpath",
        &AGE,
        [
            "p",
            "GOMODCACHE=\"$PWD/../modcache\" GOFLAGS=-modcacherw p; rm -rf ../modcache",
        ],
        "directory",
    ),
    pair(
        "trimpath",
        "-trimpath on one side",
        &LOCAL,
        ["b", "p"],
        "trimpath",
    )
    .fixed(),
    pair(
        "trimpath-hey",
        "-trimpath on one side",
        &HEY,
        ["p", "b"],
        "trimpath",
    ),
    pair(
        "strip-s",
        "-ldflags=-s, hidden by -trimpath",
        &LOCAL,
        ["b", "b -ldflags=-s"],
        "linker-flags",
    )
    .fixed(),
    pair(
        "strip-w",
        "-ldflags=-w, hidden by -trimpath",
        &HEY,
        ["b", "b -ldflags=-w"],
        "linker-flags",
    ),
    pair(
        "strip-recorded",
        "-ldflags='-s -w', recorded",
        &AGE,
        ["p", "p -ldflags='-s -w'"],
        "linker-flags",
    ),
    pair(
        "build-id",
        "-ldflags=-buildid=",
        &LOCAL,
        ["b", "b -ldflags=-buildid="],
        "build-id",
    )
    .fixed(),
    pair(
        "variable",
        "-X of a variable, hidden by -trimpath",
        &LOCAL,
        ["b", "b -ldflags='-X main.version=1.2.3'"],
        "variable",
    )
    .fixed(),
    pair(
        "variable-stripped",
        "other value of -X, both stripped",
        &AGE,
        [
            "b -ldflags='-s -w -X main.Version=v1.2.1'",
            "b -ldflags='-s -w -X main.Version=v9.9.9'",
        ],
        "variable",
    ),
    pair(
        "variable-large",
        "other value of -X",
        &RESTIC,
        [
            "b -ldflags='-X main.version=0.18.0'",
            "b -ldflags='-X main.version=0.18.0-custom'",
        ],
        "variable",
    ),
    pair(
        "tags",
        "-tags with another file",
        &LOCAL,
        ["b", "b -tags=extra"],
        "tags",
    )
    .fixed(),
    pair(
        "tags-unused",
        "-tags without effect on code",
        &HEY,
        ["b", "b -tags=nothing"],
        "tags",
    ),
    pair(
        "go-patch",
        "other patch release of Go",
        &LOCAL,
        ["GOTOOLCHAIN=go1.25.0 b", "GOTOOLCHAIN=go1.25.14 b"],
        "go-version",
    ),
    pair(
        "go-minor",
        "other minor release of Go",
        &HEY,
        ["GOTOOLCHAIN=go1.25.14 b", "GOTOOLCHAIN=go1.26.8 b"],
        "go-version",
    ),
    pair(
        "module-version",
        "other version of a dependency",
        &CURVE,
        [
            "go mod tidy && b",
            "go get filippo.io/edwards25519@v1.0.0 && go mod tidy && b",
        ],
        "module-version",
    ),
    pair(
        "module-version-age",
        "other version of a dependency, with what that one needs",
        &AGE,
        ["b", "go get golang.org/x/term@v0.22.0 && b"],
        "module-version",
    ),
    pair(
        "source-line",
        "one line of source",
        &LOCAL,
        ["b", "sed -i 's/)\\*7/)*9/' count/count.go && b"],
        "source",
    )
    .fixed(),
    pair(
        "source-text",
        "the text of a constant, as long as before",
        &LOCAL,
        ["b", "sed -i 's/usage: local/usege: local/' main.go && b"],
        "source",
    )
    .fixed(),
    pair(
        "source-table",
        "a number in a table",
        &LOCAL,
        ["b", "sed -i 's/4, 1, 5, 9/4, 1, 5, 8/' main.go && b"],
        "source",
    ),
    pair(
        "dirty",
        "an untracked file",
        &LOCAL,
        ["v", "touch new.txt && v"],
        "dirty",
    )
    .fixed(),
    pair(
        "commit",
        "an empty commit on top",
        &LOCAL,
        ["v", "git commit -q --allow-empty -m next && v"],
        "commit",
    )
    .fixed(),
    pair(
        "stamp",
        "-buildvcs=false on one side",
        &LOCAL,
        ["v", "b"],
        "stamp",
    ),
    pair(
        "cpu-level",
        "GOAMD64=v3",
        &AGE,
        ["b", "GOAMD64=v3 b"],
        "cpu-level",
    ),
    pair(
        "cgo",
        "CGO_ENABLED=1 where net uses it",
        &HEY,
        ["b", "CGO_ENABLED=1 b"],
        "cgo",
    ),
    pair(
        "c-flags",
        "CGO_CFLAGS=-O1, hidden by -trimpath",
        &WITH_C,
        ["CGO_ENABLED=1 b", "CGO_ENABLED=1 CGO_CFLAGS=-O1 b"],
        "c-flags",
    ),
    pair(
        "c-compiler",
        "gcc 11 instead of gcc 12",
        &WITH_C,
        ["CGO_ENABLED=1 b", "CGO_ENABLED=1 CC=gcc-11 b"],
        "c-compiler",
    ),
    pair(
        "build-mode",
        "-buildmode=pie",
        &LOCAL,
        ["b", "b -buildmode=pie"],
        "build-mode",
    ),
    pair(
        "link-mode",
        "-linkmode=external, hidden by -trimpath",
        &HEY,
        [
            "CGO_ENABLED=1 b",
            "CGO_ENABLED=1 b -ldflags=-linkmode=external",
        ],
        "link-mode",
    ),
    pair(
        "no-inlining",
        "-gcflags=-l",
        &LOCAL,
        ["b", "b -gcflags=-l"],
        "compiler-flags",
    ),
    pair(
        "no-optimisation",
        "-gcflags=-N",
        &AGE,
        ["b", "b -gcflags=-N"],
        "compiler-flags",
    ),
    pair(
        "profile",
        "a profile for optimisation",
        &LOCAL,
        ["b", "go run ./prof > cpu.pprof && b -pgo=cpu.pprof"],
        "pgo",
    ),
    pair(
        "experiment",
        "GOEXPERIMENT=nogreenteagc",
        &LOCAL,
        ["b", "GOEXPERIMENT=nogreenteagc b"],
        "go-experiment",
    ),
    pair(
        "godebug",
        "a godebug line in go.mod",
        &LOCAL,
        ["b", "go mod edit -godebug=panicnil=1 && b"],
        "godebug",
    ),
    pair(
        "signature",
        "an Authenticode signature",
        &LOCAL,
        ["GOOS=windows b", SIGN],
        "signature",
    ),
    pair(
        "appended",
        "a byte behind the end",
        &LOCAL,
        ["b", "b && printf x >> \"$OUT\""],
        "appended",
    )
    .fixed(),
    pair(
        "patched",
        "a byte of code after the link",
        &LOCAL,
        ["b", PATCH],
        "patched",
    )
    .fixed(),
    pair(
        "stripped",
        "strip(1) after the link",
        &HEY,
        ["b", "b && strip \"$OUT\""],
        "stripped",
    ),
    pair(
        "vendor",
        "-mod=vendor",
        &CURVE,
        [
            "go mod tidy && go mod vendor && b -mod=readonly",
            "go mod tidy && go mod vendor && b -mod=vendor",
        ],
        "vendor",
    ),
    // From here on: made after `diff` was finished.
    pair("main-version", "another tag on the same commit", &LOCAL, ["git tag v1.0.0 && v", "git tag v1.0.1 && v"], "main-version").later(),
    pair("race", "-race", &LOCAL, ["CGO_ENABLED=1 b", "CGO_ENABLED=1 b -race"], "instrumented").later(),
    pair("fips", "GOFIPS140=v1.0.0", &AGE, ["b", "GOFIPS140=v1.0.0 b"], "fips").later(),
    pair("dwarf-plain", "-ldflags=-compressdwarf=false", &HEY, ["b", "b -ldflags=-compressdwarf=false"], "linker-flags").later(),
    pair("library", "-buildmode=c-shared", &LOCAL, ["CGO_ENABLED=1 b", "CGO_ENABLED=1 b -buildmode=c-shared"], "build-mode").later(),
    pair("field", "a field more in a struct, arm64", &LOCAL, ["GOARCH=arm64 b", "sed -i 's/Count int/Count int; Seen bool/' count/count.go && GOARCH=arm64 b"], "source").later(),
    pair("comment", "a line of comment", &LOCAL, ["b", "sed -i '1a // More.' count/count.go && b"], "source").later(),
    pair("objcopy", "objcopy --strip-debug after the link", &AGE, ["b", "b && objcopy --strip-debug \"$OUT\""], "stripped").later(),
    pair("subsystem", "-ldflags=-H=windowsgui, hidden by -trimpath", &LOCAL, ["GOOS=windows b", "GOOS=windows b -ldflags=-H=windowsgui"], "linker-flags").later(),
    pair("go-line", "another go line in go.mod", &LOCAL, ["b", "go mod edit -go=1.22 && b"], "godebug").later(),
    pair("platform", "GOOS=freebsd", &AGE, ["b", "GOOS=freebsd b"], "platform").later(),
    pair("replaced", "a dependency replaced by a copy", &CURVE, ["go mod tidy && b", "go mod tidy && cp -r \"$(go list -m -f '{{.Dir}}' filippo.io/edwards25519)\" ../copy && go mod edit -replace=filippo.io/edwards25519=../copy && b; chmod -R u+w ../copy; rm -rf ../copy"], "module-version").later(),
    pair("variable-arm64", "-X, one stripped program for macOS against another", &AGE, ["GOOS=darwin GOARCH=arm64 b -ldflags='-s -w -X main.Version=v1.0.0'", "GOOS=darwin GOARCH=arm64 b -ldflags='-s -w -X main.Version=v1.0.1'"], "variable").later(),
    pair("order", "-ldflags=-randlayout=1, hidden by -trimpath", &LOCAL, ["b", "b -ldflags=-randlayout=1"], "linker-flags").later(),
    pair("patched-data", "a byte of a constant after the link, 386", &LOCAL, ["GOARCH=386 b", "GOARCH=386 b && sed -i 's/usage: local/usage: lokal/' \"$OUT\""], "patched").later(),
];

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn names_are_unique_and_there_are_enough() {
        let names: BTreeSet<&str> = PAIRS.iter().map(|pair| pair.name).collect();
        assert_eq!(names.len(), PAIRS.len());
        let causes: BTreeSet<&str> = PAIRS.iter().map(|pair| pair.cause).collect();
        let programs: BTreeSet<&str> = PAIRS.iter().map(|pair| pair.program.name).collect();
        assert!(names.len() >= 40 && causes.len() >= 15 && programs.len() >= 4);
    }
}
