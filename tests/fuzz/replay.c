// SPDX-License-Identifier: Apache-2.0
//
// Runs a fuzz target over the files of a folder: the corpus as plain tests. Every input is also
// run cut at each of its first 64 bytes and with each of them flipped.
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes);

enum { INPUT_BYTES_MAX = 1 << 20, VARIED_BYTES = 64 };

// A copy of exactly the input's size, so that reading beyond it is seen.
static void run(const uint8_t *data, size_t size_bytes)
{
    uint8_t *copy = malloc(size_bytes ? size_bytes : 1);
    if (!copy)
        abort();
    memcpy(copy, data, size_bytes);
    LLVMFuzzerTestOneInput(copy, size_bytes);
    free(copy);
}

static void run_with_variations(uint8_t *data, size_t size_bytes)
{
    run(data, size_bytes);
    for (size_t i = 0; i < size_bytes && i < VARIED_BYTES; i++) {
        run(data, i);
        data[i] ^= 0x80;
        run(data, size_bytes);
        data[i] ^= 0x80;
    }
}

int main(int argument_count, char **arguments)
{
    static uint8_t data[INPUT_BYTES_MAX];
    DIR *folder = argument_count == 2 ? opendir(arguments[1]) : NULL;
    unsigned count = 0;
    if (!folder) {
        fprintf(stderr, "usage: %s FOLDER\n", arguments[0]);
        return 2;
    }
    for (struct dirent *entry; (entry = readdir(folder));) {
        char path[4096];
        snprintf(path, sizeof path, "%s/%s", arguments[1], entry->d_name);
        FILE *file = entry->d_name[0] == '.' ? NULL : fopen(path, "rb");
        if (!file)
            continue;
        run_with_variations(data, fread(data, 1, sizeof data, file));
        fclose(file);
        count++;
    }
    closedir(folder);
    printf("%u inputs\n", count);
    return count > 0 ? 0 : 1;
}
