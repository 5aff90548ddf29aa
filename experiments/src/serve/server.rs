//! Accepts connections, few at a time, and answers one request on each.

use std::io::{self, Read};
use std::net::{IpAddr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use super::gate::Gate;
use super::request::Request;
use super::response::Response;
use super::site::Site;

/// Connections at a time.
const CONNECTIONS: usize = 64;

/// A server that has its port.
pub(crate) struct Server {
    listener: TcpListener,
    address: SocketAddr,
    /// The name that it was asked to listen at, which is allowed as a host besides `localhost` and
    /// numeric addresses.
    name: String,
    site: Arc<Site>,
}

impl Server {
    /// Takes the port.
    ///
    /// # Errors
    ///
    /// The system's, such as for a port that is taken.
    pub(crate) fn bind(host: &str, port: u16, site: Site) -> io::Result<Self> {
        let listener = TcpListener::bind((host, port))?;
        let address = listener.local_addr()?;
        Ok(Self { listener, address, name: host.to_owned(), site: Arc::new(site) })
    }

    /// Returns the address, with the port that the system chose if it was asked for any.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves for ever.
    pub(crate) fn run(self) {
        let gate = Arc::new(Gate::new(CONNECTIONS));
        let name: Arc<str> = self.name.as_str().into();
        for stream in self.listener.incoming() {
            // A client that went away before it was accepted, or a system out of files for a moment.
            let Ok(mut stream) = stream else {
                thread::sleep(Duration::from_millis(10));
                continue;
            };
            let (gate, name, site) = (Arc::clone(&gate), Arc::clone(&name), Arc::clone(&self.site));
            let serve = move || match gate.enter(Duration::ZERO) {
                Some(_inside) => converse(&mut stream, &name, &site),
                None => close(Response::refusal(503, "too many connections"), &mut stream),
            };
            // Without a thread the connection is dropped, which tells the client to come again.
            let _ = thread::Builder::new().name("connection".to_owned()).spawn(serve);
        }
    }
}

/// Reads a request and answers it.
fn converse(stream: &mut TcpStream, name: &str, site: &Site) {
    let request = match Request::read(stream) {
        Ok(Some(request)) => request,
        Ok(None) => return,
        Err(refusal) => {
            close(refusal, stream);
            return drain(stream);
        }
    };
    let answer = || match misdirected(&request, name) {
        Some(refusal) => refusal,
        None => site.answer(&request),
    };
    let answered = catch_unwind(AssertUnwindSafe(answer));
    close(
        answered.unwrap_or_else(|_| Response::refusal(500, "this request cannot be answered")),
        stream,
    );
}

/// Sends an answer and closes the connection; a client that is gone needs none.
fn close(response: Response, stream: &mut TcpStream) {
    if response.send(stream).is_ok() {
        let _ = stream.shutdown(Shutdown::Write);
    }
}

/// Takes in what a refused client still sends: the system would answer it by breaking off the
/// connection, and the client might never read why it was refused.
fn drain(stream: &mut TcpStream) {
    let mut bytes = [0; 4096];
    let is_set = stream.set_read_timeout(Some(Duration::from_millis(200))).is_ok();
    for _ in 0..64 {
        if !is_set || !stream.read(&mut bytes).is_ok_and(|count| count > 0) {
            return;
        }
    }
}

/// Refuses requests that were meant for another host: a page from elsewhere whose name was made to
/// point here (DNS rebinding), or that posts across origins.
fn misdirected(request: &Request, name: &str) -> Option<Response> {
    let host = without_port(&request.host);
    let is_ours = host == name || host == "localhost" || host.parse::<IpAddr>().is_ok();
    if !is_ours {
        return Some(Response::refusal(421, "this server is not the host that was asked"));
    }
    let from = request.origin.as_ref()?;
    let is_same = from.strip_prefix("http://").is_some_and(|origin| origin == request.host);
    (!is_same).then(|| Response::refusal(403, "this page may not ask this server"))
}

fn without_port(host: &str) -> &str {
    if let Some(rest) = host.strip_prefix('[') {
        return rest.split(']').next().unwrap_or(rest);
    }
    host.split(':').next().unwrap_or(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_that_cannot_be_made_to_point_here_are_hosts() {
        let refused = |host: &str, origin: Option<&str>| {
            let request = Request {
                method: "GET".to_owned(),
                path: vec![],
                host: host.to_owned(),
                origin: origin.map(str::to_owned),
                is_json: false,
                body: vec![],
            };
            misdirected(&request, "lab.local").is_some()
        };
        for host in ["localhost:80", "127.0.0.1", "[::1]:7878", "10.0.0.3:1", "lab.local:7878"] {
            assert!(!refused(host, None), "{host}");
        }
        for host in ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example", ""] {
            assert!(refused(host, None), "{host}");
        }
        assert!(!refused("localhost:80", Some("http://localhost:80")));
        for origin in ["http://localhost:81", "https://localhost:80", "http://evil.example", "null"]
        {
            assert!(refused("localhost:80", Some(origin)), "{origin}");
        }
    }
}
