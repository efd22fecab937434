// SPDX-License-Identifier: Apache-2.0
//
// Times as tables have them, in the one form that records have.
//
//     if (date_normalise(text_of("Tue, 5 Mar 2024 12:00:00 GMT"), time))
//         puts(time);                                         // 2024-03-05T12:00:00Z
#ifndef GROVE_CONTENT_DATE_H
#define GROVE_CONTENT_DATE_H

#include "base/clock.h"

enum { DATE_SIZE = 64 };

// Reads what clock_parse_timestamp does; 2024/03/05, with a time or not, and 20240305; seconds
// since 1970 in 9 to 11 digits, 1709640000 or 1709640000.25, thousandths of them in 12 to 14 and
// millionths in 15 to 17; English months, whole or three letters of them: 5 Mar 2024,
// March 5th, 2024, 05-Mar-2024; Tue, 05 Mar 2024 12:00:00 GMT, or +0100 for GMT, as RFC 5322 has
// it, and Tue Mar  5 12:00:00 2024, as ctime writes it.
//
// False for all else, so for 05/03/2024: which is the month nobody can tell.
bool date_normalise(struct text text, char ret_text[static DATE_SIZE]) GROVE_MUST_CHECK;

#endif
