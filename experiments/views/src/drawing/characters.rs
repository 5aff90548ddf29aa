//! Draws pictures with characters.

use backdraft_record::Picture;
use backdraft_text::{visible, wrapped};

use super::axis::{Axis, linear, logarithmic};
use super::canvas::{Canvas, Ink};
use super::line::{Drawn, FEW, Line};

/// Rows of a picture, with its title, legend and axes.
const ROWS: usize = 16;
/// Rows of its title and of its legend at most.
const WORDS: (usize, usize) = (2, 4);
/// The marks of the series, so that they can be told apart without colours.
const MARKS: [char; 12] = ['●', '■', '▲', '◆', '○', '□', '△', '◇', '×', '+', '*', '#'];
/// Columns from one mark of a line to the next at least.
const BETWEEN_MARKS: usize = 8;

/// Draws a picture with characters, at most `columns` wide and 16 rows high. With `is_coloured`, it
/// contains ANSI colours of the terminal's own palette.
pub fn to_terminal(picture: &Picture, columns: usize, is_coloured: bool) -> String {
    let lines = Line::all(picture);
    let points = || lines.iter().flat_map(|line| &line.points);
    // Intervals are drawn of few points alone.
    let heights = lines.iter().flat_map(|line| {
        let has_intervals = line.points.len() <= FEW;
        let ends = move |p: &Drawn| {
            let end = |end: Option<f64>| end.filter(|_| has_intervals).unwrap_or(p.y);
            [p.y, end(p.low), end(p.high)]
        };
        line.points.iter().flat_map(ends)
    });
    let x = linear(points().map(|point| point.x));
    let y = if picture.is_log { logarithmic(heights) } else { linear(heights) };
    let mut rows = title(picture, columns);
    let (Some(x), Some(y)) = (x, y) else {
        rows.push("(no values)".to_owned());
        return rows.join("\n");
    };
    rows.extend(legend(picture, columns, is_coloured));
    let plot = Plot { lines: &lines, x, y };
    rows.extend(plot.draw(columns, ROWS.saturating_sub(rows.len() + 3), is_coloured));
    let label = format!("{:>columns$}", visible(&picture.x_label));
    // The name of the axis stands beside its numbers, if there is room.
    match rows.last_mut() {
        Some(last)
            if columns.saturating_sub(last.chars().count()) > picture.x_label.chars().count() =>
        {
            let used = last.chars().count();
            last.extend(label.chars().skip(used));
        }
        _ => rows.push(label),
    }
    rows.join("\n")
}

/// The heading, with the symbol of the vertical axis, because characters cannot be rotated.
fn title(picture: &Picture, columns: usize) -> Vec<String> {
    let symbol = picture.y_label.split(',').next().unwrap_or_default();
    let title = format!("{symbol}: {}", picture.title);
    shortened(wrapped(&visible(&title), columns), WORDS.0)
}

/// Keeps `most` lines, and says where there were more.
fn shortened(mut lines: Vec<String>, most: usize) -> Vec<String> {
    if lines.len() > most {
        lines.truncate(most);
        lines.iter_mut().skip(most - 1).for_each(|line| line.push('…'));
    }
    lines
}

/// The marks with the names of their series, and one entry for all predictions.
fn legend(picture: &Picture, columns: usize, is_coloured: bool) -> Vec<String> {
    let mut entries: Vec<(String, String, Ink)> = picture
        .series
        .iter()
        .enumerate()
        .map(|(index, of)| {
            (mark(index).to_string(), visible(&of.label).into_owned(), Ink::Series(index))
        })
        .collect();
    if picture.series.iter().any(|of| !of.theory.is_empty()) {
        entries.push(("╌".to_owned(), "theory".to_owned(), Ink::Own));
    }
    let mut rows: Vec<(usize, Vec<String>)> = Vec::new();
    for (mark, label, ink) in entries {
        let length = label.chars().count() + 2;
        let entry = format!("{} {label}", ink.write(&mark, is_coloured));
        match rows.last_mut() {
            Some((used, row)) if *used + 3 + length <= columns => {
                *used += 3 + length;
                row.push(entry);
            }
            _ => rows.push((length, vec![entry])),
        }
    }
    shortened(rows.into_iter().map(|(_, row)| row.join("   ")).collect(), WORDS.1)
}

fn mark(index: usize) -> char {
    MARKS[index % MARKS.len()]
}

/// Lines with their axes.
struct Plot<'a> {
    lines: &'a [Line],
    x: Axis,
    y: Axis,
}

impl Plot<'_> {
    /// Draws the lines in `rows` rows, with the axes below and to the left.
    fn draw(&self, columns: usize, rows: usize, is_coloured: bool) -> Vec<String> {
        let ticks = self.y.ticks();
        let margin = ticks.iter().map(|(_, label)| label.chars().count()).max().unwrap_or(0) + 1;
        let width = columns.saturating_sub(margin + 1).max(8);
        let mut canvas = Canvas::new(width, rows.max(4));
        let mut labels = vec![String::new(); rows.max(4)];
        for (share, label) in ticks {
            let (_, row) = canvas.cell((0.0, share));
            canvas.grid(row);
            labels[row] = label;
        }
        self.lines.iter().for_each(|line| self.draw_line(line, &mut canvas));
        let marks = self.lines.iter().filter(|line| !line.is_theory);
        marks.for_each(|line| self.set_marks(line, &mut canvas));
        let axis = |row: usize| if labels[row].is_empty() { '│' } else { '┤' };
        let mut drawn: Vec<String> = (0..labels.len())
            .map(|row| {
                let label = &labels[row];
                format!("{label:>margin$}{}{}", axis(row), canvas.row(row, is_coloured))
            })
            .collect();
        drawn.extend(self.horizontal_axis(margin, width));
        drawn
    }

    fn share(&self, x: f64, y: f64) -> (f64, f64) {
        (self.x.share(x), self.y.share(y))
    }

    fn draw_line(&self, line: &Line, canvas: &mut Canvas) {
        for pair in line.points.windows(2) {
            let (from, to) = (self.share(pair[0].x, pair[0].y), self.share(pair[1].x, pair[1].y));
            canvas.line(from, to, line.index, line.is_theory);
        }
        if line.points.len() > FEW {
            return;
        }
        for point in &line.points {
            let (low, high) = (point.low.unwrap_or(point.y), point.high.unwrap_or(point.y));
            let ends = (self.share(point.x, low), self.share(point.x, high));
            canvas.line(ends.0, ends.1, line.index, line.is_theory);
        }
    }

    /// Marks all points of a short line; of a long one so many that they can be told apart, and not those
    /// that its neighbours mark.
    fn set_marks(&self, line: &Line, canvas: &mut Canvas) {
        let mut next = match line.points.len() {
            0..=FEW => 0,
            _ => line.index % self.lines.len() * BETWEEN_MARKS / self.lines.len().max(1),
        };
        for point in &line.points {
            let cell = canvas.cell(self.share(point.x, point.y));
            if cell.0 >= next || line.points.len() <= FEW {
                canvas.mark(cell, mark(line.index), line.index);
                next = cell.0 + BETWEEN_MARKS;
            }
        }
    }

    fn horizontal_axis(&self, margin: usize, width: usize) -> [String; 2] {
        let mut line: Vec<char> = vec!['─'; width];
        let mut labels: Vec<char> = vec![' '; margin + 1 + width];
        let mut free = 0;
        for (share, label) in self.x.ticks() {
            let column = ((share * width as f64) as usize).min(width - 1);
            let length = label.chars().count();
            let first = (margin + 1 + column).saturating_sub(length / 2);
            if first < free || first + length > labels.len() {
                continue;
            }
            line[column] = '┴';
            labels.splice(first..first + length, label.chars());
            free = first + length + 1;
        }
        let line: String = line.into_iter().collect();
        let labels: String = labels.into_iter().collect();
        [format!("{:margin$}└{line}", ""), labels.trim_end().to_owned()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use backdraft_record::Point;
    use backdraft_record::fixtures::picture;

    /// Removes ANSI colours.
    fn without_escapes(text: &str) -> String {
        let mut parts = text.split("\u{1b}[");
        let first = parts.next().unwrap_or_default().to_owned();
        parts.fold(first, |plain, part| plain + part.split_once('m').unwrap().1)
    }

    fn many() -> Picture {
        let line = |factor: f64| {
            (1..=30).map(move |x| Point { x: f64::from(x), y: factor.powi(30 - x), interval: None })
        };
        let title =
            "How much of the gradient is left at each layer of a network with thirty layers";
        let picture = Picture::new("p", title, "hidden layer, from the input", "‖∂L/∂h‖, L2 norm");
        let names = ["sigmoid, Xavier", "tanh, LeCun", "ReLU, He", "linear", "softplus, He"];
        names.iter().enumerate().fold(picture.logarithmic(), |picture, (i, name)| {
            let factor = 0.3 + 0.15 * i as f64;
            picture.measured(*name, line(factor))
        })
    }

    #[test]
    fn a_picture_fits_its_columns_and_sixteen_rows() {
        for picture in [picture(), many(), Picture::new("p", "t", "x", "y")] {
            for columns in [60, 80, 120] {
                let drawn = to_terminal(&picture, columns, false);
                let widest = drawn.lines().map(|line| line.chars().count()).max().unwrap();
                assert!(widest <= columns && drawn.lines().count() <= ROWS, "{drawn}");
                assert_eq!(without_escapes(&to_terminal(&picture, columns, true)), drawn);
            }
        }
    }

    #[test]
    fn every_series_has_its_mark_and_the_axes_have_no_colour() {
        let drawn = to_terminal(&many(), 80, false);
        for mark in &MARKS[..5] {
            assert!(drawn.matches(*mark).count() >= 3, "{mark} in\n{drawn}");
        }
        let colored = to_terminal(&many(), 80, true);
        assert!(!colored.contains("[38;2"), "the terminal's own palette");
        let title = colored.lines().next().unwrap();
        assert!(title.starts_with("‖∂L/∂h‖: How much") && !title.contains('\u{1b}'), "{title}");
    }

    #[test]
    fn without_colour_there_is_no_escape_in_the_terminal_drawing() {
        let plain = to_terminal(&picture(), 90, false);
        assert!(!plain.contains('\u{1b}') && plain.contains("layer"), "{plain}");
        assert!(to_terminal(&picture(), 90, true).contains('\u{1b}'));
    }

    #[test]
    fn control_characters_in_labels_are_escaped() {
        let mut picture = picture();
        picture.series[0].label = "\u{1b}[2Jred\u{202e}".into();
        picture.title = "\u{9b}2J".into();
        let plain = to_terminal(&picture, 90, false);
        assert!(!plain.contains(['\u{1b}', '\u{9b}', '\u{202e}']), "{plain}");
        assert!(plain.contains(r"\u{9b}2J") && plain.contains(r"\u{1b}[2Jred"), "{plain}");
    }
}
