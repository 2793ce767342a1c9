//! The reference registry (distribution) on loopback: skopeo and regctl push a layout to it, crane, regctl and skopeo read it back.

use super::{Layout, PROVENANCE, SBOM, TAG, same, shell};
use crate::go;
use crate::run::{Context, Outcome, output, text, write};
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

const REGISTRY: &str = "github.com/distribution/distribution/v3/cmd/registry@v3.1.2";
const REGCTL: &str = "github.com/regclient/regclient/cmd/regctl@v0.11.7";
const CRANE: &str = "github.com/google/go-containerregistry/cmd/crane@v0.22.1";

/// A registry that runs; ended when dropped.
struct Registry {
    process: Child,
    host: String,
}

impl Drop for Registry {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Registry {
    fn start(folder: &Path) -> Outcome<Registry> {
        let configuration = format!(
            "version: 0.1\nlog:\n  level: info\nstorage:\n  filesystem:\n    rootdirectory: {}\nhttp:\n  addr: 127.0.0.1:0\n",
            folder.join("store").display()
        );
        let file = folder.join("registry.yml");
        write(&file, configuration)?;
        let mut command = Command::new(go::install(REGISTRY)?);
        command
            .arg("serve")
            .arg(&file)
            .env("OTEL_TRACES_EXPORTER", "none");
        let mut process = command
            .stderr(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .context("registry")?;
        let said = process.stderr.take().ok_or("the registry says nothing")?;
        let mut lines = BufReader::new(said).lines().map_while(Result::ok);
        let host = lines.by_ref().find_map(|line| {
            let at = line.split("listening on ").nth(1)?;
            Some(
                at.chars()
                    .take_while(|c| matches!(c, '0'..='9' | '.' | ':'))
                    .collect(),
            )
        });
        // What it goes on to say must not fill the pipe.
        std::thread::spawn(move || lines.for_each(drop));
        let host = host.ok_or("the registry ended before it listened");
        let mut registry = Registry {
            process,
            host: String::new(),
        };
        registry.host = host?;
        Ok(registry)
    }
}

/// What reads and writes.
struct Clients {
    regctl: PathBuf,
    crane: PathBuf,
    home: PathBuf,
    host: String,
}

impl Clients {
    fn regctl(&self, arguments: &[&str]) -> Outcome<Vec<u8>> {
        let host = format!("reg={},tls=disabled", self.host);
        let mut command = Command::new(&self.regctl);
        output(
            command
                .env("HOME", &self.home)
                .args(["--host", &host])
                .args(arguments),
        )
    }

    fn crane(&self, arguments: &[&str]) -> Outcome<String> {
        let mut command = Command::new(&self.crane);
        text(command.env("HOME", &self.home).args(arguments))
    }
}

/// Pushes the layout, and reads it back.
pub(super) fn check(layout: &Layout) -> Outcome {
    let registry = Registry::start(&layout.folder)?;
    let clients = Clients {
        regctl: go::install(REGCTL)?,
        crane: go::install(CRANE)?,
        home: layout.folder.join("home"),
        host: registry.host.clone(),
    };
    write(&clients.home.join(".keep"), "")?;
    let host = &registry.host;
    let (by_skopeo, by_regctl) = (
        format!("{host}/by/skopeo:{TAG}"),
        format!("{host}/by/regctl:{TAG}"),
    );
    let mut push = Command::new("skopeo");
    push.args([
        "copy",
        "--quiet",
        "--all",
        "--dest-tls-verify=false",
        &layout.reference(),
    ]);
    text(push.arg(format!("docker://{by_skopeo}")))?;
    let local = format!("ocidir://{}:{TAG}", layout.folder.join("layout").display());
    clients.regctl(&["image", "copy", "--referrers", &local, &by_regctl])?;
    for image in [&by_skopeo, &by_regctl] {
        same(
            "crane digest",
            &clients.crane(&["digest", image])?.trim(),
            &layout.digest.as_str(),
        )?;
        clients.crane(&["validate", "--remote", image])?;
    }
    for source in [&local, &by_regctl] {
        for platform in ["linux/amd64", "linux/arm64"] {
            attached(&clients, source, platform)?;
        }
    }
    pulled(layout, &clients, &by_regctl)?;
    println!(
        "  pushed to a registry by skopeo and regctl; crane, regctl and skopeo see {} and 4 attached documents",
        layout.digest
    );
    Ok(())
}

/// The documents of one platform, listed and fetched.
fn attached(clients: &Clients, image: &str, platform: &str) -> Outcome {
    let listed = clients.regctl(&[
        "artifact",
        "list",
        image,
        "--platform",
        platform,
        "--format",
        "{{json .Descriptors}}",
    ])?;
    let listed: Value = serde_json::from_slice(&listed).context("regctl artifact list")?;
    let types = listed.as_array().map(Vec::as_slice).unwrap_or_default();
    let mut types: Vec<&str> = types
        .iter()
        .filter_map(|one| one["artifactType"].as_str())
        .collect();
    types.sort_unstable();
    same(
        &format!("regctl artifact list {image} {platform}"),
        &types,
        &vec![SBOM.0, PROVENANCE.0],
    )?;
    for (kind, bytes) in [SBOM, PROVENANCE] {
        let got = clients.regctl(&[
            "artifact",
            "get",
            "--subject",
            image,
            "--platform",
            platform,
            "--filter-artifact-type",
            kind,
        ])?;
        same("regctl artifact get", &got.as_slice(), &bytes)?;
    }
    Ok(())
}

/// What comes back is what was pushed.
fn pulled(layout: &Layout, clients: &Clients, image: &str) -> Outcome {
    let back = layout.folder.join("back");
    let mut pull = Command::new("skopeo");
    pull.args([
        "copy",
        "--quiet",
        "--all",
        "--src-tls-verify=false",
        &format!("docker://{image}"),
    ]);
    text(pull.arg(format!("oci:{}:{TAG}", back.display())))?;
    same("skopeo copy", &super::top(&back)?, &layout.digest)?;
    let export = format!("\"$1\" export --platform linux/amd64 {image} - | tar -tf -");
    let files = text(&mut shell(&export, &[&clients.crane]))?;
    let files: Vec<&str> = files
        .lines()
        .map(|name| name.trim_end_matches('/'))
        .collect();
    same(
        "crane export",
        &files,
        &vec!["etc", "etc/passwd", "usr", "usr/bin", "usr/bin/hello"],
    )
}
