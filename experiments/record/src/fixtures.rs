//! Records for tests, here and in other crates.

use toml::Table;

use crate::about::Preset;
use crate::manifest::{Manifest, SCHEMA, Status, Versions};
use crate::picture::{Picture, Point};

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

/// A measured line and its theory on a logarithmic axis.
pub fn picture() -> Picture {
    let points = |factor: f64| (0..10).map(move |x| (f64::from(x), factor.powi(x)));
    let measured = points(0.25).map(|(x, y)| Point { x, y, interval: None });
    Picture { title: "<script>".into(), ..Picture::new("p", "", "layer", "norm") }
        .logarithmic()
        .measured("sigmoid", measured)
        .predicted("sigmoid", points(0.236))
}
