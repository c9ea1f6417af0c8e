// Whether each server of the pair is told from the other, and keeps the same time.
import { translated } from '../core/languages.ts';
import { defineCheck, OK } from './contract.ts';

export const identityChecks = [
	defineCheck({
		id: 'ID-SERVER-ID',
		needs: ['identity', 'primary', 'dialect'],
		texts: translated(
			{
				ok: 'Its server_id is {id}.',
				own: 'Its server_id is {id}, the primary’s is {primary}.',
				zero: 'Its server_id is 0.',
				same: 'Its server_id is {id}, and so is the primary’s.',
				meaning:
					'A server passes over what carries its own number, and of two replicas with one number the primary ends the older connection.',
				'meaning.zero': 'With 0 it neither accepts replicas nor replicates.',
				fix: 'Give it a number that no other server of the topology has.',
				unsafe: 'Starting the stopped one again ends the other one’s connection, in turns.',
			},
			{
				ok: 'O server_id dele é {id}.',
				own: 'O server_id dele é {id}, o da origem é {primary}.',
				zero: 'O server_id dele é 0.',
				same: 'O server_id dele é {id}, e o da origem também.',
				meaning:
					'Um servidor ignora o que traz o próprio número e, de duas réplicas com o mesmo número, a origem encerra a conexão mais antiga.',
				'meaning.zero': 'Com 0 ele não aceita réplicas nem replica.',
				fix: 'Dê a ele um número que nenhum outro servidor da topologia tenha.',
				unsafe: 'Iniciar de novo a que parou encerra a conexão da outra, alternadamente.',
			},
			'3a9ccfa1',
		),
		lesson: 'one-id',
		judge: ({ identity, primary, dialect }) => {
			const id = identity.serverId;
			const lines = dialect.hints.replicaId(id === 2 ? 3 : 2);
			if (id === 0) return [{ status: 'fail', says: 'zero', lines }];
			if (primary === null) return [{ status: 'ok', values: { id } }];
			const values = { id, primary: primary.identity.serverId };
			return primary.identity.serverId === id ? [{ status: 'fail', says: 'same', values, lines }] : [{ status: 'ok', says: 'own', values }];
		},
	}),
	defineCheck({
		id: 'ID-UUID',
		needs: ['identity', 'primary'],
		texts: translated(
			{
				ok: 'Its server_uuid is its own.',
				same: 'Its server_uuid is the primary’s: {uuid}.',
				meaning:
					'Its data folder is a copy that kept auto.cnf. Transactions of both carry the same name, and replicas of one primary end each other’s connection.',
				fix: 'Stop this server, remove auto.cnf from its data folder, start it again: it makes a uuid of its own.',
				unsafe: 'Starting the stopped replica again ends the other one’s connection, in turns.',
			},
			{
				ok: 'O server_uuid dele é próprio.',
				same: 'O server_uuid dele é o da origem: {uuid}.',
				meaning:
					'O diretório de dados é uma cópia que manteve o auto.cnf. As transações dos dois têm o mesmo nome, e réplicas de uma origem encerram a conexão uma da outra.',
				fix: 'Pare este servidor, remova o auto.cnf do diretório de dados e inicie-o de novo: ele cria um uuid próprio.',
				unsafe: 'Iniciar de novo a réplica que parou encerra a conexão da outra, alternadamente.',
			},
			'bcc6c480',
		),
		lesson: 'one-id',
		judge: ({ identity: { serverUuid }, primary }) => {
			if (serverUuid === null || primary === null) return [];
			return primary.identity.serverUuid === serverUuid ? [{ status: 'fail', says: 'same', values: { uuid: serverUuid } }] : OK;
		},
	}),
	defineCheck({
		id: 'ID-CLOCK',
		needs: ['skew'],
		texts: translated(
			{
				ok: 'Its clock agrees with this machine’s.',
				ahead: 'Its clock is {seconds} s ahead of this machine’s.',
				behind: 'Its clock is {seconds} s behind this machine’s.',
				meaning: 'Times of backups, the age of the last one and the lag in seconds are wrong by as much, and certificates may be refused.',
				fix: 'Let a time service set both clocks, then look again.',
			},
			{
				ok: 'O relógio dele concorda com o desta máquina.',
				ahead: 'O relógio dele está {seconds} s adiantado em relação ao desta máquina.',
				behind: 'O relógio dele está {seconds} s atrasado em relação ao desta máquina.',
				meaning:
					'Horários de backups, a idade do último e o atraso em segundos ficam errados na mesma medida, e certificados podem ser recusados.',
				fix: 'Deixe um serviço de hora ajustar os dois relógios e olhe de novo.',
			},
			'629c415a',
		),
		judge: ({ skew }) => {
			const seconds = Math.round(Math.abs(skew));
			if (seconds <= SKEW_SECONDS) return OK;
			return [{ status: 'warning', says: skew > 0 ? 'ahead' : 'behind', values: { seconds } }];
		},
	}),
];

/** Less than this is the way to the server and back. */
const SKEW_SECONDS = 3;
