import { plural } from '../core/format.ts';
import type { FoundProgram, Info, ServerInfo } from '../core/info.ts';
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
export type InfoPage = Info & { readonly terminal: Terminal; readonly server?: ServerInfo };

const row = (name: string, value: string): string => `  ${pad(name, 20)} ${visible(value)}`;
const programRow = ({ name, path, version }: FoundProgram): string => row(name, path === null ? 'not found' : `${version}  ${path}`);
const size = ({ columns, rows }: Terminal): string => (columns === null ? 'not a terminal' : `${columns}x${rows}`);

/** Each fact on a line, to be pasted into a report. */
export function infoLines(info: InfoPage): readonly string[] {
	const { version, node, system, paths, profiles, warnings, environment, terminal, tools, unpacked, server } = info;
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
		...(server === undefined ? [] : ['', ...serverLines(server)]),
	];
}

function roleText({ channels, replicas }: ServerInfo): string {
	if (channels === null || replicas === null) return 'not known: the account may not see it';
	const threads = channels.map(({ io, sql }) => `replica (IO thread ${io}, SQL thread ${sql})`);
	const roles = [...threads, ...(replicas === 0 ? [] : [`source of ${plural(replicas, 'replica')}`])];
	return roles.length === 0 ? 'neither a replica nor a source of one' : roles.join(', ');
}

const serverLines = (server: ServerInfo): readonly string[] => [
	'Server',
	row('version', `${server.title} (${server.version}, ${server.comment})`),
	row('role', roleText(server)),
	row('read_only', server.read_only),
	row('binary log', server.binary_log ? 'on' : 'off'),
	row('TLS', server.tls ?? 'this connection is not encrypted'),
	'',
	'What the account may do there',
	...Object.entries(server.missing_privileges).map(
		([task, missing]) => `  ${pad(task, 27)} ${missing.length === 0 ? 'yes' : `no: ${missing.join(', ')} missing`}`,
	),
];
