/* Multipliers in every form: the first byte picks it, its bit 6 one of 4 x 4 bits instead of 8 x 8,
   its bit 7 unsigned operands. What is accepted is written again in a form of the same table, and
   read back the same. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "nc_axx.h"

/* Written as `form`, and read back: as what it is, where a circuit's own name says other bits than
   the name given. */
static void write_and_read(const nc_axx_wide *wide, nc_axx_form form) {
    nc_axx_reading how = {NC_AXX_SIGN_FILE, NULL, {0, 0}};
    nc_axx_wide *back;
    nc_error err;
    char *text;
    size_t bytes;
    if (nc_axx_wide_write(wide, form, &text, &bytes, &err) != NC_OK) __builtin_trap();
    how.bits[0] = wide->a_bits;
    how.bits[1] = wide->b_bits;
    if (wide->a_unsigned == wide->b_unsigned)
        how.sign = wide->a_unsigned ? NC_AXX_SIGN_UNSIGNED : NC_AXX_SIGN_SIGNED;
    if (nc_axx_wide_parse(&back, form, &how, wide->name, text, bytes, NULL, &err) != NC_OK)
        __builtin_trap();
    if (memcmp(wide->table, back->table, sizeof *wide->table << (wide->a_bits + wide->b_bits)))
        __builtin_trap();
    nc_axx_wide_destroy(back);
    nc_axx_free_text(text);
}

static void read_wide(nc_axx_form form, int is_unsigned, const uint8_t *data, size_t size) {
    nc_axx_wide *wide;
    nc_error err;
    if (nc_axx_wide_parse(&wide, form, NULL, is_unsigned ? "mul4u" : "mul4s", data, size, NULL,
                          &err) != NC_OK) {
        if (!err.message[0] || err.status == NC_OK || wide) __builtin_trap();
        return;
    }
    write_and_read(wide, NC_AXX_FORM_NPY);
    write_and_read(wide, NC_AXX_FORM_CSV);
    write_and_read(wide, NC_AXX_FORM_HEADER);
    nc_axx_wide_destroy(wide);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static nc_axx_mult m, again;
    const nc_axx_form form =
        (nc_axx_form)(1 + (size ? data[0] : 0) % (unsigned)(NC_AXX_FORM_COUNT - 1));
    nc_error err;
    char *text;
    size_t bytes;
    if (size == 0) return 0;
    if (data[0] >> 6 & 1) {
        read_wide(form, data[0] >> 7, data + 1, size - 1);
        return 0;
    }
    if (nc_axx_parse(&m, form, data[0] & 128 ? "mul8u" : "mul8s", data + 1, size - 1, &err) !=
        NC_OK) {
        if (!err.message[0] || err.status == NC_OK) __builtin_trap();
        return 0;
    }
    if (nc_axx_write(&m, NC_AXX_FORM_I32, &text, &bytes, &err) != NC_OK) __builtin_trap();
    if (nc_axx_parse(&again, NC_AXX_FORM_I32, m.name, text, bytes, &err) != NC_OK) __builtin_trap();
    if (memcmp(m.table, again.table, sizeof m.table) != 0) __builtin_trap();
    nc_axx_free_text(text);
    return 0;
}
