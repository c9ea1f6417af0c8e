/**
 * Works through a list, some at a time, in its order; `worker`, from 1, says whose turn it is. The first that fails stops the others (`until`), and its error is thrown when all of
 * them have let go.
 */
export async function mapWithConcurrency<T>(
	items: readonly T[],
	most: number,
	work: (item: T, until: AbortSignal, worker: number) => Promise<void>,
): Promise<void> {
	const stop = new AbortController();
	let first: { readonly error: unknown } | null = null;
	let next = 0;
	const hand = async (_: unknown, place: number) => {
		while (next < items.length && !stop.signal.aborted) {
			const item = items[next++] as T;
			try {
				await work(item, stop.signal, place + 1);
			} catch (error) {
				first ??= { error };
				stop.abort(error);
			}
		}
	};
	await Promise.all(Array.from({ length: Math.max(1, Math.min(most, items.length)) }, hand));
	if (first !== null) throw (first as { readonly error: unknown }).error;
}
