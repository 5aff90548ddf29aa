//! Data files that are right, and files that are not: every mutation gives an error or images, never
//! a panic, and never more memory than was promised.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use backdraft_datasets::{
    DatasetError, Header, ImageSet, Images, Places, Table, read_cifar, read_idx, read_npz,
};
use flate2::Compression;
use flate2::write::GzEncoder;
use tempfile::TempDir;

const COUNT: usize = 12;
const SIDE: usize = 5;

fn idx(sizes: &[u32], values: &[u8]) -> Vec<u8> {
    let magic = 0x0800 | sizes.len() as u32;
    let words = std::iter::once(&magic).chain(sizes);
    let mut bytes: Vec<u8> = words.flat_map(|word| word.to_be_bytes()).collect();
    bytes.extend(values);
    bytes
}

fn images_file() -> Vec<u8> {
    let pixels: Vec<u8> = (0..COUNT * SIDE * SIDE).map(|i| (i * 7) as u8).collect();
    idx(&[COUNT as u32, SIDE as u32, SIDE as u32], &pixels)
}

fn labels_file() -> Vec<u8> {
    idx(&[COUNT as u32], &(0..COUNT).map(|i| (i % 10) as u8).collect::<Vec<_>>())
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn write(folder: &Path, name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder.join(name);
    fs::write(&path, bytes).unwrap();
    path
}

fn read(folder: &Path, images: &[u8], labels: &[u8]) -> Result<Images, DatasetError> {
    read_idx(&write(folder, "images", images), &write(folder, "labels", labels), 10)
}

fn refused<T>(result: Result<T, DatasetError>, expected: &str) {
    let error = result.map(|_| "accepted").unwrap_err().to_string();
    assert!(error.contains(expected) && error.lines().count() == 1, "`{expected}`: {error}");
}

#[test]
fn idx_files_are_read_compressed_or_not() {
    let folder = TempDir::new().unwrap();
    let plain = read(folder.path(), &images_file(), &labels_file()).unwrap();
    assert_eq!((plain.shape, plain.len()), ([1, SIDE, SIDE], COUNT));
    assert_eq!(plain.pixels[..4], [0, 7, 14, 21]);
    let packed = read(folder.path(), &gzip(&images_file()), &gzip(&labels_file())).unwrap();
    assert_eq!(plain, packed);
}

#[test]
fn hostile_idx_files_are_refused_with_file_and_reason() {
    let folder = TempDir::new().unwrap();
    let (images, labels) = (images_file(), labels_file());
    let read = |images: &[u8], labels: &[u8]| read(folder.path(), images, labels);
    refused(read(&images[..images.len() - 1], &labels), "images ends after 299 of 300 bytes");
    refused(read(&images[..7], &labels), "images ends after 7 of 16 bytes");
    refused(read(&[], &labels), "ends after 0");
    refused(read(&labels, &labels), "begins with 0x00000801");
    refused(read(&[images.clone(), vec![0]].concat(), &labels), "more bytes than it declares");
    refused(read(&images, &idx(&[11], &[1; 11])), "labels has 11 labels, but there are 12");
    refused(read(&images, &idx(&[12], &[10; 12])), "label 10");
    refused(read(&idx(&[u32::MAX, 4096, 4096], &[]), &labels), "more than 1 GiB");
    refused(read(&idx(&[1, 5000, 5], &[]), &labels), "side of 5000");
    refused(read(&idx(&[1, 0, 5], &[]), &labels), "side of 0");
    let packed = gzip(&images);
    refused(read(&packed[..packed.len() / 2], &labels), "images");
    // A bomb: 64 MiB of zeros behind a header that declares 300 bytes is not unpacked.
    let bomb = gzip(&[images.clone(), vec![0; 64 << 20]].concat());
    refused(read(&bomb, &labels), "more bytes than it declares");
    refused(read_idx(folder.path(), folder.path(), 10), "is a directory");
    refused(read_idx(&folder.path().join("none"), folder.path(), 10), "cannot be opened");
}

#[test]
fn cifar_records_are_read_and_torn_ones_refused() {
    let folder = TempDir::new().unwrap();
    let record = |label: u8| [&[0, label][..], &[label; 3072]].concat();
    let file = write(folder.path(), "train.bin", &[record(3), record(99)].concat());
    let images = read_cifar(std::slice::from_ref(&file), 2, 100).unwrap();
    assert_eq!((images.shape, images.labels), ([3, 32, 32], vec![3, 99]));
    fs::write(&file, &record(3)[1..]).unwrap();
    refused(read_cifar(&[file], 2, 100), "no multiple of 3074");
}

#[test]
fn sets_are_found_by_folder_and_missing_ones_say_where_they_were_looked_for() {
    let folder = TempDir::new().unwrap();
    let places = Places::new(Some(folder.path()));
    let error = ImageSet::FashionMnist.load(&places).unwrap_err().to_string();
    assert!(error.contains("dataset-fashion-mnist"), "{error}");
    let own = folder.path().join("mnist");
    fs::create_dir(&own).unwrap();
    for part in ["train", "t10k"] {
        write(&own, &format!("{part}-images-idx3-ubyte.gz"), &gzip(&images_file()));
        write(&own, &format!("{part}-labels-idx1-ubyte"), &labels_file());
    }
    assert_eq!(ImageSet::Mnist.load(&places).unwrap().train.len(), COUNT);
    assert_eq!(ImageSet::Digits.load(&places).unwrap().test.len(), 360);
}

const TABLE: &str = "a, b ,class\n1,-2.5,dog\n3e2,0, cat\n4,5,dog\n";

/// An .npz file with one array, whose header is given.
fn npz(header: &str, values: &[u8]) -> Vec<u8> {
    let mut npy = b"\x93NUMPY\x01\x00".to_vec();
    let header = format!("{header:<117}\n");
    npy.extend((header.len() as u16).to_le_bytes());
    npy.extend(header.as_bytes());
    npy.extend(values);
    stored(&[("x.npy", &npy)])
}

/// A zip archive of files that are not compressed.
fn stored(files: &[(&str, &[u8])]) -> Vec<u8> {
    let (mut bytes, mut directory) = (Vec::new(), Vec::new());
    for (name, content) in files {
        let mut crc = flate2::Crc::new();
        crc.update(content);
        let mut fields: Vec<u8> = [20u16, 0, 0, 0, 0].map(u16::to_le_bytes).concat();
        let size = content.len() as u32;
        fields.extend([crc.sum(), size, size].map(u32::to_le_bytes).concat());
        fields.extend([name.len() as u16, 0].map(u16::to_le_bytes).concat());
        directory.extend(b"PK\x01\x02\x14\x00");
        directory.extend(&fields);
        directory.extend([0u8; 10]);
        directory.extend((bytes.len() as u32).to_le_bytes());
        directory.extend(name.as_bytes());
        bytes.extend(b"PK\x03\x04");
        bytes.extend(fields);
        bytes.extend(name.as_bytes());
        bytes.extend(*content);
    }
    let (count, start, size) = (files.len() as u16, bytes.len() as u32, directory.len() as u32);
    bytes.extend(directory);
    bytes.extend(b"PK\x05\x06");
    bytes.extend([0, 0, count, count].map(u16::to_le_bytes).concat());
    bytes.extend([size, start].map(u32::to_le_bytes).concat());
    bytes.extend([0, 0]);
    bytes
}

const NPY: &str = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2), }";

#[test]
fn arrays_of_archives_are_read_and_hostile_ones_refused() {
    let folder = TempDir::new().unwrap();
    let read = |bytes: &[u8]| read_npz(&write(folder.path(), "a.npz", bytes), ["x"]);
    let values = [1f32, 2.0, 3.0, 4.5].map(f32::to_le_bytes).concat();
    let [array] = read(&npz(NPY, &values)).unwrap();
    assert_eq!((array.shape, array.values), (vec![2, 2], vec![1.0, 2.0, 3.0, 4.5]));
    refused(read(&npz(NPY, &values[..7])), "`x`");
    let promised = |shape: &str| npz(&NPY.replace("2, 2", shape), &values);
    // A petabyte in a file of 300 bytes.
    refused(read(&promised("1048576, 134217728")), "takes more than 1 GiB");
    refused(read(&promised("4294967296, 4294967296, 4294967296")), "takes more than 1 GiB");
    let [by_column] = read(&npz(&NPY.replace("False", "True"), &values)).unwrap();
    assert_eq!(by_column.values, [1.0, 3.0, 2.0, 4.5]);
    refused(read(&npz(&NPY.replace("<f4", "<U2"), &values)), "cannot be read as numbers");
    refused(read(b"PK no archive"), "is no npz file");
    refused(read_npz(&folder.path().join("a.npz"), ["x"]), "is no npz file");
    let whole = write(folder.path(), "b.npz", &npz(NPY, &values));
    refused(read_npz(&whole, ["y"]), "has no array `y`; it holds x");
}

/// Mutations of good files: `BACKDRAFT_MUTATIONS` of them, 1,000 if not told.
#[test]
fn mutated_files_never_panic() {
    let count = std::env::var("BACKDRAFT_MUTATIONS").ok().and_then(|n| n.parse().ok());
    let mutations: u64 = count.unwrap_or(1_000);
    let folder = TempDir::new().unwrap();
    let (images, labels) = (images_file(), labels_file());
    let values = [1f32, 2.0, 3.0, 4.5].map(f32::to_le_bytes).concat();
    let (table, archive) = (TABLE.as_bytes().to_vec(), npz(NPY, &values));
    let originals = [images.clone(), labels.clone(), gzip(&images), gzip(&labels), table, archive];
    let mut state = 1u64;
    let mut random = move |bound: usize| {
        // SplitMix64.
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        ((mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb) >> 31) as usize % bound.max(1)
    };
    let mut accepted = 0;
    for _ in 0..mutations {
        let which = random(originals.len());
        let mut bytes = originals[which].clone();
        for _ in 0..=random(3) {
            let at = random(bytes.len());
            match random(5) {
                0 => bytes.truncate(at),
                1 => bytes.insert(at, random(256) as u8),
                // Where headers are.
                2 if !bytes.is_empty() => {
                    let at = random(bytes.len().min(20));
                    bytes[at] = [0, 1, 0x7f, 0xff][random(4)];
                }
                _ if !bytes.is_empty() => bytes[at] ^= 1 << random(8),
                _ => {}
            }
        }
        let result = match which {
            4 => {
                let path = write(folder.path(), "t.csv", &bytes);
                let (target, header) =
                    [("class", Header::Present), ("3", Header::Absent)][random(2)];
                Table::read_csv(&path, target, header).map(|_| ())
            }
            5 => read_npz(&write(folder.path(), "a.npz", &bytes), ["x"]).map(|_| ()),
            _ if random(2) == 0 => read(folder.path(), &images, &bytes).map(|_| ()),
            _ => read(folder.path(), &bytes, &labels).map(|_| ()),
        };
        match result {
            Ok(()) => accepted += 1,
            Err(error) if error.to_string().lines().count() != 1 => panic!("not a line: {error}"),
            Err(_) => {}
        }
    }
    assert!(accepted < mutations, "no mutation did any harm: the test mutates nothing");
}
