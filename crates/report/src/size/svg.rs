//! A drawing for a README: a treemap of groups and what is in them, without script, light or dark as the reader's page.

use super::squarify::{Rect, squarify};
use super::tree::{Group, GroupKind, Item, groups};
use super::{Picture, human};
use crate::untrusted::escape_markup as escape;
use std::fmt::Write as _;
use std::io::{self, Write};

const WIDTH: f64 = 1200.0;
const HEIGHT: f64 = 720.0;
const TITLE: f64 = 44.0;
const HEADER: f64 = 20.0;
/// Widths of letters in units of the drawing, of headings and of other texts: wide enough for nearly all texts, since the
/// reader's typeface is not known.
const HEADING_LETTER: f64 = 7.9;
const LETTER: f64 = 6.6;
/// Rectangles that are smaller in one direction are left out; their place shows the colour behind.
const SMALLEST: f64 = 2.5;

const STYLE: &str = "text{font-family:system-ui,-apple-system,'Segoe UI',sans-serif;fill:#14181f}\
.t{font-size:19px;font-weight:600}.s{font-size:14px;font-weight:400;opacity:.75}.g{font-size:12.5px;font-weight:600}.i{font-size:11.5px}.b{opacity:.72}\
.bg{fill:#fff}.c{stroke:#fff;stroke-width:1}\
@media(prefers-color-scheme:dark){text{fill:#e9edf3}.bg{fill:#0f1319}.c{stroke:#0f1319}}";

/// Writes the drawing.
///
/// # Errors
/// Where `out` fails.
pub fn svg(picture: &Picture<'_>, out: &mut dyn Write) -> io::Result<()> {
    let groups = groups(picture.size);
    let name = escape(picture.name);
    let total = human(picture.size.file_len);
    writeln!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" \
         aria-label=\"Where the {total} of {name} are\">\n<style>{STYLE}{}</style>\n\
         <rect class=\"bg\" width=\"{WIDTH}\" height=\"{HEIGHT}\" rx=\"8\"/>\n\
         <text class=\"t\" x=\"12\" y=\"28\">{name}<tspan class=\"s\" dx=\"12\">{total} in {} packages · {}</tspan></text>",
        colours(&groups),
        picture.size.packages.len(),
        escape(picture.tool)
    )?;
    let area = Rect {
        x: 0.0,
        y: 0.0,
        width: WIDTH,
        height: HEIGHT,
    };
    let sizes: Vec<u64> = groups.iter().map(|group| group.bytes).collect();
    let rects = squarify(&sizes, area.inset(10.0, TITLE));
    for (index, (group, rect)) in groups.iter().zip(rects).enumerate() {
        put_group(index, group, rect, out)?;
    }
    writeln!(out, "</svg>")
}

/// Two fills for each group: of the group, and of what is in it.
fn colours(groups: &[Group<'_>]) -> String {
    let mut light = String::new();
    let mut dark = String::new();
    let mut modules = 0u32;
    for (index, group) in groups.iter().enumerate() {
        let (hue, saturation) = match group.kind {
            GroupKind::Module(_) => {
                modules += 1;
                (hue(modules - 1), 62)
            }
            GroupKind::Runtime => (265, 18),
            GroupKind::Foreign => (20, 45),
            GroupKind::NoModule => (190, 20),
            GroupKind::File | GroupKind::Unattributed => (220, 6),
        };
        let text = |out: &mut String, group: u32, item: u32| {
            write!(
                out,
                ".g{index}{{fill:hsl({hue},{saturation}%,{group}%)}}.i{index}{{fill:hsl({hue},{saturation}%,{item}%)}}"
            )
        };
        let fits = text(&mut light, 74, 84).and_then(|()| text(&mut dark, 27, 35));
        debug_assert!(fits.is_ok(), "strings take everything");
    }
    format!("{light}@media(prefers-color-scheme:dark){{{dark}}}")
}

/// Hues that neighbours in the order of sizes can be told apart by: steps of the golden angle from Go's blue on.
fn hue(rank: u32) -> u32 {
    (192 + rank * 137) % 360
}

fn put_group(index: usize, group: &Group<'_>, rect: Rect, out: &mut dyn Write) -> io::Result<()> {
    if rect.width < SMALLEST || rect.height < SMALLEST {
        return Ok(());
    }
    writeln!(out, "<g>{}", title(group.name, group.bytes))?;
    put_rect(&format!("g{index}"), rect, out)?;
    let headed = rect.height > 2.5 * HEADER && rect.width > 40.0;
    let inner = if headed {
        let room = rect.width - 10.0;
        let name = fitted(group.name, room, HEADING_LETTER);
        put_text("g", rect, 14.0, &name, out)?;
        let bytes = human(group.bytes);
        let used = name.chars().count() as f64 * HEADING_LETTER + 10.0;
        if bytes.len() as f64 * LETTER < room - used {
            let right = Rect {
                x: rect.x + used,
                ..rect
            };
            put_text("i b", right, 14.0, &bytes, out)?;
        }
        rect.inset(2.0, HEADER)
    } else {
        rect.inset(1.0, 1.0)
    };
    let sizes: Vec<u64> = group.items.iter().map(|item| item.bytes).collect();
    for (item, rect) in group.items.iter().zip(squarify(&sizes, inner)) {
        // Sorted by size, but a later row can be wider again; so no early end.
        if rect.width >= SMALLEST && rect.height >= SMALLEST {
            put_item(index, item, short(item.name, group.name), rect, out)?;
        }
    }
    writeln!(out, "</g>")
}

fn put_item(
    index: usize,
    item: &Item<'_>,
    name: &str,
    rect: Rect,
    out: &mut dyn Write,
) -> io::Result<()> {
    write!(out, "<g>{}", title(item.name, item.bytes))?;
    put_rect(&format!("i{index}"), rect, out)?;
    let room = rect.width - 8.0;
    let name = fitted(name, room, LETTER);
    if rect.height > 16.0 && !name.is_empty() {
        put_text("i", rect, 12.5, &name, out)?;
        let bytes = human(item.bytes);
        if rect.height > 31.0 && bytes.len() as f64 * LETTER < room {
            put_text("i b", rect, 26.0, &bytes, out)?;
        }
    }
    writeln!(out, "</g>")
}

fn title(name: &str, bytes: u64) -> String {
    format!("<title>{} {}</title>", escape(name), human(bytes))
}

fn put_rect(class: &str, rect: Rect, out: &mut dyn Write) -> io::Result<()> {
    write!(
        out,
        "<rect class=\"c {class}\" x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{:.1}\"/>",
        rect.x, rect.y, rect.width, rect.height
    )
}

/// Text at the upper left.
fn put_text(class: &str, rect: Rect, down: f64, text: &str, out: &mut dyn Write) -> io::Result<()> {
    writeln!(
        out,
        "<text class=\"{class}\" x=\"{:.1}\" y=\"{:.1}\">{}</text>",
        rect.x + 4.0,
        rect.y + down,
        escape(text)
    )
}

/// What of a name fits: all of it, the last parts of a path, which tell most, or its beginning. Empty where not even that
/// says anything.
fn fitted(name: &str, width: f64, letter: f64) -> String {
    let fits = |len: usize| len as f64 * letter <= width;
    if fits(name.chars().count()) {
        return name.to_owned();
    }
    let mut tail = name;
    while let Some((_, rest)) = tail.split_once('/') {
        tail = rest;
        if fits(tail.chars().count() + 2) {
            return format!("…/{tail}");
        }
    }
    let most = (width / letter).max(0.0) as usize;
    if tail.chars().count() <= most {
        return tail.to_owned();
    }
    if most < 4 {
        return String::new();
    }
    tail.chars().take(most - 1).chain(['…']).collect()
}

/// A package's path within its module.
fn short<'n>(name: &'n str, group: &str) -> &'n str {
    let rest = name
        .strip_prefix(group)
        .and_then(|rest| rest.strip_prefix('/'));
    rest.filter(|rest| !rest.is_empty()).unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::fitted;

    #[test]
    fn names_are_cut_where_they_tell_least() {
        let shown = |width| fitted("github.com/acme/tool/parser", width, 1.0);
        assert_eq!(shown(27.0), "github.com/acme/tool/parser");
        assert_eq!(shown(26.0), "…/acme/tool/parser");
        assert_eq!(shown(13.0), "…/tool/parser");
        assert_eq!(shown(7.0), "parser");
        assert_eq!(shown(5.0), "pars…");
        assert_eq!(shown(3.0), "");
        assert_eq!(shown(-5.0), "");
        assert_eq!(fitted("äöüßäöüß", 5.0, 1.0), "äöüß…");
    }
}
