import { Box } from 'ink';
import { useState } from 'react';
import { line, span } from '../../render/page.ts';
import { useKeys } from '../keys.ts';
import { type NewFile, writeNewFile } from '../new-file.ts';
import { useTheme } from '../theme.ts';
import { Field } from './field.tsx';
import { Pane } from './pane.tsx';
import { Text } from './text.tsx';

type NewFileFormProps = {
	readonly file: NewFile;
	readonly width: number;
	readonly height: number;
	readonly onWritten: (path: string) => void;
	/** Nothing was written. */
	readonly onLeave: () => void;
};

/** Shows what would be written, and asks where to. A file of that name is never written over. */
export function NewFileForm({ file, width, height, onWritten, onLeave }: NewFileFormProps) {
	const { signs, styles } = useTheme();
	const [path, setPath] = useState(file.path);
	const [wrong, setWrong] = useState<string | null>(null);
	useKeys((key) => {
		if (key === 'esc') return onLeave();
		if (key !== 'enter' || path.trim() === '') return;
		try {
			onWritten(writeNewFile({ ...file, path: path.trim() }));
		} catch (error) {
			setWrong(error instanceof Error ? error.message : String(error));
		}
	});
	const mode = `0${file.mode.toString(8)}`;
	const lines = [
		line(span(`A new file, mode ${mode}, with ${file.what}:`, 'bold')),
		[],
		...file.text
			.trimEnd()
			.split('\n')
			.map((text) => line('  ', span(text, 'key'))),
		...(wrong === null ? [] : [[], line(span(`${signs.bad} ${wrong}`, 'bad'))]),
	];
	return (
		<>
			<Pane key={wrong} lines={lines} width={width} height={height - 2} pages follow={wrong !== null} />
			<Text {...styles('dim')}>{signs.rule.repeat(width)}</Text>
			<Box flexShrink={0}>
				<Text bold>{'Write to: '}</Text>
				<Field value={path} onChange={setPath} focused width={Math.max(10, width - 11)} />
			</Box>
		</>
	);
}
