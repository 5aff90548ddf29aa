//! Accepts connections and answers one request on each.

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

/// Most concurrent connections.
const CONNECTIONS: usize = 64;

/// A server that is bound to its port.
pub(crate) struct Server {
    listener: TcpListener,
    address: SocketAddr,
    /// The name that it was asked to listen at: an accepted host, besides `localhost` and IP
    /// addresses.
    name: String,
    site: Arc<Site>,
}

impl Server {
    /// Binds the port.
    ///
    /// # Errors
    ///
    /// An I/O error, for instance if the port is in use.
    pub(crate) fn bind(host: &str, port: u16, site: Site) -> io::Result<Self> {
        let listener = TcpListener::bind((host, port))?;
        let address = listener.local_addr()?;
        Ok(Self { listener, address, name: host.to_owned(), site: Arc::new(site) })
    }

    /// Returns the address with the actual port, even if port 0 was asked for.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until the process ends.
    pub(crate) fn run(self) {
        let gate = Arc::new(Gate::new(CONNECTIONS));
        let name: Arc<str> = self.name.as_str().into();
        for stream in self.listener.incoming() {
            // The client has left already, or the system is out of file descriptors for a moment.
            let Ok(mut stream) = stream else {
                thread::sleep(Duration::from_millis(10));
                continue;
            };
            let (gate, name, site) = (Arc::clone(&gate), Arc::clone(&name), Arc::clone(&self.site));
            let serve = move || match gate.enter(Duration::ZERO) {
                Some(_inside) => converse(&mut stream, &name, &site),
                None => {
                    close(Response::refusal(503, "too many connections; try again"), &mut stream)
                }
            };
            // If no thread can be started, the connection is dropped, and the client may try again.
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
    let response = answered.unwrap_or_else(|_| Response::refusal(500, "internal error"));
    let is_head = request.method == "HEAD";
    close(if is_head { response.without_body() } else { response }, stream);
}

/// Sends a response and closes the connection. Errors are ignored: the client is gone.
fn close(response: Response, stream: &mut TcpStream) {
    if response.send(stream).is_ok() {
        let _ = stream.shutdown(Shutdown::Write);
    }
}

/// Reads what a rejected client still sends. Otherwise the system would reset the connection, and the
/// client might never read the reason.
fn drain(stream: &mut TcpStream) {
    let mut bytes = [0; 4096];
    let is_set = stream.set_read_timeout(Some(Duration::from_millis(200))).is_ok();
    for _ in 0..64 {
        if !is_set || !stream.read(&mut bytes).is_ok_and(|count| count > 0) {
            return;
        }
    }
}

/// Rejects requests that were not meant for this server: from a page whose name was made to resolve to it
/// (DNS rebinding), or from a page of another origin.
fn misdirected(request: &Request, name: &str) -> Option<Response> {
    if !request.host.is_ours(name) {
        return Some(Response::refusal(421, "this server is not the requested host"));
    }
    let from = request.origin.as_ref()?;
    let is_same = request.host.is_origin(from);
    (!is_same).then(|| Response::refusal(403, "pages of other origins may not ask this server"))
}
