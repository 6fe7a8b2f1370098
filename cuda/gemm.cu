// Products of matrices in tiles of 64 x 64: gemm_tile.h, which says what is computed.
#define NC_GEMM gemm
#define NC_TILE 64
#define NC_ROWS 8
#define NC_COLUMNS 4
#define NC_DEPTH 16
#include "gemm_tile.h"
