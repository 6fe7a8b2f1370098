/* The roads on which kernels are tested: SPIR-V on a Vulkan driver with validation layers (lavapipe
   where there is no GPU) and CUDA source on the CPU through tests/cuda_on_cpu.h, or real devices with
   NC_TEST_GPU=1. Include nc_gpu.h first. */
#ifndef NC_ROADS_H
#define NC_ROADS_H
#include "test.h"

typedef struct road {
    const char *name;
    nc_gpu_desc desc;
} road;

static inline void quiet(void *user, const char *message) {
    if (getenv("NC_TEST_VERBOSE")) fprintf(stderr, "%s: %s\n", (const char *)user, message);
}

/* Which roads this run takes. */
static inline size_t roads(road out[2]) {
    size_t n = 0;
    memset(out, 0, 2 * sizeof *out);
    if (!getenv("NC_TEST_NO_VULKAN")) { /* drivers leak: leak checks run without this road */
        out[n].name = "Vulkan";
        out[n].desc.kind = NC_GPU_VULKAN;
        out[n].desc.kernel_path = "build/kernels";
        out[n++].desc.validation = !getenv("NC_TEST_GPU");
    }
    out[n].desc.kind = NC_GPU_CUDA;
    if (getenv("NC_TEST_GPU")) {
        out[n].name = "CUDA";
        out[n++].desc.kernel_path = "build/kernels";
    } else {
        out[n].name = "CUDA source on the CPU";
        out[n].desc.kernel_path = "build/shim";
        out[n++].desc.library = "build/shim/libcuda_on_cpu.so";
    }
    return n;
}

/* A device for the road. Lavapipe and the shim are always there (make test installs them); only on
   the way to real devices, with NC_TEST_GPU, is a missing one skipped: null, with a line that says
   why. */
static inline nc_gpu *open_road(road *r) {
    nc_gpu *gpu;
    nc_error err;
    nc_status status;
    r->desc.log_fn = quiet;
    r->desc.log_user = (void *)(uintptr_t)r->name;
    status = nc_gpu_open(&gpu, &r->desc, &err);
    if (status != NC_OK) {
        if (!getenv("NC_TEST_GPU")) fail_msg("%s: %s", r->name, err.message);
        printf("%s: skipped: %s\n", r->name, err.message);
        return NULL;
    }
    return gpu;
}

/* Call check on a device of every road, on Vulkan also without 64-bit integers. */
static inline NC_UNUSED void on_every_road(void (*check)(nc_gpu *device)) {
    road list[2];
    size_t n = roads(list), i;
    uint32_t narrow;
    for (i = 0; i < n; i++)
        for (narrow = 0; narrow < 2; narrow++) {
            nc_gpu *device;
            if (narrow && list[i].desc.kind != NC_GPU_VULKAN) continue; /* CUDA has them */
            list[i].desc.avoid_int64 = narrow;
#ifdef NC_ROADS_INTEGERS /* defined before: the float32 contract is not asked for */
            list[i].desc.allow_inexact = 1;
#endif
            device = open_road(&list[i]);
            if (!device) continue;
            if (narrow) assert_int_equal(nc_gpu_get_caps(device)->int64, 0);
            check(device);
            assert_int_equal(nc_gpu_get_caps(device)->validation_errors, 0);
            nc_gpu_close(device);
        }
}
#endif
