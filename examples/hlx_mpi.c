/* hlx_mpi: data-parallel training over MPI whose bits do not depend on the number of ranks. The
   gradients of a fixed number of shards are added in one binary tree, whoever computes them.
   mpicc -O2 -fopenmp hlx_mpi.c -lm -o hlx_mpi && mpirun -n 4 ./hlx_mpi --data FILE */
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#define NC_IMPLEMENTATION
#include "../nc_hlx.h"

static const char usage[] =
    "usage: mpirun -n RANKS hlx_mpi --data FILE [options]\n"
    "Each step trains on --shards times --batch windows; the ranks share the shards. RANKS must\n"
    "divide the number of shards, and both be powers of two. Every number of ranks gives the same\n"
    "bits.\n"
    "  --preset NAME  tiny (default), small, medium, or demo (0.1 M parameters)\n"
    "  --shards N     4    --batch N   windows per shard, 2    --steps N  100\n"
    "  --lr X         1e-3, with warm-up and cosine as hlx_train    --seed N   1\n"
    "  --out FILE     checkpoint at the end, by rank 0\n"
    "The last line is the digest of all parameters. Returns 0, 1 on an error, 2 on bad usage.\n";

typedef struct options {
    const char *data, *preset, *out;
    long shards, batch, steps, seed;
    double lr;
} options;

/* 0, or the exit code plus 1 with a message printed by rank 0. */
static int parse(int argc, char **argv, int rank, int ranks, options *o) {
    int i;
    memset(o, 0, sizeof *o);
    o->preset = "tiny";
    o->shards = 4;
    o->batch = 2;
    o->steps = 100;
    o->seed = 1;
    o->lr = 1e-3;
    for (i = 1; i < argc; i++) {
        const char *name = argv[i], *value = i + 1 < argc ? argv[++i] : "";
        char *end = NULL;
        double number = strtod(value, &end);
        int numeric = end != value && *end == 0 && number >= 0 && number < 1e9;
        if (!strcmp(name, "--help")) {
            if (rank == 0) fputs(usage, stdout);
            return 1;
        }
        if (!strcmp(name, "--data") && *value)
            o->data = value;
        else if (!strcmp(name, "--preset"))
            o->preset = value;
        else if (!strcmp(name, "--out") && *value)
            o->out = value;
        else if (!strcmp(name, "--shards") && numeric)
            o->shards = (long)number;
        else if (!strcmp(name, "--batch") && numeric)
            o->batch = (long)number;
        else if (!strcmp(name, "--steps") && numeric)
            o->steps = (long)number;
        else if (!strcmp(name, "--seed") && numeric)
            o->seed = (long)number;
        else if (!strcmp(name, "--lr") && numeric)
            o->lr = number;
        else {
            if (rank == 0) fprintf(stderr, "hlx_mpi: bad argument '%s'\n%s", name, usage);
            return 3;
        }
    }
    if (!o->data || o->batch < 1 || o->shards < 1 || (o->shards & (o->shards - 1)) ||
        (ranks & (ranks - 1)) || o->shards % ranks) {
        if (rank == 0)
            fprintf(stderr, "hlx_mpi: %ld shards over %d ranks, or no data\n%s", o->shards, ranks,
                    usage);
        return 3;
    }
    return 0;
}

static void add(float *left, const float *right, size_t n) {
    size_t i;
    for (i = 0; i < n; i++) left[i] = left[i] + right[i];
}

/* What a rank works with. A gradient has the loss behind its last element, to be summed alike. */
typedef struct worker {
    nc_hlx_model *model;
    nc_hlx_loader loader; /* at the first window of the step */
    uint32_t *tokens, *targets;
    float *right[32]; /* a gradient for every level of the tree */
    float *gradients, *sum;
    size_t count;
    nc_status status;
} worker;

/* out = the gradients of `shards` neighbouring shards, a power of two, added in a binary tree. */
static void sum_shards(worker *w, long first, long shards, float *out, int level) {
    const nc_hlx_config *c = nc_hlx_get_config(w->model);
    nc_hlx_loader loader = w->loader;
    if (shards > 1) {
        sum_shards(w, first, shards / 2, out, level + 1);
        sum_shards(w, first + shards / 2, shards / 2, w->right[level], level + 1);
        add(out, w->right[level], w->count + 1);
        return;
    }
    loader.next += (uint64_t)first * c->batch_size;
    nc_hlx_loader_next(&loader, w->tokens, w->targets, c->batch_size);
    nc_hlx_zero_gradients(w->model);
    if (w->status == NC_OK)
        w->status = nc_hlx_forward(w->model, w->tokens, w->targets, c->batch_size, loader.seq,
                                   &out[w->count]);
    if (w->status == NC_OK) w->status = nc_hlx_backward(w->model);
    memcpy(out, w->gradients, w->count * sizeof *out);
}

/* The upper levels of the tree, across ranks; then everyone has the sum. */
static void sum_ranks(worker *w, int rank, int ranks) {
    const int n = (int)w->count + 1;
    int distance;
    for (distance = 1; distance < ranks; distance *= 2) {
        if (rank % (2 * distance) == distance) {
            MPI_Send(w->sum, n, MPI_FLOAT, rank - distance, 0, MPI_COMM_WORLD);
            break;
        }
        MPI_Recv(w->right[0], n, MPI_FLOAT, rank + distance, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
        add(w->sum, w->right[0], w->count + 1);
    }
    MPI_Bcast(w->sum, n, MPI_FLOAT, 0, MPI_COMM_WORLD);
}

static void train(worker *w, const options *o, int rank, int ranks) {
    const long mine = o->shards / ranks;
    nc_hlx_adamw adamw = {0};
    nc_hlx_stats stats = {0};
    long step;
    size_t i;
    adamw.lr = (float)o->lr;
    adamw.lr_min = (float)(o->lr / 10);
    adamw.beta2 = 0.99f;
    adamw.weight_decay = 0.1f;
    adamw.clip_norm = 1.0f;
    adamw.warmup_steps = (uint32_t)(o->steps < 1000 ? o->steps / 10 : 100);
    adamw.decay_steps = (uint32_t)o->steps;
    for (step = 0; step < o->steps; step++) {
        sum_shards(w, rank * mine, mine, w->sum, 0);
        if (w->status != NC_OK) MPI_Abort(MPI_COMM_WORLD, 1); /* the others wait for this rank */
        sum_ranks(w, rank, ranks);
        w->loader.next += (uint64_t)o->shards * (uint64_t)o->batch;
        for (i = 0; i < w->count; i++) w->gradients[i] = w->sum[i] / (float)o->shards;
        nc_hlx_update(w->model, &adamw, &stats);
        if (rank == 0 && (stats.step % 50 == 0 || stats.step == (uint64_t)o->steps))
            printf("step %5llu  loss %.4f  norm %.3f\n", (unsigned long long)stats.step,
                   (double)(w->sum[w->count] / (float)o->shards), (double)stats.grad_norm);
    }
}

static nc_status prepare(worker *w, const options *o, nc_hlx_data *data, nc_error *err) {
    nc_hlx_config config;
    nc_status status = nc_hlx_preset(o->preset, &config);
    size_t rows, level;
    config.batch_size = (uint32_t)o->batch;
    if (status == NC_OK) status = nc_hlx_create(&w->model, &config, NULL);
    if (status != NC_OK) return status;
    nc_hlx_init_weights(w->model, (uint64_t)o->seed);
    status = nc_hlx_data_open(data, o->data, 1, NULL, config.max_seq_len, (uint64_t)o->seed, err);
    if (status != NC_OK) return status;
    w->loader = data->train;
    w->gradients = nc_hlx_gradients(w->model, &w->count);
    rows = (size_t)config.batch_size * config.max_seq_len;
    w->tokens = malloc(2 * rows * sizeof *w->tokens);
    w->sum = calloc(w->count + 1, sizeof *w->sum);
    if (!w->tokens || !w->sum) return NC_ERR_MEMORY;
    w->targets = w->tokens + rows;
    for (level = 0; level == 0 || o->shards >> level > 1; level++) {
        w->right[level] = calloc(w->count + 1, sizeof(float));
        if (!w->right[level]) return NC_ERR_MEMORY;
    }
    return NC_OK;
}

int main(int argc, char **argv) {
    options o;
    worker w;
    nc_hlx_data data = {0};
    nc_error err = {NC_OK, 0, 0, ""};
    nc_status status;
    unsigned long long mine, first;
    int rank, ranks, failed, any = 0, level;
    memset(&w, 0, sizeof w);
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    failed = parse(argc, argv, rank, ranks, &o);
    if (failed) {
        MPI_Finalize();
        return failed - 1;
    }
    status = prepare(&w, &o, &data, &err);
    failed = status != NC_OK;
    MPI_Allreduce(&failed, &any, 1, MPI_INT, MPI_MAX, MPI_COMM_WORLD);
    if (!any) train(&w, &o, rank, ranks);
    if (!any) {
        first = mine = (unsigned long long)nc_hlx_digest(w.model);
        MPI_Bcast(&first, 1, MPI_UNSIGNED_LONG_LONG, 0, MPI_COMM_WORLD);
        if (first != mine) { /* cannot be, unless a rank's machine breaks the contract */
            fprintf(stderr, "hlx_mpi: rank %d has digest %016llx, rank 0 %016llx\n", rank, mine,
                    first);
            failed = 1;
        }
        if (rank == 0 && !failed && o.out) {
            status = nc_hlx_save(w.model, &w.loader, o.out, &err);
            failed = status != NC_OK;
        }
        if (rank == 0 && !failed) printf("parameters digest: %016llx\n", mine);
    }
    if (status != NC_OK)
        fprintf(stderr, "hlx_mpi: rank %d: %s\n", rank,
                err.message[0] ? err.message : nc_status_str(status));
    MPI_Allreduce(&failed, &any, 1, MPI_INT, MPI_MAX, MPI_COMM_WORLD);
    for (level = 0; level < 32; level++) free(w.right[level]);
    free(w.sum);
    free(w.tokens);
    nc_hlx_data_close(&data);
    nc_hlx_destroy(w.model);
    MPI_Finalize();
    return any;
}
