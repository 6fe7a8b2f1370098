// A row of logits to each workgroup: its loss, and the gradient of the mean loss in place; targets
// >= n are ignored. count: rows with a target. Twin of shaders/cross_entropy.comp.
#include "nc_math.cuh"

struct cross_entropy_push {
    unsigned n, off_x, off_loss, off_target, off_count;
};

extern "C" __global__ void cross_entropy(float *x, const unsigned *targets, const float *control,
                                         cross_entropy_push p) {
    __shared__ float lane[32];
    unsigned row = blockIdx.x, j = threadIdx.x, i, at = p.off_x + row * p.n,
             target = targets[p.off_target + row];
    bool used = target < p.n;
    float most = x[at], s = 0.0f, count = control[p.off_count];
    for (i = j; i < p.n; i += 32) most = x[at + i] > most ? x[at + i] : most;
    most = nc_tree_max(lane, most);
    float picked = used ? nc_sub(x[at + target], most) : 0.0f;
    float sum = nc_tree(lane, 0.0f); // everyone has read its target before the row changes
    for (i = j; i < p.n; i += 32) {
        float e = nc_exp(nc_sub(x[at + i], most));
        x[at + i] = e;
        s = nc_add(s, e);
    }
    sum = nc_tree(lane, s);
    for (i = j; i < p.n; i += 32) {
        float probability = nc_div(x[at + i], sum);
        float d = nc_div(i == target ? nc_sub(probability, 1.0f) : probability, count);
        x[at + i] = used ? d : 0.0f;
    }
    if (j == 0) x[p.off_loss + row] = used ? nc_sub(nc_log(sum), picked) : 0.0f;
}
