/* Speed of nc_fp4.h on one core. */
#define _POSIX_C_SOURCE 199309L
#include "bench.h"
#define NC_IMPLEMENTATION
#include "../nc_fp4.h"

enum { N = 1 << 16 };
static float x[N], y[N];
static uint8_t codes[N / 2], scales[N / 8];
static nc_fp4_format format;
static nc_fp4_circuit *adder;

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
static void run_sliced(void *u) {
    static uint64_t in[65], out[33], wires[256];
    (void)u;
    nc_fp4_eval_sliced(adder, in, out, wires);
}
static void run_verify(void *u) {
    nc_fp4_circuit *eight;
    nc_fp4_report report;
    (void)u;
    if (nc_fp4_adder(&eight, 8, NULL) != NC_OK) abort();
    (void)nc_fp4_verify(eight, nc_fp4_adder_spec, eight, &report);
    nc_fp4_destroy(eight);
    if (report.wrong) abort();
}

int main(int argc, char **argv) {
    static const char *const name[] = {"E2M1", "MXFP4", "NVFP4", "NF4", "bnb FP4"};
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
    if (nc_fp4_adder(&adder, 32, NULL) != NC_OK) return 1;
    reference = bench_time(run_float, NULL);
    bench_row("32-bit adder, float threshold network", 1e-6 / reference, "Madd/s", 0, "");
    t = bench_time(run_sliced, NULL) / 64;
    bench_row("32-bit adder, bit-sliced", 1e-6 / t, "Madd/s", reference / t,
              "float threshold network");
    bench_row("8-bit adder, built and verified on all cases", bench_time(run_verify, NULL) * 1e3,
              "ms", 0, "");
    nc_fp4_destroy(adder);
    return bench_end();
}
