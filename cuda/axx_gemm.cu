// sums (rows x columns, for each group of z) = over k of table[a][b], as nc_axx_gemm: a is
// [z][word][row] and b [z][word][column], a word being four places of k; the table has 16-bit
// entries above an offset, those of b and b + 128 in a word. A group computes 8 x 256 sums, a
// thread those of two columns. For each k the 8 rows of the table that a chooses stand in shared
// memory, turned: an entry's 16 bytes are what the 8 rows have for one b. Those of the next k are
// on their way in registers.
#include "nc_kernel.h"

NC_PUSH {
    uint rows, columns, k;
    uint first, places; // of the first column; columns are places of images, one after the other
    uint turned;        // sums are columns x rows
    int offset;
}
NC_P;

NC_SHARED uint4 products[2 * 256]; // [turn][b]

// The products of one k for a column: the halves of a word are two rows, whose sums are high and,
// of all but the sum's upper half, both.
NC_FN void nc_add_products(uint4 entry, NC_INOUT uint both[4], NC_INOUT uint high[4]) {
    uint q;
    NC_UNROLL for (q = 0; q < 4; q++) {
        both[q] += nc_part(entry, q);
        high[q] += nc_part(entry, q) >> 16;
    }
}

NC_KERNEL_4(axx_gemm, 128, 1, NC_IN(0, uint, table), NC_IN(1, uint, a), NC_IN(2, uint, b),
            NC_OUT(3, int, sums)) {
    uint t = NC_THREAD.x, z = NC_GROUP.z, row0 = NC_GROUP.y * 8, column0 = NC_GROUP.x * 256 + t;
    uint words = (p.k + 3) / 4, rows = min(p.rows - row0, 8u), turn = 0, e, h, j, w;
    nc_index from_a = nc_index(z) * words * p.rows + row0;
    nc_index from_b = nc_index(z) * words * p.columns;
    uint both[2][4], high[2][4], before[2], word[2], next_word[2], row[8], next_row[8], next[8];
    NC_UNROLL for (h = 0; h < 2; h++) {
        NC_UNROLL for (j = 0; j < 4; j++) both[h][j] = high[h][j] = 0;
        next_word[h] = column0 + 128 * h < p.columns ? b[from_b + column0 + 128 * h] : 0;
        before[h] = 0;
        products[256 + 128 * h + t] = make_uint4(0, 0, 0, 0); // before the first k
    }
    NC_UNROLL for (j = 0; j < 8; j++) next_row[j] = j < rows ? a[from_a + j] : 0;
    NC_BARRIER();
    NC_LOOP for (w = 0; w < words; w++) {
        NC_UNROLL for (j = 0; j < 8; j++) {
            row[j] = next_row[j];
            next_row[j] = j < rows && w + 1 < words ? a[from_a + (w + 1) * p.rows + j] : 0;
        }
        NC_UNROLL for (h = 0; h < 2; h++) {
            uint c = column0 + 128 * h;
            word[h] = next_word[h];
            next_word[h] = c < p.columns && w + 1 < words ? b[from_b + (w + 1) * p.columns + c] : 0;
        }
        uint last = min(p.k - 4 * w, 4u);
        NC_LOOP for (e = 0; e < last; e++) {
            NC_UNROLL for (j = 0; j < 8; j++) {
                next[j] = j < rows ? table[(row[j] & 255u) << 7 | t] : 0;
                row[j] >>= 8;
            }
            NC_UNROLL for (h = 0; h < 2; h++) {
                nc_add_products(products[(1 - turn) * 256 + before[h]], both[h], high[h]);
                before[h] = word[h] & 255u;
                word[h] >>= 8;
            }
            products[turn * 256 + t] =
                make_uint4((next[0] & 65535u) | next[1] << 16, (next[2] & 65535u) | next[3] << 16,
                           (next[4] & 65535u) | next[5] << 16, (next[6] & 65535u) | next[7] << 16);
            products[turn * 256 + 128 + t] = make_uint4(
                next[0] >> 16 | (next[1] & 0xFFFF0000u), next[2] >> 16 | (next[3] & 0xFFFF0000u),
                next[4] >> 16 | (next[5] & 0xFFFF0000u), next[6] >> 16 | (next[7] & 0xFFFF0000u));
            NC_BARRIER();
            turn = 1 - turn;
        }
    }
    NC_UNROLL for (h = 0; h < 2; h++) {
        nc_add_products(products[(1 - turn) * 256 + before[h]], both[h], high[h]);
        NC_UNROLL for (j = 0; j < 4; j++) both[h][j] -= high[h][j] << 16;
    }
    if (p.turned == 0) {
        NC_UNROLL for (h = 0; h < 2; h++) {
            uint c = column0 + 128 * h, image = (p.first + c) / p.places;
            nc_index to = (nc_index(image) * NC_GROUPS.z + z) * p.rows + row0;
            NC_UNROLL for (j = 0; j < 8; j++) {
                if (c < p.columns && j < rows)
                    sums[(to + j) * p.places + (p.first + c) % p.places] =
                        int(j % 2 != 0 ? high[h][j / 2] : both[h][j / 2]) + p.offset;
            }
        }
    } else {
        NC_BARRIER();
        NC_UNROLL for (h = 0; h < 2; h++) {
            products[2 * (t + 128 * h)] =
                make_uint4(both[h][0], high[h][0], both[h][1], high[h][1]);
            products[2 * (t + 128 * h) + 1] =
                make_uint4(both[h][2], high[h][2], both[h][3], high[h][3]);
        }
        NC_BARRIER();
        NC_LOOP for (e = t; e < 2048; e += 128) {
            uint c = NC_GROUP.x * 256 + e / 8;
            if (c < p.columns && e % 8 < rows)
                sums[(nc_index(z) * p.columns + c) * p.rows + row0 + e % 8] =
                    int(nc_word(products, e)) + p.offset;
        }
    }
}
