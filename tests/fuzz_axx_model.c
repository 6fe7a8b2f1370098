/* What nc_axx.h reads beside tables: networks, search results, calibrators; the first byte picks. */
#define NC_AXX_VIT
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "nc_axx.h"

static int never(void *user, const uint8_t *assignment, double *accuracy) {
    (void)user;
    (void)assignment;
    *accuracy = 0;
    return 0;
}

static void load_network(const uint8_t *data, size_t size) {
    static const nc_axx_net_config config = {.kind = NC_AXX_NET_CNN,
                                             .image = 2,
                                             .channels = 1,
                                             .classes = 2,
                                             .dim = 1,
                                             .depth = 1,
                                             .batch = 1};
    nc_axx_net_config told = {.batch = 1};
    static nc_axx_net *net;
    const float pixels[4] = {1, -1, 0.5f, 0};
    float logits[2];
    nc_error err;
    if (!net && nc_axx_net_create(&net, &config) != NC_OK) __builtin_trap();
    if (nc_axx_net_describe(&told, data, size, &err) != NC_OK && !err.message[0]) __builtin_trap();
    if (nc_axx_net_load(net, data, size, &err) != NC_OK) {
        if (!err.message[0]) __builtin_trap();
    } else if (nc_axx_net_forward(net, pixels, 1, logits) != NC_OK) {
        __builtin_trap();
    }
}

static void load_search(const uint8_t *data, size_t size) {
    static const double share[3] = {0.5, 0.25, 0.25};
    static const float power[2] = {1.0f, 0.5f};
    nc_axx_search_config config;
    nc_axx_search *s;
    char *text, *again;
    size_t bytes;
    nc_error err;
    memset(&config, 0, sizeof config);
    config.layers = 3;
    config.candidates = 2;
    config.share = share;
    config.power = power;
    config.evaluate = never;
    if (nc_axx_search_create(&s, &config) != NC_OK) __builtin_trap();
    if (nc_axx_search_load(s, (const char *)data, size, &err) != NC_OK) {
        if (err.line < 1 || err.column < 1) __builtin_trap();
    } else { /* what was read is written, and read again the same */
        if (nc_axx_search_csv(s, 0, &text, &bytes) != NC_OK) __builtin_trap();
        nc_axx_search_destroy(s);
        if (nc_axx_search_create(&s, &config) != NC_OK) __builtin_trap();
        if (nc_axx_search_load(s, text, bytes, &err) != NC_OK) __builtin_trap();
        if (nc_axx_search_csv(s, 0, &again, &bytes) != NC_OK || strcmp(text, again) != 0)
            __builtin_trap();
        nc_axx_free_text(text);
        nc_axx_free_text(again);
    }
    nc_axx_search_destroy(s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static nc_axx_calibrator c;
    if (size == 0) return 0;
    if (data[0] % 3 == 0)
        load_network(data + 1, size - 1);
    else if (data[0] % 3 == 1)
        load_search(data + 1, size - 1);
    else if (nc_axx_calibrator_load(&c, data + 1, size - 1) == NC_OK)
        __builtin_trap(); /* longer than the inputs here */
    return 0;
}
