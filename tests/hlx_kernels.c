/* nc_hlx.h, section kernels: stand-alone operations against PyTorch's answers, float64, finite
   differences and their own plain definitions, at every level and thread count. */
#include "test.h"
#include <math.h>
#include "../nc_hlx.h"

static float random_float(uint64_t *seed, float scale) {
    return scale * (float)((double)(int64_t)test_random(seed) / 9223372036854775808.0);
}

static void fill(float *x, size_t n, uint64_t *seed) {
    size_t i;
    for (i = 0; i < n; i++) x[i] = random_float(seed, 1.0f);
}

/* -- PyTorch's answers: tests/golden_torch.py, float64 ---------------------------------------- */

/* An array of a case as floats; free it. */
static float *floats(json_object *of, const char *key, size_t *count) {
    json_object *array = member(of, key);
    size_t n = json_object_array_length(array), i;
    float *x = malloc((n + 1) * sizeof *x);
    for (i = 0; i < n; i++)
        x[i] = (float)json_object_get_double(json_object_array_get_idx(array, i));
    if (count) *count = n;
    return x;
}

static void close_to(json_object *of, const char *key, const float *got, double tolerance) {
    json_object *array = member(of, key);
    size_t n = json_object_array_length(array), i;
    for (i = 0; i < n; i++) {
        double expected = json_object_get_double(json_object_array_get_idx(array, i));
        if (!(fabs(expected - (double)got[i]) <= tolerance * (1 + fabs(expected))))
            fail_msg("%s[%zu]: %.9g, not %.9g", key, i, (double)got[i], expected);
    }
}

static json_object *answers(void) { return load_json(TEST_DATA "hlx/torch.json"); }

static void linear_gelu_layernorm_and_softmax_agree_with_pytorch(void **state) {
    json_object *root = answers(), *c = member(root, "linear");
    float *x = floats(c, "x", NULL), *w = floats(c, "w", NULL), *bias = floats(c, "bias", NULL);
    float *r = floats(c, "residual", NULL), *dout = floats(c, "dout", NULL), *beta;
    float out[200], gelu[200], dx[200] = {0}, dw[200] = {0}, db[64] = {0}, mean[8], rstd[8];
    size_t bytes = nc_hlx_gemm_work_bytes();
    void *work = malloc(bytes);
    (void)state;
    assert_int_equal(nc_hlx_linear(out, gelu, NC_HLX_GELU, x, w, bias, r, 5, 7, 6, work, bytes),
                     NC_OK);
    close_to(c, "output", out, 1e-6);
    nc_hlx_gelu(dx, out, 30);
    assert_memory_equal(gelu, dx, 30 * sizeof *dx); /* the epilogue is the kernel */
    assert_int_equal(nc_hlx_gemm(0, 1, 5, 7, 6, dout, 6, w, 6, dx, 7, 0, work, bytes), NC_OK);
    assert_int_equal(nc_hlx_gemm(1, 0, 7, 6, 5, x, 7, dout, 6, dw, 6, 0, work, bytes), NC_OK);
    nc_hlx_column_sums(db, dout, 5, 6);
    close_to(c, "dx", dx, 1e-6);
    close_to(c, "dw", dw, 1e-6);
    close_to(c, "dbias", db, 1e-6);
    free(x), free(w), free(bias), free(r), free(dout);

    c = member(root, "gelu");
    x = floats(c, "x", NULL), dout = floats(c, "dout", NULL);
    nc_hlx_gelu(out, x, 5 * 37);
    nc_hlx_gelu_backward(dx, dout, x, 5 * 37);
    close_to(c, "output", out, 1e-6);
    close_to(c, "dx", dx, 1e-6);
    free(x), free(dout);

    c = member(root, "layernorm");
    x = floats(c, "x", NULL), dout = floats(c, "dout", NULL);
    w = floats(c, "gamma", NULL), beta = floats(c, "beta", NULL);
    nc_hlx_layernorm(out, mean, rstd, x, w, beta, 5, 37);
    close_to(c, "output", out, 3e-6);
    nc_hlx_layernorm_one_pass(gelu, mean, rstd, x, w, beta, 5, 37);
    close_to(c, "output", gelu, 1e-5);
    memset(dx, 0, sizeof dx);
    memset(dw, 0, sizeof dw);
    memset(db, 0, sizeof db);
    nc_hlx_layernorm_backward(dx, dw, db, dout, x, w, mean, rstd, 5, 37);
    close_to(c, "dx", dx, 1e-5);
    close_to(c, "dgamma", dw, 1e-5);
    close_to(c, "dbeta", db, 1e-5);
    free(x), free(dout), free(w), free(beta);

    c = member(root, "softmax");
    x = floats(c, "x", NULL), dout = floats(c, "dout", NULL);
    nc_hlx_softmax(x, 6, 6, 1);
    nc_hlx_softmax_backward(dout, x, 6, 6, 1);
    close_to(c, "output", x, 1e-6);
    close_to(c, "dx", dout, 1e-6);
    free(x), free(dout), free(work);
    json_object_put(root);
}

static void cross_entropy_and_adamw_agree_with_pytorch(void **state) {
    json_object *root = answers(), *c = member(root, "cross_entropy"), *grads;
    json_object *list = member(c, "targets");
    float *x = floats(c, "x", NULL), losses[6], m[9] = {0}, v[9] = {0}, loss;
    nc_hlx_adamw how = {0.01f, 0, 0.9f, 0.99f, 1e-8f, 0.1f, 0, 0, 0};
    uint32_t targets[6], i;
    (void)state;
    for (i = 0; i < 6; i++)
        targets[i] = (uint32_t)json_object_get_int(json_object_array_get_idx(list, i));
    loss = nc_hlx_cross_entropy(x, targets, losses, 6, 11);
    assert_true(fabs((double)loss - json_object_get_double(member(c, "loss"))) < 1e-6);
    close_to(c, "dx", x, 1e-6);
    free(x);
    c = member(root, "adamw");
    grads = member(c, "grads");
    x = floats(c, "start", NULL);
    for (i = 0; i < 3; i++) {
        float g[9];
        uint32_t j;
        for (j = 0; j < 9; j++)
            g[j] = (float)json_object_get_double(
                json_object_array_get_idx(json_object_array_get_idx(grads, i), j));
        nc_hlx_adamw_update(x, g, m, v, 9, &how, i + 1, 1.0f);
    }
    close_to(c, "end", x, 1e-6);
    free(x);
    json_object_put(root);
}

static void both_attentions_agree_with_pytorch(void **state) {
    json_object *root = answers();
    int causal;
    (void)state;
    for (causal = 0; causal < 2; causal++) {
        json_object *c = member(root, causal ? "attention_causal" : "attention_full");
        const nc_hlx_heads shape = {2, 37, 2, 4, causal, 0};
        size_t bytes = nc_hlx_attention_work_bytes(&shape, 0, 2);
        float *qkv = floats(c, "qkv", NULL), *dout = floats(c, "dout", NULL);
        static float out[2 * 37 * 8], kept[4 * 37 * 37], dqkv[2 * 37 * 24];
        void *work = malloc(bytes);
        assert_int_equal(nc_hlx_attention(out, kept, qkv, &shape, work, bytes), NC_OK);
        assert_int_equal(nc_hlx_attention_backward(dqkv, dout, kept, qkv, &shape, work, bytes),
                         NC_OK);
        close_to(c, "output", out, 2e-6);
        close_to(c, "dqkv", dqkv, 1e-5);
        bytes = nc_hlx_attention_work_bytes(&shape, 1, 2);
        work = realloc(work, bytes);
        assert_int_equal(nc_hlx_flash_attention(out, kept, qkv, &shape, work, bytes), NC_OK);
        assert_int_equal(
            nc_hlx_flash_attention_backward(dqkv, dout, out, kept, qkv, &shape, work, bytes),
            NC_OK);
        close_to(c, "output", out, 2e-6);
        close_to(c, "dqkv", dqkv, 1e-5);
        free(qkv), free(dout), free(work);
    }
    json_object_put(root);
}

static void the_whole_model_agrees_with_pytorch(void **state) {
    json_object *root = answers(), *c = member(root, "model"), *t = member(c, "tokens");
    nc_hlx_config config;
    nc_hlx_model *model;
    uint32_t tokens[10], targets[10], i;
    size_t count, n;
    float *p = floats(c, "parameters", &n), loss;
    (void)state;
    memset(&config, 0, sizeof config);
    config.vocab_size = 11, config.d_model = 8, config.num_layers = 2, config.num_heads = 2;
    config.ffn_dim = 12, config.max_seq_len = 5, config.batch_size = 2;
    for (i = 0; i < 10; i++) {
        tokens[i] = (uint32_t)json_object_get_int(json_object_array_get_idx(t, i));
        targets[i] =
            (uint32_t)json_object_get_int(json_object_array_get_idx(member(c, "targets"), i));
    }
    for (i = 0; i < 4; i++) { /* plain, flash, recompute, both */
        config.flash = i & 1;
        config.recompute = i >> 1;
        assert_int_equal(nc_hlx_create(&model, &config, NULL), NC_OK);
        memcpy(nc_hlx_parameters(model, &count), p, n * sizeof *p);
        assert_int_equal(count, n);
        assert_int_equal(nc_hlx_forward(model, tokens, NULL, 2, 5, NULL), NC_OK);
        close_to(c, "logits", nc_hlx_logits(model), 1e-5);
        assert_int_equal(nc_hlx_forward(model, tokens, targets, 2, 5, &loss), NC_OK);
        assert_true(fabs((double)loss - json_object_get_double(member(c, "loss"))) < 1e-6);
        nc_hlx_zero_gradients(model);
        assert_int_equal(nc_hlx_backward(model), NC_OK);
        close_to(c, "gradients", nc_hlx_gradients(model, NULL), 1e-5);
        nc_hlx_destroy(model);
    }
    free(p);
    json_object_put(root);
}

/* The epilogue comes after the whole chain, k blocks and tile edges included. */
static void linear_is_gemm_then_its_epilogue_at_every_level(void **state) {
    enum { ROWS = 31, K = 700, N = 77 };
    static float x[ROWS * K], w[K * N], bias[N], residual[ROWS * N], out[ROWS * N], gelu[ROWS * N];
    static float expected[ROWS * N], expected_gelu[ROWS * N];
    size_t bytes = nc_hlx_gemm_work_bytes(), i;
    void *work = malloc(bytes);
    uint64_t seed = 11;
    int level;
    (void)state;
    fill(x, ROWS * K, &seed);
    fill(w, K * N, &seed);
    fill(bias, N, &seed);
    fill(residual, ROWS * N, &seed);
    nc_hlx_gemm_ref(0, 0, ROWS, N, K, x, K, w, N, expected, N, 0);
    for (i = 0; i < ROWS * N; i++) {
        expected[i] = expected[i] + bias[i % N];
        expected[i] = expected[i] + residual[i];
    }
    nc_hlx_gelu(expected_gelu, expected, ROWS * N);
    for (level = 0; level <= 2; level++) {
        if (nc_hlx_set_simd(level) != NC_OK) continue;
        use_threads(level + 1);
        assert_int_equal(
            nc_hlx_linear(out, gelu, NC_HLX_GELU, x, w, bias, residual, ROWS, K, N, work, bytes),
            NC_OK);
        assert_memory_equal(out, expected, sizeof out);
        assert_memory_equal(gelu, expected_gelu, sizeof gelu);
    }
    nc_hlx_set_simd(-1);
    free(work);
}

/* -- attention ---------------------------------------------------------------------------------- */

enum { SEQ = 61, HEADS = 3, HD = 5, D = HEADS * HD };
static const nc_hlx_heads odd_shape = {2, SEQ, HEADS, HD, 1, 0};
static float weights_of[2 * SEQ * D];

typedef nc_status (*attention_fn)(float *, float *, const float *, const nc_hlx_heads *, void *,
                                  size_t);

static double attention_loss(attention_fn fn, const float *qkv) {
    const int flash = fn == nc_hlx_flash_attention;
    static float out[2 * SEQ * D], kept[2 * HEADS * SEQ * SEQ];
    size_t bytes = nc_hlx_attention_work_bytes(&odd_shape, flash, 1), i;
    void *work = malloc(bytes);
    double sum = 0;
    assert_int_equal(fn(out, kept, qkv, &odd_shape, work, bytes), NC_OK);
    for (i = 0; i < 2 * SEQ * D; i++) sum += (double)out[i] * (double)weights_of[i];
    free(work);
    return sum;
}

static void attention_gradients_agree_with_finite_differences(void **state) {
    static float qkv[2 * SEQ * 3 * D], dqkv[2 * SEQ * 3 * D], out[2 * SEQ * D];
    static float kept[2 * HEADS * SEQ * SEQ];
    size_t bytes, i;
    void *work = NULL;
    uint64_t seed = 5;
    int flash;
    (void)state;
    fill(qkv, sizeof qkv / sizeof *qkv, &seed);
    fill(weights_of, sizeof weights_of / sizeof *weights_of, &seed);
    for (flash = 0; flash < 2; flash++) {
        attention_fn fn = flash ? nc_hlx_flash_attention : nc_hlx_attention;
        bytes = nc_hlx_attention_work_bytes(&odd_shape, flash, 1);
        work = realloc(work, bytes);
        assert_int_equal(fn(out, kept, qkv, &odd_shape, work, bytes), NC_OK);
        if (flash)
            assert_int_equal(nc_hlx_flash_attention_backward(dqkv, weights_of, out, kept, qkv,
                                                             &odd_shape, work, bytes),
                             NC_OK);
        else
            assert_int_equal(
                nc_hlx_attention_backward(dqkv, weights_of, kept, qkv, &odd_shape, work, bytes),
                NC_OK);
        for (i = 0; i < sizeof qkv / sizeof *qkv; i += 61) {
            float saved = qkv[i];
            double up, down;
            qkv[i] = saved + 1e-2f;
            up = attention_loss(fn, qkv);
            qkv[i] = saved - 1e-2f;
            down = attention_loss(fn, qkv);
            qkv[i] = saved;
            if (fabs((up - down) / 2e-2 - (double)dqkv[i]) > 1e-3)
                fail_msg("flash %d, %zu: %g by differences, %g computed", flash, i,
                         (up - down) / 2e-2, (double)dqkv[i]);
        }
    }
    free(work);
}

/* Flash attention of one head as the header describes it, one operation at a time. */
static void flash_by_definition(float *out, float *lse, const float *qkv, int causal) {
    const float scale = 1.0f / sqrtf((float)HD);
    size_t i, j, c, k0;
    for (i = 0; i < SEQ; i++) {
        float o[HD] = {0}, m = 0, l = 0;
        size_t limit = causal ? (i / 32 + 1) * 32 : SEQ;
        for (k0 = 0; k0 < limit && k0 < SEQ; k0 += 32) {
            float p[32] = {0}, most = 0, factor;
            size_t keys = SEQ - k0 < 32 ? SEQ - k0 : 32, w;
            size_t visible = causal && i + 1 - k0 < keys ? i + 1 - k0 : keys;
            for (j = 0; j < visible; j++) {
                float dot = 0;
                for (c = 0; c < HD; c++)
                    dot = fmaf(qkv[i * 3 * D + c], qkv[(k0 + j) * 3 * D + D + c], dot);
                p[j] = dot * scale;
                if (j == 0 || p[j] > most) most = p[j];
            }
            if (k0 && m > most) most = m;
            factor = k0 ? nc_hlx_exp(m - most) : 0.0f;
            for (j = 0; j < visible; j++) p[j] = nc_hlx_exp(p[j] - most);
            for (c = 0; c < HD; c++) {
                o[c] = k0 ? o[c] * factor : 0.0f;
                for (j = 0; j < keys; j++)
                    o[c] = fmaf(p[j], qkv[(k0 + j) * 3 * D + 2 * D + c], o[c]);
            }
            for (w = 16; w; w /= 2)
                for (j = 0; j < w; j++) p[j] += p[j + w];
            l = fmaf(l, factor, p[0]);
            m = most;
        }
        for (c = 0; c < HD; c++) out[i * D + c] = o[c] / l;
        lse[i] = m + nc_hlx_log(l);
    }
}

static void flash_attention_has_the_documented_bits_at_every_level(void **state) {
    static float qkv[2 * SEQ * 3 * D], out[2 * SEQ * D], lse[2 * HEADS * SEQ];
    static float expected[2 * SEQ * D], expected_lse[SEQ], back[3][2 * SEQ * 3 * D];
    nc_hlx_heads shape = odd_shape;
    size_t bytes = nc_hlx_attention_work_bytes(&shape, 1, 3), i, head, c;
    void *work = malloc(bytes);
    uint64_t seed = 6;
    int level;
    (void)state;
    fill(qkv, sizeof qkv / sizeof *qkv, &seed);
    for (i = 0; i < sizeof qkv / sizeof *qkv; i++) qkv[i] *= 4.0f; /* the maximum moves */
    for (shape.causal = 0; shape.causal < 2; shape.causal++)
        for (level = 0; level <= 2; level++) {
            if (nc_hlx_set_simd(level) != NC_OK) assert_int_equal(nc_hlx_set_simd(0), NC_OK);
            use_threads(level + 1);
            memset(out, 0x7F, sizeof out);
            assert_int_equal(nc_hlx_flash_attention(out, lse, qkv, &shape, work, bytes), NC_OK);
            for (head = 0; head < 2 * HEADS; head++) {
                const size_t window = head / HEADS, h = head % HEADS;
                flash_by_definition(expected, expected_lse, qkv + window * SEQ * 3 * D + h * HD,
                                    shape.causal);
                assert_memory_equal(expected_lse, lse + head * SEQ, sizeof expected_lse);
                for (i = 0; i < SEQ; i++)
                    for (c = 0; c < HD; c++)
                        if (out[(window * SEQ + i) * D + h * HD + c] != expected[i * D + c])
                            fail_msg("level %d, head %zu, query %zu", level, head, i);
            }
            assert_int_equal(nc_hlx_flash_attention_backward(back[level], out, out, lse, qkv,
                                                             &shape, work, bytes),
                             NC_OK);
            assert_memory_equal(back[level], back[0], sizeof back[0]);
        }
    nc_hlx_set_simd(-1);
    free(work);
}

/* Attention with stored probabilities by its definition, one head: whole products, one fmaf at a
 * time, over all keys and queries. dqkv may be null. */
static void attention_by_definition(float *out, float *dqkv, const float *dout, const float *qkv,
                                    size_t n, size_t hd, size_t d, int causal) {
    float *p = malloc(n * n * sizeof *p), *ds = malloc(n * n * sizeof *ds);
    const float scale = 1.0f / sqrtf((float)hd), *k = qkv + d, *v = qkv + 2 * d;
    size_t i;
    nc_hlx_gemm_ref(0, 1, n, n, hd, qkv, 3 * d, k, 3 * d, p, n, 0);
    for (i = 0; i < n * n; i++) p[i] *= scale;
    nc_hlx_softmax(p, n, n, causal);
    nc_hlx_gemm_ref(0, 0, n, hd, n, p, n, v, 3 * d, out, d, 0);
    nc_hlx_gemm_ref(1, 0, n, hd, n, p, n, dout, d, dqkv + 2 * d, 3 * d, 0);
    nc_hlx_gemm_ref(0, 1, n, n, hd, dout, d, v, 3 * d, ds, n, 0);
    nc_hlx_softmax_backward(ds, p, n, n, causal);
    for (i = 0; i < n * n; i++) ds[i] *= scale;
    nc_hlx_gemm_ref(0, 0, n, hd, n, ds, n, k, 3 * d, dqkv, 3 * d, 0);
    nc_hlx_gemm_ref(1, 0, n, hd, n, ds, n, qkv, 3 * d, dqkv + d, 3 * d, 0);
    free(p), free(ds);
}

/* The sequence is longer than a block of k, and the sums of some columns are -0 for the first
 * queries until a key behind them, which a mask hides, makes them +0. */
static void attention_is_its_definition_at_every_level(void **state) {
    enum { N = 291, SIZE = 20, WIDE = 2 * SIZE };
    nc_hlx_heads shape = {1, N, 2, SIZE, 0, 0};
    const size_t bytes = nc_hlx_attention_work_bytes(&shape, 0, 2);
    float *qkv = malloc(N * 3 * WIDE * 4), *dout = malloc(N * WIDE * 4), *out[2], *dqkv[2];
    float *kept = malloc(2 * N * N * 4);
    void *work = malloc(bytes);
    uint64_t seed = 17;
    size_t i, zeros = 0;
    int level, h;
    (void)state;
    for (i = 0; i < 2; i++) out[i] = malloc(N * WIDE * 4), dqkv[i] = malloc(N * 3 * WIDE * 4);
    fill(qkv, N * 3 * WIDE, &seed);
    fill(dout, N * WIDE, &seed);
    for (i = 0; i < 30; i++) { /* K and V of the first keys */
        qkv[i * 3 * WIDE + WIDE] = qkv[i * 3 * WIDE + 2 * WIDE + 3] = -1e-45f;
        qkv[(250 + i) * 3 * WIDE + 2 * WIDE + 3] = i % 2 ? 1.0f : -1.0f;
    }
    for (shape.causal = 0; shape.causal < 2; shape.causal++) {
        for (h = 0; h < 2; h++)
            attention_by_definition(out[0] + h * SIZE, dqkv[0] + h * SIZE, dout + h * SIZE,
                                    qkv + h * SIZE, N, SIZE, WIDE, shape.causal);
        for (i = 0; i < N; i++)
            zeros += out[0][i * WIDE + 3] == 0.0f && !signbit(out[0][i * WIDE + 3]);
        for (level = 0; level <= 2; level++) {
            if (nc_hlx_set_simd(level) != NC_OK) continue;
            use_threads(level + 1);
            memset(kept, 0x7F, 2 * N * N * 4);
            memset(work, 0x7F, bytes);
            assert_int_equal(nc_hlx_attention(out[1], kept, qkv, &shape, work, bytes), NC_OK);
            assert_int_equal(
                nc_hlx_attention_backward(dqkv[1], dout, kept, qkv, &shape, work, bytes), NC_OK);
            assert_memory_equal(out[0], out[1], N * WIDE * 4);
            assert_memory_equal(dqkv[0], dqkv[1], N * 3 * WIDE * 4);
        }
    }
    assert_true(zeros > 2);
    nc_hlx_set_simd(-1);
    use_threads(1);
    for (i = 0; i < 2; i++) free(out[i]), free(dqkv[i]);
    free(qkv), free(dout), free(kept), free(work);
}

static void attention_refuses_bad_arguments(void **state) {
    float x[64] = {0};
    nc_hlx_heads shape = {1, 2, 1, 2, 1, 0}, none = {1, 0, 1, 2, 1, 0};
    size_t bytes = nc_hlx_attention_work_bytes(&shape, 0, 1);
    const nc_hlx_heads long_ = {1, 4096, 1, 2, 1, 0};
    void *work = malloc(bytes);
    (void)state;
    assert_true(nc_hlx_attention_work_bytes(&long_, 1, 1) * 10 <
                nc_hlx_attention_work_bytes(&long_, 0, 1));
    assert_int_equal(nc_hlx_attention(x, x + 32, x + 8, &shape, work, bytes - 64), NC_ERR_ARG);
    assert_int_equal(nc_hlx_attention(x, NULL, x + 8, &shape, work, bytes), NC_ERR_ARG);
    assert_int_equal(nc_hlx_attention(x, x + 32, x + 8, &none, work, bytes), NC_ERR_ARG);
    assert_int_equal(nc_hlx_attention(x, x + 32, x + 8, NULL, work, bytes), NC_ERR_ARG);
    assert_int_equal(nc_hlx_flash_attention(NULL, x, x, &shape, work, bytes), NC_ERR_ARG);
    assert_int_equal(nc_hlx_flash_attention_backward(x, x, NULL, x, x, &shape, work, bytes),
                     NC_ERR_ARG);
    free(work);
}

/* -- embedding, dropout, layer norm in one pass ------------------------------------------------- */

static void embedding_gradients_are_chains_over_rows(void **state) {
    enum { ROWS = 14, WIDTH = 70, VOCAB = 5, POSITIONS = 7 };
    float wte[VOCAB * WIDTH], wpe[POSITIONS * WIDTH], out[ROWS * WIDTH], dout[ROWS * WIDTH];
    float dwte[VOCAB * WIDTH], dwpe[POSITIONS * WIDTH], start[VOCAB * WIDTH];
    uint32_t tokens[ROWS];
    uint64_t seed = 8;
    size_t r, j, t;
    (void)state;
    fill(wte, VOCAB * WIDTH, &seed);
    fill(wpe, POSITIONS * WIDTH, &seed);
    fill(dout, ROWS * WIDTH, &seed);
    fill(start, VOCAB * WIDTH, &seed);
    memcpy(dwte, start, sizeof dwte);
    memset(dwpe, 0, sizeof dwpe);
    for (r = 0; r < ROWS; r++) tokens[r] = (uint32_t)(test_random(&seed) % VOCAB);
    use_threads(2);
    nc_hlx_embedding(out, tokens, wte, wpe, ROWS, POSITIONS, WIDTH);
    nc_hlx_embedding_backward(dwte, dwpe, dout, tokens, ROWS, POSITIONS, WIDTH);
    for (r = 0; r < ROWS; r++)
        for (j = 0; j < WIDTH; j++)
            assert_true(out[r * WIDTH + j] ==
                        wte[tokens[r] * WIDTH + j] + wpe[r % POSITIONS * WIDTH + j]);
    for (t = 0; t < VOCAB; t++)
        for (j = 0; j < WIDTH; j++) {
            float sum = start[t * WIDTH + j];
            for (r = 0; r < ROWS; r++)
                if (tokens[r] == t) sum = sum + dout[r * WIDTH + j];
            assert_true(sum == dwte[t * WIDTH + j]);
        }
    for (t = 0; t < POSITIONS; t++)
        for (j = 0; j < WIDTH; j++)
            assert_true(dwpe[t * WIDTH + j] ==
                        0.0f + dout[t * WIDTH + j] + dout[(t + POSITIONS) * WIDTH + j]);
}

/* Philox4x32-10 written again from the paper, to check the counters that dropout documents. */
static uint32_t philox_word(uint64_t seed, uint64_t counter, uint64_t stream, unsigned word) {
    uint32_t c[4] = {(uint32_t)counter, (uint32_t)(counter >> 32), (uint32_t)stream,
                     (uint32_t)(stream >> 32)};
    uint32_t k[2] = {(uint32_t)seed, (uint32_t)(seed >> 32)};
    int i;
    for (i = 0; i < 10; i++) {
        uint64_t a = UINT64_C(0xD2511F53) * c[0], b = UINT64_C(0xCD9E8D57) * c[2];
        uint32_t next[4] = {(uint32_t)(b >> 32) ^ c[1] ^ k[0], (uint32_t)b,
                            (uint32_t)(a >> 32) ^ c[3] ^ k[1], (uint32_t)a};
        memcpy(c, next, sizeof c);
        k[0] += 0x9E3779B9u;
        k[1] += 0xBB67AE85u;
    }
    return c[word];
}

static void dropout_follows_its_counters(void **state) {
    enum { N = 9001 };
    static float x[N], y[N], parts[N];
    const uint64_t seed = UINT64_C(0x123456789ABCDEF), stream = UINT64_C(0xFFFFFFFF00000003);
    const uint64_t first = (UINT64_C(1) << 34) - 4001; /* counters cross 2^32 */
    uint64_t random = 9;
    size_t i, kept = 0, drawn = 0, cut;
    int level;
    (void)state;
    fill(x, N, &random);
    for (level = 0; level <= 2; level++) {
        if (nc_hlx_set_simd(level) != NC_OK) continue;
        use_threads(level + 1);
        nc_hlx_dropout(y, x, N, first, 0.3f, seed, stream);
        for (i = 0; i < N; i++) {
            uint64_t e = first + i;
            int keep = philox_word(seed, e / 4, stream, (unsigned)(e % 4)) >=
                       (uint32_t)((double)0.3f * 4294967296.0);
            kept += (size_t)keep, drawn++;
            assert_true(y[i] == (keep ? x[i] * (1.0f / (1.0f - 0.3f)) : 0.0f));
        }
        for (i = 0; i < N; i += cut) {
            cut = 1 + test_random(&random) % 97;
            if (cut > N - i) cut = N - i;
            nc_hlx_dropout(parts + i, x + i, cut, first + i, 0.3f, seed, stream);
        }
        assert_memory_equal(parts, y, sizeof y);
    }
    nc_hlx_set_simd(-1);
    assert_true(fabs((double)kept / (double)drawn - 0.7) < 0.015); /* three deviations */
    nc_hlx_dropout(y, x, N, 0, 0.0f, 1, 1);
    assert_memory_equal(y, x, sizeof y);
}

/* Rounding to bfloat16 against float64 arithmetic: the neighbours of every kind of value. */
static void bfloat16_rounds_to_nearest_even(void **state) {
    enum { N = 1 << 16 };
    static float x[N], y[N], back[N];
    static uint16_t packed[N];
    uint64_t seed = 12;
    size_t i;
    int level;
    (void)state;
    for (i = 0; i < N; i++) {
        uint32_t bits = (uint32_t)test_random(&seed);
        if (i % 4 == 0) bits = (bits & 0xFFFF0000u) | 0x8000u;                    /* ties */
        if (i % 4 == 1) bits = (bits & 0x807FFFFFu) | (i % 8 ? 0x7F000000u : 0u); /* ends */
        if (i % 64 == 2) bits = 0x7F800001u; /* a NaN whose high half is infinity's */
        memcpy(&x[i], &bits, 4);
    }
    for (level = 0; level <= 2; level++) {
        if (nc_hlx_set_simd(level) != NC_OK) continue;
        memcpy(y, x, sizeof y);
        nc_hlx_bf16_round(y, N);
        nc_hlx_bf16_pack(packed, x, N);
        for (i = 0; i < N; i++) {
            uint32_t in, out, down, up;
            memcpy(&in, &x[i], 4);
            memcpy(&out, &y[i], 4);
            assert_int_equal(out & 0xFFFF, 0);
            assert_int_equal(out >> 16, packed[i]);
            if (x[i] != x[i]) {
                assert_true(y[i] != y[i]);
                continue;
            }
            down = in & 0xFFFF0000u;
            up = down + 0x10000u; /* away from zero */
            if (in - down != 0x8000u)
                assert_int_equal(out, in - down < 0x8000u ? down : up);
            else
                assert_int_equal(out, down >> 16 & 1 ? up : down);
        }
        nc_hlx_bf16_unpack(back, packed, N);
        assert_memory_equal(back, y, sizeof y);
    }
    nc_hlx_set_simd(-1);
}

/* Why the variance takes two passes. */
static void one_pass_variance_cancels_and_two_passes_do_not(void **state) {
    enum { WIDTH = 256 };
    float x[WIDTH], gamma[WIDTH], beta[WIDTH] = {0}, one[WIDTH], two[WIDTH], mean, rstd;
    double m = 0, v = 0, worst_one = 0, worst_two = 0;
    uint64_t seed = 10;
    int i;
    (void)state;
    for (i = 0; i < WIDTH; i++) {
        x[i] = 1000.0f + random_float(&seed, 1.0f);
        gamma[i] = 1.0f;
        m += (double)x[i] / WIDTH;
    }
    for (i = 0; i < WIDTH; i++) v += pow((double)x[i] - m, 2) / WIDTH;
    nc_hlx_layernorm(two, &mean, &rstd, x, gamma, beta, 1, WIDTH);
    nc_hlx_layernorm_one_pass(one, &mean, &rstd, x, gamma, beta, 1, WIDTH);
    for (i = 0; i < WIDTH; i++) {
        double expected = ((double)x[i] - m) / sqrt(v + 1e-5);
        worst_two = fmax(worst_two, fabs((double)two[i] - expected));
        worst_one = fmax(worst_one, fabs((double)one[i] - expected));
    }
    printf("values 1000 +- 1: worst error %.1e in two passes, %.1e in one\n", worst_two, worst_one);
    assert_true(worst_two < 1e-3);
    assert_true(worst_one > 20 * worst_two);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(linear_gelu_layernorm_and_softmax_agree_with_pytorch),
        cmocka_unit_test(cross_entropy_and_adamw_agree_with_pytorch),
        cmocka_unit_test(both_attentions_agree_with_pytorch),
        cmocka_unit_test(the_whole_model_agrees_with_pytorch),
        cmocka_unit_test(linear_is_gemm_then_its_epilogue_at_every_level),
        cmocka_unit_test(attention_gradients_agree_with_finite_differences),
        cmocka_unit_test(flash_attention_has_the_documented_bits_at_every_level),
        cmocka_unit_test(attention_is_its_definition_at_every_level),
        cmocka_unit_test(attention_refuses_bad_arguments),
        cmocka_unit_test(embedding_gradients_are_chains_over_rows),
        cmocka_unit_test(dropout_follows_its_counters),
        cmocka_unit_test(bfloat16_rounds_to_nearest_even),
        cmocka_unit_test(one_pass_variance_cancels_and_two_passes_do_not),
    };
    return cmocka_run_group_tests_name("hlx kernels", tests, NULL, NULL);
}
