//! GOPROXY: which proxies, and when the next one is asked.

use crate::fetch::{FetchError, Kind};
use crate::module::{self, NotAModule};
use std::fmt;

/// A list of proxies, and the patterns of modules that none of them may see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proxies {
    entries: Vec<Entry>,
    private: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Entry {
    proxy: Proxy,
    /// The next one is asked after any failure, not only where there is no such thing.
    on_any_failure: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Proxy {
    Url(String),
    Direct,
    Off,
}

/// Why no proxy gave an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Error {
    /// GOPROXY cannot be used.
    List(String),
    /// GOPROXY ends with `off`.
    Off,
    /// GOPROXY ends with `direct`; and what a proxy before it failed with.
    Direct(Option<FetchError>),
    /// GONOPROXY has a pattern for the module.
    Private(String),
    /// It is no module path or version.
    NotAModule(NotAModule),
    /// The most telling failure of a proxy.
    Fetch(FetchError),
}

impl Error {
    /// Whether a proxy said that there is nothing, rather than failed.
    #[must_use]
    pub fn falls_through(&self) -> bool {
        match self {
            Error::Off | Error::Direct(_) => true,
            Error::Fetch(error) => error.kind == Kind::Missing,
            Error::List(_) | Error::Private(_) | Error::NotAModule(_) => false,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::List(why) => write!(f, "GOPROXY cannot be used: {why}"),
            Error::Off => f.write_str("GOPROXY=off forbids to ask any further"),
            Error::Direct(before) => {
                if let Some(error) = before {
                    write!(f, "{error}; ")?;
                }
                f.write_str("`direct` in GOPROXY is not followed: goassay does not run version control systems")
            }
            Error::Private(path) => write!(
                f,
                "GONOPROXY or GOPRIVATE has a pattern for {path}, so that no proxy may be asked"
            ),
            Error::NotAModule(error) => error.fmt(f),
            Error::Fetch(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for Error {}

impl Proxies {
    /// Reads GOPROXY and GONOPROXY.
    ///
    /// # Errors
    /// The list is empty or has something that is no address.
    pub fn parse(goproxy: &str, gonoproxy: &str) -> Result<Proxies, Error> {
        let mut entries = Vec::new();
        let mut rest = goproxy;
        while !rest.is_empty() {
            let end = rest.find([',', '|']).unwrap_or(rest.len());
            let (text, separator) = (rest[..end].trim(), rest[end..].chars().next());
            rest = rest.get(end + 1..).unwrap_or_default();
            if text.is_empty() {
                continue;
            }
            let proxy = Proxy::parse(text)?;
            let last = !matches!(proxy, Proxy::Url(_));
            entries.push(Entry {
                proxy,
                on_any_failure: separator == Some('|'),
            });
            // As the go command has it, nothing behind these counts.
            if last {
                break;
            }
        }
        if entries.is_empty() {
            return Err(Error::List("it has no entries".to_owned()));
        }
        Ok(Proxies {
            entries,
            private: gonoproxy.to_owned(),
        })
    }

    /// Whether any proxy may be asked for a module at all.
    ///
    /// # Errors
    /// Why none may.
    pub fn may_be_asked(&self, path: &str) -> Result<(), Error> {
        if module::matches_prefix(&self.private, path) {
            return Err(Error::Private(path.to_owned()));
        }
        match self.entries.first().map(|entry| &entry.proxy) {
            Some(Proxy::Url(_)) => Ok(()),
            Some(Proxy::Direct) => Err(Error::Direct(None)),
            Some(Proxy::Off) | None => Err(Error::Off),
        }
    }

    /// Asks one proxy after the other until one answers; gives the most telling failure otherwise. A `module` that
    /// GONOPROXY names is asked for nowhere.
    pub(crate) fn attempt<T>(
        &self,
        module: Option<&str>,
        mut ask: impl FnMut(&str) -> Result<T, FetchError>,
    ) -> Result<T, Error> {
        if let Some(path) = module.filter(|path| module::matches_prefix(&self.private, path)) {
            return Err(Error::Private(path.to_owned()));
        }
        let mut telling: Option<Error> = None;
        for entry in &self.entries {
            let error = match &entry.proxy {
                Proxy::Url(url) => match ask(url) {
                    Ok(answer) => return Ok(answer),
                    Err(error) => Error::Fetch(error),
                },
                Proxy::Direct => Error::Direct(match telling.take() {
                    Some(Error::Fetch(error)) => Some(error),
                    _ => None,
                }),
                Proxy::Off => Error::Off,
            };
            let goes_on = entry.on_any_failure || error.falls_through();
            if telling.as_ref().is_none_or(Error::falls_through) {
                telling = Some(error);
            }
            if !goes_on {
                break;
            }
        }
        Err(telling.unwrap_or(Error::Off))
    }
}

impl Proxy {
    fn parse(text: &str) -> Result<Proxy, Error> {
        let url = match text {
            "off" => return Ok(Proxy::Off),
            "direct" => return Ok(Proxy::Direct),
            // A host and a path, as the go command takes it.
            _ if !text.contains(":/")
                && text.contains(['.', '/', ':'])
                && !text.starts_with('/') =>
            {
                format!("https://{text}")
            }
            _ => text.to_owned(),
        };
        let known = ["https://", "http://", "file:///"];
        if !known
            .iter()
            .any(|scheme| url.len() > scheme.len() && url.starts_with(scheme))
        {
            let why = format!(
                "`{}` is neither https://, http://, file:///, direct nor off",
                crate::fetch::without_credentials(text)
            );
            return Err(Error::List(why));
        }
        Ok(Proxy::Url(url.trim_end_matches('/').to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_list() {
        for list in [
            "",
            " ",
            ",|,",
            "ftp://x",
            "word",
            "/path",
            "file://relative",
            "https://",
        ] {
            assert!(
                matches!(Proxies::parse(list, ""), Err(Error::List(_))),
                "{list}"
            );
        }
        assert_eq!(
            Proxies::parse("direct,nonsense", "").unwrap().entries.len(),
            1
        );
    }

    #[test]
    fn a_failure_tells_more_than_an_absence() {
        let proxies = Proxies::parse("https://a.example|https://b.example", "").unwrap();
        let answer: Result<(), _> = proxies.attempt(None, |url| {
            let kind = if url.contains('a') {
                Kind::Status(403)
            } else {
                Kind::Missing
            };
            Err(FetchError::new(kind, url, "x"))
        });
        assert!(matches!(answer, Err(Error::Fetch(error)) if error.kind == Kind::Status(403)));
    }
}
