// Products of matrices in tiles of 128 x 128: gemm_tile.h, which says what is computed.
#define NC_GEMM gemm_128
#define NC_TILE 128
#define NC_ROWS 8
#define NC_COLUMNS 8
#define NC_DEPTH 16
#define NC_AT_ONCE 2
#include "gemm_tile.h"
