// Lets cdktf run Terraform where its pseudo-terminal has no build for this Node.js: that package brings
// builds up to Node.js 22, and makes others in an install script, which is not run. Nothing is asked of
// Terraform at the terminal, so pipes do as well.
"use strict";

const { spawn } = require("child_process");
const Module = require("module");

const NAME = "@cdktf/node-pty-prebuilt-multiarch";
const INTERRUPT = "\x03";

function overPipes(file, args, options) {
  const child = spawn(file, args, { cwd: options.cwd, env: options.env });
  child.stdout.setEncoding("utf8");
  child.stderr.setEncoding("utf8");
  return {
    pid: child.pid,
    onData(listener) {
      child.stdout.on("data", listener);
      child.stderr.on("data", listener);
    },
    onExit(listener) {
      // What did not start is closed with a negative code; the shell's status for it is 127.
      child.on("error", () => {});
      child.on("close", (code) => listener({ exitCode: code === null ? 1 : code < 0 ? 127 : code }));
    },
    write(text) {
      if (text === INTERRUPT) {
        child.kill("SIGINT");
      } else {
        child.stdin.write(text);
      }
    },
  };
}

const load = Module._load;
Module._load = function (request, ...rest) {
  if (request !== NAME) {
    return load.call(this, request, ...rest);
  }
  const { error } = console;
  // It prints what it could not load before it throws that.
  console.error = () => {};
  try {
    return load.call(this, request, ...rest);
  } catch (missing) {
    return { spawn: overPipes };
  } finally {
    console.error = error;
  }
};
