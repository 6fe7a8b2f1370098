/* nc_hlx.h, section bpe: byte-pair encoding. */
#include "test.h"
#include <unistd.h>
#include "checksum.h"
#include "../nc_hlx.h"

static nc_hlx_bpe *trained(const void *text, size_t bytes, uint32_t vocab) {
    nc_hlx_bpe *bpe;
    assert_int_equal(nc_hlx_bpe_train(&bpe, text, bytes, vocab, NULL, NULL, NULL), NC_OK);
    return bpe;
}

/* Encode and decode; returns the number of tokens. */
static size_t round_trip(const nc_hlx_bpe *bpe, const uint8_t *text, size_t bytes) {
    uint32_t *tokens = malloc((bytes + 1) * sizeof *tokens);
    uint8_t *back = malloc(bytes + 1);
    size_t n = nc_hlx_bpe_encode(bpe, text, bytes, tokens), written, i;
    assert_true(n <= bytes);
    for (i = 0; i < n; i++) assert_true(tokens[i] < nc_hlx_bpe_vocab(bpe));
    assert_int_equal(nc_hlx_bpe_decode(bpe, tokens, n, NULL, 0, &written), NC_OK);
    assert_int_equal(written, bytes);
    assert_int_equal(nc_hlx_bpe_decode(bpe, tokens, n, back, bytes, &written), NC_OK);
    if (bytes) assert_memory_equal(back, text, bytes);
    free(tokens);
    free(back);
    return n;
}

static void merges_are_those_of_the_definition(void **state) {
    /* "aab" twice and "ab" once: ab occurs 3 times, then a ab twice */
    nc_hlx_bpe *bpe = trained("aab aab ab", 10, 300);
    uint32_t tokens[10];
    (void)state;
    assert_int_equal(nc_hlx_bpe_encode(bpe, "ab", 2, tokens), 1);
    assert_int_equal(tokens[0], 256);
    assert_int_equal(nc_hlx_bpe_encode(bpe, "aab", 3, tokens), 1);
    assert_int_equal(tokens[0], 257);
    assert_int_equal(nc_hlx_bpe_encode(bpe, "aaab", 4, tokens), 2);
    assert_true(tokens[0] == 'a' && tokens[1] == 257);
    assert_int_equal(nc_hlx_bpe_vocab(bpe), 258); /* " aab" occurs once: no third merge */
    nc_hlx_bpe_destroy(bpe);
    bpe =
        trained("cd ab cd ab", 11, 300); /* (space, a), (a, b), (c, d) tie at two: smallest first */
    assert_int_equal(nc_hlx_bpe_encode(bpe, " a", 2, tokens), 1);
    assert_int_equal(tokens[0], 256);
    assert_int_equal(nc_hlx_bpe_encode(bpe, "cd", 2, tokens), 1);
    assert_int_equal(tokens[0], 257);
    nc_hlx_bpe_destroy(bpe);
    bpe = trained("xyxyxy zzz", 10, 257); /* three times xy, twice zz by overlap */
    assert_int_equal(nc_hlx_bpe_encode(bpe, "xy", 2, tokens), 1);
    nc_hlx_bpe_destroy(bpe);
}

static void every_byte_string_round_trips(void **state) {
    char *text = read_text("examples/data/genesis.txt");
    size_t bytes = strlen(text), n;
    nc_hlx_bpe *bpe = trained(text, bytes, 1024), *again = trained(text, bytes, 1024);
    uint8_t noise[3000];
    uint64_t seed = 3;
    size_t i, k;
    (void)state;
    assert_int_equal(nc_hlx_bpe_vocab(bpe), 1024);
    n = round_trip(bpe, (const uint8_t *)text, bytes);
    printf("genesis.txt: %zu bytes, %zu tokens of 1,024\n", bytes, n);
    assert_true(n * 2 < bytes);
    for (k = 0; k < 300; k++) {
        size_t length = test_random(&seed) % sizeof noise;
        for (i = 0; i < length; i++)
            noise[i] = (uint8_t)(k % 3 == 0   ? (int)(test_random(&seed) % 256)
                                 : k % 3 == 1 ? "ab \n"[test_random(&seed) % 4]
                                              : (unsigned char)text[(k * 997 + i) % bytes]);
        n = round_trip(bpe, noise, length);
        assert_int_equal(n, round_trip(again, noise, length));
    }
    for (i = 0; i < 256; i++) noise[i] = (uint8_t)i;
    (void)round_trip(bpe, noise, 256);
    nc_hlx_bpe_destroy(bpe);
    nc_hlx_bpe_destroy(again);
    free(text);
}

/* Characters of 3 bytes without white space, of which 64 bytes hold no whole number: some of 500, the
 * first ones most often. */
static size_t chinese(uint8_t *text, size_t count) {
    uint64_t seed = 11;
    size_t i;
    for (i = 0; i < count; i++) {
        const uint64_t which = test_random(&seed) % 500;
        const uint32_t c = 0x4E00 + (uint32_t)(which * (test_random(&seed) % 500) / 500);
        text[3 * i] = (uint8_t)(0xE0 | c >> 12);
        text[3 * i + 1] = (uint8_t)(0x80 | (c >> 6 & 63));
        text[3 * i + 2] = (uint8_t)(0x80 | (c & 63));
    }
    return 3 * count;
}

/* Long words are cut between characters, and parts of a text encode as the whole does. */
static void words_without_spaces_are_cut_between_characters(void **state) {
    static uint8_t text[30000], odd[400];
    static uint32_t tokens[30000], parts[30000];
    const size_t bytes = chinese(text, 10000);
    nc_hlx_bpe *bpe = trained(text, bytes, 2000);
    const size_t n = round_trip(bpe, text, bytes);
    size_t i, k, at = 0, inside = 0;
    (void)state;
    assert_int_equal(nc_hlx_bpe_encode(bpe, text, bytes, tokens), n);
    for (i = 0; i < n; i++) {
        uint8_t token[256];
        size_t length;
        assert_int_equal(nc_hlx_bpe_decode(bpe, tokens + i, 1, token, sizeof token, &length),
                         NC_OK);
        inside += at % 3 || length % 3;
        at += length;
    }
    printf("%zu characters: %zu tokens, %zu parts of a character\n", bytes / 3, n, inside);
    assert_true(inside < n / 100); /* of rare ones; 768 with words of 64 bytes whatever they cut */
    for (i = 0, k = 0; i < bytes; i += 63) /* words of 21 characters */
        k += nc_hlx_bpe_encode(bpe, text + i, bytes - i < 63 ? bytes - i : 63, parts + k);
    assert_int_equal(k, n);
    assert_memory_equal(parts, tokens, n * sizeof *tokens);
    for (k = 0; k < 256; k++) { /* what is no character is cut at 64 bytes */
        for (i = 0; i < sizeof odd; i++) odd[i] = (uint8_t)(k < 4 ? 0x80 + k : k + i % 3);
        (void)round_trip(bpe, odd, sizeof odd);
    }
    nc_hlx_bpe_destroy(bpe);
}

static void files_come_back_and_damage_is_refused(void **state) {
    const char *path = "build/test_tokenizer.bin";
    char *text = read_text("examples/data/genesis.txt");
    nc_hlx_bpe *bpe = trained(text, 20000, 400), *back;
    static uint8_t data[4096];
    nc_error err;
    FILE *file;
    size_t n, i;
    (void)state;
    assert_int_equal(nc_hlx_bpe_save(bpe, path, &err), NC_OK);
    assert_int_equal(nc_hlx_bpe_load(&back, path, NULL, &err), NC_OK);
    assert_int_equal(nc_hlx_bpe_vocab(back), nc_hlx_bpe_vocab(bpe));
    assert_int_equal(round_trip(back, (const uint8_t *)text, 5000),
                     round_trip(bpe, (const uint8_t *)text, 5000));
    assert_true(nc_hlx_bpe_digest(back) == nc_hlx_bpe_digest(bpe));
    nc_hlx_bpe_destroy(back);
    back = trained(text, 20000, 399); /* one merge less */
    assert_true(nc_hlx_bpe_digest(back) != nc_hlx_bpe_digest(bpe));
    nc_hlx_bpe_destroy(back);
    file = fopen(path, "rb");
    n = fread(data, 1, sizeof data, file);
    fclose(file);
    for (i = 0; i <= n; i++) { /* one byte changed, or cut off at i */
        file = fopen(path, "wb");
        if (i % 2) {
            data[i] ^= 1;
            fwrite(data, 1, n, file);
            data[i] ^= 1;
        } else {
            fwrite(data, 1, i == n ? n - 1 : i, file);
        }
        fclose(file);
        assert_int_not_equal(nc_hlx_bpe_load(&back, path, NULL, &err), NC_OK);
        assert_null(back);
        assert_true(err.message[0] != 0);
    }
    unlink(path);
    nc_hlx_bpe_destroy(bpe);
    free(text);
}

static int stop_at_ten(void *user, uint64_t done, uint64_t total) {
    (void)total;
    *(uint64_t *)user = done;
    return done == 10;
}

static void put_le(uint8_t *to, uint32_t value) {
    int i;
    for (i = 0; i < 4; i++) to[i] = (uint8_t)(value >> 8 * i);
}

/* Three letters are made in two ways each: more merges than a tokenizer has tokens at most. */
static void merges_can_be_more_than_tokens(void **state) {
    enum { L = 39, PAIRS = L * L, TRIPLES = L * L * L, MERGES = PAIRS + 2 * TRIPLES };
    const char *path = "build/test_many.bpe";
    const size_t bytes = 24 + 8 * (size_t)MERGES + 8;
    uint8_t *file = calloc(bytes, 1), *at = file + 24;
    uint32_t a, b, c, tokens[4];
    nc_hlx_bpe *bpe;
    nc_error err;
    (void)state;
    memcpy(file, "NCHLXBPE", 8);
    put_le(file + 8, 2);
    put_le(file + 12, MERGES);
    put_le(file + 16, NC_HLX_PATTERN_GPT2);
    for (a = 0; a < L; a++)
        for (b = 0; b < L; b++, at += 8) put_le(at, 'A' + a), put_le(at + 4, 'A' + b);
    for (a = 0; a < L; a++)
        for (b = 0; b < L; b++)
            for (c = 0; c < L; c++, at += 16) {
                put_le(at, 256 + a * L + b), put_le(at + 4, 'A' + c);
                put_le(at + 8, 'A' + a), put_le(at + 12, 256 + b * L + c);
            }
    file_checksum(file, bytes - 8, file + bytes - 8);
    assert_int_equal(nc_file_write(path, file, bytes, &err), NC_OK);
    if (nc_hlx_bpe_load(&bpe, path, NULL, &err) != NC_OK) fail_msg("%s", err.message);
    assert_int_equal(nc_hlx_bpe_vocab(bpe), 256 + PAIRS + TRIPLES);
    assert_int_equal(nc_hlx_bpe_encode(bpe, "ABC", 3, tokens), 1);
    assert_int_equal(tokens[0], 256 + PAIRS + L + 2);
    assert_int_equal(nc_hlx_bpe_save(bpe, path, &err), NC_OK);
    nc_hlx_bpe_destroy(bpe);
    assert_int_equal(nc_hlx_bpe_load(&bpe, path, NULL, &err), NC_OK);
    nc_hlx_bpe_destroy(bpe);
    unlink(path);
    free(file);
}

static void bad_arguments_cancelling_and_failed_allocations(void **state) {
    failing_memory memory = {0, 0, 0};
    nc_allocator hooks = {failing_alloc, failing_free, &memory};
    uint32_t token = 5000;
    size_t written;
    uint64_t done = 0;
    nc_hlx_bpe *bpe;
    nc_status status = NC_ERR_MEMORY;
    long k;
    (void)state;
    assert_int_equal(nc_hlx_bpe_train(&bpe, "x", 1, 255, NULL, NULL, NULL), NC_ERR_ARG);
    assert_int_equal(nc_hlx_bpe_train(&bpe, "x", 1, 65537, NULL, NULL, NULL), NC_ERR_ARG);
    assert_int_equal(nc_hlx_bpe_train(&bpe, NULL, 1, 300, NULL, NULL, NULL), NC_ERR_ARG);
    assert_int_equal(nc_hlx_bpe_train(NULL, "x", 1, 300, NULL, NULL, NULL), NC_ERR_ARG);
    for (k = 0; status == NC_ERR_MEMORY; k++) {
        memory.until_failure = k;
        status = nc_hlx_bpe_train(&bpe, "abab abab abab", 14, 260, &hooks, NULL, NULL);
        if (status == NC_OK) nc_hlx_bpe_destroy(bpe);
        assert_int_equal(memory.blocks, 0);
    }
    assert_true(status == NC_OK && k > 8);
    {
        char *text = read_text("examples/data/genesis.txt");
        assert_int_equal(nc_hlx_bpe_train(&bpe, text, 9000, 300, NULL, stop_at_ten, &done),
                         NC_ERR_CANCELLED);
        assert_null(bpe);
        assert_int_equal(done, 10);
        free(text);
    }
    bpe = trained("", 0, 300);
    assert_int_equal(nc_hlx_bpe_vocab(bpe), 256);
    assert_int_equal(nc_hlx_bpe_encode(bpe, "", 0, &token), 0);
    token = 256;
    assert_int_equal(nc_hlx_bpe_decode(bpe, &token, 1, NULL, 0, &written), NC_ERR_FORMAT);
    nc_hlx_bpe_destroy(bpe);
    nc_hlx_bpe_destroy(NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(merges_are_those_of_the_definition),
        cmocka_unit_test(every_byte_string_round_trips),
        cmocka_unit_test(words_without_spaces_are_cut_between_characters),
        cmocka_unit_test(files_come_back_and_damage_is_refused),
        cmocka_unit_test(merges_can_be_more_than_tokens),
        cmocka_unit_test(bad_arguments_cancelling_and_failed_allocations),
    };
    return cmocka_run_group_tests_name("hlx bpe", tests, NULL, NULL);
}
