//! Pictures of where the bytes of a file went: a page to walk through, and a drawing for a README.
//!
//! Both show the same finished [`Size`]. Names in it come from the binary and are hostile: in the page they are data that a
//! script puts into text nodes, in the drawing they are escaped text.

mod data;
mod html;
mod squarify;
mod svg;
mod tree;

pub use html::html;
pub use svg::svg;

use goassay_binary::size::Size;

/// What is shown.
#[derive(Debug, Clone, Copy)]
pub struct Picture<'a> {
    /// Name of the file, for people (hostile).
    pub name: &'a str,
    /// The program that made the picture: `goassay 0.1.0`.
    pub tool: &'a str,
    /// Where the bytes went.
    pub size: &'a Size,
}

/// Bytes for people, in decimal units and three digits: `998 B`, `12.3 kB`, `4.56 MB`.
fn human(bytes: u64) -> String {
    if bytes < 1000 {
        return format!("{bytes} B");
    }
    let units = [("kB", 1e3), ("MB", 1e6), ("GB", 1e9)];
    let scaled = units.map(|(unit, one)| (unit, bytes as f64 / one));
    let fits = scaled.iter().find(|(_, value)| *value < 999.5);
    let (unit, value) = fits.unwrap_or(&scaled[2]);
    let digits = match value {
        ..9.995 => 2,
        ..99.95 => 1,
        _ => 0,
    };
    format!("{value:.digits$} {unit}")
}

#[cfg(test)]
mod tests {
    use super::human;

    #[test]
    fn bytes_have_three_digits() {
        let shown = [
            0, 999, 1000, 9_994, 9_996, 99_940, 99_960, 999_400, 999_600, 51_234_567,
        ];
        assert_eq!(
            shown.map(human),
            [
                "0 B", "999 B", "1.00 kB", "9.99 kB", "10.0 kB", "99.9 kB", "100 kB", "999 kB",
                "1.00 MB", "51.2 MB"
            ]
        );
        assert_eq!(human(u64::MAX), "18446744074 GB");
    }
}
