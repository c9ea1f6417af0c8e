import type { CommandSpec } from '../../requests/command.ts';
import { formFields } from '../../requests/form.ts';
import type { FormField } from './form.tsx';

/** A command's options as fields of a form. `more`: what is known here only, by option; null leaves an option out. */
export const requestFields = (command: CommandSpec, more: { readonly [option: string]: Partial<FormField> | null } = {}): FormField[] =>
	formFields(command)
		.filter(({ id }) => more[id] !== null)
		.map(({ id, label, about, group, placeholder, options }) => ({
			...{ id, label, about, kind: options === undefined ? 'text' : 'choice' },
			...(group !== undefined && { group }),
			...(placeholder !== undefined && { placeholder }),
			...(options !== undefined && { options }),
			...more[id],
		}));
