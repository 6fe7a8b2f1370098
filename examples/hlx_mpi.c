/* hlx_mpi: data-parallel training over MPI whose bits do not depend on the number of ranks. The
   gradients of a fixed number of shards are added in one binary tree, whoever computes them; each
   rank sums, and with its part of the moments updates, its part of the parameters (ZeRO-1), and the
   gradients of a layer travel while the backward pass is at the layers before it.
   mpicc -O2 -fopenmp -pthread hlx_mpi.c -lm -o hlx_mpi && mpirun -n 4 ./hlx_mpi --data FILE */
#define _POSIX_C_SOURCE 200809L
#include <mpi.h>
#include <limits.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#define NC_IMPLEMENTATION
#include "../nc_hlx.h"
#include "cli.h"

static const char usage[] =
    "usage: mpirun -n RANKS hlx_mpi --data FILE [options]\n"
    "Each step trains on --shards times --batch windows, shared by at most as many ranks as there\n"
    "are shards. Every number of ranks gives the same bits, with each of the last two options.\n"
    "  --preset NAME  tiny (default), small, medium, or demo (0.1 M parameters)\n"
    "  --shards N     4    --batch N   windows per shard, 2    --steps N  100\n"
    "  --lr X         1e-3, with warm-up and cosine as hlx_train    --seed N   1\n"
    "  --decay N      step at which the decay ends (default: --steps)\n"
    "  --out FILE     checkpoint by rank 0 at the end, as hlx_train --resume reads it\n"
    "  --save-every N and after every N steps\n"
    "  --resume FILE  continue from such a checkpoint, of any number of ranks, with the "
    "optimiser,\n"
    "                 schedule and order of the data that it had\n"
    "  --replicate    every rank keeps the moments of all parameters, instead of its part\n"
    "  --no-overlap   gradients travel after the backward pass, instead of during it\n"
    "  --json         step, parameters and digest as JSON, and nothing else on standard output\n"
    "The last line is the digest of all parameters. Returns 0, 1 on an error, 2 on bad usage.\n";

typedef struct options {
    const char *data, *preset, *out, *resume;
    long shards, batch, steps, decay, save_every, seed;
    double lr;
    int replicate, no_overlap, json;
} options;

static int bad_usage(int rank, const char *what, const char *value) {
    if (rank == 0) fprintf(stderr, "hlx_mpi: %s '%s'\n%s", what, value, usage);
    return 3;
}

/* 0, or the exit code plus 1 with a message printed by rank 0. */
static int parse(int argc, char **argv, int rank, int ranks, options *o) {
    const struct {
        const char *name;
        long *value, most;
    } counts[] = {{"--shards", &o->shards, 65536},
                  {"--batch", &o->batch, 65536},
                  {"--steps", &o->steps, 1000000000},
                  {"--decay", &o->decay, 1000000000},
                  {"--save-every", &o->save_every, 1000000000},
                  {"--seed", &o->seed, 1000000000}};
    const size_t n = sizeof counts / sizeof *counts;
    size_t k;
    int i;
    memset(o, 0, sizeof *o);
    o->preset = "tiny";
    o->shards = 4;
    o->batch = 2;
    o->steps = 100;
    o->seed = -1;
    for (i = 1; i < argc; i++) {
        const char *name = argv[i], *value = i + 1 < argc ? argv[i + 1] : "";
        char *end = NULL;
        double number = strtod(value, &end);
        const int numeric = end != value && *end == 0;
        if (!strcmp(name, "--json")) {
            o->json = 1;
            continue;
        }
        if (!strcmp(name, "--replicate") || !strcmp(name, "--no-overlap")) {
            *(name[2] == 'r' ? &o->replicate : &o->no_overlap) = 1;
            continue;
        }
        i++;
        for (k = 0; k < n && strcmp(name, counts[k].name); k++) {
        }
        if (k < n) {
            if (!numeric || number < (k < 2 || k == 3 || k == 4) ||
                number > (double)counts[k].most || number != (double)(long)number)
                return bad_usage(rank, name, value);
            *counts[k].value = (long)number;
        } else if (!strcmp(name, "--lr") && numeric && number > 0 && number <= 10) {
            o->lr = number;
        } else if (!strcmp(name, "--data") && *value) {
            o->data = value;
        } else if (!strcmp(name, "--preset") && *value) {
            o->preset = value;
        } else if (!strcmp(name, "--out") && *value) {
            o->out = value;
        } else if (!strcmp(name, "--resume") && *value) {
            o->resume = value;
        } else {
            return bad_usage(rank, "bad argument", name);
        }
    }
    if (!o->data) return bad_usage(rank, "missing option", "--data FILE");
    if (o->resume && (o->lr > 0 || o->decay || o->seed >= 0))
        return bad_usage(rank, "--lr, --decay and --seed are the checkpoint's", o->resume);
    if (o->save_every && !o->out) return bad_usage(rank, "missing option", "--out FILE");
    if (!(o->lr > 0)) o->lr = 1e-3;
    if (!o->decay) o->decay = o->steps;
    if (o->seed < 0) o->seed = 1;
    if (ranks > o->shards) {
        if (rank == 0)
            fprintf(stderr, "hlx_mpi: %d ranks cannot share %ld shards: give --shards %d\n", ranks,
                    o->shards, ranks);
        return 3;
    }
    return 0;
}

/* ---- the tree of shards -------------------------------------------------------------------------
   A node is a run of neighbouring shards; it splits behind the largest power of two that is less
   than their number. The nodes whose sums a rank makes alone are blocks of 2^k shards from a
   multiple of 2^k on. */

typedef struct node {
    long first, shards;
    float *values; /* its sum: the part that this rank adds up */
} node;

static void add(float *right, const float *left, size_t n) {
    size_t i;
    for (i = 0; i < n; i++) right[i] = left[i] + right[i];
}

/* Whether two neighbouring blocks are the halves of a block. */
static int halves(const node *left, const node *right) {
    return left->shards == right->shards && left->first % (2 * left->shards) == 0;
}

/* The blocks that shards [first, end) make, in order, and their number; the list has room for one
   more. */
static int blocks(long first, long end, node *list) {
    int n = 0;
    for (; first < end; first++) {
        list[n].first = first;
        list[n].shards = 1;
        n++;
        while (n > 1 && halves(&list[n - 2], &list[n - 1])) list[--n - 1].shards *= 2;
    }
    return n;
}

/* The sum of a node out of those in the list, in place of one of them. */
static float *tree_sum(const node *list, int count, long first, long shards, size_t n) {
    long half = 1;
    float *left, *right;
    int i;
    for (i = 0; i < count; i++)
        if (list[i].first == first && list[i].shards == shards) return list[i].values;
    while (2 * half < shards) half *= 2;
    left = tree_sum(list, count, first, half, n);
    right = tree_sum(list, count, first + half, shards - half, n);
    add(right, left, n);
    return right;
}

/* ---- a rank ---------------------------------------------------------------------------------- */

enum { CHUNK = 4096, MAX_BLOCKS = 40 }; /* of nc_hlx_sum; of one rank, for 65,536 shards */

/* Rank r computes shards shard[r] .. shard[r + 1] - 1, whose blocks are nodes[block[r]] and on, and
   sums and updates parameters first[r] .. first[r + 1] - 1, whole chunks of the gradient's norm. */
typedef struct worker {
    int rank, ranks;
    nc_hlx_model *model;
    nc_hlx_loader loader; /* at the first window of the step */
    uint32_t *tokens, *targets;
    float *parameters, *gradients;
    size_t count;
    long *shard;
    int *block, *counts, *places; /* the last two for MPI_Allgatherv */
    size_t *first;
    node *nodes;             /* of all ranks */
    float *losses;           /* of the nodes */
    float *sums[MAX_BLOCKS]; /* of this rank's earlier blocks */
    int levels, depth;       /* how many there are, and are in use */
    float *received, *chunks;
    MPI_Request *requests;
    int pending;          /* requests not known to be done; with the lock */
    pthread_mutex_t lock; /* one thread calls MPI at a time */
    int helped, stopped;
    double waited; /* seconds that messages have cost beside the passes */
} worker;

/* How many of parameters [first, end) rank r sums up, and the first of them. */
static int part_of(const worker *w, int r, size_t first, size_t end, size_t *at) {
    const size_t hi = end < w->first[r + 1] ? end : w->first[r + 1];
    *at = first > w->first[r] ? first : w->first[r];
    return *at < hi ? (int)(hi - *at) : 0;
}

/* Messages move while MPI is called, which the passes do not. */
static void move_messages(worker *w) {
    int done;
    MPI_Testall(w->pending, w->requests, &done, MPI_STATUSES_IGNORE);
    if (done) w->pending = 0;
}

/* A second thread calls it five thousand times a second meanwhile. */
static void *help(void *user) {
    worker *w = (worker *)user;
    const struct timespec pause = {0, 200000};
    int stopped;
    do {
        nanosleep(&pause, NULL);
        pthread_mutex_lock(&w->lock);
        if (w->pending) move_messages(w);
        stopped = w->stopped;
        pthread_mutex_unlock(&w->lock);
    } while (!stopped);
    return NULL;
}

/* Gradients [first, first + count) of this rank's last shard are there: with the sums of its
   earlier blocks they go to those who sum them up, and the others' come. */
static void exchange(void *user, size_t first, size_t count) {
    worker *w = (worker *)user;
    const int own = w->block[w->rank + 1] - w->block[w->rank];
    size_t at;
    int r, k, n;
    for (k = w->depth - 1; k >= own - 1; k--) add(w->gradients + first, w->sums[k] + first, count);
    pthread_mutex_lock(&w->lock);
    for (r = 0; r < w->ranks; r++) {
        n = r == w->rank ? 0 : part_of(w, r, first, first + count, &at);
        for (k = 0; n && k < own; k++)
            MPI_Isend((k < own - 1 ? w->sums[k] : w->gradients) + at, n, MPI_FLOAT, r, k,
                      MPI_COMM_WORLD, &w->requests[w->pending++]);
        n = r == w->rank ? 0 : part_of(w, w->rank, first, first + count, &at);
        for (k = 0; n && k < w->block[r + 1] - w->block[r]; k++)
            MPI_Irecv(w->nodes[w->block[r] + k].values + (at - w->first[w->rank]), n, MPI_FLOAT, r,
                      k, MPI_COMM_WORLD, &w->requests[w->pending++]);
    }
    move_messages(w);
    pthread_mutex_unlock(&w->lock);
}

/* Loss and gradients of a shard. They join the blocks that they complete. */
static nc_status run_shard(worker *w, long shard, const options *o) {
    const int last = shard + 1 == w->shard[w->rank + 1], own = w->block[w->rank];
    nc_hlx_loader loader = w->loader;
    node list[MAX_BLOCKS];
    const int n = blocks(w->shard[w->rank], shard + 1, list); /* with this one */
    float *losses = w->losses + own, loss = 0;
    nc_status status;
    loader.next += (uint64_t)shard * (uint64_t)o->batch;
    nc_hlx_loader_next(&loader, w->tokens, w->targets, (uint32_t)o->batch);
    nc_hlx_zero_gradients(w->model);
    status = nc_hlx_forward(w->model, w->tokens, w->targets, (uint32_t)o->batch, loader.seq, &loss);
    if (status == NC_OK)
        status = nc_hlx_backward_ready(w->model, last && !o->no_overlap ? exchange : NULL, w);
    if (status != NC_OK) return status;
    if (last && o->no_overlap) exchange(w, 0, w->count);
    for (; w->depth >= n; w->depth--) {
        if (!last) add(w->gradients, w->sums[w->depth - 1], w->count);
        add(&loss, &losses[w->depth - 1], 1);
    }
    losses[w->depth] = loss;
    if (!last) memcpy(w->sums[w->depth], w->gradients, w->count * sizeof(float));
    w->depth++;
    return NC_OK;
}

/* All ranks get all of an array of which rank r has [first[r] / unit, first[r + 1] / unit), rounded
   up. */
static void gather(worker *w, float *all, size_t unit) {
    int r;
    for (r = 0; r < w->ranks; r++) {
        const size_t at = (w->first[r] + unit - 1) / unit,
                     end = (w->first[r + 1] + unit - 1) / unit;
        w->places[r] = (int)at;
        w->counts[r] = (int)(end - at);
    }
    MPI_Allgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, all, w->counts, w->places, MPI_FLOAT,
                   MPI_COMM_WORLD);
}

/* The mean loss of all shards, from those of the blocks. */
static float mean_loss(worker *w, long shards) {
    const int n = w->block[w->ranks];
    node *list = malloc((size_t)n * sizeof *list);
    float loss = NAN;
    int r;
    for (r = 0; r < w->ranks; r++) w->counts[r] = w->block[r + 1] - w->block[r];
    MPI_Allgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, w->losses, w->counts, w->block, MPI_FLOAT,
                   MPI_COMM_WORLD);
    for (r = 0; list && r < n; r++) {
        list[r] = w->nodes[r];
        list[r].values = &w->losses[r];
    }
    if (list) loss = *tree_sum(list, n, 0, shards, 1) / (float)shards;
    free(list);
    return loss;
}

/* What all shards' gradients give: this rank's part of the mean, its norm, the update. */
static nc_status update(worker *w, const options *o, const nc_hlx_adamw *adamw,
                        nc_hlx_stats *stats) {
    nc_status status;
    const size_t first = w->first[w->rank], end = w->first[w->rank + 1];
    float *sum, *mean = w->gradients + first, norm;
    double start = MPI_Wtime();
    size_t i;
    pthread_mutex_lock(&w->lock);
    MPI_Waitall(w->pending, w->requests, MPI_STATUSES_IGNORE);
    w->pending = 0;
    pthread_mutex_unlock(&w->lock);
    w->waited += MPI_Wtime() - start;
    sum = tree_sum(w->nodes, w->block[w->ranks], 0, o->shards, end - first);
    for (i = 0; i < end - first; i++) mean[i] = sum[i] / (float)o->shards;
    for (i = first; i < end; i += CHUNK) {
        const float *x = w->gradients + i;
        w->chunks[i / CHUNK] = nc_hlx_dot(x, x, end - i < CHUNK ? end - i : CHUNK);
    }
    start = MPI_Wtime();
    gather(w, w->chunks, CHUNK);
    stats->loss = mean_loss(w, o->shards);
    if (o->replicate) gather(w, w->gradients, 1);
    w->waited += MPI_Wtime() - start;
    norm = sqrtf(nc_hlx_sum(w->chunks, (w->count + CHUNK - 1) / CHUNK));
    status = nc_hlx_update_shard(w->model, adamw, norm, stats);
    if (status != NC_OK) return status; /* on every rank: all have this norm */
    start = MPI_Wtime();
    if (!o->replicate) gather(w, w->parameters, 1);
    w->waited += MPI_Wtime() - start;
    return NC_OK;
}

/* ---- training -------------------------------------------------------------------------------- */

enum { ASK = 1 << 20, ANSWER }; /* tags */

/* Moments [first, first + count), wherever they are. */
static nc_status fetch(void *user, uint32_t moment, size_t first, size_t count, float *out) {
    worker *w = (worker *)user;
    size_t at, kept;
    const float *mine = nc_hlx_moments(w->model, NULL, &kept);
    int r;
    for (r = 0; r < w->ranks; r++) {
        const int n = part_of(w, r, first, first + count, &at);
        uint64_t ask[3] = {moment, at - w->first[r], 0};
        ask[2] = (uint64_t)n;
        if (n && r == w->rank) {
            memcpy(out + (at - first), mine + moment * kept + ask[1], (size_t)n * sizeof *out);
        } else if (n) {
            MPI_Send(ask, 3, MPI_UINT64_T, r, ASK, MPI_COMM_WORLD);
            MPI_Recv(out + (at - first), n, MPI_FLOAT, r, ANSWER, MPI_COMM_WORLD,
                     MPI_STATUS_IGNORE);
        }
    }
    return NC_OK;
}

/* Answer rank 0 until it has all, or has given up. */
static void serve(worker *w) {
    size_t kept;
    const float *mine = nc_hlx_moments(w->model, NULL, &kept);
    for (;;) {
        uint64_t ask[3];
        MPI_Recv(ask, 3, MPI_UINT64_T, 0, ASK, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
        if (ask[2] == 0) return;
        MPI_Send(mine + ask[0] * kept + ask[1], (int)ask[2], MPI_FLOAT, 0, ANSWER, MPI_COMM_WORLD);
    }
}

/* Report what a rank could not do; whether any could not. */
static int any_failed(const worker *w, nc_status status, const nc_error *err) {
    int failed = status != NC_OK, any = 0;
    if (failed)
        fprintf(stderr, "hlx_mpi: rank %d: %s\n", w->rank,
                err->message[0] ? err->message : nc_status_str(status));
    MPI_Allreduce(&failed, &any, 1, MPI_INT, MPI_MAX, MPI_COMM_WORLD);
    return any;
}

/* The checkpoint of all ranks, written by rank 0, which never holds all moments. */
static int save(worker *w, const options *o) {
    uint64_t done[3] = {0, 0, 0};
    nc_error err = {NC_OK, 0, 0, ""};
    nc_status status = NC_OK;
    int r;
    if (!o->out) return 0;
    if (w->rank == 0)
        status = o->replicate ? nc_hlx_save(w->model, &w->loader, o->out, &err)
                              : nc_hlx_save_shards(w->model, &w->loader, o->out, fetch, w, &err);
    else if (!o->replicate)
        serve(w);
    for (r = 1; r < w->ranks && w->rank == 0 && !o->replicate; r++)
        MPI_Send(done, 3, MPI_UINT64_T, r, ASK, MPI_COMM_WORLD);
    return any_failed(w, status, &err);
}

/* The optimiser's settings: the checkpoint's, where training continues. */
static nc_hlx_adamw schedule(const worker *w, const options *o) {
    nc_hlx_adamw adamw = {0};
    if (nc_hlx_step(w->model)) return *nc_hlx_get_adamw(w->model);
    adamw.lr = (float)o->lr;
    adamw.lr_min = (float)(o->lr / 10);
    adamw.beta2 = 0.99f;
    adamw.weight_decay = 0.1f;
    adamw.clip_norm = 1.0f;
    adamw.warmup_steps = (uint32_t)(o->decay < 1000 ? o->decay / 10 : 100);
    adamw.decay_steps = (uint32_t)o->decay;
    return adamw;
}

static void run_shards(worker *w, const options *o) {
    long shard;
    w->depth = 0;
    for (shard = w->shard[w->rank]; shard < w->shard[w->rank + 1]; shard++) {
        const nc_status status = run_shard(w, shard, o);
        if (status == NC_OK) continue;
        fprintf(stderr, "hlx_mpi: rank %d, after step %llu: %s\n", w->rank,
                (unsigned long long)nc_hlx_step(w->model),
                status == NC_ERR_ARG ? "a token lies outside the vocabulary"
                                     : nc_status_str(status));
        MPI_Abort(MPI_COMM_WORLD, 1); /* the others wait for this rank */
    }
}

/* Train to the last step, with a second thread for the messages; 1 when a checkpoint fails. */
static int train(worker *w, const options *o) {
    const nc_hlx_adamw adamw = schedule(w, o);
    nc_hlx_stats stats = {0};
    pthread_t helper;
    const int helped =
        w->ranks > 1 && w->helped && !o->no_overlap && !pthread_create(&helper, NULL, help, w);
    int failed = 0;
    while (nc_hlx_step(w->model) < (uint64_t)o->steps && !failed) {
        run_shards(w, o);
        if (update(w, o, &adamw, &stats) != NC_OK) {
            if (w->rank == 0)
                fprintf(stderr, "hlx_mpi: step %llu: the gradient is not finite\n",
                        (unsigned long long)nc_hlx_step(w->model) + 1);
            failed = 1;
            break;
        }
        w->loader.next += (uint64_t)o->shards * (uint64_t)o->batch;
        if (w->rank == 0 && (stats.step % 50 == 0 || stats.step == (uint64_t)o->steps))
            printf("step %5llu  loss %.4f  norm %.3f\n", (unsigned long long)stats.step,
                   (double)stats.loss, (double)stats.grad_norm);
        if (stats.step == (uint64_t)o->steps ||
            (o->save_every && stats.step % (uint64_t)o->save_every == 0))
            failed = save(w, o);
    }
    pthread_mutex_lock(&w->lock);
    w->stopped = 1;
    pthread_mutex_unlock(&w->lock);
    if (helped) pthread_join(helper, NULL);
    return failed;
}

/* ---- before and after ------------------------------------------------------------------------ */

static void *zeros(size_t n, size_t bytes, nc_status *status) {
    void *p = calloc(n ? n : 1, bytes);
    if (!p) *status = NC_ERR_MEMORY;
    return p;
}

/* Who computes, sums and updates what. */
static nc_status share(worker *w, const options *o, size_t count) {
    const size_t ranks = (size_t)w->ranks, chunks = (count + CHUNK - 1) / CHUNK;
    nc_status status = NC_OK;
    size_t r;
    w->count = count;
    w->shard = zeros(ranks + 1, sizeof *w->shard, &status);
    w->block = zeros(ranks + 1, sizeof *w->block, &status);
    w->counts = zeros(ranks, sizeof *w->counts, &status);
    w->places = zeros(ranks, sizeof *w->places, &status);
    w->first = zeros(ranks + 1, sizeof *w->first, &status);
    w->nodes = zeros((size_t)o->shards + 1, sizeof *w->nodes, &status);
    w->losses = zeros((size_t)o->shards + 1, sizeof *w->losses, &status);
    if (status != NC_OK) return status;
    for (r = 0; r < ranks; r++) {
        w->shard[r + 1] = o->shards * (long)(r + 1) / (long)ranks;
        w->block[r + 1] =
            w->block[r] + blocks(w->shard[r], w->shard[r + 1], w->nodes + w->block[r]);
        w->first[r + 1] = r + 1 == ranks ? count : chunks * (r + 1) / ranks * CHUNK;
    }
    return NC_OK;
}

/* Memory for the sums of blocks, and where the part of each that this rank sums up stands. */
static nc_status prepare_sums(worker *w, uint32_t layers) {
    const int own = w->block[w->rank], ours = w->block[w->rank + 1], all = w->block[w->ranks];
    const size_t first = w->first[w->rank], part = w->first[w->rank + 1] - first;
    const size_t foreign = (size_t)(all - (ours - own));
    nc_status status = NC_OK;
    node list[MAX_BLOCKS];
    float *next;
    long end;
    int k, n;
    for (end = w->shard[w->rank] + 1; end < w->shard[w->rank + 1]; end++) {
        n = blocks(w->shard[w->rank], end, list);
        if (n > w->levels) w->levels = n;
    }
    for (k = 0; k < w->levels; k++) w->sums[k] = zeros(w->count, sizeof(float), &status);
    w->chunks = zeros((w->count + CHUNK - 1) / CHUNK, sizeof(float), &status);
    w->received = next = zeros(foreign * part, sizeof(float), &status);
    w->requests =
        zeros((layers + 2) * (size_t)(w->ranks * (ours - own) + all), sizeof(MPI_Request), &status);
    if (status != NC_OK) return status;
    for (k = 0; k < all; k++) {
        const int mine = k >= own && k < ours;
        w->nodes[k].values = !mine          ? next
                             : k + 1 < ours ? w->sums[k - own] + first
                                            : w->gradients + first;
        if (!mine) next += part;
    }
    return NC_OK;
}

/* A fresh model, or the checkpoint's, with this rank's part of the moments. */
static nc_status open_model(worker *w, const options *o, const nc_hlx_config *config,
                            nc_error *err) {
    const size_t first = o->replicate ? 0 : w->first[w->rank];
    const size_t count = o->replicate ? w->count : w->first[w->rank + 1] - first;
    nc_status status;
    if (!o->resume) {
        status = nc_hlx_create_shard(&w->model, config, first, count, NULL);
        if (status == NC_OK) nc_hlx_init_weights(w->model, (uint64_t)o->seed);
        w->loader.seed = (uint64_t)o->seed;
        return status;
    }
    status = nc_hlx_load_shard(&w->model, &w->loader, o->resume, (uint32_t)o->batch, first, count,
                               NULL, err);
    if (status == NC_ERR_ARG ||
        (status == NC_OK && memcmp(nc_hlx_get_config(w->model), config, sizeof *config))) {
        snprintf(err->message, sizeof err->message, "'%.100s' is no model of preset %.20s",
                 o->resume, o->preset);
        return NC_ERR_MISMATCH;
    }
    if (status == NC_OK &&
        w->loader.next != nc_hlx_step(w->model) * (uint64_t)o->shards * (uint64_t)o->batch) {
        snprintf(err->message, sizeof err->message,
                 "'%.60s' is at window %llu, step %llu: not of %ld shards of %ld windows",
                 o->resume, (unsigned long long)w->loader.next,
                 (unsigned long long)nc_hlx_step(w->model), o->shards, o->batch);
        return NC_ERR_MISMATCH;
    }
    return status;
}

static nc_status prepare(worker *w, const options *o, nc_hlx_data *data, nc_error *err) {
    nc_hlx_config config;
    nc_status status = nc_hlx_preset(o->preset, &config);
    uint64_t count = 0, next;
    size_t rows;
    config.batch_size = (uint32_t)o->batch;
    if (status == NC_OK) status = nc_hlx_footprint(&config, &count, NULL);
    if (status == NC_OK && count > INT_MAX) status = NC_ERR_LIMIT; /* what MPI counts with */
    if (status == NC_OK) status = share(w, o, (size_t)count);
    if (status == NC_OK) status = open_model(w, o, &config, err);
    if (status != NC_OK) return status;
    w->parameters = nc_hlx_parameters(w->model, NULL);
    w->gradients = nc_hlx_gradients(w->model, NULL);
    status = nc_hlx_data_open(data, o->data, 1, NULL, config.max_seq_len, w->loader.seed, err);
    if (status != NC_OK) return status;
    next = w->loader.next;
    w->loader = data->train;
    w->loader.next = next;
    rows = (size_t)config.batch_size * config.max_seq_len;
    w->tokens = zeros(2 * rows, sizeof *w->tokens, &status);
    if (status != NC_OK) return status;
    w->targets = w->tokens + rows;
    return prepare_sums(w, config.num_layers);
}

/* Whether all ranks' numbers are rank 0's. */
static int agree(const worker *w, uint64_t number) {
    uint64_t first = number;
    int differs, any = 0;
    MPI_Bcast(&first, 1, MPI_UINT64_T, 0, MPI_COMM_WORLD);
    differs = first != number;
    if (differs)
        fprintf(stderr, "hlx_mpi: rank %d has %016llx, rank 0 %016llx\n", w->rank,
                (unsigned long long)number, (unsigned long long)first);
    MPI_Allreduce(&differs, &any, 1, MPI_INT, MPI_MAX, MPI_COMM_WORLD);
    return !any;
}

/* FNV-1a of the tokens: the file of another host may be another one. */
static uint64_t data_digest(const nc_hlx_loader *loader) {
    const size_t bytes = loader->count * loader->token_bytes;
    uint64_t hash = UINT64_C(0xCBF29CE484222325);
    size_t i;
    for (i = 0; i < bytes; i++) hash = (hash ^ loader->data[i]) * UINT64_C(0x100000001B3);
    return hash;
}

/* Memory and waiting of every rank, printed by rank 0; ru_maxrss counts in units of 1,024 bytes. */
static void report(const worker *w, double seconds, long steps) {
    enum { COLUMNS = 8 };
    double mine[COLUMNS], *all = NULL;
    const double mega = 1e-6 * sizeof(float);
    struct rusage used;
    size_t kept;
    uint64_t parameters, bytes;
    int r;
    (void)nc_hlx_moments(w->model, NULL, &kept);
    (void)nc_hlx_footprint(nc_hlx_get_config(w->model), &parameters, &bytes);
    mine[0] = (double)(w->shard[w->rank + 1] - w->shard[w->rank]);
    mine[1] = 2 * (double)w->count * mega;
    mine[2] = 2 * (double)kept * mega;
    mine[3] = (double)w->levels * (double)w->count * mega +
              (double)(w->block[w->ranks] - (w->block[w->rank + 1] - w->block[w->rank])) *
                  (double)(w->first[w->rank + 1] - w->first[w->rank]) * mega;
    mine[4] = 1e-6 * (double)(bytes - 16 * parameters);
    (void)getrusage(RUSAGE_SELF, &used);
    mine[5] = steps ? 1e3 * seconds / (double)steps : 0;
    mine[6] = steps ? 1e3 * w->waited / (double)steps : 0;
    mine[7] = 1e-6 * 1024 * (double)used.ru_maxrss;
    if (w->rank == 0) all = calloc((size_t)w->ranks * COLUMNS, sizeof *all);
    MPI_Gather(mine, COLUMNS, MPI_DOUBLE, all, COLUMNS, MPI_DOUBLE, 0, MPI_COMM_WORLD);
    for (r = 0; all && r < w->ranks; r++) {
        const double *x = all + COLUMNS * r;
        printf("rank %d of %d: %.0f shards; parameters and gradients %.2f MB, moments %.2f MB, "
               "sums %.2f MB, activations %.1f MB, process at most %.1f MB; %.2f ms a step, %.2f "
               "of it for messages\n",
               r, w->ranks, x[0], x[1], x[2], x[3], x[4], x[7], x[5], x[6]);
    }
    free(all);
}

static void release(worker *w) {
    int k;
    for (k = 0; k < w->levels; k++) free(w->sums[k]);
    free(w->shard);
    free(w->block);
    free(w->counts);
    free(w->places);
    free(w->first);
    free(w->nodes);
    free(w->losses);
    free(w->tokens);
    free(w->received);
    free(w->chunks);
    free(w->requests);
    nc_hlx_destroy(w->model);
}

/* Prepare, train, save; every rank comes along as long as all can. */
static int run(worker *w, const options *o) {
    nc_hlx_data data = {0};
    nc_error err = {NC_OK, 0, 0, ""};
    int failed = any_failed(w, prepare(w, o, &data, &err), &err);
    const uint64_t from = failed ? 0 : nc_hlx_step(w->model);
    double start;
    if (!failed && !agree(w, data_digest(&w->loader))) {
        if (w->rank == 0) fprintf(stderr, "hlx_mpi: the ranks read other data\n");
        failed = 1;
    }
    if (!failed) {
        if (w->rank == 0 && from) printf("at step %llu\n", (unsigned long long)from);
        start = MPI_Wtime();
        failed = train(w, o);
        report(w, MPI_Wtime() - start, (long)(nc_hlx_step(w->model) - from));
        failed |= !agree(w, nc_hlx_digest(w->model)); /* or one breaks the contract */
    }
    if (w->rank == 0 && !failed)
        printf("parameters digest: %016llx\n", (unsigned long long)nc_hlx_digest(w->model));
    if (w->rank == 0 && !failed && o->json)
        fprintf(cli_json,
                "{\"ranks\": %d, \"step\": %llu, \"parameters\": %llu, \"digest\": \"%016llx\"}\n",
                w->ranks, (unsigned long long)nc_hlx_step(w->model), (unsigned long long)w->count,
                (unsigned long long)nc_hlx_digest(w->model));
    nc_hlx_data_close(&data);
    return failed;
}

/* The environment gives this process a rank, and not the first. */
static int is_later_rank(const char *name) {
    const char *rank = getenv(name);
    return rank && strtol(rank, NULL, 10) > 0;
}

int main(int argc, char **argv) {
    options o;
    worker w;
    int failed, provided;
    memset(&w, 0, sizeof w);
    /* before MPI, which wants to be ended in order; what starts ranks tells them their number */
    if (is_later_rank("OMPI_COMM_WORLD_RANK") || is_later_rank("PMI_RANK")) cli_turn_away();
    argc = cli_begin(argc, argv, "hlx_mpi", usage);
    MPI_Init_thread(&argc, &argv, MPI_THREAD_SERIALIZED, &provided);
    w.helped = provided >= MPI_THREAD_SERIALIZED;
    pthread_mutex_init(&w.lock, NULL);
    MPI_Comm_rank(MPI_COMM_WORLD, &w.rank);
    MPI_Comm_size(MPI_COMM_WORLD, &w.ranks);
    failed = parse(argc, argv, w.rank, w.ranks, &o);
    if (!failed && o.json) cli_json_alone();
    failed = failed ? failed - 1 : run(&w, &o);
    release(&w);
    pthread_mutex_destroy(&w.lock);
    MPI_Finalize();
    return failed;
}
