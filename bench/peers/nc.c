/* Our side of bench/peers: the libraries as one shared object with a few functions that Python can
   call without knowing their structs. */
#define _POSIX_C_SOURCE 200112L
#define NC_IMPLEMENTATION
#define NC_AXX_VIT
#include "../../nc_axx.h"
#include "../../nc_fp4.h"
#include "../../nc_goldilocks.h"
#include "../../nc_hlx.h"
#include <stdlib.h>
#include <time.h>
#ifdef _OPENMP
#include <omp.h>
#endif

/* The level of all of them and the threads; nonzero when this machine lacks the level. */
int peer_level(int level, int threads) {
#ifdef _OPENMP
    omp_set_num_threads(threads);
#else
    (void)threads;
#endif
    if (nc_gl_set_simd(level == 2 ? -1 : level) != NC_OK || nc_hlx_set_simd(level) != NC_OK)
        return 1;
    return nc_fp4_set_simd(level) != level || nc_axx_set_simd(level) != level;
}

/* -- 4-bit weights ------------------------------------------------------------------ */

nc_fp4_tensor *peer_fp4(int format, const float *weights, uint32_t rows, uint32_t columns,
                        int interleaved) {
    nc_fp4_tensor *tensor = calloc(1, sizeof *tensor);
    if (!tensor) return NULL;
    if (nc_fp4_tensor_create(tensor, (nc_fp4_format)format, NULL, weights, rows, columns) ==
            NC_OK &&
        (!interleaved || nc_fp4_tensor_interleave(tensor) == NC_OK))
        return tensor;
    nc_fp4_tensor_free(tensor);
    free(tensor);
    return NULL;
}

void peer_fp4_free(nc_fp4_tensor *tensor) {
    if (tensor) nc_fp4_tensor_free(tensor);
    free(tensor);
}

int peer_fp4_product(const nc_fp4_tensor *tensor, const float *x, float *y) {
    return nc_fp4_matvec(tensor, x, y) != NC_OK;
}

/* Float activations to int8 with one scale for all, then the integer product. */
int peer_fp4_product_i8(const nc_fp4_tensor *tensor, const float *x, float *y) {
    static int8_t bytes[1 << 16];
    float most = 0, scale, inverse;
    uint32_t i;
    if (tensor->columns > sizeof bytes) return 1;
    for (i = 0; i < tensor->columns; i++) {
        float a = x[i] < 0 ? -x[i] : x[i];
        most = a > most ? a : most;
    }
    scale = most / 127.0f;
    inverse = most > 0 ? 127.0f / most : 0.0f;
    for (i = 0; i < tensor->columns; i++) {
        float v = x[i] * inverse;
        bytes[i] = (int8_t)(v < 0 ? v - 0.5f : v + 0.5f);
    }
    return nc_fp4_matvec_i8(tensor, bytes, scale, y) != NC_OK;
}

int peer_fp4_quantize(int format, const float *x, size_t n, uint8_t *codes, uint8_t *scales) {
    float tensor_scale;
    return nc_fp4_quantize((nc_fp4_format)format, x, n, codes, scales, &tensor_scale) != NC_OK;
}

int peer_fp4_dequantize(int format, const uint8_t *codes, const uint8_t *scales, size_t n,
                        float *x) {
    return nc_fp4_dequantize((nc_fp4_format)format, codes, scales, 1.0f, n, x) != NC_OK;
}

/* -- products of bytes -------------------------------------------------------------- */

/* sums = x w^T by a multiplier's table; x is m x k, w is n x k. The engine is made once a name. */
int peer_axx(const char *name, const void *x, const void *w, int32_t *sums, size_t m, size_t n,
             size_t k) {
    static char made[64];
    static nc_axx_engine *engine;
    static void *work;
    static size_t work_bytes;
    if (strcmp(made, name) || nc_axx_gemm_work_bytes(engine, m, n, k) > work_bytes) {
        nc_axx_mult *mult = malloc(sizeof *mult);
        nc_axx_engine_destroy(engine);
        free(work);
        engine = NULL, work = NULL, made[0] = 0;
        if (!mult || nc_axx_make(mult, name, NULL) != NC_OK ||
            nc_axx_engine_create(&engine, mult) != NC_OK) {
            free(mult);
            return 1;
        }
        free(mult);
        work_bytes = nc_axx_gemm_work_bytes(engine, m, n, k);
        work = malloc(work_bytes);
        if (!work) return 1;
        strncpy(made, name, sizeof made - 1);
    }
    return nc_axx_gemm(engine, x, w, sums, m, n, k, work, work_bytes) != NC_OK;
}

/* The products of a multiplier, of a and b at (a + 128) * 256 + b + 128. */
int peer_axx_table(const char *name, int32_t *table) {
    nc_axx_mult *mult = malloc(sizeof *mult);
    int failed = !mult || nc_axx_make(mult, name, NULL) != NC_OK;
    if (!failed) memcpy(table, mult->table, sizeof mult->table);
    free(mult);
    return failed;
}

/* -- a convolution, padded by half of its kernel --------------------------------------- */

static nc_axx_graph *conv;

/* Make it: channels x side x side to `out` channels, so many images at most. */
int peer_axx_conv(uint32_t channels, uint32_t side, uint32_t out, uint32_t kernel, uint32_t stride,
                  uint32_t groups, uint32_t images, const float *weights) {
    nc_axx_tensor w;
    nc_axx_node n;
    int i;
    nc_axx_graph_destroy(conv);
    conv = NULL;
    memset(&n, 0, sizeof n);
    n.kind = NC_AXX_NODE_INPUT;
    n.rank = 3;
    n.shape[0] = channels;
    n.shape[1] = n.shape[2] = side;
    if (nc_axx_graph_create(&conv) != NC_OK || nc_axx_graph_add(conv, &n, NULL, NULL) != NC_OK)
        return 1;
    memset(&n, 0, sizeof n);
    n.kind = NC_AXX_NODE_CONV2D;
    n.out = out;
    n.groups = groups;
    n.no_bias = 1;
    for (i = 0; i < 4; i++) {
        n.kernel[i % 2] = kernel;
        n.stride[i % 2] = stride;
        n.padding[i] = kernel / 2;
    }
    if (nc_axx_graph_add(conv, &n, NULL, NULL) != NC_OK ||
        nc_axx_graph_finish(conv, images, 1, NULL) != NC_OK ||
        nc_axx_graph_tensor(conv, 0, &w) != NC_OK)
        return 1;
    memcpy(w.values, weights, w.count * sizeof *weights);
    return 0;
}

int peer_axx_conv_forward(const float *x, size_t images, float *y) {
    return nc_axx_graph_forward(conv, x, images, y) != NC_OK;
}

/* From the last forward pass; dw too. */
int peer_axx_conv_backward(const float *dy, float *dx, float *dw) {
    nc_axx_tensor w;
    if (nc_axx_graph_backward(conv, dy, dx) != NC_OK || nc_axx_graph_tensor(conv, 0, &w) != NC_OK)
        return 1;
    memcpy(dw, w.gradients, w.count * sizeof *dw);
    return 0;
}

/* -- training ----------------------------------------------------------------------- */

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Seconds of each of `steps` training steps of a preset on `text`, after one that is not counted. */
int peer_train(const char *preset, const char *text, size_t bytes, int steps, double *seconds) {
    nc_hlx_config config;
    nc_hlx_model *model = NULL;
    nc_hlx_loader loader;
    nc_hlx_stats stats;
    int i, failed = nc_hlx_preset(preset, &config) != NC_OK ||
                    nc_hlx_create(&model, &config, NULL) != NC_OK;
    if (!failed) {
        nc_hlx_init_weights(model, 1);
        failed = nc_hlx_loader_init(&loader, text, bytes, config.max_seq_len, 1) != NC_OK;
    }
    for (i = -1; i < steps && !failed; i++) {
        double start = now();
        failed = nc_hlx_train_step(model, &loader, NULL, &stats) != NC_OK;
        if (i >= 0) seconds[i] = now() - start;
    }
    nc_hlx_destroy(model);
    return failed;
}
