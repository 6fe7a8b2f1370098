// AdamW on all parameters: these, gradients, m, v lie `total` apart in the state.
// control: lr, beta1, beta2, eps, 1 - beta1, 1 - beta2, correction 1 and 2, clip norm, and the
// squared gradient norm; behind the words of other kernels the sum of losses. Where one of the two
// is not finite nothing changes. Behind these 16 words stand places, in a model of one layer, from
// which on parameters decay, no longer decay, and so on; layers of `stride` begin at `first`.
#include "nc_kernel.h"

NC_PUSH {
    uint total, first, stride, layers, decays;
    float decay;
}
NC_P;

NC_KERNEL_3(adam, 256, 1, NC_IO(0, float, s), NC_IN(1, float, control), NC_IN(2, uint, places)) {
    uint at = NC_GROUP_X * 256 + NC_THREAD.x, place = at, passed = 0;
    uint infinite = 0x7F800000u;
    if (at >= p.total || (nc_bits(control[9]) & infinite) == infinite ||
        (nc_bits(control[15]) & infinite) == infinite)
        return;
    if (at >= p.first + p.layers * p.stride)
        place = at - (p.layers - 1) * p.stride;
    else if (at >= p.first)
        place = p.first + (at - p.first) % p.stride;
    for (uint i = 0; i < p.decays; i++) passed += place >= places[16 + i] ? 1 : 0;
    float decay = (passed & 1) != 0 ? p.decay : 0.0f;
    uint at_g = at + p.total, at_m = at_g + p.total, at_v = at_m + p.total;
    float norm = nc_sqrt(control[9]), clip = control[8];
    float scale = clip > 0.0f && norm > clip ? nc_div(clip, norm) : 1.0f;
    float grad = nc_mul(s[at_g], scale),
          mean = nc_fma(control[1], s[at_m], nc_mul(control[4], grad));
    float square = nc_fma(control[2], s[at_v], nc_mul(nc_mul(control[5], grad), grad));
    float root = nc_add(nc_sqrt(nc_div(square, control[7])), control[3]);
    float step_ = nc_div(nc_div(mean, control[6]), root);
    s[at_m] = mean;
    s[at_v] = square;
    s[at] = nc_fma(-control[0], nc_fma(decay, s[at], step_), s[at]);
}
