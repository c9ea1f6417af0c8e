import type { WireError } from './serialize.ts';

/** One thing that a thread can be asked. It is answered once; `Progress` is what the thread tells before its answer. */
export interface Method<Argument, Result = void, Progress = never> {
	readonly argument: Argument;
	readonly result: Result;
	readonly progress: Progress;
}

/** What a thread can be asked and what it tells. All of it is plain data that a structured clone copies. */
export interface ThreadContract {
	/** What it is started with; in memory only. */
	readonly data: unknown;
	/** Its answer when it is ready to work. */
	readonly opened: unknown;
	/** What it tells without being asked. */
	readonly event: unknown;
	readonly methods: { readonly [name: string]: Method<unknown, unknown, unknown> };
}

export type MethodName<C extends ThreadContract> = keyof C['methods'] & string;
export type Argument<C extends ThreadContract, N extends MethodName<C>> = C['methods'][N]['argument'];
export type Progress<C extends ThreadContract, N extends MethodName<C>> = C['methods'][N]['progress'];
export type Result<C extends ThreadContract, N extends MethodName<C>> = C['methods'][N]['result'];

export type ToThread =
	| { readonly kind: 'call'; readonly id: number; readonly name: string; readonly argument: unknown }
	| { readonly kind: 'abort'; readonly id: number }
	| { readonly kind: 'close' };

/** In the order in which they happen. `opened` or `broken` comes first, `closed` last. */
export type FromThread =
	| { readonly kind: 'opened'; readonly value: unknown }
	| { readonly kind: 'progress'; readonly id: number; readonly value: unknown }
	| { readonly kind: 'result'; readonly id: number; readonly value: unknown }
	| { readonly kind: 'refused'; readonly id: number; readonly error: WireError }
	| { readonly kind: 'event'; readonly value: unknown }
	/** Nothing more is taken, and nothing that runs is answered. */
	| { readonly kind: 'broken'; readonly error: WireError }
	| { readonly kind: 'closed' };
