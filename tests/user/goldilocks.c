/* A user's program: a polynomial through three points of the field, and its digest. */
#include <stdio.h>
#define NC_IMPLEMENTATION
#include <nc_goldilocks.h>

int main(void) {
    nc_gl points[3] = {1, 2, 3}, values[3] = {6, 11, 18}, p[3]; /* x^2 + 2 x + 3 */
    nc_gl sum = 0, digest[4];
    char hex[65], text[21];
    if (nc_gl_poly_interpolate(p, points, values, 3, NULL) != NC_OK) return 1;
    for (int i = 0; i < 3; i++) {
        nc_gl_print(p[i], text);
        printf("coefficient %d: %s\n", i, text);
        sum = nc_gl_add(sum, p[i]);
    }
    nc_gl_trident_hash_fields(p, 3, digest);
    nc_gl_digest_hex(digest, hex);
    printf("nc_goldilocks %s: digest %s\n", NC_GL_VERSION, hex);
    return sum == nc_gl_poly_eval(p, 3, 1) && sum == 6 && p[0] == 3 && p[2] == 1 ? 0 : 1;
}
