// Products of matrices in tiles of 32 x 32: gemm_tile.h, which says what is computed.
#define NC_GEMM gemm_32
#define NC_TILE 32
#define NC_ROWS 4
#define NC_COLUMNS 4
#define NC_DEPTH 16
#include "gemm_tile.h"
