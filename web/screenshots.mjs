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
for (const [device, width, height] of [['desktop', 1280, 900], ['phone', 390, 844]]) {
    for (const colorScheme of ['light', 'dark']) {
        const context = await browser.newContext({ viewport: { width, height }, colorScheme, deviceScaleFactor: device === 'phone' ? 2 : 1, reducedMotion: 'reduce' });
        const tab = await context.newPage();
        await tab.goto(pathToFileURL(resolve(page)).href);
        await tab.waitForSelector('body[data-ready]');
        // One wait that a real-time task or a quota made long, so that a ledger is to be seen.
        await tab.locator('.waits .jump').first().click();
        await tab.waitForTimeout(400);
        await tab.getByTitle('Show the whole recording').click();
        await tab.waitForTimeout(400);
        await tab.mouse.move(1, 1);
        await tab.screenshot({ path: join(folder, `${device}-${colorScheme}.png`), fullPage: true });
        await context.close();
    }
}
await browser.close();
