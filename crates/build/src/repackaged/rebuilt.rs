//! Programs that a rebuild shows: built from the published source with the package's explained changes laid over it, they have
//! to come out as they are in the package, once both are stripped.

use super::class::{Class, Finding};
use super::layout::Goroot;
use super::{Error, Origin, shown};
use crate::compare::compare_contents;
use crate::normalize;
use crate::rebuild;
use std::collections::{BTreeMap, BTreeSet};

/// What is built: commands of a published Go with some of its files changed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Order {
    /// Files below GOROOT that are others, or new.
    pub changed: BTreeMap<String, Vec<u8>>,
    /// Variables of the environment, such as GOAMD64.
    pub variables: Vec<(&'static str, String)>,
    /// The commands: `cmd/go`, `cmd/vet`.
    pub commands: BTreeSet<String>,
}

/// Which Go builds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// The published one.
    Published,
    /// One with the same changes, which the published one has built first: as make.bash does it.
    Itself,
}

/// Builds what is ordered.
pub trait Builder {
    /// The programs by their commands.
    ///
    /// # Errors
    /// Nothing can be built here; [`rebuild::Error::Failed`] where it is the source that cannot be built.
    fn build(&self, order: &Order, by: By) -> Result<BTreeMap<String, Vec<u8>>, rebuild::Error>;
}

/// Builds the programs that are open, and gives those findings their class.
pub(super) fn prove(
    findings: &mut [Finding],
    own: &Goroot<'_>,
    origin: &Origin<'_>,
    builder: &dyn Builder,
) -> Result<(), Error> {
    let mut open = Open::new(findings, own, origin)?;
    let mut order = open.order(findings, own, origin)?;
    // A patched compiler makes other programs, so it has to be built first; which is in vain where something unexplained went into it.
    let rounds: &[By] = match order.changed.is_empty() || has_open_source(findings) {
        true => &[By::Published],
        false => &[By::Published, By::Itself],
    };
    let said = in_words(&order);
    for by in rounds {
        order.commands = open
            .0
            .values()
            .map(|program| program.command.clone())
            .collect();
        if order.commands.is_empty() {
            break;
        }
        let built = match builder.build(&order, *by) {
            Ok(built) => built,
            Err(rebuild::Error::Failed { tail, .. }) => {
                open.failed(findings, &said, &tail);
                break;
            }
            Err(error) => return Err(Error::Build(error)),
        };
        open.0.retain(|index, program| {
            let Some(finding) = findings.get_mut(*index) else {
                return false;
            };
            let verdict = program.judge(built.get(&program.command), *by, &said);
            (finding.class, finding.details) = verdict;
            finding.class != Class::Rebuilt
        });
    }
    Ok(())
}

/// Programs that nothing has shown yet, by the places of their findings.
struct Open(BTreeMap<usize, Program>);

struct Program {
    command: String,
    contents: Vec<u8>,
}

impl Open {
    fn new(findings: &[Finding], own: &Goroot<'_>, origin: &Origin<'_>) -> Result<Open, Error> {
        let mut open = BTreeMap::new();
        for (index, finding) in findings.iter().enumerate() {
            let class = matches!(finding.class, Class::NotShown | Class::Unexplained);
            let Some(place) = own.files.get(&finding.name).filter(|_| class) else {
                continue;
            };
            let contents = place.contents()?;
            if let Some(command) = origin.command(&finding.name, &contents) {
                open.insert(index, Program { command, contents });
            }
        }
        Ok(Open(open))
    }

    /// The changes that are explained, and nothing else.
    fn order(
        &self,
        findings: &[Finding],
        own: &Goroot<'_>,
        origin: &Origin<'_>,
    ) -> Result<Order, Error> {
        let mut order = Order::default();
        let explained = findings.iter().filter(|finding| is_cause(finding));
        for finding in explained.take_while(|_| !self.0.is_empty()) {
            let name = &finding.name;
            if let Some(place) = own.files.get(name) {
                let now = place.contents()?;
                let before = origin.published(name)?.unwrap_or_default();
                order
                    .variables
                    .extend(shown::variables(name, &before, &now));
                order.changed.insert(name.clone(), now);
            }
        }
        Ok(order)
    }
}

impl Open {
    /// With these changes nothing can be built: that shows nothing.
    fn failed(&self, findings: &mut [Finding], said: &str, tail: &[String]) {
        let last = tail.last().map_or("", String::as_str);
        for index in self.0.keys() {
            if let Some(finding) = findings.get_mut(*index) {
                let why = format!("it cannot be built from the published source{said}: {last}");
                finding.details.insert(0, why);
            }
        }
    }
}

impl Program {
    fn judge(&self, built: Option<&Vec<u8>>, by: By, said: &str) -> (Class, Vec<String>) {
        let Some(built) = built else {
            let why = format!("it cannot be built from the published source{said}");
            return (Class::Unexplained, vec![why]);
        };
        let found = compare_contents(built, &self.contents, &[normalize::STRIPPED]);
        let by = match by {
            By::Published => "",
            By::Itself => ", by a Go that was built so first",
        };
        let Some(differ) = found.differ else {
            let equal = match found.applied.is_empty() {
                true => "the same bytes",
                false => "equal once both are stripped",
            };
            let why = format!("built from the published source{said}{by}: {equal}");
            return (Class::Rebuilt, vec![why]);
        };
        let why = format!("built from the published source{said}{by}, it comes out otherwise:");
        let details = std::iter::once(why).chain(differ.diagnosis.in_words());
        (Class::Unexplained, details.collect())
    }
}

fn in_words(order: &Order) -> String {
    let files: Vec<&str> = order.changed.keys().map(String::as_str).collect();
    let variables = order.variables.iter();
    let variables: Vec<String> = variables
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let with = [files.join(", "), variables.join(" ")];
    let with: Vec<&str> = with
        .iter()
        .map(String::as_str)
        .filter(|w| !w.is_empty())
        .collect();
    match with.is_empty() {
        true => " as it is".to_owned(),
        false => format!(" with {}", with.join(" and ")),
    }
}

/// Whether programs can follow from a difference that is explained.
pub(super) fn is_cause(finding: &Finding) -> bool {
    let name = &finding.name;
    let source = name.starts_with("src/") && shown::takes_part(name) || name == "VERSION";
    matches!(finding.class, Class::Setting | Class::Patched) && source
}

/// Whether something is open in what programs are built from.
fn has_open_source(findings: &[Finding]) -> bool {
    let source = |name: &str| name.starts_with("src/") && shown::takes_part(name);
    let mut open = findings.iter().filter(|finding| finding.class.is_open());
    open.any(|finding| source(&finding.name))
}
