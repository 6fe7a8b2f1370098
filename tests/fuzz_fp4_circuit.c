/* Circuits and networks from files. The first byte chooses the reader and its options; what is
   accepted is compiled, proven and written, and what was written is read back to the same function. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "nc_fp4.h"
#include "checksum.h"

static void must(int condition) {
    if (!condition) __builtin_trap();
}

static void check_circuit(nc_fp4_circuit *c) {
    static const nc_fp4_file_kind kinds[4] = {NC_FP4_BLIF, NC_FP4_BRISTOL, NC_FP4_AIGER,
                                              NC_FP4_JSON};
    nc_fp4_network *n;
    nc_fp4_report r;
    nc_error err;
    int f;
    if (nc_fp4_function_count(c) > 2000 || nc_fp4_input_count(c) > 2000 ||
        nc_fp4_output_count(c) > 2000)
        return;
    must(nc_fp4_compile(c, &n) == NC_OK);
    /* structure may not show what depends through several units; then sweeping does */
    must(nc_fp4_verify_by(n, c, NC_FP4_STRUCTURAL, &r) == NC_OK ||
         nc_fp4_verify_by(n, c, NC_FP4_SWEEP, &r) == NC_OK);
    must(r.wrong == 0 && r.verdict == NC_FP4_PROVEN);
    if (nc_fp4_output_count(c)) must(r.margin >= 0.5 || r.units == 0);
    for (f = 0; f < 4; f++) {
        nc_fp4_circuit *again;
        char *text;
        size_t bytes;
        must(nc_fp4_write_circuit(c, kinds[f], &text, &bytes) == NC_OK);
        if (nc_fp4_read_circuit(&again, NULL, text, bytes, &err) != NC_OK) {
            must(kinds[f] == NC_FP4_JSON && err.status == NC_ERR_LIMIT); /* names above 255 bytes */
            nc_fp4_free_text(text);
            continue;
        }
        if (nc_fp4_input_count(c) <= 12) must(nc_fp4_verify(n, again, &r) == NC_OK && r.wrong == 0);
        nc_fp4_free_text(text);
        nc_fp4_destroy(again);
    }
    nc_fp4_network_destroy(n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const char *text = (const char *)data + 1;
    nc_fp4_circuit *c = NULL;
    nc_fp4_network *n = NULL;
    nc_fp4_read_options options;
    nc_error err;
    nc_status status;
    size_t bytes;
    if (size == 0) return 0;
    memset(&options, 0, sizeof options);
    options.undriven = data[0] >> 3 & 1;
    options.frames = data[0] >> 4 & 3;
    if (data[0] & 64) { /* a library before the netlist, a NUL between them */
        const char *end = (const char *)memchr(text, 0, size - 1);
        options.library = text;
        options.library_bytes = end ? (size_t)(end - text) : size - 1;
        text = end ? end + 1 : text;
    }
    bytes = size - (size_t)((const uint8_t *)text - data);
    if (data[0] % 8 == 3) { /* with a right checksum, or none would get in */
        uint8_t *copy = malloc(size + 7);
        memcpy(copy, data + 1, size - 1);
        file_checksum(copy, size - 1, copy + size - 1);
        status = nc_fp4_read_network(&n, copy, size + 7, &err);
        free(copy);
    } else if (data[0] % 8 == 2) {
        status = nc_fp4_read_json(&c, text, bytes, &err);
    } else if (data[0] % 8 == 1) {
        status = nc_fp4_read_bristol(&c, text, bytes, &err);
    } else if (data[0] % 8 == 0) {
        status = nc_fp4_read_blif(&c, text, bytes, &err);
    } else if (data[0] % 8 == 4) {
        status = nc_fp4_read_verilog(&c, text, bytes, &err);
    } else {
        status = nc_fp4_read_circuit(&c, &options, text, bytes, &err);
    }
    if (status != NC_OK) {
        must(!c && !n && err.message[0]);
        return 0;
    }
    if (c) check_circuit(c);
    nc_fp4_destroy(c);
    nc_fp4_network_destroy(n);
    return 0;
}
