// out[i d + j] = wte[token[i] d + j] + wpe[(i mod seq) d + j].
#include "nc_kernel.h"

NC_PUSH { uint count, d, seq, off_wte, off_wpe, off_token, off_out; }
NC_P;

NC_KERNEL_3(embedding, 256, 1, NC_IN(0, float, w), NC_IN(1, uint, tokens), NC_IO(2, float, x)) {
    uint at = NC_GROUP_X * 256 + NC_THREAD.x, i = at / p.d, j = at % p.d;
    if (at >= p.count) return;
    uint token = tokens[p.off_token + i];
    x[p.off_out + at] = nc_add(w[p.off_wte + token * p.d + j], w[p.off_wpe + i % p.seq * p.d + j]);
}
