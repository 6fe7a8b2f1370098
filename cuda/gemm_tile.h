// C = op(A) op(B), or += with ACCUMULATE, as nc_hlx_gemm; then times the scale, plus a bias (from
// B's buffer) and a residual (from C's, with C's stride), where asked for, rounded to bfloat16 with
// ROUND, and either the activation of the result beside it, rounded too, or the result times the
// activation's slope at what stands beside it. With FROM_X or FROM_Y the groups before do another
// product that shares two operands, a layer's backward pass: W = x^T y, += with ADD, of n or k
// columns, and with SUMS the bias += the column sums of y; then C = x z or C = y op(z). Without
// these flags A is x and B is z. Matrix z of a batch is head z mod heads of window z / heads; every
// matrix has an offset, a row stride and two batch strides.
//   A group owns NC_TILE x NC_TILE elements of C, a thread NC_ROWS x NC_COLUMNS of them, and each
// walks k in ascending order, one fma a step: the tile decides about speed alone. NC_DEPTH steps of
// k stand in shared memory while the next are on their way in registers. Steps behind the last are
// +0 in A and -0 in B: fma(+0, -0, c) and c + -0 are c, for -0 too. Columns stand in shared memory
// in an order in which a thread's four of each run are neighbours.
#include "nc_kernel.h"

NC_PUSH {
    uint m, n, k, flags, heads;
    uint off_x, ld_x, window_x, head_x, off_y, ld_y, window_y, head_y;
    uint off_z, ld_z, window_z, head_z, off_w, ld_w, window_w, head_w;
    uint off_c, ld_c, window_c, head_c;
    float scale;
    uint activation, off_bias, off_residual, off_beside;
}
NC_P;

const uint TRANS_A = 1, TRANS_B = 2, ACCUMULATE = 4, SCALED = 8, BIAS = 16, RESIDUAL = 32;
const uint ACTIVATED = 64, SLOPE = 128, FROM_X = 256, FROM_Y = 512, ADD = 1024, SUMS = 2048;
const uint ROUND = 4096;
#include "bf16.h"

#define NC_X (NC_TILE / NC_COLUMNS)            // threads along a row of the tile
#define NC_Y (NC_TILE / NC_ROWS)               // and along a column
#define NC_ALL (NC_X * NC_Y)                   // of a group
#define NC_LOADS (NC_DEPTH * NC_TILE / NC_ALL) // of each operand, a thread
#define NC_PITCH (NC_TILE + 4)                 // of a step in shared memory
#define NC_STAGE (NC_DEPTH * NC_PITCH)         // of an operand there
#define NC_STEPS (NC_ALL / NC_TILE)            // of k between a thread's loads that lie along the
#define NC_LINES (NC_ALL / NC_DEPTH)           // tile; lines between those that lie along k
#define NC_RUN (4 * NC_X / NC_LINES)           // loads along k in a run of 4 NC_X columns
// Row and column of a thread's element; where a column of the tile stands in shared memory, and
// which column stands at a place.
#define NC_ROW(i) ((i) / 4 * (4 * NC_Y) + t / NC_X * 4 + (i) % 4)
#define NC_COLUMN(j) ((j) / 4 * (4 * NC_X) + (j) % 4 * NC_X + t % NC_X)
#define NC_PLACE(q) ((q) / (4 * NC_X) * (4 * NC_X) + (q) % NC_X * 4 + (q) % (4 * NC_X) / NC_X)
#define NC_AT(l) ((l) / (4 * NC_X) * (4 * NC_X) + (l) % 4 * NC_X + (l) % (4 * NC_X) / 4)

#ifdef NC_AT_ONCE // groups on a multiprocessor, for which registers must do
#undef NC_BOUNDS
#define NC_BOUNDS __launch_bounds__(NC_ALL, NC_AT_ONCE)
#endif

NC_SHARED float4 tile[NC_STAGE]; // two turns of A, two of B

NC_KERNEL_4(NC_GEMM, NC_ALL, 1, NC_IN(0, float, a), NC_IN(1, float, b), NC_IO(2, float, c),
            NC_IO(3, float, d)) {
    uint t = NC_THREAD.x, number = NC_GROUP.y * NC_GROUPS.x + NC_GROUP.x, turn = 0, i, j, r, s;
    uint window = NC_GROUP.z / p.heads, head = NC_GROUP.z % p.heads, m = p.m, n = p.n, k = p.k;
    bool from_y = (p.flags & FROM_Y) != 0, first = false;
    if ((p.flags & (FROM_X | FROM_Y)) != 0) {
        uint rows = from_y ? n : k, columns = from_y ? k : n;
        uint groups = (rows + NC_TILE - 1) / NC_TILE * ((columns + NC_TILE - 1) / NC_TILE);
        first = number < groups;
        if (first) {
            k = m, m = rows, n = columns;
        } else {
            number -= groups;
        }
    }
    uint wide = (n + NC_TILE - 1) / NC_TILE;
    uint row0 = number / wide * NC_TILE, column0 = number % wide * NC_TILE;
    if (row0 >= m) return;

    // Each operand lies along k, or along the tile. A thread's loads of a stage are each_ apart, of
    // a B along k in runs with a jump between them; the next stage is ahead_ further.
    bool a_y = from_y && !first, a_tile = first || (p.flags & TRANS_A) != 0;
    bool b_tile = first || (p.flags & TRANS_B) == 0;
    uint lda = a_y ? p.ld_y : p.ld_x, ldb = first ? p.ld_y : p.ld_z, ldc = first ? p.ld_w : p.ld_c;
    uint at_x = p.off_x + window * p.window_x + head * p.head_x;
    uint at_y = p.off_y + window * p.window_y + head * p.head_y;
    uint at_z = p.off_z + window * p.window_z + head * p.head_z;
    uint at_c = window * (first ? p.window_w : p.window_c) + head * (first ? p.head_w : p.head_c);
    uint off_c = first ? p.off_w : p.off_c;
    uint row = a_tile ? t % NC_TILE : t / NC_DEPTH, k_a = a_tile ? t / NC_TILE : t % NC_DEPTH;
    uint column = b_tile ? t % NC_TILE : NC_AT(t / NC_DEPTH);
    uint k_b = b_tile ? t / NC_TILE : t % NC_DEPTH;
    uint from_a =
        (a_y ? at_y : at_x) + (a_tile ? k_a * lda + row0 + row : (row0 + row) * lda + k_a);
    uint from_b = (first ? at_y : at_z) +
                  (b_tile ? k_b * ldb + column0 + column : (column0 + column) * ldb + k_b);
    uint each_a = (a_tile ? NC_STEPS : NC_LINES) * lda;
    uint ahead_a = a_tile ? NC_DEPTH * lda : NC_DEPTH;
    uint each_b = (b_tile ? NC_STEPS : NC_LINES / 4) * ldb, jump_b = b_tile ? 0 : 3 * NC_X * ldb;
    uint ahead_b = b_tile ? NC_DEPTH * ldb : NC_DEPTH;
    uint place_a = k_a * NC_PITCH + row, put_a = a_tile ? NC_STEPS * NC_PITCH : NC_LINES;
    uint place_b = k_b * NC_PITCH + (b_tile ? NC_PLACE(column) : t / NC_DEPTH);
    uint put_b = b_tile ? NC_STEPS * NC_PITCH : NC_LINES;
    bool inner = row0 + NC_TILE <= m && column0 + NC_TILE <= n;

    float sum[NC_ROWS][NC_COLUMNS], next_a[NC_LOADS], next_b[NC_LOADS];
    bool adds = (p.flags & (first ? ADD : ACCUMULATE)) != 0;
    NC_UNROLL for (i = 0; i < NC_ROWS; i++) NC_UNROLL for (j = 0; j < NC_COLUMNS; j++) {
        uint y = row0 + NC_ROW(i), x = column0 + NC_COLUMN(j), at = off_c + at_c + y * ldc + x;
        sum[i][j] = 0.0f;
        if (adds && y < m && x < n) {
            if (first)
                sum[i][j] = c[at];
            else
                sum[i][j] = d[at];
        }
    }
    // Thread t has the sums of the column that stands at t.
    uint summed = column0 + NC_AT(t);
    bool sums = first && (p.flags & SUMS) != 0 && row0 == 0 && t < NC_TILE;
    float beta = sums && summed < n ? c[p.off_bias + summed] : 0.0f;

    for (uint k0 = 0;; k0 += NC_DEPTH) {
        if (inner && k0 + NC_DEPTH <= k) {
            uint at = from_a;
            NC_UNROLL for (i = 0; i < NC_LOADS; i++) {
                next_a[i] = a[at];
                at += each_a;
            }
            at = from_b;
            NC_UNROLL for (i = 0; i < NC_LOADS; i++) {
                if (first)
                    next_b[i] = a[at];
                else
                    next_b[i] = b[at];
                at += each_b;
                if (i % NC_RUN == NC_RUN - 1) at += jump_b;
            }
        } else {
            uint at = from_a;
            NC_UNROLL for (i = 0; i < NC_LOADS; i++) {
                next_a[i] = 0.0f;
                if (row0 + row + (a_tile ? 0 : i * NC_LINES) < m &&
                    k0 + k_a + (a_tile ? i * NC_STEPS : 0) < k)
                    next_a[i] = a[at];
                at += each_a;
            }
            at = from_b;
            NC_UNROLL for (i = 0; i < NC_LOADS; i++) {
                uint apart = i / NC_RUN * (4 * NC_X) + i % NC_RUN * (NC_LINES / 4);
                next_b[i] = -0.0f;
                if (column0 + column + (b_tile ? 0 : apart) < n &&
                    k0 + k_b + (b_tile ? i * NC_STEPS : 0) < k) {
                    if (first)
                        next_b[i] = a[at];
                    else
                        next_b[i] = b[at];
                }
                at += each_b;
                if (i % NC_RUN == NC_RUN - 1) at += jump_b;
            }
        }
        if (k0 > 0) {
            uint at_a = (1 - turn) * (NC_STAGE / 4) + t / NC_X;
            uint at_b = (3 - turn) * (NC_STAGE / 4) + t % NC_X;
            NC_UNROLL for (s = 0; s < NC_DEPTH; s++) {
                float4 va[NC_ROWS / 4], vb[NC_COLUMNS / 4];
                NC_UNROLL for (i = 0; i < NC_ROWS / 4; i++) va[i] =
                    tile[at_a + s * (NC_PITCH / 4) + i * NC_Y];
                NC_UNROLL for (j = 0; j < NC_COLUMNS / 4; j++) vb[j] =
                    tile[at_b + s * (NC_PITCH / 4) + j * NC_X];
                NC_UNROLL for (i = 0; i < NC_ROWS; i++) NC_UNROLL for (j = 0; j < NC_COLUMNS; j++)
                    sum[i][j] =
                        nc_fma(nc_part(va[i / 4], i % 4), nc_part(vb[j / 4], j % 4), sum[i][j]);
            }
            if (sums) {
                NC_UNROLL for (s = 0; s < NC_DEPTH; s++) beta =
                    nc_add(beta, nc_get(tile, (3 - turn) * NC_STAGE + s * NC_PITCH + t));
            }
        }
        if (k0 >= k) break;
        uint to_a = turn * NC_STAGE + place_a, to_b = (2 + turn) * NC_STAGE + place_b;
        NC_UNROLL for (i = 0; i < NC_LOADS; i++) {
            nc_put(tile, to_a, next_a[i]);
            nc_put(tile, to_b, next_b[i]);
            to_a += put_a, to_b += put_b;
        }
        from_a += ahead_a, from_b += ahead_b;
        NC_BARRIER();
        turn = 1 - turn;
    }
    if (sums && summed < n) c[p.off_bias + summed] = beta;

    bool beside = !first && (p.flags & (ACTIVATED | SLOPE)) != 0;
    if (beside) NC_BARRIER(); // the tiles have been read: each thread has places of its own there
    NC_UNROLL for (r = 0; r < NC_ROWS; r += 4) {
        NC_UNROLL for (i = 0; i < 4; i++) NC_UNROLL for (j = 0; j < NC_COLUMNS; j++) {
            uint y = row0 + NC_ROW(r + i), x = column0 + NC_COLUMN(j), at = at_c + y * ldc + x;
            float v = sum[r + i][j];
            if (y < m && x < n) {
                if (first) {
                    c[off_c + at] = v;
                } else {
                    if ((p.flags & SCALED) != 0) v = nc_mul(v, p.scale);
                    if ((p.flags & BIAS) != 0) v = nc_add(v, b[p.off_bias + x]);
                    if ((p.flags & RESIDUAL) != 0) v = nc_add(v, d[p.off_residual + at]);
                    if ((p.flags & ROUND) != 0) v = nc_float(round_bf16(nc_bits(v)));
                    if ((p.flags & SLOPE) == 0) d[off_c + at] = v;
                }
            }
            if (beside) nc_put(tile, (i * NC_COLUMNS + j) * NC_ALL + t, v);
        }
        if (!beside) continue;
        NC_LOOP for (i = 0; i < 4 * NC_COLUMNS; i++) {
            uint y = row0 + NC_ROW(r + i / NC_COLUMNS), x = column0 + NC_COLUMN(i % NC_COLUMNS);
            uint at = at_c + y * ldc + x;
            float v = nc_get(tile, i * NC_ALL + t);
            if (y >= m || x >= n) continue;
            if ((p.flags & SLOPE) != 0) {
                d[off_c + at] = nc_mul(v, nc_slope(p.activation, d[p.off_beside + at]));
            } else {
                v = nc_activate(p.activation, v);
                if ((p.flags & ROUND) != 0) v = nc_float(round_bf16(nc_bits(v)));
                d[p.off_beside + at] = v;
            }
        }
    }
}

#ifdef NC_AT_ONCE
#undef NC_AT_ONCE
#undef NC_BOUNDS
#define NC_BOUNDS
#endif
#undef NC_X
#undef NC_Y
#undef NC_ALL
#undef NC_LOADS
#undef NC_PITCH
#undef NC_STAGE
#undef NC_STEPS
#undef NC_LINES
#undef NC_RUN
#undef NC_ROW
#undef NC_COLUMN
#undef NC_PLACE
#undef NC_AT
#undef NC_GEMM
#undef NC_TILE
#undef NC_ROWS
#undef NC_COLUMNS
#undef NC_DEPTH
