// AdamW on all parameters, four to a thread: these, gradients, m, v lie `total` apart in the state.
// control, of 16 words: lr, beta1, beta2, eps; 1 - beta1, 1 - beta2, correction 1 and 2; clip norm,
// the squared gradient norm; behind the words of other kernels the sum of losses. Where one of the
// last two is not finite nothing changes. Behind these stand places, in a model of one layer, from
// which on parameters decay, no longer decay, and so on; layers of `stride` begin at `first`.
#include "nc_kernel.h"

NC_PUSH {
    uint total, first, stride, layers, decays;
    float decay;
}
NC_P;

NC_FN bool is_finite(float x) { return (nc_bits(x) & 0x7F800000u) != 0x7F800000u; }

NC_KERNEL_3(adam, 256, 1, NC_IO(0, float, s), NC_IN(1, float4, control), NC_IN(2, uint4, places)) {
    uint at = NC_GROUP_X * 1024 + NC_THREAD.x, place[4], passed[4], i, k, c;
    float4 rates = control[0], rest = control[1], norms = control[2], losses = control[3];
    float lr = nc_part(rates, 0), beta1 = nc_part(rates, 1), beta2 = nc_part(rates, 2);
    float norm = nc_part(norms, 1), clip = nc_part(norms, 0), eps = nc_part(rates, 3);
    if (!is_finite(norm) || !is_finite(nc_part(losses, 3))) return;
    NC_UNROLL for (k = 0; k < 4; k++) {
        uint here = at + 256 * k;
        place[k] = here;
        passed[k] = 0;
        if (here >= p.first + p.layers * p.stride)
            place[k] = here - (p.layers - 1) * p.stride;
        else if (here >= p.first)
            place[k] = p.first + (here - p.first) % p.stride;
    }
    for (i = 0; i < p.decays; i += 4) {
        uint4 from = places[4 + i / 4];
        NC_UNROLL for (c = 0; c < 4; c++) NC_UNROLL for (k = 0; k < 4; k++) {
            passed[k] += i + c < p.decays && place[k] >= nc_part(from, c) ? 1 : 0;
        }
    }
    norm = nc_sqrt(norm);
    float scale = clip > 0.0f && norm > clip ? nc_div(clip, norm) : 1.0f;
    float w[4], grad[4], mean[4], square[4];
    NC_UNROLL for (k = 0; k < 4; k++) if (at + 256 * k < p.total) {
        uint of = at + 256 * k;
        w[k] = s[of];
        grad[k] = s[of + p.total];
        mean[k] = s[of + 2 * p.total];
        square[k] = s[of + 3 * p.total];
    }
    NC_UNROLL for (k = 0; k < 4; k++) if (at + 256 * k < p.total) {
        uint of = at + 256 * k;
        float decay = (passed[k] & 1) != 0 ? p.decay : 0.0f, dw = nc_mul(grad[k], scale);
        float m = nc_fma(beta1, mean[k], nc_mul(nc_part(rest, 0), dw));
        float v = nc_fma(beta2, square[k], nc_mul(nc_mul(nc_part(rest, 1), dw), dw));
        float root = nc_add(nc_sqrt(nc_div(v, nc_part(rest, 3))), eps);
        float step_ = nc_div(nc_div(m, nc_part(rest, 2)), root);
        s[of] = nc_fma(-lr, nc_fma(decay, w[k], step_), w[k]);
        s[of + 2 * p.total] = m;
        s[of + 3 * p.total] = v;
    }
}
