/* Timing for the benchmark programs: medians of several runs, a table on standard output and JSON
   in the file named on the command line. Ratios compare rows of the same run only. */
#ifndef NC_BENCH_H
#define NC_BENCH_H
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef void (*bench_fn)(void *argument);

static double bench_now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int bench_order(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

/* Median seconds of one call, over nine runs of at least 20 ms each. */
static double bench_time(bench_fn fn, void *argument) {
    double runs[9], start, took;
    long calls = 1, i;
    int r;
    for (;;) { /* the warm-up finds how many calls fill 20 ms */
        start = bench_now();
        for (i = 0; i < calls; i++) fn(argument);
        took = bench_now() - start;
        if (took > 0.02 || calls > 1L << 28) break;
        calls = took > 0.002 ? (long)((double)calls * 0.025 / took) + 1 : calls * 10;
    }
    for (r = 0; r < 9; r++) {
        start = bench_now();
        for (i = 0; i < calls; i++) fn(argument);
        runs[r] = (bench_now() - start) / (double)calls;
    }
    qsort(runs, 9, sizeof *runs, bench_order);
    return runs[4];
}

static FILE *bench_json;
static int bench_rows;

static void bench_begin(const char *name, int argc, char **argv) {
    bench_json = argc > 1 ? fopen(argv[1], "w") : NULL;
    if (bench_json) fprintf(bench_json, "{\"bench\": \"%s\", \"rows\": [", name);
    printf("\n%s\n%-44s %14s %-10s %10s  %s\n", name, "", "value", "unit", "ratio", "against");
}

/* One row; ratio 0 means none. */
static void bench_row(const char *what, double value, const char *unit, double ratio,
                      const char *against) {
    if (ratio > 0)
        printf("%-44s %14.4g %-10s %9.2fx  %s\n", what, value, unit, ratio, against);
    else
        printf("%-44s %14.4g %-10s\n", what, value, unit);
    fflush(stdout);
    if (!bench_json) return;
    fprintf(bench_json, "%s\n {\"what\": \"%s\", \"value\": %.6g, \"unit\": \"%s\"",
            bench_rows++ ? "," : "", what, value, unit);
    if (ratio > 0) fprintf(bench_json, ", \"ratio\": %.4f, \"against\": \"%s\"", ratio, against);
    fprintf(bench_json, "}");
}

/* A part of a whole: its rate, its time and its share of the whole's time. */
static inline void bench_part(const char *what, double rate, const char *unit, double seconds,
                              double share) {
    printf("%-44s %14.4g %-10s %9.1f us %5.1f %%\n", what, rate, unit, 1e6 * seconds, 100 * share);
    fflush(stdout);
    if (bench_json)
        fprintf(bench_json,
                "%s\n {\"what\": \"%s\", \"value\": %.6g, \"unit\": \"%s\", \"us\": %.4g, "
                "\"share\": %.4f}",
                bench_rows++ ? "," : "", what, rate, unit, 1e6 * seconds, share);
}

static int bench_end(void) {
    int failed = 0;
    if (bench_json) {
        fprintf(bench_json, "]}\n");
        failed = fclose(bench_json) != 0;
    }
    return failed;
}
#endif
