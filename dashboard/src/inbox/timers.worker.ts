/* Timers that browsers do not throttle while the page is hidden: an MQTT connection must send keepalives. */
const timers = new Map<number, ReturnType<typeof setInterval>>();

self.onmessage = ({ data: { id, ms } }: MessageEvent<{ id: number; ms: number | null }>) => {
	const known = timers.get(id);

	if (known !== undefined) {
		clearInterval(known);
		timers.delete(id);
	}
	if (ms !== null) {
		timers.set(id, setInterval(() => self.postMessage(id), ms));
	}
};
