/* Checkpoints: hostile files are refused without harm. The checksum is repaired first, so that
   the fields behind it are reached. */
#include <unistd.h>
#define NC_IMPLEMENTATION
#include "nc_hlx.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char path[64];
    nc_hlx_model *model;
    nc_error err;
    uint8_t *copy = malloc(size + 8);
    memcpy(copy, data, size);
    if (size > 8) nc__put_le(copy + size - 8, nc__fnv1a(NC__FNV_START, copy, size - 8), 8);
    snprintf(path, sizeof path, "/tmp/nc_fuzz_%ld", (long)getpid());
    {
        FILE *file = fopen(path, "wb");
        if (!file || fwrite(copy, 1, size, file) != size || fclose(file)) abort();
    }
    if (nc_hlx_load(&model, NULL, path, 1, NULL, &err) == NC_OK) {
        uint32_t token = 0;
        (void)nc_hlx_forward(model, &token, NULL, 1, 1, NULL);
        nc_hlx_destroy(model);
    } else if (!err.message[0]) {
        abort();
    }
    unlink(path);
    free(copy);
    return 0;
}
