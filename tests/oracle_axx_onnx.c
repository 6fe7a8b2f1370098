/* For tests/oracle_axx_onnx.py: a line in, the path of an ONNX file; a line of JSON out: how many
   nodes and multiply-accumulates the graph has and the values of two images, or why the file is
   refused. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#define NC_IMPLEMENTATION
#define NC_AXX_VIT
#include "../nc_axx.h"
#include "axx_timm.h"

/* Values of a node for one image. */
static size_t values_of(const nc_axx_graph *g, uint32_t node) {
    nc_axx_node_info info;
    size_t n = 1, i;
    if (nc_axx_graph_node(g, node, &info) != NC_OK) return 0;
    for (i = 0; i < info.rank; i++) n *= info.shape[i];
    return n;
}

static nc_status run(nc_axx_graph *g) {
    const uint32_t nodes = nc_axx_graph_nodes(g);
    const size_t pixels = 2 * values_of(g, 0), n = 2 * values_of(g, nodes - 1);
    float *x = (float *)malloc(pixels * sizeof *x), *y = (float *)malloc(n * sizeof *y);
    nc_status status = x && y ? NC_OK : NC_ERR_MEMORY;
    unsigned long long macs = 0;
    nc_axx_node_info info;
    uint32_t i;
    for (i = 0; i < nodes; i++)
        if (nc_axx_graph_node(g, i, &info) == NC_OK) macs += info.macs;
    printf("\"nodes\": %u, \"macs\": %llu, ", (unsigned)nodes, macs);
    if (x) fill_images(x, pixels);
    if (status == NC_OK) status = nc_axx_graph_forward(g, x, 2, y);
    printf("\"values\": [");
    for (i = 0; i < n && status == NC_OK; i++) {
        if (i) printf(", ");
        if (y[i] != y[i])
            printf("NaN"); /* a word of Python's JSON */
        else
            printf("%.9g", (double)y[i]);
    }
    printf("], ");
    free(x);
    free(y);
    return status;
}

int main(void) {
    static char line[4096];
    while (fgets(line, sizeof line, stdin)) {
        nc_axx_onnx file;
        nc_axx_graph *g = NULL;
        nc_error err;
        char *data = NULL, *at;
        nc_status status;
        line[strcspn(line, "\n")] = 0;
        memset(&file, 0, sizeof file);
        status = nc_file_read(line, &data, &file.bytes, &err);
        file.data = data;
        file.batch = 2;
        if (status == NC_OK) status = nc_axx_graph_from_onnx(&g, &file, &err);
        nc_file_free(data);
        printf("{");
        if (status == NC_OK) status = run(g);
        while ((at = strpbrk(err.message, "\"\\")) != NULL) *at = '\'';
        printf("\"refused\": \"%s\"}\n", status == NC_OK ? ""
                                         : *err.message  ? err.message
                                                         : nc_status_str(status));
        fflush(stdout);
        nc_axx_graph_destroy(g);
    }
    return 0;
}
