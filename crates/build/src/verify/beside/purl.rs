//! Package URLs of Go modules, read (purl-spec, type `golang`).

use crate::module::Module;

/// The module of a `pkg:golang/` URL, its path in lower case as the type wants it; none for other types and for packages in a module.
pub(super) fn module(purl: &str) -> Option<Module> {
    let rest = purl.strip_prefix("pkg:golang/")?;
    let rest = rest.split('#').next()?.split('?').next()?;
    let (path, version) = rest.rsplit_once('@').unwrap_or((rest, ""));
    Some(Module::new(
        decoded(path)?.to_lowercase(),
        decoded(version)?,
    ))
}

/// A module as URLs name it.
pub(super) fn folded(module: &Module) -> Module {
    Module::new(module.path.to_lowercase(), module.version.clone())
}

fn decoded(text: &str) -> Option<String> {
    let (mut bytes, mut rest) = (Vec::new(), text.as_bytes());
    while let Some((&first, after)) = rest.split_first() {
        rest = after;
        if first != b'%' {
            bytes.push(first);
            continue;
        }
        let (digits, after) = rest.split_at_checked(2)?;
        bytes.push(u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?);
        rest = after;
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_of_urls() {
        let of = |purl| module(purl).map(|module| module.to_string());
        for (purl, wanted) in [
            (
                "pkg:golang/github.com/google/uuid@v1.6.0",
                Some("github.com/google/uuid@v1.6.0"),
            ),
            (
                "pkg:golang/github.com%2FBurntSushi/toml@v1.0.0%2Bincompatible?type=module#sub",
                Some("github.com/burntsushi/toml@v1.0.0+incompatible"),
            ),
            ("pkg:golang/x@%zz", None),
            ("pkg:golang/x@%4", None),
            ("pkg:npm/left-pad@1.0.0", None),
        ] {
            assert_eq!(of(purl).as_deref(), wanted, "{purl}");
        }
    }
}
