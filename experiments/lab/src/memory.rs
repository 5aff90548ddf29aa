//! Memory that this process may still take.

use std::fs;
use std::path::Path;

const GIBIBYTE: f64 = (1_u64 << 30) as f64;

/// So many bytes more than there are.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[error(
    "needs at least {:.1} GiB of memory, and {:.1} GiB are free",
    needed / GIBIBYTE, *available as f64 / GIBIBYTE
)]
pub struct TooLittleMemory {
    /// Bytes that are needed.
    pub needed: f64,
    /// Bytes that there are.
    pub available: u64,
}

/// Checks that so many bytes can be had, where the system tells.
///
/// # Errors
///
/// If there are fewer.
pub fn check(needed: f64) -> Result<(), TooLittleMemory> {
    match available() {
        Some(available) if needed > available as f64 => Err(TooLittleMemory { needed, available }),
        _ => Ok(()),
    }
}

/// Returns the bytes that this process may still take: the least of what the machine has free, what its
/// control groups have left, and what its limit on addresses leaves. `None` where the system does not tell.
fn available() -> Option<u64> {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let limits = [
        kibibytes(&read("/proc/meminfo"), "MemAvailable:"),
        of_groups(&read("/proc/self/cgroup"), Path::new("/sys/fs/cgroup")),
        of_addresses(&read("/proc/self/limits"), &read("/proc/self/status")),
    ];
    limits.into_iter().flatten().min()
}

/// The limit on addresses, less what is taken of it.
fn of_addresses(limits: &str, status: &str) -> Option<u64> {
    let line = limits.lines().find_map(|line| line.strip_prefix("Max address space"))?;
    // "unlimited" is no number.
    let limit: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(limit.saturating_sub(kibibytes(status, "VmSize:")?))
}

/// What the tightest control group above this process has left, in either version of the hierarchy.
fn of_groups(groups: &str, root: &Path) -> Option<u64> {
    let mut least: Option<u64> = None;
    for line in groups.lines() {
        let mut parts = line.splitn(3, ':').skip(1);
        let (Some(controllers), Some(path)) = (parts.next(), parts.next()) else { continue };
        let (top, names) = if controllers.is_empty() {
            (root.to_owned(), ["memory.max", "memory.current", "inactive_file "])
        } else if controllers.split(',').any(|controller| controller == "memory") {
            let names = ["memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file "];
            (root.join("memory"), names)
        } else {
            continue;
        };
        let group = top.join(path.trim_start_matches('/'));
        let above = group.ancestors().take_while(|folder| folder.starts_with(&top));
        least = least.into_iter().chain(above.filter_map(|folder| left(folder, names))).min();
    }
    least
}

/// What a control group has left. Its cache of files that nobody uses counts as free.
fn left(group: &Path, [limit, usage, cache]: [&str; 3]) -> Option<u64> {
    let read = |name: &str| fs::read_to_string(group.join(name)).ok();
    // "max" is no number.
    let number = |name: &str| read(name)?.trim().parse::<u64>().ok();
    let (limit, usage) = (number(limit)?, number(usage)?);
    let statistics = read("memory.stat").unwrap_or_default();
    let cached = statistics.lines().find_map(|line| line.strip_prefix(cache)?.trim().parse().ok());
    Some(limit.saturating_sub(usage.saturating_sub(cached.unwrap_or(0))))
}

fn kibibytes(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    let count: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(count.saturating_mul(1024))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_machine_and_the_limit_on_addresses_tell_what_is_left() {
        let memory = "MemTotal:       24680000 kB\nMemAvailable:   2048 kB\n";
        assert_eq!(kibibytes(memory, "MemAvailable:"), Some(2 << 20));
        let limits =
            |soft: &str| format!("Max address space         {soft}    unlimited    bytes\n");
        let status = "Name:\tbackdraft\nVmSize:\t    1024 kB\n";
        assert_eq!(of_addresses(&limits("3145728"), status), Some(2 << 20));
        assert_eq!(of_addresses(&limits("1"), status), Some(0));
        assert_eq!(of_addresses(&limits("unlimited"), status), None);
    }

    #[test]
    fn the_tightest_control_group_counts_in_either_version_and_its_cache_is_free() {
        let folder = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write("a/memory.max", "1000\n");
        write("a/memory.current", "600\n");
        write("a/memory.stat", "anon 500\ninactive_file 100\n");
        write("a/b/memory.max", "max\n");
        write("a/b/memory.current", "600\n");
        assert_eq!(of_groups("0::/a/b\n", folder.path()), Some(500));
        write("memory/c/memory.limit_in_bytes", "300\n");
        write("memory/c/memory.usage_in_bytes", "100\n");
        assert_eq!(of_groups("5:cpu,memory:/c\n0::/a/b\n", folder.path()), Some(200));
        assert_eq!(of_groups("5:cpu,cpuacct:/c\n", folder.path()), None);
        assert_eq!(of_groups("0::/none\n", folder.path()), None);
        // In a container the group may have another name than from outside.
        write("memory.max", "50\n");
        write("memory.current", "10\n");
        assert_eq!(of_groups("0::/none\n", folder.path()), Some(40));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn what_cannot_be_had_is_refused_with_both_numbers() {
        assert!(check(1.0).is_ok());
        let error = check(1e18).unwrap_err().to_string();
        assert!(error.starts_with("needs at least 931322574.6 GiB of memory, and "), "{error}");
        assert!(error.ends_with(" GiB are free"), "{error}");
    }
}
