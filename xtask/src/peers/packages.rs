//! What `build::package` writes, with programs that are not ours: GNU tar, bsdtar and unzip unpack archives with names, modes, times and
//! contents as they were written; skopeo, umoci and the kernel read and run images; skopeo and regctl push them to a registry on loopback, from
//! which crane, regctl and skopeo get the same digests and what is attached.
//!
//! The registry, regctl and crane are installed through the Go module proxy in the full run alone: they take minutes to build.
//!
//! What a pass does not mean: images are not run by a container engine, and for linux/amd64 only; the registry is one without the referrers API.

mod registry;

use super::archives::is_there;
use crate::go::Build;
use crate::run::{Context, Outcome, output, read, sha256, text, work, write};
use goassay_build::archive::{self, Options, Tree};
use goassay_build::package::oci::{self, Attached, Given, Image, Part, User};
use goassay_build::package::{Format, Member, archive as pack};
use goassay_build::plan::Target;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

const TIME: i64 = 1_700_000_000;
const TAG: &str = "v1.2.3";
const SAYS: &str = "hello from an image\n";
const SBOM: (&str, &[u8]) = (
    "application/vnd.cyclonedx+json",
    b"{\"bomFormat\":\"CycloneDX\"}\n",
);
const PROVENANCE: (&str, &[u8]) = (
    "application/vnd.in-toto+json",
    b"{\"_type\":\"statement\"}\n",
);
const PASSWD: &[u8] = b"app:x:65532:65532::/:/none\n";

/// Programs that unpack `$1` into the folder `$2`.
const UNPACK: [(&str, &str, Format); 6] = [
    ("tar", "tar -xpzf \"$1\" -C \"$2\"", Format::TarGz),
    (
        "tar",
        "zstd -qdc \"$1\" | tar -xp -C \"$2\"",
        Format::TarZst,
    ),
    ("bsdtar", "bsdtar -xpf \"$1\" -C \"$2\"", Format::TarGz),
    ("bsdtar", "bsdtar -xpf \"$1\" -C \"$2\"", Format::TarZst),
    ("bsdtar", "bsdtar -xpf \"$1\" -C \"$2\"", Format::Zip),
    ("unzip", "unzip -q \"$1\" -d \"$2\"", Format::Zip),
];

/// Entry point of the check: all of it, or with `full` off what the programs that are there can show.
pub(super) fn main(full: bool) -> Outcome {
    let folder = tempfile::tempdir().context("temporary folder")?;
    let program = program("amd64")?;
    let mut compared = 0;
    for (name, script, format) in UNPACK {
        let needed = if script.starts_with("zstd") {
            vec![name, "zstd"]
        } else {
            vec![name]
        };
        if are_there(&needed, full)? {
            unpacked(name, script, format, &program)?;
            compared += 1;
        }
    }
    println!(
        "  {compared} of {} programs and archives: names, modes, times, contents",
        UNPACK.len()
    );
    if !are_there(&["skopeo", "umoci", "unshare"], full)? {
        return Ok(());
    }
    let layout = Layout::make(folder.path(), &program)?;
    layout.read_by_skopeo()?;
    layout.unpacked_by_umoci("arm64")?;
    let rootfs = layout.unpacked_by_umoci("amd64")?;
    let mut chroot = Command::new("unshare");
    chroot
        .args(["--map-root-user", "chroot"])
        .arg(rootfs)
        .arg("/usr/bin/hello");
    let said = text(&mut chroot)?;
    if said != SAYS {
        return Err(format!("the program of the image said {said:?}"));
    }
    println!("  an image for two platforms: read by skopeo, unpacked by umoci, its program runs");
    if full {
        registry::check(&layout)?;
    }
    Ok(())
}

/// Whether they are; in the full run they have to be.
fn are_there(programs: &[&str], full: bool) -> Outcome<bool> {
    match programs.iter().find(|program| !is_there(program)) {
        None => Ok(true),
        Some(missing) if full => Err(format!("{missing} is missing: it reads packages")),
        Some(missing) => {
            println!("  not compared: there is no {missing}");
            Ok(false)
        }
    }
}

/// A program that needs nothing of a system.
fn program(goarch: &str) -> Outcome<Vec<u8>> {
    let folder = work().join("packages");
    let source = format!(
        "package main\n\nimport \"os\"\n\nfunc main() {{ os.Stdout.WriteString({SAYS:?}) }}\n"
    );
    write(&folder.join("main.go"), source)?;
    write(
        &folder.join("go.mod"),
        "module example.com/hello\n\ngo 1.21\n",
    )?;
    let build = Build {
        go: "1.26.8".to_owned(),
        goos: "linux".to_owned(),
        goarch: goarch.to_owned(),
        buildmode: "exe".to_owned(),
        ldflags: String::new(),
        cgo: false,
    };
    let file = folder.join(format!("hello-{goarch}"));
    build.run(&folder, &file)?;
    read(&file)
}

/// Packs some files, has them unpacked, and compares.
fn unpacked(name: &str, script: &str, format: Format, program: &[u8]) -> Outcome {
    let long = format!("{}.md", "long".repeat(40));
    let of = |name, bytes, is_program| Member {
        name,
        bytes,
        is_program,
    };
    let members = [
        of("hello", program, true),
        of("LICENSE", b"a licence\n".as_slice(), false),
        of(&long, b"", false),
    ];
    let folder = tempfile::tempdir().context("temporary folder")?;
    let package = folder.path().join("package");
    write(
        &package,
        pack(format, &members, TIME).map_err(|e| e.to_string())?,
    )?;
    let out = folder.path().join("out");
    std::fs::create_dir(&out).context("folder")?;
    text(shell(script, &[&package, &out]).env("TZ", "Asia/Kathmandu"))?;
    let theirs = files(&out)?;
    let ours: Files = members
        .iter()
        .map(|m| {
            let mode = if m.is_program { 0o755 } else { 0o644 };
            (m.name.to_owned(), mode, TIME, sha256(m.bytes))
        })
        .collect();
    match ours == theirs {
        true => Ok(()),
        false => Err(format!(
            "{name}, {}: ours {ours:#?}\ntheirs {theirs:#?}",
            format.name()
        )),
    }
}

fn shell(script: &str, arguments: &[&Path]) -> Command {
    let mut command = Command::new("sh");
    command.args(["-euc", script, "sh"]).args(arguments);
    command
}

/// Name, mode, time of the last change and SHA-256 of each file of a folder.
type Files = BTreeSet<(String, u32, i64, String)>;

fn files(folder: &Path) -> Outcome<Files> {
    use std::os::unix::fs::MetadataExt;
    let mut files = Files::new();
    for entry in std::fs::read_dir(folder).context(folder.display())? {
        let entry = entry.context(folder.display())?;
        let about = entry.metadata().context(entry.path().display())?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let sum = sha256(&read(&entry.path())?);
        files.insert((name, about.mode() & 0o7777, about.mtime(), sum));
    }
    Ok(files)
}

/// An image for two platforms, as a file and unpacked.
struct Layout {
    folder: PathBuf,
    file: PathBuf,
    /// What the image index is named by.
    digest: String,
}

impl Layout {
    fn make(folder: &Path, amd64: &[u8]) -> Outcome<Layout> {
        let arm64 = program("arm64")?;
        let user = User::parse("app:65532")?;
        let given = Given::new(vec![(oci::PASSWD, PASSWD.to_vec())], user)?;
        let labels = BTreeMap::from([(
            "org.opencontainers.image.version".to_owned(),
            TAG.to_owned(),
        )]);
        let image = Image {
            name: "hello",
            version: TAG,
            given: &given,
            labels: &labels,
            created: Some("2023-11-14T22:13:20Z"),
            time: TIME,
        };
        let part = |target: &str, program| -> Outcome<Part<'_>> {
            let attached = [("sbom.json", SBOM), ("provenance.json", PROVENANCE)];
            Ok(Part {
                platform: oci::platform(&Target::parse(target)?, None)?,
                program,
                attached: attached
                    .map(|(name, (media_type, bytes))| Attached {
                        name,
                        media_type,
                        bytes,
                    })
                    .to_vec(),
            })
        };
        let parts = [part("linux/amd64", amd64)?, part("linux/arm64", &arm64)?];
        let bytes = oci::layout(&image, &parts).map_err(|e| e.to_string())?;
        let file = folder.join("hello.oci.tar");
        write(&file, bytes)?;
        let unpacked = folder.join("layout");
        std::fs::create_dir(&unpacked).context("folder")?;
        text(&mut shell("tar -xf \"$1\" -C \"$2\"", &[&file, &unpacked]))?;
        Ok(Layout {
            folder: folder.to_owned(),
            file,
            digest: top(&unpacked)?,
        })
    }

    /// For skopeo.
    fn reference(&self) -> String {
        format!("oci-archive:{}:{TAG}", self.file.display())
    }

    fn read_by_skopeo(&self) -> Outcome {
        let raw = output(Command::new("skopeo").args(["inspect", "--raw", &self.reference()]))?;
        same(
            "skopeo inspect --raw",
            &format!("sha256:{}", sha256(&raw)),
            &self.digest,
        )?;
        for (architecture, variant) in [("amd64", ""), ("arm64", "v8")] {
            let mut inspect = Command::new("skopeo");
            inspect.args([
                "inspect",
                "--override-os",
                "linux",
                "--override-arch",
                architecture,
            ]);
            inspect.args(["--override-variant", variant]);
            let seen = text(inspect.arg(self.reference()))?;
            let seen: Value = serde_json::from_str(&seen).context("skopeo inspect")?;
            let label = &seen["Labels"]["org.opencontainers.image.version"];
            same(
                "skopeo inspect",
                &seen["Architecture"],
                &Value::from(architecture),
            )?;
            same("skopeo inspect", label, &Value::from(TAG))?;
        }
        // As `docker load` takes it: the same file system.
        let saved = self.folder.join("saved.tar");
        let mut copy = Command::new("skopeo");
        copy.args([
            "copy",
            "--quiet",
            "--override-arch",
            "amd64",
            &self.reference(),
        ]);
        text(copy.arg(format!("docker-archive:{}:hello:1", saved.display())))?;
        let options = Options {
            platform: Some("linux/amd64"),
            ..Options::default()
        };
        let open = |file: &Path| archive::open(file, &options).context(file.display());
        same(
            "skopeo copy docker-archive",
            &shown(&open(&saved)?),
            &shown(&open(&self.file)?),
        )
    }

    /// What umoci unpacks has the files of the image; gives the root.
    fn unpacked_by_umoci(&self, architecture: &str) -> Outcome<PathBuf> {
        let (one, out) = (
            self.folder.join(format!("one-{architecture}")),
            self.folder.join(format!("out-{architecture}")),
        );
        let mut copy = Command::new("skopeo");
        copy.args([
            "copy",
            "--quiet",
            "--override-arch",
            architecture,
            &self.reference(),
        ]);
        text(copy.arg(format!("oci:{}:{TAG}", one.display())))?;
        let image = format!("{}:{TAG}", one.display());
        text(
            Command::new("umoci")
                .args(["unpack", "--image", &image])
                .arg(&out),
        )?;
        let platform = format!("linux/{architecture}");
        let options = Options {
            platform: Some(&platform),
            ..Options::default()
        };
        let ours = archive::open(&self.file, &options).context("layout")?;
        let theirs = archive::open(&out.join("rootfs"), &Options::default()).context("rootfs")?;
        same("umoci unpack", &shown(&theirs), &shown(&ours))?;
        let config: Value =
            serde_json::from_slice(&read(&out.join("config.json"))?).context("config")?;
        let process = &config["process"];
        same(
            "umoci unpack",
            &process["args"],
            &Value::from(vec!["/usr/bin/hello"]),
        )?;
        same("umoci unpack", &process["user"]["uid"], &Value::from(65532))?;
        Ok(out.join("rootfs"))
    }
}

/// The digest of what the index of an unpacked layout names first.
fn top(layout: &Path) -> Outcome<String> {
    let index: Value =
        serde_json::from_slice(&read(&layout.join("index.json"))?).context("index")?;
    let digest = index["manifests"][0]["digest"].as_str();
    Ok(digest.ok_or("an index without manifests")?.to_owned())
}

/// Names, kinds, modes and contents.
fn shown(tree: &Tree) -> Vec<String> {
    let shown = tree.entries.iter().map(|entry| {
        let mode = entry.mode.unwrap_or_default();
        format!(
            "{} {} {mode:o} {}",
            entry.name,
            entry.kind.name(),
            entry.sum.hex()
        )
    });
    let mut shown: Vec<String> = shown.collect();
    shown.sort();
    shown
}

fn same<T: PartialEq + std::fmt::Debug>(who: &str, theirs: &T, ours: &T) -> Outcome {
    match theirs == ours {
        true => Ok(()),
        false => Err(format!("{who}: {theirs:?} is not {ours:?}")),
    }
}
