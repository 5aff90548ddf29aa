//! Downloads one file.

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

/// Consecutive connections that may break off without any new data.
const ATTEMPTS: usize = 3;
const CONNECTING: Duration = Duration::from_secs(30);
const ANSWERING: Duration = Duration::from_secs(60);

/// A published file with its checksum.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remote {
    /// Its address.
    pub url: String,
    /// Its MD5 in hexadecimal, as data sets are published with it. It detects damage, not forgery.
    pub md5: String,
}

/// Progress of a download.
#[derive(Clone, Copy, Debug)]
pub struct Progress<'a> {
    /// The address.
    pub url: &'a str,
    /// Bytes received so far.
    pub done: u64,
    /// Total bytes, if the server tells.
    pub total: Option<u64>,
}

/// Why an attempt did not complete the file.
enum Interruption {
    /// Another attempt may continue from here.
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
    /// Downloads the file to `target`, unless it exists with the right checksum.
    ///
    /// Data are written to `target.part`, which a later call continues. The file is renamed only after its
    /// checksum was verified.
    ///
    /// # Errors
    ///
    /// [`DatasetError::Download`] if the server, the connection or the checksum fails,
    /// [`DatasetError::File`] if the disk does.
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

    /// Downloads what is missing.
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
            // The file is complete, or it is another file, which its checksum will show.
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

/// Tells whether a partial response begins where the file ends.
fn starts_at(response: &Response<Body>, there: u64) -> bool {
    let range = response.headers().get(CONTENT_RANGE).and_then(|range| range.to_str().ok());
    range.is_some_and(|range| range.starts_with(&format!("bytes {there}-")))
}

fn size(path: &Path) -> u64 {
    fs::metadata(path).map_or(0, |metadata| metadata.len())
}

/// Path of an incomplete file.
fn part(target: &Path) -> PathBuf {
    let mut name = OsString::from(target);
    name.push(".part");
    name.into()
}

fn disk(path: &Path, what: &str, error: &std::io::Error) -> DatasetError {
    DatasetError::file(path, format!("{what}: {error}"))
}

/// Returns the MD5 of a file in hexadecimal.
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
