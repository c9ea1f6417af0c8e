import { describe, expect, test } from 'vitest';
import { wantsColor } from '../../src/render/color.ts';
import { openTerminal } from '../support/terminal.ts';

// No method of a terminal on either.
const TERMINAL = { isTTY: true };
const FILE = {};
const XTERM = { TERM: 'xterm-256color' };

describe('colours', () => {
	test.each([
		['a terminal', TERMINAL, XTERM, true],
		['a terminal of the 1980s', TERMINAL, { TERM: 'dumb' }, false],
		['a terminal without a name', TERMINAL, {}, false],
		['a terminal, NO_COLOR', TERMINAL, { ...XTERM, NO_COLOR: '1' }, false],
		['a terminal, an empty NO_COLOR', TERMINAL, { ...XTERM, NO_COLOR: '' }, true],
		['a terminal, FORCE_COLOR=0', TERMINAL, { ...XTERM, FORCE_COLOR: '0' }, false],
		['a file', FILE, XTERM, false],
		['a file, an end that is no terminal', { isTTY: false }, XTERM, false],
		['a file, FORCE_COLOR', FILE, { FORCE_COLOR: '1' }, true],
		['a file, FORCE_COLOR=0', FILE, { ...XTERM, FORCE_COLOR: '0' }, false],
		['a file, NO_COLOR and FORCE_COLOR', FILE, { NO_COLOR: '1', FORCE_COLOR: '3' }, true],
	])('%s', (_, out, env, expected) => {
		expect(wantsColor('auto', out, env)).toBe(expected);
		expect(wantsColor(undefined, out, env)).toBe(expected);
		expect(wantsColor('always', out, env)).toBe(true);
		expect(wantsColor('never', out, env)).toBe(false);
	});

	test.each([
		['', 'true'],
		['NO_COLOR=1', 'false'],
		['TERM=dumb', 'false'],
		['FORCE_COLOR=0', 'false'],
	])('in a real terminal, with "%s"', async (variable, expected) => {
		const code = `
			const { wantsColor } = await import(${JSON.stringify(new URL('../../src/render/color.ts', import.meta.url).href)});
			console.log('colours:', wantsColor('auto', process.stdout, process.env));`;
		const args = [...(variable === '' ? [] : [variable]), process.execPath, '--input-type=module', '-e', code];
		const { FORCE_COLOR: _, ...env } = process.env;
		const terminal = openTerminal({ command: 'env', args, env });
		await terminal.exited;
		expect(terminal.screen().join('\n')).toContain(`colours: ${expected}`);
	});
});
