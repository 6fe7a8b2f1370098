/* Texts that nc_axx.h takes from a command line: multipliers by family and name, patterns of layers
   and nodes, options of reading. The first byte picks. */
#define NC_AXX_VIT
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "nc_axx.h"

static void must(int condition) {
    if (!condition) __builtin_trap();
}

static void make(const char *spec) {
    static nc_axx_mult m, again;
    nc_error err;
    uint32_t i;
    memset(&m, 0, sizeof m);
    if (nc_axx_make(&m, spec, &err) != NC_OK) {
        must(err.message[0] && err.column >= 1 && !m.name[0]);
        return;
    }
    must(nc_axx_make(&again, spec, &err) == NC_OK && !memcmp(&m, &again, sizeof m));
    for (i = 0; i < 65536; i++) must(m.table[i] > -(1 << 24) && m.table[i] < 1 << 24);
}

static void set(const char *pattern) {
    static nc_axx_net *net;
    static nc_axx_graph *graph;
    const nc_axx_net_config config = {.image = 4,
                                      .channels = 1,
                                      .classes = 3,
                                      .dim = 4,
                                      .depth = 1,
                                      .patch = 2,
                                      .heads = 2,
                                      .mlp = 8,
                                      .batch = 1};
    const nc_axx_swin swin = {4, 1, 2, 1, 2, 2, 2, {2, 1}, {1, 2}, {2, 2}};
    nc_axx_layer_options options;
    nc_error err;
    uint32_t count = 0;
    if (!net) {
        must(nc_axx_net_create(&net, &config) == NC_OK);
        must(nc_axx_graph_create(&graph) == NC_OK);
        must(nc_axx_graph_add_swin(graph, &swin, &err) == NC_OK);
        must(nc_axx_graph_finish(graph, 1, 0, &err) == NC_OK);
    }
    memset(&options, 0, sizeof options);
    must((nc_axx_net_set(net, pattern, &options, &count, &err) == NC_OK) == (count > 0));
    must((nc_axx_graph_set(graph, pattern, &options, &count, &err) == NC_OK) == (count > 0));
    (void)nc_axx_graph_find(graph, pattern);
    (void)nc_axx_form_of(pattern);
}

/* Verilog, C or BLIF whose unit has the name before the first byte of 0, with sign and widths. */
static void read_unit(const uint8_t *how, char *text, size_t size) {
    static const nc_axx_form forms[3] = {NC_AXX_FORM_NETLIST, NC_AXX_FORM_VERILOG,
                                         NC_AXX_FORM_BLIF};
    static nc_axx_mult m;
    nc_axx_reading reading;
    nc_axx_report report;
    nc_axx_wide *wide;
    nc_error err;
    const size_t name = strlen(text);
    const char *body = name < size ? text + name + 1 : text + name;
    const size_t bytes = name < size ? size - name - 1 : 0;
    memset(&reading, 0, sizeof reading);
    reading.sign = (nc_axx_sign)(how[0] % 3);
    reading.unit = how[0] & 128 ? text : NULL;
    reading.bits[0] = how[1] % 16;
    reading.bits[1] = how[1] / 16;
    if (nc_axx_parse_with(&m, forms[how[0] / 3 % 3], &reading, "mul4", body, bytes, &report,
                          &err) != NC_OK)
        must(err.message[0] != 0);
    if (nc_axx_wide_parse(&wide, forms[how[0] / 3 % 3], &reading, "mul4", body, bytes, &report,
                          &err) != NC_OK)
        must(err.message[0] && !wide);
    nc_axx_wide_destroy(wide);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char *text;
    if (size < 3) return 0;
    text = malloc(size - 2);
    memcpy(text, data + 3, size - 3);
    text[size - 3] = 0;
    if (data[0] % 3 == 0)
        make(text);
    else if (data[0] % 3 == 1)
        set(text);
    else
        read_unit(data + 1, text, size - 3);
    free(text);
    return 0;
}
