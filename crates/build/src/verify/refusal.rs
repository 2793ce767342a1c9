//! What a go command meant that failed: whose turn it is now, and what can be done. Its own words stay, they are hostile.

use super::Stop;

/// A module proxy or a repository says that there is nothing for us.
const GONE: [&str; 13] = [
    // What servers call a status differs; some call a name that they do not know a bad request.
    ": 400 ",
    ": 401 ",
    ": 403 ",
    ": 404 ",
    ": 410 ",
    "not found: module lookup disabled",
    "no matching versions",
    "unknown revision",
    "invalid version",
    "terminal prompts disabled",
    "Permission denied (publickey",
    "Repository not found",
    "Authentication failed",
];

/// Files are missing that the source needs: all that the go command and the compiler say of them.
const INCOMPLETE: [&str; 8] = [
    ": undefined: ",
    "no matching files found",
    "no required module provides package",
    "cannot find module providing package",
    "but does not contain package",
    "is not in std",
    "no non-test Go files in",
    "build constraints exclude all Go files in",
];

const GENERATED: &str = "its source alone does not build. The likely reason: files that were generated before the build (go generate, protoc, embedded \
assets) and are not part of the source. They are not generated here, because nothing that was downloaded is run: who made the program has to publish or \
commit them with it";

fn is_one_of(said: &str, marks: &[&str]) -> bool {
    marks.iter().any(|mark| said.contains(mark))
}

/// What a go command meant that could not get the source, or not all of it.
pub(super) fn of_download(said: &str) -> Stop {
    // What went well is not why.
    let lines = said.trim().lines();
    let lines: Vec<&str> = lines
        .filter(|line| !line.starts_with("go: downloading "))
        .collect();
    let said = lines.join("\n");
    if said.contains("checksum mismatch") {
        return Stop::Mismatch(format!("SECURITY: {said}"));
    }
    match (is_one_of(&said, &GONE), is_one_of(&said, &INCOMPLETE)) {
        (true, _) => Stop::Gone(said),
        (false, true) => Stop::NoSource(of_build(&said)),
        (false, false) => Stop::Download(said),
    }
}

/// What a failed build meant, in words.
pub(super) fn of_build(said: &str) -> String {
    match is_one_of(said, &INCOMPLETE) {
        true => format!("{GENERATED}. The go command says:\n{said}"),
        false => format!("it does not build: {said}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_proxy_has_not_is_not_what_could_not_be_asked() {
        for said in [
            "go: downloading m v1.0.0\nreading https://p/m/@v/v1.info: 404 Not Found",
            "fatal: could not read Username for 'https://git.example': terminal prompts disabled",
        ] {
            let stop = of_download(said);
            assert!(
                matches!(&stop, Stop::Gone(why) if !why.contains("downloading")),
                "{stop}"
            );
        }
        for said in ["dial tcp: connection refused", "unexpected EOF"] {
            assert!(matches!(of_download(said), Stop::Download(_)), "{said}");
        }
    }

    #[test]
    fn what_was_generated_is_told_from_what_does_not_compile() {
        for said in [
            "./main.go:4:2: undefined: version",
            "main.go:3:12: pattern assets/*: no matching files found",
            "main.go:3:8: package corp.example/m/gen is not in std",
        ] {
            assert!(
                of_build(said).contains("generated before the build"),
                "{said}"
            );
            assert!(matches!(of_download(said), Stop::NoSource(_)), "{said}");
        }
        assert!(!of_build("./main.go:4:2: declared and not used: x").contains("generated"));
    }

    #[test]
    fn other_contents_than_recorded_are_a_mismatch() {
        let said = "verifying m@v1.0.0: checksum mismatch";
        assert!(matches!(of_download(said), Stop::Mismatch(what) if what.starts_with("SECURITY")));
    }
}
