// The products of flash_tile.h. What is behind the last column or other is -0 times +0, which leaves a
// sum as it is: fma(-0, +0, c) is c, for -0 too. The next piece is on its way in registers while the
// present one is multiplied. Columns and others stand in shared memory in an order in which each
// thread's are neighbours.
NC_FN void product(NC_TAKE(const float *, x) uint a, uint lda, uint rows, uint b, uint ldb,
                   uint others, uint n, bool sees, NC_INOUT float sum[4][4]) {
    uint t = NC_THREAD.x, i, j, s, column = t % DEPTH, piece = t / DEPTH;
    float next_a[8], next_b[4];
    NC_UNROLL for (i = 0; i < 4; i++) NC_UNROLL for (j = 0; j < 4; j++) sum[i][j] = 0.0f;
    for (uint c = 0;; c += DEPTH) {
        bool inside = c + column < n;
        NC_UNROLL for (i = 0; i < 8; i++) {
            uint row = piece * 8 + i;
            next_a[i] = inside ? 0.0f : -0.0f;
            if (inside && row < rows) next_a[i] = x[a + row * lda + c + column];
        }
        NC_UNROLL for (j = 0; j < 4; j++) {
            uint other = piece + 8 * j;
            next_b[j] = 0.0f;
            if (inside && other < others) next_b[j] = x[b + other * ldb + c + column];
        }
        if (c > 0) {
            if (sees) {
                NC_UNROLL NC_LOOP for (s = 0; s < DEPTH; s++) {
                    uint at_a = s * PITCH + t / 8 * 4;
                    uint at_b = ROWS_STAGE + s * (OTHERS + 4) + t % 8 * 4;
                    float va[4], vb[4];
                    NC_UNROLL for (i = 0; i < 4; i++) va[i] = stage[at_a + i];
                    NC_UNROLL for (j = 0; j < 4; j++) vb[j] = stage[at_b + j];
                    NC_UNROLL for (i = 0; i < 4; i++) NC_UNROLL for (j = 0; j < 4; j++) {
                        sum[i][j] = nc_fma(va[i], vb[j], sum[i][j]);
                    }
                }
            }
            NC_BARRIER();
        }
        if (c >= n) break;
        uint to_b = ROWS_STAGE + column * (OTHERS + 4) + piece * 4;
        NC_UNROLL for (i = 0; i < 8; i++) stage[column * PITCH + piece * 8 + i] = next_a[i];
        NC_UNROLL for (j = 0; j < 4; j++) stage[to_b + j] = next_b[j];
        NC_BARRIER();
    }
}

NC_FN void accumulate(NC_TAKE(const float *, x) uint b, uint ldb, uint others, uint n, bool sees,
                      NC_INOUT float sum[4][8]) {
    uint t = NC_THREAD.x, i, j, s, column = t % 64, row = t / 64;
    uint place = column / 32 * 32 + column % 8 * 4 + column % 32 / 8;
    float next[8];
    for (uint k = 0;; k += DEPTH) {
        NC_UNROLL for (i = 0; i < 8; i++) {
            uint other = k + row + 2 * i;
            next[i] = 0.0f;
            if (column < n && other < others && k < OTHERS) next[i] = x[b + other * ldb + column];
        }
        if (k > 0) {
            if (sees) {
                NC_UNROLL NC_LOOP for (s = 0; s < DEPTH; s++) {
                    uint at_w = (k - DEPTH + s) * PITCH + t / 8 * 4, at_v = s * PITCH + t % 8 * 4;
                    float w[4], v[8];
                    NC_UNROLL for (i = 0; i < 4; i++) w[i] = weight[at_w + i];
                    NC_UNROLL for (j = 0; j < 8; j++) v[j] = stage[at_v + j / 4 * 32 + j % 4];
                    NC_UNROLL for (i = 0; i < 4; i++) NC_UNROLL for (j = 0; j < 8; j++) {
                        sum[i][j] = nc_fma(w[i], v[j], sum[i][j]);
                    }
                }
            }
            NC_BARRIER();
        }
        if (k >= OTHERS) break;
        NC_UNROLL for (i = 0; i < 8; i++) stage[(row + 2 * i) * PITCH + place] = next[i];
        NC_BARRIER();
    }
}
