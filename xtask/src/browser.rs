//! A headless Chromium, spoken to over its pipe (DevTools protocol): no driver, no port, no outside connection.
//!
//! Chromium reads commands from file descriptor 3 and writes answers and events to 4, each a JSON value and a zero byte. A
//! shell connects them to named pipes, because Rust's standard library passes on three descriptors only.

use crate::run::{Context, Outcome, output, write};
use serde_json::{Value, json};
use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// Names under which it is installed.
const NAMES: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "chrome"];
/// Seconds after which a browser that hangs is ended.
const LONGEST: &str = "180";

/// One browser with one page.
pub(crate) struct Browser {
    child: Child,
    to: File,
    from: BufReader<File>,
    session: Option<String>,
    last: u64,
    /// Everything that happened, in order: method and parameters.
    pub(crate) events: Vec<(String, Value)>,
    _folder: tempfile::TempDir,
}

impl Browser {
    /// Starts it and opens an empty page.
    pub(crate) fn start(width: u32, height: u32) -> Outcome<Browser> {
        let program = program()?;
        let folder = tempfile::tempdir().context("temporary folder")?;
        let (to, from) = (folder.path().join("to"), folder.path().join("from"));
        output(Command::new("mkfifo").arg(&to).arg(&from))?;
        let child = Command::new("timeout")
            .args(["-k", "5", LONGEST, "sh", "-c"])
            .arg("exec \"$0\" \"$@\" 3<\"$TO\" 4>\"$FROM\"")
            .arg(program)
            .args([
                "--headless=new",
                "--no-sandbox",
                "--disable-gpu",
                "--hide-scrollbars",
            ])
            .args([
                "--disable-background-networking",
                "--no-first-run",
                "--remote-debugging-pipe",
            ])
            .arg("--host-resolver-rules=MAP * ~NOTFOUND")
            .arg(format!("--window-size={width},{height}"))
            .arg(format!(
                "--user-data-dir={}",
                folder.path().join("profile").display()
            ))
            .arg("about:blank")
            .env("TO", &to)
            .env("FROM", &from)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("timeout")?;
        let to = File::options()
            .write(true)
            .open(&to)
            .context("the browser's pipe")?;
        let from = BufReader::new(File::open(&from).context("the browser's pipe")?);
        let mut browser = Browser {
            child,
            to,
            from,
            session: None,
            last: 0,
            events: Vec::new(),
            _folder: folder,
        };
        let target = browser.call("Target.createTarget", json!({"url": "about:blank"}))?;
        let id = target["targetId"].clone();
        let attached = browser.call(
            "Target.attachToTarget",
            json!({"targetId": id, "flatten": true}),
        )?;
        browser.session = attached["sessionId"].as_str().map(str::to_owned);
        for domain in ["Page", "Runtime", "Log", "Network"] {
            browser.call(&format!("{domain}.enable"), json!({}))?;
        }
        let size =
            json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false});
        browser.call("Emulation.setDeviceMetricsOverride", size)?;
        Ok(browser)
    }

    /// Sends a command and waits for its answer; events on the way are kept.
    pub(crate) fn call(&mut self, method: &str, params: Value) -> Outcome<Value> {
        self.last += 1;
        let mut message = json!({"id": self.last, "method": method, "params": params});
        if let Some(session) = &self.session {
            message["sessionId"] = json!(session);
        }
        self.to
            .write_all(format!("{message}\0").as_bytes())
            .context("the browser does not listen")?;
        loop {
            let mut message = self.receive()?;
            if message["id"] != json!(self.last) {
                continue;
            }
            return match message.get("error") {
                Some(error) => Err(format!("{method}: {error}")),
                None => Ok(message["result"].take()),
            };
        }
    }

    /// The next message; an event is kept as well.
    fn receive(&mut self) -> Outcome<Value> {
        let mut line = Vec::new();
        self.from.read_until(0, &mut line).context("the browser")?;
        if line.pop() != Some(0) {
            return Err("the browser ended".to_owned());
        }
        let message: Value = serde_json::from_slice(&line).context("the browser")?;
        if let Some(method) = message["method"].as_str() {
            let event = (method.to_owned(), message["params"].clone());
            self.events.push(event);
        }
        Ok(message)
    }

    /// Opens a file and waits until it is loaded.
    pub(crate) fn open(&mut self, page: &Path) -> Outcome {
        self.events.clear();
        let url = format!("file://{}", page.display());
        self.call("Page.navigate", json!({"url": url}))?;
        while !self
            .events
            .iter()
            .any(|(method, _)| method == "Page.loadEventFired")
        {
            self.receive()?;
        }
        self.settle()
    }

    /// Waits until the page has been drawn twice and its timers of a tenth of a second have run.
    pub(crate) fn settle(&mut self) -> Outcome {
        let wait = "new Promise(done => setTimeout(() => requestAnimationFrame(() => requestAnimationFrame(() => done(1))), 250))";
        self.evaluate(wait).map(drop)
    }

    /// The value of an expression in the page; a promise is waited for.
    pub(crate) fn evaluate(&mut self, expression: &str) -> Outcome<Value> {
        let params = json!({"expression": expression, "returnByValue": true, "awaitPromise": true});
        let mut answer = self.call("Runtime.evaluate", params)?;
        match answer.get("exceptionDetails") {
            Some(thrown) => Err(format!("{expression}: {thrown}")),
            None => Ok(answer["result"]["value"].take()),
        }
    }

    /// Presses a key that writes nothing, or a character.
    pub(crate) fn press(&mut self, key: &str) -> Outcome {
        let mut down = json!({"type": "keyDown", "key": key, "code": key});
        if key.chars().count() == 1 {
            down["text"] = json!(key);
        }
        self.call("Input.dispatchKeyEvent", down)?;
        let up = json!({"type": "keyUp", "key": key, "code": key});
        self.call("Input.dispatchKeyEvent", up).map(drop)
    }

    /// Writes text where the focus is.
    pub(crate) fn type_text(&mut self, text: &str) -> Outcome {
        self.call("Input.insertText", json!({"text": text}))
            .map(drop)
    }

    /// Clicks at a place of the window.
    pub(crate) fn click(&mut self, x: f64, y: f64) -> Outcome {
        self.hover(x, y)?;
        for kind in ["mousePressed", "mouseReleased"] {
            let event = json!({"type": kind, "x": x, "y": y, "button": "left", "clickCount": 1});
            self.call("Input.dispatchMouseEvent", event)?;
        }
        Ok(())
    }

    /// Moves the pointer to a place of the window.
    pub(crate) fn hover(&mut self, x: f64, y: f64) -> Outcome {
        let event = json!({"type": "mouseMoved", "x": x, "y": y});
        self.call("Input.dispatchMouseEvent", event).map(drop)
    }

    /// Writes a picture of the window.
    pub(crate) fn screenshot(&mut self, to: &Path) -> Outcome {
        let answer = self.call("Page.captureScreenshot", json!({"format": "png"}))?;
        let text = answer["data"].as_str().unwrap_or_default();
        write(to, unbase64(text))
    }

    /// What the page complained about, and what it asked for besides itself.
    pub(crate) fn complaints(&self) -> Vec<String> {
        let mut complaints = Vec::new();
        for (method, params) in &self.events {
            match method.as_str() {
                "Runtime.consoleAPICalled" | "Runtime.exceptionThrown" | "Log.entryAdded" => {
                    complaints.push(format!("{method}: {params}"));
                }
                "Network.requestWillBeSent" => {
                    let url = params["request"]["url"].as_str().unwrap_or_default();
                    if !url.starts_with("file://") || params["type"] != "Document" {
                        complaints.push(format!("it asks for {url}"));
                    }
                }
                _ => {}
            }
        }
        complaints
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        self.session = None;
        let _ = self.call("Browser.close", json!({}));
        let _ = self.child.wait();
    }
}

/// The browser; where none is installed, Debian's is.
fn program() -> Outcome<&'static str> {
    let find = || {
        NAMES.into_iter().find(|name| {
            let shown = Command::new(name).arg("--version").output();
            shown.is_ok_and(|out| out.status.success())
        })
    };
    if let Some(name) = find() {
        return Ok(name);
    }
    eprintln!("installing chromium");
    let install = [
        "install",
        "-y",
        "-qq",
        "--no-install-recommends",
        "chromium",
    ];
    output(Command::new("apt-get").args(install))
        .map_err(|e| format!("chromium is missing: {e}"))?;
    find().ok_or_else(|| "chromium is missing: it opens the page of sizes".to_owned())
}

fn unbase64(text: &str) -> Vec<u8> {
    let digit = |c: u8| match c {
        b'A'..=b'Z' => Some(u32::from(c - b'A')),
        b'a'..=b'z' => Some(u32::from(c - b'a') + 26),
        b'0'..=b'9' => Some(u32::from(c - b'0') + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    };
    let digits: Vec<u32> = text.bytes().filter_map(digit).collect();
    let mut out = Vec::with_capacity(digits.len() * 3 / 4);
    for chunk in digits.chunks(4) {
        let group = chunk.iter().fold(0, |sum, d| sum << 6 | d) << (6 * (4 - chunk.len()));
        let bytes = group.to_be_bytes();
        out.extend_from_slice(&bytes[1..chunk.len()]);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::unbase64;

    #[test]
    fn base64_is_read() {
        assert_eq!(unbase64("Zm9vYmFy"), b"foobar");
        assert_eq!(unbase64("Zm9vYg=="), b"foob");
        assert_eq!(unbase64(""), b"");
    }
}
