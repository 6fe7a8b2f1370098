/* A user's program: a matrix of weights in NVFP4, its error, and its product with a vector. */
#include <stdio.h>
#define NC_IMPLEMENTATION
#include <nc_fp4.h>

enum { ROWS = 8, COLUMNS = 64 };

int main(void) {
    float w[ROWS * COLUMNS], back[ROWS * COLUMNS], x[COLUMNS], y[ROWS];
    nc_fp4_error_stats error;
    nc_fp4_tensor tensor;
    for (int i = 0; i < ROWS * COLUMNS; i++) w[i] = (float)((i * 37) % 101 - 50) / 50.0f;
    for (int i = 0; i < COLUMNS; i++) x[i] = 1.0f;
    if (nc_fp4_tensor_create(&tensor, NC_FP4_NVFP4, NULL, w, ROWS, COLUMNS) != NC_OK) return 1;
    if (nc_fp4_tensor_decode(&tensor, back) != NC_OK) return 1;
    if (nc_fp4_matvec(&tensor, x, y) != NC_OK) return 1;
    nc_fp4_compare(w, back, ROWS * COLUMNS, &error);
    printf("nc_fp4 %s: %d weights, first sum %g, mean square error %g\n", NC_FP4_VERSION,
           ROWS * COLUMNS, (double)y[0], error.mse);
    nc_fp4_tensor_free(&tensor);
    return error.mse > 0 && error.mse < 0.01 ? 0 : 1;
}
