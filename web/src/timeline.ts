// SPDX-License-Identifier: BSD-2-Clause
// One lane a CPU, from the whole recording down to single switches.
import { left, Wait } from './data';
import { el, hideTip, showTip, surface, Surface, swatch } from './dom';
import { atSeconds, count, duration, percent } from './format';
import { drawHole, drawTimeAxis, gutter } from './heatmap';
import { Box, firstAfter, LanePainter, Mark } from './lane_painter';
import type { Span, State } from './state';
import { causeWords } from './causes';
import { ActorColours, colours } from './theme';

const top = 24;
const most_marks = 4000;

export class Timeline {
    readonly element = el('div', { class: 'timeline' });
    readonly canvas = el('canvas', { tabindex: '0', role: 'application', 'aria-label':
        'Timeline of the CPUs. Left and right move, plus and minus zoom, 0 shows the span, n and p go to the next and the last long wait.' });
    private readonly chart = el('div', { class: 'chart lanes' });
    private readonly status = el('p', { class: 'soft status', 'aria-live': 'polite' });
    private readonly surface: Surface;
    private readonly laneH: number;
    private readonly byTime: Wait[];
    private readonly listed: Mark[][];  // of the waits in the table, by CPU
    private readonly pointers = new Map<number, { x: number; y: number }>();
    private moved = false;
    private animation = 0;

    constructor(private readonly state: State, private readonly actors: ActorColours) {
        const cpus = state.data.runs.length;
        this.laneH = cpus <= 2 ? 68 : cpus <= 4 ? 48 : cpus <= 16 ? 34 : cpus <= 64 ? 20 : 12;
        this.byTime = [...state.data.waits].sort((a, b) => a.endNs - b.endNs);
        const numbers = new Map(state.data.tasks.map((task, i) => [task, i]));
        this.listed = state.data.runs.map(() => []);
        for (const wait of state.data.waits) {
            this.listed[wait.cpu]?.push({ fromNs: wait.endNs - wait.ns, endNs: wait.endNs, ns: wait.ns, cause: wait.cause, task: numbers.get(wait.task)! });
        }
        this.chart.style.height = `${top + cpus * this.laneH + 4}px`;
        this.chart.append(this.canvas);
        this.element.append(this.toolbar(), el('div', { class: 'lanes-scroll' }, this.chart), this.status, this.legend());
        this.surface = surface(this.chart, this.canvas, () => this.draw());
        this.listen();
        state.on('view', () => this.draw());
        state.on('wait', () => this.draw());
    }
    private toolbar(): HTMLElement {
        const button = (text: string, label: string, act: () => void) => {
            const made = el('button', { type: 'button', 'aria-label': label, title: label }, text);
            made.addEventListener('click', act);
            return made;
        };
        return el('div', { class: 'toolbar' },
            button('+', 'Zoom in', () => this.zoom(0.4)), button('−', 'Zoom out', () => this.zoom(2.5)),
            button('◀', 'Earlier', () => this.pan(-0.4)), button('▶', 'Later', () => this.pan(0.4)),
            button('Fit', 'Show the selected span', () => this.glide(this.state.span)),
            button('All', 'Show the whole recording', () => this.glide(this.state.whole())),
            el('span', { class: 'soft hint' }, 'Drag to move, Ctrl + wheel or pinch to zoom'));
    }
    private legend(): HTMLElement {
        const { data } = this.state;
        const ink = el('span', { class: 'swatch bar-ink', 'aria-hidden': 'true' });
        const quota = el('span', { class: 'swatch bar-quota', 'aria-hidden': 'true' });
        return el('ul', { class: 'legend' },
            ...this.actors.order.map((actor) => el('li', {}, swatch(this.actors.of(actor)), data.actorName(actor))),
            el('li', {}, swatch(colours().rest), 'other tasks'), el('li', {}, el('span', { class: 'swatch track', 'aria-hidden': 'true' }), 'idle'),
            el('li', {}, ink, 'below: a task waits'), el('li', {}, quota, 'throttled by a CPU quota'));
    }

    private box(cpu: number): Box {
        const y = top + cpu * this.laneH;
        const strip = this.laneH >= 48 ? 14 : this.laneH >= 30 ? 10 : 4;
        return { x: gutter.left, w: this.surface.width - gutter.left - gutter.right, y: y + 2, h: this.laneH - strip - 5 };
    }
    private strip(cpu: number): Box {
        const box = this.box(cpu);
        return { ...box, y: box.y + box.h + 1, h: this.laneH - box.h - 4 };
    }
    /** Longest first: what is listed, the longest of each bin, and where runs are shown, theirs. */
    private marks(cpu: number): Mark[] {
        const { data, view } = this.state;
        const marks = new Map<number, Mark>();
        const add = (mark: Mark) => {
            if (mark.endNs < view.fromNs || mark.fromNs > view.toNs) return;
            const key = Math.round(mark.endNs / 1000);
            const known = marks.get(key);
            if (!known || known.ns < mark.ns) marks.set(key, mark);
        };
        const least = (view.toNs - view.fromNs) / Math.max(this.surface.width, 1) / 2;
        const runs = data.runs[cpu]!;
        const first = firstAfter(runs, view.fromNs);
        let last = first;
        while (last < runs.from.length && runs.from[last]! < view.toNs && last - first <= 100000) last++;
        for (let i = first; i <= last && i < runs.from.length; i++) {
            const ns = runs.waited[i]!;
            if (ns > least) add({ fromNs: runs.from[i]! - ns, endNs: runs.from[i]!, ns, cause: runs.cause[i]!, task: runs.task[i]! });
        }
        for (const peak of data.peaks[cpu]!) add({ fromNs: peak.endNs - peak.ns, ...peak });
        this.listed[cpu]!.forEach(add);
        return [...marks.values()].sort((a, b) => b.ns - a.ns).slice(0, most_marks);
    }
    private isChosen(cpu: number, mark: Mark): boolean {
        const { wait } = this.state;
        return wait !== null && wait.cpu === cpu && Math.abs(wait.endNs - mark.endNs) < 1000 && Math.abs(wait.ns - mark.ns) < 1000;
    }

    draw(): void {
        const { context: c, width, height } = this.surface;
        if (width === 0) return;
        const { data, view, wait } = this.state;
        const { ink, soft, accent } = colours();
        c.clearRect(0, 0, width, height);
        const painter = new LanePainter(c, data, this.actors, view);
        drawTimeAxis(c, view.fromNs, view.toNs, gutter.left, width - gutter.left - gutter.right, 10);
        for (let cpu = 0; cpu < data.runs.length; cpu++) {
            const box = this.box(cpu);
            c.font = `${this.laneH >= 20 ? 12 : 10}px system-ui, sans-serif`;
            c.textAlign = 'right';
            c.textBaseline = 'middle';
            c.fillStyle = soft;
            c.fillText(`CPU ${cpu}`, gutter.left - 8, box.y + box.h / 2);
            painter.paint(cpu, box);
            painter.marks(this.strip(cpu), this.marks(cpu), (mark) => this.isChosen(cpu, mark));
            this.drawLosses(cpu, box);
            if (wait && wait.cpu === cpu) this.drawChosen(wait, box, accent);
        }
        c.fillStyle = ink;
        this.tell();
    }
    private x(ns: number): number {
        const { view } = this.state;
        return gutter.left + ((ns - view.fromNs) / (view.toNs - view.fromNs)) * (this.surface.width - gutter.left - gutter.right);
    }
    private drawChosen(wait: Wait, box: Box, accent: string): void {
        const { context: c } = this.surface;
        const x0 = Math.max(this.x(wait.endNs - wait.ns), gutter.left);
        const x1 = Math.min(this.x(wait.endNs), box.x + box.w);
        if (x1 < gutter.left || x0 > box.x + box.w) return;
        c.strokeStyle = accent;
        c.lineWidth = 2;
        c.strokeRect(x0, box.y - 1, Math.max(x1 - x0, 2), this.laneH - 2);
    }
    private drawLosses(cpu: number, box: Box): void {
        for (const loss of this.state.data.losses) {
            if (loss.cpu !== null && loss.cpu !== cpu) continue;
            const x0 = Math.max(this.x(loss.fromNs), box.x);
            const x1 = Math.min(Math.max(this.x(loss.toNs), x0 + 3), box.x + box.w);
            if (x1 > x0) drawHole(this.surface.context, x0, box.y, x1 - x0, this.laneH - 4);
        }
    }
    private tell(): void {
        const { data, view } = this.state;
        const length = view.toNs - view.fromNs;
        const whole = data.complete || data.runs.every((runs) => this.covers(runs, view));
        this.status.textContent = `Showing ${duration(length)} from ${atSeconds(view.fromNs, Math.max(length / 100, 1))}. ` +
            (whole ? (data.losses.length > 0 ? 'Every switch that was not lost is here.' : 'Every switch is here.') : 'Dotted: merged to shares; single switches are kept around the longest waits.');
        this.canvas.dataset['view'] = `${Math.round(view.fromNs)} ${Math.round(view.toNs)}`;
    }
    private covers(runs: { from: Float64Array; to: Float64Array }, view: Span): boolean {
        let at = view.fromNs;
        for (let i = firstAfter(runs as never, view.fromNs); i < runs.from.length && runs.from[i]! < view.toNs; i++) {
            if (runs.from[i]! > at + 1000) return false;
            at = runs.to[i]!;
        }
        return at >= view.toNs - 1000;
    }

    private zoom(factor: number, aroundNs = (this.state.view.fromNs + this.state.view.toNs) / 2, smooth = true): void {
        const { fromNs, toNs } = this.state.view;
        const target = { fromNs: aroundNs - (aroundNs - fromNs) * factor, toNs: aroundNs + (toNs - aroundNs) * factor };
        if (smooth) this.glide(target);
        else this.state.look(target.fromNs, target.toNs);
    }
    private pan(share: number): void {
        const { fromNs, toNs } = this.state.view;
        const by = (toNs - fromNs) * share;
        this.state.look(fromNs + by, toNs + by);
    }
    /** Widths change by equal factors, so that a long way looks as even as a short one. */
    glide(target: Span): void {
        cancelAnimationFrame(this.animation);
        const { durationNs } = this.state.data;
        const length = Math.min(Math.max(target.toNs - target.fromNs, 1000), durationNs);
        const fromNs = Math.min(Math.max(target.fromNs, 0), durationNs - length);
        if (window.matchMedia('(prefers-reduced-motion: reduce)').matches) {
            this.state.look(fromNs, fromNs + length);
            return;
        }
        const start = { ...this.state.view };
        const began = performance.now();
        const startLength = start.toNs - start.fromNs;
        const step = (now: number) => {
            const t = Math.min(1, (now - began) / 220);
            const eased = 1 - (1 - t) ** 3;
            const wide = startLength * (length / startLength) ** eased;
            const share = Math.abs(length - startLength) < 1 ? eased : (wide - startLength) / (length - startLength);
            const from = start.fromNs + (fromNs - start.fromNs) * share;
            this.state.look(t < 1 ? from : fromNs, t < 1 ? from + wide : fromNs + length);
            if (t < 1) this.animation = requestAnimationFrame(step);
        };
        this.animation = requestAnimationFrame(step);
    }
    jump(wait: Wait): void {
        const around = Math.max(wait.ns * 0.35, 20000);
        this.glide({ fromNs: wait.endNs - wait.ns - around, toNs: wait.endNs + around });
    }

    private nsAt(clientX: number): number {
        const box = this.canvas.getBoundingClientRect();
        const { view } = this.state;
        return view.fromNs + ((clientX - box.left - gutter.left) / (box.width - gutter.left - gutter.right)) * (view.toNs - view.fromNs);
    }
    private listen(): void {
        const { canvas } = this;
        canvas.addEventListener('wheel', (event) => {
            if (event.ctrlKey || event.metaKey || event.altKey) {
                this.zoom(Math.exp(Math.max(-60, Math.min(60, event.deltaY)) / 160), this.nsAt(event.clientX), false);
                event.preventDefault();
            } else if (Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
                this.pan(event.deltaX / this.surface.width);
                event.preventDefault();
            }
        }, { passive: false });
        canvas.addEventListener('pointerdown', (event) => {
            canvas.setPointerCapture(event.pointerId);
            this.pointers.set(event.pointerId, { x: event.clientX, y: event.clientY });
            this.moved = false;
            cancelAnimationFrame(this.animation);
        });
        canvas.addEventListener('pointermove', (event) => this.move(event));
        const up = (event: PointerEvent) => {
            if (event.type === 'pointerup' && !this.moved && this.pointers.size === 1) this.click(event);
            this.pointers.delete(event.pointerId);
        };
        canvas.addEventListener('pointerup', up);
        canvas.addEventListener('pointercancel', up);
        canvas.addEventListener('pointerleave', hideTip);
        canvas.addEventListener('dblclick', (event) => this.zoom(0.3, this.nsAt(event.clientX)));
        canvas.addEventListener('keydown', (event) => this.key(event));
    }
    private move(event: PointerEvent): void {
        const before = this.pointers.get(event.pointerId);
        if (!before) {
            this.hover(event);
            return;
        }
        const { view } = this.state;
        const perPixel = (view.toNs - view.fromNs) / (this.surface.width - gutter.left - gutter.right);
        if (this.pointers.size === 1) {
            const by = event.clientX - before.x;
            if (!this.moved && Math.abs(by) < 3) return;
            this.moved = true;
            this.state.look(view.fromNs - by * perPixel, view.toNs - by * perPixel);
        } else {
            const [a, b] = [...this.pointers].map(([id, at]) => (id === event.pointerId ? { x: event.clientX, old: before.x } : { x: at.x, old: at.x }));
            const apart = Math.max(Math.abs(a!.x - b!.x), 10);
            const was = Math.max(Math.abs(a!.old - b!.old), 10);
            this.moved = true;
            this.zoom(was / apart, this.nsAt((a!.x + b!.x) / 2), false);
        }
        hideTip();
        this.pointers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    }
    private key(event: KeyboardEvent): void {
        const keys: Record<string, () => void> = {
            ArrowLeft: () => this.pan(-0.2), ArrowRight: () => this.pan(0.2),
            '+': () => this.zoom(0.5), '=': () => this.zoom(0.5), '-': () => this.zoom(2),
            '0': () => this.glide(this.state.span), Home: () => this.glide(this.state.whole()),
            n: () => this.next(1), p: () => this.next(-1), Escape: () => this.state.choose(null),
        };
        const act = event.ctrlKey || event.metaKey ? undefined : keys[event.key];
        if (act) {
            act();
            event.preventDefault();
        }
    }
    private next(by: 1 | -1): void {
        const { wait, view, span } = this.state;
        const inSpan = this.byTime.filter((each) => each.endNs >= span.fromNs && each.endNs <= span.toNs);
        const at = wait ? wait.endNs : (view.fromNs + view.toNs) / 2;
        const found = by > 0 ? inSpan.find((each) => each.endNs > at) : [...inSpan].reverse().find((each) => each.endNs < at);
        if (found) {
            this.state.choose(found);
            this.jump(found);
        }
    }
    private cpuAt(event: PointerEvent): number {
        const y = event.clientY - this.canvas.getBoundingClientRect().top - top;
        const cpu = Math.floor(y / this.laneH);
        return cpu >= 0 && cpu < this.state.data.runs.length ? cpu : -1;
    }
    private markAt(cpu: number, event: PointerEvent): Mark | undefined {
        const ns = this.nsAt(event.clientX);
        const { view } = this.state;
        const near = (2 * (view.toNs - view.fromNs)) / this.surface.width;
        return this.marks(cpu).find((mark) => ns >= mark.fromNs - near && ns <= mark.endNs + near);
    }
    private inStrip(cpu: number, event: PointerEvent): boolean {
        return event.clientY - this.canvas.getBoundingClientRect().top >= this.strip(cpu).y - 1;
    }
    private click(event: PointerEvent): void {
        const cpu = this.cpuAt(event);
        const mark = cpu >= 0 && this.inStrip(cpu, event) ? this.markAt(cpu, event) : undefined;
        const wait = mark && this.state.data.waits.find((each) => each.cpu === cpu && Math.abs(each.endNs - mark.endNs) < 1000);
        if (wait) this.state.choose(wait);
        else if (event.pointerType === 'touch') this.hover(event);
    }
    private hover(event: PointerEvent): void {
        const cpu = this.cpuAt(event);
        if (cpu < 0 || event.clientX - this.canvas.getBoundingClientRect().left < gutter.left) {
            hideTip();
            return;
        }
        const mark = this.inStrip(cpu, event) ? this.markAt(cpu, event) : undefined;
        showTip(event.clientX, event.clientY, mark ? this.markWords(mark) : this.runWords(cpu, this.nsAt(event.clientX)));
    }
    private taskWords(task: number): string {
        const { comm, tid, pid, actor } = this.state.data.tasks[task]!;
        if (tid === 0) return this.state.data.actorName(actor);
        return tid === pid ? `${comm} ${tid}` : `${comm} ${tid} (process ${pid})`;
    }
    private markWords(mark: Mark): string[] {
        const { data } = this.state;
        const listed = data.waits.some((wait) => Math.abs(wait.endNs - mark.endNs) < 1000);
        return [`${this.taskWords(mark.task)} waited ${duration(mark.ns)}`, causeWords[data.causes[mark.cause]!]!,
            ...(listed ? ['Click for who had the CPU meanwhile'] : [])];
    }
    private runWords(cpu: number, ns: number): string[] {
        const { data } = this.state;
        const loss = data.losses.find((each) => (each.cpu === null || each.cpu === cpu) && ns >= each.fromNs && ns <= each.toNs);
        if (loss) return [`${count(loss.lost)} waits are missing here`, loss.reason === 'damage' ? 'this part of the recording cannot be read' : 'the ring was full'];
        const runs = data.runs[cpu]!;
        const i = firstAfter(runs, ns);
        if (i < runs.from.length && runs.from[i]! <= ns) {
            const task = runs.task[i]!;
            if (task === 0) return ['idle', `for ${duration(runs.to[i]! - runs.from[i]!)} at ${atSeconds(runs.from[i]!, 1000)}`];
            return [this.taskWords(task), `ran ${duration(runs.to[i]! - runs.from[i]!)}, then ${left[runs.left[i]!] || 'left the CPU'}`,
                ...(runs.waited[i]! > 0 ? [`had waited ${duration(runs.waited[i]!)} before: ${causeWords[data.causes[runs.cause[i]!]!]}`] : []),
                `from ${atSeconds(runs.from[i]!, 1000)} on`];
        }
        const bin = Math.floor(ns / data.laneNs);
        const shares = data.shares[cpu]![bin] ?? [];
        if (shares.length === 0) return ['nothing was recorded here'];
        return [`CPU ${cpu}, ${duration(data.laneNs)} from ${atSeconds(bin * data.laneNs, data.laneNs)}`,
            ...shares.map(({ actor, share }) => `${percent(share, 1)} ${actor === 0 ? 'idle' : data.actorName(actor)}`),
            'single switches are left out here'];
    }
}
