// Poseidon2 on states of 12 elements: cuda/poseidon2.h.
#define NC_FIELD
#define NC_POSEIDON2 gl_poseidon2_12
#define NC_WIDTH 12
#include "poseidon2.h"
