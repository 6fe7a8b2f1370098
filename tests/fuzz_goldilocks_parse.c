/* Field elements from text: any accepted text prints and parses back to the same value. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "nc_goldilocks.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    nc_gl value, again;
    nc_error err;
    char text[21];
    if (nc_gl_parse((const char *)data, size, &value, &err) == NC_OK) {
        if (value >= NC_GL_P) __builtin_trap();
        if (nc_gl_parse(text, nc_gl_print(value, text), &again, NULL) != NC_OK || again != value)
            __builtin_trap();
    } else if (err.column < 1 || !err.message[0]) {
        __builtin_trap();
    }
    return 0;
}
