//! `goassay toolchain compare`: a repackaged Go against the published one.
//!
//! A pass means: every difference has a class that was shown here (see `goassay_build::repackaged`); with `--rebuild` that goes for
//! programs that differ too. It does not mean that a patch or a setting is a good one, nor that the signature of a source
//! package is right, which is not checked. Times of files are not compared. Programs of the package are never run.

use super::verify::{self, Talk};
use super::{Fetching, Waiting, show};
use crate::args::toolchain as typed;
use crate::commands::tool;
use crate::failure::{Failure, Kind};
use crate::output::Terminal;
use goassay_build::archive::{self, Tree};
use goassay_build::goroot::{self, Reference};
use goassay_build::rebuild::Workshop;
use goassay_build::repackaged::patch::Patches;
use goassay_build::repackaged::{self, Error, Evidence, Report};
use goassay_build::toolchain::{Installed, Name, Platform, Store};
use goassay_report::toolchain::{Compare, With};
use std::path::{Path, PathBuf};

/// What the command works with.
pub(super) struct Tools<'a> {
    pub(super) store: &'a Store,
    /// Where programs are built again, if nothing else is said.
    pub(super) work: PathBuf,
    pub(super) waiting: &'a Waiting<'a>,
    pub(super) terminal: &'a Terminal,
}

/// Compares packages; `fetching` is asked for where a published toolchain is needed and not in the store.
pub(super) fn run<'f>(
    args: &typed::Compare,
    tools: &Tools<'_>,
    fetching: &dyn Fn() -> Result<Fetching<'f>, Failure>,
) -> Result<u8, Failure> {
    let scratch = tools.store.folder();
    std::fs::create_dir_all(scratch)
        .map_err(|error| Failure::file(Kind::Output, "write", scratch, &error))?;
    let packages = trees(args, &args.packages, scratch)?;
    let patches = args.source.iter().map(|dsc| source(dsc));
    let patches: Vec<Patches> = patches.collect::<Result<_, Failure>>()?;
    let comparison = Comparison {
        args,
        packages: &packages,
        patches: &patches,
    };
    let (with, report) = if args.with.is_empty() {
        comparison.with_published(tools, fetching)?
    } else {
        let report = comparison.compare(&trees(args, &args.with, scratch)?, None)?;
        (With::Files(shown(&args.with)), report)
    };
    let compare = Compare {
        tool: tool(),
        packages: shown(&args.packages),
        with,
        report,
    };
    show(
        &args.format,
        |out| compare.text(out),
        |out| compare.json(out),
    )?;
    Ok(compare.exit_code())
}

fn shown(paths: &[PathBuf]) -> Vec<String> {
    let shown = paths.iter().map(|path| path.display().to_string());
    shown.collect()
}

fn source(dsc: &Path) -> Result<Patches, Failure> {
    Patches::of_source(dsc).map_err(|why| {
        Failure::input("the source package cannot be read")
            .cause(why)
            .hint(
                "`apt-get source --download-only PACKAGE` gets a .dsc with the archives beside it",
            )
    })
}

struct Comparison<'a> {
    args: &'a typed::Compare,
    packages: &'a [Tree],
    patches: &'a [Patches],
}

impl Comparison<'_> {
    fn with_published<'f>(
        &self,
        tools: &Tools<'_>,
        fetching: &dyn Fn() -> Result<Fetching<'f>, Failure>,
    ) -> Result<(With, Report), Failure> {
        let name = claimed(self.args, self.packages)?;
        let target = Proven::new(&name, tools.store, fetching)?;
        if !self.args.rebuild {
            let report = self.compare(std::slice::from_ref(&target.files), None)?;
            return Ok((published(target.installed, None), report));
        }
        // The Go that builds has to run here.
        let host = Name {
            platform: Platform::host(),
            ..name.clone()
        };
        let other = (host != name).then(|| Proven::new(&host, tools.store, fetching));
        let other = other.transpose()?;
        let report = self.rebuild(&target, other.as_ref().unwrap_or(&target), tools)?;
        let builder = other.map_or_else(|| target.installed.clone(), |other| other.installed);
        Ok((published(target.installed, Some(builder)), report))
    }

    /// Compares, building again what differs.
    fn rebuild(&self, target: &Proven, go: &Proven, tools: &Tools<'_>) -> Result<Report, Failure> {
        let work = self.args.work.as_ref().unwrap_or(&tools.work);
        let talk = Talk::new(tools.terminal, tools.waiting);
        let name = &target.installed.name;
        let workshop = Workshop::claim(
            &work.join(name.folder()),
            (&go.installed.name, &go.files),
            name.platform.clone(),
            &talk,
        )
        .map_err(verify::failure)?;
        let report = self.compare(std::slice::from_ref(&target.files), Some(&workshop));
        talk.clear();
        let report = report?;
        workshop.remove().map_err(verify::failure)?;
        Ok(report)
    }

    fn compare(
        &self,
        published: &[Tree],
        builder: Option<&Workshop<'_>>,
    ) -> Result<Report, Failure> {
        let evidence = Evidence {
            patches: self.patches,
            builder: builder.map(|workshop| workshop as _),
        };
        let report = repackaged::compare(self.packages, published, &evidence);
        let report = report.map_err(|error| match error {
            Error::Archive(error) => unreadable(&error),
            Error::Build(error) => verify::failure(error),
        })?;
        report.ok_or_else(no_goroot)
    }
}

fn published(installed: Installed, builder: Option<Installed>) -> With {
    With::Published {
        installed: Box::new(installed),
        builder: builder.map(Box::new),
    }
}

/// A published toolchain whose files were just hashed.
struct Proven {
    installed: Installed,
    files: Tree,
}

impl Proven {
    fn new<'f>(
        name: &Name,
        store: &Store,
        fetching: &dyn Fn() -> Result<Fetching<'f>, Failure>,
    ) -> Result<Proven, Failure> {
        let installed = match store.find(name) {
            Some(installed) => installed,
            None => fetching()?.one(name)?,
        };
        let reference = Reference::proven(&installed).map_err(|error| {
            let what = format!("there is nothing to compare with: {name}");
            Failure::new(Kind::Security, what)
                .because(&error)
                .hint("`goassay toolchain prune` it, then run this command again")
        })?;
        Ok(Proven {
            installed,
            files: reference.into_tree(),
        })
    }
}

fn trees(args: &typed::Compare, paths: &[PathBuf], scratch: &Path) -> Result<Vec<Tree>, Failure> {
    let platform = args.platform.as_ref().map(ToString::to_string);
    let options = archive::Options {
        scratch: Some(scratch),
        follow: true,
        platform: platform.as_deref(),
        ..archive::Options::default()
    };
    let open = |path: &PathBuf| {
        archive::open(path, &options).map_err(|error| {
            Failure::input(format!("cannot read {}", path.display()))
                .because(&error)
                .hint("folders, zip archives, wheels, tar archives, packages (.deb, .rpm, .apk, .pkg, .msi) and container images (OCI layout, docker save) are read")
        })
    };
    paths.iter().map(open).collect()
}

fn unreadable(error: &archive::Error) -> Failure {
    Failure::input("a package cannot be read")
        .because(error)
        .hint("get it again")
}

fn no_goroot() -> Failure {
    Failure::input("there is no GOROOT in the packages: no VERSION that speaks of Go")
        .hint("give all packages that Go was divided into, in one command")
}

/// The toolchain that the packages say they are.
fn claimed(args: &typed::Compare, packages: &[Tree]) -> Result<Name, Failure> {
    let text = repackaged::version(packages).ok_or_else(no_goroot)?;
    let (version, _) = goroot::released(&text).ok_or_else(|| {
        Failure::input(format!("VERSION says {text:?}, which names no Go release"))
            .hint("give what it should be compared with: --with PATH")
    })?;
    let named = || Platform::parse(&repackaged::platform(packages)?).ok();
    let platform = args.platform.clone().or_else(named).ok_or_else(|| {
        Failure::input("the packages do not say for which platform they are")
            .hint("give it: --platform OS/ARCH")
    })?;
    Ok(Name { version, platform })
}
