//! Archives made field by field, for tests: also such that no honest program makes.

use std::io::Write;

/// An entry to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Member {
    pub(crate) name: String,
    pub(crate) data: Vec<u8>,
    /// With the type of the file, as Unix has it.
    pub(crate) mode: u32,
    pub(crate) mtime: u32,
    pub(crate) extra: Vec<u8>,
    pub(crate) comment: Vec<u8>,
    pub(crate) stored: bool,
    /// Bytes behind the contents.
    pub(crate) gap: Vec<u8>,
}

impl Member {
    pub(crate) fn new(name: &str, data: &[u8]) -> Member {
        let mtime = 1_700_000_000;
        Member {
            name: name.to_owned(),
            data: data.to_vec(),
            mode: 0o100_644,
            mtime,
            extra: time(mtime),
            comment: Vec::new(),
            stored: false,
            gap: Vec::new(),
        }
    }
}

/// The extra field for an extended time.
pub(crate) fn time(mtime: u32) -> Vec<u8> {
    [b"UT\x05\x00\x01".as_slice(), &mtime.to_le_bytes()].concat()
}

fn words(out: &mut Vec<u8>, halves: &[u16]) {
    out.extend(halves.iter().flat_map(|half| half.to_le_bytes()));
}

/// A zip archive, with descriptors as Go writes them.
pub(crate) fn zip(members: &[Member]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut directory = Vec::new();
    for member in members {
        let at = out.len() as u32;
        let packed = if member.stored {
            member.data.clone()
        } else {
            let mut encoder =
                flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::fast());
            encoder.write_all(&member.data).unwrap();
            encoder.finish().unwrap()
        };
        let method = if member.stored { 0 } else { 8 };
        let sizes = [
            crc32fast::hash(&member.data),
            packed.len() as u32,
            member.data.len() as u32,
        ];
        let sizes: Vec<u8> = sizes.iter().flat_map(|word| word.to_le_bytes()).collect();
        let lengths = [member.name.len() as u16, member.extra.len() as u16];
        out.extend(b"PK\x03\x04");
        words(&mut out, &[20, 8, method, 0x1234, 0x5678]);
        out.extend([0; 12]);
        words(&mut out, &lengths);
        out.extend(member.name.as_bytes());
        out.extend(&member.extra);
        out.extend(&packed);
        out.extend(b"PK\x07\x08");
        out.extend(&sizes);
        out.extend(&member.gap);
        directory.extend(b"PK\x01\x02");
        words(&mut directory, &[0x0314, 20, 8, method, 0x1234, 0x5678]);
        directory.extend(&sizes);
        words(&mut directory, &lengths);
        words(&mut directory, &[member.comment.len() as u16, 0, 0]);
        directory.extend((member.mode << 16).to_le_bytes());
        directory.extend(at.to_le_bytes());
        directory.extend(member.name.as_bytes());
        directory.extend(&member.extra);
        directory.extend(&member.comment);
    }
    let (at, count) = (out.len() as u32, members.len() as u16);
    out.extend(&directory);
    out.extend(b"PK\x05\x06");
    words(&mut out, &[0, 0, count, count]);
    out.extend((directory.len() as u32).to_le_bytes());
    out.extend(at.to_le_bytes());
    words(&mut out, &[0]);
    out
}

/// A tar archive in gzip.
pub(crate) fn tar_gz(members: &[Member]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(&tar(members)).unwrap();
    encoder.finish().unwrap()
}

/// A tar archive.
pub(crate) fn tar(members: &[Member]) -> Vec<u8> {
    let mut out = Vec::new();
    for member in members {
        if !member.comment.is_empty() {
            out.extend(pax(&member.comment));
        }
        let (flag, link) = match member.mode & 0o170_000 {
            0o120_000 => (b'2', member.data.as_slice()),
            0o040_000 => (b'5', b"".as_slice()),
            _ => (b'0', b"".as_slice()),
        };
        let data = if flag == b'0' {
            member.data.as_slice()
        } else {
            b""
        };
        out.extend(header(&member.name, member, flag, data.len(), link));
        out.extend(data);
        out.resize(out.len().next_multiple_of(512), 0);
    }
    out.resize(out.len() + 1024, 0);
    out
}

fn pax(record: &[u8]) -> Vec<u8> {
    let member = Member::new("pax", record);
    let mut out = header("pax", &member, b'x', record.len(), b"");
    out.extend(record);
    out.resize(out.len().next_multiple_of(512), 0);
    out
}

fn header(name: &str, member: &Member, flag: u8, size: usize, link: &[u8]) -> Vec<u8> {
    let mut block = vec![0; 512];
    let mut put = |at: usize, bytes: &[u8]| block[at..at + bytes.len()].copy_from_slice(bytes);
    put(0, name.as_bytes());
    put(100, format!("{:07o}", member.mode & 0o7777).as_bytes());
    put(108, b"0000000");
    put(116, b"0000000");
    put(124, format!("{size:011o}").as_bytes());
    put(136, format!("{:011o}", member.mtime).as_bytes());
    put(148, b"        ");
    put(156, &[flag]);
    put(157, link);
    put(257, b"ustar\x0000");
    let sum: u64 = block.iter().map(|&byte| u64::from(byte)).sum();
    block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    block
}

/// An ar archive of these members.
pub(crate) fn ar(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut out = b"!<arch>\n".to_vec();
    for (name, data) in members {
        out.extend(
            format!(
                "{name:<16}{:<12}{:<6}{:<6}{:<8}{:<10}`\n",
                0,
                0,
                0,
                100_644,
                data.len()
            )
            .bytes(),
        );
        out.extend(*data);
        if data.len() % 2 == 1 {
            out.push(b'\n');
        }
    }
    out
}
