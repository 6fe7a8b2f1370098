/* A CUDA driver library whose device is the CPU: the functions of libcuda.so.1 that nc_gpu.h uses,
   over the kernels of cuda/ compiled through cuda_on_cpu.h. With it the tests run the whole CUDA
   road of the library, launches and error paths included, on a machine without a GPU. */
#include "cuda_on_cpu.h"
#include "../cuda/nc_math.cuh"
#include "kernels.inc" /* every kernel of cuda/ in a namespace of its own: made by the Makefile */

using nc_shim::kernel_entry;

enum { SUCCESS = 0, INVALID_VALUE = 1, OUT_OF_MEMORY = 2, INVALID_IMAGE = 200, NOT_FOUND = 500 };

extern "C" {
int cuInit(unsigned flags) { return flags ? INVALID_VALUE : SUCCESS; }
int cuDeviceGetCount(int *count) { return *count = 1, SUCCESS; }
int cuDeviceGet(int *device, int ordinal) { return *device = 0, ordinal ? INVALID_VALUE : SUCCESS; }
int cuDeviceGetName(char *name, int n, int) {
    strncpy(name, "CUDA on CPU (test shim)", (size_t)n);
    return SUCCESS;
}
int cuDevicePrimaryCtxRetain(void **context, int) {
    static int token;
    return *context = &token, SUCCESS;
}
int cuDevicePrimaryCtxRelease_v2(int) { return SUCCESS; }
int cuCtxSetCurrent(void *) { return SUCCESS; }
int cuCtxSynchronize(void) { return SUCCESS; }
int cuMemAlloc_v2(unsigned long long *address, size_t bytes) {
    void *p = nullptr;
    if (bytes > (size_t)1 << 33 || posix_memalign(&p, 256, bytes)) p = nullptr;
    if (p) memset(p, NC_FRESH, bytes); /* fresh device memory holds anything: here NaN */
    NC_COUNTED(memory(p, bytes));
    *address = (unsigned long long)(uintptr_t)p;
    return p ? SUCCESS : OUT_OF_MEMORY;
}
int cuMemFree_v2(unsigned long long address) {
    NC_COUNTED(forget((void *)(uintptr_t)address));
    return free((void *)(uintptr_t)address), SUCCESS;
}
int cuMemcpyHtoD_v2(unsigned long long to, const void *from, size_t bytes) {
    memcpy((void *)(uintptr_t)to, from, bytes);
    return SUCCESS;
}
int cuMemcpyDtoH_v2(void *to, unsigned long long from, size_t bytes) {
    memcpy(to, (const void *)(uintptr_t)from, bytes);
    return SUCCESS;
}
/* An image is PTX text; it only has to name an entry that this file holds: that is the module. */
int cuModuleLoadDataEx(void **module, const void *image, unsigned n, int *options, void **values) {
    const char *text = strstr(static_cast<const char *>(image), ".entry ");
    for (const kernel_entry *k = kernel_entry::first; text && k; k = k->next) {
        size_t length = strlen(k->name);
        if (strncmp(text + 7, k->name, length) || text[7 + length] != ' ') continue;
        *module = const_cast<kernel_entry *>(k);
        return SUCCESS;
    }
    for (unsigned i = 0; i < n; i++)
        if (options[i] == 5) strcpy(static_cast<char *>(values[i]), "no known .entry in the image");
    return INVALID_IMAGE;
}
int cuModuleUnload(void *) { return SUCCESS; }
int cuModuleGetFunction(void **function, void *module, const char *name) {
    if (strcmp(static_cast<kernel_entry *>(module)->name, name)) return NOT_FOUND;
    *function = module;
    return SUCCESS;
}
int cuModuleGetGlobal_v2(unsigned long long *address, size_t *bytes, void *module,
                         const char *name) {
    if (strcmp(name, "nc_interface")) return NOT_FOUND;
    *address = (unsigned long long)(uintptr_t) & static_cast<kernel_entry *>(module)->interface;
    *bytes = sizeof(kernel_entry::interface);
    return SUCCESS;
}
int cuLaunchKernel(void *function, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by,
                   unsigned bz, unsigned shared_bytes, void *, void **arguments, void **) {
    const kernel_entry *kernel = static_cast<kernel_entry *>(function);
    if (!gx || !gy || !gz || bx * by * bz > 1024) return INVALID_VALUE;
    NC_COUNTED(launch(kernel->name, (size_t)bx * by * bz));
    nc_shim::launch({gx, gy, gz}, {bx, by, bz}, shared_bytes, kernel->body, arguments);
    return SUCCESS;
}
int cuGetErrorString(int code, const char **text) {
    *text = code == OUT_OF_MEMORY ? "out of memory" : code == NOT_FOUND ? "not found" : "error";
    return SUCCESS;
}
int cuEventCreate(void **event, unsigned) {
    static int token;
    return *event = &token, SUCCESS;
}
int cuEventDestroy_v2(void *) { return SUCCESS; }
int cuEventRecord(void *, void *) { return SUCCESS; }
int cuEventElapsedTime(float *milliseconds, void *, void *) { return *milliseconds = 0, SUCCESS; }
}
