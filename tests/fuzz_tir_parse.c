/* TIR text: accepted text survives write and parse, the peephole has nothing to do on its own result,
   the text is lowered, and the optimiser's result never has more instructions. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "nc_tirneural.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    nc_tir_program *program, *second;
    nc_tir_options options = {0};
    nc_tir_report report;
    nc_error err;
    char *text, *again, *tasm;
    options.beam = 2;
    if (nc_tir_parse(&program, (const char *)data, size, &err) != NC_OK) {
        if (err.line < 1 || err.column < 1 || !err.message[0]) __builtin_trap();
        return 0;
    }
    if (nc_tir_write(program, &text) != NC_OK) __builtin_trap();
    if (nc_tir_parse(&second, text, strlen(text), &err) != NC_OK) __builtin_trap();
    if (nc_tir_write(second, &again) != NC_OK || strcmp(text, again)) __builtin_trap();
    if (nc_tir_optimize(program, &options, &tasm, &report, &err) == NC_OK) {
        if (report.instructions_after > report.instructions_before) __builtin_trap();
        nc_tir_free_text(tasm);
    }
    nc_tir_free_text(text);
    nc_tir_free_text(again);
    nc_tir_destroy(second);
    if (nc_tir_peephole(program, &second) != NC_OK || nc_tir_size(second) > nc_tir_size(program))
        __builtin_trap();
    {
        nc_tir_program *third;
        if (nc_tir_peephole(second, &third) != NC_OK || nc_tir_size(third) != nc_tir_size(second))
            __builtin_trap();
        nc_tir_destroy(third);
    }
    nc_tir_destroy(second);
    if (nc_tir_peephole_of(program, NC_TIR_TARGET_TRISHA, &second) != NC_OK) __builtin_trap();
    nc_tir_destroy(second);
    if (nc_tir_lower(program, NC_TIR_TARGET_TRISHA, &tasm) == NC_OK) nc_tir_free_text(tasm);
    nc_tir_destroy(program);
    return 0;
}
