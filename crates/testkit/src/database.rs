//! A migrated database for each test, on one private server per test process.
//!
//! The first [`TestDatabase`] starts the server, in memory where the system has `/dev/shm`, and
//! migrates one template; every further one is a copy of the template's files, which takes some
//! milliseconds. The server lives on a thread and runtime of its own, so it outlives the runtime
//! of any one test.
//!
//! A static is never dropped, and a test process may be killed, so the server cannot be trusted to
//! be stopped from inside. A shell that waits for the end of a pipe does it: the pipe's other end
//! is held by this process only and closes with it, however it ends. The shell then stops the
//! postmaster by its pid file and removes the folder.

#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot have its database fails"
)]

use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use slipway_model::{Database, DatabaseSettings};
use slipway_postgres::{EmbeddedServer, EmbeddedSettings};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, NoTls};

const TEMPLATE: &str = "slipway_template";

/// Ends the server below `$0/postgres` and removes `$0` once nobody holds the pipe any more.
const WATCHDOG: &str = r#"
trap '' INT TERM HUP
read -r _
for file in "$0"/postgres/*/postmaster.pid; do
    [ -f "$file" ] && kill -QUIT "$(head -n 1 "$file")" 2>/dev/null
done
for _ in 1 2 3 4 5 6 7 8 9 10; do
    ls "$0"/postgres/*/postmaster.pid >/dev/null 2>&1 || break
    sleep 0.3
done
rm -rf "$0"
"#;

/// A private server that ends with this process.
#[derive(Debug)]
pub struct TestServer {
    socket_dir: PathBuf,
    port: u16,
    data_dir: PathBuf,
    /// Its standard input is the pipe that keeps the server alive.
    _watchdog: Child,
    thread: UnboundedSender<Order>,
}

enum Order {
    Drop(String),
}

impl TestServer {
    /// Starts a server with `extra` settings of `postgresql.conf`, on a thread of its own.
    ///
    /// # Panics
    /// When it does not start.
    #[must_use]
    pub fn start(extra: Vec<(String, String)>) -> Self {
        let data_dir = make_folder();
        let watchdog = watch(&data_dir);
        let mut settings = EmbeddedSettings::new(&data_dir);
        settings.durable = false;
        settings.max_connections = 400;
        settings.extra = extra;
        let (orders, receiver) = unbounded_channel();
        let (sender, started) = std::sync::mpsc::channel();
        std::thread::Builder::new()
            .name("test-postgres".to_owned())
            .spawn(move || run(settings, &sender, receiver))
            .expect("a thread for the server");
        let connection = started.recv().expect("the private server starts");
        Self {
            socket_dir: connection.socket_dir,
            port: connection.port,
            data_dir,
            _watchdog: watchdog,
            thread: orders,
        }
    }

    /// The folder of its socket.
    #[must_use]
    pub fn socket_dir(&self) -> &Path {
        &self.socket_dir
    }

    /// The port in its socket's name.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The folder that holds everything of it.
    #[must_use]
    pub fn data_dir(&self) -> &Path {
        &self.data_dir
    }

    /// Where `user` finds `database`, over the socket.
    #[must_use]
    pub fn params(&self, user: &str, database: &str) -> String {
        let folder = self.socket_dir.display();
        format!(
            "host='{folder}' port={} user={user} dbname={database}",
            self.port
        )
    }

    /// A session of the superuser.
    ///
    /// # Panics
    /// When it is refused.
    pub async fn connect(&self, database: &str) -> Client {
        connect(&self.params("postgres", database)).await
    }
}

/// Opens a session whose connection is driven by the present runtime.
///
/// # Panics
/// When it is refused.
pub async fn connect(params: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(params, NoTls)
        .await
        .expect("a session");
    // It ends with the client; what went wrong shows there.
    drop(tokio::spawn(connection));
    client
}

fn make_folder() -> PathBuf {
    let memory = Path::new("/dev/shm");
    let parent = if memory.is_dir() {
        memory.to_owned()
    } else {
        std::env::temp_dir()
    };
    let folder = tempfile::Builder::new()
        .prefix("slipway-test-")
        .tempdir_in(parent)
        .expect("a folder for the server")
        .keep();
    // The server's user must pass through when the tests run as root.
    std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o755))
        .expect("the folder's permissions");
    folder
}

fn watch(data_dir: &Path) -> Child {
    Command::new("/bin/sh")
        .arg("-c")
        .arg(WATCHDOG)
        .arg(data_dir)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        // A Ctrl-C at the terminal must not reach it.
        .process_group(0)
        .spawn()
        .expect("a shell that stops the server")
}

fn run(
    settings: EmbeddedSettings,
    started: &std::sync::mpsc::Sender<slipway_postgres::ConnectionInfo>,
    mut orders: UnboundedReceiver<Order>,
) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime for the server");
    runtime.block_on(async {
        let server = EmbeddedServer::start(settings)
            .await
            .expect("the private server starts");
        let connection = server.connection();
        let params = connection.to_params().replace(
            "user=slipway dbname=slipway",
            "user=postgres dbname=postgres",
        );
        started
            .send(connection)
            .expect("someone waits for the server");
        let client = connect(&params).await;
        while let Some(Order::Drop(name)) = orders.recv().await {
            // A database that stays only costs memory until the process ends.
            let dropped = client
                .batch_execute(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
                .await;
            drop(dropped);
        }
        drop(server.stop().await);
    });
}

fn shared_server() -> &'static TestServer {
    static SERVER: OnceLock<TestServer> = OnceLock::new();
    SERVER.get_or_init(|| TestServer::start(Vec::new()))
}

async fn shared_template() {
    static MADE: tokio::sync::OnceCell<()> = tokio::sync::OnceCell::const_new();
    MADE.get_or_init(|| async {
        let server = shared_server();
        create(server, TEMPLATE, "template0").await;
        let database = Database::new(&settings(server, TEMPLATE)).expect("settings are fine");
        database.migrate().await.expect("migrations run");
    })
    .await;
    // The template must have no session while it is copied: the pool above is gone by now.
}

async fn create(server: &TestServer, name: &str, template: &str) {
    let client = server.connect("postgres").await;
    let statement =
        format!("CREATE DATABASE {name} OWNER slipway TEMPLATE {template} STRATEGY FILE_COPY");
    for _ in 0..100 {
        match client.batch_execute(&statement).await {
            // The last session on the template may still be saying goodbye.
            Err(error) if error.code() == Some(&SqlState::OBJECT_IN_USE) => {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            outcome => return outcome.expect("a new database"),
        }
    }
    panic!("the template stays in use");
}

fn settings(server: &TestServer, name: &str) -> DatabaseSettings {
    DatabaseSettings {
        url: server.params("slipway", name),
        ca_certificate: None,
        pool_size: 16,
        connect_timeout: Duration::from_secs(10),
        request_wait: Duration::from_secs(30),
        is_prepared: true,
    }
}

/// A database of one test; it goes when this is dropped.
#[derive(Debug)]
pub struct TestDatabase {
    name: String,
}

impl TestDatabase {
    /// Makes a migrated database.
    ///
    /// # Panics
    /// When the server or the database cannot be had.
    pub async fn new() -> Self {
        shared_template().await;
        Self::copy(TEMPLATE).await
    }

    /// Makes an empty database.
    ///
    /// # Panics
    /// When the server or the database cannot be had.
    pub async fn empty() -> Self {
        Self::copy("template0").await
    }

    /// Makes a copy of this database as it is now, once its sessions have ended.
    ///
    /// # Panics
    /// When they do not end.
    pub async fn duplicate(&self) -> Self {
        Self::copy(&self.name).await
    }

    async fn copy(template: &str) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let name = format!("test_{}", NEXT.fetch_add(1, Ordering::Relaxed));
        create(shared_server(), &name, template).await;
        Self { name }
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How the registry reaches it, as the role that owns it: prepared, 16 connections.
    #[must_use]
    pub fn settings(&self) -> DatabaseSettings {
        settings(shared_server(), &self.name)
    }

    /// A pool on it. Its connections belong to the present runtime.
    ///
    /// # Panics
    /// Never, as the settings are fine.
    #[must_use]
    pub fn database(&self) -> Database {
        Database::new(&self.settings()).expect("settings are fine")
    }

    /// A session of the superuser, for looking at rows and for standing in the way.
    ///
    /// # Panics
    /// When it is refused.
    pub async fn connect(&self) -> Client {
        shared_server().connect(&self.name).await
    }

    /// The server it is on.
    #[must_use]
    pub fn server(&self) -> &'static TestServer {
        shared_server()
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        // The thread is there as long as the process is.
        drop(shared_server().thread.send(Order::Drop(self.name.clone())));
    }
}
