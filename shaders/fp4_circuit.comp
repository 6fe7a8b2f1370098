#version 450
#extension GL_GOOGLE_include_directive : require
// The bit-sliced program of nc_fp4.h: each invocation runs all steps on its word of 32 cases.
#include "nc_math.glsl"

layout(local_size_x = 64) in;
// operands 0 .. inputs - 1 are inputs, then outputs, then temporaries; a step has its result's
// operand, three operands and a truth table
layout(std430, set = 0, binding = 0) readonly buffer Steps { uint step_[]; };
layout(std430, set = 0, binding = 1) buffer Wires { uint wire[]; }; // operand x words
layout(push_constant) uniform Push { uint steps, words; }
p;

// Bit i of the mask, everywhere.
uint all(uint normal_form, uint i) { return 0u - (normal_form >> i & 1u); }

void main() {
    uint at =
        (gl_WorkGroupID.y * gl_NumWorkGroups.x + gl_WorkGroupID.x) * 64 + gl_LocalInvocationID.x;
    if (at >= p.words) return;
    for (uint s = 0; s < p.steps; s++) {
        uint a = wire[step_[5 * s + 1] * p.words + at], b = wire[step_[5 * s + 2] * p.words + at];
        uint c = wire[step_[5 * s + 3] * p.words + at], t = step_[5 * s + 4], ab = a & b;
        t ^= (t & 0x55u) << 1; // to the algebraic normal form
        t ^= (t & 0x33u) << 2;
        t ^= (t & 0x0Fu) << 4;
        wire[step_[5 * s] * p.words + at] =
            all(t, 0) ^ (a & all(t, 1)) ^ (b & all(t, 2)) ^ (ab & all(t, 3)) ^
            (c & (all(t, 4) ^ (a & all(t, 5)) ^ (b & all(t, 6)) ^ (ab & all(t, 7))));
    }
}
