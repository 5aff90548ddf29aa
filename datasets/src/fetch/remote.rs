//! One file from the web.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use md5::{Digest, Md5};
use ureq::http::header::{CONTENT_LENGTH, CONTENT_RANGE, RANGE};
use ureq::http::{Response, StatusCode};
use ureq::{Agent, Body};

use crate::bounded::LARGEST;
use crate::error::DatasetError;

/// How many connections may break off one after another without having brought anything new.
const ATTEMPTS: usize = 3;
const CONNECTING: Duration = Duration::from_secs(30);
const ANSWERING: Duration = Duration::from_secs(60);

/// A published file with its checksum.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remote {
    /// Its address.
    pub url: String,
    /// Its MD5 in hexadecimal: the sum that data sets are published with. It tells damage, not
    /// forgery.
    pub md5: String,
}

/// How far a download is.
#[derive(Clone, Copy, Debug)]
pub struct Progress<'a> {
    /// The address.
    pub url: &'a str,
    /// Bytes that are there.
    pub done: u64,
    /// Bytes of the whole, if the server says so.
    pub total: Option<u64>,
}

/// Why an attempt did not end with the whole file.
enum Interruption {
    /// Another attempt may go on where it stopped.
    Broken(String),
    Final(DatasetError),
}

impl From<DatasetError> for Interruption {
    fn from(error: DatasetError) -> Self {
        Self::Final(error)
    }
}

pub(super) fn failed(url: &str, reason: impl Into<String>) -> DatasetError {
    DatasetError::Download { url: url.to_owned(), reason: reason.into() }
}

impl Remote {
    /// Downloads the file to `target`, unless it is there with the right sum.
    ///
    /// Bytes gather in `target.part`, where a later call goes on; a file gets its name only when
    /// its sum is right.
    ///
    /// # Errors
    ///
    /// [`DatasetError::Download`] if server, connection or sum are wrong, [`DatasetError::File`] if
    /// the disk is.
    pub fn download(
        &self,
        target: &Path,
        progress: &mut dyn FnMut(Progress<'_>),
    ) -> Result<(), DatasetError> {
        if target.is_file() && sum(target)? == self.md5 {
            return Ok(());
        }
        let part = part(target);
        let agent: Agent = Agent::config_builder()
            .timeout_connect(Some(CONNECTING))
            .timeout_recv_response(Some(ANSWERING))
            .http_status_as_error(false)
            .build()
            .into();
        let (mut most, mut in_vain) = (size(&part), 0);
        while let Err(interruption) = self.attempt(&agent, &part, progress) {
            let reason = match interruption {
                Interruption::Final(error) => return Err(error),
                Interruption::Broken(reason) => reason,
            };
            in_vain = if size(&part) > most { 0 } else { in_vain + 1 };
            most = most.max(size(&part));
            if in_vain == ATTEMPTS {
                let kept = part.display();
                let reason = format!("{reason}; what came is kept in {kept} for next time");
                return Err(failed(&self.url, reason));
            }
        }
        let found = sum(&part)?;
        if found != self.md5 {
            fs::remove_file(&part).map_err(|error| disk(&part, "cannot be removed", &error))?;
            let reason = format!("its MD5 is {found} instead of {}; it was thrown away", self.md5);
            return Err(failed(&self.url, reason));
        }
        fs::rename(&part, target).map_err(|error| disk(target, "cannot be written", &error))
    }

    /// Gets what is missing.
    fn attempt(
        &self,
        agent: &Agent,
        part: &Path,
        progress: &mut dyn FnMut(Progress<'_>),
    ) -> Result<(), Interruption> {
        let there = size(part);
        let request = agent.get(&self.url);
        let request = match there {
            0 => request,
            _ => request.header(RANGE, format!("bytes={there}-")),
        };
        let mut response =
            request.call().map_err(|error| Interruption::Broken(error.to_string()))?;
        let (start, mut file) = match response.status() {
            StatusCode::PARTIAL_CONTENT if starts_at(&response, there) => {
                (there, OpenOptions::new().append(true).open(part))
            }
            // All of it is there; or it is not the same file, which its sum will tell.
            StatusCode::RANGE_NOT_SATISFIABLE => return Ok(()),
            StatusCode::OK => (0, File::create(part)),
            status => return Err(failed(&self.url, format!("the server answers {status}")).into()),
        };
        let writing = |error: std::io::Error| disk(part, "cannot be written", &error);
        let file = file.as_mut().map_err(|error| disk(part, "cannot be written", error))?;
        let length = response.headers().get(CONTENT_LENGTH);
        let length = length.and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
        let total = length.map(|length| start + length);
        let mut done = start;
        let mut body = response.body_mut().as_reader();
        let mut buffer = vec![0; 1 << 16];
        loop {
            progress(Progress { url: &self.url, done, total });
            let read = body.read(&mut buffer);
            let read = read.map_err(|error| Interruption::Broken(error.to_string()))?;
            if read == 0 {
                break;
            }
            done += read as u64;
            if done > LARGEST {
                return Err(failed(&self.url, "sends more than 1 GiB").into());
            }
            file.write_all(&buffer[..read]).map_err(writing)?;
        }
        file.sync_all().map_err(writing)?;
        match total {
            Some(total) if done < total => {
                Err(Interruption::Broken(format!("broke off after {done} of {total} bytes")))
            }
            _ => Ok(()),
        }
    }
}

/// Tells whether a partial answer begins where the file ends.
fn starts_at(response: &Response<Body>, there: u64) -> bool {
    let range = response.headers().get(CONTENT_RANGE).and_then(|range| range.to_str().ok());
    range.is_some_and(|range| range.starts_with(&format!("bytes {there}-")))
}

fn size(path: &Path) -> u64 {
    fs::metadata(path).map_or(0, |metadata| metadata.len())
}

/// Where a file gathers until it is whole.
fn part(target: &Path) -> PathBuf {
    let mut name = OsString::from(target);
    name.push(".part");
    name.into()
}

fn disk(path: &Path, what: &str, error: &std::io::Error) -> DatasetError {
    DatasetError::file(path, format!("{what}: {error}"))
}

/// The MD5 of a file in hexadecimal.
fn sum(path: &Path) -> Result<String, DatasetError> {
    let reading = |error: std::io::Error| disk(path, "cannot be read", &error);
    let mut file = File::open(path).map_err(reading)?;
    let (mut hash, mut buffer) = (Md5::new(), vec![0; 1 << 16]);
    loop {
        match file.read(&mut buffer).map_err(reading)? {
            0 => return Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()),
            read => hash.update(&buffer[..read]),
        }
    }
}
