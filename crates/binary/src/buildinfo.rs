//! Build information: what the go command stamped into the binary (`runtime/debug.BuildInfo`).

/// The build information of a binary. Texts are borrowed from the file and hostile.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BuildInfo<'a> {
    /// The toolchain as it calls itself: `go1.26.8`, `go1.24.4 (Red Hat 1.24.4-1.el9)`, `devel go1.27-abcdef`.
    pub go_version: &'a str,
    /// Import path of the main package (`path` line); `command-line-arguments` when built from files.
    pub path: Option<&'a str>,
    /// The main module (`mod` line).
    pub main: Option<Module<'a>>,
    /// Dependencies (`dep` lines, with their `=>` replacement), in file order.
    pub deps: Vec<Module<'a>>,
    /// Settings (`build` lines) in file order, unquoted where the go command had quoted them.
    pub settings: Vec<(std::borrow::Cow<'a, str>, std::borrow::Cow<'a, str>)>,
}

/// One module line of the build information.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Module<'a> {
    /// Module path.
    pub path: &'a str,
    /// Version as recorded: `v1.2.3`, a pseudo-version, `(devel)`, `v1.2.3+dirty` or empty.
    pub version: &'a str,
    /// `h1:` dirhash or empty.
    pub sum: &'a str,
    /// The replacement, when a `replace` directive applied.
    pub replace: Option<Box<Module<'a>>>,
}

impl BuildInfo<'_> {
    /// The value of a setting such as `GOOS`.
    pub fn setting(&self, key: &str) -> Option<&str> {
        self.settings.iter().find(|(k, _)| k == key).map(|(_, v)| v.as_ref())
    }
}
