//! Which instruction-set level a program needs: what was recorded, what its start-up code demands, what its code uses.
//!
//! Instructions prove something only in code that the Go compiler made (file `.go`), and only those that it never writes
//! behind a check of the CPU at a lower level. Assembly (file `.s`) and C carry their own checks and are only counted.
//!
//! What is known about the compiler comes from `src/cmd/compile/internal/ssa/_gen/{AMD64,ARM64}.rules` and
//! `src/cmd/compile/internal/ssagen/intrinsics.go` of Go 1.18 to 1.27; `cargo xtask test-peers` builds with each level and
//! compares.

mod amd64;
mod arm64;
mod level;

pub use level::Level;

use goassay_binary::gap::{Fact, Gap, Topic};
use goassay_binary::{Binary, Code};

/// How many examples of a feature are kept.
const MOST_EXAMPLES: usize = 5;

/// What is known about the level of one binary.
#[derive(Debug, Clone)]
pub struct Isa {
    /// The value of `GOAMD64`, `GOARM64`, … in the build information.
    pub recorded: Recorded,
    /// The level that the runtime's start-up code checks for before anything else runs; without it the program refuses to
    /// start. `None` where it checks for nothing.
    pub demanded: Option<Level>,
    /// What the code uses; a gap where this architecture's code is not decoded.
    pub used: Fact<Used>,
}

/// The level in the build information.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recorded {
    /// This one.
    Level(Level),
    /// The go command would not have written this (hostile text).
    Odd(String),
    /// Build information without the setting: it was not written by the go command, or before Go 1.18.
    Absent,
    /// The go command knows no levels of this architecture.
    NoLevels,
    /// No build information.
    Gap(Gap),
}

/// What the code uses.
#[derive(Debug, Clone)]
pub struct Used {
    /// The highest level that is proven: no lower one would make the compiler write what was found.
    pub proven: Level,
    /// Features beyond the lowest level that occur in compiler-generated code, by name.
    pub features: Vec<Feature>,
    /// What was looked at.
    pub coverage: Coverage,
    /// What could not be looked at. What is proven stays proven.
    pub gaps: Vec<Gap>,
}

/// One feature of the CPU in compiler-generated code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Feature {
    /// Name as in the manuals of the makers: `BMI2`, `LSE`.
    pub name: &'static str,
    /// The lowest level that has it; `None` where no level does.
    pub level: Option<Level>,
    /// How many instructions need it.
    pub instructions: u64,
    /// How many functions have such instructions.
    pub functions: u64,
    /// How many of these functions prove the level: they use the feature without a check of the CPU. In the others there
    /// may be one.
    pub proving: u64,
    /// The first of the functions that prove it; where none does, the first that have it.
    pub examples: Vec<Example>,
}

/// One place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Example {
    /// Address of the instruction.
    pub address: u64,
    /// Mnemonic in lower case.
    pub instruction: String,
    /// Name of the function (hostile text).
    pub function: String,
}

/// How much code was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Coverage {
    /// Functions made by the Go compiler; only these prove anything.
    pub compiled: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Functions in Go assembly.
    pub assembly: u64,
    /// Functions without a file that says what made them, such as those of C objects.
    pub unattributed: u64,
    /// Functions whose file is not that of what made them, or no name: the tables are damaged.
    pub misnamed: u64,
    /// Compiled functions that do not decode, so that nothing of them counts; more than one in a hundred make all of it a gap.
    pub undecodable: u64,
}

impl Isa {
    /// Looks at all code of a binary; linear in the size of the file.
    pub fn of(binary: &Binary<'_>) -> Isa {
        let arch = binary.image().arch.unwrap_or("unknown");
        let (demanded, used) = match arch {
            "amd64" => scan(binary, amd64::Decoding::new()),
            "arm64" => scan(binary, arm64::Decoding::new()),
            _ => {
                let reason = format!("instructions of {arch} are not decoded; amd64 and arm64 are");
                (None, Err(Gap::new(Topic::Instructions, reason)))
            }
        };
        Isa {
            recorded: recorded(binary, arch),
            demanded,
            used,
        }
    }

    /// The highest of what is recorded, demanded and proven: what a machine has to have as far as is known.
    pub fn needed(&self) -> Option<Level> {
        let recorded = match self.recorded {
            Recorded::Level(level) => Some(level),
            _ => None,
        };
        let proven = self.used.as_ref().ok().map(|used| used.proven);
        let known = [recorded, self.demanded, proven].into_iter().flatten();
        known.reduce(Level::or_higher)
    }
}

fn recorded(binary: &Binary<'_>, arch: &str) -> Recorded {
    let info = match binary.build_info() {
        Ok(info) => info,
        Err(gap) => return Recorded::Gap(gap.clone()),
    };
    let Some(setting) = Level::setting_of(arch) else {
        return Recorded::NoLevels;
    };
    let Some(value) = info.setting(setting) else {
        return Recorded::Absent;
    };
    Level::parse(arch, value).map_or_else(|| Recorded::Odd(value.to_owned()), Recorded::Level)
}

/// What one architecture's decoder tells.
trait Decoding {
    /// The lowest level.
    fn lowest(&self) -> Option<Level>;
    /// Features by number; all numbers that are noted lie within.
    fn features(&self) -> &'static [Kind];
    /// Notes what a function uses; false where it is no code.
    fn function(&self, code: &Code<'_>, notes: &mut Notes) -> bool;
    /// The mnemonic of an instruction that was noted.
    fn mnemonic(&self, instruction: u32) -> String;
    /// The level that the start-up code (`runtime.rt0_go`) checks for.
    fn demanded(&self, binary: &Binary<'_>, code: &Code<'_>) -> Option<Level>;
}

/// A feature as a decoder knows it.
struct Kind {
    name: &'static str,
    /// Value of the architecture's variable.
    level: Option<&'static str>,
}

/// What a decoder notes about one function.
struct Notes {
    uses: Vec<Use>,
}

/// The use of one feature in one function.
#[derive(Clone, Copy, Default)]
struct Use {
    instructions: u64,
    /// The first instruction: its address, and what names it to the decoder.
    first: u64,
    instruction: u32,
    proves: bool,
}

impl Notes {
    fn new(features: usize) -> Notes {
        Notes {
            uses: vec![Use::default(); features],
        }
    }

    /// One more instruction that needs feature number `feature`. The example is one that proves the level, where one does.
    fn add(&mut self, feature: usize, address: u64, proves: bool, instruction: u32) {
        let Some(used) = self.uses.get_mut(feature) else {
            return;
        };
        if used.instructions == 0 || proves && !used.proves {
            (used.first, used.instruction) = (address, instruction);
        }
        used.instructions += 1;
        used.proves |= proves;
    }

    fn clear(&mut self) {
        self.uses.fill(Use::default());
    }
}

/// Walks all functions once.
fn scan(binary: &Binary<'_>, decoding: impl Decoding) -> (Option<Level>, Fact<Used>) {
    let Some(lowest) = decoding.lowest() else {
        return (None, Err(Gap::new(Topic::Instructions, "no levels")));
    };
    let kinds = decoding.features();
    let mut features: Vec<Feature> = kinds.iter().map(|kind| feature(kind, &lowest)).collect();
    let mut notes = Notes::new(kinds.len());
    let mut coverage = Coverage::default();
    let mut demanded = None;
    let mut gaps = binary.each_code(|code| match maker(&code) {
        Maker::Compiler => {
            coverage.compiled += 1;
            coverage.bytes += code.bytes.len() as u64;
            notes.clear();
            if decoding.function(&code, &mut notes) {
                let used = features.iter_mut().zip(&notes.uses);
                used.for_each(|(feature, used)| {
                    feature.add(used, || Example {
                        address: used.first,
                        instruction: decoding.mnemonic(used.instruction),
                        function: name(binary, &code),
                    });
                });
            } else {
                coverage.undecodable += 1;
            }
        }
        Maker::Assembler => {
            coverage.assembly += 1;
            if is_start(binary, &code) {
                demanded = decoding.demanded(binary, &code);
            }
        }
        Maker::Unknown => coverage.unattributed += 1,
        Maker::Damaged => coverage.misnamed += 1,
    });
    if coverage.compiled == 0 {
        let reason = "no function is known to be made by the Go compiler".to_owned();
        let first = gaps.into_iter().next();
        return (
            demanded,
            Err(first.unwrap_or_else(|| Gap::new(Topic::Instructions, reason))),
        );
    }
    if coverage.undecodable > 0 {
        let reason = format!(
            "{} of {} compiled functions do not decode",
            coverage.undecodable, coverage.compiled
        );
        let gap = Gap::new(Topic::Instructions, reason);
        // Among so much that is no code, what does decode does so by chance.
        if coverage.undecodable > coverage.compiled / 100 {
            return (demanded, Err(gap));
        }
        gaps.push(gap);
    }
    if coverage.misnamed > 0 {
        let reason = format!(
            "of {} functions it cannot be told what made them: the tables are damaged",
            coverage.misnamed
        );
        gaps.push(Gap::new(Topic::Instructions, reason));
    }
    features.retain(|feature| feature.functions > 0);
    features.sort_by_key(|feature| feature.name);
    let levels = features.iter().filter(|feature| feature.proving > 0);
    let proven = levels
        .filter_map(|feature| feature.level)
        .fold(lowest, Level::or_higher);
    let used = Used {
        proven,
        features,
        coverage,
        gaps,
    };
    (demanded, Ok(used))
}

fn feature(kind: &Kind, lowest: &Level) -> Feature {
    Feature {
        name: kind.name,
        level: kind.level.and_then(|value| lowest.sibling(value)),
        instructions: 0,
        functions: 0,
        proving: 0,
        examples: Vec::new(),
    }
}

impl Feature {
    fn add(&mut self, used: &Use, example: impl Fn() -> Example) {
        if used.instructions == 0 {
            return;
        }
        self.functions += 1;
        self.instructions += used.instructions;
        if used.proves && self.proving == 0 {
            self.examples.clear();
        }
        self.proving += u64::from(used.proves);
        if self.examples.len() < MOST_EXAMPLES && (used.proves || self.proving == 0) {
            self.examples.push(example());
        }
    }
}

/// What made a function.
enum Maker {
    Compiler,
    Assembler,
    Unknown,
    Damaged,
}

/// File and record both tell assembly: where they do not agree, the tables are damaged.
fn maker(code: &Code<'_>) -> Maker {
    let Some(file) = code.file else {
        return Maker::Unknown;
    };
    let is_source = [&b".s"[..], b".S", b".h"]
        .iter()
        .any(|end| file.ends_with(end));
    match (is_source, code.assembly) {
        (true, true) => Maker::Assembler,
        // A `//line` directive can name any file (`parser.y`); only compiled code has them.
        (false, false) if is_name(file) => Maker::Compiler,
        _ => Maker::Damaged,
    }
}

/// Whether it can be the name of a file.
fn is_name(file: &[u8]) -> bool {
    let text = std::str::from_utf8(file).unwrap_or_default();
    !text.is_empty() && !text.contains(|c: char| c.is_control() || c == char::REPLACEMENT_CHARACTER)
}

fn name(binary: &Binary<'_>, code: &Code<'_>) -> String {
    let name = binary
        .pclntab()
        .ok()
        .and_then(|table| table.name(code.name));
    String::from_utf8_lossy(name.unwrap_or_default()).into_owned()
}

/// True for `runtime.rt0_go`, where a program of a higher level looks at the CPU.
fn is_start(binary: &Binary<'_>, code: &Code<'_>) -> bool {
    let Ok(table) = binary.pclntab() else {
        return false;
    };
    table
        .name(code.name)
        .is_some_and(|name| name.strip_suffix(b".abi0").unwrap_or(name) == b"runtime.rt0_go")
}
