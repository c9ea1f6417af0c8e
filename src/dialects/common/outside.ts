// What a server keeps outside its databases: no dump tool writes it, and objects in the databases may need it.
import type { OutsideObject } from '../../core/outside.ts';
import { id, list, type Query, query, type Row, raw, type Statement, sql } from '../../sql/sql.ts';

export interface ServerObjects {
	/** What a server has, without what every server of its kind has, by kind. */
	readonly objects: { readonly [kind in OutsideObject['kind']]?: Query<readonly OutsideObject[]> };
	/** Creates it. Without a server's password, which is to be set afterwards. */
	create(object: OutsideObject): Statement;
	/** Folders in which the server makes tables with DATA DIRECTORY; null: wherever it may write. */
	readonly tableFolders: Query<readonly string[]> | null;
}

const objects =
	(kind: OutsideObject['kind']) =>
	(rows: readonly Row[]): readonly OutsideObject[] =>
		rows.map(({ name, ...rest }) => ({
			kind,
			name: name ?? '',
			options: Object.fromEntries(Object.entries(rest).flatMap(([key, value]) => (value === null || value === '' ? [] : [[key, value]]))),
		}));

const common = {
	server: query(
		sql`SELECT Server_name AS name, Wrapper AS wrapper, Host AS host, Port AS port, Socket AS socket, Db AS db, Username AS user, Owner AS owner FROM mysql.servers ORDER BY 1`,
		objects('server'),
	),
	// 0: STRING, 1: REAL, 2: INTEGER, 4: DECIMAL.
	function: query(sql`SELECT name, ret, dl, type FROM mysql.func ORDER BY 1`, objects('function')),
};

const RETURNS: Readonly<Record<string, string>> = { 0: 'STRING', 1: 'REAL', 2: 'INTEGER', 4: 'DECIMAL' };

function create({ kind, name, options }: OutsideObject): Statement {
	const { file = `${name}.ibd`, block, encryption } = options;
	switch (kind) {
		case 'tablespace':
			return sql`CREATE TABLESPACE ${id(name)} ADD DATAFILE ${file}${block === undefined ? raw('') : sql` FILE_BLOCK_SIZE = ${Number(block)}`}${encryption === 'Y' ? raw(" ENCRYPTION = 'Y'") : raw('')} ENGINE = InnoDB`;
		case 'spatial reference system': {
			const { title = name, organization, code, description, definition = '' } = options;
			const by = organization === undefined ? raw('') : sql` ORGANIZATION ${organization} IDENTIFIED BY ${Number(code ?? 0)}`;
			const said = description === undefined ? raw('') : sql` DESCRIPTION ${description}`;
			return sql`CREATE SPATIAL REFERENCE SYSTEM IF NOT EXISTS ${Number(name)} NAME ${title}${by} DEFINITION ${definition}${said}`;
		}
		case 'server': {
			const { wrapper = 'mysql', host, port, socket, db, user, owner } = options;
			const texts = { HOST: host, DATABASE: db, USER: user, SOCKET: socket, OWNER: owner };
			const given = Object.entries(texts).flatMap(([word, value]) => (value === undefined ? [] : [sql`${raw(word)} ${value}`]));
			const all = [...given, ...(port === undefined || port === '0' ? [] : [sql`PORT ${Number(port)}`])];
			return sql`CREATE SERVER ${id(name)} FOREIGN DATA WRAPPER ${id(wrapper)} OPTIONS (${list(all)})`;
		}
		case 'function': {
			const { ret = '0', dl = '', type } = options;
			return sql`CREATE ${raw(type === 'aggregate' ? 'AGGREGATE ' : '')}FUNCTION ${id(name)} RETURNS ${raw(RETURNS[ret] ?? 'STRING')} SONAME ${dl}`;
		}
	}
}

export const mariadbOutside: ServerObjects = { objects: common, create, tableFolders: null };

export const mysqlOutside: ServerObjects = {
	objects: {
		...common,
		tablespace: query(
			sql`SELECT t.NAME AS name, TRIM(LEADING './' FROM MIN(f.FILE_NAME)) AS file, NULLIF(MIN(t.ZIP_PAGE_SIZE), 0) AS block, MIN(t.ENCRYPTION) AS encryption
 FROM information_schema.INNODB_TABLESPACES t LEFT JOIN information_schema.FILES f ON f.TABLESPACE_NAME = t.NAME
 WHERE t.SPACE_TYPE = 'General' AND t.NAME <> 'mysql' GROUP BY t.NAME ORDER BY 1`,
			objects('tablespace'),
		),
		// Other numbers are reserved: every server has those.
		'spatial reference system': query(
			sql`SELECT SRS_ID AS name, SRS_NAME AS title, ORGANIZATION AS organization, ORGANIZATION_COORDSYS_ID AS code, DESCRIPTION AS description, DEFINITION AS definition
 FROM information_schema.ST_SPATIAL_REFERENCE_SYSTEMS WHERE SRS_ID BETWEEN 32768 AND 59999999 OR SRS_ID BETWEEN 70000000 AND 1999999999 OR SRS_ID > 2147483647 ORDER BY SRS_ID`,
			objects('spatial reference system'),
		),
	},
	create,
	tableFolders: query(sql`SELECT @@datadir AS a, @@innodb_directories AS b, @@innodb_data_home_dir AS c`, ([row]) =>
		[row?.a, ...(row?.b ?? '').split(';'), row?.c].flatMap((each) => (each ? [each.replace(/\/*$/, '/')] : [])),
	),
};
