/* The nc base block: statuses, files written whole or not at all, files read as hostile. Driven
   through nc_axx.h's tables, whose format is the plainest. */
#include "test.h"
#include <sys/resource.h>
#include <sys/wait.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
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

/* A fresh empty folder, build/test_NAME. */
static void fresh_folder(const char *folder) {
    char command[100];
    snprintf(command, sizeof command, "rm -rf %s && mkdir -p %s", folder, folder);
    assert_int_equal(system(command), 0);
}

static void expect_file(const char *path, const char *text) {
    char *data;
    size_t bytes;
    nc_error err;
    if (nc_file_read(path, &data, &bytes, &err) != NC_OK) fail_msg("%s", err.message);
    assert_string_equal(data, text);
    assert_int_equal(bytes, strlen(text));
    nc_file_free(data);
}

static void files_keep_their_mode_and_links_their_name(void **state) {
    const char *folder = "build/test_modes";
    struct stat info;
    mode_t mask = umask(022);
    nc_error err;
    (void)state;
    fresh_folder(folder);
    assert_int_equal(nc_file_write("build/test_modes/a", "one", 3, &err), NC_OK);
    assert_int_equal(stat("build/test_modes/a", &info), 0);
    assert_int_equal(info.st_mode & 07777, 0644);
    assert_int_equal(chmod("build/test_modes/a", 0600), 0);
    assert_int_equal(nc_file_write("build/test_modes/a", "two", 3, &err), NC_OK);
    assert_int_equal(stat("build/test_modes/a", &info), 0);
    assert_int_equal(info.st_mode & 07777, 0600);
    /* through a link, a link to a link in another folder, and one whose target is not there yet */
    mkdir("build/test_modes/deep", 0777);
    assert_int_equal(symlink("a", "build/test_modes/link"), 0);
    assert_int_equal(symlink("../link", "build/test_modes/deep/link"), 0);
    assert_int_equal(symlink("deep/new", "build/test_modes/dangling"), 0);
    assert_int_equal(symlink("turn", "build/test_modes/turn"), 0);
    assert_int_equal(nc_file_write("build/test_modes/deep/link", "three", 5, &err), NC_OK);
    assert_int_equal(lstat("build/test_modes/deep/link", &info), 0);
    assert_true(S_ISLNK(info.st_mode));
    assert_int_equal(lstat("build/test_modes/link", &info), 0);
    assert_true(S_ISLNK(info.st_mode));
    expect_file("build/test_modes/a", "three");
    assert_int_equal(nc_file_write("build/test_modes/dangling", "four", 4, &err), NC_OK);
    expect_file("build/test_modes/deep/new", "four");
    assert_int_equal(nc_file_write("build/test_modes/turn", "five", 4, &err), NC_ERR_IO);
    assert_int_equal(files_in(folder), 7); /* . .. a deep link dangling turn */
    umask(mask);
    fresh_folder(folder);
    rmdir(folder);
}

static void devices_pipes_and_sockets_stay_what_they_are(void **state) {
    const char *null = "build/test_nodes/null", *pipe_path = "build/test_nodes/pipe";
    struct sockaddr_un address;
    struct stat info;
    nc_error err;
    char got[6] = "";
    int fd, s;
    (void)state;
    fresh_folder("build/test_nodes");
    assert_int_equal(symlink("/dev/null", null), 0);
    assert_int_equal(nc_file_write(null, "gone", 4, &err), NC_OK);
    assert_int_equal(lstat(null, &info), 0);
    assert_true(S_ISLNK(info.st_mode));
    assert_int_equal(nc_file_write("/dev/null", "gone", 4, &err), NC_OK);
    assert_int_equal(stat("/dev/null", &info), 0);
    assert_true(S_ISCHR(info.st_mode));
    assert_int_equal(nc_file_write("/dev/full", "gone", 4, &err), NC_ERR_IO);
    assert_int_equal(mkfifo(pipe_path, 0600), 0);
    fd = open(pipe_path, O_RDWR);
    assert_int_equal(nc_file_write(pipe_path, "water", 5, &err), NC_OK);
    assert_int_equal(read(fd, got, 5), 5);
    assert_string_equal(got, "water");
    close(fd);
    memset(&address, 0, sizeof address);
    address.sun_family = AF_UNIX;
    strcpy(address.sun_path, "build/test_nodes/socket");
    s = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(s, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(nc_file_write(address.sun_path, "gone", 4, &err), NC_ERR_IO);
    assert_int_equal(stat(address.sun_path, &info), 0);
    assert_true(S_ISSOCK(info.st_mode));
    close(s);
    assert_int_equal(nc_file_write("build/test_nodes", "gone", 4, &err), NC_ERR_IO); /* a folder */
    fresh_folder("build/test_nodes");
    rmdir("build/test_nodes");
}

/* What /dev/stdout stands for may be a file that the shell has opened: it goes on where it was. */
static void standard_output_is_written_in_its_turn(void **state) {
    const char *path = "build/test_stdout";
    pid_t child;
    int status;
    (void)state;
    child = fork();
    if (child == 0) {
        int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0666);
        if (dup2(fd, 1) != 1 || write(1, "a", 1) != 1) _exit(1);
        if (nc_file_write("/dev/stdout", "b", 1, NULL) != NC_OK) _exit(2);
        if (nc_file_write("/dev/fd/1", "c", 1, NULL) != NC_OK) _exit(3);
        if (nc_file_write("/dev/fd/999", "d", 1, NULL) != NC_ERR_IO) _exit(4);
        _exit(write(1, "d", 1) != 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    expect_file(path, "abcd");
    unlink(path);
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
        cmocka_unit_test(files_keep_their_mode_and_links_their_name),
        cmocka_unit_test(devices_pipes_and_sockets_stay_what_they_are),
        cmocka_unit_test(standard_output_is_written_in_its_turn),
        cmocka_unit_test(a_killed_writer_leaves_the_old_or_the_new_file),
        cmocka_unit_test(unreadable_paths_are_errors_with_the_path),
    };
    return cmocka_run_group_tests_name("base files", tests, NULL, NULL);
}
