//! Lines of a limited width.

/// Breaks a text at words into lines of at most `width` characters. A longer word has a line of its own.
pub fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        let length = |text: &str| text.chars().count();
        match lines.last_mut() {
            Some(line) if length(line) + 1 + length(word) <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_at_words_and_long_words_stay_whole() {
        assert_eq!(wrapped("‖∂L/∂h‖ at each layer", 12), ["‖∂L/∂h‖ at", "each layer"]);
        assert_eq!(wrapped("a considerable word", 5), ["a", "considerable", "word"]);
        assert!(wrapped("", 5).is_empty());
    }
}
