/* tasm_run: run a TASM program for Triton VM on the interpreter; print stack, output and the
   heights of all tables.
   cc -O2 tasm_run.c -o tasm_run   (needs stb_ds.h) */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#define NC_IMPLEMENTATION
#include "../nc_tirneural.h"

static const char usage[] =
    "usage: tasm_run FILE.tasm [--input a,b,..] [--secret a,b,..] [--ram FILE] [--json]\n"
    "  --ram FILE   lines 'address value'\n"
    "Returns 0, 1 when the program crashes or a file is bad, 2 on bad usage.\n";

enum { LIMIT = 1 << 16 };

/* Comma-separated field elements; -1 on a bad one. */
static long read_list(const char *text, nc_gl *out) {
    long n = 0;
    while (*text) {
        size_t length = strcspn(text, ",");
        if (n == LIMIT || nc_gl_parse(text, length, &out[n], NULL) != NC_OK) return -1;
        n++;
        text += length;
        if (*text) text++;
    }
    return n;
}

static long read_ram(const char *path, nc_gl *out) {
    char address[32], value[32];
    long n = 0;
    FILE *file = fopen(path, "r");
    if (!file) return -1;
    while (n < LIMIT / 2 && fscanf(file, "%31s %31s", address, value) == 2) {
        if (nc_gl_parse(address, strlen(address), &out[2 * n], NULL) != NC_OK ||
            nc_gl_parse(value, strlen(value), &out[2 * n + 1], NULL) != NC_OK)
            break;
        n++;
    }
    if (!feof(file)) n = -1;
    fclose(file);
    return n;
}

static void print(const nc_tir_execution *x, int json) {
    const struct {
        const char *name;
        unsigned long long height;
    } table[] = {{"processor", x->processor},   {"op_stack", x->op_stack}, {"ram", x->ram},
                 {"jump_stack", x->jump_stack}, {"hash", x->hash},         {"u32", x->u32},
                 {"program", x->program},       {"cascade", x->cascade},   {"lookup", x->lookup},
                 {"padded", x->padded_height}};
    size_t i;
    printf(json ? "{\"outcome\": \"%s\", \"stack\": [" : "outcome: %s\nstack, top first:",
           nc_tir_outcome_str(x->outcome));
    for (i = 0; i < 16; i++)
        printf(json ? "%s\"%llu\"" : "%s%llu", json ? (i ? ", " : "") : " ",
               (unsigned long long)x->stack[i]);
    printf(json ? "], \"output\": [" : "\noutput:");
    for (i = 0; i < x->output_count; i++)
        printf(json ? "%s\"%llu\"" : "%s%llu", json ? (i ? ", " : "") : " ",
               (unsigned long long)x->output[i]);
    printf(json ? "]" : "\n");
    for (i = 0; i < sizeof table / sizeof *table; i++)
        printf(json ? ", \"%s\": %llu" : "  %-12s %10llu\n", table[i].name, table[i].height);
    if (json) printf("}\n");
}

int main(int argc, char **argv) {
    static nc_gl in[LIMIT], secret[LIMIT], ram[LIMIT];
    nc_tir_input input = {0};
    nc_tir_execution x;
    nc_error err;
    const char *path = NULL;
    size_t n;
    char *text;
    int i, json = 0, crashed;
    for (i = 1; i < argc; i++) {
        const char *next = i + 1 < argc ? argv[i + 1] : NULL;
        long count = 0;
        if (!strcmp(argv[i], "--help")) return fputs(usage, stdout) < 0;
        if (!strcmp(argv[i], "--json"))
            json = 1;
        else if (!strcmp(argv[i], "--input") && next)
            input.public_count = (size_t)(count = read_list(argv[++i], in));
        else if (!strcmp(argv[i], "--secret") && next)
            input.secret_count = (size_t)(count = read_list(argv[++i], secret));
        else if (!strcmp(argv[i], "--ram") && next)
            input.ram_count = (size_t)(count = read_ram(argv[++i], ram));
        else if (argv[i][0] != '-' && !path)
            path = argv[i];
        else
            count = -1;
        if (count < 0) return fprintf(stderr, "tasm_run: bad argument '%s'\n%s", argv[i], usage), 2;
    }
    if (!path) return fputs(usage, stderr), 2;
    if (nc_file_read(path, &text, &n, &err) != NC_OK || memchr(text, 0, n))
        return fprintf(stderr, "tasm_run: cannot read '%s'\n", path), 1;
    input.public_input = in;
    input.secret_input = secret;
    input.ram = ram;
    if (nc_tir_execute(text, &input, &x, &err) != NC_OK) {
        fprintf(stderr, "%s:%d:%d: %s\n", path, err.line, err.column, err.message);
        nc_file_free(text);
        return 1;
    }
    nc_file_free(text);
    print(&x, json);
    crashed = x.outcome != NC_TIR_HALTED;
    if (crashed) fprintf(stderr, "tasm_run: crashed: %s\n", nc_tir_outcome_str(x.outcome));
    nc_tir_free_output(&x);
    return crashed;
}
