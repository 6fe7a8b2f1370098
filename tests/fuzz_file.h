/* The input of a fuzz target as a file, for readers that take a path, and with a right checksum. */
#ifndef NC_FUZZ_FILE_H
#define NC_FUZZ_FILE_H
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
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
#endif
