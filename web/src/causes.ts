// SPDX-License-Identifier: BSD-2-Clause
// Waiting time by cause over time, stacked. Its height is how many tasks were waiting on average.
import uPlot from 'uplot';
import { Brush } from './brush';
import { el, showTip, swatch } from './dom';
import { atSeconds, duration, percent } from './format';
import { drawHole, drawTimeAxis, gutter } from './heatmap';
import type { State } from './state';
import type { Sums } from './sums';
import { colours, onTheme } from './theme';

export const causeWords: Record<string, string> = {
    throttled: 'CPU quota used up',
    contention: 'other tasks had the CPU',
    realtime: 'higher priority had the CPU',
    self: 'own threads had the CPU',
    moved: 'queued on another CPU before',
    rt_throttled: 'real-time share used up',
    idle: 'idle CPU waking up',
    unknown: 'not known',
};

export class Causes {
    readonly element = el('div', { class: 'causes' });
    private readonly chart = el('div', { class: 'chart stack' });
    private readonly legend = el('ul', { class: 'legend' });
    private readonly order: number[];  // from the bottom up: largest first
    private plot: uPlot | null = null;
    private columns = 0;
    private columnNs = 1;
    private heights: Float64Array[] = [];

    constructor(private readonly state: State) {
        const { data } = state;
        const total = new Float64Array(data.causes.length);
        data.causeNs.forEach((ns, i) => { total[i % data.causes.length]! += ns; });
        this.order = data.causes.map((_, i) => i).filter((i) => total[i]! > 0).sort((a, b) => total[b]! - total[a]!);
        this.element.append(this.legend, this.chart);
        const brush = new Brush(state, gutter, (ns, _y, event) => this.hover(ns, event));
        this.chart.append(brush.element);
        new ResizeObserver(() => this.fit()).observe(this.chart);
        onTheme(() => this.make());
    }
    showSums(sums: Sums): void {
        const { causes } = this.state.data;
        const shown = this.order.filter((i) => sums.causeNs[i]! > 0).sort((a, b) => sums.causeNs[b]! - sums.causeNs[a]!);
        this.legend.replaceChildren(...shown.map((i) => el('li', { title: causeWords[causes[i]!]! },
            swatch(colours().causes[causes[i]!]!), el('b', {}, percent(sums.causeNs[i]!, sums.waitNs)),
            ` ${causeWords[causes[i]!]!} `, el('span', { class: 'soft' }, duration(sums.causeNs[i]!)))));
    }
    private fit(): void {
        if (this.chart.clientWidth === 0) return;
        if (this.plot) this.plot.setSize({ width: this.chart.clientWidth, height: this.chart.clientHeight });
        this.make();
    }
    private sum(width: number): number[][] {
        const { data } = this.state;
        const joined = Math.ceil(data.bins / Math.max(1, Math.min(data.bins, Math.floor(width / 4))));
        this.columns = Math.ceil(data.bins / joined);
        this.columnNs = joined * data.binNs;
        this.heights = this.order.map(() => new Float64Array(this.columns));
        for (let bin = 0; bin < data.bins; bin++) {
            const column = Math.floor(bin / joined);
            const lengthNs = Math.min(this.columnNs, data.durationNs - column * this.columnNs);
            this.order.forEach((cause, i) => {
                this.heights[i]![column]! += data.causeNs[bin * data.causes.length + cause]! / lengthNs;
            });
        }
        const times = Array.from({ length: this.columns + 1 }, (_, i) => Math.min(i * this.columnNs, data.durationNs));
        const below = new Array<number>(this.columns + 1).fill(0);
        const stacked = this.heights.map((heights) => {
            heights.forEach((height, i) => { below[i]! += height; });
            below[this.columns] = below[this.columns - 1]!;
            return [...below];
        });
        return [times, ...stacked];
    }
    /** Without the first column where it sticks out: what was waited before the recording counts there. */
    private most(): number {
        const sums = Array.from({ length: this.columns }, (_, i) => this.heights.reduce((sum, heights) => sum + heights[i]!, 0));
        const rest = Math.max(...sums.slice(1), 0);
        return Math.max(sums[0]! > 1.5 * rest && rest > 0 ? rest : Math.max(sums[0]!, rest), 0.001);
    }
    private make(): void {
        const { clientWidth: width, clientHeight: height } = this.chart;
        if (width === 0) return;
        const { causes, durationNs, losses } = this.state.data;
        const table = this.sum(width - gutter.left - gutter.right);
        // Drawn from the top of the stack down, each down to the axis: no line is drawn twice.
        const tops = this.order.map((cause, i) => ({ cause, values: table[i + 1]! })).reverse();
        const { soft, line } = colours();
        const font = '12px system-ui, sans-serif';
        this.plot?.destroy();
        this.plot = new uPlot({
            width, height, padding: [8, gutter.right, 0, 0],
            cursor: { show: false }, legend: { show: false },
            scales: { x: { time: false, range: [0, durationNs] }, y: { range: () => [0, this.most() * 1.05] } },
            axes: [
                { stroke: soft, font, size: 24, gap: 4, ticks: { show: false }, grid: { show: false }, values: () => [] },
                { stroke: soft, font, size: gutter.left, gap: 6, ticks: { show: false }, grid: { stroke: line, width: 1 }, space: 34 },
            ],
            series: [{}, ...tops.map(({ cause }) => ({
                fill: colours().causes[causes[cause]!]!, width: 0, points: { show: false },
                paths: uPlot.paths.stepped!({ align: 1 }),
            }))],
            hooks: { draw: [(u) => {
                const ratio = window.devicePixelRatio || 1;
                const { left, top, width: w, height: h } = u.bbox;
                u.ctx.save();
                u.ctx.scale(ratio, ratio);
                for (const loss of losses) {
                    const x = (left + (loss.fromNs / durationNs) * w) / ratio;
                    const wide = Math.max(((loss.toNs - loss.fromNs) / durationNs) * w / ratio, 3);
                    drawHole(u.ctx, x, top / ratio, Math.min(wide, (left + w) / ratio - x), h / ratio, loss.cpu === null);
                }
                drawTimeAxis(u.ctx, 0, durationNs, left / ratio, w / ratio, (top + h) / ratio + 13);
                u.ctx.restore();
            }] },
        }, [table[0]!, ...tops.map(({ values }) => values)], this.chart);
    }
    private hover(ns: number, event: PointerEvent): void {
        const { causes } = this.state.data;
        const column = Math.min(this.columns - 1, Math.floor(ns / this.columnNs));
        const here = this.order.map((cause, i) => ({ cause, height: this.heights[i]![column]! }))
            .filter(({ height }) => height > 0).sort((a, b) => b.height - a.height);
        const sum = here.reduce((all, { height }) => all + height, 0);
        showTip(event.clientX, event.clientY, [
            `${sum.toFixed(sum < 10 ? 2 : 0)} tasks waiting at ${atSeconds(column * this.columnNs, this.columnNs)}`,
            ...here.map(({ cause, height }) => `${percent(height, sum)} ${causeWords[causes[cause]!]!}`),
        ]);
    }
}
