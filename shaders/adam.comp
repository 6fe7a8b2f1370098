#version 450
#extension GL_GOOGLE_include_directive : require
// AdamW on count parameters at `first` of the state: parameters, gradients, m, v lie `total` apart.
// control: lr, beta1, beta2, eps, 1 - beta1, 1 - beta2, correction 1 and 2, clip norm, and the
// squared gradient norm.
#include "nc_math.glsl"

layout(local_size_x = 256) in;
layout(std430, set = 0, binding = 0) buffer B0 { float s[]; };
layout(std430, set = 0, binding = 1) readonly buffer B1 { float control[]; };
layout(push_constant) uniform Push {
    uint count, first, total;
    float decay;
}
p;

void main() {
    uint i =
        (gl_WorkGroupID.y * gl_NumWorkGroups.x + gl_WorkGroupID.x) * 256 + gl_LocalInvocationID.x;
    if (i >= p.count) return;
    uint at = p.first + i, at_g = at + p.total, at_m = at_g + p.total, at_v = at_m + p.total;
    float norm = nc_sqrt(control[9]), clip = control[8];
    float scale = clip > 0.0f && norm > clip ? nc_div(clip, norm) : 1.0f;
    float grad = nc_mul(s[at_g], scale),
          mean = nc_fma(control[1], s[at_m], nc_mul(control[4], grad));
    float square = nc_fma(control[2], s[at_v], nc_mul(nc_mul(control[5], grad), grad));
    float root = nc_add(nc_sqrt(nc_div(square, control[7])), control[3]);
    float step_ = nc_div(nc_div(mean, control[6]), root);
    s[at_m] = mean;
    s[at_v] = square;
    s[at] = nc_fma(-control[0], nc_fma(p.decay, s[at], step_), s[at]);
}
