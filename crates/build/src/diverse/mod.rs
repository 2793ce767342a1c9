//! Diverse double-compiling, after David A. Wheeler: one release through chains that begin with unrelated programs.
//!
//! A compiler can carry a change that it inserts again whenever it compiles itself. Then the source is clean, toolchain3 builds
//! itself again bit by bit, and neither shows it. But a compiler that does not carry it makes other bits of the same source. So
//! the release is built by chains whose first links have nothing in common, and what comes out has to be the same.
//!
//! What a pass means: whatever is wrong with what was built is in the source, or in all first links in the same way. What it does
//! not mean: that the source does what it should; that kernel, processor and this program, which all chains share, are honest.

mod agreement;
mod gccgo;
mod plan;
mod root;

pub use agreement::{Agreement, Differing, Entry, Program, Variant};
pub use plan::{Chain, NotHere, Planner, Start, distinct};
pub use root::{Kind, Root};

use crate::dirhash;
use crate::rebuild::chain::Choice;
use crate::rebuild::{self, Error, Measured, Observer, Status, Verification};
use crate::toolchain::{self, Fetcher, Name, Platform, Version};
use agreement::Archive;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

/// What to build.
#[derive(Debug, Clone)]
pub struct Request {
    /// Which Go.
    pub version: Version,
    /// Where it is built, and for which platform.
    pub host: Platform,
    /// The folder to work in: each chain has one of its own below it.
    pub folder: PathBuf,
    /// Leave what was built where it is, also when all is well.
    pub keep: bool,
}

/// A chain that came to an end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Built {
    /// Its name.
    pub name: String,
    /// What its first link is.
    pub root: Root,
    /// The chain before it that has the same first link: it says nothing that this one does not say.
    pub same_root_as: Option<String>,
    /// Programs of its first link that others' first links have too, as `program (chain)`.
    pub shared: Vec<String>,
    /// How it was built, and what that is compared with what is posted.
    pub verification: Verification,
}

/// What all chains came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bootstrap {
    /// Which Go.
    pub version: Version,
    /// Where it was built.
    pub host: Platform,
    /// The chains that came to an end, in their order.
    pub built: Vec<Built>,
    /// What they have in common.
    pub agreement: Agreement,
}

impl Bootstrap {
    /// How many chains have a first link that no chain before them has.
    #[must_use]
    pub fn roots(&self) -> usize {
        let own = |built: &&Built| built.same_root_as.is_none();
        self.built.iter().filter(own).count()
    }

    /// What it comes to: all have to be the same and as posted, and two first links have to be unrelated.
    #[must_use]
    pub fn verdict(&self) -> Status {
        let verdicts = self.built.iter().map(|built| built.verification.verdict());
        match verdicts.max().unwrap_or(Status::Skip) {
            _ if self.agreement.variants.len() > 1 => Status::Fail,
            Status::Pass if self.roots() < 2 => Status::Skip,
            worst => worst,
        }
    }
}

/// The chains of one release, one after the other.
pub struct Session<'a> {
    request: &'a Request,
    fetcher: &'a Fetcher<'a>,
    built: Vec<Built>,
    archives: Vec<Archive>,
    disk: u64,
}

impl<'a> Session<'a> {
    /// Begins.
    #[must_use]
    pub fn new(request: &'a Request, fetcher: &'a Fetcher<'a>) -> Session<'a> {
        Session {
            request,
            fetcher,
            built: Vec::new(),
            archives: Vec::new(),
            disk: 0,
        }
    }

    /// Where the chain of this name is built.
    #[must_use]
    pub fn folder(&self, chain: &Chain) -> PathBuf {
        let Request {
            version, folder, ..
        } = self.request;
        folder.join(&chain.name).join(format!("go{version}"))
    }

    /// Builds the release through a chain.
    ///
    /// # Errors
    /// It came to no end. What was made so far is kept and used by the next run.
    pub fn build(&mut self, chain: &Chain, observer: &dyn Observer) -> Result<(), Error> {
        let Request { version, host, .. } = self.request;
        let folder = self.folder(chain);
        fs::create_dir_all(&folder).map_err(Error::file("write", &folder))?;
        self.share(&folder)?;
        if let Start::Gccgo { number, goroot, .. } = &chain.start {
            gccgo::make(*number, goroot)?;
        }
        let request = rebuild::Request {
            version: version.clone(),
            platforms: vec![host.clone()],
            posted: Vec::new(),
            choice: Choice::Given(chain.links.clone()),
            host: host.clone(),
            folder: folder.clone(),
            jobs: 1,
            keep: true,
        };
        let (verification, Measured { disk }) = rebuild::verify(&request, self.fetcher, observer)?;
        self.disk += disk;
        let root = root::of(chain, &verification, host, self.fetcher)?;
        let archive = folder.join(format!("{}.zip", self.name().folder()));
        if let Some(file) = verification.files.first()
            && let Some(sums) = &file.rebuilt
        {
            self.archives.push(Archive {
                chain: chain.name.clone(),
                is_root: self.same_root(&root).is_none(),
                posted: file.status == Status::Pass,
                sums: sums.clone(),
                files: agreement::files(&archive)?,
                path: archive,
            });
        }
        self.built.push(Built {
            name: chain.name.clone(),
            same_root_as: self.same_root(&root),
            shared: self.shared(&root),
            root,
            verification,
        });
        Ok(())
    }

    fn same_root(&self, root: &Root) -> Option<String> {
        let mut before = self.built.iter();
        let same = before.find(|before| before.root.is(root))?;
        Some(same.name.clone())
    }

    fn shared(&self, root: &Root) -> Vec<String> {
        let before = self.built.iter();
        let shared = before.flat_map(|before| {
            let programs = root.shared(&before.root).into_iter();
            programs.map(|program| format!("{program} ({})", before.name))
        });
        shared.collect()
    }

    fn name(&self) -> Name {
        let Request { version, host, .. } = self.request;
        Name {
            version: version.clone(),
            platform: host.clone(),
        }
    }

    /// Posted archives that another chain has fetched. They are proven again before they are used.
    fn share(&self, folder: &Path) -> Result<(), Error> {
        for archive in &self.archives {
            let Some(from) = archive.path.parent() else {
                continue;
            };
            for entry in fs::read_dir(from).map_err(Error::file("read", from))? {
                let entry = entry.map_err(Error::file("read", from))?;
                let name = entry.file_name();
                let name = name.to_string_lossy();
                if name.starts_with("posted.") && name.ends_with(".zip") {
                    // What is there already stays; without a link it is fetched.
                    let _ = fs::hard_link(entry.path(), folder.join(name.as_ref()));
                }
            }
        }
        Ok(())
    }

    /// Compares what the chains built.
    ///
    /// # Errors
    /// What was built cannot be read any more.
    pub fn finish(self, chains: &[Chain]) -> Result<(Bootstrap, Measured), Error> {
        let measured = Measured { disk: self.disk };
        let bootstrap = Bootstrap {
            version: self.request.version.clone(),
            host: self.request.host.clone(),
            agreement: agreement::agree(&self.archives)?,
            built: self.built.clone(),
        };
        let all = bootstrap.built.len() == chains.len();
        if all && bootstrap.verdict() == Status::Pass && !self.request.keep {
            for chain in chains {
                self.remove(chain)?;
            }
        }
        Ok((bootstrap, measured))
    }

    fn remove(&self, chain: &Chain) -> Result<(), Error> {
        let folder = self.folder(chain);
        let made = match &chain.start {
            Start::Gccgo { goroot, .. } => vec![&folder, goroot],
            _ => vec![&folder],
        };
        for path in made {
            rebuild::remove(path)?;
        }
        // Another release may be built there.
        if let Some(parent) = folder.parent() {
            let _ = fs::remove_dir(parent);
        }
        Ok(())
    }
}

/// The toolchains that the proxies list.
///
/// # Errors
/// No proxy answers.
pub fn published(fetcher: &Fetcher<'_>) -> Result<Vec<Name>, Error> {
    rebuild::list(fetcher.fetch, fetcher)
}

fn files_of_zip(path: &Path) -> Result<std::collections::BTreeMap<String, [u8; 32]>, Error> {
    let file = File::open(path).map_err(Error::file("read", path))?;
    dirhash::sums_of_zip(std::io::BufReader::new(file))
        .map_err(|error| Error::Toolchain(toolchain::Error::Zip(error)))
}

#[cfg(test)]
mod tests;
