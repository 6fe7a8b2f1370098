/* nc_hlx.h, section tokenizer: files of others. Golden ids: tests/golden_tokenizers.py. */
#include "test.h"
#include <unistd.h>
#include "../nc_hlx.h"

#define GOLDEN TEST_DATA "hlx/tokenizers/"
#define TEMPORARY "build/test_tokenizer.tmp"

static nc_hlx_bpe *opened(const char *path, uint32_t pattern) {
    nc_hlx_bpe *bpe;
    nc_error err;
    if (nc_hlx_bpe_open(&bpe, path, pattern, NULL, &err) != NC_OK)
        fail_msg("%s:%d:%d: %s", path, err.line, err.column, err.message);
    return bpe;
}

static void write_file(const char *path, const void *data, size_t bytes) {
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, bytes, file), bytes);
    assert_int_equal(fclose(file), 0);
}

/* Ids of texts are those of a list of lists; plain ones are decoded again. */
static void check_ids(const nc_hlx_bpe *bpe, json_object *texts, json_object *lists, int document) {
    size_t i, k;
    for (i = 0; i < json_object_array_length(texts); i++) {
        json_object *text = json_object_array_get_idx(texts, i);
        json_object *list = json_object_array_get_idx(lists, i);
        const char *bytes = json_object_get_string(text);
        const size_t length = (size_t)json_object_get_string_len(text);
        uint32_t ids[4000];
        uint8_t back[4000];
        size_t n;
        assert_true(nc_hlx_bpe_room(bpe, length) <= 4000);
        n = document ? nc_hlx_bpe_encode_document(bpe, bytes, length, ids)
                     : nc_hlx_bpe_encode(bpe, bytes, length, ids);
        for (k = 0; k < n && k < json_object_array_length(list); k++)
            if (ids[k] != (uint32_t)json_object_get_int(json_object_array_get_idx(list, k)))
                fail_msg("text %zu '%.40s': id %zu is %u", i, bytes, k, ids[k]);
        assert_int_equal(n, json_object_array_length(list));
        if (document) continue;
        assert_int_equal(nc_hlx_bpe_decode(bpe, ids, n, back, sizeof back, &n), NC_OK);
        assert_int_equal(n, length);
        assert_memory_equal(back, bytes, length);
    }
}

static void ranks_give_tiktokens_ids_with_every_pattern(void **state) {
    static const char *const names[] = {"gpt2", "cl100k", "llama3", "qwen2", "o200k", "tekken"};
    json_object *root = load_json(GOLDEN "ids.json");
    nc_hlx_bpe *bpe;
    nc_error err;
    uint32_t p, id = 402, gap = 0;
    uint64_t digest = 0;
    size_t written;
    (void)state;
    for (p = 1; p <= NC_HLX_PATTERN_TEKKEN; p++) {
        bpe = opened(GOLDEN "ranks.tiktoken", p);
        assert_int_equal(nc_hlx_bpe_pattern(bpe), p);
        check_ids(bpe, member(root, "texts"), member(member(root, "ranks"), names[p - 1]), 0);
        assert_true(nc_hlx_bpe_digest(bpe) != digest);
        digest = nc_hlx_bpe_digest(bpe);
        for (id = 0; id < nc_hlx_bpe_vocab(bpe); id++)
            gap += nc_hlx_bpe_decode(bpe, &id, 1, NULL, 0, &written) == NC_ERR_FORMAT;
        assert_int_equal(nc_hlx_bpe_end(bpe), UINT32_MAX);
        assert_int_equal(nc_hlx_bpe_add_special(bpe, "<|endoftext|>", 5), NC_ERR_ARG);
        assert_int_equal(nc_hlx_bpe_add_special(bpe, "<|endoftext|>", 1000000), NC_OK);
        assert_int_equal(nc_hlx_bpe_end(bpe), 1000000);
        assert_true(nc_hlx_bpe_digest(bpe) != digest);
        assert_int_equal(nc_hlx_bpe_save_json(bpe, TEMPORARY, &err), NC_ERR_UNSUPPORTED);
        nc_hlx_bpe_destroy(bpe);
    }
    assert_int_equal(gap, 3 * 6);
    assert_int_equal(nc_hlx_bpe_open(&bpe, GOLDEN "ranks.tiktoken", 0, NULL, &err), NC_ERR_ARG);
    assert_non_null(strstr(err.message, "names no pattern"));
    json_object_put(root);
}

static void tokenizer_json_gives_its_librarys_ids(void **state) {
    json_object *root = load_json(GOLDEN "ids.json");
    nc_hlx_bpe *bpe = opened(GOLDEN "tokenizer.json", 0), *back;
    nc_error err;
    uint32_t ids[64];
    (void)state;
    assert_int_equal(nc_hlx_bpe_pattern(bpe), NC_HLX_PATTERN_LLAMA3);
    check_ids(bpe, member(root, "marked"), member(root, "document"), 1);
    assert_int_equal(nc_hlx_bpe_end(bpe), 1);
    /* what is special is text where it is not asked for */
    assert_true(nc_hlx_bpe_encode(bpe, "<|end_of_text|>", 15, ids) > 1);
    assert_int_equal(nc_hlx_bpe_save(bpe, TEMPORARY, &err), NC_OK);
    back = opened(TEMPORARY, NC_HLX_PATTERN_LLAMA3);
    assert_true(nc_hlx_bpe_digest(back) == nc_hlx_bpe_digest(bpe));
    check_ids(back, member(root, "marked"), member(root, "document"), 1);
    nc_hlx_bpe_destroy(back);
    nc_hlx_bpe_destroy(bpe);
    bpe = opened(GOLDEN "digits.json", 0);
    assert_int_equal(nc_hlx_bpe_pattern(bpe), NC_HLX_PATTERN_DIGITS);
    check_ids(bpe, member(root, "texts"), member(root, "digits"), 0);
    assert_int_equal(nc_hlx_bpe_save(bpe, TEMPORARY, &err), NC_OK);
    back = opened(TEMPORARY, 0);
    assert_true(nc_hlx_bpe_digest(back) == nc_hlx_bpe_digest(bpe));
    nc_hlx_bpe_destroy(back);
    nc_hlx_bpe_destroy(bpe);
    bpe = opened(GOLDEN "vocab.json", 0);
    check_ids(bpe, member(root, "texts"), member(root, "two_files"), 1);
    nc_hlx_bpe_destroy(bpe);
    bpe = opened(GOLDEN "vocab.json", NC_HLX_PATTERN_QWEN2); /* as Qwen2's two files */
    assert_int_equal(nc_hlx_bpe_pattern(bpe), NC_HLX_PATTERN_QWEN2);
    assert_true(nc_hlx_bpe_nfc(bpe));
    nc_hlx_bpe_destroy(bpe);
    unlink(TEMPORARY);
    json_object_put(root);
}

/* What a tokenizer that normalises makes of a text: its tokens decoded. */
static size_t form_of(const nc_hlx_bpe *bpe, const char *text, size_t bytes, uint8_t *form,
                      size_t room) {
    uint32_t *ids = malloc(nc_hlx_bpe_room(bpe, bytes) * sizeof *ids);
    size_t n = nc_hlx_bpe_encode(bpe, text, bytes, ids);
    assert_true(n <= 3 * bytes);
    assert_int_equal(nc_hlx_bpe_decode(bpe, ids, n, form, room, &n), NC_OK);
    assert_true(n <= room);
    free(ids);
    return n;
}

static void check_form(const nc_hlx_bpe *bpe, const char *text, size_t bytes, const char *form,
                       size_t n) {
    uint8_t out[2000];
    const size_t made = form_of(bpe, text, bytes, out, sizeof out);
    if (made != n || memcmp(out, form, n) != 0)
        fail_msg("'%s' is '%.*s', not '%s'", text, (int)made, (const char *)out, form);
}

static size_t put_utf8(uint32_t c, char *out) {
    const size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    size_t i;
    for (i = n - 1; i; i--, c >>= 6) out[i] = (char)(0x80 | (c & 63));
    out[0] = (char)(n == 1 ? c : (0xF00u >> n & 0xFF) | c);
    return n;
}

/* FNV-1a over NFC of all characters in four surroundings (normal_forms of the script). */
static uint64_t digest_of_forms(const nc_hlx_bpe *bpe) {
    static const uint32_t lines[4][6] = {
        {0, '\n'}, {'q', 0, 0x327, 0x301, 0, '\n'}, {0x1100, 0, '\n'}, {'A', 'E', 0, '\n'}};
    static char text[1 << 15];
    static uint8_t form[3 << 15];
    uint64_t digest = UINT64_C(0xCBF29CE484222325);
    size_t bytes = 0, i;
    uint32_t c, k, j;
    for (c = 1; c < 0x32400; c++) {
        if (c >> 11 == 0x1B) continue;
        for (k = 0; k < 4; k++)
            for (j = 0; j < 6 && (j < 2 || lines[k][j - 1] != '\n'); j++)
                bytes += put_utf8(lines[k][j] ? lines[k][j] : c, text + bytes);
        if (bytes + 100 < sizeof text && c + 1 < 0x32400) continue;
        bytes = form_of(bpe, text, bytes, form, sizeof form);
        for (i = 0; i < bytes; i++) digest = (digest ^ form[i]) * UINT64_C(0x100000001B3);
        bytes = 0;
    }
    return digest;
}

static void texts_are_normalised_as_unicode_has_it(void **state) {
    json_object *root = load_json(GOLDEN "nfc.json");
    json_object *texts = member(root, "texts"), *forms = member(root, "nfc");
    const char *digest = json_object_get_string(member(root, "digest"));
    nc_hlx_bpe *bpe = opened(GOLDEN "qwen2.json", 0), *back;
    char hex[20];
    nc_error err;
    uint32_t ids[64];
    size_t i;
    (void)state;
    assert_int_equal(nc_hlx_bpe_pattern(bpe), NC_HLX_PATTERN_QWEN2);
    for (i = 0; i < json_object_array_length(texts); i++) {
        json_object *text = json_object_array_get_idx(texts, i);
        json_object *form = json_object_array_get_idx(forms, i);
        check_form(bpe, json_object_get_string(text), (size_t)json_object_get_string_len(text),
                   json_object_get_string(form), (size_t)json_object_get_string_len(form));
    }
    check_form(bpe, "e\xCC\x81\xFF\xCC\x81\xE2\x84", 8, "\xC3\xA9\xFF\xCC\x81\xE2\x84", 7);
    snprintf(hex, sizeof hex, "%016llx", (unsigned long long)digest_of_forms(bpe));
    assert_string_equal(hex, digest);
    json_object_array_add(texts, json_object_new_string("t\xC3\xA9 te\xCC\x81 ee\xCC\x81"
                                                        "e \xC3\xA9"
                                                        "e<|endoftext|>\xCC\x81"));
    check_ids(bpe, texts, member(root, "ids"), 1);
    assert_int_equal(nc_hlx_bpe_save(bpe, TEMPORARY, &err), NC_OK);
    back = opened(TEMPORARY, 0);
    assert_true(nc_hlx_bpe_digest(back) == nc_hlx_bpe_digest(bpe));
    assert_int_equal(nc_hlx_bpe_encode(back, "\xCC\x81", 2, ids),
                     nc_hlx_bpe_encode(bpe, "\xCC\x81", 2, ids + 8));
    nc_hlx_bpe_destroy(back);
    nc_hlx_bpe_destroy(bpe);
    unlink(TEMPORARY);
    json_object_put(root);
}

static void what_is_not_done_is_refused_by_name(void **state) {
    static const struct {
        const char *from, *to, *says;
        nc_status status;
    } cases[] = {
        {"\"truncation\":null", "\"truncation\":{}", "truncation", NC_ERR_UNSUPPORTED},
        {"\"padding\":null", "\"padding\":{}", "padding", NC_ERR_UNSUPPORTED},
        {"\"normalizer\":null", "\"normalizer\":{\"type\":\"NFKC\"}", "'NFKC'", NC_ERR_UNSUPPORTED},
        {"\"normalizer\":null", "\"normaliser\":null", "'normaliser'", NC_ERR_UNSUPPORTED},
        {"\"dropout\":null", "\"dropout\":0.1", "dropout", NC_ERR_UNSUPPORTED},
        {"\"dropout\":null", "\"dropout\":0.05", "dropout", NC_ERR_UNSUPPORTED},
        {"\"dropout\":null", "\"dropout\":true", "dropout", NC_ERR_UNSUPPORTED},
        {"\"end_of_word_suffix\":null", "\"end_of_word_suffix\":\"</w>\"", "end_of_word_suffix",
         NC_ERR_UNSUPPORTED},
        {"\"byte_fallback\":false", "\"byte_fallback\":true", "byte_fallback", NC_ERR_UNSUPPORTED},
        {"\"lstrip\":false", "\"lstrip\":true", "lstrip", NC_ERR_UNSUPPORTED},
        {"\"type\":\"BPE\"", "\"type\":\"Unigram\"", "'Unigram'", NC_ERR_UNSUPPORTED},
        {"{1,3}", "{1,4}", "gpt2, cl100k", NC_ERR_UNSUPPORTED},
        {"\"type\":\"Split\"", "\"type\":\"Punctuation\"", "'Punctuation'", NC_ERR_UNSUPPORTED},
        {"\"Isolated\"", "\"Removed\"", "isolate", NC_ERR_UNSUPPORTED},
        {"\"add_prefix_space\":false", "\"add_prefix_space\":true", "add_prefix_space",
         NC_ERR_UNSUPPORTED},
        {"\"TemplateProcessing\"", "\"RobertaProcessing\"", "'RobertaProcessing'",
         NC_ERR_UNSUPPORTED},
        {"\"decoder\":{\"type\":\"ByteLevel\"", "\"decoder\":{\"type\":\"Metaspace\"",
         "'Metaspace'", NC_ERR_UNSUPPORTED},
        {"\"decoder\":{\"type\":\"ByteLevel\",", "\"decoder\":{", "decoder", NC_ERR_UNSUPPORTED},
        {"\"&\":7,", "", "the byte 38", NC_ERR_UNSUPPORTED},
        {"\"!\":2,", "\"!\":3,", "two tokens", NC_ERR_FORMAT},
        {"\"!\":2,", "\"!\":2,\"!\":900,", "twice", NC_ERR_FORMAT},
        {"\"!\":2,", "\"!\":1048576,", "above 1048575", NC_ERR_LIMIT},
        {"\"merges\":[", "\"merges\":[[\"a\",\"\\u0120\"],", "merge 0", NC_ERR_FORMAT},
        {"\"merges\":[", "\"merges\":[\"ab\",", "two tokens", NC_ERR_FORMAT},
        {"\"version\"", "\"version", "expected", NC_ERR_FORMAT},
    };
    char *text = read_text(GOLDEN "tokenizer.json");
    const size_t bytes = strlen(text);
    char *changed = malloc(bytes + 200);
    nc_hlx_bpe *bpe;
    nc_error err;
    size_t i;
    (void)state;
    for (i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *at = strstr(text, cases[i].from);
        if (!at) fail_msg("no %s", cases[i].from);
        snprintf(changed, bytes + 200, "%.*s%s%s", (int)(at - text), text, cases[i].to,
                 at + strlen(cases[i].from));
        write_file(TEMPORARY, changed, strlen(changed));
        if (nc_hlx_bpe_open(&bpe, TEMPORARY, 0, NULL, &err) != cases[i].status ||
            !strstr(err.message, cases[i].says) || bpe)
            fail_msg("%s: status %d, '%s'", cases[i].to, (int)err.status, err.message);
        assert_true(err.line == 1 && err.column >= 1);
    }
    for (i = 0; i < bytes; i += 41) { /* cut off */
        write_file(TEMPORARY, text, i);
        assert_int_not_equal(nc_hlx_bpe_open(&bpe, TEMPORARY, 0, NULL, &err), NC_OK);
        assert_true(err.message[0] != 0 && !bpe);
    }
    write_file(TEMPORARY, "IQ== 0\nIg== 0\n", 14);
    assert_int_equal(nc_hlx_bpe_open(&bpe, TEMPORARY, 1, NULL, &err), NC_ERR_FORMAT);
    assert_int_equal(err.line, 2);
    write_file(TEMPORARY, "IQ 0\n", 5);
    assert_int_equal(nc_hlx_bpe_open(&bpe, TEMPORARY, 1, NULL, &err), NC_ERR_FORMAT);
    assert_int_equal(nc_hlx_bpe_open(&bpe, TEMPORARY, NC_HLX_PATTERNS, NULL, &err), NC_ERR_ARG);
    unlink(TEMPORARY);
    free(changed);
    free(text);
}

static void patterns_learn_whole_characters(void **state) {
    static const char line[] =
        "人人生而自由在尊严和权利上一律平等他们赋有理性和良心并应以兄弟关系的精神相对待";
    char text[20 * sizeof line];
    size_t bytes = 0, n, i, written;
    uint32_t *ids = malloc(sizeof text * sizeof *ids);
    nc_hlx_bpe *bpe, *back;
    nc_error err;
    (void)state;
    for (i = 0; i < 20; i++) { /* runs without white space, longer than any word */
        memcpy(text + bytes, line + 3 * (i % 7), sizeof line - 1 - 3 * (i % 7));
        bytes += sizeof line - 1 - 3 * (i % 7);
    }
    assert_int_equal(
        nc_hlx_bpe_train_pattern(&bpe, text, bytes, 400, NC_HLX_PATTERN_GPT2, NULL, NULL, NULL),
        NC_OK);
    n = nc_hlx_bpe_encode(bpe, text, bytes, ids);
    for (i = 0; i < n; i++) { /* merges do not begin inside of characters */
        uint8_t token[256];
        assert_int_equal(nc_hlx_bpe_decode(bpe, ids + i, 1, token, sizeof token, &written), NC_OK);
        assert_true(token[0] >> 6 != 2);
        assert_int_equal(nc_hlx_utf8_whole(token, written), written);
    }
    assert_int_equal(nc_hlx_bpe_save(bpe, TEMPORARY, &err), NC_OK);
    back = opened(TEMPORARY, 0);
    assert_true(nc_hlx_bpe_digest(back) == nc_hlx_bpe_digest(bpe));
    assert_int_equal(nc_hlx_bpe_pattern(back), NC_HLX_PATTERN_GPT2);
    nc_hlx_bpe_destroy(back);
    assert_int_equal(nc_hlx_bpe_open(&back, TEMPORARY, NC_HLX_PATTERN_O200K, NULL, &err),
                     NC_ERR_ARG);
    assert_int_equal(nc_hlx_bpe_save_json(bpe, TEMPORARY, &err), NC_OK);
    back = opened(TEMPORARY, 0);
    assert_int_equal(nc_hlx_bpe_encode(back, text, bytes, ids), n);
    assert_true(nc_hlx_bpe_digest(back) == nc_hlx_bpe_digest(bpe));
    nc_hlx_bpe_destroy(back);
    nc_hlx_bpe_destroy(bpe);
    assert_int_equal(nc_hlx_bpe_train(&bpe, text, bytes, 300, NULL, NULL, NULL), NC_OK);
    assert_int_equal(nc_hlx_bpe_save_json(bpe, TEMPORARY, &err), NC_ERR_UNSUPPORTED);
    nc_hlx_bpe_destroy(bpe);
    unlink(TEMPORARY);
    free(ids);
}

/* Any bytes with every pattern; without memory, with a heap and with pieces kept the ids are the
   same. */
static void any_bytes_come_back_with_and_without_memory(void **state) {
    enum { MOST = 6000 };
    failing_memory memory = {0, 0, 0};
    nc_allocator hooks = {failing_alloc, failing_free, &memory};
    static uint8_t text[MOST], back[MOST];
    static uint32_t ids[MOST], again[MOST];
    uint64_t seed = 7;
    uint32_t p;
    size_t i, k, n, written;
    nc_error err;
    (void)state;
    for (p = 1; p < NC_HLX_PATTERNS; p++) {
        nc_hlx_bpe *bpe;
        memory.until_failure = -1;
        assert_int_equal(nc_hlx_bpe_open(&bpe, GOLDEN "ranks.tiktoken", p, &hooks, &err), NC_OK);
        for (k = 0; k < 40; k++) {
            const size_t bytes = k < 3 ? MOST / 3 * k : test_random(&seed) % 1500;
            for (i = 0; i < bytes; i++)
                text[i] =
                    (uint8_t)(k % 2 ? test_random(&seed) % 256
                                    : (unsigned)"ab c1\n\xE4\xBA\xBA"[test_random(&seed) % 9]);
            if (k == 1) memset(text, 'a', bytes);
            memory.until_failure = -1;
            n = nc_hlx_bpe_encode(bpe, text, bytes, ids);
            memory.until_failure = 0;
            assert_int_equal(nc_hlx_bpe_encode(bpe, text, bytes, again), n);
            assert_memory_equal(ids, again, n * sizeof *ids);
            assert_int_equal(nc_hlx_bpe_decode(bpe, ids, n, back, MOST, &written), NC_OK);
            assert_int_equal(written, bytes);
            assert_memory_equal(back, text, bytes);
        }
        nc_hlx_bpe_destroy(bpe);
        assert_int_equal(memory.blocks, 0);
    }
}

static void failed_allocations_leave_nothing(void **state) {
    static const char *const paths[] = {GOLDEN "tokenizer.json", GOLDEN "vocab.json",
                                        GOLDEN "ranks.tiktoken", GOLDEN "qwen2.json"};
    static const char mark[] = "e\xCC\x81";
    failing_memory memory = {0, 0, 0};
    nc_allocator hooks = {failing_alloc, failing_free, &memory};
    size_t i;
    (void)state;
    for (i = 0; i < 4; i++) {
        nc_status status = NC_ERR_MEMORY;
        nc_hlx_bpe *bpe;
        nc_error err;
        long k;
        for (k = 0; status == NC_ERR_MEMORY; k++) {
            memory.until_failure = k;
            status = nc_hlx_bpe_open(&bpe, paths[i], i == 2, &hooks, &err);
            if (status == NC_OK && i == 3) {
                uint32_t ids[25];
                memory.until_failure = 0;
                assert_int_equal(nc_hlx_bpe_encode(bpe, mark, 3, ids), SIZE_MAX);
                assert_true(nc_hlx_bpe_encode_document(bpe, mark, 3, ids) == SIZE_MAX);
                assert_int_equal(nc_hlx_bpe_encode(bpe, mark, 1, ids), 1);
                memory.until_failure = 1;
                assert_int_equal(nc_hlx_bpe_encode(bpe, mark, 3, ids), SIZE_MAX);
            }
            if (status == NC_OK) nc_hlx_bpe_destroy(bpe);
            assert_int_equal(memory.blocks, 0);
        }
        if (status != NC_OK || k < 20) fail_msg("%s: %s", paths[i], err.message);
    }
}

/* A text that is encoded in parts has the ids that it has as a whole. */
static void check_data(const nc_hlx_bpe *bpe, const char *text, size_t bytes) {
    uint32_t *ids = malloc(nc_hlx_bpe_room(bpe, bytes) * sizeof *ids);
    const size_t train = bytes / 10 * 9, n = nc_hlx_bpe_encode(bpe, text, train, ids);
    nc_hlx_data data;
    nc_error err;
    size_t i;
    write_file(TEMPORARY ".txt", text, bytes);
    if (nc_hlx_data_open(&data, TEMPORARY ".txt", 1, bpe, 8, 1, &err) != NC_OK)
        fail_msg("%s", err.message);
    assert_int_equal(data.train.token_bytes, nc_hlx_bpe_vocab(bpe) > 65536 ? 4 : 2);
    assert_int_equal(data.train.count, n);
    for (i = 0; i < n; i++) {
        const uint8_t *at = data.train.data + data.train.token_bytes * i;
        if (at[0] + 256u * at[1] != ids[i]) fail_msg("token %zu of %zu", i, n);
    }
    nc_hlx_data_close(&data);
    unlink(TEMPORARY ".txt");
    free(ids);
}

/* Where characters are normalised: parts end with lines, and there may be more tokens than bytes. */
static void check_normalised_data(char *text, size_t bytes) {
    static const char *const marks[] = {"e\xCC\x81", "\xE0\xA5\x98", "\xCC\x81\n\xCC\x81"};
    nc_hlx_bpe *bpe = opened(GOLDEN "qwen2.json", 0);
    uint64_t seed = 3;
    size_t i;
    for (i = 0; i + 8 < bytes; i += 1 + test_random(&seed) % 60) {
        const char *mark = marks[test_random(&seed) % 3];
        memcpy(text + i, mark, strlen(mark));
    }
    check_data(bpe, text, bytes);
    for (i = 0; i + 3 < bytes; i += 3) memcpy(text + i, marks[1], 3);
    check_data(bpe, text, bytes);
    nc_hlx_bpe_destroy(bpe);
}

static void a_data_file_has_the_ids_of_its_text(void **state) {
    char *text = read_text("examples/data/genesis.txt");
    const size_t half = strlen(text), bytes = 4 * half;
    char *more = malloc(bytes);
    nc_hlx_bpe *bpe;
    size_t i;
    (void)state;
    for (i = 0; i < bytes; i++) {
        const size_t at = i % 7919; /* 64 KiB are at 2,184 */
        more[i] = at - 2100 < 200 ? " \n"[at == 2100] : text[i % half];
    }
    bpe = opened(GOLDEN "ranks.tiktoken", NC_HLX_PATTERN_CL100K);
    check_data(bpe, more, bytes);
    assert_int_equal(nc_hlx_bpe_add_special(bpe, "<|far|>", 70000), NC_OK);
    check_data(bpe, more, bytes);
    nc_hlx_bpe_destroy(bpe);
    check_normalised_data(more, bytes);
    free(more);
    free(text);
}

static void only_whole_characters_are_printed(void **state) {
    static const struct {
        const char *text;
        size_t bytes, whole;
    } cases[] = {{"", 0, 0},
                 {"a", 1, 1},
                 {"a\xC3", 2, 1},
                 {"a\xC3\xA9", 3, 3},
                 {"\xE4", 1, 0},
                 {"\xE4\xBA", 2, 0},
                 {"x\xE4\xBA\xBA", 4, 4},
                 {"\xF0\x9F", 2, 0},
                 {"z\xF0\x9F\x91", 4, 1},
                 {"\xF0\x9F\x91\x8D", 4, 4},
                 {"\xE0", 1, 0},
                 {"\xF4\x8F\xBF", 3, 0},
                 {"\xED\xA0", 2, 2}, /* a surrogate never becomes whole */
                 {"\xC0", 1, 1},     /* nor this */
                 {"\xBA\xBA", 2, 2}, /* nor what has no beginning */
                 {"\xF4\x90", 2, 2}};
    size_t i;
    (void)state;
    for (i = 0; i < sizeof cases / sizeof *cases; i++)
        if (nc_hlx_utf8_whole(cases[i].text, cases[i].bytes) != cases[i].whole)
            fail_msg("case %zu: %zu", i, nc_hlx_utf8_whole(cases[i].text, cases[i].bytes));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ranks_give_tiktokens_ids_with_every_pattern),
        cmocka_unit_test(tokenizer_json_gives_its_librarys_ids),
        cmocka_unit_test(texts_are_normalised_as_unicode_has_it),
        cmocka_unit_test(what_is_not_done_is_refused_by_name),
        cmocka_unit_test(patterns_learn_whole_characters),
        cmocka_unit_test(any_bytes_come_back_with_and_without_memory),
        cmocka_unit_test(failed_allocations_leave_nothing),
        cmocka_unit_test(a_data_file_has_the_ids_of_its_text),
        cmocka_unit_test(only_whole_characters_are_printed),
    };
    return cmocka_run_group_tests_name("hlx tokenizer", tests, NULL, NULL);
}
