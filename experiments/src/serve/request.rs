//! Reads one request, within bounds of size and time.

use std::io::{ErrorKind, Read};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use super::host::Host;
use super::response::Response;
use super::target::{authority, path};

/// Most bytes of request line and headers.
const MOST_HEAD: usize = 16 * 1024;
/// Most bytes of a body, which holds settings of the playground.
const MOST_BODY: usize = 16 * 1024;
const MOST_HEADERS: usize = 64;
/// Time that a request may take to arrive, so that slow clients cannot occupy all connections.
const PATIENCE: Duration = Duration::from_secs(10);

/// A request.
pub(super) struct Request {
    pub(super) method: String,
    /// The decoded parts of the path. None is empty, starts with a dot, or contains a slash.
    pub(super) path: Vec<String>,
    pub(super) host: Host,
    /// The `Origin` header, which browsers send.
    pub(super) origin: Option<String>,
    pub(super) is_json: bool,
    pub(super) body: Vec<u8>,
}

impl Request {
    /// Reads a request. `Ok(None)` if the client leaves without sending anything.
    ///
    /// # Errors
    ///
    /// The response that rejects it.
    pub(super) fn read(stream: &mut TcpStream) -> Result<Option<Self>, Response> {
        let deadline = Instant::now() + PATIENCE;
        let mut bytes = Vec::new();
        loop {
            let mut headers = [httparse::EMPTY_HEADER; MOST_HEADERS];
            let mut parsed = httparse::Request::new(&mut headers);
            match parsed.parse(&bytes) {
                Ok(httparse::Status::Complete(length)) => {
                    let is_head = parsed.method == Some("HEAD");
                    let of =
                        |refusal: Response| if is_head { refusal.without_body() } else { refusal };
                    let (mut request, body) = Self::of(&parsed).map_err(of)?;
                    let mut rest = bytes.split_off(length);
                    while rest.len() < body {
                        if receive(stream, &mut rest, deadline)? == 0 {
                            return Err(Response::refusal(
                                400,
                                "the body is shorter than its `content-length`",
                            ));
                        }
                    }
                    rest.truncate(body);
                    request.body = rest;
                    return Ok(Some(request));
                }
                Ok(httparse::Status::Partial) if bytes.len() > MOST_HEAD => {
                    return Err(Response::refusal(431, "the headers are too long"));
                }
                Ok(httparse::Status::Partial) => {}
                Err(httparse::Error::TooManyHeaders) => {
                    return Err(Response::refusal(431, "there are too many headers"));
                }
                Err(error) => {
                    return Err(Response::refusal(
                        400,
                        &format!("this is not an HTTP request: {error}"),
                    ));
                }
            }
            match receive(stream, &mut bytes, deadline)? {
                0 if bytes.is_empty() => return Ok(None),
                0 => return Err(Response::refusal(400, "the request is incomplete")),
                _ => {}
            }
        }
    }

    /// Converts a parsed head. Returns the length of the body, too.
    fn of(parsed: &httparse::Request<'_, '_>) -> Result<(Self, usize), Response> {
        let header = |name: &str| -> Result<Option<String>, Response> {
            let mut found = parsed.headers.iter().filter(|h| h.name.eq_ignore_ascii_case(name));
            let first =
                found.next().map(|header| String::from_utf8_lossy(header.value).into_owned());
            match found.next() {
                Some(_) => Err(Response::refusal(400, &format!("there are two headers `{name}`"))),
                None => Ok(first.map(|value| value.trim().to_owned())),
            }
        };
        if header("transfer-encoding")?.is_some() {
            return Err(Response::refusal(411, "a body needs a `content-length`"));
        }
        let length = header("content-length")?.map_or(Ok(0), |text| length(&text))?;
        let no_host = || Response::refusal(400, "the header `host` is malformed");
        let host = header("host")?;
        let host = host.ok_or_else(|| Response::refusal(400, "the header `host` is missing"))?;
        let host = Host::read(&host).ok_or_else(no_host)?;
        let target = parsed.path.unwrap_or_default();
        let (host, target) = match authority(target) {
            None => (host, target),
            // In absolute form the target names the host, and the header is ignored (RFC 9112, 3.2.2).
            Some((asked, target)) => (Host::read(asked).ok_or_else(no_host)?, target),
        };
        let kind = header("content-type")?.unwrap_or_default();
        let request = Self {
            method: parsed.method.unwrap_or_default().to_owned(),
            path: path(target)?,
            host,
            origin: header("origin")?,
            is_json: kind.split(';').next().is_some_and(|kind| kind.trim() == "application/json"),
            body: Vec::new(),
        };
        Ok((request, length))
    }
}

/// Parses the length of a body.
fn length(text: &str) -> Result<usize, Response> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Response::refusal(400, "the header `content-length` is not a number"));
    }
    text.parse().ok().filter(|length| *length <= MOST_BODY).ok_or_else(|| {
        let most = MOST_BODY / 1024;
        Response::refusal(413, &format!("a body may have at most {most} KiB"))
    })
}

/// Appends what has arrived and returns its length; 0 at the end of the stream.
fn receive(
    stream: &mut TcpStream,
    bytes: &mut Vec<u8>,
    deadline: Instant,
) -> Result<usize, Response> {
    let late = || Response::refusal(408, "the request took too long to arrive");
    let left = deadline.checked_duration_since(Instant::now()).filter(|left| !left.is_zero());
    // If a timeout cannot be set or nothing can be read, the client is gone.
    let gone = |_| Response::refusal(400, "the connection was lost");
    stream.set_read_timeout(Some(left.ok_or_else(late)?)).map_err(gone)?;
    let mut chunk = [0; 4096];
    match stream.read(&mut chunk) {
        Ok(count) => {
            bytes.extend_from_slice(&chunk[..count]);
            Ok(count)
        }
        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
            Err(late())
        }
        Err(error) if error.kind() == ErrorKind::Interrupted => receive(stream, bytes, deadline),
        Err(error) => Err(gone(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_consist_of_digits() {
        assert_eq!(length("017").map_err(|_| ()), Ok(17));
        for text in ["", "+17", "-1", "17, 17", "1 7", "0x11", "17.0", "16385", &"9".repeat(40)] {
            assert!(length(text).is_err(), "{text}");
        }
    }
}
