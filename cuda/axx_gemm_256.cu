// sums (batch x m x n) = over k of table[x][w], as axx_gemm, for matrices w of many rows. A group
// computes 8 x 256 sums (rows of x, rows of w, batch), a thread those of one row of w. For each k the 8
// rows of the table (512 bytes of 256 products) that the 8 operands of x choose stand in shared memory,
// and those of the next k are on their way in registers.
#include "nc_kernel.h"

NC_PUSH {
    uint m, n, k, row_words, w_batch;
    int offset;
}
NC_P;

NC_SHARED uint products[2][8][128]; // [turn][row of x][two products]
NC_SHARED uint rows[8][4], columns[256][5];

NC_KERNEL_4(axx_gemm_256, 256, 1, NC_IN(0, uint, table), NC_IN(1, uint, x), NC_IN(2, uint, w),
            NC_OUT(3, int, sums)) {
    uint t = NC_THREAD.x, batch = NC_GROUP.z, turn = 0, i, j;
    uint row0 = NC_GROUP.y * 8, column0 = NC_GROUP.x * 256;
    nc_index from_x = (nc_index(batch) * p.m + row0) * p.row_words;
    nc_index from_w = (nc_index(batch) * p.w_batch + column0) * p.row_words;
    uint sum[8], next[4];
    NC_UNROLL for (i = 0; i < 8; i++) sum[i] = 0;
    NC_LOOP for (uint first = 0; first < p.row_words; first += 4) {
        if (t < 32) {
            bool inside = row0 + t / 4 < p.m && first + t % 4 < p.row_words;
            rows[t / 4][t % 4] = inside ? x[from_x + t / 4 * p.row_words + first + t % 4] : 0;
        }
        NC_UNROLL for (i = 0; i < 4; i++) {
            uint c = t / 4 + 64 * i;
            bool inside = column0 + c < p.n && first + t % 4 < p.row_words;
            columns[c][t % 4] = inside ? w[from_w + c * p.row_words + first + t % 4] : 0;
        }
        NC_BARRIER();
        uint last = min(p.k - 4 * first, 16u), word = 0;
        NC_LOOP for (i = 0; i < last + 1; i++) { // the products of i come while i - 1 is added
            if (i < last) {
                NC_UNROLL for (j = 0; j < 4; j++) {
                    uint a = rows[t / 128 + 2 * j][i / 4] >> (i % 4 * 8) & 255u;
                    next[j] = table[a << 7 | t % 128];
                }
            }
            if (i > 0) {
                if (i % 4 == 1) word = columns[t][i / 4];
                uint b = word & 255u, half_of = b % 2 * 16;
                word >>= 8;
                NC_UNROLL for (j = 0; j < 8; j++) sum[j] +=
                    products[1 - turn][j][b / 2] >> half_of & 65535u;
            }
            NC_UNROLL for (j = 0; j < 4; j++) products[turn][t / 128 + 2 * j][t % 128] = next[j];
            NC_BARRIER();
            turn = 1 - turn;
        }
    }
    NC_UNROLL for (j = 0; j < 8; j++) {
        if (row0 + j < p.m && column0 + t < p.n)
            sums[(nc_index(batch) * p.m + row0 + j) * p.n + column0 + t] = int(sum[j]) + p.offset;
    }
}
