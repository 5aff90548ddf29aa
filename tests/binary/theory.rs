//! `backdraft theory`.

use serde_json::Value;

use crate::{backdraft, stdout};

fn predicted(arguments: &[&str]) -> Value {
    let arguments = [&["theory", "--json"], arguments].concat();
    serde_json::from_str(&stdout(&backdraft(&arguments))).unwrap()
}

#[test]
fn closed_forms_come_out_of_the_command() {
    let relu = predicted(&["--activation", "relu", "--init", "xavier", "--depth", "11"]);
    let layers = relu["layers"].as_array().unwrap();
    // Ten layers that halve the square.
    let expected = 5.0 * 0.5f64.ln();
    assert_eq!(layers.len(), 11);
    assert!((layers[0]["log_gradient_norm"].as_f64().unwrap() - expected).abs() < 1e-9);
    assert!((relu["critical_weight_variance"].as_f64().unwrap() - 2.0).abs() < 1e-4);
    let wide = predicted(&["--activation", "relu", "--init", "he", "--width", "64"]);
    let interval = wide["layers"][0]["interval"].as_array().unwrap();
    // 49 layers: ln of the square is normal with variance 5 · 49 / 64 around minus half of it.
    let variance: f64 = 5.0 * 49.0 / 64.0;
    let high = (0.5 * (1.96 * variance.sqrt() - variance / 2.0)).exp();
    assert!((interval[1].as_f64().unwrap() / high - 1.0).abs() < 1e-6, "{interval:?}");
}

#[test]
fn it_draws_and_says_what_it_cannot_know() {
    let drawn = stdout(&backdraft(&["theory", "--activation", "tanh", "--init", "1.5"]));
    for part in ["50 layers of tanh", "q* =", "σw² = 1.000"] {
        assert!(drawn.contains(part), "`{part}` is missing in:\n{drawn}");
    }
    for (arguments, expected) in [
        (vec!["--activation", "tahn"], "did you mean `tanh`?"),
        (vec!["--activation", "tanh", "--init", "xaver"], "did you mean `xavier`?"),
        (vec!["--activation", "tanh", "--depth", "0"], "0 is not in 1..=10000"),
        (
            vec!["--activation", "relu", "--norm", "layer", "--skip", "residual"],
            "no formula for layer normalisation with residual layers",
        ),
    ] {
        let output = backdraft(&[&["theory"], &arguments[..]].concat());
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.code() == Some(2) && error.contains(expected), "{error}");
    }
}
