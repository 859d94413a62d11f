//! Data folders, a helper process that can be killed, and a look at what runs.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use slipway_postgres::{ConnectionInfo, EmbeddedServer, EmbeddedSettings, ServerState};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixStream;

const HELPER_DATA_DIR: &str = "SLIPWAY_TEST_HELPER_DATA_DIR";
const HELPER_BIN_DIR: &str = "SLIPWAY_TEST_HELPER_BIN_DIR";
const PATIENCE: Duration = Duration::from_secs(30);

/// A folder that the server's user can enter, below `/tmp` for a short path.
pub(crate) fn data_folder() -> TempDir {
    let folder = tempfile::Builder::new()
        .prefix("slipway-pg-")
        .tempdir_in("/tmp")
        .unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    folder
}

pub(crate) fn quick_settings(data_dir: &Path) -> EmbeddedSettings {
    let mut settings = EmbeddedSettings::new(data_dir);
    settings.durable = false;
    settings.max_connections = 20;
    settings.shared_buffers_bytes = 16 << 20;
    settings.max_wal_size_bytes = 64 << 20;
    settings
}

pub(crate) async fn start(data_dir: &Path) -> EmbeddedServer {
    EmbeddedServer::start(quick_settings(data_dir))
        .await
        .unwrap()
}

pub(crate) fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

pub(crate) fn kill(pid: u32, signal: Signal) {
    kill_process(Pid::from_raw(pid.try_into().unwrap()).unwrap(), signal).unwrap();
}

/// Pids of postmasters at work in `cluster`: `postgres` processes whose parent is not one.
pub(crate) fn list_postmasters(cluster: &Path) -> Vec<u32> {
    let servers = list_servers(cluster);
    let is_child = |pid: &u32| parent_of(*pid).is_some_and(|parent| servers.contains(&parent));
    servers
        .iter()
        .copied()
        .filter(|pid| !is_child(pid))
        .collect()
}

/// Pids of all `postgres` processes at work in `cluster`.
pub(crate) fn list_servers(cluster: &Path) -> Vec<u32> {
    let cluster = cluster.canonicalize().unwrap();
    let entries = fs::read_dir("/proc").unwrap().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let at_work = |pid: &u32| {
        fs::read_link(format!("/proc/{pid}/cwd")).is_ok_and(|folder| folder == cluster)
            && fs::read_to_string(format!("/proc/{pid}/comm"))
                .is_ok_and(|name| name.trim() == "postgres")
    };
    pids.filter(at_work).collect()
}

fn parent_of(pid: u32) -> Option<u32> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    status
        .lines()
        .find_map(|line| line.strip_prefix("PPid:"))?
        .trim()
        .parse()
        .ok()
}

/// The one cluster in a data folder.
pub(crate) fn cluster_of(data_dir: &Path) -> PathBuf {
    let entries = fs::read_dir(data_dir.join("postgres")).unwrap().flatten();
    let mut clusters: Vec<PathBuf> = entries
        .filter(|entry| entry.file_name().to_str().unwrap().parse::<u32>().is_ok())
        .map(|entry| entry.path())
        .collect();
    assert_eq!(clusters.len(), 1, "{clusters:?}");
    clusters.remove(0)
}

pub(crate) fn server_log(data_dir: &Path) -> String {
    fs::read_to_string(data_dir.join("postgres/server.log")).unwrap()
}

pub(crate) async fn wait_for_state(
    server: &EmbeddedServer,
    wanted: impl FnMut(&ServerState) -> bool,
) {
    let mut state = server.state();
    tokio::time::timeout(PATIENCE, state.wait_for(wanted))
        .await
        .unwrap()
        .unwrap();
}

pub(crate) async fn wait_until(mut condition: impl FnMut() -> bool) {
    let started = Instant::now();
    while !condition() {
        assert!(started.elapsed() < PATIENCE, "waited in vain");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Runs `sql` as the owner of the database; answers the text of all rows.
pub(crate) async fn query(server: &EmbeddedServer, sql: &str) -> String {
    query_as(&server.connection(), sql).await
}

/// Runs `sql` as the superuser, outside Slipway's database.
pub(crate) async fn query_as_superuser(server: &EmbeddedServer, sql: &str) -> String {
    let mut info = server.connection();
    info.user = "postgres".to_owned();
    info.dbname = "postgres".to_owned();
    query_as(&info, sql).await
}

/// A client written apart from the crate's own, so that one checks the other.
async fn query_as(info: &ConnectionInfo, sql: &str) -> String {
    let mut stream = UnixStream::connect(info.socket_path()).await.unwrap();
    let parameters = format!("user\0{}\0database\0{}\0\0", info.user, info.dbname);
    let mut startup = u32::try_from(parameters.len() + 8)
        .unwrap()
        .to_be_bytes()
        .to_vec();
    startup.extend_from_slice(&196_608_u32.to_be_bytes());
    startup.extend_from_slice(parameters.as_bytes());
    stream.write_all(&startup).await.unwrap();
    assert_eq!(read_to_ready(&mut stream).await, "");
    let mut message = vec![b'Q'];
    message.extend_from_slice(&u32::try_from(sql.len() + 5).unwrap().to_be_bytes());
    message.extend_from_slice(sql.as_bytes());
    message.push(0);
    stream.write_all(&message).await.unwrap();
    let answer = read_to_ready(&mut stream).await;
    stream.write_all(b"X\0\0\0\x04").await.unwrap();
    answer
}

async fn read_to_ready(stream: &mut UnixStream) -> String {
    let mut text = String::new();
    loop {
        let kind = stream.read_u8().await.unwrap();
        let size = stream.read_u32().await.unwrap() - 4;
        let mut body = vec![0; size.try_into().unwrap()];
        stream.read_exact(&mut body).await.unwrap();
        match kind {
            b'D' => text.push_str(&String::from_utf8_lossy(body.get(6..).unwrap_or_default())),
            b'E' => panic!("{}", String::from_utf8_lossy(&body)),
            b'Z' => return text,
            _ => {}
        }
    }
}

/// Another process that runs the server on a data folder, and can be killed.
pub(crate) struct Helper {
    child: Child,
    lines: BufReader<std::process::ChildStdout>,
}

impl Helper {
    /// Starts it; `prefix` is a command that runs it, such as `setpriv` with its options.
    pub(crate) fn spawn(data_dir: &Path, prefix: &[&str]) -> Self {
        let program = std::env::current_exe().unwrap();
        Self::spawn_with(&program, data_dir, prefix, None)
    }

    /// Starts it with the server programs of that folder.
    pub(crate) fn spawn_with_bin(data_dir: &Path, bin_dir: &Path) -> Self {
        let program = std::env::current_exe().unwrap();
        Self::spawn_with(&program, data_dir, &[], Some(bin_dir))
    }

    /// Starts a copy of this binary that other users can reach.
    pub(crate) fn spawn_program(program: &Path, data_dir: &Path, prefix: &[&str]) -> Self {
        Self::spawn_with(program, data_dir, prefix, None)
    }

    fn spawn_with(
        program: &Path,
        data_dir: &Path,
        prefix: &[&str],
        bin_dir: Option<&Path>,
    ) -> Self {
        let mut words: Vec<&str> = prefix.to_vec();
        words.push(program.to_str().unwrap());
        words.extend([
            "--exact",
            "support::helper",
            "--ignored",
            "--nocapture",
            "--test-threads=1",
        ]);
        let (first, rest) = words.split_first().unwrap();
        let mut child = Command::new(first)
            .args(rest)
            .env(HELPER_DATA_DIR, data_dir)
            .envs(bin_dir.map(|folder| (HELPER_BIN_DIR, folder)))
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap());
        Self { child, lines }
    }

    /// Waits for what it says about its start: `ready <pid>` or `failed <why>`.
    pub(crate) fn answer(&mut self) -> String {
        let mut line = String::new();
        while self.lines.read_line(&mut line).unwrap() > 0 {
            // The test harness prints its own words before, on the same line.
            if let Some(start) = line.find("helper: ") {
                return line[start + "helper: ".len()..].trim().to_owned();
            }
            line.clear();
        }
        "ended without a word".to_owned()
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Lets it stop its server and end.
    pub(crate) fn finish(mut self) {
        drop(self.child.stdin.take());
        assert!(self.child.wait().unwrap().success());
    }
}

#[test]
#[ignore = "a process for other tests to kill"]
fn helper() {
    let Some(data_dir) = std::env::var_os(HELPER_DATA_DIR) else {
        return;
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let mut settings = quick_settings(Path::new(&data_dir));
        settings.bin_dir = std::env::var_os(HELPER_BIN_DIR).map(PathBuf::from);
        match EmbeddedServer::start(settings).await {
            Ok(server) => {
                println!("helper: ready {}", server.pid().unwrap());
                let ended = tokio::task::spawn_blocking(|| std::io::stdin().lines().count());
                ended.await.unwrap();
                server.stop().await.unwrap();
            }
            Err(error) => println!("helper: failed {error}"),
        }
    });
}
