// SPDX-License-Identifier: Apache-2.0
//
// As AVX-512 with VNNI, but for smaller tiles: those of 12 rows take minutes to compile.
#define LANES 16
#define TILE_ROWS 4
#define TILE_PANELS 2
#define SIGN 0U
#include "emulated.h"
