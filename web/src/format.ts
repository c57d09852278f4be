// SPDX-License-Identifier: BSD-2-Clause
// Figures as a person says them, like sinks/words.cpp.

/** A name that shows: some tasks have none, or nothing but blanks. */
export function nameOf(comm: string): string {
    return comm.trim() === '' ? '(no name)' : comm;
}

/** 640 ns, 64 µs, 12.1 ms, 12.3 s. */
export function duration(ns: number): string {
    if (ns < 1000) return `${Math.round(ns)} ns`;
    if (ns < 1e6) return `${ns < 1e4 ? (ns / 1e3).toFixed(1) : Math.round(ns / 1e3)} µs`;
    if (ns < 9.9995e8) return `${(ns / 1e6).toFixed(ns < 1e8 ? 1 : 0)} ms`;
    if (ns < 6e11) return `${(ns / 1e9).toFixed(1)} s`;
    return `${Math.round(ns / 1e9).toLocaleString('en')} s`;
}

/** Seconds since the beginning, with as many digits as `stepNs` can be told by. */
export function atSeconds(ns: number, stepNs: number): string {
    const digits = Math.min(9, Math.max(0, Math.ceil(-Math.log10(stepNs / 1e9) - 1e-9)));
    return `${(ns / 1e9).toFixed(digits)} s`;
}

export function percent(part: number, whole: number): string {
    if (whole <= 0 || part <= 0) return '0 %';
    const value = (100 * part) / whole;
    if (value < 1) return '<1 %';
    return `${value > 99 && value < 100 ? '>99' : Math.round(value)} %`;
}

export function count(n: number): string {
    return n.toLocaleString('en');
}

/** Steps of 1, 2 or 5 that make at most `most` ticks between the two. */
export function ticks(from: number, to: number, most: number): { at: number[]; step: number } {
    const rough = Math.max(to - from, 1) / Math.max(most, 1);
    const power = 10 ** Math.floor(Math.log10(rough));
    const step = [1, 2, 5, 10].map((m) => m * power).find((s) => s >= rough) ?? 10 * power;
    const at: number[] = [];
    for (let i = Math.ceil(from / step); i * step <= to; i++) at.push(i * step);
    return { at, step };
}
