// The weights' gradients of a norm, chains over ascending rows: dgamma += dout xhat and, where the
// kernel says NC_BETA, dbeta += dout. Group g owns 8 columns, from 8 g on. All its threads bring 64
// rows of them into shared memory, xhat already formed, while the first 8 walk down the rows
// before. Rows behind the last are -0 and +0 there: fma(-0, +0, c) and c + -0 are c, for -0 too.
NC_SHARED float4 column_dy[2 * 16 * 8]; // [turn][four rows][column]
NC_SHARED float4 column_xhat[2 * 16 * 8];

NC_FN void sum_columns(NC_TAKE(nc_push, p) NC_TAKE(const float *, x) NC_TAKE(float *, w) uint g) {
    uint t = NC_THREAD.y * 32 + NC_THREAD.x, i = 8 * g + t % 8, j, k, turn = 0;
    uint to = t / 32 * 32 + t % 8 * 4 + t / 8 % 4; // of row t / 8
    bool chained = t < 8 && i < p.n;
    float gamma = chained ? w[p.off_dgamma + i] : 0.0f;
#ifdef NC_BETA
    float beta = chained ? w[p.off_dbeta + i] : 0.0f;
#endif
    for (uint r0 = 0; r0 < p.rows + 64; r0 += 64) {
        float dy[4], xhat[4];
        NC_UNROLL for (j = 0; j < 4; j++) {
            uint row = r0 + t / 8 + 16 * j;
            dy[j] = -0.0f;
            xhat[j] = 0.0f;
            if (row < p.rows && i < p.n) {
                dy[j] = x[p.off_dout + row * p.n + i];
                xhat[j] = nc_xhat(x[p.off_x + row * p.n + i], row);
            }
        }
        if (chained && r0 > 0) {
            NC_LOOP for (j = 0; j < 128; j += 8) {
                float4 d = column_dy[(1 - turn) * 128 + j + t];
                float4 h = column_xhat[(1 - turn) * 128 + j + t];
                NC_UNROLL for (k = 0; k < 4; k++) {
                    gamma = nc_fma(nc_part(d, k), nc_part(h, k), gamma);
#ifdef NC_BETA
                    beta = nc_add(beta, nc_part(d, k));
#endif
                }
            }
        }
        NC_UNROLL for (j = 0; j < 4; j++) {
            nc_put(column_dy, turn * 512 + 128 * j + to, dy[j]);
            nc_put(column_xhat, turn * 512 + 128 * j + to, xhat[j]);
        }
        NC_BARRIER();
        turn = 1 - turn;
    }
    if (!chained) return;
    w[p.off_dgamma + i] = gamma;
#ifdef NC_BETA
    w[p.off_dbeta + i] = beta;
#endif
}
#undef NC_BETA
#undef nc_xhat
