/* tasm_run: run a TASM program for Triton VM on the interpreter; print stack, output and the
   heights of all tables.
   cc -O2 tasm_run.c -o tasm_run   (needs stb_ds.h) */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#define NC_IMPLEMENTATION
#include "../nc_tirneural.h"
#include "cli.h"

static const char usage[] =
    "usage: tasm_run FILE.tasm [--input a,b,..] [--secret a,b,..] [--digests a,b,..] [--ram FILE]\n"
    "                [--main] [--json]\n"
    "  Elements are numbers between -p and p, 0x.. too, where p = 2^64 - 2^32 + 1.\n"
    "  --digests    secret digests for merkle_step, five elements each, element 0 first\n"
    "  --ram FILE   lines 'address value'\n"
    "  --main       the machine of Triton VM's main branch, not the released one\n"
    "Returns 0, 1 when the program crashes or a file is bad, 2 on bad usage.\n";

enum { LIMIT = 1 << 16, RAM = 1 << 21 }; /* elements */

/* Why an argument or a file of inputs is refused. */
static char where[32], why[160];

/* One field element, -a for p - a; 0 when it is none. */
static int read_element(const char *text, size_t n, nc_gl *out) {
    const size_t sign = n > 0 && (*text == '-' || *text == '+');
    if (n > sign && nc_gl_parse(text + sign, n - sign, out, NULL) == NC_OK) {
        if (*text == '-') *out = nc_gl_neg(*out);
        return 1;
    }
    snprintf(why, sizeof why, "'%.*s' is no number between -p and p", n < 40 ? (int)n : 40, text);
    return 0;
}

/* Comma-separated field elements; -1 on a bad one. */
static long read_list(const char *text, nc_gl *out) {
    long n = 0;
    while (*text) {
        size_t length = strcspn(text, ",");
        if (n == LIMIT) return snprintf(why, sizeof why, "more than %d elements", LIMIT), -1;
        if (!read_element(text, length, &out[n++])) return -1;
        text += length;
        if (*text && !*++text) return snprintf(why, sizeof why, "it ends with a comma"), -1;
    }
    return n;
}

/* Pairs from a file; -1 on a bad one. */
static long read_ram(const char *path, nc_gl *out) {
    char line[256];
    long n = 0, number = 1;
    FILE *file = fopen(path, "r");
    if (!file)
        return snprintf(why, sizeof why, "cannot read '%.90s': %.40s", path, strerror(errno)), -1;
    for (; fgets(line, sizeof line, file); number++) {
        char *at = line + strspn(line, " \t\r\n");
        int k;
        *why = 0;
        for (k = 0; *at && *why == 0; k++) {
            const size_t length = strcspn(at, " \t\r\n");
            if (k == 2 || n == RAM / 2)
                strcpy(why, k == 2 ? "more than an address and a value" : "too many pairs");
            else if (read_element(at, length, &out[2 * n + k]))
                at += length + strspn(at + length, " \t\r\n");
        }
        if (*why == 0 && k == 1) strcpy(why, "an address without a value");
        if (*why) {
            snprintf(where, sizeof where, "line %ld: ", number);
            return fclose(file), -1;
        }
        n += k == 2;
    }
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
    printf(json ? "{\"outcome\": \"%s\"" : "outcome: %s", nc_tir_outcome_str(x->outcome));
    if (*x->error_id) printf(json ? ", \"error_id\": \"%s\"" : ", error_id %s", x->error_id);
    printf(json ? ", \"stack\": [" : "\nstack, top first:");
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
    static nc_gl in[LIMIT], secret[LIMIT], digests[LIMIT], ram[RAM];
    nc_tir_input input = {0};
    nc_tir_execution x;
    nc_error err;
    const char *path = NULL;
    size_t n;
    char *text;
    int i, json = 0, crashed;
    argc = cli_begin(argc, argv, "tasm_run", usage);
    for (i = 1; i < argc; i++) {
        const char *next = i + 1 < argc ? argv[i + 1] : NULL;
        long count = 0;
        if (!strcmp(argv[i], "--json"))
            json = 1;
        else if (!strcmp(argv[i], "--main"))
            input.machine = NC_TIR_TARGET_TRITON_MAIN;
        else if (!strcmp(argv[i], "--input") && next)
            input.public_count = (size_t)(count = read_list(argv[++i], in));
        else if (!strcmp(argv[i], "--secret") && next)
            input.secret_count = (size_t)(count = read_list(argv[++i], secret));
        else if (!strcmp(argv[i], "--digests") && next) {
            count = read_list(argv[++i], digests);
            if (count > 0 && count % 5)
                count = (long)snprintf(why, sizeof why, "%ld elements make no digests", count) * -1;
            input.digest_count = (size_t)(count < 0 ? 0 : count) / 5;
        } else if (!strcmp(argv[i], "--ram") && next)
            input.ram_count = (size_t)(count = read_ram(argv[++i], ram));
        else if (argv[i][0] != '-' && !path)
            path = argv[i];
        else
            count = -1;
        if (count < 0 && *why)
            return fprintf(stderr, "tasm_run: %s: %s%s\n", argv[i - 1], where, why), 2;
        if (count < 0) return fprintf(stderr, "tasm_run: bad argument '%s'\n%s", argv[i], usage), 2;
    }
    if (!path) return fputs(usage, stderr), 2;
    if (nc_file_read(path, &text, &n, &err) != NC_OK)
        return fprintf(stderr, "tasm_run: %s\n", err.message), 1;
    if (memchr(text, 0, n))
        return fprintf(stderr, "tasm_run: '%s' is no text: it has a NUL\n", path), 1;
    input.public_input = in;
    input.secret_input = secret;
    input.secret_digests = digests;
    input.ram = ram;
    if (nc_tir_execute(text, &input, &x, &err) != NC_OK) {
        fprintf(stderr, "%s:%d:%d: %s\n", path, err.line, err.column, err.message);
        nc_file_free(text);
        return 1;
    }
    nc_file_free(text);
    print(&x, json);
    crashed = x.outcome != NC_TIR_HALTED;
    if (crashed)
        fprintf(stderr, "tasm_run: crashed after %llu cycles: %s%s%s\n",
                (unsigned long long)x.processor, nc_tir_outcome_str(x.outcome),
                *x.error_id ? ", error_id " : "", x.error_id);
    nc_tir_free_output(&x);
    return crashed;
}
