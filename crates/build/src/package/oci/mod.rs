//! OCI image layouts in a tar archive (image-spec 1.1): one program for several platforms, and nothing else but a few given files.
//!
//! Each platform has one layer. What is known of a program (bills of materials, provenance) is attached to its image as artifacts with
//! a `subject`; in the layout they are found as on registries without a referrers API, by an index under the tag `sha256-…`.

mod document;
mod given;

pub use given::{CERTIFICATES, GROUP, Given, PASSWD, User};

use super::{Error, Member, archive::gzip, checked, sorted, tar};
use crate::plan::Target;
use document::{Config, Descriptor, Execution, History, Index, Layout, Manifest, RootFs, media};
use goassay_binary::Binary;
use goassay_binary::bytes::hexadecimal;
use goassay_binary::hardening::Hardening;
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

pub use document::Platform;

/// Where programs lie in images.
const FOLDER: &str = "usr/bin";
const PATH: &str = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
const REF_NAME: &str = "org.opencontainers.image.ref.name";
const TITLE: &str = "org.opencontainers.image.title";
const CREATED: &str = "org.opencontainers.image.created";
/// Longest tag, in characters (distribution-spec).
const LONGEST_TAG: usize = 128;

/// An image to be.
#[derive(Debug, Clone, Copy)]
pub struct Image<'a> {
    /// The program's name.
    pub name: &'a str,
    /// What the program says of its version: the tag is made of it.
    pub version: &'a str,
    /// Files that are given for all platforms.
    pub given: &'a Given,
    /// Labels of the configuration, and annotations of manifests and index.
    pub labels: &'a BTreeMap<String, String>,
    /// The time of the source, RFC 3339.
    pub created: Option<&'a str>,
    /// The same in seconds since 1970; 0 where there is none.
    pub time: i64,
}

/// The part for one platform.
#[derive(Debug, Clone)]
pub struct Part<'a> {
    /// Which one.
    pub platform: Platform,
    /// The program.
    pub program: &'a [u8],
    /// What is known of it.
    pub attached: Vec<Attached<'a>>,
}

/// A document about a program.
#[derive(Debug, Clone, Copy)]
pub struct Attached<'a> {
    /// Its name as a file.
    pub name: &'a str,
    /// Its media type, which is also the artifact's.
    pub media_type: &'a str,
    /// Its contents.
    pub bytes: &'a [u8],
}

/// The platform of a target, as an index has it; `arm` is what the program says of GOARM.
///
/// # Errors
/// There are no such images here: says why.
pub fn platform(target: &Target, arm: Option<&str>) -> Result<Platform, String> {
    let os = &target.platform.os;
    if os != "linux" {
        return Err(format!(
            "there is no image with nothing but a program for {os}: only linux runs one"
        ));
    }
    let architecture = target.platform.arch.clone();
    let level = arm.and_then(|arm| arm.split(',').next());
    let variant = match architecture.as_str() {
        "arm" => level.map(|level| format!("v{level}")),
        "arm64" => Some("v8".to_owned()),
        _ => None,
    };
    Ok(Platform {
        architecture,
        os: os.clone(),
        variant,
    })
}

/// What a program needs that is not in an image, in words; none where it starts by itself.
#[must_use]
pub fn lacking(binary: &Binary<'_>) -> Option<String> {
    let interpreter = match binary.hardening() {
        Ok(Hardening::Elf(elf)) => elf.interpreter,
        Ok(_) => return Some("it is no ELF file".to_owned()),
        Err(gap) => Err(gap),
    };
    match interpreter {
        Ok(None) => None,
        Ok(Some(path)) => Some(format!(
            "it asks for the program interpreter {}, which is not in the image",
            String::from_utf8_lossy(path)
        )),
        Err(gap) => Some(format!(
            "whether it asks for a program interpreter cannot be told: {}",
            gap.reason
        )),
    }
}

/// The tag of a version: what no tag may have is `_`.
#[must_use]
pub fn tag(version: &str) -> String {
    let plain = |c: char| match c {
        'a'..='z' | 'A'..='Z' | '0'..='9' | '.' | '-' | '_' => c,
        _ => '_',
    };
    let tag = super::release(version).chars().map(plain);
    let tag: String = tag.take(LONGEST_TAG).collect();
    match tag.starts_with(['.', '-']) {
        true => format!("_{}", tag.get(1..).unwrap_or_default()),
        false => tag,
    }
}

/// The layout of an image, as a tar archive.
///
/// # Errors
/// A name that cannot be, or more than a format has room for.
pub fn layout(image: &Image<'_>, parts: &[Part<'_>]) -> Result<Vec<u8>, Error> {
    let mut blobs = Blobs::default();
    let mut manifests = Vec::new();
    let mut referrers = Vec::new();
    for part in parts {
        let manifest = blobs.image(image, part)?;
        referrers.extend(blobs.referrers(image, part, &manifest)?);
        manifests.push(manifest);
    }
    let index = Index {
        annotations: image.labels.clone(),
        ..Index::of(manifests)
    };
    let mut index = blobs.document(media::INDEX, &index)?;
    index.annotations = annotation(REF_NAME, tag(image.version));
    let top = Index::of([vec![index], referrers].concat());
    blobs.archive(&top, image.time)
}

fn annotation(name: &str, value: impl Into<String>) -> BTreeMap<String, String> {
    BTreeMap::from([(name.to_owned(), value.into())])
}

/// Contents by their SHA-256, lower-case hex.
#[derive(Default)]
struct Blobs(BTreeMap<String, Vec<u8>>);

impl Blobs {
    fn add(&mut self, media_type: &str, bytes: Vec<u8>) -> Descriptor {
        let hex = hexadecimal(&Sha256::digest(&bytes));
        let descriptor = Descriptor::new(media_type, &hex, bytes.len() as u64);
        self.0.insert(hex, bytes);
        descriptor
    }

    fn document(&mut self, kind: &str, document: &impl Serialize) -> Result<Descriptor, Error> {
        Ok(self.add(kind, json(document)?))
    }

    /// Layer, configuration and manifest for one platform.
    fn image(&mut self, image: &Image<'_>, part: &Part<'_>) -> Result<Descriptor, Error> {
        let plain = layer(image, part)?;
        let diff = format!("sha256:{}", hexadecimal(&Sha256::digest(&plain)));
        let layer = self.add(media::LAYER, gzip(&plain)?);
        let config = self.document(media::CONFIG, &config(image, &part.platform, diff))?;
        let manifest = Manifest {
            annotations: image.labels.clone(),
            ..Manifest::new(config, vec![layer])
        };
        let mut manifest = self.document(media::MANIFEST, &manifest)?;
        manifest.platform = Some(part.platform.clone());
        Ok(manifest)
    }

    /// The documents about an image, and the index that says so.
    fn referrers(
        &mut self,
        image: &Image<'_>,
        part: &Part<'_>,
        subject: &Descriptor,
    ) -> Result<Option<Descriptor>, Error> {
        let mut all = Vec::new();
        for attached in &part.attached {
            all.push(self.referrer(image, attached, subject)?);
        }
        if all.is_empty() {
            return Ok(None);
        }
        let mut index = self.document(media::INDEX, &Index::of(all))?;
        index.annotations = annotation(REF_NAME, subject.digest.replace(':', "-"));
        Ok(Some(index))
    }

    fn referrer(
        &mut self,
        image: &Image<'_>,
        attached: &Attached<'_>,
        subject: &Descriptor,
    ) -> Result<Descriptor, Error> {
        let empty = self.add(media::EMPTY, b"{}".to_vec());
        let mut blob = self.add(attached.media_type, attached.bytes.to_vec());
        blob.annotations = annotation(TITLE, attached.name);
        let mut annotations = annotation(TITLE, attached.name);
        annotations.extend(
            image
                .created
                .map(|time| (CREATED.to_owned(), time.to_owned())),
        );
        let manifest = Manifest {
            artifact_type: Some(attached.media_type.to_owned()),
            subject: Some(subject.plain()),
            annotations: annotations.clone(),
            ..Manifest::new(empty, vec![blob])
        };
        let descriptor = self.document(media::MANIFEST, &manifest)?;
        Ok(Descriptor {
            artifact_type: manifest.artifact_type,
            annotations,
            ..descriptor
        })
    }

    fn archive(&self, index: &Index, time: i64) -> Result<Vec<u8>, Error> {
        let (index, marker) = (json(index)?, json(&Layout::default())?);
        let blobs = self.0.iter();
        let blobs: Vec<(String, &[u8])> = blobs
            .map(|(hex, bytes)| (format!("blobs/sha256/{hex}"), bytes.as_slice()))
            .collect();
        let folders = ["blobs", "blobs/sha256"].map(folder);
        let files = blobs.iter().map(|(name, bytes)| file(name, bytes));
        let top = [file("index.json", &index), file("oci-layout", &marker)];
        Ok(tar::write(
            folders.into_iter().chain(files).chain(top),
            time,
        ))
    }
}

fn json(document: &impl Serialize) -> Result<Vec<u8>, Error> {
    serde_json::to_vec(document).map_err(|error| Error::Io(error.into()))
}

fn folder(name: &str) -> tar::Entry<'_> {
    tar::Entry {
        name,
        mode: 0o755,
        bytes: None,
    }
}

fn file<'a>(name: &'a str, bytes: &'a [u8]) -> tar::Entry<'a> {
    tar::Entry {
        name,
        mode: 0o644,
        bytes: Some(bytes),
    }
}

/// The file system of an image, not compressed.
fn layer(image: &Image<'_>, part: &Part<'_>) -> Result<Vec<u8>, Error> {
    // In a folder of its own, so that no name of a program is that of a file besides.
    checked(image.name)?;
    let program = format!("{FOLDER}/{}", image.name);
    let mut members: Vec<Member<'_>> = image.given.members();
    members.push(Member {
        name: &program,
        bytes: part.program,
        is_program: true,
    });
    let mut entries = BTreeMap::new();
    for member in sorted(&members)? {
        let ends = member.name.match_indices('/').map(|(end, _)| end);
        for above in ends.filter_map(|end| member.name.get(..end)) {
            entries.insert(above, folder(above));
        }
        let entry = tar::Entry {
            mode: member.mode(),
            ..file(member.name, member.bytes)
        };
        entries.insert(member.name, entry);
    }
    Ok(tar::write(entries.into_values(), image.time))
}

fn config(image: &Image<'_>, platform: &Platform, diff: String) -> Config {
    let created = image.created.map(str::to_owned);
    Config {
        created: created.clone(),
        platform: platform.clone(),
        config: Execution {
            user: image.given.user.to_string(),
            env: [PATH],
            entrypoint: [format!("/{FOLDER}/{}", image.name)],
            labels: image.labels.clone(),
        },
        rootfs: RootFs {
            kind: "layers",
            diff_ids: [diff],
        },
        history: [History {
            created,
            created_by: "goassay build",
        }],
    }
}

#[cfg(test)]
mod tests;
