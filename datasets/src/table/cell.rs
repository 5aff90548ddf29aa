//! The content of a cell.

/// Marks of a missing value in spreadsheets, R, pandas and ARFF.
const HOLES: [&str; 9] = ["", "?", ".", "-", "na", "n/a", "#n/a", "nan", "null"];

/// Reads a finite number.
pub(super) fn number(text: &str) -> Option<f64> {
    text.parse().ok().filter(|value: &f64| value.is_finite())
}

/// Tells whether a cell marks a missing value.
pub(super) fn is_hole(text: &str) -> bool {
    HOLES.contains(&text.to_lowercase().as_str())
}

/// Tells whether a cell is meant as a number, even if it cannot be read as one: `1,5`, `1 000`, `$5`,
/// `inf`, `1e999`. Names of classes may contain digits (`18-25`, `2nd`).
pub(super) fn is_numeric(text: &str) -> bool {
    if is_hole(text) {
        return false;
    }
    if text.parse::<f64>().is_ok() {
        return true;
    }
    let is_sign = |c: char| "+-−$€£¥".contains(c) || c.is_whitespace();
    let is_unit = |c: char| "%€$£¥".contains(c) || c.is_whitespace();
    let text = text.trim_start_matches(is_sign).trim_end_matches(is_unit);
    let mantissa = match text.split_once(['e', 'E', 'd', 'D']) {
        Some((mantissa, exponent)) if is_exponent(exponent) => mantissa,
        Some(_) => return false,
        None => text,
    };
    let is_separator = |c: char| ".,_'’".contains(c) || c.is_whitespace();
    mantissa.contains(char::is_numeric)
        && mantissa.chars().all(|c| c.is_numeric() || is_separator(c))
}

fn is_exponent(text: &str) -> bool {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    !digits.is_empty() && digits.chars().all(|c| c.is_ascii_digit())
}

/// Returns why a cell is not a number, and what to do.
pub(super) fn no_number(text: &str) -> String {
    let remedy = if is_hole(text) {
        " but a missing value: fill it in or remove the row"
    } else if is_numeric(text) && text.parse::<f64>().is_err() {
        " as written: use a decimal point, and no other separators or units"
    } else {
        ""
    };
    format!("`{text}` is not a finite number{remedy}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holes_numbers_numbers_written_otherwise_and_words_are_told_apart() {
        for hole in ["", "?", "NA", "NaN", "nan", "N/A", "NULL", "-", "."] {
            assert!(is_hole(hole) && !is_numeric(hole) && number(hole).is_none(), "{hole}");
        }
        for text in ["0", "-1.5", "+2", "1e-3", ".5", "5.", "1E10"] {
            assert!(is_numeric(text) && number(text).is_some(), "{text}");
        }
        let others = [
            "inf",
            "-Infinity",
            "1e999",
            "1,5",
            "1.234,5",
            "1,000",
            "1 000",
            "1\u{a0}000",
            "1'000",
            "1_000",
            "$5",
            "5 €",
            "12%",
            "−3",
            "1.2.3",
            "1d3",
            "１２",
            "1,5e3",
        ];
        for text in others {
            assert!(is_numeric(text) && number(text).is_none(), "{text}");
        }
        for word in
            ["dog", "18-25", "2nd", "5kg", "2020-01-01", "e5", "d", "none", "$", "3/4", "a1"]
        {
            assert!(!is_numeric(word) && !is_hole(word) && number(word).is_none(), "{word}");
        }
    }
}
