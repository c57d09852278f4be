// SPDX-License-Identifier: BSD-2-Clause
// Pictures of a report for the docs: node screenshots.mjs MODULES PAGE.html FOLDER [CHROMIUM]
import { mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const [modules, page, folder, chromium = '/usr/bin/chromium'] = process.argv.slice(2);
const playwright = createRequire(join(resolve(modules), 'any.js'))('playwright-core');
mkdirSync(folder, { recursive: true });
const browser = await playwright.chromium.launch({ executablePath: chromium, args: ['--no-sandbox'] });

/** From the top of the page down to the end of what `last` selects. */
async function take(name, last, options) {
    const context = await browser.newContext({ reducedMotion: 'reduce', ...options });
    const tab = await context.newPage();
    await tab.goto(pathToFileURL(resolve(page)).href);
    await tab.waitForSelector('body[data-ready]');
    // A wait with more than one part, so that its ledger has something to say.
    await tab.locator('.waits .jump').first().click();
    await tab.waitForSelector('.ledger');
    await tab.getByTitle('Show the whole recording').click();
    await tab.evaluate(() => { document.activeElement.blur(); scrollTo(0, 0); });
    await tab.mouse.move(1, 1);
    await tab.waitForTimeout(500);
    const box = await tab.locator(last).first().boundingBox();
    await tab.screenshot({ path: join(folder, name), fullPage: true,
        clip: { x: 0, y: 0, width: options.viewport.width, height: Math.ceil(box.y + box.height + 16) } });
    await context.close();
}

const desktop = { viewport: { width: 1280, height: 900 } };
const phone = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 1.5 };
await take('report.png', '.ledger', { ...desktop, colorScheme: 'light' });
await take('report-dark.png', '.ledger', { ...desktop, colorScheme: 'dark' });
await take('phone.png', '#when', { ...phone, colorScheme: 'light' });
await take('phone-dark.png', '#cpus', { ...phone, colorScheme: 'dark' });
await browser.close();
