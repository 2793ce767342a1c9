//! Defaults of GODEBUG that were fixed when the program was built (`DefaultGODEBUG`).
//!
//! Which of them weaken security is a table; sources: `src/internal/godebugs/table.go` and `doc/godebug.md` of Go 1.21 to
//! 1.27, and the packages that read them.

use super::settings;
use goassay_binary::Binary;
use goassay_binary::gap::Fact;

/// One default.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// Name (hostile): `tls10server`.
    pub name: String,
    /// Value (hostile).
    pub value: String,
    /// How it weakens security, where it does.
    pub weakens: Option<Weakness>,
}

/// How a default weakens security.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Weakness {
    /// The setting's name, from the table.
    pub setting: &'static str,
    /// One clause without a full stop.
    pub how: &'static str,
    /// The package that reads the setting: without it, the default is without effect.
    pub package: &'static str,
}

/// A setting that weakens security.
struct Weak {
    name: &'static str,
    /// Values that do.
    values: &'static [&'static str],
    how: &'static str,
    /// The package that reads it.
    package: &'static str,
}

/// Sorted by name. What only changes behaviour, such as `asynctimerchan`, is left out.
const WEAK: &[Weak] = &[
    Weak {
        name: "execerrdot",
        values: &["0"],
        how: "programs in the current directory are run where PATH leads there",
        package: "os/exec",
    },
    Weak {
        name: "htmlmetacontenturlescape",
        values: &["0"],
        how: "URLs in meta elements are not escaped",
        package: "html/template",
    },
    Weak {
        name: "httpcookiemaxnum",
        values: &["0"],
        how: "the number of cookies that are parsed is not bounded",
        package: "net/http",
    },
    Weak {
        name: "httplaxcontentlength",
        values: &["1"],
        how: "an empty Content-Length is accepted, which request smuggling uses",
        package: "net/http",
    },
    Weak {
        name: "httpservecontentkeepheaders",
        values: &["1"],
        how: "error responses keep caching and encoding headers of the content",
        package: "net/http",
    },
    Weak {
        name: "jstmpllitinterp",
        values: &["1"],
        how: "actions inside JavaScript template literals are allowed",
        package: "html/template",
    },
    Weak {
        name: "randautoseed",
        values: &["0"],
        how: "math/rand is seeded with a constant",
        package: "math/rand",
    },
    Weak {
        name: "rsa1024min",
        values: &["0"],
        how: "RSA keys of less than 1024 bits are accepted",
        package: "crypto/rsa",
    },
    Weak {
        name: "tarinsecurepath",
        values: &["1"],
        how: "names in archives that lead outside are not refused where the program asked for it",
        package: "archive/tar",
    },
    Weak {
        name: "tls10server",
        values: &["1"],
        how: "servers accept TLS 1.0 and 1.1",
        package: "crypto/tls",
    },
    Weak {
        name: "tls3des",
        values: &["1"],
        how: "TLS offers 3DES cipher suites",
        package: "crypto/tls",
    },
    Weak {
        name: "tlsmaxrsasize",
        values: &[],
        how: "certificates with larger RSA keys are verified, which costs time",
        package: "crypto/tls",
    },
    Weak {
        name: "tlsmlkem",
        values: &["0"],
        how: "TLS does not offer post-quantum key exchange",
        package: "crypto/tls",
    },
    Weak {
        name: "tlsrsakex",
        values: &["1"],
        how: "TLS offers key exchange without forward secrecy",
        package: "crypto/tls",
    },
    Weak {
        name: "tlssha1",
        values: &["1"],
        how: "TLS 1.2 offers SHA-1 signatures",
        package: "crypto/tls",
    },
    Weak {
        name: "tlsunsafeekm",
        values: &["1"],
        how: "keying material is exported without extended master secret",
        package: "crypto/tls",
    },
    Weak {
        name: "urlmaxqueryparams",
        values: &["0"],
        how: "the number of query parameters that are parsed is not bounded",
        package: "net/url",
    },
    Weak {
        name: "urlstrictcolons",
        values: &["0"],
        how: "malformed hosts with several colons are accepted",
        package: "net/url",
    },
    Weak {
        name: "x509negativeserial",
        values: &["1"],
        how: "certificates with negative serial numbers are accepted",
        package: "crypto/x509",
    },
    Weak {
        name: "x509sha1",
        values: &["1"],
        how: "certificates signed with SHA-1 are accepted",
        package: "crypto/x509",
    },
    Weak {
        name: "x509usepolicies",
        values: &["0"],
        how: "certificate policies are not verified as the standard asks",
        package: "crypto/x509",
    },
    Weak {
        name: "zipinsecurepath",
        values: &["1"],
        how: "names in archives that lead outside are not refused where the program asked for it",
        package: "archive/zip",
    },
];
/// The largest RSA key that crypto/tls verifies unless told otherwise, in bits.
const TLS_MAX_RSA: u64 = 8192;

/// Reads the defaults, in the recorded order.
///
/// # Errors
/// Where no build settings are recorded.
pub fn read(binary: &Binary<'_>) -> Fact<Vec<Setting>> {
    let info = settings(binary)?;
    let list = info.setting("DefaultGODEBUG").unwrap_or_default();
    let pairs = list.split(',').filter_map(|pair| pair.split_once('='));
    Ok(pairs
        .map(|(name, value)| Setting {
            name: name.to_owned(),
            value: value.to_owned(),
            weakens: weakness(name, value),
        })
        .collect())
}

fn weakness(name: &str, value: &str) -> Option<Weakness> {
    let weak = WEAK.iter().find(|weak| weak.name == name)?;
    let larger = name == "tlsmaxrsasize" && value.parse().is_ok_and(|bits: u64| bits > TLS_MAX_RSA);
    (larger || weak.values.contains(&value)).then_some(Weakness {
        setting: weak.name,
        how: weak.how,
        package: weak.package,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_weakening_value_counts() {
        assert!(weakness("tls10server", "1").is_some());
        assert_eq!(weakness("tls10server", "0"), None);
        assert!(weakness("tlsmaxrsasize", "16384").is_some());
        assert_eq!(weakness("tlsmaxrsasize", "8192"), None);
        assert_eq!(weakness("panicnil", "1"), None);
    }

    #[test]
    fn the_table_is_in_order_and_says_something() {
        assert!(WEAK.is_sorted_by(|a, b| a.name < b.name));
        assert!(WEAK.iter().all(|weak| !weak.how.ends_with('.')));
    }
}
