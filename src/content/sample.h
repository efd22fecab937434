// SPDX-License-Identifier: Apache-2.0
#ifndef GROVE_CONTENT_SAMPLE_H
#define GROVE_CONTENT_SAMPLE_H

#include "base/asset.h"
#include "base/text.h"

extern const struct asset sample_files[]; // data/*.jsonl

// The text of data/<name>; a name that is not there is a bug.
struct text sample_file(const char *name);

#endif
