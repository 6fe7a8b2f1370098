/* Models from files. The first byte picks: a checkpoint (with a right checksum) for inference alone or
   with a shard of the moments; or a folder as transformers saves it, whose config.json, index and
   weights are the parts of the input between bytes of 0; or a preset by name. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "nc_hlx.h"
#include "fuzz_file.h"

static void must(int condition) {
    if (!condition) abort();
}

static void run_model(nc_hlx_model *model) {
    uint32_t token = 0;
    (void)nc_hlx_forward(model, &token, NULL, 1, 1, NULL);
    nc_hlx_destroy(model);
}

static void checkpoint(const uint8_t *data, size_t size) {
    const char *path = fuzz_file(data + 2, size - 2, 1);
    nc_hlx_model *model;
    nc_error err;
    if (nc_hlx_load_inference(&model, path, 1, NULL, &err) == NC_OK)
        run_model(model);
    else
        must(!model && err.message[0]);
    if (nc_hlx_load_shard(&model, NULL, path, 1, data[0], data[1], NULL, &err) == NC_OK)
        run_model(model);
    else
        must(!model && err.message[0]);
    unlink(path);
}

static void folder(const uint8_t *data, size_t size) {
    static nc_hlx_model *models[2];
    nc_hlx_model *model;
    nc_hlx_import_options how;
    nc_hlx_config config;
    nc_error err;
    const char *whole = NULL;
    const uint8_t *part;
    uint32_t heads = 0;
    size_t n;
    memset(&config, 0, sizeof config);
    config.vocab_size = 2;
    config.d_model = config.num_layers = config.num_heads = config.max_seq_len = 1;
    config.ffn_dim = config.batch_size = 1;
    if (!models[0]) {
        must(nc_hlx_create(&models[0], &config, NULL) == NC_OK);
        config.d_model = config.ffn_dim = 2;
        config.rms_norm = config.rotary = config.gated_ffn = 1;
        config.biases = NC_HLX_BIASES_NONE;
        must(nc_hlx_create(&models[1], &config, NULL) == NC_OK);
    }
    memset(&how, 0, sizeof how);
    how.resize_positions = data[0] & 1;
    how.resize_vocab = data[0] >> 1 & 1;
    how.drop_head = data[0] >> 2 & 1;
    how.heads = data[0] & 8 ? &heads : NULL;
    model = models[data[0] >> 4 & 1];
    data++;
    size--;
    n = fuzz_part(&data, &size, &part);
    fuzz_in_folder("config.json", part, n);
    n = fuzz_part(&data, &size, &part);
    fuzz_in_folder("model.safetensors.index.json", part, n);
    fuzz_in_folder("a.safetensors", data, size);
    if (n == 0) whole = fuzz_in_folder("model.safetensors", data, size);
    if (nc_hlx_import_with(model, fuzz_folder, &how, &err) != NC_OK) must(err.message[0] != 0);
    if (nc_hlx_read_config(&config, fuzz_folder, &err) != NC_OK) must(err.message[0] != 0);
    if (whole) unlink(whole);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    nc_hlx_config config;
    char name[16] = {0};
    if (size < 4) return 0;
    switch (data[0] % 3) {
    case 0: checkpoint(data + 1, size - 1); break;
    case 1: folder(data + 1, size - 1); break;
    default:
        memcpy(name, data + 1, size - 1 < sizeof name ? size - 1 : sizeof name - 1);
        (void)nc_hlx_preset(name, &config);
    }
    return 0;
}
