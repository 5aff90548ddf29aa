//! Quotes arguments for a shell.

/// Quotes an argument for a POSIX shell.
pub fn quoted(argument: &str) -> String {
    format!("'{}'", argument.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(unix)]
    fn a_shell_reads_back_what_was_quoted() {
        for argument in [
            "runs",
            "with space",
            "it's",
            "''",
            "a'b'c'",
            "$HOME `id` $(id)",
            r#"back\slash "double""#,
            "* ? [a-z] ~ #!;&|<>",
            "two\nlines",
            "σ",
            "-n",
            "",
        ] {
            let script = format!("printf %s {}", quoted(argument));
            let output = std::process::Command::new("sh").args(["-c", &script]).output().unwrap();
            assert_eq!(String::from_utf8(output.stdout).unwrap(), argument, "{script}");
        }
    }
}
