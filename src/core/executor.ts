import type { Action, Performed } from './action.ts';
import type { Role } from './model.ts';
import type { HeldLease, PerformOptions, ReadContext } from './step.ts';

/** Where plans become actions. The real one is `executor/executor.ts`. */
export interface Executor extends ReadContext {
	/** Servers that cannot be reached, by role: an undo does what it can on the others. */
	readonly absent?: ReadonlySet<Role>;
	perform<A extends Action>(action: A, options: PerformOptions & { readonly signal: AbortSignal }): Promise<Performed<A>>;
	lease(on: Role, options: { lockWaitSeconds: number }): Promise<HeldLease>;
	readers(on: Role, options: { count: number }): Promise<AsyncDisposable>;
}
