/* nc_goldilocks.h, section hash: Poseidon2 (trident, Plonky3), Tip5, trees, transcripts. */
#define _POSIX_C_SOURCE 200809L /* popen */
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

/* Constants of a round of the trident instance; returns how many. */
static size_t trident_round(json_object *flat, int round, uint64_t *rc) {
    int partial = round >= 4 && round < 26;
    size_t at = (size_t)(round < 4 ? 8 * round : partial ? 28 + round : 54 + 8 * (round - 26)), i;
    for (i = 0; i < (partial ? 1 : 8); i++)
        rc[i] = json_u64(json_object_array_get_idx(flat, at + i));
    return i;
}

/* The permutation as its paper writes it, with field operations and the file's constants only. */
static void plain_poseidon2(json_object *set, uint64_t *s, size_t width, int trident) {
    static const uint64_t m4[4][4] = {{2, 3, 1, 1}, {1, 2, 3, 1}, {1, 1, 2, 3}, {3, 1, 1, 2}};
    uint64_t diagonal[16] = {2, 3, 5, 9, 17, 33, 65, 129}, rc[16], t[16], sum;
    size_t i, j;
    int round;
    if (!trident) json_fields(member(set, "diag_m1"), diagonal, 16);
    for (round = trident ? 0 : -1; round < 30; round++) {
        int partial = round >= 4 && round < 26;
        if (round >= 0) {
            if (trident) {
                (void)trident_round(set, round, rc);
            } else if (partial) {
                rc[0] =
                    json_u64(json_object_array_get_idx(member(set, "internal"), (size_t)round - 4));
            } else {
                json_object *list = member(set, round < 4 ? "external_initial" : "external_final");
                json_fields(
                    json_object_array_get_idx(list, (size_t)(round < 4 ? round : round - 26)), rc,
                    16);
            }
            for (i = 0; i < (partial ? 1 : width); i++) s[i] = nc_gl_pow(nc_gl_add(s[i], rc[i]), 7);
        }
        for (i = 0, sum = 0; i < width; i++) sum = nc_gl_add(sum, s[i]);
        if (partial) {
            for (i = 0; i < width; i++) s[i] = nc_gl_mul_add(diagonal[i], s[i], sum);
        } else if (trident) {
            for (i = 0; i < width; i++) s[i] = nc_gl_add(s[i], sum);
        } else {
            for (i = 0; i < width; i++)
                for (t[i] = 0, j = 0; j < 4; j++)
                    t[i] = nc_gl_mul_add(m4[i % 4][j], s[i / 4 * 4 + j], t[i]);
            for (i = 0; i < width; i++)
                for (s[i] = t[i], j = i % 4; j < width; j += 4) s[i] = nc_gl_add(s[i], t[j]);
        }
    }
}

static uint64_t edge_or_random(uint64_t *seed) {
    uint64_t r = test_random(seed);
    return nc_gl_from_u64(r % 3 ? test_random(seed) : edge_u64[(r >> 8) % EDGE_COUNT]);
}

static void many_states_equal_the_paper_at_every_level_and_count(void **state) {
    static const uint32_t widths[4] = {8, 12, 16, 0}; /* 0: trident */
    static const char *const names[3] = {"8", "12", "16"};
    static const size_t counts[] = {0, 1, 3, 8, 10, 11, 12, 16, 31, 32, 33, 43, 64, 65, 200};
    static uint64_t in[200 * 16], expected[200 * 16], out[200 * 16];
    json_object *plonky3 = load_json(TEST_DATA "goldilocks/poseidon2_plonky3.json");
    json_object *trident = load_json(TEST_DATA "goldilocks/poseidon2_trident.json");
    uint64_t seed = 20;
    size_t k, c, i;
    int level;
    (void)state;
    for (k = 0; k < 4; k++) {
        size_t w = widths[k] ? widths[k] : 8;
        for (i = 0; i < 200 * w; i++) in[i] = expected[i] = edge_or_random(&seed);
        for (i = 0; i < 200; i++)
            plain_poseidon2(k < 3 ? member(plonky3, names[k]) : member(trident, "round_constants"),
                            expected + i * w, w, k == 3);
        for (level = 0; level <= 3; level++) {
            if (nc_gl_set_simd(level) != NC_OK) continue;
            for (c = 0; c < sizeof counts / sizeof *counts; c++) {
                memcpy(out, in, 200 * w * 8);
                if (widths[k])
                    assert_int_equal(nc_gl_poseidon2_permute_many(out, widths[k], counts[c]),
                                     NC_OK);
                else
                    nc_gl_trident_permute_many(out, counts[c]);
                if (counts[c]) assert_memory_equal(out, expected, counts[c] * w * 8);
                if (counts[c] < 200) /* and nothing after them */
                    assert_memory_equal(out + counts[c] * w, in + counts[c] * w,
                                        (200 - counts[c]) * w * 8);
            }
        }
    }
    assert_int_equal(nc_gl_poseidon2_permute_many(out, 10, 1), NC_ERR_ARG);
    assert_int_equal(nc_gl_set_simd(-1), NC_OK);
    json_object_put(plonky3);
    json_object_put(trident);
}

static void tip5_lanes_equal_single_permutations(void **state) {
    static const size_t counts[] = {0, 1, 4, 5, 8, 31, 32, 33, 37, 64, 65, 130};
    static uint64_t in[130 * 16], expected[130 * 16], out[130 * 16];
    uint64_t seed = 21;
    size_t c, i;
    int level;
    (void)state;
    for (i = 0; i < 130 * 16; i++) in[i] = expected[i] = edge_or_random(&seed);
    assert_int_equal(nc_gl_set_simd(0), NC_OK);
    for (i = 0; i < 130; i++) nc_gl_tip5_permute(expected + 16 * i);
    for (level = 0; level <= 3; level++) {
        if (nc_gl_set_simd(level) != NC_OK) continue;
        memcpy(out, in, sizeof in);
        for (i = 0; i < 130; i++) nc_gl_tip5_permute(out + 16 * i);
        assert_memory_equal(out, expected, sizeof out);
        for (c = 0; c < sizeof counts / sizeof *counts; c++) {
            memcpy(out, in, sizeof in);
            nc_gl_tip5_permute_many(out, counts[c]);
            if (counts[c]) assert_memory_equal(out, expected, counts[c] * 128);
            if (counts[c] < 130)
                assert_memory_equal(out + 16 * counts[c], in + 16 * counts[c],
                                    (130 - counts[c]) * 128);
        }
    }
    assert_int_equal(nc_gl_set_simd(-1), NC_OK);
}

/* Debian's b3sum over the documented labels; skipped where it is not installed. */
static void trident_constants_are_blake3_of_their_labels(void **state) {
    json_object *root = load_json(TEST_DATA "goldilocks/poseidon2_trident.json");
    json_object *rounds = member(root, "round_constants");
    int r, e, checked = 0;
    (void)state;
    if (system("command -v b3sum >/dev/null 2>&1") != 0) {
        json_object_put(root);
        printf("skipped: b3sum is not installed\n");
        skip();
    }
    for (r = 0; r < 30; r++) {
        uint64_t rc[8];
        size_t n = trident_round(rounds, r, rc);
        for (e = 0; e < (int)n; e++, checked++) {
            char command[160], hex[80] = "";
            uint64_t value = 0;
            FILE *pipe;
            int i;
            snprintf(command, sizeof command,
                     "printf 'Poseidon2-Goldilocks-t8-RF8-RP22-%d-%d' | b3sum --no-names", r, e);
            pipe = popen(command, "r");
            assert_non_null(pipe);
            assert_non_null(fgets(hex, sizeof hex, pipe));
            assert_int_equal(pclose(pipe), 0);
            for (i = 7; i >= 0; i--) {
                unsigned byte = 0;
                assert_int_equal(sscanf(hex + 2 * i, "%2x", &byte), 1);
                value = value << 8 | byte;
            }
            assert_int_equal(nc_gl_from_u64(value), rc[e]);
        }
    }
    assert_int_equal(checked, 86);
    json_object_put(root);
}

static void digests_of_fields_differ_by_length_and_content(void **state) {
    int h;
    (void)state;
    for (h = NC_GL_POSEIDON2; h <= NC_GL_TIP5; h++) { /* trident's do not, as documented */
        nc_gl_hash hash = (nc_gl_hash)h;
        uint64_t in[16] = {0}, seen[16][5], digest[5], pair[5];
        size_t d = nc_gl_digest_elements(hash), n, m;
        for (n = 0; n < 16; n++) { /* n zeros: only the length tells them apart */
            assert_int_equal(nc_gl_hash_fields(hash, in, n, seen[n]), NC_OK);
            for (m = 0; m < n; m++) assert_memory_not_equal(seen[m], seen[n], d * 8);
        }
        for (n = 0; n < 15; n++) {
            in[n] = 1;
            assert_int_equal(nc_gl_hash_fields(hash, in, 15, digest), NC_OK);
            assert_memory_not_equal(digest, seen[15], d * 8);
            in[n] = 0;
        }
        assert_int_equal(nc_gl_hash_pair(hash, seen[1], seen[2], pair), NC_OK);
        assert_int_equal(nc_gl_hash_pair(hash, seen[2], seen[1], digest), NC_OK);
        assert_memory_not_equal(pair, digest, d * 8);
        if (hash == NC_GL_TIP5)
            nc_gl_tip5_hash_pair(seen[1], seen[2], digest);
        else
            nc_gl_poseidon2_compress(seen[1], seen[2], digest);
        assert_memory_equal(pair, digest, d * 8);
        assert_int_equal(nc_gl_hash_pair(hash, seen[1], seen[2], seen[1]), NC_OK); /* in place */
        assert_memory_equal(pair, seen[1], d * 8);
        assert_int_equal(nc_gl_hash_fields(hash, NULL, 3, digest), NC_ERR_ARG);
    }
    {
        uint64_t s[8] = {1, 2, 3, 4, 5, 6, 7, 8}, digest[5];
        assert_int_equal(nc_gl_hash_pair(NC_GL_TRIDENT, s, s + 4, digest), NC_OK);
        nc_gl_trident_permute(s);
        assert_memory_equal(digest, s, 32);
        assert_int_equal(nc_gl_hash_pair((nc_gl_hash)3, s, s, digest), NC_ERR_ARG);
        assert_int_equal(nc_gl_hash_fields((nc_gl_hash)9, s, 1, digest), NC_ERR_ARG);
    }
}

/* What a transcript must keep apart: every line is another history. */
static void challenges_of(nc_gl_hash hash, int history, uint64_t out[12]) {
    static const uint64_t x[24] = {5, 6, 7, 8, 9};
    nc_gl_transcript t;
    const char *label = history == 1 ? "other" : "label";
    assert_int_equal(nc_gl_transcript_init(&t, hash, label, 5), NC_OK);
    switch (history) {
    case 2: nc_gl_transcript_absorb(&t, x, 1); break;
    case 3: nc_gl_transcript_absorb(&t, x, 2); break;
    case 4: nc_gl_transcript_absorb(&t, x, 5); break;
    case 5: nc_gl_transcript_absorb(&t, x, 6); break; /* one zero more */
    case 6: nc_gl_transcript_absorb(&t, x, 24); break;
    case 7: nc_gl_transcript_absorb_bytes(&t, "abc", 3); break;
    case 8: nc_gl_transcript_absorb_bytes(&t, "abc\0", 4); break;
    case 9: nc_gl_transcript_challenge(&t, out, 1); break;
    case 10:
        nc_gl_transcript_absorb(&t, x, 1);
        nc_gl_transcript_challenge(&t, out, 1);
        nc_gl_transcript_absorb(&t, x + 1, 1);
        break;
    case 11:
        nc_gl_transcript_absorb(&t, x, 1);
        nc_gl_transcript_challenge(&t, out, 2);
        nc_gl_transcript_absorb(&t, x + 2, 1);
        break;
    default: break;
    }
    assert_int_equal(nc_gl_transcript_challenge(&t, out, 12), NC_OK);
}

static void transcripts_separate_histories_and_ignore_how_calls_are_split(void **state) {
    uint64_t seen[12][12], x[40], whole[30], parts[30], index, bad[2] = {1, NC_GL_P}, seed = 22;
    nc_gl_transcript t, u, before;
    size_t i, split;
    int h, k, m;
    (void)state;
    for (h = NC_GL_POSEIDON2; h <= NC_GL_TRIDENT; h++) {
        for (k = 0; k < 12; k++) {
            challenges_of((nc_gl_hash)h, k, seen[k]);
            for (m = 0; m < k; m++)
                for (i = 0; i < 12; i++) assert_int_not_equal(seen[m][i], seen[k][i]);
        }
        for (i = 0; i < 40; i++) x[i] = edge_or_random(&seed);
        for (split = 0; split <= 40; split++) {
            assert_int_equal(nc_gl_transcript_init(&t, (nc_gl_hash)h, "", 0), NC_OK);
            u = t;
            nc_gl_transcript_absorb(&t, x, 40);
            nc_gl_transcript_absorb(&u, x, split);
            nc_gl_transcript_absorb(&u, x + split, 40 - split);
            nc_gl_transcript_challenge(&t, whole, 30);
            nc_gl_transcript_challenge(&u, parts, split % 30);
            nc_gl_transcript_challenge(&u, parts + split % 30, 30 - split % 30);
            assert_memory_equal(whole, parts, sizeof whole);
        }
        before = t;
        assert_int_equal(nc_gl_transcript_absorb(&t, bad, 2), NC_ERR_FORMAT);
        assert_memory_equal(&t, &before, sizeof t);
        assert_int_equal(nc_gl_transcript_index(&t, 10, &index), NC_OK);
        assert_true(index < 1024);
        assert_int_equal(nc_gl_transcript_index(&t, 33, &index), NC_ERR_ARG);
    }
    assert_int_equal(nc_gl_transcript_init(&t, (nc_gl_hash)3, "", 0), NC_ERR_ARG);
    assert_int_equal(nc_gl_transcript_init(&t, NC_GL_TIP5, NULL, 1), NC_ERR_ARG);
    assert_int_equal(nc_gl_transcript_init(NULL, NC_GL_TIP5, "", 0), NC_ERR_ARG);
    assert_int_equal(nc_gl_transcript_challenge(NULL, whole, 1), NC_ERR_ARG);
}

static void large_trees_equal_pair_by_pair_hashing(void **state) {
    size_t n = 1024, i, d;
    int h, level;
    (void)state;
    for (h = NC_GL_POSEIDON2; h <= NC_GL_TRIDENT; h++) {
        uint64_t *nodes, *expected, seed = 23;
        d = nc_gl_digest_elements((nc_gl_hash)h);
        nodes = calloc(2 * n * d, 8);
        expected = calloc(2 * n * d, 8);
        for (i = n * d; i < 2 * n * d; i++)
            nodes[i] = expected[i] = nc_gl_from_u64(test_random(&seed));
        for (i = n - 1; i > 0; i--)
            assert_int_equal(nc_gl_hash_pair((nc_gl_hash)h, expected + 2 * i * d,
                                             expected + (2 * i + 1) * d, expected + i * d),
                             NC_OK);
        for (level = 0; level <= 3; level++) {
            if (nc_gl_set_simd(level) != NC_OK) continue;
            assert_int_equal(nc_gl_merkle_build((nc_gl_hash)h, nodes, n), NC_OK);
            assert_memory_equal(nodes, expected, 2 * n * d * 8);
            memset(nodes, 0, n * d * 8);
        }
        assert_int_equal(nc_gl_set_simd(-1), NC_OK);
        free(nodes);
        free(expected);
    }
}

static void merkle_paths_verify_and_every_single_bit_tamper_is_rejected(void **state) {
    int h;
    (void)state;
    for (h = NC_GL_POSEIDON2; h <= NC_GL_TRIDENT; h++) {
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
        cmocka_unit_test(many_states_equal_the_paper_at_every_level_and_count),
        cmocka_unit_test(tip5_lanes_equal_single_permutations),
        cmocka_unit_test(trident_constants_are_blake3_of_their_labels),
        cmocka_unit_test(digests_of_fields_differ_by_length_and_content),
        cmocka_unit_test(transcripts_separate_histories_and_ignore_how_calls_are_split),
        cmocka_unit_test(large_trees_equal_pair_by_pair_hashing),
        cmocka_unit_test(merkle_paths_verify_and_every_single_bit_tamper_is_rejected),
        cmocka_unit_test(byte_hash_in_pieces_equals_one_shot_at_every_split),
        cmocka_unit_test(tip5_agrees_with_the_file),
        cmocka_unit_test(tip5_sponge_by_hand_equals_varlen),
    };
    return cmocka_run_group_tests_name("goldilocks hash", tests, NULL, NULL);
}
