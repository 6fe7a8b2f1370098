/* What the compiler of Mesa's driver for AMD cards makes of the SPIR-V kernels, without a card:
   RADV compiles for a device that does not exist (RADV_FORCE_FAMILY) and tells the registers, the
   waves that these leave room for, and what is spilled. Skipped where that driver is not. */
#include "test.h"
#include <vulkan/vulkan.h>

#define FAMILY "navi21" /* RDNA 2 */

/* Vector registers, which are given out in eights, and waves a SIMD, which registers, shared memory
   and the size of a group bound: those of Mesa 22.3.6. */
static const struct {
    const char *kernel;
    uint64_t registers, waves;
} limits[] = {
    {"adam", 40, 24},
    {"attention", 88, 10},
    {"attention_backward", 96, 10},
    {"axx_gemm", 40, 16},
    {"axx_im2col", 8, 32},
    {"axx_map", 8, 32},
    {"axx_terms", 120, 8},
    {"bf16", 8, 32},
    {"cross_entropy", 24, 32},
    {"dropout", 16, 32},
    {"elementwise", 16, 32},
    {"embedding", 8, 32},
    {"embedding_backward", 24, 32},
    {"flash_attention", 96, 10},
    {"flash_attention_backward", 136, 6},
    {"fp4_circuit", 16, 8},
    {"fp4_matmul", 80, 8},
    {"fp4_matmul_4", 96, 6},
    {"fp4_matvec_i8", 64, 6},
    {"gemm", 80, 8},
    {"gemm_128", 120, 8},
    {"gemm_32", 72, 8},
    {"gl_dot", 24, 32},
    {"gl_matmul", 120, 8},
    {"gl_ntt", 88, 8},
    {"gl_poseidon2_12", 96, 10},
    {"gl_poseidon2_16", 120, 8},
    {"gl_poseidon2_8", 72, 14},
    {"gl_trident", 72, 14},
    {"gl_vector", 24, 32},
    {"layernorm", 32, 32},
    {"layernorm_backward", 32, 16},
    {"probe", 8, 32},
    {"reduce", 16, 32},
    {"rmsnorm", 24, 32},
    {"rmsnorm_backward", 24, 16},
    {"rotary", 8, 32},
    {"softmax", 24, 32},
    {"softmax_backward", 24, 32},
    {"swiglu", 16, 32},
    {"swiglu_backward", 16, 32},
    {"tir_forward", 192, 4},
};
enum { LIMITS = sizeof limits / sizeof *limits };

static VkDevice device;
static VkPipelineLayout layout;
static PFN_vkGetPipelineExecutableStatisticsKHR statistics;

static void must(VkResult result, const char *what) {
    if (result != VK_SUCCESS) fail_msg("%s: error %d", what, result);
}

/* RADV among the devices of the drivers that are there; null without it. */
static VkPhysicalDevice find_radv(void) {
    VkApplicationInfo application = {.sType = VK_STRUCTURE_TYPE_APPLICATION_INFO};
    VkInstanceCreateInfo info = {.sType = VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO};
    VkPhysicalDevice list[16];
    VkInstance instance;
    uint32_t n = 16, i;
    setenv("RADV_FORCE_FAMILY", FAMILY, 1);
    setenv("MESA_SHADER_CACHE_DISABLE", "1", 1);
    application.apiVersion = VK_API_VERSION_1_2;
    info.pApplicationInfo = &application;
    if (vkCreateInstance(&info, NULL, &instance) != VK_SUCCESS) return NULL;
    if (vkEnumeratePhysicalDevices(instance, &n, list) < 0) return NULL;
    for (i = 0; i < n; i++) {
        VkPhysicalDeviceProperties p;
        vkGetPhysicalDeviceProperties(list[i], &p);
        if (!strstr(p.deviceName, "RADV")) continue;
        printf("%s\n", p.deviceName);
        return list[i];
    }
    return NULL;
}

/* A device with all features that the card would have. */
static void open_device(VkPhysicalDevice card) {
    static const char *const extension = "VK_KHR_pipeline_executable_properties";
    VkPhysicalDevicePipelineExecutablePropertiesFeaturesKHR executable = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PIPELINE_EXECUTABLE_PROPERTIES_FEATURES_KHR};
    VkPhysicalDeviceVulkan12Features v12 = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES};
    VkPhysicalDeviceVulkan11Features v11 = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_1_FEATURES};
    VkPhysicalDeviceFeatures2 features = {.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2};
    VkDeviceQueueCreateInfo queue = {.sType = VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO};
    VkDeviceCreateInfo info = {.sType = VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO};
    const float priority = 1;
    features.pNext = &v11;
    v11.pNext = &v12;
    v12.pNext = &executable;
    vkGetPhysicalDeviceFeatures2(card, &features);
    queue.queueCount = 1;
    queue.pQueuePriorities = &priority;
    info.pNext = &features;
    info.queueCreateInfoCount = 1;
    info.pQueueCreateInfos = &queue;
    info.enabledExtensionCount = 1;
    info.ppEnabledExtensionNames = &extension;
    must(vkCreateDevice(card, &info, NULL, &device), "device");
    statistics = (PFN_vkGetPipelineExecutableStatisticsKHR)vkGetDeviceProcAddr(
        device, "vkGetPipelineExecutableStatisticsKHR");
}

/* For any kernel: eight buffers and 128 bytes of constants. */
static void make_layout(void) {
    VkDescriptorSetLayoutBinding buffer[8];
    VkDescriptorSetLayoutCreateInfo set = {.sType =
                                               VK_STRUCTURE_TYPE_DESCRIPTOR_SET_LAYOUT_CREATE_INFO};
    VkPipelineLayoutCreateInfo info = {.sType = VK_STRUCTURE_TYPE_PIPELINE_LAYOUT_CREATE_INFO};
    const VkPushConstantRange constants = {VK_SHADER_STAGE_COMPUTE_BIT, 0, 128};
    VkDescriptorSetLayout set_layout;
    uint32_t i;
    memset(buffer, 0, sizeof buffer);
    for (i = 0; i < 8; i++) {
        buffer[i].binding = i;
        buffer[i].descriptorType = VK_DESCRIPTOR_TYPE_STORAGE_BUFFER;
        buffer[i].descriptorCount = 1;
        buffer[i].stageFlags = VK_SHADER_STAGE_COMPUTE_BIT;
    }
    set.bindingCount = 8;
    set.pBindings = buffer;
    must(vkCreateDescriptorSetLayout(device, &set, NULL, &set_layout), "set");
    info.setLayoutCount = 1;
    info.pSetLayouts = &set_layout;
    info.pushConstantRangeCount = 1;
    info.pPushConstantRanges = &constants;
    must(vkCreatePipelineLayout(device, &info, NULL, &layout), "layout");
}

static VkPipeline compile(const char *path) {
    static uint32_t code[1 << 16];
    VkShaderModuleCreateInfo module = {.sType = VK_STRUCTURE_TYPE_SHADER_MODULE_CREATE_INFO};
    VkComputePipelineCreateInfo info = {.sType = VK_STRUCTURE_TYPE_COMPUTE_PIPELINE_CREATE_INFO};
    VkPipeline pipeline;
    FILE *file = fopen(path, "rb");
    if (!file) fail_msg("cannot read %s", path);
    module.codeSize = fread(code, 1, sizeof code, file);
    fclose(file);
    assert_true(module.codeSize > 0 && module.codeSize < sizeof code);
    module.pCode = code;
    info.flags = VK_PIPELINE_CREATE_CAPTURE_STATISTICS_BIT_KHR;
    info.stage.sType = VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO;
    info.stage.stage = VK_SHADER_STAGE_COMPUTE_BIT;
    info.stage.pName = "main";
    info.layout = layout;
    must(vkCreateShaderModule(device, &module, NULL, &info.stage.module), path);
    must(vkCreateComputePipelines(device, VK_NULL_HANDLE, 1, &info, NULL, &pipeline), path);
    vkDestroyShaderModule(device, info.stage.module, NULL);
    return pipeline;
}

enum { VECTOR, WAVES, LDS, SPILLED_VECTOR, SPILLED_SCALAR, SCRATCH, INSTRUCTIONS, FIGURES };
static const char *const names[FIGURES] = {"VGPRs",         "Subgroups per SIMD", "LDS size",
                                           "Spilled VGPRs", "Spilled SGPRs",      "Scratch size",
                                           "Instructions"};

static void figures_of(const char *kernel, uint64_t figure[FIGURES]) {
    static VkPipelineExecutableStatisticKHR list[64];
    VkPipelineExecutableInfoKHR info = {.sType = VK_STRUCTURE_TYPE_PIPELINE_EXECUTABLE_INFO_KHR};
    uint32_t n = 64, i, f;
    char path[128];
    snprintf(path, sizeof path, "build/kernels/%s.spv", kernel);
    info.pipeline = compile(path);
    for (i = 0; i < 64; i++) list[i].sType = VK_STRUCTURE_TYPE_PIPELINE_EXECUTABLE_STATISTIC_KHR;
    must(statistics(device, &info, &n, list), "statistics");
    for (f = 0; f < FIGURES; f++) {
        for (i = 0; i < n && strcmp(list[i].name, names[f]) != 0; i++) {
        }
        if (i == n) fail_msg("%s: the driver tells no %s", kernel, names[f]);
        figure[f] = list[i].value.u64;
    }
    vkDestroyPipeline(device, info.pipeline, NULL);
}

static int is_known(const char *kernel) {
    size_t i;
    for (i = 0; i < LIMITS; i++)
        if (!strcmp(limits[i].kernel, kernel)) return 1;
    return 0;
}

/* Every kernel of shaders/ has its limits here. */
static void none_is_left_out(void) {
    struct dirent *entry;
    DIR *dir = opendir("shaders");
    assert_non_null(dir);
    while ((entry = readdir(dir)) != NULL) {
        char *end = strstr(entry->d_name, ".comp");
        if (!end) continue;
        *end = 0;
        if (!is_known(entry->d_name)) fail_msg("%s: no limits", entry->d_name);
    }
    closedir(dir);
}

static void kernels_spill_nothing_and_leave_room_for_waves(void **state) {
    VkPhysicalDevice card = find_radv();
    size_t i;
    int f, bad = 0;
    (void)state;
    if (!card) {
        printf("skipped: no RADV among the Vulkan drivers\n");
        skip();
    }
    open_device(card);
    make_layout();
    none_is_left_out();
    puts("| kernel                   | registers | waves | shared | spilled | instructions |");
    puts("|--------------------------|----------:|------:|-------:|--------:|-------------:|");
    for (i = 0; i < LIMITS; i++) {
        uint64_t figure[FIGURES], spilled = 0;
        figures_of(limits[i].kernel, figure);
        for (f = SPILLED_VECTOR; f <= SCRATCH; f++) spilled += figure[f];
        printf("| %-24s | %9u | %5u | %6u | %7u | %12u |\n", limits[i].kernel,
               (unsigned)figure[VECTOR], (unsigned)figure[WAVES], (unsigned)figure[LDS],
               (unsigned)spilled, (unsigned)figure[INSTRUCTIONS]);
        /* eight registers for another Mesa, with waves in proportion */
        if (spilled || figure[VECTOR] > limits[i].registers + 8 ||
            figure[WAVES] * (limits[i].registers + 8) < limits[i].waves * limits[i].registers) {
            printf("%s: at most %u registers, %u waves and nothing spilled\n", limits[i].kernel,
                   (unsigned)limits[i].registers, (unsigned)limits[i].waves);
            bad++;
        }
    }
    vkDestroyPipelineLayout(device, layout, NULL);
    vkDestroyDevice(device, NULL);
    if (bad) fail_msg("%d kernels are beyond their limits", bad);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kernels_spill_nothing_and_leave_room_for_waves)};
    return cmocka_run_group_tests_name("kernels by RADV", tests, NULL, NULL);
}
