// Y (n x rows) = X (n x columns) W^T for 4-bit weights, as nc_fp4_matmul, for NC_VECTORS vectors of X
// (y) and 16 rows of W (x) a group. Four threads share a row: thread l of them has the chains 8 l to
// 8 l + 7 of its 32 (a column's chain is its number mod 32), and of a part, which is 128 columns, the
// words of codes with these columns; the tree adds the chains.
//   codes holds these four words as one value: [row / 8][part][row % 8][l], rows up to a multiple of
// 16. scales begins with the values of the 16 codes and of all 256 scales of one byte; then come, for
// 16 or 32 columns (halves 2, 1), bytes in a word a part (words 1: [row / 8][part][row % 8][half]) or
// float32 (words 4: [row / 8][part][32 columns][row % 8][half]).
//   Codes and scales of a span of NC_PARTS parts are on their way in registers while the one before is
// multiplied, whose x lies in shared memory.
#include "nc_kernel.h"

NC_PUSH { uint rows, columns, vectors, parts, halves, words; }
NC_P;

#define NC_ROWS 16
#define NC_SPAN (128 * NC_PARTS)
#define NC_TABLES (16 + 256)
#define NC_LOADS (NC_SPAN / (4 * NC_ROWS)) // of a vector, a thread

NC_SHARED float value_of[16], scale_of[256];
NC_SHARED float4 tile[2][NC_VECTORS][NC_SPAN / 4]; // [turn][vector][columns]
NC_SHARED float chain[NC_ROWS][33];

// The first `count` columns of a word, whose x begins at tile[turn][..][at].
NC_FN void nc_add_word(uint word, float scale, uint count, uint turn, uint at,
                       NC_INOUT float sum[NC_VECTORS][8]) {
    uint even = word & 0x0F0F0F0Fu, odd = word >> 4 & 0x0F0F0F0Fu, i, v;
    float weight[8];
    NC_UNROLL for (i = 0; i < 8; i++) weight[i] =
        nc_mul(value_of[(i % 2 != 0 ? odd : even) >> i / 2 * 8 & 255u], scale);
    NC_UNROLL for (v = 0; v < NC_VECTORS; v++) {
        float4 low = tile[turn][v][at], high = tile[turn][v][at + 1];
        NC_UNROLL for (i = 0; i < 8; i++) {
            float x = i < 4 ? nc_part(low, i % 4) : nc_part(high, i % 4);
            if (i < count) sum[v][i] = nc_fma(weight[i], x, sum[v][i]);
        }
    }
}

NC_KERNEL_4(NC_FP4, 64, 1, NC_IN(0, uint4, codes), NC_IN(1, uint, scales), NC_IN(2, float, x),
            NC_OUT(3, float, y)) {
    uint t = NC_THREAD.x, l = t % 4, in_group = t / 4, row = NC_GROUP_X * NC_ROWS + in_group;
    uint first = NC_GROUP.y * NC_VECTORS, whole = p.columns / 128, turn = 0, i, g, s, v;
    uint unit = 8 * p.halves, step = p.words * unit;
    uint from = row / 8 * p.parts * 32 + t % 32;
    uint own = NC_TABLES + row / 8 * p.parts * step + row % 8 * p.halves + l / 2 * (p.halves - 1);
    uint scale[NC_PARTS][4];
    uint4 code[NC_PARTS];
    float sum[NC_VECTORS][8], next[NC_VECTORS][NC_LOADS];
    if (NC_GROUP_X * NC_ROWS >= p.rows) return;
    for (i = t; i < NC_TABLES; i += 64) {
        if (i < 16)
            value_of[i] = nc_float(scales[i]);
        else
            scale_of[i - 16] = nc_float(scales[i]);
    }
    NC_BARRIER();
    NC_UNROLL for (v = 0; v < NC_VECTORS; v++) NC_UNROLL for (i = 0; i < 8; i++) sum[v][i] = 0.0f;
    NC_UNROLL for (g = 0; g < NC_PARTS; g++) NC_UNROLL for (s = 0; s < 4; s++) scale[g][s] = 0;
    for (uint k = 0; k < p.columns + NC_SPAN; k += NC_SPAN) {
        NC_UNROLL for (v = 0; v < NC_VECTORS; v++) NC_UNROLL for (i = 0; i < NC_LOADS; i++) {
            uint column = k + t + i * 64;
            next[v][i] = 0.0f;
            if (first + v < p.vectors && column < p.columns)
                next[v][i] = x[nc_index(first + v) * p.columns + column];
        }
        NC_UNROLL for (g = 0; g < NC_PARTS; g++) {
            uint part = k / 128 + g;
            uint4 words = code[g];
            float by[4];
            NC_UNROLL for (s = 0; s < 4; s++) by[s] =
                p.words > 1 ? nc_float(scale[g][s]) : scale_of[scale[g][0] >> s * 8 & 255u];
            if (part < whole) {
                code[g] = codes[from + part * 32];
                scale[g][0] = scales[own + part * step];
                if (p.words > 1) {
                    NC_UNROLL for (s = 1; s < 4; s++) scale[g][s] =
                        scales[own + part * step + s * unit];
                }
            }
            if (k > 0 && part - NC_PARTS < whole) {
                NC_UNROLL for (s = 0; s < 4; s++)
                    nc_add_word(nc_part(words, s), by[s], 8, 1 - turn, g * 32 + s * 8 + l * 2, sum);
            }
        }
        NC_UNROLL for (v = 0; v < NC_VECTORS; v++) NC_UNROLL for (i = 0; i < NC_LOADS; i++)
            nc_put(tile[turn][v], t + i * 64, next[v][i]);
        NC_BARRIER();
        turn = 1 - turn;
    }
    if (whole < p.parts) { // the span before the last one in `tile` has the rest of the columns
        uint4 words = codes[from + whole * 32];
        NC_LOOP for (s = 0; s < 4; s++) {
            uint column = 128 * whole + 32 * s + 8 * l;
            uint bits = scales[own + whole * step + (p.words > 1 ? s * unit : 0)];
            if (column < p.columns)
                nc_add_word(nc_part(words, s),
                            p.words > 1 ? nc_float(bits) : scale_of[bits >> s * 8 & 255u],
                            p.columns - column, turn, whole % NC_PARTS * 32 + s * 8 + l * 2, sum);
        }
    }
    NC_UNROLL for (v = 0; v < NC_VECTORS; v++) {
        float two[2];
        NC_UNROLL for (i = 0; i < 8; i++) chain[in_group][l * 8 + i] = sum[v][i];
        NC_BARRIER();
        NC_UNROLL for (i = 0; i < 2; i++) two[i] =
            nc_add(nc_add(chain[in_group][l + 4 * i], chain[in_group][l + 4 * i + 16]),
                   nc_add(chain[in_group][l + 4 * i + 8], chain[in_group][l + 4 * i + 24]));
        NC_BARRIER();
        chain[in_group][l] = nc_add(two[0], two[1]);
        NC_BARRIER();
        if (l == 0 && row < p.rows && first + v < p.vectors)
            y[nc_index(first + v) * p.rows + row] =
                nc_add(nc_add(chain[in_group][0], chain[in_group][2]),
                       nc_add(chain[in_group][1], chain[in_group][3]));
        NC_BARRIER();
    }
}

#undef NC_ROWS
#undef NC_SPAN
#undef NC_TABLES
#undef NC_LOADS
#undef NC_FP4
#undef NC_VECTORS
#undef NC_PARTS
