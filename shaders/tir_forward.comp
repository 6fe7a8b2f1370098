#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require // unrolled, it takes minutes to compile
// Encoder of nc_tirneural.h: a workgroup computes the latents of one block (x) for one model (y),
// a thread a column; the numbers are nc_fixed as signed 32-bit words, sums have 64 bits. Weights
// stay below 8 and activations within 500, so nothing overflows. nc_tir__forward, step by step.
#define NC_FIELD
#include "nc_math.glsl"

const uint NODES = 32, D = 64, WIDTH = 32, FFN = 128, LAYERS = 2;
const uint NODE_WORDS = 8; // six rows of the embedding, the mask of attended nodes, 1 if it exists
const int LIMIT = 500 * 65536;
// where a layer's parameters start: nc_tirneural.h, NC_TIR__L_*
const uint Q = 0, K = D * D, V = 2 * D * D, O = 3 * D * D, UP = 4 * D * D, BIAS = UP + D * FFN;
const uint DOWN = BIAS + FFN, GAMMA = DOWN + FFN * D, BETA = GAMMA + D, LAYER = BETA + D;

layout(local_size_x = 64) in;
layout(std430, set = 0, binding = 0) readonly buffer Weights { int w[]; };
layout(std430, set = 0, binding = 1) readonly buffer Nodes { uint node[]; };
layout(std430, set = 0, binding = 2) coherent buffer Scratch { int scratch[]; };
layout(std430, set = 0, binding = 3) writeonly buffer Latents { int latent[]; };
layout(push_constant) uniform Push { uint parameters, embedding; }
p;

shared int x[NODES * D]; // the residual stream
shared int h[NODES * D];
uint work; // this workgroup's q, k, v in scratch; the hidden layer takes the place of q and k

void synchronise() {
    memoryBarrierBuffer();
    memoryBarrierShared();
    barrier();
}

// 2^f, 0 <= f < 1 with 64 fractional bits, to 62 of them: nc_fixed__exp2.
fe exp2_series(fe f) {
    const uvec2 coefficient[15] =
        uvec2[15](uvec2(0x00000000u, 0x40000000u), uvec2(0xF473DE6Bu, 0x2C5C85FDu),
                  uvec2(0xC162C754u, 0x0F5FDEFFu), uvec2(0xE09417F1u, 0x038D611Au),
                  uvec2(0x7DD273B9u, 0x009D955Bu), uvec2(0xE78A6731u, 0x0015D87Fu),
                  uvec2(0x25F0D8F1u, 0x00028612u), uvec2(0x7F8B1162u, 0x00003FF9u),
                  uvec2(0x0088E972u, 0x0000058Bu), uvec2(0x494F4E58u, 0x0000006Du),
                  uvec2(0x933D4563u, 0x00000007u), uvec2(0x7A32B1CDu, 0x00000000u),
                  uvec2(0x070EF594u, 0x00000000u), uvec2(0x00605865u, 0x00000000u),
                  uvec2(0x0004C526u, 0x00000000u));
    fe value = fe_make(coefficient[14].x, coefficient[14].y);
    for (int k = 13; k >= 0; k--)
        value = i64_add(fe_make(coefficient[k].x, coefficient[k].y), u64_mul_high(value, f));
    return value;
}

// e^-x with 46 fractional bits for a raw x >= 0: nc_fixed__exp_negative.
fe exp_negative(fe x) {
    if (fe_high(x) != 0u || fe_low(x) >> 22 != 0u) return fe_make(0u, 0u);
    fe steps = i64_mul(x, fe_make(0x547652B8u, 0x00000171u)); // log2(e), 40 fractional bits
    fe y = i64_sub(fe_make(0u, 100u << 24), steps);
    int exponent = int(fe_high(y) >> 24) - 100;
    return u64_shift_round(exp2_series(u64_left(y, 8u)), uint(16 - exponent));
}

// round(2^16 a / b) for a <= b < 2^62, ties up: nc_fixed__quotient.
int quotient(fe a, fe b) {
    fe r = a;
    int q = 0;
    for (int i = 0; i <= 16; i++) {
        q *= 2;
        if (!i64_less(r, b)) {
            r = i64_sub(r, b);
            q++;
        }
        if (i < 16) r = i64_add(r, r);
    }
    return i64_less(r, i64_sub(b, r)) ? q : q + 1;
}

// Row r, column c of x or h: threads that go along rows or columns meet 32 banks.
uint at(uint r, uint c) { return r * D + (c ^ r); }

// Row i of h: layer norm of row i of x, over gamma and beta from `layer` on.
void normalise(uint i, uint layer) {
    const int some = x[at(i, 0)];
    fe sum = fe_make(0u, 0u), squares = sum;
    for (uint c = 0; c < D; c++) sum = i64_add(sum, i64_from(x[at(i, c)] - some));
    bool negative = i64_negative(sum);
    if (negative) sum = i64_neg(sum);
    int mean = int(fe_low(u64_right(i64_add(sum, fe_make(D / 2, 0u)), 6)));
    mean = some + (negative ? -mean : mean);
    for (uint c = 0; c < D; c++)
        squares = i64_add(squares, i64_mul32(x[at(i, c)] - mean, x[at(i, c)] - mean));
    fe variance = i64_add(u64_right(squares, 6), fe_make(65536u, 0u));
    uint up = 0;
    while (fe_high(variance) >> 30 == 0u) {
        variance = u64_left(variance, 2);
        up++;
    }
    fe root = fe_make(0u, 0u), left = root, one = fe_make(1u, 0u);
    for (int k = 0; k < 32; k++) {
        left = i64_add(u64_left(left, 2), u64_right(variance, 62));
        variance = u64_left(variance, 2);
        root = i64_add(root, root);
        fe twice = i64_add(root, root);
        if (i64_less(twice, left)) {
            left = i64_sub(left, i64_add(twice, one));
            root = i64_add(root, one);
        }
    }
    fe inverse = fe_make(0u, 0u), rest = one; // 2^63 / root, bit by bit
    for (int k = 0; k < 63; k++) {
        rest = i64_add(rest, rest);
        inverse = i64_add(inverse, inverse);
        if (!i64_less(rest, root)) {
            rest = i64_sub(rest, root);
            inverse = i64_add(inverse, one);
        }
    }
    for (uint c = 0; c < D; c++) {
        int d = x[at(i, c)] - mean;
        fe product = i64_mul(fe_make(uint(abs(d)), 0u), inverse);
        int normal = int(fe_low(u64_shift_round(product, 47u - up)));
        fe scaled = i64_rescale(i64_mul32(d < 0 ? -normal : normal, w[layer + GAMMA + c]));
        h[at(i, c)] = i64_clamp(i64_add(scaled, i64_from(w[layer + BETA + c])), LIMIT);
    }
}

// Sums of eight rows of h, `first` on, with column c of a matrix of `columns` columns at `from`.
void multiply(uint first, uint from, uint columns, uint c, out fe sum[8]) {
    for (uint r = 0; r < 8; r++) sum[r] = fe_make(0u, 0u);
    [[dont_unroll]] for (uint k = 0; k < D; k++) {
        int weight = w[from + k * columns + c];
        for (uint r = 0; r < 8; r++)
            sum[r] = i64_add(sum[r], i64_mul32(h[at(first + r, k)], weight));
    }
}

// Attention of node i in one head (from column `head` on), into h.
void attend(uint i, uint head, uint mask) {
    fe score[NODES], top = fe_make(0u, 0x80000000u), sum = fe_make(0u, 0u);
    int share[NODES];
    uint q = work + i * D + head;
    [[dont_unroll]] for (uint j = 0; j < NODES; j++) {
        if ((mask >> j & 1u) == 0u) continue;
        uint k = work + (NODES + j) * D + head;
        fe dot = fe_make(0u, 0u);
        [[dont_unroll]] for (uint c = 0; c < WIDTH; c++) dot =
            i64_add(dot, i64_mul32(scratch[q + c], scratch[k + c]));
        score[j] = i64_rescale(i64_mul(i64_rescale(dot), fe_make(11585u, 0u))); // 1 / sqrt(32)
        if (i64_less(top, score[j])) top = score[j];
    }
    [[dont_unroll]] for (uint j = 0; j < NODES; j++) {
        if ((mask >> j & 1u) == 0u) continue;
        score[j] = exp_negative(i64_sub(top, score[j]));
        sum = i64_add(sum, score[j]);
    }
    [[dont_unroll]] for (uint j = 0; j < NODES; j++) share[j] =
        (mask >> j & 1u) == 0u ? 0 : quotient(score[j], sum);
    [[dont_unroll]] for (uint c = 0; c < WIDTH; c++) {
        fe value = fe_make(0u, 0u);
        [[dont_unroll]] for (uint j = 0; j < NODES; j++) if (share[j] != 0) value =
            i64_add(value, i64_mul32(share[j], scratch[work + (2 * NODES + j) * D + head + c]));
        h[at(i, head + c)] = int(fe_low(i64_rescale(value)));
    }
}

void main() {
    uint c = gl_LocalInvocationID.x, block = gl_WorkGroupID.x;
    uint group = gl_WorkGroupID.y * gl_NumWorkGroups.x + block;
    uint model = gl_WorkGroupID.y * p.parameters, nodes = block * NODES * NODE_WORDS, n = 0;
    fe sum[8];
    work = group * 3 * NODES * D;
    for (uint i = 0; i < NODES; i++) {
        int value = 0;
        uint from = nodes + i * NODE_WORDS;
        if (node[from + 7] != 0u) {
            n = i + 1;
            for (uint k = 0; k < 6; k++) value += w[model + p.embedding + node[from + k] * D + c];
        }
        x[at(i, c)] = value;
    }
    synchronise();
    [[dont_unroll]] for (uint l = 0; l < LAYERS; l++) {
        uint layer = model + l * LAYER;
        if (c < NODES) normalise(c, layer);
        synchronise();
        [[dont_unroll]] for (uint first = 0; first < n; first += 8)
            [[dont_unroll]] for (uint m = 0; m < 3; m++) { // Q, K and V
            multiply(first, layer + m * D * D, D, c, sum);
            for (uint r = 0; r < 8; r++)
                scratch[work + (m * NODES + first + r) * D + c] =
                    i64_clamp(i64_rescale(sum[r]), LIMIT);
        }
        synchronise();
        uint i = c & 31u, head = c & 32u;
        if (i < n) attend(i, head, node[nodes + i * NODE_WORDS + 6]);
        synchronise();
        [[dont_unroll]] for (uint first = 0; first < n; first += 8) {
            multiply(first, layer + O, D, c, sum);
            for (uint r = 0; r < 8; r++) {
                uint to = at(first + r, c);
                x[to] = clamp(x[to] + i64_clamp(i64_rescale(sum[r]), LIMIT), -LIMIT, LIMIT);
            }
        }
        synchronise();
        for (uint r = 0; r < NODES; r++) h[at(r, c)] = x[at(r, c)];
        synchronise();
        [[dont_unroll]] for (uint first = 0; first < n; first += 8)
            [[dont_unroll]] for (uint m = 0; m < FFN; m += D) {
            multiply(first, layer + UP, FFN, m + c, sum);
            for (uint r = 0; r < 8; r++) {
                fe value = i64_add(i64_rescale(sum[r]), i64_from(w[layer + BIAS + m + c]));
                scratch[work + (first + r) * FFN + m + c] = max(i64_clamp(value, LIMIT), 0);
            }
        }
        synchronise();
        fe down[NODES];
        for (uint r = 0; r < NODES; r++) down[r] = fe_make(0u, 0u);
        // half of the hidden layer at a time, through h
        [[dont_unroll]] for (uint m = 0; m < FFN; m += D) {
            for (uint r = 0; r < n; r++) h[at(r, c)] = scratch[work + r * FFN + m + c];
            synchronise();
            [[dont_unroll]] for (uint first = 0; first < n; first += 8) {
                multiply(first, layer + DOWN + m * D, D, c, sum);
                for (uint r = 0; r < 8; r++) down[first + r] = i64_add(down[first + r], sum[r]);
            }
            synchronise();
        }
        for (uint r = 0; r < n; r++)
            x[at(r, c)] =
                clamp(x[at(r, c)] + i64_clamp(i64_rescale(down[r]), LIMIT), -LIMIT, LIMIT);
        synchronise();
    }
    for (uint r = 0; r < NODES; r++)
        latent[group * NODES * D + r * D + c] = r < n ? x[at(r, c)] : 0;
}
