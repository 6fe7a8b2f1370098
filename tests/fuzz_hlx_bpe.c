/* Tokenizers: hostile files are refused without harm, and what is accepted round-trips any bytes. The
   checksum is repaired first, so that the merges behind it are reached. */
#include <unistd.h>
#define NC_IMPLEMENTATION
#include "nc_hlx.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char path[64];
    nc_hlx_bpe *bpe;
    nc_error err;
    uint8_t *copy = malloc(size + 8);
    memcpy(copy, data, size);
    if (size > 8) nc__put_le(copy + size - 8, nc__fnv1a(NC__FNV_START, copy, size - 8), 8);
    snprintf(path, sizeof path, "/tmp/nc_fuzz_%ld", (long)getpid());
    {
        FILE *file = fopen(path, "wb");
        if (!file || fwrite(copy, 1, size, file) != size || fclose(file)) abort();
    }
    if (nc_hlx_bpe_load(&bpe, path, NULL, &err) == NC_OK) {
        uint32_t *tokens = malloc((size + 1) * sizeof *tokens);
        uint8_t *back = malloc(size + 1);
        size_t n = nc_hlx_bpe_encode(bpe, data, size, tokens), written;
        if (nc_hlx_bpe_decode(bpe, tokens, n, back, size, &written) != NC_OK || written != size ||
            memcmp(back, data, size))
            abort();
        free(tokens);
        free(back);
        nc_hlx_bpe_destroy(bpe);
    } else if (!err.message[0]) {
        abort();
    }
    unlink(path);
    free(copy);
    return 0;
}
