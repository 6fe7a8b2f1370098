#version 450
#extension GL_GOOGLE_include_directive : require
// Gradients of both embeddings, no atomics. Workgroup g < rows: the g-th different token; its rows
// are order[start[g]] .. order[start[g + 1] - 1], ascending. Workgroup rows + t: position t. Each
// invocation owns columns and adds rows in ascending order.
#include "nc_math.glsl"

layout(local_size_x = 64) in;
layout(std430, set = 0, binding = 0) readonly buffer B0 { float x[]; };
layout(std430, set = 0, binding = 1) readonly buffer B1 { uint tokens[]; };
layout(std430, set = 0, binding = 2) buffer B2 { float g[]; };
layout(push_constant) uniform Push {
    uint rows, d, seq, off_dout, off_token, off_order, off_start, off_dwte, off_dwpe;
}
p;

void main() {
    uint group = gl_WorkGroupID.y * gl_NumWorkGroups.x + gl_WorkGroupID.x, i, j, to;
    if (group >= p.rows + p.seq) return;
    bool token = group < p.rows;
    uint first = token ? tokens[p.off_start + group] : group - p.rows;
    uint end = token ? tokens[p.off_start + group + 1] : p.rows, stride = token ? 1 : p.seq;
    if (first >= end) return;
    to = token ? p.off_dwte + tokens[p.off_token + tokens[p.off_order + first]] * p.d
               : p.off_dwpe + first * p.d;
    for (j = gl_LocalInvocationID.x; j < p.d; j += 64) {
        float sum = g[to + j];
        for (i = first; i < end; i += stride) {
            uint row = token ? tokens[p.off_order + i] : i;
            sum = nc_add(sum, x[p.off_dout + row * p.d + j]);
        }
        g[to + j] = sum;
    }
}
