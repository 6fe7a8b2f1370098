/* A user's program: what an approximate multiplier makes of a linear layer of bytes. */
#include <stdio.h>
#define NC_IMPLEMENTATION
#include <nc_axx.h>

int main(void) {
    static nc_axx_mult exact, rough;
    const int a[4] = {100, -50, 25, 7}, w[4] = {3, 5, -11, 90};
    nc_axx_metrics error;
    nc_error err;
    int sum = 0, near_sum = 0;
    if (nc_axx_make(&exact, "exact", &err) != NC_OK) return fprintf(stderr, "%s\n", err.message), 1;
    if (nc_axx_make(&rough, "truncated:4", &err) != NC_OK) return 1;
    for (int i = 0; i < 4; i++) {
        sum += nc_axx_product(&exact, a[i], w[i]);
        near_sum += nc_axx_product(&rough, a[i], w[i]);
    }
    nc_axx_measure(&rough, &error);
    printf("nc_axx %s: %d, with %s %d; its mean error is %.2f\n", NC_AXX_VERSION, sum, rough.name,
           near_sum, error.mae);
    return sum == 100 * 3 - 50 * 5 - 25 * 11 + 7 * 90 && error.mae > 0 ? 0 : 1;
}
