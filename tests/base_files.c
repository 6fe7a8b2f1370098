/* The nc base block: statuses, files written whole or not at all, files read as hostile. Driven
   through nc_axx.h's tables, whose format is the plainest. */
#include "test.h"
#include <sys/resource.h>
#include <sys/wait.h>
#include <signal.h>
#include <unistd.h>
#include "../nc_axx.h"

static nc_axx_mult m, n;

static void every_status_has_its_text(void **state) {
    int i, j;
    (void)state;
    for (i = NC_OK; i <= NC_ERR_MATH; i++)
        for (j = NC_OK; j < i; j++)
            assert_string_not_equal(nc_status_str((nc_status)i), nc_status_str((nc_status)j));
    assert_string_equal(nc_status_str((nc_status)999), "unknown status");
    assert_string_equal(nc_status_str((nc_status)-1), "unknown status");
}

static int files_in(const char *folder) {
    DIR *dir = opendir(folder);
    int count = 0;
    while (readdir(dir)) count++;
    closedir(dir);
    return count;
}

static void a_full_disk_leaves_the_old_file_and_no_other(void **state) {
    char path[] = "build/test_full/table.i16";
    struct rlimit old, tight;
    nc_error err;
    int before;
    (void)state;
    mkdir("build/test_full", 0777);
    (void)nc_axx_make(&m, "exact", NULL);
    assert_int_equal(nc_axx_save(&m, path, NC_AXX_FORM_I16, &err), NC_OK);
    before = files_in("build/test_full");
    signal(SIGXFSZ, SIG_IGN); /* writing beyond the limit then fails like a full disk */
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    tight = old;
    tight.rlim_cur = 70000;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &tight), 0);
    (void)nc_axx_make(&n, "mitchell", NULL);
    assert_int_equal(nc_axx_save(&n, path, NC_AXX_FORM_I16, &err), NC_ERR_IO);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    assert_int_equal(files_in("build/test_full"), before);
    assert_int_equal(nc_axx_load(&n, path, NC_AXX_FORM_I16, &err), NC_OK);
    assert_memory_equal(m.table, n.table, sizeof m.table);
    unlink(path);
    rmdir("build/test_full");
}

static void a_killed_writer_leaves_the_old_or_the_new_file(void **state) {
    char path[] = "build/test_kill/table.i16", command[] = "rm -rf build/test_kill";
    uint64_t seed = 1;
    nc_error err;
    int round;
    (void)state;
    mkdir("build/test_kill", 0777);
    (void)nc_axx_make(&m, "exact", NULL);
    assert_int_equal(nc_axx_save(&m, path, NC_AXX_FORM_I16, &err), NC_OK);
    for (round = 0; round < 40; round++) {
        pid_t child = fork();
        if (child == 0) {
            for (;;) {
                (void)nc_axx_make(&n, "mitchell", NULL);
                (void)nc_axx_save(&n, path, NC_AXX_FORM_I16, NULL);
                (void)nc_axx_make(&n, "exact", NULL);
                (void)nc_axx_save(&n, path, NC_AXX_FORM_I16, NULL);
            }
        }
        usleep((useconds_t)(test_random(&seed) % 30000));
        kill(child, SIGKILL);
        waitpid(child, NULL, 0);
        if (nc_axx_load(&n, path, NC_AXX_FORM_I16, &err) != NC_OK)
            fail_msg("round %d: %s", round, err.message);
    }
    assert_int_equal(system(command), 0);
}

static void unreadable_paths_are_errors_with_the_path(void **state) {
    nc_error err;
    char longest[5000];
    (void)state;
    assert_int_equal(nc_axx_load(&n, "build/no/such/file.i16", NC_AXX_FORM_I16, &err), NC_ERR_IO);
    assert_non_null(strstr(err.message, "no/such"));
    assert_int_equal(err.status, NC_ERR_IO);
    assert_int_equal(nc_axx_load(&n, "build", NC_AXX_FORM_I16, &err), NC_ERR_IO); /* a folder */
    memset(longest, 'x', sizeof longest - 1);
    longest[sizeof longest - 1] = 0;
    (void)nc_axx_make(&m, "exact", NULL);
    assert_int_equal(nc_axx_save(&m, longest, NC_AXX_FORM_I16, &err), NC_ERR_ARG);
    assert_int_equal(nc_axx_save(&m, "build/no/such/file.i16", NC_AXX_FORM_I16, &err), NC_ERR_IO);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_status_has_its_text),
        cmocka_unit_test(a_full_disk_leaves_the_old_file_and_no_other),
        cmocka_unit_test(a_killed_writer_leaves_the_old_or_the_new_file),
        cmocka_unit_test(unreadable_paths_are_errors_with_the_path),
    };
    return cmocka_run_group_tests_name("base files", tests, NULL, NULL);
}
