// out[i d + j] = wte[token[i] d + j] + wpe[(i mod seq) d + j], or with seq 0 the first alone.
#include "nc_kernel.h"

NC_PUSH { uint count, d, seq, off_wte, off_wpe, off_token, off_out; }
NC_P;

NC_KERNEL_3(embedding, 256, 1, NC_IN(0, float, w), NC_IN(1, uint, tokens), NC_IO(2, float, x)) {
    uint at = NC_GROUP_X * 256 + NC_THREAD.x, i = at / p.d, j = at % p.d;
    if (at >= p.count) return;
    float v = w[p.off_wte + tokens[p.off_token + i] * p.d + j];
    if (p.seq != 0) v = nc_add(v, w[p.off_wpe + i % p.seq * p.d + j]);
    x[p.off_out + at] = v;
}
