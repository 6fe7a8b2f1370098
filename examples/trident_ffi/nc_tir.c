/* The one C file of the crate: the implementation, and a layout check against lib.rs. */
#define NC_IMPLEMENTATION
#include "nc_tirneural.h"

/* What lib.rs believes of the structs it mirrors. */
size_t nc_tir_ffi_size(int which) {
    return which == 0   ? sizeof(nc_tir_op)
           : which == 1 ? sizeof(nc_tir_options)
           : which == 2 ? sizeof(nc_tir_report)
                        : sizeof(nc_error);
}
