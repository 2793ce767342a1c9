//! Programs with files that were generated before the build and are not part of the source.

use super::world::World;
use crate::run::{Context, Outcome, output, write};
use std::path::{Path, PathBuf};
use std::process::Command;

const GO_MOD: &str = "module corp.example/generated\n\ngo 1.21\n";
/// What is said of all of them.
const WORDS: [&str; 3] = [
    "NOT CHECKED",
    "files that were generated before the build",
    "has to publish or commit them",
];

/// What is in a repository, and what was generated beside it.
struct Project {
    name: &'static str,
    main: &'static str,
    generated: &'static [(&'static str, &'static str)],
    /// What the go command says without that.
    says: &'static str,
}

/// A file of the program's own package.
pub(super) fn file(world: &World) -> Outcome {
    let project = Project {
        name: "file",
        main: "package main\n\nfunc main() { println(version) }\n",
        generated: &[("version.go", "package main\n\nconst version = \"1\"\n")],
        says: "undefined: version",
    };
    project.verified(world)
}

/// Files that the go command misses before it compiles anything: embedded ones, and a package.
pub(super) fn load(world: &World) -> Outcome {
    let assets = Project {
        name: "assets",
        main: "package main\n\nimport _ \"embed\"\n\n//go:embed page.html\nvar page string\n\nfunc main() { println(page) }\n",
        generated: &[("page.html", "<p>generated</p>\n")],
        says: "no matching files found",
    };
    let package = Project {
        name: "package",
        main: "package main\n\nimport \"corp.example/generated/proto\"\n\nfunc main() { println(proto.Version) }\n",
        generated: &[("proto/proto.go", "package proto\n\nconst Version = \"1\"\n")],
        says: "corp.example/generated/proto",
    };
    assets.verified(world)?;
    package.verified(world)
}

impl Project {
    /// Built where the generated files are, verified with the repository, where they are not.
    fn verified(&self, world: &World) -> Outcome {
        world.anew(&[])?;
        let folder = world.folder.join("generated").join(self.name);
        let program = self.built(&folder)?;
        let source = folder.join("source").display().to_string();
        let ran = world.verify(&program, &[], &["--source", &source])?;
        ran.expect(2, &WORDS)?;
        ran.expect(2, &[self.says])
    }

    fn built(&self, folder: &Path) -> Outcome<PathBuf> {
        if folder.exists() {
            std::fs::remove_dir_all(folder).context(folder.display())?;
        }
        let source = folder.join("source");
        write(&source.join("go.mod"), GO_MOD)?;
        write(&source.join("main.go"), self.main)?;
        let names = self.generated.iter().map(|(name, _)| format!("/{name}\n"));
        write(&source.join(".gitignore"), names.collect::<String>())?;
        let git = |words: &[&str]| output(Command::new("git").args(words).current_dir(&source));
        git(&["init", "--quiet"])?;
        git(&["add", "."])?;
        let who = ["-c", "user.name=a", "-c", "user.email=a@example.com"];
        git(&[&who[..], &["commit", "--quiet", "--message", "first"]].concat())?;
        for (name, contents) in self.generated {
            write(&source.join(name), contents)?;
        }
        let program = folder.join("program");
        let mut build = Command::new("go");
        build.args(["build", "-trimpath", "-buildvcs=true", "-o"]);
        build
            .arg(&program)
            .env("CGO_ENABLED", "0")
            .env("GOFLAGS", "")
            .env("GOWORK", "off")
            .current_dir(&source);
        output(&mut build)?;
        Ok(program)
    }
}
