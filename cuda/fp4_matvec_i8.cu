// y = W x for 4-bit weights E2M1 and signed bytes x, as nc_fp4_matvec_i8 before its last product:
// exact sums of twice the weights in each block, half of them times the block's scale in a chain of
// fused multiply-adds. 16 rows of W a group; codes and scales lie as fp4_tile.h says.
//   A span is four parts of 128 columns. Four threads bring a row's codes; of each part every one
// then sums 32 columns of the row, one block or two, and one thread of each row takes the blocks in
// order.
#include "nc_kernel.h"

NC_PUSH {
    uint rows, parts, halves, blocks;
} // parts, blocks of a row; of 16 columns if halves is 2
NC_P;

NC_SHARED float scale_of[256];
NC_SHARED uint4 codes_of[4 * 16 * 5], x_of[32]; // [part][row][thread, one more], [four words]
NC_SHARED float sum_of[16][33], by[16][33];     // [row][block]

// Twice the values of four codes without their signs, and again of the negative ones alone.
NC_FN void nc_decode(uint codes, NC_REF(uint) sizes, NC_REF(uint) negative) {
#ifdef VULKAN
    uint c = ((codes & 0xFFFFu) | codes << 8) & 0x00FF00FFu;
    c = (c | c << 4) & 0x0F0F0F0Fu;
    uint q = c & (c >> 2 & 0x01010101u) * 3u; // 0 1 2 3 4 6 8 12: of 4 and up, by the lower bits
    sizes = (c & 0x07070707u) + q + ((q & q >> 1 & 0x01010101u) << 1);
    negative = sizes & (c >> 3 & 0x01010101u) * 255u;
#else
    sizes = __byte_perm(0x03020100u, 0x0C080604u, codes & 0x7777u);
    negative = sizes & __byte_perm(0x80808080u, 0, codes & 0x8888u); // 0xFF, or 0x80
#endif
}

NC_KERNEL_4(fp4_matvec_i8, 64, 1, NC_IN(0, uint4, codes), NC_IN(1, uint, scales), NC_IN(2, uint, x),
            NC_OUT(3, float, y)) {
    uint t = NC_THREAD.x, l = t % 4, in_group = t / 4, row = NC_GROUP_X * 16 + in_group;
    uint step = 8 * p.halves, from = row / 8 * p.parts * 32 + t % 32;
    uint own = 16 + 256 + row / 8 * p.parts * step + row % 8 * p.halves;
    uint next_x[2], next_scale[4][2], scale[4][2], first, g, h, i;
    uint4 next[4];
    float sum = 0.0f;
    if (NC_GROUP_X * 16 >= p.rows) return;
    for (i = t; i < 256; i += 64) scale_of[i] = nc_float(scales[16 + i]);
    for (first = 0; first < p.parts + 4; first += 4) {
        NC_UNROLL for (g = 0; g < 4; g++) {
            if (first > 0) codes_of[(g * 16 + in_group) * 5 + l] = next[g];
            NC_UNROLL for (h = 0; h < 2; h++) scale[g][h] = next_scale[g][h];
        }
        NC_UNROLL for (i = 0; i < 2; i++) {
            if (first > 0) nc_word(x_of, t + 64 * i) = next_x[i];
        }
        NC_BARRIER();
        NC_UNROLL for (g = 0; g < 4; g++) {
            bool inside = first + g < p.parts;
            next[g] = make_uint4(0, 0, 0, 0);
            if (inside) next[g] = codes[from + (first + g) * 32];
            NC_UNROLL for (h = 0; h < 2; h++) next_scale[g][h] =
                inside && h < p.halves ? scales[own + (first + g) * step + h] : 0;
        }
        NC_UNROLL for (i = 0; i < 2; i++) next_x[i] =
            first < p.parts ? x[first * 32 + t + 64 * i] : 0;
        if (first == 0) continue;
        NC_UNROLL for (g = 0; g < 4; g++) { // columns 32 l .. of part g
            uint sums[2], size, negative, two = 0;
            NC_UNROLL for (h = 0; h < 2; h++) {
                uint plus = 0, minus = 0;
                uint4 values = x_of[g * 8 + l * 2 + h];
                NC_UNROLL for (i = 0; i < 2; i++) {
                    uint word = nc_word(codes_of, ((g * 16 + in_group) * 5 + h * 2 + i) * 4 + l);
                    nc_decode(word, size, negative);
                    plus = nc_dot4(size, nc_part(values, 2 * i), plus);
                    minus = nc_dot4(negative, nc_part(values, 2 * i), minus);
                    nc_decode(word >> 16, size, negative);
                    plus = nc_dot4(size, nc_part(values, 2 * i + 1), plus);
                    minus = nc_dot4(negative, nc_part(values, 2 * i + 1), minus);
                }
                sums[h] = plus - 2 * minus;
            }
            two = sums[0] + sums[1];
            NC_UNROLL for (h = 0; h < 2; h++) {
                uint block = (g * 4 + l) * p.halves + h;
                if (h < p.halves) {
                    sum_of[in_group][block] =
                        nc_mul(float(int(p.halves > 1 ? sums[h] : two)), 0.5f);
                    by[in_group][block] = scale_of[scale[g][h] >> l * 8 & 255u];
                }
            }
        }
        NC_BARRIER();
        if (t < 16) {
            uint blocks = min(p.blocks - (first - 4) * 4 * p.halves, 16 * p.halves);
            NC_LOOP for (i = 0; i < blocks; i++) sum = nc_fma(sum_of[t][i], by[t][i], sum);
        }
    }
    if (t < 16 && NC_GROUP_X * 16 + t < p.rows) y[NC_GROUP_X * 16 + t] = sum;
}
