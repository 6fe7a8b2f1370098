/* The GPUs of this machine as nc_gpu.h sees them, and whether each keeps the bits of the CPU.

   Compile: cc gpu_devices.c -o gpu_devices -lm      (kernels in the folder `kernels` beside it)
        or: make build/nc_kernels.h; cc -Ibuild gpu_devices.c -o gpu_devices -lm   (kernels inside)

   LIBRARY is another driver than the system's. */
#include <stdio.h>
#include <string.h>
#define NC_IMPLEMENTATION
#include "../nc_gpu.h"
#include "cli.h"
#ifdef __has_include
#if __has_include("nc_kernels.h")
#include "nc_kernels.h"
#define KERNELS_INSIDE
#endif
#endif

static const char usage[] = "usage: gpu_devices [LIBRARY] [--json]\n"
                            "Lists the GPUs of this machine, and checks sums on each against the "
                            "CPU's. LIBRARY is another\n"
                            "driver than the system's. Returns 0, where there is none, too; 2 on "
                            "bad usage, 3 when a device\n"
                            "does not keep the bits.\n";

enum { MOST = 64, COUNT = 1000 };

/* x + y through the device; 0 when every sum has the bits of the CPU's. */
static int sums_differ(nc_gpu *gpu) {
    static float x[COUNT], y[COUNT], sum[COUNT];
    const uint32_t push[6] = {COUNT, 0, 4, 0, 0, 0}; /* count, operation: see cuda/elementwise.cu */
    nc_gpu_buffer *out;
    nc_gpu_job job;
    int i;
    for (i = 0; i < COUNT; i++) {
        x[i] = (float)i / 3.0f;
        y[i] = 1.0f / (float)(i + 1);
    }
    nc_gpu_job_start(&job, gpu);
    nc_gpu_job_buffer(&job, x, sizeof x, sizeof x);
    nc_gpu_job_buffer(&job, y, sizeof y, sizeof y);
    out = nc_gpu_job_buffer(&job, NULL, 0, sizeof sum);
    nc_gpu_job_dispatch(&job, "elementwise", NULL, 3, push, sizeof push, (COUNT + 255) / 256, 1, 1);
    if (nc_gpu_job_finish(&job, out, 0, sum, sizeof sum) != NC_OK) return 1;
    for (i = 0; i < COUNT; i++) {
        const float here = x[i] + y[i];
        if (memcmp(&here, &sum[i], sizeof here)) return 1;
    }
    return 0;
}

/* Open the device and say what it is; 0 when it works, or is refused because its arithmetic is not
   the CPU's. */
static int show(nc_gpu_desc desc, const nc_gpu_device *device) {
    static const char *const types[] = {"discrete", "integrated", "virtual", "other", "CPU"};
    const nc_gpu_caps *caps;
    nc_status status;
    nc_error err;
    nc_gpu *gpu;
    int failed;
    desc.kind = device->kind;
    desc.index = device->index;
    if (cli_json) {
        fprintf(cli_json, "{\"api\": \"%s\", \"index\": %u, \"name\": ",
                device->kind == NC_GPU_CUDA ? "cuda" : "vulkan", (unsigned)device->index);
        cli_json_text(cli_json, device->name);
        fprintf(cli_json,
                ", \"type\": \"%s\", \"memory_bytes\": %llu, \"driver\": ", types[device->type],
                (unsigned long long)device->memory_bytes);
        cli_json_text(cli_json, device->driver);
    }
    printf("%s %u: %s, %s, %.1f GiB%s, %s\n", device->kind == NC_GPU_CUDA ? "CUDA" : "Vulkan",
           (unsigned)device->index, device->name, types[device->type],
           (double)device->memory_bytes / (1 << 30), device->unified ? " shared with the CPU" : "",
           device->driver);
    status = nc_gpu_open(&gpu, &desc, &err);
    if (status != NC_OK) {
        printf("    not used: %s\n", err.message);
        if (cli_json) {
            fputs(", \"not_used\": ", cli_json);
            cli_json_text(cli_json, err.message);
            fputc('}', cli_json);
        }
        return status != NC_ERR_UNSUPPORTED;
    }
    caps = nc_gpu_get_caps(gpu);
    printf("    fma %s, / and sqrt %s; groups of %u threads, %u KiB shared; buffers of %.1f GiB\n",
           caps->fma_fused ? "fused" : "emulated", caps->exact_division ? "exact" : "by integers",
           (unsigned)caps->max_threads, (unsigned)caps->max_shared_bytes / 1024,
           (double)caps->max_buffer_bytes / (1 << 30));
    failed = sums_differ(gpu);
    printf("    sums: %s\n", failed ? nc_gpu_last_error(gpu) : "the bits of the CPU");
    if (cli_json)
        fprintf(cli_json, ", \"fma_fused\": %s, \"exact_division\": %s, \"bits_of_the_cpu\": %s}",
                caps->fma_fused ? "true" : "false", caps->exact_division ? "true" : "false",
                failed ? "false" : "true");
    nc_gpu_close(gpu);
    return failed;
}

int main(int argc, char **argv) {
    static nc_gpu_device list[MOST];
    nc_gpu_desc desc = {0};
    uint32_t count = 0, i;
    nc_error err;
    int failed = 0, k;
    argc = cli_begin(argc, argv, "gpu_devices", usage);
    for (k = 1; k < argc; k++)
        if (!strcmp(argv[k], "--json"))
            cli_json_alone();
        else if (argv[k][0] != '-' && !desc.library)
            desc.library = argv[k];
        else
            return fprintf(stderr, "gpu_devices: bad argument '%s'\n%s", argv[k], usage), 2;
#ifdef KERNELS_INSIDE
    desc.kernels = nc_kernels;
    desc.kernel_count = NC_KERNEL_COUNT;
#endif
    if (nc_gpu_list(&desc, list, MOST, &count, &err) != NC_OK) {
        printf("no device: %s\n", err.message);
        count = 0;
    }
    if (cli_json) fputs("{\"devices\": [", cli_json);
    for (i = 0; i < count && i < MOST; i++) {
        if (cli_json && i) fputs(",\n ", cli_json);
        failed |= show(desc, &list[i]);
    }
    if (cli_json) fputs("]}\n", cli_json);
    return failed ? CLI_FAILED : 0;
}
