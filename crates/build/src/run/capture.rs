//! A process that is asked something: its answer is kept whole and apart from what it complains about.

use super::{Error, Group, error, lead_a_group, stop};
use std::ffi::OsString;
use std::io::{self, Read};
use std::path::Path;
use std::process::{Command, Stdio};

/// A process to ask.
#[derive(Debug)]
pub struct Question<'a> {
    /// The program and its arguments.
    pub argv: Vec<OsString>,
    /// The whole environment.
    pub environment: Vec<(OsString, OsString)>,
    /// The folder that it is started in.
    pub folder: &'a Path,
}

/// What it said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Its exit code; none where a signal ended it.
    pub code: Option<i32>,
    /// Standard output.
    pub stdout: Vec<u8>,
    /// The beginning of standard error. Hostile.
    pub stderr: String,
}

/// Longest answer, in bytes.
const MAX_ANSWER: u64 = 256 << 20;
/// What is kept of complaints, in bytes.
const MAX_COMPLAINT: u64 = 1 << 20;

/// Runs a process to its end, with nothing on its standard input.
///
/// # Errors
/// It cannot be started, or its answer has no end; then it is stopped.
pub fn ask(question: &Question<'_>) -> Result<Answer, Error> {
    let program = Path::new(
        question
            .argv
            .first()
            .map_or("".as_ref(), OsString::as_os_str),
    );
    let mut command = Command::new(program);
    command
        .args(question.argv.iter().skip(1))
        .env_clear()
        .envs(
            question
                .environment
                .iter()
                .map(|(name, value)| (name, value)),
        )
        .current_dir(question.folder)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    lead_a_group(&mut command);
    let mut child = command.spawn().map_err(error("start", program))?;
    let group = Group::enter(child.id());
    let (answer, complaint) = (child.stdout.take(), child.stderr.take());
    let (stdout, stderr) = std::thread::scope(|scope| {
        let complaint = scope.spawn(|| beginning(complaint, MAX_COMPLAINT));
        let stdout = whole(answer, MAX_ANSWER);
        if stdout.is_err() {
            stop(group.0);
        }
        (stdout, complaint.join().unwrap_or_default())
    });
    let status = child.wait().map_err(error("wait for", program))?;
    Ok(Answer {
        code: status.code(),
        stdout: stdout.map_err(error("read what is said by", program))?,
        stderr: String::from_utf8_lossy(&stderr).into_owned(),
    })
}

fn whole(from: Option<impl Read>, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let Some(from) = from else { return Ok(bytes) };
    from.take(most + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        let why = format!("it says more than {} MiB", most >> 20);
        return Err(io::Error::other(why));
    }
    Ok(bytes)
}

/// All is read, so that nobody waits for a reader; only the beginning is kept.
fn beginning(from: Option<impl Read>, most: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    if let Some(mut from) = from {
        // A complaint that cannot be read is no worse than none.
        let _ = (&mut from).take(most).read_to_end(&mut bytes);
        let _ = io::copy(&mut from, &mut io::sink());
    }
    bytes
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn asked(script: &str) -> Result<Answer, Error> {
        ask(&Question {
            argv: ["/bin/sh", "-c", script].map(OsString::from).to_vec(),
            environment: vec![("ONLY".into(), "this".into())],
            folder: Path::new("/"),
        })
    }

    #[test]
    fn answers_and_complaints_stay_apart() {
        let answer = asked("echo $ONLY $HOME; pwd >&2; cat; exit 3").unwrap();
        let want = Answer {
            code: Some(3),
            stdout: b"this\n".to_vec(),
            stderr: "/\n".to_owned(),
        };
        assert_eq!(answer, want);
        assert_eq!(asked("kill -9 $$").unwrap().code, None);
    }

    #[test]
    fn long_complaints_hold_nobody_up() {
        let answer = asked("head -c 3000000 /dev/zero >&2; echo end").unwrap();
        assert_eq!(answer.stdout, b"end\n");
        assert_eq!(answer.stderr.len() as u64, MAX_COMPLAINT);
    }
}
