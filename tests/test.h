/* What every unit test needs: cmocka, paths to test data, a JSON reader for golden files. */
#ifndef NC_TEST_H
#define NC_TEST_H
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <dirent.h>
#include <locale.h>
#include <math.h>
#include <sys/stat.h>
#include <cmocka.h>
#include <json-c/json.h>
#ifdef _OPENMP
#include <omp.h>
#endif
#ifdef _WIN32 /* tests/windows.sh */
#include <malloc.h>
#define setenv(name, value, over) _putenv_s(name, value)
#define posix_memalign(block, align, bytes) ((*(block) = _aligned_malloc(bytes, align)) == NULL)
#define aligned_free _aligned_free
/* mingw-w64's rounds twice. The product is exact in 113 bits, and so is all but the far end of a sum. */
static inline float test_fmaf(float x, float y, float z) { return (float)((__float128)x * y + z); }
#define fmaf test_fmaf
static inline ptrdiff_t getline(char **line, size_t *room, FILE *file) {
    size_t n = 0;
    int c;
    while ((c = fgetc(file)) != EOF) {
        if (n + 2 > *room) *line = (char *)realloc(*line, *room = 2 * *room + 256);
        (*line)[n++] = (char)c;
        if (c == '\n') break;
    }
    if (n) (*line)[n] = 0;
    return n ? (ptrdiff_t)n : -1;
}
#else
#define aligned_free free
#endif

/* Compiled for a sanitizer, under which time says nothing. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define TEST_SANITIZED 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define TEST_SANITIZED 1
#endif

/* Files of the repository: the tests run from its root. */
#define TEST_DATA "tests/data/"

/* The optional larger data folder; tests that need it call skip() when it is not there. */
static inline const char *shared_data(void) {
    const char *path = getenv("NC_TEST_DATA");
    struct stat info;
    if (!path || !*path) path = "../shared/data";
    return stat(path, &info) == 0 ? path : NULL;
}

/* Take a locale whose decimal point is a comma, made where it is not installed; 0: there is none. Go
   back with setlocale(LC_NUMERIC, "C"). */
static inline int comma_locale(void) {
    if (setlocale(LC_NUMERIC, "de_DE.UTF-8")) return 1;
    if (system("mkdir -p build/locale && localedef -i de_DE -f UTF-8 build/locale/de_DE.UTF-8 "
               "2>build/locale/log") != 0)
        return 0;
    setenv("LOCPATH", "build/locale", 1);
    return setlocale(LC_NUMERIC, "de_DE.UTF-8") != NULL;
}

/* A text file of less than 1 MiB, with a final NUL; free it. */
static inline char *read_text(const char *path) {
    char *data = (char *)calloc(1, 1 << 20);
    FILE *file = fopen(path, "rb");
    if (!file || !data) fail_msg("cannot read %s", path);
    assert_true(fread(data, 1, (1 << 20) - 1, file) > 0);
    fclose(file);
    return data;
}

/* Modules of the TIR corpus in the shared data: every NAME.tir, with or without NAME.raw.tir.
   Skips the calling test when the data is not there. */
enum { MAX_MODULES = 64 };
typedef struct module_list {
    char path[MAX_MODULES][1024];
    size_t count;
} module_list;

static inline void list_modules(module_list *list, int with_raw) {
    char folder[1000];
    struct dirent *entry;
    DIR *dir;
    list->count = 0;
    if (!shared_data()) {
        printf("skipped: no shared data\n");
        skip();
    }
    snprintf(folder, sizeof folder, "%.900s/tir", shared_data());
    dir = opendir(folder);
    if (!dir) fail_msg("cannot open %s", folder);
    while ((entry = readdir(dir)) != NULL) {
        const char *ending = strchr(entry->d_name, '.');
        if (!ending || (strcmp(ending, ".tir") && !(with_raw && !strcmp(ending, ".raw.tir"))))
            continue;
        assert_true(list->count < MAX_MODULES && strlen(folder) + strlen(entry->d_name) < 1000);
        strcpy(list->path[list->count], folder);
        strcat(list->path[list->count], "/");
        strcat(list->path[list->count++], entry->d_name);
    }
    closedir(dir);
}

static inline json_object *load_json(const char *path) {
    json_object *root = json_object_from_file(path);
    if (!root) fail_msg("cannot read %s: %s", path, json_util_get_last_err());
    return root;
}

static inline json_object *member(json_object *object, const char *key) {
    json_object *value = NULL;
    if (!json_object_object_get_ex(object, key, &value)) fail_msg("no member %s", key);
    return value;
}

/* Numbers above 2^53 may be stored as decimal strings; negative ones are two's complement. */
static inline uint64_t json_u64(json_object *value) {
    if (json_object_get_type(value) == json_type_string)
        return strtoull(json_object_get_string(value), NULL, 10);
    return json_object_get_uint64(value);
}

static inline size_t json_fields(json_object *array, uint64_t *out, size_t limit) {
    size_t n = json_object_array_length(array), i;
    assert_true(n <= limit);
    for (i = 0; i < n; i++) out[i] = json_u64(json_object_array_get_idx(array, i));
    return n;
}

/* Edge values of 64-bit arithmetic, for property tests. */
static const uint64_t edge_u64[] = {0,
                                    1,
                                    2,
                                    UINT64_C(0x7FFFFFFF),
                                    UINT64_C(0xFFFFFFFE),
                                    UINT64_C(0xFFFFFFFF),
                                    UINT64_C(0x100000000),
                                    UINT64_C(0x100000001),
                                    UINT64_C(0x7FFFFFFF80000000),
                                    UINT64_C(0x7FFFFFFF80000001),
                                    UINT64_C(0x8000000000000000),
                                    UINT64_C(0xFFFFFFFE00000002),
                                    UINT64_C(0xFFFFFFFEFFFFFFFF),
                                    UINT64_C(0xFFFFFFFF00000000),
                                    UINT64_C(0xFFFFFFFF00000001),
                                    UINT64_C(0xFFFFFFFF00000002),
                                    UINT64_C(0xFFFFFFFFFFFFFFFF)};
enum { EDGE_COUNT = sizeof edge_u64 / sizeof edge_u64[0] };

/* splitmix64 (Steele, Lea, Flood 2014): test inputs independent of the library's generator. */
static inline uint64_t test_random(uint64_t *state) {
    uint64_t z = (*state += UINT64_C(0x9E3779B97F4A7C15));
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

/* As many threads from here on, where there are any. */
static inline void use_threads(int n) {
#ifdef _OPENMP
    omp_set_num_threads(n);
#endif
    (void)n;
}

/* An allocator that fails its k-th call and counts what is still held. */
typedef struct failing_memory {
    long until_failure; /* negative: never fail */
    long blocks;
    size_t bytes;
} failing_memory;

static inline void *failing_alloc(void *user, size_t bytes, size_t align) {
    failing_memory *memory = (failing_memory *)user;
    void *block = NULL;
    if (memory->until_failure == 0) return NULL;
    if (memory->until_failure > 0) memory->until_failure--;
    if (posix_memalign(&block, align < sizeof block ? sizeof block : align, bytes)) return NULL;
    memory->blocks++;
    memory->bytes += bytes;
    return block;
}

static inline void failing_free(void *user, void *block, size_t bytes) {
    failing_memory *memory = (failing_memory *)user;
    memory->blocks--;
    memory->bytes -= bytes;
    aligned_free(block);
}
/* A float32 by its bits, and back. */
static inline float from_bits(uint32_t u) {
    float x;
    memcpy(&x, &u, sizeof x);
    return x;
}

static inline uint32_t to_bits(float x) {
    uint32_t u;
    memcpy(&u, &x, sizeof u);
    return u;
}
#endif
