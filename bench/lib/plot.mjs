/* Plots to go with the tables: build/figures/NAME.svg, drawn by gnuplot. */
import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

const FOLDER = fileURLToPath(new URL("../../build/figures", import.meta.url));
const COLOURS = ["#0f766e", "#c2410c", "#a16207", "#4338ca"];

const quoted = (text) => `"${text.replaceAll('"', "'")}"`;

/**
 * Lines with points. `series`: [{ title, points: [[x, y], …] }]; `logX`, `logY`: logarithmic axes; `steps`: y keeps its value until the
 * next x.
 */
export function plot(name, { title, x, y, logX = false, logY = false, steps = false, series }) {
	mkdirSync(FOLDER, { recursive: true });
	const data = series.map(({ points }, i) => `$data${i} << END\n${points.map((point) => point.join(" ")).join("\n")}\nEND`);
	const lines = series.map(({ title: of }, i) => `$data${i} using 1:2 with ${steps ? "steps" : "linespoints pointtype 7 pointsize 0.6"} linewidth 2 linecolor rgb "${COLOURS[i]}" title ${quoted(of)}`);

	execFileSync("gnuplot", { input: `
set terminal svg size 760,360 background rgb "white" font "sans-serif,13"
set output ${quoted(path.join(FOLDER, `${name}.svg`))}
set title ${quoted(title)}
set xlabel ${quoted(x)}
set ylabel ${quoted(y)}
set key top left
set grid linecolor rgb "#dddddd"
set border linecolor rgb "#666666"
${logX ? "set logscale x" : ""}
${logY ? "set logscale y" : "set yrange [0:*]"}
${data.join("\n")}
plot ${lines.join(", ")}
`, stdio: ["pipe", "inherit", "inherit"] });
}
