
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { namesIn } from './test/support/names.ts';
for await (const f of createInterface({input:process.stdin})) { const s=readFileSync(f,'utf8'); console.log(JSON.stringify(namesIn(s,f.endsWith('x')))); }
