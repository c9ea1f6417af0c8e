import { describe, expect, it } from 'vitest';
import type { Definition } from '../../src/core/definition.ts';
import { compareDefinitions, describeDifference } from '../../src/dump/definitions/compare.ts';
import { withoutBase } from '../../src/dump/definitions/order.ts';
import { readTableDefinition } from '../../src/dump/definitions/table.ts';

const table = (sql: string, more: Partial<Definition> = {}): Definition => ({
	...{ kind: 'table', database: 'd', name: 't', sql, settings: {} },
	...more,
});
const differences = (expected: string, found: string) => compareDefinitions([table(expected)], [table(found)]).map(describeDifference);
const end = 'ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci';

describe('a CREATE TABLE', () => {
	it('is read by its tokens, whatever names and texts hold', () => {
		const sql = `CREATE TABLE \`t\` (
  \`x
  KEY \`\`z\`\` (id), DROP COLUMN q\` int(11) DEFAULT NULL COMMENT 'a,b) ENGINE=MyISAM\\', (''',
  \`KEY\` enum('a,b','(') NOT NULL,
  \`g\` int GENERATED ALWAYS AS (((\`KEY\` + 1) * (2))) VIRTUAL,
  PRIMARY KEY (\`KEY\`),
  UNIQUE KEY \`u,\` (\`x
  KEY \`\`z\`\` (id), DROP COLUMN q\`(10)),
  FULLTEXT KEY \`PRIMARY KEY\` (\`KEY\`) /*!50100 WITH PARSER \`ngram\` */ ,
  CONSTRAINT \`c)\` FOREIGN KEY (\`KEY\`) REFERENCES \`o\` (\`a\`, \`b\`) ON DELETE CASCADE,
  CONSTRAINT \`k\` CHECK ((\`g\` <> ','))
) /*!50100 TABLESPACE \`ts\` */ ENGINE=InnoDB AUTO_INCREMENT=7 DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin COMMENT='PARTITION BY x' WITH SYSTEM VERSIONING
/*!50100 PARTITION BY RANGE (\`KEY\`)
(PARTITION p0 VALUES LESS THAN (10) ENGINE = InnoDB) */`;
		const read = readTableDefinition(sql);
		expect(read?.columns.map(({ name }) => name)).toEqual(['x\n  KEY `z` (id), DROP COLUMN q', 'KEY', 'g']);
		expect(read?.keys.map(({ name }) => name)).toEqual(['PRIMARY', 'u,', 'PRIMARY KEY']);
		expect(read?.constraints.map(({ name }) => name)).toEqual(['c)', 'k']);
		expect(Object.fromEntries(read?.options ?? [])).toEqual({
			...{ TABLESPACE: '`ts`', ENGINE: 'InnoDB', AUTO_INCREMENT: '7', 'DEFAULT CHARSET': 'utf8mb4', COLLATE: 'utf8mb4_bin' },
			...{ COMMENT: "'PARTITION BY x'", 'WITH SYSTEM VERSIONING': '' },
		});
		expect(read?.partitions?.[2]?.text).toBe('RANGE');
		expect(readTableDefinition('CREATE VIEW `v` AS select 1')).toBe(null);
		expect(readTableDefinition('CREATE TABLE `t` (')).toBe(null);
	});
});

describe('definitions are compared', () => {
	it('by column, key, constraint, option and partition, in words', () => {
		expect(
			differences(
				`CREATE TABLE \`t\` (\n  \`ts\` timestamp NOT NULL,\n  \`a\` int(11) DEFAULT NULL,\n  KEY \`k\` (\`a\`)\n) ${end} ROW_FORMAT=COMPACT`,
				`CREATE TABLE \`t\` (\n  \`ts\` timestamp NOT NULL DEFAULT current_timestamp() ON UPDATE current_timestamp(),\n  \`a\` int(11) DEFAULT NULL,\n  \`my_row_id\` bigint unsigned NOT NULL AUTO_INCREMENT INVISIBLE,\n  PRIMARY KEY (\`my_row_id\`)\n) ${end.replace('InnoDB', 'MyISAM')}\n PARTITION BY HASH (\`a\`)`,
			),
		).toEqual([
			'table d.t: column `ts`: expected timestamp NOT NULL, found timestamp NOT NULL DEFAULT current_timestamp() ON UPDATE current_timestamp()',
			'table d.t: column `my_row_id` is additional: found bigint unsigned NOT NULL AUTO_INCREMENT INVISIBLE',
			'table d.t: key `k` is missing: expected KEY `k` (`a`)',
			'table d.t: key `PRIMARY` is additional: found PRIMARY KEY (`my_row_id`)',
			'table d.t: engine: expected InnoDB, found MyISAM',
			'table d.t: option ROW_FORMAT is missing: expected COMPACT',
			'table d.t: partitions is additional: found partition by hash(`a`)',
		]);
	});

	it('but not by what a version prints in other words, nor by counters', () => {
		expect(
			differences(
				`CREATE TABLE \`t\` (\`a\` int(11) NOT NULL, \`b\` varchar(3) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci, \`c\` char(1) CHARACTER SET utf8 COLLATE utf8_bin, \`d\` datetime DEFAULT CURRENT_TIMESTAMP) ${end} AUTO_INCREMENT=9`,
				`CREATE TABLE \`t\` (\n  \`a\` int NOT NULL,\n  \`b\` varchar(3),\n  \`c\` char(1) COLLATE utf8mb3_bin,\n  \`d\` datetime DEFAULT current_timestamp()\n) ${end}`,
			),
		).toEqual([]);
		for (const [one, other] of [
			['tinyint(1)', 'tinyint(4)'],
			['int(5) unsigned zerofill', 'int(10) unsigned zerofill'],
			['varchar(5)', 'varchar(6)'],
			["enum('a','b')", "enum('a','B')"],
			["int COMMENT 'x'", "int COMMENT 'X'"],
			['char(1) COLLATE utf8mb4_bin', 'char(1)'],
		])
			expect(differences(`CREATE TABLE \`t\` (\`a\` ${one}) ${end}`, `CREATE TABLE \`t\` (\`a\` ${other}) ${end}`), one).toHaveLength(1);
		expect(differences(`CREATE TABLE \`t\` (\`a\` int, \`b\` int) ${end}`, `CREATE TABLE \`t\` (\`b\` int, \`a\` int) ${end}`)).toEqual([
			'table d.t: order of columns: expected a, b, found b, a',
		]);
	});

	it('of every kind, with their settings', () => {
		const settings = { sql_mode: 'ANSI,STRICT_TRANS_TABLES', character_set_client: 'utf8', time_zone: 'SYSTEM' };
		const event = table('CREATE EVENT `e` ON SCHEDULE EVERY 1 DAY ON COMPLETION PRESERVE ENABLE DO select 1', { kind: 'event', settings });
		const off = { ...event, sql: event.sql.replace(' ENABLE', ' DISABLE') };
		expect(compareDefinitions([event], [off], { ignoreEventStatus: true })).toEqual([]);
		expect(compareDefinitions([event], [off])).toHaveLength(1);
		const other = { ...event, settings: { ...settings, sql_mode: 'STRICT_TRANS_TABLES,ANSI', character_set_client: 'utf8mb3' } };
		expect(compareDefinitions([event], [other])).toEqual([]);
		expect(compareDefinitions([event], [{ ...event, settings: { ...settings, sql_mode: '' } }]).map(describeDifference)).toEqual([
			'event d.t: sql_mode: expected ANSI,STRICT_TRANS_TABLES, found ',
		]);
		const view = table('CREATE VIEW `d`.`v` AS select 1', { kind: 'view', name: 'v' });
		expect(compareDefinitions([view, { ...view, name: 'w', invalid: 'ERROR 1356' }], [])).toMatchObject([
			{ name: 'v', part: 'object', found: null },
		]);
		expect(compareDefinitions([], [view]).map(describeDifference)).toEqual(['view d.v: additional']);
		expect(compareDefinitions([view], [{ ...view, sql: 'CREATE VIEW `d`.`v` AS\n select   1' }])).toEqual([]);
		const fed = (password: string) => table(`CREATE TABLE \`t\` (\`a\` int) ENGINE=FEDERATED CONNECTION='mysql://u:${password}@h/d/t'`);
		expect(JSON.stringify(compareDefinitions([fed('one')], [fed('two')]))).not.toMatch(/one|two/);
	});
});

describe('views of a backup that leaves a table out', () => {
	it('cannot be created from it where they need that table, by whatever chain of views, and others can', () => {
		const view = (name: string, from: string, more: Partial<Definition> = {}) =>
			table(`CREATE VIEW \`d\`.\`${name}\` AS select \`x\`.\`id\` from ${from} \`x\``, { kind: 'view', name, ...more });
		const all = [
			view('third', '`d`.`second`'),
			view('second', '`d`.`first`'),
			view('first', '`d`.`left ``out`'),
			view('fine', '`d`.`kept`'),
			view('namesake', '`e`.`left ``out`'),
			view('broken', '`d`.`left ``out`', { invalid: 'ERROR 1356' }),
			table('CREATE TABLE `kept` (`id` int)', { name: 'kept' }),
		];
		const found = withoutBase(all, ({ database, name }) => database === 'd' && name === 'left `out');
		expect(Object.fromEntries(found.map(({ name, invalid }) => [name, invalid]))).toEqual({
			third: 'it needs d.second, which is not in this backup',
			second: 'it needs d.first, which is not in this backup',
			first: 'it needs d.left `out, which is not in this backup',
			...{ fine: undefined, namesake: undefined, broken: 'ERROR 1356', kept: undefined },
		});
	});
});
