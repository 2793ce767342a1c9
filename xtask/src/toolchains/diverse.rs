//! A compiler that carries a change which it inserts again whenever it compiles itself: `toolchain bootstrap --diverse` has to catch
//! it, and what a single chain shows must not be enough.
//!
//! The change is that of `xtask/go/plant`. A compiler with it takes the place of the one in a published Go whose source stays as it
//! is. What a pass does not show: other ways of hiding a change.

use super::{Bench, build, host};
use crate::go::own_program;
use crate::run::{Context, Outcome, output, read, write};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The Go that the change is planted in, and the honest one that is compared with it.
const BUILDER: &str = "1.22.12";
/// What both build: the release that takes least.
const BUILT: &str = "1.21.13";
/// The file that the change is in.
const NODER: &str = "src/cmd/compile/internal/noder/noder.go";

impl Bench {
    /// One chain with the change, one without.
    pub(super) fn diverse(&self) -> Outcome<String> {
        // What an earlier run has left is used again: a rebuild checks it.
        let folder = self.folder.join("diverse");
        let planted = self.with_change(&folder)?;
        let (planted, work) = (planted.display().to_string(), folder.join("work"));
        let document = folder.join("bootstrap.json");
        let honest = format!("go{BUILDER}");
        let ran = self.run(&[
            "bootstrap",
            "--diverse",
            BUILT,
            "--chain",
            &planted,
            "--chain",
            &honest,
            "--work",
            &work.display().to_string(),
            "-o",
            &format!("json={}", document.display()),
        ])?;
        if ran.code != Some(1) {
            return Err(format!("exit code {:?}: {}", ran.code, ran.stderr));
        }
        let found: Value = serde_json::from_slice(&read(&document)?).context("bootstrap.json")?;
        let said = caught(&found, &honest)?;
        std::fs::remove_dir_all(&folder).context(folder.display())?;
        Ok(said)
    }

    /// A Go with honest source and a compiler that carries the change.
    fn with_change(&self, folder: &Path) -> Outcome<PathBuf> {
        let published = self.published(BUILDER)?;
        let goroot = folder.join("planted");
        if goroot.exists() {
            std::fs::remove_dir_all(&goroot).context(goroot.display())?;
        }
        std::fs::create_dir_all(folder).context(folder.display())?;
        output(Command::new("cp").arg("-r").arg(&published).arg(&goroot))?;
        let (noder, scratch) = (goroot.join(NODER), folder.join("scratch"));
        let honest = read(&noder)?;
        output(Command::new(own_program("xtask/go/plant")?).arg(&goroot))?;
        std::fs::create_dir_all(&scratch).context(scratch.display())?;
        let built = scratch.join("compile");
        build(&goroot, "cmd/compile", &built, &scratch)?;
        let place = goroot.join(tool("compile"));
        std::fs::copy(&built, &place).context(place.display())?;
        write(&noder, honest)?;
        std::fs::remove_dir_all(&scratch).context(scratch.display())?;
        Ok(goroot)
    }
}

fn tool(name: &str) -> String {
    format!("pkg/tool/{}/{name}", host().replace('/', "_"))
}

/// What the document has to say.
fn caught(found: &Value, honest: &str) -> Outcome<String> {
    let compile = tool("compile");
    let archives: Vec<(&Value, &Value)> = list(&found["archives"])
        .map(|archive| (&archive["posted"], &archive["chains"]))
        .collect();
    let want = [(true, honest), (false, "planted")]
        .map(|(posted, chain)| (Value::from(posted), Value::from(vec![chain])));
    if !archives
        .iter()
        .copied()
        .eq(want.iter().map(|(a, b)| (a, b)))
    {
        return Err(format!("not told who built what: {archives:?}"));
    }
    let differ: Vec<&str> = list(&found["programs"])
        .filter(|program| program["same"] == false)
        .filter_map(|program| program["name"].as_str())
        .collect();
    if differ != [compile.as_str()] {
        return Err(format!("programs that differ: {differ:?}"));
    }
    let planted = list(&found["chains"]).find(|chain| chain["name"] == "planted");
    let steps = planted.map_or(&Value::Null, |chain| &chain["steps"]);
    if !list(steps).any(|step| step["id"] == "rounds" && step["status"] == "pass") {
        return Err("the compiler with the change did not build itself again".to_owned());
    }
    let entries = list(&found["differences"]).flat_map(|d| list(&d["entries"]));
    let logs = entries.filter(|entry| entry["name"] == compile.as_str());
    let why: Vec<&str> = logs
        .flat_map(|e| list(&e["log"]))
        .filter_map(Value::as_str)
        .collect();
    Ok(format!(
        "a compiler that inserts its change into compilers builds itself again bit by bit, and is caught: {compile}: {}",
        why.join("; ")
    ))
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}
