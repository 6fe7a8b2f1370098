// Dropout as nc_hlx_dropout: element i belongs to counter first + i of the stream that the control
// buffer and the place name (words 11 to 14: seed and stream, low and high). Twin of
// shaders/dropout.comp.
#include "nc_math.cuh"

struct dropout_push {
    unsigned count, off_in, off_out, first_low, first_high, place, threshold;
    float scale;
};

extern "C" __global__ void dropout(float *x, const unsigned *control, dropout_push p) {
    unsigned i = (blockIdx.y * gridDim.x + blockIdx.x) * 256 + threadIdx.x;
    if (i >= p.count) return;
    unsigned low = p.first_low + i, high = p.first_high + (low < i ? 1 : 0), word = low & 3;
    unsigned k0 = control[11], k1 = control[12];
    unsigned c0 = low >> 2 | high << 30, c1 = high >> 2, c2 = control[13] | p.place,
             c3 = control[14];
    for (unsigned round = 0; round < 10; round++) {
        unsigned a_high = __umulhi(0xD2511F53u, c0), a_low = 0xD2511F53u * c0;
        unsigned b_high = __umulhi(0xCD9E8D57u, c2), b_low = 0xCD9E8D57u * c2;
        c0 = b_high ^ c1 ^ k0;
        c1 = b_low;
        c2 = a_high ^ c3 ^ k1;
        c3 = a_low;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    unsigned drawn = word == 0 ? c0 : word == 1 ? c1 : word == 2 ? c2 : c3;
    x[p.off_out + i] = drawn >= p.threshold ? nc_mul(x[p.off_in + i], p.scale) : 0.0f;
}
