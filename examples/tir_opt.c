/* tir_opt: lower a TIR program to TASM for Triton VM and replace blocks by cheaper sequences that
   are proven equivalent.
   cc -O2 tir_opt.c -o tir_opt   (needs stb_ds.h) */
#define _POSIX_C_SOURCE 200112L
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#define NC_IMPLEMENTATION
#include "../nc_tirneural.h"

static const char usage[] =
    "usage: tir_opt FILE.tir [options]\n"
    "  --raw                  clean the TIR up first, as the compiler does before lowering\n"
    "  --lower-only           the classical lowering alone\n"
    "  --target trident       the only target of this version\n"
    "  --beam N               search width (default 32)\n"
    "  --report json|table    form of the report (default table)\n"
    "  -o OUT.tasm            write the TASM there; without it TASM goes to standard output and\n"
    "                         the report to standard error\n"
    "Returns 0, 1 on an error, 2 on bad usage.\n";

static char *read_file(const char *path, size_t *n) {
    FILE *file = fopen(path, "rb");
    char *data = NULL;
    size_t capacity = 0;
    *n = 0;
    if (!file) return NULL;
    do {
        char *grown = realloc(data, capacity = capacity ? 2 * capacity : 65536);
        if (!grown) break;
        data = grown;
        *n += fread(data + *n, 1, capacity - *n, file);
    } while (*n == capacity);
    if (ferror(file)) {
        free(data);
        data = NULL;
    }
    fclose(file);
    return data;
}

static void row(FILE *out, const char *name, uint64_t before, uint64_t after) {
    fprintf(out, "  %-12s %9llu %9llu %7.3f\n", name, (unsigned long long)before,
            (unsigned long long)after, before ? (double)after / (double)before : 1.0);
}

static void print_report(FILE *out, const nc_tir_report *r, double seconds, int json) {
    const nc_tir_heights *a = &r->before, *b = &r->after;
    const char *tall_a, *tall_b;
    uint64_t cost_a = nc_tir_padded(nc_tir_tallest(a, &tall_a));
    uint64_t cost_b = nc_tir_padded(nc_tir_tallest(b, &tall_b));
    if (json) {
        fprintf(out,
                "{\"blocks\": %u, \"improved\": %u, \"proofs\": %u, \"rejected\": %u, "
                "\"instructions_before\": %u, \"instructions_after\": %u, "
                "\"padded_before\": %llu, \"padded_after\": %llu, \"dominant\": \"%s\", "
                "\"seconds\": %.3f}\n",
                r->blocks, r->improved, r->proofs, r->rejected, r->instructions_before,
                r->instructions_after, (unsigned long long)cost_a, (unsigned long long)cost_b,
                tall_b, seconds);
        return;
    }
    fprintf(out, "  %-12s %9s %9s %7s\n", "static model", "classical", "optimised", "ratio");
    row(out, "processor", a->processor, b->processor);
    row(out, "hash", a->hash, b->hash);
    row(out, "u32", a->u32, b->u32);
    row(out, "op_stack", a->op_stack, b->op_stack);
    row(out, "ram", a->ram, b->ram);
    row(out, "jump_stack", a->jump_stack, b->jump_stack);
    row(out, "padded", cost_a, cost_b);
    row(out, "instructions", r->instructions_before, r->instructions_after);
    fprintf(out, "  dominant table %s, %llu rows below the cliff at %llu\n", tall_b,
            (unsigned long long)(cost_b - nc_tir_tallest(b, NULL)), (unsigned long long)cost_b);
    fprintf(out,
            "  %u of %u blocks improved, each proven equivalent; %u candidates rejected; "
            "%.2f s\n",
            r->improved, r->blocks, r->rejected, seconds);
}

static int fail(const char *file, nc_status status, const nc_error *err) {
    fprintf(stderr, "%s:%d:%d: %s\n", file, err->line, err->column,
            err->message[0] ? err->message : nc_status_str(status));
    return 1;
}

int main(int argc, char **argv) {
    const char *in = NULL, *out = NULL;
    int i, lower_only = 0, json = 0, failed = 0, raw = 0;
    nc_tir_options options = {0};
    nc_tir_program *program;
    nc_tir_report report;
    nc_error err = {0};
    nc_status status;
    struct timespec t0, t1;
    char *text, *tasm = NULL;
    size_t n;
    FILE *file;
    for (i = 1; i < argc; i++) {
        const char *next = i + 1 < argc ? argv[i + 1] : "";
        if (!strcmp(argv[i], "--help")) return fputs(usage, stdout) < 0;
        if (!strcmp(argv[i], "--lower-only"))
            lower_only = 1;
        else if (!strcmp(argv[i], "--raw"))
            raw = 1;
        else if (!strcmp(argv[i], "--target") && !strcmp(next, "trident"))
            i++;
        else if (!strcmp(argv[i], "--report") && !strcmp(next, "json"))
            json = ++i;
        else if (!strcmp(argv[i], "--report") && !strcmp(next, "table"))
            i++;
        else if (!strcmp(argv[i], "--beam") && atoi(next) > 0)
            options.beam = (uint32_t)atoi(argv[++i]);
        else if (!strcmp(argv[i], "-o") && *next)
            out = argv[++i];
        else if (argv[i][0] != '-' && !in)
            in = argv[i];
        else
            return fprintf(stderr, "tir_opt: bad argument '%s'\n%s", argv[i], usage), 2;
    }
    if (!in) return fputs(usage, stderr), 2;
    text = read_file(in, &n);
    if (!text) return fprintf(stderr, "tir_opt: cannot read '%s'\n", in), 1;
    status = nc_tir_parse(&program, text, n, &err);
    free(text);
    if (status == NC_OK && raw) {
        nc_tir_program *cleaned;
        status = nc_tir_peephole(program, &cleaned);
        nc_tir_destroy(program);
        program = cleaned;
    }
    if (status != NC_OK) return fail(in, status, &err);
    clock_gettime(CLOCK_MONOTONIC, &t0);
    if (lower_only)
        status = nc_tir_lower(program, NC_TIR_TARGET_TRIDENT, &tasm);
    else
        status = nc_tir_optimize(program, &options, &tasm, &report, &err);
    clock_gettime(CLOCK_MONOTONIC, &t1);
    nc_tir_destroy(program);
    if (status != NC_OK) return fail(in, status, &err);
    file = out ? fopen(out, "wb") : stdout;
    if (!file || fputs(tasm, file) < 0 || fflush(file) || (out && fclose(file))) {
        fprintf(stderr, "tir_opt: cannot write '%s'\n", out ? out : "standard output");
        failed = 1;
    } else if (!lower_only) {
        print_report(out ? stdout : stderr, &report,
                     (double)(t1.tv_sec - t0.tv_sec) + 1e-9 * (double)(t1.tv_nsec - t0.tv_nsec),
                     json);
    }
    nc_tir_free_text(tasm);
    return failed;
}
