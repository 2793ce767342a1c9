//! Which programs are verified.

/// A program that is built here.
pub(super) struct Built {
    pub(super) name: &'static str,
    pub(super) toolchain: &'static str,
    pub(super) environment: &'static [(&'static str, &'static str)],
    pub(super) flags: &'static [&'static str],
    pub(super) package: &'static str,
}

/// A program out of a package of npm.
pub(super) struct Published {
    pub(super) package: &'static str,
    pub(super) version: &'static str,
    /// The program in it.
    pub(super) file: &'static str,
    /// What `--source` is told.
    pub(super) source: Option<&'static str>,
}

const AGE: &str = "filippo.io/age/cmd/age@v1.2.1";
const HEY: &str = "github.com/rakyll/hey@v0.1.4";
const STRINGER: &str = "golang.org/x/tools/cmd/stringer@v0.24.0";
const GOFUMPT: &str = "mvdan.cc/gofumpt@v0.7.0";
const FZF: &str = "github.com/junegunn/fzf@v0.55.0";
const OFF: (&str, &str) = ("CGO_ENABLED", "0");
const ON: (&str, &str) = ("CGO_ENABLED", "1");

const fn built(
    name: &'static str,
    toolchain: &'static str,
    environment: &'static [(&'static str, &'static str)],
    flags: &'static [&'static str],
    package: &'static str,
) -> Built {
    Built {
        name,
        toolchain,
        environment,
        flags,
        package,
    }
}

#[rustfmt::skip]
pub(super) const BUILT: &[Built] = &[
    built("age-trimpath", "go1.25.0", &[OFF], &["-trimpath"], AGE),
    built("age-plain", "go1.25.0", &[OFF], &[], AGE),
    built("age-w", "go1.25.0", &[OFF], &["-trimpath", "-ldflags=-w"], AGE),
    built("age-sw", "go1.23.12", &[OFF], &["-trimpath", "-ldflags=-s -w"], AGE),
    built("age-plain-sw", "go1.21.13", &[OFF], &["-ldflags=-s -w"], AGE),
    built("age-x", "go1.24.13", &[OFF], &["-trimpath", "-ldflags=-X main.Version=v9.9.9"], AGE),
    built("age-swx", "go1.24.13", &[OFF], &["-trimpath", "-ldflags=-s -w -X main.Version=v9.9.9-with-words"], AGE),
    built("age-wx", "go1.26.8", &[OFF], &["-trimpath", "-ldflags=-w -X main.Version=1"], AGE),
    built("age-x-plain", "go1.22.12", &[OFF], &["-ldflags=-X 'main.Version=a b'"], AGE),
    built("age-buildid", "go1.25.0", &[OFF], &["-trimpath", "-ldflags=-buildid="], AGE),
    built("age-pie", "go1.22.12", &[OFF], &["-trimpath", "-buildmode=pie"], AGE),
    built("age-pie-sw", "go1.26.8", &[OFF], &["-trimpath", "-buildmode=pie", "-ldflags=-s -w"], AGE),
    built("age-v3", "go1.26.8", &[OFF, ("GOAMD64", "v3")], &["-trimpath"], AGE),
    built("age-tags", "go1.26.8", &[OFF], &["-trimpath", "-tags=netgo,osusergo"], AGE),
    built("age-windows", "go1.26.8", &[OFF, ("GOOS", "windows")], &["-trimpath", "-ldflags=-s -w"], AGE),
    built("age-darwin-arm64", "go1.26.8", &[OFF, ("GOOS", "darwin"), ("GOARCH", "arm64")], &["-trimpath"], AGE),
    built("age-linux-arm64", "go1.25.0", &[OFF, ("GOARCH", "arm64")], &["-trimpath", "-ldflags=-s -w"], AGE),
    built("age-arm64-swx", "go1.25.0", &[OFF, ("GOARCH", "arm64")], &["-trimpath", "-ldflags=-s -w -X main.Version=v2"], AGE),
    built("age-windows-x", "go1.26.8", &[OFF, ("GOOS", "windows")], &["-trimpath", "-ldflags=-X main.Version=v2"], AGE),
    built("age-cgo", "go1.25.0", &[ON], &["-trimpath"], AGE),
    built("age-cgo-plain", "go1.26.8", &[ON], &[], AGE),
    built("age-race", "go1.26.8", &[ON], &["-trimpath", "-race"], AGE),
    built("hey-1.21", "go1.21.13", &[OFF], &["-trimpath"], HEY),
    built("hey-1.27", "go1.27.1", &[OFF], &["-trimpath"], HEY),
    built("hey-plain-1.27", "go1.27.1", &[OFF], &[], HEY),
    built("stringer-sw", "go1.23.12", &[OFF], &["-trimpath", "-ldflags=-s -w"], STRINGER),
    built("stringer-plain", "go1.24.13", &[OFF], &[], STRINGER),
    built("gofumpt", "go1.24.13", &[OFF], &["-trimpath"], GOFUMPT),
    built("gofumpt-noinline", "go1.26.8", &[OFF], &["-trimpath", "-gcflags=-l"], GOFUMPT),
    built("fzf-swxx", "go1.24.13", &[OFF], &["-trimpath", "-ldflags=-s -w -X main.version=0.55.0 -X main.revision=fc693080"], FZF),
];

const fn esbuild(
    package: &'static str,
    version: &'static str,
    file: &'static str,
    source: &'static str,
) -> Published {
    Published {
        package,
        version,
        file,
        source: Some(source),
    }
}

#[rustfmt::skip]
pub(super) const PUBLISHED: &[Published] = &[
    esbuild("@esbuild/linux-x64", "0.25.0", "bin/esbuild", "github.com/evanw/esbuild@v0.25.0"),
    esbuild("@esbuild/linux-arm64", "0.25.0", "bin/esbuild", "github.com/evanw/esbuild@v0.25.0"),
    esbuild("@esbuild/win32-x64", "0.25.0", "esbuild.exe", "github.com/evanw/esbuild@v0.25.0"),
    esbuild("@esbuild/darwin-arm64", "0.25.0", "bin/esbuild", "github.com/evanw/esbuild@v0.25.0"),
    esbuild("@esbuild/freebsd-x64", "0.25.0", "bin/esbuild", "github.com/evanw/esbuild@v0.25.0"),
    esbuild("@esbuild/linux-x64", "0.24.2", "bin/esbuild", "github.com/evanw/esbuild@v0.24.2"),
    esbuild("@esbuild/win32-x64", "0.24.2", "esbuild.exe", "github.com/evanw/esbuild@v0.24.2"),
    esbuild("@esbuild/linux-x64", "0.21.5", "bin/esbuild", "github.com/evanw/esbuild@v0.21.5"),
    esbuild("@esbuild/linux-ppc64", "0.21.5", "bin/esbuild", "github.com/evanw/esbuild@v0.21.5"),
    esbuild("@esbuild/linux-x64", "0.19.12", "bin/esbuild", "github.com/evanw/esbuild@v0.19.12"),
    esbuild("@esbuild/darwin-x64", "0.19.12", "bin/esbuild", "github.com/evanw/esbuild@v0.19.12"),
    Published { package: "lefthook-linux-x64", version: "1.10.10", file: "bin/lefthook", source: Some("github.com/evilmartians/lefthook@v1.10.10") },
    Published { package: "lefthook-windows-x64", version: "1.10.10", file: "bin/lefthook.exe", source: Some("github.com/evilmartians/lefthook@v1.10.10") },
    Published { package: "@bufbuild/buf-linux-x64", version: "1.50.0", file: "bin/buf", source: Some("github.com/bufbuild/buf@v1.50.0") },
    Published { package: "@bufbuild/buf-darwin-arm64", version: "1.50.0", file: "bin/buf", source: Some("github.com/bufbuild/buf@v1.50.0") },
    Published { package: "turbo-linux-64", version: "1.6.3", file: "bin/turbo", source: None },
];
