// sums (batch x m x n) = over k of table[x][w]: x is m x k and w n x k bytes in rows of whole words,
// the table 65,536 16-bit entries above an offset, two a word, as nc_axx_gemm. A group computes
// 16 x 16 sums (columns, rows, batch) from tiles of 16 words.
#include "nc_kernel.h"

NC_PUSH {
    uint m, n, k, row_words, w_batch;
    int offset;
}
NC_P;

NC_SHARED uint rows[16][17], columns[16][17];

NC_KERNEL_4(axx_gemm, 16, 16, NC_IN(0, uint, table), NC_IN(1, uint, x), NC_IN(2, uint, w),
            NC_OUT(3, int, sums)) {
    uint c = NC_THREAD.x, r = NC_THREAD.y, batch = NC_GROUP.z;
    uint column = NC_GROUP.x * 16 + c, row = NC_GROUP.y * 16 + r;
    nc_index from_x = (nc_index(batch) * p.m + NC_GROUP.y * 16 + r) * p.row_words;
    nc_index from_w = (nc_index(batch) * p.w_batch + NC_GROUP.x * 16 + r) * p.row_words;
    uint sum = 0;
    NC_LOOP for (uint first = 0; first < p.row_words; first += 16) {
        rows[r][c] = row < p.m && first + c < p.row_words ? x[from_x + first + c] : 0;
        columns[r][c] =
            NC_GROUP.x * 16 + r < p.n && first + c < p.row_words ? w[from_w + first + c] : 0;
        NC_BARRIER();
        uint last = min(p.k - 4 * first, 64u);
        NC_LOOP for (uint i = 0; i < last; i++) {
            uint a = rows[r][i / 4] >> (i % 4 * 8) & 255u,
                 b = columns[c][i / 4] >> (i % 4 * 8) & 255u;
            sum += table[(a << 8 | b) >> 1] >> (b % 2 * 16) & 65535u;
        }
        NC_BARRIER();
    }
    if (row < p.m && column < p.n)
        sums[(nc_index(batch) * p.m + row) * p.n + column] = int(sum) + p.offset;
}
