// nc_hlx_flash_attention_backward in two launches, y the head of all windows: with keys 0 a block
// owns a tile of 32 queries, leaves dot(dO, O) of each in off_delta and forms dQ over ascending keys;
// then with keys 1 it owns a tile of 32 keys and forms dK and dV over ascending queries. Threads own
// a key for P and dS, and columns for the results. Twin of shaders/flash_attention_backward.comp.
#include "nc_math.cuh"

struct flash_attention_backward_push {
    unsigned seq, causal, heads, head_size, off_qkv, off_out, off_lse;
    float scale;
    unsigned off_dout, off_dqkv, off_delta, keys;
};

// P and dS of queries q0.. and keys k0.., n and keys of them.
static __device__ void flash_tile(const float *x, const flash_attention_backward_push &p,
                                  float (*s)[33], float (*ds)[33], float *delta, unsigned q,
                                  unsigned dout, unsigned rows, unsigned q0, unsigned n,
                                  unsigned k0, unsigned keys) {
    unsigned j = threadIdx.x, d = p.heads * p.head_size, key = q + d + (k0 + j) * 3 * d, i, c;
    __syncthreads();
    if (p.keys != 0 && j < n) delta[j] = x[p.off_delta + rows + q0 + j];
    __syncthreads();
    for (i = 0; i < n; i++) {
        unsigned query = q + (q0 + i) * 3 * d, dy = dout + (q0 + i) * d;
        unsigned visible = p.causal != 0 ? min(keys, q0 + i + 1 - k0) : keys;
        float score = 0.0f, dp = 0.0f;
        if (j < visible)
            for (c = 0; c < p.head_size; c++) {
                score = nc_fma(x[query + c], x[key + c], score);
                dp = nc_fma(x[dy + c], x[key + d + c], dp);
            }
        float e = nc_exp(nc_sub(nc_mul(score, p.scale), x[p.off_lse + rows + q0 + i]));
        float g = nc_mul(nc_mul(e, nc_sub(dp, delta[i])), p.scale);
        s[i][j] = j < visible ? e : 0.0f;
        ds[i][j] = j < visible ? g : 0.0f;
    }
    __syncthreads();
}

extern "C" __global__ void flash_attention_backward(float *x, flash_attention_backward_push p) {
    __shared__ float s[32][33];  // P, [query][key]
    __shared__ float ds[32][33]; // dS
    __shared__ float delta[32];  // dot(dO, O) of the queries
    unsigned j = threadIdx.x, head = blockIdx.y, first = blockIdx.x * 32;
    unsigned window = head / p.heads, h = head % p.heads, count = min(32u, p.seq - first), i, c, k;
    unsigned d = p.heads * p.head_size, rows = head * p.seq;
    unsigned q = p.off_qkv + window * p.seq * 3 * d + h * p.head_size;
    unsigned dq = p.off_dqkv + window * p.seq * 3 * d + h * p.head_size;
    unsigned out = p.off_out + window * p.seq * d + h * p.head_size;
    unsigned dout = p.off_dout + window * p.seq * d + h * p.head_size;
    if (p.keys == 0) {
        if (j < count) {
            float t[32];
            for (k = 0; k < 32; k++) t[k] = 0.0f;
            for (c = 0; c < p.head_size; c++)
                t[c % 32] =
                    nc_fma(x[dout + (first + j) * d + c], x[out + (first + j) * d + c], t[c % 32]);
            for (unsigned width = 16; width > 0; width /= 2)
                for (k = 0; k < width; k++) t[k] = nc_add(t[k], t[k + width]);
            delta[j] = x[p.off_delta + rows + first + j] = t[0];
        }
        unsigned limit = p.causal != 0 ? first + count : p.seq;
        for (unsigned k0 = 0; k0 < limit; k0 += 32) {
            unsigned keys = min(32u, p.seq - k0);
            flash_tile(x, p, s, ds, delta, q, dout, rows, first, count, k0, keys);
            for (c = j; c < p.head_size; c += 32)
                for (i = 0; i < count; i++) {
                    unsigned at = dq + (first + i) * 3 * d + c;
                    float sum = k0 != 0 ? x[at] : 0.0f;
                    for (k = 0; k < keys; k++)
                        sum = nc_fma(ds[i][k], x[q + d + (k0 + k) * 3 * d + c], sum);
                    x[at] = sum;
                }
        }
        return;
    }
    unsigned start = p.causal != 0 ? first : 0;
    for (unsigned q0 = start; q0 < p.seq; q0 += 32) {
        unsigned n = min(32u, p.seq - q0);
        flash_tile(x, p, s, ds, delta, q, dout, rows, q0, n, first, count);
        for (c = j; c < p.head_size; c += 32)
            for (k = 0; k < count; k++) {
                unsigned at = dq + d + (first + k) * 3 * d + c;
                float dk = q0 != start ? x[at] : 0.0f, dv = q0 != start ? x[at + d] : 0.0f;
                for (i = 0; i < n; i++) {
                    dk = nc_fma(ds[i][k], x[q + (q0 + i) * 3 * d + c], dk);
                    dv = nc_fma(s[i][k], x[dout + (q0 + i) * d + c], dv);
                }
                x[at] = dk;
                x[at + d] = dv;
            }
    }
}
