/* nc_axx.h, section data (NC_AXX_VIT): files of images and classes; bytes resized as Pillow does
   and made floats as torchvision does. Answers are from tests/golden_axx_data.py. */
#include "test.h"
#include <unistd.h>
#define NC_AXX_VIT
#include "../nc_axx.h"

enum { CIFAR_RECORD = 3073, CIFAR100_RECORD = 3074 };

static nc_axx_data data;
static nc_error err;

/* What the whole of a text is read as; says must be part of the message of a failure. */
static nc_status csv(const char *text, nc_axx_data_options how, const char *says) {
    nc_status status;
    nc_axx_data_free(&data);
    memset(&err, 0, sizeof err);
    status = nc_axx_data_parse(&data, &how, text, strlen(text), NULL, 0, &err);
    if (status != NC_OK && (!says || !strstr(err.message, says)))
        fail_msg("%s: %d:%d %s", text, (int)err.line, (int)err.column, err.message);
    return status;
}

static nc_status binary(const void *bytes, size_t n, nc_axx_data_form form, const char *says) {
    nc_axx_data_options how = {.form = form};
    const nc_status status = nc_axx_data_parse(&data, &how, bytes, n, NULL, 0, &err);
    if (status != NC_OK && (!says || !strstr(err.message, says))) fail_msg("%s", err.message);
    return status;
}

static void tables_of_pixels_are_read(void **state) {
    const nc_axx_data_options none = {0};
    static const uint8_t pixels[8] = {1, 2, 3, 4, 255, 0, 7, 8};
    (void)state;
    assert_int_equal(csv("3,1,2,3,4\n0,255,0,7,8", none, NULL), NC_OK);
    assert_int_equal(data.count, 2);
    assert_int_equal(data.classes, 4);
    assert_int_equal(data.height * 10 + data.width, 22);
    assert_memory_equal(data.pixels, pixels, 8);
    assert_int_equal(data.labels[0] * 10 + data.labels[1], 30);
    /* a header that names the column, blanks, a comment, CR LF, a mark of UTF-8, floats */
    assert_int_equal(csv("\xEF\xBB\xBF# made by hand\r\np0;\"p1\";Class;p2;p3\r\n"
                         "1.0;2.000e+00 ; 3; 3;4\r\n\r\n255;0;0;7;8 # last\r\n",
                         none, NULL),
                     NC_OK);
    assert_int_equal(data.count, 2);
    assert_memory_equal(data.pixels, pixels, 8);
    assert_int_equal(data.labels[0] * 10 + data.labels[1], 30);
    /* names between blanks, and with blanks in them */
    assert_int_equal(csv("p0 p1 p2 p3 label\n1 2 3 4 3\n255 0 7 8 0\n", none, NULL), NC_OK);
    assert_memory_equal(data.pixels, pixels, 8);
    assert_int_equal(data.labels[0] * 10 + data.labels[1], 30);
    assert_int_equal(csv("p 0,p 1,p 2,p 3,label\n1,2,3,4,3\n255,0,7,8,0\n", none, NULL), NC_OK);
    assert_memory_equal(data.pixels, pixels, 8);
    assert_int_equal(data.labels[0] * 10 + data.labels[1], 30);
    assert_int_equal(
        csv("3,1,2,3,4\n", /* 2^64 + 4 pixels */
            (nc_axx_data_options){.channels = 4, .height = 2147418113u, .width = 2147549185u},
            "are no images"),
        NC_ERR_MISMATCH);
    assert_int_equal(csv("1 2 3 4 3\n255 0 7 8 0\n", (nc_axx_data_options){.label = -1}, NULL),
                     NC_OK);
    assert_memory_equal(data.pixels, pixels, 8);
    assert_int_equal(csv("1 3 2 3 4\n255 0 0 7 8\n", (nc_axx_data_options){.label = 2}, NULL),
                     NC_OK);
    assert_memory_equal(data.pixels, pixels, 8);
    assert_int_equal(
        csv("3,1,2,3,4\n", (nc_axx_data_options){.channels = 2, .width = 2, .height = 1}, NULL),
        NC_OK);
    assert_int_equal(data.channels * 100 + data.height * 10 + data.width, 212);
    assert_int_equal(csv("1,1,2,3,4\n2,1,2,3,4\n3,", (nc_axx_data_options){.most = 2}, NULL),
                     NC_OK);
    assert_int_equal(data.count, 2);
    nc_axx_data_free(&data);
    assert_null(data.pixels);
}

static void broken_tables_say_where_and_what(void **state) {
    const nc_axx_data_options none = {0};
    (void)state;
    assert_int_equal(csv("", none, "no images"), NC_ERR_FORMAT);
    assert_int_equal(csv("label,a,b,c,d\n", none, "no images"), NC_ERR_FORMAT);
    assert_int_equal(csv("1,2,3,4,5\n1,2,256,4,5", none, "pixel 256 is not in 0 to 255"),
                     NC_ERR_LIMIT);
    assert_int_equal(err.line * 100 + err.column, 205);
    assert_int_equal(
        csv("1,17,3,4,5", (nc_axx_data_options){.largest = 16}, "17 is not in 0 to 16"),
        NC_ERR_LIMIT);
    assert_int_equal(csv("1,-2,3,4,5", none, "-2 is not"), NC_ERR_FORMAT);
    assert_int_equal(csv("1,.5,3,4,5", none, "number"), NC_ERR_FORMAT);
    assert_int_equal(csv("1,0.5,3,4,5", none, "integer"), NC_ERR_FORMAT);
    assert_int_equal(csv("1,2,3,4,5\n2,2,3,4\n", none, "4 values, but 5"), NC_ERR_FORMAT);
    assert_int_equal(err.line, 2);
    assert_int_equal(csv("1,2,3,4,5\n2,2,3,4,5,6\n", none, "more than the 5"), NC_ERR_FORMAT);
    assert_int_equal(csv("1,2,3,4\n", none, "say channels, height and width"), NC_ERR_MISMATCH);
    assert_int_equal(csv("70000,2,3,4,5", none, "label 70000"), NC_ERR_LIMIT);
    assert_int_equal(csv("0,2,3,4,5\n0,2,3,4,6\n", none, "first column"), NC_ERR_FORMAT);
    assert_int_equal(csv("0,2,3,4,5\n0,2,3,4,6\n", (nc_axx_data_options){.label = 1}, NULL), NC_OK);
    assert_int_equal(csv("1,2,3,4,5\n", (nc_axx_data_options){.label = 6}, "no column 6"),
                     NC_ERR_ARG);
    assert_int_equal(csv("y,label,3,4,5\n", none, "two columns"), NC_ERR_FORMAT);
    assert_int_equal(csv("1,2x,3,4,5\n", none, "expected"), NC_ERR_FORMAT);
    assert_int_equal(csv("1,2,3,4,5", (nc_axx_data_options){.largest = 256}, "option"), NC_ERR_ARG);
    assert_int_equal(data.count, 0);
}

/* Records of CIFAR whose pixels and labels a formula gives. */
static uint8_t *cifar(size_t n, int fine) {
    const size_t record = fine ? CIFAR100_RECORD : CIFAR_RECORD;
    uint8_t *bytes = malloc(n * record);
    size_t i;
    for (i = 0; i < n * record; i++) bytes[i] = (uint8_t)(i * i % 251);
    for (i = 0; i < n; i++) {
        bytes[i * record] = (uint8_t)(fine ? 19 : i % 10);
        if (fine) bytes[i * record + 1] = (uint8_t)(99 - i);
    }
    return bytes;
}

static void batches_of_cifar_are_read_and_checked(void **state) {
    uint8_t *ten = cifar(7, 0), *hundred = cifar(3, 1);
    (void)state;
    assert_int_equal(binary(ten, 7 * CIFAR_RECORD, NC_AXX_DATA_AUTO, NULL), NC_OK);
    assert_int_equal(binary(ten, 2 * CIFAR_RECORD, NC_AXX_DATA_CIFAR10, NULL), NC_OK);
    assert_int_equal(data.count, 9);
    assert_int_equal(data.classes, 10);
    assert_int_equal(data.channels * 10000 + data.height * 100 + data.width, 33232);
    assert_int_equal(data.labels[6] * 10 + data.labels[8], 61);
    assert_memory_equal(data.pixels + 6 * 3072, ten + 6 * CIFAR_RECORD + 1, 3072);
    assert_memory_equal(data.pixels + 8 * 3072, ten + CIFAR_RECORD + 1, 3072);
    assert_int_equal(binary(hundred, 3 * CIFAR100_RECORD, NC_AXX_DATA_AUTO, "100 classes behind"),
                     NC_ERR_MISMATCH);
    assert_int_equal(data.count, 9);
    nc_axx_data_free(&data);
    assert_int_equal(binary(hundred, 3 * CIFAR100_RECORD, NC_AXX_DATA_AUTO, NULL), NC_OK);
    assert_int_equal(data.classes, 100);
    assert_int_equal(data.labels[2], 97);
    assert_memory_equal(data.pixels + 3072, hundred + CIFAR100_RECORD + 2, 3072);
    nc_axx_data_free(&data);
    assert_int_equal(binary(ten, 7 * CIFAR_RECORD - 1, NC_AXX_DATA_AUTO, "21510 bytes"),
                     NC_ERR_FORMAT);
    assert_int_equal(binary(ten, 2 * CIFAR_RECORD - 1, NC_AXX_DATA_CIFAR10, "1 records"),
                     NC_ERR_FORMAT);
    ten[3 * CIFAR_RECORD] = 57;
    assert_int_equal(binary(ten, 7 * CIFAR_RECORD, NC_AXX_DATA_AUTO, "record 4: label 57"),
                     NC_ERR_FORMAT);
    assert_int_equal(data.count, 0);
    free(ten);
    free(hundred);
}

static void what_others_have_packed_is_named(void **state) {
    static uint8_t tar[512] = {'x'};
    (void)state;
    memcpy(tar + 257, "ustar", 5);
    assert_int_equal(binary("\x1F\x8B\x08\0", 4, NC_AXX_DATA_AUTO, "gunzip"), NC_ERR_UNSUPPORTED);
    assert_int_equal(binary("PK\3\4..", 6, NC_AXX_DATA_AUTO, "zip"), NC_ERR_UNSUPPORTED);
    assert_int_equal(binary("\x80\2}q", 4, NC_AXX_DATA_AUTO, "pickle"), NC_ERR_UNSUPPORTED);
    assert_int_equal(binary("\x89PNG\r\n", 6, NC_AXX_DATA_AUTO, "folder"), NC_ERR_UNSUPPORTED);
    assert_int_equal(binary(tar, 512, NC_AXX_DATA_AUTO, "tar"), NC_ERR_UNSUPPORTED);
    assert_int_equal(binary("ab\0cd", 5, NC_AXX_DATA_AUTO, "cut off"), NC_ERR_FORMAT);
}

/* Bytes to a file in the build folder. */
static const char *file_of(const char *name, const void *bytes, size_t n) {
    static char path[4][256];
    static int k;
    char *p = path[k++ % 4];
    snprintf(p, sizeof path[0], "build/%s.%d", name, (int)getpid());
    assert_int_equal(nc_file_write(p, bytes, n, &err), NC_OK);
    return p;
}

static void mnist_files_find_their_labels(void **state) {
    static const uint8_t images[] = {0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 2,  0,  0,
                                     0, 3, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
    static const uint8_t labels[] = {0, 0, 8, 1, 0, 0, 0, 2, 9, 4},
                         fewer[] = {0, 0, 8, 1, 0, 0, 0, 1, 9};
    uint8_t floats[sizeof images];
    const char *path = file_of("t-images-idx3-ubyte", images, sizeof images);
    const char *other = file_of("t-labels-idx1-ubyte", labels, sizeof labels);
    const char *few = file_of("few", fewer, sizeof fewer);
    nc_axx_data_options how = {.labels = few};
    (void)state;
    assert_int_equal(nc_axx_data_load(&data, path, NULL, &err), NC_OK);
    assert_int_equal(data.count, 2);
    assert_int_equal(data.channels * 100 + data.height * 10 + data.width, 123);
    assert_int_equal(data.classes, 10);
    assert_int_equal(data.labels[0] * 10 + data.labels[1], 94);
    assert_memory_equal(data.pixels, images + 16, 12);
    assert_int_equal(nc_axx_data_load(&data, path, &how, &err), NC_ERR_MISMATCH);
    assert_non_null(strstr(err.message, "2 images, but 1 labels"));
    assert_int_equal(nc_axx_data_load(&data, other, NULL, &err), NC_ERR_UNSUPPORTED);
    assert_non_null(strstr(err.message, "name the file of the images"));
    unlink(other);
    assert_int_equal(nc_axx_data_load(&data, path, NULL, &err), NC_ERR_IO);
    assert_non_null(strstr(err.message, "t-labels-idx1-ubyte"));
    assert_int_equal(binary(images, sizeof images - 1, NC_AXX_DATA_IDX, "27 bytes long"),
                     NC_ERR_FORMAT);
    assert_int_equal(binary(images, 10, NC_AXX_DATA_IDX, "10 bytes long"), NC_ERR_FORMAT);
    memcpy(floats, images, sizeof images);
    floats[2] = 13;
    assert_int_equal(binary(floats, sizeof images, NC_AXX_DATA_IDX, "type 0x0D"),
                     NC_ERR_UNSUPPORTED);
    memset(floats + 4, 255, 12);
    floats[2] = 8;
    assert_int_equal(binary(floats, sizeof images, NC_AXX_DATA_IDX, "cut off"), NC_ERR_FORMAT);
    unlink(path);
    unlink(few);
    nc_axx_data_free(&data);
}

/* The bytes of the script's pattern(). */
static void pattern(uint8_t *bytes, uint64_t n, unsigned most) {
    uint64_t i;
    for (i = 0; i < n; i++)
        bytes[i] = (uint8_t)((i * 7919 + i * i / 5 * 13 + i / 64 * 101) % 977 % (most + 1));
}

enum { MOST = 1 << 18 };
static uint8_t in[MOST], out[MOST];
static float view_out[MOST];

static void resized_bytes_are_those_of_pillow(void **state) {
    json_object *root = load_json(TEST_DATA "axx/data.json"), *cases = member(root, "resize");
    size_t i, k;
    (void)state;
    for (i = 0; i < json_object_array_length(cases); i++) {
        json_object *one = json_object_array_get_idx(cases, i), *first = member(one, "first");
        const int cubic = json_object_get_int(member(one, "cubic"));
        uint64_t s[4], sum = 0;
        json_fields(member(one, "size"), s, 4);
        pattern(in, s[0] * s[1], 255);
        assert_int_equal(nc_axx_resize(in, 1, s[0], s[1], out, s[2], s[3], cubic), NC_OK);
        for (k = 0; k < json_object_array_length(first); k++)
            assert_int_equal(out[k], json_u64(json_object_array_get_idx(first, k)));
        for (k = 0; k < s[2] * s[3]; k++) sum += out[k] * (k % 251 + 1);
        assert_int_equal(sum, json_u64(member(one, "sum")));
    }
    json_object_put(root);
    assert_int_equal(nc_axx_resize(in, 1, 0, 4, out, 2, 2, 0), NC_ERR_ARG);
    assert_int_equal(nc_axx_resize(in, 1, 4, 4, out, 2, 40000, 0), NC_ERR_ARG);
}

/* Three images at once: all are what torchvision makes of the first. */
static void views_are_those_of_torchvision(void **state) {
    static const float mean[4] = {0.485f, 0.456f, 0.406f}, deviation[4] = {0.229f, 0.224f, 0.225f};
    json_object *root = load_json(TEST_DATA "axx/data.json"), *cases = member(root, "view");
    size_t i, k, image;
    (void)state;
    for (i = 0; i < json_object_array_length(cases); i++) {
        json_object *one = json_object_array_get_idx(cases, i), *first = member(one, "first");
        const size_t count = json_u64(member(one, "count"));
        nc_axx_view view;
        nc_axx_data d = {.pixels = in, .count = 3};
        uint64_t v[8], sum = 0;
        json_fields(member(one, "view"), v, 8);
        d.channels = (uint32_t)v[0], d.height = (uint32_t)v[1], d.width = (uint32_t)v[2];
        memset(&view, 0, sizeof view);
        view.channels = (uint32_t)v[3], view.height = (uint32_t)v[4], view.width = (uint32_t)v[5];
        view.resize = (uint32_t)v[6];
        view.largest = (float)v[7];
        view.cubic = (uint32_t)json_object_get_int(member(one, "cubic"));
        memcpy(view.mean, mean, sizeof mean);
        memcpy(view.deviation, deviation, sizeof deviation);
        for (k = 0; k < 3; k++)
            pattern(in + k * v[0] * v[1] * v[2], v[0] * v[1] * v[2], (unsigned)v[7]);
        assert_int_equal(nc_axx_view_data(&view, &d, 0, 3, view_out), NC_OK);
        for (k = 0; k < json_object_array_length(first); k++)
            assert_true(view_out[k] ==
                        (float)json_object_get_double(json_object_array_get_idx(first, k)));
        for (k = 0; k < count; k++) {
            uint32_t bits;
            memcpy(&bits, view_out + k, 4);
            sum += bits * (uint64_t)(k % 251 + 1);
        }
        assert_int_equal(sum, json_u64(member(one, "sum")));
        for (image = 1; image < 3; image++)
            assert_memory_equal(view_out + image * count, view_out, count * sizeof(float));
    }
    json_object_put(root);
}

static void impossible_views_are_refused(void **state) {
    nc_axx_view view = {.height = 9, .width = 8, .resize = 8};
    nc_axx_data d = {.pixels = in, .count = 1, .channels = 3, .height = 8, .width = 8};
    (void)state;
    assert_int_equal(nc_axx_view_image(&view, in, 1, 8, 8, view_out), NC_ERR_ARG);
    view.resize = 9;
    assert_int_equal(nc_axx_view_image(&view, in, 1, 8, 8, view_out), NC_OK);
    assert_int_equal(nc_axx_view_image(&view, in, 5, 8, 8, view_out), NC_ERR_ARG);
    assert_int_equal(nc_axx_view_image(&view, in, 1, 0, 8, view_out), NC_ERR_ARG);
    assert_int_equal(nc_axx_view_data(&view, &d, 1, 1, view_out), NC_ERR_ARG);
    assert_int_equal(nc_axx_view_data(&view, &d, 0, 2, view_out), NC_ERR_ARG);
    view.channels = 2;
    assert_int_equal(nc_axx_view_data(&view, &d, 0, 1, view_out), NC_ERR_ARG);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tables_of_pixels_are_read),
        cmocka_unit_test(broken_tables_say_where_and_what),
        cmocka_unit_test(batches_of_cifar_are_read_and_checked),
        cmocka_unit_test(what_others_have_packed_is_named),
        cmocka_unit_test(mnist_files_find_their_labels),
        cmocka_unit_test(resized_bytes_are_those_of_pillow),
        cmocka_unit_test(views_are_those_of_torchvision),
        cmocka_unit_test(impossible_views_are_refused),
    };
    return cmocka_run_group_tests_name("axx data", tests, NULL, NULL);
}
