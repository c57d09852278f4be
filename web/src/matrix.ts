// SPDX-License-Identifier: BSD-2-Clause
// Who waited (rows) for whom (columns), and the same in a few sentences.
import type { Data, Pair, Wait } from './data';
import { el, swatch } from './dom';
import { duration, percent } from './format';
import { sumBy, Sums } from './sums';
import { ActorColours, colours } from './theme';

const rows = 8;
const columns = 5;

function actorCell(data: Data, actors: ActorColours, actor: number, breaks = false): (Node | string)[] {
    const { kind } = data.actors[actor]!;
    const name = data.actorName(actor);
    const pieces = breaks ? name.split(/(?<=[/:.])/).flatMap((piece) => [piece, el('wbr')]) : [name];
    return [swatch(actors.of(actor), kind !== 'task'), el('span', { class: 'name', title: name }, ...pieces)];
}

export function matrix(data: Data, actors: ActorColours, sums: Sums): HTMLElement {
    const victims = sumBy(sums.pairs, 'victim').slice(0, rows);
    const culprits = sumBy(sums.pairs, 'culprit').slice(0, columns);
    const cells = new Map<string, number>();
    for (const pair of sums.pairs) {
        const key = `${pair.victim} ${pair.culprit}`;
        cells.set(key, (cells.get(key) ?? 0) + pair.ns);
    }
    const whole = sums.pairs.reduce((sum, pair) => sum + pair.ns, 0);
    if (whole === 0) return el('p', { class: 'soft' }, 'No task waited in this span.');
    const most = Math.max(...cells.values());
    const cell = (ns: number, tint: boolean) => {
        const td = el('td', {}, ns >= whole / 1e5 ? duration(ns) : '');
        if (tint && ns > 0) {
            td.style.setProperty('--share', String(Math.sqrt(ns / most)));
            td.classList.add('tinted');
        }
        return td;
    };
    const body = victims.map(([victim, ns]) => {
        const known = culprits.map(([culprit]) => cells.get(`${victim} ${culprit}`) ?? 0);
        const rest = Math.max(0, ns - known.reduce((a, b) => a + b, 0));
        return el('tr', {}, el('th', { scope: 'row' }, ...actorCell(data, actors, victim)),
            el('td', { class: 'sum' }, duration(ns)), ...known.map((each) => cell(each, true)), cell(rest, false));
    });
    const heads = culprits.map(([culprit]) => el('th', { scope: 'col' }, ...actorCell(data, actors, culprit, true)));
    const foot = el('tr', { class: 'sum' }, el('th', { scope: 'row' }, 'all tasks'), el('td', {}, duration(whole)),
        ...culprits.map(([, ns]) => el('td', {}, duration(ns))),
        el('td', {}, duration(Math.max(0, whole - culprits.reduce((sum, [, ns]) => sum + ns, 0)))));
    return el('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': 'Victims and culprits' },
        el('table', { class: 'matrix' }, el('thead', {}, el('tr', {}, el('th', { scope: 'col' }, 'waited ↓'), el('th', { scope: 'col' }, 'in all'), ...heads,
            el('th', { scope: 'col' }, 'others'))),
        el('tbody', {}, ...body), el('tfoot', {}, foot)));
}

/** What comes between the culprit and its victims, and what after them. */
const blame: Record<string, [string, string]> = {
    throttled: [' held back ', ''],
    contention: [' had the CPU while ', ' waited'],
    realtime: [', of higher priority, kept ', ' waiting'],
    self: [' had the CPU while other threads of the same process waited: ', ''],
    moved: [' was where ', ' stood before'],
    rt_throttled: [' ran while ', ' had used up their real-time share'],
    idle: [' had to wake up for ', ''],
    unknown: [': who had the CPU while ', ' waited'],
};

interface Story { culprit: number; cause: number; ns: number; victims: [number, number][] }

function sumStories(pairs: Pair[]): Story[] {
    const sums = new Map<number, Story>();
    for (const { victim, culprit, cause, ns } of pairs) {
        const key = culprit * 8 + cause;
        const story = sums.get(key) ?? { culprit, cause, ns: 0, victims: [] };
        story.ns += ns;
        story.victims.push([victim, ns]);  // they come largest first
        sums.set(key, story);
    }
    return [...sums.values()].sort((a, b) => b.ns - a.ns);
}

/** The largest that are worth a name, as words. */
function victimWords(data: Data, { victims, culprit, ns }: Story): string {
    const named = victims.filter(([, share], i) => i < 3 && share > ns / 10)
        .map(([victim]) => (victim === culprit ? 'others of its kind' : data.actorName(victim)));
    if (named.length === 0) return 'many tasks';
    const rest = victims.length > named.length ? ['others'] : [];
    const all = [...named, ...rest];
    return all.length === 1 ? all[0]! : `${all.slice(0, -1).join(', ')} and ${all[all.length - 1]!}`;
}

/** Who is to blame, and for whose waits: what somebody reads who has never seen the tool. */
export function stories(data: Data, actors: ActorColours, sums: Sums): HTMLElement {
    const whole = sums.pairs.reduce((sum, pair) => sum + pair.ns, 0);
    const largest = sumStories(sums.pairs).filter(({ ns }) => ns > whole / 50).slice(0, 6);
    return el('ol', { class: 'stories' }, ...largest.map((story) => {
        const cause = data.causes[story.cause]!;
        const [between, after] = blame[cause]!;
        const bar = el('span', { class: 'bar', 'aria-hidden': 'true' });
        bar.style.setProperty('--share', String(story.ns / whole));
        bar.style.setProperty('--colour', colours().causes[cause]!);
        return el('li', {}, el('b', { class: 'amount' }, duration(story.ns)), bar,
            el('span', { class: 'story' }, swatch(actors.of(story.culprit), data.actors[story.culprit]!.kind !== 'task'),
                el('b', {}, data.actorName(story.culprit)), between, el('b', {}, victimWords(data, story)), after,
                el('span', { class: 'soft' }, ` · ${percent(story.ns, whole)}`)));
    }));
}

/** Sums hide what is rare and bad: what the longest waits were spent on, in one sentence. */
export function longestStory(data: Data, waits: Wait[]): HTMLElement | null {
    const longest = waits.slice(0, 100);  // they come longest first
    const sums = new Map<string, number>();
    let whole = 0;
    for (const wait of longest) {
        whole += wait.ns;
        for (const part of wait.parts) {
            if (['unknown', 'others'].includes(part.kind)) continue;
            const name = data.actorName(part.actor) + (part.cause === 'realtime' ? ' (higher priority)' : '');
            sums.set(name, (sums.get(name) ?? 0) + part.ns);
        }
    }
    const [first, second] = [...sums].sort((a, b) => b[1] - a[1]);
    if (!first || longest.length < 2) return null;
    const others = second && second[1] > whole / 10 ? `, then ${second[0]} (${percent(second[1], whole)})` : '';
    return el('p', { class: 'longest-story' },
        `The ${longest.length} longest waits, ${duration(longest[longest.length - 1]!.ns)} to ${duration(longest[0]!.ns)}, were ${first[1] > whole / 2 ? 'mostly' : 'above all'} for `,
        el('b', {}, first[0]), ` (${percent(first[1], whole)})${others}.`);
}
