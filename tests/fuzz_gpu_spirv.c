/* SPIR-V files before they reach a driver: the reader of their interface and the writer of their modes
   of arithmetic stay inside. */
#define NC_IMPLEMENTATION
#include "nc_gpu.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    uint8_t *exact = malloc(size ? size : 1); /* so that one byte too far is noticed */
    nc_gpu_kernel kernel;
    uint32_t version;
    memcpy(exact, data, size);
    memset(&kernel, 0, sizeof kernel);
    version = nc_gpu__spirv_interface(exact, size, &kernel);
    if (version) {
        const size_t room = size + 25 * sizeof(uint32_t);
        uint32_t *out = malloc(room);
        if (size < 20) __builtin_trap();
        if (4 * nc_gpu__spirv_with_modes(exact, size, 7, out) > room) __builtin_trap();
        free(out);
    }
    free(exact);
    return 0;
}
