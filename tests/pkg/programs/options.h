/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
#ifndef OPTIONS_H
#define OPTIONS_H

enum mode { QUIET, LOUD };

struct options {
    char letter;
    __int128 huge;
    unsigned __int128 vast;
    float ratio;
    enum mode mode;
    short number;
};

#endif
