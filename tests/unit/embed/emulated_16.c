// SPDX-License-Identifier: Apache-2.0
//
// As AVX-512 with VNNI.
#define LANES 16
#define TILE_ROWS 12
#define TILE_PANELS 2
#define SIGN 0U
#include "emulated.h"
