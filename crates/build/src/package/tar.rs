//! Tar archives (POSIX ustar; a name that does not fit has an extended header) of files and folders that belong to nobody.

/// A file, or a folder where there are no contents. Its name has been checked.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry<'a> {
    pub(super) name: &'a str,
    pub(super) mode: u32,
    pub(super) bytes: Option<&'a [u8]>,
}

const BLOCK: usize = 512;
/// The end of an archive, in bytes.
const END: usize = 2 * BLOCK;
/// Longest name of a header, in bytes.
const LONGEST: usize = 100;
/// Latest time that the eleven octal digits of a header hold: in the year 2242.
const LATEST: i64 = 0o777_7777_7777;

/// An archive of `entries` in this order, all of them last changed at `time`; times that a header cannot have are the nearest that it can.
pub(super) fn write<'a>(entries: impl IntoIterator<Item = Entry<'a>>, time: i64) -> Vec<u8> {
    let mut out = Vec::new();
    let time = time.clamp(0, LATEST);
    for entry in entries {
        let name = match entry.bytes {
            Some(_) => entry.name.to_owned(),
            None => format!("{}/", entry.name),
        };
        if name.len() > LONGEST || !name.is_ascii() {
            let record = record(&name);
            push(
                &mut out,
                &header("path", b'x', 0o644, record.len(), time),
                record.as_bytes(),
            );
        }
        let flag = if entry.bytes.is_some() { b'0' } else { b'5' };
        let bytes = entry.bytes.unwrap_or_default();
        push(
            &mut out,
            &header(&name, flag, entry.mode, bytes.len(), time),
            bytes,
        );
    }
    out.resize(out.len() + END, 0);
    out
}

fn push(out: &mut Vec<u8>, header: &[u8; BLOCK], bytes: &[u8]) {
    out.extend(header);
    out.extend(bytes);
    out.resize(out.len().next_multiple_of(BLOCK), 0);
}

/// A record of an extended header: its length in bytes, which counts its own digits, then what it says.
fn record(name: &str) -> String {
    let rest = format!(" path={name}\n");
    let mut length = rest.len();
    while length != rest.len() + length.to_string().len() {
        length = rest.len() + length.to_string().len();
    }
    format!("{length}{rest}")
}

fn header(name: &str, flag: u8, mode: u32, size: usize, time: i64) -> [u8; BLOCK] {
    let mut block = [0; BLOCK];
    let mut put = |at: usize, bytes: &[u8]| {
        let room = block.iter_mut().skip(at);
        room.zip(bytes).for_each(|(to, from)| *to = *from);
    };
    put(0, name.as_bytes().get(..LONGEST).unwrap_or(name.as_bytes()));
    put(100, format!("{mode:07o}").as_bytes());
    put(108, b"0000000");
    put(116, b"0000000");
    put(124, size_field(size).as_slice());
    put(136, format!("{time:011o}").as_bytes());
    put(148, b"        ");
    put(156, &[flag]);
    put(257, b"ustar\x0000");
    put(329, b"0000000\x000000000");
    let sum: u32 = block.iter().map(|&byte| u32::from(byte)).sum();
    let digits = format!("{sum:06o}\0");
    block
        .iter_mut()
        .skip(148)
        .zip(digits.bytes())
        .for_each(|(to, from)| *to = from);
    block
}

/// Eleven octal digits; what is larger (8 GiB) as a binary number, as GNU tar and all others since read it.
fn size_field(size: usize) -> Vec<u8> {
    let size = size as u64;
    if size < 1 << 33 {
        return format!("{size:011o}").into_bytes();
    }
    let mut field = vec![0x80, 0, 0, 0];
    field.extend(size.to_be_bytes());
    field
}
