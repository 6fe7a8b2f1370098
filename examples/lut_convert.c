/* lut_convert: multipliers from any form to any other, their error metrics, a map of their errors.
   cc -O2 lut_convert.c -lm -o lut_convert */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#define NC_IMPLEMENTATION
#include "../nc_axx.h"
#include "cli.h"

static const char usage[] =
    "usage: lut_convert IN [-o OUT] [--metrics] [--json] [--heatmap MAP.svg|MAP.ppm]\n"
    "                   [--signed|--unsigned] [--bits AxB] [--unit NAME] [--embed|--wide]\n"
    "       lut_convert --families [--json]\n"
    "IN is a file (.i16 .i32 .npy .h .csv .bin .c .v .blif) or a name such as truncated:6 or\n"
    "mul8s_1L2H; OUT one of .i16 .i32 .npy .h .csv .bin. Without -o and --heatmap the metrics are\n"
    "printed. --families prints those of every generated multiplier. A map has the first operand\n"
    "downwards, the second to the right; red is too much, blue too little.\n"
    "Operands are signed or not, and have so many bits, as names, types and sizes in the file "
    "say;\n"
    "--signed, --unsigned and --bits decide it, --unit names the function or module. Other widths\n"
    "than 8 x 8 bits are refused but with --wide (2 to 12 bits: metrics and -o of all products) "
    "or\n"
    "--embed (as a table of 8 x 8 bits). What was found and assumed is printed.\n"
    "Returns 0, 1 on an error, 2 on bad usage.\n";

static nc_axx_mult m;
static nc_axx_report found; /* empty text: the input is no file */
static nc_axx_wide *wide;   /* with --wide */

static void head(void) {
    if (found.text[0]) printf("read as %s%s%s\n", found.text, *found.unit ? ": " : "", found.unit);
    printf("%-24s %9s %7s %9s %9s %7s %12s %9s %9s %6s  %s\n", "multiplier", "MAE", "WCE", "MRE %",
           "MRE!=0 %", "EP %", "MSE", "bias", "WCRE %", "power", "computed by");
}

static void metrics(int json) {
    const char *name = wide ? wide->name : m.name;
    const double power = (double)(wide ? wide->relative_power : m.relative_power);
    nc_axx_engine_info info = {.text = "?"};
    nc_axx_engine *engine;
    nc_axx_metrics e;
    if (wide)
        nc_axx_wide_measure(wide, &e);
    else
        nc_axx_measure(&m, &e);
    if ((wide ? nc_axx_engine_create_wide(&engine, wide) : nc_axx_engine_create(&engine, &m)) ==
        NC_OK) {
        nc_axx_engine_describe(engine, &info);
        nc_axx_engine_destroy(engine);
    }
    if (json) {
        if (found.text[0]) printf("{\"read_as\": \"%s\",\n ", found.text);
        printf("%s\"name\": \"%s\", \"MAE\": %.6f, \"WCE\": %.0f, \"MRE\": %.6f, "
               "\"MRE_nonzero\": %.6f, \"EP\": %.6f, \"MSE\": %.6f, \"RMSE\": %.6f, "
               "\"bias\": %.6f, \"WCRE\": %.4f, \"WCRE_nonzero\": %.4f, \"power\": %.4f, \"path\": "
               "\"%s\"}",
               found.text[0] ? "" : "{", name, e.mae, e.wce, e.mre, e.mre_nonzero, e.ep, e.mse,
               e.rmse, e.bias, e.wcre, e.wcre_nonzero, power, info.text);
        return;
    }
    printf("%-24s %9.3f %7.0f %9.3f %9.3f %7.2f %12.2f %9.3f %9.1f ", name, e.mae, e.wce, e.mre,
           e.mre_nonzero, e.ep, e.mse, e.bias, e.wcre);
    if (power > 0)
        printf("%6.3f  %s\n", power, info.text);
    else
        printf("%6s  %s\n", "-", info.text);
}

/* Every family with every parameter, signed; then EvoApproxLib's. */
static int families(int json) {
    uint32_t f, p, q, low[2], high[2], i;
    int first = 1;
    printf(json ? "[" : "");
    if (!json) head();
    for (f = 0; f < NC_AXX_FAMILY_COUNT; f++) {
        (void)nc_axx_family_info((nc_axx_family)f, low, high);
        for (p = low[0]; p <= high[0]; p++)
            for (q = low[1]; q <= high[1]; q += 3) {
                if (nc_axx_generate(&m, (nc_axx_family)f, p, q, 0) != NC_OK) return 1;
                if (json) printf(first ? "\n" : ",\n");
                first = 0;
                metrics(json);
                if (f != NC_AXX_TRUNCATED) continue;
                nc_axx_compensate(&m); /* the corrected variant */
                if (json) printf(",\n");
                metrics(json);
            }
    }
    for (i = 0; nc_axx_published(i, NULL); i++) {
        if (nc_axx_make(&m, nc_axx_published(i, NULL), NULL) != NC_OK) return 1;
        if (json) printf(",\n");
        metrics(json);
    }
    printf(json ? "\n]\n" : "");
    return 0;
}

/* Red for e > 0, blue for e < 0, white for none; the root shows small errors too. */
static void colour(int32_t error, double worst, unsigned char rgb[3]) {
    double share = worst > 0 ? (error < 0 ? -error : error) / worst : 0;
    double root = share, next;
    int i;
    for (i = 0; i < 30 && root > 0; i++) { /* by Newton */
        next = 0.5 * (root + share / root);
        root = next;
    }
    rgb[0] = rgb[1] = rgb[2] = (unsigned char)(255 - 225 * root);
    if (error > 0) rgb[0] = 255 - (unsigned char)(40 * root);
    if (error < 0) rgb[2] = 255 - (unsigned char)(40 * root);
}

static int32_t error_at(int row, int column) {
    const int a = row - (m.a_unsigned ? 0 : 128), b = column - (m.b_unsigned ? 0 : 128);
    return nc_axx_product(&m, a, b) - a * b;
}

/* What is written, in memory; nc_file_write then leaves the old file or the new one. */
static char map[1 << 23];
static size_t used;

static void add(const char *format, ...) {
    const size_t room = sizeof map - used;
    va_list args;
    int n;
    va_start(args, format);
    n = vsnprintf(map + used, room, format, args);
    va_end(args);
    if (n > 0 && (size_t)n < room) used += (size_t)n; /* a box has 60 characters at most */
}

/* 1: SVG, 0: PPM, -1: neither. */
static int form_of_map(const char *path) {
    const char *ending = strrchr(path, '.');
    if (ending && !strcmp(ending, ".svg")) return 1;
    return ending && !strcmp(ending, ".ppm") ? 0 : -1;
}

/* A name, which may be a file's, in XML. */
static void add_name(const char *name) {
    for (; *name; name++)
        if (*name == '&' || *name == '<')
            add(*name == '&' ? "&amp;" : "&lt;");
        else
            add("%c", *name);
}

/* The scale beside the map, at round errors: 1, 2 or 5 times a power of ten. */
static void add_scale(double worst) {
    double step = 1;
    int i, k = 0, most = 0;
    while (worst / step >= 5) step *= k++ % 3 == 1 ? 2.5 : 2;
    while (most < 4 && (most + 1) * step <= worst) most++;
    for (i = -most; i <= most; i++) {
        unsigned char rgb[3];
        colour((int32_t)(i * step), worst, rgb);
        add("<rect x=\"590\" y=\"%d\" width=\"20\" height=\"30\" fill=\"#%02x%02x%02x\" "
            "stroke=\"#999\"/><text x=\"616\" y=\"%d\">%s%.0f</text>\n",
            171 - 30 * i, rgb[0], rgb[1], rgb[2], 190 - 30 * i, i > 0 ? "+" : "", i * step);
    }
}

/* 256 x 256 pixels as PPM, or in squares of four as SVG with axes; equal neighbours are one box. */
static int heatmap(const char *path) {
    const int svg = form_of_map(path);
    nc_axx_metrics e;
    int row, column;
    used = 0;
    nc_axx_measure(&m, &e);
    if (!svg) {
        add("P6\n256 256\n255\n");
        for (row = 0; row < 256; row++)
            for (column = 0; column < 256; column++) {
                unsigned char rgb[3];
                colour(error_at(row, column), e.wce, rgb);
                memcpy(map + used, rgb, 3);
                used += 3;
            }
    } else {
        add("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"680\" height=\"620\" "
            "font-family=\"sans-serif\" font-size=\"12\" shape-rendering=\"crispEdges\">\n"
            "<rect width=\"680\" height=\"620\" fill=\"white\"/>\n"
            "<text x=\"316\" y=\"24\" text-anchor=\"middle\" font-size=\"15\">");
        add_name(m.name);
        add(": error of a * b, worst %.0f, mean %.2f</text>\n", e.wce, e.mae);
        for (row = 0; row < 256; row++)
            for (column = 0; column < 256;) {
                const int32_t error = error_at(row, column);
                const int start = column;
                unsigned char rgb[3];
                while (column < 256 && error_at(row, column) == error) column++;
                if (!error) continue;
                colour(error, e.wce, rgb);
                add("<path fill=\"#%02x%02x%02x\" d=\"M%d %dh%dv2h-%dz\"/>\n", rgb[0], rgb[1],
                    rgb[2], 60 + 2 * start, 50 + 2 * row, 2 * (column - start),
                    2 * (column - start));
            }
        for (row = 0; row <= 256; row += 64)
            add("<text x=\"54\" y=\"%d\" text-anchor=\"end\">%d</text>"
                "<text x=\"%d\" y=\"580\" text-anchor=\"middle\">%d</text>\n",
                54 + 2 * row, row - (m.a_unsigned ? 0 : 128), 60 + 2 * row,
                row - (m.b_unsigned ? 0 : 128));
        add("<rect x=\"60\" y=\"50\" width=\"512\" height=\"512\" fill=\"none\" "
            "stroke=\"#333\"/>\n<text x=\"316\" y=\"604\" text-anchor=\"middle\">b</text>\n"
            "<text x=\"16\" y=\"310\">a</text>\n");
        add_scale(e.wce);
        add("</svg>\n");
    }
    return !cli_save(path, map, used);
}

/* AxB, or A for both. */
static int read_bits(const char *text, uint8_t bits[2]) {
    unsigned a, b;
    char end;
    if (sscanf(text, "%2u%c", &a, &end) == 1)
        b = a;
    else if (sscanf(text, "%2ux%2u%c", &a, &b, &end) != 2)
        return 0;
    bits[0] = (uint8_t)a;
    bits[1] = (uint8_t)b;
    return a && b;
}

/* The input as m, or with all_bits as `wide`. */
static nc_status load(const char *in, const nc_axx_reading *how, int embed, int all_bits,
                      nc_error *err) {
    nc_status status;
    if (nc_axx_form_of(in) == NC_AXX_FORM_AUTO) return nc_axx_make(&m, in, err);
    if (!embed && !all_bits) return nc_axx_load_with(&m, in, NC_AXX_FORM_AUTO, how, &found, err);
    status = nc_axx_wide_load(&wide, in, NC_AXX_FORM_AUTO, how, &found, err);
    if (status != NC_OK || all_bits) return status;
    nc_axx_embed(&m, wide);
    nc_axx_wide_destroy(wide);
    wide = NULL;
    return NC_OK;
}

int main(int argc, char **argv) {
    const char *in = NULL, *out = NULL, *plot = NULL;
    nc_axx_reading how = {NC_AXX_SIGN_FILE, NULL, {0, 0}};
    int i, json = 0, show = 0, list = 0, embed = 0, all_bits = 0;
    nc_status status;
    nc_error err;
    argc = cli_begin(argc, argv, "lut_convert", usage);
    for (i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "--json"))
            json = 1;
        else if (!strcmp(argv[i], "--metrics"))
            show = 1;
        else if (!strcmp(argv[i], "--families"))
            list = 1;
        else if (!strcmp(argv[i], "--signed"))
            how.sign = NC_AXX_SIGN_SIGNED;
        else if (!strcmp(argv[i], "--unsigned"))
            how.sign = NC_AXX_SIGN_UNSIGNED;
        else if (!strcmp(argv[i], "--embed"))
            embed = 1;
        else if (!strcmp(argv[i], "--wide"))
            all_bits = 1;
        else if (!strcmp(argv[i], "--bits") && i + 1 < argc && read_bits(argv[i + 1], how.bits))
            i++;
        else if (!strcmp(argv[i], "--unit") && i + 1 < argc)
            how.unit = argv[++i];
        else if (!strcmp(argv[i], "-o") && i + 1 < argc)
            out = argv[++i];
        else if (!strcmp(argv[i], "--heatmap") && i + 1 < argc)
            plot = argv[++i];
        else if (argv[i][0] != '-' && !in)
            in = argv[i];
        else
            return fprintf(stderr, "lut_convert: bad argument '%s'\n%s", argv[i], usage), 2;
    }
    if (plot && form_of_map(plot) < 0)
        return cli_fail(CLI_USAGE, "--heatmap '%s' ends neither in .svg nor in .ppm", plot);
    if ((out && !cli_can_write(out)) || (plot && !cli_can_write(plot))) return CLI_ERROR;
    if (list) return families(json);
    if (!in) return fprintf(stderr, "lut_convert: no input\n%s", usage), 2;
    if (all_bits && (embed || plot))
        return fprintf(stderr, "lut_convert: --wide has no map and is not --embed\n%s", usage), 2;
    status = load(in, &how, embed, all_bits, &err);
    if (status != NC_OK) {
        fprintf(stderr, "lut_convert: %s:%d:%d: %s\n", in, (int)err.line, (int)err.column,
                err.message);
        return 1;
    }
    errno = 0;
    if (out && (wide ? nc_axx_wide_save(wide, out, NC_AXX_FORM_AUTO, &err)
                     : nc_axx_save(&m, out, NC_AXX_FORM_AUTO, &err)) != NC_OK)
        return cli_fail(CLI_ERROR, "'%s': %s%s%s", out, err.message, errno ? ": " : "",
                        errno ? strerror(errno) : "");
    if (plot && heatmap(plot)) return 1;
    if (show || json || (!out && !plot)) {
        if (!json) head();
        metrics(json);
        if (json) printf("\n");
    }
    nc_axx_wide_destroy(wide);
    return 0;
}
