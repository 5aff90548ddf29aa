/* A Vulkan layer, for what no healthy machine shows: a device that is lost, and software Vulkan given the
 * kernels of the feature `vulkan` without the fault that crashes it (docs/devices.md).
 *
 *     LAYER_LOST_AFTER=3500   the device is lost after so many submissions
 *     LAYER_MEND=1            shared memory is declared as its own type, not as a pointer to it
 *
 * Built by tests/binary/lost_device.rs; CONTRIBUTING.md says how to use it by hand. */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <vulkan/vk_layer.h>
#include <vulkan/vulkan.h>

static PFN_vkGetInstanceProcAddr next_instance;
static PFN_vkGetDeviceProcAddr next_device;
static VkInstance instance;
static atomic_long submissions;
static long lost_after = -1;

#define NEXT(name) ((PFN_##name)next_device(device, #name))

static int is_lost(void) { return lost_after >= 0 && atomic_load(&submissions) > lost_after; }

static PFN_vkQueueSubmit next_submit;
static VkResult VKAPI_CALL submit(VkQueue queue, uint32_t count, const VkSubmitInfo *infos, VkFence fence) {
    atomic_fetch_add(&submissions, 1);
    return is_lost() ? VK_ERROR_DEVICE_LOST : next_submit(queue, count, infos, fence);
}

static VkResult VKAPI_CALL wait_fences(VkDevice device, uint32_t count, const VkFence *fences, VkBool32 all,
                                       uint64_t timeout) {
    return is_lost() ? VK_ERROR_DEVICE_LOST : NEXT(vkWaitForFences)(device, count, fences, all, timeout);
}

static VkResult VKAPI_CALL wait_semaphores(VkDevice device, const VkSemaphoreWaitInfo *info, uint64_t timeout) {
    return is_lost() ? VK_ERROR_DEVICE_LOST : NEXT(vkWaitSemaphores)(device, info, timeout);
}

static VkResult VKAPI_CALL counter(VkDevice device, VkSemaphore semaphore, uint64_t *value) {
    return is_lost() ? VK_ERROR_DEVICE_LOST : NEXT(vkGetSemaphoreCounterValue)(device, semaphore, value);
}

/* Words of SPIR-V, by the sections "Logical layout" and "Instructions" of its specification. */
enum { HEADER = 5, BOUND = 3, OP_TYPE_POINTER = 32, OP_VARIABLE = 59, WORKGROUP = 4 };

/* Gives variables in shared memory whose type is a pointer to a pointer the inner pointer for a type. */
static void mend(uint32_t *words, size_t count) {
    uint32_t *pointee = calloc(words[BOUND], sizeof *pointee);
    for (size_t at = HEADER; pointee && at + 3 < count && words[at] >> 16; at += words[at] >> 16) {
        uint32_t operation = words[at] & 0xffff;
        if (operation == OP_TYPE_POINTER && words[at + 2] == WORKGROUP) {
            pointee[words[at + 1]] = words[at + 3];
        } else if (operation == OP_VARIABLE && words[at + 3] == WORKGROUP) {
            uint32_t inner = pointee[words[at + 1]];
            if (pointee[inner]) words[at + 1] = inner;
        }
    }
    free(pointee);
}

static VkResult VKAPI_CALL shader(VkDevice device, const VkShaderModuleCreateInfo *info,
                                  const VkAllocationCallbacks *allocator, VkShaderModule *module) {
    uint32_t *words = malloc(info->codeSize);
    if (!words) return VK_ERROR_OUT_OF_HOST_MEMORY;
    memcpy(words, info->pCode, info->codeSize);
    if (getenv("LAYER_MEND")) mend(words, info->codeSize / sizeof *words);
    VkShaderModuleCreateInfo mended = *info;
    mended.pCode = words;
    VkResult result = NEXT(vkCreateShaderModule)(device, &mended, allocator, module);
    free(words);
    return result;
}

/* A mended device has a name of its own, as the plain one is refused by its name. */
static void rename_device(char *name) {
    char plain[VK_MAX_PHYSICAL_DEVICE_NAME_SIZE];
    memcpy(plain, name, sizeof plain);
    if (getenv("LAYER_MEND")) snprintf(name, sizeof plain, "mended %.240s", plain);
}

static PFN_vkGetPhysicalDeviceProperties next_properties;
static void VKAPI_CALL properties(VkPhysicalDevice device, VkPhysicalDeviceProperties *found) {
    next_properties(device, found);
    rename_device(found->deviceName);
}

static PFN_vkGetPhysicalDeviceProperties2 next_properties_2;
static void VKAPI_CALL properties_2(VkPhysicalDevice device, VkPhysicalDeviceProperties2 *found) {
    next_properties_2(device, found);
    rename_device(found->properties.deviceName);
}

static VkResult VKAPI_CALL create_instance(const VkInstanceCreateInfo *info, const VkAllocationCallbacks *allocator,
                                           VkInstance *created) {
    VkLayerInstanceCreateInfo *link = (void *)info->pNext;
    while (link && (link->sType != VK_STRUCTURE_TYPE_LOADER_INSTANCE_CREATE_INFO || link->function != VK_LAYER_LINK_INFO))
        link = (void *)link->pNext;
    if (!link) return VK_ERROR_INITIALIZATION_FAILED;
    next_instance = link->u.pLayerInfo->pfnNextGetInstanceProcAddr;
    link->u.pLayerInfo = link->u.pLayerInfo->pNext;
    const char *after = getenv("LAYER_LOST_AFTER");
    if (after) lost_after = atol(after);
    VkResult result = ((PFN_vkCreateInstance)next_instance(NULL, "vkCreateInstance"))(info, allocator, created);
    if (result == VK_SUCCESS) {
        instance = *created;
        next_properties = (void *)next_instance(instance, "vkGetPhysicalDeviceProperties");
        next_properties_2 = (void *)next_instance(instance, "vkGetPhysicalDeviceProperties2");
    }
    return result;
}

static VkResult VKAPI_CALL create_device(VkPhysicalDevice physical, const VkDeviceCreateInfo *info,
                                         const VkAllocationCallbacks *allocator, VkDevice *created) {
    VkLayerDeviceCreateInfo *link = (void *)info->pNext;
    while (link && (link->sType != VK_STRUCTURE_TYPE_LOADER_DEVICE_CREATE_INFO || link->function != VK_LAYER_LINK_INFO))
        link = (void *)link->pNext;
    if (!link) return VK_ERROR_INITIALIZATION_FAILED;
    next_device = link->u.pLayerInfo->pfnNextGetDeviceProcAddr;
    PFN_vkCreateDevice create = (void *)link->u.pLayerInfo->pfnNextGetInstanceProcAddr(instance, "vkCreateDevice");
    link->u.pLayerInfo = link->u.pLayerInfo->pNext;
    VkResult result = create(physical, info, allocator, created);
    if (result == VK_SUCCESS) next_submit = (void *)next_device(*created, "vkQueueSubmit");
    return result;
}

PFN_vkVoidFunction VKAPI_CALL layer_device(VkDevice device, const char *name);
PFN_vkVoidFunction VKAPI_CALL layer_instance(VkInstance of, const char *name);

static const struct {
    const char *name;
    void *function;
    int of_device;
} OURS[] = {
    {"vkGetInstanceProcAddr", layer_instance, 0},
    {"vkCreateInstance", create_instance, 0},
    {"vkCreateDevice", create_device, 0},
    {"vkGetPhysicalDeviceProperties", properties, 0},
    {"vkGetPhysicalDeviceProperties2", properties_2, 0},
    {"vkGetPhysicalDeviceProperties2KHR", properties_2, 0},
    {"vkGetDeviceProcAddr", layer_device, 1},
    {"vkQueueSubmit", submit, 1},
    {"vkWaitForFences", wait_fences, 1},
    {"vkWaitSemaphores", wait_semaphores, 1},
    {"vkWaitSemaphoresKHR", wait_semaphores, 1},
    {"vkGetSemaphoreCounterValue", counter, 1},
    {"vkGetSemaphoreCounterValueKHR", counter, 1},
    {"vkCreateShaderModule", shader, 1},
};

static PFN_vkVoidFunction ours(const char *name, int of_device_alone) {
    for (size_t i = 0; i < sizeof OURS / sizeof *OURS; i++)
        if (!strcmp(OURS[i].name, name) && (OURS[i].of_device || !of_device_alone)) return (PFN_vkVoidFunction)OURS[i].function;
    return NULL;
}

PFN_vkVoidFunction VKAPI_CALL layer_device(VkDevice device, const char *name) {
    PFN_vkVoidFunction found = ours(name, 1);
    return found ? found : next_device(device, name);
}

PFN_vkVoidFunction VKAPI_CALL layer_instance(VkInstance of, const char *name) {
    PFN_vkVoidFunction found = ours(name, 0);
    return found ? found : next_instance ? next_instance(of, name) : NULL;
}
