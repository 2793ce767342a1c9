//! Treemap layout: rectangles whose areas are to each other as given numbers, as square as a simple method makes them.
//!
//! Bruls, Huizing and van Wijk, "Squarified Treemaps" (2000): a row along the shorter side takes numbers as long as its
//! worst rectangle becomes no worse.

/// A rectangle.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Rect {
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) width: f64,
    pub(super) height: f64,
}

impl Rect {
    /// What is left when each side gives up some space; never less than nothing.
    pub(super) fn inset(self, side: f64, top: f64) -> Rect {
        Rect {
            x: self.x + side,
            y: self.y + top,
            width: (self.width - 2.0 * side).max(0.0),
            height: (self.height - top - side).max(0.0),
        }
    }
}

/// A rectangle within `area` for each of `sizes`, which are in descending order.
pub(super) fn squarify(sizes: &[u64], area: Rect) -> Vec<Rect> {
    let total: u64 = sizes.iter().fold(0, |sum, size| sum.saturating_add(*size));
    let scale = area.width * area.height / (total.max(1) as f64);
    let areas: Vec<f64> = sizes.iter().map(|size| *size as f64 * scale).collect();
    let mut rects = Vec::with_capacity(areas.len());
    let (mut left, mut rest) = (area, areas.as_slice());
    while !rest.is_empty() {
        let (row, behind) = rest.split_at(row_len(rest, left.width.min(left.height)));
        left = lay(row, left, &mut rects);
        rest = behind;
    }
    rects
}

/// How many of `areas` go into a row along a side.
fn row_len(areas: &[f64], side: f64) -> usize {
    let mut sum = 0.0;
    let mut worst = f64::INFINITY;
    for (count, area) in areas.iter().enumerate() {
        sum += area;
        let first = areas.first().copied().unwrap_or(*area);
        let ratio = |area: f64| {
            let ratio = side * side * area / (sum * sum);
            ratio.max(1.0 / ratio)
        };
        let now = ratio(first).max(ratio(*area));
        if count > 0 && (now > worst || now.is_nan()) {
            return count;
        }
        worst = now;
    }
    areas.len()
}

/// Lays a row along the shorter side; gives what is left.
fn lay(row: &[f64], area: Rect, rects: &mut Vec<Rect>) -> Rect {
    let sum: f64 = row.iter().sum();
    let upright = area.width >= area.height;
    let side = if upright { area.height } else { area.width };
    let depth = if side > 0.0 { sum / side } else { 0.0 };
    let mut at = 0.0;
    for one in row {
        let len = if depth > 0.0 { one / depth } else { 0.0 };
        rects.push(if upright {
            Rect {
                x: area.x,
                y: area.y + at,
                width: depth,
                height: len,
            }
        } else {
            Rect {
                x: area.x + at,
                y: area.y,
                width: len,
                height: depth,
            }
        });
        at += len;
    }
    if upright {
        Rect {
            x: area.x + depth,
            width: (area.width - depth).max(0.0),
            ..area
        }
    } else {
        Rect {
            y: area.y + depth,
            height: (area.height - depth).max(0.0),
            ..area
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AREA: Rect = Rect {
        x: 0.0,
        y: 0.0,
        width: 6.0,
        height: 4.0,
    };

    #[test]
    fn areas_are_as_given_and_lie_within() {
        let sizes = [6, 6, 4, 3, 2, 2, 1];
        let rects = squarify(&sizes, AREA);
        for (size, rect) in sizes.iter().zip(&rects) {
            assert!(
                (rect.width * rect.height - *size as f64).abs() < 1e-9,
                "{rect:?}"
            );
            assert!(
                rect.x >= -1e-9 && rect.x + rect.width <= 6.0 + 1e-9,
                "{rect:?}"
            );
            assert!(
                rect.y >= -1e-9 && rect.y + rect.height <= 4.0 + 1e-9,
                "{rect:?}"
            );
        }
        // The example of the paper: two of three by two, one above the other.
        assert_eq!(
            rects[0],
            Rect {
                x: 0.0,
                y: 0.0,
                width: 3.0,
                height: 2.0
            }
        );
        assert_eq!(
            rects[1],
            Rect {
                x: 0.0,
                y: 2.0,
                width: 3.0,
                height: 2.0
            }
        );
    }

    #[test]
    fn nothing_and_no_space_are_no_trouble() {
        assert_eq!(squarify(&[], AREA), []);
        let flat = Rect { width: 0.0, ..AREA };
        assert_eq!(squarify(&[3, 1, 0], flat).len(), 3);
        let zeros = squarify(&[0, 0], AREA);
        assert!(zeros.iter().all(|rect| rect.width * rect.height == 0.0));
    }
}
