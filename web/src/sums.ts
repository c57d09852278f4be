// SPDX-License-Identifier: BSD-2-Clause
// What a span sums up to.
import type { Data, Pair } from './data';
import type { Span } from './state';

export interface Sums {
    waits: number;
    waitNs: number;
    lengths: Float64Array;  // by bucket
    longestNs: number;
    causeNs: Float64Array;
    pairs: Pair[];  // largest first
}

function addPairs(data: Data, span: Span): Pair[] {
    const sums = new Map<number, Pair>();
    const actors = data.actors.length;
    const first = Math.floor(span.fromNs / data.pairNs);
    for (let i = first; i < data.pairs.length && i * data.pairNs < span.toNs; i++) {
        const from = Math.max(span.fromNs, i * data.pairNs);
        const end = Math.min((i + 1) * data.pairNs, data.durationNs);
        const share = (Math.min(span.toNs, end) - from) / Math.max(end - i * data.pairNs, 1);
        for (const pair of data.pairs[i]!) {
            const key = (pair.victim * actors + pair.culprit) * 8 + pair.cause;
            const sum = sums.get(key);
            if (sum) sum.ns += pair.ns * share;
            else sums.set(key, { ...pair, ns: pair.ns * share });
        }
    }
    return [...sums.values()].filter((pair) => pair.ns >= 1).sort((a, b) => b.ns - a.ns);
}

export function sumUp(data: Data, span: Span): Sums {
    const first = Math.floor(span.fromNs / data.binNs);
    const last = Math.min(data.bins, Math.max(first + 1, Math.ceil(span.toNs / data.binNs)));
    const sums: Sums = {
        waits: 0, waitNs: 0, longestNs: 0, lengths: new Float64Array(data.buckets),
        causeNs: new Float64Array(data.causes.length), pairs: addPairs(data, span),
    };
    for (let bin = first; bin < last; bin++) {
        for (let i = 0; i < data.buckets; i++) sums.lengths[i]! += data.lengths[bin * data.buckets + i]!;
        for (let i = 0; i < data.causes.length; i++) {
            sums.causeNs[i]! += data.causeNs[bin * data.causes.length + i]!;
        }
        sums.longestNs = Math.max(sums.longestNs, data.longest[bin]!);
    }
    sums.waits = sums.lengths.reduce((a, b) => a + b, 0);
    sums.waitNs = sums.causeNs.reduce((a, b) => a + b, 0);
    return sums;
}

/** As exact as the buckets: within 2 %. */
export function percentile(data: Data, sums: Sums, quantile: number): number {
    let left = quantile * sums.waits;
    for (let i = 0; i < data.buckets; i++) {
        const here = sums.lengths[i]!;
        if (here > 0 && left <= here) {
            return Math.min(data.bucketNs(i + left / here), sums.longestNs);
        }
        left -= here;
    }
    return sums.longestNs;
}

/** Sums by one side of the pairs, largest first. */
export function sumBy(pairs: Pair[], side: 'victim' | 'culprit'): [number, number][] {
    const sums = new Map<number, number>();
    for (const pair of pairs) sums.set(pair[side], (sums.get(pair[side]) ?? 0) + pair.ns);
    return [...sums].sort((a, b) => b[1] - a[1]);
}
