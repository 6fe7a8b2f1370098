/* nc_hlx.h: files of text and of tokens, and what is refused. */
#include "test.h"
#include <sys/wait.h>
#include <unistd.h>
#include "../nc_hlx.h"

#define FILE_NAME "build/test_data.bin"
#define OTHER_NAME "build/test_data_valid.bin"

typedef struct content {
    uint8_t bytes[8192];
    size_t n;
} content;

static void put(content *c, uint64_t value, int bytes) {
    for (; bytes; bytes--, value >>= 8) c->bytes[c->n++] = (uint8_t)value;
}

static void put_text(content *c, const char *text) {
    memcpy(c->bytes + c->n, text, strlen(text));
    c->n += strlen(text);
}

static void write_to(const char *path, const content *c) {
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(c->bytes, 1, c->n, file), c->n);
    fclose(file);
}

/* The tokens of the test, as many bytes each. */
static uint32_t token_of(uint32_t i) { return (i * 37 + i / 3) % 250; }

static void put_tokens(content *c, uint32_t n, int bytes) {
    uint32_t i;
    for (i = 0; i < n; i++) put(c, token_of(i), bytes);
}

/* llm.c's header of 256 integers. */
static content llmc(uint32_t magic, uint32_t version, uint32_t count) {
    content c = {{0}, 0};
    put(&c, magic, 4);
    put(&c, version, 4);
    put(&c, count, 4);
    c.n = 1024;
    return c;
}

/* What numpy.save writes: padded with spaces to a multiple of 64, a newline at the end. */
static content npy(const char *type, const char *order, const char *shape) {
    content c = {{0}, 0};
    char text[100];
    size_t start;
    put_text(&c, "\x93NUMPY\x01");
    put(&c, 0, 1);
    put(&c, 118, 2);
    start = c.n;
    snprintf(text, sizeof text, "{'descr': '%s', 'fortran_order': %s, 'shape': (%s), }", type,
             order, shape);
    put_text(&c, text);
    while (c.n < start + 117) put_text(&c, " ");
    put_text(&c, "\n");
    return c;
}

static nc_status open_as(nc_hlx_data *data, uint32_t token_bytes, uint32_t vocab, nc_error *err) {
    nc_hlx_data_options o = {0};
    o.path = FILE_NAME;
    o.token_bytes = token_bytes;
    o.vocab = vocab;
    o.seq = 8;
    o.seed = 1;
    return nc_hlx_data_open_with(data, &o, err);
}

/* What was written is 500 tokens, of so many bytes each. */
static void holds_the_tokens(const content *c, uint32_t given, uint32_t token_bytes) {
    uint32_t tokens[8], targets[8], i, at;
    nc_hlx_data data;
    nc_error err;
    write_to(FILE_NAME, c);
    if (open_as(&data, given, 250, &err) != NC_OK) fail_msg("%s", err.message);
    assert_int_equal(data.train.count, 450);
    assert_int_equal(data.valid.count, 50);
    assert_int_equal(data.train.token_bytes, token_bytes);
    assert_int_equal(data.source.file_token_bytes, token_bytes);
    assert_int_equal(data.train_bytes, 450 * token_bytes);
    assert_int_equal(data.valid_bytes, 50 * token_bytes);
    nc_hlx_loader_next(&data.train, tokens, targets, 1);
    for (at = 0; token_of(at) != tokens[0] || token_of(at + 1) != tokens[1]; at++)
        assert_in_range(at, 0, 500);
    for (i = 0; i < 8; i++) {
        assert_int_equal(tokens[i], token_of(at + i));
        assert_int_equal(targets[i], token_of(at + i + 1));
    }
    for (i = 0; i < 50; i++) assert_int_equal(data.valid.data[i * token_bytes], token_of(450 + i));
    nc_hlx_data_close(&data);
}

static void token_files_of_others_are_known_by_their_content(void **state) {
    static const struct {
        const char *type;
        int bytes;
    } types[] = {{"|u1", 1}, {"<u2", 2}, {"<i2", 2}, {"<u4", 4},
                 {"<i4", 4}, {"<u8", 8}, {"<i8", 8}};
    content c = llmc(20240520, 1, 500);
    size_t i;
    (void)state;
    put_tokens(&c, 500, 2);
    holds_the_tokens(&c, 0, 2);
    c = llmc(20240801, 7, 500);
    put_tokens(&c, 500, 4);
    holds_the_tokens(&c, 0, 4);
    for (i = 0; i < sizeof types / sizeof *types; i++) {
        c = npy(types[i].type, "False", "500,");
        put_tokens(&c, 500, types[i].bytes);
        holds_the_tokens(&c, 0, (uint32_t)types[i].bytes);
    }
    c.n = 0; /* of version 2, its members in another order */
    put_text(&c, "\x93NUMPY\x02");
    put(&c, 0, 1);
    put(&c, 62, 4);
    put_text(&c, "{\"shape\": (500,), \"descr\": \"uint16\", \"fortran_order\": True}  \n");
    assert_int_equal(c.n, 12 + 62);
    put_tokens(&c, 500, 2);
    holds_the_tokens(&c, 0, 2);
    for (i = 1; i <= 8; i *= 2) { /* as nanoGPT's: nothing but tokens */
        c.n = 0;
        put_tokens(&c, 500, (int)i);
        holds_the_tokens(&c, (uint32_t)i, (uint32_t)i);
    }
}

static void refused(const content *c, uint32_t given, nc_status status, const char *message) {
    nc_hlx_data data;
    nc_error err;
    write_to(FILE_NAME, c);
    assert_int_equal(open_as(&data, given, 250, &err), status);
    if (!strstr(err.message, message)) fail_msg("'%s' is not in: %s", message, err.message);
}

static void what_is_no_token_file_is_refused_by_name(void **state) {
    content c = llmc(20240522, 1, 10);
    (void)state;
    put_tokens(&c, 500, 2);
    refused(&c, 0, NC_ERR_UNSUPPORTED, "questions of llm.c");
    c = llmc(20240520, 2, 500);
    put_tokens(&c, 500, 2);
    refused(&c, 0, NC_ERR_UNSUPPORTED, "version 2 of llm.c's magic 20240520");
    c = llmc(20240520, 1, 501);
    put_tokens(&c, 500, 2);
    refused(&c, 0, NC_ERR_FORMAT, "1000 bytes are not 501 tokens of 2");
    put(&c, 1, 1);
    refused(&c, 0, NC_ERR_FORMAT, "1001 bytes are not 501 tokens of 2");
    c = npy("<f4", "False", "500,");
    put_tokens(&c, 500, 4);
    refused(&c, 0, NC_ERR_UNSUPPORTED, "type <f4");
    c = npy(">u2", "False", "500,");
    put_tokens(&c, 500, 2);
    refused(&c, 0, NC_ERR_UNSUPPORTED, "type >u2");
    c = npy("|b1", "False", "500,");
    put_tokens(&c, 500, 1);
    refused(&c, 0, NC_ERR_UNSUPPORTED, "type |b1");
    c = npy("<i2", "False", "500,");
    put_tokens(&c, 499, 2);
    put(&c, 0xFFFF, 2); /* -1 */
    refused(&c, 0, NC_ERR_MISMATCH, "number 499 is negative");
    c = npy("|i1", "False", "500,"); /* tokens from 128 on do not fit */
    put_tokens(&c, 500, 1);
    refused(&c, 0, NC_ERR_MISMATCH, "is negative, no token");
    c = npy("<u2", "False", "50, 10");
    put_tokens(&c, 500, 2);
    refused(&c, 0, NC_ERR_UNSUPPORTED, "not one row");
    c = npy("<u2", "False", "500,");
    put_tokens(&c, 499, 2);
    refused(&c, 0, NC_ERR_FORMAT, "998 bytes are not 500 tokens of 2");
    c.n = 60;
    refused(&c, 0, NC_ERR_FORMAT, "no whole header");
    c.n = 0;
    put_tokens(&c, 500, 2);
    refused(&c, 0, NC_ERR_FORMAT, "say how many bytes");
    put(&c, 1, 1);
    refused(&c, 2, NC_ERR_FORMAT, "1001 bytes are no tokens of 2");
    refused(&c, 3, NC_ERR_ARG, "1, 2, 4, 8");
    c.n = 0;
    refused(&c, 0, NC_ERR_LIMIT, "too short");
    put_tokens(&c, 80, 1); /* 8 for validation: no window with its successor */
    refused(&c, 1, NC_ERR_LIMIT, "too short");
}

static void after_an_error_there_is_nothing_to_close(void **state) {
    nc_hlx_data_options o = {0};
    nc_hlx_data data;
    (void)state;
    memset(&data, 0xAA, sizeof data);
    assert_int_equal(nc_hlx_data_open_with(&data, &o, NULL), NC_ERR_ARG);
    nc_hlx_data_close(&data);
    memset(&data, 0xAA, sizeof data);
    assert_int_equal(nc_hlx_data_open(&data, FILE_NAME, 3, NULL, 8, 1, NULL), NC_ERR_ARG);
    nc_hlx_data_close(&data);
}

static void a_bad_token_is_named_with_its_place(void **state) {
    content c = npy("<i8", "False", "500,");
    (void)state;
    put_tokens(&c, 499, 8);
    put(&c, (uint64_t)-1, 8);
    refused(&c, 0, NC_ERR_MISMATCH, "token 499, at byte 4120, is 18446744073709551615");
    c.bytes[128 + 8 * 499 + 7] = 0; /* some other number beyond 32 bits */
    refused(&c, 0, NC_ERR_MISMATCH, "token 499");
    c.n = 0;
    put_tokens(&c, 500, 1);
    c.bytes[123] = 250;
    refused(&c, 1, NC_ERR_MISMATCH, "token 123, at byte 123, is 250: the vocabulary has 250");
}

static void validation_has_a_file_of_its_own(void **state) {
    content c = {{0}, 0}, d = npy("<u2", "False", "200,");
    nc_hlx_data_options o = {0};
    nc_hlx_data data;
    nc_error err;
    (void)state;
    put_text(&c, "text as long as all of this");
    put_tokens(&d, 200, 2);
    write_to(FILE_NAME, &c);
    write_to(OTHER_NAME, &d);
    o.path = FILE_NAME;
    o.valid_path = OTHER_NAME;
    o.vocab = 256;
    o.seq = 4;
    assert_int_equal(nc_hlx_data_open_with(&data, &o, &err), NC_OK);
    assert_int_equal(data.train.count, c.n);
    assert_int_equal(data.valid.count, 200);
    assert_int_equal(data.train_bytes, c.n);
    assert_int_equal(data.valid_bytes, 400);
    assert_true(data.source.text && !data.valid_source.text);
    nc_hlx_data_close(&data);
    o.valid_path = "build/no_such_file";
    assert_int_equal(nc_hlx_data_open_with(&data, &o, &err), NC_ERR_IO);
    assert_non_null(strstr(err.message, "no_such_file"));
    assert_null(data.source.file.data);
    o.valid_path = OTHER_NAME;
    o.vocab = 200;
    assert_int_equal(nc_hlx_data_open_with(&data, &o, &err), NC_ERR_MISMATCH);
    assert_non_null(strstr(err.message, OTHER_NAME));
}

static void documents_can_be_kept_apart(void **state) {
    static const uint8_t words[] = {5, 6, 0, 7, 8, 9, 0, 0, 4, 3, 2, 1, 5, 6, 0, 7, 8, 9, 1, 1};
    content c = {{0}, sizeof words};
    nc_hlx_data_options o = {0};
    nc_hlx_data data;
    nc_error err;
    uint32_t tokens[17], targets[17], i;
    (void)state;
    memcpy(c.bytes, words, sizeof words);
    write_to(FILE_NAME, &c);
    o.path = o.valid_path = FILE_NAME;
    o.token_bytes = 1;
    o.seq = 17;
    o.apart = 1;
    o.document_end = 0;
    assert_int_equal(nc_hlx_data_open_with(&data, &o, &err), NC_OK);
    nc_hlx_loader_next(&data.train, tokens, targets, 1);
    for (i = 0; i < 17; i++) /* an end is a target, what follows it is none */
        if ((targets[i] == NC_HLX_IGNORE) != (tokens[i] == 0)) fail_msg("token %u", (unsigned)i);
    nc_hlx_data_close(&data);
}

static int stop(void *user, uint64_t done, uint64_t total) {
    int *calls = user;
    assert_true(done <= total);
    return ++*calls == 2;
}

static void encoding_can_be_stopped(void **state) {
    nc_hlx_data_options o = {0};
    nc_hlx_bpe *bpe;
    nc_hlx_data data;
    nc_error err;
    char *text = malloc(400000);
    FILE *file = fopen(FILE_NAME, "wb");
    int calls = 0;
    size_t i;
    (void)state;
    assert_true(file && text);
    for (i = 0; i < 400000; i++) text[i] = (char)(i % 6 == 5 ? ' ' : 'a' + i * i % 7);
    assert_int_equal(fwrite(text, 1, 400000, file), 400000);
    fclose(file);
    assert_int_equal(nc_hlx_bpe_train(&bpe, text, 4000, 300, NULL, NULL, NULL), NC_OK);
    o.path = FILE_NAME;
    o.bpe = bpe;
    o.seq = 4;
    assert_int_equal(nc_hlx_data_open_with(&data, &o, &err), NC_OK);
    assert_true(data.train.count < 360000 && data.train_bytes == 360000);
    assert_int_equal(data.valid_bytes, 40000);
    nc_hlx_data_close(&data);
    o.progress = stop;
    o.user = &calls;
    assert_int_equal(nc_hlx_data_open_with(&data, &o, &err), NC_ERR_CANCELLED);
    o.progress = NULL;
    o.vocab = 257; /* of the model; the tokenizer has more */
    assert_int_equal(nc_hlx_data_open_with(&data, &o, &err), NC_ERR_MISMATCH);
    assert_non_null(strstr(err.message, "the tokenizer gives token"));
    nc_hlx_bpe_destroy(bpe);
    free(text);
}

/* Long texts are encoded in parts: to the tokens of the whole, whatever stands where a part ends. */
static void parts_of_a_text_give_the_tokens_of_the_whole(void **state) {
    static const char *const pieces[] = {
        "word",  " ",   "  ",       "\n",   "\r\n",         "\xE3\x80\x80",
        "don't", "123", "It",       "ED",   "\xE4\xB8\xAD", "\xE6\x96\x87",
        "...",   "/\n", "\xD0\x96", "\xFF", "\xC2\xA0",     "\xE4\xB8",
        "\t",    "-"};
    enum { BYTES = 1500000 };
    char *text = malloc(BYTES + 8);
    uint32_t *tokens = malloc(BYTES * sizeof *tokens), pattern;
    uint64_t seed = 5;
    size_t bytes = 0, i;
    nc_error written;
    (void)state;
    assert_true(text && tokens);
    while (bytes < BYTES) {
        const char *piece = pieces[test_random(&seed) % (bytes / 100000 % 2 ? 20 : 6)];
        memcpy(text + bytes, piece, strlen(piece));
        bytes += strlen(piece);
    }
    assert_int_equal(nc_file_write(FILE_NAME, text, bytes, &written), NC_OK);
    for (pattern = 0; pattern < NC_HLX_PATTERNS; pattern++) {
        nc_hlx_data_options o = {0};
        nc_hlx_data data;
        nc_hlx_bpe *bpe;
        nc_error err;
        size_t n;
        assert_int_equal(
            nc_hlx_bpe_train_pattern(&bpe, text + 99000, 3000, 320, pattern, NULL, NULL, NULL),
            NC_OK);
        o.path = FILE_NAME;
        o.bpe = bpe;
        o.seq = 4;
        if (nc_hlx_data_open_with(&data, &o, &err) != NC_OK) fail_msg("%s", err.message);
        n = nc_hlx_bpe_encode(bpe, text, data.train_bytes, tokens);
        assert_int_equal(data.train.count, n);
        for (i = 0; i < n; i++)
            assert_int_equal(data.train.data[2 * i] | data.train.data[2 * i + 1] << 8, tokens[i]);
        nc_hlx_data_close(&data);
        nc_hlx_bpe_destroy(bpe);
    }
    free(tokens);
    free(text);
}

static int clean(void **state) {
    (void)state;
    remove(FILE_NAME);
    remove(OTHER_NAME);
    return 0;
}

/* What another process writes into a pipe is read once: a second opening would wait for ever. */
static void a_pipe_is_read_to_its_end(void **state) {
    content c = {{0}, 0};
    nc_hlx_data data;
    nc_error err;
    int pid, told;
    (void)state;
    put_tokens(&c, 500, 2);
    (void)remove(OTHER_NAME);
    assert_int_equal(mkfifo(OTHER_NAME, 0600), 0);
    pid = fork();
    if (pid == 0) {
        FILE *to = fopen(OTHER_NAME, "wb");
        const int whole = to && fwrite(c.bytes, 1, c.n, to) == c.n && fclose(to) == 0;
        _exit(whole ? 0 : 1);
    }
    (void)alarm(60);
    if (nc_hlx_data_open(&data, OTHER_NAME, 2, NULL, 8, 1, &err) != NC_OK)
        fail_msg("%s", err.message);
    (void)alarm(0);
    assert_int_equal(data.source.count, 500);
    assert_memory_equal(data.source.tokens, c.bytes, c.n);
    nc_hlx_data_close(&data);
    assert_int_equal(waitpid(pid, &told, 0), pid);
    assert_true(WIFEXITED(told) && WEXITSTATUS(told) == 0);
    (void)remove(OTHER_NAME);
}

static void nothing_is_open_after_an_error(void **state) {
    nc_hlx_data_options o = {0};
    nc_hlx_data data;
    nc_error err;
    (void)state;
    memset(&data, 255, sizeof data);
    assert_int_equal(nc_hlx_data_open_with(&data, &o, &err), NC_ERR_ARG);
    nc_hlx_data_close(&data);
    memset(&data, 255, sizeof data);
    assert_int_equal(nc_hlx_data_open(&data, FILE_NAME, 3, NULL, 8, 1, &err), NC_ERR_ARG);
    nc_hlx_data_close(&data);
    memset(&data, 255, sizeof data);
    assert_int_equal(nc_hlx_data_open(&data, "build/no_such_file", 1, NULL, 8, 1, &err), NC_ERR_IO);
    nc_hlx_data_close(&data);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pipe_is_read_to_its_end),
        cmocka_unit_test(nothing_is_open_after_an_error),
        cmocka_unit_test(token_files_of_others_are_known_by_their_content),
        cmocka_unit_test(what_is_no_token_file_is_refused_by_name),
        cmocka_unit_test(after_an_error_there_is_nothing_to_close),
        cmocka_unit_test(a_bad_token_is_named_with_its_place),
        cmocka_unit_test(validation_has_a_file_of_its_own),
        cmocka_unit_test(documents_can_be_kept_apart),
        cmocka_unit_test(encoding_can_be_stopped),
        cmocka_unit_test(parts_of_a_text_give_the_tokens_of_the_whole),
    };
    return cmocka_run_group_tests_name("hlx data", tests, NULL, clean);
}
