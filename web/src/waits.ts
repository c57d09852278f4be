// SPDX-License-Identifier: BSD-2-Clause
// The longest waits: sorted, filtered, and each with its ledger.
import type { Data, Part, Wait } from './data';
import { el, swatch } from './dom';
import { atSeconds, count, duration, nameOf, percent } from './format';
import type { State } from './state';
import { causeWords } from './causes';
import { ActorColours, colours } from './theme';

type Key = 'endNs' | 'ns' | 'task' | 'cpu' | 'cause' | 'culprit';
const heads: [Key, string][] = [['ns', 'Waited'], ['task', 'Task'], ['cause', 'Cause'], ['culprit', 'Mostly for'], ['endNs', 'Ended at'], ['cpu', 'CPU']];
const page = 25;

function partName(data: Data, part: Part): string {
    if (part.task) return `${nameOf(part.task.comm)} ${part.task.tid || ''}`;
    return part.kind === 'others' ? `${count(part.count)} other tasks` : data.actorName(part.actor);
}

export class Waits {
    readonly element = el('div', { class: 'waits' });
    private readonly filter = el('input', { type: 'search', placeholder: 'Filter: task, process, CPU, cgroup, culprit…', 'aria-label': 'Filter waits' });
    private readonly cause = el('select', { 'aria-label': 'Cause' });
    private readonly body = el('tbody');
    private readonly told = el('p', { class: 'soft', 'aria-live': 'polite' });
    private readonly more = el('button', { type: 'button' }, 'Show more');
    private readonly buttons = new Map<Key, HTMLElement>();
    private key: Key = 'ns';
    private descending = true;
    private shown = page;
    private readonly texts = new Map<Wait, string>();

    constructor(private readonly state: State, private readonly actors: ActorColours, private readonly jump: (wait: Wait) => void) {
        const { data } = state;
        this.cause.append(el('option', { value: '' }, 'all causes'));
        const used = new Set(data.waits.map((wait) => wait.cause));
        data.causes.forEach((name, i) => {
            if (used.has(i)) this.cause.append(el('option', { value: String(i) }, causeWords[name]!));
        });
        const row = el('tr');
        for (const [key, name] of heads) {
            const button = el('button', { type: 'button' }, name);
            button.addEventListener('click', () => this.sort(key));
            const head = el('th', { scope: 'col', class: `of-${key}` }, button);
            this.buttons.set(key, head);
            row.append(head);
        }
        this.element.append(el('div', { class: 'toolbar' }, this.filter, this.cause),
            el('table', {}, el('thead', {}, row), this.body), this.more, this.told);
        const again = () => { this.shown = page; this.draw(); };
        this.filter.addEventListener('input', again);
        this.cause.addEventListener('change', again);
        this.more.addEventListener('click', () => { this.shown += 100; this.draw(); });
        state.on('span', again);
        state.on('wait', () => this.draw());
        this.draw();
    }
    private sort(key: Key): void {
        this.descending = this.key === key ? !this.descending : key === 'ns';
        this.key = key;
        this.draw();
    }
    private culprit(wait: Wait): string {
        return wait.parts[0] ? partName(this.state.data, wait.parts[0]) : '';
    }
    private text(wait: Wait): string {
        let text = this.texts.get(wait);
        if (text === undefined) {
            const { data } = this.state;
            text = [wait.task.comm, wait.task.tid, wait.task.pid, data.actorName(wait.task.actor), `cpu ${wait.cpu}`, wait.cgroup,
                data.causes[wait.cause], causeWords[data.causes[wait.cause]!], wait.kind,
                ...wait.parts.map((part) => partName(data, part))].join('\n').toLowerCase();
            this.texts.set(wait, text);
        }
        return text;
    }
    private value(wait: Wait): number | string {
        switch (this.key) {
            case 'task': return `${wait.task.comm} ${String(wait.task.tid).padStart(10)}`;
            case 'culprit': return this.culprit(wait);
            case 'cause': return this.state.data.causes[wait.cause]!;
            default: return wait[this.key];
        }
    }
    private rows(): Wait[] {
        const { span, data } = this.state;
        const asked = this.filter.value.toLowerCase();
        const cpu = /(?:^|\s)cpu\s*(\d+)(?=\s|$)/.exec(asked);
        const words = asked.replace(cpu?.[0] ?? '', ' ').split(/\s+/).filter((word) => word !== '');
        const rows = data.waits.filter((wait) => wait.endNs >= span.fromNs && wait.endNs - wait.ns <= span.toNs &&
            (this.cause.value === '' || wait.cause === Number(this.cause.value)) && (!cpu || wait.cpu === Number(cpu[1])) && words.every((word) => this.text(wait).includes(word)));
        const keyed = rows.map((wait) => ({ wait, value: this.value(wait) }));
        const sign = this.descending ? -1 : 1;
        keyed.sort((a, b) => (a.value < b.value ? -sign : a.value > b.value ? sign : b.wait.ns - a.wait.ns));
        return keyed.map(({ wait }) => wait);
    }
    private draw(): void {
        const rows = this.rows();
        const chosen = this.state.wait;
        const at = chosen ? rows.indexOf(chosen) : -1;
        if (at >= this.shown) this.shown = at + 5;
        for (const [key, head] of this.buttons) {
            head.setAttribute('aria-sort', key !== this.key ? 'none' : this.descending ? 'descending' : 'ascending');
        }
        this.body.replaceChildren(...rows.slice(0, this.shown).flatMap((wait) => this.row(wait, wait === chosen)));
        this.more.hidden = rows.length <= this.shown;
        this.told.textContent = `${count(Math.min(this.shown, rows.length))} of ${count(rows.length)} shown. Kept are the longest waits of all, and the longest of each ${duration(this.state.data.binNs * 2)}.`;
    }
    private row(wait: Wait, open: boolean): HTMLElement[] {
        const { data } = this.state;
        const cause = data.causes[wait.cause]!;
        const button = el('button', { type: 'button', class: 'jump', 'aria-expanded': String(open), title: 'Show it in the timeline, with its ledger' }, duration(wait.ns));
        const culprit = wait.parts[0];
        const row = el('tr', { class: open ? 'wait open' : 'wait' },
            el('td', { class: 'of-ns' }, button),
            el('td', { class: 'of-task' }, swatch(this.actors.of(wait.task.actor)), `${nameOf(wait.task.comm)} `, el('span', { class: 'soft' }, String(wait.task.tid))),
            el('td', { class: 'of-cause' }, swatch(colours().causes[cause]!), causeWords[cause]!),
            el('td', { class: 'of-culprit' }, culprit ? `${partName(data, culprit)} ` : '', el('span', { class: 'soft' }, culprit ? percent(culprit.ns, wait.ns) : '')),
            el('td', { class: 'of-endNs' }, atSeconds(wait.endNs, 1e6)), el('td', { class: 'of-cpu' }, String(wait.cpu)));
        row.addEventListener('click', () => {
            const closes = this.state.wait === wait;
            this.state.choose(closes ? null : wait);
            if (!closes) this.jump(wait);
            requestAnimationFrame(() => this.body.querySelector<HTMLElement>('tr.open .jump')?.focus({ preventScroll: true }));
        });
        return open ? [row, el('tr', { class: 'ledger' }, el('td', { colspan: String(heads.length) }, this.ledger(wait)))] : [row];
    }
    private ledger(wait: Wait): HTMLElement {
        const { data } = this.state;
        const bar = el('div', { class: 'parts', 'aria-hidden': 'true' });
        const list = el('ul');
        for (const part of wait.parts) {
            const colour = part.task ? this.actors.of(part.actor) : part.kind === 'throttled' ? colours().causes['throttled']!
                : part.kind === 'others' ? colours().rest : colours().causes[{ elsewhere: 'moved', idle: 'idle' }[part.kind] ?? 'unknown']!;
            const piece = el('span', { title: partName(data, part) });
            piece.style.flexGrow = String(part.ns);
            piece.style.background = colour;
            bar.append(piece);
            const how = part.task ? [part.relation === 'self' ? 'own thread' : part.relation === 'sibling' ? 'same cgroup' : '',
                part.cause === 'realtime' ? `outranks it (${part.policy}, priority ${part.prio})` : '', part.cgroup].filter((word) => word !== '' && word !== '/').join(' · ') : '';
            list.append(el('li', {}, el('b', {}, duration(part.ns)), swatch(colour, !part.task), el('span', {}, partName(data, part)), el('span', { class: 'soft' }, how)));
        }
        const scheduling = wait.policy === 'other' ? (wait.prio === 120 ? '' : `nice ${wait.prio - 120}`) : `${wait.policy}, priority ${wait.prio}`;
        const about = [`process ${data.actorName(wait.task.actor)} ${wait.task.pid}`, wait.kind, scheduling, wait.cgroup.length > 1 && `cgroup ${wait.cgroup}`].filter((word) => word).join(' · ');
        return el('div', {}, el('p', {}, `While it waited ${duration(wait.ns)}, the CPU was with:`), bar, list, el('p', { class: 'soft' }, about));
    }
}
