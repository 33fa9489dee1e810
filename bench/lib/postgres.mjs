/* A separate PostgreSQL instance with default durability, on a socket in a fresh folder. */
import { execFile } from "node:child_process";
import { chown, mkdtemp, readdir, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { promisify } from "node:util";

import { Program } from "../../tests/lib/program.mjs";
import { eventually } from "../../tests/lib/until.mjs";

const run = promisify(execFile);
const ROOT = "/usr/lib/postgresql";
const PORT = 55432; /* part of the socket's name; nothing listens on TCP */

/* PostgreSQL refuses to run as root. */
const asPostgres = (file, args) => (process.getuid() === 0 ? ["setpriv", ["--reuid=postgres", "--regid=postgres", "--clear-groups", file, ...args]] : [file, args]);

export class Postgres {
	async start() {
		const [version] = await readdir(ROOT).then((all) => all.sort((one, other) => other - one));
		const bin = path.join(ROOT, version, "bin");

		this.dir = await mkdtemp(path.join(os.tmpdir(), "convwire-pg-"));
		if (process.getuid() === 0) {
			const { stdout } = await run("id", ["-u", "postgres"]);

			await chown(this.dir, Number(stdout), 0);
		}
		await run(...asPostgres(path.join(bin, "initdb"), ["-D", path.join(this.dir, "data"), "-U", "root", "-A", "trust", "-N"]));
		this.program = new Program("postgres", ...asPostgres(path.join(bin, "postgres"), ["-D", path.join(this.dir, "data"), "-k", this.dir, "-p", PORT, "-c",
			"listen_addresses="].map(String)));
		await this.program.says(/ready to accept connections/, "stderr");
		await eventually(() => run(path.join(bin, "psql"), ["-h", this.dir, "-p", PORT, "-U", "root", "-c", "select 1", "postgres"]), "PostgreSQL answers");
		this.version = version;
		return this;
	}

	get pid() {
		return this.program.pid;
	}

	/** Environment for a program that connects to it. */
	get env() {
		return { PGHOST: this.dir, PGPORT: String(PORT) };
	}

	/** Runs SQL given as text. */
	async ask(sql) {
		const { stdout } = await run(path.join(ROOT, this.version, "bin/psql"), ["-h", this.dir, "-p", PORT, "-U", "root", "-Atc", sql, "postgres"].map(String));

		return stdout.trim();
	}

	async stop() {
		await this.program?.stop("SIGINT");
		await rm(this.dir, { recursive: true, force: true });
	}
}
