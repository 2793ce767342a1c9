//! From places to answers: finds the files, examines them in parallel, and says where there was nothing to examine.
//!
//! What is asked of each binary is the command's business; results come in the order of the files, whatever order they
//! were finished in.

use crate::examine::{self, Examined, Look};
use crate::failure::{Failure, Kind};
use crate::inputs::{self, Candidate, Found, Place};
use crate::output::Terminal;
use crate::progress::Progress;
use goassay_report::document::{self, FailureKind};
use rayon::prelude::*;

/// Where to look and how.
pub(crate) struct Survey<'s> {
    pub(crate) places: &'s [Place],
    /// Threads; 0 for as many as there are processors.
    pub(crate) jobs: usize,
    pub(crate) allow_empty: bool,
}

/// What a survey came to.
pub(crate) struct Surveyed<T> {
    pub(crate) seen: Vec<T>,
    pub(crate) failures: Vec<document::Failure>,
}

impl Survey<'_> {
    /// Lets `look` see every Go binary.
    ///
    /// # Errors
    /// What `look` fails with.
    pub(crate) fn run<T: Send>(
        &self,
        look: &Look<'_, T>,
        terminal: &Terminal,
    ) -> Result<Surveyed<T>, Failure> {
        let found = inputs::find(self.places, self.jobs);
        let examined = examine_all(look, &found.candidates, self.jobs, terminal)?;
        let empty = self.empty_places(&found, &examined);
        let mut surveyed = Surveyed {
            seen: Vec::new(),
            failures: found.failures,
        };
        surveyed.failures.extend(empty);
        for Examined { seen, failures } in examined {
            surveyed.seen.extend(seen);
            surveyed.failures.extend(failures);
        }
        Ok(surveyed)
    }

    /// Directories in which there was nothing to examine. Installed programs are one place for this.
    fn empty_places<T>(&self, found: &Found, examined: &[Examined<T>]) -> Vec<document::Failure> {
        if self.allow_empty {
            return Vec::new();
        }
        let has_any = |place: usize| {
            let of_place = found
                .candidates
                .iter()
                .zip(examined)
                .filter(|(c, _)| c.place == place);
            of_place
                .into_iter()
                .any(|(_, e)| !e.seen.is_empty() || !e.failures.is_empty())
        };
        let is_named = |place: &Place| matches!(place, Place::Named(_));
        if !self.places.iter().any(is_named) {
            let any = (0..self.places.len()).any(has_any) || !found.failures.is_empty();
            return if any {
                Vec::new()
            } else {
                vec![nothing_installed(self.places.len())]
            };
        }
        let shared = |place: &usize| {
            // Files that another place had first are there all the same.
            found
                .candidates
                .iter()
                .any(|c| c.shared_with.contains(place))
        };
        let empty = found
            .directories
            .iter()
            .filter(|(place, _)| !has_any(*place) && !shared(place));
        empty
            .map(|(place, files)| nothing_in(&self.places[*place], *files))
            .collect()
    }
}

/// Examines all candidates, in parallel where there are several: one alone is done before a thread has started.
fn examine_all<T: Send>(
    look: &Look<'_, T>,
    candidates: &[Candidate],
    jobs: usize,
    terminal: &Terminal,
) -> Result<Vec<Examined<T>>, Failure> {
    let bar = Progress::start(terminal, "examining", candidates.len() as u64);
    let examine = |candidate: &Candidate| {
        let examined = examine::examine(candidate, look);
        bar.step();
        examined
    };
    if candidates.len() < 2 || jobs == 1 {
        candidates.iter().map(examine).collect()
    } else {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(jobs).build();
        let pool =
            pool.map_err(|error| Failure::new(Kind::Internal, "no threads").because(&error))?;
        pool.install(|| candidates.par_iter().map(examine).collect())
    }
}

fn nothing_in(place: &Place, files: usize) -> document::Failure {
    let (Place::Named(path) | Place::Programs(path)) = place;
    let looked_at = match files {
        0 => "there is no file in it".to_owned(),
        1 => "the only file in it is not one".to_owned(),
        n => format!("none of its {n} files is one"),
    };
    inputs::failure(
        path,
        FailureKind::NoGoBinaries,
        format!("no Go binary to examine: {looked_at}"),
        Some("name a Go binary or a directory with some; --allow-empty accepts that there is none"),
    )
}

fn nothing_installed(count: usize) -> document::Failure {
    document::Failure {
        path: String::new(),
        kind: FailureKind::NoGoBinaries,
        message: format!("no Go binary in PATH, GOBIN and GOPATH/bin ({count} directories)"),
        hint: Some(
            "name one: `goassay check ./server`; in goassay's source tree, `goassay check fixtures/bin` examines the samples"
                .to_owned(),
        ),
    }
}
