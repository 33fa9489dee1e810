/*
 * Subscribers that do little more than read frames from a WebSocket, with MQTT or Socket.IO's protocol, so that we
 * measure the servers and not a client library. Forked by Crew.
 */
import mqttPacket from "mqtt-packet";
import { WebSocket } from "ws";

import { System } from "../../tests/lib/system.mjs";
import { now, serve } from "./crew.mjs";

const AT_ONCE = 50; /* connections being opened at a time */
const KEEPALIVE_S = 10; /* as in the client library; Socket.IO's server pings every 25 */
const QOS = Number(process.env.QOS ?? 0); /* as in the client library, for events */
const PUBLISH_QOS_0 = 0x30; /* MQTT 5.0, 3.3.1 */
const MARK = Buffer.from("bench ");

/** When each message arrived at a subscriber, as [n, ms since it was sent]. */
const arrivals = [];
const sockets = [];

/** Bodies have the text `bench <n> <ms>`, which is found without parsing the rest of the frame. */
function note(frame) {
	const at = frame.indexOf(MARK);

	if (at < 0) return;
	const [, n, sent] = frame.toString("latin1", at, at + 60).match(/^bench (\d+) (\d+\.\d+)/) ?? [];

	if (n !== undefined) arrivals.push([Number(n), now() - Number(sent)]);
}

const DIALECTS = {
	/* Connects as the client library does. */
	convwire: {
		connect({ wsPort, ...where }, i) {
			const system = Object.assign(new System(), where);
			const name = `watcher-${i}`;
			const socket = new WebSocket(`ws://127.0.0.1:${wsPort}`, "mqtt", { perMessageDeflate: false });
			const parser = mqttPacket.parser({ protocolVersion: 5 });
			const send = (packet) => socket.send(mqttPacket.generate(packet, { protocolVersion: 5 }));

			return new Promise((resolve, reject) => {
				socket.on("error", reject);
				socket.on("open", () => send({ cmd: "connect", protocolId: "MQTT", protocolVersion: 5, clean: true, keepalive: KEEPALIVE_S,
					clientId: `${system.account}:${name}:bench`, username: "token",
					password: Buffer.from(system.token(system.account, "agent", name, { exp: Math.floor(Date.now() / 1000) + 36_000 })) }));
				parser.on("packet", (packet) => {
					switch (packet.cmd) {
					case "connack":
						if (packet.reasonCode !== 0) return reject(new Error(`CONNACK ${packet.reasonCode}`));
						send({ cmd: "subscribe", messageId: 1, subscriptions: [{ topic: `acct/${system.account}/conv/+`, qos: QOS }] });
						setInterval(() => send({ cmd: "pingreq" }), KEEPALIVE_S * 1000).unref();
						break;
					case "suback":
						return packet.granted[0] < 128 ? resolve(socket) : reject(new Error(`SUBACK ${packet.granted[0]}`));
					case "publish":
						note(packet.payload);
						if (packet.qos === 1) send({ cmd: "puback", messageId: packet.messageId, reasonCode: 0 });
					}
					return undefined;
				});
				/*
				 * An event at QoS 0 needs no acknowledgement, so it is not parsed; Socket.IO's events are not, either.
				 */
				socket.on("message", (frame) => (frame[0] === PUBLISH_QOS_0 ? note(frame) : parser.parse(frame)));
			});
		},
	},

	/* Engine.IO 4: "0" open, "2" ping, "3" pong, "4" message; Socket.IO 5 in it: "0" connect, "2" event, "3" acknowledgement. */
	socketio: {
		connect({ port }, _, account) {
			const socket = new WebSocket(`ws://127.0.0.1:${port}/socket.io/?EIO=4&transport=websocket`, { perMessageDeflate: false });

			return new Promise((resolve, reject) => {
				socket.on("error", reject);
				socket.on("message", (frame) => {
					const [engine, type] = [frame[0], frame[1]].map((byte) => String.fromCharCode(byte));

					if (engine === "0") socket.send("40");
					else if (engine === "2") socket.send("3");
					else if (engine === "4" && type === "0") socket.send(`421["join","account:${account}"]`);
					else if (engine === "4" && type === "3") resolve(socket);
					else if (engine === "4" && type === "2") note(frame);
				});
			});
		},
	},
};

serve({
	/** Connects n more subscribers, numbered from `first`. */
	async connect({ where, account, first, n }) {
		const dialect = DIALECTS[where.kind];
		let next = first;
		const connectSome = async () => {
			while (next < first + n) sockets.push(await dialect.connect(where, next++, account));
		};

		await Promise.all(Array.from({ length: AT_ONCE }, connectSome));
		return sockets.length;
	},

	/** How many deliveries arrived since the last call of take(). */
	count: () => arrivals.length,

	/** Returns the deliveries and clears the list. */
	take: () => arrivals.splice(0),
});
