// The engine's process: does one run, in a session of its own, whatever becomes of those who watch it.
// Its order comes by stdin, its words go to its socket and its journal; what it prints to stderr is a bug's.
import '../core/quiet.ts';

import { rmSync, statSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { makeAppContext } from '../app/context.ts';
import { runInProcess, undoRun, type Watcher } from '../app/run-in-process.ts';
import type { ConnectionOptionsByRole } from '../app/servers.ts';
import { Stopped } from '../core/errors.ts';
import { scopeOf } from '../core/run-record.ts';
import { parseJson } from '../core/schema.ts';
import { processStartTime } from '../exec/process.ts';
import { Secret } from '../sql/secret.ts';
import { crashInjector } from './crash-point.ts';
import { JOB } from './job.ts';
import { openRunServer } from './run-server.ts';

const order = parseJson(JOB, await text(process.stdin));
if (order === null) throw new TypeError('this process was given no job');
const stop = new AbortController();
const stopped = (why: string, signal: 'SIGINT' | 'SIGTERM' | null) => stop.abort(new Stopped(why, signal));
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stopped(`Stopped by ${signal}.`, signal));
// A terminal that goes away is none of this process's business.
process.on('SIGHUP', () => undefined);

// A clock that never jumps: a run's durations and limits hold whatever is done to the machine's time.
const began = Date.now() - performance.now();
const now = () => new Date(began + performance.now());

const post = await openRunServer(order.socket, ({ why, signal }) => stopped(why, signal));
const context = makeAppContext({
	env: order.env,
	now,
	version: order.version,
	signal: stop.signal,
	configFile: order.config,
	passwordPrompt: () => undefined,
});
const connections: ConnectionOptionsByRole = Object.fromEntries(
	Object.entries(order.connections).map(([role, { password, ...connection }]) => [
		role,
		{ ...connection, ...(typeof password === 'string' ? { password: new Secret(password) } : {}) },
	]),
);
const crashPoint = crashInjector(process.env, order.watcher);
const watcher: Watcher = {
	run: order.run,
	engine: { pid: process.pid, birth: (await processStartTime(process.pid)) ?? null, socket: order.socket },
	director: post.director,
	typed: order.typed,
	signal: stop.signal,
	onPrepared: ({ servers, warnings }) => post.prepared(servers, warnings),
	on: post.publish,
	onWritten: crashPoint,
};
const end =
	order.work === 'perform'
		? await runInProcess(context, order.request, connections, watcher)
		: await undoRun(context, { request: order.request, connections, scope: order.work === 'undo' ? () => 'all' : scopeOf }, watcher);
await post.over(end);
if (statSync(order.log, { throwIfNoEntry: false })?.size === 0) rmSync(order.log);
// Nothing of ours should be open any more; a library's timer does not keep a finished run alive.
process.exit();
