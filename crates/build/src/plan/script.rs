//! A plan as a shell script that makes the same files without goassay.

use super::{Build, Plan};
use std::ffi::OsStr;
use std::fmt::Write;

/// The script, for a POSIX shell.
#[must_use]
pub fn script(plan: &Plan) -> String {
    let mut text = "#!/bin/sh\nset -eu\n".to_owned();
    for build in &plan.builds {
        add(&mut text, build);
    }
    text
}

fn add(text: &mut String, build: &Build) {
    let Build {
        package, target, ..
    } = build;
    let _ = writeln!(text, "\n# {} for {target}", one_line(package));
    let _ = writeln!(text, "cd {}", quoted(build.folder.as_os_str()));
    for setting in build.environment.iter().filter(|s| s.value.is_none()) {
        let _ = writeln!(text, "# kept out: {} ({})", setting.name, setting.reason);
    }
    text.push_str("env -i \\\n");
    for setting in &build.environment {
        if let Some(value) = &setting.value {
            let _ = writeln!(text, "  {}={} \\", setting.name, quoted(value));
        }
    }
    let words: Vec<String> = build.argv.iter().map(|word| quoted(word)).collect();
    let _ = writeln!(text, "  {}", words.join(" "));
}

/// A comment must not end early.
fn one_line(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}

/// A word for a POSIX shell.
pub(super) fn quoted(word: &OsStr) -> String {
    let word = word.to_string_lossy();
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_=./:,+@%".contains(c);
    match !word.is_empty() && word.chars().all(plain) {
        true => word.into_owned(),
        false => format!("'{}'", word.replace('\'', r"'\''")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_a_shell() {
        for (word, want) in [
            ("-o=a/b.c", "-o=a/b.c"),
            ("", "''"),
            ("-ldflags=-w -bindnow", "'-ldflags=-w -bindnow'"),
            ("it's $HOME", r"'it'\''s $HOME'"),
            ("a\nb", "'a\nb'"),
        ] {
            assert_eq!(quoted(OsStr::new(word)), want);
        }
        assert_eq!(one_line("a\nrm -rf"), "a rm -rf");
    }
}
