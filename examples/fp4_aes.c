/* fp4_aes: AES-128 as a network of threshold neurons with 4-bit weights. The S-box is an inverse in
   GF((2^4)^2) between two matrices, everything else is XOR. Checked on the vectors of FIPS-197,
   written as Bristol Fashion, read back and compared.
   cc -O2 fp4_aes.c -lm -o fp4_aes   (needs stb_ds.h) */
#define _POSIX_C_SOURCE 199309L
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#define NC_IMPLEMENTATION
#include "../nc_fp4.h"
#include "cli.h"

static const char usage[] = "usage: fp4_aes [--bristol OUT] [--fp4 OUT] [--json]\n"
                            "Builds, compiles and proves AES-128 and encrypts the test vectors.\n"
                            "Returns 0, 1 on an error, 2 on bad usage, 3 when anything is wrong.\n";

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static uint8_t times_two(uint8_t a) { return (uint8_t)(a << 1 ^ (a >> 7) * 0x1B); }

static uint8_t product(uint8_t a, uint8_t b) {
    uint8_t p = 0;
    for (; b; b >>= 1, a = times_two(a))
        if (b & 1) p ^= a;
    return p;
}

/* FIPS-197, 5.1.1: the inverse in GF(2^8), then an affine map. */
static uint8_t sbox(uint8_t x) {
    uint8_t inverse = 1, y;
    int i;
    for (i = 0; i < 254; i++) inverse = product(inverse, x); /* x^254 */
    y = inverse;
    for (i = 1; i < 5; i++) y ^= (uint8_t)(inverse << i | inverse >> (8 - i));
    return y ^ 0x63;
}

typedef struct aes {
    nc_fp4_circuit *c;
    uint8_t lambda;          /* y^2 + y + lambda has no root in GF(16) */
    uint8_t into[8], out[8]; /* bit i is the exclusive or of these bits of the other field */
    nc_status status;
} aes;

/* In GF(16), modulo x^4 + x + 1. */
static uint8_t product16(uint8_t a, uint8_t b) {
    uint8_t p = 0;
    for (; b; b >>= 1, a = (uint8_t)((a << 1 ^ (a >> 3) * 0x13) & 15))
        if (b & 1) p ^= a;
    return p;
}

/* In GF(16)[y] modulo y^2 + y + lambda; the high nibble is the coefficient of y. */
static uint8_t tower_product(uint8_t lambda, uint8_t a, uint8_t b) {
    const uint8_t high = product16(a >> 4, b >> 4), low = product16(a & 15, b & 15);
    const uint8_t both = product16((a >> 4 ^ a) & 15, (b >> 4 ^ b) & 15);
    return (uint8_t)((both ^ low) << 4 | (low ^ product16(lambda, high)));
}

/* The field of AES into the tower: x goes to a root of its polynomial there. Back from it, and
 * through the affine map. */
static void find_matrices(aes *a) {
    uint8_t image[8], to[256], i;
    uint32_t root, x, y;
    for (a->lambda = 1;; a->lambda++) {
        for (i = 0; i < 16 && (product16(i, i) ^ i) != a->lambda; i++) {
        }
        if (i == 16) break;
    }
    for (root = 2; root < 256; root++) {
        for (image[0] = 1, i = 1; i < 8; i++)
            image[i] = tower_product(a->lambda, image[i - 1], (uint8_t)root);
        if (tower_product(a->lambda, image[7], (uint8_t)root) ==
            (image[4] ^ image[3] ^ image[1] ^ image[0]))
            break;
    }
    memset(a->into, 0, sizeof a->into);
    memset(a->out, 0, sizeof a->out);
    for (x = 0; x < 256; x++)
        for (to[x] = 0, i = 0; i < 8; i++)
            if (x >> i & 1) to[x] ^= image[i];
    for (i = 0; i < 8; i++)
        for (y = 0; y < 8; y++) a->into[y] |= (uint8_t)((image[i] >> y & 1) << i);
    for (x = 0; x < 256; x++)
        for (y = 0; y < 8; y++) {
            const uint8_t inverse = (uint8_t)x; /* its affine image: the S-box of its inverse */
            uint8_t image_of = inverse;
            if (to[x] != 1u << y) continue;
            for (i = 1; i < 5; i++) image_of ^= (uint8_t)(inverse << i | inverse >> (8 - i));
            for (i = 0; i < 8; i++) a->out[i] |= (uint8_t)((image_of >> i & 1) << y);
        }
}

static uint32_t exclusive(aes *a, uint32_t x, uint32_t y) {
    uint32_t in[2], out = 0;
    in[0] = x;
    in[1] = y;
    if (a->status == NC_OK) a->status = nc_fp4_add_atom(a->c, NC_FP4_XOR, in, &out);
    return out;
}

/* The exclusive or of those of n wires whose bits are set. */
static uint32_t sum_of(aes *a, uint32_t bits, const uint32_t *wire, uint32_t n) {
    uint32_t sum = NC_FP4_FALSE, i;
    for (i = 0; i < n; i++)
        if (bits >> i & 1) sum = exclusive(a, sum, wire[i]);
    return sum;
}

/* out = x y + plus in GF(16): bit k sums up the products of the bits that go there. */
static void multiply(aes *a, const uint32_t x[4], const uint32_t y[4], const uint32_t *plus,
                     uint32_t out[4]) {
    uint32_t i, j, k, sum[4], in[2], term = 0;
    for (k = 0; k < 4; k++) sum[k] = plus ? plus[k] : NC_FP4_FALSE;
    for (i = 0; i < 4; i++)
        for (j = 0; j < 4; j++) {
            const uint8_t to = product16((uint8_t)(1u << i), (uint8_t)(1u << j));
            in[0] = x[i];
            in[1] = y[j];
            if (a->status == NC_OK) a->status = nc_fp4_add_atom(a->c, NC_FP4_AND, in, &term);
            for (k = 0; k < 4; k++)
                if (to >> k & 1) sum[k] = exclusive(a, sum[k], term);
        }
    memcpy(out, sum, sizeof sum);
}

/* The inverse of b + a y is (a + b + a y) / d, where d = lambda a^2 + a b + b^2. */
static void substitute(aes *a, uint32_t byte[8]) {
    uint32_t t[8], squares[4], d[4], both[4], inverse[8], i, x;
    uint64_t truth[4] = {0, 0, 0, 0};
    for (i = 0; i < 8; i++) t[i] = sum_of(a, a->into[i], byte, 8);
    for (i = 0; i < 4; i++) {
        uint32_t rows = 0;
        for (x = 0; x < 4; x++) { /* squares are sums of bits */
            const uint8_t square = product16((uint8_t)(1u << x), (uint8_t)(1u << x));
            rows |= (uint32_t)(square >> i & 1) << x;
            rows |= (uint32_t)(product16(a->lambda, square) >> i & 1) << (x + 4);
        }
        squares[i] = sum_of(a, rows, t, 8);
        both[i] = exclusive(a, t[i], t[i + 4]);
    }
    multiply(a, t, t + 4, squares, d);
    for (x = 1; x < 16; x++) {
        uint8_t power = 1;
        for (i = 0; i < 14; i++) power = product16(power, (uint8_t)x);
        for (i = 0; i < 4; i++) truth[i] |= (uint64_t)(power >> i & 1) << x;
    }
    for (i = 0; i < 4 && a->status == NC_OK; i++)
        a->status = nc_fp4_add_function(a->c, 4, d, &truth[i], &squares[i]);
    multiply(a, both, squares, NULL, inverse);
    multiply(a, t + 4, squares, NULL, inverse + 4);
    for (i = 0; i < 8; i++) {
        byte[i] = sum_of(a, a->out[i], inverse, 8);
        if (sbox(0) >> i & 1) byte[i] = exclusive(a, byte[i], NC_FP4_TRUE);
    }
}

static void double_byte(aes *a, const uint32_t in[8], uint32_t out[8]) {
    uint32_t i;
    for (i = 0; i < 8; i++) out[i] = i ? in[i - 1] : in[7];
    out[1] = exclusive(a, out[1], in[7]);
    out[3] = exclusive(a, out[3], in[7]);
    out[4] = exclusive(a, out[4], in[7]);
}

static void mix_columns(aes *a, uint32_t state[16][8]) {
    uint32_t c, r, i;
    for (c = 0; c < 4; c++) {
        uint32_t twice[4][8], old[4][8];
        for (r = 0; r < 4; r++) {
            memcpy(old[r], state[4 * c + r], sizeof old[r]);
            double_byte(a, old[r], twice[r]);
        }
        for (r = 0; r < 4; r++)
            for (i = 0; i < 8; i++) {
                uint32_t x = exclusive(a, twice[r][i], twice[(r + 1) % 4][i]);
                x = exclusive(a, x, old[(r + 1) % 4][i]);
                x = exclusive(a, x, old[(r + 2) % 4][i]);
                state[4 * c + r][i] = exclusive(a, x, old[(r + 3) % 4][i]);
            }
    }
}

static void shift_rows(uint32_t state[16][8]) {
    uint32_t old[16][8], r, c;
    memcpy(old, state, sizeof old);
    for (c = 0; c < 4; c++)
        for (r = 0; r < 4; r++) memcpy(state[4 * c + r], old[4 * ((c + r) % 4) + r], sizeof *old);
}

/* The next round's key from the last one, in place. */
static void next_key(aes *a, uint32_t key[16][8], uint8_t constant) {
    uint32_t word[4][8], b, i;
    for (b = 0; b < 4; b++) {
        memcpy(word[b], key[12 + (b + 1) % 4], sizeof word[b]);
        substitute(a, word[b]);
    }
    for (i = 0; i < 8; i++)
        word[0][i] = exclusive(a, word[0][i], constant >> i & 1 ? NC_FP4_TRUE : NC_FP4_FALSE);
    for (b = 0; b < 16; b++)
        for (i = 0; i < 8; i++)
            key[b][i] = exclusive(a, key[b][i], b < 4 ? word[b][i] : key[b - 4][i]);
}

static nc_status build(nc_fp4_circuit **circuit) {
    static uint32_t state[16][8], key[16][8];
    uint32_t i, round, b;
    uint8_t constant = 1;
    aes a;
    memset(&a, 0, sizeof a);
    find_matrices(&a);
    a.status = nc_fp4_create(&a.c, "aes128", NULL);
    *circuit = a.c;
    if (a.status != NC_OK) return a.status;
    a.status = nc_fp4_add_input(a.c, "key", 128, key[0]);
    if (a.status == NC_OK) a.status = nc_fp4_add_input(a.c, "plain", 128, state[0]);
    for (b = 0; b < 16; b++)
        for (i = 0; i < 8; i++) state[b][i] = exclusive(&a, state[b][i], key[b][i]);
    for (round = 1; round <= 10 && a.status == NC_OK; round++) {
        for (b = 0; b < 16; b++) substitute(&a, state[b]);
        shift_rows(state);
        if (round < 10) mix_columns(&a, state);
        next_key(&a, key, constant);
        constant = times_two(constant);
        for (b = 0; b < 16; b++)
            for (i = 0; i < 8; i++) state[b][i] = exclusive(&a, state[b][i], key[b][i]);
    }
    if (a.status == NC_OK) a.status = nc_fp4_add_output(a.c, "cipher", 128, state[0]);
    return a.status;
}

/* Encrypt with the packed evaluator and, 64 times the same, bit-sliced. 1 when both are right. */
static int encrypts(const nc_fp4_network *n, const uint8_t key[16], const uint8_t plain[16],
                    const uint8_t cipher[16]) {
    uint8_t *in = calloc(1, 256 + 128 + 256 + nc_fp4_unit_count(n)), *out = in + 256;
    static uint64_t sliced[256], result[128];
    int i, right = 1;
    if (!in) return 0;
    for (i = 0; i < 256; i++) {
        in[i] = (i < 128 ? key[i / 8] : plain[i / 8 - 16]) >> i % 8 & 1;
        sliced[i] = 0 - (uint64_t)in[i];
    }
    nc_fp4_eval_packed(n, in, out, out + 128);
    right = nc_fp4_eval_sliced(n, sliced, result, 1) == NC_OK;
    for (i = 0; i < 128; i++) {
        uint8_t bit = cipher[i / 8] >> i % 8 & 1;
        right &= out[i] == bit && result[i] == 0 - (uint64_t)bit;
    }
    free(in);
    return right;
}

/* Do both networks give the same for 4,096 random keys and blocks? */
static int agree(const nc_fp4_network *a, const nc_fp4_network *b) {
    enum { WORDS = 64 };
    static uint64_t in[256 * WORDS], out[2][128 * WORDS];
    uint64_t state = 1;
    size_t i;
    for (i = 0; i < sizeof in / sizeof *in; i++) {
        state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        in[i] = state ^ state >> 29;
    }
    return nc_fp4_eval_sliced(a, in, out[0], WORDS) == NC_OK &&
           nc_fp4_eval_sliced(b, in, out[1], WORDS) == NC_OK &&
           memcmp(out[0], out[1], sizeof out[0]) == 0;
}

int main(int argc, char **argv) {
    /* FIPS-197, appendices B and C.1 */
    static const uint8_t keys[2][16] = {{0x2b, 0x7e, 0x15, 0x16, 0x28, 0xae, 0xd2, 0xa6, 0xab, 0xf7,
                                         0x15, 0x88, 0x09, 0xcf, 0x4f, 0x3c},
                                        {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}};
    static const uint8_t plains[2][16] = {{0x32, 0x43, 0xf6, 0xa8, 0x88, 0x5a, 0x30, 0x8d, 0x31,
                                           0x31, 0x98, 0xa2, 0xe0, 0x37, 0x07, 0x34},
                                          {0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88,
                                           0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff}};
    static const uint8_t ciphers[2][16] = {{0x39, 0x25, 0x84, 0x1d, 0x02, 0xdc, 0x09, 0xfb, 0xdc,
                                            0x11, 0x85, 0x97, 0x19, 0x6a, 0x0b, 0x32},
                                           {0x69, 0xc4, 0xe0, 0xd8, 0x6a, 0x7b, 0x04, 0x30, 0xd8,
                                            0xcd, 0xb7, 0x80, 0x70, 0xb4, 0xc5, 0x5a}};
    const char *bristol_path = NULL, *fp4_path = NULL;
    nc_fp4_circuit *circuit, *again = NULL;
    nc_fp4_network *network, *network_again = NULL;
    nc_fp4_report report, back;
    nc_error err;
    double start, built, compiled, proven, reread;
    char *text, *file;
    size_t bytes, file_bytes;
    int i, json = 0, right = 1;
    argc = cli_begin(argc, argv, "fp4_aes", usage);
    for (i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "--json"))
            json = 1;
        else if (!strcmp(argv[i], "--bristol") && i + 1 < argc)
            bristol_path = argv[++i];
        else if (!strcmp(argv[i], "--fp4") && i + 1 < argc)
            fp4_path = argv[++i];
        else
            return fprintf(stderr, "fp4_aes: unknown argument '%s'\n%s", argv[i], usage), 2;
    }
    if ((bristol_path && !cli_can_write(bristol_path)) || (fp4_path && !cli_can_write(fp4_path)))
        return CLI_ERROR;
    start = now();
    if (build(&circuit) != NC_OK) return fprintf(stderr, "fp4_aes: out of memory\n"), 1;
    built = now() - start;
    start = now();
    if (nc_fp4_compile(circuit, &network) != NC_OK)
        return fprintf(stderr, "fp4_aes: out of memory\n"), 1;
    compiled = now() - start;
    for (i = 0; i < 2; i++) right &= encrypts(network, keys[i], plains[i], ciphers[i]);
    start = now();
    right &= nc_fp4_verify_by(network, circuit, NC_FP4_STRUCTURAL, &report) == NC_OK &&
             report.wrong == 0;
    proven = now() - start;
    if (nc_fp4_write_circuit(circuit, NC_FP4_BRISTOL, &text, &bytes) != NC_OK ||
        nc_fp4_write_network(network, NC_FP4_FILE, &file, &file_bytes) != NC_OK)
        return fprintf(stderr, "fp4_aes: out of memory\n"), 1;
    if (bristol_path && !cli_save(bristol_path, text, bytes)) return 1;
    if (fp4_path && !cli_save(fp4_path, file, file_bytes)) return 1;
    /* read back, compiled again: the same function on the vectors and on random inputs */
    start = now();
    if (nc_fp4_read_bristol(&again, text, bytes, &err) != NC_OK ||
        nc_fp4_compile(again, &network_again) != NC_OK)
        return fprintf(stderr, "fp4_aes: %d:%d: %s\n", err.line, err.column, err.message), 1;
    reread = now() - start;
    for (i = 0; i < 2; i++) right &= encrypts(network_again, keys[i], plains[i], ciphers[i]);
    right &= nc_fp4_verify_by(network_again, again, NC_FP4_STRUCTURAL, &back) == NC_OK &&
             back.wrong == 0 && agree(network, network_again);
    if (json)
        printf("{\"functions\": %u, \"units\": %u, \"parameters\": %u, \"bytes_fp4\": %u, "
               "\"bytes_float32\": %u, \"margin\": %g, \"depth\": %u, \"compile_ms\": %.1f, "
               "\"bristol_ms\": %.1f, \"exact\": %s}\n",
               nc_fp4_function_count(circuit), report.units, report.parameters, report.bytes_packed,
               report.bytes_float, report.margin, report.depth, (built + compiled) * 1e3,
               reread * 1e3, right ? "true" : "false");
    else
        printf("AES-128: %u functions, %u threshold units, depth %u, margin %g\n"
               "weights and thresholds: %u bytes at 4 bits, %u as float32\n"
               "built %.0f ms, compiled %.0f ms, proven by structure %.0f ms (%llu random blocks)\n"
               "Bristol Fashion: %zu bytes; read and compiled again %.0f ms, %u units\n"
               "FIPS-197 vectors and proofs: %s\n",
               nc_fp4_function_count(circuit), report.units, report.depth, report.margin,
               report.bytes_packed, report.bytes_float, built * 1e3, compiled * 1e3, proven * 1e3,
               (unsigned long long)report.cases, bytes, reread * 1e3, back.units,
               right ? "all right" : "WRONG");
    nc_fp4_free_text(text);
    nc_fp4_free_text(file);
    nc_fp4_network_destroy(network);
    nc_fp4_network_destroy(network_again);
    nc_fp4_destroy(circuit);
    nc_fp4_destroy(again);
    return right ? 0 : CLI_FAILED;
}
