/* Speed of nc_fp4.h on one core, at every level of the machine. */
#define _POSIX_C_SOURCE 199309L
#include "bench.h"
#define NC_IMPLEMENTATION
#include "../nc_fp4.h"

enum { N = 1 << 16 };
static float x[N], y[N];
static uint8_t codes[N / 2], scales[N / 8];
static nc_fp4_format format;
static nc_fp4_network *adder;

static void run_copy(void *u) { (void)u, memcpy(y, x, sizeof x); }
static void run_quantize(void *u) {
    float tensor;
    (void)u;
    (void)nc_fp4_quantize(format, x, N, codes, scales, &tensor);
}
static void run_dequantize(void *u) {
    (void)u;
    (void)nc_fp4_dequantize(format, codes, scales, 1.0f, N, y);
}
static void run_float(void *u) {
    static float in[65], out[33], wires[256];
    (void)u;
    nc_fp4_eval_float(adder, in, out, wires);
}
/* Bit-sliced cases at a time: 65 inputs and 33 outputs of 32 words stay in the cache. */
enum { WORDS = 32, VALUES = 4096 };
static void run_sliced(void *u) {
    /* on cache lines, and the sums not a multiple of 4 KiB behind the summands: then a processor
       would take the one for the other */
    static uint64_t memory[98 * WORDS + 72];
    uint64_t *in = memory + (64 - (uintptr_t)memory % 64) / 8 % 8;
    size_t i;
    (void)u;
    for (i = 0; !in[0] && i < 65 * WORDS; i++) /* what was never written is one page of zeros */
        in[i] = (i + 1) * UINT64_C(0x9E3779B97F4A7C15);
    (void)nc_fp4_eval_sliced(adder, in, in + 65 * WORDS + 64, WORDS);
}
static void run_integers(void *u) {
    static uint64_t a[VALUES], b[VALUES], sum[VALUES];
    const uint64_t *in[3];
    uint64_t *out[2];
    (void)u;
    in[0] = a;
    in[1] = b;
    in[2] = NULL;
    out[0] = sum;
    out[1] = NULL;
    (void)nc_fp4_eval_integers(adder, in, out, VALUES);
}
static nc_fp4_network *eight;
static nc_fp4_circuit *eight_circuit;
static void run_verify(void *u) {
    nc_fp4_report report;
    (void)u;
    if (nc_fp4_verify(eight, eight_circuit, &report) != NC_OK || report.wrong) abort();
}
static void run_prove(void *u) {
    nc_fp4_circuit *c, *other;
    nc_fp4_network *n;
    nc_fp4_report report;
    (void)u;
    if (nc_fp4_make(&c, NC_FP4_ADDER, 64, 0, NULL) != NC_OK ||
        nc_fp4_make(&other, NC_FP4_ADDER, 64, 1, NULL) != NC_OK || nc_fp4_compile(c, &n) != NC_OK ||
        nc_fp4_verify(n, other, &report) != NC_OK || report.wrong || report.evidence != NC_FP4_BDD)
        abort();
    nc_fp4_network_destroy(n);
    nc_fp4_destroy(c);
    nc_fp4_destroy(other);
}

/* The same on more memory than caches hold: 64 MiB of float32. */
enum { LARGE = 1 << 24 };
static float *large, *large_out;
static uint8_t *large_codes, *large_scales;
static void run_large_copy(void *u) { (void)u, memcpy(large_out, large, LARGE * sizeof *large); }
static void run_large_quantize(void *u) {
    float tensor;
    (void)u;
    (void)nc_fp4_quantize(format, large, LARGE, large_codes, large_scales, &tensor);
}
static void run_large_dequantize(void *u) {
    (void)u;
    (void)nc_fp4_dequantize(format, large_codes, large_scales, 1.0f, LARGE, large_out);
}

static int set_level(int level) {
    const int used = nc_fp4_set_simd(level);
    return level >= 0 && used != level;
}

/* Quantising and back, bytes of float32 against memcpy of as many. */
static void codec_rows(const char *const *name, int first, int last, const char *size,
                       double gigabytes, bench_fn copy, bench_fn quantize, bench_fn dequantize) {
    bench_times copying = bench_measure(copy, NULL);
    char row[64];
    int f;
    snprintf(row, sizeof row, "memcpy, %s", size);
    bench_print(row, copying, gigabytes, "GB/s", NULL, "");
    for (f = first; f <= last; f++) {
        format = (nc_fp4_format)f;
        snprintf(row, sizeof row, "quantize %s, %s", name[f], size);
        (void)bench_levels_row(row, quantize, NULL, gigabytes, "GB/s", &copying, "memcpy");
        snprintf(row, sizeof row, "dequantize %s, %s", name[f], size);
        (void)bench_levels_row(row, dequantize, NULL, gigabytes, "GB/s", &copying, "memcpy");
    }
}

static void memory_bound(const char *const *name) {
    int i;
    large = malloc(LARGE * sizeof *large);
    large_out = malloc(LARGE * sizeof *large_out);
    large_codes = malloc(LARGE / 2);
    large_scales = malloc(LARGE / 16);
    if (!large || !large_out || !large_codes || !large_scales) abort();
    for (i = 0; i < LARGE; i++) large[i] = (float)((i % 4001 * 7919) % 2001 - 1000) / 300.0f;
    codec_rows(name, NC_FP4_MXFP4, NC_FP4_NF4, "64 MiB", 4e-9 * LARGE, run_large_copy,
               run_large_quantize, run_large_dequantize);
    free(large);
    free(large_out);
    free(large_codes);
    free(large_scales);
}

/* Products of a SIDE x SIDE matrix. The float32 one is what a compiler makes of 64 sums a row with
   the vectors of the level. */
enum { SIDE = 4096 };
static float *matrix, vector[SIDE], product[SIDE];
static int8_t bytes[SIDE];
static nc_fp4_tensor tensor;
#if defined(__x86_64__) && defined(__GNUC__)
#define FAST(target_) __attribute__((target(target_), optimize("O3")))
#elif defined(__GNUC__) && !defined(__clang__)
#define FAST(target_) __attribute__((optimize("O3")))
#else
#define FAST(target_)
#endif
#define FLOAT32(name, target_)                                                                     \
    FAST(target_) static void name(void) {                                                         \
        int r, c, k;                                                                               \
        for (r = 0; r < SIDE; r++) {                                                               \
            float sum[64] = {0}, all = 0;                                                          \
            for (c = 0; c < SIDE; c += 64)                                                         \
                for (k = 0; k < 64; k++)                                                           \
                    sum[k] += matrix[(size_t)r * SIDE + (size_t)(c + k)] * vector[c + k];          \
            for (k = 0; k < 64; k++) all += sum[k];                                                \
            product[r] = all;                                                                      \
        }                                                                                          \
    }
FLOAT32(float32_0, "sse2")
#if defined(__x86_64__) && defined(__GNUC__)
FLOAT32(float32_1, "avx2")
FLOAT32(float32_2, "avx512f")
#else
#define float32_1 float32_0
#define float32_2 float32_0
#endif
static void run_float32(void *u) {
    (void)u;
    if (bench_level_used == 0)
        float32_0();
    else if (bench_level_used == 1)
        float32_1();
    else
        float32_2();
}
static void run_matvec(void *u) {
    (void)u;
    (void)nc_fp4_matvec(&tensor, vector, product);
}
static void run_matvec_i8(void *u) {
    (void)u;
    (void)nc_fp4_matvec_i8(&tensor, bytes, 0.01f, product);
}
/* Other activations, many vectors, W^T; X holds 16 vectors, and the first again as bfloat16. */
enum { VECTORS = 16 };
static float *many, *many_out;
static uint16_t vector16[SIDE];
static void run_product(void *u) {
    const nc_fp4_product_options *const how = u;
    (void)nc_fp4_product(&tensor, how, how->x_type ? (const void *)vector16 : vector, 1, product);
}
static void run_batch(void *u) {
    (void)u;
    (void)nc_fp4_matmul(&tensor, many, VECTORS, many_out);
}
static void other_products(const char *name, bench_times base, double weights) {
    static nc_fp4_product_options short_floats, back;
    const bench_times batch = bench_scale(base, VECTORS);
    char row[64];
    short_floats.x_type = NC_FP4_BFLOAT16;
    back.transposed = 1;
    snprintf(row, sizeof row, "%s x bfloat16", name);
    (void)bench_levels_row(row, run_product, &short_floats, weights, "Gweight/s", &base, "float32");
    snprintf(row, sizeof row, "%s x float32, transposed", name);
    (void)bench_levels_row(row, run_product, &back, weights, "Gweight/s", &base, "float32");
    snprintf(row, sizeof row, "%s x float32, 16 vectors", name);
    (void)bench_levels_row(row, run_batch, NULL, VECTORS * weights, "Gweight/s", &batch,
                           "float32 product each");
}
static void coded_product(const char *name, const char *how, bench_times base, double weights) {
    static nc_fp4_product_options quantised;
    char row[64];
    quantised.quantised = 1;
    snprintf(row, sizeof row, "%s x %s (W4A4)%s", name, name, how);
    (void)bench_levels_row(row, run_product, &quantised, weights, "Gweight/s", &base, "float32");
}

/* The matrix in other projects' files, which are in memory: read as a tensor, and multiplied. */
typedef struct file_bytes {
    uint8_t *data;
    size_t bytes;
} file_bytes;
static nc_fp4_weights *in_file;
static nc_status keep_bytes(void *user, uint64_t at, const void *from, size_t n) {
    file_bytes *file = user;
    if (at + n > file->bytes) return NC_ERR_LIMIT;
    memcpy(file->data + at, from, n);
    return NC_OK;
}
static void run_read(void *u) {
    nc_fp4_tensor t;
    (void)u;
    if (nc_fp4_weights_read(in_file, 0, 0, 0, SIDE, &t, NULL) != NC_OK) abort();
    nc_fp4_tensor_free(&t);
}
/* Writes the matrix of floats in a layout and opens that. */
static void open_layout(nc_fp4_layout layout, nc_fp4_format as, uint64_t columns, int swizzled,
                        file_bytes *file) {
    nc_fp4_sink sink;
    nc_fp4_source source;
    nc_fp4_weights *floats;
    nc_fp4_writer *writer;
    nc_fp4_weight about;
    file_bytes plain;
    int k;
    memset(&about, 0, sizeof about);
    about.name = "m.weight";
    about.dtype = "F32";
    about.rank = 2;
    about.shape[0] = SIDE;
    about.shape[1] = columns;
    about.format = NC_FP4_FORMAT_COUNT;
    sink.write_fn = keep_bytes;
    for (k = 0; k < 2; k++) { /* floats, then the layout */
        file_bytes *to = k ? file : &plain;
        if (k) about.format = as, about.swizzled = swizzled;
        to->bytes = (size_t)SIDE * SIDE * (k ? 1 : 4) + 4096;
        to->data = calloc(to->bytes, 1);
        sink.user = to;
        if (!to->data || nc_fp4_writer_create(&writer, k ? layout : NC_FP4_LAYOUT_FLOAT) != NC_OK ||
            nc_fp4_writer_add(writer, &about, NULL) != NC_OK ||
            nc_fp4_writer_begin(writer, &sink, NULL) != NC_OK)
            abort();
        if (k ? nc_fp4_writer_convert(writer, 0, floats, 0, NULL, NULL, NULL, NULL, NULL) != NC_OK
              : nc_fp4_writer_values(writer, 0, 0, SIDE * columns, matrix, NULL) != NC_OK)
            abort();
        to->bytes = (size_t)nc_fp4_writer_size(writer);
        nc_fp4_writer_free(writer);
        nc_fp4_source_memory(&source, to->data, to->bytes);
        if (nc_fp4_weights_open(k ? &in_file : &floats, &source, 1, NULL) != NC_OK) abort();
    }
    nc_fp4_weights_close(floats);
    free(plain.data);
}
static void layouts(void) {
    static const struct {
        const char *name;
        nc_fp4_layout layout;
        nc_fp4_format format;
        uint64_t columns;
        int swizzled, first; /* the first of a format is what the others are held against */
    } rows[] = {{"MXFP4, own", NC_FP4_LAYOUT_OWN, NC_FP4_MXFP4, SIDE, 0, 1},
                {"MXFP4, gpt-oss", NC_FP4_LAYOUT_GPT_OSS, NC_FP4_MXFP4, SIDE, 0, 0},
                {"MXFP4, GGUF", NC_FP4_LAYOUT_GGUF, NC_FP4_MXFP4, SIDE, 0, 0},
                {"MXFP4, torchao, swizzled", NC_FP4_LAYOUT_TORCHAO, NC_FP4_MXFP4, SIDE, 1, 0},
                {"NVFP4, own", NC_FP4_LAYOUT_OWN, NC_FP4_NVFP4, SIDE, 0, 1},
                {"NVFP4, compressed-tensors", NC_FP4_LAYOUT_COMPRESSED, NC_FP4_NVFP4, SIDE, 0, 0},
                {"NVFP4, GGUF", NC_FP4_LAYOUT_GGUF, NC_FP4_NVFP4, SIDE, 0, 0},
                {"NF4, own", NC_FP4_LAYOUT_OWN, NC_FP4_NF4, SIDE, 0, 1},
                {"NF4, bitsandbytes", NC_FP4_LAYOUT_BNB, NC_FP4_NF4, SIDE, 0, 0},
                {"NF4, bitsandbytes, across rows", NC_FP4_LAYOUT_BNB, NC_FP4_NF4, SIDE - 2, 0, 0}};
    bench_times read, product, own_read = bench_scale((bench_times){{0}}, 0),
                               own_product = own_read;
    size_t i;
    for (i = 0; i < sizeof rows / sizeof *rows; i++) {
        const double weights = 1e-9 * SIDE * (double)rows[i].columns;
        file_bytes file;
        char row[64];
        open_layout(rows[i].layout, rows[i].format, rows[i].columns, rows[i].swizzled, &file);
        if (nc_fp4_weights_read(in_file, 0, 0, 0, SIDE, &tensor, NULL) != NC_OK) abort();
        read = bench_measure(run_read, NULL);
        snprintf(row, sizeof row, "read %s", rows[i].name);
        bench_print(row, read, weights, "Gweight/s", rows[i].first ? NULL : &own_read, "own");
        snprintf(row, sizeof row, "%s x float32", rows[i].name);
        product = bench_levels_row(row, run_matvec, NULL, weights, "Gweight/s",
                                   rows[i].first ? NULL : &own_product, "own");
        if (rows[i].first) own_read = read, own_product = product;
        nc_fp4_tensor_free(&tensor);
        nc_fp4_weights_close(in_file);
        free(file.data);
    }
}

static void products(const char *const *name) {
    const double weights = 1e-9 * SIDE * SIDE;
    bench_times base;
    char row[64];
    int f, i;
    matrix = malloc((size_t)SIDE * SIDE * sizeof *matrix);
    many = malloc(VECTORS * SIDE * sizeof *many);
    many_out = malloc(VECTORS * SIDE * sizeof *many_out);
    if (!matrix || !many || !many_out) abort();
    for (i = 0; i < VECTORS * SIDE; i++) many[i] = (float)(i % 17) / 17.0f;
    for (i = 0; i < SIDE * SIDE; i++)
        matrix[i] = (float)((i % 4001 * 7919) % 2001 - 1000) / 3000.0f;
    for (i = 0; i < SIDE; i++) {
        vector[i] = (float)(i % 17) / 17.0f;
        bytes[i] = (int8_t)(i % 200 - 100);
        vector16[i] = (uint16_t)(0x3C00 + i % 512);
    }
    base = bench_levels_row("float32 product, 4096^2", run_float32, NULL, weights, "Gweight/s",
                            NULL, "");
    for (f = 0; f < 5; f++) {
        if (nc_fp4_tensor_create(&tensor, (nc_fp4_format)f, NULL, matrix, SIDE, SIDE) != NC_OK)
            abort();
        snprintf(row, sizeof row, "%s x float32", name[f]);
        (void)bench_levels_row(row, run_matvec, NULL, weights, "Gweight/s", &base, "float32");
        if (f == NC_FP4_MXFP4 || f == NC_FP4_NVFP4 || f == NC_FP4_NF4)
            other_products(name[f], base, weights);
        if (f <= NC_FP4_NVFP4) {
            snprintf(row, sizeof row, "%s x int8", name[f]);
            (void)bench_levels_row(row, run_matvec_i8, NULL, weights, "Gweight/s", &base,
                                   "float32");
            coded_product(name[f], "", base, weights);
            if (nc_fp4_tensor_interleave(&tensor) != NC_OK) abort();
            snprintf(row, sizeof row, "%s x int8, 16 rows interleaved", name[f]);
            (void)bench_levels_row(row, run_matvec_i8, NULL, weights, "Gweight/s", &base,
                                   "float32");
            coded_product(name[f], ", interleaved", base, weights);
        }
        nc_fp4_tensor_free(&tensor);
    }
    layouts();
    free(matrix);
    free(many);
    free(many_out);
}

static void adders(void) {
    bench_times reference, base;
    nc_fp4_circuit *circuit;
    if (nc_fp4_make(&circuit, NC_FP4_ADDER, 32, 0, NULL) != NC_OK ||
        nc_fp4_compile(circuit, &adder) != NC_OK ||
        nc_fp4_make(&eight_circuit, NC_FP4_ADDER, 8, 0, NULL) != NC_OK ||
        nc_fp4_compile(eight_circuit, &eight) != NC_OK)
        exit(1);
    reference = bench_levels_row("32-bit adder, float threshold network", run_float, NULL, 1e-6,
                                 "Madd/s", NULL, "");
    base = bench_scale(reference, 64 * WORDS);
    base = bench_levels_row("32-bit adder, bit-sliced", run_sliced, NULL, 64e-9 * WORDS, "Gadd/s",
                            &base, "float threshold network");
    bench_print("  the same in units", base, 64 * 64e-9 * WORDS, "Gunit/s", NULL, "");
    base = bench_scale(reference, VALUES);
    (void)bench_levels_row("32-bit adder, from and to plain integers", run_integers, NULL,
                           1e-6 * VALUES, "Madd/s", &base, "float threshold network");
    (void)bench_levels_row("8-bit adder, all 131,072 cases", run_verify, NULL, 1e3, "ms", NULL, "");
    (void)bench_levels_row("64-bit adder, made, compiled and proven", run_prove, NULL, 1e3, "ms",
                           NULL, "");
    nc_fp4_network_destroy(eight);
    nc_fp4_destroy(eight_circuit);
    nc_fp4_network_destroy(adder);
    nc_fp4_destroy(circuit);
}

int main(int argc, char **argv) {
    static const char *const name[] = {"E2M1", "MXFP4", "NVFP4", "NF4", "bnb FP4"};
    int i;
    for (i = 0; i < N; i++) x[i] = (float)((i * 7919) % 2001 - 1000) / 300.0f;
    bench_begin("fp4", argc, argv, set_level);
    codec_rows(name, 0, 4, "256 KiB", 4e-9 * N, run_copy, run_quantize, run_dequantize);
    memory_bound(name);
    products(name);
    adders();
    return bench_end();
}
