// SPDX-License-Identifier: Apache-2.0
#include "embed/pack_file.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/attr.h"
#include "base/check.h"
#include "embed/calibration.h"

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22
#endif

static const char magic[8] = "GROVEPAK";

static_assert(sizeof(struct pack_key) == 80 && sizeof(struct pack_header) == 120,
              "headers are compared and written as they lie");
static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the file's numbers are used in place");

// Eight lanes, each of which a changed word changes for good, mixed at the end: against damage,
// not against malice. 64 bytes a step, as fast as memory is read.
static uint64_t checksum(const unsigned char *bytes, size_t size_bytes)
{
    uint64_t lanes[8];
    for (size_t i = 0; i < 8; i++)
        lanes[i] = 0x9e3779b97f4a7c15U * (i + 1) ^ size_bytes;
    size_t at = 0;
    for (; at + 64 <= size_bytes; at += 64) {
        uint64_t words[8];
        memcpy(words, bytes + at, sizeof words);
        for (size_t i = 0; i < 8; i++)
            lanes[i] = (lanes[i] ^ words[i]) * 0xff51afd7ed558ccdU;
    }
    for (; at < size_bytes; at++)
        lanes[at % 8] = (lanes[at % 8] ^ bytes[at]) * 0xff51afd7ed558ccdU;
    uint64_t hash = 0;
    for (size_t i = 0; i < 8; i++) {
        hash = (hash ^ lanes[i] ^ lanes[i] >> 32) * 0xc4ceb9fe1a85ec53U;
        hash ^= hash >> 29;
    }
    return hash;
}

void pack_header_init(struct pack_header *ret_header, const struct pack_key *key,
                      enum embed_precision precision, const unsigned char *payload)
{
    struct pack_header header = {
        .version = PACK_VERSION,
        .precision = (uint32_t)precision,
        .payload_bytes = pack_bytes(precision),
        .payload_checksum = checksum(payload, pack_bytes(precision)),
        .key = *key,
    };
    memcpy(header.magic, magic, sizeof magic);
    header.header_checksum =
        checksum((const unsigned char *)&header, offsetof(struct pack_header, header_checksum));
    *ret_header = header;
}

// All but what the payload holds.
static const char *check_header(const unsigned char *bytes, size_t size_bytes,
                                const struct pack_key *key, enum embed_precision precision)
{
    struct pack_header header;
    if (size_bytes < PACK_HEADER_BYTES)
        return "is truncated";
    memcpy(&header, bytes, sizeof header);
    if (memcmp(header.magic, magic, sizeof magic) != 0)
        return "is no pack";
    if (header.version != PACK_VERSION)
        return "is of another version";
    if (header.header_checksum != checksum(bytes, offsetof(struct pack_header, header_checksum)))
        return "has a damaged header";
    if (header.precision != (uint32_t)precision || header.payload_bytes != pack_bytes(precision))
        return "is of another precision";
    if (memcmp(&header.key, key, sizeof *key) != 0)
        return "was made from another model file";
    if (size_bytes != PACK_HEADER_BYTES + header.payload_bytes)
        return "is truncated";
    return NULL;
}

bool pack_is_whole(const unsigned char *payload)
{
    struct pack_header header;
    memcpy(&header, payload - PACK_HEADER_BYTES, sizeof header);
    return header.payload_checksum == checksum(payload, header.payload_bytes);
}

const char *pack_check(const unsigned char *bytes, size_t size_bytes, const struct pack_key *key,
                       enum embed_precision precision)
{
    const char *reason = check_header(bytes, size_bytes, key, precision);
    if (!reason && !pack_is_whole(bytes + PACK_HEADER_BYTES))
        reason = "is damaged";
    return reason;
}

// --- places -----------------------------------------------------------------------------------

static const char *kind_of(enum embed_precision precision)
{
    return precision == EMBED_F32 ? "f32" : "int8";
}

// <model's folder>/model.<kind>.<version>.pack; empty where that is too long.
static void path_beside(const struct pack_options *options, char ret_path[static PATH_MAX])
{
    const char *end = strrchr(options->model_path, '/');
    int folder_length = end ? (int)(end - options->model_path) + 1 : 0;
    int length = snprintf(ret_path, PATH_MAX, "%.*smodel.%s.%d.pack", folder_length,
                          options->model_path, kind_of(options->precision), PACK_VERSION);
    if (length < 0 || length >= PATH_MAX)
        ret_path[0] = '\0';
}

// <the user's cache>/grove/<hash of the model's path>.<kind>.<version>.pack; empty where there is
// none.
static void path_in_cache(const struct pack_options *options, char ret_path[static PATH_MAX])
{
    const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    bool own = cache && cache[0] == '/'; // a relative one is to be ignored
    char resolved[PATH_MAX], hex[SHA256_HEX_SIZE];
    ret_path[0] = '\0';
    if ((!own && !(home && home[0] == '/')) || !realpath(options->model_path, resolved))
        return;
    sha256_hex(text_of(resolved), hex);
    int length = snprintf(ret_path, PATH_MAX, "%s%s/grove/%.16s.%s.%d.pack", own ? cache : home,
                          own ? "" : "/.cache", hex, kind_of(options->precision), PACK_VERSION);
    if (length < 0 || length >= PATH_MAX)
        ret_path[0] = '\0';
}

void pack_seal_of(const char *path, char ret_seal[static PACK_SEAL_SIZE])
{
    struct stat status;
    ret_seal[0] = '\0';
    if (stat(path, &status) != 0)
        return;
    int length = snprintf(ret_seal, PACK_SEAL_SIZE, "%llu %lld %lld.%09ld %lld.%09ld %s",
                          (unsigned long long)status.st_ino, (long long)status.st_size,
                          (long long)status.st_mtim.tv_sec, status.st_mtim.tv_nsec,
                          (long long)status.st_ctim.tv_sec, status.st_ctim.tv_nsec, path);
    CHECK(length > 0 && length < PACK_SEAL_SIZE);
}

// A file that is being replaced just now may not be the one that is mapped: no seal is of it.
static bool map_described(const char *path, struct file_map *ret_map,
                          char ret_seal[static PACK_SEAL_SIZE])
{
    struct grove_error ignored;
    char after[PACK_SEAL_SIZE];
    pack_seal_of(path, ret_seal);
    if (file_map_open(path, ret_map, &ignored) != GROVE_OK)
        return false;
    pack_seal_of(path, after);
    if (strcmp(ret_seal, after) != 0)
        ret_seal[0] = '\0';
    return true;
}

static const char *check_place(const struct pack_options *options, const struct file_map *map,
                               const char *seal)
{
    if (!map->data)
        return "is empty";
    // Advice, where the system knows it: all pages at once, not one by one.
    (void)madvise((void *)(uintptr_t)map->data, map->size_bytes, MADV_POPULATE_READ);
    bool sealed = options->seal && seal[0] && strcmp(options->seal, seal) == 0;
    return (sealed ? check_header : pack_check)(map->data, map->size_bytes, &options->key,
                                                options->precision);
}

static bool map_place(const struct pack_options *options, const char *path, struct pack *ret_pack)
{
    struct file_map map;
    char seal[PACK_SEAL_SIZE];
    if (path[0] == '\0' || !map_described(path, &map, seal))
        return false;
    if (check_place(options, &map, seal)) {
        file_map_release(&map);
        return false;
    }
    *ret_pack = (struct pack){.payload = map.data + PACK_HEADER_BYTES, .map = map};
    snprintf(ret_pack->path, sizeof ret_pack->path, "%s", path);
    memcpy(ret_pack->seal, seal, sizeof ret_pack->seal);
    return true;
}

static void parent_of(const char *path, char ret_folder[static PATH_MAX])
{
    snprintf(ret_folder, PATH_MAX, "%s", path);
    char *end = strrchr(ret_folder, '/');
    CHECK(end);
    *end = '\0';
}

// Whoever can put a file into the folder says what the vectors are. Beside the model that is
// whoever could replace the model, too; elsewhere it must be this user alone.
static bool is_own_folder(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISDIR(status.st_mode) && status.st_uid == geteuid() &&
           (status.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

static bool map_any(const struct pack_options *options, struct pack *ret_pack)
{
    char path[PATH_MAX];
    path_beside(options, path);
    if (map_place(options, path, ret_pack))
        return true;
    char folder[PATH_MAX];
    path_in_cache(options, path);
    if (path[0] == '\0')
        return false;
    parent_of(path, folder);
    return is_own_folder(folder) && map_place(options, path, ret_pack);
}

static bool write_place(const struct pack *pack, size_t size_bytes, const char *path)
{
    struct grove_error ignored;
    struct text contents = {(const char *)pack->memory, size_bytes};
    return path[0] != '\0' && file_write(path, contents, 0644, &ignored) == GROVE_OK;
}

static bool make_parent(const char *path)
{
    struct grove_error ignored;
    char folder[PATH_MAX];
    if (path[0] == '\0')
        return false;
    parent_of(path, folder);
    return folder_make(folder, 0700, &ignored) == GROVE_OK && is_own_folder(folder);
}

// Writes the file where it can be written, and maps it in place of the memory it was made in.
static void move_to_file(const struct pack_options *options, struct pack *pack)
{
    char path[PATH_MAX];
    size_t size_bytes = PACK_HEADER_BYTES + pack_bytes(options->precision);
    path_beside(options, path);
    if (!write_place(pack, size_bytes, path)) {
        path_in_cache(options, path);
        if (!make_parent(path) || !write_place(pack, size_bytes, path))
            return;
    }
    unsigned char *memory = pack->memory;
    if (map_place(options, path, pack))
        mem_free(memory);
}

enum grove_code pack_open(const struct pack_options *options, struct pack *ret_pack,
                          struct grove_error *error)
{
    if (options->keep && map_any(options, ret_pack))
        return GROVE_OK;
    size_t size_bytes = PACK_HEADER_BYTES + pack_bytes(options->precision);
    unsigned char *memory = mem_alloc_aligned(PACK_HEADER_BYTES, size_bytes);
    if (!memory)
        return error_no_memory(error, "the model's weights");
    unsigned char *payload = memory + PACK_HEADER_BYTES;
    struct pack_samples *samples = NULL;
    enum grove_code code = GROVE_OK;
    if (options->precision == EMBED_REDUCED)
        code = calibration_run(options->model, &samples, error);
    if (code == GROVE_OK)
        code = pack_make(options->model, options->precision, samples, payload, error);
    mem_free(samples);
    if (code != GROVE_OK) {
        mem_free(memory);
        return code;
    }
    struct pack_header header;
    pack_header_init(&header, &options->key, options->precision, payload);
    memset(memory, 0, PACK_HEADER_BYTES);
    memcpy(memory, &header, sizeof header);
    struct pack pack = {.payload = payload, .memory = memory};
    if (options->keep)
        move_to_file(options, &pack);
    *ret_pack = pack;
    return GROVE_OK;
}

void pack_release(struct pack *pack)
{
    file_map_release(&pack->map);
    mem_free(pack->memory);
    *pack = (struct pack){0};
}
