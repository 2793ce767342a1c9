//! The checksum-database verifier against `golang.org/x/mod/sumdb` (`xtask/go/sumdb`): the same answer, and the same head kept
//! afterwards, for real records, for forged ones, and for thousands of answers changed at random.
//!
//! The reference is not older than v0.42.0: v0.30.0 takes full tiles without checking them, which this comparison showed.
//!
//! What a pass does not mean: kinds of errors are ours alone; HTTP, caches on disk and races between processes are not compared.

mod forge;
mod log;

use crate::go::own_program;
use crate::run::{Context, Outcome, output, text};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use goassay_build::fetch::{Fetch, FetchError, Kind};
use goassay_build::module::Module;
use goassay_build::proxy::Proxies;
use goassay_build::sumdb::kept::{Kept, Memory};
use goassay_build::sumdb::{Client, Database, Error, Statement};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// Cases that are changed at random.
const FUZZED: usize = 10_000;

/// Modules whose records are fetched: toolchains of several ages, and others.
const REAL: [&str; 6] = [
    "golang.org/toolchain@v0.0.1-go1.25.14.linux-amd64",
    "golang.org/toolchain@v0.0.1-go1.4.3.linux-amd64",
    "golang.org/x/mod@v0.30.0",
    "github.com/BurntSushi/toml@v1.2.0",
    "rsc.io/quote@v1.5.2",
    "golang.org/x/text@v0.3.0",
];

/// Bytes that are written as base64, as Go does.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Bytes(Vec<u8>);

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Bytes, D::Error> {
        let text = Option::<String>::deserialize(deserializer)?.unwrap_or_default();
        let bytes = STANDARD.decode(text).map_err(serde::de::Error::custom)?;
        Ok(Bytes(bytes))
    }
}

/// What a server has, and the key that clients believe in.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Server {
    key: String,
    files: BTreeMap<String, Bytes>,
}

/// A lookup, with some files of the server replaced or gone.
#[derive(Debug, Clone, Serialize)]
struct Case {
    #[serde(skip)]
    what: String,
    kept: Bytes,
    edits: BTreeMap<String, Option<Bytes>>,
    path: String,
    version: String,
}

#[derive(Serialize)]
#[serde(rename_all = "lowercase")]
enum Message<'a> {
    World(&'a Server),
    Case(&'a Case),
}

#[derive(Debug, Deserialize)]
struct Verdict {
    lines: Option<Vec<String>>,
    kept: Bytes,
    error: String,
}

/// Entry point of the check.
pub(super) fn main() -> Outcome {
    let tool = own_program("xtask/go/sumdb")?;
    let mut tally = Tally::default();
    for (server, cases) in real(&tool)? {
        tally.compare(&tool, &server, &cases)?;
    }
    let real = tally.cases;
    for size in forge::SIZES {
        let mut forger = forge::Forger::new(size);
        let mut cases = forger.planned();
        let share = FUZZED / forge::SIZES.len() + 1;
        cases.extend((0..share).map(|_| forger.random()));
        tally.compare(&tool, &forger.server, &cases)?;
    }
    println!(
        "  {} lookups ({real} of them real or made of real ones): both accept {}, both refuse {}, {} where the reference lacks tiles of the kept head alone, they differ on {}",
        tally.cases,
        tally.accepted,
        tally.cases - tally.accepted - tally.apart - tally.faults.len(),
        tally.apart,
        tally.faults.len()
    );
    if !tally.faults.is_empty() {
        tally.faults.truncate(20);
        return Err(tally.faults.join("\n"));
    }
    // A comparison in which one side is always of one opinion shows nothing.
    let refused = tally.cases - tally.accepted;
    if tally.accepted < FUZZED / 20 || refused < FUZZED / 20 {
        return Err("the cases are all alike".to_owned());
    }
    Ok(())
}

/// Real records through the configured proxy, and what can be done to them without the database's key.
fn real(tool: &PathBuf) -> Outcome<Vec<(Server, Vec<Case>)>> {
    let setting = |name: &str| text(Command::new("go").args(["env", name]));
    let database = Database::parse(setting("GOSUMDB")?.trim()).context("GOSUMDB")?;
    let proxies = setting("GOPROXY")?;
    let proxy = proxies.trim().split([',', '|']).next().unwrap_or_default();
    let base = format!("{}/sumdb/{}", proxy.trim_end_matches('/'), database.name());
    let mut record = Command::new(tool);
    record
        .args(["record", &base, &database.key().encoded()])
        .args(REAL);
    let server: Server = serde_json::from_slice(&output(&mut record)?).context("recorded")?;
    let mut cases = Vec::new();
    for name in REAL {
        let (path, version) = name.split_once('@').unwrap_or_default();
        cases.extend(forge::without_the_key(
            &server,
            &Module::new(path, version),
        )?);
    }
    let mut stranger = server.clone();
    stranger.key = log::Signer::new(database.name(), 9).encoded();
    let genuine: Vec<Case> = cases
        .iter()
        .filter(|case| case.edits.is_empty())
        .cloned()
        .collect();
    Ok(vec![(server, cases), (stranger, genuine)])
}

/// What came of the comparison.
#[derive(Default)]
struct Tally {
    cases: usize,
    accepted: usize,
    /// Differences that [`proves_kept_head_first`] explains.
    apart: usize,
    faults: Vec<String>,
}

impl Tally {
    fn compare(&mut self, tool: &PathBuf, server: &Server, cases: &[Case]) -> Outcome {
        let theirs = judge(tool, server, cases)?;
        for (case, theirs) in cases.iter().zip(theirs) {
            let (ours, kept) = ask(server, case)?;
            let line = format!("{} {} ", case.path, case.version);
            let lines = theirs.lines.unwrap_or_default();
            let said = lines
                .iter()
                .find_map(|l| l.strip_prefix(&line))
                .filter(|_| theirs.error.is_empty());
            let same = ours.as_ref().ok().map(|s| s.zip.as_str()) == said && kept == theirs.kept.0;
            self.cases += 1;
            if !same
                && proves_kept_head_first(&theirs.error)
                && ours.as_ref().map_or(true, |s| genuine(server, case, s))
            {
                self.apart += 1;
                continue;
            }
            self.accepted += usize::from(same && ours.is_ok());
            if !same {
                let ours = ours.map_or_else(|error| error.to_string(), |s| s.zip);
                self.faults.push(format!(
                    "  {} ({}@{}):\n    ours: {ours}, keeps {:?}\n    theirs: {said:?} {}, keeps {:?}\n    edits: {:?}",
                    case.what, case.path, case.version,
                    String::from_utf8_lossy(&kept), theirs.error,
                    String::from_utf8_lossy(&theirs.kept.0), case.edits.keys()
                ));
            }
        }
        Ok(())
    }
}

/// The reference proves the kept head by the tiles of its own tree before anything else, and cannot go on without them. We
/// prove it as the beginning of the newer head, and need the newer one's tiles only.
fn proves_kept_head_first(error: &str) -> bool {
    error.contains("initializing sumdb.Client: checking tree#")
}

/// Whether a statement is what the honest server's record says.
fn genuine(server: &Server, case: &Case, said: &Statement) -> bool {
    let path = format!("lookup/{}@{}", case.path, case.version);
    let record = server
        .files
        .get(&path)
        .map(|bytes| String::from_utf8_lossy(&bytes.0));
    let line = format!("{} {} {}\n", case.path, case.version, said.zip);
    record.is_some_and(|record| record.contains(&line))
}

/// What the reference says about each case.
fn judge(tool: &PathBuf, server: &Server, cases: &[Case]) -> Outcome<Vec<Verdict>> {
    let mut child = Command::new(tool)
        .arg("judge")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .context(tool.display())?;
    let mut stdin = child.stdin.take().ok_or("no standard input")?;
    let messages: Vec<String> = [Message::World(server)]
        .into_iter()
        .chain(cases.iter().map(Message::Case))
        .map(|message| serde_json::to_string(&message).context("message"))
        .collect::<Outcome<_>>()?;
    // Both ends at once: neither side's pipe holds everything.
    let writer = std::thread::spawn(move || {
        let written: std::io::Result<()> = messages
            .iter()
            .try_for_each(|m| stdin.write_all(m.as_bytes()));
        written
    });
    let answer = child.wait_with_output().context(tool.display())?;
    writer
        .join()
        .map_err(|_| "the writer panicked")?
        .context("standard input")?;
    let verdicts: Vec<Verdict> = serde_json::Deserializer::from_slice(&answer.stdout)
        .into_iter()
        .collect::<Result<_, _>>()
        .context("verdicts")?;
    if verdicts.len() != cases.len() {
        return Err(format!(
            "{} verdicts for {} cases",
            verdicts.len(),
            cases.len()
        ));
    }
    Ok(verdicts)
}

/// The files of a server with a case's edits, as a network.
struct Net<'c> {
    server: &'c Server,
    case: &'c Case,
}

const PROXY: &str = "https://proxy.example";

impl Fetch for Net<'_> {
    fn get(&self, url: &str, _: u64) -> Result<Vec<u8>, FetchError> {
        let rest = url.strip_prefix(PROXY).unwrap_or(url);
        let path = rest.split('/').skip(3).collect::<Vec<_>>().join("/");
        let file = match self.case.edits.get(&path) {
            Some(edited) => edited.as_ref(),
            None => self.server.files.get(&path),
        };
        match file {
            Some(bytes) => Ok(bytes.0.clone()),
            None if path == "supported" => Ok(Vec::new()),
            None => Err(FetchError::new(Kind::Missing, url, "there is none")),
        }
    }

    fn download(&self, url: &str, _: u64, _: &mut File) -> Result<u64, FetchError> {
        Err(FetchError::new(Kind::Missing, url, "there is none"))
    }
}

/// What we say about a case, and the head that is kept afterwards.
fn ask(server: &Server, case: &Case) -> Outcome<(Result<Statement, Error>, Vec<u8>)> {
    let database = Database::parse(&server.key).context("key")?;
    let proxies = Proxies::parse(PROXY, "").context("proxies")?;
    let kept = Memory::default();
    if !case.kept.0.is_empty() {
        kept.replace_head(None, &case.kept.0).context("kept")?;
    }
    let net = Net { server, case };
    let client = Client::new(&database, &net, &proxies, &kept);
    let said = client.lookup(&Module::new(&*case.path, &*case.version));
    Ok((said, kept.head().context("kept")?.unwrap_or_default()))
}
