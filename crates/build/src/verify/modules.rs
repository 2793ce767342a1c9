//! The modules of a program: downloaded by the go command as its user has set it, proven by our own verifier, kept in the layout of a
//! module proxy.
//!
//! Everything that lies in the module cache of a verification is hashed again: a zip file or a go.mod that the checksum database does
//! not vouch for stops it. The go command's own check is off, so that there is one judge and one wording.

use super::claim::Claim;
use super::recipe::Recipe;
use super::source::Place;
use super::{Stop, refusal};
use crate::dirhash;
use crate::module::{Module, NotAModule};
use crate::run::{self, Question};
use crate::sumdb;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, BufReader};
use std::path::{Path, PathBuf};

/// What the checksum database says of a module; none where a setting excuses it from being there.
pub type Vouch<'a> = dyn Fn(&Module) -> Result<Option<sumdb::Statement>, sumdb::Error> + 'a;

/// What was proven.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Proven {
    /// Zip files by module, with their `h1:`.
    pub zips: BTreeMap<Module, String>,
    /// How many files (zip files and go.mod) the checksum database vouches for.
    pub vouched: usize,
    /// Modules that settings excuse from being in the database (GOPRIVATE and its relatives): nobody vouches for them.
    pub excused: Vec<Module>,
    /// Their zip files, with the `h1:` that they have.
    pub unproven: BTreeMap<Module, String>,
}

/// Where modules of a verification are, and where those of all are kept.
#[derive(Debug)]
pub(super) struct Modules<'a> {
    /// The go command of the toolchain.
    pub go: &'a Path,
    /// `GOMODCACHE` of this verification.
    pub cache: &'a Path,
    /// What was proven before, as a module proxy of files.
    pub store: &'a Path,
    /// An empty folder.
    pub folder: &'a Path,
    /// The user's environment, with `GOPROXY` as it is resolved.
    pub environment: &'a [(OsString, OsString)],
}

/// Variables of the user that would change what is downloaded into where, or what is run.
const OWN: [&str; 12] = [
    "GOFLAGS",
    "GOROOT",
    "GOENV",
    "GOTOOLCHAIN",
    "GOMODCACHE",
    "GOPATH",
    "GOSUMDB",
    "GOWORK",
    "GO111MODULE",
    "GOPROXY",
    "GOOS",
    "GOARCH",
];

impl Modules<'_> {
    /// Downloads all that a program needs, without building it.
    pub(super) fn download(
        &self,
        claim: &Claim,
        place: &Place,
        recipe: &Recipe,
    ) -> Result<(), Stop> {
        let mut words = vec!["install", "-n"];
        let mut before = self.store.to_owned();
        if place.is_version {
            // The module alone, first: then only the version that is wanted is listed, and nobody is asked for others.
            self.fetch(&claim.main)?;
            before = self.cache.join("cache/download");
        } else {
            words = vec!["build", "-n", "-o", "/dev/null"];
        }
        let arguments = recipe.arguments().unwrap_or_default();
        let words = words.into_iter().map(str::to_owned);
        // Nothing is stamped yet.
        let last = ["-buildvcs=false".to_owned(), place.what.clone()];
        let words: Vec<String> = words.chain(arguments).chain(last).collect();
        self.go(&words, &recipe.environment, &before, &place.folder)
    }

    fn fetch(&self, module: &Module) -> Result<(), Stop> {
        let words = ["mod", "download", &module.to_string()].map(str::to_owned);
        self.go(&words, &[], self.store, self.folder)
    }

    /// Puts the files of a module into a new folder.
    pub(super) fn unpacked(&self, module: &Module, to: &Path) -> Result<(), Stop> {
        self.fetch(module)?;
        let no_module = |error: NotAModule| Stop::NoSource(error.to_string());
        let from = self.cache.join(module.escaped().map_err(no_module)?);
        for file in files(&from)? {
            let target = to.join(file.strip_prefix(&from).unwrap_or(&file));
            let folder = target.parent().unwrap_or(&target);
            fs::create_dir_all(folder).map_err(Stop::file(folder))?;
            fs::copy(&file, &target).map_err(Stop::file(&target))?;
        }
        Ok(())
    }

    pub(super) fn go(
        &self,
        arguments: &[String],
        settings: &[(String, String)],
        before: &Path,
        folder: &Path,
    ) -> Result<(), Stop> {
        let is_own = |name: &OsString| {
            OWN.iter().any(|own| name == own)
                || settings.iter().any(|(own, _)| name == own.as_str())
        };
        let user = |name: &str| {
            self.environment
                .iter()
                .find(|(own, _)| own == name)
                .map(|(_, value)| value)
        };
        let mut environment: Vec<_> = self
            .environment
            .iter()
            .filter(|(name, _)| !is_own(name))
            .cloned()
            .collect();
        let mut proxy = OsString::from("file://");
        proxy.push(before);
        proxy.push(",file://");
        proxy.push(self.store);
        if let Some(more) = user("GOPROXY") {
            proxy.push(",");
            proxy.push(more);
        }
        let set = [
            ("GOFLAGS", "-modcacherw"),
            ("GOTOOLCHAIN", "local"),
            ("GOSUMDB", "off"),
            ("GOWORK", "off"),
            ("GO111MODULE", "on"),
            ("GOENV", "off"),
        ];
        environment.extend(set.map(|(name, value)| (name.into(), value.into())));
        environment.extend(
            settings
                .iter()
                .map(|(name, value)| (name.into(), value.into())),
        );
        environment.extend([
            ("GOPROXY".into(), proxy),
            ("GOMODCACHE".into(), self.cache.into()),
            ("GOPATH".into(), self.folder.join("gopath").into()),
        ]);
        let question = Question {
            argv: [self.go.into()]
                .into_iter()
                .chain(arguments.iter().map(OsString::from))
                .collect(),
            environment,
            folder,
        };
        let answer = run::ask(&question).map_err(Stop::Run)?;
        match answer.code {
            Some(0) => Ok(()),
            _ => Err(refusal::of_download(&answer.stderr)),
        }
    }

    /// Proves what came, and keeps it, also where not all came; that somebody cheats is said before all else.
    pub(super) fn proven_after(
        &self,
        downloaded: Result<(), Stop>,
        vouch: &Vouch<'_>,
    ) -> Result<Proven, Stop> {
        match (downloaded, self.prove(vouch)) {
            (Err(_), Err(stop)) if stop.is_security() => Err(stop),
            (Err(stop), _) => Err(stop),
            (Ok(()), proven) => proven,
        }
    }

    /// Proves all that was downloaded, and keeps each version that was.
    fn prove(&self, vouch: &Vouch<'_>) -> Result<Proven, Stop> {
        let downloads = self.cache.join("cache/download");
        // A program without dependencies, built in a folder, needs none.
        fs::create_dir_all(&downloads).map_err(Stop::file(&downloads))?;
        let mut proven = Proven::default();
        let mut unknown = None;
        for version in versions(&downloads)? {
            let module = version.module.clone();
            let found = version.zip_sum()?;
            match vouch(&module) {
                Ok(Some(statement)) => {
                    proven.vouched += self.check(&version, found.as_deref(), &statement)?;
                    self.keep(&downloads, &version)?;
                    proven.zips.extend(found.map(|found| (module, found)));
                }
                // Not kept: nobody could say that a copy is still what it has to be.
                Ok(None) => {
                    proven.excused.push(module.clone());
                    proven.unproven.extend(found.map(|found| (module, found)));
                }
                // The others are proven and kept all the same.
                Err(error) if error.kind == sumdb::Kind::NoRecord => {
                    unknown.get_or_insert(Stop::Database(error));
                }
                Err(error) => return Err(Stop::Database(error)),
            }
        }
        unknown.map_or(Ok(proven), Err)
    }

    /// Checks what came of one version; says how many files that were.
    fn check(
        &self,
        version: &Downloaded,
        found: Option<&str>,
        statement: &sumdb::Statement,
    ) -> Result<usize, Stop> {
        let mut checked = 0;
        if let (Some(zip), Some(found)) = (&version.zip, found) {
            self.equal(version, zip, found, &statement.zip, statement)?;
            checked += 1;
        }
        if let (Some(go_mod), Some(recorded)) = (&version.go_mod, &statement.go_mod) {
            let bytes = fs::read(go_mod).map_err(Stop::file(go_mod))?;
            let sum = Sha256::digest(bytes).into();
            let found = dirhash::of_files(&[("go.mod".to_owned(), sum)].into());
            self.equal(version, go_mod, &found, recorded, statement)?;
            checked += 1;
        }
        Ok(checked)
    }

    fn equal(
        &self,
        version: &Downloaded,
        file: &Path,
        found: &str,
        recorded: &str,
        statement: &sumdb::Statement,
    ) -> Result<(), Stop> {
        if found == recorded {
            return Ok(());
        }
        let what = match file.extension() {
            Some(ending) if ending == "mod" => "the go.mod of ",
            _ => "",
        };
        let downloads = self.cache.join("cache/download");
        let kept = self
            .store
            .join(file.strip_prefix(&downloads).unwrap_or(file));
        let whose = match kept.exists() {
            true => format!("the copy that is kept in {} was changed since it was proven: delete it", kept.display()),
            false => "what was downloaded is not what was published, and nothing of it is kept or built: ask who runs the module proxy (GOPROXY)".to_owned(),
        };
        Err(Stop::Mismatch(format!(
            "SECURITY: {what}{} has {found}, and {} recorded {recorded}: {whose}",
            version.module, statement.database
        )))
    }

    /// Copies what was proven to the store, under its name only when it is whole.
    fn keep(&self, downloads: &Path, version: &Downloaded) -> Result<(), Stop> {
        for file in version.files() {
            let below = file.strip_prefix(downloads).unwrap_or(&file);
            let target = self.store.join(below);
            if target.exists() {
                continue;
            }
            let folder = target.parent().unwrap_or(&target);
            fs::create_dir_all(folder).map_err(Stop::file(folder))?;
            let mut temporary =
                tempfile::NamedTempFile::new_in(folder).map_err(Stop::file(folder))?;
            let mut source = File::open(&file).map_err(Stop::file(&file))?;
            io::copy(&mut source, temporary.as_file_mut()).map_err(Stop::file(&target))?;
            temporary
                .persist(&target)
                .map_err(|error| Stop::File(target.clone(), error.error))?;
        }
        Ok(())
    }
}

/// What of one version was downloaded.
struct Downloaded {
    module: Module,
    zip: Option<PathBuf>,
    go_mod: Option<PathBuf>,
}

impl Downloaded {
    /// The `h1:` of the zip file.
    fn zip_sum(&self) -> Result<Option<String>, Stop> {
        let Some(zip) = &self.zip else {
            return Ok(None);
        };
        let file = File::open(zip).map_err(Stop::file(zip))?;
        match dirhash::of_zip(BufReader::new(file)) {
            Ok(sum) => Ok(Some(sum)),
            Err(error) => Err(Stop::Broken(zip.clone(), error.to_string())),
        }
    }

    /// Its files, with what says when it was made.
    fn files(&self) -> Vec<PathBuf> {
        let files = self.zip.iter().chain(&self.go_mod).cloned();
        let about = self
            .go_mod
            .iter()
            .map(|go_mod| go_mod.with_extension("info"));
        files.chain(about.filter(|about| about.exists())).collect()
    }
}

/// The versions in a folder of the proxy's layout, sorted.
fn versions(downloads: &Path) -> Result<Vec<Downloaded>, Stop> {
    let mut all: BTreeMap<Module, Downloaded> = BTreeMap::new();
    for file in files(downloads)? {
        let Some((module, kind)) = named(downloads, &file) else {
            continue;
        };
        let version = all.entry(module.clone()).or_insert(Downloaded {
            module,
            zip: None,
            go_mod: None,
        });
        match kind {
            Kind::Zip => version.zip = Some(file),
            Kind::GoMod => version.go_mod = Some(file),
        }
    }
    Ok(all.into_values().collect())
}

enum Kind {
    Zip,
    GoMod,
}

/// `example.com/!m/@v/v1.0.0.zip`.
fn named(downloads: &Path, file: &Path) -> Option<(Module, Kind)> {
    let below = file.strip_prefix(downloads).ok()?.to_str()?;
    let (path, name) = below.split_once("/@v/")?;
    let (version, kind) = match name.strip_suffix(".zip") {
        Some(version) => (version, Kind::Zip),
        None => (name.strip_suffix(".mod")?, Kind::GoMod),
    };
    Some((Module::new(unescaped(path), unescaped(version)), kind))
}

fn unescaped(text: &str) -> String {
    let mut parts = text.split('!');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |mut all, part| {
        let mut letters = part.chars();
        all.extend(letters.next().map(|letter| letter.to_ascii_uppercase()));
        all.push_str(letters.as_str());
        all
    })
}

/// All files below a folder, sorted by path.
pub(super) fn files(folder: &Path) -> Result<Vec<PathBuf>, Stop> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder).map_err(Stop::file(&folder))? {
            let entry = entry.map_err(Stop::file(&folder))?;
            match entry.file_type().map_err(Stop::file(&folder))?.is_dir() {
                true => open.push(entry.path()),
                false => found.push(entry.path()),
            }
        }
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_the_proxy_layout() {
        let named = |name: &str| {
            named(Path::new("/d"), &Path::new("/d").join(name)).map(|(module, _)| module)
        };
        assert_eq!(
            named("github.com/!burnt!sushi/toml/@v/v1.0.0-!r!c1.zip"),
            Some(Module::new("github.com/BurntSushi/toml", "v1.0.0-RC1"))
        );
        assert_eq!(named("example.com/m/@v/v1.0.0.info"), None);
        assert_eq!(named("sumdb/x/tile/8/0/000"), None);
    }
}
