//! The page and the drawing of sizes: names stay data, numbers add up, output depends on the input alone.

use goassay_binary::size::{
    FunctionSize, How, Kind, Module, Owner, Package, Row, Section, Size, Structure,
};
use goassay_report::size::{Picture, html, svg};
use serde_json::Value;

const EVIL: &str = "</script><script>alert(1)</script>&\u{2028}\u{202e}\"'<!--";

fn size() -> Size {
    let row = |owner, kind, bytes| Row {
        section: 0,
        owner,
        kind,
        how: How::Exact,
        bytes,
    };
    let rows = vec![
        row(Owner::Package(0), Kind::Code, 600),
        row(Owner::Package(0), Kind::Pclntab, 100),
        row(Owner::Package(1), Kind::Code, 200),
        row(Owner::File(Structure::Headers), Kind::FileStructure, 64),
        row(Owner::Unattributed, Kind::Other, 36),
    ];
    Size {
        file_len: 1000,
        sections: vec![Section {
            name: EVIL.to_owned(),
            offset: 0,
            len: 1000,
        }],
        modules: vec![Module {
            path: EVIL.to_owned(),
            version: "v1.0.0".to_owned(),
        }],
        packages: vec![
            Package {
                path: format!("{EVIL}/a"),
                module: Some(0),
            },
            Package {
                path: "unknown".to_owned(),
                module: None,
            },
        ],
        rows,
        functions: vec![FunctionSize {
            package: Some(0),
            name: EVIL.to_owned(),
            address: 1,
            code: 500,
            pclntab: 50,
        }],
        gaps: Vec::new(),
    }
}

fn page(size: &Size) -> String {
    let mut out = Vec::new();
    let picture = Picture {
        name: EVIL,
        tool: "goassay 0",
        size,
    };
    html(&picture, &mut out).expect("a vector takes everything");
    String::from_utf8(out).expect("UTF-8")
}

fn drawing(size: &Size) -> String {
    let mut out = Vec::new();
    let picture = Picture {
        name: EVIL,
        tool: "goassay 0",
        size,
    };
    svg(&picture, &mut out).expect("a vector takes everything");
    String::from_utf8(out).expect("UTF-8")
}

/// The data inside the page.
fn data(page: &str) -> Value {
    let (_, rest) = page.split_once("id=\"data\">").expect("the data");
    let (json, _) = rest.split_once("</script>").expect("its end");
    serde_json::from_str(json).expect("JSON")
}

#[test]
fn names_are_data_and_come_back_as_they_were() {
    let page = page(&size());
    assert!(
        !page.contains("alert(1)</script>"),
        "a name ends the element"
    );
    assert!(!page.contains(['\u{2028}', '\u{202e}']));
    let data = data(&page);
    assert_eq!(data["file"], EVIL);
    assert_eq!(data["groups"][0][1], EVIL);
    assert_eq!(data["functions"]["0"][0][0], EVIL);
}

#[test]
fn rows_name_their_items_and_add_up() {
    let data = data(&page(&size()));
    let rows = data["rows"].as_array().expect("rows");
    let bytes = rows.iter().map(|row| row[4].as_u64().expect("a number"));
    assert_eq!(bytes.sum::<u64>(), 1000);
    let names: Vec<&str> = rows
        .iter()
        .map(|row| {
            let item = row[1].as_u64().expect("a number") as usize;
            data["items"][item][1].as_str().expect("a name")
        })
        .collect();
    assert_eq!(names[2..], ["unknown", "headers", "not attributed"]);
    assert_eq!(
        data["kinds"][rows[1][2].as_u64().expect("a number") as usize],
        "pclntab"
    );
}

#[test]
fn the_page_asks_for_nothing_and_its_policy_names_script_and_style() {
    let page = page(&size());
    assert!(!page.contains("http:") && !page.contains("https:"));
    let policy = page
        .split("Content-Security-Policy")
        .nth(1)
        .expect("a policy");
    let policy = policy.split('>').next().expect("its end");
    assert!(
        policy.contains("default-src 'none'") && !policy.contains("unsafe"),
        "{policy}"
    );
    assert_eq!(policy.matches("'sha256-").count(), 2);
}

#[test]
fn the_drawing_is_text_and_rectangles() {
    let drawing = drawing(&size());
    assert!(drawing.starts_with("<svg ") && drawing.ends_with("</svg>\n"));
    assert!(!drawing.contains("<script") && !drawing.contains(['\u{2028}', '\u{202e}']));
    assert!(drawing.contains("&lt;script&gt;"));
    // Every element that is opened is closed.
    for name in ["g", "text", "title", "style"] {
        let opened = drawing.matches(&format!("<{name}>")).count()
            + drawing.matches(&format!("<{name} ")).count();
        assert_eq!(
            opened,
            drawing.matches(&format!("</{name}>")).count(),
            "{name}"
        );
    }
}

#[test]
fn functions_beyond_the_budget_are_summed_up() {
    let mut size = size();
    let name = "f".repeat(1000);
    size.functions = (1..=4000)
        .map(|code| FunctionSize {
            package: Some(0),
            name: name.clone(),
            address: code,
            code,
            pclntab: 1,
        })
        .collect();
    let page = page(&size);
    assert!(page.len() < 3_800_000, "{}", page.len());
    let data = data(&page);
    let kept = data["functions"]["0"].as_array().expect("functions");
    let rest = &data["rest"]["0"];
    assert_eq!(kept.len() as u64 + rest[0].as_u64().expect("a count"), 4000);
    assert_eq!(kept[0][1], 4000, "the largest are kept");
    let code: u64 = kept.iter().filter_map(|f| f[1].as_u64()).sum();
    assert_eq!(code + rest[1].as_u64().expect("a sum"), 4000 * 4001 / 2);
}

#[test]
fn nothing_at_all_is_a_page_too() {
    let empty = Size::default();
    assert_eq!(data(&page(&empty))["bytes"], 0);
    assert!(drawing(&empty).ends_with("</svg>\n"));
}
