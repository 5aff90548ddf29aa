//! Whether a device is there at all.

use burn::tensor::{Device, Tensor};

use crate::panics::silent;

/// Has a device compute something, because back ends look for theirs no sooner.
///
/// Drivers that are absent make Burn panic; that is no news to anyone but the caller.
pub(super) fn answer(device: &Device) -> Result<(), String> {
    let read = silenced(|| (Tensor::<1>::from_floats([1.0, 2.0], device) + 1.0).try_into_data())?;
    read.map(drop).map_err(|error| error.to_string())
}

/// Returns what `look` found, or the first line of what made it panic.
pub(super) fn silenced<T>(look: impl FnOnce() -> T) -> Result<T, String> {
    let first_line = |text: String| text.lines().next().unwrap_or_default().to_owned();
    silent(look).map_err(first_line)
}
