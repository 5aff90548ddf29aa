//! `backdraft serve` over real sockets: what it answers, and what it refuses.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{backdraft, refused, stdout};

/// A server on a port of its own, ended with the test.
struct Served {
    child: Child,
    address: String,
}

/// What came back: status, headers in lower case, body.
struct Got {
    status: u16,
    head: String,
    body: String,
}

impl Served {
    fn new(out: &Path) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_backdraft"));
        command.args(["serve", "--port", "0", "--out"]).arg(out);
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.split('/').nth(2).unwrap().to_owned();
        assert!(address.starts_with("127.0.0.1:"), "loopback by default: {line}");
        Self { child, address }
    }

    fn send(&self, request: &[u8]) -> Got {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        // A server that refuses early may close before all is sent.
        let _ = stream.write_all(request);
        let mut bytes = Vec::new();
        let _ = stream.read_to_end(&mut bytes);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Got { status, head: head.to_lowercase(), body: body.to_owned() }
    }

    fn get(&self, path: &str) -> Got {
        self.send(format!("GET {path} HTTP/1.1\r\nHost: {}\r\n\r\n", self.address).as_bytes())
    }

    fn post(&self, path: &str, body: &str) -> Got {
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            self.address,
            body.len()
        );
        self.send(format!("{head}{body}").as_bytes())
    }

    fn ask(&self, path: &str, question: &Value) -> Value {
        let got = self.post(path, &question.to_string());
        assert_eq!(got.status, 200, "{}", got.body);
        serde_json::from_str(&got.body).unwrap()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A run small enough for a test.
fn run(out: &Path) -> String {
    let out = out.to_str().unwrap();
    let small = ["--set", "width=8", "--set", "depth=3", "--seeds", "2", "--json"];
    let json = stdout(&backdraft(&[&["run", "residual-flow", "--out", out], &small[..]].concat()));
    let record: Value = serde_json::from_str(&json).unwrap();
    record["id"].as_str().unwrap().to_owned()
}

#[test]
fn runs_are_listed_opened_and_followed() {
    let out = TempDir::new().unwrap();
    let served = Served::new(out.path());
    assert!(served.get("/").body.contains("There are no runs yet"));
    let id = run(out.path());
    let list = served.get("/");
    assert_eq!(list.status, 200);
    for part in [&id, "residual-flow", "quick", "finished"] {
        assert!(list.body.contains(part), "{part}");
    }
    let page = served.get(&format!("/runs/residual-flow/{id}/"));
    assert_eq!(page.status, 302, "the report explains the run");
    let report = served.get(&format!("/runs/residual-flow/{id}/report.html"));
    assert!(report.head.contains("sandbox allow-scripts"), "{}", report.head);
    assert_eq!(
        report.body.len() as u64,
        fs::metadata(out.path().join("residual-flow").join(&id).join("report.html")).unwrap().len()
    );
    assert_eq!(served.get(&format!("/runs/residual-flow/{id}/live")).status, 200);

    let standing: Value =
        serde_json::from_str(&served.get(&format!("/api/runs/residual-flow/{id}")).body).unwrap();
    assert_eq!((&standing["trials"], &standing["state"]), (&json!(8), &json!("finished")));
    let begun = standing["begun"].as_array().unwrap();
    assert!(begun.len() == 8 && begun.iter().all(|trial| trial["ending"] == "finished"));
    let name = begun[0]["name"].as_str().unwrap();
    let path = format!("/api/runs/residual-flow/{id}/{name}");
    let trial: Value = serde_json::from_str(&served.get(&path).body).unwrap();
    let lines = fs::read_to_string(
        out.path().join(format!("residual-flow/{id}/measurements/{name}.jsonl")),
    );
    let recorded: Vec<Value> = lines
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .filter(|row: &Value| row["quantity"] == "activation_gradient_norm")
        .collect();
    let shown: Vec<&Value> = trial["latest"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|row| row["quantity"] == "activation_gradient_norm")
        .collect();
    assert_eq!(shown, recorded.iter().collect::<Vec<_>>(), "the record's own numbers");
}

#[test]
fn other_methods_are_refused_and_nothing_outside_is_served() {
    let out = TempDir::new().unwrap();
    let id = run(out.path());
    fs::write(out.path().join("secret"), "secret").unwrap();
    let served = Served::new(out.path());
    for (path, methods, allowed) in [
        ("/", "PUT DELETE OPTIONS TRACE POST PATCH get", "get, head"),
        ("/nowhere", "PUT POST", "get, head"),
        ("/api/playground", "GET HEAD PUT", "post"),
        ("/api/training", "GET HEAD PUT", "post"),
        ("/api/training/x", "GET HEAD PUT", "post"),
    ] {
        for method in methods.split(' ') {
            let request = format!("{method} {path} HTTP/1.1\r\nHost: {}\r\n\r\n", served.address);
            let got = served.send(request.as_bytes());
            assert_eq!(got.status, 405, "{method} {path}");
            assert!(got.head.ends_with(&format!("\r\nallow: {allowed}")), "{}", got.head);
            assert_eq!(got.body.is_empty(), method == "HEAD", "{method} {path}: {}", got.body);
        }
    }
    let run = format!("/runs/residual-flow/{id}");
    for path in [
        "/secret".to_owned(),
        "/../secret".to_owned(),
        "//etc/passwd".to_owned(),
        "/runs/../secret".to_owned(),
        "/runs/%2e%2e/secret".to_owned(),
        format!("{run}/../../../secret"),
        format!("{run}/..%2f..%2f..%2fsecret"),
        format!("{run}/figures/%2e%2e/%2e%2e/%2e%2e/secret"),
        format!("{run}/figures/..%5c..%5csecret.svg"),
        format!("{run}/%2Fetc%2Fpasswd"),
        format!("{run}/lock"),
        format!("{run}/measurements"),
    ] {
        let got = served.get(&path);
        assert!(matches!(got.status, 400 | 404), "{path}: {}", got.status);
        assert!(!got.body.contains("secret") || got.status == 400, "{path}: {}", got.body);
    }
    let manifest = served.get(&format!("{run}/run.json"));
    assert_eq!(manifest.status, 200);
    for header in ["nosniff", "default-src 'none'", "no-store", "same-origin"] {
        assert!(manifest.head.contains(header), "{header}: {}", manifest.head);
    }
}

#[test]
fn other_hosts_oversize_and_malformed_requests_are_refused() {
    let out = TempDir::new().unwrap();
    let served = Served::new(out.path());
    let status = |request: &str| served.send(request.as_bytes()).status;
    assert_eq!(status("GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n"), 421);
    assert_eq!(status("GET / HTTP/1.1\r\n\r\n"), 400);
    assert_eq!(status("GET / HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n"), 400);
    assert_eq!(
        status("GET / HTTP/1.1\r\nHost: localhost\r\nOrigin: http://evil.example\r\n\r\n"),
        403
    );
    assert_eq!(status("\u{1}\u{2}\u{3}\r\n\r\n"), 400);
    let long = "x".repeat(40_000);
    assert_eq!(status(&format!("GET /{long} HTTP/1.1\r\nHost: localhost\r\n\r\n")), 431);
    assert_eq!(status(&format!("GET / HTTP/1.1\r\nHost: localhost\r\nX: {long}\r\n\r\n")), 431);
    let many = "X: y\r\n".repeat(100);
    assert_eq!(status(&format!("GET / HTTP/1.1\r\nHost: localhost\r\n{many}\r\n")), 431);
    let post = |headers: &str, body: &str| {
        status(&format!("POST /api/playground HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n{body}"))
    };
    let json = "Content-Type: application/json\r\n";
    assert_eq!(post(&format!("{json}Content-Length: 99999999\r\n"), ""), 413);
    assert_eq!(post(&format!("{json}Content-Length: -1\r\n"), ""), 400);
    assert_eq!(post(&format!("{json}Transfer-Encoding: chunked\r\n"), "0\r\n\r\n"), 411);
    assert_eq!(post("Content-Type: text/plain\r\nContent-Length: 2\r\n", "{}"), 415);
    assert_eq!(served.get("/").status, 200, "and goes on");
}

#[test]
fn head_is_answered_as_get_is_without_a_body() {
    let out = TempDir::new().unwrap();
    let id = run(out.path());
    let served = Served::new(out.path());
    let ask = |method: &str, path: &str, host: &str| {
        served.send(format!("{method} {path} HTTP/1.1\r\nHost: {host}\r\n\r\n").as_bytes())
    };
    let run = format!("/runs/residual-flow/{id}");
    for (path, host, status) in [
        ("/", "localhost", 200),
        ("/playground", "localhost", 200),
        (&*format!("{run}/"), "localhost", 302),
        (&*format!("{run}/live"), "localhost", 200),
        (&*format!("{run}/report.html"), "localhost", 200),
        (&*format!("{run}/run.json"), "localhost", 200),
        (&*format!("/api{run}"), "localhost", 200),
        ("/nowhere", "localhost", 404),
        ("/../x", "localhost", 400),
        ("/", "evil.example", 421),
        ("/", "localhost@evil.example", 400),
    ] {
        let (get, head) = (ask("GET", path, host), ask("HEAD", path, host));
        // What is said of a run changes from one second to the next, and with it the length.
        let heads = [&get.head, &head.head].map(|head| {
            let lines = head.lines().filter(|line| !line.starts_with("content-length"));
            if path.starts_with("/api") {
                lines.collect::<Vec<_>>()
            } else {
                head.lines().collect()
            }
        });
        assert_eq!((get.status, head.status), (status, status), "{path}");
        assert_eq!(heads[0], heads[1], "{path}");
        assert_eq!(head.body, "", "{path}");
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of requests")]
fn hosts_and_lengths_are_read_as_the_standard_has_them() {
    let out = TempDir::new().unwrap();
    let served = Served::new(out.path());
    let status = |request: String| served.send(request.as_bytes()).status;
    let host = |host: &str| status(format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n"));
    for accepted in [
        "LOCALHOST",
        "LocalHost:80",
        "localhost.",
        "127.0.0.1:1",
        "[::1]:80",
        "[::1]",
        "localhost:",
    ] {
        assert_eq!(host(accepted), 200, "{accepted}");
    }
    for malformed in [
        "localhost:80@evil.com",
        "user:localhost@evil.com",
        "[::1]evil.com",
        "[::1",
        "[fe80::1%25eth0]",
        "localhost:+80",
        "localhost:99999",
        "localhost evil.com",
        "localhost, evil.com",
        "localhost/evil.com",
        "",
    ] {
        assert_eq!(host(malformed), 400, "{malformed}");
    }
    for other in ["evil.com", "localhost.evil.com", "127.0.0.1.evil.com", "localhost.."] {
        assert_eq!(host(other), 421, "{other}");
    }
    let to =
        |target: &str, host: &str| status(format!("GET {target} HTTP/1.1\r\nHost: {host}\r\n\r\n"));
    assert_eq!(to("http://localhost/", "localhost"), 200);
    assert_eq!(to("HTTP://LOCALHOST:80", "evil.com"), 200, "the target counts");
    assert_eq!(to("http://evil.com/", "localhost"), 421);
    assert_eq!(to("http://localhost@evil.com/", "localhost"), 400);
    for other in ["https://localhost/", "localhost:80", "*", "//evil.com/", "ftp://localhost/"] {
        assert_eq!(to(other, "localhost"), 400, "{other}");
    }
    let post = |headers: &str| {
        let json = "Content-Type: application/json\r\n";
        status(format!(
            "POST /api/playground HTTP/1.1\r\nHost: localhost\r\n{json}{headers}\r\n{{}}"
        ))
    };
    assert_eq!(post("Content-Length: 2\r\n"), 400, "no kind of network is asked for");
    for (headers, expected) in [
        ("Content-Length: +2\r\n", 400),
        ("Content-Length: 2, 2\r\n", 400),
        ("Content-Length: 0x2\r\n", 400),
        ("Content-Length: \r\n", 400),
        ("Content-Length: 2\r\nContent-Length: 2\r\n", 400),
        ("Content-Length: 2\r\nContent-Length: 9\r\n", 400),
        ("Content-Length : 2\r\n", 400),
        ("Content-Length: 99999999999999999999999999\r\n", 413),
        ("Transfer-Encoding: chunked\r\nContent-Length: 2\r\n", 411),
        ("Transfer-Encoding: identity\r\n", 411),
        ("Host: localhost\r\n", 400),
    ] {
        assert_eq!(post(headers), expected, "{headers:?}");
    }
}

#[test]
fn a_folder_that_is_not_there_is_said_and_a_file_refused() {
    let out = TempDir::new().unwrap();
    let missing = out.path().join("missing");
    let mut command = Command::new(env!("CARGO_BIN_EXE_backdraft"));
    command.args(["serve", "--port", "0", "--out"]).arg(&missing);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let served = Served { child, address: line.split('/').nth(2).unwrap().to_owned() };
    assert!(served.get("/").body.contains("this folder does not exist"));
    run(&missing);
    assert!(served.get("/").body.contains("residual-flow"));
    let mut served = served;
    served.child.kill().unwrap();
    let mut told = String::new();
    served.child.stderr.take().unwrap().read_to_string(&mut told).unwrap();
    assert!(told.contains("no folder") && told.contains("missing"), "{told}");

    let file = out.path().join("file");
    fs::write(&file, "").unwrap();
    refused(&backdraft(&["serve", "--out", file.to_str().unwrap()]), &["file", "not a folder"]);
}

#[test]
fn hostile_questions_get_one_line_that_says_what_is_wrong() {
    let out = TempDir::new().unwrap();
    let served = Served::new(out.path());
    for (body, part) in [
        ("", "EOF"),
        ("null", "invalid type"),
        ("[[[[[[", "line 1"),
        (r#"{"kind": "layers", "depth": 1e9}"#, "expected usize"),
        (r#"{"kind": "layers", "depth": 1000000}"#, "from 1 to 100"),
        (r#"{"kind": "layers", "width": 256, "depth": 100}"#, "too long"),
        (r#"{"kind": "layers", "gain": -1}"#, "above 0"),
        (r#"{"kind": "layers", "\n<script>": 1}"#, "unknown field"),
        (r#"{"kind": "sequence", "length": 4000000000}"#, "from 10 to 200"),
    ] {
        let got = served.post("/api/playground", body);
        assert_eq!((got.status, got.body.lines().count()), (400, 1), "{body}: {}", got.body);
        assert!(got.body.contains(part), "{body}: {}", got.body);
    }
    assert_eq!(served.post("/api/training/nonesuch", "null").status, 404);
    let deep = "[".repeat(10_000);
    assert_eq!(served.post("/api/playground", &deep).status, 400, "no stack overflow");
}

#[test]
fn the_playground_answers_with_theory_and_trains_on_request() {
    let out = TempDir::new().unwrap();
    let served = Served::new(out.path());
    let setup = json!({"kind": "layers", "depth": 20, "activation": "sigmoid"});
    let answer = served.ask("/api/playground", &setup);
    let [measured, theory] =
        [&answer["factor"], &answer["theory"]["factor"]].map(|factor| factor.as_f64().unwrap());
    assert!((measured / theory - 1.0).abs() < 0.1, "{measured}, theory {theory}");
    assert_eq!(answer["findings"][0]["rule"], "vanishing");
    assert!(answer["summary"].as_str().unwrap().starts_with("The gradient vanishes"), "{answer}");

    let started = served.ask("/api/training", &json!({"setup": setup, "every": 5}));
    assert_eq!(started["frame"]["answer"]["loss"], answer["loss"], "the same batch");
    let path = format!("/api/training/{}", started["session"].as_str().unwrap());
    let frame = served.ask(&path, &Value::Null);
    assert_eq!(frame["answer"]["step"], 5);
    assert!(frame["test_accuracy"].as_f64().unwrap() < 0.3, "{frame}");
}

#[test]
fn a_thousand_runs_are_listed_in_half_a_second() {
    let out = TempDir::new().unwrap();
    let id = run(out.path());
    let manifest =
        fs::read_to_string(out.path().join("residual-flow").join(&id).join("run.json")).unwrap();
    for index in 0..1_000 {
        let folder = out.path().join("copies").join(format!("{index:04}"));
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("run.json"), &manifest).unwrap();
    }
    let served = Served::new(out.path());
    let mut times: Vec<Duration> = (0..5)
        .map(|_| {
            let start = Instant::now();
            let list = served.get("/");
            assert_eq!(list.body.matches("/runs/copies/").count(), 1_000);
            start.elapsed()
        })
        .collect();
    times.sort();
    println!("a thousand runs listed in {:?} (median of 5)", times[2]);
    // The median, because the machine is shared.
    assert!(times[2] < Duration::from_millis(500), "{times:?}");
}

#[test]
fn a_port_that_is_taken_and_a_host_that_is_none_are_refused() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    refused(&backdraft(&["serve", "--port", &port]), &["is taken", "--port"]);
    refused(&backdraft(&["serve", "--host", "no such host"]), &["cannot listen"]);
}

#[test]
fn the_playground_answers_within_a_tenth_of_a_second() {
    let out = TempDir::new().unwrap();
    let served = Served::new(out.path());
    for (name, setup) in [
        ("depth 20, width 64", json!({"kind": "layers", "depth": 20, "width": 64})),
        ("LSTM of 64 units, 50 steps", json!({"kind": "sequence"})),
    ] {
        let mut times: Vec<Duration> = (0..15)
            .map(|_| {
                let start = Instant::now();
                served.ask("/api/playground", &setup);
                start.elapsed()
            })
            .collect();
        times.sort();
        println!("playground, {name}: {:?} (median of 15), {:?} (fastest)", times[7], times[0]);
        // The fastest, because other tests share the cores.
        assert!(times[0] < Duration::from_millis(100), "{name}: {times:?}");
    }
}
