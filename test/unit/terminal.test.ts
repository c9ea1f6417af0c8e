import { expect, test } from 'vitest';
import { pngOf, svgOf } from '../support/picture.ts';
import { KEYS, openTerminal } from '../support/terminal.ts';

test('a program in a real pseudo-terminal is typed to, resized, seen, and pictured', async () => {
	await using terminal = openTerminal({
		command: 'sh',
		args: [
			'-c',
			'echo "ci=[$CI]"; printf "\\033[1;31m██▌\\033[0m size: "; stty size; read answer; echo "got $answer"; stty size; read more; exit 3',
		],
		cols: 60,
		rows: 16,
		env: { ...process.env, CI: 'true' },
	});
	await terminal.waitFor('size: 16 60');
	expect(terminal.screen()[0]).toBe('ci=[]');
	const cells = terminal.cells();
	expect(cells[1]?.[0]).toMatchObject({ char: '█', bold: true, fg: { palette: 1 }, bg: null });
	expect(svgOf(cells)).toContain('<rect x="16.00" y="36.00" width="10.00" height="20.00"');
	expect(pngOf(cells).subarray(1, 4).toString()).toBe('PNG');
	terminal.resize(70, 20);
	terminal.send(`yes${KEYS.enter}`);
	// What a program writes right before its end may get lost: node-pty waits 200 ms for it.
	await terminal.waitFor(/got yes\n20 70/);
	terminal.send(KEYS.enter);
	expect(await terminal.exited).toMatchObject({ exitCode: 3 });
	await expect(terminal.waitFor('never')).rejects.toThrow('ended before');
});
