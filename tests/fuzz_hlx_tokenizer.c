/* Tokenizers of others: hostile tokenizer.json, vocab.json and ranks are refused without harm; what
   is accepted gives any bytes back, and what is written is read as the same tokenizer. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "nc_hlx.h"
#include "fuzz_file.h"

static void check(const nc_hlx_bpe *bpe, const uint8_t *data, size_t size) {
    const size_t room = nc_hlx_bpe_room(bpe, size);
    uint32_t *tokens = malloc(room * sizeof *tokens);
    uint8_t *back = malloc(room);
    size_t n = nc_hlx_bpe_encode(bpe, data, size, tokens), written;
    if (nc_hlx_bpe_decode(bpe, tokens, n, back, room, &written) != NC_OK || written > room) abort();
    if (!nc_hlx_bpe_nfc(bpe) && (written != size || memcmp(back, data, size) != 0)) abort();
    n = nc_hlx_bpe_encode_document(bpe, data, size, tokens);
    if (n > room || nc_hlx_utf8_whole(data, size) + 3 < size) abort();
    free(tokens);
    free(back);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const char *path = fuzz_file(data, size, 0);
    nc_hlx_bpe *bpe, *again;
    nc_error err;
    if (nc_hlx_bpe_open(&bpe, path, size % NC_HLX_PATTERNS, NULL, &err) == NC_OK) {
        check(bpe, data, size);
        if (nc_hlx_bpe_save(bpe, path, &err) == NC_OK) {
            if (nc_hlx_bpe_open(&again, path, 0, NULL, &err) != NC_OK) abort();
            if (nc_hlx_bpe_digest(again) != nc_hlx_bpe_digest(bpe)) abort();
            nc_hlx_bpe_destroy(again);
        }
        nc_hlx_bpe_destroy(bpe);
    } else if (!err.message[0]) {
        abort();
    }
    unlink(path);
    return 0;
}
