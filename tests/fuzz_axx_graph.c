/* Graphs from ONNX files (even first bytes) and weights of a graph from safetensors (odd ones). */
#define NC_AXX_VIT
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "nc_axx.h"

static void add(nc_axx_graph *g, nc_axx_node n) {
    nc_error err;
    if (nc_axx_graph_add(g, &n, NULL, &err) != NC_OK) __builtin_trap();
}

static void load_weights(const uint8_t *data, size_t size) {
    static nc_axx_graph *g;
    const float pixels[4] = {1, -1, 0.5f, 0};
    float y[2];
    nc_error err;
    if (!g) {
        if (nc_axx_graph_create(&g) != NC_OK) __builtin_trap();
        add(g, (nc_axx_node){.kind = NC_AXX_NODE_INPUT, .rank = 3, .shape = {1, 2, 2}});
        add(g, (nc_axx_node){.kind = NC_AXX_NODE_CONV2D, .out = 2, .kernel = {2, 2}});
        add(g, (nc_axx_node){.kind = NC_AXX_NODE_BATCH_NORM});
        if (nc_axx_graph_finish(g, 1, 0, &err) != NC_OK) __builtin_trap();
    }
    if (nc_axx_graph_load(g, data, size, &err) != NC_OK) {
        if (!err.message[0]) __builtin_trap();
    } else if (nc_axx_graph_forward(g, pixels, 1, y) != NC_OK) {
        __builtin_trap();
    }
}

static void read_network(const uint8_t *data, size_t size) {
    nc_axx_onnx file = {.data = data, .bytes = size, .batch = 1};
    nc_axx_node_info info;
    nc_axx_graph *g;
    nc_error err;
    size_t pixels = 1, values = 1, i;
    float *x, *y;
    if (nc_axx_graph_from_onnx(&g, &file, &err) != NC_OK) {
        if (g || !err.message[0]) __builtin_trap();
        return;
    }
    if (nc_axx_graph_node(g, 0, &info) != NC_OK) __builtin_trap();
    for (i = 0; i < info.rank; i++) pixels *= info.shape[i];
    if (nc_axx_graph_node(g, nc_axx_graph_nodes(g) - 1, &info) != NC_OK) __builtin_trap();
    for (i = 0; i < info.rank; i++) values *= info.shape[i];
    if (pixels < 4096 && values < 4096) {
        x = calloc(pixels, sizeof *x);
        y = calloc(values, sizeof *y);
        if (nc_axx_graph_forward(g, x, 1, y) != NC_OK) __builtin_trap();
        free(x);
        free(y);
    }
    nc_axx_graph_destroy(g);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size && data[0] % 2)
        load_weights(data + 1, size - 1);
    else
        read_network(data, size); /* a model begins with field 1, a number: 8 */
    return 0;
}
