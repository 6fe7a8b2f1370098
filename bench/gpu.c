/* Float kernels, attention, 4-bit weights, look-ups of approximate products, transforms of the field,
   whole training steps and the optimiser's network on a device: rates, and the digest of twenty steps
   against the CPU's. usage: gpu [FILE.json] [--device vulkan|cuda]; $NC_KERNEL_PATH and
   $NC_GPU_LIBRARY as for hlx_train. Without a device it says so and succeeds. */
#define _POSIX_C_SOURCE 200112L
#include "bench.h"
#define NC_GPU
#define NC_IMPLEMENTATION
#define NC_HLX_FP4
#include "../nc_hlx.h"
#include "../nc_tirneural.h"

/* Seconds of a program: the median of five runs after one, by the device's clock where it has one. */
static nc_status program_time(nc_gpu *device, nc_gpu_program *program, double *seconds) {
    nc_status status = nc_gpu_run(device, program, NULL); /* warm-up */
    double runs[5];
    int r;
    for (r = 0; r < 5 && status == NC_OK; r++) {
        uint64_t ns = 0;
        const double start = bench_now();
        status = nc_gpu_run(device, program, &ns);
        runs[r] = ns ? 1e-9 * (double)ns : bench_now() - start;
    }
    if (status != NC_OK) return status;
    qsort(runs, 5, sizeof *runs, bench_order);
    *seconds = runs[2];
    return NC_OK;
}

/* Seconds of one of `repeat` recorded dispatches. Negative on an error. */
static double dispatch_time(nc_gpu *device, const char *name, uint32_t buffers, const void *push,
                            size_t push_bytes, const size_t groups[3], const size_t *bytes,
                            int repeat) {
    nc_gpu_buffer *buffer[4] = {NULL, NULL, NULL, NULL};
    nc_gpu_kernel *kernel = NULL;
    nc_gpu_program *program = NULL;
    nc_status status = nc_gpu_kernel_load(device, name, &kernel);
    double seconds = 0;
    uint32_t i;
    int r;
    for (i = 0; i < buffers && status == NC_OK; i++)
        status = nc_gpu_buffer_create(device, bytes[i], &buffer[i]);
    if (status == NC_OK) status = nc_gpu_begin(device);
    for (r = 0; r < repeat && status == NC_OK; r++) {
        status = nc_gpu_dispatch(device, kernel, buffer, buffers, push, push_bytes, groups);
        if (status == NC_OK) status = nc_gpu_barrier(device);
    }
    if (status == NC_OK) status = nc_gpu_end(device, &program);
    if (status == NC_OK) status = program_time(device, program, &seconds);
    nc_gpu_program_destroy(device, program);
    for (i = 0; i < buffers; i++) nc_gpu_buffer_destroy(device, buffer[i]);
    if (status != NC_OK) {
        fprintf(stderr, "%s: %s: %s\n", name, nc_status_str(status), nc_gpu_last_error(device));
        return -1;
    }
    return seconds / repeat;
}

static double gemm_row(nc_gpu *device, uint32_t n) {
    const size_t bytes[4] = {(size_t)n * n * 4, (size_t)n * n * 4, 4, (size_t)n * n * 4};
    const nc_hlx__gemm_push push = nc_hlx__plain_gemm(0, 0, n, n, n, 0);
    const nc_hlx__tiling tiling = nc_hlx__tiling_of(device, &push, 1);
    const size_t groups[3] = {tiling.groups[0], tiling.groups[1], 1};
    double t = dispatch_time(device, tiling.kernel, 4, &push, sizeof push, groups, bytes, 3);
    char row[64];
    if (t < 0) return t;
    snprintf(row, sizeof row, "gemm %u^3", (unsigned)n);
    bench_row(row, 2e-9 * n * n * n / t, "GFLOP/s", 0, "");
    return t;
}

/* Causal attention, forward: of the products that are seen. */
static int flash_row(nc_gpu *device, uint32_t batch, uint32_t seq, uint32_t heads) {
    enum { HEAD_SIZE = 64 };
    const uint32_t d = heads * HEAD_SIZE;
    const size_t rows = (size_t)batch * seq, bytes = (rows * d * 4 + rows * heads) * 4;
    const size_t groups[3] = {(seq + 63) / 64, (size_t)batch * heads, 1};
    nc_hlx__flash_push push;
    double t;
    char row[64];
    memset(&push, 0, sizeof push);
    push.seq = seq;
    push.causal = 1;
    push.heads = push.kv_heads = heads;
    push.head_size = HEAD_SIZE;
    push.off_out = (uint32_t)(rows * d * 3);
    push.off_lse = (uint32_t)(rows * d * 4);
    push.scale = 0.125f;
    t = dispatch_time(device, "flash_attention", 1, &push, sizeof push, groups, &bytes, 3);
    if (t < 0) return 0;
    snprintf(row, sizeof row, "attention, %u x %u, %u heads of 64", (unsigned)batch, (unsigned)seq,
             (unsigned)heads);
    bench_row(row, 2e-9 * (double)rows * (seq + 1) * d / t, "GFLOP/s", 0, "");
    return 1;
}

/* Weights of 4 bits (MXFP4) that are on the device, by some vectors: GB/s of the weights and their
   scales, against `bandwidth`. */
static int fp4_row(nc_gpu *device, uint32_t n, size_t vectors, double bandwidth) {
    float *w = (float *)calloc((size_t)n * n, 4), *x = (float *)calloc(vectors * n, 4);
    float *y = (float *)calloc(vectors * n, 4);
    const double bytes = (double)n * n * (0.5 + 1.0 / 32);
    nc_fp4_tensor tensor;
    nc_fp4_gpu *gpu = NULL;
    nc_fp4_gpu_tensor *there = NULL;
    nc_status status = w && x && y ? NC_OK : NC_ERR_MEMORY;
    double seconds = 0;
    char row[64];
    memset(&tensor, 0, sizeof tensor);
    if (status == NC_OK) status = nc_fp4_tensor_create(&tensor, NC_FP4_MXFP4, NULL, w, n, n);
    if (status == NC_OK) status = nc_fp4_gpu_open(&gpu, device);
    if (status == NC_OK) status = nc_fp4_gpu_tensor_create(&there, gpu, &tensor);
    if (status == NC_OK) status = nc_fp4_gpu_tensor_matmul(there, x, vectors, y);
    if (status == NC_OK) status = program_time(device, there->program, &seconds);
    snprintf(row, sizeof row, "4-bit weights %u^2, %u vector%s", (unsigned)n, (unsigned)vectors,
             vectors == 1 ? "" : "s");
    if (status == NC_OK)
        bench_row(row, 1e-9 * bytes / seconds, "GB/s", bytes / seconds / bandwidth, "addition");
    else
        fprintf(stderr, "%s: %s: %s\n", row, nc_status_str(status), nc_gpu_last_error(device));
    nc_fp4_gpu_tensor_destroy(there);
    nc_fp4_gpu_close(gpu);
    nc_fp4_tensor_free(&tensor);
    free(w);
    free(x);
    free(y);
    return status == NC_OK;
}

/* Transforms of data that is on the device, several in a call. */
static int transform_row(nc_gpu *device, uint32_t log2_n, size_t count) {
    nc_gl_gpu *field = NULL;
    nc_gpu_buffer *data = NULL;
    nc_status status = nc_gl_gpu_open(&field, device, NULL);
    double runs[5];
    char row[64];
    int r;
    if (status == NC_OK) status = nc_gpu_buffer_create(device, (count << log2_n) * 8, &data);
    for (r = -1; r < 5 && status == NC_OK; r++) {
        const double start = bench_now();
        status = nc_gl_gpu_buffer_ntt(field, data, data, log2_n, count, 1, 0);
        if (r >= 0) runs[r] = bench_now() - start;
    }
    snprintf(row, sizeof row, "NTT 2^%u, each of %u", (unsigned)log2_n, (unsigned)count);
    if (status == NC_OK) {
        qsort(runs, 5, sizeof *runs, bench_order);
        bench_row(row, 1e3 * runs[2] / (double)count, "ms", 0, "");
    } else
        fprintf(stderr, "%s: %s: %s\n", row, nc_status_str(status), nc_gpu_last_error(device));
    nc_gpu_buffer_destroy(device, data);
    nc_gl_gpu_close(field);
    return status == NC_OK;
}

/* Rows kernels over `rows` rows of n: GB/s read and written, against the elementwise addition, whose
   bandwidth this returns; negative on an error. */
static double rows_kernels(nc_gpu *device, uint32_t rows, uint32_t n) {
    const size_t count = (size_t)rows * n, one[3] = {count * 4, count * 4, count * 4};
    const size_t norm[3] = {count * 4, 8 * (size_t)n, count * 4 + 8 * (size_t)rows};
    uint32_t add[6] = {0}, soft[4] = {0}, layer[9] = {0};
    size_t groups[3] = {1, 1, 1};
    double copy, t;
    add[0] = add[2] = (uint32_t)count;
    groups[0] = (count + 255) / 256;
    copy = dispatch_time(device, "elementwise", 3, add, sizeof add, groups, one, 3);
    if (copy < 0) return copy;
    copy = 12.0 * (double)count / copy;
    bench_row("addition, bandwidth", 1e-9 * copy, "GB/s", 0, "");
    groups[0] = nc_hlx__row_groups(rows);
    soft[0] = rows;
    soft[1] = n;
    t = dispatch_time(device, "softmax", 1, soft, sizeof soft, groups, one, 3);
    if (t < 0) return t;
    bench_row("softmax", 8e-9 * (double)count / t, "GB/s", 8.0 * (double)count / t / copy,
              "addition");
    layer[0] = rows;
    layer[1] = n;
    layer[4] = n;
    layer[6] = (uint32_t)count;
    layer[7] = (uint32_t)count + rows;
    t = dispatch_time(device, "layernorm", 3, layer, sizeof layer, groups, norm, 3);
    if (t < 0) return t;
    bench_row("layernorm", 8e-9 * (double)count / t, "GB/s", 8.0 * (double)count / t / copy,
              "addition");
    return copy;
}

/* Sums of approximate products, n^3 of them, by look-ups and by one product of bytes, against the
   float32 product of the same size. */
static int table_rows(nc_gpu *device, uint32_t n, double floats) {
    const uint32_t look_up[7] = {n, n, n, 0, n}, bytes[10] = {n, n, n / 4, 0, n, 0, 1};
    const size_t groups[2][3] = {{(n + 255) / 256, n / 8, 1}, {n / 64, n / 64, 1}};
    const size_t size = (size_t)n * n, sizes[4] = {131072, size, size, 4 * size};
    const int times = floats < 0.005 ? 20 : 1;
    double t;
    char row[64];
    t = dispatch_time(device, "axx_gemm", 4, look_up, sizeof look_up, groups[0], sizes, times);
    if (t <= 0) return 0;
    snprintf(row, sizeof row, "table products %u^3", (unsigned)n);
    bench_row(row, 1e-9 * n * n * n / t, "GMAC/s", floats / t, "float32 on this device");
    t = dispatch_time(device, "axx_terms", 3, bytes, sizeof bytes, groups[1], sizes + 1, times);
    if (t <= 0) return 0;
    snprintf(row, sizeof row, "products of bytes %u^3", (unsigned)n);
    bench_row(row, 1e-9 * n * n * n / t, "GMAC/s", floats / t, "float32 on this device");
    return 1;
}

/* The network of a generation, 16 models on 58 blocks of 32 instructions, against one
 * model of them here; the bits are compared. */
enum { MODELS = 16, BLOCKS = 58, LATENTS = NC_TIR_BLOCK_NODES * 64 };
static nc_gl words[BLOCKS * NC_TIR_BLOCK_WORDS];
static nc_fixed here[BLOCKS * LATENTS];
static void run_forward(void *model) {
    if (nc_tir_model_forward(model, words, BLOCKS, here) != NC_OK) here[0] = 1;
}
static int network(nc_gpu *device) {
    static nc_fixed there[MODELS * BLOCKS * LATENTS];
    nc_tir_model *model[MODELS];
    const nc_tir_model *list[MODELS];
    nc_tir_gpu *gpu;
    double start, t, runs[5];
    uint32_t i;
    int ok;
    if (nc_tir_gpu_open(&gpu, device) != NC_OK) return 0;
    for (i = 0; i < MODELS; i++) {
        if (nc_tir_model_create(&model[i], i) != NC_OK) return 0;
        list[i] = model[i];
    }
    for (i = 0; i < BLOCKS; i++) {
        char code[512] = "";
        int k;
        for (k = 0; k < 8; k++)
            snprintf(code + strlen(code), 64, "dup %u push %u mul add ", (i + (unsigned)k) % 7, i);
        if (nc_tir_encode(code, words + i * NC_TIR_BLOCK_WORDS, NULL) != NC_OK) return 0;
    }
    ok = nc_tir_gpu_forward(gpu, list, MODELS, words, BLOCKS, there) == NC_OK; /* warm-up */
    for (i = 0; ok && i < 5; i++) {
        start = bench_now();
        ok = nc_tir_gpu_forward(gpu, list, MODELS, words, BLOCKS, there) == NC_OK;
        runs[i] = bench_now() - start;
    }
    t = bench_time(run_forward, model[0]) * MODELS;
    ok = ok && memcmp(here, there, sizeof here) == 0;
    if (ok) {
        qsort(runs, 5, sizeof *runs, bench_order);
        bench_row("network: 16 models, 58 blocks", runs[2] * 1e3, "ms", t / runs[2],
                  "one core here, same bits");
    } else {
        fprintf(stderr, "network: latents differ, or %s\n", nc_gpu_last_error(device));
    }
    for (i = 0; i < MODELS; i++) nc_tir_model_destroy(model[i]);
    nc_tir_gpu_close(gpu);
    return ok;
}

static const char *text_of(size_t *bytes) {
    static char text[1 << 16];
    size_t i;
    for (i = 0; i < sizeof text; i++) text[i] = (char)(32 + i * i % 90);
    *bytes = sizeof text;
    return text;
}

/* Train on the device, and here as well to compare, when `steps` are few. */
static int training(nc_gpu *device, const char *name, const nc_hlx_config *config, int steps,
                    int compare) {
    nc_hlx_model *there = NULL, *here = NULL;
    nc_hlx_gpu *gpu = NULL;
    nc_hlx_loader a, b;
    nc_hlx_adamw adamw;
    size_t bytes;
    const char *text = text_of(&bytes);
    nc_status status = nc_hlx_create(&there, config, NULL);
    const double tokens = (double)config->batch_size * config->max_seq_len;
    double start;
    char row[96];
    int i, same = 1;
    memset(&adamw, 0, sizeof adamw);
    adamw.clip_norm = 1.0f;
    adamw.weight_decay = 0.1f;
    if (status == NC_OK) nc_hlx_init_weights(there, 1);
    if (status == NC_OK) status = nc_hlx_gpu_create(&gpu, device, there, &adamw);
    (void)nc_hlx_loader_init(&a, text, bytes, config->max_seq_len, 1);
    b = a;
    if (status == NC_OK && !compare) status = nc_hlx_gpu_train_step(gpu, &a, &adamw, NULL);
    start = bench_now();
    for (i = 0; i < steps && status == NC_OK; i++)
        status = nc_hlx_gpu_train_step(gpu, &a, &adamw, NULL);
    snprintf(row, sizeof row, "%s, training", name);
    if (status == NC_OK) bench_row(row, tokens * steps / (bench_now() - start), "tokens/s", 0, "");
    if (status == NC_OK && compare) {
        status = nc_hlx_create(&here, config, NULL);
        if (status == NC_OK) nc_hlx_init_weights(here, 1);
        for (i = 0; i < steps && status == NC_OK; i++)
            status = nc_hlx_train_step(here, &b, &adamw, NULL);
        if (status == NC_OK) status = nc_hlx_gpu_download(gpu);
        same = status == NC_OK && nc_hlx_digest(here) == nc_hlx_digest(there);
        if (status == NC_OK)
            printf("%d steps: device %016llx, CPU %016llx: %s\n", steps,
                   (unsigned long long)nc_hlx_digest(there),
                   (unsigned long long)nc_hlx_digest(here), same ? "the same" : "DIFFERENT");
    }
    if (status != NC_OK)
        fprintf(stderr, "%s: %s: %s\n", name, nc_status_str(status), nc_gpu_last_error(device));
    nc_hlx_gpu_destroy(gpu);
    nc_hlx_destroy(there);
    nc_hlx_destroy(here);
    return status == NC_OK && same;
}

static int measure(nc_gpu *device) {
    nc_hlx_config demo, tiny, small;
    double t = gemm_row(device, 512), bandwidth;
    const int fast = t > 0 && t < 0.005; /* a card, not a CPU that plays one */
    (void)nc_hlx_preset("demo", &demo);
    (void)nc_hlx_preset("tiny", &tiny);
    (void)nc_hlx_preset("small", &small);
    demo.batch_size = 2;
    if (t < 0 || (fast && (gemm_row(device, 2048) < 0 || gemm_row(device, 4096) < 0))) return 0;
    if (!table_rows(device, 512, t)) return 0;
    if ((bandwidth = rows_kernels(device, fast ? 65536 : 1024, 1024)) < 0) return 0;
    if (!flash_row(device, fast ? 8 : 1, fast ? 1024 : 256, fast ? 16 : 2)) return 0;
    if (!fp4_row(device, fast ? 8192 : 1024, 1, bandwidth)) return 0;
    if (!fp4_row(device, fast ? 8192 : 1024, 16, bandwidth)) return 0;
    if (!transform_row(device, 16, fast ? 256 : 2)) return 0;
    if (fast && !transform_row(device, 24, 8)) return 0;
    if (!network(device)) return 0;
    if (!training(device, "two layers, d 64", &demo, 20, 1)) return 0;
    if (!fast) return 1;
    if (!training(device, "tiny", &tiny, 50, 0)) return 0;
    tiny.flash = 1;
    if (!training(device, "tiny, flash", &tiny, 50, 0)) return 0;
    return training(device, "small", &small, 20, 0);
}

int main(int argc, char **argv) {
    static const char *const names[2] = {"vulkan", "cuda"};
    const char *only = NULL;
    int i, ok = 1;
    if (argc > 2 && !strcmp(argv[argc - 2], "--device")) {
        only = argv[argc - 1];
        argc -= 2;
    }
    for (i = 0; i < 2; i++) {
        nc_gpu_desc desc;
        nc_gpu *device;
        nc_error err;
        if (only && strcmp(only, names[i])) continue;
        memset(&desc, 0, sizeof desc);
        desc.kind = i ? NC_GPU_CUDA : NC_GPU_VULKAN;
        desc.kernel_path = getenv("NC_KERNEL_PATH");
        desc.library = getenv("NC_GPU_LIBRARY");
        if (nc_gpu_open(&device, &desc, &err) != NC_OK) {
            printf("%s: skipped: %s\n", names[i], err.message);
            continue;
        }
        printf("\n%s\n", nc_gpu_get_caps(device)->name);
        bench_begin(names[i], argc, argv, NULL);
        ok = measure(device) && ok;
        (void)bench_end();
        nc_gpu_close(device);
    }
    return !ok;
}
