/* fp4_compile: Boolean circuits to threshold networks whose weights are 4-bit floats. Reads BLIF,
   AIGER, Verilog, Bristol, JSON or a built-in template; writes the network (.fp4, C, DOT, BLIF, JSON,
   safetensors) or the circuit (BLIF, Bristol Fashion, JSON, AIGER); verifies it.
   cc -O2 fp4_compile.c -lm -o fp4_compile   (needs stb_ds.h) */
#define _POSIX_C_SOURCE 200809L
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#if !defined(_WIN32)
#include <sys/wait.h>
#endif
#define NC_IMPLEMENTATION
#include "../nc_fp4.h"
#include "cli.h"

static const char usage[] =
    "usage: fp4_compile (--template NAME --bits N | --blif F | --aiger F | --verilog F |\n"
    "                    --bristol F | --json F | --circuit F | --fp4 F)\n"
    "                   [--top NAME] [--genlib F] [--frames N] [--undriven 0] [--emit KIND]\n"
    "                   [-o OUT] [--verify] [--against F] [--steps N] [--seconds S]\n"
    "                   [--solver PROGRAM] [--report]\n"
    "  --template NAME  adder, subtractor, add-sub, comparator, multiplier, parity, popcount, "
    "mux,\n"
    "                   decoder, priority-encoder, alu, shifter\n"
    "  --circuit F      any of these, found by its content\n"
    "  --top NAME       the model or module that is the circuit\n"
    "  --genlib F       the library of BLIF's .gate\n"
    "  --frames N       unroll N clock cycles of a circuit with latches, which is refused else\n"
    "  --undriven 0     nets that nothing drives are 0, instead of an error\n"
    "  --emit KIND      fp4 (default), c, dot, json, safetensors, blif: the network of units;\n"
    "                   circuit-blif, bristol, circuit-json, aiger: the circuit before\n"
    "  -o OUT           write there instead of to standard output\n"
    "  --verify         every input where these are few; else a proof by structure, decision\n"
    "                   diagrams or sweeping (for templates: against another construction, then\n"
    "                   against the circuit itself)\n"
    "  --against F      verify against this netlist instead, inputs and outputs in its order\n"
    "  --steps N        budget of each proof in steps (default 2^30, some 10 s)\n"
    "  --seconds S      stop each proof after so many seconds\n"
    "  --solver PROGRAM a SAT solver for what is left: it gets the name of a DIMACS file, prints\n"
    "                   'v' lines and returns 10 or 20 (cadical, kissat ..); not on Windows\n"
    "  --report         sizes as JSON on standard output (then -o is needed to write)\n"
    "Returns 0, 1 on an error, 2 on bad usage, 3 when verification fails, 4 when it ends without "
    "a\n"
    "verdict.\n";

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int write_file(const char *path, const char *data, size_t bytes) {
    if (path) return cli_save(path, data, bytes);
    (void)fwrite(data, 1, bytes, stdout);
    return !cli_lost();
}

typedef struct job {
    const char *source, *path, *emit, *out, *genlib, *solver, *against;
    int which, bits, verify, report;
    nc_fp4_read_options options;
    uint64_t steps;
    double seconds, start; /* of a proof */
    nc_fp4_circuit *circuit,
        *other; /* other: what a template, or what --against, is proven against */
    nc_fp4_network *network;
} job;

/* A netlist: options are for those that are found by their content. */
static nc_status load_circuit(job *j, const char *data, size_t bytes, nc_error *err) {
    char *library = NULL;
    nc_status status;
    const int options = j->options.top || j->options.frames || j->options.undriven || j->genlib;
    if (j->genlib) {
        status = nc_file_read(j->genlib, &library, &j->options.library_bytes, err);
        if (status != NC_OK) return status;
    }
    j->options.library = library;
    if (!strcmp(j->source, "--circuit") || options)
        status = nc_fp4_read_circuit(&j->circuit, &j->options, data, bytes, err);
    else if (!strcmp(j->source, "--blif"))
        status = nc_fp4_read_blif(&j->circuit, data, bytes, err);
    else if (!strcmp(j->source, "--aiger"))
        status = nc_fp4_read_aiger(&j->circuit, data, bytes, err);
    else if (!strcmp(j->source, "--verilog"))
        status = nc_fp4_read_verilog(&j->circuit, data, bytes, err);
    else if (!strcmp(j->source, "--bristol"))
        status = nc_fp4_read_bristol(&j->circuit, data, bytes, err);
    else
        status = nc_fp4_read_json(&j->circuit, data, bytes, err);
    nc_file_free(library);
    return status;
}

/* The circuit, or for --fp4 the network. 0 on success. */
static int load(job *j) {
    nc_error err;
    nc_status status;
    size_t bytes;
    char *data;
    if (!strcmp(j->source, "--template")) {
        status = nc_fp4_make(&j->circuit, (nc_fp4_template)j->which, (uint32_t)j->bits, 0, NULL);
        if (status == NC_OK)
            status = nc_fp4_make(&j->other, (nc_fp4_template)j->which, (uint32_t)j->bits, 1, NULL);
        if (status == NC_OK) return 0;
        return fprintf(stderr, "fp4_compile: no %s of %d bits: %s\n", j->path, j->bits,
                       nc_status_str(status)),
               1;
    }
    if (nc_file_read(j->path, &data, &bytes, &err) != NC_OK)
        return fprintf(stderr, "fp4_compile: %s\n", err.message), 1;
    if (!strcmp(j->source, "--fp4"))
        status = nc_fp4_read_network(&j->network, data, bytes, &err);
    else
        status = load_circuit(j, data, bytes, &err);
    nc_file_free(data);
    if (status == NC_OK) return 0;
    fprintf(stderr, "%s:%d:%d: %s\n", j->path, err.line, err.column, err.message);
    return 1;
}

/* The netlist of --against, found by its content. 0 on success. */
static int load_other(job *j) {
    nc_error err;
    nc_status status;
    size_t bytes;
    char *data;
    nc_fp4_destroy(j->other);
    j->other = NULL;
    if (nc_file_read(j->against, &data, &bytes, &err) != NC_OK)
        return fprintf(stderr, "fp4_compile: %s\n", err.message), 1;
    status = nc_fp4_read_circuit(&j->other, NULL, data, bytes, &err);
    nc_file_free(data);
    if (status == NC_OK) return 0;
    fprintf(stderr, "%s:%d:%d: %s\n", j->against, err.line, err.column, err.message);
    return 1;
}

static const char *evidence_text(const nc_fp4_report *r) {
    static const char *const text[5] = {"every input tried", "proof by decision diagrams",
                                        "proof by structure, and random inputs",
                                        "proof by sweeping", "a solver's word"};
    return text[r->evidence];
}

/* Shows progress on terminals, and ends a proof when its time is over. */
static int on_progress(void *user, uint64_t done, uint64_t total) {
    const job *j = (const job *)user;
    const double t = now() - j->start;
    if (isatty(2) && t > 0.5)
        fprintf(stderr, "\rverifying: %3.0f %% of the budget, %.0f s ",
                100.0 * (double)done / (double)total, t);
    return j->seconds > 0 && t > j->seconds;
}

#if !defined(_WIN32)
/* The values of variables 1 .. inputs in a solver's 'v' lines. */
static void read_model(FILE *from, uint32_t inputs, uint8_t *example) {
    char word[32];
    while (fscanf(from, "%31s", word) == 1) {
        const long v = strtol(word, NULL, 10);
        if (v > 0 && (unsigned long)v <= inputs) example[v - 1] = 1;
    }
}

/* nc_fp4_sat_fn: PROGRAM FILE, without a shell. */
static int run_solver(void *user, const char *dimacs, size_t bytes, uint32_t inputs,
                      uint8_t *example) {
    const job *j = (const job *)user;
    char name[] = "/tmp/fp4_compile_XXXXXX";
    const int file = mkstemp(name);
    int ends[2], state = 0;
    pid_t child;
    FILE *from;
    if (file < 0) return 0;
    close(file);
    if (nc_file_write(name, dimacs, bytes, NULL) != NC_OK || pipe(ends) != 0)
        return unlink(name), 0;
    child = fork();
    if (child == 0) {
        dup2(ends[1], 1);
        close(ends[0]);
        close(ends[1]);
        execlp(j->solver, j->solver, name, (char *)NULL);
        _exit(127);
    }
    close(ends[1]);
    from = fdopen(ends[0], "r");
    if (from) {
        read_model(from, inputs, example);
        fclose(from);
    }
    if (child > 0) waitpid(child, &state, 0);
    unlink(name);
    state = child > 0 && WIFEXITED(state) ? WEXITSTATUS(state) : 0;
    if (state != 10 && state != 20)
        fprintf(stderr, "fp4_compile: '%s' gave no answer\n", j->solver);
    return state;
}
#endif

static nc_status prove(job *j, const nc_fp4_circuit *against, int ask, uint8_t *example,
                       nc_fp4_report *r) {
    nc_fp4_verify_options o;
    nc_status status;
    memset(&o, 0, sizeof o);
    o.steps = j->steps;
    o.progress = on_progress;
    o.progress_user = j;
#if !defined(_WIN32)
    o.sat = j->solver && ask ? run_solver : NULL;
#else
    (void)ask;
#endif
    o.sat_user = j;
    o.counter_example = example;
    j->start = now();
    status = nc_fp4_verify_with(j->network, against, &o, r);
    if (isatty(2) && now() - j->start > 0.5) fprintf(stderr, "\r%60s\r", "");
    return status;
}

static void print_example(const nc_fp4_circuit *c, const uint8_t *example) {
    nc_fp4_bus bus;
    uint32_t b, i;
    for (b = 0; nc_fp4_input_bus(c, b, &bus); b++) {
        fprintf(stderr, "  %s = ", bus.name);
        for (i = bus.width; i-- > 0;) fputc('0' + example[bus.first + i], stderr);
        fputc('\n', stderr);
    }
}

/* 0: proven; 1: an error; 3: refuted; 4: neither. */
static int verify(job *j, nc_fp4_report *r) {
    double start = now();
    uint8_t *example;
    nc_status status;
    if (!j->circuit && !j->other)
        return fprintf(stderr, "fp4_compile: a .fp4 file holds no circuit to verify it against; "
                               "--against names one\n"),
               1;
    example = (uint8_t *)calloc(nc_fp4_network_inputs(j->network) + 1, 1);
    if (!example) return fprintf(stderr, "fp4_compile: out of memory\n"), 1;
    status = prove(j, j->other ? j->other : j->circuit, 1, example, r);
    if (status == NC_ERR_MISMATCH && !r->tried)
        fprintf(stderr, "fp4_compile: '%s' has other numbers of inputs or outputs\n", j->against);
    if (j->other && !j->against && (status == NC_ERR_LIMIT || status == NC_ERR_CANCELLED)) {
        fprintf(stderr, "against another construction: undecided after %.1f s\n", now() - start);
        status = prove(j, j->circuit, 1, example, r);
    }
    if (r->verdict == NC_FP4_REFUTED) {
        fprintf(stderr, "fp4_compile: NOT EXACT: %llu wrong, first %llu (%s), for the inputs\n",
                (unsigned long long)r->wrong, (unsigned long long)r->first_wrong,
                r->evidence == NC_FP4_EXHAUSTIVE || r->evidence == NC_FP4_STRUCTURAL ? "case"
                                                                                     : "output");
        print_example(j->circuit ? j->circuit : j->other, example);
    } else if (r->verdict == NC_FP4_UNDECIDED) {
        fprintf(stderr, "fp4_compile: UNDECIDED (%s): %u outputs open after %llu steps, %.1f s\n",
                nc_status_str(status), r->open, (unsigned long long)r->steps, now() - start);
    } else if (!cli_quiet) {
        fprintf(stderr, "exact: %s, %.1f ms\n", evidence_text(r), (now() - start) * 1e3);
    }
    free(example);
    if (r->verdict == NC_FP4_REFUTED) return CLI_FAILED;
    if (status != NC_OK && status != NC_ERR_LIMIT && status != NC_ERR_CANCELLED) return 1;
    return r->verdict == NC_FP4_PROVEN ? 0 : 4;
}

static int emit(const job *j) {
    static const struct {
        const char *name;
        nc_fp4_file_kind kind;
        int circuit;
    } kinds[] = {{"fp4", NC_FP4_FILE, 0},          {"c", NC_FP4_C, 0},
                 {"dot", NC_FP4_DOT, 0},           {"json", NC_FP4_JSON, 0},
                 {"blif", NC_FP4_BLIF, 0},         {"safetensors", NC_FP4_SAFETENSORS, 0},
                 {"circuit-blif", NC_FP4_BLIF, 1}, {"bristol", NC_FP4_BRISTOL, 1},
                 {"circuit-json", NC_FP4_JSON, 1}, {"aiger", NC_FP4_AIGER, 1}};
    nc_status status = NC_ERR_ARG;
    char *data = NULL;
    size_t bytes, i;
    int ok, known = 0;
    for (i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (strcmp(kinds[i].name, j->emit)) continue;
        if (kinds[i].circuit && !j->circuit)
            return fprintf(stderr, "fp4_compile: a .fp4 file holds no circuit\n"), 1;
        if (!j->out && isatty(1) &&
            (kinds[i].kind == NC_FP4_FILE || kinds[i].kind == NC_FP4_AIGER ||
             kinds[i].kind == NC_FP4_SAFETENSORS))
            return fprintf(stderr,
                           "fp4_compile: %s is binary, and stdout a terminal: name a file "
                           "with -o, or --emit blif\n",
                           j->emit),
                   2;
        known = 1;
        status = kinds[i].circuit ? nc_fp4_write_circuit(j->circuit, kinds[i].kind, &data, &bytes)
                                  : nc_fp4_write_network(j->network, kinds[i].kind, &data, &bytes);
    }
    if (!known) {
        fprintf(stderr, "fp4_compile: --emit is not '%s', but one of:", j->emit);
        for (i = 0; i < sizeof kinds / sizeof *kinds; i++) fprintf(stderr, " %s", kinds[i].name);
        return fputs("\n", stderr), 2;
    }
    if (status != NC_OK) return fprintf(stderr, "fp4_compile: %s\n", nc_status_str(status)), 1;
    ok = write_file(j->out, data, bytes);
    nc_fp4_free_text(data);
    return !ok;
}

static int is_source(const char *a) {
    static const char *const sources[] = {"--template", "--blif", "--aiger",   "--verilog",
                                          "--bristol",  "--json", "--circuit", "--fp4"};
    size_t i;
    for (i = 0; i < sizeof sources / sizeof *sources; i++)
        if (!strcmp(a, sources[i])) return 1;
    return 0;
}

static int parse(job *j, int argc, char **argv) {
    int i;
    for (i = 1; i < argc; i++) {
        const char *a = argv[i], *value = i + 1 < argc ? argv[i + 1] : NULL;
        if (!strcmp(a, "--verify"))
            j->verify = 1;
        else if (!strcmp(a, "--report"))
            j->report = 1;
        else if (!value)
            return fprintf(stderr, "fp4_compile: '%s' is unknown or lacks a value\n", a), 2;
        else if (is_source(a)) {
            if (j->source) return fprintf(stderr, "fp4_compile: two sources\n"), 2;
            j->source = a;
            j->path = argv[++i];
        } else if (!strcmp(a, "--bits"))
            j->bits = (int)cli_number(a, argv[++i], 1, 65536);
        else if (!strcmp(a, "--top"))
            j->options.top = argv[++i];
        else if (!strcmp(a, "--genlib"))
            j->genlib = argv[++i];
        else if (!strcmp(a, "--frames"))
            j->options.frames = (uint32_t)cli_number(a, argv[++i], 1, 1000000);
        else if (!strcmp(a, "--undriven") && !strcmp(value, "0")) {
            j->options.undriven = 1;
            i++;
        } else if (!strcmp(a, "--emit"))
            j->emit = argv[++i];
        else if (!strcmp(a, "--steps"))
            j->steps = (uint64_t)cli_number(a, argv[++i], 1, INT64_MAX);
        else if (!strcmp(a, "--seconds"))
            j->seconds = cli_real(a, argv[++i], 0, 1e9);
        else if (!strcmp(a, "--against"))
            j->against = argv[++i];
        else if (!strcmp(a, "--solver"))
            j->solver = argv[++i];
        else if (!strcmp(a, "-o"))
            j->out = argv[++i];
        else
            return fprintf(stderr, "fp4_compile: unknown option '%s'\n", a), 2;
    }
    if (!j->source) return fprintf(stderr, "fp4_compile: no source\n"), 2;
#if defined(_WIN32)
    if (j->solver) return cli_fail(CLI_USAGE, "--solver: not on Windows");
#endif
    if (j->against && !j->verify)
        return fprintf(stderr, "fp4_compile: --against is for --verify\n"), 2;
    if (!strcmp(j->source, "--template")) {
        while (nc_fp4_template_name((nc_fp4_template)j->which) &&
               strcmp(nc_fp4_template_name((nc_fp4_template)j->which), j->path))
            j->which++;
        if (!nc_fp4_template_name((nc_fp4_template)j->which))
            return fprintf(stderr, "fp4_compile: no template '%s'\n", j->path), 2;
        if (j->bits < 1) return fprintf(stderr, "fp4_compile: --bits N is missing\n"), 2;
    }
    return 0;
}

int main(int argc, char **argv) {
    nc_fp4_report r;
    job j;
    double start = now();
    char *json;
    size_t bytes;
    int failed;
    memset(&j, 0, sizeof j);
    memset(&r, 0, sizeof r);
    j.emit = "fp4";
    cli_product = 1;
    argc = cli_begin(argc, argv, "fp4_compile", usage);
    failed = parse(&j, argc, argv);
    if (failed) return fputs(usage, stderr), failed;
    failed = j.out && !cli_can_write(j.out) ? CLI_ERROR : load(&j);
    if (!failed && !j.network && nc_fp4_compile(j.circuit, &j.network) != NC_OK)
        failed = fprintf(stderr, "fp4_compile: out of memory\n") != 0;
    if (!failed && !cli_quiet)
        fprintf(stderr, "%u inputs, %u outputs, %u threshold units, %.1f ms\n",
                nc_fp4_network_inputs(j.network), nc_fp4_network_outputs(j.network),
                nc_fp4_unit_count(j.network), (now() - start) * 1e3);
    if (!failed && j.verify && j.against) failed = load_other(&j);
    if (!failed && j.verify) failed = verify(&j, &r);
    if (!failed && j.report &&
        nc_fp4_write_network(j.network, NC_FP4_JSON, &json, &bytes) == NC_OK) {
        fwrite(json, 1, bytes, stdout);
        nc_fp4_free_text(json);
    }
    if (!failed && (j.out || !j.report)) failed = emit(&j);
    nc_fp4_network_destroy(j.network);
    nc_fp4_destroy(j.circuit);
    nc_fp4_destroy(j.other);
    return failed;
}
