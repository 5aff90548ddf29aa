//! Random settings.

use chacha20::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};
use serde::Deserialize;
use toml::{Table, Value};

use super::spec::{Changes, SpecError, leaves};

/// Samples of settings, drawn independently; a seed means the same samples everywhere.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Random {
    samples: u64,
    #[serde(default)]
    seed: u64,
    draw: Table,
}

/// Where a setting is drawn from.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Draw {
    /// A number between two others, all as likely.
    Uniform([f64; 2]),
    /// A positive number between two others, its logarithm uniform.
    LogUniform([f64; 2]),
    /// A whole number from the first to the last.
    Integer([i64; 2]),
    /// One of a list.
    Choice(Vec<Value>),
}

impl Random {
    /// Draws the samples, at most `most` of them.
    pub(super) fn samples(&self, most: usize) -> Result<Vec<Changes>, SpecError> {
        let samples = usize::try_from(self.samples).unwrap_or(usize::MAX);
        if samples > most {
            return Err(SpecError::TooMany);
        }
        let draws = leaves(&self.draw).into_iter().map(|(key, value)| {
            let of =
                "needs one of `uniform`, `log_uniform`, `integer` with [low, high], or `choice`";
            let error =
                |reason: &str| SpecError::Draw { key: key.clone(), reason: reason.to_owned() };
            let draw = Draw::read(&value).ok_or_else(|| error(of))?;
            match draw.fault() {
                Some(fault) => Err(error(fault)),
                None => Ok((key, draw)),
            }
        });
        let draws = draws.collect::<Result<Vec<_>, _>>()?;
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
        let mut sample =
            || draws.iter().map(|(k, draw)| (k.clone(), draw.sample(&mut rng))).collect();
        Ok((0..samples).map(|_| sample()).collect())
    }
}

impl Draw {
    pub(super) fn read(value: &Value) -> Option<Self> {
        value.clone().try_into().ok()
    }

    fn fault(&self) -> Option<&'static str> {
        match self {
            Self::Uniform([low, high]) | Self::LogUniform([low, high])
                if !(low.is_finite() && high.is_finite() && low <= high) =>
            {
                Some("needs a low and a high end, both finite")
            }
            Self::LogUniform([low, _]) if *low <= 0.0 => Some("needs positive ends"),
            Self::Integer([low, high]) if low > high => Some("needs a low and a high end"),
            Self::Choice(values) if values.is_empty() => Some("needs at least one value"),
            _ => None,
        }
    }

    fn sample(&self, rng: &mut ChaCha8Rng) -> Value {
        // 53 bits: every value of the grid is a double.
        let share = (rng.next_u64() >> 11) as f64 / (1u64 << 53) as f64;
        let between = |low: f64, high: f64| low + share * (high - low);
        // The share is below 1, so that the last of `count` is `count − 1`.
        let below = |count: f64| (share * count) as u64;
        match self {
            Self::Uniform([low, high]) => Value::Float(between(*low, *high)),
            Self::LogUniform([low, high]) => Value::Float(between(low.ln(), high.ln()).exp()),
            Self::Integer([low, high]) => {
                let steps = below(high.abs_diff(*low) as f64 + 1.0);
                Value::Integer(low.saturating_add_unsigned(steps).min(*high))
            }
            Self::Choice(values) => values
                .get(below(values.len() as f64) as usize)
                .cloned()
                .unwrap_or(values[0].clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn samples(draw: &Draw) -> Vec<Value> {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        (0..2_000).map(|_| draw.sample(&mut rng)).collect()
    }

    #[test]
    fn draws_fill_their_range_and_stay_inside() {
        let integers = samples(&Draw::Integer([-1, 2]));
        for value in -1..=2 {
            let count = integers.iter().filter(|v| **v == Value::Integer(value)).count();
            // Standard deviation 19; five of those.
            assert!(count.abs_diff(500) < 97, "{value}: {count}");
        }
        assert!(integers.iter().all(|v| (-1..=2).contains(&v.as_integer().unwrap())));
        let below = |values: Vec<Value>, edge: f64| {
            values.iter().filter(|value| value.as_float().unwrap() < edge).count()
        };
        // Half of them below the middle, on the scale of each: standard deviation 22.
        assert!(below(samples(&Draw::Uniform([2.0, 4.0])), 3.0).abs_diff(1_000) < 112);
        assert!(below(samples(&Draw::LogUniform([1e-4, 1.0])), 1e-2).abs_diff(1_000) < 112);
        let extremes = samples(&Draw::Integer([i64::MIN, i64::MAX]));
        assert!(extremes.iter().all(|value| value.as_integer().is_some()));
    }
}
