/* A Vulkan library that hands everything on to the system's and answers some calls by itself: so
   tests see lost devices, small limits, many devices, and what nc_gpu.h submits. */
#define VK_NO_PROTOTYPES
#include <vulkan/vulkan.h>
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include "vulkan_between.h"

vulkan_between between;

/* The functions that are answered here; `next` holds the driver's. */
#define ANSWERED(X)                                                                                \
    X(EnumerateInstanceExtensionProperties)                                                        \
    X(CreateInstance)                                                                              \
    X(QueueSubmit)                                                                                 \
    X(WaitForFences)                                                                               \
    X(EnumeratePhysicalDevices)                                                                    \
    X(GetPhysicalDeviceProperties)                                                                 \
    X(GetPhysicalDeviceProperties2)                                                                \
    X(GetPhysicalDeviceFeatures)                                                                   \
    X(GetPhysicalDeviceQueueFamilyProperties)                                                      \
    X(GetPhysicalDeviceMemoryProperties)                                                           \
    X(EnumerateDeviceExtensionProperties)                                                          \
    X(CreateDevice)                                                                                \
    X(AllocateMemory)                                                                              \
    X(FreeMemory)                                                                                  \
    X(MapMemory)                                                                                   \
    X(BeginCommandBuffer)                                                                          \
    X(CmdPipelineBarrier)                                                                          \
    X(CmdDispatch)                                                                                 \
    X(CmdCopyBuffer)                                                                               \
    X(CreateShaderModule)                                                                          \
    X(CreatePipelineCache)                                                                         \
    X(GetQueryPoolResults)
/* Those that only fail now and then. */
#define HOOKS const VkAllocationCallbacks *hooks
#define FAILING(X)                                                                                 \
    X(CreateBuffer, (VkDevice d, const VkBufferCreateInfo *i, HOOKS, VkBuffer *out),               \
      (d, i, hooks, out))                                                                          \
    X(BindBufferMemory, (VkDevice d, VkBuffer b, VkDeviceMemory m, VkDeviceSize at),               \
      (d, b, m, at))                                                                               \
    X(CreateDescriptorSetLayout,                                                                   \
      (VkDevice d, const VkDescriptorSetLayoutCreateInfo *i, HOOKS, VkDescriptorSetLayout *out),   \
      (d, i, hooks, out))                                                                          \
    X(CreatePipelineLayout,                                                                        \
      (VkDevice d, const VkPipelineLayoutCreateInfo *i, HOOKS, VkPipelineLayout *out),             \
      (d, i, hooks, out))                                                                          \
    X(CreateComputePipelines,                                                                      \
      (VkDevice d, VkPipelineCache c, uint32_t n, const VkComputePipelineCreateInfo *i, HOOKS,     \
       VkPipeline *out),                                                                           \
      (d, c, n, i, hooks, out))                                                                    \
    X(GetPipelineCacheData, (VkDevice d, VkPipelineCache c, size_t * n, void *out),                \
      (d, c, n, out))                                                                              \
    X(CreateDescriptorPool,                                                                        \
      (VkDevice d, const VkDescriptorPoolCreateInfo *i, HOOKS, VkDescriptorPool *out),             \
      (d, i, hooks, out))                                                                          \
    X(AllocateDescriptorSets,                                                                      \
      (VkDevice d, const VkDescriptorSetAllocateInfo *i, VkDescriptorSet *out), (d, i, out))       \
    X(CreateCommandPool,                                                                           \
      (VkDevice d, const VkCommandPoolCreateInfo *i, HOOKS, VkCommandPool *out),                   \
      (d, i, hooks, out))                                                                          \
    X(AllocateCommandBuffers,                                                                      \
      (VkDevice d, const VkCommandBufferAllocateInfo *i, VkCommandBuffer *out), (d, i, out))       \
    X(EndCommandBuffer, (VkCommandBuffer c), (c))                                                  \
    X(CreateFence, (VkDevice d, const VkFenceCreateInfo *i, HOOKS, VkFence *out),                  \
      (d, i, hooks, out))                                                                          \
    X(ResetFences, (VkDevice d, uint32_t n, const VkFence *fences), (d, n, fences))                \
    X(CreateQueryPool, (VkDevice d, const VkQueryPoolCreateInfo *i, HOOKS, VkQueryPool *out),      \
      (d, i, hooks, out))
static struct {
#define MEMBER(name) PFN_vk##name name;
    ANSWERED(MEMBER)
#define FAILING_MEMBER(name, parameters, arguments) PFN_vk##name name;
    FAILING(FAILING_MEMBER)
} next;

/* Is it this call's turn to fail? */
static int fails(void) { return ++between.calls == between.fail_call; }

#define FAILING_FUNCTION(name, parameters, arguments)                                              \
    static VKAPI_ATTR VkResult VKAPI_CALL name parameters {                                        \
        return fails() ? VK_ERROR_OUT_OF_HOST_MEMORY : next.name arguments;                        \
    }
FAILING(FAILING_FUNCTION)

static VkPhysicalDevice driver;       /* its first device */
static char others[BETWEEN_DEVICES];  /* their addresses are devices that are not there */
static uint32_t memory_type[1 << 10]; /* of an allocation, by a hash of its handle */
static VkPhysicalDeviceMemoryProperties memory;

static VkPhysicalDevice real(VkPhysicalDevice device) {
    const char *p = (const char *)device;
    return p >= others && p < others + BETWEEN_DEVICES ? driver : device;
}

static uint32_t *type_of(VkDeviceMemory of) {
    return &memory_type[((uint64_t)(uintptr_t)of >> 4) %
                        (sizeof memory_type / sizeof *memory_type)];
}

/* With between.portable, one more than there are. */
static VkResult add(VkResult result, uint32_t room, uint32_t *count, VkExtensionProperties *out,
                    const char *name) {
    if (!between.portable || result != VK_SUCCESS) return result;
    if (out && *count == room) return VK_INCOMPLETE;
    if (out) strcpy(out[*count].extensionName, name);
    ++*count;
    return VK_SUCCESS;
}

static VKAPI_ATTR VkResult VKAPI_CALL EnumerateInstanceExtensionProperties(
    const char *layer, uint32_t *count, VkExtensionProperties *out) {
    const uint32_t room = *count;
    return add(next.EnumerateInstanceExtensionProperties(layer, count, out), room, count, out,
               "VK_KHR_portability_enumeration");
}

/* The last of these is taken out again: the driver does not have it. */
static int asks(uint32_t *count, const char *const *names, const char *name) {
    if (!*count || strcmp(names[*count - 1], name)) return 0;
    --*count;
    return 1;
}

static VKAPI_ATTR VkResult VKAPI_CALL CreateInstance(const VkInstanceCreateInfo *info,
                                                     const VkAllocationCallbacks *hooks,
                                                     VkInstance *out) {
    if (fails()) return VK_ERROR_OUT_OF_DEVICE_MEMORY;
    VkInstanceCreateInfo changed = *info;
    if (between.portable) {
        between.asked_portable = info->flags == 1 && asks(&changed.enabledExtensionCount,
                                                          changed.ppEnabledExtensionNames,
                                                          "VK_KHR_portability_enumeration");
        changed.flags = 0;
    }
    return next.CreateInstance(&changed, hooks, out);
}

/* What stands in a command buffer. */
typedef struct recording {
    VkCommandBuffer of;
    between_command list[BETWEEN_COMMANDS];
    size_t count;
} recording;

static recording *recording_of(VkCommandBuffer commands) {
    static recording all[8];
    size_t i;
    for (i = 0; i < 8; i++) {
        if (!all[i].of) all[i].of = commands;
        if (all[i].of == commands) return &all[i];
    }
    abort();
}

static void keep(VkCommandBuffer commands, between_command command) {
    recording *r = between.commands ? recording_of(commands) : NULL;
    if (r && r->count < BETWEEN_COMMANDS) r->list[r->count++] = command;
}

static void submit_kept(const VkSubmitInfo *submit) {
    uint32_t i;
    size_t k;
    for (i = 0; between.commands && i < submit->commandBufferCount; i++) {
        const recording *r = recording_of(submit->pCommandBuffers[i]);
        for (k = 0; k < r->count && between.submitted_count < BETWEEN_COMMANDS; k++)
            between.submitted[between.submitted_count++] = r->list[k];
    }
}

static VKAPI_ATTR VkResult VKAPI_CALL QueueSubmit(VkQueue queue, uint32_t n,
                                                  const VkSubmitInfo *submits, VkFence fence) {
    if (fails()) return VK_ERROR_OUT_OF_DEVICE_MEMORY;
    uint32_t i;
    between.submits++;
    for (i = 0; i < n; i++) submit_kept(&submits[i]);
    if (between.fail_submit && between.fail_after-- == 0) return (VkResult)between.fail_submit;
    return next.QueueSubmit(queue, n, submits, fence);
}

static VKAPI_ATTR VkResult VKAPI_CALL WaitForFences(VkDevice device, uint32_t n,
                                                    const VkFence *fences, VkBool32 all,
                                                    uint64_t timeout) {
    const VkResult result = next.WaitForFences(device, n, fences, all, UINT64_MAX);
    between.waits++;
    if (fails()) return VK_ERROR_OUT_OF_HOST_MEMORY; /* it has ended all the same */
    return between.hang && timeout != UINT64_MAX ? VK_TIMEOUT : result;
}

static VKAPI_ATTR VkResult VKAPI_CALL EnumeratePhysicalDevices(VkInstance instance, uint32_t *count,
                                                               VkPhysicalDevice *devices) {
    if (fails()) return VK_ERROR_OUT_OF_DEVICE_MEMORY;
    const uint32_t wanted = (uint32_t)between.devices, room = *count;
    uint32_t i, one = 1;
    const VkResult result = next.EnumeratePhysicalDevices(instance, &one, &driver);
    if (!wanted) return next.EnumeratePhysicalDevices(instance, count, devices);
    if (result < 0) return result;
    *count = wanted;
    if (!devices) return VK_SUCCESS;
    if (room < wanted) *count = room;
    for (i = 0; i < *count; i++)
        devices[i] = i == wanted - 1 ? driver : (VkPhysicalDevice)(void *)(others + i);
    return room < wanted ? VK_INCOMPLETE : VK_SUCCESS;
}

/* The others are of type i % 5, which goes from "other" over integrated, discrete and virtual to
   CPU. */
static void change(VkPhysicalDevice device, VkPhysicalDeviceProperties *p) {
    const char *at = (const char *)device;
    if (real(device) != device) {
        p->deviceType = (VkPhysicalDeviceType)((at - others) % 5);
        strcpy(p->deviceName, "other   ");
        p->deviceName[6] = (char)('a' + (at - others));
    }
    if (between.invocations) p->limits.maxComputeWorkGroupInvocations = between.invocations;
    if (between.shared_bytes) p->limits.maxComputeSharedMemorySize = between.shared_bytes;
    if (between.buffer_bytes) p->limits.maxStorageBufferRange = between.buffer_bytes;
    if (between.buffers) p->limits.maxPerStageDescriptorStorageBuffers = between.buffers;
}

static VKAPI_ATTR void VKAPI_CALL GetPhysicalDeviceProperties(VkPhysicalDevice device,
                                                              VkPhysicalDeviceProperties *out) {
    next.GetPhysicalDeviceProperties(real(device), out);
    change(device, out);
}

static VKAPI_ATTR void VKAPI_CALL GetPhysicalDeviceProperties2(VkPhysicalDevice device,
                                                               VkPhysicalDeviceProperties2 *out) {
    VkBaseOutStructure *s;
    next.GetPhysicalDeviceProperties2(real(device), out);
    change(device, &out->properties);
    for (s = (VkBaseOutStructure *)out->pNext; s; s = s->pNext)
        if (s->sType == VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FLOAT_CONTROLS_PROPERTIES_KHR &&
            between.float_modes) {
            VkPhysicalDeviceFloatControlsProperties *f =
                (VkPhysicalDeviceFloatControlsProperties *)(void *)s;
            f->shaderDenormPreserveFloat32 = VK_TRUE;
            f->shaderRoundingModeRTEFloat32 = VK_TRUE;
            f->shaderSignedZeroInfNanPreserveFloat32 = VK_TRUE;
        }
}

static VKAPI_ATTR void VKAPI_CALL GetPhysicalDeviceFeatures(VkPhysicalDevice device,
                                                            VkPhysicalDeviceFeatures *out) {
    next.GetPhysicalDeviceFeatures(real(device), out);
}

static VKAPI_ATTR void VKAPI_CALL GetPhysicalDeviceQueueFamilyProperties(
    VkPhysicalDevice device, uint32_t *count, VkQueueFamilyProperties *out) {
    uint32_t i;
    next.GetPhysicalDeviceQueueFamilyProperties(real(device), count, out);
    for (i = 0; out && between.timestamp_bits && i < *count; i++)
        out[i].timestampValidBits = between.timestamp_bits;
}

/* 60 ticks behind a clock's last one, from 40 before it. */
static VKAPI_ATTR VkResult VKAPI_CALL GetQueryPoolResults(VkDevice device, VkQueryPool pool,
                                                          uint32_t first, uint32_t count,
                                                          size_t bytes, void *data,
                                                          VkDeviceSize stride,
                                                          VkQueryResultFlags flags) {
    const uint64_t ticks[2] = {(UINT64_C(1) << between.timestamp_bits) - 40, 60};
    const VkResult result =
        next.GetQueryPoolResults(device, pool, first, count, bytes, data, stride, flags);
    if (between.timestamp_bits && count == 2) memcpy(data, ticks, sizeof ticks);
    return result;
}

/* The last memory type is followed by none that is not cached, so lavapipe's own one has two. */
static VKAPI_ATTR void VKAPI_CALL
GetPhysicalDeviceMemoryProperties(VkPhysicalDevice device, VkPhysicalDeviceMemoryProperties *out) {
    uint32_t i;
    next.GetPhysicalDeviceMemoryProperties(real(device), out);
    for (i = 0; between.uncached && i < out->memoryTypeCount; i++)
        out->memoryTypes[i].propertyFlags &=
            ~(VkMemoryPropertyFlags)VK_MEMORY_PROPERTY_HOST_CACHED_BIT;
    memory = *out;
}

static VKAPI_ATTR VkResult VKAPI_CALL EnumerateDeviceExtensionProperties(
    VkPhysicalDevice device, const char *layer, uint32_t *count, VkExtensionProperties *out) {
    if (fails()) return VK_ERROR_OUT_OF_DEVICE_MEMORY;
    const uint32_t room = *count;
    return add(next.EnumerateDeviceExtensionProperties(real(device), layer, count, out), room,
               count, out, "VK_KHR_portability_subset");
}

static VKAPI_ATTR VkResult VKAPI_CALL CreateDevice(VkPhysicalDevice device,
                                                   const VkDeviceCreateInfo *info,
                                                   const VkAllocationCallbacks *hooks,
                                                   VkDevice *out) {
    if (fails()) return VK_ERROR_OUT_OF_DEVICE_MEMORY;
    VkDeviceCreateInfo changed = *info;
    if (between.portable && asks(&changed.enabledExtensionCount, changed.ppEnabledExtensionNames,
                                 "VK_KHR_portability_subset"))
        between.asked_portable *= 2;
    return next.CreateDevice(real(device), &changed, hooks, out);
}

static VKAPI_ATTR VkResult VKAPI_CALL AllocateMemory(VkDevice device,
                                                     const VkMemoryAllocateInfo *info,
                                                     const VkAllocationCallbacks *hooks,
                                                     VkDeviceMemory *out) {
    if (fails()) return VK_ERROR_OUT_OF_DEVICE_MEMORY;
    const VkResult result = next.AllocateMemory(device, info, hooks, out);
    if (result == VK_SUCCESS) *type_of(*out) = info->memoryTypeIndex;
    if (result == VK_SUCCESS && ++between.allocations > between.most_allocations)
        between.most_allocations = between.allocations;
    return result;
}

static VKAPI_ATTR void VKAPI_CALL FreeMemory(VkDevice device, VkDeviceMemory block,
                                             const VkAllocationCallbacks *hooks) {
    if (block) between.allocations--;
    next.FreeMemory(device, block, hooks);
}

static VKAPI_ATTR VkResult VKAPI_CALL MapMemory(VkDevice device, VkDeviceMemory block,
                                                VkDeviceSize offset, VkDeviceSize size,
                                                VkMemoryMapFlags flags, void **out) {
    if (fails()) return VK_ERROR_OUT_OF_DEVICE_MEMORY;
    between.mapped_flags = memory.memoryTypes[*type_of(block)].propertyFlags;
    return next.MapMemory(device, block, offset, size, flags, out);
}

static VKAPI_ATTR VkResult VKAPI_CALL BeginCommandBuffer(VkCommandBuffer commands,
                                                         const VkCommandBufferBeginInfo *info) {
    if (fails()) return VK_ERROR_OUT_OF_DEVICE_MEMORY;
    if (between.commands) recording_of(commands)->count = 0;
    return next.BeginCommandBuffer(commands, info);
}

static VKAPI_ATTR void VKAPI_CALL CmdDispatch(VkCommandBuffer commands, uint32_t x, uint32_t y,
                                              uint32_t z) {
    const between_command dispatch = {'D', 0, 0, 0, 0};
    keep(commands, dispatch);
    between.dispatches++;
    next.CmdDispatch(commands, x, y, z);
}

static VKAPI_ATTR void VKAPI_CALL CmdCopyBuffer(VkCommandBuffer commands, VkBuffer from,
                                                VkBuffer to, uint32_t n,
                                                const VkBufferCopy *regions) {
    const between_command copy = {'C', 0, 0, 0, 0};
    keep(commands, copy);
    next.CmdCopyBuffer(commands, from, to, n, regions);
}

static VKAPI_ATTR void VKAPI_CALL
CmdPipelineBarrier(VkCommandBuffer commands, VkPipelineStageFlags from, VkPipelineStageFlags to,
                   VkDependencyFlags flags, uint32_t n, const VkMemoryBarrier *barriers,
                   uint32_t buffer_count, const VkBufferMemoryBarrier *buffers,
                   uint32_t image_count, const VkImageMemoryBarrier *images) {
    const between_command barrier = {'B', from, n ? barriers->srcAccessMask : 0, to,
                                     n ? barriers->dstAccessMask : 0};
    keep(commands, barrier);
    between.barriers += to == VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT;
    next.CmdPipelineBarrier(commands, from, to, flags, n, barriers, buffer_count, buffers,
                            image_count, images);
}

/* A module may ask for modes that only this file offers: they are seen and taken out again. */
static VKAPI_ATTR VkResult VKAPI_CALL CreateShaderModule(VkDevice device,
                                                         const VkShaderModuleCreateInfo *info,
                                                         const VkAllocationCallbacks *hooks,
                                                         VkShaderModule *out) {
    if (fails()) return VK_ERROR_OUT_OF_DEVICE_MEMORY;
    const size_t words = info->codeSize / 4;
    VkShaderModuleCreateInfo changed = *info;
    uint32_t *code = (uint32_t *)malloc(info->codeSize);
    size_t at, length, n = 5;
    VkResult result;
    between.mode_count = 0;
    memcpy(code, info->pCode, 20);
    for (at = 5; at < words; at += length) {
        const uint32_t *w = info->pCode + at;
        const int mode = (w[0] & 0xFFFF) == 16 && w[2] >= 4459 && w[2] <= 4463;
        const int capability = (w[0] & 0xFFFF) == 17 && w[1] >= 4464 && w[1] <= 4468;
        length = w[0] >> 16;
        if (mode && w[3] == 32 && between.mode_count < 8)
            between.modes[between.mode_count++] = w[2];
        if (between.float_modes && (mode || capability)) continue;
        memcpy(code + n, w, 4 * length);
        n += length;
    }
    changed.pCode = code;
    changed.codeSize = 4 * n;
    result = next.CreateShaderModule(device, &changed, hooks, out);
    free(code);
    return result;
}

static VKAPI_ATTR VkResult VKAPI_CALL CreatePipelineCache(VkDevice device,
                                                          const VkPipelineCacheCreateInfo *info,
                                                          const VkAllocationCallbacks *hooks,
                                                          VkPipelineCache *out) {
    if (fails()) return VK_ERROR_OUT_OF_DEVICE_MEMORY;
    between.cache_bytes = info->initialDataSize;
    return next.CreatePipelineCache(device, info, hooks, out);
}

VKAPI_ATTR PFN_vkVoidFunction VKAPI_CALL vkGetInstanceProcAddr(VkInstance instance,
                                                               const char *name);
VKAPI_ATTR PFN_vkVoidFunction VKAPI_CALL vkGetInstanceProcAddr(VkInstance instance,
                                                               const char *name) {
    static PFN_vkGetInstanceProcAddr get;
    void *library = get ? NULL : dlopen("libvulkan.so.1", RTLD_NOW | RTLD_LOCAL);
    if (library) *(void **)&get = dlsym(library, "vkGetInstanceProcAddr");
    if (!get || (between.missing && !strcmp(name, between.missing))) return NULL;
#define FAIL(function, parameters, arguments) ANSWER(function)
#define ANSWER(function)                                                                           \
    if (!strcmp(name, "vk" #function)) {                                                           \
        next.function = (PFN_vk##function)get(instance, name);                                     \
        return (PFN_vkVoidFunction)function;                                                       \
    }
    ANSWERED(ANSWER)
    FAILING(FAIL)
    return get(instance, name);
}
