//! Many tests at once.

/// Returns the p-values of several tests adjusted so that, whichever hypotheses are true, all those
/// below a level are rightly so with that much error in total.
///
/// # Reference
///
/// S. Holm, "A simple sequentially rejective multiple test procedure", 1979: the smallest is multiplied
/// by their number, the next by one less, and none becomes smaller than one before it.
pub fn holm(p_values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p_values.len()).collect();
    order.sort_by(|a, b| p_values[*a].total_cmp(&p_values[*b]));
    let mut adjusted = vec![1.0; p_values.len()];
    let mut least = 0.0f64;
    for (rank, index) in order.into_iter().enumerate() {
        least = least.max((p_values.len() - rank) as f64 * p_values[index]).min(1.0);
        adjusted[index] = least;
    }
    adjusted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adjusted_p_values_are_those_of_r_and_statsmodels() {
        let close = |p: &[f64], expected: &[f64]| {
            let adjusted = holm(p);
            let same = adjusted.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-12);
            assert!(same && adjusted.len() == expected.len(), "{adjusted:?}");
        };
        // R 4: p.adjust(c(0.01, 0.02, 0.03, 0.04, 0.05), 'holm')
        close(&[0.01, 0.02, 0.03, 0.04, 0.05], &[0.05, 0.08, 0.09, 0.09, 0.09]);
        // statsmodels 0.15.0: multipletests([…], method='holm')[1]
        close(&[0.01, 0.04, 0.03, 0.005, 0.5], &[0.04, 0.09, 0.09, 0.025, 0.5]);
        close(&[], &[]);
    }
}
