/* nc_fp4.h, section weights: files of 4-bit weights as other projects' libraries have written them
   (tests/golden_fp4.py), against the values that the same libraries read from them. */
#include "test.h"
#include <math.h>
#include <unistd.h>
#include "../nc_fp4.h"

/* What a file of tests/data/fp4 holds. */
typedef struct golden {
    const char *file; /* its values are in NAME.npy */
    const char *name;
    nc_fp4_layout layout;
    nc_fp4_format format;
    uint32_t stack, rows, columns, block;
    int across;
    const char *also; /* a tensor that is no part of the weight */
} golden;

static const golden files[] = {
    {"bnb_nf4.safetensors", "l.weight", NC_FP4_LAYOUT_BNB, NC_FP4_NF4, 1, 3, 100, 64, 1, "l.bias"},
    {"bnb_nf4_nested.safetensors", "l.weight", NC_FP4_LAYOUT_BNB, NC_FP4_NF4, 1, 7, 33, 64, 1,
     "l.bias"},
    {"bnb_nf4_32.safetensors", "l.weight", NC_FP4_LAYOUT_BNB, NC_FP4_NF4, 1, 4, 64, 32, 0,
     "l.bias"},
    {"bnb_nf4_512.safetensors", "l.weight", NC_FP4_LAYOUT_BNB, NC_FP4_NF4, 1, 6, 101, 512, 1,
     "l.bias"},
    {"bnb_fp4.safetensors", "l.weight", NC_FP4_LAYOUT_BNB, NC_FP4_BNB, 1, 3, 100, 128, 1, "l.bias"},
    {"bnb_fp4_nested.safetensors", "l.weight", NC_FP4_LAYOUT_BNB, NC_FP4_BNB, 1, 9, 35, 64, 1,
     "l.bias"},
    {"ct_nvfp4.safetensors", "l.weight", NC_FP4_LAYOUT_COMPRESSED, NC_FP4_NVFP4, 1, 5, 64, 16, 0,
     "l.input_global_scale"},
    {"ct_mxfp4.safetensors", "l.weight", NC_FP4_LAYOUT_COMPRESSED, NC_FP4_MXFP4, 1, 5, 64, 32, 0,
     NULL},
    {"modelopt_nvfp4.safetensors", "l.weight", NC_FP4_LAYOUT_MODELOPT, NC_FP4_NVFP4, 1, 6, 48, 16,
     0, "l.input_scale"},
    {"modelopt_mxfp4.safetensors", "l.weight", NC_FP4_LAYOUT_MODELOPT, NC_FP4_MXFP4, 2, 3, 64, 32,
     0, NULL},
    {"gpt_oss.safetensors", "m.experts.gate_up_proj", NC_FP4_LAYOUT_GPT_OSS, NC_FP4_MXFP4, 2, 3, 64,
     32, 0, "m.experts.gate_up_proj_bias"},
    {"mlx_mxfp4.safetensors", "l.weight", NC_FP4_LAYOUT_MLX, NC_FP4_MXFP4, 1, 4, 64, 32, 0, NULL},
    {"mlx_nvfp4.safetensors", "l.weight", NC_FP4_LAYOUT_MLX, NC_FP4_NVFP4, 1, 4, 64, 16, 0, NULL},
    {"gguf_mxfp4.gguf", "blk.0.weight", NC_FP4_LAYOUT_GGUF, NC_FP4_MXFP4, 1, 3, 128, 32, 0,
     "blk.0.bias"},
    {"gguf_nvfp4.gguf", "blk.0.weight", NC_FP4_LAYOUT_GGUF, NC_FP4_NVFP4, 1, 3, 128, 16, 0,
     "blk.0.bias"},
    {"gguf_nvfp4_scaled.gguf", "blk.0.weight", NC_FP4_LAYOUT_GGUF, NC_FP4_NVFP4, 2, 3, 128, 16, 0,
     "blk.0.bias"},
    {"torchao_mxfp4.safetensors", "l.weight", NC_FP4_LAYOUT_TORCHAO, NC_FP4_MXFP4, 1, 4, 64, 32, 0,
     "l.bias"},
    {"torchao_nvfp4.safetensors", "l.weight", NC_FP4_LAYOUT_TORCHAO, NC_FP4_NVFP4, 1, 4, 64, 16, 0,
     "l.bias"},
    {"torchao_swizzled.safetensors", "l.weight", NC_FP4_LAYOUT_TORCHAO, NC_FP4_NVFP4, 1, 4, 64, 16,
     0, "l.bias"}};
enum { FILES = sizeof files / sizeof *files };

static nc_fp4_weights *open_golden(const golden *g) {
    nc_fp4_weights *weights;
    char path[200];
    nc_error err;
    snprintf(path, sizeof path, TEST_DATA "fp4/%s", g->file);
    if (nc_fp4_weights_open_path(&weights, path, &err) != NC_OK)
        fail_msg("%s: %s", g->file, err.message);
    return weights;
}

/* The values beside a file; free them with nc_fp4_free_text. */
static float *golden_values(const golden *g) {
    char path[200], *data;
    uint32_t rows, columns;
    size_t bytes;
    nc_error err;
    float *x;
    snprintf(path, sizeof path, TEST_DATA "fp4/%.*s.npy", (int)strcspn(g->file, "."), g->file);
    if (nc_file_read(path, &data, &bytes, &err) != NC_OK ||
        nc_fp4_npy_read(data, bytes, &x, &rows, &columns, &err) != NC_OK)
        fail_msg("%s: %s", path, err.message);
    nc_file_free(data);
    assert_int_equal(rows, g->stack * g->rows);
    assert_int_equal(columns, g->columns);
    return x;
}

/* The same bits, but for the sign of a zero where the project's reader has none. */
static void assert_values(const golden *g, const float *got, const float *want, size_t n) {
    const int unsigned_zero = g->layout == NC_FP4_LAYOUT_GGUF ||
                              g->layout == NC_FP4_LAYOUT_MODELOPT || g->format == NC_FP4_BNB;
    size_t i;
    for (i = 0; i < n; i++) {
        if (unsigned_zero && got[i] == 0 && want[i] == 0) continue;
        if (memcmp(got + i, want + i, sizeof *got) != 0)
            fail_msg("%s: value %zu is %.9g, not %.9g", g->file, i, (double)got[i],
                     (double)want[i]);
    }
}

static void each_layout_is_found_by_its_names(void **state) {
    size_t f;
    (void)state;
    for (f = 0; f < FILES; f++) {
        const golden *g = files + f;
        nc_fp4_weights *weights = open_golden(g);
        const nc_fp4_weight *w = nc_fp4_weights_get(weights, nc_fp4_weights_find(weights, g->name));
        if (!w) fail_msg("%s: no %s", g->file, g->name);
        if (w->layout != g->layout || w->format != g->format || w->stack != g->stack ||
            w->rows != g->rows || w->columns != g->columns || w->block != g->block ||
            w->across != g->across)
            fail_msg("%s: %s %s, %llu x %llu x %llu in blocks of %u", g->file,
                     nc_fp4_layout_name(w->layout), nc_fp4_format_name(w->format),
                     (unsigned long long)w->stack, (unsigned long long)w->rows,
                     (unsigned long long)w->columns, (unsigned)w->block);
        assert_int_equal(nc_fp4_weights_count(weights), g->also ? 2 : 1);
        if (g->also) {
            w = nc_fp4_weights_get(weights, nc_fp4_weights_find(weights, g->also));
            assert_non_null(w);
            assert_int_equal(w->layout, NC_FP4_LAYOUT_FLOAT);
            assert_int_equal(w->format, NC_FP4_FORMAT_COUNT);
        }
        nc_fp4_weights_close(weights);
    }
}

/* Through tensors, and as values from every place on. */
static void values_are_those_of_the_projects_own_reader(void **state) {
    size_t f;
    (void)state;
    for (f = 0; f < FILES; f++) {
        const golden *g = files + f;
        const size_t one = (size_t)g->rows * g->columns, all = g->stack * one;
        nc_fp4_weights *weights = open_golden(g);
        const size_t i = nc_fp4_weights_find(weights, g->name);
        float *want = golden_values(g), *x = (float *)malloc(all * sizeof *x);
        size_t first, m;
        nc_error err;
        assert_non_null(x);
        for (m = 0; m < g->stack; m++) {
            nc_fp4_tensor tensor;
            if (nc_fp4_weights_read(weights, i, m, 0, g->rows, &tensor, &err) != NC_OK)
                fail_msg("%s: %s", g->file, err.message);
            assert_int_equal(tensor.across, g->across);
            assert_int_equal(nc_fp4_tensor_decode(&tensor, x), NC_OK);
            assert_values(g, x, want + m * one, one);
            nc_fp4_tensor_free(&tensor);
        }
        for (first = 0; first < all; first += 7)
            for (m = 0; m <= all - first; m += 41) {
                assert_int_equal(nc_fp4_weights_values(weights, i, first, m, x, &err), NC_OK);
                assert_values(g, x, want + first, m);
            }
        assert_int_equal(nc_fp4_weights_values(weights, i, 1, all, x, &err), NC_ERR_ARG);
        assert_int_equal(nc_fp4_weights_values(weights, 99, 0, 1, x, &err), NC_ERR_ARG);
        free(x);
        nc_fp4_free_text((char *)want);
        nc_fp4_weights_close(weights);
    }
}

/* Rows of their own, but of bitsandbytes', which have none. */
static void rows_can_be_read_by_themselves(void **state) {
    size_t f;
    (void)state;
    for (f = 0; f < FILES; f++) {
        const golden *g = files + f;
        nc_fp4_weights *weights = open_golden(g);
        const size_t i = nc_fp4_weights_find(weights, g->name);
        float *want = golden_values(g), x[128];
        nc_fp4_tensor tensor;
        nc_error err;
        uint32_t r;
        for (r = 0; r < g->rows * g->stack; r++) {
            const nc_status status =
                nc_fp4_weights_read(weights, i, r / g->rows, r % g->rows, 1, &tensor, &err);
            if (g->layout == NC_FP4_LAYOUT_BNB) {
                assert_int_equal(status, NC_ERR_UNSUPPORTED);
                continue;
            }
            assert_int_equal(status, NC_OK);
            assert_int_equal(nc_fp4_tensor_decode(&tensor, x), NC_OK);
            assert_values(g, x, want + (size_t)r * g->columns, g->columns);
            nc_fp4_tensor_free(&tensor);
        }
        assert_int_equal(nc_fp4_weights_read(weights, i, g->stack, 0, g->rows, &tensor, &err),
                         NC_ERR_ARG);
        assert_int_equal(nc_fp4_weights_read(weights, i, 0, 1, g->rows, &tensor, &err), NC_ERR_ARG);
        nc_fp4_free_text((char *)want);
        nc_fp4_weights_close(weights);
    }
}

/* y = W x by the definition in the header: 32 lanes and a tree. */
static float product(const float *w, const float *x, size_t columns) {
    float lane[32] = {0};
    size_t c, width;
    for (c = 0; c < columns; c++) lane[c % 32] = fmaf(w[c], x[c], lane[c % 32]);
    for (width = 16; width > 0; width /= 2)
        for (c = 0; c < width; c++) lane[c] = lane[c] + lane[c + width];
    return lane[0];
}

static void assert_products(const nc_fp4_tensor *tensor, const float *w, const char *what) {
    float x[2 * 256], y[2 * 64], z[64];
    int8_t q[256];
    uint32_t i, r;
    int level;
    assert_true(tensor->columns <= 256 && tensor->rows <= 64);
    for (i = 0; i < 2 * tensor->columns; i++) x[i] = (float)((int)(i * 37 % 41) - 20) * 0.125f;
    for (i = 0; i < tensor->columns; i++) q[i] = (int8_t)(i * 53 % 255 - 127);
    for (level = 0; level <= 2; level++) {
        nc_fp4_set_simd(level);
        assert_int_equal(nc_fp4_matmul(tensor, x, 2, y), NC_OK);
        for (i = 0; i < 2; i++)
            for (r = 0; r < tensor->rows; r++) {
                const float want = product(w + (size_t)r * tensor->columns, x + i * tensor->columns,
                                           tensor->columns);
                if (memcmp(&want, &y[i * tensor->rows + r], sizeof want) != 0)
                    fail_msg("%s: level %d, row %u: %.9g, not %.9g", what, level, (unsigned)r,
                             (double)y[i * tensor->rows + r], (double)want);
            }
        if (nc_fp4_matvec_i8(tensor, q, 0.5f, y) == NC_ERR_UNSUPPORTED) continue;
        if (level == 0) memcpy(z, y, tensor->rows * sizeof *z);
        assert_memory_equal(y, z, tensor->rows * sizeof *z);
    }
    nc_fp4_set_simd(-1);
}

static void products_take_every_layout_at_every_level(void **state) {
    size_t f;
    (void)state;
    for (f = 0; f < FILES; f++) {
        const golden *g = files + f;
        nc_fp4_weights *weights = open_golden(g);
        float w[9 * 128];
        nc_fp4_tensor tensor;
        nc_error err;
        assert_int_equal(nc_fp4_weights_read(weights, nc_fp4_weights_find(weights, g->name), 0, 0,
                                             g->rows, &tensor, &err),
                         NC_OK);
        assert_int_equal(nc_fp4_tensor_decode(&tensor, w), NC_OK);
        assert_products(&tensor, w, g->file);
        nc_fp4_tensor_free(&tensor);
        nc_fp4_weights_close(weights);
    }
}

/* Blocks of every length, within rows and across them: as the flat matrix quantised. */
static void blocks_of_every_length_are_quantised_within_and_across_rows(void **state) {
    enum { ROWS = 13, MOST = 251 };
    static const uint32_t widths[] = {1, 3, 32, 100, 128, 251};
    static float x[ROWS * MOST], y[ROWS * MOST];
    size_t i, k;
    uint32_t block;
    int across, format, level;
    (void)state;
    for (i = 0; i < ROWS * MOST; i++) x[i] = (float)((int)(i * 7919 % 1009) - 500) * 0.01f;
    for (k = 0; k < sizeof widths / sizeof *widths; k++)
        for (block = 32; block <= 4096; block *= 2)
            for (across = 0; across < 2; across++)
                for (format = NC_FP4_NF4; format <= NC_FP4_BNB; format++) {
                    const uint32_t columns = widths[k], n = ROWS * columns;
                    nc_fp4_tensor tensor, first;
                    for (level = 0; level <= 2; level++) {
                        nc_fp4_set_simd(level);
                        assert_int_equal(nc_fp4_tensor_create_blocks(&tensor, (nc_fp4_format)format,
                                                                     NULL, block, across, x, ROWS,
                                                                     columns),
                                         NC_OK);
                        if (level == 0) {
                            first = tensor;
                            continue;
                        }
                        assert_memory_equal(tensor.codes, first.codes,
                                            ROWS * nc_fp4_code_bytes(columns));
                        assert_memory_equal(tensor.scales, first.scales,
                                            nc_fp4_tensor_scale_bytes(&tensor));
                        nc_fp4_tensor_free(&tensor);
                    }
                    nc_fp4_set_simd(-1);
                    assert_int_equal(nc_fp4_tensor_decode(&first, y), NC_OK);
                    assert_products(&first, y, "blocks");
                    for (i = 0; i < n; i++) { /* within half a step of the widest gap */
                        const uint32_t at = across ? 0 : (uint32_t)(i / columns * columns);
                        const size_t from = at + (i - at) / block * block;
                        const size_t end = across ? n : at + columns;
                        const size_t past = from + block < end ? from + block : end;
                        float most = 0;
                        size_t j;
                        for (j = from; j < past; j++) most = fmaxf(most, fabsf(x[j]));
                        assert_true(fabsf(x[i] - y[i]) <= 0.17f * most);
                    }
                    nc_fp4_tensor_free(&first);
                }
    {
        nc_fp4_tensor t;
        assert_int_equal(nc_fp4_tensor_create_blocks(&t, NC_FP4_NF4, NULL, 48, 0, x, 1, 64),
                         NC_ERR_ARG);
        assert_int_equal(nc_fp4_tensor_create_blocks(&t, NC_FP4_NF4, NULL, 8192, 0, x, 1, 64),
                         NC_ERR_ARG);
        assert_int_equal(nc_fp4_tensor_create_blocks(&t, NC_FP4_MXFP4, NULL, 32, 0, x, 1, 64),
                         NC_ERR_ARG);
    }
}

/* -- writing ------------------------------------------------------------------------------------ */

/* A file in memory that grows. */
typedef struct memory {
    uint8_t *data;
    size_t bytes;
} memory;

static nc_status memory_write(void *user, uint64_t at, const void *from, size_t bytes) {
    memory *m = (memory *)user;
    if (at + bytes > m->bytes) {
        m->data = (uint8_t *)realloc(m->data, (size_t)at + bytes);
        if (!m->data) return NC_ERR_MEMORY;
        memset(m->data + m->bytes, 0, (size_t)at + bytes - m->bytes);
        m->bytes = (size_t)at + bytes;
    }
    memcpy(m->data + at, from, bytes);
    return NC_OK;
}

static void assert_ok(nc_status status, const nc_error *err, const char *what) {
    if (status != NC_OK) fail_msg("%s: %s", what, err->message);
}

/* A matrix of floats as a file in memory, opened; `about` is what it was planned as. */
static nc_fp4_weights *open_floats(const char *name, const float *x, uint64_t rows,
                                   uint64_t columns, nc_fp4_weight *about, memory *file) {
    const nc_fp4_sink sink = {memory_write, file};
    nc_fp4_weights *weights;
    nc_fp4_writer *writer;
    nc_fp4_source source;
    nc_error err;
    memset(about, 0, sizeof *about);
    about->name = name;
    about->format = NC_FP4_FORMAT_COUNT;
    about->dtype = "F32";
    about->rank = 2;
    about->shape[0] = rows;
    about->shape[1] = columns;
    assert_int_equal(nc_fp4_writer_create(&writer, NC_FP4_LAYOUT_FLOAT), NC_OK);
    assert_ok(nc_fp4_writer_add(writer, about, &err), &err, "add");
    assert_ok(nc_fp4_writer_begin(writer, &sink, &err), &err, "begin");
    assert_ok(nc_fp4_writer_values(writer, 0, 0, (size_t)(rows * columns), x, &err), &err,
              "values");
    nc_fp4_writer_free(writer);
    nc_fp4_source_memory(&source, file->data, file->bytes);
    assert_ok(nc_fp4_weights_open(&weights, &source, 1, &err), &err, "open");
    return weights;
}

/* All weights of a file to another layout, those of 4-bit floats matrix by matrix, and both rows of
   a matrix by themselves where the layout allows it. */
static nc_status write_all(const nc_fp4_weights *weights, nc_fp4_layout layout, memory *to,
                           nc_error *err) {
    const nc_fp4_sink sink = {memory_write, to};
    const size_t count = nc_fp4_weights_count(weights);
    nc_fp4_writer *writer;
    nc_status status = NC_OK;
    size_t i;
    assert_int_equal(nc_fp4_writer_create(&writer, layout), NC_OK);
    assert_int_equal(nc_fp4_writer_pairs(writer, weights), NC_OK);
    for (i = 0; i < count && status == NC_OK; i++) {
        nc_fp4_weight plan = *nc_fp4_weights_get(weights, i);
        plan.nested = 0; /* rounded once more the scales would be others */
        status = nc_fp4_writer_add(writer, &plan, err);
    }
    if (status == NC_OK) status = nc_fp4_writer_begin(writer, &sink, err);
    for (i = 0; i < count && status == NC_OK; i++) {
        const nc_fp4_weight *w = nc_fp4_weights_get(weights, i);
        uint64_t m;
        if (w->format == NC_FP4_FORMAT_COUNT) {
            uint8_t raw[64];
            assert_true(w->bytes <= sizeof raw);
            assert_ok(nc_fp4_weights_bytes(weights, i, 0, raw, (size_t)w->bytes, err), err, "read");
            status = nc_fp4_writer_bytes(writer, i, 0, raw, (size_t)w->bytes, err);
            continue;
        }
        for (m = 0; m < w->stack && status == NC_OK; m++) {
            nc_fp4_tensor t;
            uint32_t first = w->layout == NC_FP4_LAYOUT_BNB ? 0 : (uint32_t)w->rows - 1;
            for (; status == NC_OK; first = 0) { /* the last row first */
                const uint32_t rows = first                            ? 1
                                      : w->layout == NC_FP4_LAYOUT_BNB ? (uint32_t)w->rows
                                                                       : (uint32_t)w->rows - 1;
                assert_ok(nc_fp4_weights_read(weights, i, m, first, rows, &t, err), err, "rows");
                status = nc_fp4_writer_tensor(writer, i, m * w->rows + first, &t, err);
                nc_fp4_tensor_free(&t);
                if (first == 0) break;
            }
        }
    }
    if (status == NC_OK) assert_int_equal(nc_fp4_writer_size(writer), to->bytes);
    nc_fp4_writer_free(writer);
    return status;
}

/* 1: what is written in the layout has the values that were read, and the same block. */
static void assert_same_weights(const nc_fp4_weights *weights, const memory *file,
                                nc_fp4_layout layout, const char *what) {
    nc_fp4_weights *again;
    nc_fp4_source source;
    nc_error err;
    size_t i, k;
    nc_fp4_source_memory(&source, file->data, file->bytes);
    assert_ok(nc_fp4_weights_open(&again, &source, 1, &err), &err, what);
    assert_int_equal(nc_fp4_weights_count(again), nc_fp4_weights_count(weights));
    for (i = 0; i < nc_fp4_weights_count(weights); i++) {
        const nc_fp4_weight *w = nc_fp4_weights_get(weights, i), *v;
        const size_t n = (size_t)(w->stack * w->rows * w->columns);
        float x[1024], y[1024];
        k = nc_fp4_weights_find(again, w->name);
        v = nc_fp4_weights_get(again, k);
        if (!v) fail_msg("%s as %s: no '%s'", what, nc_fp4_layout_name(layout), w->name);
        assert_int_equal(v->format, w->format);
        assert_int_equal(v->block, w->block);
        assert_int_equal(v->layout, w->format == NC_FP4_FORMAT_COUNT ? w->layout : layout);
        assert_int_equal(v->rank, w->rank);
        assert_int_equal(v->swizzled, w->swizzled && layout == NC_FP4_LAYOUT_TORCHAO);
        assert_memory_equal(v->shape, w->shape, sizeof v->shape);
        assert_true(n <= 1024);
        assert_ok(nc_fp4_weights_values(weights, i, 0, n, x, &err), &err, what);
        assert_ok(nc_fp4_weights_values(again, k, 0, n, y, &err), &err, what);
        /* one divides by the tensor's scale, the other multiplies: a rounding more */
        if (w->format == NC_FP4_NVFP4 &&
            (w->layout == NC_FP4_LAYOUT_COMPRESSED) != (layout == NC_FP4_LAYOUT_COMPRESSED))
            for (k = 0; k < n; k++) assert_true(fabsf(x[k] - y[k]) <= 2.4e-7f * fabsf(x[k]));
        else
            assert_memory_equal(x, y, n * sizeof *x);
    }
    nc_fp4_weights_close(again);
}

/* From every layout to every other: what it can hold is held, the rest refused by name. */
static void every_layout_is_written_and_read_back(void **state) {
    static int held[NC_FP4_LAYOUT_COUNT];
    size_t f;
    int layout;
    (void)state;
    for (f = 0; f < FILES; f++) {
        const golden *g = files + f;
        nc_fp4_weights *weights = open_golden(g);
        for (layout = 0; layout < NC_FP4_LAYOUT_OTHER; layout++) {
            memory file = {NULL, 0};
            nc_error err;
            const nc_status status = write_all(weights, (nc_fp4_layout)layout, &file, &err);
            if (status == NC_OK) {
                assert_same_weights(weights, &file, (nc_fp4_layout)layout, g->file);
                held[layout]++;
            } else {
                assert_int_equal(status, NC_ERR_UNSUPPORTED);
                assert_non_null(strstr(err.message, g->name));
                if (layout == (int)g->layout)
                    fail_msg("%s: not written as it was read: %s", g->file, err.message);
            }
            free(file.data);
        }
        nc_fp4_weights_close(weights);
    }
    for (layout = 1; layout < NC_FP4_LAYOUT_OTHER; layout++) assert_true(held[layout] > 0);
}

/* -- conversion --------------------------------------------------------------------------------- */

static int cancel(void *user, uint64_t done, uint64_t total) {
    (void)done;
    (void)total;
    return ++*(int *)user > 0;
}

/* compressed-tensors stores what divides; its inverse would round once more. Quantised as the project
   does, tensor and file keep the number that it stores; a given scale stays too, and is refused where
   the layout has no place for it. */
static void a_scale_that_divides_is_kept(void **state) {
    enum { ROWS = 3, COLUMNS = 64, N = ROWS * COLUMNS };
    static float x[N], y[2][N];
    memory floats = {NULL, 0};
    nc_fp4_options o = {NC_FP4_SCALE_FLOOR, 0, 0, NC_FP4_AS_COMPRESSED_TENSORS, 0};
    nc_fp4_weights *from, *back;
    nc_fp4_writer *writer;
    nc_fp4_source source;
    nc_fp4_weight about;
    nc_fp4_tensor t, u;
    nc_error err;
    size_t i;
    int k;
    (void)state;
    for (i = 0; i < N; i++) x[i] = (float)((int)(i * 37 % 101) - 50);
    x[7] = 85.0f;
    from = open_floats("l.weight", x, ROWS, COLUMNS, &about, &floats);
    about.format = NC_FP4_NVFP4;
    for (k = 0; k < 3; k++) {
        const float given = k ? 41.3f : 0.0f, stored = k ? given : 1.0f / 85.0f * 2688.0f;
        memory file = {NULL, 0};
        nc_fp4_sink to = {memory_write, &file};
        o.tensor_scale = given;
        assert_int_equal(nc_fp4_tensor_create(&t, NC_FP4_NVFP4, &o, x, ROWS, COLUMNS), NC_OK);
        assert_true(t.divides && t.tensor_scale == stored);
        assert_true(1.0f / (1.0f / stored) != stored || k); /* what is kept here could be lost */
        assert_int_equal(
            nc_fp4_writer_create(&writer, k < 2 ? NC_FP4_LAYOUT_COMPRESSED : NC_FP4_LAYOUT_MLX),
            NC_OK);
        assert_ok(nc_fp4_writer_add(writer, &about, &err), &err, "add");
        assert_ok(nc_fp4_writer_begin(writer, &to, &err), &err, "begin");
        if (k == 2) {
            assert_int_equal(nc_fp4_writer_convert(writer, 0, from, 0, &o, NULL, NULL, NULL, &err),
                             NC_ERR_UNSUPPORTED);
        } else {
            assert_ok(nc_fp4_writer_convert(writer, 0, from, 0, &o, NULL, NULL, NULL, &err), &err,
                      "convert");
            nc_fp4_source_memory(&source, file.data, file.bytes);
            assert_ok(nc_fp4_weights_open(&back, &source, 1, &err), &err, "open");
            assert_ok(nc_fp4_weights_read(back, 0, 0, 0, ROWS, &u, &err), &err, "read");
            assert_true(u.divides && u.tensor_scale == stored);
            assert_memory_equal(u.codes, t.codes, ROWS * COLUMNS / 2);
            assert_memory_equal(u.scales, t.scales, ROWS * COLUMNS / 16);
            assert_int_equal(nc_fp4_tensor_decode(&t, y[0]), NC_OK);
            assert_int_equal(nc_fp4_tensor_decode(&u, y[1]), NC_OK);
            assert_memory_equal(y[0], y[1], sizeof y[0]);
            nc_fp4_tensor_free(&u);
            nc_fp4_weights_close(back);
        }
        nc_fp4_writer_free(writer);
        nc_fp4_tensor_free(&t);
        free(file.data);
    }
    nc_fp4_weights_close(from);
    free(floats.data);
}

/* A matrix of several strips as floats, quantised into a layout strip by strip: the bytes are those
   of the whole matrix quantised at once. */
static void strips_give_what_the_whole_matrix_gives(void **state) {
    enum { ROWS = 3000, COLUMNS = 176, N = ROWS * COLUMNS }; /* 1,489 rows end amid a block */
    static const struct {
        nc_fp4_layout layout;
        nc_fp4_format format;
    } kinds[] = {{NC_FP4_LAYOUT_BNB, NC_FP4_NF4},
                 {NC_FP4_LAYOUT_BNB, NC_FP4_BNB},
                 {NC_FP4_LAYOUT_MODELOPT, NC_FP4_NVFP4},
                 {NC_FP4_LAYOUT_OWN, NC_FP4_MXFP4},
                 {NC_FP4_LAYOUT_OWN, NC_FP4_NF4}};
    static float x[N], y[N];
    memory floats = {NULL, 0};
    nc_fp4_sink sink = {memory_write, &floats};
    nc_fp4_weights *weights;
    nc_fp4_writer *writer;
    nc_fp4_source source;
    nc_fp4_weight about;
    nc_error err;
    size_t i, k;
    int calls = 0;
    (void)state;
    for (i = 0; i < N; i++) x[i] = (float)((int)(i * 7919 % 10007) - 5000) * (i < N / 2 ? 1 : 4);
    weights = open_floats("m.weight", x, ROWS, COLUMNS, &about, &floats);
    for (k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        memory file = {NULL, 0};
        nc_fp4_conversion report;
        nc_fp4_weights *again;
        nc_fp4_tensor want, got;
        sink.user = &file;
        about.format = kinds[k].format;
        assert_int_equal(nc_fp4_writer_create(&writer, kinds[k].layout), NC_OK);
        assert_ok(nc_fp4_writer_add(writer, &about, &err), &err, "add");
        assert_ok(nc_fp4_writer_begin(writer, &sink, &err), &err, "begin");
        assert_ok(nc_fp4_writer_convert(writer, 0, weights, 0, NULL, &report, NULL, NULL, &err),
                  &err, "convert");
        assert_int_equal(
            nc_fp4_writer_convert(writer, 0, weights, 0, NULL, NULL, cancel, &calls, &err),
            NC_ERR_CANCELLED);
        assert_int_equal(report.kept, 0);
        assert_int_equal(report.values, N);
        nc_fp4_source_memory(&source, file.data, file.bytes);
        assert_ok(nc_fp4_weights_open(&again, &source, 1, &err), &err, "open");
        assert_int_equal(
            kinds[k].layout == NC_FP4_LAYOUT_BNB
                ? nc_fp4_tensor_create_blocks(&want, kinds[k].format, NULL, 64, 1, x, ROWS, COLUMNS)
                : nc_fp4_tensor_create(&want, kinds[k].format, NULL, x, ROWS, COLUMNS),
            NC_OK);
        assert_ok(nc_fp4_weights_read(again, 0, 0, 0, ROWS, &got, &err), &err, "read");
        assert_true(got.tensor_scale == want.tensor_scale);
        assert_memory_equal(got.codes, want.codes, N / 2);
        assert_memory_equal(got.scales, want.scales, nc_fp4_tensor_scale_bytes(&want));
        assert_int_equal(nc_fp4_tensor_decode(&want, y), NC_OK);
        {
            nc_fp4_error_stats stats;
            nc_fp4_compare(x, y, N, &stats);
            assert_true(fabs(stats.mse - report.stats.mse) <= 1e-9 * stats.mse);
            assert_true(stats.max_abs == report.stats.max_abs);
        }
        nc_fp4_tensor_free(&want);
        nc_fp4_tensor_free(&got);
        nc_fp4_weights_close(again);
        nc_fp4_writer_free(writer);
        free(file.data);
    }
    nc_fp4_weights_close(weights);
    free(floats.data);
}

/* Weight 0 of a file to one of bitsandbytes' with nested scales, or without. */
static void convert_to_nested(const nc_fp4_weights *weights, size_t from, uint32_t nested,
                              memory *file) {
    const nc_fp4_sink sink = {memory_write, file};
    nc_fp4_weight plan = *nc_fp4_weights_get(weights, from);
    nc_fp4_writer *writer;
    nc_error err;
    if (plan.format == NC_FP4_FORMAT_COUNT) plan.format = NC_FP4_NF4;
    plan.nested = nested;
    assert_int_equal(nc_fp4_writer_create(&writer, NC_FP4_LAYOUT_BNB), NC_OK);
    assert_ok(nc_fp4_writer_add(writer, &plan, &err), &err, "add");
    assert_ok(nc_fp4_writer_begin(writer, &sink, &err), &err, "begin");
    assert_ok(nc_fp4_writer_convert(writer, 0, weights, from, NULL, NULL, NULL, NULL, &err), &err,
              "convert");
    assert_int_equal(nc_fp4_writer_size(writer), file->bytes);
    nc_fp4_writer_free(writer);
}

static float scale_at(const nc_fp4_tensor *t, size_t i) {
    const uint8_t *p = t->scales + 4 * i;
    const uint32_t bits = p[0] | p[1] << 8 | p[2] << 16 | (uint32_t)p[3] << 24;
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* A part of a file in memory by its name. */
static const uint8_t *part_named(const uint8_t *data, size_t bytes, const char *name, size_t *n) {
    const size_t head = data[0] | data[1] << 8; /* of a small file */
    char *text = (char *)calloc(head + 1, 1), quoted[64], *at;
    size_t from, to;
    assert_non_null(text);
    assert_true(head + 8 <= bytes);
    memcpy(text, data + 8, head);
    snprintf(quoted, sizeof quoted, "\"%s\"", name);
    at = strstr(text, quoted);
    at = at ? strstr(at, "\"data_offsets\"") : NULL;
    at = at ? strchr(at, '[') : NULL;
    if (!at) fail_msg("no '%s'", name);
    from = strtoul(at + 1, &at, 10);
    to = strtoul(at + 1, NULL, 10);
    free(text);
    assert_true(from <= to && to <= bytes - 8 - head);
    *n = to - from;
    return data + 8 + head + from;
}

/* From bitsandbytes to bitsandbytes nested scales keep every byte; the table of their codes is the
   one that bitsandbytes wrote; and nesting scales that were not moves each by no more than half of
   the widest step of the codes. */
static void nested_scales_are_written(void **state) {
    static const char *const parts[] = {"l.weight", "l.weight.absmax", "l.weight.nested_absmax",
                                        "l.weight.nested_quant_map", "l.weight.quant_map"};
    enum { ROWS = 300, COLUMNS = 77, N = ROWS * COLUMNS, BLOCKS = (N + 63) / 64 };
    static float x[N], y[N];
    nc_fp4_weights *weights, *again;
    nc_fp4_source source;
    nc_fp4_weight about;
    nc_fp4_tensor plain, nested;
    memory file = {NULL, 0}, floats = {NULL, 0}, other = {NULL, 0};
    const uint8_t *a, *b;
    char *golden_bytes;
    size_t bytes, n, m, i;
    nc_error err;
    float most = 0.0f;
    double mean = 0.0;
    (void)state;
    assert_int_equal(
        nc_file_read(TEST_DATA "fp4/bnb_nf4_nested.safetensors", &golden_bytes, &bytes, &err),
        NC_OK);
    nc_fp4_source_memory(&source, golden_bytes, bytes);
    assert_ok(nc_fp4_weights_open(&weights, &source, 1, &err), &err, "open");
    i = nc_fp4_weights_find(weights, "l.weight");
    assert_int_equal(nc_fp4_weights_get(weights, i)->nested, 256);
    convert_to_nested(weights, i, 256, &file);
    for (i = 0; i < sizeof parts / sizeof *parts; i++) {
        a = part_named((const uint8_t *)golden_bytes, bytes, parts[i], &n);
        b = part_named(file.data, file.bytes, parts[i], &m);
        assert_int_equal(n, m);
        assert_memory_equal(a, b, n);
    }
    nc_fp4_weights_close(weights);
    /* from floats */
    for (i = 0; i < N; i++)
        x[i] = (float)((int)(i * 7919 % 10007) - 5000) / (float)(1 + i / 640 % 5);
    weights = open_floats("l.weight", x, ROWS, COLUMNS, &about, &floats);
    convert_to_nested(weights, 0, 256, &other);
    a = part_named(other.data, other.bytes, "l.weight.nested_quant_map", &n);
    b = part_named((const uint8_t *)golden_bytes, bytes, "l.weight.nested_quant_map", &m);
    assert_int_equal(n, m);
    assert_memory_equal(a, b, n);
    nc_fp4_source_memory(&source, other.data, other.bytes);
    assert_ok(nc_fp4_weights_open(&again, &source, 1, &err), &err, "open again");
    assert_int_equal(nc_fp4_weights_get(again, 0)->nested, 256);
    assert_ok(nc_fp4_weights_read(again, 0, 0, 0, ROWS, &nested, &err), &err, "read");
    assert_int_equal(nc_fp4_tensor_create_blocks(&plain, NC_FP4_NF4, NULL, 64, 1, x, ROWS, COLUMNS),
                     NC_OK);
    assert_memory_equal(plain.codes, nested.codes, ROWS * nc_fp4_code_bytes(COLUMNS));
    for (i = 0; i < BLOCKS; i++) mean += (double)scale_at(&plain, i) / BLOCKS;
    for (i = 0; i < BLOCKS; i++)
        if (fabsf(scale_at(&plain, i) - (float)mean) > most)
            most = fabsf(scale_at(&plain, i) - (float)mean);
    for (i = 0; i < BLOCKS; i++) /* 0.9 / 64 wide */
        assert_true(fabsf(scale_at(&plain, i) - scale_at(&nested, i)) <= most * 0.0071f);
    assert_ok(nc_fp4_weights_values(again, 0, 0, N, y, &err), &err, "values");
    nc_fp4_tensor_free(&plain);
    nc_fp4_tensor_free(&nested);
    nc_fp4_weights_close(again);
    nc_fp4_weights_close(weights);
    free(other.data);
    free(floats.data);
    free(file.data);
    nc_file_free(golden_bytes);
}

/* A sink that fails once. */
typedef struct failing {
    memory file;
    int calls, at; /* the call that fails */
} failing;

static nc_status failing_write(void *user, uint64_t at, const void *from, size_t bytes) {
    failing *f = (failing *)user;
    return f->calls++ == f->at ? NC_ERR_IO : memory_write(&f->file, at, from, bytes);
}

/* Rows whose scales could not be written are given again, and the file is as if they could. */
static void nested_scales_survive_a_sink_that_fails(void **state) {
    enum { ROWS = 4, COLUMNS = 4096, N = ROWS * COLUMNS };
    static float x[N];
    nc_fp4_weight plan;
    nc_fp4_writer *writer;
    nc_fp4_tensor half[2];
    memory whole = {NULL, 0};
    nc_error err;
    int at, k, failures = 0;
    (void)state;
    for (k = 0; k < N; k++) x[k] = (float)((k * 7919 % 1009) - 500) * (float)(1 + k / 64 % 7);
    for (k = 0; k < 2; k++)
        assert_int_equal(nc_fp4_tensor_create_blocks(&half[k], NC_FP4_NF4, NULL, 64, 1,
                                                     x + k * N / 2, ROWS / 2, COLUMNS),
                         NC_OK);
    memset(&plan, 0, sizeof plan);
    plan.name = "l.weight";
    plan.format = NC_FP4_NF4;
    plan.nested = 64;
    plan.rank = 2;
    plan.shape[0] = ROWS;
    plan.shape[1] = COLUMNS;
    for (at = -1; at < 20; at++) {
        failing f = {{NULL, 0}, 0, -1};
        const nc_fp4_sink sink = {failing_write, &f};
        nc_status status;
        assert_int_equal(nc_fp4_writer_create(&writer, NC_FP4_LAYOUT_BNB), NC_OK);
        assert_ok(nc_fp4_writer_add(writer, &plan, &err), &err, "add");
        assert_ok(nc_fp4_writer_begin(writer, &sink, &err), &err, "begin");
        assert_ok(nc_fp4_writer_tensor(writer, 0, 0, &half[0], &err), &err, "first");
        f.calls = 0;
        f.at = at;
        status = nc_fp4_writer_tensor(writer, 0, ROWS / 2, &half[1], &err);
        if (status != NC_OK) {
            assert_int_equal(status, NC_ERR_IO);
            failures++;
            assert_ok(nc_fp4_writer_tensor(writer, 0, ROWS / 2, &half[1], &err), &err, "again");
        }
        nc_fp4_writer_free(writer);
        if (at < 0)
            whole = f.file;
        else if (f.file.bytes != whole.bytes || memcmp(f.file.data, whole.data, whole.bytes) != 0)
            fail_msg("after call %d failed the file is another one", at);
        if (at >= 0) free(f.file.data);
    }
    assert_true(failures >= 5); /* codes, four scales of scales, their codes, the text */
    for (k = 0; k < 2; k++) nc_fp4_tensor_free(&half[k]);
    free(whole.data);
}

/* What a plan says is checked when it is made, or where the header says it. */
static void plans_that_cannot_be_are_refused(void **state) {
    static const uint32_t blocks[] = {1, 7, 16, 48, 8192, 0x80000000u};
    static const float x[64] = {1, -2, 3};
    nc_fp4_weight plan;
    nc_fp4_weights *weights;
    nc_fp4_source source;
    nc_fp4_writer *writer;
    nc_fp4_tensor tensor;
    nc_fp4_sink none;
    memory file = {NULL, 0};
    const nc_fp4_sink sink = {memory_write, &file};
    nc_error err;
    size_t i;
    (void)state;
    memset(&plan, 0, sizeof plan);
    plan.name = "l.weight";
    plan.format = NC_FP4_NF4;
    plan.rank = 2;
    plan.shape[0] = 3;
    plan.shape[1] = 64;
    assert_int_equal(nc_fp4_writer_create(&writer, NC_FP4_LAYOUT_BNB), NC_OK);
    for (i = 0; i < sizeof blocks / sizeof *blocks; i++) {
        plan.block = blocks[i];
        assert_int_equal(nc_fp4_writer_add(writer, &plan, &err), NC_ERR_ARG);
        assert_non_null(strstr(err.message, "l.weight"));
    }
    nc_fp4_writer_free(writer);
    /* bytes of a type of GGUF's are those of its shape */
    assert_int_equal(nc_fp4_writer_create(&writer, NC_FP4_LAYOUT_GGUF), NC_OK);
    plan.block = 0;
    plan.format = NC_FP4_FORMAT_COUNT;
    plan.dtype = "Q4_0";
    plan.bytes = 3 * 36 + 1; /* 18 bytes for 32 values */
    assert_ok(nc_fp4_writer_add(writer, &plan, &err), &err, "add");
    assert_int_equal(nc_fp4_writer_begin(writer, &sink, &err), NC_ERR_MISMATCH);
    nc_fp4_writer_free(writer);
    assert_int_equal(nc_fp4_writer_create(&writer, NC_FP4_LAYOUT_GGUF), NC_OK);
    plan.bytes--;
    assert_ok(nc_fp4_writer_add(writer, &plan, &err), &err, "add");
    assert_ok(nc_fp4_writer_begin(writer, &sink, &err), &err, "begin");
    nc_fp4_writer_free(writer);
    free(file.data);
    file.data = NULL;
    file.bytes = 0;
    /* a stack of no matrices has no values, and no rows are written */
    assert_int_equal(nc_fp4_writer_create(&writer, NC_FP4_LAYOUT_FLOAT), NC_OK);
    plan.dtype = "F32";
    plan.rank = 3;
    plan.shape[0] = 0;
    plan.shape[1] = 2;
    plan.shape[2] = 4;
    assert_ok(nc_fp4_writer_add(writer, &plan, &err), &err, "add");
    assert_ok(nc_fp4_writer_begin(writer, &sink, &err), &err, "begin");
    assert_int_equal(nc_fp4_writer_values(writer, 0, 0, 8, x, &err), NC_ERR_ARG);
    nc_fp4_source_memory(&source, file.data, file.bytes);
    assert_ok(nc_fp4_weights_open(&weights, &source, 1, &err), &err, "open");
    assert_ok(nc_fp4_writer_convert(writer, 0, weights, 0, NULL, NULL, NULL, NULL, &err), &err,
              "convert");
    nc_fp4_weights_close(weights);
    nc_fp4_writer_free(writer);
    free(file.data);
    file.data = NULL;
    file.bytes = 0;
    assert_int_equal(nc_fp4_writer_create(&writer, NC_FP4_LAYOUT_OWN), NC_OK);
    plan.format = NC_FP4_MXFP4;
    plan.rank = 2;
    plan.shape[0] = 0;
    plan.shape[1] = 64;
    assert_ok(nc_fp4_writer_add(writer, &plan, &err), &err, "add");
    assert_ok(nc_fp4_writer_begin(writer, &sink, &err), &err, "begin");
    assert_int_equal(nc_fp4_tensor_create(&tensor, NC_FP4_MXFP4, NULL, x, 1, 64), NC_OK);
    tensor.rows = 0;
    assert_ok(nc_fp4_writer_tensor(writer, 0, 0, &tensor, &err), &err, "no rows");
    nc_fp4_tensor_free(&tensor);
    nc_fp4_writer_free(writer);
    free(file.data);
    /* after an error nothing is left of a sink or a tensor that was in the way */
    memset(&none, 255, sizeof none);
    assert_int_equal(nc_fp4_sink_open(&none, NULL, &err), NC_ERR_ARG);
    assert_null(none.write_fn);
    assert_int_equal(nc_fp4_tensor_create_blocks(&tensor, NC_FP4_NF4, NULL, 48, 1, x, 1, 64),
                     NC_ERR_ARG);
    assert_int_equal(tensor.block, 0);
    assert_int_equal(tensor.across, 0);
    assert_null(tensor.codes);
}

/* What a split GGUF says in its metadata is a word like others elsewhere. */
static void only_gguf_is_split(void **state) {
    static const float x[4] = {1, 2, 3, 4};
    const char *path = "build/test_split.safetensors";
    nc_fp4_weights *weights;
    nc_fp4_writer *writer;
    nc_fp4_weight plan;
    nc_fp4_sink sink;
    nc_error err;
    (void)state;
    memset(&plan, 0, sizeof plan);
    plan.name = "w";
    plan.format = NC_FP4_FORMAT_COUNT;
    plan.dtype = "F32";
    plan.rank = 1;
    plan.shape[0] = 4;
    assert_int_equal(nc_fp4_writer_create(&writer, NC_FP4_LAYOUT_FLOAT), NC_OK);
    assert_int_equal(nc_fp4_writer_pair(writer, "split.count", "3"), NC_OK);
    assert_ok(nc_fp4_writer_add(writer, &plan, &err), &err, "add");
    assert_ok(nc_fp4_sink_open(&sink, path, &err), &err, "sink");
    assert_ok(nc_fp4_writer_begin(writer, &sink, &err), &err, "begin");
    assert_ok(nc_fp4_writer_values(writer, 0, 0, 4, x, &err), &err, "values");
    nc_fp4_writer_free(writer);
    assert_ok(nc_fp4_sink_close(&sink, 1, &err), &err, "close");
    assert_ok(nc_fp4_weights_open_path(&weights, path, &err), &err, "open");
    assert_int_equal(nc_fp4_weights_count(weights), 1);
    nc_fp4_weights_close(weights);
    remove(path);
}

/* bitsandbytes' text is JSON wherever the program runs. */
static void nested_offsets_do_not_depend_on_the_locale(void **state) {
    enum { N = 3 * 64 };
    float x[N];
    nc_fp4_weights *weights, *again;
    nc_fp4_source source;
    nc_fp4_weight about;
    memory floats = {NULL, 0}, plain = {NULL, 0}, other = {NULL, 0};
    nc_error err;
    int k;
    (void)state;
    for (k = 0; k < N; k++) x[k] = 0.013f * (float)(k % 11 - 5);
    weights = open_floats("l.weight", x, 3, 64, &about, &floats);
    convert_to_nested(weights, 0, 256, &plain);
    if (comma_locale()) {
        convert_to_nested(weights, 0, 256, &other);
        assert_int_equal(other.bytes, plain.bytes);
        assert_memory_equal(other.data, plain.data, plain.bytes);
        nc_fp4_source_memory(&source, other.data, other.bytes);
        assert_ok(nc_fp4_weights_open(&again, &source, 1, &err), &err, "open");
        nc_fp4_weights_close(again);
        setlocale(LC_NUMERIC, "C");
    } else {
        printf("skipped: no locale with a comma (Debian: locales)\n");
    }
    nc_fp4_weights_close(weights);
    free(other.data);
    free(plain.data);
    free(floats.data);
}

/* A file with holes of 5 * 10^9 bytes: a tensor behind them is written and read. */
static void files_beyond_four_gigabytes_are_written_and_read(void **state) {
    const uint64_t far = UINT64_C(5000000000);
    char path[] = "/tmp/nc_fp4_weights_XXXXXX", head[256];
    const float values[4] = {1, -2, 0.5f, 4};
    uint8_t length[8] = {0};
    const int fd = mkstemp(path);
    nc_fp4_weights *weights;
    nc_fp4_sink sink;
    nc_error err;
    float x[4];
    size_t n;
    (void)state;
    assert_true(fd >= 0);
    close(fd);
    n = (size_t)snprintf(head, sizeof head,
                         "{\"a\":{\"dtype\":\"F32\",\"shape\":[1250000000],\"data_offsets\":[0,"
                         "5000000000]},\"b\":{\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":["
                         "5000000000,5000000016]}}");
    length[0] = (uint8_t)n;
    assert_ok(nc_fp4_sink_open(&sink, path, &err), &err, "sink");
    if (sink.write_fn(sink.user, 8 + n + far, values, sizeof values) != NC_OK) {
        (void)nc_fp4_sink_close(&sink, 0, &err);
        (void)remove(path);
        print_message("files of 5 GB: skipped, there is no place for holes\n");
        return;
    }
    assert_int_equal(sink.write_fn(sink.user, 0, length, 8), NC_OK);
    assert_int_equal(sink.write_fn(sink.user, 8, head, n), NC_OK);
    assert_ok(nc_fp4_sink_close(&sink, 1, &err), &err, "close");
    assert_ok(nc_fp4_weights_open_path(&weights, path, &err), &err, "open");
    assert_true(nc_fp4_weights_get(weights, 0)->bytes == far);
    assert_ok(nc_fp4_weights_values(weights, nc_fp4_weights_find(weights, "b"), 0, 4, x, &err),
              &err, "b");
    assert_memory_equal(x, values, sizeof x);
    assert_ok(nc_fp4_weights_values(weights, 0, 1249999999, 1, x, &err), &err, "the last of a");
    assert_true(x[0] == 0);
    nc_fp4_weights_close(weights);
    (void)remove(path);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_layout_is_found_by_its_names),
        cmocka_unit_test(values_are_those_of_the_projects_own_reader),
        cmocka_unit_test(rows_can_be_read_by_themselves),
        cmocka_unit_test(products_take_every_layout_at_every_level),
        cmocka_unit_test(blocks_of_every_length_are_quantised_within_and_across_rows),
        cmocka_unit_test(every_layout_is_written_and_read_back),
        cmocka_unit_test(a_scale_that_divides_is_kept),
        cmocka_unit_test(nested_scales_are_written),
        cmocka_unit_test(strips_give_what_the_whole_matrix_gives),
        cmocka_unit_test(files_beyond_four_gigabytes_are_written_and_read),
        cmocka_unit_test(nested_scales_survive_a_sink_that_fails),
        cmocka_unit_test(plans_that_cannot_be_are_refused),
        cmocka_unit_test(nested_offsets_do_not_depend_on_the_locale),
        cmocka_unit_test(only_gguf_is_split),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
