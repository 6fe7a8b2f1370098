// The words of cuda/nc_kernel.h and the arithmetic of the numeric contract in GLSL; cuda/nc_math.cuh is
// the same in CUDA. Compiled with NC_FMA_F64 for devices whose fma() is not fused (they need
// shaderFloat64), with NC_FIELD_U32 for those without 64-bit integers.
#extension GL_EXT_control_flow_attributes : require
#if defined(NC_FIELD) && !defined(NC_FIELD_U32)
#extension GL_EXT_shader_explicit_arithmetic_types_int64 : require
#endif

// Version of the interface between kernels and nc_gpu.h, which reads it from the file, and with it the
// threads of a group, the number of buffers and the bytes of constants.
layout(constant_id = 1000) const uint nc_interface_version = 3;

#define NC_FN
#define NC_SHARED shared
#define NC_PUSH layout(push_constant) uniform nc_push
#define NC_P p
#define NC_TAKE(type, name)
#define NC_GIVE(name)
#define NC_INOUT inout
#define NC_REF(type) inout type
#define NC_THREAD gl_LocalInvocationID
#define NC_GROUP gl_WorkGroupID
#define NC_GROUPS gl_NumWorkGroups
#define NC_GROUP_X (gl_WorkGroupID.z * gl_NumWorkGroups.x + gl_WorkGroupID.x)
#define NC_BARRIER() barrier()
#define NC_UNROLL
#define NC_LOOP [[dont_unroll]]
#define nc_index uint
#define uint4 uvec4
#define float4 vec4
#define nc_part(v, i) v[i]
#define nc_get(array, i) array[(i) / 4][(i) % 4]
#define make_uint4 uvec4
#define nc_put(array, i, value) array[(i) / 4][(i) % 4] = value
#define nc_word(array, i) array[(i) / 4][(i) % 4]
#define NC_BUFFER(i, access, type, name)                                                           \
    layout(std430, set = 0, binding = i) access buffer nc_buffer_##i { type name[]; };
#define NC_IN(i, type, name) NC_BUFFER(i, readonly, type, name)
#define NC_OUT(i, type, name) NC_BUFFER(i, writeonly, type, name)
#define NC_IO(i, type, name) NC_BUFFER(i, , type, name)
#define NC_MAIN(x, y)                                                                              \
    layout(local_size_x = x, local_size_y = y) in;                                                 \
    void main()
#define NC_KERNEL_1(name, x, y, a) a NC_MAIN(x, y)
#define NC_KERNEL_2(name, x, y, a, b) a b NC_MAIN(x, y)
#define NC_KERNEL_3(name, x, y, a, b, c) a b c NC_MAIN(x, y)
#define NC_KERNEL_4(name, x, y, a, b, c, d) a b c d NC_MAIN(x, y)

uint nc_reverse(uint x) { return bitfieldReverse(x); }
uint nc_mul_high(uint a, uint b) {
    uint high, low;
    umulExtended(a, b, high, low);
    return high;
}

// c + the products of four signed bytes of a and b.
uint nc_dot4(uint a, uint b, uint c) {
    int x = int(a), y = int(b);
    return c + uint(bitfieldExtract(x, 0, 8) * bitfieldExtract(y, 0, 8) +
                    bitfieldExtract(x, 8, 8) * bitfieldExtract(y, 8, 8) +
                    bitfieldExtract(x, 16, 8) * bitfieldExtract(y, 16, 8) + (x >> 24) * (y >> 24));
}

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
    // A compiler may take the double for the float when the next product makes a double of it again
    // (Mesa 25 does): no grid has 0 groups, but none of them knows.
    return uintBitsToFloat(floatBitsToUint(float(packDouble2x32(bits))) +
                           (gl_NumWorkGroups.x == 0u ? 1u : 0u));
}
#else
float nc_fma(float a, float b, float c) {
    precise float r = fma(a, b, c);
    return r;
}
#endif

#ifndef NC_FIELD
float nc_add(float a, float b) {
    precise float r = a + b;
    return r;
}
float nc_sub(float a, float b) {
    precise float r = a - b;
    return r;
}
float nc_mul(float a, float b) {
    precise float r = a * b;
    return r;
}
// Quotient and root as the device gives them: what the probe looks at.
float nc_divided(float a, float b) {
    precise float r = a / b;
    return r;
}
float nc_root(float a) {
    precise float r = sqrt(a);
    return r;
}
uint nc_bits(float x) { return floatBitsToUint(x); }
float nc_float(uint u) { return uintBitsToFloat(u); }

// Vulkan allows 2.5 units of error in / and more in sqrt. Where nc_gpu.h has measured that they are
// exact it sets this constant; else an estimate is made right by its exact integer remainder.
layout(constant_id = 1001) const uint nc_native_division = 0;

// (q + sticky / 2) 2^unit to the nearest float, ties to even; 2^24 <= q < 2^30.
uint nc_round(uint q, bool sticky, int unit) {
    int top = findMSB(q), exponent = top + unit, shift = top - 23;
    if (exponent < -126) shift += -126 - exponent; // subnormal: fewer bits are kept
    if (exponent > 127) return 0x7F800000u;
    if (shift > top + 1) return 0u;
    uint kept = q >> shift, rest = q & ((1u << shift) - 1u), half_unit = 1u << (shift - 1);
    if (rest > half_unit || (rest == half_unit && (sticky || (kept & 1u) != 0u))) kept++;
    return exponent < -126 ? kept : (uint(exponent + 126) << 23) + kept;
}

// |x| = m 2^(e - 150) with 2^23 <= m < 2^24, for a finite x that is not 0.
uint nc_split(uint x, out int e) {
    uint m = x & 0x007FFFFFu;
    e = int(x >> 23 & 255u);
    if (e != 0) return m | 0x00800000u;
    int up = 23 - findMSB(m);
    e = 1 - up;
    return m << up;
}

float nc_div(float a, float b) {
    if (nc_native_division != 0u) return nc_divided(a, b);
    uint x = nc_bits(a) & 0x7FFFFFFFu, y = nc_bits(b) & 0x7FFFFFFFu;
    uint sign_ = (nc_bits(a) ^ nc_bits(b)) & 0x80000000u;
    if (x > 0x7F800000u || y > 0x7F800000u || (x == y && (x == 0u || x == 0x7F800000u)))
        return nc_float(0x7FC00000u);
    if (x == 0x7F800000u || y == 0u) return nc_float(sign_ | 0x7F800000u);
    if (x == 0u || y == 0x7F800000u) return nc_float(sign_);
    int ea, eb;
    uint ma = nc_split(x, ea), mb = nc_split(y, eb), q;
    q = uint(float(ma) / float(mb) * 33554432.0); // floor(2^25 ma / mb), nearly
    int rest = int((ma << 25) - q * mb);          // exact: the true one is far below 2^31
    q += uint(int(float(rest) / float(mb)));
    rest = int((ma << 25) - q * mb);
    while (rest < 0) {
        q--;
        rest += int(mb);
    }
    while (rest >= int(mb)) {
        q++;
        rest -= int(mb);
    }
    return nc_float(sign_ | nc_round(q, rest != 0, ea - eb - 25));
}

float nc_sqrt(float a) {
    if (nc_native_division != 0u) return nc_root(a);
    uint x = nc_bits(a);
    if ((x & 0x7FFFFFFFu) == 0u || x == 0x7F800000u) return a;
    if (x > 0x7F800000u) return nc_float(0x7FC00000u);
    int e;
    uint m = nc_split(x, e);
    e -= 150;
    if ((e & 1) != 0) {
        m <<= 1;
        e--;
    }
    uint s = uint(sqrt(float(m)) * 8192.0); // floor(sqrt(2^26 m)), nearly
    int rest = int((m << 26) - s * s);
    s += uint(int(float(rest) / (2.0 * float(s))));
    rest = int((m << 26) - s * s);
    while (rest < 0) {
        s--;
        rest += int(2u * s + 1u);
    }
    while (rest > int(2u * s)) {
        rest -= int(2u * s + 1u);
        s++;
    }
    return nc_float(nc_round(s, rest != 0, (e - 26) / 2));
}
#endif

#ifdef NC_LANES
#define NC_HELD 0 // unrolled, the kernels would take drivers long to compile
#define NC_VALUES 1
// Through shared memory, 32 lanes to 8 values to one, two barriers.
shared float nc_lane[4][32], nc_eighth[4][8];
float nc_pair(float a, float b, bool greater) { return greater ? (b > a ? b : a) : nc_add(a, b); }

float nc_in_pairs(float s, bool greater) {
    uint row = gl_LocalInvocationID.y, j = gl_LocalInvocationID.x;
    nc_lane[row][j] = s;
    barrier();
    if (j < 8) {
        float a = nc_pair(nc_lane[row][j], nc_lane[row][j + 16], greater);
        float b = nc_pair(nc_lane[row][j + 8], nc_lane[row][j + 24], greater);
        nc_eighth[row][j] = nc_pair(a, b, greater);
    }
    barrier();
    float v[4];
    for (uint k = 0; k < 4; k++) v[k] = nc_pair(nc_eighth[row][k], nc_eighth[row][k + 4], greater);
    return nc_pair(nc_pair(v[0], v[2], greater), nc_pair(v[1], v[3], greater), greater);
}

float nc_tree(float s) { return nc_in_pairs(s, false); }
float nc_tree_max(float s) { return nc_in_pairs(s, true); }
#endif

#ifdef NC_FIELD
// The field of p = 2^64 - 2^32 + 1: what nc_kernel.h builds its arithmetic of.
// NC_FIELD_U32 is the variant for devices without 64-bit integers: an fe is then (low, high).
const uint FE_EPSILON = 0xFFFFFFFFu; // 2^64 mod p
#ifdef NC_FIELD_U32
#define fe uvec2
fe fe_make(uint low, uint high) { return uvec2(low, high); }
uint fe_low(fe a) { return a.x; }
uint fe_high(fe a) { return a.y; }

// a + b, and 1 where it carries.
fe fe_add64(fe a, fe b, out uint carry) {
    uint c0, c1, c2;
    uint low = uaddCarry(a.x, b.x, c0), high = uaddCarry(a.y, b.y, c1);
    high = uaddCarry(high, c0, c2);
    carry = c1 | c2;
    return uvec2(low, high);
}

// a - b, and 1 where it borrows.
fe fe_sub64(fe a, fe b, out uint borrow) {
    uint b0, b1, b2;
    uint low = usubBorrow(a.x, b.x, b0), high = usubBorrow(a.y, b.y, b1);
    high = usubBorrow(high, b0, b2);
    borrow = b1 | b2;
    return uvec2(low, high);
}

// The product of two words.
fe fe_mul32(uint a, uint b) {
    uint high, low;
    umulExtended(a, b, high, low);
    return uvec2(low, high);
}
#else
#define fe uint64_t
fe fe_make(uint low, uint high) { return packUint2x32(uvec2(low, high)); }
uint fe_low(fe a) { return unpackUint2x32(a).x; }
uint fe_high(fe a) { return unpackUint2x32(a).y; }

fe fe_add64(fe a, fe b, out uint carry) {
    fe s = a + b;
    carry = s < a ? 1u : 0u;
    return s;
}

fe fe_sub64(fe a, fe b, out uint borrow) {
    borrow = a < b ? 1u : 0u;
    return a - b;
}

fe fe_mul32(uint a, uint b) { return uint64_t(a) * uint64_t(b); }
#endif

// a - b for a below 2^64 and b up to p, below p where a is.
fe fe_sub(fe a, fe b) {
    uint borrow, unused;
    fe d = fe_sub64(a, b, borrow);
    return fe_sub64(d, fe_make(borrow * FE_EPSILON, 0u), unused); // less 2^64 - p
}

// Low half of the product of two 64-bit numbers, and its high half.
fe fe_mul_wide(fe a, fe b, out fe high) {
    uint c0, c1, unused;
    fe ll = fe_mul32(fe_low(a), fe_low(b)), lh = fe_mul32(fe_low(a), fe_high(b));
    fe hl = fe_mul32(fe_high(a), fe_low(b)), hh = fe_mul32(fe_high(a), fe_high(b));
    fe mid = fe_add64(lh, hl, c0);
    fe low = fe_add64(ll, fe_make(0u, fe_low(mid)), c1);
    high = fe_add64(hh, fe_make(fe_high(mid), c0), unused);
    high = fe_add64(high, fe_make(c1, 0u), unused);
    return low;
}

// Signed and unsigned 64-bit integers (i64_, u64_) in the same type, modulo 2^64.
bool i64_negative(fe x) { return (fe_high(x) & 0x80000000u) != 0u; }

fe i64_add(fe a, fe b) {
    uint unused;
    return fe_add64(a, b, unused);
}

fe i64_sub(fe a, fe b) {
    uint unused;
    return fe_sub64(a, b, unused);
}

fe i64_neg(fe a) { return i64_sub(fe_make(0u, 0u), a); }

bool i64_less(fe a, fe b) {
    int ha = int(fe_high(a)), hb = int(fe_high(b));
    return ha < hb || (ha == hb && fe_low(a) < fe_low(b));
}

fe i64_from(int x) { return fe_make(uint(x), uint(x >> 31)); }

fe i64_mul32(int a, int b) {
#ifdef NC_FIELD_U32
    int high, low;
    imulExtended(a, b, high, low);
    return fe_make(uint(low), uint(high));
#else
    return uint64_t(int64_t(a) * int64_t(b));
#endif
}

fe i64_mul(fe a, fe b) {
    fe unused;
    return fe_mul_wide(a, b, unused);
}

// The high half of a product.
fe u64_mul_high(fe a, fe b) {
    fe high;
    fe_mul_wide(a, b, high);
    return high;
}

// 0 <= n < 64.
fe u64_left(fe x, uint n) {
#ifdef NC_FIELD_U32
    if (n == 0u) return x;
    if (n > 31u) return uvec2(0u, x.x << (n - 32u));
    return uvec2(x.x << n, x.y << n | x.x >> (32u - n));
#else
    return x << n;
#endif
}

fe u64_right(fe x, uint n) {
#ifdef NC_FIELD_U32
    if (n == 0u) return x;
    if (n > 31u) return uvec2(x.y >> (n - 32u), 0u);
    return uvec2(x.x >> n | x.y << (32u - n), x.y >> n);
#else
    return x >> n;
#endif
}

// x / 2^n, rounded to nearest: nc_fixed__shift_round.
fe u64_shift_round(fe x, uint n) {
    if (n > 63u) return fe_make(0u, 0u);
    if (n == 0u) return x;
    return i64_add(u64_right(x, n), fe_make(fe_low(u64_right(x, n - 1u)) & 1u, 0u));
}

// floor((x + 2^15) / 2^16) of a signed x.
fe i64_rescale(fe x) {
    x = i64_add(x, fe_make(32768u, 0u));
    return fe_make(fe_low(x) >> 16 | fe_high(x) << 16, uint(int(fe_high(x)) >> 16));
}

// A signed x brought into -limit .. limit.
int i64_clamp(fe x, int limit) {
    if (i64_less(x, i64_from(-limit))) return -limit;
    return i64_less(i64_from(limit), x) ? limit : int(fe_low(x));
}

// floor((x + 2^15) / 2^16) of the centred x: nc_fixed_rescale.
fe fe_rescale(fe x) {
    uint borrow, unused;
    fe_sub64(fe_make(0x80000000u, 0x7FFFFFFFu), x, borrow); // (p - 1) / 2 = 2^63 - 2^31
    if (borrow != 0u) x = fe_sub64(x, fe_make(1u, 0xFFFFFFFFu), unused);
    x = i64_rescale(x);
    return i64_negative(x) ? fe_add64(x, fe_make(1u, 0xFFFFFFFFu), unused) : x;
}
#endif
