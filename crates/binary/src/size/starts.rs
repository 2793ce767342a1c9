//! Places with their users, in order: what functions, types and code refer to is cut at such places.
//!
//! Hundreds of thousands of them are sorted, more than anything else here, so a place and its user are one number and the
//! sort is linear.

/// Where something starts (counted from somewhere near), above who uses it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Start(u64);

impl Start {
    pub(super) fn new(at: u32, user: u32) -> Start {
        Start(u64::from(at) << 32 | u64::from(user))
    }

    pub(super) fn at(self) -> u32 {
        (self.0 >> 32) as u32
    }

    pub(super) fn user(self) -> u32 {
        self.0 as u32
    }
}

/// Sorts by place; users of one place stay in their order.
pub(super) fn sort(starts: &mut Vec<Start>) {
    const FEW: usize = 512;
    if starts.len() < FEW {
        starts.sort_by_key(|start| start.at());
        return;
    }
    let highest = starts.iter().map(|start| start.at()).max().unwrap_or(0);
    let mut sorted = starts.clone();
    let mut shift = 0;
    while shift < u32::BITS && highest >> shift > 0 {
        by_digit(starts, &mut sorted, shift);
        std::mem::swap(starts, &mut sorted);
        shift += DIGIT;
    }
}

/// Bits that one pass sorts by: as many counters as fit into the nearest cache.
const DIGIT: u32 = 11;

/// One pass of a radix sort: copies `from` to `to` by the digit at `shift` of the places.
fn by_digit(from: &[Start], to: &mut [Start], shift: u32) {
    let digit = |start: &Start| (start.at() >> shift) as usize & ((1 << DIGIT) - 1);
    let mut next = [0usize; 1 << DIGIT];
    for start in from {
        if let Some(count) = next.get_mut(digit(start)) {
            *count += 1;
        }
    }
    let mut sum = 0;
    for count in &mut next {
        sum += std::mem::replace(count, sum);
    }
    for start in from {
        let Some(place) = next.get_mut(digit(start)) else {
            continue;
        };
        if let Some(slot) = to.get_mut(*place) {
            *slot = *start;
        }
        *place += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_is_that_of_a_stable_sort() {
        for (count, most) in [
            (3, 9),
            (511, u32::MAX),
            (5000, 40),
            (5000, u32::MAX),
            (5000, 1 << 23),
        ] {
            // An ordinary congruential generator.
            let mut state = u64::from(most);
            let mut at = || {
                state = state
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1);
                ((state >> 32) % (u64::from(most) + 1)) as u32
            };
            let starts: Vec<Start> = (0..count).map(|user| Start::new(at(), user)).collect();
            let (mut ours, mut expected) = (starts.clone(), starts);
            sort(&mut ours);
            expected.sort_by_key(|start| start.at());
            assert_eq!(ours, expected, "{count} {most}");
        }
    }
}
