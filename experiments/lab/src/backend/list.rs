//! The only list of back ends.

use super::{Backend, Opened};

#[cfg(not(any(feature = "flex", feature = "ndarray", feature = "_gpu")))]
compile_error!(
    "Backdraft was built without a back end: enable at least one of the features `flex` (the \
     default), `ndarray`, `wgpu`, `vulkan`, `metal`, `webgpu`, `cuda`, `rocm`"
);

/// How to open a back end if its feature is on.
macro_rules! opened {
    ($feature:tt, $kind:ident, $default:expr) => {{
        #[cfg(feature = $feature)]
        {
            Some(Opened {
                default: || $default,
                all: || {
                    use burn::tensor::DeviceType;
                    burn::tensor::Device::enumerate(DeviceType::$kind).into_vec()
                },
            })
        }
        #[cfg(not(feature = $feature))]
        {
            None::<Opened>
        }
    }};
}

/// Sums in another order.
const ROUNDING: &str = "sums are taken in another order, each rounded to 24 bits";
/// Sums in another order, other functions, and no subnormal numbers.
const GPU_ROUNDING: &str = "drivers may take exp and tanh loosely, and numbers below 1.2e-38 for 0 (Vulkan \
                            specification, Precision and Operation of SPIR-V Instructions)";

/// Every back end, compiled in or not; the first one compiled in is the default.
pub const BACKENDS: &[Backend] = &[
    Backend {
        name: "flex",
        about: "Burn's CPU back end in pure Rust",
        needs: "",
        debian: "",
        tolerance: 0.0,
        reason: "it is what the others are compared with",
        opened: opened!("flex", Flex, burn::tensor::Device::flex()),
    },
    Backend {
        name: "ndarray",
        about: "Burn's older CPU back end, deprecated upstream and slower",
        needs: "",
        debian: "",
        tolerance: 1e-4,
        reason: ROUNDING,
        opened: opened!("ndarray", NdArray, ndarray()),
    },
    Backend {
        name: "wgpu",
        about: "any GPU through Vulkan, Metal, DirectX or OpenGL, whichever is found",
        needs: "a GPU driver; without a GPU, Mesa's software Vulkan",
        debian: "apt-get install mesa-vulkan-drivers",
        tolerance: 1e-3,
        reason: GPU_ROUNDING,
        opened: opened!("wgpu", Wgpu, burn::tensor::Device::wgpu(Default::default())),
    },
    Backend {
        name: "vulkan",
        about: "a GPU through Vulkan, its kernels as SPIR-V",
        needs: "a GPU and its Vulkan driver; for Mesa's software Vulkan take `wgpu` alone",
        debian: "apt-get install mesa-vulkan-drivers",
        tolerance: 1e-3,
        reason: GPU_ROUNDING,
        opened: opened!("vulkan", Vulkan, burn::tensor::Device::vulkan(Default::default())),
    },
    Backend {
        name: "metal",
        about: "an Apple GPU through Metal",
        needs: "macOS",
        debian: "not there",
        tolerance: 1e-3,
        reason: GPU_ROUNDING,
        opened: opened!("metal", Metal, burn::tensor::Device::metal(Default::default())),
    },
    Backend {
        name: "webgpu",
        about: "a browser's GPU, through WebGPU",
        needs: "a browser around it: for a program on a machine take `wgpu`",
        debian: "not there",
        tolerance: 1e-3,
        reason: GPU_ROUNDING,
        opened: opened!("webgpu", WebGpu, burn::tensor::Device::webgpu(Default::default())),
    },
    Backend {
        name: "cuda",
        about: "an NVIDIA GPU through CUDA",
        needs: "the NVIDIA driver and the CUDA toolkit",
        debian: "apt-get install nvidia-driver nvidia-cuda-toolkit, from non-free",
        tolerance: 1e-2,
        reason: "tensor cores multiply numbers that they round to 11 bits (TF32)",
        opened: opened!("cuda", Cuda, burn::tensor::Device::cuda(0usize)),
    },
    Backend {
        name: "rocm",
        about: "an AMD GPU through ROCm",
        needs: "the AMD driver and ROCm",
        debian: "apt-get install hipcc rocm-device-libs",
        tolerance: 1e-2,
        reason: "matrix cores may multiply numbers of fewer bits",
        opened: opened!("rocm", Rocm, burn::tensor::Device::rocm(0usize)),
    },
];

#[cfg(feature = "ndarray")]
#[expect(deprecated, reason = "offered although upstream deprecates it")]
fn ndarray() -> burn::tensor::Device {
    burn::tensor::Device::ndarray()
}
