// SPDX-License-Identifier: BSD-2-Clause
// The page of `report --html` in a real browser: node page_test.mjs MODULES CHROMIUM PAGE.html HOSTILE.html LARGE.html
// Says each check and fails if one does. No framework: one browser, two pages, checks in order.
import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const [modules, chromium, pagePath, hostilePath, largePath] = process.argv.slice(2);
const { chromium: engine } = createRequire(join(resolve(modules), 'any.js'))('playwright-core');
const browser = await engine.launch({ executablePath: chromium, args: ['--no-sandbox'] });
let failures = 0;
// Other tests may run beside this one: figures are printed, and only what is far off fails.
const slow = 3;

async function check(name, body) {
    try {
        await body();
        console.log(`ok      ${name}`);
    } catch (error) {
        failures++;
        console.log(`FAILED  ${name}\n${error.stack}`);
    }
}

/** A page, with all that a report must not do: talk to the console, ask for anything, fail. */
async function open(path, options = {}) {
    const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, reducedMotion: 'reduce', ...options });
    const page = await context.newPage();
    const said = [];
    page.on('console', (message) => said.push(`console: ${message.text()}`));
    page.on('pageerror', (error) => said.push(`error: ${error}`));
    page.on('dialog', (dialog) => { said.push(`dialog: ${dialog.message()}`); dialog.dismiss(); });
    page.on('request', (request) => { if (!request.url().startsWith('file:')) said.push(`request: ${request.url()}`); });
    await page.goto(pathToFileURL(resolve(path)).href);
    await page.waitForSelector('body[data-ready]');
    return { page, said, close: () => context.close() };
}

const settled = (page) => page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
const span = (page) => page.evaluate(() => document.body.dataset.span.split(' ').map(Number));
const view = (page) => page.evaluate(() => document.querySelector('.lanes canvas').dataset.view.split(' ').map(Number));
const waits = (page) => page.evaluate(() => Number(document.body.dataset.waits));
const text = (page, selector) => page.locator(selector).innerText();
const length = ([from, to]) => to - from;

async function drag(page, selector, from, to) {
    const target = page.locator(selector);
    await target.scrollIntoViewIfNeeded();
    const box = await target.boundingBox();
    await page.mouse.move(box.x + box.width * from, box.y + box.height / 2);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * (from + to) / 2, box.y + box.height / 2);
    await page.mouse.move(box.x + box.width * to, box.y + box.height / 2);
    await page.mouse.up();
    await settled(page);
}

const main = await open(pagePath);
const { page } = main;
const whole = await span(page);
const allWaits = await waits(page);

await check('the headline says how much, by whom and why', async () => {
    assert.match(await text(page, 'h1'), /^In [\d.]+ m?s, tasks waited [\d.]+ m?s for a CPU\.$/);
    assert.match(await text(page, '.answer'), /waited most, .* Mostly because /);
    assert.ok(await page.locator('.stories li').count() > 0);
});
await check('a brush on the heatmap selects a span, and everything follows', async () => {
    const before = [await text(page, '.percentiles'), await text(page, '.matrix'), await text(page, '.causes .legend'), await text(page, '.waits .status, .waits > p')];
    await drag(page, '.heatmap .brush', 0.25, 0.5);
    const [from, to] = await span(page);
    assert.ok(Math.abs(from / whole[1] - 0.25) < 0.02 && Math.abs(to / whole[1] - 0.5) < 0.02, `${from} ${to}`);
    assert.ok(await waits(page) < allWaits);
    assert.deepEqual(await view(page), [from, to]);
    const after = [await text(page, '.percentiles'), await text(page, '.matrix'), await text(page, '.causes .legend'), await text(page, '.waits .status, .waits > p')];
    before.forEach((each, i) => assert.notEqual(each, after[i]));
    assert.match(await text(page, '.span-bar'), /Selected: /);
});
await check('a button clears the span', async () => {
    await page.locator('#clear').click();
    await settled(page);
    assert.deepEqual(await span(page), whole);
    assert.equal(await waits(page), allWaits);
});
await check('the brush works with the keys alone', async () => {
    await page.locator('.heatmap .brush').focus();
    await page.keyboard.press('ArrowRight');
    await settled(page);
    const first = await span(page);
    assert.ok(length(first) < length(whole));
    await page.keyboard.press('ArrowRight');
    await settled(page);
    const second = await span(page);
    assert.ok(second[0] > first[0] && Math.abs(length(second) - length(first)) < 2);
    await page.keyboard.press('Shift+ArrowRight');
    await settled(page);
    assert.ok(length(await span(page)) > length(second));
    await page.keyboard.press('Escape');
    await settled(page);
    assert.deepEqual(await span(page), whole);
});
await check('the timeline zooms to single switches and back, by keys and by wheel', async () => {
    await page.locator('.lanes canvas').focus();
    for (let i = 0; i < 12; i++) await page.keyboard.press('+');
    await settled(page);
    assert.ok(length(await view(page)) < length(whole) / 1000, String(await view(page)));
    await page.keyboard.press('Home');
    await settled(page);
    assert.deepEqual(await view(page), whole);
    const box = await page.locator('.lanes canvas').boundingBox();
    await page.mouse.move(box.x + box.width / 2, box.y + 40);
    await page.keyboard.down('Control');
    await page.mouse.wheel(0, -200);
    await page.keyboard.up('Control');
    await page.waitForFunction((ns) => { const [a, b] = document.querySelector('.lanes canvas').dataset.view.split(' '); return b - a < ns; }, whole[1] * 0.9);
    const zoomed = await view(page);
    await drag(page, '.lanes canvas', 0.6, 0.4);
    const panned = await view(page);
    assert.ok(panned[0] > zoomed[0] && Math.abs(length(panned) - length(zoomed)) < 10);
    assert.deepEqual(await span(page), whole);  // looking closer selects nothing
});
await check('hovering tells who ran, and who waited', async () => {
    await page.locator('.lanes canvas').focus();
    await page.keyboard.press('Home');
    await settled(page);
    await page.locator('.lanes canvas').scrollIntoViewIfNeeded();
    const box = await page.locator('.lanes canvas').boundingBox();
    const tips = new Set();
    for (let x = 0.1; x < 0.98; x += 0.02) {
        for (const y of [38, 80]) {
            await page.mouse.move(box.x + box.width * x, box.y + y);
            if (await page.locator('.tip').isVisible()) tips.add(await page.locator('.tip').textContent());
        }
    }
    assert.ok([...tips].some((tip) => /ran [\d.]+|idle/.test(tip)), [...tips].slice(0, 4).join('\n'));
    assert.ok([...tips].some((tip) => /waited [\d.]+/.test(tip)));
    await page.mouse.move(2, 2);
    assert.ok(!await page.locator('.tip').isVisible());
});
await check('hovering the heatmap and the causes tells what is there', async () => {
    for (const [chart, words] of [['.heatmap', /waits? of .* to /], ['.stack', /tasks waiting at/]]) {
        await page.locator(`${chart} .brush`).scrollIntoViewIfNeeded();
        const box = await page.locator(`${chart} .brush`).boundingBox();
        await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
        assert.match(await page.locator('.tip').textContent(), words);
    }
});
const column = (name) => page.locator(`.waits tr.wait .of-${name}`).allInnerTexts();
await check('the table sorts both ways', async () => {
    const ns = (word) => parseFloat(word) * { ns: 1, 'µs': 1e3, ms: 1e6, s: 1e9 }[word.split(' ')[1]];
    const falling = (await column('ns')).map(ns);
    assert.deepEqual(falling, [...falling].sort((a, b) => b - a));
    await page.getByRole('button', { name: 'Waited' }).click();
    const rising = (await column('ns')).map(ns);
    assert.deepEqual(rising, [...rising].sort((a, b) => a - b));
    assert.equal(await page.locator('.waits th.of-ns').getAttribute('aria-sort'), 'ascending');
    await page.getByRole('button', { name: 'Ended at' }).click();
    const ended = (await column('endNs')).map(parseFloat);
    assert.deepEqual(ended, [...ended].sort((a, b) => a - b));
    await page.getByRole('button', { name: 'Waited' }).click();
});
await check('the table filters by words and by cause', async () => {
    const task = (await column('task'))[0].split(' ')[0];
    await page.locator('.waits input').fill(task);
    assert.ok((await page.locator('.waits tr.wait').count()) > 0);
    await page.locator('.waits input').fill('no task is called like this');
    assert.equal(await page.locator('.waits tr.wait').count(), 0);
    await page.locator('.waits input').fill('');
    const onIt = (await column('cpu'))[0];
    await page.locator('.waits input').fill(`cpu ${onIt}`);
    assert.deepEqual([...new Set(await column('cpu'))], [onIt]);
    await page.locator('.waits input').fill(`CPU${onIt} no task is called like this`);
    assert.equal(await page.locator('.waits tr.wait').count(), 0);
    await page.locator('.waits input').fill('');
    const cause = await page.locator('.waits select option').nth(1).innerText();
    await page.locator('.waits select').selectOption({ index: 1 });
    assert.deepEqual([...new Set(await column('cause'))], [cause]);
    await page.locator('.waits select').selectOption({ index: 0 });
});
await check('a wait jumps to its place in the timeline and shows its ledger', async () => {
    const jump = page.locator('.waits .jump').nth(2);
    const waited = await jump.innerText();
    await jump.focus();
    await page.keyboard.press('Enter');
    await page.waitForSelector('.ledger');
    await settled(page);
    const [from, to] = await view(page);
    const ended = parseFloat((await column('endNs'))[2]) * 1e9;
    assert.ok(from < ended + 1e6 && to > ended - 1e6, `${from} ${ended} ${to}`);
    assert.match(await text(page, '.ledger'), new RegExp(`While it waited ${waited}`));
    assert.ok(await page.locator('.ledger li').count() > 0);
    assert.equal(await page.evaluate(() => document.activeElement.className), 'jump');
    await page.keyboard.press('Enter');
    await settled(page);
    assert.equal(await page.locator('.ledger').count(), 0);
});
await check('n and p go from wait to wait', async () => {
    await page.locator('.lanes canvas').focus();
    await page.keyboard.press('n');
    await page.waitForSelector('.ledger');
    const first = await view(page);
    await page.keyboard.press('n');
    await settled(page);
    assert.notDeepEqual(await view(page), first);
    await page.keyboard.press('Escape');
});
await check('it said nothing and asked for nothing', () => assert.deepEqual(main.said, []));
await main.close();

for (const colorScheme of ['light', 'dark']) {
    await check(`on a phone (${colorScheme}) nothing is wider than the screen`, async () => {
        const phone = await open(pagePath, { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, hasTouch: true, colorScheme });
        assert.ok(await phone.page.evaluate(() => document.documentElement.scrollWidth) <= 390);
        const [from] = await span(phone.page);
        await phone.page.locator('.waits .jump').first().tap();
        await phone.page.waitForSelector('.ledger');
        assert.equal(from, 0);
        assert.ok(await phone.page.evaluate(() => document.documentElement.scrollWidth) <= 390);
        assert.deepEqual(phone.said, []);
        await phone.close();
    });
}
await check('hostile names stay text', async () => {
    const hostile = await open(hostilePath);
    assert.equal(await hostile.page.evaluate(() => document.querySelectorAll('img, iframe, main script, svg').length), 0);
    assert.equal(await hostile.page.evaluate(() => window.broken), undefined);
    const shown = await text(hostile.page, 'body');
    assert.match(shown, /<img src=x/);
    assert.match(shown, /<\/script>/);
    await hostile.page.locator('.waits .jump').first().click();
    await hostile.page.waitForSelector('.ledger');
    assert.ok(await hostile.page.locator('.ledger').count() > 0);
    assert.match(shown, /waits were lost/);  // and losses are told of
    assert.deepEqual(hostile.said, []);
    await hostile.close();
});
await check('a million waits open fast, pan at interactive speed, and fit into 10 MB', async () => {
    const bytes = statSync(largePath).size;
    const large = await open(largePath);
    const opened = await large.page.evaluate(() => Number(document.body.dataset.ready));
    assert.ok(await waits(large.page) >= 1e6);
    await large.page.locator('.lanes canvas').focus();
    for (let i = 0; i < 3; i++) await large.page.keyboard.press('+');
    const frame = await large.page.evaluate(async () => {
        const canvas = document.querySelector('.lanes canvas');
        const frames = [];
        for (let i = 0; i < 21; i++) {
            const began = performance.now();
            canvas.dispatchEvent(new KeyboardEvent('keydown', { key: i % 2 ? 'ArrowLeft' : 'ArrowRight' }));
            await new Promise(requestAnimationFrame);  // it is drawn before this comes
            frames.push(performance.now() - began);
        }
        return frames.sort((a, b) => a - b)[10];
    });
    console.log(`        ${(bytes / 1e6).toFixed(1)} MB, opened in ${opened} ms, ${frame.toFixed(0)} ms a frame while panning`);
    assert.ok(bytes < 10e6);
    assert.ok(opened < 3000 * slow, `${opened} ms`);
    assert.ok(frame < 60 * slow, `${frame} ms`);
    assert.deepEqual(large.said, []);
    await large.close();
});
await browser.close();
if (failures > 0) {
    console.log(`${failures} checks failed`);
    process.exit(1);
}
