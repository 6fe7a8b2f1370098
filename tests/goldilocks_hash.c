/* nc_goldilocks.h, section hash: Poseidon2 with trident parameters, Tip5. */
#include "test.h"
#include "../nc_goldilocks.h"

static void trident_permutations_and_hashes_agree_with_the_file(void **state) {
    json_object *root = load_json(TEST_DATA "goldilocks/poseidon2_trident.json");
    json_object *list = member(root, "permutations");
    uint64_t in[16], out[16], digest[4];
    uint8_t *bytes = malloc(65536);
    char hex[65];
    size_t i, j;
    (void)state;
    for (i = 0; i < json_object_array_length(list); i++) {
        json_fields(member(json_object_array_get_idx(list, i), "in"), in, 8);
        json_fields(member(json_object_array_get_idx(list, i), "out"), out, 8);
        nc_gl_trident_permute(in);
        assert_memory_equal(in, out, 64);
    }
    for (i = 0; i < 65536; i++) bytes[i] = (uint8_t)(31 * i + 7);
    list = member(root, "hash_bytes");
    for (i = 0; i < json_object_array_length(list); i++) {
        json_object *one = json_object_array_get_idx(list, i);
        nc_gl_trident_hash_bytes(bytes, (size_t)json_u64(member(one, "len")), digest);
        nc_gl_digest_hex(digest, hex);
        assert_string_equal(hex, json_object_get_string(member(one, "hex")));
    }
    list = member(root, "hash_fields");
    for (i = 0; i < json_object_array_length(list); i++) {
        json_object *one = json_object_array_get_idx(list, i);
        size_t n = (size_t)json_u64(member(one, "len"));
        for (j = 0; j < n; j++) in[j] = j * j + 1;
        json_fields(member(one, "out"), out, 4);
        nc_gl_trident_hash_fields(in, n, digest);
        assert_memory_equal(digest, out, 32);
    }
    free(bytes);
    json_object_put(root);
}

static void byte_hash_in_pieces_equals_one_shot_at_every_split(void **state) {
    uint8_t bytes[100];
    uint64_t whole[4], pieces[4];
    size_t i, n;
    (void)state;
    for (i = 0; i < 100; i++) bytes[i] = (uint8_t)(i % 251);
    for (n = 0; n <= 100; n++)
        for (i = 0; i <= n; i++) {
            nc_gl_trident sponge;
            nc_gl_trident_hash_bytes(bytes, n, whole);
            nc_gl_trident_init(&sponge);
            nc_gl_trident_update(&sponge, bytes, i);
            nc_gl_trident_update(&sponge, bytes + i, n - i);
            nc_gl_trident_finish(&sponge, pieces);
            assert_memory_equal(whole, pieces, 32);
        }
}

static void tip5_agrees_with_the_file(void **state) {
    json_object *root = load_json(TEST_DATA "goldilocks/tip5.json");
    json_object *list = member(root, "permutation");
    uint64_t in[1024], out[16], digest[5];
    size_t i, j;
    (void)state;
    for (i = 0; i < json_object_array_length(list); i++) {
        json_fields(member(json_object_array_get_idx(list, i), "in"), in, 16);
        json_fields(member(json_object_array_get_idx(list, i), "out"), out, 16);
        nc_gl_tip5_permute(in);
        assert_memory_equal(in, out, 128);
    }
    list = member(root, "hash_10");
    for (i = 0; i < json_object_array_length(list); i++) {
        json_fields(member(json_object_array_get_idx(list, i), "in"), in, 10);
        json_fields(member(json_object_array_get_idx(list, i), "out"), out, 5);
        nc_gl_tip5_hash_10(in, digest);
        assert_memory_equal(digest, out, 40);
        nc_gl_tip5_hash_pair(in, in + 5, digest);
        assert_memory_equal(digest, out, 40);
    }
    list = member(root, "hash_varlen");
    for (i = 0; i < json_object_array_length(list); i++) {
        json_object *one = json_object_array_get_idx(list, i);
        size_t n = (size_t)json_u64(member(one, "len"));
        assert_true(n <= 1024);
        for (j = 0; j < n; j++) in[j] = j;
        json_fields(member(one, "out"), out, 5);
        nc_gl_tip5_hash_varlen(in, n, digest);
        assert_memory_equal(digest, out, 40);
    }
    json_object_put(root);
}

static void tip5_sponge_by_hand_equals_varlen(void **state) {
    nc_gl_tip5 sponge;
    uint64_t in[10] = {3, 1, 4, 1, 5, 9, 2, 6, 5, 1}, digest[5], squeezed[10];
    (void)state;
    nc_gl_tip5_hash_varlen(in, 9, digest);
    nc_gl_tip5_init(&sponge);
    nc_gl_tip5_absorb(&sponge, in); /* element 9 is the padding one */
    nc_gl_tip5_squeeze(&sponge, squeezed);
    assert_memory_equal(digest, squeezed, 40);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(trident_permutations_and_hashes_agree_with_the_file),
        cmocka_unit_test(byte_hash_in_pieces_equals_one_shot_at_every_split),
        cmocka_unit_test(tip5_agrees_with_the_file),
        cmocka_unit_test(tip5_sponge_by_hand_equals_varlen),
    };
    return cmocka_run_group_tests_name("goldilocks hash", tests, NULL, NULL);
}
