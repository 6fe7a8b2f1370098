/* fp4_sha256: the compression function of SHA-256 as a network of threshold neurons with 4-bit
   weights. Sums are chains of full adders, the schedule and the rounds are those of FIPS 180-4.
   Checked on the standard's own examples and proven.
   cc -O2 fp4_sha256.c -lm -o fp4_sha256 */
#define _POSIX_C_SOURCE 199309L
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#define NC_IMPLEMENTATION
#include "../nc_fp4.h"
#include "cli.h"

static const char usage[] = "usage: fp4_sha256 [--bristol OUT] [--fp4 OUT] [--json]\n"
                            "Builds, compiles and proves SHA-256's compression function.\n"
                            "Returns 0, 1 on an error, 2 on bad usage, 3 when anything is wrong.\n";

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* FIPS 180-4, 4.2.2 and 5.3.3: the fractional parts of the cube roots (square roots) of the first
 * primes, 32 bits: the largest x with x^k <= prime 2^(32 k), by bisection. */
static uint32_t root_of(uint32_t prime, uint32_t power) {
    uint64_t low = 0, high = UINT64_C(1) << 37; /* primes up to 311: roots below 2^5 */
    while (high - low > 1) {
        const uint64_t x = (low + high) / 2;
        uint32_t digits[5] = {0}, i, k;
        int less = 0;
        digits[0] = 1;
        for (k = 0; k < power; k++) { /* digits *= x */
            uint64_t carry = 0, carry_high = 0;
            uint32_t result[5];
            for (i = 0; i < 5; i++) {
                const uint64_t a = (uint64_t)digits[i] * (uint32_t)x;
                const uint64_t b = i ? (uint64_t)digits[i - 1] * (x >> 32) : 0;
                const uint64_t sum = (a & UINT32_MAX) + (b & UINT32_MAX) + carry;
                result[i] = (uint32_t)sum;
                carry = (sum >> 32) + (a >> 32) + (b >> 32);
            }
            (void)carry_high;
            memcpy(digits, result, sizeof digits);
        }
        for (i = 5; i-- > 0;) { /* against the prime at digit `power` */
            const uint32_t wanted = i == power ? prime : 0;
            if (digits[i] != wanted) {
                less = digits[i] < wanted;
                break;
            }
        }
        if (less)
            low = x;
        else
            high = x;
    }
    return (uint32_t)low;
}

static void constants(uint32_t k[64], uint32_t h[8]) {
    uint32_t n = 0, p, d;
    for (p = 2; n < 64; p++) {
        for (d = 2; d * d <= p && p % d; d++) {
        }
        if (d * d <= p) continue;
        if (n < 8) h[n] = root_of(p, 2);
        k[n++] = root_of(p, 3);
    }
}

typedef struct word {
    uint32_t bit[32];
} word;

typedef struct sha {
    nc_fp4_circuit *c;
    nc_status status;
} sha;

static uint32_t gate(sha *s, nc_fp4_atom_kind kind, uint32_t x, uint32_t y, uint32_t z) {
    uint32_t in[3], out = 0;
    in[0] = x;
    in[1] = y;
    in[2] = z;
    if (s->status == NC_OK) s->status = nc_fp4_add_atom(s->c, kind, in, &out);
    return out;
}

static word constant(uint32_t value) {
    word w;
    uint32_t i;
    for (i = 0; i < 32; i++) w.bit[i] = value >> i & 1 ? NC_FP4_TRUE : NC_FP4_FALSE;
    return w;
}

static word sum(sha *s, word a, word b) {
    uint32_t carry = NC_FP4_FALSE, i;
    word y;
    for (i = 0; i < 32; i++) {
        y.bit[i] = gate(s, NC_FP4_SUM, a.bit[i], b.bit[i], carry);
        if (i < 31) carry = gate(s, NC_FP4_CARRY, a.bit[i], b.bit[i], carry);
    }
    return y;
}

/* One function, bit by bit. */
static word each(sha *s, nc_fp4_atom_kind kind, word a, word b, word c) {
    word y;
    uint32_t i;
    for (i = 0; i < 32; i++) y.bit[i] = gate(s, kind, a.bit[i], b.bit[i], c.bit[i]);
    return y;
}

/* The exclusive or of three right rotations; the last one a shift where `shift` is 1. */
static word rotations(sha *s, word x, uint32_t p, uint32_t q, uint32_t r, int shift) {
    word y;
    uint32_t i;
    for (i = 0; i < 32; i++)
        y.bit[i] = gate(s, NC_FP4_SUM, x.bit[(i + p) % 32], x.bit[(i + q) % 32],
                        shift && i + r > 31 ? NC_FP4_FALSE : x.bit[(i + r) % 32]);
    return y;
}

static nc_status build(nc_fp4_circuit **circuit) {
    uint32_t k[64], h[8], t, i;
    word w[64], state[8], v[8];
    sha s;
    memset(&s, 0, sizeof s);
    constants(k, h);
    s.status = nc_fp4_create(&s.c, "sha256", NULL);
    *circuit = s.c;
    if (s.status != NC_OK) return s.status;
    for (i = 0; i < 8 && s.status == NC_OK; i++)
        s.status = nc_fp4_add_input(s.c, "h", 32, state[i].bit);
    for (t = 0; t < 16 && s.status == NC_OK; t++)
        s.status = nc_fp4_add_input(s.c, "m", 32, w[t].bit);
    /* One call a line that makes gates: their numbers must not hang on a compiler's order. */
    for (t = 16; t < 64; t++) {
        const word far = sum(&s, rotations(&s, w[t - 15], 7, 18, 3, 1), w[t - 16]);
        w[t] = sum(&s, rotations(&s, w[t - 2], 17, 19, 10, 1), w[t - 7]);
        w[t] = sum(&s, w[t], far);
    }
    memcpy(v, state, sizeof v);
    for (t = 0; t < 64; t++) {
        word t1 = sum(&s, v[7], rotations(&s, v[4], 6, 11, 25, 0)), t2;
        t1 = sum(&s, t1, each(&s, NC_FP4_MUX, v[4], v[6], v[5]));
        t1 = sum(&s, t1, sum(&s, constant(k[t]), w[t]));
        t2 = each(&s, NC_FP4_CARRY, v[0], v[1], v[2]);
        t2 = sum(&s, rotations(&s, v[0], 2, 13, 22, 0), t2);
        for (i = 7; i > 0; i--) v[i] = v[i - 1];
        v[4] = sum(&s, v[4], t1);
        v[0] = sum(&s, t1, t2);
    }
    for (i = 0; i < 8 && s.status == NC_OK; i++) {
        v[i] = sum(&s, state[i], v[i]);
        s.status = nc_fp4_add_output(s.c, "h", 32, v[i].bit);
    }
    return s.status;
}

/* One block through the network, by the packed evaluator and bit-sliced; 1 when they agree. */
static int compress(const nc_fp4_network *n, uint32_t state[8], const uint8_t block[64]) {
    static uint64_t sliced[768], result[256];
    uint8_t *in = calloc(1, 768 + 256 + 768 + nc_fp4_unit_count(n)), *out = in + 768;
    uint32_t i, same;
    if (!in) return 0;
    for (i = 0; i < 768; i++) {
        const uint32_t b = i / 8 - 32; /* words of the block are big-endian */
        in[i] = i < 256 ? state[i / 32] >> i % 32 & 1 : block[b ^ 3] >> i % 8 & 1;
        sliced[i] = 0 - (uint64_t)in[i];
    }
    nc_fp4_eval_packed(n, in, out, out + 256);
    same = nc_fp4_eval_sliced(n, sliced, result, 1) == NC_OK;
    memset(state, 0, 8 * sizeof *state);
    for (i = 0; i < 256; i++) {
        same &= result[i] == 0 - (uint64_t)out[i];
        state[i / 32] |= (uint32_t)out[i] << i % 32;
    }
    free(in);
    return (int)same;
}

/* The hash of a text of at most 119 bytes against the standard's. */
static int hashes(const nc_fp4_network *n, const char *text, const char *wanted) {
    uint32_t k[64], state[8], i;
    const size_t length = strlen(text), blocks = (length + 8) / 64 + 1;
    uint8_t padded[128];
    char hex[65];
    int right = 1;
    constants(k, state);
    memset(padded, 0, sizeof padded);
    memcpy(padded, text, length);
    padded[length] = 0x80;
    for (i = 0; i < 8; i++) padded[64 * blocks - 1 - i] = (uint8_t)((uint64_t)length * 8 >> 8 * i);
    for (i = 0; i < blocks; i++) right &= compress(n, state, padded + 64 * (size_t)i);
    for (i = 0; i < 8; i++) snprintf(hex + 8 * (size_t)i, 9, "%08x", (unsigned)state[i]);
    return right && !strcmp(hex, wanted);
}

static int save(const char *path, nc_status status, char *data, size_t bytes) {
    const int good = status == NC_OK ? cli_save(path, data, bytes)
                                     : cli_fail(0, "'%s': %s", path, nc_status_str(status));
    nc_fp4_free_text(data);
    return good;
}

int main(int argc, char **argv) {
    const char *bristol = NULL, *fp4 = NULL;
    nc_fp4_circuit *circuit;
    nc_fp4_network *network;
    nc_fp4_report report;
    double start = now(), built, compiled, proven;
    size_t bytes;
    char *data;
    int i, json = 0, right;
    argc = cli_begin(argc, argv, "fp4_sha256", usage);
    for (i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "--json"))
            json = 1;
        else if (!strcmp(argv[i], "--bristol") && i + 1 < argc)
            bristol = argv[++i];
        else if (!strcmp(argv[i], "--fp4") && i + 1 < argc)
            fp4 = argv[++i];
        else
            return fprintf(stderr, "fp4_sha256: unknown argument '%s'\n%s", argv[i], usage), 2;
    }
    if ((bristol && !cli_can_write(bristol)) || (fp4 && !cli_can_write(fp4))) return CLI_ERROR;
    if (build(&circuit) != NC_OK) return fprintf(stderr, "fp4_sha256: out of memory\n"), 1;
    built = now() - start;
    start = now();
    if (nc_fp4_compile(circuit, &network) != NC_OK)
        return fprintf(stderr, "fp4_sha256: out of memory\n"), 1;
    compiled = now() - start;
    right = hashes(network, "abc",
                   "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad") &&
            hashes(network, "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
                   "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    start = now();
    right &= nc_fp4_verify_by(network, circuit, NC_FP4_STRUCTURAL, &report) == NC_OK &&
             report.wrong == 0;
    proven = now() - start;
    if (bristol) {
        const nc_status status = nc_fp4_write_circuit(circuit, NC_FP4_BRISTOL, &data, &bytes);
        if (!save(bristol, status, data, bytes)) return 1;
    }
    if (fp4) {
        const nc_status status = nc_fp4_write_network(network, NC_FP4_FILE, &data, &bytes);
        if (!save(fp4, status, data, bytes)) return 1;
    }
    if (json)
        printf("{\"functions\": %u, \"units\": %u, \"parameters\": %u, \"depth\": %u, "
               "\"compile_ms\": %.1f, \"proof_ms\": %.1f, \"exact\": %s}\n",
               nc_fp4_function_count(circuit), report.units, report.parameters, report.depth,
               compiled * 1e3, proven * 1e3, right ? "true" : "false");
    else
        printf("SHA-256: %u functions, %u threshold units, depth %u, margin %g\n"
               "built %.0f ms, compiled %.0f ms, proven by structure %.0f ms\n"
               "FIPS 180-4 examples and proof: %s\n",
               nc_fp4_function_count(circuit), report.units, report.depth, report.margin,
               built * 1e3, compiled * 1e3, proven * 1e3, right ? "all right" : "WRONG");
    nc_fp4_network_destroy(network);
    nc_fp4_destroy(circuit);
    return right ? 0 : CLI_FAILED;
}
