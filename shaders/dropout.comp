#version 450
#extension GL_GOOGLE_include_directive : require
// Dropout as nc_hlx_dropout: element i belongs to counter first + i of the stream that the control
// buffer and the place name (words 11 to 14: seed and stream, low and high).
#include "nc_math.glsl"

layout(local_size_x = 256) in;
layout(std430, set = 0, binding = 0) buffer B0 { float x[]; };
layout(std430, set = 0, binding = 1) readonly buffer B1 { uint control[]; };
layout(push_constant) uniform Push {
    uint count, off_in, off_out, first_low, first_high, place, threshold;
    float scale;
}
p;

void main() {
    uint i =
        (gl_WorkGroupID.y * gl_NumWorkGroups.x + gl_WorkGroupID.x) * 256 + gl_LocalInvocationID.x;
    if (i >= p.count) return;
    uint low = p.first_low + i, high = p.first_high + (low < i ? 1 : 0), word = low & 3;
    uint k0 = control[11], k1 = control[12];
    uvec4 c = uvec4(low >> 2 | high << 30, high >> 2, control[13] | p.place, control[14]);
    for (uint round_ = 0; round_ < 10; round_++) {
        uint a_high, a_low, b_high, b_low;
        umulExtended(0xD2511F53u, c.x, a_high, a_low);
        umulExtended(0xCD9E8D57u, c.z, b_high, b_low);
        c = uvec4(b_high ^ c.y ^ k0, b_low, a_high ^ c.w ^ k1, a_low);
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    uint drawn = word == 0 ? c.x : word == 1 ? c.y : word == 2 ? c.z : c.w;
    x[p.off_out + i] = drawn >= p.threshold ? nc_mul(x[p.off_in + i], p.scale) : 0.0f;
}
