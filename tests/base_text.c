/* The blocks nc text, nc tensors and nc index, which stand in several headers: numbers in any
   locale, JSON as RFC 8259 has it, headers of safetensors and .npy files, ids by hash. Their functions
   are private, so this file holds an implementation of its own. */
#include "test.h"
#include <unistd.h>
#define NC_MAX_FILE_BYTES 70000
#define NC_IMPLEMENTATION
#include "../nc_hlx.h"

static nc__text open_text(const char *text, nc_error *err) {
    nc__text t;
    nc__text_open(&t, text, strlen(text), err);
    return t;
}

static void numbers_do_not_depend_on_the_locale(void **state) {
    static const double values[] = {0,        -0.0,  1.5,           -2.25e-30, 6.02214076e23,
                                    1e-310,   1e300, 0.1,           1.0 / 3,   123456789,
                                    4.9e-324, -1e5,  3.40282347e38, 1e22 + 1,  0.5};
    char printed[64];
    int pass;
    size_t i;
    (void)state;
    for (pass = 0; pass < 2; pass++) {
        if (pass && !comma_locale()) {
            printf("skipped: no locale with a comma (Debian: locales)\n");
            break;
        }
        snprintf(printed, sizeof printed, "%.1f", 1.5);
        assert_string_equal(printed, pass ? "1,5" : "1.5");
        for (i = 0; i < sizeof values / sizeof *values; i++) {
            nc__buffer b;
            nc__text t;
            double back;
            memset(&b, 0, sizeof b);
            nc__buffer_real(&b, values[i], 17);
            nc__buffer_put(&b, "]", 1);
            assert_null(strchr(b.data, ','));
            t = open_text(b.data, NULL);
            back = nc__text_real(&t);
            assert_memory_equal(&back, &values[i], sizeof back);
            assert_int_equal(nc__peek(&t, 0), ']');
            nc__buffer_free(&b);
        }
    }
    setlocale(LC_NUMERIC, "C");
}

static void numbers_that_are_none_are_refused(void **state) {
    static const char *const bad[] = {"", "x", "-", "1.2.3", "1e", "+-1", "1,5"};
    size_t i;
    (void)state;
    for (i = 0; i < sizeof bad / sizeof *bad; i++) {
        nc_error err;
        nc__text t = open_text(bad[i], &err);
        (void)nc__text_real(&t);
        if (i < 6) assert_int_equal(t.status, NC_ERR_FORMAT);
        if (i == 6) assert_int_equal(nc__peek(&t, 0), ',');
    }
}

static void strings_have_every_escape_and_any_length(void **state) {
    char out[64], *longest = (char *)malloc(70000);
    nc_error err;
    nc__text t =
        open_text("\"a\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041\\u00e9\\u20AC\\ud83d\\ude00z\"", &err);
    (void)state;
    assert_int_equal(nc__json_string(&t, out, sizeof out), 20);
    assert_string_equal(out, "a\"\\/\b\f\n\r\tA\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80z");
    assert_int_equal(t.status, NC_OK);
    memset(longest, 'x', 70000);
    longest[0] = longest[69998] = '"';
    longest[69999] = 0;
    t = open_text(longest, &err);
    assert_int_equal(nc__json_string(&t, out, sizeof out), 69997); /* cut short, and says so */
    assert_int_equal(strlen(out), 63);
    t = open_text(longest, &err);
    nc__json_key(&t, out, sizeof out);
    assert_int_equal(t.status, NC_ERR_LIMIT);
    free(longest);
}

static void broken_json_names_its_place(void **state) {
    static const struct {
        const char *text;
        int line, column;
    } bad[] = {{"", 1, 1},
               {"{", 1, 2},
               {"[1 2]", 1, 4},
               {"[1,\n 2,,3]", 2, 4},
               {"{\"a\"}", 1, 5},
               {"{\"a\":}", 1, 6},
               {"\"a\nb\"", 1, 3},
               {"\"\\x\"", 1, 4},
               {"\"\\u12g4\"", 1, 6},
               {"\"\\ud800\"", 1, 8},
               {"\"\\ud800\\u0041\"", 1, 14}, /* the second half is none */
               {"\"\\ud800\\udbff\"", 1, 14},
               {"\"\\udc00\\ud800\"", 1, 8},
               {"\"\\u0000\"", 1, 8},
               {"[\"a\"", 1, 5},
               {"{1:2}", 1, 2}};
    char deep[200];
    nc_error err;
    nc__text t;
    size_t i;
    (void)state;
    for (i = 0; i < sizeof bad / sizeof *bad; i++) {
        t = open_text(bad[i].text, &err);
        nc__json_skip(&t);
        if (t.status != NC_ERR_FORMAT) fail_msg("'%s' is taken", bad[i].text);
        if (err.line != bad[i].line || err.column != bad[i].column)
            fail_msg("'%s': %d:%d %s", bad[i].text, (int)err.line, (int)err.column, err.message);
    }
    memset(deep, '[', sizeof deep);
    nc__text_open(&t, deep, sizeof deep, &err);
    nc__json_skip(&t);
    assert_int_equal(t.status, NC_ERR_LIMIT);
    t = open_text(" {\"a\": [1, -2.5e3, true, null, {\"b\": \"c\"}, [], {}], \"d\": false} x",
                  &err);
    nc__json_skip(&t);
    nc__skip_space(&t);
    assert_int_equal(t.status, NC_OK);
    assert_int_equal(nc__peek(&t, 0), 'x');
}

static void naturals_stop_at_their_bound(void **state) {
    nc_error err;
    nc__text t = open_text("18446744073709551615", &err);
    (void)state;
    assert_true(nc__json_natural(&t, UINT64_MAX) == UINT64_MAX);
    assert_int_equal(t.status, NC_OK);
    t = open_text("18446744073709551616", &err);
    (void)nc__json_natural(&t, UINT64_MAX);
    assert_int_equal(t.status, NC_ERR_LIMIT);
    t = open_text("8", &err);
    (void)nc__json_natural(&t, 7);
    assert_int_equal(t.status, NC_ERR_LIMIT);
    t = open_text("007", &err);
    (void)nc__json_natural(&t, 7);
    assert_int_equal(t.status, NC_ERR_FORMAT);
    t = open_text("-1", &err);
    (void)nc__json_natural(&t, 7);
    assert_int_equal(t.status, NC_ERR_FORMAT);
}

static char last_name[1000], last_text[1000];

/* A file from its header's text and so many bytes of data. */
static nc_status read_all(const char *head, size_t data, nc_error *err, nc__item *last) {
    size_t length = strlen(head), bytes = 8 + length + data;
    uint8_t *file = (uint8_t *)malloc(bytes);
    nc__safetensors f;
    nc__item item;
    nc_status status;
    nc__put_le(file, length, 8);
    memcpy(file + 8, head, length);
    memset(file + 8 + length, 0x3C, data);
    status = nc__safetensors_open(&f, file, bytes, err);
    while (status == NC_OK && nc__safetensors_next(&f, &item) != NC__ITEM_END) {
        *last = item;
        snprintf(last_name, sizeof last_name, "%s", item.name);
        if (*item.text) snprintf(last_text, sizeof last_text, "%s", item.text);
    }
    if (status == NC_OK) status = f.t.status;
    nc__safetensors_close(&f);
    free(file);
    return status;
}

static void safetensors_headers_are_read_as_hostile(void **state) {
    static const char *const bad[] = {
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,"
        "12]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8,"
        "0]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[0,"
        "8]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,"
        "4]}}", /* 4 bytes are nobody's */
        "{\"a\":{\"dtype\":\"F32\",\"data_offsets\":[0,8]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0]"
        "}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[281474976710656,4],"
        "\"data_offsets\":[0,8]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,"
        "8]}} x",
        "{\"__metadata__\":{\"a\":1}}", "[]",
        /* bytes of two, and bytes of none */
        "{\"a\":{\"dtype\":\"U8\",\"shape\":[8],\"data_offsets\":[0,8]"
        "},\"b\":{\"dtype\":\"U8\",\"shape\":[6],\"data_offsets\":[2,8]"
        "}}",
        "{\"a\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[0,2]"
        "},\"b\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[4,8]"
        "}}",
        "{\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]"
        "},\"b\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[2,6]"
        "}}",
        "{\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]"
        "},\"b\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]"
        "}}",
        "{\"a\":{\"dtype\":\"U8\",\"shape\":[8],\"data_offsets\":[0,8]"
        "},\"b\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[5,5]"
        "}}",
        "{\"a\":{\"dtype\":\"F32\",\"dtype\":\"F32\",\"shape\":[2],"
        "\"data_offsets\":[0,8]}}",
        /* the whole again behind offsets that are none: dimensions of both shapes */
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[1000,1000],\"data_offsets\":[0],"
        "\"dtype\":\"F32\",\"shape\":[1,2],\"data_offsets\":[0,8]}}",
        "{\"__metadata__\":{},\"__metadata__\":{},\"a\":{\"dtype\":"
        "\"U8\",\"shape\":[8],\"data_offsets\":[0,8]}}",
        "{\"a\":{\"dtype\":\"F4\",\"shape\":[15],\"data_offsets\":[0,8"
        "]}}",
        "{\"a\":{\"dtype\":\"U8\",\"shape\":[08],\"data_offsets\":[0,8"
        "]}}",
        "{\"a\":{\"dtype\":\"U8\",\"shape\":[8],\"data_offsets\":[0,8]"
        ",\"x\":truth}}",
        "{\"\xC0\x80\":{\"dtype\":\"U8\",\"shape\":[8],"
        "\"data_offsets\":[0,8]}}"};
    nc__item item;
    nc_error err;
    size_t i;
    (void)state;
    for (i = 0; i < sizeof bad / sizeof *bad; i++)
        if (read_all(bad[i], 8, &err, &item) == NC_OK) fail_msg("taken: %s", bad[i]);
    assert_int_equal(
        read_all("{\"__metadata__\":{\"k\\n\":\"v\\u00e9\"},\"w\\\"x\":{\"shape\":[2,1],"
                 "\"dtype\":\"BF16\",\"data_offsets\":[0,4]}} ",
                 4, &err, &item),
        NC_OK);
    assert_string_equal(last_name, "w\"x");
    assert_string_equal(last_text, "v\xC3\xA9");
    assert_int_equal(item.rank, 2);
    assert_int_equal(item.count, 2);
    assert_int_equal(
        read_all("{\"a\":{\"dtype\":\"Q9\",\"shape\":[3],\"data_offsets\":[0,5]}}", 5, &err, &item),
        NC_OK); /* a type to be listed, not decoded */
    assert_int_equal(item.width, 0);
}

/* What safetensors 0.8.0 reads: tensors in any order and of no dimensions or no bytes, every type,
   metadata that is empty, null or behind the tensors, further words. */
static void safetensors_headers_of_every_kind_are_read(void **state) {
    static const char *const good[] = {
        "{\"s\":{\"dtype\":\"F64\",\"shape\":[],\"data_offsets\":[0,8]}}",
        "{\"__metadata__\":{},\"s\":{\"dtype\":\"F64\",\"shape\":[],\"data_offsets\":[0,8]}}",
        "{\"s\":{\"dtype\":\"F64\",\"shape\":[],\"data_offsets\":[0,8]},\"__metadata__\":null}",
        "{\"b\":{\"dtype\":\"U8\",\"shape\":[3],\"data_offsets\":[5,8]},\"e\":{\"dtype\":\"F32\","
        "\"shape\":[7,0],\"data_offsets\":[5,5]},\"a\":{\"dtype\":\"U8\",\"shape\":[5],"
        "\"data_offsets\":[0,5]}}",
        "{\"s\":{\"dtype\":\"F4\",\"shape\":[16],\"data_offsets\":[0,8],\"more\":[{\"a\":-1.5e+3}]}"
        "}",
        "{\"s\":{\"dtype\":\"C64\",\"shape\":[1],\"data_offsets\":[0,8]}}",
        "{\"s\":{\"dtype\":\"F8_E8M0\",\"shape\":[8],\"data_offsets\":[0,8]}}",
        "{\"s\":{\"dtype\":\"F8_E4M3\",\"shape\":[8],\"data_offsets\":[0,8]}}",
        "{\"s\":{\"dtype\":\"F8_E4M3FNUZ\",\"shape\":[8],\"data_offsets\":[0,8]}}",
        "{\"s\":{\"dtype\":\"U8\",\"shape\":[1,1,1,1,2,1,1,1,1,4],\"data_offsets\":[0,8]}}"};
    char long_name[600], head[1200];
    nc__item item;
    nc_error err;
    size_t i;
    (void)state;
    for (i = 0; i < sizeof good / sizeof *good; i++)
        if (read_all(good[i], 8, &err, &item) != NC_OK) fail_msg("%s: %s", good[i], err.message);
    assert_int_equal(item.rank, 10);
    assert_int_equal(item.count, 8);
    memset(long_name, 'n', sizeof long_name);
    long_name[sizeof long_name - 1] = 0;
    snprintf(head, sizeof head, "{\"%s\":{\"dtype\":\"U8\",\"shape\":[8],\"data_offsets\":[0,8]}}",
             long_name);
    assert_int_equal(read_all(head, 8, &err, &item), NC_OK);
    assert_string_equal(last_name, long_name);
}

static void values_of_all_float_types_are_right(void **state) {
    static const struct {
        const char *dtype;
        uint64_t bits;
        float value;
    } cases[] = {{"F32", 0x3FC00000, 1.5f},
                 {"F64", UINT64_C(0xC004000000000000), -2.5f},
                 {"BF16", 0xC020, -2.5f},
                 {"F16", 0x3E00, 1.5f},
                 {"F16", 0x0001, 5.9604644775390625e-8f},
                 {"F16", 0x83FF, -6.0975551605224609375e-5f},
                 {"F16", 0x7BFF, 65504.0f}};
    size_t i;
    (void)state;
    for (i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint8_t bytes[8];
        nc__item item;
        memset(&item, 0, sizeof item);
        strcpy(item.dtype, cases[i].dtype);
        item.width = nc__dtype_width(item.dtype);
        item.data = bytes;
        nc__put_le(bytes, cases[i].bits, 8);
        assert_true(nc__is_float(item.dtype));
        assert_true(nc__item_float(&item, 0) == cases[i].value);
    }
}

static void headers_written_are_headers_read(void **state) {
    const uint64_t shape[3] = {2, 3, 4};
    char *longest = (char *)malloc(5001);
    int tensors;
    (void)state;
    memset(longest, 'y', 5000);
    longest[5000] = 0;
    for (tensors = 0; tensors < 3; tensors++) {
        nc__safetensors f;
        nc__item item;
        nc_error err;
        nc__head h;
        nc__head_open(&h, NULL);
        nc__head_pair(&h, "a \"key\"\n", "a\\value\t\x01");
        nc__head_pair(&h, "long", longest);
        if (tensors) nc__head_tensor(&h, "first", "F16", shape, 3);
        if (tensors > 1) nc__head_tensor(&h, "second/\"", "U8", shape, 0);
        assert_int_equal(nc__head_close(&h), NC_OK);
        assert_int_equal(h.b.used % 8, 0);
        assert_int_equal(h.at, (tensors ? 48 : 0) + (tensors > 1));
        (void)nc__buffer_add(&h.b, (size_t)h.at);
        assert_int_equal(nc__safetensors_open(&f, h.b.data, h.b.used, &err), NC_OK);
        assert_int_equal(nc__safetensors_next(&f, &item), NC__ITEM_PAIR);
        assert_string_equal(item.name, "a \"key\"\n");
        assert_string_equal(item.text, "a\\value\t\x01");
        assert_int_equal(nc__safetensors_next(&f, &item), NC__ITEM_PAIR);
        assert_string_equal(item.text, longest);
        if (tensors) {
            assert_int_equal(nc__safetensors_next(&f, &item), NC__ITEM_TENSOR);
            assert_string_equal(item.name, "first");
            assert_int_equal(item.rank, 3);
            assert_memory_equal(item.shape, shape, sizeof shape);
        }
        if (tensors > 1) {
            assert_int_equal(nc__safetensors_next(&f, &item), NC__ITEM_TENSOR);
            assert_string_equal(item.name, "second/\"");
            assert_int_equal(item.count, 1);
        }
        assert_int_equal(nc__safetensors_next(&f, &item), NC__ITEM_END);
        assert_int_equal(f.t.status, NC_OK);
        nc__safetensors_close(&f);
        nc__buffer_free(&h.b);
    }
    free(longest);
}

/* Headers as numpy 1.26 and 2.0 write them, and some that no numpy writes. */
static void npy_headers_are_python_dictionaries(void **state) {
    static const struct {
        const char *dictionary;
        char kind;
        uint32_t width, rank;
        int big_endian, fortran;
    } good[] = {
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }   \n", 'f', 4, 2, 0, 0},
        {"{'descr': '>i8', 'fortran_order': True, 'shape': (6,), }\n", 'i', 8, 1, 1, 1},
        {"{\"shape\":(1,6),\"fortran_order\":False,\"descr\":\"|u1\"}", 'u', 1, 2, 0, 0},
        {"{'descr': '<u2', 'fortran_order': False, 'shape': (1, 2, 3), }\n", 'u', 2, 3, 0, 0},
        {"{'descr':'<f4','fortran_order':True,'shape':(2,3)}", 'f', 4, 2, 0, 1},
        {"{'descr':'f4','fortran_order':False,'shape':(2L,3L),}", 'f', 4, 2, 0, 0},
        {"{\"fortran_order\":True,\"descr\":\"|b1\",\"shape\":(6,)}", 'b', 1, 1, 0, 1}};
    static const char *const bad[] = {
        "{'descr': '<c8', 'fortran_order': False, 'shape': (6,), }",
        "{'descr': '<f3', 'fortran_order': False, 'shape': (6,), }",
        "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (6,), }",
        "{'descr': '<f4', 'fortran_order': Maybe, 'shape': (6,), }",
        "{'descr': '<f4', 'shape': (6,), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': 6, }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (7,), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (6)}",
        "{'descr': '<f4', 'fortran_order': false, 'shape': (6,)}",
        "{'descr': '<f4', 'fortran_order': Falsehood, 'shape': (6,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (6,), 'more': 1}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (6,)} x",
        "{'descr': '', 'fortran_order': False, 'shape': (6,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (6",
        "{'descr': '<f4', 'fortran_order': F"};
    uint8_t file[300];
    nc_error err;
    nc__npy a;
    size_t i, n;
    (void)state;
    for (i = 0; i < sizeof good / sizeof *good + sizeof bad / sizeof *bad; i++) {
        const size_t goods = sizeof good / sizeof *good;
        const char *text = i < goods ? good[i].dictionary : bad[i - goods];
        nc_status status;
        memset(file, 0, sizeof file);
        memcpy(file, i % 2 ? "\x93NUMPY\2\0" : "\x93NUMPY\1\0", 8);
        assert_int_not_equal(nc__npy_open(&a, "\x93NUMPY\1\1\2\0{}", 12, &err), NC_OK);
        n = i % 2 ? 12 : 10;
        nc__put_le(file + 8, strlen(text), n - 8);
        memcpy(file + n, text, strlen(text));
        n += strlen(text);
        status = nc__npy_open(&a, file, n + 6 * (i < goods ? good[i].width : 4), &err);
        if ((status == NC_OK) != (i < goods)) fail_msg("%s: %s", text, err.message);
        if (i >= goods) continue;
        assert_int_equal(a.kind, good[i].kind);
        assert_int_equal(a.width, good[i].width);
        assert_int_equal(a.rank, good[i].rank);
        assert_int_equal(a.count, 6);
        assert_int_equal(a.big_endian, good[i].big_endian);
        assert_int_equal(a.fortran, good[i].fortran);
    }
    for (i = 0; i < 4; i++) {
        const uint64_t shape[3] = {2, 3, 4};
        nc__buffer b;
        memset(&b, 0, sizeof b);
        nc__npy_head(&b, "<i2", shape, (uint32_t)i);
        assert_int_equal(b.used % 64, 0);
        /* none to three dimensions, and two bytes that are nobody's */
        (void)nc__buffer_add(&b, 2 + (i == 0 ? 2 : i == 1 ? 4 : i == 2 ? 12 : 48));
        assert_int_equal(nc__npy_open(&a, b.data, b.used, &err), NC_OK);
        assert_int_equal(nc__npy_open(&a, b.data, b.used - 2, &err), NC_OK);
        assert_int_equal(nc__npy_open(&a, b.data, b.used - 3, &err), NC_ERR_FORMAT);
        assert_int_equal(a.rank, i);
        nc__buffer_free(&b);
    }
}

static void an_index_finds_what_it_was_given(void **state) {
    nc__index x;
    uint32_t i;
    (void)state;
    memset(&x, 0, sizeof x);
    for (i = 0; i < 10000; i++) /* hashes that collide, in full and in their slot */
        assert_true(nc__index_add(&x, i / 3 * 64, i));
    for (i = 0; i < 10000; i++) {
        const uint32_t hash = i / 3 * 64;
        size_t at = hash;
        uint32_t id, found = 0, seen = 0;
        while ((id = nc__index_next(&x, hash, &at)) != UINT32_MAX) {
            found += id == i;
            seen++;
        }
        assert_int_equal(found, 1);
        assert_true(seen <= 3);
    }
    nc__index_free(&x);
    i = 77;
    {
        size_t at = 5;
        assert_true(nc__index_next(&x, 5, &at) == UINT32_MAX);
    }
}

static void buffers_report_the_memory_they_lack(void **state) {
    failing_memory memory = {2, 0, 0};
    nc_allocator hooks;
    nc__buffer b;
    (void)state;
    memset(&b, 0, sizeof b);
    hooks.alloc_fn = failing_alloc;
    hooks.free_fn = failing_free;
    hooks.user = &memory;
    b.hooks = &hooks;
    nc__buffer_print(&b, "%0500d", 7);
    assert_int_equal(b.used, 500);
    assert_int_equal(b.data[499], '7');
    nc__buffer_print(&b, "%3000s", "x");
    nc__buffer_print(&b, "%9000s", "x");
    nc__buffer_put(&b, "more", 4);
    assert_int_equal(b.status, NC_ERR_MEMORY);
    assert_int_equal(b.used, 3500);
    nc__buffer_free(&b);
    assert_int_equal(memory.blocks, 0);
    assert_int_equal(memory.bytes, 0);
}

/* NC_MAX_FILE_BYTES is 70,000 here: no power of two, and more than a first piece. */
static void files_are_read_up_to_their_limit(void **state) {
    static const size_t sizes[] = {0, 1, 65534, 65535, 65536, 69998, 69999, 70000, 70001, 140000};
    static char data[140000];
    const char *path = "build/test_limit";
    size_t i, k, bytes;
    char *read;
    nc_error err;
    (void)state;
    for (i = 0; i < sizeof data; i++) data[i] = (char)(i % 251);
    for (i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        const nc_status want = sizes[i] > 70000 ? NC_ERR_LIMIT : NC_OK;
        assert_int_equal(nc_file_write(path, data, sizes[i], &err), NC_OK);
        if (nc_file_read(path, &read, &bytes, &err) != want)
            fail_msg("%lu bytes: %s", (unsigned long)sizes[i], err.message);
        if (want != NC_OK) {
            assert_null(read);
            continue;
        }
        assert_int_equal(bytes, sizes[i]);
        for (k = 0; k < bytes && read[k] == data[k]; k++) {
        }
        assert_int_equal(k, bytes);
        assert_int_equal(read[bytes], 0);
        nc_file_free(read);
    }
    unlink(path);
}

/* Hooks without alloc_fn are malloc and free, whatever else they have; without free_fn nothing is
   given back. */
static int given_back;
static void count_free(void *user, void *ptr, size_t bytes) {
    (void)user, (void)ptr, (void)bytes;
    given_back++;
}
static void *from_pool(void *user, size_t bytes, size_t align) {
    (void)align;
    return bytes <= 4096 ? user : NULL;
}
static void hooks_without_members_are_malloc_and_free(void **state) {
    static union {
        double align;
        char bytes[4096];
    } pool;
    const nc_allocator only_free = {NULL, count_free, NULL}, arena = {from_pool, NULL, &pool};
    void *ptr = nc__alloc(&only_free, 100);
    (void)state;
    assert_non_null(ptr);
    nc__free(&only_free, ptr, 100);
    assert_int_equal(given_back, 0);
    ptr = nc__alloc(&arena, 100);
    assert_ptr_equal(ptr, &pool);
    nc__free(&arena, ptr, 100);
}

static void paths_end_with_the_name_of_a_file(void **state) {
#ifdef _WIN32
    const size_t backslash = 2;
#else
    const size_t backslash = 0; /* a character like others */
#endif
    (void)state;
    assert_int_equal(nc__folder_bytes(""), 0);
    assert_int_equal(nc__folder_bytes("mul8s.csv"), 0);
    assert_int_equal(nc__folder_bytes("a/b.c/d"), 6);
    assert_int_equal(nc__folder_bytes("/d"), 1);
    assert_int_equal(nc__folder_bytes("a/"), 2);
    assert_int_equal(nc__folder_bytes("a\\d"), backslash);
}

/* Against the C library's, of random bits, of numbers that meet, and of sums that a double rounds to
   the middle between two floats: (1 + 2^-23) (1 - 2^-23) is a little less than 1. */
static void a_fused_product_is_rounded_once(void **state) {
    uint64_t seed = 1;
    uint32_t i, k;
    (void)state;
    for (i = 0; i < 1000000; i++) {
        float v[3], expected, got;
        for (k = 0; k < 3; k++) {
            uint32_t word = (uint32_t)(test_random(&seed) >> 32);
            if (i % 3) word = (word & 0x807FFFFFu) | (120 + (word >> 8) % 16) << 23;
            memcpy(&v[k], &word, 4);
        }
        if (i % 3 == 2) {
            const int exponent = ilogbf(v[0]);
            v[0] = copysignf(ldexpf(1 + 1 / 8388608.0f, exponent), v[0]);
            v[1] = copysignf(ldexpf(1 - 1 / 8388608.0f, ilogbf(v[2]) - 24 - exponent), v[1]);
        }
        expected = fmaf(v[0], v[1], v[2]);
        got = nc__fmaf(v[0], v[1], v[2]);
        if (isnan(expected) ? !isnan(got) : memcmp(&expected, &got, 4) != 0)
            fail_msg("%a * %a + %a: %a, not %a", (double)v[0], (double)v[1], (double)v[2],
                     (double)got, (double)expected);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_do_not_depend_on_the_locale),
        cmocka_unit_test(numbers_that_are_none_are_refused),
        cmocka_unit_test(strings_have_every_escape_and_any_length),
        cmocka_unit_test(broken_json_names_its_place),
        cmocka_unit_test(naturals_stop_at_their_bound),
        cmocka_unit_test(safetensors_headers_are_read_as_hostile),
        cmocka_unit_test(safetensors_headers_of_every_kind_are_read),
        cmocka_unit_test(values_of_all_float_types_are_right),
        cmocka_unit_test(headers_written_are_headers_read),
        cmocka_unit_test(npy_headers_are_python_dictionaries),
        cmocka_unit_test(an_index_finds_what_it_was_given),
        cmocka_unit_test(buffers_report_the_memory_they_lack),
        cmocka_unit_test(files_are_read_up_to_their_limit),
        cmocka_unit_test(a_fused_product_is_rounded_once),
        cmocka_unit_test(paths_end_with_the_name_of_a_file),
        cmocka_unit_test(hooks_without_members_are_malloc_and_free),
    };
    return cmocka_run_group_tests_name("base text", tests, NULL, NULL);
}
