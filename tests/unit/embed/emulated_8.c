// SPDX-License-Identifier: Apache-2.0
//
// As AVX2 with AVX-VNNI.
#define LANES 8
#define TILE_ROWS 6
#define TILE_PANELS 1
#define SIGN 0U
#include "emulated.h"
