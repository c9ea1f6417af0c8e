import { useState } from 'react';
import { useApp } from '../app-context.ts';
import { Form, type FormField, type Values } from './form.tsx';
import { bodyRows, Frame, type FrameProps } from './frame.tsx';

/**
 * What is typed into a form, kept while one looks elsewhere, and what is wrong with it until something is changed. `anew`: what was typed before
 * does not count.
 */
export function useDraft(key: string, initial: Values, { anew = false } = {}) {
	const app = useApp();
	const [values, setValues] = useState<Values>({ ...initial, ...(anew ? {} : app.drafts.get(key)) });
	const [errors, setErrors] = useState<Values>({});
	const change = (next: Values) => {
		setValues(next);
		setErrors({});
		app.drafts.set(key, next);
	};
	return { values, errors, setErrors, change };
}

const HINTS: FrameProps['hints'] = [
	['enter', 'continue'],
	['tab', 'fields'],
	['esc', 'back'],
	['?', 'help'],
];

/** The screen on which a request is filled in, before all is looked at and reviewed. */
export function RequestForm({
	draft,
	fields,
	onSubmit,
	ready = true,
	hints = HINTS,
	...frame
}: Pick<FrameProps, 'title' | 'badge' | 'stage'> & {
	readonly draft: ReturnType<typeof useDraft>;
	readonly fields: readonly FormField[];
	readonly onSubmit: () => void;
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
				onHelp={() => app.help('form')}
				errors={draft.errors}
				width={app.size.columns - 2}
				height={bodyRows(app.size.rows)}
				ready={ready}
			/>
		</Frame>
	);
}
