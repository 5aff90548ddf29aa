//! Reads untrusted files.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use flate2::read::MultiGzDecoder;

use crate::error::DatasetError;

/// Largest number of bytes that a file may unpack to; EMNIST's largest has 5.5e8.
pub(crate) const LARGEST: u64 = 1 << 30;

/// A file, compressed by gzip or not, from which no more is read than requested.
pub(crate) struct Bounded<'a> {
    path: &'a Path,
    source: Box<dyn Read>,
}

impl<'a> Bounded<'a> {
    /// Opens a file; its first two bytes tell whether it is compressed.
    pub(crate) fn open(path: &'a Path) -> Result<Self, DatasetError> {
        let refuse = |reason: String| DatasetError::file(path, reason);
        let open =
            || File::open(path).map_err(|error| refuse(format!("cannot be opened: {error}")));
        if path.is_dir() {
            return Err(refuse("is a directory, not a file".to_owned()));
        }
        let mut magic = Vec::new();
        let read = open()?.take(2).read_to_end(&mut magic);
        read.map_err(|error| refuse(format!("cannot be read: {error}")))?;
        let file = BufReader::new(open()?);
        let is_compressed = magic == [0x1f, 0x8b];
        let source: Box<dyn Read> =
            if is_compressed { Box::new(MultiGzDecoder::new(file)) } else { Box::new(file) };
        Ok(Self { path, source })
    }

    /// Reads exactly `count` bytes. Memory grows with what is read, not with `count`.
    pub(crate) fn take(&mut self, count: u64) -> Result<Vec<u8>, DatasetError> {
        if count > LARGEST {
            return Err(self.refuse(format!("declares {count} bytes, more than 1 GiB")));
        }
        let mut bytes = Vec::new();
        match self.source.by_ref().take(count).read_to_end(&mut bytes) {
            Err(error) => Err(self.refuse(format!("cannot be read: {error}"))),
            Ok(read) if (read as u64) < count => {
                Err(self.refuse(format!("ends after {read} of {count} bytes")))
            }
            Ok(_) => Ok(bytes),
        }
    }

    /// Checks that nothing is left.
    pub(crate) fn finish(mut self) -> Result<(), DatasetError> {
        match self.source.read(&mut [0]) {
            Ok(0) => Ok(()),
            Ok(_) => Err(self.refuse("has more bytes than it declares".to_owned())),
            Err(error) => Err(self.refuse(format!("cannot be read: {error}"))),
        }
    }

    /// Reads everything.
    pub(crate) fn rest(mut self) -> Result<Vec<u8>, DatasetError> {
        let mut bytes = Vec::new();
        match self.source.by_ref().take(LARGEST + 1).read_to_end(&mut bytes) {
            Err(error) => Err(self.refuse(format!("cannot be read: {error}"))),
            Ok(read) if read as u64 > LARGEST => {
                Err(self.refuse("unpacks to more than 1 GiB".to_owned()))
            }
            Ok(_) => Ok(bytes),
        }
    }

    /// Returns a reader of everything; beyond the largest size it fails, so that no row is lost silently.
    pub(crate) fn into_reader(self) -> impl Read {
        UpTo { source: self.source, left: LARGEST }
    }

    pub(crate) fn refuse(&self, reason: String) -> DatasetError {
        DatasetError::file(self.path, reason)
    }
}

/// Reads a number of bytes and fails if there are more.
struct UpTo<R> {
    source: R,
    left: u64,
}

impl<R: Read> Read for UpTo<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.left == 0 {
            return match self.source.read(&mut [0])? {
                0 => Ok(0),
                _ => Err(io::Error::other("it unpacks to more than 1 GiB")),
            };
        }
        let read = self.source.by_ref().take(self.left).read(buffer)?;
        self.left -= read as u64;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_is_too_long_is_an_error_and_loses_no_row_in_silence() {
        let read = |left: u64| {
            let mut text = String::new();
            UpTo { source: &b"1,2\n3,4\n"[..], left }.read_to_string(&mut text).map(|_| text)
        };
        assert_eq!(read(8).unwrap(), "1,2\n3,4\n");
        assert_eq!(read(9).unwrap(), "1,2\n3,4\n");
        assert!(read(7).unwrap_err().to_string().contains("more than 1 GiB"));
    }
}
