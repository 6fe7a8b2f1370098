/* nc_axx.h: multipliers of 2 to 12 bits, their files, quantisers and layers. */
#include "test.h"
#include <math.h>
#include <unistd.h>
#include "../nc_axx.h"

static nc_axx_mult m;

static size_t entries(const nc_axx_wide *w) { return (size_t)1 << (w->a_bits + w->b_bits); }

static void exact_tables_have_every_width(void **state) {
    nc_axx_metrics e;
    nc_axx_wide *w;
    uint32_t a, b;
    int is_unsigned;
    (void)state;
    for (a = 2; a <= 12; a++)
        for (b = a == 12 ? 3 : 2; b <= 10; b += 4)
            for (is_unsigned = 0; is_unsigned < 2; is_unsigned++) {
                const int top = (1 << (a - !is_unsigned)) - 1, low = is_unsigned ? 0 : -top - 1;
                const int most = (1 << (b - !is_unsigned)) - 1;
                assert_int_equal(nc_axx_wide_create(&w, a, b, is_unsigned), NC_OK);
                assert_true(w->a_bits == a && w->b_bits == b && w->a_unsigned == is_unsigned);
                assert_int_equal(nc_axx_wide_product(w, top, most), top * most);
                assert_int_equal(nc_axx_wide_product(w, low, most), low * most);
                assert_int_equal(w->table[0], is_unsigned ? 0 : low * (-most - 1));
                assert_int_equal(w->table[entries(w) - 1], top * most);
                nc_axx_wide_measure(w, &e);
                assert_true(e.mae == 0 && e.wce == 0 && e.ep == 0 && e.bias == 0);
                nc_axx_wide_destroy(w);
            }
    assert_int_equal(nc_axx_wide_create(&w, 13, 8, 0), NC_ERR_ARG);
    assert_null(w);
    assert_int_equal(nc_axx_wide_create(&w, 8, 1, 0), NC_ERR_ARG);
    assert_int_equal(nc_axx_wide_create(NULL, 8, 8, 0), NC_ERR_ARG);
    nc_axx_wide_destroy(NULL);
}

static void metrics_are_over_all_pairs(void **state) {
    /* a without its lowest bit: e = -b for odd a */
    static const char text[] =
        "uint32_t mul12u_x(uint16_t A, uint16_t B) { return (A & 0xFFE) * B; }";
    static const char with_sign[] = "int mul7u_x(int16_t A, int16_t B) { return A * B; }";
    nc_axx_report report;
    nc_axx_metrics e;
    nc_axx_wide *w;
    nc_error err;
    (void)state;
    if (nc_axx_wide_parse(&w, NC_AXX_FORM_NETLIST, NULL, "x", text, strlen(text), &report, &err))
        fail_msg("%d:%d %s", (int)err.line, (int)err.column, err.message);
    assert_string_equal(report.text, "12 x 12 bits by name, unsigned by name");
    assert_int_equal(nc_axx_wide_product(w, 4095, 4095), 4094 * 4095);
    nc_axx_wide_measure(w, &e);
    assert_true(e.mae == 0.5 * 2047.5 && e.bias == -e.mae && e.wce == 4095);
    assert_true(e.ep == 50.0 * 4095 / 4096);
    assert_true(e.mse == 0.5 * (4095.0 * 8191.0 / 6));
    assert_true(e.wcre == 100 && e.wcre_nonzero == 100); /* a = 1 */
    nc_axx_wide_destroy(w);
    /* operands without a sign in types that have one and more bits: 64 to 127 are positive */
    assert_int_equal(nc_axx_wide_parse(&w, NC_AXX_FORM_NETLIST, NULL, "x", with_sign,
                                       strlen(with_sign), &report, &err),
                     NC_OK);
    nc_axx_wide_measure(w, &e);
    assert_true(e.wce == 0 && w->table[entries(w) - 1] == 127 * 127);
    nc_axx_wide_destroy(w);
}

/* Array multiplier without the columns below `cut`, a x b bits, as BLIF or Verilog. */
static char *array_multiplier(int a, int b, int cut, int verilog) {
    char *text = malloc(1 << 18), *to = text, sum[24][16];
    int row, i, gate = 0;
    if (verilog)
        to += sprintf(to, "module mul%dx%du_t(input [%d:0] A, input [%d:0] B, output [%d:0] O);\n",
                      a, b, a - 1, b - 1, a + b - 1);
    else
        to += sprintf(to, ".model mul%dx%du_t\n.inputs", a, b);
    for (i = 0; i < a + b && !verilog; i++)
        to += sprintf(to, i < a ? " A[%d]" : " B[%d]", i < a ? i : i - a);
    if (!verilog) to += sprintf(to, "\n.outputs");
    for (i = 0; i < a + b && !verilog; i++) to += sprintf(to, " O[%d]", i);
    to += sprintf(to, verilog ? "\nwire zero;\nassign zero = 1'b0;\n" : "\n.names zero\n");
    for (i = 0; i < a + b; i++) strcpy(sum[i], "zero");
    for (row = 0; row < b; row++) {
        char carry[16] = "zero";
        for (i = row; i < a + b; i++) {
            const int pp = gate++, s = gate++, c = gate++, there = i - row < a && i >= cut;
            if (verilog) {
                to += sprintf(to, "wire n%d, n%d, n%d;\n", pp, s, c);
                to += there ? sprintf(to, "assign n%d = A[%d] & B[%d];\n", pp, i - row, row)
                            : sprintf(to, "assign n%d = 1'b0;\n", pp);
                to += sprintf(to, "assign n%d = n%d ^ %s ^ %s;\n", s, pp, sum[i], carry);
                to += sprintf(to, "assign n%d = n%d & %s | %s & (n%d | %s);\n", c, pp, sum[i],
                              carry, pp, sum[i]);
            } else {
                to += there ? sprintf(to, ".names A[%d] B[%d] n%d\n11 1\n", i - row, row, pp)
                            : sprintf(to, ".names n%d\n", pp);
                to += sprintf(to, ".names n%d %s %s n%d\n100 1\n010 1\n001 1\n111 1\n", pp, sum[i],
                              carry, s);
                to += sprintf(to, ".names n%d %s %s n%d\n11- 1\n1-1 1\n-11 1\n", pp, sum[i], carry,
                              c);
            }
            sprintf(sum[i], "n%d", s);
            sprintf(carry, "n%d", c);
        }
    }
    for (i = 0; i < a + b; i++)
        to +=
            sprintf(to, verilog ? "assign O[%d] = %s;\n" : ".names %2$s O[%1$d]\n1 1\n", i, sum[i]);
    sprintf(to, verilog ? "endmodule\n" : ".end\n");
    return text;
}

static void circuits_have_tables_of_their_widths(void **state) {
    static const int widths[][2] = {{2, 2}, {4, 4}, {8, 3}, {5, 9}, {12, 2}, {10, 10}};
    nc_axx_report report;
    nc_axx_wide *w;
    nc_error err;
    size_t i, at;
    int verilog, row;
    (void)state;
    for (i = 0; i < sizeof widths / sizeof *widths; i++)
        for (verilog = 0; verilog < 2; verilog++) {
            const int a = widths[i][0], b = widths[i][1], cut = (int)i;
            char *text = array_multiplier(a, b, cut, verilog);
            if (nc_axx_wide_parse(&w, verilog ? NC_AXX_FORM_VERILOG : NC_AXX_FORM_BLIF, NULL, "x",
                                  text, strlen(text), &report, &err) != NC_OK)
                fail_msg("%d x %d: %d:%d %s", a, b, (int)err.line, (int)err.column, err.message);
            assert_true(w->a_bits == a && w->b_bits == b && w->a_unsigned && w->b_unsigned);
            for (at = 0; at < entries(w); at++) {
                const uint32_t x = (uint32_t)(at >> b), y = (uint32_t)at & ((1u << b) - 1);
                uint32_t product = 0;
                for (row = 0; row < b; row++) {
                    const uint32_t kept = row < cut ? x >> (cut - row) << (cut - row) : x;
                    product += (y >> row & 1) * (kept << row);
                }
                if (w->table[at] != (int32_t)product)
                    fail_msg("%d x %d: %u * %u is %d, not %u", a, b, x, y, (int)w->table[at],
                             product);
            }
            nc_axx_wide_destroy(w);
            free(text);
        }
}

static void every_form_keeps_a_table(void **state) {
    static const struct {
        uint32_t a, b;
        int is_unsigned;
    } cases[] = {{4, 4, 0}, {4, 4, 1}, {8, 3, 0}, {3, 9, 1}, {8, 8, 0}};
    static const nc_axx_form forms[] = {NC_AXX_FORM_I16,    NC_AXX_FORM_I32, NC_AXX_FORM_NPY,
                                        NC_AXX_FORM_HEADER, NC_AXX_FORM_CSV, NC_AXX_FORM_BIN};
    nc_axx_wide *w, *again;
    nc_axx_report report;
    nc_error err;
    size_t c, f, i;
    (void)state;
    for (c = 0; c < sizeof cases / sizeof *cases; c++) {
        assert_int_equal(nc_axx_wide_create(&w, cases[c].a, cases[c].b, cases[c].is_unsigned), 0);
        for (i = 0; i < entries(w); i++) w->table[i] &= ~3;
        for (f = 0; f < sizeof forms / sizeof *forms; f++) {
            char *data, name[32];
            size_t bytes;
            assert_int_equal(nc_axx_wide_write(w, forms[f], &data, &bytes, &err), NC_OK);
            /* a table without lines says its widths only by its name, unless it is square */
            snprintf(name, sizeof name, "mul%ux%u%c", (unsigned)cases[c].a, (unsigned)cases[c].b,
                     cases[c].is_unsigned ? 'u' : 's');
            if (nc_axx_wide_parse(&again, forms[f], NULL, name, data, bytes, &report, &err))
                fail_msg("case %zu, form %zu: %d:%d %s", c, f, (int)err.line, (int)err.column,
                         err.message);
            assert_true(again->a_bits == w->a_bits && again->b_bits == w->b_bits);
            assert_memory_equal(again->table, w->table, 4 * entries(w));
            assert_int_equal(report.widths_from, NC_AXX_FROM_NAME);
            nc_axx_wide_destroy(again);
            if (cases[c].a == cases[c].b) {
                nc_axx_reading how = {NC_AXX_SIGN_FILE, NULL, {0, 0}};
                how.sign = cases[c].is_unsigned ? NC_AXX_SIGN_UNSIGNED : NC_AXX_SIGN_SIGNED;
                assert_int_equal(
                    nc_axx_wide_parse(&again, forms[f], &how, "x", data, bytes, &report, &err), 0);
                assert_memory_equal(again->table, w->table, 4 * entries(w));
                assert_int_equal(report.widths_from, NC_AXX_FROM_TYPES);
                nc_axx_wide_destroy(again);
            }
            nc_axx_free_text(data);
        }
        nc_axx_wide_destroy(w);
    }
    assert_int_equal(nc_axx_wide_create(&w, 12, 12, 0), NC_OK);
    assert_int_equal(nc_axx_wide_write(w, NC_AXX_FORM_I16, (char **)&m, &i, &err), NC_ERR_LIMIT);
    assert_int_equal(nc_axx_wide_save(w, "build/test_12.npy", NC_AXX_FORM_AUTO, &err), NC_OK);
    assert_int_equal(
        nc_axx_wide_load(&again, "build/test_12.npy", NC_AXX_FORM_AUTO, NULL, &report, &err), 0);
    assert_string_equal(report.text, "12 x 12 bits by type, signed assumed");
    assert_memory_equal(again->table, w->table, 4 * entries(w));
    nc_axx_wide_destroy(again);
    nc_axx_wide_destroy(w);
    unlink("build/test_12.npy");
    assert_int_equal(
        nc_axx_wide_load(&w, "build/missing.npy", NC_AXX_FORM_AUTO, NULL, &report, &err),
        NC_ERR_IO);
    assert_null(w);
}

static void pairs_need_widths(void **state) {
    char text[4096];
    size_t used = (size_t)sprintf(text, "a,b,product\n");
    nc_axx_reading how = {NC_AXX_SIGN_FILE, NULL, {4, 3}};
    nc_axx_wide *w;
    nc_error err;
    int a, b;
    (void)state;
    for (a = 7; a >= -8; a--)
        for (b = -4; b < 4; b++) used += (size_t)sprintf(text + used, "%d,%d,%d\n", a, b, a * b);
    assert_int_equal(nc_axx_wide_parse(&w, NC_AXX_FORM_CSV, NULL, "pairs", text, used, NULL, &err),
                     NC_ERR_FORMAT);
    assert_non_null(strstr(err.message, "do not say how many bits"));
    if (nc_axx_wide_parse(&w, NC_AXX_FORM_CSV, &how, "pairs", text, used, NULL, &err) != NC_OK)
        fail_msg("%d: %s", (int)err.line, err.message);
    assert_int_equal(nc_axx_wide_product(w, -8, 3), -24);
    nc_axx_wide_destroy(w);
    how.bits[0] = 5;
    assert_int_equal(nc_axx_wide_parse(&w, NC_AXX_FORM_CSV, &how, "pairs", text, used, NULL, &err),
                     NC_ERR_FORMAT);
    assert_non_null(strstr(err.message, "too few"));
    how.bits[0] = 3;
    assert_int_equal(nc_axx_wide_parse(&w, NC_AXX_FORM_CSV, &how, "pairs", text, used, NULL, &err),
                     NC_ERR_FORMAT);
    assert_int_equal(err.line, 2); /* 7 is no operand of 3 bits */
}

static void wrong_sizes_are_refused(void **state) {
    static const char zeros[4096] = {0};
    static const struct {
        nc_axx_form form;
        nc_status status;
        uint8_t bits[2];
        const char *name, *text; /* null: 4,096 bytes of zeros */
        const char *message;
    } bad[] = {
        {NC_AXX_FORM_I16, NC_ERR_FORMAT, {0, 0}, "x", NULL, "2048 products"},
        {NC_AXX_FORM_I32, NC_ERR_FORMAT, {4, 4}, "x", NULL, "not those of 4 by 4"},
        {NC_AXX_FORM_I32, NC_ERR_FORMAT, {0, 0}, "mul6u", NULL, "not those of 6 by 6"},
        {NC_AXX_FORM_BIN, NC_ERR_FORMAT, {0, 0}, "x", "123", "3 bytes"},
        {NC_AXX_FORM_I16, NC_ERR_FORMAT, {0, 0}, "x", "", "0 products"},
        {NC_AXX_FORM_I16, NC_ERR_ARG, {1, 4}, "x", NULL, "not 1 and 4"},
        {NC_AXX_FORM_I16, NC_ERR_ARG, {8, 0}, "x", NULL, "not 8 and 0"},
        {NC_AXX_FORM_I16, NC_ERR_ARG, {8, 13}, "x", NULL, "not 8 and 13"},
        {NC_AXX_FORM_HEADER, NC_ERR_FORMAT, {0, 0}, "x", "int l[16][15] = {", "16 x 15 products"},
        {NC_AXX_FORM_HEADER, NC_ERR_FORMAT, {0, 0}, "x", "int l[8192][4] = {", "2 to 12 bits"},
        {NC_AXX_FORM_HEADER, NC_ERR_FORMAT, {0, 0}, "x", "int l[4][4] = {1, 2}", "4 products"},
        {NC_AXX_FORM_CSV, NC_ERR_FORMAT, {0, 0}, "x", "1,2,3,4\n1,2,3,4\n", "too few"},
        {NC_AXX_FORM_CSV, NC_ERR_FORMAT, {0, 0}, "x", "1,2,3,4\n1,2,3\n", "expected 4"},
        {NC_AXX_FORM_CSV, NC_ERR_FORMAT, {0, 0}, "mul3u", "1,2,3,4\n", "of 3 by 3"},
        {NC_AXX_FORM_NETLIST,
         NC_ERR_UNSUPPORTED,
         {0, 0},
         "x",
         "int32_t mul13s(int16_t A, int16_t B) { return A; }",
         "13 by 13 bits; 2 to 12 can be read"},
        {NC_AXX_FORM_NETLIST,
         NC_ERR_FORMAT,
         {9, 9},
         "x",
         "int32_t f(int8_t A, int8_t B) { return A; }",
         "do not fit types of 8"},
        {NC_AXX_FORM_NETLIST,
         NC_ERR_UNSUPPORTED,
         {0, 0},
         "x",
         "uint64_t add12u(uint64_t A, uint64_t B) { return A + B; }",
         "an adder"},
        {NC_AXX_FORM_VERILOG,
         NC_ERR_FORMAT,
         {0, 0},
         "x",
         "module mul4u(input [2:0] A, input [3:0] B, output O); assign O = A[0]; endmodule",
         "ports of 3 and 4"},
    };
    nc_axx_wide *w;
    nc_error err;
    size_t i;
    (void)state;
    for (i = 0; i < sizeof bad / sizeof *bad; i++) {
        nc_axx_reading how = {NC_AXX_SIGN_FILE, NULL, {0, 0}};
        const char *text = bad[i].text ? bad[i].text : zeros;
        memcpy(how.bits, bad[i].bits, 2);
        if (nc_axx_wide_parse(&w, bad[i].form, &how, bad[i].name, text,
                              bad[i].text ? strlen(text) : sizeof zeros, NULL,
                              &err) != bad[i].status ||
            w || !strstr(err.message, bad[i].message))
            fail_msg("case %zu: %d %s", i, (int)err.status, err.message);
    }
    assert_int_equal(nc_axx_wide_parse(NULL, NC_AXX_FORM_I16, NULL, "x", zeros, 32, NULL, &err),
                     NC_ERR_ARG);
}

static void a_wide_multiplier_is_embedded(void **state) {
    nc_axx_wide *w;
    size_t i;
    int a, b;
    (void)state;
    assert_int_equal(nc_axx_wide_create(&w, 4, 4, 0), NC_OK);
    for (i = 0; i < entries(w); i++) w->table[i] += 1;
    nc_axx_embed(&m, w);
    assert_true(m.a_bits == 4 && m.b_bits == 4 && !m.a_unsigned);
    for (a = -128; a < 128; a++)
        for (b = -128; b < 128; b++) {
            const int x = a > 7 ? 7 : a < -8 ? -8 : a, y = b > 7 ? 7 : b < -8 ? -8 : b;
            assert_int_equal(nc_axx_product(&m, a, b), x * y + 1);
        }
    nc_axx_wide_destroy(w);
    assert_int_equal(nc_axx_wide_create(&w, 10, 3, 1), NC_OK);
    nc_axx_embed(&m, w);
    assert_true(m.a_bits == 0 && m.b_bits == 3 && m.a_unsigned);
    assert_int_equal(nc_axx_product(&m, 255, 200), 255 * 7);
    nc_axx_wide_destroy(w);
}

static void values_are_rounded_to_their_bits(void **state) {
    static const float x[7] = {-3.0f, -1.0f, 0.0f, 0.49f, 0.5f, 1.0f, NAN};
    static const int16_t twelve[7] = {-2048, -2047, 0, 1003, 1024, 2047, 0};
    static const uint16_t nine[7] = {0, 0, 0, 250, 256, 511, 0};
    int16_t q[7];
    uint16_t u[7];
    float back[7], scale;
    (void)state;
    assert_true(nc_axx_scale(1.0f, 12) == 2047 && nc_axx_scale(1.0f, 13) == 0);
    assert_true(nc_axx_scale_unsigned(1.0f, 9) == 511 && nc_axx_scale_unsigned(1.0f, 13) == 0);
    nc_axx_quantize_wide(q, x, 7, 2047, 12);
    assert_memory_equal(q, twelve, sizeof q);
    nc_axx_quantize_wide_unsigned(u, x, 7, 511, 9);
    assert_memory_equal(u, nine, sizeof u);
    nc_axx_quantize_wide_rows(q, &scale, x + 1, 1, 5, 12);
    assert_true(scale == 2047 && q[0] == -2047 && q[4] == 2047);
    nc_axx_dequantize_wide(back, q, 5, scale, 0);
    assert_true(back[0] == -1 && back[4] == 1);
    nc_axx_dequantize_wide(back, u, 7, 0, 1);
    assert_true(back[5] == 0);
}

/* n floats as tests/golden_axx_wide.py makes them. */
static void uniform(float *x, size_t count, uint64_t *seed) {
    size_t i;
    for (i = 0; i < count; i++) {
        *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        x[i] = (float)(*seed >> 40) / 8388608.0f - 1.0f;
    }
}

enum { IN = 4, SIDE = 6, OUT = 6, TAPS = IN * 9, COLUMNS = 20, ROWS = 5 };

/* Operands of a layer in bytes or words, whichever its engine takes. */
typedef struct operands {
    int16_t words[2 * IN * SIDE * SIDE];
    int8_t bytes[2 * IN * SIDE * SIDE];
    float scales[OUT];
} operands;

static const void *quantised(operands *q, const float *x, size_t rows, size_t columns,
                             uint32_t bits) {
    if (bits > 8) {
        nc_axx_quantize_wide_rows(q->words, q->scales, x, rows, columns, bits);
        return q->words;
    }
    nc_axx_quantize_rows(q->bytes, q->scales, x, rows, columns, bits);
    return q->bytes;
}

/* y is what these sums stand for, to the bit. */
static void check_sums(json_object *sums, const float *y, float x_scale, const float *w_scale,
                       size_t outs, size_t places) {
    const size_t count = json_object_array_length(sums);
    size_t i;
    for (i = 0; i < count; i++) {
        const int sum = json_object_get_int(json_object_array_get_idx(sums, i));
        const float expected = (float)sum / (x_scale * w_scale[i / places % outs]);
        if (memcmp(&expected, &y[i], 4) != 0)
            fail_msg("%zu: %.9g, not %.9g", i, (double)y[i], (double)expected);
    }
}

static void layers_equal_integers_of_pytorch(void **state) {
    json_object *root = load_json(TEST_DATA "axx/wide.json"), *cases = member(root, "cases");
    size_t c, i;
    (void)state;
    for (c = 0; c < json_object_array_length(cases); c++) {
        json_object *one = json_object_array_get_idx(cases, c);
        const uint32_t bits = (uint32_t)json_object_get_int(member(one, "bits"));
        static float x[2 * IN * SIDE * SIDE], w[OUT * TAPS], grouped[OUT * TAPS / 2];
        float rows[ROWS * COLUMNS], weights[OUT * COLUMNS], y[2 * OUT * SIDE * SIDE];
        static operands a, b;
        nc_axx_conv shape = {2, IN, SIDE, SIDE, OUT, 3, 3, 1, 1, 1, 1, 1, 1, 1, 0, 0};
        nc_axx_engine *e;
        nc_axx_wide *wide;
        uint64_t seed = bits;
        const void *p, *q;
        size_t bytes;
        void *work;
        uniform(x, sizeof x / sizeof *x, &seed);
        uniform(w, OUT * TAPS, &seed);
        uniform(rows, ROWS * COLUMNS, &seed);
        uniform(weights, OUT * COLUMNS, &seed);
        for (i = 0; i < OUT; i++) memcpy(grouped + i * TAPS / 2, w + i * TAPS, 2 * TAPS);
        assert_int_equal(nc_axx_wide_create(&wide, bits, bits, 0), NC_OK);
        for (i = 0; i < entries(wide); i++) { /* b times a without its lowest bit */
            const int half = 1 << (bits - 1), size = 2 * half;
            const int first = (int)i / size - half, second = (int)i % size - half;
            wide->table[i] = (first & ~1) * second;
        }
        nc_axx_embed(&m, wide);
        if (bits > 8)
            assert_int_equal(nc_axx_engine_create_wide(&e, wide), NC_OK);
        else
            assert_int_equal(nc_axx_engine_create(&e, &m), NC_OK);
        bytes = nc_axx_conv_work_bytes(e, &shape) + nc_axx_linear_work_bytes(e, ROWS, COLUMNS, OUT);
        work = malloc(bytes);
        p = quantised(&a, rows, 1, ROWS * COLUMNS, bits);
        q = quantised(&b, weights, OUT, COLUMNS, bits);
        assert_int_equal(
            nc_axx_linear(e, p, a.scales[0], q, b.scales, NULL, y, ROWS, COLUMNS, OUT, work, bytes),
            NC_OK);
        check_sums(member(one, "linear"), y, a.scales[0], b.scales, OUT, 1);
        p = quantised(&a, x, 1, sizeof x / sizeof *x, bits);
        q = quantised(&b, w, OUT, TAPS, bits);
        assert_int_equal(
            nc_axx_conv2d(e, &shape, p, a.scales[0], q, b.scales, NULL, y, work, bytes), NC_OK);
        check_sums(member(one, "conv"), y, a.scales[0], b.scales, OUT, SIDE * SIDE);
        shape.groups = shape.stride_h = shape.stride_w = 2;
        q = quantised(&b, grouped, OUT, TAPS / 2, bits);
        assert_int_equal(
            nc_axx_conv2d(e, &shape, p, a.scales[0], q, b.scales, NULL, y, work, bytes), NC_OK);
        check_sums(member(one, "grouped"), y, a.scales[0], b.scales, OUT, SIDE * SIDE / 4);
        free(work);
        nc_axx_engine_destroy(e);
        nc_axx_wide_destroy(wide);
    }
    json_object_put(root);
}

/* A multiplier of bytes and the same one of 16-bit operands, whose high bits are anything. */
typedef struct both {
    nc_axx_engine *narrow, *wide;
    uint8_t x[512], w[512];
    uint16_t wide_x[512], wide_w[512];
} both;

static void make_both(both *t, const char *spec, uint64_t *seed) {
    nc_axx_wide *wide;
    size_t i;
    assert_int_equal(nc_axx_make(&m, spec, NULL), NC_OK);
    assert_int_equal(nc_axx_wide_create(&wide, 8, 8, m.a_unsigned), NC_OK);
    memcpy(wide->table, m.table, sizeof m.table);
    assert_int_equal(nc_axx_engine_create(&t->narrow, &m), NC_OK);
    assert_int_equal(nc_axx_engine_create_wide(&t->wide, wide), NC_OK);
    nc_axx_wide_destroy(wide);
    for (i = 0; i < 512; i++) {
        t->x[i] = (uint8_t)(test_random(seed) >> 13);
        t->w[i] = (uint8_t)(test_random(seed) >> 13);
        t->wide_x[i] = m.a_unsigned ? t->x[i] : (uint16_t)(int8_t)t->x[i];
        t->wide_w[i] = m.a_unsigned ? t->w[i] : (uint16_t)(int8_t)t->w[i];
    }
}

static void free_both(both *t) {
    nc_axx_engine_destroy(t->narrow);
    nc_axx_engine_destroy(t->wide);
}

static void layers_of_words_equal_those_of_bytes(void **state) {
    static const char *const specs[] = {"drum:4", "truncated:6+unsigned", "mitchell"};
    static const nc_axx_conv shapes[] = {{2, 4, 5, 6, 6, 3, 2, 2, 1, 1, 1, 1, 2, 2, 1, 0},
                                         {1, 6, 5, 5, 6, 3, 3, 1, 1, 1, 1, 1, 1, 6, 0, 0}};
    static both t;
    static float y[2][4096], g[2][3][4096];
    const float scale[6] = {1, 2, 3, 0, 5, 6}, bias[6] = {1, 0, -1, 2, 3, 4};
    uint64_t seed = 3;
    size_t s, i, c;
    (void)state;
    for (s = 0; s < 3; s++) {
        make_both(&t, specs[s], &seed);
        for (i = 0; i < 2; i++) {
            const nc_axx_engine *e = i ? t.wide : t.narrow;
            const void *x = i ? (const void *)t.wide_x : t.x, *w = i ? (const void *)t.wide_w : t.w;
            const size_t bytes =
                nc_axx_conv_work_bytes(NULL, &shapes[0]) + nc_axx_conv_work_bytes(NULL, &shapes[1]);
            float *to = y[i];
            void *work = malloc(bytes);
            memset(y[i], 0, sizeof y[i]);
            memset(g[i], 0, sizeof g[i]);
            assert_int_equal(nc_axx_linear(e, x, 2, w, scale, bias, to, 10, 50, 6, work, bytes),
                             NC_OK);
            for (c = 0; c < 4096; c++) to[c] += c < 60 ? 0 : (float)(c % 7);
            assert_int_equal(nc_axx_linear_backward(e, x, 2, w, scale, to, g[i][0], g[i][1],
                                                    g[i][2], 10, 50, 6, work, bytes),
                             NC_OK);
            for (c = 0; c < 2; c++) {
                to += 100;
                assert_int_equal(nc_axx_matmul(e, x, 2, w, 3, (int)c, to, 2, 5, 6, 40, work, bytes),
                                 NC_OK);
                assert_int_equal(nc_axx_matmul_backward(e, x, 2, w, 3, (int)c, to, g[i][0] + 1000,
                                                        g[i][1] + 1000, 2, 5, 6, 40, work, bytes),
                                 NC_OK);
            }
            for (c = 0; c < 2; c++) {
                to += 700;
                assert_true(nc_axx_conv_work_bytes(e, &shapes[c]) <= bytes);
                assert_int_equal(
                    nc_axx_conv2d(e, &shapes[c], x, 2, w, scale, bias, to, work, bytes), NC_OK);
                assert_int_equal(nc_axx_conv2d_backward(e, &shapes[c], x, 2, w, scale, to,
                                                        g[i][0] + 2000, g[i][1] + 2000,
                                                        g[i][2] + 2000, work, bytes),
                                 NC_OK);
                to += 700;
                assert_int_equal(
                    nc_axx_conv2d_transposed(e, &shapes[c], x, 2, w, 3, bias, to, work, bytes),
                    NC_OK);
                assert_int_equal(nc_axx_conv2d_transposed_backward(e, &shapes[c], x, 2, w, 3, to,
                                                                   g[i][0] + 3000, g[i][1] + 3000,
                                                                   g[i][2] + 3000, work, bytes),
                                 NC_OK);
            }
            free(work);
        }
        assert_memory_equal(y[0], y[1], sizeof y[0]);
        assert_memory_equal(g[0], g[1], sizeof g[0]);
        free_both(&t);
    }
}

static void sums_of_words_are_exact_or_refused(void **state) {
    enum { K = 600, N = 300 };
    static int16_t x[2 * K], w[N * K];
    static int32_t sums[2 * N];
    nc_axx_engine_info info;
    nc_axx_engine *e;
    nc_axx_wide *wide;
    uint64_t seed = 5;
    size_t bytes, i, j, r;
    void *work;
    (void)state;
    assert_int_equal(nc_axx_wide_create(&wide, 12, 11, 0), NC_OK);
    wide->relative_power = 0.5f;
    assert_int_equal(nc_axx_engine_create_wide(&e, wide), NC_OK);
    nc_axx_wide_destroy(wide);
    nc_axx_engine_describe(e, &info);
    assert_string_equal(info.name, "exact_12x11");
    assert_true(info.relative_power == 0.5f);
    assert_string_equal(info.text, "product of 12 x 11 bits");
    assert_int_equal(info.largest, 1 << 21);
    for (i = 0; i < 2 * K; i++) x[i] = (int16_t)test_random(&seed); /* higher bits are dropped */
    for (i = 0; i < N * K; i++) w[i] = (int16_t)test_random(&seed);
    bytes = nc_axx_gemm_work_bytes(e, 2, N, K);
    assert_true(nc_axx_gemm_work_bytes(NULL, 2, N, K) >= bytes);
    work = malloc(bytes);
    assert_int_equal(nc_axx_gemm(e, x, w, sums, 2, N, K, work, bytes - 1), NC_ERR_ARG);
    assert_int_equal(nc_axx_gemm(e, x, w, sums, 2, N, K, work, bytes), NC_OK);
    for (r = 0; r < 2; r++)
        for (j = 0; j < N; j++) {
            int64_t sum = 0;
            for (i = 0; i < K; i++)
                sum += (((x[r * K + i] & 4095) ^ 2048) - 2048) *
                       (((w[j * K + i] & 2047) ^ 1024) - 1024);
            assert_int_equal(sums[r * N + j], sum);
        }
    for (i = 0; i < 2 * K; i++) x[i] = -2048;
    for (i = 0; i < N * K; i++) w[i] = i / K % 2 ? -1024 : 1023;
    assert_int_equal(nc_axx_gemm(e, x, w, sums, 2, N, K, work, bytes), NC_OK);
    assert_int_equal(sums[N + 1], K << 21); /* below 2^31 */
    for (i = 0; i < 2 * K; i++) x[i] = i / K ? 2047 : -2048;
    nc_axx_engine_destroy(e);
    assert_int_equal(nc_axx_wide_create(&wide, 12, 12, 0), NC_OK);
    assert_int_equal(nc_axx_engine_create_wide(&e, wide), NC_OK);
    nc_axx_wide_destroy(wide);
    for (i = 0; i < N * K; i++) w[i] = -2048;
    assert_int_equal(nc_axx_gemm(e, x, w, sums, 2, N, K, work, bytes), NC_ERR_LIMIT);
    assert_int_equal(nc_axx_gemm(e, x, w, sums, 2, N, 511, work, bytes), NC_OK);
    assert_int_equal(sums[0], 511 << 22);
    free(work);
    nc_axx_engine_destroy(e);
    assert_int_equal(nc_axx_engine_create_wide(&e, NULL), NC_ERR_ARG);
    assert_null(e);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exact_tables_have_every_width),
        cmocka_unit_test(metrics_are_over_all_pairs),
        cmocka_unit_test(circuits_have_tables_of_their_widths),
        cmocka_unit_test(every_form_keeps_a_table),
        cmocka_unit_test(pairs_need_widths),
        cmocka_unit_test(wrong_sizes_are_refused),
        cmocka_unit_test(a_wide_multiplier_is_embedded),
        cmocka_unit_test(values_are_rounded_to_their_bits),
        cmocka_unit_test(layers_equal_integers_of_pytorch),
        cmocka_unit_test(layers_of_words_equal_those_of_bytes),
        cmocka_unit_test(sums_of_words_are_exact_or_refused),
    };
    return cmocka_run_group_tests_name("axx wide", tests, NULL, NULL);
}
