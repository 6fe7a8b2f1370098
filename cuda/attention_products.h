// The products of attention_tile.h. What is behind the last column is +0 times -0, which leaves a
// sum as it is: fma(+0, -0, c) is c, for -0 too. The next piece is on its way in registers while
// the present one is multiplied. Keys stand in shared memory in an order in which a thread's are
// neighbours.
NC_FN void products(NC_TAKE(const float *, x) uint a, uint lda, uint rows, uint b, uint ldb,
                    uint keys, uint n, NC_INOUT float sum[8][4]) {
    uint t = NC_THREAD.y * 32 + NC_THREAD.x, i, j, s, column = t % DEPTH, piece = t / DEPTH;
    float next_a[4], next_b[16];
    NC_UNROLL for (i = 0; i < 8; i++) NC_UNROLL for (j = 0; j < 4; j++) sum[i][j] = 0.0f;
    for (uint c = 0;; c += DEPTH) {
        bool inside = c + column < n;
        NC_UNROLL for (i = 0; i < 4; i++) {
            uint row = piece + 8 * i;
            next_a[i] = 0.0f;
            if (inside && row < rows) next_a[i] = x[a + row * lda + c + column];
        }
        NC_UNROLL for (j = 0; j < 16; j++) {
            uint key = piece / 4 + piece % 4 * 32 + 2 * j;
            next_b[j] = -0.0f;
            if (inside && key < keys) next_b[j] = x[b + key * ldb + c + column];
        }
        if (c > 0) {
            NC_UNROLL for (s = 0; s < DEPTH; s++) {
                float4 va[2], vb = tile[(DEPTH * ROW_PITCH + s * KEY_PITCH) / 4 + NC_THREAD.x];
                NC_UNROLL for (i = 0; i < 2; i++) va[i] =
                    tile[s * (ROW_PITCH / 4) + NC_THREAD.y * 2 + i];
                NC_UNROLL for (i = 0; i < 8; i++) NC_UNROLL for (j = 0; j < 4; j++) {
                    sum[i][j] = nc_fma(nc_part(va[i / 4], i % 4), nc_part(vb, j), sum[i][j]);
                }
            }
            NC_BARRIER();
        }
        if (c >= n) break;
        uint to_a = column * ROW_PITCH + piece;
        uint to_b = DEPTH * ROW_PITCH + column * KEY_PITCH + piece;
        NC_UNROLL for (i = 0; i < 4; i++) nc_put(tile, to_a + 8 * i, next_a[i]);
        NC_UNROLL for (j = 0; j < 16; j++) nc_put(tile, to_b + 8 * j, next_b[j]);
        NC_BARRIER();
    }
}
