//! The programs that the pairs build, and the tools that stand in for those of other systems.

use crate::run::{Context, Outcome, output, write};
use std::path::Path;
use std::process::Command;

/// What is built.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Program {
    /// Links the runtime only; has variables for `-X`.
    Plain,
    /// Calls C.
    C,
    /// Links net, os/user and crypto/tls.
    Net,
    /// As `Net`, and calls C of its own.
    NetAndC,
    /// As `Net`, with a GODEBUG default in go.mod.
    Godebug,
    /// As `Plain`, for old toolchains.
    Old,
    /// As `Plain`, with a package of the module `git.corp.example.com/team/lib`.
    Private,
}

const PLAIN: &str = r#"package main

var version, date, token string

func main() { println(version, date, token) }
"#;
const NET: &str = r#"package main

import (
	"crypto/tls"
	"fmt"
	"net"
	"os/user"
)

func main() {
	fmt.Println(net.LookupHost("localhost"))
	fmt.Println(user.Current())
	fmt.Println(tls.Dial("tcp", "localhost:1", nil))
}
"#;
const C: &str = r#"package main

// #include <stdio.h>
// #include <string.h>
// static char last[64];
// static int length(const char *text) {
//   char copy[64]; strcpy(copy, text); strcpy(last, copy); return (int)strlen(last);
// }
import "C"

func main() { println(C.length(C.CString("x"))) }
"#;
const MORE_C: &str = r#"package main

// static int twice(int x) { return 2 * x; }
import "C"

func init() { println(C.twice(1)) }
"#;
const PRIVATE: &str = r#"package main

import "git.corp.example.com/team/lib/words"

func main() { println(words.Hello()) }
"#;
const LIBRARY: &str = r#"package words

import "git.corp.example.com/team/lib/internal/hello"

func Hello() string { return hello.Text }
"#;

impl Program {
    fn main(self) -> &'static str {
        match self {
            Program::Plain | Program::Old => PLAIN,
            Program::C => C,
            Program::Net | Program::NetAndC | Program::Godebug => NET,
            Program::Private => PRIVATE,
        }
    }

    /// The lines of go.mod after the module's path.
    fn requirements(self) -> &'static str {
        match self {
            Program::Plain | Program::C | Program::Net | Program::NetAndC => "go 1.26",
            Program::Godebug => "go 1.26\n\ngodebug urlstrictcolons=0",
            Program::Old => "go 1.21.0",
            Program::Private => {
                "go 1.26\n\nrequire git.corp.example.com/team/lib v1.2.3\n\n\
                 replace git.corp.example.com/team/lib => ../lib"
            }
        }
    }

    /// Writes it to `project`, as a checkout with one commit.
    pub(super) fn lay_out(self, project: &Path) -> Outcome {
        write(&project.join("main.go"), self.main())?;
        let requirements = self.requirements();
        let module = format!("module goassay.example/prog\n\n{requirements}\n");
        write(&project.join("go.mod"), module)?;
        match self {
            Program::NetAndC => write(&project.join("more.go"), MORE_C)?,
            Program::Private => write_library(&project.join("../lib"))?,
            _ => {}
        }
        write(&project.join(".gitignore"), "prog\nprog.*\n")?;
        commit(project)
    }
}

fn write_library(folder: &Path) -> Outcome {
    let module = "module git.corp.example.com/team/lib\n\ngo 1.26\n";
    write(&folder.join("go.mod"), module)?;
    write(&folder.join("words/words.go"), LIBRARY)?;
    let hello = "package hello\n\nconst Text = \"hello\"\n";
    write(&folder.join("internal/hello/hello.go"), hello)
}

fn commit(project: &Path) -> Outcome {
    for arguments in [
        &["init", "-q"][..],
        &["add", "."],
        &["commit", "-q", "-m", "x"],
    ] {
        let mut git = Command::new("git");
        output(git.args(arguments).envs(AUTHOR).current_dir(project))?;
    }
    Ok(())
}

/// Who commits and stashes.
pub(super) const AUTHOR: [(&str, &str); 4] = [
    ("GIT_AUTHOR_NAME", "x"),
    ("GIT_AUTHOR_EMAIL", "x@example.com"),
    ("GIT_COMMITTER_NAME", "x"),
    ("GIT_COMMITTER_EMAIL", "x@example.com"),
];

/// Stands in for `codesign --sign - --options runtime` where there is no macOS: Go's linker has signed ad hoc already, so that
/// only the flags of the code directory differ: `CS_ADHOC | CS_RUNTIME` instead of `CS_ADHOC | CS_LINKER_SIGNED`.
const CODESIGN: &str = r#"#!/bin/sh -e
for file; do :; done
at=$(LC_ALL=C grep -obUaP '\xfa\xde\x0c\x02' "$file" | tail -n 1 | cut -d: -f1)
printf '\000\001\000\002' | dd of="$file" bs=1 seek=$((at + 12)) conv=notrunc status=none
"#;

/// Puts the stand-ins into `folder`.
pub(super) fn stand_ins(folder: &Path) -> Outcome {
    let codesign = folder.join("codesign");
    write(&codesign, CODESIGN)?;
    output(Command::new("chmod").arg("+x").arg(&codesign))
        .context("codesign")
        .map(drop)
}
