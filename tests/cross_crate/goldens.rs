//! Everything hooks measure, against PyTorch in float64. `tests/goldens/make.py` makes the files.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use backdraft::{BACKENDS, Backend, Batch, Loss, Xray, xray};
use backdraft_hooks::{GradientHook, QUANTITIES, QuantityName, Row, Schedule, Taps};
use backdraft_layers::Network;
use backdraft_trainer::Objective;
use backdraft_zoo::{NetworkConfig, load};
use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{DType, Device, Gradients, Tensor};
use regex::Regex;
use safetensors::SafeTensors;
use serde_json::Value;

use crate::{relative_difference, widened};

struct Golden {
    name: String,
    config: NetworkConfig,
    loss: Loss,
    weights: PathBuf,
    batch: Batch,
    expected: Value,
}

fn goldens() -> Vec<Golden> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("goldens");
    let mut names: Vec<String> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter_map(|name| name.strip_suffix(".batch.safetensors").map(str::to_owned))
        .collect();
    names.sort();
    names.into_iter().map(|name| golden(&folder, name)).collect()
}

fn golden(folder: &Path, name: String) -> Golden {
    let path = folder.join(format!("{name}.batch.safetensors"));
    let bytes = std::fs::read(&path).unwrap();
    let (_, header) = SafeTensors::read_metadata(&bytes).unwrap();
    let metadata = header.metadata().clone().unwrap();
    let loss = match metadata["loss"].as_str() {
        "binary-cross-entropy" => Loss::BinaryCrossEntropy,
        "cross-entropy" => Loss::CrossEntropy,
        "mean-squared-error" => Loss::MeanSquaredError,
        other => panic!("{name}: unknown loss {other}"),
    };
    Golden {
        config: serde_json::from_str(&metadata["config"]).unwrap(),
        loss,
        weights: folder.join(format!("{name}.weights.safetensors")),
        batch: Batch::read(&path).unwrap(),
        expected: serde_json::from_str(&metadata["expected"]).unwrap(),
        name,
    }
}

fn measure(golden: &Golden, device: &Device) -> Xray {
    let mut network = golden.config.try_init(7, device).unwrap();
    load(&mut network, &golden.config, &golden.weights).unwrap();
    xray(network, &golden.batch, golden.loss, QUANTITIES, device).unwrap()
}

/// As [`measure`], in `f64` on flex.
fn measure_in_f64(golden: &Golden) -> Xray {
    let device = Device::flex().autodiff();
    let mut network = golden.config.try_init(7, &device).unwrap();
    load(&mut network, &golden.config, &golden.weights).unwrap();
    let network = widened(network);
    let mut taps = Taps::on();
    let outputs = network.score(golden.batch.inputs(&device).cast(DType::F64), &mut taps);
    let loss = golden.loss.loss(outputs, golden.batch.targets(&device).cast(DType::F64));
    let gradients = loss.backward();
    let mut hook = GradientHook::new(QUANTITIES, Schedule::Every(1));
    let rows = hook.observe_with_taps(0, &network, &gradients, &taps).unwrap().rows().unwrap();
    let loss = loss.into_data().iter::<f64>().next().unwrap();
    Xray { loss, rows, findings: vec![] }
}

/// PyTorch's names of parameters in ours, through the same mapping that loads weights.
struct Names(Vec<(Regex, String)>);

impl Names {
    fn of(golden: &Golden) -> Self {
        let names = golden.config.pytorch_names().into_iter();
        Self(names.map(|(pattern, ours)| (Regex::new(&pattern).unwrap(), ours)).collect())
    }

    fn ours(&self, name: &str, rows: &[Row]) -> String {
        let known = self.0.iter().find(|(pattern, _)| pattern.is_match(name));
        let name = known.map_or(name.into(), |(pattern, ours)| pattern.replace(name, ours));
        let is_ours = |name: &str| rows.iter().any(|row| row.subject == *name);
        // Burn calls the gain and shift of a normalisation gamma and beta.
        let normalization = name.replace(".weight", ".gamma").replace(".bias", ".beta");
        if is_ours(&name) || !is_ours(&normalization) { name.into_owned() } else { normalization }
    }
}

fn value(rows: &[Row], quantity: &str, subject: &str) -> f64 {
    let row = rows.iter().find(|row| row.quantity.as_str() == quantity && row.subject == subject);
    row.unwrap_or_else(|| panic!("no {quantity} of {subject}")).value
}

/// The largest relative difference of everything expected: its size, where, of how many.
fn largest_difference(golden: &Golden, result: &Xray) -> (f64, String, usize) {
    let loss = relative_difference(result.loss, golden.expected["loss"].as_f64().unwrap());
    let mut differences = vec![(loss, "loss".to_owned())];
    let names = Names::of(golden);
    let scale = value(&result.rows, "gradient_norm", "network");
    for (quantity, subjects) in golden.expected.as_object().unwrap() {
        let Some(subjects) = subjects.as_object() else { continue };
        for (subject, expected) in subjects {
            let subject = names.ours(subject, &result.rows);
            let measured = value(&result.rows, quantity, &subject);
            let expected = expected.as_f64().unwrap();
            // A bias in front of a normalisation has no effect: its gradient is zero, which both
            // sides compute as a difference of large terms, each with its own rounding.
            let is_zero = expected.abs() < 1e-13 * scale;
            let difference = if is_zero {
                measured.abs() / scale
            } else if quantity == "activation_mean" {
                // A mean may cancel to nothing: its rounding is relative to what it is a mean of.
                let deviation = value(&result.rows, "activation_standard_deviation", &subject);
                (measured - expected).abs() / deviation.max(expected.abs())
            } else {
                relative_difference(measured, expected)
            };
            differences.push((difference, format!("{quantity} of {subject}")));
        }
    }
    let count = differences.len();
    let (largest, which) = differences.into_iter().max_by(|(a, _), (b, _)| a.total_cmp(b)).unwrap();
    (largest, which, count)
}

#[test]
fn norms_agree_with_pytorch_in_float64() {
    let goldens = goldens();
    assert!(goldens.len() >= 12);
    for backend in BACKENDS.iter().filter(|backend| backend.is_built_in()) {
        let (name, (_, device)) = (backend.name, Backend::select(Some(backend.name)).unwrap());
        // These networks are small and learn well: a tenth of what the zoo's hardest need.
        let tolerance = (backend.tolerance / 10.0).max(1e-5);
        for golden in &goldens {
            let (largest, which, compared) = largest_difference(golden, &measure(golden, &device));
            println!(
                "{name:8} {:28} {compared:4} values, at most {largest:.1e} in {which}",
                golden.name
            );
            assert!(largest < tolerance, "{name}: {}: {which} differs by {largest:e}", golden.name);
        }
    }
}

/// What is only `f32` somewhere on the way is off by 1e-8 or more.
#[test]
fn in_f64_norms_agree_with_pytorch_to_ten_digits() {
    for golden in goldens() {
        let (largest, which, compared) = largest_difference(&golden, &measure_in_f64(&golden));
        println!("{:28} {compared:4} values, at most {largest:.1e} in {which}", golden.name);
        assert!(largest < 1e-10, "{}: {which} differs by {largest:e}", golden.name);
    }
}

/// All elements of all gradients, by parameter, read one by one.
#[derive(Default)]
struct Elements(BTreeMap<usize, Vec<f64>>);

struct Reading<'a> {
    gradients: &'a Gradients,
    elements: &'a mut Elements,
}

impl ModuleVisitor for Reading<'_> {
    fn visit_float<const D: usize>(&mut self, parameter: &Param<Tensor<D>>) {
        if let Some(gradient) = parameter.val().grad(self.gradients) {
            let index = self.elements.0.len();
            let values = gradient.into_data().iter::<f64>().collect();
            self.elements.0.insert(index, values);
        }
    }
}

#[test]
fn histograms_and_shares_agree_with_counting_element_by_element() {
    let device = Device::flex().autodiff();
    for golden in goldens() {
        let mut network = golden.config.try_init(7, &device).unwrap();
        load(&mut network, &golden.config, &golden.weights).unwrap();
        let network = network.fork(&device);
        let mut taps = Taps::on();
        let outputs = network.score(golden.batch.inputs(&device), &mut taps);
        let gradients = golden.loss.loss(outputs, golden.batch.targets(&device)).backward();
        let mut hook = GradientHook::new(QUANTITIES, Schedule::Every(1));
        let observation = hook.observe_with_taps(0, &network, &gradients, &taps).unwrap();
        let rows = observation.rows().unwrap();
        let mut elements = Elements::default();
        network.visit(&mut Reading { gradients: &gradients, elements: &mut elements });
        let parameters = rows.iter().filter(|row| row.quantity == QuantityName::GRADIENT_NORM);
        let parameters: Vec<_> = parameters
            .map(|row| row.subject.to_string())
            .filter(|subject| subject != "network")
            .collect();
        assert_eq!(parameters.len(), elements.0.len());
        for (subject, elements) in parameters.iter().zip(elements.0.values()) {
            let zeros = elements.iter().filter(|g| **g == 0.0).count() as f64;
            let share = value(&rows, "gradient_zero_share", subject);
            assert_eq!(share, zeros / elements.len() as f64, "{}: {subject}", golden.name);
            let largest = elements.iter().fold(0.0f64, |largest, g| largest.max(g.abs()));
            assert_eq!(value(&rows, "gradient_max", subject), largest);
            // The decade by logarithm, not by the table of edges that the hook uses.
            let mut decades = BTreeMap::<i32, f64>::new();
            for g in elements.iter().filter(|g| **g != 0.0) {
                *decades.entry(g.abs().log10().floor() as i32).or_default() += 1.0;
            }
            for (decade, count) in decades {
                let bin = format!("{subject}[1e{decade}]");
                assert_eq!(value(&rows, "gradient_histogram", &bin), count, "{}", golden.name);
            }
        }
    }
}
