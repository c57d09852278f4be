// SPDX-License-Identifier: BSD-2-Clause
// Elements. Whatever comes from the recording goes in as text and never as markup.

type Child = Node | string | null;

export function el<K extends keyof HTMLElementTagNameMap>(
    tag: K, attributes: Record<string, string> = {}, ...children: Child[]): HTMLElementTagNameMap[K] {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.append(...children.filter((child): child is Node | string => child !== null));
    return element;
}

/** A small square in a colour of the page's; hatched where it stands for what is no task. */
export function swatch(colour: string, hatched = false): HTMLElement {
    const square = el('span', { class: hatched ? 'swatch hatched' : 'swatch', 'aria-hidden': 'true' });
    square.style.setProperty('--colour', colour);
    return square;
}

export interface Surface { canvas: HTMLCanvasElement; context: CanvasRenderingContext2D; width: number; height: number }

/** A canvas as large as its parent, in device pixels; `draw` is called whenever that changes. */
export function surface(parent: HTMLElement, canvas: HTMLCanvasElement, draw: () => void): Surface {
    const context = canvas.getContext('2d')!;
    const made: Surface = { canvas, context, width: 0, height: 0 };
    const fit = () => {
        const ratio = window.devicePixelRatio || 1;
        const { clientWidth, clientHeight } = parent;
        if (clientWidth === 0) return;
        made.width = clientWidth;
        made.height = clientHeight;
        canvas.width = Math.round(clientWidth * ratio);
        canvas.height = Math.round(clientHeight * ratio);
        context.setTransform(ratio, 0, 0, ratio, 0, 0);
        draw();
    };
    new ResizeObserver(fit).observe(parent);
    return made;
}

const tip = el('div', { class: 'tip', role: 'status' });

/** One for the whole page: first line, then details. */
export function showTip(x: number, y: number, lines: string[]): void {
    tip.replaceChildren(...lines.map((line, i) => el(i === 0 ? 'strong' : 'span', {}, line)));
    if (!tip.isConnected) document.body.append(tip);
    tip.hidden = false;
    const { offsetWidth: width, offsetHeight: height } = tip;
    const left = x + 14 + width > window.innerWidth ? x - width - 14 : x + 14;
    const top = y + 18 + height > window.innerHeight ? y - height - 12 : y + 18;
    tip.style.left = `${Math.max(6, left)}px`;
    tip.style.top = `${Math.max(6, top)}px`;
}

export function hideTip(): void {
    tip.hidden = true;
}
