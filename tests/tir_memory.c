/* nc_tirneural.h: functions that allocate say so when they get no memory, and lose none; a search
 * that got none never gives another text. */
#include "../nc_tirneural.h"
#include "failing_malloc.h"

static const char *path = "build/tir_memory_test.bin";
static const char tir[] =
    "fn_start f\n    push 5\n    push 7\n    add\n    write_io 1\n    push 3\n"
    "    if_else\n        push 2\n        mul\n    else\n        push 4\n"
    "        add\n    end\n    return\nfn_end\n";
static const char straight[] = "dup 1 push 5 push -1 mul add dup 0 mul swap 2 pop 2 write_io 1";
static const char blocks[] = "f: dup 1 push 5 push -1 mul add dup 0 mul swap 2 pop 2 write_io 1 "
                             "return g: push 3 dup 1 push 3 push -1 mul add swap 3 pop 1 return "
                             "h: dup 0 dup 0 mul mul swap 1 dup 1 push 2 mul add pop 1 return";
/* a u32 table above a cliff, a loop to turn, a hint, a break, code that is there twice */
static const char traded[] =
    "push 5 push 2000000011 push 16 call loop pop 1 write_io 2 call a call b halt\n"
    "loop: dup 0 push 0 eq skiz return addi -1\n"
    "swap 1 addi 1000003 dup 0 push 3000000019 xor push 3000000019 dup 2 and add\n"
    "pick 3 add place 2 swap 1 recurse\n"
    "a: push 1 hint one = stack[0] push 2 add push -2 add assert error_id 3 return\n"
    "b: push 1 read_mem 1 pop 1 write_io 1 break push 7 push 8 swap 1 pop 1 write_io 1 return\n";
static nc_tir_program *program;
static nc_tir_model *model;
static nc_tir_evolution *evolution;
static nc_tir_trainer *trainer;
static nc_gl words[NC_TIR_BLOCK_WORDS];
static nc_fixed latents[NC_TIR_BLOCK_NODES * 64];
static char *weights;
static size_t weights_bytes;
static nc_error err;

static nc_status text_made(nc_status status, char *text) {
    if (status != NC_OK) assert_null(text);
    if (text) seen_bytes(text, strlen(text));
    nc_tir_free_text(text);
    return status;
}
static nc_status program_made(nc_status status, nc_tir_program *made) {
    char *text = NULL;
    if (status != NC_OK) assert_null(made);
    if (status == NC_OK) status = nc_tir_write(made, &text);
    nc_tir_destroy(made);
    return text_made(status, text);
}
static nc_status model_made(nc_status status, nc_tir_model *made) {
    nc_gl digest[4];
    if (status != NC_OK) assert_null(made);
    if (made) {
        nc_tir_model_digest(made, digest);
        seen_bytes(digest, sizeof digest);
    }
    nc_tir_model_destroy(made);
    return status;
}

/* What fails is as if it had not been called. */
static nc_status append(void) {
    nc_tir_program *made;
    nc_tir_op op;
    nc_status status = nc_tir_create(&made), last;
    char *text = NULL, comment[100];
    int i;
    if (status != NC_OK) return program_made(status, made);
    memset(&op, 0, sizeof op);
    memset(comment, 'c', sizeof comment - 1);
    comment[sizeof comment - 1] = 0;
    op.kind = NC_TIR_COMMENT;
    op.text = comment;
    for (i = 0; i < 20; i++) {
        last = nc_tir_append(made, &op);
        if (last == NC_OK) continue;
        status = last;
        assert_int_equal(nc_tir_size(made), i);
        assert_int_equal(nc_tir_append(made, &op), NC_OK);
    }
    last = nc_tir_write(made, &text);
    if (status == NC_OK) status = last;
    if (last == NC_OK) assert_int_equal(strlen(text), 20 * 108);
    nc_tir_destroy(made);
    nc_tir_free_text(text);
    return status;
}
static nc_status parse(void) {
    nc_tir_program *made;
    const nc_status status = nc_tir_parse(&made, tir, sizeof tir - 1, &err);
    return program_made(status, made);
}
static nc_status write_text(void) {
    char *text;
    const nc_status status = nc_tir_write(program, &text);
    return text_made(status, text);
}
static nc_status peephole(void) {
    nc_tir_program *made;
    const nc_status status = nc_tir_peephole(program, &made);
    return program_made(status, made);
}
static nc_status peephole_of(void) {
    nc_tir_program *made;
    const nc_status status = nc_tir_peephole_of(program, NC_TIR_TARGET_TRISHA, &made);
    return program_made(status, made);
}
static nc_status lower(void) {
    char *text;
    nc_status status = NC_OK;
    int target;
    for (target = NC_TIR_TARGET_TRIDENT; target <= NC_TIR_TARGET_TRISHA && status == NC_OK;
         target++) {
        status = nc_tir_lower(program, (nc_tir_target)target, &text);
        (void)text_made(status, text);
    }
    return status;
}
static nc_status count(void) {
    uint32_t n;
    const nc_status status = nc_tir_count(traded, &n, &err);
    seen(status == NC_OK ? n : 0);
    return status;
}
static nc_status profile_static(void) {
    nc_tir_heights heights;
    const nc_status status = nc_tir_profile_static(traded, &heights, &err);
    if (status == NC_OK) seen_bytes(&heights, sizeof heights);
    return status;
}
static nc_status executed(nc_status status, nc_tir_execution *x) {
    if (status != NC_OK) assert_null(x->output);
    seen(x->processor);
    seen(x->u32);
    seen_bytes(x->output, x->output_count * sizeof *x->output);
    nc_tir_free_output(x);
    return status;
}
/* RAM and a stack that grow, entries of the u32 table, output. */
static const char runs[] =
    "push 100 call fill push 100 call fill write_io 5 halt\n"
    "fill: dup 0 push 0 eq skiz return dup 0 dup 1 write_mem 1 pop 1 dup 0 push 12 and dup 1 "
    "write_io 1 swap 1 addi -1 recurse\n";
static nc_status execute(void) {
    nc_tir_execution x;
    const nc_status status = nc_tir_execute(runs, NULL, &x, &err);
    if (status == NC_OK) assert_int_equal(x.outcome, NC_TIR_HALTED);
    return executed(status, &x);
}
static nc_status profile_dynamic(void) {
    nc_tir_input inputs[2];
    nc_tir_execution x;
    nc_status status;
    memset(inputs, 0, sizeof inputs);
    status = nc_tir_profile_dynamic(runs, inputs, 2, &x, &err);
    return executed(status, &x);
}
static nc_status verify(void) {
    const nc_tir_verdict verdict = nc_tir_verify(straight, straight);
    assert_true(verdict == NC_TIR_PROVEN || verdict == NC_TIR_TOO_LARGE);
    return verdict == NC_TIR_PROVEN ? NC_OK : NC_ERR_MEMORY;
}
static nc_status encode(void) {
    nc_gl made[NC_TIR_BLOCK_WORDS];
    const nc_status status = nc_tir_encode(straight, made, &err);
    if (status == NC_OK) assert_memory_equal(made, words, sizeof made);
    return status;
}
static nc_status decode(void) {
    char *text;
    const nc_status status = nc_tir_decode(words, &text);
    return text_made(status, text);
}

static nc_status model_create(void) {
    nc_tir_model *made;
    const nc_status status = nc_tir_model_create(&made, 1);
    return model_made(status, made);
}
static nc_status model_copy(void) {
    nc_tir_model *made;
    const nc_status status = nc_tir_model_copy(&made, model);
    return model_made(status, made);
}
static nc_status model_read(void) {
    nc_tir_model *made;
    const nc_status status = nc_tir_model_read(&made, weights, weights_bytes, &err);
    return model_made(status, made);
}
static nc_status model_load(void) {
    nc_tir_model *made;
    const nc_status status = nc_tir_model_load(&made, path, &err);
    return model_made(status, made);
}
static nc_status model_save(void) { return nc_tir_model_save(model, path, &err); }
static nc_status model_forward(void) {
    const nc_status status = nc_tir_model_forward(model, words, 1, latents);
    if (status == NC_OK) seen_bytes(latents, sizeof latents);
    return status;
}

static nc_tir_options options_of(const nc_tir_model *guide, const nc_tir_input *samples) {
    nc_tir_options o;
    memset(&o, 0, sizeof o);
    o.beam = 2;
    o.whole = 1;
    o.model = guide;
    o.samples = samples;
    o.sample_count = samples != NULL;
    o.effort = 1;
    return o;
}
static nc_status optimize(void) {
    const nc_tir_options o = options_of(NULL, NULL);
    nc_tir_report report;
    char *text;
    const nc_status status = nc_tir_optimize(program, &o, &text, &report, &err);
    return text_made(status, text);
}
static nc_status optimize_with(const nc_tir_options *o) {
    nc_tir_report report;
    char *text;
    const nc_status status = nc_tir_optimize_tasm(traded, o, &text, &report, &err);
    if (status != NC_OK) return text_made(status, text);
    seen(report.proofs);
    if (o->sample_count) assert_true(report.cliff.trades[NC_TIR_TRADE_U32] > 0);
    return text_made(status, text);
}
static nc_status optimize_tasm(void) {
    const nc_tir_options o = options_of(NULL, NULL);
    return optimize_with(&o);
}
static nc_status optimize_guided(void) {
    const nc_tir_options o = options_of(model, NULL);
    return optimize_with(&o);
}
static nc_status optimize_traded(void) {
    nc_tir_input input;
    nc_tir_options o;
    memset(&input, 0, sizeof input);
    o = options_of(NULL, &input);
    return optimize_with(&o);
}
static nc_status optimize_text(void) {
    const nc_tir_options o = options_of(NULL, NULL);
    char *text, *json;
    const nc_status status = nc_tir_optimize_text(tir, sizeof tir - 1, &o, &text, &json, &err);
    (void)text_made(status, json);
    return text_made(status, text);
}
static nc_status report_json(void) {
    nc_tir_report report;
    char *text;
    nc_status status;
    memset(&report, 0, sizeof report);
    status = nc_tir_report_json(&report, &text);
    return text_made(status, text);
}

/* Nothing is learned where memory was missing for a part. */
static nc_status imitate(void) {
    const char *const texts[] = {blocks};
    nc_tir_imitation how;
    nc_tir_model *made;
    nc_gl before[4], after[4];
    nc_status status = nc_tir_model_copy(&made, model);
    memset(&how, 0, sizeof how);
    how.epochs = how.whole = how.guided = 1;
    how.beam = 2;
    if (status != NC_OK) return status;
    status = nc_tir_imitate(made, texts, 1, &how, NULL, &err);
    nc_tir_model_digest(made, after);
    if (status != NC_OK) {
        nc_tir_model_digest(model, before);
        assert_memory_equal(before, after, sizeof before);
    }
    seen_bytes(after, sizeof after);
    nc_tir_model_destroy(made);
    return status;
}
/* Blocks that found no place are added by the same call again. */
static nc_status evolution_add(void) {
    nc_tir_evolution *made;
    nc_status status = nc_tir_evolution_create(&made, model, 1);
    if (status != NC_OK) {
        assert_null(made);
        return status;
    }
    status = nc_tir_evolution_add(made, blocks, &err);
    if (status != NC_OK) assert_int_equal(nc_tir_evolution_add(made, blocks, &err), NC_OK);
    assert_int_equal(nc_tir_evolution_blocks(made), 3);
    nc_tir_evolution_destroy(made);
    return status;
}
/* No generation was there where one fails. */
static nc_status evolution_run(void) {
    const nc_tir_model *best = nc_tir_evolution_best(evolution);
    const uint64_t cost = nc_tir_evolution_cost(evolution);
    const nc_status status = nc_tir_evolution_run(evolution, 1, NULL, NULL);
    if (status != NC_OK) {
        assert_ptr_equal(nc_tir_evolution_best(evolution), best);
        assert_int_equal(nc_tir_evolution_cost(evolution), cost);
    }
    return status;
}
static nc_status evolution_save(void) { return nc_tir_evolution_save(evolution, path, &err); }
static nc_status evolution_load(void) {
    const nc_tir_model *best = nc_tir_evolution_best(evolution);
    const nc_status status = nc_tir_evolution_load(evolution, path, &err);
    if (status != NC_OK) assert_ptr_equal(nc_tir_evolution_best(evolution), best);
    seen(nc_tir_evolution_cost(evolution));
    return status;
}
static nc_status trainer_collect(void) {
    nc_tir_trainer *made;
    nc_status status = nc_tir_trainer_create(&made, NULL, model, 1, &err);
    if (status != NC_OK) {
        assert_null(made);
        return status;
    }
    status = nc_tir_trainer_collect(made, blocks, &err);
    nc_tir_trainer_destroy(made);
    return status;
}
static nc_status trainer_start(void) {
    nc_status status = nc_tir_trainer_start(trainer, 1, &err);
    if (status == NC_OK) status = nc_tir_trainer_wait(trainer);
    return status;
}

/* The same with fewer allocations of each, for calls that take some milliseconds. */
static void sweep_slow(const sweep_case *cases, size_t count) {
    size_t i;
    for (i = 0; i < count; i++) printf("%s: %ld allocations\n", cases[i].name, sweep(&cases[i], 0));
}
/* One allocation of a call of a second. */
static void fails_at(nc_status (*call)(void), long k) {
    const long before = held;
    until_failure = k;
    assert_int_equal(call(), NC_ERR_MEMORY);
    assert_int_equal(until_failure, -1);
    assert_int_equal(held, before);
}

static void programs_may_get_no_memory(void **state) {
    static const sweep_case cases[] = {
        {"create, append", append},
        {"parse", parse},
        {"write", write_text},
        {"peephole", peephole},
        {"peephole_of", peephole_of},
        {"lower", lower},
        {"count", count},
        {"profile_static", profile_static},
        {"execute", execute},
        {"profile_dynamic", profile_dynamic},
        {"verify", verify},
        {"encode", encode},
        {"decode", decode},
        {"report_json", report_json},
    };
    (void)state;
    assert_int_equal(nc_tir_parse(&program, tir, sizeof tir - 1, &err), NC_OK);
    assert_int_equal(nc_tir_encode(straight, words, &err), NC_OK);
    sweep_all(cases, sizeof cases / sizeof *cases);
    nc_tir_destroy(program);
    assert_int_equal(held, 0);
}

static void weights_may_get_no_memory(void **state) {
    static const sweep_case cases[] = {
        {"model_create", model_create}, {"model_copy", model_copy},
        {"model_save", model_save},     {"model_read", model_read},
        {"model_load", model_load},     {"model_forward", model_forward},
        {"imitate", imitate},
    };
    (void)state;
    use_threads(1);
    assert_int_equal(nc_tir_encode(straight, words, &err), NC_OK);
    assert_int_equal(nc_tir_model_create(&model, 3), NC_OK);
    assert_int_equal(nc_tir_model_save(model, path, &err), NC_OK);
    assert_int_equal(nc_file_read(path, &weights, &weights_bytes, &err), NC_OK);
    sweep_slow(cases, sizeof cases / sizeof *cases);
    nc_tir_free_text(weights);
    nc_tir_model_destroy(model);
    (void)remove(path);
    assert_int_equal(held, 0);
}

static void searches_give_the_same_text_or_none(void **state) {
    static const sweep_case cases[] = {
        {"optimize", optimize},
        {"optimize_tasm", optimize_tasm},
        {"optimize_tasm, guided", optimize_guided},
        {"optimize_tasm, traded", optimize_traded},
        {"optimize_text", optimize_text},
    };
    (void)state;
    assert_int_equal(nc_tir_parse(&program, tir, sizeof tir - 1, &err), NC_OK);
    assert_int_equal(nc_tir_model_create(&model, 3), NC_OK);
    sweep_all(cases, sizeof cases / sizeof *cases);
    nc_tir_destroy(program);
    nc_tir_model_destroy(model);
    assert_int_equal(held, 0);
}

static void evolutions_may_get_no_memory(void **state) {
    static const sweep_case made = {"evolution_create, _add", evolution_add},
                            run = {"evolution_run", evolution_run};
    nc_tir_evolution *other;
    nc_gl a[4], b[4];
    (void)state;
    use_threads(1);
    assert_int_equal(nc_tir_model_create(&model, 3), NC_OK);
    assert_int_equal(nc_tir_evolution_create(&evolution, model, 1), NC_OK);
    assert_int_equal(nc_tir_evolution_create(&other, model, 1), NC_OK);
    assert_int_equal(nc_tir_evolution_add(evolution, blocks, &err), NC_OK);
    assert_int_equal(nc_tir_evolution_add(other, blocks, &err), NC_OK);
    sweep_slow(&made, 1);
    sweep_all(&run, 1); /* the first call and the last one are generations */
    assert_int_equal(nc_tir_evolution_run(other, 2, NULL, NULL), NC_OK);
    assert_int_equal(nc_tir_evolution_cost(evolution), nc_tir_evolution_cost(other));
    nc_tir_model_digest(nc_tir_evolution_best(evolution), a);
    nc_tir_model_digest(nc_tir_evolution_best(other), b);
    assert_memory_equal(a, b, sizeof a);
    fails_at(evolution_save, 17);
    assert_int_equal(evolution_save(), NC_OK);
    fails_at(evolution_load, 0);
    fails_at(evolution_load, 12);
    assert_int_equal(evolution_load(), NC_OK);
    nc_tir_evolution_destroy(evolution);
    nc_tir_evolution_destroy(other);
    nc_tir_model_destroy(model);
    (void)remove(path);
    assert_int_equal(held, 0);
}

static void trainers_may_get_no_memory(void **state) {
    static const sweep_case collected = {"trainer_create, _collect", trainer_collect},
                            started = {"trainer_start, _wait", trainer_start};
    (void)state;
    use_threads(1);
    assert_int_equal(nc_tir_model_create(&model, 3), NC_OK);
    assert_int_equal(nc_tir_trainer_create(&trainer, NULL, model, 1, &err), NC_OK);
    assert_int_equal(nc_tir_trainer_collect(trainer, blocks, &err), NC_OK);
    sweep_slow(&collected, 1);
    sweep_all(&started, 1);
    nc_tir_trainer_destroy(trainer);
    nc_tir_model_destroy(model);
    assert_int_equal(held, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(programs_may_get_no_memory),
        cmocka_unit_test(weights_may_get_no_memory),
        cmocka_unit_test(searches_give_the_same_text_or_none),
        cmocka_unit_test(evolutions_may_get_no_memory),
        cmocka_unit_test(trainers_may_get_no_memory),
    };
    return cmocka_run_group_tests_name("tirneural memory", tests, NULL, NULL);
}
