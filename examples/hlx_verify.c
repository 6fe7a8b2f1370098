/* hlx_verify: training that others can check. Replays the steps between two checkpoints on any device
   and says whether the second is what must come out, with a Poseidon2 commitment to each.
   cc -O2 -fopenmp hlx_verify.c -lm -o hlx_verify */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#define NC_GPU /* drivers are looked for at run time, when --device asks for one */
#define NC_IMPLEMENTATION
#include "../nc_hlx.h"
#include "../nc_goldilocks.h"

static const char usage[] =
    "usage: hlx_verify A.bin B.bin --data FILE [options]\n"
    "Loads checkpoint A, trains on FILE (as hlx_train: its first nine tenths) up to the step of B "
    "with\n"
    "the optimiser that A's owner used, and compares the result with B byte for byte. Commitments "
    "are\n"
    "Merkle roots, as `gl_merkle FILE` prints them.\n"
    "  --tokenizer FILE  byte pairs of the text     --token-bytes N  FILE holds tokens of 2 or 4\n"
    "  --device cpu|vulkan|cuda                     --json\n"
    "Returns 0 when B is confirmed, 1 when it is not or a file cannot be read, 2 on bad usage.\n";

enum { CHUNK = 1024 };

/* Root of the Merkle tree over chunks of 1,024 bytes: what gl_merkle prints for the file. */
static int commitment(const nc_hlx_file *file, nc_gl root[4]) {
    const size_t bytes = file->bytes;
    size_t chunks = (bytes + CHUNK - 1) / CHUNK, leaves = 1, i;
    nc_gl *nodes, element[CHUNK / 7 + 2];
    while (leaves < chunks) leaves *= 2;
    nodes = calloc(2 * leaves * 4, sizeof *nodes);
    if (!nodes) return 0;
    for (i = 0; i < chunks; i++) {
        size_t n = bytes - i * CHUNK < CHUNK ? bytes - i * CHUNK : CHUNK, count;
        element[0] = (nc_gl)n << 1;
        count = 1 + nc_gl_pack_bytes(element + 1, file->data + i * CHUNK, n);
        (void)nc_gl_hash_fields(NC_GL_POSEIDON2, element, count, nodes + (leaves + i) * 4);
    }
    (void)nc_gl_merkle_build(NC_GL_POSEIDON2, nodes, leaves);
    memcpy(root, nodes + 4, 4 * sizeof *root);
    free(nodes);
    return 1;
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
        desc.kernel_path = getenv("NC_KERNEL_PATH");
        desc.library = getenv("NC_GPU_LIBRARY");
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

typedef struct options {
    const char *a, *b, *data, *tokenizer, *device;
    unsigned token_bytes;
    int json;
} options;

/* Replay from A to the step of B; the result goes to `path`. */
static nc_status replay_to(const options *o, const char *path, uint64_t *from, uint64_t *to,
                           nc_error *err) {
    nc_hlx_model *model = NULL, *target = NULL;
    nc_hlx_loader saved = {0};
    nc_hlx_data data = {0};
    nc_hlx_bpe *bpe = NULL;
    nc_status status = nc_hlx_load(&target, NULL, o->b, 0, NULL, err);
    if (status == NC_OK) status = nc_hlx_load(&model, &saved, o->a, 0, NULL, err);
    if (status == NC_OK && o->tokenizer) status = nc_hlx_bpe_load(&bpe, o->tokenizer, NULL, err);
    if (status == NC_OK) {
        *from = nc_hlx_step(model);
        *to = nc_hlx_step(target);
        if (*from == 0 || *to < *from) {
            fprintf(stderr, "hlx_verify: '%s' (step %llu) does not lead to '%s' (step %llu)\n",
                    o->a, (unsigned long long)*from, o->b, (unsigned long long)*to);
            status = NC_ERR_ARG;
        }
    }
    if (status == NC_OK)
        status = nc_hlx_data_open(&data, o->data, o->token_bytes, bpe, saved.seq, saved.seed, err);
    if (status == NC_OK) {
        data.train.next = saved.next;
        status = replay(model, &data.train, *to, o->device);
        if (status == NC_OK) status = nc_hlx_save(model, &data.train, path, err);
    }
    nc_hlx_data_close(&data);
    nc_hlx_bpe_destroy(bpe);
    nc_hlx_destroy(model);
    nc_hlx_destroy(target);
    return status;
}

/* 0 confirmed, 1 not; the message of an error is printed. */
static int verify(const options *o) {
    nc_gl root_a[4], root_b[4], root[4];
    nc_hlx_file a = {0}, b = {0}, c = {0};
    uint64_t from = 0, to = 0;
    char path[1100];
    nc_error err = {NC_OK, 0, 0, ""};
    nc_status status;
    int same = 0;
    snprintf(path, sizeof path, "%.1000s.replayed", o->b);
    status = replay_to(o, path, &from, &to, &err);
    if (status == NC_OK) status = nc_hlx_file_open(&a, o->a, &err);
    if (status == NC_OK) status = nc_hlx_file_open(&b, o->b, &err);
    if (status == NC_OK) status = nc_hlx_file_open(&c, path, &err);
    if (status == NC_OK &&
        !(commitment(&a, root_a) && commitment(&b, root_b) && commitment(&c, root)))
        status = NC_ERR_MEMORY;
    if (status != NC_OK) {
        fprintf(stderr, "hlx_verify: %s\n", err.message[0] ? err.message : nc_status_str(status));
    } else {
        same = b.bytes == c.bytes && !memcmp(b.data, c.data, b.bytes);
        if (o->json) printf("{");
        print_root("A", from, root_a, o->json);
        print_root("B", to, root_b, o->json);
        print_root("replayed", to, root, o->json);
        printf(o->json ? "\"confirmed\": %s}\n" : "%s\n",
               o->json ? (same ? "true" : "false")
               : same  ? "confirmed: B is what A and the data give"
                       : "REFUSED: B is not what A and the data give");
        if (!same) fprintf(stderr, "hlx_verify: the checkpoints do not agree\n");
    }
    nc_hlx_file_close(&a);
    nc_hlx_file_close(&b);
    nc_hlx_file_close(&c);
    (void)remove(path);
    return !same;
}

int main(int argc, char **argv) {
    options o = {NULL, NULL, NULL, NULL, "cpu", 1, 0};
    int i;
    for (i = 1; i < argc; i++) {
        const char *next = i + 1 < argc ? argv[i + 1] : "";
        if (!strcmp(argv[i], "--help")) return fputs(usage, stdout) < 0;
        if (!strcmp(argv[i], "--json"))
            o.json = 1;
        else if (!strcmp(argv[i], "--data") && *next)
            o.data = argv[++i];
        else if (!strcmp(argv[i], "--tokenizer") && *next)
            o.tokenizer = argv[++i];
        else if (!strcmp(argv[i], "--token-bytes") && (!strcmp(next, "2") || !strcmp(next, "4")))
            o.token_bytes = (unsigned)(argv[++i][0] - '0');
        else if (!strcmp(argv[i], "--device") &&
                 (!strcmp(next, "cpu") || !strcmp(next, "vulkan") || !strcmp(next, "cuda")))
            o.device = argv[++i];
        else if (argv[i][0] != '-' && !o.a)
            o.a = argv[i];
        else if (argv[i][0] != '-' && !o.b)
            o.b = argv[i];
        else
            return fprintf(stderr, "hlx_verify: bad argument '%s'\n%s", argv[i], usage), 2;
    }
    if (!o.b || !o.data) return fputs(usage, stderr), 2;
    return verify(&o);
}
