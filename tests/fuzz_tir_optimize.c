/* TASM text, optimised: it never breaks, and what ran before runs alike after, in no more rows; with
 * rows traded on a sample it runs alike on another stack too. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "nc_tirneural.h"

static nc_tir_input inputs(void) {
    static const nc_gl in[8] = {1, 2, 3, 4, 5, 6, 0, UINT64_C(1) << 33};
    static const nc_gl digests[10] = {9, 8, 7, 6, 5, 4, 3, 2, 1, 0};
    static const nc_gl ram[8] = {0, 5, 1, 6, 2, 7, 3, 1};
    const nc_tir_input input = {in, in, digests, ram, 8, 8, 2, 4, 2000, NC_TIR_TARGET_TRITON, 0};
    return input;
}

static nc_tir_execution run(const char *text, const char *suffix) {
    const nc_tir_input input = inputs();
    char *program = malloc(strlen(text) + 1000);
    nc_tir_execution x;
    nc_status status;
    int i;
    *program = 0;
    for (i = 1; i <= 40; i++) sprintf(program + strlen(program), "push %d ", i % 7 * (i % 3));
    strcat(program, text);
    strcat(program, suffix);
    status = nc_tir_execute(program, &input, &x, NULL);
    if (status != NC_OK) x.outcome = NC_TIR_CRASH_CYCLES;
    free(program);
    return x;
}

static int alike(const nc_tir_execution *a, const nc_tir_execution *b) {
    if (b->outcome != NC_TIR_HALTED || a->depth != b->depth || a->output_count != b->output_count)
        return 0;
    if (a->output_count && memcmp(a->output, b->output, a->output_count * sizeof *a->output))
        return 0;
    return !memcmp(a->stack, b->stack, sizeof a->stack);
}

static void trap(const char *text, const char *better) {
    fprintf(stderr, "%s\n-- becomes --\n%s\n", text, better);
    __builtin_trap();
}

/* Trade rows on the text as it is, then run both on the stack of run(). */
static void trade(const char *text) {
    const nc_tir_input input = inputs();
    nc_tir_options options = {0};
    nc_tir_execution before, again, after;
    char *better;
    options.beam = 2;
    options.whole = 1;
    options.effort = 1;
    options.samples = &input;
    options.sample_count = 1;
    if (nc_tir_optimize_tasm(text, &options, &better, NULL, NULL) != NC_OK) return;
    before = run(text, "");
    again = run(text, "\nhalt\n");
    if (before.outcome == NC_TIR_HALTED && alike(&before, &again)) {
        after = run(better, "");
        if (!alike(&before, &after)) trap(text, better);
        nc_tir_free_output(&after);
    }
    nc_tir_free_output(&before);
    nc_tir_free_output(&again);
    nc_tir_free_text(better);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    nc_tir_options options = {0};
    nc_tir_execution before, again, after;
    char *text = malloc(size + 1), *better;
    memcpy(text, data, size);
    text[size] = 0;
    options.beam = 2;
    options.whole = size & 1;
    if (size < 1500 && nc_tir_optimize_tasm(text, &options, &better, NULL, NULL) == NC_OK) {
        before = run(text, "");
        again = run(text, "\nhalt\n"); /* another digest at the bottom of the stack */
        if (before.outcome == NC_TIR_HALTED && alike(&before, &again)) {
            after = run(better, "");
            if (!alike(&before, &after) || after.processor > before.processor ||
                after.op_stack > before.op_stack || after.ram > before.ram ||
                after.u32 > before.u32)
                trap(text, better);
            nc_tir_free_output(&after);
        }
        nc_tir_free_output(&before);
        nc_tir_free_output(&again);
        nc_tir_free_text(better);
        if (size % 4 == 3) trade(text);
    }
    free(text);
    return 0;
}
