//! Instruction-set levels against the compiler: programs built for each level, by several Go versions, and what is found in
//! them; and the decoder against `llvm-objdump`, instruction by instruction.
//!
//! What is built for a level never proves a higher one, and proves its own where the compiler writes anything for it.

use crate::go::{go, minor};
use crate::run::{Outcome, output, read, text, work, workspace};
use goassay_audit::facts::Facts;
use goassay_audit::isa::{Isa, Level, Recorded};
use goassay_audit::policy::Policy;
use goassay_audit::registry;
use goassay_audit::verdict::Verdict;
use goassay_binary::Binary;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

const VERSIONS: [&str; 4] = ["1.21.0", "1.24.0", "1.26.0", "1.27.4"];

/// One build, and what has to be found in it.
struct Row {
    go: &'static str,
    arch: &'static str,
    level: &'static str,
    /// The level that the code proves.
    proves: &'static str,
    /// The level that the start-up code checks for.
    demands: Option<&'static str>,
}

fn rows() -> Vec<Row> {
    let mut rows = Vec::new();
    for go in VERSIONS {
        for level in ["v1", "v2", "v3", "v4"] {
            // The compiler writes the first instruction of v4 for the maps of Go 1.24.
            let proves = if level == "v4" && minor(go) < 24 {
                "v3"
            } else {
                level
            };
            let demands = (level != "v1").then_some(level);
            rows.push(Row {
                go,
                arch: "amd64",
                level,
                proves,
                demands,
            });
        }
        for level in ["v8.0", "v9.0", "v8.0,lse"] {
            // The variable is there from Go 1.23 on; before, it is ignored.
            let lse = level != "v8.0" && minor(go) >= 23;
            rows.push(Row {
                go,
                arch: "arm64",
                level,
                proves: if lse { "v8.0,lse" } else { "v8.0" },
                // The start-up code looks from Go 1.25 on.
                demands: (lse && minor(go) >= 25).then_some("v8.0,lse"),
            });
        }
    }
    rows
}

impl Row {
    fn name(&self) -> String {
        format!("go{} {} {}", self.go, self.arch, self.level)
    }

    /// Builds the program where that was not done before.
    fn build(&self) -> Outcome<PathBuf> {
        let source = workspace().join("fixtures/go/levels");
        let out = work().join("levels").join(self.name().replace(' ', "-"));
        if out.exists() {
            return Ok(out);
        }
        eprintln!("building {}", self.name());
        let variable = Level::setting_of(self.arch).unwrap_or_default();
        let mut command = go();
        command
            .env("GOTOOLCHAIN", format!("go{}", self.go))
            .env("CGO_ENABLED", "0")
            .env("GOOS", "linux")
            .env("GOARCH", self.arch)
            .env(variable, self.level)
            .args(["build", "-trimpath", "-buildvcs=false", "-ldflags=-w", "-o"])
            .arg(&out)
            .arg(".")
            .current_dir(source);
        output(&mut command)?;
        Ok(out)
    }

    fn check(&self) -> Outcome {
        let file = self.build()?;
        let data = read(&file)?;
        let binary = Binary::parse(&data).map_err(|e| format!("{e:?}"))?;
        let isa = Isa::of(&binary);
        let used = isa.used.as_ref().map_err(|gap| gap.to_string())?;
        let recorded = match &isa.recorded {
            Recorded::Level(level) => Some(level.to_string()),
            _ => None,
        };
        let known = self.arch == "amd64" || minor(self.go) >= 23;
        let expected = (
            known.then(|| self.level.to_owned()),
            self.demands.map(str::to_owned),
            self.proves.to_owned(),
        );
        let demanded = isa.demanded.map(|level| level.to_string());
        let found = (recorded, demanded, used.proven.to_string());
        if found != expected {
            return Err(format!("{found:?} is not {expected:?}"));
        }
        if !used.gaps.is_empty() {
            return Err(format!("{:?}", used.gaps));
        }
        let ours: BTreeMap<&str, u64> = used
            .features
            .iter()
            .map(|feature| (feature.name, feature.instructions))
            .filter(|(name, _)| MNEMONICS.iter().any(|(_, feature)| feature == name))
            .collect();
        let theirs = disassembled(&file, &binary)?;
        if ours != theirs {
            return Err(format!("{ours:?} is not {theirs:?} of llvm-objdump"));
        }
        Ok(())
    }
}

/// Beginnings of mnemonics, as LLVM writes them, with the feature that they need.
const MNEMONICS: [(&str, &str); 28] = [
    ("andn", "BMI1"),
    ("blsi", "BMI1"),
    ("blsr", "BMI1"),
    ("blsmsk", "BMI1"),
    ("tzcnt", "BMI1"),
    ("mulx", "BMI2"),
    ("rorx", "BMI2"),
    ("sarx", "BMI2"),
    ("shlx", "BMI2"),
    ("shrx", "BMI2"),
    ("lzcnt", "LZCNT"),
    ("movbe", "MOVBE"),
    ("popcnt", "POPCNT"),
    ("vfmadd", "FMA"),
    ("roundsd", "SSE4.1"),
    ("roundss", "SSE4.1"),
    ("pshufb", "SSSE3"),
    ("psignb", "SSSE3"),
    ("vpbroadcastb", "AVX-512 F/BW/CD/DQ/VL"),
    ("cas", "LSE"),
    ("ldadd", "LSE"),
    ("ldclr", "LSE"),
    ("ldeor", "LSE"),
    ("ldset", "LSE"),
    ("ldsm", "LSE"),
    ("ldum", "LSE"),
    ("swp", "LSE"),
    ("stadd", "LSE"),
];

/// How many instructions of compiled functions need each feature, by LLVM's disassembler.
fn disassembled<'m>(file: &Path, binary: &Binary<'_>) -> Outcome<BTreeMap<&'m str, u64>> {
    let mut compiled = Vec::new();
    binary.each_code(|code| {
        let made = code.file.unwrap_or_default();
        if made.ends_with(b".go") || made == b"<autogenerated>" {
            let end = code.address.0 + code.bytes.len() as u64;
            compiled.push(code.address.0..end);
        }
    });
    let shown = text(
        Command::new("llvm-objdump")
            .args(["-d", "--no-show-raw-insn", "--mattr=+lse"])
            .arg(file),
    )?;
    let mut counts = BTreeMap::new();
    for (address, mnemonic) in shown.lines().filter_map(instruction) {
        let is_ours = |(start, _): &&(&str, &str)| mnemonic.starts_with(start);
        let Some((_, feature)) = MNEMONICS.iter().find(is_ours) else {
            continue;
        };
        let behind = compiled.partition_point(|range| range.start <= address);
        let within = behind
            .checked_sub(1)
            .map(|at| compiled[at].contains(&address));
        if within == Some(true) {
            *counts.entry(*feature).or_default() += 1;
        }
    }
    Ok(counts)
}

/// Address and mnemonic of a line: the address, a colon, tabs between mnemonic and operands.
fn instruction(line: &str) -> Option<(u64, &str)> {
    let (address, rest) = line.trim_start().split_once(':')?;
    let address = u64::from_str_radix(address, 16).ok()?;
    Some((address, rest.split_whitespace().next()?))
}

/// The rules of T4 on real builds: one that fails, and the same program built with exactly the variable that the failure
/// prints.
fn rules() -> Outcome {
    let newest = |arch: &str, level: &str| {
        let is = |row: &&Row| row.go == VERSIONS[3] && row.arch == arch && row.level == level;
        let rows = rows();
        let row = rows.iter().find(is).ok_or("no such row")?;
        row.build().and_then(|file| read(&file))
    };
    for (rule, arch, fleet, failing, fix) in [
        ("T4-fleet-level", "amd64", "v1", "v3", "GOAMD64=v1 go build"),
        (
            "T4-fleet-level",
            "arm64",
            "v8.0",
            "v8.0,lse",
            "GOARM64=v8.0 go build",
        ),
        (
            "T4-unused-level",
            "amd64",
            "v3",
            "v1",
            "GOAMD64=v3 go build",
        ),
    ] {
        let printed = failure(rule, &newest(arch, failing)?, arch, fleet)?
            .ok_or_else(|| format!("{rule} does not fail for {arch} {failing}"))?;
        if printed != fix {
            return Err(format!("{rule} prints {printed} and not {fix}"));
        }
        // The value of the command is the level of the row that it builds.
        let level = printed
            .split_once(' ')
            .and_then(|(set, _)| set.split_once('='));
        let (_, level) = level.ok_or("the fix sets a variable")?;
        let mended = newest(arch, level)?;
        if let Some(printed) = failure(rule, &mended, arch, fleet)? {
            return Err(format!(
                "{rule} still fails after its fix and prints {printed}"
            ));
        }
    }
    // Synthetic: no command makes a program whose code needs more than it records.
    let mut edited = newest("amd64", "v3")?;
    let (from, to) = (b"build\tGOAMD64=v3", b"build\tGOAMD64=v1");
    // The text is there twice: for readers of the file, and for the program itself.
    for at in 0..edited.len() - to.len() {
        if edited[at..].starts_with(from) {
            edited[at..at + to.len()].copy_from_slice(to);
        }
    }
    match failure("T4-recorded-level", &edited, "amd64", "v3")? {
        Some(_) => Ok(()),
        None => Err("code of v3 recorded as v1 does not fail".to_owned()),
    }
}

/// The fix where the rule fails; none where it passes. Anything else is an error.
fn failure(rule: &str, data: &[u8], arch: &str, fleet: &str) -> Outcome<Option<String>> {
    let binary = Binary::parse(data).map_err(|e| format!("{e:?}"))?;
    let mut policy = Policy::default();
    let setting = Level::setting_of(arch).unwrap_or_default();
    let levels = &mut policy.expectations.cpu_levels;
    levels.insert(setting.to_owned(), fleet.to_owned());
    let judge = registry::find(rule).ok_or("no such rule")?.judge;
    match judge(&Facts::of(&binary), &policy) {
        Verdict::Fail(failing) => Ok(Some(failing.fix)),
        Verdict::Pass(_) => Ok(None),
        other => Err(format!("{rule} for a fleet of {fleet}: {other:?}")),
    }
}

/// Builds and looks at every row, or at a few of the newest Go; then the rules.
pub(crate) fn check(fixed: bool) -> Outcome {
    let few = |row: &Row| row.go == VERSIONS[3] && !matches!(row.level, "v2" | "v4" | "v9.0");
    let mut faults: Vec<String> = rows()
        .iter()
        .filter(|row| !fixed || few(row))
        .filter_map(|row| Some(format!("  {}: {}", row.name(), row.check().err()?)))
        .collect();
    faults.extend(rules().err());
    if faults.is_empty() {
        Ok(())
    } else {
        Err(faults.join("\n"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_the_disassembler_are_read() {
        let line = "  401000:      \tpopcntq\t%rax, %rax";
        assert_eq!(instruction(line), Some((0x40_1000, "popcntq")));
        assert_eq!(instruction("0000000000401000 <main.main>:"), None);
        assert_eq!(instruction(""), None);
    }
}
