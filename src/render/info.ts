import type { FoundProgram, Info } from '../core/info.ts';
import { visible } from '../core/visible.ts';
import { pad } from './width.ts';

type Terminal = {
	readonly mode: string;
	readonly columns: number | null;
	readonly rows: number | null;
	readonly color: boolean;
	readonly ascii: boolean;
};

/** What `lockstep info` prints. */
export type InfoPage = Info & { readonly terminal: Terminal };

const row = (name: string, value: string): string => `  ${pad(name, 20)} ${visible(value)}`;
const programRow = ({ name, path, version }: FoundProgram): string => row(name, path === null ? 'not found' : `${version}  ${path}`);
const size = ({ columns, rows }: Terminal): string => (columns === null ? 'not a terminal' : `${columns}x${rows}`);

/** Each fact on a line, to be pasted into a report. */
export function infoLines(info: InfoPage): readonly string[] {
	const { version, node, system, paths, profiles, warnings, environment, terminal, tools, unpacked } = info;
	return [
		`lockstep ${version}, Node ${node}, ${system}`,
		'',
		'Paths',
		...Object.entries(paths).map(([name, path]) => row(name, path)),
		'',
		'Configuration',
		row('profiles', String(profiles)),
		...warnings.map((text) => row('warning', text)),
		'',
		'Terminal',
		row('size', size(terminal)),
		row('mode', terminal.mode),
		row('colors', terminal.color ? 'yes' : 'no'),
		row('characters', terminal.ascii ? 'ASCII' : 'Unicode'),
		...Object.entries(environment).map(([name, value]) => row(name, value)),
		'',
		'Tools on the PATH',
		...tools.map(programRow),
		...(unpacked.length === 0 ? [] : ['', 'Unpacked by the sandbox', ...unpacked.map(programRow)]),
	];
}
