/* Lists of tensors. The first byte chooses what is put before the rest: nothing, the length of a
   safetensors header, that of a .npy dictionary, GGUF's first words. What is accepted lies within the
   file, is read and decoded; tensors of ours are loaded; a GGUF header is written again and read
   back. The list is private: this target holds the header's text. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#define NC_STATIC
#define NC_IMPLEMENTATION
#include "nc_fp4.h"

static void must(int condition) {
    if (!condition) __builtin_trap();
}

static void read_values(const nc_fp4__list *list, const nc_fp4__entry *e, uint64_t bytes) {
    nc_error err;
    must(e->offset <= bytes && e->bytes <= bytes - e->offset);
    must(nc_fp4__list_find(list, e->name) == e);
    if (nc__is_float(e->dtype)) {
        float *x = (float *)malloc((size_t)e->count * sizeof *x + 1), one;
        uint64_t middle = e->count / 2;
        must(nc_fp4__read_floats(list, e, 0, (size_t)e->count, x, &err) == NC_OK);
        if (e->count) {
            must(nc_fp4__read_floats(list, e, middle, 1, &one, &err) == NC_OK);
            must(memcmp(&one, &x[middle], sizeof one) == 0);
        }
        free(x);
    } else if (!strcmp(e->dtype, "MXFP4") || !strcmp(e->dtype, "NVFP4")) {
        const nc_fp4_format format = *e->dtype == 'M' ? NC_FP4_MXFP4 : NC_FP4_NVFP4;
        const size_t n = (size_t)e->count;
        uint8_t *blocks = (uint8_t *)malloc((size_t)e->bytes + 1), *codes = malloc(n / 2 + 1),
                *scales = malloc(n / 16 + 1);
        must(nc_fp4__read_entry(list, e, blocks, &err) == NC_OK);
        nc_fp4__ggml_unpack(format, blocks, n, codes, scales);
        (void)nc_fp4__ggml_pack(format, codes, scales, n, blocks);
        free(blocks), free(codes), free(scales);
    }
}

/* The same pairs and infos from our writer, and room for the data. */
static void write_again(const nc_fp4__list *list) {
    nc_fp4__gguf_head head;
    nc_fp4_source source;
    nc_fp4__list again;
    nc_error err;
    nc__buffer b;
    size_t i;
    memset(&b, 0, sizeof b);
    memset(&again, 0, sizeof again);
    nc_fp4__gguf_open(&head, nc_fp4__list_part(list, 0)->alignment);
    for (i = 0; i < nc_fp4__list_pairs(list); i++) {
        const nc_fp4__pair *p = nc_fp4__list_pair(list, i);
        nc_fp4__gguf_put_pair(&head, p->key, p->type, p->raw, p->raw_bytes);
    }
    for (i = 0; i < nc_fp4__list_count(list); i++) {
        const nc_fp4__entry *e = nc_fp4__list_entry(list, i);
        if (nc_fp4__gguf_put_tensor(&head, e->name, e->dtype, e->shape, e->rank, &err) != NC_OK)
            break;
    }
    if (head.alignment <= 65536 && nc_fp4__gguf_close(&head, &b) == NC_OK &&
        i == nc_fp4__list_count(list) && head.at < 1 << 20) {
        memset(nc__buffer_add(&b, (size_t)head.at), 0, (size_t)head.at);
        nc_fp4_source_memory(&source, b.data, b.used);
        must(nc_fp4__list_source(&again, &source, 0, &err) == NC_OK);
        must(nc_fp4__list_count(&again) == i);
        must(nc_fp4__list_pairs(&again) == nc_fp4__list_pairs(list));
    }
    nc__buffer_free(&head.pairs);
    nc__buffer_free(&head.infos);
    nc__buffer_free(&b);
    nc_fp4__list_free(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static uint8_t file[1 << 16];
    const int kind = size ? data[0] % 4 : 0;
    size_t before = 0, head, i;
    nc_fp4_source source;
    nc_fp4__list list;
    nc_error err;
    if (size < 3 || size > sizeof file - 64) return 0;
    memset(&err, 0, sizeof err);
    memset(&list, 0, sizeof list);
    head = kind ? (data[1] | (size_t)data[2] << 8) % (size - 2) : 0;
    if (kind == 1) nc__put_le(file, head, before = 8);
    if (kind == 2) memcpy(file, "\x93NUMPY\1\0", 8), nc__put_le(file + 8, head, 2), before = 10;
    if (kind == 3) {
        memcpy(file, "GGUF\3\0\0\0", 8);
        nc__put_le(file + 8, data[1] % 4, 8);
        nc__put_le(file + 16, data[2] % 4, 8);
        before = 24;
    }
    size -= kind ? 3 : 1;
    memcpy(file + before, data + (kind ? 3 : 1), size);
    size += before;
    nc_fp4_source_memory(&source, file, size);
    if (nc_fp4__list_source(&list, &source, 0, &err) != NC_OK) {
        must(err.message[0] != 0);
        nc_fp4__list_free(&list);
        return 0;
    }
    for (i = 0; i < nc_fp4__list_count(&list); i++) {
        const nc_fp4__entry *e = nc_fp4__list_entry(&list, i);
        nc_fp4_tensor t;
        read_values(&list, e, size);
        if (*e->name && nc_fp4_tensor_load(&t, e->name, file, size, &err) == NC_OK)
            nc_fp4_tensor_free(&t);
    }
    for (i = 0; i < nc_fp4__list_pairs(&list); i++)
        must(nc_fp4__list_value(&list, 0, nc_fp4__list_pair(&list, i)->key) != NULL);
    if (nc_fp4__list_part(&list, 0)->container == NC_FP4__IN_GGUF) write_again(&list);
    nc_fp4__list_free(&list);
    return 0;
}
