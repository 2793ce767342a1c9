//! `goassay sbom`: bills of materials, one document for each binary.
//!
//! Exit code 0 means that everything that a document lists could be read; a gap gives 2, and the document says it too.

use crate::args;
use crate::config::Toolchain;
use crate::documents::{self, Documents, Output};
use crate::environment::Environment;
use crate::examine::{Look, Opened};
use crate::failure::{EXIT_FAILED, EXIT_OK, Failure, Kind};
use crate::go_settings::GoSettings;
use crate::interrupt;
use crate::output::{self, Terminal};
use crate::settings;
use crate::survey::Survey;
use goassay_binary::bytes::hexadecimal;
use goassay_build::license::ModuleCache;
use goassay_report::sbom::{self, Contents, Document, File, Format, Member};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

/// Characters of the digest that tell binaries of the same name apart.
const DIGITS: usize = 12;

/// A document, and the path of its binary for what is said beside it.
struct Made {
    path: String,
    document: Document,
}

pub(crate) fn run(
    args: args::sbom::Sbom,
    env: &Environment,
    terminal: &Terminal,
) -> Result<u8, Failure> {
    interrupt::install();
    let outputs = documents::resolve(&Documents {
        format: args.format,
        json: false,
        output: args.output,
    })?;
    let places = settings::named_places(args.paths)?;
    let time = env.source_date()?.map(|time| time.to_string());
    let cache = if args.licenses {
        Some(module_cache(env)?)
    } else {
        None
    };
    let look = |opened: &Opened<'_>| {
        let mut document = document(opened, time.clone());
        if let Some(cache) = &cache {
            document.contents.look_up_licenses(cache);
        }
        let path = opened.at.path();
        Ok(Made { path, document })
    };
    let survey = Survey {
        places: &places,
        jobs: usize::from(args.jobs.unwrap_or(0)),
        allow_empty: args.allow_empty,
    };
    let surveyed = survey.run(&Look::binaries(&look), terminal)?;
    super::complain_about(&surveyed.failures, terminal);
    let mut made = surveyed.seen;
    made.sort_by(|a, b| {
        (&a.path, &a.document.file.member).cmp(&(&b.path, &b.document.file.member))
    });
    match args.output_dir {
        Some(folder) => write_each(&made, args.format.unwrap_or(Format::ALL[0]), &folder)?,
        None => write_one(&made, &outputs, terminal)?,
    }
    let whole = complain_about_gaps(&made, terminal);
    Ok(match whole && surveyed.failures.is_empty() {
        true => EXIT_OK,
        false => EXIT_FAILED,
    })
}

/// The go command's module cache.
fn module_cache(env: &Environment) -> Result<ModuleCache, Failure> {
    let config = Toolchain::default();
    let folder = GoSettings::read(env, &config).module_cache();
    let folder = folder.filter(|folder| folder.is_dir()).ok_or_else(|| {
        Failure::config("there is no module cache to look for licences in")
            .hint("set GOMODCACHE as for the go command, or leave --licenses out")
    })?;
    Ok(ModuleCache::new(folder))
}

fn document(opened: &Opened<'_>, time: Option<String>) -> Document {
    let data = opened.binary.image().bytes().data();
    let member = opened.at.member().map(|name| Member {
        name,
        file_sha256: opened.at.sha256(),
    });
    Document {
        tool: super::tool(),
        file: File {
            name: opened.at.file_name(),
            sha256: hexadecimal(&Sha256::digest(data)),
            member,
        },
        time,
        contents: Contents::of(opened.binary),
    }
}

/// Says what the documents lack; false where there is anything.
fn complain_about_gaps(made: &[Made], terminal: &Terminal) -> bool {
    let mut whole = true;
    for Made { path, document } in made {
        for gap in &document.contents.gaps {
            whole = false;
            terminal.complain(&Failure::input(format!("{path}: {gap}")));
        }
    }
    whole
}

fn write_one(
    made: &[Made],
    outputs: &[Output<Format>],
    terminal: &Terminal,
) -> Result<(), Failure> {
    match made {
        // Why there is none was said already.
        [] => Ok(()),
        [one] => documents::write(outputs, terminal, |format, _, out| {
            sbom::render(&one.document, format, out)
        }),
        several => Err(Failure::usage(format!(
            "a bill of materials is about one binary, and here are {}",
            several.len()
        ))
        .hint("--output-dir DIR writes one for each")),
    }
}

fn write_each(made: &[Made], format: Format, folder: &Path) -> Result<(), Failure> {
    let failed = |path: &Path, error: &io::Error| Failure::file(Kind::Output, "write", path, error);
    std::fs::create_dir_all(folder).map_err(|error| failed(folder, &error))?;
    for (name, document) in named(made, format) {
        let path: PathBuf = folder.join(name);
        output::to_file(&path, |out| sbom::render(document, format, out))
            .map_err(|error| failed(&path, &error))?;
    }
    Ok(())
}

/// Documents by the names of their files: those of the binaries, told apart by digests where several have the same one.
/// Copies of one file have one document.
fn named(made: &[Made], format: Format) -> BTreeMap<String, &Document> {
    let name = |document: &Document| {
        let member = document.file.member.as_ref();
        let member = member.map(|member| format!(".{}", plain(&member.name)));
        format!("{}{}", document.file.name, member.unwrap_or_default())
    };
    let mut digests: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for Made { document, .. } in made {
        // Some file systems do not tell capitals from small letters.
        let same_name = digests.entry(name(document).to_lowercase()).or_default();
        if !same_name.contains(&document.file.sha256.as_str()) {
            same_name.push(&document.file.sha256);
        }
    }
    let file_name = |document: &Document| {
        let name = name(document);
        let alone = digests
            .get(&name.to_lowercase())
            .is_some_and(|all| all.len() == 1);
        let digest = document.file.sha256.get(..DIGITS).unwrap_or_default();
        let suffix = format.suffix();
        match alone {
            true => format!("{name}{suffix}"),
            false => format!("{name}-{digest}{suffix}"),
        }
    };
    let documents = made.iter().map(|one| &one.document);
    documents
        .map(|document| (file_name(document), document))
        .collect()
}

/// The name of a member, which an archive chose, as a part of a file name.
fn plain(name: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    name.chars()
        .map(|c| if is_plain(c) { c } else { '_' })
        .collect()
}
