/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* One of each kind of type. */
#ifndef TYPES_H
#define TYPES_H

enum color { RED = 1, BLUE = -2 };

struct everything {
    signed char tiny;
    unsigned short small;
    int number;
    unsigned long long large;
    __int128 huge;
    unsigned __int128 vast;
    _Bool yes;
    enum color color;
    enum color strange;
    char text[16];
    struct {
        int x;
        int y[2];
    } nested;
    unsigned bits : 3;
    int sign : 5;
    void* pointer;
    union {
        int either;
        unsigned other;
    };
};

#endif
