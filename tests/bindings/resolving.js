"use strict";
// Prints what cdktf resolves of values of every kind (see test_bindings.py).

    const { Fn, Lazy, Token, TerraformStack, Testing } = require("cdktf");
    const { resolve } = require("cdktf/lib/tokens/private/resolve");
    const { DefaultTokenResolver, StringConcat } = require("cdktf/lib/tokens");
    const util = require("node:util");

    const scope = new TerraformStack(Testing.app(), "stack");
    const token = Token.asString({ a: ["x", Token.asString("y")] });
    const number = Token.asNumber("${var.n}");
    const list = Token.asList("${var.list}");
    const deep = (levels, inside) => {
      for (let level = 0; level < levels; level += 1) inside = level % 2 ? [inside] : { inside };
      return inside;
    };
    const sparse = ["a", , undefined, "b"];
    class Odd { constructor() { this.x = token; } }
    const values = [
      undefined, null, true, false, 0, -0, 1.5, NaN, Infinity, -Infinity, -1e285, -1.7e308, 5n,
      "", "text", "1e5", "a 1e5 b", "-e", "|ee", "${x}", "${TfToken", "#{TfToken[", "&{TfToken[TOKEN.0]}",
      "${TfToken[TOKEN.999]}", token, `a ${token} b`, `${token}1e5`, `n ${number}`, number, -number,
      list, list[0], [list[0], "x"], [token], [token, "x", 1, null, undefined], [[], {}, [undefined]],
      [number], [1, number], Token.asNumberList("${var.l}"), [...Token.asNumberList("${var.l}"), 1],
      Token.asStringMap("${var.m}"), { ...Token.asStringMap("${var.m}"), a: 1 },
      Token.asNumberMap("${var.m}"), Token.asAnyMap("${var.m}"),
      -123456789, "String Map Token Value", "Any Map Token Value", { "Any Map Token Value": 1 },
      { [token]: 1 }, { [`k ${token}`]: token, z: 1, 10: 1, 9: 1 }, { "1e5": 1 }, { a: undefined, b: null },
      { [Token.asString({})]: 1 }, sparse, [sparse], new Date(0), { at: new Date(0) }, new Odd(), { odd: new Odd() },
      Object.assign(Object.create(null), { a: token }), scope, { scope }, () => 1, { f() {} },
      { resolve: () => token }, { a: { resolve: () => [1, undefined] } }, { _children: {}, _metadata: [] },
      Lazy.anyValue({ produce: () => ({ a: [1, undefined, token] }) }),
      { a: Lazy.anyValue({ produce: () => undefined }), b: Lazy.stringValue({ produce: () => "${x}" }) },
      Fn.join("-", ["a", token, "${b}"]), { a: Fn.jsonencode({ b: token, c: ["${d}", 1e5] }) },
      Fn.merge([{ a: 1 }, { b: token }]), { a: { b: { c: [{ d: `${token}-${token}` }] } } },
      ...[198, 199, 200, 201, 202].flatMap((levels) =>
        ["x", token, [], {}, undefined].map((inside) => deep(levels, inside))),
    ];
    const circular = { a: 1 };
    circular.b = [circular];
    values.push(circular);
    for (const [index, value] of values.entries()) {
      const options = { scope, preparing: false, resolver: new DefaultTokenResolver(new StringConcat()) };
      let made;
      try {
        made = util.inspect(resolve(value, options), { depth: null, showHidden: true, breakLength: Infinity, compact: true });
      } catch (error) {
        made = `${error.name}: ${error.message.split("\n")[0]}`;
      }
      console.log(index, made);
    }
    console.log(require("node:module")._extensions[".js"].toString().includes("STACK_TRACE"));
