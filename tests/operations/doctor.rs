//! `slipway doctor` through proxies that each do one thing wrong, and through one that does not.

use std::net::TcpListener;

use crate::support::{Certificate, Habits, PASSWORD, Proxy, shared, slipway};

struct Finding {
    code: Option<i32>,
    text: String,
    faults: Vec<String>,
}

fn examine(url: &str, password: &str, more: &[&str]) -> Finding {
    let folder = tempfile::tempdir().unwrap();
    let mut args = vec!["doctor", "--url", url, "--max-body-mib", "12"];
    args.extend(["--user", "admin", "--password-stdin"]);
    args.extend(more);
    let output = slipway(&args, password, folder.path(), &[]);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let faults = text.lines().filter_map(|line| line.strip_prefix("found: "));
    Finding {
        code: output.status.code(),
        faults: faults.map(str::to_owned).collect(),
        text,
    }
}

/// What the doctor finds through a proxy with these habits; it must be one thing.
fn only_fault(habits: Habits) -> String {
    let address = Proxy::bind().pass_to(shared().address, habits);
    let found = examine(&format!("http://{address}"), PASSWORD, &[]);
    assert_eq!(found.code, Some(1), "{}", found.text);
    assert_eq!(found.faults.len(), 1, "{}", found.text);
    found.faults[0].clone()
}

#[test]
fn t39_the_doctor_finds_nothing_wrong_without_a_proxy_and_behind_a_good_one() {
    let server = shared();
    let direct = examine(&format!("http://{}", server.address), PASSWORD, &[]);
    assert_eq!(direct.code, Some(0), "{}", direct.text);
    assert!(direct.text.contains("nothing is wrong"), "{}", direct.text);
    assert!(direct.text.contains("HTTP/2 is reached"), "{}", direct.text);
    assert!(
        direct.text.contains("a body of 12 MiB passes"),
        "{}",
        direct.text
    );
    let address = Proxy::bind().pass_to(server.address, Habits::default());
    let behind = examine(&format!("http://{address}"), PASSWORD, &[]);
    assert_eq!(behind.code, Some(0), "{}", behind.text);
    assert!(behind.text.contains("HTTP/2 is not reached") || behind.text.contains("is reached"));
}

#[test]
fn t39_the_doctor_measures_a_cap_on_bodies() {
    let cap_bytes = Some(5 << 20);
    let fault = only_fault(Habits {
        cap_bytes,
        ..Habits::default()
    });
    assert!(
        fault.starts_with("bodies above 5 MiB do not pass"),
        "{fault}"
    );
    assert!(fault.contains("413"), "{fault}");
    assert!(fault.contains("limit on bodies"), "{fault}");
}

#[test]
fn t39_the_doctor_finds_a_host_header_that_is_not_passed_on() {
    let host = Some("backend:5000".to_owned());
    let fault = only_fault(Habits {
        host,
        ..Habits::default()
    });
    assert!(fault.contains("http://backend:5000/v2/auth"), "{fault}");
    assert!(fault.contains("pass the Host header on"), "{fault}");
}

#[test]
fn t39_the_doctor_finds_a_clock_that_is_wrong() {
    let date = Some("Tue, 15 Nov 1994 08:12:31 GMT");
    let fault = only_fault(Habits {
        date,
        ..Habits::default()
    });
    assert!(fault.starts_with("the clock there is"), "{fault}");
    assert!(fault.contains(" s behind "), "{fault}");
}

#[test]
fn t39_the_doctor_finds_a_proxy_that_buffers() {
    let fault = only_fault(Habits {
        buffers: true,
        ..Habits::default()
    });
    assert!(fault.contains("request buffering off"), "{fault}");
}

#[test]
fn t39_the_doctor_finds_that_nobody_says_https() {
    let folder = tempfile::tempdir().unwrap();
    let made = Certificate::make(folder.path());
    let tls = Some(made.server_config());
    let habits = Habits {
        tls,
        ..Habits::default()
    };
    let address = Proxy::bind().pass_to(shared().address, habits);
    let url = format!("https://{address}");
    let strange = examine(&url, PASSWORD, &[]);
    assert_eq!(strange.code, Some(1));
    assert!(strange.text.contains("nothing answers"), "{}", strange.text);
    let trust = made.certificate.to_str().unwrap();
    let found = examine(&url, PASSWORD, &["--ca-certificate", trust]);
    assert_eq!(found.code, Some(1));
    let named = |fault: &String| fault.contains("is not https") && fault.contains(&url);
    assert!(found.faults.iter().any(named), "{}", found.text);
}

#[test]
fn t39_the_doctor_says_what_keeps_it_from_looking() {
    let nobody = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let found = examine(&format!("http://{nobody}"), PASSWORD, &[]);
    assert_eq!(found.code, Some(1));
    assert!(
        found.faults[0].contains("nothing answers"),
        "{}",
        found.text
    );

    let server = shared();
    let elsewhere = examine(
        &format!("http://{}/elsewhere", server.address),
        PASSWORD,
        &[],
    );
    assert_eq!(elsewhere.code, Some(1));
    assert!(elsewhere.faults[0].contains("404"), "{}", elsewhere.text);

    let stranger = examine(&format!("http://{}", server.address), "wrong-password", &[]);
    assert_eq!(stranger.code, Some(1));
    assert!(
        stranger.faults[0].contains("no token for `admin`"),
        "{}",
        stranger.text
    );
}
