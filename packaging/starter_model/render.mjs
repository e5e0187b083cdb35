// Renders icons: node render.mjs JOBS.json SIZE. Each job: {svg, out}.
// The renderer aborts the whole process on a few icons; the name at work stands in
// `current.txt`, so that the caller can leave that one out and start again.
import { readFileSync, writeFileSync, existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

const [jobsPath, size] = [process.argv[2], Number(process.argv[3])];
const require = createRequire(join(dirname(jobsPath), "package.json"));
const { Resvg } = require("@resvg/resvg-js");
for (const { svg, out } of JSON.parse(readFileSync(jobsPath, "utf8"))) {
  if (existsSync(out)) continue;
  writeFileSync(join(dirname(jobsPath), "current.txt"), out);
  const picture = new Resvg(svg, { fitTo: { mode: "width", value: size } }).render();
  writeFileSync(out, picture.asPng());
}
