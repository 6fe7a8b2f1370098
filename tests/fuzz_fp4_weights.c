/* Files of 4-bit weights in every layout, by bytes in memory. What is accepted is read as values and as
   tensors, and converted to the layout that the first byte names, which must be accepted again. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "nc_fp4.h"

static void must(int condition) {
    if (!condition) __builtin_trap();
}

enum { ROOM = 1 << 20 };

static nc_status keep(void *user, uint64_t at, const void *from, size_t bytes) {
    if (at > ROOM || bytes > ROOM - at) return NC_ERR_LIMIT;
    memcpy((uint8_t *)user + at, from, bytes);
    return NC_OK;
}

/* To another layout; what that gives must be files of weights. */
static void convert(const nc_fp4_weights *weights, nc_fp4_layout layout) {
    const size_t count = nc_fp4_weights_count(weights);
    uint8_t *out = calloc(1, ROOM);
    nc_fp4_sink sink = {keep, NULL};
    nc_fp4_writer *writer;
    nc_status status = NC_OK;
    nc_error err;
    size_t i;
    must(out != NULL);
    sink.user = out;
    must(nc_fp4_writer_create(&writer, layout) == NC_OK);
    must(nc_fp4_writer_pairs(writer, weights) == NC_OK);
    for (i = 0; i < count && status == NC_OK; i++)
        status = nc_fp4_writer_add(writer, nc_fp4_weights_get(weights, i), &err);
    if (status == NC_OK) status = nc_fp4_writer_begin(writer, &sink, &err);
    for (i = 0; i < count && status == NC_OK; i++)
        status = nc_fp4_writer_convert(writer, i, weights, i, NULL, NULL, NULL, NULL, &err);
    if (status != NC_OK) must(err.message[0] != 0);
    nc_fp4_writer_free(writer);
    free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    nc_fp4_weights *weights;
    nc_fp4_source source;
    nc_error err;
    size_t i;
    if (size == 0) return 0;
    nc_fp4_source_memory(&source, data + 1, size - 1);
    if (nc_fp4_weights_open(&weights, &source, 1, &err) != NC_OK) {
        must(err.message[0] != 0);
        return 0;
    }
    for (i = 0; i < nc_fp4_weights_count(weights) && i < 16; i++) {
        const nc_fp4_weight *w = nc_fp4_weights_get(weights, i);
        const uint64_t n = w->stack * w->rows * w->columns;
        nc_fp4_tensor t;
        float x[64];
        must(w->name != NULL && nc_fp4_layout_name(w->layout) != NULL);
        if (w->columns > 1 << 20) continue;
        if (nc_fp4_weights_values(weights, i, n / 2, n / 2 < 64 ? (size_t)(n / 2) : 64, x, &err) !=
            NC_OK)
            must(err.message[0] != 0);
        if (w->rows <= 64 &&
            nc_fp4_weights_read(weights, i, 0, 0, (uint32_t)w->rows, &t, &err) == NC_OK)
            nc_fp4_tensor_free(&t);
    }
    convert(weights, (nc_fp4_layout)(data[0] % NC_FP4_LAYOUT_OTHER));
    nc_fp4_weights_close(weights);
    return 0;
}
