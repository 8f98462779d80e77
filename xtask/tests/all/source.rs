//! Documents from URLs, from authentik servers and from upstream's repository, with servers that the tests start.

use std::sync::{Arc, Mutex};

use crate::common::Project;
use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::{Response, StatusCode, header};
use pretty_assertions::assert_eq;

/// A server on this machine that responds to every request with `respond`, and the requests that it received.
struct Server {
    address: String,
    asked: Arc<Mutex<Vec<String>>>,
}

fn serve(respond: impl Fn(&str) -> Response<Body> + Clone + Send + Sync + 'static) -> Server {
    serve_requests(move |request| respond(&request.uri().to_string()))
}

fn serve_requests(respond: impl Fn(&Request) -> Response<Body> + Clone + Send + Sync + 'static) -> Server {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let log = asked.clone();
    let handler = move |request: Request| {
        let target = request.uri().to_string();
        let token = if request.headers().contains_key(header::AUTHORIZATION) { " with a token" } else { "" };
        log.lock().unwrap().push(format!("{} {target}{token}", request.method()));
        let response = respond(&request);
        async move { response }
    };
    let (send, receive) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            send.send(listener.local_addr().unwrap()).unwrap();
            axum::serve(listener, Router::new().fallback(handler)).await.unwrap();
        });
    });
    Server { address: format!("http://{}", receive.recv().unwrap()), asked }
}

fn ok(body: impl Into<Body>) -> Response<Body> {
    Response::new(body.into())
}

fn status(status: StatusCode) -> Response<Body> {
    Response::builder().status(status).body(Body::from("<html>")).unwrap()
}

/// The checked-in slice, in YAML and in JSON.
fn documents() -> (String, String) {
    let yaml = std::fs::read_to_string(crate::common::SLICE).unwrap();
    let value: serde_json::Value = serde_yaml::from_str(&yaml).unwrap();
    (yaml, serde_json::to_string(&value).unwrap())
}

/// A project whose releases are at this server.
fn project(server: &Server) -> Project {
    let project = Project::new();
    let upstream = project.read("openapi/upstream.toml");
    let template = format!("url = \"{}/version/{{release}}/schema.yml\"", server.address);
    let upstream = upstream.lines().map(|line| if line.starts_with("url = ") { template.as_str() } else { line });
    project.write("openapi/upstream.toml", &upstream.collect::<Vec<_>>().join("\n"));
    project
}

#[test]
fn documents_are_read_from_a_url_in_yaml_and_json() {
    let (yaml, json) = documents();
    let server = serve(move |target| ok(if target.contains("json") { json.clone() } else { yaml.clone() }));
    for path in ["/schema.yml", "/a/schema.json", "/schema?format=json"] {
        let outcome = Project::new().xtask(&["sync", "--check", "--from", &format!("{}{path}", server.address)]);
        assert_eq!(outcome.code, 0, "{path}: {}{}", outcome.out, outcome.err);
    }
    assert_eq!(*server.asked.lock().unwrap(), ["GET /schema.yml", "GET /a/schema.json", "GET /schema?format=json"]);
}

#[test]
fn a_servers_own_schema_is_read_however_its_address_is_written() {
    let (_, json) = documents();
    let server = serve(move |_| ok(json.clone()));
    for path in ["", "/", "/api/v3", "/api/v3/", "/api/v3/schema/", "/sub/path/"] {
        let outcome = Project::new().xtask(&["sync", "--check", "--from", &format!("{}{path}", server.address)]);
        assert_eq!(outcome.code, 0, "{path}: {}{}", outcome.out, outcome.err);
        assert!(outcome.err.contains("note: waiting for 127.0.0.1 to generate its schema"), "{}", outcome.err);
    }
    let mut expected = vec!["GET /api/v3/schema/?format=json"; 5];
    expected.push("GET /sub/path/api/v3/schema/?format=json");
    assert_eq!(*server.asked.lock().unwrap(), expected);
}

#[test]
fn the_digest_of_a_server_of_another_release_is_not_pinned() {
    let (_, json) = documents();
    let json = json.replace("\"version\":\"2025.6.4\"", "\"version\":\"2025.6.5\"");
    let server = serve(move |_| ok(json.clone()));
    let project = Project::new();
    let outcome = project.xtask(&["sync", "--from", &server.address]);
    assert_eq!(outcome.code, 0, "{}", outcome.err);
    let upstream = project.read("openapi/upstream.toml");
    assert!(upstream.contains("release = \"2025.6.5\"") && upstream.contains("\nsha256 = \"\"\n"), "{upstream}");
    assert!(project.read("Cargo.toml").contains("version = \"0.1.1+authentik.2025.6.5\""), "only the release changed");
}

#[test]
fn releases_are_read_from_upstreams_repository_and_checked_by_digest() {
    let (yaml, _) = documents();
    let new = yaml.replace("version: 2025.6.4", "version: 2026.8.0");
    let response = new.clone();
    let server = serve(move |target| match target {
        "/version/2026.8.0/schema.yml" => ok(response.clone()),
        "/version/2025.6.4/schema.yml" => ok(yaml.clone()),
        _ => status(StatusCode::NOT_FOUND),
    });

    // The digest pinned for the release is not that of this server's document.
    let project = project(&server);
    let (before, count) = (project.contents(), project.count());
    for arguments in [&["sync"][..], &["sync", "--from", "2025.6.4"]] {
        let outcome = project.xtask(arguments);
        assert_eq!(outcome.code, 2);
        assert!(outcome.err.contains("is different from the pinned one") && outcome.err.contains("help: "), "{}", outcome.err);
    }
    let outcome = project.xtask(&["sync", "--from", "2026.9.9"]);
    assert_eq!(outcome.code, 2);
    assert!(outcome.err.contains("404") && outcome.err.contains("goauthentik/authentik/tags"), "{}", outcome.err);
    assert_eq!((project.contents(), project.count()), (before, count));

    // Another release is accepted and pinned, with its digest.
    for arguments in [&["sync", "--from", "2026.8.0"][..], &["sync", "--check"], &["sync", "--check", "--from", "version/2026.8.0"]] {
        let outcome = project.xtask(arguments);
        assert_eq!(outcome.code, 0, "{}", outcome.err);
    }

    // Without a digest, the release is accepted as it is and pinned again.
    let upstream = project.read("openapi/upstream.toml");
    project.write(
        "openapi/upstream.toml",
        &upstream.lines().filter(|line| !line.starts_with("sha256")).fold(String::new(), |text, line| text + line + "\n"),
    );
    assert_eq!(project.xtask(&["sync"]).code, 0);
    assert!(project.read("openapi/upstream.toml").contains("sha256 = \""));
    let slice = project.xtask(&["slice"]);
    assert_eq!(slice.out, new);
    let diff = project.xtask(&["diff", "2025.6.4", "2026.8.0", "--fail-on", "any", "--fail-on-rust", "minor"]);
    assert_eq!(diff.code, 0, "{}", diff.err);
}

#[test]
fn responses_without_a_document_have_different_errors() {
    let server = serve(|target| match target {
        "/html.yml" => ok("<!doctype html><title>authentik</title>"),
        "/large.yml" => {
            let chunk = bytes(1 << 20);
            let chunks = (0..65).map(move |_| Ok::<_, std::io::Error>(chunk.clone()));
            ok(Body::from_stream(stream(chunks)))
        }
        "/cut.yml" => Response::builder()
            .header("content-length", "1000")
            .body(Body::from_stream(stream([Ok(bytes(10)), Err(std::io::Error::other("cut"))])))
            .unwrap(),
        "/binary.yml" => ok(vec![0xff, 0xfe, 0x00]),
        "/moved.yml" => Response::builder()
            .status(302)
            .header("location", "http://user:secret@example.invalid/?token=secret")
            .body(Body::empty())
            .unwrap(),
        "/teapot.yml" => status(StatusCode::IM_A_TEAPOT),
        "/fault.yml" => status(StatusCode::BAD_GATEWAY),
        _ => status(StatusCode::NOT_FOUND),
    });
    let address = &server.address;
    for (path, problem) in [
        ("/html.yml", "an HTML or XML page"),
        ("/large.yml", "larger than 64 MiB"),
        ("/cut.yml", "cannot be downloaded"),
        ("/binary.yml", "not UTF-8"),
        ("/moved.yml", "302 Found\n  help: give the address that it redirects to, http://example.invalid/"),
        ("/fault.yml", "the server responded with 502"),
        ("/teapot.yml", "418 I'm a teapot\n  help: check the address"),
        ("/nowhere.yml", "check that the document exists"),
        ("/not-authentik", "is the address of an authentik server"),
    ] {
        let project = Project::new();
        let (before, count) = (project.contents(), project.count());
        let outcome = project.xtask(&["sync", "--from", &format!("{address}{path}")]);
        assert_eq!(outcome.code, 2, "{path}");
        assert!(outcome.err.contains(problem), "{problem} is not in: {}", outcome.err);
        assert!(!outcome.err.contains("secret"), "{}", outcome.err);
        assert_eq!((project.contents(), project.count()), (before, count), "{path}");
    }
    let outcome = Project::new().xtask(&["sync", "--from", "http://127.0.0.1:9/schema.yml"]);
    assert_eq!(outcome.code, 2);
    assert!(outcome.err.contains("http://127.0.0.1:9/schema.yml: cannot be downloaded: "), "{}", outcome.err);
}

/// A token is sent only to a server that asks for one, and is never printed.
#[test]
fn a_token_is_sent_only_on_request() {
    const TOKEN: &str = "a-secret-token";
    let (yaml, _) = documents();
    let server = serve_requests(move |request| {
        let token = request.headers().get(header::AUTHORIZATION).map(|value| value.to_str().unwrap().to_owned());
        match (request.uri().path(), token.as_deref()) {
            ("/open.yml", _) | ("/asks.yml" | "/asks/2025.6.4.yml", Some("Bearer a-secret-token")) => ok(yaml.clone()),
            ("/never.yml", _) => status(StatusCode::FORBIDDEN),
            _ => status(StatusCode::UNAUTHORIZED),
        }
    });
    let run = |path: &str, token: Option<&str>| {
        let project = Project::new();
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_xtask"));
        command.arg("--root").arg(project.path()).args(["sync", "--check", "--from", &format!("{}{path}", server.address)]);
        let output = command.env_remove("XTASK_TOKEN").envs(token.map(|token| ("XTASK_TOKEN", token))).output().unwrap();
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(!error.contains(TOKEN), "{error}");
        (output.status.code().unwrap(), error, std::mem::take(&mut *server.asked.lock().unwrap()))
    };
    let (code, _, asked) = run("/open.yml", Some(TOKEN));
    assert_eq!((code, asked), (0, vec!["GET /open.yml".to_owned()]));
    let (code, _, asked) = run("/asks.yml", Some(TOKEN));
    assert_eq!((code, asked), (0, vec!["GET /asks.yml".to_owned(), "GET /asks.yml with a token".to_owned()]));
    let (code, error, _) = run("/asks.yml", None);
    assert!(code == 2 && error.contains("401 Unauthorized\n  help: the server requires a token: set XTASK_TOKEN"), "{error}");
    let (code, error, _) = run("/never.yml", Some(TOKEN));
    assert!(code == 2 && error.contains("the server rejected the token in XTASK_TOKEN"), "{error}");

    // Upstream's repository is not a server that the user named, so it never receives the token.
    let project = project(&server);
    let upstream = project.read("openapi/upstream.toml").replace("/version/{release}/schema.yml", "/asks/{release}.yml");
    project.write("openapi/upstream.toml", &upstream);
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_xtask"));
    let output = command.arg("--root").arg(project.path()).args(["sync", "--check"]).env("XTASK_TOKEN", TOKEN).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(*server.asked.lock().unwrap(), ["GET /asks/2025.6.4.yml"]);
}

fn bytes(length: usize) -> Vec<u8> {
    vec![b'#'; length]
}

fn stream<I>(items: I) -> impl futures_util::Stream<Item = I::Item> + Send
where
    I: IntoIterator,
    I::IntoIter: Send,
{
    futures_util::stream::iter(items)
}
