//! TLS to a server over TCP: who is trusted, and what is refused.

use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use slipway_model::{Database, DatabaseSettings, ModelError};
use slipway_testkit::TestServer;

/// The name in the server's certificate.
const NAME: &str = "db.slipway.test";

fn openssl(folder: &Path, words: &str) {
    let status = Command::new("openssl")
        .args(words.split(' '))
        .current_dir(folder)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .unwrap();
    assert!(status.success(), "openssl {words}");
}

/// Makes an authority `<name>.crt` and a key.
fn make_authority(folder: &Path, name: &str) {
    openssl(
        folder,
        &format!(
            "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 \
             -subj /CN={name} -addext basicConstraints=critical,CA:TRUE \
             -keyout {name}.key -out {name}.crt"
        ),
    );
}

/// Makes `server.crt`, signed by the authority `ca`.
fn make_certificate(folder: &Path) {
    openssl(
        folder,
        &format!(
            "req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN={NAME} \
             -keyout server.key -out server.csr"
        ),
    );
    let extensions = format!("subjectAltName=DNS:{NAME}\nbasicConstraints=critical,CA:FALSE\n");
    std::fs::write(folder.join("server.ext"), extensions).unwrap();
    openssl(
        folder,
        "x509 -req -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 \
         -extfile server.ext -out server.crt",
    );
}

struct TlsServer {
    server: TestServer,
    folder: PathBuf,
    address: String,
}

impl TlsServer {
    async fn start() -> Self {
        // Every address of 127/8 is this machine: one that no other test has at this moment.
        let id = std::process::id();
        let address = format!("127.{}.{}.77", 1 + id / 256 % 250, id % 256);
        let extra = vec![("listen_addresses".to_owned(), address.clone())];
        let server = tokio::task::spawn_blocking(|| TestServer::start(extra))
            .await
            .unwrap();
        let folder = server.data_dir().join("tls");
        std::fs::create_dir(&folder).unwrap();
        std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o755)).unwrap();
        make_authority(&folder, "ca");
        make_authority(&folder, "stranger");
        make_certificate(&folder);
        let owner = std::fs::metadata(server.socket_dir()).unwrap();
        let (uid, gid) = (owner.uid(), owner.gid());
        std::os::unix::fs::chown(folder.join("server.key"), Some(uid), Some(gid)).unwrap();
        // Only encrypted sessions are let in over TCP.
        let hba = "local all all trust\nhostssl all all 127.0.0.0/8 trust\n";
        std::fs::write(folder.join("hba.conf"), hba).unwrap();
        let this = Self {
            server,
            folder,
            address,
        };
        this.turn_on().await;
        this
    }

    async fn turn_on(&self) {
        let client = self.server.connect("postgres").await;
        let place = self.folder.display();
        for (name, value) in [
            ("ssl_cert_file", format!("{place}/server.crt")),
            ("ssl_key_file", format!("{place}/server.key")),
            ("ssl", "on".to_owned()),
        ] {
            let sql = format!("ALTER SYSTEM SET {name} = '{value}'");
            client.batch_execute(&sql).await.unwrap();
        }
        // The file of access rules is a setting for the start only, so its text is replaced.
        let path: String = client.query_one("SHOW hba_file", &[]).await.unwrap().get(0);
        std::fs::copy(self.folder.join("hba.conf"), path).unwrap();
        client
            .batch_execute("SELECT pg_reload_conf()")
            .await
            .unwrap();
        for _ in 0..250 {
            let row = self
                .server
                .connect("postgres")
                .await
                .query_one("SHOW ssl", &[])
                .await;
            if row.unwrap().get::<_, String>(0) == "on" {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("the server does not turn TLS on");
    }

    async fn connect(&self, host: &str, authority: Option<&str>) -> Result<i32, ModelError> {
        let address = &self.address;
        let url = format!(
            "{host} hostaddr={address} port={} user=slipway dbname=slipway",
            self.server.port()
        );
        let db = Database::new(&DatabaseSettings {
            url,
            ca_certificate: authority.map(|name| self.folder.join(name)),
            pool_size: 1,
            connect_timeout: Duration::from_secs(5),
            request_wait: Duration::from_secs(5),
            is_prepared: true,
        })?;
        db.identify().await
    }
}

#[tokio::test]
async fn the_server_is_checked_against_the_authority_and_the_host() {
    if Command::new("openssl").arg("version").output().is_err() {
        println!("SKIPPED: there is no openssl");
        return;
    }
    let site = TlsServer::start().await;
    let host = format!("host={NAME}");

    let right = site.connect(&host, Some("ca.crt")).await;
    assert!(right.is_ok(), "{right:?}");
    for mode in ["disable", "prefer", "require"] {
        let host = format!("{host} sslmode={mode}");
        let checked = site.connect(&host, Some("ca.crt")).await;
        assert!(
            checked.is_ok(),
            "with an authority TLS is used always: {checked:?}"
        );
    }

    let stranger = site.connect(&host, Some("stranger.crt")).await;
    assert!(text(&stranger).contains("UnknownIssuer"), "{stranger:?}");
    let elsewhere = site
        .connect("host=other.slipway.test", Some("ca.crt"))
        .await;
    assert!(
        text(&elsewhere).contains("not valid for name"),
        "{elsewhere:?}"
    );
    let nameless = site.connect("", Some("ca.crt")).await;
    let refusal = text(&nameless);
    assert!(
        nameless.is_err() && !refusal.contains("no encryption"),
        "an address without a name is not spoken to in the clear: {refusal}"
    );

    let unchecked = site.connect(&format!("{host} sslmode=require"), None).await;
    assert!(
        text(&unchecked).contains("database.ca_certificate"),
        "{unchecked:?}"
    );
    let plain = site.connect(&host, None).await;
    assert!(text(&plain).contains("no encryption"), "{plain:?}");
    let unreadable = site.connect(&host, Some("server.ext")).await;
    assert!(text(&unreadable).contains("server.ext"), "{unreadable:?}");
}

fn text(outcome: &Result<i32, ModelError>) -> String {
    match outcome {
        Ok(version) => format!("connected to {version}"),
        Err(error) => error.to_string(),
    }
}
