//! Times to an event that some never reach.

use serde::Serialize;

use super::inversion::normal_quantile;

/// When something was solved, or until when it was not.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub enum Time {
    /// Solved at this time.
    Solved(f64),
    /// Not yet solved at this time, when it was last looked at.
    Unsolved(f64),
}

impl Time {
    /// Returns the time itself.
    pub fn value(self) -> f64 {
        match self {
            Self::Solved(time) | Self::Unsolved(time) => time,
        }
    }

    /// Tells whether it was solved.
    pub fn is_solved(self) -> bool {
        matches!(self, Self::Solved(_))
    }
}

/// One step of the curve: what happens at one time.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Step {
    time: f64,
    /// Share that is unsolved after it.
    unsolved: f64,
    /// Sum of d / (r (r − d)) up to it, Greenwood's.
    variance: f64,
    solved: f64,
    at_risk: f64,
}

/// The share that is still unsolved, by time.
///
/// # Reference
///
/// E. L. Kaplan, P. Meier, "Nonparametric estimation from incomplete observations", 1958.
#[derive(Clone, Debug, PartialEq)]
pub struct KaplanMeier {
    steps: Vec<Step>,
    /// The largest of the times.
    last: f64,
}

impl KaplanMeier {
    /// Estimates the curve; `None` without times, or if one is not finite.
    pub fn of(times: &[Time]) -> Option<Self> {
        if times.is_empty() || times.iter().any(|time| !time.value().is_finite()) {
            return None;
        }
        let mut solved: Vec<f64> =
            times.iter().filter(|t| t.is_solved()).map(|t| t.value()).collect();
        solved.sort_by(f64::total_cmp);
        solved.dedup();
        let (mut unsolved, mut variance) = (1.0, 0.0);
        let step = |time: f64| {
            let at_risk = times.iter().filter(|t| t.value() >= time).count() as f64;
            let events = times.iter().filter(|t| **t == Time::Solved(time)).count() as f64;
            unsolved *= 1.0 - events / at_risk;
            variance += events / (at_risk * (at_risk - events));
            Step { time, unsolved, variance, solved: events, at_risk }
        };
        let last = times.iter().map(|time| time.value()).fold(f64::NEG_INFINITY, f64::max);
        Some(Self { steps: solved.into_iter().map(step).collect(), last })
    }

    /// Returns the share that is unsolved after a time.
    pub fn unsolved(&self, time: f64) -> f64 {
        self.steps.iter().take_while(|step| step.time <= time).last().map_or(1.0, |s| s.unsolved)
    }

    /// Returns the first time at which half are solved; `None` if it never comes to that.
    pub fn median(&self) -> Option<f64> {
        self.first_at_most_half(|step| step.unsolved)
    }

    /// Returns the 95 % interval of the median; an end is `None` where the times do not reach it.
    ///
    /// # Reference
    ///
    /// R. Brookmeyer, J. Crowley, "A confidence interval for the median survival time", 1982, with
    /// the interval of the curve on the scale of ln(−ln S).
    pub fn median_interval(&self) -> (Option<f64>, Option<f64>) {
        let z = normal_quantile(0.95);
        let bound = |step: &Step, z: f64| {
            if step.unsolved == 0.0 {
                return 0.0;
            }
            let error = step.variance.sqrt() / step.unsolved.ln().abs();
            step.unsolved.powf((z * error).exp())
        };
        (
            self.first_at_most_half(|step| bound(step, z)),
            self.first_at_most_half(|step| bound(step, -z)),
        )
    }

    /// Returns the time up to which the curve is known: without end if the last were solved.
    pub fn end(&self) -> f64 {
        match self.steps.last() {
            Some(step) if step.unsolved == 0.0 => f64::INFINITY,
            _ => self.last,
        }
    }

    /// Returns the largest of the times.
    pub fn last(&self) -> f64 {
        self.last
    }

    fn first_at_most_half(&self, curve: impl Fn(&Step) -> f64) -> Option<f64> {
        // Half of an even number must not be missed by rounding.
        self.steps.iter().find(|step| curve(step) <= 0.5 + 1e-12).map(|step| step.time)
    }

    /// Returns the mean time up to a horizon, with the variance of that estimate: of times that are
    /// cut off at the horizon, which everything unsolved is counted as.
    ///
    /// # Reference
    ///
    /// P. Royston, M. K. B. Parmar, "Restricted mean survival time: an alternative to the hazard
    /// ratio", 2013, eq. 1 and appendix.
    pub fn restricted_mean(&self, horizon: f64) -> (f64, f64) {
        let steps: Vec<&Step> = self.steps.iter().filter(|step| step.time < horizon).collect();
        let ends = steps.iter().skip(1).map(|step| step.time).chain([horizon]);
        let areas: Vec<f64> =
            steps.iter().zip(ends).map(|(step, end)| step.unsolved * (end - step.time)).collect();
        let first = steps.first().map_or(horizon, |step| step.time);
        let mut rest: f64 = areas.iter().sum();
        let mean = first + rest;
        let mut variance = 0.0;
        for (step, area) in steps.iter().zip(&areas) {
            // Where all that were left are solved nothing remains to vary.
            if step.at_risk > step.solved {
                let weight = step.solved / (step.at_risk * (step.at_risk - step.solved));
                variance += rest * rest * weight;
            }
            rest -= area;
        }
        (mean, variance)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Weeks until leukaemia came back, treated and placebo: Freireich et al. 1963, the example of the
    /// textbooks.
    pub(crate) fn remission() -> [Vec<Time>; 2] {
        let solved = |times: &[i32]| times.iter().map(|t| Time::Solved(f64::from(*t))).collect();
        let mut treated: Vec<Time> = solved(&[6, 6, 6, 7, 10, 13, 16, 22, 23]);
        let censored = [6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35];
        treated.extend(censored.map(|t| Time::Unsolved(f64::from(t))));
        let placebo = [1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23];
        [treated, solved(&placebo)]
    }

    #[test]
    fn the_curve_and_its_median_are_the_published_ones() {
        let [treated, placebo] = remission().map(|times| KaplanMeier::of(&times).unwrap());
        // lifelines 0.30.3, KaplanMeierFitter.survival_function_
        for (time, share) in [(6.0, 0.8571), (7.0, 0.8067), (13.0, 0.6902), (23.0, 0.4482)] {
            assert!((treated.unsolved(time) - share).abs() < 5e-5, "{time}");
        }
        assert_eq!((treated.median(), placebo.median()), (Some(23.0), Some(8.0)));
        // lifelines 0.30.3, median_survival_times(KaplanMeierFitter.confidence_interval_)
        assert_eq!(treated.median_interval(), (Some(13.0), None));
        assert_eq!(placebo.median_interval(), (Some(4.0), Some(11.0)));
    }

    #[test]
    fn the_restricted_mean_is_the_area_below_the_curve() {
        let [treated, placebo] = remission().map(|times| KaplanMeier::of(&times).unwrap());
        // lifelines 0.30.3, restricted_mean_survival_time(…, t=20)
        assert!((treated.restricted_mean(20.0).0 - 16.116_526_610_644).abs() < 1e-9);
        let (mean, variance) = placebo.restricted_mean(20.0);
        assert!((mean - 8.428_571_428_571).abs() < 1e-9);
        // Without censoring before the horizon: numpy.minimum(times, 20).var() / 21
        assert!((variance - 33.768_707_482_993_2 / 21.0).abs() < 1e-12, "{variance}");
    }

    #[test]
    fn what_nobody_solves_has_no_median() {
        let never = KaplanMeier::of(&[Time::Unsolved(9.0), Time::Unsolved(9.0)]).unwrap();
        assert_eq!((never.median(), never.restricted_mean(9.0)), (None, (9.0, 0.0)));
        let half = KaplanMeier::of(&[Time::Solved(3.0), Time::Unsolved(9.0)]).unwrap();
        assert_eq!(half.median(), Some(3.0));
        assert_eq!(KaplanMeier::of(&[]), None);
        assert_eq!(KaplanMeier::of(&[Time::Solved(f64::NAN)]), None);
    }
}
