//! The module proxy protocol: what versions there are, and the files of one.
//!
//! Nothing that a proxy says is trusted: contents are checked against the checksum database by who asks.

mod list;

pub use list::{Error, Proxies};

use crate::fetch::Fetch;
use crate::module::{self, Module, NotAModule};
use std::fs::File;

/// Longest list of versions, in bytes.
const MAX_LIST: u64 = 16 << 20;
/// Longest `.info` and `.mod`, in bytes: the limit of the go command.
const MAX_SMALL: u64 = 16 << 20;
/// Longest `.zip`, in bytes: the limit of the go command.
pub const MAX_ZIP: u64 = 500 << 20;

/// Module proxies, asked in their order.
pub struct Client<'a> {
    fetch: &'a dyn Fetch,
    proxies: &'a Proxies,
}

impl<'a> Client<'a> {
    /// A client of these proxies.
    pub fn new(fetch: &'a dyn Fetch, proxies: &'a Proxies) -> Client<'a> {
        Client { fetch, proxies }
    }

    /// All versions of a module that the first proxy that answers knows, in its order.
    ///
    /// # Errors
    /// No proxy answers.
    pub fn versions(&self, path: &str) -> Result<Vec<String>, Error> {
        let escaped = module::escape_path(path).map_err(not_a_module)?;
        let list = self.proxies.attempt(Some(path), |proxy| {
            self.fetch
                .get(&format!("{proxy}/{escaped}/@v/list"), MAX_LIST)
        })?;
        let list = String::from_utf8_lossy(&list);
        let first = list
            .lines()
            .filter_map(|line| line.split_whitespace().next());
        Ok(first.map(str::to_owned).collect())
    }

    /// The `.info` of a module version: JSON.
    ///
    /// # Errors
    /// No proxy has it.
    pub fn info(&self, module: &Module) -> Result<Vec<u8>, Error> {
        self.small(module, "info")
    }

    /// The `go.mod` of a module version.
    ///
    /// # Errors
    /// No proxy has it.
    pub fn go_mod(&self, module: &Module) -> Result<Vec<u8>, Error> {
        self.small(module, "mod")
    }

    fn small(&self, module: &Module, kind: &str) -> Result<Vec<u8>, Error> {
        let path = file(module, kind)?;
        self.proxies.attempt(Some(&module.path), |proxy| {
            self.fetch.get(&format!("{proxy}/{path}"), MAX_SMALL)
        })
    }

    /// Puts the `.zip` of a module version into `file` and gives its length in bytes.
    ///
    /// # Errors
    /// No proxy has it, or the file cannot be written.
    pub fn zip(&self, module: &Module, to: &mut File) -> Result<u64, Error> {
        let path = file(module, "zip")?;
        self.proxies.attempt(Some(&module.path), |proxy| {
            self.fetch.download(&format!("{proxy}/{path}"), MAX_ZIP, to)
        })
    }
}

fn file(module: &Module, kind: &str) -> Result<String, Error> {
    let path = module::escape_path(&module.path).map_err(not_a_module)?;
    let version = module::escape_version(&module.version).map_err(not_a_module)?;
    Ok(format!("{path}/@v/{version}.{kind}"))
}

fn not_a_module(error: NotAModule) -> Error {
    Error::NotAModule(error)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fetch::{FetchError, Kind};
    use std::cell::RefCell;
    use std::collections::BTreeMap;

    /// Answers by address, and a record of what was asked.
    #[derive(Default)]
    struct Net {
        answers: BTreeMap<&'static str, Result<&'static str, Kind>>,
        asked: RefCell<Vec<String>>,
    }

    impl Fetch for Net {
        fn get(&self, url: &str, _: u64) -> Result<Vec<u8>, FetchError> {
            self.asked.borrow_mut().push(url.to_owned());
            match self.answers.get(url) {
                Some(Ok(text)) => Ok(text.as_bytes().to_vec()),
                Some(Err(kind)) => Err(FetchError::new(*kind, url, "as told")),
                None => Err(FetchError::new(Kind::Missing, url, "not there")),
            }
        }

        fn download(&self, url: &str, cap: u64, file: &mut File) -> Result<u64, FetchError> {
            let bytes = self.get(url, cap)?;
            std::io::Write::write_all(file, &bytes).unwrap();
            Ok(bytes.len() as u64)
        }
    }

    const PATH: &str = "example.com/M";
    const A: &str = "https://a.example/example.com/!m/@v/list";
    const B: &str = "https://b.example/example.com/!m/@v/list";

    fn versions(
        proxies: &str,
        answers: &[(&'static str, Result<&'static str, Kind>)],
    ) -> (Result<Vec<String>, Error>, usize) {
        let net = Net {
            answers: answers.iter().cloned().collect(),
            asked: RefCell::default(),
        };
        let proxies = Proxies::parse(proxies, "").unwrap();
        let versions = Client::new(&net, &proxies).versions(PATH);
        let asked = net.asked.borrow().len();
        (versions, asked)
    }

    #[test]
    fn a_comma_falls_through_where_there_is_nothing_and_a_bar_on_everything() {
        let one = Ok(vec!["v1.0.0".to_owned()]);
        let b = (B, Ok("v1.0.0 2020-01-01T00:00:00Z\n"));
        assert_eq!(
            versions("https://a.example/,https://b.example", &[b]),
            (one.clone(), 2)
        );
        let broken = (A, Err(Kind::Status(500)));
        let (answer, asked) = versions("https://a.example,https://b.example", &[broken, b]);
        assert!(
            matches!(answer, Err(Error::Fetch(error)) if error.kind == Kind::Status(500))
                && asked == 1
        );
        assert_eq!(
            versions("https://a.example|https://b.example", &[broken, b]),
            (one.clone(), 2)
        );
        assert_eq!(versions("b.example", &[b]), (one, 1));
    }

    #[test]
    fn the_end_of_the_list_says_why() {
        let said = |list: &str| versions(list, &[]).0.unwrap_err().to_string();
        assert!(said("off").contains("GOPROXY=off"), "{}", said("off"));
        assert!(said("https://a.example,direct").contains("version control"));
        assert!(said("https://a.example,off").contains("GOPROXY=off"));
        assert!(said("https://a.example,https://b.example").contains("b.example"));
        let (answer, asked) = versions("off,https://b.example", &[(B, Ok("v1.0.0"))]);
        assert!(answer.is_err() && asked == 0);
    }

    #[test]
    fn a_module_that_no_proxy_may_see_is_not_asked_for() {
        let net = Net::default();
        let proxies = Proxies::parse("https://a.example", "example.com/*").unwrap();
        let error = Client::new(&net, &proxies).versions(PATH).unwrap_err();
        assert!(error.to_string().contains("GONOPROXY"), "{error}");
        assert_eq!(net.asked.borrow().len(), 0);
    }

    #[test]
    fn files_of_a_version() {
        let zip = "https://a.example/example.com/!m/@v/v1.0.0.zip";
        let info = "https://a.example/example.com/!m/@v/v1.0.0.info";
        let net = Net {
            answers: BTreeMap::from([(zip, Ok("zip")), (info, Ok("{}"))]),
            asked: RefCell::default(),
        };
        let proxies = Proxies::parse("https://a.example", "").unwrap();
        let (client, module) = (Client::new(&net, &proxies), Module::new(PATH, "v1.0.0"));
        let mut file = tempfile::tempfile().unwrap();
        assert_eq!(client.zip(&module, &mut file), Ok(3));
        assert_eq!(client.info(&module).unwrap(), b"{}");
        let error = client.go_mod(&module).unwrap_err();
        assert!(error.falls_through(), "{error}");
        assert!(client.info(&Module::new("../x", "v1")).is_err());
    }
}
