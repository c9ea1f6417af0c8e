// Columns of every type with the values that are hard to carry, as SQL literals, and numbers from a seed.
import type { SandboxKind } from './servers.ts';

export type Random = {
	/** From 0 up to, but not including, `below`. */
	int(below: number): number;
	bytes(length: number): Buffer;
	pick<T>(from: readonly T[]): T;
};

/** Mulberry32. */
export function randomFrom(seed: number): Random {
	let state = seed >>> 0;
	const next = () => {
		state = (state + 0x6d2b79f5) >>> 0;
		let t = Math.imul(state ^ (state >>> 15), state | 1);
		t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
		return (t ^ (t >>> 14)) >>> 0;
	};
	const int = (below: number) => next() % below;
	return {
		int,
		bytes: (length) => Buffer.from(Array.from({ length }, () => int(256))),
		pick: (from) => from[int(from.length)] as (typeof from)[number],
	};
}

export type TypeCase = {
	readonly type: string;
	readonly values: readonly string[];
	/** A value at random. */
	any(random: Random): string;
};

const hex = (bytes: Buffer) => (bytes.length === 0 ? "''" : `X'${bytes.toString('hex')}'`);
const utf8 = (text: string) => (text === '' ? "''" : `_utf8mb4 X'${Buffer.from(text).toString('hex')}'`);

const integers: TypeCase[] = [8, 16, 24, 32, 64].flatMap((bits) => {
	const name = { 8: 'TINYINT', 16: 'SMALLINT', 24: 'MEDIUMINT', 32: 'INT', 64: 'BIGINT' }[bits] ?? '';
	const top = 2n ** BigInt(bits);
	const any = (random: Random) => BigInt.asUintN(bits, BigInt(`0x${random.bytes(8).toString('hex')}`));
	return [
		{ type: name, values: [-top / 2n, -1n, 0n, 1n, top / 2n - 1n].map(String), any: (random) => String(BigInt.asIntN(bits, any(random))) },
		{ type: `${name} UNSIGNED`, values: [0n, 1n, top / 2n, top - 1n].map(String), any: (random) => String(any(random)) },
		{ type: `${name} ZEROFILL`, values: [0n, 7n, top - 1n].map(String), any: (random) => String(any(random)) },
	];
});

const single = (bytes: Buffer): string => finite(bytes.readFloatLE(0));
const double = (bytes: Buffer): string => finite(bytes.readDoubleLE(0));
/** As few digits as make exactly this number. */
const finite = (value: number): string => (Number.isFinite(value) ? (Object.is(value, -0) ? '-0e0' : value.toExponential()) : '0e0');
const bits32 = (value: number) => single(Buffer.from(new Uint32Array([value]).buffer));
const FLOATS = [
	0, 0x80000000, 1, 0x80000001, 0x007fffff, 0x00800000, 0x7f7fffff, 0xff7fffff, 0x3f800001, 0x3dcccccd, 0x4b7fffff, 0x4b800001, 0x5f000000,
];
const DOUBLES = [
	0,
	-0,
	5e-324,
	-5e-324,
	2.2250738585072014e-308,
	2.225073858507201e-308,
	1.7976931348623157e308,
	-1.7976931348623157e308,
	0.1,
	1 / 3,
	1e15,
	1e16,
	123456789012345680,
	9007199254740992,
	1e23,
	1.2345678901234567e-123,
	-1.234567890123457e-300,
];
const floats: TypeCase[] = [
	{ type: 'FLOAT', values: FLOATS.map(bits32), any: (random) => single(random.bytes(4)) },
	{
		type: 'FLOAT UNSIGNED',
		values: ['0', bits32(1), bits32(0x7f7fffff)],
		any: (random) => single(random.bytes(4)).replace('-', '').replace(/e\d/, 'e-$&').replace('e-e', 'e-'),
	},
	{
		type: 'FLOAT(9,3)',
		values: ['0', '-123456.789', '0.001', '16777.217'],
		any: (random) => `${random.int(999999)}.${random.int(1000)}`,
	},
	{ type: 'DOUBLE', values: DOUBLES.map(finite), any: (random) => double(random.bytes(8)) },
	{
		type: 'DOUBLE(30,5)',
		values: ['0', '-1234567890123456789.12345', '0.00001', '99999999.99999'],
		any: (random) => `${random.int(2 ** 32)}${random.int(2 ** 32)}.${random.int(100000)}`,
	},
	{
		type: 'DECIMAL(65,30)',
		values: ['0', `${'9'.repeat(35)}.${'9'.repeat(30)}`, `-${'9'.repeat(35)}.${'9'.repeat(30)}`, `0.${'0'.repeat(29)}1`],
		any: (random) => `-${random.int(2 ** 32)}${random.int(2 ** 32)}.${random.int(2 ** 32)}${random.int(2 ** 32)}`,
	},
	{ type: 'DECIMAL(5,0)', values: ['99999', '-99999', '0'], any: (random) => String(random.int(99999)) },
];

const two = (value: number) => String(value).padStart(2, '0');
const day = (random: Random) => `${1000 + random.int(9000)}-${two(1 + random.int(12))}-${two(1 + random.int(28))}`;
const clock = (random: Random) => `${two(random.int(24))}:${two(random.int(60))}:${two(random.int(60))}`;
const times: TypeCase[] = [
	{
		type: 'DATE',
		values: ["'0000-00-00'", "'2026-00-00'", "'2026-02-31'", "'9999-12-31'", "'1000-01-01'", "'0000-01-01'"],
		any: (random) => `'${day(random)}'`,
	},
	{ type: 'TIME', values: ["'-838:59:59'", "'838:59:59'", "'00:00:00'", "'-00:00:01'"], any: (random) => `'${clock(random)}'` },
	{
		type: 'TIME(6)',
		values: ["'-838:59:58.999999'", "'838:59:58.999999'", "'-00:00:00.000001'"],
		any: (random) => `'-${clock(random)}.${random.int(1e6)}'`,
	},
	{
		type: 'DATETIME',
		values: ["'0000-00-00 00:00:00'", "'9999-12-31 23:59:59'", "'2026-00-31 12:00:00'"],
		any: (random) => `'${day(random)} ${clock(random)}'`,
	},
	{
		type: 'DATETIME(3)',
		values: ["'2026-11-21 20:00:00.001'", "'9999-12-31 23:59:59.999'"],
		any: (random) => `'${day(random)} ${clock(random)}.${random.int(1000)}'`,
	},
	{
		type: 'TIMESTAMP NULL',
		values: ["'0000-00-00 00:00:00'", "'1970-01-01 05:30:01'", "'2026-10-25 02:30:00'", "'2038-01-19 03:14:07'"],
		any: (random) => `FROM_UNIXTIME(${1 + random.int(2 ** 31 - 1)})`,
	},
	{
		type: 'TIMESTAMP(6) NULL',
		values: ["'2026-03-29 02:30:00.999999'", "'1970-01-01 05:30:01.000001'"],
		any: (random) => `FROM_UNIXTIME(${1 + random.int(2 ** 31 - 1)}.${random.int(1e6)})`,
	},
	{ type: 'YEAR', values: ["'0000'", '1901', '2155', '2000'], any: (random) => String(1901 + random.int(254)) },
];

const EVERY_BYTE = Buffer.from(Array.from({ length: 256 }, (_, value) => value));
const TEXTS = [
	'',
	' ',
	'x',
	'NULL',
	'\\N',
	'N',
	'\\',
	'\\\\',
	'\t',
	'\n',
	'\r\n',
	'\0',
	'\x1a',
	'"\'`',
	'a\tb\nc\\',
	'trailing ',
	'trailing\\',
];
const WIDE = ['ä€ß', '日本語', '表ソ十予', '😀🏴‍☠️', 'ﾊﾝｶｸ', '\u00a0\ufeff'];
const text = (random: Random, letters: readonly string[]) => Array.from({ length: random.int(60) }, () => random.pick(letters)).join('');
const inSet = (type: string, set: string, letters: readonly string[]): TypeCase => ({
	type: `${type} CHARACTER SET ${set}`,
	values: [...TEXTS, ...letters, letters.join('\\')].map(utf8),
	any: (random) => utf8(text(random, [...TEXTS, ...letters])),
});
const strings: TypeCase[] = [
	inSet('VARCHAR(400)', 'utf8mb4', WIDE),
	inSet('CHAR(200)', 'utf8mb4', WIDE),
	inSet('TEXT', 'utf8mb4', WIDE),
	inSet('MEDIUMTEXT', 'utf8mb3', ['ä€ß', '日本語']),
	{ ...inSet('VARCHAR(400)', 'latin1', ['äöü', 'ÿþ', '€']), values: [...TEXTS.map(utf8), `CONVERT(${hex(EVERY_BYTE)} USING latin1)`] },
	inSet('VARCHAR(400)', 'utf16', WIDE),
	inSet('LONGTEXT', 'utf16', WIDE),
	inSet('VARCHAR(400)', 'ucs2', ['ä€ß', '日本語', 'Ā\u015c\u5c00\u0a0a\u0900']),
	inSet('VARCHAR(400)', 'utf32', WIDE),
	inSet('VARCHAR(400)', 'utf16le', WIDE),
	inSet('VARCHAR(400)', 'sjis', ['表ソ十予', '日本語']),
	inSet('VARCHAR(400)', 'gbk', ['中文', '運', '縗誠']),
	inSet('VARCHAR(400)', 'big5', ['功許蓋', '中文']),
	inSet('VARCHAR(400)', 'koi8r', ['Привет']),
];

const raw = (type: string, most: number, exactly = false): TypeCase => ({
	type,
	values: [
		...TEXTS.map((value) => hex(Buffer.from(value))),
		hex(EVERY_BYTE.subarray(0, Math.min(256, most))),
		hex(Buffer.alloc(Math.min(most, 40))),
	],
	any: (random) => hex(random.bytes(exactly ? most : random.int(Math.min(most, 300)))),
});
const bytes: TypeCase[] = [
	raw('BINARY(255)', 255),
	raw('VARBINARY(300)', 300),
	raw('TINYBLOB', 255),
	raw('BLOB', 300),
	raw('LONGBLOB', 300),
	...[1, 7, 8, 9, 33, 64].map((bits): TypeCase => {
		const any = (random: Random) =>
			`b'${[
				...BigInt(`0x${random.bytes(8).toString('hex')}`)
					.toString(2)
					.padStart(64, '0'),
			]
				.slice(-bits)
				.join('')}'`;
		return {
			type: `BIT(${bits})`,
			values: ["b'0'", "b'1'", `b'${'1'.repeat(bits)}'`, ...(bits > 8 ? ["b'101001011100'".slice(0, bits + 3).replace(/'?$/, "'")] : [])],
			any,
		};
	}),
];

const members = (count: number) => Array.from({ length: count }, (_, at) => `'m${at}'`).join(',');
const lists: TypeCase[] = [
	["ENUM('a','b c','d\\\\e','ä')", ["'a'", "'d\\\\e'", "'ä'", '0', "'none of them'"]],
	["ENUM('','x')", ["''", "'x'", '0']],
	["ENUM('3','1','2','0','')", ["'1'", "'2'", "'3'", "'0'", "''", '5', '0']],
	["ENUM('00001','9','x')", ["'00001'", "'9'", "'x'", '0']],
	["ENUM('a','表') CHARACTER SET utf16", ["'a'", "'表'", '0']],
	["ENUM('表','ソ') CHARACTER SET sjis", ["'ソ'", '0']],
	[`ENUM(${members(3000)})`, ["'m0'", "'m2999'"]],
	["SET('a','b c','d')", ["''", "'a'", "'a,d'", "'a,b c,d'"]],
	["SET('','x','y')", ['0', '1', '2', '3', '7']],
	["SET('1','2','4') CHARACTER SET utf32", ["''", "'1'", "'1,2,4'", "'4'"]],
	[`SET(${members(64)})`, ['0', '1', '9223372036854775808', '18446744073709551615']],
].map(([type, values]) => ({ type: type as string, values: values as string[], any: (random) => random.pick(values as string[]) }));

const POINTS = [
	"'POINT(1 -2.5)'",
	"'LINESTRING(0 0,1 1,2 1.25)'",
	"'POLYGON((0 0,10 0,10 10,0 10,0 0),(1 1,1 2,2 2,2 1,1 1))'",
	"'MULTIPOINT(1 1,2 2)'",
	"'GEOMETRYCOLLECTION(POINT(1 1),LINESTRING(0 0,1 1))'",
];
const shapes = (words: readonly string[]): TypeCase[] => [
	{ type: 'GEOMETRY', values: words, any: (random) => random.pick(words) },
	{ type: 'POINT', values: words.slice(0, 1), any: (random) => `ST_GeomFromText('POINT(${random.int(999) / 7} ${-random.int(999) / 3})')` },
];

const JSONS = [
	'{}',
	'[]',
	'null',
	'1',
	'-0.1',
	'1.0',
	'1e100',
	'"ä\\\\u0000\\\\n\\\\t\\\\\\\\"',
	'{"a": [1, 2, {"b": null}], "😀": "x"}',
	'18446744073709551615',
	'"\\\\ud83d\\\\ude00"',
];
const own: Readonly<Record<'mariadb' | 'mysql', readonly TypeCase[]>> = {
	mariadb: [
		...shapes(POINTS.flatMap((each) => [`ST_GeomFromText(${each})`, `ST_GeomFromText(${each}, 4326)`])),
		{ type: 'JSON', values: JSONS.map((each) => `'${each}'`), any: (random) => `'[${random.int(1000)}, "x"]'` },
		{
			type: 'UUID',
			values: [
				"'00000000-0000-0000-0000-000000000000'",
				"'ffffffff-ffff-1fff-bfff-ffffffffffff'",
				"'5c5c5c5c-0909-4a0a-8000-5c0a09000000'",
			],
			any: (random) => `'${random.bytes(16).toString('hex')}'`,
		},
		{
			type: 'INET6',
			values: ["'::'", "'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'", "'::ffff:1.2.3.4'", "'2001:db8::1'"],
			any: (random) =>
				`'${random
					.bytes(16)
					.toString('hex')
					.replace(/....(?=.)/g, '$&:')}'`,
		},
		{ type: 'INET4', values: ["'0.0.0.0'", "'255.255.255.255'", "'92.9.10.0'"], any: (random) => `'${[...random.bytes(4)].join('.')}'` },
		{ type: 'BLOB COMPRESSED', values: [hex(EVERY_BYTE), "''", `REPEAT('abc', 500)`], any: (random) => hex(random.bytes(99)) },
	],
	mysql: [
		...shapes(POINTS.flatMap((each) => [`ST_GeomFromText(${each})`, `ST_GeomFromText(${each}, 3857)`])),
		{ type: 'GEOMETRY SRID 4326', values: ["ST_GeomFromText('POINT(1 2)', 4326)"], any: () => "ST_GeomFromText('POINT(-3.3 4)', 4326)" },
		{ type: 'JSON', values: JSONS.map((each) => `'${each}'`), any: (random) => `'[${random.int(1000)}, "x"]'` },
		{
			type: 'VECTOR(4)',
			values: ["TO_VECTOR('[1,2,3,4]')", "TO_VECTOR('[0.1,-1,1e-30,3.4e38]')"],
			any: (random) => `TO_VECTOR('[${random.int(99)},0.5,${random.int(99)},-1]')`,
		},
	],
};
const newest: readonly TypeCase[] = [
	{
		type: 'VECTOR(4)',
		values: ["VEC_FromText('[1,2,3,4]')", "VEC_FromText('[0.1,-0,1e-40,3.4e38]')"],
		any: (random) => `VEC_FromText('[${random.int(99)},0.5,${random.int(99)},-1]')`,
	},
];

/** What this server has. */
export const typesOf = (kind: SandboxKind): readonly TypeCase[] => [
	...[...integers, ...floats, ...times, ...strings, ...bytes, ...lists],
	...(kind === 'mysql-9.7' ? own.mysql : own.mariadb),
	...(kind === 'mariadb-11.8' ? newest : []),
];
