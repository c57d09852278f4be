#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Writes the seeds of decoder_fuzz: one small stream of slots a file, as contract/wire.h lays them
out, behind a byte that chooses the history length. To be run again when the contract changes:

    tests/fuzz/make_decoder_corpus.py tests/fuzz/corpus/decoder
"""
import pathlib
import struct
import sys

RUN, THROTTLE, WAIT_A, WAIT_B = 1, 2, 3, 4
UNSTAMPED, NO_BASE, WAKER, WAKER_IRQ = 1, 2, 8, 16
GROUP = 0xFFFF888100A0B000


def slot(layout, *fields):
    packed = struct.pack("<" + layout, *fields)
    assert len(packed) == 64, len(packed)
    return packed


def run(seq, end, tid=31, pid=31, comm=b"hog", policy=0, prio=120, irq=0, steal=0):
    return slot("BBhIQII16sQQQ", RUN, policy, prio, seq, end, tid, pid, comm, 3, irq, steal)


def throttle(seq, end, total, ago, since=0, group=GROUP):
    return slot("B3xIQQQQQ16x", THROTTLE, seq, end, group, total, ago, since)


def wait(seq, here, elsewhere=0, flags=0, group=0, comm=b"victim", prio=120):
    a = slot("BBhIQQQII16sQ", WAIT_A, 0, prio, seq, 987654, here, elsewhere, 42, 40, comm, 17)
    b = slot("BBHIQQQII16s8x", WAIT_B, flags, 0, 1, 18, group, 0, 71, 70, b"waker")
    return a + b


TOP32 = 2**32 - 1
TOP64 = 2**64 - 1
STREAMS = {
    "one_wait": [run(1, 1000, 0, 0, b"swapper/1"), run(2, 1500), wait(2, 700)],
    "moved_unstamped_unverified": [
        run(1, 1000), run(2, 1500), wait(2, 400, 9000, UNSTAMPED | NO_BASE)],
    "wakers": [run(1, 1000), wait(1, 10, flags=WAKER),
               run(2, 1100), wait(2, 10, flags=WAKER | WAKER_IRQ)],
    "throttled": [run(1, 1000), run(2, 9000, 0, 0), throttle(3, 9000, 5000, 6000),
                  wait(2, 8000, group=GROUP), run(4, 9500, 42, 40, b"victim"),
                  throttle(5, 9500, 10, 400), wait(4, 500, group=GROUP)],
    "throttled_new": [run(1, 1000), run(2, 9000),
                      throttle(3, 9000, TOP64, 3000), wait(2, 8000, group=GROUP)],
    "irq_and_steal": [run(1, 1000, irq=100, steal=50), run(2, 2000, irq=400, steal=250),
                      run(3, 2100, 44, 40, b"self", irq=990, steal=9000), wait(3, 900)],
    "seq_wraps": [run(TOP32 - 1, 10), run(TOP32, 20, 5), throttle(0, 20, 3, 3), run(1, 30, 6),
                  wait(1, 25)],
    "gap": [run(1, 10), run(5, 300, 9), run(6, 400), wait(6, 350)],
    "clock_goes_back": [run(1, 1000), run(2, 900), run(3, 950), wait(3, 400)],
    "classes": [run(1, 10), run(2, 500, 50, 50, b"fifo", 1, 49),
                run(3, 900, 51, 51, b"dl", 6, -1), run(4, 950, 12, 12, b"kworker/0:1", 0x80),
                wait(4, 800, prio=98)],
    "comm_without_nul": [run(1, 100, comm=b"x" * 16),
                         wait(1, 50, flags=WAKER, comm=b"\xff\x1b[2J" + b"y" * 11)],
    "same_place_in_the_table": [run(i, i * 10, 7 + 1024 * (i % 3)) for i in range(1, 12)]
                               + [wait(11, 95)],
    "huge": [run(0, 0), run(1, TOP64, irq=TOP64, steal=TOP64), wait(1, TOP64),
             wait(1, TOP64 - 1), wait(1, 5, TOP64)],
    "huge_throttling": [run(1, 1000), throttle(2, TOP64, TOP64, TOP64), run(3, TOP64),
                        throttle(4, 5000, TOP64, 1), wait(3, TOP64, group=GROUP)],
    "half_a_wait": [run(1, 10), wait(1, 5)[:64], run(2, 20), wait(2, 5)],
    "second_half_alone": [run(1, 10), wait(1, 5)[64:], run(2, 20), wait(2, 5)],
    "zeroes": [bytes(128)],
}


def main():
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for number, (name, slots) in enumerate(STREAMS.items()):
        (folder / name).write_bytes(bytes([number % 8]) + b"".join(slots))


main()
