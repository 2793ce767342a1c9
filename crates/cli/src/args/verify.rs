//! `verify`.

use super::CaArg;
use crate::documents::Documents;
use clap::{Args, ValueHint};
use goassay_build::module::Module;
use goassay_build::verify::Source;
use goassay_report::rebuilt::Format;
use std::path::{Path, PathBuf};

pub(crate) const LONG: &str = "\
Builds Go programs again from what they say of themselves, and compares bit for bit.

The build information names the toolchain, the module and the settings. The toolchain and every module are downloaded as GOPROXY says and proven \
against the checksum database; then the program is built with nothing of your environment, without network, with a build cache of its own. What \
the build information leaves out is read from the file or searched for: what the linker left out, values of -X, and where paths are in the program, the builder's \
GOROOT and module cache, which are laid at their places in a private view of the files.

Only equal bytes are identical, or bytes that named normalisations of both make equal, each of which is shown. No downloaded code is run: the go command \
compiles and links, and C is compiled only where the program says that it was. Flags from a program are taken by an allow-list.

What stands beside a program is held against it: SHA256SUMS, its build record (which is built from, too), bills of materials, provenance, signatures, \
debug information.";

pub(crate) const EXAMPLES: &str = "\
Examples:
  goassay verify ~/go/bin/age                 is it what its version says?
  goassay verify bin/* --format json          for a program
  goassay verify ./server --source .          it was built from a checkout
  goassay verify esbuild --source github.com/evanw/esbuild@v0.25.0
  goassay verify ./tool --max-builds 3        give up sooner
  goassay verify dist/ --source . --public-key key.pub
                                              all of a release, with what stands beside each program
  goassay verify tool.tar.gz -o html=tool.html -o vsa=tool.intoto.jsonl --key key.pem

Exit codes:
  0  every file is identical
  1  a file is different, or what was downloaded or linked is not what was published
  2  something is not known: not checked, and why, whatever else is wrong";

/// `verify`.
#[derive(Debug, Args)]
pub(crate) struct Verify {
    /// Go programs; folders, archives, packages and container images that hold some
    #[arg(value_name = "BINARY", required = true, value_hint = ValueHint::AnyPath)]
    pub(crate) paths: Vec<PathBuf>,
    /// Where the source is of programs that were not built from a published module: a repository (DIR or URL, the commit is the program's), or the files of MODULE@VERSION
    #[arg(long, value_name = "DIR|URL|MODULE@VERSION", value_parser = source, value_hint = ValueHint::AnyPath)]
    pub(crate) source: Option<Source>,
    /// Build at most so often for each program
    #[arg(long, value_name = "N", default_value_t = 12, value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) max_builds: u16,
    /// Begin no further build of a program after so many minutes
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) max_minutes: Option<u16>,
    /// The record of the program's build; without it, NAME.build.json beside the program
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) record: Option<PathBuf>,
    /// Which one of a container image for several platforms, OS/ARCH or OS/ARCH/VARIANT; all without it
    #[arg(long, value_name = "PLATFORM")]
    pub(crate) platform: Option<String>,
    #[command(flatten)]
    pub(crate) trust: CaArg,
    /// Whose signatures are believed: a public key of Ed25519 or ECDSA P-256 in PEM
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "What stands beside a program")]
    pub(crate) public_key: Option<PathBuf>,
    /// Programs alone: not what stands beside them (sums, build record, SBOM, provenance, signatures, debug information)
    #[arg(long, conflicts_with_all = ["public_key"], help_heading = "What stands beside a program")]
    pub(crate) alone: bool,
    /// Leave both sides of each program below DIR: `given`, `rebuilt`
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath, help_heading = "Output")]
    pub(crate) keep: Option<PathBuf>,
    /// Sign summaries (vsa) with this key of Ed25519 or ECDSA P-256 (PKCS #8 in PEM)
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "Output")]
    pub(crate) key: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) documents: Documents<Format>,
}

fn source(text: &str) -> Result<Source, String> {
    if let Ok(folder) = Path::new(text).canonicalize() {
        let folder = folder.to_str().ok_or("the path is not UTF-8")?;
        return Ok(Source::Git(folder.to_owned()));
    }
    match text.split_once('@') {
        // Addresses can have an @ too, and then a scheme or a colon.
        Some((path, version)) if !text.contains(':') => {
            let module = Module::new(path, version);
            module.escaped().map_err(|error| error.to_string())?;
            Ok(Source::Module(module))
        }
        _ if text.contains(':') => Ok(Source::Git(text.to_owned())),
        _ => Err(
            "there is no such folder, and it is neither an address nor MODULE@VERSION".to_owned(),
        ),
    }
}
