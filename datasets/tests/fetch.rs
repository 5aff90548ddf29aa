//! Downloads from a server on loopback that behaves, and from one that does not.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use backdraft_datasets::{ImageSet, Progress, Remote};
use md5::{Digest, Md5};
use tempfile::TempDir;

/// What the server does wrong.
#[derive(Clone, Copy, PartialEq)]
enum Manner {
    Good,
    /// It closes each connection after a third of the file.
    Breaks,
    /// It sends the whole file whatever part is asked for.
    IgnoresRanges,
    Missing,
}

/// A server of one file; tells the ranges that were asked for.
struct Server {
    url: String,
    ranges: Arc<Mutex<Vec<Option<u64>>>>,
}

fn serve(content: Vec<u8>, manner: Manner) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/file.bin", listener.local_addr().unwrap());
    let ranges = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&ranges);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let _ = answer(stream.unwrap(), &content, manner, &seen);
        }
    });
    Server { url, ranges }
}

fn answer(
    mut stream: TcpStream,
    content: &[u8],
    manner: Manner,
    seen: &Mutex<Vec<Option<u64>>>,
) -> std::io::Result<()> {
    let mut range = None;
    for line in BufReader::new(stream.try_clone()?).lines() {
        let line = line?.to_lowercase();
        if let Some(start) = line.strip_prefix("range: bytes=") {
            range = start.trim_end_matches('-').parse::<u64>().ok();
        }
        if line.is_empty() {
            break;
        }
    }
    seen.lock().unwrap().push(range);
    if manner == Manner::Missing {
        return write!(stream, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
    }
    let start = range.filter(|_| manner != Manner::IgnoresRanges);
    let whole = content.len() as u64;
    if start.is_some_and(|start| start >= whole) {
        return write!(stream, "HTTP/1.1 416 Range\r\nContent-Length: 0\r\n\r\n");
    }
    let rest = &content[start.unwrap_or(0) as usize..];
    let status = match start {
        Some(start) => {
            format!("206 Partial Content\r\nContent-Range: bytes {start}-{}/{whole}", whole - 1)
        }
        None => "200 OK".to_owned(),
    };
    write!(
        stream,
        "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        rest.len()
    )?;
    let sent =
        if manner == Manner::Breaks { rest.len().min(content.len() / 3 + 1) } else { rest.len() };
    stream.write_all(&rest[..sent])
}

fn content() -> Vec<u8> {
    (0..300_000u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect()
}

fn md5(content: &[u8]) -> String {
    Md5::digest(content).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn remote(server: &Server, md5: String) -> Remote {
    Remote { url: server.url.clone(), md5 }
}

fn silent(_: Progress<'_>) {}

#[test]
fn a_file_is_fetched_once_with_progress() {
    let (folder, content) = (TempDir::new().unwrap(), content());
    let target = folder.path().join("file.bin");
    let server = serve(content.clone(), Manner::Good);
    let mut seen = Vec::new();
    let remote = remote(&server, md5(&content));
    remote.download(&target, &mut |progress| seen.push((progress.done, progress.total))).unwrap();
    assert_eq!(fs::read(&target).unwrap(), content);
    assert_eq!(seen.last(), Some(&(300_000, Some(300_000))));
    assert!(seen.is_sorted() && seen.len() > 2, "{seen:?}");
    remote.download(&target, &mut silent).unwrap();
    assert_eq!(*server.ranges.lock().unwrap(), [None], "what is there is not fetched again");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing else is left");
}

#[test]
fn what_breaks_off_goes_on_where_it_stopped() {
    let (folder, content) = (TempDir::new().unwrap(), content());
    let target = folder.path().join("file.bin");
    let server = serve(content.clone(), Manner::Breaks);
    let remote = remote(&server, md5(&content));
    remote.download(&target, &mut silent).unwrap();
    assert_eq!(fs::read(&target).unwrap(), content);
    assert_eq!(*server.ranges.lock().unwrap(), [None, Some(100_001), Some(200_002)]);

    // Killed long ago, after 70,000 bytes.
    fs::remove_file(&target).unwrap();
    fs::write(folder.path().join("file.bin.part"), &content[..70_000]).unwrap();
    let server = serve(content.clone(), Manner::Good);
    Remote { url: server.url.clone(), ..remote }.download(&target, &mut silent).unwrap();
    assert_eq!(fs::read(&target).unwrap(), content);
    assert_eq!(*server.ranges.lock().unwrap(), [Some(70_000)]);
}

#[test]
fn a_server_without_ranges_sends_all_of_it_again() {
    let (folder, content) = (TempDir::new().unwrap(), content());
    let target = folder.path().join("file.bin");
    fs::write(folder.path().join("file.bin.part"), b"the start of another file").unwrap();
    let server = serve(content.clone(), Manner::IgnoresRanges);
    remote(&server, md5(&content)).download(&target, &mut silent).unwrap();
    assert_eq!(fs::read(&target).unwrap(), content);
}

#[test]
fn damage_is_thrown_away_and_failures_say_why() {
    let (folder, content) = (TempDir::new().unwrap(), content());
    let target = folder.path().join("file.bin");
    let refused = |remote: Remote, expected: &str| {
        let error = remote.download(&target, &mut silent).unwrap_err().to_string();
        assert!(error.contains(expected) && error.lines().count() == 1, "`{expected}`: {error}");
        assert!(!target.exists(), "{expected}");
    };
    let server = serve(content.clone(), Manner::Good);
    refused(remote(&server, md5(b"other")), "its MD5 is");
    assert!(!folder.path().join("file.bin.part").exists(), "damage is not gone on with");
    // A part of another file, longer than this one.
    fs::write(folder.path().join("file.bin.part"), vec![7; 400_000]).unwrap();
    refused(remote(&server, md5(&content)), "its MD5 is");
    refused(remote(&serve(content.clone(), Manner::Missing), md5(&content)), "404");
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let url = format!("http://{nobody}/file.bin");
    refused(Remote { url, md5: md5(&content) }, "127.0.0.1");
}

#[test]
fn a_set_is_refused_unless_it_is_the_published_one() {
    let folder = TempDir::new().unwrap();
    let server = serve(content(), Manner::Good);
    let mirror = server.url.trim_end_matches("file.bin");
    let error = ImageSet::Mnist.fetch(folder.path(), Some(mirror), &mut silent).unwrap_err();
    let error = error.to_string();
    assert!(error.contains("train-images-idx3-ubyte.gz") && error.contains("MD5"), "{error}");
    let error = ImageSet::EmnistDigits.fetch(folder.path(), None, &mut silent).unwrap_err();
    assert!(error.to_string().contains("emnist-digits"), "{error}");
}
