/* A CUDA driver library whose device is the CPU: the functions of libcuda.so.1 that nc_gpu.h uses,
   over the kernels of cuda/ compiled through cuda_on_cpu.h. With it the tests run the whole CUDA
   road of the library, launches and error paths included, on a machine without a GPU. */
#include "cuda_on_cpu.h"
#include "../cuda/nc_math.cuh"
#include "kernels.inc" /* every kernel of cuda/ in a namespace of its own: made by the Makefile */

#include "cuda_driver_on_cpu.h"
#include <map>
#include <set>

using nc_shim::kernel_entry;

enum {
    SUCCESS = 0,
    INVALID_VALUE = 1,
    OUT_OF_MEMORY = 2,
    INVALID_IMAGE = 200,
    INVALID_CONTEXT = 201,
    INVALID_HANDLE = 400,
    NOT_FOUND = 500,
    NOT_READY = 600,
    ILLEGAL_ADDRESS = 700
};
enum { DEVICES = 2 };

/* One of each device. What is made belongs to the context that is current then, and is of no use in
   another one; an error of a kernel stays. */
struct context {
    int error;
};
struct module_entry {
    const kernel_entry *kernel;
    context *owner;
};
struct event {
    context *owner;
};
struct memory {
    size_t bytes;
    context *owner;
};
struct copy { /* enqueued */
    void *to;
    const void *from;
    size_t bytes;
};
static context contexts[DEVICES];
static thread_local context *current;
/* These two are there until the end, so that what a device that hangs keeps is no leak. */
static auto &memories = *new std::map<unsigned long long, memory>; /* by their address */
static auto &held = *new std::set<void *>;
static std::vector<copy> copies;
cuda_driver_on_cpu cuda_on_cpu;

static int usable() { return current ? current->error : (int)INVALID_CONTEXT; }

/* What holds these bytes; null: nothing that was allocated here. */
static const memory *holder(unsigned long long address, size_t bytes) {
    auto m = memories.upper_bound(address);
    if (m == memories.begin()) return nullptr;
    --m;
    const size_t at = address - m->first;
    return at <= m->second.bytes && bytes <= m->second.bytes - at ? &m->second : nullptr;
}

static void finish_copies() {
    for (const copy &c : copies) memcpy(c.to, c.from, c.bytes);
    copies.clear();
}

/* A copy that is done when something waits for it: staging memory must not change before. */
static int enqueue(void *to, const void *from, unsigned long long device, size_t bytes) {
    if (usable()) return usable();
    const memory *m = holder(device, bytes);
    if (!m || m->owner != current) return INVALID_VALUE;
    copies.push_back({to, from, bytes});
    return SUCCESS;
}

extern "C" {
int cuInit(unsigned flags) { return flags ? INVALID_VALUE : SUCCESS; }
int cuDeviceGetCount(int *count) { return *count = DEVICES, SUCCESS; }
int cuDeviceGet(int *device, int ordinal) {
    return *device = ordinal, (unsigned)ordinal < DEVICES ? SUCCESS : INVALID_VALUE;
}
int cuDeviceGetName(char *name, int n, int device) {
    if (cuda_on_cpu.nameless && device == 1) return INVALID_VALUE;
    strncpy(name, "CUDA on CPU (test shim)", (size_t)n);
    return SUCCESS;
}
int cuDriverGetVersion(int *version) { return *version = 12040, SUCCESS; }
int cuDeviceTotalMem_v2(size_t *bytes, int) { return *bytes = (size_t)1 << 40, SUCCESS; }
int cuDeviceGetAttribute(int *value, int attribute, int) {
    *value = attribute <= 3 ? 1024 : attribute == 4 ? 64 : attribute == 8 ? 49152 : 0;
    return SUCCESS;
}
int cuFuncGetAttribute(int *value, int attribute, void *) {
    *value = attribute == 0 && cuda_on_cpu.most_threads ? cuda_on_cpu.most_threads
             : attribute == 0                           ? 1024
                                                        : 0;
    return SUCCESS;
}
int cuDevicePrimaryCtxRetain(void **made, int device) { return *made = &contexts[device], SUCCESS; }
int cuDevicePrimaryCtxRelease_v2(int device) {
    contexts[device].error = 0; /* the next one is new */
    copies.clear();
    return SUCCESS;
}
int cuCtxSetCurrent(void *made) { return current = static_cast<context *>(made), SUCCESS; }
int cuMemAlloc_v2(unsigned long long *address, size_t bytes) {
    void *p = nullptr;
    if (usable()) return usable();
    if (bytes > (size_t)1 << 33 || posix_memalign(&p, 256, bytes)) p = nullptr;
    if (p) memset(p, NC_FRESH, bytes); /* fresh device memory holds anything: here NaN */
    NC_COUNTED(memory(p, bytes));
    *address = (unsigned long long)(uintptr_t)p;
    if (p) memories[*address] = {bytes, current};
    return p ? SUCCESS : OUT_OF_MEMORY;
}
int cuMemFree_v2(unsigned long long address) {
    const auto m = memories.find(address);
    if (m == memories.end() || m->second.owner != current) return INVALID_VALUE;
    finish_copies();
    memories.erase(m);
    NC_COUNTED(forget((void *)(uintptr_t)address));
    return free((void *)(uintptr_t)address), SUCCESS;
}
int cuMemHostAlloc(void **p, size_t bytes, unsigned) {
    if (usable()) return usable();
    if (!(*p = malloc(bytes))) return OUT_OF_MEMORY;
    return held.insert(*p), SUCCESS;
}
int cuMemFreeHost(void *p) { return held.erase(p), free(p), SUCCESS; }
int cuMemcpyHtoDAsync_v2(unsigned long long to, const void *from, size_t bytes, void *) {
    return enqueue((void *)(uintptr_t)to, from, to, bytes);
}
int cuMemcpyDtoHAsync_v2(void *to, unsigned long long from, size_t bytes, void *) {
    return enqueue(to, (const void *)(uintptr_t)from, from, bytes);
}
/* What nc_gpu.h reads so is the interface of a module alone. */
int cuMemcpyDtoH_v2(void *to, unsigned long long from, size_t bytes) {
    if (usable()) return usable();
    memcpy(to, (const void *)(uintptr_t)from, bytes);
    return SUCCESS;
}
/* An image is PTX text; it only has to name an entry that this file holds: that is the module. */
int cuModuleLoadDataEx(void **module, const void *image, unsigned n, int *options, void **values) {
    const char *text = strstr(static_cast<const char *>(image), ".entry ");
    if (usable()) return usable();
    for (const kernel_entry *k = kernel_entry::first; text && k; k = k->next) {
        size_t length = strlen(k->name);
        if (strncmp(text + 7, k->name, length) || !strchr(" (", text[7 + length])) continue;
        *module = new module_entry{k, current};
        return held.insert(*module), SUCCESS;
    }
    for (unsigned i = 0; i < n; i++)
        if (options[i] == 5) strcpy(static_cast<char *>(values[i]), "no known .entry in the image");
    return INVALID_IMAGE;
}
int cuModuleUnload(void *module) {
    module_entry *m = static_cast<module_entry *>(module);
    if (m->owner != current) return INVALID_HANDLE;
    return held.erase(m), delete m, SUCCESS;
}
int cuModuleGetFunction(void **function, void *module, const char *name) {
    if (usable()) return usable();
    if (strcmp(static_cast<module_entry *>(module)->kernel->name, name)) return NOT_FOUND;
    *function = module;
    return SUCCESS;
}
int cuModuleGetGlobal_v2(unsigned long long *address, size_t *bytes, void *module,
                         const char *name) {
    const kernel_entry *kernel = static_cast<module_entry *>(module)->kernel;
    if (strcmp(name, "nc_interface")) return NOT_FOUND;
    *address = (unsigned long long)(uintptr_t)&kernel->interface;
    *bytes = sizeof(kernel_entry::interface);
    return SUCCESS;
}
int cuLaunchKernel(void *function, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by,
                   unsigned bz, unsigned shared_bytes, void *, void **arguments, void **) {
    const module_entry *module = static_cast<module_entry *>(function);
    const kernel_entry *kernel = module->kernel;
    if (usable()) return usable();
    if (module->owner != current) return INVALID_HANDLE;
    if (!gx || !gy || !gz || bx * by * bz > 1024) return INVALID_VALUE;
    finish_copies();
    if (cuda_on_cpu.fault && cuda_on_cpu.fault_after-- == 0) {
        current->error = cuda_on_cpu.fault; /* as a device tells: later */
        cuda_on_cpu.fault = 0;
        return SUCCESS;
    }
    for (unsigned i = 0; i < kernel->interface[1]; i++) { /* of the host's memory, tests may give */
        const memory *m = holder(*static_cast<unsigned long long *>(arguments[i]), 1);
        if (m && m->owner != current) return current->error = ILLEGAL_ADDRESS;
    }
    NC_COUNTED(launch(kernel->name, (size_t)bx * by * bz));
    nc_shim::launch({gx, gy, gz}, {bx, by, bz}, shared_bytes, kernel->body, arguments);
    return SUCCESS;
}
int cuGetErrorString(int code, const char **text) {
    *text = code == OUT_OF_MEMORY     ? "out of memory"
            : code == NOT_FOUND       ? "not found"
            : code == INVALID_CONTEXT ? "invalid device context"
            : code == INVALID_HANDLE  ? "invalid resource handle"
            : code == ILLEGAL_ADDRESS ? "an illegal memory access was encountered"
                                      : "error";
    return SUCCESS;
}
int cuEventCreate(void **made, unsigned) {
    if (usable()) return usable();
    return held.insert(*made = new event{current}), SUCCESS;
}
int cuEventDestroy_v2(void *made) {
    return held.erase(made), delete static_cast<event *>(made), SUCCESS;
}
int cuEventRecord(void *made, void *) {
    if (usable()) return usable();
    return static_cast<event *>(made)->owner == current ? SUCCESS : INVALID_HANDLE;
}
int cuEventQuery(void *) {
    if (cuda_on_cpu.hang) return NOT_READY;
    if (usable()) return usable();
    cuda_on_cpu.waits++;
    return finish_copies(), SUCCESS;
}
int cuEventElapsedTime(float *milliseconds, void *, void *) { return *milliseconds = 0, SUCCESS; }
}
