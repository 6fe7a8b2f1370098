// Poseidon2 on states of NC_WIDTH elements with the constants of nc_goldilocks.h: 4 full, 22
// partial, 4 full rounds, then the internal diagonal. merkle 0: `count` states in place. merkle 1
// (width 8): nodes of a tree, digests of 4: node i = hash of nodes 2 i and 2 i + 1 for count <= i <
// 2 count. NC_TRIDENT: the external layer of that instance, and none before the first round. A
// state is a thread's, in registers; a group's states stand one after the other, and neighbours
// move them.
#include "nc_kernel.h"

NC_PUSH { uint count, merkle; }
NC_P;

NC_SHARED fe moved[64 * (NC_WIDTH + 1)];

NC_FN void external_layer(NC_INOUT fe s[NC_WIDTH]) {
    uint i;
#ifdef NC_TRIDENT
    fe sum = s[0];
    NC_UNROLL for (i = 1; i < NC_WIDTH; i++) sum = fe_add(sum, s[i]);
    NC_UNROLL for (i = 0; i < NC_WIDTH; i++) s[i] = fe_add(s[i], sum);
#else
    fe sums[4];
    uint j;
    NC_UNROLL for (i = 0; i < NC_WIDTH; i += 4) { // circ(2, 3, 1, 1)
        fe a = s[i], b = s[i + 1], c = s[i + 2], d = s[i + 3];
        fe ab = fe_add(a, b), cd = fe_add(c, d), all_ = fe_add(ab, cd);
        fe allb = fe_add(all_, b), alld = fe_add(all_, d);
        s[i] = fe_add(allb, ab);
        s[i + 1] = fe_add(allb, fe_add(c, c));
        s[i + 2] = fe_add(alld, cd);
        s[i + 3] = fe_add(alld, fe_add(a, a));
        NC_UNROLL for (j = 0; j < 4; j++) sums[j] = i == 0 ? s[j] : fe_add(sums[j], s[i + j]);
    }
    NC_UNROLL for (i = 0; i < NC_WIDTH; i++) s[i] = fe_add(s[i], sums[i & 3]);
#endif
}

NC_KERNEL_2(NC_POSEIDON2, 64, 1, NC_IO(0, fe, data), NC_IN(1, fe, constant)) {
    uint x = NC_THREAD.x, group = NC_GROUP_X, first = group * 64, i, j, round, k = 0;
    if (first >= p.count) return;
    uint states = p.count - first < 64 ? p.count - first : 64;
    nc_index at = nc_index(first + (p.merkle != 0 ? p.count : 0)) * NC_WIDTH;
    fe s[NC_WIDTH];
    NC_UNROLL for (j = 0; j < NC_WIDTH; j++) {
        i = j * 64 + x;
        if (i < states * NC_WIDTH)
            moved[i / NC_WIDTH * (NC_WIDTH + 1) + i % NC_WIDTH] = data[at + i];
    }
    NC_BARRIER();
    NC_UNROLL for (j = 0; j < NC_WIDTH; j++) s[j] = moved[x * (NC_WIDTH + 1) + j];
#ifndef NC_TRIDENT
    external_layer(s);
#endif
    NC_LOOP for (round = 0; round < 30; round++) {
        if (round >= 4 && round < 26) {
            s[0] = fe_pow7(fe_add(s[0], constant[k++]));
            fe sum = s[0];
            NC_UNROLL for (j = 1; j < NC_WIDTH; j++) sum = fe_add(sum, s[j]);
            NC_UNROLL for (j = 0; j < NC_WIDTH; j++) s[j] =
                fe_add(fe_mul(s[j], constant[22 + 8 * NC_WIDTH + j]), sum);
        } else {
            NC_UNROLL for (j = 0; j < NC_WIDTH; j++) s[j] = fe_pow7(fe_add(s[j], constant[k + j]));
            k += NC_WIDTH;
            external_layer(s);
        }
    }
    NC_UNROLL for (j = 0; j < NC_WIDTH; j++) moved[x * (NC_WIDTH + 1) + j] = s[j];
    NC_BARRIER();
    if (p.merkle != 0) {
        for (i = x; i < states * 4; i += 64)
            data[at / 2 + i] = moved[i / 4 * (NC_WIDTH + 1) + i % 4];
        return;
    }
    NC_UNROLL for (j = 0; j < NC_WIDTH; j++) {
        i = j * 64 + x;
        if (i < states * NC_WIDTH)
            data[at + i] = moved[i / NC_WIDTH * (NC_WIDTH + 1) + i % NC_WIDTH];
    }
}

#undef NC_POSEIDON2
#undef NC_WIDTH
#undef NC_TRIDENT
