/* malloc that fails when told to, for a library without allocator hooks: the tests that include
 * this are linked with --wrap=malloc,calloc,realloc,free (WRAPPED in the Makefile). calloc and
 * realloc only count: stb_ds.h, which grows by realloc, does not check them. */
#ifndef NC_TEST_FAILING_MALLOC_H
#define NC_TEST_FAILING_MALLOC_H
#include "test.h"

static long until_failure = -1; /* the allocation that fails, counted down; below 0: none */
static long held;

void *__real_malloc(size_t bytes);
void *__real_calloc(size_t count, size_t bytes);
void *__real_realloc(void *at, size_t bytes);
void __real_free(void *at);
void *__wrap_malloc(size_t bytes);
void *__wrap_calloc(size_t count, size_t bytes);
void *__wrap_realloc(void *at, size_t bytes);
void __wrap_free(void *at);

void *__wrap_malloc(size_t bytes) {
    void *at;
    if (until_failure >= 0 && until_failure-- == 0) return NULL;
    at = __real_malloc(bytes);
    held += at != NULL;
    return at;
}
void *__wrap_calloc(size_t count, size_t bytes) {
    void *at = __real_calloc(count, bytes);
    held += at != NULL;
    return at;
}
void *__wrap_realloc(void *at, size_t bytes) {
    void *grown = __real_realloc(at, bytes);
    held += !at && grown;
    return grown;
}
void __wrap_free(void *at) {
    held -= at != NULL;
    __real_free(at);
}

/* What a call has made, as 64-bit FNV-1a of numbers that the case tells. */
static uint64_t made_hash;
static int made_whole;     /* 1: a call that got no memory tried again, and has made all */
static int may_do_without; /* 1: NC_OK too without some memory, and all is made */

static inline void seen(uint64_t value) {
    made_hash = (made_hash ^ value) * UINT64_C(0x100000001b3);
}

static inline void seen_bytes(const void *data, size_t bytes) {
    const uint8_t *at = (const uint8_t *)data;
    size_t i;
    for (i = 0; i < bytes; i++) seen(at[i]);
}

/* One call of the library; where it succeeds, what it made is released again. */
typedef struct sweep_case {
    const char *name;
    nc_status (*call)(void);
} sweep_case;

/* Let the k-th allocation of the call fail, for every k (beyond the 50th every `step`-th, and a
 * tenth more each time; step 0: half more each time): it must say NC_ERR_MEMORY, hold nothing more than before, and afterwards
 * succeed and make what the first call has made. Returns how many there were. */
static inline long sweep(const sweep_case *c, long step) {
    uint64_t first;
    long k, reached;
    made_hash = UINT64_C(0xcbf29ce484222325);
    if (c->call() != NC_OK) fail_msg("%s fails with memory", c->name);
    first = made_hash;
    for (k = 0;; k += !step ? 1 + k / 2 : k < 50 ? 1 : step + k / 10) {
        const long before = held;
        nc_status status;
        made_whole = may_do_without = 0;
        made_hash = UINT64_C(0xcbf29ce484222325);
        until_failure = k;
        status = c->call();
        reached = until_failure < 0;
        until_failure = -1;
        if (held != before) fail_msg("%s: allocation %ld leaks %ld", c->name, k, held - before);
        if (may_do_without && status == NC_OK)
            made_whole = 1;
        else if (status != (reached ? NC_ERR_MEMORY : NC_OK))
            fail_msg("%s: %s after allocation %ld %s", c->name, nc_status_str(status), k,
                     reached ? "failed" : "was not reached");
        if ((!reached || made_whole) && made_hash != first)
            fail_msg("%s: not what it made at first", c->name);
        if (!reached) return k;
    }
}

static inline void sweep_all(const sweep_case *cases, size_t count) {
    size_t i;
    for (i = 0; i < count; i++) {
        const long k = sweep(&cases[i], 17);
        printf("%s: %ld allocations\n", cases[i].name, k);
        fflush(stdout);
    }
}
#endif
