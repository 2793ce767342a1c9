//! T2: nothing of the machine that built it: paths, user names, dates, private modules, credentials.

use super::support::{IMPORTS, fail, known, not_applicable, pass, rename, settle, unknown};
use crate::facts::Facts;
use crate::facts::ldflags::{Looks, Recorded, Source, Value};
use crate::facts::leaks::{Leak, Place};
use crate::policy::Policy;
use crate::registry::Rule;
use crate::verdict::{Level, Verdict};
use goassay_binary::gap::{Gap, Topic};

pub(super) static RULES: &[Rule] = &[
    Rule {
        id: "T2-trimpath",
        title: "names of source files hold no folder of the builder",
        level: Some(Level::Warning),
        profiles: &[],
        pass: "No source file in the pc-line table has an absolute path.",
        limits: "Paths in settings, debug information and data are judged by T2-paths.",
        help: "Without `-trimpath` every stack trace shows where the program was compiled, the binary is larger, and it \
               cannot be built again bit for bit in another folder. With it, files are named by module and version.",
        judge: |facts, _| settle(trimpath(facts)),
    },
    Rule {
        id: "T2-paths",
        title: "no path or user name of the builder anywhere",
        level: Some(Level::Warning),
        profiles: &[],
        pass: "Neither the recorded settings, nor debug information, nor data hold a path below a home directory or the go \
               command's temporary directory.",
        limits: "Paths of other shapes in data are not told apart from those that the program uses when it runs. A path in \
                 a constant that directly follows another text is seen only where it looks like one of source code.",
        help: "Such paths name people and machines, and make builds differ. They come from debug information of Go and C \
               code, from `__FILE__` in C code, from recorded `CGO_CFLAGS`, from embedded files, and from texts of the \
               program itself: where one is meant to be there, waive the rule for this module.",
        judge: |facts, _| paths(facts),
    },
    Rule {
        id: "T2-x-recorded",
        title: "what -X set is recorded",
        level: Some(Level::Note),
        profiles: &[],
        pass: "The linker flags are recorded, or no variable was set by `-X` as far as the data shows.",
        limits: "Values shorter than four bytes, longer than 1 KiB, of several lines, or made of punctuation, are not found in data.",
        help: "With `-trimpath` the go command leaves `-ldflags` out of the build information (golang/go#63432). Nobody can \
               then build the program again from what it says itself. Prefer what the go command records anyway (version \
               and commit) to variables set by `-X`.",
        judge: |facts, _| settle(x_recorded(facts)),
    },
    Rule {
        id: "T2-build-date",
        title: "no date of the build",
        level: Some(Level::Warning),
        profiles: &[],
        pass: "No value set by `-X` looks like a date, or it is the time of the commit.",
        limits: "Dates that the program has from elsewhere, such as generated source, are not seen.",
        help: "The time of the build makes every build differ. Use the time of the commit: it says more and stays the same. \
               The go command records it as `vcs.time`.",
        judge: |facts, _| settle(build_date(facts)),
    },
    Rule {
        id: "T2-private-modules",
        title: "no private module",
        level: Some(Level::Warning),
        profiles: &[],
        pass: "No module of the build information fits a pattern that the configuration calls private.",
        limits: "Packages without a module are not seen.",
        help: "A published binary names all its modules, and so the hosts and projects behind them. The patterns are those of \
               `GOPRIVATE`. The go command names a replaced module by its first name as well, so `replace` is no help: take the \
               packages into the main module, or publish them.",
        judge: |facts, policy| settle(private_modules(facts, policy)),
    },
    Rule {
        id: "T2-credentials",
        title: "no credential in settings or values of -X",
        level: Some(Level::Error),
        profiles: &[],
        pass: "Nothing recorded, and no value that `-X` set, has the shape of a known token or the name of one.",
        limits: "Credentials in constants and embedded files are not looked for: that is for a scanner of secrets.",
        help: "Whoever has the binary can read them. Take the credential out of the build, hand it to the program when it \
               runs, and revoke it: it has been published.",
        judge: |facts, _| settle(credentials(facts)),
    },
];

fn trimpath(facts: &Facts<'_>) -> Result<Verdict, Verdict> {
    if !*known(&facts.leaks.absolute_sources)? {
        return Ok(pass("no source file has an absolute path"));
    }
    let sources = of_place(facts, |place| *place == Place::SourceFiles);
    let files: usize = sources.iter().map(|leak| leak.count).sum();
    let what = format!("{files} source files have the path they had when they were compiled");
    Ok(fail(what, lines(&sources), "go build -trimpath"))
}

fn paths(facts: &Facts<'_>) -> Verdict {
    let leaks = of_place(facts, |place| *place != Place::SourceFiles);
    if leaks.is_empty() {
        return match facts.leaks.gaps.as_slice() {
            [] => pass("none in settings, debug information and data"),
            gaps => Verdict::Unknown(gaps.to_vec()),
        };
    }
    let what = match leaks.iter().find_map(|leak| leak.user.as_deref()) {
        Some(_) => "paths of the builder are in the file, with a user name",
        None => "paths of the builder are in the file",
    };
    let fix = "CGO_CFLAGS=\"-O2 -g -ffile-prefix-map=$PWD=. -ffile-prefix-map=$HOME=.\" go build -trimpath -ldflags=-w";
    fail(what, lines(&leaks), fix)
}

fn of_place<'f>(facts: &'f Facts<'_>, wanted: impl Fn(&Place) -> bool) -> Vec<&'f Leak> {
    let leaks = facts.leaks.paths.iter();
    leaks.filter(|leak| wanted(&leak.place)).collect()
}

fn lines(leaks: &[&Leak]) -> Vec<String> {
    let line = |leak: &&Leak| {
        let times = if leak.count > 1 {
            format!(" ({} times)", leak.count)
        } else {
            String::new()
        };
        format!("{}: {}{times}", leak.place.text(), leak.path)
    };
    leaks.iter().map(line).collect()
}

/// The values that `-X` set; the verdict "unknown" where they cannot be told.
fn values<'f>(facts: &'f Facts<'_>) -> Result<&'f Vec<Value>, Verdict> {
    known(&facts.linker_flags.values)
}

fn line(value: &Value) -> String {
    match &value.variable {
        Some(variable) => format!("{variable} = {}", value.value),
        None => format!("a variable = {}", value.value),
    }
}

fn x_recorded(facts: &Facts<'_>) -> Result<Verdict, Verdict> {
    match &facts.linker_flags.recorded {
        Recorded::Flags(_) => return Ok(pass("-ldflags is recorded")),
        Recorded::NoFlags => return Ok(pass("no linker flags were given")),
        Recorded::NotKnown(gap) => return Err(unknown(gap)),
        Recorded::LostThroughTrimpath => {}
    }
    let found: Vec<String> = values(facts)?.iter().map(line).collect();
    if found.is_empty() {
        return Ok(pass(
            "-trimpath hides the linker flags, and no variable set by -X was found",
        ));
    }
    let what = format!("-trimpath hides {} values that -X set", found.len());
    Ok(fail(
        what,
        found,
        "go build -trimpath -buildvcs=true -ldflags=-w",
    ))
}

fn build_date(facts: &Facts<'_>) -> Result<Verdict, Verdict> {
    let values = values(facts)?;
    let commit = facts
        .version
        .as_ref()
        .ok()
        .and_then(|version| version.time.as_deref());
    let dates = values.iter().filter(|value| value.looks == Looks::Date);
    let others: Vec<String> = dates
        .filter(|value| commit != Some(value.value.as_str()))
        .map(line)
        .collect();
    if others.is_empty() {
        return Ok(pass(
            "no value set by -X is a date, except for that of the commit",
        ));
    }
    let fix = "go build -trimpath -buildvcs=true -ldflags=\"-w -X main.date=$(TZ=UTC git log -1 \
               --date=format-local:%Y-%m-%dT%H:%M:%SZ --format=%cd)\"";
    Ok(fail(
        "a value set by -X is a date that is not that of the commit",
        others,
        fix,
    ))
}

fn private_modules(facts: &Facts<'_>, policy: &Policy) -> Result<Verdict, Verdict> {
    let patterns = &policy.expectations.private_modules;
    if patterns.is_empty() {
        return Ok(not_applicable("the configuration names no private modules"));
    }
    let info = facts.binary.build_info().map_err(unknown)?;
    let replaced = info
        .deps
        .iter()
        .filter_map(|module| module.replace.as_deref());
    let all = info.main.iter().chain(&info.deps).chain(replaced);
    let found: Vec<String> = all
        .filter(|module| {
            patterns
                .iter()
                .any(|pattern| is_private(pattern, module.path))
        })
        .map(|module| format!("{} {}", module.path, module.version))
        .collect();
    if !found.is_empty() {
        let what = format!("{} private modules are named", found.len());
        let private = |path: &str| patterns.iter().any(|pattern| is_private(pattern, path));
        let fix = match info.main.as_ref().is_some_and(|main| private(main.path)) {
            true => rename("${MODULE:?its public path}"),
            false => absorb(patterns),
        };
        return Ok(fail(what, found, fix));
    }
    if info.unknown_lines > 0 || !info.has_modules() {
        let reason = "not all modules of the build information could be read";
        return Err(unknown(&Gap::new(Topic::BuildInfo, reason)));
    }
    Ok(pass(format!(
        "{} modules fit none of the patterns",
        info.deps.len() + 1
    )))
}

/// The command that copies the packages of private modules into the main module: the go command records the modules that it
/// builds from, and a replaced one by its first name, too.
fn absorb(patterns: &[String]) -> String {
    let usable = patterns.iter().filter(|pattern| is_plain(pattern));
    let mut cases: Vec<String> = usable
        .map(|pattern| format!("{pattern}/*|*={pattern}/*"))
        .collect();
    if cases.is_empty() {
        cases.push("${PRIVATE:?a pattern of paths}/*".to_owned());
    }
    let list =
        "go list -m -f '{{if not .Main}}{{.Path}}/={{with .Replace}}{{.Path}}/{{end}}{{end}}' all";
    format!(
        "go mod tidy && n=0 && for module in $({list}); do old=${{module%%/=*}}; case $module in {cases}) \
         n=$((n+1)); dir=internal/private$n; mkdir -p internal; cp -R \"$(go list -m -f '{{{{.Dir}}}}' $old)\" $dir; chmod -R u+w $dir; \
         rm -f $dir/go.mod $dir/go.sum; go mod edit -droprequire=$old -dropreplace=$old; {IMPORTS} \"s,\\\"$old(/|\\\"),\\\"$(go list -m)/$dir\\\\1,\" {{}} +;; \
         esac; done && go mod tidy && go build -trimpath",
        cases = cases.join("|")
    )
}

/// Whether all characters are ones that a pattern of module paths can have and that mean the same to a shell.
fn is_plain(pattern: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._/*?[]".contains(&byte);
    pattern.bytes().all(plain)
}

/// `golang.org/x/mod/module.MatchPrefixPatterns`: the pattern fits as many elements of the path as it has.
fn is_private(pattern: &str, path: &str) -> bool {
    let elements = pattern.split('/').count();
    let prefix: Vec<&str> = path.split('/').take(elements).collect();
    let is_long_enough = prefix.len() == elements;
    is_long_enough
        && goassay_vuln::suppress::fits(&format!("/{pattern}"), &format!("/{}", prefix.join("/")))
}

fn credentials(facts: &Facts<'_>) -> Result<Verdict, Verdict> {
    // What was recorded is judged even where values in data cannot be told.
    let recorded = facts.leaks.credentials.as_ref();
    let found: Vec<String> = recorded
        .into_iter()
        .flatten()
        .map(|c| format!("{}: {} ({})", c.place, c.value.shown, c.value.kind))
        .collect();
    if !found.is_empty() {
        let what = match found.len() {
            1 => "a value looks like a credential".to_owned(),
            count => format!("{count} values look like credentials"),
        };
        return Ok(fail(
            what,
            found,
            "env -u CGO_CFLAGS -u CGO_LDFLAGS go build -trimpath -ldflags=-w",
        ));
    }
    known(&facts.leaks.credentials)?;
    let values = values(facts)?;
    let in_data = values
        .iter()
        .filter(|value| value.source == Source::Data)
        .count();
    Ok(pass(format!(
        "none in settings and {} values of -X ({in_data} of them in data)",
        values.len()
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_patterns_are_those_of_goprivate() {
        for (pattern, path, expected) in [
            ("*.corp.example.com", "git.corp.example.com/a/b", true),
            ("rsc.io/private", "rsc.io/private/sub", true),
            ("rsc.io/private", "rsc.io/privateer", false),
            ("rsc.io/private", "rsc.io", false),
            ("*.corp.example.com", "corp.example.com/x", false),
            ("github.com/acme/*", "github.com/acme/x/v2", true),
        ] {
            assert_eq!(is_private(pattern, path), expected, "{pattern} {path}");
        }
    }
}
