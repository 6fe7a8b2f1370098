/* fp4_convert: the tensors of safetensors (in one file or in shards), GGUF or .npy files as a table, or
   converted to 4-bit weights in another project's layout. A tensor is read and written in strips of
   rows, so that memory stays bounded whatever the model's size.
   cc -O2 fp4_convert.c -lm -o fp4_convert */
#define _POSIX_C_SOURCE 199309L
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#if defined(_WIN32)
#include <io.h>
#define isatty _isatty
#define fileno _fileno
#else
#include <unistd.h>
#endif
#define NC_IMPLEMENTATION
#include "../nc_fp4.h"
#include "cli.h"

static const char usage[] =
    "usage: fp4_convert IN [-o OUT] [--to FORMAT] [--layout NAME] [--rule floor|ceil|even|mse]\n"
    "                   [--as PROJECT] [--block N] [--nested N] [--only TEXT]\n"
    "                   [--json]\n"
    "IN: a .safetensors, .gguf or .npy file, or the index of shards (.safetensors.index.json).\n"
    "Without -o: a table of its tensors. With it all are written to OUT: 4-bit weights as they "
    "are\n"
    "where FORMAT and layout allow it, matrices of floats quantised (with --only those whose name\n"
    "holds TEXT), everything else byte for byte.\n"
    "FORMAT: mxfp4 nvfp4 nf4 fp4_bnb e2m1, or f32 f16 bf16: all 4-bit weights decoded\n"
    "        (default: what the layout has; that of the input where there is one)\n"
    "NAME:   own bitsandbytes gpt-oss compressed-tensors modelopt torchao mlx gguf float\n"
    "        (default: by OUT's ending and FORMAT)\n"
    "PROJECT: whose arithmetic quantises: definition torchao compressed-tensors modelopt\n"
    "        bitsandbytes ggml (default: definition)\n"
    "N:      elements per scale, for nf4 and fp4_bnb (default 64); nested: scales of bitsandbytes\n"
    "        that become 8-bit codes with one scale (256 is its own; default: as in IN)\n"
    "Matrices that the layout cannot hold stay floats and are named; where --to asks for 4 bits\n"
    "and nothing gets them no file is written.\n"
    "Returns 0, 1 on an error, 2 on bad usage.\n";

typedef struct options {
    const char *in, *out, *only;
    nc_fp4_layout layout;
    int format; /* of nc_fp4_format; NC_FP4_FORMAT_COUNT: floats; -1: not given */
    const char *dtype;
    nc_fp4_options rule;
    uint32_t block, nested;
} options;

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int fail(const char *what, const nc_error *err) {
    fprintf(stderr, "fp4_convert: %s: %s\n", what, err->message);
    return 1;
}

static const char *format_of(const nc_fp4_weight *w) {
    return w->format == NC_FP4_FORMAT_COUNT ? w->dtype : nc_fp4_format_name(w->format);
}

/* The beginning of a tensor's object: name, shape, layout, and what it is. */
static void json_weight(const nc_fp4_weight *w, int first) {
    uint32_t i;
    fputs(first ? "{\"name\": " : ",\n {\"name\": ", cli_json);
    cli_json_text(cli_json, w->name);
    fputs(", \"shape\": [", cli_json);
    for (i = 0; i < w->rank; i++)
        fprintf(cli_json, i ? ", %llu" : "%llu", (unsigned long long)w->shape[i]);
    fprintf(cli_json, "], \"layout\": \"%s\", \"format\": \"%s\", \"block\": %u, \"bytes\": %llu",
            nc_fp4_layout_name(w->layout), format_of(w), (unsigned)w->block,
            (unsigned long long)w->bytes);
}

static void print_shape(const nc_fp4_weight *w) {
    char text[64] = "-";
    size_t n = 0;
    uint32_t i;
    for (i = 0; i < w->rank && i < 8 && n < sizeof text; i++)
        n += (size_t)snprintf(text + n, sizeof text - n, i ? "x%llu" : "%llu",
                              (unsigned long long)w->shape[i]);
    printf("%-20s ", text);
}

static int list(const nc_fp4_weights *weights) {
    uint64_t bytes = 0;
    size_t i, n = nc_fp4_weights_count(weights);
    printf("%-40s %-20s %-18s %-8s %6s %14s\n", "name", "shape", "layout", "format", "block",
           "bytes");
    if (cli_json) fputs("{\"tensors\": [", cli_json);
    for (i = 0; i < n; i++) {
        const nc_fp4_weight *w = nc_fp4_weights_get(weights, i);
        if (cli_json) {
            json_weight(w, i == 0);
            fputc('}', cli_json);
        }
        printf("%-40s ", w->name);
        print_shape(w);
        printf("%-18s %-8s %6u %14llu\n", nc_fp4_layout_name(w->layout), format_of(w),
               (unsigned)w->block, (unsigned long long)w->bytes);
        bytes += w->bytes;
    }
    if (cli_json) fprintf(cli_json, "],\n \"bytes\": %llu}\n", (unsigned long long)bytes);
    printf("%zu tensors, %llu bytes\n", n, (unsigned long long)bytes);
    return 0;
}

/* The format that a layout has where none is given. */
static nc_fp4_format default_format(const options *o) {
    switch (o->layout) {
    case NC_FP4_LAYOUT_BNB: return NC_FP4_NF4;
    case NC_FP4_LAYOUT_COMPRESSED:
    case NC_FP4_LAYOUT_MODELOPT: return NC_FP4_NVFP4;
    default: return NC_FP4_MXFP4;
    }
}

/* 1: the layout has such a weight, else `err` says why not. Asked by planning it in a writer of its
   own. */
static int can_hold(nc_fp4_layout layout, const nc_fp4_weight *w, nc_error *err) {
    nc_fp4_writer *writer;
    int can;
    if (nc_fp4_writer_create(&writer, layout) != NC_OK) return 0;
    can = nc_fp4_writer_add(writer, w, err) == NC_OK;
    nc_fp4_writer_free(writer);
    return can;
}

/* What a weight becomes. 0: it is no 4-bit weight although it should be one; `err` says why. */
static int plan(const options *o, const nc_fp4_weight *w, nc_fp4_weight *to, nc_error *err) {
    int as_asked = 1;
    const int four = w->format != NC_FP4_FORMAT_COUNT;
    const int matrix = w->layout == NC_FP4_LAYOUT_FLOAT && w->rank > 1 && w->rows > 1 &&
                       (!o->only || strstr(w->name, o->only));
    *to = *w;
    if (o->nested) to->nested = o->nested;
    if (o->format != NC_FP4_FORMAT_COUNT && o->layout != NC_FP4_LAYOUT_FLOAT && (four || matrix)) {
        if (!four || o->format >= 0)
            to->format = o->format >= 0 ? (nc_fp4_format)o->format : default_format(o);
        if (to->format == NC_FP4_NF4 || to->format == NC_FP4_BNB) {
            if (o->block || to->format != w->format) to->block = o->block;
        } else {
            to->block = 0;
        }
        if (can_hold(o->layout, to, err)) return 1;
        if (four && o->format < 0) { /* a format that this layout has */
            to->format = default_format(o);
            to->block = 0;
            if (can_hold(o->layout, to, err)) return 1;
        }
        *to = *w;
        as_asked = 0;
    }
    to->format = NC_FP4_FORMAT_COUNT;
    if (four || (o->dtype && w->layout == NC_FP4_LAYOUT_FLOAT))
        to->dtype = o->dtype ? o->dtype : "BF16";
    else if (w->layout == NC_FP4_LAYOUT_FLOAT && !strcmp(w->dtype, "F64") &&
             o->layout == NC_FP4_LAYOUT_GGUF)
        to->dtype = "F32";
    return as_asked;
}

/* The name of the tensor that is worked on. */
static int progress(void *user, uint64_t done, uint64_t total) {
    if (!isatty(fileno(stderr))) return 0;
    fprintf(stderr, "\r%-60.60s %3d %%", (const char *)user,
            total ? (int)(100.0 * (double)done / (double)total) : 100);
    if (done >= total) fprintf(stderr, "\r%66s\r", "");
    return 0;
}

/* All weights, one after the other; a line each. */
static int convert_all(const options *o, const nc_fp4_weights *weights, nc_fp4_writer *writer) {
    const size_t n = nc_fp4_weights_count(weights);
    const double start = now();
    uint64_t before = 0;
    size_t i;
    printf("%-40s %-20s %-8s %-8s %12s %10s %8s %10s %8s\n", "name", "shape", "from", "to", "bytes",
           "rmse", "SNR dB", "saturated", "seconds");
    if (cli_json) fputs("{\"tensors\": [", cli_json);
    for (i = 0; i < n; i++) {
        const nc_fp4_weight *w = nc_fp4_weights_get(weights, i);
        const double began = now();
        nc_fp4_conversion report;
        nc_fp4_weight to;
        nc_error err;
        char name[64];
        snprintf(name, sizeof name, "%s", w->name);
        (void)plan(o, w, &to, &err);
        if (nc_fp4_writer_convert(writer, i, weights, i, &o->rule, &report, progress, name, &err) !=
            NC_OK)
            return fail(w->name, &err);
        before += w->bytes;
        printf("%-40s ", w->name);
        print_shape(w);
        printf("%-8s %-8s %12llu ", format_of(w), format_of(&to), (unsigned long long)w->bytes);
        if (to.format != NC_FP4_FORMAT_COUNT && !report.kept)
            printf("%10.3g %8.2f %10llu", sqrt(report.stats.mse), report.stats.snr_db,
                   (unsigned long long)report.saturated);
        else
            printf("%10s %8s %10s", report.kept ? "kept" : "-", "-", "-");
        printf(" %8.2f\n", now() - began);
        if (cli_json) {
            json_weight(w, i == 0);
            fprintf(cli_json, ", \"to\": \"%s\", \"kept\": %s", format_of(&to),
                    report.kept ? "true" : "false");
            if (to.format != NC_FP4_FORMAT_COUNT && !report.kept) {
                fprintf(cli_json, ", \"rmse\": %.9g, \"saturated\": %llu", sqrt(report.stats.mse),
                        (unsigned long long)report.saturated);
                if (isfinite(report.stats.snr_db)) /* no error: no ratio */
                    fprintf(cli_json, ", \"snr_db\": %.9g", report.stats.snr_db);
            }
            fputc('}', cli_json);
        }
    }
    if (cli_json)
        fprintf(cli_json, "],\n \"bytes_in\": %llu, \"bytes_out\": %llu}\n",
                (unsigned long long)before, (unsigned long long)nc_fp4_writer_size(writer));
    printf("%zu tensors, %llu bytes in, %llu out, %.1f seconds\n", n, (unsigned long long)before,
           (unsigned long long)nc_fp4_writer_size(writer), now() - start);
    return 0;
}

static int convert(const options *o, const nc_fp4_weights *weights) {
    nc_fp4_writer *writer = NULL;
    nc_fp4_sink sink;
    nc_error err;
    nc_status status;
    size_t i, refused = 0, four = 0;
    int result = 1;
    if (nc_fp4_sink_open(&sink, o->out, &err) != NC_OK) return fail(o->out, &err);
    err.message[0] = 0;
    status = nc_fp4_writer_create(&writer, o->layout);
    if (status == NC_OK) status = nc_fp4_writer_pairs(writer, weights);
    for (i = 0; i < nc_fp4_weights_count(weights) && status == NC_OK; i++) {
        nc_fp4_weight to;
        if (!plan(o, nc_fp4_weights_get(weights, i), &to, &err)) {
            fprintf(stderr, "fp4_convert: %s: it stays %s\n", err.message, to.dtype);
            refused++;
        }
        four += to.format != NC_FP4_FORMAT_COUNT;
        status = nc_fp4_writer_add(writer, &to, &err);
    }
    if (status == NC_OK) status = nc_fp4_writer_begin(writer, &sink, &err);
    if (status == NC_OK && o->format >= 0 && refused && !four)
        fprintf(stderr, "fp4_convert: nothing becomes 4 bits: no file is written\n");
    else if (status == NC_OK)
        result = convert_all(o, weights, writer);
    else
        (void)fail(o->out, &err);
    nc_fp4_writer_free(writer);
    if (nc_fp4_sink_close(&sink, result == 0, &err) != NC_OK) return fail(o->out, &err);
    return result;
}

/* 1: text ends so. */
static int ends(const char *text, const char *with) {
    const size_t n = strlen(text), k = strlen(with);
    return n >= k && !strcmp(text + n - k, with);
}

/* 1: the same letters, whatever their case. */
static int same(const char *a, const char *b) {
    while (*a && tolower((unsigned char)*a) == tolower((unsigned char)*b)) a++, b++;
    return *a == *b;
}

/* The number of a word in any case; -1, and a message, where the option has none like it. */
static int word(const char *option, const char *value, const char *const *words, int n) {
    int k = 0;
    while (k < n && !same(value, words[k])) k++;
    if (k < n) return k;
    fprintf(stderr, "fp4_convert: %s is not '%s', but one of:", option, value);
    for (k = 0; k < n; k++) fprintf(stderr, " %s", words[k]);
    fputs("\n", stderr);
    return -1;
}

/* The value of an option to where it belongs. 1: done; 0: no such option; -1: it has no such value,
   which is said. */
static int set_option(options *o, const char *name, const char *value) {
    static const char *const rules[] = {"floor", "ceil", "even", "mse"};
    static const char *const types[] = {"F32", "F16", "BF16"};
    static const char *const projects[] = {"definition", "torchao",      "compressed-tensors",
                                           "modelopt",   "bitsandbytes", "ggml"};
    const char *words[NC_FP4_LAYOUT_COUNT + NC_FP4_FORMAT_COUNT + 3];
    int k, n = 0;
    if (!strcmp(name, "-o")) {
        o->out = value;
    } else if (!strcmp(name, "--only")) {
        o->only = value;
    } else if (!strcmp(name, "--block")) {
        o->block = (uint32_t)cli_number(name, value, 32, 4096);
        if (o->block & (o->block - 1))
            return cli_fail(-1, "--block is not '%s', but a power of two from 32 to 4096", value);
    } else if (!strcmp(name, "--nested")) {
        o->nested = (uint32_t)cli_number(name, value, 1, 65536);
    } else if (!strcmp(name, "--rule")) {
        k = word(name, value, rules, 4);
        if (k < 0) return -1;
        o->rule.rule = (nc_fp4_scale_rule)k;
    } else if (!strcmp(name, "--as")) {
        k = word(name, value, projects, NC_FP4_CONVENTION_COUNT);
        if (k < 0) return -1;
        o->rule.convention = (nc_fp4_convention)k;
    } else if (!strcmp(name, "--layout")) {
        for (; n < NC_FP4_LAYOUT_OTHER; n++) words[n] = nc_fp4_layout_name((nc_fp4_layout)n);
        k = word(name, value, words, n);
        if (k < 0) return -1;
        o->layout = (nc_fp4_layout)k;
    } else if (!strcmp(name, "--to")) {
        for (; n < NC_FP4_FORMAT_COUNT; n++) words[n] = nc_fp4_format_name((nc_fp4_format)n);
        words[n++] = "f32";
        words[n++] = "f16";
        words[n++] = "bf16";
        k = word(name, value, words, n);
        if (k < 0) return -1;
        o->format = k < NC_FP4_FORMAT_COUNT ? k : NC_FP4_FORMAT_COUNT;
        o->dtype = k < NC_FP4_FORMAT_COUNT ? NULL : types[k - NC_FP4_FORMAT_COUNT];
    } else {
        return 0;
    }
    return 1;
}

/* The layout of OUT where none is given. */
static nc_fp4_layout default_layout(const options *o) {
    if (ends(o->out, ".gguf")) return NC_FP4_LAYOUT_GGUF;
    if (o->format == NC_FP4_FORMAT_COUNT) return NC_FP4_LAYOUT_FLOAT;
    if (o->format == NC_FP4_NF4 || o->format == NC_FP4_BNB) return NC_FP4_LAYOUT_BNB;
    return o->format == NC_FP4_E2M1 ? NC_FP4_LAYOUT_OWN : NC_FP4_LAYOUT_COMPRESSED;
}

/* 1: the layout has the format that is asked for. */
static int has_format(const options *o) {
    nc_fp4_weight w;
    nc_error err;
    memset(&w, 0, sizeof w);
    w.name = "x.weight";
    w.format = (nc_fp4_format)o->format;
    w.rank = 2;
    w.shape[0] = w.shape[1] = 64;
    return can_hold(o->layout, &w, &err);
}

int main(int argc, char **argv) {
    nc_fp4_weights *weights;
    nc_error err;
    options o;
    int i, set, result;
    memset(&o, 0, sizeof o);
    o.format = -1;
    o.layout = NC_FP4_LAYOUT_OTHER;
    argc = cli_begin(argc, argv, "fp4_convert", usage);
    for (i = 1; i < argc; i++) {
        if (argv[i][0] != '-') {
            if (o.in)
                return fprintf(stderr, "fp4_convert: two inputs, '%s' and '%s'\n", o.in, argv[i]),
                       2;
            o.in = argv[i];
            continue;
        }
        if (!strcmp(argv[i], "--json")) {
            if (!cli_json) cli_json_alone();
            continue;
        }
        set = i + 1 < argc ? set_option(&o, argv[i], argv[i + 1]) : 0;
        if (set < 0) return 2;
        if (set == 0)
            return fprintf(stderr, "fp4_convert: '%s' is unknown or lacks a value\n%s", argv[i],
                           usage),
                   2;
        i++;
    }
    if (!o.in) return fputs(usage, stderr), 2;
    if (o.out && o.layout == NC_FP4_LAYOUT_OTHER) o.layout = default_layout(&o);
    if (o.out && o.format >= 0 && o.format < NC_FP4_FORMAT_COUNT && !has_format(&o))
        return fprintf(stderr, "fp4_convert: layout %s has no %s\n", nc_fp4_layout_name(o.layout),
                       nc_fp4_format_name((nc_fp4_format)o.format)),
               2;
    if (o.out && !cli_can_write(o.out)) return CLI_ERROR;
    if (nc_fp4_weights_open_path(&weights, o.in, &err) != NC_OK) return fail(o.in, &err);
    result = o.out ? convert(&o, weights) : list(weights);
    nc_fp4_weights_close(weights);
    return result;
}
