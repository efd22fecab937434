// SPDX-License-Identifier: Apache-2.0
//
// Compiler attributes under short names.
#ifndef GROVE_BASE_ATTR_H
#define GROVE_BASE_ATTR_H

#define GROVE_PRINTF(template_at, first) __attribute__((format(printf, template_at, first)))
#define GROVE_MUST_CHECK __attribute__((warn_unused_result))
#define GROVE_API __attribute__((visibility("default")))

// Runs `release(&variable)` when the variable leaves its scope.
#define GROVE_CLEANUP(release) __attribute__((cleanup(release)))

#define ARRAY_COUNT(a) (sizeof(a) / sizeof((a)[0]))

#endif
