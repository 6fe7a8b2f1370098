/* TASM text: reading, profiling, running for a few cycles and proving never break. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "nc_tirneural.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const nc_gl in[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    nc_tir_input input = {in, in, NULL, in, 8, 8, 0, 4, 2000, (nc_tir_target)(size % 3), 0};
    nc_tir_heights heights;
    nc_tir_execution x;
    nc_error err;
    char *text = malloc(size + 1);
    memcpy(text, data, size);
    text[size] = 0;
    (void)nc_tir_profile_static(text, &heights, &err);
    if (nc_tir_execute(text, &input, &x, &err) == NC_OK) nc_tir_free_output(&x);
    if (nc_tir_verify(text, text) > NC_TIR_TOO_LARGE) __builtin_trap();
    free(text);
    return 0;
}
