// SPDX-License-Identifier: BSD-2-Clause
// How many waits ended when, and how long they were: time to the right, length upwards on a log
// scale. The longest wait of each column has a mark of its own, for it would be the palest cell.
import { Brush } from './brush';
import { el, showTip, surface, Surface } from './dom';
import { atSeconds, count, duration, ticks } from './format';
import type { State } from './state';
import { colours, heatColour } from './theme';

export const gutter = { left: 58, right: 10 };
const bottom = 22;
const rowsPerOctave = 2;
const columnWidth = 5;

interface Plot { x: number; y: number; w: number; h: number }

export class Heatmap {
    readonly element = el('div', { class: 'chart heatmap' });
    private readonly surface: Surface;
    private readonly first: number;  // rows that are shown
    private readonly end: number;
    private columnNs = 1;
    private cells = new Map<number, number>();

    constructor(private readonly state: State) {
        const canvas = el('canvas', { role: 'img', 'aria-label': 'Heatmap: how many waits ended when, by their length' });
        const brush = new Brush(state, gutter, (ns, y, event) => this.hover(ns, y, event));
        this.element.append(canvas, brush.element);
        const { data } = state;
        let first = data.buckets - 1;
        let last = 0;
        for (let bin = 0; bin < data.bins; bin++) {
            const lengths = data.lengths.subarray(bin * data.buckets, (bin + 1) * data.buckets);
            const shortest = lengths.findIndex((count) => count > 0);
            if (shortest >= 0) first = Math.min(first, shortest);
            for (let i = data.buckets - 1; i > last; i--) {
                if (lengths[i]! > 0) last = i;
            }
        }
        this.first = this.rowOf(Math.min(first, last));
        this.end = Math.max(this.rowOf(last) + 1, this.first + 4);
        this.surface = surface(this.element, canvas, () => this.draw());
        state.on('view', () => this.draw());
    }
    /** Row 0 is all that is shorter than the first octave. */
    private rowOf(bucket: number): number {
        return bucket === 0 ? 0 : 1 + Math.floor((bucket - 1) / (this.state.data.perOctave / rowsPerOctave));
    }
    private rowNs(row: number): number {
        const { data } = this.state;
        return row === 0 ? data.bucketNs(1) / 2 ** (1 / rowsPerOctave) : data.bucketNs(1 + ((row - 1) * data.perOctave) / rowsPerOctave);
    }
    private y(plot: Plot, ns: number): number {
        const from = this.rowNs(this.first);
        return plot.y + plot.h * (1 - Math.log(Math.max(ns, from) / from) / Math.log(this.rowNs(this.end) / from));
    }
    private plot(): Plot {
        const { width, height } = this.surface;
        return { x: gutter.left, y: 6, w: width - gutter.left - gutter.right, h: height - bottom - 6 };
    }
    /** Bins are joined where a column would be too narrow to see; each column has as many. */
    private sum(most: number): number {
        const { data } = this.state;
        const joined = Math.ceil(data.bins / most);
        this.columnNs = joined * data.binNs;
        this.cells = new Map();
        for (let bin = 0; bin < data.bins; bin++) {
            const column = Math.floor(bin / joined);
            for (let i = 0; i < data.buckets; i++) {
                const here = data.lengths[bin * data.buckets + i]!;
                if (here === 0) continue;
                const key = column * 1024 + this.rowOf(i);
                this.cells.set(key, (this.cells.get(key) ?? 0) + here);
            }
        }
        return Math.ceil(data.bins / joined);
    }
    draw(): void {
        const { context: c, width, height } = this.surface;
        if (width === 0) return;
        const { data } = this.state;
        const plot = this.plot();
        const columns = this.sum(Math.max(1, Math.min(data.bins, Math.floor(plot.w / columnWidth))));
        c.clearRect(0, 0, width, height);
        this.drawAxes(plot);
        const most = Math.log(1 + Math.max(...this.cells.values(), 1));
        const w = (plot.w * this.columnNs) / data.durationNs;
        for (const [key, here] of this.cells) {
            const x = plot.x + Math.floor(key / 1024) * w;
            const top = this.y(plot, this.rowNs((key % 1024) + 1));
            c.fillStyle = heatColour(Math.log(1 + here) / most);
            c.fillRect(x, top, Math.max(Math.min(w, plot.x + plot.w - x) - 0.5, 0.8), Math.max(this.y(plot, this.rowNs(key % 1024)) - top - 0.5, 0.8));
        }
        this.drawLongest(plot, columns);
        this.drawLosses(plot);
        this.drawView(plot);
    }
    private drawAxes(plot: Plot): void {
        const { context: c } = this.surface;
        const { ink, soft, line } = colours();
        c.font = '12px system-ui, sans-serif';
        c.textBaseline = 'middle';
        c.textAlign = 'right';
        const from = this.rowNs(this.first);
        const to = this.rowNs(this.end);
        for (let ns = 100; ns <= to; ns *= 10) {
            if (ns < from) continue;
            const y = this.y(plot, ns);
            c.strokeStyle = line;
            c.lineWidth = 1;
            c.beginPath();
            c.moveTo(plot.x, Math.round(y) + 0.5);
            c.lineTo(plot.x + plot.w, Math.round(y) + 0.5);
            c.stroke();
            c.fillStyle = soft;
            c.fillText(duration(ns).replace('.0', ''), plot.x - 8, y);
        }
        drawTimeAxis(c, 0, this.state.data.durationNs, plot.x, plot.w, plot.y + plot.h + 13);
        c.fillStyle = ink;
    }
    private drawLongest(plot: Plot, columns: number): void {
        const { context: c } = this.surface;
        const { data } = this.state;
        const longest = new Float64Array(columns);
        for (let bin = 0; bin < data.bins; bin++) {
            const column = Math.floor(((bin + 0.5) * data.binNs) / this.columnNs);
            longest[column] = Math.max(longest[column]!, data.longest[bin]!);
        }
        c.fillStyle = colours().ink;
        longest.forEach((ns, column) => {
            if (ns === 0) return;
            const w = (plot.w * this.columnNs) / data.durationNs;
            c.fillRect(plot.x + column * w, this.y(plot, ns) - 1, Math.max(Math.min(w, plot.w - column * w) - 0.5, 1), 2);
        });
    }
    private drawLosses(plot: Plot): void {
        const { data } = this.state;
        for (const loss of data.losses) {
            const x = plot.x + (loss.fromNs / data.durationNs) * plot.w;
            const w = Math.max(((loss.toNs - loss.fromNs) / data.durationNs) * plot.w, 3);
            drawHole(this.surface.context, x, plot.y, Math.min(w, plot.x + plot.w - x), plot.h, loss.cpu === null || data.runs.length === 1);
        }
    }
    /** Which part the timeline shows, below the axis. */
    private drawView(plot: Plot): void {
        const { context: c } = this.surface;
        const { data, view } = this.state;
        if (view.toNs - view.fromNs >= data.durationNs) return;
        c.fillStyle = colours().accent;
        const x = plot.x + (view.fromNs / data.durationNs) * plot.w;
        c.fillRect(x, plot.y + plot.h + 1, Math.max(((view.toNs - view.fromNs) / data.durationNs) * plot.w, 3), 3);
    }
    private hover(ns: number, y: number, event: PointerEvent): void {
        const { data } = this.state;
        const column = Math.floor(ns / this.columnNs);
        const plot = this.plot();
        let row = this.first;
        while (row + 1 < this.end && this.y(plot, this.rowNs(row + 1)) > y + 4) row++;
        const here = this.cells.get(column * 1024 + row) ?? 0;
        let longest = 0;
        const bin = Math.floor((column * this.columnNs) / data.binNs);
        for (let i = bin; i < data.bins && i * data.binNs < (column + 1) * this.columnNs; i++) {
            longest = Math.max(longest, data.longest[i]!);
        }
        const loss = data.losses.find((each) => ns >= each.fromNs && ns <= each.toNs);
        showTip(event.clientX, event.clientY, [
            `${count(here)} wait${here === 1 ? '' : 's'} of ${duration(this.rowNs(row))} to ${duration(this.rowNs(row + 1))}`,
            `ended at ${atSeconds(column * this.columnNs, this.columnNs)}, longest there ${duration(longest)}`,
            ...(loss ? [`${count(loss.lost)} waits were lost here (${loss.reason})`] : []),
        ]);
    }
}

/** Where waits were lost, or a part of the recording cannot be read. Not `whole`: other CPUs are there. */
export function drawHole(c: CanvasRenderingContext2D, x: number, y: number, w: number, h: number, whole = true): void {
    c.save();
    c.beginPath();
    c.rect(x, y, w, h);
    c.clip();
    if (whole) {
        c.fillStyle = colours().paper;
        c.fillRect(x, y, w, h);
    }
    c.strokeStyle = colours().accent;
    c.lineWidth = 1.2;
    c.beginPath();
    for (let at = x - h; at < x + w; at += 6) {
        c.moveTo(at, y + h);
        c.lineTo(at + h, y);
    }
    c.stroke();
    c.strokeRect(x + 0.5, y + 0.5, w - 1, h - 1);
    c.restore();
}

export function drawTimeAxis(c: CanvasRenderingContext2D, fromNs: number, toNs: number, x: number, w: number, y: number): void {
    const { at, step } = ticks(fromNs, toNs, Math.max(2, Math.floor(w / 95)));
    c.font = '12px system-ui, sans-serif';
    c.fillStyle = colours().soft;
    c.textBaseline = 'middle';
    for (const ns of at) {
        const place = x + ((ns - fromNs) / (toNs - fromNs)) * w;
        c.textAlign = place < x + 14 ? 'left' : place > x + w - 24 ? 'right' : 'center';
        c.fillText(atSeconds(ns, step), place, y);
    }
}
