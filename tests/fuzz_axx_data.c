/* Images in every form: the first byte picks form and options, the second how many bytes at the end
   are labels of IDX. What is accepted has as many labels as it says, all below the classes, and can be
   viewed; what is refused says why. */
#include <stdlib.h>
#include <string.h>
#define NC_AXX_VIT
#include "nc_axx.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static float out[64];
    nc_axx_view view;
    nc_axx_data d;
    nc_axx_data_options how;
    nc_error err;
    size_t labels, i;
    if (size < 2) return 0;
    memset(&d, 0, sizeof d);
    memset(&how, 0, sizeof how);
    memset(&err, 0, sizeof err);
    memset(&view, 0, sizeof view);
    how.form = (nc_axx_data_form)(data[0] % (unsigned)NC_AXX_DATA_FORMS);
    how.label = data[0] >> 3 & 1 ? -1 : data[0] >> 4 & 3;
    how.most = data[0] >> 6;
    labels = data[1] < size - 2 ? data[1] : 0;
    if (nc_axx_data_parse(&d, &how, data + 2, size - 2 - labels,
                          labels ? data + size - labels : NULL, labels, &err) != NC_OK) {
        if (!err.message[0] || err.status == NC_OK || d.count) __builtin_trap();
        return 0;
    }
    for (i = 0; i < d.count; i++)
        if (d.labels[i] >= d.classes) __builtin_trap();
    view.height = view.width = 4;
    view.resize = data[1] % 2 * 5;
    view.cubic = data[1] >> 1 & 1;
    if (d.channels <= 4 && d.height < 999 && d.width < 999 &&
        nc_axx_view_data(&view, &d, d.count - 1, 1, out) != NC_OK)
        __builtin_trap();
    nc_axx_data_free(&d);
    return 0;
}
