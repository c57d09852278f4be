// SPDX-License-Identifier: BSD-2-Clause
#include "database/schema.h"

namespace rqs::database {

// Rejected: words as numbers with a table of their meanings (27 % smaller, and every question has
// to join it); STRICT tables (readers before SQLite 3.37 refuse the file); indexes on times (16
// bytes a row; who needs one makes it, docs/SQL.md). Rows of parts lie in the order of their waits,
// so that the parts of a wait are found without an index.
const char* const tables = R"sql(
CREATE TABLE recording (      -- one row: what this was made from, and the totals of its report
  host TEXT, kernel TEXT, machine TEXT,
  tool TEXT,                  -- what recorded it
  command_line TEXT,
  cpus INTEGER,               -- highest number plus one
  from_ns INTEGER,            -- CLOCK_MONOTONIC, as all times
  to_ns INTEGER,
  min_us INTEGER,             -- waits longer than this are here
  switches INTEGER,           -- rows of runs
  waits INTEGER,              -- rows of waits
  wait_ns INTEGER,            -- their sum
  lost INTEGER,               -- waits that are missing, see losses
  left_out INTEGER            -- waits that were caused by the recorder's own output
);
CREATE TABLE cpus (           -- those that were online
  cpu INTEGER PRIMARY KEY,
  core INTEGER, package INTEGER, node INTEGER  -- NULL: not known
);
CREATE TABLE clocks (         -- CLOCK_REALTIME = time + offset, until the next row
  from_ns INTEGER PRIMARY KEY,
  realtime_offset_ns INTEGER NOT NULL
);
CREATE TABLE processes (
  pid INTEGER PRIMARY KEY,
  comm TEXT NOT NULL,         -- of its main thread
  ppid INTEGER,               -- its parent; NULL: not known
  parent_comm TEXT
);
CREATE TABLE cgroups (
  id INTEGER PRIMARY KEY,
  kernel_id INTEGER NOT NULL, -- the kernel's
  hierarchy TEXT NOT NULL,    -- cpu: that of the cpu controller; v2: where that is another one
  path TEXT,                  -- below the mount point; NULL: not known
  weight INTEGER,             -- cpu.weight or cpu.shares
  quota_us INTEGER,           -- the tightest that holds for it; NULL: none
  period_us INTEGER,
  quota_path TEXT,            -- the cgroup whose quota it is
  UNIQUE (kernel_id, hierarchy)
);
CREATE TABLE tasks (          -- a thread under a name: another row for each name that it had
  id INTEGER PRIMARY KEY,
  tid INTEGER NOT NULL,       -- 0: the idle task of a CPU
  pid INTEGER NOT NULL,       -- its process
  comm TEXT NOT NULL,
  UNIQUE (tid, pid, comm)
);
CREATE TABLE waits (          -- from being queued runnable to being switched in
  id INTEGER PRIMARY KEY,
  ts_ns INTEGER NOT NULL,     -- the end
  wait_ns INTEGER NOT NULL,
  cpu INTEGER NOT NULL,       -- where it was switched in
  task INTEGER NOT NULL REFERENCES tasks,
  kind TEXT NOT NULL,         -- how it began: woken new preempted yielded unknown
  cause TEXT NOT NULL,
  policy TEXT NOT NULL,
  prio INTEGER NOT NULL,
  cgroup INTEGER REFERENCES cgroups,
  v2_cgroup INTEGER REFERENCES cgroups,  -- where that is another one
  prev INTEGER NOT NULL REFERENCES tasks,  -- who left the CPU to it
  stamped INTEGER NOT NULL,   -- 0: not in the kernel's run_delay
  complete INTEGER NOT NULL,  -- 0: it may have been longer
  waker INTEGER REFERENCES tasks,  -- with record --waker
  waker_cpu INTEGER,
  waker_context TEXT          -- task or interrupt
);
CREATE TABLE parts (          -- what a wait was spent on; they sum to it
  wait INTEGER NOT NULL REFERENCES waits,
  part INTEGER NOT NULL,      -- 0 is the largest
  kind TEXT NOT NULL,         -- ran idle throttled elsewhere irq steal unknown others
  ns INTEGER NOT NULL,
  task INTEGER REFERENCES tasks,  -- who ran; this and the next five only where kind is ran
  relation TEXT,              -- to the waiter: self sibling foreign
  cgroup INTEGER REFERENCES cgroups,
  policy TEXT,
  prio INTEGER,
  kthread INTEGER,            -- 1: a kernel thread
  tasks INTEGER NOT NULL,     -- how many stand in this row: more than 1 only where kind is others
  PRIMARY KEY (wait, part)
) WITHOUT ROWID;
CREATE TABLE runs (           -- a task had a CPU; tid 0: the CPU idled
  id INTEGER PRIMARY KEY,
  cpu INTEGER NOT NULL,
  ts_ns INTEGER,              -- the end; NULL: not known
  length_ns INTEGER,          -- NULL: its start is not known
  ran_ns INTEGER,             -- length_ns without interrupts and stolen time
  task INTEGER NOT NULL REFERENCES tasks,
  cgroup INTEGER REFERENCES cgroups,
  state TEXT NOT NULL         -- how it left: asleep blocked stopped dead preempted yielded unknown
);
CREATE TABLE losses (         -- waits that are missing
  id INTEGER PRIMARY KEY,
  cpu INTEGER,                -- NULL: not known
  from_ns INTEGER NOT NULL,   -- they ended between these
  to_ns INTEGER NOT NULL,
  lost INTEGER NOT NULL,      -- how many
  reason TEXT NOT NULL        -- ring: a buffer was full; damage: it cannot be read
);
CREATE TABLE damage (         -- what could not be read
  line TEXT NOT NULL
);
)sql";

const char* const views = R"sql(
CREATE VIEW tasks_named AS    -- a task with the names of its process
SELECT t.id, t.tid, t.pid, t.comm, coalesce(nullif(p.comm, ''), t.comm) AS process,
       p.ppid, p.parent_comm
FROM tasks t LEFT JOIN processes p ON p.pid = t.pid;

CREATE VIEW waits_named AS    -- a wait with its names and the time of day (UTC)
SELECT w.id,
       strftime('%Y-%m-%dT%H:%M:%S', w.real_ns / 1000000000, 'unixepoch') ||
         printf('.%06dZ', w.real_ns / 1000 % 1000000) AS time,
       (w.ts_ns - r.from_ns) / 1e9 AS at_s,
       w.ts_ns - w.wait_ns AS from_ns, w.ts_ns, w.wait_ns, w.cpu,
       t.tid, t.pid, t.comm, t.process, t.ppid, t.parent_comm,
       g.path AS cgroup, v.path AS v2_cgroup,
       w.kind, w.cause, w.policy, w.prio,
       p.tid AS prev_tid, p.pid AS prev_pid, p.comm AS prev_comm, w.stamped, w.complete,
       k.tid AS waker_tid, k.pid AS waker_pid, k.comm AS waker_comm, w.waker_cpu, w.waker_context
FROM (SELECT *, ts_ns + (SELECT realtime_offset_ns FROM clocks WHERE clocks.from_ns <= ts_ns
                         ORDER BY clocks.from_ns DESC LIMIT 1) AS real_ns FROM waits) w
JOIN recording r
JOIN tasks_named t ON t.id = w.task
LEFT JOIN cgroups g ON g.id = w.cgroup
LEFT JOIN cgroups v ON v.id = coalesce(w.v2_cgroup, w.cgroup)
LEFT JOIN tasks p ON p.id = w.prev
LEFT JOIN tasks k ON k.id = w.waker;

CREATE VIEW parts_named AS    -- a part with the names of who ran
SELECT p.wait, p.part, p.kind, p.ns, t.tid, t.pid, t.comm, t.process, p.relation,
       g.path AS cgroup, p.policy, p.prio, p.kthread, p.tasks
FROM parts p
LEFT JOIN tasks_named t ON t.id = p.task
LEFT JOIN cgroups g ON g.id = p.cgroup;

CREATE VIEW runs_named AS     -- a run with its names
SELECT r.id, r.cpu, (r.ts_ns - c.from_ns) / 1e9 AS at_s, r.ts_ns - r.length_ns AS from_ns, r.ts_ns,
       r.length_ns, r.ran_ns, t.tid, t.pid, t.comm, t.process, g.path AS cgroup, r.state
FROM runs r
JOIN recording c
JOIN tasks_named t ON t.id = r.task
LEFT JOIN cgroups g ON g.id = r.cgroup;

CREATE VIEW victim_culprit AS -- by process: who waited, who had the CPU meanwhile, for how long
SELECT v.pid AS victim_pid, v.process AS victim, c.pid AS culprit_pid,
       coalesce(c.process, p.kind) AS culprit, p.kind,
       count(DISTINCT p.wait) AS waits, sum(p.ns) AS ns
FROM parts p
JOIN waits w ON w.id = p.wait
JOIN tasks_named v ON v.id = w.task
LEFT JOIN tasks_named c ON c.id = p.task
GROUP BY v.pid, v.process, c.pid, c.process, p.kind;

CREATE VIEW losses_timed AS   -- a loss with its times of day (UTC)
SELECT l.id,
       strftime('%Y-%m-%dT%H:%M:%S', l.real_from_ns / 1000000000, 'unixepoch') ||
         printf('.%06dZ', l.real_from_ns / 1000 % 1000000) AS from_time,
       strftime('%Y-%m-%dT%H:%M:%S', l.real_to_ns / 1000000000, 'unixepoch') ||
         printf('.%06dZ', l.real_to_ns / 1000 % 1000000) AS to_time,
       (l.from_ns - r.from_ns) / 1e9 AS at_s, (l.to_ns - l.from_ns) / 1e9 AS for_s,
       l.cpu, l.lost, l.reason
FROM (SELECT *, from_ns + (SELECT realtime_offset_ns FROM clocks
                           WHERE clocks.from_ns <= losses.from_ns
                           ORDER BY clocks.from_ns DESC LIMIT 1) AS real_from_ns,
                to_ns + (SELECT realtime_offset_ns FROM clocks
                         WHERE clocks.from_ns <= losses.to_ns
                         ORDER BY clocks.from_ns DESC LIMIT 1) AS real_to_ns FROM losses) l
JOIN recording r;
)sql";

}  // namespace rqs::database
