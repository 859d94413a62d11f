//! Requests that are wrong in one way each, and the exact answer to each.
//!
//! A row is written as it travels: the request line, headers, an empty line, the body. In braces
//! stand what was pushed before (`{repo}`, `{blob}`, `{big}`, `{config}`, `{image}`) and what is
//! made for the row (`{upload}`, an open upload that holds 4 bytes). `Host`, `Content-Length`,
//! `Connection` and the token are added unless the row has them; `X-Nobody` leaves the token out.
//! An answer is the status, the code of the first error (`-` for none), then headers: `name: value`
//! exactly, `name: ~part` containing the part, `name: !` absent.

use crate::support::{Answer, Repo, Request, Server, noise, shared};

mod contents;
mod places;

use self::contents::{CHALLENGE, MANIFESTS, PUT, TOKENS, UPLOADS};
use self::places::{DIGESTS, METHODS, NAMES, PAGES, RANGES, TAGS};

/// What is wrong, the request, the answer.
type Row = (&'static str, &'static str, &'static str);

/// What rows speak of.
struct Scene<'a> {
    repo: Repo<'a>,
    words: Vec<(&'static str, String)>,
}

impl<'a> Scene<'a> {
    fn set(server: &'a Server) -> Self {
        let repo = server.repo("malformed/main");
        let other = server.repo("malformed/other");
        let blob = repo.push_blob(b"0123456789");
        let big = repo.push_blob(&noise(1, 100_000));
        let body = repo.image_of(b"0123456789");
        let body_text = body.to_string();
        repo.put_manifest("latest", crate::support::OCI_MANIFEST, body_text.as_bytes())
            .expect(201);
        let (head, rest) = repo.token.split_once('.').unwrap();
        let (claims, signature) = rest.split_once('.').unwrap();
        let foreign = server.token("repository:admin/malformed/other:pull,push");
        let (_, foreign_signature) = foreign.rsplit_once('.').unwrap();
        let words = vec![
            ("{put}", PUT.to_owned()),
            ("{repo}", repo.name.clone()),
            ("{other}", other.name),
            ("{other token}", other.token.clone()),
            ("{token}", repo.token.clone()),
            ("{login}", server.login()),
            (
                "{unsigned}",
                format!("eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.{claims}."),
            ),
            ("{forged}", format!("{head}.{claims}.{foreign_signature}")),
            ("{changed}", format!("{head}.{claims}x.{signature}")),
            ("{blob}", blob.clone()),
            ("{blob escaped}", blob.replace(':', "%3A")),
            ("{big}", big),
            ("{config}", body["config"].to_string()),
            ("{image}", crate::support::sha256(body_text.as_bytes())),
            ("{image body}", body_text),
            ("{manifest type}", crate::support::OCI_MANIFEST.to_owned()),
            ("{index type}", crate::support::OCI_INDEX.to_owned()),
            ("{zeros}", "0".repeat(64)),
            ("{long300}", "a".repeat(300)),
            ("{long129}", "a".repeat(129)),
            ("{long128}", "a".repeat(128)),
            ("{deep}", "[".repeat(200) + &"]".repeat(200)),
            (
                "{tags 101}",
                (0..101).map(|n| format!("tag=v{n}&")).collect(),
            ),
            ("{challenge}", CHALLENGE.to_owned()),
        ];
        Self { repo, words }
    }

    fn fill(&self, text: &str, upload: &str) -> String {
        let mut text = text.replace("{upload}", upload);
        for (word, value) in &self.words {
            text = text.replace(word, value);
        }
        text
    }

    fn ask(&self, request: &str, upload: &str) -> Answer {
        let request = self.fill(request, upload);
        let (head, body) = request.split_once("\n\n").unwrap_or((&request, ""));
        let mut lines = head.lines();
        let (method, target) = lines.next().unwrap().split_once(' ').unwrap();
        let mut built: Request = self.repo.server.request(method, target);
        let mut has_login = false;
        for line in lines {
            let (name, value) = line.split_once(':').unwrap();
            has_login |= matches!(name, "Authorization" | "X-Nobody");
            built = built.header(name, value.strip_prefix(' ').unwrap_or(value));
        }
        if !has_login {
            built = built.bearer(&self.repo.token);
        }
        built.body(body.as_bytes()).send()
    }

    /// What is wrong with an answer.
    fn judge(&self, answer: &Answer, wanted: &str, upload: &str) -> Result<(), String> {
        let wanted = self.fill(wanted, upload);
        let mut lines = wanted.lines();
        let first = format!("{} {}", answer.status, answer.code());
        let wanted_first = lines.next().unwrap();
        if first != wanted_first {
            return Err(format!(
                "wanted {wanted_first}, got {first}: {}",
                answer.text()
            ));
        }
        for line in lines {
            let (name, value) = line.split_once(": ").unwrap();
            let got = answer.header(name);
            let is_right = match (value, value.strip_prefix('~')) {
                ("!", _) => got.is_none(),
                (_, Some(part)) => got.is_some_and(|got| got.contains(part)),
                (value, None) => got == Some(value),
            };
            if !is_right {
                return Err(format!("wanted {line}, got {got:?}"));
            }
        }
        Ok(())
    }
}

#[test]
fn every_malformed_request_has_its_exact_answer() {
    let scene = Scene::set(shared());
    let tables = [
        ("names", NAMES),
        ("tags", TAGS),
        ("digests", DIGESTS),
        ("ranges", RANGES),
        ("uploads", UPLOADS),
        ("methods", METHODS),
        ("manifests", MANIFESTS),
        ("pages", PAGES),
        ("tokens", TOKENS),
    ];
    let mut wrong = Vec::new();
    let mut rows = 0;
    for (table, name, request, wanted) in tables
        .iter()
        .flat_map(|(table, rows)| rows.iter().map(move |row| (table, row.0, row.1, row.2)))
    {
        rows += 1;
        let upload = if request.contains("{upload}") {
            let upload = scene.repo.start_upload();
            scene.repo.patch(&upload, None, b"0123").expect(202);
            upload
        } else {
            String::new()
        };
        let answer = scene.ask(request, &upload);
        if let Err(reason) = scene.judge(&answer, wanted, &upload) {
            wrong.push(format!("{table}, {name}: {reason}"));
        }
    }
    assert!(rows >= 80, "{rows} rows");
    assert!(
        wrong.is_empty(),
        "{} of {rows} wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

/// A refused request leaves nothing behind, and an upload survives what was refused.
#[test]
fn refused_chunks_leave_the_upload_where_it_was() {
    let repo = shared().repo("malformed/uploads");
    let upload = repo.start_upload();
    repo.patch(&upload, Some("0-3"), b"0123").expect(202);
    repo.patch(&upload, Some("0-3"), b"xxxx").expect(416);
    repo.patch(&upload, Some("all"), b"xxxx").expect(400);
    repo.patch(&upload, Some("4-9"), b"456789").expect(202);
    let digest = crate::support::sha256(b"0123456789");
    repo.close_upload(&upload, &digest).expect(201);
    assert_eq!(repo.get(&format!("blobs/{digest}")).body, b"0123456789");
    // Closed: neither a second close nor anything else finds it.
    repo.close_upload(&upload, &digest).expect(404);
    repo.patch(&upload, None, b"x").expect(404);
    repo.request("GET", &upload).send().expect(404);
}

#[test]
fn a_cancelled_upload_is_gone() {
    let repo = shared().repo("malformed/cancelled");
    let upload = repo.start_upload();
    repo.patch(&upload, None, b"0123").expect(202);
    repo.request("DELETE", &upload).send().expect(204);
    for method in ["GET", "PATCH", "PUT", "DELETE"] {
        let target = format!("{upload}?digest=sha256:{}", "0".repeat(64));
        let answer = repo.request(method, &target).send().expect(404);
        assert_eq!(answer.code(), "BLOB_UPLOAD_UNKNOWN", "{method}");
    }
}
