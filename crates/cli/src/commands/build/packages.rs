//! Packages of what was built: what goes into them, and how they are named.

use super::made::{One, Written};
use crate::failure::{Failure, Kind};
use goassay_build::package::{self, Format, Member, notices};
use goassay_build::project::Project;

/// The packages that are asked for.
pub(super) struct Packaging {
    /// In order, each once.
    formats: Vec<Format>,
    /// The time of the source in seconds since 1970; 0 where there is none.
    time: i64,
}

impl Packaging {
    /// What the command line says, and the configuration file where it says nothing.
    pub(super) fn new(args: &[Format], config: &[Format], time: Option<i64>) -> Packaging {
        let mut formats = if args.is_empty() { config } else { args }.to_vec();
        formats.sort();
        formats.dedup();
        Packaging {
            formats,
            time: time.unwrap_or_default(),
        }
    }

    /// Archives of one program with its bills of materials and the texts of its module, by name.
    pub(super) fn archives(
        &self,
        one: &One<'_>,
        project: &Project,
        documents: &[Written],
    ) -> Result<Vec<(String, Vec<u8>)>, Failure> {
        if self.formats.is_empty() {
            return Ok(Vec::new());
        }
        let name = &one.product.name;
        let texts = texts(one, project)?;
        let mut members = vec![member(name, &one.product.bytes, true)];
        members.extend(
            documents
                .iter()
                .map(|document| member(&document.made.name, &document.bytes, false)),
        );
        members.extend(texts.iter().map(|(name, bytes)| member(name, bytes, false)));
        let stem = package::stem(name, one.version(), &one.build.target);
        let archive = |format: &Format| {
            let bytes = package::archive(*format, &members, self.time)
                .map_err(|error| Failure::input(format!("cannot pack {name}")).because(&error))?;
            Ok((format!("{stem}.{}", format.name()), bytes))
        };
        self.formats.iter().map(archive).collect()
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
    let ends = |format: Format| name.ends_with(&format!(".{}", format.name()));
    !name.contains('/') && Format::ALL.into_iter().any(ends)
}
