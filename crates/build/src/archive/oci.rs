//! Container images: the OCI image layout, and what `docker save` writes, as a folder or in a tar archive. The tree is what a
//! container of the image would see: its layers, one over the other.
//!
//! Manifest, configuration and layers have to have the digests by which they are named, and unpacked layers those of the
//! configuration. Of an image for several platforms one is chosen. Signatures and attestations are not checked.

use super::overlay::Overlay;
use super::{
    Entry, Error, Facts, Format, Kind, Limits, Options, Reader, Sum, Tree, compressed, damaged,
    hash, tar,
};
use serde_json::Value;

/// Longest index, manifest or configuration, in bytes.
const MAX_DOCUMENT: u64 = 4 << 20;
/// Indexes in indexes, and links on the way to a layer.
const MAX_DEPTH: usize = 4;
/// Manifests of an image, and its layers.
const MAX_PARTS: usize = 1000;
/// The configuration of what is no image (image-spec 1.1): `{}`. Its digest counts, not the type that is said: some would start an image
/// that says it of a real one.
const NO_IMAGE: &str = "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";
const LAYOUT: &str = "oci-layout";
const INDEX: &str = "index.json";
const SAVED: &str = "manifest.json";

/// The image in a layout or saved archive; the tree as it is where there is none.
pub(super) fn image(outer: Tree, options: &Options<'_>) -> Result<Tree, Error> {
    let outer = Outer(outer);
    let image = if outer.0.find(LAYOUT).is_some() && outer.0.find(INDEX).is_some() {
        outer.of_layout(options)?
    } else if let Some(saved) = outer.saved() {
        outer.of_saved(&saved, options)?
    } else {
        return Ok(outer.0);
    };
    outer.laid(&image, options)
}

/// The archive or folder that an image lies in.
struct Outer(Tree);

/// What of it makes an image.
struct Image<'o> {
    config: &'o Entry,
    layers: Vec<&'o Entry>,
    facts: Facts,
}

/// A manifest for one platform.
struct Candidate<'o> {
    platform: String,
    manifest: &'o Entry,
    document: Value,
}

impl Outer {
    fn document(&self, entry: &Entry) -> Result<Value, Error> {
        if entry.kind != Kind::File || entry.sum.length > MAX_DOCUMENT {
            return Err(damaged(format!("{} of the image", entry.name)));
        }
        let bytes = self.0.contents(entry)?;
        let document = serde_json::from_slice(&bytes);
        document.map_err(|error| damaged(format!("{} of the image: {error}", entry.name)))
    }

    fn file(&self, name: &str) -> Result<&Entry, Error> {
        let entry = self.0.find(name);
        entry.ok_or_else(|| damaged(format!("the image has no {name:?}")))
    }

    /// What a descriptor names, which has its digest and size.
    fn blob(&self, descriptor: &Value) -> Result<&Entry, Error> {
        let digest = text(descriptor, "digest")?;
        let hex = digest.strip_prefix("sha256:");
        let hex = hex.ok_or_else(|| Error::Unsupported(format!("a digest such as {digest:?}")))?;
        let entry = self.file(&format!("blobs/sha256/{hex}"))?;
        let size = descriptor.get("size").and_then(Value::as_u64);
        if entry.sum.hex() != hex || size != Some(entry.sum.length) {
            return Err(damaged(format!("{digest} of the image has other contents")));
        }
        Ok(entry)
    }

    fn of_layout(&self, options: &Options<'_>) -> Result<Image<'_>, Error> {
        let index = self.document(self.file(INDEX)?)?;
        let mut candidates = Vec::new();
        self.candidates(&index, MAX_DEPTH, &mut candidates)?;
        let Candidate {
            platform,
            manifest,
            document,
        } = chosen(candidates, options)?;
        let config = self.blob(member(&document, "config")?)?;
        let layers = list(&document, "layers")?
            .iter()
            .map(|layer| self.blob(layer));
        Ok(Image {
            config,
            layers: layers.collect::<Result<_, _>>()?,
            facts: Facts::from([
                ("platform".to_owned(), platform),
                ("manifest".to_owned(), manifest.sum.hex()),
            ]),
        })
    }

    fn candidates<'o>(
        &'o self,
        index: &Value,
        depth: usize,
        found: &mut Vec<Candidate<'o>>,
    ) -> Result<(), Error> {
        let depth = depth
            .checked_sub(1)
            .ok_or_else(|| damaged("indexes of the image are in each other"))?;
        for descriptor in list(index, "manifests")? {
            if found.len() > MAX_PARTS {
                return Err(Error::TooLarge);
            }
            let manifest = self.blob(descriptor)?;
            let document = self.document(manifest)?;
            let parts = ["manifests", "layers"].map(|name| document.get(name).is_some());
            match parts {
                [true, false] => self.candidates(&document, depth, found)?,
                [false, true] if is_attached(&document) => {}
                [false, true] => {
                    let platform = match descriptor.get("platform") {
                        Some(platform) => in_words(platform),
                        None => in_words(&self.document(self.blob(member(&document, "config")?)?)?),
                    };
                    found.push(Candidate {
                        platform,
                        manifest,
                        document,
                    });
                }
                // Programs would not agree on what it is.
                _ => return Err(damaged("a manifest of the image is none or two things")),
            }
        }
        Ok(())
    }

    /// The list that `docker save` writes, where it is that.
    fn saved(&self) -> Option<Value> {
        let document = self.document(self.0.find(SAVED)?).ok()?;
        let images = document.as_array()?;
        let is_one = |image: &Value| image.get("Config").is_some() && image.get("Layers").is_some();
        (!images.is_empty() && images.iter().all(is_one)).then_some(document)
    }

    fn of_saved(&self, saved: &Value, options: &Options<'_>) -> Result<Image<'_>, Error> {
        let mut candidates = Vec::new();
        for image in saved.as_array().into_iter().flatten().take(MAX_PARTS) {
            let manifest = self.file(text(image, "Config")?)?;
            let platform = in_words(&self.document(manifest)?);
            candidates.push(Candidate {
                platform,
                manifest,
                document: image.clone(),
            });
        }
        let Candidate {
            platform,
            manifest: config,
            document,
        } = chosen(candidates, options)?;
        let named = config.name.rsplit('/').next().unwrap_or_default();
        let hex = named.strip_suffix(".json").unwrap_or(named);
        if hex.len() == 64 && hex != config.sum.hex() {
            return Err(damaged(format!("{named} of the image has other contents")));
        }
        let layers = list(&document, "Layers")?.iter().map(|layer| {
            let name = layer
                .as_str()
                .ok_or_else(|| damaged("a layer of the image"))?;
            self.linked(name)
        });
        Ok(Image {
            config,
            layers: layers.collect::<Result<_, _>>()?,
            facts: Facts::from([("platform".to_owned(), platform)]),
        })
    }

    /// The file of this name, links followed: equal layers are links to the first one.
    fn linked(&self, name: &str) -> Result<&Entry, Error> {
        let mut name = name.to_owned();
        for _ in 0..MAX_DEPTH {
            let entry = self.file(&name)?;
            let Kind::Symlink(target) = &entry.kind else {
                return Ok(entry);
            };
            let mut folders: Vec<&str> = name.split('/').collect();
            folders.pop();
            for element in target.split('/') {
                match element {
                    ".." => _ = folders.pop(),
                    element => folders.push(element),
                }
            }
            name = folders.join("/");
        }
        Err(damaged("links to a layer of the image"))
    }

    /// The layers, one over the other.
    fn laid(&self, image: &Image<'_>, options: &Options<'_>) -> Result<Tree, Error> {
        let config = self.document(image.config)?;
        let sums = config.get("rootfs").map(|rootfs| list(rootfs, "diff_ids"));
        let sums = sums
            .ok_or_else(|| Error::Unsupported("what is no image of a file system".to_owned()))??;
        if sums.len() != image.layers.len() || sums.len() > MAX_PARTS {
            return Err(damaged(
                "the image has other layers than its configuration says",
            ));
        }
        let mut facts = image.facts.clone();
        facts.insert("configuration".to_owned(), image.config.sum.hex());
        facts.insert("layers".to_owned(), sums.len().to_string());
        facts.insert("archive of the image".to_owned(), self.digest());
        let mut overlay = Overlay::default();
        let mut readers = Vec::new();
        let mut left = options.limits;
        for (layer, sum) in image.layers.iter().zip(sums) {
            let tree = self.layer(layer, sum.as_str(), &mut left, options)?;
            for (name, value) in &tree.facts {
                facts.insert(format!("layer {} {name}", readers.len()), value.clone());
            }
            overlay.add(readers.len(), tree.entries, &mut facts)?;
            readers.push(tree.reader);
        }
        Ok(Tree {
            format: Format::Image,
            entries: overlay.entries(),
            facts,
            reader: Reader::Parts(readers),
        })
    }

    fn layer(
        &self,
        layer: &Entry,
        sum: Option<&str>,
        left: &mut Limits,
        options: &Options<'_>,
    ) -> Result<Tree, Error> {
        let options = Options {
            limits: *left,
            ..*options
        };
        let (plain, facts) = compressed::plain(&self.0.reader.input(&layer.place)?, &options)?;
        let found = Sum::read(&mut plain.clone(), plain.len())?.hex();
        if sum.and_then(|sum| sum.strip_prefix("sha256:")) != Some(&found) {
            return Err(damaged(format!(
                "the layer {} unpacks to something else than the configuration of the image says",
                layer.name
            )));
        }
        let length = plain.len();
        let tree = tar::read_plain(plain, facts, &options, tar::End::MayMiss)?;
        left.bytes = left.bytes.saturating_sub(length);
        left.entries = left.entries.saturating_sub(tree.entries.len());
        Ok(tree)
    }

    /// Of all that is there, also of what the image does not use.
    fn digest(&self) -> String {
        let mut all = format!("{:?}\n", self.0.facts);
        for entry in &self.0.entries {
            let Entry {
                name,
                kind,
                mode,
                mtime,
                sum,
                facts,
                ..
            } = entry;
            all += &format!(
                "{name:?} {kind:?} {mode:?} {mtime:?} {} {facts:?}\n",
                sum.hex()
            );
        }
        hash::digest(all.as_bytes())
    }
}

/// The only one, or that for the platform that was asked for.
fn chosen<'o>(
    mut candidates: Vec<Candidate<'o>>,
    options: &Options<'_>,
) -> Result<Candidate<'o>, Error> {
    // BuildKit lists attestations as images of this platform.
    candidates.retain(|candidate| candidate.platform != "unknown/unknown");
    let mut all: Vec<String> = candidates.iter().map(|c| c.platform.clone()).collect();
    if let Some(wanted) = options.platform {
        candidates.retain(|c| {
            let rest = c.platform.strip_prefix(wanted);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        });
    }
    match (candidates.pop(), candidates.len()) {
        (Some(candidate), 0) => Ok(candidate),
        _ => {
            all.sort();
            Err(Error::Platform(all))
        }
    }
}

/// Whether a manifest is that of a document about an image.
fn is_attached(manifest: &Value) -> bool {
    let config = manifest
        .get("config")
        .and_then(|config| config.get("digest"));
    config.and_then(Value::as_str) == Some(NO_IMAGE)
}

/// `os/architecture` and the variant where there is one.
fn in_words(platform: &Value) -> String {
    let part = |name| {
        platform
            .get(name)
            .and_then(Value::as_str)
            .filter(|part| !part.is_empty())
    };
    let parts = [
        part("os").or(Some("")),
        part("architecture").or(Some("")),
        part("variant"),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join("/")
}

fn member<'v>(value: &'v Value, name: &str) -> Result<&'v Value, Error> {
    let found = value.get(name);
    found.ok_or_else(|| damaged(format!("the image does not say its {name:?}")))
}

fn text<'v>(value: &'v Value, name: &str) -> Result<&'v str, Error> {
    let found = member(value, name)?.as_str();
    found.ok_or_else(|| damaged(format!("{name:?} of the image")))
}

fn list<'v>(value: &'v Value, name: &str) -> Result<&'v Vec<Value>, Error> {
    let found = member(value, name)?.as_array();
    let found = found.ok_or_else(|| damaged(format!("{name:?} of the image")))?;
    match found.len() {
        0..=MAX_PARTS => Ok(found),
        _ => Err(Error::TooLarge),
    }
}
