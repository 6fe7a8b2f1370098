/* The input of a fuzz target as a file, for readers that take a path. */
#ifndef NC_FUZZ_FILE_H
#define NC_FUZZ_FILE_H
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Writes it and returns the path, the same for all inputs of a process. Needs an nc header before it:
   with `repair` the last eight bytes become the checksum of those before, so that what lies behind it
   is reached. */
static inline const char *fuzz_file(const uint8_t *data, size_t size, int repair) {
    static char path[64];
    uint8_t sum[8];
    FILE *file;
    size_t body = repair && size > 8 ? size - 8 : size;
    snprintf(path, sizeof path, "/tmp/nc_fuzz_%ld", (long)getpid());
    file = fopen(path, "wb");
    nc__put_le(sum, nc__fnv1a(NC__FNV_START, data, body), 8);
    if (!file || fwrite(data, 1, body, file) != body ||
        (body < size && fwrite(sum, 1, 8, file) != 8) || fclose(file))
        abort();
    return path;
}
#endif
