/* A CUDA driver library whose device is the CPU: the functions of libcuda.so.1 that nc_gpu.h uses,
   over the kernels of cuda/ compiled through cuda_on_cpu.h. With it the tests run the whole CUDA
   road of the library, launches and error paths included, on a machine without a GPU. */
#include "cuda_on_cpu.h"
#include "../cuda/gemm.cu"
#include "../cuda/elementwise.cu"
#include "../cuda/layernorm.cu"
#include "../cuda/layernorm_backward.cu"
#include "../cuda/column_sums.cu"
#include "../cuda/softmax.cu"
#include "../cuda/softmax_backward.cu"
#include "../cuda/cross_entropy.cu"
#include "../cuda/embedding.cu"
#include "../cuda/embedding_backward.cu"
#include "../cuda/reduce.cu"
#include "../cuda/adam.cu"
#include "../cuda/dropout.cu"
#include "../cuda/bf16.cu"
#include "../cuda/flash_attention.cu"
#include "../cuda/flash_attention_backward.cu"
#include "../cuda/gl_vector.cu"
#include "../cuda/gl_dot.cu"
#include "../cuda/gl_matmul.cu"
#include "../cuda/gl_ntt.cu"
#include "../cuda/gl_reorder.cu"
#include "../cuda/gl_poseidon2.cu"
#include "../cuda/tir_forward.cu"
#include "../cuda/fp4_matmul.cu"
#include "../cuda/fp4_circuit.cu"
#include "../cuda/axx_gemm.cu"
#include "../cuda/axx_conv2d.cu"
#include "../cuda/probe.cu"

struct kernel_entry {
    const char *name;
    void (*body)(void *);
};
#define NC_ENTRY(name)                                                                             \
    { #name, nc_shim::entry < name> ::body }
static const kernel_entry kernels[] = {NC_ENTRY(gemm),
                                       NC_ENTRY(gl_vector),
                                       NC_ENTRY(gl_dot),
                                       NC_ENTRY(gl_matmul),
                                       NC_ENTRY(gl_ntt),
                                       NC_ENTRY(gl_reorder),
                                       NC_ENTRY(gl_poseidon2),
                                       NC_ENTRY(tir_forward),
                                       NC_ENTRY(fp4_matmul),
                                       NC_ENTRY(fp4_circuit),
                                       NC_ENTRY(axx_gemm),
                                       NC_ENTRY(axx_conv2d),
                                       NC_ENTRY(elementwise),
                                       NC_ENTRY(layernorm),
                                       NC_ENTRY(layernorm_backward),
                                       NC_ENTRY(column_sums),
                                       NC_ENTRY(softmax),
                                       NC_ENTRY(softmax_backward),
                                       NC_ENTRY(cross_entropy),
                                       NC_ENTRY(embedding),
                                       NC_ENTRY(embedding_backward),
                                       NC_ENTRY(reduce),
                                       NC_ENTRY(adam),
                                       NC_ENTRY(dropout),
                                       NC_ENTRY(bf16),
                                       NC_ENTRY(flash_attention),
                                       NC_ENTRY(flash_attention_backward),
                                       NC_ENTRY(probe)};

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
    void *p = bytes > (size_t)1 << 33 ? nullptr : malloc(bytes);
    if (p) memset(p, 0xFF, bytes); /* fresh device memory holds anything: here NaN */
    *address = (unsigned long long)(uintptr_t)p;
    return p ? SUCCESS : OUT_OF_MEMORY;
}
int cuMemFree_v2(unsigned long long address) { return free((void *)(uintptr_t)address), SUCCESS; }
int cuMemcpyHtoD_v2(unsigned long long to, const void *from, size_t bytes) {
    memcpy((void *)(uintptr_t)to, from, bytes);
    return SUCCESS;
}
int cuMemcpyDtoH_v2(void *to, unsigned long long from, size_t bytes) {
    memcpy(to, (const void *)(uintptr_t)from, bytes);
    return SUCCESS;
}
/* An image is PTX text; it only has to name an entry that this file holds. */
int cuModuleLoadDataEx(void **module, const void *image, unsigned n, int *options, void **values) {
    const char *text = static_cast<const char *>(image);
    if (!strstr(text, ".entry")) {
        for (unsigned i = 0; i < n; i++)
            if (options[i] == 5) strcpy(static_cast<char *>(values[i]), "no .entry in the image");
        return INVALID_IMAGE;
    }
    *module = strdup(text);
    return SUCCESS;
}
int cuModuleUnload(void *module) { return free(module), SUCCESS; }
int cuModuleGetFunction(void **function, void *module, const char *name) {
    for (const kernel_entry &k : kernels)
        if (!strcmp(k.name, name) && strstr(static_cast<char *>(module), name)) {
            *function = const_cast<kernel_entry *>(&k);
            return SUCCESS;
        }
    return NOT_FOUND;
}
int cuModuleGetGlobal_v2(unsigned long long *address, size_t *bytes, void *module,
                         const char *name) {
    if (!strstr(static_cast<char *>(module), name)) return NOT_FOUND;
    *address = (unsigned long long)(uintptr_t)&nc_interface_version;
    *bytes = sizeof nc_interface_version;
    return SUCCESS;
}
int cuLaunchKernel(void *function, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by,
                   unsigned bz, unsigned, void *, void **arguments, void **) {
    if (!gx || !gy || !gz || bx * by * bz > 1024) return INVALID_VALUE;
    nc_shim::launch({gx, gy, gz}, {bx, by, bz}, static_cast<kernel_entry *>(function)->body,
                    arguments);
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
