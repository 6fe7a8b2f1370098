/* A user's program: two models trained on the same text from the same seed have the same bits. */
#include <inttypes.h>
#include <stdio.h>
#define NC_IMPLEMENTATION
#include <nc_hlx.h>

static uint64_t train(float *loss) {
    static const char text[] = "a rose is a rose is a rose is a rose is a rose is a rose";
    nc_hlx_config config = {.num_layers = 1, .d_model = 32, .num_heads = 2, .ffn_dim = 64};
    nc_hlx_adamw adamw = {.lr = 0.01f};
    nc_hlx_loader loader;
    nc_hlx_model *model;
    nc_hlx_stats stats;
    uint64_t digest;
    config.max_seq_len = 8, config.batch_size = 2;
    if (nc_hlx_create(&model, &config, NULL) != NC_OK) return 0;
    nc_hlx_init_weights(model, 1);
    nc_hlx_loader_init(&loader, text, sizeof text - 1, config.max_seq_len, 1);
    for (int step = 0; step < 30; step++)
        if (nc_hlx_train_step(model, &loader, &adamw, &stats) == NC_OK) *loss = stats.loss;
    digest = nc_hlx_digest(model);
    nc_hlx_destroy(model);
    return digest;
}

int main(void) {
    float loss = 9, again = 9;
    const uint64_t one = train(&loss), two = train(&again);
    printf("nc_hlx %s: loss %.4f, digest %016" PRIx64 "\n", NC_HLX_VERSION, (double)loss, one);
    return one == two && one != 0 && loss < 3 ? 0 : 1;
}
