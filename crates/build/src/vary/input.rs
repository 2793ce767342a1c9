//! The inputs that a build may have without anybody knowing: a table. What each variant does stands in `changes`.

use super::change::Change;
use super::changes as vary;
use super::machine::Machine;

/// Whether a build is meant to depend on an input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Intent {
    /// No.
    Never,
    /// Yes, and why.
    Always(&'static str),
    /// Only where the environment has this variable.
    WhereSet(&'static str),
}

/// How one input is varied once.
#[derive(Debug, Clone, Copy)]
pub struct Variant {
    /// A word, unique in its input; empty where there is one only.
    pub name: &'static str,
    /// What it does, or why this machine cannot.
    pub change: fn(&Machine) -> Result<Change, String>,
}

/// An input.
#[derive(Debug, Clone, Copy)]
pub struct Input {
    /// The stable word.
    pub name: &'static str,
    /// What is varied, as the end of "the build depends on …".
    pub what: &'static str,
    /// How it gets into programs.
    pub why: &'static str,
    /// What to do about it.
    pub fix: &'static str,
    /// Whether it is meant to matter.
    pub intent: Intent,
    /// How it is varied.
    pub variants: &'static [Variant],
}

impl PartialEq for Input {
    fn eq(&self, other: &Input) -> bool {
        self.name == other.name
    }
}

impl Eq for Input {}

impl Input {
    /// The input of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Input> {
        INPUTS.iter().find(|input| input.name == name)
    }
}

const fn one(change: fn(&Machine) -> Result<Change, String>) -> Variant {
    Variant { name: "", change }
}

const fn variant(name: &'static str, change: fn(&Machine) -> Result<Change, String>) -> Variant {
    Variant { name, change }
}

const CHECKOUT: &str = "the go command stamps the state of the checkout (-buildvcs), so that a program says what it was made of";

/// All inputs, in the order of documents.
pub const INPUTS: &[Input] = &[
    Input {
        name: "time",
        what: "the time of the build",
        why: "scripts stamp `date`, C code has __DATE__ and __TIME__; the go command itself stamps no time",
        fix: "take the time from the commit: SOURCE_DATE_EPOCH=$(git log -1 --format=%ct), and `date -u -d @$SOURCE_DATE_EPOCH` where a date is stamped; GCC heeds that variable for __DATE__",
        intent: Intent::Never,
        variants: &[one(vary::clock)],
    },
    Input {
        name: "directory",
        what: "the folder of the checkout",
        why: "without -trimpath file names in the program are absolute; scripts write `pwd`",
        fix: "build with -trimpath (C code: -ffile-prefix-map=$PWD=.), and write paths relative to the checkout",
        intent: Intent::Never,
        variants: &[
            variant("same-length", vary::same_length),
            variant("longer", vary::longer),
        ],
    },
    Input {
        name: "user-name",
        what: "the name of the user",
        why: "scripts stamp `whoami`, $USER or `id -un`",
        fix: "leave out who built it; a build record says that beside the program",
        intent: Intent::Never,
        variants: &[one(vary::user_name)],
    },
    Input {
        name: "user-id",
        what: "the numbers of user and group",
        why: "archives have the owners of files; scripts write `id`",
        fix: "pack with fixed owners: tar --owner=0 --group=0 --numeric-owner",
        intent: Intent::Never,
        variants: &[one(vary::user_id)],
    },
    Input {
        name: "home",
        what: "the home folder",
        why: "`go env -w` keeps settings there, tools their configuration; scripts write $HOME",
        fix: "set GOENV=off and write the settings into the build's own command; keep configuration in the checkout",
        intent: Intent::Never,
        variants: &[one(vary::home)],
    },
    Input {
        name: "umask",
        what: "the umask, of the build and of the checkout before it",
        why: "archives and embedded listings have modes of files",
        fix: "pack with fixed modes: tar --mode=u=rwX,go=rX, install -m",
        intent: Intent::Never,
        variants: &[one(vary::umask)],
    },
    Input {
        name: "locale",
        what: "the locale",
        why: "sort, ls and shell patterns order by it; messages and decimal points follow it",
        fix: "export LC_ALL=C.UTF-8 (or C) at the top of the build",
        intent: Intent::Never,
        variants: &[one(vary::locale)],
    },
    Input {
        name: "time-zone",
        what: "the time zone",
        why: "`date` and git's dates are local unless told otherwise",
        fix: "use UTC: date -u, TZ=UTC",
        intent: Intent::Never,
        variants: &[one(vary::time_zone)],
    },
    Input {
        name: "host-name",
        what: "the name of the machine",
        why: "scripts stamp `hostname` or `uname -n`",
        fix: "leave out where it was built; a build record says that beside the program",
        intent: Intent::Never,
        variants: &[one(vary::host_name)],
    },
    Input {
        name: "environment",
        what: "variables of the environment that have nothing to do with the build",
        why: "scripts write `env` or test variables that a CI system sets or does not",
        fix: "start the build with a clean environment: env -i PATH=\"$PATH\" HOME=\"$HOME\" …, and name each variable that it needs",
        intent: Intent::Never,
        variants: &[
            variant("more", vary::more_variables),
            variant("fewer", vary::fewer_variables),
        ],
    },
    Input {
        name: "processors",
        what: "how many processors there are and how many are used (GOMAXPROCS, go build -p)",
        why: "scripts write `nproc`; what runs at the same time ends in another order",
        fix: "write results in a fixed order, whoever finishes first; give fixed numbers where one is stamped",
        intent: Intent::Never,
        variants: &[one(vary::processors)],
    },
    Input {
        name: "build-cache",
        what: "what the build cache has already",
        why: "steps that are skipped when their result is there leave out what they do besides",
        fix: "let each step write only what the go command keeps track of; generate before the build, always",
        intent: Intent::Never,
        variants: &[one(vary::warm_cache)],
    },
    Input {
        name: "file-order",
        what: "the order in which folders give their files",
        why: "find, ls -U, tar and readdir give files as the file system has them",
        fix: "sort: find … | LC_ALL=C sort, tar --sort=name; in make, $(sort $(wildcard …))",
        intent: Intent::Never,
        variants: &[one(vary::file_order)],
    },
    Input {
        name: "file-times",
        what: "when files of the checkout were changed",
        why: "archives have the times of files, and each checkout has its own",
        fix: "pack with one time: tar --mtime=@$SOURCE_DATE_EPOCH; embed contents, not times",
        intent: Intent::Never,
        variants: &[one(vary::file_times)],
    },
    Input {
        name: "temporary-folder",
        what: "the folder for temporary files",
        why: "compilers are given absolute names of generated files",
        fix: "build with -trimpath; -ffile-prefix-map for C code; no names from mktemp in results",
        intent: Intent::Never,
        variants: &[one(vary::temporary_folder)],
    },
    Input {
        name: "module-cache",
        what: "the place of the module cache (GOMODCACHE)",
        why: "without -trimpath the names of dependencies' files begin with it",
        fix: "build with -trimpath",
        intent: Intent::Never,
        variants: &[one(vary::module_cache)],
    },
    Input {
        name: "go-folder",
        what: "the place of the Go installation (GOROOT)",
        why: "without -trimpath the names of the standard library's files begin with it",
        fix: "build with -trimpath",
        intent: Intent::Never,
        variants: &[one(vary::go_folder)],
    },
    Input {
        name: "path-order",
        what: "the order of the folders in PATH",
        why: "another program of the same name is found first",
        fix: "set PATH in the build, or name tools by their whole path; `go tool` and `go run pkg@version` run what go.mod says",
        intent: Intent::Never,
        variants: &[one(vary::path_order)],
    },
    Input {
        name: "c-compiler",
        what: "the C compiler",
        why: "with cgo its code is in the program; nothing in the build information says which one it was",
        fix: "build with CGO_ENABLED=0, or with -tags=netgo,osusergo where only net and os/user need C, or fix the compiler (an image by digest)",
        intent: Intent::Never,
        variants: &[one(vary::c_compiler)],
    },
    Input {
        name: "cgo",
        what: "whether cgo is on",
        why: "it is on where a C compiler is found, unless CGO_ENABLED says otherwise: the machine decides",
        fix: "write CGO_ENABLED=0 (or 1) into the build's own command",
        intent: Intent::WhereSet("CGO_ENABLED"),
        variants: &[one(vary::cgo)],
    },
    Input {
        name: "clone",
        what: "how the repository was cloned",
        why: "without history and tags `git describe` and the go command give another version; scripts stamp the address of the remote",
        fix: "clone with history and tags where a version is made of them (actions/checkout: fetch-depth: 0); stamp no remote",
        intent: Intent::Never,
        variants: &[
            variant("shallow", vary::shallow),
            variant("other-remote", vary::remote),
        ],
    },
    Input {
        name: "checkout",
        what: "changes, tags and the repository itself",
        why: CHECKOUT,
        fix: "nothing, if that is wanted: release from a clean checkout of a tag; else -buildvcs=false",
        intent: Intent::Always(CHECKOUT),
        variants: &[
            variant("dirty", vary::dirty),
            variant("no-repository", vary::no_repository),
            variant("other-tag", vary::tag),
        ],
    },
    Input {
        name: "go-flags",
        what: "GOFLAGS of the environment",
        why: "the go command takes flags from it, here one more build tag",
        fix: "nothing, if that is wanted; else set GOFLAGS and GOENV=off in the build's own command",
        intent: Intent::Always("GOFLAGS is how users give flags to every go command"),
        variants: &[one(vary::go_flags)],
    },
    Input {
        name: "source-date-epoch",
        what: "SOURCE_DATE_EPOCH",
        why: "it says which time to stamp",
        fix: "nothing, if it is derived from the commit: SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)",
        intent: Intent::Always(
            "it is there to be heeded: https://reproducible-builds.org/specs/source-date-epoch/",
        ),
        variants: &[one(vary::source_date_epoch)],
    },
    Input {
        name: "host-go",
        what: "the Go that is installed, where it switches to the same toolchain (GOTOOLCHAIN)",
        why: "the toolchain then lies in the module cache, whose place is in programs without -trimpath",
        fix: "build with -trimpath",
        intent: Intent::Never,
        variants: &[one(vary::host_go)],
    },
    Input {
        name: "go-version",
        what: "the version of Go",
        why: "another compiler makes other code",
        fix: "nothing, if it is fixed: a toolchain line in go.mod, or GOTOOLCHAIN in the build's own command",
        intent: Intent::Always("programs name the Go that made them"),
        variants: &[one(vary::go_version)],
    },
    Input {
        name: "host-architecture",
        what: "the architecture of the machine that builds",
        why: "a cross compiler, or a Go that was built otherwise, may make other code",
        fix: "compare with a build on the other machine: goassay diff",
        intent: Intent::Never,
        variants: &[one(vary::host_architecture)],
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn names_are_unique_and_everything_is_said() {
        let names: BTreeSet<&str> = INPUTS.iter().map(|input| input.name).collect();
        assert_eq!(names.len(), INPUTS.len());
        for input in INPUTS {
            let texts = [input.what, input.why, input.fix];
            assert!(texts.iter().all(|text| !text.is_empty()), "{}", input.name);
            assert!(
                !input.what.ends_with('.') && !input.fix.ends_with('.'),
                "{}",
                input.name
            );
            let words = |name: &str| name.chars().all(|c| c.is_ascii_lowercase() || c == '-');
            let variants: BTreeSet<&str> = input.variants.iter().map(|v| v.name).collect();
            assert_eq!(variants.len(), input.variants.len());
            assert!(words(input.name) && variants.iter().all(|name| words(name)));
            assert!(
                input.variants.len() == 1 || !variants.contains(""),
                "{}",
                input.name
            );
        }
    }
}
