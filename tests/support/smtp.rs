//! A mail server that keeps what it is given, and refuses what it is told to.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::wait_for;

/// A mail as it came.
#[derive(Debug, Clone)]
pub(crate) struct Letter {
    pub(crate) recipient: String,
    /// Head and body, lines joined that the encoding broke.
    pub(crate) text: String,
}

impl Letter {
    /// The code of the link in it.
    pub(crate) fn code(&self) -> String {
        let (_, rest) = self.text.split_once("code=").expect("a link with a code");
        let is_code = |letter: &char| letter.is_ascii_alphanumeric() || ":-".contains(*letter);
        rest.chars().take_while(is_code).collect()
    }
}

#[derive(Default)]
struct Kept {
    letters: Vec<Letter>,
    /// Answers to give instead of taking the next mails.
    refusals: Vec<&'static str>,
}

/// The mail server; it listens until the process ends.
pub(crate) struct MailCatcher {
    pub(crate) address: SocketAddr,
    kept: Arc<Mutex<Kept>>,
}

impl MailCatcher {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let catcher = Self {
            address: listener.local_addr().unwrap(),
            kept: Arc::default(),
        };
        let kept = Arc::clone(&catcher.kept);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                drop(talk(&stream, &kept));
            }
        });
        catcher
    }

    /// Answers the next recipients with these instead of taking their mail.
    pub(crate) fn refuse(&self, answers: &[&'static str]) {
        self.kept.lock().unwrap().refusals.extend(answers);
    }

    pub(crate) fn letters(&self) -> Vec<Letter> {
        self.kept.lock().unwrap().letters.clone()
    }

    /// Waits for the mail number `number`, from 0, to `recipient`.
    pub(crate) fn wait(&self, recipient: &str, number: usize) -> Letter {
        wait_for("a mail comes", Duration::from_secs(20), || {
            let letters = self.letters();
            let mut own = letters.into_iter().filter(|l| l.recipient == recipient);
            own.nth(number)
        })
    }
}

fn talk(stream: &TcpStream, kept: &Mutex<Kept>) -> std::io::Result<()> {
    let mut output = stream;
    let mut lines = BufReader::new(stream).lines();
    output.write_all(b"220 catcher\r\n")?;
    let mut recipient = String::new();
    while let Some(Ok(line)) = lines.next() {
        let verb = line.get(..4).unwrap_or_default().to_ascii_uppercase();
        let answer = match verb.as_str() {
            "RCPT" => {
                let between = line.split(['<', '>']).nth(1);
                between.unwrap_or_default().clone_into(&mut recipient);
                let mut kept = kept.lock().unwrap();
                if kept.refusals.is_empty() {
                    "250 ok"
                } else {
                    kept.refusals.remove(0)
                }
            }
            "DATA" => {
                output.write_all(b"354 go on\r\n")?;
                let body: Vec<String> = lines
                    .by_ref()
                    .map_while(Result::ok)
                    .take_while(|line| line != ".")
                    .collect();
                let text = body.join("\n").replace("=\n", "").replace("=3D", "=");
                kept.lock().unwrap().letters.push(Letter {
                    recipient: recipient.clone(),
                    text,
                });
                "250 taken"
            }
            "QUIT" => {
                output.write_all(b"221 bye\r\n")?;
                return Ok(());
            }
            _ => "250 ok",
        };
        output.write_all(answer.as_bytes())?;
        output.write_all(b"\r\n")?;
    }
    Ok(())
}
