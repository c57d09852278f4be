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
const rowsPerOctave = 4;

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
        const used = Array.from({ length: data.buckets }, (_, i) => i)
            .filter((i) => data.lengths.some((_, at) => at % data.buckets === i && data.lengths[at]! > 0));
        const per = data.perOctave / rowsPerOctave;
        this.first = Math.floor((used[0] ?? 0) / per);
        this.end = Math.max(Math.ceil(((used[used.length - 1] ?? 0) + 1) / per), this.first + 4);
        this.surface = surface(this.element, canvas, () => this.draw());
        state.on('view', () => this.draw());
    }
    private rowOf(bucket: number): number {
        return Math.floor(bucket / (this.state.data.perOctave / rowsPerOctave));
    }
    private rowNs(row: number): number {
        return this.state.data.bucketNs(Math.max(0, row * (this.state.data.perOctave / rowsPerOctave)));
    }
    /** Bins are joined where a column would be narrower than 3 pixels. */
    private sum(columns: number): void {
        const { data } = this.state;
        this.columnNs = data.durationNs / columns;
        this.cells = new Map();
        for (let bin = 0; bin < data.bins; bin++) {
            const column = Math.min(columns - 1, Math.floor(((bin + 0.5) * data.binNs) / this.columnNs));
            for (let i = 0; i < data.buckets; i++) {
                const here = data.lengths[bin * data.buckets + i]!;
                if (here === 0) continue;
                const key = column * 1024 + this.rowOf(i);
                this.cells.set(key, (this.cells.get(key) ?? 0) + here);
            }
        }
    }
    draw(): void {
        const { context: c, width, height } = this.surface;
        if (width === 0) return;
        const { data } = this.state;
        const plot = { x: gutter.left, y: 6, w: width - gutter.left - gutter.right, h: height - bottom - 6 };
        const columns = Math.max(1, Math.min(data.bins, Math.floor(plot.w / 3)));
        this.sum(columns);
        c.clearRect(0, 0, width, height);
        this.drawAxes(plot);
        const rowH = plot.h / (this.end - this.first);
        const most = Math.log(1 + Math.max(...this.cells.values(), 1));
        const w = plot.w / columns;
        for (const [key, here] of this.cells) {
            const row = (key % 1024) - this.first;
            const x = plot.x + Math.floor(key / 1024) * w;
            c.fillStyle = heatColour(Math.log(1 + here) / most);
            c.fillRect(x, plot.y + plot.h - (row + 1) * rowH, Math.max(w - 0.4, 0.8), Math.max(rowH - 0.4, 0.8));
        }
        this.drawLongest(plot, columns);
        this.drawLosses(plot);
        this.drawView(plot);
    }
    private drawAxes(plot: { x: number; y: number; w: number; h: number }): void {
        const { context: c } = this.surface;
        const { ink, soft, line } = colours();
        c.font = '12px system-ui, sans-serif';
        c.textBaseline = 'middle';
        c.textAlign = 'right';
        const from = this.rowNs(this.first);
        const to = this.rowNs(this.end);
        for (let ns = 100; ns <= to; ns *= 10) {
            if (ns < from) continue;
            const y = plot.y + plot.h * (1 - Math.log(ns / from) / Math.log(to / from));
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
    private drawLongest(plot: { x: number; y: number; w: number; h: number }, columns: number): void {
        const { context: c } = this.surface;
        const { data } = this.state;
        const rowH = plot.h / (this.end - this.first);
        const longest = new Float64Array(columns);
        for (let bin = 0; bin < data.bins; bin++) {
            const column = Math.min(columns - 1, Math.floor(((bin + 0.5) * data.binNs) / this.columnNs));
            longest[column] = Math.max(longest[column]!, data.longest[bin]!);
        }
        c.fillStyle = colours().ink;
        const from = this.rowNs(this.first);
        const scale = plot.h / Math.log(this.rowNs(this.end) / from);
        longest.forEach((ns, column) => {
            if (ns < from || ns === 0) return;
            const y = plot.y + plot.h - Math.log(ns / from) * scale;
            c.fillRect(plot.x + (column * plot.w) / columns, y - Math.min(1, rowH / 2), Math.max(plot.w / columns - 0.4, 1), 1.6);
        });
    }
    private drawLosses(plot: { x: number; y: number; w: number; h: number }): void {
        const { data } = this.state;
        for (const loss of data.losses) {
            const x = plot.x + (loss.fromNs / data.durationNs) * plot.w;
            const w = Math.max(((loss.toNs - loss.fromNs) / data.durationNs) * plot.w, 3);
            drawHole(this.surface.context, x, plot.y, Math.min(w, plot.x + plot.w - x), plot.h);
        }
    }
    /** Which part the timeline shows, below the axis. */
    private drawView(plot: { x: number; y: number; w: number; h: number }): void {
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
        const h = this.surface.height - bottom - 6;
        const row = this.first + Math.floor((1 - (y - 6) / h) * (this.end - this.first));
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

/** Where nothing is known: waits were lost, or a part of the recording cannot be read. */
export function drawHole(c: CanvasRenderingContext2D, x: number, y: number, w: number, h: number): void {
    c.save();
    c.beginPath();
    c.rect(x, y, w, h);
    c.clip();
    c.fillStyle = colours().paper;
    c.fillRect(x, y, w, h);
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
