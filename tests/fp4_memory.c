/* nc_fp4.h: functions that allocate say so when they get no memory, lose none, and leave what they
 * were given as it was: the same call gives the same afterwards. */
#include "../nc_fp4.h"
#include "failing_malloc.h"

enum { ROWS = 6, COLUMNS = 96, VECTORS = 9 };
static const char path[] = "build/fp4_memory_test.bin";
static float x[ROWS * COLUMNS], vectors[VECTORS * COLUMNS];
static double hessian[COLUMNS * COLUMNS];
static int8_t bytes_in[COLUMNS];
static nc_fp4_tensor tensor, other, halves[2];
static nc_fp4_weights *weights;
static nc_fp4_circuit *circuit, *another;
static nc_fp4_network *network, *wide;
static char *text; /* what the case reads */
static size_t text_bytes;
static nc_error err;

static nc_status text_made(nc_status status, char *made, size_t bytes) {
    if (status != NC_OK) assert_null(made);
    if (status == NC_OK) seen_bytes(made, bytes);
    nc_fp4_free_text(made);
    return status;
}

/* -- tensors -- */

static nc_status tensor_made(nc_status status, nc_fp4_tensor *t) {
    if (status != NC_OK) assert_true(!t->codes && !t->scales && !t->tiles);
    if (status == NC_OK) {
        seen_bytes(t->codes, t->rows * nc_fp4_code_bytes(t->columns));
        seen_bytes(t->scales, nc_fp4_tensor_scale_bytes(t));
    }
    nc_fp4_tensor_free(t);
    return status;
}
static nc_status tensor_create(void) {
    nc_fp4_tensor t;
    const nc_status status = nc_fp4_tensor_create(&t, NC_FP4_NVFP4, NULL, x, ROWS, COLUMNS);
    return tensor_made(status, &t);
}
static nc_status tensor_create_blocks(void) {
    nc_fp4_tensor t;
    const nc_status status =
        nc_fp4_tensor_create_blocks(&t, NC_FP4_NF4, NULL, 64, 1, x, ROWS, COLUMNS);
    return tensor_made(status, &t);
}
static nc_status tensor_create_gptq(void) {
    nc_fp4_tensor t;
    const nc_status status =
        nc_fp4_tensor_create_gptq(&t, NC_FP4_MXFP4, NULL, x, ROWS, COLUMNS, hessian, 0);
    return tensor_made(status, &t);
}
static nc_status layer_error(void) {
    const double e = nc_fp4_layer_error(x, x + COLUMNS, ROWS - 1, COLUMNS, hessian);
    if (e < 0) return NC_ERR_MEMORY;
    seen_bytes(&e, sizeof e);
    return NC_OK;
}
static nc_status tensor_save(void) {
    char *made;
    size_t bytes;
    const nc_status status = nc_fp4_tensor_save(&tensor, "w", &made, &bytes);
    return text_made(status, made, bytes);
}
static nc_status tensor_load(void) {
    nc_fp4_tensor t;
    const nc_status status = nc_fp4_tensor_load(&t, "w", text, text_bytes, &err);
    return tensor_made(status, &t);
}
static nc_status npy_write(void) {
    char *made;
    size_t bytes;
    const nc_status status = nc_fp4_npy_write(x, ROWS, COLUMNS, &made, &bytes);
    return text_made(status, made, bytes);
}
static nc_status npy_read(void) {
    float *made;
    uint32_t rows, columns;
    const nc_status status = nc_fp4_npy_read(text, text_bytes, &made, &rows, &columns, &err);
    return text_made(status, (char *)made, (size_t)ROWS * COLUMNS * sizeof *made);
}

/* -- products -- */

static nc_status product_made(nc_status status, const float *y, size_t n) {
    if (status == NC_OK) seen_bytes(y, n * sizeof *y);
    return status;
}
static nc_status interleave(void) {
    nc_fp4_tensor t = tensor;
    const nc_status status = nc_fp4_tensor_interleave(&t);
    float y[ROWS];
    if (status != NC_OK) assert_null(t.tiles);
    if (status != NC_OK) return status;
    seen_bytes(y, nc_fp4_matvec_i8(&t, bytes_in, 0.5f, y) == NC_OK ? sizeof y : 0);
    memset(&tensor, 0, sizeof tensor);
    tensor = t;
    return status;
}
static nc_status matvec(void) {
    float y[ROWS];
    return product_made(nc_fp4_matvec(&tensor, vectors, y), y, ROWS);
}
static nc_status matvec_i8(void) {
    float y[ROWS];
    return product_made(nc_fp4_matvec_i8(&tensor, bytes_in, 0.5f, y), y, ROWS);
}
static nc_status matmul(void) {
    float y[VECTORS * ROWS];
    return product_made(nc_fp4_matmul(&tensor, vectors, VECTORS, y), y, VECTORS * ROWS);
}
static nc_status product_with(int transposed, int quantised) {
    static const uint32_t rows[ROWS] = {5, 4, 3, 2, 1, 1};
    nc_fp4_product_options o;
    float y[VECTORS * COLUMNS];
    memset(&o, 0, sizeof o);
    o.transposed = transposed;
    o.quantised = quantised;
    o.rows = rows;
    o.n_rows = ROWS;
    return product_made(nc_fp4_product(&tensor, &o, vectors, VECTORS, y), y,
                        VECTORS * (transposed ? COLUMNS : ROWS));
}
static nc_status product(void) { return product_with(0, 0); }
static nc_status product_transposed(void) { return product_with(1, 0); }
static nc_status product_quantised(void) { return product_with(0, 1); }
static nc_status product_fp4(void) {
    float y[ROWS * ROWS];
    return product_made(nc_fp4_product_fp4(&tensor, NULL, &other, ROWS, y), y, ROWS * ROWS);
}
static nc_status product_experts(void) {
    static const uint32_t expert[VECTORS] = {0, 1, 1, 0, 1, 0, 0, 1, 0};
    float y[VECTORS * ROWS];
    return product_made(nc_fp4_product_experts(halves, 2, expert, NULL, vectors, VECTORS, y), y,
                        VECTORS * ROWS);
}

/* -- weights -- */

static nc_status weights_made(nc_status status, nc_fp4_weights *made) {
    if (status != NC_OK) assert_null(made);
    if (made) {
        const nc_fp4_weight *w = nc_fp4_weights_get(made, 0);
        seen_bytes(w->name, strlen(w->name));
        seen(w->bytes);
    }
    nc_fp4_weights_close(made);
    return status;
}
static nc_status weights_open(void) {
    nc_fp4_source source;
    nc_fp4_weights *made;
    nc_status status;
    nc_fp4_source_memory(&source, text, text_bytes);
    status = nc_fp4_weights_open(&made, &source, 1, &err);
    return weights_made(status, made);
}
static nc_status open_path(const char *name) {
    nc_fp4_weights *made;
    char at[200];
    nc_status status;
    snprintf(at, sizeof at, TEST_DATA "fp4/%s", name);
    status = nc_fp4_weights_open_path(&made, at, &err);
    return weights_made(status, made);
}
static nc_status open_bnb(void) { return open_path("bnb_nf4_nested.safetensors"); }
static nc_status open_torchao(void) { return open_path("torchao_swizzled.safetensors"); }
static nc_status open_gguf(void) { return open_path("gguf_nvfp4_scaled.gguf"); }
static nc_status open_npy(void) { return open_path("c_f4.npy"); }
static nc_status open_index(void) {
    nc_fp4_weights *made;
    const nc_status status = nc_fp4_weights_open_path(&made, "build/fp4_memory.index.json", &err);
    return weights_made(status, made);
}
static nc_status weights_of(const char *name, nc_status (*call)(void)) {
    char at[200];
    const long k = until_failure;
    nc_status status;
    snprintf(at, sizeof at, TEST_DATA "fp4/%s", name);
    until_failure = -1;
    assert_int_equal(nc_fp4_weights_open_path(&weights, at, &err), NC_OK);
    until_failure = k;
    status = call();
    nc_fp4_weights_close(weights);
    return status;
}
/* The first weight of 4 bits. */
static size_t first_weight(void) {
    size_t i = 0;
    while (nc_fp4_weights_get(weights, i)->format == NC_FP4_FORMAT_COUNT) i++;
    return i;
}
static nc_status read_first(void) {
    const size_t i = first_weight();
    const nc_fp4_weight *w = nc_fp4_weights_get(weights, i);
    nc_fp4_tensor t;
    const nc_status status = nc_fp4_weights_read(weights, i, 0, 0, (uint32_t)w->rows, &t, &err);
    return tensor_made(status, &t);
}
static nc_status values_first(void) {
    float y[40];
    const nc_status status = nc_fp4_weights_values(weights, first_weight(), 3, 40, y, &err);
    return product_made(status, y, 40);
}
static nc_status read_bnb(void) { return weights_of("bnb_nf4_nested.safetensors", read_first); }
static nc_status read_torchao(void) {
    return weights_of("torchao_swizzled.safetensors", read_first);
}
static nc_status read_gguf(void) { return weights_of("gguf_nvfp4_scaled.gguf", read_first); }
static nc_status values_bnb(void) { return weights_of("bnb_nf4_nested.safetensors", values_first); }
static nc_status values_gguf(void) { return weights_of("gguf_nvfp4_scaled.gguf", values_first); }
static nc_status values_gpt_oss(void) { return weights_of("gpt_oss.safetensors", values_first); }

/* A call that got no memory, once more with it: it succeeds. */
static nc_status failed;
#define TWICE(call)                                                                                \
    do {                                                                                           \
        nc_status status_ = (call);                                                                \
        if (status_ != NC_OK) {                                                                    \
            failed = status_;                                                                      \
            status_ = (call);                                                                      \
        }                                                                                          \
        if (status_ != NC_OK) fail_msg("once more: %s: %s", #call, nc_status_str(status_));        \
    } while (0)

typedef struct memory_file {
    uint8_t data[20000];
    size_t bytes;
} memory_file;
static memory_file file;

static nc_status memory_write(void *user, uint64_t at, const void *from, size_t bytes) {
    memory_file *to = (memory_file *)user;
    assert_true(at + bytes <= sizeof to->data);
    memcpy(to->data + at, from, bytes);
    if (at + bytes > to->bytes) to->bytes = (size_t)at + bytes;
    return NC_OK;
}

/* All steps of a writer, each of which may fail and is then tried again. */
static nc_status write_file(nc_fp4_layout layout, uint32_t nested) {
    const nc_fp4_sink sink = {memory_write, &file};
    nc_fp4_writer *writer;
    nc_fp4_weight plan;
    nc_fp4_conversion report;
    size_t i;
    failed = NC_OK;
    memset(&file, 0, sizeof file);
    TWICE(nc_fp4_writer_create(&writer, layout));
    TWICE(nc_fp4_writer_pair(writer, "author", "nobody"));
    TWICE(nc_fp4_writer_pairs(writer, weights));
    for (i = 0; i < nc_fp4_weights_count(weights); i++) {
        plan = *nc_fp4_weights_get(weights, i);
        plan.nested = nested;
        TWICE(nc_fp4_writer_add(writer, &plan, &err));
    }
    TWICE(nc_fp4_writer_begin(writer, &sink, &err));
    for (i = 0; i < nc_fp4_weights_count(weights); i++)
        TWICE(nc_fp4_writer_convert(writer, i, weights, i, NULL, &report, NULL, NULL, &err));
    nc_fp4_writer_free(writer);
    seen_bytes(file.data, file.bytes);
    made_whole = 1;
    return failed;
}
static nc_status write_gguf(void) { return write_file(NC_FP4_LAYOUT_GGUF, 0); }
static nc_status write_own(void) { return write_file(NC_FP4_LAYOUT_OWN, 0); }
static nc_status write_bnb(void) { return write_file(NC_FP4_LAYOUT_BNB, 256); }
static nc_status write_torchao(void) { return write_file(NC_FP4_LAYOUT_TORCHAO, 0); }
static nc_status writer_gguf(void) { return weights_of("gguf_mxfp4.gguf", write_gguf); }
static nc_status writer_scaled(void) { return weights_of("gguf_nvfp4_scaled.gguf", write_gguf); }
static nc_status writer_own(void) { return weights_of("gguf_mxfp4.gguf", write_own); }
static nc_status writer_bnb(void) { return weights_of("bnb_nf4_nested.safetensors", write_bnb); }
static nc_status writer_torchao(void) {
    return weights_of("torchao_nvfp4.safetensors", write_torchao);
}
static nc_status writer_tensor(void) {
    const nc_fp4_sink sink = {memory_write, &file};
    nc_fp4_writer *writer;
    nc_fp4_weight plan;
    failed = NC_OK;
    memset(&file, 0, sizeof file);
    memset(&plan, 0, sizeof plan);
    plan.name = "l.weight";
    plan.format = NC_FP4_NVFP4;
    plan.rank = 2;
    plan.shape[0] = ROWS;
    plan.shape[1] = COLUMNS;
    TWICE(nc_fp4_writer_create(&writer, NC_FP4_LAYOUT_MODELOPT));
    TWICE(nc_fp4_writer_add(writer, &plan, &err));
    TWICE(nc_fp4_writer_begin(writer, &sink, &err));
    TWICE(nc_fp4_writer_tensor(writer, 0, 0, &tensor, &err));
    nc_fp4_writer_free(writer);
    seen_bytes(file.data, file.bytes);
    made_whole = 1;
    return failed;
}
static nc_status sink_open(void) {
    nc_fp4_sink sink;
    nc_status status = nc_fp4_sink_open(&sink, path, &err);
    if (status != NC_OK) assert_true(!sink.user && !sink.write_fn);
    if (status == NC_OK) status = sink.write_fn(sink.user, 0, "1", 1);
    if (status == NC_OK) return nc_fp4_sink_close(&sink, 1, &err);
    (void)nc_fp4_sink_close(&sink, 0, NULL);
    return status;
}

/* -- circuits -- */

static void seen_circuit(const nc_fp4_circuit *c) {
    char *made;
    size_t bytes;
    assert_int_equal(nc_fp4_write_circuit(c, NC_FP4_BLIF, &made, &bytes), NC_OK);
    seen_bytes(made, bytes);
    nc_fp4_free_text(made);
}
static nc_status circuit_made(nc_status status, nc_fp4_circuit *made) {
    const long k = until_failure;
    if (status != NC_OK) assert_null(made);
    until_failure = -1;
    if (made) seen_circuit(made);
    nc_fp4_destroy(made);
    until_failure = k;
    return status;
}
static nc_status synthesize(void) {
    nc_fp4_atom atom;
    const nc_status status = nc_fp4_synthesize(0x16, 3, &atom);
    if (status == NC_OK) seen(atom.units);
    return status;
}
/* All steps, each of which may fail and is then tried again. */
static nc_status build(void) {
    static const uint64_t truth[4] = {UINT64_C(0x123456789ABCDEF0), 77, 12345678, 99};
    nc_fp4_circuit *c;
    uint32_t in[20], out[20], one;
    long k;
    failed = NC_OK;
    TWICE(nc_fp4_create(&c, "built", NULL));
    TWICE(nc_fp4_add_input(c, "a", 10, in));
    TWICE(nc_fp4_add_input(c, "a", 10, in + 10));
    TWICE(nc_fp4_add_atom(c, NC_FP4_SUM, in, &one));
    TWICE(nc_fp4_add_output(c, "s", 1, &one));
    TWICE(nc_fp4_add_function(c, 8, in, truth, &one));
    TWICE(nc_fp4_add_output(c, NULL, 1, &one));
    TWICE(nc_fp4_add_circuit(c, circuit, in, out));
    TWICE(nc_fp4_add_output(c, "p", nc_fp4_output_count(circuit), out));
    k = until_failure;
    until_failure = -1;
    seen_circuit(c);
    nc_fp4_destroy(c);
    made_whole = 1;
    until_failure = k;
    return failed;
}
static nc_status make(void) {
    nc_fp4_circuit *c;
    const nc_status status = nc_fp4_make(&c, NC_FP4_MULTIPLIER, 3, 0, NULL);
    return circuit_made(status, c);
}
static nc_status read_blif(void) {
    nc_fp4_circuit *c;
    const nc_status status = nc_fp4_read_blif(&c, text, text_bytes, &err);
    return circuit_made(status, c);
}
static nc_status read_bristol(void) {
    nc_fp4_circuit *c;
    const nc_status status = nc_fp4_read_bristol(&c, text, text_bytes, &err);
    return circuit_made(status, c);
}
static nc_status read_json(void) {
    nc_fp4_circuit *c;
    const nc_status status = nc_fp4_read_json(&c, text, text_bytes, &err);
    return circuit_made(status, c);
}
static nc_status read_aiger(void) {
    nc_fp4_circuit *c;
    const nc_status status = nc_fp4_read_aiger(&c, text, text_bytes, &err);
    return circuit_made(status, c);
}
static nc_status read_source(const char *from, const nc_fp4_read_options *o) {
    nc_fp4_circuit *c;
    const nc_status status = nc_fp4_read_circuit(&c, o, from, strlen(from), &err);
    return circuit_made(status, c);
}
static nc_status read_verilog(void) {
    static const char source[] =
        "module part(input [1:0] p, output q);\n  assign q = p[0] ? ~p[1] : ^p;\nendmodule\n"
        "module top(a, b, y, z);\n  input [3:0] a, b;\n  output [3:0] y;\n  output z;\n"
        "  wire [3:0] w;\n  assign w = a + b;\n  assign y = a > b ? w : {a[1:0], b[3:2]} ^ 4'h5;\n"
        "  part one(.p(w[1:0]), .q(z));\nendmodule\n";
    nc_fp4_circuit *c;
    const nc_status status = nc_fp4_read_verilog(&c, source, sizeof source - 1, &err);
    return circuit_made(status, c);
}
static nc_status read_bench(void) {
    return read_source("INPUT(a)\nINPUT(b)\nOUTPUT(y)\ny = NAND(a, b, t)\nt = LUT 0x6 (a, b)\n",
                       NULL);
}
static nc_status read_models(void) {
    return read_source(".model top\n.inputs a b\n.outputs y\n.subckt part p=a q=b r=y\n.end\n"
                       ".model part\n.inputs p q\n.outputs r\n.names p q r\n10 1\n01 1\n.end\n",
                       NULL);
}
static nc_status read_frames(void) {
    static const char library[] = "GATE inv 1 O=!a; PIN a INV 1 999 1 0 1 0\n"
                                  "GATE nand 1 O=!(a*b); PIN * INV 1 999 1 0 1 0\n";
    nc_fp4_read_options o;
    memset(&o, 0, sizeof o);
    o.frames = 3;
    o.library = library;
    o.library_bytes = sizeof library - 1;
    return read_source(".model m\n.inputs a\n.outputs y\n.latch d q 0\n.gate nand a=a b=q O=d\n"
                       ".gate inv a=q O=y\n.end\n",
                       &o);
}
static nc_status write_as(nc_fp4_file_kind kind) {
    char *made;
    size_t bytes;
    const nc_status status = nc_fp4_write_circuit(circuit, kind, &made, &bytes);
    return text_made(status, made, bytes);
}
static nc_status write_blif(void) { return write_as(NC_FP4_BLIF); }
static nc_status write_bristol(void) { return write_as(NC_FP4_BRISTOL); }
static nc_status write_json(void) { return write_as(NC_FP4_JSON); }
static nc_status write_aiger(void) { return write_as(NC_FP4_AIGER); }
static nc_status write_dimacs(void) {
    nc_fp4_circuit *c = circuit;
    nc_status status;
    circuit = another; /* of one output */
    status = write_as(NC_FP4_DIMACS);
    circuit = c;
    return status;
}

/* -- networks -- */

static nc_status network_made(nc_status status, nc_fp4_network *n) {
    uint32_t i;
    if (status != NC_OK) assert_null(n);
    for (i = 0; n && i < nc_fp4_unit_count(n); i++) {
        const nc_fp4_unit *u = nc_fp4_get_unit(n, i);
        seen_bytes(u->weight, u->inputs);
        seen_bytes(u->input, u->inputs * sizeof *u->input);
        seen(u->threshold);
    }
    nc_fp4_network_destroy(n);
    return status;
}
static nc_status compile(void) {
    nc_fp4_network *n;
    const nc_status status = nc_fp4_compile(circuit, &n);
    return network_made(status, n);
}
static nc_status read_network(void) {
    nc_fp4_network *n;
    const nc_status status = nc_fp4_read_network(&n, text, text_bytes, &err);
    return network_made(status, n);
}
static nc_status network_as(nc_fp4_file_kind kind) {
    char *made;
    size_t bytes;
    const nc_status status = nc_fp4_write_network(network, kind, &made, &bytes);
    return text_made(status, made, bytes);
}
static nc_status network_fp4(void) { return network_as(NC_FP4_FILE); }
static nc_status network_blif(void) { return network_as(NC_FP4_BLIF); }
static nc_status network_dot(void) { return network_as(NC_FP4_DOT); }
static nc_status network_c(void) { return network_as(NC_FP4_C); }
static nc_status network_json(void) { return network_as(NC_FP4_JSON); }
static nc_status network_safetensors(void) { return network_as(NC_FP4_SAFETENSORS); }
static nc_status eval_sliced(void) {
    uint64_t in[6], out[6];
    nc_status status;
    size_t i;
    for (i = 0; i < 6; i++) in[i] = UINT64_C(0x9E3779B97F4A7C15) * (i + 1);
    status = nc_fp4_eval_sliced(network, in, out, 1);
    if (status == NC_OK) seen_bytes(out, sizeof out);
    return status;
}
static nc_status eval_integers(void) {
    static const uint64_t a[3] = {1, 2, 7}, b[3] = {5, 6, 7};
    const uint64_t *in[2] = {a, b};
    uint64_t p[3], *out[1] = {p};
    const nc_status status = nc_fp4_eval_integers(network, in, out, 3);
    if (status == NC_OK) seen_bytes(p, sizeof p);
    return status;
}
static uint64_t times(void *user, uint64_t in) {
    (void)user;
    return (in & 7) * (in >> 3);
}
static nc_status report_made(nc_status status, const nc_fp4_report *r) {
    if (status == NC_ERR_MEMORY) assert_int_equal(r->verdict, NC_FP4_UNDECIDED);
    if (status == NC_OK) {
        assert_int_equal(r->verdict, NC_FP4_PROVEN);
        seen(r->steps);
        seen(r->cases);
    }
    return status;
}
static nc_status verify_cases(void) {
    nc_fp4_report r;
    return report_made(nc_fp4_verify_cases(network, times, NULL, &r), &r);
}
static nc_status verify(void) {
    nc_fp4_report r;
    return report_made(nc_fp4_verify(network, circuit, &r), &r);
}
static nc_status verify_as(nc_fp4_evidence evidence) {
    nc_fp4_report r;
    return report_made(nc_fp4_verify_by(network, circuit, evidence, &r), &r);
}
static nc_status verify_exhaustive(void) { return verify_as(NC_FP4_EXHAUSTIVE); }
static nc_status verify_bdd(void) { return verify_as(NC_FP4_BDD); }
static nc_status verify_structural(void) { return verify_as(NC_FP4_STRUCTURAL); }
static nc_status verify_sweep(void) { return verify_as(NC_FP4_SWEEP); }
static int no_solution(void *user, const char *dimacs, size_t bytes, uint32_t inputs,
                       uint8_t *example) {
    (void)user;
    (void)inputs;
    (void)example;
    seen_bytes(dimacs, bytes);
    return 20;
}
static nc_status verify_with(void) {
    nc_fp4_verify_options o;
    nc_fp4_report r;
    memset(&o, 0, sizeof o);
    o.methods = 1u << NC_FP4_SOLVER;
    o.sat = no_solution;
    return report_made(nc_fp4_verify_with(network, circuit, &o, &r), &r);
}
static nc_status verify_any(void) { /* more inputs than are tried one by one */
    nc_fp4_report r;
    return report_made(nc_fp4_verify_with(wide, another, NULL, &r), &r);
}
static nc_status miter(void) {
    nc_fp4_circuit *c;
    const nc_status status = nc_fp4_miter(&c, network, circuit);
    return circuit_made(status, c);
}

static void sweep_text(const char *name, nc_status (*call)(void), char *from, size_t bytes) {
    const sweep_case one = {name, call};
    text = from;
    text_bytes = bytes;
    sweep_all(&one, 1);
}

static void set_up(void) {
    uint64_t seed = 1;
    size_t i;
#ifdef _OPENMP
    omp_set_num_threads(1);
#endif
    for (i = 0; i < ROWS * COLUMNS; i++) x[i] = (float)(test_random(&seed) % 2001) / 500.0f - 2.0f;
    for (i = 0; i < VECTORS * COLUMNS; i++)
        vectors[i] = (float)(test_random(&seed) % 2001) / 500.0f - 2.0f;
    for (i = 0; i < COLUMNS; i++) bytes_in[i] = (int8_t)(test_random(&seed) % 255 - 127);
    memset(hessian, 0, sizeof hessian);
    assert_int_equal(nc_fp4_hessian_add(hessian, vectors, VECTORS, COLUMNS), NC_OK);
}

static void tensors_may_get_no_memory(void **state) {
    static const sweep_case cases[] = {
        {"tensor_create", tensor_create},
        {"tensor_create_blocks", tensor_create_blocks},
        {"tensor_create_gptq", tensor_create_gptq},
        {"layer_error", layer_error},
        {"tensor_save", tensor_save},
        {"npy_write", npy_write},
        {"matvec", matvec},
        {"matvec_i8", matvec_i8},
        {"matmul", matmul},
        {"product", product},
        {"product, transposed", product_transposed},
        {"product, quantised", product_quantised},
        {"product_fp4", product_fp4},
        {"product_experts", product_experts},
    };
    static const sweep_case tiles[] = {
        {"matvec_i8, tiles", matvec_i8},
        {"product_fp4, tiles", product_fp4},
        {"product, tiles", product_quantised},
    };
    char *made;
    size_t bytes;
    (void)state;
    set_up();
    assert_int_equal(nc_fp4_tensor_create(&tensor, NC_FP4_NVFP4, NULL, x, ROWS, COLUMNS), NC_OK);
    assert_int_equal(nc_fp4_tensor_create(&other, NC_FP4_NVFP4, NULL, vectors, ROWS, COLUMNS),
                     NC_OK);
    halves[0] = tensor;
    halves[1] = other;
    sweep_all(cases, sizeof cases / sizeof *cases);
    assert_int_equal(nc_fp4_tensor_save(&tensor, "w", &made, &bytes), NC_OK);
    sweep_text("tensor_load", tensor_load, made, bytes);
    nc_fp4_free_text(made);
    assert_int_equal(nc_fp4_npy_write(x, ROWS, COLUMNS, &made, &bytes), NC_OK);
    sweep_text("npy_read", npy_read, made, bytes);
    nc_fp4_free_text(made);
    until_failure = 0;
    assert_int_equal(interleave(), NC_ERR_MEMORY);
    assert_int_equal(interleave(), NC_OK);
    sweep_all(tiles, sizeof tiles / sizeof *tiles);
    nc_fp4_tensor_free(&tensor);
    nc_fp4_tensor_free(&other);
    assert_int_equal(held, 0);
}

static void files_of_weights_may_get_no_memory(void **state) {
    static const sweep_case cases[] = {
        {"weights_open_path, bitsandbytes", open_bnb},
        {"weights_open_path, torchao", open_torchao},
        {"weights_open_path, gguf", open_gguf},
        {"weights_open_path, npy", open_npy},
        {"weights_open_path, index", open_index},
        {"weights_read, bitsandbytes", read_bnb},
        {"weights_read, torchao", read_torchao},
        {"weights_read, gguf", read_gguf},
        {"weights_values, bitsandbytes", values_bnb},
        {"weights_values, gguf", values_gguf},
        {"weights_values, gpt-oss", values_gpt_oss},
        {"writer, gguf", writer_gguf},
        {"writer, gguf scaled", writer_scaled},
        {"writer, own", writer_own},
        {"writer, bitsandbytes", writer_bnb},
        {"writer, torchao", writer_torchao},
        {"writer_tensor", writer_tensor},
        {"sink_open", sink_open},
    };
    static const char index[] = "{\"metadata\":{},\"weight_map\":{\"l.weight\":"
                                "\"fp4_memory.safetensors\"}}";
    char *made;
    size_t bytes;
    (void)state;
    set_up();
    assert_int_equal(nc_fp4_tensor_create(&tensor, NC_FP4_NVFP4, NULL, x, ROWS, COLUMNS), NC_OK);
    assert_int_equal(nc_fp4_tensor_save(&tensor, "l.weight", &made, &bytes), NC_OK);
    assert_int_equal(nc_file_write("build/fp4_memory.safetensors", made, bytes, &err), NC_OK);
    assert_int_equal(nc_file_write("build/fp4_memory.index.json", index, sizeof index - 1, &err),
                     NC_OK);
    sweep_text("weights_open", weights_open, made, bytes);
    nc_fp4_free_text(made);
    sweep_all(cases, sizeof cases / sizeof *cases);
    nc_fp4_tensor_free(&tensor);
    (void)remove("build/fp4_memory.safetensors");
    (void)remove("build/fp4_memory.index.json");
    (void)remove(path);
    assert_int_equal(held, 0);
}

static void circuits_may_get_no_memory(void **state) {
    static const sweep_case cases[] = {
        {"synthesize", synthesize},
        {"create, add", build},
        {"make", make},
        {"write_circuit, blif", write_blif},
        {"write_circuit, bristol", write_bristol},
        {"write_circuit, json", write_json},
        {"write_circuit, aiger", write_aiger},
        {"write_circuit, dimacs", write_dimacs},
        {"read_verilog", read_verilog},
        {"read_circuit, bench", read_bench},
        {"read_circuit, models", read_models},
        {"read_circuit, latches and gates", read_frames},
        {"compile", compile},
        {"write_network, fp4", network_fp4},
        {"write_network, blif", network_blif},
        {"write_network, dot", network_dot},
        {"write_network, c", network_c},
        {"write_network, json", network_json},
        {"write_network, safetensors", network_safetensors},
        {"eval_sliced", eval_sliced},
        {"eval_integers", eval_integers},
        {"verify_cases", verify_cases},
        {"verify", verify},
        {"verify_by, exhaustive", verify_exhaustive},
        {"verify_by, bdd", verify_bdd},
        {"verify_by, structural", verify_structural},
        {"verify_by, sweep", verify_sweep},
        {"verify_with, solver", verify_with},
        {"verify_with", verify_any},
        {"miter", miter},
    };
    static const struct {
        const char *name;
        nc_fp4_file_kind kind;
        nc_status (*call)(void);
    } texts[] = {
        {"read_blif", NC_FP4_BLIF, read_blif},
        {"read_bristol", NC_FP4_BRISTOL, read_bristol},
        {"read_json", NC_FP4_JSON, read_json},
        {"read_aiger", NC_FP4_AIGER, read_aiger},
    };
    char *made;
    size_t bytes, i;
    (void)state;
    set_up();
    assert_int_equal(nc_fp4_make(&circuit, NC_FP4_MULTIPLIER, 3, 0, NULL), NC_OK);
    assert_int_equal(nc_fp4_make(&another, NC_FP4_PARITY, 30, 0, NULL), NC_OK);
    assert_int_equal(nc_fp4_compile(circuit, &network), NC_OK);
    assert_int_equal(nc_fp4_compile(another, &wide), NC_OK);
    sweep_all(cases, sizeof cases / sizeof *cases);
    for (i = 0; i < sizeof texts / sizeof *texts; i++) {
        assert_int_equal(nc_fp4_write_circuit(circuit, texts[i].kind, &made, &bytes), NC_OK);
        sweep_text(texts[i].name, texts[i].call, made, bytes);
        nc_fp4_free_text(made);
    }
    assert_int_equal(nc_fp4_write_network(network, NC_FP4_FILE, &made, &bytes), NC_OK);
    sweep_text("read_network", read_network, made, bytes);
    nc_fp4_free_text(made);
    nc_fp4_network_destroy(network);
    nc_fp4_network_destroy(wide);
    nc_fp4_destroy(circuit);
    nc_fp4_destroy(another);
    assert_int_equal(held, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tensors_may_get_no_memory),
        cmocka_unit_test(files_of_weights_may_get_no_memory),
        cmocka_unit_test(circuits_may_get_no_memory),
    };
    return cmocka_run_group_tests_name("fp4 memory", tests, NULL, NULL);
}
