/* What bench/mca.py runs: one small piece of work at one level, between two marks that it finds in
   the trace. mca list prints the rows, mca ROW LEVEL does one of them.

   To add a row: a function that does the work (and prepares it on its first call) and a line in
   `rows`, with how many units of what it does. Ten to a hundred thousand instructions are enough. */
#define _POSIX_C_SOURCE 200112L
#define NC_IMPLEMENTATION
#include "../nc_axx.h"
#include "../nc_fp4.h"
#include "../nc_goldilocks.h"
#include "../nc_hlx.h"
#include <stdio.h>
#include <stdlib.h>

#if defined(__GNUC__)
__attribute__((noinline))
#endif
void nc_mca_mark(int end);
static volatile int marks;
void nc_mca_mark(int end) { marks += end; }

enum { N = 512, FLOATS = 4096 };

static float x[FLOATS], y[FLOATS], z[FLOATS], w[FLOATS];
static uint8_t codes[FLOATS], scales[FLOATS];
static volatile nc_gl sink;

/* -- goldilocks ------------------------------------------------------------------ */

static nc_gl a[N], b[N], c[N];
static void gl_mul(void) { (void)nc_gl_vec_mul(c, a, b, N); }
static void gl_add(void) { (void)nc_gl_vec_add(c, a, b, N); }
static void gl_dot(void) { sink = nc_gl_vec_dot(a, b, N); }
static void gl_batch_inv(void) { (void)nc_gl_batch_inv(c, a, 256, b, NULL); }
static void gl_matmul(void) { (void)nc_gl_matmul(c, a, b, 16, 16, 16); }
static void gl_fixed(void) {
    static nc_fixed left[1024], right[1024], product[1024];
    int i;
    for (i = 0; !left[0] && i < 1024; i++) {
        left[i] = nc_gl_from_i64((int64_t)(i * 7919 % 100003) - 50000);
        right[i] = nc_gl_from_i64((int64_t)(i * 104729 % 100003) - 50000);
    }
    (void)nc_fixed_matmul(product, left, right, 32, 32, 32);
}
static void gl_ntt(void) {
    static nc_gl_ntt *plan;
    if (!plan && nc_gl_ntt_create(&plan, 9, NULL) != NC_OK) exit(1);
    nc_gl_ntt_forward(plan, c);
}
static void gl_poseidon2_8(void) { (void)nc_gl_poseidon2_permute_many(a, 8, 32); }
static void gl_poseidon2_12(void) { (void)nc_gl_poseidon2_permute_many(a, 12, 32); }
static void gl_poseidon2_16(void) { (void)nc_gl_poseidon2_permute_many(a, 16, 32); }
static void gl_tip5(void) { nc_gl_tip5_permute_many(a, 16); }

/* -- fp4 ------------------------------------------------------------------------- */

enum { ROWS = 16, COLUMNS = 256 };
static void fp4_quantize(nc_fp4_format f) {
    float tensor;
    (void)nc_fp4_quantize(f, x, FLOATS, codes, scales, &tensor);
}
static void fp4_dequantize(nc_fp4_format f) {
    if (!codes[1]) fp4_quantize(f);
    (void)nc_fp4_dequantize(f, codes, scales, 1.0f, FLOATS, y);
}
static void q_e2m1(void) { fp4_quantize(NC_FP4_E2M1); }
static void q_mxfp4(void) { fp4_quantize(NC_FP4_MXFP4); }
static void q_nvfp4(void) { fp4_quantize(NC_FP4_NVFP4); }
static void q_nf4(void) { fp4_quantize(NC_FP4_NF4); }
static void d_e2m1(void) { fp4_dequantize(NC_FP4_E2M1); }
static void d_mxfp4(void) { fp4_dequantize(NC_FP4_MXFP4); }
static void d_nvfp4(void) { fp4_dequantize(NC_FP4_NVFP4); }
static void d_nf4(void) { fp4_dequantize(NC_FP4_NF4); }

static void fp4_product(nc_fp4_format f, int bytes, int interleaved) {
    static nc_fp4_tensor tensor;
    if (!tensor.codes) {
        if (nc_fp4_tensor_create(&tensor, f, NULL, x, ROWS, COLUMNS) != NC_OK ||
            (interleaved && nc_fp4_tensor_interleave(&tensor) != NC_OK))
            exit(1);
    }
    if (bytes)
        (void)nc_fp4_matvec_i8(&tensor, (const int8_t *)codes, 0.01f, y);
    else
        (void)nc_fp4_matvec(&tensor, w, y);
}
static void p_mxfp4(void) { fp4_product(NC_FP4_MXFP4, 0, 0); }
static void p_nvfp4(void) { fp4_product(NC_FP4_NVFP4, 0, 0); }
static void p_nf4(void) { fp4_product(NC_FP4_NF4, 0, 0); }
static void p_mxfp4_i8(void) { fp4_product(NC_FP4_MXFP4, 1, 0); }
static void p_nvfp4_i8(void) { fp4_product(NC_FP4_NVFP4, 1, 0); }
static void p_mxfp4_tiles(void) { fp4_product(NC_FP4_MXFP4, 1, 1); }
static void p_nvfp4_tiles(void) { fp4_product(NC_FP4_NVFP4, 1, 1); }
enum { WORDS = 32 }; /* what the vectors take at a time: fewer run portably */
static void fp4_adder(void) {
    static uint64_t memory[98 * WORDS];
    static nc_fp4_network *adder;
    nc_fp4_circuit *circuit;
    if (!adder && (nc_fp4_make(&circuit, NC_FP4_ADDER, 32, 0, NULL) != NC_OK ||
                   nc_fp4_compile(circuit, &adder) != NC_OK))
        exit(1);
    (void)nc_fp4_eval_sliced(adder, memory, memory + 65 * WORDS, WORDS);
}

/* -- axx ------------------------------------------------------------------------- */

enum { M = 16, K = 64 };
static void axx(const char *name) {
    static nc_axx_mult mult;
    static nc_axx_engine *engine;
    static int32_t sums[M * M];
    static void *work;
    static size_t bytes;
    if (!engine) {
        if (nc_axx_make(&mult, name, NULL) != NC_OK ||
            nc_axx_engine_create(&engine, &mult) != NC_OK)
            exit(1);
        bytes = nc_axx_gemm_work_bytes(engine, M, M, K);
        work = malloc(bytes);
    }
    (void)nc_axx_gemm(engine, codes, codes + M * K, sums, M, M, K, work, bytes);
}
static void axx_exact(void) { axx("exact"); }
static void axx_drum(void) { axx("drum:4"); }
static void axx_truncated(void) { axx("truncated:5"); }
static void axx_mitchell(void) { axx("mitchell"); }

/* -- hlx ------------------------------------------------------------------------- */

static void hlx_gemm(void) {
    static void *work;
    if (!work) work = malloc(nc_hlx_gemm_work_bytes());
    (void)nc_hlx_gemm(0, 0, 32, 32, 64, x, 64, w, 32, y, 32, 0, work, nc_hlx_gemm_work_bytes());
}
static void hlx_gelu(void) { nc_hlx_gelu(y, x, 1024); }
static void hlx_gelu_back(void) { nc_hlx_gelu_backward(y, z, x, 1024); }
static void hlx_softmax(void) { nc_hlx_softmax(z, 16, 64, 0); }
static void hlx_layernorm(void) { nc_hlx_layernorm(y, z, z + 64, x, w, w, 16, 64); }
static void hlx_adamw(void) {
    static nc_hlx_adamw adamw;
    nc_hlx_adamw_update(x, y, z, w, 1024, &adamw, 1, 1.0f);
}

/* -- rows ------------------------------------------------------------------------ */

typedef struct row {
    const char *name, *unit;
    double units;
    void (*run)(void);
} row;
static const row rows[] = {
    {"gl add", "element", N, gl_add},
    {"gl mul", "element", N, gl_mul},
    {"gl dot", "MAC", N, gl_dot},
    {"gl batch inverse", "element", 256, gl_batch_inv},
    {"gl field matmul 16^3", "MAC", 4096, gl_matmul},
    {"gl fixed-point matmul 32^3", "MAC", 32768, gl_fixed},
    {"gl NTT 2^9", "butterfly", 256 * 9, gl_ntt},
    {"gl Poseidon2 width 8, many", "permutation", 32, gl_poseidon2_8},
    {"gl Poseidon2 width 12, many", "permutation", 32, gl_poseidon2_12},
    {"gl Poseidon2 width 16, many", "permutation", 32, gl_poseidon2_16},
    {"gl Tip5, many", "permutation", 16, gl_tip5},
    {"fp4 quantize E2M1", "float", FLOATS, q_e2m1},
    {"fp4 quantize MXFP4", "float", FLOATS, q_mxfp4},
    {"fp4 quantize NVFP4", "float", FLOATS, q_nvfp4},
    {"fp4 quantize NF4", "float", FLOATS, q_nf4},
    {"fp4 dequantize E2M1", "float", FLOATS, d_e2m1},
    {"fp4 dequantize MXFP4", "float", FLOATS, d_mxfp4},
    {"fp4 dequantize NVFP4", "float", FLOATS, d_nvfp4},
    {"fp4 dequantize NF4", "float", FLOATS, d_nf4},
    {"fp4 MXFP4 x float32", "weight", ROWS *COLUMNS, p_mxfp4},
    {"fp4 NVFP4 x float32", "weight", ROWS *COLUMNS, p_nvfp4},
    {"fp4 NF4 x float32", "weight", ROWS *COLUMNS, p_nf4},
    {"fp4 MXFP4 x int8", "weight", ROWS *COLUMNS, p_mxfp4_i8},
    {"fp4 NVFP4 x int8", "weight", ROWS *COLUMNS, p_nvfp4_i8},
    {"fp4 MXFP4 x int8, interleaved", "weight", ROWS *COLUMNS, p_mxfp4_tiles},
    {"fp4 NVFP4 x int8, interleaved", "weight", ROWS *COLUMNS, p_nvfp4_tiles},
    {"fp4 32-bit adder, bit-sliced", "sum", WORDS * 64, fp4_adder},
    {"axx exact bytes 16x16x64", "MAC", M *M *K, axx_exact},
    {"axx drum_4 16x16x64", "MAC", M *M *K, axx_drum},
    {"axx truncated_5 16x16x64", "MAC", M *M *K, axx_truncated},
    {"axx mitchell 16x16x64", "MAC", M *M *K, axx_mitchell},
    {"hlx gemm 32x32x64", "MAC", 32 * 32 * 64, hlx_gemm},
    {"hlx gelu", "element", 1024, hlx_gelu},
    {"hlx gelu backward", "element", 1024, hlx_gelu_back},
    {"hlx softmax", "element", 1024, hlx_softmax},
    {"hlx layernorm", "element", 1024, hlx_layernorm},
    {"hlx adamw", "element", 1024, hlx_adamw},
};
enum { ROW_COUNT = sizeof rows / sizeof *rows };

int main(int argc, char **argv) {
    int i, level;
    if (argc == 2 && !strcmp(argv[1], "list")) {
        for (i = 0; i < ROW_COUNT; i++)
            printf("%s\t%s\t%g\n", rows[i].name, rows[i].unit, rows[i].units);
        return 0;
    }
    if (argc != 3) return fprintf(stderr, "usage: mca list | mca ROW LEVEL\n"), 1;
    level = atoi(argv[2]);
    if (level > nc__cpu_level()) return 2;
    if (nc_gl_set_simd(level) != NC_OK) (void)nc_gl_set_simd(-1); /* a header may end at NEON */
    if (nc_hlx_set_simd(level) != NC_OK) (void)nc_hlx_set_simd(-1);
    (void)nc_fp4_set_simd(level);
    (void)nc_axx_set_simd(level);
    for (i = 0; i < N; i++) {
        a[i] = nc_gl_from_u64((uint64_t)(i + 1) * 0x9E3779B97F4A7C15u);
        b[i] = nc_gl_from_u64((uint64_t)(i + 7) * 0xC2B2AE3D27D4EB4Fu);
        c[i] = a[i];
    }
    for (i = 0; i < FLOATS; i++) {
        x[i] = (float)((i * 7919) % 2001 - 1000) / 300.0f;
        w[i] = (float)(i % 17) / 17.0f;
        z[i] = (float)(i % 13) / 13.0f;
    }
    for (i = 0; i < FLOATS; i++) codes[i] = (uint8_t)(i * 7919 >> 3);
    for (i = 0; i < ROW_COUNT; i++)
        if (!strcmp(rows[i].name, argv[1])) {
            rows[i].run(); /* prepares, warms up */
            nc_mca_mark(0);
            rows[i].run();
            nc_mca_mark(1);
            return 0;
        }
    return 3;
}
