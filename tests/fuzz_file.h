/* The input of a fuzz target as a file, for readers that take a path, and with a right checksum. */
#ifndef NC_FUZZ_FILE_H
#define NC_FUZZ_FILE_H
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

/* A file of this name in a folder of the process, which is made; returns its path, until the next. */
static inline const char *fuzz_in_folder(const char *name, const uint8_t *data, size_t size) {
    static char path[120];
    FILE *file;
    snprintf(path, sizeof path, "/tmp/nc_fuzz_%ld.d", (long)getpid());
    (void)mkdir(path, 0700); /* or it is there */
    snprintf(path, sizeof path, "/tmp/nc_fuzz_%ld.d/%s", (long)getpid(), name);
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
