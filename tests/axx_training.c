/* nc_axx.h, section networks: options of training against PyTorch (tests/golden_axx_training.py). */
#include "test.h"
#define NC_AXX_VIT
#include <math.h>
#include "../nc_axx.h"

enum { IMAGE = 6, CHANNELS = 2, CLASSES = 3, BATCH = 5, COUNT = 12, STEPS = 9 };
enum { PIXELS = CHANNELS * IMAGE * IMAGE };

/* float32 values of [-1, 1) from the generator of the script. */
static void uniform(uint64_t *lcg, float *x, size_t n, float scale) {
    size_t i;
    for (i = 0; i < n; i++) {
        *lcg = *lcg * 6364136223846793005u + 1442695040888963407u;
        x[i] = ((float)(*lcg >> 40) / 8388608.0f - 1.0f) * scale;
    }
}

typedef struct problem {
    nc_axx_net *net;
    nc_axx_images images;
    float pixels[COUNT * PIXELS];
    uint32_t labels[COUNT];
    float losses[STEPS];
    nc_axx_training how; /* zeros */
} problem;

static int keep_loss(void *user, uint32_t step, uint32_t steps, float loss, float accuracy) {
    assert_true(step >= 1 && step <= steps && steps == STEPS && accuracy >= 0 && accuracy <= 1);
    ((problem *)user)->losses[step - 1] = loss;
    return 0;
}

static void open_problem(problem *p) {
    nc_axx_net_config c;
    uint64_t lcg = 1;
    size_t n, i;
    float *parameters;
    memset(&c, 0, sizeof c);
    c.kind = NC_AXX_NET_CNN;
    c.image = IMAGE;
    c.channels = CHANNELS;
    c.classes = CLASSES;
    c.dim = 4;
    c.depth = 2;
    c.batch = BATCH;
    assert_int_equal(nc_axx_net_create(&p->net, &c), NC_OK);
    parameters = nc_axx_net_parameters(p->net, &n);
    uniform(&lcg, parameters, n, 0.25f);
    uniform(&lcg, p->pixels, COUNT * PIXELS, 1.0f);
    for (i = 0; i < COUNT; i++) p->labels[i] = (uint32_t)(i * i % CLASSES);
    p->images.pixels = p->pixels;
    p->images.labels = p->labels;
    p->images.count = COUNT;
}

static double number(json_object *how, const char *key) {
    json_object *value;
    return json_object_object_get_ex(how, key, &value) ? json_object_get_double(value) : 0;
}

static nc_axx_training training_of(json_object *how, problem *p) {
    nc_axx_training t;
    memset(&t, 0, sizeof t);
    t.epochs = 3;
    t.sgd = (uint32_t)number(how, "sgd");
    t.lr = (float)number(how, "lr");
    t.momentum = (float)number(how, "momentum");
    t.weight_decay = (float)number(how, "weight_decay");
    t.clip_norm = (float)number(how, "clip_norm");
    t.warmup_steps = (uint32_t)number(how, "warmup_steps");
    t.decay_epochs = (uint32_t)number(how, "decay_epochs");
    t.decay = (float)number(how, "decay");
    t.cosine = (uint32_t)number(how, "cosine");
    t.shift = (uint32_t)number(how, "shift");
    t.flip = (uint32_t)number(how, "flip");
    t.seed = (uint64_t)number(how, "seed");
    t.watch = keep_loss;
    t.user = p;
    return t;
}

/* The largest difference from a JSON array. */
static double furthest(const float *x, json_object *from, size_t n) {
    double most = 0;
    size_t i;
    assert_int_equal(json_object_array_length(from), n);
    for (i = 0; i < n; i++) {
        const double apart =
            fabs((double)x[i] - json_object_get_double(json_object_array_get_idx(from, i)));
        if (!(apart <= most)) most = apart;
    }
    return most;
}

static void options_of_training_do_what_pytorch_does(void **state) {
    json_object *root = load_json(TEST_DATA "axx/training.json"), *cases = member(root, "cases");
    size_t i, n;
    (void)state;
    for (i = 0; i < json_object_array_length(cases); i++) {
        json_object *entry = json_object_array_get_idx(cases, i), *how = member(entry, "how");
        static problem p;
        nc_axx_training t = training_of(how, &p);
        double losses, parameters;
        float *values;
        open_problem(&p);
        if (number(how, "fake") > 0) {
            assert_int_equal(nc_axx_net_calibrate(p.net, &p.images, NC_AXX_CALIBRATE_MAX, 0),
                             NC_OK);
            nc_axx_net_set_mode(p.net, NC_AXX_MODE_FAKE);
        }
        assert_int_equal(nc_axx_net_train(p.net, &p.images, &t), NC_OK);
        values = nc_axx_net_parameters(p.net, &n);
        losses = furthest(p.losses, member(entry, "losses"), STEPS);
        parameters = furthest(values, member(entry, "parameters"), n);
        if (!(losses < 2e-6 && parameters < 2e-6))
            fail_msg("%s: losses differ by %g, parameters by %g", json_object_to_json_string(how),
                     losses, parameters);
        nc_axx_net_destroy(p.net);
    }
    json_object_put(root);
}

static void settings_out_of_range_are_refused(void **state) {
    static problem p;
    float *const members[] = {&p.how.lr, &p.how.momentum, &p.how.weight_decay, &p.how.clip_norm,
                              &p.how.decay};
    const float bad[] = {-1.0f, NAN, INFINITY};
    size_t i, k;
    (void)state;
    open_problem(&p);
    for (i = 0; i < sizeof members / sizeof *members; i++)
        for (k = 0; k < sizeof bad / sizeof *bad; k++) {
            *members[i] = bad[k];
            assert_int_equal(nc_axx_net_train(p.net, &p.images, &p.how), NC_ERR_ARG);
            *members[i] = 0;
        }
    p.how.shift = IMAGE;
    assert_int_equal(nc_axx_net_train(p.net, &p.images, &p.how), NC_ERR_ARG);
    p.how.epochs = UINT32_MAX; /* of more than one step each */
    p.how.shift = IMAGE - 1;
    assert_int_equal(nc_axx_net_train(p.net, &p.images, &p.how), NC_ERR_LIMIT);
    p.how.epochs = 1;
    assert_int_equal(nc_axx_net_train(p.net, &p.images, &p.how), NC_OK);
    nc_axx_net_destroy(p.net);
}

/* The last step of a cosine is a small one, and one of decays below the smallest float none that
   counts: neither falls back to a default. */
static void small_learning_rates_stay_small(void **state) {
    static problem p;
    float *values, before[8];
    size_t n, i;
    (void)state;
    open_problem(&p);
    values = nc_axx_net_parameters(p.net, &n);
    p.how.epochs = 3;
    p.how.lr = 1e-6f;
    p.how.cosine = 1;
    memcpy(before, values, sizeof before);
    assert_int_equal(nc_axx_net_train(p.net, &p.images, &p.how), NC_OK);
    for (i = 0; i < 8; i++) assert_true(fabsf(values[i] - before[i]) < STEPS * 1.1e-6f);
    p.how.lr = 1e-38f;
    p.how.decay_epochs = 1;
    p.how.decay = 1e-30f;
    memcpy(before, values, sizeof before);
    assert_int_equal(nc_axx_net_train(p.net, &p.images, &p.how), NC_OK);
    assert_memory_equal(before, values, sizeof before);
    nc_axx_net_destroy(p.net);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_of_training_do_what_pytorch_does),
        cmocka_unit_test(settings_out_of_range_are_refused),
        cmocka_unit_test(small_learning_rates_stay_small),
    };
    return cmocka_run_group_tests_name("axx training", tests, NULL, NULL);
}
