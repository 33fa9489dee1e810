import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { constants, gzipSync } from "node:zlib";

import { defineConfig } from "vite";
import type { Plugin } from "vite";

const MIN_GZIP_BYTES = 1000;
const PACKED = /\.(js|css|html|svg|webmanifest)$/;

/** Writes a gzip copy next to each file, which the daemon sends as it is. */
function precompress(): Plugin {
	let out = "";
	const pack = (folder: string): void => {
		for (const name of readdirSync(folder)) {
			const path = join(folder, name);

			if (statSync(path).isDirectory()) {
				pack(path);
			} else if (PACKED.test(name) && statSync(path).size >= MIN_GZIP_BYTES) {
				writeFileSync(`${path}.gz`, gzipSync(readFileSync(path), { level: constants.Z_BEST_COMPRESSION }));
			}
		}
	};

	return {
		name: "precompress",
		apply: "build",
		configResolved: (config) => {
			out = config.build.outDir;
		},
		closeBundle: () => pack(out),
	};
}

export default defineConfig({
	plugins: [precompress()],
	resolve: { alias: { "@convwire/client": fileURLToPath(new URL("../client/src/index.ts", import.meta.url)) } },
	esbuild: { jsx: "automatic", jsxImportSource: "preact" },
	build: {
		target: "es2022",
		outDir: fileURLToPath(new URL("../build/share/convwire/dashboard", import.meta.url)),
		emptyOutDir: true,
		assetsInlineLimit: 0, /* the page's policy has no data: */
		modulePreload: { polyfill: false },
		reportCompressedSize: false,
		chunkSizeWarningLimit: 400,
	},
});
