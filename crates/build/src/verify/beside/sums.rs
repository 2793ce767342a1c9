//! Lists of sums: as `sha256sum` writes them (GNU coreutils, also its `--tag`), in the program's folder and the one above.

use super::{Around, Beside, Finding, Kind, LONGEST, Subject, few, is_below};

const LISTS: [&str; 4] = [
    "SHA256SUMS",
    "SHA256SUMS.txt",
    "sha256sums.txt",
    "checksums.txt",
];
/// Most lines whose files are hashed; the program's own counts in any case.
const MOST: usize = 5_000;

/// Holds each list that names the program against it, and against the other files that it lists.
pub(super) fn check<'s>(subject: &'s Subject<'_>) -> impl Iterator<Item = Beside> + 's {
    let own = format!("{}.sha256", subject.name);
    let names = std::iter::once(own).chain(LISTS.map(str::to_owned));
    let here = names.map(|name| ("", name));
    let above = LISTS.iter().filter(|_| !subject.folder.is_empty());
    let above = above.map(|name| ("../", (*name).to_owned()));
    here.chain(above).filter_map(|(place, list)| {
        let name = format!("{place}{list}");
        let finding = match subject.around.read(&name, LONGEST)? {
            Ok(bytes) => held(subject, place, &bytes)?,
            Err(why) => Finding::NotChecked(why),
        };
        Some(Beside {
            name,
            kind: Kind::Sums,
            finding,
        })
    })
}

/// What a list comes to; none where it is not about the program.
fn held(subject: &Subject<'_>, place: &str, list: &[u8]) -> Option<Finding> {
    let list = String::from_utf8_lossy(list);
    let own = match place {
        "" => subject.name.to_owned(),
        _ => format!("{}/{}", subject.folder, subject.name),
    };
    // A file of its own can have the sum alone.
    if is_sum(list.trim()) {
        return Some(
            of_program(subject, list.trim())
                .unwrap_or_else(|| Finding::Holds("it has the program's SHA-256".to_owned())),
        );
    }
    let lines: Vec<(&str, &str)> = list.lines().filter_map(entry).collect();
    let (_, sum) = lines.iter().find(|(name, _)| *name == own)?;
    if let Some(wrong) = of_program(subject, sum) {
        return Some(wrong);
    }
    let others = lines.iter().filter(|(name, _)| *name != own).take(MOST);
    Some(rest(subject.around, place, others, lines.len() - 1))
}

/// Why the program is not the listed one; none where it is.
fn of_program(subject: &Subject<'_>, sum: &str) -> Option<Finding> {
    let wrong = || {
        format!(
            "SHA-256 {sum} is listed, and the program has {}",
            subject.sha256
        )
    };
    (!sum.eq_ignore_ascii_case(subject.sha256)).then(|| Finding::Fails(wrong()))
}

fn rest<'l>(
    around: &dyn Around,
    place: &str,
    lines: impl Iterator<Item = &'l (&'l str, &'l str)>,
    count: usize,
) -> Finding {
    let (mut same, mut others) = (0, Vec::new());
    for (name, sum) in lines.filter(|(name, _)| is_below(name)) {
        match around.sha256(&format!("{place}{name}")) {
            Some(Ok(sha256)) if sum.eq_ignore_ascii_case(&sha256) => same += 1,
            Some(Ok(_)) => others.push((*name).to_owned()),
            Some(Err(_)) | None => {}
        }
    }
    match (others.is_empty(), count) {
        (false, _) => Finding::Fails(format!("not the listed files: {}", few(&others))),
        (true, 0) => Finding::Holds("the program is the listed one".to_owned()),
        (true, count) => Finding::Holds(format!(
            "the program is the listed one, and so are {same} of {count} other files{}",
            if same == count {
                ""
            } else {
                ": the rest is not here"
            }
        )),
    }
}

/// A line: name and sum. Names with escapes (`\`) name nothing that is looked for.
fn entry(line: &str) -> Option<(&str, &str)> {
    if let Some(tagged) = line.strip_prefix("SHA256 (") {
        let (name, sum) = tagged.rsplit_once(") = ")?;
        return is_sum(sum).then_some((plain(name), sum));
    }
    let (sum, name) = line.split_at_checked(64)?;
    let name = name
        .strip_prefix("  ")
        .or_else(|| name.strip_prefix(" *"))?;
    is_sum(sum).then_some((plain(name), sum))
}

fn plain(name: &str) -> &str {
    name.strip_prefix("./").unwrap_or(name)
}

fn is_sum(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}
