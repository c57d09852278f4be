// SPDX-License-Identifier: BSD-2-Clause
// The answer in a few words: how much was waited, by whom, and mostly because of what.
import type { Data } from './data';
import { count, duration, percent } from './format';
import { State } from './state';
import { sumBy, Sums } from './sums';

/** As the end of a sentence, like sinks/headline.cpp. */
const meaning: Record<string, string> = {
    contention: 'other tasks had the CPU',
    self: 'threads of the same process had the CPU',
    throttled: 'CPU quotas of cgroups were used up',
    realtime: 'tasks of higher priority had the CPU',
    rt_throttled: 'real-time tasks had used up their share',
    idle: 'the CPU had to wake up from idling',
    moved: 'they were queued on another CPU before',
    unknown: 'of something that was not seen',
};

export function headline(data: Data, state: State, sums: Sums): [string, string] {
    const length = duration(state.span.toNs - state.span.fromNs);
    const longer = data.recording.min_us > 0 ? ` longer than ${data.recording.min_us} µs` : '';
    if (sums.waitNs === 0) return [`In ${length} no task waited${longer} for a CPU.`, ''];
    const first = `In ${length}, tasks waited ${duration(sums.waitNs)} for a CPU${longer ? `, in waits${longer}` : ''}.`;
    // Many together are nobody to name, as long as there is somebody.
    const victims = sumBy(sums.pairs, 'victim');
    const [victim, victimNs] = victims.find(([actor]) => data.actors[actor]!.kind === 'task') ?? victims[0] ?? [1, 0];
    const main = sums.causeNs.indexOf(Math.max(...sums.causeNs));
    const second = `${count(sums.waits)} ${sums.waits === 1 ? 'wait' : 'waits'}. ${data.actorName(victim)} waited most, ${duration(victimNs)} ` +
        `(${percent(victimNs, sums.waitNs)}). Mostly because ${meaning[data.causes[main]!]} (${percent(sums.causeNs[main]!, sums.waitNs)}).`;
    return [first, second];
}
