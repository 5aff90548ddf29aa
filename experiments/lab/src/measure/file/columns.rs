//! Numbers of examples, by column.

/// Rows of numbers.
pub(super) struct Columns {
    values: Vec<f64>,
    /// Number of columns.
    pub(super) columns: usize,
}

impl Columns {
    /// Takes numbers row by row.
    pub(super) fn of(values: &[f64], rows: usize) -> Self {
        Self { values: values.to_vec(), columns: values.len() / rows.max(1) }
    }

    /// Gives every column mean 0 and variance 1 over some rows; one that is constant there becomes 0.
    pub(super) fn standardised(mut self, rows: &[usize]) -> Self {
        for column in 0..self.columns {
            let (mean, variance) = self.moments(column, rows);
            let factor = if variance > 0.0 { variance.sqrt().recip() } else { 0.0 };
            let values = self.values.iter_mut().skip(column).step_by(self.columns);
            values.for_each(|value| *value = (*value - mean) * factor);
        }
        self
    }

    fn moments(&self, column: usize, rows: &[usize]) -> (f64, f64) {
        let count = rows.len().max(1) as f64;
        let value = |row: &usize| self.values[row * self.columns + column];
        let mean = rows.iter().map(value).sum::<f64>() / count;
        (mean, rows.iter().map(|row| (value(row) - mean).powi(2)).sum::<f64>() / count)
    }

    /// Returns some rows, one after the other.
    pub(super) fn rows(&self, rows: &[usize]) -> Vec<f32> {
        let row = |row: &usize| &self.values[row * self.columns..(row + 1) * self.columns];
        rows.iter().flat_map(row).map(|value| *value as f32).collect()
    }

    /// The mean squared error of the means of the training rows, over the test rows.
    pub(super) fn trivial_squared_error(&self, [train, test]: [&[usize]; 2]) -> f64 {
        let of_column = |column: usize| {
            let (mean, _) = self.moments(column, train);
            let error = |row: &usize| (self.values[row * self.columns + column] - mean).powi(2);
            test.iter().map(error).sum::<f64>() / test.len() as f64
        };
        (0..self.columns).map(of_column).sum::<f64>() / self.columns as f64
    }
}
