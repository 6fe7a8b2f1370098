/* 4-bit tensors from safetensors, and matrices from .npy. The first byte chooses; what is accepted is
   used, written and read back. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "nc_fp4.h"

static void must(int condition) {
    if (!condition) __builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    nc_error err;
    char *out;
    size_t bytes;
    if (size == 0) return 0;
    if (data[0] % 2) {
        float *x;
        uint32_t rows, columns;
        if (nc_fp4_npy_read(data + 1, size - 1, &x, &rows, &columns, &err) == NC_OK) {
            float *again;
            uint32_t r, c;
            must(nc_fp4_npy_write(x, rows, columns, &out, &bytes) == NC_OK);
            must(nc_fp4_npy_read(out, bytes, &again, &r, &c, &err) == NC_OK && r == rows &&
                 c == columns && !memcmp(x, again, (size_t)rows * columns * sizeof *x));
            nc_fp4_free_text((char *)again);
            nc_fp4_free_text(out);
            nc_fp4_free_text((char *)x);
        } else {
            must(err.message[0] != 0);
        }
    } else {
        nc_fp4_tensor t, u;
        if (nc_fp4_tensor_load(&t, "w", data + 1, size - 1, &err) == NC_OK) {
            float *x = malloc((2 * (size_t)t.columns + t.rows) * sizeof *x);
            nc_fp4_product_options how;
            uint32_t i;
            for (i = 0; i < t.columns; i++) x[i] = (float)i;
            must(nc_fp4_matvec(&t, x, x + t.columns) == NC_OK);
            memset(&how, 0, sizeof how);
            how.transposed = 1;
            must(nc_fp4_product(&t, &how, x + t.columns, 1, x + t.columns + t.rows) == NC_OK);
            how.transposed = 0;
            how.quantised = 1;
            must(nc_fp4_product(&t, &how, x, 1, x + t.columns) ==
                 (t.format <= NC_FP4_NVFP4 ? NC_OK : NC_ERR_UNSUPPORTED));
            must(nc_fp4_tensor_save(&t, "w", &out, &bytes) == NC_OK);
            must(nc_fp4_tensor_load(&u, "w", out, bytes, &err) == NC_OK && u.rows == t.rows &&
                 u.columns == t.columns && u.format == t.format);
            nc_fp4_tensor_free(&u);
            nc_fp4_tensor_free(&t);
            nc_fp4_free_text(out);
            free(x);
        } else {
            must(err.message[0] != 0);
        }
    }
    return 0;
}
