//! pc-value tables: what a number is at each pc of a function (`src/runtime/symtab.go`, `pcvalue` and `step`).

/// How many bytes of pc-value tables and inline trees may still be decoded.
///
/// In a real binary every table belongs to few functions; a hostile one can let each of a million functions name the same
/// megabyte. The budget makes the work linear in the file's size.
#[derive(Debug)]
pub(crate) struct Budget {
    left: u64,
}

impl Budget {
    /// A budget for one walk over the tables of a file of `file_len` bytes.
    pub(crate) fn for_file(file_len: usize) -> Budget {
        Budget {
            left: (file_len as u64).saturating_mul(4).saturating_add(1 << 20),
        }
    }

    /// Takes `bytes`; false where they are no longer there.
    pub(crate) fn take(&mut self, bytes: u64) -> bool {
        let enough = self.left >= bytes;
        self.left = self.left.saturating_sub(bytes);
        enough
    }

    pub(crate) fn is_spent(&self) -> bool {
        self.left == 0
    }
}

/// One run of equal values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Run {
    /// Offset from the function's entry at which the run ends (exclusive).
    pub(crate) end: u64,
    /// The value up to there.
    pub(crate) value: i32,
}

/// The runs of one table.
pub(crate) struct Runs<'a, 'b> {
    table: &'a [u8],
    first: bool,
    pc: u64,
    value: i32,
    quantum: u8,
    budget: &'b mut Budget,
}

impl<'a, 'b> Runs<'a, 'b> {
    /// The runs of the table at the start of `table`, with pc deltas in units of `quantum` bytes.
    pub(crate) fn new(table: &'a [u8], quantum: u8, budget: &'b mut Budget) -> Runs<'a, 'b> {
        Runs {
            table,
            first: true,
            pc: 0,
            value: -1,
            quantum,
            budget,
        }
    }
}

impl Iterator for Runs<'_, '_> {
    type Item = Run;

    #[inline]
    fn next(&mut self) -> Option<Run> {
        let before = self.table.len();
        let delta = varint(&mut self.table)?;
        if delta == 0 && !self.first {
            return None;
        }
        self.first = false;
        let advance = varint(&mut self.table)?;
        if !self.budget.take((before - self.table.len()) as u64) {
            return None;
        }
        // Zigzag: the lowest bit is the sign.
        let delta = (delta >> 1).cast_signed() ^ -((delta & 1).cast_signed());
        self.value = self.value.wrapping_add(delta);
        self.pc = self
            .pc
            .checked_add(u64::from(advance).checked_mul(u64::from(self.quantum))?)?;
        Some(Run {
            end: self.pc,
            value: self.value,
        })
    }
}

/// A 32-bit varint (`runtime.readvarint`) off the front of `data`. Nearly all are one byte long.
#[inline]
fn varint(data: &mut &[u8]) -> Option<u32> {
    let (&first, rest) = data.split_first()?;
    *data = rest;
    if first < 0x80 {
        return Some(u32::from(first));
    }
    let mut value = u32::from(first & 0x7f);
    for shift in [7, 14, 21, 28] {
        let (&byte, rest) = data.split_first()?;
        *data = rest;
        value |= u32::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    fn runs(data: &[u8], quantum: u8) -> Vec<Run> {
        Runs::new(data, quantum, &mut Budget::for_file(data.len())).collect()
    }

    #[test]
    fn deltas_add_up_from_minus_one() {
        // +1 for 4 units, then +2 for 3, then -1 for 1, end.
        let table = [2, 4, 4, 3, 1, 1, 0];
        assert_eq!(
            runs(&table, 2),
            [
                Run { end: 8, value: 0 },
                Run { end: 14, value: 2 },
                Run { end: 16, value: 1 }
            ]
        );
    }

    #[test]
    fn a_first_delta_of_zero_is_a_run() {
        assert_eq!(runs(&[0, 5, 0], 1), [Run { end: 5, value: -1 }]);
    }

    #[test]
    fn a_table_without_end_stops_at_the_end_of_the_data() {
        assert_eq!(runs(&[2, 1, 2, 1, 2], 1).len(), 2);
    }

    #[test]
    fn varints_of_more_than_32_bits_end_the_table() {
        assert_eq!(
            varint(&mut &[0x80, 0x80, 0x80, 0x80, 0x01][..]),
            Some(1 << 28)
        );
        assert_eq!(varint(&mut &[0xff; 9][..]), None);
        assert_eq!(varint(&mut &[0x80][..]), None);
    }

    #[test]
    fn the_budget_ends_the_work() {
        let data = [2, 1].repeat(100);
        let mut budget = Budget { left: 10 };
        assert_eq!(Runs::new(&data, 1, &mut budget).count(), 5);
        assert!(budget.is_spent());
    }
}
