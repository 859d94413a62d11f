//! TLS with a certificate of our own making, spoken by curl over HTTP/1.1 and HTTP/2.

use std::process::Command;

use crate::support::{Certificate, Server};

fn run(command: &mut Command) -> String {
    let output = command.output().expect("the program runs");
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{command:?}: {text}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn curl_speaks_tls_by_both_versions_of_http() {
    let folder = tempfile::tempdir().unwrap();
    let Certificate { certificate, key } = Certificate::make(folder.path());
    let server = Server::start_empty(&[
        ("tls.certificate", certificate.to_str().unwrap()),
        ("tls.key", key.to_str().unwrap()),
    ]);
    let url = format!("https://{}", server.address);
    for (option, version) in [("--http1.1", "1.1"), ("--http2", "2")] {
        let said = run(Command::new("curl")
            .args(["-s", option, "--cacert"])
            .arg(&certificate)
            .args([
                "-D",
                "-",
                "-o",
                "/dev/null",
                "-w",
                "%{http_code} %{http_version}",
            ])
            .arg(format!("{url}/v2/")));
        assert!(said.ends_with(&format!("401 {version}")), "{said}");
        // The realm says https, as the client must come back.
        assert!(said.contains(&format!("realm=\"{url}/v2/auth\"")), "{said}");
    }
    let strangers = Command::new("curl")
        .arg("-s")
        .arg(format!("{url}/v2/"))
        .status();
    assert_eq!(
        strangers.unwrap().code(),
        Some(60),
        "an unknown authority is refused"
    );
}
