//! Packages of what was built: what goes into them, and how they are named.
//!
//! What speaks against an image is said before anything is built; what only a finished program says (that it asks for a loader) before
//! anything is published.

use super::made::{One, Part, Written};
use crate::config;
use crate::failure::{Failure, Kind};
use goassay_binary::bytes::hexadecimal;
use goassay_build::license::{self, Standing};
use goassay_build::package::oci::{self, Attached, Given, Image};
use goassay_build::package::{self, Format, Member, notices};
use goassay_build::plan::{Build, Plan};
use goassay_build::profile;
use goassay_build::project::Project;
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::path::Path;

/// The packages that are asked for.
pub(super) struct Packaging<'a> {
    /// In order, each once.
    formats: Vec<Format>,
    /// The time of the source.
    time: Option<Timestamp>,
    given: Given,
    labels: &'a BTreeMap<String, String>,
}

/// A package: its name and contents.
type Package = (String, Vec<u8>);

/// What makes a program start in an image with nothing else.
const STATIC: &str = "build with `--profile static-container`, which asks for no loader";

impl<'a> Packaging<'a> {
    /// What the command line says, and the configuration file where it says nothing. Reads the files that are given for images.
    pub(super) fn new(
        args: &[Format],
        config: &'a config::Build,
        time: Option<Timestamp>,
    ) -> Result<Packaging<'a>, Failure> {
        let formats = if args.is_empty() {
            &config.package
        } else {
            args
        };
        let mut formats = formats.to_vec();
        formats.sort();
        formats.dedup();
        let given = match formats.contains(&Format::Oci) {
            true => given(&config.image)?,
            false => Given::default(),
        };
        Ok(Packaging {
            formats,
            time,
            given,
            labels: &config.image.labels,
        })
    }

    /// What speaks against packages of this plan.
    pub(super) fn refuse(&self, plan: &Plan, profile: &profile::Profile) -> Result<(), Failure> {
        if self.formats.is_empty() {
            return Ok(());
        }
        names_differ(plan)?;
        match self.formats.contains(&Format::Oci) {
            true => images_start(plan, profile),
            false => Ok(()),
        }
    }

    /// Archives of one program with its bills of materials and the texts of its module.
    pub(super) fn archives(
        &self,
        one: &One<'_>,
        project: &Project,
        documents: &[Written],
    ) -> Result<Vec<Package>, Failure> {
        let formats = self.formats.iter().filter(|format| **format != Format::Oci);
        let mut formats = formats.copied().peekable();
        if formats.peek().is_none() {
            return Ok(Vec::new());
        }
        let name = &one.product.name;
        let texts = texts(one, project)?;
        let sboms = documents
            .iter()
            .map(|document| member(&document.made.name, &document.bytes, false));
        let texts = texts.iter().map(|(name, bytes)| member(name, bytes, false));
        let program = member(name, &one.product.bytes, true);
        let members: Vec<_> = [program].into_iter().chain(sboms).chain(texts).collect();
        let stem = package::stem(name, one.version(), &one.build.target);
        let archive = |format: Format| {
            let bytes = package::archive(format, &members, self.seconds());
            let bytes = bytes.map_err(|error| not_packed(name, &error))?;
            Ok((format!("{stem}.{}", format.ending()), bytes))
        };
        formats.map(archive).collect()
    }

    /// Images: one for each name of a program, for all its platforms.
    pub(super) fn images(
        &self,
        parts: &[Part<'_>],
        project: &Project,
    ) -> Result<Vec<Package>, Failure> {
        let mut by_name: BTreeMap<&str, Vec<&Part<'_>>> = BTreeMap::new();
        if self.formats.contains(&Format::Oci) {
            for part in parts {
                by_name
                    .entry(package::base(&part.one.product.name))
                    .or_default()
                    .push(part);
            }
        }
        let image = |(name, parts): (&&str, &Vec<&Part<'_>>)| {
            Ok((image_name(name), self.image(name, parts, project)?))
        };
        by_name.iter().map(image).collect()
    }

    fn image(
        &self,
        name: &str,
        parts: &[&Part<'_>],
        project: &Project,
    ) -> Result<Vec<u8>, Failure> {
        let created = self.time.map(|time| time.to_string());
        let mut labels = BTreeMap::new();
        if let Some(first) = parts.first() {
            labels = standard_labels(name, &first.one, project);
        }
        labels.extend(created.iter().map(|time| (label("created"), time.clone())));
        labels.extend(self.labels.clone());
        let image = Image {
            name,
            version: parts.first().map_or("", |part| part.one.version()),
            given: &self.given,
            labels: &labels,
            created: created.as_deref(),
            time: self.seconds(),
        };
        let parts = parts.iter().map(|part| of_platform(part));
        let parts = parts.collect::<Result<Vec<_>, _>>()?;
        distinct(name, &parts)?;
        oci::layout(&image, &parts).map_err(|error| not_packed(name, &error))
    }

    /// SHA-256 of the files that are given for images, by their name in them.
    pub(super) fn given(&self) -> BTreeMap<&'static str, String> {
        let files = self.given.files();
        files
            .map(|(name, bytes)| (name, hexadecimal(&Sha256::digest(bytes))))
            .collect()
    }

    /// Since 1970; 0 where there is no time of the source.
    fn seconds(&self) -> i64 {
        self.time.map_or(0, Timestamp::as_second)
    }
}

/// Two programs whose packages would have one name.
fn names_differ(plan: &Plan) -> Result<(), Failure> {
    let mut seen = BTreeMap::new();
    for build in &plan.builds {
        let stem = package::stem(name_of(&build.file), "", &build.target);
        if let Some(other) = seen.insert(stem, &build.package) {
            let what = format!(
                "packages of {other} and {} would have one name",
                build.package
            );
            let failure = Failure::usage("not built").cause(what);
            return Err(failure.hint("build them one by one, into different folders"));
        }
    }
    Ok(())
}

/// What the plan alone says against images.
fn images_start(plan: &Plan, profile: &profile::Profile) -> Result<(), Failure> {
    let mut seen = BTreeMap::new();
    for build in &plan.builds {
        let refused = |why: &str| {
            let Build {
                package, target, ..
            } = build;
            Failure::usage("not built").cause(format!("an image of {package} for {target}: {why}"))
        };
        let platform = oci::platform(&build.target, None)
            .map_err(|why| refused(&why).hint("leave out the target, or `oci` of --package"))?;
        if profile.kind == profile::Kind::Pie && build.target.can_be_pie() {
            let why = "the program would ask for the system's loader, which is not in the image";
            return Err(refused(why).hint(STATIC));
        }
        // Levels of arm have names in an index; which one it is where none was asked for, the finished program says.
        let level = build
            .target
            .level()
            .filter(|_| platform.architecture == "arm");
        let key = (name_of(&build.file), platform.architecture, level);
        if let Some(other) = seen.insert(key, &build.target) {
            let why = format!("machines could not tell it from that for {other}");
            return Err(refused(&why).hint("build one of them at a time"));
        }
    }
    Ok(())
}

fn not_packed(name: &str, error: &package::Error) -> Failure {
    Failure::input(format!("cannot pack {name}")).because(error)
}

/// Longest file that is given for an image, in bytes.
const LONGEST: u64 = 16 << 20;

fn given(config: &config::Image) -> Result<Given, Failure> {
    let named = [
        (oci::CERTIFICATES, &config.certificates),
        (oci::PASSWD, &config.passwd),
        (oci::GROUP, &config.group),
    ];
    let mut files = Vec::new();
    for (name, path) in named {
        if let Some(path) = path {
            files.push((name, small(path)?));
        }
    }
    let user = config.user.clone().unwrap_or_default();
    Given::new(files, user).map_err(|why| {
        Failure::config("cannot make an image")
            .cause(why)
            .hint("mend [build.image] of goassay.toml")
    })
}

fn small(path: &Path) -> Result<Vec<u8>, Failure> {
    let cannot = |error: &std::io::Error| Failure::file(Kind::Config, "read", path, error);
    let length = std::fs::metadata(path)
        .map_err(|error| cannot(&error))?
        .len();
    if length > LONGEST {
        let message = format!("cannot read {}: it is larger than 16 MiB", path.display());
        return Err(Failure::config(message));
    }
    std::fs::read(path).map_err(|error| cannot(&error))
}

/// The part of an image that one program is; refused where it would not start.
fn of_platform<'a>(part: &'a Part<'_>) -> Result<oci::Part<'a>, Failure> {
    let One { product, build, .. } = &part.one;
    let refused = |why: String| Failure::input(format!("no image of {}", product.name)).cause(why);
    if let Some(why) = oci::lacking(&part.one.binary) {
        return Err(refused(why).hint(STATIC));
    }
    let attached = part.documents.iter().map(|document| Attached {
        name: document.made.name.rsplit('/').next().unwrap_or_default(),
        media_type: document.media_type,
        bytes: &document.bytes,
    });
    Ok(oci::Part {
        platform: oci::platform(&build.target, part.one.setting("GOARM")).map_err(refused)?,
        program: &product.bytes,
        attached: attached.collect(),
    })
}

/// What the finished programs say: one that was not asked for a level may have that of another.
fn distinct(name: &str, parts: &[oci::Part<'_>]) -> Result<(), Failure> {
    let mut rest = parts.iter();
    while let Some(part) = rest.next() {
        if rest.clone().any(|other| other.platform == part.platform) {
            let why = "two of them are for one platform, and machines could not tell them apart";
            return Err(Failure::input(format!("no image of {name}")).cause(why));
        }
    }
    Ok(())
}

fn label(name: &str) -> String {
    format!("org.opencontainers.image.{name}")
}

/// What the standard keys say of a program.
fn standard_labels(name: &str, one: &One<'_>, project: &Project) -> BTreeMap<String, String> {
    let revision = project
        .checkout
        .as_ref()
        .map(|checkout| checkout.commit.clone());
    let all = [
        ("title", Some(name.to_owned())),
        (
            "version",
            Some(one.version().to_owned()).filter(|version| !version.is_empty()),
        ),
        ("revision", revision),
        ("source", one.module().and_then(source)),
        ("licenses", license(one)),
    ];
    let said = all
        .into_iter()
        .filter_map(|(key, value)| Some((label(key), value?)));
    said.collect()
}

/// The repository of a module, where its path alone says it (`go help importpath`).
fn source(module: &str) -> Option<String> {
    let mut elements = module.split('/');
    let (host, owner, name) = (elements.next()?, elements.next()?, elements.next()?);
    let is_known = matches!(host, "github.com" | "bitbucket.org");
    is_known.then(|| format!("https://{host}/{owner}/{name}"))
}

/// The licence of the program's module, where one file at its top is a known text.
fn license(one: &One<'_>) -> Option<String> {
    match license::of_module(one.build.module.as_deref()?) {
        Standing::Recognised { id, .. } => Some(id.to_owned()),
        _ => None,
    }
}

/// A member under its name without folders.
fn member<'a>(name: &'a str, bytes: &'a [u8], is_program: bool) -> Member<'a> {
    Member {
        name: name.rsplit('/').next().unwrap_or_default(),
        bytes,
        is_program,
    }
}

/// Licences, notices and README of the program's module.
fn texts(one: &One<'_>, project: &Project) -> Result<Vec<notices::Notice>, Failure> {
    let Some(module) = &one.build.module else {
        return Ok(Vec::new());
    };
    let root = project
        .checkout
        .as_ref()
        .map(|checkout| checkout.root.as_path());
    let root = root
        .filter(|root| module.starts_with(root))
        .unwrap_or(module);
    notices::notices(module, root).map_err(|notices::Unreadable(path, error)| {
        Failure::file(Kind::Input, "read", &path, &error)
    })
}

/// Whether a file of the output is a package.
pub(super) fn is_one(name: &str) -> bool {
    let ends = |format: Format| name.ends_with(&format!(".{}", format.ending()));
    !name.contains('/') && Format::ALL.into_iter().any(ends)
}

/// Whether a file of the output is the image that has this program.
pub(super) fn is_image_of(name: &str, program: &str) -> bool {
    name == image_name(package::base(program))
}

fn image_name(base: &str) -> String {
    format!("{base}.{}", Format::Oci.ending())
}

fn name_of(file: &Path) -> &str {
    file.file_name()
        .and_then(|name| name.to_str())
        .map_or("", package::base)
}

#[cfg(test)]
mod tests {
    use super::source;

    #[test]
    fn a_path_says_its_repository_on_few_hosts() {
        let of = |module| source(module);
        let repository = Some("https://github.com/a/b".to_owned());
        assert_eq!(of("github.com/a/b"), repository);
        assert_eq!(of("github.com/a/b/sub/v2"), repository);
        assert_eq!((of("example.com/a/b"), of("github.com/a")), (None, None));
    }
}
