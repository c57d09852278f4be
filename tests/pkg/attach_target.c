// SPDX-License-Identifier: BSD-2-Clause
// A process to put probes on: calls a function of its own, and passes a marker in it, for ever.
#include <unistd.h>

// The note that describes the marker: where it is, that it needs no semaphore, whose it is.
#define MARKER(provider, name)                         \
    __asm__ volatile(                                  \
        "990: nop\n"                                   \
        ".pushsection .note.stapsdt, \"\", \"note\"\n" \
        ".balign 4\n"                                  \
        ".4byte 992f - 991f, 994f - 993f, 3\n"         \
        "991: .asciz \"stapsdt\"\n"                    \
        "992: .balign 4\n"                             \
        "993: .8byte 990b, 0, 0\n"                     \
        ".asciz \"" #provider "\"\n.asciz \"" #name    \
        "\"\n.asciz \"\"\n"                            \
        "994: .balign 4\n"                             \
        ".popsection\n")

__attribute__((noinline)) void probe_me(void) {
    MARKER(rqs, probe_me);
}

int main(void) {
    for (;;) {
        probe_me();
        usleep(5000);
    }
}
