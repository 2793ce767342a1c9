//! The environment of a build: every variable that is set, or kept out, with its reason.

use super::{One, Setting};
use crate::project::{Compiler, git_settings};
use std::ffi::OsString;

/// Where the programs of the system are.
pub(crate) const SYSTEM: &str = "/usr/local/bin:/usr/bin:/bin";

/// Settings that are the user's: where things lie.
const KEPT: [(&str, &str); 3] = [
    ("GOPATH", "the user's"),
    ("GOMODCACHE", "modules that were downloaded and checked"),
    ("GOCACHE", "the user's: what is compiled already"),
];

/// A module proxy that has nothing. Not `off`: then the go command takes the version of a commit from what it kept when it saw that commit
/// before, without the tag that came later (cmd/go, modfetch.readDiskStatByHash).
const NO_PROXY: &str = "file:///dev/null";

const FIXED: [(&str, &str, &str); 8] = [
    (
        "GOENV",
        "off",
        "what it says was read before, and stands here",
    ),
    ("GOFLAGS", "", "all flags stand on the command line"),
    ("GO111MODULE", "on", "modules"),
    ("GOTOOLCHAIN", "local", "the Go that was chosen builds"),
    ("GOPROXY", NO_PROXY, "everything was downloaded before"),
    ("GOTELEMETRY", "off", "nothing is counted"),
    ("LC_ALL", "C", "messages that do not depend on the user"),
    ("TZ", "UTC", "times that do not depend on the place"),
];

/// Settings of a build as `package@version`.
const PACKED: [(&str, &str, &str); 2] = [
    ("GOWORK", "off", "a version of a module has no workspace"),
    (
        "GOSUMDB",
        "off",
        "what was downloaded is checked, and the module itself is published by nobody yet",
    ),
];

/// Settings that change what is built and are not the project's.
const CLEARED: [(&str, &str); 4] = [
    ("GOEXPERIMENT", "changes the language and the library"),
    ("GODEBUG", "changes how the go command works"),
    ("GOFIPS140", "the profile says it"),
    ("GOTMPDIR", "the system's own folder will do"),
];

const GIT: &str =
    "git, without anybody's settings: what is in the commit does not depend on the user";

impl One<'_> {
    pub(super) fn environment(&self) -> Vec<Setting> {
        let mut all = self.of_system();
        all.extend(self.of_target());
        if let Some(checkout) = &self.project.checkout {
            let git = git_settings(&checkout.root).into_iter();
            all.extend(git.filter(|(name, _)| *name != "LC_ALL").map(of_git));
        }
        let is_set = all.iter().map(|setting| setting.name).collect::<Vec<_>>();
        let kept_out = CLEARED
            .iter()
            .filter(|(name, _)| !is_set.contains(name))
            .filter(|(name, _)| self.setting(name).is_some_and(|value| value != "off"));
        all.extend(kept_out.map(|&(name, reason)| Setting {
            name,
            value: None,
            reason,
            is_place: false,
        }));
        all
    }

    /// What the go command says of a setting.
    fn setting(&self, name: &str) -> Option<&String> {
        self.project
            .settings
            .get(name)
            .filter(|value| !value.is_empty())
    }

    fn of_system(&self) -> Vec<Setting> {
        let mut all = vec![set(
            "PATH",
            SYSTEM,
            "git for the version, and a C compiler where C is compiled",
        )];
        for (name, reason) in KEPT {
            all.extend(self.setting(name).map(|value| place(name, value, reason)));
        }
        all.extend(FIXED.map(|(name, value, reason)| set(name, value, reason)));
        if self.is_packed() {
            let go = self.project.go.program();
            all.push(place("GO", &go.to_string_lossy(), "the Go that was chosen"));
            all.extend(PACKED.map(|(name, value, reason)| set(name, value, reason)));
        }
        let workspace = self.setting("GOWORK").filter(|_| !self.is_packed());
        all.extend(workspace.map(|value| place("GOWORK", value, "the project's workspace")));
        all
    }

    fn of_target(&self) -> Vec<Setting> {
        let mut all = vec![
            set("GOOS", &self.target.platform.os, "the target"),
            set("GOARCH", &self.target.platform.arch, "the target"),
        ];
        let level = self.target.level();
        all.extend(level.map(|(name, level)| set(name, level, "the target's level")));
        let fips = "the frozen module of cryptography that Go names as certified, in its FIPS mode";
        all.extend(
            self.fips140()
                .map(|version| set("GOFIPS140", version, fips)),
        );
        let reason = match (self.needs_c, self.compiler().is_some()) {
            (true, _) => "a package outside the standard library has C in it",
            (false, true) => {
                "the C compiler's linker makes static programs that can be loaded at any address"
            }
            (false, false) => "no package outside the standard library has C in it",
        };
        all.push(set("CGO_ENABLED", self.cgo(), reason));
        if let Some(compiler) = self.compiler() {
            all.extend(of_compiler(compiler));
        }
        all
    }
}

/// What the go command uses by itself, and the hardening that the compiler knows.
fn of_compiler(compiler: &Compiler) -> [Setting; 5] {
    let with = |flags: &[&str]| [&["-O2", "-g"], flags].concat().join(" ");
    let compiling = with(&compiler.compiling);
    let hardening = "the hardening of the OpenSSF guide that the compiler knows";
    [
        set("CC", &compiler.command, "the C compiler for the target"),
        set("CGO_CFLAGS", &compiling, hardening),
        set("CGO_CXXFLAGS", &compiling, hardening),
        set("CGO_FFLAGS", &with(&[]), "the go command's own"),
        set("CGO_LDFLAGS", &with(&compiler.linking), hardening),
    ]
}

fn set(name: &'static str, value: &str, reason: &'static str) -> Setting {
    Setting {
        name,
        value: Some(value.into()),
        reason,
        is_place: false,
    }
}

fn place(name: &'static str, value: &str, reason: &'static str) -> Setting {
    Setting {
        is_place: true,
        ..set(name, value, reason)
    }
}

fn of_git((name, value): (&'static str, OsString)) -> Setting {
    Setting {
        name,
        value: Some(value),
        reason: GIT,
        is_place: name == "GIT_CONFIG_VALUE_0",
    }
}
