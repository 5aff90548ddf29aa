//! Where values stopped being finite.

use crate::history::History;
use crate::quantity_name::QuantityName;
use crate::row::Row;
use crate::subject::Subject;

/// Where and when values stopped being finite.
#[derive(Clone, Debug, PartialEq)]
pub struct Origin {
    /// The parameter or tap; the network if it cannot be told from the rows.
    pub subject: Subject,
    /// The first observed step at which something is not finite.
    pub step: u64,
    /// What is not finite there, and the latest values before.
    pub evidence: String,
}

/// Returns the origin of values that are not finite; `None` if all are finite.
///
/// A NaN spreads from its origin to everything after it in the forward pass, and then to the gradients of
/// everything before it. So, at the first step with such a value, the origin is: the weights that are not
/// finite while others are; else the first tapped activation in the order of the forward pass; else the
/// last place, in that order, whose gradient is not finite while those after it are.
pub fn not_finite_origin<'a>(rows: impl IntoIterator<Item = &'a Row>) -> Option<Origin> {
    in_history(&History::new(rows))
}

pub(super) fn in_history(history: &History<'_>) -> Option<Origin> {
    let quantities = [
        QuantityName::WEIGHT_NORM,
        QuantityName::ACTIVATION_NORM,
        QuantityName::ACTIVATION_GRADIENT_NORM,
        QuantityName::GRADIENT_NORM,
    ];
    let first_bad = |course: &[(u64, f64)]| {
        course.iter().find(|(_, value)| !value.is_finite()).map(|(step, _)| *step)
    };
    let of_subjects = |quantity: &QuantityName| {
        let bad = |subject: &Subject| first_bad(history.course(quantity, subject));
        history.subjects(quantity).filter_map(bad).min()
    };
    let loss = first_bad(history.course(&QuantityName::LOSS, &Subject::NETWORK));
    let step = quantities.iter().filter_map(of_subjects).chain(loss).min()?;
    let search = Search { history, step };
    let found = search
        .in_weights()
        .or_else(|| search.in_activations())
        .or_else(|| search.in_tapped_gradients())
        .or_else(|| search.in_gradients());
    let (subject, evidence) = found.unwrap_or_else(|| {
        (Subject::NETWORK, "the loss is not finite, whatever else was measured is".to_owned())
    });
    Some(Origin { subject, step, evidence })
}

/// The search at the first step with a value that is not finite.
struct Search<'a> {
    history: &'a History<'a>,
    step: u64,
}

type Found = Option<(Subject, String)>;

impl<'a> Search<'a> {
    fn value(&self, quantity: &QuantityName, subject: &Subject) -> Option<f64> {
        let course = self.history.course(quantity, subject);
        let at = course.iter().rev().find(|(step, _)| *step == self.step);
        at.map(|(_, value)| *value)
    }

    /// Splits the measured subjects into those that are not finite and the number of the others.
    fn split(&self, quantity: &QuantityName) -> (Vec<&'a Subject>, usize) {
        let measured = self
            .history
            .subjects(quantity)
            .filter_map(|subject| Some((subject, self.value(quantity, subject)?)));
        let (bad, good): (Vec<_>, Vec<_>) = measured.partition(|(_, value)| !value.is_finite());
        (bad.into_iter().map(|(subject, _)| subject).collect(), good.len())
    }

    fn sentence(&self, symbol: &str, quantity: &QuantityName, subject: &Subject) -> String {
        let course = self.history.course(quantity, subject);
        let before =
            course.iter().rev().find(|(step, value)| *step < self.step && value.is_finite());
        before.map_or_else(
            || format!("{symbol} is not finite at the first observed step"),
            |(step, value)| format!("{symbol} was {value:.1e} at step {step}, then not finite"),
        )
    }

    fn in_weights(&self) -> Found {
        let (bad, good) = self.split(&QuantityName::WEIGHT_NORM);
        // Gradients that are not finite reach the layers up to their origin.
        let last = *bad.last()?;
        let sentence = self.sentence("‖W‖", &QuantityName::WEIGHT_NORM, last);
        if good == 0 && bad.len() > 1 {
            let all = "every weight is not finite: it happened between two observations";
            return Some((Subject::NETWORK, format!("{sentence}; {all}")));
        }
        Some((last.clone(), sentence))
    }

    fn in_activations(&self) -> Found {
        let quantity = QuantityName::ACTIVATION_NORM;
        let is_bad =
            |subject: &Subject| self.value(&quantity, subject).is_some_and(|v| !v.is_finite());
        let mut before: Option<&Subject> = None;
        for subject in self.history.subjects(&quantity) {
            if is_bad(subject) {
                let mut sentence = self.sentence("‖a‖", &quantity, subject);
                if let Some((before, norm)) =
                    before.and_then(|s| Some((s, self.value(&quantity, s)?)))
                {
                    sentence = format!("{sentence}, while ‖a‖ of {before} before it is {norm:.1e}");
                }
                return Some((subject.clone(), sentence));
            }
            before = Some(subject);
        }
        None
    }

    /// The forward pass is sound; looks for the last tap whose gradient is not finite.
    fn in_tapped_gradients(&self) -> Found {
        let quantity = QuantityName::ACTIVATION_GRADIENT_NORM;
        let measured: Vec<(&Subject, bool)> = self
            .history
            .subjects(&quantity)
            .filter_map(|s| Some((s, self.value(&quantity, s)?.is_finite())))
            .collect();
        let last = measured.iter().rposition(|(_, is_finite)| !is_finite)?;
        if last + 1 == measured.len()
            && let Some(found) = self.in_every_gradient()
        {
            return Some(found);
        }
        let (parameters, _) = self.split(&QuantityName::GRADIENT_NORM);
        // In a wrapper, a parameter's path has a prefix that the tap's name has not.
        let is_of = |parameter: &&&Subject, tap: &Subject| {
            let inner = format!(".{}.", tap.path());
            parameter.is_within(tap) || parameter.path().contains(&inner)
        };
        let culprit = match measured.get(last + 1) {
            // What lies between this tap and the next: the next one's layer.
            Some((next, _)) => parameters.iter().rfind(|p| is_of(p, next)),
            // What lies behind the last tap: a head, or the loss.
            None => parameters.iter().rfind(|p| !measured.iter().any(|(tap, _)| is_of(p, tap))),
        };
        if let Some(culprit) = culprit {
            let sentence = self.sentence("‖∂L/∂W‖", &QuantityName::GRADIENT_NORM, culprit);
            return Some(((*culprit).clone(), sentence));
        }
        let tap = measured[last].0;
        Some((tap.clone(), self.sentence("‖∂L/∂a‖", &quantity, tap)))
    }

    fn in_gradients(&self) -> Found {
        self.in_every_gradient().or_else(|| {
            let (bad, _) = self.split(&QuantityName::GRADIENT_NORM);
            let last = *bad.last()?;
            Some((last.clone(), self.sentence("‖g‖", &QuantityName::GRADIENT_NORM, last)))
        })
    }

    /// If every gradient is bad and all weights are sound, no layer is to blame.
    fn in_every_gradient(&self) -> Found {
        let (bad, good) = self.split(&QuantityName::GRADIENT_NORM);
        let (_, sound) = self.split(&QuantityName::WEIGHT_NORM);
        if good > 0 || bad.len() < 2 || sound == 0 {
            return None;
        }
        let sentence = self.sentence("‖g‖", &QuantityName::GRADIENT_NORM, bad.last()?);
        let all =
            "so is every gradient, and all weights are finite: look at inputs, targets and loss";
        Some((Subject::NETWORK, format!("{sentence}; {all}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GRADIENT: QuantityName = QuantityName::GRADIENT_NORM;
    const WEIGHT: QuantityName = QuantityName::WEIGHT_NORM;
    const ACTIVATION: QuantityName = QuantityName::ACTIVATION_NORM;
    const TAPPED: QuantityName = QuantityName::ACTIVATION_GRADIENT_NORM;

    fn origin(rows: &[(u64, QuantityName, &str, f64)]) -> Option<(String, u64)> {
        let rows: Vec<Row> =
            rows.iter().map(|(step, q, s, v)| Row::new(*step, q.clone(), *s, *v)).collect();
        not_finite_origin(&rows).map(|origin| (origin.subject.to_string(), origin.step))
    }

    fn at(subject: &str, step: u64) -> Option<(String, u64)> {
        Some((subject.to_owned(), step))
    }

    #[test]
    fn the_last_layer_with_a_bad_gradient_is_the_origin_and_not_the_input_layer() {
        let nan = f64::NAN;
        let gradients = [
            (0, GRADIENT, "a.weight", 1.0),
            (0, GRADIENT, "b.weight", 1.0),
            (0, GRADIENT, "c.weight", 1.0),
            (3, GRADIENT, "a.weight", nan),
            (3, GRADIENT, "b.weight", f64::INFINITY),
            (3, GRADIENT, "c.weight", 1.0),
        ];
        assert_eq!(origin(&gradients), at("b.weight", 3));
        assert_eq!(origin(&gradients[..3]), None);
    }

    #[test]
    fn a_weight_that_is_not_finite_is_the_origin_before_all_that_it_spoils() {
        let nan = f64::NAN;
        let rows = [
            (0, GRADIENT, "a.weight", nan),
            (0, WEIGHT, "a.weight", 1.0),
            (0, GRADIENT, "b.weight", nan),
            (0, WEIGHT, "b.weight", nan),
            (0, ACTIVATION, "b", nan),
        ];
        assert_eq!(origin(&rows), at("b.weight", 0));
        let everywhere = [
            (0, WEIGHT, "a.weight", 1.0),
            (9, WEIGHT, "a.weight", nan),
            (9, WEIGHT, "b.weight", nan),
            (9, ACTIVATION, "a", nan),
        ];
        assert_eq!(origin(&everywhere), at("network", 9));
    }

    #[test]
    fn an_activation_is_the_origin_before_gradients() {
        let nan = f64::NAN;
        let rows = [
            (5, GRADIENT, "h.0.weight", nan),
            (5, GRADIENT, "h.1.weight", nan),
            (5, ACTIVATION, "h.0", 7.0),
            (5, TAPPED, "h.0", nan),
            (5, ACTIVATION, "h.1", f64::INFINITY),
            (5, TAPPED, "h.1", nan),
        ];
        assert_eq!(origin(&rows), at("h.1", 5));
        let rows: Vec<Row> = rows.map(|(step, q, s, v)| Row::new(step, q, s, v)).to_vec();
        let evidence = not_finite_origin(&rows).unwrap().evidence;
        assert!(evidence.ends_with("while ‖a‖ of h.0 before it is 7.0e0"), "{evidence}");
    }

    #[test]
    fn behind_the_last_tap_is_the_head_wherever_it_is_declared() {
        let nan = f64::NAN;
        let rows = [
            (5, GRADIENT, "head.weight", nan),
            (5, GRADIENT, "h.0.weight", nan),
            (5, GRADIENT, "h.1.weight", nan),
            (5, ACTIVATION, "h.0", 7.0),
            (5, ACTIVATION, "h.1", 7.0),
            (5, TAPPED, "h.0", nan),
            (5, TAPPED, "h.1", nan),
        ];
        assert_eq!(origin(&rows), at("head.weight", 5));
        // Between the taps: the layer of the later one.
        let mut between = rows.clone();
        between[0].3 = 1.0;
        between[6].3 = 1.0;
        assert_eq!(origin(&between), at("h.1.weight", 5));
    }

    #[test]
    fn a_bad_loss_alone_is_of_the_network() {
        assert_eq!(origin(&[(4, QuantityName::LOSS, "network", f64::NAN)]), at("network", 4));
    }
}
