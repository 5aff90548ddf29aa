//! A straight line through points.

/// Least squares fit of y = intercept + slope · x.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Line {
    /// Change of y per unit of x.
    pub slope: f64,
    /// y at x = 0.
    pub intercept: f64,
    /// Share of the variance of y that the line explains, 0 to 1; 1 if y is constant.
    pub r_squared: f64,
}

impl Line {
    /// Fits a line.
    ///
    /// `None` for fewer than two different x, or if a coordinate is not finite.
    pub fn fit(points: &[(f64, f64)]) -> Option<Self> {
        let n = points.len() as f64;
        let (x_mean, y_mean) =
            points.iter().fold((0.0, 0.0), |sum, (x, y)| (sum.0 + x / n, sum.1 + y / n));
        let (mut xx, mut xy, mut yy) = (0.0, 0.0, 0.0);
        for (x, y) in points {
            xx += (x - x_mean).powi(2);
            xy += (x - x_mean) * (y - y_mean);
            yy += (y - y_mean).powi(2);
        }
        let slope = xy / xx;
        let r_squared = if yy > 0.0 { xy * xy / (xx * yy) } else { 1.0 };
        let line = Self { slope, intercept: y_mean - slope * x_mean, r_squared };
        (xx > 0.0 && slope.is_finite() && line.intercept.is_finite()).then_some(line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_found_again() {
        let points: Vec<(f64, f64)> =
            (0..5).map(|x| (x.into(), 2.0 - 0.5 * f64::from(x))).collect();
        let line = Line::fit(&points).unwrap();
        assert!((line.slope + 0.5).abs() < 1e-12 && (line.intercept - 2.0).abs() < 1e-12);
        assert!((line.r_squared - 1.0).abs() < 1e-12);
    }

    #[test]
    fn scatter_lowers_the_explained_share() {
        // numpy.corrcoef([0, 1, 2, 3], [0, 2, 1, 3])[0, 1] ** 2
        let line = Line::fit(&[(0.0, 0.0), (1.0, 2.0), (2.0, 1.0), (3.0, 3.0)]).unwrap();
        assert!((line.r_squared - 0.64).abs() < 1e-12);
    }

    #[test]
    fn points_without_extent_or_not_finite_have_no_line() {
        assert_eq!(Line::fit(&[(1.0, 2.0), (1.0, 3.0)]), None);
        assert_eq!(Line::fit(&[(0.0, 1.0), (1.0, f64::NEG_INFINITY)]), None);
        assert_eq!(Line::fit(&[]), None);
    }
}
