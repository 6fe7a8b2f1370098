/* For tests/oracle_axx_multipliers.py: a path a line in, a line of JSON out: what the file is read
   as, and its metrics over all pairs of operands. */
#include <stdio.h>
#include <string.h>
#define NC_IMPLEMENTATION
#include "../nc_axx.h"

int main(void) {
    static char path[4096];
    while (fgets(path, sizeof path, stdin)) {
        nc_axx_wide *wide;
        nc_axx_report found;
        nc_axx_metrics e;
        nc_error err;
        path[strcspn(path, "\n")] = 0;
        if (nc_axx_wide_load(&wide, path, NC_AXX_FORM_AUTO, NULL, &found, &err) != NC_OK) {
            size_t i;
            for (i = 0; err.message[i]; i++)
                if (err.message[i] == '"' || err.message[i] == '\\') err.message[i] = '\'';
            printf("{\"status\": %d, \"line\": %d, \"message\": \"%s\"}\n", (int)err.status,
                   (int)err.line, err.message);
        } else {
            const size_t count = (size_t)1 << (wide->a_bits + wide->b_bits);
            uint64_t sum = 0;
            size_t i;
            for (i = 0; i < count; i++) sum += (i + 1) * (uint64_t)(int64_t)wide->table[i];
            nc_axx_wide_measure(wide, &e);
            printf("{\"status\": 0, \"read_as\": \"%s\", \"bits\": [%d, %d], "
                   "\"checksum\": %llu, \"milliwatts\": %.9g, "
                   "\"MAE\": %.17g, \"WCE\": %.17g, \"MRE\": %.17g, \"MRE_nonzero\": %.17g, "
                   "\"EP\": %.17g, \"MSE\": %.17g, \"WCRE\": %.17g, \"WCRE_nonzero\": %.17g}\n",
                   found.text, wide->a_bits, wide->b_bits, (unsigned long long)sum,
                   (double)found.milliwatts, e.mae, e.wce, e.mre, e.mre_nonzero, e.ep, e.mse,
                   e.wcre, e.wcre_nonzero);
            nc_axx_wide_destroy(wide);
        }
        fflush(stdout);
    }
    return 0;
}
