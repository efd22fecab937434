// SPDX-License-Identifier: Apache-2.0
#include "vector/fingerprint.h"

#include <assert.h>

#include "base/check.h"
#include "base/digest.h"
#include "vector/direction.h"
#include "vector/point.h"

enum { PAYLOAD_BYTES_MAX = 1 << 20 };

static void add_number(struct strbuf *bytes, int64_t number)
{
    strbuf_add_bytes(bytes, &number, sizeof number);
}

void fingerprint_add(struct strbuf *bytes, int32_t content_id, int64_t revision)
{
    add_number(bytes, content_id);
    add_number(bytes, revision);
}

void fingerprint_add_whole(struct strbuf *bytes, const struct vector_point *point)
{
    float numbers[VECTOR_DIMENSION];
    struct strbuf payload;
    strbuf_init(&payload, PAYLOAD_BYTES_MAX);
    point_add_payload(&payload, point);
    point_direction(point->vector, numbers);
    add_number(bytes, point->content_id);
    add_number(bytes, (int64_t)payload.length);
    strbuf_add_text(bytes, strbuf_text(&payload));
    strbuf_add_bytes(bytes, numbers, sizeof numbers);
    bytes->failed |= payload.failed;
    strbuf_release(&payload);
}

bool fingerprint_end(const struct strbuf *bytes, uint64_t points, struct vector_digest *ret)
{
    ret->known = true;
    ret->points = points;
    static_assert(sizeof ret->hex == SHA256_HEX_SIZE, "a digest fits");
    sha256_hex(strbuf_text(bytes), ret->hex);
    return !bytes->failed;
}
