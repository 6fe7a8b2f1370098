// One term of axx_gemm's sums: factor times the sum over k of (a + row_add) (b + column_add), for
// signed bytes a and b that axx_map has made, 0 from k on; from the second term on it is added to
// what is there. Integers modulo 2^32, so that no order changes a bit. A group computes 64 x 64
// sums, a thread 8 x 8, from 16 words of each row and column at a time in shared memory; thread t
// brings those of row t and of column t and sums them on the way.
#include "nc_kernel.h"

NC_PUSH {
    uint rows, columns, words;
    uint first, places; // as axx_gemm
    uint more;          // there are sums already
    uint factor, row_add, column_add, offset;
}
NC_P;

NC_SHARED uint4 rows_of[16 * 16], columns_of[16 * 16]; // [word][row / 4], [word][column / 4]
NC_SHARED uint row_sums[64];

NC_KERNEL_3(axx_terms, 64, 1, NC_IN(0, uint, a), NC_IN(1, uint, b), NC_IO(2, uint, sums)) {
    uint t = NC_THREAD.x, z = NC_GROUP.z, row0 = NC_GROUP.y * 64, c = NC_GROUP.x * 64 + t;
    nc_index from_a = nc_index(z) * p.words * p.rows + row0 + t;
    nc_index from_b = nc_index(z) * p.words * p.columns + c;
    uint sum[8][8], row_sum = 0, column_sum = 0, first, i, j, w;
    NC_UNROLL for (i = 0; i < 8; i++) NC_UNROLL for (j = 0; j < 8; j++) sum[i][j] = 0;
    NC_LOOP for (first = 0; first < p.words; first += 16) {
        NC_UNROLL for (w = 0; w < 16; w++) {
            bool inside = first + w < p.words;
            uint x = inside && row0 + t < p.rows ? a[from_a + (first + w) * p.rows] : 0;
            uint y = inside && c < p.columns ? b[from_b + (first + w) * p.columns] : 0;
            nc_word(rows_of, w * 64 + t) = x;
            nc_word(columns_of, w * 64 + t) = y;
            row_sum = nc_dot4(x, 0x01010101u, row_sum);
            column_sum = nc_dot4(y, 0x01010101u, column_sum);
        }
        NC_BARRIER();
        NC_LOOP for (w = 0; w < 16; w++) {
            uint4 x[2], y[2];
            NC_UNROLL for (i = 0; i < 2; i++) {
                x[i] = rows_of[w * 16 + t / 8 * 2 + i];
                y[i] = columns_of[w * 16 + i * 8 + t % 8];
            }
            NC_UNROLL for (i = 0; i < 8; i++) NC_UNROLL for (j = 0; j < 8; j++) sum[i][j] =
                nc_dot4(nc_part(x[i / 4], i % 4), nc_part(y[j / 4], j % 4), sum[i][j]);
        }
        NC_BARRIER();
    }
    row_sums[t] = row_sum;
    uint image = (p.first + c) / p.places, place = (p.first + c) % p.places;
    NC_UNROLL for (i = 0; i < 8; i++) { // row i of every eight, by columns
        NC_UNROLL for (j = 0; j < 2; j++) rows_of[t / 8 * 16 + j * 8 + t % 8] =
            make_uint4(sum[i][4 * j], sum[i][4 * j + 1], sum[i][4 * j + 2], sum[i][4 * j + 3]);
        NC_BARRIER();
        NC_LOOP for (j = 0; j < 8; j++) {
            uint row = j * 8 + i, value = nc_word(rows_of, j * 64 + t);
            if (row0 + row < p.rows && c < p.columns) {
                nc_index to = (nc_index(image) * NC_GROUPS.z + z) * p.rows + row0 + row;
                value += p.column_add * row_sums[row] + p.row_add * column_sum;
                value = p.factor * value + p.offset;
                if (p.more != 0) value += sums[to * p.places + place];
                sums[to * p.places + place] = value;
            }
        }
        NC_BARRIER();
    }
}
