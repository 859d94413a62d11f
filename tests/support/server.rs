//! Servers as processes of their own, which never outlive the tests.
//!
//! A small shell stands between the test process and the server: when its standard input closes,
//! however the test process ended, it stops the server, makes sure that no PostgreSQL is left, and
//! removes the folder.

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Output, Stdio};
use std::sync::{Mutex, OnceLock};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::http::Request;
use super::image::Repo;
use super::wait_for;

/// The account every server of [`Server::start`] has.
pub(crate) const ACCOUNT: &str = "admin";
pub(crate) const PASSWORD: &str = "correct-horse-battery";

/// Runs the server, says its process id, and waits for a word: nothing (the end of input) stops
/// the server and clears up; `leave` only lets go of a server that was killed.
const GUARD: &str = r#"
trap '' INT
"$1" serve >"$2/out" 2>>"$2/log" &
pid=$!
echo "$pid"
read -r word
[ "$word" = leave ] && { wait "$pid"; exit; }
kill -TERM "$pid" 2>/dev/null
wait "$pid"
echo "$?" >"$2/status"
for file in "$2"/data/postgres/*/postmaster.pid; do
  [ -f "$file" ] && kill -QUIT "$(head -n 1 "$file")" 2>/dev/null
done
[ "$word" = keep ] || rm -rf "$2"
"#;

/// A running server.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) dir: PathBuf,
    pub(crate) pid: u32,
    keys: Vec<(String, String)>,
    guard: Child,
    input: Option<ChildStdin>,
    tokens: Mutex<HashMap<String, String>>,
}

/// The server of the default configuration; it ends with the process.
pub(crate) fn shared() -> &'static Server {
    static SHARED: OnceLock<Server> = OnceLock::new();
    SHARED.get_or_init(|| Server::start(&[]))
}

/// Runs the program with the given arguments, standard input and settings until it ends.
pub(crate) fn slipway(args: &[&str], input: &str, dir: &Path, keys: &[(&str, &str)]) -> Output {
    // A command that should refuse and serves instead must not hang the tests.
    let mut child = Command::new("timeout")
        .args(["60", env!("CARGO_BIN_EXE_slipway")])
        .args(args)
        .current_dir(dir)
        .envs(keys.iter().map(|(key, value)| (variable(key), *value)))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    drop(child.stdin.take().unwrap().write_all(input.as_bytes()));
    child.wait_with_output().expect("the program ends")
}

/// `registry.state` as the environment spells it.
fn variable(key: &str) -> String {
    format!("SLIPWAY__{}", key.to_ascii_uppercase().replace('.', "__"))
}

fn make_dir() -> PathBuf {
    use std::os::unix::fs::PermissionsExt as _;
    let dir = tempfile::Builder::new()
        .prefix("slipway-it.")
        .permissions(std::fs::Permissions::from_mode(0o755))
        .tempdir()
        .expect("a folder can be made");
    dir.keep()
}

impl Server {
    /// A server with the given keys changed, and with the first account made.
    pub(crate) fn start(keys: &[(&str, &str)]) -> Self {
        let server = Self::start_empty(keys);
        let body = json!({ "username": ACCOUNT, "password": PASSWORD, "email": "a@example.com" });
        let made = server
            .request("POST", "/api/v1/user/initialize")
            .header("Content-Type", "application/json")
            .body(body.to_string().as_bytes())
            .send();
        assert!(made.status == 200 || made.status == 503, "{}", made.text());
        server
    }

    /// A server without any account.
    pub(crate) fn start_empty(keys: &[(&str, &str)]) -> Self {
        let owned = keys.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
        Self::spawn(make_dir(), owned.collect())
    }

    fn spawn(dir: PathBuf, keys: Vec<(String, String)>) -> Self {
        let mut guard = Command::new("sh")
            .args(["-c", GUARD, "guard", env!("CARGO_BIN_EXE_slipway")])
            .arg(&dir)
            .current_dir(&dir)
            .env("SLIPWAY__SERVER__LISTEN", "127.0.0.1:0")
            .env("SLIPWAY__DATA__DIR", dir.join("data"))
            .envs(keys.iter().map(|(key, value)| (variable(key), value)))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("a shell starts");
        let mut line = String::new();
        let mut output = BufReader::new(guard.stdout.take().unwrap());
        output.read_line(&mut line).unwrap();
        let mut server = Self {
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            pid: line.trim().parse().expect("a process id"),
            input: guard.stdin.take(),
            dir,
            keys,
            guard,
            tokens: Mutex::default(),
        };
        server.address = wait_for("the server starts", Duration::from_secs(60), || {
            let said = std::fs::read_to_string(server.dir.join("out")).ok()?;
            if said.is_empty() {
                assert!(server.is_alive(), "the server ended:\n{}", server.log());
            }
            let (_, address) = said.lines().next()?.rsplit_once("//")?;
            address.parse().ok()
        });
        server
    }

    /// Says whether the process is there (a dead one that nobody has waited for is not).
    pub(crate) fn is_alive(&self) -> bool {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.pid));
        stat.is_ok_and(|text| !text.contains(") Z "))
    }

    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.dir.join("log")).unwrap_or_default()
    }

    /// Process ids of the postmasters of this server's data folder, by what runs, not by files.
    pub(crate) fn postmasters(&self) -> Vec<u32> {
        let wanted = self.dir.join("data");
        let wanted = wanted.to_str().unwrap();
        let processes = std::fs::read_dir("/proc").unwrap().flatten();
        processes
            .filter_map(|entry| {
                let pid: u32 = entry.file_name().to_str()?.parse().ok()?;
                let line = std::fs::read(entry.path().join("cmdline")).ok()?;
                let line = String::from_utf8_lossy(&line).into_owned();
                let program = line.split('\0').next()?.rsplit('/').next()?.to_owned();
                (program == "postgres" && line.contains(wanted)).then_some(pid)
            })
            .collect()
    }

    /// Bytes of memory the process holds.
    pub(crate) fn resident_bytes(&self) -> u64 {
        self.read_status("VmRSS:")
    }

    /// The most bytes of memory the process ever held.
    pub(crate) fn peak_bytes(&self) -> u64 {
        self.read_status("VmHWM:")
    }

    fn read_status(&self, field: &str) -> u64 {
        let text = std::fs::read_to_string(format!("/proc/{}/status", self.pid)).unwrap();
        let line = text.lines().find(|line| line.starts_with(field)).unwrap();
        let kib: u64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
        kib * 1024
    }

    pub(crate) fn signal(&self, name: &str) {
        signal(self.pid, name);
    }

    /// Kills the process as a power cut would, and starts it anew on the same folder.
    pub(crate) fn kill_and_restart(mut self) -> Self {
        self.signal("KILL");
        drop(self.input.take().unwrap().write_all(b"leave\n"));
        self.guard.wait().unwrap();
        std::fs::remove_file(self.dir.join("out")).unwrap();
        let mut keys = self.keys.clone();
        keys.push(("server.listen".to_owned(), self.address.to_string()));
        Self::spawn(self.dir.clone(), keys)
    }

    /// Stops the process politely, and starts it anew on the same folder with other keys changed.
    pub(crate) fn restart_with(mut self, keys: &[(&str, &str)]) -> Self {
        drop(self.input.take().unwrap().write_all(b"keep\n"));
        self.guard.wait().unwrap();
        let status = std::fs::read_to_string(self.dir.join("status")).unwrap();
        assert_eq!(status.trim(), "0", "{}", self.log());
        std::fs::remove_file(self.dir.join("out")).unwrap();
        let owned = keys.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
        let mut keys: Vec<_> = owned.collect();
        keys.push(("server.listen".to_owned(), self.address.to_string()));
        Self::spawn(self.dir.clone(), keys)
    }

    /// Whether the process ended with success, once a signal has been sent to it.
    pub(crate) fn ends_well(mut self) -> bool {
        wait_for("the server ends", Duration::from_secs(60), || {
            (!self.is_alive()).then_some(())
        });
        drop(self.input.take().unwrap().write_all(b"keep\n"));
        self.guard.wait().unwrap();
        let status = std::fs::read_to_string(self.dir.join("status")).unwrap();
        std::fs::remove_dir_all(&self.dir).unwrap();
        status.trim() == "0"
    }

    pub(crate) fn request(&self, method: &str, target: &str) -> Request {
        Request::new(self.address, method, target)
    }

    pub(crate) fn get(&self, target: &str) -> Request {
        self.request("GET", target)
    }

    /// A token of the account, for a scope; asked for once.
    pub(crate) fn token(&self, scope: &str) -> String {
        let mut tokens = self.tokens.lock().unwrap();
        let issue = || self.fresh_token(scope);
        tokens.entry(scope.to_owned()).or_insert_with(issue).clone()
    }

    /// A token that nobody has used.
    pub(crate) fn fresh_token(&self, scope: &str) -> String {
        self.token_of(ACCOUNT, PASSWORD, scope)
    }

    pub(crate) fn token_of(&self, account: &str, password: &str, scope: &str) -> String {
        let answer = self
            .get(&format!("/v2/auth?service={}&scope={scope}", self.address))
            .header("Authorization", &basic(account, password))
            .send()
            .expect(200);
        answer.json()["token"].as_str().unwrap().to_owned()
    }

    /// A repository below the account, which may push there.
    pub(crate) fn repo(&self, name: &str) -> Repo<'_> {
        let name = format!("{ACCOUNT}/{name}");
        let token = self.token(&format!("repository:{name}:pull,push"));
        Repo {
            server: self,
            name,
            token,
        }
    }

    /// Makes a user without any rights, whose password is [`PASSWORD`], by the command line.
    pub(crate) fn add_user(&self, name: &str) {
        let email = format!("{name}@example.com");
        let command = ["admin", "create-user", "--username", name];
        let rest = ["--email", &email, "--password-stdin"];
        let data = self.dir.join("data");
        let keys = [("data.dir", data.to_str().unwrap())];
        let made = slipway(&[&command[..], &rest].concat(), PASSWORD, &self.dir, &keys);
        let said = String::from_utf8_lossy(&made.stderr);
        assert!(made.status.success(), "{name}: {said}");
    }

    /// The header that logs the account in.
    pub(crate) fn login(&self) -> String {
        basic(ACCOUNT, PASSWORD)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.input.take());
        drop(self.guard.wait());
    }
}

pub(crate) fn basic(account: &str, password: &str) -> String {
    let text = STANDARD.encode(format!("{account}:{password}"));
    format!("Basic {text}")
}

pub(crate) fn signal(pid: u32, name: &str) {
    // The shell's own: the program of that name is not on every machine.
    let sent = Command::new("sh")
        .args(["-c", r#"kill -s "$0" "$1""#, name, &pid.to_string()])
        .status();
    assert!(sent.unwrap().success(), "kill -s {name} {pid}");
}
