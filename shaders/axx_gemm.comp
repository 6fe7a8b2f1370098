#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
// sums (batch x m x n) = over k of table[x][w]: x is m x k and w n x k bytes in rows of whole words,
// the table 65,536 16-bit entries above an offset, as nc_axx_gemm. A workgroup computes 16 x 16 sums
// (columns, rows, batch) from tiles of 16 words.
#include "nc_math.glsl"

layout(local_size_x = 16, local_size_y = 16) in;
layout(std430, set = 0, binding = 0) readonly buffer Table { uint table[]; }; // two entries a word
layout(std430, set = 0, binding = 1) readonly buffer X { uint x[]; };         // m x row_words
layout(std430, set = 0, binding = 2) readonly buffer W { uint w[]; };         // n x row_words
layout(std430, set = 0, binding = 3) writeonly buffer Sums { int sums[]; };
layout(push_constant) uniform Push {
    uint m, n, k, row_words, w_batch;
    int offset;
}
p;

shared uint rows[16][17], columns[16][17];

void main() {
    uint c = gl_LocalInvocationID.x, r = gl_LocalInvocationID.y, batch = gl_WorkGroupID.z;
    uint column = gl_WorkGroupID.x * 16 + c, row = gl_WorkGroupID.y * 16 + r;
    uint from_x = (batch * p.m + gl_WorkGroupID.y * 16 + r) * p.row_words;
    uint from_w = (batch * p.w_batch + gl_WorkGroupID.x * 16 + r) * p.row_words;
    uint sum = 0;
    [[dont_unroll]] for (uint first = 0; first < p.row_words; first += 16) {
        rows[r][c] = row < p.m && first + c < p.row_words ? x[from_x + first + c] : 0;
        columns[r][c] =
            gl_WorkGroupID.x * 16 + r < p.n && first + c < p.row_words ? w[from_w + first + c] : 0;
        barrier();
        uint last = min(p.k - 4 * first, 64u);
        [[dont_unroll]] for (uint i = 0; i < last; i++) {
            uint a = rows[r][i / 4] >> (i % 4 * 8) & 255u,
                 b = columns[c][i / 4] >> (i % 4 * 8) & 255u;
            sum += table[(a << 8 | b) >> 1] >> (b % 2 * 16) & 65535u;
        }
        barrier();
    }
    if (row < p.m && column < p.n) sums[(batch * p.m + row) * p.n + column] = int(sum) + p.offset;
}
