// Products of 4-bit weights with four vectors at a time: fp4_tile.h, which says what is computed.
#define NC_FP4 fp4_matmul_4
#define NC_VECTORS 4
#define NC_PARTS 2
#include "fp4_tile.h"
