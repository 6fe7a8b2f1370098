/* gl_hash: Poseidon2 digest (trident parameters) of files, read in pieces of any size.
   cc gl_hash.c -o gl_hash */
#include <stdio.h>
#include <string.h>
#define NC_IMPLEMENTATION
#include "../nc_goldilocks.h"
#include "cli.h"

static const char usage[] =
    "usage: gl_hash [--json] FILE...\n"
    "Prints the Poseidon2 digest (trident parameters) of each FILE as 64 hexadecimal digits.\n"
    "'-' reads standard input. Returns 0, 1 if a file could not be read, 2 on bad usage.\n";

/* Print one digest; *printed counts the lines so far. Returns 1 on an error. */
static int hash_file(const char *path, int json, int *printed) {
    unsigned char buffer[65536];
    unsigned long long bytes = 0;
    nc_gl_trident sponge;
    nc_gl digest[4];
    char hex[65];
    size_t got;
    int failed;
    FILE *file = strcmp(path, "-") ? fopen(path, "rb") : stdin;
    if (!file) return cli_fail(CLI_ERROR, "cannot open '%s': %s", path, strerror(errno));
    nc_gl_trident_init(&sponge);
    while ((got = fread(buffer, 1, sizeof buffer, file)) > 0) {
        nc_gl_trident_update(&sponge, buffer, got);
        bytes += got;
    }
    failed = ferror(file) ? errno : 0;
    if (file != stdin) fclose(file);
    if (failed) return cli_fail(CLI_ERROR, "cannot read '%s': %s", path, strerror(failed));
    nc_gl_trident_finish(&sponge, digest);
    nc_gl_digest_hex(digest, hex);
    if (json) {
        const char *c;
        printf("%s{\"file\": \"", *printed ? ",\n " : "");
        for (c = path; *c; c++) /* control characters have no place in a JSON string */
            printf(*c == '"' || *c == '\\' ? "\\%c" : (unsigned char)*c < 32 ? "?" : "%c", *c);
        printf("\", \"bytes\": %llu, \"digest\": \"%s\"}", bytes, hex);
    } else {
        printf("%s  %s\n", hex, path);
    }
    ++*printed;
    return 0;
}

int main(int argc, char **argv) {
    int i, json = 0, files = 0, printed = 0, failed = 0;
    argc = cli_begin(argc, argv, "gl_hash", usage);
    for (i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "--json")) {
            json = 1;
        } else if (argv[i][0] == '-' && argv[i][1]) {
            fprintf(stderr, "gl_hash: unknown option '%s'\n%s", argv[i], usage);
            return 2;
        } else {
            files++;
        }
    }
    if (!files) return fputs(usage, stderr), 2;
    if (json) printf("[");
    for (i = 1; i < argc; i++)
        if (strcmp(argv[i], "--json")) failed |= hash_file(argv[i], json, &printed);
    if (json) printf("]\n");
    return failed;
}
