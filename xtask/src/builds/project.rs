//! The projects that are built: checkouts that are made here, with one commit and tags of a fixed date.

use super::Bench;
use crate::fixtures::copy_tree;
use crate::run::{Context, Outcome, output, text, workspace, write};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The date of all commits: 2025-10-09.
const DATE: &str = "1760000000 +0000";

/// Where the files of a project come from.
pub(super) enum Source {
    /// A published module: `path@version`.
    Module(&'static str),
    /// A folder below `xtask/go/builds`.
    Folder(&'static str),
}

/// A project.
pub(super) struct Project {
    pub(super) name: &'static str,
    pub(super) source: Source,
    /// Tags of its only commit.
    pub(super) tags: &'static [&'static str],
    pub(super) runs: &'static [Run],
}

/// One run of goassay.
pub(super) struct Run {
    /// The folder that it is started in, below the top.
    pub(super) folder: &'static str,
    /// The packages, as the command line names them.
    pub(super) packages: &'static [&'static str],
    pub(super) programs: &'static [Program],
}

/// A program of a project.
pub(super) struct Program {
    /// Its file.
    pub(super) file: &'static str,
    /// Its module, and the module's version.
    pub(super) module: (&'static str, &'static str),
    /// An argument to start it with, and the beginning of what it prints then.
    pub(super) says: (&'static str, &'static str),
}

pub(super) const COREDNS: Project = Project {
    name: "coredns",
    source: Source::Module("github.com/coredns/coredns@v1.11.1"),
    tags: &["v1.11.1"],
    runs: &[Run {
        folder: "",
        packages: &["."],
        programs: &[Program {
            file: "coredns",
            module: ("github.com/coredns/coredns", "v1.11.1"),
            says: ("-version", "CoreDNS-1.11.1\n"),
        }],
    }],
};

pub(super) const DELVE: Project = Project {
    name: "delve",
    source: Source::Module("github.com/go-delve/delve@v1.27.2"),
    tags: &["v1.27.2"],
    runs: &[Run {
        folder: "",
        packages: &["./cmd/dlv"],
        programs: &[Program {
            file: "dlv",
            module: ("github.com/go-delve/delve", "v1.27.2"),
            says: ("version", "Delve Debugger\nVersion: 1.27.2"),
        }],
    }],
};

pub(super) const GOVULNCHECK: Project = Project {
    name: "govulncheck",
    source: Source::Module("golang.org/x/vuln@v1.8.0"),
    tags: &["v1.8.0"],
    runs: &[Run {
        folder: "",
        packages: &["./cmd/govulncheck"],
        programs: &[Program {
            file: "govulncheck",
            module: ("golang.org/x/vuln", "v1.8.0"),
            says: ("-version", "Go: "),
        }],
    }],
};

pub(super) const PAINT: Project = Project {
    name: "paint",
    source: Source::Folder("paint"),
    tags: &["v0.3.0"],
    runs: &[Run {
        folder: "",
        packages: &["."],
        programs: &[Program {
            file: "paint",
            module: ("example.com/paint", "v0.3.0"),
            says: ("", "paint: command line\n"),
        }],
    }],
};

pub(super) const SQLITE: Project = Project {
    name: "sqlite",
    source: Source::Folder("sqlite"),
    tags: &["v1.0.0"],
    runs: &[Run {
        folder: "",
        packages: &["."],
        programs: &[Program {
            file: "sqlite",
            module: ("example.com/sqlite", "v1.0.0"),
            says: ("", "3.45.1\n"),
        }],
    }],
};

pub(super) const WORKSPACE: Project = Project {
    name: "workspace",
    source: Source::Folder("workspace"),
    tags: &["v1.4.0", "tool/v0.2.0"],
    runs: &[Run {
        folder: "",
        packages: &["./cmd/server", "./tool"],
        programs: &[
            Program {
                file: "server",
                module: ("example.com/workspace", "v1.4.0"),
                says: ("", "hello from server\n"),
            },
            Program {
                file: "tool",
                module: ("example.com/workspace/tool", "v0.2.0"),
                says: ("", "hello from tool\n"),
            },
        ],
    }],
};

pub(super) const NESTED: Project = Project {
    name: "nested",
    source: Source::Folder("nested"),
    tags: &["v2.3.4", "sub/v1.2.3"],
    runs: &[
        Run {
            folder: "",
            packages: &["."],
            programs: &[Program {
                file: "nested",
                module: ("example.com/nested/v2", "v2.3.4"),
                says: ("", "hello from the second"),
            }],
        },
        Run {
            folder: "sub",
            packages: &["."],
            programs: &[Program {
                file: "sub",
                module: ("example.com/nested/sub", "v1.2.3"),
                says: ("", "hello from the nested"),
            }],
        },
    ],
};

impl Project {
    /// Makes a checkout in `folder`, which is new.
    pub(super) fn check_out(&self, bench: &Bench, folder: &Path) -> Outcome {
        self.check_out_with(bench, folder, &[])
    }

    /// The same with more files in the commit: name and contents.
    pub(super) fn check_out_with(
        &self,
        bench: &Bench,
        folder: &Path,
        more: &[(&str, &str)],
    ) -> Outcome {
        let files = match self.source {
            Source::Module(module) => downloaded(bench, module)?,
            Source::Folder(name) => workspace().join("xtask/go/builds").join(name),
        };
        copy_tree(&files, folder)?;
        for (name, contents) in more {
            write(&folder.join(name), contents)?;
        }
        git(folder, &["init", "--quiet", "."])?;
        git(folder, &["add", "--all"])?;
        git(folder, &["commit", "--quiet", "--message", self.name])?;
        for tag in self.tags {
            git(folder, &["tag", tag])?;
        }
        Ok(())
    }

    /// Where its files come from, and who made the tags.
    pub(super) fn origin(&self) -> String {
        let tags = self.tags.join(", ");
        match self.source {
            Source::Module(module) => {
                format!("files of {module} from the module proxy, commit and tag {tags} made here")
            }
            Source::Folder(name) => {
                format!("files of xtask/go/builds/{name}, commit and tags {tags} made here")
            }
        }
    }
}

/// The folder of a module in the module cache.
fn downloaded(bench: &Bench, module: &str) -> Outcome<PathBuf> {
    let mut command = Command::new("go");
    bench.settle(&mut command);
    command
        .args(["mod", "download", "-json", module])
        .current_dir(&bench.folder);
    let answer: Value = serde_json::from_slice(&output(&mut command)?).context(module)?;
    let folder = answer["Dir"].as_str();
    folder
        .map(PathBuf::from)
        .ok_or_else(|| format!("{module} has no folder"))
}

/// git with nobody's settings.
pub(super) fn git(folder: &Path, arguments: &[&str]) -> Outcome<String> {
    let mut command = Command::new("git");
    command
        .args([
            "-c",
            "user.name=xtask",
            "-c",
            "user.email=xtask@example.com",
        ])
        .args(["-c", "init.defaultBranch=main"])
        .args(arguments)
        .current_dir(folder)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_SYSTEM", "/dev/null")
        .env("GIT_AUTHOR_DATE", DATE)
        .env("GIT_COMMITTER_DATE", DATE);
    text(&mut command)
}
