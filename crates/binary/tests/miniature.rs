//! The reader on miniatures: every layout, word size and byte order, and every single byte changed.

use goassay_binary::address::NameOffset;
use goassay_binary::{Binary, Places};
use goassay_fixtures::miniature::Miniature;

fn all_shapes() -> impl Iterator<Item = Miniature> {
    [18, 19, 20, 25, 26, 27].into_iter().flat_map(|minor| {
        [(false, false), (false, true), (true, false), (true, true)].map(|(big_endian, wide)| {
            Miniature {
                big_endian,
                wide,
                minor,
                ..Miniature::default()
            }
        })
    })
}

/// Everything that can be asked of a binary, so that a change to any table is noticed.
fn read_all(data: &[u8]) -> Option<(Vec<String>, Vec<String>, usize)> {
    let binary = Binary::parse(data).ok()?;
    let table = binary.pclntab().ok()?;
    let names: Vec<_> = table.names().collect();
    let wanted: Vec<NameOffset> = names.iter().map(|&(offset, _)| offset).collect();
    let mut occurrences = Vec::new();
    let gaps = binary.occurrences(&wanted, Places::All, &mut |occurrence| {
        occurrences.push(occurrence)
    });
    let text = |name| String::from_utf8_lossy(name).into_owned();
    let name = |offset| text(table.name(offset).unwrap_or_default());
    let places = occurrences.iter().map(|occurrence| {
        let position = occurrence
            .position
            .map(|position| format!("{}:{}", text(position.file), position.line));
        let host = if occurrence.inlined {
            format!(" in {}", name(occurrence.function))
        } else {
            String::new()
        };
        format!(
            "{}{host} {:x?} {position:?}",
            name(occurrence.name),
            occurrence.address.map(|address| address.0)
        )
    });
    Some((
        names.iter().map(|&(_, name)| text(name)).collect(),
        places.collect(),
        gaps.len(),
    ))
}

#[test]
fn every_shape_is_read_in_full() {
    for shape in all_shapes() {
        let (names, places, gaps) =
            read_all(&shape.build()).unwrap_or_else(|| panic!("readable: {shape:?}"));
        assert_eq!(
            names,
            [
                "main.main",
                "net/url.Parse",
                "main.helper",
                "golang.org/x/text/language.Parse",
                "golang.org/x/text/language.(*Tag).String"
            ],
            "{shape:?}"
        );
        assert_eq!(gaps, 0, "{shape:?}");
        assert_eq!(places.len(), 6, "{shape:?}: {places:?}");
        let line = if shape.minor < 20 { 9 } else { 170 };
        assert!(
            places[0].starts_with("main.main Some(")
                && places[0].contains(&format!("main.go:{line}"))
        );
        assert!(
            places[3].starts_with("net/url.Parse in main.main"),
            "{places:?}"
        );
        assert!(places[3].contains("main.go:9"), "{places:?}");
    }
}

#[test]
fn a_wiped_magic_is_read_all_the_same() {
    for shape in all_shapes() {
        let (mut data, parts) = shape.build_with_parts();
        let whole = read_all(&data);
        data[parts.pclntab..parts.pclntab + 4].fill(0);
        assert_eq!(read_all(&data), whole, "{shape:?}");
    }
}

#[test]
fn a_wiped_magic_without_build_information_is_told_by_the_records() {
    for shape in all_shapes() {
        let (mut data, parts) = shape.build_with_parts();
        let whole = read_all(&data);
        data[parts.pclntab..parts.pclntab + 4].fill(0);
        data[parts.build_info..parts.build_info + 16].fill(0);
        assert_eq!(read_all(&data), whole, "{shape:?}");
    }
}

#[test]
fn any_byte_can_be_anything() {
    for shape in all_shapes() {
        let data = shape.build();
        for at in 0..data.len() {
            for change in [0, 0x7f, 0xff, data[at] ^ 1, data[at].wrapping_add(8)] {
                let mut changed = data.clone();
                changed[at] = change;
                read_all(&changed);
            }
        }
    }
}

#[test]
fn a_file_can_end_anywhere() {
    for shape in all_shapes() {
        let data = shape.build();
        let whole = read_all(&data);
        // The text section map at the end is read only where there are several sections.
        let needed = data.len() - 3 * if shape.wide { 8 } else { 4 };
        for end in 0..needed {
            assert_ne!(read_all(&data[..end]), whole, "{shape:?} cut at {end}");
        }
    }
}
