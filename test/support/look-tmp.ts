import { writeFileSync } from 'node:fs';
import { pngOf } from './picture.ts';
import { KEYS, openTerminal } from './terminal.ts';

const [cols, rows] = (process.argv[2] ?? '80x24').split('x').map(Number);
const kind = process.argv[3] ?? 'backup';
const tag = `${cols}-${kind}`;
await using t = openTerminal({
	command: process.execPath,
	args: ['/work/main/node_modules/.cache/story/test/ui/story-main.js', kind],
	cols,
	rows,
});
const shot = (name: string) => {
	writeFileSync(`/tmp/shot-${tag}-${name}.png`, pngOf(t.cells()));
	if (process.argv[4]) console.log(`--- ${name}\n${t.screen().join('\n')}`);
};
const T = { timeout: 8000 };
try {
	await t.waitFor('Replication', T);
	shot('home');
	if (kind === 'backup') {
		t.send(KEYS.enter);
		await t.waitFor('Which server is', T);
		shot('pick');
		t.send(KEYS.enter);
		await t.waitFor('Look at everything', T);
		shot('form');
		t.send(KEYS.enter);
		await t.waitFor('If I die', T);
		shot('review');
		t.send('s');
		await t.waitFor('UNLOCK', T);
		shot('sql');
		t.send('s');
		await t.waitFor('Checks ', T);
		t.send(KEYS.enter);
	} else {
		t.send(KEYS.down + KEYS.enter);
		await t.waitFor('Which servers', T);
		shot('form');
		t.send(' ' + ' ' + KEYS.down + ' ' + KEYS.tab.repeat(4));
		await t.waitFor(/❯ {2}Look at/, T);
		t.send(KEYS.enter);
		await t.waitFor('If I die', T);
		shot('review');
		t.send(KEYS.enter);
		await t.waitFor('Do it now', T);
		shot('ask');
		t.send('y');
	}
	await t.waitFor(/shop.orders|shop.order_items/, T);
	await t.waitFor('3', T);
	shot('run');
	t.send(KEYS.ctrl('c'));
	await t.waitFor('Stop this run', T);
	shot('stop');
	t.send(KEYS.esc);
	await t.waitFor((s) => !s.includes('Stop this run'), T);
	t.send('?');
	await t.waitFor('Why this step', T);
	shot('help');
	t.send(KEYS.esc);
	await t.waitFor('elapsed', T);
	process.kill(t.pid, 'SIGUSR2');
	await t.waitFor('Summary', T);
	shot('summary');
	t.send('q');
	await t.exited;
	shot('left');
} catch (e) {
	console.log(String(e));
}
