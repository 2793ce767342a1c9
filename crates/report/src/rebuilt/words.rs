//! What is said the same way on a terminal and on a page. Texts are hostile.

use goassay_build::verify::Verification;

/// A normalisation that was needed.
pub(super) fn normalised((name, file, rebuilt): &(&str, String, String)) -> String {
    let said = |text: &str| match text {
        "" => "nothing".to_owned(),
        text => text.to_owned(),
    };
    let (file, rebuilt) = (said(file), said(rebuilt));
    format!("{name}: {file} in the file, {rebuilt} in the rebuilt one")
}

/// How far an attempt is from the file.
pub(super) fn distance(functions: usize, bytes: u64) -> String {
    format!("{functions} functions and {bytes} bytes differ")
}

/// Who vouches for the source, and for what of it nobody does.
pub(super) fn source(found: &Verification) -> Vec<String> {
    let (files, modules) = (found.proven.vouched, found.proven.zips.len());
    let vouched = (files > 0).then(|| {
        format!(
            "source: {modules} modules; the checksum database vouches for {files} files of theirs"
        )
    });
    let excused = found.proven.excused.iter().map(|module| {
        format!("nobody vouches for {module}: settings excuse it from the checksum database")
    });
    vouched.into_iter().chain(excused).collect()
}
