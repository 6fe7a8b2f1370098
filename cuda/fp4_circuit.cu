// The bit-sliced program of nc_fp4.h: each thread runs all steps on its word of 32 cases. Operands
// 0 .. inputs - 1 are inputs, then outputs, then temporaries, of `words` words each in `wire`; of
// the temporaries the first 32 stay in shared memory. A step is three times 16 bytes: the operands
// of its result and of a, b, c, and its function's algebraic normal form, a mask for each of 1, a,
// b, ab, c, ac, bc, abc. 32 steps at a time come to shared memory.
#include "nc_kernel.h"

NC_PUSH { uint steps, words, temporaries; } // temporaries: the first one's operand
NC_P;

#define NC_KEPT 32
NC_SHARED uint4 step_of[3 * 32];
NC_SHARED uint kept[NC_KEPT * 64];

NC_KERNEL_2(fp4_circuit, 64, 1, NC_IN(0, uint4, steps), NC_IO(1, uint, wire)) {
    uint t = NC_THREAD.x, at = NC_GROUP_X * 64 + t, first, i, k;
    bool inside = at < p.words;
    NC_LOOP for (first = 0; first < p.steps; first += 32) {
        uint count = min(p.steps - first, 32u);
        for (i = t; i < 3 * count; i += 64) step_of[i] = steps[3 * first + i];
        NC_BARRIER();
        if (inside) {
            NC_LOOP for (i = 0; i < count; i++) {
                uint4 where = step_of[3 * i], low = step_of[3 * i + 1], high = step_of[3 * i + 2];
                uint value[4];
                NC_UNROLL for (k = 1; k < 4; k++) {
                    uint operand = nc_part(where, k), place = operand - p.temporaries;
                    if (operand >= p.temporaries && place < NC_KEPT)
                        value[k] = kept[place * 64 + t];
                    else
                        value[k] = wire[nc_index(operand) * p.words + at];
                }
                uint a = value[1], b = value[2], c = value[3], to = nc_part(where, 0);
                uint with_c = nc_part(high, 0) ^ (a & nc_part(high, 1)) ^
                              (b & (nc_part(high, 2) ^ (a & nc_part(high, 3))));
                uint result = nc_part(low, 0) ^ (a & nc_part(low, 1)) ^
                              (b & (nc_part(low, 2) ^ (a & nc_part(low, 3)))) ^ (c & with_c);
                if (to >= p.temporaries && to - p.temporaries < NC_KEPT)
                    kept[(to - p.temporaries) * 64 + t] = result;
                else
                    wire[nc_index(to) * p.words + at] = result;
            }
        }
        NC_BARRIER();
    }
}

#undef NC_KEPT
