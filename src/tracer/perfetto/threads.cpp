// SPDX-License-Identifier: BSD-2-Clause
#include "perfetto/threads.h"

namespace rqs::perfetto {
namespace {

void write_process(protozero::pbf_writer& tree, std::uint32_t pid, std::uint32_t ppid,
                   const Comm& comm) {
    protozero::pbf_writer process(tree, process_tree::processes);
    process.add_int32(process_tree::process_pid, id_of(pid));
    process.add_int32(process_tree::process_ppid, id_of(ppid));
    process.add_string(process_tree::process_cmdline, text_of(comm.view()));
}

}  // namespace

Threads::Thread& Threads::thread(const TaskId& task, std::uint64_t ts_ns) {
    Thread& known = threads_[task.tid % places];
    if (known.task.tid != task.tid || known.task.pid != task.pid) {
        known = {};
    } else if (known.task.comm == task.comm) {
        return known;
    }
    known.task = task;
    tell(known, ts_ns);
    return known;
}

void Threads::tell(Thread& thread, std::uint64_t ts_ns) {
    const ProcessInfo* const info = names_.process(thread.task.pid);
    thread.process_told = info != nullptr;
    file_.packet([&](protozero::pbf_writer& packet) {
        packet.add_uint64(packet::timestamp, ts_ns);
        protozero::pbf_writer tree(packet, packet::process_tree);
        if (info != nullptr) {
            write_process(tree, thread.task.pid, info->ppid, info->comm);
        }
        protozero::pbf_writer told(tree, process_tree::threads);
        told.add_int32(process_tree::thread_tid, id_of(thread.task.tid));
        told.add_string(process_tree::thread_name, text_of(thread.task.comm.view()));
        told.add_int32(process_tree::thread_tgid, id_of(thread.task.pid));
    });
}

std::uint64_t Threads::track(Thread& thread) {
    const std::uint64_t uuid = track_of(thread.task);
    if (!thread.has_track) {
        thread.has_track = true;
        file_.packet([&](protozero::pbf_writer& packet) {
            protozero::pbf_writer descriptor(packet, packet::track_descriptor);
            descriptor.add_uint64(track::uuid, uuid);
            protozero::pbf_writer of(descriptor, track::thread);
            of.add_int32(track::thread_pid, id_of(thread.task.pid));
            of.add_int32(track::thread_tid, id_of(thread.task.tid));
        });
    }
    return uuid;
}

void Threads::complete(std::uint64_t ts_ns) {
    for (const Thread& thread : threads_) {
        if (thread.task.tid == 0 || thread.process_told) {
            continue;
        }
        const ProcessInfo* const info = names_.process(thread.task.pid);
        if (info == nullptr && thread.task.tid != thread.task.pid) {
            continue;  // a main thread's name is its process's
        }
        file_.packet([&](protozero::pbf_writer& packet) {
            packet.add_uint64(packet::timestamp, ts_ns);
            protozero::pbf_writer tree(packet, packet::process_tree);
            write_process(tree, thread.task.pid, info == nullptr ? 0 : info->ppid,
                          info == nullptr ? thread.task.comm : info->comm);
        });
    }
}

}  // namespace rqs::perfetto
