// AdamW on count parameters at `first` of the state: parameters, gradients, m, v lie `total` apart.
// control: lr, beta1, beta2, eps, 1 - beta1, 1 - beta2, correction 1 and 2, clip norm, and the
// squared gradient norm; behind the words of other kernels the sum of losses. Where one of the two
// is not finite nothing changes.
#include "nc_kernel.h"

NC_PUSH {
    uint count, first, total;
    float decay;
}
NC_P;

NC_KERNEL_2(adam, 256, 1, NC_IO(0, float, s), NC_IN(1, float, control)) {
    uint i = NC_GROUP_X * 256 + NC_THREAD.x;
    uint infinite = 0x7F800000u;
    if (i >= p.count || (nc_bits(control[9]) & infinite) == infinite ||
        (nc_bits(control[15]) & infinite) == infinite)
        return;
    uint at = p.first + i, at_g = at + p.total, at_m = at_g + p.total, at_v = at_m + p.total;
    float norm = nc_sqrt(control[9]), clip = control[8];
    float scale = clip > 0.0f && norm > clip ? nc_div(clip, norm) : 1.0f;
    float grad = nc_mul(s[at_g], scale),
          mean = nc_fma(control[1], s[at_m], nc_mul(control[4], grad));
    float square = nc_fma(control[2], s[at_v], nc_mul(nc_mul(control[5], grad), grad));
    float root = nc_add(nc_sqrt(nc_div(square, control[7])), control[3]);
    float step_ = nc_div(nc_div(mean, control[6]), root);
    s[at_m] = mean;
    s[at_v] = square;
    s[at] = nc_fma(-control[0], nc_fma(p.decay, s[at], step_), s[at]);
}
