/* gl_merkle: the Merkle root of a file or a directory tree cut into chunks, a proof that one chunk
   belongs to it, and the check of such a proof.
   cc -O2 -fopenmp gl_merkle.c -o gl_merkle */
#define _XOPEN_SOURCE 700 /* scandir, lstat */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#define NC_IMPLEMENTATION
#include "../nc_goldilocks.h"

static const char usage[] =
    "usage: gl_merkle [--tip5] [--chunk BYTES] PATH            print the root\n"
    "       gl_merkle [--tip5] [--chunk BYTES] --prove I PATH  print leaf I's proof as text\n"
    "       gl_merkle [--chunk BYTES] --verify PROOF PATH      check PROOF against PATH's leaf\n"
    "A leaf is the digest of a chunk (default 1024 bytes) of a file; in a directory, the files "
    "come\n"
    "in the order of their names, each behind a leaf for its name and size. Links are not "
    "followed.\n"
    "Empty leaves fill up to a power of two. Returns 0, 1 on an error or a wrong proof, 2 on bad\n"
    "usage.\n";

enum { MAX_DEPTH = 24 };

/* The files under a path, in order; file i owns leaves first[i] .. first[i + 1] - 1. */
typedef struct source {
    char **path;
    unsigned long long *bytes;
    size_t *first;
    size_t count, room, chunk, root_length; /* root_length 0: a single file, no name leaves */
    size_t opened;                          /* index + 1 of the file kept open */
    FILE *file;
} source;

typedef struct tree {
    nc_gl *nodes;
    size_t leaves, chunks, d;
    uint32_t depth;
} tree;

static int add_file(source *s, const char *path, unsigned long long bytes) {
    size_t leaves = (size_t)((bytes + s->chunk - 1) / s->chunk) + (s->root_length != 0);
    if (s->count + 1 >= s->room) {
        size_t room = s->room ? 2 * s->room : 64;
        char **paths = realloc(s->path, room * sizeof *paths);
        unsigned long long *sizes = paths ? realloc(s->bytes, room * sizeof *sizes) : NULL;
        size_t *first = sizes ? realloc(s->first, (room + 1) * sizeof *first) : NULL;
        if (paths) s->path = paths;
        if (sizes) s->bytes = sizes;
        if (!first) return 0;
        s->first = first;
        s->room = room;
        if (s->count == 0) s->first[0] = 0;
    }
    s->path[s->count] = malloc(strlen(path) + 1);
    if (!s->path[s->count]) return 0;
    strcpy(s->path[s->count], path);
    s->bytes[s->count] = bytes;
    s->first[s->count + 1] = s->first[s->count] + leaves;
    s->count++;
    return s->first[s->count] <= (size_t)1 << MAX_DEPTH;
}

/* Collect the regular files at and below path. */
static int walk(source *s, const char *path) {
    struct dirent **entry;
    struct stat info;
    int n, i, ok = 1;
    if (lstat(path, &info) != 0) return 0;
    if (S_ISREG(info.st_mode)) return add_file(s, path, (unsigned long long)info.st_size);
    if (!S_ISDIR(info.st_mode)) return 1;
    n = scandir(path, &entry, NULL, alphasort);
    if (n < 0) return 0;
    for (i = 0; i < n; i++) {
        const char *name = entry[i]->d_name;
        size_t length = strlen(path) + strlen(name) + 2;
        char *below = malloc(length);
        ok = ok && below;
        if (ok && strcmp(name, ".") && strcmp(name, "..")) {
            snprintf(below, length, "%s/%s", path, name);
            ok = walk(s, below);
        }
        free(below);
        free(entry[i]);
    }
    free(entry);
    return ok;
}

static int open_source(source *s, const char *path, size_t chunk) {
    struct stat info;
    memset(s, 0, sizeof *s);
    s->chunk = chunk;
    if (stat(path, &info) != 0) return 0;
    if (S_ISDIR(info.st_mode)) s->root_length = strlen(path);
    return walk(s, path);
}

static void close_source(source *s) {
    size_t i;
    for (i = 0; i < s->count; i++) free(s->path[i]);
    free(s->path);
    free(s->bytes);
    free(s->first);
    if (s->file) fclose(s->file);
}

/* Digest of bytes as field elements of seven; the first element is their number, and a bit that
   tells names from contents. */
static int hash_leaf(nc_gl_hash hash, int is_name, const char *bytes, size_t n, nc_gl *digest) {
    nc_gl *elements = calloc(n / 7 + 2, sizeof *elements);
    size_t count;
    if (!elements) return 0;
    elements[0] = (nc_gl)n << 1 | (nc_gl)is_name;
    count = 1 + nc_gl_pack_bytes(elements + 1, bytes, n);
    (void)nc_gl_hash_fields(hash, elements, count, digest);
    free(elements);
    return 1;
}

/* Digest of leaf `index`, from the one file that holds it; 0 when that cannot be read. */
static int leaf_digest(source *s, nc_gl_hash hash, size_t index, nc_gl *digest) {
    size_t low = 0, high = s->count, at, n;
    char *buffer;
    int ok;
    while (high - low > 1) { /* the last file whose first leaf is not behind index */
        size_t middle = low + (high - low) / 2;
        if (s->first[middle] <= index)
            low = middle;
        else
            high = middle;
    }
    if (low >= s->count || index >= s->first[s->count]) return 0;
    at = index - s->first[low];
    if (s->root_length && at-- == 0) { /* "relative/path" and the size */
        const char *name = s->path[low] + s->root_length;
        n = strlen(name) + 32;
        buffer = malloc(n);
        if (!buffer) return 0;
        snprintf(buffer, n, "%s %llu", name, s->bytes[low]);
        ok = hash_leaf(hash, 1, buffer, strlen(buffer), digest);
        free(buffer);
        return ok;
    }
    if (s->opened != low + 1) {
        if (s->file) fclose(s->file);
        s->file = fopen(s->path[low], "rb");
        s->opened = low + 1;
    }
    n = s->bytes[low] - (unsigned long long)at * s->chunk < s->chunk
            ? (size_t)(s->bytes[low] - (unsigned long long)at * s->chunk)
            : s->chunk;
    buffer = malloc(n ? n : 1);
    ok = buffer && s->file && fseek(s->file, (long)(at * s->chunk), SEEK_SET) == 0 &&
         fread(buffer, 1, n, s->file) == n && hash_leaf(hash, 0, buffer, n, digest);
    free(buffer);
    return ok;
}

/* Hash all leaves, build the tree; 0 when something cannot be read. */
static int build(source *s, nc_gl_hash hash, tree *t) {
    size_t i;
    int ok;
    memset(t, 0, sizeof *t);
    t->d = nc_gl_digest_elements(hash);
    t->chunks = s->count ? s->first[s->count] : 0;
    for (t->leaves = 1; t->leaves < t->chunks; t->leaves *= 2) t->depth++;
    t->nodes = calloc(2 * t->leaves * t->d, sizeof *t->nodes);
    ok = t->nodes != NULL;
    for (i = 0; i < t->chunks && ok; i++)
        ok = leaf_digest(s, hash, i, t->nodes + (t->leaves + i) * t->d);
    return ok && nc_gl_merkle_build(hash, t->nodes, t->leaves) == NC_OK;
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
        return fprintf(stderr, "gl_merkle: there is no leaf %zu of %zu\n", index, t->chunks), 1;
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

/* Check a proof: only the named leaf is read. */
static int verify(const char *proof, const char *path_name, size_t chunk) {
    nc_gl root[5], leaf[5], path[MAX_DEPTH * 5];
    char kind[16] = "";
    size_t index = 0, d;
    unsigned depth = 0, i;
    FILE *file = fopen(proof, "r");
    nc_gl_hash hash;
    source s;
    int ok = open_source(&s, path_name, chunk) && file &&
             fscanf(file, "hash %15s index %zu depth %u", kind, &index, &depth) == 3 &&
             depth <= MAX_DEPTH;
    hash = strcmp(kind, "tip5") ? NC_GL_POSEIDON2 : NC_GL_TIP5;
    d = nc_gl_digest_elements(hash);
    ok = ok && read_digest(file, "root", root, d);
    for (i = 0; ok && i < depth; i++) ok = read_digest(file, "path", path + i * d, d);
    ok = ok && leaf_digest(&s, hash, index, leaf);
    if (file) fclose(file);
    close_source(&s);
    if (!ok) {
        fprintf(stderr, "gl_merkle: '%s' is no proof for a leaf of '%s'\n", proof, path_name);
        return 1;
    }
    if (nc_gl_merkle_verify(hash, root, leaf, index, path, depth) != NC_OK)
        return fprintf(stderr, "gl_merkle: the proof is WRONG\n"), 1;
    printf("leaf %zu belongs to the root\n", index);
    return 0;
}

int main(int argc, char **argv) {
    const char *path = NULL, *proof = NULL;
    nc_gl_hash hash = NC_GL_POSEIDON2;
    long chunk = 1024, index = -1;
    int i, failed = 1;
    source s;
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
        else if (argv[i][0] != '-' && !path)
            path = argv[i];
        else
            return fprintf(stderr, "gl_merkle: bad argument '%s'\n%s", argv[i], usage), 2;
    }
    if (!path) return fputs(usage, stderr), 2;
    if (proof) return verify(proof, path, (size_t)chunk);
    memset(&t, 0, sizeof t);
    if (!open_source(&s, path, (size_t)chunk) || !build(&s, hash, &t)) {
        fprintf(stderr, "gl_merkle: cannot read all of '%s' (or more than 2^%d leaves)\n", path,
                MAX_DEPTH);
    } else if (index >= 0) {
        failed = prove(&t, hash, (size_t)index);
    } else {
        printf("%zu file%s, %zu leaves, depth %u\n", s.count, s.count == 1 ? "" : "s", t.chunks,
               (unsigned)t.depth);
        print_digest("root", t.nodes + t.d, t.d);
        failed = 0;
    }
    close_source(&s);
    free(t.nodes);
    return failed;
}
