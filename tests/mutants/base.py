# SPDX-License-Identifier: Apache-2.0
"""Mutants of src/base: memory, errors, files, time."""

from mutant import Mutant

MUTANTS = [
    Mutant(
        name="arena-without-maximum",
        guards="src/base/README 1",
        file="src/base/arena.c",
        find="if (rounded > arena->bytes_max - arena->used_bytes)",
        replace="if (rounded > SIZE_MAX - arena->used_bytes)",
        killer="u_memory:arena_bound",
    ),
    Mutant(
        name="buffer-without-maximum",
        guards="src/base/README 1",
        file="src/base/strbuf.c",
        find="if (size_bytes >= buffer->bytes_max || "
             "buffer->length > buffer->bytes_max - size_bytes - 1) {",
        replace="if (size_bytes >= SIZE_MAX / 2) {",
        killer="u_memory:strbuf_grows_and_stops",
    ),
    Mutant(
        name="file-read-without-maximum",
        guards="src/base/README 1",
        file="src/base/file.c",
        find="if (status.st_size < 0 || (size_t)status.st_size > bytes_max)",
        replace="if (status.st_size < 0 || bytes_max == 0)",
        killer="u_file:a_file_is_replaced_and_read",
    ),
    Mutant(
        name="allocation-size-overflows",
        guards="src/base/README 1",
        file="src/base/arena.c",
        find="if (__builtin_mul_overflow(count, size_bytes, &total))",
        replace="if (__builtin_mul_overflow(count, size_bytes, &total) && false)",
        killer="u_memory:arena_bound",
    ),
    Mutant(
        name="failed-number-is-written",
        guards="src/base/README 2",
        file="src/base/text.c",
        find="    if (!negative && value == INT64_MIN)\n",
        replace="    *ret_value = value;\n    if (!negative && value == INT64_MIN)\n",
        killer="u_text:numbers",
    ),
    Mutant(
        name="strbuf-failure-forgotten",
        guards="src/base/README 2",
        file="src/base/strbuf.c",
        find="    if (buffer->failed)\n        return NULL;\n    if (size_bytes",
        replace="    if (size_bytes",
        killer="u_memory:strbuf_grows_and_stops",
    ),
    Mutant(
        name="context-replaces-context",
        guards="src/base/README 3",
        file="src/base/error.c",
        find="    size_t length = strlen(error->context);\n    if (length > 0",
        replace="    size_t length = 0;\n    if (length > 0",
        killer="u_error:filling_in",
    ),
    Mutant(
        name="character-cut-in-half",
        guards="src/base/README 4",
        file="src/base/error.c",
        find="            if (length - start < wanted)",
        replace="            if (length - start < wanted - wanted)",
        killer="u_error:cut_at_a_character",
    ),
    Mutant(
        name="file-not-synced",
        guards="src/base/README 5",
        file="src/base/file.c",
        find="    if (fsync(fd) != 0)\n",
        replace="    if (fd < 0)\n",
        killer="u_file:contents_are_on_disk_before_the_name",
    ),
    Mutant(
        name="failed-rename-goes-unnoticed",
        guards="src/base/README 5",
        file="src/base/file.c",
        find="if (code == GROVE_OK && rename(temporary, path) != 0)",
        replace="if (code == GROVE_OK && rename(temporary, path) != 0 && false)",
        killer="u_file:what_fails_changes_nothing",
    ),
    Mutant(
        name="failed-write-leaves-its-file",
        guards="src/base/README 5",
        file="src/base/file.c",
        find="    if (code != GROVE_OK)\n        unlink(temporary);\n    return code;",
        replace="    return code;",
        killer="u_file:what_fails_changes_nothing",
    ),
    Mutant(
        name="time-that-does-not-fit-is-read",
        guards="src/base/README: clock",
        file="src/base/clock.c",
        find="        timestamp_us == CLOCK_INFINITY || timestamp_us <= CLOCK_MINUS_INFINITY)",
        replace="        timestamp_us == days)",
        killer="u_clock:timestamps",
    ),
]
