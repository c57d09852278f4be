/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
#ifndef FLOOD_H
#define FLOOD_H

struct flood {
    unsigned long long number;
    unsigned long long padding[15];
};

#endif
