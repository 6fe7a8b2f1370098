/* Multiplier tables: only files of the right size are accepted. */
#define NC_IMPLEMENTATION
#include "nc_axx.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static nc_axx_mult m;
    static uint8_t table[131072];
    nc_axx_metrics e;
    nc_error err;
    if ((nc_axx_parse_i16(&m, "fuzz", data, size, &err) == NC_OK) != (size == 131072))
        __builtin_trap();
    memcpy(table, data, size < sizeof table ? size : sizeof table);
    if (nc_axx_parse_i16(&m, "fuzz", table, sizeof table, &err) != NC_OK) __builtin_trap();
    nc_axx_measure(&m, &e);
    if (!(e.mae <= e.wce && e.mae >= 0)) __builtin_trap();
    return 0;
}
