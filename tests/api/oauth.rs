//! OAuth: consent, codes, and the tricks that must not work.

use serde_json::json;

use crate::support::{ACCOUNT, Answer, Browser, PASSWORD, Server, shared};

/// An organization with an application whose redirects begin with `http://localhost/cb`.
struct App<'a> {
    server: &'a Server,
    admin: Browser<'a>,
    client_id: String,
    secret: String,
}

impl<'a> App<'a> {
    fn new(organization: &str) -> Self {
        let server = shared();
        let mut admin = Browser::sign_in(server, ACCOUNT, PASSWORD);
        admin
            .post("/organization/", &json!({ "name": organization }))
            .expect(201);
        let path = format!("/organization/{organization}/applications");
        let body = json!({ "name": "<b>tool</b>", "redirect_uri": "http://localhost/cb" });
        let made = admin.post(&path, &body).expect(200).json();
        let text = |name: &str| made[name].as_str().unwrap().to_owned();
        let (client_id, secret) = (text("client_id"), text("client_secret"));
        Self {
            server,
            admin,
            client_id,
            secret,
        }
    }

    fn query(&self, kind: &str, redirect: &str, scope: &str) -> String {
        let id = &self.client_id;
        format!("response_type={kind}&client_id={id}&redirect_uri={redirect}&scope={scope}")
    }

    fn look(&self, cookie: Option<&str>, query: &str) -> Answer {
        let request = self.server.get(&format!("/oauth/authorize?{query}"));
        match cookie {
            Some(cookie) => request
                .header("Cookie", &format!("_csrf_token={cookie}"))
                .send(),
            None => request.send(),
        }
    }

    fn cookie(&self) -> String {
        self.admin.cookie.clone().unwrap()
    }

    fn post(&self, action: &str, form: &str) -> Answer {
        self.server
            .request("POST", &format!("/oauth/{action}"))
            .header("Cookie", &format!("_csrf_token={}", self.cookie()))
            .header("Content-Type", "application/x-www-form-urlencoded")
            .body(form.as_bytes())
            .send()
    }

    fn agree(&self, query: &str) -> Answer {
        self.post(
            "authorizeapp",
            &format!("{query}&_csrf_token={}", self.admin.csrf),
        )
    }
}

fn location(answer: &Answer) -> String {
    answer.header("location").unwrap_or_default().to_owned()
}

fn part<'a>(location: &'a str, name: &str) -> &'a str {
    let (_, rest) = location.split_once(&format!("{name}=")).unwrap();
    rest.split(['&', '#']).next().unwrap()
}

#[test]
fn a_token_is_granted_by_consent_and_the_state_comes_back() {
    let app = App::new("oauth-consent");
    let query = app.query("token", "http://localhost/cb", "repo:read") + "&state=a%26b%22";
    app.look(None, &query).expect(401);
    let page = app.look(Some(&app.cookie()), &query).expect(200);
    let text = page.text();
    assert!(
        text.contains("&lt;b&gt;tool&lt;/b&gt;") && !text.contains("<b>tool"),
        "{text}"
    );
    assert!(
        text.contains("name=\"state\" value=\"a&amp;b&quot;\""),
        "{text}"
    );
    assert_eq!(page.header("x-frame-options"), Some("DENY"));
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.contains("frame-ancestors 'none'"), "{policy}");

    let forged = app.post("authorizeapp", &query).expect(403);
    assert_eq!(forged.json()["error"], "CSRF token was invalid or missing.");
    app.post("authorizeapp", &format!("{query}&_csrf_token=x"))
        .expect(403);
    let sent = location(&app.agree(&query).expect(302));
    assert!(
        sent.starts_with("http://localhost/cb?scope=repo%3Aread&state=a%26b%22#access_token="),
        "{sent}"
    );
    assert!(
        sent.ends_with("&token_type=Bearer&expires_in=315576000"),
        "{sent}"
    );
    let token = part(&sent, "access_token");
    assert_eq!(token.len(), 40);
    app.server
        .get("/api/v1/user/robots")
        .bearer(token)
        .send()
        .expect(403);
    let logged = app.server.logged("create_oauth_api_token", ACCOUNT);
    assert_eq!(logged["client_id"], json!(app.client_id));

    // As much again needs no second consent, more does.
    app.look(Some(&app.cookie()), &query).expect(302);
    let more = app.query("token", "http://localhost/cb", "repo:read+user:admin");
    app.look(Some(&app.cookie()), &more).expect(200);
    let denied = format!("{query}&_csrf_token={}", app.admin.csrf);
    let sent = location(&app.post("denyapp", &denied).expect(302));
    assert_eq!(
        sent,
        "http://localhost/cb?error=access_denied&state=a%26b%22"
    );
}

#[test]
fn browsers_are_sent_to_the_applications_address_only() {
    let app = App::new("oauth-redirect");
    for redirect in [
        "http://evil/cb",
        "http://localhost.evil.org/cb",
        "http://localhost@evil.org/cb",
        "http://localhost:81/cb",
        "https://localhost/cb",
        "http://localhost/cbx",
        "http://localhost/cb/../other",
        "http://localhost/cb/%252e%252e/other",
        "//localhost/cb",
        "javascript:alert(1)",
        "http://localhost/cb%0d%0aX-Evil:1",
        "http://localhost%5c@evil.org/cb",
    ] {
        let query = app.query("token", redirect, "repo:read");
        let is_encoded_twice = redirect.contains("%25");
        let answer = app.look(Some(&app.cookie()), &query);
        assert_eq!(answer.status, 400, "{redirect}");
        assert_eq!(
            answer.json()["error"],
            "invalid_request",
            "{redirect} {is_encoded_twice}"
        );
        app.agree(&query).expect(400);
    }
    let twice =
        app.query("token", "http://localhost/cb", "repo:read") + "&redirect_uri=http://evil";
    app.agree(&twice).expect(400);
    for (kind, scope, error) in [
        ("token", "zz", "invalid_scope"),
        ("token", "repo:read+zz", "invalid_scope"),
        ("other", "repo:read", "unsupported_response_type"),
    ] {
        let query = app.query(kind, "http://localhost/cb", scope);
        let sent = location(&app.look(Some(&app.cookie()), &query).expect(302));
        assert_eq!(sent, format!("http://localhost/cb?error={error}"));
    }
    let unknown = "response_type=token&client_id=none&redirect_uri=http://x/&scope=repo:read";
    app.look(Some(&app.cookie()), unknown).expect(404);
    let missing = app
        .look(Some(&app.cookie()), "response_type=token")
        .expect(400);
    assert_eq!(missing.json()["error"], "Required param: client_id");
}

#[test]
fn a_code_works_once_and_for_no_more_than_was_granted() {
    let app = App::new("oauth-code");
    let exchange = |code: &str, redirect: &str, scope: &str, secret: &str| {
        let form = format!(
            "grant_type=authorization_code&client_id={}&client_secret={secret}\
             &redirect_uri={redirect}&code={code}&scope={scope}",
            app.client_id
        );
        app.post("access_token", &form)
    };
    let redirect = "http://localhost/cb";
    let grant = || {
        let query = app.query("code", redirect, "repo:read+repo:write") + "&state=s";
        let sent = location(&app.agree(&query).expect(302));
        assert!(sent.starts_with("http://localhost/cb?scope="), "{sent}");
        assert_eq!(part(&sent, "state"), "s");
        part(&sent, "code").to_owned()
    };
    let code = grant();
    let wrong = exchange(&code, redirect, "repo:read", "wrong").expect(400);
    assert_eq!(wrong.json()["error"], "invalid_client");
    let answer = exchange(&code, redirect, "repo:read", &app.secret)
        .expect(200)
        .json();
    assert_eq!(answer["token_type"], "Bearer");
    assert_eq!(answer["access_token"].as_str().unwrap().len(), 40);
    assert_eq!(answer["expires_in"], 315_576_000);
    let again = exchange(&code, redirect, "repo:read", &app.secret).expect(400);
    assert_eq!(again.json()["error"], "invalid_grant");

    let wide = exchange(&grant(), redirect, "repo:read+user:admin", &app.secret).expect(400);
    assert_eq!(wide.json()["error"], "invalid_scope");
    let other = exchange(&grant(), "http://localhost/cb/x", "repo:read", &app.secret).expect(400);
    assert_eq!(other.json()["error"], "invalid_grant");
    let code = grant();
    app.server
        .query("UPDATE oauth_code SET expires_at = clock_timestamp()");
    let late = exchange(&code, redirect, "repo:read", &app.secret).expect(400);
    assert_eq!(late.json()["error"], "invalid_grant");
    let form = format!("grant_type=authorization_code&client_id={}", app.client_id);
    let missing = app.post("access_token", &form).expect(400);
    assert_eq!(missing.json()["error"], "Required param: redirect_uri");
}

#[test]
fn only_administrators_and_those_who_were_offered_a_token_may_grant() {
    let app = App::new("oauth-offer");
    app.server.add_stranger("oauth-user");
    let mut user = Browser::sign_in(app.server, "oauth-user", PASSWORD);
    let query = app.query("token", "http://localhost/cb", "repo:read");
    let cookie = user.cookie.clone().unwrap();
    app.look(Some(&cookie), &query).expect(403);
    let form = |name: &str| format!("{query}&username={name}&_csrf_token={}", app.admin.csrf);
    app.post("authorize/assignuser", &form("oauth-user"))
        .expect(200);
    app.post("authorize/assignuser", &form("nobody-here"))
        .expect(404);
    let logged = app.server.logged("oauth_token_assigned", "oauth-offer");
    assert_eq!(logged["assigned_user"], "oauth-user");

    let offers = user.get("/user/assignedauthorization").expect(200).json();
    let offer = &offers["authorizations"][0];
    assert_eq!(offer["redirectUri"], "http://localhost/cb");
    assert_eq!(offer["responseType"], "token");
    let id = offer["uuid"].as_str().unwrap();
    let wide = app.query("token", "http://localhost/cb", "repo:read+repo:admin");
    app.look(Some(&cookie), &format!("{wide}&assignment_uuid={id}"))
        .expect(403);
    app.look(Some(&cookie), &format!("{query}&assignment_uuid={id}"))
        .expect(200);
    let agreed = app
        .server
        .request("POST", "/oauth/authorizeapp")
        .header("Cookie", &format!("_csrf_token={cookie}"))
        .body(format!("{query}&assignment_uuid={id}&_csrf_token={}", user.csrf).as_bytes())
        .send();
    agreed.expect(302);
    let left = user.get("/user/assignedauthorization").expect(200).json();
    assert_eq!(left["authorizations"], json!([]));
    user.delete(&format!("/user/assignedauthorization/{id}"))
        .expect(404);
    let stolen = format!("{query}&username=oauth-user&_csrf_token={}", user.csrf);
    let refused = app
        .server
        .request("POST", "/oauth/authorize/assignuser")
        .header("Cookie", &format!("_csrf_token={cookie}"))
        .body(stolen.as_bytes())
        .send();
    refused.expect(403);
    let local = app.server.get("/oauth/localapp").send().expect(200);
    assert!(local.text().contains("access_token"));
}
