//! Draws pictures in the terminal, as SVG and as figures, with the same plotting library.

mod figure;

use std::ops::ControlFlow;
use std::sync::Arc;

use kuva::TerminalBackend;
use kuva::backend::svg::SvgBackend;
use kuva::plot::LinePlot;
use kuva::plot::legend::LegendPosition;
use kuva::render::layout::{Layout, TickFormat};
use kuva::render::plots::Plot;
use kuva::render::render::{Scene, render_multiple};

pub(crate) use figure::{FigureFormat, to_figure};

use crate::palette::LIGHT;
use crate::picture::{Picture, Point, Series};

/// Draws a picture as SVG.
pub(crate) fn to_svg(picture: &Picture) -> String {
    SvgBackend::default().render_scene(&scene(picture, 1.0))
}

/// Draws a picture with characters, `columns` wide; colours are ANSI escapes if `is_coloured`.
pub(crate) fn to_terminal(picture: &Picture, columns: usize, is_coloured: bool) -> String {
    let rows = (columns / 3).clamp(16, 30);
    // Terminal cells are coarse: the fonts must be large compared to the scene for the layout to
    // leave whole cells for the labels.
    let drawing = TerminalBackend::new(columns, rows).render_scene(&scene(&upright(picture), 1.6));
    if is_coloured { drawing } else { without_escapes(&drawing) }
}

/// Moves the symbol on the vertical axis into the heading: characters cannot be turned.
fn upright(picture: &Picture) -> Picture {
    let symbol = picture.y_label.split(',').next().unwrap_or_default();
    let title = format!("{symbol}: {}", picture.title);
    Picture { title, y_label: String::new(), ..picture.clone() }
}

fn scene(picture: &Picture, scale: f64) -> Scene {
    let measured = picture.series.iter().filter(|series| !series.is_theory);
    let names: Vec<&str> = measured.map(|series| series.label.as_str()).collect();
    let color = |series: &Series| {
        // A prediction takes the colour of the measurement that it stands next to.
        let own = |name: &str| {
            series.label == name || series.label.starts_with(&format!("{name}, theory"))
        };
        let index = names.iter().position(|name| own(name)).unwrap_or(0);
        LIGHT[index % LIGHT.len()].to_owned()
    };
    let plots: Vec<Plot> = picture
        .series
        .iter()
        .filter_map(|series| line(series, picture.is_log, color(series)))
        .collect();
    let mut layout = Layout::auto_from_plots(&plots)
        .with_title(picture.title.clone())
        .with_x_label(picture.x_label.clone())
        .with_y_label(picture.y_label.clone())
        .with_legend_position(LegendPosition::OutsideRightTop)
        .with_legend_box(false)
        .with_scale(scale);
    if picture.is_log {
        layout = layout.with_y_tick_format(TickFormat::Custom(Arc::new(power_of_ten)));
    }
    render_multiple(plots, layout)
}

/// The label of a decimal logarithm, to two digits where ticks lie closer than powers of ten.
fn power_of_ten(exponent: f64) -> String {
    format!("{:.1e}", 10f64.powf(exponent)).replace(".0e", "e")
}

fn line(series: &Series, is_log: bool, color: String) -> Option<Plot> {
    // The library's own logarithmic axis ends at 1e-10, where vanishing gradients begin to be
    // interesting; so logarithms are drawn on a linear axis.
    let height = |y: f64| if is_log { y.log10() } else { y };
    let points: Vec<_> = series.points.iter().filter(|point| height(point.y).is_finite()).collect();
    if points.is_empty() {
        return None;
    }
    let band = |point: &&Point| {
        let (low, high) = point.interval?;
        let band = (height(low), height(high));
        (band.0.is_finite() && band.1.is_finite()).then_some(band)
    };
    let bands: Option<Vec<(f64, f64)>> = points.iter().map(band).collect();
    let mut plot = LinePlot::new()
        .with_data(points.iter().map(|point| (point.x, height(point.y))))
        .with_color(color)
        .with_stroke_width(if series.is_theory { 1.2 } else { 2.2 })
        .with_legend(series.label.clone());
    if let Some(bands) = bands {
        plot = plot.with_band(bands.iter().map(|b| b.0), bands.iter().map(|b| b.1));
    }
    Some(if series.is_theory { plot.with_dashed() } else { plot }.into())
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
        assert!(svg.contains("<svg") && svg.contains("sigmoid"));
        assert!(!svg.contains("<script>"), "text from a configuration must not become markup");
    }

    #[test]
    fn without_colour_there_is_no_escape_in_the_terminal_drawing() {
        let plain = to_terminal(&picture(), 90, false);
        assert!(!plain.contains('\u{1b}') && plain.contains("layer"), "{plain}");
        assert!(to_terminal(&picture(), 90, true).contains('\u{1b}'));
    }

    #[test]
    fn points_that_a_log_axis_cannot_show_are_left_out() {
        let mut picture = picture();
        picture.series[0].points[3].y = 0.0;
        picture.series[0].points[4].y = f64::NAN;
        assert!(!to_svg(&picture).contains("NaN"));
    }
}
