//! One Go binary: image, build information, pc-line table and module data, tied together.

use crate::address::{NameOffset, VirtualAddress};
use crate::buildinfo::{self, BuildInfo};
use crate::bytes::Bytes;
use crate::debuginfo::{self, DebugInfo};
use crate::gap::{Fact, Gap, Topic};
use crate::hardening::{self, Hardening};
use crate::image::{Image, Kind};
use crate::moduledata::ModuleData;
use crate::packed;
use crate::pclntab::{Budget, Function, Pclntab, Position, RecordFormat, find};
use crate::search::{Places, Search};
use crate::size::symbols;

/// A Go binary, opened: cheap to make, everything else is looked up when asked for.
pub struct Binary<'a> {
    image: Image<'a>,
    build_info: Fact<BuildInfo<'a>>,
    table: Fact<Pclntab<'a>>,
    module_data: Fact<ModuleData>,
}

/// Why bytes are not taken for a Go binary.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotGo {
    /// Headers could not be read.
    Unreadable(Gap),
    /// An image without build information and pc-line table.
    NoGoFound,
    /// The contents are compressed; names the packer.
    Packed(&'static str),
}

/// One place where a wanted name is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Occurrence<'a> {
    /// The name asked for.
    pub name: NameOffset,
    /// The function that holds the code: its own, or the host it was inlined into.
    pub function: NameOffset,
    /// Entry of that function, where the text base is known.
    pub address: Option<VirtualAddress>,
    /// Whether the code was inlined into `function`.
    pub inlined: bool,
    /// Where the function is defined or, inlined, where it was called from.
    pub position: Option<Position<'a>>,
}

impl<'a> Binary<'a> {
    /// Opens one image (see [`crate::container::members`] for files that hold several).
    ///
    /// # Errors
    /// Where the bytes are no Go binary, as far as can be seen.
    pub fn parse(data: &'a [u8]) -> Result<Binary<'a>, NotGo> {
        let image = match Image::parse(data) {
            Ok(image) => image,
            Err(gap) => {
                return Err(packed::packer(data).map_or(NotGo::Unreadable(gap), NotGo::Packed));
            }
        };
        let build_info = buildinfo::read(&image);
        let minor = build_info
            .as_ref()
            .ok()
            .and_then(|info| go_minor(info.go_version));
        let (table, module_data) = tables(&image, minor);
        if table.is_err() {
            if let Some(packer) = packed::packer(data) {
                return Err(NotGo::Packed(packer));
            }
            if build_info.is_err() && !buildinfo::is_present(&image) && !find::has_old_table(&image)
            {
                return Err(NotGo::NoGoFound);
            }
        }
        Ok(Binary {
            image,
            build_info,
            table,
            module_data,
        })
    }

    /// The image.
    pub fn image(&self) -> &Image<'a> {
        &self.image
    }

    /// The build information.
    pub fn build_info(&self) -> Result<&BuildInfo<'a>, &Gap> {
        self.build_info.as_ref()
    }

    /// The pc-line table: names and functions.
    pub fn pclntab(&self) -> Result<&Pclntab<'a>, &Gap> {
        self.table.as_ref()
    }

    /// The module data.
    pub fn module_data(&self) -> Result<&ModuleData, &Gap> {
        self.module_data.as_ref()
    }

    /// What the headers say about hardening.
    ///
    /// # Errors
    /// See [`hardening::read`].
    pub fn hardening(&self) -> Fact<Hardening<'a>> {
        hardening::read(&self.image)
    }

    /// What the image says about its debug information.
    pub fn debug_info(&self) -> DebugInfo<'a> {
        debuginfo::read(&self.image)
    }

    /// Shows name, address and length (0 where the format has none) of each symbol that is defined, in table order; nothing
    /// where there is no symbol table. Names are hostile.
    pub fn each_symbol(&self, mut visit: impl FnMut(&'a [u8], VirtualAddress, u64)) {
        symbols::each(&self.image, &mut visit);
    }

    /// For a plugin, the path that stands for `main` in linker names.
    pub fn plugin_path(&self) -> Option<&'a str> {
        self.module_data.as_ref().ok()?.plugin_path(&self.image)
    }

    /// The entry address of a function, where the text base is known. Objects have no addresses yet.
    pub fn address(&self, function: &Function<'a>) -> Option<VirtualAddress> {
        if self.image.kind == Kind::Object {
            return None;
        }
        match &self.module_data {
            Ok(data) => data.text_address(function.entry),
            Err(_) => self
                .table
                .as_ref()
                .ok()?
                .text_start()?
                .offset(u64::from(function.entry.0)),
        }
    }

    /// The source position of a function's definition.
    pub fn definition(&self, function: &Function<'a>) -> Option<Position<'a>> {
        function.definition(&mut self.budget())
    }

    /// The source position of the instruction `offset` bytes behind a function's entry; of inlined code, the callee's.
    pub fn position(&self, function: &Function<'a>, offset: u64) -> Option<Position<'a>> {
        function.position(offset, &mut self.budget())
    }

    /// The calls inlined into a function: callee and position of the call.
    pub fn inlined_calls(
        &self,
        function: &Function<'a>,
    ) -> Vec<(NameOffset, Option<Position<'a>>)> {
        let tree = || -> Option<Bytes<'a>> {
            let gofunc = self.module_data.as_ref().ok()?.gofunc?;
            self.image
                .tail(gofunc.offset(u64::from(function.inline_tree()?))?)
        };
        let Some(tree) = tree() else {
            return Vec::new();
        };
        let mut budget = self.budget();
        let calls = (0..function.inlined_count(&mut budget)).map_while(|index| {
            let call = function
                .inlined_call(tree, index)
                .filter(|_| budget.take(1))?;
            let position = function.position(u64::from(call.parent_pc), &mut budget);
            Some((call.name, position))
        });
        calls.collect()
    }

    /// Gives to `found` where the functions with the `wanted` names are, functions of their own first, then inlined
    /// calls; returns what could not be looked at.
    ///
    /// It walks all functions and checks on the way that each one points to a name, so it is worth a call even where
    /// nothing is wanted: without it, a damaged name table would look like a clean one.
    pub fn occurrences(
        &self,
        wanted: &[NameOffset],
        places: Places,
        found: &mut dyn FnMut(Occurrence<'a>),
    ) -> Vec<Gap> {
        let table = match &self.table {
            Ok(table) => table,
            Err(gap) => return vec![gap.clone()],
        };
        let mut gaps = Search::run(self, table, wanted, places, found);
        gaps.extend(self.module_data.as_ref().err().cloned());
        gaps
    }

    pub(crate) fn budget(&self) -> Budget {
        Budget::for_file(self.image.bytes().data().len())
    }
}

/// The pc-line table that the module data points to, or the only candidate there is.
fn tables<'a>(image: &Image<'a>, minor: Option<u32>) -> (Fact<Pclntab<'a>>, Fact<ModuleData>) {
    let format = minor.map(|minor| {
        if minor < 20 {
            RecordFormat::Go118
        } else {
            RecordFormat::Go120
        }
    });
    let mut unconfirmed: Vec<Pclntab<'a>> = Vec::new();
    for table in find::candidates(image, format) {
        if unconfirmed.iter().any(|seen| seen.address == table.address) {
            continue;
        }
        match ModuleData::find(image, &table, minor) {
            Some(data) => return (Ok(table), Ok(data)),
            None => unconfirmed.push(table),
        }
        if unconfirmed.len() > MOST_CANDIDATES {
            break;
        }
    }
    let no_data = Gap::new(
        Topic::ModuleData,
        "no module data points to the pc-line table",
    );
    match unconfirmed.as_slice() {
        [] => (Err(no_table(image, minor)), Err(no_data)),
        [table] => (Ok(*table), Err(no_data)),
        several => {
            let reason = format!(
                "{} pc-line tables were found and no module data says which is real",
                several.len()
            );
            (Err(Gap::new(Topic::Symbols, reason)), Err(no_data))
        }
    }
}

/// Unconfirmed candidates after which the search ends; each one costs a pass over the data.
const MOST_CANDIDATES: usize = 16;

fn no_table(image: &Image<'_>, minor: Option<u32>) -> Gap {
    let reason = match minor {
        Some(minor) if minor < 18 => {
            format!("the pc-line table of Go 1.{minor} is not read; Go 1.18 and later are")
        }
        _ if find::has_old_table(image) => {
            "the pc-line table is of a Go before 1.18, which is not read".to_owned()
        }
        _ => "no pc-line table was found".to_owned(),
    };
    Gap::new(Topic::Symbols, reason)
}

/// The 1.x minor version in a toolchain version (`go1.26.8 X:jsonv2`, `devel go1.27-abcdef`).
fn go_minor(version: &str) -> Option<u32> {
    let rest = version.find("go1.").and_then(|at| version.get(at + 4..))?;
    let digits = rest
        .find(|c: char| !c.is_ascii_digit())
        .map_or(rest, |end| rest.get(..end).unwrap_or_default());
    digits.parse().ok()
}
