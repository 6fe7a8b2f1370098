/* SPIR-V files before they reach a driver: the reader of their interface stays inside. */
#define NC_IMPLEMENTATION
#include "nc_gpu.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    uint8_t *exact = malloc(size ? size : 1); /* so that one byte too far is noticed */
    nc_gpu_kernel kernel;
    uint32_t version;
    memcpy(exact, data, size);
    memset(&kernel, 0, sizeof kernel);
    version = nc_gpu__spirv_interface(exact, size, &kernel);
    if (version && size < 20) __builtin_trap();
    free(exact);
    return 0;
}
