// Arithmetic of the numeric contract for every shader; cuda/nc_math.cuh is its twin.
// Compiled with NC_FMA_F64 for devices whose fma() is not fused (they need shaderFloat64).

// Version of the interface between kernels and nc_gpu.h, read from the file before it is loaded.
layout(constant_id = 1000) const uint nc_interface_version = 1;

#ifdef NC_FMA_F64
// Fused a * b + c through float64: the product of two float32 is exact there, the sum is rounded
// to odd (Boldo, Melquiond 2008), so that the conversion to float32 is the only rounding.
float nc_fma(float a, float b, float c) {
    precise double product = double(a) * double(b);
    precise double addend = double(c);
    precise double sum = product + addend;
    precise double back = sum - product;
    precise double rest = (product - (sum - back)) + (addend - back); // two-sum: exact error
    uvec2 bits = unpackDouble2x32(sum);
    if (abs(rest) > 0.0lf && (bits.x & 1u) == 0u) {
        if ((rest > 0.0lf) == (sum > 0.0lf)) {
            bits.x |= 1u; // away from zero: the low bit was 0
        } else {
            bits.y -= bits.x == 0u ? 1u : 0u; // towards zero, with borrow
            bits.x -= 1u;
        }
    }
    return float(packDouble2x32(bits));
}
#else
float nc_fma(float a, float b, float c) {
    precise float r = fma(a, b, c);
    return r;
}
#endif
