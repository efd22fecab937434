// SPDX-License-Identifier: Apache-2.0
// Whether the stores of a home, or those that the environment names, keep the invariants of
// sql/README.md. Exits with 1 and says which are broken.
#include <stdio.h>

#include "api/handle.h"
#include "sync/outbox_check.h"

int main(void)
{
    struct grove *grove = NULL;
    struct grove_error error;
    enum grove_code code = grove_open(NULL, &grove, &error);
    if (code == GROVE_OK)
        code = handle_ready(grove, NULL, &error);
    if (code == GROVE_OK)
        code = outbox_check(&grove->store, &error);
    if (code == GROVE_OK)
        code = outbox_check_projection(&grove->store, &error);
    if (code != GROVE_OK)
        fprintf(stderr, "%s: %s\n", error.message, error.detail);
    grove_close(grove);
    return code == GROVE_OK ? 0 : 1;
}
