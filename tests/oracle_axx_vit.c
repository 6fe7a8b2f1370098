/* For tests/oracle_axx_vit.py: a line in, PATH and then FIELD=VALUE of nc_axx_net_config; a line of
   JSON out: the logits of two images in float32, then with layers of int8 and exact products, or
   why the file is refused. Fields that tensors tell come from nc_axx_net_describe; those of the line
   hold before and after it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#define NC_IMPLEMENTATION
#define NC_AXX_VIT
#include "../nc_axx.h"
#include "axx_timm.h"

/* A word FIELD=VALUE. */
static int set(nc_axx_net_config *c, const char *word) {
    const char *value = strchr(word, '=');
    return value && set_field(c, word, (size_t)(value - word), atof(value + 1));
}

static void print(const char *name, const float *y, size_t n) {
    size_t i;
    printf("\"%s\": [", name);
    for (i = 0; i < n; i++) printf("%s%.9g", i ? ", " : "", (double)y[i]);
    printf("]");
}

/* What the network makes of the images of tests/golden_axx_vit.py. */
static nc_status run(nc_axx_net *net) {
    const nc_axx_net_config *c = nc_axx_net_get_config(net);
    const size_t n = (size_t)2 * c->channels * c->image * c->width;
    float *pixels = (float *)malloc(n * sizeof *pixels);
    float *y = (float *)malloc(2 * c->classes * sizeof *y);
    uint32_t labels[2] = {0, 0};
    nc_axx_images images;
    nc_status status = pixels && y ? NC_OK : NC_ERR_MEMORY;
    memset(&images, 0, sizeof images);
    images.pixels = pixels;
    images.labels = labels;
    images.count = 2;
    if (pixels) fill_images(pixels, n);
    if (status == NC_OK) status = nc_axx_net_forward(net, pixels, 2, y);
    if (status == NC_OK) print("logits", y, 2 * c->classes);
    if (status == NC_OK) status = nc_axx_net_calibrate(net, &images, NC_AXX_CALIBRATE_MAX, 0);
    nc_axx_net_set_mode(net, NC_AXX_MODE_INTEGER);
    if (status == NC_OK) status = nc_axx_net_forward(net, pixels, 2, y);
    if (status == NC_OK) {
        printf(", ");
        print("int8", y, 2 * c->classes);
    }
    free(pixels);
    free(y);
    return status;
}

int main(void) {
    static char line[8192];
    while (fgets(line, sizeof line, stdin)) {
        nc_axx_net_config c;
        nc_axx_net *net = NULL;
        nc_error err;
        char *data = NULL, *word;
        const char *path = strtok(line, " \n");
        char **words = NULL;
        size_t bytes = 0, i;
        nc_status status;
        memset(&c, 0, sizeof c);
        memset(&err, 0, sizeof err);
        c.kind = NC_AXX_NET_VIT;
        c.batch = 2;
        while ((word = strtok(NULL, " \n")))
            if (stbds_arrput(words, word), !set(&c, word))
                return fprintf(stderr, "no field: %s\n", word), 2;
        status = nc_file_read(path, &data, &bytes, &err);
        if (status == NC_OK) status = nc_axx_net_describe(&c, data, bytes, &err);
        for (i = 0; i < stbds_arrlenu(words); i++) (void)set(&c, words[i]);
        if (status == NC_OK) status = nc_axx_net_create(&net, &c);
        if (status == NC_OK) status = nc_axx_net_load(net, data, bytes, &err);
        printf("{");
        if (status == NC_OK) status = run(net);
        for (i = 0; err.message[i]; i++)
            if (err.message[i] == '"' || err.message[i] == '\\') err.message[i] = '\'';
        if (status != NC_OK)
            printf("\"refused\": \"%s\"", *err.message ? err.message : nc_status_str(status));
        printf("}\n");
        nc_axx_net_destroy(net);
        nc_file_free(data);
        stbds_arrfree(words);
    }
    return 0;
}
