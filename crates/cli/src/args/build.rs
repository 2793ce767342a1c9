//! `build`.

use crate::documents;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueHint};
use goassay_build::package;
use goassay_build::plan::Target;
use goassay_build::profile::Profile;
use goassay_build::toolchain::Version;
use goassay_report::build::PlanFormat;
use goassay_report::sbom::Format;
use std::path::PathBuf;

pub(crate) const LONG: &str = "\
Builds Go programs the production way, and writes down what they were made of.

First a plan is made: every argument and every variable of each `go build`, with its reason; --plan prints it and stops. Modules are \
downloaded with all that you have set; the build itself has nothing of your environment, and no network. What speaks against building is said before time is spent, \
with the remedy: changes that are not committed, no tag for a release, files instead of a package, a module that is replaced by a folder.

The program is exactly what `go build` with the plan's arguments gives: nothing is changed in it afterwards. It appears under its name only when it says of itself what was planned \
(version, commit, target, flags), and with it debug/.build-id, NAME.sbom.cdx.json, NAME.sbom.spdx.json, NAME.provenance.json, NAME.build.json, the record of everything that went in, NAME.audit.json and NAME.scan.json (judged for the day of the source), \
and SHA256SUMS. Places of this machine and the time are in none of them. An error of the audit that goassay.toml does not waive stops the build.

Profiles: production (no paths, debug information apart, position-independent where the target can be), static-container (needs nothing \
but the kernel), fips (production, with the frozen module of Go's cryptography that is certified, in its FIPS mode from the start; Go 1.24 and newer), debug (as the go command builds, with all debug information).";

pub(crate) const EXAMPLES: &str = "\
Examples:
  goassay build                                       the program in this folder, into dist/
  goassay build ./cmd/... -o out                      several, into out/
  goassay build --plan                                what would be run, and why
  goassay build --plan --format sh > build.sh         a script that makes the same without goassay
  goassay build --target linux/amd64/v3,linux/arm64,windows/amd64
  goassay build --release --prove                     not without a tag, and only what comes out twice
  goassay build --package tar.gz,zip                  and archives for a release page
  goassay build --profile static-container --package oci --target linux/amd64,linux/arm64
  goassay build --go 1.26.8                           with a Go of `goassay toolchain fetch`
  goassay build --from-record server.build.json       the same again, and is it the same?

Exit codes:
  0  built
  1  built, and the audit found an error that nobody waived, or --prove or --from-record another program; nothing was written
  2  not built, or not as planned; nothing was written";

/// `build`.
#[derive(Debug, Args)]
pub(crate) struct Build {
    /// Packages, as `go build` takes them [default: those of goassay.toml, or the one in this folder]
    #[arg(value_name = "PACKAGE")]
    pub(crate) packages: Vec<String>,
    /// Folder for what is built; a folder in it for each of several targets [default: dist]
    #[arg(short, long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) output: Option<PathBuf>,
    /// What it is meant for [default: production]
    #[arg(long, value_name = "NAME", value_parser = profile())]
    pub(crate) profile: Option<Profile>,
    /// Platforms, with a level where wanted: linux/amd64/v3 [default: that of `go env`]
    #[arg(long, value_name = "OS/ARCH[/LEVEL]", value_delimiter = ',', value_parser = Target::parse)]
    pub(crate) target: Vec<Target>,
    /// Pack each program too, so that the same source gives the same bytes: archives with SBOMs, licence and README; container images
    #[arg(long, value_name = "FORMAT", value_delimiter = ',', value_parser = package_format())]
    pub(crate) package: Vec<package::Format>,
    /// Build with this version from the store of `goassay toolchain fetch`
    #[arg(long, value_name = "VERSION", value_parser = Version::parse)]
    pub(crate) go: Option<Version>,
    /// Refuse what has no tag
    #[arg(long)]
    pub(crate) release: bool,
    /// Build with changes that are not committed; the version says so
    #[arg(long, conflicts_with = "release")]
    pub(crate) allow_dirty: bool,
    /// Repeat the build of a record, NAME.build.json, in a checkout of its commit: the same plan, the same Go, the same program, or exit code 1
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, conflicts_with_all = ["packages", "profile", "target", "allow_dirty"])]
    pub(crate) from_record: Option<PathBuf>,
    /// Formats of the bills of materials [default: cyclonedx-1.6,spdx-2.3]
    #[arg(long, value_name = "FORMAT", value_delimiter = ',', value_parser = documents::format::<Format>())]
    pub(crate) sbom: Vec<Format>,
    /// Sign provenance with this key of Ed25519 or ECDSA P-256 (PKCS #8 in PEM): NAME.provenance.dsse.json
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) key: Option<PathBuf>,
    /// Publish without judging what was built
    #[arg(long)]
    pub(crate) no_audit: bool,
    /// Build a second time, with everything else that should not matter, and compare
    #[arg(long)]
    pub(crate) prove: bool,
    /// Print what would be run, and stop
    #[arg(long)]
    pub(crate) plan: bool,
    /// Format of the plan
    #[arg(long, value_name = "FORMAT", requires = "plan", default_value = "text", value_parser = plan_format())]
    pub(crate) format: PlanFormat,
}

fn profile() -> impl TypedValueParser<Value = Profile> {
    let names = Profile::ALL.iter().map(|profile| profile.name);
    PossibleValuesParser::new(names).try_map(|name| Profile::named(&name).ok_or("no such profile"))
}

fn package_format() -> impl TypedValueParser<Value = package::Format> {
    let names = package::Format::ALL.map(package::Format::name);
    PossibleValuesParser::new(names)
        .try_map(|name| package::Format::named(&name).ok_or("no such format"))
}

fn plan_format() -> impl TypedValueParser<Value = PlanFormat> {
    let all = PlanFormat::ALL;
    let named = move |name: String| all.into_iter().find(|format| format.name() == name);
    PossibleValuesParser::new(all.map(PlanFormat::name))
        .try_map(move |name| named(name).ok_or("no such format"))
}
