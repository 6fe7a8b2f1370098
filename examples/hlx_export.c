/* hlx_export: the weights of a checkpoint as safetensors with GPT-2's names, and back.
   cc -O2 hlx_export.c -lm -o hlx_export */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#define NC_IMPLEMENTATION
#include "../nc_hlx.h"

static const char usage[] =
    "usage: hlx_export CHECKPOINT.bin -o OUT.safetensors\n"
    "       hlx_export CHECKPOINT.bin --import IN.safetensors -o NEW.bin\n"
    "The second form writes a checkpoint of CHECKPOINT's shape with the weights of IN and a fresh\n"
    "optimiser. Prints the parameters' digest. Returns 0, 1 on an error, 2 on bad usage.\n";

int main(int argc, char **argv) {
    const char *checkpoint = NULL, *in = NULL, *out = NULL;
    nc_hlx_model *model = NULL;
    nc_error err = {NC_OK, 0, 0, ""};
    nc_status status;
    size_t count;
    int i;
    for (i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "--help")) return fputs(usage, stdout) < 0;
        if (!strcmp(argv[i], "-o") && i + 1 < argc)
            out = argv[++i];
        else if (!strcmp(argv[i], "--import") && i + 1 < argc)
            in = argv[++i];
        else if (argv[i][0] != '-' && !checkpoint)
            checkpoint = argv[i];
        else
            return fprintf(stderr, "hlx_export: bad argument '%s'\n%s", argv[i], usage), 2;
    }
    if (!checkpoint || !out) return fputs(usage, stderr), 2;
    status = nc_hlx_load(&model, NULL, checkpoint, 0, NULL, &err);
    if (status == NC_OK && in) status = nc_hlx_import(model, in, &err);
    if (status == NC_OK)
        status = in ? nc_hlx_save(model, NULL, out, &err) : nc_hlx_export(model, out, &err);
    if (status != NC_OK) {
        fprintf(stderr, "hlx_export: %s\n", err.message[0] ? err.message : nc_status_str(status));
    } else {
        (void)nc_hlx_parameters(model, &count);
        printf("wrote %s: %zu parameters\nparameters digest: %016llx\n", out, count,
               (unsigned long long)nc_hlx_digest(model));
    }
    nc_hlx_destroy(model);
    return status != NC_OK;
}
