//! A finished program against its plan, by what it says of itself.

use crate::plan::{Build, Stamp};
use goassay_binary::buildinfo::BuildInfo;
use goassay_binary::{Binary, NotGo};

/// What the file says otherwise than planned; empty where nothing is.
#[must_use]
pub fn check(build: &Build, bytes: &[u8]) -> Vec<String> {
    let binary = match Binary::parse(bytes) {
        Ok(binary) => binary,
        Err(NotGo::Unreadable(gap)) => return vec![gap.reason],
        Err(_) => return vec!["it is no Go binary".to_owned()],
    };
    let info = match binary.build_info() {
        Ok(info) => info,
        Err(gap) => return vec![gap.reason.clone()],
    };
    let mut wrong = settings(build, info);
    wrong.extend(version(build, info));
    if info.path != Some(build.package.as_str()) {
        wrong.push(format!(
            "it is {:?}, not {}",
            info.path.unwrap_or_default(),
            build.package
        ));
    }
    wrong
}

fn settings(build: &Build, info: &BuildInfo<'_>) -> Vec<String> {
    let differs = |(key, want): &(&'static str, String)| {
        let found = info.setting(key);
        let said = || format!("{key} is {:?}, planned {want:?}", found.unwrap_or_default());
        (found != Some(want.as_str())).then(said)
    };
    build.recorded.iter().filter_map(differs).collect()
}

fn version(build: &Build, info: &BuildInfo<'_>) -> Option<String> {
    let found = info.main.as_ref().map_or("", |main| main.version);
    let fits = match &build.stamp {
        Stamp::Tag(version) => found == version,
        Stamp::Packed(packed) => found == packed.version,
        // How a version is made of a commit is the go command's affair; which commit is in the settings.
        Stamp::Commit => !found.is_empty() && found != "(devel)",
        Stamp::Devel(_) => found == "(devel)",
        Stamp::Nothing => true,
    };
    (!fits).then(|| match build.stamp.version() {
        Some(version) => format!("its version is {found:?}, planned {version:?}"),
        None => format!("its version is {found:?}"),
    })
}
