/* nc_hlx.h, section sampling: sequences that go on in a cache, and draws. The judge is
 * nc_hlx_forward over the whole sequence. */
#include "test.h"
#include <math.h>
#define NC_HLX_FP4
#include "../nc_hlx.h"

enum { SEQ = 70, VOCAB = 256 };
static const char text[] = "Some rows of a product are of one sequence, others of another, and no "
                           "row knows of the rows beside it; so a word is the same word, whoever "
                           "speaks at the same time, and however long the sentence before it was.";

/* Configuration i of sixteen: those from 8 on have LLaMA's blocks. */
static nc_hlx_config config_of(unsigned i) {
    nc_hlx_config c;
    memset(&c, 0, sizeof c);
    c.d_model = 48;
    c.num_heads = 3;
    c.num_layers = 2;
    c.ffn_dim = 80;
    c.max_seq_len = SEQ;
    c.batch_size = 1;
    c.flash = i & 1;
    c.recompute = i >> 1 & 1;
    c.bf16 = i >> 2 & 1;
    c.tied_output = i & 1;
    if (i < 8) return c;
    c.num_heads = 6;
    c.num_kv_heads = 2;
    c.head_size = 10;
    c.rms_norm = c.rotary = c.gated_ffn = 1;
    c.activation = NC_HLX_SILU;
    c.biases = i & 1 ? NC_HLX_BIASES_QKV : NC_HLX_BIASES_NONE;
    return c;
}

static nc_hlx_model *model_of(const nc_hlx_config *c) {
    nc_hlx_model *model;
    assert_int_equal(nc_hlx_create(&model, c, NULL), NC_OK);
    nc_hlx_init_weights(model, 7);
    return model;
}

/* Tokens of sequence s. */
static void tokens_of(uint32_t *tokens, unsigned s) {
    size_t i;
    for (i = 0; i < SEQ; i++) tokens[i] = (uint8_t)text[i + 30 * s];
}

/* Logits of every row, from a forward pass over the first n. */
static const float *judge(nc_hlx_model *model, const uint32_t *tokens, uint32_t n) {
    assert_int_equal(nc_hlx_forward(model, tokens, NULL, 1, n, NULL), NC_OK);
    return nc_hlx_logits(model);
}

static void decoding_gives_the_rows_of_a_forward_pass_in_every_configuration(void **state) {
    unsigned i;
    (void)state;
    for (i = 0; i < 16; i++) {
        const nc_hlx_config c = config_of(i);
        nc_hlx_model *model = model_of(&c);
        const float *whole, *logits;
        uint32_t tokens[SEQ], k;
        tokens_of(tokens, 0);
        whole = judge(model, tokens, SEQ);
        for (k = 0; k < SEQ; k++) {
            assert_int_equal(nc_hlx_decode(model, tokens[k], k, &logits), NC_OK);
            assert_memory_equal(logits, whole + VOCAB * k, VOCAB * sizeof *logits);
        }
        for (k = 40; k < 50; k++) { /* back, and on from there */
            assert_int_equal(nc_hlx_decode(model, tokens[k], k, &logits), NC_OK);
            assert_memory_equal(logits, whole + VOCAB * k, VOCAB * sizeof *logits);
        }
        assert_int_equal(nc_hlx_decode(model, 0, 51, &logits), NC_ERR_ARG);
        assert_int_equal(nc_hlx_decode(model, 0, SEQ, &logits), NC_ERR_ARG);
        assert_int_equal(nc_hlx_decode(model, VOCAB, 0, &logits), NC_ERR_ARG);
        nc_hlx_destroy(model);
    }
}

/* Sequences of different lengths in calls of different sizes against each one alone. */
static void batch_of_config(unsigned which) {
    enum { SEQUENCES = 5, CALLS = 4 };
    static const uint32_t counts[CALLS][SEQUENCES] = {
        {33, 1, 0, 64, 12}, {1, 1, 1, 1, 1}, {0, 60, 1, 0, 31}, {1, 1, 1, 1, 0}};
    const nc_hlx_config c = config_of(which);
    nc_hlx_model *model = model_of(&c);
    nc_hlx_cache *cache;
    uint32_t tokens[SEQUENCES][SEQ], length[SEQUENCES] = {0}, call, s;
    assert_int_equal(nc_hlx_cache_create(&cache, model, SEQUENCES), NC_OK);
    for (s = 0; s < SEQUENCES; s++) tokens_of(tokens[s], s);
    for (call = 0; call < CALLS; call++) {
        uint32_t flat[SEQUENCES * SEQ], n = 0;
        for (s = 0; s < SEQUENCES; s++) {
            memcpy(flat + n, tokens[s] + length[s], counts[call][s] * sizeof *flat);
            n += counts[call][s];
            length[s] += counts[call][s];
        }
        assert_int_equal(nc_hlx_cache_append(cache, flat, call == 1 ? NULL : counts[call]), NC_OK);
        for (s = 0; s < SEQUENCES; s++) {
            const float *logits = nc_hlx_cache_logits(cache, s);
            assert_int_equal(nc_hlx_cache_length(cache, s), length[s]);
            assert_int_equal(logits == NULL, counts[call][s] == 0);
            if (logits)
                assert_memory_equal(logits,
                                    judge(model, tokens[s], length[s]) + VOCAB * (length[s] - 1),
                                    VOCAB * sizeof *logits);
        }
    }
    nc_hlx_cache_destroy(cache);
    nc_hlx_destroy(model);
}

static void sequences_side_by_side_have_the_bits_of_each_alone(void **state) {
    const int best = nc_hlx_simd();
    unsigned i;
    int level;
    (void)state;
    for (i = 0; i < 16; i++) batch_of_config(i);
    for (level = 0; level < best; level++) {
        assert_int_equal(nc_hlx_set_simd(level), NC_OK);
        batch_of_config(1);
        batch_of_config(6);
    }
    assert_int_equal(nc_hlx_set_simd(-1), NC_OK);
    use_threads(3);
    batch_of_config(0);
    batch_of_config(5);
    use_threads(1);
    batch_of_config(0);
    use_threads(2);
}

static void more_sequences_than_rows_of_a_pass(void **state) {
    enum { MANY = 70 };
    const nc_hlx_config c = config_of(1);
    nc_hlx_model *model = model_of(&c);
    nc_hlx_cache *cache;
    uint32_t tokens[MANY], s;
    (void)state;
    assert_int_equal(nc_hlx_cache_create(&cache, model, MANY), NC_OK);
    for (s = 0; s < MANY; s++) tokens[s] = (s * 7) % VOCAB;
    assert_int_equal(nc_hlx_cache_append(cache, tokens, NULL), NC_OK);
    for (s = 0; s < MANY; s++)
        assert_memory_equal(nc_hlx_cache_logits(cache, s), judge(model, &tokens[s], 1),
                            VOCAB * sizeof(float));
    nc_hlx_cache_destroy(cache);
    nc_hlx_destroy(model);
}

static void bad_appends_change_nothing(void **state) {
    const nc_hlx_config c = config_of(0);
    nc_hlx_model *model = model_of(&c);
    nc_hlx_cache *cache;
    uint32_t tokens[2 * SEQ] = {0}, counts[2] = {SEQ - 1, 3}, token;
    (void)state;
    assert_int_equal(nc_hlx_cache_create(&cache, model, 0), NC_ERR_ARG);
    assert_int_equal(nc_hlx_cache_create(&cache, model, 65537), NC_ERR_ARG);
    assert_int_equal(nc_hlx_cache_create(&cache, NULL, 1), NC_ERR_ARG);
    assert_int_equal(nc_hlx_cache_create(&cache, model, 2), NC_OK);
    assert_null(nc_hlx_cache_logits(cache, 0));
    assert_int_equal(nc_hlx_cache_draw(cache, 0, NULL, 0, &token), NC_ERR_ARG);
    assert_int_equal(nc_hlx_cache_append(cache, tokens, counts), NC_OK);
    counts[0] = 2;
    assert_int_equal(nc_hlx_cache_append(cache, tokens, counts), NC_ERR_LIMIT);
    counts[0] = counts[1] = 0;
    assert_int_equal(nc_hlx_cache_append(cache, tokens, counts), NC_ERR_ARG);
    tokens[1] = VOCAB;
    assert_int_equal(nc_hlx_cache_append(cache, tokens, NULL), NC_ERR_ARG);
    assert_int_equal(nc_hlx_cache_length(cache, 0), SEQ - 1);
    assert_int_equal(nc_hlx_cache_length(cache, 1), 3);
    assert_int_equal(nc_hlx_cache_length(cache, 2), 0);
    assert_non_null(nc_hlx_cache_logits(cache, 1));
    assert_null(nc_hlx_cache_logits(cache, 2));
    assert_int_equal(nc_hlx_cache_truncate(cache, 1, 4), NC_ERR_ARG);
    assert_int_equal(nc_hlx_cache_truncate(cache, 2, 0), NC_ERR_ARG);
    assert_int_equal(nc_hlx_cache_truncate(cache, 1, 2), NC_OK);
    assert_null(nc_hlx_cache_logits(cache, 1));
    assert_int_equal(nc_hlx_cache_draw(cache, 0, NULL, 0, &token), NC_OK);
    assert_null(nc_hlx_cache_logits(cache, 0));
    nc_hlx_cache_destroy(cache);
    nc_hlx_destroy(model);
}

static void the_memory_of_a_cache_is_known_before_and_all_given_back(void **state) {
    failing_memory used = {-1, 0, 0};
    const nc_allocator hooks = {failing_alloc, failing_free, &used};
    nc_hlx_config c = config_of(2);
    nc_hlx_model *model;
    nc_hlx_cache *cache;
    uint64_t one, eight;
    size_t before;
    long k;
    const float *logits;
    (void)state;
    assert_int_equal(nc_hlx_create(&model, &c, &hooks), NC_OK);
    before = used.bytes;
    assert_int_equal(nc_hlx_cache_bytes(&c, 1, &one), NC_OK);
    assert_int_equal(nc_hlx_cache_bytes(&c, 8, &eight), NC_OK);
    assert_int_equal(nc_hlx_cache_bytes(&c, 0, &eight), NC_ERR_ARG);
    assert_true(eight - one >= 7 * 8 * 2 * SEQ * 48 && eight - one < 2 * 7 * 8 * 2 * SEQ * 48);
    assert_int_equal(nc_hlx_cache_create(&cache, model, 8), NC_OK);
    assert_int_equal(used.bytes - before, eight);
    nc_hlx_cache_destroy(cache);
    assert_int_equal(used.bytes, before);
    for (k = 0; k < 2; k++) {
        used.until_failure = k;
        assert_int_equal(nc_hlx_decode(model, 0, 0, &logits), NC_ERR_MEMORY);
        assert_int_equal(used.bytes, before);
    }
    used.until_failure = -1;
    assert_int_equal(nc_hlx_decode(model, 0, 0, &logits), NC_OK);
    nc_hlx_destroy(model);
    assert_int_equal(used.bytes, 0);
}

/* Greedy continuation by whole forward passes, as nc_hlx_sample_tokens describes it. */
static void greedy(nc_hlx_model *model, const uint32_t *prompt, uint32_t n, uint32_t *out,
                   size_t count) {
    uint32_t context[SEQ], length = n, best, k;
    size_t i;
    memcpy(context, prompt, n * sizeof *context);
    for (i = 0; i < count; i++) {
        const float *row = judge(model, context, length) + VOCAB * (length - 1);
        for (best = 0, k = 1; k < VOCAB; k++)
            if (row[k] > row[best]) best = k;
        out[i] = best;
        if (length == SEQ) {
            length = SEQ / 2;
            memmove(context, context + SEQ - length, length * sizeof *context);
        }
        context[length++] = best;
    }
}

static void samples_slide_as_documented_and_see_new_parameters(void **state) {
    enum { COUNT = 50 };
    unsigned i;
    (void)state;
    for (i = 0; i < 8; i += 3) {
        const nc_hlx_config c = config_of(i);
        nc_hlx_model *model = model_of(&c);
        uint32_t prompt[SEQ], a[COUNT], b[COUNT], round;
        tokens_of(prompt, 1);
        for (round = i != 0; round < 2; round++) {
            nc_hlx_init_weights(model, 7 + round);
            greedy(model, prompt, 60, a, COUNT);
            assert_int_equal(nc_hlx_sample_tokens(model, prompt, 60, NULL, b, COUNT), NC_OK);
            assert_memory_equal(a, b, sizeof a);
        }
        nc_hlx_destroy(model);
    }
}

/* Ends at the n-th token. */
typedef struct end {
    uint32_t seen[100];
    int count, last;
} end;

static int ends(void *user, uint32_t token) {
    end *e = (end *)user;
    e->seen[e->count++] = token;
    return e->count == e->last;
}

static void a_callback_sees_every_token_and_ends_a_sample(void **state) {
    const nc_hlx_config c = config_of(0);
    nc_hlx_model *model = model_of(&c);
    nc_hlx_sampling how;
    end e;
    uint32_t all[100], some[100];
    uint8_t bytes[100];
    (void)state;
    memset(&how, 0, sizeof how);
    memset(&e, 0, sizeof e);
    how.temperature = 1.0f;
    how.seed = 5;
    assert_int_equal(nc_hlx_sample_tokens(model, NULL, 0, &how, all, 100), NC_OK);
    how.token_fn = ends;
    how.user = &e;
    assert_int_equal(nc_hlx_sample_tokens(model, NULL, 0, &how, some, 100), NC_OK);
    assert_int_equal(e.count, 100);
    assert_memory_equal(some, all, sizeof all);
    assert_memory_equal(e.seen, all, sizeof all);
    memset(&e, 0, sizeof e);
    memset(some, 0xEE, sizeof some);
    memset(bytes, 0xEE, sizeof bytes);
    e.last = 17;
    assert_int_equal(nc_hlx_sample_tokens(model, NULL, 0, &how, some, 100), NC_OK);
    assert_int_equal(e.count, 17);
    assert_memory_equal(some, all, 17 * sizeof *all);
    assert_int_equal(some[17], 0xEEEEEEEE);
    e.count = 0;
    assert_int_equal(nc_hlx_sample(model, NULL, 0, &how, bytes, 100), NC_OK);
    assert_int_equal(bytes[16], all[16]);
    assert_int_equal(bytes[17], 0xEE);
    nc_hlx_destroy(model);
}

static void draws_of_a_batch_are_those_of_single_samples(void **state) {
    enum { SEQUENCES = 3, COUNT = 20 };
    const nc_hlx_config c = config_of(1);
    nc_hlx_model *model = model_of(&c);
    nc_hlx_cache *cache;
    nc_hlx_sampling how[SEQUENCES];
    uint32_t flat[SEQUENCES * SEQ], counts[SEQUENCES] = {5, 9, 2}, out[SEQUENCES][COUNT];
    uint32_t single[COUNT], next[SEQUENCES], s, i, at = 0;
    (void)state;
    memset(how, 0, sizeof how);
    for (s = 0; s < SEQUENCES; s++) {
        uint32_t tokens[SEQ];
        tokens_of(tokens, s);
        memcpy(flat + at, tokens, counts[s] * sizeof *flat);
        at += counts[s];
        how[s].temperature = 0.9f;
        how[s].top_k = 50;
        how[s].seed = s;
    }
    assert_int_equal(nc_hlx_cache_create(&cache, model, SEQUENCES), NC_OK);
    assert_int_equal(nc_hlx_cache_append(cache, flat, counts), NC_OK);
    for (i = 0; i < COUNT; i++) {
        for (s = 0; s < SEQUENCES; s++) {
            assert_int_equal(nc_hlx_cache_draw(cache, s, &how[s], i, &next[s]), NC_OK);
            out[s][i] = next[s];
        }
        assert_int_equal(nc_hlx_cache_append(cache, next, NULL), NC_OK);
    }
    for (s = at = 0; s < SEQUENCES; at += counts[s++]) {
        assert_int_equal(nc_hlx_sample_tokens(model, flat + at, counts[s], &how[s], single, COUNT),
                         NC_OK);
        assert_memory_equal(out[s], single, sizeof single);
    }
    nc_hlx_cache_destroy(cache);
    nc_hlx_destroy(model);
}

/* The matrices of a model's layers, in the order of checkpoints: fn(matrix, k, n, user). */
static void each_matrix(nc_hlx_model *model, void (*fn)(float *, uint32_t, uint32_t, void *),
                        void *user) {
    const nc_hlx_config c = *nc_hlx_get_config(model);
    const uint32_t d = c.d_model, f = c.ffn_dim, k[4] = {d, d, d, f}, n[4] = {3 * d, d, f, d};
    size_t count;
    float *p = nc_hlx_parameters(model, &count) + (c.vocab_size + c.max_seq_len) * d;
    uint32_t l, i;
    for (l = 0; l < c.num_layers; l++)
        for (i = 0; i < 4; i++) {
            p += i % 2 ? 0 : 2 * d; /* a layer norm */
            fn(p, k[i], n[i], user);
            p += k[i] * n[i] + n[i];
        }
}

/* Integers from -127 to 127, one of 127 in each column, times 2^-10: scales are 2^-10. */
static void integers(float *w, uint32_t k, uint32_t n, void *user) {
    uint32_t i, *seed = (uint32_t *)user;
    for (i = 0; i < k * n; i++) {
        *seed = *seed * 1664525 + 1013904223;
        w[i] = ldexpf(i < n ? 127.0f : (float)(int)((*seed >> 16) % 255) - 127.0f, -10);
    }
}

/* The weights that a format stands for. */
static void decoded(float *w, uint32_t k, uint32_t n, void *user) {
    const nc_hlx_weights format = *(const nc_hlx_weights *)user;
    float *rows = malloc(sizeof *rows * k * n);
    nc_fp4_tensor tensor;
    uint32_t i, j;
    assert_non_null(rows);
    for (i = 0; i < k * n; i++) rows[i] = w[i % k * n + i / k];
    if (format == NC_HLX_WEIGHTS_INT8) {
        for (j = 0; j < n; j++) {
            float most = 0.0f;
            for (i = 0; i < k; i++) most = fmaxf(most, fabsf(rows[j * k + i]));
            for (i = 0; i < k; i++)
                rows[j * k + i] = nearbyintf(rows[j * k + i] / (most / 127)) * (most / 127);
        }
    } else {
        const nc_fp4_format as = format == NC_HLX_WEIGHTS_MXFP4   ? NC_FP4_MXFP4
                                 : format == NC_HLX_WEIGHTS_NVFP4 ? NC_FP4_NVFP4
                                                                  : NC_FP4_NF4;
        assert_int_equal(nc_fp4_tensor_create(&tensor, as, NULL, rows, n, k), NC_OK);
        assert_int_equal(nc_fp4_tensor_decode(&tensor, rows), NC_OK);
        nc_fp4_tensor_free(&tensor);
    }
    for (i = 0; i < k * n; i++) w[i % k * n + i / k] = rows[i];
    free(rows);
}

/* Logits of three sequences of 40, 7 and 1 tokens, the last of each. */
static void three(nc_hlx_cache *cache, float *logits) {
    uint32_t flat[48], tokens[SEQ], counts[3] = {40, 7, 1}, s, at = 0;
    for (s = 0; s < 3; s++, at += counts[s - 1]) {
        tokens_of(tokens, s);
        memcpy(flat + at, tokens, counts[s] * sizeof *flat);
        assert_int_equal(nc_hlx_cache_truncate(cache, s, 0), NC_OK);
    }
    assert_int_equal(nc_hlx_cache_append(cache, flat, counts), NC_OK);
    for (s = 0; s < 3; s++)
        memcpy(logits + VOCAB * s, nc_hlx_cache_logits(cache, s), VOCAB * sizeof *logits);
}

static void int8_is_exact_where_codes_and_scales_are(void **state) {
    uint32_t seed = 3, tokens[SEQ];
    unsigned i;
    (void)state;
    for (i = 0; i < 2; i++) {
        const nc_hlx_config c = config_of(i);
        nc_hlx_model *model = model_of(&c);
        nc_hlx_cache *cache;
        float logits[3 * VOCAB];
        uint64_t bytes;
        each_matrix(model, integers, &seed);
        assert_int_equal(nc_hlx_cache_create(&cache, model, 3), NC_OK);
        assert_int_equal(nc_hlx_cache_quantize(cache, NC_HLX_WEIGHTS_INT8, &bytes), NC_OK);
        /* columns in panels of 64: 144 -> 192, 48 -> 64, 80 -> 128; scales of 4 bytes */
        assert_int_equal(bytes, 2 * (48 * (192 + 64 + 128) + 80 * 64 + 4 * (144 + 48 + 80 + 48)));
        three(cache, logits);
        tokens_of(tokens, 0);
        assert_memory_equal(logits, judge(model, tokens, 40) + 39 * VOCAB, VOCAB * sizeof *logits);
        tokens_of(tokens, 1);
        assert_memory_equal(logits + VOCAB, judge(model, tokens, 7) + 6 * VOCAB,
                            VOCAB * sizeof *logits);
        nc_hlx_cache_destroy(cache);
        nc_hlx_destroy(model);
    }
}

/* FNV-1a of the logits of `three` with INT8, MXFP4, NVFP4 and NF4: made by the portable level of
 * this library (gcc 12, -O2) and checked equal for all levels and thread counts. */
static const uint64_t golden[5] = {0, UINT64_C(0x5ad15c3321c2f6d5), UINT64_C(0x33e19fa629f95758),
                                   UINT64_C(0xa78dcf81b7a89cd3), UINT64_C(0xd9b0782113bb6469)};

static uint64_t fnv1a(const float *x, size_t n) {
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    size_t i, k;
    for (i = 0; i < n; i++) {
        uint32_t word;
        memcpy(&word, &x[i], 4);
        for (k = 0; k < 4; k++) hash = (hash ^ (word >> 8 * k & 255)) * UINT64_C(0x100000001b3);
    }
    return hash;
}

static void quantized_weights_are_what_their_formats_say(void **state) {
    const nc_hlx_config c = config_of(1);
    nc_hlx_weights f;
    (void)state;
    for (f = NC_HLX_WEIGHTS_INT8; f < NC_HLX_WEIGHTS_COUNT; f = (nc_hlx_weights)(f + 1)) {
        nc_hlx_model *model = model_of(&c), *other = model_of(&c);
        nc_hlx_cache *cache;
        float logits[3 * VOCAB], again[3 * VOCAB];
        uint32_t tokens[SEQ], i, far = 0;
        const float *want, *plain;
        int level;
        assert_int_equal(nc_hlx_cache_create(&cache, model, 3), NC_OK);
        assert_int_equal(nc_hlx_cache_quantize(cache, f, NULL), NC_OK);
        three(cache, logits);
        assert_true(fnv1a(logits, 3 * VOCAB) == golden[f]);
        for (level = 0; level < 3 && nc_hlx_set_simd(level) == NC_OK; level++) {
            (void)nc_fp4_set_simd(level);
            three(cache, again);
            assert_memory_equal(again, logits, sizeof logits);
        }
        assert_int_equal(nc_hlx_set_simd(-1), NC_OK);
        (void)nc_fp4_set_simd(-1);
        each_matrix(other, decoded, &f);
        tokens_of(tokens, 0);
        want = judge(other, tokens, 40) + 39 * VOCAB;
        plain = judge(model, tokens, 40) + 39 * VOCAB;
        for (i = 0; i < VOCAB; i++) {
            assert_true(fabsf(logits[i] - want[i]) < 1e-5f);
            far += fabsf(logits[i] - plain[i]) > 1e-5f;
        }
        assert_true(far > VOCAB / 2); /* and not those of float32 */
        assert_int_equal(nc_hlx_cache_quantize(cache, NC_HLX_WEIGHTS_FLOAT32, NULL), NC_OK);
        three(cache, logits);
        assert_memory_equal(logits, plain, VOCAB * sizeof *logits);
        nc_hlx_cache_destroy(cache);
        nc_hlx_destroy(model);
        nc_hlx_destroy(other);
    }
}

static void weights_that_are_not_finite_have_no_codes(void **state) {
    const nc_hlx_config c = config_of(0);
    nc_hlx_model *model = model_of(&c);
    nc_hlx_cache *cache;
    nc_hlx_weights f;
    size_t count;
    float *p = nc_hlx_parameters(model, &count), logits[3 * VOCAB];
    (void)state;
    assert_int_equal(nc_hlx_cache_create(&cache, model, 3), NC_OK);
    assert_int_equal(nc_hlx_cache_quantize(cache, NC_HLX_WEIGHTS_COUNT, NULL), NC_ERR_ARG);
    for (f = NC_HLX_WEIGHTS_INT8; f < NC_HLX_WEIGHTS_COUNT; f = (nc_hlx_weights)(f + 1)) {
        float *w = p + (VOCAB + SEQ + 2) * 48 + 1000, was = *w;
        *w = f % 2 ? NAN : -INFINITY;
        assert_int_equal(nc_hlx_cache_quantize(cache, f, NULL), NC_ERR_ARG);
        *w = was;
        three(cache, logits);
    }
    nc_hlx_cache_destroy(cache);
    nc_hlx_destroy(model);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decoding_gives_the_rows_of_a_forward_pass_in_every_configuration),
        cmocka_unit_test(sequences_side_by_side_have_the_bits_of_each_alone),
        cmocka_unit_test(more_sequences_than_rows_of_a_pass),
        cmocka_unit_test(bad_appends_change_nothing),
        cmocka_unit_test(the_memory_of_a_cache_is_known_before_and_all_given_back),
        cmocka_unit_test(samples_slide_as_documented_and_see_new_parameters),
        cmocka_unit_test(a_callback_sees_every_token_and_ends_a_sample),
        cmocka_unit_test(draws_of_a_batch_are_those_of_single_samples),
        cmocka_unit_test(int8_is_exact_where_codes_and_scales_are),
        cmocka_unit_test(quantized_weights_are_what_their_formats_say),
        cmocka_unit_test(weights_that_are_not_finite_have_no_codes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
