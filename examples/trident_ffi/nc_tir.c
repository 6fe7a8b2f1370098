/* The one C file of the crate: the implementation, and calls whose arguments no version of the header
   changes. lib.rs mirrors the structs of this file only. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#define NC_IMPLEMENTATION
#include "nc_tirneural.h"

typedef struct ffi_options {
    const char *weights; /* of the network, or null */
    int32_t target;      /* nc_tir_target */
    uint32_t beam, block, guide, whole;
} ffi_options;

typedef struct ffi_block {
    double bound;
    uint32_t instruction, before, after;
    int32_t reason; /* nc_tir_reason */
} ffi_block;

typedef struct ffi_report {
    uint64_t blocks, slack, improved, proofs, rejected, expanded;
    uint64_t instructions_before, instructions_after, hints, hints_dropped;
    uint64_t before[6], after[6];
    double bound;
} ffi_report;

typedef void (*ffi_on_block)(void *user, const ffi_block *block);

enum { MESSAGE = 240 };

/* Append an operation by the name that it has in text. */
int nc_tir_ffi_append(nc_tir_program *program, const char *kind, uint64_t value, uint32_t fields,
                      const char *text) {
    static const char *const names[] = {
#define NAME(NAME, text, ARGUMENT, bodies, least, most, trident, triton, trisha) text,
        NC_TIR_KINDS(NAME)
#undef NAME
    };
    nc_tir_op op;
    int i;
    for (i = 0; i < NC_TIR_KIND_COUNT && strcmp(kind, names[i]); i++) {
    }
    memset(&op, 0, sizeof op);
    op.kind = (nc_tir_kind)i;
    op.value = value;
    op.fields = fields;
    op.text = text;
    return nc_tir_append(program, &op);
}

static int explain(nc_status status, const nc_error *err, char message[MESSAGE]) {
    const char *text = err->message[0] ? err->message : nc_status_str(status);
    message[0] = 0;
    if (status == NC_OK) return 0;
    if (err->line > 0)
        snprintf(message, MESSAGE, "line %d, column %d: %s", err->line, err->column, text);
    else
        snprintf(message, MESSAGE, "%s", text);
    return 1;
}

typedef struct listener {
    ffi_on_block call;
    void *user;
} listener;

static void pass_on(void *user, const nc_tir_block *block) {
    const listener *to = (const listener *)user;
    ffi_block b;
    b.bound = block->bound;
    b.instruction = block->instruction;
    b.before = block->before;
    b.after = block->after;
    b.reason = (int32_t)block->reason;
    to->call(to->user, &b);
}

/* The header's options; *model is to be destroyed. */
static nc_status read_options(const ffi_options *from, nc_tir_options *to, nc_tir_model **model,
                              nc_error *err) {
    nc_status status = NC_OK;
    *model = NULL;
    memset(to, 0, sizeof *to);
    memset(err, 0, sizeof *err);
    if (from->weights) status = nc_tir_model_load(model, from->weights, err);
    to->target = (nc_tir_target)from->target;
    to->beam = from->beam;
    to->block = from->block;
    to->guide = from->guide;
    to->whole = from->whole;
    to->model = *model;
    return status;
}

/* 0, or 1 with a message. */
int nc_tir_ffi_optimize(const nc_tir_program *program, const ffi_options *options,
                        ffi_on_block on_block, void *user, char **tasm, ffi_report *report,
                        char message[MESSAGE]) {
    listener to;
    nc_tir_options o;
    nc_tir_report r;
    nc_tir_model *model;
    nc_error err;
    nc_status status = read_options(options, &o, &model, &err);
    to.call = on_block;
    to.user = user;
    memset(&r, 0, sizeof r);
    o.on_block = pass_on;
    o.on_block_user = &to;
    if (status == NC_OK) status = nc_tir_optimize(program, &o, tasm, &r, &err);
    nc_tir_model_destroy(model);
    report->blocks = r.blocks;
    report->slack = r.slack;
    report->improved = r.improved;
    report->proofs = r.proofs;
    report->rejected = r.rejected;
    report->expanded = r.expanded;
    report->instructions_before = r.instructions_before;
    report->instructions_after = r.instructions_after;
    report->hints = r.hints;
    report->hints_dropped = r.hints_dropped;
    report->bound = r.bound;
    memcpy(report->before, &r.before, sizeof report->before);
    memcpy(report->after, &r.after, sizeof report->after);
    return explain(status, &err, message);
}

int nc_tir_ffi_optimize_text(const char *tir, size_t bytes, const ffi_options *options, char **tasm,
                             char **json, char message[MESSAGE]) {
    nc_tir_options o;
    nc_tir_model *model;
    nc_error err;
    nc_status status = read_options(options, &o, &model, &err);
    if (status == NC_OK) status = nc_tir_optimize_text(tir, bytes, &o, tasm, json, &err);
    nc_tir_model_destroy(model);
    return explain(status, &err, message);
}

/* What lib.rs believes of the structs of this file. */
size_t nc_tir_ffi_size(int which) {
    return which == 0   ? sizeof(ffi_options)
           : which == 1 ? sizeof(ffi_block)
           : which == 2 ? sizeof(ffi_report)
                        : (size_t)MESSAGE;
}
