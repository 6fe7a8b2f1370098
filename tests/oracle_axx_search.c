/* The searches of nc_axx.h on the problems of tests/axx_toys.h, 20 seeds, 1,000 evaluations: power
   found over the least power there is. With --kept problems that nothing was tuned on: other seeds,
   and other sizes. With --json the problems, for tests/oracle_axx_search.py.
       cc -O2 tests/oracle_axx_search.c -o build/oracle_axx_search -lm */
#include <stdio.h>
#define NC_IMPLEMENTATION
#include "../nc_axx.h"
#include "axx_toys.h"

enum { SEEDS = 20 };
static toy t;
static const toy_kind kept[] = {
    {"10 layers, 5 multipliers, neighbours coupled", 10, 5, 0.4, 0, 0},
    {"20 layers, 10 multipliers, cliff, coupled", 20, 10, 0.2, 1, 5000},
    {"32 layers, 7 multipliers", 32, 7, 0, 0, 2000},
    {"40 layers, 12 multipliers, cliff", 40, 12, 0, 1, 10000},
};
enum { KEPT = sizeof kept / sizeof *kept };

static int rising(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static void row(const toy_kind *kind, const char *name,
                nc_status (*search)(nc_axx_search *, uint32_t), nc_axx_policy policy,
                uint64_t first) {
    double ratios[SEEDS], calls = 0;
    uint64_t seed;
    for (seed = 1; seed <= SEEDS; seed++) {
        nc_axx_search_config c = toy_make(&t, kind, first + seed);
        nc_axx_search *s;
        nc_axx_solution best;
        c.policy = policy;
        if (nc_axx_search_create(&s, &c) != NC_OK) exit(1);
        if ((search ? search(s, 1000) : nc_axx_search_greedy(s)) != NC_OK) exit(1);
        ratios[seed - 1] =
            nc_axx_search_best(s, &best) == NC_OK ? best.power / t.optimum : (double)INFINITY;
        calls += (double)t.calls / SEEDS;
        nc_axx_search_destroy(s);
    }
    qsort(ratios, SEEDS, sizeof *ratios, rising);
    printf("| %-44s | %-17s | %.3f | %.3f | %11.0f |\n", kind->name, name,
           (ratios[SEEDS / 2 - 1] + ratios[SEEDS / 2]) / 2, ratios[SEEDS - 1], calls);
}

static void problems(void) {
    size_t k;
    uint64_t seed;
    uint32_t l, c;
    printf("[");
    for (k = 0; k < TOY_KINDS; k++)
        for (seed = 1; seed <= SEEDS; seed++) {
            const toy_kind *kind = &toy_kinds[k];
            (void)toy_make(&t, kind, seed);
            printf("%s\n{\"name\": \"%s\", \"coupled\": %g, \"steep\": %d, \"images\": %d, "
                   "\"optimum\": %.17g, \"budget\": %d, \"share\": [",
                   k || seed > 1 ? "," : "", kind->name, kind->coupled, kind->steep, kind->images,
                   t.optimum, TOY_BUDGET);
            for (l = 0; l < kind->layers; l++) printf("%s%.17g", l ? ", " : "", t.share[l]);
            printf("], \"power\": [");
            for (c = 0; c < kind->candidates; c++)
                printf("%s%.9g", c ? ", " : "", (double)t.power[c]);
            printf("], \"harm\": [");
            for (l = 0; l < kind->layers; l++)
                for (c = 0; c < kind->candidates; c++)
                    printf("%s%d", c ? ", " : l ? "], [" : "[", t.harm[l][c]);
            printf("]]}");
        }
    printf("]\n");
}

static void rows(const toy_kind *kind, uint64_t first) {
    row(kind, "tree", nc_axx_search_mcts, NC_AXX_POLICY_LEARNED, first);
    row(kind, "genetic", nc_axx_search_genetic, NC_AXX_POLICY_LEARNED, first);
    row(kind, "tree, even", nc_axx_search_mcts, NC_AXX_POLICY_EVEN, first);
    row(kind, "genetic, even", nc_axx_search_genetic, NC_AXX_POLICY_EVEN, first);
    row(kind, "greedy", NULL, NC_AXX_POLICY_LEARNED, first);
}

int main(int argc, char **argv) {
    const int other = argc > 1 && !strcmp(argv[1], "--kept");
    size_t k;
    if (argc > 1 && !strcmp(argv[1], "--json")) {
        problems();
        return 0;
    }
    for (k = 0; k < TOY_KINDS; k++) rows(&toy_kinds[k], other ? 1000 : 0);
    for (k = 0; k < KEPT && other; k++) rows(&kept[k], 1000);
    return 0;
}
