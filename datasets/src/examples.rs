//! Rows of features with a target each.

use burn::data::dataset::{Dataset, DatasetError as BurnDatasetError};

use crate::error::DatasetError;

/// Examples in host memory, row by row.
#[derive(Clone, Debug, PartialEq)]
pub struct Examples {
    features: usize,
    inputs: Vec<f32>,
    targets: Vec<f32>,
}

/// One row, as returned by Burn's `Dataset`.
#[derive(Clone, Debug, PartialEq)]
pub struct Example {
    /// The features.
    pub input: Vec<f32>,
    /// The target: a class index or a value.
    pub target: f32,
}

impl Examples {
    /// Creates examples from `inputs`, row by row, and one target per row.
    ///
    /// # Errors
    ///
    /// [`DatasetError::Shape`] if there are no features or the lengths do not match.
    pub fn new(features: usize, inputs: Vec<f32>, targets: Vec<f32>) -> Result<Self, DatasetError> {
        if features == 0 || targets.len().checked_mul(features) != Some(inputs.len()) {
            let (values, targets) = (inputs.len(), targets.len());
            return Err(DatasetError::Shape { values, targets, features });
        }
        Ok(Self { features, inputs, targets })
    }

    /// Returns the number of features of an example.
    pub fn features(&self) -> usize {
        self.features
    }

    /// Returns the number of examples.
    pub fn len(&self) -> usize {
        self.targets.len()
    }

    /// Tells whether there are no examples.
    pub fn is_empty(&self) -> bool {
        self.targets.is_empty()
    }

    /// Returns all inputs, row by row: `[len, features]`.
    pub fn inputs(&self) -> &[f32] {
        &self.inputs
    }

    /// Returns all targets: `[len]`.
    pub fn targets(&self) -> &[f32] {
        &self.targets
    }

    /// Iterates over the rows.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = (&[f32], f32)> {
        self.inputs.chunks_exact(self.features).zip(self.targets.iter().copied())
    }

    pub(crate) fn rows_mut(&mut self) -> impl Iterator<Item = &mut [f32]> {
        self.inputs.chunks_exact_mut(self.features)
    }

    /// Selects rows by index.
    ///
    /// # Panics
    ///
    /// Panics if an index is out of range.
    pub fn select(&self, indices: &[usize]) -> Self {
        let row = |index: usize| &self.inputs[index * self.features..(index + 1) * self.features];
        Self {
            features: self.features,
            inputs: indices.iter().flat_map(|index| row(*index)).copied().collect(),
            targets: indices.iter().map(|index| self.targets[*index]).collect(),
        }
    }
}

impl Dataset<Example> for Examples {
    fn get(&self, index: usize) -> Result<Example, BurnDatasetError> {
        let input = self.inputs[index * self.features..(index + 1) * self.features].to_vec();
        Ok(Example { input, target: self.targets[index] })
    }

    fn len(&self) -> usize {
        self.targets.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn examples() -> Examples {
        Examples::new(2, vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0], vec![0.0, 1.0, 0.0]).unwrap()
    }

    #[test]
    fn lengths_that_do_not_fit_are_refused() {
        let error = Examples::new(2, vec![1.0; 5], vec![0.0; 3]).unwrap_err();
        assert_eq!(error.to_string(), "5 input values are not 3 rows of 2 features");
        assert!(Examples::new(0, vec![], vec![]).is_err());
    }

    #[test]
    fn burns_loader_reads_the_same_rows() {
        let examples = examples();
        let items: Vec<Example> = Dataset::iter(&examples).map(Result::unwrap).collect();
        assert_eq!(items.len(), 3);
        assert_eq!(items[1], Example { input: vec![3.0, 4.0], target: 1.0 });
    }

    #[test]
    fn selection_keeps_inputs_and_targets_together() {
        let picked = examples().select(&[2, 1]);
        assert_eq!(picked.rows().collect::<Vec<_>>(), [(&[5.0, 6.0][..], 0.0), (&[3.0, 4.0], 1.0)]);
    }
}
