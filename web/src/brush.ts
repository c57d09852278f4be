// SPDX-License-Identifier: BSD-2-Clause
// The span that is selected, laid over a chart: drawn with a pointer, moved with the keys.
import { el, hideTip } from './dom';
import { duration } from './format';
import type { State } from './state';

export interface Plot { left: number; right: number }  // what the chart leaves free at its sides

export class Brush {
    readonly element = el('div', {
        class: 'brush', tabindex: '0', role: 'slider', 'aria-label': 'Selected span of time',
        'aria-valuemin': '0', 'aria-valuemax': '1000',
    });
    private readonly before = el('div', { class: 'shade' });
    private readonly after = el('div', { class: 'shade' });
    private readonly chosen = el('div', { class: 'chosen' });
    private anchorNs: number | null = null;

    constructor(private readonly state: State, plot: Plot, private readonly hover: (ns: number, y: number, event: PointerEvent) => void) {
        this.element.style.left = `${plot.left}px`;
        this.element.style.right = `${plot.right}px`;
        this.element.append(this.before, this.chosen, this.after);
        this.element.addEventListener('pointerdown', (event) => this.start(event));
        this.element.addEventListener('pointermove', (event) => this.move(event));
        this.element.addEventListener('pointerup', () => { this.anchorNs = null; });
        this.element.addEventListener('pointercancel', () => { this.anchorNs = null; });
        this.element.addEventListener('pointerleave', hideTip);
        this.element.addEventListener('dblclick', () => this.clear());
        this.element.addEventListener('keydown', (event) => this.key(event));
        state.on('span', () => this.draw());
        this.draw();
    }
    private ns(event: PointerEvent): number {
        const box = this.element.getBoundingClientRect();
        const share = Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
        return share * this.state.data.durationNs;
    }
    private start(event: PointerEvent): void {
        if (event.button !== 0) return;
        this.element.setPointerCapture(event.pointerId);
        this.element.focus({ preventScroll: true });
        this.anchorNs = this.ns(event);
        event.preventDefault();
    }
    private move(event: PointerEvent): void {
        const ns = this.ns(event);
        if (this.anchorNs === null) {
            this.hover(ns, event.clientY - this.element.getBoundingClientRect().top, event);
            return;
        }
        hideTip();
        const apart = Math.abs(ns - this.anchorNs) / this.state.data.durationNs * this.element.clientWidth;
        if (apart > 3) this.state.select(this.anchorNs, ns);
    }
    private clear(): void {
        this.state.select(0, this.state.data.durationNs);
    }
    private key(event: KeyboardEvent): void {
        const { fromNs, toNs } = this.state.span;
        const { durationNs, binNs } = this.state.data;
        const step = Math.max(binNs, Math.round(durationNs / 50 / binNs) * binNs);
        const length = toNs - fromNs;
        const by = (event.key === 'ArrowLeft' ? -1 : 1) * step;
        if (event.key === 'Escape') {
            this.clear();
        } else if (event.key === '+' || event.key === '-') {
            const change = (event.key === '+' ? 0.25 : -0.5) * length;
            this.state.select(fromNs + change, Math.max(toNs - change, fromNs + change + binNs));
        } else if (event.key !== 'ArrowLeft' && event.key !== 'ArrowRight') {
            return;
        } else if (event.shiftKey) {
            this.state.select(fromNs, Math.max(toNs + by, fromNs + binNs));
        } else if (this.state.isWhole()) {
            this.state.select(by > 0 ? 0 : durationNs - 5 * step, by > 0 ? 5 * step : durationNs);
        } else {
            const from = Math.min(Math.max(fromNs + by, 0), durationNs - length);
            this.state.select(from, from + length);
        }
        event.preventDefault();
    }
    private draw(): void {
        const { fromNs, toNs } = this.state.span;
        const { durationNs } = this.state.data;
        const from = (100 * fromNs) / durationNs;
        const to = (100 * toNs) / durationNs;
        this.before.style.width = `${from}%`;
        this.after.style.width = `${Math.max(0, 100 - to)}%`;
        this.chosen.style.left = `${from}%`;
        this.chosen.style.width = `${to - from}%`;
        this.element.classList.toggle('whole', this.state.isWhole());
        this.element.setAttribute('aria-valuenow', String(Math.round((from + to) * 5)));
        this.element.setAttribute('aria-valuetext', this.state.isWhole() ? 'the whole recording'
            : `${duration(toNs - fromNs)} from ${duration(fromNs)} on`);
    }
}
