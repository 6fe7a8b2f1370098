/* Speed of nc_fp4.h on one core. */
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
    (void)u;
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

static void memory_bound(const char *const *name) {
    const double gigabytes = 4e-9 * LARGE;
    double copied, t;
    char row[64];
    int f, i;
    large = malloc(LARGE * sizeof *large);
    large_out = malloc(LARGE * sizeof *large_out);
    large_codes = malloc(LARGE / 2);
    large_scales = malloc(LARGE / 16);
    if (!large || !large_out || !large_codes || !large_scales) abort();
    for (i = 0; i < LARGE; i++) large[i] = (float)((i % 4001 * 7919) % 2001 - 1000) / 300.0f;
    copied = bench_time(run_large_copy, NULL);
    bench_row("memcpy, 64 MiB", gigabytes / copied, "GB/s", 0, "");
    for (f = NC_FP4_MXFP4; f <= NC_FP4_NF4; f++) {
        format = (nc_fp4_format)f;
        t = bench_time(run_large_quantize, NULL);
        snprintf(row, sizeof row, "quantize %s, 64 MiB", name[f]);
        bench_row(row, gigabytes / t, "GB/s", copied / t, "memcpy");
        t = bench_time(run_large_dequantize, NULL);
        snprintf(row, sizeof row, "dequantize %s, 64 MiB", name[f]);
        bench_row(row, gigabytes / t, "GB/s", copied / t, "memcpy");
    }
    free(large);
    free(large_out);
    free(large_codes);
    free(large_scales);
}

/* Products of a SIDE x SIDE matrix. The float32 one is what a compiler makes of eight sums a row. */
enum { SIDE = 4096 };
static float *matrix, vector[SIDE], product[SIDE];
static int8_t bytes[SIDE];
static nc_fp4_tensor tensor;
#if defined(__x86_64__) && defined(__GNUC__)
__attribute__((target_clones("avx512f", "avx2", "default"), optimize("O3")))
#endif
static void
run_float32(void *u) {
    int r, c, k;
    (void)u;
    for (r = 0; r < SIDE; r++) {
        float sum[64] = {0}, all = 0;
        for (c = 0; c < SIDE; c += 64)
            for (k = 0; k < 64; k++)
                sum[k] += matrix[(size_t)r * SIDE + (size_t)(c + k)] * vector[c + k];
        for (k = 0; k < 64; k++) all += sum[k];
        product[r] = all;
    }
}
static void run_matvec(void *u) {
    (void)u;
    (void)nc_fp4_matvec(&tensor, vector, product);
}
static void run_matvec_i8(void *u) {
    (void)u;
    (void)nc_fp4_matvec_i8(&tensor, bytes, 0.01f, product);
}

static void products(void) {
    static const char *const name[] = {"E2M1", "MXFP4", "NVFP4", "NF4", "bnb FP4"};
    double base, t;
    char row[64];
    int f, i;
    matrix = malloc((size_t)SIDE * SIDE * sizeof *matrix);
    if (!matrix) abort();
    for (i = 0; i < SIDE * SIDE; i++)
        matrix[i] = (float)((i % 4001 * 7919) % 2001 - 1000) / 3000.0f;
    for (i = 0; i < SIDE; i++) {
        vector[i] = (float)(i % 17) / 17.0f;
        bytes[i] = (int8_t)(i % 200 - 100);
    }
    base = bench_time(run_float32, NULL);
    bench_row("float32 product, 4096^2", 1e-9 * SIDE * SIDE / base, "Gweight/s", 0, "");
    for (f = 0; f < 5; f++) {
        if (nc_fp4_tensor_create(&tensor, (nc_fp4_format)f, NULL, matrix, SIDE, SIDE) != NC_OK)
            abort();
        t = bench_time(run_matvec, NULL);
        snprintf(row, sizeof row, "%s x float32", name[f]);
        bench_row(row, 1e-9 * SIDE * SIDE / t, "Gweight/s", base / t, "float32");
        if (f <= NC_FP4_NVFP4) {
            t = bench_time(run_matvec_i8, NULL);
            snprintf(row, sizeof row, "%s x int8", name[f]);
            bench_row(row, 1e-9 * SIDE * SIDE / t, "Gweight/s", base / t, "float32");
            if (nc_fp4_tensor_interleave(&tensor) != NC_OK) abort();
            t = bench_time(run_matvec_i8, NULL);
            snprintf(row, sizeof row, "%s x int8, 16 rows interleaved", name[f]);
            bench_row(row, 1e-9 * SIDE * SIDE / t, "Gweight/s", base / t, "float32");
        }
        nc_fp4_tensor_free(&tensor);
    }
    free(matrix);
}

int main(int argc, char **argv) {
    static const char *const name[] = {"E2M1", "MXFP4", "NVFP4", "NF4", "bnb FP4"};
    nc_fp4_circuit *circuit;
    double copied, t, reference;
    char row[64];
    int i;
    for (i = 0; i < N; i++) x[i] = (float)((i * 7919) % 2001 - 1000) / 300.0f;
    bench_begin("fp4", argc, argv);
    copied = bench_time(run_copy, NULL);
    bench_row("memcpy of float32", sizeof x / copied / 1e9, "GB/s", 0, "");
    for (i = 0; i < 5; i++) {
        format = (nc_fp4_format)i;
        t = bench_time(run_quantize, NULL);
        snprintf(row, sizeof row, "quantize %s, float32 read", name[i]);
        bench_row(row, sizeof x / t / 1e9, "GB/s", copied / t, "memcpy");
        t = bench_time(run_dequantize, NULL);
        snprintf(row, sizeof row, "dequantize %s, float32 written", name[i]);
        bench_row(row, sizeof x / t / 1e9, "GB/s", copied / t, "memcpy");
    }
    memory_bound(name);
    products();
    if (nc_fp4_make(&circuit, NC_FP4_ADDER, 32, 0, NULL) != NC_OK ||
        nc_fp4_compile(circuit, &adder) != NC_OK ||
        nc_fp4_make(&eight_circuit, NC_FP4_ADDER, 8, 0, NULL) != NC_OK ||
        nc_fp4_compile(eight_circuit, &eight) != NC_OK)
        return 1;
    reference = bench_time(run_float, NULL);
    bench_row("32-bit adder, float threshold network", 1e-6 / reference, "Madd/s", 0, "");
    t = bench_time(run_sliced, NULL) / (64 * WORDS);
    bench_row("32-bit adder, bit-sliced", 1e-9 / t, "Gadd/s", reference / t,
              "float threshold network");
    bench_row("the same in units", 64e-9 / t, "Gunit/s", 0, "");
    t = bench_time(run_integers, NULL) / VALUES;
    bench_row("32-bit adder, from and to plain integers", 1e-6 / t, "Madd/s", reference / t,
              "float threshold network");
    bench_row("8-bit adder, all 131,072 cases", bench_time(run_verify, NULL) * 1e3, "ms", 0, "");
    bench_row("64-bit adder, made, compiled and proven", bench_time(run_prove, NULL) * 1e3, "ms", 0,
              "");
    nc_fp4_network_destroy(eight);
    nc_fp4_destroy(eight_circuit);
    nc_fp4_network_destroy(adder);
    nc_fp4_destroy(circuit);
    return bench_end();
}
