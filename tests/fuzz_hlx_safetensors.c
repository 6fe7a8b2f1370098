/* libFuzzer target: safetensors headers and offsets of any bytes. */
#include <unistd.h>
#define NC_STATIC
#define NC_IMPLEMENTATION
#include "../nc_hlx.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static nc_hlx_model *model;
    char path[64];
    nc_error err;
    FILE *file;
    if (!model) {
        nc_hlx_config c;
        memset(&c, 0, sizeof c);
        c.vocab_size = 2;
        c.d_model = c.num_layers = c.num_heads = c.ffn_dim = c.max_seq_len = c.batch_size = 1;
        if (nc_hlx_create(&model, &c, NULL) != NC_OK) abort();
    }
    snprintf(path, sizeof path, "/tmp/nc_fuzz_st_%ld", (long)getpid());
    file = fopen(path, "wb");
    if (!file || fwrite(data, 1, size, file) != size || fclose(file)) abort();
    if (nc_hlx_import(model, path, &err) != NC_OK && !err.message[0]) abort();
    unlink(path);
    return 0;
}
