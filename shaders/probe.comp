#version 450
#extension GL_GOOGLE_include_directive : require
// Arithmetic of the device on triples x[3i..3i+2]: fma, sum, product, quotient, root.
#include "nc_math.glsl"

layout(local_size_x = 64) in;
layout(std430, set = 0, binding = 0) readonly buffer X { float x[]; };
layout(std430, set = 0, binding = 1) writeonly buffer Y { float y[]; };
layout(push_constant) uniform Push { uint count; }
p;

void main() {
    uint i = gl_GlobalInvocationID.x;
    if (i >= p.count) return;
    float a = x[3 * i], b = x[3 * i + 1], c = x[3 * i + 2];
    precise float sum = a + b;
    precise float product = a * b;
    precise float quotient = a / b;
    precise float root = sqrt(abs(a));
    y[5 * i] = nc_fma(a, b, c);
    y[5 * i + 1] = sum;
    y[5 * i + 2] = product;
    y[5 * i + 3] = quotient;
    y[5 * i + 4] = root;
}
