/* gl_merkle: the Merkle root of a file or a directory tree cut into chunks, a proof that one chunk
   belongs to it, and the check of such a proof.
   cc -O2 -fopenmp gl_merkle.c -o gl_merkle */
#define _XOPEN_SOURCE 700 /* lstat */
#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#if defined(_WIN32) /* no links there */
#define lstat stat
#define S_ISLNK(mode) 0
#endif
#define NC_IMPLEMENTATION
#include "../nc_goldilocks.h"
#include "cli.h"

static const char usage[] =
    "usage: gl_merkle [--tip5] [--chunk BYTES] [--json] PATH    print the root\n"
    "       gl_merkle [--tip5] [--chunk BYTES] --prove I PATH   print leaf I's proof as text\n"
    "       gl_merkle [--chunk BYTES] --verify PROOF --root ROOT PATH\n"
    "                            check that PATH's leaf belongs to ROOT, the numbers as they were\n"
    "                            printed where PATH is trusted, with commas between\n"
    "A leaf is the digest of a chunk (default 1024 bytes) of a file; in a directory, the files "
    "come\n"
    "in the order of their names, each behind a leaf for its name and size. An empty file alone "
    "is\n"
    "one leaf; what is no file (links, pipes, devices) has no place in a directory. Empty leaves\n"
    "fill up to a power of two.\n"
    "Returns 0, 1 on an error, 2 on bad usage, 3 when the proof is wrong.\n";

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
    if (leaves == 0) leaves = 1; /* an empty file alone is not nothing */
    if (s->count + 1 >= s->room) {
        size_t room = s->room ? 2 * s->room : 64;
        char **paths = realloc(s->path, room * sizeof *paths);
        unsigned long long *sizes = paths ? realloc(s->bytes, room * sizeof *sizes) : NULL;
        size_t *first = sizes ? realloc(s->first, (room + 1) * sizeof *first) : NULL;
        if (paths) s->path = paths;
        if (sizes) s->bytes = sizes;
        if (!first) return cli_fail(0, "out of memory");
        s->first = first;
        s->room = room;
        if (s->count == 0) s->first[0] = 0;
    }
    s->path[s->count] = malloc(strlen(path) + 1);
    if (!s->path[s->count]) return cli_fail(0, "out of memory");
    strcpy(s->path[s->count], path);
    s->bytes[s->count] = bytes;
    s->first[s->count + 1] = s->first[s->count] + leaves;
    s->count++;
    if (s->first[s->count] <= (size_t)1 << MAX_DEPTH) return 1;
    return cli_fail(0, "'%s': more than 2^%d leaves; a larger --chunk makes fewer", path,
                    MAX_DEPTH);
}

static int walk(source *s, const char *path);

static int by_name(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The paths of everything in a folder, in the order of the names; 0 and a message. */
static int list_folder(const char *path, char ***list, size_t *count) {
    struct dirent *entry;
    DIR *folder = opendir(path);
    size_t room = 0;
    int ok = 1;
    *list = NULL;
    *count = 0;
    if (!folder) return cli_fail(0, "cannot read '%s': %s", path, strerror(errno));
    while (errno = 0, ok && (entry = readdir(folder)) != NULL) {
        const size_t length = strlen(path) + strlen(entry->d_name) + 2;
        if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..")) continue;
        if (*count == room) {
            char **more = realloc(*list, (room = 2 * room + 16) * sizeof *more);
            if (more) *list = more;
            ok = more != NULL;
        }
        if (ok) ok = ((*list)[*count] = malloc(length)) != NULL;
        if (ok) snprintf((*list)[(*count)++], length, "%s/%s", path, entry->d_name);
    }
    if (!ok)
        cli_fail(0, "out of memory");
    else if (errno)
        ok = cli_fail(0, "cannot read '%s': %s", path, strerror(errno));
    closedir(folder);
    if (*count) qsort(*list, *count, sizeof **list, by_name);
    return ok;
}

/* Everything in a folder, in the order of the names. */
static int walk_folder(source *s, const char *path) {
    char **list;
    size_t n, i;
    int ok = list_folder(path, &list, &n);
    for (i = 0; i < n; i++) {
        ok = ok && walk(s, list[i]);
        free(list[i]);
    }
    free(list);
    return ok;
}

/* Collect the regular files at and below path; links are followed on the command line alone. */
static int walk(source *s, const char *path) {
    struct stat info;
    if ((s->root_length ? lstat(path, &info) : stat(path, &info)) != 0)
        return cli_fail(0, "cannot read '%s': %s", path, strerror(errno));
    if (S_ISREG(info.st_mode)) return add_file(s, path, (unsigned long long)info.st_size);
    if (S_ISDIR(info.st_mode)) return walk_folder(s, path);
    return cli_fail(0, "'%s' is %s, which has no digest", path,
                    S_ISLNK(info.st_mode) ? "a link" : "neither a file nor a folder");
}

static int open_source(source *s, const char *path, size_t chunk) {
    struct stat info;
    memset(s, 0, sizeof *s);
    s->chunk = chunk;
    if (stat(path, &info) != 0) return cli_fail(0, "cannot read '%s': %s", path, strerror(errno));
    if (!S_ISDIR(info.st_mode)) return walk(s, path);
    s->root_length = strlen(path);
    return walk_folder(s, path) &&
           (s->count || cli_fail(0, "there is no file in '%s', so there is no root", path));
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

/* The file that holds leaf `index`: the last whose first leaf is not behind it. */
static size_t file_of(const source *s, size_t index) {
    size_t low = 0, high = s->count;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (s->first[middle] <= index)
            low = middle;
        else
            high = middle;
    }
    return low;
}

/* Chunk `at` of file i, whose end must be where its size says: files of /proc have no size. */
static int read_chunk(source *s, size_t i, size_t at, char *buffer, size_t n) {
    const int last = (unsigned long long)at * s->chunk + n == s->bytes[i];
    size_t got;
    errno = 0;
    if (s->opened != i + 1) {
        if (s->file) fclose(s->file);
        s->file = fopen(s->path[i], "rb");
        s->opened = i + 1;
    }
    if (!s->file || (unsigned long long)at * s->chunk > LONG_MAX ||
        fseek(s->file, (long)(at * s->chunk), SEEK_SET) != 0)
        return cli_fail(0, "cannot read '%s': %s", s->path[i], cli_reason("no such place"));
    got = fread(buffer, 1, n, s->file);
    if (got == n && (!last || fgetc(s->file) == EOF) && !ferror(s->file)) return 1;
    return cli_fail(0, "cannot read '%s': %s", s->path[i],
                    ferror(s->file) ? cli_reason("a device error")
                                    : "it has not as many bytes as its size says");
}

/* Digest of leaf `index`, from the one file that holds it; 0 when that cannot be read. */
static int leaf_digest(source *s, nc_gl_hash hash, size_t index, nc_gl *digest) {
    const size_t i = file_of(s, index);
    size_t at = index - s->first[i], n = s->chunk;
    const int is_name = s->root_length && at == 0;
    char *buffer;
    int ok;
    if (s->root_length && !is_name) at--;
    if (s->bytes[i] - (unsigned long long)at * s->chunk < n)
        n = (size_t)(s->bytes[i] - (unsigned long long)at * s->chunk);
    if (is_name) n = strlen(s->path[i] + s->root_length) + 32;
    buffer = malloc(n + 1);
    if (!buffer) return cli_fail(0, "out of memory");
    if (is_name) { /* "/relative/path" and the size */
        ok = s->bytes[i] > 0 || read_chunk(s, i, 0, buffer, 0);
        snprintf(buffer, n, "%s %llu", s->path[i] + s->root_length, s->bytes[i]);
        n = strlen(buffer);
    } else {
        ok = read_chunk(s, i, at, buffer, n);
    }
    if (ok && !hash_leaf(hash, is_name, buffer, n, digest)) ok = cli_fail(0, "out of memory");
    free(buffer);
    return ok;
}

/* The tree's depth over so many leaves. */
static uint32_t depth_of(size_t chunks) {
    uint32_t depth = 0;
    while ((size_t)1 << depth < chunks) depth++;
    return depth;
}

/* Hash all leaves, build the tree; 0 when something cannot be read. */
static int build(source *s, nc_gl_hash hash, tree *t) {
    size_t i;
    int ok;
    memset(t, 0, sizeof *t);
    t->d = nc_gl_digest_elements(hash);
    t->chunks = s->first[s->count];
    t->depth = depth_of(t->chunks);
    t->leaves = (size_t)1 << t->depth;
    t->nodes = calloc(2 * t->leaves * t->d, sizeof *t->nodes);
    ok = t->nodes || cli_fail(0, "out of memory");
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
        return cli_fail(CLI_ERROR, "there is no leaf %zu: they are 0 to %zu", index, t->chunks - 1);
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

/* A proof's text. */
typedef struct proof_text {
    nc_gl root[5], path[MAX_DEPTH * 5];
    size_t index, d;
    unsigned depth;
    nc_gl_hash hash;
} proof_text;

/* A proof and nothing else; 0 and a message. */
static int read_proof(const char *name, proof_text *p) {
    char kind[16] = "", more;
    unsigned i;
    int ok;
    FILE *file = fopen(name, "r");
    if (!file) return cli_fail(0, "cannot read '%s': %s", name, strerror(errno));
    ok = fscanf(file, "hash %15s index %zu depth %u", kind, &p->index, &p->depth) == 3 &&
         p->depth <= MAX_DEPTH && (!strcmp(kind, "tip5") || !strcmp(kind, "poseidon2"));
    p->hash = strcmp(kind, "tip5") ? NC_GL_POSEIDON2 : NC_GL_TIP5;
    p->d = nc_gl_digest_elements(p->hash);
    ok = ok && read_digest(file, "root", p->root, p->d);
    for (i = 0; ok && i < p->depth; i++) ok = read_digest(file, "path", p->path + i * p->d, p->d);
    if (ok && fscanf(file, " %c", &more) == 1)
        ok = cli_fail(0, "'%s' goes on behind the proof", name);
    else if (!ok)
        cli_fail(0, "'%s' is no proof of gl_merkle --prove", name);
    fclose(file);
    return ok;
}

/* The numbers of --root, with commas or blanks between. */
static int read_root(const char *text, nc_gl *root, size_t d) {
    size_t i = 0, n;
    for (text += strspn(text, " ,"); *text; text += n + strspn(text + n, " ,"), i++) {
        n = strcspn(text, " ,");
        if (i == d || nc_gl_parse(text, n, &root[i], NULL) != NC_OK) return 0;
    }
    return i == d;
}

/* Check a proof against the root that the user trusts: only the named leaf is read. */
static int verify(const char *name, const char *root_text, const char *path, size_t chunk,
                  int json) {
    proof_text p;
    nc_gl root[5], leaf[5];
    const char *wrong = NULL;
    source s;
    int ok;
    if (!read_proof(name, &p)) return CLI_ERROR;
    if (!read_root(root_text, root, p.d))
        return cli_fail(CLI_USAGE, "--root '%s' is not %zu numbers below p", root_text, p.d);
    ok = open_source(&s, path, chunk);
    if (ok && (p.index >= s.first[s.count] || p.depth != depth_of(s.first[s.count])))
        wrong = "the proof is of a tree of another size";
    else if (ok && memcmp(root, p.root, p.d * sizeof *root))
        wrong = "the proof is for another root";
    else if (ok && (ok = leaf_digest(&s, p.hash, p.index, leaf)) != 0 &&
             nc_gl_merkle_verify(p.hash, root, leaf, p.index, p.path, p.depth) != NC_OK)
        wrong = "the leaf does not belong to the root";
    close_source(&s);
    if (!ok) return CLI_ERROR;
    if (json) printf("{\"index\": %zu, \"verified\": %s}\n", p.index, wrong ? "false" : "true");
    if (wrong) return cli_fail(CLI_FAILED, "'%s' of '%s' is WRONG: %s", name, path, wrong);
    if (!json) printf("leaf %zu belongs to the root\n", p.index);
    return 0;
}

static void print_root(const source *s, const tree *t, int json) {
    size_t i;
    if (!json) {
        printf("%zu file%s, %zu lea%s, depth %u\n", s->count, s->count == 1 ? "" : "s", t->chunks,
               t->chunks == 1 ? "f" : "ves", (unsigned)t->depth);
        print_digest("root", t->nodes + t->d, t->d);
        return;
    }
    printf("{\"files\": %zu, \"leaves\": %zu, \"depth\": %u, \"root\": [", s->count, t->chunks,
           (unsigned)t->depth);
    for (i = 0; i < t->d; i++)
        printf("%s\"%llu\"", i ? ", " : "", (unsigned long long)t->nodes[t->d + i]);
    puts("]}");
}

int main(int argc, char **argv) {
    const char *path = NULL, *proof = NULL, *root = NULL;
    nc_gl_hash hash = NC_GL_POSEIDON2;
    long long chunk = 1024, index = -1;
    int i, json = 0, failed = CLI_ERROR;
    source s;
    tree t;
    argc = cli_begin(argc, argv, "gl_merkle", usage);
    for (i = 1; i < argc; i++) {
        const char *next = argv[i + 1];
        if (!strcmp(argv[i], "--tip5"))
            hash = NC_GL_TIP5;
        else if (!strcmp(argv[i], "--json"))
            json = 1;
        else if (!strcmp(argv[i], "--chunk"))
            chunk = cli_number(argv[i++], next, 1, 1 << 24);
        else if (!strcmp(argv[i], "--prove"))
            index = cli_number(argv[i++], next, 0, (1 << MAX_DEPTH) - 1);
        else if (!strcmp(argv[i], "--verify") && next)
            proof = argv[++i];
        else if (!strcmp(argv[i], "--root") && next)
            root = argv[++i];
        else if (argv[i][0] != '-' && !path)
            path = argv[i];
        else
            return fprintf(stderr, "gl_merkle: bad argument '%s'\n%s", argv[i], usage), 2;
    }
    if (!path) return fputs(usage, stderr), 2;
    if (!proof != !root)
        return cli_fail(CLI_USAGE, "--verify PROOF and --root ROOT go together: a proof's own root "
                                   "proves nothing");
    if (proof) return verify(proof, root, path, (size_t)chunk, json);
    memset(&t, 0, sizeof t);
    if (open_source(&s, path, (size_t)chunk) && build(&s, hash, &t)) {
        failed = 0;
        if (index >= 0)
            failed = prove(&t, hash, (size_t)index);
        else
            print_root(&s, &t, json);
    }
    close_source(&s);
    free(t.nodes);
    return failed;
}
