// Integer sums of nc_axx_conv2d: a thread computes one (image, output channel, height, width); a
// padded place is the operand 0. Twin of shaders/axx_conv2d.comp.
#include "nc_math.cuh"

struct axx_conv2d_push {
    unsigned count, in_channels, height, width; // channels of a group
    unsigned out_channels, out_of_group, out_h, out_w;
    unsigned kernel_h, kernel_w, stride_h, stride_w;
    unsigned padding_h, padding_w, dilation_h, dilation_w;
    unsigned groups;
    int offset;
};

extern "C" __global__ void axx_conv2d(const unsigned *table, const unsigned *x, const unsigned *w,
                                      int *sums, axx_conv2d_push p) {
    unsigned index = (blockIdx.y * gridDim.x + blockIdx.x) * 64 + threadIdx.x;
    if (index >= p.count) return;
    unsigned ow = index % p.out_w, oh = index / p.out_w % p.out_h;
    unsigned o = index / (p.out_w * p.out_h) % p.out_channels;
    unsigned image = index / (p.out_w * p.out_h * p.out_channels);
    unsigned channel = (image * p.groups + o / p.out_of_group) * p.in_channels;
    unsigned tap = o * p.in_channels * p.kernel_h * p.kernel_w;
    unsigned sum = 0;
    for (unsigned c = 0; c < p.in_channels; c++)
        for (unsigned i = 0; i < p.kernel_h; i++)
            for (unsigned j = 0; j < p.kernel_w; j++, tap++) {
                unsigned h = oh * p.stride_h + i * p.dilation_h - p.padding_h;
                unsigned v = ow * p.stride_w + j * p.dilation_w - p.padding_w;
                unsigned a = 0, b = w[tap / 4] >> (tap % 4 * 8) & 255u;
                if (h < p.height && v < p.width) { // below 0 they are beyond as well
                    unsigned at = ((channel + c) * p.height + h) * p.width + v;
                    a = x[at / 4] >> (at % 4 * 8) & 255u;
                }
                sum += table[(a << 8 | b) >> 1] >> (b % 2 * 16) & 65535u;
            }
    sums[index] = (int)(sum + (unsigned)p.offset);
}
