// SPDX-License-Identifier: Apache-2.0
#include "cli/ids.h"

#include <string.h>

// grove gives ids from 1 on; a hand may have given others.
bool ids_is_one(const char *word)
{
    const char *digits = word[0] == '-' ? word + 1 : word;
    return digits[0] && digits[strspn(digits, "0123456789")] == '\0';
}

enum grove_code ids_read(struct session *session, const char *word, int32_t *ret,
                         struct grove_error *error)
{
    int64_t number;
    if (!ids_is_one(word)) {
        session_usage_error(session, error, "\"%.100s\" is not the id of a content", word);
        error_hint(error, "results of grove browse and grove search tell ids, as in \"id 5\"");
        return GROVE_INVALID;
    }
    if (!text_to_int64(text_of(word), &number) || number < INT32_MIN || number > INT32_MAX)
        return session_usage_error(session, error, "no content has the id %.100s", word);
    *ret = (int32_t)number;
    return GROVE_OK;
}

enum grove_code ids_read_all(struct session *session, char *const *words, size_t word_count,
                             int32_t *ret, size_t *ret_count, struct grove_error *error)
{
    size_t count = 0;
    enum grove_code code = GROVE_OK;
    while (code == GROVE_OK && count < word_count && count < IDS_MAX && ids_is_one(words[count])) {
        code = ids_read(session, words[count], &ret[count], error);
        count++;
    }
    *ret_count = count;
    return code;
}
