/* gl_fixed: how far the fixed-point functions are from the real ones, as a table and a plot.
   cc -O2 gl_fixed.c -lm -o gl_fixed */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#define NC_IMPLEMENTATION
#include "../nc_goldilocks.h"
#include "cli.h"

static const char usage[] = "usage: gl_fixed [--json] [--svg OUT.svg]\n"
                            "Errors of exp, sigmoid and GeLU in 16-bit fixed point, the largest "
                            "over every value of a range,\n"
                            "and where it is. With --svg, curves of the error over [-8, 8]. "
                            "Returns 0, 1 on an error, 2 on\n"
                            "bad usage, 3 when a documented bound does not hold.\n";

static nc_fixed fixed_exp(nc_fixed x) {
    nc_fixed out;
    (void)nc_fixed_exp(x, &out);
    return out;
}
static double real_sigmoid(double x) { return 1 / (1 + exp(-x)); }
static double real_gelu(double x) { return x * real_sigmoid(1.702 * x); }

/* bound: what the header promises on [-range, range]; 0 for none. */
static const struct curve {
    const char *name, *colour;
    nc_fixed (*fixed)(nc_fixed);
    double (*real)(double);
    int relative; /* error over the value, for values above 1 */
    double range, bound;
} curves[] = {{"exp", "#7a4fbf", fixed_exp, exp, 1, 16, 1.0 / 65536},
              {"sigmoid", "#1769aa", nc_fixed_sigmoid, real_sigmoid, 0, 16, 0.505 / 65536},
              {"gelu", "#0a8754", nc_fixed_gelu, real_gelu, 0, 16, 1.0 / 16384},
              {"sigmoid_taylor", "#d1661b", nc_fixed_sigmoid_taylor, real_sigmoid, 0, 1.5, 0.0129},
              {"sigmoid_taylor", "#d1661b", nc_fixed_sigmoid_taylor, real_sigmoid, 0, 8, 0},
              {"gelu_taylor", "#c2185b", nc_fixed_gelu_taylor, real_gelu, 0, 1, 0.0231},
              {"gelu_taylor", "#c2185b", nc_fixed_gelu_taylor, real_gelu, 0, 8, 0}};
enum { CURVES = sizeof curves / sizeof *curves };

static double error_at(const struct curve *c, int64_t raw) {
    double real = c->real((double)raw / 65536);
    double off = fabs(nc_fixed_to_f64(c->fixed(nc_gl_from_i64(raw))) - real);
    return c->relative && real > 1 ? off / real : off;
}

static double worst(const struct curve *c, double *at) {
    int64_t raw, end = (int64_t)(c->range * 65536);
    double most = 0;
    for (raw = -end; raw <= end; raw++) {
        double off = error_at(c, raw);
        if (off > most) {
            most = off;
            *at = (double)raw / 65536;
        }
    }
    return most;
}

enum { WIDTH = 760, HEIGHT = 430, LEFT = 64, RIGHT = 130, TOP = 40, BOTTOM = 44 };

static double plot_x(double x) { return LEFT + (x + 8) / 16 * (WIDTH - LEFT - RIGHT); }
/* log2 of the error, 2^-22 at the bottom, 2^4 at the top */
static double plot_y(double off) {
    double bits = off > 0 ? log2(off) : -22;
    if (bits < -22) bits = -22;
    if (bits > 4) bits = 4;
    return TOP + (4 - bits) / 26 * (HEIGHT - TOP - BOTTOM);
}

/* The largest error of each of 400 steps; one colour a curve, its name where it ends. */
static int plot(const char *path) {
    char *text = NULL;
    size_t bytes = 0;
    FILE *file = cli_text_open(&text, &bytes);
    int i, k, label = 0;
    if (!file) return cli_fail(0, "out of memory");
    fprintf(file,
            "<svg xmlns='http://www.w3.org/2000/svg' width='%d' height='%d' viewBox='0 0 %d %d' "
            "font-family='sans-serif' font-size='12'>\n<rect width='100%%' height='100%%' "
            "fill='white'/>\n<text x='%d' y='22' font-size='15'>Error of fixed-point functions, "
            "16 fractional bits; cut at 2^-22 and 2^4</text>\n",
            WIDTH, HEIGHT, WIDTH, HEIGHT, LEFT);
    for (i = -20; i <= 4; i += 4)
        fprintf(file,
                "<line x1='%d' x2='%d' y1='%.1f' y2='%.1f' stroke='#ddd'/><text x='%d' y='%.1f' "
                "text-anchor='end'>2<tspan dy='-4' font-size='9'>%d</tspan></text>\n",
                LEFT, WIDTH - RIGHT, plot_y(exp2(i)), plot_y(exp2(i)), LEFT - 8,
                plot_y(exp2(i)) + 4, i);
    for (i = -8; i <= 8; i += 2)
        fprintf(file, "<text x='%.1f' y='%d' text-anchor='middle'>%d</text>\n", plot_x(i),
                HEIGHT - BOTTOM + 18, i);
    fprintf(file, "<text x='%.1f' y='%d' text-anchor='middle'>x</text>\n", plot_x(0), HEIGHT - 8);
    for (k = 0; k < CURVES; k++) {
        const struct curve *c = &curves[k];
        if (c->bound > 0 && c->range < 8) continue; /* the wide one of the same name is drawn */
        fprintf(file, "<polyline fill='none' stroke='%s' stroke-width='1.3' points='", c->colour);
        for (i = 0; i < 400; i++) {
            int64_t raw = (int64_t)(-8 * 65536) + (int64_t)i * 16 * 65536 / 400, j;
            double most = 0;
            for (j = 0; j < 16 * 65536 / 400; j += 7) most = fmax(most, error_at(c, raw + j));
            fprintf(file, "%.1f,%.1f ", plot_x((double)raw / 65536), plot_y(most));
        }
        fprintf(file, "'/>\n<text x='%d' y='%d' fill='%s'>%s%s</text>\n", WIDTH - RIGHT + 12,
                TOP + 16 + 18 * label++, c->colour, c->name, c->relative ? " (relative)" : "");
    }
    fprintf(file, "</svg>\n");
    i = cli_text_close(file, &text, &bytes) ? cli_save(path, text, bytes)
                                            : cli_fail(0, "out of memory");
    free(text);
    return i;
}

int main(int argc, char **argv) {
    const char *svg = NULL;
    int i, json = 0, failed = 0;
    argc = cli_begin(argc, argv, "gl_fixed", usage);
    for (i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "--json"))
            json = 1;
        else if (!strcmp(argv[i], "--svg") && i + 1 < argc)
            svg = argv[++i];
        else
            return fprintf(stderr, "gl_fixed: bad argument '%s'\n%s", argv[i], usage), 2;
    }
    if (svg && !cli_can_write(svg)) return CLI_ERROR;
    if (json)
        printf("[");
    else
        printf("%-16s %12s %14s %10s %10s\n", "function", "range", "largest error", "at x",
               "bound");
    for (i = 0; i < CURVES; i++) {
        const struct curve *c = &curves[i];
        double at = 0, most = worst(c, &at);
        int broken = c->bound > 0 && most > c->bound;
        failed |= broken;
        if (json)
            printf("%s{\"function\": \"%s\", \"range\": %g, \"error\": %.6g, \"at\": %.6g, "
                   "\"bound\": %.6g}",
                   i ? ",\n " : "", c->name, c->range, most, at, c->bound);
        else if (c->bound > 0)
            printf("%-16s [%4g, %3g] %14.3g %10.4f %10.3g%s\n", c->name, -c->range, c->range, most,
                   at, c->bound, broken ? "  BROKEN" : "");
        else
            printf("%-16s [%4g, %3g] %14.3g %10.4f %10s\n", c->name, -c->range, c->range, most, at,
                   "none");
    }
    printf(json ? "]\n" : "errors of exp are relative above 1\n");
    if (svg && !plot(svg)) return CLI_ERROR;
    return failed ? cli_fail(CLI_FAILED, "a bound of the header does not hold") : 0;
}
