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
    static const char *const endings[] = {".i16", ".i32", ".npy", ".h", ".csv"};
    nc_error err;
    size_t s, e;
    (void)state;
    for (s = 0; s < 3; s++)
        for (e = 0; e < 5; e++) {
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
    assert_int_equal(nc_axx_parse(&m, NC_AXX_FORM_AUTO, "x", "", 0, &err), NC_ERR_ARG);
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

static void errors_name_their_place(void **state) {
    static const struct {
        nc_axx_form form;
        nc_status status;
        int line, column;
        const char *text;
    } bad[] = {
        {NC_AXX_FORM_HEADER, NC_ERR_FORMAT, 2, 1, "int x;\n"},
        {NC_AXX_FORM_HEADER, NC_ERR_FORMAT, 1, 15, "int l[256][255] = {"},
        {NC_AXX_FORM_HEADER, NC_ERR_FORMAT, 1, 16, "int l[256][256];"},
        {NC_AXX_FORM_HEADER, NC_ERR_FORMAT, 2, 5, "int l[256][256] = {\n{1, }"},
        {NC_AXX_FORM_HEADER, NC_ERR_FORMAT, 1, 23, "int l[256][256] = {{1 2"},
        {NC_AXX_FORM_HEADER, NC_ERR_FORMAT, 1, 1, "/* never closed\n int l[256][256]"},
        {NC_AXX_FORM_HEADER, NC_ERR_LIMIT, 1, 32, "int l[256][256] = { 99999999999"},
        {NC_AXX_FORM_CSV, NC_ERR_FORMAT, 1, 1, ""},
        {NC_AXX_FORM_CSV, NC_ERR_FORMAT, 1, 3, "1,x"},
        {NC_AXX_FORM_CSV, NC_ERR_FORMAT, 2, 4, "1,2,3\n1,2\n"},
        {NC_AXX_FORM_CSV, NC_ERR_FORMAT, 1, 8, "300,1,2\n"},
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
    memcpy(strstr(data + 10, "256, 256"), "128, 512", 8);
    assert_int_equal(nc_axx_parse(&n, NC_AXX_FORM_NPY, "x", data, bytes, &err), NC_ERR_FORMAT);
    nc_axx_free_text(data);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_form_survives_a_round_trip),
        cmocka_unit_test(files_are_replaced_whole_or_not_at_all),
        cmocka_unit_test(a_csv_may_list_pairs),
        cmocka_unit_test(netlists_in_c_are_evaluated),
        cmocka_unit_test(netlists_in_blif_are_evaluated),
        cmocka_unit_test(errors_name_their_place),
        cmocka_unit_test(cycles_and_missing_signals_are_found),
        cmocka_unit_test(arrays_of_numpy_are_checked),
    };
    return cmocka_run_group_tests_name("axx files", tests, NULL, NULL);
}
