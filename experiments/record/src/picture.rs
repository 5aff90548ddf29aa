//! Pictures as data, drawn elsewhere: in the terminal, as SVG.

use backdraft_verdicts::statistics::Estimate;

use crate::profile::{Profile, Profiled};
/// A line plot.
#[derive(Clone, Debug, PartialEq)]
pub struct Picture {
    /// Short name, fit for a file.
    pub name: String,
    /// Title.
    pub title: String,
    /// Title of the horizontal axis, with unit.
    pub x_label: String,
    /// Title of the vertical axis, with unit.
    pub y_label: String,
    /// Whether the vertical axis is logarithmic.
    pub is_log: bool,
    /// The lines.
    pub series: Vec<Series>,
}

/// One line, with a band around it, and what theory says of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// Name in the legend.
    pub label: String,
    /// The points, by x; none if nothing was measured.
    pub points: Vec<Point>,
    /// Lines that theory predicts for it: one, or the bounds of a region.
    pub theory: Vec<Vec<Point>>,
    /// Which profile it shows, if it shows one.
    pub profile: Option<Profiled>,
}

/// A point with its interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// Horizontal position.
    pub x: f64,
    /// Vertical position.
    pub y: f64,
    /// Interval over seeds, if there is one.
    pub interval: Option<(f64, f64)>,
}

impl Picture {
    /// Creates a picture with linear axes and no lines yet.
    pub fn new(name: &str, title: impl Into<String>, x_label: &str, y_label: &str) -> Self {
        Self {
            name: name.to_owned(),
            title: title.into(),
            x_label: x_label.to_owned(),
            y_label: y_label.to_owned(),
            is_log: false,
            series: Vec::new(),
        }
    }

    /// Makes the vertical axis logarithmic.
    pub fn logarithmic(self) -> Self {
        Self { is_log: true, ..self }
    }

    /// Adds a line of what was measured.
    pub fn measured(
        mut self,
        label: impl Into<String>,
        points: impl IntoIterator<Item = Point>,
    ) -> Self {
        let points = points.into_iter().collect();
        self.series.push(Series { label: label.into(), points, theory: vec![], profile: None });
        self
    }

    /// Adds a profile that was measured, so that other views find its theory again.
    pub fn profile(mut self, label: impl Into<String>, profile: Profile) -> Self {
        let Profile { of, points } = profile;
        self.series.push(Series { label: label.into(), points, theory: vec![], profile: of });
        self
    }

    /// Adds what theory says of the line `label`.
    pub fn predicted(mut self, label: &str, points: impl IntoIterator<Item = (f64, f64)>) -> Self {
        let point = |(x, y)| Point { x, y, interval: None };
        let points = points.into_iter().map(point).collect();
        match self.series.iter_mut().find(|series| series.label == label) {
            Some(series) => series.theory.push(points),
            None => self.series.push(Series {
                label: label.to_owned(),
                points: vec![],
                theory: vec![points],
                profile: None,
            }),
        }
        self
    }
}

impl Series {
    /// Returns the label of its theory in a legend.
    pub fn theory_label(&self) -> String {
        format!("{}, theory", self.label)
    }
}

impl Point {
    /// The mean of values with its interval over seeds; `None` if there are too few.
    pub fn mean(x: f64, values: &[f64]) -> Option<Self> {
        let estimate = Estimate::mean_of(values)?;
        Some(Self { x, y: estimate.mean, interval: Some((estimate.lower, estimate.upper)) })
    }

    /// The geometric mean, with the interval of the mean logarithm.
    pub fn geometric_mean(x: f64, values: &[f64]) -> Option<Self> {
        let logs: Vec<f64> = values.iter().map(|value| value.ln()).collect();
        let estimate = Estimate::mean_of(&logs)?;
        let interval = Some((estimate.lower.exp(), estimate.upper.exp()));
        Some(Self { x, y: estimate.mean.exp(), interval })
    }
}
