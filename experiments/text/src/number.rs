//! Formats numbers for people, in the terminal and on pages.

/// Formats a number with at least three significant digits, in the shorter notation: `0.00123`, `0.123`,
/// `1.234`, `12.3`, `1234`, `1.23e-7`.
///
/// Between 1 and 10 it has four digits, because factors near 1 differ in the fourth.
pub fn number(value: f64) -> String {
    match decimals(value) {
        // Adding zero turns −0 into 0.
        Some(decimals) => format!("{:.decimals$}", value + 0.0),
        None => format!("{value:.2e}"),
    }
}

/// Formats a number for prose: `1.23 × 10⁻⁷` instead of `1.23e-7`.
pub fn number_in_prose(value: f64) -> String {
    let text = number(value);
    match text.split_once('e') {
        Some((digits, exponent)) => format!("{digits} × 10{}", superscript(exponent)),
        None => text,
    }
}

/// Returns the number of decimals. `None` if the number needs a power of ten.
fn decimals(value: f64) -> Option<usize> {
    if value == 0.0 || !value.is_finite() {
        return Some(0);
    }
    // The exponent of the rounded number: 9.9999 is 10.0.
    let rounded = format!("{value:.2e}");
    let exponent = rounded.split_once('e').and_then(|(_, exponent)| exponent.parse().ok())?;
    match exponent {
        -3..0 => Some(2 + usize::try_from(-exponent).ok()?),
        0 => Some(3),
        1 => Some(1),
        2..5 => Some(0),
        _ => None,
    }
}

/// Formats a p-value. A small one is good to one digit at most.
pub fn p_value(p: f64) -> String {
    if p < 1e-3 { format!("{p:.0e}") } else { format!("{p:.3}") }
}

/// Formats a time in a suitable unit.
pub fn duration(seconds: f64) -> String {
    let whole = seconds.round();
    if whole < 60.0 {
        format!("{seconds:.1} s")
    } else if whole < 3600.0 {
        format!("{:.0} min {:.0} s", (whole / 60.0).floor(), whole % 60.0)
    } else {
        format!("{:.1} h", seconds / 3600.0)
    }
}

/// Formats an exponent in superscript digits.
pub fn superscript(exponent: &str) -> String {
    const DIGITS: [char; 10] = ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'];
    let raised = |c: char| c.to_digit(10).map_or('⁻', |digit| DIGITS[digit as usize]);
    exponent.chars().map(raised).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers of every magnitude, near the ends of every decade in particular.
    fn numbers() -> impl Iterator<Item = f64> {
        let mantissas = [1.0, 1.0049, 1.005, 1.25, 4.9999, 9.94, 9.949, 9.95, 9.994, 9.995, 9.9999];
        let decades = (-320..308).flat_map(move |exponent| {
            mantissas.map(|mantissa| format!("{mantissa}e{exponent}").parse::<f64>())
        });
        let magnitudes = decades.flatten().filter(|value| *value != 0.0);
        magnitudes.flat_map(|value| [value, -value])
    }

    fn significant_digits(text: &str) -> usize {
        let mantissa = text.split('e').next().unwrap();
        let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
        digits.trim_start_matches('0').len()
    }

    #[test]
    fn every_magnitude_has_three_significant_digits_and_reads_back() {
        for value in numbers() {
            let text = number(value);
            assert!((3..=5).contains(&significant_digits(&text)), "{value:e}: {text}");
            assert!(text.trim_start_matches('-').len() <= 9, "{value:e}: {text}");
            let read: f64 = text.parse().unwrap();
            // Subnormal numbers have fewer digits.
            let error = (read - value).abs() / value.abs().max(f64::MIN_POSITIVE);
            assert!(error <= 5.001e-3, "{value:e}: {text}");
        }
    }

    #[test]
    fn larger_numbers_never_read_smaller() {
        let mut values: Vec<f64> = numbers().collect();
        values.sort_by(f64::total_cmp);
        let read = |value: f64| number(value).parse::<f64>().unwrap();
        assert!(values.windows(2).all(|pair| read(pair[0]) <= read(pair[1])));
    }

    #[test]
    fn each_magnitude_has_its_notation() {
        for (value, text) in [
            (0.0, "0"),
            (-0.0, "0"),
            (0.0012, "0.00120"),
            (0.012_34, "0.0123"),
            (-0.123_4, "-0.123"),
            (2.1764, "2.176"),
            (9.9999, "10.0"),
            (12.34, "12.3"),
            (99.99, "100"),
            (1234.4, "1234"),
            (99_999.0, "1.00e5"),
            (0.000_999_99, "0.00100"),
            (0.000_99, "9.90e-4"),
            (1.234e-7, "1.23e-7"),
            (f64::INFINITY, "inf"),
            (f64::NAN, "NaN"),
        ] {
            assert_eq!(number(value), text);
        }
        assert_eq!(number_in_prose(1.234e-17), "1.23 × 10⁻¹⁷");
        assert_eq!(number_in_prose(0.01), "0.0100");
    }

    #[test]
    fn p_values_and_times_have_their_own_format() {
        assert_eq!([0.25, 1.4e-5].map(p_value), ["0.250", "1e-5"]);
        for (seconds, text) in [
            (2.04, "2.0 s"),
            (59.4, "59.4 s"),
            (59.99, "1 min 0 s"),
            (75.0, "1 min 15 s"),
            (119.7, "2 min 0 s"),
            (3_599.9, "1.0 h"),
            (7_200.0, "2.0 h"),
        ] {
            assert_eq!(duration(seconds), text);
        }
    }
}
