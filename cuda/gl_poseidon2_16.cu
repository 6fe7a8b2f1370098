// Poseidon2 on states of 16 elements: cuda/poseidon2.h.
#define NC_FIELD
#define NC_POSEIDON2 gl_poseidon2_16
#define NC_WIDTH 16
#include "poseidon2.h"
