/* Files of data. The first byte picks how the rest is read: as text with and without a tokenizer, as
   tokens, or by content, there as it is or behind a header of llm.c's or NumPy's that the bytes behind
   the options fill in. Of what is accepted every window has tokens of the vocabulary. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "nc_hlx.h"
#include "fuzz_file.h"

enum { SEQ = 3, OPTIONS = 6, ROOM = 8192 };

static void must(int condition) {
    if (!condition) abort();
}

static void put(uint8_t *to, uint64_t value, size_t bytes) {
    size_t i;
    for (i = 0; i < bytes; i++) to[i] = (uint8_t)(value >> 8 * i);
}

/* llm.c's header: a right one, or with one word that is not. */
static size_t llmc(uint8_t *file, const uint8_t *data, size_t size) {
    static const uint32_t magic[4] = {20240520, 20240801, 20240522, 20240520};
    const size_t bytes = data[0] % 4 == 1 ? 4 : 2;
    memset(file, 0, 1024);
    put(file, magic[data[0] % 4], 4);
    put(file + 4, bytes == 2 ? 1 : 7, 4);
    put(file + 8, size / bytes + (data[1] == 255), 4);
    if (data[1] % 16 == 15) put(file + 4 * (data[1] >> 4) % 12, data[2], 4);
    return 1024;
}

/* NumPy's header, with the words that the options change. */
static size_t npy(uint8_t *file, const uint8_t *data, size_t size) {
    static const char *const types[8] = {"<u2", "<u4", "|u1", "<i2", "<i8", "<u8", "|i1", "<f4"};
    const char *type = types[data[0] % 8];
    char words[160];
    size_t length = (size_t)snprintf(
        words, sizeof words, "{'descr': '%s', 'fortran_order': %s, 'shape': (%zu%s), }", type,
        data[1] & 1 ? "False" : "True", size / (size_t)(type[2] - '0') + (data[1] & 2),
        data[1] & 4 ? ", 1" : ",");
    const size_t before = data[1] & 8 ? 12 : 10;
    memcpy(file, "\x93NUMPY", 6);
    file[6] = (uint8_t)(data[1] & 128 ? data[2] : before == 10 ? 1 : 2);
    file[7] = 0;
    put(file + 8, length + (data[1] & 64), before - 8);
    memcpy(file + before, words, length);
    if (data[1] & 32) file[before + data[2] % length] = data[1];
    return before + length;
}

/* All windows of a loader, up to some twenty. */
static void read_windows(const nc_hlx_loader *from, uint32_t vocab) {
    nc_hlx_loader loader = *from;
    uint32_t tokens[SEQ], targets[SEQ];
    int i, k;
    for (i = 0; i < 20; i++) {
        nc_hlx_loader_next(&loader, tokens, targets, 1);
        for (k = 0; k < SEQ; k++)
            must(!vocab ||
                 (tokens[k] < vocab && (targets[k] < vocab || targets[k] == NC_HLX_IGNORE)));
    }
}

static nc_hlx_bpe *tokenizer(void) {
    static const char text[] = "the cat and the hat and the mat; that is that";
    nc_hlx_bpe *bpe;
    must(nc_hlx_bpe_train(&bpe, text, sizeof text - 1, 270, NULL, NULL, NULL) == NC_OK);
    return bpe;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const uint32_t widths[8] = {0, 1, 2, 4, 8, 0, 0, 3};
    static uint8_t file[ROOM];
    static nc_hlx_bpe *bpe;
    nc_hlx_data_options o;
    nc_hlx_data opened;
    nc_error err;
    size_t head = 0, body;
    if (!bpe) bpe = tokenizer();
    if (size < OPTIONS || size > ROOM - 2048) return 0;
    body = size - OPTIONS;
    if (data[0] % 8 == 5) head = llmc(file, data + 1, body);
    if (data[0] % 8 == 6) head = npy(file, data + 1, body);
    memcpy(file + head, data + OPTIONS, body);
    memset(&o, 0, sizeof o);
    o.path = fuzz_file(file, head + body, 0);
    o.token_bytes = widths[data[0] % 8];
    o.bpe = data[0] & 8 ? bpe : NULL;
    o.vocab = data[0] & 16 ? data[4] * 3u : 0;
    o.apart = data[0] >> 5 & 1;
    o.valid_path = data[0] & 64 ? o.path : NULL;
    o.document_end = data[5];
    o.seq = SEQ;
    memset(&err, 0, sizeof err);
    if (nc_hlx_data_open_with(&opened, &o, &err) == NC_OK) {
        read_windows(&opened.train, o.vocab);
        read_windows(&opened.valid, o.vocab);
        must(opened.train_bytes + opened.valid_bytes <= 2 * (head + body));
    } else {
        must(err.message[0] && err.status != NC_OK && err.status != NC_ERR_MEMORY);
        must(!opened.source.file.data || err.status == NC_ERR_ARG);
    }
    nc_hlx_data_close(&opened);
    if (nc_hlx_data_open(&opened, o.path, o.token_bytes, o.bpe, SEQ, 1, &err) == NC_OK)
        nc_hlx_data_close(&opened);
    else
        must(err.message[0] != 0);
    unlink(o.path);
    return 0;
}
