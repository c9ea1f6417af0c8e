import { describe, expect, test } from 'vitest';
import { VerifyFailed } from '../../src/core/errors.ts';
import { judged } from '../../src/dump/sql/judged.ts';

type Kind = Parameters<typeof judged>[2]['kind'];

/** What went on of a file of the database `shop`, and why no more did; fed in pieces of `size` bytes. */
async function run(sql: string | Buffer, kind: Kind = 'database', size = 7): Promise<{ passed: string; why: string | null }> {
	const whole = Buffer.from(sql);
	const chunks = async function* () {
		for (let at = 0; at < whole.length; at += size) yield whole.subarray(at, at + size);
	};
	const passed: Buffer[] = [];
	const text = () => Buffer.concat(passed).toString();
	try {
		for await (const { bytes } of judged(chunks(), 'shop.sql', { kind, database: kind === 'accounts' ? null : 'shop' })) passed.push(bytes);
		return { passed: text(), why: null };
	} catch (error) {
		if (!(error instanceof VerifyFailed)) throw error;
		return { passed: text(), why: `${error.checks[0]?.title}: ${error.checks[0]?.found}` };
	}
}

const DUMP = `/*M!999999\\- enable the sandbox mode */
-- MariaDB dump 10.19
/*!40101 SET @OLD_CHARACTER_SET_CLIENT=@@CHARACTER_SET_CLIENT */;
/*!40101 SET NAMES utf8mb4 */;
/*!40103 SET TIME_ZONE='+00:00' */;
/*!40101 SET @OLD_SQL_MODE=@@SQL_MODE, SQL_MODE='NO_AUTO_VALUE_ON_ZERO' */;
/*M!100616 SET @OLD_NOTE_VERBOSITY=@@NOTE_VERBOSITY, NOTE_VERBOSITY=0 */;
CREATE DATABASE /*!32312 IF NOT EXISTS*/ \`shop\` /*!40100 DEFAULT CHARACTER SET utf8mb4 */ /*!80016 DEFAULT ENCRYPTION='N' */;
USE \`shop\`;
DROP TABLE IF EXISTS \`a;b\`;
CREATE TABLE \`a;b\` (\`id\` int DEFAULT 1 CHECK (\`id\` > 0), \`t\` text COMMENT 'DROP DATABASE x;') ENGINE=InnoDB
/*!50100 PARTITION BY RANGE (id) (PARTITION p0 VALUES LESS THAN (5) ENGINE = InnoDB) */;
LOCK TABLES \`a;b\` WRITE;
SET @OLD_AUTOCOMMIT=@@AUTOCOMMIT, @@AUTOCOMMIT=0;
/*!40000 ALTER TABLE \`a;b\` DISABLE KEYS */;
INSERT INTO \`a;b\` (\`id\`, \`t\`) VALUES (1,'x'),(-2,'it''s \\' \\\\'),
(3,NULL),(4,0x2F),(5,_binary 'a/*b--#'),(6,1.5e-10);
/*!40000 ALTER TABLE \`a;b\` ENABLE KEYS */;
UNLOCK TABLES;
/*!50003 SET @saved_sql_mode = @@sql_mode */ ;
/*!50003 SET sql_mode = 'STRICT_TRANS_TABLES' */ ;
DELIMITER ;;
/*!50003 CREATE*/ /*!50017 DEFINER=\`root\`@\`localhost\`*/ /*!50003 TRIGGER tr BEFORE INSERT ON \`a;b\` FOR EACH ROW
IF NEW.id IS NULL THEN SET NEW.id = (SELECT 1); ELSEIF CASE WHEN 1 THEN 0 END THEN SET @x = 1; END IF */;;
CREATE DEFINER=\`root\`@\`%\` PROCEDURE \`p\`(IN a INT, OUT b VARCHAR(10))
    SQL SECURITY INVOKER COMMENT 'begin; end'
l: BEGIN
  DECLARE v INT DEFAULT 0; -- DROP DATABASE other;
  DECLARE EXIT HANDLER FOR SQLEXCEPTION, NOT FOUND BEGIN ROLLBACK; RESIGNAL; END;
  WHILE v < 3 DO SET v = v + IF(v = 1, 1, CASE v WHEN 2 THEN 3 ELSE 4 END); END WHILE;
  REPEAT SET v = v - 1; UNTIL v < 0 END REPEAT;
  CASE v WHEN 1 THEN BEGIN END; ELSE SELECT 1 AS \`end\`; END CASE;
  x: LOOP LEAVE x; END LOOP x;
END l ;;
CREATE FUNCTION f(a DECIMAL(10,2)) RETURNS varchar(20) CHARSET utf8mb4 COLLATE utf8mb4_bin DETERMINISTIC NO SQL RETURN a ;;
/*!50106 CREATE*/ /*!50117 DEFINER=\`a\`@\`b\`*/ /*!50106 EVENT e ON SCHEDULE EVERY 1 HOUR ON COMPLETION PRESERVE DO BEGIN DELETE FROM t; END */ ;;
DELIMITER ;
/*!50003 SET sql_mode = @saved_sql_mode */ ;
/*!50001 CREATE ALGORITHM=UNDEFINED */
/*!50013 DEFINER=\`root\`@\`localhost\` SQL SECURITY DEFINER */
/*!50001 VIEW \`v\` AS select /*+ MAX_EXECUTION_TIME(5) */ 1 AS \`x\` */;
/*!40101 SET SQL_MODE=@OLD_SQL_MODE */;
-- Dump completed on 2026-01-01
`;

describe('a file of a backup', () => {
	test.each([1, 7, 100_000])('that a dump tool wrote passes byte for byte, in pieces of %i', async (size) => {
		expect(await run(DUMP, 'database', size)).toEqual({ passed: DUMP, why: null });
	});

	test('of Oracle’s mode, and of accounts', async () => {
		const oracle = `SET sql_mode = 'ORACLE,PIPES_AS_CONCAT' ;
DELIMITER ;;
CREATE DEFINER="root"@"localhost" PACKAGE "pk" AS c CONSTANT INT := 1; PROCEDURE p(a INT); END ;;
CREATE DEFINER="root"@"localhost" PACKAGE BODY "pk" AS
  PROCEDURE p(a INT) AS x INT; BEGIN IF a = 1 THEN NULL; ELSIF a = 2 THEN NULL; END IF; EXCEPTION WHEN OTHERS THEN NULL; END;
BEGIN NULL; END ;;
DELIMITER ;
`;
		expect(await run(oracle)).toEqual({ passed: oracle, why: null });
		expect((await run(oracle.replace('BEGIN NULL; END ;;', 'BEGIN NULL; END; DROP DATABASE x ;;'))).why).toMatch(/another statement/);
		const accounts =
			"CREATE USER `a`@`%` IDENTIFIED BY PASSWORD '*12';\nGRANT SELECT ON `shop`.* TO `a`@`%`;\nSET DEFAULT ROLE `r` FOR `a`@`%`;\nSELECT COALESCE(CURRENT_ROLE(),'NONE') into @current_role;\n/*M!100203 EXECUTE IMMEDIATE CONCAT('SET ROLE ', @current_role) */;\n";
		expect(await run(accounts, 'accounts')).toEqual({ passed: accounts, why: null });
	});

	const BEFORE = 'USE `shop`;\n';
	test.each([
		'\\! touch /tmp/x\n',
		'system touch /tmp/x;',
		'source /etc/passwd\n',
		'\\. /etc/passwd\n',
		'tee /tmp/x\n',
		'pager cat\n',
		'charset gbk;',
		'DROP DATABASE other;',
		'DROP TABLE IF EXISTS `t`, `other`.`t`;',
		'DROP TABLE t;',
		'SET GLOBAL general_log = 1;',
		'SET @@GLOBAL.x = 1;',
		'SET sql_notes = 0, @@global.general_log = 1;',
		"SET PERSIST x = 'y';",
		'SET sql_log_bin = 1;',
		"SET @a = (SELECT LOAD_FILE('/etc/passwd'));",
		"SET @a = 'NO_BACKSLASH_ESCAPES', sql_mode = @a;",
		"/*!99999 SET sql_mode = 'NO_BACKSLASH_ESCAPES' */;",
		"SET @@sql_mode = 'ANSI_QUOTES';",
		'SET sql_mode = ANSI_QUOTES;',
		"SELECT 1 INTO OUTFILE '/tmp/x';",
		"LOAD DATA INFILE '/etc/passwd' INTO TABLE t;",
		"LOAD XML LOCAL INFILE '/etc/passwd' INTO TABLE t;",
		"INSTALL SONAME 'x';",
		"CREATE FUNCTION f RETURNS STRING SONAME 'x.so';",
		"GRANT ALL ON *.* TO x@y IDENTIFIED BY '';",
		'CREATE USER x;',
		"CREATE SERVER s FOREIGN DATA WRAPPER mysql OPTIONS (HOST 'h');",
		'CREATE TABLE `other`.`t` (a INT);',
		"CREATE TABLE t (a TEXT) AS SELECT LOAD_FILE('/etc/passwd');",
		'CREATE DATABASE other;',
		'CREATE VIEW mysql.v AS SELECT 1;',
		'CREATE TRIGGER t BEFORE INSERT ON other.t FOR EACH ROW SET @a = 1;',
		'USE mysql;',
		'UPDATE t SET a = 1;',
		'INSERT INTO mysql.user VALUES (1);',
		'INSERT INTO t SELECT * FROM mysql.user;',
		"INSERT INTO t VALUES (LOAD_FILE('/etc/passwd'));",
		'INSERT INTO t VALUES (1),((SELECT 1));',
		"INSERT INTO t VALUES (1) /* ' */; DROP DATABASE other; -- ');",
		'INSERT INTO t VALUES (1) ON DUPLICATE KEY UPDATE a = 1;',
		'CREATE TRIGGER x BEFORE INSERT ON t FOR EACH ROW SET @a = 1; INSERT INTO t VALUES (1);',
		'/*!50003 DROP DATABASE other */;',
		'/*!99999 CREATE TABLE t (a INT) AS */ DROP DATABASE other;',
		"/*!99999 ' */ DROP DATABASE other; /* ' */;",
		"CREATE TABLE t (a INT) /*+ ' */; DROP DATABASE other; /* ' */;",
		'CREATE TABLE t (a INT) delimiter //\nDROP DATABASE other//\n;',
		'DELIMITER x\nDROP DATABASE otherx\n',
		'DELIMITER ;;\nSET sql_notes = 0; DROP DATABASE other ;;\n',
		'DELIMITER ;;\nCREATE TABLE t (a INT); DROP DATABASE other ;;\n',
		'DELIMITER ;;\nCREATE PROCEDURE p() SELECT 1 AS begin; DROP DATABASE other; SELECT 1 AS end ;;\n',
		'DELIMITER ;;\nCREATE PROCEDURE p() BEGIN SELECT 1; END; DROP DATABASE other ;;\n',
		'DELIMITER ;;\nCREATE TRIGGER x BEFORE INSERT ON t FOR EACH ROW IF 1 THEN SET @a = 1; END IF; DROP DATABASE other ;;\n',
		"CREATE TABLE t (a INT) COMMENT $$ ' $$; DROP DATABASE other; -- ';",
		'DROP DATABASE other',
		'CREATE TABLE t (a INT) COMMENT "x',
		'\0DROP DATABASE other;',
	])('refuses %j, by name and number, and lets none of it through', async (sql) => {
		for (const size of [1, 100_000]) {
			const { passed, why } = await run(BEFORE + sql, 'database', size);
			expect(why).toMatch(/^shop\.sql, statement [23]: /);
			// A client runs what ends with its delimiter.
			expect(passed).not.toContain(sql.trimEnd());
		}
	});

	test('of accounts holds nothing else, nor does any other hold accounts', async () => {
		for (const sql of [
			'DROP DATABASE x;',
			'USE mysql;',
			'CREATE TABLE t (a INT);',
			'INSERT INTO mysql.user VALUES (1);',
			'SET GLOBAL a = 1;',
		])
			expect((await run(sql, 'accounts')).why).not.toBeNull();
	});

	test('is not read in a character set in which half a character is a backslash', async () => {
		const trick = Buffer.concat([
			Buffer.from("SET NAMES gbk;\nCREATE TABLE t (a INT) COMMENT '"),
			Buffer.from([0xbf, 0x5c]),
			Buffer.from("'; DROP DATABASE other; -- ';\n"),
		]);
		const source = async function* () {
			yield trick;
		};
		const all = async () => {
			for await (const _ of judged(source(), 'f', { kind: 'database', database: 'shop' }));
		};
		await expect(all()).rejects.toThrow(VerifyFailed);
	});
});

/** Text in which `\xNN` stands for that byte. */
const bytes = (text: string): Buffer =>
	Buffer.from(
		text.replaceAll(/\\x([\da-f]{2})/g, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16))),
		'latin1',
	);

describe('what clients and servers read differently', () => {
	const MODE = "SET SESSION sql_mode = 'NO_AUTO_VALUE_ON_ZERO';\n";
	const GBK = /character set otherwise than clients/;
	const NAMES = /character set that it sets is not understood/;
	const BLANK = /a blank of its character set/;
	const COMMENT = /the end of a comment|a comment within another|quotes that may stand in a comment/;
	const EVIL = '; DROP DATABASE other; -- ';

	test.each([
		[
			'half a character that is a backslash, in rows',
			`SET NAMES gbk;\nINSERT INTO t VALUES ('\\xbf\\x5c'); DROP DATABASE other; -- ');`,
			/no dump has/,
		],
		[
			'a character set that only some servers leave',
			`SET NAMES gbk;\n/*!99999 SET NAMES utf8mb4 */;`,
			/not every server sets its character set/,
		],
		['a character set by its number', `SET character_set_client = 28;`, NAMES],
		[
			'a character set by the number in a kept setting',
			'SET net_read_timeout = 28;\nSET @x = @@net_read_timeout;\nSET character_set_client = @x;',
			NAMES,
		],
		['the character set that a server has by default', 'SET NAMES DEFAULT;', NAMES],
		['a kept character set that only some servers keep', 'SET NAMES gbk;\n/*!99999 SET @x = @@character_set_client */;', /it sets @x/],
		['half a character that is a backslash', `SET NAMES gbk;\nCREATE TABLE t (a INT) COMMENT '\\xbf\\x5c'${EVIL}';`, GBK],
		[
			'a sql_mode by the number in a kept setting',
			'SET net_read_timeout = 1048576;\nSET @x = @@net_read_timeout;\nSET sql_mode = @x;',
			/sql_mode that it sets/,
		],
		['a sql_mode by what is kept of a role', 'SET @current_role = @@sql_mode;', /it sets @current_role/],
		[
			'a sql_mode with a comment in its SET',
			`SET sql_mode /*!50003 = */ 'NO_BACKSLASH_ESCAPES';\nINSERT INTO t VALUES ('\\'${EVIL}');`,
			/no dump has/,
		],
		[
			'a sql_mode that only looks as if it was set',
			`SET sql_mode = 'NO_BACKSLASH_ESCAPES';\nSET time_zone = ' sql_mode=@';\nINSERT INTO t VALUES ('\\'${EVIL}');`,
			/no dump has/,
		],
		['a control character behind two dashes', 'CREATE TABLE t (a INT) --\\x01; DROP DATABASE other;\n;', /a comment to one server/],
		['a DEL behind two dashes', "CREATE TABLE t (a INT --\\x7f'\n); DROP DATABASE other; -- '\n);", /a comment to one server/],
		[
			'a blank of latin1 behind two dashes',
			"SET NAMES latin1;\nCREATE TABLE t (a INT --\\xa0'\n); DROP DATABASE other; -- '\n);",
			/a comment to one server/,
		],
		['a blank of latin1 in a word', 'SET NAMES latin1;\nCREATE TABLE t (a TEXT) AS\\xa0SELECT 1;', BLANK],
		[
			'a blank of cp866 in a program',
			'SET character_set_client = cp866;\nDELIMITER ;;\nCREATE PROCEDURE p() BEGIN SELECT 1;\\xffEND; DROP DATABASE other; BEGIN END; END ;;',
			BLANK,
		],
		['a control character for a blank', 'CREATE TABLE t (a TEXT) AS\\x0eSELECT 1;', /outside of quotes/],
		['a block comment for a blank', "CREATE TABLE t (a TEXT) AS/**/SELECT/**/LOAD_FILE('/etc/passwd') a;", /it holds SELECT/],
		['a line comment for a blank', "CREATE TABLE t (a TEXT) AS-- x\nSELECT# x\nLOAD_FILE('/etc/passwd') a;", /it holds SELECT/],
		[
			'a comment for a blank in a program',
			'DELIMITER ;;\nCREATE PROCEDURE p() l: BEGIN SELECT 1; END/**/l; DROP DATABASE other; SELECT 1; END ;;',
			/another statement/,
		],
		['a line comment in a hint', 'CREATE VIEW v AS SELECT /*+ # */ 1; DROP DATABASE other;\n */ 2;', /a hint that may be read/],
		['a delimiter in a hint', 'CREATE VIEW v AS SELECT /*+ ; DROP DATABASE other; */ 2;', /a hint that may be read/],
		['quotes of two lines in a hint', "CREATE VIEW v AS SELECT /*+ \n' */ 1; DROP DATABASE other; -- ';", /a hint that may be read/],
		['quotes behind a comment in a version comment', `CREATE TABLE t (a INT) /*!50003 /* b */ COMMENT ' */ ${EVIL}' */;`, COMMENT],
		['quotes behind a hint in a version comment', `CREATE VIEW v AS SELECT /*!50003 /*+ b */ ' */ ${EVIL}' */;`, COMMENT],
		[
			'a line comment behind another in a version comment',
			'CREATE TABLE t (a INT) /*!50003 /* b */ -- */ ; DROP DATABASE other;\n */;',
			COMMENT,
		],
		['a line comment in what a server leaves out', 'CREATE TABLE t (a INT) /*!99999 -- */ ; DROP DATABASE other;\n */;', COMMENT],
		['version comments in each other', 'CREATE TABLE t (a INT) /*M!100000 /*!50800 /*!50800 x */ */ AS SELECT 1 */ */;', COMMENT],
		['a comment in a version comment in another', 'CREATE TABLE t (a INT) /*!50800 /*!50800 /* x */ */ AS SELECT 1 */;', COMMENT],
		['a product behind a version comment', 'CREATE VIEW v AS SELECT 1 /*!50003 +1 */* (SELECT 1) /* */;', /comment/],
		['a statement behind the sandbox', '/*M!999999\\- */ DROP DATABASE other\n;', /outside of quotes/],
		['a delimiter behind a comment', '/* c */\nDELIMITER ;;\nCREATE PROCEDURE p() SELECT 1 ;;', /a command of theirs/],
		['a delimiter and more', 'DELIMITER ;; x\nCREATE PROCEDURE p() SELECT 1 ;;', /the delimiter/],
		['a delimiter of another line end', 'DELIMITER ;;\r\nCREATE PROCEDURE p() SELECT 1 ;;\r\n', /the delimiter/],
		['a delimiter that is longer than clients take', 'DELIMITER ;;12345678901234567\nCREATE PROCEDURE p() SELECT 1 ;;', /the delimiter/],
		['a delimiter in quotes', "DELIMITER ';;'\nDROP DATABASE other;", /the delimiter/],
		[
			'a word that a server reads on',
			'DELIMITER ;;\nCREATE PROCEDURE p() BEGIN SELECT 1; END\\xc2\\xa0; DROP DATABASE other ;;',
			/another statement/,
		],
		['a NUL', 'CREATE TABLE t (a INT) \\x00;', /outside of quotes/],
		['a byte order mark', '\\xef\\xbb\\xbfDROP DATABASE other;', /no dump holds it/],
		['dashes that only some clients take for a comment', "--x'\n; DROP DATABASE other; -- ';", /no dump holds it/],
	])('is refused: %s', async (_, sql, why) => {
		for (const size of [1, 100_000]) {
			const { passed, why: found } = await run(Buffer.concat([Buffer.from(MODE), bytes(sql)]), 'database', size);
			expect(found).toMatch(why);
			expect(passed).not.toContain('DROP DATABASE');
		}
	});

	test.each([
		["CREATE TABLE t (a INT) COMMENT 'a\\'; DROP DATABASE other; -- ';"],
		['CREATE TABLE t (a INT) COMMENT "a";'],
		["INSERT INTO t VALUES ('a');"],
	])('is refused while the sql_mode is the server’s own: %s', async (sql) => {
		expect((await run(bytes(sql))).why).toMatch(/no sql_mode is set before it|no dump has/);
		expect(
			(await run(Buffer.concat([bytes("SET @old = @@sql_mode, sql_mode = '';\nSET sql_mode = @old;\n"), bytes(sql)]))).why,
		).not.toBeNull();
	});

	test.each([
		[
			'a routine of a client of latin1',
			"SET character_set_client = latin1;\nDELIMITER ;;\nCREATE PROCEDURE p() BEGIN SELECT gr\\xf6\\xdfe, '\\xa0' AS `\\xa0`; END ;;\nDELIMITER ;\n",
		],
		[
			'a routine of a client of gbk',
			"SET character_set_client = gbk;\nDELIMITER ;;\nCREATE PROCEDURE p() BEGIN SELECT '\\xd6\\xd0'; END ;;\nDELIMITER ;\n",
		],
		['a word of cp1251', 'SET character_set_client = cp1251;\nCREATE VIEW v AS SELECT 1 AS \\xff\\xa0;\n'],
		[
			'a kept character set',
			'SET @x = @@character_set_client;\nSET NAMES latin1;\nSET character_set_client = @x;\nCREATE VIEW v AS SELECT 1 AS \\xc3\\xa0;\n',
		],
		['hints', "CREATE VIEW v AS SELECT /*+ SET_VAR(optimizer_switch = 'mrr=off') QB_NAME(`a`) */ 1 - -1, 2--1;\n"],
		[
			'a trigger with comments',
			"DELIMITER ;;\n/*!50003 CREATE*/ /*!50003 TRIGGER tr BEFORE INSERT ON t FOR EACH ROW BEGIN /* it's */ SET @a = 'x'; -- it's\n# \"\nEND */;;\nDELIMITER ;\n",
		],
		['DELIMITER with a tab', 'delimiter\t;;\nCREATE PROCEDURE p() BEGIN SELECT 1; END ;;\nDELIMITER ;\n'],
		[
			'a setting that not every server has',
			'/*M!100616 SET @OLD_NOTE_VERBOSITY=@@NOTE_VERBOSITY, NOTE_VERBOSITY=0 */;\n/*M!100616 SET NOTE_VERBOSITY=@OLD_NOTE_VERBOSITY */;\n',
		],
	])('passes all the same where all do: %s', async (_, sql) => {
		const dump = Buffer.concat([Buffer.from(MODE), bytes(sql)]);
		expect(await run(dump)).toEqual({ passed: dump.toString(), why: null });
	});
});

describe('what takes more memory than it may', () => {
	const MIB = 1024 ** 2;
	const refused = async (head: string, filler: string, tail = '') => {
		const { why } = await run(`${head}${filler.repeat(Math.ceil((8 * MIB) / filler.length))}${tail}`, 'schema', MIB);
		return why;
	};

	test.each([
		['a name', 'CREATE TABLE `', 'a', '` (id INT);\n', /longer than any server takes/],
		['a name of backquotes', 'CREATE TABLE `', '``', '` (id INT);\n', /too long to be judged|longer than any server takes/],
		['parentheses', 'CREATE TABLE `a` ', '(', ';\n', /too long to be judged/],
		['a delimiter', 'DELIMITER ', ';', '', /DELIMITER line without an end/],
	])('is refused: %s', async (_, head, filler, tail, why) => {
		expect(await refused(head, filler, tail)).toMatch(why);
	});

	test('a long text is none of it', async () => {
		const sql = `CREATE TABLE \`a\` (id INT) COMMENT='${'x'.repeat(8 * MIB)}';\n`;
		expect(await run(sql, 'schema', MIB)).toEqual({ passed: sql, why: null });
	});

	test('a statement without an end is refused at 64 MiB, whatever comes behind it', async () => {
		let read = 0;
		const endless = async function* () {
			yield Buffer.from('CREATE TABLE `');
			for (const chunk = Buffer.alloc(MIB, 'a'); ; read++) yield chunk;
		};
		const reading = async () => {
			for await (const _ of judged(endless(), 'shop-schema-create.sql.zst', { kind: 'schema', database: 'shop' }));
		};
		await expect(reading()).rejects.toThrow(VerifyFailed);
		expect(read).toBeLessThan(70);
	});
});
