//! Which documents a run writes and where: `--format`, `--json` and `-o [FORMAT=]FILE`, the same for every command.
//!
//! It knows no format: a command says which it has, and renders.

use crate::failure::{Failure, Kind};
use crate::output::{self, Terminal};
use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueHint};
use goassay_report::render::Style;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// The formats of a command.
pub(crate) trait Formats:
    Copy + PartialEq + Send + Sync + std::fmt::Debug + 'static
{
    /// All of them; the first is the one for people.
    const ALL: &'static [Self];
    /// The stable word.
    fn name(self) -> &'static str;
    /// What `--json` stands for.
    fn json() -> Self;
}

/// For formats of reports, all of which have these three.
macro_rules! formats {
    ($($format:ty),* $(,)?) => {
        $(impl Formats for $format {
            const ALL: &'static [Self] = &<$format>::ALL;
            fn name(self) -> &'static str {
                self.name()
            }
            fn json() -> Self {
                Self::Json
            }
        })*
    };
}

// That of `difference` is also the one of `diverse` and `variation`, that of `verification` the one of `rebuilt`.
formats!(
    goassay_report::audit::Format,
    goassay_report::difference::Format,
    goassay_report::render::Format,
    goassay_report::verification::Format,
);

impl Formats for goassay_report::sbom::Format {
    const ALL: &'static [Self] = &goassay_report::sbom::Format::ALL;
    fn name(self) -> &'static str {
        self.name()
    }
    fn json() -> Self {
        Self::ALL[0]
    }
}

impl Formats for crate::args::InspectFormat {
    const ALL: &'static [Self] = &[Self::Text, Self::Json, Self::Html, Self::Svg];
    fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Json => "json",
            Self::Html => "html",
            Self::Svg => "svg",
        }
    }
    fn json() -> Self {
        Self::Json
    }
}

impl Formats for crate::args::CheckFormat {
    const ALL: &'static [Self] = &[Self::Text, Self::Json];
    fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Json => "json",
        }
    }
    fn json() -> Self {
        Self::Json
    }
}

/// Options about documents.
#[derive(Debug, Args)]
pub(crate) struct Documents<F: Formats> {
    /// Format of standard output
    #[arg(long, value_name = "FORMAT", value_parser = format::<F>(), help_heading = "Output")]
    pub(crate) format: Option<F>,
    /// The same as --format json
    #[arg(long, conflicts_with = "format", help_heading = "Output")]
    pub(crate) json: bool,
    /// Also write a file, or `-`, in FORMAT (repeatable; without FORMAT, in that of --format)
    #[arg(short, long, value_name = "[FORMAT=]FILE", value_parser = output::<F>, value_hint = ValueHint::FilePath, help_heading = "Output")]
    pub(crate) output: Vec<OutputArg<F>>,
}

impl<F: Formats> Default for Documents<F> {
    fn default() -> Self {
        Documents {
            format: None,
            json: false,
            output: Vec::new(),
        }
    }
}

/// `-o [FORMAT=]FILE`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OutputArg<F> {
    format: Option<F>,
    file: PathBuf,
}

/// One document to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Output<F> {
    pub(crate) format: F,
    /// `None` is standard output.
    pub(crate) file: Option<PathBuf>,
}

/// Parses the name of a format.
pub(crate) fn format<F: Formats>() -> impl TypedValueParser<Value = F> {
    let names = F::ALL.iter().map(|format| format.name());
    PossibleValuesParser::new(names).try_map(|name| named(&name))
}

fn named<F: Formats>(name: &str) -> Result<F, String> {
    let wanted = |format: &&F| format.name() == name;
    F::ALL.iter().find(wanted).copied().ok_or_else(|| {
        let known: Vec<_> = F::ALL.iter().map(|format| format.name()).collect();
        let known = known.join(", ");
        format!("`{name}` is not a format ({known}); for a file of that name write ./{name}=…")
    })
}

/// Parses `[FORMAT=]FILE`.
pub(crate) fn output<F: Formats>(text: &str) -> Result<OutputArg<F>, String> {
    let (format, file) = match text.split_once('=') {
        None => (None, text),
        // A path with a folder in it is no format.
        Some((before, _)) if before.contains(['/', '\\']) => (None, text),
        Some((name, file)) => (Some(named(name)?), file),
    };
    if file.is_empty() {
        return Err("the file name is missing: FORMAT=FILE".to_owned());
    }
    Ok(OutputArg {
        format,
        file: PathBuf::from(file),
    })
}

/// The documents that the options ask for.
pub(crate) fn resolve<F: Formats>(args: &Documents<F>) -> Result<Vec<Output<F>>, Failure> {
    let chosen = match (args.json, args.format) {
        (true, _) => F::json(),
        (false, Some(format)) => format,
        (false, None) => F::ALL[0],
    };
    let mut outputs: Vec<_> = args.output.iter().map(|o| resolved(o, chosen)).collect();
    // `-o FILE` alone sends the chosen format there; anything else leaves standard output as it is.
    let is_diverted = args.output.iter().any(|o| o.format.is_none());
    if !is_diverted && outputs.iter().all(|output| output.file.is_some()) {
        let stdout = Output {
            format: chosen,
            file: None,
        };
        outputs.insert(0, stdout);
    }
    for (index, output) in outputs.iter().enumerate() {
        let same = |other: &Output<F>| other.file == output.file;
        if outputs[..index].iter().any(same) {
            let name = output.file.as_deref().unwrap_or(Path::new("-"));
            return Err(
                Failure::usage(format!("two outputs go to {}", name.display()))
                    .hint("give each -o a file of its own"),
            );
        }
    }
    Ok(outputs)
}

fn resolved<F: Formats>(output: &OutputArg<F>, chosen: F) -> Output<F> {
    let file = (output.file.as_os_str() != "-").then(|| output.file.clone());
    Output {
        format: output.format.unwrap_or(chosen),
        file,
    }
}

/// Whether the one who started the program reads the text, so that standard error need not repeat it.
pub(crate) fn text_on_stdout<F: Formats>(outputs: &[Output<F>], text: F) -> bool {
    outputs
        .iter()
        .any(|output| output.format == text && output.file.is_none())
}

/// Writes all documents, files first.
pub(crate) fn write<F: Formats>(
    outputs: &[Output<F>],
    terminal: &Terminal,
    mut render: impl FnMut(F, Style, &mut dyn Write) -> io::Result<()>,
) -> Result<(), Failure> {
    for Output { format, file } in outputs {
        let Some(path) = file else { continue };
        output::to_file(path, |out| {
            let mut out = io::BufWriter::new(out);
            render(*format, Style::Plain, &mut out)?;
            out.flush()
        })
        .map_err(|error| {
            Failure::file(Kind::Output, "write", path, &error)
                .hint("create the directory, or name a file in one that can be written to")
        })?;
    }
    let style = if terminal.color_out {
        Style::Colour
    } else {
        Style::Plain
    };
    for Output { format, .. } in outputs.iter().filter(|output| output.file.is_none()) {
        let mut document = Vec::new();
        render(*format, style, &mut document)
            .map_err(|error| Failure::output("the document", &error))?;
        quietly(output::to_stdout(&document))?;
    }
    Ok(())
}

// A reader that has seen enough does not change the answer.
pub(crate) fn quietly(written: Result<(), Failure>) -> Result<(), Failure> {
    match written {
        Err(failure) if failure.kind == Kind::BrokenPipe => Ok(()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;
    use goassay_report::render::Format;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        documents: Documents<Format>,
    }

    fn outputs_of(options: &[&str]) -> Result<Vec<Output<Format>>, Failure> {
        let line = Line::try_parse_from([&["x"], options].concat()).unwrap();
        resolve(&line.documents)
    }

    fn to(format: Format, file: Option<&str>) -> Output<Format> {
        Output {
            format,
            file: file.map(PathBuf::from),
        }
    }

    #[test]
    fn outputs_name_a_format_or_take_the_chosen_one() {
        let parsed = |text| output(text).map(|o| (o.format, o.file.display().to_string()));
        assert_eq!(parsed("a.json"), Ok((None, "a.json".into())));
        assert_eq!(parsed("sarif=a=b"), Ok((Some(Format::Sarif), "a=b".into())));
        assert_eq!(parsed("./x=y"), Ok((None, "./x=y".into())));
        assert!(parsed("xml=a").unwrap_err().contains("openvex"));
        assert!(parsed("json=").is_err());
    }

    #[test]
    fn where_documents_go() {
        let stdout = |format| to(format, None);
        assert_eq!(outputs_of(&[]).unwrap(), [stdout(Format::Text)]);
        assert_eq!(outputs_of(&["--json"]).unwrap(), [stdout(Format::Json)]);
        let sarif = to(Format::Sarif, Some("x"));
        assert_eq!(
            outputs_of(&["-o", "sarif=x"]).unwrap(),
            [stdout(Format::Text), sarif.clone()]
        );
        assert_eq!(
            outputs_of(&["--format", "sarif", "-o", "x"]).unwrap(),
            [sarif]
        );
        assert_eq!(
            outputs_of(&["-o", "json=-"]).unwrap(),
            [stdout(Format::Json)]
        );
        assert!(outputs_of(&["-o", "json=x", "-o", "sarif=x"]).is_err());
    }
}
