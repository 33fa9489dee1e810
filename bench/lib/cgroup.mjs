/*
 * A small server: a control group with limited CPUs and memory, without swap. Version 2, or version 1 where that is
 * mounted. Needs root.
 */
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import path from "node:path";

const ROOT = "/sys/fs/cgroup";
const PERIOD_US = 100_000;
const isV2 = existsSync(`${ROOT}/cgroup.controllers`);

/** The control group's files; `peak` includes the page cache, `own` does not. */
const FILES = isV2
	? { peak: "memory.peak", stat: "memory.stat", own: /^anon (\d+)/m, kills: "memory.events", killed: /^oom_kill (\d+)/m, throttled: /^throttled_usec (\d+)/m }
	: { peak: "memory.max_usage_in_bytes", stat: "memory.stat", own: /^total_rss (\d+)/m, kills: "memory.oom_control", killed: /^oom_kill (\d+)/m, throttled: /^throttled_time (\d+)/m };

export class Cgroup {
	constructor({ cpus, bytes }) {
		const name = `convwire-${process.pid}`;

		this.cpu = path.join(ROOT, isV2 ? "" : "cpu", name);
		this.memory = path.join(ROOT, isV2 ? "" : "memory", name);
		if (isV2) writeFileSync(`${ROOT}/cgroup.subtree_control`, "+cpu +memory");
		for (const dir of this.dirs) mkdirSync(dir, { recursive: true });
		if (isV2) {
			writeFileSync(`${this.cpu}/cpu.max`, `${cpus * PERIOD_US} ${PERIOD_US}`);
			writeFileSync(`${this.memory}/memory.max`, String(bytes));
			if (existsSync(`${this.memory}/memory.swap.max`)) writeFileSync(`${this.memory}/memory.swap.max`, "0");
		} else {
			writeFileSync(`${this.cpu}/cpu.cfs_period_us`, String(PERIOD_US));
			writeFileSync(`${this.cpu}/cpu.cfs_quota_us`, String(cpus * PERIOD_US));
			writeFileSync(`${this.memory}/memory.limit_in_bytes`, String(bytes));
			writeFileSync(`${this.memory}/memory.swappiness`, "0");
		}
	}

	get dirs() {
		return [...new Set([this.cpu, this.memory])];
	}

	/** A command line that runs another command, with all its children, in the control group. */
	command(file, args) {
		return ["sh", ["-c", `for procs in ${this.dirs.map((dir) => `${dir}/cgroup.procs`).join(" ")}; do echo $$ >"$procs"; done; exec "$@"`, "sh", file, ...args.map(String)]];
	}

	/**
	 * peak: peak memory with the page cache, bytes; own: the processes' own memory now, bytes; killed: processes killed
	 * when out of memory; throttled: how long all waited for CPU, s.
	 */
	usage() {
		const read = (dir, file) => readFileSync(`${dir}/${file}`, "utf8");
		const found = (text, pattern) => Number(text.match(pattern)?.[1] ?? 0);

		return {
			peak: Number(read(this.memory, FILES.peak)), own: found(read(this.memory, FILES.stat), FILES.own),
			killed: found(read(this.memory, FILES.kills), FILES.killed), throttled: found(read(this.cpu, "cpu.stat"), FILES.throttled) / (isV2 ? 1e6 : 1e9),
		};
	}

	/** Removes the control group, which must be empty. */
	remove() {
		for (const dir of this.dirs) rmdirSync(dir);
	}
}
