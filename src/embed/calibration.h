// SPDX-License-Identifier: Apache-2.0
//
// What comes into each product of the model when ordinary texts pass through it: samples for
// rounding its weights (pack_int8.h).
//
//     code = calibration_run(&model, &samples, error);
//     ...
//     mem_free(samples);
//
// The texts are fixed: English of ten kinds, from a proverb's length to a line's. The bits are the
// same on every processor, and whatever GROVE_KERNELS says.
#ifndef GROVE_EMBED_CALIBRATION_H
#define GROVE_EMBED_CALIBRATION_H

#include "embed/pack.h"

// GROVE_NO_MEMORY; GROVE_CORRUPT where the weights make no finite vectors. Needs 55 MB meanwhile.
enum grove_code calibration_run(const struct model *model, struct pack_samples **ret_samples,
                                struct grove_error *error);

#endif
