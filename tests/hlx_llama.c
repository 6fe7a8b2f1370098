/* nc_hlx.h: what LLaMA-like models have instead of GPT-2's blocks, against float64 and plain
   definitions, at every level and thread count. */
#include "test.h"
#include <math.h>
#include <sys/stat.h>
#include <unistd.h>
#include "../nc_hlx.h"

static void fill(float *x, size_t n, uint64_t *seed) {
    size_t i;
    for (i = 0; i < n; i++)
        x[i] = (float)((double)(int64_t)test_random(seed) / 9223372036854775808.0);
}

/* Level and number of threads of a turn; 0 where this machine lacks the level. */
static int at_level(int level) {
    use_threads(level + 1);
    return nc_hlx_set_simd(level) == NC_OK;
}

static void as_before(void) {
    nc_hlx_set_simd(-1);
    use_threads(1);
}

/* -- kernels ------------------------------------------------------------------------------------ */

enum { ROWS = 37, WIDTH = 77 };

static void rmsnorm_is_its_definition_and_agrees_with_float64(void **state) {
    static float x[ROWS * WIDTH], dy[ROWS * WIDTH], out[ROWS * WIDTH], dx[ROWS * WIDTH];
    float gamma[WIDTH], dgamma[WIDTH], chain[WIDTH] = {0}, rstd[ROWS];
    const float eps = 1e-6f;
    uint64_t seed = 21;
    size_t r, i;
    int level;
    (void)state;
    fill(x, ROWS * WIDTH, &seed), fill(dy, ROWS * WIDTH, &seed), fill(gamma, WIDTH, &seed);
    for (level = 0; level <= 2; level++) {
        if (!at_level(level)) continue;
        for (i = 0; i < ROWS * WIDTH; i++) dx[i] = 1.0f;
        memset(dgamma, 0, sizeof dgamma), memset(chain, 0, sizeof chain);
        nc_hlx_rmsnorm(out, rstd, x, gamma, ROWS, WIDTH, eps);
        nc_hlx_rmsnorm_backward(dx, dgamma, dy, x, gamma, rstd, ROWS, WIDTH);
        for (r = 0; r < ROWS; r++) {
            const float *u = x + r * WIDTH, *v = dy + r * WIDTH;
            const float root = 1.0f / sqrtf(nc_hlx_dot(u, u, WIDTH) / (float)WIDTH + eps);
            double square = 0, mean = 0, s;
            assert_true(rstd[r] == root);
            for (i = 0; i < WIDTH; i++) square += (double)u[i] * (double)u[i] / WIDTH;
            s = 1 / sqrt(square + (double)eps);
            for (i = 0; i < WIDTH; i++)
                mean += (double)v[i] * (double)gamma[i] * (double)u[i] * s / WIDTH;
            for (i = 0; i < WIDTH; i++) {
                const double y = (double)u[i] * s;
                const double expected = 1 + s * ((double)v[i] * (double)gamma[i] - y * mean);
                assert_true(out[r * WIDTH + i] == u[i] * root * gamma[i]);
                assert_true(fabs((double)out[r * WIDTH + i] - y * (double)gamma[i]) < 1e-6);
                assert_true(fabs((double)dx[r * WIDTH + i] - expected) < 2e-6);
                chain[i] = fmaf(v[i], u[i] * root, chain[i]);
            }
        }
        assert_memory_equal(dgamma, chain, sizeof chain);
    }
    as_before();
}

/* Difference of a float32 to a value, in units of its last place. */
static double ulps(float x, double expected) {
    const double size = fabs((double)x) < 1e-30 ? 1e-30 : fabs((double)x);
    return fabs((double)x - expected) / ldexp(1.0, ilogb(size) - 23);
}

/* Frequencies in float64: theta^(-2 i / n), scaled as transformers'
 * _compute_llama3_parameters does it. */
static double frequency(const nc_hlx_rope *r, size_t i, size_t n) {
    const double theta = r->theta > 0 ? (double)r->theta : 10000.0;
    const double f = pow(theta, -2.0 * (double)i / (double)n), wave = 2 * acos(-1.0) / f;
    double smooth;
    if (!r->original || wave < (double)r->original / (double)r->high) return f;
    if (wave > (double)r->original / (double)r->low) return f / (double)r->factor;
    smooth = ((double)r->original / wave - (double)r->low) / ((double)r->high - (double)r->low);
    return (1 - smooth) * f / (double)r->factor + smooth * f;
}

static void rotary_tables_are_within_an_ulp_of_float64(void **state) {
    static const nc_hlx_rope list[] = {{0, 0, 0, 0, 0},          {500000, 8192, 8, 1, 4},
                                       {500000, 8192, 32, 1, 4}, {3e38f, 0, 0, 0, 0},
                                       {1, 0, 0, 0, 0},          {1000000, 64, 2, 0.5f, 3}};
    enum { SIZE = 128, POSITIONS = 5000 };
    float *table = malloc((size_t)POSITIONS * SIZE * 4), *far = malloc(((size_t)2 << 20) * 4);
    double worst = 0, e;
    size_t t, p, i;
    (void)state;
    for (t = 0; t < sizeof list / sizeof *list; t++) {
        assert_int_equal(nc_hlx_rotary_table(table, POSITIONS, SIZE, &list[t]), NC_OK);
        for (i = 0; i < SIZE / 2; i++) {
            const double f = frequency(&list[t], i, SIZE);
            const float one = (float)f; /* pow may be off by a last place of float64 */
            assert_true(ulps(one, f) <= 0.5);
            for (p = 0; p < POSITIONS; p += 1 + p / 50) {
                const double angle = (double)((float)p * one);
                e = ulps(table[p * SIZE + i], cos(angle));
                worst = e > worst ? e : worst;
                e = ulps(table[p * SIZE + SIZE / 2 + i], sin(angle));
                worst = e > worst ? e : worst;
            }
        }
    }
    assert_int_equal(nc_hlx_rotary_table(far, (size_t)1 << 20, 2, &list[0]), NC_OK);
    for (p = 0; p < (size_t)1 << 20; p += 7) { /* frequency 1: the largest angles */
        e = ulps(far[2 * p], cos((double)p));
        worst = e > worst ? e : worst;
        e = ulps(far[2 * p + 1], sin((double)p));
        worst = e > worst ? e : worst;
    }
    if (worst > 0.51) fail_msg("%g units of the last place", worst);
    free(table), free(far);
}

static void rotary_tables_refuse_what_they_cannot_be(void **state) {
    static const nc_hlx_rope bad[] = {
        {0.5f, 0, 0, 0, 0},     {-1, 0, 0, 0, 0},        {NAN, 0, 0, 0, 0},
        {0, 0, 8, 0, 0},        {0, 0, 0, 1, 4},         {0, 64, 0.5f, 1, 4},
        {0, 64, 8, 0, 4},       {0, 64, 8, 4, 4},        {0, 64, 8, 1, INFINITY},
        {INFINITY, 0, 0, 0, 0}, {0, 64, INFINITY, 1, 4}, {0, 64, 8, NAN, 4}};
    const nc_hlx_rope good = {0, 0, 0, 0, 0};
    float table[64];
    size_t i;
    (void)state;
    for (i = 0; i < sizeof bad / sizeof *bad; i++)
        if (nc_hlx_rotary_table(table, 4, 8, &bad[i]) != NC_ERR_ARG) fail_msg("line %zu", i);
    assert_int_equal(nc_hlx_rotary_table(NULL, 4, 8, &good), NC_ERR_ARG);
    assert_int_equal(nc_hlx_rotary_table(table, 4, 8, NULL), NC_ERR_ARG);
    assert_int_equal(nc_hlx_rotary_table(table, 4, 7, &good), NC_ERR_ARG);
    assert_int_equal(nc_hlx_rotary_table(table, 4, 0, &good), NC_ERR_ARG);
    assert_int_equal(nc_hlx_rotary_table(table, ((size_t)1 << 20) + 1, 8, &good), NC_ERR_ARG);
}

static void rotary_turns_pairs_and_turns_them_back(void **state) {
    enum { N = 11, SEQ = 5, HEADS = 3, SIZE = 22, LD = HEADS * SIZE + 13 };
    const nc_hlx_rope rope = {0, 0, 0, 0, 0};
    static float x[N * LD], y[N * LD], table[SEQ * SIZE];
    uint64_t seed = 22;
    size_t r, h, i;
    int level;
    (void)state;
    fill(x, N * LD, &seed);
    assert_int_equal(nc_hlx_rotary_table(table, SEQ, SIZE, &rope), NC_OK);
    for (level = 0; level <= 2; level++) {
        if (!at_level(level)) continue;
        memcpy(y, x, sizeof x);
        nc_hlx_rotary(y, table, N, SEQ, HEADS, SIZE, LD, 0);
        for (r = 0; r < N; r++)
            for (h = 0; h < HEADS; h++)
                for (i = 0; i < SIZE / 2; i++) {
                    const float *u = x + r * LD + h * SIZE, *v = y + r * LD + h * SIZE;
                    const float *c = table + r % SEQ * SIZE, *s = c + SIZE / 2;
                    assert_true(v[i] == fmaf(-u[i + SIZE / 2], s[i], u[i] * c[i]));
                    assert_true(v[i + SIZE / 2] == fmaf(u[i], s[i], u[i + SIZE / 2] * c[i]));
                }
        nc_hlx_rotary(y, table, N, SEQ, HEADS, SIZE, LD, 1);
        for (i = 0; i < N * LD; i++) {
            if (i % LD >= HEADS * SIZE) assert_true(x[i] == y[i]);
            assert_true(fabsf(x[i] - y[i]) < 3e-7f);
        }
    }
    as_before();
}

static double activation(uint32_t which, double x) {
    if (which == NC_HLX_SILU) return x / (1 + exp(-x));
    return x / 2 * (1 + tanh(sqrt(2 / acos(-1.0)) * (x + 0.044715 * x * x * x)));
}

static void swiglu_and_its_gradient_agree_with_float64(void **state) {
    static float x[ROWS * 2 * WIDTH], dy[ROWS * WIDTH], out[3][ROWS * WIDTH];
    static float dx[3][ROWS * 2 * WIDTH];
    uint64_t seed = 23;
    uint32_t which;
    size_t r, i;
    int level;
    (void)state;
    fill(x, ROWS * 2 * WIDTH, &seed), fill(dy, ROWS * WIDTH, &seed);
    for (i = 0; i < ROWS * 2 * WIDTH; i++) x[i] *= 6.0f;
    for (which = 0; which < NC_HLX_ACTIVATIONS; which++) {
        for (level = 0; level <= 2; level++) {
            if (!at_level(level)) continue;
            assert_int_equal(nc_hlx_swiglu(out[level], x, ROWS, WIDTH, which), NC_OK);
            assert_int_equal(nc_hlx_swiglu_backward(dx[level], dy, x, ROWS, WIDTH, which), NC_OK);
            assert_memory_equal(out[level], out[0], sizeof out[0]);
            assert_memory_equal(dx[level], dx[0], sizeof dx[0]);
        }
        for (r = 0; r < ROWS; r++)
            for (i = 0; i < WIDTH; i++) {
                const double g = (double)x[r * 2 * WIDTH + i], d = (double)dy[r * WIDTH + i];
                const double u = (double)x[r * 2 * WIDTH + WIDTH + i], a = activation(which, g);
                const double slope =
                    (activation(which, g + 1e-5) - activation(which, g - 1e-5)) / 2e-5;
                assert_true(fabs((double)out[0][r * WIDTH + i] - a * u) < 1e-5);
                assert_true(fabs((double)dx[0][r * 2 * WIDTH + i] - d * u * slope) < 1e-5);
                assert_true(fabs((double)dx[0][r * 2 * WIDTH + WIDTH + i] - d * a) < 1e-5);
            }
    }
    assert_int_equal(nc_hlx_swiglu(out[0], x, 1, 1, NC_HLX_ACTIVATIONS), NC_ERR_ARG);
    assert_int_equal(nc_hlx_swiglu_backward(dx[0], dy, x, 1, 1, NC_HLX_ACTIVATIONS), NC_ERR_ARG);
    as_before();
}

static void silu_has_its_limits(void **state) {
    const float x[] = {0.0f, -0.0f, 1.0f, 200.0f, -200.0f, -50.0f, 1e-40f};
    const double slope[] = {0.5, 0.5, 0.927670511871487, 1, 0, -9.4509e-21, 0.5};
    const float one[7] = {1, 1, 1, 1, 1, 1, 1};
    float y[7], dx[7];
    size_t i;
    (void)state;
    assert_int_equal(nc_hlx_activate(y, x, 7, NC_HLX_SILU), NC_OK);
    assert_int_equal(nc_hlx_activate_backward(dx, one, x, 7, NC_HLX_SILU), NC_OK);
    for (i = 0; i < 7; i++) {
        const double expected = (double)x[i] / (1 + exp(-(double)x[i]));
        assert_true(fabs((double)y[i] - expected) <= 3e-7 * fabs(expected) + 1e-44);
        assert_true(fabs((double)dx[i] - slope[i]) <= 3e-7 * fabs(slope[i]) + 1e-24);
    }
    assert_string_equal(nc_hlx_activation_name(NC_HLX_SILU), "silu");
}

/* -- grouped queries ---------------------------------------------------------------------------- */

enum { BATCH = 2, SEQ = 45, HEADS = 6, SHARED = 2, SIZE = 5, D = HEADS * SIZE };
enum { LD = D + 2 * SHARED * SIZE, FULL = 3 * D };

/* The same attention with keys and values repeated for every head. */
static void repeat_keys(float *full, const float *qkv) {
    size_t r, h;
    for (r = 0; r < BATCH * SEQ; r++)
        for (h = 0; h < HEADS; h++) {
            const float *k = qkv + r * LD + D + h / (HEADS / SHARED) * SIZE;
            float *to = full + r * FULL + h * SIZE;
            memcpy(to, qkv + r * LD + h * SIZE, SIZE * sizeof *to);
            memcpy(to + D, k, SIZE * sizeof *to);
            memcpy(to + 2 * D, k + SHARED * SIZE, SIZE * sizeof *to);
        }
}

static nc_status attend(int flash, const nc_hlx_heads *shape, const float *qkv, const float *dout,
                        float *out, float *kept, float *dqkv, int n) {
    const size_t bytes = nc_hlx_attention_work_bytes(shape, flash, (uint32_t)n);
    void *work = malloc(bytes);
    nc_status status = flash ? nc_hlx_flash_attention(out, kept, qkv, shape, work, bytes)
                             : nc_hlx_attention(out, kept, qkv, shape, work, bytes);
    if (status == NC_OK)
        status =
            flash ? nc_hlx_flash_attention_backward(dqkv, dout, out, kept, qkv, shape, work, bytes)
                  : nc_hlx_attention_backward(dqkv, dout, kept, qkv, shape, work, bytes);
    free(work);
    return status;
}

static void grouped_queries_are_attention_with_repeated_keys(void **state) {
    static float qkv[BATCH * SEQ * LD], full[BATCH * SEQ * FULL], dout[BATCH * SEQ * D];
    static float out[3][BATCH * SEQ * D], kept[3][BATCH * HEADS * SEQ * SEQ];
    static float dqkv[3][BATCH * SEQ * LD], dfull[BATCH * SEQ * FULL];
    nc_hlx_heads shape = {BATCH, SEQ, HEADS, SIZE, 0, SHARED}, whole;
    uint64_t seed = 24;
    size_t r, h, i, j;
    int flash, level;
    (void)state;
    fill(qkv, BATCH * SEQ * LD, &seed), fill(dout, BATCH * SEQ * D, &seed);
    repeat_keys(full, qkv);
    for (flash = 0; flash < 2; flash++)
        for (shape.causal = 0; shape.causal < 2; shape.causal++) {
            whole = shape;
            whole.kv_heads = 0;
            for (level = 0; level <= 2; level++) {
                if (!at_level(level)) continue;
                memset(dqkv[level], 0x7F, sizeof dqkv[level]);
                assert_int_equal(attend(flash, &shape, qkv, dout, out[level], kept[level],
                                        dqkv[level], level + 1),
                                 NC_OK);
                assert_memory_equal(out[level], out[0], sizeof out[0]);
                assert_memory_equal(dqkv[level], dqkv[0], sizeof dqkv[0]);
            }
            as_before();
            assert_int_equal(attend(flash, &whole, full, dout, out[1], kept[1], dfull, 1), NC_OK);
            assert_memory_equal(out[0], out[1], sizeof out[0]);
            for (r = 0; r < BATCH * SEQ; r++)
                for (h = 0; h < HEADS; h++)
                    for (i = 0; i < SIZE; i++) {
                        assert_true(dqkv[0][r * LD + h * SIZE + i] ==
                                    dfull[r * FULL + h * SIZE + i]);
                        for (j = 1; j < 3; j++) { /* dK, dV: the sum of the group's */
                            const size_t group = HEADS / SHARED, g = h / group;
                            const size_t at = D + ((j - 1) * SHARED + g) * SIZE + i;
                            double sum = 0;
                            size_t k;
                            for (k = g * group; k < (g + 1) * group; k++)
                                sum += (double)dfull[r * FULL + j * D + k * SIZE + i];
                            assert_true(fabs(sum - (double)dqkv[0][r * LD + at]) < 2e-6);
                        }
                    }
        }
    shape.kv_heads = 4;
    assert_int_equal(attend(0, &shape, qkv, dout, out[0], kept[0], dqkv[0], 1), NC_ERR_ARG);
    assert_int_equal(attend(1, &shape, qkv, dout, out[0], kept[0], dqkv[0], 1), NC_ERR_ARG);
}

/* dK and dV of a key that heads share, without flash: one chain over heads and queries. */
static void shared_gradients_are_chains_over_heads_and_queries(void **state) {
    static float qkv[BATCH * SEQ * LD], dout[BATCH * SEQ * D], out[BATCH * SEQ * D];
    static float p[BATCH * HEADS * SEQ * SEQ], dqkv[BATCH * SEQ * LD];
    const nc_hlx_heads shape = {BATCH, SEQ, HEADS, SIZE, 1, SHARED};
    uint64_t seed = 25;
    size_t b, g, h, k, i, c;
    (void)state;
    fill(qkv, BATCH * SEQ * LD, &seed), fill(dout, BATCH * SEQ * D, &seed);
    assert_int_equal(attend(0, &shape, qkv, dout, out, p, dqkv, 1), NC_OK);
    for (b = 0; b < BATCH; b++)
        for (g = 0; g < SHARED; g++)
            for (k = 0; k < SEQ; k++)
                for (c = 0; c < SIZE; c++) {
                    float sum = 0.0f;
                    for (h = g * HEADS / SHARED; h < (g + 1) * HEADS / SHARED; h++)
                        for (i = 0; i < SEQ; i++)
                            sum = fmaf(p[((b * HEADS + h) * SEQ + i) * SEQ + k],
                                       dout[(b * SEQ + i) * D + h * SIZE + c], sum);
                    assert_true(dqkv[(b * SEQ + k) * LD + D + (SHARED + g) * SIZE + c] == sum);
                }
}

/* -- models ------------------------------------------------------------------------------------- */

static const char text[] =
    "A second family of blocks stands beside the first: its norms have no mean, its positions "
    "turn, "
    "its gates open and close, and its queries share the keys that they are held against.";

/* Parameters after 12 steps of each configuration on `text`: made by the portable level of this
 * library (gcc 12, -O2) and checked equal for all levels, thread counts and with recompute. */
static const uint64_t golden[] = {UINT64_C(0x7a95fd011c102300), UINT64_C(0x4f1078f05d5b3218),
                                  UINT64_C(0xc616d4c9f9c58411), UINT64_C(0x0ca1c6de22f3aeec),
                                  UINT64_C(0x6829dff30b84b3ef)};

/* 0: all of it; 1: Qwen2's biases, scaled positions, tied, flash; 2: bfloat16 and dropout; 3 and 4:
 * each half of it beside GPT-2's blocks. */
static nc_hlx_config config_of(int which) {
    nc_hlx_config c;
    memset(&c, 0, sizeof c);
    c.d_model = 48;
    c.num_heads = 6;
    c.num_layers = 2;
    c.ffn_dim = 40;
    c.max_seq_len = 40;
    c.batch_size = 2;
    c.rms_norm = c.rotary = which != 3;
    c.gated_ffn = which != 4;
    c.activation = which == 4 ? NC_HLX_GELU : NC_HLX_SILU;
    c.num_kv_heads = which == 4 ? 0 : 2;
    c.head_size = which == 3 ? 0 : 10;
    c.biases = which == 1 ? NC_HLX_BIASES_QKV : which < 3 ? NC_HLX_BIASES_NONE : NC_HLX_BIASES_ALL;
    c.norm_eps = c.rms_norm ? 1e-6f : 0.0f;
    if (which == 1) {
        c.rope_theta = 500.0f;
        c.rope_original = 16;
        c.rope_factor = 4.0f, c.rope_low = 1.0f, c.rope_high = 4.0f;
        c.tied_output = c.flash = 1;
    }
    c.bf16 = which == 2;
    c.dropout = which == 2 ? 0.1f : 0.0f;
    c.micro_batches = which == 3 ? 2 : 1;
    return c;
}

static nc_hlx_model *model_of(const nc_hlx_config *c) {
    nc_hlx_model *model;
    assert_int_equal(nc_hlx_create(&model, c, NULL), NC_OK);
    nc_hlx_init_weights(model, 31);
    return model;
}

static uint64_t digest_after(const nc_hlx_config *c, int steps) {
    const nc_hlx_adamw adamw = {1e-2f, 0, 0, 0, 0, 0.1f, 1.0f, 5, 0};
    nc_hlx_model *model = model_of(c);
    nc_hlx_loader loader;
    nc_hlx_stats stats;
    uint64_t digest;
    assert_int_equal(nc_hlx_loader_init(&loader, text, sizeof text - 1, c->max_seq_len, 5), NC_OK);
    while (steps-- > 0) assert_int_equal(nc_hlx_train_step(model, &loader, &adamw, &stats), NC_OK);
    assert_true(stats.loss < 5.5f);
    digest = nc_hlx_digest(model);
    nc_hlx_destroy(model);
    return digest;
}

static void training_gives_the_golden_digests_at_every_level_and_thread_count(void **state) {
    int which, level;
    (void)state;
    for (which = 0; which < 5; which++)
        for (level = 0; level <= 2; level++) {
            nc_hlx_config c = config_of(which);
            uint64_t digest;
            if (!at_level(level)) continue;
            c.recompute = level == 1;
            digest = digest_after(&c, 12);
            if (digest != golden[which])
                fail_msg("configuration %d, level %d: digest %016llx", which, level,
                         (unsigned long long)digest);
        }
    as_before();
}

/* Values of each tensor are looked at, more of the large ones. */
static void differences(const nc_hlx_config *c, int which) {
    enum { N = 2 * 40 };
    nc_hlx_model *model = model_of(c);
    uint32_t tokens[N], targets[N], i;
    size_t count, j, checked = 0;
    float *p = nc_hlx_parameters(model, &count), *g = nc_hlx_gradients(model, NULL), loss;
    for (i = 0; i < N; i++) tokens[i] = (uint8_t)text[i], targets[i] = (uint8_t)text[i + 1];
    for (j = 0; j < count; j++) p[j] = p[j] == 0.0f ? 0.05f : p[j] == 1.0f ? 0.9f : 4.0f * p[j];
    assert_int_equal(nc_hlx_forward(model, tokens, targets, 2, 40, &loss), NC_OK);
    nc_hlx_zero_gradients(model);
    assert_int_equal(nc_hlx_backward(model), NC_OK);
    for (j = 0; j < count; j += 197) {
        float saved = p[j], up, down;
        double slope;
        if (fabsf(g[j]) < 2e-3f) continue;
        p[j] = saved + 4e-3f;
        assert_int_equal(nc_hlx_forward(model, tokens, targets, 2, 40, &up), NC_OK);
        p[j] = saved - 4e-3f;
        assert_int_equal(nc_hlx_forward(model, tokens, targets, 2, 40, &down), NC_OK);
        p[j] = saved;
        slope = ((double)up - (double)down) / 8e-3;
        if (fabs(slope - (double)g[j]) > 0.03 * fabs((double)g[j]) + 3e-4)
            fail_msg("configuration %d, parameter %zu: %g by differences, %g computed", which, j,
                     slope, (double)g[j]);
        checked++;
    }
    if (checked < 30) fail_msg("only %zu parameters had a gradient to check", checked);
    nc_hlx_destroy(model);
}

static void whole_model_gradients_agree_with_finite_differences(void **state) {
    int which;
    (void)state;
    for (which = 0; which < 5; which++) {
        nc_hlx_config c = config_of(which);
        c.bf16 = 0; /* its rounding is no slope */
        differences(&c, which);
    }
}

static void a_checkpoint_keeps_the_blocks(void **state) {
    const char *path = "build/test_llama.bin";
    const nc_hlx_config c = config_of(1);
    const nc_hlx_config *read;
    nc_hlx_model *model = model_of(&c), *copy;
    nc_error err;
    (void)state;
    assert_int_equal(nc_hlx_save(model, NULL, path, &err), NC_OK);
    assert_int_equal(nc_hlx_load(&copy, NULL, path, 0, NULL, &err), NC_OK);
    read = nc_hlx_get_config(copy);
    assert_memory_equal(read, nc_hlx_get_config(model), sizeof *read);
    assert_int_equal(read->num_kv_heads, 2);
    assert_true(read->rope_high == 4.0f && read->biases == NC_HLX_BIASES_QKV);
    assert_int_equal(nc_hlx_digest(copy), nc_hlx_digest(model));
    nc_hlx_destroy(copy);
    nc_hlx_destroy(model);
    remove(path);
}

/* What a model of d 8, 2 heads, 1 layer, ffn 6, 10 tokens, seq 4 has. */
static void parameters_are_those_of_the_blocks(void **state) {
    nc_hlx_config c;
    uint64_t count;
    (void)state;
    memset(&c, 0, sizeof c);
    c.d_model = 8, c.num_heads = 2, c.num_layers = 1, c.ffn_dim = 6;
    c.vocab_size = 10, c.max_seq_len = 4;
    assert_int_equal(nc_hlx_footprint(&c, &count, NULL), NC_OK);
    assert_int_equal(count, 80 + 32 + 16 + 8 * 24 + 24 + 72 + 16 + 54 + 56 + 16 + 80);
    c.rms_norm = c.rotary = c.gated_ffn = c.num_kv_heads = 1;
    c.biases = NC_HLX_BIASES_NONE;
    assert_int_equal(nc_hlx_footprint(&c, &count, NULL), NC_OK);
    assert_int_equal(count, 80 + 8 + 8 * 16 + 64 + 8 + 8 * 12 + 48 + 8 + 80);
    c.biases = NC_HLX_BIASES_QKV;
    c.head_size = 6;
    assert_int_equal(nc_hlx_footprint(&c, &count, NULL), NC_OK);
    assert_int_equal(count, 80 + 8 + 8 * 24 + 24 + 12 * 8 + 8 + 8 * 12 + 48 + 8 + 80);
}

static void defaults_are_named_by_zero_and_bad_blocks_are_refused(void **state) {
    static const struct {
        size_t at;
        uint32_t value;
    } words[] = {{offsetof(nc_hlx_config, num_kv_heads), 4},
                 {offsetof(nc_hlx_config, num_kv_heads), 12},
                 {offsetof(nc_hlx_config, head_size), 7},
                 {offsetof(nc_hlx_config, head_size), 1 << 18},
                 {offsetof(nc_hlx_config, rms_norm), 2},
                 {offsetof(nc_hlx_config, rotary), 2},
                 {offsetof(nc_hlx_config, rotary), 0}, /* with frequencies */
                 {offsetof(nc_hlx_config, rope_original), 0},
                 {offsetof(nc_hlx_config, gated_ffn), 2},
                 {offsetof(nc_hlx_config, biases), 3},
                 {offsetof(nc_hlx_config, activation), NC_HLX_ACTIVATIONS}};
    static const struct {
        size_t at;
        float value;
    } reals[] = {
        {offsetof(nc_hlx_config, norm_eps), -1e-6f},   {offsetof(nc_hlx_config, norm_eps), NAN},
        {offsetof(nc_hlx_config, norm_eps), 1.0f},     {offsetof(nc_hlx_config, rope_theta), 0.5f},
        {offsetof(nc_hlx_config, rope_factor), 0.0f},  {offsetof(nc_hlx_config, rope_low), 4.0f},
        {offsetof(nc_hlx_config, rope_high), INFINITY}};
    nc_hlx_config c = config_of(1);
    nc_hlx_model *model = NULL;
    size_t i;
    (void)state;
    for (i = 0; i < sizeof words / sizeof *words; i++) {
        c = config_of(1);
        memcpy((char *)&c + words[i].at, &words[i].value, 4);
        if (nc_hlx_create(&model, &c, NULL) != NC_ERR_ARG || model) fail_msg("word %zu", i);
    }
    for (i = 0; i < sizeof reals / sizeof *reals; i++) {
        c = config_of(1);
        memcpy((char *)&c + reals[i].at, &reals[i].value, 4);
        if (nc_hlx_create(&model, &c, NULL) != NC_ERR_ARG || model) fail_msg("real %zu", i);
    }
    c = config_of(0);
    c.num_kv_heads = 6, c.head_size = 8, c.norm_eps = 1e-5f, c.rope_theta = 10000.0f;
    model = model_of(&c);
    assert_int_equal(nc_hlx_get_config(model)->num_kv_heads, 0);
    assert_int_equal(nc_hlx_get_config(model)->head_size, 0);
    assert_true(nc_hlx_get_config(model)->norm_eps == 0.0f);
    assert_true(nc_hlx_get_config(model)->rope_theta == 0.0f);
    nc_hlx_destroy(model);
}

/* -- files -------------------------------------------------------------------------------------- */

#define LLAMA TEST_DATA "hlx/llama/"

static const char *const folders[] = {"llama", "scaled", "mistral", "qwen2"};
enum { ROW = 11, FOLDERS = 4 }; /* tokens of a window, of which there are two */

static nc_hlx_model *read_folder(const char *folder) {
    nc_hlx_config c;
    nc_hlx_model *model;
    nc_error err;
    if (nc_hlx_read_config(&c, folder, &err) != NC_OK) fail_msg("%s: %s", folder, err.message);
    c.batch_size = 2;
    model = model_of(&c);
    if (nc_hlx_import(model, folder, &err) != NC_OK) fail_msg("%s: %s", folder, err.message);
    return model;
}

static double number(json_object *array, size_t i) {
    return json_object_get_double(json_object_array_get_idx(array, i));
}

static void close_to(json_object *of, const char *key, const float *got, size_t n) {
    json_object *array = member(of, key);
    size_t i;
    assert_int_equal(json_object_array_length(array), n);
    for (i = 0; i < n; i++)
        if (!(fabs(number(array, i) - (double)got[i]) <= 2e-6 * (1 + fabs(number(array, i)))))
            fail_msg("%s[%zu]: %.9g, not %.9g", key, i, (double)got[i], number(array, i));
}

static void models_of_transformers_have_its_logits_gradients_and_steps(void **state) {
    const nc_hlx_adamw adamw = {1e-2f, 0, 0, 0, 0, 0.1f, 0, 0, 0};
    json_object *golden_ = load_json(LLAMA "answers.json"), *all = member(golden_, "tokens");
    uint32_t tokens[2 * ROW], targets[2 * ROW], i, f, step;
    (void)state;
    for (i = 0; i < 2 * ROW; i++) {
        tokens[i] = (uint32_t)number(all, i + i / ROW);
        targets[i] = (uint32_t)number(all, i + i / ROW + 1);
    }
    for (f = 0; f < FOLDERS; f++) {
        char folder[80];
        json_object *of = member(golden_, folders[f]);
        nc_hlx_model *model;
        float losses[20];
        size_t count;
        snprintf(folder, sizeof folder, LLAMA "%s", folders[f]);
        model = read_folder(folder);
        assert_int_equal(nc_hlx_forward(model, tokens, NULL, 2, ROW, NULL), NC_OK);
        close_to(of, "logits", nc_hlx_logits(model), 2 * ROW * 13);
        for (step = 0; step < 20; step++) {
            assert_int_equal(nc_hlx_forward(model, tokens, targets, 2, ROW, &losses[step]), NC_OK);
            nc_hlx_zero_gradients(model);
            assert_int_equal(nc_hlx_backward(model), NC_OK);
            if (step == 0) {
                const float *gradients = nc_hlx_gradients(model, &count);
                close_to(of, "gradients", gradients, count);
            }
            nc_hlx_update(model, &adamw, NULL);
        }
        close_to(of, "losses", losses, 20);
        nc_hlx_destroy(model);
    }
    json_object_put(golden_);
}

static void a_folder_is_written_as_it_is_read(void **state) {
    const char *folder = "build/test_llama_folder";
    nc_error err;
    int which;
    (void)state;
    (void)mkdir(folder, 0777);
    for (which = 0; which < 4; which++) {
        nc_hlx_config c = config_of(which == 3 ? 0 : which), back;
        nc_hlx_model *model;
        uint64_t digest;
        c.activation = which == 2 ? NC_HLX_GELU : NC_HLX_SILU;
        if (which == 3) c.biases = NC_HLX_BIASES_ALL;
        model = model_of(&c);
        digest = nc_hlx_digest(model);
        assert_int_equal(nc_hlx_export_folder(model, folder, &err), NC_OK);
        assert_int_equal(nc_hlx_digest(model), digest);
        nc_hlx_destroy(model);
        assert_int_equal(nc_hlx_read_config(&back, folder, &err), NC_OK);
        assert_true(back.num_kv_heads == c.num_kv_heads && back.head_size == c.head_size);
        assert_true(back.biases == c.biases && back.activation == c.activation);
        assert_true(back.norm_eps == c.norm_eps && back.rope_theta == c.rope_theta);
        assert_true(back.rope_original == c.rope_original && back.rope_low == c.rope_low);
        assert_true(back.rope_factor == c.rope_factor && back.rope_high == c.rope_high);
        model = read_folder(folder);
        assert_int_equal(nc_hlx_digest(model), digest);
        nc_hlx_destroy(model);
    }
    remove("build/test_llama_folder/model.safetensors");
    remove("build/test_llama_folder/config.json");
    rmdir(folder);
}

/* An import that fails so, says this, and leaves the model. */
static void refused(const nc_hlx_config *c, const char *path, nc_status status, const char *says) {
    nc_hlx_model *model = model_of(c);
    const uint64_t digest = nc_hlx_digest(model);
    nc_error err;
    assert_int_equal(nc_hlx_import(model, path, &err), status);
    if (!strstr(err.message, says)) fail_msg("'%s' does not say '%s'", err.message, says);
    assert_int_equal(nc_hlx_digest(model), digest);
    nc_hlx_destroy(model);
}

static void what_a_folder_has_otherwise_is_refused_by_name(void **state) {
    nc_hlx_config c, good;
    nc_hlx_model *model;
    nc_error err;
    (void)state;
    assert_int_equal(nc_hlx_read_config(&good, LLAMA "scaled", &err), NC_OK);
    c = good, c.rope_theta = 60.0f;
    refused(&c, LLAMA "scaled", NC_ERR_MISMATCH, "rope_theta");
    c = good, c.rope_factor = 2.0f;
    refused(&c, LLAMA "scaled", NC_ERR_MISMATCH, "rope_scaling");
    c = good, c.norm_eps = 1e-5f;
    refused(&c, LLAMA "scaled", NC_ERR_MISMATCH, "rms_norm_eps");
    c = good, c.activation = NC_HLX_GELU;
    refused(&c, LLAMA "scaled", NC_ERR_MISMATCH, "activation");
    c = good, c.num_kv_heads = 1;
    refused(&c, LLAMA "scaled", NC_ERR_MISMATCH, "k_proj.weight' has another shape");
    c = good, c.biases = NC_HLX_BIASES_QKV;
    refused(&c, LLAMA "scaled", NC_ERR_MISMATCH, "'model.layers.0.self_attn.q_proj.bias' is miss");
    c = good, c.num_layers = 1;
    refused(&c, LLAMA "scaled", NC_ERR_MISMATCH, "'model.layers.1.");
    refused(&good, TEST_DATA "hlx/gpt2/untied", NC_ERR_MISMATCH, "no tensor of this model");
    c = good, c.rms_norm = 0, c.norm_eps = 0.0f;
    refused(&c, LLAMA "scaled", NC_ERR_UNSUPPORTED, "not for this mixture");
    model = model_of(&c);
    assert_int_equal(nc_hlx_export(model, "build/no.safetensors", &err), NC_ERR_UNSUPPORTED);
    assert_int_equal(nc_hlx_export_folder(model, "build", &err), NC_ERR_UNSUPPORTED);
    nc_hlx_destroy(model);
}

static void configurations_that_are_not_computed_are_refused_by_name(void **state) {
    static const struct {
        const char *text;
        nc_status status;
        const char *says;
    } cases[] = {
        {"{\"model_type\":\"llama\",\"hidden_act\":\"relu\"}", NC_ERR_UNSUPPORTED, "'relu'"},
        {"{\"model_type\":\"llama\",\"n_embd\":8}", NC_ERR_UNSUPPORTED, "'n_embd'"},
        {"{\"model_type\":\"gpt2\",\"hidden_size\":8}", NC_ERR_UNSUPPORTED, "'hidden_size'"},
        {"{\"model_type\":\"llama\",\"attention_bias\":true}", NC_ERR_UNSUPPORTED, "mlp_bias"},
        {"{\"model_type\":\"mistral\"}", NC_ERR_UNSUPPORTED, "sliding_window 4096"},
        {"{\"model_type\":\"qwen2\",\"sliding_window\":8,\"use_sliding_window\":true}",
         NC_ERR_UNSUPPORTED, "sliding_window 8"},
        {"{\"model_type\":\"qwen2\",\"layer_types\":[\"sliding_attention\"]}", NC_ERR_UNSUPPORTED,
         "'sliding_attention'"},
        {"{\"model_type\":\"llama\",\"rope_scaling\":{\"rope_type\":\"yarn\"}}", NC_ERR_UNSUPPORTED,
         "'yarn'"},
        {"{\"model_type\":\"llama\",\"rope_scaling\":{\"type\":\"llama3\"}}", NC_ERR_FORMAT,
         "original_max_position"},
        {"{\"model_type\":\"llama\",\"rope_scaling\":{\"factor\":2}}", NC_ERR_UNSUPPORTED,
         "without a rope_type"},
        {"{\"model_type\":\"llama\",\"rope_scaling\":{\"beta\":2}}", NC_ERR_UNSUPPORTED, "'beta'"},
        {"{\"model_type\":\"llama\",\"rope_scaling\":{\"type\":\"llama3\",\"factor\":2,"
         "\"factor\":4}}",
         NC_ERR_FORMAT, "'factor' stands twice in rotary positions"},
        {"{\"model_type\":\"llama\",\"rope_theta\":0}", NC_ERR_UNSUPPORTED,
         "rope_theta 0 is not above 0"},
        {"{\"model_type\":\"llama\",\"rms_norm_eps\":1.5}", NC_ERR_LIMIT,
         "rms_norm_eps 1.5 is not below 1"},
        {"{\"model_type\":\"llama\",\"rope_interleaved\":true}", NC_ERR_UNSUPPORTED,
         "rope_interleaved other than false"},
        {"{\"model_type\":\"qwen2\",\"use_mrope\":true}", NC_ERR_UNSUPPORTED, "use_mrope"},
        {"{\"model_type\":\"llama\",\"rope_theta\":0.1}", NC_ERR_LIMIT, "beyond the limits"},
        {"{\"model_type\":\"llama\",\"num_key_value_heads\":5}", NC_ERR_LIMIT, "hidden_size 4096"},
        {"{\"model_type\":\"llama\",\"rms_norm_eps\":true}", NC_ERR_FORMAT, ""}};
    const char *path = "build/test_llama.json";
    nc_hlx_config c;
    nc_error err;
    size_t i;
    (void)state;
    for (i = 0; i < sizeof cases / sizeof *cases; i++) {
        FILE *f = fopen(path, "wb");
        fputs(cases[i].text, f);
        fclose(f);
        if (nc_hlx_read_config(&c, path, &err) != cases[i].status ||
            !strstr(err.message, cases[i].says))
            fail_msg("%s: %d, '%s'", cases[i].text, (int)err.status, err.message);
    }
    {
        FILE *f = fopen(path, "wb"); /* Llama 3.2 1B's, as it was published */
        fputs("{\"model_type\":\"llama\",\"head_dim\":64,\"hidden_size\":2048,"
              "\"intermediate_size\":8192,\"max_position_embeddings\":131072,"
              "\"num_attention_heads\":32,\"num_hidden_layers\":16,\"num_key_value_heads\":8,"
              "\"rms_norm_eps\":1e-05,\"rope_scaling\":{\"factor\":32.0,"
              "\"high_freq_factor\":4.0,\"low_freq_factor\":1.0,"
              "\"original_max_position_embeddings\":8192,\"rope_type\":\"llama3\"},"
              "\"rope_theta\":500000.0,\"tie_word_embeddings\":true,\"vocab_size\":128256}",
              f);
        fclose(f);
    }
    assert_int_equal(nc_hlx_read_config(&c, path, &err), NC_OK);
    {
        uint64_t count;
        assert_int_equal(nc_hlx_footprint(&c, &count, NULL), NC_OK);
        assert_true(count == UINT64_C(1235814400)); /* what its page says: 1.23 B */
    }
    remove(path);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rmsnorm_is_its_definition_and_agrees_with_float64),
        cmocka_unit_test(rotary_tables_are_within_an_ulp_of_float64),
        cmocka_unit_test(rotary_tables_refuse_what_they_cannot_be),
        cmocka_unit_test(rotary_turns_pairs_and_turns_them_back),
        cmocka_unit_test(swiglu_and_its_gradient_agree_with_float64),
        cmocka_unit_test(silu_has_its_limits),
        cmocka_unit_test(grouped_queries_are_attention_with_repeated_keys),
        cmocka_unit_test(shared_gradients_are_chains_over_heads_and_queries),
        cmocka_unit_test(training_gives_the_golden_digests_at_every_level_and_thread_count),
        cmocka_unit_test(whole_model_gradients_agree_with_finite_differences),
        cmocka_unit_test(a_checkpoint_keeps_the_blocks),
        cmocka_unit_test(parameters_are_those_of_the_blocks),
        cmocka_unit_test(defaults_are_named_by_zero_and_bad_blocks_are_refused),
        cmocka_unit_test(models_of_transformers_have_its_logits_gradients_and_steps),
        cmocka_unit_test(a_folder_is_written_as_it_is_read),
        cmocka_unit_test(what_a_folder_has_otherwise_is_refused_by_name),
        cmocka_unit_test(configurations_that_are_not_computed_are_refused_by_name),
    };
    return cmocka_run_group_tests_name("hlx llama", tests, NULL, NULL);
}
