// The bit-sliced program of nc_fp4.h: each thread runs all steps on its word of 32 cases. Twin of
// shaders/fp4_circuit.comp.
#include "nc_math.cuh"

struct fp4_circuit_push {
    unsigned steps, words;
};

// Bit i of the mask, everywhere.
static __device__ unsigned fp4_all(unsigned normal_form, unsigned i) {
    return 0u - (normal_form >> i & 1u);
}

extern "C" __global__ void fp4_circuit(const unsigned *step, unsigned *wire, fp4_circuit_push p) {
    unsigned at = (blockIdx.y * gridDim.x + blockIdx.x) * 64 + threadIdx.x;
    if (at >= p.words) return;
    for (unsigned s = 0; s < p.steps; s++, step += 5) {
        unsigned a = wire[(size_t)step[1] * p.words + at], b = wire[(size_t)step[2] * p.words + at];
        unsigned c = wire[(size_t)step[3] * p.words + at], t = step[4], ab = a & b;
        t ^= (t & 0x55u) << 1; // to the algebraic normal form
        t ^= (t & 0x33u) << 2;
        t ^= (t & 0x0Fu) << 4;
        wire[(size_t)step[0] * p.words + at] =
            fp4_all(t, 0) ^ (a & fp4_all(t, 1)) ^ (b & fp4_all(t, 2)) ^ (ab & fp4_all(t, 3)) ^
            (c &
             (fp4_all(t, 4) ^ (a & fp4_all(t, 5)) ^ (b & fp4_all(t, 6)) ^ (ab & fp4_all(t, 7))));
    }
}
