"use strict";
// Runs the jsii kernel in this process (see kernel.py). The stock entry point starts a
// second Node process for the kernel and copies every message between the two.
//
// node kernel.js PROGRAM INPUT_FD OUTPUT_FD

const fs = require("node:fs");
const Module = require("node:module");
const path = require("node:path");
const threads = require("node:worker_threads");

const [node, , program, input, output] = process.argv;
const DESCRIPTORS = "readFD:3,writeFD:3";
// Packages are read whole at every start, for their digests.
const CHUNK = /Buffer\.alloc\(16384\)(?=;if\(e=\(0,\w\.readSync\))/;
// Every type is written out for an error that says that there is none.
const INSPECTED = /(expected type information, got \$\{)\(0,\w\.inspect\)\((\w)\)/;
// Looks through all classes and interfaces of each new object, which are those of the last one of its kind.
const REDUNDANT = /function _ObjectTable_removeRedundant\((?:(?!function).)*?\.sort\(\):void 0\}/;
// Where the host of the kernel takes the exchange of messages and makes the kernel.
const HOST = /this\.inout=(\w),this\.opts=(\w),this\.kernel=(new \w\.Kernel\(this\.callbackHandler\.bind\(this\)\))/;
// The package has its files side by side under names that hold their folders.
const WORKER = "runtime-index-worker.js";
const UNKNOWN = 3;

const source = fs.readFileSync(program, "utf8");
const major = Number.parseInt(process.versions.node, 10);
// A reason in the place of a greeting makes the Python side start the stock entry point.
const refuse = (reason) => {
  fs.writeSync(Number(output), `${JSON.stringify({ refused: reason })}\n`);
  process.exit(UNKNOWN);
};
if (![20, 22, 24].includes(major)) {
  refuse(`Node is ${process.versions.node} and not of version 20, 22 or 24`);
}
if (!source.includes(DESCRIPTORS) || !HOST.test(source)) {
  refuse("jsii's program is not the one that is known");
}

require("./lazy.js");

// The kernel builds an index of a newly cached package in a worker, and does not wait for
// it at its end: without this, short runs would start that work anew each time.
const workers = new Set();
threads.Worker = class extends threads.Worker {
  constructor(file, ...args) {
    super(path.basename(file) === WORKER ? path.join(path.dirname(program), `lib__${WORKER}`) : file, ...args);
    workers.add(this);
    this.once("exit", () => workers.delete(this));
  }
};
const exit = process.exit.bind(process);
process.exit = (code) => {
  if (workers.size === 0) {
    exit(code);
  }
  for (const worker of workers) {
    worker.once("exit", () => process.exit(code));
  }
};

process.argv = [node, program];
const main = new Module(program, null);
main.filename = program;
// Asks once for each class and the interfaces that are said of its objects.
const remembered = `(find => {
  const known = new Map();
  return function (interfaces, fqn) {
    const key = interfaces && [fqn, ...interfaces].join();
    if (!known.has(key)) {
      known.set(key, find.call(this, interfaces, fqn));
    }
    return known.get(key);
  };
})`;
const ahead = `require(${JSON.stringify(path.join(__dirname, "ahead.js"))})`;
const patched = source
  .replace(DESCRIPTORS, `readFD:${input},writeFD:${output}`)
  .replace(HOST, `this.inout=${ahead}.exchanged($1),this.opts=$2,this.kernel=${ahead}.telling($3)`)
  .replace(REDUNDANT, `${remembered}($&)`)
  .replace(INSPECTED, "$1$2")
  .replace(CHUNK, "Buffer.allocUnsafe(1048576)");
main._compile(patched, program);
