// Runs the command line of CDKTF again and again in one process, as most of a run is its start.
// tests/commandline.py names a descriptor, writes a request a line to it, and is answered with a line there:
//
//   {"arguments": ["…/.bin/cdktf", "deploy", …], "environment": {…}, "folder": "…", "umask": 18,
//    "pid": 1, "other": true}
//   {"status": 0, "last": false}
//
// A run prints where the process with that id would. It is over when Node.js would end by itself. One that
// is other than the run before loads again what remembers that: CDKTF's own files and what reads arguments.
// After one that fails the process ends, so that none continues from what another has left half done.

"use strict";

const cluster = require("cluster");
const fs = require("fs");
const net = require("net");
const path = require("path");
const readline = require("readline");

const CHANNEL = Number(process.argv[2]);
const REMEMBERING = /\/node_modules\/(cdktf-cli|@cdktf\/commons|yargs)\//;
const NOTICED = ["SIGHUP", "SIGINT", "SIGQUIT", "SIGTERM", "beforeExit", "exit", "uncaughtException"];

const exit = process.exit;
const channel = new net.Socket({ fd: CHANNEL });
let running = null;

// Writes everything at once, as a process that ends does.
function writeTo(descriptor) {
  return (chunk, encoding, done) => {
    const bytes = typeof chunk === "string" ? Buffer.from(chunk, "utf8") : chunk;
    for (let at = 0; at < bytes.length; ) at += fs.writeSync(descriptor, bytes, at);
    const called = typeof encoding === "function" ? encoding : done;
    if (called) process.nextTick(called);
    return true;
  };
}

function run({ arguments: [command, ...rest], environment, folder, umask, pid, other }) {
  const streams = ["stdout", "stderr"];
  const descriptors = streams.map((_, index) => fs.openSync(`/proc/${pid}/fd/${index + 1}`, "a"));
  streams.forEach((name, index) => (process[name].write = writeTo(descriptors[index])));
  for (const name of Object.keys(process.env)) delete process.env[name];
  Object.assign(process.env, environment);
  process.chdir(folder);
  process.umask(umask);
  const file = fs.realpathSync(command);
  process.argv = [process.argv[0], file, ...rest];
  const first = [file, path.join(path.dirname(file), "cdktf.js")];
  for (const name of Object.keys(require.cache)) {
    if (first.includes(name) || (other && REMEMBERING.test(name))) delete require.cache[name];
  }
  // What the logs of the run before listen to.
  if (other) cluster.removeAllListeners("message");
  const listeners = NOTICED.map((name) => [name, process.listeners(name)]);
  running = { descriptors, listeners };
  channel.unref();
  require(file);
}

function finish(status, last) {
  const { descriptors, listeners } = running;
  running = null;
  for (const [name, before] of listeners) {
    for (const each of process.listeners(name)) {
      if (!before.includes(each)) process.removeListener(name, each);
    }
  }
  process.exitCode = undefined;
  descriptors.forEach((each) => fs.closeSync(each));
  fs.writeSync(CHANNEL, JSON.stringify({ status, last }) + "\n");
  if (last) exit(0);
  channel.ref();
}

process.exit = (code) => {
  if (!running) exit(code);
  finish(code ?? process.exitCode ?? 0, true);
};
process.on("beforeExit", () => {
  const status = process.exitCode ?? 0;
  if (running) finish(status, status !== 0);
});
readline.createInterface({ input: channel }).on("line", (line) => run(JSON.parse(line)));
channel.on("close", () => exit(0));
