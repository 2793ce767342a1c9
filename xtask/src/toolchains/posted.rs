//! Files of the download page, verified: an archive that was put together again from an installation, and installers that were
//! made up with public tools. Then the same with one thing changed.
//!
//! The archive is *reconstructed*: this machine's Go, if it is a genuine go1.26.8 with at most `go.env` edited, with the published
//! `go.env`, packed by its own `cmd/distpack`. The installers are *synthetic*: nobody posts any for linux/amd64; `bsdtar` (with gzip)
//! and `wixl` make them of the same files.

use super::Bench;
use crate::run::{Context, Outcome, text};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The release that this machine has installed.
const INSTALLED: &str = "1.26.8";
const PLATFORM: &str = "linux-amd64";
const NEEDED: [&str; 4] = ["bsdtar", "gzip", "wixl", "wixl-heat"];

/// `$1`: a GOROOT. Packs it as the page has it.
const DISTPACK: &str =
    "cd \"$1\" && GOROOT= go build -o ../distpack cmd/distpack && GOROOT=\"$1\" ../distpack";
/// `$1`: the archive, `$2`: where it is unpacked, `$3`: the installer of macOS.
const PKG: &str = "mkdir -p \"$2/usr/local\" \"$2/pkg/org.golang.go.pkg\" && tar -xzf \"$1\" -C \"$2/usr/local\" && cd \"$2\" &&
    find usr | LC_ALL=C sort | bsdtar --uid 0 --gid 0 --format odc -cnf - -T - | gzip -1n >pkg/org.golang.go.pkg/Payload &&
    echo '<pkg-info/>' >pkg/org.golang.go.pkg/PackageInfo && bsdtar --format xar --options toc-checksum=sha1,checksum=sha1 -C pkg -cf \"$3\" org.golang.go.pkg";
/// `$1`: where it is unpacked, `$2`: the installer of Windows.
const MSI: &str = "cd \"$1/usr/local\" && cat >../../go.wxs <<'WXS'
<?xml version='1.0'?>
<Wix xmlns='http://schemas.microsoft.com/wix/2006/wi'>
 <Product Id='22EA7650-4AC6-4001-BF29-F4B8775DB1C0' Name='Go synthetic' Language='1033' Version='1.26.8' Manufacturer='nobody'
   UpgradeCode='22EA7650-4AC6-4001-BF29-F4B8775DB1C1'>
  <Package InstallerVersion='300' Compressed='yes'/>
  <Media Id='1' Cabinet='go.cab' EmbedCab='yes'/>
  <Directory Id='TARGETDIR' Name='SourceDir'><Directory Id='ProgramFilesFolder' Name='PFiles'><Directory Id='INSTALLDIR' Name='Go'/></Directory></Directory>
  <Feature Id='All' Level='1'><ComponentGroupRef Id='Go'/></Feature>
 </Product>
</Wix>
WXS
    find go -type f | wixl-heat -p go/ --component-group Go --var var.Source --directory-ref INSTALLDIR >../../files.wxs &&
    wixl -D Source=go -o \"$2\" ../../go.wxs ../../files.wxs";

impl Bench {
    pub(super) fn posted(&self) -> Outcome<String> {
        for program in NEEDED {
            let found = Command::new("sh")
                .args(["-c", "command -v \"$0\"", program])
                .output();
            if !found.is_ok_and(|out| out.status.success()) {
                return Err(format!("{program} is missing"));
            }
        }
        let folder = self.fresh("posted")?;
        // Not fresh: what was built is used again.
        let work = self.folder.join("posted.work").display().to_string();
        let goroot = self.reconstructed(&folder)?;
        let archive = packed(&goroot, &folder)?;
        let unpacked = folder.join("unpacked");
        let [pkg, msi] =
            ["pkg", "msi"].map(|end| folder.join(format!("go{INSTALLED}.{PLATFORM}.{end}")));
        script(PKG, &[&archive, &unpacked, &pkg])?;
        script(MSI, &[&unpacked, &msi])?;
        let verify = |files: &[&Path], want| self.judged(files, &work, want);
        let said = verify(&[&archive, &pkg, &msi], 0)?;

        // One byte of a source file, in an archive that the same tool packs, and in an installer of the same files.
        let changed = goroot.join("src/fmt/print.go");
        let source = std::fs::read_to_string(&changed).context(changed.display())?;
        std::fs::write(&changed, source.replacen("Copyright", "copyright", 1))
            .context(changed.display())?;
        let other = folder.join("changed");
        std::fs::create_dir(&other).context(other.display())?;
        let archive = packed(&goroot, &other)?;
        verify(&[&archive], 1)?;
        let pkg = other.join(format!("go{INSTALLED}.{PLATFORM}.pkg"));
        script(PKG, &[&archive, &other.join("unpacked"), &pkg])?;
        verify(&[&pkg], 1)?;
        std::fs::remove_dir_all(&folder).context(folder.display())?;
        Ok(format!(
            "{said}; one changed byte of the source: FAIL in both"
        ))
    }

    /// A GOROOT with the files of the installed Go, but for the `go.env` that was published.
    fn reconstructed(&self, folder: &Path) -> Outcome<PathBuf> {
        let installed = text(Command::new("go").args(["env", "GOROOT", "GOVERSION"]))?;
        let (installed, version) = installed.trim().split_once('\n').unwrap_or_default();
        if version != format!("go{INSTALLED}") || !Path::new(installed).join("api").is_dir() {
            return Err(format!(
                "an installation of go{INSTALLED} is missing: {installed} has {version}"
            ));
        }
        let fetched = self.run(&["fetch", INSTALLED])?;
        if fetched.code != Some(0) {
            return Err(fetched.stderr);
        }
        let published = text(&mut self.command(&["path", INSTALLED]))?;
        let goroot = folder.join("go");
        text(Command::new("cp").args(["-a", installed]).arg(&goroot))?;
        let settings = Path::new(published.trim()).join("go.env");
        std::fs::copy(&settings, goroot.join("go.env")).context(settings.display())?;
        Ok(goroot)
    }

    fn judged(&self, files: &[&Path], work: &str, want: i32) -> Outcome<String> {
        let names: Vec<String> = files
            .iter()
            .map(|file| file.display().to_string())
            .collect();
        let mut more = vec!["--work", work, "--keep"];
        for name in &names {
            more.extend(["--posted", name]);
        }
        let (document, _) = self.verify(INSTALLED, &more, want)?;
        let files = document["verifications"][0]["files"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        let given: Vec<&Value> = files
            .iter()
            .filter(|file| file["form"] != "module")
            .collect();
        if given.len() != names.len() {
            return Err(format!(
                "{} of {} files were judged",
                given.len(),
                names.len()
            ));
        }
        for file in &given {
            let archive = file["form"] == "archive";
            let whole = file["posted"] == file["rebuilt"];
            let vouched = file["posted"]["h1"] == file["record"]["h1"];
            let good = file["status"] == "pass" && vouched && whole == archive;
            let bad = file["status"] == "fail" && !vouched && !whole;
            if (want == 0 && !good) || (want != 0 && !bad) {
                return Err(format!("{}: {}", file["name"], file["log"]));
            }
        }
        let shown = given
            .iter()
            .map(|file| format!("{} {}", file["name"], file["posted"]["sha256"]));
        Ok(format!("PASS: {}", shown.collect::<Vec<_>>().join(", ")))
    }
}

/// The archive of a GOROOT, moved into a folder.
fn packed(goroot: &Path, folder: &Path) -> Outcome<PathBuf> {
    script(DISTPACK, &[goroot])?;
    let name = format!("go{INSTALLED}.{PLATFORM}.tar.gz");
    let (made, archive) = (goroot.join("pkg/distpack").join(&name), folder.join(&name));
    std::fs::rename(&made, &archive).context(made.display())?;
    Ok(archive)
}

fn script(text_of_it: &str, arguments: &[&Path]) -> Outcome {
    text(
        Command::new("sh")
            .args(["-c", text_of_it, "script"])
            .args(arguments),
    )
    .map(drop)
}
