// Integer sums of nc_axx_conv2d: a thread computes one (image, output channel, height, width); a
// padded place is the operand 0. Bytes of x and w lie four to a word, without gaps; the table has two
// entries a word.
#include "nc_kernel.h"

NC_PUSH {
    uint count, in_channels, height, width; // channels of a group
    uint out_channels, out_of_group, out_h, out_w;
    uint kernel_h, kernel_w, stride_h, stride_w;
    uint padding_h, padding_w, dilation_h, dilation_w;
    uint groups;
    int offset;
}
NC_P;

NC_KERNEL_4(axx_conv2d, 64, 1, NC_IN(0, uint, table), NC_IN(1, uint, x), NC_IN(2, uint, w),
            NC_OUT(3, int, sums)) {
    uint index = NC_GROUP_X * 64 + NC_THREAD.x;
    if (index >= p.count) return;
    uint ow = index % p.out_w, oh = index / p.out_w % p.out_h;
    uint o = index / (p.out_w * p.out_h) % p.out_channels;
    uint image = index / (p.out_w * p.out_h * p.out_channels);
    uint channel = (image * p.groups + o / p.out_of_group) * p.in_channels;
    uint tap = o * p.in_channels * p.kernel_h * p.kernel_w;
    uint sum = 0;
    NC_LOOP for (uint c = 0; c < p.in_channels; c++) NC_LOOP for (uint i = 0; i < p.kernel_h; i++)
        NC_LOOP for (uint j = 0; j < p.kernel_w; j++, tap++) {
        uint h = oh * p.stride_h + i * p.dilation_h - p.padding_h;
        uint v = ow * p.stride_w + j * p.dilation_w - p.padding_w;
        uint a = 0, b = w[tap / 4] >> (tap % 4 * 8) & 255u;
        if (h < p.height && v < p.width) { // below 0 they are beyond as well
            uint at = ((channel + c) * p.height + h) * p.width + v;
            a = x[at / 4] >> (at % 4 * 8) & 255u;
        }
        sum += table[(a << 8 | b) >> 1] >> (b % 2 * 16) & 65535u;
    }
    sums[index] = int(sum) + p.offset;
}
