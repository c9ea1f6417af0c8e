import { LockstepError } from '../core/errors.ts';
import type { CommandSpec } from './command.ts';
import { attributeName, type FieldsOf, type FormSpec, type Given, longName, type OptionSpec } from './option.ts';

/** What stands in a form, by the options' names. */
export type FormValues = { readonly [option: string]: string };

type InForm = OptionSpec & { readonly form: FormSpec };

const inForm = (options: readonly OptionSpec[]): readonly InForm[] =>
	options.filter((option): option is InForm => option.form !== undefined);

/** A field of a form, in the order of the command's options. */
export type RequestField = FormSpec & { readonly id: string };

export const formFields = ({ options }: CommandSpec): readonly RequestField[] =>
	inForm(options).map((option) => ({ id: attributeName(option), ...option.form }));

/** What stands in a form at first. */
export const initialValues = ({ options }: CommandSpec): FormValues =>
	Object.fromEntries(inForm(options).map((option) => [attributeName(option), option.form.initial ?? '']));

/** What stands in a form where these fields are known. */
export function formTexts({ options }: CommandSpec, fields: object): FormValues {
	const textOf = (option: InForm): string => {
		const [flag, text] = option.write(fields);
		if (!/[<[]/.test(option.flags)) return (flag !== undefined) === longName(option).startsWith('--no-') ? 'no' : 'yes';
		return text ?? '';
	};
	return Object.fromEntries(inForm(options).map((option) => [attributeName(option), textOf(option)]));
}

/** A form's text as the option would be given; a switch is `yes` or `no`. */
function givenOf(option: OptionSpec, text: string): Given {
	if (!/[<[]/.test(option.flags)) return longName(option).startsWith('--no-') ? text !== 'no' : text === 'yes';
	if (text.trim() === '') return undefined;
	return option.isRepeatable ? [text] : text;
}

/** The fields of the request that a form asks for, and what is wrong with the texts, by option. Only without errors are the fields complete. */
export function readForm<Specs extends readonly OptionSpec[]>(
	{ options }: CommandSpec<Specs>,
	values: FormValues,
): { readonly fields: FieldsOf<Specs>; readonly errors: FormValues } {
	const errors: { [option: string]: string } = {};
	const given: { [option: string]: Given } = {};
	const fields = options.map((option) => {
		const name = attributeName(option);
		const { form } = option;
		given[name] = form === undefined ? undefined : givenOf(option, values[name] ?? form.initial ?? '');
		if (option.isRequired && given[name] === undefined) errors[name] = form?.expects ?? `${longName(option)} is missing.`;
		try {
			return option.read(given[name], form?.label ?? longName(option));
		} catch (error) {
			if (!(error instanceof LockstepError)) throw error;
			errors[name] = form?.expects ?? error.description.message;
			return {};
		}
	});
	return { fields: Object.assign({}, ...fields) as FieldsOf<Specs>, errors };
}
