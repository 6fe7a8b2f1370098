/* gl_ntt: multiply two random polynomials over the Goldilocks field by NTT and check the product
   at a random point and, for small sizes, against the schoolbook product.
   cc -O2 gl_ntt.c -o gl_ntt */
#define _POSIX_C_SOURCE 199309L
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#define NC_IMPLEMENTATION
#include "../nc_goldilocks.h"
#include "cli.h"

static const char usage[] =
    "usage: gl_ntt [--json] [LOG2_MAX]\n"
    "Multiplies polynomials with 2^4 .. 2^LOG2_MAX coefficients (default 16, at most 24) and\n"
    "checks every product. Returns 0, 2 on bad usage, 3 when a product is wrong.\n";

static double seconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static nc_gl next(uint64_t *x) { /* xorshift64: enough for sample coefficients */
    *x ^= *x << 13;
    *x ^= *x >> 7;
    *x ^= *x << 17;
    return nc_gl_from_u64(*x);
}

/* Multiply two polynomials of n coefficients; -1 when a check fails, else the seconds taken. */
static double multiply(size_t n, double *schoolbook) {
    nc_gl *a = malloc(n * sizeof *a), *b = malloc(n * sizeof *b), *c = calloc(2 * n, sizeof *c);
    nc_gl *d = calloc(2 * n, sizeof *d), x;
    uint64_t seed = 88172645463325252u + n;
    double took = -1, start;
    size_t i;
    int ok = a && b && c && d;
    for (i = 0; ok && i < n; i++) {
        a[i] = next(&seed);
        b[i] = next(&seed);
    }
    start = seconds();
    if (ok) ok = nc_gl_poly_mul(c, a, n, b, n, NULL) == NC_OK;
    took = seconds() - start;
    if (ok) {
        x = next(&seed);
        ok = nc_gl_poly_eval(c, 2 * n - 1, x) ==
             nc_gl_mul(nc_gl_poly_eval(a, n, x), nc_gl_poly_eval(b, n, x));
    }
    *schoolbook = 0;
    if (ok && n <= 4096) {
        start = seconds();
        for (i = 0; i < n; i++) nc_gl_vec_axpy(d + i, a[i], b, n);
        *schoolbook = seconds() - start;
        ok = memcmp(c, d, 2 * n * sizeof *c) == 0;
    }
    free(a);
    free(b);
    free(c);
    free(d);
    return ok ? took : -1;
}

int main(int argc, char **argv) {
    int i, json = 0, log2_max = 16, k;
    argc = cli_begin(argc, argv, "gl_ntt", usage);
    for (i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "--json")) {
            json = 1;
            continue;
        }
        if (argv[i][0] != '-' && i + 1 == argc)
            log2_max = (int)cli_number("LOG2_MAX", argv[i], 4, 24);
        else
            return fprintf(stderr, "gl_ntt: bad argument '%s'\n%s", argv[i], usage), 2;
    }
    if (json)
        printf("[");
    else
        printf("%12s %12s %14s %8s\n", "coefficients", "NTT ms", "schoolbook ms", "ratio");
    for (k = 4; k <= log2_max; k += 2) {
        double schoolbook, took = multiply((size_t)1 << k, &schoolbook);
        if (took < 0) return cli_fail(CLI_FAILED, "wrong product at 2^%d", k);
        if (json)
            printf("%s{\"coefficients\": %zu, \"seconds\": %.6f}", k > 4 ? ", " : "",
                   (size_t)1 << k, took);
        else if (schoolbook > 0)
            printf("%12zu %12.3f %14.3f %7.1fx\n", (size_t)1 << k, took * 1e3, schoolbook * 1e3,
                   schoolbook / took);
        else
            printf("%12zu %12.3f %14s %8s\n", (size_t)1 << k, took * 1e3, "-", "-");
    }
    puts(json ? "]" : "every product checked");
    return 0;
}
