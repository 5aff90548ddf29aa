//! Intervals for the gradients of single networks.

use std::fmt;

use serde::Serialize;

use crate::activation::ScalarFunction;
use crate::drawn_nets::DrawnNets;
use crate::mean_field::MeanField;

/// The intervals that contain 95 % of networks of a given width.
#[derive(Clone, Debug, PartialEq)]
pub struct Spread {
    /// Intervals of ‖∂L/∂h_l‖ / ‖∂L/∂h_L‖, by layer, the first layer's first.
    pub intervals: Vec<(f64, f64)>,
    /// Where they come from.
    pub origin: SpreadOrigin,
}

/// How intervals were found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SpreadOrigin {
    /// The closed form to first order in 1 / width.
    FirstOrder,
    /// From this number of networks, drawn from seeds 0, 1, 2, …
    DrawnNets(usize),
}

impl fmt::Display for SpreadOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::FirstOrder => f.write_str("to first order in 1 / width"),
            Self::DrawnNets(count) => write!(
                f,
                "from {count} random networks, because the first order in 1 / width is not enough here"
            ),
        }
    }
}

/// Why there are no intervals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NoSpread {
    /// The closed form does not hold, and drawing networks takes too long.
    #[error(
        "No interval for this width: the first order in 1 / width is not enough here, and drawing networks of \
         {depth} × {width} units would take too long. Lower the depth or the width."
    )]
    TooLarge {
        /// Layers.
        depth: usize,
        /// Units of a layer.
        width: usize,
    },
    /// No width was given.
    #[error("No interval without a width.")]
    NoWidth,
    /// Weights are orthogonal; the theory is for Gaussian weights, which spread more.
    #[error(
        "No interval for orthogonal weights: the theory is for Gaussian weights, which spread more."
    )]
    Orthogonal,
    /// No theory covers these weights, this normalisation or this skip.
    #[error("No interval for finite widths with these weights, this normalisation or this skip.")]
    Unknown,
    /// Numbers overflow in drawn networks.
    #[error("No interval for this width: numbers in drawn networks leave the range of f64.")]
    OutOfRange,
}

/// Number of networks to draw. The bounds are then the 2.5 % quantiles to within ± 0.35 % of networks.
const MOST_NETS: usize = 2_000;
/// Fewest networks that give an interval.
const FEWEST_NETS: usize = 200;
/// Most units in all networks together; they take seconds.
const MOST_UNITS: usize = 50_000_000;
/// Most gains in memory at once.
const MOST_GAINS: usize = 4_000_000;

impl<F: ScalarFunction> MeanField<F> {
    /// Returns the intervals that contain 95 % of networks of this width, for Gaussian weights and one example
    /// with as many Gaussian inputs of variance 1 as units: by the closed form where it holds, otherwise from
    /// drawn networks.
    ///
    /// # Errors
    ///
    /// [`NoSpread`] if neither is possible.
    ///
    /// # Panics
    ///
    /// Panics if `width` is 0.
    pub fn spread(&self, depth: usize, width: usize) -> Result<Spread, NoSpread> {
        let first = self.weight_variance() + self.bias_variance();
        let first_order = self.first_order(first, depth, width);
        if first_order.is_reliable {
            let intervals = first_order.gains.into_iter().map(|gain| gain.interval()).collect();
            return Ok(Spread { intervals, origin: SpreadOrigin::FirstOrder });
        }
        self.drawn_spread(depth, width, false)
    }

    /// Returns the same for residual layers x + φ(W x + b), from drawn networks.
    ///
    /// # Errors
    ///
    /// [`NoSpread`] if drawing takes too long or numbers overflow.
    pub fn residual_spread(&self, depth: usize, width: usize) -> Result<Spread, NoSpread> {
        self.drawn_spread(depth, width, true)
    }

    fn drawn_spread(
        &self,
        depth: usize,
        width: usize,
        is_residual: bool,
    ) -> Result<Spread, NoSpread> {
        let count = MOST_NETS.min(MOST_UNITS / (depth * width)).min(MOST_GAINS / depth);
        if count < FEWEST_NETS {
            return Err(NoSpread::TooLarge { depth, width });
        }
        let nets = DrawnNets { field: self, width, depth, is_residual };
        let mut by_layer = vec![Vec::with_capacity(count); depth];
        for seed in 0..count as u64 {
            for (layer, gain) in by_layer.iter_mut().zip(nets.log_gains(seed)) {
                layer.push(gain);
            }
        }
        let interval = |mut gains: Vec<f64>| {
            gains.sort_by(f64::total_cmp);
            let outside = (0.025 * count as f64) as usize;
            let (low, high) = (gains[outside], gains[count - 1 - outside]);
            let is_known = gains.iter().all(|gain| !gain.is_nan());
            is_known.then_some((low.exp(), high.exp())).ok_or(NoSpread::OutOfRange)
        };
        let intervals = by_layer.into_iter().map(interval).collect::<Result<_, _>>()?;
        Ok(Spread { intervals, origin: SpreadOrigin::DrawnNets(count) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use backdraft_spec::Activation::{self, Gelu, Relu, Tanh, ThresholdedRelu};

    /// Returns the share of 400 other networks that lie in the interval of the first layer.
    fn coverage(field: &MeanField, depth: usize, width: usize, interval: (f64, f64)) -> f64 {
        let nets = DrawnNets { field, width, depth, is_residual: false };
        let is_inside = |seed: u64| {
            let gain = nets.log_gains(1_000_000 + seed)[0].exp();
            (interval.0..=interval.1).contains(&gain)
        };
        (0..400).filter(|seed| is_inside(*seed)).count() as f64 / 400.0
    }

    #[test]
    fn ninety_five_of_a_hundred_nets_lie_within_whatever_the_activation() {
        let settings = match std::env::var("BACKDRAFT_SPREADS") {
            Ok(_) => vec![(1.0, 0.0), (2.0, 0.0), (2.0, 0.1), (0.5, 0.05), (5.0, 0.1), (30.0, 1.0)],
            Err(_) => vec![(2.0, 0.0)],
        };
        for activation in Activation::ALL {
            for (weight_variance, bias_variance) in settings.iter().copied() {
                let field = MeanField::new(*activation, weight_variance, bias_variance);
                let (depth, width) = (16, 64);
                let spread = match field.spread(depth, width) {
                    Ok(spread) => spread,
                    Err(reason) => {
                        assert_eq!(reason, NoSpread::OutOfRange, "{activation:?}");
                        continue;
                    }
                };
                let coverage = coverage(&field, depth, width, spread.intervals[0]);
                // Three standard errors of the share, and 2 % for the next order. Where gradients die in
                // more than a fortieth of all nets, the interval begins at 0.
                let told = format!("{activation:?} {weight_variance} {bias_variance} {spread:?}");
                let most = if spread.intervals[0].0 == 0.0 { 1.0 } else { 0.98 };
                assert!((0.9..=most).contains(&coverage), "{coverage}: {told}");
            }
        }
    }

    #[test]
    fn the_closed_form_is_used_where_it_holds_and_nets_are_drawn_where_it_does_not() {
        let origin = |activation: Activation, width: usize| {
            let field = MeanField::new(activation, 2.0, 0.0);
            field.spread(20, width).unwrap().origin
        };
        assert_eq!(origin(Relu, 64), SpreadOrigin::FirstOrder);
        assert_eq!(origin(Tanh, 64), SpreadOrigin::FirstOrder);
        assert_eq!(origin(Relu, 8), SpreadOrigin::DrawnNets(2_000));
        assert_eq!(origin(Gelu, 64), SpreadOrigin::DrawnNets(2_000));
        let refused = MeanField::new(Gelu, 2.0, 0.0).spread(10_000, 64).unwrap_err();
        assert!(refused.to_string().contains("10000 × 64 units would take too long"), "{refused}");
    }

    #[test]
    fn a_gradient_that_dies_has_an_interval_that_ends_at_zero() {
        let spread = MeanField::new(ThresholdedRelu, 1.0, 0.0).spread(10, 64).unwrap();
        assert_eq!(spread.intervals[0], (0.0, 0.0));
        assert_eq!(spread.intervals[9], (1.0, 1.0));
    }
}
