#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Writes corpus/import: the same few switches as perf.data, as a pipe of perf, as trace.dat, and as
Perfetto traces.

Small, so that a fuzzer gets somewhere; unit tests read them too and know what is in them. What
happens, times in ns, on CPU 0 unless it says otherwise:

  1000  the idle task gives way to a (tid 11, process 10)
  2000  a wakes b (tid 20): waking at 2000, queued at 2100
  3000  a is preempted by b, which has waited 900
  3500  b is moved nowhere; a (waiting since 3000) is moved to CPU 1
  4000  CPU 1: idle gives way to a, which has waited 500 on CPU 0 and 500 on CPU 1
  5000  b sleeps; the CPU idles
  6000  an interrupt wakes b: queued at 6000
  6500  b comes, waited 500
  7000  b ends
"""
import pathlib
import struct

HERE = pathlib.Path(__file__).resolve().parent / "corpus" / "import"
COMMON = """name: {name}
ID: {id}
format:
\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;
\tfield:unsigned char common_flags;\toffset:2;\tsize:1;\tsigned:0;
\tfield:unsigned char common_preempt_count;\toffset:3;\tsize:1;\tsigned:0;
\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;

{fields}
print fmt: "nothing of this is read; \\"field:char x; offset:1; size:1;\\""
"""


def field(kind, name, offset, size, signed=1):
    return f"\tfield:{kind} {name};\toffset:{offset};\tsize:{size};\tsigned:{signed};\n"


def switch_format():
    return COMMON.format(name="sched_switch", id=1, fields=(
        field("char", "prev_comm[16]", 8, 16) + field("pid_t", "prev_pid", 24, 4) +
        field("int", "prev_prio", 28, 4) + field("long", "prev_state", 32, 8) +
        field("char", "next_comm[16]", 40, 16) + field("pid_t", "next_pid", 56, 4) +
        field("int", "next_prio", 60, 4)))


def wakeup_format(name, number):
    return COMMON.format(name=name, id=number, fields=(
        field("char", "comm[16]", 8, 16) + field("pid_t", "pid", 24, 4) +
        field("int", "prio", 28, 4) + field("int", "target_cpu", 32, 4)))


def migrate_format():
    return COMMON.format(name="sched_migrate_task", id=4, fields=(
        field("char", "comm[16]", 8, 16) + field("pid_t", "pid", 24, 4) +
        field("int", "prio", 28, 4) + field("int", "orig_cpu", 32, 4) +
        field("int", "dest_cpu", 36, 4)))


FORMATS = [switch_format(), wakeup_format("sched_waking", 2), wakeup_format("sched_wakeup", 3),
           migrate_format()]


def name(text):
    return text.encode().ljust(16, b"\0")


def switch(prev, state, next_, prev_prio=120, next_prio=120):
    return struct.pack("<HBBi16siiq16sii", 1, 0, 0, prev[0], name(prev[1]), prev[0], prev_prio,
                       state, name(next_[1]), next_[0], next_prio)


def wakeup(number, by, who, cpu, flags=0):
    return struct.pack("<HBBi16siii4x", number, flags, 0, by[0], name(who[1]), who[0], 120, cpu)


def migrate(by, who, source, target):
    return struct.pack("<HBBi16siiii", 4, 0, 0, by[0], name(who[1]), who[0], 120, source, target)


IDLE, A, B = (0, "swapper"), (11, "a"), (20, "b")
PROCESS = {0: 0, 11: 10, 20: 20}
EVENTS = [  # when, CPU, who ran, what
    (1000, 0, IDLE, switch(IDLE, 0, A)),
    (2000, 0, A, wakeup(2, A, B, 0)),
    (2100, 0, A, wakeup(3, A, B, 0)),
    (3000, 0, A, switch(A, 0x100, B)),
    (3500, 1, IDLE, migrate(IDLE, A, 0, 1)),
    (4000, 1, IDLE, switch(IDLE, 0, A)),
    (5000, 0, B, switch(B, 1, IDLE)),
    (6000, 0, IDLE, wakeup(2, IDLE, B, 0, flags=8)),
    (6000, 0, IDLE, wakeup(3, IDLE, B, 0, flags=8)),
    (6500, 0, IDLE, switch(IDLE, 0, B)),
    (7000, 0, B, switch(B, 0x10, IDLE)),
]


def tracing_data(version):
    page = b"\tfield: u64 timestamp;\toffset:0;\tsize:8;\tsigned:0;\n"
    formats = b"".join(struct.pack("<Q", len(f)) + f.encode() for f in FORMATS)
    comms = b"11 a\n20 b\n"
    return (b"\x17\x08\x44tracing" + version.encode() + b"\0" + struct.pack("<BBI", 0, 8, 4096) +
            b"header_page\0" + struct.pack("<Q", len(page)) + page +
            b"header_event\0" + struct.pack("<Q", 0) + struct.pack("<I", 0) +
            struct.pack("<I", 1) + b"sched\0" + struct.pack("<I", len(FORMATS)) + formats +
            struct.pack("<II", 0, 0) + struct.pack("<Q", len(comms)) + comms)


# ------------------------------------------------------------------------------------ perf

IDENTIFIER, TID, TIME, CPU, RAW = 1 << 16, 1 << 1, 1 << 2, 1 << 7, 1 << 10
LAYOUT = IDENTIFIER | TID | TIME | CPU | RAW


def attribute():
    return struct.pack("<IIQQQQQ", 2, 64, 1, 1, LAYOUT, 0, 1 << 18).ljust(64, b"\0")


def record(kind, body):
    body = body.ljust((len(body) + 7) // 8 * 8, b"\0")
    return struct.pack("<IHH", kind, 0, 8 + len(body)) + body


def trailer(tid, time, cpu):
    return struct.pack("<IIQIIQ", PROCESS[tid], tid, time, cpu, 0, 7)


def sample(when, cpu, ran, raw):
    return record(9, struct.pack("<QIIQII", 7, PROCESS[ran[0]], ran[0], when, cpu, 0) +
                  struct.pack("<I", len(raw) + 4) + raw.ljust(len(raw) + 4, b"\0"))


def comm(pid, tid, text):
    return record(3, struct.pack("<II", pid, tid) + text.encode().ljust(8, b"\0") +
                  trailer(0, 0, 0))


ROUND = record(68, b"")
COMMS = comm(10, 10, "main") + comm(10, 11, "a") + comm(20, 20, "b")


def perf_records():
    # As perf has it: one CPU's buffer after the other, so that time goes back within a round.
    out = COMMS + ROUND
    for part in (EVENTS[:6], EVENTS[6:]):
        for cpu in (1, 0):
            out += b"".join(sample(*event) for event in part if event[1] == cpu)
        out += ROUND
    return out


def features():
    def text(word):
        padded = word.encode() + b"\0"
        padded = padded.ljust((len(padded) + 63) // 64 * 64, b"\0")
        return struct.pack("<I", len(padded)) + padded
    return {1: tracing_data("0.6"), 3: text("elsewhere"), 4: text("6.1.0"), 5: text("6.1"),
            6: text("x86_64"), 7: struct.pack("<II", 2, 2),
            11: struct.pack("<I", 2) + text("perf") + text("sched"),
            21: struct.pack("<QQ", 1000, 7000)}


def perf_file():
    ids = struct.pack("<Q", 7)
    header_bytes, attributes_at = 104, 104 + len(ids)
    attributes = attribute() + struct.pack("<QQ", header_bytes, len(ids))
    data_at = attributes_at + len(attributes)
    data = perf_records()
    sections = features()
    bits = 0
    for number in sections:
        bits |= 1 << number
    at = data_at + len(data) + 16 * len(sections)
    table, bodies = b"", b""
    for number in sorted(sections):
        table += struct.pack("<QQ", at + len(bodies), len(sections[number]))
        bodies += sections[number]
    header = b"PERFILE2" + struct.pack("<QQQQQQQQ", header_bytes, len(attributes), attributes_at,
                                       len(attributes), data_at, len(data), 0, 0)
    return header + bits.to_bytes(32, "little") + ids + attributes + data + table + bodies


def perf_pipe():
    tracing = tracing_data("0.6")
    padded = tracing.ljust((len(tracing) + 7) // 8 * 8, b"\0")
    out = b"PERFILE2" + struct.pack("<Q", 16)
    out += record(64, attribute() + struct.pack("<Q", 7))
    out += record(80, struct.pack("<Q", 7) + struct.pack("<II", 2, 2))
    out += struct.pack("<IHHI", 66, 0, 12, len(tracing)) + padded
    return out + perf_records()


# ------------------------------------------------------------------------------------ trace-cmd

def page(events, missed=False):
    first = events[0][0]
    body, last = b"", first
    for when, _, _, raw in events:
        raw = raw.ljust((len(raw) + 3) // 4 * 4, b"\0")
        body += struct.pack("<I", (when - last) << 5 | len(raw) // 4) + raw
        last = when
    length = len(body) | (1 << 31 if missed else 0)
    return (struct.pack("<QQ", first, length) + body).ljust(4096, b"\0")


def pages_of(cpu):
    return page([event for event in EVENTS if event[1] == cpu])


def trace_six():
    head = tracing_data("6") + struct.pack("<I", 2) + b"options  \0" + struct.pack("<H", 23)
    pids = b"11 10\n20 20\n\0"
    head += struct.pack("<I", len(pids)) + pids + struct.pack("<H", 0) + b"flyrecord\0"
    at = (len(head) + 32 + 4095) // 4096 * 4096
    head += struct.pack("<QQQQ", at, 4096, at + 4096, 4096)
    return head.ljust(at, b"\0") + pages_of(0) + pages_of(1)


def section(number, body):
    return struct.pack("<HHIQ", number, 0, 0, len(body)) + body


def trace_seven():
    formats = b"".join(struct.pack("<Q", len(f)) + f.encode() for f in FORMATS)
    head = (b"\x17\x08\x44tracing7\0" + struct.pack("<BBI", 0, 8, 4096) + b"none\0\0")
    at = len(head) + 8
    formats_at = at
    body = section(18, struct.pack("<I", 1) + b"sched\0" + struct.pack("<I", len(FORMATS)) +
                   formats)
    buffer_at = formats_at + len(body)
    data_at = (buffer_at + 16 + 4095) // 4096 * 4096
    body += section(3, b"").ljust(data_at - buffer_at, b"\0") + pages_of(0) + pages_of(1)
    options_at = formats_at + len(body)
    buffer = struct.pack("<Q", buffer_at) + b"\0local\0" + struct.pack("<II", 4096, 2)
    for cpu in range(2):
        buffer += struct.pack("<IQQ", cpu, data_at + 4096 * cpu, 4096)
    uname = b"Linux elsewhere 6.1.0 #1 SMP x86_64\0"
    pids = b"11 10\n20 20\n\0"
    options = (struct.pack("<HIQ", 18, 8, formats_at) + struct.pack("<HI", 5, len(uname)) + uname +
               struct.pack("<HI", 23, len(pids)) + pids +
               struct.pack("<HI", 3, len(buffer)) + buffer + struct.pack("<HIQ", 0, 8, 0))
    return head + struct.pack("<Q", options_at) + body + section(0, options)


# ------------------------------------------------------------------------------------ Perfetto

def varint(value):
    value &= 2**64 - 1
    out = b""
    while value >= 128:
        out += bytes([value & 127 | 128])
        value >>= 7
    return out + bytes([value])


def number(tag, value):
    return varint(tag << 3) + varint(value)


def message(tag, body):
    return varint(tag << 3 | 2) + varint(len(body)) + body


def text(tag, word):
    return message(tag, word.encode())


def packed(tag, values):
    return message(tag, b"".join(varint(value) for value in values))


def perfetto_head():
    snapshot = b"".join(message(1, number(1, clock) + number(2, ns))
                        for clock, ns in ((1, 5000000), (6, 1000)))
    threads = b"".join(message(2, number(1, tid) + text(2, word) + number(3, PROCESS[tid]))
                       for tid, word in ((11, "a"), (20, "b")))
    system = message(1, text(1, "Linux") + text(3, "6.1.0") + text(4, "x86_64"))
    return (message(1, message(6, snapshot)) + message(1, message(45, system)) +
            message(1, message(2, threads)))


def perfetto_event(when, ran, raw):
    out = number(1, when) + number(2, ran[0])
    kind, flags = struct.unpack("<HB", raw[:3])
    if flags:
        out += number(5, flags)
    word = raw[8:24].rstrip(b"\0").decode()
    tid, prio = struct.unpack("<ii", raw[24:32])
    body = text(1, word) + number(2, tid) + number(3, prio)
    if kind == 1:
        next_tid, next_prio = struct.unpack("<ii", raw[56:64])
        body += (number(4, struct.unpack("<q", raw[32:40])[0]) +
                 text(5, raw[40:56].rstrip(b"\0").decode()) + number(6, next_tid) +
                 number(7, next_prio))
    else:
        body += number(5, struct.unpack("<i", raw[36:40] if kind == 4 else raw[32:36])[0])
    return message(2, out + message({1: 4, 2: 20, 3: 17, 4: 491}[kind], body))


def perfetto():
    out = perfetto_head()
    for cpu in (1, 0):
        bundle = number(1, cpu) + b"".join(perfetto_event(when, ran, raw)
                                           for when, where, ran, raw in EVENTS if where == cpu)
        out += message(1, message(1, bundle))
    return out


def perfetto_compact():
    """Switches and wakings in columns; who left is whoever came before."""
    out = perfetto_head()
    for cpu in (0, 1):
        switches = [(when, raw) for when, where, _, raw in EVENTS if where == cpu and raw[0] == 1]
        wakings = [(when, raw) for when, where, _, raw in EVENTS if where == cpu and raw[0] == 2]
        words = ["swapper", "a", "b"]
        compact = b"".join(text(5, word) for word in words)

        def deltas(times):
            return [now - before for before, now in zip([0] + times, times)]

        def word_at(raw, at):
            return words.index(raw[at:at + 16].rstrip(b"\0").decode())

        compact += packed(1, deltas([when for when, _ in switches]))
        compact += packed(2, [struct.unpack("<q", raw[32:40])[0] for _, raw in switches])
        compact += packed(3, [struct.unpack("<i", raw[56:60])[0] for _, raw in switches])
        compact += packed(4, [120] * len(switches))
        compact += packed(6, [word_at(raw, 40) for _, raw in switches])
        compact += packed(7, deltas([when for when, _ in wakings]))
        compact += packed(8, [struct.unpack("<i", raw[24:28])[0] for _, raw in wakings])
        compact += packed(9, [0] * len(wakings)) + packed(10, [120] * len(wakings))
        compact += packed(11, [word_at(raw, 8) for _, raw in wakings])
        compact += packed(12, [raw[2] for _, raw in wakings])
        bundle = number(1, cpu) + message(4, compact)
        out += message(1, message(1, bundle))
    return out


HERE.mkdir(parents=True, exist_ok=True)
for file, content in (("perf", perf_file()), ("perf-pipe", perf_pipe()),
                      ("trace-6", trace_six()), ("trace-7", trace_seven()),
                      ("perfetto", perfetto()), ("perfetto-compact", perfetto_compact())):
    (HERE / file).write_bytes(content)
