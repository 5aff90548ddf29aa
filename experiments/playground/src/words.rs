//! Describes an answer in words.

use backdraft_rows::{Axis, Thresholds};
use backdraft_text::number_in_prose;

use super::answer::{Answer, factor};

/// Says how the gradient changes from the last place to the first, and what theory predicts.
pub(super) fn summary(answer: &Answer) -> String {
    let (place, first, last) = match answer.axis {
        Axis::Time => ("time step", "the first step", "the last"),
        Axis::Depth => ("layer", "the first layer", "the last"),
    };
    let gradients: Vec<f64> = answer.places.iter().map(|place| place.gradient).collect();
    let [begin, .., end] = gradients[..] else {
        return format!("One {place} alone: the gradient has nowhere to go.");
    };
    if !answer.loss.is_finite() || gradients.iter().any(|gradient| !gradient.is_finite()) {
        return "The values are no longer finite: the network has blown up.".to_owned();
    }
    if end == 0.0 {
        return format!("No gradient reaches {last} {place}: nothing is learnt.");
    }
    let Some(measured) = factor(&gradients) else {
        let lost = gradients.iter().take_while(|gradient| **gradient == 0.0).count();
        let places = if lost == 1 { place.to_owned() } else { format!("{lost} {place}s") };
        return format!(
            "‖∂L/∂h‖ vanishes completely: in the first {places} it is zero, or too small for 32-bit \
             numbers.{}",
            memory(answer)
        );
    };
    let ratio = begin / end;
    let bound = Thresholds::default().depth_ratio;
    let verdict = if ratio < bound {
        format!(
            "The gradient vanishes: {first} gets {} of what {last} gets",
            number_in_prose(ratio)
        )
    } else if ratio > bound.recip() {
        format!(
            "The gradient explodes: {first} gets {} times what {last} gets",
            number_in_prose(ratio)
        )
    } else if !(0.1..=10.0).contains(&ratio) {
        let turn = if ratio < 1.0 { "fades" } else { "grows" };
        format!(
            "The gradient {turn}: {first} gets {} times what {last} gets",
            number_in_prose(ratio)
        )
    } else {
        format!(
            "The gradient arrives: {first} gets {} times what {last} gets",
            number_in_prose(ratio)
        )
    };
    let whole = format!("{verdict}, a factor {} per {place}.", number_in_prose(measured));
    match &answer.theory {
        Some(theory) if theory.prediction.is_of_memory => whole + &memory(answer),
        Some(theory) if theory.prediction.is_of_one_path => {
            let path = &theory.prediction.label;
            format!("{whole} The {path} would keep {}.", number_in_prose(theory.factor))
        }
        Some(theory) => format!("{whole} Theory predicts {}.", number_in_prose(theory.factor)),
        None => whole + &memory(answer),
    }
}

/// Says how the gradient of an LSTM's cell state changes; empty for other networks.
fn memory(answer: &Answer) -> String {
    let memories: Option<Vec<f64>> =
        answer.places.iter().map(|place| place.memory_gradient).collect();
    let Some(measured) = memories.as_deref().and_then(factor) else { return String::new() };
    let alone = answer.theory.as_ref().map_or(String::new(), |theory| {
        format!(" The forget gate alone would keep {}.", number_in_prose(theory.factor))
    });
    format!(
        " ‖∂L/∂c‖ of its cell state changes by a factor {} per step.{alone}",
        number_in_prose(measured)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use backdraft_rows::{QuantityName, Row};

    fn words(norms: &[f64]) -> String {
        let row = |(layer, norm): (usize, &f64)| {
            let subject = format!("hidden.{layer}");
            Row::new(0, QuantityName::ACTIVATION_GRADIENT_NORM, subject, *norm)
        };
        let rows: Vec<Row> = norms.iter().enumerate().map(row).collect();
        Answer::new(&rows, 0.5, 1, Err(String::new())).summary
    }

    #[test]
    fn each_case_has_its_words() {
        for (norms, expected) in [
            (
                &[1e-6, 1e-3, 1.0][..],
                "vanishes: the first layer gets 1.00 × 10⁻⁶ of what the last gets",
            ),
            (&[1e6, 1e3, 1.0], "explodes: the first layer gets 1.00 × 10⁶ times"),
            (&[0.01, 0.1, 1.0], "fades: the first layer gets 0.0100 times"),
            (&[1.1, 1.0, 1.0], "arrives: the first layer gets 1.100 times"),
            (&[0.0, 0.0, 1e-30, 1.0], "in the first 2 layers it is zero, or too small"),
            (&[0.0, 0.0], "No gradient reaches the last layer"),
            (&[f64::NAN, 1.0], "blown up"),
            (&[1.0], "One layer alone"),
        ] {
            let words = words(norms);
            assert!(words.contains(expected), "{norms:?}: {words}");
        }
    }
}
