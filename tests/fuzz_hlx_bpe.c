/* Tokenizers: hostile files are refused without harm, and what is accepted round-trips any bytes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "nc_hlx.h"
#include "fuzz_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const char *path = fuzz_file(data, size, 1);
    nc_hlx_bpe *bpe;
    nc_error err;
    if (nc_hlx_bpe_load(&bpe, path, NULL, &err) == NC_OK) {
        uint32_t *tokens = malloc(nc_hlx_bpe_room(bpe, size) * sizeof *tokens);
        uint8_t *back = malloc(3 * size + 1);
        size_t n = nc_hlx_bpe_encode(bpe, data, size, tokens), written;
        if (nc_hlx_bpe_decode(bpe, tokens, n, back, 3 * size, &written) != NC_OK) abort();
        if (!nc_hlx_bpe_nfc(bpe) && (written != size || memcmp(back, data, size))) abort();
        free(tokens);
        free(back);
        nc_hlx_bpe_destroy(bpe);
    } else if (!err.message[0]) {
        abort();
    }
    unlink(path);
    return 0;
}
