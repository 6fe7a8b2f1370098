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

static void plonky3_permutations_agree_with_the_file(void **state) {
    static const char *const widths[3] = {"8", "12", "16"};
    json_object *root = load_json(TEST_DATA "goldilocks/poseidon2_plonky3.json");
    uint64_t in[16], out[16];
    size_t w, i, cases = 0;
    (void)state;
    for (w = 0; w < 3; w++) {
        json_object *list = member(member(root, widths[w]), "known_answers");
        for (i = 0; i < json_object_array_length(list); i++, cases++) {
            json_object *one = json_object_array_get_idx(list, i);
            size_t n = json_fields(member(one, "in"), in, 16);
            json_fields(member(one, "out"), out, 16);
            assert_int_equal(nc_gl_poseidon2_permute(in, (uint32_t)n), NC_OK);
            assert_memory_equal(in, out, n * 8);
        }
    }
    assert_int_equal(cases, 24);
    assert_int_equal(nc_gl_poseidon2_permute(in, 9), NC_ERR_ARG);
    json_object_put(root);
}

static void merkle_paths_verify_and_every_single_bit_tamper_is_rejected(void **state) {
    int h;
    (void)state;
    for (h = NC_GL_POSEIDON2; h <= NC_GL_TIP5; h++) {
        nc_gl_hash hash = (nc_gl_hash)h;
        size_t d = nc_gl_digest_elements(hash), n, i, bit;
        uint64_t nodes[2 * 16 * 5], path[4 * 5], seed = 8;
        for (n = 1; n <= 16; n *= 2) {
            uint32_t length = 0;
            while ((size_t)1 << length < n) length++;
            for (i = 0; i < 2 * n * d; i++) nodes[i] = nc_gl_from_u64(test_random(&seed));
            assert_int_equal(nc_gl_merkle_build(hash, nodes, n), NC_OK);
            for (i = 0; i < n; i++) {
                uint64_t *leaf = nodes + (n + i) * d, *root = nodes + d;
                assert_int_equal(nc_gl_merkle_open(hash, nodes, n, i, path), NC_OK);
                assert_int_equal(nc_gl_merkle_verify(hash, root, leaf, i, path, length), NC_OK);
                if (n > 1)
                    assert_int_equal(nc_gl_merkle_verify(hash, root, leaf, i ^ 1, path, length),
                                     NC_ERR_MISMATCH);
                assert_int_equal(nc_gl_merkle_verify(hash, root, leaf, n + i, path, length),
                                 NC_ERR_ARG);
                if (i % 5) continue; /* the tampering is slow: some leaves only */
                for (bit = 0; bit < length * d * 64; bit++) {
                    path[bit / 64] ^= UINT64_C(1) << bit % 64;
                    assert_int_equal(nc_gl_merkle_verify(hash, root, leaf, i, path, length),
                                     NC_ERR_MISMATCH);
                    path[bit / 64] ^= UINT64_C(1) << bit % 64;
                }
            }
        }
        assert_int_equal(nc_gl_merkle_build(hash, nodes, 3), NC_ERR_ARG);
        assert_int_equal(nc_gl_merkle_build(hash, nodes, 0), NC_ERR_ARG);
        assert_int_equal(nc_gl_merkle_open(hash, nodes, 16, 16, path), NC_ERR_ARG);
    }
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
        cmocka_unit_test(plonky3_permutations_agree_with_the_file),
        cmocka_unit_test(merkle_paths_verify_and_every_single_bit_tamper_is_rejected),
        cmocka_unit_test(byte_hash_in_pieces_equals_one_shot_at_every_split),
        cmocka_unit_test(tip5_agrees_with_the_file),
        cmocka_unit_test(tip5_sponge_by_hand_equals_varlen),
    };
    return cmocka_run_group_tests_name("goldilocks hash", tests, NULL, NULL);
}
