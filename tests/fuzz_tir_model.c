/* Weights and blocks. The first byte picks what the rest is: bytes of a weights file, or changes of a
   whole one (with a right digest: what is read must guide a search to a proven end, and be the same
   when it is written and read again); or TASM that is encoded, or the words of a block. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "nc_tirneural.h"
#include "fuzz_file.h"

static nc_tir_model *start;
static uint8_t *whole;
static size_t whole_bytes;

static void must(int condition) {
    if (!condition) abort();
}

static void make_whole(void) {
    const char *path = fuzz_file(NULL, 0, 0);
    char *data;
    must(nc_tir_model_create(&start, 1) == NC_OK);
    must(nc_tir_model_save(start, path, NULL) == NC_OK);
    must(nc_file_read(path, &data, &whole_bytes, NULL) == NC_OK);
    whole = malloc(whole_bytes);
    memcpy(whole, data, whole_bytes);
    nc_file_free(data);
    unlink(path);
}

static nc_status read_model(nc_tir_model **model, const void *data, size_t size) {
    nc_error err;
    const nc_status status = nc_tir_model_read(model, data, size, &err);
    must(status == NC_OK ? *model != NULL : !*model && err.message[0]);
    return status;
}

/* Files of other sizes, from a path too. */
static void small_file(const uint8_t *data, size_t size) {
    const char *path = fuzz_file(data, size, 0);
    nc_tir_model *model;
    nc_error err;
    must(read_model(&model, data, size) != NC_OK);
    must(nc_tir_model_load(&model, path, &err) != NC_OK && !model && err.message[0]);
    unlink(path);
}

/* A search that weights guide, and the latents of a block. */
static void use(const nc_tir_model *model, unsigned which) {
    static const char *const tasm[2] = {
        "dup 3 add swap 2 mul push 5 push 7 add dup 1 swap 3 pop 1 add swap 1",
        "read_io 2 swap 1 split pop 1 push 1 add dup 0 mul swap 2 place 1 pick 2 write_io 1"};
    nc_gl words[NC_TIR_BLOCK_WORDS];
    nc_fixed latents[NC_TIR_BLOCK_NODES * 64];
    nc_tir_options options;
    nc_tir_report report;
    nc_error err;
    char *text;
    memset(&options, 0, sizeof options);
    options.model = model;
    options.beam = 4;
    must(nc_tir_optimize_tasm(tasm[which], &options, &text, &report, &err) == NC_OK);
    must(report.instructions_after <= report.instructions_before);
    nc_tir_free_text(text);
    must(nc_tir_encode(tasm[which], words, &err) == NC_OK);
    must(nc_tir_model_forward(model, words, 1, latents) == NC_OK);
}

/* Eight bytes each: a place (3), how many bytes from there on are alike in steps of four (1), and the
   four. The second byte of the input says whether the digest becomes right, the third that the file
   ends early. */
static void change(const uint8_t *data, size_t size) {
    uint8_t *file;
    nc_tir_model *model, *again;
    nc_gl digest[4], *weights;
    size_t bytes = whole_bytes, i, k, n, at;
    if (size < 2) return;
    file = malloc(whole_bytes);
    memcpy(file, whole, whole_bytes);
    for (i = 2; i + 8 <= size; i += 8) {
        at = (data[i] | (size_t)data[i + 1] << 8 | (size_t)data[i + 2] << 16) % (whole_bytes - 4);
        n = data[i + 3] & 1 ? (size_t)data[i + 3] << 6 : 1;
        if (n > 1) at -= at % 4;
        for (k = 0; k < n && at + 4 * k + 4 <= whole_bytes; k++)
            memcpy(file + at + 4 * k, data + i + 4, 4);
    }
    if (data[1] & 1) bytes -= data[1];
    if (data[0] & 1) {
        n = (whole_bytes - 48) / 4;
        weights = malloc(n * sizeof *weights);
        for (i = 0; i < n; i++) {
            int32_t word;
            memcpy(&word, file + 16 + 4 * i, 4);
            weights[i] = nc_gl_from_i64(word);
        }
        nc_gl_trident_hash_fields(weights, n, digest);
        for (i = 0; i < 32; i++)
            file[whole_bytes - 32 + i] = (uint8_t)(digest[i / 8] >> 8 * (i % 8));
        free(weights);
    }
    if (read_model(&model, file, bytes) == NC_OK) {
        use(model, data[0] >> 1 & 1);
        must(nc_tir_model_copy(&again, model) == NC_OK);
        nc_tir_model_digest(again, digest);
        for (i = 0; i < 32; i++)
            must(file[whole_bytes - 32 + i] == (uint8_t)(digest[i / 8] >> 8 * (i % 8)));
        nc_tir_model_destroy(again);
        nc_tir_model_destroy(model);
    }
    free(file);
}

/* What encodes, decodes to the same words. */
static void encode(const uint8_t *data, size_t size) {
    nc_gl words[NC_TIR_BLOCK_WORDS], again[NC_TIR_BLOCK_WORDS];
    char *text = malloc(size + 1), *back;
    nc_error err;
    memcpy(text, data, size);
    text[size] = 0;
    if (nc_tir_encode(text, words, &err) == NC_OK) {
        must(nc_tir_decode(words, &back) == NC_OK);
        must(nc_tir_encode(back, again, &err) == NC_OK);
        must(!memcmp(words, again, sizeof words));
        nc_tir_free_text(back);
    } else {
        must(err.message[0] != 0);
    }
    free(text);
}

/* Words of a block with others in some places: what decodes, encodes to the same words, and has
   latents, which take long: `forward` says whether they are computed. */
static void decode(const uint8_t *data, size_t size, int forward) {
    nc_gl words[NC_TIR_BLOCK_WORDS], again[NC_TIR_BLOCK_WORDS], value;
    nc_fixed latents[NC_TIR_BLOCK_NODES * 64];
    nc_error err;
    char *text;
    size_t i;
    must(nc_tir_encode("dup 3 add swap 2 mul push 5 pop 1 split", words, &err) == NC_OK);
    for (i = 0; i + 4 <= size; i += 4) {
        value = (nc_gl)data[i + 1] << 8 * (data[i + 2] % 8);
        words[data[i] % NC_TIR_BLOCK_WORDS] =
            data[i + 3] % 2 ? value : words[data[i] % NC_TIR_BLOCK_WORDS] ^ value;
    }
    if (nc_tir_decode(words, &text) == NC_OK) {
        must(nc_tir_encode(text, again, &err) == NC_OK);
        must(!memcmp(words, again, sizeof words));
        nc_tir_free_text(text);
        must(!forward || nc_tir_model_forward(start, words, 1, latents) == NC_OK);
    } else {
        must(nc_tir_model_forward(start, words, 1, latents) == NC_ERR_FORMAT);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (!start) make_whole();
    if (size == 0) return 0;
    switch (data[0] % 4) {
    case 0: small_file(data + 1, size - 1); break;
    case 1: change(data + 1, size - 1); break;
    case 2: encode(data + 1, size - 1); break;
    default: decode(data + 1, size - 1, data[0] % 64 == 3); break;
    }
    return 0;
}
