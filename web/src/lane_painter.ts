// SPDX-License-Identifier: BSD-2-Clause
// Draws one CPU's lane: who ran above, who waited below. Where runs are narrower than a pixel, a
// column shows the shares of those that ran in it, so that zooming changes detail and not the sense.
import type { Data, Runs } from './data';
import type { Span } from './state';
import { ActorColours, colours } from './theme';

export interface Box { x: number; w: number; y: number; h: number }
/** A wait that ended on this CPU, however it is known. */
export interface Mark { fromNs: number; endNs: number; ns: number; cause: number; task: number }

/** The first run that ends after `ns`. */
export function firstAfter(runs: Runs, ns: number): number {
    let low = 0;
    let high = runs.to.length;
    while (low < high) {
        const middle = (low + high) >> 1;
        if (runs.to[middle]! <= ns) low = middle + 1;
        else high = middle;
    }
    return low;
}

const slots = ActorColours.rest + 1;

export class LanePainter {
    private readonly column = new Float64Array(slots);
    private columnX = -1;

    constructor(private readonly c: CanvasRenderingContext2D, private readonly data: Data,
                private readonly actors: ActorColours, private readonly view: Span) {}

    private x(box: Box, ns: number): number {
        return box.x + ((ns - this.view.fromNs) / (this.view.toNs - this.view.fromNs)) * box.w;
    }
    private colour(slot: number): string {
        return colours().actors[slot] ?? colours().rest;
    }
    private rect(box: Box, x0: number, x1: number, colour: string): void {
        this.c.fillStyle = colour;
        const from = Math.max(x0, box.x);
        this.c.fillRect(from, box.y, Math.max(Math.min(x1, box.x + box.w) - from, 0), box.h);
    }
    private flush(box: Box): void {
        if (this.columnX < 0) return;
        let y = box.y + box.h;
        const scale = Math.min(1, 1 / Math.max(this.column.reduce((a, b) => a + b, 0), 1e-9));
        for (let slot = 0; slot < slots; slot++) {
            const h = this.column[slot]! * box.h * scale;
            if (h > 0.1) {
                this.c.fillStyle = this.colour(slot);
                this.c.fillRect(this.columnX, y - h, 1, h);
                y -= h;
            }
        }
        this.column.fill(0);
        this.columnX = -1;
    }

    paint(cpu: number, box: Box): void {
        const { track } = colours();
        const runs = this.data.runs[cpu]!;
        let doneNs = this.view.fromNs;
        for (let i = firstAfter(runs, this.view.fromNs); i < runs.from.length && runs.from[i]! < this.view.toNs; i++) {
            const from = runs.from[i]!;
            const to = runs.to[i]!;
            if (from > doneNs) {
                this.flush(box);
                this.merged(cpu, box, doneNs, from);
            }
            doneNs = to;
            const x0 = this.x(box, from);
            const x1 = this.x(box, to);
            const actor = this.data.tasks[runs.task[i]!]!.actor;
            if (x1 - x0 < 1.2) {
                const at = Math.floor(x0);
                if (at !== this.columnX) {
                    this.flush(box);
                    this.columnX = at;
                    this.rect(box, at, at + 1, track);
                }
                if (actor !== 0) this.column[this.actors.slot[actor]!]! += x1 - x0;
                continue;
            }
            this.flush(box);
            const gap = x1 - x0 > 4 ? 0.5 : 0;  // neighbours of one colour can be told apart
            this.rect(box, x0, x1, track);
            if (actor !== 0) this.rect(box, x0, x1 - gap, this.colour(this.actors.slot[actor]!));
            if (actor !== 0 && x1 - x0 > 56) this.label(box, x0, x1, runs.task[i]!);
        }
        this.flush(box);
        if (doneNs < this.view.toNs) this.merged(cpu, box, doneNs, this.view.toNs);
    }
    private label(box: Box, x0: number, x1: number, task: number): void {
        if (box.h < 14) return;
        const { c } = this;
        const from = Math.max(x0, box.x) + 4;
        const room = Math.min(x1, box.x + box.w) - from - 4;
        if (room < 40) return;
        const { comm, tid, actor } = this.data.tasks[task]!;
        c.save();
        c.beginPath();
        c.rect(from, box.y, room, box.h);
        c.clip();
        c.font = '11px system-ui, sans-serif';
        c.textBaseline = 'middle';
        c.textAlign = 'left';
        c.fillStyle = dark(this.actors.of(actor)) ? '#fff' : '#111';
        c.fillText(`${comm || this.data.actorName(actor)} ${tid || ''}`, from, box.y + box.h / 2 + 0.5);
        c.restore();
    }
    /** Shares of bins in place of single switches: dotted below, once there is room to say so. */
    private merged(cpu: number, box: Box, fromNs: number, toNs: number): void {
        const { laneNs } = this.data;
        const shares = this.data.shares[cpu]!;
        const { track, paper, ink } = colours();
        for (let bin = Math.floor(fromNs / laneNs); bin < shares.length && bin * laneNs < toNs; bin++) {
            const x0 = this.x(box, Math.max(bin * laneNs, fromNs));
            const x1 = this.x(box, Math.min((bin + 1) * laneNs, toNs));
            if (x1 - x0 < 0.3 || shares[bin]!.length === 0) continue;
            this.rect(box, x0, x1 + 0.5, track);
            let y = box.y + box.h;
            const { slot } = this.actors;
            for (const { actor, share } of [...shares[bin]!].sort((a, b) => slot[a.actor]! - slot[b.actor]!)) {
                if (actor === 0) continue;
                const h = share * box.h;
                this.c.fillStyle = this.actors.of(actor);
                this.c.fillRect(Math.max(x0, box.x), y - h, Math.min(x1 + 0.5, box.x + box.w) - Math.max(x0, box.x), h);
                y -= h;
            }
            if (x1 - x0 > 8) {
                this.c.fillStyle = paper;
                for (let x = Math.max(x0, box.x); x < Math.min(x1, box.x + box.w); x += 5) this.c.fillRect(x, box.y + box.h - 3, 2, 2);
                this.c.fillStyle = ink;
            }
        }
    }
    /** The longest first, each in the first of a few rows that is free there. */
    marks(box: Box, marks: Mark[], chosen: (mark: Mark) => boolean): void {
        const rows = box.h >= 9 ? 3 : 1;
        const h = box.h / rows;
        const free: [number, number][][] = Array.from({ length: rows }, () => []);
        const { ink, accent, paper, causes } = colours();
        for (const mark of marks) {
            const x0 = Math.max(this.x(box, mark.fromNs), box.x);
            const x1 = Math.max(Math.min(this.x(box, mark.endNs), box.x + box.w), x0 + 1);
            const row = free.findIndex((taken) => taken.every(([from, to]) => x1 <= from || x0 >= to));
            const isChosen = chosen(mark);
            if (row < 0 && !isChosen) continue;
            free[Math.max(row, 0)]!.push([x0, x1]);
            const y = box.y + Math.max(row, 0) * h;
            const throttled = this.data.causes[mark.cause] === 'throttled';
            this.c.fillStyle = isChosen ? accent : throttled ? causes['throttled']! : ink;
            this.c.fillRect(x0, y + 0.5, Math.max(x1 - x0, 1), h - 1);
            if (throttled && !isChosen && x1 - x0 > 6) {
                this.c.fillStyle = paper;
                for (let x = x0 + 3; x < x1 - 1; x += 4) this.c.fillRect(x, y + 0.5, 1, h - 1);
            }
        }
    }
}

function dark(colour: string): boolean {
    const [r, g, b] = [1, 3, 5].map((i) => parseInt(colour.slice(i, i + 2), 16)) as [number, number, number];
    return 0.3 * r + 0.59 * g + 0.11 * b < 140;
}
