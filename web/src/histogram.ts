// SPDX-License-Identifier: BSD-2-Clause
// How many waits were how long, both on log scales, with percentiles.
import uPlot from 'uplot';
import { el } from './dom';
import { count, duration } from './format';
import type { State } from './state';
import { percentile, Sums } from './sums';
import { colours, onTheme } from './theme';

const quantiles: [string, number][] = [['p50', 0.5], ['p90', 0.9], ['p99', 0.99], ['p99.9', 0.999]];

export class Histogram {
    readonly element = el('div', { class: 'histogram' });
    private readonly chart = el('div', { class: 'chart bars', role: 'img', 'aria-label': 'Histogram of the lengths of waits' });
    private readonly table = el('dl', { class: 'percentiles' });
    private plot: uPlot | null = null;
    private sums: Sums | null = null;

    constructor(private readonly state: State) {
        this.element.append(this.table, this.chart);
        new ResizeObserver(() => this.make()).observe(this.chart);
        onTheme(() => this.make());
    }
    showSums(sums: Sums): void {
        this.sums = sums;
        const rows: [string, string][] = quantiles.map(([name, q]) =>
            [name, sums.waits > 0 ? duration(percentile(this.state.data, sums, q)) : '–']);
        rows.push(['longest', sums.waits > 0 ? duration(sums.longestNs) : '–']);
        this.table.replaceChildren(...rows.map(([name, value]) => el('div', {}, el('dt', {}, name), el('dd', {}, value))));
        this.make();
    }
    private make(): void {
        const { clientWidth: width, clientHeight: height } = this.chart;
        if (width === 0 || !this.sums) return;
        const { data } = this.state;
        const { sums } = this;
        const joined = data.perOctave / 2;
        const rows = Math.ceil(data.buckets / joined);
        const values = Array.from({ length: rows }, (_, row) =>
            sums.lengths.subarray(row * joined + 1, (row + 1) * joined + 1).reduce((a, b) => a + b, 0) + (row === 0 ? sums.lengths[0]! : 0));
        const used = values.map((value, i) => (value > 0 ? i : -1)).filter((i) => i >= 0);
        const first = used[0] ?? 0;
        const last = Math.max(used[used.length - 1] ?? 0, first + 5);
        const x = Array.from({ length: last - first + 1 }, (_, i) => first + i);
        const place = (ns: number) => this.place(ns) / joined - 0.5;
        const decades = Array.from({ length: 10 }, (_, i) => 100 * 10 ** i)
            .filter((ns) => place(ns) >= first - 0.5 && place(ns) <= last + 0.5);
        const powers = Array.from({ length: 10 }, (_, i) => 10 ** i).filter((n) => n <= Math.max(...values, 1));
        const { soft, line, ink, causes } = colours();
        const font = '12px system-ui, sans-serif';
        this.plot?.destroy();
        this.plot = new uPlot({
            width, height, padding: [22, 8, 0, 0], cursor: { show: false }, legend: { show: false },
            scales: {
                x: { time: false, range: [first - 0.6, last + 0.6] },
                y: { distr: 3, range: (_u, _min, max) => [0.5, Math.max(max, 2) * 1.3] },
            },
            axes: [
                { stroke: soft, font, size: 24, gap: 4, ticks: { show: false }, grid: { show: false }, splits: () => decades.map(place),
                  values: () => decades.map((ns) => duration(ns).replace('.0', '')) },
                { stroke: soft, font, size: 58, gap: 6, ticks: { show: false }, grid: { stroke: line, width: 1 },
                  splits: () => powers, values: (_u, at) => at.map((n: number | null) => (n === null ? '' : count(n))) },  // null: a label that it hides
            ],
            series: [{}, { fill: causes['contention']!, width: 0, points: { show: false },
                           paths: uPlot.paths.bars!({ size: [0.88, 60], align: 0 }) }],
            hooks: { draw: [(u) => this.drawPercentiles(u, place, soft, ink)] },
        }, [x, values.slice(first, last + 1).map((v) => (v > 0 ? v : null)) as (number | null)[]], this.chart);
    }
    /** The bucket, with its fraction, of a length. */
    private place(ns: number): number {
        const { data } = this.state;
        let low = 0;
        let high = data.buckets;
        while (low + 1 < high) {
            const middle = (low + high) >> 1;
            if (data.bucketNs(middle) <= ns) low = middle;
            else high = middle;
        }
        return low - 1;
    }
    private drawPercentiles(u: uPlot, place: (ns: number) => number, soft: string, ink: string): void {
        const { data } = this.state;
        const ratio = window.devicePixelRatio || 1;
        const c = u.ctx;
        c.save();
        c.font = `${11 * ratio}px system-ui, sans-serif`;
        c.textAlign = 'center';
        let before = -Infinity;
        for (const [name, quantile] of quantiles) {
            if (this.sums!.waits === 0) break;
            const x = u.valToPos(place(percentile(data, this.sums!, quantile)), 'x', true);
            c.strokeStyle = soft;
            c.lineWidth = ratio;
            c.setLineDash([3 * ratio, 3 * ratio]);
            c.beginPath();
            c.moveTo(x, u.bbox.top - 4 * ratio);
            c.lineTo(x, u.bbox.top + u.bbox.height);
            c.stroke();
            if (x - before < 34 * ratio) continue;  // no room for its name
            c.fillStyle = ink;
            c.fillText(name, x, u.bbox.top - 9 * ratio);
            before = x;
        }
        c.restore();
    }
}
