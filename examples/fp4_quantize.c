/* fp4_quantize: quantise a real float32 matrix to each 4-bit format and print the error. The
   matrix is the correlation of the 64 pixels of 1,797 handwritten digits, or any CSV of numbers.
   cc -O2 fp4_quantize.c -lm -o fp4_quantize   (needs stb_ds.h) */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#define NC_IMPLEMENTATION
#include "../nc_fp4.h"

static const char usage[] = "usage: fp4_quantize [--json] [CSV]\n"
                            "Quantises a matrix to E2M1, MXFP4, NVFP4, NF4 and bitsandbytes FP4 by "
                            "each scale rule. Without\n"
                            "CSV: the pixel correlations of examples/data/digits.csv. Returns 0, 1 "
                            "on an error, 2 on bad usage.\n";

enum { PIXELS = 64, LIMIT = 1 << 22 };

/* All numbers of a CSV file in reading order; returns their count, 0 on an error. */
static size_t read_numbers(const char *path, float *out) {
    FILE *file = fopen(path, "r");
    size_t n = 0;
    double value;
    int c;
    if (!file) return 0;
    while (n < LIMIT && fscanf(file, "%lf", &value) == 1) {
        out[n++] = (float)value;
        c = fgetc(file);
        if (c != ',' && c != ';' && c != EOF) ungetc(c, file);
    }
    c = feof(file);
    fclose(file);
    return c ? n : 0;
}

/* Pixel correlations of rows of 64 pixels and a label. */
static size_t correlate(const float *rows, size_t count, float *out) {
    double mean[PIXELS] = {0}, sum[PIXELS][PIXELS] = {{0}};
    size_t r, i, j;
    for (r = 0; r < count; r++)
        for (i = 0; i < PIXELS; i++) mean[i] += (double)rows[r * 65 + i] / (double)count;
    for (r = 0; r < count; r++)
        for (i = 0; i < PIXELS; i++)
            for (j = 0; j < PIXELS; j++)
                sum[i][j] +=
                    ((double)rows[r * 65 + i] - mean[i]) * ((double)rows[r * 65 + j] - mean[j]);
    for (i = 0; i < PIXELS; i++)
        for (j = 0; j < PIXELS; j++) {
            double norm = sqrt(sum[i][i] * sum[j][j]);
            out[i * PIXELS + j] = norm > 0 ? (float)(sum[i][j] / norm) : 0.0f;
        }
    return PIXELS * PIXELS;
}

/* One line: a format under a rule. */
static int measure(nc_fp4_format format, nc_fp4_scale_rule rule, const float *x, size_t n,
                   int json) {
    static const char *const name[] = {"E2M1", "MXFP4", "NVFP4", "NF4", "bnb FP4"};
    static const char *const rules[] = {"floor", "ceil", "even", "mse", "ceil_power", "four_six"};
    static float y[LIMIT];
    static uint8_t codes[LIMIT / 2], scales[LIMIT / 8];
    const size_t bytes = nc_fp4_code_bytes(n) + nc_fp4_scale_bytes(format, n);
    nc_fp4_options o = {NC_FP4_SCALE_FLOOR, 0, 0, NC_FP4_AS_DEFINED, 0};
    nc_fp4_error_stats error;
    float tensor;
    o.rule = rule;
    if (nc_fp4_quantize_with(format, &o, x, n, codes, scales, &tensor) != NC_OK ||
        nc_fp4_dequantize(format, codes, scales, tensor, n, y) != NC_OK)
        return 0;
    nc_fp4_compare(x, y, n, &error);
    if (json)
        printf("%s{\"format\": \"%s\", \"rule\": \"%s\", \"bytes\": %zu, \"rmse\": %.6g, "
               "\"max_abs\": %.6g, \"snr_db\": %.3f}",
               format ? ", " : "", name[format], rules[rule], bytes, sqrt(error.mse), error.max_abs,
               error.snr_db);
    else
        printf("%-8s %-10s %6zu %9zu %8.3f %10.6f %9.5f %8.2f\n", name[format], rules[rule],
               nc_fp4_block(format), bytes, 8.0 * (double)bytes / (double)n, sqrt(error.mse),
               error.max_abs, error.snr_db);
    return 1;
}

int main(int argc, char **argv) {
    /* bit r: the format has rule r, and it is not the same as another */
    static const unsigned has[NC_FP4_FORMAT_COUNT] = {0x01, 0x1F, 0x29, 0x09, 0x09};
    static float x[LIMIT], digits[LIMIT];
    const char *path = NULL;
    int i, rule, json = 0;
    size_t n;
    for (i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "--help")) return fputs(usage, stdout) < 0;
        if (!strcmp(argv[i], "--json"))
            json = 1;
        else if (argv[i][0] != '-' && !path)
            path = argv[i];
        else
            return fprintf(stderr, "fp4_quantize: bad argument '%s'\n%s", argv[i], usage), 2;
    }
    if (path) {
        n = read_numbers(path, x);
    } else {
        n = read_numbers("examples/data/digits.csv", digits);
        n = n % 65 == 0 ? correlate(digits, n / 65, x) : 0;
    }
    if (!n)
        return fprintf(stderr, "fp4_quantize: no numbers in '%s'\n",
                       path ? path : "examples/data/digits.csv"),
               1;
    if (json)
        putchar('[');
    else
        printf("%zu values, float32 %zu bytes\n%-8s %-10s %6s %9s %8s %10s %9s %8s\n", n, 4 * n,
               "format", "rule", "block", "bytes", "bits/el", "rmse", "max |e|", "SNR dB");
    for (i = NC_FP4_E2M1; i < NC_FP4_FORMAT_COUNT; i++)
        for (rule = 0; rule < NC_FP4_SCALE_RULE_COUNT; rule++)
            if (has[i] >> rule & 1 &&
                !measure((nc_fp4_format)i, (nc_fp4_scale_rule)rule, x, n, json))
                return 1;
    if (json) puts("]");
    return 0;
}
