//! Settings of the go command, as it resolves them: environment, the file of `go env -w`, `GOROOT/go.env`; and
//! `goassay.toml` for what none of them says. Go itself need not be installed.

use crate::config::Toolchain;
use crate::environment::{self, Environment};
use crate::failure::Failure;
use goassay_build::proxy::Proxies;
use goassay_build::sumdb::Database;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// A settings file larger than this is none.
const MAX_BYTES: u64 = 1 << 20;

/// The settings by name, each from the first place that has it.
pub(crate) struct GoSettings<'e> {
    env: &'e Environment,
    files: Vec<(PathBuf, BTreeMap<String, String>)>,
    config: &'e Toolchain,
}

impl<'e> GoSettings<'e> {
    /// Reads the files that are there.
    pub(crate) fn read(env: &'e Environment, config: &'e Toolchain) -> GoSettings<'e> {
        let files = env.go_env_files();
        GoSettings {
            env,
            files: files
                .into_iter()
                .map(|path| {
                    let text = read_small(&path).unwrap_or_default();
                    (path, parse(&text))
                })
                .collect(),
            config,
        }
    }

    /// A setting, from the first place that has it.
    pub(crate) fn get(&self, name: &str) -> Option<String> {
        let of_env = || self.env.get(name)?.to_str().map(str::to_owned);
        let of_files = || {
            let mut values = self.files.iter().filter_map(|(_, values)| values.get(name));
            values.find(|value| !value.is_empty()).cloned()
        };
        let of_config = || match name {
            "GOPROXY" => self.config.proxy.clone(),
            "GOSUMDB" => self.config.sumdb.clone(),
            _ => None,
        };
        of_env().or_else(of_files).or_else(of_config)
    }

    /// The proxies.
    pub(crate) fn proxies(&self) -> Result<Proxies, Failure> {
        let list = self
            .get("GOPROXY")
            .ok_or_else(|| self.nowhere("GOPROXY", "proxy"))?;
        let private = self.get("GONOPROXY").or_else(|| self.get("GOPRIVATE"));
        Proxies::parse(&list, &private.unwrap_or_default()).map_err(|error| {
            Failure::config("there is no module proxy to ask")
                .because(&error)
                .hint("set GOPROXY to addresses of module proxies, separated by `,` or `|`")
        })
    }

    /// The checksum database.
    pub(crate) fn database(&self) -> Result<Database, Failure> {
        let value = self
            .get("GOSUMDB")
            .ok_or_else(|| self.nowhere("GOSUMDB", "sumdb"))?;
        Database::parse(&value).map_err(|error| {
            Failure::config(
                "there is no checksum database to ask, and no toolchain is taken without one",
            )
            .because(&error)
            .hint(error.kind.next_step())
        })
    }

    /// The module cache: `GOMODCACHE`, or `pkg/mod` in the first folder of `GOPATH`.
    pub(crate) fn module_cache(&self) -> Option<PathBuf> {
        let named = self.get("GOMODCACHE").map(PathBuf::from);
        let gopath = || {
            let named = self.get("GOPATH");
            let first = named.and_then(|list| environment::folders(list.as_ref()).next());
            first.or_else(|| self.env.default_gopath())
        };
        named.or_else(|| Some(gopath()?.join("pkg/mod")))
    }

    /// Settings that other programs may heed and this one does not.
    pub(crate) fn ignored(&self) -> Option<&'static str> {
        let flags = self.get("GOFLAGS").unwrap_or_default();
        let insecure =
            |flag: &str| matches!(flag.trim_start_matches('-'), "insecure" | "insecure=true");
        flags
            .split_whitespace()
            .any(insecure)
            .then_some("GOFLAGS=-insecure is not heeded: toolchains are always looked up in the checksum database")
    }

    fn nowhere(&self, name: &str, key: &str) -> Failure {
        let files = self
            .files
            .iter()
            .map(|(path, _)| path.display().to_string());
        let places: Vec<String> = files.chain(["goassay.toml".to_owned()]).collect();
        Failure::config(format!("{name} is set nowhere"))
            .cause(format!(
                "neither the environment says it nor {}",
                places.join(", ")
            ))
            .hint(format!(
                "set {name} as for the go command, or `{key}` in [toolchain] of goassay.toml"
            ))
    }
}

fn read_small(path: &std::path::Path) -> Option<String> {
    let small = std::fs::metadata(path).ok()?.len() <= MAX_BYTES;
    small.then(|| std::fs::read_to_string(path).ok()).flatten()
}

fn parse(text: &str) -> BTreeMap<String, String> {
    let setting = |line: &str| {
        let (name, value) = line.trim_end_matches('\r').split_once('=')?;
        let is_name = name.starts_with(|c: char| c.is_ascii_uppercase());
        is_name.then(|| (name.to_owned(), value.to_owned()))
    };
    text.lines().filter_map(setting).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_place_says_what_those_before_it_leave_open() {
        let root = tempfile::tempdir().unwrap();
        let (user, goroot) = (root.path().join("env"), root.path().join("go"));
        std::fs::create_dir(&goroot).unwrap();
        std::fs::write(&user, "# comment\nGOSUMDB=of-user\nGOPRIVATE=\n").unwrap();
        std::fs::write(
            goroot.join("go.env"),
            "GOSUMDB=of-go\nGOPRIVATE=of-go\r\nGOFLAGS=-x -insecure\n",
        )
        .unwrap();
        let env = Environment::from([
            ("GOENV", user.to_str().unwrap()),
            ("GOROOT", goroot.to_str().unwrap()),
            ("GOX", "of-env"),
        ]);
        let config = Toolchain {
            proxy: Some("of-config".to_owned()),
            sumdb: Some("of-config".to_owned()),
        };
        let settings = GoSettings::read(&env, &config);
        let get = |name: &str| settings.get(name).unwrap_or_default();
        assert_eq!(
            [
                get("GOX"),
                get("GOSUMDB"),
                get("GOPRIVATE"),
                get("GOPROXY"),
                get("GONE")
            ],
            ["of-env", "of-user", "of-go", "of-config", ""]
        );
        assert!(settings.ignored().is_some());
    }

    #[test]
    #[cfg(unix)]
    fn the_module_cache_is_where_the_go_command_has_it() {
        let config = Toolchain::default();
        let cache = |named: &str, gopath: &str| {
            let env = Environment::from([
                ("GOENV", "off"),
                ("GOROOT", "/none"),
                ("HOME", "/home/x"),
                ("GOMODCACHE", named),
                ("GOPATH", gopath),
            ]);
            GoSettings::read(&env, &config).module_cache()
        };
        assert_eq!(cache("/m", "/a"), Some("/m".into()));
        assert_eq!(cache("", "/a:/b"), Some("/a/pkg/mod".into()));
        assert_eq!(cache("", ""), Some("/home/x/go/pkg/mod".into()));
    }

    #[test]
    fn what_is_said_nowhere_names_the_places() {
        let env = Environment::from([("GOENV", "off"), ("GOROOT", "/none")]);
        let config = Toolchain::default();
        let failure = GoSettings::read(&env, &config).database().unwrap_err();
        assert!(
            failure.to_string().contains("go.env, goassay.toml"),
            "{failure}"
        );
    }
}
