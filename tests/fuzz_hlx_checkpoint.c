/* Checkpoints: hostile files are refused without harm. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "nc_hlx.h"
#include "fuzz_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const char *path = fuzz_file(data, size, 1);
    nc_hlx_model *model;
    nc_error err;
    if (nc_hlx_load(&model, NULL, path, 1, NULL, &err) == NC_OK) {
        uint32_t token = 0;
        (void)nc_hlx_forward(model, &token, NULL, 1, 1, NULL);
        nc_hlx_destroy(model);
    } else if (!err.message[0]) {
        abort();
    }
    unlink(path);
    return 0;
}
