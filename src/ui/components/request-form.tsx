import { useEffect, useRef, useState } from 'react';
import { useApp } from '../app-context.ts';
import { Form, type FormField, type Values } from './form.tsx';
import { bodyRows, Frame, type FrameProps } from './frame.tsx';

/**
 * What is typed into a form, kept while one looks elsewhere and from one start to the next, and what is wrong with it until something is changed.
 * `anew`: what was typed before does not count, and what is typed now is not kept for the next start.
 */
export function useDraft(key: string, initial: Values, { anew = false } = {}) {
	const app = useApp();
	const [values, setValues] = useState<Values>({ ...initial, ...(anew ? {} : (app.drafts.get(key) ?? app.backend.answers(key))) });
	const [errors, setErrors] = useState<Values>({});
	// Written when the form is left, not while it is typed: what is not finished may be anything.
	const typed = useRef<Values | null>(null);
	// biome-ignore lint/correctness/useExhaustiveDependencies: once, when it is left.
	useEffect(
		() => () => {
			if (typed.current !== null && !anew) app.backend.keepAnswers(key, typed.current);
		},
		[],
	);
	const change = (next: Values) => {
		setValues(next);
		setErrors({});
		app.drafts.set(key, next);
		typed.current = next;
	};
	const forget = () => {
		typed.current = null;
		app.drafts.delete(key);
		app.backend.keepAnswers(key, null);
	};
	return { values, errors, setErrors, change, forget };
}

const HINTS: FrameProps['hints'] = [
	['ctrl+s', 'review the plan'],
	['tab', 'fields'],
	['space', 'change'],
	['esc', 'back'],
	['F1', 'help'],
];

/** The screen on which a request is filled in, before all is looked at and reviewed. */
export function RequestForm({
	draft,
	fields,
	onSubmit,
	onLeave,
	ready = true,
	hints = HINTS,
	...frame
}: Pick<FrameProps, 'title' | 'badge' | 'stage'> & {
	readonly draft: ReturnType<typeof useDraft>;
	readonly fields: readonly FormField[];
	readonly onSubmit: (values: Values) => void;
	readonly onLeave?: (field: string, values: Values) => void;
	/** Whether it may be sent as it is: the button is chosen first. */
	readonly ready?: boolean;
	readonly hints?: FrameProps['hints'];
}) {
	const app = useApp();
	return (
		<Frame {...frame} hints={hints}>
			<Form
				fields={fields}
				values={draft.values}
				onChange={draft.change}
				submit="Check and review the plan"
				onSubmit={onSubmit}
				onBack={app.back}
				{...(onLeave === undefined ? {} : { onLeave })}
				onHelp={() => app.help('form')}
				errors={draft.errors}
				width={app.size.columns - 2}
				height={bodyRows(app.size.rows)}
				ready={ready}
			/>
		</Frame>
	);
}
