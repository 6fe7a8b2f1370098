/* tir_self: the optimiser's network as a program of the machine it optimises for, made smaller by
   that network, until nothing changes any more.
   cc -O2 tir_self.c -o tir_self   (needs stb_ds.h)

   The forward pass of nc_tir_model (encoder with masked attention, then the decoder's choice of a
   move) is written as TIR through the builder, lowered, run on the interpreter and compared with
   nc_tir_model_forward bit for bit. Then nc_tir_optimize makes it shorter, guided by the same
   network, every replacement proven; the shorter program must give the same bits; and again. */
#define _POSIX_C_SOURCE 200112L
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#define NC_IMPLEMENTATION
#include "../nc_tirneural.h"
#include "cli.h"

static const char usage[] =
    "usage: tir_self [FILE.tasm ..] [options]\n"
    "  FILE.tasm                straight-line blocks of these modules are what the network reads\n"
    "                           (without any: those of its own program)\n"
    "  --weights FILE           the network (default examples/data/tir_weights.bin)\n"
    "  --blocks N               so many blocks, the first of each file in turn (default 4)\n"
    "  --rounds N               at most so many times over its own code (default 4)\n"
    "  --beam N                 search width (default 32)\n"
    "  --effort N               of trading calls and loops for cycles, in 2^20 steps of the "
    "machine\n"
    "                           (default 512, which takes a minute; 0: none)\n"
    "  --unchanged              run the classical lowering only\n"
    "  --prove-nothing-worse    the table of functions before and after, each by itself; 3 unless\n"
    "                           none is longer and all blocks take no more cycles\n"
    "  --tir FILE, --tasm FILE  write the program, and what it has become\n"
    "  --ram FILE               write the memory of the smallest block for one layer, for "
    "tasm_run\n"
    "  --machine FOLDER         write what tests/triton gives to Triton VM itself: the program\n"
    "                           before and after, the memory of each block for one layer and for\n"
    "                           all, 3 MB each; the folder is made\n"
    "  --json                   the result as JSON\n"
    "Returns 0, 1 on an error, 2 on bad usage, 3 when bits or bounds do not hold.\n";

/* -- the network's shape, and where everything lies in memory ------------------------------------ */

/* Nodes stand in threes: cell 3 k + i % 3 of row i / 3 is component k of node i, so that one
   instruction, xb_dot_step, multiplies a weight with three nodes' values: the three components of
   an element of the extension field. A matrix of weights is stored by columns, each with its bias
   behind it. */
enum {
    NODES = 32,
    D = 64,
    HIDDEN = 128,
    HEAD = 32,
    LAYERS = 2,
    OUTPUTS = 64,
    MOVES = 58, /* outputs that stand for moves; the next is the value of a state */
    NODE_ROWS = 185,
    STATE_ROWS = 1070,
    STATE_FEATURES = 28,
    TRIPLE = 3 * D, /* cells of three nodes */
    TRIPLES = (NODES + 2) / 3,
    BLOCKS_MOST = 4096,

    /* memory: the block, the variables, activations, the weights */
    WORDS = 0,     /* node i at 4 i: head, start, end, immediate */
    V_NODES = 200, /* nodes of the block, and threes of them */
    V_TRIPLES,
    V_LAYERS,      /* layers to take; set from outside, as the words are */
    V_LAYER,       /* where its weights are */
    V_HEAD,        /* first column of the head: 0 or 32 */
    V_FACTOR_HIGH, /* of mul_high */
    V_FACTOR_LOW,
    V_AT, /* first cell of a node */
    V_OP, /* of a node: opcode, makers of its operands */
    V_FIRST,
    V_SECOND,
    V_HIGH, /* a number whose root is taken, in halves */
    V_LOW,
    V_ROOT,
    V_MEAN, /* of layer norm */
    V_INVERSE,
    V_SHIFT,
    STATE = 240,              /* row numbers of a state's features */
    TAKES = 300,              /* by opcode: has it an argument? */
    MASK = 400,               /* node i attends to j: 32 i + j */
    X = 2000,                 /* the residual stream, in threes */
    H = X + TRIPLE * TRIPLES, /* normed, then what the heads give */
    Q = H + TRIPLE * TRIPLES, /* queries; also results of matrices that are added to x */
    K = Q + TRIPLE * TRIPLES, /* keys, a row for a node */
    V = K + 3 * TRIPLES * D,  /* values, a row for a component */
    V_ROW = 3 * TRIPLES,
    S = V + V_ROW * D, /* scores: three queries against each key */
    S_ROW = 3 * V_ROW,
    U = S + S_ROW * TRIPLES, /* the feed-forward network's hidden values, in threes */
    WEIGHTS = 40000,

    /* weights of a layer */
    W_Q = 0,
    W_K = W_Q + D * (D + 1),
    W_V = W_K + D * (D + 1),
    W_O = W_V + D * (D + 1),
    W_UP = W_O + D * (D + 1),
    W_DOWN = W_UP + HIDDEN * (D + 1),
    W_GAMMA = W_DOWN + D * (HIDDEN + 1),
    W_LAYER = W_GAMMA + 2 * D,
    W_HIDDEN = LAYERS * W_LAYER, /* of the decoder */
    W_OUT = W_HIDDEN + HIDDEN * (2 * D + 1),
    W_NODES = W_OUT + OUTPUTS * (HIDDEN + 1),
    W_STATES = W_NODES + NODE_ROWS * D,
    W_COUNT = W_STATES + STATE_ROWS * D
};

/* -- a program from words ------------------------------------------------------------------------ */

static nc_tir_program *program;

static void append(const nc_tir_op *op) {
    const nc_status status = nc_tir_append(program, op);
    if (status != NC_OK) exit(cli_refused("building the program", status, NULL));
}

/* Loops stand where they are called, and become code of their own behind the function. */
static char pending[16][2048];
static int pending_count;

static char *next_word(char **rest) { return strtok_r(NULL, " \n", rest); }

/* The body of a loop, up to its end. */
static void put_off(const char *name, char **rest) {
    char *body = pending[pending_count], *word;
    size_t used = (size_t)snprintf(body, sizeof *pending, "%s", name);
    int open = 1;
    while (open && (word = next_word(rest)) != NULL) {
        open += !strcmp(word, "loop") || !strcmp(word, "if_else") || !strcmp(word, "if_only");
        open -= !strcmp(word, "end");
        used += (size_t)snprintf(body + used, sizeof *pending - used, " %s", word);
    }
    pending_count++;
}

/* One operation and its argument, through the builder. */
static void emit_one(const char *word, char **rest) {
#define ROW(NAME, text, ARGUMENT, bodies, least, most, trident, triton, trisha) {text, #ARGUMENT},
    static const struct { const char *name, *argument; } kinds[] = {NC_TIR_KINDS(ROW)};
#undef ROW
    nc_tir_op op = {(nc_tir_kind)0, 0, 0, NULL};
    size_t kind = 0;
    while (kind < NC_TIR_KIND_COUNT && strcmp(kinds[kind].name, word)) kind++;
    if (kind == NC_TIR_KIND_COUNT) exit(cli_fail(CLI_ERROR, "no operation '%s'", word));
    op.kind = (nc_tir_kind)kind;
    if (strcmp(kinds[kind].argument, "NONE")) {
        word = next_word(rest);
        if (!strcmp(kinds[kind].argument, "NAME"))
            op.text = word;
        else
            op.value =
                *word == '-' ? nc_gl_neg(strtoull(word + 1, NULL, 10)) : strtoull(word, NULL, 10);
    }
    append(&op);
}

/* Operations with their arguments, separated by blanks. */
static void emit_words(char *text) {
    char *rest = NULL, *word = strtok_r(text, " \n", &rest);
    for (; word; word = next_word(&rest))
        if (!strcmp(word, "loop")) {
            const nc_tir_op op = {NC_TIR_CALL, 0, 0, word = next_word(&rest)};
            append(&op);
            put_off(word, &rest);
        } else if (!strcmp(word, "end") || !strcmp(word, "else")) {
            const nc_status status = word[1] == 'n' ? nc_tir_end(program) : nc_tir_else(program);
            if (status != NC_OK) exit(cli_refused(word, status, NULL));
        } else {
            emit_one(word, &rest);
        }
}

/* The same with values put in, and the loops behind it. */
static void emit(const char *format, ...) {
    char text[4096];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    emit_words(text);
    if (!strstr(format, "fn_end")) return;
    while (pending_count) {
        nc_tir_op op = {NC_TIR_LOOP, 0, 0, NULL};
        char *body;
        memcpy(text, pending[--pending_count], sizeof *pending);
        body = strchr(text, ' ');
        *body++ = 0;
        op.text = text;
        append(&op);
        emit_words(body);
    }
}

/* A function of these operations. */
#define FUNCTION(name, ...)                                                                        \
    do {                                                                                           \
        emit("fn_start " name);                                                                    \
        emit(__VA_ARGS__);                                                                         \
        emit("return fn_end");                                                                     \
    } while (0)

/* The value of a variable onto the stack, and the upper element into one. */
#define GET "push %d ram_read 1 "
#define SET "push %d ram_write 1 "

/* Numbers: _ x -> _ y unless said otherwise; the upper element is written last. A number is 2^16
   times what it stands for, negative ones are p - x. */
static void arithmetic(void) {
    FUNCTION("negative", "split pop 1 push 2147483647 lt"); /* _ x -> is it below 0? */
    /* x / 2^16, rounded, |x| < 2^62: made positive by 2^62, whose share 2^46 goes again. */
    FUNCTION("rescale", "push 4611686018427420672 add split push 65536 swap 1 div_mod pop 1 "
                        "swap 1 push 65536 mul add push 70368744177664 sub");
    FUNCTION("cut", "call negative push -65536000 mul push 32768000 add"); /* to 500 or -500 */
    FUNCTION("bound", "dup 0 push 32768000 add split push 65536000 lt add if_only call cut end");
    FUNCTION("finish", "call rescale add call bound"); /* _ bias sum -> */
    FUNCTION("relu", "dup 0 call negative if_only pop 1 push 0 end");
    /* _ x s -> x / 2^s, rounded up at a half, x < 2^63 */
    FUNCTION("shift_round", "dup 0 push 63 lt if_else pop 2 push 0 else "
                            "dup 0 push -1 add push 2 pow swap 1 swap 2 add " /* s, x + 2^(s - 1) */
                            "split dup 2 push 32 swap 1 lt if_else "          /* s high low */
                            "dup 2 push 2 pow swap 1 div_mod pop 1 "
                            "swap 2 push 32 swap 1 sub push 2 pow mul add else "
                            "pop 1 swap 1 push -32 add push 2 pow swap 1 div_mod pop 1 end end");
    /* _ v -> v f / 2^64, f of two halves in memory */
    FUNCTION("mul_high",
             "split dup 0 " GET "mul split pop 1 "        /* vh vl, high(vl fl) */
             "swap 1 " GET "mul split swap 1 swap 2 add " /* vh high(vl fh) sum of lows */
             "dup 2 " GET "mul split swap 1 swap 2 add "  /* vh .. high(vh fl) sum */
             "split pop 1 add add swap 1 " GET "mul add",
             V_FACTOR_LOW, V_FACTOR_HIGH, V_FACTOR_LOW, V_FACTOR_HIGH);
}

/* e^-x with 46 fractional bits for x >= 0, as nc_fixed_softmax takes it: 2^y by the series of
   e^(f ln 2) for the fraction f of y, shifted by its integer part. */
static void exponential(void) {
    static const char *const coefficient[] = {/* ln(2)^k / k! times 2^62 */
                                              "4611686018427387904",
                                              "3196577161300663915",
                                              "1107849223398934356",
                                              "255967521894832113",
                                              "44355791529079737",
                                              "6149018367977265",
                                              "710362457495793",
                                              "70340819226978",
                                              "6094567565682",
                                              "469381369432",
                                              "32535037283",
                                              "2050142669",
                                              "118420884",
                                              "6314085",
                                              "312614"};
    int k;
    emit("fn_start power_of_two push %s", coefficient[14]); /* _ -> 2^f, f in memory */
    for (k = 13; k >= 0; k--) emit("call mul_high push %s add", coefficient[k]);
    emit("return fn_end");
    FUNCTION("exp_negative",
             "dup 0 split push 4194303 lt add if_else pop 1 push 0 else "
             "push 1586259972792 mul push 7205759403792793600 swap 1 sub split " /* y, high low */
             "push 16777216 swap 1 div_mod push 256 mul " SET
             "swap 1 push 16777216 swap 1 div_mod push 256 mul swap 1 swap 2 add " SET
             "call power_of_two swap 1 push 116 swap 1 sub call shift_round end",
             V_FACTOR_LOW, V_FACTOR_HIGH);
    /* _ b a -> a 2^16 / b, rounded up at a half, a <= b < 2^52: a bit a round */
    FUNCTION(
        "quotient",
        "push 0 swap 1 push 9223372034707292161 mul push 17 loop q_bit " /* b q r c, r half */
        "swap 1 push 2 mul dup 0 dup 4 sub call negative push 1 swap 1 sub "
        "dup 0 dup 5 mul swap 2 swap 1 swap 2 sub "
        "swap 3 push 2 mul add swap 2 swap 1 end "
        "pop 1 push 2 mul swap 2 swap 1 swap 2 swap 1 sub call negative push 1 swap 1 sub add");
}

/* Rows of matrices: three nodes at once. */
static void matrices(void) {
    int k;
    emit("fn_start dot32"); /* _ sum2 sum1 sum0 threes weights -> the same, moved on */
    for (k = 0; k < 32; k++) emit("fold_base");
    emit("return fn_end");
    FUNCTION("dot64", "call dot32 call dot32");
    FUNCTION("dot128", "call dot64 call dot64");
    /* _ sum2 sum1 sum0 bias -> value2 value1 value0 */
    FUNCTION("finish_three", "dup 0 swap 2 call finish swap 2 dup 1 swap 1 call finish "
                             "swap 3 call finish swap 2 swap 1");
    /* _ across along to .. value2 value1 value0 -> the values are at to, `across` + 1 apart, and
     * `to` has gone `along`; between them lie in, weights, counter */
    FUNCTION("store_three", "dup 6 write_mem 1 dup 7 add write_mem 1 dup 6 add write_mem 1 pop 1 "
                            "dup 3 dup 6 add swap 4 pop 1");
    /* _ along across to threes weights columns -> */
    for (k = D; k <= 2 * D; k += D)
        emit("fn_start affine%d loop column%d push 0 push 0 push 0 dup 5 dup 5 call dot%d "
             "swap 1 pop 1 read_mem 1 push 2 add swap 6 pop 1 call finish_three call store_three "
             "end pop 5 pop 1 return fn_end",
             k, k, k);
}

/* A function that takes a layer's matrix of `columns` from `in` (rows of `n`, in threes) to `out`:
   a step along a row, across one to the next node, and of `next` to the next three. */
static void matrix(const char *name, int in, int n, int weights, int columns, int out, int along,
                   int across, int next) {
    emit("fn_start %s " GET "loop %s_threes push %d push %d dup 2 push %d mul push %d add "
         "dup 3 push %d mul push %d add " GET "push %d add push %d call affine%d end pop 1 "
         "return fn_end",
         name, V_TRIPLES, name, along, across - 1, next, out, 3 * n, in, V_LAYER, weights, columns,
         n);
}

/* Rows of the embedding, by a node's words. */
static void embedding(void) {
    FUNCTION("place", "push 3 swap 1 div_mod swap 1 push %d mul add",
             TRIPLE); /* of node i in threes */
    /* the class of an immediate: small ones by themselves, others by size, the last below p apart */
    FUNCTION("size_class", "dup 0 split swap 1 if_else "
                           "pop 1 dup 0 push 1 add push 0 eq if_else pop 1 push 12 else "
                           "neg split swap 1 push 0 eq swap 1 push 65536 swap 1 lt mul "
                           "if_else push 13 else push 14 end end else "
                           "swap 1 pop 1 dup 0 push 8 swap 1 lt if_else else "
                           "dup 0 push 16 swap 1 lt if_else pop 1 push 8 else "
                           "dup 0 push 256 swap 1 lt if_else pop 1 push 9 else "
                           "push 65536 swap 1 lt if_else push 10 else push 11 end end end end end");
    FUNCTION("add_row", /* _ row -> to the node at V_AT */
             "push %d mul push %d add " GET "push %d loop row_cells "
             "dup 2 read_mem 1 push 2 add swap 4 pop 1 dup 2 ram_read 1 add dup 2 ram_write 1 "
             "swap 1 push 3 add swap 1 end pop 3",
             D, WEIGHTS + W_NODES, V_AT, D);
    FUNCTION("embed", /* _ i -> */
             "dup 0 call place push %d add " SET "dup 0 push 4 mul dup 0 ram_read 1 "
             "push 64 swap 1 div_mod " SET "push 8 swap 1 div_mod push 64 add call add_row "
             "push 32 swap 1 div_mod " SET SET GET "call add_row " GET "push %d add ram_read 1 "
             "if_else dup 0 push 3 add ram_read 1 call size_class else push 15 end "
             "push 72 add call add_row "
             "dup 0 push 2 add ram_read 1 dup 1 push 1 add ram_read 1 sub push 88 add call add_row "
             "dup 1 " GET "sub push 121 add call add_row "
             "dup 1 " GET "sub push 153 add call add_row pop 2",
             X, V_AT, V_OP, V_FIRST, V_SECOND, V_OP, V_OP, TAKES, V_FIRST, V_SECOND);
    /* _ i -> : a node attends to itself, to the makers of its operands, and to those whose lives
       overlap with its own */
    FUNCTION("attended",
             GET "loop others dup 0 push 4 mul push 1 add ram_read 1 "
                 "dup 2 push 4 mul push 2 add ram_read 1 lt "
                 "dup 1 push 4 mul push 2 add ram_read 1 "
                 "dup 3 push 4 mul push 1 add ram_read 1 swap 1 lt add push 0 eq "
                 "dup 2 push 32 mul dup 2 add push %d add ram_write 1 end pop 1 "
                 "dup 0 push 4 mul ram_read 1 push 512 swap 1 div_mod pop 1 push 32 swap 1 div_mod "
                 "dup 2 push 32 mul add push %d add push 1 swap 1 ram_write 1 "
                 "dup 1 push 32 mul add push %d add push 1 swap 1 ram_write 1 "
                 "push 33 mul push %d add push 1 swap 1 ram_write 1",
             V_NODES, MASK, MASK, MASK, MASK);
}

/* nc_fixed_layer_norm of a node: mean and variance, the root of the variance in 32 bits, its
   inverse, and each value times that. */
static void layer_norm(void) {
    /* _ variance -> : V_INVERSE / 2^V_SHIFT is one over its root */
    FUNCTION(
        "inverse_root",
        "dup 0 split swap 1 dup 0 push 0 eq if_else pop 1 log2 else "
        "swap 1 pop 1 log2 push 32 add end "
        "push 63 swap 1 sub push 2 swap 1 div_mod pop 1 push 47 dup 1 sub " SET
        "push 2 mul push -2 add push 2 pow mul " /* a quarter of what fills the word */
        "split push 1073741824 swap 1 div_mod push 4 mul " SET "swap 1 push 4 mul add " SET
        "push 0 push 2147483648 push 32 loop root_bit " /* root bit c */
        "dup 2 dup 2 add dup 0 dup 0 mul split " GET "lt push 1 swap 1 sub "
        "swap 1 dup 0 " GET "eq swap 1 " GET "swap 1 lt swap 2 mul add "
        "if_else swap 3 pop 1 else pop 1 end "
        "swap 1 push 9223372034707292161 mul swap 1 end pop 2 " SET
        "push 0 push 4294967296 push 33 loop inverse_bit " /* the largest with x root <= 2^63 */
        "dup 2 dup 2 add dup 0 " GET "mul split push 0 eq "
        "swap 1 dup 0 push 2147483648 eq swap 1 push 2147483648 swap 1 lt swap 2 mul add "
        "if_else swap 3 pop 1 else pop 1 end "
        "swap 1 push 9223372034707292161 mul swap 1 end pop 2 " SET,
        V_SHIFT, V_LOW, V_HIGH, V_LOW, V_HIGH, V_HIGH, V_ROOT, V_ROOT, V_INVERSE);
    FUNCTION("sign", "call negative push -2 mul push 1 add"); /* 1 or -1 */
    FUNCTION("mean",                                          /* _ -> of the node at V_AT */
             GET
             "push 0 push %d loop sum dup 2 read_mem 1 push 4 add swap 4 pop 1 "
             "swap 1 swap 2 add swap 1 end pop 1 swap 1 pop 1 " GET "ram_read 1 "
             "dup 0 push %d mul swap 1 swap 2 swap 1 sub "
             "dup 0 call sign dup 0 swap 2 mul push %d add push %d swap 1 div_mod pop 1 mul add",
             V_AT, D, V_AT, D, D / 2, D);
    FUNCTION("variance", /* and epsilon */
             GET "push 0 push %d loop squares dup 2 read_mem 1 push 4 add swap 4 pop 1 " GET
                 "sub dup 0 mul swap 1 swap 2 add swap 1 end pop 1 swap 1 pop 1 "
                 "split push %d swap 1 div_mod pop 1 swap 1 push %d swap 1 div_mod "
                 "push 67108864 mul swap 1 push 4294967296 mul add add push 65536 add",
             V_AT, D, V_MEAN, D, D);
    FUNCTION("norm", /* _ place -> : from x to h */
             "dup 0 push %d add " SET "call mean " SET "call variance call inverse_root " GET
             "swap 1 push %d add " GET "push %d add push %d loop normal "
             "dup 3 read_mem 1 push 4 add swap 5 pop 1 " GET
             "sub dup 0 call sign dup 0 swap 2 mul " GET "mul " GET "call shift_round mul "
             "dup 2 ram_read 1 mul call rescale dup 2 push %d add ram_read 1 add call bound "
             "dup 3 ram_write 1 swap 2 push 3 add swap 2 swap 1 push 1 add swap 1 end pop 4",
             X, V_AT, V_MEAN, V_AT, H, V_LAYER, W_GAMMA, D, V_MEAN, V_INVERSE, V_SHIFT, D);
}

#define TURN "swap 2 swap 1 swap 2 swap 1 " /* _ c a b -> _ a b c */

static void attention(void) {
    FUNCTION("score", "call rescale push 11585 mul call rescale"); /* / sqrt(32) */
    FUNCTION("scores",
             GET "loop score_threes " GET "loop score_keys push 0 push 0 push 0 "
                 "dup 4 push %d mul " GET "push 3 mul add push %d add "
                 "dup 4 push %d mul " GET "add push %d add call dot32 pop 2 "
                 "call score swap 2 call score swap 1 call score " TURN
                 "dup 4 push %d mul dup 4 push 3 mul add push %d add write_mem 3 pop 1 "
                 "end pop 1 end pop 1",
             V_TRIPLES, V_NODES, TRIPLE, V_HEAD, Q, D, V_HEAD, K, S_ROW, S);
    FUNCTION("softmax", /* _ i -> : over the nodes that it attends to */
             "dup 0 push 3 swap 1 div_mod swap 1 push %d mul add push %d add "
             "swap 1 dup 0 push 32 mul push %d add swap 1 push 3 mul dup 2 add ram_read 1 " GET
             "loop largest dup 2 dup 1 add ram_read 1 if_only "
             "dup 3 dup 1 push 3 mul add ram_read 1 "
             "dup 0 dup 3 sub call negative if_else pop 1 else swap 2 pop 1 end end end "
             "pop 1 push 0 " GET "loop powers dup 4 dup 1 push 3 mul add "
             "dup 4 dup 2 add ram_read 1 if_else "
             "dup 0 ram_read 1 dup 4 swap 1 sub call exp_negative "
             "dup 3 dup 1 add swap 4 pop 1 else push 0 end swap 1 ram_write 1 end "
             "pop 1 " GET "loop shares dup 4 dup 1 push 3 mul add "
             "dup 4 dup 2 add ram_read 1 if_only "
             "dup 0 ram_read 1 dup 3 swap 1 call quotient dup 1 ram_write 1 end pop 1 end pop 5",
             S_ROW, S, MASK, V_NODES, V_NODES, V_NODES);
    FUNCTION("weigh", /* values by their scores, to h */
             GET "loop weigh_threes push %d loop weigh_columns push 0 push 0 push 0 "
                 "dup 4 push %d mul push %d add dup 4 " GET "add push %d mul push %d add "
                 "call dot32 pop 2 call rescale swap 2 call rescale swap 1 call rescale " TURN
                 "dup 4 push %d mul dup 4 " GET "add push 3 mul add push %d add write_mem 3 pop 1 "
                 "end pop 1 end pop 1",
             V_TRIPLES, HEAD, S_ROW, S, V_HEAD, V_ROW, V, TRIPLE, V_HEAD, H);
    FUNCTION("head",
             "call scores " GET "loop each_query dup 0 call softmax end pop 1 "
             "call weigh",
             V_NODES);
}

static void network(void) {
    matrix("queries", H, D, W_Q, D, Q, 3, 1, TRIPLE);
    matrix("keys", H, D, W_K, D, K, 1, D, TRIPLE);
    matrix("values", H, D, W_V, D, V, V_ROW, 1, 3);
    matrix("joined", H, D, W_O, D, Q, 3, 1, TRIPLE);
    matrix("up", X, D, W_UP, HIDDEN, U, 3, 1, 3 * HIDDEN);
    matrix("down", U, HIDDEN, W_DOWN, D, Q, 3, 1, TRIPLE);
    FUNCTION("accumulate",
             GET "push %d mul loop sums dup 0 push %d add ram_read 1 dup 1 push %d add ram_read 1 "
                 "add call bound dup 1 push %d add ram_write 1 end pop 1",
             V_TRIPLES, TRIPLE, Q, X, X);
    FUNCTION("rectify", /* _ address count -> */
             "loop rectified dup 1 dup 1 add dup 0 ram_read 1 call relu "
             "swap 1 ram_write 1 end pop 2");
    FUNCTION("layer",
             GET "loop normed dup 0 call place call norm end pop 1 "
                 "call queries call keys call values push 0 " SET "call head push %d " SET
                 "call head call joined call accumulate call up "
                 "push %d " GET "push %d mul call rectify call down call accumulate",
             V_NODES, V_HEAD, HEAD, V_HEAD, U, V_TRIPLES, 3 * HIDDEN);
    /* a move for the block's first node in a state: 128 inputs, its latent and the sum of the
       state's rows, in threes of which only the first counts */
    FUNCTION("decide",
             "push %d loop latent dup 0 push %d add ram_read 1 dup 1 push %d add ram_write 1 end "
             "pop 1 push %d loop nothing push 0 dup 1 push %d add ram_write 1 end pop 1 "
             "push %d loop features dup 0 push %d add ram_read 1 push %d mul push %d add "
             "push %d loop state_cells dup 1 dup 1 add ram_read 1 "
             "dup 1 push 3 mul push %d add dup 0 ram_read 1 dup 2 add dup 0 dup 0 dup 3 "
             "write_mem 3 pop 3 end pop 2 end pop 1 "
             "push 3 push 0 push %d push %d push %d push %d call affine128 "
             "push %d push %d call rectify "
             "push 3 push 0 push %d push %d push %d push %d call affine128 "
             "push %d ram_read 1 push %d push %d loop best dup 0 push 3 mul push %d add ram_read 1 "
             "dup 0 dup 4 sub call negative if_else pop 1 else "
             "swap 3 pop 1 dup 0 swap 2 pop 1 end end pop 1 write_io 1 pop 1",
             TRIPLE, X, U, TRIPLE, U + TRIPLE, STATE_FEATURES, STATE, D, WEIGHTS + W_STATES, D,
             U + TRIPLE, Q, U, WEIGHTS + W_HIDDEN, HIDDEN, Q, 3 * HIDDEN, K, Q, WEIGHTS + W_OUT,
             OUTPUTS, K + 3 * (MOVES - 1), MOVES - 1, MOVES, K);
    FUNCTION("give", /* the latents, a node after the other */
             GET "loop given " GET
                 "dup 1 sub push -1 add call place push %d add push %d loop cells "
                 "swap 1 read_mem 1 push 4 add swap 1 write_io 1 swap 1 end pop 2 end pop 1",
             V_NODES, V_NODES, X, D);
    FUNCTION("main",
             "push 0 push %d loop count dup 0 push 4 mul ram_read 1 push 0 eq push 0 eq "
             "swap 1 swap 2 add swap 1 end pop 1 dup 0 " SET
             "push 2 add push 3 swap 1 div_mod pop 1 " SET GET
             "loop embedded dup 0 dup 0 call embed call attended end pop 1 "
             "push %d " SET GET "loop layers call layer " GET "push %d add " SET "end pop 1 "
             "call give call decide",
             NODES, V_NODES, V_TRIPLES, V_NODES, WEIGHTS, V_LAYER, V_LAYERS, V_LAYER, W_LAYER,
             V_LAYER);
}

static void build_program(void) {
    if (nc_tir_create(&program) != NC_OK) exit(cli_fail(CLI_ERROR, "out of memory"));
    emit("entry main");
    network();
    attention();
    layer_norm();
    embedding();
    matrices();
    exponential();
    arithmetic();
}

/* -- what it reads ------------------------------------------------------------------------------- */

/* Where a search begins: each feature's first row. */
static const uint16_t state[STATE_FEATURES] = {0,   65,  81,  97,  113, 129, 145, 161, 177, 193,
                                               209, 225, 241, 257, 273, 289, 305, 321, 337, 353,
                                               523, 693, 757, 821, 841, 861, 881, 901};

static nc_tir_model *model;
static nc_gl *memory; /* pairs of address and value: the block, then all else */
static size_t cells;

static void set_cell(uint64_t address, nc_gl value) {
    memory[2 * cells] = address;
    memory[2 * cells + 1] = value;
    cells++;
}

/* A matrix with a row for each input becomes columns, each with its bias behind it. */
static void set_matrix(uint64_t at, const nc_fixed *w, const nc_fixed *bias, int inputs,
                       int columns) {
    int i, j;
    for (j = 0; j < columns; j++) {
        for (i = 0; i < inputs; i++) set_cell(at++, w[i * columns + j]);
        set_cell(at++, bias ? bias[j] : 0);
    }
}

/* Does the instruction with this opcode take an argument? By encoding one of each. */
static void set_takes(void) {
    static const char *const with[] = {"push 1",     "pop 1",       "divine 1",  "pick 1",
                                       "place 1",    "dup 1",       "swap 1",    "addi 1",
                                       "read_mem 1", "write_mem 1", "read_io 1", "write_io 1"};
    nc_gl words[NC_TIR_BLOCK_WORDS];
    size_t i;
    for (i = 0; i < sizeof with / sizeof *with; i++)
        if (nc_tir_encode(with[i], words, NULL) == NC_OK) set_cell(TAKES + (words[0] & 63), 1);
}

/* Cells that do not change from block to block come behind the block's words. */
enum { BLOCK_CELLS = 4 * NODES + 1 };
static void set_memory(void) {
    const nc_fixed *w = nc_tir_model_weights(model, NULL), *layer = w, *part;
    int i;
    memory = (nc_gl *)malloc(2 * sizeof *memory * (BLOCK_CELLS + W_COUNT + 200));
    if (!memory) exit(cli_fail(CLI_ERROR, "out of memory"));
    cells = BLOCK_CELLS;
    for (i = 0; i < STATE_FEATURES; i++) set_cell(STATE + (uint64_t)i, state[i]);
    set_takes();
    for (i = 0; i < LAYERS; i++) {
        const uint64_t at = WEIGHTS + (uint64_t)i * W_LAYER;
        int k;
        for (k = 0; k < 4; k++)
            set_matrix(at + (uint64_t)k * D * (D + 1), layer + k * D * D, NULL, D, D);
        part = layer + 4 * D * D;
        set_matrix(at + W_UP, part, part + D * HIDDEN, D, HIDDEN);
        part += D * HIDDEN + HIDDEN;
        set_matrix(at + W_DOWN, part, NULL, HIDDEN, D);
        part += HIDDEN * D;
        for (k = 0; k < 2 * D; k++) set_cell(at + W_GAMMA + (uint64_t)k, part[k]);
        layer = part + 2 * D;
    }
    set_matrix(WEIGHTS + W_HIDDEN, layer, layer + 2 * D * HIDDEN, 2 * D, HIDDEN);
    layer += 2 * D * HIDDEN + HIDDEN;
    set_matrix(WEIGHTS + W_OUT, layer, layer + HIDDEN * OUTPUTS, HIDDEN, OUTPUTS);
    layer += HIDDEN * OUTPUTS + OUTPUTS;
    for (i = 0; i < (NODE_ROWS + STATE_ROWS) * D; i++)
        set_cell(WEIGHTS + W_NODES + (uint64_t)i, layer[i]);
}

/* -- straight-line blocks ------------------------------------------------------------------------ */

typedef struct block {
    nc_gl words[NC_TIR_BLOCK_WORDS];
    int nodes;
} block;
static block *blocks;
static size_t block_count, block_room;

static void add_block(const char *text) {
    block *b = &blocks[block_count];
    if (block_count == block_room || nc_tir_encode(text, b->words, NULL) != NC_OK) return;
    for (b->nodes = 0; b->nodes < NODES && b->words[4 * b->nodes]; b->nodes++) {
    }
    block_count += b->nodes > 1;
}

/* The blocks of TASM with an instruction a line: what lies between labels and jumps, at most `limit`
   of them. */
static void add_blocks(const char *tasm, size_t limit) {
    static const char *const jumps[] = {"call", "return", "skiz", "recurse", "halt"};
    const size_t first = block_count;
    char text[NODES * 64];
    size_t used = 0;
    int lines = 0;
    while (*tasm && block_count - first < limit) {
        const size_t length = strcspn(tasm, "\n"), blank = strspn(tasm, " \t");
        size_t k, ends = blank == 0 || length - blank > 60 || memchr(tasm, '/', length) != NULL;
        for (k = 0; k < sizeof jumps / sizeof *jumps; k++)
            ends |= !strncmp(tasm + blank, jumps[k], strlen(jumps[k]));
        if (!ends) {
            memcpy(text + used, tasm + blank, length - blank);
            used += length - blank;
            text[used++] = '\n';
            text[used] = 0;
            lines++;
        }
        if (lines && (ends || lines == NODES)) {
            add_block(text);
            used = 0;
            lines = 0;
        }
        tasm += length + (tasm[length] != 0);
    }
}

/* -- what it must give --------------------------------------------------------------------------- */

static nc_fixed bounded(nc_fixed x) {
    const nc_fixed limit = 500 * NC_FIXED_ONE;
    return nc_fixed_clamp(x, nc_gl_neg(limit), limit);
}

/* The decoder's move by the library's arithmetic: the output with the largest score, the first of
   several. */
static int decided(const nc_fixed *latent) {
    const nc_fixed *w =
        nc_tir_model_weights(model, NULL) + LAYERS * (4 * D * D + 2 * D * HIDDEN + HIDDEN + 2 * D);
    const nc_fixed *rows = w + 2 * D * HIDDEN + HIDDEN + HIDDEN * OUTPUTS + OUTPUTS + NODE_ROWS * D;
    nc_fixed in[2 * D] = {0}, hidden[HIDDEN], out[OUTPUTS];
    int i, k, best = 0;
    memcpy(in, latent, D * sizeof *in);
    for (i = 0; i < STATE_FEATURES; i++)
        for (k = 0; k < D; k++) in[D + k] = nc_fixed_add(in[D + k], rows[state[i] * D + k]);
    (void)nc_fixed_matmul(hidden, in, w, 1, 2 * D, HIDDEN);
    for (i = 0; i < HIDDEN; i++)
        hidden[i] = nc_fixed_relu(bounded(nc_fixed_add(hidden[i], w[2 * D * HIDDEN + i])));
    w += 2 * D * HIDDEN + HIDDEN;
    (void)nc_fixed_matmul(out, hidden, w, 1, HIDDEN, OUTPUTS);
    for (i = 0; i < OUTPUTS; i++) out[i] = bounded(nc_fixed_add(out[i], w[HIDDEN * OUTPUTS + i]));
    for (i = 1; i < MOVES; i++)
        if (nc_fixed_compare(out[i], out[best]) > 0) best = i;
    return best;
}

/* A block, and how many layers to take, in the program's memory. */
static nc_tir_input input_of(const block *b, int layers) {
    nc_tir_input input;
    int i;
    for (i = 0; i < 4 * NODES; i++) {
        memory[2 * i] = WORDS + (nc_gl)i;
        memory[2 * i + 1] = b->words[i];
    }
    memory[2 * i] = V_LAYERS;
    memory[2 * i + 1] = (nc_gl)layers;
    memset(&input, 0, sizeof input);
    input.ram = memory;
    input.ram_count = cells;
    input.max_cycles = 1 << 26;
    return input;
}

/* The program on a block: all bits as the library gives them? 0: no, and it is said. With one layer
   only the heights are asked for. */
static int run_block(const char *tasm, const block *b, int layers, nc_tir_execution *x) {
    nc_fixed latents[NODES * D];
    const nc_tir_input input = input_of(b, layers);
    nc_error err;
    int same;
    if (nc_tir_execute(tasm, &input, x, &err) != NC_OK)
        exit(cli_fail(CLI_ERROR, "line %d: %s", (int)err.line, err.message));
    if (x->outcome != NC_TIR_HALTED)
        return cli_fail(0, "the program ends after %llu cycles: %s",
                        (unsigned long long)x->processor, nc_tir_outcome_str(x->outcome));
    if (layers != LAYERS) return 1;
    if (nc_tir_model_forward(model, b->words, 1, latents) != NC_OK)
        exit(cli_fail(CLI_ERROR, "a block that the network cannot read"));
    same = x->output_count == (size_t)b->nodes * D + 1 &&
           !memcmp(x->output, latents, (size_t)b->nodes * D * sizeof *latents);
    if (same) same = x->output[x->output_count - 1] == (nc_gl)decided(latents);
    if (!same) cli_fail(0, "other bits than the library's for a block of %d nodes", b->nodes);
    return same;
}
/* -- functions, before and after ----------------------------------------------------------------- */

typedef struct function {
    char name[64];
    unsigned before, after;
} function;
static function functions[512];
static size_t function_count;

static function *function_named(const char *name, size_t length) {
    size_t i;
    for (i = 0; i < function_count; i++)
        if (strlen(functions[i].name) == length && !memcmp(functions[i].name, name, length))
            return &functions[i];
    if (i == sizeof functions / sizeof *functions || length >= sizeof functions->name)
        exit(cli_fail(CLI_ERROR, "more functions than the table has room for"));
    memcpy(functions[function_count].name, name, length);
    return &functions[function_count++];
}

/* Instructions between labels; the lowering's own blocks (__then__, __else__) count for the function
   they stand behind. */
static void count_functions(const char *tasm, int after) {
    function *f = NULL;
    while (*tasm) {
        const size_t length = strcspn(tasm, "\n"), blank = strspn(tasm, " \t");
        const size_t name = strcspn(tasm, ":\n");
        if (blank == 0 && length > 1 && tasm[name] == ':') {
            if (!f || (strncmp(tasm, "__then__", 8) && strncmp(tasm, "__else__", 8)))
                f = function_named(tasm, name);
        } else if (f && length > blank && tasm[blank] != '/') {
            *(after ? &f->after : &f->before) += 1;
        }
        tasm += length + (tasm[length] != 0);
    }
}

static int print_functions(void) {
    size_t i;
    int longer = 0;
    printf("\n  %-24s %8s %8s\n", "function", "before", "after");
    for (i = 0; i < function_count; i++) {
        const function *f = &functions[i];
        printf("  %-24s %8u %8u%s\n", f->name, f->before, f->after,
               f->after > f->before && f->before ? "  longer" : "");
        longer += f->after > f->before && f->before;
    }
    return longer;
}

/* -- the rounds ---------------------------------------------------------------------------------- */

static struct options {
    const char *weights, *tir, *tasm, *ram, *machine;
    int limit, rounds, unchanged, nothing_worse, json;
    uint32_t beam, effort;
    char **files;
    int file_count;
} o = {"examples/data/tir_weights.bin", NULL, NULL, NULL, NULL, 4, 4, 0, 0, 0, 0, 512, NULL, 0};

typedef struct heights {
    unsigned long long cycles, tallest, padded;
    const char *table;
} heights;

static heights heights_of(const nc_tir_execution *x) {
    heights h = {x->processor, 0, x->padded_height, NULL};
    h.tallest = nc_tir_tallest_run(x, &h.table);
    return h;
}

static void print_heights(const char *what, heights h, heights base) {
    printf("  %-34s %12llu %6.3f %12llu %-10s %10llu\n", what, h.cycles,
           (double)h.cycles / (double)(base.cycles ? base.cycles : 1), h.tallest, h.table,
           h.padded);
}

/* All blocks through a program: the sum of their cycles, 0 where bits differ. */
static unsigned long long run_blocks(const char *tasm) {
    unsigned long long sum = 0;
    size_t i;
    for (i = 0; i < block_count; i++) {
        nc_tir_execution x;
        const int same = run_block(tasm, &blocks[i], LAYERS, &x);
        sum += x.processor;
        nc_tir_free_output(&x);
        if (!same) return 0;
        if (isatty(2) && !cli_quiet) fprintf(stderr, "\r  block %zu of %zu ", i + 1, block_count);
    }
    if (isatty(2) && !cli_quiet) fprintf(stderr, "\r%30s\r", "");
    return sum;
}

static void hex_digest(const char *text, char hex[65]) {
    nc_gl digest[4];
    nc_gl_trident_hash_bytes(text, strlen(text), digest);
    nc_gl_digest_hex(digest, hex);
}

/* The smallest block, for the table of heights and the real machine. */
static const block *smallest(void) {
    const block *least = blocks;
    size_t i;
    for (i = 1; i < block_count; i++)
        if (blocks[i].nodes < least->nodes) least = &blocks[i];
    return least;
}

/* What tasm_run --ram reads: the memory as input_of has left it. */
static int write_ram(const char *path) {
    size_t i, used = 0;
    char *text = (char *)malloc(cells * 48 + 1);
    int ok;
    if (!text) return cli_fail(0, "out of memory");
    for (i = 0; i < cells; i++)
        if (memory[2 * i + 1])
            used += (size_t)sprintf(text + used, "%llu %llu\n", (unsigned long long)memory[2 * i],
                                    (unsigned long long)memory[2 * i + 1]);
    ok = cli_save(path, text, used);
    free(text);
    return ok;
}

/* FOLDER/FORMAT, in a buffer of its own until the next call. */
static const char *in_folder(const char *format, ...) {
    static char path[4096];
    const size_t n = (size_t)snprintf(path, sizeof path, "%s/", o.machine);
    va_list args;
    if (n + 64 > sizeof path) exit(cli_fail(CLI_ERROR, "the name '%s' is too long", o.machine));
    va_start(args, format);
    vsnprintf(path + n, sizeof path - n, format, args);
    va_end(args);
    return path;
}

/* For the real machine: both programs, and every block for one layer and for all. */
static int write_machine(const char *classical, const char *optimised) {
    const size_t least = (size_t)(smallest() - blocks);
    size_t i;
    int layers;
    if (!cli_save(in_folder("classical.tasm"), classical, strlen(classical)) ||
        !cli_save(in_folder("optimised.tasm"), optimised, strlen(optimised)))
        return 0;
    for (i = 0; i < block_count; i++)
        for (layers = 1; layers <= LAYERS; layers++) {
            (void)input_of(&blocks[i], layers);
            if (!write_ram(i == least ? in_folder("smallest.layers%d.ram", layers)
                                      : in_folder("block%u.layers%d.ram", (unsigned)i, layers)))
                return 0;
        }
    return 1;
}

static int read_blocks(const char *own) {
    int i;
    block_room = (size_t)o.limit;
    blocks = (block *)calloc(block_room, sizeof *blocks);
    if (!blocks) return cli_fail(CLI_ERROR, "out of memory");
    for (i = 0; i < o.file_count; i++) {
        const size_t share = ((size_t)o.limit - block_count) / (size_t)(o.file_count - i);
        nc_error err;
        char *text;
        size_t n;
        if (nc_file_read(o.files[i], &text, &n, &err) != NC_OK)
            return cli_fail(CLI_ERROR, "%s", err.message);
        add_blocks(text, share ? share : 1);
        nc_file_free(text);
    }
    if (!o.file_count) add_blocks(own, (size_t)o.limit);
    return block_count ? 0 : cli_fail(CLI_ERROR, "there is no straight-line block to read");
}

static int show_progress(void *user, uint64_t done, uint64_t total) {
    fprintf(stderr, "\r  round %d: %3d %%", *(const int *)user,
            (int)(total ? 100 * done / total : 100));
    return 0;
}

/* Lower, run, optimise until the text stays as it is. */
static int go(void) {
    /* where a search begins: every feature's first row */
    nc_tir_options options;
    nc_tir_input sample;
    nc_tir_report report;
    nc_tir_execution x;
    nc_error err;
    char *first, *now, *next = NULL, digest[65], before[65];
    unsigned long long classical, cycles;
    heights base, one;
    int round, longer = 0, settled = 0;
    if (nc_tir_lower(program, NC_TIR_TARGET_TRITON, &first) != NC_OK)
        return cli_fail(CLI_ERROR, "out of memory");
    if (read_blocks(first)) return CLI_ERROR;
    now = first;
    memset(&options, 0, sizeof options);
    options.target = NC_TIR_TARGET_TRITON;
    options.model = model;
    options.whole = 1;
    options.beam = o.beam;
    if (isatty(2) && !cli_quiet) options.progress = show_progress;
    options.progress_user = &round;
    if (o.effort) { /* one layer of the smallest block shows where the cycles are */
        sample = input_of(smallest(), 1);
        options.samples = &sample;
        options.sample_count = 1;
        options.aim = NC_TIR_AIM_CYCLES;
        options.effort = o.effort;
    }
    printf("the network as a program: %zu operations of TIR; %zu blocks of %d to %d instructions\n",
           nc_tir_size(program), block_count, smallest()->nodes, NODES);
    classical = cycles = run_blocks(first);
    if (!classical) return CLI_FAILED;
    hex_digest(first, before);
    printf("\n  %-34s %12s %6s %12s %-10s %10s\n", "a block of the fewest instructions", "cycles",
           "", "tallest", "table", "padded to");
    if (!run_block(first, smallest(), 1, &x)) return CLI_FAILED;
    base = heights_of(&x);
    nc_tir_free_output(&x);
    print_heights("classical, one layer", base, base);
    if (o.ram && !write_ram(o.ram)) return CLI_ERROR;
    if (!run_block(first, smallest(), LAYERS, &x)) return CLI_FAILED;
    base = heights_of(&x);
    nc_tir_free_output(&x);
    print_heights("classical, the whole", base, base);
    count_functions(first, 0);
    if (cli_json)
        fprintf(cli_json, "{\"blocks\": %zu, \"classical_cycles\": %llu, \"rounds\": [",
                block_count, classical);
    for (round = 1; !o.unchanged && round <= o.rounds && !settled; round++) {
        const nc_status status = round == 1
                                     ? nc_tir_optimize(program, &options, &next, &report, &err)
                                     : nc_tir_optimize_tasm(now, &options, &next, &report, &err);
        if (options.progress) fprintf(stderr, "\r%30s\r", "");
        if (status != NC_OK) return cli_refused("the optimiser", status, &err);
        hex_digest(next, digest);
        settled = !strcmp(digest, before);
        if (!settled) {
            cycles = run_blocks(next);
            if (!cycles) return CLI_FAILED;
        }
        if (!run_block(next, smallest(), LAYERS, &x)) return CLI_FAILED;
        one = heights_of(&x);
        nc_tir_free_output(&x);
        {
            char what[64];
            snprintf(what, sizeof what, "round %d: %.16s", round, digest);
            print_heights(what, one, base);
        }
        if (cli_json)
            fprintf(
                cli_json,
                "%s{\"digest\": \"%s\", \"instructions\": %u, \"proofs\": %u, \"cycles\": %llu, "
                "\"ratio\": %.6f}",
                round > 1 ? ", " : "", digest, (unsigned)report.instructions_after,
                (unsigned)report.proofs, cycles, (double)cycles / (double)classical);
        strcpy(before, digest);
        if (now != first) nc_tir_free_text(now);
        now = next;
    }
    if (!o.unchanged)
        printf("\n%s after %d rounds; over all blocks %llu cycles instead of %llu: %.4f; the same "
               "bits\n",
               settled ? "nothing changes any more" : "it still changes", round - 1, cycles,
               classical, (double)cycles / (double)classical);
    if (o.nothing_worse) {
        options.whole = 0; /* each function for itself */
        options.samples = NULL;
        options.sample_count = 0;
        if (nc_tir_optimize(program, &options, &next, &report, &err) != NC_OK)
            return cli_fail(CLI_ERROR, "%s", err.message);
        count_functions(next, 1);
        longer = print_functions();
        nc_tir_free_text(next);
        printf("\n%d functions longer; over all blocks %.4f of the classical cycles\n", longer,
               (double)cycles / (double)classical);
    }
    if (cli_json)
        fprintf(cli_json, "], \"settled\": %s, \"ratio\": %.6f}\n", settled ? "true" : "false",
                (double)cycles / (double)classical);
    if (o.tasm && !cli_save(o.tasm, now, strlen(now))) return CLI_ERROR;
    if (o.machine && !write_machine(first, now)) return CLI_ERROR;
    if (now != first) nc_tir_free_text(now);
    nc_tir_free_text(first);
    return o.nothing_worse && (longer || cycles > classical) ? CLI_FAILED : 0;
}

int main(int argc, char **argv) {
    nc_error err;
    char *text;
    int i, result;
    argc = cli_begin(argc, argv, "tir_self", usage);
    o.files = argv;
    for (i = 1; i < argc; i++) {
        const char *next = i + 1 < argc ? argv[i + 1] : NULL;
        if (!strcmp(argv[i], "--weights") && next)
            o.weights = argv[++i];
        else if (!strcmp(argv[i], "--tir") && next)
            o.tir = argv[++i];
        else if (!strcmp(argv[i], "--tasm") && next)
            o.tasm = argv[++i];
        else if (!strcmp(argv[i], "--ram") && next)
            o.ram = argv[++i];
        else if (!strcmp(argv[i], "--machine") && next)
            o.machine = argv[++i];
        else if (!strcmp(argv[i], "--blocks"))
            o.limit = (int)cli_number(argv[i], next, 1, BLOCKS_MOST), i++;
        else if (!strcmp(argv[i], "--rounds"))
            o.rounds = (int)cli_number(argv[i], next, 1, 1000), i++;
        else if (!strcmp(argv[i], "--beam"))
            o.beam = (uint32_t)cli_number(argv[i], next, 1, 65536), i++;
        else if (!strcmp(argv[i], "--effort"))
            o.effort = (uint32_t)cli_number(argv[i], next, 0, 1 << 20), i++;
        else if (!strcmp(argv[i], "--unchanged"))
            o.unchanged = 1;
        else if (!strcmp(argv[i], "--prove-nothing-worse"))
            o.nothing_worse = 1;
        else if (!strcmp(argv[i], "--json"))
            o.json = 1;
        else if (argv[i][0] != '-')
            o.files[o.file_count++] = argv[i];
        else
            return fprintf(stderr, "tir_self: bad argument '%s'\n%s", argv[i], usage), 2;
    }
    if (o.machine) (void)cli_folder(o.machine); /* there already, or nothing can be written there */
    if ((o.tir && !cli_can_write(o.tir)) || (o.tasm && !cli_can_write(o.tasm)) ||
        (o.ram && !cli_can_write(o.ram)) ||
        (o.machine && !cli_can_write(in_folder("optimised.tasm"))))
        return CLI_ERROR;
    if (o.json) cli_json_alone();
    if (nc_tir_model_load(&model, o.weights, &err) != NC_OK)
        return cli_refused(o.weights, err.status, &err);
    build_program();
    set_memory();
    if (o.tir) {
        if (nc_tir_write(program, &text) != NC_OK) return cli_fail(CLI_ERROR, "out of memory");
        if (!cli_save(o.tir, text, strlen(text))) return CLI_ERROR;
        nc_tir_free_text(text);
    }
    result = go();
    free(blocks);
    free(memory);
    nc_tir_destroy(program);
    nc_tir_model_destroy(model);
    return result;
}
