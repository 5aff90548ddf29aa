//! Records for tests, here and in other crates.

use toml::Table;

use crate::about::Preset;
use crate::manifest::{Manifest, SCHEMA, Status, Versions};
use crate::picture::{Picture, Point, Series};

/// A finished run of no experiment.
pub fn manifest() -> Manifest {
    Manifest {
        schema: SCHEMA,
        experiment: "none".to_owned(),
        id: "0".to_owned(),
        status: Status::Finished,
        preset: Preset::Quick,
        settings: Table::new(),
        backend: "flex".to_owned(),
        device: "none".to_owned(),
        versions: Versions::current(),
        trials: 2,
        command: "none".to_owned(),
        started_unix: 0,
        seconds: 1.0,
        verdicts: Vec::new(),
    }
}

/// A measured line and a predicted one on a logarithmic axis.
pub fn picture() -> Picture {
    let series = |label: &str, is_theory, factor: f64| Series {
        label: label.to_owned(),
        is_theory,
        points: (0..10).map(|x| Point { x: x.into(), y: factor.powi(x), interval: None }).collect(),
    };
    Picture {
        name: "p".into(),
        title: "<script>".into(),
        x_label: "layer".into(),
        y_label: "norm".into(),
        is_log: true,
        series: vec![series("sigmoid", false, 0.25), series("sigmoid, theory", true, 0.236)],
    }
}
