#version 450
#extension GL_GOOGLE_include_directive : require
// Y (n x rows) = X (n x columns) W^T for 4-bit weights, as nc_fp4_matmul: a workgroup computes one
// row (x) for one vector (y); each lane its chain of columns, then the tree.
#define NC_LANES
#include "nc_math.glsl"

layout(local_size_x = 32) in;
layout(std430, set = 0, binding = 0) readonly buffer Codes { uint codes[]; };   // rows x row_words
layout(std430, set = 0, binding = 1) readonly buffer Scales { float scale[]; }; // of 16 columns
layout(std430, set = 0, binding = 2) readonly buffer X { float x[]; };
layout(std430, set = 0, binding = 3) writeonly buffer Y { float y[]; };
layout(push_constant) uniform Push {
    uint rows, columns, row_words, row_scales;
    float table[16];
}
p;

void main() {
    uint lane = gl_LocalInvocationID.x, row = gl_WorkGroupID.x, v = gl_WorkGroupID.y;
    float sum = 0.0;
    for (uint c = lane; c < p.columns; c += 32) {
        uint code = codes[row * p.row_words + c / 8] >> (c % 8 * 4) & 15u;
        float weight = nc_mul(p.table[code], scale[row * p.row_scales + c / 16]);
        sum = nc_fma(weight, x[v * p.columns + c], sum);
    }
    sum = nc_tree(sum);
    if (lane == 0) y[v * p.rows + row] = sum;
}
