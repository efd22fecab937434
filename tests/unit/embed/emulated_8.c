// SPDX-License-Identifier: Apache-2.0
//
// As AVX2 with AVX-VNNI, but for smaller tiles.
#define LANES 8
#define TILE_ROWS 3
#define TILE_PANELS 1
#define SIGN 0U
#include "emulated.h"
