// Products of 4-bit weights with one vector: fp4_tile.h, which says what is computed.
#define NC_FP4 fp4_matmul
#define NC_VECTORS 1
#define NC_PARTS 4
#include "fp4_tile.h"
