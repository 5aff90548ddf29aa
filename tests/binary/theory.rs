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
fn depths_near_criticality_are_as_long_as_they_are_and_what_does_not_settle_is_said() {
    // Truth by iterating the correlation map until it came to rest.
    for (init, bias, depth, correlation) in [("1.05", "0", 2661.0, 0.0), ("2", "0.1", 336.0, 0.97)]
    {
        let told = predicted(&["--activation", "tanh", "--init", init, "--bias-variance", bias]);
        let scale = |name: &str| told["depth_scales"][name].as_f64().unwrap();
        assert!((scale("correlation_depth") / depth - 1.0).abs() < 2e-3, "{told}");
        assert!((scale("correlation") - correlation).abs() < 0.02, "{told}");
    }
    let relu = predicted(&["--activation", "relu", "--init", "he", "--bias-variance", "0.1"]);
    assert_eq!(relu["depth_scales"], Value::Null);
    let reason = relu["without_depth_scales"].as_str().unwrap();
    assert!(reason.contains("grows without bound"), "{reason}");
    assert!((relu["critical_weight_variance"].as_f64().unwrap() - 2.0).abs() < 1e-9);
    let steep = predicted(&["--activation", "tanh", "--init", "1e6"]);
    let chi = steep["layers"][49]["chi"].as_f64().unwrap();
    assert!((chi - 532.0).abs() < 0.5, "{chi}");
}

#[test]
fn the_interval_says_where_it_comes_from_or_why_there_is_none() {
    let told = |arguments: &[&str]| predicted(&[&["--width", "64"], arguments].concat());
    let interval = |told: &Value, index: usize| {
        told["layers"][0]["interval"][index].as_f64().unwrap_or_else(|| panic!("{told}"))
    };
    let relu = told(&["--activation", "relu", "--init", "he"]);
    assert_eq!(relu["interval_from"], "first_order");
    // 8,000 nets of 50 layers, their matrices multiplied out: 95 % lie between 4.4e-8 and 2.5e-2.
    let gelu = told(&["--activation", "gelu", "--init", "he"]);
    assert_eq!(gelu["interval_from"]["drawn_nets"], 2_000);
    let (low, high) = (interval(&gelu, 0), interval(&gelu, 1));
    assert!(low > 3e-8 && low < 6e-8 && high > 5e-3 && high < 0.1, "{low}, {high}");
    let residual = told(&["--activation", "relu", "--init", "he", "--skip", "residual"]);
    let predicted = residual["layers"][0]["log_gradient_norm"].as_f64().unwrap().exp();
    assert!((interval(&residual, 0)..interval(&residual, 1)).contains(&predicted), "{residual}");
    assert!(residual["caveat"].as_str().unwrap().contains("root mean square"));
    for arguments in [
        vec!["--activation", "relu", "--init", "orthogonal"],
        vec!["--activation", "relu", "--norm", "batch"],
        vec!["--activation", "gelu", "--init", "he", "--depth", "10000"],
    ] {
        let told = told(&arguments);
        assert!(told["without_interval"].as_str().unwrap().starts_with("No interval"), "{told}");
    }
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
