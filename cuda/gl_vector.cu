// r[i] = a[i] + b[i], a[i] - b[i], a[i] b[i] or a[i] b[i] + c[i], for operation 0 to 3.
#define NC_FIELD
#include "nc_kernel.h"

NC_PUSH { uint n, operation; }
NC_P;

NC_KERNEL_4(gl_vector, 256, 1, NC_IN(0, fe, a), NC_IN(1, fe, b), NC_IN(2, fe, c), NC_IO(3, fe, r)) {
    uint i = NC_GROUP_X * 256 + NC_THREAD.x;
    if (i >= p.n) return;
    if (p.operation == 0)
        r[i] = fe_add(a[i], b[i]);
    else if (p.operation == 1)
        r[i] = fe_sub(a[i], b[i]);
    else if (p.operation == 2)
        r[i] = fe_mul(a[i], b[i]);
    else
        r[i] = fe_add(fe_mul(a[i], b[i]), c[i]);
}
