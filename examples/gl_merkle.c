/* gl_merkle: the Merkle root of a file cut into chunks, a proof that one chunk belongs to it, and
   the check of such a proof.
   cc -O2 -fopenmp gl_merkle.c -o gl_merkle */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#define NC_IMPLEMENTATION
#include "../nc_goldilocks.h"

static const char usage[] =
    "usage: gl_merkle [--tip5] [--chunk BYTES] FILE            print the root\n"
    "       gl_merkle [--tip5] [--chunk BYTES] --prove I FILE  print chunk I's proof as text\n"
    "       gl_merkle [--chunk BYTES] --verify PROOF FILE      check PROOF against FILE's chunk\n"
    "A leaf is the digest of a chunk (default 1024 bytes), cut in 7-byte field elements; empty\n"
    "leaves fill up to a power of two. Returns 0, 1 on an error or a wrong proof, 2 on bad "
    "usage.\n";

enum { MAX_DEPTH = 24 };

typedef struct tree {
    nc_gl *nodes;
    size_t leaves, chunks, d;
    uint32_t depth;
} tree;

/* Digest of a chunk: its bytes as field elements, hashed with the tree's own function. */
static void hash_chunk(nc_gl_hash hash, const unsigned char *bytes, size_t n, nc_gl *digest) {
    nc_gl state[8] = {0}, *elements = calloc(n / 7 + 2, sizeof *elements);
    size_t count = 0, i, j;
    if (!elements) exit(1);
    elements[count++] = n; /* the length first: no two chunks share their elements */
    for (i = 0; i < n; i += 7, count++)
        for (j = 0; j < 7 && i + j < n; j++) elements[count] |= (nc_gl)bytes[i + j] << (8 * j);
    if (hash == NC_GL_TIP5) {
        nc_gl_tip5_hash_varlen(elements, count, digest);
    } else { /* overwrite-mode sponge of rate 4; the length prefix makes it safe */
        for (i = 0; i < count; i += 4) {
            for (j = 0; j < 4 && i + j < count; j++) state[j] = elements[i + j];
            (void)nc_gl_poseidon2_permute(state, 8);
        }
        memcpy(digest, state, 4 * sizeof *digest);
    }
    free(elements);
}

/* Read and hash all chunks, build the tree; 0 when the file cannot be read. */
static int build(const char *path, size_t chunk, nc_gl_hash hash, tree *t) {
    unsigned char *buffer = malloc(chunk);
    nc_gl *digests = NULL;
    size_t room = 0, got;
    FILE *file = fopen(path, "rb");
    int ok = file && buffer;
    memset(t, 0, sizeof *t);
    t->d = nc_gl_digest_elements(hash);
    while (ok && (got = fread(buffer, 1, chunk, file)) > 0) {
        if (t->chunks == room) {
            nc_gl *grown = realloc(digests, (room = room ? 2 * room : 64) * t->d * sizeof *digests);
            if (!(ok = grown != NULL)) break;
            digests = grown;
        }
        hash_chunk(hash, buffer, got, digests + t->chunks++ * t->d);
    }
    ok = ok && !ferror(file);
    for (t->leaves = 1; t->leaves < t->chunks; t->leaves *= 2) t->depth++;
    t->nodes = ok && t->depth <= MAX_DEPTH ? calloc(2 * t->leaves * t->d, sizeof *t->nodes) : NULL;
    ok = t->nodes != NULL;
    if (ok && t->chunks)
        memcpy(t->nodes + t->leaves * t->d, digests, t->chunks * t->d * sizeof *digests);
    if (ok) ok = nc_gl_merkle_build(hash, t->nodes, t->leaves) == NC_OK;
    if (file) fclose(file);
    free(buffer);
    free(digests);
    return ok;
}

static void print_digest(const char *name, const nc_gl *digest, size_t d) {
    size_t i;
    printf("%s", name);
    for (i = 0; i < d; i++) printf(" %llu", (unsigned long long)digest[i]);
    putchar('\n');
}

static int prove(const tree *t, nc_gl_hash hash, size_t index) {
    nc_gl path[MAX_DEPTH * 5];
    uint32_t i;
    if (index >= t->chunks || nc_gl_merkle_open(hash, t->nodes, t->leaves, index, path) != NC_OK)
        return fprintf(stderr, "gl_merkle: there is no chunk %zu of %zu\n", index, t->chunks), 1;
    printf("hash %s\nindex %zu\ndepth %u\n", hash == NC_GL_TIP5 ? "tip5" : "poseidon2", index,
           (unsigned)t->depth);
    print_digest("root", t->nodes + t->d, t->d);
    for (i = 0; i < t->depth; i++) print_digest("path", path + i * t->d, t->d);
    return 0;
}

/* One line "name v v ..." of d field elements. */
static int read_digest(FILE *file, const char *name, nc_gl *digest, size_t d) {
    char word[32];
    size_t i;
    if (fscanf(file, "%31s", word) != 1 || strcmp(word, name)) return 0;
    for (i = 0; i < d; i++)
        if (fscanf(file, "%31s", word) != 1 ||
            nc_gl_parse(word, strlen(word), &digest[i], NULL) != NC_OK)
            return 0;
    return 1;
}

/* Check a proof: only the named chunk of FILE is read. */
static int verify(const char *proof, const char *path_name, size_t chunk) {
    nc_gl root[5], leaf[5], path[MAX_DEPTH * 5];
    char kind[16] = "";
    size_t index = 0, got = 0, d;
    unsigned depth = 0, i;
    unsigned char *buffer = malloc(chunk);
    FILE *file = fopen(proof, "r"), *data = fopen(path_name, "rb");
    nc_gl_hash hash;
    nc_status status = NC_ERR_FORMAT;
    int ok = buffer && file && data &&
             fscanf(file, "hash %15s index %zu depth %u", kind, &index, &depth) == 3 &&
             depth <= MAX_DEPTH;
    hash = strcmp(kind, "tip5") ? NC_GL_POSEIDON2 : NC_GL_TIP5;
    d = nc_gl_digest_elements(hash);
    ok = ok && read_digest(file, "root", root, d);
    for (i = 0; ok && i < depth; i++) ok = read_digest(file, "path", path + i * d, d);
    ok = ok && index < (size_t)1 << 40 && fseek(data, (long)(index * chunk), SEEK_SET) == 0;
    if (ok) got = fread(buffer, 1, chunk, data);
    if (ok && got) {
        hash_chunk(hash, buffer, got, leaf);
        status = nc_gl_merkle_verify(hash, root, leaf, index, path, depth);
    }
    if (file) fclose(file);
    if (data) fclose(data);
    free(buffer);
    if (!ok || !got)
        return fprintf(stderr, "gl_merkle: '%s' is no proof for a chunk of '%s'\n", proof,
                       path_name),
               1;
    if (status != NC_OK) return fprintf(stderr, "gl_merkle: the proof is WRONG\n"), 1;
    printf("chunk %zu belongs to the root\n", index);
    return 0;
}

int main(int argc, char **argv) {
    const char *file = NULL, *proof = NULL;
    nc_gl_hash hash = NC_GL_POSEIDON2;
    long chunk = 1024, index = -1;
    int i, failed;
    tree t;
    for (i = 1; i < argc; i++) {
        const char *next = i + 1 < argc ? argv[i + 1] : "";
        if (!strcmp(argv[i], "--help")) return fputs(usage, stdout) < 0;
        if (!strcmp(argv[i], "--tip5"))
            hash = NC_GL_TIP5;
        else if (!strcmp(argv[i], "--chunk") && atol(next) > 0 && atol(next) <= 1 << 24)
            chunk = atol(argv[++i]);
        else if (!strcmp(argv[i], "--prove") && *next >= '0' && *next <= '9')
            index = atol(argv[++i]);
        else if (!strcmp(argv[i], "--verify") && *next)
            proof = argv[++i];
        else if (argv[i][0] != '-' && !file)
            file = argv[i];
        else
            return fprintf(stderr, "gl_merkle: bad argument '%s'\n%s", argv[i], usage), 2;
    }
    if (!file) return fputs(usage, stderr), 2;
    if (proof) return verify(proof, file, (size_t)chunk);
    if (!build(file, (size_t)chunk, hash, &t)) {
        free(t.nodes);
        return fprintf(stderr, "gl_merkle: cannot read '%s'\n", file), 1;
    }
    failed = 0;
    if (index >= 0) {
        failed = prove(&t, hash, (size_t)index);
    } else {
        printf("%zu chunks, depth %u\n", t.chunks, (unsigned)t.depth);
        print_digest("root", t.nodes + t.d, t.d);
    }
    free(t.nodes);
    return failed;
}
