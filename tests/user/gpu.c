/* A user's program: numbers through the first device there is; none is no failure. The kernels are
 * where the package has them: the first argument, else those beside the program. */
#include <stdio.h>
#define NC_IMPLEMENTATION
#include <nc_gpu.h>

int main(int argc, char **argv) {
    nc_gpu_desc desc = {0};
    nc_gpu_buffer *buffer = NULL;
    float in[4] = {1, 2, 3, 4}, out[4] = {0};
    nc_status status;
    nc_error err;
    nc_gpu *gpu;
    desc.kernel_path = argc > 1 ? argv[1] : NULL;
    status = nc_gpu_open(&gpu, &desc, &err);
    if (status == NC_ERR_DEVICE)
        return printf("nc_gpu %s: no device: %s\n", NC_GPU_VERSION, err.message), 0;
    if (status != NC_OK) return fprintf(stderr, "%s\n", err.message), 1;
    status = nc_gpu_buffer_create(gpu, sizeof in, &buffer);
    if (status == NC_OK) status = nc_gpu_upload(gpu, buffer, 0, in, sizeof in);
    if (status == NC_OK) status = nc_gpu_download(gpu, buffer, 0, out, sizeof out);
    printf("nc_gpu %s: %s: %g\n", NC_GPU_VERSION, nc_gpu_get_caps(gpu)->name, (double)out[3]);
    nc_gpu_buffer_destroy(gpu, buffer);
    nc_gpu_close(gpu);
    return status == NC_OK && out[3] == 4 ? 0 : 1;
}
