// SPDX-License-Identifier: BSD-2-Clause
// What src/tracer/html/document.cpp wrote, as typed arrays. All times are nanoseconds since the
// recording began: below 2^53, so that a number holds them.
import { nameOf } from './format';

export type Kind = 'idle' | 'others' | 'task' | 'throttled' | 'elsewhere' | 'irq' | 'steal' | 'unknown';
const kinds: Kind[] = ['idle', 'others', 'task', 'throttled', 'elsewhere', 'irq', 'steal', 'unknown'];
/** In the order of Left in model/event.h. */
export const left = ['went to sleep', 'blocked', 'was stopped', 'ended', 'was preempted', 'yielded', ''];

export interface Actor { kind: Kind; label: string; pid: number; several: boolean; ranNs: number }
export interface Task { tid: number; pid: number; comm: string; actor: number }
export interface Part {
    kind: string; ns: number; actor: number; task: Task | null; relation: string; policy: string;
    prio: number; cgroup: string; cause: string; count: number;
}
export interface Wait {
    endNs: number; ns: number; cpu: number; task: Task; cause: number; kind: string; policy: string;
    prio: number; cgroup: string; parts: Part[];
}
export interface Loss { cpu: number | null; fromNs: number; toNs: number; lost: number; reason: string }
export interface Pair { victim: number; culprit: number; cause: number; ns: number }
export interface Share { actor: number; share: number }
export interface Peak { endNs: number; ns: number; cause: number; task: number }
/** The runs of one CPU, in order; what lies between them has no single switches. */
export interface Runs {
    from: Float64Array; to: Float64Array; task: Uint32Array; left: Uint8Array;
    waited: Float64Array; cause: Uint8Array;
}

interface Raw {
    recording: {
        tool: string; host: string; kernel: string; machine: string; command: string; cpus: number;
        everything: boolean; began_ms: number; duration_ns: number; min_us: number; waits: number;
        wait_ns: number; longest_ns: number; switches: number; left_out: number;
    };
    grid: {
        width_ns: number; bins: number; per_octave: number; first_octave: number; buckets: number;
        causes: string[]; lengths: string; longest: string; cause_ns: string; pair_bins: number;
        pair_joined: number; pairs: string; lane_bins: number; lane_joined: number;
        share_whole: number; shares: string; peaks: string;
    };
    actors: [number, string, number, boolean, number][];
    tasks: [number, number, string, number][];
    cgroups: string[];
    waits: [number, number, number, number, number, string, string, number, number, unknown[][]][];
    losses: [number | null, number, number, number, string][];
    damage: string[];
    runs: { tick_ns: number; complete: boolean; column: string };
}

/** A column of LEB128 varints. */
class Column {
    private readonly bytes: Uint8Array;
    private at = 0;
    constructor(base64: string) {
        const text = atob(base64);
        this.bytes = new Uint8Array(text.length);
        for (let i = 0; i < text.length; i++) this.bytes[i] = text.charCodeAt(i);
    }
    next(): number {
        let byte = this.bytes[this.at++]!;
        if (byte < 128) return byte;
        let value = byte & 127;
        for (let scale = 128; ; scale *= 128) {
            byte = this.bytes[this.at++]!;
            value += (byte & 127) * scale;
            if (byte < 128) return value;
        }
    }
}

function readLengths(raw: Raw['grid']): Uint32Array {
    const column = new Column(raw.lengths);
    const counts = new Uint32Array(raw.bins * raw.buckets);
    for (let bin = 0; bin < raw.bins; bin++) {
        let bucket = 0;
        for (let left = column.next(); left > 0; left--) {
            bucket += column.next();
            counts[bin * raw.buckets + bucket++] = column.next();
        }
    }
    return counts;
}

function readNumbers(base64: string, count: number): Float64Array {
    const column = new Column(base64);
    return Float64Array.from({ length: count }, () => column.next());
}

function readPairs(raw: Raw['grid']): Pair[][] {
    const column = new Column(raw.pairs);
    return Array.from({ length: raw.pair_bins }, () => Array.from({ length: column.next() }, () =>
        ({ victim: column.next(), culprit: column.next(), cause: column.next(), ns: column.next() })));
}

function readShares(raw: Raw['grid'], cpus: number): Share[][][] {
    const column = new Column(raw.shares);
    return Array.from({ length: cpus }, () => Array.from({ length: raw.lane_bins }, () =>
        Array.from({ length: column.next() }, () =>
            ({ actor: column.next(), share: column.next() / raw.share_whole }))));
}

function readPeaks(raw: Raw['grid'], cpus: number): Peak[][] {
    const column = new Column(raw.peaks);
    return Array.from({ length: cpus }, () => {
        let endNs = 0;
        return Array.from({ length: column.next() }, () => {
            endNs += column.next();
            return { endNs, ns: column.next(), cause: column.next(), task: column.next() };
        });
    });
}

interface Head { from: number; runs: number }

/** Twice over the column: first to know how many there are. */
function readRuns(raw: Raw['runs'], cpus: number): Runs[] {
    const counting = new Column(raw.column);
    const heads: Head[][] = [];
    for (let cpu = 0; cpu < cpus; cpu++) {
        const blocks: Head[] = [];
        let tick = 0;
        for (let left = counting.next(); left > 0; left--) {
            tick += counting.next();
            const head = { from: tick, runs: counting.next() };
            for (let i = 0; i < head.runs; i++) {
                tick += Math.floor(counting.next() / 8);
                counting.next();
                counting.next();
            }
            blocks.push(head);
        }
        heads.push(blocks);
    }
    const column = new Column(raw.column);
    return heads.map((blocks) => {
        const count = blocks.reduce((sum, block) => sum + block.runs, 0);
        const runs: Runs = {
            from: new Float64Array(count), to: new Float64Array(count), task: new Uint32Array(count),
            left: new Uint8Array(count), waited: new Float64Array(count), cause: new Uint8Array(count),
        };
        let i = 0;
        column.next();
        for (const block of blocks) {
            column.next();
            column.next();
            let tick = block.from;
            for (let j = 0; j < block.runs; j++, i++) {
                const length = column.next();
                runs.from[i] = tick * raw.tick_ns;
                tick += Math.floor(length / 8);
                runs.to[i] = tick * raw.tick_ns;
                runs.left[i] = length % 8;
                runs.task[i] = column.next();
                const waited = column.next();
                runs.waited[i] = Math.floor(waited / 8) * raw.tick_ns;
                runs.cause[i] = waited % 8;
            }
        }
        return runs;
    });
}

function readParts(rows: unknown[][], tasks: Task[], cgroups: string[]): Part[] {
    return rows.map((row) => {
        const [kind, ns, who] = row as [string, number, number];
        if (kind !== 'ran') {
            return { kind, ns, actor: who, task: null, relation: '', policy: '', prio: 0, cgroup: '',
                     cause: '', count: row[3] as number };
        }
        const task = tasks[who]!;
        const [relation, policy, prio, cgroup, cause] = row.slice(3) as [string, string, number, number, string];
        return { kind, ns, actor: task.actor, task, relation, policy, prio, cause,
                 cgroup: cgroups[cgroup]!, count: 1 };
    });
}

export class Data {
    readonly recording: Raw['recording'];
    readonly durationNs: number;
    readonly binNs: number;
    readonly bins: number;
    readonly buckets: number;
    readonly perOctave: number;
    readonly causes: string[];
    readonly lengths: Uint32Array;
    readonly longest: Float64Array;
    readonly causeNs: Float64Array;
    readonly pairs: Pair[][];
    readonly pairNs: number;
    readonly laneNs: number;
    readonly shares: Share[][][];
    readonly peaks: Peak[][];
    readonly actors: Actor[];
    readonly tasks: Task[];
    readonly waits: Wait[];
    readonly losses: Loss[];
    readonly damage: string[];
    readonly runs: Runs[];
    readonly complete: boolean;
    private readonly firstOctave: number;

    constructor(raw: Raw) {
        const cpus = Math.max(raw.recording.cpus, 1);
        this.recording = raw.recording;
        this.durationNs = Math.max(raw.recording.duration_ns, 1);
        this.binNs = raw.grid.width_ns;
        this.bins = raw.grid.bins;
        this.buckets = raw.grid.buckets;
        this.perOctave = raw.grid.per_octave;
        this.firstOctave = raw.grid.first_octave;
        this.causes = raw.grid.causes;
        this.lengths = readLengths(raw.grid);
        this.longest = readNumbers(raw.grid.longest, this.bins);
        this.causeNs = readNumbers(raw.grid.cause_ns, this.bins * this.causes.length);
        this.pairs = readPairs(raw.grid);
        this.pairNs = this.binNs * raw.grid.pair_joined;
        this.laneNs = this.binNs * raw.grid.lane_joined;
        this.shares = readShares(raw.grid, cpus);
        this.peaks = readPeaks(raw.grid, cpus);
        this.actors = raw.actors.map(([kind, label, pid, several, ranNs]) =>
            ({ kind: kinds[kind]!, label, pid, several, ranNs }));
        this.tasks = raw.tasks.map(([tid, pid, comm, actor]) => ({ tid, pid, comm, actor }));
        this.waits = raw.waits.map(([endNs, ns, cpu, task, cause, kind, policy, prio, cgroup, parts]) =>
            ({ endNs, ns, cpu, task: this.tasks[task]!, cause, kind, policy, prio,
               cgroup: raw.cgroups[cgroup]!, parts: readParts(parts, this.tasks, raw.cgroups) }));
        this.losses = raw.losses.map(([cpu, fromNs, toNs, lost, reason]) =>
            ({ cpu, fromNs, toNs, lost, reason }));
        this.damage = raw.damage;
        this.runs = readRuns(raw.runs, cpus);
        this.complete = raw.runs.complete;
    }

    /** The shortest wait of a bucket (which may be a fraction: within it), in ns. */
    bucketNs(bucket: number): number {
        return bucket < 1 ? bucket * 2 ** this.firstOctave
            : 2 ** (this.firstOctave + Math.floor((bucket - 1) / this.perOctave)) *
              (1 + ((bucket - 1) % this.perOctave) / this.perOctave);
    }

    actorName(actor: number): string {
        const { kind, label } = this.actors[actor]!;
        switch (kind) {
            case 'idle': return 'idle CPU';
            case 'others': return 'other tasks';
            case 'throttled': return label ? `CPU quota of ${label}` : 'CPU quota';
            case 'elsewhere': return 'queue of another CPU';
            case 'irq': return 'interrupts';
            case 'steal': return 'hypervisor';
            case 'unknown': return 'not known';
            default: return nameOf(label);
        }
    }
}

export function readData(): Data {
    return new Data(JSON.parse(document.getElementById('data')!.textContent!) as Raw);
}
