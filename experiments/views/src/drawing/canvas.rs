//! A canvas of characters, on which a cell has eight dots.

/// How a character is coloured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ink {
    /// In the terminal's own foreground.
    Own,
    /// Fainter than that.
    Dim,
    /// In the colour of a series.
    Series(usize),
}

/// Colours of the terminal's own palette, which suits its background: cyan, yellow, green, magenta, red,
/// blue.
const COLORS: [u8; 6] = [36, 33, 32, 35, 31, 34];

impl Ink {
    /// Writes a text in this ink.
    pub(super) fn write(self, text: &str, is_coloured: bool) -> String {
        match self {
            Self::Dim if is_coloured => format!("\u{1b}[2m{text}\u{1b}[0m"),
            Self::Series(index) if is_coloured => {
                format!("\u{1b}[{}m{text}\u{1b}[0m", COLORS[index % COLORS.len()])
            }
            _ => text.to_owned(),
        }
    }
}

/// Dots of a cell across and down.
const DOTS: (usize, usize) = (2, 4);
/// The bit of each dot in a braille character, by row and column.
const BITS: [[u8; 2]; 4] = [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]];

#[derive(Clone, Default)]
struct Cell {
    /// Behind all: a line of the grid.
    is_grid: bool,
    /// The dots that are set, and the series that set the last one.
    dots: u8,
    series: usize,
    /// A mark over the dots, with its series.
    mark: Option<(char, usize)>,
}

/// Lines and marks of several series.
pub(super) struct Canvas {
    columns: usize,
    cells: Vec<Cell>,
}

impl Canvas {
    pub(super) fn new(columns: usize, rows: usize) -> Self {
        Self { columns, cells: vec![Cell::default(); columns * rows] }
    }

    fn rows(&self) -> usize {
        self.cells.len() / self.columns
    }

    /// Returns the cell at a place, where (0, 0) is the lower left corner and (1, 1) the upper right one.
    pub(super) fn cell(&self, (x, y): (f64, f64)) -> (usize, usize) {
        let at = |share: f64, count: usize| ((share * count as f64) as usize).min(count - 1);
        (at(x, self.columns), at(1.0 - y, self.rows()))
    }

    /// Draws a line of the grid through a row.
    pub(super) fn grid(&mut self, row: usize) {
        let cells = &mut self.cells[row * self.columns..][..self.columns];
        cells.iter_mut().for_each(|cell| cell.is_grid = true);
    }

    /// Draws a straight line of dots, with gaps if `is_dashed`.
    pub(super) fn line(
        &mut self,
        from: (f64, f64),
        to: (f64, f64),
        series: usize,
        is_dashed: bool,
    ) {
        let size = (self.columns * DOTS.0, self.rows() * DOTS.1);
        let dot = |(x, y): (f64, f64)| (x * (size.0 - 1) as f64, (1.0 - y) * (size.1 - 1) as f64);
        let (from, to) = (dot(from), dot(to));
        let steps = (to.0 - from.0).abs().max((to.1 - from.1).abs()).ceil().max(1.0) as usize;
        for step in 0..=steps {
            let share = step as f64 / steps as f64;
            let x = (from.0 + share * (to.0 - from.0)).round() as usize;
            let y = (from.1 + share * (to.1 - from.1)).round() as usize;
            if is_dashed && (x + y) / 2 % 2 == 1 {
                continue;
            }
            let cell = &mut self.cells[y / DOTS.1 * self.columns + x / DOTS.0];
            cell.dots |= BITS[y % DOTS.1][x % DOTS.0];
            cell.series = series;
        }
    }

    /// Sets a mark over the dots.
    pub(super) fn mark(&mut self, (column, row): (usize, usize), mark: char, series: usize) {
        self.cells[row * self.columns + column].mark = Some((mark, series));
    }

    /// Returns a row as text.
    pub(super) fn row(&self, row: usize, is_coloured: bool) -> String {
        let cells = &self.cells[row * self.columns..][..self.columns];
        cells.iter().map(|cell| cell.text(is_coloured)).collect()
    }
}

impl Cell {
    fn text(&self, is_coloured: bool) -> String {
        let (character, ink) = match (self.mark, self.dots) {
            (Some((mark, series)), _) => (mark, Ink::Series(series)),
            (None, 0) if self.is_grid => ('┈', Ink::Dim),
            (None, 0) => (' ', Ink::Own),
            (None, dots) => {
                let braille = char::from_u32(0x2800 + u32::from(dots)).unwrap_or(' ');
                (braille, Ink::Series(self.series))
            }
        };
        ink.write(&character.to_string(), is_coloured)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_goes_from_corner_to_corner_over_the_grid_and_under_its_marks() {
        let mut canvas = Canvas::new(4, 2);
        canvas.grid(0);
        canvas.line((0.0, 0.0), (1.0, 1.0), 0, false);
        canvas.mark(canvas.cell((1.0, 1.0)), '●', 0);
        assert_eq!(canvas.row(0, false), "┈┈⡠●");
        assert_eq!(canvas.row(1, false), "⡠⠊  ");
    }

    #[test]
    fn colours_are_those_of_the_terminal() {
        let mut canvas = Canvas::new(1, 1);
        canvas.mark((0, 0), '●', 7);
        assert_eq!(canvas.row(0, true), "\u{1b}[33m●\u{1b}[0m");
        assert_eq!(Ink::Own.write("x", true), "x");
    }
}
