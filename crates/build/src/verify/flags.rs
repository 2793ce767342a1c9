//! Which settings of a binary may become arguments and variables of a compile on this machine: by allow-list, value by value.
//!
//! A flag can start programs (`-toolexec`, `-extld`, `CC`), read files (`@file`, `-fplugin=`, `-specs=`) or write them (`-o`, `-dumpbase`).
//! What is not known to be harmless is not taken, and said.

/// Variables that choose what is compiled, and of which characters their values are.
const VARIABLES: [&str; 15] = [
    "CGO_ENABLED",
    "GO386",
    "GOAMD64",
    "GOARCH",
    "GOARM",
    "GOARM64",
    "GOEXPERIMENT",
    "GOFIPS140",
    "GOMIPS",
    "GOMIPS64",
    "GOOS",
    "GOPPC64",
    "GORISCV64",
    "GOWASM",
    "DefaultGODEBUG",
];
/// Flags of the C compiler and its linker.
const OF_C: [&str; 5] = [
    "CGO_CFLAGS",
    "CGO_CPPFLAGS",
    "CGO_CXXFLAGS",
    "CGO_FFLAGS",
    "CGO_LDFLAGS",
];
const MODES: [&str; 6] = ["c-archive", "c-shared", "default", "exe", "pie", "plugin"];
/// Flags of the go command that are on or not there.
const SWITCHES: [&str; 3] = ["-asan", "-msan", "-race"];

/// Settings that are taken, and those that are not.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Taken {
    /// Arguments of the go command, but for those of the linker.
    pub flags: Vec<String>,
    /// Arguments of the linker, a word each; none where the binary does not say them.
    pub linker: Option<Vec<String>>,
    /// Variables.
    pub environment: Vec<(String, String)>,
    /// Settings that are not taken. Hostile.
    pub refused: Vec<String>,
}

impl Taken {
    /// Of the settings of a binary. `trimpath` leaves the linker's flags out (cmd/go, load.setBuildInfo).
    #[must_use]
    pub fn of(settings: &[(String, String)]) -> Taken {
        let mut taken = Taken::default();
        for (key, value) in settings {
            if !taken.take(key, value) {
                taken.refused.push(format!("{key}={value}"));
            }
        }
        let trims = settings
            .iter()
            .any(|(key, value)| key == "-trimpath" && value == "true");
        if !trims && taken.linker.is_none() {
            taken.linker = Some(Vec::new());
        }
        taken
    }

    fn take(&mut self, key: &str, value: &str) -> bool {
        match key {
            "DefaultGODEBUG" | "-compiler" => key != "-compiler" || value == "gc",
            key if key.starts_with("vcs") => true,
            key if VARIABLES.contains(&key) => {
                let is_plain = is_plain(value, ",.-_");
                self.environment
                    .extend(is_plain.then(|| (key.to_owned(), value.to_owned())));
                is_plain
            }
            key if OF_C.contains(&key) => {
                let is_known = words(value)
                    .is_some_and(|words| words.iter().all(|word| is_harmless_for_c(word)));
                self.environment
                    .extend(is_known.then(|| (key.to_owned(), value.to_owned())));
                is_known
            }
            "-ldflags" => {
                self.linker = words(value).filter(|words| linker(words));
                self.linker.is_some()
            }
            "-trimpath" => self.flag(value == "true", "-trimpath"),
            "-tags" => self.flag(is_plain(value, ",._"), &format!("-tags={value}")),
            "-buildmode" => self.flag(MODES.contains(&value), &format!("-buildmode={value}")),
            "-gcflags" => self.flag(compiler(value), &format!("-gcflags={value}")),
            "-pgo" => self.flag(value.ends_with("default.pgo"), "-pgo=auto"),
            key if SWITCHES.contains(&key) => self.flag(value == "true", key),
            _ => false,
        }
    }

    fn flag(&mut self, is_known: bool, flag: &str) -> bool {
        self.flags.extend(is_known.then(|| flag.to_owned()));
        is_known
    }
}

/// Whether a variable chooses what is compiled, and how.
pub(super) fn is_variable(name: &str) -> bool {
    VARIABLES.contains(&name) || OF_C.contains(&name)
}

fn is_plain(value: &str, besides: &str) -> bool {
    !value.starts_with('-')
        && value
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || besides.contains(c))
}

/// The words of a list of flags, as the go command splits them (cmd/internal/quoted): at spaces, quotes around a whole word.
#[must_use]
pub fn words(list: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut rest = list.trim_start();
    while let Some(first) = rest.chars().next() {
        let (word, after) = match first {
            '\'' | '"' => rest.get(1..)?.split_once(first)?,
            _ => rest.split_once(char::is_whitespace).unwrap_or((rest, "")),
        };
        words.push(word.to_owned());
        rest = after.trim_start();
    }
    Some(words)
}

/// A list of flags that [`words`] reads as these.
///
/// # Errors
/// A word has both kinds of quotes, or an end of a line: the go command has no way to write it.
pub fn joined(words: &[String]) -> Result<String, String> {
    let quoted = |word: &String| {
        let quote = match (word.contains('\''), word.contains('"')) {
            (false, _) => '\'',
            (true, false) => '"',
            (true, true) => return Err(format!("{word:?} has both kinds of quotes")),
        };
        let is_bare = !word.is_empty()
            && !word.contains(|c: char| c.is_whitespace() || c == '\'' || c == '"');
        Ok(if is_bare {
            word.clone()
        } else {
            format!("{quote}{word}{quote}")
        })
    };
    words
        .iter()
        .map(quoted)
        .collect::<Result<Vec<_>, _>>()
        .map(|words| words.join(" "))
}

/// Flags of the compiler, for `all=` or the program's own packages.
fn compiler(value: &str) -> bool {
    let flags = value.strip_prefix("all=").unwrap_or(value);
    let known = [
        "-N",
        "-l",
        "-l=4",
        "-B",
        "-C",
        "-dwarf=false",
        "-dwarf=true",
        "-wb=false",
        "-spectre=all",
    ];
    flags.split_whitespace().all(|flag| known.contains(&flag))
}

/// Whether the linker may be told all of these words.
#[must_use]
pub fn linker(words: &[String]) -> bool {
    let mut words = words.iter().map(String::as_str);
    while let Some(word) = words.next() {
        let word = word.replacen("--", "-", 1);
        let (name, value) = match word.split_once('=') {
            Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
            None => (word, None),
        };
        let mut value = || value.clone().or_else(|| words.next().map(str::to_owned));
        let is_known = match name.as_str() {
            "-s" | "-w" | "-bindnow" | "-compressdwarf" | "-linkshared" | "-race" | "-msan"
            | "-asan" | "-c" | "-d" => true,
            "-buildid" | "-B" => value().is_some_and(|id| is_plain(&id, "/_-+=.")),
            "-linkmode" => value()
                .is_some_and(|mode| ["auto", "external", "internal"].contains(&mode.as_str())),
            "-H" => value().is_some_and(|kind| is_plain(&kind, "")),
            "-X" => value()
                .is_some_and(|variable| variable.contains('=') && !variable.contains(['\0', '\n'])),
            "-extldflags" => value().is_some_and(|flags| {
                self::words(&flags)
                    .is_some_and(|words| words.iter().all(|word| is_harmless_for_c(word)))
            }),
            _ => false,
        };
        if !is_known {
            return false;
        }
    }
    true
}

/// Flags of the C compiler that name no file and no program.
fn is_harmless_for_c(word: &str) -> bool {
    const EXACT: [&str; 9] = [
        "-static",
        "-static-pie",
        "-pie",
        "-no-pie",
        "-pthread",
        "-g",
        "-w",
        "-s",
        "-rdynamic",
    ];
    const BEGINNINGS: [&str; 7] = ["-O", "-D", "-U", "-W", "-m", "-l", "-g"];
    // How code is made; other `-f` load plugins, or read and write files.
    const OF_CODE: [&str; 25] = [
        "-fPIC",
        "-fPIE",
        "-fasynchronous-unwind-tables",
        "-fcf-protection",
        "-fcommon",
        "-fdata-sections",
        "-fdelete-null-pointer-checks",
        "-fexceptions",
        "-ffast-math",
        "-ffat-lto-objects",
        "-ffunction-sections",
        "-fhardened",
        "-flto",
        "-fno-",
        "-fomit-frame-pointer",
        "-fpic",
        "-fpie",
        "-fstack-clash-protection",
        "-fstack-protector",
        "-fstrict-",
        "-ftrapv",
        "-ftrivial-auto-var-init",
        "-fvisibility",
        "-fwrapv",
        "-fzero-",
    ];
    let is_linking = |rest: &str| {
        rest.split(',').all(|word| {
            [
                "-z",
                "--as-needed",
                "--no-as-needed",
                "--build-id",
                "--build-id=none",
                "-S",
                "-s",
                "--strip-all",
                "--gc-sections",
                "--hash-style=gnu",
                "-O1",
            ]
            .contains(&word)
                || [
                    "now",
                    "relro",
                    "noexecstack",
                    "defs",
                    "pack-relative-relocs",
                ]
                .contains(&word)
        })
    };
    if word.contains(|c: char| c.is_control() || c.is_whitespace() || c == '@') {
        return false;
    }
    match word.strip_prefix("-Wl,") {
        Some(rest) => is_linking(rest),
        None if word.starts_with("-Wa,") || word.starts_with("-Wp,") => false,
        None if word.contains('/') => false,
        None => {
            EXACT.contains(&word)
                || BEGINNINGS.iter().any(|start| word.starts_with(start))
                || OF_CODE.iter().any(|start| word.starts_with(start))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(settings: &[(&str, &str)]) -> Taken {
        let settings = settings
            .iter()
            .map(|&(key, value)| (key.to_owned(), value.to_owned()));
        Taken::of(&settings.collect::<Vec<_>>())
    }

    #[test]
    fn settings_of_real_programs_are_taken() {
        let taken = taken(&[
            ("-buildmode", "pie"),
            ("-compiler", "gc"),
            ("-tags", "netgo,osusergo"),
            ("-trimpath", "true"),
            ("DefaultGODEBUG", "panicnil=1,tlskyber=0"),
            ("CGO_ENABLED", "1"),
            (
                "CGO_CFLAGS",
                "-O2 -g -fstack-protector-strong -D_FORTIFY_SOURCE=3",
            ),
            ("CGO_LDFLAGS", "-O2 -g -Wl,-z,relro,-z,now"),
            ("GOAMD64", "v3"),
            ("GOEXPERIMENT", "jsonv2,nogreenteagc"),
            ("vcs.modified", "true"),
        ]);
        assert_eq!(taken.refused, [""; 0]);
        assert_eq!(
            taken.flags,
            ["-buildmode=pie", "-tags=netgo,osusergo", "-trimpath"]
        );
        assert_eq!(taken.linker, None, "-trimpath leaves them out");
        assert_eq!(taken.environment.len(), 5);
    }

    #[test]
    fn what_could_start_or_read_or_write_something_is_not() {
        for (key, value) in [
            ("-toolexec", "/bin/sh"),
            ("CC", "/tmp/cc"),
            ("-ldflags", "-extld=/tmp/ld"),
            ("-ldflags", "-extld /tmp/ld"),
            ("-ldflags", "-s -o /etc/passwd"),
            ("-ldflags", "-extldflags=-fuse-ld=/tmp/ld"),
            ("-ldflags", "'-extldflags=-Wl,-T,/tmp/x'"),
            ("-ldflags", "-extar=x"),
            ("-ldflags", "'-X"),
            ("-ldflags", "-tmpdir=/x"),
            ("-ldflags", "-cpuprofile=/x"),
            ("CGO_CFLAGS", "-fplugin=/tmp/x.so"),
            ("CGO_CFLAGS", "-fpass-plugin=x.so"),
            ("CGO_CFLAGS", "-fauto-profile=x"),
            ("CGO_CFLAGS", "-specs=/tmp/x"),
            ("CGO_CFLAGS", "@/tmp/x"),
            ("CGO_CFLAGS", "-B/tmp"),
            ("CGO_CFLAGS", "-wrapper,/tmp/x"),
            ("CGO_CFLAGS", "-I/tmp"),
            ("CGO_CFLAGS", "-Wa,-o,/x"),
            ("CGO_CFLAGS", "-fdump-tree-all=/x"),
            ("CGO_CFLAGS", "-save-temps=cwd"),
            ("CGO_CFLAGS", "-o/x"),
            ("CGO_LDFLAGS", "-L/tmp"),
            ("CGO_LDFLAGS", "-Wl,-rpath,/tmp"),
            ("-gcflags", "-o /x"),
            ("-gcflags", "-embedcfg=/x"),
            ("-asmflags", "-o /x"),
            ("GOOS", "linux\nCC=x"),
            ("-tags", "a b"),
            ("-compiler", "gccgo"),
            ("-overlay", "x"),
            ("-buildmode", "x"),
            ("GOEXPERIMENT", "-x"),
        ] {
            let taken = taken(&[(key, value)]);
            assert_eq!(taken.refused.len(), 1, "{key}={value}: {taken:?}");
            assert!(taken.flags.is_empty() && taken.environment.is_empty());
        }
    }

    #[test]
    fn lists_of_flags_there_and_back() {
        for list in [
            "-s -w",
            "-w -X main.a=b '-X main.c=d e' \"-X main.f='\"",
            "",
        ] {
            let words = words(list).unwrap();
            assert_eq!(super::words(&joined(&words).unwrap()).unwrap(), words);
        }
        assert_eq!(words("-X 'main.v=1 2'").unwrap(), ["-X", "main.v=1 2"]);
        assert!(words("'open").is_none());
        assert!(joined(&["'\"".to_owned()]).is_err());
        assert_eq!(
            taken(&[("-ldflags", "-X main.v=1 -s")])
                .linker
                .unwrap()
                .len(),
            3
        );
        assert_eq!(taken(&[]).linker, Some(Vec::new()), "said to be none");
    }
}
