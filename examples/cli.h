/* cli.h: what the command lines of all examples share; each includes it behind a library's header
   and begins with

       argc = cli_begin(argc, argv, "gl_hash", usage);

   Every example then takes
       -h, --help     the usage, on standard output
       --version      its version
       --quiet        errors alone are printed; results are in files and in the exit code, but
                      fp4_compile and tir_opt still write what they make to standard output
       --threads N    of OpenMP; results do not depend on it
       --             what follows are names, even if they begin with '-'
   and says so where an option stands twice: the last counts.

   Exit codes: 0 done, 1 an error, 2 bad usage, 3 a check or verification that failed, where
   everything could be read and done. Standard output that is not written to its last byte is an
   error. */
#ifndef CLI_H
#define CLI_H
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#if !defined(_WIN32)
#include <sys/stat.h>
#include <unistd.h>
#ifndef __cplusplus /* hidden by strict -std=c99 in some C libraries */
extern FILE *fdopen(int fd, const char *mode);
extern FILE *open_memstream(char **text, size_t *bytes);
#endif
#else
#include <direct.h>
#include <io.h>
#endif
#ifdef _OPENMP
#include <omp.h>
#endif

#if defined(NC_HLX_VERSION) /* of the libraries in front: all of one release have the same */
#define CLI_VERSION NC_HLX_VERSION
#elif defined(NC_AXX_VERSION)
#define CLI_VERSION NC_AXX_VERSION
#elif defined(NC_FP4_VERSION)
#define CLI_VERSION NC_FP4_VERSION
#elif defined(NC_TIR_VERSION)
#define CLI_VERSION NC_TIR_VERSION
#elif defined(NC_GL_VERSION)
#define CLI_VERSION NC_GL_VERSION
#else
#define CLI_VERSION NC_GPU_VERSION
#endif
#ifndef CLI_REPEATS
#define CLI_REPEATS "" /* an option that may stand several times: each counts */
#endif

enum { CLI_ERROR = 1, CLI_USAGE = 2, CLI_FAILED = 3 };

static const char cli_common[] =
    "All examples: -h --help, --version, --quiet (errors alone), --threads N (of OpenMP; the same\n"
    "results), -- (names follow). Exit codes: 0 done, 1 an error, 2 bad usage, 3 a check that "
    "failed.\n";
static const char *cli_name = "?";
static int cli_quiet, cli_product; /* cli_product: --quiet leaves standard output, set before */
static FILE *cli_json;             /* of cli_json_alone */

/* "NAME: message" on standard error; `code`, for `return`. */
static inline int cli_fail(int code, const char *format, ...) {
    va_list args;
    va_start(args, format);
    fprintf(stderr, "%s: ", cli_name);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    return code;
}

/* "NAME: what: why" of what a library refused; the error's message where it has one. */
static inline int cli_refused(const char *what, nc_status status, const nc_error *err) {
    return cli_fail(CLI_ERROR, "%s: %s", what,
                    err && err->message[0] ? err->message : nc_status_str(status));
}

/* Why the system refused the last call, or `otherwise` where it does not tell. */
static inline const char *cli_reason(const char *otherwise) {
    return errno ? strerror(errno) : otherwise;
}

/* Says once why standard output is lost, where it is: 1, else 0. */
static inline int cli_lost(void) {
    static int told;
    int lost;
    errno = 0;
    lost = fflush(stdout) != 0 || ferror(stdout);
    if (lost && errno == 0) { /* it was an earlier piece: the reason comes with another */
        putchar('\n');
        (void)fflush(stdout);
    }
    if (lost && !told++)
        cli_fail(CLI_ERROR, "cannot write standard output: %s", cli_reason("it was refused"));
    return lost;
}

/* Output that is lost is no success: the last thing that runs. */
static inline void cli_end(void) {
    errno = 0;
    if (cli_json && (fflush(cli_json) != 0 || ferror(cli_json))) {
        cli_fail(CLI_ERROR, "cannot write standard output: %s", cli_reason("it was refused"));
        _Exit(CLI_ERROR);
    }
    if (cli_lost()) _Exit(CLI_ERROR);
}

/* All of `text` as a whole number from least to most; ends the program where it is none. */
static inline long long cli_number(const char *option, const char *text, long long least,
                                   long long most) {
    char *end = NULL;
    long long value = 0;
    errno = 0;
    if (text) value = strtoll(text, &end, 10);
    if (text && end != text && !*end && !errno && value >= least && value <= most) return value;
    if (!text)
        exit(cli_fail(CLI_USAGE, "%s needs a number from %lld to %lld", option, least, most));
    exit(cli_fail(CLI_USAGE, "%s: '%s' is no whole number from %lld to %lld", option, text, least,
                  most));
}

/* The same of a real number; infinity and NaN are none. */
static inline double cli_real(const char *option, const char *text, double least, double most) {
    char *end = NULL;
    const double value = text ? strtod(text, &end) : 0;
    if (text && end != text && !*end && value >= least && value <= most) return value;
    exit(cli_fail(CLI_USAGE, "%s: '%s' is no number from %g to %g", option, text ? text : "", least,
                  most));
}

/* Asked before long work: 1 if the file can be written there at its end, else 0 and a message. The
   file is neither made nor changed. */
static inline int cli_can_write(const char *path) {
#if !defined(_WIN32)
    const char *slash = strrchr(path, '/');
    const size_t n = slash ? (size_t)(slash - path) : 0;
    struct stat info;
    char *folder;
    int ok;
    if (stat(path, &info) == 0 && !S_ISREG(info.st_mode)) {
        errno = S_ISDIR(info.st_mode) ? EISDIR : 0;
        ok = errno == 0 && !S_ISBLK(info.st_mode) && access(path, W_OK) == 0;
        if (!ok) cli_fail(CLI_ERROR, "cannot write '%s': %s", path, cli_reason("it is a disk"));
        return ok;
    }
    folder = (char *)malloc(n + 2);
    if (!folder) return cli_fail(0, "out of memory");
    memcpy(folder, slash ? path : ".", n ? n : 1);
    folder[n ? n : 1] = 0;
    errno = 0;
    ok = *path && stat(folder, &info) == 0;
    if (ok && !S_ISDIR(info.st_mode)) errno = ENOTDIR;
    ok = ok && S_ISDIR(info.st_mode) && access(folder, W_OK) == 0;
    if (!ok) cli_fail(CLI_ERROR, "cannot write '%s': %s", path, cli_reason("it has no name"));
    free(folder);
    return ok;
#else
    return *path != 0;
#endif
}

/* Make a folder: 0, else -1 and errno. */
static inline int cli_folder(const char *path) {
#ifdef _WIN32
    return _mkdir(path);
#else
    return mkdir(path, 0777);
#endif
}

/* Write a file whole, or leave what is there: 1, else 0 and a message. */
static inline int cli_save(const char *path, const void *data, size_t bytes) {
    nc_error err;
    if (nc_file_write(path, data, bytes, &err) == NC_OK) return 1;
    return cli_fail(0, "%s", err.message);
}

/* A text of any length: what is written to the file stands in *text, *bytes (for free) when
   cli_text_close has said 1; 0: it could not be held. On Windows the file is a temporary one. */
static inline FILE *cli_text_open(char **text, size_t *bytes) {
    *text = NULL;
    *bytes = 0;
#ifdef _WIN32
    return tmpfile();
#else
    return open_memstream(text, bytes);
#endif
}

static inline int cli_text_close(FILE *file, char **text, size_t *bytes) {
#ifdef _WIN32
    const long n = fseek(file, 0, SEEK_END) == 0 ? ftell(file) : -1;
    if (n >= 0 && !ferror(file)) *text = (char *)malloc((size_t)n + 1);
    rewind(file);
    if (*text) {
        *bytes = fread(*text, 1, (size_t)n, file);
        (*text)[*bytes] = 0;
    }
    return fclose(file) == 0 && *text && *bytes == (size_t)n;
#else
    (void)bytes;
    return fclose(file) == 0 && *text;
#endif
}

/* A name that follows "--" and would look like an option. */
static inline char *cli_as_name(char *word) {
    char *name;
    if (word[0] != '-' || !word[1]) return word;
    name = (char *)malloc(strlen(word) + 3);
    if (!name) exit(cli_fail(CLI_ERROR, "out of memory"));
    memcpy(name, "./", 2);
    memcpy(name + 2, word, strlen(word) + 1);
    return name;
}

static inline void cli_threads(long long count) {
#ifdef _OPENMP
    omp_set_num_threads((int)count);
#else
    if (count > 1) cli_fail(0, "--threads %lld: compiled without OpenMP, one thread works", count);
#endif
}

static inline void cli_turn_away(void) {
#ifdef _WIN32
    const char *nothing = "NUL";
#else
    const char *nothing = "/dev/null";
#endif
    if (!freopen(nothing, "w", stdout))
        exit(cli_fail(CLI_ERROR, "cannot write '%s': %s", nothing, strerror(errno)));
}

static inline void cli_silence(void) {
    cli_quiet = 1;
    if (!cli_product) cli_turn_away();
}

/* For a --json of a program that prints while it works: what goes to cli_json is from here on all of
   standard output. */
static inline void cli_json_alone(void) {
#ifdef _WIN32
    const int out = _dup(1);
    cli_json = out < 0 ? NULL : _fdopen(out, "w");
#else
    const int out = dup(1);
    cli_json = out < 0 ? NULL : fdopen(out, "w");
#endif
    if (!cli_json) exit(cli_fail(CLI_ERROR, "standard output: %s", strerror(errno)));
    cli_turn_away();
}

/* Bytes of the character of UTF-8 that begins here; 0: none does. */
static inline int cli_character(const char *text) {
    const unsigned char *c = (const unsigned char *)text;
    const int n = *c < 0x80 ? 1 : *c < 0xc2 ? 0 : *c < 0xe0 ? 2 : *c < 0xf0 ? 3 : *c < 0xf5 ? 4 : 0;
    int k;
    for (k = 1; k < n; k++)
        if ((c[k] & 0xc0) != 0x80) return 0;
    if (n == 3 && ((*c == 0xe0 && c[1] < 0xa0) || (*c == 0xed && c[1] > 0x9f))) return 0;
    return n == 4 && ((*c == 0xf0 && c[1] < 0x90) || (*c == 0xf4 && c[1] > 0x8f)) ? 0 : n;
}

/* A text as a string of JSON; what is no UTF-8 becomes U+FFFD. */
static inline void cli_json_text(FILE *out, const char *text) {
    fputc('"', out);
    while (*text) {
        const int n = cli_character(text);
        if (n == 0)
            fputs("\\ufffd", out);
        else if ((unsigned char)*text < 0x20 || *text == 0x7f)
            fprintf(out, "\\u%04x", (unsigned)(unsigned char)*text);
        else if (*text == '"' || *text == '\\')
            fprintf(out, "\\%c", *text);
        else
            fwrite(text, 1, (size_t)n, out);
        text += n ? n : 1;
    }
    fputc('"', out);
}

/* What all examples take is done and goes out of argv; returns the argc that is left. Without a
   usage --help stays, for a program that has more to say. */
static inline int cli_begin(int argc, char **argv, const char *name, const char *usage) {
    static char help[] = "--help";
    int i, j, kept = 1, names = 0;
    cli_name = name;
    (void)atexit(cli_end);
    for (i = 1; i < argc; i++) {
        char *word = argv[i];
        if (names) {
            argv[kept++] = cli_as_name(word);
        } else if (!strcmp(word, "--")) {
            names = 1;
        } else if (!usage && (!strcmp(word, "-h") || !strcmp(word, "--help"))) {
            argv[kept++] = help;
        } else if (!strcmp(word, "-h") || !strcmp(word, "--help")) {
            fputs(usage ? usage : "", stdout); /* gcc sees a null here, which is not */
            fputs(cli_common, stdout);
            exit(0);
        } else if (!strcmp(word, "--version")) {
            printf("%s %s\n", name, CLI_VERSION);
            exit(0);
        } else if (!strcmp(word, "--quiet")) {
            cli_silence();
        } else if (!strcmp(word, "--threads")) {
            i++;
            cli_threads(cli_number(word, i < argc ? argv[i] : NULL, 1, 4096));
        } else {
            for (j = 1; j < kept && word[0] == '-' && word[1] && strcmp(word, CLI_REPEATS); j++)
                if (!strcmp(word, argv[j])) {
                    cli_fail(0, "%s stands twice: the last counts", word);
                    break;
                }
            argv[kept++] = word;
        }
    }
    argv[kept] = NULL;
    return kept;
}
#endif
