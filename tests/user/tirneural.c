/* A user's program: TASM run before and after the optimiser has proven its changes. */
#include <stdio.h>
#include <string.h>
#define NC_IMPLEMENTATION
#include <nc_tirneural.h>

int main(void) {
    const char *slow = "push 5\npush 7\nswap 1\npop 1\npush 0\nadd\nwrite_io 1\nhalt\n";
    nc_tir_execution before, after;
    nc_tir_report report;
    nc_error err;
    char *fast;
    nc_status status = nc_tir_optimize_tasm(slow, NULL, &fast, &report, &err);
    if (status != NC_OK) return fprintf(stderr, "%s\n", err.message), 1;
    if (nc_tir_execute(slow, NULL, &before, &err) != NC_OK) return 1;
    if (nc_tir_execute(fast, NULL, &after, &err) != NC_OK) return 1;
    printf("nc_tirneural %s: %llu rows instead of %llu\n%s", NC_TIR_VERSION,
           (unsigned long long)after.processor, (unsigned long long)before.processor, fast);
    if (before.output_count != 1 || after.output_count != 1 || before.output[0] != after.output[0])
        status = NC_ERR_MISMATCH;
    nc_tir_free_output(&before);
    nc_tir_free_output(&after);
    nc_tir_free_text(fast);
    return (int)status;
}
