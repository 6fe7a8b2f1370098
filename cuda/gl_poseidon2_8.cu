// Poseidon2 on states of 8 elements: cuda/poseidon2.h.
#define NC_FIELD
#define NC_POSEIDON2 gl_poseidon2_8
#define NC_WIDTH 8
#include "poseidon2.h"
