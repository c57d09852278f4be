// SPDX-License-Identifier: BSD-2-Clause
// What the page's parts share: the span that is selected, the part of the timeline that is in view,
// and the wait that is looked at.
import type { Data, Wait } from './data';

export interface Span { fromNs: number; toNs: number }
type Change = 'span' | 'view' | 'wait';

export class State {
    span: Span;
    view: Span;
    wait: Wait | null = null;
    private readonly listeners: [Change, () => void][] = [];
    private queued = new Set<Change>();

    constructor(readonly data: Data) {
        this.span = this.whole();
        this.view = this.whole();
    }
    whole(): Span {
        return { fromNs: 0, toNs: this.data.durationNs };
    }
    isWhole(): boolean {
        return this.span.fromNs <= 0 && this.span.toNs >= this.data.durationNs;
    }
    on(change: Change, listener: () => void): void {
        this.listeners.push([change, listener]);
    }
    /** Whole bins, so that everything that is summed up is exact. The timeline goes along. */
    select(fromNs: number, toNs: number): void {
        const { binNs, durationNs } = this.data;
        const from = Math.max(0, Math.floor(Math.min(fromNs, toNs) / binNs) * binNs);
        const to = Math.min(durationNs, Math.max(Math.ceil(Math.max(fromNs, toNs) / binNs) * binNs, from + binNs));
        if (from === this.span.fromNs && to === this.span.toNs) return;
        this.span = { fromNs: Math.min(from, Math.max(0, durationNs - 1)), toNs: to };
        this.view = { ...this.span };
        this.tell('span');
        this.tell('view');
    }
    look(fromNs: number, toNs: number): void {
        const { durationNs } = this.data;
        const length = Math.min(Math.max(toNs - fromNs, 1000), durationNs);
        const from = Math.min(Math.max(fromNs, 0), durationNs - length);
        this.view = { fromNs: from, toNs: from + length };
        this.tell('view');
    }
    choose(wait: Wait | null): void {
        this.wait = wait;
        this.tell('wait');
    }
    /** Once a frame, however often something changes. */
    private tell(change: Change): void {
        if (this.queued.size === 0) requestAnimationFrame(() => this.flush());
        this.queued.add(change);
    }
    private flush(): void {
        const now = this.queued;
        this.queued = new Set();
        for (const [change, listener] of this.listeners) {
            if (now.has(change)) listener();
        }
    }
}
