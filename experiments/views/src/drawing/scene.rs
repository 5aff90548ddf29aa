//! Lays a picture out for a medium: axes, lines and legend.

use backdraft_record::{Picture, Series};
use kuva::plot::legend::{LegendEntry, LegendPosition, LegendShape};
use kuva::render::layout::Layout;
use kuva::render::plots::Plot;
use kuva::render::render::{Scene, render_multiple};

use super::axis::{Axis, linear, logarithmic};
use super::line::{Line, color, dashes};
use super::medium::Medium;

/// Returns the scene of a picture.
pub(super) fn scene(picture: &Picture, medium: &Medium) -> Scene {
    let measured: Vec<&Series> = picture.series.iter().collect();
    let lines = Line::all(picture);
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

/// Returns an entry for each measured line, and one for all predictions.
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
