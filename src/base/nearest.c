// SPDX-License-Identifier: Apache-2.0
#include "base/nearest.h"

#include <stdlib.h>

enum { BYTES_MAX = 64 };

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static unsigned least(unsigned a, unsigned b, unsigned c)
{
    unsigned least_of_two = a < b ? a : b;
    return c < least_of_two ? c : least_of_two;
}

unsigned nearest_distance(struct text a, struct text b)
{
    size_t rows = a.length < BYTES_MAX ? a.length : BYTES_MAX;
    size_t columns = b.length < BYTES_MAX ? b.length : BYTES_MAX;
    unsigned cost[BYTES_MAX + 1][BYTES_MAX + 1];
    for (size_t i = 0; i <= rows; i++)
        cost[i][0] = (unsigned)i;
    for (size_t j = 0; j <= columns; j++)
        cost[0][j] = (unsigned)j;
    for (size_t i = 1; i <= rows; i++) {
        for (size_t j = 1; j <= columns; j++) {
            char x = lower(a.data[i - 1]), y = lower(b.data[j - 1]);
            cost[i][j] =
                least(cost[i - 1][j] + 1, cost[i][j - 1] + 1, cost[i - 1][j - 1] + (x != y));
            if (i > 1 && j > 1 && x == lower(b.data[j - 2]) && y == lower(a.data[i - 2]) &&
                cost[i - 2][j - 2] + 1 < cost[i][j])
                cost[i][j] = cost[i - 2][j - 2] + 1;
        }
    }
    return cost[rows][columns];
}

bool nearest_is_alike(struct text a, struct text b)
{
    size_t shorter = a.length < b.length ? a.length : b.length;
    return nearest_distance(a, b) <= (shorter < 6 ? 1 : shorter / 3);
}

static int compare_bytes(struct text a, struct text b)
{
    int order = memcmp(a.data, b.data, a.length < b.length ? a.length : b.length);
    return order ? order : (a.length > b.length) - (a.length < b.length);
}

void nearest_sort(struct text wanted, struct text *names, size_t count)
{
    // Lists are short: insertion sort needs no memory and no global for the comparison.
    for (size_t i = 1; i < count; i++) {
        struct text name = names[i];
        unsigned distance = nearest_distance(wanted, name);
        size_t j = i;
        for (; j > 0; j--) {
            unsigned other = nearest_distance(wanted, names[j - 1]);
            if (other < distance || (other == distance && compare_bytes(names[j - 1], name) <= 0))
                break;
            names[j] = names[j - 1];
        }
        names[j] = name;
    }
}
