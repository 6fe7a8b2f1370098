// Poseidon2 with the constants of nc_goldilocks.h: 4 full, 22 partial, 4 full rounds, then the
// internal diagonal. merkle 0: `count` states of `width` elements in place. merkle 1: nodes of a
// tree, digests of 4: node i = hash of nodes 2 i and 2 i + 1 for count <= i < 2 count. trident: the
// external layer of that instance, and none before the first round.
#define NC_FIELD
#include "nc_kernel.h"

NC_PUSH { uint count, width, trident, merkle; }
NC_P;

NC_FN void external_layer(NC_INOUT fe s[16], uint width, uint trident) {
    fe sums[4];
    uint i, j;
    for (j = 0; j < 4; j++) sums[j] = fe_make(0u, 0u);
    if (trident != 0) {
        for (i = 0; i < width; i++) sums[0] = fe_add(sums[0], s[i]);
        for (i = 0; i < width; i++) s[i] = fe_add(s[i], sums[0]);
        return;
    }
    for (i = 0; i < width; i += 4) { // circ(2, 3, 1, 1)
        fe a = s[i], b = s[i + 1], c = s[i + 2], d = s[i + 3];
        fe ab = fe_add(a, b), cd = fe_add(c, d), all_ = fe_add(ab, cd);
        fe allb = fe_add(all_, b), alld = fe_add(all_, d);
        s[i] = fe_add(allb, ab);
        s[i + 1] = fe_add(allb, fe_add(c, c));
        s[i + 2] = fe_add(alld, cd);
        s[i + 3] = fe_add(alld, fe_add(a, a));
        for (j = 0; j < 4; j++) sums[j] = fe_add(sums[j], s[i + j]);
    }
    for (i = 0; i < width; i++) s[i] = fe_add(s[i], sums[i & 3]);
}

NC_KERNEL_2(gl_poseidon2, 64, 1, NC_IO(0, fe, data), NC_IN(1, fe, constant)) {
    uint i = NC_GROUP_X * 64 + NC_THREAD.x;
    if (i >= p.count) return;
    nc_index at = p.merkle != 0 ? (nc_index(i) + p.count) * 8 : nc_index(i) * p.width;
    fe s[16];
    uint round, j, k = 0;
    for (j = 0; j < p.width; j++) s[j] = data[at + j];
    if (p.trident == 0) external_layer(s, p.width, p.trident);
    for (round = 0; round < 30; round++) {
        if (round >= 4 && round < 26) {
            s[0] = fe_pow7(fe_add(s[0], constant[k++]));
            fe sum = s[0];
            for (j = 1; j < p.width; j++) sum = fe_add(sum, s[j]);
            for (j = 0; j < p.width; j++)
                s[j] = fe_add(fe_mul(s[j], constant[22 + 8 * p.width + j]), sum);
        } else {
            for (j = 0; j < p.width; j++) s[j] = fe_pow7(fe_add(s[j], constant[k++]));
            external_layer(s, p.width, p.trident);
        }
    }
    if (p.merkle != 0) {
        for (j = 0; j < 4; j++) data[at / 2 + j] = s[j];
    } else {
        for (j = 0; j < p.width; j++) data[at + j] = s[j];
    }
}
