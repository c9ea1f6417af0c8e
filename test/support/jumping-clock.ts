// Preloaded by `node --import`: once the file that JUMPING_CLOCK names is there, the machine's time is another by what it says, in milliseconds.
import { readFileSync } from 'node:fs';

const file = process.env.JUMPING_CLOCK ?? '';
const real = Date.now;

function jump(): number {
	try {
		return Number(readFileSync(file, 'utf8'));
	} catch {
		return 0;
	}
}

const now = (): number => real() + jump();
globalThis.Date = new Proxy(Date, {
	construct: (target, args, newTarget) => Reflect.construct(target, args.length === 0 ? [now()] : args, newTarget),
	apply: () => new Date(now()).toString(),
	get: (target, key, receiver) => (key === 'now' ? now : Reflect.get(target, key, receiver)),
});
