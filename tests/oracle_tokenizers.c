/* Ids of many texts, for tests/oracle_tokenizers.py:
     oracle_tokenizers TOKENIZER PATTERN document|plain TEXTS IDS
     oracle_tokenizers TEXT PATTERN train VOCAB TOKENIZER.json
   TEXTS has u32 length and bytes of each text, IDS gets u32 count and u32 ids; prints the digest
   and MB/s. Plain ids are decoded again and must give the text. */
#define _POSIX_C_SOURCE 199309L
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#define NC_IMPLEMENTATION
#include "../nc_hlx.h"

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int train(char **argv) {
    nc_hlx_file text;
    nc_hlx_bpe *bpe;
    nc_error err;
    nc_status status = nc_hlx_file_open(&text, argv[1], &err);
    if (status != NC_OK) return 1;
    status = nc_hlx_bpe_train_pattern(&bpe, text.data, text.bytes, (uint32_t)atoi(argv[4]),
                                      (uint32_t)atoi(argv[2]), NULL, NULL, NULL);
    nc_hlx_file_close(&text);
    if (status == NC_OK) status = nc_hlx_bpe_save_json(bpe, argv[5], &err);
    if (status == NC_OK) nc_hlx_bpe_destroy(bpe);
    return status != NC_OK;
}

int main(int argc, char **argv) {
    nc_hlx_bpe *bpe;
    nc_error err;
    FILE *in, *out;
    uint32_t length;
    double seconds = 0, bytes = 0;
    if (argc != 6) return 2;
    if (!strcmp(argv[3], "train")) return train(argv);
    if (nc_hlx_bpe_open(&bpe, argv[1], (uint32_t)atoi(argv[2]), NULL, &err) != NC_OK) {
        fprintf(stderr, "%s:%d:%d: %s\n", argv[1], err.line, err.column, err.message);
        return 1;
    }
    in = fopen(argv[4], "rb");
    out = fopen(argv[5], "wb");
    if (!in || !out) return 2;
    while (fread(&length, 4, 1, in) == 1) {
        char *text = malloc(length + 1u);
        uint32_t *ids = malloc(nc_hlx_bpe_room(bpe, length) * sizeof *ids), count;
        size_t n;
        if (!text || !ids || fread(text, 1, length, in) != length) return 2;
        seconds -= now();
        n = argv[3][0] == 'd' ? nc_hlx_bpe_encode_document(bpe, text, length, ids)
                              : nc_hlx_bpe_encode(bpe, text, length, ids);
        seconds += now();
        bytes += length;
        count = (uint32_t)n;
        if (argv[3][0] == 'p' && !nc_hlx_bpe_nfc(bpe)) {
            char *back = malloc(length + 1u);
            if (!back || nc_hlx_bpe_decode(bpe, ids, n, (uint8_t *)back, length, &n) != NC_OK ||
                n != length || memcmp(back, text, n) != 0)
                return 1;
            free(back);
        }
        if (fwrite(&count, 4, 1, out) != 1 || fwrite(ids, 4, count, out) != count) return 2;
        free(text);
        free(ids);
    }
    printf("%016llx %.1f\n", (unsigned long long)nc_hlx_bpe_digest(bpe), bytes / seconds / 1e6);
    nc_hlx_bpe_destroy(bpe);
    fclose(in);
    return fclose(out) != 0;
}
