// What the kernels of nc_hlx_flash_attention share. A group of 128 threads owns 64 rows (queries, or
// keys) and goes over 32 others a step: two products, of rows with rows and of weights with rows, each a
// chain of fused multiply-adds in ascending order. Thread t has the rows 4 (t / 8) + i, the others
// t % 8 + 8 j and, of 64 columns, t % 8 + 8 j. Of each half of the rows, 32 of them, the threads are
// whole warps, so that a half can skip a step. 16 KiB of shared memory, which every device has.
//   Included behind NC_P; flash_products.h, behind the kernel, has the bodies.
const uint ROWS = 64;         // of a group
const uint OTHERS = 32;       // a step, which rescales in the forward pass
const uint DEPTH = 16;        // columns, or others, in shared memory at a time
const uint PITCH = ROWS + 4;  // of ROWS or 64 columns there
const uint ROWS_STAGE = 1088; // DEPTH * PITCH: where the others stand behind the rows

NC_SHARED float stage[1664];  // [DEPTH][PITCH], then [DEPTH][OTHERS + 4]
NC_SHARED float weight[2176]; // [OTHERS][PITCH]: of an other and a row

// sum[i][j] = the product of row i, of those from x[a] on, and other j, from x[b] on, over n columns;
// a half that does not see them is left out. Barriers: one when all have read what it brought.
NC_FN void product(NC_TAKE(const float *, x) uint a, uint lda, uint rows, uint b, uint ldb,
                   uint others, uint n, bool sees, NC_INOUT float sum[4][4]);

// sum[i][j] += weight[other][row i] times column j of the first 64, or n if that is less, of the others
// from x[b] on. What was written to weight before is seen, and read when it returns; weights of others
// behind the last are -0.
NC_FN void accumulate(NC_TAKE(const float *, x) uint b, uint ldb, uint others, uint n, bool sees,
                      NC_INOUT float sum[4][8]);

// Whether a thread's row i is one of `rows` and its column j one of n.
NC_FN bool is_inside(uint i, uint rows, uint j, uint n) {
    return NC_THREAD.x / 8 * 4 + i < rows && NC_THREAD.x % 8 + 8 * j < n;
}
