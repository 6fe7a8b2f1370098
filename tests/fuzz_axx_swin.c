/* Swin transformers. The first byte picks what the rest is: changes of a whole file as timm names its
   tensors (even) or the header of one, before 4 KB of numbers; or, of the odd, a shape. What is
   accepted is computed. */
#define NC_AXX_VIT
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "nc_axx.h"

static const nc_axx_swin small = {4, 1, 2, 1, 2, 2, 2, {2, 1}, {1, 2}, {2, 2}};
static char whole[1 << 14];
static size_t whole_bytes, head_bytes;

static void must(int condition) {
    if (!condition) __builtin_trap();
}

/* One more tensor in the header of `whole`; with columns 0 it is a row. */
static void tensor(const char *prefix, const char *name, size_t rows, size_t columns,
                   const char *more) {
    static size_t numbers;
    const size_t n = rows * (columns ? columns : 1);
    char *to = whole + head_bytes, shape[32];
    if (columns)
        snprintf(shape, sizeof shape, "%zu,%zu%s", rows, columns, more);
    else
        snprintf(shape, sizeof shape, "%zu", rows);
    head_bytes += (size_t)sprintf(
        to, "%c\"%s%s\":{\"dtype\":\"F32\",\"shape\":[%s],\"data_offsets\":[%zu,%zu]}",
        numbers ? ',' : '{', prefix, name, shape, 4 * numbers, 4 * (numbers + n));
    numbers += n;
    whole_bytes = 4 * numbers;
}

static void block(const char *prefix, size_t d, size_t heads) {
    tensor(prefix, "norm1.weight", d, 0, "");
    tensor(prefix, "norm1.bias", d, 0, "");
    tensor(prefix, "attn.relative_position_bias_table", 9, heads, "");
    tensor(prefix, "attn.qkv.weight", 3 * d, d, "");
    tensor(prefix, "attn.qkv.bias", 3 * d, 0, "");
    tensor(prefix, "attn.proj.weight", d, d, "");
    tensor(prefix, "attn.proj.bias", d, 0, "");
    tensor(prefix, "norm2.weight", d, 0, "");
    tensor(prefix, "norm2.bias", d, 0, "");
    tensor(prefix, "mlp.fc1.weight", d, d, "");
    tensor(prefix, "mlp.fc1.bias", d, 0, "");
    tensor(prefix, "mlp.fc2.weight", d, d, "");
    tensor(prefix, "mlp.fc2.bias", d, 0, "");
}

/* The file of `small`: all numbers are 1/2. */
static void make_whole(void) {
    static const uint8_t half[4] = {0, 0, 0, 63};
    size_t i;
    head_bytes = 8;
    tensor("patch_embed.proj.", "weight", 2, 1, ",1,1");
    tensor("patch_embed.proj.", "bias", 2, 0, "");
    tensor("patch_embed.norm.", "weight", 2, 0, "");
    tensor("patch_embed.norm.", "bias", 2, 0, "");
    block("layers.0.blocks.0.", 2, 1);
    block("layers.0.blocks.1.", 2, 1);
    tensor("layers.1.downsample.norm.", "weight", 8, 0, "");
    tensor("layers.1.downsample.norm.", "bias", 8, 0, "");
    tensor("layers.1.downsample.reduction.", "weight", 4, 8, "");
    block("layers.1.blocks.0.", 4, 2);
    tensor("norm.", "weight", 4, 0, "");
    tensor("norm.", "bias", 4, 0, "");
    tensor("head.fc.", "weight", 2, 4, "");
    tensor("head.fc.", "bias", 2, 0, "");
    whole[head_bytes++] = '}';
    for (i = 0; i < 8; i++) whole[i] = (char)(i < 2 ? (head_bytes - 8) >> 8 * i & 255 : 0);
    for (i = 0; i < whole_bytes; i++) whole[head_bytes + i] = (char)half[i % 4];
    whole_bytes += head_bytes;
}

static nc_axx_graph *graph_of(const nc_axx_swin *config) {
    nc_axx_graph *g;
    nc_error err;
    must(nc_axx_graph_create(&g) == NC_OK);
    if (nc_axx_graph_add_swin(g, config, &err) == NC_OK &&
        nc_axx_graph_finish(g, 1, 0, &err) == NC_OK)
        return g;
    must(err.message[0] != 0);
    nc_axx_graph_destroy(g);
    return NULL;
}

static void forward(nc_axx_graph *g, const nc_axx_swin *config) {
    const size_t pixels = (size_t)config->channels * config->image * config->image;
    float *x, *y;
    if (pixels > 4096 || config->classes > 4096) return;
    x = calloc(pixels, sizeof *x);
    y = calloc(config->classes, sizeof *y);
    must(x && y && nc_axx_graph_forward(g, x, 1, y) == NC_OK);
    free(x);
    free(y);
}

static nc_status read_file(const void *data, size_t size) {
    static nc_axx_graph *graph;
    nc_axx_swin told;
    nc_status status;
    nc_error err;
    if (!graph) must((graph = graph_of(&small)) != NULL);
    status = nc_axx_graph_load_swin(graph, &small, data, size, &err);
    if (status == NC_OK)
        forward(graph, &small);
    else
        must(err.message[0] != 0);
    memset(&told, 0, sizeof told);
    if (nc_axx_swin_describe(&told, data, size, &err) == NC_OK)
        must(told.stages >= 1 && told.stages <= 4 && told.image && told.patch);
    else
        must(err.message[0] != 0 && !told.stages);
    return status;
}

/* Each three bytes of the input: a place and the byte that is put there. */
static void change(const uint8_t *data, size_t size) {
    static char file[sizeof whole];
    size_t i, bytes = whole_bytes;
    memcpy(file, whole, whole_bytes);
    for (i = 0; i + 3 <= size; i += 3) {
        const size_t at = data[i] | (size_t)data[i + 1] << 8;
        if (at < whole_bytes)
            file[at] = (char)data[i + 2];
        else if (at < 2 * whole_bytes)
            bytes = at - whole_bytes;
    }
    read_file(file, bytes);
}

static void header(const uint8_t *data, size_t size) {
    static char file[1 << 14];
    size_t i;
    if (size > sizeof file - 4104) return;
    for (i = 0; i < 8; i++) file[i] = (char)(i < 2 ? size >> 8 * i & 255 : 0);
    memcpy(file + 8, data, size);
    memset(file + 8 + size, 0, 4096);
    read_file(file, 8 + size + 4096);
}

/* Numbers of a shape: `small` with others in some places, small ones or any. */
static void shape(const uint8_t *data, size_t size) {
    uint32_t numbers[sizeof small / sizeof(uint32_t)], value, places = 1;
    nc_axx_swin config;
    nc_axx_graph *g;
    size_t i;
    memcpy(numbers, &small, sizeof small);
    for (i = 0; i + 6 <= size; i += 6) {
        memcpy(&value, data + i + 2, 4);
        numbers[data[i] % (sizeof numbers / sizeof *numbers)] = data[i + 1] % 2 ? value : value % 9;
    }
    memcpy(&config, numbers, sizeof config);
    for (i = 0; i < 4; i++) places += config.depths[i] < 9 ? config.depths[i] : 9;
    if (config.image > 64 && config.image <= 4096) config.image = 64;
    if (config.dim > 32 && config.dim <= 4096) config.dim = 32;
    if (config.mlp > 32 && config.mlp <= 65535) config.mlp = 32;
    if (config.classes > 4096) config.classes = 4096;
    if (places > 12) return;
    g = graph_of(&config);
    if (!g) return;
    must(nc_axx_graph_init(g, 1) == NC_OK);
    forward(g, &config);
    nc_axx_graph_destroy(g);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (!whole_bytes) {
        make_whole();
        must(read_file(whole, whole_bytes) == NC_OK);
    }
    if (size == 0) return 0;
    if (data[0] % 2)
        shape(data + 1, size - 1);
    else if (data[0] % 4)
        header(data + 1, size - 1);
    else
        change(data + 1, size - 1);
    return 0;
}
