/* Multipliers in every form: the first byte picks it. What is accepted is written again in the forms
   that can be, and read back the same. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "nc_axx.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static nc_axx_mult m, again;
    nc_axx_reading how = {NC_AXX_SIGN_FILE, 0, NULL, {0, 0}};
    const nc_axx_form form =
        (nc_axx_form)(1 + (size ? data[0] : 0) % (unsigned)(NC_AXX_FORM_COUNT - 1));
    nc_error err;
    char *text;
    size_t bytes;
    if (size == 0) return 0;
    how.embed = data[0] >> 6 & 1;
    if (nc_axx_parse_with(&m, form, &how, data[0] & 128 ? "mul8u" : "mul8s", data + 1, size - 1,
                          NULL, &err) != NC_OK) {
        if (!err.message[0] || err.status == NC_OK) __builtin_trap();
        return 0;
    }
    if (nc_axx_write(&m, NC_AXX_FORM_I32, &text, &bytes, &err) != NC_OK) __builtin_trap();
    if (nc_axx_parse(&again, NC_AXX_FORM_I32, m.name, text, bytes, &err) != NC_OK) __builtin_trap();
    if (memcmp(m.table, again.table, sizeof m.table) != 0) __builtin_trap();
    nc_axx_free_text(text);
    return 0;
}
