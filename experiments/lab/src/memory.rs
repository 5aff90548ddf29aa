//! Memory that a run needs and memory that there is.

use std::fs;

use anyhow::bail;

const GIBIBYTE: f64 = (1_u64 << 30) as f64;

/// Checks that so many bytes can be had, where the system tells; `what` needs them, and `remedy` says what
/// to lower.
///
/// # Errors
///
/// If there are fewer.
pub(crate) fn check(needed: f64, what: &str, remedy: &str) -> anyhow::Result<()> {
    let Some(available) = available() else { return Ok(()) };
    if needed > available as f64 {
        let [needed, available] = [needed, available as f64].map(|bytes| bytes / GIBIBYTE);
        bail!(
            "{what} need {needed:.1} GiB of memory, and {available:.1} GiB are free: lower {remedy}"
        );
    }
    Ok(())
}

/// Returns the bytes that this process may still take: the least of what the machine has free, what its
/// control group has left, and the limit on its addresses.
fn available() -> Option<u64> {
    let read = |path: &str| fs::read_to_string(path).ok();
    let number = |path: &str| read(path)?.trim().parse::<u64>().ok();
    let left = |limit: &str, used: &str| Some(number(limit)?.saturating_sub(number(used)?));
    let group = "/sys/fs/cgroup";
    let limits = [
        read("/proc/meminfo").and_then(|text| field(&text, "MemAvailable:")).map(|kib| kib << 10),
        left(&format!("{group}/memory.max"), &format!("{group}/memory.current")),
        left(
            &format!("{group}/memory/memory.limit_in_bytes"),
            &format!("{group}/memory/memory.usage_in_bytes"),
        ),
        read("/proc/self/limits").and_then(|text| field(&text, "Max address space")),
    ];
    limits.into_iter().flatten().min()
}

/// Returns the first number of the line that begins with `name`; a limit may be `unlimited`.
fn field(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_read_as_the_system_writes_them() {
        let memory = "MemTotal:       24680000 kB\nMemAvailable:   20000000 kB\n";
        assert_eq!(field(memory, "MemAvailable:"), Some(20_000_000));
        let limits = "Max address space         unlimited            unlimited            bytes\n";
        assert_eq!(field(limits, "Max address space"), None);
        assert_eq!(field(&limits.replace("unlimited", "4096"), "Max address space"), Some(4096));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn what_cannot_be_had_is_refused_with_the_number_and_the_setting() {
        assert!(check(1.0, "the data", "`length`").is_ok());
        let error = check(1e18, "the data", "`length`").unwrap_err().to_string();
        assert!(error.starts_with("the data need 931322574.6 GiB of memory, and "), "{error}");
        assert!(error.ends_with("lower `length`"), "{error}");
    }
}
