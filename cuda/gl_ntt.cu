// One pass of a transform of 2^log2_n points: 2^log2_rows points at a time, the rows, of as many
// columns as fill a tile of 2,048. A step takes up to 16 rows into registers, where every factor is
// a power of 2 (2^156 is the 16th root of unity), and steps meet in NC_SHARED memory in place, so
// that rows come out with the digits of their number in reverse: the stores put them right. Passes
// but the last are in place too and multiply by a power of the root of what is left, row times
// column; the last one stores in natural order. An inverse transform takes the rows of each step
// backwards and other tables.
//   Place of row u and column c: as the strides, log2 each, and the group's number say. Threads
// that follow one another take neighbours: rows where by_rows is set, else columns.
//   twiddle: for 32, 64 .. 2,048 rows w^(v k) as [v < 16][k < rows / 16], w their root; then, from
// `outer` on, for each pass but the last w^(v c) as [v < 17][c < columns]. shift: powers 0 .. 2,047
// of a coset's shift, then every 2,048th.
#define NC_FIELD
#include "nc_kernel.h"

NC_PUSH {
    uint log2_n, log2_rows, columns, inverse;
    uint in_by_rows, in_row, in_column, in_low, in_high;
    uint out_by_rows, out_row, out_column, out_low, out_high;
    uint low_bits, log2_second,
        log2_third; // of the group's number; upper digits that change places
    uint outer;     // 0: none
    uint coset; // 1: what is loaded, 2: what is stored, times the shift to the power of its place
    uint scaled, factor_low, factor_high;
}
NC_P;

NC_SHARED fe tile[2048];

// Where (row, column) = i stands, for 16 neighbours and for any four bits that a step gives a warp.
NC_FN uint tile_at(uint i) { return i ^ ((i >> 4 ^ i >> 8) & 15); }

NC_FN uint low_bits_of(uint i, uint n) { return i & ((1u << n) - 1); }

// a, b <- a + w b, a - w b for w = (2^156)^k, k < 8.
NC_FN void butterfly(NC_INOUT fe x[16], uint a, uint b, uint k) {
    uint shift = 156 * k % 192;
    fe y = fe_shift(x[b], shift % 96), u = x[a];
    x[a] = shift < 96 ? fe_add(u, y) : fe_sub(u, y);
    x[b] = shift < 96 ? fe_sub(u, y) : fe_add(u, y);
}

// Transforms of 2^bits points that follow one another, each in bit-reversed order before.
NC_FN void small_transforms(NC_INOUT fe x[16], uint bits) {
    uint e, i;
    if (bits > 0) NC_UNROLL for (e = 0; e < 16; e += 2) butterfly(x, e, e + 1, 0);
    if (bits > 1)
        NC_UNROLL for (e = 0; e < 16; e += 4) NC_UNROLL for (i = 0; i < 2; i++)
            butterfly(x, e + i, e + i + 2, 4 * i);
    if (bits > 2)
        NC_UNROLL for (e = 0; e < 16; e += 8) NC_UNROLL for (i = 0; i < 4; i++)
            butterfly(x, e + i, e + i + 4, 2 * i);
    if (bits > 3) NC_UNROLL for (i = 0; i < 8; i++) butterfly(x, i, i + 8, i);
}

// Row and column, row * columns + column, of the first point of an item: `left` bits of the row are
// still to be transformed and `bits` are now. Transformed digits are the row's upper ones, the
// first on top; with `stored` the row is the one that the step, the last, gives instead.
NC_FN uint item_at(NC_TAKE(nc_push, p) uint item, uint left, uint bits, uint by_rows, bool stored) {
    uint log2_columns = 11 - p.log2_rows, across = p.log2_rows - bits;
    uint row = by_rows != 0 ? low_bits_of(item, across) : item >> log2_columns;
    uint column = by_rows != 0 ? item >> across : low_bits_of(item, log2_columns);
    if (!stored) {
        uint digits = row >> (left - bits), below = low_bits_of(row, left - bits);
        if (p.log2_rows - left == 8) digits = low_bits_of(digits, 4) << 4 | digits >> 4;
        row = digits << left | below;
    }
    return row << log2_columns | column;
}

NC_KERNEL_4(gl_ntt, 128, 1, NC_IN(0, fe, from), NC_IO(1, fe, to), NC_IN(2, fe, twiddle),
            NC_IN(3, fe, shift)) {
    uint log2_columns = 11 - p.log2_rows, group = NC_GROUP_X, thread = NC_THREAD.x, e;
    uint low = low_bits_of(group, p.low_bits), high = group >> p.low_bits;
    uint first_column = low << log2_columns;
    nc_index in_at = (nc_index(NC_GROUP.y) << p.log2_n) + (nc_index(low) << p.in_low) +
                     (nc_index(high) << p.in_high);
    fe x[16];
    for (uint left = p.log2_rows;; left -= 4) {
        bool first = left == p.log2_rows, last = left <= 4;
        uint bits = last ? left : 4, mask = (1u << bits) - 1;
        uint by_rows = last ? p.out_by_rows : p.in_by_rows;
        uint at = item_at(NC_GIVE(p) thread, left, bits, by_rows, false);
        if (!first) NC_BARRIER();
        NC_UNROLL for (e = 0; e < 16; e++) { // row u of item thread + 128 (e >> bits)
            uint u = ((e & 1) << 3 | (e & 2) << 1 | (e & 4) >> 1 | (e & 8) >> 3) >> (4 - bits);
            uint i = at + item_at(NC_GIVE(p) e >> bits << 7, left, bits, by_rows, false);
            if (p.inverse != 0) u = (0 - u) & mask;
            i += u << (left - bits + log2_columns);
            uint row = i >> log2_columns, column = low_bits_of(i, log2_columns);
            x[e] = fe_make(0u, 0u);
            if (!first) {
                x[e] = tile[tile_at(i)];
            } else if (first_column + column < p.columns) {
                nc_index place =
                    in_at + (nc_index(row) << p.in_row) + (nc_index(column) << p.in_column);
                x[e] = from[place];
                uint power = low_bits_of(uint(place), p.log2_n);
                if (p.coset == 1)
                    x[e] = fe_mul(x[e], fe_mul(shift[power & 2047], shift[2048 + (power >> 11)]));
            }
        }
        small_transforms(x, bits);
        if (last) break;
        uint k = low_bits_of(at >> log2_columns, left - 4);
        NC_UNROLL for (e = 0; e < 16; e++) {
            if (e > 0) x[e] = fe_mul(x[e], twiddle[(1u << left) - 32 + (e << (left - 4)) + k]);
            tile[tile_at(at + (e << (left - 4 + log2_columns)))] = x[e];
        }
    }
    uint bits = low_bits_of(p.log2_rows - 1, 2) + 1; // of the last step
    if (p.log2_rows == 0) bits = 0;
    uint at = item_at(NC_GIVE(p) thread, bits, bits, p.out_by_rows, true);
    high = low_bits_of(high, p.log2_third) << p.log2_second | high >> p.log2_third;
    nc_index out_at = (nc_index(NC_GROUP.y) << p.log2_n) + (nc_index(low) << p.out_low) +
                      (nc_index(high) << p.out_high);
    fe factor = fe_make(p.factor_low, p.factor_high), power = factor, ratio = factor;
    if (p.outer != 0)
        ratio = twiddle[p.outer + 16 * p.columns + first_column + low_bits_of(at, log2_columns)];
    NC_UNROLL for (e = 0; e < 16; e++) {
        uint u = low_bits_of(e, bits);
        uint i = at + item_at(NC_GIVE(p) e >> bits << 7, bits, bits, p.out_by_rows, true);
        uint row = i >> log2_columns, column = low_bits_of(i, log2_columns);
        if (p.outer != 0) { // row + 16 u times column
            if (u == 0)
                power = twiddle[p.outer + row * p.columns + first_column + column];
            else
                power = fe_mul(power, ratio);
            x[e] = fe_mul(x[e], power);
        } else if (p.scaled != 0) {
            x[e] = fe_mul(x[e], factor);
        }
        row += u << (p.log2_rows - bits);
        if (first_column + column >= p.columns) continue;
        nc_index place = out_at + (nc_index(row) << p.out_row) + (nc_index(column) << p.out_column);
        uint j = low_bits_of(uint(place), p.log2_n);
        if (p.coset == 2) x[e] = fe_mul(x[e], fe_mul(shift[j & 2047], shift[2048 + (j >> 11)]));
        to[place] = x[e];
    }
}
