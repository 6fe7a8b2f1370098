/* fp4_quantize: quantise a real float32 matrix to each 4-bit format and print the error. The
   matrix is the correlation of the 64 pixels of 1,797 handwritten digits, or any CSV of numbers.
   cc -O2 fp4_quantize.c -lm -o fp4_quantize   (needs stb_ds.h) */
#include <ctype.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#define NC_IMPLEMENTATION
#include "../nc_fp4.h"
#include "cli.h"

static const char usage[] =
    "usage: fp4_quantize [--json] [CSV]\n"
    "Quantises a matrix to E2M1, MXFP4, NVFP4, NF4 and bitsandbytes FP4 by each scale rule. "
    "Without\n"
    "CSV: the pixel correlations of examples/data/digits.csv. CSV: finite numbers with commas,\n"
    "semicolons or blanks between, quoted or not; a first line of names and lines that begin with "
    "#\n"
    "are skipped. Returns 0, 1 on an error, 2 on bad usage.\n";

enum { PIXELS = 64, LIMIT = 1 << 22 };

/* The first line that counts may be one of names: "a", b_1, infection, but not inf. */
static int are_names(const char *at) {
    const char *const from = at + (*at == '"');
    char *end;
    (void)strtod(from, &end);
    return (isalpha((unsigned char)*from) || *from == '_') &&
           (end == from || isalnum((unsigned char)*end) || *end == '_');
}

/* A field and the separator behind it: 1 where it is a finite float32. */
static int read_field(char **at, float *out) {
    const int quoted = **at == '"';
    char *const from = *at + quoted, *end;
    const double value = strtod(from, &end);
    if (end == from || !(fabs(value) <= (double)FLT_MAX) || (quoted && *end++ != '"')) return 0;
    *out = (float)value;
    if (*end && !strchr(",; \t\r\n", *end)) return 0;
    end += strspn(end, " \t\r");
    *at = end + (*end == ',' || *end == ';');
    *at += strspn(*at, " \t\r");
    return 1;
}

/* The numbers of a text in reading order; returns their count, 0 and a message on an error. */
static size_t parse(const char *path, char *text, float *out) {
    size_t n = 0, line;
    char *at = text, *start;
    int names = 1;
    for (line = 1; *at; line++, at += *at == '\n') {
        start = at;
        at += strspn(at, " \t\r");
        if (*at == '#' || (*at && *at != '\n' && names && are_names(at))) {
            names = names && *at == '#';
            at += strcspn(at, "\n");
        }
        for (; *at && *at != '\n'; names = 0, n++) {
            const int room = n < LIMIT;
            if (!room || !read_field(&at, &out[n]))
                return (size_t)cli_fail(0, "%s:%zu:%zu: %s", path, line, (size_t)(at - start) + 1,
                                        room ? "no finite number of float32" : "too many numbers");
        }
    }
    return n ? n : (size_t)cli_fail(0, "there are no numbers in '%s'", path);
}

static size_t read_numbers(const char *path, float *out, const char *hint) {
    char *text;
    size_t bytes, n;
    nc_error err;
    errno = 0;
    if (nc_file_read(path, &text, &bytes, &err) != NC_OK)
        return (size_t)cli_fail(0, "%s%s", err.message, hint);
    if (memchr(text, 0, bytes))
        n = (size_t)cli_fail(0, "'%s' is no text: it has a NUL", path);
    else
        n = parse(path, text, out);
    nc_file_free(text);
    return n;
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

/* A member of JSON, which has no infinity and no NaN: of scales beyond float32 come both. */
static void print_json(const char *key, double value, int decibels) {
    printf(", \"%s\": ", key);
    if (isfinite(value))
        printf(decibels ? "%.3f" : "%.6g", value);
    else
        printf("null");
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
    if (json) {
        printf("%s{\"format\": \"%s\", \"rule\": \"%s\", \"bytes\": %zu", format ? ", " : "",
               name[format], rules[rule], bytes);
        print_json("rmse", sqrt(error.mse), 0);
        print_json("max_abs", error.max_abs, 0);
        print_json("snr_db", error.snr_db, 1);
        printf("}");
    } else {
        printf("%-8s %-10s %6zu %9zu %8.3f %10.6f %9.5f %8.2f\n", name[format], rules[rule],
               nc_fp4_block(format), bytes, 8.0 * (double)bytes / (double)n, sqrt(error.mse),
               error.max_abs, error.snr_db);
    }
    return 1;
}

int main(int argc, char **argv) {
    /* bit r: the format has rule r, and it is not the same as another */
    static const unsigned has[NC_FP4_FORMAT_COUNT] = {0x01, 0x1F, 0x29, 0x09, 0x09};
    static float x[LIMIT], digits[LIMIT];
    const char *path = NULL;
    int i, rule, json = 0;
    size_t n;
    argc = cli_begin(argc, argv, "fp4_quantize", usage);
    for (i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "--json"))
            json = 1;
        else if (argv[i][0] != '-' && !path)
            path = argv[i];
        else
            return fprintf(stderr, "fp4_quantize: bad argument '%s'\n%s", argv[i], usage), 2;
    }
    if (path) {
        n = read_numbers(path, x, "");
    } else {
        path = "examples/data/digits.csv";
        n = read_numbers(path, digits, "; run in the repository, or name a CSV");
        if (n % (PIXELS + 1)) return cli_fail(CLI_ERROR, "'%s' is no rows of 65 numbers", path);
        n = n ? correlate(digits, n / (PIXELS + 1), x) : 0;
    }
    if (!n) return CLI_ERROR;
    if (json)
        putchar('[');
    else
        printf("%zu values, float32 %zu bytes\n%-8s %-10s %6s %9s %8s %10s %9s %8s\n", n, 4 * n,
               "format", "rule", "block", "bytes", "bits/el", "rmse", "max |e|", "SNR dB");
    for (i = NC_FP4_E2M1; i < NC_FP4_FORMAT_COUNT; i++)
        for (rule = 0; rule < NC_FP4_SCALE_RULE_COUNT; rule++)
            if (has[i] >> rule & 1 &&
                !measure((nc_fp4_format)i, (nc_fp4_scale_rule)rule, x, n, json))
                return cli_fail(CLI_ERROR, "format %d refuses rule %d", i, rule);
    if (json) puts("]");
    return 0;
}
