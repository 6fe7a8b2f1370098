/* The 4-bit weights of a file as this library reads them, for tests/oracle_fp4.py: oracle_fp4 IN OUT.
   A line per weight, and of line i (from 0) the files OUT.i.codes (a byte each), OUT.i.scales,
   OUT.i.tensor (float32 a matrix) and OUT.i.values (float32). Values are decoded twice, from the
   tensor and in pieces of odd lengths: both must be the same bits. */
#define NC_IMPLEMENTATION
#include "../nc_fp4.h"

static FILE *create(const char *base, size_t i, const char *what) {
    char path[512];
    FILE *f;
    snprintf(path, sizeof path, "%s.%zu.%s", base, i, what);
    f = fopen(path, "wb");
    if (!f) exit((perror(path), 2));
    return f;
}

static void put_codes(FILE *f, const nc_fp4_tensor *t) {
    const size_t bytes = nc_fp4_code_bytes(t->columns);
    uint32_t r, c;
    for (r = 0; r < t->rows; r++)
        for (c = 0; c < t->columns; c++) fputc(t->codes[r * bytes + c / 2] >> (c % 2 * 4) & 15, f);
}

/* 0, or 1 after a failure with a message. */
static int dump(const nc_fp4_weights *weights, size_t i, size_t number, const char *out) {
    const nc_fp4_weight *w = nc_fp4_weights_get(weights, i);
    const size_t per = (size_t)(w->rows * w->columns), total = per * (size_t)w->stack;
    float *x = (float *)malloc((2 * total + 1) * sizeof *x), *y = x + total;
    FILE *codes = create(out, number, "codes"), *scales = create(out, number, "scales");
    FILE *tensor = create(out, number, "tensor"), *values = create(out, number, "values");
    size_t at, n;
    uint64_t m;
    nc_error err;
    int failed = x == NULL;
    for (m = 0; m < w->stack && !failed; m++) {
        nc_fp4_tensor t;
        failed = nc_fp4_weights_read(weights, i, m, 0, (uint32_t)w->rows, &t, &err) != NC_OK;
        if (failed) break;
        put_codes(codes, &t);
        fwrite(t.scales, 1, nc_fp4_tensor_scale_bytes(&t), scales);
        fwrite(&t.tensor_scale, sizeof t.tensor_scale, 1, tensor);
        (void)nc_fp4_tensor_decode(&t, x + m * per);
        nc_fp4_tensor_free(&t);
    }
    for (at = 0; at < total && !failed; at += n) {
        n = total - at < 333 ? total - at : 333;
        failed = nc_fp4_weights_values(weights, i, at, n, y + at, &err) != NC_OK;
    }
    if (failed) {
        fprintf(stderr, "%s: %s\n", w->name, err.message);
    } else if (memcmp(x, y, total * sizeof *x) != 0) {
        fprintf(stderr, "%s: values in pieces are others than those of the tensor\n", w->name);
        failed = 1;
    } else {
        fwrite(x, sizeof *x, total, values);
        printf("%s %s %s %u %d\n", w->name, nc_fp4_layout_name(w->layout),
               nc_fp4_format_name(w->format), (unsigned)w->block, w->across);
    }
    fclose(codes), fclose(scales), fclose(tensor), fclose(values);
    free(x);
    return failed;
}

int main(int argc, char **argv) {
    nc_fp4_weights *weights;
    nc_error err;
    size_t i, number = 0;
    int failed = 0;
    if (argc != 3) return fputs("usage: oracle_fp4 IN OUT\n", stderr), 2;
    if (nc_fp4_weights_open_path(&weights, argv[1], &err) != NC_OK)
        return fprintf(stderr, "%s: %s\n", argv[1], err.message), 1;
    for (i = 0; i < nc_fp4_weights_count(weights); i++)
        if (nc_fp4_weights_get(weights, i)->format != NC_FP4_FORMAT_COUNT)
            failed |= dump(weights, i, number++, argv[2]);
    nc_fp4_weights_close(weights);
    return failed;
}
