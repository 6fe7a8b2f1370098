/* nc_fp4.h, section netlists: BLIF, AIGER, Verilog, bench and Bristol as other tools write them,
   names, refusals by name. */
#include "test.h"
#include "../nc_fp4.h"

enum { MOST = 12 };

/* Names of all bits, a blank between them: of inputs or of outputs. */
static void names_of(const nc_fp4_circuit *c, int output, char *to, size_t room) {
    nc_fp4_bus bus;
    uint32_t i, k;
    *to = 0;
    for (i = 0; output ? nc_fp4_output_bus(c, i, &bus) : nc_fp4_input_bus(c, i, &bus); i++)
        for (k = 0; k < bus.width; k++) {
            const size_t n = strlen(to);
            snprintf(to + n, room - n, bus.width > 1 ? "%s%.60s[%u]" : "%s%.60s", n ? " " : "",
                     bus.name, k);
        }
}

/* Output o of all cases, the case of inputs 0 first, as 0 and 1; outputs are parted by blanks. */
static void table_of(const nc_fp4_circuit *c, char *to) {
    const uint32_t inputs = nc_fp4_input_count(c), outputs = nc_fp4_output_count(c);
    nc_fp4_network *n;
    uint8_t in[MOST], out[64], wires[2000];
    uint32_t x, o, i;
    assert_true(inputs <= MOST && outputs <= 64);
    assert_int_equal(nc_fp4_compile(c, &n), NC_OK);
    assert_true(inputs + nc_fp4_unit_count(n) <= sizeof wires);
    for (x = 0; x < 1u << inputs; x++) {
        for (i = 0; i < inputs; i++) in[i] = x >> i & 1;
        nc_fp4_eval_packed(n, in, out, wires);
        for (o = 0; o < outputs; o++) to[o * ((1u << inputs) + 1) + x] = (char)('0' + out[o]);
    }
    for (o = 0; o < outputs; o++) to[o * ((1u << inputs) + 1) + (1u << inputs)] = ' ';
    to[outputs ? outputs * ((1u << inputs) + 1) - 1 : 0] = 0;
    nc_fp4_network_destroy(n);
}

/* A text, and what it shall be. */
typedef struct good_text {
    const char *text, *inputs, *outputs, *table;
} good_text;

static void check_good(const good_text *g, const nc_fp4_read_options *options) {
    nc_fp4_circuit *c;
    nc_error err;
    char *data;
    size_t bytes;
    char names[2000], table[8000];
    static const nc_fp4_file_kind kinds[4] = {NC_FP4_BLIF, NC_FP4_AIGER, NC_FP4_JSON,
                                              NC_FP4_BRISTOL};
    int f;
    if (nc_fp4_read_circuit(&c, options, g->text, strlen(g->text), &err) != NC_OK)
        fail_msg("%d:%d: %s\n%s", err.line, err.column, err.message, g->text);
    for (f = 0; f < 5; f++) { /* as it is, and after each format; Bristol has no names */
        nc_fp4_circuit *again;
        names_of(c, 0, names, sizeof names);
        if (f < 4) assert_string_equal(names, g->inputs);
        names_of(c, 1, names, sizeof names);
        if (f < 4) assert_string_equal(names, g->outputs);
        table_of(c, table);
        assert_string_equal(table, g->table);
        if (f == 4) break;
        assert_int_equal(nc_fp4_write_circuit(c, kinds[f], &data, &bytes), NC_OK);
        if (nc_fp4_read_circuit(&again, NULL, data, bytes, &err) != NC_OK)
            fail_msg("%d:%d: %s\n%s", err.line, err.column, err.message, data);
        nc_fp4_free_text(data);
        nc_fp4_destroy(c);
        c = again;
    }
    nc_fp4_destroy(c);
}

/* A text, and why it is refused: the message holds `why`. */
typedef struct bad_text {
    const char *text;
    nc_status status;
    int line;
    const char *why;
} bad_text;

static void check_bad(const bad_text *b, const nc_fp4_read_options *options) {
    nc_fp4_circuit *c = (nc_fp4_circuit *)(uintptr_t)8;
    nc_error err;
    const nc_status status = nc_fp4_read_circuit(&c, options, b->text, strlen(b->text), &err);
    if (status != b->status || err.line != b->line || !strstr(err.message, b->why))
        fail_msg("%s, %d:%d: %s\n%s", nc_status_str(status), err.line, err.column, err.message,
                 b->text);
    assert_null(c);
}

static void blif_is_read_as_tools_write_it(void **state) {
    static const good_text cases[] = {
        /* yosys after flatten: names with backslashes inside */
        {".model m\n.inputs a b\n.outputs y\n.names a b $flatten\\u0.$add$x.v:1$2_Y[0]\n11 1\n"
         ".names $flatten\\u0.$add$x.v:1$2_Y[0] y\n0 1\n.end\n",
         "a b", "y", "1110"},
        {".model m\n.inputs \\a\\b \\c\n.outputs \\y\n.names \\a\\b \\c \\y\n11 1\n.end\n",
         "\\a\\b \\c", "\\y", "0001"},
        /* a backslash and a blank before the end of a line, and before a carriage return */
        {".model m\n.inputs a \\ \n b\n.outputs y \\\t\n\n.names a b\\ \n y\n1- 1\n", "a b", "y",
         "0101"},
        {".model m\r\n.inputs a \\\r\n b\r\n.outputs y\r\n.names a b \\ \r\n y\r\n-1 1\r\n.end\r\n",
         "a b", "y", "0011"},
        /* a backslash at the very end, no .end */
        {".model m\n.inputs a\n.outputs y\n.names a y\n0 1\\", "a", "y", "10"},
        /* what says nothing about the function is passed over */
        {".model m\n.inputs a b\n.clock c\n.outputs y\n.area 4\n.delay a INV 1 2 3\n"
         ".wire_load_slope 1\n.wire 1 2\n.input_arrival a 1 2\n.default_input_arrival 0 0\n"
         ".output_required y 1 2\n.default_output_required 1 1\n.input_drive a 1 2\n"
         ".default_input_drive 1 2\n.output_load y 1\n.default_output_load 1\n.max_input_load 1\n"
         ".default_max_input_load 2\n.and_gate_delay 1\n.cycle 3\n.clock_event 1 r\n"
         ".names a b y\n.attr src \"a # b.v:3.1\"\n11 1\n.cname $and$1\n.param WIDTH 0001\n.end\n",
         "a b", "y", "0001"},
        {".model m\n.inputs a b\n.outputs y\n.names a b y\n11 1\n.exdc\n.inputs a b\n.outputs y\n"
         ".names a b y\n00 1\n.latch q q\n.end\n",
         "a b", "y", "0001"},
        /* yosys's .conn, ABC's .short and .barbuf */
        {".model m\n.inputs a\n.outputs y z w\n.conn a t\n.conn t y\n.short a z\n.barbuf a w\n",
         "a", "y z w", "01 01 01"},
        /* constants, rows for 0, don't-cares, an empty cover */
        {".model m\n.inputs a b c\n.outputs y z one zero none\n.names a b c y\n1-0 0\n-11 0\n"
         ".names a b c z\n--- 1\n.names one\n1\n.names zero\n0\n.names none\n.end\n",
         "a b c", "y z one zero none", "10101100 11111111 11111111 00000000 00000000"},
        /* names of any kind, of which numbers, and an output that is an input */
        {".model 1 # c\n.input 1GAT(0) 2 3[0] a=b\n.output 5.x 2 n6\n"
         ".names 1GAT(0) 2 3[0] a=b 5.x\n1111 1\n.names 3[0] n6\n1 1\n.end\n",
         "1GAT(0) 2 3[0] a=b", "5.x 2 n6", "0000000000000001 0011001100110011 0000111100001111"},
        /* models in one file, an output left open, a port that is both */
        {".model top\n.inputs a b\n.outputs y z\n.subckt ha x=a y=b s=y\n.subckt ha x=a y=b c=z\n"
         ".end\n.model ha\n.inputs x y\n.outputs s c\n.names x y s\n01 1\n10 1\n"
         ".names x y c\n11 1\n.end\n",
         "a b", "y z", "0110 0001"},
        {".model m\n.inputs a\n.outputs y y\n.names a y\n0 1\n.end\n", "a", "y y_2", "10 10"},
        {".model m\n.outputs y\n.names y\n1\n", "", "y", "1"}};
    size_t i;
    (void)state;
    for (i = 0; i < sizeof cases / sizeof *cases; i++) check_good(&cases[i], NULL);
}

static void blif_is_refused_by_name(void **state) {
    static const bad_text cases[] = {
        {".model m\n.inputs a a\n.outputs y\n.names a y\n1 1\n", NC_ERR_FORMAT, 2,
         "'a' is an input of 'm' twice"},
        {".model m\n.inputs a\n.inputs a\n.outputs y\n.names a y\n1 1\n", NC_ERR_FORMAT, 2,
         "'a' is an input of 'm' twice"},
        {".model m\n.inputs a\n.outputs y\n\n.names a \\\n z y\n11 1\n.end\n", NC_ERR_FORMAT, 6,
         "nothing drives 'z' in 'm'"},
        {".model m\n.inputs a\n.outputs y\n.end\n", NC_ERR_FORMAT, 3, "nothing drives 'y'"},
        {".model m\n.search x.blif\n", NC_ERR_UNSUPPORTED, 2, ".search"},
        {".model m\n.mlatch a b\n", NC_ERR_UNSUPPORTED, 2, ".mlatch"},
        {".model m\n.start_kiss\n", NC_ERR_UNSUPPORTED, 2, ".start_kiss"},
        {".model m\n.foo\n", NC_ERR_FORMAT, 2, ".foo"},
        {".model m\n.inputs a\n.outputs q\n.latch a q re c 0\n", NC_ERR_UNSUPPORTED, 4, ".latch"},
        {".model m\n.inputs a b\n.outputs y\n.gate nand2 A=a B=b O=y\n", NC_ERR_UNSUPPORTED, 4,
         "'nand2' needs its library"},
        {".model m\n.inputs a b\n.outputs y\n.subckt no a=y\n", NC_ERR_FORMAT, 4,
         "there is no model 'no'"},
        {".model m\n.inputs a\n.outputs y\n.subckt s x=a z=a q=y\n.end\n.model s\n.inputs x\n"
         ".outputs q\n.names x q\n1 1\n",
         NC_ERR_FORMAT, 4, "'z' is no input or output of 's'"},
        {".model m\n.inputs a\n.outputs y\n.subckt s x=a x=a q=y\n.end\n.model s\n.inputs x\n"
         ".outputs q\n.names x q\n1 1\n",
         NC_ERR_FORMAT, 4, "'x' of 's' is connected twice"},
        {".model m\n.inputs a\n.outputs y\n.subckt s q=y\n.end\n.model s\n.inputs x\n"
         ".outputs q\n.names x q\n1 1\n",
         NC_ERR_FORMAT, 4, "'x' of 's' is not connected"},
        {".model m\n.inputs a\n.outputs y\n.subckt s x=a q=y\n.end\n.model s\n.inputs x\n"
         ".outputs q\n.blackbox\n.end\n",
         NC_ERR_UNSUPPORTED, 6, "'s' is a black box"},
        {".model m\n.end\n.model m\n", NC_ERR_FORMAT, 3, "two models 'm'"},
        {".model m\n.inputs a \1\n.outputs a\n", NC_ERR_FORMAT, 2, "a control character"},
        {".model m\n.inputs a\n.outputs y\n.conn a\n", NC_ERR_FORMAT, 4, "expected two nets"},
        {"NCFP4\1", NC_ERR_UNSUPPORTED, 0, "a network of units"},
        {"\177ELF", NC_ERR_FORMAT, 0, "no netlist that is known"},
        {"", NC_ERR_FORMAT, 0, "no netlist that is known"}};
    size_t i;
    (void)state;
    for (i = 0; i < sizeof cases / sizeof *cases; i++) check_bad(&cases[i], NULL);
}

static void what_nothing_drives_is_0_by_choice(void **state) {
    static const good_text good = {".model m\n.inputs a b\n.outputs y z w\n.names a u y\n1- 1\n-1 "
                                   "1\n.names u w\n0 1\n.subckt s x=b q=z\n.end\n.model s\n.inputs "
                                   "x open\n.outputs q\n.names x open q\n10 1\n.end\n",
                                   "a b", "y z w", "0101 0011 1111"};
    nc_fp4_read_options options = {0};
    (void)state;
    options.undriven = 1;
    check_good(&good, &options);
}

static void the_model_asked_for_is_the_circuit(void **state) {
    static const good_text good = {".model m\n.inputs a\n.outputs y\n.subckt s x=a q=y\n.end\n"
                                   ".model s\n.inputs x\n.outputs q\n.names x q\n0 1\n.end\n",
                                   "x", "q", "10"};
    static const bad_text bad = {".model m\n", NC_ERR_FORMAT, 0, "there is no model 's'"};
    nc_fp4_read_options options = {0};
    (void)state;
    options.top = "s";
    check_good(&good, &options);
    check_bad(&bad, &options);
}

static void latches_are_unrolled_by_choice(void **state) {
    /* a toggling bit, a copy that starts at 1, one that starts unknown; the names are ABC's */
    static const char text[] = ".model m\n.inputs a\n.outputs y\n.latch d q re clk 0\n"
                               ".latch q p 1\n.latch p r\n.names a q d\n10 1\n01 1\n"
                               ".names q p r y\n100 1\n010 1\n001 1\n111 1\n.end\n";
    static const good_text good = {
        text, "r a_00 a_01 a_02", "y_00 y_01 y_02",
        /* y = q + p + r: cycle 0: 0+1+r; 1: a0 + 0 + 1; 2: a0 + a1 + a0 + 0 */
        "1010101010101010 1100110011001100 0000111100001111"};
    static const bad_text bad[] = {
        {".model m\n.inputs a\n.outputs q\n.latch a q 4\n", NC_ERR_FORMAT, 4, "initial value"},
        {".model m\n.inputs a\n.outputs q\n.latch a q 1\n.latch a q 1\n", NC_ERR_FORMAT, 5,
         "driven twice"},
        {".model m\n.inputs a\n.outputs y\n.subckt s a=a q=y\n.end\n.model s\n.inputs a\n.outputs "
         "q\n.latch a q 0\n.end\n",
         NC_ERR_UNSUPPORTED, 9, "flatten"}};
    nc_fp4_read_options options = {0};
    size_t i;
    (void)state;
    options.frames = 3;
    check_good(&good, &options);
    for (i = 0; i < sizeof bad / sizeof *bad; i++) check_bad(&bad[i], &options);
    options.frames = UINT32_MAX;
    {
        const bad_text many = {text, NC_ERR_LIMIT, 0, "too many"};
        check_bad(&many, &options);
    }
}

static void gates_come_from_a_genlib(void **state) {
    static const char library[] =
        "# mcnc.genlib in small\nGATE inv1 1 O=!a;\tPIN * INV 1 999 0.9 0.3 0.9 0.3\n"
        "GATE \"aoi21\" 3 O=!(a1*a2+b); PIN a1 INV 1 999 1.6 0.4 1.6 0.4\n"
        "GATE xor 5 Y=a*!b+!a*b;\nGATE odd 9.5 Z = (a b' | c)^!(!d & a);\n"
        "GATE zero 0 O=CONST0;\nGATE one 0 O=CONST1;\n"
        "LATCH \"dff\" 8 Q=D; PIN D NONINV 1 999 1 1 1 1\nSEQ Q ANY RISING_EDGE\n";
    static const good_text good = {
        ".model m\n.inputs a b c d\n.outputs v w x y z\n.gate inv1 a=a O=v\n"
        ".gate aoi21 a2=a a1=b b=c O=w\n.gate xor a=a b=b Y=x\n.gate odd Z=y a=a b=b c=c d=d\n"
        ".gate one O=z\n.end\n",
        "a b c d", "v w x y z",
        /* y = (a !b | c) ^ !(!d & a) */
        "1010101010101010 1110000011100000 0110011001100110 1110010110110000 1111111111111111"};
    static const bad_text bad[] = {
        {".model m\n.outputs y\n.gate dff D=y Q=y\n", NC_ERR_FORMAT, 3, "there is no gate 'dff'"},
        {".model m\n.outputs y\n.gate zero o=y\n", NC_ERR_FORMAT, 3, "'o' is no input or output"},
        {".model m\n.outputs y\n.subckt zero O=y\n", NC_ERR_FORMAT, 3, "no model 'zero'"}};
    static const bad_text broken[] = {
        {"GATE a 1 O=a*;", NC_ERR_FORMAT, 1, "library: "},
        {"GATE a 1 O=(a;", NC_ERR_FORMAT, 1, "library: expected an operand, or ')'"},
        {"GATE a 1 O=a);", NC_ERR_FORMAT, 1, "library: ')' without '('"},
        {"\nGATE a 1 O=a", NC_ERR_FORMAT, 2, "library: expected ';'"},
        {"GATE a O=a;", NC_ERR_FORMAT, 1, "library: expected GATE name"},
        {"GAET a 1 O=a;", NC_ERR_FORMAT, 1, "library: expected GATE"},
        {"GATE a 1 O=a;\nGATE a 1 O=a;", NC_ERR_FORMAT, 2, "library: two models 'a'"},
        {"GATE a 1 O=O;", NC_ERR_FORMAT, 1, "'O' depends on itself"}};
    nc_fp4_read_options options = {0};
    size_t i;
    (void)state;
    options.library = library;
    options.library_bytes = sizeof library - 1;
    check_good(&good, &options);
    for (i = 0; i < sizeof bad / sizeof *bad; i++) check_bad(&bad[i], &options);
    for (i = 0; i < sizeof broken / sizeof *broken; i++) {
        bad_text b = broken[i];
        options.library = broken[i].text;
        options.library_bytes = strlen(broken[i].text);
        b.text = ".model m\n.outputs y\n.gate a O=y\n";
        check_bad(&b, &options);
    }
}

static void aiger_is_read_in_both_forms(void **state) {
    static const good_text cases[] = {
        /* a half adder; the ASCII form may come in any order */
        {"aag 7 2 0 2 3\n2\n4\n6\n12\n6 13 15\n12 2 4\n14 3 5\ni0 x\ni1 y[0]\no0 sum(of)two\n"
         "c\nhalf adder\n",
         "x y[0]", "sum(of)two o1", "0110 0001"},
        {"aig 5 2 0 2 3\n10\n6\n\2\2\3\2\1\2i0 x\ni1 y\no0 s\no1 c\n", "x y", "s c", "0110 0001"},
        {"aag 0 0 0 2 0\n0\n1\n", "", "o0 o1", "0 1"},
        {"aag 1 1 0 2 0 0 0 0 0\n2\n2\n3\nc\n", "i0", "o0 o1", "01 10"},
        {"aag 3 2 0 1 1\r\n2\r\n4\r\n7\r\n6 4 2\r\ni1 b\r\n", "i0 b", "o0", "1110"}};
    static const good_text unrolled = {"aag 4 1 2 1 1\n2\n4 8\n6 3 6\n8\n8 6 2\ni0 a\nl1 start\n",
                                       "start a_00 a_01", "o0_00 o0_01", "00010001 00001100"};
    static const bad_text bad[] = {
        {"aag 1\n", NC_ERR_FORMAT, 1, "expected"},
        {"aag 1 2 0 0 0\n2\n4\n", NC_ERR_FORMAT, 1, "do not fit"},
        {"aig 3 1 0 0 1\n", NC_ERR_FORMAT, 1, "do not fit"},
        {"aag 1 1 0 1 0 1\n2\n2\n2\n", NC_ERR_UNSUPPORTED, 1, "properties"},
        {"aag 2 1 1 1 0\n2\n4 2\n4\n", NC_ERR_UNSUPPORTED, 3, "latches"},
        {"aag 2 2 0 1 0\n2\n2\n4\n", NC_ERR_FORMAT, 3, "twice"},
        {"aag 3 1 0 1 1\n2\n6\n6 4 2\n", NC_ERR_FORMAT, 4, "nothing drives"},
        {"aag 3 1 0 1 2\n2\n6\n4 6 2\n6 4 2\n", NC_ERR_FORMAT, 4, "depends on itself"},
        {"aag 2 1 0 1 1\n3\n4\n4 2 2\n", NC_ERR_FORMAT, 3, "complemented"},
        {"aag 2 1 0 1 1\n2\n4\n2 4 4\n", NC_ERR_FORMAT, 4, "driven"},
        {"aag 2 1 0 1 1\n2\n4\n5 2 2\n", NC_ERR_FORMAT, 5, "complemented"},
        {"aag 1 1 0 1 0\n2\n4\n", NC_ERR_LIMIT, 3, "above 3"},
        {"aag 1 1 0 1 0\n2\n2\ni1 x\n", NC_ERR_FORMAT, 4, "a symbol of nothing"},
        {"aag 1 1 0 1 0\n2\n2\nx\n", NC_ERR_FORMAT, 4, "expected a symbol"},
        {"aag 9999999 0 0 0 0\n", NC_ERR_LIMIT, 1, "more variables"},
        {"aig 2 1 0 1 1\n4\n\2", NC_ERR_FORMAT, 3, "ends within"},
        {"aig 2 1 0 1 1\n4\n\1\4", NC_ERR_FORMAT, 3, "later"},
        {"aig 2 1 0 1 1\n4\n\377\377\377\377\377\1", NC_ERR_FORMAT, 3, "too large"},
        {"aig 2 1 0 1 1\n4\n\202\200\200\200\20\2", NC_ERR_FORMAT, 3, "too large"}};
    nc_fp4_read_options options = {0};
    size_t i;
    (void)state;
    for (i = 0; i < sizeof cases / sizeof *cases; i++) check_good(&cases[i], NULL);
    for (i = 0; i < sizeof bad / sizeof *bad; i++) check_bad(&bad[i], NULL);
    options.frames = 2;
    check_good(&unrolled, &options);
}

/* Forms of yosys 0.23, ABC, EPFL and ISCAS; the tables are worked out by hand. */
static void structural_verilog_is_read(void **state) {
    static const good_text cases[] = {
        /* ISCAS: primitive gates, comments, a delay */
        {"// c17\n`timescale 1ns/1ps\nmodule c17 (N1,N2,\n N3,Y,Z);\ninput N1,N2,N3;\noutput Y,Z;\n"
         "wire N10; /* a\ncomment */\nnand #1 NAND2_1 (N10, N1, N2, N3);\nnot (Z, N10), g (Y, "
         "N3);\n"
         "endmodule\n",
         "N1 N2 N3", "Y Z", "11110000 00000001"},
        /* EPFL and ABC: escaped names, which are no bits of a vector, and 1'b0 */
        {"module top ( \\a[0] , \\b.c\\d , n1, y, z );\n input \\a[0] , \\b.c\\d , n1;\n output y, "
         "z;\n"
         " wire w;\n assign w = ~\\a[0]  & \\b.c\\d ;\n assign y = ~w ^ n1;\n assign z = 1'b0;\n"
         "endmodule",
         "a[0] b.c\\d n1", "y z", "11010010 00000000"},
        /* yosys: vectors, braces, selections, a table as a shift, attributes, cells */
        {"(* top =  1  *)\nmodule top(a, b, y, z, c);\n  input [1:0] a;\n  wire [1:0] a;\n  input "
         "b;\n"
         "  wire b;\n  output [1:0] y;\n  wire [1:0] y;\n  output z;\n  output c;\n  wire _0_;\n"
         "  assign _0_ = 4'h6 >> { a[1], b };\n  assign { y[0], y[1] } = { _0_, a[0] };\n"
         "  \\$_AOI3_  _1_ (\n    .A(a[0]),\n    .B(a[1]),\n    .C(b),\n    .Y(z)\n  );\n"
         "  \\$_MUX_ _2_ (.A(a[0]), .B(a[1]), .S(b), .Y(c));\nendmodule\n",
         "a[0] a[1] b", "y[0] y[1] z c", "00111100 01010101 11100000 01010011"},
        /* modules in any order, ports by name and by place, too narrow and open ones */
        {"module leaf(input [1:0] x, input e, output q, output [1:0] r);\n"
         " assign q = &x & e, r = ~x;\nendmodule\n"
         "module top(input p, output u, v, w);\n wire [1:0] t;\n"
         " leaf one(.x(p), .e(1'b1), .q(u), .r(t)), two({p, 1'h1}, p, v,);\n assign w = t[1];\n"
         "endmodule\n",
         "p", "u v w", "00 01 11"},
        /* a port far wider than what it gets: its other bits are statements of their own */
        {"module leaf(input [39:0] x, output q);\n assign q = ^x;\nendmodule\n"
         "module top(input p, output u);\n leaf one(p, u);\nendmodule\n",
         "p", "u", "01"},
        /* [0:1]: the first bit is the highest; [0:0] is a bit */
        {"module m(input [0:1] a, input [0:0] e, output [3:2] y);\n assign y = a + e;\nendmodule",
         "a[1] a[0] e", "y[2] y[3]", "01011010 00110110"},
        {"module m(input [0:2] a, input [4:3] b, output y, z, output [1:0] w);\n"
         " assign y = a[0] & b[4], z = a[2] | b[3], w = a[1:2] ^ b[4:3];\nendmodule",
         "a[2] a[1] a[0] b[3] b[4]", "y z w[0] w[1]",
         "00000000000000000000111100001111 01010101111111110101010111111111 "
         "01010101101010100101010110101010 00110011001100111100110011001100"},
        /* widths: a carry that the left side asks for, and one that nobody does */
        {"module m(input [1:0] a, input b, output [2:0] y, output z, n, output k);\n"
         " assign y = a + {2{b}};\n assign z = a + b == 2'd0;\n assign n = a - 2'd1 < a;\n"
         " supply1 one; wire zero = !one; assign k = zero ? 1'b0 : b ^~ a[1];\nendmodule",
         "a[0] a[1] b", "y[0] y[1] y[2] z n k",
         "01011010 00111001 00000111 10000001 01110111 11000011"}};
    static const bad_text bad[] = {
        {"module m(a);\ninput a;\n", NC_ERR_FORMAT, 3, "end of the text"},
        {"module m(a);\ninput a;\nalways @* a = 1;\nendmodule", NC_ERR_UNSUPPORTED, 3, "'always'"},
        {"module m(a);\ninput a;\nfunction f;\nendmodule", NC_ERR_UNSUPPORTED, 3, "'function'"},
        {"module m(a);\ninput signed a;\nendmodule", NC_ERR_UNSUPPORTED, 2, "'signed'"},
        {"module m #(parameter N = 1) (a);\nendmodule", NC_ERR_UNSUPPORTED, 1, "no parameters"},
        {"module m(a);\ninout a;\nendmodule", NC_ERR_UNSUPPORTED, 2, "'inout'"},
        {"`define x\nmodule m; endmodule", NC_ERR_UNSUPPORTED, 1, "'`define'"},
        {"module m(a, y);\ninput a;\noutput y;\nassign y = a / 2'd2;\nendmodule", NC_ERR_FORMAT, 4,
         "expected ';': '/'"},
        {"module m(y);\noutput y;\nassign y = 1 + 2;\nendmodule", NC_ERR_UNSUPPORTED, 3,
         "numbers without a width"},
        {"module m(y);\noutput y;\nassign y = {1, 1'b0};\nendmodule", NC_ERR_FORMAT, 3,
         "without a width in braces"},
        {"module m(y);\noutput y;\nassign y = 1'bx;\nendmodule", NC_ERR_UNSUPPORTED, 3,
         "not 0 or 1"},
        {"module m(y);\noutput y;\nassign y = 2'b12;\nendmodule", NC_ERR_FORMAT, 3, "a digit"},
        {"module m(y);\noutput y;\nassign y = 4'sd1;\nendmodule", NC_ERR_UNSUPPORTED, 3, "signed"},
        {"module m(a, y);\ninput a;\noutput y;\nassign y = (a;\nendmodule", NC_ERR_FORMAT, 4,
         "an operator or a bracket"},
        {"module m(a, y);\ninput a;\noutput y;\nassign y = a };\nendmodule", NC_ERR_FORMAT, 4,
         "expected ';': '}'"},
        {"module m(a, y);\ninput a;\noutput y;\nassign y = a & ;\nendmodule", NC_ERR_FORMAT, 4,
         "expected an operand"},
        {"module m(a, y);\ninput a;\noutput y;\nassign ~y = a;\nendmodule", NC_ERR_FORMAT, 4,
         "cannot be assigned"},
        {"module m(a, y);\ninput a;\noutput y;\nassign y = a;\nassign y = a;\nendmodule",
         NC_ERR_FORMAT, 5, "'y' is driven twice"},
        {"module m(a, y);\ninput a;\noutput y;\nassign a = y;\nendmodule", NC_ERR_FORMAT, 4,
         "input 'a' is driven"},
        {"module m(a, y);\ninput [1:0] a;\noutput y;\nassign y = a[2];\nendmodule", NC_ERR_FORMAT,
         4, "bits that 'a' does not have"},
        {"module m(a, y);\ninput a;\noutput y;\nwire w;\nassign y = w;\nendmodule", NC_ERR_FORMAT,
         4, "nothing drives 'w'"},
        {"module m(a, y);\ninput a;\nassign y = a;\nendmodule", NC_ERR_FORMAT, 3,
         "not declared yet"},
        {"module m(a);\nwire a;\nendmodule", NC_ERR_FORMAT, 1, "neither input nor output"},
        {"module m(a, a);\ninput a;\nendmodule", NC_ERR_FORMAT, 1, "a port twice"},
        {"module m(a);\ninput a;\ninput a;\nendmodule", NC_ERR_FORMAT, 3, "declared twice"},
        {"module m(a);\ninput a;\nwire [1:0] a;\nendmodule", NC_ERR_FORMAT, 3, "another range"},
        {"module m(a, y);\ninput a;\noutput y;\nno n(.x(a), .y(y));\nendmodule", NC_ERR_FORMAT, 4,
         "there is no model 'no'"},
        {"module m(a, y);\ninput a;\noutput y;\nno #(1) n(a, y);\nendmodule", NC_ERR_UNSUPPORTED, 4,
         "no parameters"},
        {"module m(a, y);\ninput a;\noutput y;\ns n(.z(a), .y(y));\nendmodule\nmodule s(x, y);\n"
         "input x;\noutput y;\nassign y = x;\nendmodule",
         NC_ERR_FORMAT, 4, "'z' is no port of 's'"},
        {"module m(a, y);\ninput a;\noutput y;\ns n(.x(a), .x(a));\nendmodule\nmodule s(x, y);\n"
         "input x;\noutput y;\nassign y = x;\nendmodule",
         NC_ERR_FORMAT, 4, "'x' of 's' is connected twice"},
        {"module m(a, y);\ninput a;\noutput y;\nm n(a, y);\nendmodule", NC_ERR_LIMIT, 1,
         "contains itself"},
        {"module m(a, y);\ninput a;\noutput y;\n\\$_AND_ g(.A(a), .Y(y));\nendmodule",
         NC_ERR_FORMAT, 4, "a pin of '$_AND_' is open"},
        {"module m(a, y);\ninput a;\noutput y;\nand g(y);\nendmodule", NC_ERR_FORMAT, 4,
         "a gate without an input"},
        {"/* open", NC_ERR_FORMAT, 1, "a comment without an end"}};
    size_t i;
    (void)state;
    for (i = 0; i < sizeof cases / sizeof *cases; i++) check_good(&cases[i], NULL);
    for (i = 0; i < sizeof bad / sizeof *bad; i++) check_bad(&bad[i], NULL);
}

/* All operators on small operands, against C: y = f(a, b) of eight bits, a of three, b of two. */
static void operators_of_verilog_are_those_of_the_standard(void **state) {
    enum { A = 3, B = 2 };
    static const struct {
        const char *text;
        int which;
    } operators[] = {{"a + b", 0},
                     {"a - b", 1},
                     {"a * b", 2},
                     {"a & b", 3},
                     {"a | b", 4},
                     {"a ^ b", 5},
                     {"a ~^ b", 6},
                     {"a && b", 7},
                     {"a || b", 8},
                     {"a == b", 9},
                     {"a !== b", 10},
                     {"a < b", 11},
                     {"a <= b", 12},
                     {"a > b", 13},
                     {"a >= b", 14},
                     {"a << b", 15},
                     {"a >>> b", 16},
                     {"{a, b}", 17},
                     {"{3{b}}", 18},
                     {"b ? a : ~a", 19},
                     {"~a", 20},
                     {"-a", 21},
                     {"!a", 22},
                     {"&a", 23},
                     {"~&a", 24},
                     {"|a", 25},
                     {"~|a", 26},
                     {"^a", 27},
                     {"^~a", 28},
                     {"a + b * 2'd3", 29},
                     {"a - b - 1", 30},
                     {"b < a == a[0]", 31},
                     {"a[2:1] + b & 3'd5 | a[0]", 32},
                     {"&b ? a : b[1] ? b : 8'hf_0", 33}};
    size_t i;
    (void)state;
    for (i = 0; i < sizeof operators / sizeof *operators; i++) {
        char text[400];
        uint8_t in[A + B], out[8], wires[2000];
        uint32_t x, k;
        nc_fp4_circuit *c;
        nc_fp4_network *n;
        nc_error err;
        snprintf(
            text, sizeof text,
            "module m(input [2:0] a, input [1:0] b, output [7:0] y);\nassign y = %s;\nendmodule",
            operators[i].text);
        if (nc_fp4_read_verilog(&c, text, strlen(text), &err) != NC_OK)
            fail_msg("%s: %s", operators[i].text, err.message);
        assert_int_equal(nc_fp4_compile(c, &n), NC_OK);
        for (x = 0; x < 1u << (A + B); x++) {
            const uint32_t a = x & 7, b = x >> 3, parity = (a ^ a >> 1 ^ a >> 2) & 1;
            const uint32_t right[] = {a + b,
                                      a - b,
                                      a * b,
                                      a & b,
                                      a | b,
                                      a ^ b,
                                      ~(a ^ b),
                                      a && b,
                                      a || b,
                                      a == b,
                                      a != b,
                                      a<b, a <= b, a>
                                          b,
                                      a >= b,
                                      a << b,
                                      a >> b,
                                      a << 2 | b,
                                      b | b << 2 | b << 4,
                                      b ? a : ~a,
                                      ~a,
                                      0 - a,
                                      !a,
                                      a == 7,
                                      a != 7,
                                      a != 0,
                                      a == 0,
                                      parity,
                                      !parity,
                                      a + b * 3,
                                      a - b - 1,
                                      (b < a) == (a & 1),
                                      (((a >> 1) + b) & 5) | (a & 1),
                                      b == 3   ? a
                                      : b >> 1 ? b
                                               : 0xF0};
            uint32_t got = 0;
            for (k = 0; k < A + B; k++) in[k] = x >> k & 1;
            nc_fp4_eval_packed(n, in, out, wires);
            for (k = 0; k < 8; k++) got |= (uint32_t)out[k] << k;
            if (got != (right[operators[i].which] & 255))
                fail_msg("%s of %u and %u: %u, not %u", operators[i].text, a, b, got,
                         right[operators[i].which] & 255);
        }
        nc_fp4_network_destroy(n);
        nc_fp4_destroy(c);
    }
}

static void bench_and_the_old_bristol_format_are_read(void **state) {
    static const good_text cases[] = {
        {"# c\nINPUT(10)\nINPUT(G2)\n\nOUTPUT(y)\nOUTPUT(z)\ny = NAND(10, G2, t)\nz=xor(10,G2)\n"
         "t = NOT(10) # c\n",
         "10 G2", "y z", "1111 0110"},
        {"OUTPUT(y)\ny = BUFF(a)\nINPUT(a)\n", "a", "y", "01"},
        {"INPUT(a)\nINPUT(b)\nOUTPUT(y)\nOUTPUT(one)\nOUTPUT(zero)\ny = LUT 0xD ( a, b )\n"
         "one = vdd\nzero = gnd\n",
         "a b", "y one zero", "1011 1111 0000"},
        {"2 5\n2 1 1\n\n2 1 0 1 3 AND\n2 1 3 2 4 XOR\n", "x[0] x[1] x1", "y", "00011110"},
        {"1 3\n2 0 1\n\n2 1 0 1 2 XOR", "x[0] x[1]", "y", "0110"},
        {"1 3\n1 1 1\n1 1 0 1 INV\n", "x x1", "y", "1010"}};
    static const bad_text bad[] = {
        {"INPUT(a)\nOUTPUT(y)\ny = DFF(a)\n", NC_ERR_UNSUPPORTED, 3, "'DFF'"},
        {"INPUT(a)\nOUTPUT(y)\ny = NOT(a, a)\n", NC_ERR_FORMAT, 3, "has one input"},
        {"INPUT(a)\nOUTPUT(y)\ny = LUT 0x4 (a)\n", NC_ERR_FORMAT, 3, "does not fit"},
        {"INPUT(a)\nOUTPUT(y)\ny = LUT 0xg (a)\n", NC_ERR_FORMAT, 3, "expected 0x"},
        {"INPUT(a)\nINPUT(a)\nOUTPUT(a)\n", NC_ERR_FORMAT, 1, "twice"},
        {"INPUT(a)\nOUTPUT(y)\n", NC_ERR_FORMAT, 2, "nothing drives 'y'"},
        {"INPUT(a)\nOUTPUT(y)\ny AND(a)\n", NC_ERR_FORMAT, 3, "expected ="},
        {"INPUT(a)\nOUTPUT(y)\ny = AND(a", NC_ERR_FORMAT, 3, "expected )"},
        {"1 3\n1 9 1\n\n2 1 0 1 2 XOR\n", NC_ERR_FORMAT, 2, "a width that does not fit"},
        {"1 3\n1 1 0\n\n2 1 0 1 2 XOR\n", NC_ERR_FORMAT, 2, "a width that does not fit"},
        {"1 3\n1 1 3\n\n2 1 0 1 2 XOR\n1 1 1 1 INV", NC_ERR_FORMAT, 5, "more gates"}};
    size_t i;
    (void)state;
    for (i = 0; i < sizeof cases / sizeof *cases; i++)
        if (i + 1 == sizeof cases / sizeof *cases) {
            nc_fp4_circuit *c;
            nc_error err;
            assert_int_equal(nc_fp4_read_bristol(&c, cases[i].text, strlen(cases[i].text), &err),
                             NC_ERR_FORMAT);
            assert_non_null(strstr(err.message, "has a value already"));
        } else {
            check_good(&cases[i], NULL);
        }
    for (i = 0; i < sizeof bad / sizeof *bad; i++) check_bad(&bad[i], NULL);
}

/* `times` copies of a piece between a head and a tail. */
static char *repeated(const char *head, const char *piece, size_t times, const char *tail) {
    const size_t n = strlen(piece);
    char *text = (char *)malloc(strlen(head) + times * n + strlen(tail) + 1), *at = text;
    assert_non_null(text);
    at += sprintf(at, "%s", head);
    for (; times; times--, at += n) memcpy(at, piece, n);
    strcpy(at, tail);
    return text;
}

/* Neither the stack nor time nor memory ends on texts that are long, deep, or stand for much. */
static void long_and_deep_texts_are_read_or_refused_at_once(void **state) {
    enum { N = 100000 };
    static const struct {
        const char *head, *piece, *tail;
        nc_status status;
        const char *why;
    } cases[] = {
        {".model m\n.inputs a\n.outputs", " y", "\n.names a y\n1 1\n", NC_OK, ""},
        {"module m(a, y); input a; output y; assign y = ", "(", "a;", NC_ERR_FORMAT, "bracket"},
        {"module m(a, y); input a; output y; assign y = ", "~", "a; endmodule", NC_OK, ""},
        {"module m(a, y); input a; output y; assign y = ", "a ? a : ", "a; endmodule", NC_OK, ""},
        {"module m(a, y); input a; output y; assign y = a", " ^ {1000000{a}}", "; endmodule",
         NC_ERR_LIMIT, "2^22"},
        {"module m(a); input a; wire [1048575:0] b", ", \\", " ; endmodule", NC_ERR_FORMAT,
         "expected ';'"},
        {".model m\n.outputs y\n.gate a O=y\n", "# c\n", "", NC_ERR_UNSUPPORTED, "library"}};
    nc_fp4_read_options options = {0};
    nc_fp4_circuit *c;
    nc_error err;
    char *text, *library;
    size_t i;
    (void)state;
    for (i = 0; i < sizeof cases / sizeof *cases; i++) {
        nc_status status;
        text = repeated(cases[i].head, cases[i].piece, N, cases[i].tail);
        status = nc_fp4_read_circuit(&c, NULL, text, strlen(text), &err);
        if (status != cases[i].status || !strstr(err.message, cases[i].why))
            fail_msg("case %zu: %s: %s", i, nc_status_str(status), err.message);
        nc_fp4_destroy(c);
        free(text);
    }
    text = repeated("module m(x, y); input [65535:0] x; output y; assign y = ^{x", ", x", 300,
                    "}; endmodule"); /* three characters each for 65,536 bits */
    assert_int_equal(nc_fp4_read_verilog(&c, text, strlen(text), &err), NC_ERR_LIMIT);
    assert_non_null(strstr(err.message, "2^22"));
    free(text);
    text = repeated("module m(a); input a; wire [1048575:0] w", ", w", 8, "; endmodule");
    assert_int_equal(nc_fp4_read_verilog(&c, text, strlen(text), &err), NC_OK); /* one name */
    nc_fp4_destroy(c);
    free(text);
    library = repeated("GATE a 1 O=", "(", N, "b;");
    options.library = library;
    options.library_bytes = strlen(library);
    assert_int_equal(nc_fp4_read_circuit(&c, &options, ".model m\n", 9, &err), NC_ERR_LIMIT);
    assert_non_null(strstr(err.message, "library: a function nested too deeply"));
    free(library);
    options.library = NULL;
    options.frames = 1 << 19;
    text = repeated(".model m\n.inputs a\n.outputs q\n.latch a q 0\n", ".names a b\n", 1, "");
    assert_int_equal(nc_fp4_read_circuit(&c, &options, text, strlen(text), &err), NC_ERR_LIMIT);
    free(text);
    options.frames = UINT32_MAX; /* 2^42 outputs: no memory is asked for */
    text = repeated(".model m\n.inputs a\n.latch a q 0\n.outputs", " q", 1024, "\n");
    assert_int_equal(nc_fp4_read_circuit(&c, &options, text, strlen(text), &err), NC_ERR_LIMIT);
    free(text);
}

/* Which of the expected names each bit has; each once. */
static void places_of(const nc_fp4_circuit *c, int output, const char *expected, uint32_t *place) {
    char names[400], wanted[400], *word, *at, *other, *rest, *rest2;
    uint32_t n = 0, k, seen = 0;
    names_of(c, output, names, sizeof names);
    for (word = names; (at = strtok_r(word, " ", &rest)) != NULL; word = NULL, n++) {
        strcpy(wanted, expected);
        for (k = 0, other = strtok_r(wanted, " ", &rest2); other && strcmp(other, at) != 0; k++)
            other = strtok_r(NULL, " ", &rest2);
        if (!other) fail_msg("%s", at);
        place[n] = k;
        seen |= 1u << k;
    }
    for (k = 0, at = strcpy(wanted, expected); *at; at++) k += *at == ' ';
    assert_int_equal(n, k + 1);
    assert_int_equal(seen, (1u << n) - 1);
}

/* One design in the fourteen forms that yosys and ABC give it (tests/golden_netlists.py). */
static void files_of_yosys_and_abc_are_the_design(void **state) {
    static const char *const files[] = {
        "source.v",    "words.v",   "yosys.v",  "cells.v",   "lut.v",     "abc.v",   "yosys.blif",
        "models.blif", "conn.blif", "abc.blif", "yosys.aag", "yosys.aig", "abc.aig", "abc.bench"};
    size_t i;
    (void)state;
    for (i = 0; i < sizeof files / sizeof *files; i++) {
        char path[100], *data;
        uint8_t in[6], out[5], wires[400];
        uint32_t x, k, in_place[6], out_place[5];
        size_t bytes;
        nc_fp4_circuit *c;
        nc_fp4_network *n;
        nc_error err;
        snprintf(path, sizeof path, TEST_DATA "fp4/alu.%s", files[i]);
        if (nc_file_read(path, &data, &bytes, &err) != NC_OK ||
            nc_fp4_read_circuit(&c, NULL, data, bytes, &err) != NC_OK)
            fail_msg("%s:%d:%d: %s", path, err.line, err.column, err.message);
        nc_file_free(data);
        places_of(c, 0, "a[0] a[1] b[0] b[1] op[0] op[1]", in_place); /* yosys moves a[0] */
        places_of(c, 1, "y[0] y[1] y[2] x.1 lt", out_place);
        assert_int_equal(nc_fp4_compile(c, &n), NC_OK);
        for (x = 0; x < 64; x++) {
            const uint32_t a = x & 3, b = x >> 2 & 3, op = x >> 4, lt = a < b;
            const uint32_t y = op == 0   ? (a + b) & 3
                               : op == 1 ? 7 ^ ((3 - a + b) & 3)
                               : op == 2 ? a & b
                                         : lt << 2 | (a ^ b);
            uint32_t got = 0;
            for (k = 0; k < 6; k++) in[k] = x >> in_place[k] & 1;
            nc_fp4_eval_packed(n, in, out, wires);
            for (k = 0; k < 5; k++) got |= (uint32_t)out[k] << out_place[k];
            if (got != (y | (a & 1) << 3 | lt << 4)) fail_msg("%s: case %u: %u", path, x, got);
        }
        nc_fp4_network_destroy(n);
        nc_fp4_destroy(c);
    }
}

/* What a format cannot say is said otherwise, and nothing twice. */
static void names_survive_or_are_replaced_without_clashes(void **state) {
    static const char *const in[] = {"1GAT(0)", "1 2 3", "1_2_3",     "a#b", "0",       "n",
                                     "n7",      "\\x\\", "q\"uo\\te", "*/",  "\303\244"};
    nc_fp4_circuit *c, *again;
    nc_fp4_network *n, *file;
    uint32_t x[11], a[2], b, i, y;
    char name[400], names[2000], *text;
    size_t bytes;
    nc_error err;
    nc_fp4_bus bus;
    nc_fp4_report r;
    (void)state;
    assert_int_equal(nc_fp4_create(&c, "1 circuit*/", NULL), NC_OK);
    for (i = 0; i < 11; i++) assert_int_equal(nc_fp4_add_input(c, in[i], 1, &x[i]), NC_OK);
    assert_int_equal(nc_fp4_add_input(c, "a", 2, a), NC_OK);
    assert_int_equal(nc_fp4_add_input(c, "a[1]", 1, &b), NC_OK);
    memset(name, 'z', 399);
    name[399] = 0;
    assert_int_equal(nc_fp4_add_input(c, name, 1, &y), NC_OK);
    assert_int_equal(nc_fp4_add_output(c, "a", 2, a), NC_OK);        /* the input's name and wire */
    assert_int_equal(nc_fp4_add_output(c, "1GAT(0)", 1, &y), NC_OK); /* another's name */
    assert_int_equal(nc_fp4_add_output(c, "a[1]", 1, &b), NC_OK);
    assert_int_equal(nc_fp4_add_output(c, "a", 1, &b), NC_OK);
    assert_int_equal(nc_fp4_add_atom(c, NC_FP4_XOR, x, &y), NC_OK);
    assert_int_equal(nc_fp4_add_output(c, "y", 1, &y), NC_OK);
    for (i = 0; nc_fp4_input_bus(c, i, &bus); i++)
        assert_string_equal(bus.name, i < 11 ? in[i] : i == 11 ? "a" : i == 12 ? "a[1]" : name);
    assert_true(nc_fp4_output_bus(c, 3, &bus));
    assert_string_equal(bus.name, "a_2");
    assert_int_equal(nc_fp4_compile(c, &n), NC_OK);
    assert_int_equal(nc_fp4_write_circuit(c, NC_FP4_BLIF, &text, &bytes), NC_OK);
    assert_int_equal(nc_fp4_read_blif(&again, text, bytes, &err), NC_OK);
    names_of(again, 0, names, sizeof names);
    assert_non_null(strstr(names, "1GAT(0) 1_2_3 1_2_3_2 a_b 0 n n7 \\x_ q\"uo\\te */ \303\244 "
                                  "a[0] a[1] a[1]_2 zzzz"));
    names_of(again, 1, names, sizeof names);
    assert_string_equal(names, "a[0] a[1] 1GAT(0)_2 a[1]_2 a_2 y");
    assert_int_equal(nc_fp4_verify(n, again, &r), NC_OK);
    assert_int_equal(r.wrong, 0);
    nc_fp4_destroy(again);
    nc_fp4_free_text(text);
    assert_int_equal(nc_fp4_write_circuit(c, NC_FP4_AIGER, &text, &bytes), NC_OK);
    assert_int_equal(nc_fp4_read_aiger(&again, text, bytes, &err), NC_OK);
    names_of(again, 0, names, sizeof names);
    assert_non_null(strstr(names, "1GAT(0) 1 2 3 1_2_3 a#b 0 n n7 \\x\\ q\"uo\\te */ \303\244 "
                                  "a[0] a[1] a[1] zzzz"));
    nc_fp4_destroy(again);
    nc_fp4_free_text(text);
    /* a network's file keeps every name, of 399 characters too */
    assert_int_equal(nc_fp4_write_network(n, NC_FP4_FILE, &text, &bytes), NC_OK);
    assert_int_equal(text[5], 2);
    assert_int_equal(nc_fp4_read_network(&file, text, bytes, &err), NC_OK);
    nc_fp4_free_text(text);
    assert_int_equal(nc_fp4_write_network(file, NC_FP4_BLIF, &text, &bytes), NC_OK);
    assert_non_null(strstr(text, name));
    assert_int_equal(nc_fp4_read_blif(&again, text, bytes, &err), NC_OK);
    assert_int_equal(nc_fp4_verify(n, again, &r), NC_OK);
    assert_int_equal(r.wrong, 0);
    nc_fp4_free_text(text);
    /* no name ends a comment of C, or a string of Graphviz or JSON */
    assert_int_equal(nc_fp4_write_network(file, NC_FP4_C, &text, &bytes), NC_OK);
    assert_ptr_equal(strstr(strstr(text, "*/") + 2, "*/"), NULL);
    assert_non_null(strstr(text, "nc___circuit__"));
    nc_fp4_free_text(text);
    assert_int_equal(nc_fp4_write_network(file, NC_FP4_DOT, &text, &bytes), NC_OK);
    assert_non_null(strstr(text, "\"q\\\"uo\\\\te\" [shape=box]"));
    nc_fp4_free_text(text);
    assert_int_equal(nc_fp4_write_network(file, NC_FP4_JSON, &text, &bytes), NC_OK);
    assert_non_null(strstr(text, "{\"name\": \"q\\\"uo\\\\te\", \"width\": 1}"));
    nc_fp4_free_text(text);
    nc_fp4_network_destroy(file);
    nc_fp4_network_destroy(n);
    nc_fp4_destroy(again);
    nc_fp4_destroy(c);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blif_is_read_as_tools_write_it),
        cmocka_unit_test(blif_is_refused_by_name),
        cmocka_unit_test(what_nothing_drives_is_0_by_choice),
        cmocka_unit_test(the_model_asked_for_is_the_circuit),
        cmocka_unit_test(latches_are_unrolled_by_choice),
        cmocka_unit_test(gates_come_from_a_genlib),
        cmocka_unit_test(aiger_is_read_in_both_forms),
        cmocka_unit_test(structural_verilog_is_read),
        cmocka_unit_test(operators_of_verilog_are_those_of_the_standard),
        cmocka_unit_test(bench_and_the_old_bristol_format_are_read),
        cmocka_unit_test(long_and_deep_texts_are_read_or_refused_at_once),
        cmocka_unit_test(files_of_yosys_and_abc_are_the_design),
        cmocka_unit_test(names_survive_or_are_replaced_without_clashes),
    };
    return cmocka_run_group_tests_name("fp4 netlists", tests, NULL, NULL);
}
