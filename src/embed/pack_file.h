// SPDX-License-Identifier: Apache-2.0
//
// Packed weights (pack.h) in a file, so that each process maps them instead of making them.
//
//     code = pack_open(&options, &pack, error);
//     pack_view(pack.payload, precision, &packed);
//     ...
//     pack_release(&pack);
//
// Looked for, and written, as <model's folder>/model.int8.<version>.pack; else, where that folder
// cannot be written, as $XDG_CACHE_HOME/grove/<hash of the model's path>.int8.<version>.pack
// ($HOME/.cache where that variable is not set); where no folder can be written they stay in
// memory. In a cache folder that is another user's, or that others can write, nothing is looked for
// and nothing written. The version is PACK_VERSION, so that two versions of grove do not replace
// each other's; all of these files may be removed at any time.
//
//     0     struct pack_header, then zeros
//     4096  payload
//
// A file is used only when it was made from this model file, by this version of this format, and
// its checksums are right. Otherwise it is made anew and replaced in one step; any number of
// processes may do so at once.
//
// The payload's checksum takes longer than all else that opening does. Whoever keeps the seal of a
// pack, and gives it to the next process, spares that: the payload is not read while the file has
// the inode, the size and the times that it had when its checksum was right.
//
// Errors: GROVE_NO_MEMORY; GROVE_CORRUPT for weights that are not finite. A file that cannot be
// read or written is no error. Threads: any number may open; a pack is only read.
#ifndef GROVE_EMBED_PACK_FILE_H
#define GROVE_EMBED_PACK_FILE_H

#include <limits.h>

#include "base/digest.h"
#include "base/file.h"
#include "embed/pack.h"

enum {
    PACK_VERSION = 3, // of the format and of what pack_make makes
    PACK_HEADER_BYTES = 4096,
};

// Tells a model file from every other, and from what it was before it was replaced.
struct pack_key {
    uint64_t model_bytes;
    uint64_t inode;
    int64_t modified_s, modified_ns;           // the file's mtime
    int64_t changed_s, changed_ns;             // and ctime, which nobody sets
    unsigned char header_digest[SHA256_BYTES]; // of the safetensors header
};

struct pack_header {
    char magic[8];
    uint32_t version;
    uint32_t precision; // enum embed_precision
    uint64_t payload_bytes;
    uint64_t payload_checksum;
    struct pack_key key;
    uint64_t header_checksum; // of all before it
};

enum { PACK_SEAL_SIZE = PATH_MAX + 128 };

struct pack {
    const unsigned char *payload;
    struct file_map map;       // holds it,
    char path[PATH_MAX];       // of this file;
    unsigned char *memory;     // or this does
    char seal[PACK_SEAL_SIZE]; // of the file; "": none
};

struct pack_options {
    const struct model *model;
    enum embed_precision precision;
    struct pack_key key;
    const char *model_path;
    const char *seal; // as an earlier pack had it; NULL: none
    bool keep;        // false: neither looked for nor written
};

enum grove_code pack_open(const struct pack_options *options, struct pack *ret_pack,
                          struct grove_error *error);
void pack_release(struct pack *pack);

// NULL when the bytes are a pack of this model and precision, else what is wrong with them.
const char *pack_check(const unsigned char *bytes, size_t size_bytes, const struct pack_key *key,
                       enum embed_precision precision);

// Whether a payload that stands behind its header is what the header's checksum says.
bool pack_is_whole(const unsigned char *payload);

// What tells a file from what it was before it was changed or replaced: a line; "" where there is
// no such file.
void pack_seal_of(const char *path, char ret_seal[static PACK_SEAL_SIZE]);

// The header that pack_check wants in front of `payload`.
void pack_header_init(struct pack_header *ret_header, const struct pack_key *key,
                      enum embed_precision precision, const unsigned char *payload);

#endif
