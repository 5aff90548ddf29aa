//! Back ends by name: which are compiled in, and how to get the others.

use burn::tensor::{Device, FloatDType};
use clap::ValueEnum;

use crate::nearest::nearest;

#[cfg(not(any(
    feature = "flex",
    feature = "ndarray",
    feature = "wgpu",
    feature = "vulkan",
    feature = "metal",
    feature = "cuda"
)))]
compile_error!(
    "Backdraft was built without a back end: enable at least one of the features `flex` (the \
     default), `ndarray`, `wgpu`, `vulkan`, `metal`, `cuda`"
);

/// A Burn back end.
pub struct Backend {
    /// The name for `--backend`, which is also the cargo feature.
    pub name: &'static str,
    /// What it is, in one sentence.
    pub about: &'static str,
    /// What it needs besides the feature; empty if nothing.
    pub needs: &'static str,
    device: Option<fn() -> Device>,
}

/// Every back end, compiled in or not; the first one compiled in is the default.
pub const BACKENDS: &[Backend] = &[
    Backend {
        name: "flex",
        about: "Burn's CPU back end in pure Rust",
        needs: "",
        #[cfg(feature = "flex")]
        device: Some(Device::flex),
        #[cfg(not(feature = "flex"))]
        device: None,
    },
    Backend {
        name: "ndarray",
        about: "Burn's older CPU back end, deprecated upstream and slower",
        needs: "",
        #[cfg(feature = "ndarray")]
        device: Some(ndarray),
        #[cfg(not(feature = "ndarray"))]
        device: None,
    },
    Backend {
        name: "wgpu",
        about: "any GPU through Vulkan, Metal, DirectX or WebGPU, whichever is found",
        needs: "a GPU driver; on Debian without a GPU, the package mesa-vulkan-drivers",
        #[cfg(feature = "wgpu")]
        device: Some(|| Device::wgpu(burn::tensor::DeviceKind::DefaultDevice)),
        #[cfg(not(feature = "wgpu"))]
        device: None,
    },
    Backend {
        name: "vulkan",
        about: "a GPU through Vulkan",
        needs: "a Vulkan driver; on Debian without a GPU, the package mesa-vulkan-drivers",
        #[cfg(feature = "vulkan")]
        device: Some(|| Device::vulkan(burn::tensor::DeviceKind::DefaultDevice)),
        #[cfg(not(feature = "vulkan"))]
        device: None,
    },
    Backend {
        name: "metal",
        about: "an Apple GPU through Metal",
        needs: "macOS",
        #[cfg(feature = "metal")]
        device: Some(|| Device::metal(burn::tensor::DeviceKind::DefaultDevice)),
        #[cfg(not(feature = "metal"))]
        device: None,
    },
    Backend {
        name: "cuda",
        about: "an NVIDIA GPU through CUDA",
        needs: "the NVIDIA driver and the CUDA toolkit",
        #[cfg(feature = "cuda")]
        device: Some(|| Device::cuda(0usize)),
        #[cfg(not(feature = "cuda"))]
        device: None,
    },
];

#[cfg(feature = "ndarray")]
#[expect(deprecated, reason = "offered although upstream deprecates it")]
fn ndarray() -> Device {
    Device::ndarray()
}

/// How many bits a floating-point number has on the device.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Precision {
    /// 32 bits, at which networks are trained.
    #[default]
    F32,
    /// 64 bits, where the back end has them: gradients of deep networks do not underflow.
    F64,
}

/// Why a back end cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BackendError {
    /// There is no such back end.
    #[error(
        "there is no back end `{name}`; did you mean `{nearest}`? `backdraft backends` lists them"
    )]
    Unknown {
        /// The name asked for.
        name: String,
        /// The most similar name.
        nearest: &'static str,
    },
    /// The back end has no numbers of this kind.
    #[error("the back end `{name}` has no 64-bit floating-point numbers; `flex` has")]
    Precision {
        /// The back end.
        name: &'static str,
    },
    /// The back end was not compiled in.
    #[error(
        "the back end `{name}` is not built in: build with `cargo run --release --features {name} -- …`"
    )]
    NotBuiltIn {
        /// The name asked for.
        name: &'static str,
    },
}

impl Backend {
    /// Tells whether the back end is compiled in.
    pub fn is_built_in(&self) -> bool {
        self.device.is_some()
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
        let (backend, mut device) = Self::select(name)?;
        if precision == Precision::F64 {
            let configured = device.configure(FloatDType::F64);
            configured.map_err(|_| BackendError::Precision { name: backend.name })?;
        }
        Ok((backend, device))
    }

    /// Finds the back end `name` and its default device, without autodiff; the default back end
    /// if there is no name.
    ///
    /// # Errors
    ///
    /// [`BackendError`] if there is no such back end or it is not compiled in.
    pub fn select(name: Option<&str>) -> Result<(&'static Self, Device), BackendError> {
        let Some(name) = name else {
            let built_in = BACKENDS.iter().find_map(|b| b.device.map(|device| (b, device())));
            return built_in.ok_or(BackendError::NotBuiltIn { name: BACKENDS[0].name });
        };
        let names = || BACKENDS.iter().map(|backend| backend.name);
        let Some(backend) = BACKENDS.iter().find(|backend| backend.name == name) else {
            let nearest = nearest(name, names()).unwrap_or(BACKENDS[0].name);
            return Err(BackendError::Unknown { name: name.to_owned(), nearest });
        };
        match backend.device {
            Some(device) => Ok((backend, device())),
            None => Err(BackendError::NotBuiltIn { name: backend.name }),
        }
    }
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
}
