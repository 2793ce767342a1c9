//! Packages as trees, against programs that unpack them: rpm2cpio and cpio, GNU tar, umoci (after skopeo), bsdtar, msiextract. Each
//! of the synthetic packages of `build::archive` has to give the same files, links, modes and contents.
//!
//! What a pass does not mean: folders are not compared, nor owners and times; of image layers in Zstandard there is no second reader.

use crate::run::{Context, Outcome, text, workspace};
use goassay_build::archive::{self, Kind, Tree};
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

/// A package, the programs that unpack `$1` into the folder `$2`, how, and what the roots are called: ours and theirs.
struct Peer {
    package: &'static str,
    programs: &'static [&'static str],
    script: &'static str,
    roots: (&'static str, &'static str),
}

const RPM: &str = "cd \"$2\" && rpm2cpio \"$1\" | cpio -idm --quiet";
const PKG: &str = "bsdtar -xf \"$1\" -C \"$2\" && mkdir \"$2/out\" && bsdtar -xpf \"$2/org.golang.go.pkg/Payload\" -C \"$2/out\"";

const PEERS: [Peer; 9] = [
    rpm("synthetic-gz.rpm"),
    rpm("synthetic-xz.rpm"),
    rpm("synthetic-zst.rpm"),
    Peer {
        package: "synthetic.apk",
        programs: &["tar"],
        script: "tar -xpzf \"$1\" -C \"$2\" --ignore-zeros --warning=no-unknown-keyword && rm \"$2\"/.PKGINFO \"$2\"/.SIGN*",
        roots: ("", ""),
    },
    image(
        "synthetic-oci.tar",
        "skopeo copy --quiet oci-archive:\"$1\" oci:\"$2\"/image:go && umoci unpack --image \"$2\"/image:go \"$2\"/out",
    ),
    image(
        "synthetic-docker.tar",
        "skopeo copy --quiet docker-archive:\"$1\" oci:\"$2\"/image:go && umoci unpack --image \"$2\"/image:go \"$2\"/out",
    ),
    pkg("synthetic-sha1.pkg"),
    pkg("synthetic-md5.pkg"),
    Peer {
        package: "synthetic.msi",
        programs: &["msiextract"],
        script: "msiextract -C \"$2\" \"$1\" >/dev/null",
        roots: ("PFiles/", "Program Files/"),
    },
];

const fn rpm(package: &'static str) -> Peer {
    Peer {
        package,
        programs: &["rpm2cpio", "cpio"],
        script: RPM,
        roots: ("", ""),
    }
}

const fn image(package: &'static str, script: &'static str) -> Peer {
    Peer {
        package,
        programs: &["skopeo", "umoci"],
        script,
        roots: ("", "out/rootfs/"),
    }
}

const fn pkg(package: &'static str) -> Peer {
    Peer {
        package,
        programs: &["bsdtar"],
        script: PKG,
        roots: ("", "out/"),
    }
}

/// All of them, or with `full` off those whose programs are there.
pub(super) fn main(full: bool) -> Outcome {
    let mut compared = 0;
    for peer in &PEERS {
        if let Some(missing) = peer.programs.iter().find(|program| !is_there(program)) {
            if full {
                return Err(format!("{missing} is missing: it unpacks {}", peer.package));
            }
            println!("  {}: not compared, there is no {missing}", peer.package);
            continue;
        }
        let files = peer
            .compare()
            .map_err(|why| format!("{}: {why}", peer.package))?;
        println!(
            "  {}: {files} files as {} has them",
            peer.package,
            peer.programs.join(" and ")
        );
        compared += 1;
    }
    println!("  {compared} of {} packages compared", PEERS.len());
    Ok(())
}

pub(super) fn is_there(program: &str) -> bool {
    let found = Command::new("sh")
        .args(["-c", "command -v \"$0\"", program])
        .output();
    found.is_ok_and(|out| out.status.success())
}

impl Peer {
    fn compare(&self) -> Outcome<usize> {
        let package = workspace()
            .join("crates/build/src/archive/testdata")
            .join(self.package);
        let folder = tempfile::tempdir().context("temporary folder")?;
        let mut unpack = Command::new("sh");
        unpack
            .args(["-c", self.script, "unpack"])
            .arg(&package)
            .arg(folder.path());
        text(&mut unpack)?;
        let open =
            |path: &Path| archive::open(path, &archive::Options::default()).context(path.display());
        let ours = open(&package)?;
        let has_modes = ours.entries.iter().any(|entry| entry.mode.is_some());
        let ours = files(&ours, self.roots.0, has_modes);
        let theirs = files(&open(folder.path())?, self.roots.1, has_modes);
        if ours != theirs || ours.is_empty() {
            return Err(format!("ours {ours:#?}\ntheirs {theirs:#?}"));
        }
        Ok(ours.len())
    }
}

/// What is below a root and no folder: kind, mode and contents, links to files as these.
fn files(tree: &Tree, root: &str, has_modes: bool) -> BTreeMap<String, String> {
    let shown = tree.entries.iter().filter_map(|entry| {
        let name = entry.name.strip_prefix(root)?;
        let what = match &entry.kind {
            Kind::Directory => return None,
            Kind::File => entry.sum.hex(),
            Kind::Hardlink(to) => tree.find(to)?.sum.hex(),
            other => format!("{other:?}"),
        };
        let mode = entry
            .mode
            .filter(|_| has_modes && !matches!(entry.kind, Kind::Symlink(_)));
        let mode = mode.map_or("-".to_owned(), |mode| format!("{mode:o}"));
        Some((name.to_owned(), format!("{what} {mode}")))
    });
    shown.collect()
}
