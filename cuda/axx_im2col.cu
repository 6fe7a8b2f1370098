// The operands of a convolution as columns, for axx_gemm and axx_terms: words [z][word][column], of
// four places of k each, which are the channels of a group z and the places of the kernel in them.
// A thread makes one word of a column, which is one (image, height, width); a padded place is the
// operand 0. Bytes of x lie four to a word, without gaps.
#include "nc_kernel.h"

NC_PUSH {
    uint first, columns;          // of all columns, those that are made
    uint channels, height, width; // channels of a group
    uint out_h, out_w, k, kernel_h, kernel_w;
    uint stride_h, stride_w, padding_h, padding_w, dilation_h, dilation_w;
}
NC_P;

NC_KERNEL_2(axx_im2col, 128, 1, NC_IN(0, uint, x), NC_OUT(1, uint, words)) {
    uint c = NC_GROUP.x * 128 + NC_THREAD.x, z = NC_GROUP.z, at = p.first + c, word = 0, i;
    if (c >= p.columns) return;
    uint ow = at % p.out_w, oh = at / p.out_w % p.out_h, image = at / (p.out_w * p.out_h);
    NC_LOOP for (i = 0; i < 4; i++) {
        uint k = NC_GROUP.y * 4 + i, taps = p.kernel_h * p.kernel_w, tap = k % taps;
        uint channel = (image * NC_GROUPS.z + z) * p.channels + k / taps;
        uint h = oh * p.stride_h + tap / p.kernel_w * p.dilation_h - p.padding_h;
        uint v = ow * p.stride_w + tap % p.kernel_w * p.dilation_w - p.padding_w;
        if (k < p.k && h < p.height && v < p.width) { // below 0 they are beyond as well
            uint from = (channel * p.height + h) * p.width + v;
            word |= (x[from / 4] >> from % 4 * 8 & 255u) << i * 8;
        }
    }
    words[(nc_index(z) * NC_GROUPS.y + NC_GROUP.y) * p.columns + c] = word;
}
