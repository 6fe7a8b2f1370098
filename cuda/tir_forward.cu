// Encoder of nc_tirneural.h: a group of threads computes the latents of one block of code (x) for
// one model (y), a thread a column. Not one text with shaders/tir_forward.comp: what is an operator
// here is there a function of two words, and the divisions are loops.
#define NC_FIELD
#include "nc_kernel.h"

NC_PUSH { uint parameters, embedding; }
NC_P;

namespace tir {
enum { NODES = 32, D = 64, WIDTH = 32, FFN = 128, LAYERS = 2 };
enum { NODE_WORDS = 8 }; // six rows of the embedding, the mask of attended nodes, 1 if it exists
enum { LIMIT = 500 * 65536 };
// where a layer's parameters start: nc_tirneural.h, NC_TIR__L_*
enum { Q = 0, K = D * D, V = 2 * D * D, O = 3 * D * D, UP = 4 * D * D, BIAS = UP + D * FFN };
enum { DOWN = BIAS + FFN, GAMMA = DOWN + FFN * D, BETA = GAMMA + D, LAYER = BETA + D };

static __device__ long long product(int a, int b) { return (long long)a * b; }

// 2^f, 0 <= f < 1 with 64 fractional bits, to 62 of them: nc_fixed__exp2.
static __device__ fe exp2_series(fe f) {
    const fe coefficient[15] = {4611686018427387904u,
                                3196577161300663915u,
                                1107849223398934356u,
                                255967521894832113u,
                                44355791529079737u,
                                6149018367977265u,
                                710362457495793u,
                                70340819226978u,
                                6094567565682u,
                                469381369432u,
                                32535037283u,
                                2050142669u,
                                118420884u,
                                6314085u,
                                312614u};
    fe value = coefficient[14];
    for (int k = 13; k >= 0; k--) value = coefficient[k] + __umul64hi(value, f);
    return value;
}

// e^-x with 46 fractional bits for a raw x >= 0: nc_fixed__exp_negative.
static __device__ fe exp_negative(fe x) {
    if (x >> 22) return 0;
    fe y = ((fe)100 << 56) - x * 1586259972792u; // log2(e), 40 fractional bits
    int exponent = (int)(y >> 56) - 100;
    return u64_shift_round(exp2_series(y << 8), (unsigned)(16 - exponent));
}

// round(2^16 a / b) for a <= b < 2^47, ties up: nc_fixed__quotient.
static __device__ int quotient(fe a, fe b) {
    fe q = (a << 16) / b, r = (a << 16) % b;
    return (int)(r >= b - r ? q + 1 : q);
}

// Row r, column c of x or h: threads that go along rows or columns meet 32 banks.
static __device__ int at(int r, int c) { return r * D + (c ^ r); }

// Row i of h: layer norm of row i of x, over gamma and beta of the layer.
static __device__ void normalise(const int *x, int *h, int i, const int *layer) {
    long long sum = 0, squares = 0;
    const int some = x[at(i, 0)];
#pragma unroll 4
    for (int c = 0; c < D; c++) sum += x[at(i, c)] - some;
    int mean = some + (int)((sum >= 0 ? sum + D / 2 : sum - D / 2) / D);
#pragma unroll 4
    for (int c = 0; c < D; c++) squares += product(x[at(i, c)] - mean, x[at(i, c)] - mean);
    fe variance = (fe)squares / D + 65536, root = 0, left = 0;
    unsigned up = 0;
    for (; variance >> 62 == 0; up++) variance <<= 2;
    for (int k = 0; k < 32; k++) {
        left = left << 2 | variance >> 62;
        variance <<= 2;
        root *= 2;
        if (left > 2 * root) {
            left -= 2 * root + 1;
            root++;
        }
    }
    fe inverse = ((fe)1 << 63) / root;
#pragma unroll 4
    for (int c = 0; c < D; c++) {
        int d = x[at(i, c)] - mean;
        int normal = (int)u64_shift_round((fe)(d < 0 ? -d : d) * inverse, 47 - up);
        long long scaled = i64_rescale(product(d < 0 ? -normal : normal, layer[GAMMA + c]));
        h[at(i, c)] = i64_clamp(scaled + layer[BETA + c], LIMIT);
    }
}

// Sums of eight rows of h, `first` on, with column c of a matrix of `columns` columns.
static __device__ void multiply(const int *h, int first, const int *matrix, int columns, int c,
                                long long sum[8]) {
    for (int r = 0; r < 8; r++) sum[r] = 0;
    for (int k = 0; k < D; k++) {
        int weight = matrix[k * columns + c];
        for (int r = 0; r < 8; r++) sum[r] += product(h[at(first + r, k)], weight);
    }
}

// Attention of node i with query q over the keys and values of the mask, into h from column `head`.
static __device__ void attend(const int *q, const int *key, const int *value, unsigned mask, int *h,
                              int i, int head) {
    long long score[NODES], top = (long long)((fe)1 << 63);
    fe sum = 0;
    int share[NODES];
    for (int j = 0; j < NODES; j++) {
        if (!(mask >> j & 1)) continue;
        long long dot = 0;
        for (int c = 0; c < WIDTH; c++) dot += product(q[c], key[j * D + c]);
        score[j] = i64_rescale(i64_rescale(dot) * 11585); // 1 / sqrt(32)
        if (score[j] > top) top = score[j];
    }
    for (int j = 0; j < NODES; j++) {
        if (!(mask >> j & 1)) continue;
        score[j] = (long long)exp_negative((fe)(top - score[j]));
        sum += (fe)score[j];
    }
    for (int j = 0; j < NODES; j++) share[j] = mask >> j & 1 ? quotient((fe)score[j], sum) : 0;
    for (int c = 0; c < WIDTH; c++) {
        long long mean = 0;
        for (int j = 0; j < NODES; j++)
            if (share[j]) mean += product(share[j], value[j * D + c]);
        h[at(i, head + c)] = (int)i64_rescale(mean);
    }
}
} // namespace tir

NC_KERNEL_4(tir_forward, 64, 1, NC_IN(0, int, w), NC_IN(1, uint, node), NC_IO(2, int, scratch),
            NC_OUT(3, int, latent)) {
    using namespace tir;
    __shared__ int x[NODES * D]; // the residual stream
    __shared__ int h[NODES * D];
    int c = (int)threadIdx.x, n = 0;
    size_t group = (size_t)blockIdx.y * gridDim.x + blockIdx.x;
    const int *model = w + (size_t)blockIdx.y * p.parameters;
    int *work = scratch + group * 3 * NODES * D; // q, k, v; the hidden layer in place of q and k
    long long sum[8];
    node += (size_t)blockIdx.x * NODES * NODE_WORDS;
    latent += group * NODES * D;
    for (int i = 0; i < NODES; i++) {
        const unsigned *from = node + i * NODE_WORDS;
        int value = 0;
        if (from[7]) {
            n = i + 1;
            for (int k = 0; k < 6; k++) value += model[p.embedding + from[k] * D + c];
        }
        x[at(i, c)] = value;
    }
    __syncthreads();
    for (int l = 0; l < LAYERS; l++) {
        const int *layer = model + l * LAYER;
        if (c < NODES) normalise(x, h, c, layer);
        __syncthreads();
        for (int first = 0; first < n; first += 8)
            for (int m = 0; m < 3; m++) { // Q, K and V
                multiply(h, first, layer + m * D * D, D, c, sum);
                for (int r = 0; r < 8; r++)
                    work[(m * NODES + first + r) * D + c] = i64_clamp(i64_rescale(sum[r]), LIMIT);
            }
        __syncthreads();
        int i = c & 31, head = c & 32;
        if (i < n)
            attend(work + i * D + head, work + NODES * D + head, work + 2 * NODES * D + head,
                   node[i * NODE_WORDS + 6], h, i, head);
        __syncthreads();
        for (int first = 0; first < n; first += 8) {
            multiply(h, first, layer + O, D, c, sum);
            for (int r = 0; r < 8; r++) {
                int *to = x + at(first + r, c);
                *to = i64_clamp(*to + i64_clamp(i64_rescale(sum[r]), LIMIT), LIMIT);
            }
        }
        __syncthreads();
#pragma unroll 4
        for (int r = 0; r < NODES; r++) h[at(r, c)] = x[at(r, c)];
        __syncthreads();
        for (int first = 0; first < n; first += 8)
            for (int m = 0; m < FFN; m += D) {
                multiply(h, first, layer + UP, FFN, m + c, sum);
                for (int r = 0; r < 8; r++) {
                    int value = i64_clamp(i64_rescale(sum[r]) + layer[BIAS + m + c], LIMIT);
                    work[(first + r) * FFN + m + c] = value > 0 ? value : 0;
                }
            }
        __syncthreads();
        long long down[NODES];
        for (int r = 0; r < NODES; r++) down[r] = 0;
        for (int m = 0; m < FFN; m += D) { // half of the hidden layer at a time, through h
            for (int r = 0; r < n; r++) h[at(r, c)] = work[r * FFN + m + c];
            __syncthreads();
            for (int first = 0; first < n; first += 8) {
                multiply(h, first, layer + DOWN + m * D, D, c, sum);
                for (int r = 0; r < 8; r++) down[first + r] += sum[r];
            }
            __syncthreads();
        }
        for (int r = 0; r < n; r++) {
            int *to = x + at(r, c);
            *to = i64_clamp(*to + i64_clamp(i64_rescale(down[r]), LIMIT), LIMIT);
        }
        __syncthreads();
    }
    for (int r = 0; r < NODES; r++) latent[r * D + c] = r < n ? x[at(r, c)] : 0;
}
