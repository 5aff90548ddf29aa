//! Drivers that take the process along when they are asked to compute, told before they are.

/// Returns why the device of that name cannot be used in this build, and what to do, if it cannot.
///
/// With Burn's feature `vulkan` every back end that finds Vulkan, `wgpu` as well, hands the driver SPIR-V of
/// cubecl-spirv. Its 0.11.3 declares shared memory as a pointer to a pointer where the driver lacks
/// VK_KHR_workgroup_memory_explicit_layout (`lower_shared_implicit` has the two types the wrong way round, and
/// `spirv-val` says so); Mesa's llvmpipe, 22.3.6 and 25.0.7, lacks it, and crashes on that.
pub(super) fn fault(device: &str) -> Option<&'static str> {
    let crashes = cfg!(feature = "vulkan") && device.starts_with("llvmpipe");
    crashes.then_some(
        "the kernels that Burn 0.22.1 makes for it with the feature `vulkan` crash it; build with \
         `--features wgpu` and without `vulkan`",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn software_vulkan_is_at_fault_with_the_feature_vulkan_alone() {
        let expected = cfg!(feature = "vulkan");
        assert_eq!(fault("llvmpipe (LLVM 15.0.6, 256 bits)").is_some(), expected);
        assert_eq!(fault("NVIDIA H100 PCIe"), None);
    }
}
