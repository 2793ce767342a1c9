//! What is written beside programs: records, and the list of sums that says that all is there.

use super::judge::Documents;
use super::packages::{self, Packaging};
use super::{unanswered, unbuilt};
use crate::failure::Failure;
use goassay_binary::Binary;
use goassay_binary::buildinfo::Module;
use goassay_binary::bytes::hexadecimal;
use goassay_build::license::ModuleCache;
use goassay_build::plan::{Build, Plan};
use goassay_build::produce::{Product, Staging};
use goassay_build::project::Project;
use goassay_build::signing::{Envelope, Key};
use goassay_report::build::{Made, Record, render_provenance, render_record};
use goassay_report::sbom::{self, Contents, Document, File, Format};
use sha2::{Digest, Sha256};
use std::io::Write;

/// The list of all files with their SHA-256, as sha256sum reads it.
const SUMS: &str = "SHA256SUMS";

/// Folder for debug information: what debuggers and `goassay debuginfod` are told.
const DEBUG: &str = "debug";

/// What the files beside programs are made of.
pub(super) struct Making<'a> {
    pub(super) plan: &'a Plan,
    pub(super) project: &'a Project,
    /// The profile's name.
    pub(super) profile: &'a str,
    pub(super) staging: &'a Staging,
    /// Formats of the bills of materials.
    pub(super) sboms: &'a [Format],
    /// Signs the provenance.
    pub(super) key: Option<&'a Key>,
    /// The time of the source, RFC 3339.
    pub(super) time: Option<String>,
    /// The packages that are asked for.
    pub(super) packaging: &'a Packaging<'a>,
}

/// One program, and what its documents are made of.
pub(super) struct One<'a> {
    pub(super) build: &'a Build,
    pub(super) product: &'a Product,
    pub(super) binary: Binary<'a>,
    /// SHA-256 of the programs of Go that took part, by name.
    go_programs: &'a [(String, String)],
}

impl One<'_> {
    /// The version that the program says of itself; empty where it says none.
    pub(super) fn version(&self) -> &str {
        self.main().map_or("", |main| main.version)
    }

    /// The path of its module.
    pub(super) fn module(&self) -> Option<&str> {
        self.main().map(|main| main.path)
    }

    /// What it says of a setting.
    pub(super) fn setting(&self, name: &str) -> Option<&str> {
        self.binary.build_info().ok()?.setting(name)
    }

    fn main(&self) -> Option<&Module<'_>> {
        self.binary.build_info().ok()?.main.as_ref()
    }
}

/// A program with what was written beside it so far.
pub(super) struct Part<'a> {
    pub(super) one: One<'a>,
    /// All files, the program first.
    made: Vec<Made>,
    /// Those that go into images.
    pub(super) documents: Vec<Written>,
}

/// A document that was written, and goes into packages.
pub(super) struct Written {
    pub(super) made: Made,
    pub(super) media_type: &'static str,
    pub(super) bytes: Vec<u8>,
}

impl Making<'_> {
    /// Writes what belongs beside `products`; gives all files in the order in which they are published.
    pub(super) fn beside(
        &self,
        products: &[Product],
        judged: Vec<Documents>,
    ) -> Result<Vec<Made>, Failure> {
        let mut judged = judged.into_iter();
        let digests = self.project.go.digests();
        let go_programs = digests.map_err(|error| unanswered(&error))?;
        let mut parts = Vec::new();
        for (build, product) in self.plan.builds.iter().zip(products) {
            let one = One {
                build,
                product,
                binary: opened(product)?,
                go_programs: &go_programs,
            };
            parts.push(self.of_one(one, judged.next())?);
        }
        let images = self.packaging.images(&parts, self.project)?;
        let images = images
            .iter()
            .map(|(name, bytes)| self.write(name, bytes))
            .collect::<Result<Vec<_>, _>>()?;
        let mut all = Vec::new();
        for part in parts {
            all.extend(self.recorded(part, &images)?);
        }
        all.extend(images);
        let lines = all
            .iter()
            .map(|made| format!("{}  {}\n", made.sha256, made.name));
        let sums = self.write(SUMS, lines.collect::<String>().as_bytes())?;
        all.push(sums);
        Ok(all)
    }

    /// Writes what is known of one program before its images.
    fn of_one<'p>(&self, one: One<'p>, judged: Option<Documents>) -> Result<Part<'p>, Failure> {
        let product = one.product;
        let mut made = vec![Made {
            name: product.name.clone(),
            size: product.bytes.len() as u64,
            sha256: product.sha256.clone(),
        }];
        let companion = product
            .companion
            .iter()
            .flat_map(|companion| &companion.files);
        for file in companion {
            made.push(self.write(&format!("{DEBUG}/{}", file.path), &file.bytes)?);
        }
        if let Some(Documents { audit, scan }) = judged {
            made.push(self.write(&format!("{}.audit.json", product.name), &audit)?);
            made.push(self.write(&format!("{}.scan.json", product.name), &scan)?);
        }
        let mut documents = self.sboms(&one)?;
        let archives = self.packaging.archives(&one, self.project, &documents)?;
        documents.extend(self.provenance(&one, &made)?);
        made.extend(documents.iter().map(|document| document.made.clone()));
        for (name, bytes) in archives {
            made.push(self.write(&name, &bytes)?);
        }
        Ok(Part {
            one,
            made,
            documents,
        })
    }

    /// Writes the record of a program; gives all its files.
    fn recorded(&self, part: Part<'_>, images: &[Made]) -> Result<Vec<Made>, Failure> {
        let Part { one, mut made, .. } = part;
        let name = &one.product.name;
        let of_it = images
            .iter()
            .filter(|image| packages::is_image_of(&image.name, name));
        let all: Vec<Made> = made.iter().chain(of_it).cloned().collect();
        let record = self.render(&one, &all, render_record)?;
        made.push(self.write(&format!("{name}.build.json"), &record)?);
        Ok(made)
    }

    /// Bills of materials in both families of formats, with the licences that the module cache shows.
    fn sboms(&self, one: &One<'_>) -> Result<Vec<Written>, Failure> {
        let product = one.product;
        let mut contents = Contents::of(&one.binary);
        if let Some(folder) = self.project.settings.get("GOMODCACHE") {
            contents.look_up_licenses(&ModuleCache::new(folder));
        }
        let document = Document {
            tool: crate::commands::tool(),
            file: File {
                name: product
                    .name
                    .rsplit('/')
                    .next()
                    .unwrap_or_default()
                    .to_owned(),
                sha256: product.sha256.clone(),
                member: None,
            },
            time: self.time.clone(),
            contents,
        };
        let write = |format: Format| {
            let mut bytes = Vec::new();
            sbom::render(&document, format, &mut bytes)
                .map_err(|error| Failure::output("the SBOM", &error))?;
            let made = self.write(&format!("{}{}", product.name, format.suffix()), &bytes)?;
            Ok(Written {
                made,
                media_type: format.media_type(),
                bytes,
            })
        };
        self.sboms.iter().copied().map(write).collect()
    }

    /// The provenance, and the same in an envelope where there is a key.
    fn provenance(&self, one: &One<'_>, made: &[Made]) -> Result<Vec<Written>, Failure> {
        let bytes = self.render(one, made, render_provenance)?;
        let mut written = Vec::new();
        if let Some(key) = self.key {
            let envelope = serde_json::to_vec(&Envelope::of_statement(&bytes, key));
            let envelope =
                envelope.map_err(|error| Failure::output("the envelope", &error.into()))?;
            written.push((
                "dsse.json",
                "application/vnd.dsse.envelope.v1+json",
                envelope,
            ));
        }
        written.insert(0, ("json", "application/vnd.in-toto+json", bytes));
        let write = |(ending, media_type, bytes): (&str, _, Vec<u8>)| {
            let name = format!("{}.provenance.{ending}", one.product.name);
            Ok(Written {
                made: self.write(&name, &bytes)?,
                media_type,
                bytes,
            })
        };
        written.into_iter().map(write).collect()
    }

    /// A document about how a program was made.
    fn render(
        &self,
        one: &One<'_>,
        made: &[Made],
        render: impl FnOnce(&Record<'_>, &mut dyn Write) -> std::io::Result<()>,
    ) -> Result<Vec<u8>, Failure> {
        let info = one.binary.build_info();
        let info = info.map_err(|gap| unreadable(one.product).cause(gap.reason.clone()))?;
        let record = Record {
            tool: &crate::commands::tool(),
            profile: self.profile,
            project: self.project,
            go_programs: one.go_programs,
            build: one.build,
            info,
            made,
            image_files: &self.packaging.given(),
        };
        let mut bytes = Vec::new();
        render(&record, &mut bytes).map_err(|error| Failure::output("the build record", &error))?;
        Ok(bytes)
    }

    fn write(&self, name: &str, bytes: &[u8]) -> Result<Made, Failure> {
        self.staging
            .write(name, bytes)
            .map_err(|error| unbuilt(&error))?;
        Ok(Made {
            name: name.to_owned(),
            size: bytes.len() as u64,
            sha256: hexadecimal(&Sha256::digest(bytes)),
        })
    }
}

/// A program, read again.
pub(super) fn opened(product: &Product) -> Result<Binary<'_>, Failure> {
    Binary::parse(&product.bytes).map_err(|_| unreadable(product))
}

fn unreadable(product: &Product) -> Failure {
    Failure::input(format!("{} cannot be read again", product.name))
}
