//! Draws a series: line, dots, and intervals as a band or whiskers.

use backdraft_record::{Picture, Point};
use kuva::plot::{LinePlot, LineStyle, ScatterPlot};
use kuva::render::plots::Plot;

use super::medium::Medium;
use crate::palette::LIGHT;

/// Most points of a line that has whiskers instead of a band.
pub(super) const FEW: usize = 4;
/// Distance between such lines, and the most that all take together, as shares of the axis.
const DODGE: (f64, f64) = (0.01, 0.05);
/// Distance between lines of one point, which have more room.
const DODGE_OF_ONE: f64 = 0.05;

/// Returns the colour of a measured line.
pub(super) fn color(index: usize) -> &'static str {
    LIGHT[index % LIGHT.len()]
}

/// Returns the dashes of a line. Theory is dashed; measured lines are dashed once the colours run out.
pub(super) fn dashes(index: usize, is_theory: bool) -> Option<&'static str> {
    const ROUNDS: [Option<&str>; 3] = [None, Some("9 3 2 3"), Some("2 3")];
    if is_theory { Some("6 4") } else { ROUNDS[(index / LIGHT.len()).min(2)] }
}

/// A series ready to draw. On a logarithmic axis, heights are decimal logarithms.
///
/// The library's own logarithmic axis ends at 1e-10, where vanishing gradients begin to be interesting.
pub(super) struct Line {
    pub(super) points: Vec<Drawn>,
    pub(super) index: usize,
    pub(super) is_theory: bool,
}

pub(super) struct Drawn {
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) low: Option<f64>,
    pub(super) high: Option<f64>,
}

impl Line {
    /// Returns the lines of a picture. A prediction has the index of its measurement, and lies above it.
    pub(super) fn all(picture: &Picture) -> Vec<Self> {
        let is_log = picture.is_log;
        let series = || picture.series.iter().enumerate();
        let measured =
            series().filter_map(|(index, series)| Self::of(&series.points, false, is_log, index));
        let theory = series().flat_map(|(index, series)| {
            series.theory.iter().filter_map(move |line| Self::of(line, true, is_log, index))
        });
        measured.chain(theory).collect()
    }

    /// Leaves out points that the axis cannot show. `None` if no point is left.
    fn of(points: &[Point], is_theory: bool, is_log: bool, index: usize) -> Option<Self> {
        let height = |y: f64| if is_log { y.log10() } else { y };
        let finite = |y: f64| Some(height(y)).filter(|height| height.is_finite());
        let drawn = |point: &Point| {
            let (low, high) = point.interval.unzip();
            let y = finite(point.y)?;
            Some(Drawn { x: point.x, y, low: low.and_then(finite), high: high.and_then(finite) })
        };
        let points: Vec<Drawn> = points.iter().filter_map(drawn).collect();
        (!points.is_empty()).then_some(Self { points, index, is_theory })
    }

    /// Draws the series as one of `lines` on an axis that spans `width`.
    pub(super) fn plots(&self, lines: usize, width: f64, medium: &Medium) -> Vec<Plot> {
        let rank = self.index as f64;
        let has_whiskers = self.has_whiskers(medium);
        // Whiskers of several lines are drawn side by side.
        let dodge = match self.points.len() {
            1 => DODGE_OF_ONE,
            _ => DODGE.0.min(DODGE.1 / (lines.max(2) - 1) as f64),
        };
        let aside =
            if has_whiskers { dodge * width * (rank - 0.5 * (lines as f64 - 1.0)) } else { 0.0 };
        let data = || self.points.iter().map(|point| (point.x + aside, point.y));
        // Later lines are thinner, so that a covered line shows on both sides.
        let share = rank / (lines.max(2) - 1) as f64;
        let stroke = if self.is_theory { 1.3 } else { 3.2 - 1.6 * share };
        let mut line = LinePlot::new()
            .with_data(data())
            .with_color(color(self.index))
            .with_stroke_width(stroke);
        if let Some(dashes) = dashes(self.index, self.is_theory) {
            line = line.with_line_style(LineStyle::Custom(dashes.to_owned()));
        }
        let intervals = self.intervals();
        if let Some(intervals) = intervals.as_ref().filter(|_| !has_whiskers) {
            line = line.with_band(intervals.iter().map(|i| i.0), intervals.iter().map(|i| i.1));
        }
        let mut plots = vec![line.into()];
        if !self.is_theory && self.points.len() <= medium.marked {
            let dots = ScatterPlot::new().with_data(data()).with_color(color(self.index));
            let dots = dots.with_size(1.2 + 0.7 * stroke);
            let reach =
                |(point, (low, high)): (&Drawn, (f64, f64))| (point.y - low, high - point.y);
            plots.push(match intervals.filter(|_| has_whiskers) {
                Some(intervals) => {
                    let reach = self.points.iter().zip(intervals).map(reach);
                    dots.with_y_err_asymmetric(reach).into()
                }
                None => dots.into(),
            });
        }
        plots
    }

    /// Returns whether there are too few points for a band between them.
    fn has_whiskers(&self, medium: &Medium) -> bool {
        self.points.len() <= FEW.min(medium.marked)
            && self.points.iter().any(|point| point.high.is_some())
    }

    /// Returns the intervals. One that reaches zero has no lower end on a logarithmic axis and gets the
    /// lowest end of the others.
    fn intervals(&self) -> Option<Vec<(f64, f64)>> {
        let floor = self.points.iter().map(|p| p.low.unwrap_or(p.y)).fold(f64::INFINITY, f64::min);
        let interval = |point: &Drawn| Some((point.low.unwrap_or(floor), point.high?));
        self.points.iter().map(interval).collect()
    }
}
