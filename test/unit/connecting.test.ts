import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { connectingNotice } from '../../src/headless/connecting.ts';

describe('what is said while a server is connected to', () => {
	beforeEach(() => void vi.useFakeTimers());
	afterEach(() => void vi.useRealTimers());
	const said = (how: Partial<Parameters<typeof connectingNotice>[0]> & { readonly isTTY?: boolean }, ms: number) => {
		const out: string[] = [];
		const stderr = { isTTY: how.isTTY ?? true, write: (text: string) => out.push(text) > 0 } as NodeJS.WriteStream;
		{
			using _ = connectingNotice({ flags: {}, mode: 'headless', ...how, stderr })('db1:3306');
			vi.advanceTimersByTime(ms);
		}
		vi.advanceTimersByTime(60_000);
		return out;
	};

	it('is one line after a second, where a person reads along', () => {
		expect(said({}, 1000)).toEqual(['Connecting to db1:3306 …\n']);
		expect(said({ isTTY: false, mode: 'plain' }, 30_000)).toEqual(['Connecting to db1:3306 …\n']);
	});

	it('is nothing of a server that answers, to a script, and where quiet or JSON is asked for', () => {
		expect(said({}, 999)).toEqual([]);
		expect(said({ isTTY: false }, 30_000)).toEqual([]);
		for (const flags of [{ quiet: true }, { json: true }]) expect(said({ flags }, 30_000)).toEqual([]);
	});
});
