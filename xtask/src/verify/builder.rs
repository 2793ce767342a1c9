//! Somebody else: another user, with a home, a module cache and a build cache of their own, who installs programs.

use super::programs::Built;
use crate::run::{Context, Outcome, output, text};
use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Nobody.
const USER: u32 = 65534;

pub(super) struct Builder {
    /// What they built.
    programs: PathBuf,
    /// Their home, where this user's work folder is not.
    home: PathBuf,
    go: PathBuf,
    /// Where modules come from and who vouches for them.
    settings: [(&'static str, String); 2],
}

impl Builder {
    pub(super) fn new(folder: &Path) -> Outcome<Builder> {
        let home = std::env::temp_dir().join("goassay-somebody-else");
        std::fs::create_dir_all(&home).context(home.display())?;
        chown(&home, Some(USER), Some(USER)).context(home.display())?;
        let programs = folder.join("built");
        std::fs::create_dir_all(&programs).context(programs.display())?;
        let setting = |name: &str| {
            Ok::<_, String>(
                text(Command::new("go").args(["env", name]))?
                    .trim()
                    .to_owned(),
            )
        };
        Ok(Builder {
            programs,
            home,
            go: PathBuf::from(setting("GOROOT")?).join("bin/go"),
            settings: [
                ("GOPROXY", setting("GOPROXY")?),
                ("GOSUMDB", setting("GOSUMDB")?),
            ],
        })
    }

    /// The program; built where it was not before.
    pub(super) fn build(&self, built: &Built) -> Outcome<PathBuf> {
        let program = self.programs.join(built.name);
        if program.exists() {
            return Ok(program);
        }
        let (gopath, bin) = (self.home.join("go path"), self.home.join("go path/bin"));
        if bin.exists() {
            std::fs::remove_dir_all(&bin).context(bin.display())?;
        }
        let mut command = Command::new("setpriv");
        let user = USER.to_string();
        command
            .args(["--reuid", &user, "--regid", &user, "--clear-groups"])
            .arg(&self.go)
            .arg("install");
        command
            .args(built.flags)
            .arg(built.package)
            .current_dir("/")
            .env_clear();
        command
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .env("HOME", &self.home)
            .env("GOPATH", &gopath)
            .env("GOFLAGS", "-modcacherw")
            .envs(self.settings.iter().map(|(name, value)| (name, value)))
            .env("GOTOOLCHAIN", built.toolchain)
            .envs(built.environment.iter().copied());
        output(&mut command)?;
        let mut find = Command::new("find");
        let found = text(find.arg(&bin).args(["-type", "f"]))?;
        std::fs::copy(found.trim_end(), &program).context(found.trim_end())?;
        Ok(program)
    }
}
