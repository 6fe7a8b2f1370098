/* Timing for the benchmark programs: medians of runs that take turns over the instruction sets of
   this machine, a Markdown table with a column for each on standard output, and JSON in the file
   named on the command line. Ratios compare figures of one run only. */
#ifndef NC_BENCH_H
#define NC_BENCH_H
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#ifdef _OPENMP
#include <omp.h>
#endif

typedef void (*bench_fn)(void *argument);

/* Makes the library use a level (-1: the best); nonzero when this machine lacks it. */
typedef int (*bench_level_fn)(int level);

/* Seconds of a call at each level; 0 where it was not measured. */
enum { BENCH_LEVELS = 4, BENCH_RUNS = 9 };
typedef struct bench_times {
    double at[BENCH_LEVELS];
} bench_times;

#if defined(__aarch64__) || defined(_M_ARM64)
static const char *const bench_level_name[] = {"portable", "NEON", "NEON with dot", "best"};
#else
static const char *const bench_level_name[] = {"portable", "AVX2", "AVX-512", "AVX-512 IFMA"};
#endif
static bench_level_fn bench_set_level;
static int bench_levels; /* how many this machine has */
static int bench_first;  /* the lowest that is measured: raised where the portable code crawls */
static int bench_level_used; /* now; the work may ask */
static FILE *bench_json;
static int bench_rows;

static double bench_now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int bench_order(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static void bench_use(int level) {
    bench_level_used = level;
    if (bench_set_level) (void)bench_set_level(level == bench_levels - 1 ? -1 : level);
}

static double bench_run(bench_fn fn, void *argument, long calls) {
    double start = bench_now();
    long i;
    for (i = 0; i < calls; i++) fn(argument);
    return (bench_now() - start) / (double)calls;
}

/* The warm-up finds how many calls fill 15 ms. */
static long bench_calls(bench_fn fn, void *argument) {
    long calls = 1;
    for (;;) {
        double took = bench_run(fn, argument, calls) * (double)calls;
        if (took > 0.01 || calls > 1L << 28) return calls;
        calls = took > 0.001 ? (long)((double)calls * 0.015 / took) + 1 : calls * 10;
    }
}

/* Median seconds of one call at the levels first .. last: nine rounds over them, three at least
   when they take longer than a second together. */
static bench_times bench_between(int first, int last, bench_fn fn, void *argument) {
    static double runs[BENCH_LEVELS][BENCH_RUNS];
    long calls[BENCH_LEVELS];
    bench_times result = {{0}};
    double start;
    int level, r;
    for (level = first; level <= last; level++) {
        bench_use(level);
        calls[level] = bench_calls(fn, argument);
    }
    start = bench_now();
    for (r = 0; r < BENCH_RUNS && (r < 3 || bench_now() - start < 1); r++)
        for (level = first; level <= last; level++) {
            bench_use(level);
            if (calls[level] > 1) fn(argument); /* the caches and predictors of this level */
            runs[level][r] = bench_run(fn, argument, calls[level]);
        }
    for (level = first; level <= last; level++) {
        qsort(runs[level], (size_t)r, sizeof runs[level][0], bench_order);
        result.at[level] = runs[level][r / 2];
    }
    bench_use(bench_levels - 1);
    return result;
}

/* At every level from bench_first. */
static inline bench_times bench_measure(bench_fn fn, void *argument) {
    return bench_between(bench_first, bench_levels - 1, fn, argument);
}

/* Two kinds of work in turn, so that both meet the same machine, at every level; *others gets the
   second one's. */
static inline bench_times bench_in_turn(bench_fn fn, void *argument, bench_fn other,
                                        bench_times *others) {
    static double runs[2][BENCH_LEVELS][BENCH_RUNS];
    long calls[2][BENCH_LEVELS];
    bench_times result = {{0}};
    int level, r;
    for (level = bench_first; level < bench_levels; level++) {
        bench_use(level);
        calls[0][level] = bench_calls(fn, argument);
        calls[1][level] = bench_calls(other, argument);
    }
    for (r = 0; r < BENCH_RUNS; r++)
        for (level = bench_first; level < bench_levels; level++) {
            bench_use(level);
            fn(argument); /* the caches and predictors of this level */
            runs[0][level][r] = bench_run(fn, argument, calls[0][level]);
            other(argument);
            runs[1][level][r] = bench_run(other, argument, calls[1][level]);
        }
    for (level = bench_first; level < bench_levels; level++) {
        qsort(runs[0][level], BENCH_RUNS, sizeof(double), bench_order);
        qsort(runs[1][level], BENCH_RUNS, sizeof(double), bench_order);
        result.at[level] = runs[0][level][BENCH_RUNS / 2];
        others->at[level] = runs[1][level][BENCH_RUNS / 2];
    }
    bench_use(bench_levels - 1);
    return result;
}

/* At the best level only. */
static inline double bench_time(bench_fn fn, void *argument) {
    return bench_between(bench_levels - 1, bench_levels - 1, fn, argument).at[bench_levels - 1];
}

/* Starts a table; without set_level there is one column. */
static void bench_begin(const char *name, int argc, char **argv, bench_level_fn set_level) {
    int level;
#ifdef _OPENMP
    omp_set_num_threads(1); /* rows for more say so */
#endif
    bench_json = argc > 1 && argv[1][0] != '-' ? fopen(argv[1], "w") : NULL;
    if (!bench_json && argc > 1 && argv[1][0] != '-') {
        fprintf(stderr, "%s: cannot write '%s'\n", name, argv[1]);
        exit(1);
    }
    bench_rows = bench_first = 0;
    bench_set_level = set_level;
    bench_levels = 1;
    while (set_level && bench_levels < BENCH_LEVELS && !set_level(bench_levels)) bench_levels++;
    bench_use(bench_levels - 1);
    if (bench_json) fprintf(bench_json, "{\"bench\": \"%s\", \"rows\": [", name);
    printf("\n| %-44s | %-9s |", name, "unit");
    for (level = 0; level < bench_levels; level++)
        printf(" %-16s |", set_level ? bench_level_name[level] : "value");
    printf(" %-58s |\n|%.46s|%.11s|", "against", "----------------------------------------------",
           "-----------");
    for (level = 0; level < bench_levels; level++) printf("------------------|");
    printf("------------------------------------------------------------|\n");
}

static void bench_json_numbers(const char *name, const double *v, const char *format) {
    const char *comma = "";
    int level;
    fprintf(bench_json, ", \"%s\": {", name);
    for (level = 0; level < bench_levels; level++)
        if (v[level] > 0) {
            fprintf(bench_json, "%s\"%s\": ", comma,
                    bench_set_level ? bench_level_name[level] : "value");
            fprintf(bench_json, format, v[level]);
            comma = ", ";
        }
    fprintf(bench_json, "}");
}

/* One row: values by level (0: none), those against portable where they are faster or slower, and
   the row's own comparison as times ('x') or percent ('%'); ratio may be null. */
static void bench_line(const char *what, const double *value, const double *faster,
                       const char *unit, const double *ratio, char format, const char *against) {
    char cell[64], own[256] = "";
    int level;
    printf("| %-44s | %-9s |", what, unit);
    for (level = 0; level < bench_levels; level++) {
        cell[0] = 0;
        if (value[level] > 0) {
            const char *wide = value[level] >= 9999.5 ? "%.0f" : "%.4g";
            int used = snprintf(cell, sizeof cell, wide, value[level]);
            if (faster && faster[level] > 0 && level)
                snprintf(cell + used, sizeof cell - (size_t)used, "%*s%.2fx",
                         used < 8 ? 8 - used : 1, "", faster[level]);
        }
        printf(" %-16s |", cell);
    }
    for (level = 0; ratio && level < bench_levels; level++) {
        size_t used = strlen(own);
        if (ratio[level] <= 0)
            snprintf(own + used, sizeof own - used, "%s", value[level] > 0 ? "- " : "");
        else if (format == '%')
            snprintf(own + used, sizeof own - used, "%.1f%% ", 100 * ratio[level]);
        else
            snprintf(own + used, sizeof own - used, ratio[level] >= 100 ? "%.0fx " : "%.3gx ",
                     ratio[level]);
    }
    snprintf(own + strlen(own), sizeof own - strlen(own), "%s", against);
    printf(" %-58s |\n", own);
    fflush(stdout);
    if (!bench_json) return;
    fprintf(bench_json, "%s\n {\"what\": \"%s\", \"unit\": \"%s\"", bench_rows++ ? "," : "", what,
            unit);
    bench_json_numbers("levels", value, "%.6g");
    if (ratio) {
        bench_json_numbers("ratio", ratio, "%.4f");
        fprintf(bench_json, ", \"against\": \"%s\"", against);
    }
    fprintf(bench_json, "}");
}

/* A row of measured times: `per` units in one call, a rate when the unit ends in /s, else a time in
   that unit. base, which may be null, is what one call is held against: times faster than that. */
static void bench_print(const char *what, bench_times t, double per, const char *unit,
                        const bench_times *base, const char *against) {
    double value[BENCH_LEVELS] = {0}, faster[BENCH_LEVELS] = {0}, ratio[BENCH_LEVELS] = {0};
    const size_t length = strlen(unit);
    const int rate = length > 2 && !strcmp(unit + length - 2, "/s");
    int level;
    for (level = 0; level < bench_levels; level++) {
        if (t.at[level] <= 0) continue;
        value[level] = rate ? per / t.at[level] : per * t.at[level];
        faster[level] = t.at[0] / t.at[level];
        if (base) ratio[level] = base->at[level] / t.at[level];
    }
    bench_line(what, value, faster, unit, base ? ratio : NULL, 'x', against);
}

/* Measured and printed in one. */
static inline bench_times bench_levels_row(const char *what, bench_fn fn, void *argument,
                                           double per, const char *unit, const bench_times *base,
                                           const char *against) {
    bench_times t = bench_measure(fn, argument);
    bench_print(what, t, per, unit, base, against);
    return t;
}

/* A part of a whole, which calls it so often: its rate, and its share of the whole's time. */
static inline void bench_part(const char *what, bench_times t, double per, const char *unit,
                              double calls, bench_times whole) {
    double value[BENCH_LEVELS] = {0}, faster[BENCH_LEVELS] = {0}, share[BENCH_LEVELS] = {0};
    int level;
    for (level = 0; level < bench_levels; level++)
        if (t.at[level] > 0) {
            value[level] = per / t.at[level];
            faster[level] = t.at[0] / t.at[level];
            share[level] = whole.at[level] > 0 ? calls * t.at[level] / whole.at[level] : 0;
        }
    bench_line(what, value, faster, unit, share, '%', "of the step");
}

/* One value of the best level, or of no level at all, in the last column; ratio 0 means none. */
static inline void bench_row(const char *what, double value, const char *unit, double ratio,
                             const char *against) {
    double values[BENCH_LEVELS] = {0}, ratios[BENCH_LEVELS] = {0};
    values[bench_levels - 1] = value;
    ratios[bench_levels - 1] = ratio;
    bench_line(what, values, NULL, unit, ratio > 0 ? ratios : NULL, 'x', ratio > 0 ? against : "");
}

/* All times of a measurement multiplied: what so many such calls take. */
static inline bench_times bench_scale(bench_times t, double by) {
    int level;
    for (level = 0; level < BENCH_LEVELS; level++) t.at[level] *= by;
    return t;
}

static int bench_end(void) {
    int failed = 0;
    if (bench_json) {
        fprintf(bench_json, "\n]}\n");
        failed = fclose(bench_json) != 0;
    }
    return failed;
}
#endif
