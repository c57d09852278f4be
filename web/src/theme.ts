// SPDX-License-Identifier: BSD-2-Clause
// Colours. Causes are Okabe and Ito's, processes Paul Tol's: both can be told apart by the colour
// blind, and one is not taken for the other.
import type { Data } from './data';

interface Colours {
    ink: string; soft: string; line: string; track: string; paper: string; accent: string;
    actors: string[]; rest: string; causes: Record<string, string>; heat: [number, number, number][];
}

const causes = {
    throttled: '#E69F00', contention: '#0072B2', realtime: '#D55E00', self: '#56B4E9',
    moved: '#009E73', rt_throttled: '#F0E442', idle: '#9aa0a6', unknown: '#CC79A7',
};
const light: Colours = {
    ink: '#16191d', soft: '#59616b', line: '#d5dae0', track: '#e9edf1', paper: '#ffffff', accent: '#b3005e',
    actors: ['#332288', '#CC6677', '#DDCC77', '#117733', '#88CCEE', '#882255', '#44AA99', '#999933'],
    rest: '#a3aab2', causes,
    heat: [[214, 230, 244], [120, 178, 216], [33, 113, 181], [8, 36, 92]],
};
const dark: Colours = {
    ink: '#eceff2', soft: '#a2abb5', line: '#363d45', track: '#252b32', paper: '#14181c', accent: '#ff8ac4',
    actors: ['#77AADD', '#EE8866', '#EEDD88', '#44BB99', '#99DDFF', '#FFAABB', '#BBCC33', '#AAAA00'],
    rest: '#78818b', causes: { ...causes, contention: '#3d9fe0' },
    heat: [[28, 52, 84], [33, 102, 160], [92, 172, 224], [232, 246, 255]],
};

const query = window.matchMedia('(prefers-color-scheme: dark)');
export function colours(): Colours {
    return query.matches ? dark : light;
}
export function onTheme(change: () => void): void {
    query.addEventListener('change', change);
}

/** 0 to 1 along the heatmap's scale. */
export function heatColour(value: number): string {
    const stops = colours().heat;
    const at = Math.min(Math.max(value, 0), 1) * (stops.length - 1);
    const i = Math.min(Math.floor(at), stops.length - 2);
    const mixed = stops[i]!.map((c, j) => Math.round(c + (stops[i + 1]![j]! - c) * (at - i)));
    return `rgb(${mixed.join(',')})`;
}

/** Which colour each actor has: those that matter most have one of their own, the rest are grey. */
export class ActorColours {
    static readonly rest = 8;
    readonly slot: Uint8Array;
    readonly order: number[];  // the actors with a colour of their own

    constructor(data: Data) {
        const weight = data.actors.map((actor) => actor.ranNs / 20);
        for (const bin of data.pairs) {
            for (const pair of bin) {
                weight[pair.culprit]! += pair.ns;
                weight[pair.victim]! += pair.ns;
            }
        }
        this.order = data.actors.map((_, i) => i)
            .filter((i) => data.actors[i]!.kind === 'task' && weight[i]! > 0)
            .sort((a, b) => weight[b]! - weight[a]!);
        // Whoever ran most fills the lanes, whether somebody waited for it or not.
        const longest = this.order.reduce((most, i) => (data.actors[i]!.ranNs > data.actors[most]!.ranNs ? i : most), this.order[0] ?? 0);
        if (this.order.indexOf(longest) >= ActorColours.rest) this.order.splice(ActorColours.rest - 1, 0, longest);
        this.order.length = Math.min(this.order.length, ActorColours.rest);
        this.slot = new Uint8Array(data.actors.length).fill(ActorColours.rest);
        this.order.forEach((actor, i) => { this.slot[actor] = i; });
    }
    of(actor: number): string {
        return colours().actors[this.slot[actor]!] ?? colours().rest;
    }
}
