//! Two contents that differ: made equal by normalisations, or told where they differ.

use super::{ContentsDiffer, Diagnosis, diagnosis};
use crate::archive::Sum;
use crate::gap::Gap;
use crate::normalize::{Normalization, Outcome};

/// Longest contents that are read into memory to be normalised and diagnosed, in bytes. The largest file of a toolchain has
/// 30 MiB.
pub(super) const MAX_DIAGNOSED: u64 = 512 << 20;

/// What came out of comparing two contents.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Contents {
    /// How they differ after all normalisations; none where they are equal.
    pub differ: Option<ContentsDiffer>,
    /// The normalisations that made them equal: name, what was done to the posted and to the rebuilt side.
    pub applied: Vec<(&'static str, String, String)>,
    /// What was not checked.
    pub gaps: Vec<Gap>,
}

/// Compares two contents; normalisations are applied to both, in order, for as long as they are not equal.
#[must_use]
pub fn compare_contents(posted: &[u8], rebuilt: &[u8], allowed: &[Normalization]) -> Contents {
    compare_contents_by(posted, rebuilt, allowed, &|one, other| one == other)
}

/// The same, where equality is taken from something else, before normalisations and after.
pub(crate) fn compare_contents_by(
    posted: &[u8],
    rebuilt: &[u8],
    allowed: &[Normalization],
    is_same: &dyn Fn(&[u8], &[u8]) -> bool,
) -> Contents {
    let mut found = Contents::default();
    let mut sides = [posted.to_vec(), rebuilt.to_vec()];
    let mut refused = None;
    for normalization in allowed {
        if is_same(&sides[0], &sides[1]) {
            break;
        }
        match both(normalization, &sides) {
            Err(why) => {
                refused = Some(format!("{}: {why}", normalization.name));
                break;
            }
            Ok(None) => {}
            Ok(Some((changed, said, gaps))) => {
                sides = changed;
                let [posted, rebuilt] = said;
                found.applied.push((normalization.name, posted, rebuilt));
                found.gaps.extend(gaps);
            }
        }
    }
    if refused.is_some() || !is_same(&sides[0], &sides[1]) {
        // What did not make them equal was not needed.
        found.applied.clear();
        found.gaps.clear();
        found.differ = Some(ContentsDiffer {
            posted: Sum::of(posted),
            rebuilt: Sum::of(rebuilt),
            refused,
            diagnosis: diagnosis::diagnose(&sides[0], &sides[1]),
        });
    }
    found
}

/// Both sides after a normalisation, and what it did to each.
type Both = ([Vec<u8>; 2], [String; 2], Vec<Gap>);

/// None where it leaves both alone.
fn both(normalization: &Normalization, sides: &[Vec<u8>; 2]) -> Result<Option<Both>, String> {
    let mut changed = [None, None];
    let mut said = [String::new(), String::new()];
    let mut all = Vec::new();
    for ((side, changed), (said, which)) in sides
        .iter()
        .zip(&mut changed)
        .zip(said.iter_mut().zip(["posted", "rebuilt"]))
    {
        match normalization.contents(side) {
            Outcome::Untouched => {}
            Outcome::Refused(why) => return Err(format!("{which}: {why}")),
            Outcome::Changed { bytes, did, gaps } => {
                (*changed, *said) = (Some(bytes), did);
                all.extend(gaps);
            }
        }
    }
    if let [None, None] = changed {
        return Ok(None);
    }
    let [one, other] = changed;
    let after = [
        one.unwrap_or_else(|| sides[0].clone()),
        other.unwrap_or_else(|| sides[1].clone()),
    ];
    Ok(Some((after, said, all)))
}

/// Contents that are too long to be looked at.
pub(super) fn unread(posted: Sum, rebuilt: Sum) -> ContentsDiffer {
    ContentsDiffer {
        posted,
        rebuilt,
        refused: Some("they are too long to be looked at".to_owned()),
        diagnosis: Diagnosis::default(),
    }
}
