// SPDX-License-Identifier: Apache-2.0
#ifndef GROVE_CONTENT_SAMPLE_H
#define GROVE_CONTENT_SAMPLE_H

#include "base/asset.h"

extern const struct asset sample_files[]; // data/*.jsonl

#endif
