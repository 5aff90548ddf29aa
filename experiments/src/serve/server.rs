//! Accepts connections, few at a time, and answers one request on each.

use std::io::{self, Read};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
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
    let response =
        answered.unwrap_or_else(|_| Response::refusal(500, "this request cannot be answered"));
    let is_head = request.method == "HEAD";
    close(if is_head { response.without_body() } else { response }, stream);
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
    if !request.host.is_ours(name) {
        return Some(Response::refusal(421, "this server is not the host that was asked"));
    }
    let from = request.origin.as_ref()?;
    let is_same = request.host.is_origin(from);
    (!is_same).then(|| Response::refusal(403, "this page may not ask this server"))
}
