/* axx_digits: train a small classifier on 1,797 handwritten digits, quantise it to 8 bits, and run
   it with exact and approximate multipliers.
   cc -O2 axx_digits.c -lm -o axx_digits */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#define NC_IMPLEMENTATION
#include "../nc_axx.h"

static const char usage[] =
    "usage: axx_digits [--json] [--data CSV] [TABLE...]\n"
    "Trains a 64-32-10 network on rows of 64 pixels and a label (default\n"
    "examples/data/digits.csv), then evaluates it in float32, with exact int8 products, and with\n"
    "generated multipliers and those of files (.i16 .i32 .npy .h .csv .c .blif). The last fifth is "
    "the test set.\n"
    "Returns 0, 1 on an error, 2 on bad usage.\n";

enum { ROWS = 1797, PIXELS = 64, HIDDEN = 32, CLASSES = 10, TRAIN = 1437, TEST = ROWS - TRAIN };
enum { EPOCHS = 60 };

static float pixel[ROWS][PIXELS];
static int label[ROWS];
static float w1[HIDDEN][PIXELS], b1[HIDDEN], w2[CLASSES][HIDDEN], b2[CLASSES];

static int read_digits(const char *path) {
    FILE *file = fopen(path, "r");
    int r, i, value, ok = file != NULL;
    for (r = 0; ok && r < ROWS; r++)
        for (i = 0; ok && i <= PIXELS; i++) {
            ok = fscanf(file, i ? ",%d" : "%d", &value) == 1 && value >= 0 && value <= 16;
            if (ok && i < PIXELS)
                pixel[r][i] = (float)value / 16.0f;
            else if (ok)
                ok = (label[r] = value) < CLASSES;
        }
    if (file) fclose(file);
    return ok;
}

/* Uniform in [-1, 1), the same numbers in every run. */
static float random_weight(unsigned long long *state) {
    *state = *state * 6364136223846793005ull + 1442695040888963407ull;
    return (float)(int)(*state >> 33) / 1073741824.0f - 1.0f;
}

static void forward(const float *x, float *h, float *y) {
    int i, j;
    for (j = 0; j < HIDDEN; j++) {
        h[j] = b1[j];
        for (i = 0; i < PIXELS; i++) h[j] += w1[j][i] * x[i];
        if (h[j] < 0) h[j] = 0;
    }
    for (j = 0; j < CLASSES; j++) {
        y[j] = b2[j];
        for (i = 0; i < HIDDEN; i++) y[j] += w2[j][i] * h[i];
    }
}

/* One step of stochastic gradient descent on the cross-entropy of one image. */
static void learn(const float *x, int target, float rate) {
    float h[HIDDEN], y[CLASSES], dh[HIDDEN] = {0}, max = -1e30f, sum = 0;
    int i, j;
    forward(x, h, y);
    for (j = 0; j < CLASSES; j++) max = y[j] > max ? y[j] : max;
    for (j = 0; j < CLASSES; j++) sum += y[j] = expf(y[j] - max);
    for (j = 0; j < CLASSES; j++) {
        float dy = rate * (y[j] / sum - (float)(j == target));
        for (i = 0; i < HIDDEN; i++) {
            dh[i] += dy * w2[j][i];
            w2[j][i] -= dy * h[i];
        }
        b2[j] -= dy;
    }
    for (j = 0; j < HIDDEN; j++) {
        if (h[j] <= 0) continue;
        for (i = 0; i < PIXELS; i++) w1[j][i] -= dh[j] * x[i];
        b1[j] -= dh[j];
    }
}

static void train(int quiet) {
    unsigned long long state = 1;
    int epoch, i, j, terminal = isatty(1) && !quiet;
    for (j = 0; j < HIDDEN; j++)
        for (i = 0; i < PIXELS; i++) w1[j][i] = 0.2f * random_weight(&state);
    for (j = 0; j < CLASSES; j++)
        for (i = 0; i < HIDDEN; i++) w2[j][i] = 0.3f * random_weight(&state);
    for (epoch = 1; epoch <= EPOCHS; epoch++) {
        for (i = 0; i < TRAIN; i++) {
            int r = (int)((unsigned)(i * 611 + epoch) % TRAIN); /* 611 and 1437 share no factor */
            learn(pixel[r], label[r], 0.05f / (1.0f + 0.05f * (float)epoch));
        }
        if (terminal) {
            printf("\rtraining [");
            for (i = 0; i < 30; i++) putchar(i < 30 * epoch / EPOCHS ? '#' : '.');
            printf("] %d/%d%s", epoch, EPOCHS, epoch == EPOCHS ? "\n" : "");
            fflush(stdout);
        }
    }
}

static int best_class(const float *y) {
    int j, best = 0;
    for (j = 1; j < CLASSES; j++)
        if (y[j] > y[best]) best = j;
    return best;
}

static int8_t qx[TEST][PIXELS], qh[TEST][HIDDEN], q1[HIDDEN][PIXELS], q2[CLASSES][HIDDEN];
static float hidden[TEST][HIDDEN], logits[TEST][CLASSES], exact_logits[TEST][CLASSES];

/* One layer's products, with memory of its own. */
static int layer(const nc_axx_engine *e, const int8_t *x, float x_scale, const int8_t *w,
                 const float *w_scale, const float *bias, float *y, size_t k, size_t out) {
    const size_t bytes = nc_axx_linear_work_bytes(e, TEST, k, out);
    void *work = malloc(bytes);
    const nc_status status =
        work ? nc_axx_linear(e, x, x_scale, w, w_scale, bias, y, TEST, k, out, work, bytes)
             : NC_ERR_MEMORY;
    free(work);
    return status != NC_OK;
}

/* Test accuracy in percent with the multiplier; logits are left in `logits`. */
static double evaluate(const nc_axx_mult *m) {
    float s1[HIDDEN], s2[CLASSES], sx = nc_axx_scale(1.0f, 8), sh, h[HIDDEN], y[CLASSES], amax = 0;
    nc_axx_engine *e;
    int r, j, right = 0, failed;
    if (nc_axx_engine_create(&e, m) != NC_OK) return -1;
    for (r = 0; r < TRAIN; r++) { /* calibrate the hidden activations on training images */
        float a;
        forward(pixel[r], h, y);
        a = nc_axx_amax(h, HIDDEN);
        amax = a > amax ? a : amax;
    }
    sh = nc_axx_scale(amax, 8);
    nc_axx_quantize_rows(&q1[0][0], s1, &w1[0][0], HIDDEN, PIXELS, 8);
    nc_axx_quantize_rows(&q2[0][0], s2, &w2[0][0], CLASSES, HIDDEN, 8);
    nc_axx_quantize(&qx[0][0], pixel[TRAIN], TEST * PIXELS, sx, 8);
    failed = layer(e, &qx[0][0], sx, &q1[0][0], s1, b1, &hidden[0][0], PIXELS, HIDDEN);
    for (r = 0; r < TEST; r++)
        for (j = 0; j < HIDDEN; j++) hidden[r][j] = hidden[r][j] > 0 ? hidden[r][j] : 0;
    nc_axx_quantize(&qh[0][0], &hidden[0][0], TEST * HIDDEN, sh, 8);
    failed |= layer(e, &qh[0][0], sh, &q2[0][0], s2, b2, &logits[0][0], HIDDEN, CLASSES);
    nc_axx_engine_destroy(e);
    if (failed) return -1;
    for (r = 0; r < TEST; r++) right += best_class(logits[r]) == label[TRAIN + r];
    return 100.0 * right / TEST;
}

static void report(const nc_axx_mult *m, int json, int first) {
    nc_axx_metrics e;
    double accuracy = evaluate(m), error = 0;
    int r, j;
    if (first) memcpy(exact_logits, logits, sizeof logits);
    for (r = 0; r < TEST; r++)
        for (j = 0; j < CLASSES; j++)
            error += fabs((double)logits[r][j] - (double)exact_logits[r][j]) / (TEST * CLASSES);
    nc_axx_measure(m, &e);
    if (json)
        printf(",\n {\"multiplier\": \"%s\", \"accuracy\": %.3f, \"logit_error\": %.5f, "
               "\"MAE\": %.4f, \"WCE\": %.0f, \"MRE\": %.4f, \"EP\": %.4f, \"MSE\": %.4f}",
               m->name, accuracy, error, e.mae, e.wce, e.mre, e.ep, e.mse);
    else
        printf("%-20s %8.2f %% %11.4f %9.2f %7.0f %8.2f %8.2f %9.2f\n", m->name, accuracy, error,
               e.mae, e.wce, e.mre, e.ep, e.bias);
}

int main(int argc, char **argv) {
    static const char *const specs[] = {"exact",       "truncated:4",      "truncated:6",
                                        "truncated:8", "broken_array:2:6", "mitchell",
                                        "drum:4"};
    static nc_axx_mult m;
    const char *data = "examples/data/digits.csv";
    float h[HIDDEN], y[CLASSES];
    int i, json = 0, right = 0;
    for (i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "--help")) return fputs(usage, stdout) < 0;
        if (!strcmp(argv[i], "--json"))
            json = 1;
        else if (!strcmp(argv[i], "--data") && i + 1 < argc)
            data = argv[++i];
        else if (argv[i][0] == '-')
            return fprintf(stderr, "axx_digits: bad argument '%s'\n%s", argv[i], usage), 2;
    }
    if (!read_digits(data))
        return fprintf(stderr, "axx_digits: '%s' is not %d rows of digits\n", data, ROWS), 1;
    train(json);
    for (i = TRAIN; i < ROWS; i++) {
        forward(pixel[i], h, y);
        right += best_class(y) == label[i];
    }
    if (json)
        printf("[{\"multiplier\": \"float32\", \"accuracy\": %.3f}", 100.0 * right / TEST);
    else
        printf("%-20s %10s %11s %9s %7s %8s %8s %9s\n%-20s %8.2f %%\n", "multiplier", "accuracy",
               "logit error", "MAE", "WCE", "MRE %", "EP %", "bias", "float32 (none)",
               100.0 * right / TEST);
    for (i = 0; i < (int)(sizeof specs / sizeof *specs); i++) {
        (void)nc_axx_make(&m, specs[i], NULL);
        report(&m, json, i == 0);
    }
    for (i = 1; i < argc; i++) {
        nc_error err;
        if (!strcmp(argv[i], "--json")) continue;
        if (!strcmp(argv[i], "--data")) {
            i++;
            continue;
        }
        if (nc_axx_load(&m, argv[i], NC_AXX_FORM_AUTO, &err) != NC_OK)
            return fprintf(stderr, "axx_digits: %s: %s\n", argv[i], err.message), 1;
        report(&m, json, 0);
    }
    if (json) puts("]");
    return 0;
}
