//! Charts in the form that the scripts read.

use std::borrow::Cow;

use backdraft_record::{Picture, Point};
use serde::Serialize;

/// What `backdraft.lineChart` draws; see `charts/line.js`.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LineChart<'a> {
    name: &'a str,
    title: &'a str,
    x_label: &'a str,
    y_label: &'a str,
    is_log: bool,
    series: Vec<Line<'a>>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Line<'a> {
    label: Cow<'a, str>,
    is_theory: bool,
    points: Vec<ChartPoint>,
}

/// A point; non-finite numbers become `null`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(super) struct ChartPoint {
    x: f64,
    y: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    low: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    high: Option<f64>,
}

impl<'a> From<&'a Picture> for LineChart<'a> {
    fn from(picture: &'a Picture) -> Self {
        let line = |label, is_theory, points: &[Point]| Line {
            label,
            is_theory,
            points: points.iter().map(ChartPoint::from).collect(),
        };
        let measured = picture.series.iter().filter(|series| !series.points.is_empty());
        let measured =
            measured.map(|series| line(Cow::Borrowed(&*series.label), false, &series.points));
        let predicted = picture.series.iter().flat_map(|series| {
            let label = || Cow::Owned(series.theory_label());
            series.theory.iter().map(move |points| line(label(), true, points))
        });
        Self {
            name: &picture.name,
            title: &picture.title,
            x_label: &picture.x_label,
            y_label: &picture.y_label,
            is_log: picture.is_log,
            series: measured.chain(predicted).collect(),
        }
    }
}

impl From<&Point> for ChartPoint {
    fn from(point: &Point) -> Self {
        let (low, high) = point.interval.unzip();
        Self { x: point.x, y: point.y, low, high }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_becomes_what_the_script_reads() {
        let points = [
            Point { x: 1.0, y: 0.5, interval: Some((0.4, 0.6)) },
            Point { x: 2.0, y: f64::NAN, interval: None },
        ];
        let picture = Picture::new("p", "Title", "x", "y").logarithmic().measured("a", points);
        let json = serde_json::to_value(LineChart::from(&picture)).unwrap();
        assert_eq!(json["isLog"], true);
        assert_eq!(
            json["series"][0]["points"][0],
            serde_json::json!({"x": 1.0, "y": 0.5, "low": 0.4, "high": 0.6})
        );
        assert_eq!(json["series"][0]["points"][1], serde_json::json!({"x": 2.0, "y": null}));
    }
}
