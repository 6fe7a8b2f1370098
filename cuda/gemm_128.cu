// Products of matrices in tiles of 128 x 128: gemm_tile.h, which says what is computed.
#define NC_GEMM gemm_128
#define NC_TILE 128
#define NC_EACH 8
#define NC_DEPTH 16
#include "gemm_tile.h"
