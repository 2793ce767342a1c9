//! A toolchain in two forms: as a distribution, and as the module that `cmd/distpack` makes of it (`pack.go`).
//!
//! The module has neither `api`, `doc`, `misc` nor `test`, and no second file called `go.mod`, which a module may not hold.

/// Folders of a distribution that its module does not have.
pub(crate) const NOT_IN_MODULE: [&str; 4] = ["api", "doc", "misc", "test"];

const REAL: &str = "go.mod";
const RENAMED: &str = "_go.mod";

/// The name in the module of a file below GOROOT.
pub(crate) fn in_module(name: &str) -> String {
    with_last(name, REAL, RENAMED)
}

/// The name below GOROOT of a file in the module.
pub(crate) fn in_goroot(name: &str) -> String {
    with_last(name, RENAMED, REAL)
}

/// `name` with `new` for its last element, where that is `old`.
fn with_last(name: &str, old: &str, new: &str) -> String {
    match name.strip_suffix(old) {
        Some(folder) if folder.is_empty() || folder.ends_with('/') => format!("{folder}{new}"),
        _ => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_the_module() {
        for (name, want) in [
            ("go.mod", "_go.mod"),
            ("src/go.mod", "src/_go.mod"),
            ("src/x_go.mod", "src/x_go.mod"),
            ("src/_go.mod", "src/_go.mod"),
        ] {
            assert_eq!(in_module(name), want);
        }
    }

    #[test]
    fn module_files_get_their_name_back() {
        assert_eq!(in_goroot("_go.mod"), "go.mod");
        assert_eq!(in_goroot("src/_go.mod"), "src/go.mod");
        assert_eq!(in_goroot("src/x_go.mod"), "src/x_go.mod");
    }
}
