/* Two programs that must behave alike, on a stack, inputs and memory drawn at random. */
#ifndef NC_TEST_TIR_RUNS_H
#define NC_TEST_TIR_RUNS_H
#include "test.h"
#include "../nc_tirneural.h"

/* What both programs begin with: `stack` is the text that pushes it. */
typedef struct random_start {
    char stack[2048];
    uint64_t in[64], digests[80], ram[64];
    nc_tir_input input;
} random_start;

static inline void draw_start(random_start *s, uint64_t *seed) {
    const int scale = (int)(test_random(seed) % 4);
    char *to = s->stack;
    int i;
    memset(s, 0, sizeof *s);
    for (i = 0; i < 40; i++) {
        uint64_t v = nc_gl_from_u64(test_random(seed));
        if (scale == 0) v %= 3;
        if (scale == 1) v >>= 32;
        if (scale == 2) v = v % 4 ? v % 70 : v >> 32;
        to += sprintf(to, "push %llu\n", (unsigned long long)v);
    }
    for (i = 0; i < 64; i++) s->in[i] = nc_gl_from_u64(test_random(seed) >> (scale ? 33 : 0));
    for (i = 0; i < 80; i++) s->digests[i] = nc_gl_from_u64(test_random(seed));
    for (i = 0; i < 64; i++) s->ram[i] = i % 2 ? test_random(seed) >> 33 : (uint64_t)i / 2;
    s->input.public_input = s->input.secret_input = s->in;
    s->input.public_count = s->input.secret_count = 64;
    s->input.secret_digests = s->digests;
    s->input.digest_count = 16;
    s->input.ram = s->ram;
    s->input.ram_count = 32;
    s->input.max_cycles = 30000;
}

/* 1 when both runs halt with the same stack, but for the program's digest, and output, or both
   crash; -1 when one was too long to tell. */
static inline int end_alike(const nc_tir_execution x[2]) {
    int k, alike = (x[0].outcome == NC_TIR_HALTED) == (x[1].outcome == NC_TIR_HALTED);
    if (x[0].outcome == NC_TIR_CRASH_CYCLES || x[1].outcome == NC_TIR_CRASH_CYCLES) return -1;
    if (!alike || x[0].outcome != NC_TIR_HALTED) return alike;
    alike = x[0].depth == x[1].depth && x[0].output_count == x[1].output_count;
    for (k = 0; alike && k < 16 && k < (int)x[0].depth - 5; k++)
        alike = x[0].stack[k] == x[1].stack[k];
    for (k = 0; alike && k < (int)x[0].output_count; k++) alike = x[0].output[k] == x[1].output[k];
    return alike;
}

/* The compiler emits dup and swap beyond 15, which no machine runs: 20 becomes 4. */
static inline void make_runnable(char *tasm) {
    char *at = tasm;
    for (; (at = strpbrk(at, "dw")) != NULL; at++) {
        int index = 0, n = 0;
        if (sscanf(at, "dup %d%n", &index, &n) + sscanf(at, "wap %d%n", &index, &n) > 0 &&
            index > 15) {
            at[n - 2] = ' ';
            at[n - 1] = (char)('0' + index % 10);
        }
    }
}
#endif
