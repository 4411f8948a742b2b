"use strict";
// Loaded into the jsii Node process ahead of everything else (see ../bindings.py).
// Makes the index of the large provider packages load its submodules on first use.

const Module = require("node:module");

const INDEX = /[\\/]@cdktf[\\/]provider-(?:aws|kubernetes)[\\/]lib[\\/]index\.js$/;
const EXPORT = /^exports\.(\w+) = require\("(\.\/[\w-]+)"\);$/gm;

const load = Module._extensions[".js"];

Module._extensions[".js"] = function (module, filename) {
  if (!INDEX.test(filename)) {
    return load.call(this, module, filename);
  }
  const source = require("node:fs").readFileSync(filename, "utf8");
  Object.defineProperty(module.exports, "__esModule", { value: true });
  for (const [, name, path] of source.matchAll(EXPORT)) {
    Object.defineProperty(module.exports, name, {
      configurable: true,
      enumerable: true,
      get() {
        const value = module.require(path);
        Object.defineProperty(module.exports, name, {
          configurable: true,
          enumerable: true,
          writable: true,
          value,
        });
        return value;
      },
    });
  }
};
