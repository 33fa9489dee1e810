/* Resource use of processes on this machine, read from /proc. */
import { readFileSync, readdirSync } from "node:fs";
import net from "node:net";

const TICKS_PER_SECOND = 100; /* USER_HZ, which is 100 in every Debian kernel */
const PAGE = 4096;

/** The pids of a process and all its descendants. */
export function family(pid) {
	const children = readdirSync(`/proc/${pid}/task`)
		.flatMap((task) => readFileSync(`/proc/${pid}/task/${task}/children`, "utf8").trim().split(" ").filter(Boolean).map(Number));

	return [pid, ...children.flatMap(family)];
}

/** CPU seconds used by these processes, user and kernel. */
export function cpuSeconds(pids) {
	const ticks = pids.map((pid) => {
		const fields = readFileSync(`/proc/${pid}/stat`, "utf8").replace(/^.*\) /s, "").split(" ");

		return Number(fields[11]) + Number(fields[12]);
	});

	return ticks.reduce((sum, n) => sum + n, 0) / TICKS_PER_SECOND;
}

/** Resident memory of these processes in bytes; shared memory is counted for each. */
export function rssBytes(pids) {
	return pids.reduce((sum, pid) => sum + Number(readFileSync(`/proc/${pid}/statm`, "utf8").split(" ")[1]) * PAGE, 0);
}

/** Does anything accept connections on this port? */
export function listens(port) {
	return new Promise((resolve) => {
		const socket = net.connect(port, "127.0.0.1");

		socket.on("connect", () => resolve(true)).on("error", () => resolve(false)).on("connect", () => socket.destroy());
	});
}
