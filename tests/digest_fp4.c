/* Prints one digest of what nc_fp4.h writes and computes: every template as .fp4, BLIF, Bristol
   Fashion, JSON and C; codes, scales and values of all formats and rules; products of all kinds;
   sums of integers.
   Usage: digest_fp4 [SIMD level]. tests/digests.sh runs it over compilers and processors. */
#define NC_IMPLEMENTATION
#include "../nc_fp4.h"

static uint64_t digest = NC__FNV_START;

static void add(const void *data, size_t bytes) { digest = nc__fnv1a(digest, data, bytes); }

/* Bytes of numbers in one order, whatever the machine's. */
static void add_words(const void *data, size_t count, size_t size) {
    size_t i;
    for (i = 0; i < count; i++) {
        uint8_t bytes[8];
        uint64_t value = 0;
        uint32_t word;
        if (size == 4) {
            memcpy(&word, (const char *)data + 4 * i, 4);
            value = word;
        } else {
            memcpy(&value, (const char *)data + 8 * i, 8);
        }
        nc__put_le(bytes, value, size);
        add(bytes, size);
    }
}

static void circuits(void) {
    static uint64_t a[3000], b[3000], s[3000];
    int k, f;
    size_t i;
    for (i = 0; i < 3000; i++) {
        a[i] = i * UINT64_C(0x9E3779B97F4A7C15);
        b[i] = a[i] * a[i] + i;
    }
    for (k = 0; k < NC_FP4_TEMPLATE_COUNT; k++) {
        enum { OF_NETWORK = 3, KINDS = 8 }; /* the rest are of the circuit */
        static const nc_fp4_file_kind kinds[KINDS] = {NC_FP4_FILE,   NC_FP4_C,    NC_FP4_BLIF,
                                                      NC_FP4_BLIF,   NC_FP4_JSON, NC_FP4_BRISTOL,
                                                      NC_FP4_DIMACS, NC_FP4_AIGER};
        nc_fp4_circuit *c;
        nc_fp4_network *n;
        const uint64_t *in[3] = {a, b, NULL};
        uint64_t *out[2] = {s, NULL};
        uint32_t bits = k == NC_FP4_MUX_TREE || k == NC_FP4_DECODER ? 5 : 16;
        if (nc_fp4_make(&c, (nc_fp4_template)k, bits, 0, NULL) != NC_OK ||
            nc_fp4_compile(c, &n) != NC_OK || nc_fp4_eval_integers(n, in, out, 3000) != NC_OK)
            exit(1);
        add_words(s, 3000, 8);
        for (f = 0; f < KINDS; f++) {
            char *text;
            size_t bytes;
            if ((f < OF_NETWORK ? nc_fp4_write_network(n, kinds[f], &text, &bytes)
                                : nc_fp4_write_circuit(c, kinds[f], &text, &bytes)) != NC_OK)
                exit(1);
            add(text, bytes);
            nc_fp4_free_text(text);
        }
        nc_fp4_network_destroy(n);
        nc_fp4_destroy(c);
    }
}

/* Values of many magnitudes. */
static float next_float(uint64_t *state) {
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (float)(int32_t)(*state >> 32) / (float)(1u << (20 + *state % 11));
}

static void tensors(void) {
    enum { ROWS = 9, COLUMNS = 300 };
    static float x[ROWS * COLUMNS], y[ROWS * COLUMNS], v[2 * COLUMNS], p[2 * ROWS];
    static int8_t v8[COLUMNS];
    uint64_t state = 1;
    size_t i;
    int f, rule;
    for (i = 0; i < ROWS * COLUMNS; i++) x[i] = next_float(&state);
    for (i = 0; i < 2 * COLUMNS; i++) v[i] = x[3 * i] * 0.001f;
    for (i = 0; i < COLUMNS; i++) v8[i] = (int8_t)(i * 37 % 256 - 128);
    for (f = NC_FP4_E2M1; f <= NC_FP4_BNB; f++)
        for (rule = 0; rule < 5; rule++) {
            nc_fp4_options o = {rule < 4 ? (nc_fp4_scale_rule)rule : NC_FP4_SCALE_FLOOR, rule == 4,
                                5, NC_FP4_AS_DEFINED, 0};
            nc_fp4_tensor t;
            if (nc_fp4_tensor_create(&t, (nc_fp4_format)f, &o, x, ROWS, COLUMNS) != NC_OK ||
                nc_fp4_tensor_decode(&t, y) != NC_OK || nc_fp4_matmul(&t, v, 2, p) != NC_OK)
                exit(1);
            add(t.codes, ROWS * nc_fp4_code_bytes(COLUMNS));
            add(t.scales, ROWS * nc_fp4_scale_bytes(t.format, COLUMNS));
            add_words(y, ROWS * COLUMNS, 4);
            add_words(p, 2 * ROWS, 4);
            if (f <= NC_FP4_NVFP4) {
                if (nc_fp4_matvec_i8(&t, v8, 0.125f, p) != NC_OK) exit(1);
                add_words(p, ROWS, 4);
            }
            nc_fp4_tensor_free(&t);
        }
}

/* Batches, short floats, lists of rows, bias, transposed, codes times codes, experts. */
static void products(void) {
    enum { ROWS = 41, COLUMNS = 1100, N = 18 };
    static float x[ROWS * COLUMNS], y[N * COLUMNS], bias[2 * COLUMNS];
    static uint16_t short_x[N * COLUMNS];
    static const uint32_t rows[9] = {40, 3, 3, 17, 0, 39, 8, 1, 2}, x_rows[3] = {17, 2, 2};
    static const uint32_t expert[N] = {1, 0, 0, 1, 1, 0};
    uint64_t state = 5;
    size_t i;
    int f, kind;
    for (i = 0; i < ROWS * COLUMNS; i++) {
        x[i] = next_float(&state);
        if (i < N * COLUMNS) short_x[i] = (uint16_t)(0x3C00 + (state >> 40) % 512);
    }
    for (i = 0; i < 2 * COLUMNS; i++) bias[i] = x[7 * i];
    for (f = NC_FP4_E2M1; f <= NC_FP4_BNB; f++) {
        nc_fp4_tensor t[2];
        if (nc_fp4_tensor_create(t, (nc_fp4_format)f, NULL, x, ROWS, COLUMNS) != NC_OK) exit(1);
        t[1] = t[0];
        for (kind = 0; kind < 48; kind++) { /* kinds of numbers, ways, and how many */
            nc_fp4_product_options o;
            const int way = kind / 3 % 8;
            const size_t n = kind / 24 ? N : 3;
            const void *const from = kind % 3 ? (const void *)short_x : (const void *)x;
            memset(&o, 0, sizeof o);
            o.x_type = (nc_fp4_number)(kind % 3);
            o.transposed = way % 4 == 1;
            o.quantised = way % 4 == 2 && f <= NC_FP4_NVFP4;
            if (way & 4) o.bias = bias;
            if (way % 4 == 3) o.rows = rows;
            o.n_rows = 9;
            if (way % 4 == 0 && n == 3) o.x_rows = x_rows;
            memset(y, 0, sizeof y);
            if ((way % 4 == 3 ? nc_fp4_product_experts(t, 2, expert, &o, from, n, y)
                              : nc_fp4_product(t, &o, from, n, y)) != NC_OK)
                exit(1);
            add_words(y, N * COLUMNS, 4);
        }
        nc_fp4_tensor_free(t);
    }
}

/* Other projects' arithmetic, GPTQ and rotation. */
static void rounding(void) {
    enum { ROWS = 9, COLUMNS = 96, SAMPLES = 40 };
    static float x[SAMPLES * COLUMNS], y[ROWS * COLUMNS];
    static double hessian[COLUMNS * COLUMNS];
    uint64_t state = 3;
    size_t i;
    int f, c, rule;
    for (i = 0; i < SAMPLES * COLUMNS; i++) {
        x[i] = next_float(&state);
    }
    if (nc_fp4_hessian_add(hessian, x, SAMPLES, COLUMNS) != NC_OK) exit(1);
    for (f = NC_FP4_E2M1; f <= NC_FP4_BNB; f++)
        for (c = 0; c < NC_FP4_CONVENTION_COUNT; c++)
            for (rule = 0; rule < NC_FP4_SCALE_RULE_COUNT; rule++) {
                nc_fp4_options o = {(nc_fp4_scale_rule)rule, 0, 0, (nc_fp4_convention)c, 0};
                nc_fp4_tensor t;
                nc_status status;
                status = c ? nc_fp4_tensor_create(&t, (nc_fp4_format)f, &o, x, ROWS, COLUMNS)
                           : nc_fp4_tensor_create_gptq(&t, (nc_fp4_format)f, &o, x, ROWS, COLUMNS,
                                                       hessian, 0.05);
                if (status == NC_ERR_UNSUPPORTED) continue;
                if (status != NC_OK || nc_fp4_tensor_decode(&t, y) != NC_OK) exit(1);
                add(t.codes, ROWS * nc_fp4_code_bytes(COLUMNS));
                add(t.scales, ROWS * nc_fp4_scale_bytes(t.format, COLUMNS));
                add_words(y, ROWS * COLUMNS, 4);
                nc_fp4_tensor_free(&t);
            }
    for (i = 2; i <= 32; i *= 2)
        if (nc_fp4_hadamard(y, ROWS * COLUMNS, (uint32_t)i) != NC_OK) exit(1);
    add_words(y, ROWS * COLUMNS, 4);
}

int main(int argc, char **argv) {
    if (argc > 1 && nc_fp4_set_simd(atoi(argv[1])) != atoi(argv[1])) return puts("unavailable") < 0;
    circuits();
    tensors();
    products();
    rounding();
    printf("%016llx\n", (unsigned long long)digest);
    return 0;
}
