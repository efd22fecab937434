// SPDX-License-Identifier: Apache-2.0
//
// The type ids (pg_type.oid) of what goes to and comes from PostgreSQL; built-in types keep theirs
// for ever (src/include/catalog/pg_type.dat in PostgreSQL's sources).
#ifndef GROVE_PG_TYPES_H
#define GROVE_PG_TYPES_H

enum pg_type {
    PG_BOOL = 16,
    PG_BYTEA = 17,
    PG_NAME = 19,
    PG_INT8 = 20,
    PG_INT2 = 21,
    PG_INT4 = 23,
    PG_TEXT = 25,
    PG_OID = 26,
    PG_JSON = 114,
    PG_FLOAT4 = 700,
    PG_FLOAT8 = 701,
    PG_BPCHAR = 1042,
    PG_VARCHAR = 1043,
    PG_TIMESTAMP = 1114,
    PG_TIMESTAMPTZ = 1184,
    PG_BYTEA_ARRAY = 1001,
    PG_INT4_ARRAY = 1007,
    PG_TEXT_ARRAY = 1009,
    PG_VARCHAR_ARRAY = 1015,
    PG_INT8_ARRAY = 1016,
    PG_FLOAT8_ARRAY = 1022,
    PG_TIMESTAMP_ARRAY = 1115,
};

// 2000-01-01 00:00 UTC, from where PostgreSQL counts.
#define PG_EPOCH_US INT64_C(946684800000000)

// Timestamps, in microseconds since then: the first (4714-11-24 BC), and the first that is too late
// (294277-01-01); and those that are no times, and stand before and after all others.
#define PG_FIRST_US (-INT64_C(211813488000000000))
#define PG_END_US INT64_C(9223371331200000000)
#define PG_MINUS_INFINITY INT64_MIN
#define PG_INFINITY INT64_MAX

#endif
