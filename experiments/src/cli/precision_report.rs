//! What narrower float types would lose of a network, as tables.

use backdraft_hooks::NarrowFloat;
use backdraft_rows::{QuantityName, Row};

use super::print::{number, say};
use super::xray::print_table;

/// A float type with its quantities.
struct Float {
    name: &'static str,
    float: NarrowFloat,
    gradients: [(&'static str, QuantityName); 4],
    activations: [(&'static str, QuantityName); 2],
}

macro_rules! float {
    ($name:literal, $float:ident, $flushed:ident, $underflown:ident, $overflown:ident, $scale:ident,
        $activation_flushed:ident, $activation_overflown:ident) => {
        Float {
            name: $name,
            float: NarrowFloat::$float,
            gradients: [
                ("to zero", QuantityName::$flushed),
                ("< normal", QuantityName::$underflown),
                ("too large", QuantityName::$overflown),
                ("scale", QuantityName::$scale),
            ],
            activations: [
                ("to zero", QuantityName::$activation_flushed),
                ("too large", QuantityName::$activation_overflown),
            ],
        }
    };
}

#[rustfmt::skip]
const FLOATS: [Float; 4] = [
    float!("fp16", Fp16, GRADIENT_FLUSHED_FP16, GRADIENT_UNDERFLOWN_FP16, GRADIENT_OVERFLOWN_FP16, LOSS_SCALE_FP16,
        ACTIVATION_FLUSHED_FP16, ACTIVATION_OVERFLOWN_FP16),
    float!("bf16", Bf16, GRADIENT_FLUSHED_BF16, GRADIENT_UNDERFLOWN_BF16, GRADIENT_OVERFLOWN_BF16, LOSS_SCALE_BF16,
        ACTIVATION_FLUSHED_BF16, ACTIVATION_OVERFLOWN_BF16),
    float!("fp8 E4M3", Fp8E4M3, GRADIENT_FLUSHED_E4M3, GRADIENT_UNDERFLOWN_E4M3, GRADIENT_OVERFLOWN_E4M3, LOSS_SCALE_E4M3,
        ACTIVATION_FLUSHED_E4M3, ACTIVATION_OVERFLOWN_E4M3),
    float!("fp8 E5M2", Fp8E5M2, GRADIENT_FLUSHED_E5M2, GRADIENT_UNDERFLOWN_E5M2, GRADIENT_OVERFLOWN_E5M2, LOSS_SCALE_E5M2,
        ACTIVATION_FLUSHED_E5M2, ACTIVATION_OVERFLOWN_E5M2),
];

/// Prints a table of gradients and one of activations for each float type, and the loss scale.
pub(super) fn print(rows: &[Row]) {
    say(
        "What narrower types would lose of these gradients and activations, as shares of their elements:\n",
    );
    for Float { name, float, gradients, activations } in &FLOATS {
        print_table(&format!("gradient in {name}"), rows, gradients, &gradients[0].1);
        print_table(&format!("activation in {name}"), rows, activations, &activations[0].1);
        say(format!("{}\n", advice(name, *float, rows, gradients)));
    }
}

/// The loss scale that suffices for every layer.
fn advice(
    name: &str,
    float: NarrowFloat,
    rows: &[Row],
    gradients: &[(&str, QuantityName); 4],
) -> String {
    let [_, _, _, (_, scale)] = gradients;
    let of = |quantity: &QuantityName| {
        let quantity = quantity.clone();
        rows.iter().filter(move |row| row.quantity == quantity && !row.subject.is_network())
    };
    let parameters = of(&gradients[0].1).count();
    let needed = of(scale).max_by(|a, b| a.value.total_cmp(&b.value));
    let largest = of(&QuantityName::GRADIENT_MAX).map(|row| row.value).fold(0.0, f64::max);
    match needed {
        Some(row) if of(scale).count() == parameters && largest * row.value <= float.largest() => {
            let (scale, subject) = (number(row.value), &row.subject);
            if row.value == 1.0 {
                format!("{name} needs no loss scale.")
            } else {
                format!("{name} needs a loss scale of {scale}, for `{subject}`.")
            }
        }
        _ => format!(
            "No single loss scale suffices for {name}: what keeps the small gradients makes the large ones \
             overflow."
        ),
    }
}
