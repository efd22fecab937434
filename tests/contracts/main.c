// SPDX-License-Identifier: Apache-2.0
//
// Names the calling sequences that were compiled. Fails when there is none, or one twice: then the
// extractor has lost its way.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "contracts/contracts.h"

int main(void)
{
    for (size_t i = 0; i < contract_count; i++) {
        printf("%s\n", contracts[i].where);
        for (size_t j = 0; j < i; j++)
            if (strcmp(contracts[i].where, contracts[j].where) == 0) {
                fprintf(stderr, "%s: twice\n", contracts[i].where);
                return EXIT_FAILURE;
            }
    }
    printf("%zu calling sequences\n", contract_count);
    return contract_count > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
