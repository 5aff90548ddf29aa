//! Draws pictures in the terminal, as SVG and as figures, with the same plotting library.

mod axis;
mod clips;
mod figure;

use std::ops::ControlFlow;

use kuva::TerminalBackend;
use kuva::backend::svg::SvgBackend;
use kuva::plot::legend::{LegendEntry, LegendPosition, LegendShape};
use kuva::plot::{LinePlot, LineStyle, ScatterPlot};
use kuva::render::layout::Layout;
use kuva::render::plots::Plot;
use kuva::render::render::{Scene, render_multiple};

use axis::{Axis, linear, logarithmic};
use clips::name_clips;
pub(crate) use figure::{FigureFormat, to_figure};

use crate::palette::LIGHT;
use crate::picture::{Picture, Point, Series};
use crate::terminal::visible;

/// Draws a picture as SVG.
pub(crate) fn to_svg(picture: &Picture) -> String {
    let mut scene = scene(picture, &PAPER);
    name_clips(&mut scene, &picture.name);
    SvgBackend::default().render_scene(&scene)
}

/// Draws a picture with characters, `columns` wide; colours are ANSI escapes if `is_coloured`.
pub(crate) fn to_terminal(picture: &Picture, columns: usize, is_coloured: bool) -> String {
    let rows = (columns / 3).clamp(16, 30);
    let drawing =
        TerminalBackend::new(columns, rows).render_scene(&scene(&upright(picture), &TERMINAL));
    if is_coloured { drawing } else { without_escapes(&drawing) }
}

/// Moves the symbol on the vertical axis into the heading, as characters cannot be turned, and makes
/// visible what could steer the terminal.
fn upright(picture: &Picture) -> Picture {
    let symbol = picture.y_label.split(',').next().unwrap_or_default();
    let title = format!("{symbol}: {}", picture.title);
    let mut picture = Picture { title, y_label: String::new(), ..picture.clone() };
    let labels = picture.series.iter_mut().map(|series| &mut series.label);
    for text in labels.chain([&mut picture.title, &mut picture.x_label]) {
        *text = visible(text).into_owned();
    }
    picture
}

/// What a picture is drawn on.
struct Medium {
    /// Size of the fonts against the whole.
    scale: f64,
    /// Points that a line may have for each to be marked by a dot.
    marked: usize,
    /// Characters of a line of the title.
    title: usize,
}

/// Legible in a column of 8.5 cm: numbers are then 5 points high, in a figure of 17 cm 10 points.
const PAPER: Medium = Medium { scale: 1.2, marked: 40, title: 62 };
/// Terminal cells are coarse: the fonts must be large compared to the scene for the layout to leave
/// whole cells for the labels.
const TERMINAL: Medium = Medium { scale: 1.6, marked: 1, title: 200 };

/// Points of a line that has whiskers instead of a band.
const FEW: usize = 4;
/// Distance of such lines, and what all together may take, as shares of the axis.
const DODGE: (f64, f64) = (0.01, 0.05);
/// Distance of lines of one point, which have room.
const DODGE_OF_ONE: f64 = 0.05;

fn scene(picture: &Picture, medium: &Medium) -> Scene {
    let measured: Vec<&Series> = picture.series.iter().filter(|s| !s.is_theory).collect();
    // A prediction takes the colour of the measurement that it stands next to.
    let own = |series: &Series| {
        let is_own = |of: &&Series| {
            series.label == of.label || series.label.starts_with(&format!("{}, theory", of.label))
        };
        measured.iter().position(is_own).unwrap_or(0)
    };
    let lines: Vec<Line> =
        picture.series.iter().filter_map(|s| Line::of(s, picture.is_log, own(s))).collect();
    let points = || lines.iter().flat_map(|line| &line.points);
    let x = linear(points().map(|point| point.x));
    let width = x.as_ref().map_or(0.0, |axis| axis.range.1 - axis.range.0);
    let plots: Vec<Plot> =
        lines.iter().flat_map(|line| line.plots(measured.len(), width, medium)).collect();
    let heights = points().flat_map(|p| [p.y, p.low.unwrap_or(p.y), p.high.unwrap_or(p.y)]);
    let y = if picture.is_log { logarithmic(heights) } else { linear(heights) };
    let layout = Layout::auto_from_plots(&plots)
        .with_title(picture.title.clone())
        .with_title_size(15)
        .with_title_wrap(medium.title)
        .with_x_label(picture.x_label.clone())
        .with_y_label(picture.y_label.clone())
        .with_legend_position(LegendPosition::OutsideRightTop)
        .with_legend_entries(legend(&measured, lines.iter().any(|line| line.is_theory)))
        .with_legend_box(false)
        .with_scale(medium.scale);
    render_multiple(plots, scaled(layout, x, y))
}

fn scaled(mut layout: Layout, x: Option<Axis>, y: Option<Axis>) -> Layout {
    if let Some(Axis { range: (low, high), step, label }) = x {
        layout = layout.with_x_axis_min(low).with_x_axis_max(high);
        layout = layout.with_x_tick_step(step).with_x_tick_format(label);
    }
    if let Some(Axis { range: (low, high), step, label }) = y {
        layout = layout.with_y_axis_min(low).with_y_axis_max(high);
        layout = layout.with_y_tick_step(step).with_y_tick_format(label);
    }
    layout
}

/// An entry for each measured line, and one for all that is predicted.
fn legend(measured: &[&Series], has_theory: bool) -> Vec<LegendEntry> {
    let entry = |label: &str, color: &str, dashes: Option<&str>| LegendEntry {
        label: label.to_owned(),
        color: color.to_owned(),
        shape: LegendShape::Line,
        dasharray: dashes.map(str::to_owned),
    };
    let lines = measured.iter().enumerate();
    let mut entries: Vec<LegendEntry> = lines
        .map(|(index, series)| entry(&series.label, color(index), dashes(index, false)))
        .collect();
    if has_theory {
        entries.push(entry("theory", "#57606a", dashes(0, true)));
    }
    entries
}

fn color(index: usize) -> &'static str {
    LIGHT[index % LIGHT.len()]
}

/// Theory is dashed; measured lines are when the colours have been used up.
fn dashes(index: usize, is_theory: bool) -> Option<&'static str> {
    const ROUNDS: [Option<&str>; 3] = [None, Some("9 3 2 3"), Some("2 3")];
    if is_theory { Some("6 4") } else { ROUNDS[(index / LIGHT.len()).min(2)] }
}

/// A series as it is drawn: a logarithmic height is the decimal logarithm.
///
/// The library's own logarithmic axis ends at 1e-10, where vanishing gradients begin to be
/// interesting.
struct Line {
    points: Vec<Drawn>,
    index: usize,
    is_theory: bool,
}

struct Drawn {
    x: f64,
    y: f64,
    low: Option<f64>,
    high: Option<f64>,
}

impl Line {
    /// Leaves out what the axis cannot show; `None` if nothing is left.
    fn of(series: &Series, is_log: bool, index: usize) -> Option<Self> {
        let height = |y: f64| if is_log { y.log10() } else { y };
        let finite = |y: f64| Some(height(y)).filter(|height| height.is_finite());
        let drawn = |point: &Point| {
            let (low, high) = point.interval.unzip();
            let y = finite(point.y)?;
            Some(Drawn { x: point.x, y, low: low.and_then(finite), high: high.and_then(finite) })
        };
        let points: Vec<Drawn> = series.points.iter().filter_map(drawn).collect();
        (!points.is_empty()).then_some(Self { points, index, is_theory: series.is_theory })
    }

    /// Draws it as one of so many `lines` on an axis that spans `width`.
    fn plots(&self, lines: usize, width: f64, medium: &Medium) -> Vec<Plot> {
        let rank = self.index as f64;
        let has_whiskers = self.has_whiskers(medium);
        // Whiskers of several lines stand side by side.
        let dodge = match self.points.len() {
            1 => DODGE_OF_ONE,
            _ => DODGE.0.min(DODGE.1 / (lines.max(2) - 1) as f64),
        };
        let aside =
            if has_whiskers { dodge * width * (rank - 0.5 * (lines as f64 - 1.0)) } else { 0.0 };
        let data = || self.points.iter().map(|point| (point.x + aside, point.y));
        // Later lines are thinner, so that one that lies beneath another shows on both sides of it.
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

    /// Tells whether there are so few points that a band between them would say more than is known.
    fn has_whiskers(&self, medium: &Medium) -> bool {
        self.points.len() <= FEW.min(medium.marked)
            && self.points.iter().any(|point| point.high.is_some())
    }

    /// The intervals; one that reaches zero has no lower end on a logarithmic axis, and ends where the
    /// lowest of the others does.
    fn intervals(&self) -> Option<Vec<(f64, f64)>> {
        let floor = self.points.iter().map(|p| p.low.unwrap_or(p.y)).fold(f64::INFINITY, f64::min);
        let interval = |point: &Drawn| Some((point.low.unwrap_or(floor), point.high?));
        self.points.iter().map(interval).collect()
    }
}

/// Drops ANSI colour escapes (`ESC [ … m`).
fn without_escapes(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        if character == '\u{1b}' {
            let _ = characters.try_for_each(|c| {
                if c == 'm' { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            });
        } else {
            plain.push(character);
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture() -> Picture {
        let series = |label: &str, is_theory, factor: f64| Series {
            label: label.to_owned(),
            is_theory,
            points: (0..10)
                .map(|x| Point { x: x.into(), y: factor.powi(x), interval: None })
                .collect(),
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

    #[test]
    fn an_svg_holds_the_labels_escaped() {
        let svg = to_svg(&picture());
        assert!(svg.contains("<svg") && svg.contains("sigmoid") && svg.contains(">theory<"));
        assert!(svg.contains("10⁻"), "powers of ten on the axis");
        assert!(!svg.contains("<script>"), "text from a configuration must not become markup");
    }

    #[test]
    fn the_same_picture_is_the_same_svg_whatever_was_drawn_before() {
        let svg = to_svg(&picture());
        assert_eq!(svg, to_svg(&picture()));
        assert!(svg.contains("<clipPath id=\"p-clip-1\">"), "{svg}");
        assert!(svg.contains("clip-path=\"url(#p-clip-1)\""), "{svg}");
        let other = to_svg(&Picture { name: "<q>".into(), ..picture() });
        assert!(other.contains("<clipPath id=\"q-clip-1\">"), "{other}");
    }

    #[test]
    fn without_colour_there_is_no_escape_in_the_terminal_drawing() {
        let plain = to_terminal(&picture(), 90, false);
        assert!(!plain.contains('\u{1b}') && plain.contains("layer"), "{plain}");
        assert!(to_terminal(&picture(), 90, true).contains('\u{1b}'));
    }

    #[test]
    fn labels_cannot_steer_the_terminal() {
        let mut picture = picture();
        picture.series[0].label = "\u{1b}[2Jred\u{202e}".into();
        picture.title = "\u{9b}2J".into();
        let plain = to_terminal(&picture, 90, false);
        assert!(!plain.contains(['\u{1b}', '\u{9b}', '\u{202e}']), "{plain}");
        assert!(plain.contains(r"\u{9b}2J") && plain.contains(r"\u{1b}[2Jred"), "{plain}");
    }

    #[test]
    fn points_that_a_log_axis_cannot_show_are_left_out() {
        let mut picture = picture();
        picture.series[0].points[3].y = 0.0;
        picture.series[0].points[4].y = f64::NAN;
        assert!(!to_svg(&picture).contains("NaN"));
    }
}
