//! A set of places in a region, cheap to fill in any order and to go through in the order in which they lie.

/// Offsets into a region as one bit for each [`UNIT`](Starts::UNIT) bytes.
pub(super) struct Starts {
    bits: Vec<u64>,
}

impl Starts {
    /// Inline trees are made of 32-bit numbers and aligned so (`cmd/link/internal/ld.symalign`). What a hostile file has
    /// between two units is not told apart.
    pub(super) const UNIT: u32 = 4;

    /// A set that can hold offsets up to `highest`.
    pub(super) fn up_to(highest: u32) -> Starts {
        let words = (highest / Self::UNIT / 64) as usize + 1;
        Starts {
            bits: vec![0; words],
        }
    }

    fn place(offset: u32) -> (usize, u64) {
        let unit = offset / Self::UNIT;
        ((unit / 64) as usize, 1 << (unit % 64))
    }

    /// Adds an offset, rounded down to a unit. One above the highest is left out.
    pub(super) fn add(&mut self, offset: u32) {
        let (word, bit) = Self::place(offset);
        if let Some(word) = self.bits.get_mut(word) {
            *word |= bit;
        }
    }

    pub(super) fn contains(&self, offset: u32) -> bool {
        let (word, bit) = Self::place(offset);
        self.bits.get(word).is_some_and(|word| word & bit != 0)
    }

    /// All offsets, ascending.
    pub(super) fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        let words = self.bits.iter().zip((0..).step_by(64));
        words.flat_map(|(&word, unit): (_, u32)| {
            let mut left = word;
            std::iter::from_fn(move || {
                let bit = (left != 0).then(|| left.trailing_zeros())?;
                left &= left - 1;
                Some((unit + bit) * Self::UNIT)
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_come_out_once_and_in_order() {
        let mut starts = Starts::up_to(1 << 20);
        for offset in [1 << 20, 256, 0, 252, 256, 4] {
            starts.add(offset);
        }
        let all: Vec<u32> = starts.iter().collect();
        assert_eq!(all, [0, 4, 252, 256, 1 << 20]);
        assert!(starts.contains(252) && !starts.contains(8));
        assert!(!starts.contains(u32::MAX));
    }

    #[test]
    fn the_whole_range_of_offsets_fits() {
        let mut starts = Starts::up_to(u32::MAX);
        starts.add(u32::MAX);
        starts.add(0);
        assert_eq!(starts.iter().collect::<Vec<_>>(), [0, u32::MAX - 3]);
        let mut few = Starts::up_to(4);
        few.add(u32::MAX);
        assert_eq!(few.iter().count(), 0);
    }
}
