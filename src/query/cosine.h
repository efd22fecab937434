// SPDX-License-Identifier: Apache-2.0
//
// How far from 1 rounding takes the cosine of two vectors, computed in double precision.
#ifndef GROVE_QUERY_COSINE_H
#define GROVE_QUERY_COSINE_H

#define COSINE_MAX (1 + 1e-9)

#endif
