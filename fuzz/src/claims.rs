//! What `verify` makes of what a binary says of itself: arguments and variables of a compile on this machine. Held against a list of its own,
//! not against the one that is tested.

use goassay_binary::Binary;
use goassay_build::sandbox::admit;
use goassay_build::verify::flags::words;
use goassay_build::verify::{Claim, Recipe};
use goassay_diff::{Change, Place};
use goassay_fixtures::miniature::Miniature;
use std::path::Path;

/// Module text and, behind a zero byte, where its source files seem to lie.
pub(super) fn claim(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let (module_text, place) = text.split_once('\0').unwrap_or((&text, "/usr/local/go"));
    let data = Miniature {
        module_text: format!("{module_text}\n"),
        file: format!("{}/src/runtime/proc.go", place.replace('\0', "")),
        ..Miniature::default()
    }
    .build();
    let binary = Binary::parse(&data).expect("the rest of the file is whole");
    let Ok(claim) = Claim::of(&binary) else {
        return;
    };
    named(&claim.package);
    named(&claim.main.path);
    if !claim.sum.is_empty() {
        named(&claim.main.version);
    }
    let (recipe, _) = Recipe::of(&claim);
    told(&recipe);
    for change in changes(&claim) {
        if let Some(changed) = recipe.with(&change) {
            told(&changed);
        }
    }
}

/// Everything that a search could change, with what the binary says as values.
fn changes(claim: &Claim) -> Vec<Change> {
    let mut changes = Vec::new();
    for (key, value) in &claim.settings {
        let (key, value) = (key.clone(), value.clone());
        changes.extend([
            Change::Environment(key.clone(), Some(value.clone())),
            Change::LinkerFlags {
                add: vec![key.clone(), value.clone()],
                remove: Vec::new(),
            },
            Change::LinkerFlags {
                add: words(&value).unwrap_or_default(),
                remove: vec![key.clone()],
            },
            Change::Directory(Place::ModuleCache, value.clone()),
            Change::Variable(key, value),
        ]);
    }
    changes
}

/// Nothing that the go command would take for a flag, or that leads elsewhere.
fn named(text: &str) {
    assert!(!text.starts_with('-') && !text.is_empty(), "{text:?}");
    assert!(
        !text.contains(char::is_control) && !text.contains(' '),
        "{text:?}"
    );
    assert!(
        text.split('/').all(|part| !matches!(part, "." | "..")),
        "{text:?}"
    );
}

/// Variables that are set for a build, besides those of C.
const VARIABLES: &str = "CGO_ENABLED GO386 GOAMD64 GOARCH GOARM GOARM64 GOEXPERIMENT GOFIPS140 GOMIPS GOMIPS64 GOOS GOPPC64 GORISCV64 GOWASM";
const OF_C: &str = "CGO_CFLAGS CGO_CPPFLAGS CGO_CXXFLAGS CGO_FFLAGS CGO_LDFLAGS";

fn told(recipe: &Recipe) {
    for (name, value) in &recipe.environment {
        match VARIABLES.split(' ').any(|known| known == name) {
            true => assert!(
                !value.contains(|c: char| c.is_whitespace() || "/@$\0".contains(c))
                    && !value.starts_with('-'),
                "{name}={value:?}"
            ),
            false => {
                assert!(
                    OF_C.split(' ').any(|known| known == name),
                    "{name}={value:?}"
                );
                of_c(value);
            }
        }
    }
    for place in [&recipe.goroot, &recipe.module_cache, &recipe.checkout] {
        place.iter().for_each(|place| laid(place));
    }
    let Ok(arguments) = recipe.arguments() else {
        return;
    };
    for argument in &arguments {
        flag(argument);
    }
}

/// An argument of `go install`.
fn flag(argument: &str) {
    let (name, value) = argument.split_once('=').unwrap_or((argument, ""));
    match name {
        "-trimpath" | "-race" | "-msan" | "-asan" => assert_eq!(name, argument),
        "-pgo" => assert_eq!(value, "auto"),
        "-buildmode" | "-tags" => {
            assert!(
                !value.contains(|c: char| !c.is_alphanumeric() && !",._-".contains(c)),
                "{argument:?}"
            );
        }
        "-gcflags" => assert!(!value.contains(['/', '@', '\0']), "{argument:?}"),
        "-ldflags" => linker(&words(value).expect("they were joined")),
        _ => panic!("{argument:?}"),
    }
}

/// The words of the linker, as the package flag of Go reads them.
fn linker(all: &[String]) {
    let mut all = all.iter();
    while let Some(word) = all.next() {
        let bare = word.strip_prefix("--").or(word.strip_prefix('-'));
        let bare = bare.unwrap_or_else(|| panic!("{word:?} ends the flags"));
        let (name, value) = match bare.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (bare, None),
        };
        let mut value = || {
            value
                .clone()
                .or_else(|| all.next().cloned())
                .expect("a value")
        };
        match name {
            "s" | "w" | "bindnow" | "compressdwarf" | "linkshared" | "race" | "msan" | "asan"
            | "c" | "d" => {}
            "X" => assert!(value().contains('=')),
            "extldflags" => of_c(&value()),
            "buildid" | "B" | "linkmode" | "H" => assert!(!value().starts_with('-')),
            _ => panic!("{word:?}"),
        }
    }
}

/// Flags of the C compiler start nothing, and name no file of this machine.
fn of_c(value: &str) {
    for word in words(value).expect("they were read before") {
        assert!(
            word.starts_with('-') && !word.contains(['@', '/', '\0']),
            "{word:?}"
        );
        let bad = "-B -I -L -T -o -x -include -isystem -specs -wrapper -fplugin -fpass-plugin -fuse-ld -fdump -fprofile -fauto-profile -save-temps -Wa, -Wp, -Xlinker -M";
        assert!(
            !bad.split(' ').any(|start| word.starts_with(start)),
            "{word:?}"
        );
    }
}

/// A place that is laid is a real one, outside of what the system needs.
fn laid(place: &str) {
    let needs = [Path::new("/work/of/this/build")];
    let Ok(path) = admit(place, &needs) else {
        return;
    };
    let text = path.to_str().expect("it was text");
    assert!(
        text.starts_with('/') && text.len() > 1 && text == place,
        "{text:?}"
    );
    assert!(!text.contains(char::is_control), "{text:?}");
    assert!(
        text.split('/')
            .skip(1)
            .all(|part| !matches!(part, "" | "." | "..")),
        "{text:?}"
    );
    for needed in [
        "/etc",
        "/proc",
        "/sys",
        "/dev",
        "/usr/bin",
        "/bin",
        "/work/of/this/build",
    ] {
        assert!(
            !path.starts_with(needed) && !Path::new(needed).starts_with(&path),
            "{text:?}"
        );
    }
}
