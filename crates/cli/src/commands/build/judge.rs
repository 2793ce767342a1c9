//! What was built, judged before it is published: the audit of the profile, and the known vulnerabilities.
//!
//! Each is judged twice. For the day of the run, because that is when somebody ships it: an error of the audit stops the build, a
//! vulnerability is told. And for the day of the source, for the documents beside the program: the same source gives the same bytes on
//! every day, as long as the database is the same (they say which it was).

use super::made::opened;
use crate::commands::{self, audit, scan};
use crate::config::Config;
use crate::database::{self, Chosen};
use crate::environment::Environment;
use crate::failure::{EXIT_OK, Failure};
use crate::output::{self, Terminal};
use crate::settings::{self, Audit};
use crate::survey::Surveyed;
use goassay_audit::policy::Profile;
use goassay_binary::{Binary, Places};
use goassay_build::produce::Product;
use goassay_report::audit::{self as audited, TextOptions};
use goassay_report::document::{DatabaseUse, Report};
use goassay_report::render::{self, Format, Show, Style};
use goassay_vuln::database::Database;
use goassay_vuln::scan::Options;
use jiff::civil::Date;

/// What to judge by.
pub(super) struct Judge<'a> {
    pub(super) config: &'a Config,
    pub(super) env: &'a Environment,
    /// What the programs are meant for.
    pub(super) profile: Profile,
    /// The day of the run.
    pub(super) today: Date,
    /// The day of the source.
    pub(super) source: Date,
}

/// The documents that belong beside one program.
pub(super) struct Documents {
    pub(super) audit: Vec<u8>,
    pub(super) scan: Vec<u8>,
}

impl Judge<'_> {
    /// Judges all programs. None where the audit found what stops a build; that was printed then, and the exit code is given instead.
    pub(super) fn all(
        &self,
        products: &[Product],
        terminal: &Terminal,
    ) -> Result<Result<Vec<Documents>, u8>, Failure> {
        let settings = self.settings(self.today);
        let chosen = database::choose(settings.db.as_ref(), self.env)?;
        let database = chosen.open()?;
        let binaries: Vec<Opened<'_>> = products
            .iter()
            .map(|product| Ok((product, opened(product)?)))
            .collect::<Result<_, Failure>>()?;
        let today = Day::new(settings, &database, &chosen)?;
        let exit_code = today.stops(&binaries, terminal)?;
        if exit_code != EXIT_OK {
            return Ok(Err(exit_code));
        }
        today.tell_vulnerabilities(&binaries, terminal)?;
        let then = Day::new(self.settings(self.source), &database, &chosen)?;
        let documents = binaries.iter().map(|opened| then.documents(opened));
        let documents = documents.collect::<Result<_, _>>()?;
        chosen.unchanged()?;
        Ok(Ok(documents))
    }

    fn settings(&self, as_of: Date) -> Audit {
        let mut settings = settings::audit_of_build(self.config, self.profile, as_of);
        // Where the file lies on this machine is nobody's business who reads the documents.
        if let Some(path) = &mut settings.config.path {
            *path = path.file_name().unwrap_or_default().into();
        }
        settings
    }
}

/// A program, read.
type Opened<'a> = (&'a Product, Binary<'a>);

/// Judging for one day.
struct Day<'a> {
    settings: Audit,
    asked: audit::Asked,
    database: &'a Database<'a>,
    using: DatabaseUse,
}

impl<'a> Day<'a> {
    fn new(
        settings: Audit,
        database: &'a Database<'a>,
        chosen: &Chosen,
    ) -> Result<Day<'a>, Failure> {
        let mut using = chosen.described(database.identity());
        using.why = "the build's".to_owned();
        Ok(Day {
            asked: audit::Asked::new(&settings, database)?,
            settings,
            database,
            using,
        })
    }

    fn audit(&self, binaries: &[Opened<'_>]) -> audited::Report {
        let seen = binaries
            .iter()
            .map(|(product, binary)| self.asked.binary(product.name.clone(), binary));
        let surveyed = Surveyed {
            seen: seen.collect(),
            failures: Vec::new(),
        };
        self.asked
            .report(&self.settings, self.using.clone(), surveyed)
    }

    /// The exit code of the audit; its report is printed where it stops the build.
    fn stops(&self, binaries: &[Opened<'_>], terminal: &Terminal) -> Result<u8, Failure> {
        let report = self.audit(binaries);
        audit::warn_about_waivers(&report, terminal);
        let code = report.exit_code();
        if code != EXIT_OK {
            let style = if terminal.color_out {
                Style::Colour
            } else {
                Style::Plain
            };
            let options = self.text(terminal.width, style);
            output::to_stdout(&rendered(|out| {
                audited::render(&report, audited::Format::Text, &options, out)
            })?)?;
        }
        Ok(code)
    }

    fn scan(&self, (product, binary): &Opened<'_>) -> Result<Report, Failure> {
        let options = Options {
            as_of: scan::day(self.settings.as_of)?,
            places: Places::First,
        };
        let target = scan::binary(product.name.clone(), binary, self.database, &options)?;
        scan::report(
            &settings::scan_of_build(&self.settings),
            self.using.clone(),
            vec![target],
            Vec::new(),
        )
    }

    fn tell_vulnerabilities(
        &self,
        binaries: &[Opened<'_>],
        terminal: &Terminal,
    ) -> Result<(), Failure> {
        for opened in binaries {
            if self.scan(opened)?.exit_code() != EXIT_OK {
                let name = &opened.0.name;
                terminal.warn(&format!("{name} has known vulnerabilities, or could not be scanned whole: `goassay scan` says more"));
            }
        }
        Ok(())
    }

    fn documents(&self, opened: &Opened<'_>) -> Result<Documents, Failure> {
        let audit = self.audit(std::slice::from_ref(opened));
        let scan = self.scan(opened)?;
        let of_scan = render::TextOptions {
            width: 0,
            style: Style::Plain,
            show: Show::default(),
            database_age: None,
        };
        let of_audit = self.text(0, Style::Plain);
        Ok(Documents {
            audit: rendered(|out| audited::render(&audit, audited::Format::Json, &of_audit, out))?,
            scan: rendered(|out| render::render(&scan, Format::Json, &of_scan, out))?,
        })
    }

    fn text(&self, width: usize, style: Style) -> TextOptions {
        TextOptions {
            width,
            style,
            all: false,
            database_age: commands::db::age(self.database.identity(), self.settings.as_of),
        }
    }
}

fn rendered(
    render: impl FnOnce(&mut dyn std::io::Write) -> std::io::Result<()>,
) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    render(&mut bytes).map_err(|error| Failure::output("a document", &error))?;
    Ok(bytes)
}
