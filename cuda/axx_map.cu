// Operands of axx_gemm, words [z][word][column] of four places of k, mapped byte by byte for
// axx_terms; 0 from k on. `maps` holds maps of 256 bytes, a word each. A thread maps eight words.
#include "nc_kernel.h"

NC_PUSH { uint count, columns, words, k, map; } // count: words in all; map: which one
NC_P;

NC_SHARED uint map_of[256];

NC_KERNEL_3(axx_map, 128, 1, NC_IN(0, uint, operands), NC_IN(1, uint, maps),
            NC_OUT(2, uint, mapped)) {
    uint t = NC_THREAD.x, i, e;
    for (i = t; i < 256; i += 128) map_of[i] = maps[p.map * 256 + i];
    NC_BARRIER();
    NC_LOOP for (i = 0; i < 8; i++) {
        uint at = (NC_GROUP_X * 8 + i) * 128 + t;
        if (at < p.count) {
            uint left = p.k - at / p.columns % p.words * 4, from = operands[at], to = 0;
            NC_UNROLL for (e = 0; e < 4; e++) {
                if (e < left) to |= map_of[from >> e * 8 & 255u] << e * 8;
            }
            mapped[at] = to;
        }
    }
}
