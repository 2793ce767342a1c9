//! Programs that are built here: every setting that shows in a file in another way.

/// A program that is built here.
pub(super) struct Built {
    pub(super) name: &'static str,
    pub(super) toolchain: &'static str,
    pub(super) environment: &'static [(&'static str, &'static str)],
    pub(super) flags: &'static [&'static str],
    pub(super) package: &'static str,
}

impl Built {
    /// The command that makes it.
    pub(super) fn shown(&self) -> String {
        let environment = self
            .environment
            .iter()
            .map(|(name, value)| format!("{name}={value} "));
        format!(
            "{}{} go install {} {}",
            environment.collect::<String>(),
            self.toolchain,
            self.flags.join(" "),
            self.package
        )
    }
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
