/* Problems for the searches of nc_axx.h whose best answer is known: every choice has a harm in
   whole units, neighbours may add to it, the accuracy falls with the sum, and dynamic
   programming over the harm spent finds the least power that keeps the accuracy asked for. */
#ifndef NC_AXX_TOYS_H
#define NC_AXX_TOYS_H
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "../nc_axx.h"

enum { TOY_LAYERS = 50, TOY_CANDIDATES = 12, TOY_BUDGET = 600 };

/* Sizes, what makes it hard, and how much of the harm of the cheapest everywhere may be spent. */
typedef struct toy_kind {
    const char *name;
    uint32_t layers, candidates;
    double coupled; /* share of the smaller harm of two neighbours that comes on top */
    int steep;      /* accuracy falls to chance as a cliff, else in proportion */
    int images;     /* accuracy is counted over so many; 0: as it is */
} toy_kind;

static const toy_kind toy_kinds[] = {
    {"6 layers, 4 multipliers", 6, 4, 0, 0, 400},
    {"12 layers, 6 multipliers", 12, 6, 0, 0, 0},
    {"16 layers, 6 multipliers, neighbours coupled", 16, 6, 0.5, 0, 1000},
    {"24 layers, 12 multipliers, cliff", 24, 12, 0, 1, 10000},
    {"50 layers, 8 multipliers, cliff, coupled", 50, 8, 0.3, 1, 10000},
};
enum { TOY_KINDS = sizeof toy_kinds / sizeof *toy_kinds };

typedef struct toy {
    const toy_kind *kind;
    double share[TOY_LAYERS];
    float power[TOY_CANDIDATES];
    int harm[TOY_LAYERS][TOY_CANDIDATES]; /* in units, of which TOY_BUDGET may be spent */
    double optimum;                       /* power */
    int calls;
} toy;

static double toy_draw(uint64_t *lcg) {
    *lcg = *lcg * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (double)(*lcg >> 33) / 2147483648.0;
}

static int toy_pair(const toy *t, uint32_t layer, uint8_t before, uint8_t here) {
    const int a = t->harm[layer - 1][before], b = t->harm[layer][here];
    return (int)(t->kind->coupled * (a < b ? a : b));
}

/* Accuracy of so many units of harm: 0.95, and 0.93 when the budget is spent. */
static double toy_accuracy(const toy *t, int units) {
    const double x = (double)units / TOY_BUDGET;
    double accuracy = 0.95 - 0.02 * x;
    if (t->kind->steep) accuracy = 0.1 + 0.85 / (1 + 0.02 / 0.83 * x * x);
    if (accuracy < 0.1) accuracy = 0.1;
    if (t->kind->images) accuracy = floor(accuracy * t->kind->images) / t->kind->images;
    return accuracy;
}

static int toy_evaluate(void *user, const uint8_t *assignment, double *accuracy) {
    toy *t = (toy *)user;
    int units = 0;
    uint32_t l;
    for (l = 0; l < t->kind->layers; l++) {
        units += t->harm[l][assignment[l]];
        if (l) units += toy_pair(t, l, assignment[l - 1], assignment[l]);
    }
    t->calls++;
    *accuracy = toy_accuracy(t, units);
    return 0;
}

/* least[u][c]: power of the layers so far for u units, the last with candidate c. */
static void toy_solve(toy *t, double least_accuracy) {
    const uint32_t n = t->kind->candidates;
    int budget = 2 * TOY_BUDGET, u, spent;
    uint32_t l, c, before;
    double *now, *next;
    while (toy_accuracy(t, budget) < least_accuracy) budget--;
    now = (double *)malloc(2 * sizeof *now * n * (size_t)(budget + 1));
    next = now + n * (size_t)(budget + 1);
    for (l = 0; l < t->kind->layers; l++) {
        double *swap;
        for (u = 0; u <= budget; u++)
            for (c = 0; c < n; c++) {
                double least = 1e9;
                for (before = 0; before < (l ? n : 1); before++) {
                    spent = t->harm[l][c] + (l ? toy_pair(t, l, (uint8_t)before, (uint8_t)c) : 0);
                    if (spent > u) continue;
                    if (!l) least = 0;
                    if (l && now[(size_t)(u - spent) * n + before] < least)
                        least = now[(size_t)(u - spent) * n + before];
                }
                next[(size_t)u * n + c] = least + t->share[l] * (double)t->power[c];
            }
        swap = now;
        now = next;
        next = swap;
    }
    t->optimum = 1e9;
    for (c = 0; c < n; c++)
        if (now[(size_t)budget * n + c] < t->optimum) t->optimum = now[(size_t)budget * n + c];
    free(now < next ? now : next);
}

/* One of a kind. Candidate 0 is exact; harm grows as power falls, by 4 a step in the mean, in
   layers whose sensitivity differs up to 60 times. Layers are of four sizes, as in a
   transformer's block. */
static nc_axx_search_config toy_make(toy *t, const toy_kind *kind, uint64_t seed) {
    static const double sizes[4] = {3, 1, 4, 0.5};
    nc_axx_search_config config;
    uint64_t lcg = seed * 977 + kind->layers;
    double raw[TOY_LAYERS][TOY_CANDIDATES], sum = 0, all = 0, cell;
    uint32_t l, c;
    memset(t, 0, sizeof *t);
    t->kind = kind;
    for (l = 0; l < 4; l++) (void)toy_draw(&lcg);
    for (l = 0; l < kind->layers; l++) sum += t->share[l] = sizes[l % 4] * (0.5 + toy_draw(&lcg));
    for (l = 0; l < kind->layers; l++) t->share[l] /= sum;
    for (c = 0; c < kind->candidates; c++)
        t->power[c] =
            c ? (float)(1.0 - ((double)c - 0.5 + 0.8 * toy_draw(&lcg)) / (kind->candidates + 0.5))
              : 1.0f;
    for (l = 0; l < kind->layers; l++) {
        const double sensitivity = pow(60, toy_draw(&lcg));
        for (c = 0; c < kind->candidates; c++) {
            cell = pow(4, toy_draw(&lcg) - 0.5) * sensitivity;
            raw[l][c] = c ? cell * pow(64, (double)(c - 1) / (kind->candidates - 1)) : 0;
        }
        all += raw[l][kind->candidates - 1];
    }
    for (l = 0; l < kind->layers; l++)
        for (c = 0; c < kind->candidates; c++)
            t->harm[l][c] = (int)ceil(raw[l][c] / all * TOY_BUDGET * 8);
    memset(&config, 0, sizeof config);
    config.layers = kind->layers;
    config.candidates = kind->candidates;
    config.share = t->share;
    config.power = t->power;
    config.least_accuracy = 0.93;
    config.evaluate = toy_evaluate;
    config.user = t;
    config.seed = seed;
    toy_solve(t, config.least_accuracy);
    return config;
}
#endif
