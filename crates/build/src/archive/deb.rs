//! Debian binary packages (`deb(5)`): an `ar` archive of a version, a control archive and a data archive.

use super::input::Input;
use super::{Error, Format, Options, Tree, damaged, hash, tar};

/// Members of a package are three; more than this is none.
const MAX_MEMBERS: usize = 16;
const HEADER: u64 = 60;

pub(super) fn read(input: &Input, options: &Options<'_>) -> Result<Tree, Error> {
    let members = members(input)?;
    let data = members
        .iter()
        .find(|m| m.name.starts_with("data.tar"))
        .ok_or_else(|| damaged("an ar archive without data.tar is no Debian package"))?;
    let mut tree = tar::read(&data.contents, options)?;
    tree.format = Format::Deb;
    for member in &members {
        let (name, header) = (&member.name, hash::digest(&member.header));
        tree.facts.insert(format!("header of {name}"), header);
        if !name.starts_with("data.tar") {
            let most = member.contents.len();
            let sum = super::Sum::read(&mut member.contents.clone(), most)?;
            tree.facts.insert(name.clone(), sum.hex());
        }
    }
    let names: Vec<&str> = members.iter().map(|m| m.name.as_str()).collect();
    tree.facts.insert("members".to_owned(), names.join(" "));
    Ok(tree)
}

struct Member {
    name: String,
    header: Vec<u8>,
    contents: Input,
}

fn members(input: &Input) -> Result<Vec<Member>, Error> {
    let mut members = Vec::new();
    let mut at = 8;
    while at < input.len() {
        let member = member(input, at).ok_or_else(|| damaged("a member of the ar archive"))?;
        // Members begin at even places.
        let end = at + HEADER + member.contents.len();
        at = end + end % 2;
        if at > end && input.bytes(end, 1).is_ok_and(|padding| padding != b"\n") {
            return Err(damaged("padding between members of the ar archive"));
        }
        members.push(member);
        if members.len() > MAX_MEMBERS {
            return Err(damaged(
                "an ar archive of many members is no Debian package",
            ));
        }
    }
    Ok(members)
}

fn member(input: &Input, at: u64) -> Option<Member> {
    let header = input.bytes(at, HEADER).ok()?;
    let text = std::str::from_utf8(&header).ok()?;
    let name = text.get(..16)?.trim_end();
    let length = text.get(48..58)?.trim_end().parse().ok()?;
    let contents = input.part(at + HEADER, length)?;
    (text.get(58..) == Some("`\n")).then(|| Member {
        name: name.strip_suffix('/').unwrap_or(name).to_owned(),
        header: header.clone(),
        contents,
    })
}
