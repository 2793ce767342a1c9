//! PE: the file with debug information without what is loaded, as `objcopy --only-keep-debug` leaves it. The shipped file is not
//! changed, so it does not say where this is: gdb and lldb are told (`symbol-file`); delve reads none but the program's own.
//!
//! Go's linker gives debug sections addresses too and puts them in front of the import and relocation tables, which
//! therefore lie elsewhere in the two files. What points there is the header, the import table itself, and the slots in the data
//! that the loader fills in; every other difference is refused.

use super::fields::{Fields, append};
use super::{
    Companion, File, Identity, Refused, Which, damaged, equal_but_for_build_id, first_difference,
    text,
};
use goassay_binary::bytes::{Bytes, Endian, Order, Width};

const SECTION: usize = 40;
const SYMBOL: u64 = 18;

struct Pe<'a> {
    bytes: Bytes<'a>,
    /// The COFF header, behind `PE\0\0`.
    coff: usize,
    sections: Vec<Section<'a>>,
    /// Where the section table is.
    table: usize,
    /// Symbols and the strings behind them.
    symbols: &'a [u8],
    /// `FileAlignment`.
    align: usize,
}

struct Section<'a> {
    header: Bytes<'a>,
    name: Vec<u8>,
    address: u32,
    size: u32,
    data: &'a [u8],
}

pub(super) fn make(name: &str, shipped: &[u8], with_debug: &[u8]) -> Result<Companion, Refused> {
    let shipped =
        Pe::read(shipped).ok_or_else(|| damaged(Which::Shipped, "its headers or sections"))?;
    let with_debug =
        Pe::read(with_debug).ok_or_else(|| damaged(Which::WithDebug, "its headers or sections"))?;
    if !with_debug.sections.iter().any(Section::is_debug_info) {
        return Err(Refused::NoDebugInformation);
    }
    if let Some(what) = difference(&shipped, &with_debug) {
        return Err(Refused::Differs(what));
    }
    let bytes = with_debug
        .without_code()
        .ok_or_else(|| damaged(Which::WithDebug, "its sections overlap or are too long"))?;
    Ok(Companion {
        files: vec![File {
            path: format!("{name}.debug"),
            bytes,
        }],
        identity: Identity::Name,
    })
}

impl<'a> Pe<'a> {
    fn read(data: &'a [u8]) -> Option<Pe<'a>> {
        let order = Order {
            endian: Endian::Little,
            width: Width::W64,
        };
        let bytes = Bytes::new(data, order);
        let signature = u64::from(bytes.u32(0x3c)?);
        let coff = signature.checked_add(4)?;
        if bytes.slice(signature, 4)?.data() != b"PE\0\0" {
            return None;
        }
        let optional = coff + 20;
        let table = optional + u64::from(bytes.u16(coff + 16)?);
        let symbols = symbols(bytes, coff)?;
        let count = u64::from(bytes.u16(coff + 2)?);
        let sections = (0..count).map(|index| {
            let header = bytes.slice(table + index * SECTION as u64, SECTION as u64)?;
            Section::read(bytes, header, symbols)
        });
        let align = usize::try_from(bytes.u32(optional + 36)?).ok()?;
        Some(Pe {
            bytes,
            coff: usize::try_from(coff).ok()?,
            sections: sections.collect::<Option<_>>()?,
            table: usize::try_from(table).ok()?,
            symbols: symbols.data(),
            align: align.clamp(1, 0x1_0000),
        })
    }

    fn loaded(&self) -> impl Iterator<Item = &Section<'a>> {
        self.sections.iter().filter(|section| section.is_loaded())
    }

    fn without_code(&self) -> Option<Vec<u8>> {
        let end = self.table + SECTION * self.sections.len();
        let mut out = self.bytes.slice(0, end as u64)?.data().to_vec();
        // Sections of a linker do not overlap, so all of them together are no longer than the file.
        let mut budget = self.bytes.data().len();
        let mut table = Vec::new();
        for section in &self.sections {
            let mut header = Fields::new(section.header.data().to_vec(), self.bytes.order());
            let (mut at, kept) = match section.is_debug() {
                true => (1, section.data),
                false => (0, &[][..]),
            };
            budget = budget.checked_sub(kept.len())?;
            if at > 0 {
                at = append(&mut out, kept, self.align);
            }
            header.put(16, 4, kept.len() as u64)?;
            header.put(20, 4, at as u64)?;
            table.extend(header.bytes);
        }
        let symbols = append(&mut out, self.symbols, self.align);
        let mut out = Fields::new(out, self.bytes.order());
        out.put(self.coff + 8, 4, symbols as u64)?;
        out.bytes.get_mut(self.table..end)?.copy_from_slice(&table);
        Some(out.bytes)
    }
}

/// The COFF symbols with the strings behind them; nothing where there are none.
fn symbols(bytes: Bytes<'_>, coff: u64) -> Option<Bytes<'_>> {
    let at = u64::from(bytes.u32(coff + 8)?);
    if at == 0 {
        return bytes.slice(0, 0);
    }
    let len = u64::from(bytes.u32(coff + 12)?) * SYMBOL;
    let strings = u64::from(bytes.u32(at + len)?);
    bytes.slice(at, len + strings.max(4))
}

impl<'a> Section<'a> {
    fn read(file: Bytes<'a>, header: Bytes<'a>, symbols: Bytes<'a>) -> Option<Section<'a>> {
        let (size, len) = (header.u32(8)?, header.u32(16)?);
        let data = file.slice(header.u32(20)?.into(), len.into())?;
        Some(Section {
            header,
            name: section_name(header, file, symbols)?,
            address: header.u32(12)?,
            size,
            data: data.data(),
        })
    }

    fn is_debug(&self) -> bool {
        self.name.starts_with(b".debug_") || self.name.starts_with(b".zdebug_")
    }

    fn is_debug_info(&self) -> bool {
        matches!(&self.name[..], b".debug_info" | b".zdebug_info") && !self.data.is_empty()
    }

    fn is_loaded(&self) -> bool {
        !self.is_debug() && self.name != b".symtab"
    }

    /// Its address depends on how much debug information is in front of it.
    fn moves(&self) -> bool {
        self.name == b".idata" || self.name == b".reloc"
    }

    fn is_same_as(&self, other: &Section<'_>, imports: &Imports) -> bool {
        let kind = |section: &Section<'_>| section.header.u32(36);
        let same = self.name == other.name && self.size == other.size && kind(self) == kind(other);
        let same_place = self.moves() || self.address == other.address;
        let holds_imports = self.name == b".idata" || self.name == b".data";
        let same_contents = match holds_imports {
            true => imports.are_equal(self.data, other.data),
            false => equal_but_for_build_id(self.data, other.data),
        };
        same && same_place && same_contents
    }
}

/// Where the import table is in the shipped file, and how far it is from there in the other.
struct Imports {
    place: std::ops::Range<u32>,
    moved: u32,
}

impl Imports {
    fn of(shipped: &Pe<'_>, with_debug: &Pe<'_>) -> Imports {
        let table = |pe: &Pe<'_>| {
            let mut sections = pe.loaded();
            let section = sections.find(|section| section.name == b".idata");
            section.map_or((0, 0), |section| (section.address, section.size))
        };
        let ((start, size), (other, _)) = (table(shipped), table(with_debug));
        Imports {
            place: start..start.saturating_add(size),
            moved: other.wrapping_sub(start),
        }
    }

    /// Whether two stretches are equal but for addresses in the import table: the table itself, where they lie at any
    /// offset, and the slots in the data that the loader fills from it.
    fn are_equal(&self, one: &[u8], other: &[u8]) -> bool {
        let (mut ours, mut theirs) = (one, other);
        while let (Some((first, rest)), Some((second, others))) =
            (ours.split_first(), theirs.split_first())
        {
            (ours, theirs) = match (ours.split_first_chunk(), theirs.split_first_chunk()) {
                (Some((a, after)), Some((b, behind))) if self.is_moved(*a, *b) => (after, behind),
                _ if first == second => (rest, others),
                _ => return false,
            };
        }
        one.len() == other.len()
    }

    fn is_moved(&self, ours: [u8; 4], theirs: [u8; 4]) -> bool {
        let (a, b) = (u32::from_le_bytes(ours), u32::from_le_bytes(theirs));
        self.place.contains(&a) && a.wrapping_add(self.moved) == b
    }
}

/// A name of up to eight bytes, or `/` and where it stands among the strings.
fn section_name(header: Bytes<'_>, file: Bytes<'_>, symbols: Bytes<'_>) -> Option<Vec<u8>> {
    let short = header.slice(0, 8)?.data();
    let short = short.split(|&byte| byte == 0).next().unwrap_or_default();
    let Some(digits) = short.strip_prefix(b"/") else {
        return Some(short.to_vec());
    };
    let offset: u64 = std::str::from_utf8(digits).ok()?.parse().ok()?;
    let coff = u64::from(file.u32(0x3c)?) + 4;
    let strings = u64::from(file.u32(coff + 12)?) * SYMBOL;
    let name = symbols.short_c_str(strings.checked_add(offset)?, 255)?;
    Some(name.to_vec())
}

fn difference(shipped: &Pe<'_>, with_debug: &Pe<'_>) -> Option<String> {
    // Machine; entry point and base of code; base of the image (and of data), alignments, versions; subsystem and what the loader
    // is told.
    let facts = |pe: &Pe<'_>| {
        let at = pe.coff as u64;
        let places = [(at, 2), (at + 20, 2), (at + 36, 32), (at + 88, 4)];
        let fields = places.map(|(at, len)| pe.bytes.slice(at, len).map(|b| b.data().to_vec()));
        fields.into_iter().collect::<Option<Vec<Vec<u8>>>>()
    };
    if facts(shipped).is_none() || facts(shipped) != facts(with_debug) {
        return Some("machine, entry point, base address or subsystem".to_owned());
    }
    let imports = Imports::of(shipped, with_debug);
    let differs = |one: &Section<'_>| format!("the section {}", text(&one.name));
    first_difference(
        shipped.loaded(),
        with_debug.loaded(),
        |one, other| (!one.is_same_as(other, &imports)).then(|| differs(one)),
        |one| differs(one),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_in_the_import_table_may_move_and_only_with_it() {
        let imports = Imports {
            place: 0x1000..0x1100,
            moved: 0x500,
        };
        let equal = |one: u32, other: u32| {
            // At an odd offset, as in the table.
            let bytes = |number: u32| [&b"abc"[..], &number.to_le_bytes(), b"d"].concat();
            imports.are_equal(&bytes(one), &bytes(other))
        };
        assert!(equal(0x1010, 0x1510) && equal(7, 7));
        assert!(!equal(0x1010, 0x1511), "moved by something else");
        assert!(!equal(0x1100, 0x1600), "behind the table");
        assert!(!equal(0x0fff, 0x14ff), "in front of the table");
        assert!(!imports.are_equal(b"abc", b"abcd") && !imports.are_equal(b"abc", b"abd"));
    }
}
