//! Back ends by name: which are compiled in, which devices answer, and how to get the others.

mod answer;
mod error;
#[cfg(feature = "_gpu")]
mod fault;
mod list;

use std::fmt;

use backdraft_text::Named;
use backdraft_text::nearest;
use burn::tensor::{Device, FloatDType};

pub use error::BackendError;
pub use list::BACKENDS;

use answer::{answer, silenced};
#[cfg(feature = "_gpu")]
use fault::fault;

/// Environment variable with the name of the back end to use when none is asked for.
pub const BACKEND_VARIABLE: &str = "BACKDRAFT_BACKEND";

/// A Burn back end.
pub struct Backend {
    /// The name for `--backend`, which is also the cargo feature.
    pub name: &'static str,
    /// What it is, in one sentence.
    pub about: &'static str,
    /// What it needs besides the feature; empty if nothing.
    pub needs: &'static str,
    /// How to get what it needs on Debian; empty if nothing.
    pub debian: &'static str,
    /// By how much a network in miniature may differ from `flex` in one step, relative to the scale of
    /// what is measured.
    pub tolerance: f64,
    /// Why by so much.
    pub reason: &'static str,
    opened: Option<Opened>,
}

/// How a back end that is compiled in finds its devices.
#[derive(Clone, Copy)]
struct Opened {
    default: fn() -> Device,
    all: fn() -> Vec<Device>,
}

/// How many times more an experiment may differ: its networks are deep and on the edge of chaos on purpose,
/// where every layer makes more of a rounding.
pub const AMPLIFIED: f64 = 20.0;

/// A device that answered.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct DeviceInfo {
    /// As the device names itself; on a CPU, how many threads there are.
    pub name: String,
    /// Under which name compiled kernels are kept, where they are: `ptx_sm90`, or `spirv_` with the numbers
    /// of vendor and device.
    pub target: Option<String>,
    /// Why it cannot be used all the same, and what to do.
    pub fault: Option<&'static str>,
}

/// How many bits a floating-point number has on the device.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Precision {
    /// 32 bits, at which networks are trained.
    #[default]
    F32,
    /// 64 bits, where the back end has them: gradients of deep networks do not underflow.
    F64,
}

impl Named for Precision {
    const KIND: &'static str = "precision";
    const ALL: &'static [(Self, &'static str, &'static str)] = &[
        (Self::F32, "f32", "32 bits, at which networks are trained"),
        (
            Self::F64,
            "f64",
            "64 bits, where the back end has them: gradients of deep networks do not underflow",
        ),
    ];
}

impl fmt::Display for Precision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Backend {
    /// Tells whether the back end is compiled in.
    pub fn is_built_in(&self) -> bool {
        self.opened.is_some()
    }

    /// Tells whether tensors lie in the memory of the process, not of a device with its own.
    pub fn is_in_process(&self) -> bool {
        self.needs.is_empty()
    }

    /// Returns the command that builds the program with this back end as well.
    pub fn build_command(&self) -> String {
        format!("cargo run --release --features {} -- …", self.name)
    }

    /// Finds the back end `name` and sets its device to `precision`, for the rest of the process:
    /// call it once, before any tensor is made.
    ///
    /// # Errors
    ///
    /// [`BackendError`] as from [`select`](Self::select), or if the device lacks the precision.
    pub fn select_with(
        name: Option<&str>,
        precision: Precision,
    ) -> Result<(&'static Self, Device), BackendError> {
        let backend = Self::named(name)?;
        let Some(opened) = backend.opened else {
            return Err(BackendError::NotBuiltIn { name: backend.name });
        };
        let no_device = |reason| BackendError::NoDevice {
            name: backend.name,
            reason,
            needs: backend.needs,
            debian: backend.debian,
        };
        let mut device = silenced(opened.default).map_err(no_device)?;
        if precision == Precision::F64 {
            // Before anything is computed: Burn keeps the precision of the first tensor.
            let configured = device.configure(FloatDType::F64);
            configured.map_err(|_| BackendError::Precision { name: backend.name })?;
        }
        // Before anything is computed: what crashes a driver cannot be caught.
        let info = silenced(|| info(&device)).map_err(no_device)?;
        if let Some(fault) = info.fault {
            return Err(BackendError::Faulty { name: backend.name, device: info.name, fault });
        }
        answer(&device).map_err(no_device)?;
        Ok((backend, device))
    }

    /// Finds the back end `name` and its default device, without autodiff, and has it compute
    /// something. Without a name it is the one that [`BACKEND_VARIABLE`] names, or the default.
    ///
    /// # Errors
    ///
    /// [`BackendError`] if there is no such back end, it is not compiled in, or no device answers.
    pub fn select(name: Option<&str>) -> Result<(&'static Self, Device), BackendError> {
        Self::select_with(name, Precision::F32)
    }

    /// Finds the back end by its name, compiled in or not; without a name, the one that is used.
    ///
    /// # Errors
    ///
    /// [`BackendError::Unknown`].
    pub fn named(name: Option<&str>) -> Result<&'static Self, BackendError> {
        let variable = std::env::var(BACKEND_VARIABLE).ok().filter(|name| !name.is_empty());
        let (name, origin) = match (name, &variable) {
            (Some(name), _) => (name, ""),
            (None, Some(name)) => (name.as_str(), "BACKDRAFT_BACKEND: "),
            // One is compiled in, else the crate does not compile.
            (None, None) => {
                let built_in = BACKENDS.iter().find(|backend| backend.is_built_in());
                return Ok(built_in.unwrap_or(&BACKENDS[0]));
            }
        };
        BACKENDS.iter().find(|backend| backend.name == name).ok_or_else(|| {
            let nearest = nearest(name, BACKENDS.iter().map(|backend| backend.name));
            BackendError::Unknown {
                origin,
                name: name.to_owned(),
                nearest: nearest.unwrap_or(BACKENDS[0].name),
            }
        })
    }

    /// Lists the devices that the back end finds; none if it is not compiled in.
    pub fn devices(&self) -> Vec<DeviceInfo> {
        let Some(opened) = self.opened else { return Vec::new() };
        let found = silenced(opened.all).unwrap_or_default();
        found.iter().filter_map(|device| silenced(|| info(device)).ok()).collect()
    }
}

#[cfg(not(feature = "_gpu"))]
fn info(_device: &Device) -> DeviceInfo {
    processor()
}

#[cfg(feature = "_gpu")]
fn info(device: &Device) -> DeviceInfo {
    device.identity().map_or_else(processor, |identity| DeviceInfo {
        fault: fault(&identity.name),
        name: identity.name,
        target: Some(identity.fingerprint),
    })
}

fn processor() -> DeviceInfo {
    let threads = backdraft_layers::threads();
    DeviceInfo { name: format!("CPU, {threads} threads"), target: None, fault: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_back_end_is_answered_with_the_nearest() {
        let error = Backend::select(Some("flexx")).map(|(backend, _)| backend.name).unwrap_err();
        assert!(error.to_string().contains("did you mean `flex`"), "{error}");
    }

    #[test]
    #[cfg(not(feature = "cuda"))]
    fn a_back_end_that_is_not_built_in_names_its_feature() {
        let error = Backend::select(Some("cuda")).map(|(backend, _)| backend.name).unwrap_err();
        assert!(error.to_string().contains("--features cuda"), "{error}");
    }

    #[test]
    #[cfg(feature = "flex")]
    fn the_cpu_answers_with_its_threads() {
        let (flex, _) = Backend::select(Some("flex")).unwrap();
        let [cpu] = &flex.devices()[..] else { panic!("one device") };
        assert!(cpu.name.contains("threads") && cpu.target.is_none(), "{cpu:?}");
    }
}
