import type { Recorded } from './events.ts';
import type { Failure } from './model.ts';

/** Steps that older locksteps wrote to their journals by other names. */
const RENAMED: ReadonlyMap<string, string> = new Map([
	['look', 'inspect-server'],
	['look-at-backup', 'inspect-backup'],
	['look-at-primary', 'inspect-primary'],
	['look-at-replica', 'inspect-replica'],
	['look-at-server', 'inspect-server'],
	['seal', 'finalize'],
]);

const today = (step: string): string => RENAMED.get(step) ?? step;

const failureToday = <F extends Failure | null>(failure: F): F =>
	failure === null || failure.step === null ? failure : { ...failure, step: today(failure.step) };

/** An event of a journal, with its steps named as they are today: an older run is resumed and undone like any other. */
export function withStepsOfToday(event: Recorded): Recorded {
	switch (event.type) {
		case 'run-started': {
			const { touched, outputs } = event.carried;
			return {
				...event,
				steps: event.steps.map((step) => ({ ...step, id: today(step.id) })),
				carried: {
					...event.carried,
					touched: touched.map(today),
					outputs: Object.fromEntries(Object.entries(outputs).map(([step, output]) => [today(step), output])),
				},
			};
		}
		case 'undo-started':
			return { ...event, steps: event.steps.map(today) };
		case 'step-failed':
			return { ...event, step: today(event.step), failure: failureToday(event.failure) };
		case 'run-ended':
			return { ...event, failure: failureToday(event.failure) };
		case 'note':
		case 'waiting':
			return event.step === null ? event : { ...event, step: today(event.step) };
		default:
			return 'step' in event ? { ...event, step: today(event.step) } : event;
	}
}
