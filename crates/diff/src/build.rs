//! Build information: what the go command recorded.

use crate::differences::{BuildInfo, ModuleChange, Setting};
use crate::listed::{Listed, text};
use goassay_binary::Binary;
use goassay_binary::buildinfo::{self, Module};
use std::collections::{BTreeMap, BTreeSet};

pub(crate) fn compare(binaries: &[&Binary<'_>; 2]) -> BuildInfo {
    let empty = buildinfo::BuildInfo::default();
    let infos = binaries.map(|binary| binary.build_info().unwrap_or(&empty));
    let [a, b] = infos;
    let mains = infos.map(|info| info.main.as_ref());
    BuildInfo {
        go: differ(infos.map(|info| cut(info.go_version))),
        path: differ(infos.map(|info| info.path.map_or(String::new(), cut))),
        main: change(mains),
        settings: settings(a, b),
        modules: modules(a, b),
        dependencies: infos.map(|info| info.deps.len() as u64),
        without_sum: infos.map(|info| {
            let deps = info.deps.iter();
            deps.filter(|dep| dep.sum.is_empty() && dep.replace.is_none())
                .count() as u64
        }),
        ldflags: infos.map(|info| info.setting("-ldflags").map(cut)),
        trimpath: infos.map(|info| info.setting("-trimpath") == Some("true")),
    }
}

fn cut(value: &str) -> String {
    text(value.as_bytes())
}

fn differ(values: [String; 2]) -> Option<[String; 2]> {
    (values[0] != values[1]).then_some(values)
}

fn settings(a: &buildinfo::BuildInfo<'_>, b: &buildinfo::BuildInfo<'_>) -> Listed<Setting> {
    let by_key = |info: &buildinfo::BuildInfo<'_>| -> BTreeMap<String, String> {
        let settings = info.settings.iter();
        settings
            .map(|(key, value)| (key.to_string(), value.to_string()))
            .collect()
    };
    let (one, other) = (by_key(a), by_key(b));
    let keys: BTreeSet<&String> = one.keys().chain(other.keys()).collect();
    let mut found = Listed::default();
    for key in keys {
        let values = [one.get(key), other.get(key)];
        if values[0] != values[1] {
            found.push(|| Setting {
                key: cut(key),
                values: values.map(|value| value.map(|value| cut(value))),
            });
        }
    }
    found
}

fn modules(a: &buildinfo::BuildInfo<'_>, b: &buildinfo::BuildInfo<'_>) -> Listed<ModuleChange> {
    let mut pairs: BTreeMap<&str, [Option<&Module<'_>>; 2]> = BTreeMap::new();
    for (side, info) in [a, b].into_iter().enumerate() {
        for dep in &info.deps {
            let pair = pairs.entry(dep.path).or_default();
            if let Some(slot) = pair.get_mut(side) {
                slot.get_or_insert(dep);
            }
        }
    }
    let mut found = Listed::default();
    for change in pairs.into_values().filter_map(change) {
        found.push(|| change);
    }
    found
}

fn change(sides: [Option<&Module<'_>>; 2]) -> Option<ModuleChange> {
    let versions = sides.map(|module| module.map(version));
    let sums = sides.map(|module| module.map_or(String::new(), |module| cut(sum(module))));
    let paths = sides.map(|module| module.map(|module| module.path));
    if versions[0] == versions[1] && sums[0] == sums[1] && paths[0] == paths[1] {
        return None;
    }
    Some(ModuleChange {
        path: cut(paths[0].or(paths[1]).unwrap_or_default()),
        versions,
        sums,
    })
}

fn version(module: &Module<'_>) -> String {
    match module.replace.as_deref() {
        None => cut(module.version),
        Some(by) => cut(format!("{} => {} {}", module.version, by.path, by.version).trim_end()),
    }
}

fn sum<'a>(module: &'a Module<'_>) -> &'a str {
    match module.replace.as_deref() {
        Some(by) => by.sum,
        None => module.sum,
    }
}
