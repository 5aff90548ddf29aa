//! Unpacks the files of a set from its archive.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use flate2::read::GzDecoder;
use tar::Archive;

use crate::bounded::LARGEST;
use crate::error::DatasetError;

/// Unpacks the files with these names, whatever their folders in the archive, and nothing else.
pub(super) fn unpack(archive: &Path, folder: &Path, names: &[&str]) -> Result<(), DatasetError> {
    let damaged = |error: io::Error| DatasetError::file(archive, format!("is damaged: {error}"));
    let file = File::open(archive).map_err(damaged)?;
    let mut archive_read = Archive::new(GzDecoder::new(file));
    let mut missing = names.to_vec();
    for entry in archive_read.entries().map_err(damaged)? {
        let entry = entry.map_err(damaged)?;
        let path = entry.path().map_err(damaged)?;
        let name = path.file_name().and_then(|name| name.to_str());
        let Some(at) = missing.iter().position(|missing| Some(*missing) == name) else {
            continue;
        };
        let target = folder.join(missing.swap_remove(at));
        write(entry, &target)
            .map_err(|error| DatasetError::file(&target, format!("cannot be written: {error}")))?;
    }
    match missing.as_slice() {
        [] => Ok(()),
        names => Err(DatasetError::file(archive, format!("lacks {}", names.join(", ")))),
    }
}

/// Renames the file when it is complete.
fn write(source: impl Read, target: &Path) -> io::Result<()> {
    let part = target.with_extension("part");
    let mut file = File::create(&part)?;
    io::copy(&mut source.take(LARGEST), &mut file)?;
    file.sync_all()?;
    std::fs::rename(part, target)
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use tempfile::TempDir;

    #[test]
    fn named_files_are_unpacked_and_nothing_else() {
        let folder = TempDir::new().unwrap();
        let archive = folder.path().join("set.tar.gz");
        let encoder = GzEncoder::new(File::create(&archive).unwrap(), Compression::fast());
        let mut builder = tar::Builder::new(encoder);
        for (path, content) in
            [("deep/train.bin", "abc"), ("deep/evil.sh", "rm"), ("test.bin", "d")]
        {
            let mut header = tar::Header::new_gnu();
            header.set_size(content.len() as u64);
            header.set_cksum();
            builder.append_data(&mut header, path, content.as_bytes()).unwrap();
        }
        builder.into_inner().unwrap().finish().unwrap();
        unpack(&archive, folder.path(), &["train.bin", "test.bin"]).unwrap();
        assert_eq!(std::fs::read_to_string(folder.path().join("train.bin")).unwrap(), "abc");
        assert!(!folder.path().join("evil.sh").exists() && !folder.path().join("deep").exists());
        let error = unpack(&archive, folder.path(), &["train.bin", "meta.bin"]).unwrap_err();
        assert!(error.to_string().ends_with("set.tar.gz lacks meta.bin"), "{error}");
        let torn = std::fs::read(&archive).unwrap();
        std::fs::write(&archive, &torn[..torn.len() / 2]).unwrap();
        let error = unpack(&archive, folder.path(), &["train.bin", "test.bin"]).unwrap_err();
        assert!(error.to_string().contains("set.tar.gz is damaged"), "{error}");
    }
}
