//! Points in time for people.

/// Returns a time as `2026-11-27 17:10 UTC`.
pub fn utc(unix: u64) -> String {
    let (days, minutes) = (unix / 86_400, unix % 86_400 / 60);
    let (year, month, day) = civil(days);
    format!("{year}-{month:02}-{day:02} {:02}:{:02} UTC", minutes / 60, minutes % 60)
}

/// Year, month and day so many days after 1970-01-01.
///
/// # Reference
///
/// Hinnant, "chrono-Compatible Low-Level Date Algorithms", `civil_from_days`: years begin in March and
/// eras of 400 years on 0000-03-01, 719,468 days before 1970.
fn civil(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let leaps = day_of_era / 1_460 + day_of_era / 146_096;
    let year_of_era = (day_of_era + day_of_era / 36_524 - leaps) / 365;
    let leap_days = year_of_era / 4 - year_of_era / 100;
    let day_of_year = day_of_era - (365 * year_of_era + leap_days);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let is_next_year = month >= 10;
    let month = if is_next_year { month - 9 } else { month + 3 };
    (year_of_era + 400 * era + u64::from(is_next_year), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As `date --utc --date=@N` has it.
    #[test]
    fn times_are_those_of_the_system() {
        for (unix, told) in [
            (0, "1970-01-01 00:00 UTC"),
            (951_782_399, "2000-02-28 23:59 UTC"),
            (951_782_400, "2000-02-29 00:00 UTC"),
            (951_868_800, "2000-03-01 00:00 UTC"),
            (1_795_799_400, "2026-11-27 17:10 UTC"),
            (4_107_542_399, "2100-02-28 23:59 UTC"),
            (4_107_542_400, "2100-03-01 00:00 UTC"),
        ] {
            assert_eq!(utc(unix), told);
        }
    }
}
