//! All facts for people: one line a fact, gaps where there is none.

use super::facts::{self, Fact, Facts, Gap};
use super::{Report, Target, TextOptions};
use crate::heading::{self, Heading};
use crate::layout::{Line, Page, Paint, counted};
use crate::render::text::footer::put_failure;
use std::io::{self, Write};

/// How much of a long list is shown unless all is asked for.
const FEW: usize = 5;
/// Columns of the names of facts.
const NAMES: usize = 18;

/// Writes the text.
pub(super) fn render(
    report: &Report,
    options: &TextOptions,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut page = Page::new(out, options.width, options.style);
    for target in &report.run().targets {
        put_target(&mut page, target, options.all)?;
    }
    let failures = &report.run().failures;
    failures
        .iter()
        .try_for_each(|failure| put_failure(&mut page, failure))
}

fn put_target(page: &mut Page<'_>, target: &Target, all: bool) -> io::Result<()> {
    heading::put(
        page,
        &Heading {
            path: &target.path,
            member: target.member.as_deref(),
            facts: &target.about,
            also_at: &target.also_at,
        },
    )?;
    page.blank()?;
    let mut block = Block { page, all };
    let facts = &target.facts;
    block.origin(facts)?;
    block.code(facts)?;
    block.running(facts)?;
    block.identities(facts)?;
    block.builder_paths(&facts.builder_paths)?;
    block.page.blank()
}

/// A line that begins with the name of a fact.
fn named(name: &str) -> Line {
    Line::at(2)
        .verbatim(Paint::Strong, &format!("{name:<NAMES$}"))
        .hanging(NAMES + 1)
}

/// `line` with the gap.
fn gap(line: Line, gap: &Gap) -> Line {
    line.paint(Paint::Doubt, "not read:").prose(&gap.reason)
}

/// Where a block of lines goes, and how long its lists may be.
struct Block<'p, 'w> {
    page: &'p mut Page<'w>,
    all: bool,
}

impl Block<'_, '_> {
    fn put(&mut self, line: Line) -> io::Result<()> {
        self.page.put(line)
    }

    /// A fact, its gap, or what `none` says where there is none.
    fn fact<T>(
        &mut self,
        name: &str,
        fact: &Fact<T>,
        none: &str,
        say: impl FnOnce(Line, &T) -> Line,
    ) -> io::Result<()> {
        let line = named(name);
        self.put(match (&fact.value, &fact.gap) {
            (Some(value), _) => say(line, value),
            (None, Some(why)) => gap(line, why),
            (None, None) => line.say(none),
        })
    }

    /// `line` with the names, or the first few of them.
    fn some<'n>(&self, line: Line, names: impl ExactSizeIterator<Item = &'n str>) -> Line {
        let most = if self.all { usize::MAX } else { FEW };
        let more = names.len().saturating_sub(most);
        let line = crate::layout::list(line, names.take(most));
        match more {
            0 => line,
            more => line.paint(Paint::Faint, &format!("and {more} more (--show all)")),
        }
    }

    fn origin(&mut self, facts: &Facts) -> io::Result<()> {
        let size = format!("{} bytes", facts.bytes);
        let line = named("size").say(&size);
        self.put(match &facts.missing {
            Some(missing) => gap(line.glue(","), missing),
            None => line,
        })?;
        self.fact("toolchain", &facts.toolchain, "", toolchain)?;
        self.fact("main module", &facts.main, "", main)?;
        self.modules(facts)?;
        self.settings(facts)?;
        self.linker_flags(&facts.linker_flags)?;
        self.godebug(&facts.godebug)
    }

    fn modules(&mut self, facts: &Facts) -> io::Result<()> {
        let all = self.all;
        self.fact("modules", &facts.modules, "", |line, modules| {
            let line = line.say(&counted(modules.len(), "module", "modules"));
            if all {
                line
            } else {
                line.paint(Paint::Faint, "(--modules)")
            }
        })?;
        let listed = facts.modules.value.iter().flatten().filter(|_| all);
        for module in listed {
            let line = Line::at(6)
                .name(Paint::Plain, &module.path)
                .name(Paint::Plain, &module.version);
            self.put(match &module.replaced_by {
                Some(by) => line
                    .say("=>")
                    .name(Paint::Plain, &by.path)
                    .name(Paint::Plain, &by.version),
                None => line,
            })?;
        }
        Ok(())
    }

    fn settings(&mut self, facts: &Facts) -> io::Result<()> {
        self.fact("settings", &facts.settings, "", |line, settings| {
            // These two have lines of their own.
            let own = ["-ldflags", "DefaultGODEBUG"];
            let rest = settings.iter().filter(|s| !own.contains(&s.key.as_str()));
            let rest: Vec<String> = rest.map(|s| format!("{}={}", s.key, s.value)).collect();
            if settings.is_empty() {
                return line.say("none recorded");
            }
            crate::layout::list(line, rest.iter().map(String::as_str))
        })
    }

    fn linker_flags(&mut self, flags: &facts::LinkerFlags) -> io::Result<()> {
        let line = named("linker flags");
        self.put(match (&flags.flags, &flags.gap) {
            (Some(text), _) => line.prose(text),
            (None, Some(why)) => gap(line, why),
            (None, None) if flags.status == "none" => line.say("none"),
            (None, None) => line.say("lost: with -trimpath the go command does not record them"),
        })?;
        let Some(values) = flags.values.value.as_ref().filter(|list| !list.is_empty()) else {
            return match &flags.values.gap {
                Some(why) => self.put(gap(named("set by -X"), why)),
                None => Ok(()),
            };
        };
        let most = if self.all { usize::MAX } else { FEW };
        for (index, variable) in values.iter().take(most).enumerate() {
            let line = if index == 0 {
                named("set by -X")
            } else {
                named("")
            };
            let name = variable.variable.as_deref().unwrap_or("(name not known)");
            let line = line.name(Paint::Plain, name).glue(":");
            self.put(line.prose(&variable.value))?;
        }
        match values.len().saturating_sub(most) {
            0 => Ok(()),
            more => {
                let more = format!("and {more} more (--show all)");
                self.put(named("").paint(Paint::Faint, &more))
            }
        }
    }

    /// Defaults that weaken security, and how many others there are.
    fn godebug(&mut self, godebug: &Fact<Vec<facts::Godebug>>) -> io::Result<()> {
        let all = self.all;
        self.fact("GODEBUG", godebug, "", |line, list| {
            let shown = list.iter().filter(|s| all || s.weakens.is_some());
            let shown: Vec<&facts::Godebug> = shown.collect();
            let others = list.len() - shown.len();
            let line = shown.iter().enumerate().fold(line, |line, (i, setting)| {
                let line = if i == 0 { line } else { line.glue(",") };
                let line = line.name(Paint::Plain, &format!("{}={}", setting.name, setting.value));
                match &setting.weakens {
                    Some(why) => line.prose(&format!("({why})")),
                    None => line,
                }
            });
            match (others, shown.is_empty()) {
                (0, true) => line.say("defaults of the toolchain"),
                (0, false) => line,
                (n, true) => line.paint(Paint::Faint, &format!("{n} older defaults (--show all)")),
                (n, false) => line.glue(";").paint(
                    Paint::Faint,
                    &format!("{n} other older defaults (--show all)"),
                ),
            }
        })
    }

    fn code(&mut self, facts: &Facts) -> io::Result<()> {
        self.fact("packages", &facts.packages, "", |line, count| {
            line.say(&counted(*count, "package", "packages"))
                .say("with functions")
        })?;
        self.fact("functions", &facts.functions, "", |line, functions| {
            line.say(&functions.emitted.to_string())
                .glue(",")
                .say(&format!("{} only inlined", functions.only_inlined))
                .glue(",")
                .say(&format!("{} inlined calls", functions.inlined_calls))
        })?;
        self.fact("entry points", &facts.entry_points, "", |line, points| {
            let points = points.iter().map(|point| match &point.address {
                Some(address) => format!("{} at {address}", point.function),
                None => point.function.clone(),
            });
            let points: Vec<String> = points.collect();
            if points.is_empty() {
                return line.say("none found");
            }
            points.iter().enumerate().fold(line, |line, (i, point)| {
                let line = if i == 0 { line } else { line.glue(",") };
                line.prose(point)
            })
        })?;
        self.cpu(&facts.cpu)?;
        self.fact("cryptography", &facts.crypto, "", crypto)
    }

    fn cpu(&mut self, cpu: &facts::Cpu) -> io::Result<()> {
        self.fact("CPU recorded", &cpu.recorded, "no level", |line, level| {
            line.prose(level)
        })?;
        if let Some(level) = &cpu.demanded {
            self.put(named("CPU demanded").prose(level).say("at start"))?;
        }
        self.fact("CPU used", &cpu.used, "", |line, used| {
            let line = line.say("at least").prose(&used.proven).say(&format!(
                "in {} compiled functions",
                used.compiled_functions
            ));
            used.features.iter().fold(line, |line, feature| {
                let where_ = match feature.proving_functions {
                    0 => "behind checks or not proven".to_owned(),
                    n => counted(
                        usize::try_from(n).unwrap_or(usize::MAX),
                        "function",
                        "functions",
                    ),
                };
                line.glue(";").say(feature.name).say(&format!("({where_})"))
            })
        })?;
        let gaps = cpu.used.value.iter().flat_map(|used| &used.gaps);
        for why in gaps {
            self.put(gap(named(""), why))?;
        }
        Ok(())
    }

    fn running(&mut self, facts: &Facts) -> io::Result<()> {
        self.linkage(&facts.linkage)?;
        let c_code = &facts.c_code;
        let names: Vec<&str> = c_code
            .value
            .iter()
            .flat_map(|c| c.packages.iter().map(String::as_str))
            .collect();
        let listed = |line: Line, block: &Self| match names.len() {
            0 => line,
            _ => block.some(line.glue(":").say("called by"), names.iter().copied()),
        };
        let line = named("C code");
        let line = match (&c_code.value, &c_code.gap) {
            (Some(c), _) if c.linked => listed(line.say("linked"), self),
            (Some(c), _) => match c.cgo_enabled {
                Some(true) => line.say("none linked (CGO_ENABLED=1)"),
                _ => line.say("none linked"),
            },
            (None, Some(why)) => gap(line, why),
            (None, None) => line.say("none"),
        };
        self.put(line)?;
        let hardening = &facts.hardening;
        if let Some(why) = &hardening.gap {
            return self.put(gap(named("hardening"), why));
        }
        for (index, statement) in hardening.value.iter().flatten().enumerate() {
            let name = if index == 0 { "hardening" } else { "" };
            let line = named(name).say(statement.name).glue(":");
            self.put(match (&statement.says.value, &statement.says.gap) {
                (Some(said), _) => line.prose(said),
                (None, Some(why)) => gap(line, why),
                (None, None) => line.say("none"),
            })?;
        }
        Ok(())
    }

    fn linkage(&mut self, linkage: &Fact<facts::Linkage>) -> io::Result<()> {
        let Some(read) = &linkage.value else {
            return self.fact("linkage", linkage, "", |line, _| line);
        };
        self.fact("linkage", &read.r#static, "", |line, is_static| {
            if *is_static {
                return line.say("static: needs no loader and no library");
            }
            let line = line.say("dynamic");
            read.because
                .iter()
                .enumerate()
                .fold(line, |line, (i, why)| {
                    line.glue(if i == 0 { ":" } else { ";" }).say(why)
                })
        })?;
        if read.r#static.value == Some(true) {
            return Ok(());
        }
        self.fact("interpreter", &read.interpreter, "none", |line, path| {
            line.name(Paint::Plain, path)
        })?;
        let line = named("needs");
        let line = match (&read.needed.value, &read.needed.gap) {
            (Some(list), _) if list.is_empty() => line.say("no library"),
            (Some(list), _) => self.some(line, list.iter().map(String::as_str)),
            (None, Some(why)) => gap(line, why),
            (None, None) => line.say("no library"),
        };
        self.put(line)
    }

    fn identities(&mut self, facts: &Facts) -> io::Result<()> {
        let ids = &facts.build_ids;
        self.fact("Go build ID", &ids.go, "none", |line, id| line.prose(id))?;
        self.fact("GNU build ID", &ids.gnu, "none", |line, id| line.prose(id))?;
        if ids.uuid.value.is_some() {
            self.fact("UUID", &ids.uuid, "none", |line, id| line.prose(id))?;
        }
        let debug = &facts.debug_info;
        self.fact(
            "debug information",
            &debug.sections,
            "",
            |line, sections| {
                if sections.is_empty() {
                    return line.say("none");
                }
                let stored: u64 = sections.iter().map(|s| s.bytes).sum();
                let whole: u64 = sections.iter().map(|s| s.uncompressed).sum();
                let line = line.say(&counted(sections.len(), "section", "sections"));
                let line = line.glue(",").say(&format!("{stored} bytes"));
                if whole == stored {
                    line
                } else {
                    line.say(&format!("({whole} uncompressed)"))
                }
            },
        )?;
        self.fact(
            "symbol table",
            &debug.symbol_table,
            "none",
            |line, table| line.say(&format!("{} symbols, {} bytes", table.symbols, table.bytes)),
        )?;
        self.fact("debug link", &debug.debug_link, "none", |line, file| {
            line.name(Paint::Plain, file)
        })?;
        if debug.pdb.value.is_some() {
            self.fact("PDB", &debug.pdb, "none", |line, path| {
                line.name(Paint::Plain, path)
            })?;
        }
        Ok(())
    }

    fn builder_paths(&mut self, found: &facts::BuilderPaths) -> io::Result<()> {
        let mut name = "builder paths";
        let mut first = || named(std::mem::take(&mut name));
        if found.paths.is_empty() && found.gaps.is_empty() {
            return self.put(first().say("none found"));
        }
        let most = if self.all { usize::MAX } else { FEW };
        for one in found.paths.iter().take(most) {
            let line = match &one.setting {
                Some(key) => first().say("setting").name(Paint::Plain, key),
                None => first().say(&one.place.replace('-', " ")),
            };
            let line = line.glue(":").name(Paint::Plain, &one.path);
            self.put(match one.count {
                1 => line,
                count => line.paint(Paint::Faint, &format!("({count} times)")),
            })?;
        }
        let more = found.more + found.paths.len().saturating_sub(most);
        if more > 0 {
            self.put(first().paint(Paint::Faint, &format!("and {more} more")))?;
        }
        found
            .gaps
            .iter()
            .try_for_each(|why| self.put(gap(first(), why)))
    }
}

fn toolchain(line: Line, toolchain: &facts::Toolchain) -> Line {
    let line = line.prose(&toolchain.version);
    let line = match &toolchain.vendor {
        Some(vendor) => line.glue(",").say("vendor").prose(vendor),
        None => line,
    };
    if toolchain.experiments.is_empty() {
        return line;
    }
    let experiments = toolchain.experiments.iter().map(String::as_str);
    crate::layout::list(line.glue(",").say("experiments"), experiments)
}

fn main(line: Line, main: &facts::Main) -> Line {
    let line = match &main.module {
        Some(module) => line.name(Paint::Plain, module),
        None => line.say("not recorded"),
    };
    let line = match &main.version {
        Some(version) => line.name(Paint::Plain, version),
        None => line,
    };
    let how = match main.kind {
        "release" => "from a tag",
        "pre-release" => "from a pre-release tag",
        "pseudo-version" => "from a commit without a tag",
        "commit-only" => "only the commit is known",
        "built-from-files" => "built from files, not from a module",
        "not-recorded" => "no module is recorded",
        "other" => "not a version",
        _ => "no version is known",
    };
    let line = line.glue(":").say(how);
    let line = if main.dirty {
        line.glue(",").say("with changes that were not committed")
    } else {
        line
    };
    let line = match &main.revision {
        Some(revision) => line.glue(",").say("commit").name(Paint::Plain, revision),
        None => line,
    };
    let line = match &main.time {
        Some(time) => line.say("of").name(Paint::Plain, time),
        None => line,
    };
    match &main.package {
        Some(package) if main.module.as_ref() != Some(package) => {
            line.glue(";").say("package").name(Paint::Plain, package)
        }
        _ => line,
    }
}

fn crypto(line: Line, crypto: &facts::Crypto) -> Line {
    let line = line.say(match crypto.variant {
        "none" => "none used",
        "go" => "Go's own, not validated",
        "go-fips140" => "Go's FIPS 140 module",
        "boringcrypto" => "BoringCrypto",
        "openssl" => "OpenSSL, when the program runs",
        "system" => "that of the operating system",
        other => other,
    });
    let line = match &crypto.module {
        Some(module) => line.name(Paint::Plain, module),
        None => line,
    };
    match (&crypto.fips_mode.value, &crypto.fips_mode.gap) {
        (Some(mode), _) => line.glue(",").say(&format!("fips140={mode}")),
        (None, Some(why)) => gap(line.glue(",").say("mode"), why),
        (None, None) => line,
    }
}
