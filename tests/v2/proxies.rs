//! Behind reverse proxies: links stay relative, and only trusted proxies are believed.

use crate::support::{Server, sha256, shared};

fn realm(server: &Server, headers: &[(&str, &str)]) -> String {
    let mut request = server.get("/v2/");
    for (name, value) in headers {
        request = request.header(name, value);
    }
    let answer = request.send().expect(401);
    let challenge = answer.header("www-authenticate").unwrap().to_owned();
    let rest = challenge.split_once("realm=\"").unwrap().1;
    rest.split_once('"').unwrap().0.to_owned()
}

const FORWARDED: [(&str, &str); 2] = [
    ("X-Forwarded-Proto", "https"),
    ("X-Forwarded-Host", "registry.example.com"),
];

#[test]
fn t39_only_trusted_proxies_say_scheme_and_host() {
    let direct = shared();
    let own = format!("http://{}/v2/auth", direct.address);
    assert_eq!(realm(direct, &[]), own);
    assert_eq!(realm(direct, &FORWARDED), own);
    // An odd port, kept as the client wrote it.
    let odd = realm(direct, &[("Host", "registry.example.com:8443")]);
    assert_eq!(odd, "http://registry.example.com:8443/v2/auth");

    let behind = Server::start(&[("server.trusted_proxies", "127.0.0.1/32")]);
    assert_eq!(
        realm(&behind, &FORWARDED),
        "https://registry.example.com/v2/auth"
    );
    let twice = [
        ("X-Forwarded-Proto", "http, https"),
        ("X-Forwarded-Host", "attacker.example, registry.example.com"),
    ];
    assert_eq!(
        realm(&behind, &twice),
        "https://registry.example.com/v2/auth"
    );
    let nonsense = [("X-Forwarded-Proto", "gopher")];
    assert_eq!(
        realm(&behind, &nonsense),
        format!("http://{}/v2/auth", behind.address)
    );
    push_through(&behind);
    // What another registry signed is nothing here.
    let foreign = direct.token("repository:admin/t39:pull,push");
    let answer = behind.get("/v2/").bearer(&foreign).send().expect(401);
    let challenge = answer.header("www-authenticate").unwrap();
    assert!(challenge.contains("invalid_token"), "{challenge}");
    drop(behind);

    let named = Server::start(&[("server.url", "https://registry.example.com")]);
    assert_eq!(realm(&named, &[]), "https://registry.example.com/v2/auth");
    assert_eq!(
        realm(&named, &[("Host", "else.example")]),
        "https://registry.example.com/v2/auth"
    );
}

fn push_through(server: &Server) {
    let repo = server.repo("t39");
    let forwarded = |method: &str, below: &str| {
        let request = repo.request(method, below);
        FORWARDED.iter().fold(request, |request, (name, value)| {
            request.header(name, value)
        })
    };
    let started = forwarded("POST", "blobs/uploads/").send().expect(202);
    let location = started.header("location").unwrap();
    let upload = location
        .strip_prefix(&format!("/v2/{}/", repo.name))
        .expect("relative");
    let bytes = b"through a proxy";
    let digest = sha256(bytes);
    let patched = forwarded("PATCH", upload).body(bytes).send().expect(202);
    assert_eq!(patched.header("location"), Some(location));
    let closed = forwarded("PUT", &format!("{upload}?digest={digest}"))
        .send()
        .expect(201);
    let blob = format!("/v2/{}/blobs/{digest}", repo.name);
    assert_eq!(closed.header("location"), Some(&*blob));
    assert_eq!(
        forwarded("GET", &format!("blobs/{digest}")).send().body,
        bytes
    );
}
