//! Draws the norms of an observation as bars on a logarithmic scale.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Color, Style, Stylize};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Paragraph};

use super::board::Worker;

/// Draws the latest norms of a worker's trial.
pub(super) fn draw_norms(frame: &mut Frame<'_>, area: Rect, worker: &Worker) {
    let Some((trial, profile)) = &worker.measured else {
        let block = Block::bordered().title(" gradient by layer ");
        frame.render_widget(Paragraph::new("nothing measured yet").dim().block(block), area);
        return;
    };
    let title = format!(" {}, step {} · {} ", profile.title, profile.step, trial);
    let block = Block::bordered().title(title);
    let inside = block.inner(area);
    frame.render_widget(block, area);
    let rows = usize::from(inside.height.saturating_sub(1)).max(1);
    let (label, value) = (12, 9);
    let width = usize::from(inside.width).saturating_sub(label + value + 2).max(4);
    let decades = profile.decades();
    let last = profile.norms.last().map_or(0.0, |(_, norm)| *norm);
    let mut lines: Vec<Line<'_>> = sampled(profile.norms.len(), rows)
        .map(|index| {
            let (name, norm) = &profile.norms[index];
            Line::from(vec![
                Span::from(format!("{:>label$} ", shortened(name, label))).dim(),
                Span::styled(format!("{:<width$}", bar(*norm, decades, width)), shade(*norm, last)),
                Span::from(format!(" {norm:>value$.1e}")),
            ])
        })
        .collect();
    lines.push(scale(decades, label, width));
    frame.render_widget(Paragraph::new(lines), inside);
}

/// Picks at most `most` of `count` indices, the first and the last included.
fn sampled(count: usize, most: usize) -> impl Iterator<Item = usize> {
    let shown = count.min(most);
    (0..shown).map(move |i| match shown {
        0 | 1 => 0,
        _ => i * (count - 1) / (shown - 1),
    })
}

/// Shortens a name to its end, which distinguishes layers.
fn shortened(name: &str, most: usize) -> String {
    let count = name.chars().count();
    if count <= most {
        return name.to_owned();
    }
    let tail: String = name.chars().skip(count + 1 - most).collect();
    format!("…{tail}")
}

/// Draws a bar from the lowest decade, in eighths of a cell. Zero and non-finite norms become text.
fn bar(norm: f64, (low, high): (f64, f64), width: usize) -> String {
    if !(norm > 0.0 && norm.is_finite()) {
        return if norm == 0.0 { "0".to_owned() } else { "not finite".to_owned() };
    }
    let share = ((norm.log10() - low) / (high - low)).clamp(0.0, 1.0);
    // At least an eighth, so that the smallest norm is not taken for zero.
    let eighths = ((share * width as f64 * 8.0).round() as usize).max(1);
    let rest = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"][eighths % 8];
    "█".repeat(eighths / 8) + rest
}

/// The ends of the logarithmic scale, below the bars.
fn scale((low, high): (f64, f64), label: usize, width: usize) -> Line<'static> {
    // Adding zero makes −0 a 0.
    let (left, right) = (format!("1e{}", low + 0.0), format!("1e{}", high + 0.0));
    let gap = width.saturating_sub(left.len() + right.len());
    Line::from(format!("{:label$} {left}{:gap$}{right}", "", "")).dim()
}

/// Returns the playground's colour for a norm relative to the last one.
fn shade(norm: f64, last: f64) -> Style {
    let decades = (norm / last).log10();
    let color = match decades {
        _ if decades.is_nan() => Color::Red,
        ..=-3.0 => Color::DarkGray,
        ..-1.0 => Color::Blue,
        ..=1.0 => Color::Green,
        ..3.0 => Color::Yellow,
        _ => Color::Red,
    };
    Style::new().fg(color)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deep_networks_are_sampled_and_end_with_their_last_layer() {
        assert_eq!(sampled(5, 10).collect::<Vec<_>>(), [0, 1, 2, 3, 4]);
        let picked: Vec<usize> = sampled(1_000, 12).collect();
        assert_eq!((picked.len(), picked[0], picked[11]), (12, 0, 999));
        assert_eq!(sampled(0, 3).count(), 0);
        assert_eq!(sampled(7, 1).collect::<Vec<_>>(), [0]);
    }
}
