//! PyTorch's weights as real trainings store them: every type, below any prefix, sharded, in archives of
//! NumPy, weight-normed. The golden networks themselves are compared with PyTorch in `goldens`; here, each
//! of their files in another guise loads the same parameters.

use std::fs;
use std::path::{Path, PathBuf};

use backdraft_zoo::{LoadOptions, Loaded, NetworkConfig, WeightsError, load, load_with};
use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{Device, Tensor};
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};
use tempfile::TempDir;

/// One network of each architecture, or several where PyTorch's names differ.
const GOLDEN: [&str; 7] = [
    "mlp-batch-norm",
    "mlp-prelu",
    "lstm-stacked",
    "gru-bidirectional",
    "lru-13",
    "resnet-projection",
    "transformer-pre-norm",
];

/// As `nn.DataParallel`, `torch.compile`, Lightning and a field of one's own wrap a network.
const PREFIXES: [&str; 5] = ["", "model.", "module._orig_mod.", "module.model.", "a.b.net."];

const TYPES: [Dtype; 4] = [Dtype::F64, Dtype::F32, Dtype::F16, Dtype::BF16];

#[derive(Clone)]
struct Weight {
    name: String,
    shape: Vec<usize>,
    values: Vec<f64>,
}

struct Golden {
    config: NetworkConfig,
    path: PathBuf,
    weights: Vec<Weight>,
}

fn golden(name: &str) -> Golden {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("goldens");
    let batch = fs::read(folder.join(format!("{name}.batch.safetensors"))).unwrap();
    let (_, header) = SafeTensors::read_metadata(&batch).unwrap();
    let config = serde_json::from_str(&header.metadata().clone().unwrap()["config"]).unwrap();
    let path = folder.join(format!("{name}.weights.safetensors"));
    let bytes = fs::read(&path).unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let floats = file.iter().filter(|(_, view)| view.dtype() == Dtype::F32);
    let weight = |(name, view): (&str, TensorView<'_>)| {
        let values = view.data().as_chunks::<4>().0.iter();
        let values = values.map(|bytes| f64::from(f32::from_le_bytes(*bytes))).collect();
        Weight { name: name.to_owned(), shape: view.shape().to_vec(), values }
    };
    let weights = floats.map(weight).collect();
    Golden { config, path, weights }
}

/// Returns a number as a type holds it, cut off, and its bytes.
fn stored(value: f64, dtype: Dtype) -> (f64, Vec<u8>) {
    let bits = (value as f32).to_bits();
    match dtype {
        Dtype::F64 => (value, value.to_le_bytes().to_vec()),
        Dtype::F32 => (value, (value as f32).to_le_bytes().to_vec()),
        Dtype::BF16 => {
            let upper = bits >> 16;
            (f64::from(f32::from_bits(upper << 16)), (upper as u16).to_le_bytes().to_vec())
        }
        // Ten bits of fraction; weights below the normal range become zero.
        Dtype::F16 => {
            let exponent = (bits >> 23 & 255) as i32 - 127;
            if exponent < -14 {
                return (0.0, vec![0, 0]);
            }
            assert!(exponent < 16, "{value}");
            let half = (bits >> 16 & 0x8000) | ((exponent + 15) as u32) << 10 | (bits >> 13 & 1023);
            let cut = f64::from(f32::from_bits(bits & !0x1fff));
            (cut, (half as u16).to_le_bytes().to_vec())
        }
        other => panic!("{other:?}"),
    }
}

fn write(path: &Path, weights: &[Weight], dtype: Dtype) {
    let bytes = |weight: &Weight| -> Vec<u8> {
        weight.values.iter().flat_map(|value| stored(*value, dtype).1).collect()
    };
    let bytes: Vec<Vec<u8>> = weights.iter().map(bytes).collect();
    let views = weights.iter().zip(&bytes).map(|(weight, bytes)| {
        (weight.name.as_str(), TensorView::new(dtype, weight.shape.clone(), bytes).unwrap())
    });
    fs::write(path, safetensors::serialize(views, None).unwrap()).unwrap();
}

fn renamed(weights: &[Weight], rename: impl Fn(&str) -> String) -> Vec<Weight> {
    weights.iter().map(|w| Weight { name: rename(&w.name), ..w.clone() }).collect()
}

/// Every parameter of a network.
fn parameters(network: &impl Module) -> Vec<f32> {
    struct All(Vec<f32>);

    impl ModuleVisitor for All {
        fn visit_float<const D: usize>(&mut self, parameter: &Param<Tensor<D>>) {
            self.0.extend(parameter.val().to_data().iter::<f32>());
        }
    }

    let mut all = All(Vec::new());
    network.visit(&mut all);
    all.0
}

fn loaded(golden: &Golden, path: &Path) -> (Vec<f32>, Loaded) {
    let mut network = golden.config.try_init(3, &Device::flex()).unwrap();
    let loaded = load_with(&mut network, &golden.config, path, &LoadOptions::default());
    let loaded = loaded.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    (parameters(&network), loaded)
}

fn original(golden: &Golden) -> Vec<f32> {
    let mut network = golden.config.try_init(4, &Device::flex()).unwrap();
    load(&mut network, &golden.config, &golden.path).unwrap();
    parameters(&network)
}

#[test]
fn every_type_below_every_prefix_loads_into_every_architecture() {
    let folder = TempDir::new().unwrap();
    let mut files = 0;
    for name in GOLDEN {
        let golden = golden(name);
        for dtype in TYPES {
            let mut cut = golden.weights.clone();
            let values = cut.iter_mut().flat_map(|weight| &mut weight.values);
            values.for_each(|value| *value = stored(*value, dtype).0);
            let plain = folder.path().join("plain.safetensors");
            write(&plain, &cut, Dtype::F64);
            let expected = loaded(&golden, &plain).0;
            for prefix in PREFIXES {
                let path = folder.path().join("wrapped.safetensors");
                write(&path, &renamed(&golden.weights, |name| format!("{prefix}{name}")), dtype);
                let (found, told) = loaded(&golden, &path);
                assert!(found == expected, "{name}, {dtype:?}, `{prefix}`");
                let prefix = prefix.replace("_orig_mod.", "");
                assert!(told.prefix.starts_with(&prefix), "{name}: {told:?} of `{prefix}`");
                files += 1;
            }
        }
        assert!(loaded(&golden, &golden.path).0 == original(&golden), "{name}");
    }
    println!("{files} files");
    assert!(files >= 40);
}

#[test]
fn shards_archives_and_normalised_weights_load_into_every_architecture() {
    let folder = TempDir::new().unwrap();
    for name in GOLDEN {
        let golden = golden(name);
        let expected = original(&golden);
        let wrapped = renamed(&golden.weights, |name| format!("model.{name}"));

        let index = folder.path().join("model.safetensors.index.json");
        let mut map = serde_json::Map::new();
        for (shard, weights) in wrapped.chunks(3).enumerate() {
            let file = format!("model-{shard}.safetensors");
            write(&folder.path().join(&file), weights, Dtype::F32);
            map.extend(weights.iter().map(|weight| (weight.name.clone(), file.clone().into())));
        }
        fs::write(&index, serde_json::json!({ "metadata": {}, "weight_map": map }).to_string())
            .unwrap();
        assert!(loaded(&golden, &index).0 == expected, "{name}, sharded");

        let archive = folder.path().join("weights.npz");
        fs::write(&archive, npz(&wrapped)).unwrap();
        assert!(loaded(&golden, &archive).0 == expected, "{name}, npz");

        let path = folder.path().join("normed.safetensors");
        let normed: Vec<Weight> = wrapped.iter().enumerate().flat_map(normed).collect();
        write(&path, &normed, Dtype::F64);
        let (found, told) = loaded(&golden, &path);
        assert!(told.folded > 0, "{name}");
        let is_close = |(a, b): (&f32, &f32)| (a - b).abs() <= 1e-6 * b.abs();
        assert!(
            found.len() == expected.len() && found.iter().zip(&expected).all(is_close),
            "{name}"
        );
    }
}

/// A weight in PyTorch's old or new form of weight normalisation.
fn normed((at, weight): (usize, &Weight)) -> Vec<Weight> {
    if weight.shape.len() < 2 {
        return vec![weight.clone()];
    }
    let rows = weight.values.chunks(weight.values.len() / weight.shape[0]);
    let norms: Vec<f64> = rows.map(|row| row.iter().map(|v| v * v).sum::<f64>().sqrt()).collect();
    if norms.contains(&0.0) {
        return vec![weight.clone()];
    }
    let mut shape = vec![1; weight.shape.len()];
    shape[0] = weight.shape[0];
    let (module, leaf) = weight.name.rsplit_once('.').unwrap();
    let names = if at % 2 == 0 {
        ["g", "v"].map(|part| format!("{module}.{leaf}_{part}"))
    } else {
        ["0", "1"].map(|part| format!("{module}.parametrizations.{leaf}.original{part}"))
    };
    let [magnitude, direction] = names;
    let doubled = weight.values.iter().map(|value| 2.0 * value).collect();
    vec![
        Weight { name: magnitude, shape, values: norms },
        Weight { name: direction, shape: weight.shape.clone(), values: doubled },
    ]
}

#[test]
fn what_does_not_fit_is_told_with_the_nearest_name_and_what_is_beside_can_be_left_out() {
    let folder = TempDir::new().unwrap();
    let golden = golden("mlp-prelu");
    let path = folder.path().join("w.safetensors");
    let attempt = |options: &LoadOptions| {
        let mut network = golden.config.try_init(3, &Device::flex()).unwrap();
        let loaded = load_with(&mut network, &golden.config, &path, options);
        loaded.map(|loaded| (parameters(&network), loaded))
    };
    // A head of another name, and the optimiser's state beside.
    let head = golden.weights.iter().max_by_key(|w| w.name.split('.').next()?.parse::<u32>().ok());
    let head = head.unwrap().name.split('.').next().unwrap().to_owned();
    let mut weights = renamed(&golden.weights, |name| {
        let rest = name.strip_prefix(&format!("{head}."));
        rest.map_or(format!("net.{name}"), |rest| format!("net.classifier.{rest}"))
    });
    weights.push(Weight { name: "ema.decay".to_owned(), shape: vec![1], values: vec![0.5] });
    write(&path, &weights, Dtype::F32);
    let Err(WeightsError::Mismatch { mismatch, .. }) = attempt(&LoadOptions::default()) else {
        panic!("it does not fit");
    };
    let (name, shape) = mismatch.missing.iter().find(|(name, _)| name == "head.weight").unwrap();
    assert_eq!(mismatch.nearest(name, shape).unwrap().0, "net.classifier.weight");
    let table = mismatch.table();
    assert!(table.contains("head.weight") && table.contains("ema.decay"), "{table}");
    let renames = vec![(r"classifier\.".to_owned(), format!("{head}."))];
    let options = LoadOptions { renames, ..LoadOptions::default() };
    let told = attempt(&options).unwrap_err().to_string();
    assert!(told.contains("nothing takes `ema.decay`") && told.contains("--partial"), "{told}");
    for options in [
        LoadOptions { is_partial: true, ..options.clone() },
        LoadOptions { prefix: Some("net.".to_owned()), ..options },
    ] {
        let (found, told) = attempt(&options).unwrap();
        assert!(found == original(&golden));
        assert_eq!(told.left_out, ["ema.decay"]);
    }
    // Two networks in one file.
    let two = ["actor", "critic"].map(|net| renamed(&golden.weights, |n| format!("{net}.{n}")));
    write(&path, &two.concat(), Dtype::F32);
    let told = attempt(&LoadOptions::default()).unwrap_err().to_string();
    assert!(told.contains("`actor.`") && told.contains("`critic.`"), "{told}");
    let critic = LoadOptions { prefix: Some("critic.".to_owned()), ..LoadOptions::default() };
    assert!(attempt(&critic).unwrap().0 == original(&golden));
}

/// An archive of NumPy with 32-bit arrays, not compressed, every second one column by column.
fn npz(weights: &[Weight]) -> Vec<u8> {
    let (mut bytes, mut directory) = (Vec::new(), Vec::new());
    for (at, weight) in weights.iter().enumerate() {
        let content = npy(weight, at % 2 == 1);
        let name = format!("{}.npy", weight.name);
        let size = content.len() as u32;
        let mut fields: Vec<u8> = [20u16, 0, 0, 0, 0].map(u16::to_le_bytes).concat();
        fields.extend([crc32(&content), size, size].map(u32::to_le_bytes).concat());
        fields.extend([name.len() as u16, 0].map(u16::to_le_bytes).concat());
        directory.extend(b"PK\x01\x02\x14\x00");
        directory.extend(&fields);
        directory.extend([0u8; 10]);
        directory.extend((bytes.len() as u32).to_le_bytes());
        directory.extend(name.as_bytes());
        bytes.extend(b"PK\x03\x04");
        bytes.extend(fields);
        bytes.extend(name.as_bytes());
        bytes.extend(content);
    }
    let (count, start) = (weights.len() as u16, bytes.len() as u32);
    let size = directory.len() as u32;
    bytes.extend(directory);
    bytes.extend(b"PK\x05\x06");
    bytes.extend([0, 0, count, count].map(u16::to_le_bytes).concat());
    bytes.extend([size, start].map(u32::to_le_bytes).concat());
    bytes.extend([0, 0]);
    bytes
}

fn npy(weight: &Weight, is_by_column: bool) -> Vec<u8> {
    let axes: String = weight.shape.iter().map(|size| format!("{size}, ")).collect();
    let order = if is_by_column { "True" } else { "False" };
    let header =
        format!("{{'descr': '<f4', 'fortran_order': {order}, 'shape': ({}), }}", axes.trim_end());
    let header = format!("{header:<117}\n");
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.as_bytes());
    let place = |mut element: usize| {
        let (mut place, mut stride) = (0, weight.values.len());
        // The first axis changes fastest.
        for size in &weight.shape {
            stride /= size;
            place += element % size * stride;
            element /= size;
        }
        place
    };
    for element in 0..weight.values.len() {
        let at = if is_by_column { place(element) } else { element };
        bytes.extend((weight.values[at] as f32).to_le_bytes());
    }
    bytes
}

fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32| (crc >> 1) ^ (0xedb8_8320 & 0u32.wrapping_sub(crc & 1));
    let byte = |crc: u32, byte: &u8| (0..8).fold(crc ^ u32::from(*byte), |crc, _| step(crc));
    !bytes.iter().fold(u32::MAX, byte)
}
