/* fp4_atoms: the ten Boolean atoms as threshold neurons with 4-bit weights, each checked on every
   input, and an 8-bit adder composed of them checked on all 131,072. Then what training makes of
   the same truth tables, five ways; or of a table of your own.
   cc -O2 fp4_atoms.c -lm -o fp4_atoms   (needs stb_ds.h) */
#define _POSIX_C_SOURCE 199309L
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#define NC_IMPLEMENTATION
#include "../nc_fp4.h"
#include "cli.h"

static const char usage[] =
    "usage: fp4_atoms [--json] [--truth BITS]\n"
    "Verifies the ten atoms and an 8-bit adder built from them exhaustively, and trains networks\n"
    "on their truth tables in five ways.\n"
    "BITS:   another truth table instead, of 1 to 6 inputs: 2, 4 .. 64 digits 0 or 1, the outputs\n"
    "        for inputs 00.., 10.., 01.. (the first input changes fastest); as units, and trained\n"
    "Returns 0, 1 on an error, 2 on bad usage, 3 when anything is not exact.\n";

/* "h = [...]; y = [...]" with input letters as in the header: MUX reads s, a, b. */
static void print_units(const nc_fp4_atom *atom) {
    const char *letters = strcmp(atom->name, "MUX") ? "abc" : "sab";
    uint32_t u, i;
    for (u = 0; u < atom->units; u++) {
        const nc_fp4_unit *unit = &atom->unit[u];
        printf("%s[", u ? "; y = " : atom->units > 1 ? "h = " : "y = ");
        for (i = 0; i < unit->inputs; i++) {
            float w = nc_fp4_decode(unit->weight[i]), magnitude = w < 0 ? -w : w;
            uint32_t from = unit->input[i];
            printf(w < 0 ? (i ? " - " : "-") : (i ? " + " : ""));
            if (magnitude != 1.0f) printf("%g ", (double)magnitude);
            putchar(from < atom->inputs ? letters[from] : 'h');
        }
        printf(" > %g]", (double)nc_fp4_decode(unit->threshold));
    }
    putchar('\n');
}

static double seconds_now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Evaluations a second of a network, bit-sliced: the best of five short runs. */
static double speed(const nc_fp4_network *n) {
    enum { WORDS = 32, MOST = 17 };
    static uint64_t in[MOST * WORDS], out[MOST * WORDS];
    double best = 0;
    int run, i;
    for (run = 0; run < 5; run++) {
        double start = seconds_now(), took = 0;
        long calls = 0;
        for (; took < 5e-4; took = seconds_now() - start)
            for (i = 0; i < 200; i++, calls++)
                if (nc_fp4_eval_sliced(n, in, out, WORDS) != NC_OK) return 0;
        best = fmax(best, 64.0 * WORDS * (double)calls / took);
    }
    return best;
}

/* The same of one atom. */
static double atom_speed(nc_fp4_atom_kind kind) {
    nc_fp4_circuit *c;
    nc_fp4_network *n = NULL;
    uint32_t in[4], out;
    double result = 0;
    if (nc_fp4_create(&c, NULL, NULL) != NC_OK) return 0;
    if (nc_fp4_add_input(c, "x", nc_fp4_get_atom(kind)->inputs, in) == NC_OK &&
        nc_fp4_add_atom(c, kind, in, &out) == NC_OK &&
        nc_fp4_add_output(c, "y", 1, &out) == NC_OK && nc_fp4_compile(c, &n) == NC_OK)
        result = speed(n);
    nc_fp4_network_destroy(n);
    nc_fp4_destroy(c);
    return result;
}

static int print_row(const char *name, const nc_fp4_report *r, double per_second, int json,
                     int first) {
    double accuracy = 100.0 * (double)(r->cases - r->wrong) / (double)r->cases;
    if (json)
        printf("%s{\"name\": \"%s\", \"units\": %u, \"parameters\": %u, \"cases\": %llu, "
               "\"accuracy\": %.4f, \"margin\": %g, \"bytes_fp4\": %u, \"bytes_float32\": %u, "
               "\"per_second\": %.4g}",
               first ? "" : ",\n ", name, r->units, r->parameters, (unsigned long long)r->cases,
               accuracy, r->margin, r->bytes_packed, r->bytes_float, per_second);
    else
        printf("%-12s %5u %6u %8llu %9.2f %% %7g %6u %8u %6.1f  ", name, r->units, r->parameters,
               (unsigned long long)r->cases, accuracy, r->margin, r->bytes_packed, r->bytes_float,
               1e-9 * per_second);
    return r->wrong == 0 && r->margin >= 0.5;
}

/* What the adder is to give: a + b + carry in. */
static uint64_t sum_of_three(void *user, uint64_t inputs) {
    (void)user;
    return (inputs & 255) + (inputs >> 8 & 255) + (inputs >> 16);
}

/* -- training: what threshold units do exactly, learnt by networks whose weights are quantised --- */

enum { MOST_WIDTH = 256, MOST_LAYERS = 4, CASES = 64 };
typedef enum activation { RELU, GELU, HARD_TANH, RESIDUAL } activation;
/* What is to be learnt: bit i of truth is the output for inputs i. */
typedef struct table {
    const char *name;
    uint32_t inputs;
    uint64_t truth;
} table;
typedef enum encoding { BITS, THERMOMETER, ONE_HOT } encoding;

/* Layers of `width` units, inputs last in each row a constant 1 (the bias); the last layer is one
   logit. Quantised: E2M1 codes times one scale a layer. */
typedef struct net {
    uint32_t inputs, width, layers; /* hidden layers + 1 */
    activation act;
    float *w[MOST_LAYERS], *m[MOST_LAYERS], *v[MOST_LAYERS], *g[MOST_LAYERS], *q[MOST_LAYERS];
    float scale[MOST_LAYERS];
    float x[MOST_LAYERS + 1][MOST_WIDTH + 1], sum[MOST_LAYERS][MOST_WIDTH];
} net;

static uint32_t ins(const net *n, uint32_t l) { return (l ? n->width : n->inputs) + 1; }
static uint32_t outs(const net *n, uint32_t l) { return l + 1 < n->layers ? n->width : 1; }

static int net_create(net *n, uint32_t inputs, uint32_t width, uint32_t hidden, activation act,
                      uint64_t seed) {
    uint32_t l, i, count, words[4];
    memset(n, 0, sizeof *n);
    n->inputs = inputs;
    n->width = width;
    n->layers = hidden + 1;
    n->act = act;
    for (l = 0; l < n->layers; l++) {
        count = ins(n, l) * outs(n, l);
        n->w[l] = calloc(5 * (size_t)count, sizeof(float));
        if (!n->w[l]) return 0;
        n->m[l] = n->w[l] + count;
        n->v[l] = n->m[l] + count;
        n->g[l] = n->v[l] + count;
        n->q[l] = n->g[l] + count;
        for (i = 0; i < count; i++) {
            nc__philox(seed, i, l, words);
            n->w[l][i] = ((float)words[0] / 2147483648.0f - 1.0f) * sqrtf(3.0f / (float)ins(n, l));
        }
    }
    return 1;
}

static void net_free(net *n) {
    uint32_t l;
    for (l = 0; l < n->layers; l++) free(n->w[l]);
}

static float activate(activation a, float s) {
    if (a == GELU) return s / (1.0f + expf(-1.702f * s));
    if (a == HARD_TANH) return s < -1 ? -1 : s > 1 ? 1 : s;
    return s > 0 ? s : 0;
}
static float slope(activation a, float s) {
    float e;
    if (a == HARD_TANH) return s > -1 && s < 1 ? 1.0f : 0.0f;
    if (a != GELU) return s > 0 ? 1.0f : 0.0f;
    e = 1.0f / (1.0f + expf(-1.702f * s));
    return e + 1.702f * s * e * (1 - e);
}

/* The logit of one case; weights from w or from q. */
static float forward(net *n, float *const *w, const float *in) {
    uint32_t l, i, o;
    memcpy(n->x[0], in, n->inputs * sizeof *in);
    for (l = 0; l < n->layers; l++) {
        const uint32_t a = ins(n, l), b = outs(n, l);
        n->x[l][a - 1] = 1;
        for (o = 0; o < b; o++) n->sum[l][o] = 0;
        for (i = 0; i < a; i++)
            for (o = 0; o < b && n->x[l][i] != 0; o++) n->sum[l][o] += n->x[l][i] * w[l][i * b + o];
        for (o = 0; o < b && l + 1 < n->layers; o++)
            n->x[l + 1][o] =
                activate(n->act, n->sum[l][o]) + (n->act == RESIDUAL && l ? n->x[l][o] : 0);
    }
    return n->sum[n->layers - 1][0];
}

/* Gradient of the cross entropy of one case, added to g. dx: of a layer's result, d: of its sums. */
static void backward(net *n, float *const *w, float logit, int wanted) {
    float d[MOST_WIDTH], dx[MOST_WIDTH] = {0}, before[MOST_WIDTH];
    uint32_t l, i, o;
    for (l = n->layers; l-- > 0;) {
        const uint32_t a = ins(n, l), b = outs(n, l);
        const int last = l + 1 == n->layers;
        for (o = 0; o < b; o++)
            d[o] = last ? 1.0f / (1.0f + expf(-logit)) - (float)wanted
                        : dx[o] * slope(n->act, n->sum[l][o]);
        for (i = 0; i < a; i++) {
            float sum = 0;
            for (o = 0; o < b; o++) {
                n->g[l][i * b + o] += n->x[l][i] * d[o];
                sum += w[l][i * b + o] * d[o];
            }
            if (l && i + 1 < a) before[i] = sum + (n->act == RESIDUAL && !last ? dx[i] : 0);
        }
        if (l) memcpy(dx, before, (a - 1) * sizeof *dx);
    }
}

static void quantise_layer(net *n, uint32_t l, float scale) {
    uint32_t i, count = ins(n, l) * outs(n, l);
    n->scale[l] = scale;
    for (i = 0; i < count; i++)
        n->q[l][i] = scale > 0 ? scale * nc_fp4_decode(nc_fp4_encode(n->w[l][i] / scale)) : 0;
}

static float largest_weight(const net *n, uint32_t l) {
    uint32_t i, count = ins(n, l) * outs(n, l);
    float most = 0;
    for (i = 0; i < count; i++) most = fmaxf(most, fabsf(n->w[l][i]));
    return most;
}

/* Adam on the whole truth table; with `aware` through quantised weights, straight through. */
static void train(net *n, float in[CASES][CASES], uint32_t cases, uint64_t truth, int steps,
                  int aware) {
    uint32_t c, l, i;
    int s;
    for (s = 1; s <= steps; s++) {
        const float rate = 0.02f * (1.0f - 0.9f * (float)s / (float)steps);
        float *const *w = aware ? n->q : n->w;
        for (l = 0; l < n->layers && aware; l++) quantise_layer(n, l, largest_weight(n, l) / 6);
        for (c = 0; c < cases; c++) backward(n, w, forward(n, w, in[c]), (int)(truth >> c & 1));
        for (l = 0; l < n->layers; l++)
            for (i = 0; i < ins(n, l) * outs(n, l); i++) {
                float g = n->g[l][i] / (float)cases;
                n->m[l][i] += 0.1f * (g - n->m[l][i]);
                n->v[l][i] += 0.01f * (g * g - n->v[l][i]);
                n->w[l][i] -= rate * n->m[l][i] / (sqrtf(n->v[l][i]) + 1e-6f);
                n->g[l][i] = 0;
            }
    }
    for (l = 0; l < n->layers && aware; l++) quantise_layer(n, l, largest_weight(n, l) / 6);
}

/* Quantise layer by layer, each with the scale that leaves the logits nearest to the float ones. */
static void quantise_after(net *n, float in[CASES][CASES], uint32_t cases) {
    float wanted[CASES], best_scale, *mixed[MOST_LAYERS];
    uint32_t c, l;
    int k;
    for (c = 0; c < cases; c++) wanted[c] = forward(n, n->w, in[c]);
    memcpy(mixed, n->w, sizeof mixed);
    for (l = 0; l < n->layers; l++) {
        float most = largest_weight(n, l), least = INFINITY;
        best_scale = most / 6;
        mixed[l] = n->q[l];
        for (k = 0; k < 24; k++) {
            float error = 0, scale = most / 6 * (0.45f + 0.03f * (float)k);
            quantise_layer(n, l, scale);
            for (c = 0; c < cases; c++) {
                float d = forward(n, mixed, in[c]) - wanted[c];
                error += d * d;
            }
            if (error < least) least = error, best_scale = scale;
        }
        quantise_layer(n, l, best_scale);
    }
}

/* Inputs of every case under an encoding; how many there are. */
static uint32_t encode_cases(const table *t, encoding e, float in[CASES][CASES]) {
    const uint32_t cases = 1u << t->inputs;
    uint32_t c, i;
    for (c = 0; c < cases; c++)
        for (i = 0; i < CASES; i++) {
            if (e == ONE_HOT) in[c][i] = i == c ? 1.0f : 0.0f;
            if (e == THERMOMETER) in[c][i] = i < c ? 1.0f : 0.0f; /* of the inputs as a number */
            if (e == BITS) in[c][i] = i < t->inputs ? (float)(c >> i & 1) : 0;
        }
    return e == BITS ? t->inputs : cases;
}

typedef struct outcome {
    double accuracy, margin, seconds;
} outcome;

/* One network from seed to quantised weights; what they make of the truth table. */
static outcome attempt(const table *t, uint32_t width, uint32_t hidden, activation act, encoding e,
                       int aware) {
    static net n;
    float in[CASES][CASES];
    const uint32_t cases = 1u << t->inputs, inputs = encode_cases(t, e, in);
    double start = seconds_now();
    outcome r = {0, 1e9, 0};
    uint32_t c;
    if (!net_create(&n, inputs, width, hidden, act, 7)) {
        net_free(&n);
        return r;
    }
    train(&n, in, cases, t->truth, width > 64 ? 60 : 200, aware);
    if (!aware) quantise_after(&n, in, cases);
    for (c = 0; c < cases; c++) {
        float logit = forward(&n, n.q, in[c]);
        int wanted = (int)(t->truth >> c & 1);
        r.accuracy += (logit > 0) == wanted ? 100.0 / cases : 0;
        r.margin = fmin(r.margin, wanted ? (double)logit : -(double)logit);
    }
    net_free(&n);
    r.seconds = seconds_now() - start;
    return r;
}

/* Accepted: every case right, with a logit at least 1/2 away from 0. */
static int accepted(const outcome *r) { return r->accuracy > 99.999 && r->margin >= 0.5; }

static void keep_better(outcome *best, outcome r) {
    double seconds = best->seconds + r.seconds;
    if (r.accuracy > best->accuracy || (r.accuracy == best->accuracy && r.margin > best->margin))
        *best = r;
    best->seconds = seconds;
}

/* The five approaches for one table. */
static void approaches(const table *t, outcome r[5]) {
    static const uint32_t widths[3] = {64, 128, 256};
    const outcome nothing = {-1, -1e9, 0};
    uint32_t i, hidden;
    r[0] = attempt(t, 32, 2, RELU, BITS, 1);
    r[1] = attempt(t, 32, 2, RELU, BITS, 0);
    for (i = 2; i < 5; i++) r[i] = nothing;
    for (i = 0; i < 3 && !accepted(&r[2]); i++)
        keep_better(&r[2], attempt(t, widths[i], 2, RELU, BITS, 0));
    for (hidden = 1; hidden <= 3 && !accepted(&r[3]); hidden++)
        for (i = RELU; i <= RESIDUAL && !accepted(&r[3]); i++)
            keep_better(&r[3], attempt(t, 16, hidden, (activation)i, BITS, 0));
    for (i = THERMOMETER; i <= ONE_HOT && !accepted(&r[4]); i++)
        keep_better(&r[4], attempt(t, 32, 2, RELU, (encoding)i, 0));
}

static void print_training(const table *tables, int count, int json) {
    static const char *const names[5] = {"QAT", "PTQ + scale search", "wider", "architecture",
                                         "encoding"};
    int k, a;
    if (!json) {
        printf("\nlearnt instead of known: float32 networks, weights rounded to E2M1\n%-6s",
               "table");
        for (a = 0; a < 5; a++) printf("  %24s", names[a]);
        printf("\n");
    }
    for (k = 0; k < count; k++) {
        outcome r[5];
        approaches(&tables[k], r);
        if (!json) printf("%-6s", tables[k].name);
        for (a = 0; a < 5; a++) {
            if (json)
                printf(
                    ",\n {\"name\": \"%s\", \"training\": \"%s\", \"accuracy\": %.4f, \"margin\": "
                    "%.3f, \"accepted\": %s, \"seconds\": %.4f}",
                    tables[k].name, names[a], r[a].accuracy, r[a].margin,
                    accepted(&r[a]) ? "true" : "false", r[a].seconds);
            else
                printf("  %7.2f %% %-8s %4.0f ms", r[a].accuracy,
                       accepted(&r[a]) ? "accepted" : "refused", r[a].seconds * 1e3);
        }
        if (!json) printf("\n");
    }
}

/* A table from its digits; 0: it is none. */
static int read_table(table *t, const char *digits) {
    const size_t n = strlen(digits);
    size_t i;
    memset(t, 0, sizeof *t);
    t->name = "own";
    while ((size_t)1 << t->inputs < n) t->inputs++;
    if (n < 2 || n > 64 || n & (n - 1) || strspn(digits, "01") != n) return 0;
    for (i = 0; i < n; i++) t->truth |= (uint64_t)(digits[i] == '1') << i;
    return 1;
}

/* A table as units, proven on all its cases, and as what training makes of it. */
static int own_table(const table *t, int json) {
    nc_fp4_circuit *c = NULL;
    nc_fp4_network *n = NULL;
    nc_fp4_report report;
    uint32_t in[6], out;
    int exact = 0;
    if (nc_fp4_create(&c, NULL, NULL) != NC_OK ||
        nc_fp4_add_input(c, "x", t->inputs, in) != NC_OK ||
        nc_fp4_add_function(c, t->inputs, in, &t->truth, &out) != NC_OK ||
        nc_fp4_add_output(c, "y", 1, &out) != NC_OK || nc_fp4_compile(c, &n) != NC_OK ||
        nc_fp4_verify(n, c, &report) != NC_OK) {
        fprintf(stderr, "fp4_atoms: out of memory\n");
    } else {
        exact = print_row(t->name, &report, speed(n), json, 1);
        if (!json) printf("%u inputs\n", t->inputs);
        print_training(t, 1, json);
    }
    nc_fp4_network_destroy(n);
    nc_fp4_destroy(c);
    return exact;
}

/* The atoms, and the adder that is made of them. */
static int all_atoms(int json) {
    table tables[NC_FP4_ATOM_COUNT];
    nc_fp4_circuit *adder;
    nc_fp4_network *network;
    nc_fp4_report report;
    int i, exact = 1;
    for (i = 0; i < NC_FP4_ATOM_COUNT; i++) {
        const nc_fp4_atom *atom = nc_fp4_get_atom((nc_fp4_atom_kind)i);
        tables[i].name = atom->name;
        tables[i].inputs = atom->inputs;
        tables[i].truth = atom->truth;
        if (nc_fp4_verify_atom(atom, NC_FP4_E2M1, &report) != NC_OK) return 0;
        exact &= print_row(atom->name, &report, atom_speed((nc_fp4_atom_kind)i), json, i == 0);
        if (!json) print_units(atom);
    }
    if (nc_fp4_make(&adder, NC_FP4_ADDER, 8, 0, NULL) != NC_OK ||
        nc_fp4_compile(adder, &network) != NC_OK ||
        nc_fp4_verify_cases(network, sum_of_three, NULL, &report) != NC_OK)
        return fprintf(stderr, "fp4_atoms: out of memory\n"), 0;
    exact &= print_row("8-bit adder", &report, speed(network), json, 0);
    if (!json) puts("8 x (SUM, CARRY) sharing h");
    print_training(tables, NC_FP4_ATOM_COUNT, json);
    nc_fp4_network_destroy(network);
    nc_fp4_destroy(adder);
    return exact;
}

int main(int argc, char **argv) {
    table own;
    int i, json = 0, exact;
    memset(&own, 0, sizeof own);
    argc = cli_begin(argc, argv, "fp4_atoms", usage);
    for (i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "--truth") && i + 1 < argc) {
            if (!read_table(&own, argv[++i]))
                return fprintf(stderr,
                               "fp4_atoms: '%s' is no table: 2, 4, 8, 16, 32 or 64 digits 0 or 1\n",
                               argv[i]),
                       2;
        } else if (!strcmp(argv[i], "--json")) {
            json = 1;
        } else {
            return fprintf(stderr, "fp4_atoms: unknown argument '%s'\n%s", argv[i], usage), 2;
        }
    }
    if (json)
        putchar('[');
    else
        printf("%-12s %5s %6s %8s %11s %7s %6s %8s %6s  %s\n", "atom", "units", "params", "cases",
               "accuracy", "margin", "fp4 B", "float B", "G/s", "form");
    exact = own.name ? own_table(&own, json) : all_atoms(json);
    if (json) puts("]");
    if (!json) puts(exact ? "all exact" : "NOT EXACT");
    return exact ? 0 : CLI_FAILED;
}
