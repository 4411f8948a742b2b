"use strict";
// Runs in the jsii Node process ahead of the packages that it loads (see ../bindings.py).

const fs = require("node:fs");
const Module = require("node:module");

const { noteAttributes, noteNames } = require("./ahead.js");

const INDEX = /[\\/]@cdktf[\\/]provider-(?:aws|kubernetes)[\\/]lib[\\/]index\.js$/;
const EXPORT = /^exports\.(\w+) = (?:__importStar\()?require\("(\.\/[\w/-]+)"\)\)?;$/gm;
const STACK_TRACE = /[\\/]cdktf[\\/]lib[\\/]tokens[\\/]private[\\/]stack-trace\.js$/;
const RESOLVE = /[\\/]cdktf[\\/]lib[\\/]tokens[\\/]private[\\/]resolve\.js$/;
const ATTRIBUTES = /[\\/]cdktf[\\/]lib[\\/]terraform-(resource|data-source)\.js$/;
const NAMES = /[\\/]cdktf[\\/]lib[\\/]terraform-element\.js$/;
const SYNTHESIZER = /[\\/]cdktf[\\/]lib[\\/]synthesize[\\/]synthesizer\.js$/;
const ARCHIVE = /[\\/]cdktf[\\/]lib[\\/]private[\\/]fs\.js$/;

const RESOLVING = "function resolve(obj, options) {";
const RESOLVED = `let ahead;
${RESOLVING}
    ahead ??= require(${JSON.stringify(require.resolve("./resolve.js"))}).ahead(resolve, [
        token_1.Token.STRING_MAP_TOKEN_VALUE,
        token_1.Token.NUMBER_MAP_TOKEN_VALUE,
        token_1.Token.ANY_MAP_TOKEN_VALUE,
    ]);
    const made = ahead(obj, options);
    if (typeof made !== "symbol") {
        return made;
    }`;

const STRINGIFY = 'require("json-stable-stringify")';

const load = Module._extensions[".js"];

Module._extensions[".js"] = function (module, filename) {
  if (INDEX.test(filename)) {
    loadIndex(module, fs.readFileSync(filename, "utf8"));
  } else if (STACK_TRACE.test(filename)) {
    // A trace of every token, without one frame of the Python program, with no option
    // to turn it off. It shows in the text of an error at most, never in the output.
    const none = () => [];
    Object.assign(module.exports, { captureStackTrace: none, captureCreationStack: none });
  } else if (RESOLVE.test(filename)) {
    module._compile(fs.readFileSync(filename, "utf8").replace(RESOLVING, RESOLVED), filename);
  } else if (SYNTHESIZER.test(filename)) {
    const faster = `require(${JSON.stringify(require.resolve("./stringify.js"))}).faster(${STRINGIFY})`;
    module._compile(fs.readFileSync(filename, "utf8").replace(STRINGIFY, faster), filename);
  } else if (ARCHIVE.test(filename)) {
    // A third of the time that cdktf takes to load, for assets that are zipped.
    const source = fs.readFileSync(filename, "utf8");
    const lazy = source.replace("= require(\"archiver\")", "= (...all) => require(\"archiver\")(...all)");
    module._compile(lazy, filename);
  } else if (ATTRIBUTES.test(filename)) {
    load.call(this, module, filename);
    noteAttributes(module.exports.TerraformResource ?? module.exports.TerraformDataSource);
  } else if (NAMES.test(filename)) {
    load.call(this, module, filename);
    noteNames(module.exports.TerraformElement);
  } else {
    load.call(this, module, filename);
  }
};

// Requires a provider's submodule when it is first used, instead of all of them at once.
function loadIndex(module, source) {
  const exported = (name, descriptor) =>
    Object.defineProperty(module.exports, name, {
      configurable: true,
      enumerable: true,
      ...descriptor,
    });
  Object.defineProperty(module.exports, "__esModule", { value: true });
  for (const [, name, path] of source.matchAll(EXPORT)) {
    exported(name, {
      get() {
        const value = module.require(path);
        exported(name, { value, writable: true });
        return value;
      },
    });
  }
}
