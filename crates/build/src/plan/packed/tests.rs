//! What goes into a module's zip file, and the script that makes it.

use super::contents::Contents;
use crate::project::{Committed, Published};

fn published(go: &str, names: &[&str]) -> Published {
    let file = |name: &&str| Committed {
        name: name.trim_end_matches('@').to_owned(),
        is_regular: !name.ends_with('@'),
    };
    Published {
        module: "example.com/m".to_owned(),
        go: Some(go.to_owned()),
        is_edited: false,
        files: names.iter().map(file).collect(),
    }
}

fn left_out(go: &str, folder: &str, names: &[&str]) -> Vec<String> {
    Contents::of(&published(go, names), folder).left_out
}

#[test]
fn other_modules_links_and_vendored_packages_are_left_out() {
    let names = [
        ".hg_archival.txt",
        "LICENSE",
        "go.mod",
        "link@",
        "main.go",
        "sub/GO.MOD",
        "sub/deep/x.go",
        "sub/x.go",
        "testdata/.hg_archival.txt",
        "vendor/a/a.go",
        "vendor/a/b/b.go",
        "vendor/modules.txt",
        "vendor/x.go",
    ];
    assert_eq!(
        left_out("1.22", "", &names),
        [".hg_archival.txt", "link", "sub", "vendor/a"]
    );
    assert_eq!(
        left_out("1.24", "", &names),
        [
            ".hg_archival.txt",
            "link",
            "sub",
            "vendor/a",
            "vendor/modules.txt"
        ]
    );
}

#[test]
fn vendored_packages_deeper_down_are_measured_as_the_go_line_says() {
    let names = [
        "go.mod",
        "pkg/pkg.go",
        "pkg/vendor/foo/foo.go",
        "pkg/vendor/vendor.go",
        "ä/vendor/x.go",
    ];
    assert_eq!(left_out("1.23", "", &names), ["pkg/vendor", "ä"]);
    assert_eq!(left_out("1.24", "", &names), ["pkg/vendor/foo"]);
}

#[test]
fn a_nested_module_has_its_own_folder_and_the_licence_of_the_top() {
    let names = [
        "LICENSE",
        "go.mod",
        "main.go",
        "sub/go.mod",
        "sub/more/go.mod",
        "sub/more/x.go",
        "sub/x.go",
        "submarine/x.go",
    ];
    let contents = Contents::of(&published("1.22", &names), "sub");
    assert_eq!(contents.left_out, ["more"]);
    assert!(contents.takes_license);
    let with_its_own = [&names[..], &["sub/LICENSE"]].concat();
    assert!(!Contents::of(&published("1.22", &with_its_own), "sub").takes_license);
    assert!(!Contents::of(&published("1.22", &names), "").takes_license);
}
