import { bytes } from '../../core/format.ts';
import { Choice } from './choice.tsx';
import { Text } from './text.tsx';

/** Rows that it takes. */
export const REMOVAL_ROWS = 3;

type RemovalProps = {
	readonly path: string;
	/** On disk. */
	readonly size: number;
	readonly onAnswer: (isAgreed: boolean) => void;
};

/** Asks whether the folder of an incomplete backup is to be removed; the harmless answer comes first. */
export function Removal({ path, size, onAnswer }: RemovalProps) {
	return (
		<>
			<Text bold wrap="truncate-start">{`Remove ${path}?`}</Text>
			<Choice
				besidePane
				options={[
					{ value: false, label: 'Keep it' },
					{ value: true, label: 'Remove it', about: `${bytes(size)}; it cannot be restored` },
				]}
				onChoose={onAnswer}
			/>
		</>
	);
}
