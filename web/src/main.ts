// SPDX-License-Identifier: BSD-2-Clause
// Puts the page together.
import { Causes } from './causes';
import { readData } from './data';
import { el } from './dom';
import { count, duration } from './format';
import { Heatmap } from './heatmap';
import { headline } from './headline';
import { Histogram } from './histogram';
import { longestStory, matrix, stories } from './matrix';
import { State } from './state';
import { sumUp } from './sums';
import { ActorColours, onTheme } from './theme';
import { Timeline } from './timeline';
import { Waits } from './waits';

function section(id: string, title: string, note: string, ...children: HTMLElement[]): HTMLElement {
    return el('section', { id, 'aria-labelledby': `${id}-title` },
        el('h2', { id: `${id}-title` }, title), el('p', { class: 'note' }, note), ...children);
}

function build(): void {
    const data = readData();
    const state = new State(data);
    const actors = new ActorColours(data);
    const heatmap = new Heatmap(state);
    const causes = new Causes(state);
    const histogram = new Histogram(state);
    const timeline = new Timeline(state, actors);
    const waits = new Waits(state, actors, (wait) => timeline.jump(wait));

    const title = el('h1');
    const answer = el('p', { class: 'answer' });
    const who = el('div');
    const blame = el('div');
    const chosen = el('span');
    const clear = el('button', { type: 'button', id: 'clear' }, 'Whole recording');
    clear.addEventListener('click', () => state.select(0, data.durationNs));
    const spanBar = el('div', { class: 'span-bar', 'aria-live': 'polite' }, chosen, clear);

    const update = () => {
        const sums = sumUp(data, state.span);
        const [first, second] = headline(data, state, sums);
        title.textContent = first;
        answer.textContent = second;
        const { fromNs, toNs } = state.span;
        const ended = data.waits.filter((wait) => wait.endNs > fromNs && wait.endNs <= toNs);
        who.replaceChildren(stories(data, actors, sums), longestStory(data, ended) ?? '');
        blame.replaceChildren(matrix(data, actors, sums));
        causes.showSums(sums);
        histogram.showSums(sums);
        spanBar.classList.toggle('active', !state.isWhole());
        chosen.textContent = state.isWhole() ? '' : `Selected: ${duration(toNs - fromNs)}, from ${duration(fromNs)} to ${duration(toNs)}`;
        document.body.dataset['span'] = `${Math.round(fromNs)} ${Math.round(toNs)}`;
        document.body.dataset['waits'] = String(sums.waits);
    };
    state.on('span', update);
    onTheme(() => { update(); heatmap.draw(); timeline.draw(); });

    const { recording } = data;
    const facts = [recording.host, new Date(recording.began_ms).toLocaleString(), `${recording.cpus} CPU${recording.cpus === 1 ? '' : 's'}`,
        `Linux ${recording.kernel}`].filter((fact) => fact !== '').join(' · ');
    const lost = data.losses.reduce((sum, loss) => sum + loss.lost, 0);
    const trouble = [
        ...(lost > 0 ? [`${count(lost)} waits were lost; where, is hatched in the charts. They are in none of the sums.`] : []),
        ...data.damage,
    ];
    document.title = `${recording.host || 'runqslower'}: waits for a CPU`;
    document.getElementById('page')!.append(
        el('header', {}, el('p', { class: 'eyebrow' }, facts), title, answer, el('h2', { class: 'lead' }, 'What kept them waiting'), who,
            trouble.length > 0 ? el('ul', { class: 'trouble' }, ...trouble.map((line) => el('li', {}, line))) : null),
        spanBar,
        section('when', 'When, and how long', 'Each cell counts waits by when they ended and how long they were; the dark line is the longest. Drag across to select a span: everything else follows.', heatmap.element),
        section('why', 'Why', 'How many tasks were waiting at a time, by what held them back.', causes.element),
        el('div', { class: 'columns' },
            section('how-long', 'How long', 'Waits by their length; both scales are logarithmic.', histogram.element),
            section('who', 'Who waited for whom', 'Victims in rows, culprits in columns.', blame)),
        section('cpus', 'What the CPUs did', 'One lane a CPU: who ran, and below, who waited to run on it.', timeline.element),
        section('worst', 'The longest waits', 'Choose one to see it in the timeline, and who had the CPU meanwhile.', waits.element),
        el('footer', {}, el('p', {}, `${recording.tool} · ${recording.machine} · ${count(recording.switches)} switches · ${count(recording.waits)} waits` +
            (recording.left_out > 0 ? ` · ${count(recording.left_out)} of the tool's own left out` : '')), el('p', {}, recording.command)));
    update();
    document.body.dataset['ready'] = String(Math.round(performance.now()));
}

build();
