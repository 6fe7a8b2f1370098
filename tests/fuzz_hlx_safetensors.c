/* Safetensors: headers and offsets of any bytes; the same bytes as config.json and as an index. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "nc_hlx.h"
#include "fuzz_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static nc_hlx_model *model;
    const char *path = fuzz_file(data, size, 0);
    char json[80];
    nc_hlx_config config;
    nc_error err;
    if (!model) {
        nc_hlx_config c;
        memset(&c, 0, sizeof c);
        c.vocab_size = 2;
        c.d_model = c.num_layers = c.num_heads = c.ffn_dim = c.max_seq_len = c.batch_size = 1;
        if (nc_hlx_create(&model, &c, NULL) != NC_OK) abort();
    }
    if (nc_hlx_import(model, path, &err) != NC_OK && !err.message[0]) abort();
    if (nc_hlx_read_config(&config, path, &err) != NC_OK && !err.message[0]) abort();
    snprintf(json, sizeof json, "%s.json", path); /* its end says that it is an index */
    if (rename(path, json) != 0) abort();
    if (nc_hlx_import(model, json, &err) != NC_OK && !err.message[0]) abort();
    unlink(json);
    return 0;
}
