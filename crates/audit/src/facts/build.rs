//! How the program was built: recorded settings of note.

use super::settings;
use goassay_binary::Binary;
use goassay_binary::gap::Fact;

/// Settings of note, as the go command recorded them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuildFlags {
    /// `-buildmode`.
    pub buildmode: Option<String>,
    /// `-compiler`.
    pub compiler: Option<String>,
    /// `-trimpath`.
    pub trimpath: bool,
    /// `-race`.
    pub race: bool,
    /// `-msan`.
    pub msan: bool,
    /// `-asan`.
    pub asan: bool,
    /// `-cover`.
    pub cover: bool,
    /// A test binary (`go test -c`): its import path ends in `.test`.
    pub test: bool,
    /// `-gcflags` has `-N` or `-l`: not optimised, or nothing inlined. Holds the flags.
    pub unoptimised: Option<String>,
    /// `-tags`.
    pub tags: Vec<String>,
    /// `CGO_ENABLED`.
    pub cgo_enabled: Option<bool>,
    /// A recorded profile (`-pgo`).
    pub pgo: Option<String>,
}

impl BuildFlags {
    /// Whether the build tag was given.
    pub fn has_tag(&self, tag: &str) -> bool {
        self.tags.iter().any(|given| given == tag)
    }
}

/// Reads the settings.
///
/// # Errors
/// Where none are recorded, or not all could be read.
pub fn read(binary: &Binary<'_>) -> Fact<BuildFlags> {
    let info = settings(binary)?;
    let text = |key: &str| info.setting(key).map(str::to_owned);
    let on = |key: &str| info.setting(key) == Some("true");
    let tags = info.setting("-tags").unwrap_or_default();
    let gcflags = info.setting("-gcflags").unwrap_or_default();
    Ok(BuildFlags {
        buildmode: text("-buildmode"),
        compiler: text("-compiler"),
        trimpath: on("-trimpath"),
        race: on("-race"),
        msan: on("-msan"),
        asan: on("-asan"),
        cover: on("-cover"),
        test: info.path.is_some_and(|path| path.ends_with(".test")),
        unoptimised: is_unoptimised(gcflags).then(|| gcflags.to_owned()),
        tags: tags
            .split([',', ' '])
            .filter(|tag| !tag.is_empty())
            .map(str::to_owned)
            .collect(),
        cgo_enabled: info.setting("CGO_ENABLED").map(|value| value == "1"),
        pgo: text("-pgo"),
    })
}

/// Whether `-gcflags` switches optimisation or inlining off: `-N -l`, `all=-N -l`.
fn is_unoptimised(gcflags: &str) -> bool {
    let words = gcflags.split(|c: char| c.is_whitespace() || c == '=');
    words
        .map(|word| word.trim_matches(['"', '\'']))
        .any(|word| matches!(word, "-N" | "-l"))
}
