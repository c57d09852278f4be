// SPDX-License-Identifier: BSD-2-Clause
#include "commands/table.h"

#include "commands/demo.h"
#include "commands/doctor.h"
#include "commands/import.h"
#include "commands/record.h"
#include "commands/report.h"
#include "commands/trace.h"

namespace rqs {
namespace {

using cli::Group;
using cli::Invocation;

cli::Command trace_row() {
    cli::Command row;
    row.usage = "[options] [min_us] [-- command args...]";
    row.description =
        "Shows each task that was ready to run and waited for a CPU longer than min_us\n"
        "microseconds (default 10000; 0 shows every wait), and why it had to wait.\n"
        "With a command: runs it, shows its waits and those of all its descendants,\n"
        "and ends with it and with its exit code.\n";
    row.notes =
        "Long options may be shortened as long as they are not ambiguous: --dur 5.\n"
        "\n"
        "Examples:\n"
        "  runqslower                       waits longer than 10 ms, of all tasks\n"
        "  runqslower 1000 -W               longer than 1 ms, and who had the CPU\n"
        "  runqslower -p 1234 -P            of process 1234, with the previous task\n"
        "  runqslower -s -q -d 30           half a minute, then only a summary\n"
        "  runqslower 0 -f json -o waits.json -- make\n"
        "                                   every wait of a build, for a program to read\n"
        "  runqslower doctor                what works here and what to do about the rest\n"
        "\n"
        "Exit code: 0 done, 1 the machine refused something, 2 wrong usage, 3 waits were\n"
        "lost and --strict was given; with a command, the command's own.\n";
    row.groups = {Group::tasks, Group::output, Group::sensing, Group::target, Group::beside,
                  Group::keep,  Group::run,    Group::tuning,  Group::other};
    row.takes_min_us = true;
    row.takes_command = true;
    row.run = [](const Invocation& invocation) { return run_trace(invocation.trace); };
    return row;
}

cli::Command demo_row() {
    cli::Command row;
    row.name = "demo";
    row.help = "trace a small workload of its own for 10 seconds";
    row.usage = "[options] [min_us]";
    row.description =
        "Starts processes that crowd one CPU (demo-hog, demo-batch, demo-web), traces the\n"
        "machine for 10 seconds (-d says otherwise) with -s, and in text with -W. The\n"
        "processes end with the program.\n";
    row.groups = {Group::tasks, Group::output, Group::sensing, Group::target, Group::beside,
                  Group::keep,  Group::run,    Group::tuning,  Group::other};
    row.takes_min_us = true;
    row.run = [](const Invocation& invocation) { return run_demo(invocation.trace); };
    return row;
}

cli::Command record_row() {
    cli::Command row;
    row.name = "record";
    row.help = "keep every switch in a file, to be looked at later";
    row.usage = "[options] [min_us] [-- command args...]";
    row.description =
        "Records every switch on every CPU, with its wait, in a file (runqslower.rec, or\n"
        "-o FILE), for 'runqslower report'. With min_us: only waits longer than that, and\n"
        "who had the CPU meanwhile. -o - writes to a pipe.\n";
    row.notes =
        "Examples:\n"
        "  runqslower record -d 10                   ten seconds of everything\n"
        "  runqslower record -o build.rec -- make    a build\n"
        "  runqslower record --max-size 100m --rotate 5\n"
        "                                            for as long as it takes, in 500 MB\n"
        "  runqslower record --flight 30 --trigger-us 100000\n"
        "                                            30 s before each wait above 100 ms\n"
        "  runqslower record -o - | ssh host 'cat > node.rec'\n";
    row.groups = {Group::tasks, Group::sensing, Group::target, Group::keep,
                  Group::run,   Group::tuning,  Group::other};
    row.takes_min_us = true;
    row.takes_command = true;
    row.default_min_us = 0;
    row.run = [](const Invocation& invocation) { return run_record(invocation.trace); };
    return row;
}

cli::Command report_row() {
    cli::Command row;
    row.name = "report";
    row.help = "say what a recording holds: who waited, why, for whom";
    row.usage = "[options] FILE... [min_us]";
    row.description =
        "Reads a recording, or the files of a --rotate in any order, and says who waited,\n"
        "why, and who had the CPU meanwhile. With --events it prints the waits as the\n"
        "live tool would have, with all of its options. - is standard input. Needs no\n"
        "root.\n";
    row.notes =
        "Examples:\n"
        "  runqslower report runqslower.rec\n"
        "  runqslower report build.rec --from 10 --to 20 --by cgroup\n"
        "  runqslower report build.rec --events -W 1000\n"
        "                                   waits longer than 1 ms, and who had the CPU\n"
        "  runqslower report build.rec -f json | jq .victims\n"
        "  runqslower report build.rec --sqlite build.db\n"
        "                                   all of it as tables, for SQL\n"
        "\n"
        "Exit code: 0 done, also where parts are damaged, 1 it cannot be read, 2 wrong\n"
        "usage, 3 waits are missing or a part is damaged, and --strict was given.\n";
    row.groups = {Group::replay, Group::tasks, Group::output, Group::sensing,
                  Group::target, Group::run,   Group::other};
    row.takes_files = true;
    row.default_min_us = 0;
    row.run = [](const Invocation& invocation) { return run_report(invocation.trace); };
    return row;
}

cli::Command import_row() {
    cli::Command row;
    row.name = "import";
    row.help = "make a recording of perf's, trace-cmd's or Perfetto's";
    row.usage = "[options] FILE";
    row.description =
        "Reads perf.data (of 'perf sched record'), trace.dat (of 'trace-cmd record -e\n"
        "sched') or a Perfetto trace with sched events, and writes a recording for\n"
        "'runqslower report': runqslower.rec, or that of -o. - is standard input, but not\n"
        "for trace.dat, or output. What such a file does not tell is unknown later:\n"
        "cgroups, quotas, affinities, the kernel's own count of waits.\n";
    row.notes =
        "Examples:\n"
        "  perf sched record sleep 10\n"
        "  runqslower import perf.data -o perf.rec\n"
        "  runqslower report perf.rec\n";
    row.groups = {Group::target, Group::other};
    row.takes_files = true;
    row.default_min_us = 0;
    row.run = [](const Invocation& invocation) { return run_import(invocation.trace); };
    return row;
}

cli::Command doctor_row() {
    cli::Command row;
    row.name = "doctor";
    row.help = "say what works on this machine and what does not";
    row.description =
        "Checks what tracing needs: the kernel, privileges, cgroups, sampling; loads the\n"
        "hook and takes it away again. Each line starts with OK, NO, or ?? where it\n"
        "cannot be told, and a NO is followed by what to do about it.\n";
    row.notes = "Exit code: 0 where live tracing works, else 1.\n";
    row.groups = {Group::other};
    row.run = [](const Invocation& /*invocation*/) { return run_doctor(); };
    return row;
}

}  // namespace

const cli::Commands& command_table() {
    static const cli::Commands rows{trace_row(),  record_row(), report_row(),
                                    import_row(), demo_row(),   doctor_row()};
    return rows;
}

}  // namespace rqs
