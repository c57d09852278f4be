#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Writes the seeds of decoder_fuzz: one small ring a file, as contract/wire.h lays its groups out,
behind two bytes: how many runs are remembered, and where in the ring the slots begin. To be run
again when the contract changes; what is in the folder from before is removed:

    tests/fuzz/make_decoder_corpus.py tests/fuzz/corpus/decoder
"""
import pathlib
import struct
import sys

RUN, THROTTLE, WAIT_A, WAIT_B = 1, 2, 3, 4
UNSTAMPED, NO_BASE, WAKER, WAKER_IRQ = 1, 2, 4, 8
PREEMPTED, YIELDED, CREATED, UNKNOWN = (kind << 4 for kind in (1, 2, 3, 4))
BLOCKED, STOPPED, DEAD, LEFT_PREEMPTED, LEFT_YIELDED = (left << 4 for left in (1, 2, 3, 4, 5))
KTHREAD = 0x80
GROUP = 0x12340001
TOP16 = 2**16 - 1
TOP32 = 2**32 - 1
TOP48 = 2**48 - 1
TOP64 = 2**64 - 1


def slot(layout, *fields):
    packed = struct.pack("<" + layout, *fields)
    assert len(packed) == 64, len(packed)
    return packed


def run(seq, end, tid=31, pid=31, comm=b"hog", policy=0, prio=120, irq=0, steal=0):
    return slot("BBhIQII16sQIIHHI", RUN, policy, prio, seq, end, tid, pid, comm, 3,
                irq & TOP32, steal & TOP32, irq >> 32, steal >> 32, 1)


def throttle(seq, end, total, ago, since=0, group=GROUP):
    return slot("B3xIQQQQQ16x", THROTTLE, seq, end, group, total, ago, since)


def wait(seq, here, count, first=0, elsewhere=0, flags=0, group=0, comm=b"victim", prio=120):
    a = slot("BBhIQQQII16sQ", WAIT_A, 0, prio, seq, 987654, here, elsewhere, 42, 40, comm, 17)
    b = slot("BBHHHQIIQQII16s", WAIT_B, flags, count, first, 1, 18, group, 1, 5000, 6000, 71, 70,
             b"waker")
    return a + b


def group_of(seq, here, history, first=0, **more):
    """A wait and its history, which is given oldest first and lies in a circle from `first` on."""
    cut = len(history) - first
    laid_out = history[cut:] + history[:cut]
    return wait(seq, here, len(history), first, **more) + b"".join(laid_out)


RINGS = {
    "one_wait": [group_of(2, 700, [run(1, 1000, 0, 0, b"swapper/1"), run(2, 1500)])],
    "first_of_all": [group_of(1, 900, [run(0, 4800), run(1, 5000)])],
    "first_again_in_between": [
        group_of(1, 500, [run(7, 4400), run(8, 4700), run(0, 4800), run(1, 5000)])],
    "circle": [group_of(8, 650, [run(i, i * 100, 30 + i) for i in range(1, 9)], first=5)],
    "moved_unstamped_unverified": [
        group_of(2, 400, [run(1, 1000), run(2, 1500)], elsewhere=9000,
                 flags=UNSTAMPED | NO_BASE | UNKNOWN)],
    "wakers": [group_of(1, 10, [run(1, 1000)], flags=WAKER),
               group_of(2, 10, [run(2, 1100)], flags=WAKER | WAKER_IRQ | CREATED)],
    "left": [group_of(6, 55, [run(i, i * 10, 30 + i, policy=left) for i, left in enumerate(
        [0, BLOCKED, STOPPED, DEAD, LEFT_PREEMPTED, LEFT_YIELDED, 0x70])], flags=PREEMPTED),
             group_of(7, 9, [run(7, 70)], flags=YIELDED)],
    "throttled": [
        group_of(2, 8000, [run(1, 1000), run(2, 9000, 0, 0), throttle(3, 9000, 5000, 6000)],
                 group=GROUP),
        group_of(4, 500, [run(4, 9500, 42, 40, b"victim"), throttle(5, 9500, 10, 400)],
                 group=GROUP)],
    "throttled_often": [
        group_of(2, 8000, [run(1, 1000), run(2, 9000), throttle(3, 9000, 5000, 300, 2000)],
                 group=GROUP)],
    "throttled_new": [
        group_of(2, 8000, [run(1, 1000), run(2, 9000), throttle(3, 9000, TOP64, 3000)],
                 group=GROUP)],
    "throttled_in_pieces": [
        group_of(6, 700, [run(0, 100), run(1, 300, 7), throttle(2, 300, 50, 100),
                          run(3, 500, 8), throttle(4, 500, 20, 90), run(5, 600, 7),
                          run(6, 800, 9)], group=GROUP)],
    "irq_and_steal": [
        group_of(3, 900, [run(1, 1000, irq=100, steal=50), run(2, 2000, irq=400, steal=250),
                          run(3, 2100, 44, 40, b"self", irq=990, steal=9000)])],
    "counters_wrap": [
        group_of(2, 900, [run(1, 1000, irq=TOP48 - 5, steal=TOP48),
                          run(2, 2000, irq=200, steal=100)])],
    "seq_wraps": [
        group_of(1, 25, [run(TOP32 - 1, 10), run(TOP32, 20, 5), throttle(0, 20, 3, 3),
                         run(1, 30, 6)])],
    "gap": [group_of(1, 5, [run(1, 10)]), group_of(6, 350, [run(5, 300, 9), run(6, 400)])],
    "gap_before_a_look": [
        group_of(1, 5, [run(1, 10)]),
        group_of(7, 650, [throttle(5, 300, 20, 30), run(6, 400), run(7, 700)], group=GROUP)],
    "clock_goes_back": [group_of(3, 400, [run(1, 1000), run(2, 900), run(3, 950)])],
    "classes": [
        group_of(4, 800, [run(1, 10), run(2, 500, 50, 50, b"fifo", 1, 49),
                          run(3, 900, 51, 51, b"dl", 6, -1),
                          run(4, 950, 12, 12, b"kworker/0:1", KTHREAD)], prio=98)],
    "changes_class": [
        group_of(4, 800, [run(1, 10), run(2, 300, 50, 50, prio=49), run(3, 500, 50, 50, prio=120),
                          run(4, 950, 50, 50, prio=60)])],
    "comm_without_nul": [
        group_of(1, 50, [run(1, 100, comm=b"x" * 16)], flags=WAKER,
                 comm=b"\xff\x1b[2J" + b"y" * 11)],
    "many_tasks": [group_of(40, 380, [run(i, i * 10, 7 + i % 9, 7 + i % 3) for i in range(41)])],
    "same_place_in_the_table": [
        group_of(11, 95, [run(i, i * 10, 7 + 1024 * (i % 3)) for i in range(1, 12)])],
    "huge": [group_of(1, TOP64, [run(0, 0), run(1, TOP64, irq=TOP48, steal=TOP48)]),
             group_of(2, TOP64 - 1, [run(2, TOP64)]), group_of(3, 5, [run(3, TOP64)],
                                                              elsewhere=TOP64)],
    "huge_throttling": [
        group_of(3, TOP64, [run(1, 1000), throttle(2, TOP64, TOP64 - 1, TOP64), run(3, TOP64),
                            throttle(4, 5000, TOP64 - 1, 1)], group=GROUP)],
    "no_history": [wait(1, 5, 0), group_of(1, 5, [run(1, 10)])],
    "too_long": [wait(1, 5, TOP16), run(1, 10)],
    "circle_from_outside": [wait(1, 5, 1, 1), run(1, 10)],
    "another_switch": [group_of(5, 5, [run(1, 10), run(2, 20)])],
    "half_a_wait": [group_of(1, 5, [run(1, 10)])[:64], group_of(2, 5, [run(2, 20)])],
    "second_half_alone": [group_of(1, 5, [run(1, 10)])[64:], group_of(2, 5, [run(2, 20)])],
    "zeroes": [bytes(128)],
}


def main():
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    for number, (name, groups) in enumerate(RINGS.items()):
        (folder / name).write_bytes(bytes([number % 8, number]) + b"".join(groups))


main()
