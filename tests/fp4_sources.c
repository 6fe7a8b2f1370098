/* nc_fp4.h, section sources: files that are not in memory, and the tensors that their headers name.
   The list is private: this test holds a copy of the library of its own. */
#include "test.h"
#include <unistd.h>
/* The allocation that fails, counted down; below 0: none. */
static long until_failure = -1, held;
static void *counted_malloc(size_t bytes) {
    void *at;
    if (until_failure >= 0 && until_failure-- == 0) return NULL;
    at = malloc(bytes);
    held += at != NULL;
    return at;
}
static void counted_free(void *at) {
    held -= at != NULL;
    free(at);
}
#define NC_MALLOC(bytes) counted_malloc(bytes)
#define NC_FREE(at) counted_free(at)
#define NC_STATIC
#define NC_IMPLEMENTATION
#include "../nc_fp4.h"

static char folder[64];

/* The path of a file of that name in this test's folder. */
static const char *in_folder(const char *name) {
    static char path[200];
    if (!*folder) {
        snprintf(folder, sizeof folder, "/tmp/nc_fp4_sources_XXXXXX");
        assert_non_null(mkdtemp(folder));
    }
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void write_file(const char *name, const void *data, size_t bytes) {
    nc_error err;
    if (nc_file_write(in_folder(name), data, bytes, &err) != NC_OK) fail_msg("%s", err.message);
}

/* A safetensors file of one float32 matrix, 2 x 3 from 10 on, and of a scalar that is F64 2.5. */
static void small_safetensors(nc__buffer *b, const char *name) {
    const uint64_t shape[2] = {2, 3};
    const double scalar = 2.5;
    char second[80];
    nc__head h;
    int i;
    nc__head_open(&h, NULL);
    nc__head_pair(&h, "format", "pt");
    nc__head_tensor(&h, name, "F32", shape, 2);
    snprintf(second, sizeof second, "%s.scalar", name);
    nc__head_tensor(&h, second, "F64", shape, 0);
    assert_int_equal(nc__head_close(&h), NC_OK);
    for (i = 0; i < 6; i++) nc__buffer_le(&h.b, nc_fp4__bits(10.0f + (float)i), 4);
    {
        uint64_t bits;
        memcpy(&bits, &scalar, 8);
        nc__buffer_le(&h.b, bits, 8);
    }
    *b = h.b;
}

static nc_status list_memory(nc_fp4__list *list, const void *data, size_t bytes, nc_error *err) {
    nc_fp4_source source;
    memset(list, 0, sizeof *list);
    nc_fp4_source_memory(&source, data, bytes);
    return nc_fp4__list_source(list, &source, 0, err);
}

static void safetensors_are_listed_from_their_header(void **state) {
    float x[6];
    nc_fp4__list list;
    nc_fp4__entry *e;
    nc_error err;
    nc__buffer b;
    size_t i;
    (void)state;
    small_safetensors(&b, "w");
    assert_int_equal(list_memory(&list, b.data, b.used, &err), NC_OK);
    assert_int_equal(nc_fp4__list_count(&list), 2);
    e = nc_fp4__list_find(&list, "w");
    assert_non_null(e);
    assert_string_equal(e->name, "w");
    assert_string_equal(e->dtype, "F32");
    assert_int_equal(e->rank, 2);
    assert_int_equal(e->shape[1], 3);
    assert_int_equal(nc_fp4__read_floats(&list, e, 0, 6, x, &err), NC_OK);
    for (i = 0; i < 6; i++) assert_true(x[i] == 10.0f + (float)i);
    assert_int_equal(nc_fp4__read_floats(&list, e, 4, 3, x, &err), NC_ERR_ARG);
    e = nc_fp4__list_find(&list, "w.scalar");
    assert_int_equal(nc_fp4__read_floats(&list, e, 0, 1, x, &err), NC_OK);
    assert_true(x[0] == 2.5f);
    assert_null(nc_fp4__list_find(&list, "v"));
    assert_string_equal(nc_fp4__list_value(&list, 0, "format"), "pt");
    nc_fp4__list_free(&list);
    for (i = 0; i < b.used; i++) { /* cut short anywhere: refused, and nothing lost */
        assert_int_not_equal(list_memory(&list, b.data, i, &err), NC_OK);
        nc_fp4__list_free(&list);
    }
    nc__buffer_free(&b);
}

static void every_float_type_is_read_in_place(void **state) {
    enum { N = 37 };
    static const char *const types[4] = {"F16", "BF16", "F32", "F64"};
    uint8_t raw[8 * N];
    float x[N];
    int k, big;
    size_t i, n;
    (void)state;
    for (k = 0; k < 8; k++) { /* 1 to 37 in each type and order */
        nc_fp4__list list;
        nc_fp4__part part;
        nc_fp4__entry e;
        nc_error err;
        memset(&list, 0, sizeof list);
        memset(&part, 0, sizeof part);
        memset(&e, 0, sizeof e);
        e.name = "x";
        strcpy(e.dtype, types[k / 2]);
        e.bits = (uint32_t)nc__dtype_bits(e.dtype);
        e.big_endian = big = k % 2;
        e.count = N;
        for (i = 0; i < N; i++) {
            const double value = 1.0 + (double)i;
            uint64_t bits;
            uint8_t word[8];
            memcpy(&bits, &value, 8);
            if (k / 2 == 0) bits = ((bits >> 52) - 1023 + 15) << 10 | (bits >> 42 & 1023);
            if (k / 2 == 1) bits = nc_fp4__bits((float)value) >> 16;
            if (k / 2 == 2) bits = nc_fp4__bits((float)value);
            nc__put_le(word, bits, e.bits / 8);
            for (n = 0; n < e.bits / 8; n++)
                raw[i * (e.bits / 8) + n] = word[big ? e.bits / 8 - 1 - n : n];
        }
        nc_fp4_source_memory(&part.source, raw, sizeof raw);
        nc__buffer_put(&list.parts, &part, sizeof part);
        for (i = 0; i < N; i++)
            for (n = 0; n <= N - i; n++) {
                size_t j;
                assert_int_equal(nc_fp4__read_floats(&list, &e, i, n, x, &err), NC_OK);
                for (j = 0; j < n; j++) assert_true(x[j] == 1.0f + (float)(i + j));
            }
        nc_fp4__list_free(&list);
    }
}

/* Fourteen values 0 to 13 as float32 behind a dictionary. */
static void small_npy(nc__buffer *b, const char *dictionary, int big_endian) {
    int i;
    memset(b, 0, sizeof *b);
    nc__buffer_put(b, "\x93NUMPY\1\0", 8);
    nc__buffer_le(b, strlen(dictionary), 2);
    nc__buffer_print(b, "%s", dictionary);
    for (i = 0; i < 14; i++) {
        const uint32_t u = nc_fp4__bits((float)i);
        const uint32_t swapped = u >> 24 | (u >> 8 & 0xFF00) | (u << 8 & 0xFF0000) | u << 24;
        nc__buffer_le(b, big_endian ? swapped : u, 4);
    }
}

/* Headers that numpy 2.4 reads, whoever wrote them; two or more values are nobody's. */
static void npy_arrays_of_both_orders_are_read(void **state) {
    static const struct {
        const char *dictionary;
        int big_endian, rank;
        uint32_t rows, columns; /* 0: three dimensions */
        float values[12];
    } cases[] = {
        {"{'descr':'<f4','fortran_order':False,'shape':(2,3)}", 0, 2, 2, 3, {0, 1, 2, 3, 4, 5}},
        {"{'descr':'<f4','fortran_order':True,'shape':(2,3)}", 0, 2, 2, 3, {0, 2, 4, 1, 3, 5}},
        {"{\"descr\":\">f4\",\"fortran_order\":True,\"shape\":(2,3)}",
         1,
         2,
         2,
         3,
         {0, 2, 4, 1, 3, 5}},
        {"{'shape': (3L, 2L), 'descr': 'float32', 'fortran_order': True,}\n",
         0,
         2,
         3,
         2,
         {0, 3, 1, 4, 2, 5}},
        {"{'descr': '<f4', 'fortran_order': True, 'shape': (5,), }", 0, 1, 1, 5, {0, 1, 2, 3, 4}},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (), }", 0, 0, 1, 1, {0}},
        {"{'descr': '<f4', 'fortran_order': True, 'shape': (2, 3, 2), }",
         0,
         3,
         0,
         0,
         {0, 6, 2, 8, 4, 10, 1, 7, 3, 9, 5, 11}}};
    size_t k, i, first, n;
    (void)state;
    for (k = 0; k < sizeof cases / sizeof *cases; k++) {
        float x[12], *all;
        uint32_t rows, columns;
        const nc_fp4__entry *e;
        nc_fp4__list list;
        nc_error err;
        nc__buffer b;
        small_npy(&b, cases[k].dictionary, cases[k].big_endian);
        if (list_memory(&list, b.data, b.used, &err) != NC_OK) fail_msg("%s", err.message);
        e = nc_fp4__list_entry(&list, 0);
        assert_int_equal(e->rank, cases[k].rank);
        for (first = 0; first < e->count; first++) /* any piece of it */
            for (n = 0; n <= e->count - first; n++) {
                assert_int_equal(nc_fp4__read_floats(&list, e, first, n, x, &err), NC_OK);
                assert_memory_equal(x, cases[k].values + first, n * sizeof *x);
            }
        if (cases[k].rows == 0) {
            assert_int_equal(nc_fp4_npy_read(b.data, b.used, &all, &rows, &columns, &err),
                             NC_ERR_UNSUPPORTED);
        } else {
            assert_int_equal(nc_fp4_npy_read(b.data, b.used, &all, &rows, &columns, &err), NC_OK);
            assert_int_equal(rows, cases[k].rows);
            assert_int_equal(columns, cases[k].columns);
            for (i = 0; i < e->count; i++) assert_true(all[i] == cases[k].values[i]);
            nc_fp4_free_text((char *)all);
        }
        nc_fp4__list_free(&list);
        nc__buffer_free(&b);
    }
}

/* More rows than a run has. */
static void tall_fortran_arrays_are_read_in_runs(void **state) {
    enum { ROWS = 700, COLUMNS = 3 };
    static float x[ROWS * COLUMNS];
    nc_fp4__list list;
    nc_error err;
    nc__buffer b;
    int i;
    (void)state;
    memset(&b, 0, sizeof b);
    nc__buffer_put(&b, "\x93NUMPY\1\0\x38\0", 10);
    nc__buffer_print(&b, "%-56s", "{'descr':'<f4','fortran_order':True,'shape':(700,3)}");
    for (i = 0; i < ROWS * COLUMNS; i++) nc__buffer_le(&b, nc_fp4__bits((float)i), 4);
    assert_int_equal(list_memory(&list, b.data, b.used, &err), NC_OK);
    assert_int_equal(
        nc_fp4__read_floats(&list, nc_fp4__list_entry(&list, 0), 4, ROWS * COLUMNS - 4, x, &err),
        NC_OK);
    for (i = 4; i < ROWS * COLUMNS; i++)
        assert_true(x[i - 4] == (float)(i % COLUMNS * ROWS + i / COLUMNS));
    nc_fp4__list_free(&list);
    nc__buffer_free(&b);
}

/* Every float16 and bfloat16 comes back; what lies between two goes to the nearer, half way to the
   even one. */
static void floats_are_narrowed_to_the_nearest(void **state) {
    static const char *const types[2] = {"F16", "BF16"};
    int k;
    (void)state;
    for (k = 0; k < 2; k++) {
        const uint32_t infinity = k ? 0x7F80 : 0x7C00;
        uint32_t h;
        for (h = 0; h < infinity; h++) {
            const float x = k ? nc_fp4__float(h << 16) : nc__half(h);
            const float next = h + 1 < infinity ? k ? nc_fp4__float((h + 1) << 16) : nc__half(h + 1)
                               : k ? INFINITY
                                                : 65536.0f;
            const float middle = (float)(((double)x + (double)next) / 2);
            float in[6];
            uint8_t out[12];
            int i;
            in[0] = x;
            in[1] = -x;
            in[2] = h + 1 < infinity || !k ? middle : x;
            in[3] = h + 1 < infinity || !k ? nextafterf(middle, 0.0f) : x;
            in[4] = nextafterf(middle, INFINITY);
            in[5] = NAN;
            assert_int_equal(nc_fp4__narrow(types[k], in, 6, out), 1);
            for (i = 0; i < 6; i++) {
                const uint32_t got = (uint32_t)nc__get_le(out + 2 * i, 2);
                const uint32_t even = h + 1 < infinity || !k ? h + (h & 1) : h;
                const uint32_t want = i == 0   ? h
                                      : i == 1 ? h | 0x8000
                                      : i == 2 ? even
                                      : i == 3 ? h
                                               : h + 1;
                if (i == 5 ? (got & 0x7FFF) <= infinity : got != want)
                    fail_msg("%s %x: %d gives %x", types[k], (unsigned)h, i, (unsigned)got);
            }
        }
    }
}

static void put_string(nc__buffer *b, const char *text) {
    nc__buffer_le(b, strlen(text), 8);
    nc__buffer_put(b, text, strlen(text));
}

static void put_key(nc__buffer *b, const char *key, unsigned type) {
    put_string(b, key);
    nc__buffer_le(b, type, 4);
}

static void put_info(nc__buffer *b, const char *name, uint64_t ne0, uint64_t ne1, unsigned type,
                     uint64_t offset) {
    put_string(b, name);
    nc__buffer_le(b, 2, 4);
    nc__buffer_le(b, ne0, 8);
    nc__buffer_le(b, ne1, 8);
    nc__buffer_le(b, type, 4);
    nc__buffer_le(b, offset, 8);
}

/* Metadata of every type, data at multiples of 64, a tensor of a type that nobody knows. */
static void small_gguf(nc__buffer *b) {
    memset(b, 0, sizeof *b);
    nc__buffer_put(b, "GGUF\3\0\0\0", 8);
    nc__buffer_le(b, 3, 8);
    nc__buffer_le(b, 9, 8);
    put_key(b, "general.name", 8), put_string(b, "a \"model\"");
    put_key(b, "general.alignment", 4), nc__buffer_le(b, 64, 4);
    put_key(b, "a.i8", 1), nc__buffer_le(b, 0xFB, 1);
    put_key(b, "a.f32", 6), nc__buffer_le(b, nc_fp4__bits(1.5f), 4);
    put_key(b, "a.bool", 7), nc__buffer_le(b, 1, 1);
    put_key(b, "a.u64", 10), nc__buffer_le(b, UINT64_MAX, 8);
    put_key(b, "a.strings", 9), nc__buffer_le(b, 8, 4), nc__buffer_le(b, 2, 8);
    put_string(b, "x"), put_string(b, "");
    put_key(b, "a.arrays", 9), nc__buffer_le(b, 9, 4), nc__buffer_le(b, 2, 8);
    nc__buffer_le(b, 2, 4), nc__buffer_le(b, 3, 8), nc__buffer_le(b, 0, 6);
    nc__buffer_le(b, 7, 4), nc__buffer_le(b, 0, 8);
    put_key(b, "a.i16", 3), nc__buffer_le(b, 0x8000, 2);
    put_info(b, "m", 64, 3, 39, 0); /* MXFP4: 3 * 2 * 17 = 102 bytes, 128 padded */
    put_info(b, "a type newer than this", 7, 3, 200, 128); /* up to the next one */
    put_info(b, "f", 3, 2, 0, 192);
    assert_in_range(b->used % 64, 1, 32); /* or 32 would do as well */
    while (b->used % 64) nc__buffer_le(b, 0, 1);
    {
        int i;
        (void)nc__buffer_add(b, 192);
        for (i = 0; i < 6; i++) nc__buffer_le(b, nc_fp4__bits((float)i), 4);
    }
}

static void gguf_headers_are_listed(void **state) {
    nc_fp4__list list;
    nc_fp4__entry *e;
    nc_error err;
    nc__buffer b;
    float x[6];
    size_t i;
    (void)state;
    small_gguf(&b);
    if (list_memory(&list, b.data, b.used, &err) != NC_OK) fail_msg("%s", err.message);
    assert_int_equal(nc_fp4__list_count(&list), 3);
    assert_string_equal(nc_fp4__list_value(&list, 0, "general.name"), "a \"model\"");
    assert_string_equal(nc_fp4__list_value(&list, 0, "a.i8"), "-5");
    assert_string_equal(nc_fp4__list_value(&list, 0, "a.i16"), "-32768");
    assert_string_equal(nc_fp4__list_value(&list, 0, "a.f32"), "1.5");
    assert_string_equal(nc_fp4__list_value(&list, 0, "a.bool"), "true");
    assert_string_equal(nc_fp4__list_value(&list, 0, "a.u64"), "18446744073709551615");
    assert_string_equal(nc_fp4__list_value(&list, 0, "a.arrays"), "");
    assert_int_equal(nc_fp4__list_pair(&list, 7)->raw_bytes, 4 + 8 + 12 + 6 + 12);
    e = nc_fp4__list_find(&list, "m");
    assert_string_equal(e->dtype, "MXFP4");
    assert_int_equal(e->shape[0], 3);
    assert_int_equal(e->shape[1], 64);
    assert_int_equal(e->bytes, 102);
    e = nc_fp4__list_find(&list, "a type newer than this");
    assert_string_equal(e->dtype, "GGML_200");
    assert_int_equal(e->bytes, 64);
    e = nc_fp4__list_find(&list, "f");
    assert_int_equal(nc_fp4__read_floats(&list, e, 0, 6, x, &err), NC_OK);
    for (i = 0; i < 6; i++) assert_true(x[i] == (float)i);
    nc_fp4__list_free(&list);
    for (i = 0; i < b.used; i++) {
        assert_int_not_equal(list_memory(&list, b.data, i, &err), NC_OK);
        nc_fp4__list_free(&list);
    }
    /* one tensor of no values, and no padding before its place */
    nc__buffer_free(&b);
    nc__buffer_put(&b, "GGUF\3\0\0\0", 8);
    nc__buffer_le(&b, 1, 8), nc__buffer_le(&b, 0, 8);
    put_info(&b, "empty", 0, 3, 0, 0);
    assert_int_equal(list_memory(&list, b.data, b.used, &err), NC_OK);
    assert_int_equal(nc_fp4__read_floats(&list, nc_fp4__list_entry(&list, 0), 0, 0, x, &err),
                     NC_OK);
    nc_fp4__list_free(&list);
    b.data[4] = 1; /* version 1 had other widths */
    assert_int_equal(list_memory(&list, b.data, b.used, &err), NC_ERR_UNSUPPORTED);
    nc_fp4__list_free(&list);
    nc__buffer_free(&b);
}

/* The whole of a file of this test's data; free with nc_file_free. */
static uint8_t *read_data(const char *name, size_t *bytes) {
    char *data;
    nc_error err;
    if (nc_file_read(name, &data, bytes, &err) != NC_OK) fail_msg("%s", err.message);
    return (uint8_t *)data;
}

/* Half a scale as ggml has it. */
static float ggml_half(nc_fp4_format format, uint8_t scale) {
    if (format == NC_FP4_MXFP4) /* 2^(scale - 128) */
        return nc_fp4__float(scale < 2 ? UINT32_C(0x200000) << scale : (uint32_t)(scale - 1) << 23);
    return scale == 0xFF ? 240.0f : 0.5f * nc_fp4_e4m3_decode(nc_fp4__ggml_scale(scale));
}

/* The values of n codes in blocks, whole ones, to the bit of ggml: a doubled E2M1, whose -0 is 0,
 * times half the scale. */
static void ggml_decode(nc_fp4_format format, const uint8_t *blocks, size_t n, float *x) {
    size_t values, parts, half, i, k, j;
    nc_fp4__ggml_block(format, &values, &parts);
    half = values / parts / 2;
    for (i = 0; i < n / values; i++, blocks += parts + values / 2)
        for (k = 0; k < parts; k++, x += 2 * half) {
            const uint8_t *codes = blocks + parts + k * half;
            const float by = ggml_half(format, blocks[k]);
            float table[16];
            for (j = 0; j < 16; j++)
                table[j] = (j % 8 ? 2.0f * nc_fp4_decode((uint8_t)j) : 0.0f) * by;
            for (j = 0; j < half; j++) {
                x[j] = table[codes[j] & 15];
                x[half + j] = table[codes[j] >> 4];
            }
        }
}

/* A file of the gguf package: values as it decodes them, codes and scales there and back, and the
   same bytes from our writer. */
static void gguf_files_are_those_of_the_gguf_package(void **state) {
    size_t bytes, value_bytes, i, at = 0;
    uint8_t *data = read_data(TEST_DATA "fp4/blocks.gguf", &bytes);
    uint8_t *values = read_data(TEST_DATA "fp4/blocks.f32", &value_bytes);
    nc_fp4__gguf_head head;
    nc_fp4__list list;
    nc_error err;
    nc__buffer out;
    (void)state;
    memset(&out, 0, sizeof out);
    if (list_memory(&list, data, bytes, &err) != NC_OK) fail_msg("%s", err.message);
    assert_int_equal(nc_fp4__list_count(&list), 7);
    assert_string_equal(nc_fp4__list_value(&list, 0, "general.name"), "blocks of 4 bits");
    assert_string_equal(nc_fp4__list_value(&list, 0, "a.number"), "4000000000");
    nc_fp4__gguf_open(&head, nc_fp4__list_part(&list, 0)->alignment);
    for (i = 0; i < nc_fp4__list_pairs(&list); i++) {
        const nc_fp4__pair *p = nc_fp4__list_pair(&list, i);
        nc_fp4__gguf_put_pair(&head, p->key, p->type, p->raw, p->raw_bytes);
    }
    for (i = 0; i < 7; i++) {
        const nc_fp4__entry *e = nc_fp4__list_entry(&list, i);
        assert_int_equal(nc_fp4__gguf_put_tensor(&head, e->name, e->dtype, e->shape, e->rank, &err),
                         NC_OK);
    }
    assert_int_equal(nc_fp4__gguf_close(&head, &out), NC_OK);
    for (i = 0; i < 7; i++) {
        const nc_fp4__entry *e = nc_fp4__list_entry(&list, i);
        const size_t n = (size_t)e->count;
        const uint8_t *from = data + e->offset;
        float *x = (float *)malloc(n * sizeof *x);
        size_t k;
        if (!strcmp(e->dtype, "MXFP4") || !strcmp(e->dtype, "NVFP4")) {
            const nc_fp4_format format = *e->dtype == 'M' ? NC_FP4_MXFP4 : NC_FP4_NVFP4;
            uint8_t codes[512], scales[64], again[512];
            float y[512];
            assert_true(n <= 512);
            ggml_decode(format, from, n, x);
            nc_fp4__ggml_unpack(format, from, n, codes, scales);
            assert_int_equal(nc_fp4_dequantize(format, codes, scales, 1.0f, n, y), NC_OK);
            for (k = 0; k < n; k++) /* the same value but where the definitions differ */
                if (scales[k / nc_fp4_block(format)] != (format == NC_FP4_MXFP4 ? 255 : 0x7F))
                    assert_true(x[k] == y[k]);
            for (k = 0; k < n / nc_fp4_block(format); k++) /* those have no way back */
                if (format == NC_FP4_MXFP4 ? scales[k] == 255 : scales[k] == 0x7F) break;
            assert_true(k < n / nc_fp4_block(format));
            assert_int_equal(nc_fp4__ggml_pack(format, codes, scales, n, again),
                             NC_ERR_UNSUPPORTED);
            scales[k] = 1;
            assert_int_equal(nc_fp4__ggml_pack(format, codes, scales, n, again), NC_OK);
            for (k = 0; k < e->bytes; k++) /* scales that both have */
                if (format == NC_FP4_MXFP4 ? k % 17 || from[k] < 255 : k % 36 >= 4 || from[k] < 127)
                    assert_int_equal(again[k], from[k]);
        } else if (nc__is_float(e->dtype)) {
            assert_int_equal(nc_fp4__read_floats(&list, e, 0, n, x, &err), NC_OK);
        } else { /* listed, not decoded */
            assert_string_equal(e->dtype, "Q8_0");
            assert_int_equal(nc_fp4__read_floats(&list, e, 0, n, x, &err), NC_ERR_UNSUPPORTED);
            for (k = 0; k < n; k++) memcpy(&x[k], values + at + 4 * k, 4);
        }
        for (k = 0; k < n; k++, at += 4)
            if (nc_fp4__bits(x[k]) != (uint32_t)nc__get_le(values + at, 4))
                fail_msg("%s: value %u is %.9g", e->name, (unsigned)k, (double)x[k]);
        free(x);
        nc__buffer_put(&out, from, (size_t)e->bytes);
        (void)memset(nc__buffer_add(&out, nc_fp4__gguf_padding(&head, e->bytes)), 0,
                     nc_fp4__gguf_padding(&head, e->bytes));
    }
    assert_int_equal(at, value_bytes);
    assert_int_equal(out.used, bytes);
    assert_memory_equal(out.data, data, bytes);
    nc__buffer_free(&out);
    nc_fp4__list_free(&list);
    nc_file_free((char *)data);
    nc_file_free((char *)values);
}

static void a_split_gguf_is_one_list(void **state) {
    const uint64_t shape[1] = {3};
    nc_fp4__list list;
    nc_error err;
    int i;
    (void)state;
    for (i = 1; i <= 3; i++) {
        char name[40];
        nc_fp4__gguf_head h;
        nc__buffer b;
        uint8_t count[2] = {3, 0};
        memset(&b, 0, sizeof b);
        nc_fp4__gguf_open(&h, 0);
        nc_fp4__gguf_put_word(&h, "general.architecture", "llama");
        nc_fp4__gguf_put_pair(&h, "split.count", 2, count, 2);
        snprintf(name, sizeof name, "tensor.%d", i);
        assert_int_equal(nc_fp4__gguf_put_tensor(&h, name, "F32", shape, 1, &err), NC_OK);
        assert_int_equal(nc_fp4__gguf_close(&h, &b), NC_OK);
        nc__buffer_put(&b, "\0\0\200\77\0\0\0\100\0\0\100\100", 12); /* 1 2 3 */
        snprintf(name, sizeof name, "m-%05d-of-00003.gguf", i);
        write_file(name, b.data, b.used);
        nc__buffer_free(&b);
    }
    memset(&list, 0, sizeof list);
    if (nc_fp4__list_path(&list, in_folder("m-00001-of-00003.gguf"), &err) != NC_OK)
        fail_msg("%s", err.message);
    assert_int_equal(nc_fp4__list_count(&list), 3);
    assert_string_equal(nc_fp4__list_value(&list, 2, "general.architecture"), "llama");
    for (i = 0; i < 3; i++) {
        float x[3];
        const nc_fp4__entry *e = nc_fp4__list_entry(&list, (size_t)i);
        assert_int_equal(nc_fp4__read_floats(&list, e, 0, 3, x, &err), NC_OK);
        assert_true(x[0] == 1.0f && x[1] == 2.0f && x[2] == 3.0f);
    }
    nc_fp4__list_free(&list);
    memset(&list, 0, sizeof list);
    assert_int_equal(nc_fp4__list_path(&list, in_folder("m-00002-of-00003.gguf"), &err),
                     NC_ERR_MISMATCH);
    nc_fp4__list_free(&list);
    memset(&list, 0, sizeof list);
    (void)remove(in_folder("m-00003-of-00003.gguf"));
    assert_int_equal(nc_fp4__list_path(&list, in_folder("m-00001-of-00003.gguf"), &err), NC_ERR_IO);
    nc_fp4__list_free(&list);
}

/* Written by the library itself: every byte of every tensor counts up from 0. */
static void odd_safetensors_are_read_whole(void **state) {
    static const struct {
        const char *name, *dtype;
        uint32_t rank, bits, bytes;
    } want[] = {{"scalar", "F32", 0, 32, 4},  {"empty", "F32", 2, 32, 0},
                {"e4m3", "F8_E4M3", 2, 8, 6}, {"e5m2", "F8_E5M2", 1, 8, 5},
                {"e8m0", "F8_E8M0", 2, 8, 4}, {"fnuz", "F8_E4M3FNUZ", 1, 8, 2},
                {"c64", "C64", 1, 64, 16},    {"bool", "BOOL", 1, 8, 2},
                {"f4", "F4", 2, 4, 8},        {"u16", "U16", 1, 16, 6},
                {"nine", "BF16", 9, 16, 12},  {"quoted \"name\" \\ \xC3\xA9\n", "I64", 1, 64, 8}};
    size_t bytes, i, k;
    uint8_t *data = read_data(TEST_DATA "fp4/odd.safetensors", &bytes);
    char name[320];
    nc_fp4__list list;
    nc_error err;
    (void)state;
    if (list_memory(&list, data, bytes, &err) != NC_OK) fail_msg("%s", err.message);
    assert_int_equal(nc_fp4__list_count(&list), sizeof want / sizeof *want + 1);
    for (i = 0; i < sizeof want / sizeof *want; i++) {
        const nc_fp4__entry *e = nc_fp4__list_find(&list, want[i].name);
        if (!e) fail_msg("no %s", want[i].name);
        assert_string_equal(e->dtype, want[i].dtype);
        assert_int_equal(e->rank, want[i].rank);
        assert_int_equal(e->bits, want[i].bits);
        assert_int_equal(e->bytes, want[i].bytes);
        for (k = 0; k < e->bytes && strcmp(e->dtype, "BOOL"); k++)
            assert_int_equal(data[e->offset + k], k);
    }
    memset(name, 'n', sizeof name);
    memcpy(name, "long.", 5);
    name[305] = 0;
    assert_non_null(nc_fp4__list_find(&list, name));
    name[304] = 0;
    assert_null(nc_fp4__list_find(&list, name));
    assert_string_equal(nc_fp4__list_value(&list, 0, "k\xC3\xA9y\t"), "a \"value\"\x01");
    assert_string_equal(nc_fp4__list_value(&list, 0, ""), "");
    assert_int_equal(strlen(nc_fp4__list_value(&list, 0, "long")), 300);
    nc_fp4__list_free(&list);
    nc_file_free((char *)data);
}

/* Written by numpy: 2.5 times the numbers from 0 on. */
static void arrays_of_numpy_are_read(void **state) {
    static const struct {
        const char *name;
        uint32_t rows, columns; /* 0: three dimensions, each the last of the file's first */
    } files[] = {{"c_f4", 3, 4},      {"fortran_f4", 3, 4}, {"big_f2", 3, 4},
                 {"scalar_f4", 1, 1}, {"row_f8", 1, 12},    {"cube_f8", 0, 0}};
    size_t i, k;
    (void)state;
    for (i = 0; i < sizeof files / sizeof *files; i++) {
        char path[80];
        uint8_t *data;
        size_t bytes;
        nc_error err;
        float *x, y[12];
        uint32_t rows, columns;
        nc_fp4__list list;
        snprintf(path, sizeof path, TEST_DATA "fp4/%s.npy", files[i].name);
        data = read_data(path, &bytes);
        if (files[i].rows) {
            if (nc_fp4_npy_read(data, bytes, &x, &rows, &columns, &err) != NC_OK)
                fail_msg("%s: %s", path, err.message);
            assert_int_equal(rows, files[i].rows);
            assert_int_equal(columns, files[i].columns);
            for (k = 0; k < rows * columns; k++)
                assert_true(x[k] == (rows * columns == 1 ? 2.5f : 2.5f * (float)k));
            nc_fp4_free_text((char *)x);
        } else { /* x.reshape(3, 2, 2).T: element (a, b, c) is 4 c + 2 b + a */
            assert_int_equal(list_memory(&list, data, bytes, &err), NC_OK);
            assert_int_equal(
                nc_fp4__read_floats(&list, nc_fp4__list_entry(&list, 0), 0, 12, y, &err), NC_OK);
            for (k = 0; k < 12; k++)
                assert_true(y[k] == 2.5f * (float)(k % 3 * 4 + k / 3 % 2 * 2 + k / 6));
            nc_fp4__list_free(&list);
        }
        nc_file_free((char *)data);
    }
}

static void what_gguf_cannot_hold_is_refused(void **state) {
    const uint64_t shape[5] = {1, 1, 1, 1, 48};
    const char *name = "a name of sixty-four bytes, one more than the library of GGUF has..";
    nc_fp4__gguf_head h;
    nc__buffer out;
    nc_error err;
    (void)state;
    memset(&out, 0, sizeof out);
    nc_fp4__gguf_open(&h, 0);
    assert_int_equal(nc_fp4__gguf_put_tensor(&h, "x", "U8", shape, 1, &err), NC_ERR_UNSUPPORTED);
    assert_int_equal(nc_fp4__gguf_put_tensor(&h, "x", "MXFP4", shape + 4, 1, &err),
                     NC_ERR_UNSUPPORTED);
    assert_non_null(strstr(err.message, "48"));
    assert_int_equal(nc_fp4__gguf_put_tensor(&h, "x", "F32", shape, 5, &err), NC_ERR_LIMIT);
    assert_int_equal(nc_fp4__gguf_put_tensor(&h, name, "F32", shape, 1, &err), NC_ERR_LIMIT);
    assert_int_equal(nc_fp4__gguf_put_tensor(&h, name + 4, "F32", shape, 0, &err), NC_OK);
    assert_int_equal(h.at, 32);
    assert_int_equal(nc_fp4__gguf_close(&h, &out), NC_OK);
    assert_int_equal(out.used % 32, 0);
    nc__buffer_free(&out);
}

static void shards_are_found_through_their_index(void **state) {
    static const char good[] = "{\"metadata\": {\"total_size\": 64}, \"weight_map\": {\"a\": "
                               "\"1.safetensors\", \"b\": \"2.safetensors\", \"b.scalar\": "
                               "\"2.safetensors\"}}";
    static const char *const bad[] = {
        "{\"weight_map\": {\"a\": \"2.safetensors\"}}",    /* it is in the other */
        "{\"weight_map\": {\"a\": \"3.safetensors\"}}",    /* no such file */
        "{\"weight_map\": {\"a\": \"../1.safetensors\"}}", /* not beside the index */
        "{\"weight_map\": {\"c\": \"1.safetensors\"}}",    /* no such tensor */
        "{\"weight_map\": {\"b\": \"2.safetensors\", \"a.scalar\": \"1.safetensors\", \"a\": "
        "\"2.safetensors\"}}",
        "{\"metadata\": {}}",
        "{\"weight_map\": {\"a\": 1}}",
        "{"};
    nc_fp4__list list;
    nc_error err;
    nc__buffer b;
    float x[6];
    size_t i;
    (void)state;
    small_safetensors(&b, "a");
    write_file("1.safetensors", b.data, b.used);
    nc__buffer_free(&b);
    small_safetensors(&b, "b");
    write_file("2.safetensors", b.data, b.used);
    nc__buffer_free(&b);
    write_file("index.json", good, strlen(good));
    memset(&list, 0, sizeof list);
    if (nc_fp4__list_path(&list, in_folder("index.json"), &err) != NC_OK)
        fail_msg("%s", err.message);
    assert_int_equal(nc_fp4__list_parts(&list), 2);
    assert_int_equal(nc_fp4__list_count(&list), 4);
    assert_int_equal(nc_fp4__list_find(&list, "b")->source, 1);
    assert_int_equal(nc_fp4__read_floats(&list, nc_fp4__list_find(&list, "b"), 0, 6, x, &err),
                     NC_OK);
    assert_true(x[5] == 15.0f);
    nc_fp4__list_free(&list);
    memset(&list, 0, sizeof list);
    assert_int_equal(nc_fp4__list_path(&list, in_folder("1.safetensors"), &err), NC_OK);
    assert_int_equal(nc_fp4__list_path(&list, in_folder("1.safetensors"), &err), NC_ERR_MISMATCH);
    nc_fp4__list_free(&list);
    for (i = 0; i < sizeof bad / sizeof *bad; i++) {
        memset(&list, 0, sizeof list);
        write_file("index.json", bad[i], strlen(bad[i]));
        if (nc_fp4__list_path(&list, in_folder("index.json"), &err) == NC_OK)
            fail_msg("taken: %s", bad[i]);
        assert_true(err.message[0] != 0);
        nc_fp4__list_free(&list);
    }
}

/* The k-th allocation fails, for every k: NC_ERR_MEMORY, and nothing is lost. */
static void lists_report_the_memory_they_lack(void **state) {
    static const char *const paths[] = {TEST_DATA "fp4/odd.safetensors",
                                        TEST_DATA "fp4/blocks.gguf",
                                        TEST_DATA "fp4/fortran_f4.npy"};
    float x[6] = {1, 2, 3, 4, 5, 6};
    nc_fp4_tensor t, u;
    char *data;
    size_t bytes;
    nc_error err;
    long k, before;
    int i;
    (void)state;
    for (i = 0; i < 3; i++) {
        nc_status status = NC_ERR_MEMORY;
        for (k = 0; status != NC_OK; k++) {
            nc_fp4__list list;
            memset(&list, 0, sizeof list);
            before = held;
            until_failure = k;
            status = nc_fp4__list_path(&list, paths[i], &err);
            until_failure = -1;
            if (status != NC_OK) assert_int_equal(status, NC_ERR_MEMORY);
            nc_fp4__list_free(&list);
            assert_int_equal(held, before);
        }
        assert_in_range(k, 3, 1000);
    }
    assert_int_equal(nc_fp4_tensor_create(&t, NC_FP4_NVFP4, NULL, x, 2, 3), NC_OK);
    assert_int_equal(nc_fp4_tensor_save(&t, "w", &data, &bytes), NC_OK);
    for (k = 0;; k++) {
        nc_status status;
        before = held;
        until_failure = k;
        status = nc_fp4_tensor_load(&u, "w", data, bytes, &err);
        until_failure = -1;
        if (status == NC_OK) break;
        assert_int_equal(status, NC_ERR_MEMORY);
        assert_int_equal(held, before);
    }
    nc_fp4_tensor_free(&u);
    nc_fp4_free_text(data);
    for (k = 0;; k++) {
        nc_status status;
        before = held;
        until_failure = k;
        status = nc_fp4_tensor_save(&t, "w", &data, &bytes);
        until_failure = -1;
        if (status == NC_OK) break;
        assert_int_equal(status, NC_ERR_MEMORY);
        assert_int_equal(held, before);
    }
    nc_fp4_free_text(data);
    nc_fp4_tensor_free(&t);
}

static void sources_say_what_they_cannot_read(void **state) {
    nc_fp4_source source;
    nc_error err;
    uint8_t bytes[4];
    (void)state;
    assert_int_equal(nc_fp4_source_open(&source, in_folder("none"), &err), NC_ERR_IO);
    assert_non_null(strstr(err.message, "none"));
    assert_int_equal(nc_fp4_source_open(&source, "/tmp", &err), NC_ERR_IO);
    assert_int_equal(nc_fp4_source_open(&source, NULL, &err), NC_ERR_ARG);
    assert_int_equal(nc_fp4_source_open(NULL, "/tmp", &err), NC_ERR_ARG);
    write_file("four", "abcd", 4);
    assert_int_equal(nc_fp4_source_open(&source, in_folder("four"), &err), NC_OK);
    assert_int_equal(source.bytes, 4);
    assert_int_equal(nc_fp4__source_read(&source, 1, bytes, 3, &err), NC_OK);
    assert_memory_equal(bytes, "bcd", 3);
    assert_int_equal(nc_fp4__source_read(&source, 2, bytes, 3, &err), NC_ERR_FORMAT);
    assert_int_equal(truncate(in_folder("four"), 2), 0); /* it shrinks as it is read */
    assert_int_equal(nc_fp4__source_read(&source, 1, bytes, 3, &err), NC_ERR_IO);
    nc_fp4_source_close(&source);
    nc_fp4_source_close(&source);
    nc_fp4_source_close(NULL);
}

static int remove_folder(void **state) {
    static const char *const names[] = {
        "1.safetensors", "2.safetensors",         "index.json",
        "four",          "m-00001-of-00003.gguf", "m-00002-of-00003.gguf"};
    size_t i;
    (void)state;
    for (i = 0; i < sizeof names / sizeof *names; i++) (void)remove(in_folder(names[i]));
    return rmdir(folder);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(safetensors_are_listed_from_their_header),
        cmocka_unit_test(every_float_type_is_read_in_place),
        cmocka_unit_test(floats_are_narrowed_to_the_nearest),
        cmocka_unit_test(npy_arrays_of_both_orders_are_read),
        cmocka_unit_test(tall_fortran_arrays_are_read_in_runs),
        cmocka_unit_test(gguf_headers_are_listed),
        cmocka_unit_test(gguf_files_are_those_of_the_gguf_package),
        cmocka_unit_test(a_split_gguf_is_one_list),
        cmocka_unit_test(odd_safetensors_are_read_whole),
        cmocka_unit_test(arrays_of_numpy_are_read),
        cmocka_unit_test(what_gguf_cannot_hold_is_refused),
        cmocka_unit_test(shards_are_found_through_their_index),
        cmocka_unit_test(lists_report_the_memory_they_lack),
        cmocka_unit_test(sources_say_what_they_cannot_read),
    };
    return cmocka_run_group_tests(tests, NULL, remove_folder);
}
