// SPDX-License-Identifier: Apache-2.0
//
// As arm64's NEON, with products of signed bytes.
#define LANES 4
#define TILE_ROWS 6
#define TILE_PANELS 1
#define SIGN 0x80U
#include "emulated.h"
