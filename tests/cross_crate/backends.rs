//! The same seed on different back ends.

#![cfg(any(feature = "ndarray", feature = "_gpu"))]

use backdraft::{BACKENDS, Backend, EXPERIMENTS, difference, subjects};
use burn::tensor::{Device, Tensor};

/// Back ends other than flex that are built in, with their devices.
fn others() -> impl Iterator<Item = (&'static Backend, Device)> {
    let others = BACKENDS.iter().filter(|b| b.is_built_in() && b.name != "flex");
    others.map(|backend| Backend::select(Some(backend.name)).unwrap())
}

/// Every network; experiments, which take a while on a GPU of software, by `backends --check`.
#[test]
fn every_network_measures_the_same_at_its_first_step() {
    let (_, flex) = Backend::select(Some("flex")).unwrap();
    let mut faults = Vec::new();
    for subject in subjects(EXPERIMENTS).iter().filter(|subject| !subject.is_experiment()) {
        let reference = subject.measure(&flex).unwrap();
        for (backend, device) in others() {
            let worst = difference(&reference, &subject.measure(&device).unwrap()).unwrap();
            if worst.value > backend.tolerance {
                faults.push(format!("{} on {}: {worst:?}", subject.name, backend.name));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// What the tolerances of back ends rest on: functions of numbers of many magnitudes, against float64.
#[test]
fn functions_are_right_to_rounding_in_absolute_terms() {
    let values: Vec<f32> = (0..400).map(|i| 10f32.powf(-7.0 + i as f32 / 50.0)).collect();
    type Function = (&'static str, fn(Tensor<1>) -> Tensor<1>, fn(f64) -> f64);
    let functions: [Function; 3] = [
        ("tanh", Tensor::tanh, f64::tanh),
        ("exp(-x)", |x| x.neg().exp(), |x| (-x).exp()),
        ("sigmoid", burn::tensor::activation::sigmoid, |x| 1.0 / (1.0 + (-x).exp())),
    ];
    for (backend, device) in others() {
        for (name, function, exact) in functions {
            let x = Tensor::<1>::from_floats(values.as_slice(), &device);
            let read = function(x).into_data();
            let (mut absolute, mut relative) = (0.0f64, 0.0f64);
            for (x, y) in values.iter().zip(read.iter::<f64>()) {
                let exact = exact(f64::from(*x));
                absolute = absolute.max((y - exact).abs());
                if exact > 1e-30 {
                    relative = relative.max((y / exact - 1.0).abs());
                }
            }
            println!(
                "{name} on {}: {absolute:.1e} absolute, {relative:.1e} relative",
                backend.name
            );
            assert!(absolute < 1e-6, "{name} on {}: {absolute:.1e}", backend.name);
        }
    }
}
