// c[i] by operation: 0 a[i] + b[i]; 2 the activation of a[i]; 3 a[i] times its derivative at b[i]; 4
// zero; 5 a[i] / b[i]; 6 the square root of a[i].
#include "nc_kernel.h"

NC_PUSH { uint count, operation, activation, off_a, off_b, off_c; }
NC_P;

NC_KERNEL_3(elementwise, 256, 1, NC_IN(0, float, a), NC_IN(1, float, b), NC_IO(2, float, c)) {
    uint i = NC_GROUP_X * 256 + NC_THREAD.x;
    if (i >= p.count) return;
    if (p.operation == 0) {
        c[p.off_c + i] = nc_add(a[p.off_a + i], b[p.off_b + i]);
    } else if (p.operation == 5) {
        c[p.off_c + i] = nc_div(a[p.off_a + i], b[p.off_b + i]);
    } else if (p.operation == 6) {
        c[p.off_c + i] = nc_sqrt(a[p.off_a + i]);
    } else if (p.operation == 4) {
        c[p.off_c + i] = 0.0f;
    } else if (p.operation == 2) {
        c[p.off_c + i] = nc_activate(p.activation, a[p.off_a + i]);
    } else {
        c[p.off_c + i] = nc_mul(a[p.off_a + i], nc_slope(p.activation, b[p.off_b + i]));
    }
}
