// SPDX-License-Identifier: Apache-2.0
//
// What can go wrong, and how a caller hears of it.
//
// Every fallible function returns an `enum grove_code` (0 = success) and takes as its last
// argument a caller-owned `struct grove_error *`, never NULL, which it writes only on failure.
// The buffers are fixed, so that reporting works when memory does not. Messages never carry
// passwords, keys or tokens.
//
// Branch on `code` and `retry`, never on the text.
#ifndef GROVE_ERROR_H
#define GROVE_ERROR_H

#ifdef __cplusplus
extern "C" {
#endif

enum grove_code {
    GROVE_OK = 0,
    GROVE_INVALID,     // the caller's input: a value, a path, a file's contents
    GROVE_NOT_FOUND,   // a tree, path, file or row that does not exist
    GROVE_CONFLICT,    // it exists already, or a constraint forbids it
    GROVE_DENIED,      // permission, authentication
    GROVE_UNSUPPORTED, // a server or file of a kind or version grove does not work with
    GROVE_UNAVAILABLE, // a server is not reachable or went away
    GROVE_TIMEOUT,     // it took longer than allowed
    GROVE_CANCELLED,   // the caller asked to stop
    GROVE_LIMIT,       // a bound of grove's own was reached
    GROVE_NO_MEMORY,   //
    GROVE_IO,          // file system: full disk, unwritable folder, short read
    GROVE_CORRUPT,     // stored data is not what it should be: wrong hash, damaged file
    GROVE_DATABASE,    // PostgreSQL reported an error of another kind
    GROVE_ENGINE,      // the vector engine reported an error of another kind
    GROVE_INTERNAL,    // a bug in grove
    GROVE_CODE_COUNT   // not a code: how many there are
};

// May the same call be tried again?
enum grove_retry {
    GROVE_RETRY_NEVER = 0, // not without changing something
    GROVE_RETRY_LATER,     // yes, after a pause
};

// Which part reported it first.
enum grove_origin {
    GROVE_ORIGIN_GROVE = 0,
    GROVE_ORIGIN_POSTGRES,
    GROVE_ORIGIN_QDRANT,
    GROVE_ORIGIN_SYSTEM,
};

struct grove_error {
    enum grove_code code;
    enum grove_retry retry;
    enum grove_origin origin;
    int http_status;   // the vector engine's, 0 where there was none
    char sqlstate[6];  // PostgreSQL's, "" where there was none
    char message[512]; // what failed, which value, why; lower case, no full stop
    char detail[512];  // more of the same, may be ""
    char hint[512];    // what to do about it, may be ""
    char context[512]; // what grove was doing, innermost first, parts joined by "; "
};

// Facts about one code, from one table.
struct grove_code_info {
    enum grove_code code;
    const char *name; // stable, machine-readable: "invalid", "not_found", ...
    int exit_status;  // of the grove command; never 1 or 15, which tell what was measured or loaded
    int http_status;  // of the server
    const char *summary;
};

// Never NULL: an unknown code is described as GROVE_INTERNAL.
__attribute__((visibility("default"))) const struct grove_code_info *
grove_code_info(enum grove_code code);

// The origin's stable name: "grove", "postgres", "qdrant", "system".
__attribute__((visibility("default"))) const char *grove_origin_name(enum grove_origin origin);

#ifdef __cplusplus
}
#endif
#endif
