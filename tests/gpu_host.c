/* The host side of nc_gpu.h: what it asks of a driver, and what it makes of its answers. The
   drivers are tests/vulkan_between.c before lavapipe, and tests/cuda_driver_on_cpu.cpp. */
#define _XOPEN_SOURCE 700
#include "test.h"
#include <dlfcn.h>
#include <pthread.h>
#define NC_IMPLEMENTATION
#include "../nc_gpu.h"
#include "cuda_driver_on_cpu.h"
#include "vulkan_between.h"

static vulkan_between *vulkan;
static cuda_driver_on_cpu *cuda;

static const nc_gpu_desc roads[2] = {
    {.kind = NC_GPU_VULKAN,
     .kernel_path = "build/kernels",
     .library = "build/shim/libvulkan_between.so"},
    {.kind = NC_GPU_CUDA, .kernel_path = "build/shim", .library = "build/shim/libcuda_on_cpu.so"},
};

static void *exported(const char *path, const char *name) {
    void *library = dlopen(path, RTLD_NOW), *object;
    if (!library || !(object = dlsym(library, name))) fail_msg("%s: %s", name, dlerror());
    return object;
}

/* 1 where Vulkan is left out: drivers leak, so leak checks run without them. */
static int first_road(void) { return getenv("NC_TEST_NO_VULKAN") != NULL; }

static int begin(void **state) {
    static vulkan_between none;
    (void)state;
    vulkan = first_road() ? &none : exported(roads[0].library, "between");
    cuda = exported(roads[1].library, "cuda_on_cpu");
    memset(vulkan, 0, sizeof *vulkan);
    memset(cuda, 0, sizeof *cuda);
    return 0;
}

static nc_gpu *open_device(const nc_gpu_desc *desc) {
    nc_gpu *gpu;
    nc_error err;
    if (nc_gpu_open(&gpu, desc, &err) != NC_OK) fail_msg("%s", err.message);
    return gpu;
}

/* The sums x + x through the device: 0 when they are right. */
enum { COUNT = 64 };
static nc_status doubles(nc_gpu *gpu) {
    const uint32_t push[6] = {COUNT, 0, 4, 0, 0, 0};
    float x[COUNT], out[COUNT];
    nc_gpu_buffer *result;
    nc_gpu_job job;
    nc_status status;
    int i;
    for (i = 0; i < COUNT; i++) x[i] = (float)i;
    nc_gpu_job_start(&job, gpu);
    (void)nc_gpu_job_buffer(&job, x, sizeof x, sizeof x);
    (void)nc_gpu_job_buffer(&job, x, sizeof x, sizeof x);
    result = nc_gpu_job_buffer(&job, NULL, 0, sizeof x);
    nc_gpu_job_dispatch(&job, "elementwise", NULL, 3, push, sizeof push, 1, 1, 1);
    status = nc_gpu_job_finish(&job, result, 0, out, sizeof out);
    for (i = 0; i < COUNT && status == NC_OK; i++) assert_true(out[i] == 2 * x[i]);
    return status;
}

/* Every call is refused with the first cause, and what there is can still be released. */
static void refuses_everything(nc_gpu *gpu, const char *cause, nc_gpu_buffer *buffer,
                               nc_gpu_program *program, nc_gpu_kernel *kernel) {
    const size_t one[3] = {1, 1, 1};
    const uint32_t push[6] = {0};
    nc_gpu_buffer *other, *three[3];
    nc_gpu_program *ended;
    nc_gpu_kernel *loaded;
    uint64_t time = 1;
    float x = 0;
    int call;
    three[0] = three[1] = three[2] = buffer;
    assert_int_equal(nc_gpu_get_caps(gpu)->lost, 1);
    for (call = 0; call < 10; call++) {
        gpu->error[0] = 0;
        assert_int_equal(call == 0   ? nc_gpu_run(gpu, program, &time)
                         : call == 1 ? nc_gpu_upload(gpu, buffer, 0, &x, sizeof x)
                         : call == 2 ? nc_gpu_download(gpu, buffer, 0, &x, sizeof x)
                         : call == 3 ? nc_gpu_buffer_create(gpu, 4, &other)
                         : call == 4 ? nc_gpu_kernel_load(gpu, "reduce", &loaded)
                         : call == 9 ? nc_gpu_kernel_load(gpu, "elementwise", &loaded)
                         : call == 5
                             ? nc_gpu_dispatch(gpu, kernel, three, 3, push, sizeof push, one)
                         : call == 6 ? nc_gpu_barrier(gpu)
                         : call == 7 ? nc_gpu_end(gpu, &ended)
                                     : nc_gpu_begin(gpu),
                         NC_ERR_DEVICE);
        if (!strstr(nc_gpu_last_error(gpu), cause))
            fail_msg("call %d: %s", call, nc_gpu_last_error(gpu));
    }
    assert_int_equal(time, 0);
    nc_gpu_program_destroy(gpu, program);
    nc_gpu_buffer_destroy(gpu, buffer);
    nc_gpu_close(gpu);
}

static void loses(const nc_gpu_desc *desc, const char *cause, int hang) {
    const size_t one[3] = {1, 1, 1};
    const uint32_t push[6] = {0};
    nc_gpu *gpu = open_device(desc);
    nc_gpu_program *program;
    nc_gpu_buffer *buffer, *three[3];
    nc_gpu_kernel *kernel;
    assert_int_equal(nc_gpu_kernel_load(gpu, "elementwise", &kernel), NC_OK);
    assert_int_equal(nc_gpu_buffer_create(gpu, 16, &buffer), NC_OK);
    three[0] = three[1] = three[2] = buffer;
    assert_int_equal(nc_gpu_begin(gpu), NC_OK);
    assert_int_equal(nc_gpu_dispatch(gpu, kernel, three, 3, push, sizeof push, one), NC_OK);
    assert_int_equal(nc_gpu_end(gpu, &program), NC_OK);
    assert_int_equal(nc_gpu_run(gpu, program, NULL), NC_OK);
    assert_int_equal(nc_gpu_begin(gpu), NC_OK); /* one is open when it happens */
    if (hang)
        cuda->hang = vulkan->hang = 1;
    else
        vulkan->fail_submit = VK_ERROR_DEVICE_LOST, cuda->fault = 700;
    assert_int_equal(nc_gpu_run(gpu, program, NULL), NC_ERR_DEVICE);
    vulkan->fail_submit = vulkan->hang = 0;
    cuda->fault = cuda->hang = 0;
    refuses_everything(gpu, cause, buffer, program, kernel);
    gpu = open_device(desc); /* a new one works */
    assert_int_equal(nc_gpu_get_caps(gpu)->lost, 0);
    assert_int_equal(doubles(gpu), NC_OK);
    nc_gpu_close(gpu);
}

static void a_lost_device_says_how_at_every_call(void **state) {
    (void)state;
    if (!first_road()) loses(&roads[0], "vkQueueSubmit: VK_ERROR_DEVICE_LOST", 0);
    loses(&roads[1], "an illegal memory access was encountered (700)", 0);
}

/* A device opened, a kernel run and all closed, while one call of the driver after the other fails. */
static void every_call_of_vulkan_may_fail(void **state) {
    nc_gpu_desc desc = roads[0];
    int k, failures = 0;
    (void)state;
    if (first_road()) return;
    desc.cache_path = "build/vulkan_fails.cache";
    for (k = 1; k == 1 || vulkan->calls >= k - 1; k++) {
        nc_gpu *gpu = NULL;
        nc_error err = {NC_OK, 0, 0, ""};
        nc_status status;
        vulkan->calls = 0;
        vulkan->fail_call = k;
        status = nc_gpu_open(&gpu, &desc, &err);
        if (status != NC_OK) {
            assert_null(gpu);
            assert_true(err.message[0] != 0);
        } else if ((status = doubles(gpu)) != NC_OK) {
            assert_true(nc_gpu_last_error(gpu)[0] != 0);
        }
        failures += status != NC_OK;
        nc_gpu_close(gpu);
    }
    (void)remove(desc.cache_path);
    vulkan->fail_call = 0;
    assert_true(failures > 20); /* some are done without: the cache of compiled kernels */
    print_message("%d calls, %d of which cannot be done without\n", vulkan->calls, failures);
}

/* A driver that lacks one of the functions is refused, by the function's name. */
static void every_function_of_vulkan_is_asked_for(void **state) {
    static const char *const names[] = {
#define NAME(name) "vk" #name,
        NC_GPU__VULKAN_FUNCTIONS(NAME)};
    size_t i;
    (void)state;
    if (first_road()) return;
    for (i = 0; i < sizeof names / sizeof *names; i++) {
        nc_gpu *gpu;
        nc_error err;
        vulkan->missing = names[i];
        assert_int_equal(nc_gpu_open(&gpu, &roads[0], &err), NC_ERR_DEVICE);
        assert_null(gpu);
        if (!strstr(err.message, names[i])) fail_msg("%s: %s", names[i], err.message);
    }
    vulkan->missing = NULL;
}

static void a_device_that_does_not_answer_is_lost(void **state) {
    nc_gpu_desc desc[2];
    (void)state;
    memcpy(desc, roads, sizeof desc);
    desc[0].timeout_s = desc[1].timeout_s = 1;
    if (!first_road()) loses(&desc[0], "vkWaitForFences: no answer in 1 s", 1);
    loses(&desc[1], "cuEventQuery: no answer in 1 s", 1);
}

/* A later call must not find a buffer without what was copied into it before. */
static void copies_that_never_arrive_are_not_forgotten(void **state) {
    nc_gpu *gpu = open_device(&roads[0]);
    (void)state;
    vulkan->fail_submit = VK_ERROR_OUT_OF_DEVICE_MEMORY;
    assert_int_equal(doubles(gpu), NC_ERR_MEMORY);
    vulkan->fail_submit = 0;
    assert_int_equal(nc_gpu_get_caps(gpu)->lost, 1);
    assert_int_equal(doubles(gpu), NC_ERR_DEVICE);
    assert_non_null(strstr(nc_gpu_last_error(gpu), "VK_ERROR_OUT_OF_DEVICE_MEMORY"));
    nc_gpu_close(gpu);
}

static void *in_another_thread(void *gpu) { return (void *)(uintptr_t)doubles((nc_gpu *)gpu); }

static void two_devices_and_two_threads_do_not_disturb_each_other(void **state) {
    int road, turn;
    (void)state;
    for (road = first_road(); road < 2; road++) {
        nc_gpu_desc second = roads[road];
        nc_gpu *gpu[2];
        pthread_t thread;
        void *status;
        second.index = road == 1; /* lavapipe is the only Vulkan device */
        gpu[0] = open_device(&roads[road]);
        gpu[1] = open_device(&second);
        for (turn = 0; turn < 4; turn++) assert_int_equal(doubles(gpu[turn % 2]), NC_OK);
        assert_int_equal(pthread_create(&thread, NULL, in_another_thread, gpu[0]), 0);
        assert_int_equal(pthread_join(thread, &status), 0);
        if (status) fail_msg("%s", nc_gpu_last_error(gpu[0]));
        nc_gpu_close(gpu[0]); /* the other one's context is current */
        assert_int_equal(doubles(gpu[1]), NC_OK);
        nc_gpu_close(gpu[1]);
    }
}

static void a_job_is_one_submission(void **state) {
    int road;
    (void)state;
    for (road = first_road(); road < 2; road++) {
        const unsigned *submissions = road ? &cuda->waits : &vulkan->submits;
        nc_gpu *gpu = open_device(&roads[road]);
        unsigned before;
        assert_int_equal(doubles(gpu), NC_OK);
        before = *submissions;
        assert_int_equal(doubles(gpu), NC_OK);
        assert_int_equal(*submissions - before, 1);
        nc_gpu_close(gpu);
    }
}

/* Small and large pieces, over one another, and of freed buffers. */
static void copies_of_any_size_arrive_in_their_order(void **state) {
    enum { SIZE = 2 * NC_GPU__STAGING + 12345 };
    uint8_t *x = malloc(SIZE), *expected = calloc(SIZE, 1), *out = malloc(SIZE);
    uint64_t seed = 3;
    int road, i, k;
    (void)state;
    for (road = first_road(); road < 2; road++) {
        nc_gpu *gpu = open_device(&roads[road]);
        nc_gpu_buffer *buffer, *other;
        assert_int_equal(nc_gpu_buffer_create(gpu, SIZE, &buffer), NC_OK);
        for (i = 0; i < 40; i++) {
            const int large = i % 13 == 0;
            const size_t n = i == 0 ? SIZE : test_random(&seed) % (large ? SIZE : 5000) / 4 * 4;
            const size_t at = i == 0 ? 0 : test_random(&seed) % (large ? SIZE - n : 9000) / 4 * 4;
            for (k = 0; k < (int)n; k++) x[k] = (uint8_t)(test_random(&seed) >> 9);
            memcpy(expected + at, x, n);
            assert_int_equal(nc_gpu_upload(gpu, buffer, at, x, n), NC_OK);
            memset(x, 0, n); /* it is ours again */
            assert_int_equal(nc_gpu_buffer_create(gpu, 64, &other), NC_OK);
            if (i % 5 == 0) assert_int_equal(nc_gpu_upload(gpu, other, 0, x, 64), NC_OK);
            nc_gpu_buffer_destroy(gpu, other);
        }
        assert_int_equal(nc_gpu_download(gpu, buffer, 0, out, SIZE), NC_OK);
        assert_memory_equal(out, expected, SIZE);
        nc_gpu_buffer_destroy(gpu, buffer);
        nc_gpu_close(gpu);
    }
    free(x);
    free(expected);
    free(out);
}

/* Whether a barrier between the two commands orders what they do to the same bytes of a buffer. */
static int ordered(size_t before, size_t after) {
    static const uint32_t stage[2] = {VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT,
                                      VK_PIPELINE_STAGE_TRANSFER_BIT};
    static const uint32_t write[2] = {VK_ACCESS_SHADER_WRITE_BIT, VK_ACCESS_TRANSFER_WRITE_BIT};
    static const uint32_t read[2] = {VK_ACCESS_SHADER_READ_BIT, VK_ACCESS_TRANSFER_READ_BIT};
    const between_command *list = vulkan->submitted;
    const int a = list[before].kind == 'C', b = list[after].kind == 'C';
    const uint32_t uses = a && b ? write[b] : read[b] | write[b]; /* copies go the same way */
    size_t i;
    for (i = before + 1; i < after; i++)
        if (list[i].kind == 'B' && (list[i].from & stage[a]) && (list[i].wrote & write[a]) &&
            (list[i].to & stage[b]) && (list[i].uses & uses) == uses)
            return 1;
    return 0;
}

/* All copies and dispatches that were submitted, as text, with a bar where two that follow each
   other are ordered. */
static const char *order(char out[2 * BETWEEN_COMMANDS]) {
    size_t i, n = 0, last = BETWEEN_COMMANDS;
    for (i = 0; i < vulkan->submitted_count; i++) {
        if (vulkan->submitted[i].kind == 'B') continue;
        if (last < i && ordered(last, i)) out[n++] = '|';
        out[n++] = vulkan->submitted[i].kind;
        last = i;
    }
    out[n] = 0;
    return out;
}

/* Two copies to the device, the program, and a copy from it. */
static void submit_with_copies(nc_gpu *gpu, nc_gpu_program *program, nc_gpu_buffer *buffer) {
    float x[COUNT] = {0};
    assert_int_equal(nc_gpu_upload(gpu, buffer, 0, x, sizeof x), NC_OK);
    assert_int_equal(nc_gpu_upload(gpu, buffer, 0, x, 4), NC_OK);
    assert_int_equal(nc_gpu_run_download(gpu, program, buffer, 0, x, sizeof x), NC_OK);
}

/* A program of three launches, two of which are apart, is submitted with copies, and alone. */
static void vulkan_is_told_of_every_order(void **state) {
    uint32_t push[6] = {COUNT, 0, 4, 0, 0, 0};
    nc_gpu *gpu = open_device(&roads[0]);
    char text[2 * BETWEEN_COMMANDS];
    nc_gpu_program *program;
    nc_gpu_buffer *all[3];
    nc_gpu_job job;
    int i;
    (void)state;
    assert_int_equal(nc_gpu_buffer_create(gpu, 4 * COUNT * 4, &all[0]), NC_OK);
    all[1] = all[2] = all[0];
    vulkan->commands = 1;
    nc_gpu_job_start(&job, gpu);
    for (i = 0; i < 3; i++) {
        job.apart = i != 1; /* the last one too: the program's end is a barrier */
        push[5] += COUNT;   /* where it writes */
        nc_gpu_job_dispatch(&job, "elementwise", all, 3, push, sizeof push, 1, 1, 1);
    }
    assert_int_equal(nc_gpu_job_record(&job, &program), NC_OK);
    submit_with_copies(gpu, program, all[0]);
    assert_string_equal(order(text), "C|C|DD|D|C");
    vulkan->submitted_count = 0; /* the host has waited */
    assert_int_equal(nc_gpu_run(gpu, program, NULL), NC_OK);
    assert_int_equal(nc_gpu_run(gpu, program, NULL), NC_OK);
    submit_with_copies(gpu, program, all[0]);
    assert_string_equal(order(text), "DD|D|DD|D|C|C|DD|D|C");
    nc_gpu_program_destroy(gpu, program);
    nc_gpu_buffer_destroy(gpu, all[0]);
    nc_gpu_close(gpu);
}

static void host_memory_is_cached_where_the_device_has_such(void **state) {
    (void)state;
    nc_gpu_close(open_device(&roads[0]));
    assert_true(vulkan->mapped_flags & VK_MEMORY_PROPERTY_HOST_CACHED_BIT);
    vulkan->uncached = 1;
    nc_gpu_close(open_device(&roads[0]));
    assert_false(vulkan->mapped_flags & VK_MEMORY_PROPERTY_HOST_CACHED_BIT);
    assert_true(vulkan->mapped_flags & VK_MEMORY_PROPERTY_HOST_COHERENT_BIT);
}

static void modules_ask_for_every_mode_of_arithmetic_that_is_offered(void **state) {
    static const uint32_t modes[3] = {4459, 4462, 4461}; /* subnormals, to even, signed zeros */
    nc_gpu *gpu;
    nc_gpu_kernel *kernel;
    (void)state;
    vulkan->float_modes = 1;
    gpu = open_device(&roads[0]);
    assert_int_equal(nc_gpu_kernel_load(gpu, "gemm", &kernel), NC_OK);
    assert_int_equal(vulkan->mode_count, 3);
    assert_memory_equal(vulkan->modes, modes, sizeof modes);
    nc_gpu_close(gpu);
}

static void devices_that_leave_out_parts_of_vulkan_are_asked_for(void **state) {
    nc_gpu *gpu;
    (void)state;
    vulkan->portable = 1;
    gpu = open_device(&roads[0]);
    assert_int_equal(vulkan->asked_portable, 2);
    assert_int_equal(doubles(gpu), NC_OK);
    nc_gpu_close(gpu);
}

/* Twenty devices, of which lavapipe is the last: those of a type as the driver orders them. */
static void devices_are_listed_by_type_and_opened_by_that_list(void **state) {
    static const char names[] = "chmrbglqdinsafkpejo"; /* of the others: kind 2, 1, 3, 0, 4 */
    nc_gpu_device list[BETWEEN_DEVICES + 4], few[3];
    nc_gpu_desc desc = roads[0];
    uint32_t count, i;
    nc_error err;
    nc_gpu *gpu;
    (void)state;
    vulkan->devices = BETWEEN_DEVICES;
    assert_int_equal(nc_gpu_list(&desc, list, BETWEEN_DEVICES + 4, &count, &err), NC_OK);
    assert_int_equal(count, BETWEEN_DEVICES);
    for (i = 0; i < count; i++) {
        printf("%u %s: type %u, %llu MiB%s, %s\n", (unsigned)list[i].index, list[i].name,
               (unsigned)list[i].type, (unsigned long long)(list[i].memory_bytes >> 20),
               list[i].unified ? " of the host" : "", list[i].driver);
        assert_int_equal(list[i].kind, NC_GPU_VULKAN);
        assert_int_equal(list[i].index, i);
        assert_true(i == 0 || list[i].type >= list[i - 1].type);
        if (i < count - 1) assert_int_equal(list[i].name[6], names[i]);
        assert_true(list[i].memory_bytes > 0 && strstr(list[i].driver, "llvmpipe"));
    }
    assert_int_equal(nc_gpu_list(&desc, few, 3, &count, &err), NC_OK);
    assert_int_equal(count, BETWEEN_DEVICES);
    assert_memory_equal(few, list, sizeof few);
    gpu = open_device(&desc); /* the most preferred */
    assert_string_equal(nc_gpu_get_caps(gpu)->name, list[0].name);
    assert_int_equal(nc_gpu_get_caps(gpu)->type, NC_GPU_DISCRETE);
    nc_gpu_close(gpu);
    desc.index = BETWEEN_DEVICES - 1;
    gpu = open_device(&desc);
    assert_string_equal(nc_gpu_get_caps(gpu)->name, list[BETWEEN_DEVICES - 1].name);
    assert_int_equal(doubles(gpu), NC_OK);
    nc_gpu_close(gpu);
    desc.index = BETWEEN_DEVICES;
    assert_int_equal(nc_gpu_open(&gpu, &desc, &err), NC_ERR_DEVICE);
    assert_non_null(strstr(err.message, "device 20 of 20"));
    assert_int_equal(nc_gpu_list(&roads[1], list, 4, &count, &err), NC_OK);
    assert_int_equal(count, 2);
    assert_true(list[1].index == 1 && list[1].kind == NC_GPU_CUDA);
    assert_string_equal(list[1].driver, "CUDA 12.4");
    desc.kind = NC_GPU_ANY; /* one library has no functions of the other */
    assert_int_equal(nc_gpu_list(&desc, list, 4, &count, &err), NC_OK);
    assert_int_equal(count, BETWEEN_DEVICES);
    desc.library = "build/no_such_driver.so";
    assert_int_equal(nc_gpu_list(&desc, list, 4, &count, &err), NC_ERR_DEVICE);
    assert_non_null(strstr(err.message, "no_such_driver"));
    assert_int_equal(nc_gpu_list(&desc, NULL, 4, &count, &err), NC_ERR_ARG);
    cuda->nameless = 1; /* of a driver that fails no device is listed */
    assert_int_equal(nc_gpu_list(&roads[1], list, 4, &count, &err), NC_ERR_DEVICE);
    assert_int_equal(count, 0);
}

/* A device with less than a kernel takes: both numbers are told, and the rest still works. */
static void refuses_kernel(const nc_gpu_desc *desc, const char *name, const char *message) {
    nc_gpu *gpu = open_device(desc);
    nc_gpu_kernel *kernel;
    assert_int_equal(nc_gpu_kernel_load(gpu, name, &kernel), NC_ERR_LIMIT);
    assert_null(kernel);
    if (!strstr(nc_gpu_last_error(gpu), message)) fail_msg("%s", nc_gpu_last_error(gpu));
    assert_int_equal(nc_gpu_kernel_load(gpu, "axx_im2col", &kernel), NC_OK);
    nc_gpu_close(gpu);
}

/* Buffers are of whole words, and so is the largest. */
static void the_largest_buffer_is_within_the_limit_of_vulkan(void **state) {
    nc_gpu_buffer *buffer;
    nc_gpu *gpu;
    (void)state;
    vulkan->buffer_bytes = 1000003;
    gpu = open_device(&roads[0]);
    assert_int_equal(nc_gpu_buffer_create(gpu, 1000001, &buffer), NC_ERR_LIMIT);
    assert_null(buffer);
    assert_int_equal(nc_gpu_buffer_create(gpu, 1000000, &buffer), NC_OK);
    nc_gpu_buffer_destroy(gpu, buffer);
    nc_gpu_close(gpu);
}

static void times_of_a_clock_that_begins_again_are_right(void **state) {
    nc_gpu_program *program;
    uint64_t time;
    nc_gpu *gpu;
    (void)state;
    vulkan->timestamp_bits = 36;
    gpu = open_device(&roads[0]);
    assert_int_equal(nc_gpu_begin(gpu), NC_OK);
    assert_int_equal(nc_gpu_end(gpu, &program), NC_OK);
    assert_int_equal(nc_gpu_run(gpu, program, &time), NC_OK);
    assert_int_equal(time, (uint64_t)(100 * gpu->vk.tick_ns));
    nc_gpu_program_destroy(gpu, program);
    nc_gpu_close(gpu);
}

static void wrong_use_is_told_and_leaves_nothing_behind(void **state) {
    char path[2000];
    int road;
    (void)state;
    memset(path, 'a', sizeof path);
    path[1024] = 0;
    for (road = first_road(); road < 2; road++) {
        nc_gpu_desc desc = roads[road];
        nc_gpu_job job;
        nc_error err;
        nc_gpu *gpu;
        desc.cache_path = path; /* not the file of its first characters */
        assert_int_equal(nc_gpu_open(&gpu, &desc, &err), NC_ERR_ARG);
        assert_null(gpu);
        desc.cache_path = NULL;
        desc.kernel_path = path;
        assert_int_equal(nc_gpu_open(&gpu, &desc, &err), NC_ERR_ARG);
        assert_non_null(strstr(err.message, "1023"));
        gpu = open_device(&roads[road]);
        nc_gpu_job_start(&job, gpu);
        assert_null(nc_gpu_job_buffer(&job, path, 8, 4)); /* more data than buffer */
        assert_int_equal(nc_gpu_job_finish(&job, NULL, 0, NULL, 0), NC_ERR_ARG);
        assert_int_equal(nc_gpu_begin(gpu), NC_OK);
        nc_gpu_close(gpu); /* with what is being recorded */
    }
}

static void kernels_beyond_the_limits_of_a_device_are_refused(void **state) {
    nc_gpu_buffer *buffer;
    nc_gpu *gpu;
    (void)state;
    vulkan->invocations = 128;
    refuses_kernel(&roads[0], "elementwise", "256 x 1 x 1 threads");
    refuses_kernel(&roads[0], "elementwise", "takes 128");
    vulkan->invocations = 0;
    vulkan->shared_bytes = 4096;
    refuses_kernel(&roads[0], "tir_forward", "16384 bytes of shared memory");
    refuses_kernel(&roads[0], "tir_forward", "has 4096");
    vulkan->shared_bytes = 0;
    vulkan->buffers = 2;
    gpu = open_device(&roads[0]);
    assert_int_equal(doubles(gpu), NC_ERR_LIMIT);
    assert_non_null(strstr(nc_gpu_last_error(gpu), "takes 3 buffers"));
    assert_non_null(strstr(nc_gpu_last_error(gpu), "binds 2"));
    assert_int_equal(nc_gpu_buffer_create(gpu, (size_t)1 << 50, &buffer), NC_ERR_LIMIT);
    assert_non_null(strstr(nc_gpu_last_error(gpu), "1125899906842624"));
    nc_gpu_close(gpu);
    cuda->most_threads = 128;
    refuses_kernel(&roads[1], "elementwise", "256 x 1 threads");
}

/* Drivers allow 4,096 allocations, or a few more. */
static void buffers_share_allocations(void **state) {
    enum { BUFFERS = 5000 };
    static nc_gpu_buffer *buffers[BUFFERS];
    uint8_t x[8], out[8];
    uint64_t seed = 9;
    nc_gpu *gpu = open_device(&roads[0]);
    const unsigned before = vulkan->allocations; /* staging memory, and a block since the probe */
    uint32_t i, round;
    (void)state;
    for (round = 0; round < 2; round++) {
        for (i = 0; i < BUFFERS; i++) {
            if (round && i % 3) continue; /* in the gaps */
            assert_int_equal(nc_gpu_buffer_create(gpu, 8 + test_random(&seed) % 9000, &buffers[i]),
                             NC_OK);
            memset(x, (int)(i % 251), sizeof x);
            assert_int_equal(nc_gpu_upload(gpu, buffers[i], 0, x, sizeof x), NC_OK);
        }
        for (i = 0; i < BUFFERS; i += 7) {
            assert_int_equal(nc_gpu_download(gpu, buffers[i], 0, out, sizeof out), NC_OK);
            memset(x, (int)(i % 251), sizeof x);
            assert_memory_equal(out, x, sizeof x);
        }
        for (i = 0; i < BUFFERS; i++)
            if (round || i % 3 == 0) nc_gpu_buffer_destroy(gpu, buffers[i]);
    }
    assert_int_equal(vulkan->most_allocations, before);
    assert_int_equal(nc_gpu_buffer_create(gpu, NC_GPU__SMALL + 1, &buffers[0]), NC_OK);
    assert_int_equal(vulkan->allocations, before + 1);
    nc_gpu_buffer_destroy(gpu, buffers[0]); /* a large one has its own */
    assert_int_equal(vulkan->allocations, before);
    nc_gpu_close(gpu);
    assert_int_equal(vulkan->allocations, 0);
}

static void check_cache(const nc_gpu_desc *desc, const char *data, size_t bytes, size_t taken) {
    assert_int_equal(nc_file_write(desc->cache_path, data, bytes, NULL), NC_OK);
    nc_gpu_close(open_device(desc));
    assert_int_equal(vulkan->cache_bytes, taken);
}

/* Compiled kernels are found again by the same driver; a damaged file and another driver's are not
 * given to it. */
static void compiled_kernels_are_kept_in_a_file(void **state) {
    static const size_t changed[] = {0, 4, 8, 12, 16, 31};
    nc_gpu_desc desc = roads[0];
    char *data;
    size_t bytes, i;
    (void)state;
    desc.cache_path = "build/gpu_host.cache";
    remove(desc.cache_path);
    nc_gpu_close(open_device(&desc)); /* the probe */
    assert_int_equal(vulkan->cache_bytes, 0);
    assert_int_equal(nc_file_read(desc.cache_path, &data, &bytes, NULL), NC_OK);
    assert_true(bytes >= 40);
    check_cache(&desc, data, bytes, bytes - 8);
    for (i = 0; i < sizeof changed / sizeof *changed; i++) {
        data[changed[i]] ^= 4; /* damaged, and then as another driver would have written it */
        check_cache(&desc, data, bytes, 0);
        nc__put_le((uint8_t *)data + bytes - 8, nc__fnv1a(NC__FNV_START, data, bytes - 8), 8);
        check_cache(&desc, data, bytes, 0);
        data[changed[i]] ^= 4;
        nc__put_le((uint8_t *)data + bytes - 8, nc__fnv1a(NC__FNV_START, data, bytes - 8), 8);
    }
    check_cache(&desc, data, bytes, bytes - 8);
    check_cache(&desc, data, bytes - 1, 0);
    check_cache(&desc, data, 39, 0);
    check_cache(&desc, data, 0, 0);
    nc_file_free(data);
    remove(desc.cache_path);
    desc.cache_path = "build/no/such/folder/cache"; /* no reason to fail */
    nc_gpu_close(open_device(&desc));
}

/* Kernels in memory come before those of the folder, by the names of their files. */
static void kernels_may_be_given_in_memory(void **state) {
    static const char *const names[2][3] = {
        {"probe.spv", "probe_f64fma.spv", "elementwise_f64fma.spv"},
        {"probe.ptx", "elementwise.ptx", "reduce.ptx"}};
    char *data[3];
    nc_gpu_file files[3];
    nc_gpu_kernel *kernel;
    int road, i;
    (void)state;
    for (road = first_road(); road < 2; road++) {
        nc_gpu_desc desc = roads[road];
        nc_gpu *gpu;
        for (i = 0; i < 3; i++) {
            char path[200];
            snprintf(path, sizeof path, "%s/%s", desc.kernel_path, names[road][i]);
            files[i].name = names[road][i];
            assert_int_equal(nc_file_read(path, &data[i], &files[i].bytes, NULL), NC_OK);
            files[i].data = data[i];
        }
        desc.kernel_path = "build/no/such/folder";
        desc.kernels = files;
        desc.kernel_count = 3;
        gpu = open_device(&desc);
        assert_int_equal(doubles(gpu), NC_OK);
        assert_int_equal(nc_gpu_kernel_load(gpu, "gemm", &kernel), NC_ERR_DEVICE);
        assert_non_null(strstr(nc_gpu_last_error(gpu), "build/no/such/folder/gemm"));
        nc_gpu_close(gpu);
        for (i = 0; i < 3; i++) nc_file_free(data[i]);
    }
}

static void count_messages(void *count, const char *message) {
    (void)message;
    ++*(int *)count;
}

/* A device that needs another form of a kernel is not given the plain one in its place, unless that
 * has nothing of what the form is there for. */
static void a_missing_form_of_a_kernel_is_refused_by_name(void **state) {
    static const char *const names[] = {"probe.spv", "probe_f64fma.spv", "reduce.spv", "bf16.spv",
                                        "gl_vector.spv"};
    enum { FILES = sizeof names / sizeof *names };
    char *data[FILES];
    nc_gpu_file files[FILES];
    nc_gpu_kernel *kernel;
    nc_gpu_desc desc = roads[0];
    nc_error err;
    nc_gpu *gpu;
    int i, emulates, messages = 0;
    (void)state;
    for (i = 0; i < FILES; i++) {
        char path[200];
        snprintf(path, sizeof path, "%s/%s", desc.kernel_path, names[i]);
        assert_int_equal(nc_file_read(path, &data[i], &files[i].bytes, NULL), NC_OK);
        files[i].name = names[i];
        files[i].data = data[i];
    }
    desc.kernel_path = "build/no/such/folder";
    desc.kernels = files;
    desc.kernel_count = FILES;
    desc.avoid_int64 = 1;
    desc.log_fn = count_messages;
    desc.log_user = &messages;
    gpu = open_device(&desc);
    if (!gpu->caps.fma_fused) {
        assert_int_equal(nc_gpu_kernel_load(gpu, "reduce", &kernel), NC_ERR_DEVICE);
        assert_non_null(strstr(nc_gpu_last_error(gpu), "build/no/such/folder/reduce_f64fma.spv"));
    }
    assert_int_equal(nc_gpu_kernel_load(gpu, "gl_vector", &kernel), NC_ERR_DEVICE);
    assert_non_null(strstr(nc_gpu_last_error(gpu), "build/no/such/folder/gl_vector_u32.spv"));
    messages = 0; /* what is not needed is not missed */
    assert_int_equal(nc_gpu_kernel_load(gpu, "bf16", &kernel), NC_OK);
    assert_int_equal(messages, 0);
    emulates = !gpu->caps.fma_fused;
    nc_gpu_close(gpu);
    desc.kernel_count = 1;
    desc.allow_inexact = 1;
    if (emulates) {
        assert_int_equal(nc_gpu_open(&gpu, &desc, &err), NC_ERR_DEVICE);
        assert_non_null(strstr(err.message, "probe_f64fma.spv"));
    }
    for (i = 0; i < FILES; i++) nc_file_free(data[i]);
}

int main(void) {
    const struct CMUnitTest both[] = {
        cmocka_unit_test_setup(a_lost_device_says_how_at_every_call, begin),
        cmocka_unit_test_setup(every_call_of_vulkan_may_fail, begin),
        cmocka_unit_test_setup(every_function_of_vulkan_is_asked_for, begin),
        cmocka_unit_test_setup(a_device_that_does_not_answer_is_lost, begin),
        cmocka_unit_test_setup(two_devices_and_two_threads_do_not_disturb_each_other, begin),
        cmocka_unit_test_setup(a_job_is_one_submission, begin),
        cmocka_unit_test_setup(copies_of_any_size_arrive_in_their_order, begin),
        cmocka_unit_test_setup(kernels_may_be_given_in_memory, begin),
        cmocka_unit_test_setup(wrong_use_is_told_and_leaves_nothing_behind, begin),
    };
    const struct CMUnitTest of_vulkan[] = {
        cmocka_unit_test_setup(copies_that_never_arrive_are_not_forgotten, begin),
        cmocka_unit_test_setup(vulkan_is_told_of_every_order, begin),
        cmocka_unit_test_setup(host_memory_is_cached_where_the_device_has_such, begin),
        cmocka_unit_test_setup(modules_ask_for_every_mode_of_arithmetic_that_is_offered, begin),
        cmocka_unit_test_setup(devices_that_leave_out_parts_of_vulkan_are_asked_for, begin),
        cmocka_unit_test_setup(devices_are_listed_by_type_and_opened_by_that_list, begin),
        cmocka_unit_test_setup(kernels_beyond_the_limits_of_a_device_are_refused, begin),
        cmocka_unit_test_setup(a_missing_form_of_a_kernel_is_refused_by_name, begin),
        cmocka_unit_test_setup(buffers_share_allocations, begin),
        cmocka_unit_test_setup(the_largest_buffer_is_within_the_limit_of_vulkan, begin),
        cmocka_unit_test_setup(times_of_a_clock_that_begins_again_are_right, begin),
        cmocka_unit_test_setup(compiled_kernels_are_kept_in_a_file, begin),
    };
    const int failed = cmocka_run_group_tests_name("gpu host", both, NULL, NULL);
    if (first_road()) return failed;
    return failed + cmocka_run_group_tests_name("gpu host, Vulkan", of_vulkan, NULL, NULL);
}
