/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
#ifndef FIRST_H
#define FIRST_H

struct first {
    unsigned long long number;
};

#endif
