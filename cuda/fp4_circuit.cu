// The bit-sliced program of nc_fp4.h: each thread runs all steps on its word of 32 cases. Operands
// 0 .. inputs - 1 are inputs, then outputs, then temporaries, `words` words each; a step has its
// result's operand, three operands and a truth table.
#include "nc_kernel.h"

NC_PUSH { uint steps, words; }
NC_P;

// Bit i of the mask, everywhere.
NC_FN uint spread(uint normal_form, uint i) { return 0u - (normal_form >> i & 1u); }

NC_KERNEL_2(fp4_circuit, 64, 1, NC_IN(0, uint, step_), NC_IO(1, uint, wire)) {
    uint at = NC_GROUP_X * 64 + NC_THREAD.x;
    if (at >= p.words) return;
    for (uint s = 0; s < p.steps; s++) {
        uint a = wire[nc_index(step_[5 * s + 1]) * p.words + at],
             b = wire[nc_index(step_[5 * s + 2]) * p.words + at];
        uint c = wire[nc_index(step_[5 * s + 3]) * p.words + at], t = step_[5 * s + 4], ab = a & b;
        t ^= (t & 0x55u) << 1; // to the algebraic normal form
        t ^= (t & 0x33u) << 2;
        t ^= (t & 0x0Fu) << 4;
        wire[nc_index(step_[5 * s]) * p.words + at] =
            spread(t, 0) ^ (a & spread(t, 1)) ^ (b & spread(t, 2)) ^ (ab & spread(t, 3)) ^
            (c & (spread(t, 4) ^ (a & spread(t, 5)) ^ (b & spread(t, 6)) ^ (ab & spread(t, 7))));
    }
}
