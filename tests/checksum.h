/* The checksum that ends the files of this house, for tests that write such files themselves. */
#ifndef NC_CHECKSUM_H
#define NC_CHECKSUM_H
#include <stddef.h>
#include <stdint.h>

/* 64-bit FNV-1a of what stands before, its low byte first. */
static inline void file_checksum(const void *data, size_t size, void *sum) {
    const uint8_t *bytes = (const uint8_t *)data;
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    size_t i;
    for (i = 0; i < size; i++) hash = (hash ^ bytes[i]) * UINT64_C(0x100000001b3);
    for (i = 0; i < 8; i++) ((uint8_t *)sum)[i] = (uint8_t)(hash >> 8 * i);
}
#endif
