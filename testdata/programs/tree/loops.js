// Loops that V8 compiles, deoptimises and compiles again; closures, strings, garbage, timers, threads.
let s = 0; for (let i = 0; i < 5e6; i++) s = (s + i * i) % 1000003; console.log(s);
function shape(o) { return o.x + (o.y || 0); }
let t = 0; for (let i = 0; i < 3e5; i++) t += shape(i % 3 ? { x: i } : { y: i, x: 1 }); console.log(t);
const o = {}; for (let i = 0; i < 2e5; i++) o["k" + i % 1000] = i; console.log(JSON.stringify(o).length);
console.log([...Array(1e5).keys()].map(x => x * 7 % 1009).sort((a, b) => a - b)[5e4], "abc".repeat(1e5).replace(/b/g, "xy").length);
const { Worker, isMainThread, parentPort } = require("worker_threads");
const w = new Worker("let f=n=>n<2?n:f(n-1)+f(n-2); require('worker_threads').parentPort.postMessage(f(24))", { eval: true });
w.on("message", v => { console.log("worker", v); console.log(require("zlib").gzipSync(Buffer.alloc(100000, 1)).length); });
console.log(require("child_process").execFileSync("echo", ["from a child"]).toString());
