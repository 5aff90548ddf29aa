//! Responses of the server.

use std::fs::File;
use std::io::{self, Write};
use std::net::TcpStream;
use std::time::Duration;

use backdraft_text::visible;
use serde::Serialize;

/// Time that a client may take to receive a response.
const PATIENCE: Duration = Duration::from_secs(30);

/// A response that has not been sent yet.
pub(super) struct Response {
    status: u16,
    kind: &'static str,
    policy: &'static str,
    location: Option<String>,
    /// The allowed methods, if the request had another.
    allowed: Option<&'static str>,
    body: Body,
    has_body: bool,
}

enum Body {
    Bytes(Vec<u8>),
    File(File, u64),
}

/// The policy of anything that is not a page: a browser may do nothing with it.
const NOTHING: &str = "default-src 'none'; frame-ancestors 'none'; sandbox";
/// The policy of pages. Each page also has a policy of its own with the hash of its script.
const PAGE: &str = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; \
                    img-src data:; connect-src 'self'; base-uri 'none'; form-action 'none'; \
                    frame-ancestors 'none'";
/// The policy of reports. Their scripts run in an origin of their own, which cannot ask the server.
const REPORT: &str = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; \
                      img-src data:; font-src data:; base-uri 'none'; form-action 'none'; \
                      frame-ancestors 'none'; sandbox allow-scripts allow-downloads";
const DRAWING: &str =
    "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; sandbox";

impl Response {
    fn new(status: u16, kind: &'static str, policy: &'static str, body: Body) -> Self {
        Self { status, kind, policy, location: None, allowed: None, body, has_body: true }
    }

    /// Responds with a page.
    pub(super) fn page(html: String) -> Self {
        let body = Body::Bytes(html.into_bytes());
        Self::new(200, "text/html; charset=utf-8", PAGE, body)
    }

    /// Responds with a value as JSON.
    pub(super) fn json(value: &impl Serialize) -> Self {
        match serde_json::to_vec(value) {
            Ok(bytes) => Self::new(200, "application/json", NOTHING, Body::Bytes(bytes)),
            Err(error) => Self::refusal(500, &error.to_string()),
        }
    }

    /// Responds with a file of a run record.
    pub(super) fn file(file: File, length: u64, kind: FileKind) -> Self {
        let (kind, policy) = match kind {
            FileKind::Report => ("text/html; charset=utf-8", REPORT),
            FileKind::Drawing => ("image/svg+xml", DRAWING),
            FileKind::Json => ("application/json", NOTHING),
            FileKind::Lines => ("text/plain; charset=utf-8", NOTHING),
        };
        Self::new(200, kind, policy, Body::File(file, length))
    }

    /// Redirects the client.
    pub(super) fn redirect(location: String) -> Self {
        let body = Body::Bytes(Vec::new());
        Self {
            location: Some(location),
            ..Self::new(302, "text/plain; charset=utf-8", NOTHING, body)
        }
    }

    /// Rejects the request with a reason in one line.
    pub(super) fn refusal(status: u16, reason: &str) -> Self {
        // A reason may quote the request, and a terminal may show it.
        let line = format!("{}\n", visible(&reason.replace(['\n', '\r'], " ")));
        Self::new(status, "text/plain; charset=utf-8", NOTHING, Body::Bytes(line.into_bytes()))
    }

    /// Rejects the method and names the allowed ones.
    pub(super) fn not_allowed(allowed: &'static str) -> Self {
        let reason = format!("only {allowed} is allowed here");
        Self { allowed: Some(allowed), ..Self::refusal(405, &reason) }
    }

    /// Keeps the head alone, as HEAD wants it.
    pub(super) fn without_body(self) -> Self {
        Self { has_body: false, ..self }
    }

    /// Sends the response. The connection is closed afterwards.
    pub(super) fn send(self, stream: &mut TcpStream) -> io::Result<()> {
        stream.set_write_timeout(Some(PATIENCE))?;
        let length = match &self.body {
            Body::Bytes(bytes) => bytes.len() as u64,
            Body::File(_, length) => *length,
        };
        let mut head = format!(
            "HTTP/1.1 {} {}\r\ncontent-type: {}\r\ncontent-length: {length}\r\n\
             content-security-policy: {}\r\nx-content-type-options: nosniff\r\n\
             cross-origin-resource-policy: same-origin\r\nreferrer-policy: no-referrer\r\n\
             cache-control: no-store\r\nconnection: close\r\n",
            self.status,
            phrase(self.status),
            self.kind,
            self.policy,
        );
        if let Some(location) = &self.location {
            head += &format!("location: {location}\r\n");
        }
        if let Some(allowed) = self.allowed {
            head += &format!("allow: {allowed}\r\n");
        }
        head += "\r\n";
        stream.write_all(head.as_bytes())?;
        match self.body {
            _ if !self.has_body => {}
            Body::Bytes(bytes) => stream.write_all(&bytes)?,
            // A file that is being written may grow; no more is sent than announced.
            Body::File(file, length) => {
                io::copy(&mut io::Read::take(file, length), stream)?;
            }
        }
        stream.flush()
    }
}

/// Kinds of served files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FileKind {
    /// A page with its own script.
    Report,
    /// An SVG.
    Drawing,
    /// JSON.
    Json,
    /// JSON lines, shown as text.
    Lines,
}

fn phrase(status: u16) -> &'static str {
    match status {
        200 => "OK",
        302 => "Found",
        400 => "Bad Request",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        408 => "Request Timeout",
        411 => "Length Required",
        413 => "Content Too Large",
        415 => "Unsupported Media Type",
        421 => "Misdirected Request",
        431 => "Request Header Fields Too Large",
        503 => "Service Unavailable",
        _ => "Internal Server Error",
    }
}
