// What the kernels of nc_hlx_attention share, for windows of up to 128 positions: a group of 4 x 32
// threads owns 32 rows (queries of one head) and all their keys. Thread (x, y) has the rows 8 y + i
// and the keys x + 32 j, so that a row is one of 32 lanes, as in softmax. 16 KiB of shared memory
// are enough, which every device has.
//   Included behind NC_P; attention_products.h, behind the kernel, has the body.
const uint ROWS = 32;       // of a group
const uint KEYS = 128;      // at most
const uint DEPTH = 16;      // columns, or keys, in shared memory at a time
const uint ROW_PITCH = 36;  // of ROWS there
const uint KEY_PITCH = 132; // of KEYS

NC_SHARED float4 tile[800]; // [DEPTH][ROW_PITCH], then [DEPTH][KEY_PITCH]

// sum[i][j] = row i, from x[a] on, times key j, from x[b] on, over n columns in ascending order.
// Ends with a barrier.
NC_FN void products(NC_TAKE(const float *, x) uint a, uint lda, uint rows, uint b, uint ldb,
                    uint keys, uint n, NC_INOUT float sum[8][4]);
