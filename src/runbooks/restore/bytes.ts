import { meter, type Progress } from '../../core/progress.ts';

/** The progress of several loads at once: bytes of all, and the one that was begun last in hand. */
export function bytesProgress(
	tell: (progress: Progress) => void,
	now: () => Date,
	all: { readonly total: number; readonly parts: number },
) {
	const measure = meter(() => now().getTime());
	const running = new Map<string, number>();
	let finished = 0;
	let parts = 0;
	const say = () => {
		const done = Math.min(
			all.total,
			[...running.values()].reduce((sum, each) => sum + each, finished),
		);
		tell({
			unit: 'bytes',
			done,
			total: all.total,
			estimated: false,
			...measure(done, all.total),
			current: [...running.keys()].join(', ') || null,
			tables: { done: parts, total: all.parts },
		});
	};
	return {
		at(name: string, rawBytes: number) {
			running.set(name, rawBytes);
			say();
		},
		done(name: string, rawBytes: number) {
			running.delete(name);
			finished += rawBytes;
			parts++;
			say();
		},
	};
}
