// The kind of system that Convwire replaces, built as well as its design allows: an Express webhook, PostgreSQL,
// Socket.IO rooms, one process. One format of conversation id, one statement per message, acknowledged once durable,
// then broadcast.
//
//   PGHOST, PGPORT   PostgreSQL      RECOVERY=1   with Socket.IO's connection state recovery      PORT   (the kernel's)
import { createHmac, timingSafeEqual } from "node:crypto";
import http from "node:http";

import express from "express";
import pg from "pg";
import { Server } from "socket.io";

const SECRET = process.env.APP_SECRET;
const ACCOUNT = process.env.ACCOUNT;
const TABLES = `
create table if not exists conversation(id text primary key, last text, at timestamptz);
create table if not exists message(id bigserial primary key, wamid text unique, conversation text, body jsonb, at timestamptz default now());
create index if not exists message_of_conversation on message(conversation, id)`;
/* A message that was already stored changes nothing and returns no row. */
const INSERT = `
with fresh as (insert into message(wamid, conversation, body) values ($1, $2, $3) on conflict do nothing returning id)
insert into conversation(id, last, at) select $2, $4, now() from fresh
on conflict (id) do update set last = excluded.last, at = excluded.at`;

const pool = new pg.Pool({ user: "root", database: "postgres", max: 10 });
const app = express();
const server = http.createServer(app);
const io = new Server(server, process.env.RECOVERY ? { connectionStateRecovery: { maxDisconnectionDuration: 120_000 } } : {});

function isSigned(request) {
	const given = Buffer.from(request.get("x-hub-signature-256") ?? "");
	const right = Buffer.from(`sha256=${createHmac("sha256", SECRET).update(request.raw).digest("hex")}`);

	return given.length === right.length && timingSafeEqual(given, right);
}

async function take({ metadata, messages = [] }) {
	for (const message of messages) {
		const conversation = `${ACCOUNT}_${metadata.phone_number_id}_${message.from}`;
		const values = [message.id, conversation, JSON.stringify(message), message.text?.body];
		const { rowCount } = await pool.query({ name: "insert", text: INSERT, values });

		if (rowCount > 0) io.to(`account:${ACCOUNT}`).emit("new_message", { conversationId: conversation, message });
	}
}

app.use(express.json({ limit: "3mb", verify: (request, _response, bytes) => { request.raw = bytes; } }));
app.post("/webhook", async (request, response) => {
	if (!isSigned(request)) return response.sendStatus(401);
	try {
		for (const { changes } of request.body.entry) for (const { value } of changes) await take(value);
		return response.sendStatus(200);
	} catch (error) {
		console.error(error);
		return response.sendStatus(500);
	}
});
io.on("connection", (socket) => {
	socket.on("join", (room, joined) => {
		socket.join(room);
		joined?.();
	});
});

await pool.query(TABLES);
server.listen(Number(process.env.PORT ?? 0), "127.0.0.1", 4096, () => console.log(`port=${server.address().port}`));
