//! The machine code of all functions, each with the file that its first instruction comes from.
//!
//! A file tells what made the code: the compiler writes positions in `.go` files, the assembler in `.s` files, and what came
//! out of C objects has none.

use crate::address::{NameOffset, VirtualAddress};
use crate::binary::Binary;
use crate::gap::{Gap, Topic};
use crate::pclntab::{Function, Pclntab};

/// The code of one function.
#[derive(Debug, Clone, Copy)]
pub struct Code<'a> {
    /// The function's name.
    pub name: NameOffset,
    /// Address of the first instruction; in an object, in the layout that the image was given.
    pub address: VirtualAddress,
    /// From the entry to the next function's, padding included.
    pub bytes: &'a [u8],
    /// The file of the first instruction (hostile); where that is inlined, the callee's.
    pub file: Option<&'a [u8]>,
    /// The function's record says that it was written in assembly.
    pub assembly: bool,
}

impl<'a> Binary<'a> {
    /// Shows the code of each function to `visit`, in order of the entries. What could not be shown is a gap.
    ///
    /// Together it shows at most as many bytes as the file has, whatever the table of functions says.
    pub fn each_code(&self, mut visit: impl FnMut(Code<'a>)) -> Vec<Gap> {
        let table = match self.pclntab() {
            Ok(table) => table,
            Err(gap) => return vec![gap.clone()],
        };
        let mut budget = self.budget();
        let mut left = self.image().bytes().len();
        let (mut lost, mut unread) = (0u64, 0u64);
        let mut seen = 0;
        for function in table.functions() {
            seen += 1;
            let len = u64::from(function.len());
            if len == 0 {
                continue;
            }
            let code = self.text(table, &function).and_then(|address| {
                let bytes = self.image().slice(address, len)?.data();
                Some((address, bytes))
            });
            let Some((address, bytes)) = code.filter(|_| left >= len) else {
                lost += 1;
                continue;
            };
            left -= len;
            let file = function.first_file(&mut budget);
            unread += u64::from(file.is_none() && !function.records_no_file());
            visit(Code {
                name: function.name,
                address,
                bytes,
                file,
                assembly: function.is_assembly(),
            });
        }
        // Without it, the table may have other functions than the program.
        let mut gaps: Vec<Gap> = self.module_data().err().cloned().into_iter().collect();
        if seen < table.function_count() {
            let reason = "function records lie outside the pc-line table";
            gaps.push(Gap::new(Topic::Functions, reason));
        }
        if lost > 0 {
            let reason = format!(
                "the code of {lost} of {} functions lies outside the file or on top of other code",
                table.function_count()
            );
            gaps.push(Gap::new(Topic::Functions, reason));
        }
        if budget.is_spent() {
            let reason =
                "the tables of the functions overlap so much that not all could be decoded";
            gaps.push(Gap::new(Topic::Lines, reason));
        } else if unread > 0 {
            let reason = format!("the source files of {unread} functions cannot be read");
            gaps.push(Gap::new(Topic::Lines, reason));
        }
        gaps
    }

    /// Where a function's code lies in the image, objects included.
    pub(crate) fn text(
        &self,
        table: &Pclntab<'a>,
        function: &Function<'a>,
    ) -> Option<VirtualAddress> {
        match self.module_data() {
            Ok(data) => data.text_address(function.entry),
            Err(_) => table.text_start()?.offset(u64::from(function.entry.0)),
        }
    }
}
