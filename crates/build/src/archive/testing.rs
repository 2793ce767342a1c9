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

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn sha256(bytes: &[u8]) -> String {
    super::Sum::of(bytes).hex()
}

/// A cpio archive of the form `newc` (as in RPM), or else `odc`.
fn cpio(members: &[Member], newc: bool) -> Vec<u8> {
    let mut out = Vec::new();
    let end = Member {
        data: Vec::new(),
        mode: 0,
        mtime: 0,
        ..Member::new("TRAILER!!!", b"")
    };
    for (inode, member) in members.iter().chain([&end]).enumerate() {
        let (name, mode, time) = (&member.name, member.mode, member.mtime);
        let (length, size) = (name.len() + 1, member.data.len());
        let align = |out: &mut Vec<u8>| {
            if newc {
                out.resize(out.len().next_multiple_of(4), 0);
            }
        };
        out.extend(match newc {
            true => format!(
                "070701{inode:08x}{mode:08x}{0:08x}{0:08x}{1:08x}{time:08x}{size:08x}{0:08x}{0:08x}{0:08x}{0:08x}{length:08x}{0:08x}",
                0, 1
            ),
            false => format!(
                "070707{0:06o}{inode:06o}{mode:06o}{0:06o}{0:06o}{1:06o}{0:06o}{time:011o}{length:06o}{size:011o}",
                0, 1
            ),
        }.bytes());
        out.extend(name.bytes().chain([0]));
        align(&mut out);
        out.extend(&member.data);
        align(&mut out);
    }
    out
}

/// An installer package of macOS with these files.
pub(crate) fn pkg(members: &[Member]) -> Vec<u8> {
    let payload = gzip(&cpio(members, false));
    let comment: Vec<u8> = members
        .iter()
        .flat_map(|member| member.comment.clone())
        .collect();
    let digest = |bytes: &[u8]| {
        let sum = ring::digest::digest(&ring::digest::SHA1_FOR_LEGACY_USE_ONLY, bytes);
        goassay_binary::bytes::hexadecimal(sum.as_ref())
    };
    let (length, sum) = (payload.len(), digest(&payload));
    let table = format!(
        "<xar><toc><!-- {comment:?} --><checksum style=\"sha1\"><offset>0</offset><size>20</size></checksum>\
         <file id=\"1\"><name>go.pkg</name><type>directory</type><file id=\"2\"><name>Payload</name><type>file</type>\
         <data><length>{length}</length><offset>20</offset><size>{length}</size>\
         <encoding style=\"application/octet-stream\"/><extracted-checksum style=\"sha1\">{sum}</extracted-checksum>\
         </data></file></file></toc></xar>"
    );
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(table.as_bytes()).unwrap();
    let packed = encoder.finish().unwrap();
    let mut out = b"xar!\0\x1c\0\x01".to_vec();
    out.extend((packed.len() as u64).to_be_bytes());
    out.extend((table.len() as u64).to_be_bytes());
    out.extend(1u32.to_be_bytes());
    out.extend(&packed);
    let sum = ring::digest::digest(&ring::digest::SHA1_FOR_LEGACY_USE_ONLY, &packed);
    out.extend(sum.as_ref());
    out.extend(&payload);
    out
}

/// An Alpine package with these files.
pub(crate) fn apk(members: &[Member]) -> Vec<u8> {
    let data = tar_gz(members);
    let control = format!("pkgname = go\ndatahash = {}\n", sha256(&data));
    let mut control = tar(&[Member::new(".PKGINFO", control.as_bytes())]);
    control.truncate(control.len() - 1024);
    [gzip(&control), data].concat()
}

/// A container image of one layer, as an OCI layout in a tar archive.
pub(crate) fn image(members: &[Member]) -> Vec<u8> {
    image_with(members, "application/vnd.oci.image.config.v1+json")
}

/// The same, which says this type of its configuration.
pub(super) fn image_with(members: &[Member], media_type: &str) -> Vec<u8> {
    let layer = tar(members);
    let packed = gzip(&layer);
    let blob = |bytes: &[u8]| Member::new(&format!("blobs/sha256/{}", sha256(bytes)), bytes);
    let about = |bytes: &[u8]| {
        format!(
            r#"{{"digest":"sha256:{}","size":{}}}"#,
            sha256(bytes),
            bytes.len()
        )
    };
    let config = format!(
        r#"{{"os":"linux","architecture":"amd64","rootfs":{{"type":"layers","diff_ids":["sha256:{}"]}}}}"#,
        sha256(&layer)
    );
    let manifest = format!(
        r#"{{"config":{{"mediaType":"{media_type}",{},"layers":[{}]}}"#,
        about(config.as_bytes()).trim_start_matches('{'),
        about(&packed)
    );
    let index = format!(r#"{{"manifests":[{}]}}"#, about(manifest.as_bytes()));
    tar(&[
        Member::new("oci-layout", br#"{"imageLayoutVersion":"1.0.0"}"#),
        Member::new("index.json", index.as_bytes()),
        blob(manifest.as_bytes()),
        blob(config.as_bytes()),
        blob(&packed),
    ])
}

/// A header of an RPM package: tags with their type (4: numbers, 8: texts) and value.
fn rpm_header(tags: &[(u32, u32, Vec<String>)]) -> Vec<u8> {
    let (mut index, mut store) = (Vec::new(), Vec::new());
    for (tag, kind, values) in tags {
        if *kind == 4 {
            store.resize(store.len().next_multiple_of(4), 0);
        }
        for word in [*tag, *kind, store.len() as u32, values.len() as u32] {
            index.extend(word.to_be_bytes());
        }
        for value in values {
            match kind {
                4 => store.extend(value.parse::<u32>().unwrap().to_be_bytes()),
                _ => store.extend(value.bytes().chain([0])),
            }
        }
    }
    let mut out = vec![0x8e, 0xad, 0xe8, 1, 0, 0, 0, 0];
    out.extend((tags.len() as u32).to_be_bytes());
    out.extend((store.len() as u32).to_be_bytes());
    [out, index, store].concat()
}

/// An RPM package with these files.
pub(crate) fn rpm(members: &[Member]) -> Vec<u8> {
    let mut payload = members.to_vec();
    payload
        .iter_mut()
        .for_each(|member| member.name.insert_str(0, "./"));
    let payload = gzip(&cpio(&payload, true));
    let each = |f: &dyn Fn(&Member) -> String| members.iter().map(f).collect::<Vec<String>>();
    let is_link = |member: &Member| member.mode & 0o170_000 == 0o120_000;
    let links = each(&|m| {
        if is_link(m) {
            String::from_utf8(m.data.clone()).unwrap()
        } else {
            String::new()
        }
    });
    let sums = each(&|m| {
        if is_link(m) {
            String::new()
        } else {
            sha256(&m.data)
        }
    });
    let comments = each(&|m| format!("{:?}", m.comment));
    let one = |text: &str| vec![text.to_owned()];
    let header = rpm_header(&[
        (1000, 8, one("go")),
        (1030, 4, each(&|m| m.mode.to_string())),
        (1035, 8, sums),
        (1036, 8, links),
        (1039, 8, each(&|_| "root".to_owned())),
        (1040, 8, each(&|_| "root".to_owned())),
        (1080, 8, comments),
        (1116, 4, each(&|_| "0".to_owned())),
        (1117, 8, each(&|m| m.name.clone())),
        (1118, 8, one("/")),
        (5011, 4, one("8")),
        (5092, 8, one(&sha256(&payload))),
        (5093, 4, one("8")),
    ]);
    let mut out = vec![0xed, 0xab, 0xee, 0xdb, 3, 0];
    out.resize(96, 0);
    out.extend(rpm_header(&[(273, 8, vec![sha256(&header)])]));
    out.resize(out.len().next_multiple_of(8), 0);
    out.extend(header);
    out.extend(payload);
    out
}
