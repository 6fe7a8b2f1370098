/* What every kernel does to a device's memory, counted by the driver of tests/cuda_count.h through
   the libraries' own functions: a table, a ceiling a figure, and no races, neither in a launch nor
   between two of a program. Counts are the same in every run. With --launches: a line of JSON for
   each launch of larger work, for bench/roofline.py; of products a few blocks run and count for
   all. */
#include "test.h"
#include <dlfcn.h>
#include <math.h>
#define NC_IMPLEMENTATION /* where programs keep their launches */
#include "../nc_gpu.h"
#undef NC_IMPLEMENTATION
#define NC_GPU
#define NC_HLX_FP4
#include "../nc_hlx.h"
#include "../nc_axx.h"
#include "../nc_tirneural.h"
#include "cuda_count.h"

#define FOLDER "build/count"

static nc_gpu *device;
static cuda_count_take_fn *take;
static cuda_count_barrier_fn *barrier;
static cuda_count_races_fn *races;
static cuda_count_launches_fn *launches;
static cuda_count_sample_fn *sample;

/* A function of the driver, which the device has open. */
static void *exported(const char *name) {
    void *library = dlopen(FOLDER "/libcuda_on_cpu.so", RTLD_NOW | RTLD_NOLOAD), *function;
    if (!library || !(function = dlsym(library, name))) fail_msg("%s: %s", name, dlerror());
    dlclose(library);
    return function;
}

/* -- barriers between launches -------------------------------------------------------------- */

/* nc_gpu.h asks CUDA for none: one stream runs in order. For the counter, which is to see what
   Vulkan may run at once, they are launches of no kernel in a program. tests/gpu_host.c sees that
   Vulkan gets them, and those of the copies. */
static const nc_gpu__backend *cuda;

static void record_barrier(nc_gpu *gpu) {
    nc_gpu_program *program = gpu->recording;
    nc_gpu__launch *mark = nc__calloc(NULL, sizeof *mark);
    assert_non_null(mark);
    if (program->last)
        program->last->next = mark;
    else
        program->first = mark;
    program->last = mark;
}

static nc_status end_with_barrier(nc_gpu *gpu, nc_gpu_program *program) {
    record_barrier(gpu);
    return cuda->end(gpu, program);
}

static nc_status launch_one_by_one(nc_gpu *gpu, nc_gpu_program *program) {
    nc_gpu__launch *l, *next;
    nc_status status = NC_OK;
    for (l = program->first; l && status == NC_OK; l = next) {
        nc_gpu_program one = *program;
        next = l->next;
        if (!l->kernel) {
            barrier();
            continue;
        }
        one.first = one.last = l;
        l->next = NULL;
        status = cuda->launch(gpu, &one);
        l->next = next;
    }
    return status;
}

static void tell_of_barriers(nc_gpu *gpu) {
    static nc_gpu__backend told;
    cuda = gpu->backend;
    told = *cuda;
    told.barrier = record_barrier;
    told.end = end_with_barrier;
    told.launch = launch_one_by_one;
    gpu->backend = &told;
    barrier();
}

static int open_device(void **state) {
    nc_gpu_desc desc;
    nc_error err;
    cuda_count probe;
    (void)state;
    memset(&desc, 0, sizeof desc);
    desc.kind = NC_GPU_CUDA;
    desc.library = FOLDER "/libcuda_on_cpu.so";
    desc.kernel_path = FOLDER;
    if (nc_gpu_open(&device, &desc, &err) != NC_OK) fail_msg("%s", err.message);
    *(void **)&take = exported("cuda_count_take");
    *(void **)&races = exported("cuda_count_races");
    *(void **)&barrier = exported("cuda_count_barrier");
    *(void **)&launches = exported("cuda_count_launches");
    *(void **)&sample = exported("cuda_count_sample");
    assert_int_equal(take(&probe, 1), 1);
    assert_string_equal(probe.kernel, "probe");
    tell_of_barriers(device);
    return 0;
}

static int close_device(void **state) {
    (void)state;
    nc_gpu_close(device);
    return 0;
}

static void must(nc_status status) {
    if (status != NC_OK) fail_msg("%s: %s", nc_status_str(status), nc_gpu_last_error(device));
}

/* -- figures ------------------------------------------------------------------------------ */

enum { LAUNCHES, BARRIERS, LOAD, STORE, SHARED_LOAD, SHARED_STORE, WAVEFRONTS, FIGURES };
static const char *const figure_names[FIGURES] = {"launches",
                                                  "barriers a block",
                                                  "sectors a load",
                                                  "sectors a store",
                                                  "wavefronts a shared load",
                                                  "wavefronts a shared store",
                                                  "wavefronts a warp-operation"};

static double ratio(double a, double b) { return b > 0 ? a / b : 0; }

static double figure_of(const cuda_count *c, int figure) {
    const double moved = (double)(c->load.lines + c->store.lines + c->shared_load.wavefronts +
                                  c->shared_store.wavefronts);
    switch (figure) {
    case LAUNCHES: return (double)c->launches;
    case BARRIERS: return ratio((double)c->barriers, (double)c->blocks);
    case LOAD: return ratio((double)c->load.sectors, (double)c->load.requests);
    case STORE: return ratio((double)c->store.sectors, (double)c->store.requests);
    case SHARED_LOAD:
        return ratio((double)c->shared_load.wavefronts, (double)c->shared_load.requests);
    case SHARED_STORE:
        return ratio((double)c->shared_store.wavefronts, (double)c->shared_store.requests);
    default: return ratio(moved, (double)(c->fmas + c->wide) / 32);
    }
}

/* The most that each figure may be. */
typedef struct ceiling {
    const char *drive, *kernel;
    double most[FIGURES];
} ceiling;

/* How many figures pass; 1 for a kernel without ceilings. A line each. */
static int passed(const cuda_count *c, const char *drive, const ceiling *list, size_t n) {
    size_t i;
    int f, bad = 0;
    for (i = 0; i < n && (strcmp(list[i].drive, drive) || strcmp(list[i].kernel, c->kernel)); i++) {
    }
    if (i == n) {
        printf("%s, %s: no ceilings. Today's figures: {\"%s\", \"%s\", {", drive, c->kernel, drive,
               c->kernel);
        for (f = 0; f < FIGURES; f++)
            printf("%s%g", f ? ", " : "", ceil(100 * figure_of(c, f)) / 100);
        printf("}},\n");
        return 1;
    }
    for (f = 0; f < FIGURES; f++) {
        if (figure_of(c, f) <= list[i].most[f]) continue;
        printf("%s, %s: %s %.3f, at most %.2f\n", drive, c->kernel, figure_names[f],
               figure_of(c, f), list[i].most[f]);
        bad++;
    }
    return bad;
}

static double useful(const cuda_traffic *t) {
    return 100 * ratio((double)t->bytes, 32 * (double)t->sectors);
}

static void print_head(void) {
    puts("| drive                      | kernel                   | launches | blocks | barriers |"
         "    loads | sectors | lines | useful |  stores | sectors | useful | shared loads | "
         "wavef. |"
         " stores | wavef. |     FMAs |     wide | LSU/op |");
    puts("|----------------------------|--------------------------|---------:|-------:|---------:|"
         "---------:|--------:|------:|-------:|--------:|--------:|-------:|-------------:|-------"
         ":|"
         "-------:|-------:|---------:|---------:|-------:|");
}

static void print_row(const char *drive, const cuda_count *c) {
    printf("| %-26s | %-24s | %8.0f | %6.0f | %8.1f |", drive, c->kernel, (double)c->launches,
           (double)c->blocks, figure_of(c, BARRIERS));
    printf(" %8.0f | %7.2f | %5.2f | %4.0f %% |", (double)c->load.requests, figure_of(c, LOAD),
           ratio((double)c->load.lines, (double)c->load.requests), useful(&c->load));
    printf(" %7.0f | %7.2f | %4.0f %% |", (double)c->store.requests, figure_of(c, STORE),
           useful(&c->store));
    printf(" %12.0f | %6.2f | %6.0f | %6.2f |", (double)c->shared_load.requests,
           figure_of(c, SHARED_LOAD), (double)c->shared_store.requests, figure_of(c, SHARED_STORE));
    printf(" %8.2e | %8.2e | %6.2f |\n", (double)c->fmas, (double)c->wide,
           figure_of(c, WAVEFRONTS));
}

/* -- the counter and the shim themselves ---------------------------------------------------- */

enum { REVERSED, NO_BARRIER, ONE_PLACE, APART, SHUFFLED, SIZED, SIXTEEN, PAIRS };
enum { WORDS = 1024 };

static const uint32_t *input(void) {
    static uint32_t in[WORDS];
    uint64_t seed = 4;
    size_t i;
    for (i = 0; i < WORDS; i++) in[i] = (uint32_t)test_random(&seed);
    return in;
}

/* Two groups of 64 threads in one mode of tests/kernels_self.cu. */
static cuda_count run_self(uint32_t mode, uint32_t out[128]) {
    nc_gpu_buffer *result;
    nc_gpu_job job;
    cuda_count c;
    nc_gpu_job_start(&job, device);
    (void)nc_gpu_job_buffer(&job, input(), WORDS * 4, WORDS * 4);
    result = nc_gpu_job_buffer(&job, NULL, 0, 128 * 4);
    nc_gpu_job_dispatch(&job, "kernels_self", NULL, 2, &mode, 4, 2, 1, 1);
    must(nc_gpu_job_finish(&job, result, 0, out, 128 * 4));
    assert_int_equal(take(&c, 1), 1);
    assert_true(c.launches == 1 && c.blocks == 2);
    return c;
}

static void shuffles_move_the_values_of_a_warp(void **state) {
    const uint32_t *in = input();
    uint32_t out[128], i, k;
    (void)state;
    (void)run_self(SHUFFLED, out);
    for (i = 0; i < 128; i++) {
        uint32_t a = in[i ^ 5], b = i % 16 < 13 ? in[i + 3] : in[i], sum = i % 64;
        if (i % 2 == 0) a += in[i / 32 * 32 + 30];
        for (k = 0; k < 32; k += 8) sum += (uint32_t)((int8_t)(a >> k) * (int8_t)(b >> k));
        assert_int_equal(out[i], sum);
    }
    assert_string_equal(races(), "");
}

/* Through the driver itself: nc_gpu.h asks for no shared memory by size. */
static void shared_memory_has_the_size_of_the_launch(void **state) {
    static const char image[] = ".entry kernels_self : this is all that is read";
    int (*load)(void **, const void *, unsigned, int *, void **);
    int (*get)(void **, void *, const char *);
    int (*launch)(void *, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned,
                  void *, void **, void **);
    int (*allocate)(unsigned long long *, size_t);
    int (*release)(unsigned long long);
    const uint32_t *in = input(), *out;
    uint32_t mode = SIZED, i;
    unsigned long long from, to; /* the device's memory is the CPU's */
    void *module, *function, *arguments[3];
    (void)state;
    *(void **)&allocate = exported("cuMemAlloc_v2");
    *(void **)&release = exported("cuMemFree_v2");
    assert_int_equal(allocate(&from, WORDS * 4), 0);
    assert_int_equal(allocate(&to, 64 * 4), 0);
    memcpy((void *)(uintptr_t)from, in, WORDS * 4);
    out = (const uint32_t *)(uintptr_t)to;
    *(void **)&load = exported("cuModuleLoadDataEx");
    *(void **)&get = exported("cuModuleGetFunction");
    *(void **)&launch = exported("cuLaunchKernel");
    arguments[0] = &from;
    arguments[1] = &to;
    arguments[2] = &mode;
    assert_int_equal(load(&module, image, 0, NULL, NULL), 0);
    assert_int_equal(get(&function, module, "kernels_self"), 0);
    assert_int_equal(launch(function, 1, 1, 1, 64, 1, 1, 256, NULL, arguments, NULL), 0);
    for (i = 0; i < 64; i++) assert_int_equal(out[i], in[63 - i]);
    {
        cuda_count c;
        assert_int_equal(take(&c, 1), 1);
        assert_true(c.barriers == 1 && c.shared_load.requests == 2 && c.shared_store.requests == 2);
        assert_int_equal(c.load.requests, 2);
    }
    assert_string_equal(races(), "");
    assert_int_equal(release(from), 0);
    assert_int_equal(release(to), 0);
}

static void same_traffic(const cuda_traffic *t, uint64_t requests, uint64_t sectors, uint64_t lines,
                         uint64_t bytes) {
    assert_int_equal(t->requests, requests);
    assert_int_equal(t->sectors, sectors);
    assert_int_equal(t->lines, lines);
    assert_int_equal(t->bytes, bytes);
}

/* Two groups, so four warps. */
static void requests_are_those_of_a_device(void **state) {
    uint32_t out[128];
    cuda_count c = run_self(REVERSED, out);
    (void)state;
    same_traffic(&c.load, 4, 16, 4, 512);
    same_traffic(&c.store, 4, 16, 4, 512);
    assert_true(c.shared_load.wavefronts == 4 && c.shared_store.wavefronts == 4);
    assert_int_equal(c.barriers, 2);
    c = run_self(APART, out);
    same_traffic(&c.load, 4, 128, 32, 512);
    c = run_self(SIXTEEN, out);
    same_traffic(&c.load, 4, 64, 16, 2048);
    assert_true(c.shared_store.requests == 4 && c.shared_store.wavefronts == 16);
    assert_true(c.shared_load.requests == 4 && c.shared_load.wavefronts == 16); /* 8 banks */
    c = run_self(PAIRS, out);
    assert_true(c.shared_store.requests == 4 && c.shared_store.wavefronts == 8);
    assert_true(c.shared_load.requests == 8 && c.shared_load.wavefronts == 16);
    assert_string_equal(races(), "");
}

static void a_missing_barrier_is_a_race(void **state) {
    uint32_t out[128];
    const char *text;
    (void)state;
    (void)run_self(REVERSED, out);
    assert_string_equal(races(), "");
    (void)run_self(NO_BARRIER, out);
    text = races();
    printf("%s", text);
    assert_non_null(strstr(text, "kernels_self: thread "));
    assert_non_null(strstr(text, "kernels_self.cu:"));
    assert_string_equal(races(), "");
}

static void blocks_that_write_one_word_are_a_race(void **state) {
    uint32_t out[128];
    const char *text;
    (void)state;
    (void)run_self(ONE_PLACE, out);
    text = races();
    printf("%s", text);
    assert_non_null(strstr(text, "kernels_self: block 1 writes what block 0 has written"));
    assert_null(strstr(text, "thread"));
}

static void an_uncoalesced_load_passes_its_ceiling(void **state) {
    static const ceiling list[] = {{"self", "kernels_self", {1, 1, 4, 4, 1, 1, 0}}};
    uint32_t out[128];
    cuda_count c = run_self(REVERSED, out);
    (void)state;
    assert_int_equal(passed(&c, "self", list, 1), 0);
    c = run_self(APART, out);
    assert_int_equal(passed(&c, "self", list, 1), 1);
    assert_int_equal(passed(&c, "another", list, 1), 1); /* has none */
    (void)races();
}

/* -- the drive -------------------------------------------------------------------------------- */

static float *floats(size_t n) {
    float *x = malloc(n * sizeof *x);
    uint64_t seed = n;
    size_t i;
    for (i = 0; i < n; i++) x[i] = (float)(test_random(&seed) % 2001) * 1e-3f - 1.0f;
    return x;
}

static void multiply(int trans_a, int trans_b, size_t m, size_t n, size_t k) {
    float *a = floats(m * k), *b = floats(k * n), *c = floats(m * n);
    must(nc_hlx_gpu_gemm(device, trans_a, trans_b, m, n, k, a, b, c, 0));
    free(a);
    free(b);
    free(c);
}
static void gemm_plain(void) { multiply(0, 0, 128, 128, 128); }
static void gemm_a(void) { multiply(1, 0, 128, 128, 128); }
static void gemm_b(void) { multiply(0, 1, 128, 128, 128); }
static void gemm_both(void) { multiply(1, 1, 128, 128, 128); }
static void gemm_long(void) { multiply(0, 0, 512, 128, 128); }

/* The tiles that nc_hlx_gpu_gemm takes for larger matrices only, on 256 x 256 x 64. */
static void large_tiles(int trans_a, int trans_b) {
    static const char *const kernel[] = {"gemm", "gemm_128"};
    enum { N = 256, K = 64 };
    float *a = floats(N * K), *b = floats(K * N);
    uint32_t i, push[30] = {N, N, K};
    push[3] = (uint32_t)trans_a | (uint32_t)trans_b << 1;
    push[4] = 1; /* head */
    push[6] = trans_a ? N : K;
    push[14] = trans_b ? K : N;
    push[22] = N;
    for (i = 0; i < 2; i++) {
        const size_t groups = N / (i ? 128 : 64);
        nc_gpu_buffer *buffers[4];
        nc_gpu_job job;
        nc_gpu_job_start(&job, device);
        buffers[0] = nc_gpu_job_buffer(&job, a, N * K * 4, N * K * 4);
        buffers[1] = nc_gpu_job_buffer(&job, b, N * K * 4, N * K * 4);
        buffers[2] = buffers[3] = nc_gpu_job_buffer(&job, NULL, 0, N * N * 4);
        nc_gpu_job_dispatch(&job, kernel[i], buffers, 4, push, sizeof push, groups, groups, 1);
        must(nc_gpu_job_finish(&job, NULL, 0, NULL, 0));
    }
    free(a);
    free(b);
}
static void tiles_plain(void) { large_tiles(0, 0); }
static void tiles_a(void) { large_tiles(1, 0); }
static void tiles_b(void) { large_tiles(0, 1); }

/* A step, and the losses of `windows` windows. */
static void train_and_evaluate(nc_hlx_config *config, uint32_t windows) {
    char *text = read_text("examples/data/genesis.txt");
    nc_hlx_model *model;
    nc_hlx_gpu *gpu;
    nc_hlx_adamw adamw;
    nc_hlx_loader loader;
    const size_t n = strlen(text);
    size_t at;
    float loss;
    for (at = 0; at < n; at++) text[at] = (char)((uint8_t)text[at] % config->vocab_size);
    memset(&adamw, 0, sizeof adamw);
    adamw.clip_norm = 1.0f;
    adamw.weight_decay = 0.1f;
    must(nc_hlx_create(&model, config, NULL));
    nc_hlx_init_weights(model, 1);
    must(nc_hlx_loader_init(&loader, text, n, config->max_seq_len, 1));
    must(nc_hlx_gpu_create(&gpu, device, model, &adamw));
    must(nc_hlx_gpu_train_step(gpu, &loader, &adamw, NULL));
    if (windows) must(nc_hlx_gpu_evaluate(gpu, &loader, windows, NULL, NULL, &loss));
    nc_hlx_gpu_destroy(gpu);
    nc_hlx_destroy(model);
    free(text);
}
static void train(nc_hlx_config *config) { train_and_evaluate(config, 0); }

static nc_hlx_config shape(uint32_t d_model, uint32_t heads, uint32_t seq, uint32_t batch) {
    nc_hlx_config c;
    memset(&c, 0, sizeof c);
    c.vocab_size = 256;
    c.d_model = d_model;
    c.num_layers = 2;
    c.num_heads = heads;
    c.ffn_dim = 4 * d_model;
    c.max_seq_len = seq;
    c.batch_size = batch;
    return c;
}
static void train_naive(void) {
    nc_hlx_config c = shape(64, 4, 64, 2);
    train(&c);
}
static void train_flash(void) {
    nc_hlx_config c = shape(128, 2, 128, 1);
    c.flash = c.bf16 = 1;
    c.dropout = 0.1f;
    train(&c);
}
static void train_llama(void) {
    nc_hlx_config c = shape(64, 4, 64, 2);
    c.num_kv_heads = 2;
    c.rms_norm = c.rotary = c.gated_ffn = 1;
    c.activation = NC_HLX_SILU;
    c.biases = NC_HLX_BIASES_NONE;
    train(&c);
}

/* The rows of longer windows than those of attention. */
static void soften(void) {
    enum { N = 160 };
    const uint32_t forward[4] = {N, N, 1, 0};
    const struct {
        uint32_t rows, n, causal, off_y, off_dy;
        float scale;
    } backward = {N, N, 1, 0, N * N, 0.125f};
    float *x = floats(2 * N * N);
    nc_gpu_job job;
    nc_gpu_job_start(&job, device);
    (void)nc_gpu_job_buffer(&job, x, 2 * N * N * 4, 2 * N * N * 4);
    nc_gpu_job_dispatch(&job, "softmax", NULL, 1, forward, sizeof forward, N / 4, 1, 1);
    nc_gpu_job_dispatch(&job, "softmax_backward", NULL, 1, &backward, sizeof backward, N / 4, 1, 1);
    must(nc_gpu_job_finish(&job, NULL, 0, NULL, 0));
    free(x);
}

static void fp4_products(nc_fp4_format format, uint32_t rows, uint32_t columns, size_t vectors) {
    float *w = floats((size_t)rows * columns);
    float *x = floats(vectors * columns), *y = floats(vectors * rows);
    nc_fp4_tensor t;
    nc_fp4_gpu *gpu;
    must(nc_fp4_tensor_create(&t, format, NULL, w, rows, columns));
    must(nc_fp4_gpu_open(&gpu, device));
    must(nc_fp4_gpu_matmul(gpu, &t, x, vectors, y));
    nc_fp4_gpu_close(gpu);
    nc_fp4_tensor_free(&t);
    free(w);
    free(x);
    free(y);
}
static void fp4_one(void) { fp4_products(NC_FP4_MXFP4, 64, 1024, 1); }
static void fp4_floats(void) { fp4_products(NC_FP4_NF4, 64, 1024, 1); }
static void fp4_many(void) { fp4_products(NC_FP4_MXFP4, 64, 1024, 8); }

static void fp4_bytes(void) {
    enum { ROWS = 64, COLUMNS = 1024 };
    static int8_t x[COLUMNS];
    float *w = floats(ROWS * COLUMNS), y[ROWS];
    nc_fp4_gpu_tensor *resident;
    nc_fp4_tensor t;
    nc_fp4_gpu *gpu;
    size_t i;
    for (i = 0; i < COLUMNS; i++) x[i] = (int8_t)i;
    must(nc_fp4_tensor_create(&t, NC_FP4_NVFP4, NULL, w, ROWS, COLUMNS));
    must(nc_fp4_gpu_open(&gpu, device));
    must(nc_fp4_gpu_tensor_create(&resident, gpu, &t));
    must(nc_fp4_gpu_tensor_matvec_i8(resident, x, 1.0f, y));
    nc_fp4_gpu_tensor_destroy(resident);
    nc_fp4_gpu_close(gpu);
    nc_fp4_tensor_free(&t);
    free(w);
}

static void fp4_adders(void) {
    enum { BATCH = 256 };
    nc_fp4_circuit *c;
    nc_fp4_network *n;
    nc_fp4_gpu *gpu;
    uint64_t *in = calloc(65 * BATCH, 8), *out = calloc(65 * BATCH, 8);
    must(nc_fp4_make(&c, NC_FP4_ADDER, 32, 0, NULL));
    must(nc_fp4_compile(c, &n));
    must(nc_fp4_gpu_open(&gpu, device));
    must(nc_fp4_gpu_eval_sliced(gpu, n, in, out, BATCH));
    nc_fp4_gpu_close(gpu);
    nc_fp4_network_destroy(n);
    nc_fp4_destroy(c);
    free(in);
    free(out);
}

static void with_engine(const char *spec,
                        void (*run)(nc_axx_gpu *gpu, const uint8_t *x, const uint8_t *w)) {
    static nc_axx_mult m;
    static uint8_t x[1 << 20], w[1 << 20];
    nc_axx_engine *engine;
    nc_axx_gpu *gpu;
    uint64_t seed = 8;
    size_t i;
    for (i = 0; i < sizeof x; i++) {
        x[i] = (uint8_t)test_random(&seed);
        w[i] = (uint8_t)test_random(&seed);
    }
    must(nc_axx_make(&m, spec, NULL));
    must(nc_axx_engine_create(&engine, &m));
    must(nc_axx_gpu_open(&gpu, device, engine));
    run(gpu, x, w);
    nc_axx_gpu_close(gpu);
    nc_axx_engine_destroy(engine);
}
static void axx_multiply(nc_axx_gpu *gpu, const uint8_t *x, const uint8_t *w) {
    int32_t *sums = malloc(128 * 128 * sizeof *sums);
    must(nc_axx_gpu_gemm(gpu, x, w, sums, 1, 128, 128, 128));
    free(sums);
}
static void axx_multiply_few(nc_axx_gpu *gpu, const uint8_t *x, const uint8_t *w) {
    int32_t *sums = malloc(128 * 64 * sizeof *sums);
    must(nc_axx_gpu_gemm(gpu, x, w, sums, 1, 128, 64, 128));
    free(sums);
}
static void axx_convolution(nc_axx_gpu *gpu, const uint8_t *x, const uint8_t *w, size_t groups) {
    nc_axx_conv shape = {1, 16, 16, 16, 16, 3, 3, 1, 1, 1, 1, 1, 1, 1, 0, 0};
    float scale[16], *y = malloc(16 * 16 * 16 * sizeof *y);
    size_t i;
    shape.groups = groups;
    for (i = 0; i < 16; i++) scale[i] = 1.0f;
    must(nc_axx_gpu_conv2d(gpu, &shape, x, 1.0f, w, scale, NULL, y));
    free(y);
}
static void axx_convolve(nc_axx_gpu *gpu, const uint8_t *x, const uint8_t *w) {
    axx_convolution(gpu, x, w, 1);
}
static void axx_convolve_channels(nc_axx_gpu *gpu, const uint8_t *x, const uint8_t *w) {
    axx_convolution(gpu, x, w, 16);
}
static void axx_gemm(void) { with_engine("mitchell", axx_multiply); }
static void axx_few(void) { with_engine("mitchell", axx_multiply_few); }
static void axx_conv(void) { with_engine("mitchell", axx_convolve); }
static void axx_depthwise(void) { with_engine("mitchell", axx_convolve_channels); }
static void axx_terms(void) { with_engine("roba", axx_multiply); }
static void axx_conv_terms(void) { with_engine("exact", axx_convolve); }

static nc_gl_gpu *field;
static uint64_t *elements(size_t n) {
    uint64_t *x = malloc(n * sizeof *x), seed = n;
    size_t i;
    for (i = 0; i < n; i++) x[i] = test_random(&seed) >> 1;
    return x;
}
static void transform(uint32_t log2_n, size_t count) {
    uint64_t *x = elements(count << log2_n);
    must(nc_gl_gpu_ntt(field, x, log2_n, count, 0));
    free(x);
}
static void ntt_one(void) { transform(14, 1); }
static void ntt_many(void) { transform(10, 16); }
static void ntt_wide(void) { transform(16, 1); }
static void permute(uint32_t width) {
    uint64_t *x = elements(128 * 16);
    must(nc_gl_gpu_permute(field, x, width, 128));
    free(x);
}
static void poseidon2_8(void) { permute(8); }
static void poseidon2_12(void) { permute(12); }
static void poseidon2_16(void) { permute(16); }
static void trident(void) { permute(0); }
static void field_products(void) {
    uint64_t *a = elements(4096), *b = elements(4096), *c = elements(4096);
    must(nc_gl_gpu_matmul(field, c, a, b, 64, 64, 64));
    free(a);
    free(b);
    free(c);
}
static void field_vectors(void) {
    uint64_t *a = elements(4096), *b = elements(4096), *c = elements(4096), dot;
    must(nc_gl_gpu_vector(field, NC_GL_MUL, c, a, b, NULL, 4096));
    must(nc_gl_gpu_dot(field, a, b, 4096, &dot));
    free(a);
    free(b);
    free(c);
}

static void tir_network(void) {
    enum { BLOCKS = 2 };
    static const char *const sources[BLOCKS] = {
        "push -1 divine 5 hash place 15 pick 3 sponge_init xx_mul assert_vector",
        "dup 15 dup 15 dup 15 lt dup 3 and xor pow div_mod log_2_floor pop_count merkle_step "
        "assert"};
    nc_gl words[BLOCKS * NC_TIR_BLOCK_WORDS];
    nc_fixed *latents = malloc(BLOCKS * NC_TIR_BLOCK_NODES * 64 * sizeof *latents);
    const nc_tir_model *list[1];
    nc_tir_model *model;
    nc_tir_gpu *gpu;
    nc_error err;
    size_t i;
    for (i = 0; i < BLOCKS; i++)
        must(nc_tir_encode(sources[i], words + i * NC_TIR_BLOCK_WORDS, &err));
    must(nc_tir_model_load(&model, "examples/data/tir_weights.bin", &err));
    must(nc_tir_gpu_open(&gpu, device));
    list[0] = model;
    must(nc_tir_gpu_forward(gpu, list, 1, words, BLOCKS, latents));
    nc_tir_gpu_close(gpu);
    nc_tir_model_destroy(model);
    free(latents);
}

typedef struct drive {
    const char *name;
    void (*run)(void);
} drive;

static const drive drives[] = {
    {"gemm 128^3", gemm_plain},
    {"gemm 128^3, A^T", gemm_a},
    {"gemm 128^3, B^T", gemm_b},
    {"gemm 128^3, A^T B^T", gemm_both},
    {"gemm 512x128x128", gemm_long},
    {"tiles 256x256x64", tiles_plain},
    {"tiles 256x256x64, A^T", tiles_a},
    {"tiles 256x256x64, B^T", tiles_b},
    {"train 2x64 of 64", train_naive},
    {"train 128 of 128 flash bf16", train_flash},
    {"train 2x64 of 64 Llama", train_llama},
    {"softmax 160^2, causal", soften},
    {"fp4 64x1024, a vector", fp4_one},
    {"fp4 64x1024 NF4, a vector", fp4_floats},
    {"fp4 64x1024, 8 vectors", fp4_many},
    {"fp4 64x1024 NVFP4 x int8", fp4_bytes},
    {"fp4 adder 32, 256 words", fp4_adders},
    {"axx gemm 128^3", axx_gemm},
    {"axx gemm 128x64x128", axx_few},
    {"axx conv 16x16x16 3x3", axx_conv},
    {"axx conv 16x16x16 depthwise", axx_depthwise},
    {"axx 2 products, 128^3", axx_terms},
    {"axx conv 16x16x16, product", axx_conv_terms},
    {"NTT 2^14", ntt_one},
    {"NTT 2^10 x 16", ntt_many},
    {"NTT 2^16", ntt_wide},
    {"Poseidon2 8 x 128", poseidon2_8},
    {"Poseidon2 12 x 128", poseidon2_12},
    {"Poseidon2 16 x 128", poseidon2_16},
    {"trident x 128", trident},
    {"field matmul 64^3", field_products},
    {"field vectors 4096", field_vectors},
    {"tir network, 2 blocks", tir_network},
};
enum { DRIVES = sizeof drives / sizeof *drives, MOST = 64 };

/* Today's figures, rounded up: launches, barriers, sectors a load and a store, wavefronts of a
   shared load and store, wavefronts a warp-operation. A better kernel lowers its line. */
static const ceiling ceilings[] = {
    {"gemm 128^3", "gemm_32", {1, 8, 4, 4, 4, 1.5, 0.72}},
    {"gemm 128^3, A^T", "gemm_32", {1, 8, 4, 4, 4, 1, 0.66}},
    {"gemm 128^3, B^T", "gemm_32", {1, 8, 4, 4, 4, 2, 0.79}},
    {"gemm 128^3, A^T B^T", "gemm_32", {1, 8, 4, 4, 4, 1.5, 0.72}},
    {"gemm 512x128x128", "gemm_32", {1, 8, 4, 4, 4, 1.5, 0.72}},
    {"tiles 256x256x64", "gemm", {1, 4, 4, 4, 4, 2, 0.52}},
    {"tiles 256x256x64", "gemm_128", {1, 4, 4, 4, 4, 2, 0.34}},
    {"tiles 256x256x64, A^T", "gemm", {1, 4, 4, 4, 4, 1.5, 0.49}},
    {"tiles 256x256x64, A^T", "gemm_128", {1, 4, 4, 4, 4, 1.5, 0.33}},
    {"tiles 256x256x64, B^T", "gemm", {1, 4, 4, 4, 4, 2, 0.54}},
    {"tiles 256x256x64, B^T", "gemm_128", {1, 4, 4, 4, 4, 2, 0.35}},
    {"train 2x64 of 64", "adam", {1, 0, 3.09, 4, 0, 0, 2.19}},
    {"train 2x64 of 64", "attention", {2, 10, 2.58, 4, 4, 1.77, 0.57}},
    {"train 2x64 of 64", "attention_backward", {2, 2, 3.67, 4, 4, 2, 0.57}},
    {"train 2x64 of 64", "cross_entropy", {1, 0, 3, 3.67, 0, 0, 0.27}},
    {"train 2x64 of 64", "elementwise", {2, 0, 0, 4, 0, 0, 0}},
    {"train 2x64 of 64", "embedding", {1, 0, 3, 4, 0, 0, 0}},
    {"train 2x64 of 64", "embedding_backward", {1, 0.97, 2.07, 4, 1, 1, 0}},
    {"train 2x64 of 64", "gemm_32", {22, 6.35, 3.77, 4, 3.88, 1.45, 0.73}},
    {"train 2x64 of 64", "layernorm", {5, 0, 4, 2.5, 0, 0, 3.3}},
    {"train 2x64 of 64", "layernorm_backward", {5, 0.6, 2.99, 3.83, 1, 1, 5.49}},
    {"train 2x64 of 64", "reduce", {3, 0, 4, 1, 0, 0, 1.01}},
    {"train 2x64 of 64", "(all)", {45, 2.06, 3.56, 3.9, 3.86, 1.47, 0.74}},
    {"train 128 of 128 flash bf16", "adam", {1, 0, 3.09, 4, 0, 0, 2.19}},
    {"train 128 of 128 flash bf16", "bf16", {17, 0, 3.61, 3.52, 0, 0, 0}},
    {"train 128 of 128 flash bf16", "cross_entropy", {1, 0, 3, 3.67, 0, 0, 0.27}},
    {"train 128 of 128 flash bf16", "dropout", {10, 1, 3.22, 4, 1, 1, 0}},
    {"train 128 of 128 flash bf16", "elementwise", {2, 0, 0, 4, 0, 0, 0}},
    {"train 128 of 128 flash bf16", "embedding", {1, 0, 3, 4, 0, 0, 0}},
    {"train 128 of 128 flash bf16", "embedding_backward", {1, 1.25, 2.69, 4, 1, 1, 0}},
    {"train 128 of 128 flash bf16", "flash_attention", {2, 42, 4, 3.78, 1, 3.46, 0.68}},
    {"train 128 of 128 flash bf16", "flash_attention_backward", {4, 67, 4, 4, 1, 3.51, 0.69}},
    {"train 128 of 128 flash bf16", "gemm_32", {18, 10.5, 3.93, 4, 3.93, 1.49, 0.72}},
    {"train 128 of 128 flash bf16", "layernorm", {5, 0, 4, 3, 0, 0, 2.25}},
    {"train 128 of 128 flash bf16", "layernorm_backward", {5, 1, 3.11, 3.83, 1, 1, 5.16}},
    {"train 128 of 128 flash bf16", "reduce", {3, 0, 4, 1, 0, 0, 1.01}},
    {"train 128 of 128 flash bf16", "(all)", {70, 0.87, 3.72, 3.81, 2.91, 1.68, 0.77}},
    {"train 2x64 of 64 Llama", "adam", {1, 0, 3.18, 4, 0, 0, 2.13}},
    {"train 2x64 of 64 Llama", "attention", {2, 10, 2.58, 4, 4, 1.77, 0.57}},
    {"train 2x64 of 64 Llama", "attention_backward", {2, 2, 3.67, 4, 4, 2, 0.57}},
    {"train 2x64 of 64 Llama", "cross_entropy", {1, 0, 3, 3.67, 0, 0, 0.27}},
    {"train 2x64 of 64 Llama", "elementwise", {2, 0, 0, 4, 0, 0, 0}},
    {"train 2x64 of 64 Llama", "embedding", {1, 0, 2.5, 4, 0, 0, 0}},
    {"train 2x64 of 64 Llama", "embedding_backward", {1, 0.46, 1.6, 4, 1, 1, 0}},
    {"train 2x64 of 64 Llama", "gemm_32", {26, 6.34, 3.9, 4, 4, 1.47, 0.75}},
    {"train 2x64 of 64 Llama", "reduce", {3, 0, 4, 1, 0, 0, 1.01}},
    {"train 2x64 of 64 Llama", "rmsnorm", {5, 0, 4, 3, 0, 0, 5.1}},
    {"train 2x64 of 64 Llama", "rmsnorm_backward", {5, 0.6, 3.4, 3.91, 1, 1, 5.1}},
    {"train 2x64 of 64 Llama", "rotary", {4, 0, 2.67, 4, 0, 0, 6.67}},
    {"train 2x64 of 64 Llama", "swiglu", {2, 0, 4, 4, 0, 0, 0.6}},
    {"train 2x64 of 64 Llama", "swiglu_backward", {2, 0, 4, 4, 0, 0, 0.34}},
    {"train 2x64 of 64 Llama", "(all)", {57, 1.62, 3.71, 3.96, 3.97, 1.49, 0.75}},
    {"softmax 160^2, causal", "softmax", {1, 0, 2.88, 4, 0, 0, 0.36}},
    {"softmax 160^2, causal", "softmax_backward", {1, 0, 3.5, 4, 0, 0, 4.38}},
    {"fp4 64x1024, a vector", "fp4_matmul", {1, 8, 5.95, 1, 1.57, 1.08, 2.74}},
    {"fp4 64x1024 NF4, a vector", "fp4_matmul", {1, 8, 3.99, 1, 1.66, 1.08, 2.65}},
    {"fp4 64x1024, 8 vectors", "fp4_matmul_4", {1, 22, 4.85, 1, 2.44, 1.1, 1.68}},
    {"fp4 64x1024 NVFP4 x int8", "fp4_matvec_i8", {1, 5, 6, 2, 1.38, 4.17, 27.29}},
    {"fp4 adder 32, 256 words", "fp4_circuit", {1, 4, 4.28, 4, 3.27, 1.27, 0}},
    {"axx gemm 128^3", "axx_gemm", {1, 129, 3.42, 4, 7.03, 4, 0}},
    {"axx gemm 128x64x128", "axx_gemm", {1, 131, 3.42, 4, 6.93, 4.07, 0}},
    {"axx conv 16x16x16 3x3", "axx_gemm", {1, 145, 3.43, 4, 9.84, 4, 0}},
    {"axx conv 16x16x16 3x3", "axx_im2col", {1, 0, 1.81, 4, 0, 0, 0}},
    {"axx conv 16x16x16 depthwise", "axx_gemm", {1, 10, 3.5, 4, 9.29, 4, 0}},
    {"axx conv 16x16x16 depthwise", "axx_im2col", {1, 0, 1.69, 4, 0, 0, 0}},
    {"axx 2 products, 128^3", "axx_map", {4, 1, 4, 4, 3.17, 1, 0}},
    {"axx 2 products, 128^3", "axx_terms", {2, 20, 4, 4, 2.5, 1.6, 0}},
    {"axx conv 16x16x16, product", "axx_im2col", {1, 0, 1.81, 4, 0, 0, 0}},
    {"axx conv 16x16x16, product", "axx_map", {2, 1, 4, 4, 3, 1, 0}},
    {"axx conv 16x16x16, product", "axx_terms", {1, 22, 3.34, 4, 3.58, 1.43, 0}},
    {"axx conv 16x16x16, product", "(all)", {4, 1.14, 2.57, 4, 3.34, 1.4, 0}},
    {"NTT 2^14", "gl_ntt", {2, 1, 4.94, 8, 2, 3, 5.92}},
    {"NTT 2^10 x 16", "gl_ntt", {1, 2, 5.72, 8, 2, 2, 7.9}},
    {"NTT 2^16", "gl_ntt", {2, 1, 5.33, 8, 2, 2, 6.35}},
    {"Poseidon2 8 x 128", "gl_poseidon2_8", {1, 2, 1.21, 8, 3, 3, 0.75}},
    {"Poseidon2 12 x 128", "gl_poseidon2_12", {1, 2, 1.22, 8, 3, 3, 0.78}},
    {"Poseidon2 16 x 128", "gl_poseidon2_16", {1, 2, 1.22, 8, 2, 2, 0.73}},
    {"trident x 128", "gl_trident", {1, 2, 1.21, 8, 3, 3, 0.75}},
    {"field matmul 64^3", "gl_matmul", {1, 8, 8, 8, 2, 2, 1.44}},
    {"field vectors 4096", "gl_dot", {1, 8, 8, 1, 1.56, 1.75, 6.35}},
    {"field vectors 4096", "gl_vector", {1, 0, 8, 8, 0, 0, 6}},
    {"tir network, 2 blocks", "tir_forward", {1, 23, 3.75, 4, 1, 1, 737.41}},
};

/* Every kernel of cuda/ is driven: those that the files in the folder stand for. */
static void all_were_driven(char seen[][32], size_t n) {
    struct dirent *entry;
    DIR *dir = opendir(FOLDER);
    assert_non_null(dir);
    while ((entry = readdir(dir)) != NULL) {
        char *end = strstr(entry->d_name, ".ptx");
        size_t i;
        if (!end) continue;
        *end = 0;
        if (!strcmp(entry->d_name, "probe") || !strcmp(entry->d_name, "kernels_self")) continue;
        for (i = 0; i < n && strcmp(seen[i], entry->d_name); i++) {
        }
        if (i == n) fail_msg("%s: no drive runs it", entry->d_name);
    }
    closedir(dir);
}

/* The kernels of a training step together, as "(all)". */
static cuda_count total(const cuda_count *list, size_t n) {
    cuda_count all = {.kernel = "(all)"};
    size_t i;
    for (i = 0; i < n; i++) cuda_count_add(&all, &list[i]);
    return all;
}

static void every_kernel_keeps_below_its_ceilings(void **state) {
    static char seen[DRIVES * MOST][32];
    cuda_count counts[DRIVES][MOST];
    size_t n[DRIVES], d, i, kernels = 0;
    int bad = 0;
    (void)state;
    must(nc_gl_gpu_open(&field, device, NULL));
    print_head();
    for (d = 0; d < DRIVES; d++) {
        const char *text;
        drives[d].run();
        n[d] = take(counts[d], MOST - 1);
        if (n[d] > 2) {
            counts[d][n[d]] = total(counts[d], n[d]);
            n[d]++;
        }
        for (i = 0; i < n[d]; i++) {
            print_row(drives[d].name, &counts[d][i]);
            strcpy(seen[kernels++], counts[d][i].kernel);
        }
        fflush(stdout);
        text = races();
        if (*text) fail_msg("%s: %s", drives[d].name, text);
    }
    nc_gl_gpu_close(field);
    for (d = 0; d < DRIVES; d++)
        for (i = 0; i < n[d]; i++)
            bad +=
                passed(&counts[d][i], drives[d].name, ceilings, sizeof ceilings / sizeof *ceilings);
    all_were_driven(seen, kernels);
    if (bad) fail_msg("%d figures are above their ceilings", bad);
}

/* -- programs --------------------------------------------------------------------------------- */

/* Two launches, each out = x + x of 64 words of one buffer, with a barrier between or none. */
static const char *sums(int apart, uint32_t x0, uint32_t out0, uint32_t x1, uint32_t out1) {
    const uint32_t first[6] = {64, 0, 4, x0, x0, out0}, second[6] = {64, 0, 4, x1, x1, out1};
    nc_gpu_buffer *all[3];
    nc_gpu_job job;
    nc_gpu_job_start(&job, device);
    all[0] = all[1] = all[2] = nc_gpu_job_buffer(&job, input(), WORDS * 4, WORDS * 4);
    job.apart = apart;
    nc_gpu_job_dispatch(&job, "elementwise", all, 3, first, sizeof first, 1, 1, 1);
    nc_gpu_job_dispatch(&job, "elementwise", all, 3, second, sizeof second, 1, 1, 1);
    must(nc_gpu_job_finish(&job, NULL, 0, NULL, 0));
    return races();
}

static void named(const char *text, const char *what) {
    printf("%s", text);
    if (!strstr(text, what)) fail_msg("no race: %s", what);
}

static void a_missing_barrier_between_launches_is_a_race(void **state) {
    (void)state;
    assert_string_equal(sums(0, 0, 64, 64, 0), "");
    assert_string_equal(sums(1, 0, 64, 128, 192), "");
    assert_string_equal(sums(1, 0, 64, 0, 192), ""); /* both read */
    named(sums(1, 0, 64, 127, 192), "elementwise, launch 1, reads byte 508 of a buffer of 4096 "
                                    "that elementwise, launch 0, has written, without a barrier");
    named(sums(1, 64, 256, 512, 1), "writes byte 256 of a buffer of 4096 that elementwise, "
                                    "launch 0, has read, without a barrier");
    named(sums(1, 0, 64, 512, 127), "writes byte 508 of a buffer of 4096 that elementwise, "
                                    "launch 0, has written, without a barrier");
}

/* What one run of a program leaves is behind a barrier for the next, though its last launch asks
   for none. */
static void the_end_of_a_program_is_a_barrier(void **state) {
    const uint32_t push[6] = {64, 0, 4, 0, 0, 64};
    nc_gpu_buffer *all[3];
    nc_gpu_program *program;
    nc_gpu_job job;
    (void)state;
    must(nc_gpu_buffer_create(device, WORDS * 4, &all[0]));
    all[1] = all[2] = all[0];
    nc_gpu_job_start(&job, device);
    job.apart = 1;
    nc_gpu_job_dispatch(&job, "elementwise", all, 3, push, sizeof push, 1, 1, 1);
    must(nc_gpu_job_record(&job, &program));
    must(nc_gpu_run(device, program, NULL));
    must(nc_gpu_run(device, program, NULL));
    nc_gpu_program_destroy(device, program);
    nc_gpu_buffer_destroy(device, all[0]);
    assert_string_equal(races(), "");
}

/* Kinds of training by what is 1 in `kind`: a step, and the losses of a window. */
enum { FLASH = 1, BF16 = 2, DROPOUT = 4, RECOMPUTE = 8, TIED = 16, MICRO = 32, LLAMA = 64 };
typedef struct training {
    int kind;
    uint32_t d_model, seq, batch, vocab_size;
    size_t blocks; /* that run of a launch; 0: all */
} training;
static void train_kind(const training *t) {
    nc_hlx_config c = shape(t->d_model, 2, t->seq, t->batch);
    c.vocab_size = t->vocab_size;
    c.flash = (t->kind & FLASH) != 0;
    c.bf16 = (t->kind & BF16) != 0;
    c.dropout = t->kind & DROPOUT ? 0.1f : 0.0f;
    c.recompute = (t->kind & RECOMPUTE) != 0;
    c.tied_output = (t->kind & TIED) != 0;
    c.micro_batches = t->kind & MICRO ? 2 : 1;
    if (t->kind & LLAMA) {
        c.num_kv_heads = c.rms_norm = c.rotary = c.gated_ffn = 1;
        c.activation = NC_HLX_SILU;
        c.biases = NC_HLX_BIASES_NONE;
    }
    sample("", t->blocks);
    train_and_evaluate(&c, 1);
    sample("", 0);
}

static void training_leaves_out_no_barrier_that_it_needs(void **state) {
    static const training list[] = {
        {0, 32, 16, 1, 256, 0},
        {FLASH, 20, 17, 1, 256, 0},
        {BF16 | DROPOUT, 32, 16, 1, 256, 0},
        {DROPOUT | RECOMPUTE | TIED | MICRO, 20, 17, 1, 256, 0},
        {BF16 | DROPOUT | RECOMPUTE | MICRO, 32, 16, 1, 256, 0},
        {LLAMA | TIED, 20, 17, 1, 256, 0},
        {LLAMA | FLASH | DROPOUT | MICRO, 32, 16, 1, 256, 0},
        {LLAMA | BF16 | RECOMPUTE | TIED, 20, 17, 1, 256, 0},
        {0, 16, 136, 1, 256, 0}, /* rows of more than a tile's columns */
        {0, 4, 16, 257, 8, 8}};  /* losses that are summed in two launches */
    size_t i;
    (void)state;
    for (i = 0; i < sizeof list / sizeof *list; i++) {
        const char *text;
        train_kind(&list[i]);
        text = races();
        if (*text) fail_msg("training %u: %s", (unsigned)i, text);
    }
    (void)take(NULL, 0);
}

static void hash_trees(void) {
    enum { LEAVES = 128 };
    uint64_t *nodes = elements(2 * LEAVES * 4);
    must(nc_gl_gpu_merkle_build(field, NC_GL_POSEIDON2, nodes, LEAVES));
    must(nc_gl_gpu_merkle_build(field, NC_GL_TRIDENT, nodes, LEAVES));
    free(nodes);
}

static void cosets(void) {
    uint64_t *x = elements(1 << 15);
    must(nc_gl_gpu_ntt_coset(field, x, 14, 2, 7, 0));
    must(nc_gl_gpu_ntt_coset(field, x, 14, 2, 7, 1));
    free(x);
}

static void field_leaves_out_no_barrier_that_it_needs(void **state) {
    (void)state;
    must(nc_gl_gpu_open(&field, device, NULL));
    hash_trees();
    cosets();
    nc_gl_gpu_close(field);
    assert_string_equal(races(), "");
    (void)take(NULL, 0);
}

/* -- launches of larger work --------------------------------------------------------------- */

static void train_preset(int flash) {
    nc_hlx_config c;
    must(nc_hlx_preset("tiny", &c));
    c.flash = flash;
    train(&c);
}
static void tiny(void) { train_preset(0); }
static void tiny_flash(void) { train_preset(1); }
static void gemm_2048(void) { multiply(0, 0, 2048, 2048, 2048); }
static void fp4_large(size_t vectors) { fp4_products(NC_FP4_MXFP4, 4096, 4096, vectors); }
static void fp4_large_one(void) { fp4_large(1); }
static void fp4_large_many(void) { fp4_large(16); }
static void ntt_large(void) { transform(24, 1); }
static void axx_large(nc_axx_gpu *gpu, const uint8_t *x, const uint8_t *w) {
    enum { N = 1024 };
    int32_t *sums = malloc(N * N * sizeof *sums);
    must(nc_axx_gpu_gemm(gpu, x, w, sums, 1, N, N, N));
    free(sums);
}
static void axx_gemm_large(void) { with_engine("mitchell", axx_large); }
static void axx_terms_large(void) { with_engine("roba", axx_large); }
static void field_large(void) {
    enum { N = 512 };
    uint64_t *a = elements(N * N), *b = elements(N * N), *c = elements(N * N);
    must(nc_gl_gpu_matmul(field, c, a, b, N, N, N));
    free(a);
    free(b);
    free(c);
}
static void poseidon2_large(void) {
    uint64_t *x = elements(12 << 18);
    must(nc_gl_gpu_permute(field, x, 12, 1 << 18));
    free(x);
}

static const drive large[] = {
    {"tiny step 8x128", tiny},
    {"tiny step 8x128, flash", tiny_flash},
    {"gemm 2048^3", gemm_2048},
    {"fp4 4096^2, a vector", fp4_large_one},
    {"fp4 4096^2, 16 vectors", fp4_large_many},
    {"axx gemm 1024^3", axx_gemm_large},
    {"axx 2 products, 1024^3", axx_terms_large},
    {"NTT 2^24", ntt_large},
    {"Poseidon2 12 x 2^18", poseidon2_large},
    {"field matmul 512^3", field_large},
};

static void print_launch(const char *name, const cuda_count *c) {
    printf("{\"drive\": \"%s\", \"kernel\": \"%s\", \"threads\": %.0f, \"blocks\": %.0f, ", name,
           c->kernel, (double)c->threads, (double)c->blocks);
    printf("\"barriers\": %.0f, \"rounds\": %.0f, \"fmas\": %.0f, \"wide\": %.0f, ",
           (double)c->barriers, (double)c->rounds, (double)c->fmas, (double)c->wide);
    printf("\"requests\": %.0f, \"lines\": %.0f, \"sectors\": %.0f, \"stored\": %.0f, ",
           (double)(c->load.requests + c->store.requests), (double)(c->load.lines + c->store.lines),
           (double)c->load.sectors, (double)c->store.sectors);
    printf("\"shared\": %.0f, \"wavefronts\": %.0f}\n",
           (double)(c->shared_load.requests + c->shared_store.requests),
           (double)(c->shared_load.wavefronts + c->shared_store.wavefronts));
}

static void print_launches(void **state) {
    static const char *const many[] = {"gemm", "flash", "axx_", "gl_"};
    size_t d, i;
    (void)state;
    must(nc_gl_gpu_open(&field, device, NULL));
    for (i = 0; i < sizeof many / sizeof *many; i++) sample(many[i], 8);
    for (d = 0; d < sizeof large / sizeof *large; d++) {
        cuda_count *list;
        size_t n;
        large[d].run();
        n = launches(NULL, 0);
        list = malloc(n * sizeof *list);
        (void)launches(list, n);
        (void)take(list, 0);
        for (i = 0; i < n; i++) print_launch(large[d].name, &list[i]);
        fflush(stdout);
        free(list);
    }
    (void)races();
    nc_gl_gpu_close(field);
}

int main(int argc, char **argv) {
    const struct CMUnitTest larger[] = {cmocka_unit_test(print_launches)};
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shuffles_move_the_values_of_a_warp),
        cmocka_unit_test(shared_memory_has_the_size_of_the_launch),
        cmocka_unit_test(requests_are_those_of_a_device),
        cmocka_unit_test(a_missing_barrier_is_a_race),
        cmocka_unit_test(blocks_that_write_one_word_are_a_race),
        cmocka_unit_test(an_uncoalesced_load_passes_its_ceiling),
        cmocka_unit_test(a_missing_barrier_between_launches_is_a_race),
        cmocka_unit_test(the_end_of_a_program_is_a_barrier),
        cmocka_unit_test(training_leaves_out_no_barrier_that_it_needs),
        cmocka_unit_test(field_leaves_out_no_barrier_that_it_needs),
        cmocka_unit_test(every_kernel_keeps_below_its_ceilings),
    };
    if (argc > 1 && !strcmp(argv[1], "--launches"))
        return cmocka_run_group_tests_name("launches", larger, open_device, close_device);
    return cmocka_run_group_tests_name("kernels", tests, open_device, close_device);
}
