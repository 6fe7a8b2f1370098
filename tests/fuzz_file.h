/* The input of a fuzz target as a file, for readers that take a path, and with a right checksum. */
#ifndef NC_FUZZ_FILE_H
#define NC_FUZZ_FILE_H
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "checksum.h"

/* Writes it and returns the path, the same for all inputs of a process. With `repair` the last eight
   bytes become the checksum of those before, so that what lies behind it is reached. */
static inline const char *fuzz_file(const uint8_t *data, size_t size, int repair) {
    static char path[64];
    uint8_t sum[8];
    FILE *file;
    size_t body = repair && size > 8 ? size - 8 : size;
    snprintf(path, sizeof path, "/tmp/nc_fuzz_%ld", (long)getpid());
    file = fopen(path, "wb");
    file_checksum(data, body, sum);
    if (!file || fwrite(data, 1, body, file) != body ||
        (body < size && fwrite(sum, 1, 8, file) != 8) || fclose(file))
        abort();
    return path;
}

static char fuzz_folder[64]; /* of the process, removed at its end */

static inline void fuzz_remove_folder(void) {
    char path[400];
    DIR *folder = opendir(fuzz_folder);
    struct dirent *entry;
    while (folder && (entry = readdir(folder)) != NULL) {
        snprintf(path, sizeof path, "%s/%s", fuzz_folder, entry->d_name);
        if (entry->d_name[0] != '.') unlink(path);
    }
    if (folder) closedir(folder);
    rmdir(fuzz_folder);
}

/* A file of this name in that folder; returns its path, until the next. */
static inline const char *fuzz_in_folder(const char *name, const uint8_t *data, size_t size) {
    static char path[120];
    FILE *file;
    if (!*fuzz_folder) {
        snprintf(fuzz_folder, sizeof fuzz_folder, "/tmp/nc_fuzz_%ld.d", (long)getpid());
        (void)mkdir(fuzz_folder, 0700); /* or one of the same number left it */
        if (atexit(fuzz_remove_folder) != 0) abort();
    }
    snprintf(path, sizeof path, "%s/%s", fuzz_folder, name);
    file = fopen(path, "wb");
    if (!file || fwrite(data, 1, size, file) != size || fclose(file)) abort();
    return path;
}

/* The bytes before the next 0, or all that are left; moves behind them. */
static inline size_t fuzz_part(const uint8_t **data, size_t *size, const uint8_t **part) {
    const uint8_t *end = *size ? (const uint8_t *)memchr(*data, 0, *size) : NULL;
    const size_t n = end ? (size_t)(end - *data) : *size;
    *part = *data;
    *data += n + (end != NULL);
    *size -= n + (end != NULL);
    return n;
}
#endif
