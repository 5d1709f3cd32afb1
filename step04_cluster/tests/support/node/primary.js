// A primary, in Node, whose workers are whatever program it is told to start:
//
//   node primary.js rr|none PROGRAM [ARGUMENTS]
//
// It prints each event of its workers as a line of JSON, and does what it reads from its standard
// input, line by line: {"do": "fork"}, or {"do": "disconnect", "id": 1, "args": []}, a method of
// that worker, or of the cluster if there is no id.
'use strict';
const cluster = require('cluster');
const readline = require('readline');

const [policy, program, ...args] = process.argv.slice(2);
cluster.schedulingPolicy = policy === 'rr' ? cluster.SCHED_RR : cluster.SCHED_NONE;

// Node starts process.execPath with execArgv, exec and args.
process.execPath = program;
(cluster.setupPrimary || cluster.setupMaster)({ exec: args[0], args: args.slice(1), execArgv: [] });

function tell(what) {
  console.log(JSON.stringify(what));
}

for (const event of ['fork', 'online', 'listening', 'message', 'disconnect', 'exit']) {
  cluster.on(event, (worker, ...rest) => {
    // A message has a third argument, the handle that came with it.
    const told = event === 'message' ? rest.slice(0, 1) : rest;
    tell({ event, id: worker.id, pid: worker.process.pid, args: told, voluntary: worker.exitedAfterDisconnect,
      connected: worker.isConnected(), dead: worker.isDead(), state: worker.state });
  });
}

readline.createInterface({ input: process.stdin }).on('line', (line) => {
  const { do: method, id, args: values = [] } = JSON.parse(line);
  const object = id ? cluster.workers[id] : cluster;
  object[method](...values);
}).on('close', () => process.exit(0));
