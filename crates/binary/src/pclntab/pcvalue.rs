//! pc-value tables: what a number is at each pc of a function (`src/runtime/symtab.go`, `pcvalue` and `step`).

use crate::bytes::Bytes;

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
    table: Bytes<'a>,
    at: u64,
    pc: u64,
    value: i32,
    quantum: u8,
    budget: &'b mut Budget,
}

impl<'a, 'b> Runs<'a, 'b> {
    /// The runs of the table at the start of `table`, with pc deltas in units of `quantum` bytes.
    pub(crate) fn new(table: Bytes<'a>, quantum: u8, budget: &'b mut Budget) -> Runs<'a, 'b> {
        Runs {
            table,
            at: 0,
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
        let (delta, at) = self.table.uvarint(self.at)?;
        if delta == 0 && self.at != 0 {
            return None;
        }
        let (advance, end) = self.table.uvarint(at)?;
        if !self.budget.take(end - self.at) {
            return None;
        }
        let delta = u32::try_from(delta).ok()?;
        // Zigzag: the lowest bit is the sign.
        let delta = (delta >> 1).cast_signed() ^ -((delta & 1).cast_signed());
        self.value = self.value.wrapping_add(delta);
        self.pc = self
            .pc
            .checked_add(advance.checked_mul(u64::from(self.quantum))?)?;
        self.at = end;
        Some(Run {
            end: self.pc,
            value: self.value,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bytes::{Endian, Order, Width};

    fn runs(data: &[u8], quantum: u8) -> Vec<Run> {
        let bytes = Bytes::new(
            data,
            Order {
                endian: Endian::Little,
                width: Width::W64,
            },
        );
        Runs::new(bytes, quantum, &mut Budget::for_file(data.len())).collect()
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
    fn the_budget_ends_the_work() {
        let data = [2, 1].repeat(100);
        let bytes = Bytes::new(
            &data,
            Order {
                endian: Endian::Little,
                width: Width::W64,
            },
        );
        let mut budget = Budget { left: 10 };
        assert_eq!(Runs::new(bytes, 1, &mut budget).count(), 5);
        assert!(budget.is_spent());
    }
}
