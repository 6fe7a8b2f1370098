/* hlx_verify: training that others can check. Replays the steps between two checkpoints on any device
   and says whether the second is what must come out, with a Poseidon2 commitment to each.
   cc -O2 -fopenmp hlx_verify.c -lm -o hlx_verify */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#define NC_GPU /* drivers are looked for at run time, when --device asks for one */
#if defined(__has_include)
#if !__has_include(<vulkan/vulkan.h>)
#define NC_GPU_NO_VULKAN
#endif
#endif
#define NC_IMPLEMENTATION
#include "../nc_hlx.h"
#include "../nc_goldilocks.h"

static const char usage[] =
    "usage: hlx_verify A.bin B.bin --data FILE [--device cpu|vulkan|cuda] [--json]\n"
    "Loads checkpoint A, trains on FILE (as hlx_train: its first nine tenths) up to the step of B "
    "with\n"
    "the optimiser that A's owner used, and compares the result with B byte for byte. Commitments "
    "are\n"
    "Merkle roots, as `gl_merkle FILE` prints them. Returns 0 when B is confirmed, 1 when it is "
    "not or\n"
    "a file cannot be read, 2 on bad usage.\n";

enum { CHUNK = 1024 };

static unsigned char *read_file(const char *path, size_t *bytes) {
    unsigned char *data = NULL;
    long size = -1;
    FILE *file = fopen(path, "rb");
    *bytes = 0;
    if (file && fseek(file, 0, SEEK_END) == 0) size = ftell(file);
    if (size >= 0 && fseek(file, 0, SEEK_SET) == 0) data = malloc((size_t)size + 1);
    if (data && fread(data, 1, (size_t)size, file) != (size_t)size) {
        free(data);
        data = NULL;
    }
    if (data) *bytes = (size_t)size;
    if (file) fclose(file);
    return data;
}

/* Root of the Merkle tree over chunks of 1,024 bytes: what gl_merkle prints for the file. */
static int commitment(const unsigned char *data, size_t bytes, nc_gl root[4]) {
    size_t chunks = (bytes + CHUNK - 1) / CHUNK, leaves = 1, i;
    nc_gl *nodes, element[CHUNK / 7 + 2];
    while (leaves < chunks) leaves *= 2;
    nodes = calloc(2 * leaves * 4, sizeof *nodes);
    if (!nodes) return 0;
    for (i = 0; i < chunks; i++) {
        size_t n = bytes - i * CHUNK < CHUNK ? bytes - i * CHUNK : CHUNK, count;
        element[0] = (nc_gl)n << 1;
        count = 1 + nc_gl_pack_bytes(element + 1, data + i * CHUNK, n);
        (void)nc_gl_hash_fields(NC_GL_POSEIDON2, element, count, nodes + (leaves + i) * 4);
    }
    (void)nc_gl_merkle_build(NC_GL_POSEIDON2, nodes, leaves);
    memcpy(root, nodes + 4, 4 * sizeof *root);
    free(nodes);
    return 1;
}

static const char *environment(const char *name) {
    const char *value = getenv(name);
    return value && *value ? value : NULL;
}

/* Train from where the model stands to the step. */
static nc_status replay(nc_hlx_model *model, nc_hlx_loader *loader, uint64_t step,
                        const char *device_name) {
    const nc_hlx_adamw adamw = *nc_hlx_get_adamw(model);
    nc_hlx_gpu *gpu = NULL;
    nc_gpu *device = NULL;
    nc_status status = NC_OK;
    nc_error err;
    if (strcmp(device_name, "cpu")) {
        nc_gpu_desc desc = {0};
        desc.kind = !strcmp(device_name, "cuda") ? NC_GPU_CUDA : NC_GPU_VULKAN;
        desc.kernel_path = environment("NC_KERNEL_PATH");
        desc.library = environment("NC_GPU_LIBRARY");
        status = nc_gpu_open(&device, &desc, &err);
        if (status != NC_OK) return fprintf(stderr, "hlx_verify: %s\n", err.message), status;
        status = nc_hlx_gpu_create(&gpu, device, model, &adamw);
    }
    while (status == NC_OK && nc_hlx_step(model) < step) {
        status = gpu ? nc_hlx_gpu_train_step(gpu, loader, &adamw, NULL)
                     : nc_hlx_train_step(model, loader, &adamw, NULL);
        if (nc_hlx_step(model) % 50 == 0) {
            fprintf(stderr, "\rreplayed to step %llu", (unsigned long long)nc_hlx_step(model));
            fflush(stderr);
        }
    }
    if (status == NC_OK && gpu) status = nc_hlx_gpu_download(gpu);
    nc_hlx_gpu_destroy(gpu);
    nc_gpu_close(device);
    return status;
}

static void print_root(const char *name, uint64_t step, const nc_gl root[4], int json) {
    size_t i;
    if (json)
        printf("\"%s\": {\"step\": %llu, \"root\": [", name, (unsigned long long)step);
    else
        printf("%-9s step %6llu  root", name, (unsigned long long)step);
    for (i = 0; i < 4; i++)
        printf(json ? "%s\"%llu\"" : "%s%llu", json ? (i ? ", " : "") : " ",
               (unsigned long long)root[i]);
    printf(json ? "]}, " : "\n");
}

/* 0 confirmed, 1 not; the message of an error is printed. */
static int verify(const char *a, const char *b, const char *data, const char *device, int json) {
    nc_hlx_model *model = NULL, *target = NULL;
    nc_hlx_loader loader = {0};
    nc_gl root_a[4], root_b[4], root[4];
    size_t bytes, bytes_a, bytes_b, bytes_c = 0;
    uint64_t from = 0, to = 0;
    char path[1100];
    nc_error err = {NC_OK, 0, 0, ""};
    unsigned char *text = read_file(data, &bytes), *file_a = read_file(a, &bytes_a);
    unsigned char *file_b = read_file(b, &bytes_b), *file_c = NULL;
    int ok = text && file_a && file_b, same = 0;
    nc_status status = ok ? nc_hlx_load(&target, NULL, b, 0, NULL, &err) : NC_ERR_IO;
    if (status == NC_OK)
        status = nc_hlx_loader_init(&loader, text, bytes / 10 * 9,
                                    nc_hlx_get_config(target)->max_seq_len, 0);
    if (status == NC_OK) status = nc_hlx_load(&model, &loader, a, 0, NULL, &err);
    if (status == NC_OK) {
        from = nc_hlx_step(model);
        to = nc_hlx_step(target);
        if (from == 0 || to < from) {
            fprintf(stderr, "hlx_verify: '%s' (step %llu) does not lead to '%s' (step %llu)\n", a,
                    (unsigned long long)from, b, (unsigned long long)to);
            status = NC_ERR_ARG;
        }
    }
    if (status == NC_OK) status = replay(model, &loader, to, device);
    snprintf(path, sizeof path, "%.1000s.replayed", b);
    if (status == NC_OK) status = nc_hlx_save(model, &loader, path, &err);
    if (status == NC_OK) {
        file_c = read_file(path, &bytes_c);
        (void)remove(path);
        ok = file_c && commitment(file_a, bytes_a, root_a) && commitment(file_b, bytes_b, root_b) &&
             commitment(file_c, bytes_c, root);
        same = ok && bytes_b == bytes_c && !memcmp(file_b, file_c, bytes_b);
    }
    if (status != NC_OK || !ok) {
        fprintf(stderr, "hlx_verify: %s\n",
                err.message[0]        ? err.message
                : status == NC_ERR_IO ? "a file cannot be read"
                                      : nc_status_str(status));
    } else {
        if (json) printf("{");
        print_root("A", from, root_a, json);
        print_root("B", to, root_b, json);
        print_root("replayed", to, root, json);
        printf(json ? "\"confirmed\": %s}\n" : "%s\n",
               json   ? (same ? "true" : "false")
               : same ? "confirmed: B is what A and the data give"
                      : "REFUSED: B is not what A and the data give");
        if (!same) fprintf(stderr, "hlx_verify: the checkpoints do not agree\n");
    }
    nc_hlx_destroy(model);
    nc_hlx_destroy(target);
    free(text);
    free(file_a);
    free(file_b);
    free(file_c);
    return !same;
}

int main(int argc, char **argv) {
    const char *file[2] = {NULL, NULL}, *data = NULL, *device = "cpu";
    int i, count = 0, json = 0;
    for (i = 1; i < argc; i++) {
        const char *next = i + 1 < argc ? argv[i + 1] : "";
        if (!strcmp(argv[i], "--help")) return fputs(usage, stdout) < 0;
        if (!strcmp(argv[i], "--json"))
            json = 1;
        else if (!strcmp(argv[i], "--data") && *next)
            data = argv[++i];
        else if (!strcmp(argv[i], "--device") &&
                 (!strcmp(next, "cpu") || !strcmp(next, "vulkan") || !strcmp(next, "cuda")))
            device = argv[++i];
        else if (argv[i][0] != '-' && count < 2)
            file[count++] = argv[i];
        else
            return fprintf(stderr, "hlx_verify: bad argument '%s'\n%s", argv[i], usage), 2;
    }
    if (count < 2 || !data) return fputs(usage, stderr), 2;
    return verify(file[0], file[1], data, device, json);
}
