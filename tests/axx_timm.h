/* What tests/golden_axx_vit.py, its test and its oracle share: names of the fields of
   nc_axx_net_config, and its images. Behind nc_axx.h with NC_AXX_VIT. */
#include <string.h>

#define FIELD(name)                                                                                \
    { #name, offsetof(nc_axx_net_config, name) }
static const struct {
    const char *name;
    size_t at;
} fields[] = {FIELD(image),        FIELD(width),     FIELD(channels),        FIELD(classes),
              FIELD(dim),          FIELD(depth),     FIELD(patch),           FIELD(heads),
              FIELD(mlp),          FIELD(mean_pool), FIELD(activation),      FIELD(head_dim),
              FIELD(no_qkv_bias),  FIELD(qk_norm),   FIELD(layer_scale),     FIELD(gated),
              FIELD(registers),    FIELD(pre_norm),  FIELD(patch_positions), FIELD(fc_norm),
              FIELD(no_proj_bias), FIELD(post_norm), FIELD(distilled)};

/* Set the field of this name; 0: there is none. */
static NC_UNUSED int set_field(nc_axx_net_config *c, const char *name, size_t length,
                               double value) {
    const uint32_t number = (uint32_t)value;
    size_t i;
    if (length == 3 && !memcmp(name, "eps", 3)) {
        c->eps = (float)value;
        return 1;
    }
    for (i = 0; i < sizeof fields / sizeof *fields; i++)
        if (strlen(fields[i].name) == length && !memcmp(name, fields[i].name, length)) {
            memcpy((char *)c + fields[i].at, &number, sizeof number);
            return 1;
        }
    return 0;
}

static void fill_images(float *pixels, size_t n) {
    size_t i;
    for (i = 0; i < n; i++) pixels[i] = (float)((i * 7919 + 13) % 2001) / 1000.0f - 1.0f;
}
