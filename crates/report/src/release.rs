//! Spellings of versions that foreign formats want: Go releases as semantic versions or bare numbers.
//!
//! Respelling only; which version is newer or affected is decided in `goassay-vuln`.

/// A version as semantic version with `v`: `go1.22rc1` → `v1.22.0-rc.1`, `go1.24.4 (Red Hat 1.24.4-1.el9)` → `v1.24.4`.
/// What is no Go release comes back unchanged; a Go version without a number (`devel …`) becomes empty.
pub(crate) fn semver(version: &str) -> String {
    let Some(number) = go_number(version) else {
        return if version.starts_with("devel ") {
            String::new()
        } else {
            version.to_owned()
        };
    };
    let digits = number
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(number.len());
    let (release, rest) = number.split_at(digits);
    let dots = release.matches('.').count();
    let padding = ".0".repeat(2usize.saturating_sub(dots));
    format!("v{release}{padding}{}", prerelease(rest))
}

/// A Go release as packages are named: `go1.26.8` → `1.26.8`; vendor suffixes and experiments are left out.
pub(crate) fn go_number(version: &str) -> Option<&str> {
    let number = version.split_whitespace().next()?.strip_prefix("go")?;
    let end = number
        .find(|c: char| !c.is_ascii_alphanumeric() && c != '.')
        .unwrap_or(number.len());
    let number = &number[..end];
    number
        .starts_with(|c: char| c.is_ascii_digit())
        .then_some(number)
}

/// `rc1` → `-rc.1`; anything else that is no `rcN` or `betaN` → nothing.
fn prerelease(rest: &str) -> String {
    let digits = rest
        .find(|c: char| c.is_ascii_digit())
        .unwrap_or(rest.len());
    match rest.split_at(digits) {
        (kind @ ("rc" | "beta"), number)
            if number.bytes().all(|b| b.is_ascii_digit()) && !number.is_empty() =>
        {
            format!("-{kind}.{number}")
        }
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn go_releases_become_semantic_versions() {
        for (version, expected) in [
            ("go1.26.8", "v1.26.8"),
            ("go1.21", "v1.21.0"),
            ("go1", "v1.0.0"),
            ("go1.22rc1", "v1.22.0-rc.1"),
            ("go1.18beta2", "v1.18.0-beta.2"),
            ("go1.25.0 X:jsonv2", "v1.25.0"),
            ("go1.24.4 (Red Hat 1.24.4-1.el9)", "v1.24.4"),
            ("go1.24.4+auto", "v1.24.4"),
            ("go1.24.4-bigcorp", "v1.24.4"),
            ("devel go1.27-abcdef", ""),
            ("v0.17.0", "v0.17.0"),
            ("(devel)", "(devel)"),
            ("", ""),
        ] {
            assert_eq!(semver(version), expected, "{version}");
        }
    }

    #[test]
    fn package_names_have_bare_numbers() {
        assert_eq!(go_number("go1.26.8"), Some("1.26.8"));
        assert_eq!(go_number("go1.24.4 (Red Hat 1.24.4-1.el9)"), Some("1.24.4"));
        assert_eq!(go_number("devel go1.27-abcdef"), None);
        assert_eq!(go_number("gopher"), None);
    }
}
