//! `backdraft serve`: the runs of a folder, live ones included, and the playground.
//!
//! httparse parses the requests. Each connection carries one request and has its own thread. What a client
//! can make the server do is bounded: connections, bytes, time and concurrent computations.

mod folder;
mod follow;
mod gate;
mod host;
mod pages;
mod request;
mod response;
mod runs;
mod server;
mod site;
mod target;

pub(crate) use server::Server;
pub(crate) use site::Site;
