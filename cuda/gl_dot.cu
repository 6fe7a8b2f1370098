// One sum of a[i] b[i] for each group; the host adds them. The order of a sum does not matter in
// a field.
#define NC_FIELD
#include "nc_kernel.h"

NC_PUSH { uint n; }
NC_P;

NC_SHARED fe part[256];

NC_KERNEL_3(gl_dot, 256, 1, NC_IN(0, fe, a), NC_IN(1, fe, b), NC_IO(2, fe, sums)) {
    uint x = NC_THREAD.x;
    fe sum = fe_make(0u, 0u);
    for (uint i = NC_GROUP.x * 256 + x; i < p.n; i += NC_GROUPS.x * 256)
        sum = fe_add(sum, fe_mul(a[i], b[i]));
    part[x] = sum;
    for (uint half_size = 128; half_size > 0; half_size /= 2) {
        NC_BARRIER();
        if (x < half_size) part[x] = fe_add(part[x], part[x + half_size]);
    }
    if (x == 0) sums[NC_GROUP.x] = part[0];
}
