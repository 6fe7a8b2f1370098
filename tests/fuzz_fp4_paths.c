/* 4-bit weights by their paths. The first byte picks what the rest is: an index and, behind a byte of
   0, the file that it may name; or a file that may be the first of two, as GGUF's are split, and the
   second behind a byte of 1 twice. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "nc_fp4.h"
#include "fuzz_file.h"

static void must(int condition) {
    if (!condition) abort();
}

static void open_path(const char *path) {
    nc_fp4_weights *weights;
    nc_error err;
    size_t i;
    if (nc_fp4_weights_open_path(&weights, path, &err) != NC_OK) {
        must(!weights && err.message[0]);
        return;
    }
    for (i = 0; i < nc_fp4_weights_count(weights) && i < 16; i++) {
        const nc_fp4_weight *w = nc_fp4_weights_get(weights, i);
        const uint64_t n = w->stack * w->rows * w->columns;
        const size_t found = nc_fp4_weights_find(weights, w->name);
        float x[8];
        must(found <= i && !strcmp(nc_fp4_weights_get(weights, found)->name, w->name));
        if (w->columns <= 1 << 20 &&
            nc_fp4_weights_values(weights, i, 0, n < 8 ? (size_t)n : 8, x, &err) != NC_OK)
            must(err.message[0] != 0);
    }
    nc_fp4_weights_close(weights);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const uint8_t *part = data + 1, *end = NULL;
    char path[120];
    size_t n, i;
    if (size == 0) return 0;
    if (data[0] % 2) {
        data++;
        size--;
        n = fuzz_part(&data, &size, &part);
        fuzz_in_folder("a", data, size);
        open_path(fuzz_in_folder("model.safetensors.index.json", part, n));
        return 0;
    }
    for (i = 1; i + 2 <= size && !end; i++)
        if (data[i] == 1 && data[i + 1] == 1) end = data + i;
    n = end ? (size_t)(end - part) : size - 1;
    snprintf(path, sizeof path, "%s", fuzz_in_folder("m-00001-of-00002.gguf", part, n));
    fuzz_in_folder("m-00002-of-00002.gguf", end ? end + 2 : part, end ? size - n - 3 : n);
    open_path(path);
    return 0;
}
