/* Speed and gain of nc_tirneural.h on one core: the sample program, and the corpus when it is
   there (NC_TEST_DATA or ../shared/data). Only the network's arithmetic has levels. */
#define _POSIX_C_SOURCE 200112L
#include "bench.h"
#include <dirent.h>
#define NC_IMPLEMENTATION
#include "../nc_tirneural.h"

#define BLOCK_OF_32                                                                                \
    "dup 1 push 5 push -1 mul add dup 0 mul swap 2 pop 2 write_io 1 dup 3 dup 3 add dup 2 push 1 " \
    "split swap 1 pop 1 mul add swap 4 pop 3 push 1 dup 2 dup 2 lt pop 2 read_mem 2 push 3 add "   \
    "dup 1 add"

static char *lowered, text[1 << 20];
static nc_tir_program *program;
static volatile int sink;

static nc_tir_program *load(const char *path) {
    FILE *file = fopen(path, "rb");
    nc_tir_program *p;
    size_t n;
    if (!file) return NULL;
    n = fread(text, 1, sizeof text, file);
    fclose(file);
    return nc_tir_parse(&p, text, n, NULL) == NC_OK ? p : NULL;
}

static void run_lower(void *u) {
    char *tasm;
    (void)u;
    if (nc_tir_lower(program, NC_TIR_TARGET_TRIDENT, &tasm) == NC_OK) nc_tir_free_text(tasm);
}
static void run_optimize(void *u) {
    nc_tir_options options = {0};
    char *tasm;
    options.beam = *(uint32_t *)u;
    if (nc_tir_optimize(program, &options, &tasm, NULL, NULL) == NC_OK) nc_tir_free_text(tasm);
}
static void run_verify(void *u) {
    (void)u;
    sink = nc_tir_verify("dup 1 push 5 push -1 mul add dup 0 mul swap 2 pop 2 write_io 1",
                         "dup 1 addi -5 dup 0 mul swap 2 pop 2 write_io 1");
}
/* A block of 32 instructions against a shorter form of it. */
static void run_verify_block(void *u) {
    (void)u;
    sink = nc_tir_verify(
        BLOCK_OF_32,
        "dup 1 addi -5 dup 0 mul swap 2 pop 2 write_io 1 dup 3 dup 3 add dup 2 push 0 push 1 pop 2 "
        "add swap 4 pop 3 push 1 dup 2 dup 2 lt pop 2 read_mem 2 addi 3 dup 1 add");
}
static nc_tir_evolution *evolution;
static void run_generation(void *u) {
    (void)u;
    if (nc_tir_evolution_run(evolution, 1, NULL, NULL) != NC_OK) sink = 1;
}
static nc_tir_model *model;
static nc_gl words[NC_TIR_BLOCK_WORDS];
static nc_fixed latents[NC_TIR_BLOCK_NODES * 64];
static void run_forward(void *u) {
    (void)u;
    if (nc_tir_model_forward(model, words, 1, latents) != NC_OK) sink = 1;
}
static void run_machine(void *u) {
    nc_tir_execution x;
    (void)u;
    if (nc_tir_execute("push 10000 call f halt f: dup 0 push 0 eq skiz return addi -1 recurse",
                       NULL, &x, NULL) == NC_OK)
        nc_tir_free_output(&x);
}

/* Ratio of optimised to classical instructions over all modules; 0 without the corpus. */
static double corpus(uint32_t beam, const nc_tir_model *guide, double *seconds) {
    const char *data = getenv("NC_TEST_DATA");
    char folder[1024], path[2048];
    double before = 0, after = 0, start = bench_now();
    struct dirent *entry;
    DIR *dir;
    snprintf(folder, sizeof folder, "%s/tir", data && *data ? data : "../shared/data");
    dir = opendir(folder);
    if (!dir) return 0;
    while ((entry = readdir(dir)) != NULL) {
        size_t n = strlen(entry->d_name);
        nc_tir_options options = {0};
        nc_tir_report report;
        nc_tir_program *p;
        char *tasm;
        options.beam = beam;
        options.model = guide;
        if (n < 9 || strcmp(entry->d_name + n - 4, ".tir") ||
            !strcmp(entry->d_name + n - 8, ".raw.tir"))
            continue;
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        p = load(path);
        if (p && nc_tir_optimize(p, &options, &tasm, &report, NULL) == NC_OK) {
            before += report.instructions_before;
            after += report.instructions_after;
            nc_tir_free_text(tasm);
        }
        nc_tir_destroy(p);
    }
    closedir(dir);
    *seconds = bench_now() - start;
    return before > 0 ? after / before : 0;
}

static int set_level(int level) { return nc_gl_set_simd(level) != NC_OK; }

int main(int argc, char **argv) {
    static const uint32_t beams[3] = {8, 32, 256};
    double reference, t, seconds;
    uint32_t n;
    int i;
    program = load("examples/data/sample.tir");
    if (!program || nc_tir_lower(program, NC_TIR_TARGET_TRIDENT, &lowered) != NC_OK) return 1;
    (void)nc_tir_count(lowered, &n, NULL);
    bench_begin("tirneural", argc, argv, set_level);
    reference = bench_time(run_lower, NULL);
    bench_row("classical lowering", n / reference / 1e6, "Minstr/s", 0, "");
    for (i = 0; i < 3; i++) {
        char row[64];
        t = bench_time(run_optimize, (void *)(uintptr_t)&beams[i]);
        snprintf(row, sizeof row, "search and proof, beam %u", (unsigned)beams[i]);
        bench_row(row, n / t / 1e6, "Minstr/s", t / reference, "lowering (slower)");
        t = corpus(beams[i], NULL, &seconds);
        if (t > 0) {
            snprintf(row, sizeof row, "corpus, beam %u: instructions", (unsigned)beams[i]);
            bench_row(row, t, "of before", 0, "");
            snprintf(row, sizeof row, "corpus, beam %u: time", (unsigned)beams[i]);
            bench_row(row, seconds, "s", 0, "");
        }
    }
    if (nc_tir_model_load(&model, "examples/data/tir_weights.bin", NULL) == NC_OK) {
        double took[BENCH_LEVELS] = {0};
        int level;
        for (level = bench_levels > 1; level < bench_levels; level++) { /* portable: a minute */
            bench_use(level);
            t = corpus(32, model, &took[level]);
            if (!(t > 0)) took[level] = 0;
        }
        if (t > 0) {
            bench_row("corpus, 32, shipped weights: instructions", t, "of before", 0, "");
            bench_line("corpus, 32, shipped weights: time", took, NULL, "s", NULL, 'x', "");
        }
        if (nc_tir_evolution_create(&evolution, model, 1) == NC_OK &&
            nc_tir_encode(BLOCK_OF_32, words, NULL) == NC_OK) {
            uint64_t seed = 1;
            while (nc_tir_evolution_blocks(evolution) < 58 && seed < 1000) {
                char block[600];
                snprintf(block, sizeof block,
                         "dup %u push %u push -1 mul add dup 1 swap 2 pop 1 dup 0 mul swap %u "
                         "pop 1 dup %u add",
                         (unsigned)(seed % 5), (unsigned)seed, 1 + (unsigned)(seed % 3),
                         (unsigned)(seed % 7));
                if (nc_tir_evolution_add(evolution, block, NULL) != NC_OK) break;
                seed++;
            }
            (void)bench_levels_row("one generation: 16 weight vectors, 58 blocks", run_generation,
                                   NULL, 1e3, "ms", NULL, "");
            (void)bench_levels_row("forward pass, 32 nodes", run_forward, NULL, 1e6, "us", NULL,
                                   "");
        }
        nc_tir_evolution_destroy(evolution);
        nc_tir_model_destroy(model);
    }
    bench_row("one proof, text to verdict", bench_time(run_verify, NULL) * 1e6, "us", 0, "");
    run_verify_block(NULL);
    if (sink != NC_TIR_PROVEN) return 1;
    bench_row("one proof of 32 instructions", bench_time(run_verify_block, NULL) * 1e6, "us", 0,
              "");
    bench_row("interpreter", 70000 / bench_time(run_machine, NULL) / 1e6, "Mcycles/s", 0, "");
    nc_tir_free_text(lowered);
    nc_tir_destroy(program);
    return bench_end();
}
