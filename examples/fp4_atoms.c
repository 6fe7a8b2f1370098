/* fp4_atoms: the ten Boolean atoms as threshold neurons with 4-bit weights, each checked on every
   input, and an 8-bit adder composed of them checked on all 131,072.
   cc -O2 fp4_atoms.c -lm -o fp4_atoms   (needs stb_ds.h) */
#include <stdio.h>
#include <string.h>
#define NC_IMPLEMENTATION
#include "../nc_fp4.h"

static const char usage[] =
    "usage: fp4_atoms [--json]\n"
    "Verifies the ten atoms and an 8-bit adder built from them exhaustively.\n"
    "Returns 0, 1 when anything is not exact, 2 on bad usage.\n";

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

static int print_row(const char *name, const nc_fp4_report *r, int json, int first) {
    double accuracy = 100.0 * (double)(r->cases - r->wrong) / (double)r->cases;
    if (json)
        printf("%s{\"name\": \"%s\", \"units\": %u, \"parameters\": %u, \"cases\": %llu, "
               "\"accuracy\": %.4f, \"margin\": %g, \"bytes_fp4\": %u, \"bytes_float32\": %u}",
               first ? "" : ",\n ", name, r->units, r->parameters, (unsigned long long)r->cases,
               accuracy, r->margin, r->bytes_packed, r->bytes_float);
    else
        printf("%-12s %5u %6u %8llu %9.2f %% %7g %6u %8u  ", name, r->units, r->parameters,
               (unsigned long long)r->cases, accuracy, r->margin, r->bytes_packed, r->bytes_float);
    return r->wrong == 0 && r->margin >= 0.5;
}

/* What the adder is to give: a + b + carry in. */
static uint64_t sum_of_three(void *user, uint64_t inputs) {
    (void)user;
    return (inputs & 255) + (inputs >> 8 & 255) + (inputs >> 16);
}

int main(int argc, char **argv) {
    nc_fp4_circuit *adder;
    nc_fp4_network *network;
    nc_fp4_report report;
    int i, json = 0, exact = 1;
    for (i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "--help")) return fputs(usage, stdout) < 0;
        if (strcmp(argv[i], "--json"))
            return fprintf(stderr, "fp4_atoms: unknown argument '%s'\n%s", argv[i], usage), 2;
        json = 1;
    }
    if (json)
        putchar('[');
    else
        printf("%-12s %5s %6s %8s %11s %7s %6s %8s  %s\n", "atom", "units", "params", "cases",
               "accuracy", "margin", "fp4 B", "float B", "form");
    for (i = 0; i < NC_FP4_ATOM_COUNT; i++) {
        const nc_fp4_atom *atom = nc_fp4_get_atom((nc_fp4_atom_kind)i);
        if (nc_fp4_verify_atom(atom, NC_FP4_E2M1, &report) != NC_OK) return 1;
        exact &= print_row(atom->name, &report, json, i == 0);
        if (!json) print_units(atom);
    }
    if (nc_fp4_make(&adder, NC_FP4_ADDER, 8, 0, NULL) != NC_OK ||
        nc_fp4_compile(adder, &network) != NC_OK ||
        nc_fp4_verify_cases(network, sum_of_three, NULL, &report) != NC_OK)
        return fprintf(stderr, "fp4_atoms: out of memory\n"), 1;
    exact &= print_row("8-bit adder", &report, json, 0);
    puts(json ? "]" : "8 x (SUM, CARRY) sharing h");
    nc_fp4_network_destroy(network);
    nc_fp4_destroy(adder);
    if (!json) puts(exact ? "all exact" : "NOT EXACT");
    return !exact;
}
