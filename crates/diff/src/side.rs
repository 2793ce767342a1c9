//! One side of a comparison: the functions of a binary, by address and with their code.

use goassay_binary::Binary;
use goassay_binary::address::VirtualAddress;
use goassay_binary::bytes::Bytes;
use goassay_binary::gap::Gap;
use goassay_binary::image::Image;

/// A function with its code.
#[derive(Clone, Copy)]
pub(crate) struct Function<'a> {
    /// Linker name (hostile).
    pub(crate) name: &'a [u8],
    /// Entry; 0 where it has none yet (objects).
    pub(crate) address: u64,
    /// Machine code without the padding behind it.
    pub(crate) code: &'a [u8],
    /// Calls inlined into it.
    pub(crate) inlined: u32,
    /// The file of its definition (hostile); none for code out of C objects.
    pub(crate) file: Option<&'a [u8]>,
    /// The line of its definition; 0 where it is not known.
    pub(crate) line: u32,
}

impl Function<'_> {
    fn end(&self) -> u64 {
        self.address.saturating_add(self.code.len() as u64)
    }
}

/// What an address is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Use {
    /// Code.
    Code,
    /// Data that is not written to.
    Constant,
    /// Variables, those without bytes in the file included.
    Variable,
}

/// A binary with what several comparisons need of it.
pub(crate) struct Side<'a> {
    /// Length of the file.
    pub(crate) len: usize,
    /// Functions in order of their entries.
    pub(crate) functions: Vec<Function<'a>>,
    /// How many names are there as inlined calls alone.
    pub(crate) only_inlined: u64,
    /// How code is read; none for architectures of which addresses in code are not known.
    pub(crate) machine: Option<Machine>,
    /// What could not be read.
    pub(crate) gaps: Vec<Gap>,
    uses: Uses,
    /// Behind the last function.
    code_end: u64,
}

/// Architectures of which addresses in code are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Machine {
    Amd64,
    Arm64,
}

/// Segments by address: start, end, use.
struct Uses(Vec<(u64, u64, Use)>);

impl<'a> Side<'a> {
    pub(crate) fn of(binary: &Binary<'a>, len: usize) -> Side<'a> {
        let image = binary.image();
        let machine = match image.arch {
            Some("amd64") => Some(Machine::Amd64),
            Some("arm64") => Some(Machine::Arm64),
            _ => None,
        };
        let mut side = Side {
            len,
            functions: Vec::new(),
            only_inlined: 0,
            machine,
            gaps: Vec::new(),
            uses: Uses::of(image),
            code_end: u64::MAX,
        };
        // Functions of a hostile file may overlap; together they may not be longer than it is.
        let mut left = len;
        let gaps = binary.each_function(|listed| {
            let Some(emitted) = listed.code else {
                side.only_inlined += 1;
                return;
            };
            let code = emitted
                .address
                .and_then(|at| image.slice(at, emitted.len.into()));
            let code = code.map_or(&[][..], Bytes::data);
            let code = code.get(..code.len().min(left)).unwrap_or_default();
            left -= code.len();
            side.functions.push(Function {
                name: listed.name,
                address: emitted.address.map_or(0, |at| at.0),
                code: without_padding(code, machine),
                inlined: emitted.inlined,
                file: emitted.position.map(|position| position.file),
                line: emitted.position.map_or(0, |position| position.line),
            });
        });
        let ends = side.functions.iter().map(Function::end);
        side.code_end = ends.max().unwrap_or(u64::MAX);
        side.gaps.extend(gaps);
        side.gaps.extend(binary.build_info().err().cloned());
        side.gaps.extend(image.missing());
        side
    }

    /// The function that an address lies in, with the offset from its entry.
    pub(crate) fn function_at(&self, address: u64) -> Option<(&Function<'a>, u64)> {
        let behind = self.functions.partition_point(|f| f.address <= address);
        let function = self.functions.get(behind.checked_sub(1)?)?;
        let offset = address - function.address;
        (offset < function.code.len() as u64).then_some((function, offset))
    }

    /// What an address is for; variables where no byte of the file stands for it.
    pub(crate) fn use_of(&self, address: u64) -> Use {
        match self.uses.of_address(address) {
            // Mach-O files have constants in the segment of the code, behind it.
            Use::Code if address >= self.code_end => Use::Constant,
            other => other,
        }
    }
}

impl Uses {
    fn of(image: &Image<'_>) -> Uses {
        let segments = image.segments.iter().map(|segment| {
            let start = segment.address.0;
            let kind = match segment.permissions {
                p if p.execute => Use::Code,
                p if p.write => Use::Variable,
                _ => Use::Constant,
            };
            (start, start.saturating_add(segment.len), kind)
        });
        Uses(segments.collect())
    }

    fn of_address(&self, address: u64) -> Use {
        let behind = self.0.partition_point(|&(start, ..)| start <= address);
        let found = behind.checked_sub(1).and_then(|at| self.0.get(at));
        let found = found.filter(|&&(_, end, _)| address < end);
        found.map_or(Use::Variable, |&(.., kind)| kind)
    }
}

/// Padding is `INT3` on amd64 and zeros elsewhere; how much there is follows from where the function stands.
fn without_padding(code: &[u8], machine: Option<Machine>) -> &[u8] {
    let padding = match machine {
        Some(Machine::Amd64) => 0xcc,
        _ => 0,
    };
    let end = code.iter().rposition(|&byte| byte != padding);
    let end = end.map_or(0, |last| last + 1);
    let end = match machine {
        Some(Machine::Amd64) => end,
        // A zero byte may be the last of an instruction.
        _ => end.next_multiple_of(4).min(code.len()),
    };
    code.get(..end).unwrap_or_default()
}

/// Bytes at an address, where one segment has them all.
pub(crate) fn bytes_at<'a>(image: &Image<'a>, address: u64, len: u64) -> Option<&'a [u8]> {
    Some(image.slice(VirtualAddress(address), len)?.data())
}
