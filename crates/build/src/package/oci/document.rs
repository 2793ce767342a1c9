//! The documents of an image layout (image-spec 1.1), with the keys that are written here.

use serde::Serialize;
use std::collections::BTreeMap;

/// Media types.
pub(super) mod media {
    pub(in super::super) const INDEX: &str = "application/vnd.oci.image.index.v1+json";
    pub(in super::super) const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
    pub(in super::super) const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
    pub(in super::super) const LAYER: &str = "application/vnd.oci.image.layer.v1.tar+gzip";
    pub(in super::super) const EMPTY: &str = "application/vnd.oci.empty.v1+json";
}

type Texts = BTreeMap<String, String>;

/// What an image runs on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Platform {
    /// GOARCH.
    pub architecture: String,
    /// GOOS.
    pub os: String,
    /// The level, where the specification has names for them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
}

/// Names contents.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Descriptor {
    pub(super) media_type: String,
    pub(super) digest: String,
    pub(super) size: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) platform: Option<Platform>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) artifact_type: Option<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) annotations: Texts,
}

impl Descriptor {
    pub(super) fn new(media_type: &str, hex: &str, size: u64) -> Descriptor {
        Descriptor {
            media_type: media_type.to_owned(),
            digest: format!("sha256:{hex}"),
            size,
            platform: None,
            artifact_type: None,
            annotations: Texts::new(),
        }
    }

    /// Type, digest and size alone, as subjects are named.
    pub(super) fn plain(&self) -> Descriptor {
        Descriptor {
            platform: None,
            artifact_type: None,
            annotations: Texts::new(),
            ..self.clone()
        }
    }
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Index {
    pub(super) schema_version: u32,
    pub(super) media_type: &'static str,
    pub(super) manifests: Vec<Descriptor>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) annotations: Texts,
}

impl Index {
    pub(super) fn of(manifests: Vec<Descriptor>) -> Index {
        Index {
            schema_version: 2,
            media_type: media::INDEX,
            manifests,
            annotations: Texts::new(),
        }
    }
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Manifest {
    pub(super) schema_version: u32,
    pub(super) media_type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) artifact_type: Option<String>,
    pub(super) config: Descriptor,
    pub(super) layers: Vec<Descriptor>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) subject: Option<Descriptor>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) annotations: Texts,
}

impl Manifest {
    pub(super) fn new(config: Descriptor, layers: Vec<Descriptor>) -> Manifest {
        Manifest {
            schema_version: 2,
            media_type: media::MANIFEST,
            artifact_type: None,
            config,
            layers,
            subject: None,
            annotations: Texts::new(),
        }
    }
}

/// The configuration of an image.
#[derive(Debug, Serialize)]
pub(super) struct Config {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) created: Option<String>,
    #[serde(flatten)]
    pub(super) platform: Platform,
    pub(super) config: Execution,
    pub(super) rootfs: RootFs,
    pub(super) history: [History; 1],
}

/// How it is started.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Execution {
    pub(super) user: String,
    pub(super) env: [&'static str; 1],
    pub(super) entrypoint: [String; 1],
    pub(super) labels: Texts,
}

#[derive(Debug, Serialize)]
pub(super) struct RootFs {
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    pub(super) diff_ids: [String; 1],
}

#[derive(Debug, Serialize)]
pub(super) struct History {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) created: Option<String>,
    pub(super) created_by: &'static str,
}

/// What says that a folder is a layout.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Layout {
    image_layout_version: &'static str,
}

impl Default for Layout {
    fn default() -> Layout {
        Layout {
            image_layout_version: "1.0.0",
        }
    }
}
