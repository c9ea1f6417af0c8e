import { meter, type Progress } from '../../core/progress.ts';
import { type TableToDo, trackTables } from '../../core/table-progress.ts';

/** The progress of several loads at once, in bytes: what each worker has in hand, and all together. `parts` in their order. */
export function loadProgress(
	report: (progress: Progress) => void,
	now: () => Date,
	{ each, parts }: { readonly each: 'table' | 'database'; readonly parts: readonly (TableToDo & { readonly total: number })[] },
) {
	const clock = () => now().getTime();
	const measure = meter(clock);
	const tracker = trackTables(clock, parts);
	const total = parts.reduce((sum, part) => sum + part.total, 0);
	const running = new Map<number, number>();
	let finished = 0;
	const say = () => {
		const done = Math.min(
			total,
			[...running.values()].reduce((sum, each) => sum + each, finished),
		);
		report({ unit: 'bytes', done, total, estimated: false, ...measure(done, total), ...tracker.view(), ...(each !== 'table' && { each }) });
	};
	return {
		begin(worker: number, name: string) {
			tracker.begin(worker, name);
			running.set(worker, 0);
			say();
		},
		at(worker: number, rawBytes: number) {
			tracker.advance(worker, rawBytes);
			running.set(worker, rawBytes);
			say();
		},
		/** It is loaded again later. */
		giveUp(worker: number) {
			tracker.giveUp(worker);
			running.delete(worker);
			say();
		},
		/** All of it is there. */
		done(worker: number, rawBytes: number) {
			tracker.advance(worker, rawBytes);
			tracker.end(worker);
			running.delete(worker);
			finished += rawBytes;
			say();
		},
	};
}
