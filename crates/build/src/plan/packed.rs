//! Programs of Go that leaves the tags of a checkout out: the module is built as `package@version`, from a module proxy of files that
//! is made of the commit.
//!
//! What goes into the zip file follows `golang.org/x/mod/zip` (CreateFromVCS) and cmd/go (modfetch, codeRepo.Zip), so that its
//! `h1:` in the program is the one that every module proxy gives for the same tag.

mod contents;

use super::script::quoted;
use super::stamp::OLD;
use crate::module::{escape_path, escape_version};
use crate::profile::Profile;
use crate::project::{Checkout, Module, Project};
use contents::Contents;
use std::ffi::OsStr;
use std::fmt::Write;

/// A version of a module, as it is published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packed {
    /// The version.
    pub version: String,
    /// A script for a POSIX shell: the file to be made and the arguments of `go install` come as its arguments.
    pub script: String,
}

const EDITED: &str = "this version of Go records versions only of modules that it installs as package@version, and takes no replace and no exclude in go.mod then";
const VENDORED: &str = "this version of Go records versions only of modules that it installs as package@version, and does not look into their vendor folders then";
const PATHS: &str = "this version of Go records versions only of modules that it installs as package@version, and without -trimpath the place of a copy would be in the program then";

/// First minor version of Go that records the tags of every module.
pub(super) const STAMPS: u32 = 25;

/// Whether a project's module can be built as `package@version`, as far as its Go and its folder say.
pub(crate) fn is_possible(project: &Project) -> bool {
    let setting = |name: &str| project.settings.get(name).map_or("", String::as_str);
    project.checkout.is_some()
        && project.go.version.minor() < Some(STAMPS)
        && project.is_in_module()
        && matches!(setting("GOWORK"), "" | "off")
        && setting("GOHOSTOS") != "windows"
}

/// How `module` is built as its version of the checkout.
///
/// # Errors
/// It cannot be, and why.
pub(super) fn of(
    checkout: &Checkout,
    module: &Module,
    version: Option<&str>,
    profile: &Profile,
) -> Result<Packed, &'static str> {
    let published = checkout.published.as_ref();
    let published = published.filter(|it| it.module == module.path && checkout.dirty.is_empty());
    let folder = module.folder.as_deref();
    let folder = folder.and_then(|folder| folder.strip_prefix(&checkout.root).ok()?.to_str());
    let (Some(published), Some(version), Some(folder)) = (published, version, folder) else {
        return Err(OLD);
    };
    let vendored = joined(folder, "vendor/modules.txt");
    if published.is_edited {
        return Err(EDITED);
    } else if published.files.iter().any(|file| file.name == vendored) {
        return Err(VENDORED);
    } else if !profile.trimpath {
        return Err(PATHS);
    }
    let (Ok(path), Ok(escaped)) = (escape_path(&module.path), escape_version(version)) else {
        return Err(OLD);
    };
    let contents = Contents::of(published, folder);
    let script = Script {
        proxy: &format!("proxy/{path}/@v/{escaped}"),
        prefix: &format!("{}@{version}/", module.path),
        version,
        commit: &checkout.commit,
        folder,
    };
    Ok(Packed {
        version: version.to_owned(),
        script: script.text(&contents),
    })
}

/// What the script is made of. All but the folder is plain.
struct Script<'a> {
    /// Files of the version in the proxy, without their endings.
    proxy: &'a str,
    /// What stands before every name in the zip file.
    prefix: &'a str,
    version: &'a str,
    commit: &'a str,
    /// The module's, below the top of the repository.
    folder: &'a str,
}

/// Attributes that would change what `git archive` gives, as cmd/go keeps them out (modfetch/codehost).
const ATTRIBUTES: &str = "* -export-subst -export-ignore";

/// The archive of git without the entries of folders, which a module's zip file has not: they would change its `h1:`.
const PACK: &str = r#"cat > "$work/pack.go" <<'END'
package main

import (
	"archive/zip"
	"os"
	"strings"
)

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func main() {
	from, err := zip.OpenReader(os.Args[1])
	must(err)
	file, err := os.Create(os.Args[2])
	must(err)
	to := zip.NewWriter(file)
	for _, entry := range from.File {
		if !strings.HasSuffix(entry.Name, "/") {
			must(to.Copy(entry))
		}
	}
	must(to.Close())
}
END
pack() (
  unset GOOS GOARCH GO386 GOAMD64 GOARM GOARM64 GOMIPS GOMIPS64 GOPPC64 GORISCV64
  CGO_ENABLED=0 "$GO" run "$work/pack.go" "$@"
)
"#;

impl Script<'_> {
    fn text(&self, contents: &Contents) -> String {
        let Script {
            proxy,
            version,
            commit,
            folder,
            ..
        } = self;
        let at = |name: &str| format!("{commit}:{}", joined(folder, name));
        let go_mod = word(&at("go.mod"));
        let folder_of_proxy = proxy.rsplit_once('/').map_or("", |(folder, _)| folder);
        let mut text = format!(
            r#"out=$1 work=$1.work; shift
rm -rf "$work"; mkdir -p "$work/{folder_of_proxy}"
git clone --quiet --bare --shared "$(git rev-parse --show-toplevel)" "$work/git"
echo '{ATTRIBUTES}' > "$work/git/info/attributes"
of() {{ git --git-dir="$work/git" -c core.autocrlf=input -c core.eol=lf "$@"; }}
echo {version} > "$work/{folder_of_proxy}/list"
of show {go_mod} > "$work/{proxy}.mod"
of show --no-patch --format='{{"Version":"{version}","Time":"%cI"}}' {commit} > "$work/{proxy}.info"
"#
        );
        let mut archive = format!("of archive --format=zip --prefix='{}'", self.prefix);
        if contents.takes_license {
            let _ = writeln!(text, r#"of show {commit}:LICENSE > "$work/LICENSE""#);
            archive.push_str(r#" --add-file="$work/LICENSE""#);
        }
        let _ = write!(archive, r#" --output="$work/git.zip" {}"#, word(&at("")));
        if !contents.left_out.is_empty() {
            archive.push_str(" -- .");
        }
        for path in &contents.left_out {
            let _ = write!(archive, " {}", word(&format!(":(exclude,literal){path}")));
        }
        text.push_str(&archive);
        text.push('\n');
        text.push_str(PACK);
        let _ = writeln!(text, r#"pack "$work/git.zip" "$work/{proxy}.zip""#);
        text.push_str(
            r#"export GOPROXY="file://$work/proxy,file://$GOMODCACHE/cache/download"
export GOPATH="$work/go" GOMODCACHE="$work/modules"
"$GO" install "$@"
mv "$(find "$work/go/bin" -type f)" "$out"
rm -rf "$work"
"#,
        );
        text
    }
}

fn joined(folder: &str, name: &str) -> String {
    match (folder, name) {
        ("", name) => name.to_owned(),
        (folder, "") => folder.to_owned(),
        (folder, name) => format!("{folder}/{name}"),
    }
}

fn word(text: &str) -> String {
    quoted(OsStr::new(text))
}

#[cfg(test)]
mod tests;
