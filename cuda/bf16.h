// The bits of a float32 rounded to the nearest bfloat16, ties to even; a NaN stays one.
NC_FN uint round_bf16(uint u) {
    uint rounded = u + 0x7FFFu + (u >> 16 & 1u);
    return ((u & 0x7FFFFFFFu) > 0x7F800000u ? u | 0x00400000u : rounded) & 0xFFFF0000u;
}
