//! Names of entries: only such that lead to a place below the root, on every system.

use super::Error;

/// A name as stored, as that of an entry; empty for the root itself.
pub(crate) fn checked(raw: &[u8]) -> Result<String, Error> {
    let bad = || Error::Name(String::from_utf8_lossy(raw).into_owned());
    let name = std::str::from_utf8(raw).map_err(|_| bad())?;
    let name = match name {
        "." | "./" => "",
        name => name.strip_prefix("./").unwrap_or(name),
    };
    let name = name.strip_suffix('/').unwrap_or(name);
    let hostile = |c: char| c.is_control() || c == '\\';
    let element = |e: &str| !e.is_empty() && e != "." && e != "..";
    if raw.starts_with(b"/")
        || name.contains(hostile)
        || (!name.is_empty() && !name.split('/').all(element))
    {
        return Err(bad());
    }
    Ok(name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::checked;

    #[test]
    fn no_name_leads_elsewhere() {
        for (raw, want) in [("a/b", "a/b"), ("./a/", "a"), ("./", ""), ("a/", "a")] {
            assert_eq!(checked(raw.as_bytes()).unwrap(), want);
        }
        for bad in [
            "/", "/a", "a//b", "../a", "a/..", "a/./b", "a\\b", "a\nb", "a\0", "././a", "//",
        ] {
            assert!(checked(bad.as_bytes()).is_err(), "{bad:?}");
        }
        assert!(checked(b"\xff").is_err());
    }
}
