/* Speed of nc_axx.h on one core: a table look-up per product, against exact loops. */
#define _POSIX_C_SOURCE 199309L
#include "bench.h"
#define NC_IMPLEMENTATION
#include "../nc_axx.h"

enum { R = 128, K = 256, O = 128 };
static int8_t x[R * K], w[O * K];
static float y[R * O], fx[R * K], fw[O * K], scale[O];
static nc_axx_mult m;
static volatile double sink;

static void run_exact(void *u) {
    int r, o, k;
    (void)u;
    for (r = 0; r < R; r++)
        for (o = 0; o < O; o++) {
            int sum = 0;
            for (k = 0; k < K; k++) sum += x[r * K + k] * w[o * K + k];
            y[r * O + o] = (float)sum;
        }
}
static void run_float(void *u) {
    int r, o, k;
    (void)u;
    for (r = 0; r < R; r++)
        for (o = 0; o < O; o++) {
            float sum = 0;
            for (k = 0; k < K; k++) sum += fx[r * K + k] * fw[o * K + k];
            y[r * O + o] = sum;
        }
}
static void run_table(void *u) {
    (void)u;
    (void)nc_axx_linear(&m, x, 1.0f, w, scale, NULL, y, R, K, O);
}
static void run_measure(void *u) {
    nc_axx_metrics e;
    (void)u;
    nc_axx_measure(&m, &e);
    sink = e.mae;
}

int main(int argc, char **argv) {
    double exact, t, macs = (double)R * K * O;
    int i;
    for (i = 0; i < R * K; i++) fx[i] = x[i] = (int8_t)(i * 31 + 7);
    for (i = 0; i < O * K; i++) fw[i] = w[i] = (int8_t)(i * 17 + 3);
    for (i = 0; i < O; i++) scale[i] = 1.0f;
    (void)nc_axx_truncated(&m, 6);
    bench_begin("axx", argc, argv);
    exact = bench_time(run_exact, NULL);
    bench_row("exact int8 triple loop", macs / exact / 1e9, "GMAC/s", 0, "");
    t = bench_time(run_float, NULL);
    bench_row("float32 triple loop", macs / t / 1e9, "GMAC/s", exact / t, "exact int8 loop");
    t = bench_time(run_table, NULL);
    bench_row("nc_axx_linear, any table", macs / t / 1e9, "GMAC/s", exact / t, "exact int8 loop");
    bench_row("all metrics of a table", bench_time(run_measure, NULL) * 1e3, "ms", 0, "");
    return bench_end();
}
