//! Files that hold several images: fat Mach-O and `ar` archives (c-archives).
//!
//! Formats: `mach-o/fat.h`; the System V / GNU and BSD forms of `ar` (`src/cmd/internal/archive` of Go reads the same).

use crate::bytes::{Bytes, Endian, Order, Width};
use crate::gap::{Gap, Topic};
use crate::image::macho_arch;
use std::borrow::Cow;

/// One image within a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member<'a> {
    /// Architecture of a fat file's slice or name of an archive's member; `None` where the file is the image itself.
    pub name: Option<Cow<'a, str>>,
    /// Its bytes.
    pub data: &'a [u8],
}

/// Most members of an archive that is read; real c-archives have a few hundred objects at the most.
const MOST_MEMBERS: usize = 65_536;
/// Longest name of a member: in a hostile archive all members can share one name as long as the file.
const LONGEST_NAME: usize = 1024;
/// Most slices of a fat file: more means that the bytes are a Java class file, which has the same magic.
const MOST_SLICES: u32 = 30;

/// Whether bytes start like a file that could hold a Go binary. Looks at no more than the first 8 bytes.
pub fn is_candidate(head: &[u8]) -> bool {
    match head {
        [0x7f, b'E', b'L', b'F', ..] | [b'M', b'Z', ..] => true,
        [0xca, 0xfe, 0xba, 0xbe | 0xbf, 0, 0, 0, count, ..] => u32::from(*count) <= MOST_SLICES,
        [0xfe, 0xed, 0xfa, 0xce | 0xcf, ..] | [0xce | 0xcf, 0xfa, 0xed, 0xfe, ..] => true,
        _ => head.starts_with(b"!<arch>\n"),
    }
}

/// The images in a file: itself, or the members of a fat file or archive.
///
/// # Errors
/// A gap on [`Topic::Image`] where a container's own headers cannot be read.
pub fn members(data: &[u8]) -> Result<Vec<Member<'_>>, Gap> {
    match data {
        [0xca, 0xfe, 0xba, 0xbe | 0xbf, ..] => slices(data),
        _ if data.starts_with(b"!<arch>\n") => archive(data),
        _ => Ok(vec![Member { name: None, data }]),
    }
}

fn slices(data: &[u8]) -> Result<Vec<Member<'_>>, Gap> {
    let damaged = || {
        Gap::new(
            Topic::Image,
            "the fat Mach-O header names a slice outside the file",
        )
    };
    let bytes = Bytes::new(
        data,
        Order {
            endian: Endian::Big,
            width: Width::W64,
        },
    );
    let wide = bytes.u8(3) == Some(0xbf);
    let count = bytes
        .u32(4)
        .filter(|&count| count <= MOST_SLICES)
        .ok_or_else(damaged)?;
    let slice = |index: u64| {
        let (offset, len) = match wide {
            true => (
                bytes.u64(8 + index * 32 + 8)?,
                bytes.u64(8 + index * 32 + 16)?,
            ),
            false => (
                u64::from(bytes.u32(8 + index * 20 + 8)?),
                u64::from(bytes.u32(8 + index * 20 + 12)?),
            ),
        };
        let cputype = bytes.u32(8 + index * if wide { 32 } else { 20 })?;
        let name = match macho_arch(cputype) {
            Some(arch) => Cow::from(arch),
            None => Cow::from(format!("cputype {cputype:#x}")),
        };
        Some(Member {
            name: Some(name),
            data: bytes.slice(offset, len)?.data(),
        })
    };
    (0..u64::from(count))
        .map(|index| slice(index).ok_or_else(damaged))
        .collect()
}

/// The members of an archive that are objects; symbol tables and name tables are passed over.
fn archive(data: &[u8]) -> Result<Vec<Member<'_>>, Gap> {
    let mut members = Vec::new();
    let mut long_names: &[u8] = &[];
    let mut at = 8;
    while at < data.len() {
        if members.len() >= MOST_MEMBERS {
            let reason = format!("the archive has more than {MOST_MEMBERS} members");
            return Err(Gap::new(Topic::Image, reason));
        }
        let (name, body, next) = archive_member(data, at).ok_or_else(|| {
            Gap::new(
                Topic::Image,
                format!("the archive member at offset {at} is cut off or has a damaged header"),
            )
        })?;
        at = next;
        match name {
            b"//" => long_names = body,
            b"/" | b"/SYM64/" | b"__.SYMDEF" | b"__.SYMDEF SORTED" => {}
            _ => {
                let (name, body) = member_name(name, body, long_names);
                members.push(Member {
                    name: Some(name),
                    data: body,
                });
            }
        }
    }
    Ok(members)
}

/// Name field, body and the offset of the next member of the member at `at`.
fn archive_member(data: &[u8], at: usize) -> Option<(&[u8], &[u8], usize)> {
    let header = data.get(at..at.checked_add(60)?)?;
    if header.get(58..60)? != b"`\n" {
        return None;
    }
    let len: usize = std::str::from_utf8(header.get(48..58)?)
        .ok()?
        .trim_end()
        .parse()
        .ok()?;
    let start = at + 60;
    let end = start.checked_add(len)?;
    Some((
        header.get(..16)?.trim_ascii_end(),
        data.get(start..end)?,
        end.checked_add(end & 1)?,
    ))
}

/// GNU keeps long names in the `//` member (`/123`), BSD in front of the body (`#1/20`).
fn member_name<'a>(
    field: &'a [u8],
    body: &'a [u8],
    long_names: &'a [u8],
) -> (Cow<'a, str>, &'a [u8]) {
    let number = |digits: &[u8]| std::str::from_utf8(digits).ok()?.parse::<usize>().ok();
    if let Some(len) = field.strip_prefix(b"#1/").and_then(number)
        && let Some((name, rest)) = body.split_at_checked(len)
    {
        let name = name.split(|&b| b == 0).next().unwrap_or(name);
        return (String::from_utf8_lossy(name), rest);
    }
    let long = field
        .strip_prefix(b"/")
        .and_then(number)
        .and_then(|at| long_names.get(at..));
    let name = match long {
        Some(rest) => {
            let rest = rest.get(..LONGEST_NAME).unwrap_or(rest);
            rest.split(|&b| b == b'\n').next().unwrap_or(rest)
        }
        None => field,
    };
    (
        String::from_utf8_lossy(name.strip_suffix(b"/").unwrap_or(name)),
        body,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(name: &str, len: usize) -> Vec<u8> {
        format!("{name:<16}{:<12}{:<6}{:<6}{:<8}{len:<10}`\n", 0, 0, 0, 644).into_bytes()
    }

    #[test]
    fn archive_names_in_all_three_forms() {
        let mut data = b"!<arch>\n".to_vec();
        for (name, body) in [
            ("/", "ii"),
            ("//", "a long name.o/\n"),
            ("/0", "one!"),
            ("b.o/", "x"),
            ("#1/4", "bsd\0y"),
        ] {
            data.extend(header(name, body.len()));
            data.extend(body.as_bytes());
            data.resize(data.len().next_multiple_of(2), b'\n');
        }
        let members = members(&data).expect("readable");
        let names: Vec<_> = members.iter().filter_map(|m| m.name.as_deref()).collect();
        assert_eq!(names, ["a long name.o", "b.o", "bsd"]);
        assert_eq!(members[2].data, b"y");
    }

    #[test]
    fn a_cut_archive_is_a_gap() {
        let mut data = b"!<arch>\n".to_vec();
        data.extend(header("a.o/", 100));
        assert!(members(&data).is_err());
    }

    #[test]
    fn a_java_class_is_no_candidate() {
        assert!(!is_candidate(&[0xca, 0xfe, 0xba, 0xbe, 0, 0, 0, 61]));
        assert!(is_candidate(&[0xca, 0xfe, 0xba, 0xbe, 0, 0, 0, 2]));
        assert!(!is_candidate(b""));
    }

    #[test]
    fn a_slice_outside_the_file_is_a_gap() {
        let mut data = vec![0xca, 0xfe, 0xba, 0xbe, 0, 0, 0, 1];
        data.extend([0; 8]);
        data.extend(100u32.to_be_bytes());
        data.extend(8u32.to_be_bytes());
        data.extend([0; 4]);
        assert!(members(&data).is_err());
    }
}
