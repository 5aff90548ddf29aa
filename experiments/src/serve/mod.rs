//! `backdraft serve`: the runs of a folder, those that are going on included, and the playground.
//!
//! Requests are parsed by httparse; one connection carries one request, on a thread of its own. What a
//! client can make the server do is bounded: connections, bytes, time, and computations at once.

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

pub(crate) use server::Server;
pub(crate) use site::Site;
