//! A drawing for a README: a treemap of groups and what is in them, without script, light or dark as the reader's page.

use super::squarify::{Rect, squarify};
use super::tree::{Group, GroupKind, groups};
use super::{Picture, human};
use crate::untrusted::Untrusted;
use std::fmt::Write as _;
use std::io::{self, Write};

const WIDTH: f64 = 1200.0;
const HEIGHT: f64 = 720.0;
const TITLE: f64 = 44.0;
const HEADER: f64 = 20.0;
/// Widths of letters in a proportional typeface, as a share of its size: wide enough for nearly all texts.
const LETTER: f64 = 0.56;
/// Rectangles that are smaller in one direction are left out; their place shows the colour behind.
const SMALLEST: f64 = 2.5;

const STYLE: &str = "text{font-family:system-ui,-apple-system,'Segoe UI',sans-serif;fill:#14181f}\
.t{font-size:19px;font-weight:600}.s{font-size:14px;opacity:.75}.g{font-size:12.5px;font-weight:600}.i{font-size:11.5px}\
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
    let headed = rect.height > 2.5 * HEADER && rect.width > 60.0;
    let inner = if headed {
        put_text(
            "g",
            rect,
            14.0,
            &format!("{}  {}", group.name, human(group.bytes)),
            out,
        )?;
        rect.inset(2.0, HEADER)
    } else {
        rect.inset(1.0, 1.0)
    };
    let sizes: Vec<u64> = group.items.iter().map(|item| item.bytes).collect();
    for (item, rect) in group.items.iter().zip(squarify(&sizes, inner)) {
        // Sorted by size, but a later row can be wider again; so no early end.
        if rect.width < SMALLEST || rect.height < SMALLEST {
            continue;
        }
        write!(out, "<g>{}", title(item.name, item.bytes))?;
        put_rect(&format!("i{index}"), rect, out)?;
        let name = short(item.name, group.name);
        if rect.height > 15.0 && text_width(name, 11.5) < rect.width - 6.0 {
            put_text("i", rect, 12.5, name, out)?;
            if rect.height > 31.0 {
                let below = rect.inset(0.0, 13.0);
                put_text("i s", below, 12.5, &human(item.bytes), out)?;
            }
        }
        writeln!(out, "</g>")?;
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

/// Text at the upper left, cut to the width of the rectangle.
fn put_text(class: &str, rect: Rect, down: f64, text: &str, out: &mut dyn Write) -> io::Result<()> {
    let most = ((rect.width - 8.0) / (12.0 * LETTER)).max(0.0) as usize;
    let mut shown: String = text.chars().take(most).collect();
    if shown.len() < text.len() {
        shown.pop();
        shown.push('…');
    }
    writeln!(
        out,
        "<text class=\"{class}\" x=\"{:.1}\" y=\"{:.1}\">{}</text>",
        rect.x + 4.0,
        rect.y + down,
        escape(&shown)
    )
}

fn text_width(text: &str, size: f64) -> f64 {
    text.chars().count() as f64 * size * LETTER
}

/// A package's path within its module.
fn short<'n>(name: &'n str, group: &str) -> &'n str {
    let rest = name
        .strip_prefix(group)
        .and_then(|rest| rest.strip_prefix('/'));
    rest.filter(|rest| !rest.is_empty()).unwrap_or(name)
}

fn escape(text: &str) -> String {
    let visible = Untrusted(text).to_string();
    let mut escaped = String::with_capacity(visible.len());
    for c in visible.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            _ => escaped.push(c),
        }
    }
    escaped
}
