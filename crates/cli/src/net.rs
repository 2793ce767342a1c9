//! The only outbound network of the program: conditional GET requests with limits.
//!
//! Every answer has a size cap and a deadline, a few retries where a retry can help, and no redirect from https to http.
//! What the bytes mean is not known here. `file://` addresses are read from disk by the same interface.

#![expect(
    clippy::disallowed_types,
    reason = "this module is where requests may be made"
)]

mod modules;

pub(crate) use modules::Modules;

use crate::environment::Environment;
use crate::failure::{Failure, Kind};
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig};

/// What a server gave last time, to be asked only for what is new.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Validators {
    pub(crate) etag: Option<String>,
    pub(crate) last_modified: Option<String>,
}

/// What a server (or a folder) had to say.
#[derive(Debug)]
pub(crate) enum Answer {
    /// Nothing newer than the validators.
    NotModified,
    /// There is no such thing.
    Missing,
    /// The thing itself.
    Body {
        bytes: Vec<u8>,
        validators: Validators,
    },
}

/// Where a published database is read from.
pub(crate) enum Mirror {
    /// A server.
    Http(Server),
    /// A folder in the published layout.
    Folder(PathBuf),
}

/// A server below one address.
pub(crate) struct Server {
    agent: ureq::Agent,
    base: String,
}

const ATTEMPTS: u32 = 3;
const CONNECT: Duration = Duration::from_secs(15);
const RESPONSE: Duration = Duration::from_secs(30);
const BODY: Duration = Duration::from_secs(300);
const MAX_REDIRECTS: u32 = 5;

impl Mirror {
    /// The mirror at `url`; `ca` replaces the built-in certificates.
    pub(crate) fn open(url: &str, ca: Option<&Path>, env: &Environment) -> Result<Mirror, Failure> {
        let url = url.trim_end_matches('/');
        if let Some(path) = url.strip_prefix("file://") {
            return file_path(path)
                .map(Mirror::Folder)
                .ok_or_else(|| bad_url(url));
        }
        let agent = agent(url, ca, env)?;
        Ok(Mirror::Http(Server {
            agent,
            base: url.to_owned(),
        }))
    }

    /// Gets `path` below the mirror, unless it is as `known`; at most `cap` bytes.
    pub(crate) fn get(&self, path: &str, known: &Validators, cap: u64) -> Result<Answer, Failure> {
        match self {
            Mirror::Http(server) => server.get(path, known, cap),
            Mirror::Folder(folder) => read_capped(&folder.join(path), cap),
        }
    }
}

/// What makes requests to the host of `url`.
fn agent(url: &str, ca: Option<&Path>, env: &Environment) -> Result<ureq::Agent, Failure> {
    let uri: ureq::http::Uri = url.parse().map_err(|_| bad_url(url))?;
    let (Some(scheme @ ("http" | "https")), Some(host)) = (uri.scheme_str(), uri.host()) else {
        return Err(bad_url(url));
    };
    let config = ureq::Agent::config_builder()
        .https_only(scheme == "https")
        .http_status_as_error(false)
        .max_redirects(MAX_REDIRECTS)
        .timeout_connect(Some(CONNECT))
        .timeout_recv_response(Some(RESPONSE))
        .timeout_recv_body(Some(BODY))
        .user_agent(concat!("goassay/", env!("CARGO_PKG_VERSION")))
        .proxy(proxy(scheme, host, env)?)
        .tls_config(tls(ca)?)
        .build();
    Ok(config.into())
}

fn bad_url(url: &str) -> Failure {
    Failure::usage(format!("cannot use `{url}` as the address of a database"))
        .hint("give an address that starts with https://, http:// or file:///")
}

fn file_path(path: &str) -> Option<PathBuf> {
    let path = path.strip_prefix("localhost").unwrap_or(path);
    path.starts_with('/')
        .then(|| percent_decoded(path))
        .flatten()
        .map(PathBuf::from)
}

fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, tail)) = rest.split_first() {
        rest = tail;
        if byte == b'%' {
            let digits = std::str::from_utf8(rest.get(..2)?).ok()?;
            bytes.push(u8::from_str_radix(digits, 16).ok()?);
            rest = &rest[2..];
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}

fn read_capped(path: &Path, cap: u64) -> Result<Answer, Failure> {
    let file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Answer::Missing),
        opened => opened,
    };
    let mut bytes = Vec::new();
    file.and_then(|file| file.take(cap.saturating_add(1)).read_to_end(&mut bytes))
        .map_err(|error| Failure::file(Kind::Network, "read", path, &error))?;
    if bytes.len() as u64 > cap {
        return Err(too_large(&path.display().to_string(), cap));
    }
    Ok(Answer::Body {
        bytes,
        validators: Validators::default(),
    })
}

impl Server {
    fn get(&self, path: &str, known: &Validators, cap: u64) -> Result<Answer, Failure> {
        let url = format!("{}/{path}", self.base);
        let mut attempt = 1;
        loop {
            match self.attempt(&url, known, cap) {
                Err(Trouble {
                    failure,
                    again: true,
                }) if attempt < ATTEMPTS => {
                    std::thread::sleep(Duration::from_millis(250) * attempt.pow(2));
                    attempt += 1;
                    drop(failure);
                }
                Err(trouble) => return Err(trouble.failure),
                Ok(answer) => return Ok(answer),
            }
        }
    }

    fn attempt(&self, url: &str, known: &Validators, cap: u64) -> Result<Answer, Trouble> {
        let mut request = self.agent.get(url);
        if let Some(etag) = &known.etag {
            request = request.header("If-None-Match", etag);
        }
        if let Some(date) = &known.last_modified {
            request = request.header("If-Modified-Since", date);
        }
        let mut response = request.call().map_err(|error| trouble(url, &error, cap))?;
        match response.status().as_u16() {
            200 => {}
            304 => return Ok(Answer::NotModified),
            404 | 410 => return Ok(Answer::Missing),
            status => return Err(bad_status(url, status)),
        }
        let header = |name: &str| Some(response.headers().get(name)?.to_str().ok()?.to_owned());
        let validators = Validators {
            etag: header("ETag"),
            last_modified: header("Last-Modified"),
        };
        let body = response.body_mut().with_config().limit(cap);
        let bytes = body
            .read_to_vec()
            .map_err(|error| trouble(url, &error, cap))?;
        Ok(Answer::Body { bytes, validators })
    }
}

/// A failed attempt, and whether another may help.
struct Trouble {
    failure: Failure,
    again: bool,
}

fn bad_status(url: &str, status: u16) -> Trouble {
    let failure = cannot_get(url).cause(format!("the server answered with status {status}"));
    let hint = match status {
        401 | 403 | 407 => {
            "ask the owner of the server or proxy for access, or use another mirror with --url"
        }
        429 | 500.. => "try again later, or use another mirror with --url",
        _ => "check the address; a mirror has the layout of https://vuln.go.dev",
    };
    Trouble {
        failure: failure.hint(hint),
        again: status == 429 || status >= 500,
    }
}

fn trouble(url: &str, error: &ureq::Error, cap: u64) -> Trouble {
    use ureq::Error;
    if let Error::BodyExceedsLimit(_) = error {
        return Trouble {
            failure: too_large(url, cap),
            again: false,
        };
    }
    let again = matches!(
        error,
        Error::Io(_) | Error::Timeout(_) | Error::ConnectionFailed | Error::Protocol(_)
    );
    let hint = match error {
        Error::TooManyRedirects | Error::RequireHttpsOnly(_) => {
            "check the address; the server sends in circles or away from https"
        }
        Error::Tls(_) | Error::Pem(_) | Error::Rustls(_) => {
            "for a mirror or proxy with a certificate of its own, give it with --ca FILE"
        }
        _ => {
            "check the connection and HTTPS_PROXY/NO_PROXY, or get `vulndb.zip` elsewhere and use `goassay db import`"
        }
    };
    Trouble {
        failure: cannot_get(url).because(error).hint(hint),
        again,
    }
}

fn cannot_get(url: &str) -> Failure {
    Failure::network(format!("cannot get {url}"))
}

fn too_large(what: &str, cap: u64) -> Failure {
    Failure::network(format!("cannot get {what}"))
        .cause(format!("it is larger than {} MiB", cap >> 20))
        .hint("check the address; a mirror has the layout of https://vuln.go.dev")
}

fn tls(ca: Option<&Path>) -> Result<TlsConfig, Failure> {
    let roots = match ca {
        None => RootCerts::WebPki,
        Some(path) => RootCerts::from(certificates(path)?),
    };
    Ok(TlsConfig::builder().root_certs(roots).build())
}

fn certificates(path: &Path) -> Result<Vec<Certificate<'static>>, Failure> {
    let pem = std::fs::read(path).map_err(|error| {
        Failure::file(Kind::Config, "read", path, &error)
            .hint("--ca names a file with certificates in PEM form")
    })?;
    let certificates: Vec<_> = ureq::tls::parse_pem(&pem)
        .filter_map(|item| match item {
            Ok(PemItem::Certificate(certificate)) => Some(certificate),
            _ => None,
        })
        .collect();
    if certificates.is_empty() {
        return Err(
            Failure::config(format!("no certificate in {}", path.display())).hint(
                "--ca names a file with certificates in PEM form (-----BEGIN CERTIFICATE-----)",
            ),
        );
    }
    Ok(certificates)
}

/// The proxy that the environment asks for, by the rules that curl and Go follow.
fn proxy(scheme: &str, host: &str, env: &Environment) -> Result<Option<ureq::Proxy>, Failure> {
    let Some((name, value)) = proxy_setting(scheme, env) else {
        return Ok(None);
    };
    if no_proxy(host, env) {
        return Ok(None);
    }
    match ureq::Proxy::new(&value) {
        Ok(proxy) => Ok(Some(proxy)),
        Err(error) => Err(Failure::config(format!("cannot use the proxy in {name}"))
            .because(&error)
            .hint("set it to http://HOST:PORT, or unset it")),
    }
}

fn proxy_setting(scheme: &str, env: &Environment) -> Option<(String, String)> {
    let names = [format!("{scheme}_proxy"), "all_proxy".to_owned()];
    names
        .iter()
        .flat_map(|name| [name.clone(), name.to_ascii_uppercase()])
        .find_map(|name| {
            let value = env.get(&name)?.to_str()?.to_owned();
            Some((name, value))
        })
}

fn no_proxy(host: &str, env: &Environment) -> bool {
    let list = env
        .get("no_proxy")
        .or(env.get("NO_PROXY"))
        .and_then(|list| list.to_str());
    let host = host.trim_matches(['[', ']']).to_ascii_lowercase();
    list.unwrap_or_default()
        .split([',', ' '])
        .any(|entry| names_host(entry.trim(), &host))
}

// `*`, a host, or a domain with everything below it (with or without a leading dot).
fn names_host(entry: &str, host: &str) -> bool {
    if entry == "*" {
        return true;
    }
    let domain = entry
        .trim_start_matches('*')
        .trim_start_matches('.')
        .to_ascii_lowercase();
    let below = || {
        host.strip_suffix(&domain)
            .is_some_and(|rest| rest.ends_with('.'))
    };
    !domain.is_empty() && (host == domain || below())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_addresses() {
        assert_eq!(file_path("/a%20b"), Some("/a b".into()));
        assert_eq!(file_path("localhost/a"), Some("/a".into()));
        assert_eq!(
            (file_path("host/a"), file_path("/a%2"), file_path("/%zz")),
            (None, None, None)
        );
    }

    #[test]
    fn addresses_that_are_none_are_usage_errors() {
        for url in ["vuln.go.dev", "ftp://x", "", "https://", "file://relative"] {
            let failure = Mirror::open(url, None, &Environment::default())
                .err()
                .unwrap();
            assert_eq!(failure.kind, Kind::Usage, "{url}");
        }
    }

    #[test]
    fn proxies_go_by_scheme_and_leave_out_what_no_proxy_names() {
        let env = Environment::from([
            ("HTTPS_PROXY", "http://upper:1"),
            ("https_proxy", "http://lower:1"),
            ("NO_PROXY", "localhost, .corp.example,10.0.0.1"),
        ]);
        assert_eq!(proxy_setting("https", &env).unwrap().1, "http://lower:1");
        assert_eq!(proxy_setting("http", &env), None);
        assert!(
            no_proxy("localhost", &env)
                && no_proxy("a.Corp.example", &env)
                && no_proxy("10.0.0.1", &env)
        );
        assert!(!no_proxy("notcorp.example", &env) && !no_proxy("vuln.go.dev", &env));
        assert!(no_proxy(
            "anything",
            &Environment::from([("no_proxy", "*")])
        ));
    }

    #[test]
    fn a_file_without_certificates_is_refused() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let failure = certificates(file.path()).unwrap_err();
        assert!(failure.message.starts_with("no certificate in "));
    }
}
