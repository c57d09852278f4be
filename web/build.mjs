// SPDX-License-Identifier: BSD-2-Clause
// Bundles the page and writes it as a C++ source: node build.mjs SOURCE MODULES OUT.cpp
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const [source, modules, out] = process.argv.slice(2);
const { buildSync } = createRequire(join(modules, 'any.js'))('esbuild');

function bundle(entry) {
    const result = buildSync({
        entryPoints: [join(source, entry)],
        bundle: true,
        minify: true,
        write: false,
        format: 'iife',
        target: ['es2020', 'safari15'],
        nodePaths: [modules],
        charset: 'ascii',
        legalComments: 'none',
        logLevel: 'warning',
    });
    return result.outputFiles[0].text.trim();
}

const script = bundle('src/main.ts').replaceAll('</script', '<\\/script');
const style = bundle('src/page.css');
// The browser itself refuses whatever else would run or be asked for, whatever a task is called.
const hash = createHash('sha256').update(script).digest('base64');
const policy = `default-src 'none'; script-src 'sha256-${hash}'; style-src 'unsafe-inline'; ` +
    `base-uri 'none'; form-action 'none'`;
// uPlot's licence asks that its text goes along.
const licence = readFileSync(join(modules, 'uplot', 'LICENSE'), 'utf8').replaceAll('--', '- -').trim();
const page = readFileSync(join(source, 'page.html'), 'utf8')
    .replace('@@POLICY@@', () => policy)
    .replace('@@LICENCE@@', () => `This page contains uPlot:\n\n${licence}`)
    .replace('@@STYLE@@', () => style)
    .replace('@@SCRIPT@@', () => script);

const lines = [];
const bytes = [...Buffer.from(page)].map((byte) => (byte > 127 ? byte - 256 : byte));
for (let i = 0; i < bytes.length; i += 32) {
    lines.push(bytes.slice(i, i + 32).join(','));
}
writeFileSync(out, `// SPDX-License-Identifier: BSD-2-Clause
// Made by web/build.mjs.
#include "html/page_template.h"

namespace rqs::html {
namespace {

constexpr char bytes[] = {
${lines.join(',\n')}};

}  // namespace

std::string_view page_template() {
    return {bytes, sizeof bytes};
}

}  // namespace rqs::html
`);
