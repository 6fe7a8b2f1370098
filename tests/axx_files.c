/* nc_axx.h, section io: tables, C headers, CSV, .npy, netlists in C and BLIF. */
#include "test.h"
#include <unistd.h>
#include "../nc_axx.h"

static nc_axx_mult m, n;

static void same_tables(void) {
    size_t i;
    for (i = 0; i < 65536; i++)
        if (m.table[i] != n.table[i])
            fail_msg("entry %zu is %d, not %d", i, (int)n.table[i], (int)m.table[i]);
}

static void every_form_survives_a_round_trip(void **state) {
    static const char *const specs[] = {"truncated:6", "mitchell", "exact+unsigned"};
    static const char *const endings[] = {".i16", ".i32", ".npy", ".h", ".csv", ".bin"};
    nc_error err;
    size_t s, e;
    (void)state;
    for (s = 0; s < 3; s++)
        for (e = 0; e < 6; e++) {
            char path[64];
            assert_int_equal(nc_axx_make(&m, specs[s], &err), NC_OK);
            snprintf(path, sizeof path, "build/test_%s%s", s == 2 ? "mul8u" : "mul8s", endings[e]);
            if (nc_axx_save(&m, path, NC_AXX_FORM_AUTO, &err) != NC_OK) fail_msg("%s", err.message);
            if (nc_axx_load(&n, path, NC_AXX_FORM_AUTO, &err) != NC_OK)
                fail_msg("%s: %d:%d %s", path, (int)err.line, (int)err.column, err.message);
            same_tables();
            assert_int_equal(n.a_unsigned, s == 2);
            assert_string_equal(n.name, s == 2 ? "test_mul8u" : "test_mul8s");
            unlink(path);
        }
}

static void files_are_replaced_whole_or_not_at_all(void **state) {
    char path[] = "build/test_table.i16";
    nc_error err;
    FILE *file;
    (void)state;
    assert_int_equal(nc_axx_make(&m, "mitchell", &err), NC_OK);
    assert_int_equal(nc_axx_save(&m, path, NC_AXX_FORM_I16, &err), NC_OK);
    m.table[77] = 32768;
    assert_int_equal(nc_axx_save(&m, path, NC_AXX_FORM_I16, &err), NC_ERR_LIMIT);
    assert_non_null(strstr(err.message, "32768"));
    assert_int_equal(nc_axx_load(&n, path, NC_AXX_FORM_I16, &err), NC_OK); /* untouched */
    m.table[77] = n.table[77];
    same_tables();
    assert_int_equal(truncate(path, 131071), 0);
    assert_int_equal(nc_axx_load(&n, path, NC_AXX_FORM_AUTO, &err), NC_ERR_FORMAT);
    assert_non_null(strstr(err.message, "131071"));
    file = fopen(path, "ab");
    fputs("xx", file);
    fclose(file);
    assert_int_equal(nc_axx_load(&n, path, NC_AXX_FORM_AUTO, &err), NC_ERR_FORMAT);
    unlink(path);
    assert_int_equal(nc_axx_load(&n, "build/missing.i16", NC_AXX_FORM_AUTO, &err), NC_ERR_IO);
    assert_int_equal(nc_axx_load(&n, "build/no_ending", NC_AXX_FORM_AUTO, &err), NC_ERR_ARG);
    assert_int_equal(nc_axx_load(&n, NULL, NC_AXX_FORM_AUTO, &err), NC_ERR_ARG);
    assert_int_equal(nc_axx_save(&m, "build/x.blif", NC_AXX_FORM_AUTO, &err), NC_ERR_UNSUPPORTED);
    assert_int_equal(nc_axx_save(&m, "build/no_ending", NC_AXX_FORM_AUTO, &err), NC_ERR_ARG);
    assert_non_null(strstr(err.message, "ends in none of .i16"));
    assert_int_equal(nc_axx_parse(&m, NC_AXX_FORM_AUTO, "x", "", 0, &err), NC_ERR_ARG);
    { /* 256 x 256 products are of no wider operands, whoever says so */
        const nc_axx_reading how = {NC_AXX_SIGN_FILE, NULL, {12, 12}};
        char *data;
        size_t bytes;
        assert_int_equal(nc_axx_write(&m, NC_AXX_FORM_I32, &data, &bytes, &err), NC_OK);
        assert_int_equal(nc_axx_parse_with(&n, NC_AXX_FORM_I32, &how, "x", data, bytes, NULL, &err),
                         NC_ERR_UNSUPPORTED);
        nc_axx_free_text(data);
    }
    assert_int_equal(nc_axx_form_of("a/b.c"), NC_AXX_FORM_NETLIST);
    assert_int_equal(nc_axx_form_of("a.h"), NC_AXX_FORM_HEADER);
    assert_int_equal(nc_axx_form_of(NULL), NC_AXX_FORM_AUTO);
}

static void a_csv_may_list_pairs(void **state) {
    char *text = malloc(2 << 20);
    size_t used = 0;
    nc_error err;
    int a, b;
    (void)state;
    assert_int_equal(nc_axx_make(&m, "drum:4", &err), NC_OK);
    for (b = 127; b >= -128; b--)
        for (a = -128; a < 128; a++)
            used +=
                (size_t)sprintf(text + used, "%d; %d;%d\r\n", a, b, (int)nc_axx_product(&m, a, b));
    if (nc_axx_parse(&n, NC_AXX_FORM_CSV, "pairs", text, used, &err) != NC_OK)
        fail_msg("%d: %s", (int)err.line, err.message);
    same_tables();
    memcpy(strstr(text, "-128; 1;"), "-127; 1;", 8);
    assert_int_equal(nc_axx_parse(&n, NC_AXX_FORM_CSV, "pairs", text, used, &err), NC_ERR_FORMAT);
    assert_non_null(strstr(err.message, "twice"));
    free(text);
}

/* 256 lines of products with what programs write round them. `bytes`: in the order of bytes. */
static size_t rows(char *text, const char *mark, const char *head, const char *between,
                   const char *format, int numbers, int bytes) {
    size_t used = (size_t)sprintf(text, "%s%s", mark, head);
    int i, k;
    for (i = 0; i < 256; i++) {
        if (numbers) used += (size_t)sprintf(text + used, "%d%s", i, between);
        for (k = 0; k < 256; k++) {
            const int a = bytes ? (int8_t)i : i - 128, b = bytes ? (int8_t)k : k - 128;
            used += (size_t)sprintf(text + used, format, (int)nc_axx_product(&m, a, b));
            used += (size_t)sprintf(text + used, "%s", k < 255 ? between : "\r\n");
        }
    }
    return used;
}

static void csv_has_headers_marks_and_blanks(void **state) {
    char *text = malloc(4 << 20), *labels = malloc(1 << 13), *signs = malloc(1 << 13), *at;
    nc_error err;
    size_t i;
    (void)state;
    at = labels + sprintf(labels, ",0");
    for (i = 1; i < 256; i++) at += sprintf(at, ",%d", (int)i);
    strcpy(at, "\n");
    at = signs + sprintf(signs, "-128");
    for (i = 1; i < 256; i++) at += sprintf(at, " %d", (int)i - 128);
    strcpy(at, "\n");
    assert_int_equal(nc_axx_make(&m, "drum:4", &err), NC_OK);
    {
        const struct {
            const char *mark, *head, *between, *format;
            int numbers, bytes;
        } good[] = {{"", "", ",", "%d", 0, 0},
                    {"\xEF\xBB\xBF", "", " , ", "%d", 0, 0},
                    {"\xEF\xBB\xBF", "b0;b1;b2\n", ";", "%d", 0, 0},
                    {"", "# made by numpy\n# 256 x 256\n", " ", "%d", 0, 0},
                    {"", "b0;b1;b2\n# 256 x 256\n", ";", "%d", 0, 0},
                    {"", "", "\t", "%d.0", 0, 0},
                    {"", signs, "  ", "%d", 0, 0},
                    {"", labels, ",", "%d", 1, 1}, /* of pandas */
                    {"", labels + 1, ",", "%d", 0, 1}};
        for (i = 0; i < sizeof good / sizeof *good; i++) {
            const size_t used = rows(text, good[i].mark, good[i].head, good[i].between,
                                     good[i].format, good[i].numbers, good[i].bytes);
            if (nc_axx_parse(&n, NC_AXX_FORM_CSV, "t", text, used, &err) != NC_OK)
                fail_msg("case %zu: %d:%d %s", i, (int)err.line, (int)err.column, err.message);
            same_tables();
        }
    }
    i = (size_t)sprintf(text, "%s", "a,b,product\n1,2,1.5\n");
    assert_int_equal(nc_axx_parse(&n, NC_AXX_FORM_CSV, "t", text, i, &err), NC_ERR_FORMAT);
    assert_int_equal(err.line, 2);
    assert_int_equal(err.column, 5);
    i = (size_t)sprintf(text, "%s", "a,b,product\n1,2,2 # exact\n");
    assert_int_equal(nc_axx_parse(&n, NC_AXX_FORM_CSV, "t", text, i, &err), NC_ERR_FORMAT);
    assert_non_null(strstr(err.message, "too few products"));
    i = (size_t)sprintf(text, "%s", "a,b,product\nx,2,1\n");
    assert_int_equal(nc_axx_parse(&n, NC_AXX_FORM_CSV, "t", text, i, &err), NC_ERR_FORMAT);
    assert_int_equal(err.line, 2);
    free(text);
    free(labels);
    free(signs);
}

static void a_bin_is_indexed_by_bytes(void **state) {
    nc_axx_report report;
    char *data;
    size_t bytes;
    nc_error err;
    (void)state;
    assert_int_equal(nc_axx_make(&m, "mitchell", &err), NC_OK);
    assert_int_equal(nc_axx_write(&m, NC_AXX_FORM_BIN, &data, &bytes, &err), NC_OK);
    assert_int_equal(bytes, 131072);
    assert_int_equal((uint8_t)data[2 * (3 * 256 + 5)], 14);
    assert_int_equal((uint8_t)data[2 * (253 * 256 + 5)], 256 - 14);
    assert_int_equal(nc_axx_parse_with(&n, NC_AXX_FORM_BIN, NULL, "x", data, bytes, &report, &err),
                     NC_OK);
    assert_string_equal(report.text, "8 x 8 bits by type, unsigned by type");
    assert_int_equal(nc_axx_product(&n, 253, 5), 65536 - 14);
    assert_int_equal(nc_axx_parse(&n, NC_AXX_FORM_BIN, "mul8s_x", data, bytes, &err), NC_OK);
    same_tables();
    assert_int_equal(nc_axx_parse(&n, NC_AXX_FORM_BIN, "x", data, bytes - 2, &err), NC_ERR_FORMAT);
    nc_axx_free_text(data);
}

/* An array multiplier of unsigned bytes as EvoApproxLib writes circuits: one-bit variables; without
   its `cut` lowest columns. Sums are full adders of rows. */
static void netlist(char *text, int cut) {
    char sum[16][16];
    int row, i, gate = 0;
    text += sprintf(text, "/* circuit */\n#include <stdint.h>\n\nuint16_t mul8u_test(uint8_t A, "
                          "uint8_t B)\n{\n  uint16_t O = 0;\n  int wires[2];\n  uint8_t ");
    for (i = 0; i < 400; i++) text += sprintf(text, "%sn%d", i ? "," : "", i);
    text += sprintf(text, ";\n  wires[0] = 0x0; wires[1] = 1u;\n");
    for (i = 0; i < 16; i++) strcpy(sum[i], "wires[0]");
    for (row = 0; row < 8; row++) {
        char carry[16] = "wires[0]";
        for (i = row; i < 16; i++) {
            const int pp = gate++, s = gate++, c = gate++;
            if (i - row < 8 && i >= cut)
                text += sprintf(text, "  n%d=((B >> %d)&1)&((A >> %d)&1);\n", pp, row, i - row);
            else
                text += sprintf(text, "  n%d = 0 & wires[1];\n", pp);
            text += sprintf(text, "  n%d = n%d ^ %s ^ %s; // sum\n", s, pp, sum[i], carry);
            text += sprintf(text, "  n%d = (n%d & (%s | %s)) | (%s & %s);\n", c, pp, sum[i], carry,
                            sum[i], carry);
            sprintf(sum[i], "n%d", s);
            sprintf(carry, "n%d", c);
        }
    }
    for (i = 0; i < 16; i++)
        text += sprintf(text, "  O |= (uint16_t)(%s & 0x01) << %d;\n", sum[i], i);
    sprintf(text, "  return O;\n}\n");
}

static void netlists_in_c_are_evaluated(void **state) {
    static const char small[] =
        "// two's complement, written out\n"
        "static inline int16_t mul8s_small(const int8_t A, const int8_t B) {\n"
        "  int16_t p = (int16_t)(A * B), t; /* exact */\n"
        "  t = ~(p ^ -1) & 0xFFFF;\n"
        "  { t += (A == 3) - (B != 0); t -= !A; }\n"
        "  return t + (B != 0) + !A - ((A<<1)==6) ;\n"
        "}\n";
    static const char bits[] = "uint16_t mul8s_bits(int8_t A, int8_t B) { uint32_t O = A * B; "
                               "return O; }";
    char *text = malloc(1 << 16);
    nc_error err;
    int cut;
    (void)state;
    for (cut = 0; cut < 8; cut += 3) {
        netlist(text, cut);
        if (nc_axx_parse(&n, NC_AXX_FORM_NETLIST, "x", text, strlen(text), &err) != NC_OK)
            fail_msg("%d:%d %s", (int)err.line, (int)err.column, err.message);
        assert_true(n.a_unsigned && n.b_unsigned);
        assert_int_equal(nc_axx_generate(&m, NC_AXX_TRUNCATED, (uint32_t)cut, 0, 1), NC_OK);
        same_tables();
    }
    if (nc_axx_parse(&n, NC_AXX_FORM_NETLIST, "y", small, sizeof small - 1, &err) != NC_OK)
        fail_msg("%d:%d %s", (int)err.line, (int)err.column, err.message);
    assert_int_equal(nc_axx_make(&m, "exact", &err), NC_OK);
    assert_true(!n.a_unsigned);
    same_tables();
    /* signed operands, the product as bits of an unsigned type */
    if (nc_axx_parse(&n, NC_AXX_FORM_NETLIST, "z", bits, sizeof bits - 1, &err) != NC_OK)
        fail_msg("%d:%d %s", (int)err.line, (int)err.column, err.message);
    same_tables();
    free(text);
}

/* mul8s_1L2H as EvoApproxLib writes it: signed by its name, of types without a sign. Bits of weight
   128 count as negative; rows below 1 are missing. */
static void published(char *text, const char *head) {
    int i, j;
    text += sprintf(text, "%s {\n uint16_t O;\n O=0;\n", head);
    for (i = 1; i < 8; i++)
        for (j = 1; j < 8; j++)
            text += sprintf(text, " O %c= (((B >> %d)&1)&((A >> %d)&1)) << %d;\n",
                            (i == 7) != (j == 7) ? '-' : '+', j, i, i + j);
    sprintf(text, " return O;\n}\n");
}

static void signs_are_those_of_the_name_or_as_asked(void **state) {
    static const char head[] = "uint16_t mul8s_1L2H(uint8_t A, uint8_t B)";
    nc_axx_reading how = {NC_AXX_SIGN_FILE, NULL, {0, 0}};
    char *text = malloc(1 << 14), *table;
    nc_axx_report report;
    nc_axx_metrics e;
    size_t bytes, i;
    nc_error err;
    (void)state;
    published(text, head);
    if (nc_axx_parse_with(&n, NC_AXX_FORM_NETLIST, &how, "x", text, strlen(text), &report, &err))
        fail_msg("%d:%d %s", (int)err.line, (int)err.column, err.message);
    assert_int_equal(nc_axx_make(&m, "mul8s_1L2H", &err), NC_OK);
    same_tables();
    assert_string_equal(report.text, "8 x 8 bits by name, signed by name");
    assert_string_equal(report.unit, "mul8s_1L2H");
    nc_axx_measure(&n, &e);
    assert_int_equal((int)e.mae, 53);
    assert_true(e.wce == 255);
    assert_int_equal((int)(100 * e.mre + 0.5), 438);         /* exact products of 0 count as 1 */
    assert_int_equal((int)(100 * e.mre_nonzero + 0.5), 441); /* as published */
    assert_true(e.wcre_nonzero == 300);
    /* asked for, the same bits without a sign */
    how.sign = NC_AXX_SIGN_UNSIGNED;
    assert_int_equal(
        nc_axx_parse_with(&n, NC_AXX_FORM_NETLIST, &how, "x", text, strlen(text), &report, &err),
        NC_OK);
    assert_string_equal(report.text, "8 x 8 bits by name, unsigned as asked");
    for (i = 0; i < 65536; i++) assert_int_equal(n.table[i], (uint16_t)m.table[i ^ 0x8080]);
    /* a name of its own says nothing: then the file's name, then the types */
    published(text, "uint16_t f(uint8_t A, uint8_t B)");
    assert_int_equal(nc_axx_parse_with(&n, NC_AXX_FORM_NETLIST, NULL, "mul8s_1L2H", text,
                                       strlen(text), &report, &err),
                     NC_OK);
    same_tables();
    assert_int_equal(
        nc_axx_parse_with(&n, NC_AXX_FORM_NETLIST, NULL, "x", text, strlen(text), &report, &err),
        NC_OK);
    assert_string_equal(report.text, "8 x 8 bits by type, unsigned by type");
    /* signed types, asked for without a sign */
    published(text, "int16_t mul8s_1L2H(int8_t A, int8_t B)");
    assert_int_equal(
        nc_axx_parse_with(&n, NC_AXX_FORM_NETLIST, &how, "x", text, strlen(text), &report, &err),
        NC_OK);
    assert_true(n.a_unsigned && n.table[0x8080] == (uint16_t)m.table[0]);
    assert_true(report.milliwatts == 0 && n.relative_power == 0);
    published(text,
              "// PDK45_AREA = 3 um2\n// PDK45_PWR = 0.100 mW\nint16_t f(uint8_t A, uint8_t B)");
    assert_int_equal(
        nc_axx_parse_with(&n, NC_AXX_FORM_NETLIST, NULL, "x", text, strlen(text), &report, &err),
        NC_OK);
    assert_true(report.milliwatts == 0.1f && n.relative_power == 0.1f / 0.391f);
    assert_int_equal(nc_axx_parse_with(&n, NC_AXX_FORM_NETLIST, NULL, "mul8s_1L2H", text,
                                       strlen(text), &report, &err),
                     NC_OK);
    assert_true(n.relative_power == 0.301f / 0.425f); /* as published for the name */
    /* unsigned operands, products below 0 */
    strcpy(text, "int f(uint8_t a, uint8_t b) { return a * b - 3; }");
    assert_int_equal(nc_axx_parse(&n, NC_AXX_FORM_NETLIST, "x", text, strlen(text), &err), NC_OK);
    assert_int_equal(nc_axx_product(&n, 0, 0), -3);
    /* tables: the name, else signed, unless asked */
    assert_int_equal(nc_axx_make(&m, "exact", &err), NC_OK);
    for (i = 1; i <= NC_AXX_FORM_CSV; i++) {
        assert_int_equal(nc_axx_write(&m, (nc_axx_form)i, &table, &bytes, &err), NC_OK);
        assert_int_equal(
            nc_axx_parse_with(&n, (nc_axx_form)i, NULL, "t", table, bytes, &report, &err), NC_OK);
        assert_string_equal(report.text, "8 x 8 bits by type, signed assumed");
        same_tables();
        how.sign = NC_AXX_SIGN_SIGNED;
        assert_int_equal(
            nc_axx_parse_with(&n, (nc_axx_form)i, &how, "mul8u_t", table, bytes, &report, &err),
            NC_OK);
        assert_true(!n.a_unsigned && !n.b_unsigned);
        same_tables();
        how.sign = NC_AXX_SIGN_UNSIGNED;
        assert_int_equal(
            nc_axx_parse_with(&n, (nc_axx_form)i, &how, "mul8s_t", table, bytes, &report, &err),
            NC_OK);
        assert_true(n.a_unsigned && n.b_unsigned);
        nc_axx_free_text(table);
    }
    how.sign = NC_AXX_SIGN_COUNT;
    assert_int_equal(nc_axx_parse_with(&n, NC_AXX_FORM_I16, &how, "t", "", 0, NULL, &err),
                     NC_ERR_ARG);
    free(text);
}

/* One expression of A and B, both as int, against what a C compiler makes of it. */
#define IN_C(expression)                                                                           \
    {                                                                                              \
        const int A = 0, B = 1;                                                                    \
        static const char text[] =                                                                 \
            "int64_t f(int8_t a, int8_t b) { int A = a, B = b; return " #expression "; }";         \
        const long long wanted = (long long)(expression);                                          \
        (void)A, (void)B;                                                                          \
        if (nc_axx_parse(&n, NC_AXX_FORM_NETLIST, "c", text, sizeof text - 1, &err) != NC_OK)      \
            fail_msg("%s: %d:%d %s", text, (int)err.line, (int)err.column, err.message);           \
        if (nc_axx_product(&n, 0, 1) != wanted)                                                    \
            fail_msg("%s gives %d, not %lld", text, (int)nc_axx_product(&n, 0, 1), wanted);        \
    }

static void arithmetic_is_that_of_c(void **state) {
    nc_error err;
    (void)state;
    IN_C((~(uint32_t)A) >> 28 & 0xFF) /* 15: no sign to shift in */
    IN_C((~(uint64_t)A) >> 60 & 0xFF)
    IN_C((~A) >> 28 & 0xFF) /* 255 */
    IN_C((~(uint8_t)A) >> 28 & 0xFF)
    IN_C((A ^ 0xFFFFFFFFFFFFFFFFU) >> 40 & 0xFFFF)
    IN_C((A ^ 0xFFFFFFFFu) >> 16)
    IN_C((A ^ 18446744073709551615u) >> 63)
    IN_C((A ^ 0x7FFFFFFFFFFFFFFF) >> 60)
    IN_C((0xFFFFFFFF + B) >> 3)
    IN_C((4294967295 + B) >> 3)
    IN_C((uint32_t)A - B > 5)
    IN_C(A - B > 5)
    IN_C(((uint32_t)(A - B) < 1u) * 2 + (A - B <= 1))
    IN_C(((uint64_t)A - 1 >= 1) + 010 * B)
    IN_C(((uint16_t)(A - B) + 1) >> 4)
    IN_C((int8_t)(B + 255) - (uint8_t)(A - B))
    IN_C((-(uint32_t)B >> 4) + !(uint64_t)A)
    IN_C(((uint8_t)200 + (uint8_t)100) == 300)
    IN_C((uint8_t)(200 + B * 100))
    IN_C((((int64_t)B << 40) - 1) >> 30)
    IN_C(2 * (_Bool)(A & 6) + (_Bool)(B ^ 256)) /* 0 or not, whichever bits are set */
    IN_C((A == 0) + (B != 0u) + (A < B) + (A <= B) + (A > B) + (A >= B))
}

static void functions_may_call_those_above(void **state) {
    static const char text[] =
        "#include <stdint.h>\n"
        "uint8_t and_gate(uint8_t a, uint8_t b){ return ((a >> 0) & 0x01) & ((b >> 0) & 0x01); }\n"
        "uint8_t twice(uint8_t a);\n"
        "uint16_t row(const uint8_t a, uint8_t k) { uint16_t s = 0; s |= and_gate(a, k) << 0;\n"
        " s |= and_gate(a >> 1, k) << 1; s |= and_gate(a >> 2, k) << 2;\n"
        " s |= and_gate(a >> 3, k) << 3; s |= and_gate(a >> 4, k) << 4;\n"
        " s |= and_gate(a >> 5, k) << 5; s |= and_gate(a >> 6, k) << 6;\n"
        " s |= and_gate(a >> 7, k) << 7; return s; }\n"
        "int zero(void) { return 0; }\n"
        "uint64_t other(uint64_t a, uint64_t b) { uint64_t s = zero(); s += row(a, b);\n"
        " s += row(a, b >> 1) << 1; s += row(a, b >> 2) << 2; s += row(a, b >> 3) << 3;\n"
        " s += row(a, b >> 4) << 4; s += row(a, b >> 5) << 5; s += row(a, b >> 6) << 6;\n"
        " s += row(a, b >> 7) << 7; return s; }\n"
        "uint64_t u_arrmul8(uint64_t a, uint64_t b) { return other(b, a) + 1; }\n";
    static const struct {
        const char *text, *message;
    } bad[] = {
        {"int f(int8_t a, int8_t b) { return g(a); }", "no function 'g' above"},
        {"int f(int8_t a, int8_t b) { return f(a, b); }", "no function 'f' above"},
        {"int g(int a) { return a; } int f(int8_t a, int8_t b) { return g(a, b); }",
         "expected ')'"},
        {"int f(int8_t a, int8_t b) { return a; } int g(int a) { return a; }", "1 parameters"},
        {"int f(int8_t a, int8_t b) { return c; }", "'c' is not declared"},
        {"int x; int f(int8_t a, int8_t b) { return a; }", "expected '('"},
        {"typedef int t; int f(int8_t a, int8_t b) { return a; }", "a function of integers"},
        {"int f(int8_t *a, int8_t b) { return a; }", "expected"},
        {"int f(int8_t a, int8_t b) { return 18446744073709551616u; }", "64 bits"},
        {"int f(int8_t a, int8_t b) { return 18446744073709551615; }", "a U"},
        {"int f(int8_t a, int8_t b) { return 1x; }", "an integer"},
        {"int f(int8_t a, int8_t b) { return 1.5; }", "an integer"},
        {"int f(int8_t a, int8_t b) { return a && b; }", "expected ';'"},
    };
    nc_axx_reading how = {NC_AXX_SIGN_FILE, NULL, {0, 0}};
    nc_axx_report report;
    nc_error err;
    size_t i;
    (void)state;
    assert_int_equal(nc_axx_make(&m, "exact+unsigned", &err), NC_OK);
    how.unit = "other";
    if (nc_axx_parse_with(&n, NC_AXX_FORM_NETLIST, &how, "u_arrmul8", text, sizeof text - 1,
                          &report, &err))
        fail_msg("%d:%d %s", (int)err.line, (int)err.column, err.message);
    assert_string_equal(report.unit, "other");
    assert_string_equal(report.text, "8 x 8 bits by name, unsigned by name");
    same_tables();
    assert_int_equal(nc_axx_parse(&n, NC_AXX_FORM_NETLIST, "other", text, sizeof text - 1, &err),
                     NC_OK);
    same_tables(); /* the one called like the file */
    assert_int_equal(nc_axx_parse(&n, NC_AXX_FORM_NETLIST, "x", text, sizeof text - 1, &err),
                     NC_OK);
    assert_int_equal(nc_axx_product(&n, 3, 5), 16); /* the last */
    how.unit = "nobody";
    assert_int_equal(
        nc_axx_parse_with(&n, NC_AXX_FORM_NETLIST, &how, "x", text, sizeof text - 1, NULL, &err),
        NC_ERR_FORMAT);
    assert_non_null(strstr(err.message, "nobody"));
    for (i = 0; i < sizeof bad / sizeof *bad; i++)
        if (nc_axx_parse(&n, NC_AXX_FORM_NETLIST, "bad", bad[i].text, strlen(bad[i].text), &err) ==
                NC_OK ||
            !strstr(err.message, bad[i].message))
            fail_msg("case %zu: %s", i, err.message);
}

/* A circuit of any width, as n. */
static nc_status embedded(nc_axx_form form, const nc_axx_reading *how, const char *name,
                          const char *text, nc_axx_report *report, nc_error *err) {
    nc_axx_wide *wide;
    const nc_status status =
        nc_axx_wide_parse(&wide, form, how, name, text, strlen(text), report, err);
    if (status != NC_OK) return status;
    nc_axx_embed(&n, wide);
    nc_axx_wide_destroy(wide);
    return NC_OK;
}

static void other_widths_are_refused_or_embedded(void **state) {
    static const struct {
        const char *head, *message;
    } bad[] = {
        {"uint64_t mul7u_01L(uint64_t A, uint64_t B)", "7 by 7 bits"},
        {"uint64_t mul8x4u_4X5(uint64_t A, uint64_t B)", "8 by 4 bits"},
        {"int32_t mul12s_2NM(int16_t A, int16_t B)", "12 by 12 bits"},
        {"int32_t f(int16_t A, int16_t B)", "16 by 16 bits"},
        {"uint64_t u_wallace_cla4(uint64_t A, uint64_t B)", "4 by 4 bits"},
        {"uint64_t add8u_0FP(uint64_t A, uint64_t B)", "an adder of 8-bit"},
        {"uint64_t u_pg_rca12(uint64_t A, uint64_t B)", "an adder of 12-bit"},
        {"uint64_t arrdiv8(uint64_t A, uint64_t B)", "a divider of 8-bit"},
        {"uint32_t mul16u_HF0(uint8_t A, uint8_t B)", "16 by 16 bits"},
    };
    nc_axx_reading how = {NC_AXX_SIGN_FILE, NULL, {0, 0}};
    char text[256];
    nc_axx_report report;
    nc_axx_metrics e;
    nc_error err;
    size_t i;
    (void)state;
    for (i = 0; i < sizeof bad / sizeof *bad; i++) {
        snprintf(text, sizeof text, "%s { return A * B; }", bad[i].head);
        if (nc_axx_parse(&n, NC_AXX_FORM_NETLIST, "x", text, strlen(text), &err) !=
                NC_ERR_UNSUPPORTED ||
            !strstr(err.message, bad[i].message))
            fail_msg("%s: %s", bad[i].head, err.message);
    }
    /* 7 bits: larger operands count as the largest, and not at all in the metrics */
    strcpy(text,
           "uint64_t mul7u(uint64_t A, uint64_t B) { return (A & 127) * (B & 127) + (A == 3); }");
    assert_int_equal(embedded(NC_AXX_FORM_NETLIST, &how, "x", text, &report, &err), NC_OK);
    assert_string_equal(report.text, "7 x 7 bits by name, unsigned by name");
    assert_int_equal(n.a_bits, 7);
    assert_int_equal(nc_axx_product(&n, 127, 127), 16129);
    assert_int_equal(nc_axx_product(&n, 200, 128), 16129);
    nc_axx_measure(&n, &e);
    assert_true(e.mae == 1.0 / 128 && e.ep == 100.0 / 128 && e.wce == 1);
    /* 8 x 4 bits signed, and the product as bits of an unsigned type */
    strcpy(text, "uint32_t mul8x4s_x(uint8_t A, uint8_t B) { int a = A, b = B;"
                 " a -= (A >> 7) << 8; b -= (B >> 3) << 4; return (a * b) & 0xFFF; }");
    assert_int_equal(embedded(NC_AXX_FORM_NETLIST, &how, "x", text, &report, &err), NC_OK);
    assert_int_equal(nc_axx_product(&n, -128, -8), 1024);
    assert_int_equal(nc_axx_product(&n, -128, -9), 1024);
    assert_int_equal(nc_axx_product(&n, 127, -1), -127);
    nc_axx_measure(&n, &e);
    assert_true(e.mae == 0 && e.wce == 0);
    /* 12 bits, the product as the low 24 bits of a signed type */
    strcpy(text, "int32_t mul12s(int16_t A, int16_t B) { return (A * B) & 0xFFFFFF; }");
    assert_int_equal(embedded(NC_AXX_FORM_NETLIST, &how, "x", text, &report, &err), NC_OK);
    assert_int_equal(nc_axx_make(&m, "exact", &err), NC_OK);
    same_tables();
    strcpy(text, "int32_t mul13s(int16_t A, int16_t B) { return A; }");
    assert_int_equal(embedded(NC_AXX_FORM_NETLIST, &how, "x", text, &report, &err),
                     NC_ERR_UNSUPPORTED);
    strcpy(text, "int32_t mul12s(int8_t A, int16_t B) { return A; }");
    assert_int_equal(embedded(NC_AXX_FORM_NETLIST, &how, "x", text, &report, &err), NC_ERR_FORMAT);
    /* an adder that is asked for by its name */
    strcpy(text, "uint64_t add8u(uint64_t A, uint64_t B) { return A + B; }");
    how.unit = "add8u";
    assert_int_equal(
        nc_axx_parse_with(&n, NC_AXX_FORM_NETLIST, &how, "x", text, strlen(text), &report, &err),
        NC_OK);
}

/* TransAxx (github.com/dimdano/transaxx, mul8s_1L2H.h) takes magnitudes, in bytes, of two negative
 * operands: its table made again from the circuit's. */
static void the_header_of_transaxx_is_told_from_the_circuit(void **state) {
    nc_axx_report report;
    nc_axx_metrics e;
    nc_error err;
    char *data;
    size_t bytes;
    int a, b;
    (void)state;
    assert_int_equal(nc_axx_make(&m, "mul8s_1L2H", &err), NC_OK);
    n = m;
    for (a = -128; a < 0; a++)
        for (b = -128; b < 0; b++)
            n.table[(a + 128) * 256 + b + 128] = nc_axx_product(&m, (int8_t)-a, (int8_t)-b);
    assert_int_equal(nc_axx_write(&n, NC_AXX_FORM_HEADER, &data, &bytes, &err), NC_OK);
    assert_int_equal(
        nc_axx_parse_with(&n, NC_AXX_FORM_HEADER, NULL, "mul8s_1L2H", data, bytes, &report, &err),
        NC_OK);
    assert_int_equal(report.differs, 12414);
    assert_string_equal(report.text, "8 x 8 bits by name, signed by name; 12414 products are not "
                                     "those of this name");
    nc_axx_measure(&n, &e);
    assert_true(e.mae == 116.208984375 && e.wce == 32384);
    assert_int_equal(
        nc_axx_parse_with(&n, NC_AXX_FORM_HEADER, NULL, "mul8s_x", data, bytes, &report, &err),
        NC_OK);
    assert_int_equal(report.differs, 0); /* nobody knows its products */
    nc_axx_free_text(data);
    assert_int_equal(nc_axx_write(&m, NC_AXX_FORM_I16, &data, &bytes, &err), NC_OK);
    assert_int_equal(
        nc_axx_parse_with(&n, NC_AXX_FORM_I16, NULL, "mul8s_1L2H", data, bytes, &report, &err),
        NC_OK);
    assert_int_equal(report.differs, 0);
    nc_axx_free_text(data);
}

/* The same multiplier as BLIF; with `flip` covers list the zeros. */
static void blif(char *text, int cut, int flip) {
    char sum[16][16], *to = text;
    int row, i, gate = 0;
    to += sprintf(to, ".model mul # of bytes\n.inputs");
    for (i = 0; i < 16; i++)
        to += sprintf(to, " %c[%d]%s", i < 8 ? 'a' : 'b', i % 8, i == 7 ? " \\\n" : "");
    to += sprintf(to, "\n.outputs");
    for (i = 0; i < 16; i++) to += sprintf(to, " o%d", i);
    to += sprintf(to, "\n.names zero\n%s", flip ? "" : ".names one\n1\n");
    if (flip) to += sprintf(to, ".names one\n1\n");
    for (i = 0; i < 16; i++) strcpy(sum[i], "zero");
    for (row = 0; row < 8; row++) {
        char carry[16] = "zero";
        for (i = row; i < 16; i++) {
            const int pp = gate++, s = gate++, c = gate++;
            if (i - row >= 8 || i < cut)
                to += sprintf(to, ".names n%d\n0\n", pp);
            else if (flip)
                to += sprintf(to, ".names a[%d] b[%d] n%d\n0- 0\n-0 0\n", i - row, row, pp);
            else
                to += sprintf(to, ".names a[%d] b[%d] n%d\n11 1\n", i - row, row, pp);
            to += sprintf(to, ".names n%d %s %s n%d\n100 1\n010 1\n001 1\n111 1\n", pp, sum[i],
                          carry, s);
            to += sprintf(to, ".names n%d %s %s n%d\n11- 1\n1-1 1\n-11 1\n", pp, sum[i], carry, c);
            sprintf(sum[i], "n%d", s);
            sprintf(carry, "n%d", c);
        }
    }
    for (i = 0; i < 16; i++) to += sprintf(to, ".names %s o%d\n1 1\n", sum[i], i);
    sprintf(to, ".end\n");
}

static void netlists_in_blif_are_evaluated(void **state) {
    char *text = malloc(1 << 16);
    nc_error err;
    int cut;
    (void)state;
    for (cut = 0; cut < 8; cut += 5) {
        blif(text, cut, cut > 0);
        if (nc_axx_parse(&n, NC_AXX_FORM_BLIF, "mul8u_x", text, strlen(text), &err) != NC_OK)
            fail_msg("%d:%d %s", (int)err.line, (int)err.column, err.message);
        assert_int_equal(nc_axx_generate(&m, NC_AXX_TRUNCATED, (uint32_t)cut, 0, 1), NC_OK);
        same_tables();
    }
    /* as a signed one: the same bits read as two's complement */
    assert_int_equal(nc_axx_parse(&n, NC_AXX_FORM_BLIF, "mul8s_x", text, strlen(text), &err), 0);
    assert_int_equal(nc_axx_product(&n, -1, -1), (int16_t)nc_axx_product(&m, 255, 255));
    assert_int_equal(nc_axx_product(&n, 5, 9), nc_axx_product(&m, 5, 9));
    free(text);
}

static void blif_has_models_in_models(void **state) {
    static const char fa[] = ".model ha\n.inputs x y\n.outputs s c\n.names x y s\n10 1\n01 1\n"
                             ".names x y c\n11 1\n.end\n";
    static const struct {
        const char *line, *message;
    } bad[] = {
        {".subckt ha x=a0 y=b0 s=o0 c=n d=a1\n", "no pin 'd'"},
        {".subckt ha d=q x=a0 y=b0 s=o0 c=r\n", "no pin 'd'"},
        {".subckt ha x=a0 y=b0 s=o0 c=n\n11 1\n", "a row outside .names"},
        {".subckt fa x=a0 y=b0 s=o0 c=n\n", "no .model 'fa'"},
        {".subckt ha x=a0 y=b0 s=o0 s=n\n", "given twice"},
        {".subckt ha x=a0 y s=o0\n", "FORMAL=ACTUAL"},
        {".subckt ha x=a0 s=o0 c=n\n", "'y' has no source"},
        {".subckt top x=a0 s=o0 c=n\n", "too deep"},
        {".gate nand2 A=a0 B=b0 O=o0\n", "'.gate' is not read"},
    };
    char text[4096], *at = text, *tail;
    nc_axx_reading how = {NC_AXX_SIGN_UNSIGNED, NULL, {0, 0}};
    nc_axx_report report;
    nc_error err;
    size_t i;
    (void)state;
    at += sprintf(at, ".model top\n.inputs a0 a1 b0 b1\n.outputs o0 o1 o2 o3\n");
    for (i = 0; i < 4; i++)
        at += sprintf(at, ".names a%d b%d p%d%d\n11 1\n", (int)i % 2, (int)i / 2, (int)i % 2,
                      (int)i / 2);
    tail = at;
    at +=
        sprintf(at, ".subckt ha x=p10 y=p01 s=o1 c=n x=p10\n.subckt ha x=p11 \\\n y=n s=o2 c=o3\n");
    at += sprintf(at, ".names p00 o0\n1 1\n.end\n%s", fa);
    if (embedded(NC_AXX_FORM_BLIF, &how, "x", text, &report, &err))
        fail_msg("%d:%d %s", (int)err.line, (int)err.column, err.message);
    assert_string_equal(report.unit, "top");
    assert_string_equal(report.text, "2 x 2 bits by type, unsigned as asked");
    for (i = 0; i < 16; i++)
        assert_int_equal(nc_axx_product(&n, (int)i / 4, (int)i % 4), (i / 4) * (i % 4));
    assert_int_equal(nc_axx_parse(&n, NC_AXX_FORM_BLIF, "x", text, strlen(text), &err),
                     NC_ERR_UNSUPPORTED);
    assert_non_null(strstr(err.message, "2 by 2 bits"));
    assert_int_equal(embedded(NC_AXX_FORM_BLIF, &how, "mul8x4u", text, &report, &err),
                     NC_ERR_FORMAT);
    assert_non_null(strstr(err.message, "ports of 2 and 2"));
    for (i = 0; i < sizeof bad / sizeof *bad; i++) {
        sprintf(tail, "%s.end\n%s", bad[i].line, fa);
        if (embedded(NC_AXX_FORM_BLIF, &how, "x", text, &report, &err) == NC_OK ||
            !strstr(err.message, bad[i].message))
            fail_msg("case %zu: %s", i, err.message);
    }
}

/* An array multiplier of unsigned bytes in the ways Verilog can write its adders: cells of a
   library, a module of the file, gates, assign. */
static void verilog(char *text, int way) {
    int row, i, gate = 0;
    if (way == 1)
        text +=
            sprintf(text, "module xor_gate(input a, input b, output out);\n  assign out = a ^ b;\n"
                          "endmodule\n/* carry of three */\nmodule fa (x, y, cin, s, c);\n"
                          "  input [0:0] x, y; input cin; output s; output [0:0] c; wire t;\n"
                          "  xor_gate u0(.a(x[0]), .b(y), .out(t));\n  xor_gate u1 (t, cin, s);\n"
                          "  assign c[0] = (x & y) | (t ? cin : 1'b0);\nendmodule\n");
    text += sprintf(text, "`timescale 1ns/1ps\nmodule mul8u_test (A, B, O);\n"
                          "  input [7:0] A;\n  input [7:0] B;\n  output [15:0] O;\n"
                          "  wire [63:0] p, s, c; // rows\n");
    for (row = 0; row < 8; row++)
        for (i = 0; i < 8; i++, gate++) {
            char x[32], y[32], z[32] = "1'b0";
            sprintf(x, way == 2 ? "p[%d]" : "(A[%d] & B[%d])", way == 2 ? gate : i, row);
            if (way == 2)
                text += sprintf(text, "  and g%d(p[%d], A[%d], B[%d]);\n", gate, gate, i, row);
            if (row == 0)
                strcpy(y, "1'b0");
            else if (i < 7)
                sprintf(y, "s[%d]", gate - 7);
            else
                sprintf(y, "c[%d]", gate - 8);
            if (i) sprintf(z, "c[%d]", gate - 1);
            if (way == 0)
                text += sprintf(text,
                                "  %sFAX1 U%d (.A(%s), .B(%s), .C(%s), .YS(s[%d]), .YC(c[%d]));\n",
                                gate % 2 ? "PDKGEN" : "", gate, x, y, z, gate, gate);
            else if (way == 1)
                text += sprintf(text, "  fa U%d (%s, %s, %s, s[%d], c[%d]);\n", gate, x, y, z, gate,
                                gate);
            else if (way == 2)
                text += sprintf(text,
                                "  xor (s[%d], %s, %s, %s);\n  wire u%d = %s & %s;\n"
                                "  nor n%d(v%d, %s, %s);\n  assign c[%d] = u%d | ~(v%d | ~%s);\n",
                                gate, x, y, z, gate, x, y, gate, gate, x, y, gate, gate, gate, z);
            else
                text += sprintf(text,
                                "  assign {c[%d], s[%d]} = {(%s & %s) | (%s & (%s | %s)), "
                                "~(%s ~^ %s) ^ %s};\n",
                                gate, gate, x, y, z, x, y, x, y, z);
        }
    for (row = 0; row < 8; row++) text += sprintf(text, "  assign O[%d] = s[%d];\n", row, 8 * row);
    sprintf(text, "  assign O[15:8] = {c[63], s[63:57]};\nendmodule\n");
}

static void netlists_in_verilog_are_evaluated(void **state) {
    static const struct {
        const char *text, *message;
    } bad[] = {
        {"", "no module"},
        {"modul m", "expected a module"},
        {"module m(A,B,O); input [7:0] A,B;", "endmodule is missing"},
        {"module m(A,B,O); input [7:0] A,B; output O; reg q; endmodule", "'reg' is not read"},
        {"module m(A,B,O); input [7:0] A,B; output O; always @(A) O = 1; endmodule", "'always'"},
        {"module m(A,B,O); input [7:0] A,B; output O; XYZ u(A, B); endmodule", "'XYZ'"},
        {"module m(A,B,O); input [7:0] A,B; output O; FAX1 u(.A(A[0])); endmodule", "pin B"},
        {"module m(A,B,O); input [7:0] A,B; output O; INVX1 u(.A(A[0]),.Y(O),.Z(O)); endmodule",
         "no port 'Z'"},
        {"module m(A,B,O); input [7:0] A,B; output O; assign O = A; endmodule", "8 bits for 1"},
        {"module m(A,B,O); input [7:0] A,B; output O; assign O = A[8]; endmodule", "not in [7:0]"},
        {"module m(A,B,O); input [7:0] A,B; output O; assign O = A[0] - B[0]; endmodule", "';'"},
        {"module m(A,B,O); input [7:0] A,B; output O; assign O = q; endmodule",
         "'q' has no source"},
        {"module m(A,B,O); input [7:0] A,B; output O; assign O = A[1]; assign O = 0; endmodule",
         "two sources"},
        {"module m(A,B,O); input [7:0] A,B; endmodule", "'O' is neither"},
        {"module m(A,B,C,O); input [7:0] A,B,C; output O; assign O = 1; endmodule", "not 3"},
        {"module m(A,B,O); input [6:0] A,B; output O; assign O = 1; endmodule", "7 by 7 bits"},
        {"module m(A,B,O); input [7:0] A,B; output O; m u(A, B, O); endmodule", "too deep"},
        {"module m(A,B,O); input [7:0] A,B; output O; assign O = {0{A}}; endmodule", "{0{..}}"},
        {"module m(A,B,O); input [7:0] A,B; output O; assign O = {9{A}}; endmodule", "{9{..}}"},
        {"module m(A,B,O); input [7:0] A,B; output O; assign O = {4{2}}; endmodule", "a width"},
        {"`define X 1\nmodule m; endmodule", "directive"},
    };
    char *text = malloc(1 << 16);
    nc_axx_reading how = {NC_AXX_SIGN_SIGNED, NULL, {0, 0}};
    nc_axx_report report;
    nc_error err;
    size_t i;
    (void)state;
    assert_int_equal(nc_axx_make(&m, "exact+unsigned", &err), NC_OK);
    for (i = 0; i < 4; i++) {
        verilog(text, (int)i);
        if (nc_axx_parse_with(&n, NC_AXX_FORM_VERILOG, NULL, "x", text, strlen(text), &report,
                              &err))
            fail_msg("way %zu: %d:%d %s", i, (int)err.line, (int)err.column, err.message);
        assert_string_equal(report.text, "8 x 8 bits by name, unsigned by name");
        same_tables();
    }
    assert_int_equal(
        nc_axx_parse_with(&n, NC_AXX_FORM_VERILOG, &how, "x", text, strlen(text), &report, &err),
        NC_OK);
    assert_int_equal(nc_axx_product(&n, -1, 3), 255 * 3);
    assert_int_equal(nc_axx_product(&n, -1, -1), (int16_t)(255 * 255));
    { /* sums carry into what they are assigned to, and no further */
        static const char sum[] = "module m(input [7:0] A, input [7:0] B, output [15:0] O);\n"
                                  "wire [8:0] s; assign s = A + B; wire [7:0] t = A + B;\n"
                                  "assign O = {s, 7'b0} + t + {1'b1};\nendmodule\n";
        int a, b;
        nc_axx_reading none = {NC_AXX_SIGN_UNSIGNED, NULL, {0, 0}};
        if (nc_axx_parse_with(&n, NC_AXX_FORM_VERILOG, &none, "x", sum, sizeof sum - 1, &report,
                              &err))
            fail_msg("%d:%d %s", (int)err.line, (int)err.column, err.message);
        for (a = 0; a < 256; a++)
            for (b = 0; b < 256; b++)
                assert_int_equal(nc_axx_product(&n, a, b), (a + b) * 128 + ((a + b) & 255) + 1);
    }
    { /* rows of partial products by repeated bits */
        static const char rows[] =
            "module mul8u(input [7:0] A, input [7:0] B, output [15:0] O);\n"
            "wire [9:0] s = {2'b0, A & {8{B[0]}}} + {A & {4{{2{B[1]}}}}, 1'b0};\n"
            "assign O = {6'b0, s} + {{2{1'b0}}, 2{2'b0}};\nendmodule\n";
        int a, b;
        if (nc_axx_parse_with(&n, NC_AXX_FORM_VERILOG, NULL, "x", rows, sizeof rows - 1, &report,
                              &err))
            fail_msg("%d:%d %s", (int)err.line, (int)err.column, err.message);
        for (a = 0; a < 256; a++)
            for (b = 0; b < 256; b++) assert_int_equal(nc_axx_product(&n, a, b), a * (b & 3));
    }
    for (i = 0; i < sizeof bad / sizeof *bad; i++)
        if (nc_axx_parse(&n, NC_AXX_FORM_VERILOG, "x", bad[i].text, strlen(bad[i].text), &err) ==
                NC_OK ||
            !strstr(err.message, bad[i].message))
            fail_msg("case %zu: %s", i, err.message);
    free(text);
}

static void errors_name_their_place(void **state) {
    static const struct {
        nc_axx_form form;
        nc_status status;
        int line, column;
        const char *text;
    } bad[] = {
        {NC_AXX_FORM_HEADER, NC_ERR_FORMAT, 2, 1, "int x;\n"},
        {NC_AXX_FORM_HEADER, NC_ERR_FORMAT, 1, 20, "int l[256][255] = {"},
        {NC_AXX_FORM_HEADER, NC_ERR_FORMAT, 1, 16, "int l[256][256];"},
        {NC_AXX_FORM_HEADER, NC_ERR_FORMAT, 2, 5, "int l[256][256] = {\n{1, }"},
        {NC_AXX_FORM_HEADER, NC_ERR_FORMAT, 1, 23, "int l[256][256] = {{1 2"},
        {NC_AXX_FORM_HEADER, NC_ERR_FORMAT, 1, 1, "/* never closed\n int l[256][256]"},
        {NC_AXX_FORM_HEADER, NC_ERR_LIMIT, 1, 32, "int l[256][256] = { 99999999999"},
        {NC_AXX_FORM_CSV, NC_ERR_FORMAT, 1, 1, ""},
        {NC_AXX_FORM_CSV, NC_ERR_FORMAT, 1, 3, "\"\""},
        {NC_AXX_FORM_CSV, NC_ERR_FORMAT, 1, 3, "1,x"},
        {NC_AXX_FORM_CSV, NC_ERR_FORMAT, 2, 4, "1,2,3\n1,2\n"},
        {NC_AXX_FORM_CSV, NC_ERR_FORMAT, 1, 8, "300,1,2\n"},
        {NC_AXX_FORM_CSV, NC_ERR_FORMAT, 1, 24, "9223372036854775807,1,2\n"},
        {NC_AXX_FORM_VERILOG, NC_ERR_UNSUPPORTED, 2, 30,
         "module x (a, o);\ninput [4294967296:4294967296] a; output o;\nendmodule\n"},
        {NC_AXX_FORM_VERILOG, NC_ERR_LIMIT, 2, 15,
         "module x (a, o);\nwire [99:0] w = {64{1'b0}};\nendmodule\n"},
        {NC_AXX_FORM_NETLIST, NC_ERR_FORMAT, 1, 7, "int x = 3;\n"},
        {NC_AXX_FORM_NETLIST, NC_ERR_FORMAT, 1, 30, "int f(int8_t a, int8_t b) { x = a;}"},
        {NC_AXX_FORM_NETLIST, NC_ERR_FORMAT, 2, 14,
         "int f(int8_t a, int8_t b) {\nint x, y; x=y; }"},
        {NC_AXX_FORM_NETLIST, NC_ERR_FORMAT, 1, 40, "int f(int8_t a, int8_t b) { return a + ; }"},
        {NC_AXX_FORM_NETLIST, NC_ERR_FORMAT, 1, 30, "int f(int8_t a, int8_t b) { }"},
        {NC_AXX_FORM_NETLIST, NC_ERR_FORMAT, 1, 34, "int f(int8_t a, int8_t b) { int a; }"},
        {NC_AXX_FORM_NETLIST, NC_ERR_FORMAT, 1, 31,
         "int f(int8_t a, int8_t b) { if (a) return 1; }"},
        {NC_AXX_FORM_NETLIST, NC_ERR_FORMAT, 1, 42,
         "int f(int8_t a, int8_t b) { int w[4]; w[9]=1; }"},
        {NC_AXX_FORM_BLIF, NC_ERR_FORMAT, 0, 0, ".model x\n.inputs a\n.outputs b\n.end\n"},
        {NC_AXX_FORM_BLIF, NC_ERR_UNSUPPORTED, 2, 7, ".model x\n.latch a b\n"},
        {NC_AXX_FORM_BLIF, NC_ERR_FORMAT, 2, 3, ".model x\n11 1\n"},
        {NC_AXX_FORM_BLIF, NC_ERR_FORMAT, 3, 4, ".model x\n.names a b c\n1 1\n"},
        {NC_AXX_FORM_BLIF, NC_ERR_FORMAT, 4, 5, ".names a b c\n11 1\n\n00 0\n"},
        {NC_AXX_FORM_BLIF, NC_ERR_FORMAT, 1, 7, ".names\n.names"},
        {NC_AXX_FORM_BLIF, NC_ERR_FORMAT, 3, 9, ".names b\n1\n.names b\n"},
    };
    nc_error err;
    size_t i;
    (void)state;
    memset(&m, 7, sizeof m);
    n = m;
    for (i = 0; i < sizeof bad / sizeof *bad; i++) {
        const nc_status status =
            nc_axx_parse(&n, bad[i].form, "bad", bad[i].text, strlen(bad[i].text), &err);
        if (status != bad[i].status || err.line != bad[i].line || err.column != bad[i].column)
            fail_msg("case %zu: status %d at %d:%d: %s\n  %s\n", i, status, (int)err.line,
                     (int)err.column, err.message, bad[i].text);
    }
    assert_memory_equal(&m, &n, sizeof m); /* changed only on success */
}

static void cycles_and_missing_signals_are_found(void **state) {
    char text[1024], *at = text;
    nc_error err;
    int i;
    (void)state;
    at += sprintf(at, ".inputs");
    for (i = 0; i < 16; i++) at += sprintf(at, " i%d", i);
    at += sprintf(at, "\n.outputs x\n");
    sprintf(at, ".names y x\n1 1\n.names x y\n1 1\n");
    assert_int_equal(nc_axx_parse(&n, NC_AXX_FORM_BLIF, "b", text, strlen(text), &err), 4);
    assert_non_null(strstr(err.message, "depends on itself"));
    sprintf(at, ".names y x\n1 1\n");
    assert_int_equal(nc_axx_parse(&n, NC_AXX_FORM_BLIF, "b", text, strlen(text), &err), 4);
    assert_non_null(strstr(err.message, "'y' has no source"));
    sprintf(at, ".names i3\n1\n.names i3 x\n1 1\n");
    assert_int_equal(nc_axx_parse(&n, NC_AXX_FORM_BLIF, "b", text, strlen(text), &err), 4);
    assert_non_null(strstr(err.message, "another source"));
    sprintf(at, ".names i3 i9 x\n11 1\n");
    assert_int_equal(nc_axx_parse(&n, NC_AXX_FORM_BLIF, "mul8u", text, strlen(text), &err), NC_OK);
    assert_int_equal(nc_axx_product(&n, 8, 2), 1);
    assert_int_equal(nc_axx_product(&n, 8, 1), 0);
}

static void arrays_of_numpy_are_checked(void **state) {
    nc_error err;
    char *data;
    size_t bytes;
    (void)state;
    assert_int_equal(nc_axx_make(&m, "exact", &err), NC_OK);
    assert_int_equal(nc_axx_write(&m, NC_AXX_FORM_NPY, &data, &bytes, &err), NC_OK);
    assert_int_equal(bytes, 128 + 4 * 65536);
    assert_int_equal(nc_axx_parse(&n, NC_AXX_FORM_NPY, "x", data, bytes, &err), NC_OK);
    same_tables();
    assert_int_equal(nc_axx_parse(&n, NC_AXX_FORM_NPY, "x", data, bytes - 1, &err), NC_ERR_FORMAT);
    memcpy(strstr(data + 10, "<i4"), "<f4", 3);
    assert_int_equal(nc_axx_parse(&n, NC_AXX_FORM_NPY, "x", data, bytes, &err), NC_ERR_FORMAT);
    memcpy(strstr(data + 10, "<f4"), "<i4", 3);
    { /* wider, the other end first, columns first */
        static const char *const types[] = {"<i8", ">i8", ">i4", ">i2", "<u8"};
        uint8_t *wide = malloc(128 + 8 * 65536);
        size_t k, i, b, width;
        for (k = 0; k < 10; k++) {
            const char *type = types[k % 5];
            const int first = k % 5 == 0 || k % 5 == 4, columns = k >= 5;
            assert_int_equal(nc_axx_make(&m, "exact", &err), NC_OK);
            if (type[1] == 'u') m.table[0] = 0;
            memset(wide, ' ', 128);
            memcpy(wide, "\x93NUMPY\1\0\x76\0", 10);
            wide[10 + sprintf((char *)wide + 10,
                              "{'descr': '%s', 'fortran_order': %s, 'shape': (256, 256), }", type,
                              columns ? "True" : "False")] = ' ';
            width = (size_t)(type[2] - '0');
            for (i = 0; i < 65536; i++) {
                const size_t to = columns ? i % 256 * 256 + i / 256 : i;
                int64_t v = m.table[i] + (int)(i % 256);
                if (type[1] == 'u' && v < 0) v = 7;
                m.table[i] = (int32_t)v;
                for (b = 0; b < width; b++)
                    wide[128 + width * to + b] =
                        (uint8_t)((uint64_t)v >> 8 * (first ? b : width - 1 - b));
            }
            if (nc_axx_parse(&n, NC_AXX_FORM_NPY, "x", wide, 128 + width * 65536, &err) != NC_OK)
                fail_msg("%s: %s", type, err.message);
            same_tables();
        }
        free(wide);
    }
    memcpy(strstr(data + 10, "256, 256"), "128, 512", 8);
    assert_int_equal(nc_axx_parse(&n, NC_AXX_FORM_NPY, "x", data, bytes, &err), NC_ERR_FORMAT);
    nc_axx_free_text(data);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_form_survives_a_round_trip),
        cmocka_unit_test(files_are_replaced_whole_or_not_at_all),
        cmocka_unit_test(a_csv_may_list_pairs),
        cmocka_unit_test(csv_has_headers_marks_and_blanks),
        cmocka_unit_test(a_bin_is_indexed_by_bytes),
        cmocka_unit_test(netlists_in_c_are_evaluated),
        cmocka_unit_test(signs_are_those_of_the_name_or_as_asked),
        cmocka_unit_test(arithmetic_is_that_of_c),
        cmocka_unit_test(functions_may_call_those_above),
        cmocka_unit_test(other_widths_are_refused_or_embedded),
        cmocka_unit_test(the_header_of_transaxx_is_told_from_the_circuit),
        cmocka_unit_test(netlists_in_blif_are_evaluated),
        cmocka_unit_test(blif_has_models_in_models),
        cmocka_unit_test(netlists_in_verilog_are_evaluated),
        cmocka_unit_test(errors_name_their_place),
        cmocka_unit_test(cycles_and_missing_signals_are_found),
        cmocka_unit_test(arrays_of_numpy_are_checked),
    };
    return cmocka_run_group_tests_name("axx files", tests, NULL, NULL);
}
