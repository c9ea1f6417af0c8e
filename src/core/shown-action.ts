import { shown } from '../sql/sql.ts';
import type { Action, FilePart, LoadAction, PipeAction, ServerStartAction } from './action.ts';
import { duration, plural } from './format.ts';
import type { Role, Thing } from './model.ts';
import { shellWord } from './shell.ts';

/** An action as screens, dry runs, transcripts and journals show it: the very same everywhere. */
export type ShownAction = {
	readonly id: string;
	readonly kind: Action['kind'];
	/** The role, or `files`, or `you`. */
	readonly on: string;
	readonly text: string;
	readonly why: string;
	readonly changes: boolean;
	readonly makes?: readonly Thing[];
	readonly destroys?: readonly Thing[];
};

const CAT = { '.zst': 'zstdcat', '.gz': 'zcat' } as const;
const cat = (path: string): string => CAT[/\.(zst|gz)$/.exec(path)?.[0] as keyof typeof CAT] ?? 'cat';

function stored(part: FilePart): string {
	const only = part.tables === undefined ? '' : ` | (only ${part.tables.join(', ')})`;
	const without = part.withoutAccounts === undefined ? '' : ' | (only accounts that are not there)';
	return `${cat(part.file.path)} ${shellWord(`${part.folder}/${part.file.path}`)}${only}${without}`;
}

function load({ folder, files, statement, withoutKeys, withKeys }: LoadAction): string {
	const [first] = files;
	const all =
		files.length > 1 ? `${shellWord(`${folder}/${first?.path.replace(/\d{5}(?=\.dat)/, '*')}`)}` : shellWord(`${folder}/${first?.path}`);
	const rows = `${cat(first?.path ?? '')} ${all} | ${shown(statement)}`;
	return [withoutKeys, rows, withKeys]
		.filter((each) => each !== null)
		.map((each) => (typeof each === 'string' ? each : shown(each)))
		.join(';\n');
}
const WRITES = {
	schema: 'CREATE statements of tables and sequences',
	post: 'CREATE statements of routines, triggers, events and views',
	list: 'all definitions',
} as const;

function tool(part: PipeAction['from']): string {
	if ('lists' in part) return '(SHOW CREATE USER and SHOW GRANTS of every account)';
	if ('folder' in part) return stored(part);
	if ('writes' in part) return `(${WRITES[part.writes]}${part.database === null ? '' : ` of ${part.database}`})`;
	const all = [part].flat().map(({ names, argv }) => [names[0] ?? '', ...argv].map(shellWord).join(' '));
	return all.length === 1 ? (all[0] ?? '') : `(${all.join('; ')})`;
}
/** Whose server a tool's output is of. */
export function sourceOf({ from, into }: PipeAction): Role {
	if ('folder' in from) return into !== null && 'on' in into ? into.on : 'files';
	return 'lists' in from || 'writes' in from ? from.on : ([from].flat()[0]?.on ?? '');
}

function serverStart({ program, vendor, series, folder, serverId, options }: ServerStartAction): string {
	const unpacked = `(unpacked) ${vendor === 'mysql' ? 'mysqld' : 'mariadbd'} ${series}`;
	const own = [`--datadir=${folder}/data`, `--server-id=${serverId}`, ...options];
	return [program === null ? unpacked : shellWord(program), ...own.map(shellWord)].join(' ');
}

function text(action: Action): string {
	switch (action.kind) {
		case 'sql':
			return action.shares === undefined ? shown(action.statement) : action.shares.map(shown).join(';\n');
		case 'pipe': {
			if (action.into === null) return tool(action.from);
			if (!('file' in action.into)) return `${tool(action.from)} | ${tool(action.into)}`;
			const through = action.into.compress === 'none' ? '' : ` | ${action.into.compress}`;
			return `${tool(action.from)}${through} > ${shellWord(action.into.file)}`;
		}
		case 'load':
			return load(action);
		case 'file':
			switch (action.op) {
				case 'folder':
					return `mkdir -m 700 ${shellWord(action.path)}`;
				case 'write':
					return `write ${shellWord(action.path)}`;
				case 'secret':
					return `write the password to ${shellWord(action.path)} (0600)`;
				case 'remove-folder':
					return `rmdir ${shellWord(action.path)}`;
				case 'remove':
					return `rm ${shellWord(action.path)}`;
				case 'finalize':
					return `write SHA256SUMS and manifest.json in ${shellWord(action.path)}`;
				case 'publish':
					return `mv ${shellWord(action.path)} ${shellWord(action.to ?? '')}`;
				case 'latest':
					return `ln -sfn ${shellWord(action.to ?? '')} ${shellWord(action.path)}`;
			}
			break;
		case 'rows': {
			const from = `${plural(action.readers, 'connection')}: SELECT … FROM ${plural(action.tables.length, 'table')}, by primary key`;
			if (action.into === null) return from;
			const { folder, compress } = action.into;
			const through = compress === 'none' ? '' : ` | ${compress}`;
			return `${from}${through} > ${shellWord(`${folder}/`)}*.dat${{ zstd: '.zst', gzip: '.gz', none: '' }[compress]}`;
		}
		case 'definitions':
			return `${plural(action.readers, 'connection')}: SHOW CREATE … of every object in ${action.databases.join(', ') || 'no database'}`;
		case 'hand':
			return action.lines.join('\n');
		case 'restart':
			return `wait until the server answers again, at most ${duration(action.mostMs)}`;
		case 'server-start':
			return serverStart(action);
		case 'server-stop':
			return `stop the server, then: rm -r ${shellWord(action.folder)}`;
	}
}

/** The role, or `files`, or `you`. */
function placeOf(action: Action): ShownAction['on'] {
	switch (action.kind) {
		case 'file':
			return 'files';
		case 'hand':
			return 'you';
		case 'pipe':
			return sourceOf(action);
		default:
			return action.on;
	}
}

const ALWAYS_CHANGE: ReadonlySet<Action['kind']> = new Set(['file', 'load', 'server-start', 'server-stop']);

export function show(action: Action): ShownAction {
	return {
		id: action.id,
		kind: action.kind,
		on: placeOf(action),
		text: text(action),
		why: action.why,
		changes: ALWAYS_CHANGE.has(action.kind) || ('changes' in action && action.changes),
		...(action.makes === undefined || action.makes.length === 0 ? {} : { makes: action.makes }),
		...(action.destroys === undefined || action.destroys.length === 0 ? {} : { destroys: action.destroys }),
	};
}
