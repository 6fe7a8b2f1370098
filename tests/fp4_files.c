/* nc_fp4.h, section io: BLIF, Bristol Fashion, JSON, .fp4 and what else networks are written as. */
#include "test.h"
#include "checksum.h"
#include "../nc_fp4.h"

typedef nc_status (*reader)(nc_fp4_circuit **circuit, const char *text, size_t bytes,
                            nc_error *err);
static const reader readers[3] = {nc_fp4_read_blif, nc_fp4_read_bristol, nc_fp4_read_json};
static const nc_fp4_file_kind kinds[3] = {NC_FP4_BLIF, NC_FP4_BRISTOL, NC_FP4_JSON};

static nc_fp4_circuit *read_ok(reader read, const char *text, size_t bytes) {
    nc_fp4_circuit *c;
    nc_error err;
    if (read(&c, text, bytes, &err) != NC_OK)
        fail_msg("%d:%d: %s\n%.300s", err.line, err.column, err.message, text);
    return c;
}

/* Is a network of a the function b? */
static void same(const nc_fp4_circuit *a, const nc_fp4_circuit *b) {
    nc_fp4_network *n;
    nc_fp4_report r;
    assert_int_equal(nc_fp4_compile(a, &n), NC_OK);
    assert_int_equal(nc_fp4_verify(n, b, &r), NC_OK);
    assert_int_equal(r.wrong, 0);
    nc_fp4_network_destroy(n);
}

static void every_template_survives_every_format(void **state) {
    int k, f;
    (void)state;
    for (k = 0; k < NC_FP4_TEMPLATE_COUNT; k++)
        for (f = 0; f < 3; f++) {
            const uint32_t bits = k == NC_FP4_MUX_TREE || k == NC_FP4_DECODER ? 3 : 8;
            nc_fp4_circuit *c, *again;
            nc_fp4_bus a, b;
            char *text, *second;
            size_t bytes, second_bytes;
            uint32_t i;
            assert_int_equal(nc_fp4_make(&c, (nc_fp4_template)k, bits, 0, NULL), NC_OK);
            assert_int_equal(nc_fp4_write_circuit(c, kinds[f], &text, &bytes), NC_OK);
            assert_int_equal(strlen(text), bytes);
            again = read_ok(readers[f], text, bytes);
            same(again, c);
            for (i = 0; nc_fp4_input_bus(c, i, &a); i++) {
                assert_true(nc_fp4_input_bus(again, i, &b));
                assert_int_equal(a.width, b.width);
                if (kinds[f] != NC_FP4_BRISTOL) assert_string_equal(a.name, b.name);
            }
            assert_int_equal(nc_fp4_input_bus(again, i, &b), 0);
            /* written again and read again, it is still the same */
            assert_int_equal(nc_fp4_write_circuit(again, kinds[f], &second, &second_bytes), NC_OK);
            assert_true(second_bytes > 0);
            nc_fp4_destroy(again);
            again = read_ok(readers[f], second, second_bytes);
            same(again, c);
            nc_fp4_free_text(text);
            nc_fp4_free_text(second);
            nc_fp4_destroy(c);
            nc_fp4_destroy(again);
        }
}

static void every_function_of_three_wires_survives_every_format(void **state) {
    nc_fp4_circuit *c, *again;
    uint32_t x[3], y[256];
    uint64_t truth;
    char *text;
    size_t bytes;
    int f;
    (void)state;
    assert_int_equal(nc_fp4_create(&c, "all", NULL), NC_OK);
    assert_int_equal(nc_fp4_add_input(c, "x", 3, x), NC_OK);
    for (truth = 0; truth < 256; truth++)
        assert_int_equal(nc_fp4_add_function(c, 3, x, &truth, &y[truth]), NC_OK);
    assert_int_equal(nc_fp4_add_output(c, "y", 256, y), NC_OK);
    for (f = 0; f < 3; f++) {
        assert_int_equal(nc_fp4_write_circuit(c, kinds[f], &text, &bytes), NC_OK);
        again = read_ok(readers[f], text, bytes);
        same(again, c);
        nc_fp4_free_text(text);
        nc_fp4_destroy(again);
    }
    nc_fp4_destroy(c);
}

static void blif_has_covers_don_t_cares_constants_and_models(void **state) {
    static const char text[] =
        "# a full adder of two halves, and odd covers\n"
        ".model top\n.inputs a[0] a[1] \\\n cin\n.outputs s co wide one zero\n"
        ".subckt half x=a[0] y=a[1] s=t c=c1\n"
        ".subckt half y=cin x=t s=s c=c2\n"
        ".names c1 c2 co\n00 0\n"
        ".names a[0] a[1] cin s co t c1 c2 a[0] wide\n1-1------ 1\n-11------ 1\n"
        ".names one\n1\n.names zero\n.end\n"
        ".model half\n.inputs x y\n.outputs s c\n"
        ".names x y c\n11 1\n.names x y s\n01 1\n10 1\n.end\n";
    nc_fp4_circuit *c = read_ok(nc_fp4_read_blif, text, sizeof text - 1);
    nc_fp4_network *n;
    uint8_t in[3], out[5], wires[100];
    uint32_t x;
    (void)state;
    assert_string_equal(nc_fp4_name(c), "top");
    assert_int_equal(nc_fp4_compile(c, &n), NC_OK);
    for (x = 0; x < 8; x++) {
        uint32_t sum;
        in[0] = x & 1;
        in[1] = x >> 1 & 1;
        in[2] = (uint8_t)(x >> 2);
        sum = in[0] + in[1] + (uint32_t)in[2];
        nc_fp4_eval_packed(n, in, out, wires);
        assert_int_equal(out[0], sum & 1);
        assert_int_equal(out[1], sum >> 1);
        assert_int_equal(out[2], in[2] & (in[0] | in[1]));
        assert_int_equal(out[3], 1);
        assert_int_equal(out[4], 0);
    }
    nc_fp4_network_destroy(n);
    nc_fp4_destroy(c);
}

static void bristol_knows_all_its_gates(void **state) {
    /* two inputs of 2; and of both bits by MAND; inv, eq, eqw, xor */
    static const char text[] = "6 12\n2 2 2\n2 2 3\n\n4 2 0 1 2 3 4 5 MAND\n1 1 4 6 INV\n"
                               "1 1 1 7 EQ\n2 1 7 5 9 XOR\n1 1 6 8 EQW\n1 1 0 10 EQW\n"
                               "2 1 8 9 11 AND\n";
    nc_fp4_circuit *c;
    nc_error err;
    (void)state;
    assert_int_equal(nc_fp4_read_bristol(&c, text, sizeof text - 1, &err), NC_ERR_FORMAT);
    {
        static const char right[] = "7 12\n2 2 2\n2 2 3\n\n4 2 0 1 2 3 4 5 MAND\n1 1 4 6 INV\n"
                                    "1 1 1 7 EQ\n2 1 7 5 9 XOR\n1 1 6 8 EQW\n1 1 0 10 EQW\n"
                                    "2 1 8 9 11 AND\n";
        nc_fp4_network *n;
        uint8_t in[4], out[5], wires[60];
        uint32_t x, i;
        c = read_ok(nc_fp4_read_bristol, right, sizeof right - 1);
        assert_int_equal(nc_fp4_compile(c, &n), NC_OK);
        for (x = 0; x < 16; x++) {
            for (i = 0; i < 4; i++) in[i] = x >> i & 1;
            nc_fp4_eval_packed(n, in, out, wires);
            assert_int_equal(out[0], 1); /* wire 7 */
            assert_int_equal(out[1], !(in[0] & in[2]));
            assert_int_equal(out[2], !(in[1] & in[3]));
            assert_int_equal(out[3], in[0]);
            assert_int_equal(out[4], out[1] & out[2]);
        }
        nc_fp4_network_destroy(n);
        nc_fp4_destroy(c);
    }
}

static void json_has_atoms_and_tables(void **state) {
    static const char text[] =
        "{\"name\": \"j\", \"note\": {\"x\": [1, null, -2.5e3]},\n"
        " \"inputs\": [{\"name\": \"a\", \"width\": 2}, \"s\"],\n"
        " \"internals\": [\"t\"], \"outputs\": [\"y\", \"z\"],\n"
        " \"atoms\": [{\"type\": \"MUX\", \"inputs\": [\"s\", \"t\", \"a[1]\"], \"output\": "
        "\"y\"},\n"
        "  {\"type\": \"NAND\", \"inputs\": [\"\\u0061[0]\", 1], \"output\": \"t\"},\n"
        "  {\"type\": \"TABLE\", \"truth\": \"01101001\", \"inputs\": [\"a[0]\", \"a[1]\", \"s\"],"
        " \"output\": \"z\"}]}\n";
    nc_fp4_circuit *c = read_ok(nc_fp4_read_json, text, sizeof text - 1);
    nc_fp4_network *n;
    uint8_t in[3], out[2], wires[40];
    uint32_t x, i;
    (void)state;
    assert_int_equal(nc_fp4_compile(c, &n), NC_OK);
    for (x = 0; x < 8; x++) {
        for (i = 0; i < 3; i++) in[i] = x >> i & 1;
        nc_fp4_eval_packed(n, in, out, wires);
        assert_int_equal(out[0], in[2] ? in[1] : !in[0]);
        assert_int_equal(out[1], in[0] ^ in[1] ^ in[2]);
    }
    nc_fp4_network_destroy(n);
    nc_fp4_destroy(c);
}

/* What other tools write beside it changes nothing; what would change the circuit is refused. */
static void json_members_of_others_are_passed_over(void **state) {
    static const char with[] =
        "{\"$schema\": \"https://example.org/a-name-of-more-than-fifteen-bytes\", \"version\": 2,\n"
        " \"name inputs\": [1, 2],\n"
        " \"inputs\": [{\"name\": \"a\", \"description of the port\": [\"x\", {}], \"width\": "
        "2}],\n"
        " \"outputs\": [{\"signed\": false, \"name\": \"y\"}], \"verified\": true,\n"
        " \"atoms\": [{\"name\": \"u1\", \"type\": \"XOR\", \"position\": [1.5e0, -2], \"inputs\": "
        "[\"a[0]\", \"a[1]\"], \"output\": \"y\", \"delay\": null}]}";
    static const struct {
        const char *text, *word;
        nc_status status;
    } bad[] = {
        {"{\"inputs\":[],\"latches\":[]}", "latches", NC_ERR_UNSUPPORTED},
        {"{\"inputs\":[{\"name\":\"a\",\"inverted\":true}]}", "inverted", NC_ERR_UNSUPPORTED},
        {"{\"atoms\":[{\"type\":\"AND\",\"negate\":1}]}", "negate", NC_ERR_UNSUPPORTED},
        {"{\"atoms\":[{\"type\":\"TABLE\",\"truth\":\"10\",\"truth\":\"01\"}]}", "truth",
         NC_ERR_FORMAT},
        {"{\"inputs\":[\"a\"],\"inputs\":[\"b\"]}", "inputs", NC_ERR_FORMAT},
        {"{\"inputs\":[\"a\",\"a\"],\"outputs\":[\"a\"]}", "twice", NC_ERR_FORMAT},
        {"{\"inputs\":[{\"name\":\"a\",\"width\":2},\"a[1]\"]}", "twice", NC_ERR_FORMAT},
        {"{\"note\": truth}", "value", NC_ERR_FORMAT},
        {"{\"note\": 01}", "value", NC_ERR_FORMAT}};
    nc_fp4_circuit *c = read_ok(nc_fp4_read_json, with, sizeof with - 1);
    nc_fp4_network *n;
    uint8_t in[2], out[1], wires[20];
    nc_error err;
    size_t i;
    (void)state;
    assert_int_equal(nc_fp4_compile(c, &n), NC_OK);
    for (i = 0; i < 4; i++) {
        in[0] = i & 1;
        in[1] = (uint8_t)(i >> 1);
        nc_fp4_eval_packed(n, in, out, wires);
        assert_int_equal(out[0], in[0] ^ in[1]);
    }
    nc_fp4_network_destroy(n);
    nc_fp4_destroy(c);
    for (i = 0; i < sizeof bad / sizeof *bad; i++) {
        if (nc_fp4_read_json(&c, bad[i].text, strlen(bad[i].text), &err) != bad[i].status)
            fail_msg("%s", bad[i].text);
        if (!strstr(err.message, bad[i].word)) fail_msg("%s: %s", bad[i].text, err.message);
    }
}

typedef struct bad_text {
    int reader;
    nc_status status;
    int line, column;
    const char *text;
} bad_text;

static void errors_say_where_and_why(void **state) {
    static const bad_text cases[] = {
        {0, NC_ERR_FORMAT, 1, 1, ""},
        {0, NC_ERR_FORMAT, 1, 1, "names a b\n"},
        {0, NC_ERR_FORMAT, 1, 1, ".names a b\n"},
        {0, NC_ERR_FORMAT, 3, 1, ".model m\n.outputs y\n.nmes a y\n"},
        {0, NC_ERR_UNSUPPORTED, 2, 1, ".model m\n.latch a b\n"},
        {0, NC_ERR_FORMAT, 4, 1, ".model m\n.inputs a b\n.names a b y\n1 1\n"},
        {0, NC_ERR_FORMAT, 4, 1, ".model m\n.inputs a b\n.names a b y\n1x 1\n"},
        {0, NC_ERR_FORMAT, 5, 4, ".model m\n.inputs a b\n.names a b y\n11 1\n10 0\n"},
        {0, NC_ERR_FORMAT, 4, 10, ".model m\n.inputs a\n.names a y\n.names a y\n"},
        {0, NC_ERR_FORMAT, 3, 1, ".model m\n.inputs a\n.names a a\n1 1\n.end\n"},
        {0, NC_ERR_FORMAT, 0, 0, ".model m\n.inputs a\n.outputs y\n.end\n"},
        {0, NC_ERR_FORMAT, 4, 1, ".model m\n.outputs y\n.names z y\n.names y z\n.end\n"},
        {0, NC_ERR_FORMAT, 3, 1, ".model m\n.outputs y\n.subckt no a=y\n.end\n"},
        {0, NC_ERR_FORMAT, 3, 11, ".model m\n.outputs y\n.subckt m y\n.end\n"},
        {0, NC_ERR_LIMIT, 0, 0, ".model m\n.outputs y\n.subckt m y=y\n.end\n"},
        {0, NC_ERR_FORMAT, 2, 1, ".model m\n.model m\n"},
        {1, NC_ERR_FORMAT, 1, 1, ""},
        {1, NC_ERR_FORMAT, 1, 1, "x"},
        {1, NC_ERR_LIMIT, 1, 1, "99999999 3"},
        {1, NC_ERR_FORMAT, 2, 3, "1 3\n1 9\n"},
        {1, NC_ERR_FORMAT, 5, 9, "1 3\n1 2\n1 1\n\n2 1 0 1 NOR\n"},
        {1, NC_ERR_FORMAT, 5, 11, "1 3\n1 2\n1 1\n\n2 1 0 1 2 NOR\n"},
        {1, NC_ERR_FORMAT, 5, 11, "1 3\n1 2\n1 1\n\n2 1 0 1 2 INV\n"},
        {1, NC_ERR_FORMAT, 5, 1, "1 4\n1 2\n1 1\n\n2 1 0 3 2 XOR\n"},
        {1, NC_ERR_FORMAT, 5, 1, "1 3\n1 2\n1 1\n\n2 1 0 1 1 XOR\n"},
        {1, NC_ERR_FORMAT, 5, 11, "1 4\n1 2\n1 1\n\n2 1 0 1 2 XOR\n"},
        {1, NC_ERR_FORMAT, 6, 1, "1 3\n1 2\n1 1\n\n2 1 0 1 2 XOR\n1 1 0 1 INV\n"},
        {2, NC_ERR_FORMAT, 1, 1, ""},
        {2, NC_ERR_FORMAT, 1, 3, "{}x"},
        {2, NC_ERR_FORMAT, 1, 15, "{\"inputs\": [{}]}"},
        {2, NC_ERR_FORMAT, 2, 48,
         "{\"inputs\": [\"a\"], \"atoms\": [\n{\"type\": \"AND\", \"inputs\": [\"a\"], \"output\": "
         "\"y\"}]}"},
        {2, NC_ERR_FORMAT, 0, 0, "{\"outputs\": [\"y\"]}"},
        {2, NC_ERR_FORMAT, 1, 14, "{\"name\": \"a\\q\"}"},
        {2, NC_ERR_FORMAT, 1, 17, "{\"inputs\": [\"a\" \"b\"]}"},
        {2, NC_ERR_FORMAT, 1, 38, "{\"inputs\": [{\"name\": \"a\", \"width\": 0}]}"},
        {2, NC_ERR_LIMIT, 1, 42, "{\"inputs\": [{\"name\": \"a\", \"width\": 1048577}]}"},
        {2, NC_ERR_FORMAT, 2, 67,
         "{\"atoms\": [\n{\"type\": \"TABLE\", \"truth\": \"0\", \"inputs\": [\"a\", 1], "
         "\"output\": \"y\"}]}"},
        {2, NC_ERR_FORMAT, 1, 38, "{\"atoms\": [{\"type\": \"NOT\", \"what\": 1}]}"}};
    size_t i;
    (void)state;
    for (i = 0; i < sizeof cases / sizeof *cases; i++) {
        const bad_text *b = &cases[i];
        nc_fp4_circuit *c = (nc_fp4_circuit *)(uintptr_t)8;
        nc_error err;
        nc_status status = readers[b->reader](&c, b->text, strlen(b->text), &err);
        if (status != b->status || (b->line && (err.line != b->line || err.column != b->column)))
            fail_msg("case %zu: %s, %d:%d: %s", i, nc_status_str(status), err.line, err.column,
                     err.message);
        assert_null(c);
        assert_true(err.message[0] != 0);
    }
}

static void instances_do_not_multiply_without_end(void **state) {
    char text[8192] = ".model m0\n.inputs a\n.outputs y\n.subckt m1 a=a y=t\n.subckt m1 a=t y=y\n";
    nc_fp4_circuit *c;
    nc_error err;
    int i;
    (void)state;
    for (i = 1; i < 30; i++)
        snprintf(text + strlen(text), 200,
                 ".model m%d\n.inputs a\n.outputs y\n.subckt m%d a=a y=t\n.subckt m%d a=t y=y\n", i,
                 i + 1, i + 1);
    strcat(text, ".model m30\n.inputs a\n.outputs y\n.names a y\n0 1\n");
    assert_int_equal(nc_fp4_read_blif(&c, text, strlen(text), &err), NC_ERR_LIMIT);
}

static void networks_survive_their_file_and_every_wrong_byte_is_noticed(void **state) {
    nc_fp4_circuit *c;
    nc_fp4_network *n, *again;
    nc_fp4_report r;
    nc_error err;
    char *data, *second;
    size_t bytes, more, i, k;
    (void)state;
    assert_int_equal(nc_fp4_make(&c, NC_FP4_ALU, 4, 0, NULL), NC_OK);
    assert_int_equal(nc_fp4_compile(c, &n), NC_OK);
    assert_int_equal(nc_fp4_write_network(n, NC_FP4_FILE, &data, &bytes), NC_OK);
    assert_int_equal(nc_fp4_read_network(&again, data, bytes, &err), NC_OK);
    assert_int_equal(nc_fp4_verify(again, c, &r), NC_OK);
    assert_int_equal(r.wrong, 0);
    assert_int_equal(nc_fp4_verify_by(again, c, NC_FP4_STRUCTURAL, &r), NC_ERR_LIMIT);
    assert_int_equal(nc_fp4_write_network(again, NC_FP4_FILE, &second, &more), NC_OK);
    assert_int_equal(more, bytes);
    assert_memory_equal(data, second, bytes);
    nc_fp4_free_text(second);
    nc_fp4_network_destroy(again);
    for (i = 0; i < bytes; i++)
        for (k = 1; k < 256; k += 51) {
            data[i] = (char)(data[i] ^ (char)k);
            assert_int_not_equal(nc_fp4_read_network(&again, data, bytes, &err), NC_OK);
            assert_null(again);
            data[i] = (char)(data[i] ^ (char)k);
        }
    for (i = 0; i < bytes; i++)
        assert_int_not_equal(nc_fp4_read_network(&again, data, i, &err), NC_OK);
    nc_fp4_free_text(data);
    nc_fp4_network_destroy(n);
    nc_fp4_destroy(c);
}

/* Wrong contents under a right checksum. */
static void files_are_read_as_hostile(void **state) {
    nc_fp4_circuit *c;
    nc_fp4_network *n, *again;
    nc_error err;
    char *data;
    size_t bytes;
    uint64_t seed = 4;
    int i, accepted = 0;
    (void)state;
    assert_int_equal(nc_fp4_make(&c, NC_FP4_ADDER, 3, 0, NULL), NC_OK);
    assert_int_equal(nc_fp4_compile(c, &n), NC_OK);
    assert_int_equal(nc_fp4_write_network(n, NC_FP4_FILE, &data, &bytes), NC_OK);
    for (i = 0; i < 20000; i++) {
        size_t at = 8 + test_random(&seed) % (bytes - 16);
        char old = data[at];
        data[at] = (char)test_random(&seed);
        file_checksum(data, bytes - 8, data + bytes - 8);
        if (nc_fp4_read_network(&again, data, bytes, &err) == NC_OK) {
            uint8_t in[7] = {1, 0, 1, 0, 1, 1, 0}, out[4], wires[64];
            nc_fp4_eval_packed(again, in, out, wires);
            nc_fp4_network_destroy(again);
            accepted++;
        }
        data[at] = old;
    }
    assert_true(accepted > 100 && accepted < 15000); /* other weights are a network too */
    nc_fp4_free_text(data);
    nc_fp4_network_destroy(n);
    nc_fp4_destroy(c);
}

static void put(uint8_t *file, size_t *at, uint64_t value, size_t bytes) {
    for (; bytes; bytes--, value >>= 8) file[(*at)++] = (uint8_t)value;
}

/* The bytes of a network of random units, which may read a wire twice. */
static size_t random_network(uint8_t *file, uint32_t inputs, uint32_t units, uint64_t *seed) {
    uint32_t i, k, counts[40];
    size_t at = 8, codes = 0;
    memcpy(file, "NCFP4\1\0\0", 8);
    put(file, &at, inputs, 4);
    put(file, &at, 3, 4); /* outputs */
    put(file, &at, units, 4);
    put(file, &at, 1, 4);
    put(file, &at, 1, 4);
    for (i = 0; i < 3; i++) { /* the network's name and those of its two groups */
        put(file, &at, 1, 1);
        put(file, &at, "nxy"[i], 1);
        if (i) put(file, &at, i == 1 ? inputs : 3, 4);
    }
    for (i = 0; i < units; i++) {
        counts[i] = (uint32_t)test_random(seed) % (NC_FP4_UNIT_INPUTS + 1);
        codes += counts[i] + 1;
        put(file, &at, counts[i], 1);
    }
    for (i = 0; i < units; i++)
        for (k = 0; k < counts[i]; k++) { /* mostly of the last few */
            const uint32_t wires = inputs + i, near = wires < 5 ? wires : 5;
            const uint32_t back = (uint32_t)test_random(seed) % (k % 2 ? near : wires);
            put(file, &at, wires - 1 - back, 4);
        }
    for (i = 0; i < (codes + 1) / 2; i++) {
        uint64_t r = test_random(seed);
        put(file, &at, codes % 2 && i + 1 == (codes + 1) / 2 ? r & 15 : r & 255, 1);
    }
    for (i = 0; i < 3; i++) put(file, &at, inputs + units - 1 - i, 4);
    file_checksum(file, at, file + at);
    return at + 8;
}

static void units_that_read_a_wire_twice_evaluate_alike(void **state) {
    enum { INPUTS = 6, UNITS = 20 };
    uint64_t seed = 12, in[INPUTS], out[3];
    uint8_t file[4096], x[INPUTS], y[3], wires[INPUTS + UNITS];
    uint32_t i, c, round;
    (void)state;
    for (i = 0; i < INPUTS; i++)
        for (in[i] = 0, c = 0; c < 64; c++) in[i] |= (uint64_t)(c >> i & 1) << c;
    for (round = 0; round < 400; round++) {
        const size_t bytes = random_network(file, INPUTS, UNITS, &seed);
        nc_fp4_network *n;
        nc_error err;
        if (nc_fp4_read_network(&n, file, bytes, &err) != NC_OK) fail_msg("%s", err.message);
        assert_int_equal(nc_fp4_eval_sliced(n, in, out, 1), NC_OK);
        for (c = 0; c < 64; c++) {
            for (i = 0; i < INPUTS; i++) x[i] = c >> i & 1;
            nc_fp4_eval_packed(n, x, y, wires);
            for (i = 0; i < 3; i++)
                if (y[i] != (out[i] >> c & 1)) fail_msg("network %u, case %u", round, c);
        }
        nc_fp4_network_destroy(n);
    }
}

static void networks_are_written_for_other_tools(void **state) {
    static const nc_fp4_file_kind all[5] = {NC_FP4_BLIF, NC_FP4_DOT, NC_FP4_C, NC_FP4_JSON,
                                            NC_FP4_SAFETENSORS};
    static const char *const holds[5] = {".names a[0] b[0] cin", "digraph",
                                         "static inline void nc_adder(", "\"units\": 12",
                                         "\"weight\""};
    nc_fp4_circuit *c, *again;
    nc_fp4_network *n;
    char *data;
    size_t bytes;
    int i;
    (void)state;
    assert_int_equal(nc_fp4_make(&c, NC_FP4_ADDER, 8, 0, NULL), NC_OK);
    assert_int_equal(nc_fp4_compile(c, &n), NC_OK);
    for (i = 0; i < 5; i++) {
        assert_int_equal(nc_fp4_write_network(n, all[i], &data, &bytes), NC_OK);
        assert_non_null(strstr(i == 4 ? data + 8 : data, holds[i]));
        if (i == 0) { /* the units as BLIF are the adder */
            again = read_ok(nc_fp4_read_blif, data, bytes);
            same(again, c);
            nc_fp4_destroy(again);
        }
        if (i == 4) { /* length of the header, header, data */
            uint64_t head = 0;
            memcpy(&head, data, 1);
            head |= (uint64_t)(uint8_t)data[1] << 8;
            assert_int_equal(head % 8, 0);
            assert_int_equal(bytes, 8 + head + 39 * 12 + 4 * 9);
        }
        nc_fp4_free_text(data);
    }
    assert_int_equal(nc_fp4_write_network(n, NC_FP4_BRISTOL, &data, &bytes), NC_ERR_UNSUPPORTED);
    assert_int_equal(nc_fp4_write_circuit(c, NC_FP4_DOT, &data, &bytes), NC_ERR_UNSUPPORTED);
    nc_fp4_network_destroy(n);
    nc_fp4_destroy(c);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_template_survives_every_format),
        cmocka_unit_test(every_function_of_three_wires_survives_every_format),
        cmocka_unit_test(blif_has_covers_don_t_cares_constants_and_models),
        cmocka_unit_test(bristol_knows_all_its_gates),
        cmocka_unit_test(json_has_atoms_and_tables),
        cmocka_unit_test(json_members_of_others_are_passed_over),
        cmocka_unit_test(errors_say_where_and_why),
        cmocka_unit_test(instances_do_not_multiply_without_end),
        cmocka_unit_test(networks_survive_their_file_and_every_wrong_byte_is_noticed),
        cmocka_unit_test(files_are_read_as_hostile),
        cmocka_unit_test(units_that_read_a_wire_twice_evaluate_alike),
        cmocka_unit_test(networks_are_written_for_other_tools),
    };
    return cmocka_run_group_tests_name("fp4 files", tests, NULL, NULL);
}
