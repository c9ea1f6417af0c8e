// Who may write and log in, and whether what goes over the network can be read.
import { translated } from '../core/languages.ts';
import { defineCheck, type Judgement, OK } from './contract.ts';

export const accessChecks = [
	defineCheck({
		id: 'READ-ONLY',
		needs: ['channels', 'identity', 'dialect'],
		texts: translated(
			{
				ok: 'It is read-only.',
				open: 'This replica is not read-only.',
				meaning:
					'Any client may write here. Its rows then differ from the primary’s, and replication stops at the first conflict, or continues on wrong rows.',
				fix: 'Make it read-only now and in the option file.',
			},
			{
				ok: 'Está somente leitura.',
				open: 'Esta réplica não está somente leitura.',
				meaning:
					'Qualquer cliente pode gravar aqui. As linhas passam a diferir das da origem, e a replicação para no primeiro conflito ou continua sobre linhas erradas.',
				fix: 'Deixe-a somente leitura agora e no arquivo de opções.',
			},
			'83816870',
		),
		lesson: 'duplicate-key',
		judge: ({ channels, identity, dialect }) => {
			if (channels.length === 0) return [];
			return identity.readOnly === 'OFF' ? [{ status: 'fail', says: 'open', lines: dialect.diagnostics.fixes.readOnly }] : OK;
		},
	}),
	defineCheck({
		id: 'READ-ONLY-BYPASS',
		needs: ['channels', 'identity', 'bypass'],
		texts: translated(
			{
				ok: 'No account writes while it is read-only.',
				some: 'Accounts that write although it is read-only: {accounts}',
				meaning:
					'read_only does not hold them up. A person or a script with such a login changes rows here without knowing that this is the replica.',
				fix: 'Use super_read_only where the server has it; else keep such accounts for people, never for applications.',
			},
			{
				ok: 'Nenhuma conta grava enquanto está somente leitura.',
				some: 'Contas que gravam mesmo em somente leitura: {accounts}',
				meaning: 'read_only não as impede. Uma pessoa ou um script com esse login altera linhas aqui sem saber que esta é a réplica.',
				fix: 'Use super_read_only onde o servidor tiver; senão, reserve essas contas para pessoas, nunca para aplicações.',
			},
			'cf568430',
		),
		judge: ({ channels, identity, bypass }) => {
			if (channels.length === 0 || identity.readOnly === 'OFF') return [];
			if (identity.superReadOnly === 'ON' || bypass.length === 0) return OK;
			const accounts = `${bypass.slice(0, 5).join(', ')}${bypass.length > 5 ? ', …' : ''}`;
			return [{ status: 'note', says: 'some', values: { accounts } }];
		},
	}),
	defineCheck({
		id: 'EVENTS',
		needs: ['channels', 'identity', 'dialect'],
		texts: translated(
			{
				ok: 'Its event scheduler is off.',
				on: 'Its event scheduler is on, and this is a replica.',
				meaning: 'Events that were made here fire here as well as on the primary, and their rows are written twice.',
				fix: 'Switch it off now and in the option file.',
			},
			{
				ok: 'O agendador de eventos está desligado.',
				on: 'O agendador de eventos está ligado, e esta é uma réplica.',
				meaning: 'Eventos criados aqui disparam aqui e também na origem, e as linhas deles são gravadas duas vezes.',
				fix: 'Desligue-o agora e no arquivo de opções.',
			},
			'10d543fb',
		),
		judge: ({ channels, identity, dialect }) => {
			if (channels.length === 0) return [];
			return identity.eventScheduler === 'ON' ? [{ status: 'warning', says: 'on', lines: dialect.diagnostics.fixes.events }] : OK;
		},
	}),
	defineCheck({
		id: 'RIGHTS-BACKUP',
		needs: ['missing', 'identity', 'dialect'],
		texts: translated(
			{
				ok: '{account} has the privileges that a backup needs.',
				some: '{account} lacks privileges that a backup needs: {privileges}',
				meaning: 'A backup is refused, or something would be left out of it without an error: triggers, routines, events.',
				fix: 'Grant them, as an account that may.',
			},
			{
				ok: '{account} tem os privilégios de que um backup precisa.',
				some: 'Faltam a {account} privilégios de que um backup precisa: {privileges}',
				meaning: 'Um backup é recusado, ou algo ficaria fora dele sem erro: gatilhos, rotinas, eventos.',
				fix: 'Conceda-os, com uma conta que possa.',
			},
			'5825ed34',
		),
		judge: ({ missing, identity: { account }, dialect }) => {
			if (missing.length === 0) return [{ status: 'ok', values: { account } }];
			const names = missing.map(({ privilege }) => privilege);
			const statement = dialect.privileges.grant(names, account).pieces.filter((piece) => typeof piece === 'string');
			return [{ status: 'warning', says: 'some', values: { account, privileges: names.join(', ') }, lines: [`${statement.join('')};`] }];
		},
	}),
	defineCheck({
		id: 'TLS-CHANNEL',
		needs: ['channels', 'primaryConnected', 'dialect'],
		texts: translated(
			{
				ok: 'The channel to {source} is encrypted and verifies the primary.',
				seen: 'The channel to {source} is encrypted and verifies the primary; the primary sees {cipher}.',
				unverified: 'The channel to {source} is encrypted, but does not verify the primary.',
				plain: 'The channel to {source} is not encrypted.',
				pretended: 'The channel to {source} asks for TLS, and the primary sees a plain connection.',
				meaning: 'Every row, and the password of the account, can be read on the network between the two servers.',
				'meaning.unverified': 'A server that takes the primary’s address can give this replica any rows.',
				fix: 'Let the channel use TLS with the authority of the primary’s certificate, and the account demand it (REQUIRE SSL).',
				unsafe: 'Taking REQUIRE SSL from the account makes the error go away, and the rows travel readable.',
			},
			{
				ok: 'O canal até {source} é criptografado e verifica a origem.',
				seen: 'O canal até {source} é criptografado e verifica a origem; a origem vê {cipher}.',
				unverified: 'O canal até {source} é criptografado, mas não verifica a origem.',
				plain: 'O canal até {source} não é criptografado.',
				pretended: 'O canal até {source} pede TLS, e a origem vê uma conexão sem criptografia.',
				meaning: 'Quem estiver no caminho entre os dois servidores lê todas as linhas e a senha da conta.',
				'meaning.unverified': 'Quem conseguir ocupar o endereço da origem pode dar a esta réplica quaisquer linhas.',
				fix: 'Faça o canal usar TLS com a autoridade do certificado da origem, e a conta exigi-lo (REQUIRE SSL).',
				unsafe: 'Tirar REQUIRE SSL da conta faz o erro sumir, e as linhas viajam legíveis.',
			},
			'4d23dc76',
		),
		lesson: 'tls',
		judge: ({ channels, primaryConnected }) =>
			channels.map((channel): Judgement => {
				const values = { source: `${channel.host}:${channel.port}` };
				const of = channels.length > 1 ? { channel: channel.name || values.source } : {};
				// The primary knows its replicas by their accounts only: one that is plain among them is told of.
				const sessions = (primaryConnected ?? []).filter(({ user }) => user === channel.user);
				if (!channel.tlsAsked) return { status: 'fail', says: 'plain', values, ...of };
				const isPlain = sessions.length > 0 && sessions.every(({ cipher }) => cipher === null);
				if (isPlain && primaryConnected?.some(({ cipher }) => cipher !== null)) return { status: 'fail', says: 'pretended', values, ...of };
				if (!channel.tlsVerified) return { status: 'warning', says: 'unverified', values, ...of };
				const cipher = sessions.find(({ cipher }) => cipher !== null)?.cipher;
				return cipher ? { status: 'ok', says: 'seen', values: { ...values, cipher }, ...of } : { status: 'ok', values, ...of };
			}),
	}),
	defineCheck({
		id: 'ACCOUNT-LIMITS',
		needs: ['primaryAccounts', 'dialect'],
		texts: translated(
			{
				ok: 'The replication account {account} does not expire and has no limits.',
				locked: 'The replication account {account} is locked.',
				expired: 'The password of the replication account {account} has expired.',
				expires: 'The password of the replication account {account} expires; days left: {days}.',
				limited: 'The replication account {account} is limited: {limits}.',
				none: 'No account of the channel’s user name is left on the primary.',
				meaning: 'Replication continues until its connection ends for any reason; then the login is refused.',
				'meaning.limited': 'A few reconnections use up an hourly limit, and replication is refused until the hour is over.',
				fix: 'Let the account neither expire nor be locked; people’s rules for passwords are not for it.',
				'fix.none': 'Create it again, with the channel’s password, and REPLICATION SLAVE.',
			},
			{
				ok: 'A conta de replicação {account} não expira e não tem limites.',
				locked: 'A conta de replicação {account} está bloqueada.',
				expired: 'A senha da conta de replicação {account} expirou.',
				expires: 'A senha da conta de replicação {account} expira; dias restantes: {days}.',
				limited: 'A conta de replicação {account} tem limites: {limits}.',
				none: 'Não resta na origem nenhuma conta com o nome de usuário do canal.',
				meaning: 'A replicação continua até a conexão terminar por qualquer motivo; depois é recusada.',
				'meaning.limited': 'Algumas reconexões esgotam um limite por hora, e a replicação é recusada até a hora acabar.',
				fix: 'Não deixe a conta expirar nem ser bloqueada; regras de senha para pessoas não servem para ela.',
				'fix.none': 'Crie-a de novo, com a senha do canal e REPLICATION SLAVE.',
			},
			'7ca8d2fd',
		),
		judge: ({ primaryAccounts, dialect }) => {
			if (primaryAccounts === null) return [];
			if (primaryAccounts.length === 0) return [{ status: 'fail', says: 'none' }];
			return primaryAccounts.map((each) => {
				const { account, locked, expired, expiresInDays, limits } = each;
				const lines = dialect.diagnostics.fixes.unlimited(account);
				if (locked) return { status: 'fail', says: 'locked', values: { account }, lines };
				if (expired) return { status: 'fail', says: 'expired', values: { account }, lines };
				if (expiresInDays !== null) return { status: 'warning', says: 'expires', values: { account, days: expiresInDays }, lines };
				if (limits.length > 0) return { status: 'warning', says: 'limited', values: { account, limits: limits.join(', ') } };
				return { status: 'ok', values: { account } };
			});
		},
	}),
];
