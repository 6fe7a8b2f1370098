// trident's Poseidon2: cuda/poseidon2.h.
#define NC_FIELD
#define NC_POSEIDON2 gl_trident
#define NC_WIDTH 8
#define NC_TRIDENT
#include "poseidon2.h"
