/* nc_tirneural.h for Rust: plain arrays in, plain arrays out. */
#define NC_IMPLEMENTATION
#include "nc_tirneural.h"

/* What a run reads; arrays of field elements, digests as five each, RAM as pairs. */
typedef struct nct_input {
    const uint64_t *public_input, *secret_input, *digests, *ram;
    size_t public_count, secret_count, digest_count, ram_count;
    uint64_t max_cycles;
} nct_input;

/* What a run gives. Heights in the order of the machine's TableId: program, processor, op stack,
 * RAM, jump stack, hash, cascade, lookup, u32. */
typedef struct nct_run {
    uint64_t outcome, depth, output_count, padded, height[9], stack[16], program_digest[5];
    uint64_t *output;
} nct_run;

typedef struct nct_optimized {
    char *text; /* nct_free_text */
    uint32_t before, after, proofs, rejected;
} nct_optimized;

static int nct_fail(const nc_error *err, char *message, size_t room) {
    snprintf(message, room, "%s (%d:%d)", err->message, err->line, err->column);
    return 0;
}

/* The digest that the interpreter puts at the bottom of the stack. */
static void nct_digest(const char *text, nc_gl digest[5]) {
    nc_tir_execution x;
    nc_tir__code code;
    nc_tir__vm vm;
    memset(&x, 0, sizeof x);
    memset(&vm, 0, sizeof vm);
    if (nc_tir__read_tasm(text, 1, &code, NULL) == NC_OK) {
        vm.code = &code;
        vm.out = &x;
        vm.limbs_seen = (uint8_t *)nc__calloc(NULL, NC_TIR__LIMBS);
        if (vm.limbs_seen) (void)nc_tir__hash_program(&vm, digest);
        nc__free(NULL, vm.limbs_seen, NC_TIR__LIMBS);
    }
    nc_tir__code_free(&code);
}

int nct_execute(const char *text, const nct_input *in, nct_run *run, char *message, size_t room) {
    nc_tir_input input;
    nc_tir_execution x;
    nc_error err;
    memset(&input, 0, sizeof input);
    input.public_input = in->public_input;
    input.public_count = in->public_count;
    input.secret_input = in->secret_input;
    input.secret_count = in->secret_count;
    input.secret_digests = in->digests;
    input.digest_count = in->digest_count;
    input.ram = in->ram;
    input.ram_count = in->ram_count;
    input.max_cycles = in->max_cycles;
    memset(run, 0, sizeof *run);
    if (nc_tir_execute(text, &input, &x, &err) != NC_OK) return nct_fail(&err, message, room);
    run->outcome = (uint64_t)x.outcome;
    run->depth = x.depth;
    run->padded = x.padded_height;
    run->height[0] = x.program;
    run->height[1] = x.processor;
    run->height[2] = x.op_stack;
    run->height[3] = x.ram;
    run->height[4] = x.jump_stack;
    run->height[5] = x.hash;
    run->height[6] = x.cascade;
    run->height[7] = x.lookup;
    run->height[8] = x.u32;
    memcpy(run->stack, x.stack, sizeof run->stack);
    run->output = x.output;
    run->output_count = x.output_count;
    nct_digest(text, run->program_digest);
    return 1;
}

void nct_free_run(nct_run *run) {
    nc_tir_execution x;
    memset(&x, 0, sizeof x);
    x.output = run->output;
    x.output_count = run->output_count;
    nc_tir_free_output(&x);
}

const char *nct_outcome(uint64_t outcome) { return nc_tir_outcome_str((nc_tir_outcome)outcome); }

int nct_optimize(const char *text, uint32_t beam, uint32_t whole, nct_optimized *out, char *message,
                 size_t room) {
    nc_tir_options options;
    nc_tir_report report;
    nc_error err;
    memset(&options, 0, sizeof options);
    memset(out, 0, sizeof *out);
    options.target = NC_TIR_TARGET_TRITON;
    options.beam = beam;
    options.whole = whole;
    if (nc_tir_optimize_tasm(text, &options, &out->text, &report, &err) != NC_OK)
        return nct_fail(&err, message, room);
    out->before = report.instructions_before;
    out->after = report.instructions_after;
    out->proofs = report.proofs;
    out->rejected = report.rejected;
    return 1;
}

void nct_free_text(char *text) { nc_tir_free_text(text); }
