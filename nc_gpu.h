/* nc_gpu.h - compute on Vulkan and CUDA devices behind one small API, loaded at run time
   version 0.1.0 - MIT or public domain, see the end of the file

   Copy this file and the kernels into your project: either those that you use as files (`make
   kernels`: build/kernels/NAME.spv from shaders/ for Vulkan, NAME.ptx from cuda/ for CUDA), or all
   of them as one header (`make build/nc_kernels.h`), whose nc_kernels goes into nc_gpu_desc. In ONE
   C or C++ file:

       #define NC_IMPLEMENTATION
       #include "nc_gpu.h"

   Compile with: cc -O2 file.c -lm
   and -ldl where dlopen is not in the C library (glibc before 2.34).
   Vulkan is built in where vulkan/vulkan.h is found (Debian: libvulkan-dev) and NC_GPU_NO_VULKAN is
   not defined; CUDA needs no toolkit. Drivers are opened with dlopen when a device is asked for.

   Quick example (copies through a device):

       #include <stdio.h>
       #define NC_IMPLEMENTATION
       #include "nc_gpu.h"
       int main(void) {
           float in[4] = {1, 2, 3, 4}, out[4];
           nc_gpu_desc desc = {0};
           nc_gpu_buffer *buffer;
           nc_gpu *gpu;
           nc_error err;
           if (nc_gpu_open(&gpu, &desc, &err) != NC_OK) return puts(err.message), 0;
           if (nc_gpu_buffer_create(gpu, sizeof in, &buffer) != NC_OK) return 1;
           nc_gpu_upload(gpu, buffer, 0, in, sizeof in);
           nc_gpu_download(gpu, buffer, 0, out, sizeof out);
           printf("%s: %g\n", nc_gpu_get_caps(gpu)->name, (double)out[3]);
           nc_gpu_buffer_destroy(gpu, buffer);
           nc_gpu_close(gpu);
           return 0;
       }

   Contents (search for the tag):
     >>types     devices, capabilities, kernels, programs, jobs
     >>api       all functions, in the order of the sections below
     >>devices   opening a driver, and the probe of the numeric contract
     >>buffers   device memory, and copies to and from it
     >>kernels   kernel files, and the interface that they state
     >>programs  recording dispatches and running them
     >>jobs      buffers, dispatches and results with one status: how the libraries use a device
     >>changelog

   Each section has what Vulkan and CUDA need for it; nc_gpu__backend is the table of both.

   Options, defined before including:
     NC_API, NC_STATIC     how functions are declared; NC_STATIC makes all of them static
     NC_MALLOC, NC_FREE    host memory of this header
     NC_GPU_NO_VULKAN      CUDA only
     NC_MAX_FILE_BYTES     larger files are refused, not read

   To add a kernel NAME: cuda/NAME.cu (the kernel, in the words of cuda/nc_kernel.h),
   shaders/NAME.comp (three lines that include it), its nc_gpu_job_dispatch, its test.

   Exact: copies are bytes. A device is probed when it is opened: caps.contract says that float32
   has the CPU's bits there, with what the kernels emulate; without it opening fails unless the
   caller allows it (integer kernels do not need it).

   Errors: every function returns a status; nc_gpu_last_error has the text. A device that is lost
   (a reset, a fault, no answer in time) stays so: every later call fails with NC_ERR_DEVICE and
   says how it was lost, until it is closed and opened again. One device belongs to one thread at a
   time, which may be another one at each call. Drivers are never unloaded. */

#ifndef NC_GPU_H
#define NC_GPU_H

/* The release that this file is of, as text and as numbers for #if; the same in every nc_*.h. */
#define NC_GPU_VERSION "0.1.0"
#define NC_GPU_VERSION_MAJOR 0
#define NC_GPU_VERSION_MINOR 1
#define NC_GPU_VERSION_PATCH 0

/* ==== nc base: the same block, to the letter, in every nc_*.h ====================== */
#ifndef NC_BASE_DEFINED
#define NC_BASE_DEFINED
#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define NC_UNUSED __attribute__((unused))
#else
#define NC_UNUSED
#endif
#ifndef NC_API /* how public functions are declared; NC_STATIC makes them private to the file */
#if defined(NC_STATIC)
#define NC_API static NC_UNUSED
#elif defined(__cplusplus)
#define NC_API extern "C"
#else
#define NC_API extern
#endif
#endif

/* Result of every function that can fail. 0 is success; values are stable across versions. After an
 * error what the function was to make (an object, a text, bytes: a parameter **name) is null. */
typedef enum nc_status {
    NC_OK = 0,
    NC_ERR_ARG = 1,         /* an argument outside its documented range */
    NC_ERR_MEMORY = 2,      /* the allocator returned null */
    NC_ERR_IO = 3,          /* a file could not be opened, read, written or renamed */
    NC_ERR_FORMAT = 4,      /* input bytes or text that break their format */
    NC_ERR_LIMIT = 5,       /* well-formed input beyond a documented limit */
    NC_ERR_UNSUPPORTED = 6, /* valid, but not possible in this build or on this machine */
    NC_ERR_DEVICE = 7,      /* GPU driver, device or kernel file missing or failing */
    NC_ERR_MISMATCH = 8,    /* two things that must agree do not (checksum, shape, proof) */
    NC_ERR_CANCELLED = 9,   /* the progress callback asked to stop */
    NC_ERR_MATH = 10        /* no result exists: inverse of 0, root of a non-residue */
} nc_status;

/* Where and why: line and column count from 1, 0 = not applicable. Message ends with NUL. */
typedef struct nc_error {
    nc_status status;
    int32_t line;
    int32_t column;
    char message[160];
} nc_error;

/* Memory hooks. A null nc_allocator pointer, or a null alloc_fn, means malloc and free; with an
 * alloc_fn and a null free_fn nothing is given back (an arena). alloc_fn returns memory aligned to
 * `align` (a power of two up to 64) or null; free_fn gets the same byte count back. Both must be
 * callable from the thread that calls the library. */
typedef struct nc_allocator {
    void *(*alloc_fn)(void *user, size_t bytes, size_t align);
    void (*free_fn)(void *user, void *ptr, size_t bytes);
    void *user;
} nc_allocator;

/* Called during long work with done of total; return nonzero to cancel (NC_ERR_CANCELLED). */
typedef int (*nc_progress_fn)(void *user, uint64_t done, uint64_t total);

/* Static text for a status, never null; unknown values give "unknown status". */
NC_API const char *nc_status_str(nc_status status);
#ifndef NC_NO_STDIO
/* A whole file into memory, with a NUL behind its *bytes. NC_ERR_IO, NC_ERR_MEMORY, NC_ERR_LIMIT
 * beyond NC_MAX_FILE_BYTES; the message names the path. Release with nc_file_free. */
NC_API nc_status nc_file_read(const char *path, char **data, size_t *bytes, nc_error *err);
/* Release; null is fine. */
NC_API void nc_file_free(char *data);
/* A whole file from memory, over an old one or not at all: a temporary file beside it is written,
 * synced and renamed, so that a crash or a full disk leaves the old file. A symbolic link leads to
 * its target, the old file's mode stays, and what is no regular file (/dev/null, /dev/stdout, a
 * pipe) is written to and stays. NC_ERR_IO, NC_ERR_ARG for a null or too long path. */
NC_API nc_status nc_file_write(const char *path, const void *data, size_t bytes, nc_error *err);
#endif
#endif
/* ==== end of nc base =============================================================== */

/* >>types ========================================================================== */

/* By which driver a device is reached. */
typedef enum nc_gpu_kind { NC_GPU_ANY = 0, NC_GPU_VULKAN = 1, NC_GPU_CUDA = 2 } nc_gpu_kind;

/* How a device is built, in the order of preference. */
typedef enum nc_gpu_type {
    NC_GPU_DISCRETE = 0,
    NC_GPU_INTEGRATED = 1,
    NC_GPU_VIRTUAL = 2,
    NC_GPU_OTHER = 3,
    NC_GPU_CPU = 4
} nc_gpu_type;

/* A device that a driver offers. */
typedef struct nc_gpu_device {
    nc_gpu_kind kind;
    uint32_t index; /* of its kind, for nc_gpu_desc */
    nc_gpu_type type;
    uint32_t unified;      /* nonzero: its memory is that of the host */
    uint64_t memory_bytes; /* all of it, also what others use */
    char name[256], driver[256];
} nc_gpu_device;

/* A kernel file in memory: name is that of the file, data lives as long as the device. */
typedef struct nc_gpu_file {
    const char *name;
    const void *data;
    size_t bytes; /* a NUL follows them in a .ptx file */
} nc_gpu_file;

/* Zero means default. NC_GPU_ANY tries CUDA, then Vulkan; a kind asked for by name fails when it
 * is not there. */
typedef struct nc_gpu_desc {
    uint32_t index; /* which device of its kind, as nc_gpu_list orders them; the best is 0 */
    nc_gpu_kind kind;
    const char *kernel_path;    /* folder of .spv and .ptx files; null, "": `kernels` beside us */
    const nc_gpu_file *kernels; /* of these, before the folder: nc_kernels of build/nc_kernels.h */
    size_t kernel_count;
    const char *cache_path;  /* Vulkan: file of compiled kernels, made and renewed; null: none */
    const char *library;     /* driver library; null: the system's */
    uint32_t validation;     /* nonzero: Vulkan validation layer, its findings go to log_fn */
    uint32_t allow_inexact;  /* nonzero: accept devices that cannot keep the numeric contract */
    uint32_t avoid_int64;    /* nonzero: the 32-bit kernels even where 64-bit integers exist */
    uint32_t avoid_division; /* nonzero: integer / and sqrt even where the device's are exact */
    uint32_t timeout_s;      /* a run that takes longer counts as a lost device; 0: 600 seconds */
    void (*log_fn)(void *user, const char *message);
    void *log_user;
} nc_gpu_desc;

/* What the device is and what the probe kernel measured on it. */
typedef struct nc_gpu_caps {
    nc_gpu_kind kind;
    nc_gpu_type type;
    char name[256];
    uint32_t fma_fused;        /* fma() rounds once */
    uint32_t exact_arithmetic; /* + and * are correctly rounded on the probe's cases */
    uint32_t exact_division;   /* so are / and sqrt; if not, kernels use integers for them */
    uint32_t subnormals_kept;
    uint32_t int64, float64;
    uint32_t contract;          /* the float32 contract can be met, with emulated fma if need be */
    uint32_t validation_errors; /* messages of the validation layer so far */
    uint32_t lost;              /* it has failed for good: only closing it works (NC_ERR_DEVICE) */
    uint64_t max_buffer_bytes;
    uint32_t max_buffers;                    /* of a kernel, as are the next */
    uint32_t max_threads, max_threads_of[3]; /* of a group, and in each direction */
    uint32_t max_shared_bytes;
} nc_gpu_caps;

typedef struct nc_gpu nc_gpu;
typedef struct nc_gpu_buffer nc_gpu_buffer;
typedef struct nc_gpu_kernel nc_gpu_kernel;
/* Recorded dispatches, to be run any number of times. */
typedef struct nc_gpu_program nc_gpu_program;

/* Version of the interface that kernel files must carry: SPIR-V in specialisation constant 1000,
 * PTX in the first word of the global nc_interface. */
#define NC_GPU_INTERFACE 3

/* At most so many buffers and bytes of constants has a kernel. */
enum { NC_GPU_MAX_BUFFERS = 8, NC_GPU_MAX_PUSH = 128 };

/* Work under way on a device. Its buffers live until nc_gpu_job_finish. */
typedef struct nc_gpu_job {
    nc_gpu *gpu;
    nc_status status; /* the first failure: then every later step does nothing */
    uint32_t count;   /* buffers made so far */
    int recording;
    int apart; /* set by the caller: no barrier behind the next dispatch */
    nc_gpu_buffer *buffers[NC_GPU_MAX_BUFFERS]; /* in the order in which they were made */
} nc_gpu_job;

/* >>api ============================================================================ */

/* -- devices -------------------------------------------------------------------------- */

/* The devices of desc->kind (any: CUDA's before Vulkan's) with desc->library, the most preferred
 * first: Vulkan's by their type, CUDA's as its driver orders them. At most `room` go to list,
 * *count is how many there are. NC_ERR_DEVICE when no driver can be loaded; for any kind, one is
 * enough. */
NC_API nc_status nc_gpu_list(const nc_gpu_desc *desc, nc_gpu_device *list, uint32_t room,
                             uint32_t *count, nc_error *err);
/* Open a device and probe it. NC_ERR_DEVICE without driver, device or kernel files (the message
 * says what was looked for where), NC_ERR_UNSUPPORTED when the numeric contract cannot be kept
 * and allow_inexact is 0, NC_ERR_ARG for an unknown kind or a path of more than 1,023
 * characters. */
NC_API nc_status nc_gpu_open(nc_gpu **gpu, const nc_gpu_desc *desc, nc_error *err);
/* Wait and release, kernels and an open recording too; all buffers and programs of the device must
 * be gone. Null is fine. */
NC_API void nc_gpu_close(nc_gpu *gpu);
/* Valid until close. */
NC_API const nc_gpu_caps *nc_gpu_get_caps(const nc_gpu *gpu);
/* Text of the last error, never null. */
NC_API const char *nc_gpu_last_error(const nc_gpu *gpu);

/* -- buffers -------------------------------------------------------------------------- */

/* Device memory, 1 byte to max_buffer_bytes (NC_ERR_LIMIT), contents undefined. */
NC_API nc_status nc_gpu_buffer_create(nc_gpu *gpu, size_t bytes, nc_gpu_buffer **buffer);
/* Release; null is fine. No program that is still to run may use it. */
NC_API void nc_gpu_buffer_destroy(nc_gpu *gpu, nc_gpu_buffer *buffer);
/* The size that it was made with. */
NC_API size_t nc_gpu_buffer_bytes(const nc_gpu_buffer *buffer);
/* Copy host memory to the buffer at offset. The data may be changed as soon as this returns; small
 * pieces travel with whatever comes next, which then also tells of their failure. NC_ERR_ARG beyond
 * the buffer's end. */
NC_API nc_status nc_gpu_upload(nc_gpu *gpu, nc_gpu_buffer *buffer, size_t offset, const void *data,
                               size_t bytes);
/* Copy from the buffer to host memory; returns when done. */
NC_API nc_status nc_gpu_download(nc_gpu *gpu, nc_gpu_buffer *buffer, size_t offset, void *data,
                                 size_t bytes);

/* -- kernels -------------------------------------------------------------------------- */

/* Load NAME.spv or NAME.ptx, or find it where it is loaded already; where fma is not fused
 * NAME_f64fma.spv, and where shaders have no 64-bit integers NAME_u32.spv; a kernel without fma or
 * such integers needs no file of these. The file says how many buffers and bytes of constants the
 * kernel takes and how many threads a group has (cuda/nc_kernel.h). The device keeps it until it is
 * closed. NC_ERR_DEVICE with the path that was looked for, NC_ERR_MISMATCH for a file of another
 * interface, NC_ERR_LIMIT for a kernel that takes more threads, shared memory or buffers than the
 * device has. */
NC_API nc_status nc_gpu_kernel_load(nc_gpu *gpu, const char *name, nc_gpu_kernel **kernel);

/* -- programs ------------------------------------------------------------------------- */

/* Start recording. NC_ERR_ARG while another recording is open. */
NC_API nc_status nc_gpu_begin(nc_gpu *gpu);
/* Record one dispatch of groups[0] x groups[1] x groups[2] groups of threads. More than 65,535 in
 * x go on in z, by the least power of two, where groups[2] is 1; the kernel then counts them with
 * NC_GROUP_X. `count` and push_bytes must be those of the kernel (NC_ERR_MISMATCH). NC_ERR_LIMIT
 * for a number of groups that is 0 or too large. */
NC_API nc_status nc_gpu_dispatch(nc_gpu *gpu, nc_gpu_kernel *kernel, nc_gpu_buffer *const *buffers,
                                 uint32_t count, const void *push, size_t push_bytes,
                                 const size_t groups[3]);
/* Later dispatches see what earlier ones wrote. */
NC_API nc_status nc_gpu_barrier(nc_gpu *gpu);
/* Finish the recording. */
NC_API nc_status nc_gpu_end(nc_gpu *gpu, nc_gpu_program **program);
/* Run a program and wait. nanoseconds (may be null) gets the device time, 0 where unknown. */
NC_API nc_status nc_gpu_run(nc_gpu *gpu, nc_gpu_program *program, uint64_t *nanoseconds);
/* Run a program and copy from a buffer what it has left there, as nc_gpu_download does, all in one
 * submission where the copies are small. */
NC_API nc_status nc_gpu_run_download(nc_gpu *gpu, nc_gpu_program *program, nc_gpu_buffer *buffer,
                                     size_t offset, void *data, size_t bytes);
/* Release; null is fine. */
NC_API void nc_gpu_program_destroy(nc_gpu *gpu, nc_gpu_program *program);

/* -- jobs ----------------------------------------------------------------------------- */

/* Start with nothing. */
NC_API void nc_gpu_job_start(nc_gpu_job *job, nc_gpu *gpu);
/* A buffer of `bytes` (0 is taken as 4), with `used` bytes of data in it (null: none); null after a
 * failure. NC_ERR_LIMIT for the ninth. */
NC_API nc_gpu_buffer *nc_gpu_job_buffer(nc_gpu_job *job, const void *data, size_t used,
                                        size_t bytes);
/* Record the kernel of this name, loaded where need be, and a barrier after it unless job->apart is
 * set, which ends with it, as nc_gpu_dispatch does; buffers null: the job's first `count`. */
NC_API void nc_gpu_job_dispatch(nc_gpu_job *job, const char *name, nc_gpu_buffer *const *buffers,
                                uint32_t count, const void *push, size_t push_bytes, size_t x,
                                size_t y, size_t z);
/* Run what was recorded, copy `bytes` from `offset` of a buffer to out (null: nothing), release the
 * buffers. Call it after a failure too: an open recording is closed. Returns job->status. */
NC_API nc_status nc_gpu_job_finish(nc_gpu_job *job, nc_gpu_buffer *from, size_t offset, void *out,
                                   size_t bytes);
/* The same, but what was recorded becomes a program instead of being run; the buffers it uses must
 * not be the job's. */
NC_API nc_status nc_gpu_job_record(nc_gpu_job *job, nc_gpu_program **program);

#endif /* NC_GPU_H */

/* ================================== implementation ==================================== */
#if defined(NC_IMPLEMENTATION) && !defined(NC_GPU_IMPLEMENTED)
#define NC_GPU_IMPLEMENTED

/* ==== nc base implementation: the same block, to the letter, in every nc_*.h ======= */
#ifndef NC_BASE_IMPLEMENTED
#define NC_BASE_IMPLEMENTED
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef NC_MALLOC
#define NC_MALLOC(bytes) malloc(bytes)
#define NC_FREE(ptr) free(ptr)
#endif
#ifndef NC_MAX_FILE_BYTES /* files larger than this are refused, not read */
#define NC_MAX_FILE_BYTES (SIZE_MAX > UINT32_MAX ? (size_t)1 << 16 << 16 : (size_t)1 << 30)
#endif
#ifndef NC_NO_STDIO
#include <errno.h>
#endif
#if !defined(NC_NO_STDIO) && (defined(__unix__) || defined(__APPLE__))
#define NC__POSIX_FILES 1
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#ifndef __cplusplus /* hidden by strict -std=c99 in some C libraries */
extern int fsync(int fd);
extern ssize_t readlink(const char *path, char *out, size_t room);
#endif
#elif !defined(NC_NO_STDIO) && defined(_WIN32)
#include <io.h>
#ifdef __cplusplus
extern "C"
#endif
    __declspec(dllimport) int __stdcall MoveFileExA(const char *from, const char *to,
                                                    unsigned long flags);
#endif

#if !defined(NC_NO_SIMD) && defined(__GNUC__) && defined(__aarch64__) && defined(__ARM_NEON) &&    \
    !defined(__AARCH64EB__)
#define NC__NEON 1
#ifdef __linux__
#include <sys/auxv.h>
#endif
#endif

/* Several C files may each hold the implementation of a different header: what all of them define
 * is weak where that exists. */
#if defined(__GNUC__) && !defined(NC_STATIC) && !defined(_WIN32)
#define NC__SHARED NC_API __attribute__((weak))
#else
#define NC__SHARED NC_API
#endif

/* x y + z, rounded once: the product, exact in a double, plus z, rounded to odd, which a second
 * rounding cannot harm (Boldo, Melquiond: Emulation of FMA and correctly rounded sums, 2008). */
static NC_UNUSED float nc__fmaf(float x, float y, float z) {
    const double product = (double)x * (double)y, sum = product + (double)z, part = sum - product;
    const double error = (product - (sum - part)) + ((double)z - part);
    uint64_t bits;
    double odd;
    memcpy(&bits, &sum, sizeof bits);
    if (!(error > 0 || error < 0) || (bits & 1)) return (float)sum; /* exact, odd or not finite */
    bits = (error > 0) == (sum > 0) ? bits + 1 : bits - 1;
    memcpy(&odd, &bits, sizeof odd);
    return (float)odd;
}
/* That of mingw-w64's C library rounds twice: one in five of random floats is wrong. */
#if defined(__MINGW32__) && !defined(__FMA__)
#define NC__FMAF nc__fmaf
#else
#define NC__FMAF fmaf
#endif

/* gcc compiles quickly rather than well between the COLD two (-Og): for what is read, written,
 * checked or planned once; and takes a middle way between the WARM two (-O1): for what is called
 * often and decides rather than loops. What loops over values calls stands outside of both. */
#if defined(__GNUC__) && !defined(__clang__) && defined(__OPTIMIZE__) && !defined(__OPTIMIZE_SIZE__)
#define NC__COLD_BEGIN _Pragma("GCC push_options") _Pragma("GCC optimize(\"Og\")")
#define NC__COLD_END _Pragma("GCC pop_options")
#define NC__WARM_BEGIN                                                                             \
    _Pragma("GCC push_options") _Pragma("GCC optimize(\"O1\", \"inline-small-functions\")")
#define NC__WARM_END _Pragma("GCC pop_options")
#else
#define NC__COLD_BEGIN
#define NC__COLD_END
#define NC__WARM_BEGIN
#define NC__WARM_END
#endif

/* What several places call and gain nothing from a copy of: it compiles faster once. */
#if defined(__GNUC__)
#define NC__NOINLINE __attribute__((noinline))
#else
#define NC__NOINLINE
#endif

NC__SHARED const char *nc_status_str(nc_status status) {
    static const char *const text[] = {"ok",
                                       "invalid argument",
                                       "out of memory",
                                       "input/output error",
                                       "malformed input",
                                       "limit exceeded",
                                       "unsupported",
                                       "device error",
                                       "mismatch",
                                       "cancelled",
                                       "no mathematical result"};
    unsigned i = (unsigned)status;
    return i < sizeof text / sizeof text[0] ? text[i] : "unknown status";
}

/* Fill *err (may be null) and return status, so that callers write `return nc__fail(...)`. */
#if defined(__GNUC__)
__attribute__((format(printf, 5, 6)))
#endif
static NC_UNUSED nc_status
nc__fail(nc_error *err, nc_status status, size_t line, size_t column, const char *format, ...) {
    if (err) {
        va_list args;
        va_start(args, format);
        err->status = status;
        err->line = line > INT32_MAX ? INT32_MAX : (int32_t)line;
        err->column = column > INT32_MAX ? INT32_MAX : (int32_t)column;
        vsnprintf(err->message, sizeof err->message, format, args);
        va_end(args);
    }
    return status;
}

static NC_UNUSED void nc__clear(nc_error *err) {
    if (err) memset(err, 0, sizeof *err);
}

/* a * b, or SIZE_MAX when it overflows; no allocation of SIZE_MAX bytes ever succeeds. */
static NC_UNUSED size_t nc__mul_size(size_t a, size_t b) {
    return b != 0 && a > SIZE_MAX / b ? SIZE_MAX : a * b;
}

static NC_UNUSED size_t nc__add_size(size_t a, size_t b) {
    return a > SIZE_MAX - b ? SIZE_MAX : a + b;
}

/* 64-byte aligned memory. Without hooks the original pointer is kept just below the block. */
static NC_UNUSED NC__NOINLINE void *nc__alloc(const nc_allocator *hooks, size_t bytes) {
    char *raw, *aligned;
    if (bytes >= SIZE_MAX - 128) return NULL;
    if (bytes == 0) bytes = 1;
    if (hooks && hooks->alloc_fn) return hooks->alloc_fn(hooks->user, bytes, 64);
    raw = (char *)NC_MALLOC(bytes + 64 + sizeof(void *));
    if (!raw) return NULL;
    aligned = raw + sizeof(void *);
    aligned += (64 - (uintptr_t)aligned % 64) % 64;
    memcpy(aligned - sizeof(void *), &raw, sizeof raw);
    return aligned;
}

static NC_UNUSED NC__NOINLINE void *nc__calloc(const nc_allocator *hooks, size_t bytes) {
    void *ptr = bytes < SIZE_MAX / 2 ? nc__alloc(hooks, bytes) : NULL;
    if (ptr) memset(ptr, 0, bytes);
    return ptr;
}

static NC_UNUSED NC__NOINLINE void nc__free(const nc_allocator *hooks, void *ptr, size_t bytes) {
    void *raw;
    if (!ptr) return;
    if (!hooks || !hooks->alloc_fn) {
        memcpy(&raw, (char *)ptr - sizeof raw, sizeof raw);
        NC_FREE(raw);
    } else if (hooks->free_fn) {
        hooks->free_fn(hooks->user, ptr, bytes ? bytes : 1);
    }
}

/* Little-endian integers in files, whatever the machine. */
static NC_UNUSED void nc__put_le(uint8_t *out, uint64_t value, size_t bytes) {
    size_t i;
    for (i = 0; i < bytes; i++) out[i] = (uint8_t)(value >> (8 * i));
}

static NC_UNUSED uint64_t nc__get_le(const uint8_t *in, size_t bytes) {
    uint64_t value = 0;
    size_t i;
    for (i = 0; i < bytes; i++) value |= (uint64_t)in[i] << (8 * i);
    return value;
}

/* FNV-1a, 64 bits. Each step is a bijection of the state, so one changed byte always shows. */
#define NC__FNV_START UINT64_C(0xcbf29ce484222325)
static NC_UNUSED uint64_t nc__fnv1a(uint64_t hash, const void *data, size_t bytes) {
    const uint8_t *p = (const uint8_t *)data;
    size_t i;
    for (i = 0; i < bytes; i++) hash = (hash ^ p[i]) * UINT64_C(0x100000001b3);
    return hash;
}

/* Philox4x32-10 (Salmon, Moraes, Dror, Shaw: Parallel random numbers, SC 2011): counter and
 * key in, four uniform 32-bit words out. The one generator of the house. */
static NC_UNUSED void nc__philox(uint64_t seed, uint64_t counter_lo, uint64_t counter_hi,
                                 uint32_t out[4]) {
    uint32_t c0 = (uint32_t)counter_lo, c1 = (uint32_t)(counter_lo >> 32);
    uint32_t c2 = (uint32_t)counter_hi, c3 = (uint32_t)(counter_hi >> 32);
    uint32_t k0 = (uint32_t)seed, k1 = (uint32_t)(seed >> 32);
    int round;
    for (round = 0; round < 10; round++) {
        uint64_t a = (uint64_t)UINT32_C(0xD2511F53) * c0;
        uint64_t b = (uint64_t)UINT32_C(0xCD9E8D57) * c2;
        c0 = (uint32_t)(b >> 32) ^ c1 ^ k0;
        c2 = (uint32_t)(a >> 32) ^ c3 ^ k1;
        c1 = (uint32_t)b;
        c3 = (uint32_t)a;
        k0 += UINT32_C(0x9E3779B9);
        k1 += UINT32_C(0xBB67AE85);
    }
    out[0] = c0;
    out[1] = c1;
    out[2] = c2;
    out[3] = c3;
}

/* A number that one thread may write while others read it. */
#if defined(__GNUC__)
#define NC__GET(x) __atomic_load_n(&(x), __ATOMIC_RELAXED)
#define NC__SET(x, value) __atomic_store_n(&(x), value, __ATOMIC_RELAXED)
#else
#define NC__GET(x) (x)
#define NC__SET(x, value) ((x) = (value))
#endif

/* Best instruction set of this machine: 0 portable, 1 AVX2 + FMA or NEON, 2 AVX-512 F BW DQ VL or
 * NEON with dot products. */
static NC_UNUSED int nc__cpu_level(void) {
#if !defined(NC_NO_SIMD) && defined(__GNUC__) && defined(__x86_64__)
    __builtin_cpu_init();
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) return 0;
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"))
        return 2;
    return 1;
#elif defined(NC__NEON) && (defined(__APPLE__) || defined(__ARM_FEATURE_DOTPROD))
    return 2;
#elif defined(NC__NEON) && defined(__linux__)
    return getauxval(AT_HWCAP) >> 20 & 1 ? 2 : 1; /* bit 20: asimddp */
#elif defined(NC__NEON)
    return 1;
#else
    return 0;
#endif
}

/* The level that is forced, where it is not -1, else the best, found once: the same whoever finds
 * it. */
static NC_UNUSED int nc__level(const int *forced, int *best, int (*find)(void)) {
    int level = NC__GET(*forced);
    if (level < 0) level = NC__GET(*best);
    if (level < 0) {
        level = find();
        NC__SET(*best, level);
    }
    return level;
}

typedef struct nc__span {
    const void *data;
    size_t bytes;
} nc__span;

#ifndef NC_NO_STDIO
NC__COLD_BEGIN
/* What could not be done with a file, and the system's reason. */
static NC_UNUSED nc_status nc__file_error(nc_error *err, const char *what, const char *path,
                                          int reason) {
    return nc__fail(err, NC_ERR_IO, 0, 0, "cannot %s '%.90s'%s%.40s", what, path,
                    reason ? ": " : "", reason ? strerror(reason) : "");
}

/* Whole file into fresh memory (free with *bytes + 1: a NUL follows the data). The buffer grows to
 * two bytes more than may be read: one shows that there is more, one is not read into. */
static NC_UNUSED nc_status nc__file_read(const char *path, const nc_allocator *hooks,
                                         uint8_t **data, size_t *bytes, nc_error *err) {
    const size_t most = nc__add_size(NC_MAX_FILE_BYTES, 2);
    FILE *file = fopen(path, "rb");
    uint8_t *buffer = NULL, *grown;
    size_t capacity = 0, used = 0, got;
    nc_status status = NC_OK;
    *data = NULL;
    *bytes = 0;
    if (!file) return nc__file_error(err, "open", path, errno);
    errno = 0;
    do {
        if (capacity - used < 2) {
            size_t larger = capacity ? nc__mul_size(capacity, 2) : 65536;
            if (larger > most) larger = most;
            grown = used > NC_MAX_FILE_BYTES ? NULL : (uint8_t *)nc__alloc(hooks, larger);
            if (!grown) {
                status = used > NC_MAX_FILE_BYTES ? NC_ERR_LIMIT : NC_ERR_MEMORY;
                nc__fail(err, status, 0, 0, "'%.120s' is too large", path);
                break;
            }
            if (used) memcpy(grown, buffer, used);
            nc__free(hooks, buffer, capacity);
            buffer = grown;
            capacity = larger;
        }
        got = fread(buffer + used, 1, capacity - used - 1, file);
        used += got;
    } while (got > 0);
    if (status == NC_OK && ferror(file)) status = nc__file_error(err, "read", path, errno);
    fclose(file);
    if (status == NC_OK) { /* shrink to exactly bytes + 1, the size the caller frees */
        *data = (uint8_t *)nc__alloc(hooks, used + 1);
        if (!*data) status = nc__fail(err, NC_ERR_MEMORY, 0, 0, "out of memory for '%.120s'", path);
    }
    if (*data) {
        if (used) memcpy(*data, buffer, used);
        (*data)[used] = 0;
        *bytes = used;
    }
    nc__free(hooks, buffer, capacity);
    return status;
}

/* Does this character of a path end the name of a folder? On Windows a backslash does, too. */
static int nc__ends_folder(char c) {
#if defined(_WIN32)
    if (c == '\\') return 1;
#endif
    return c == '/';
}

/* Bytes of a path up to its file's name. */
static NC_UNUSED size_t nc__folder_bytes(const char *path) {
    size_t n = strlen(path);
    while (n && !nc__ends_folder(path[n - 1])) n--;
    return n;
}

/* A file being written: under a temporary name beside its target, which it replaces when it is
 * closed, so that a crash or a full disk leaves the old file whole; straight into what is no
 * regular file (a device, a pipe), which a rename would remove. */
typedef struct nc__writer {
#if defined(NC__POSIX_FILES)
    int fd;
#else
    FILE *file;
#endif
    int ok, direct, reason; /* reason: errno of the first failure */
    char target[2048], temporary[2048 + 48];
} nc__writer;

#if defined(NC__POSIX_FILES)
/* The open file that a path stands for, -1 for none: /dev/stdout and its like. */
static int nc__descriptor(const char *path) {
    const char *digits = "";
    char *end;
    long fd;
    if (!strncmp(path, "/dev/fd/", 8)) digits = path + 8;
    if (!strncmp(path, "/proc/self/fd/", 14)) digits = path + 14;
    if (!strcmp(path, "/dev/stdout")) return 1;
    if (!strcmp(path, "/dev/stderr")) return 2;
    if (*digits < '0' || *digits > '9') return -1;
    fd = strtol(digits, &end, 10);
    return *end || fd > 65535 ? -1 : (int)fd;
}

/* Follow symbolic links by their text, so that a link whose target does not exist yet gets one;
 * those of /proc stand for files that are open. 0: too long a path, or too many links. */
static int nc__resolve(char *path, size_t room) {
    char link[2048];
    int hops;
    for (hops = 0; hops < 40; hops++) {
        size_t keep, n;
        long got;
        if (nc__descriptor(path) >= 0 || !strncmp(path, "/proc/", 6)) return 1;
        got = (long)readlink(path, link, sizeof link - 1);
        if (got < 0) return 1;
        n = (size_t)got;
        keep = link[0] != '/' ? nc__folder_bytes(path) : 0;
        if (keep + n >= room) return 0;
        memcpy(path + keep, link, n);
        path[keep + n] = 0;
    }
    return 0;
}

/* Make the renamed directory entry durable too; best effort, some file systems refuse. */
static void nc__sync_directory(char *path) {
    int fd;
    path[nc__folder_bytes(path)] = 0;
    fd = open(*path ? path : ".", O_RDONLY);
    if (fd < 0) return;
    (void)fsync(fd);
    (void)close(fd);
}

/* The mode and, where the system allows, the owner of the file that will be replaced. */
static void nc__inherit(const char *path, const struct stat *old) {
    const int changed = chown(path, old->st_uid, old->st_gid);
    (void)changed; /* if not, the new file is ours */
    (void)chmod(path, old->st_mode & 07777);
}

/* The temporary file, with the mode of the one that it will replace; or the device itself. */
static int nc__writer_create(nc__writer *w) {
    struct stat old;
    unsigned attempt;
    int exists;
    if (!nc__resolve(w->target, sizeof w->target)) return 0;
    exists = stat(w->target, &old) == 0;
    w->direct = nc__descriptor(w->target) >= 0 || (exists && !S_ISREG(old.st_mode));
    if (nc__descriptor(w->target) >= 0)
        w->fd = dup(nc__descriptor(w->target));
    else if (w->direct && !S_ISBLK(old.st_mode)) /* a disk is never meant */
        w->fd = open(w->target, O_WRONLY);
    for (attempt = 0; !w->direct && attempt < 100 && w->fd < 0; attempt++) {
        snprintf(w->temporary, sizeof w->temporary, "%s.tmp%ld.%u", w->target, (long)getpid(),
                 attempt);
        w->fd = open(w->temporary, O_WRONLY | O_CREAT | O_EXCL, exists ? old.st_mode & 0777 : 0666);
    }
    if (w->fd >= 0 && !w->direct && exists) nc__inherit(w->temporary, &old);
    return w->fd >= 0;
}
#endif

static NC_UNUSED nc_status nc__writer_open(nc__writer *w, const char *path, nc_error *err) {
    memset(w, 0, sizeof *w);
    if (strlen(path) >= sizeof w->target)
        return nc__fail(err, NC_ERR_ARG, 0, 0, "a path of %lu characters is too long",
                        (unsigned long)strlen(path));
    memcpy(w->target, path, strlen(path) + 1);
    errno = 0;
#if defined(NC__POSIX_FILES)
    w->fd = -1;
    w->ok = nc__writer_create(w);
#else
    snprintf(w->temporary, sizeof w->temporary, "%s.tmp%lx", path,
             (unsigned long)((uintptr_t)w >> 4));
    w->file = fopen(w->temporary, "wb");
    w->ok = w->file != NULL;
#endif
    return w->ok ? NC_OK : nc__file_error(err, "create", path, errno);
}

/* Does nothing after an error, which nc__writer_close reports. */
static NC_UNUSED void nc__writer_put(nc__writer *w, const void *data, size_t bytes) {
#if defined(NC__POSIX_FILES)
    const char *at = (const char *)data;
    while (w->ok && bytes) {
        const size_t piece = bytes < (size_t)1 << 30 ? bytes : (size_t)1 << 30;
        const long n = (long)write(w->fd, at, piece);
        w->ok = n > 0 || (n < 0 && errno == EINTR);
        if (!w->ok) w->reason = n < 0 ? errno : ENOSPC;
        if (n <= 0) continue;
        at += n;
        bytes -= (size_t)n;
    }
#else
    w->ok = w->ok && (bytes == 0 || fwrite(data, 1, bytes, w->file) == bytes);
    if (!w->ok && !w->reason) w->reason = errno;
#endif
}

/* Put the file in its place, or with keep 0, and after an error, leave everything as it was. */
static NC_UNUSED nc_status nc__writer_close(nc__writer *w, int keep, nc_error *err) {
    if (w->ok) errno = 0;
#if defined(NC__POSIX_FILES)
    w->ok = w->ok && (w->direct || !keep || fsync(w->fd) == 0);
    w->ok = close(w->fd) == 0 && w->ok;
    if (!w->direct) w->ok = w->ok && (!keep || rename(w->temporary, w->target) == 0);
#elif defined(_WIN32)
    w->ok = fflush(w->file) == 0 && w->ok && _commit(_fileno(w->file)) == 0;
    w->ok = fclose(w->file) == 0 && w->ok;
    w->ok = w->ok && (!keep || MoveFileExA(w->temporary, w->target, 1 | 8)); /* replace, flush */
#else
    w->ok = fclose(w->file) == 0 && w->ok;
    w->ok = w->ok && (!keep || rename(w->temporary, w->target) == 0);
#endif
    if (!w->ok && !w->reason) w->reason = errno;
    if (!w->direct && (!w->ok || !keep)) (void)remove(w->temporary);
    if (!w->ok) return nc__file_error(err, "write", w->target, w->reason);
#if defined(NC__POSIX_FILES)
    if (!w->direct && keep) nc__sync_directory(w->target);
#endif
    return NC_OK;
}

static NC_UNUSED nc_status nc__file_write(const char *path, const nc__span *spans, size_t count,
                                          nc_error *err) {
    nc__writer w;
    nc_status status = nc__writer_open(&w, path, err);
    size_t i;
    for (i = 0; i < count && status == NC_OK; i++)
        nc__writer_put(&w, spans[i].data, spans[i].bytes);
    return status == NC_OK ? nc__writer_close(&w, 1, err) : status;
}

NC__SHARED nc_status nc_file_read(const char *path, char **data, size_t *bytes, nc_error *err) {
    uint8_t *read = NULL;
    size_t n = 0;
    nc_status status;
    nc__clear(err);
    if (data) *data = NULL;
    if (!path || !data || !bytes) return nc__fail(err, NC_ERR_ARG, 0, 0, "no path or no result");
    status = nc__file_read(path, NULL, &read, &n, err);
    *data = (char *)read;
    *bytes = n;
    return status;
}

NC__SHARED void nc_file_free(char *data) { nc__free(NULL, data, 0); }

NC__SHARED nc_status nc_file_write(const char *path, const void *data, size_t bytes,
                                   nc_error *err) {
    nc__span span;
    nc__clear(err);
    if (!path || (!data && bytes)) return nc__fail(err, NC_ERR_ARG, 0, 0, "no path or no data");
    span.data = data;
    span.bytes = bytes;
    return nc__file_write(path, &span, 1, err);
}
NC__COLD_END
#endif /* NC_NO_STDIO */
#endif
/* ==== end of nc base implementation ================================================ */

#ifdef NC_NO_STDIO
#error "nc_gpu.h reads kernel files: it cannot be compiled with NC_NO_STDIO"
#endif
#include <math.h>
#include <time.h>
#if defined(__unix__) || defined(__APPLE__)
#include <dlfcn.h>
#elif defined(_WIN32)
#ifndef WIN32_LEAN_AND_MEAN
#define WIN32_LEAN_AND_MEAN
#endif
#ifndef NOMINMAX
#define NOMINMAX
#endif
#include <windows.h>
#endif
#if !defined(NC_GPU_NO_VULKAN) && defined(__has_include)
#if !__has_include(<vulkan/vulkan.h>)
#define NC_GPU_NO_VULKAN
#endif
#endif
#ifndef NC_GPU_NO_VULKAN
#ifndef VK_NO_PROTOTYPES
#define VK_NO_PROTOTYPES
#endif
#include <vulkan/vulkan.h>

/* Device functions, fetched by name. */
/* clang-format off */
#define NC_GPU__VULKAN_FUNCTIONS(X)                                                               \
    X(DestroyInstance) X(EnumeratePhysicalDevices) X(GetPhysicalDeviceProperties)                 \
    X(GetPhysicalDeviceFeatures) X(GetPhysicalDeviceQueueFamilyProperties)                        \
    X(GetPhysicalDeviceMemoryProperties) X(GetPhysicalDeviceProperties2)                          \
    X(EnumerateDeviceExtensionProperties) X(CreateDevice) X(DestroyDevice) X(GetDeviceQueue)      \
    X(DeviceWaitIdle) X(CreateBuffer) X(DestroyBuffer) X(GetBufferMemoryRequirements)             \
    X(AllocateMemory) X(FreeMemory) X(BindBufferMemory) X(MapMemory) X(CreateShaderModule)        \
    X(DestroyShaderModule) X(CreateDescriptorSetLayout) X(DestroyDescriptorSetLayout)             \
    X(CreatePipelineLayout) X(DestroyPipelineLayout) X(CreateComputePipelines)                    \
    X(DestroyPipeline) X(CreatePipelineCache) X(DestroyPipelineCache) X(GetPipelineCacheData)     \
    X(CreateDescriptorPool) X(DestroyDescriptorPool) X(AllocateDescriptorSets)                    \
    X(UpdateDescriptorSets) X(CreateCommandPool) X(DestroyCommandPool) X(AllocateCommandBuffers)  \
    X(FreeCommandBuffers) X(BeginCommandBuffer) X(EndCommandBuffer) X(CmdBindPipeline)            \
    X(CmdBindDescriptorSets) X(CmdPushConstants) X(CmdDispatch) X(CmdPipelineBarrier)             \
    X(CmdCopyBuffer) X(QueueSubmit) X(CreateFence) X(DestroyFence) X(WaitForFences)               \
    X(ResetFences) X(CreateQueryPool) X(DestroyQueryPool) X(CmdResetQueryPool)                    \
    X(CmdWriteTimestamp) X(GetQueryPoolResults)
/* clang-format on */

typedef struct nc_gpu__vulkan {
#define NC_GPU__MEMBER(name) PFN_vk##name name;
    NC_GPU__VULKAN_FUNCTIONS(NC_GPU__MEMBER)
#undef NC_GPU__MEMBER
    PFN_vkDestroyDebugUtilsMessengerEXT destroy_messenger;
    VkDebugUtilsMessengerEXT messenger;
    VkInstance instance;
    VkPhysicalDevice *devices, physical;
    VkDevice device;
    struct nc_gpu__block *blocks;
    VkQueue queue;
    uint32_t family, timestamp_bits; /* those of a time that count; 0: there are no times */
    uint32_t float_modes;            /* bit i: mode i of nc_gpu__float_modes is offered */
    double tick_ns;
    VkPhysicalDeviceMemoryProperties memory;
    VkPipelineCache cache;
    uint64_t cache_hash; /* of what the file holds */
    VkCommandPool pool;
    VkFence fence;
    VkBuffer staging;
    VkDeviceMemory staging_memory;
    VkCommandBuffer copies[2]; /* to the device, before a program; from it, behind */
    int copying[2];            /* they are being recorded */
} nc_gpu__vulkan;
#endif

/* CUDA driver API, as far as it is used; types by their documented sizes. */
typedef struct nc_gpu__cuda {
    int (*Init)(unsigned flags);
    int (*DeviceGetCount)(int *count);
    int (*DeviceGet)(int *device, int ordinal);
    int (*DeviceGetName)(char *name, int n, int device);
    int (*DeviceGetAttribute)(int *value, int attribute, int device);
    int (*DeviceTotalMem)(size_t *bytes, int device);
    int (*DriverGetVersion)(int *version); /* 1000 major + 10 minor */
    int (*FuncGetAttribute)(int *value, int attribute, void *function);
    int (*DevicePrimaryCtxRetain)(void **context, int device);
    int (*DevicePrimaryCtxRelease)(int device);
    int (*CtxSetCurrent)(void *context);
    int (*MemAlloc)(unsigned long long *address, size_t bytes);
    int (*MemFree)(unsigned long long address);
    int (*MemHostAlloc)(void **memory, size_t bytes, unsigned flags);
    int (*MemFreeHost)(void *memory);
    int (*MemcpyHtoDAsync)(unsigned long long to, const void *from, size_t bytes, void *stream);
    int (*MemcpyDtoHAsync)(void *to, unsigned long long from, size_t bytes, void *stream);
    int (*MemcpyDtoH)(void *to, unsigned long long from, size_t bytes);
    int (*ModuleLoadDataEx)(void **module, const void *image, unsigned n, int *options,
                            void **values);
    int (*ModuleUnload)(void *module);
    int (*ModuleGetFunction)(void **function, void *module, const char *name);
    int (*ModuleGetGlobal)(unsigned long long *address, size_t *bytes, void *module,
                           const char *name);
    int (*LaunchKernel)(void *function, unsigned gx, unsigned gy, unsigned gz, unsigned bx,
                        unsigned by, unsigned bz, unsigned shared, void *stream, void **arguments,
                        void **extra);
    int (*GetErrorString)(int code, const char **text);
    int (*EventCreate)(void **event, unsigned flags);
    int (*EventDestroy)(void *event);
    int (*EventRecord)(void *event, void *stream);
    int (*EventQuery)(void *event);
    int (*EventElapsedTime)(float *milliseconds, void *start, void *end);
    int device;
    void *context;
    void *events[3]; /* before and behind a program's launches, and behind all */
} nc_gpu__cuda;

enum { NC_GPU__STAGING = 1 << 22 }; /* bytes of host memory through which copies go */

#ifndef NC_GPU_NO_VULKAN
/* Device memory that small buffers share, or that a large one has for itself: drivers allow few
 * allocations (4,096 and more). */
typedef struct nc_gpu__block {
    struct nc_gpu__block *next;
    VkDeviceMemory memory;
    VkDeviceSize bytes;
    uint32_t type;
    nc_gpu_buffer *buffers;
} nc_gpu__block;
enum { /* bytes of a shared block, and of the largest buffer that goes into one */
       NC_GPU__BLOCK = 1 << 26,
       NC_GPU__SMALL = 1 << 23
};
#endif

struct nc_gpu_buffer {
    size_t bytes;
#ifndef NC_GPU_NO_VULKAN
    VkBuffer handle;
    struct nc_gpu__block *block;
    struct nc_gpu_buffer *next; /* in the block, in the order of their places */
    VkDeviceSize at, room;
#endif
    unsigned long long address;
};

struct nc_gpu_kernel {
    nc_gpu_kernel *next;
    char name[68];
    uint32_t buffers, push_bytes, threads[3];
    uint64_t shared_bytes;
#ifndef NC_GPU_NO_VULKAN
    VkShaderModule module;
    VkDescriptorSetLayout set_layout;
    VkPipelineLayout layout;
    VkPipeline pipeline;
#endif
    void *cu_module, *cu_function;
};

/* One recorded CUDA launch. */
typedef struct nc_gpu__launch {
    struct nc_gpu__launch *next;
    nc_gpu_kernel *kernel;
    unsigned long long address[NC_GPU_MAX_BUFFERS];
    uint64_t push[NC_GPU_MAX_PUSH / 8];
    uint32_t groups[3];
} nc_gpu__launch;

#ifndef NC_GPU_NO_VULKAN
/* Descriptor pools of a program, in blocks. */
typedef struct nc_gpu__pool {
    struct nc_gpu__pool *next;
    VkDescriptorPool handle;
    uint32_t used;
} nc_gpu__pool;
#endif

struct nc_gpu_program {
#ifndef NC_GPU_NO_VULKAN
    VkCommandBuffer commands;
    VkQueryPool queries;
    nc_gpu__pool *pools;
#endif
    nc_gpu__launch *first, *last;
};

/* What a kind of device does for each function of the API; arguments are checked before. */
typedef struct nc_gpu__backend {
    nc_gpu_kind kind;
    nc_status (*connect)(nc_gpu *gpu, const nc_gpu_desc *desc); /* to the driver */
    nc_status (*describe)(nc_gpu *gpu, uint32_t index, nc_gpu_device *out);
    nc_status (*open)(nc_gpu *gpu, uint32_t index);
    nc_status (*enter)(nc_gpu *gpu); /* before anything else in a call of the API */
    void (*close)(nc_gpu *gpu);
    nc_status (*buffer_create)(nc_gpu *gpu, nc_gpu_buffer *buffer);
    void (*buffer_destroy)(nc_gpu *gpu, nc_gpu_buffer *buffer);
    /* Enqueue a copy between the buffer and byte `at` of the staging memory. */
    nc_status (*copy)(nc_gpu *gpu, nc_gpu_buffer *buffer, size_t offset, size_t at, size_t bytes,
                      int to_device);
    /* The copies to the device, the program (may be null) and the copies from it, and wait. */
    nc_status (*submit)(nc_gpu *gpu, nc_gpu_program *program, uint64_t *nanoseconds);
    nc_status (*launch)(nc_gpu *gpu, nc_gpu_program *program); /* between these, where it matters */
    nc_status (*kernel_load)(nc_gpu *gpu, nc_gpu_kernel *kernel);
    void (*kernel_unload)(nc_gpu *gpu, nc_gpu_kernel *kernel);
    nc_status (*begin)(nc_gpu *gpu, nc_gpu_program *program);
    nc_status (*dispatch)(nc_gpu *gpu, nc_gpu_kernel *kernel, nc_gpu_buffer *const *buffers,
                          const void *push, const uint32_t groups[3]);
    void (*barrier)(nc_gpu *gpu);
    nc_status (*end)(nc_gpu *gpu, nc_gpu_program *program);
    void (*program_destroy)(nc_gpu *gpu, nc_gpu_program *program);
} nc_gpu__backend;

struct nc_gpu {
    const nc_gpu__backend *backend;
    nc_gpu_caps caps;
    nc_gpu_program *recording;
    nc_gpu_kernel *kernels;   /* loaded so far */
    uint32_t devices;         /* that the driver has */
    const nc_gpu_file *files; /* before those of kernel_path */
    size_t file_count;
    char *staging; /* host memory of NC_GPU__STAGING bytes that the device reads and writes */
    size_t staged; /* of these, copies that are under way */
    int hung;      /* the device may still use everything: nothing is released */
    char kernel_path[1024], cache_path[1024];
    char error[512], lost[160];
    void (*log_fn)(void *user, const char *message);
    void *log_user;
    uint32_t avoid_int64, avoid_division, timeout_s;
#ifndef NC_GPU_NO_VULKAN
    nc_gpu__vulkan vk;
#endif
    nc_gpu__cuda cu;
};

#if defined(__GNUC__)
__attribute__((format(printf, 3, 4)))
#endif
static nc_status
nc_gpu__fail(nc_gpu *gpu, nc_status status, const char *format, ...) {
    va_list args;
    va_start(args, format);
    vsnprintf(gpu->error, sizeof gpu->error, format, args);
    va_end(args);
    if (gpu->log_fn) gpu->log_fn(gpu->log_user, gpu->error);
    return status;
}

#if defined(__APPLE__)
#ifdef __cplusplus
extern "C"
#else
extern
#endif
    int
    _NSGetExecutablePath(char *out, uint32_t *room); /* mach-o/dyld.h */
#endif

static const char *nc_gpu__library_name(const char *wanted, const char *const *names) {
    return wanted && *wanted ? wanted : names[0];
}

/* The library that the caller names, else the first of these, which end with a null. */
static void *nc_gpu__open_library(const char *wanted, const char *const *names) {
    const char *only[2] = {NULL, NULL};
    void *library = NULL;
    only[0] = wanted;
    if (wanted && *wanted) names = only;
    for (; *names && !library; names++) {
#if defined(__unix__) || defined(__APPLE__)
        library = dlopen(*names, RTLD_NOW | RTLD_LOCAL);
#elif defined(_WIN32)
        library = (void *)LoadLibraryA(*names);
#endif
    }
    return library;
}

/* A function of a library, stored through memcpy: ISO C has no cast from data to code. */
static int nc_gpu__symbol(void *library, const char *name, void *function) {
#if defined(_WIN32)
    FARPROC symbol = GetProcAddress((HMODULE)library, name);
#elif defined(__unix__) || defined(__APPLE__)
    void *symbol = dlsym(library, name);
#else
    void *symbol = NULL;
    (void)library;
    (void)name;
#endif
    memcpy(function, &symbol, sizeof symbol);
    return symbol != NULL;
}

/* Nothing but closing works from here on; every call says why. */
static nc_status nc_gpu__is_lost(nc_gpu *gpu) {
    return nc_gpu__fail(gpu, NC_ERR_DEVICE,
                        "the device is lost with what it held (%s): close it and open it again",
                        gpu->lost);
}

#if defined(__GNUC__)
__attribute__((format(printf, 2, 3)))
#endif
static nc_status
nc_gpu__lose(nc_gpu *gpu, const char *format, ...) {
    va_list args;
    va_start(args, format);
    if (!gpu->caps.lost) vsnprintf(gpu->lost, sizeof gpu->lost, format, args);
    va_end(args);
    gpu->caps.lost = 1;
    return nc_gpu__is_lost(gpu);
}

#ifndef NC_GPU_NO_VULKAN
static const char *nc_gpu__vk_name(VkResult result) {
    switch ((int)result) {
    case VK_TIMEOUT: return "VK_TIMEOUT";
    case VK_INCOMPLETE: return "VK_INCOMPLETE";
    case VK_ERROR_OUT_OF_HOST_MEMORY: return "VK_ERROR_OUT_OF_HOST_MEMORY";
    case VK_ERROR_OUT_OF_DEVICE_MEMORY: return "VK_ERROR_OUT_OF_DEVICE_MEMORY";
    case VK_ERROR_INITIALIZATION_FAILED: return "VK_ERROR_INITIALIZATION_FAILED";
    case VK_ERROR_DEVICE_LOST: return "VK_ERROR_DEVICE_LOST";
    case VK_ERROR_MEMORY_MAP_FAILED: return "VK_ERROR_MEMORY_MAP_FAILED";
    case VK_ERROR_LAYER_NOT_PRESENT: return "VK_ERROR_LAYER_NOT_PRESENT";
    case VK_ERROR_EXTENSION_NOT_PRESENT: return "VK_ERROR_EXTENSION_NOT_PRESENT";
    case VK_ERROR_FEATURE_NOT_PRESENT: return "VK_ERROR_FEATURE_NOT_PRESENT";
    case VK_ERROR_INCOMPATIBLE_DRIVER: return "VK_ERROR_INCOMPATIBLE_DRIVER";
    case VK_ERROR_TOO_MANY_OBJECTS: return "VK_ERROR_TOO_MANY_OBJECTS";
    case VK_ERROR_FRAGMENTED_POOL: return "VK_ERROR_FRAGMENTED_POOL";
    default: return "VkResult";
    }
}

static nc_status nc_gpu__vk_fail(nc_gpu *gpu, const char *what, VkResult result) {
    nc_status status =
        result == VK_ERROR_OUT_OF_HOST_MEMORY || result == VK_ERROR_OUT_OF_DEVICE_MEMORY
            ? NC_ERR_MEMORY
            : NC_ERR_DEVICE;
    if (result == VK_ERROR_DEVICE_LOST) return nc_gpu__lose(gpu, "%s: VK_ERROR_DEVICE_LOST", what);
    return nc_gpu__fail(gpu, status, "%s failed: %s (%d)", what, nc_gpu__vk_name(result),
                        (int)result);
}
#endif

/* Codes after which a context is of no more use: cuda.h says of these that the process must be
 * ended, or that the device needs a reset. */
static int nc_gpu__cu_fatal(int code) {
    static const short list[] = {4,   46,  214, 220, 226, 700, 702, 709, 710,
                                 714, 715, 716, 717, 718, 719, 721, 999};
    size_t i;
    for (i = 0; i < sizeof list / sizeof *list; i++)
        if (list[i] == code) return 1;
    return 0;
}

static nc_status nc_gpu__cu_check(nc_gpu *gpu, const char *what, int code) {
    const char *text = NULL;
    if (code == 0) return NC_OK;
    if (gpu->cu.GetErrorString) (void)gpu->cu.GetErrorString(code, &text);
    if (!text) text = "unknown error";
    if (nc_gpu__cu_fatal(code)) return nc_gpu__lose(gpu, "%s: %.90s (%d)", what, text, code);
    return nc_gpu__fail(gpu, code == 2 ? NC_ERR_MEMORY : NC_ERR_DEVICE, "%s failed: %s (%d)", what,
                        text, code);
}

/* How every call that needs the device begins. */
static nc_status nc_gpu__enter(nc_gpu *gpu) {
    return gpu->caps.lost ? nc_gpu__is_lost(gpu) : gpu->backend->enter(gpu);
}

static const nc_gpu__backend *nc_gpu__backend_of(nc_gpu_kind kind);
static void nc_gpu__forget_kernels(nc_gpu *gpu);

/* >>devices ======================================================================== */

NC__WARM_BEGIN

/* -- Vulkan -- */
#ifndef NC_GPU_NO_VULKAN
static VKAPI_ATTR VkBool32 VKAPI_CALL nc_gpu__on_message(
    VkDebugUtilsMessageSeverityFlagBitsEXT severity, VkDebugUtilsMessageTypeFlagsEXT types,
    const VkDebugUtilsMessengerCallbackDataEXT *data, void *user) {
    nc_gpu *gpu = (nc_gpu *)user;
    (void)types;
    if (severity & VK_DEBUG_UTILS_MESSAGE_SEVERITY_ERROR_BIT_EXT) gpu->caps.validation_errors++;
    if (gpu->log_fn) gpu->log_fn(gpu->log_user, data->pMessage);
    return VK_FALSE;
}

#define NC_GPU__PORTABILITY "VK_KHR_portability_enumeration"
/* The loader shows devices that leave out parts of Vulkan (MoltenVK) only to those who ask. */
static int nc_gpu__vk_enumerates_portability(PFN_vkGetInstanceProcAddr get) {
    PFN_vkEnumerateInstanceExtensionProperties enumerate =
        (PFN_vkEnumerateInstanceExtensionProperties)get(NULL,
                                                        "vkEnumerateInstanceExtensionProperties");
    VkExtensionProperties *list;
    uint32_t count = 0, room, i;
    int found = 0;
    if (!enumerate || enumerate(NULL, &count, NULL) != VK_SUCCESS) return 0;
    room = count;
    list = (VkExtensionProperties *)nc__alloc(NULL, room * sizeof *list);
    if (list && enumerate(NULL, &count, list) == VK_SUCCESS)
        for (i = 0; i < count; i++) found |= !strcmp(list[i].extensionName, NC_GPU__PORTABILITY);
    nc__free(NULL, list, room * sizeof *list);
    return found;
}

/* Instance and functions; with validation the layer's findings are counted and logged. */
static nc_status nc_gpu__vk_instance(nc_gpu *gpu, PFN_vkGetInstanceProcAddr get, int validation) {
    static const char *const layer = "VK_LAYER_KHRONOS_validation";
    const char *extensions[2];
    nc_gpu__vulkan *vk = &gpu->vk;
    VkApplicationInfo app;
    VkInstanceCreateInfo info;
    VkDebugUtilsMessengerCreateInfoEXT messages;
    PFN_vkCreateInstance create;
    PFN_vkCreateDebugUtilsMessengerEXT create_messenger;
    VkResult result;
    memset(&app, 0, sizeof app);
    memset(&info, 0, sizeof info);
    memset(&messages, 0, sizeof messages);
    app.sType = VK_STRUCTURE_TYPE_APPLICATION_INFO;
    app.apiVersion = VK_API_VERSION_1_1;
    info.sType = VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO;
    info.pApplicationInfo = &app;
    info.ppEnabledLayerNames = &layer;
    info.ppEnabledExtensionNames = extensions;
    if (validation) {
        info.enabledLayerCount = 1;
        extensions[info.enabledExtensionCount++] = "VK_EXT_debug_utils";
    }
    if (nc_gpu__vk_enumerates_portability(get)) {
        extensions[info.enabledExtensionCount++] = NC_GPU__PORTABILITY;
        info.flags = 1; /* VK_INSTANCE_CREATE_ENUMERATE_PORTABILITY_BIT_KHR of newer headers */
    }
    create = (PFN_vkCreateInstance)get(NULL, "vkCreateInstance");
    if (!create)
        return nc_gpu__fail(gpu, NC_ERR_DEVICE, "the Vulkan library has no vkCreateInstance");
    result = create(&info, NULL, &vk->instance);
    if (result != VK_SUCCESS) return nc_gpu__vk_fail(gpu, "vkCreateInstance", result);
#define NC_GPU__FETCH(name)                                                                        \
    vk->name = (PFN_vk##name)get(vk->instance, "vk" #name);                                        \
    if (!vk->name) return nc_gpu__fail(gpu, NC_ERR_DEVICE, "the driver has no vk" #name);
    NC_GPU__VULKAN_FUNCTIONS(NC_GPU__FETCH)
#undef NC_GPU__FETCH
    if (!validation) return NC_OK;
    create_messenger =
        (PFN_vkCreateDebugUtilsMessengerEXT)get(vk->instance, "vkCreateDebugUtilsMessengerEXT");
    vk->destroy_messenger =
        (PFN_vkDestroyDebugUtilsMessengerEXT)get(vk->instance, "vkDestroyDebugUtilsMessengerEXT");
    if (!create_messenger || !vk->destroy_messenger)
        return nc_gpu__fail(gpu, NC_ERR_DEVICE, "the validation layer reports no messages");
    messages.sType = VK_STRUCTURE_TYPE_DEBUG_UTILS_MESSENGER_CREATE_INFO_EXT;
    messages.messageSeverity = VK_DEBUG_UTILS_MESSAGE_SEVERITY_ERROR_BIT_EXT |
                               VK_DEBUG_UTILS_MESSAGE_SEVERITY_WARNING_BIT_EXT;
    messages.messageType = VK_DEBUG_UTILS_MESSAGE_TYPE_GENERAL_BIT_EXT |
                           VK_DEBUG_UTILS_MESSAGE_TYPE_VALIDATION_BIT_EXT;
    messages.pfnUserCallback = nc_gpu__on_message;
    messages.pUserData = gpu;
    result = create_messenger(vk->instance, &messages, NULL, &vk->messenger);
    return result == VK_SUCCESS ? NC_OK : nc_gpu__vk_fail(gpu, "debug messenger", result);
}

static nc_gpu_type nc_gpu__vk_type(VkPhysicalDeviceType type) {
    return type == VK_PHYSICAL_DEVICE_TYPE_DISCRETE_GPU     ? NC_GPU_DISCRETE
           : type == VK_PHYSICAL_DEVICE_TYPE_INTEGRATED_GPU ? NC_GPU_INTEGRATED
           : type == VK_PHYSICAL_DEVICE_TYPE_VIRTUAL_GPU    ? NC_GPU_VIRTUAL
           : type == VK_PHYSICAL_DEVICE_TYPE_CPU            ? NC_GPU_CPU
                                                            : NC_GPU_OTHER;
}

/* All devices, by type; those of a type as the driver orders them. */
static nc_status nc_gpu__vk_devices(nc_gpu *gpu) {
    nc_gpu__vulkan *vk = &gpu->vk;
    VkPhysicalDeviceProperties properties;
    VkPhysicalDevice *given;
    uint32_t count = 0, type, i;
    VkResult result = vk->EnumeratePhysicalDevices(vk->instance, &count, NULL);
    if (result != VK_SUCCESS) return nc_gpu__vk_fail(gpu, "vkEnumeratePhysicalDevices", result);
    vk->devices = (VkPhysicalDevice *)nc__alloc(NULL, 2 * count * sizeof *given);
    if (!vk->devices) return nc_gpu__fail(gpu, NC_ERR_MEMORY, "out of memory");
    given = vk->devices + count;
    result = vk->EnumeratePhysicalDevices(vk->instance, &count, given);
    if (result != VK_SUCCESS && result != VK_INCOMPLETE) /* one was plugged in right now */
        return nc_gpu__vk_fail(gpu, "vkEnumeratePhysicalDevices", result);
    for (type = NC_GPU_DISCRETE; type <= NC_GPU_CPU; type++)
        for (i = 0; i < count; i++) {
            vk->GetPhysicalDeviceProperties(given[i], &properties);
            if ((uint32_t)nc_gpu__vk_type(properties.deviceType) == type)
                vk->devices[gpu->devices++] = given[i];
        }
    return NC_OK;
}

/* 1: the device has the extension; 0: it has not, or will not say. */
static int nc_gpu__vk_has(const nc_gpu *gpu, VkPhysicalDevice device, const char *extension) {
    const nc_gpu__vulkan *vk = &gpu->vk;
    VkExtensionProperties *list;
    uint32_t count = 0, room, i;
    int found = 0;
    if (vk->EnumerateDeviceExtensionProperties(device, NULL, &count, NULL) != VK_SUCCESS) return 0;
    room = count;
    list = (VkExtensionProperties *)nc__alloc(NULL, room * sizeof *list);
    if (list && vk->EnumerateDeviceExtensionProperties(device, NULL, &count, list) == VK_SUCCESS)
        for (i = 0; i < count; i++) found |= !strcmp(list[i].extensionName, extension);
    nc__free(NULL, list, room * sizeof *list);
    return found;
}

static nc_status nc_gpu__vk_describe(nc_gpu *gpu, uint32_t index, nc_gpu_device *out) {
    const VkPhysicalDevice device = gpu->vk.devices[index];
    VkPhysicalDeviceProperties2 properties;
    VkPhysicalDeviceDriverPropertiesKHR driver;
    VkPhysicalDeviceMemoryProperties memory;
    uint32_t i;
    memset(&properties, 0, sizeof properties);
    memset(&driver, 0, sizeof driver);
    properties.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2;
    driver.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_DRIVER_PROPERTIES_KHR;
    if (nc_gpu__vk_has(gpu, device, VK_KHR_DRIVER_PROPERTIES_EXTENSION_NAME))
        properties.pNext = &driver;
    gpu->vk.GetPhysicalDeviceProperties2(device, &properties);
    gpu->vk.GetPhysicalDeviceMemoryProperties(device, &memory);
    out->type = nc_gpu__vk_type(properties.properties.deviceType);
    out->unified = 1;
    for (i = 0; i < memory.memoryHeapCount; i++) {
        const int local = (memory.memoryHeaps[i].flags & VK_MEMORY_HEAP_DEVICE_LOCAL_BIT) != 0;
        if (local) out->memory_bytes += memory.memoryHeaps[i].size;
        if (!local) out->unified = 0;
    }
    snprintf(out->name, sizeof out->name, "%s", properties.properties.deviceName);
    if (driver.driverName[0])
        snprintf(out->driver, sizeof out->driver, "%.100s %.150s", driver.driverName,
                 driver.driverInfo);
    else
        snprintf(out->driver, sizeof out->driver, "version 0x%08x",
                 (unsigned)properties.properties.driverVersion);
    return NC_OK;
}

/* What a group of threads and a buffer may be at most. */
static void nc_gpu__vk_limits(nc_gpu *gpu) {
    VkPhysicalDeviceProperties2 properties;
    VkPhysicalDeviceMaintenance3Properties memory;
    const VkPhysicalDeviceLimits *l = &properties.properties.limits;
    nc_gpu_caps *c = &gpu->caps;
    memset(&properties, 0, sizeof properties);
    memset(&memory, 0, sizeof memory);
    properties.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2;
    properties.pNext = &memory;
    memory.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MAINTENANCE_3_PROPERTIES;
    gpu->vk.GetPhysicalDeviceProperties2(gpu->vk.physical, &properties);
    c->max_buffer_bytes = l->maxStorageBufferRange;
    if (memory.maxMemoryAllocationSize < c->max_buffer_bytes)
        c->max_buffer_bytes = memory.maxMemoryAllocationSize;
    c->max_buffer_bytes &= ~UINT64_C(3); /* buffers are made of whole words */
    c->max_buffers = l->maxPerStageDescriptorStorageBuffers;
    c->max_threads = l->maxComputeWorkGroupInvocations;
    memcpy(c->max_threads_of, l->maxComputeWorkGroupSize, sizeof c->max_threads_of);
    c->max_shared_bytes = l->maxComputeSharedMemorySize;
    gpu->vk.tick_ns = (double)l->timestampPeriod;
}

/* The device, and its first queue family with compute. */
static nc_status nc_gpu__vk_pick(nc_gpu *gpu, uint32_t index) {
    nc_gpu__vulkan *vk = &gpu->vk;
    VkQueueFamilyProperties families[16];
    VkPhysicalDeviceFeatures features;
    uint32_t count = 16, i;
    vk->physical = vk->devices[index];
    vk->GetPhysicalDeviceFeatures(vk->physical, &features);
    vk->GetPhysicalDeviceMemoryProperties(vk->physical, &vk->memory);
    gpu->caps.int64 = features.shaderInt64 && !gpu->avoid_int64;
    gpu->caps.float64 = features.shaderFloat64;
    nc_gpu__vk_limits(gpu);
    vk->GetPhysicalDeviceQueueFamilyProperties(vk->physical, &count, families);
    for (i = 0; i < count; i++)
        if (families[i].queueFlags & VK_QUEUE_COMPUTE_BIT) {
            vk->family = i;
            vk->timestamp_bits = families[i].timestampValidBits;
            return NC_OK;
        }
    return nc_gpu__fail(gpu, NC_ERR_DEVICE, "'%s' has no compute queue", gpu->caps.name);
}

/* Which modes of float32 arithmetic the device lets a module ask for
 * (VK_KHR_shader_float_controls). NVIDIA's driver (580, on an H200) keeps subnormals in + and *
 * only with RoundingModeRTE; it does not offer DenormPreserve and flushes the subnormal operands of
 * fma(), so that its contract is kept through CUDA alone. */
static void nc_gpu__vk_float_modes(nc_gpu *gpu) {
    nc_gpu__vulkan *vk = &gpu->vk;
    VkPhysicalDeviceFloatControlsPropertiesKHR modes;
    VkPhysicalDeviceProperties2 properties;
    if (!nc_gpu__vk_has(gpu, vk->physical, VK_KHR_SHADER_FLOAT_CONTROLS_EXTENSION_NAME)) return;
    memset(&properties, 0, sizeof properties);
    memset(&modes, 0, sizeof modes);
    properties.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2;
    properties.pNext = &modes;
    modes.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FLOAT_CONTROLS_PROPERTIES_KHR;
    vk->GetPhysicalDeviceProperties2(vk->physical, &properties);
    vk->float_modes = (modes.shaderDenormPreserveFloat32 ? 1u : 0) |
                      (modes.shaderRoundingModeRTEFloat32 ? 2u : 0) |
                      (modes.shaderSignedZeroInfNanPreserveFloat32 ? 4u : 0);
}

static uint32_t nc_gpu__vk_memory_type(const nc_gpu *gpu, uint32_t allowed,
                                       VkMemoryPropertyFlags wanted) {
    const VkPhysicalDeviceMemoryProperties *m = &gpu->vk.memory;
    uint32_t i;
    for (i = 0; i < m->memoryTypeCount; i++)
        if ((allowed >> i & 1) && (m->memoryTypes[i].propertyFlags & wanted) == wanted) return i;
    return UINT32_MAX;
}

static nc_status nc_gpu__vk_buffer(nc_gpu *gpu, size_t bytes, VkBufferUsageFlags usage,
                                   VkBuffer *buffer, VkMemoryRequirements *needs) {
    nc_gpu__vulkan *vk = &gpu->vk;
    VkBufferCreateInfo info;
    VkResult result;
    memset(&info, 0, sizeof info);
    memset(needs, 0, sizeof *needs);
    info.sType = VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO;
    info.size = (bytes + 3) & ~(size_t)3; /* storage buffers hold whole words */
    info.usage = usage;
    result = vk->CreateBuffer(vk->device, &info, NULL, buffer);
    if (result != VK_SUCCESS) return nc_gpu__vk_fail(gpu, "vkCreateBuffer", result);
    vk->GetBufferMemoryRequirements(vk->device, *buffer, needs);
    return NC_OK;
}

static VkResult nc_gpu__vk_allocate(nc_gpu *gpu, VkDeviceSize bytes, uint32_t type,
                                    VkDeviceMemory *memory) {
    VkMemoryAllocateInfo info;
    memset(&info, 0, sizeof info);
    info.sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO;
    info.allocationSize = bytes;
    info.memoryTypeIndex = type;
    return gpu->vk.AllocateMemory(gpu->vk.device, &info, NULL, memory);
}

/* Staging memory, of a type that the host caches where the device has such: reading from the other
 * kind is slow. */
static nc_status nc_gpu__vk_staging(nc_gpu *gpu) {
    const VkMemoryPropertyFlags wanted =
        VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT | VK_MEMORY_PROPERTY_HOST_COHERENT_BIT;
    nc_gpu__vulkan *vk = &gpu->vk;
    VkMemoryRequirements needs;
    VkResult result;
    void *map = NULL;
    uint32_t type;
    nc_status status = nc_gpu__vk_buffer(
        gpu, NC_GPU__STAGING, VK_BUFFER_USAGE_TRANSFER_SRC_BIT | VK_BUFFER_USAGE_TRANSFER_DST_BIT,
        &vk->staging, &needs);
    if (status != NC_OK) return status;
    type = nc_gpu__vk_memory_type(gpu, needs.memoryTypeBits,
                                  wanted | VK_MEMORY_PROPERTY_HOST_CACHED_BIT);
    if (type == UINT32_MAX) type = nc_gpu__vk_memory_type(gpu, needs.memoryTypeBits, wanted);
    if (type == UINT32_MAX)
        return nc_gpu__fail(gpu, NC_ERR_DEVICE, "the device shares no memory with the host");
    result = nc_gpu__vk_allocate(gpu, needs.size, type, &vk->staging_memory);
    if (result == VK_SUCCESS)
        result = vk->BindBufferMemory(vk->device, vk->staging, vk->staging_memory, 0);
    if (result == VK_SUCCESS)
        result = vk->MapMemory(vk->device, vk->staging_memory, 0, VK_WHOLE_SIZE, 0, &map);
    gpu->staging = (char *)map;
    return result == VK_SUCCESS ? NC_OK : nc_gpu__vk_fail(gpu, "staging memory", result);
}

/* One queue, and what every copy and run uses again: a command pool, a fence, staging memory. */
static nc_status nc_gpu__vk_device(nc_gpu *gpu) {
    static const char *const subset = "VK_KHR_portability_subset"; /* must be taken where it is */
    const char *extensions[2];
    nc_gpu__vulkan *vk = &gpu->vk;
    float priority = 1.0f;
    VkDeviceQueueCreateInfo queue;
    VkDeviceCreateInfo info;
    VkPhysicalDeviceFeatures features;
    VkCommandPoolCreateInfo pool;
    VkFenceCreateInfo fence;
    VkResult result;
    memset(&queue, 0, sizeof queue);
    memset(&info, 0, sizeof info);
    memset(&features, 0, sizeof features);
    memset(&pool, 0, sizeof pool);
    memset(&fence, 0, sizeof fence);
    queue.sType = VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO;
    queue.queueFamilyIndex = vk->family;
    queue.queueCount = 1;
    queue.pQueuePriorities = &priority;
    features.shaderInt64 = gpu->caps.int64;
    features.shaderFloat64 = gpu->caps.float64;
    info.sType = VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO;
    info.queueCreateInfoCount = 1;
    info.pQueueCreateInfos = &queue;
    info.pEnabledFeatures = &features;
    if (vk->float_modes)
        extensions[info.enabledExtensionCount++] = VK_KHR_SHADER_FLOAT_CONTROLS_EXTENSION_NAME;
    if (nc_gpu__vk_has(gpu, vk->physical, subset))
        extensions[info.enabledExtensionCount++] = subset;
    info.ppEnabledExtensionNames = extensions;
    result = vk->CreateDevice(vk->physical, &info, NULL, &vk->device);
    if (result != VK_SUCCESS) return nc_gpu__vk_fail(gpu, "vkCreateDevice", result);
    vk->GetDeviceQueue(vk->device, vk->family, 0, &vk->queue);
    pool.sType = VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO;
    pool.queueFamilyIndex = vk->family;
    pool.flags = VK_COMMAND_POOL_CREATE_RESET_COMMAND_BUFFER_BIT;
    result = vk->CreateCommandPool(vk->device, &pool, NULL, &vk->pool);
    fence.sType = VK_STRUCTURE_TYPE_FENCE_CREATE_INFO;
    if (result == VK_SUCCESS) result = vk->CreateFence(vk->device, &fence, NULL, &vk->fence);
    if (result != VK_SUCCESS) return nc_gpu__vk_fail(gpu, "command pool", result);
    return nc_gpu__vk_staging(gpu);
}

/* The file of compiled kernels is what the driver gives, and FNV-1a of it, so that no driver gets
 * a damaged one. Its own header (Vulkan 1.3, 10.7.4) says for which driver it is. */
static int nc_gpu__vk_cache_fits(const VkPhysicalDeviceProperties *p, const uint8_t *data,
                                 size_t bytes) {
    return bytes >= 40 &&
           nc__fnv1a(NC__FNV_START, data, bytes - 8) == nc__get_le(data + bytes - 8, 8) &&
           nc__get_le(data, 4) == 32 && nc__get_le(data + 4, 4) == 1 &&
           nc__get_le(data + 8, 4) == p->vendorID && nc__get_le(data + 12, 4) == p->deviceID &&
           !memcmp(data + 16, p->pipelineCacheUUID, VK_UUID_SIZE);
}

/* Begin with the file's kernels where it is of this driver, else with none. */
static nc_status nc_gpu__vk_open_cache(nc_gpu *gpu) {
    nc_gpu__vulkan *vk = &gpu->vk;
    VkPhysicalDeviceProperties properties;
    VkPipelineCacheCreateInfo info;
    uint8_t *data = NULL;
    size_t bytes = 0;
    VkResult result;
    if (!gpu->cache_path[0]) return NC_OK;
    memset(&info, 0, sizeof info);
    info.sType = VK_STRUCTURE_TYPE_PIPELINE_CACHE_CREATE_INFO;
    vk->GetPhysicalDeviceProperties(vk->physical, &properties);
    if (nc__file_read(gpu->cache_path, NULL, &data, &bytes, NULL) == NC_OK &&
        nc_gpu__vk_cache_fits(&properties, data, bytes)) {
        vk->cache_hash = nc__get_le(data + bytes - 8, 8);
        info.initialDataSize = bytes - 8;
        info.pInitialData = data;
    }
    result = vk->CreatePipelineCache(vk->device, &info, NULL, &vk->cache);
    if (data) nc__free(NULL, data, bytes + 1);
    return result == VK_SUCCESS ? NC_OK : nc_gpu__vk_fail(gpu, "vkCreatePipelineCache", result);
}

/* Write what has come to it; where that fails, kernels are compiled again next time. */
static void nc_gpu__vk_close_cache(nc_gpu *gpu) {
    nc_gpu__vulkan *vk = &gpu->vk;
    uint8_t *data, sum[8];
    nc__span spans[2];
    size_t bytes = 0, room;
    if (vk->GetPipelineCacheData(vk->device, vk->cache, &bytes, NULL) != VK_SUCCESS) return;
    room = bytes;
    data = (uint8_t *)nc__alloc(NULL, room);
    if (data && vk->GetPipelineCacheData(vk->device, vk->cache, &bytes, data) == VK_SUCCESS) {
        const uint64_t hash = nc__fnv1a(NC__FNV_START, data, bytes);
        nc_error err;
        nc__put_le(sum, hash, 8);
        spans[0].data = data;
        spans[0].bytes = bytes;
        spans[1].data = sum;
        spans[1].bytes = sizeof sum;
        if (hash != vk->cache_hash && !gpu->caps.lost &&
            nc__file_write(gpu->cache_path, spans, 2, &err) != NC_OK)
            (void)nc_gpu__fail(gpu, NC_ERR_IO, "%.150s", err.message);
    }
    nc__free(NULL, data, room);
}

static nc_status nc_gpu__vk_connect(nc_gpu *gpu, const nc_gpu_desc *desc) {
#if defined(_WIN32)
    static const char *const names[] = {"vulkan-1.dll", NULL};
#elif defined(__APPLE__)
    static const char *const names[] = {"libvulkan.1.dylib",
                                        "libvulkan.dylib",
                                        "/usr/local/lib/libvulkan.1.dylib",
                                        "/opt/homebrew/lib/libvulkan.1.dylib",
                                        "libMoltenVK.dylib",
                                        NULL};
#else
    static const char *const names[] = {"libvulkan.so.1", "libvulkan.so", NULL};
#endif
    void *library = nc_gpu__open_library(desc->library, names);
    PFN_vkGetInstanceProcAddr get;
    nc_status status;
    if (!library || !nc_gpu__symbol(library, "vkGetInstanceProcAddr", &get))
        return nc_gpu__fail(gpu, NC_ERR_DEVICE, "no Vulkan: '%s' cannot be loaded",
                            nc_gpu__library_name(desc->library, names));
    status = nc_gpu__vk_instance(gpu, get, desc->validation != 0);
    return status == NC_OK ? nc_gpu__vk_devices(gpu) : status;
}

static nc_status nc_gpu__vk_open(nc_gpu *gpu, uint32_t index) {
    nc_status status = nc_gpu__vk_pick(gpu, index);
    if (status != NC_OK) return status;
    nc_gpu__vk_float_modes(gpu);
    status = nc_gpu__vk_device(gpu);
    return status == NC_OK ? nc_gpu__vk_open_cache(gpu) : status;
}

static void nc_gpu__vk_release(nc_gpu *gpu, nc_gpu__block *block);

static nc_status nc_gpu__vk_enter(nc_gpu *gpu) {
    (void)gpu; /* a device is the same in every thread */
    return NC_OK;
}

static void nc_gpu__vk_close(nc_gpu *gpu) {
    nc_gpu__vulkan *vk = &gpu->vk;
    if (vk->messenger) vk->destroy_messenger(vk->instance, vk->messenger, NULL); /* it knows gpu */
    nc__free(NULL, vk->devices, 0);
    if (gpu->hung) return;
    if (vk->device) {
        (void)vk->DeviceWaitIdle(vk->device);
        if (vk->cache) nc_gpu__vk_close_cache(gpu);
        if (vk->cache) vk->DestroyPipelineCache(vk->device, vk->cache, NULL);
        while (vk->blocks) nc_gpu__vk_release(gpu, vk->blocks);
        if (vk->staging) vk->DestroyBuffer(vk->device, vk->staging, NULL);
        if (vk->staging_memory) vk->FreeMemory(vk->device, vk->staging_memory, NULL);
        if (vk->fence) vk->DestroyFence(vk->device, vk->fence, NULL);
        if (vk->pool) vk->DestroyCommandPool(vk->device, vk->pool, NULL);
        vk->DestroyDevice(vk->device, NULL);
    }
    if (vk->instance && vk->DestroyInstance) vk->DestroyInstance(vk->instance, NULL);
}
#endif

/* -- CUDA -- */

enum { /* attributes of cuda.h: of a device, but for the last two, which are of a function */
       NC_GPU__CU_MAX_THREADS = 1,
       NC_GPU__CU_MAX_SHARED = 8,
       NC_GPU__CU_INTEGRATED = 18,
       NC_GPU__CU_KERNEL_THREADS = 0,
       NC_GPU__CU_KERNEL_SHARED = 1
};

static nc_status nc_gpu__cu_connect(nc_gpu *gpu, const nc_gpu_desc *desc) {
#if defined(_WIN32)
    static const char *const names[] = {"nvcuda.dll", NULL};
#else
    static const char *const names[] = {"libcuda.so.1", "libcuda.so", NULL};
#endif
    const char *name = nc_gpu__library_name(desc->library, names);
    nc_gpu__cuda *cu = &gpu->cu;
    void *library = nc_gpu__open_library(desc->library, names);
    struct {
        const char *name;
        void *function;
    } list[29];
    size_t n = 0, i;
    int count = 0;
    nc_status status;
    if (!library) return nc_gpu__fail(gpu, NC_ERR_DEVICE, "no CUDA: '%s' cannot be loaded", name);
#define NC_GPU__FETCH(symbol, member)                                                              \
    list[n].name = symbol;                                                                         \
    list[n++].function = &cu->member;
    NC_GPU__FETCH("cuInit", Init)
    NC_GPU__FETCH("cuDeviceGetCount", DeviceGetCount)
    NC_GPU__FETCH("cuDeviceGet", DeviceGet)
    NC_GPU__FETCH("cuDeviceGetName", DeviceGetName)
    NC_GPU__FETCH("cuDeviceGetAttribute", DeviceGetAttribute)
    NC_GPU__FETCH("cuDeviceTotalMem_v2", DeviceTotalMem)
    NC_GPU__FETCH("cuDriverGetVersion", DriverGetVersion)
    NC_GPU__FETCH("cuFuncGetAttribute", FuncGetAttribute)
    NC_GPU__FETCH("cuDevicePrimaryCtxRetain", DevicePrimaryCtxRetain)
    NC_GPU__FETCH("cuDevicePrimaryCtxRelease_v2", DevicePrimaryCtxRelease)
    NC_GPU__FETCH("cuCtxSetCurrent", CtxSetCurrent)
    NC_GPU__FETCH("cuMemAlloc_v2", MemAlloc)
    NC_GPU__FETCH("cuMemFree_v2", MemFree)
    NC_GPU__FETCH("cuMemHostAlloc", MemHostAlloc)
    NC_GPU__FETCH("cuMemFreeHost", MemFreeHost)
    NC_GPU__FETCH("cuMemcpyHtoDAsync_v2", MemcpyHtoDAsync)
    NC_GPU__FETCH("cuMemcpyDtoHAsync_v2", MemcpyDtoHAsync)
    NC_GPU__FETCH("cuMemcpyDtoH_v2", MemcpyDtoH)
    NC_GPU__FETCH("cuModuleLoadDataEx", ModuleLoadDataEx)
    NC_GPU__FETCH("cuModuleUnload", ModuleUnload)
    NC_GPU__FETCH("cuModuleGetFunction", ModuleGetFunction)
    NC_GPU__FETCH("cuModuleGetGlobal_v2", ModuleGetGlobal)
    NC_GPU__FETCH("cuLaunchKernel", LaunchKernel)
    NC_GPU__FETCH("cuGetErrorString", GetErrorString)
    NC_GPU__FETCH("cuEventCreate", EventCreate)
    NC_GPU__FETCH("cuEventDestroy_v2", EventDestroy)
    NC_GPU__FETCH("cuEventRecord", EventRecord)
    NC_GPU__FETCH("cuEventQuery", EventQuery)
    NC_GPU__FETCH("cuEventElapsedTime", EventElapsedTime)
#undef NC_GPU__FETCH
    for (i = 0; i < n; i++)
        if (!nc_gpu__symbol(library, list[i].name, list[i].function))
            return nc_gpu__fail(gpu, NC_ERR_DEVICE, "'%s' has no %s", name, list[i].name);
    status = nc_gpu__cu_check(gpu, "cuInit", cu->Init(0));
    if (status == NC_OK)
        status = nc_gpu__cu_check(gpu, "cuDeviceGetCount", cu->DeviceGetCount(&count));
    if (status == NC_OK) gpu->devices = (uint32_t)count;
    return status;
}

static nc_status nc_gpu__cu_describe(nc_gpu *gpu, uint32_t index, nc_gpu_device *out) {
    nc_gpu__cuda *cu = &gpu->cu;
    int device = 0, integrated = 0, version = 0;
    size_t bytes = 0;
    nc_status status = nc_gpu__cu_check(gpu, "cuDeviceGet", cu->DeviceGet(&device, (int)index));
    if (status == NC_OK)
        status = nc_gpu__cu_check(gpu, "cuDeviceGetName",
                                  cu->DeviceGetName(out->name, sizeof out->name - 1, device));
    if (status == NC_OK)
        status = nc_gpu__cu_check(gpu, "cuDeviceTotalMem", cu->DeviceTotalMem(&bytes, device));
    if (status != NC_OK) return status;
    (void)cu->DeviceGetAttribute(&integrated, NC_GPU__CU_INTEGRATED, device);
    (void)cu->DriverGetVersion(&version);
    out->type = integrated ? NC_GPU_INTEGRATED : NC_GPU_DISCRETE;
    out->unified = integrated != 0;
    out->memory_bytes = bytes;
    snprintf(out->driver, sizeof out->driver, "CUDA %d.%d", version / 1000, version % 1000 / 10);
    return NC_OK;
}

static nc_status nc_gpu__cu_limits(nc_gpu *gpu) {
    nc_gpu__cuda *cu = &gpu->cu;
    int values[5] = {0, 0, 0, 0, 0}, i;
    size_t bytes = 0;
    nc_status status =
        nc_gpu__cu_check(gpu, "cuDeviceTotalMem", cu->DeviceTotalMem(&bytes, cu->device));
    for (i = 0; i < 5 && status == NC_OK; i++)
        status = nc_gpu__cu_check(
            gpu, "cuDeviceGetAttribute",
            cu->DeviceGetAttribute(&values[i],
                                   i < 4 ? NC_GPU__CU_MAX_THREADS + i : NC_GPU__CU_MAX_SHARED,
                                   cu->device));
    gpu->caps.max_buffer_bytes = bytes;
    gpu->caps.max_buffers = NC_GPU_MAX_BUFFERS;
    gpu->caps.max_threads = (uint32_t)values[0];
    for (i = 0; i < 3; i++) gpu->caps.max_threads_of[i] = (uint32_t)values[1 + i];
    gpu->caps.max_shared_bytes = (uint32_t)values[4];
    return status;
}

static nc_status nc_gpu__cu_open(nc_gpu *gpu, uint32_t index) {
    nc_gpu__cuda *cu = &gpu->cu;
    void *staging = NULL;
    int i;
    nc_status status = nc_gpu__cu_check(gpu, "cuDeviceGet", cu->DeviceGet(&cu->device, (int)index));
    if (status == NC_OK) status = nc_gpu__cu_limits(gpu);
    if (status == NC_OK)
        status = nc_gpu__cu_check(gpu, "cuDevicePrimaryCtxRetain",
                                  cu->DevicePrimaryCtxRetain(&cu->context, cu->device));
    if (status == NC_OK)
        status = nc_gpu__cu_check(gpu, "cuCtxSetCurrent", cu->CtxSetCurrent(cu->context));
    for (i = 0; i < 3 && status == NC_OK; i++)
        status = nc_gpu__cu_check(gpu, "cuEventCreate", cu->EventCreate(&cu->events[i], 0));
    if (status == NC_OK)
        status =
            nc_gpu__cu_check(gpu, "cuMemHostAlloc", cu->MemHostAlloc(&staging, NC_GPU__STAGING, 0));
    gpu->staging = (char *)staging;
    gpu->caps.int64 = gpu->caps.float64 = 1;
    return status;
}

/* The thread may have another context, or be another thread. */
static nc_status nc_gpu__cu_enter(nc_gpu *gpu) {
    return nc_gpu__cu_check(gpu, "cuCtxSetCurrent", gpu->cu.CtxSetCurrent(gpu->cu.context));
}

static void nc_gpu__cu_close(nc_gpu *gpu) {
    nc_gpu__cuda *cu = &gpu->cu;
    int i;
    if (gpu->hung) return;
    for (i = 0; i < 3; i++)
        if (cu->events[i]) (void)cu->EventDestroy(cu->events[i]);
    if (gpu->staging) (void)cu->MemFreeHost(gpu->staging);
    if (cu->context) (void)cu->DevicePrimaryCtxRelease(cu->device);
}

/* -- both -- */

/* The folder `kernels` beside the running program. */
static void nc_gpu__default_path(char *out, size_t room) {
    char line[1200] = "", *path, *slash;
#if defined(__linux__)
    FILE *maps = fopen("/proc/self/maps", "r"); /* its first mapping is the program itself */
    if (maps && !fgets(line, sizeof line, maps)) line[0] = 0;
    if (maps) fclose(maps);
    path = strchr(line, '/');
#else
#if defined(_WIN32)
    if (GetModuleFileNameA(NULL, line, sizeof line - 1) >= sizeof line - 1) line[0] = 0;
    for (slash = line; *slash; slash++)
        if (*slash == '\\') *slash = '/';
#elif defined(__APPLE__)
    uint32_t bytes = sizeof line;
    if (_NSGetExecutablePath(line, &bytes) != 0) line[0] = 0;
#endif
    path = line;
#endif
    slash = path ? strrchr(path, '/') : NULL;
    if (slash) slash[1] = 0;
    snprintf(out, room, "%.1000skernels", slash ? path : "");
}

/* Triples for the probe: where fused and unfused products differ, halfway cases, subnormals,
 * large and small quotients, then pseudo-random bits in a normal range. */
static void nc_gpu__probe_cases(float *x, uint32_t count) {
    static const uint32_t hard[][3] = {
        {0x3F800400, 0x3F7FF800, 0xBF800000}, {0x3F800001, 0x3F800001, 0xBF800002},
        {0x00000001, 0x3F000000, 0x00000000}, {0x00800000, 0x3F000001, 0x80000001},
        {0x007FFFFF, 0x3F800001, 0x00000003}, {0x7F7FFFFF, 0x3F7FFFFF, 0xFF000000},
        {0x3F800000, 0x40400000, 0x33800000}, {0x4B800001, 0x3F000000, 0x3F000000},
        {0x00000003, 0x3EAAAAAB, 0x00000002}, {0x34000001, 0x33FFFFFF, 0x3F800000}};
    uint32_t n = (uint32_t)(sizeof hard / sizeof *hard), i, words[4];
    memcpy(x, hard, sizeof hard);
    for (i = 3 * n; i < 3 * count; i++) {
        nc__philox(20, i, 0, words); /* exponents 2^-20 .. 2^19 */
        words[0] = (words[0] & UINT32_C(0x807FFFFF)) | ((107 + words[1] % 40) << 23);
        memcpy(&x[i], &words[0], 4);
    }
}

/* Same bits, or both NaN. */
static int nc_gpu__same(float a, float b) {
    uint32_t x, y;
    memcpy(&x, &a, sizeof x);
    memcpy(&y, &b, sizeof y);
    return x == y || (a != a && b != b);
}

enum { NC_GPU__PROBE = 1024, NC_GPU__PROBE_OUT = 9 };

/* Run the probe kernel and compare each operation with the host. */
static nc_status nc_gpu__probe_once(nc_gpu *gpu, const float *x, float *y, uint32_t failures[4]) {
    const size_t in_bytes = 3 * NC_GPU__PROBE * sizeof *x;
    const size_t out_bytes = NC_GPU__PROBE_OUT * NC_GPU__PROBE * sizeof *y;
    const uint32_t push = NC_GPU__PROBE;
    nc_gpu_buffer *out;
    nc_gpu_job job;
    nc_status status;
    uint32_t i;
    nc_gpu_job_start(&job, gpu);
    (void)nc_gpu_job_buffer(&job, x, in_bytes, in_bytes);
    out = nc_gpu_job_buffer(&job, NULL, 0, out_bytes);
    nc_gpu_job_dispatch(&job, "probe", NULL, 2, &push, sizeof push, NC_GPU__PROBE / 64, 1, 1);
    status = nc_gpu_job_finish(&job, out, 0, y, out_bytes);
    nc_gpu__forget_kernels(gpu); /* another file may be the right one from now on */
    memset(failures, 0, 4 * sizeof *failures);
    for (i = 0; status == NC_OK && i < NC_GPU__PROBE; i++) {
        const float *t = x + 3 * i, *r = y + NC_GPU__PROBE_OUT * i;
        volatile float a = t[0], b = t[1], sum = a + b, product = a * b, quotient = a / b;
        volatile float root = sqrtf(a < 0 ? -a : a);
        volatile float one = 1.0f / b, two = 2.0f / b, inverse = 1.0f / root;
        const float fused = NC__FMAF(t[0], t[1], t[2]);
        failures[0] +=
            !nc_gpu__same(r[0], fused) || !nc_gpu__same(r[8], NC__FMAF(fused, 0.3333333f, t[0]));
        failures[1] += !nc_gpu__same(r[1], sum) || !nc_gpu__same(r[2], product);
        failures[2] += !nc_gpu__same(r[3], quotient) || !nc_gpu__same(r[4], root) ||
                       !nc_gpu__same(r[5], one) || !nc_gpu__same(r[6], two) ||
                       !nc_gpu__same(r[7], inverse);
        failures[3] += product != 0 && r[2] == 0;
    }
    return status;
}

/* Run the plain kernel; where its fma rounds twice, also the one that emulates it (Vulkan). What
 * was measured decides which files are loaded from here on. */
static nc_status nc_gpu__probe(nc_gpu *gpu) {
    float *x = (float *)nc__alloc(NULL, (3 + NC_GPU__PROBE_OUT) * NC_GPU__PROBE * sizeof *x);
    uint32_t failures[4];
    nc_status status;
    if (!x) return nc_gpu__fail(gpu, NC_ERR_MEMORY, "out of memory");
    nc_gpu__probe_cases(x, NC_GPU__PROBE);
    gpu->caps.fma_fused = 1; /* take the plain kernel first */
    status = nc_gpu__probe_once(gpu, x, x + 3 * NC_GPU__PROBE, failures);
    gpu->caps.fma_fused = failures[0] == 0;
    gpu->caps.exact_arithmetic = failures[1] == 0;
    gpu->caps.exact_division = failures[2] == 0 && !gpu->avoid_division;
    gpu->caps.subnormals_kept = failures[3] == 0;
    if (status == NC_OK && !gpu->caps.fma_fused && gpu->caps.float64 &&
        gpu->caps.kind == NC_GPU_VULKAN)
        status = nc_gpu__probe_once(gpu, x, x + 3 * NC_GPU__PROBE, failures); /* emulated fma */
    gpu->caps.contract =
        failures[0] == 0 && gpu->caps.exact_arithmetic && gpu->caps.subnormals_kept;
    nc__free(NULL, x, (3 + NC_GPU__PROBE_OUT) * NC_GPU__PROBE * sizeof *x);
    return status;
}

static nc_status nc_gpu__connect(nc_gpu *gpu, const nc_gpu_desc *desc, nc_gpu_kind kind) {
    gpu->backend = nc_gpu__backend_of(kind);
    if (!gpu->backend)
        return nc_gpu__fail(gpu, NC_ERR_UNSUPPORTED, "this program is built without Vulkan");
    gpu->caps.kind = kind;
    return gpu->backend->connect(gpu, desc);
}

/* Open a device of this kind and let the probe kernel say what its arithmetic is; a device that
 * breaks the float32 contract is refused unless the caller allows it. */
static nc_status nc_gpu__open_kind(nc_gpu *gpu, const nc_gpu_desc *desc, nc_gpu_kind kind) {
    nc_gpu_device device;
    nc_status status = nc_gpu__connect(gpu, desc, kind);
    memset(&device, 0, sizeof device);
    if (status == NC_OK && desc->index >= gpu->devices)
        return nc_gpu__fail(gpu, NC_ERR_DEVICE, "%s device %u of %u does not exist",
                            kind == NC_GPU_CUDA ? "CUDA" : "Vulkan", (unsigned)desc->index,
                            (unsigned)gpu->devices);
    if (status == NC_OK) status = gpu->backend->describe(gpu, desc->index, &device);
    memcpy(gpu->caps.name, device.name, sizeof gpu->caps.name);
    gpu->caps.type = device.type;
    if (status == NC_OK) status = gpu->backend->open(gpu, desc->index);
    if (status == NC_OK) status = nc_gpu__probe(gpu);
    if (status == NC_OK && !gpu->caps.contract && !desc->allow_inexact)
        status = nc_gpu__fail(gpu, NC_ERR_UNSUPPORTED,
                              "'%.100s' cannot keep the float32 contract: %s", gpu->caps.name,
                              !gpu->caps.exact_arithmetic  ? "+ or * is not correctly rounded"
                              : !gpu->caps.subnormals_kept ? "subnormals are flushed"
                                                           : "fma() rounds twice or flushes "
                                                             "subnormals");
    return status;
}

/* The i-th kind to try for what was asked for, 0 behind the last. */
static nc_gpu_kind nc_gpu__kind_to_try(nc_gpu_kind wanted, int i) {
    static const nc_gpu_kind order[3] = {NC_GPU_CUDA, NC_GPU_VULKAN, NC_GPU_ANY};
    if (wanted == NC_GPU_ANY) return order[i];
    return i == 0 ? wanted : NC_GPU_ANY;
}

/* A device that is not open yet, with the caller's options. */
static nc_gpu *nc_gpu__make(const nc_gpu_desc *desc) {
    nc_gpu *gpu = (nc_gpu *)nc__calloc(NULL, sizeof *gpu);
    if (!gpu) return NULL;
    gpu->log_fn = desc->log_fn;
    gpu->log_user = desc->log_user;
    gpu->avoid_int64 = desc->avoid_int64;
    gpu->avoid_division = desc->avoid_division;
    gpu->timeout_s = desc->timeout_s ? desc->timeout_s : 600;
    gpu->files = desc->kernels;
    gpu->file_count = desc->kernels ? desc->kernel_count : 0;
    if (desc->cache_path) snprintf(gpu->cache_path, sizeof gpu->cache_path, "%s", desc->cache_path);
    if (desc->kernel_path && *desc->kernel_path)
        snprintf(gpu->kernel_path, sizeof gpu->kernel_path, "%s", desc->kernel_path);
    else
        nc_gpu__default_path(gpu->kernel_path, sizeof gpu->kernel_path);
    return gpu;
}

NC_API nc_status nc_gpu_list(const nc_gpu_desc *desc, nc_gpu_device *list, uint32_t room,
                             uint32_t *count, nc_error *err) {
    nc_status status = NC_ERR_DEVICE, result = NC_ERR_DEVICE;
    nc_gpu_kind kind;
    uint32_t k;
    int i;
    nc__clear(err);
    if (!desc || (unsigned)desc->kind > NC_GPU_CUDA || !count || (room && !list))
        return nc__fail(err, NC_ERR_ARG, 0, 0, "no list, or unknown device kind");
    *count = 0;
    for (i = 0; (kind = nc_gpu__kind_to_try(desc->kind, i)) != NC_GPU_ANY; i++) {
        nc_gpu *gpu = nc_gpu__make(desc);
        const uint32_t before = *count;
        if (!gpu) return nc__fail(err, NC_ERR_MEMORY, 0, 0, "out of memory");
        status = nc_gpu__connect(gpu, desc, kind);
        for (k = 0; status == NC_OK && k < gpu->devices; k++, (*count)++) {
            if (*count >= room) continue;
            memset(&list[*count], 0, sizeof *list);
            list[*count].kind = kind;
            list[*count].index = k;
            status = gpu->backend->describe(gpu, k, &list[*count]);
        }
        if (status == NC_OK)
            result = NC_OK;
        else
            *count = before; /* no device of a driver that fails */
        if (status != NC_OK && result != NC_OK)
            result = nc__fail(err, status, 0, 0, "%.150s", gpu->error);
        nc_gpu_close(gpu);
    }
    if (result == NC_OK) nc__clear(err);
    return result;
}

NC_API nc_status nc_gpu_open(nc_gpu **gpu, const nc_gpu_desc *desc, nc_error *err) {
    nc_status status = NC_ERR_ARG;
    char first[160] = "";
    nc_gpu_kind kind;
    nc_gpu *made;
    int i;
    nc__clear(err);
    if (!gpu) return nc__fail(err, NC_ERR_ARG, 0, 0, "no result pointer");
    *gpu = NULL;
    if (!desc || (unsigned)desc->kind > NC_GPU_CUDA)
        return nc__fail(err, NC_ERR_ARG, 0, 0, "unknown device kind");
    if ((desc->kernel_path && strlen(desc->kernel_path) >= sizeof made->kernel_path) ||
        (desc->cache_path && strlen(desc->cache_path) >= sizeof made->cache_path))
        return nc__fail(err, NC_ERR_ARG, 0, 0, "a path of more than %d characters is too long",
                        (int)sizeof made->kernel_path - 1);
    for (i = 0; (kind = nc_gpu__kind_to_try(desc->kind, i)) != NC_GPU_ANY; i++) {
        made = nc_gpu__make(desc);
        if (!made) return nc__fail(err, NC_ERR_MEMORY, 0, 0, "out of memory");
        status = nc_gpu__open_kind(made, desc, kind);
        if (status == NC_OK) {
            *gpu = made;
            return NC_OK;
        }
        nc__fail(err, status, 0, 0, "%.70s%s%.*s", first, first[0] ? "; " : "", first[0] ? 80 : 159,
                 made->error);
        snprintf(first, sizeof first, "%.159s", made->error);
        nc_gpu_close(made);
    }
    return status;
}

NC_API void nc_gpu_close(nc_gpu *gpu) {
    if (!gpu) return;
    if (gpu->backend) {
        if (gpu->kernels || gpu->staging) (void)gpu->backend->enter(gpu);
        nc_gpu_program_destroy(gpu, gpu->recording);
        nc_gpu__forget_kernels(gpu);
        gpu->backend->close(gpu);
    }
    nc__free(NULL, gpu, sizeof *gpu);
}

NC_API const nc_gpu_caps *nc_gpu_get_caps(const nc_gpu *gpu) { return &gpu->caps; }

NC_API const char *nc_gpu_last_error(const nc_gpu *gpu) { return gpu->error; }

/* >>buffers ======================================================================== */

/* -- Vulkan -- */
#ifndef NC_GPU_NO_VULKAN
/* Put the buffer into the first gap of the block that takes it; 0: there is none. */
static int nc_gpu__vk_place(nc_gpu__block *block, nc_gpu_buffer *buffer, VkDeviceSize alignment) {
    nc_gpu_buffer **link = &block->buffers;
    VkDeviceSize at = 0;
    for (;; link = &(*link)->next) {
        const VkDeviceSize end = *link ? (*link)->at : block->bytes;
        if (at <= end && buffer->room <= end - at) break;
        if (!*link) return 0;
        at = ((*link)->at + (*link)->room + alignment - 1) / alignment * alignment;
    }
    buffer->at = at;
    buffer->block = block;
    buffer->next = *link;
    *link = buffer;
    return 1;
}

static void nc_gpu__vk_release(nc_gpu *gpu, nc_gpu__block *block) {
    nc_gpu__block **link = &gpu->vk.blocks;
    while (*link && *link != block) link = &(*link)->next;
    if (*link) *link = block->next;
    gpu->vk.FreeMemory(gpu->vk.device, block->memory, NULL);
    nc__free(NULL, block, sizeof *block);
}

/* Memory for the buffer: of a block with others, or of its own. */
static nc_status nc_gpu__vk_allot(nc_gpu *gpu, nc_gpu_buffer *buffer,
                                  const VkMemoryRequirements *needs) {
    nc_gpu__vulkan *vk = &gpu->vk;
    const uint32_t type =
        nc_gpu__vk_memory_type(gpu, needs->memoryTypeBits, VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT);
    nc_gpu__block *block;
    VkResult result;
    if (type == UINT32_MAX)
        return nc_gpu__fail(gpu, NC_ERR_DEVICE, "no memory of the device takes a buffer");
    buffer->room = needs->size;
    for (block = vk->blocks; block && needs->size <= NC_GPU__SMALL; block = block->next)
        if (block->type == type && nc_gpu__vk_place(block, buffer, needs->alignment)) return NC_OK;
    block = (nc_gpu__block *)nc__calloc(NULL, sizeof *block);
    if (!block) return nc_gpu__fail(gpu, NC_ERR_MEMORY, "out of memory");
    block->type = type;
    block->bytes = needs->size <= NC_GPU__SMALL ? (VkDeviceSize)NC_GPU__BLOCK : needs->size;
    result = nc_gpu__vk_allocate(gpu, block->bytes, type, &block->memory);
    if (result == VK_ERROR_OUT_OF_DEVICE_MEMORY && block->bytes > needs->size) {
        block->bytes = needs->size; /* there may be as much */
        result = nc_gpu__vk_allocate(gpu, block->bytes, type, &block->memory);
    }
    if (result != VK_SUCCESS) {
        nc__free(NULL, block, sizeof *block);
        return nc_gpu__vk_fail(gpu, "vkAllocateMemory", result);
    }
    block->next = vk->blocks;
    vk->blocks = block;
    (void)nc_gpu__vk_place(block, buffer, needs->alignment);
    return NC_OK;
}

static nc_status nc_gpu__vk_buffer_create(nc_gpu *gpu, nc_gpu_buffer *buffer) {
    nc_gpu__vulkan *vk = &gpu->vk;
    VkMemoryRequirements needs;
    VkResult result;
    nc_status status =
        nc_gpu__vk_buffer(gpu, buffer->bytes,
                          VK_BUFFER_USAGE_STORAGE_BUFFER_BIT | VK_BUFFER_USAGE_TRANSFER_SRC_BIT |
                              VK_BUFFER_USAGE_TRANSFER_DST_BIT,
                          &buffer->handle, &needs);
    if (status == NC_OK) status = nc_gpu__vk_allot(gpu, buffer, &needs);
    if (status != NC_OK) return status;
    result = vk->BindBufferMemory(vk->device, buffer->handle, buffer->block->memory, buffer->at);
    return result == VK_SUCCESS ? NC_OK : nc_gpu__vk_fail(gpu, "vkBindBufferMemory", result);
}

/* A block goes with its last buffer, but for the last one that small buffers share. */
static void nc_gpu__vk_buffer_destroy(nc_gpu *gpu, nc_gpu_buffer *buffer) {
    nc_gpu__block *block = buffer->block, *other = gpu->vk.blocks;
    nc_gpu_buffer **link;
    if (buffer->handle) gpu->vk.DestroyBuffer(gpu->vk.device, buffer->handle, NULL);
    if (!block) return;
    for (link = &block->buffers; *link != buffer;) link = &(*link)->next;
    *link = buffer->next;
    while (other && (other == block || other->bytes != NC_GPU__BLOCK)) other = other->next;
    if (!block->buffers && (other || block->bytes != NC_GPU__BLOCK)) nc_gpu__vk_release(gpu, block);
}

/* A command buffer that is being recorded, made where there is none. */
static nc_status nc_gpu__vk_commands(nc_gpu *gpu, VkCommandBuffer *commands, int once) {
    nc_gpu__vulkan *vk = &gpu->vk;
    VkCommandBufferAllocateInfo info;
    VkCommandBufferBeginInfo begin;
    VkResult result = VK_SUCCESS;
    memset(&info, 0, sizeof info);
    memset(&begin, 0, sizeof begin);
    info.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO;
    info.commandPool = vk->pool;
    info.level = VK_COMMAND_BUFFER_LEVEL_PRIMARY;
    info.commandBufferCount = 1;
    begin.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO;
    if (once) begin.flags = VK_COMMAND_BUFFER_USAGE_ONE_TIME_SUBMIT_BIT;
    if (!*commands) result = vk->AllocateCommandBuffers(vk->device, &info, commands);
    if (result == VK_SUCCESS) result = vk->BeginCommandBuffer(*commands, &begin);
    return result == VK_SUCCESS ? NC_OK : nc_gpu__vk_fail(gpu, "vkBeginCommandBuffer", result);
}

static void nc_gpu__vk_memory_barrier(nc_gpu *gpu, VkCommandBuffer commands,
                                      VkPipelineStageFlags from, VkAccessFlags wrote,
                                      VkPipelineStageFlags to, VkAccessFlags reads) {
    VkMemoryBarrier barrier;
    memset(&barrier, 0, sizeof barrier);
    barrier.sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER;
    barrier.srcAccessMask = wrote;
    barrier.dstAccessMask = reads;
    gpu->vk.CmdPipelineBarrier(commands, from, to, 0, 1, &barrier, 0, NULL, 0, NULL);
}

static nc_status nc_gpu__vk_copy(nc_gpu *gpu, nc_gpu_buffer *buffer, size_t offset, size_t at,
                                 size_t bytes, int to_device) {
    const VkAccessFlags write = VK_ACCESS_TRANSFER_WRITE_BIT;
    const VkPipelineStageFlags transfer = VK_PIPELINE_STAGE_TRANSFER_BIT;
    nc_gpu__vulkan *vk = &gpu->vk;
    const int which = to_device ? 0 : 1;
    VkCommandBuffer *commands = &vk->copies[which];
    VkBufferCopy region;
    if (vk->copying[which]) { /* it may write where the last one did */
        nc_gpu__vk_memory_barrier(gpu, *commands, transfer, write, transfer, write);
    } else {
        nc_status status = nc_gpu__vk_commands(gpu, commands, 1);
        if (status != NC_OK) return status;
        vk->copying[which] = 1;
    }
    region.srcOffset = to_device ? at : offset;
    region.dstOffset = to_device ? offset : at;
    region.size = bytes;
    vk->CmdCopyBuffer(*commands, to_device ? vk->staging : buffer->handle,
                      to_device ? buffer->handle : vk->staging, 1, &region);
    return NC_OK;
}

/* End the copies of one direction, with what comes behind them told to see them. */
static VkResult nc_gpu__vk_end_copies(nc_gpu *gpu, int which) {
    const VkPipelineStageFlags work =
        VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT | VK_PIPELINE_STAGE_TRANSFER_BIT;
    const VkAccessFlags any = VK_ACCESS_SHADER_READ_BIT | VK_ACCESS_SHADER_WRITE_BIT |
                              VK_ACCESS_TRANSFER_READ_BIT | VK_ACCESS_TRANSFER_WRITE_BIT;
    nc_gpu__vk_memory_barrier(gpu, gpu->vk.copies[which], VK_PIPELINE_STAGE_TRANSFER_BIT,
                              VK_ACCESS_TRANSFER_WRITE_BIT,
                              which ? (VkPipelineStageFlags)VK_PIPELINE_STAGE_HOST_BIT : work,
                              which ? (VkAccessFlags)VK_ACCESS_HOST_READ_BIT : any);
    gpu->vk.copying[which] = 0;
    return gpu->vk.EndCommandBuffer(gpu->vk.copies[which]);
}

/* Submit and wait, no longer than the caller allows. */
static nc_status nc_gpu__vk_wait(nc_gpu *gpu, const VkSubmitInfo *submit) {
    nc_gpu__vulkan *vk = &gpu->vk;
    VkResult result = vk->QueueSubmit(vk->queue, 1, submit, vk->fence);
    if (result != VK_SUCCESS) return nc_gpu__vk_fail(gpu, "vkQueueSubmit", result);
    result = vk->WaitForFences(vk->device, 1, &vk->fence, VK_TRUE,
                               gpu->timeout_s * UINT64_C(1000000000));
    if (result == VK_TIMEOUT) {
        gpu->hung = 1;
        return nc_gpu__lose(gpu, "vkWaitForFences: no answer in %u s", (unsigned)gpu->timeout_s);
    }
    if (result != VK_SUCCESS) return nc_gpu__vk_fail(gpu, "vkWaitForFences", result);
    result = vk->ResetFences(vk->device, 1, &vk->fence);
    return result == VK_SUCCESS ? NC_OK : nc_gpu__vk_fail(gpu, "vkResetFences", result);
}

/* From one time to the next: the clock begins again at 0 when its bits are full. */
static uint64_t nc_gpu__vk_ticks(const nc_gpu *gpu, const uint64_t ticks[2]) {
    return (ticks[1] - ticks[0]) & (UINT64_MAX >> (64 - gpu->vk.timestamp_bits));
}

static nc_status nc_gpu__vk_submit(nc_gpu *gpu, nc_gpu_program *program, uint64_t *nanoseconds) {
    nc_gpu__vulkan *vk = &gpu->vk;
    VkCommandBuffer list[3];
    VkSubmitInfo submit;
    VkResult result[2] = {VK_SUCCESS, VK_SUCCESS};
    uint64_t ticks[2] = {0, 0};
    nc_status status;
    memset(&submit, 0, sizeof submit);
    submit.sType = VK_STRUCTURE_TYPE_SUBMIT_INFO;
    submit.pCommandBuffers = list;
    if (vk->copying[0]) {
        list[submit.commandBufferCount++] = vk->copies[0];
        result[0] = nc_gpu__vk_end_copies(gpu, 0);
    }
    if (program) list[submit.commandBufferCount++] = program->commands;
    if (vk->copying[1]) {
        list[submit.commandBufferCount++] = vk->copies[1];
        result[1] = nc_gpu__vk_end_copies(gpu, 1);
    }
    if (result[0] != VK_SUCCESS || result[1] != VK_SUCCESS)
        return nc_gpu__vk_fail(gpu, "vkEndCommandBuffer",
                               result[0] != VK_SUCCESS ? result[0] : result[1]);
    if (!submit.commandBufferCount) return NC_OK;
    status = nc_gpu__vk_wait(gpu, &submit);
    if (status == NC_OK && program && program->queries &&
        vk->GetQueryPoolResults(vk->device, program->queries, 0, 2, sizeof ticks, ticks,
                                sizeof *ticks, VK_QUERY_RESULT_64_BIT) == VK_SUCCESS)
        *nanoseconds = (uint64_t)((double)nc_gpu__vk_ticks(gpu, ticks) * vk->tick_ns);
    return status;
}
#endif

/* -- CUDA -- */

static nc_status nc_gpu__cu_buffer_create(nc_gpu *gpu, nc_gpu_buffer *buffer) {
    return nc_gpu__cu_check(gpu, "cuMemAlloc", gpu->cu.MemAlloc(&buffer->address, buffer->bytes));
}

static void nc_gpu__cu_buffer_destroy(nc_gpu *gpu, nc_gpu_buffer *buffer) {
    if (buffer->address) (void)gpu->cu.MemFree(buffer->address);
}

static nc_status nc_gpu__cu_copy(nc_gpu *gpu, nc_gpu_buffer *buffer, size_t offset, size_t at,
                                 size_t bytes, int to_device) {
    nc_gpu__cuda *cu = &gpu->cu;
    const unsigned long long there = buffer->address + offset;
    if (to_device)
        return nc_gpu__cu_check(gpu, "cuMemcpyHtoDAsync",
                                cu->MemcpyHtoDAsync(there, gpu->staging + at, bytes, NULL));
    return nc_gpu__cu_check(gpu, "cuMemcpyDtoHAsync",
                            cu->MemcpyDtoHAsync(gpu->staging + at, there, bytes, NULL));
}

/* Wait for all of the stream; its copies have been enqueued as they came, and so has a program. */
static nc_status nc_gpu__cu_submit(nc_gpu *gpu, nc_gpu_program *program, uint64_t *nanoseconds) {
    enum { NOT_READY = 600, LOOKS = 4096 }; /* looks between two at the clock */
    nc_gpu__cuda *cu = &gpu->cu;
    const time_t start = time(NULL);
    float milliseconds = 0.0f;
    uint32_t looks = 0;
    int code = cu->EventRecord(cu->events[2], NULL);
    if (code == 0)
        while ((code = cu->EventQuery(cu->events[2])) == NOT_READY)
            if (++looks % LOOKS == 0 && difftime(time(NULL), start) > gpu->timeout_s) {
                gpu->hung = 1;
                return nc_gpu__lose(gpu, "cuEventQuery: no answer in %u s",
                                    (unsigned)gpu->timeout_s);
            }
    if (code == 0 && program &&
        cu->EventElapsedTime(&milliseconds, cu->events[0], cu->events[1]) == 0)
        *nanoseconds = (uint64_t)((double)milliseconds * 1e6);
    return nc_gpu__cu_check(gpu, "waiting for the device", code);
}

/* -- both -- */

NC_API nc_status nc_gpu_buffer_create(nc_gpu *gpu, size_t bytes, nc_gpu_buffer **buffer) {
    nc_gpu_buffer *made;
    nc_status status;
    *buffer = NULL;
    if (bytes == 0) return nc_gpu__fail(gpu, NC_ERR_ARG, "a buffer needs at least one byte");
    if (bytes > gpu->caps.max_buffer_bytes)
        return nc_gpu__fail(
            gpu, NC_ERR_LIMIT, "a buffer of %llu bytes: those of this device hold at most %llu",
            (unsigned long long)bytes, (unsigned long long)gpu->caps.max_buffer_bytes);
    status = nc_gpu__enter(gpu);
    if (status != NC_OK) return status;
    made = (nc_gpu_buffer *)nc__calloc(NULL, sizeof *made);
    if (!made) return nc_gpu__fail(gpu, NC_ERR_MEMORY, "out of memory");
    made->bytes = bytes;
    status = gpu->backend->buffer_create(gpu, made);
    if (status == NC_OK)
        *buffer = made;
    else
        nc_gpu_buffer_destroy(gpu, made);
    return status;
}

NC_API size_t nc_gpu_buffer_bytes(const nc_gpu_buffer *buffer) { return buffer->bytes; }

/* Let the device do what has been enqueued, with a program (may be null), and wait. */
static nc_status nc_gpu__submit(nc_gpu *gpu, nc_gpu_program *program, uint64_t *nanoseconds) {
    const size_t staged = gpu->staged;
    nc_status status;
    gpu->staged = 0;
    status = gpu->backend->submit(gpu, program, nanoseconds);
    if (status != NC_OK && staged && !gpu->caps.lost)
        (void)nc_gpu__lose(gpu, "copies failed: %.120s", gpu->error);
    return status;
}

NC_API void nc_gpu_buffer_destroy(nc_gpu *gpu, nc_gpu_buffer *buffer) {
    uint64_t time;
    if (!buffer) return;
    if (gpu->staged && nc_gpu__enter(gpu) == NC_OK) (void)nc_gpu__submit(gpu, NULL, &time);
    if (!gpu->hung) {
        (void)gpu->backend->enter(gpu);
        gpu->backend->buffer_destroy(gpu, buffer);
    }
    nc__free(NULL, buffer, sizeof *buffer);
}

/* How both directions of a host copy begin. */
static nc_status nc_gpu__copy_check(nc_gpu *gpu, const nc_gpu_buffer *buffer, size_t offset,
                                    const void *data, size_t bytes) {
    if (!buffer || (bytes && !data) || offset > buffer->bytes || bytes > buffer->bytes - offset)
        return nc_gpu__fail(gpu, NC_ERR_ARG, "copy of bytes %llu to %llu of a buffer of %llu",
                            (unsigned long long)offset,
                            (unsigned long long)nc__add_size(offset, bytes),
                            (unsigned long long)(buffer ? buffer->bytes : 0));
    return nc_gpu__enter(gpu);
}

/* Staging memory for the next piece of a copy, at *at: what is there already goes where there is no
 * room. */
static nc_status nc_gpu__stage(nc_gpu *gpu, size_t *piece, size_t *at) {
    uint64_t time;
    nc_status status = NC_OK;
    if (*piece > NC_GPU__STAGING) *piece = NC_GPU__STAGING;
    if (*piece > NC_GPU__STAGING - gpu->staged) status = nc_gpu__submit(gpu, NULL, &time);
    *at = gpu->staged;
    return status;
}

NC_API nc_status nc_gpu_upload(nc_gpu *gpu, nc_gpu_buffer *buffer, size_t offset, const void *data,
                               size_t bytes) {
    nc_status status = nc_gpu__copy_check(gpu, buffer, offset, data, bytes);
    size_t done, n, at;
    for (done = 0; status == NC_OK && done < bytes; done += n) {
        n = bytes - done;
        status = nc_gpu__stage(gpu, &n, &at);
        if (status != NC_OK) break;
        memcpy(gpu->staging + at, (const char *)data + done, n);
        status = gpu->backend->copy(gpu, buffer, offset + done, at, n, 1);
        if (status == NC_OK) gpu->staged += (n + 15) & ~(size_t)15;
    }
    return status;
}

/* A program (may be null) and a download behind it. */
static nc_status nc_gpu__run_download(nc_gpu *gpu, nc_gpu_program *program, nc_gpu_buffer *buffer,
                                      size_t offset, void *data, size_t bytes) {
    nc_status status = nc_gpu__copy_check(gpu, buffer, offset, data, bytes);
    size_t done, n, at;
    uint64_t time;
    for (done = 0; status == NC_OK && done < bytes; done += n) {
        n = bytes - done;
        status = nc_gpu__stage(gpu, &n, &at);
        if (status == NC_OK && program) status = gpu->backend->launch(gpu, program);
        if (status == NC_OK) status = gpu->backend->copy(gpu, buffer, offset + done, at, n, 0);
        if (status == NC_OK) status = nc_gpu__submit(gpu, program, &time);
        if (status == NC_OK) memcpy((char *)data + done, gpu->staging + at, n);
        program = NULL;
    }
    return status;
}

NC_API nc_status nc_gpu_download(nc_gpu *gpu, nc_gpu_buffer *buffer, size_t offset, void *data,
                                 size_t bytes) {
    return nc_gpu__run_download(gpu, NULL, buffer, offset, data, bytes);
}

/* >>kernels ======================================================================== */

/* Whole kernel file, from the caller's memory or the folder; NC_ERR_DEVICE without a message where
 * it is in neither. What has to be freed with nc__free(NULL, .., bytes + 1) is in *read too. */
static nc_status nc_gpu__read_kernel(nc_gpu *gpu, const char *name, const char *suffix,
                                     const uint8_t **data, uint8_t **read, size_t *bytes) {
    char path[1400];
    size_t i;
    *read = NULL;
    snprintf(path, sizeof path, "%s%s", name, suffix);
    for (i = 0; i < gpu->file_count; i++)
        if (!strcmp(gpu->files[i].name, path)) {
            *data = (const uint8_t *)gpu->files[i].data;
            *bytes = gpu->files[i].bytes;
            return NC_OK;
        }
    snprintf(path, sizeof path, "%s/%s%s", gpu->kernel_path, name, suffix);
    if (nc__file_read(path, NULL, read, bytes, NULL) != NC_OK) return NC_ERR_DEVICE;
    *data = *read;
    return NC_OK;
}

static nc_status nc_gpu__no_kernel(nc_gpu *gpu, const char *name, const char *suffix) {
    return nc_gpu__fail(gpu, NC_ERR_DEVICE, "kernel file '%s/%s%s' is not readable",
                        gpu->kernel_path, name, suffix);
}

/* The interface that a file states; nonzero: `what` says what is wrong with it. */
static nc_status nc_gpu__check_interface(nc_gpu *gpu, const nc_gpu_kernel *kernel, uint32_t version,
                                         const char *ending) {
    if (version != NC_GPU_INTERFACE)
        return nc_gpu__fail(gpu, NC_ERR_MISMATCH, "'%s%s' is not of interface version %d",
                            kernel->name, ending, NC_GPU_INTERFACE);
    if (kernel->buffers < 1 || kernel->buffers > NC_GPU_MAX_BUFFERS || kernel->push_bytes % 4 ||
        kernel->push_bytes > NC_GPU_MAX_PUSH || !kernel->threads[0] || !kernel->threads[1] ||
        !kernel->threads[2])
        return nc_gpu__fail(gpu, NC_ERR_MISMATCH,
                            "'%s%s' states %u buffers, %u bytes of constants, %u threads",
                            kernel->name, ending, (unsigned)kernel->buffers,
                            (unsigned)kernel->push_bytes, (unsigned)kernel->threads[0]);
    return NC_OK;
}

/* What the kernel takes of the device that it is to run on. */
static nc_status nc_gpu__check_limits(nc_gpu *gpu, const nc_gpu_kernel *kernel) {
    const nc_gpu_caps *c = &gpu->caps;
    const uint32_t *t = kernel->threads, *most = c->max_threads_of;
    if ((uint64_t)t[0] * t[1] * t[2] > c->max_threads || t[0] > most[0] || t[1] > most[1] ||
        t[2] > most[2])
        return nc_gpu__fail(gpu, NC_ERR_LIMIT,
                            "'%s' has groups of %u x %u x %u threads: '%.80s' takes %u, and no "
                            "more than %u x %u x %u",
                            kernel->name, (unsigned)t[0], (unsigned)t[1], (unsigned)t[2], c->name,
                            (unsigned)c->max_threads, (unsigned)most[0], (unsigned)most[1],
                            (unsigned)most[2]);
    if (kernel->shared_bytes > c->max_shared_bytes)
        return nc_gpu__fail(gpu, NC_ERR_LIMIT,
                            "'%s' takes %llu bytes of shared memory: '%.80s' has %u", kernel->name,
                            (unsigned long long)kernel->shared_bytes, c->name,
                            (unsigned)c->max_shared_bytes);
    if (kernel->buffers > c->max_buffers)
        return nc_gpu__fail(gpu, NC_ERR_LIMIT, "'%s' takes %u buffers: '%.80s' binds %u",
                            kernel->name, (unsigned)kernel->buffers, c->name,
                            (unsigned)c->max_buffers);
    return NC_OK;
}

/* -- Vulkan -- */
#ifndef NC_GPU_NO_VULKAN
/* A SPIR-V module as words, in the machine's own byte order. */
typedef struct nc_gpu__spirv {
    const uint8_t *data;
    size_t words;
} nc_gpu__spirv;

static uint32_t nc_gpu__word(const nc_gpu__spirv *m, size_t i) {
    uint32_t word;
    memcpy(&word, m->data + 4 * i, 4);
    return word;
}

/* Place of the first instruction behind `after` (0: the first of all) of this opcode, with at least
 * `length` words, the i-th of which is `value`; 0: there is none, or the module is malformed. */
static size_t nc_gpu__spirv_find(const nc_gpu__spirv *m, size_t after, uint32_t opcode,
                                 uint32_t length, uint32_t i, uint32_t value) {
    size_t at, n;
    if (m->words < 5 || nc_gpu__word(m, 0) != UINT32_C(0x07230203)) return 0;
    for (at = 5; at < m->words; at += n) {
        const uint32_t head = nc_gpu__word(m, at);
        n = head >> 16;
        if (n == 0 || n > m->words - at) return 0;
        if (at > after && (head & 0xFFFF) == opcode && n >= length &&
            nc_gpu__word(m, at + i) == value)
            return at;
    }
    return 0;
}

enum { /* opcodes and operands of the SPIR-V specification, sections 3.20 and 3.42 */
       NC_GPU__OP_EXTENSION = 10,
       NC_GPU__OP_EXT_INST = 12,
       NC_GPU__OP_EXECUTION_MODE = 16,
       NC_GPU__OP_CAPABILITY = 17,
       NC_GPU__OP_TYPE_BOOL = 20,
       NC_GPU__OP_TYPE_INT = 21,
       NC_GPU__OP_TYPE_FLOAT = 22,
       NC_GPU__OP_TYPE_VECTOR = 23,
       NC_GPU__OP_TYPE_ARRAY = 28,
       NC_GPU__OP_TYPE_STRUCT = 30,
       NC_GPU__OP_TYPE_POINTER = 32,
       NC_GPU__OP_CONSTANT = 43,
       NC_GPU__OP_SPEC_CONSTANT = 50,
       NC_GPU__OP_VARIABLE = 59,
       NC_GPU__OP_DECORATE = 71,
       NC_GPU__OP_MEMBER_DECORATE = 72,
       NC_GPU__INT64 = 11,
       NC_GPU__FMA = 50, /* of GLSL.std.450, the one set that glslang takes instructions from */
       NC_GPU__LOCAL_SIZE = 17,
       NC_GPU__SPEC_ID = 1,
       NC_GPU__BINDING = 33,
       NC_GPU__OFFSET = 35,
       NC_GPU__WORKGROUP = 4,
       NC_GPU__PUSH_CONSTANT = 9
};

/* The default of the specialisation constant with this id, 0 if absent. */
static uint32_t nc_gpu__spirv_constant(const nc_gpu__spirv *m, uint32_t id) {
    size_t at = nc_gpu__spirv_find(m, 0, NC_GPU__OP_DECORATE, 4, 3, id);
    while (at && nc_gpu__word(m, at + 2) != NC_GPU__SPEC_ID)
        at = nc_gpu__spirv_find(m, at, NC_GPU__OP_DECORATE, 4, 3, id);
    if (at) at = nc_gpu__spirv_find(m, 0, NC_GPU__OP_SPEC_CONSTANT, 4, 2, nc_gpu__word(m, at + 1));
    return at ? nc_gpu__word(m, at + 3) : 0;
}

/* Bytes of the push constants: where the last member of their struct ends. Members have 4 bytes,
 * or are arrays of such. */
static uint32_t nc_gpu__spirv_push(const nc_gpu__spirv *m) {
    const size_t variable =
        nc_gpu__spirv_find(m, 0, NC_GPU__OP_VARIABLE, 4, 3, NC_GPU__PUSH_CONSTANT);
    uint32_t structure, members, last, length = 1;
    size_t pointer, type, offset, array;
    if (!variable) return 0;
    pointer =
        nc_gpu__spirv_find(m, 0, NC_GPU__OP_TYPE_POINTER, 4, 1, nc_gpu__word(m, variable + 1));
    if (!pointer) return UINT32_MAX;
    structure = nc_gpu__word(m, pointer + 3);
    type = nc_gpu__spirv_find(m, 0, NC_GPU__OP_TYPE_STRUCT, 3, 1, structure);
    if (!type) return UINT32_MAX;
    members = (nc_gpu__word(m, type) >> 16) - 2;
    last = nc_gpu__word(m, type + 1 + members);
    offset = nc_gpu__spirv_find(m, 0, NC_GPU__OP_MEMBER_DECORATE, 5, 1, structure);
    while (offset && (nc_gpu__word(m, offset + 2) != members - 1 ||
                      nc_gpu__word(m, offset + 3) != NC_GPU__OFFSET))
        offset = nc_gpu__spirv_find(m, offset, NC_GPU__OP_MEMBER_DECORATE, 5, 1, structure);
    array = nc_gpu__spirv_find(m, 0, NC_GPU__OP_TYPE_ARRAY, 4, 1, last);
    if (array) {
        array = nc_gpu__spirv_find(m, 0, NC_GPU__OP_CONSTANT, 4, 2, nc_gpu__word(m, array + 3));
        length = array ? nc_gpu__word(m, array + 3) : 1024;
    }
    if (!offset || length > 1024 || nc_gpu__word(m, offset + 4) > 1024) return UINT32_MAX;
    return nc_gpu__word(m, offset + 4) + 4 * length;
}

/* Bytes of a value of this type, where it is one of those that shared memory holds: numbers,
 * vectors and arrays of arrays; else so many that no device has them. */
static uint64_t nc_gpu__spirv_bytes(const nc_gpu__spirv *m, uint32_t type, int depth) {
    const uint64_t many = UINT64_C(1) << 40;
    uint64_t bytes, count;
    size_t at, length;
    if (nc_gpu__spirv_find(m, 0, NC_GPU__OP_TYPE_BOOL, 2, 1, type)) return 4;
    if ((at = nc_gpu__spirv_find(m, 0, NC_GPU__OP_TYPE_INT, 4, 1, type)) != 0 ||
        (at = nc_gpu__spirv_find(m, 0, NC_GPU__OP_TYPE_FLOAT, 3, 1, type)) != 0)
        return nc_gpu__word(m, at + 2) / 8;
    if (depth > 6) return many;
    if ((at = nc_gpu__spirv_find(m, 0, NC_GPU__OP_TYPE_VECTOR, 4, 1, type)) != 0)
        count = nc_gpu__word(m, at + 3);
    else if ((at = nc_gpu__spirv_find(m, 0, NC_GPU__OP_TYPE_ARRAY, 4, 1, type)) != 0 &&
             (length = nc_gpu__spirv_find(m, 0, NC_GPU__OP_CONSTANT, 4, 2,
                                          nc_gpu__word(m, at + 3))) != 0)
        count = nc_gpu__word(m, length + 3);
    else
        return many;
    bytes = nc_gpu__spirv_bytes(m, nc_gpu__word(m, at + 2), depth + 1);
    return bytes >> 31 ? many : bytes * count;
}

/* Bytes of all variables in shared memory. */
static uint64_t nc_gpu__spirv_shared(const nc_gpu__spirv *m) {
    uint64_t bytes = 0;
    size_t at = 0, pointer;
    while ((at = nc_gpu__spirv_find(m, at, NC_GPU__OP_VARIABLE, 4, 3, NC_GPU__WORKGROUP)) != 0) {
        pointer = nc_gpu__spirv_find(m, 0, NC_GPU__OP_TYPE_POINTER, 4, 1, nc_gpu__word(m, at + 1));
        if (!pointer) return UINT32_MAX;
        bytes += nc_gpu__spirv_bytes(m, nc_gpu__word(m, pointer + 3), 0);
        if (bytes > UINT32_MAX) return UINT32_MAX;
    }
    return bytes;
}

/* What a module states: the version is returned, the rest goes to the kernel. */
static uint32_t nc_gpu__spirv_interface(const uint8_t *data, size_t bytes, nc_gpu_kernel *kernel) {
    nc_gpu__spirv m;
    size_t at;
    uint32_t i;
    m.data = data;
    m.words = bytes % 4 ? 0 : bytes / 4;
    kernel->buffers = 0;
    for (i = 0; i <= NC_GPU_MAX_BUFFERS; i++) /* bindings are 0, 1, .. */
        for (at = 0; (at = nc_gpu__spirv_find(&m, at, NC_GPU__OP_DECORATE, 4, 3, i)) != 0;)
            if (nc_gpu__word(&m, at + 2) == NC_GPU__BINDING) kernel->buffers = i + 1;
    kernel->push_bytes = nc_gpu__spirv_push(&m);
    kernel->shared_bytes = nc_gpu__spirv_shared(&m);
    at = nc_gpu__spirv_find(&m, 0, NC_GPU__OP_EXECUTION_MODE, 6, 2, NC_GPU__LOCAL_SIZE);
    for (i = 0; i < 3; i++) kernel->threads[i] = at ? nc_gpu__word(&m, at + 3 + i) : 0;
    return nc_gpu__spirv_constant(&m, 1000);
}

/* Modes of arithmetic by SPV_KHR_float_controls: the capability and the execution mode. */
static const uint32_t nc_gpu__float_modes[3][2] = {
    {4464, 4459}, /* DenormPreserve */
    {4467, 4462}, /* RoundingModeRTE */
    {4466, 4461}, /* SignedZeroInfNanPreserve */
};

/* The module with these modes for float32 set at its entry point: `out` has room for 25 words more.
 * Returns its words. */
static size_t nc_gpu__spirv_with_modes(const uint8_t *data, size_t bytes, uint32_t modes,
                                       uint32_t *out) {
    static const char extension[24] = "SPV_KHR_float_controls";
    nc_gpu__spirv m;
    size_t at, length, n = 5, i;
    int stage = 0; /* 1: behind the capabilities, 2: behind the first execution mode */
    m.data = data;
    m.words = bytes / 4;
    memcpy(out, data, 5 * sizeof *out);
    for (i = 0; i < 3; i++)
        if (modes >> i & 1) {
            out[n++] = UINT32_C(2) << 16 | NC_GPU__OP_CAPABILITY;
            out[n++] = nc_gpu__float_modes[i][0];
        }
    for (at = 5; at < m.words; at += length) {
        const uint32_t opcode = nc_gpu__word(&m, at) & 0xFFFF;
        length = nc_gpu__word(&m, at) >> 16;
        if (length == 0 || length > m.words - at) length = m.words - at; /* damaged: as it is */
        if (stage == 0 && opcode != NC_GPU__OP_CAPABILITY && modes) {
            out[n++] = (uint32_t)(1 + sizeof extension / 4) << 16 | NC_GPU__OP_EXTENSION;
            memcpy(out + n, extension, sizeof extension);
            n += sizeof extension / 4;
            stage = 1;
        }
        if (stage == 1 && opcode == NC_GPU__OP_EXECUTION_MODE && length > 2) {
            for (i = 0; i < 3; i++)
                if (modes >> i & 1) {
                    out[n++] = UINT32_C(4) << 16 | NC_GPU__OP_EXECUTION_MODE;
                    out[n++] = nc_gpu__word(&m, at + 1);
                    out[n++] = nc_gpu__float_modes[i][1];
                    out[n++] = 32;
                }
            stage = 2;
        }
        memcpy(out + n, m.data + 4 * at, 4 * length);
        n += length;
    }
    return n;
}

static nc_status nc_gpu__vk_pipeline(nc_gpu *gpu, nc_gpu_kernel *kernel, const uint8_t *data,
                                     size_t bytes) {
    /* constant 1001 of shaders/nc_math.glsl */
    const VkSpecializationMapEntry entry = {1001, 0, sizeof(uint32_t)};
    const VkSpecializationInfo specialization = {1, &entry, sizeof(uint32_t),
                                                 &gpu->caps.exact_division};
    nc_gpu__vulkan *vk = &gpu->vk;
    VkShaderModuleCreateInfo module;
    VkDescriptorSetLayoutBinding bindings[NC_GPU_MAX_BUFFERS];
    VkDescriptorSetLayoutCreateInfo set;
    VkPushConstantRange range;
    VkPipelineLayoutCreateInfo layout;
    VkComputePipelineCreateInfo pipeline;
    VkResult result;
    const size_t room = bytes + 25 * sizeof(uint32_t);
    uint32_t *code = (uint32_t *)nc__alloc(NULL, room), i;
    if (!code) return nc_gpu__fail(gpu, NC_ERR_MEMORY, "out of memory");
    memset(&module, 0, sizeof module);
    memset(bindings, 0, sizeof bindings);
    memset(&set, 0, sizeof set);
    memset(&range, 0, sizeof range);
    memset(&layout, 0, sizeof layout);
    memset(&pipeline, 0, sizeof pipeline);
    module.sType = VK_STRUCTURE_TYPE_SHADER_MODULE_CREATE_INFO;
    module.codeSize = 4 * nc_gpu__spirv_with_modes(data, bytes, vk->float_modes, code);
    module.pCode = code;
    result = vk->CreateShaderModule(vk->device, &module, NULL, &kernel->module);
    nc__free(NULL, code, room);
    if (result != VK_SUCCESS) return nc_gpu__vk_fail(gpu, "vkCreateShaderModule", result);
    for (i = 0; i < kernel->buffers; i++) {
        bindings[i].binding = i;
        bindings[i].descriptorType = VK_DESCRIPTOR_TYPE_STORAGE_BUFFER;
        bindings[i].descriptorCount = 1;
        bindings[i].stageFlags = VK_SHADER_STAGE_COMPUTE_BIT;
    }
    set.sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_LAYOUT_CREATE_INFO;
    set.bindingCount = kernel->buffers;
    set.pBindings = bindings;
    result = vk->CreateDescriptorSetLayout(vk->device, &set, NULL, &kernel->set_layout);
    if (result != VK_SUCCESS) return nc_gpu__vk_fail(gpu, "descriptor set layout", result);
    range.stageFlags = VK_SHADER_STAGE_COMPUTE_BIT;
    range.size = kernel->push_bytes;
    layout.sType = VK_STRUCTURE_TYPE_PIPELINE_LAYOUT_CREATE_INFO;
    layout.setLayoutCount = 1;
    layout.pSetLayouts = &kernel->set_layout;
    layout.pushConstantRangeCount = kernel->push_bytes ? 1 : 0;
    layout.pPushConstantRanges = &range;
    result = vk->CreatePipelineLayout(vk->device, &layout, NULL, &kernel->layout);
    if (result != VK_SUCCESS) return nc_gpu__vk_fail(gpu, "pipeline layout", result);
    pipeline.sType = VK_STRUCTURE_TYPE_COMPUTE_PIPELINE_CREATE_INFO;
    pipeline.stage.sType = VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO;
    pipeline.stage.stage = VK_SHADER_STAGE_COMPUTE_BIT;
    pipeline.stage.module = kernel->module;
    pipeline.stage.pName = "main";
    pipeline.stage.pSpecializationInfo = &specialization;
    pipeline.layout = kernel->layout;
    result =
        vk->CreateComputePipelines(vk->device, vk->cache, 1, &pipeline, NULL, &kernel->pipeline);
    return result == VK_SUCCESS ? NC_OK : nc_gpu__vk_fail(gpu, "compute pipeline", result);
}

/* Whether the device asks for fma through float64. */
static int nc_gpu__emulates_fma(const nc_gpu *gpu) {
    return !gpu->caps.fma_fused && gpu->caps.float64;
}

/* A plain module will do only where it has nothing that the device's variant is there for. */
static nc_status nc_gpu__check_plain(nc_gpu *gpu, const nc_gpu_kernel *kernel, const uint8_t *data,
                                     size_t bytes) {
    const char *missing = NULL;
    nc_gpu__spirv m;
    m.data = data;
    m.words = bytes / 4;
    if (!gpu->caps.int64 && nc_gpu__spirv_find(&m, 0, NC_GPU__OP_CAPABILITY, 2, 1, NC_GPU__INT64))
        missing = "_u32.spv";
    if (nc_gpu__emulates_fma(gpu) &&
        nc_gpu__spirv_find(&m, 0, NC_GPU__OP_EXT_INST, 5, 4, NC_GPU__FMA))
        missing = "_f64fma.spv";
    if (!missing) return NC_OK;
    return nc_gpu__fail(gpu, NC_ERR_DEVICE,
                        "kernel file '%s/%s%s' is not readable: '%.80s' needs it", gpu->kernel_path,
                        kernel->name, missing, gpu->caps.name);
}

/* The most special variant that the device needs and the folder has. */
static nc_status nc_gpu__vk_load(nc_gpu *gpu, nc_gpu_kernel *kernel) {
    const uint8_t *data = NULL;
    uint8_t *read = NULL;
    size_t bytes = 0;
    nc_status status = NC_ERR_DEVICE;
    int plain;
    if (nc_gpu__emulates_fma(gpu))
        status = nc_gpu__read_kernel(gpu, kernel->name, "_f64fma.spv", &data, &read, &bytes);
    if (status != NC_OK && !gpu->caps.int64)
        status = nc_gpu__read_kernel(gpu, kernel->name, "_u32.spv", &data, &read, &bytes);
    plain = status != NC_OK;
    if (plain) status = nc_gpu__read_kernel(gpu, kernel->name, ".spv", &data, &read, &bytes);
    if (status != NC_OK) return nc_gpu__no_kernel(gpu, kernel->name, ".spv");
    status =
        nc_gpu__check_interface(gpu, kernel, nc_gpu__spirv_interface(data, bytes, kernel), ".spv");
    if (status == NC_OK && plain) status = nc_gpu__check_plain(gpu, kernel, data, bytes);
    if (status == NC_OK) status = nc_gpu__check_limits(gpu, kernel);
    if (status == NC_OK) status = nc_gpu__vk_pipeline(gpu, kernel, data, bytes);
    nc__free(NULL, read, bytes + 1);
    return status;
}

static void nc_gpu__vk_unload(nc_gpu *gpu, nc_gpu_kernel *kernel) {
    nc_gpu__vulkan *vk = &gpu->vk;
    if (kernel->pipeline) vk->DestroyPipeline(vk->device, kernel->pipeline, NULL);
    if (kernel->layout) vk->DestroyPipelineLayout(vk->device, kernel->layout, NULL);
    if (kernel->set_layout) vk->DestroyDescriptorSetLayout(vk->device, kernel->set_layout, NULL);
    if (kernel->module) vk->DestroyShaderModule(vk->device, kernel->module, NULL);
}
#endif

/* -- CUDA -- */

/* What the compiler has made of a kernel must fit too: many registers mean fewer threads. */
static nc_status nc_gpu__cu_limits_of(nc_gpu *gpu, nc_gpu_kernel *kernel) {
    const uint32_t *t = kernel->threads;
    int most = 0, shared = 0;
    nc_status status = nc_gpu__cu_check(
        gpu, "cuFuncGetAttribute",
        gpu->cu.FuncGetAttribute(&most, NC_GPU__CU_KERNEL_THREADS, kernel->cu_function));
    if (status == NC_OK)
        status = nc_gpu__cu_check(
            gpu, "cuFuncGetAttribute",
            gpu->cu.FuncGetAttribute(&shared, NC_GPU__CU_KERNEL_SHARED, kernel->cu_function));
    if (status != NC_OK) return status;
    kernel->shared_bytes = (uint32_t)shared;
    if ((uint64_t)t[0] * t[1] * t[2] > (uint32_t)most)
        return nc_gpu__fail(gpu, NC_ERR_LIMIT,
                            "'%s' has groups of %u x %u threads: as compiled for '%.80s' it takes "
                            "%d",
                            kernel->name, (unsigned)t[0], (unsigned)t[1], gpu->caps.name, most);
    return nc_gpu__check_limits(gpu, kernel);
}

static nc_status nc_gpu__cu_load(nc_gpu *gpu, nc_gpu_kernel *kernel) {
    enum { ERROR_LOG_BUFFER = 5, ERROR_LOG_BUFFER_SIZE_BYTES = 6 };
    int options[2] = {ERROR_LOG_BUFFER, ERROR_LOG_BUFFER_SIZE_BYTES};
    char log[400] = "";
    void *values[2];
    size_t room = sizeof log, bytes = 0, got = 0;
    unsigned long long address = 0;
    uint32_t interface[5] = {0, 0, 0, 0, 0}; /* version, buffers, push bytes, threads x, y */
    const uint8_t *data = NULL;
    uint8_t *read = NULL;
    nc_status status = nc_gpu__read_kernel(gpu, kernel->name, ".ptx", &data, &read, &bytes);
    if (status != NC_OK) return nc_gpu__no_kernel(gpu, kernel->name, ".ptx");
    values[0] = log;
    memcpy(&values[1], &room, sizeof room); /* the driver takes the size in place of a pointer */
    if (gpu->cu.ModuleLoadDataEx(&kernel->cu_module, data, 2, options, values) != 0)
        status =
            nc_gpu__fail(gpu, NC_ERR_DEVICE, "'%s.ptx' does not load: %.300s", kernel->name, log);
    nc__free(NULL, read, bytes + 1);
    if (status != NC_OK) return status;
    if (gpu->cu.ModuleGetGlobal(&address, &got, kernel->cu_module, "nc_interface") == 0 &&
        got == sizeof interface)
        (void)gpu->cu.MemcpyDtoH(interface, address, sizeof interface);
    kernel->buffers = interface[1];
    kernel->push_bytes = interface[2];
    kernel->threads[0] = interface[3];
    kernel->threads[1] = interface[4];
    kernel->threads[2] = 1;
    status = nc_gpu__check_interface(gpu, kernel, interface[0], ".ptx");
    if (status != NC_OK) return status;
    status = nc_gpu__cu_check(
        gpu, "cuModuleGetFunction",
        gpu->cu.ModuleGetFunction(&kernel->cu_function, kernel->cu_module, kernel->name));
    return status == NC_OK ? nc_gpu__cu_limits_of(gpu, kernel) : status;
}

static void nc_gpu__cu_unload(nc_gpu *gpu, nc_gpu_kernel *kernel) {
    if (kernel->cu_module) (void)gpu->cu.ModuleUnload(kernel->cu_module);
}

/* -- both -- */

static void nc_gpu__forget_kernels(nc_gpu *gpu) {
    while (gpu->kernels) {
        nc_gpu_kernel *next = gpu->kernels->next;
        if (!gpu->hung) gpu->backend->kernel_unload(gpu, gpu->kernels);
        nc__free(NULL, gpu->kernels, sizeof *gpu->kernels);
        gpu->kernels = next;
    }
}

NC_API nc_status nc_gpu_kernel_load(nc_gpu *gpu, const char *name, nc_gpu_kernel **kernel) {
    nc_gpu_kernel *made;
    nc_status status;
    *kernel = NULL;
    if (!name || strlen(name) > 64 || strpbrk(name, "/\\"))
        return nc_gpu__fail(gpu, NC_ERR_ARG, "bad kernel name");
    if (gpu->caps.lost) return nc_gpu__is_lost(gpu);
    for (made = gpu->kernels; made && !*kernel; made = made->next)
        if (!strcmp(made->name, name)) *kernel = made;
    if (*kernel) return NC_OK;
    status = nc_gpu__enter(gpu);
    if (status != NC_OK) return status;
    made = (nc_gpu_kernel *)nc__calloc(NULL, sizeof *made);
    if (!made) return nc_gpu__fail(gpu, NC_ERR_MEMORY, "out of memory");
    memcpy(made->name, name, strlen(name) + 1);
    status = gpu->backend->kernel_load(gpu, made);
    if (status == NC_OK) {
        made->next = gpu->kernels;
        *kernel = gpu->kernels = made;
    } else {
        gpu->backend->kernel_unload(gpu, made);
        nc__free(NULL, made, sizeof *made);
    }
    return status;
}

NC__WARM_END

/* >>programs ======================================================================= */

/* -- Vulkan -- */
#ifndef NC_GPU_NO_VULKAN
static nc_status nc_gpu__vk_begin(nc_gpu *gpu, nc_gpu_program *program) {
    nc_gpu__vulkan *vk = &gpu->vk;
    VkQueryPoolCreateInfo info;
    nc_status status = nc_gpu__vk_commands(gpu, &program->commands, 0);
    if (status != NC_OK || !vk->timestamp_bits) return status;
    memset(&info, 0, sizeof info);
    info.sType = VK_STRUCTURE_TYPE_QUERY_POOL_CREATE_INFO;
    info.queryType = VK_QUERY_TYPE_TIMESTAMP;
    info.queryCount = 2;
    if (vk->CreateQueryPool(vk->device, &info, NULL, &program->queries) != VK_SUCCESS) {
        program->queries = VK_NULL_HANDLE; /* no times, but the program runs */
        return NC_OK;
    }
    vk->CmdResetQueryPool(program->commands, program->queries, 0, 2);
    vk->CmdWriteTimestamp(program->commands, VK_PIPELINE_STAGE_TOP_OF_PIPE_BIT, program->queries,
                          0);
    return NC_OK;
}

/* A descriptor set from the program's pools. */
static nc_status nc_gpu__vk_set(nc_gpu *gpu, nc_gpu_program *program, VkDescriptorSetLayout layout,
                                VkDescriptorSet *set) {
    const uint32_t block = 64;
    nc_gpu__vulkan *vk = &gpu->vk;
    VkDescriptorSetAllocateInfo info;
    VkResult result;
    if (!program->pools || program->pools->used == block) {
        VkDescriptorPoolSize size;
        VkDescriptorPoolCreateInfo create;
        nc_gpu__pool *pool = (nc_gpu__pool *)nc__calloc(NULL, sizeof *pool);
        if (!pool) return nc_gpu__fail(gpu, NC_ERR_MEMORY, "out of memory");
        memset(&create, 0, sizeof create);
        size.type = VK_DESCRIPTOR_TYPE_STORAGE_BUFFER;
        size.descriptorCount = block * NC_GPU_MAX_BUFFERS;
        create.sType = VK_STRUCTURE_TYPE_DESCRIPTOR_POOL_CREATE_INFO;
        create.maxSets = block;
        create.poolSizeCount = 1;
        create.pPoolSizes = &size;
        pool->next = program->pools;
        program->pools = pool;
        result = vk->CreateDescriptorPool(vk->device, &create, NULL, &pool->handle);
        if (result != VK_SUCCESS) return nc_gpu__vk_fail(gpu, "descriptor pool", result);
    }
    memset(&info, 0, sizeof info);
    info.sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_ALLOCATE_INFO;
    info.descriptorPool = program->pools->handle;
    info.descriptorSetCount = 1;
    info.pSetLayouts = &layout;
    program->pools->used++;
    result = vk->AllocateDescriptorSets(vk->device, &info, set);
    return result == VK_SUCCESS ? NC_OK : nc_gpu__vk_fail(gpu, "descriptor set", result);
}

static nc_status nc_gpu__vk_dispatch(nc_gpu *gpu, nc_gpu_kernel *kernel,
                                     nc_gpu_buffer *const *buffers, const void *push,
                                     const uint32_t groups[3]) {
    nc_gpu__vulkan *vk = &gpu->vk;
    VkCommandBuffer commands = gpu->recording->commands;
    VkDescriptorBufferInfo info[NC_GPU_MAX_BUFFERS];
    VkWriteDescriptorSet write;
    VkDescriptorSet set = VK_NULL_HANDLE;
    uint32_t i;
    nc_status status = nc_gpu__vk_set(gpu, gpu->recording, kernel->set_layout, &set);
    if (status != NC_OK) return status;
    for (i = 0; i < kernel->buffers; i++) {
        info[i].buffer = buffers[i]->handle;
        info[i].offset = 0;
        info[i].range = VK_WHOLE_SIZE;
    }
    memset(&write, 0, sizeof write);
    write.sType = VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET;
    write.dstSet = set;
    write.descriptorCount = kernel->buffers;
    write.descriptorType = VK_DESCRIPTOR_TYPE_STORAGE_BUFFER;
    write.pBufferInfo = info;
    vk->UpdateDescriptorSets(vk->device, 1, &write, 0, NULL);
    vk->CmdBindPipeline(commands, VK_PIPELINE_BIND_POINT_COMPUTE, kernel->pipeline);
    vk->CmdBindDescriptorSets(commands, VK_PIPELINE_BIND_POINT_COMPUTE, kernel->layout, 0, 1, &set,
                              0, NULL);
    if (kernel->push_bytes)
        vk->CmdPushConstants(commands, kernel->layout, VK_SHADER_STAGE_COMPUTE_BIT, 0,
                             kernel->push_bytes, push);
    vk->CmdDispatch(commands, groups[0], groups[1], groups[2]);
    return NC_OK;
}

static void nc_gpu__vk_barrier(nc_gpu *gpu) {
    nc_gpu__vk_memory_barrier(gpu, gpu->recording->commands, VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT,
                              VK_ACCESS_SHADER_WRITE_BIT, VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT,
                              VK_ACCESS_SHADER_READ_BIT | VK_ACCESS_SHADER_WRITE_BIT);
}

static nc_status nc_gpu__vk_end(nc_gpu *gpu, nc_gpu_program *program) {
    nc_gpu__vulkan *vk = &gpu->vk;
    VkResult result;
    nc_gpu__vk_memory_barrier(/* for copies, and for programs that run after this one */
                              gpu, program->commands, VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT,
                              VK_ACCESS_SHADER_WRITE_BIT,
                              VK_PIPELINE_STAGE_TRANSFER_BIT | VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT,
                              VK_ACCESS_TRANSFER_READ_BIT | VK_ACCESS_TRANSFER_WRITE_BIT |
                                  VK_ACCESS_SHADER_READ_BIT | VK_ACCESS_SHADER_WRITE_BIT);
    if (program->queries)
        vk->CmdWriteTimestamp(program->commands, VK_PIPELINE_STAGE_BOTTOM_OF_PIPE_BIT,
                              program->queries, 1);
    result = vk->EndCommandBuffer(program->commands);
    return result == VK_SUCCESS ? NC_OK : nc_gpu__vk_fail(gpu, "vkEndCommandBuffer", result);
}

static nc_status nc_gpu__vk_launch(nc_gpu *gpu, nc_gpu_program *program) {
    (void)gpu; /* it goes with the submission */
    (void)program;
    return NC_OK;
}

static void nc_gpu__vk_forget(nc_gpu *gpu, nc_gpu_program *program) {
    nc_gpu__vulkan *vk = &gpu->vk;
    while (program->pools) {
        nc_gpu__pool *next = program->pools->next;
        if (program->pools->handle && !gpu->hung)
            vk->DestroyDescriptorPool(vk->device, program->pools->handle, NULL);
        nc__free(NULL, program->pools, sizeof *program->pools);
        program->pools = next;
    }
    if (gpu->hung) return;
    if (program->queries) vk->DestroyQueryPool(vk->device, program->queries, NULL);
    if (program->commands) vk->FreeCommandBuffers(vk->device, vk->pool, 1, &program->commands);
}
#endif

/* -- CUDA -- */

static nc_status nc_gpu__cu_begin(nc_gpu *gpu, nc_gpu_program *program) {
    (void)gpu;
    (void)program;
    return NC_OK;
}

static nc_status nc_gpu__cu_dispatch(nc_gpu *gpu, nc_gpu_kernel *kernel,
                                     nc_gpu_buffer *const *buffers, const void *push,
                                     const uint32_t groups[3]) {
    nc_gpu_program *program = gpu->recording;
    nc_gpu__launch *launch = (nc_gpu__launch *)nc__calloc(NULL, sizeof *launch);
    uint32_t i;
    if (!launch) return nc_gpu__fail(gpu, NC_ERR_MEMORY, "out of memory");
    launch->kernel = kernel;
    for (i = 0; i < kernel->buffers; i++) launch->address[i] = buffers[i]->address;
    if (kernel->push_bytes) memcpy(launch->push, push, kernel->push_bytes);
    memcpy(launch->groups, groups, sizeof launch->groups);
    if (program->last)
        program->last->next = launch;
    else
        program->first = launch;
    program->last = launch;
    return NC_OK;
}

/* Launch one after the other in one stream, between two events that give the time. */
static nc_status nc_gpu__cu_launch(nc_gpu *gpu, nc_gpu_program *program) {
    nc_gpu__cuda *cu = &gpu->cu;
    nc_gpu__launch *l;
    int code = cu->EventRecord(cu->events[0], NULL);
    for (l = program->first; l && code == 0; l = l->next) {
        void *arguments[NC_GPU_MAX_BUFFERS + 1];
        const nc_gpu_kernel *k = l->kernel;
        uint32_t i;
        for (i = 0; i < k->buffers; i++) arguments[i] = &l->address[i];
        arguments[i] = l->push;
        code =
            cu->LaunchKernel(k->cu_function, l->groups[0], l->groups[1], l->groups[2],
                             k->threads[0], k->threads[1], k->threads[2], 0, NULL, arguments, NULL);
        if (code != 0) return nc_gpu__cu_check(gpu, k->name, code);
    }
    if (code == 0) code = cu->EventRecord(cu->events[1], NULL);
    return nc_gpu__cu_check(gpu, "cuEventRecord", code);
}

static void nc_gpu__cu_barrier(nc_gpu *gpu) { (void)gpu; } /* one stream runs in order */

static nc_status nc_gpu__cu_end(nc_gpu *gpu, nc_gpu_program *program) {
    (void)gpu;
    (void)program;
    return NC_OK;
}

static void nc_gpu__cu_forget(nc_gpu *gpu, nc_gpu_program *program) {
    (void)gpu;
    while (program->first) {
        nc_gpu__launch *next = program->first->next;
        nc__free(NULL, program->first, sizeof *program->first);
        program->first = next;
    }
}

/* -- both -- */

static const nc_gpu__backend *nc_gpu__backend_of(nc_gpu_kind kind) {
    static const nc_gpu__backend list[] = {
#ifndef NC_GPU_NO_VULKAN
        {NC_GPU_VULKAN, nc_gpu__vk_connect, nc_gpu__vk_describe, nc_gpu__vk_open, nc_gpu__vk_enter,
         nc_gpu__vk_close, nc_gpu__vk_buffer_create, nc_gpu__vk_buffer_destroy, nc_gpu__vk_copy,
         nc_gpu__vk_submit, nc_gpu__vk_launch, nc_gpu__vk_load, nc_gpu__vk_unload, nc_gpu__vk_begin,
         nc_gpu__vk_dispatch, nc_gpu__vk_barrier, nc_gpu__vk_end, nc_gpu__vk_forget},
#endif
        {NC_GPU_CUDA, nc_gpu__cu_connect, nc_gpu__cu_describe, nc_gpu__cu_open, nc_gpu__cu_enter,
         nc_gpu__cu_close, nc_gpu__cu_buffer_create, nc_gpu__cu_buffer_destroy, nc_gpu__cu_copy,
         nc_gpu__cu_submit, nc_gpu__cu_launch, nc_gpu__cu_load, nc_gpu__cu_unload, nc_gpu__cu_begin,
         nc_gpu__cu_dispatch, nc_gpu__cu_barrier, nc_gpu__cu_end, nc_gpu__cu_forget}};
    size_t i;
    for (i = 0; i < sizeof list / sizeof *list; i++)
        if (list[i].kind == kind) return &list[i];
    return NULL;
}

NC_API nc_status nc_gpu_begin(nc_gpu *gpu) {
    nc_status status;
    if (gpu->recording) return nc_gpu__fail(gpu, NC_ERR_ARG, "a recording is open already");
    status = nc_gpu__enter(gpu);
    if (status != NC_OK) return status;
    gpu->recording = (nc_gpu_program *)nc__calloc(NULL, sizeof *gpu->recording);
    if (!gpu->recording) return nc_gpu__fail(gpu, NC_ERR_MEMORY, "out of memory");
    status = gpu->backend->begin(gpu, gpu->recording);
    if (status != NC_OK) {
        nc_gpu_program_destroy(gpu, gpu->recording);
        gpu->recording = NULL;
    }
    return status;
}

NC_API nc_status nc_gpu_dispatch(nc_gpu *gpu, nc_gpu_kernel *kernel, nc_gpu_buffer *const *buffers,
                                 uint32_t count, const void *push, size_t push_bytes,
                                 const size_t groups[3]) {
    uint32_t grid[3], i;
    nc_status status;
    size_t x, z;
    if (!gpu->recording || !kernel || !buffers || !groups || (push_bytes && !push))
        return nc_gpu__fail(gpu, NC_ERR_ARG, "dispatch without recording, kernel or buffers");
    if (count != kernel->buffers || push_bytes != kernel->push_bytes)
        return nc_gpu__fail(gpu, NC_ERR_MISMATCH,
                            "'%s' takes %u buffers and %u bytes of constants, not %u and %lu",
                            kernel->name, (unsigned)kernel->buffers, (unsigned)kernel->push_bytes,
                            (unsigned)count, (unsigned long)push_bytes);
    for (i = 0; i < count; i++)
        if (!buffers[i]) return nc_gpu__fail(gpu, NC_ERR_ARG, "buffer %u is null", (unsigned)i);
    for (x = groups[0], z = groups[2]; x > 65535 && groups[2] == 1 && z <= 32768; z *= 2)
        x = x / 2 + x % 2;
    if (x < 1 || x > 65535 || groups[1] < 1 || groups[1] > 65535 || z < 1 || z > 65535)
        return nc_gpu__fail(gpu, NC_ERR_LIMIT,
                            "'%s' for %lu x %lu x %lu groups: each is 1 to 65535, the first up to "
                            "65535 x 32768 where the third is 1",
                            kernel->name, (unsigned long)groups[0], (unsigned long)groups[1],
                            (unsigned long)groups[2]);
    status = nc_gpu__enter(gpu);
    if (status != NC_OK) return status;
    grid[0] = (uint32_t)x;
    grid[1] = (uint32_t)groups[1];
    grid[2] = (uint32_t)z;
    return gpu->backend->dispatch(gpu, kernel, buffers, push, grid);
}

NC_API nc_status nc_gpu_barrier(nc_gpu *gpu) {
    nc_status status;
    if (!gpu->recording) return nc_gpu__fail(gpu, NC_ERR_ARG, "barrier without recording");
    status = nc_gpu__enter(gpu);
    if (status == NC_OK) gpu->backend->barrier(gpu);
    return status;
}

NC_API nc_status nc_gpu_end(nc_gpu *gpu, nc_gpu_program **program) {
    nc_status status;
    *program = NULL;
    if (!gpu->recording) return nc_gpu__fail(gpu, NC_ERR_ARG, "end without recording");
    status = nc_gpu__enter(gpu);
    if (status == NC_OK) status = gpu->backend->end(gpu, gpu->recording);
    if (status == NC_OK)
        *program = gpu->recording;
    else
        nc_gpu_program_destroy(gpu, gpu->recording);
    gpu->recording = NULL;
    return status;
}

NC_API nc_status nc_gpu_run(nc_gpu *gpu, nc_gpu_program *program, uint64_t *nanoseconds) {
    uint64_t time = 0;
    nc_status status;
    if (nanoseconds) *nanoseconds = 0;
    if (!program) return nc_gpu__fail(gpu, NC_ERR_ARG, "no program");
    status = nc_gpu__enter(gpu);
    if (status == NC_OK) status = gpu->backend->launch(gpu, program);
    if (status == NC_OK) status = nc_gpu__submit(gpu, program, &time);
    if (nanoseconds) *nanoseconds = time;
    return status;
}

NC_API nc_status nc_gpu_run_download(nc_gpu *gpu, nc_gpu_program *program, nc_gpu_buffer *buffer,
                                     size_t offset, void *data, size_t bytes) {
    if (!program) return nc_gpu__fail(gpu, NC_ERR_ARG, "no program");
    if (bytes == 0) return nc_gpu_run(gpu, program, NULL);
    return nc_gpu__run_download(gpu, program, buffer, offset, data, bytes);
}

NC_API void nc_gpu_program_destroy(nc_gpu *gpu, nc_gpu_program *program) {
    if (!program) return;
    gpu->backend->program_destroy(gpu, program);
    nc__free(NULL, program, sizeof *program);
}

/* >>jobs =========================================================================== */

NC_API void nc_gpu_job_start(nc_gpu_job *job, nc_gpu *gpu) {
    memset(job, 0, sizeof *job);
    job->gpu = gpu;
}

NC_API nc_gpu_buffer *nc_gpu_job_buffer(nc_gpu_job *job, const void *data, size_t used,
                                        size_t bytes) {
    nc_gpu_buffer **buffer = &job->buffers[job->count];
    if (job->status == NC_OK && job->count == NC_GPU_MAX_BUFFERS)
        job->status = nc_gpu__fail(job->gpu, NC_ERR_LIMIT, "a job has at most eight buffers");
    if (job->status != NC_OK) return NULL;
    job->status = nc_gpu_buffer_create(job->gpu, bytes ? bytes : 4, buffer);
    if (job->status != NC_OK) return NULL;
    job->count++;
    if (data) job->status = nc_gpu_upload(job->gpu, *buffer, 0, data, used);
    return job->status == NC_OK ? *buffer : NULL;
}

NC_API void nc_gpu_job_dispatch(nc_gpu_job *job, const char *name, nc_gpu_buffer *const *buffers,
                                uint32_t count, const void *push, size_t push_bytes, size_t x,
                                size_t y, size_t z) {
    nc_gpu_kernel *kernel = NULL;
    size_t groups[3];
    groups[0] = x;
    groups[1] = y;
    groups[2] = z;
    if (job->status == NC_OK) job->status = nc_gpu_kernel_load(job->gpu, name, &kernel);
    if (job->status == NC_OK && !job->recording) {
        job->status = nc_gpu_begin(job->gpu);
        job->recording = job->status == NC_OK;
    }
    if (job->status == NC_OK)
        job->status = nc_gpu_dispatch(job->gpu, kernel, buffers ? buffers : job->buffers, count,
                                      push, push_bytes, groups);
    if (job->status == NC_OK && !job->apart) job->status = nc_gpu_barrier(job->gpu);
    job->apart = 0;
}

NC_API nc_status nc_gpu_job_record(nc_gpu_job *job, nc_gpu_program **program) {
    nc_status ended = NC_OK;
    *program = NULL;
    if (job->recording) ended = nc_gpu_end(job->gpu, program);
    job->recording = 0;
    if (job->status == NC_OK) job->status = ended;
    if (job->status != NC_OK && *program) {
        nc_gpu_program_destroy(job->gpu, *program);
        *program = NULL;
    }
    while (job->count) nc_gpu_buffer_destroy(job->gpu, job->buffers[--job->count]);
    return job->status;
}

NC_API nc_status nc_gpu_job_finish(nc_gpu_job *job, nc_gpu_buffer *from, size_t offset, void *out,
                                   size_t bytes) {
    nc_gpu_program *program = NULL;
    nc_status ended = NC_OK;
    if (job->recording) ended = nc_gpu_end(job->gpu, &program);
    if (job->status == NC_OK) job->status = ended;
    if (job->status == NC_OK && program && out)
        job->status = nc_gpu_run_download(job->gpu, program, from, offset, out, bytes);
    else if (job->status == NC_OK && program)
        job->status = nc_gpu_run(job->gpu, program, NULL);
    else if (job->status == NC_OK && out)
        job->status = nc_gpu_download(job->gpu, from, offset, out, bytes);
    nc_gpu_program_destroy(job->gpu, program);
    while (job->count) nc_gpu_buffer_destroy(job->gpu, job->buffers[--job->count]);
    job->recording = 0;
    return job->status;
}

#endif /* NC_IMPLEMENTATION */

/* >>changelog
   0.1.0  first version

   This software is available under two licences; choose whichever you prefer.
   ALTERNATIVE A - MIT License. Copyright (c) 2026 the nc authors. Permission is hereby granted,
   free of charge, to any person obtaining a copy of this software and associated documentation
   files (the "Software"), to deal in the Software without restriction, including without
   limitation the rights to use, copy, modify, merge, publish, distribute, sublicense, and/or
   sell copies of the Software, and to permit persons to whom the Software is furnished to do
   so, subject to the following conditions: the above copyright notice and this permission
   notice shall be included in all copies or substantial portions of the Software. THE SOFTWARE
   IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT
   LIMITED TO THE WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND
   NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM,
   DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING
   FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.
   ALTERNATIVE B - public domain (www.unlicense.org). This is free and unencumbered software
   released into the public domain. Anyone is free to copy, modify, publish, use, compile, sell,
   or distribute this software, in source or binary form, for any purpose, commercial or
   non-commercial, and by any means. */
